"""What a proof attempt returns: exactly what was asked, the verdict, and bounds that are proved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from danskin.verdict import Verdict

__all__ = ["DescentProof", "Enclosed", "bounds_text"]

Bounds = tuple[float, float]


@dataclass(frozen=True)
class Enclosed:
    """A number enclosed: ``lower <= x <= upper``, proved.

    Attributes
    ----------
    lower, upper : float
    exact : exact number, or None
    boxes : int
        Cells enclosed on the way.
    seconds : float
    """

    lower: float
    upper: float
    exact: Any = None
    boxes: int = 0
    seconds: float = 0.0

    @property
    def width(self) -> float:
        """``upper - lower``."""
        return self.upper - self.lower

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        exact = None if self.exact is None else str(self.exact)
        return {
            "lower": self.lower,
            "upper": self.upper,
            "exact": exact,
            "boxes": self.boxes,
            "seconds": self.seconds,
        }

    def __repr__(self) -> str:
        return f"Enclosed([{self.lower!r}, {self.upper!r}])"


@dataclass(frozen=True)
class DescentProof:
    """Whether gamma is a descent direction of phi at theta, proved.

    Attributes
    ----------
    verdict : Verdict
        PROVED: ``D(theta; gamma) < 0``. REFUTED: ``D(theta; gamma) >= 0``, or there is no such
        direction because theta is stationary. UNDECIDED: neither was proved.
    ascent : Verdict
        Whether ``D(theta; gamma) > 0``: phi rises along gamma to first order.
    derivative : (lower, upper)
        Encloses ``D(theta; gamma)``, per unit length. At a stationary point, of every direction.
    value : (lower, upper)
        Encloses phi(theta).
    exact_derivative : exact number, or None
        D where all maximizers are known exactly.
    direction : exact numbers (n,), or None
        gamma as it was used, not normalised; None at a stationary point.
    asked : str
        "given", "steepest" or "single:i".
    steepest : bool
        gamma is proved to be the steepest direction.
    stationary : bool
        0 is proved to lie in the hull of the gradients: no direction descends to first order.
    rho : (lower, upper), or None
        Where the steepest direction was asked for: encloses the least norm over the hull of the
        gradients, so that ``-rho`` is the steepest rate (Theorem 2).
    defined : bool
        g and its gradient are seen to be defined and continuous around theta on all of S, which
        Danskin's theorem asks for.
    maximizers : exact points
        Points proved to be maximizers (for a batch: of each sample, in turn).
    maximizers_complete : bool
        Whether these are all.
    boxes : int
        Cells that were enclosed.
    seconds : float
    reason : str
        Why it is undecided, and what would help; or how it was decided.
    """

    verdict: Verdict
    ascent: Verdict
    derivative: Bounds
    value: Bounds
    exact_derivative: Any
    direction: tuple[Any, ...] | None
    asked: str
    steepest: bool
    stationary: bool
    maximizers: tuple[Any, ...]
    maximizers_complete: bool
    boxes: int
    seconds: float
    reason: str
    theta: tuple[Any, ...] = ()
    rho: Bounds | None = None
    #: Boxes used, and the bounds on D with them, round by round.
    trace: tuple[tuple[int, float, float], ...] = field(default=(), repr=False, compare=False)
    defined: bool = True
    #: The objective and the covers, from which a proof file is written.
    evidence: Any = field(default=None, repr=False, compare=False)

    def explain(self) -> str:
        """Say in a sentence or two what was proved, and what to try where nothing was."""
        D = f"D(theta; gamma) is in {bounds_text(self.derivative)}"
        if self.exact_derivative is not None:
            D = f"D(theta; gamma) = {self.exact_derivative}"
        if self.stationary:
            return f"Refuted: theta is stationary, so that no direction descends. {self.reason}"
        if self.verdict is Verdict.PROVED:
            which = "the steepest" if self.steepest else "a"
            return f"Proved: gamma is {which} descent direction; {D}. {self.reason}{self._near()}"
        if self.verdict is Verdict.REFUTED:
            tail = {
                Verdict.PROVED: "phi rises along it",
                Verdict.REFUTED: "D is exactly 0",
                Verdict.UNDECIDED: "D >= 0",
            }[self.ascent]
            return f"Refuted: gamma is not a descent direction ({tail}); {D}. {self.reason}"
        return f"Undecided: {D}. {self.reason}{self._near()}"

    def _near(self) -> str:
        """Say how near to the steepest a direction is that is not proved to be it."""
        if self.rho is None or self.steepest or not math.isfinite(self.rho[1]):
            return ""
        return f" No direction descends faster than {_outward(self.rho[1], 1)} (proved)."

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, exact numbers as text."""
        exact = self.exact_derivative
        return {
            "verdict": self.verdict.value,
            "ascent": self.ascent.value,
            "derivative": list(self.derivative),
            "exact_derivative": None if exact is None else str(exact),
            "value": list(self.value),
            "theta": _texts(self.theta),
            "direction": None if self.direction is None else _texts(self.direction),
            "asked": self.asked,
            "steepest": self.steepest,
            "rho": None if self.rho is None else list(self.rho),
            "defined": self.defined,
            "stationary": self.stationary,
            "maximizers": [_texts(p) for p in self.maximizers],
            "maximizers_complete": self.maximizers_complete,
            "boxes": self.boxes,
            "seconds": self.seconds,
            "reason": self.reason,
        }

    def save(self, path: str | Path) -> None:
        """Write the proof as JSON: problem, claim, cells with why each was dropped, and facts.

        Raises
        ------
        InvalidInputError
            Nothing was proved, or the file cannot be written.
        """
        from danskin.proof.saving import write_proof

        write_proof(self, path)

    def __repr__(self) -> str:
        return (
            f"DescentProof({self.verdict}, D in {bounds_text(self.derivative)}, "
            f"{self.boxes} boxes, {self.seconds:.3f} s)"
        )


def bounds_text(bounds: Bounds) -> str:
    """Return an interval as text, its ends rounded outward."""
    lo, hi = bounds
    return f"[{_outward(lo, -1)}, {_outward(hi, 1)}]"


def _outward(x: float, side: int) -> str:
    if not math.isfinite(x):
        return f"{x}"
    text = f"{x:.10g}"
    if not math.isfinite(float(text)):
        return repr(x)
    while (float(text) - x) * side < 0:
        # One unit in the tenth digit further out.
        step = 10.0 ** (math.floor(math.log10(abs(x))) - 9) if x else 5e-324
        text = f"{float(text) + side * step:.10g}"
    return text


def _texts(row: Sequence[Any]) -> list[str]:
    return [str(c) for c in row]
