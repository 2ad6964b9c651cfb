"""Wider models by the rule: factors for each kind of layer, the same best learning rate, and a check that knows when not."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import nn

import tunesmith as ts
from tunesmith.errors import InvalidStudy
from tunesmith.training.width import Growth

CRITERION = nn.CrossEntropyLoss()


def mlp(width):
    return nn.Sequential(
        nn.Linear(20, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
        nn.Linear(width, 5),
    )  # fmt: skip


class Transformer(nn.Module):
    """Two blocks over a few symbols; heads of eight."""

    def __init__(self, width, *, heads=None):
        super().__init__()
        self.embedding = nn.Embedding(16, width)
        self.place = nn.Parameter(0.1 * torch.randn(12, width))
        block = nn.TransformerEncoderLayer(
            width, heads or width // 8, 2 * width, 0.0, batch_first=True, norm_first=True
        )
        self.body = nn.TransformerEncoder(block, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 16)

    def forward(self, symbols):
        return self.out(self.norm(self.body(self.embedding(symbols) + self.place))).transpose(1, 2)


def vectors():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(256, 20, generator=generator)
    return [*zip(x.split(64), (x @ torch.randn(20, 5, generator=generator)).argmax(1).split(64), strict=True)]


def symbols():
    generator = torch.Generator().manual_seed(0)
    given = torch.randint(0, 16, (64, 12), generator=generator)
    return [*zip(given.split(32), ((given + given.roll(1, 1)) % 16).split(32), strict=True)]


# -- factors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("growth", "kind", "sgd", "adam", "deviation"),
    [
        (Growth(1, 4), "input", 4, 1, 1),
        (Growth(4, 4), "hidden", 1, 1 / 4, 1 / 2),
        (Growth(4, 1), "output", 1 / 4, 1 / 4, 1 / 4),
        (Growth(1, 4, is_vector=True), "vector", 4, 1, 1),
        (Growth(1, 1), "fixed", 1, 1, 1),
    ],
)
def test_the_table(growth, kind, sgd, adam, deviation):
    """table 3 of Tensor Programs V, beside a model a quarter as wide"""
    assert growth.kind == kind
    assert growth.rate("sgd") == pytest.approx(sgd)
    assert growth.rate("adam") == pytest.approx(adam)
    assert growth.deviation == pytest.approx(deviation)


def rates(plan, model):
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {names[id(p)]: group["lr"] for group in plan.groups for p in group["params"]}


def test_groups_for_an_optimizer():
    large = mlp(64)
    plan = ts.scale_up(mlp(16), large, lr=0.01, optimizer="adam")
    found = rates(plan, large)
    assert found.keys() == dict(large.named_parameters()).keys()
    slow = {"2.weight", "4.weight", "6.weight"}
    assert found == pytest.approx({name: 0.0025 if name in slow else 0.01 for name in found})
    optimizer = torch.optim.Adam(plan.groups)
    assert sorted(group["lr"] for group in optimizer.param_groups) == pytest.approx([0.0025, 0.01])
    assert "hidden: learning rate × 0.25" in plan.why
    by_sgd = rates(ts.scale_up(mlp(16), large, lr=0.01, optimizer=torch.optim.SGD), large)
    assert [by_sgd[f"{i}.weight"] for i in (0, 2, 4, 6)] == pytest.approx([0.04, 0.01, 0.01, 0.0025])
    assert by_sgd["0.bias"] == pytest.approx(0.04)
    assert by_sgd["6.bias"] == pytest.approx(0.01)


def test_decoupled_decay_stays_as_strong():
    plan = ts.scale_up(mlp(16), mlp(64), lr=0.01, optimizer=torch.optim.AdamW, weight_decay=0.1)
    assert {round(group["lr"] * group["weight_decay"], 12) for group in plan.groups} == {0.001}
    plan = ts.scale_up(mlp(16), mlp(64), lr=0.01, optimizer=torch.optim.Adam, weight_decay=0.1)
    assert {group["weight_decay"] for group in plan.groups} == {0.1}
    named = ts.scale_up(mlp(16), mlp(64), lr=0.01, optimizer="Adam_W", weight_decay=0.1)
    assert {round(group["lr"] * group["weight_decay"], 12) for group in named.groups} == {0.001}


def test_initial_weights():
    """PyTorch's own are right but for the output; a deviation that is the same at all widths is not"""
    torch.manual_seed(0)
    small, large = mlp(64), mlp(1024)
    before = [layer.weight.detach().clone() for layer in large[::2]]
    plan = ts.scale_up(small, large, lr=0.1)
    after = [layer.weight.detach() for layer in large[::2]]
    assert all(torch.equal(a, b) for a, b in zip(before[:3], after[:3], strict=True))
    assert float(after[3].std() / before[3].std()) == pytest.approx(0.25, rel=0.3)
    assert {layer.name for layer in plan.layers if layer.rescaled != 1} == {"6.weight"}
    for model in (small, large):
        nn.init.normal_(model[2].weight, std=0.02)
    ts.scale_up(small, large, lr=0.1)
    assert float(large[2].weight.detach().std()) == pytest.approx(0.02 / 4, rel=0.05)


def test_a_model_of_the_same_width_stays_as_it_is():
    torch.manual_seed(0)
    large = mlp(32)
    before = [p.detach().clone() for p in large.parameters()]
    plan = ts.scale_up(mlp(32), large, lr=0.1)
    assert {group["lr"] for group in plan.groups} == {0.1}
    assert all(torch.equal(a, b) for a, b in zip(before, large.parameters(), strict=True))


def test_kinds_of_layers():
    def network(width):
        return nn.ModuleDict(
            {
                "stem": nn.Conv2d(3, width, 3),
                "conv": nn.Conv2d(width, 2 * width, 3),
                "up": nn.ConvTranspose2d(2 * width, 4, 2),
                "norm": nn.BatchNorm2d(width),
                "embedding": nn.Embedding(10, width),
                "attention": nn.MultiheadAttention(width, width // 4),
                "head": nn.Linear(width, 10),
            }
        )

    kinds = {layer.name: layer.kind for layer in ts.scale_up(network(8), network(32), lr=0.1).layers}
    assert kinds == {
        "stem.weight": "input",
        "stem.bias": "vector",
        "conv.weight": "hidden",
        "conv.bias": "vector",
        "up.weight": "output",
        "up.bias": "fixed",
        "norm.weight": "vector",
        "norm.bias": "vector",
        "embedding.weight": "input",
        "attention.in_proj_weight": "hidden",
        "attention.in_proj_bias": "vector",
        "attention.out_proj.weight": "hidden",
        "attention.out_proj.bias": "vector",
        "head.weight": "output",
        "head.bias": "fixed",
    }


def test_what_the_rule_cannot_see_to_is_said():
    def tied(width):
        model = Transformer(width)
        model.out.weight = model.embedding.weight
        return model

    assert "shares its weights" in ts.scale_up(tied(16), tied(32), lr=0.1).why
    wider = ts.scale_up(Transformer(16, heads=2), Transformer(32, heads=2), lr=0.1)
    assert "heads became wider" in wider.why
    assert not ts.scale_up(Transformer(16), Transformer(32), lr=0.1).remarks


def test_models_that_do_not_belong_together():
    deeper = nn.Sequential(*mlp(16), nn.Linear(5, 5))
    with pytest.raises(InvalidStudy, match=r"only the larger model has 7\.bias"):
        ts.scale_up(mlp(16), deeper, lr=0.1)
    with pytest.raises(InvalidStudy, match="dimensions"):
        ts.scale_up(nn.Linear(2, 2), nn.Conv1d(2, 2, 1), lr=0.1)
    with pytest.raises(InvalidStudy, match="positive"):
        ts.scale_up(mlp(16), mlp(32), lr=0.0)
    with pytest.raises(InvalidStudy, match="no rule is known"):
        ts.scale_up(mlp(16), mlp(32), lr=0.1, optimizer="lbfgs")


# -- what it is for ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "batches", "optimizer", "lr"),
    [
        (mlp, vectors(), torch.optim.SGD, 0.1),
        (mlp, vectors(), torch.optim.AdamW, 3e-3),
        (Transformer, symbols(), torch.optim.Adam, 3e-3),
    ],
)
def test_activations_move_alike_with_the_rule_and_not_without(make, batches, optimizer, lr):
    options = {"widths": (32, 64, 128, 256), "lr": lr, "optimizer": optimizer, "seeds": 2, "steps": 3}
    ruled = ts.coordinate_check(make, batches, CRITERION, **options)
    assert ruled.holds, ruled.why
    assert "about as far" in ruled.why
    plain = ts.coordinate_check(make, batches, CRITERION, rule=False, **options)
    assert not plain.holds
    assert "does not hold there" in plain.why
    assert max(map(abs, plain.slopes.values())) > 2 * max(map(abs, ruled.slopes.values()))


def test_a_model_that_breaks_the_rule_is_found():
    """its output is summed up over the width without weights that could be made smaller"""

    class Summing(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.layer = nn.Linear(20, width)

        def forward(self, x):
            total = self.layer(x).relu().sum(1, keepdim=True)
            return torch.cat([total, torch.zeros(len(x), 4)], 1) / 8

    check = ts.coordinate_check(Summing, vectors(), CRITERION, widths=(32, 128, 512), lr=1e-3, seeds=1)
    assert not check.holds
    assert "the output" in check.why


def test_the_check_leaves_randomness_as_it_was():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    ts.coordinate_check(mlp, vectors(), CRITERION, widths=(8, 16), lr=1e-3, seeds=1, steps=1)
    assert torch.equal(before, torch.get_rng_state())


def test_no_more_batches_are_taken_than_there_are_steps():
    """a loader may hold a whole data set, or never end"""
    taken = []
    endless = (taken.append(batch) or batch for batch in itertools.cycle(vectors()))
    ts.coordinate_check(mlp, endless, CRITERION, widths=(8, 16), lr=1e-3, seeds=1, steps=3)
    assert len(taken) == 3


def test_a_check_without_sense():
    for wrong in ({"widths": (8,)}, {"widths": (8, 16), "steps": 0}, {"widths": (8, 8)}):
        with pytest.raises(InvalidStudy, match="at least two widths"):
            ts.coordinate_check(mlp, vectors(), CRITERION, lr=0.1, **wrong)
    with pytest.raises(InvalidStudy, match="criterion"):
        ts.coordinate_check(mlp, vectors(), widths=(8, 16), lr=0.1)
    with pytest.raises(InvalidStudy, match="no batch"):
        ts.coordinate_check(mlp, [], CRITERION, widths=(8, 16), lr=0.1)


def trained(width, lr, *, rule, steps=30):
    """The mean loss of the last steps, over two seeds."""
    losses = []
    for seed in range(2):
        torch.manual_seed(seed)
        model = mlp(width)
        groups = ts.scale_up(mlp(32), model, lr=lr, optimizer="adam").groups if rule else model.parameters()
        optimizer = torch.optim.Adam(groups, lr=lr)
        for step in range(steps):
            x, y = vectors_once[step % len(vectors_once)]
            optimizer.zero_grad()
            loss = CRITERION(model(x), y)
            loss.backward()
            optimizer.step()
            if step >= steps - len(vectors_once):
                losses.append(float(loss.detach()))
    return sum(losses) / len(losses) if all(map(math.isfinite, losses)) else math.inf


vectors_once = vectors()


def best_rate(width, powers, *, rule):
    """The best of rates that are a factor of two apart, as a power of two."""
    return min(powers, key=lambda power: trained(width, 2.0**power, rule=rule))


def test_the_best_learning_rate_stays_where_it_is():
    """within a factor of two at sixteen times the width, and far lower without the rule"""
    small = best_rate(32, range(-11, -3), rule=False)
    assert abs(best_rate(512, range(small - 3, small + 4), rule=True) - small) <= 1
    assert best_rate(512, range(small - 4, small + 1), rule=False) <= small - 2
