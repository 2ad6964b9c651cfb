"""Programs that are told to end, that take too long, and what they leave behind."""

import pytest
from programs import ENDS, is_alive, job, poll_until, shell, wait_for

from tunesmith.run.command import Command
from tunesmith.trials.facts import Failed, Finished, Reported


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("what", ["stop", "pause", "release"])
def test_told_to_leave_it_gets_a_chance_to_clean_up(what, tmp_path):
    """with a device a pause is no different from an end"""
    code = "trap 'echo loss=9; echo bye > bye; exit 1' TERM; echo loss=1; while :; do sleep 0.01; done"
    executor = Command(shell(code), cwd=tmp_path, devices=["0"])
    executor.submit(job())
    poll_until(executor, Reported)
    executor.signal(0, what)
    executor.signal(0, what)
    updates = poll_until(executor, ENDS)
    assert [update.fact for update in updates] == [None]
    assert (tmp_path / "bye").exists()
    executor.close()


def test_reports_that_wait_are_dropped_when_it_is_told_to_stop():
    executor = Command(shell("echo loss=1; echo loss=2; echo loss=3"))
    executor.submit(job())
    poll_until(executor, Reported)
    executor.signal(0, "continue")
    poll_until(executor, Reported)
    executor.signal(0, "stop")
    assert [update.fact for update in poll_until(executor, ENDS)] == [None]
    executor.close()


def test_who_does_not_leave_is_killed_after_the_grace():
    clock = Clock()
    executor = Command(shell("trap '' TERM; echo loss=1; while :; do sleep 0.01; done"), clock=clock)
    executor.submit(job())
    poll_until(executor, Reported)
    executor.signal(0, "stop")
    assert executor.poll(0.1) == []
    clock.now = 10.1
    assert [update.fact for update in poll_until(executor, ENDS)] == [None]
    executor.close()


def test_a_trial_has_a_time_limit():
    clock = Clock()
    executor = Command(shell("echo loss=1; exec sleep 60"), clock=clock, time_limit=5)
    executor.submit(job())
    poll_until(executor, Reported)
    clock.now = 6.0
    (update,) = poll_until(executor, ENDS)
    assert isinstance(update.fact, Failed)
    assert (update.fact.kind, "5 s" in update.fact.message) == ("timeout", True)
    executor.close()


def test_what_a_program_leaves_behind_ends_with_it(tmp_path):
    executor = Command(shell("sleep 60 & echo $! > pid; echo loss=1"), cwd=tmp_path)
    executor.submit(job())
    facts = [update.fact for update in poll_until(executor, ENDS)]
    executor.close()
    assert facts == [Reported(1, {"loss": 1.0}, 1), Finished({}, 1)]
    wait_for(lambda: not is_alive(int((tmp_path / "pid").read_text())))


def test_close_ends_all_that_runs(tmp_path):
    executor = Command(shell("echo $$ > pid-$TUNESMITH_TRIAL; echo loss=1; sleep 60"), cwd=tmp_path, slots=2)
    executor.submit(job(0))
    executor.submit(job(1))
    wait_for(lambda: all((tmp_path / f"pid-{n}").exists() for n in (0, 1)))
    executor.close()
    executor.close()
    for number in (0, 1):
        wait_for(lambda number=number: not is_alive(int((tmp_path / f"pid-{number}").read_text())))
