"""What an evaluation found, image by image, and what may be said of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Evaluation", "Share"]


@dataclass(frozen=True)
class Share:
    """Right answers among some images.

    Attributes
    ----------
    right, images : int
    """

    right: int
    images: int

    @property
    def value(self) -> float:
        """From 0 to 1; NaN without images."""
        return self.right / self.images if self.images else math.nan

    @property
    def error(self) -> float:
        """Standard error over the draw of the images (binomial)."""
        p = self.value
        return math.sqrt(p * (1 - p) / self.images) if self.images else math.nan

    def __str__(self) -> str:
        return f"{100 * self.value:.1f} % ({100 * self.error:.1f})"


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """Which of N images a network gets right.

    Attributes
    ----------
    labels : (N,) int array
    clean : (N,) bool array
        Right on the image as it is.
    under : dict of (N,) bool arrays
        Attack -> right on the image *and* on everything that the attack found.
    eps, norm : float, str
        Radius of the ball, pixels in [0, 1].
    """

    labels: np.ndarray
    clean: np.ndarray
    under: dict[str, np.ndarray]
    eps: float
    norm: str

    @property
    def robust(self) -> np.ndarray:
        """Right under all attacks together (N,)."""
        return np.logical_and.reduce([self.clean, *self.under.values()])

    def __iter__(self) -> Iterator[float]:
        """Yield clean and robust accuracy, RobustBench's pair, as shares from 0 to 1."""
        yield self.share(self.clean).value
        yield self.share(self.robust).value

    def share(self, right: np.ndarray, of: np.ndarray | None = None) -> Share:
        """Return how many are right, among all images or among those that `of` marks."""
        chosen = right if of is None else right[of]
        return Share(int(chosen.sum()), len(chosen))

    def rows(self) -> dict[str, np.ndarray]:
        """Return what is listed: clean, each attack, and all attacks where there are several."""
        several = {"all attacks": self.robust} if len(self.under) > 1 else {}
        return {"clean": self.clean, **self.under, **several}

    def per_class(self) -> dict[int, dict[str, Share]]:
        """Return class -> row -> share, for the classes that occur."""
        return {
            int(c): {
                name: self.share(right, self.labels == c) for name, right in self.rows().items()
            }
            for c in np.unique(self.labels)
        }

    def explain(self) -> str:
        """Say what was measured, and what it bounds."""
        clean, robust = self.share(self.clean), self.share(self.robust)
        if not self.under:
            return f"{clean} of {clean.images} images right; no attack was run."
        names = " and ".join(self.under)
        return (
            f"{clean} of {clean.images} images right as they are, {robust} under {names} within "
            f"{self.norm} distance {self.eps:.4g}. A stronger attack may leave fewer: the second "
            "number bounds the robust accuracy on these images from above. In brackets the "
            "standard error over the draw of the images, in points."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: first RobustBench's clean_acc and robust_acc, in per cent."""
        clean, robust = self
        return {
            "clean_acc": 100 * clean,
            "robust_acc": 100 * robust,
            "eps": self.eps,
            "norm": self.norm,
            "images": len(self.labels),
            "attacks": list(self.under),
            "accuracy": {name: _plain(self.share(right)) for name, right in self.rows().items()},
            "per_class": {
                str(c): {name: _plain(share) for name, share in shares.items()}
                for c, shares in self.per_class().items()
            },
        }

    def __repr__(self) -> str:
        found = ", ".join(f"{name} {self.share(right)}" for name, right in self.rows().items())
        return f"Evaluation({len(self.labels)} images: {found})"


def _plain(share: Share) -> dict[str, Any]:
    return {"right": share.right, "images": share.images, "share": share.value,
            "error": share.error}  # fmt: skip
