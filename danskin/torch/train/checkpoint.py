"""Checkpoints: tensors as safetensors, all else as JSON, nothing that runs when it is read.

A checkpoint is two files, ``step-N.safetensors`` and ``step-N.json``. The JSON is written second
and holds the SHA-256 of both, so a checkpoint exists from the moment its JSON does, and one that
was truncated or changed is recognised and passed over for the one before it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from danskin.errors import InvalidInputError, MissingExtraError
from danskin.torch.train.files import remove_leftovers, write_whole

__all__ = ["Checkpoint", "load_checkpoint", "newest_checkpoint", "save_checkpoint"]

_FORMAT = 1
_NAME = re.compile(r"step-(\d{8,12})\.json")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a checkpoint holds.

    Attributes
    ----------
    path : Path
        Of its JSON.
    tensors : dict of str to Tensor
        On the CPU.
    content : dict
        Plain data.
    """

    path: Path
    tensors: dict[str, torch.Tensor]
    content: dict[str, Any]


def save_checkpoint(
    folder: Path, step: int, tensors: Mapping[str, torch.Tensor], content: dict[str, Any], keep: int
) -> None:
    """Write a checkpoint and forget all but the last `keep`.

    Raises
    ------
    SavingError
        It cannot be written. Earlier checkpoints are whole.
    """
    # A copy each, densely packed: safetensors refuses shared memory and other memory formats.
    packed = {
        k: v.detach().cpu().clone(memory_format=torch.contiguous_format) for k, v in tensors.items()
    }
    data = _safetensors().save(packed)
    stem = folder / f"step-{step:08d}"
    write_whole(stem.with_suffix(".safetensors"), data)
    text = _canonical(content)
    whole = {
        "format": _FORMAT,
        "tensors_sha256": hashlib.sha256(data).hexdigest(),
        "content_sha256": hashlib.sha256(text).hexdigest(),
        "content": content,
    }
    write_whole(stem.with_suffix(".json"), _canonical(whole))
    for _, path in _present(folder)[keep:]:
        # The JSON first: without it the tensors are no checkpoint.
        path.unlink(missing_ok=True)
        path.with_suffix(".safetensors").unlink(missing_ok=True)


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    """Return the newest undamaged checkpoint; None where there is none at all.

    Raises
    ------
    InvalidInputError
        All of them are damaged.
    """
    remove_leftovers(folder)
    present = _present(folder)
    problems = []
    for _, path in present:
        try:
            return load_checkpoint(path)
        except InvalidInputError as error:
            problems.append(error.problem)
            _log.warning("%s is passed over: %s", path, error.problem)
    if present:
        raise InvalidInputError(
            str(folder), f"all {len(present)} checkpoints are damaged ({problems[0]})",
            "Start the run again, in a new folder.",
        )  # fmt: skip
    return None


def load_checkpoint(path: Path) -> Checkpoint:
    """Read one checkpoint, from either of its two files.

    Raises
    ------
    InvalidInputError
        It is damaged; says how.
    """
    path = path.with_suffix(".json")
    try:
        whole = json.loads(path.read_bytes())
        data = path.with_suffix(".safetensors").read_bytes()
        if whole["format"] != _FORMAT:
            raise _damaged(path, f"it is of format {whole['format']!r}, and {_FORMAT} is known")
        content = whole["content"]
        if hashlib.sha256(_canonical(content)).hexdigest() != whole["content_sha256"]:
            raise _damaged(path, "its JSON was changed")
        if hashlib.sha256(data).hexdigest() != whole["tensors_sha256"]:
            raise _damaged(path, "its tensors are truncated or changed")
        return Checkpoint(path, _safetensors().load(data), content)
    except OSError as error:
        raise _damaged(path, f"it cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise _damaged(path, f"it is not whole ({type(error).__name__})") from None


def _present(folder: Path) -> list[tuple[int, Path]]:
    """Return (step, JSON) of all checkpoints, the newest first."""
    if not folder.is_dir():
        return []
    found = [(int(m[1]), path) for path in folder.iterdir() if (m := _NAME.fullmatch(path.name))]
    return sorted(found, reverse=True)


def _canonical(data: Any) -> bytes:
    return json.dumps(data, indent=1, sort_keys=True, allow_nan=False).encode()


def _damaged(path: Path, problem: str) -> InvalidInputError:
    return InvalidInputError(str(path), problem, "Take another checkpoint.")


def _safetensors() -> Any:
    try:
        import safetensors.torch
    except ImportError:
        raise MissingExtraError("safetensors", "torch") from None
    return safetensors.torch
