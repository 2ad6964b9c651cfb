"""Tasks with two objectives: ZDT1-3 and DTLZ2 over mixed parameters, and error against size of a forest."""

from __future__ import annotations

import numpy as np

from race import learning
from race.space import Space, Task, choice, ordinal, real, whole
from race.tasks_file import dominated_area

GROUP = "two objectives"
SHARES = dict(zip("abcd", (0.75, 0.0, 1.0, 0.25), strict=True))  # what the texts of a choice mean


def tasks() -> list[Task]:
    return [
        _mixed("zdt1", zdt1, (1.1, 6.0)),
        _mixed("zdt2", zdt2, (1.1, 6.0)),
        _mixed("zdt3", zdt3, (1.1, 6.0)),
        _mixed("dtlz2", dtlz2, (3.0, 3.0)),
        _forest(),
    ]


def zdt1(first, rest):
    g = 1 + 9 * np.mean(rest)
    return first, g * (1 - np.sqrt(first / g))


def zdt2(first, rest):
    g = 1 + 9 * np.mean(rest)
    return first, g * (1 - (first / g) ** 2)


def zdt3(first, rest):
    g = 1 + 9 * np.mean(rest)
    return first, g * (1 - np.sqrt(first / g) - first / g * np.sin(10 * np.pi * first))


def dtlz2(first, rest):
    """Its optimum moved from 0.5 to 0, as that of the others."""
    g = np.sum(np.square(rest)) / 2
    return (1 + g) * np.cos(first * np.pi / 2), (1 + g) * np.sin(first * np.pi / 2)


def _mixed(name, function, corner) -> Task:
    """Along the front a real number; towards it three more, three whole ones, two ordinals and two choices."""
    params = [real(f"x{place}", 0, 1) for place in range(4)]
    params += [whole(f"n{place}", 0, 20) for place in range(3)]
    params += [ordinal(f"o{place}", 0.0, 0.1, 0.3, 1.0) for place in range(2)]
    params += [choice(f"c{place}", *SHARES) for place in range(2)]

    def evaluate(config):
        rest = [config[f"x{place}"] for place in range(1, 4)] + [config[f"n{place}"] / 20 for place in range(3)]
        rest += [config[f"o{place}"] for place in range(2)] + [SHARES[config[f"c{place}"]] for place in range(2)]
        return [float(value) for value in function(config["x0"], np.array(rest))]

    front = [function(first, np.zeros(10)) for first in np.linspace(0, 1, 20_001)]
    return Task(f"two/{name}", GROUP, Space(params), evaluate, -dominated_area(front, corner), corner)


def _forest() -> Task:
    """Cross-validated log loss, and the decimal logarithm of the number of nodes."""
    from sklearn.ensemble import ExtraTreesClassifier

    params = [
        whole("n_estimators", 1, 30, log=True),
        whole("max_depth", 1, 15),
        whole("min_samples_leaf", 1, 30, log=True),
        real("max_features", 0.05, 1),
        choice("criterion", "gini", "entropy"),
    ]

    def evaluate(config):
        model = ExtraTreesClassifier(**config, random_state=0)
        loss = learning.loss(model, "digits")
        nodes = sum(tree.tree_.node_count for tree in model.fit(*learning.rows("digits")).estimators_)
        return [loss, float(np.log10(nodes))]

    return Task("two/forest-digits", GROUP, Space(params), evaluate, None, (3.0, 4.5))
