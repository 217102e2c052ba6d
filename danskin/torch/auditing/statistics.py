"""Means over batches with their errors, and intervals for paired differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

__all__ = ["Gain", "Mean", "gain", "mean"]

#: All intervals of one report hold together with this probability (Bonferroni).
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Mean:
    """A mean over batches.

    Attributes
    ----------
    value : float
    error : float
        Its standard error; NaN for a single batch.
    """

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:.3g} ({self.error:.1g})" if self.error == self.error else (
            f"{self.value:.3g} (one batch)"
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"mean": self.value, "standard_error": self.error}


@dataclass(frozen=True)
class Gain:
    """How much more a method's step decreases the loss than the reference's of the same length.

    Attributes
    ----------
    method : str
    step : float
    mean, error : float
        Of the paired differences, in units of the reference's mean decrease.
    low, high : float
        Interval of Student's t, simultaneous with all others of the report; NaN where it cannot
        be given (fewer than three batches, or a reference that does not decrease the loss).
    batches : int
    """

    method: str
    step: float
    mean: float
    error: float
    low: float
    high: float
    batches: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "method": self.method, "step": self.step, "mean": self.mean,
            "standard_error": self.error, "low": self.low, "high": self.high,
            "batches": self.batches,
        }  # fmt: skip


def mean(values: Sequence[float] | np.ndarray) -> Mean:
    """Return the mean of one number a batch."""
    array = np.asarray(values, dtype=float)
    n = len(array)
    error = float(array.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan
    return Mean(float(array.mean()), error)


def gain(
    method: str,
    step: float,
    decrease: Sequence[float],
    reference: Sequence[float],
    comparisons: int,
) -> Gain:
    """Compare a method with the reference, batch by batch.

    Parameters
    ----------
    method : str
    step : float
    decrease, reference : sequences of float
        One decrease a batch.
    comparisons : int
        How many such intervals the report holds.
    """
    theirs = np.asarray(reference, dtype=float)
    scale = theirs.mean()
    n = len(theirs)
    # A reference that does not reliably decrease the loss is no unit to measure in.
    doubtful = n > 1 and scale <= 2 * theirs.std(ddof=1) / math.sqrt(n)
    if scale <= 0 or doubtful:
        return Gain(method, step, math.nan, math.nan, math.nan, math.nan, n)
    # Paired residuals of the ratio of means, so that the unit's own noise is counted too.
    ratio = float(np.mean(decrease) / scale)
    residuals = (np.asarray(decrease, dtype=float) - ratio * theirs) / scale
    if n < 2:
        return Gain(method, step, ratio - 1, math.nan, math.nan, math.nan, n)
    error = float(residuals.std(ddof=1) / math.sqrt(n))
    if n < 3:
        return Gain(method, step, ratio - 1, error, math.nan, math.nan, n)
    quantile = float(stats.t.ppf(1 - (1 - CONFIDENCE) / 2 / max(comparisons, 1), n - 1))
    low, high = ratio - 1 - quantile * error, ratio - 1 + quantile * error
    return Gain(method, step, ratio - 1, error, low, high, n)
