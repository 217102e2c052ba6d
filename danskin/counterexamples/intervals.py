"""Measured shares and means with their confidence intervals: Clopper-Pearson's and Student's.

Both assume independent draws; what is counted twice from one draw has no place in them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

__all__ = ["Mean", "Share"]


@dataclass(frozen=True)
class Share:
    """A share of draws with its Clopper-Pearson interval.

    Attributes
    ----------
    hits, draws : int
    low, high : float
        The exact binomial interval at `level`.
    level : float
    """

    hits: int
    draws: int
    low: float
    high: float
    level: float

    @property
    def value(self) -> float:
        """``hits / draws``."""
        return self.hits / self.draws

    @classmethod
    def of(cls, hits: int, draws: int, level: float) -> Share:
        """Return the share with its interval."""
        interval = stats.binomtest(hits, draws).proportion_ci(level, method="exact")
        return cls(hits, draws, float(interval.low), float(interval.high), level)

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Mean:
    """A mean over draws with Student's interval; NaN where there are too few draws.

    Attributes
    ----------
    value, low, high : float
    draws : int
    """

    value: float
    low: float
    high: float
    draws: int

    @classmethod
    def of(cls, values: np.ndarray, level: float) -> Mean:
        """Return the mean with its interval; of a single value, without one."""
        count = len(values)
        if count == 0:
            return cls(math.nan, math.nan, math.nan, 0)
        middle = float(values.mean())
        if count == 1:
            return cls(middle, math.nan, math.nan, 1)
        reach = float(stats.t.ppf((1 + level) / 2, count - 1) * values.std(ddof=1)) / math.sqrt(
            count
        )
        return cls(middle, middle - reach, middle + reach, count)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, NaN as None."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        return {
            **{k: None if math.isnan(x) else x for k, x in numbers.items()},
            "draws": self.draws,
        }

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"
