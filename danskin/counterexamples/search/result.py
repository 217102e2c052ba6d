"""What a search found, how much of the box it looked at, and nothing that it did not show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from danskin.verdict import Verdict

__all__ = ["KINDS", "Coverage", "FoundKink", "FoundStep", "Rate", "SearchResult"]

#: What the gradients at a kink say about the corollary there.
KINDS = {
    "counterexample": "a single gradient points uphill although a descent direction exists",
    "level": "a single gradient does not descend (D = 0) although a descent direction exists",
    "stationary": "0 is in the hull of the gradients: no direction descends to first order",
    "harmless": "every single gradient descends",
}


_SHORT = 40


def _shown(exact: str | None, value: float) -> str:
    return f"= {exact}" if exact is not None and len(exact) <= _SHORT else f"= {value:.6g}"


@dataclass(frozen=True)
class Rate:
    """The derivative of phi along minus one gradient, per unit length.

    Attributes
    ----------
    maximizer : int
        Which maximizer, in the order of `maximizers`.
    value : float
    exact : str or None
    sign : int or None
        Where it is proved, else None.
    """

    maximizer: int
    value: float
    exact: str | None = None
    sign: int | None = None


@dataclass(frozen=True, repr=False)
class FoundKink:
    """A kink of phi, and whether the corollary fails there.

    Attributes
    ----------
    theta : floats (n,)
    exact_theta : texts (n,), or None
        The exact point, where one was found.
    kind : str
        One of `KINDS`.
    verdict : Verdict
        PROVED: the kind is proved at the exact point. UNDECIDED: numeric evidence.
    deltas, gradients : floats (r, k) and (r, n)
        Maximizers and the gradients there; for numeric evidence, of branches that meet here.
    rates : tuple of `Rate`
        Along minus each gradient.
    steepest : float
        The derivative along the steepest direction, minus the min norm; 0 at a stationary kink.
    exact_steepest : str or None
    method : str
    """

    theta: tuple[float, ...]
    exact_theta: tuple[str, ...] | None
    kind: str
    verdict: Verdict
    deltas: tuple[tuple[float, ...], ...]
    gradients: tuple[tuple[float, ...], ...]
    rates: tuple[Rate, ...]
    steepest: float
    exact_steepest: str | None
    method: str

    @property
    def proved(self) -> bool:
        """Whether the kind is proved."""
        return self.verdict is Verdict.PROVED

    @property
    def place(self) -> str:
        """The point as text: exact where that is short."""
        texts = self.exact_theta or ()
        if texts and max(map(len, texts)) <= _SHORT:
            return f"({', '.join(texts)})"
        more = "..." if texts else ""
        return f"({', '.join(f'{x:.10g}{more}' for x in self.theta)})"

    def explain(self) -> str:
        """Say in a sentence what was found, and how well it is known."""
        where = self.place
        known = "Proved" if self.proved else "Numeric evidence (no proof)"
        worst = max(self.rates, key=lambda r: r.value, default=None)
        text = f"{known}: at theta = {where}, {len(self.gradients)} gradients meet; "
        if self.kind == "stationary" or worst is None:
            return f"{text}{KINDS[self.kind]}."
        up = _shown(worst.exact if self.proved else None, worst.value)
        down = _shown(self.exact_steepest if self.proved else None, self.steepest)
        return (
            f"{text}{KINDS[self.kind]}: D {up} along minus the worst, "
            f"D {down} along the steepest direction."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "theta": list(self.theta),
            "exact_theta": None if self.exact_theta is None else list(self.exact_theta),
            "kind": self.kind,
            "verdict": self.verdict.value,
            "deltas": [list(d) for d in self.deltas],
            "gradients": [list(g) for g in self.gradients],
            "rates": [
                {"maximizer": r.maximizer, "value": r.value, "exact": r.exact} for r in self.rates
            ],
            "steepest": self.steepest,
            "exact_steepest": self.exact_steepest,
            "method": self.method,
        }

    def __repr__(self) -> str:
        return f"FoundKink({self.kind}, {self.verdict.value}, theta={self.place})"


@dataclass(frozen=True)
class FoundStep:
    """A step along one gradient, off the kinks, that increases phi.

    Attributes
    ----------
    theta, gradient : floats (n,)
    step : float
        ``phi(theta - step * gradient) > phi(theta)``; no smaller one was found on that ray.
    increase : float
    verdict : Verdict
        PROVED: the increase at this very step is, in exact arithmetic. That no smaller step
        increases phi never is.
    """

    theta: tuple[float, ...]
    gradient: tuple[float, ...]
    step: float
    increase: float
    verdict: Verdict = Verdict.UNDECIDED

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "theta": list(self.theta),
            "gradient": list(self.gradient),
            "step": self.step,
            "increase": self.increase,
            "verdict": self.verdict.value,
        }


@dataclass(frozen=True)
class Coverage:
    """How much of the box was looked at.

    Attributes
    ----------
    starts, asked : int
        Random starts done, and asked for.
    thetas : int
        Points at which phi was searched for.
    cells, visited : int
        Equal cells of the box, and those with at least one of the points in them; 0 cells where n
        is too large to count them.
    per_axis : int
    failed : int
        Starts that ended in an error, such as a g that is not finite.
    """

    starts: int
    asked: int
    thetas: int
    cells: int
    visited: int
    per_axis: int
    failed: int

    def explain(self) -> str:
        """Say in a sentence how much was searched."""
        text = f"{self.starts} of {self.asked} random starts, phi searched at {self.thetas} thetas"
        if self.cells:
            share = 100 * self.visited / self.cells
            text += f", in {self.visited} of {self.cells} cells of the box ({share:.0f} %)"
        if self.failed:
            text += f"; {self.failed} starts failed"
        return f"{text}."


@dataclass(frozen=True, repr=False)
class SearchResult:
    """The outcome of a search over a box of thetas.

    Attributes
    ----------
    kinks : tuple of `FoundKink`
        Counterexamples first, proved ones before others.
    step : FoundStep or None
        Off the kinks: the smallest step found at which the single-gradient step increases phi.
    steps_seen : int
        At how many of the starts there was such a step at all.
    coverage : Coverage
    box : floats (n, 2)
    seed : int
    seconds : float
    notes : tuple of str
        First error of the starts that failed, and the like.
    """

    kinks: tuple[FoundKink, ...]
    step: FoundStep | None
    steps_seen: int
    coverage: Coverage
    box: tuple[tuple[float, float], ...]
    seed: int
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def counterexamples(self) -> tuple[FoundKink, ...]:
        """The kinks at which the corollary fails although a descent direction exists."""
        return tuple(k for k in self.kinks if k.kind in ("counterexample", "level"))

    @property
    def verdict(self) -> Verdict:
        """PROVED where a counterexample is proved; else UNDECIDED, never REFUTED.

        That a search finds none shows nothing.
        """
        proved = any(k.proved for k in self.counterexamples)
        return Verdict.PROVED if proved else Verdict.UNDECIDED

    def explain(self) -> str:
        """Say what was found and how much was searched."""
        lines = []
        if self.counterexamples:
            lines.append(self.counterexamples[0].explain())
        else:
            other = f" ({len(self.kinks)} other kinks were seen.)" if self.kinks else ""
            lines.append(
                "No point was found where the corollary fails; this does not show that there is "
                f"none.{other}"
            )
        if self.step is not None:
            shown = "proved" if self.step.verdict is Verdict.PROVED else "in floats"
            lines.append(
                f"Off the kinks, a step of {self.step.step:.4g} times one gradient increases phi "
                f"by {self.step.increase:.3g} ({shown}), the smallest seen; at {self.steps_seen} "
                f"of {self.coverage.starts} starts some step inside the box does."
            )
        lines.append(f"Searched: {self.coverage.explain()}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        c = self.coverage
        return {
            "verdict": self.verdict.value,
            "kinks": [k.to_dict() for k in self.kinks],
            "step": None if self.step is None else self.step.to_dict(),
            "steps_seen": self.steps_seen,
            "coverage": {
                "starts": c.starts,
                "asked": c.asked,
                "thetas": c.thetas,
                "cells": c.cells,
                "visited": c.visited,
                "per_axis": c.per_axis,
                "failed": c.failed,
            },
            "box": [list(r) for r in self.box],
            "seed": self.seed,
            "seconds": self.seconds,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        return (
            f"SearchResult({len(self.counterexamples)} counterexamples of {len(self.kinks)} kinks, "
            f"{self.verdict.value}, {self.coverage.starts} starts)"
        )
