"""Takes the pictures of the documentation: studies are run, and their pages are photographed in headless Chromium.

    python docs/images/make.py               # into docs/images
    python docs/images/make.py --into /tmp   # elsewhere, with every page on light, dark and narrow screens

Needs what `pip install -e ".[dev]"` and `make browser` install.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

import tunesmith as ts

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "tests" / "web"))

from chromium import chromium  # noqa: E402  where the tests look for it

PATIENCE = 180_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def train(
    lr: Annotated[float, ts.Float(1e-5, 1.0, log=True)] = 1e-3,
    batch_size: Annotated[int, ts.Int(16, 512, log=True)] = 64,
    width: Annotated[int, ts.Int(16, 512, log=True)] = 64,
    optimizer: Literal["adam", "sgd"] = "adam",
    seed: int = 0,
) -> Iterator[dict[str, float]]:
    """What a training might do, in microseconds."""
    if width * batch_size > 120_000:
        raise MemoryError("out of memory: width * batch_size is too large")
    good = 0.004 * (batch_size / 64) ** 0.5 * (1.0 if optimizer == "adam" else 8.0)
    miss = math.log10(lr / good) ** 2
    floor = 0.08 + 0.05 * miss + 0.02 * abs(math.log2(width / 200)) + 0.004 * (hash((seed, width)) % 7)
    for epoch in range(1, 28):
        loss = floor + 1.2 * math.exp(-epoch / (4 + 2 * miss)) + 0.004 * math.sin(epoch * (1 + seed % 5))
        time.sleep(0.002)
        yield {"val_loss": loss if lr < 0.4 else math.nan, "seconds": width * epoch / 400}


def forked(
    ctx: ts.Context,
    lr: Annotated[float, ts.Float(1e-3, 1.0, log=True)] = 0.1,
    dropout: Annotated[float, ts.Float(0.0, 0.5)] = 0.3,
) -> Iterator[dict[str, float]]:
    """A training whose learning rate ought to fall."""
    state = ctx.load() or {"loss": 1.0}
    for epoch in range(ctx.step + 1, 31):
        best_now = 0.5 * 0.85**epoch
        state["loss"] *= 1 - 0.2 * min(lr / best_now, best_now / lr) + 0.03 * abs(dropout - 0.1)
        time.sleep(0.002)
        yield {"val_loss": state["loss"]}
        ctx.save(state)


def studies(path: Path) -> None:
    """The studies of the pictures: early stopping, another sampler, several objectives, a population."""
    shared = {"store": path, "seed": 1, "progress": "quiet"}
    ts.tune(
        train, name="early-stopping", minimize="val_loss", trials=80, parallel=3, scheduler="asha", **shared
    ).close()
    ts.tune(train, name="random", minimize="val_loss", trials=40, sampler="random", scheduler="none", **shared).close()
    ts.tune(train, name="front", minimize=["val_loss", "seconds"], trials=50, scheduler="none", **shared).close()
    population = ts.PBT(population=8, interval=3)
    ts.tune(forked, name="population", minimize="val_loss", trials=60, steps=30, scheduler=population, **shared).close()


class Picture(NamedTuple):
    """A part of a page: its address, what is photographed, and what must have been drawn before."""

    name: str
    address: str
    part: str
    drawn: tuple[str, ...]
    scheme: Literal["light", "dark"] = "light"


PICTURES = (
    Picture("dashboard-study", "/studies/early-stopping", "screen", ("history",)),
    Picture("dashboard-curves", "/studies/early-stopping", "#figure-curves", ("curves",)),
    Picture("dashboard-contour", "/studies/early-stopping", "#figure-contour", ("contour",)),
    Picture("dashboard-front", "/studies/front", "#figure-pareto", ("pareto",), "dark"),
    Picture("dashboard-population", "/studies/population", "#figure-population", ("population",)),
    Picture("dashboard-compare", "/compare?study=early-stopping&study=random", "screen", ("comparison",)),
    Picture("dashboard-trial", "/studies/early-stopping/trials/7", "screen", ("1",)),
)


def photograph(tab: Page, folder: Path, picture: Picture, suffix: str = "") -> None:
    """One picture, once its figures stand still."""
    for name in picture.drawn:
        place = tab.locator(f"#figure-{name}")
        if place.get_attribute("data-asked"):
            place.locator("button").click()
        place.scroll_into_view_if_needed()
        tab.wait_for_selector(f'#figure-{name}[data-drawn="yes"]', timeout=PATIENCE)
    target = folder / f"{picture.name}{suffix}.png"
    if picture.part == "screen":
        tab.evaluate("scrollTo(0, 0)")
        tab.screenshot(path=target)
    else:
        tab.locator(picture.part).screenshot(path=target)


def whole_page(tab: Page, target: Path) -> None:
    """All of a page, with everything that it can draw."""
    for button in tab.locator("[data-compute]").all():
        button.click()
    for place in tab.locator("[data-figure]").all():
        place.scroll_into_view_if_needed()
        tab.wait_for_function("(place) => place.dataset.drawn", arg=place.element_handle(), timeout=PATIENCE)
    tab.screenshot(path=target, full_page=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=HERE, help="a folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "pictures.db"
        studies(path)
        ui = ts.ui(path, read_only=True)
        address = ui.url.partition("/?")[0]
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for picture in PICTURES:
            context = browser.new_context(viewport={"width": 1240, "height": 860}, color_scheme=picture.scheme)
            tab = context.new_page()
            tab.goto(address + picture.address)
            photograph(tab, given.into, picture)
            context.close()
        if given.into != HERE:
            every_page(browser, address, given.into, path)
        browser.close()
        ui.close()


def every_page(browser: Browser, address: str, folder: Path, path: Path) -> None:
    """Pages and reports as they are on light, dark and narrow screens, to be looked at by whoever changes them."""
    names = ("early-stopping", "front", "population")
    addresses = [f"{address}/studies/{name}" for name in names]
    for name in names:
        study = ts.Study.open(name, store=path)
        addresses.append(study.report(folder / f"{name}.html").as_uri())
        study.close()
    for scheme, width in (("light", 1240), ("dark", 1240), ("light", 360)):
        context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme)
        for index, page in enumerate(addresses):
            tab = context.new_page()
            tab.goto(page)
            if page.startswith("http"):
                whole_page(tab, folder / f"page-{index}-{scheme}-{width}.png")
            else:
                tab.wait_for_timeout(1500)
                tab.screenshot(path=folder / f"page-{index}-{scheme}-{width}.png", full_page=True)
            tab.close()
        context.close()


if __name__ == "__main__":
    main()
