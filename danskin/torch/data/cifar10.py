"""CIFAR-10 from its own files: records of one label byte and 3,072 pixel bytes, or pickled arrays.

Every file is checked before it is believed: its size, its labels, its array's shape and type. A
file with fewer records than the canonical 10,000 is read, and the set says that it is partial.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from danskin.errors import InvalidInputError
from danskin.torch.data.images import Images
from danskin.torch.data.pickled import read_plain_pickle

__all__ = ["BINARY_FILES", "CIFAR10_CLASSES", "find_cifar10", "read_cifar10"]

CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
RECORDS = 10_000
PIXELS = 3 * 32 * 32
RECORD = 1 + PIXELS
_NAMES = {"train": tuple(f"data_batch_{k}" for k in range(1, 6)), "test": ("test_batch",)}
BINARY_FILES = tuple(f"{name}.bin" for names in _NAMES.values() for name in names)
_FOLDERS = ("cifar-10-batches-bin", "cifar-10-batches-py")
_LAYOUT = "CIFAR-10's binary files hold 1 label byte and 3,072 pixel bytes a record."


def find_cifar10(folder: str | Path) -> Path:
    """Return the folder itself, or the one inside it, that holds batches of CIFAR-10.

    Raises
    ------
    InvalidInputError
        There is none.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "it is a file" if folder.exists() else "there is no such folder"
        raise InvalidInputError(
            str(folder), what, f"Name a folder that holds {' or '.join(_FOLDERS)}."
        )
    for place in (folder, *(folder / name for name in _FOLDERS)):
        if place.is_dir() and (_present(place, "train") or _present(place, "test")):
            return place
    raise InvalidInputError(
        str(folder), "it holds no batches of CIFAR-10 (data_batch_1.bin, test_batch.bin, ...)",
        f"Name a folder that holds them, or {' or '.join(_FOLDERS)}; or run: danskin data cifar10",
    )  # fmt: skip


def read_cifar10(folder: str | Path, split: str) -> Images:
    """Read one split of CIFAR-10.

    Parameters
    ----------
    folder : path
        ``cifar-10-batches-bin``, ``cifar-10-batches-py``, or the folder around one of them. The
        binary files are taken where there are both.
    split : "train" or "test"

    Returns
    -------
    Images
        With a note for each file that is missing or holds fewer than 10,000 records.

    Raises
    ------
    InvalidInputError
        Names the file: truncated, too large, a label above 9, a pickle that holds anything but
        arrays and plain containers, no file of this split at all.
    """
    if split not in _NAMES:
        raise InvalidInputError("split", f"{split!r} is unknown", "Use train or test.")
    place = find_cifar10(folder)
    present = _present(place, split)
    if not present:
        raise InvalidInputError(
            str(place), f"it holds no {split} batch ({', '.join(_NAMES[split])})",
            "Add the file, or choose another folder.",
        )  # fmt: skip
    pixels, labels, notes = [], [], []
    for path in present:
        read = _read_binary if path.suffix == ".bin" else _read_pickled
        images, classes = read(path)
        if len(classes) < RECORDS:
            notes.append(f"{path.name} is partial: {len(classes)} of {RECORDS} records")
        pixels.append(images)
        labels.append(classes)
    missing = [name for name in _NAMES[split] if name not in {p.stem for p in present}]
    if missing:
        notes.append(f"missing: {', '.join(missing)}")
    return Images(
        "cifar10",
        split,
        torch.from_numpy(np.concatenate(pixels)),
        torch.from_numpy(np.concatenate(labels)),
        len(CIFAR10_CLASSES),
        notes=tuple(notes),
    )


def _present(place: Path, split: str) -> list[Path]:
    for suffix in (".bin", ""):
        found = [place / f"{name}{suffix}" for name in _NAMES[split]]
        found = [path for path in found if path.exists()]
        if found:
            return found
    return []


def _read_binary(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (N, 3, 32, 32) uint8 and labels (N,) int64."""
    size = _size(path)
    if size > RECORDS * RECORD:
        raise InvalidInputError(
            str(path), f"it is too large: {size:,} bytes, where {RECORDS:,} records take "
            f"{RECORDS * RECORD:,}", _LAYOUT,
        )  # fmt: skip
    if size % RECORD or size == 0:
        whole, rest = divmod(size, RECORD)
        raise InvalidInputError(
            str(path), f"it is truncated: {size:,} bytes are {whole:,} records and {rest:,} bytes"
            if size else "it is empty", f"{_LAYOUT} Copy the file again.",
        )  # fmt: skip
    records = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    if records.size != size:
        raise InvalidInputError(str(path), "it changed while it was read", "Try again.")
    records = records.reshape(-1, RECORD)
    labels = _checked(path, records[:, 0].astype(np.int64))
    return records[:, 1:].reshape(-1, 3, 32, 32), labels


def _read_pickled(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Do as `_read_binary` does, for a file of ``cifar-10-batches-py``."""
    _size(path)
    batch = read_plain_pickle(path)
    remedy = "A batch of cifar-10-batches-py is a dictionary with data (N, 3072) and labels (N)."
    if not isinstance(batch, dict):
        raise InvalidInputError(str(path), f"it holds a {type(batch).__name__}", remedy)
    fields: dict[Any, Any] = {k.decode("latin-1") if isinstance(k, bytes) else k: v
                              for k, v in batch.items()}  # fmt: skip
    data, labels = fields.get("data"), fields.get("labels")
    if "fine_labels" in fields:
        raise InvalidInputError(str(path), "it is a batch of CIFAR-100", "Use CIFAR-10's files.")
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (PIXELS,):
        what = f"{data.dtype} of shape {data.shape}" if isinstance(data, np.ndarray) else "no array"
        raise InvalidInputError(str(path), f"its data is {what}", remedy)
    if isinstance(labels, np.ndarray):
        labels = labels.tolist() if labels.ndim == 1 and labels.dtype.kind in "iu" else None
    if not isinstance(labels, list) or not all(type(v) is int for v in labels):
        raise InvalidInputError(str(path), "its labels are not a list of whole numbers", remedy)
    if not 0 < len(labels) <= RECORDS or len(labels) != len(data):
        raise InvalidInputError(
            str(path), f"it has {len(data):,} images and {len(labels):,} labels",
            f"There is one label an image, and at most {RECORDS:,}.",
        )  # fmt: skip
    bounded = np.array([min(max(v, -1), 10) for v in labels], dtype=np.int64)
    return data.reshape(-1, 3, 32, 32), _checked(path, bounded, labels)


def _checked(path: Path, labels: np.ndarray, shown: Any = None) -> np.ndarray:
    wrong = np.flatnonzero((labels < 0) | (labels > 9))
    if wrong.size:
        first = int(wrong[0])
        label = str((labels if shown is None else shown)[first])[:20]
        raise InvalidInputError(
            str(path), f"record {first} has label {label} ({wrong.size:,} of {len(labels):,} "
            "records are mislabelled)", "CIFAR-10's labels go from 0 to 9. Copy the file again.",
        )  # fmt: skip
    return labels


def _size(path: Path) -> int:
    if not path.is_file():
        raise InvalidInputError(str(path), "it is not a regular file", "Name CIFAR-10's files.")
    try:
        with path.open("rb"):
            return path.stat().st_size
    except OSError as error:
        raise InvalidInputError(
            str(path), f"it cannot be read: {error.strerror}", "Check its permissions."
        ) from None
