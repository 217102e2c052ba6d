"""Adversarial training, several methods side by side: same start, same batches, same attack.

::

    config = resolve(data="digits", epochs=30, seed=0)
    for record in train(config):  # one epoch of one method
        ...

What differs between the runs is the direction of the step, and for the normalised ones its length.
Weights, order of the images and the attack's budget are equal.
"""

from danskin.torch.train.evaluate import Accuracy, accuracy
from danskin.torch.train.loop import EpochRecord, Run, check_size, train
from danskin.torch.train.side_by_side import RECIPES, Recipe, TrainConfig, resolve

__all__ = [
    "RECIPES",
    "Accuracy",
    "EpochRecord",
    "Recipe",
    "Run",
    "TrainConfig",
    "accuracy",
    "check_size",
    "resolve",
    "train",
]
