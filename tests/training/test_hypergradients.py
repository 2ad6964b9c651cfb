"""Hypergradients against closed forms and finite differences, and what they do for trainings."""

from __future__ import annotations

import copy
import math
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  as everywhere

import tunesmith as ts
from tunesmith.errors import InvalidStudy
from tunesmith.training.hypergradient.solvers import conjugate_gradients, implicit_gradient, neumann_series

D = torch.float64


def ridge(seed=0, rows=60, width=6):
    """Data of a linear model with noise, to train and to validate."""
    generator = torch.Generator().manual_seed(seed)
    w = torch.randn(width, generator=generator, dtype=D)
    x, xv = (torch.randn(n, width, generator=generator, dtype=D) for n in (rows, 40))
    y, yv = (a @ w + 2 * torch.randn(len(a), generator=generator, dtype=D) for a in (x, xv))
    return x, y, xv, yv


def solution(x, y, decays):
    return torch.linalg.solve(x.T @ x / len(y) + torch.diag(decays), x.T @ y / len(y))


def losses(x, y, xv, yv):
    def train(w, decays):
        return 0.5 * ((x @ w - y) ** 2).mean() + 0.5 * (decays * w**2).sum()

    return train, lambda w: 0.5 * ((xv @ w - yv) ** 2).mean()


# -- against what is known -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("method", "iterations", "digits"), [("cg", 12, 1e-8), ("neumann", 2000, 1e-6)])
def test_ridge_regression_has_a_closed_form(seed, method, iterations, digits):
    """one decay for each weight, at the exact minimum: the derivative through the solution of the normal equations"""
    data = ridge(seed)
    train, val = losses(*data)
    decays = torch.linspace(0.1, 1, 6, dtype=D).requires_grad_()
    expected = torch.autograd.grad(val(solution(*data[:2], decays)), decays)[0]
    w = solution(*data[:2], decays).detach().requires_grad_()
    (found,) = implicit_gradient([w], [decays], train(w, decays), val(w), method=method, iterations=iterations)
    assert torch.allclose(found, expected, rtol=digits, atol=digits)


def test_network_against_finite_differences():
    """a small network trained to its minimum: decay of each layer and the weight of a second loss, in float64"""
    x, y, xv, yv = ridge(1, 40, 3)

    def model(w, inputs):
        return torch.tanh(inputs @ w[:12].view(3, 4)) @ w[12:]

    def train(w, hyper):
        decay = hyper[0] * w[:12].square().sum() + hyper[1] * w[12:].square().sum()
        return F.mse_loss(model(w, x), y) + decay + hyper[2] * model(w, x).pow(4).mean()

    def descent(w, hyper):
        optimizer = torch.optim.LBFGS([w], 1, max_iter=500, line_search_fn="strong_wolfe")

        def closure():
            optimizer.zero_grad()
            loss = train(w, hyper)
            loss.backward()
            return loss

        optimizer.step(closure)
        return w.detach()

    def newton(w, hyper):
        for _ in range(6):
            w = w - torch.linalg.solve(torch.func.hessian(train)(w, hyper), torch.func.grad(train)(w, hyper))
        return w

    def val(w):
        return F.mse_loss(model(w, xv), yv)

    torch.manual_seed(0)
    hyper = torch.tensor([0.05, 0.1, 0.02], dtype=D)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)  # in PyTorch's own Hessian
        minimum = newton(descent((0.5 * torch.randn(16, dtype=D)).requires_grad_(), hyper), hyper)
        logs, w = hyper.log().requires_grad_(), minimum.clone().requires_grad_()
        (found,) = implicit_gradient([w], [logs], train(w, logs.exp()), val(w), method="cg", iterations=100)
        for index in range(3):
            step = torch.zeros(3, dtype=D)
            step[index] = 1e-4
            high, low = (val(newton(minimum, (hyper.log() + s).exp())).item() for s in (step, -step))
            assert float(found[index]) == pytest.approx((high - low) / 2e-4, rel=1e-4, abs=1e-8)


def test_solvers_solve():
    """positive definite systems; and directions without curvature end the search"""
    torch.manual_seed(0)
    a = torch.randn(8, 8, dtype=D)
    h, b = a @ a.T / 8 + torch.eye(8, dtype=D), torch.randn(8, dtype=D)
    exact = torch.linalg.solve(h, b)
    assert torch.allclose(conjugate_gradients(h.mv, b, 20), exact, atol=1e-8)
    assert torch.allclose(neumann_series(h.mv, b, 500), exact, atol=1e-8)
    assert torch.equal(conjugate_gradients((-h).mv, b, 20), b)


class Net(nn.Module):
    """With everything that a window must see through: BatchNorm, dropout."""

    def __init__(self, dropout=0.0, norm=True):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(6, 8),
            nn.BatchNorm1d(8) if norm else nn.Identity(),
            nn.Tanh(),
            nn.Dropout(dropout),
            nn.Linear(8, 1),
        )

    def forward(self, x):
        return self.layers(x)[:, 0]


RULES = {
    "sgd": lambda p: torch.optim.SGD(p, 0.05, weight_decay=0.01),
    "momentum": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda p: torch.optim.SGD(p, 0.05, momentum=0.8, nesterov=True, weight_decay=0.01),
    "adam": lambda p: torch.optim.Adam(p, 0.01, weight_decay=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1),
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("norm", [False, True])
def test_window_against_finite_differences(name, norm):
    """through torch's own optimizers, from the midst of a training"""
    torch.manual_seed(0)
    x, y, xv, yv = ridge(2)
    model = Net(norm=norm).double()
    optimizer = RULES[name](model.parameters())
    batches = [(x[i : i + 20], y[i : i + 20]) for i in (0, 20, 40, 10, 30)]

    def steps(some):
        for xs, ys in some:
            optimizer.zero_grad()
            F.mse_loss(model(xs), ys).backward()
            optimizer.step()

    steps(batches[:3])
    model_state = {k: v.clone() for k, v in model.state_dict().items()}
    slots = optimizer.state_dict()
    forward = ts.ForwardGrad(model, optimizer, nn.MSELoss(), ["lr", "weight_decay"])
    loss, found = forward.gradients(batches, (xv, yv))
    assert all(torch.equal(v, model_state[k]) for k, v in model.state_dict().items())
    slots = copy.deepcopy(slots)

    def ahead(**changes):
        model.load_state_dict(model_state)
        optimizer.load_state_dict(copy.deepcopy(slots))
        for key, factor in changes.items():
            optimizer.param_groups[0][key] *= factor
        steps(batches)
        return float(F.mse_loss(model(xv), yv).detach())

    assert loss == pytest.approx(ahead(), rel=1e-6)
    for key in ("lr", "weight_decay"):
        difference = (ahead(**{key: math.exp(1e-5)}) - ahead(**{key: math.exp(-1e-5)})) / 2e-5
        assert float(found[key]) == pytest.approx(difference, rel=2e-3, abs=1e-7)


# -- what they do ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["cg", "neumann"])
def test_decay_reaches_the_best_of_ridge_regression(method):
    """while the model trains by plain gradient descent"""
    data = ridge(0, rows=12)
    train, val = losses(*data)
    w = torch.zeros(6, dtype=D, requires_grad=True)
    hyper = ts.HyperGrad(
        [w],
        {"decay": 1e-3},
        lambda h, _: train(w, h["decay"]),
        lambda _: val(w),
        method=method,
        iterations=30,
        every=10,
        rate=0.3,
    )
    optimizer = torch.optim.SGD([w], 0.1)
    for _ in range(1500):
        optimizer.zero_grad()
        hyper.loss(None).backward()
        optimizer.step()
        hyper.step(None, None)
    grid = torch.logspace(-4, 1, 200, dtype=D)
    best = min(float(val(solution(*data[:2], g * torch.ones(6, dtype=D)))) for g in grid)
    reached = float(val(solution(*data[:2], torch.tensor(hyper.freeze()["decay"], dtype=D) * torch.ones(6, dtype=D))))
    assert reached <= best * 1.02
    assert hyper.step(None, None) is None


def test_bad_examples_lose_their_weight():
    """a weight for each example: those with wrong labels are found"""
    torch.manual_seed(0)
    x, xv = torch.randn(40, 4), torch.randn(100, 4)
    y, yv = (x[:, 0] > 0).float(), (xv[:, 0] > 0).float()
    y[:10] = 1 - y[:10]
    model = nn.Linear(4, 1)

    def train_loss(hyper, _):
        fits = F.binary_cross_entropy_with_logits(model(x)[:, 0], y, reduction="none")
        return (hyper["weights"] * fits).mean() + 0.01 * model.weight.square().sum()

    hyper = ts.HyperGrad(
        model.parameters(),
        {"weights": torch.ones(40)},
        train_loss,
        lambda _: F.binary_cross_entropy_with_logits(model(xv)[:, 0], yv),
        every=5,
        rate=0.2,
    )
    optimizer = torch.optim.SGD(model.parameters(), 1.0)
    for _ in range(200):
        optimizer.zero_grad()
        hyper.loss(None).backward()
        optimizer.step()
        hyper.step(None, None)
    weights = np.array(hyper.final["weights"])
    assert np.median(weights[:10]) < 0.2 * np.median(weights[10:])
    assert len([name for name in hyper.metrics() if name.startswith("hyper.weights.")]) == 40


@pytest.mark.parametrize("kind", ["sgd", "momentum", "adam"])
def test_online_descent_rescues_small_rates_and_leaves_good_ones(kind):
    """any optimizer, seen from outside"""
    make = {
        "sgd": lambda p, lr: torch.optim.SGD(p, 10 * lr),
        "momentum": lambda p, lr: torch.optim.SGD(p, lr, momentum=0.9),
        "adam": lambda p, lr: torch.optim.Adam(p, lr),
    }[kind]
    x, y, _, _ = ridge()

    def final(lr, controlled):
        w = torch.zeros(6, dtype=D, requires_grad=True)
        optimizer = make([w], lr)
        control = ts.HypergradientDescent(optimizer, rate=0.05, cap=50) if controlled else optimizer
        for _ in range(150):
            optimizer.zero_grad()
            ((x @ w - y) ** 2).mean().backward()
            control.step()
        return float(((x @ w - y) ** 2).mean().detach()), optimizer.param_groups[0]["lr"]

    assert final(1e-3, True)[0] < final(1e-3, False)[0]
    assert final(1e-3, True)[1] > final(1e-3, False)[1]
    assert final(3e-2, True)[0] < 1.5 * final(3e-2, False)[0]


def test_online_descent_keeps_its_bounds():
    """none in the warm-up, at most `cap` beyond it, and all is written down"""
    w = torch.ones(3, requires_grad=True)
    optimizer = torch.optim.SGD([w], 1e-6)
    control = ts.HypergradientDescent(optimizer, rate=1.0, cap=4.0, warmup=5)
    for _ in range(20):
        optimizer.zero_grad()
        w.sum().backward()
        control.step()
    rates = [one.lr for one in control.path]
    assert rates[:5] == [1e-6] * 5
    assert max(rates) == pytest.approx(4e-6)
    assert len(rates) == 20


def test_forward_raises_rates_that_are_too_small():
    """and its steps are those of the optimizer that it was given"""
    torch.manual_seed(0)
    x, y, xv, yv = (a.float() for a in ridge(0))
    model = Net(dropout=0.1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-4)
    forward = ts.ForwardGrad(model, optimizer, nn.MSELoss(), rate=0.3)
    for _ in range(15):
        window = [(x, y)] * 5
        forward.step(window, (xv, yv))
        for xs, ys in window:
            optimizer.zero_grad()
            F.mse_loss(model(xs), ys).backward()
            optimizer.step()
    assert optimizer.param_groups[0]["lr"] > 5e-4
    assert forward.final["lr"] == optimizer.param_groups[0]["lr"]
    assert len(forward.path) == 15


# -- in a study ------------------------------------------------------------------------------------------------------


def test_inside_a_study():
    """the search tries widths, gradients tune the decay; the path is on record, and the end can be trained again"""
    inner = ts.Hypergradient(["decay"])
    data = [a.float() for a in ridge(0, rows=12)]
    train, val = losses(*data)

    def objective(decay, rate, ctx):
        w = torch.zeros(6, requires_grad=True)
        hyper = inner.begin(ctx.config, [w], lambda h, _: train(w, h["decay"]), lambda _: val(w), every=5, rate=0.3)
        optimizer = torch.optim.SGD([w], rate)
        for _ in range(10):
            for _ in range(20):
                optimizer.zero_grad()
                hyper.loss(None).backward()
                optimizer.step()
                hyper.step(None, None)
            yield {"val_loss": val(w).item(), **hyper.metrics()}

    study = ts.tune(
        objective,
        space={"decay": ts.Float(1e-4, 10, log=True, default=1e-3), "rate": ts.Float(0.01, 0.3, log=True)},
        minimize="val_loss",
        trials=3,
        store=None,
        progress="quiet",
        seed=0,
    )
    trial = study.trials[0]
    path = study.view.curve(0, "hyper.decay")[1]
    assert len(path) == 10
    assert path[-1] > 10 * trial.config["decay"]
    assert inner.found(trial) == {**trial.config, "decay": path[-1]}
    assert study.spec.space.check(inner.found(trial)) == inner.found(trial)
    study.close()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda w: ts.HyperGrad([w], {"a": 1.0}, lambda h, b: w.square().sum(), lambda b: w.sum(), every=1),
            "does not change",
        ),
        (lambda w: ts.HyperGrad([w], {"a": 1.0}, None, None, every=0), "every"),
        (lambda w: ts.ForwardGrad(None, torch.optim.SGD([w], 0.1), nn.MSELoss(), ["momentum"]), "name some"),
        (lambda w: ts.ForwardGrad(None, torch.optim.Adagrad([w], 0.1), nn.MSELoss()), "Adagrad"),
        (lambda w: ts.HypergradientDescent(torch.optim.SGD([w], 0.1), cap=0.5), "cap"),
        (lambda w: ts.Hypergradient("decay"), "list"),
        (lambda w: ts.Hypergradient(["decay"]).begin({"lr": 1}, [w], None, None), "not in the trial"),
        (
            lambda w: ts.Hypergradient(["decay"], space=ts.Space({"decay": ts.Float(0.1, 1)})).begin(
                {"decay": 5.0}, [w], None, None
            ),
            "bounds of 'decay'",
        ),
        (lambda w: ts.Hypergradient(["decay"]).found(ts.Trial(0, ts.State.DONE)), "report hyper.metrics"),
    ],
)
def test_says_what_is_wrong(make, message):
    """in one sentence"""
    with pytest.raises(InvalidStudy, match=message):
        make(torch.ones(3, requires_grad=True)).step(0, 0)
