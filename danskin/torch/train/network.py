"""A trained network, from wherever a run left it."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from danskin.errors import InvalidInputError
from danskin.torch.models import architecture, build_model, load_model
from danskin.torch.train.checkpoint import Checkpoint, load_checkpoint, newest_checkpoint
from danskin.torch.train.folder import is_run

__all__ = ["read_network"]


def read_network(path: str | Path) -> nn.Module:
    """Read a network.

    Parameters
    ----------
    path : path
        A run's folder (its best network, else the one at the end, else that of the newest
        checkpoint), a checkpoint, or a file of `save_model`.

    Returns
    -------
    torch.nn.Module
        In eval mode.

    Raises
    ------
    InvalidInputError
        Names the file and what is wrong with it.
    """
    path = Path(path)
    if path.is_dir():
        if not is_run(path):
            raise InvalidInputError(str(path), "is no run's folder", "Name a file of weights.")
        for name in ("best", "model"):
            if (path / f"{name}.safetensors").is_file():
                return load_model(path / f"{name}.safetensors")
        newest = newest_checkpoint(path / "checkpoints")
        if newest is None:
            raise InvalidInputError(str(path), "holds no network yet", "Train it first.")
        return _from_checkpoint(newest)
    if path.with_suffix(".json").is_file() and path.name.startswith("step-"):
        return _from_checkpoint(load_checkpoint(path))
    return load_model(path)


def _from_checkpoint(saved: Checkpoint) -> nn.Module:
    said = saved.content["arch"]
    model = build_model(
        architecture(
            said["name"], activation=said["activation"], norm=said["norm"], shape=said["shape"],
            classes=said["classes"], hidden=said["hidden"],
        )
    )  # fmt: skip
    weights = {k.removeprefix("model."): v for k, v in saved.tensors.items()
               if k.startswith("model.")}  # fmt: skip
    model.load_state_dict(weights)
    return model.eval()
