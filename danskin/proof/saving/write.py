"""Writing a proof file, once the checker agrees with what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from danskin.errors import InvalidInputError
from danskin.proof.checker.verify import check_data
from danskin.proof.saving.data import proof_data, step_data

__all__ = ["write_proof", "write_step"]


def write_proof(proof: Any, path: str | Path) -> None:
    """Write a decided proof to a file, once the checker agrees with it.

    Raises
    ------
    InvalidInputError
        Nothing was proved; the proof rests on something that a file cannot hold; the file cannot
        be written.
    """
    _write(proof_data(proof), path)


def write_step(step: Any, path: str | Path) -> None:
    """Write a certified step, with the proof of descent that it starts from; see `write_proof`."""
    _write(step_data(step), path)


def _write(data: dict[str, Any], path: str | Path) -> None:
    checked = check_data(data)
    if not checked.verified:
        raise InvalidInputError(
            "proof", f"the checker does not follow it: {checked.reason}", "Nothing was written."
        )
    try:
        with Path(path).open("w", encoding="utf-8") as file:
            json.dump(data, file, separators=(",", ":"))
            file.write("\n")
    except OSError as error:
        raise InvalidInputError(
            "path", f"{path} cannot be written: {error.strerror}", "Choose another path."
        ) from None
