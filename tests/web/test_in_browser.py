"""The dashboard in a real browser: what people see and do."""

import re

import pytest
from known import soon

from tunesmith.errors import TunesmithError
from tunesmith.trials import Draft, Failed, Finished, Reported, State

# A page that is drawn while a hand clicks may move under it: whoever waits in vain may try once more, and the summary tells.
pytestmark = pytest.mark.flaky(reruns=1, only_rerun="TimeoutError")

DRAWN = '[data-drawn="yes"]'
STUDY = "/studies/digits"


def rows(tab):
    return tab.eval_on_selector_all("tr[data-number]", "rows => rows.map((row) => Number(row.dataset.number))")


def points(tab):
    """How many trials the history shows one by one."""
    return tab.evaluate(
        "document.querySelector('#figure-history .plot').calcdata"
        ".filter(([{ trace }]) => trace.mode === 'markers').reduce((sum, points) => sum + points.length, 0)"
    )


def trial(studies, number):
    return studies.store.changes("digits").trials[number]


def test_no_study_and_no_trial(page, studies):
    assert "No study yet" in page().inner_text("main")
    studies.study()
    tab = page(STUDY)
    assert "No trial yet." in tab.inner_text("#answer")
    tab.wait_for_selector('#figure-history[data-drawn="nothing"]')
    assert "No trial has ended yet" in tab.inner_text("#figure-history")


@pytest.mark.parametrize("count", [1, 20])
def test_few_trials(page, studies, count):
    studies.study()
    studies.many(count, seed=1)
    tab = page(STUDY)
    tab.wait_for_selector(f"#figure-history{DRAWN}")
    assert points(tab) == count
    assert len(rows(tab)) == count
    assert "loss" in tab.inner_text("#answer h2")


def test_all_failed(page, studies):
    studies.study()
    for _ in range(3):
        studies.trial(end=Failed("oom", "out of memory", 1))
    tab = page(STUDY)
    tab.wait_for_selector(f"#figure-history{DRAWN}")
    assert "All 3 trials failed" in tab.inner_text("#answer")


def test_ten_thousand_trials(page, studies):
    studies.study()
    studies.many(10_000, reports=0)
    tab = page(STUDY)
    tab.wait_for_selector(f"#figure-history{DRAWN}")
    assert points(tab) == 2000
    assert "2,000 of 10,000 trials are drawn one by one" in tab.inner_text("#figure-history")
    assert len(rows(tab)) == 50
    assert "page 1 of 200" in tab.inner_text(".pager")
    tab.click("a[rel=next]")
    tab.wait_for_selector("text=page 2 of 200")
    tab.fill("#filter", "state = failed and lr > 0.1")
    tab.press("#filter", "Enter")
    tab.wait_for_selector("text=/[0-9]+ of 10,000 trials fit/")
    assert set(
        tab.eval_on_selector_all("tr[data-number] td:nth-child(3)", "all => all.map((cell) => cell.innerText)")
    ) == {"✕ failed"}


def test_a_hundred_thousand_trials(page, studies):
    """the page comes with a picture of all of them; figure and table work on as many"""
    studies.study()
    for _ in range(4):
        studies.many(25_000, reports=0)
    tab = page(STUDY)
    tab.wait_for_selector(f"#figure-history{DRAWN}", timeout=60_000)
    assert points(tab) == 2000
    assert "2,000 of 100,000 trials are drawn one by one" in tab.inner_text("#figure-history")
    assert "page 1 of 2,000" in tab.inner_text(".pager")
    tab.fill("#filter", "lr < 1e-4 and state = failed")
    tab.press("#filter", "Enter")
    tab.wait_for_selector("text=/[0-9]+ of 100,000 trials fit/", timeout=60_000)


def test_a_picture_of_the_history_comes_with_the_page(page, studies):
    """before and without the library that draws figures, which then takes its place"""
    studies.study()
    studies.many(60)
    tab = page()
    tab.route("**/plotly-*", lambda route: None)  # it never arrives
    tab.goto(re.match(r"http://[^/]+", tab.url)[0] + STUDY, wait_until="commit")
    tab.wait_for_selector("#figure-history .still")
    dots = tab.eval_on_selector_all("#figure-history .still .dots", "all => all.map((each) => each.getAttribute('d'))")
    ended = [t for t in studies.store.changes("digits").trials if t.state.ended]
    assert sum(path.count("M") for path in dots) == len(ended)
    assert "60 trials have ended" in tab.inner_text("#figure-history .finding")
    whole = page(STUDY)
    whole.wait_for_selector(f"#figure-history{DRAWN}")
    assert whole.locator(".still").count() == 0


def test_three_objectives_can_be_turned(page, studies):
    """drawn in three dimensions; on a phone a finger that scrolls is not caught"""
    studies.study("three", minimize=["loss", "seconds", "memory"])
    for place in range(8):
        studies.trial("three", Finished({"loss": 8.0 - place, "seconds": place, "memory": (place - 4.0) ** 2}, 1))
    for width, drag in ((1280, None), (360, False)):
        tab = page("/studies/three", width=width)
        tab.locator("#figure-solid").scroll_into_view_if_needed()
        tab.wait_for_selector(f"#figure-solid{DRAWN}")
        layout = tab.evaluate("document.querySelector('#figure-solid .plot').layout.scene")
        assert layout.get("dragmode") is drag
        assert tab.locator("#figure-solid canvas").count() >= 1


def test_a_report_shows_up_by_itself(page, studies):
    """the running trial's last value, and at its end its point"""
    studies.ordinary()
    tab = page(STUDY)
    tab.wait_for_selector(f"#figure-history{DRAWN}")
    assert points(tab) == 4
    tab.wait_for_function(
        "performance.getEntriesByType('resource').some((each) => each.name.endsWith('/changes')) || true"
    )
    studies.store.append("digits", [Draft(4, Reported(3, {"loss": 0.123}, 1))])
    tab.wait_for_selector("#running >> text=0.123")
    studies.store.append("digits", [Draft(4, Finished({"loss": 0.111}, 1))])
    tab.wait_for_selector("#answer >> text=loss 0.111, with trial 4.")
    tab.wait_for_function("document.querySelector('#figure-history .finding').innerText.includes('0.111')")
    assert points(tab) == 5
    assert "Running now" not in tab.inner_text("main")


def test_a_new_study_shows_up_in_the_list(page, studies):
    studies.ordinary()
    tab = page()
    tab.wait_for_selector("text=digits")
    studies.study("second")
    tab.wait_for_selector("text=second")


def test_what_is_brushed_filters_table_and_history(page, studies):
    studies.study()
    studies.many(60)
    tab = page(STUDY)
    tab.locator("#figure-parallel").scroll_into_view_if_needed()
    tab.wait_for_selector(f"#figure-parallel{DRAWN}")
    axis = tab.locator("#figure-parallel .parcoords .axis-brush, #figure-parallel .y-axis .axis-brush").first
    box = axis.bounding_box()
    x = box["x"] + box["width"] / 2
    tab.mouse.move(x, box["y"] + box["height"] * 0.1)
    tab.mouse.down()
    tab.mouse.move(x, box["y"] + box["height"] * 0.3, steps=4)
    tab.mouse.move(x, box["y"] + box["height"] * 0.5, steps=4)
    tab.mouse.up()
    tab.wait_for_selector("text=/[0-9]+ of 60 trials fit/")
    text = tab.input_value("#filter")
    low, high = map(float, re.fullmatch(r"lr >= (\S+) and lr <= (\S+)", text).groups())
    expected = {trial.number for trial in studies.store.changes("digits").trials if low <= trial.config["lr"] <= high}
    assert 0 < len(expected) < 60
    assert set(rows(tab)) == expected
    tab.wait_for_function(
        "document.querySelector('#figure-history .finding').innerText.includes('that fit the filter')"
    )
    tab.reload()
    assert set(rows(tab)) == expected, "the filter is part of the address"
    tab.wait_for_selector(f"#figure-parallel{DRAWN}")
    tab.wait_for_load_state("networkidle")
    tab.click("text=show all")
    tab.wait_for_selector("text=/^60 trials, best first/")


def test_an_answer_that_comes_late_does_not_bring_back_an_earlier_filter(page, studies):
    studies.study()
    studies.many(60)
    tab = page(STUDY)
    held = []
    tab.route("**/digits?filter=lr*", lambda route: held.append(route))
    with tab.expect_request("**/digits?filter=lr*"):
        tab.fill("#filter", "lr > 0.5")
        tab.press("#filter", "Enter")
    tab.fill("#filter", "state = failed")
    tab.press("#filter", "Enter")
    failed = {each.number for each in studies.store.changes("digits").trials if each.state is State.FAILED}
    tab.wait_for_selector(f"text=/^{len(failed)} of 60 trials fit/")
    with tab.expect_response("**/digits?filter=lr*") as late:
        held[0].continue_()
    late.value.finished()
    tab.evaluate("fetch(location.href).then((answer) => answer.text())")
    assert set(rows(tab)) == failed


def test_what_is_pressed_is_not_replaced_under_the_hand(page, studies):
    """a link's click is its own, also when a trial ends between press and release"""
    studies.ordinary()
    tab = page(STUDY)
    tab.wait_for_selector(f"#figure-history{DRAWN}")
    tab.wait_for_load_state("networkidle")
    tab.locator("#running a").first.hover()
    tab.mouse.down()
    with tab.expect_response(re.compile(r"/studies/digits$")) as fresh:
        studies.store.append("digits", [Draft(4, Finished({"loss": 0.111}, 1))])
    fresh.value.finished()
    tab.evaluate("fetch(location.href).then((answer) => answer.text())")
    assert tab.locator("#running a").count() == 1
    tab.mouse.up()
    tab.wait_for_url("**/studies/digits/trials/4")


def test_studies_are_chosen_and_compared(page, studies):
    studies.ordinary()
    studies.study("other")
    studies.many(30, "other")
    tab = page()
    tab.click("text=Compare studies")
    tab.check("text=digits")
    tab.check("text=other")
    tab.click("main button.primary")
    tab.wait_for_selector(f"#figure-comparison{DRAWN}")
    assert tab.locator("#figure-comparison .scatterlayer .trace").count() == 4
    assert tab.eval_on_selector_all("#compared thead a", "all => all.map((a) => a.textContent)") == ["other", "digits"]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_the_report_draws_all_its_figures_and_finds_trials(browser, studies, tmp_path, scheme, width):
    """as a file, without a server and a network"""
    from tunesmith.plots.page import report_html
    from tunesmith.trials import View

    studies.study()
    studies.many(60)
    view = View(studies.store.spec("digits")).advance(studies.store.changes("digits"))
    (tmp_path / "report.html").write_text(report_html(view), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True)
    tab, wrong = context.new_page(), []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.goto((tmp_path / "report.html").as_uri())
    figures = tab.locator("[data-figure]").count()
    assert figures >= 7
    tab.wait_for_function(f"document.querySelectorAll('.js-plotly-plot .main-svg').length >= {figures}")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing but figures and tables scrolls"
    tab.fill("#find", "failed")
    failed = sum(trial.state is State.FAILED for trial in view.trials)
    assert tab.inner_text("#found-count") == f"{failed} of 60 rows"
    tab.fill("#find", "lr < 0.001 adam")
    fits = [t for t in view.trials if t.config["lr"] < 0.001 and t.config["optimizer"] == "adam"]
    assert tab.locator("table.sortable tbody tr:visible").count() == len(fits)
    context.close()
    assert wrong == []


def test_a_trial_is_stopped_after_asking(page, studies):
    studies.ordinary()
    tab = page(STUDY)
    tab.click("#running button")
    assert "Stop trial 4?" in tab.inner_text("#confirm")
    tab.click("#confirm button[value=no]")
    assert trial(studies, 4).state is State.RUNNING
    tab.click("#running button")
    tab.click("#confirm-yes")
    tab.wait_for_selector("#tiles >> text=stopped")
    soon(lambda: trial(studies, 4).state is State.STOPPED)
    tab.wait_for_function("!document.querySelector('#running section')")


def test_a_configuration_is_enqueued_from_a_trial(page, studies):
    studies.ordinary()
    tab = page(f"{STUDY}/trials/1")
    tab.click("text=Add one like it")
    tab.wait_for_selector("form.space")
    assert tab.input_value("[name=lr]") == "0.02"
    assert tab.input_value("[name=optimizer]") == '"sgd"'
    tab.fill("[name=lr]", "7")
    tab.click("form.space button.primary")
    tab.click("#confirm-yes")
    tab.wait_for_selector(".toast.bad >> text=outside")
    tab.fill("[name=lr]", "0.25")
    tab.click("form.space button.primary")
    tab.click("#confirm-yes")
    tab.wait_for_url("**/studies/digits/trials/5")
    assert trial(studies, 5).config["lr"] == 0.25
    assert trial(studies, 5).state is State.READY


def test_pause_budget_and_notes(page, studies):
    studies.ordinary()
    tab = page(STUDY)
    tab.click("#pause:not([disabled])")
    tab.click("#confirm-yes")
    tab.wait_for_selector("#status >> text=paused")
    tab.click("#pause >> text=Resume")
    tab.click("#confirm-yes")
    tab.wait_for_selector("#status >> text=running")
    tab.click("text=Budget")
    tab.fill("#budget-dialog [name=trials]", "40")
    tab.press("#budget-dialog [name=trials]", "Enter")
    tab.wait_for_selector("#tiles >> text=of 40")
    tab.fill("#notes textarea", "a note")
    tab.fill("#notes [name=tags]", "one, two")
    tab.click("#notes button")
    tab.wait_for_selector(".toast >> text=Noted.")
    assert studies.store.spec("digits").budget.trials == 40
    notes = [event.fact.value for event in studies.store.events("digits") if type(event.fact).__name__ == "Noted"]
    assert notes == ["a note", ["one", "two"]]
    assert not studies.store.spec("digits").paused


def test_without_token_everything_is_shown_and_nothing_changed(page, studies):
    studies.ordinary()
    tab = page(STUDY, token=False)
    tab.wait_for_selector(f"#figure-history{DRAWN}")
    assert tab.locator("#pause, #running button, form.annotation").count() == 0
    assert "read-only" in tab.inner_text("header")


def test_another_site_can_neither_read_nor_write(page, studies, server, browser):
    """a page elsewhere, in a browser that has our cookie"""
    studies.ordinary()
    tab = page(STUDY)
    tab.context.route("http://evil.test/*", lambda route: route.fulfill(body="<p>evil</p>", content_type="text/html"))
    other = tab.context.new_page()
    other.goto("http://evil.test/")
    attack = """async (address) => {
      const outcomes = [];
      for (const options of [{}, {method: 'POST', body: '{}'}, {method: 'POST', body: '{}', mode: 'no-cors'}]) {
        try { const answer = await fetch(address, {...options, credentials: 'include'}); outcomes.push(await answer.text()); }
        catch { outcomes.push(''); }
      }
      return outcomes;
    }"""
    assert other.evaluate(attack, f"{server.address}/api/studies/digits/trials/4/stop") == ["", "", ""]
    assert trial(studies, 4).state is State.RUNNING


def test_keyboard_only(page, studies):
    """from the list of studies to a comparison, without a mouse"""
    studies.ordinary()
    tab = page()
    tab.wait_for_selector("text=digits")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.innerText") == "Skip to the content"
    tab.focus("a.name")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("body[data-ready] #trials")
    tab.keyboard.press("?")
    assert tab.locator("#help[open]").count() == 1
    tab.keyboard.press("Escape")
    tab.keyboard.press("/")
    tab.keyboard.type("state = done")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("text=2 of 5 trials fit")
    tab.keyboard.press("Escape")
    for key in "jxjxc":
        tab.keyboard.press(key)
    tab.wait_for_url("**/compare?trials=1,0")
    tab.wait_for_selector(f"#figure-curves{DRAWN}")
    tab.goto(tab.url.split("/compare")[0] + "/trials/1")
    tab.wait_for_selector("body[data-ready]")
    tab.keyboard.press("ArrowRight")
    tab.wait_for_url("**/trials/2")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone(page, studies, server, scheme):
    """nothing is wider than 360 pixels but what scrolls in its own place"""
    studies.ordinary()
    tab = page(width=360, scheme=scheme)
    for path in ("/", STUDY, f"{STUDY}/trials/3", f"{STUDY}/compare?trials=0,1,2", f"{STUDY}/new"):
        tab.goto(server.address + path)
        tab.wait_for_selector("body[data-ready]")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_texts_can_be_read_on_light_and_on_dark(page, studies):
    """contrast of at least 4.5 for all text (WCAG AA)"""
    studies.ordinary()
    measure = """() => {
      const shine = (color) => {
        const parts = color.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
        const [r, g, b] = parts.map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
          const color = getComputedStyle(at).backgroundColor;
          if (!/, 0\\)$|transparent/.test(color)) return color;
        }
        return "rgb(255, 255, 255)";
      };
      return [...document.querySelectorAll("main *, header *")]
        .filter((each) => !each.closest("svg, .plot, [disabled]") && each.offsetParent)
        .filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
        .map((each) => {
          const [a, b] = [shine(getComputedStyle(each).color), shine(ground(each))].sort((x, y) => y - x);
          return [each.className + " " + each.textContent.trim().slice(0, 30), (a + 0.05) / (b + 0.05)];
        })
        .filter(([, contrast]) => contrast < 4.5);
    }"""
    for scheme in ("light", "dark"):
        tab = page(STUDY, scheme=scheme)
        tab.wait_for_selector(DRAWN)
        assert tab.evaluate(measure) == [], scheme
        tab.goto(tab.url + "/trials/3")
        assert tab.evaluate(measure) == [], scheme


def test_hostile_texts_stay_texts(page, studies):
    """names, configurations, errors, notes; also a megabyte of them"""
    from test_pages_and_twins import HOSTILE, hostile

    hostile(studies, HOSTILE, "<script>alert(1)<b>\"' & co")
    hostile(studies, "long " * 200_000, "long")
    tab = page()
    asked = []
    tab.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    for name in ("%3Cscript%3Ealert(1)%3Cb%3E%22'%20&%20co", "long"):
        for path in ("", "/trials/0", "/trials/1", "/new?from=0", "/compare?trials=0,1"):
            tab.goto(re.match(r"http://[^/]+", tab.url)[0] + f"/studies/{name}{path}")
            tab.wait_for_load_state()
            if path in ("", "/trials/0"):
                tab.wait_for_selector(DRAWN)
    assert asked == []


def test_a_store_that_goes_away_is_told(page, studies, server):
    """and the page that stands stays"""
    studies.ordinary()
    tab = page(STUDY)
    tab.wait_for_selector(f"#figure-history{DRAWN}")
    studies.store.delete("digits")
    with pytest.raises(TunesmithError):
        studies.store.spec("digits")
    tab.click("#running button")
    tab.click("#confirm-yes")
    tab.wait_for_selector(".toast.bad >> text=no study named")
    assert "loss 0.4" in tab.inner_text("#answer")
