"""The images of a run: what is trained on, what is held out, and a fingerprint of both."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass

import torch

from danskin.errors import InvalidInputError
from danskin.torch.data import Images, load_data
from danskin.torch.train.config import RunConfig

__all__ = ["Sets", "load_sets"]


@dataclass(frozen=True, eq=False)
class Sets:
    """Images to train on and images to measure on.

    Attributes
    ----------
    training, held_out : Images
    validation : bool
        The held-out images come from the training set, so that a network may be chosen by them.
    """

    training: Images
    held_out: Images
    validation: bool = False

    def fingerprint(self) -> str:
        """Return the SHA-256 of all pixels and labels, in their order."""
        found = hashlib.sha256()
        for images in (self.training, self.held_out):
            for tensor in (images.pixels, images.labels):
                found.update(str(tuple(tensor.shape)).encode())
                found.update(tensor.cpu().contiguous().numpy().data)
        return found.hexdigest()

    def to(self, device: torch.device) -> Sets:
        """Return the same sets with their pixels on a device."""
        training, held_out = (
            dataclasses.replace(s, pixels=s.pixels.to(device), labels=s.labels.to(device))
            for s in (self.training, self.held_out)
        )
        return Sets(training, held_out, self.validation)


def load_sets(config: RunConfig) -> Sets:
    """Read the images of a run and split them.

    Raises
    ------
    InvalidInputError
        Names the key, the folder or the file.
    """
    data = config.data
    whole = load_data(data.source, "train")
    order = torch.randperm(
        len(whole), generator=torch.Generator().manual_seed(data.split_seed), device="cpu"
    )
    count = round(data.validation * len(whole))
    if data.validation and not 0 < count < len(whole):
        raise InvalidInputError(
            "data.validation", f"{data.validation} of {len(whole)} images leaves a part empty",
            "Change the share, or take 0 to measure on the test images.",
        )  # fmt: skip
    kept, out = order[count:], order[:count]
    if data.limit:
        kept = kept[: data.limit]
    training = _pick(whole, kept.sort().values)
    held_out = _pick(whole, out.sort().values) if count else load_data(data.source, "test")
    if config.evaluation.images:
        held_out = held_out.take(min(config.evaluation.images, len(held_out)))
    if len(training) < config.batch_size:
        raise InvalidInputError(
            "batch_size", f"is {config.batch_size}, and there are {len(training)} images",
            "Take smaller batches.",
        )  # fmt: skip
    return Sets(training, held_out, validation=bool(count))


def _pick(images: Images, which: torch.Tensor) -> Images:
    return dataclasses.replace(images, pixels=images.pixels[which], labels=images.labels[which])
