"""Writing a proof as JSON: the problem, the claim, every cell with its fate, and the facts used.

A proof file is data. Numbers are text: exact ones as formulas, bounds and corners as hexadecimal
floats, so that nothing is rounded on the way. For each sample::

    {"floor": {"value": ..., "point": [...]},          a proved lower bound of its maximum
     "cells": [{"cell": [...], "fate": "split", "into": [1, 2]}, ...],
     "facts": {"maximizers": [...], "complete": ..., "how": ...}}

A cell lists its factors in the order of the set's: ``["interval", lo, hi]`` in [0, 1],
``["point", index]``, ``["simplex", vertices, signs or null]``, ``["ball", lo, hi, on_sphere]``.
The first cells, as many as "roots" says, cover S. Fates: "split" and "shrink" (into other cells),
"value" (g is below the floor), "first-order" (no maximizer), "open" (kept).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from danskin.errors import InvalidInputError
from danskin.proof.cover import Cover
from danskin.verdict import Verdict

__all__ = ["proof_data", "write_proof"]

_MAX_CELLS = 100_000


def write_proof(proof: Any, path: str | Path) -> None:
    """Write a decided proof to a file.

    Raises
    ------
    InvalidInputError
        Nothing was proved; too many cells; the file cannot be written.
    """
    data = proof_data(proof)
    try:
        Path(path).write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(
            "path", f"{path} cannot be written: {error.strerror}", "Choose another path."
        ) from None


def proof_data(proof: Any) -> dict[str, Any]:
    """Return a decided proof as plain data; see the module's docstring."""
    if proof.verdict is Verdict.UNDECIDED:
        raise InvalidInputError("proof", "it is undecided", "Only what is decided can be saved.")
    f, states = proof.evidence
    samples = getattr(f, "samples", (f,))
    covers = [s if isinstance(s, Cover) else s.cover for s in states]
    if sum(c.evaluated for c in covers) > _MAX_CELLS:
        raise InvalidInputError("proof", "it has too many cells", "Shrink the problem.")
    claim = proof.to_dict()
    for key in ("boxes", "seconds", "reason"):
        del claim[key]
    for key in ("derivative", "value"):
        claim[key] = [float(x).hex() for x in claim[key]]
    return {
        "format": "danskin-proof",
        "version": 1,
        "problem": {
            "theta": [s.name for s in samples[0].theta_symbols],
            "samples": [
                {
                    "g": str(s.expression),
                    "delta": [d.name for d in s.delta_symbols],
                    "domain": s.domain.to_dict(),
                }
                for s in samples
            ],
        },
        "claim": claim,
        "samples": _in_order(covers, states),
    }


def _in_order(covers: Any, states: Any) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for number, (cover, state) in enumerate(zip(covers, states, strict=True)):
        indices = (number,) if isinstance(state, Cover) else state.indices
        for owner, index in enumerate(indices):
            found[index] = _sample(cover, state, owner)
    return [found[i] for i in sorted(found)]


def _sample(cover: Cover, state: Any, owner: int) -> dict[str, Any]:
    cells: dict[int, dict[str, Any]] = {}
    ahead = 1 if cover.space.leading else 0
    for made in cover.history.made:
        owners = cover.space.owner(made)
        for row in np.flatnonzero(owners == owner).tolist():
            cell = _cell(made.parts[ahead:], row)
            cells[int(made.ids[row])] = {"cell": cell, "fate": "open"}
    roots = sum(1 for i in cover.history.made[0].ids.tolist() if i in cells)
    # Samples that share tapes share a numbering, too: here each has its own.
    new = {old: i for i, old in enumerate(sorted(cells))}
    for step in cover.history.steps:
        if step[0] == "drop":
            for i in step[1].tolist():
                if i in cells:
                    cells[i]["fate"] = step[2]
        else:
            into = np.stack(step[2:], axis=1).tolist()
            for i, children in zip(step[1].tolist(), into, strict=True):
                if i in cells:
                    cells[i].update(fate=step[0], into=[new[c] for c in children])
    best = cover.bests[owner]
    facts = {"maximizers": [], "complete": False, "how": ""}
    if not isinstance(state, Cover):
        facts = {
            "maximizers": [[str(c) for c in p] for p in state.points],
            "complete": state.points_complete,
            "how": state.how,
        }
    return {
        "roots": roots,
        "floor": {
            "value": float(cover.floors[owner]).hex(),
            "point": None if best is None else [str(c) for c in best],
        },
        "cells": [cells[i] for i in sorted(cells)],
        "facts": facts,
    }


def _cell(parts: Any, row: int) -> list[Any]:
    out: list[Any] = []
    for part in parts:
        if "index" in part:
            out.append(["point", int(part["index"][row])])
        elif "X" in part:
            signs = part["signs"][row].tolist() if "signs" in part else None
            out.append(["simplex", [[x.hex() for x in v] for v in part["X"][row].tolist()], signs])
        elif "sphere" in part:
            lo, hi = ([x.hex() for x in part[k][row].tolist()] for k in ("lo", "hi"))
            out.append(["ball", lo, hi, bool(part["sphere"][row])])
        else:
            out.append(["interval", float(part["lo"][row]).hex(), float(part["hi"][row]).hex()])
    return out
