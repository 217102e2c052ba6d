"""Adversarial training: what a run is, the loop, and what survives when it is killed.

::

    config = RunConfig.from_preset("paper-ddi", **{"method.m": 4})  # config, presets/
    trainer = Trainer(config, load_sets(config), "runs/mine")  # sets, loop
    for record in trainer.epochs():  # record
        print(record.to_dict())
    model = read_network("runs/mine")  # network

`side_by_side` makes runs that differ in the method only, and `train_together` trains them epoch by
epoch: same start, same batches, same attack.
"""

from danskin.torch.train.build import Diverged
from danskin.torch.train.config import RunConfig
from danskin.torch.train.evaluate import Accuracy, accuracy, evaluation_attack, measure
from danskin.torch.train.files import SavingError
from danskin.torch.train.folder import is_run, read_config, refuse_changes
from danskin.torch.train.loop import Trainer
from danskin.torch.train.metrics import read_metrics
from danskin.torch.train.network import read_network
from danskin.torch.train.presets import Preset, list_presets, load_preset
from danskin.torch.train.record import EpochRecord
from danskin.torch.train.sets import Sets, load_sets
from danskin.torch.train.side_by_side import RECIPES, Recipe, side_by_side, train_together
from danskin.torch.train.signals import Interrupted, catching
from danskin.torch.train.workers import ALONE, Workers, joined, pick_device

__all__ = [
    "ALONE",
    "RECIPES",
    "Accuracy",
    "Diverged",
    "EpochRecord",
    "Interrupted",
    "Preset",
    "Recipe",
    "RunConfig",
    "SavingError",
    "Sets",
    "Trainer",
    "Workers",
    "accuracy",
    "catching",
    "evaluation_attack",
    "is_run",
    "joined",
    "list_presets",
    "load_preset",
    "load_sets",
    "measure",
    "pick_device",
    "read_config",
    "read_metrics",
    "read_network",
    "refuse_changes",
    "side_by_side",
    "train_together",
]
