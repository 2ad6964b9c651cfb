"""Learning rate first: a range test narrows the space, and a short search does the rest.

    python examples/range_then_search.py

Needs PyTorch and scikit-learn: pip install 'tunesmith[torch,sklearn]'. A small network on scikit-learn's digits. The range test
takes as long as three epochs, and leaves the search a thousandth of the learning rates that the space allows.
"""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import tunesmith as ts

torch.set_num_threads(1)
bunch = load_digits()
order = torch.randperm(len(bunch.target), generator=torch.Generator().manual_seed(0))
x = torch.tensor(bunch.data / 16, dtype=torch.float32)[order]
y = torch.tensor(bunch.target)[order]
train_set, val_set = TensorDataset(x[:1200], y[:1200]), (x[1200:], y[1200:])


def network(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))


def train(lr: float, momentum: float, width: int, seed: int):
    """One training of ten epochs."""
    torch.manual_seed(seed)
    model = network(width)
    optimizer = torch.optim.SGD(model.parameters(), lr, momentum=momentum)
    for _ in range(10):
        total = 0.0
        for inputs, targets in DataLoader(train_set, 64, shuffle=True):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(targets) / len(train_set)
        with torch.no_grad():
            yield {"train_loss": total, "val_loss": float(nn.functional.cross_entropy(model(val_set[0]), val_set[1]))}


if __name__ == "__main__":
    space = ts.Space(
        {
            "lr": ts.Float(1e-6, 10.0, log=True, default=1e-3),
            "momentum": ts.Float(0.0, 0.99, default=0.9),
            "width": ts.Int(16, 128, log=True),
        }
    )
    torch.manual_seed(0)
    model = network(64)
    found = ts.lr_range(
        model,
        DataLoader(train_set, 64, shuffle=True),
        nn.CrossEntropyLoss(),
        torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9),
    )
    print(found.why)
    narrowed = found.narrow(space, "lr")
    print(
        f"lr was {space.params['lr'].low:.0e} to {space.params['lr'].high:.0e}, and is {found.low:.1e} to {found.high:.1e}"
    )
    with ts.tune(train, space=narrowed, minimize="val_loss", trials=8, seed=0, store=None, progress="quiet") as study:
        print(f"best: {study.best.values['val_loss']:.4f} with {study.best.config}")
        for symptom in ts.diagnose_trial(study.view, study.best.number):
            print(symptom)
