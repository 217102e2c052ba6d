"""Writing a proof as JSON: the problem, the claim, every cell with its fate, and the exact points.

A proof file is data, made to be checked (`checker`): it says nothing that the checker takes on
trust. Exact numbers are formulas, bounds are hexadecimal floats; numbers that are roots of
polynomials get names. For each sample::

    {"form": "written out",        theta is put in exactly; or "shared", a formula's form as it is
     "written": {"g": ..., "rate": ...},  how g(theta, .) and the rate read then
     "floor": ..., "point": [...],       g is at least this there: a lower bound of the maximum
     "ceiling": ..., "rate": [..., ...], bounds of g and of the rate over the open cells
     "cells": [["split", 0, 0, 1], "below", ["face", [0, 1]], ["open", 0], "first-order"],
     "points": [...], "tops": [...],     maximizers; the highest points of the open cells
     "excess": [..., [0, 0, ...]],       how g(theta, .) less its value at the points reads, with
                                         multiples of what is >= 0 in factors of S added
     "maps": [[-1], ...]}                symmetries that take S* to itself

The cells are listed from the root on, the first part before the second. The start cells follow
from S; a split names a factor and the two corners of the edge that is cut (for a round ball, the
axis), a face the corners that are left of factors. Branches whose cells turned out not to matter
are cut off before they are written. With the claim come weights: of the gradients at the points, in
which they combine to 0, or against gamma.
"""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sympy

from danskin.errors import DanskinError, InvalidInputError
from danskin.exact import compare, enclose, exact_max, length, sign, tidy
from danskin.expression import parse, substitute
from danskin.limits import time_limit
from danskin.maximizers import maximizers
from danskin.minnorm import exact_min_norm
from danskin.proof import symmetry
from danskin.proof.at_point import exact_at
from danskin.proof.boxes import Cells, Space
from danskin.proof.checker.reading import FORMAT, VERSION
from danskin.proof.checker.verify import check_data
from danskin.proof.cover import BELOW, Cover, History
from danskin.proof.critical import highest_points
from danskin.proof.elementary import ball_bounds
from danskin.proof.excess import Excess, never_above, nowhere_positive
from danskin.proof.local import simplified
from danskin.proof.sample import Sample
from danskin.proof.segment import _divided
from danskin.proof.ties import clusters_of
from danskin.sets import Ball, Box, FiniteSet, Product
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
_STEEPEST_SECONDS = 2.0
_MAX_OPEN = 2_000
#: Of an expression written out.
_MAX_TEXT = 4_000
_MAX_JOINT = 256


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

        {
            "length": ...,
            "name": "t",
            "paths": [{"g": ..., "quotient": ...}],
            "slices": [{"end": ..., "samples": [{"bound": ..., "cells": [...]}]}],
        }

    The paths say how ``h(t, .) = g(theta + t gamma, .)`` and ``(h(t, .) - h(0, .))/t`` read,
    written out. The slices follow one another from 0 on; their cells are of steps (factor 0) and
    delta. On each the bounds of ``(phi_i(theta + t gamma) - phi_i(theta))/t`` add up to less than
    0.
    """
    proof = step.descent
    f, states = proof.evidence
    words = _Words(_samples(f), _numbers(proof))
    data = _data(proof, words)
    t = words.new("t")
    paths: dict[int, Any] = {}
    for state in states:
        paths |= {i: _path(state, proof, t, words) for i in state.indices}
    slices = []
    for (_, end), sweeps in zip(step.slices, step.evidence, strict=True):
        samples: dict[int, dict[str, Any]] = {}
        for state, sweep in zip(states, sweeps, strict=True):
            for owner, index in enumerate(state.indices):
                cells = _Tree(sweep.space, sweep.history, owner).steps({})
                samples[index] = {"bound": _hex(sweep.bounds[owner]), "cells": cells}
        slices.append({"end": _hex(end), "samples": [samples[i] for i in range(len(samples))]})
    return {
        **data,
        "roots": words.roots,
        "step": {
            "length": _hex(step.step),
            "name": t.name,
            "paths": [paths[i] for i in range(len(paths))],
            "slices": slices,
        },
    }


def _path(state: Any, proof: Any, t: Any, words: _Words) -> dict[str, Any] | None:
    if state.shared is not None:
        return None
    f = state.f
    triples = zip(f.theta_symbols, proof.theta, proof.direction, strict=True)
    moved = {s: x + c * t for s, x, c in triples}
    own = (t, *f.delta_symbols)
    h = simplified(substitute(f.expression, moved, "theta"), own)
    return {"g": words.formula(h, own), "quotient": words.formula(_divided(h, t), own)}


def proof_data(proof: Any) -> dict[str, Any]:
    """Return a decided proof as plain data; see the module's docstring.

    Raises
    ------
    InvalidInputError
        See `write_proof`.
    """
    if proof.verdict is Verdict.UNDECIDED:
        raise InvalidInputError("proof", "it is undecided", "Only what is decided can be saved.")
    return _data(proof, _Words(_samples(proof.evidence[0]), _numbers(proof)))


def _samples(f: Any) -> Sequence[Any]:
    return getattr(f, "samples", (f,))


def _numbers(proof: Any) -> list[Any]:
    return [*proof.theta, *(proof.direction or ())]


def _data(proof: Any, words: _Words) -> dict[str, Any]:
    f, states = proof.evidence
    samples = _samples(f)
    if proof.direction is None:
        pairs = zip(samples, states, strict=True)
        states = [Sample(s, proof.theta, c.problem, c, (i,)) for i, (s, c) in enumerate(pairs)]
    parts, claim = _settled(proof, states, words)
    direction = None if proof.direction is None else [words.text(c) for c in proof.direction]
    problems: dict[int, Any] = {}
    for state in states:
        problems |= dict(zip(state.indices, _problems(state, samples, words), strict=True))
    data = {
        "format": FORMAT,
        "version": VERSION,
        "roots": words.roots,
        "problem": {
            "theta": [s.name for s in samples[0].theta_symbols],
            "at": [words.text(x) for x in proof.theta],
            "direction": direction,
            "samples": [problems[i] for i in range(len(problems))],
        },
        "claim": claim,
        "samples": [p.data() for p in parts],
    }
    steepest = claim["weights"] is not None and proof.direction is not None
    if steepest and not check_data(data).verified:
        # That gamma is the steepest direction does not follow from what the file holds.
        claim["weights"] = None
    return data


def _settled(proof: Any, states: Any, words: _Words) -> tuple[list[_Sample], dict[str, Any]]:
    """Return the samples and what follows from them; covers are refined until the verdict does.

    They were not where exact algebra (`danskin.argmax`) told the proof all maximizers early on:
    a file rests on cells.
    """
    end = time.monotonic() + (_STEEPEST_SECONDS if proof.steepest else _REFINE_SECONDS)
    hull = proof.steepest or proof.direction is None
    while True:
        found: dict[int, _Sample] = {}
        for state in states:
            for owner, index in enumerate(state.indices):
                found[index] = _Sample(state, owner, hull, words)
        parts = [found[i] for i in range(len(found))]
        claim, width = _claim(proof, parts, words)
        claim["weights"] = _weights(parts, words) if hull else None
        if proof.direction is None:
            done, width = claim["weights"] is not None, 0.0
        else:
            done = claim["verdict"] == proof.verdict.value
            # That gamma is the steepest takes the exact rate, over all maximizers.
            whole = all(p.exact is not None and p.exact.complete for p in parts)
            done &= whole or not proof.steepest
        if done and width <= _WIDTH:
            return parts, claim
        late = time.monotonic() > end
        # What decided the proof in the first place needs no more cells.
        wanting = [s for s in states if hull or s.exact is not None]
        open_ended = [s for s in wanting if len(s.cover.cells) < _MAX_OPEN]
        moved = [s.cover.refine(np.ones(len(s.cover.cells), bool)) for s in open_ended if not late]
        if any(moved):
            continue
        if proof.direction is not None and claim["verdict"] == proof.verdict.value:
            return parts, claim
        raise InvalidInputError(
            "proof",
            "it rests on maximizers found by exact algebra, and bounds over cells and ties at "
            "points do not show the same",
            "Files hold such bounds and points only; save the proof for another direction.",
        )


# --- texts ---------------------------------------------------------------------------------------


class _Words:
    """Exact numbers and formulas as text; roots of polynomials get names, told in `roots`."""

    def __init__(self, samples: Sequence[Any], numbers: Iterable[Any]) -> None:
        self._taken = {s.name for f in samples for s in (*f.theta_symbols, *f.delta_symbols)}
        self._taken |= {n for f in samples for n in getattr(f, "parameters", {})}
        self._roots: dict[Any, Any] = {}
        self.roots: dict[str, Any] = {}

    def new(self, name: str) -> Any:
        """Return a symbol whose name stands for nothing else."""
        names = itertools.chain([name], (f"{name}_{i}" for i in itertools.count()))
        found = next(n for n in names if n not in self._taken)
        self._taken.add(found)
        return sympy.Symbol(found)

    def _named(self, expr: Any) -> Any:
        for root in expr.atoms(sympy.CRootOf):
            if root not in self._roots:
                ball = ball_bounds(enclose(root, 64))
                symbol = self._roots[root] = self.new("root")
                self.roots[symbol.name] = {
                    "polynomial": [str(c) for c in root.poly.all_coeffs()],
                    "in": [str(sympy.Rational(*x.as_integer_ratio())) for x in ball],
                }
        return expr.xreplace(self._roots)

    def _names(self) -> dict[str, Any]:
        return {symbol.name: root for root, symbol in self._roots.items()}

    def text(self, number: Any) -> str:
        """Return an exact number as a formula that reads as the same number."""
        text = str(number)
        if number.is_Rational and len(text) <= _MAX_DIGITS:
            return text
        text = str(self._named(number))
        try:
            same = compare(parse(text, self._names(), "number"), number) == 0
        except DanskinError:
            same = False
        if not same:
            raise InvalidInputError(
                "proof", f"{text[:60]} cannot be written as a formula", "Simplify the problem."
            )
        return text

    def formula(self, expr: Any, symbols: Sequence[Any], known: Any = None) -> str | None:
        """Return an expression as text that reads as the same; None where there is none."""
        if expr is None:
            return None
        text = str(self._named(sympy.S(expr)))
        if len(text) > _MAX_TEXT and known is None:
            return None
        try:
            found = parse(text, {**self._names(), **{s.name: s for s in symbols}}, "g")
        except DanskinError:
            return None
        return text if found == expr or sympy.expand(found - expr) == 0 else None


def _problems(state: Any, samples: Sequence[Any], words: _Words) -> list[dict[str, Any]]:
    """Return the samples' formulas, parameters and sets."""
    s = state.f
    variables = (*s.theta_symbols, *s.delta_symbols)
    if state.shared is not None:
        template, rows = state.shared
        symbols = [words.new(f"c{i + 1}") for i in range(len(rows[0]))]
        put = {sympy.Symbol(f"c {i + 1}"): c for i, c in enumerate(symbols)}
        shape = template._expr.xreplace(put)
        g = words.formula(shape, (*variables, *symbols), "g")
        parameters = [
            {c.name: words.text(x) for c, x in zip(symbols, row, strict=True)} for row in rows
        ]
    else:
        g, values = (s.text, s.parameters) if s._from_text else (None, {})
        parameters = [{n: words.text(v) for n, v in values.items()}]
        try:
            known = {n: parse(v, words._names(), n) for n, v in parameters[0].items()}
            known |= {v.name: v for v in variables}
            same = g is not None and parse(g, known, "g") == s.expression
        except DanskinError:
            same = False
        if not same:
            g, parameters = words.formula(s.expression, variables, "g"), [{}]
    if g is None:
        raise InvalidInputError(
            "proof", "the formula of g does not survive as text", "Give g as text."
        )
    names = [d.name for d in s.delta_symbols]
    return [
        {"g": g, "parameters": p, "delta": names, "set": _set_data(samples[i].domain, words)}
        for i, p in zip(state.indices, parameters, strict=True)
    ]


def _set_data(domain: Any, words: _Words) -> Any:
    """Return a set's plain data, its numbers in words that can be read back."""
    if isinstance(domain, Product):
        return {"product": [_set_data(s, words) for s in domain.sets]}
    if isinstance(domain, Box):
        ends = zip(domain.exact_lo, domain.exact_hi, strict=True)
        return {"box": [[words.text(a), words.text(b)] for a, b in ends]}
    if isinstance(domain, FiniteSet):
        return {"points": [[words.text(c) for c in p] for p in domain.exact_points]}
    if isinstance(domain, Ball):
        ball = domain.to_dict()["ball"]
        center = [words.text(c) for c in domain.exact_center]
        return {"ball": {**ball, "center": center, "radius": words.text(domain.exact_radius)}}
    return domain.to_dict()


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
    #: g less its maximum, in a form that is seen to be nowhere above 0.
    excess: Excess | None = None


class _Sample:
    """One sample's cover, with the bounds that its open cells give."""

    def __init__(self, state: Any, owner: int, hull: bool, words: _Words) -> None:
        self.state, self.owner, self.words = state, owner, words
        self.cover: Cover = state.cover
        low, high = self.cover.rates
        ceilings = self.cover._highest(self.cover.ranges.value[1])
        self.low, self.high = max(float(low[owner]), state.by_orbits), float(high[owner])
        self.ceiling = float(ceilings[owner])
        self.floor, self.point = float(self.cover.floors[owner]), self.cover.bests[owner]
        wanted = hull or state.exact is not None
        self.exact = self._exact() if wanted and state.shared is None else None

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
        if len(cover.cells) > _MAX_OPEN:
            return None
        found, groups = [], {}
        for rows in clusters_of(cover):
            top = highest_points(cover.problem, cover.cells.take(rows))
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
        guesses = self.state.points or self._guesses()
        values = [exact_at(problem.value, problem.symbols, p) for p in guesses]
        points = [p for p, v in zip(guesses, values, strict=True) if compare(v, bound) in (0, 1)]
        form, best = None, exact_max(values)
        if not points and best is not None:
            form = never_above(self.cover, best[0], guesses[best[1][0]])
            points = [] if form is None else [guesses[i] for i in best[1]]
        rate = self._rate(points) if points else None
        return None if rate is None else _Exact(points, None, {}, rate, False, form)

    def _guesses(self) -> tuple[Any, ...]:
        found = maximizers(self.state.f, list(self.state.theta))
        points = getattr(found, "exact_deltas", None) or ()
        return tuple(points[:_MAX_JOINT])

    def gradients(self) -> list[tuple[Any, ...]]:
        """Return the exact gradients at the points."""
        f, points = self.state.f, self.exact.points if self.exact else ()
        rows = f.gradient_at(self.state.theta)
        return [tuple(tidy(exact_at(g, f.delta_symbols, p)) for g in rows) for p in points]

    def data(self) -> dict[str, Any]:
        """Return the sample's part of the file."""
        exact, problem, words = self.exact, self.cover.problem, self.words
        tops = None if exact is None or exact.tops is None else exact.tops
        written = None
        if self.state.shared is None:
            own = problem.symbols
            rate = words.formula(problem.rate, own) if problem.gamma is not None else None
            written = {"g": words.formula(problem.value, own), "rate": rate}
        return {
            "form": "written out" if self.state.shared is None else "shared",
            "written": written,
            "floor": _hex(self.floor),
            "point": None if self.point is None else self._texts(self.point),
            "ceiling": _hex(self.ceiling),
            "rate": [_hex(self.low), _hex(self.high)],
            "cells": self._cells(),
            "points": None if exact is None else [self._texts(p) for p in exact.points],
            "tops": None if tops is None else [self._texts(p) for p in tops],
            "excess": None if exact is None else self._excess(exact.excess),
            "maps": [] if self.state.by_orbits == -math.inf else _maps(problem),
        }

    def _texts(self, point: Sequence[Any]) -> list[str]:
        return [self.words.text(c) for c in point]

    def _excess(self, found: Excess | None) -> list[Any] | None:
        if found is None:
            return None
        form = self.words.formula(found.form, self.cover.problem.symbols, "g")
        return [form, *([n, piece, self.words.text(c)] for n, piece, c in found.multipliers)]

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
            if exact is not None and exact.excess is not None:
                fine &= nowhere_positive(exact.excess.form, cover.problem, cells)
            for i, b, ok in zip(some, below.tolist(), fine.tolist(), strict=True):
                if b:
                    tree.fate[i] = "below"
                elif ok and not grouped:
                    tree.fate[i] = "open"
        return tree.steps({} if exact is None else exact.groups)


def _maps(problem: Any) -> list[list[int]]:
    """Return the symmetries that the proof used, as signed permutations counted from 1."""
    found = [m for m in symmetry._candidates(problem) if symmetry._keeps(problem, m)]
    own = problem.symbols
    maps = []
    for m in symmetry._closed(found, problem):
        images = [sympy.S(m.get(s, s)) for s in own]
        maps.append(
            [
                int(sympy.diff(e, s)) * (1 + j)
                for e in images
                for j, s in enumerate(own)
                if s in e.free_symbols
            ]
        )
    return maps


class _Tree:
    """The cells of one sample as a tree."""

    def __init__(self, space: Space, history: History, owner: int) -> None:
        self.ahead = 1 if space.grouped else 0
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
    return [0, 1] if halved else [int(new["lo"] == old["hi"])]


# --- the claim -----------------------------------------------------------------------------------


def _claim(proof: Any, parts: Sequence[_Sample], words: _Words) -> tuple[dict[str, Any], float]:
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
    value = _ends(
        _sum([_rational(p.floor) for p in parts]),
        _sum([_rational(p.ceiling) for p in parts]),
        sympy.Integer(len(parts)),
    )
    if proof.direction is None:
        claim: dict[str, Any] = {"verdict": "refuted", "ascent": "undecided"}
        return {**claim, "derivative": [None, None], "exact_derivative": None, "value": value}, 0.0
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
        "exact_derivative": None if exact is None else _text_or_none(exact, words),
        "value": value,
    }
    return claim, width


def _text_or_none(number: Any, words: _Words) -> str | None:
    try:
        return words.text(number)
    except InvalidInputError:
        return None


def _weights(parts: Sequence[_Sample], words: _Words) -> list[list[str]] | None:
    """Return weights of each sample's points whose gradients combine to the min-norm point."""
    rows = [p.gradients() for p in parts]
    if not all(rows) or math.prod(len(r) for r in rows) > _MAX_JOINT:
        return None
    choices = list(itertools.product(*(range(len(r)) for r in rows)))
    picked = [[r[i] for r, i in zip(rows, c, strict=True)] for c in choices]
    joint = [tuple(sympy.Add(*column) for column in zip(*p, strict=True)) for p in picked]
    try:
        with time_limit(_TIE_SECONDS, "combining the gradients"):
            found = exact_min_norm(joint, sign=sign).weights
    except DanskinError:
        return None
    sums: list[list[Any]] = [[sympy.Integer(0)] * len(r) for r in rows]
    for c, w in zip(choices, found, strict=True):
        w = w if isinstance(w, sympy.Basic) else sympy.Rational(w.numerator, w.denominator)
        for k, i in enumerate(c):
            sums[k][i] += w
    return [[words.text(w) for w in each] for each in sums]


def _rational(x: float) -> Any:
    return sympy.Rational(*x.as_integer_ratio()) if math.isfinite(x) else None


def _sum(numbers: Sequence[Any]) -> Any:
    return None if any(x is None for x in numbers) else sympy.Add(*numbers)


def _ends(low: Any, high: Any, scale: Any) -> list[str | None]:
    """Return ``[low, high]/scale`` rounded outward."""
    lo = None if low is None else ball_bounds(enclose(low / scale, 128))[0]
    hi = None if high is None else ball_bounds(enclose(high / scale, 128))[1]
    return [None if x is None else _hex(x) for x in (lo, hi)]
