"""The documentation runs: its Python, its commands, its links; and it misses no command, option, argument or name.

Blocks of a page run in order, in one namespace and one temporary directory. A comment before a block says what else:

    <!-- test: file train.py -->              the block is a file of that name
    <!-- test: replace 60 with 6 -->          the block runs with other text in it, to save time
    <!-- test: replace 60 with 6 in a.py -->  a file that an earlier block has made runs with other text in it
    <!-- test: skip, for some reason -->      the block is shown only
"""

from __future__ import annotations

import gc
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import click
import pytest

import tunesmith
from tunesmith.cli.main import cli
from tunesmith.run.template import macro_names
from tunesmith.samplers.auto import sampler_names
from tunesmith.schedulers.auto import scheduler_names
from tunesmith.trials.facts import KINDS
from tunesmith.trials.trial import State

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "ARCHITECTURE.md", *sorted(DOCS.rglob("*.md"))]
ALL_PAGES = [*PAGES, ROOT / "CHANGELOG.md"]
PROGRAMS = ("tunesmith", "python")


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    text: str
    line: int
    marks: list[str]


def blocks(page: Path) -> list[Block]:
    found: list[Block] = []
    marks: list[str] = []
    language, body, begun = "", None, 0
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if body is None:
            mark = re.fullmatch(r"<!-- test: (.*) -->", line)
            fence = re.fullmatch(r"```(\w*)", line)
            if mark:
                marks.append(mark[1])
            elif fence:
                language, body, begun = fence[1], [], number
            elif line.strip():
                assert not marks, f"{page}:{number}: a test comment must stand right before a block"
        elif line == "```":
            found.append(Block(language, "\n".join(body) + "\n", begun, marks))
            marks, body = [], None
        else:
            body.append(line)
    assert body is None, f"{page}:{begun}: the block has no end"
    return found


def commands(text: str) -> Iterator[str]:
    """The commands of a console block: lines after `$ `, with their continuations."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("$ "):
            command = line[2:]
            while command.endswith("\\"):
                command = command[:-1] + next(lines)
            yield command


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


# -- what runs -------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # pages do not close every study that they show
@pytest.mark.parametrize("page", [page for page in PAGES if page.exists() and blocks(page)], ids=name_of)
def test_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """every ```python block without an exception, every command with exit code 0"""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("TUNESMITH_STORE", raising=False)
    modules = set(sys.modules)
    namespace: dict[str, object] = {"__name__": "__main__"}  # functions of a script travel to workers by value
    try:
        for block in blocks(page):
            run_block(block, page, namespace)
    finally:
        namespace.clear()
        gc.collect()
        for name in set(sys.modules) - modules:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
                del sys.modules[name]


def run_block(block: Block, page: Path, namespace: dict[str, object]) -> None:
    text, file = block.text, None
    for mark in block.marks:
        replacing = re.fullmatch(r"replace (.+) with (.+?)(?: in (\S+))?", mark)
        if mark.startswith("skip"):
            return
        if mark.startswith("file "):
            file = Path(mark.removeprefix("file "))
        elif replacing is not None and replacing[3]:
            target = Path(replacing[3])
            target.write_text(replaced(target.read_text(encoding="utf-8"), replacing), encoding="utf-8")
        elif replacing is not None:
            text = replaced(text, replacing)
        else:
            pytest.fail(f"{name_of(page)}:{block.line}: {mark!r} is no test comment")
    if file is not None:
        file.write_text(text, encoding="utf-8")
    elif block.language == "python":
        padded = "\n" * block.line + text
        exec(compile(padded, name_of(page), "exec", dont_inherit=True), namespace)
    elif block.language in ("console", "sh"):
        for command in commands(text):
            run_command(command, f"{name_of(page)}:{block.line}")


def replaced(text: str, replacing: re.Match[str]) -> str:
    assert replacing[1] in text, f"{replacing[1]!r} does not occur"
    return text.replace(replacing[1], replacing[2])


def run_command(command: str, place: str) -> None:
    assert command.split(maxsplit=1)[0] in PROGRAMS, f"{place}: {command}: mark what is not to be run with skip"
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", command],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{place}: {command}\n{done.stdout}\n{done.stderr}"


# -- what is complete ------------------------------------------------------------------------------------------------


def all_docs() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in ALL_PAGES if page.exists())


def section(text: str, heading: str) -> str:
    """The part of a page under a heading, up to the next one of the same level."""
    found = re.search(
        rf"^{re.escape(heading)}$(.*?)(?=^{heading.split(maxsplit=1)[0]} |\Z)", text, re.DOTALL | re.MULTILINE
    )
    assert found is not None, f"the page has no heading {heading!r}"
    return found[1]


def command_names() -> list[str]:
    return cli.list_commands(click.Context(cli))


@pytest.mark.parametrize("name", command_names())
def test_every_command_and_option_is_documented(name: str) -> None:
    """docs/reference/cli.md has a section for every command, with all its options and arguments"""
    page = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    text = section(page, f"## tunesmith {name}")
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    for parameter in command.params:
        spellings = parameter.opts if isinstance(parameter, click.Option) else [parameter.human_readable_name.upper()]
        for spelling in spellings:
            assert re.search(rf"(?<![\w-]){re.escape(spelling)}(?![\w-])", text), f"{spelling} of tunesmith {name}"


def test_documented_commands_and_options_exist() -> None:
    """and nothing stands there that is gone"""
    page = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    assert re.findall(r"^## tunesmith (\w+)$", page, re.MULTILINE) == command_names()
    for name in command_names():
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        known = {spelling for parameter in command.params for spelling in parameter.opts}
        told = set(re.findall(r"`(--[a-z-]+)", section(page, f"## tunesmith {name}")))
        assert told <= known


@pytest.mark.parametrize("name", tunesmith.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    """each occurs as ts.NAME"""
    assert re.search(rf"\bts\.{name}\b", all_docs())


@pytest.mark.parametrize("function", [tunesmith.tune, tunesmith.Study.open], ids=["tune", "Study.open"])
def test_every_argument_is_documented(function: object) -> None:
    """docs/reference/python.md names all arguments of the two ways in"""
    heading = "## ts.tune" if function is tunesmith.tune else "## ts.Study"
    text = section((DOCS / "reference" / "python.md").read_text(encoding="utf-8"), heading)
    for name in inspect.signature(function).parameters:
        assert re.search(rf"`[^`]*\b{name}\b[^`]*`", text), f"the argument {name}"


@pytest.mark.parametrize("member", [name for name in vars(tunesmith.Study) if not name.startswith("_")])
def test_every_method_of_a_study_is_documented(member: str) -> None:
    """what a study offers"""
    text = section((DOCS / "reference" / "python.md").read_text(encoding="utf-8"), "## ts.Study")
    assert re.search(rf"\b{member}\b", text)


@pytest.mark.parametrize("member", [name for name in vars(tunesmith.Context) if not name.startswith("_")])
def test_every_method_of_the_context_is_documented(member: str) -> None:
    """what a training function may ask for"""
    if member in ("reporting", "ending"):
        pytest.skip("for executors, which turn yields and reports into exchanges")
    text = section((DOCS / "reference" / "python.md").read_text(encoding="utf-8"), "## ts.Context")
    assert re.search(rf"\b{member}\b", text)


def test_every_sampler_and_scheduler_is_documented() -> None:
    """by the names that sampler= and scheduler= understand"""
    text = all_docs()
    missing = [name for name in (*sampler_names(), *scheduler_names()) if f'"{name}"' not in text and name != "uniform"]
    assert missing == []


def test_every_macro_is_documented() -> None:
    """the words that a command template may hold"""
    page = (DOCS / "guides" / "any-program.md").read_text(encoding="utf-8")
    assert [name for name in (*macro_names(), "program", "envvar:NAME") if f"${{{name}}}" not in page] == []


def test_every_key_of_a_sweep_file_is_documented() -> None:
    """and every distribution of its parameters"""
    from tunesmith.cli import sweep, sweep_params

    page = (DOCS / "guides" / "any-program.md").read_text(encoding="utf-8")
    wanted = {*sweep._KEYS, *sweep_params._DISTRIBUTIONS, *sweep_params._INSTEAD}
    assert sorted(name for name in wanted if f"`{name}`" not in page) == []


def test_every_fact_and_state_is_documented() -> None:
    """docs/concepts/words.md names what can happen to a trial"""
    page = (DOCS / "concepts" / "words.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if kind not in page] == []
    assert [state.value for state in State if f"**{state.value}**" not in page] == []


# -- links -----------------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """Headings as the web shows them in addresses."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [page for page in ALL_PAGES if page.exists()], ids=name_of)
def test_links_resolve(page: Path) -> None:
    """every link inside the repository leads to a file, and to a heading of it"""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = unquote(link).partition("#")
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


def test_every_page_is_linked() -> None:
    """nobody finds a page that no other one leads to"""
    linked = set()
    for page in ALL_PAGES:
        if page.exists():
            for link in re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8")):
                linked.add((page.parent / link).resolve())
    assert [name_of(page) for page in DOCS.rglob("*.md") if page.resolve() not in linked] == []
