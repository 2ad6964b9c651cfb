"""The view in a terminal."""

import io

from rich.console import Console

import tunesmith as ts
from tunesmith.run.live import Live
from tunesmith.stores.memory import MemoryStore
from tunesmith.testing.histories import History, spec_of
from tunesmith.trials.changes import Changes


def test_only_configurations_give_way_in_a_narrow_terminal():
    """which trials run, how far they are and how well they do is always there to be read"""
    space = {f"a_parameter_with_a_long_name_{i}": ts.Float(0, 1) for i in range(5)}
    study = ts.Study.open("live", space=space, minimize="val_error", trials=9, seed=0, store=MemoryStore())
    for trial in (study.ask(), study.ask()):
        for step, loss in enumerate((0.9, 0.5, 0.4), 1):
            study.report(trial, step=step, val_error=loss + trial.number / 100)
    screen = io.StringIO()
    live = Live(Console(file=screen, width=80, height=30, force_terminal=True, color_system=None))
    view = study.view
    live.changed(view, Changes(0, view.seq, view.trials))
    live.close()
    lines = screen.getvalue().splitlines()
    heading = next(line for line in lines if "curve" in line)
    assert heading.split() == ["trial", "step", "val_error", "curve", "for", "config"]
    rows = [line.split()[:3] for line in lines if "a_parameter" in line and "█" in line]
    assert rows[-2:] == [["0", "3", "0.4"], ["1", "3", "0.41"]]


def test_what_runs_is_shown_however_long_ago_it_was_opened():
    """a trial that a scheduler lets go on may be an early one of a long study"""
    space = ts.Space({"x": ts.Float(0, 1)})
    log = History(spec_of(space))
    first = log.begin()
    for _ in range(300):
        log.finish(log.begin(), loss=0.5)
    screen = io.StringIO()
    live = Live(Console(file=screen, width=80, height=30, force_terminal=True, color_system=None))
    live.changed(log.view, Changes(0, log.view.seq, log.view.trials))
    live.close()
    lines = screen.getvalue().splitlines()
    heading = next(index for index, line in enumerate(lines) if "curve" in line)
    assert lines[heading + 1].split()[0] == str(first)


def test_what_it_leaves_standing_does_not_tell_the_result_a_second_time():
    """the study itself tells which trial is the best, which may be another one once the best were repeated"""
    log = History(spec_of(ts.Space({"x": ts.Float(0, 1)})))
    log.finish(log.begin(), loss=0.5)
    screen = io.StringIO()
    live = Live(Console(file=screen, width=80, height=30, force_terminal=True, color_system=None))
    live.changed(log.view, Changes(0, log.view.seq, log.view.trials))
    live.close()
    assert "trials" in screen.getvalue()
    assert "best" not in screen.getvalue().rpartition("trials")[2]
