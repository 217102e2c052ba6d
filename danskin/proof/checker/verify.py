"""`check_proof`: whether a saved proof proves what it claims.

For every sample the cells are cut again as the file says, from start cells that follow from S
alone, so that they cover S whatever the file holds; each cell that was cut off or dropped must
satisfy the condition for it, and each open one its bounds. The claim must follow from these
(`claims`). Nothing is searched for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import flint
import sympy

# SymPy loads this in its first sum; that is no part of checking a proof.
import sympy.tensor.tensor

from danskin.errors import DanskinError, LimitError
from danskin.exact import sign
from danskin.exact.enclosure import working_precision
from danskin.expression import symbols_for
from danskin.limits import time_limit
from danskin.proof.checker.claims import Bounds, claimed
from danskin.proof.checker.intervals import BITS, thin
from danskin.proof.checker.points import known_points, symmetries
from danskin.proof.checker.program import Program
from danskin.proof.checker.reading import (
    Rejected,
    binary,
    integer,
    items,
    keys,
    numbers,
    read_file,
    roots,
)
from danskin.proof.checker.sample import Cell, Form, Problem, Sample, Slice, View

__all__ = ["CheckedProof", "check_data", "check_proof"]

_MAX_SAMPLES = 10_000
_MAX_CELLS = 400_000
_MAX_SLICES = 1_000
_SECONDS = 600.0
_SHOWN = 2_000


@dataclass(frozen=True)
class CheckedProof:
    """What checking a proof file gave.

    Attributes
    ----------
    verified : bool
        Whether every step was checked and the claim follows.
    claim : str
        What was verified, in words; empty where nothing was.
    reason : str
        Where the file fails.
    cells : int
        Cells looked at.
    seconds : float
    """

    verified: bool
    claim: str
    reason: str
    cells: int
    seconds: float

    def explain(self) -> str:
        """Say what was verified, and on what that rests; or why not."""
        if not self.verified:
            return f"Rejected: {self.reason}."
        return (
            f"Verified: {self.claim} {self.cells} cells were checked. This rests on Arb's and "
            "SymPy's arithmetic, SymPy's derivatives in theta, and the reading of the formulas."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "verified": self.verified,
            "claim": self.claim,
            "reason": self.reason,
            "cells": self.cells,
            "seconds": self.seconds,
        }

    def __repr__(self) -> str:
        return f"CheckedProof(verified={self.verified}, {self.cells} cells, {self.seconds:.3f} s)"


def check_proof(path: str | Path, *, seconds: float = _SECONDS) -> CheckedProof:
    """Check a proof file, written by `DescentProof.save`, by code that shares none of the prover's.

    Parameters
    ----------
    path : path of the file
    seconds : float
        A file that takes longer to check is rejected.

    Raises
    ------
    InvalidInputError
        It is no proof file: it cannot be read, is too large, or is of another format.
    """
    return check_data(read_file(path), seconds)


def check_data(data: Mapping[str, Any], seconds: float = _SECONDS) -> CheckedProof:
    """Check the data of a proof file; see `check_proof`."""
    begun = time.monotonic()
    checking = _Checking()
    reason = ""
    try:
        with time_limit(max(seconds, 0.01), "checking the proof"), working_precision(BITS):
            claim = checking.file(data)
            return CheckedProof(True, claim, "", checking.cells, time.monotonic() - begun)
    except DanskinError as error:
        reason = str(error).rstrip(".") or type(error).__name__
    except RecursionError:
        reason = "it is nested too deep"
    except (ArithmeticError, ValueError, TypeError, NotImplementedError, AttributeError) as error:
        # SymPy's and Arb's own, on formulas that no proof of ours holds.
        reason = f"{type(error).__name__}: {str(error)[:100]}"
    return CheckedProof(False, "", reason, checking.cells, time.monotonic() - begun)


class _Checking:
    """The check of one file, part by part."""

    def __init__(self) -> None:
        self.cells = 0

    def file(self, data: Mapping[str, Any]) -> str:
        step = ["step"] if "step" in data else []
        wanted = " ".join(["format version roots problem claim samples", *step])
        _, _, named, problem, claim, proofs, *steps = keys(data, wanted, "file")
        theta, at, direction, told = keys(problem, "theta at direction samples", "problem")
        names = roots(named)
        symbols = symbols_for(items(theta, "theta"), "theta")
        gamma = (sympy.Integer(0),) * len(symbols)
        if direction is not None:
            gamma = numbers(direction, "direction", names, len(symbols))
            if not any(sign(c) for c in gamma):
                raise Rejected("the direction is zero")
        where = numbers(at, "at", names, len(symbols))
        common = Problem(symbols, where, gamma, names)
        told, proofs = (items(x, "samples", _MAX_SAMPLES) for x in (told, proofs))
        if not symbols or not told or len(told) != len(proofs):
            raise Rejected("there is not one proof for each sample")
        found = []
        for i, pair in enumerate(zip(told, proofs, strict=True)):
            try:
                found.append(self._sample(*pair, common))
            except DanskinError as error:
                if len(told) == 1 or isinstance(error, LimitError):
                    raise
                raise Rejected(f"sample {i}: {error}") from None
        words = claimed(claim, common, found, direction is None)
        if steps:
            words += f" {self._step(steps[0], common, found)}"
        return f"{words} Here {_told(told, named)}"

    # --- one sample ------------------------------------------------------------------------

    def _sample(self, told: Any, proof: Any, problem: Problem) -> Bounds:
        wanted = "form written floor point ceiling rate cells points tops excess maps"
        form, written, floor, point, ceiling, rate, cells, points, tops, excess, maps = keys(
            proof, wanted, "a sample"
        )
        sample = Sample(told, form, written, problem)
        low, high, floor, ceiling = (
            None if b is None else binary(b, "bound")
            for b in (*items(rate, "rate", 2), floor, ceiling)
        )
        if floor is not None:
            self._require_reached(sample, floor, point)
        programs = [Program(rate, sample.delta) for rate in symmetries(sample, maps)]
        others = [Form(p, p.bind({})) for p in programs]
        least, most, slow, fast = (
            None if b is None else _ball(b) for b in (floor, ceiling, low, high)
        )
        left: list[tuple[Any, Cell]] = []
        for at, fate, cell in self._replay(sample.view, cells):
            if fate == "below":
                if least is None or not any(r[1] < least for r in cell.value()):
                    raise Rejected(f"{at}: g is not seen to be below the floor, and it was dropped")
                continue
            if fate != "open" and not (isinstance(fate, list) and fate[:1] == ["open"]):
                raise Rejected(f"{at}: it has a fate that is not known here")
            if not cell.defined:
                raise Rejected(f"{at}: g is not seen to be defined around theta on all of it")
            if most is not None and not any(r[1] <= most for r in cell.value()):
                raise Rejected(f"{at}: g is not seen to be below the upper bound of the maximum")
            if fast is not None and not any(r[1] <= fast for r in cell.rate()):
                raise Rejected(f"{at}: the rate is not seen to be below its upper bound")
            images = (f.program.value(0, f.on(cell.ranges)) for f in others)
            if slow is not None and not any(r[0] >= slow for r in chain(cell.rate(), images)):
                raise Rejected(f"{at}: the rate is not seen to be above its lower bound")
            left.append((fate[1] if isinstance(fate, list) and len(fate) == 2 else None, cell))
        if not left:
            raise Rejected("no cell is left for a maximizer")
        known = None
        if points is not None:
            known = known_points(sample, points, tops, left, ceiling, excess)
        return Bounds(sample, floor, ceiling, low, high, known)

    def _require_reached(self, sample: Sample, floor: Any, point: Any) -> None:
        """Check that g reaches the floor at a point of S."""
        at = numbers(point, "point", sample.problem.names, len(sample.delta))
        if not sample.contains(at):
            raise Rejected(
                "the point that gives the lower bound of the maximum is not seen to be in S"
            )
        main = sample.view.main
        value = main.program.value(0, main.on([thin(c) for c in at]))[0]
        if not value >= _ball(floor) and sign(sample.at(sample.value, at) - floor) not in (0, 1):
            raise Rejected("g does not reach the lower bound of the maximum at the point named")

    def _replay(self, view: View, steps: Any) -> Iterator[tuple[str, Any, Cell]]:
        """Yield each cell that is not cut, shrunk or excluded, with its name and its fate.

        The cells yielded, and what is checked here of the others, cover all maximizers.
        """
        pieces: list[tuple[Any, ...]] = [()]
        for f in view.factors:
            pieces = [(*p, c) for p in pieces for c in f.start()]
            if len(pieces) > _MAX_CELLS:
                raise Rejected("S has too many pieces")
        stack = pieces[::-1]
        for i, step in enumerate(items(steps, "cells", _MAX_CELLS)):
            if not stack:
                raise Rejected("there are more cells than S was cut into")
            parts, at = stack.pop(), f"cell {i}"
            cell = Cell(view, parts)
            self.cells += 1
            word = step[0] if isinstance(step, list) and len(step) > 1 else step
            if step == "first-order":
                pairs = enumerate(zip(view.factors, parts, strict=True))
                if not any(f.excluded(part, cell.slopes(k)) for k, (f, part) in pairs):
                    raise Rejected(f"{at}: it may hold a maximizer to first order, and was dropped")
            elif word == "split":
                k = integer(step[1], "factor", len(parts))
                first, second = view.factors[k].split(parts[k], step[2:])
                stack += [(*parts[:k], half, *parts[k + 1 :]) for half in (second, first)]
            elif word == "face":
                for change in step[1:]:
                    how = items(change, "face")
                    k = integer(how[0] if how else None, "factor", len(parts))
                    part = view.factors[k].face(parts[k], how[1:], cell.slopes(k))
                    parts = (*parts[:k], part, *parts[k + 1 :])
                stack.append(parts)
            else:
                yield at, step, cell
        if stack:
            raise Rejected(f"{len(stack)} cells of S are missing")

    # --- a certified step ------------------------------------------------------------------

    def _step(self, data: Any, problem: Problem, found: list[Bounds]) -> str:
        """Check that phi is below phi(theta) at ``theta + t gamma`` for all t in (0, T]."""
        length, name, paths, slices = keys(data, "length name paths slices", "step")
        longest = binary(length, "step")
        if not longest > 0:
            raise Rejected("the step is not positive")
        if len(items(paths, "paths", _MAX_SAMPLES)) != len(found):
            raise Rejected("there is not one path for each sample")
        along = []
        for b, told in zip(found, paths, strict=True):
            known = (*b.sample.delta, *b.sample.parameters, *problem.theta, *problem.names)
            t = symbols_for((*known, name), "step")[-1]
            floor = None if b.floor is None else _ball(b.floor)
            along.append((b.sample, b.sample.along(t, told), floor))
        start = sympy.Integer(0)
        for i, told in enumerate(items(slices, "slices", _MAX_SLICES)):
            last, proofs = keys(told, "end samples", "a slice")
            end = binary(last, "end")
            if not end > start:
                raise Rejected(f"slice {i}: it does not follow the one before")
            if len(items(proofs, "a slice's samples", _MAX_SAMPLES)) != len(along):
                raise Rejected(f"slice {i}: there is not one proof for each sample")
            total = sympy.Integer(0)
            for k, ((sample, path, floor), proof) in enumerate(zip(along, proofs, strict=True)):
                try:
                    piece = Slice(sample, path, floor, start, end)
                    total += self._slice(piece, proof)
                except Rejected as error:
                    raise Rejected(f"slice {i}, sample {k}: {error}") from None
            if not total < 0:
                raise Rejected(f"slice {i}: that phi is below phi(theta) on it does not follow")
            start = end
        if longest > start:
            raise Rejected("the step reaches beyond what was proved")
        return f"phi(theta + t gamma) < phi(theta) for all t in (0, {float(longest)!r}]."

    def _slice(self, piece: Slice, proof: Any) -> Any:
        told, cells = keys(proof, "bound cells", "a sample of a slice")
        bound = binary(told, "bound")
        left = 0
        for at, fate, cell in self._replay(piece.view, cells):
            left += 1
            if fate != "open":
                raise Rejected(f"{at}: it has a fate that is not known here")
            if not piece.is_below(cell, _ball(bound)):
                raise Rejected(f"{at}: the quotient is not seen to be below its bound")
        if not left:
            raise Rejected("no cell is left for a maximizer")
        return bound


def _ball(x: Any) -> Any:
    return flint.arb(flint.fmpq(int(x.p), int(x.q)))


def _told(told: list[Any], named: Mapping[str, Any]) -> str:
    """Say what phi is, in the file's own words."""
    g, parameters, names, where = keys(told[0], "g parameters delta set", "problem")
    g += "".join(f", {n} = {v}" for n, v in parameters.items())
    for n, r in named.items():
        g += f", {n} the root in {r['in']} of the polynomial with coefficients {r['polynomial']}"
    phi = f"phi(theta) is the maximum over ({', '.join(names)}) in {_short(where)} of {_short(g)}."
    if len(told) == 1:
        return phi
    return f"phi is the mean of {len(told)} such maxima; for the first, {phi}"


def _short(words: Any) -> str:
    words = str(words)
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}... ({len(words)} letters)"
