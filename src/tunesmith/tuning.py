"""tune: one call from a training function to a tuned study."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import time as real_time
from typing import Any, Literal

from tunesmith.analysis.best import best_of, front_of
from tunesmith.analysis.looks import look_at, looks
from tunesmith.analysis.prospects import prospects
from tunesmith.errors import InvalidStudy, without_inner_frames
from tunesmith.held_out import Test
from tunesmith.run.attempt import Target
from tunesmith.run.devices import devices_from
from tunesmith.run.driver import Driver
from tunesmith.run.executor import Executor
from tunesmith.run.inline import Inline
from tunesmith.run.origin import NOWHERE, Origin, origin_of
from tunesmith.run.processes import Processes
from tunesmith.run.progress import Progress, watcher_for
from tunesmith.run.ranks import Ranks, follow, place_in_torchrun
from tunesmith.run.record import take_record
from tunesmith.run.threads import one_thread
from tunesmith.run.watcher import Silent, Watcher
from tunesmith.run.words import config_text, metrics_text, plural
from tunesmith.samplers.base import Sampler
from tunesmith.schedulers.auto import choose_scheduler, confirmation, kept_to
from tunesmith.schedulers.base import Scheduler
from tunesmith.space.hints import bind, name_of
from tunesmith.space.space import Space
from tunesmith.stores.base import Store
from tunesmith.stores.memory import MemoryStore
from tunesmith.study import DEFAULT_STORE, Study
from tunesmith.trials.facts import Draft, Revised
from tunesmith.trials.spec import Pick, StudySpec, seconds_from
from tunesmith.trials.trial import State
from tunesmith.warm_start import Source


@without_inner_frames
def tune(
    function: Callable[..., Any],
    *,
    space: Space | Mapping[str, object] | None = None,
    minimize: str | Sequence[str] | None = None,
    maximize: str | Sequence[str] | None = None,
    limits: Mapping[str, str] | None = None,
    trials: int | None = None,
    time: str | float | None = None,
    cost: float | None = None,
    parallel: int = 1,
    executor: Literal["auto", "inline", "processes"] | Executor | Callable[..., Executor] = "auto",
    devices: str | int | Sequence[int | str] = "auto",
    trial_time: str | float | None = None,
    name: str | None = None,
    store: str | Path | Store | None = DEFAULT_STORE,
    seed: int | None = None,
    sampler: str | Sampler | None = None,
    scheduler: str | Scheduler | None = None,
    points: Sequence[Mapping[str, Any]] = (),
    pick: Pick | None = None,
    steps: int | None = None,
    confirm: float | None = None,
    stop: Literal["budget", "auto"] | None = None,
    warm_start: Sequence[Source] = (),
    test: Test | None = None,
    progress: Progress | Watcher = "auto",
) -> Study:
    """Search the hyperparameters of a training function.

    `function` returns a number or a dict of metrics, or yields them once per step, so that hopeless trials can be
    stopped. Its space comes from its type hints or from `space`. `trials`, `time` ("2h") and `cost` are totals: running
    the same script again continues to them, also after a crash. `limits` are outcome constraints, such as
    `{"memory_gb": "<= 8"}`.

    `parallel` trials run at a time, each in a process of its own with one of the `devices`; a single one runs in this
    process, unless `executor="processes"`. `executor=ts.simulated(seconds=40)` plays the study through on a virtual clock,
    in memory: how long would it take on `parallel=64` places? `trial_time` ends single trials that take too long. Under
    `torchrun` all processes train each trial together, for distributed training.

    `name` is the study's, by default the function's. `store=None` keeps it in memory only. `points` are configurations
    to try right after the default one. `pick` says which report is a trial's value: "last" (default), "best", or the "mean"
    of all, as of folds. `steps` is how many reports a full training makes, which early stopping otherwise learns.

    Up to the part `confirm` of the budget, 0.15 unless told otherwise, goes to repeats of the best configurations and the
    default on fresh seeds, if values depend on the seed: `study.confirmed` says what the winner is really worth. 0 for none.
    `stop="auto"` ends the search before its budget does when further trials are expected to bring less than luck would.
    `test(config, state)` is called once, for the winner, when the budget is spent; `state` is what its training saved last.
    Metrics called `test_...` that trainings report are sealed until then: `study.test()` tells what was seen.

    `warm_start` names earlier studies of like spaces to begin from: by name, as "other.db::name", as a `Study`, or with
    `ts.WarmStart(study, renamed={"old": "new"})`.

    Ctrl-C once ends the search fairly and returns; twice raises KeyboardInterrupt, SIGTERM ends the program, both after
    all that was reported is safe. Returns the study: `study.best.config`, `study.best.values`, `study.report("report.html")`.
    """
    if isinstance(parallel, bool) or not isinstance(parallel, int) or parallel < 1:
        raise InvalidStudy(f"parallel={parallel!r}: give the number of trials to run at a time, 1 or more.")
    binding = bind(function, Space(space) if isinstance(space, Mapping) else space)
    if (trials, time, cost) == (None, None, None) and binding.space.size is None:
        raise InvalidStudy("How long shall it search? Give trials=60, or time='2h', or cost=.")
    target = Target(function, binding)
    seconds = seconds_from(trial_time, "trial_time")
    watcher = watcher_for(progress)
    place = place_in_torchrun()
    if place is None:
        places = executor_for(executor, target, parallel=parallel, devices=devices_from(devices), time_limit=seconds)
    else:
        _check_for_torchrun(executor, parallel, store)
        if place.rank > 0:
            follow(target, place)
            return Study.open(name or name_of(function), store=store)
        places = Ranks(target, place, time_limit=seconds)
    study = Study.open(
        name or name_of(function),
        space=binding.space,
        minimize=minimize,
        maximize=maximize,
        limits=limits,
        store=_store_beside(places, store),
        seed=seed,
        trials=trials,
        time=time,
        cost=cost,
        sampler=sampler,
        scheduler=scheduler,
        points=points,
        pick=pick,
        steps=steps,
        confirm=confirm,
        stop=stop,
        warm_start=warm_start,
    )
    try:
        return run_study(study, places, watcher, origin=origin_of(function), test=test)
    except BaseException:
        study.close()
        raise


def executor_for(
    executor: str | Executor | Callable[..., Executor],
    target: Target,
    *,
    parallel: int,
    devices: Sequence[str],
    time_limit: float | None,
) -> Executor:
    """The executor that a user means by its name, or by what makes it from a target and `slots`."""
    if callable(executor):
        return executor(target, slots=parallel)
    if not isinstance(executor, str):
        return executor
    if executor == "auto":
        executor = "inline" if parallel == 1 else "processes"
    if executor == "inline":
        if parallel != 1:
            raise InvalidStudy(
                f"executor='inline' runs one trial at a time, not {parallel}; leave executor out, or say 'processes'."
            )
        return Inline(target, time_limit=time_limit)
    if executor == "processes":
        return Processes(target, slots=parallel, devices=devices, time_limit=time_limit)
    raise InvalidStudy(f"executor={executor!r} is not known; say 'auto', 'inline' or 'processes', or give an executor.")


def _check_for_torchrun(executor: object, parallel: int, store: object) -> None:
    if executor not in ("auto", "inline") or parallel != 1:
        raise InvalidStudy(
            "Under torchrun all processes train one trial together: leave out executor= and parallel=, or start without torchrun."
        )
    if store in (None, "memory") or isinstance(store, MemoryStore):
        raise InvalidStudy(
            "Under torchrun the study must be kept where all processes can read it; give store='sqlite:///tunesmith.db'."
        )


def _store_beside(executor: Executor, store: str | Path | Store | None) -> str | Path | Store | None:
    """Where the study is kept. Times of another clock do not belong among those of real studies."""
    if executor.clock is real_time or not (store is None or isinstance(store, str | Path)):
        return store
    if store not in (None, "memory", DEFAULT_STORE):
        raise InvalidStudy(f"store={str(store)!r}: a simulated study is kept in memory; leave store out, or give None.")
    return MemoryStore(executor.clock)


def run_study(
    study: Study, executor: Executor, watcher: Watcher, *, origin: Origin = NOWHERE, test: Test | None = None
) -> Study:
    """Run trials of a study on an executor until a budget is spent, and say how it ended."""
    if study.spec.paused:
        # Whoever starts it wants it to go on.
        study.store.append(study.name, [Draft(None, Revised(replace(study.spec, paused=False)))])
    if study.spec.scheduler == "auto":
        study.scheduler = choose_scheduler(study.spec, parks=executor.parks)
    driver = Driver(
        store=study.store,
        study=study.name,
        executor=executor,
        sampler=study.sampler.sampler,
        scheduler=kept_to(study.spec, study.scheduler.scheduler),
        watcher=watcher,
        folder=study.folder,
        record=take_record(origin, executor, devices_from("auto")),
        clock=executor.clock,
    )
    try:
        choices = [study.sampler.why, study.scheduler.why, *confirmation(study.spec)]
        watcher.said("\n  ".join([f"Study {study.name!r}: {_goal(study.spec)}", *choices]))
        study.ending = driver.run()
    finally:
        watcher.close()
    if not study.ending.can_continue:
        study.test(test)
    if not isinstance(watcher, Silent):  # which trial is the best may take a model of them all to tell
        with one_thread():
            watcher.said(_result(study))
    if study.ending.leaves is not None:
        raise study.ending.leaves
    return study


def _goal(spec: StudySpec) -> str:
    goals = " and ".join(f"{objective.direction} {objective.metric}" for objective in spec.objectives)
    over = "" if spec.space.grows else f" over {plural(len(spec.space), 'parameter')}"
    return f"{goals}{over} ({spec.counts})"


def _result(study: Study) -> str:
    assert study.ending is not None
    view = study.view
    found = best_of(view)
    ended = f"Ended: {study.ending.reason}."
    if study.ending.can_continue:
        ended += " Run the same command again to continue."
    if found is None:
        return f"{ended} No trial has a result."
    names = [objective.metric for objective in view.spec.objectives]
    if len(names) > 1:
        trials = front_of(view)
        lines = [
            f"  {trial.number}: {metrics_text(trial.values, names)}  {config_text(trial.config)}"
            for trial in trials[:5]
        ]
        more = [f"  and {len(trials) - 5} more"] if len(trials) > 5 else []
        return "\n".join([f"{ended} Of {len(view.trials)} trials {len(trials)} are on the front:", *lines, *more])
    best = found.trial
    said = f"{ended} Best of {len(view.trials)} trials is number {best.number}: {metrics_text(best.values, names)}"
    early = f"it was stopped early: {best.reason}" if best.state is State.STOPPED and best.reason else ""
    seen = looks(view)
    tested = f"test set, looked at {plural(len(seen), 'time')}: {seen[-1].sentence}" if look_at(best) else ""
    further = prospects(view)
    return "\n  ".join(
        filter(None, [said, early, found.caveat, tested, config_text(best.config), further.sentence if further else ""])
    )
