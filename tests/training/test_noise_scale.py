"""The gradient noise scale, on gradients of known noise, and the rules that follow from it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import nn

import tunesmith as ts
from tunesmith.errors import InvalidStudy
from tunesmith.training.noise import bend, noise_from_groups


def gradients(rng, *, signal, noise, batch, groups=10, batches=10, width=200):
    """Gram matrix and squares of groups of gradients around one of norm `signal`, with trace `noise` per example."""
    true = np.full(width, signal / math.sqrt(width))
    drawn = true + rng.normal(size=(groups, batches, width)) * math.sqrt(noise / batch / width)
    means = drawn.mean(1)
    return means @ means.T, (drawn**2).sum(2).mean(1), batches, batch


@pytest.mark.parametrize("critical", [5.0, 50.0, 500.0])
def test_known_noise_is_found(critical):
    """the interval holds the truth about as often as it says, and the estimate is near it"""
    held, ratios = [], []
    for seed in range(100):
        found = noise_from_groups(*gradients(np.random.default_rng(seed), signal=1.0, noise=critical, batch=16))
        held.append(found.low <= critical <= found.high)
        ratios.append(found.critical / critical)
    assert np.mean(held) > 0.85
    assert 0.9 < np.median(ratios) < 1.1


def test_hidden_signals_give_a_lower_bound():
    """noise alone: no finite number is claimed"""
    found = [
        noise_from_groups(*gradients(np.random.default_rng(seed), signal=0.0, noise=1.0, batch=4)) for seed in range(20)
    ]
    assert sum(math.isinf(one.high) for one in found) >= 18
    assert "more batches" in next(one for one in found if math.isinf(one.critical)).why


def test_no_noise():
    """a full batch each time"""
    found = noise_from_groups(np.ones((3, 3)), np.ones(3), 2, 8)
    assert found.critical == 0
    assert "no noise" in found.why


def test_regression_has_the_noise_that_its_formula_says():
    """per-example gradients of a linear model, computed one by one"""
    torch.manual_seed(0)
    x, y = torch.randn(4000, 5), torch.randn(4000, 1)
    model = nn.Linear(5, 1)
    before = [p.clone() for p in model.parameters()]
    state = torch.get_rng_state()
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), 20, shuffle=True)
    found = ts.noise_scale(model, data, nn.MSELoss(), batches=400)
    rows = torch.cat([x, torch.ones(4000, 1)], 1) * 2 * (model(x) - y).detach()
    mean = rows.mean(0)
    expected = float(((rows - mean) ** 2).sum(1).mean() / (mean**2).sum())
    assert found.low <= expected <= found.high
    assert found.critical == pytest.approx(expected, rel=0.3)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(*pair) for pair in zip(before, model.parameters(), strict=True))
    assert all(p.grad is None for p in model.parameters())


def test_batches_of_dicts():
    """through a loss of model and batch"""
    torch.manual_seed(0)
    batches = [{"x": torch.randn(8, 3)} for _ in range(10)]
    found = ts.noise_scale(
        nn.Linear(3, 1), batches, batch_loss=lambda m, b: (m(b["x"]) - 1).square().mean(), batches=30
    )
    assert found.critical > 0


@pytest.mark.parametrize("critical", [3.0, 64.0, 1000.0])
def test_bend_is_that_of_the_law(critical):
    """steps = least (1 + critical / batch)"""
    sizes = [8, 16, 32, 64, 128, 256, 512]
    found = bend(sizes, [100 * (1 + critical / size) for size in sizes])
    assert found.critical == pytest.approx(critical)
    assert found.steps(32) == pytest.approx(100 * (1 + critical / 32))


def test_bend_beyond_all_sizes():
    """steps that halve with each doubling never bend"""
    assert bend([1, 2, 4], [100, 50, 25]).critical > 1e6
    with pytest.raises(InvalidStudy, match="two batches"):
        bend([1], [2])


# -- what changes with the batch -------------------------------------------------------------------------------------


def test_sgd_is_linear():
    """Goyal et al.: the rate by k, steps by 1 / k, weight decay and momentum as they are"""
    found = ts.scale_batch(64, 256, lr=0.1, optimizer="sgd", steps=1000, betas=(0.9,), weight_decay=5e-4)
    assert (found.batch, found.steps, found.betas, found.accumulate) == (256, 250, (0.9,), 1)
    assert found.lr == pytest.approx(0.4)
    assert found.weight_decay == pytest.approx(5e-4)


def test_adam_goes_with_the_square_root():
    """Malladi et al.: the rate by √k, 1 - β by k; the decay's time-scale in epochs stays (Wang & Aitchison)"""
    found = ts.scale_batch(64, 256, lr=1e-3, optimizer="AdamW", steps=1000, betas=(0.9, 0.999), weight_decay=0.1)
    assert found.lr == pytest.approx(2e-3)
    assert found.betas == pytest.approx((0.6, 0.996))
    epochs = [rate * decay / size for rate, decay, size in ((1e-3, 0.1, 64), (found.lr, found.weight_decay, 256))]
    assert epochs[0] == pytest.approx(epochs[1])


@given(st.sampled_from(["sgd", "adam"]), st.integers(1, 4096), st.integers(1, 4096), st.none() | st.floats(1, 1e5))
@settings(max_examples=200, deadline=None)
def test_there_and_back_is_where_it_began(optimizer, here, there, critical):
    """the rules are consistent, also beyond the critical batch"""
    out = ts.scale_batch(here, there, lr=0.01, optimizer=optimizer, weight_decay=0.1, critical=critical)
    back = ts.scale_batch(there, here, lr=out.lr, optimizer=optimizer, weight_decay=out.weight_decay, critical=critical)
    assert (back.lr, back.weight_decay) == (pytest.approx(0.01), pytest.approx(0.1))


def test_beyond_the_critical_batch_little_is_gained():
    """the rate stays, and steps fall by less"""
    found = ts.scale_batch(100, 10_000, lr=0.1, optimizer="sgd", steps=1000, critical=100)
    assert found.lr == pytest.approx(0.1)
    assert found.steps == pytest.approx(505)
    assert "critical" in found.why


@given(st.integers(1, 5000), st.integers(1, 600))
def test_memory_is_respected(to, fits):
    """parts are equal, and as few as can be"""
    found = ts.scale_batch(32, to, lr=0.1, fits=fits)
    assert found.micro_batch * found.accumulate == found.batch <= to
    assert found.micro_batch <= fits
    assert found.accumulate == -(-to // fits)
    assert found.batch > to - found.accumulate


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"optimizer": "mystery"}, "nearest"), ({"lr": 0.0}, "positive"), ({"fits": 0}, "positive")],
)
def test_says_what_is_wrong(arguments, message):
    """at once"""
    with pytest.raises(InvalidStudy, match=message):
        ts.scale_batch(32, 64, **{"lr": 0.1, **arguments})
