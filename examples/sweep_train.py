"""Any program: takes flags, prints its metrics, knows nothing of Tunesmith.

    python examples/sweep_train.py --lr=0.1 --width=64

`tunesmith run examples/sweep.yaml` tunes it.
"""

import argparse
import math

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--width", type=int, default=64)
parser.add_argument("--optimizer", choices=["sgd", "adam"], default="adam")
parser.add_argument("--epochs", type=int, default=5)
arguments = parser.parse_args()

best_lr = -1.0 if arguments.optimizer == "sgd" else -3.0
for epoch in range(1, arguments.epochs + 1):
    floor = (math.log10(arguments.lr) - best_lr) ** 2 / 4 + abs(math.log2(arguments.width) - 7) / 10
    loss = floor + math.exp(-epoch)
    print(f"epoch {epoch}/{arguments.epochs} val_loss={loss:.5f} val_acc={1 / (1 + loss):.4f}")
