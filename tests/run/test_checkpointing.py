"""`ctx.checkpoint`: a training that is interrupted anywhere goes on bit for bit as if it had not been."""

from __future__ import annotations

import os
import random
import signal
import warnings

import numpy as np
import pytest
import torch
from torch import nn

import tunesmith as ts
from tunesmith.errors import InvalidObjective
from tunesmith.run.attempt import Target, run_attempt
from tunesmith.run.context import Context
from tunesmith.run.executor import Job, Parked
from tunesmith.run.folder import fork_checkpoint, load_checkpoint
from tunesmith.space import Float, Space, bind
from tunesmith.trials import Finished, Noted, Reported

SPACE = Space({"lr": Float(1e-4, 1.0, log=True)})
EPOCHS = 6


def make(lr):
    model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr, momentum=0.9)
    return model, optimizer, torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)


def epoch_of(model, optimizer, generator=None):
    """Draws from every source of randomness that there is."""
    x = torch.randn(16, 3, generator=generator) + random.random() + float(np.random.rand())  # noqa: NPY002
    loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def train(lr, ctx):
    model, optimizer, schedule = make(lr)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch about its own
        average = torch.optim.swa_utils.AveragedModel(model)
    order, keeper = torch.Generator().manual_seed(1), ts.EarlyStopping(patience=9)
    for epoch in ctx.checkpoint(model, optimizer, schedule, average, order, keeper).steps(EPOCHS):
        loss = epoch_of(model, optimizer, order)
        keeper.update(loss)
        ctx.report(loss=loss, best=keeper.best, lr=optimizer.param_groups[0]["lr"], epoch=epoch)
        average.update_parameters(model)
        schedule.step()
    return {"loss": float(sum(p.detach().sum() for p in average.parameters()))}


def job(folder, number=0, lr=0.1, **changes):
    return Job("s", number, changes.pop("attempt", 1), {"lr": lr}, seed=7, metrics=("loss",), folder=folder, **changes)


def told(function, given, answers=None):
    """What an attempt says, and its end; `answers` are signals by the number of the report."""
    said = []

    def exchange(fact):
        said.append(fact)
        reports = sum(isinstance(each, Reported) for each in said)
        return "release" if isinstance(fact, Parked) else (answers or {}).get(reports, "continue")

    end = run_attempt(Target(function, bind(function, SPACE)), given, exchange)
    return said, end


def reports_of(said):
    return {fact.step: dict(fact.metrics) for fact in said if isinstance(fact, Reported)}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    said, end = told(train, job(tmp_path_factory.mktemp("whole")))
    assert isinstance(end, Finished)
    return reports_of(said), end.values


@pytest.mark.parametrize("at", range(1, EPOCHS + 1))
def test_a_training_that_was_paused_goes_on_exactly(tmp_path, undisturbed, at):
    """also if it was told to pause at its very first report, and at its last"""
    first, none = told(train, job(tmp_path), {at: "pause"})
    assert none is None
    assert first[-1] == Parked(at, saved=True)
    second, end = told(train, job(tmp_path, after=at))
    assert reports_of(first) | reports_of(second) == undisturbed[0]
    assert len(reports_of(second)) == EPOCHS - at
    assert end.values == undisturbed[1]


@pytest.mark.parametrize("at", [1, 3])
def test_a_training_that_was_killed_goes_on_from_its_last_checkpoint(tmp_path, undisturbed, at):
    """told to stop stands for a kill: nothing is saved after it"""
    first, _ = told(train, job(tmp_path), {at: "stop"})
    second, end = told(train, job(tmp_path, attempt=2))
    assert min(reports_of(second)) == at  # its report came before its checkpoint
    assert reports_of(first) | reports_of(second) == undisturbed[0]
    assert end.values == undisturbed[1]


def test_kill_9_and_a_study_goes_on(tmp_path):
    """real processes: the numbers are those of a study without the kill"""

    def dying(lr, ctx):
        model, optimizer, _ = make(lr)
        for epoch in ctx.checkpoint(model, optimizer).steps(4):
            if deadly and epoch == 2 and ctx.attempt == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            ctx.report(loss=epoch_of(model, optimizer))

    curves = []
    for deadly in (False, True):
        with ts.tune(
            dying, space=SPACE, minimize="loss", trials=1, executor="processes", name=f"kill-{deadly}", progress="quiet",
            store=tmp_path / "s.db", seed=1, scheduler="none",
        ) as study:  # fmt: skip
            assert study.trials[0].attempt == 1 + deadly
            curves.append(study.view.curve(0, "loss")[1].tolist())
    assert curves[0] == curves[1]
    assert len(curves[0]) == 4


def test_saves_every_few_steps_at_the_end_and_before_a_pause(tmp_path):
    saved = []

    def sparse(lr, ctx):
        model, optimizer, _ = make(lr)
        for _ in ctx.checkpoint(model, optimizer, every=3).steps(8):
            saved.append(getattr(load_checkpoint(tmp_path), "step", 0))
            ctx.report(loss=epoch_of(model, optimizer))

    told(sparse, job(tmp_path), {5: "pause"})
    assert saved == [0, 0, 0, 3, 3]
    saved.clear()
    said, _ = told(sparse, job(tmp_path, after=5))
    assert saved == [5, 6, 6]
    assert load_checkpoint(tmp_path).step == 8
    assert not [fact for fact in said if isinstance(fact, Noted)]  # nothing was trained again


def test_only_steps_that_reported_are_saved(tmp_path):
    """batches with a report now and then: a training goes on after the last report, wherever its loop was"""
    begun = []

    def batches(lr, ctx):
        model, optimizer, _ = make(lr)
        for batch in ctx.checkpoint(model, optimizer).steps(20):
            begun.append(batch)
            loss = epoch_of(model, optimizer)
            if (batch + 1) % 5 == 0:
                ctx.report(loss=loss, step=batch + 1)

    told(batches, job(tmp_path), {3: "stop"})
    begun.clear()
    told(batches, job(tmp_path, attempt=2))
    assert begun == list(range(10, 20))


def test_a_fork_goes_on_with_its_own_rate_along_the_parents_schedule(tmp_path):
    """momentum and place come from the parent; the learning rate is that of the fork, as far as it has decayed"""
    parent, fork = tmp_path / "0", tmp_path / "1"
    said, _ = told(train, job(parent), {4: "pause"})
    assert reports_of(said)[4]["lr"] == pytest.approx(0.05)
    assert fork_checkpoint(parent, fork)
    said, _ = told(train, job(fork, number=1, lr=0.4, after=4))
    rates = {step: metrics["lr"] for step, metrics in reports_of(said).items()}
    assert rates == pytest.approx({5: 0.1, 6: 0.1})


def test_other_settings_of_a_fork_are_its_own(tmp_path):
    seen = {}

    def decays(lr, ctx):
        model = nn.Linear(3, 1)
        optimizer = torch.optim.AdamW(model.parameters(), 0.01, weight_decay=lr, betas=(1 - lr, 0.99))
        for _ in ctx.checkpoint(model, optimizer).steps(4):
            seen[ctx.number] = optimizer.param_groups[0]["weight_decay"], optimizer.param_groups[0]["betas"]
            ctx.report(loss=epoch_of(model, optimizer))

    told(decays, job(tmp_path / "0"), {2: "pause"})
    fork_checkpoint(tmp_path / "0", tmp_path / "1")
    told(decays, job(tmp_path / "1", number=1, lr=0.2, after=2))
    assert seen == {0: (0.1, (0.9, 0.99)), 1: (0.2, (0.8, 0.99))}


def test_a_population_explores_through_its_optimizers(tmp_path):
    """PBT end to end: members go on from others, and train with the rates that their configurations name"""

    def member(lr, ctx):
        model, optimizer, _ = make(lr)
        for _ in ctx.checkpoint(model, optimizer).steps(6):
            ctx.report(loss=epoch_of(model, optimizer), lr=optimizer.param_groups[0]["lr"])

    with ts.tune(
        member, space=SPACE, minimize="loss", trials=8, scheduler=ts.PBT(population=4, interval=2), name="pbt",
        progress="quiet", store=tmp_path / "s.db", seed=0,
    ) as study:  # fmt: skip
        forks = [trial for trial in study.trials if trial.parent is not None]
        assert forks
        for trial in study.trials:
            rates = study.view.curve(trial.number, "lr")[1]
            assert rates == pytest.approx(np.full(len(rates), trial.config["lr"]))


def test_a_study_without_files_trains_all_the_same(undisturbed):
    """memory only: nothing is kept, and a pause waits in memory"""
    said, end = told(train, job(None))
    assert reports_of(said) == undisturbed[0]
    assert end.values == undisturbed[1]
    said, _ = told(train, job(None), {1: "pause"})
    assert said[-1] == Parked(1, saved=False)


def test_loops_of_ones_own(tmp_path):
    def loop(lr, ctx):
        model, optimizer, _ = make(lr)
        kept = ctx.checkpoint(model, optimizer)
        while kept.done < 4:
            loss = epoch_of(model, optimizer)
            kept.done += 1
            ctx.report(loss=loss)
            kept.save()

    first, _ = told(loop, job(tmp_path), {2: "pause"})
    second, _ = told(loop, job(tmp_path, after=2))
    whole, _ = told(loop, job(None))
    assert reports_of(first) | reports_of(second) == reports_of(whole)


def test_functions_that_yield_are_kept_too(tmp_path):
    def yielding(lr, ctx):
        model, optimizer, _ = make(lr)
        for _ in ctx.checkpoint(model, optimizer).steps(4):
            yield epoch_of(model, optimizer)

    whole, _ = told(yielding, job(None))
    first, _ = told(yielding, job(tmp_path), {2: "pause"})
    assert first[-1] == Parked(2, saved=True)
    second, _ = told(yielding, job(tmp_path, after=2))
    assert reports_of(first) | reports_of(second) == reports_of(whole)


def test_numpy_generators_are_kept_too(tmp_path):
    def drawing(lr, ctx):
        rng = np.random.default_rng(0)
        for _ in ctx.checkpoint(rng).steps(4):
            ctx.report(loss=rng.random())

    whole, _ = told(drawing, job(None))
    first, _ = told(drawing, job(tmp_path), {2: "pause"})
    second, _ = told(drawing, job(tmp_path, after=2))
    assert reports_of(first) | reports_of(second) == reports_of(whole)


def test_mistakes_are_said_at_once(tmp_path):
    context = Context(job(tmp_path), lambda _: "continue")
    with pytest.raises(InvalidObjective, match="argument 2 is list, which has no state_dict"):
        context.checkpoint(nn.Linear(1, 1), [1, 2])
    with pytest.raises(InvalidObjective, match="every=0"):
        context.checkpoint(nn.Linear(1, 1), every=0)
    context.report(loss=1.0)
    context.checkpoint(nn.Linear(1, 1)).save()
    with pytest.raises(InvalidObjective, match="other parts than these"):
        context.checkpoint(nn.Linear(1, 1), nn.Linear(1, 1))
