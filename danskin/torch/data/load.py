"""Data by name or by folder, as the command line says it."""

from __future__ import annotations

from pathlib import Path

from danskin.errors import InvalidInputError
from danskin.torch.data.cifar10 import find_cifar10, read_cifar10
from danskin.torch.data.digits import read_digits
from danskin.torch.data.download import default_folder
from danskin.torch.data.images import Images

__all__ = ["load_data"]


def load_data(data: str | Path, split: str) -> Images:
    """Return one split of a data set.

    Parameters
    ----------
    data : "digits", "cifar10", or a folder
        "cifar10" is what `download_cifar10` fetched; a folder holds CIFAR-10's files.
    split : "train" or "test"

    Raises
    ------
    InvalidInputError
        Names the folder or the file, and the remedy.
    """
    if split not in ("train", "test"):
        raise InvalidInputError("split", f"{split!r} is unknown", "Use train or test.")
    if str(data) == "digits":
        return read_digits()[("train", "test").index(split)]
    if str(data) == "cifar10" and not Path(data).is_dir():
        try:
            return read_cifar10(find_cifar10(default_folder()), split)
        except InvalidInputError as error:
            raise InvalidInputError(
                "data", f"CIFAR-10 has not been fetched ({error.problem})",
                "Run: danskin data cifar10",
            ) from None  # fmt: skip
    if not Path(data).exists():
        raise InvalidInputError(
            "data", f"{str(data)!r} is neither digits nor cifar10 nor a folder",
            "Use digits, which needs no download, or a folder with CIFAR-10's files.",
        )  # fmt: skip
    return read_cifar10(data, split)
