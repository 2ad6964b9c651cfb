"""Lightning's learning-rate finder as its users run it: `lightning_finder.py NET OPTIMIZER BATCH` prints its suggestion."""

from __future__ import annotations

import logging
import sys
import tempfile
import warnings
from pathlib import Path

import lightning
import torch
from lightning.pytorch.tuner import Tuner
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from inside.nets import OPTIMIZERS, digits, make

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
torch.set_num_threads(1)


class Net(lightning.LightningModule):
    def __init__(self, model, optimizer):
        super().__init__()
        self.model, self.optimizer, self.lr = model, optimizer, 1e-3

    def training_step(self, batch, _):
        return nn.functional.cross_entropy(self.model(batch[0]), batch[1])

    def configure_optimizers(self):
        return OPTIMIZERS[self.optimizer](self.parameters(), self.lr)


def main(net: str, optimizer: str, size: str) -> None:
    data = digits()
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*data.train), int(size), shuffle=True)
    with tempfile.TemporaryDirectory() as folder:
        trainer = lightning.Trainer(
            max_epochs=20, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
            default_root_dir=folder,
        )  # fmt: skip
        found = Tuner(trainer).lr_find(Net(make(net, data, 100), optimizer), loader)
    print(found.suggestion() if found is not None else None)


main(*sys.argv[1:])
