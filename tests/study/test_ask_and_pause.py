"""Ask and tell with schedulers that pause: what is paused is given out again when it shall go on."""

import pytest

import tunesmith as ts
from tunesmith.errors import BudgetSpent, IllegalTransition, NothingToDo
from tunesmith.run.replay import check_log
from tunesmith.schedulers.base import Decision
from tunesmith.stores.memory import MemoryStore
from tunesmith.trials.facts import Paused, Resumed, Started

STEPS = 9


def train(study: ts.Study, trial: ts.Trial) -> Decision | None:
    """From where the trial is to where it is stopped, paused or done."""
    begin = trial.last.step + 1 if trial.last else 1
    for step in range(begin, STEPS + 1):
        decision = study.report(trial, step=step, loss=(trial.config["x"] - 0.3) ** 2 + 1 / step)
        if not isinstance(decision, ts.Continue):
            return decision
    study.tell(trial)
    return None


def drain(study: ts.Study) -> list[int]:
    """Train all that is given out; returns the numbers in the order of their coming."""
    asked = []
    while True:
        try:
            trial = study.ask()
        except BudgetSpent:
            return asked
        asked.append(trial.number)
        train(study, trial)


def opened(scheduler: object, trials: int = 18, store: MemoryStore | None = None) -> ts.Study:
    return ts.Study.open(
        "by-hand", space={"x": ts.Float(0, 1)}, minimize="loss", trials=trials, scheduler=scheduler, steps=STEPS,
        sampler="random", seed=0, store=store,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["asha", "hyperband", "pasha"])
def test_paused_trials_are_promoted(name):
    """as in a study that a driver runs: many pause, the better ones go on, the best are trained to their end"""
    study = opened(name)
    asked = drain(study)
    assert set(asked) == set(range(18))
    assert len(asked) > 18, "some were given out again"
    assert {trial.state for trial in study.trials} == {ts.State.PAUSED, ts.State.DONE}
    assert study.best.last.step == STEPS
    assert check_log(study.store, "by-hand") == []


def test_the_facts_are_those_of_a_driver():
    study = opened("asha")
    drain(study)
    again = next(trial for trial in study.trials if trial.state is ts.State.DONE and trial.number > 0)
    facts = [type(event.fact) for event in study.store.events("by-hand", again.number)]
    where = facts.index(Paused)
    assert facts[where : where + 3] == [Paused, Resumed, Started]
    steps, _ = study.view.curve(again.number, "loss")
    assert list(steps) == list(range(1, STEPS + 1)), "no step twice"


def test_a_pause_is_recorded_with_its_reason():
    study = opened("asha")
    train(study, study.ask())
    trial = study.ask()
    decision = train(study, trial)
    assert isinstance(decision, ts.Pause)
    assert study.trials[trial.number].state is ts.State.PAUSED
    assert study.trials[trial.number].reason == decision.reason
    with pytest.raises(IllegalTransition, match="it is paused"):
        study.report(trial, loss=1.0)


def test_paused_trials_go_on_in_another_process(tmp_path):
    """whoever opens the study next is given what waits"""
    store = MemoryStore()
    first = opened("asha", store=store)
    for _ in range(6):
        train(first, first.ask())
    paused = {trial.number for trial in first.trials if trial.state is ts.State.PAUSED}
    assert paused & set(drain(opened("asha", store=store)))


def test_a_population_forks_by_hand():
    """four members take turns; who is asked for more waits, and forks take the places of poor members"""
    study = opened(ts.PBT(population=4, interval=2), trials=12)
    running = [study.ask() for _ in range(4)]
    with pytest.raises(NothingToDo, match="report or tell one of the 4 that run"):
        study.ask()
    for step in range(1, STEPS + 1):
        for trial in list(running):
            decision = study.report(trial, step=step, loss=(trial.config["x"] - 0.3) ** 2 + 1 / step)
            if isinstance(decision, ts.Stop):
                running.remove(trial)
                fork = study.ask()
                assert fork.parent is not None
                assert fork.by == "pbt"
    assert len(study.trials) > 4
