"""Range tests on real trainings: right for any optimizer, and without a trace."""

from __future__ import annotations

import copy
import random
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import tunesmith as ts
from tunesmith.errors import InvalidStudy


def data(count=256):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(count, 6, generator=generator)
    return x, (x[:, 0] + 0.3 * x[:, 1] > 0).long()


class Counting(nn.Module):
    """A network with everything that is easily forgotten: buffers, dropout, a counter, a generator."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 2))
        self.register_buffer("seen", torch.zeros(()), persistent=False)
        self.calls = 0
        self.generator = torch.Generator().manual_seed(3)

    def forward(self, x):
        self.calls += 1
        self.seen += len(x)
        return self.layers(x + 0.01 * torch.randn(x.shape, generator=self.generator))


def loader(generator=None):
    return DataLoader(TensorDataset(*data()), batch_size=32, shuffle=True, generator=generator)


OPTIMIZERS = {
    "sgd": lambda m: torch.optim.SGD(m.parameters(), 0.1, momentum=0.9),
    "adamw": lambda m: torch.optim.AdamW(m.parameters(), 1e-3, amsgrad=True),
    "lbfgs": lambda m: torch.optim.LBFGS(m.parameters(), 0.1, max_iter=3),
    "groups": lambda m: torch.optim.Adam(
        [{"params": m.layers[0].parameters(), "lr": 1e-4}, {"params": m.layers[4].parameters()}], 1e-2
    ),
    "tensor rate": lambda m: torch.optim.Adam(m.parameters(), torch.tensor(1e-3), foreach=False, capturable=False),
}


def training(make, *, test_after=None, steps=12, **options):
    """A short training; before step `test_after` there is a range test. Everything that it leaves."""
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    model = Counting()
    optimizer = make(model)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.5) if make is not OPTIMIZERS["tensor rate"] else None
    batches = loader(torch.Generator().manual_seed(5))
    trail = []
    source = iter(batches)
    for step in range(steps):
        if step == test_after:
            ts.lr_range(model, batches, nn.CrossEntropyLoss(), optimizer, steps=25, seeds=2, **options)
        x, y = next(source, None) or next(source := iter(batches))

        def closure(x=x, y=y):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            return loss

        trail.append(float(optimizer.step(closure).detach()))
        if schedule is not None:
            schedule.step()
    rates = [float(group["lr"]) for group in optimizer.param_groups]
    drawn = [torch.rand(3), torch.tensor(np.random.rand(3)), torch.tensor(random.random())]  # noqa: NPY002
    gradients = [p.grad for p in model.parameters()]
    return trail, model.calls, rates, [*model.state_dict().values(), model.seen, *gradients, *drawn]


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("after", [0, 5])
def test_a_training_goes_on_as_if_there_had_been_no_test(name, after):
    """bit for bit: before its first step and in its midst, in the midst of an epoch too"""
    plain = training(OPTIMIZERS[name])
    tested = training(OPTIMIZERS[name], test_after=after)
    assert plain[:3] == tested[:3]
    for before, now in zip(plain[3], tested[3], strict=True):
        assert torch.equal(before, now)


@pytest.mark.parametrize("options", [{"accumulate": 2}, {"precision": "bf16"}, {"also": "ema"}])
def test_all_ways_of_training_are_put_back(options):
    """accumulation, mixed precision"""
    plain = training(OPTIMIZERS["adamw"])
    if options.get("also"):
        options = {"also": [torch.optim.swa_utils.AveragedModel(nn.Linear(2, 2))]}
    tested = training(OPTIMIZERS["adamw"], test_after=4, **options)
    assert plain[:3] == tested[:3]
    assert all(torch.equal(*pair) for pair in zip(plain[3], tested[3], strict=True))


def test_the_same_test_gives_the_same_answer():
    """twice on the same training, whatever has been drawn in between"""
    model = Counting()
    optimizer = torch.optim.Adam(model.parameters())
    first = ts.lr_range(model, loader(), nn.CrossEntropyLoss(), optimizer, steps=30, seeds=2)
    torch.rand(7)
    again = ts.lr_range(model, loader(), nn.CrossEntropyLoss(), optimizer, steps=30, seeds=2)
    assert np.array_equal(first.losses, again.losses, equal_nan=True)


@pytest.mark.parametrize("name", ["sgd", "adamw", "groups"])
def test_finds_rates_that_train(name):
    """the suggestion trains, and the range lies around it"""
    torch.manual_seed(1)
    model = Counting()
    optimizer = OPTIMIZERS[name](model)
    found = ts.lr_range(model, loader(), nn.CrossEntropyLoss(), optimizer)
    assert found.clear, found.why
    for group, ratio in zip(optimizer.param_groups, [0.01, 1] if name == "groups" else [1], strict=True):
        group["lr"] = found.suggested * ratio
    for _ in range(10):
        for x, y in loader():
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
    model.eval()
    x, y = data()
    assert float((model(x).argmax(1) == y).float().mean()) > 0.9


def test_groups_keep_their_ratio():
    """while the rate of the fastest is swept"""
    seen = []
    model = nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 2))
    optimizer = torch.optim.SGD([{"params": model[0].parameters(), "lr": 0.02}, {"params": model[1].parameters()}], 0.1)
    optimizer.register_step_pre_hook(lambda o, *_: seen.append([group["lr"] for group in o.param_groups]))
    found = ts.lr_range(model, loader(), nn.CrossEntropyLoss(), optimizer, seeds=1)
    assert [fast for _, fast in seen] == pytest.approx(found.rates[: len(seen)])
    assert all(slow == pytest.approx(0.2 * fast) for slow, fast in seen)


def test_closures_are_evaluated():
    """a full batch of a smooth problem: LBFGS has something to say"""
    model = nn.Linear(6, 2)
    x, y = data()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3)
    assert ts.lr_range(model, [(x, y)], nn.CrossEntropyLoss(), optimizer, seeds=1, high=100).clear


def test_step_of_ones_own():
    """an optimizer that looks ahead before it steps (SAM), in a training step that only its author knows"""
    torch.manual_seed(0)
    model = nn.Linear(6, 2)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(batch):
        x, y = batch
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        ascent = [0.05 * p.grad / (p.grad.norm() + 1e-12) for p in model.parameters()]
        with torch.no_grad():
            torch._foreach_add_(list(model.parameters()), ascent)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        with torch.no_grad():
            torch._foreach_sub_(list(model.parameters()), ascent)
        optimizer.step()
        optimizer.zero_grad()
        return loss

    before = copy.deepcopy(model.state_dict())
    assert ts.lr_range(model, loader(), optimizer=optimizer, step=step).clear
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_wrapped_optimizers_are_put_back():
    """one that holds another one, shares its groups, and keeps weights of its own"""

    class Lookahead(torch.optim.Optimizer):
        def __init__(self, inner):
            self.inner = inner
            torch.optim.Optimizer.__init__(self, inner.param_groups, {})
            self.param_groups = inner.param_groups
            self.slow = [p.detach().clone() for g in self.param_groups for p in g["params"]]
            self.count = 0

        def step(self):
            self.inner.step()
            self.count += 1
            for slow, p in zip(self.slow, (p for g in self.param_groups for p in g["params"]), strict=True):
                slow.lerp_(p.detach(), 0.5)

    model = nn.Linear(6, 2)
    optimizer = Lookahead(torch.optim.Adam(model.parameters(), 1e-3))
    slow = [one.clone() for one in optimizer.slow]
    ts.lr_range(model, loader(), nn.CrossEntropyLoss(), optimizer, seeds=1)
    assert (optimizer.count, len(optimizer.inner.state)) == (0, 0)
    assert all(torch.equal(*pair) for pair in zip(slow, optimizer.slow, strict=True))
    assert optimizer.param_groups is optimizer.inner.param_groups
    assert optimizer.param_groups[0]["lr"] == 1e-3


def test_persistent_workers_keep_their_place():
    """a loader in the midst of an epoch, whose workers stay"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kept = DataLoader(
            TensorDataset(*data(64)), batch_size=16, shuffle=True, num_workers=1, persistent_workers=True,
            generator=torch.Generator().manual_seed(1),
        )  # fmt: skip
        source = iter(kept)
        next(source)
        ts.lr_range(nn.Linear(6, 2), kept, nn.CrossEntropyLoss(), seeds=1, steps=20)
        assert len(list(source)) == 3


def test_batches_of_any_shape():
    """dicts, through a loss of model and batch"""
    batches = [{"inputs": x, "labels": y} for x, y in loader()]
    model = nn.Linear(6, 2)
    found = ts.lr_range(
        model, batches, batch_loss=lambda m, b: nn.functional.cross_entropy(m(b["inputs"]), b["labels"]), seeds=1
    )
    assert found.clear


def test_labels_by_chance_tell_nothing():
    """as the reason says"""
    torch.manual_seed(0)
    x, y = data()
    found = ts.lr_range(
        nn.Linear(6, 2), DataLoader(TensorDataset(x, y[torch.randperm(len(y))]), 32), nn.CrossEntropyLoss()
    )
    assert not found.clear
    assert "labels" in found.why


def test_an_error_inside_leaves_no_trace():
    """of the test either"""
    model = nn.Linear(6, 2)
    before = copy.deepcopy(model.state_dict())
    calls = []

    def loss(scores, y):
        calls.append(1)
        if len(calls) == 7:
            raise ZeroDivisionError
        return nn.functional.cross_entropy(scores, y)

    with pytest.raises(ZeroDivisionError):
        ts.lr_range(model, loader(), loss)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"low": 1.0, "high": 0.1}, "low < high"),
        ({"steps": 3}, "at least 20"),
        ({"loader": iter([])}, "iterator"),
        ({"loader": []}, "no batch"),
        ({"loss": None}, "batch_loss"),
        ({"step": float}, "give the optimizer"),
        ({"optimizer": torch.optim.SGD([torch.zeros(1)], 0.0)}, "are 0"),
    ],
)
def test_says_what_is_wrong(arguments, message):
    """before any work"""
    given = {"loader": loader(), "loss": nn.CrossEntropyLoss(), **arguments}
    with pytest.raises(InvalidStudy, match=message):
        ts.lr_range(nn.Linear(6, 2), **given)


def test_lazy_layers_are_run_first():
    """since weights that do not exist yet cannot be put back"""
    with pytest.raises(InvalidStudy, match="lazy"):
        ts.lr_range(nn.LazyLinear(2), loader(), nn.CrossEntropyLoss(), torch.optim.SGD([torch.zeros(1)], 0.1))
