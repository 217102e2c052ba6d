"""`check_proof`: whether a saved proof proves what it claims.

For every sample the cells are cut again as the file says, from start cells that follow from S
alone, so that they cover S whatever the file holds; each cell that was cut off or dropped must
satisfy the condition for it, and each open one its bounds. The claim must follow from these.
Nothing is searched for. What is relied on: Arb, SymPy's arithmetic and differentiation, and the
reading of formulas.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flint
import sympy

# SymPy loads this in its first sum; that is no part of checking a proof.
import sympy.tensor.tensor

from danskin.errors import DanskinError, LimitError
from danskin.exact import length, sign
from danskin.exact.enclosure import working_precision
from danskin.expression import parse, symbols_for
from danskin.limits import time_limit
from danskin.proof.checker.cells import factors_of
from danskin.proof.checker.enclosing import BITS, thin
from danskin.proof.checker.maximizers import Known, points_at_the_bound, points_on_top
from danskin.proof.checker.problem import Inner, OnCell
from danskin.proof.checker.reading import (
    Rejected,
    binary,
    integer,
    items,
    keys,
    number,
    numbers,
    read_file,
    text,
)
from danskin.proof.checker.replay import replay
from danskin.proof.checker.segment import Along, OnStep

__all__ = ["CheckedProof", "check_data", "check_proof"]

_MAX_SAMPLES = 10_000
_MAX_CELLS = 400_000
_MAX_POINTS = 512
_MAX_SLICES = 1_000
_MAX_DIM = 4_096
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
            "SymPy's arithmetic, SymPy's derivatives, and the reading of the formulas."
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
        A file that takes longer is rejected.

    Raises
    ------
    InvalidInputError
        It cannot be read, or is not a proof file at all.
    """
    return check_data(read_file(path), seconds)


def check_data(data: Mapping[str, Any], seconds: float = _SECONDS) -> CheckedProof:
    """Check the data of a proof file; see `check_proof`."""
    begun = time.monotonic()
    count = [0]
    try:
        with time_limit(seconds, "checking"), working_precision(BITS):
            claim = _check(data, count)
        return CheckedProof(True, claim, "", count[0], time.monotonic() - begun)
    except LimitError as error:
        reason = f"{error}"
    except (DanskinError, RecursionError) as error:
        reason = str(error).rstrip(".") or type(error).__name__
    except (ArithmeticError, ValueError, TypeError, NotImplementedError) as error:
        # SymPy's and Arb's own, on formulas that no proof of ours holds.
        reason = f"{type(error).__name__}: {str(error)[:100]}"
    return CheckedProof(False, "", reason, count[0], time.monotonic() - begun)


@dataclass(frozen=True)
class _Bounds:
    """What was checked of one sample; None where there is no bound."""

    inner: Inner
    floor: Any
    ceiling: Any
    low: Any
    high: Any
    known: Known | None


def _check(data: Mapping[str, Any], count: list[int]) -> str:
    wanted = {"format", "version", "problem", "claim", "samples"}
    top = keys(data, wanted | ({"step"} & set(data)), "file")
    problem = keys(top["problem"], {"theta", "at", "direction", "samples"}, "problem")
    names = items(problem["theta"], "theta", _MAX_DIM)
    theta = symbols_for([text(n, "theta") for n in names], "theta")
    at = numbers(problem["at"], "at", len(theta))
    gamma = numbers(problem["direction"], "direction", len(theta))
    if not theta or all(sign(c) == 0 for c in gamma):
        raise Rejected("the direction is zero")
    told = items(problem["samples"], "problem.samples", _MAX_SAMPLES)
    proofs = items(top["samples"], "samples", _MAX_SAMPLES)
    if not told or len(told) != len(proofs):
        raise Rejected("there is not one proof for each sample")
    found = []
    programs: dict[Any, Any] = {}
    for i, (one, proof) in enumerate(zip(told, proofs, strict=True)):
        try:
            found.append(_sample(one, proof, theta, at, gamma, programs, count))
        except DanskinError as error:
            if len(told) == 1 or isinstance(error, LimitError):
                raise
            raise Rejected(f"sample {i}: {error}") from None
    claim = _claim(top["claim"], theta, at, gamma, found)
    if "step" in top:
        claim += f" {_step(top['step'], found, count)}"
    return f"{claim} Here {_told(told)}"


def _told(told: list[Any]) -> str:
    """Say what phi is, in the file's own words."""
    one = told[0]
    g = one["g"] + "".join(f", {n} = {v}" for n, v in one["parameters"].items())
    where = f"({', '.join(one['delta'])}) in {_short(str(one['set']))}"
    phi = f"phi(theta) is the maximum over {where} of {_short(g)}."
    if len(told) == 1:
        return phi
    return f"phi is the mean of {len(told)} such maxima; for the first, {phi}"


def _short(words: str) -> str:
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}... ({len(words)} letters)"


# --- one sample ----------------------------------------------------------------------------------


def _sample(
    told: Any, proof: Any, theta: Any, at: Any, gamma: Any, programs: Any, count: list[int]
) -> _Bounds:
    told = keys(told, {"g", "parameters", "delta", "set"}, "a sample of the problem")
    proof = keys(
        proof, {"form", "floor", "point", "ceiling", "rate", "cells", "maximizers"}, "a sample"
    )
    names = [text(n, "delta") for n in items(told["delta"], "delta", _MAX_DIM)]
    delta = symbols_for(names, "delta")
    if set(delta) & set(theta):
        raise Rejected("a name stands for theta and for delta")
    g = _formula(told, (*theta, *delta))
    if proof["form"] not in ("put in", "given"):
        raise Rejected("the form of g is neither put in nor given")
    inner = Inner(
        g,
        dict(zip(theta, at, strict=True)),
        gamma,
        delta,
        factors_of(told["set"]),
        proof["form"] == "put in",
        programs,
    )
    bounds = [None if b is None else binary(b, "bound") for b in items(proof["rate"], "rate", 2)]
    if len(bounds) != 2:
        raise Rejected("the bounds of the rate are not two")
    low, high = bounds
    ceiling = None if proof["ceiling"] is None else binary(proof["ceiling"], "ceiling")
    floor = _floor(inner, proof)
    open_cells = _replay(inner, proof["cells"], floor, (ceiling, low, high), count)
    known = _maximizers(inner, proof["maximizers"], open_cells, ceiling)
    return _Bounds(inner, floor, ceiling, low, high, known)


def _formula(told: Mapping[str, Any], symbols: Sequence[Any]) -> Any:
    if not isinstance(told["parameters"], dict) or len(told["parameters"]) > _MAX_DIM:
        raise Rejected("the parameters are not an object")
    known: dict[str, Any] = {}
    for symbol in symbols_for(list(told["parameters"]), "parameters"):
        if symbol in symbols:
            raise Rejected("a parameter has the name of a variable")
        value = text(told["parameters"][symbol.name], "parameter")
        known[symbol.name] = parse(value, known, f"parameters.{symbol.name}")
    return parse(text(told["g"], "g"), {**known, **{s.name: s for s in symbols}}, "g")


def _floor(inner: Inner, proof: Mapping[str, Any]) -> Any:
    """Check that g reaches the floor at a point of S."""
    if proof["floor"] is None:
        return None
    floor = binary(proof["floor"], "floor")
    point = numbers(proof["point"], "point", len(inner.delta))
    if not inner.contains(point):
        raise Rejected("the point that gives the lower bound of the maximum is not seen to be in S")
    program, base = inner.forms[0]
    value = program.value(0, program.on(base, [thin(c) for c in point]))[0]
    if not value >= _ball(floor) and sign(inner.at(inner.value, point) - floor) not in (0, 1):
        raise Rejected("g does not reach the lower bound of the maximum at the point named")
    return floor


def _ball(x: Any) -> Any:
    return flint.arb(flint.fmpq(int(x.p), int(x.q)))


def _replay(
    inner: Inner, steps: Any, floor: Any, bounds: tuple[Any, Any, Any], count: list[int]
) -> list[tuple[int, OnCell]]:
    """Cut the cells of S as the file says, and check each step; return the open cells."""
    ceiling, low, high = (None if b is None else _ball(b) for b in bounds)
    least = None if floor is None else _ball(floor)
    left: list[tuple[int, OnCell]] = []

    def make(parts: Any) -> OnCell:
        return OnCell(inner, parts)

    for where, step, cell in replay(inner.factors, make, steps, count):
        if step == "below":
            if least is None or not cell.value_is(lambda r: r[1] < least):
                raise Rejected(f"{where}: g is not seen to be below the floor, and it was dropped")
        else:
            left.append((_group(step), cell))
            _check_open(cell, where, ceiling, low, high)
    if not left:
        raise Rejected("no cell is left for a maximizer")
    return left


def _group(step: Any) -> int:
    if step == "open":
        return -1
    if isinstance(step, list) and len(step) == 2 and step[0] == "open":
        return integer(step[1], "group", _MAX_POINTS)
    raise Rejected("a cell has a fate that is not known here")


def _check_open(cell: OnCell, where: str, ceiling: Any, low: Any, high: Any) -> None:
    if not cell.defined:
        raise Rejected(f"{where}: g is not seen to be defined around theta on all of it")
    if ceiling is not None and not cell.value_is(lambda r: r[1] <= ceiling):
        raise Rejected(f"{where}: g is not seen to be below the upper bound of the maximum")
    if low is not None and not cell.rate_is(lambda r: r[0] >= low):
        raise Rejected(f"{where}: the rate is not seen to be above its lower bound")
    if high is not None and not cell.rate_is(lambda r: r[1] <= high):
        raise Rejected(f"{where}: the rate is not seen to be below its upper bound")


def _maximizers(
    inner: Inner, data: Any, open_cells: list[tuple[int, OnCell]], ceiling: Any
) -> Known | None:
    if data is None:
        return None
    data = keys(data, {"points", "tops"}, "maximizers")
    dim = len(inner.delta)
    points = [numbers(p, "points", dim) for p in items(data["points"], "points", _MAX_POINTS)]
    if not points or not all(inner.contains(p) for p in points):
        raise Rejected("a point said to be a maximizer is not seen to be in S")
    if data["tops"] is None:
        if ceiling is None:
            raise Rejected("there is no upper bound that a maximizer could reach")
        return points_at_the_bound(inner, points, ceiling)
    tops = [numbers(p, "tops", dim) for p in items(data["tops"], "tops", _MAX_POINTS)]
    if not tops or not all(inner.contains(p) for p in tops):
        raise Rejected("the top of a group of cells is not seen to be in S")
    groups: list[list[OnCell]] = [[] for _ in tops]
    for group, cell in open_cells:
        if not 0 <= group < len(tops):
            raise Rejected("an open cell belongs to no group")
        groups[group].append(cell)
    return points_on_top(inner, points, tops, groups)


# --- the claim -----------------------------------------------------------------------------------


def _claim(data: Any, theta: Any, at: Any, gamma: Any, found: list[_Bounds]) -> str:
    wanted = {"verdict", "ascent", "derivative", "exact_derivative", "value"}
    data = keys(data, wanted, "claim")
    count, size = len(found), length(gamma)
    low = _total([_best(b.low, b.known, 1) for b in found])
    high = _total(
        [_best(b.high, b.known if b.known and b.known.complete else None, -1) for b in found]
    )
    # D |gamma| B lies between low and high.
    verdict, ascent = data["verdict"], data["ascent"]
    below = None if high is None else sign(high)
    above = None if low is None else sign(low)
    if verdict == "proved":
        if below != -1:
            raise Rejected("that the derivative is negative does not follow")
        if ascent != "refuted":
            raise Rejected("a negative derivative is no ascent")
        words = "gamma is a descent direction: D(theta; gamma) < 0."
    elif verdict == "refuted":
        if above not in (0, 1):
            raise Rejected("that the derivative is not negative does not follow")
        if ascent == "proved" and above == 1:
            words = "gamma is not a descent direction, and phi rises along it: D(theta; gamma) > 0."
        elif ascent == "refuted" and below in (-1, 0):
            words = "gamma is not a descent direction: D(theta; gamma) = 0."
        elif ascent == "undecided":
            words = "gamma is not a descent direction: D(theta; gamma) >= 0."
        else:
            raise Rejected("what is claimed of ascent does not follow")
    else:
        raise Rejected("the verdict is neither proved nor refuted")
    shown = _enclosure(data["derivative"], "derivative", low, high, count * size)
    words += f" D(theta; gamma) is in {shown}."
    if data["exact_derivative"] is not None:
        exact = number(data["exact_derivative"], "exact_derivative")
        if low is None or low != high or sign(exact * count * size - low) != 0:
            raise Rejected("the exact value of the derivative does not follow")
        words += f" D(theta; gamma) = {exact}."
    floors, ceilings = _total([b.floor for b in found]), _total([b.ceiling for b in found])
    words += f" phi(theta) is in {_enclosure(data['value'], 'value', floors, ceilings, count)}."
    where = ", ".join(f"{s} = {x}" for s, x in zip(theta, at, strict=True))
    return f"At {where}, along gamma = ({', '.join(map(str, gamma))}), {words}"


def _best(bound: Any, known: Known | None, side: int) -> Any:
    """Return the better of a bound and an exact rate; None where there is neither."""
    if known is None or bound is None:
        return bound if known is None else known.rate
    if known.complete:
        return known.rate
    return known.rate if sign(known.rate - bound) == side else bound


def _total(numbers: Sequence[Any]) -> Any:
    return None if any(x is None for x in numbers) else sympy.Add(*numbers)


def _enclosure(data: Any, what: str, low: Any, high: Any, scale: Any) -> str:
    """Check that ``[low, high]/scale`` lies in the claimed interval; None is no bound."""
    ends = items(data, what, 2)
    if len(ends) != 2:
        raise Rejected(f"claim.{what}: not two bounds")
    lo, hi = (None if e is None else binary(e, what) for e in ends)
    if lo is not None and (low is None or sign(low - lo * scale) not in (0, 1)):
        raise Rejected(f"the lower bound claimed of the {what} does not follow")
    if hi is not None and (high is None or sign(hi * scale - high) not in (0, 1)):
        raise Rejected(f"the upper bound claimed of the {what} does not follow")
    return f"[{_float(lo, '-inf')}, {_float(hi, 'inf')}]"


def _float(x: Any, without: str) -> str:
    return without if x is None else repr(int(x.p) / int(x.q))


# --- a certified step ----------------------------------------------------------------------------


def _step(data: Any, found: list[_Bounds], count: list[int]) -> str:
    """Check that phi is below phi(theta) at ``theta + t gamma`` for all t in (0, T]."""
    data = keys(data, {"length", "slices"}, "step")
    longest = binary(data["length"], "step")
    if not longest > 0:
        raise Rejected("the step is not positive")
    along = [Along(b.inner, b.floor) for b in found]
    start = sympy.Integer(0)
    for i, told in enumerate(items(data["slices"], "slices", _MAX_SLICES)):
        told = keys(told, {"end", "samples"}, "a slice")
        end = binary(told["end"], "end")
        if not end > start:
            raise Rejected(f"slice {i}: it does not follow the one before")
        proofs = items(told["samples"], "a slice's samples", _MAX_SAMPLES)
        if len(proofs) != len(along):
            raise Rejected(f"slice {i}: there is not one proof for each sample")
        bounds = []
        for k, (one, proof) in enumerate(zip(along, proofs, strict=True)):
            try:
                bounds.append(_on_slice(one, proof, start, end, count))
            except Rejected as error:
                raise Rejected(f"slice {i}, sample {k}: {error}") from None
        if not sympy.Add(*bounds) < 0:
            raise Rejected(f"slice {i}: that phi is below phi(theta) on it does not follow")
        start = end
    if longest > start:
        raise Rejected("the step reaches beyond what was proved")
    return f"phi(theta + t gamma) < phi(theta) for all t in (0, {_float(longest, '')}]."


def _on_slice(along: Along, proof: Any, start: Any, end: Any, count: list[int]) -> Any:
    """Check a bound of ``(max h(t, .) - max h(0, .))/t`` for all t > 0 in a slice."""
    proof = keys(proof, {"bound", "cells"}, "a sample of a slice")
    bound = binary(proof["bound"], "bound")
    ball, some = _ball(bound), False
    factors = along.factors(start, end)

    def make(parts: Any) -> OnStep:
        return OnStep(along, factors, parts)

    for where, step, cell in replay(factors, make, proof["cells"], count):
        if step != "open":
            raise Rejected(f"{where}: a cell has a fate that is not known here")
        some = True
        if not cell.is_below(ball):
            raise Rejected(f"{where}: the quotient is not seen to be below its bound")
    if not some:
        raise Rejected("no cell is left for a maximizer")
    return bound
