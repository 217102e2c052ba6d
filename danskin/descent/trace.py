"""The result of a run: every iterate, direction and value, and what the numbers are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from markupsafe import Markup

from danskin.errors import MissingExtraError
from danskin.typeset import never_raises

__all__ = ["Stop", "Trace", "count_steps"]

#: Rows at either end of a long run, and coordinates of theta, that a notebook shows.
_HEAD, _TAIL, _MAX_ENTRIES = 12, 6, 4

Stop = Literal["steps", "stationary", "undecided", "diverged"]


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """A run of Algorithm 1: T steps, T + 1 iterates.

    Attributes
    ----------
    rule : str
    thetas : ndarray (T+1, n)
        ``thetas[k+1] = thetas[k] + step_sizes[k] * directions[k]``.
    values : ndarray (T+1,)
        phi at the iterates, exact to rounding where `complete`, else a lower bound.
    complete : ndarray (T+1,) of bool
        Whether the maximizers behind `values` are proved to be all.
    directions : ndarray (T, n)
        v, unit for the normalised rules; zeros where the step was skipped.
    step_sizes : ndarray (T,)
    derivatives : ndarray (T,)
        ``D(theta_k; v_k)`` per unit length over the maximizers of phi; 0 where skipped.
    bounds : tuple of T texts
        What `derivatives` are: "exact", "lower" (not all maximizers known), "empirical" (over the
        adversary's points, which need not be maximizers), "none" (skipped).
    promised : ndarray (T,)
        The same maximum over the adversary's points: what the rule believes.
    points : tuple of T ints
        How many points the adversary gave; for exact maximizers of a batch, the joint ones.
    weights : tuple of T ndarrays (m,)
        Of the gradients in the direction, in the adversary's order; one simplex a sample where
        samples are separate. Over an infinite face, of the gradients that mattered.
    conflict : tuple of T floats or None
        Share of the pairs of gradients with a negative inner product; None past 1024 joint points.
    skipped : tuple of (k, reason)
        Steps that were not taken.
    stop : "steps", "stationary", "undecided" or "diverged"
    reason : str
    asked : int
        The number of steps that was asked for.
    """

    rule: str
    thetas: np.ndarray
    values: np.ndarray
    complete: np.ndarray
    directions: np.ndarray
    step_sizes: np.ndarray
    derivatives: np.ndarray
    bounds: tuple[str, ...]
    promised: np.ndarray
    points: tuple[int, ...]
    weights: tuple[np.ndarray, ...]
    conflict: tuple[float | None, ...]
    skipped: tuple[tuple[int, str], ...]
    stop: Stop
    reason: str
    asked: int

    def __post_init__(self) -> None:
        for array in (v for v in vars(self).values() if isinstance(v, np.ndarray)):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.step_sizes)

    @property
    def rises(self) -> np.ndarray:
        """The steps k after which phi is higher, ``values[k+1] > values[k]``."""
        return np.flatnonzero(np.diff(self.values) > 0)

    def explain(self) -> str:
        """Say in a few sentences what happened, and what to try next."""
        known = "" if self.complete.all() else " (lower bounds: not all maximizers are proved)"
        text = [
            f"Rule {self.rule!r}: phi went from {self.values[0]:.6g} to {self.values[-1]:.6g}, "
            f"lowest {self.values.min():.6g}, in {count_steps(len(self))}{known}."
        ]
        if self.rises.size:
            uphill = self.derivatives[self.rises] >= 0
            text.append(
                f"It rose on {count_steps(self.rises.size)}: on {int(uphill.sum())} the direction "
                f"was no descent direction, on {int((~uphill).sum())} the step went too far."
            )
            broken = (self.promised < 0) & (self.derivatives >= 0)
            if broken.any():
                text.append(
                    f"On {count_steps(int(broken.sum()))} the adversary's points promised descent "
                    "and the maximizers deny it; more restarts, or adversary=None, would show why."
                )
            elif uphill.any() and self.rule in ("single", "normalized_single", "mean", "max"):
                text.append('Try rule="ddi".')
            elif self.rule != "step_aware":
                text.append('Try a smaller or a decreasing step_size, or rule="step_aware".')
        if self.skipped:
            k, why = self.skipped[0]
            text.append(f"Skipped {count_steps(len(self.skipped))}, the first at k = {k}: {why}")
        text.append(f"Stopped ({self.stop}): {self.reason}")
        return " ".join(t if t.endswith(".") else f"{t}." for t in text)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        plain: dict[str, Any] = {}
        for name, value in vars(self).items():
            plain[name] = value.tolist() if isinstance(value, np.ndarray) else value
        plain["weights"] = [w.tolist() for w in self.weights]
        for name in ("bounds", "points", "conflict"):
            plain[name] = list(plain[name])
        plain["skipped"] = [list(s) for s in self.skipped]
        return plain

    def to_frame(self) -> Any:
        """Return a pandas DataFrame, one row an iterate; a step's columns are NA in the last row.

        Raises
        ------
        MissingExtraError
            pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtraError("pandas", "notebooks") from None
        columns: dict[str, Any] = {f"theta_{i}": c for i, c in enumerate(self.thetas.T)}
        columns |= {"phi": self.values, "complete": self.complete}
        steps = {
            "step_size": (self.step_sizes, "Float64"),
            "derivative": (self.derivatives, "Float64"),
            "bound": (self.bounds, "string"),
            "promised": (self.promised, "Float64"),
            # A batch of 100 samples may have 2**100 joint maximizers.
            "points": (self.points, "Int64" if max(self.points, default=0) < 2**63 else "object"),
            "conflict": (self.conflict, "Float64"),
        }
        for name, (values, dtype) in steps.items():
            listed = [pd.NA if v is None else v for v in [*values, None]]
            columns[name] = pd.array(listed, dtype=dtype)
        return pd.DataFrame(columns, index=pd.RangeIndex(len(self.values), name="k"))

    def __repr__(self) -> str:
        few = len(self) < self.asked
        steps = f"{len(self)} of {count_steps(self.asked)}" if few else count_steps(len(self))
        relation = "" if self.complete.all() else ", lower bounds"
        stop = "" if self.stop == "steps" else f", stopped: {self.stop}"
        return (
            f"Trace({self.rule}, {steps}, phi {self.values[0]:.6g} -> {self.values[-1]:.6g}"
            f"{relation}{stop})"
        )

    @never_raises
    def _repr_html_(self) -> str:
        n = self.thetas.shape[1]
        thetas = [Markup("θ<sub>{}</sub>").format(i + 1) for i in range(min(n, _MAX_ENTRIES))]
        more = f" (the first {_MAX_ENTRIES} of {n} coordinates)" if n > _MAX_ENTRIES else ""
        heads = ["k", *thetas, "φ", "step", "D along it"]
        titles = Markup("").join(Markup("<th>{}</th>").format(h) for h in heads)
        return str(
            Markup(
                '<table><caption style="text-align:left">{}{}</caption>'
                "<thead><tr>{}</tr></thead><tbody>{}</tbody></table>"
            ).format(self.explain(), more, titles, _table_rows(self))
        )


def _table_rows(trace: Trace) -> Markup:
    """Return the rows of the table: the first and the last iterates, dots between."""
    last = len(trace.values)
    head = list(range(min(last, _HEAD)))
    tail = list(range(max(_HEAD, last - _TAIL), last))
    gap = last - len(head) - len(tail)
    width = 4 + min(trace.thetas.shape[1], _MAX_ENTRIES)
    dots = Markup('<tr><td colspan="{}" style="text-align:center">… {} more …</td></tr>')
    rows = [_row(trace, k) for k in head]
    rows += [dots.format(width, gap)] if gap else []
    return Markup("").join(rows + [_row(trace, k) for k in tail])


def _row(trace: Trace, k: int) -> Markup:
    theta = [f"{x:.6g}" for x in trace.thetas[k][:_MAX_ENTRIES]]
    phi = f"{trace.values[k]:.8g}" if trace.complete[k] else _at_least(trace.values[k])
    step, rate = "", ""
    if k < len(trace):
        step = f"{trace.step_sizes[k]:.6g}"
        number = f"{trace.derivatives[k]:.6g}"
        rate = {
            "exact": number,
            "lower": _at_least(trace.derivatives[k]),
            "empirical": f"{number} (empirical)",
            "none": "skipped",
        }.get(trace.bounds[k], number)
    cells = Markup("").join(Markup("<td>{}</td>").format(c) for c in [k, *theta, phi, step, rate])
    return Markup("<tr>{}</tr>").format(cells)


def _at_least(value: float) -> str:
    text = f"{value:.8g}"
    return f"{'≳' if float(text) > value else '≥'} {text}"  # the first where it was rounded up


def count_steps(steps: int) -> str:
    """Return "1 step", "2 steps", ..."""
    return "1 step" if steps == 1 else f"{steps} steps"
