"""The view *Your objective*: a form checked field by field, and a proof with its boxes.

A proof is a job in a process of its own (`work`): it has a time budget, tells how far it is, and
can be killed. What comes back are the library's verdict and enclosures, and the cells of its
branch and bound where they can be drawn: on a line or in the plane.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from danskin.errors import DanskinError, InvalidInputError
from danskin.explorer import scripts
from danskin.explorer.families import LIMITS
from danskin.explorer.forms import FORM, Made, read_at, read_direction, read_form
from danskin.explorer.inner import curve_of
from danskin.explorer.payload import BadRequest, Fields, Problem, number, problems_of
from danskin.objective import as_floats
from danskin.proof import DescentProof, prove_descent
from danskin.proof.result import bounds_text
from danskin.verdict import Verdict

__all__ = ["DEFAULT_BUDGET", "check", "prove", "question"]

DEFAULT_BUDGET = 10.0
_MAX_CELLS = 2000
#: Cells of a branch and bound that are looked at, at most.
_MAX_HISTORY = 200_000


def check(data: dict[str, Any]) -> dict[str, Any]:
    """Answer with the form as it was understood, or with every field's error."""
    made, at, direction, _ = read_question(data, at_needed=False)
    f = made.objective
    literal = made.literal
    return {
        "ok": True,
        "objective": literal,
        "at": at,
        "direction": direction,
        "n": f.theta_dim,
        "k": f.delta_dim,
        "text": {"g": getattr(f, "text", ""), "domain": repr(f.domain)},
        "landscape": f.theta_dim == 2,
        "python": scripts.read(literal),
    }


def question(data: dict[str, Any]) -> dict[str, Any]:
    """Read the question of a proof without answering it."""
    *_, budget = read_question(data, at_needed=True)
    return {"budget": budget}


def read_question(
    data: dict[str, Any], at_needed: bool
) -> tuple[Made, list[Any] | None, str | list[Any], float]:
    """Read a form, a point, a direction and a budget.

    Raises
    ------
    BadRequest
        With the problems of all fields.
    """
    fields = Fields(data, (*FORM, "at", "direction", "budget"))
    made = read_form(fields)
    default = () if at_needed else (None,)
    at = fields.read("at", functools.partial(read_at, made=made), *default)
    direction = fields.read("direction", functools.partial(read_direction, made=made), "steepest")
    budget = fields.read("budget", _budget, DEFAULT_BUDGET)
    fields.done()
    assert made is not None
    return made, at, direction, budget


def _budget(value: Any, where: str) -> float:
    low, high = LIMITS["budget"]  # type: ignore[misc]
    seconds = number(value, where)
    if isinstance(seconds, str) or not low <= seconds <= high:
        raise InvalidInputError(where, f"{value!r:.40} is not {low} to {high} seconds", "Choose.")
    return float(seconds)


def prove(
    data: dict[str, Any],
    tell: Callable[[int, float, float], None],
    stage: Callable[[str], None],
) -> dict[str, Any]:
    """Prove whether the direction descends; return the verdict, the bounds and the cells."""
    made, at, direction, budget = read_question(data, at_needed=True)
    assert at is not None
    stage("proving")
    try:
        proof = prove_descent(made.objective, at, direction, budget=budget, tell=tell)
    except InvalidInputError as error:
        names = {"theta": "at", "budget": "budget", "direction": "direction", "index": "direction"}
        field = names.get(error.argument.partition("[")[0], "at")
        raise BadRequest(422, Problem(field, error.problem, error.remedy)) from None
    except DanskinError as error:
        raise BadRequest(422, problems_of(error, "g")) from None
    stage("drawing")
    return {
        **_verdict(proof),
        "at": at,
        "cover": _cover(made, at, proof),
        "python": scripts.proof(made.literal, at, direction, budget),
    }


def _verdict(proof: DescentProof) -> dict[str, Any]:
    plain = proof.to_dict()
    exact = plain["exact_derivative"]
    return {
        **{k: plain[k] for k in ("verdict", "ascent", "stationary", "steepest", "reason", "asked")},
        "headline": _headline(proof),
        "explain": proof.explain(),
        "derivative": plain["derivative"],
        "derivative_text": bounds_text(proof.derivative),
        "exact_derivative": None if exact is None or len(exact) > 80 else exact,
        "value": plain["value"],
        "value_text": bounds_text(proof.value),
        "direction": plain["direction"],
        "maximizers": plain["maximizers"][:100],
        "maximizers_complete": proof.maximizers_complete,
        "boxes": proof.boxes,
        "seconds": proof.seconds,
    }


def _headline(proof: DescentProof) -> str:
    if proof.stationary:
        return "Refuted: θ is stationary, no direction descends"
    if proof.verdict is Verdict.PROVED:
        return f"Proved: {'the steepest' if proof.steepest else 'a'} descent direction"
    if proof.verdict is Verdict.REFUTED:
        tail = {
            Verdict.PROVED: "φ rises along it",
            Verdict.REFUTED: "D is exactly 0",
            Verdict.UNDECIDED: "D ≥ 0",
        }[proof.ascent]
        return f"Refuted: not a descent direction, {tail}"
    return "Undecided within the budget"


# --- the cells -----------------------------------------------------------------------------------


def _cover(made: Made, at: list[Any], proof: DescentProof) -> dict[str, Any]:
    """Return the leaves of the branch and bound as boxes, with what became of them."""
    f: Any = made.objective
    names = [str(s) for s in f.delta_symbols]
    nothing = {"kind": "none", "sample": 0, "names": names, "cells": [], "curve": None}
    if f.delta_dim > 2:
        return {**nothing, "why": f"boxes in {f.delta_dim} coordinates are not drawn"}
    covers = [getattr(s, "cover", s) for s in (proof.evidence or (f, []))[1]]
    if len(covers) != 1:
        return {**nothing, "why": "there are no boxes to draw"}
    (cover,) = covers
    history = cover.history
    if sum(len(made) for made in history.made) > _MAX_HISTORY:
        return {**nothing, "why": "there are too many boxes to draw"}
    fates: dict[int, str] = {}
    parents: set[int] = set()
    for kind, ids, *rest in history.steps:
        if kind == "drop":
            fates.update(dict.fromkeys(ids.tolist(), rest[0]))
        else:
            parents.update(ids.tolist())
    cells: list[dict[str, Any]] = []
    truncated = False
    for made_cells in history.made:
        ids = made_cells.ids.tolist()
        rows = [i for i, cell in enumerate(ids) if cell in fates or cell not in parents]
        rows = rows[: _MAX_CELLS - len(cells) + 1]
        if rows:
            cells += _boxes(cover, made_cells.take(np.array(rows)), fates)
        if len(cells) > _MAX_CELLS:
            truncated = True
            cells = cells[:_MAX_CELLS]
            break
    theta = as_floats(at, "at", f.theta_dim)
    return {
        "kind": "curve" if f.delta_dim == 1 else "map",
        "sample": 0,
        "names": names,
        "why": "",
        "cells": cells,
        "floor": float(cover.floor),
        "curve": curve_of(f, theta),
        "truncated": truncated,
    }


def _boxes(cover: Any, cells: Any, fates: dict[int, str]) -> list[dict[str, Any]]:
    ranges = np.array(cover.space.enclose(cells))  # (k, 2, N): minus the lower ends, upper ends
    lows, highs = -ranges[:, 0].T, ranges[:, 1].T
    enclosed = cover.problem.enclose(cells)
    has_rate = cover.problem.gamma is not None
    return [
        {
            "lo": lows[i],
            "hi": highs[i],
            "fate": fates.get(cell, "kept"),
            "g": [-enclosed.value[0, i], enclosed.value[1, i]],
            "rate": [-enclosed.rate[0, i], enclosed.rate[1, i]] if has_rate else None,
        }
        for i, cell in enumerate(cells.ids.tolist())
    ]
