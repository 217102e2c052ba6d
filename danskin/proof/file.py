"""Writing a proof as JSON: the problem, the claim, every cell with its fate, and the exact points.

A proof file is data, made to be checked (`checker`): it says nothing that the checker takes on
trust. Exact numbers are formulas, bounds are hexadecimal floats. For each sample::

    {"form": "put in",             g is enclosed with theta put in exactly, or as "given"
     "floor": ..., "point": [...],       g is at least this there: a lower bound of the maximum
     "ceiling": ..., "rate": [..., ...], bounds of g and of the rate over the open cells
     "cells": [["split", 0, ...], "below", ["face", [0, "up"]], ["open", 0], "first-order"],
     "maximizers": {"points": [...], "tops": [...]}}

The cells are listed from the root on, the first part before the second. The start cells follow
from S; a split names factor and axis (for a simplex two vertices), a face what is left of which
factors. Branches whose cells turned out not to matter are cut off before they are written.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sympy

from danskin.errors import DanskinError, InvalidInputError
from danskin.exact import compare, enclose, exact_max, length, sign
from danskin.expression import parse
from danskin.limits import time_limit
from danskin.proof.boxes import Cells, Space
from danskin.proof.checker.reading import FORMAT, VERSION
from danskin.proof.checker.verify import check_data
from danskin.proof.cover import BELOW, Cover, History
from danskin.proof.elementary import ball_bounds
from danskin.proof.ties import _clusters, _top_of, exact_at
from danskin.verdict import Verdict

__all__ = ["proof_data", "step_data", "write_proof", "write_step"]

_MAX_CELLS = 400_000
_TIE_SECONDS = 10.0
_BATCH = 2_000
#: Of a fraction.
_MAX_DIGITS = 3_000
#: Where a verdict is exact, its cells are refined until D is known to this.
_WIDTH = 1e-6
_REFINE_SECONDS = 5.0
_MAX_OPEN = 2_000


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


def step_data(step: Any) -> dict[str, Any]:
    """Return a certified step as plain data: the proof of descent, and a "step".

    That is::

        {"length": ..., "slices": [{"end": ..., "samples": [{"bound": ..., "cells": [...]}]}]}

    The slices follow one another from 0 on; their cells are of steps (factor 0) and delta. On each
    the bounds of ``(phi_i(theta + t gamma) - phi_i(theta))/t`` add up to less than 0.
    """
    data = proof_data(step.descent)
    _, states = step.descent.evidence
    slices = []
    for (_, end), sweeps in zip(step.slices, step.evidence, strict=True):
        samples: dict[int, dict[str, Any]] = {}
        for state, sweep in zip(states, sweeps, strict=True):
            for owner, index in enumerate(state.indices):
                cells = _Tree(sweep.space, sweep.history, owner).steps({})
                samples[index] = {"bound": _hex(sweep.bounds[owner]), "cells": cells}
        slices.append({"end": _hex(end), "samples": [samples[i] for i in range(len(samples))]})
    return {**data, "step": {"length": _hex(step.step), "slices": slices}}


def proof_data(proof: Any) -> dict[str, Any]:
    """Return a decided proof as plain data; see the module's docstring.

    Raises
    ------
    InvalidInputError
        See `write_proof`.
    """
    if proof.verdict is Verdict.UNDECIDED:
        raise InvalidInputError("proof", "it is undecided", "Only what is decided can be saved.")
    if proof.direction is None:
        raise InvalidInputError(
            "proof",
            "it shows that theta is stationary, which files do not hold",
            "Save the proof for one direction, given by numbers.",
        )
    f, states = proof.evidence
    samples = getattr(f, "samples", (f,))
    parts, claim = _settled(proof, states)
    return {
        "format": FORMAT,
        "version": VERSION,
        "problem": {
            "theta": [s.name for s in samples[0].theta_symbols],
            "at": [_text(x) for x in proof.theta],
            "direction": [_text(c) for c in proof.direction],
            "samples": [_problem(s) for s in samples],
        },
        "claim": claim,
        "samples": [p.data() for p in parts],
    }


def _settled(proof: Any, states: Any) -> tuple[list[_Sample], dict[str, Any]]:
    """Return the samples and what follows from them; covers are refined until the verdict does.

    They were not where exact algebra (`danskin.argmax`) told the proof all maximizers early on:
    a file rests on cells.
    """
    end = time.monotonic() + _REFINE_SECONDS
    while True:
        found: dict[int, _Sample] = {}
        for state in states:
            for owner, index in enumerate(state.indices):
                found[index] = _Sample(state, owner)
        parts = [found[i] for i in range(len(found))]
        claim, width = _claim(proof, parts)
        done = claim["verdict"] == proof.verdict.value
        if done and width <= _WIDTH:
            return parts, claim
        late = time.monotonic() > end
        # What decided the proof in the first place needs no more cells.
        open_ended = [s for s in states if s.exact is not None and len(s.cover.cells) < _MAX_OPEN]
        moved = [s.cover.refine(np.ones(len(s.cover.cells), bool)) for s in open_ended if not late]
        if any(moved):
            continue
        if done:
            return parts, claim
        raise InvalidInputError(
            "proof",
            "it rests on maximizers found by exact algebra, or on symmetries, which files do not "
            "hold",
            "What bounds over cells and ties at points decide can be saved.",
        )


# --- texts ---------------------------------------------------------------------------------------


def _text(number: Any) -> str:
    """Return an exact number as a formula that reads as the same number."""
    text = str(number)
    if number.is_Rational and len(text) <= _MAX_DIGITS:
        return text
    try:
        same = compare(parse(text, (), "number"), number) == 0
    except DanskinError:
        same = False
    if not same:
        raise InvalidInputError(
            "proof",
            f"{text[:60]} cannot be written as a formula",
            "Roots of polynomials beyond square roots and the like do not go into files.",
        )
    return text


def _text_or_none(number: Any) -> str | None:
    try:
        return _text(number)
    except InvalidInputError:
        return None


def _problem(s: Any) -> dict[str, Any]:
    variables = (*s.theta_symbols, *s.delta_symbols)
    if s._from_text:
        g, parameters = s.text, {n: _text(v) for n, v in s.parameters.items()}
    else:
        g, parameters = str(s.expression), {}
    try:
        known = {n: parse(v, (), n) for n, v in parameters.items()}
        same = parse(g, {**known, **{v.name: v for v in variables}}, "g") == s.expression
    except DanskinError:
        same = False
    if not same:
        raise InvalidInputError(
            "proof", "the formula of g does not survive as text", "Give g as text."
        )
    names = [d.name for d in s.delta_symbols]
    return {"g": g, "parameters": parameters, "delta": names, "set": s.domain.to_dict()}


def _hex(x: float) -> str | None:
    return float(x).hex() if math.isfinite(x) else None


# --- one sample ----------------------------------------------------------------------------------


@dataclass
class _Exact:
    """Exact maximizers that the checker can follow."""

    points: list[Any]
    tops: list[Any] | None
    #: Open cell -> its group.
    groups: dict[int, int]
    rate: Any
    complete: bool


class _Sample:
    """One sample's cover, with the bounds that its open cells give."""

    def __init__(self, state: Any, owner: int) -> None:
        self.state, self.owner = state, owner
        self.cover: Cover = state.cover
        low, high = self.cover.rates
        ceilings = self.cover._highest(self.cover.ranges.value[1])
        self.low, self.high = float(low[owner]), float(high[owner])
        self.ceiling = float(ceilings[owner])
        self.floor, self.point = float(self.cover.floors[owner]), self.cover.bests[owner]
        self.exact = self._exact() if state.exact is not None else None

    def _exact(self) -> _Exact | None:
        """Look for the exact points again on what the cover has left, in the file's terms."""
        try:
            with time_limit(_TIE_SECONDS, "deciding ties"):
                return self._by_tops() or self._at_the_bound()
        except (DanskinError, ArithmeticError, NotImplementedError, ValueError):
            return None

    def _rate(self, points: Sequence[Any]) -> Any:
        problem = self.cover.problem
        best = exact_max([exact_at(problem.rate, problem.symbols, p) for p in points])
        return None if best is None else best[0]

    def _by_tops(self) -> _Exact | None:
        cover = self.cover
        found, groups = [], {}
        for rows in _clusters(cover):
            top = _top_of(cover.problem, cover.cells.take(rows))
            if top is None:
                return None
            groups |= dict.fromkeys(cover.cells.ids[rows].tolist(), len(found))
            found.append(top)
        best = exact_max([top[0] for top in found])
        if best is None:
            return None
        points = [p for i in best[1] for p in found[i][1]]
        rate = self._rate(points)
        if rate is None:
            return None
        complete = all(found[i][2] for i in best[1])
        return _Exact(points, [t[1][0] for t in found], groups, rate, complete)

    def _at_the_bound(self) -> _Exact | None:
        problem = self.cover.problem
        if not math.isfinite(self.ceiling):
            return None
        bound = sympy.Rational(*self.ceiling.as_integer_ratio())
        points = [
            p
            for p in self.state.points
            if compare(exact_at(problem.value, problem.symbols, p), bound) in (0, 1)
        ]
        rate = self._rate(points) if points else None
        return None if rate is None else _Exact(points, None, {}, rate, False)

    def data(self) -> dict[str, Any]:
        """Return the sample's part of the file."""
        exact = self.exact
        maximizers = None
        if exact is not None:
            tops = None if exact.tops is None else [_texts(p) for p in exact.tops]
            maximizers = {"points": [_texts(p) for p in exact.points], "tops": tops}
        return {
            "form": "given" if self.state.shared is not None else "put in",
            "floor": _hex(self.floor),
            "point": None if self.point is None else _texts(self.point),
            "ceiling": _hex(self.ceiling),
            "rate": [_hex(self.low), _hex(self.high)],
            "cells": self._cells(),
            "maximizers": maximizers,
        }

    def _cells(self) -> list[Any]:
        """Return the cells, cut down to what the claim needs."""
        cover, exact = self.cover, self.exact
        tree = _Tree(cover.space, cover.history, self.owner)
        parents = list(tree.into)
        grouped = exact is not None and exact.tops is not None
        for at in range(0, len(parents), _BATCH):
            some = parents[at : at + _BATCH]
            found = [tree.where[i] for i in some]
            cells = Cells.join([made.take(np.array([row])) for made, row in found])
            r = cover.problem.enclose(cells)
            below = r.defined & (r.value[1] < self.floor)
            fine = r.defined & (r.value[1] <= self.ceiling)
            fine &= (-r.rate[0] >= self.low) & (r.rate[1] <= self.high)
            for i, b, ok in zip(some, below.tolist(), fine.tolist(), strict=True):
                if b:
                    tree.fate[i] = "below"
                elif ok and not grouped:
                    tree.fate[i] = "open"
        return tree.steps({} if exact is None else exact.groups)


def _texts(point: Sequence[Any]) -> list[str]:
    return [_text(c) for c in point]


class _Tree:
    """The cells of one sample as a tree."""

    def __init__(self, space: Space, history: History, owner: int) -> None:
        self.ahead = 1 if space._grouped else 0
        self.where: dict[int, tuple[Cells, int]] = {}
        for made in history.made:
            mine = np.flatnonzero(space.owner(made) == owner).tolist()
            ids = made.ids.tolist()
            self.where |= {ids[row]: (made, row) for row in mine}
        self.roots = [i for i in history.made[0].ids.tolist() if i in self.where]
        self.fate: dict[int, str] = {}
        self.into: dict[int, tuple[int, ...]] = {}
        for step in history.steps:
            if step[0] == "drop":
                word = "below" if step[2] == BELOW else "first-order"
                self.fate |= {i: word for i in step[1].tolist() if i in self.where}
            else:
                rows = zip(step[1].tolist(), *(s.tolist() for s in step[2:]), strict=True)
                self.into |= {i: tuple(rest) for i, *rest in rows if i in self.where}

    def steps(self, groups: dict[int, int]) -> list[Any]:
        """Return the cells with their fates, from the roots on."""
        out: list[Any] = []
        stack = self.roots[::-1]
        while stack:
            i = stack.pop()
            word = self.fate.get(i)
            if word is None and i in self.into:
                children = self.into[i]
                out.append(self._step(i, children))
                stack += children[::-1]
            elif word in (None, "open"):
                out.append(["open", groups[i]] if i in groups else "open")
            else:
                out.append(word)
            if len(out) > _MAX_CELLS:
                raise InvalidInputError("proof", "it has too many cells", "Shrink the problem.")
        return out

    def _step(self, i: int, children: tuple[int, ...]) -> list[Any]:
        made, row = self.where[i]
        old = [{k: v[row] for k, v in p.items()} for p in made.parts[self.ahead :]]
        made, row = self.where[children[0]]
        new = [{k: v[row] for k, v in p.items()} for p in made.parts[self.ahead :]]
        changes = [
            [n, *how]
            for n, (a, b) in enumerate(zip(old, new, strict=True))
            if (how := _change(a, b, len(children) == 2)) is not None
        ]
        return ["split", *changes[0]] if len(children) == 2 else ["face", *changes]


def _change(old: Any, new: Any, halved: bool) -> list[Any] | None:
    """Say how a cell of a factor became another, in the checker's words; None for no change."""
    if all((old[k] == new[k]).all() for k in old):
        return None
    if "X" in old:
        same = (old["X"] == new["X"]).all(axis=1)
        if not halved:
            return np.flatnonzero(same).tolist()
        # The first half has b replaced by the middle: b is what changed, a the other end.
        b = int(np.flatnonzero(~same)[0])
        other = 2 * new["X"][b] - old["X"][b]
        a = int(np.flatnonzero((old["X"] == other).all(axis=1))[0])
        return [a, b]
    if "sphere" in old:
        return [int(np.flatnonzero(old["hi"] != new["hi"])[0])] if halved else ["sphere"]
    return [] if halved else ["up" if new["lo"] == old["hi"] else "down"]


# --- the claim -----------------------------------------------------------------------------------


def _claim(proof: Any, parts: Sequence[_Sample]) -> tuple[dict[str, Any], float]:
    """Return what follows from what the file holds, and how wide its enclosure of D is."""
    lows, highs = [], []
    for p in parts:
        low, high = _rational(p.low), _rational(p.high)
        if p.exact is not None:
            rate = p.exact.rate
            if p.exact.complete:
                low = high = rate
            elif low is None or sign(rate - low) == 1:
                low = rate
        lows.append(low)
        highs.append(high)
    low, high = _sum(lows), _sum(highs)
    below = None if high is None else sign(high)
    above = None if low is None else sign(low)
    if below == -1:
        verdict, ascent = Verdict.PROVED, Verdict.REFUTED
    elif above in (0, 1):
        verdict = Verdict.REFUTED
        ascent = Verdict.PROVED if above == 1 else Verdict.UNDECIDED
        ascent = Verdict.REFUTED if below == 0 else ascent
    else:
        verdict, ascent = Verdict.UNDECIDED, Verdict.UNDECIDED
    scale = len(parts) * length(proof.direction)
    derivative = _ends(low, high, scale)
    exact = None
    if low is not None and low == high:
        exact = proof.exact_derivative
        if exact is None or sign(exact * scale - low) != 0:
            # As a number it is the same; as written it may be out of reach of a decision.
            exact = low / scale
        exact = exact if sign(exact * scale - low) == 0 else None
    width = math.inf
    if None not in derivative:
        width = float.fromhex(derivative[1]) - float.fromhex(derivative[0])  # type: ignore[arg-type]
    claim = {
        "verdict": verdict.value,
        "ascent": ascent.value,
        "derivative": derivative,
        "exact_derivative": None if exact is None else _text_or_none(exact),
        "value": _ends(
            _sum([_rational(p.floor) for p in parts]),
            _sum([_rational(p.ceiling) for p in parts]),
            sympy.Integer(len(parts)),
        ),
    }
    return claim, width


def _rational(x: float) -> Any:
    return sympy.Rational(*x.as_integer_ratio()) if math.isfinite(x) else None


def _sum(numbers: Sequence[Any]) -> Any:
    return None if any(x is None for x in numbers) else sympy.Add(*numbers)


def _ends(low: Any, high: Any, scale: Any) -> list[str | None]:
    """Return ``[low, high]/scale`` rounded outward."""
    lo = None if low is None else ball_bounds(enclose(low / scale, 128))[0]
    hi = None if high is None else ball_bounds(enclose(high / scale, 128))[1]
    return [None if x is None else _hex(x) for x in (lo, hi)]
