"""Scikit-learn's digits: 1,797 images of 8x8 pixels that come with the package, no download."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from danskin.errors import MissingExtraError
from danskin.torch.data.images import Images

__all__ = ["read_digits"]

_TEST = 450
#: The split is part of the data: it must not move with the seed of a run.
_SPLIT_SEED = 0


def read_digits() -> tuple[Images, Images]:
    """Return the training set (1,347 images) and the held-out set (450), always the same ones.

    Pixels go from 0 to 16.

    Raises
    ------
    MissingExtraError
        Scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingExtraError("scikit-learn", "torch") from None
    digits: Any = load_digits()
    pixels = torch.from_numpy(np.asarray(digits["images"]).astype(np.uint8)).unsqueeze(1)
    labels = torch.from_numpy(np.asarray(digits["target"]).astype(np.int64))
    order = torch.from_numpy(np.random.default_rng(_SPLIT_SEED).permutation(len(labels)))
    test, train = order[:_TEST], order[_TEST:]
    return (
        Images("digits", "train", pixels[train], labels[train], 10, 16),
        Images("digits", "test", pixels[test], labels[test], 10, 16),
    )
