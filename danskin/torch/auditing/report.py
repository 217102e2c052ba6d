"""What the audit measured, batch by batch and over the batches; every figure with its error."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from danskin.torch.auditing.directions import REFERENCE
from danskin.torch.auditing.statistics import Gain, Mean, gain, mean
from danskin.torch.auditing.verdict import Verdict, judge

__all__ = ["AuditReport", "BatchAudit"]

#: An adversary within this share of the rise from the clean to the highest loss known counts as
#: near-maximizing.
NEAR = 0.01


@dataclass(frozen=True, eq=False, repr=False)
class BatchAudit:
    """One batch of B images and m adversaries each.

    Attributes
    ----------
    clean : (B,) array
        Losses of the images themselves.
    losses : (m, B) array
        Losses of the adversaries.
    strong : (B,) array
        Losses under the strong attack. The highest loss known of an image is the larger of this
        and its adversaries'; it bounds the maximum from below, and no more.
    blocks : (B, m, m) array
        Gram matrix of the gradients of each image's adversaries.
    joint : (m, m) array
        Gram matrix of the gradients of the m joint adversaries.
    rho_coupled, rho_product : (float, float)
        Lower and upper bounds on the min norm, over the joint gradients and over the product of
        the samples' hulls; the latter is None where the gradients did not fit into memory.
    mean_norm : float
        Length of the mean of all gradients.
    promised : dict of tuples
        Method -> derivative along its direction over the sampled product set, for each step.
        Empirical: adversaries that were not sampled can only make it larger.
    base : float
        Mean loss under the fresh attack before any step.
    decrease : dict of tuples
        Method -> measured decrease of that loss, for each step.
    distances : (k, m (m-1) / 2) array
        Pairwise l2 distances between the adversaries of the first k images.
    """

    clean: np.ndarray
    losses: np.ndarray
    strong: np.ndarray
    blocks: np.ndarray
    joint: np.ndarray
    rho_coupled: tuple[float, float]
    rho_product: tuple[float, float] | None
    mean_norm: float
    promised: dict[str, tuple[float, ...]]
    base: float
    decrease: dict[str, tuple[float, ...]]
    distances: np.ndarray

    @property
    def highest(self) -> np.ndarray:
        """Highest loss known of each image (B,)."""
        return np.maximum(self.strong, self.losses.max(axis=0))

    def summary(self) -> dict[str, float]:
        """Return one number for each thing that is averaged over the batches."""
        rise = self.highest - self.clean
        spread = self.losses.max(axis=0) - self.losses.min(axis=0)
        short = self.highest - self.losses
        total = float(rise.mean())
        pairs = _pairs(self.blocks)
        joint = _pairs(self.joint[None])[0]
        lengths = np.sqrt(self.joint.diagonal())
        longest = float(lengths.mean())
        product = math.nan
        if self.rho_product is not None:
            product = _ratio(self.rho_product[1], self.mean_norm)
        return {
            "clean_loss": float(self.clean.mean()),
            "adversarial_loss": float(self.losses.mean()),
            "highest_loss": float(self.highest.mean()),
            "spread_share": _ratio(float(spread.mean()), total),
            "shortfall_share": _ratio(float(short.mean()), total),
            "near_share": float((short <= NEAR * np.maximum(rise, 0)).mean()),
            "cosine_within_image": _mean_of(pairs),
            "negative_within_image": _share_negative(pairs),
            "cosine_joint": _mean_of(joint),
            "negative_joint": _share_negative(joint),
            "rho_coupled_over_mean_length": _ratio(self.rho_coupled[1], longest),
            "rho_product_over_mean_norm": product,
            "gradient_length": float(lengths[0]),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; the Gram matrices of single images are left out."""
        return {
            **self.summary(),
            "rho_coupled": list(self.rho_coupled),
            "rho_product": None if self.rho_product is None else list(self.rho_product),
            "mean_norm": self.mean_norm,
            "joint_gram": self.joint.tolist(),
            "promised": {k: list(v) for k, v in self.promised.items()},
            "robust_loss": self.base,
            "decrease": {k: list(v) for k, v in self.decrease.items()},
        }


def _pairs(blocks: np.ndarray) -> np.ndarray:
    """Return the cosines of all pairs (B, pairs); NaN where a gradient is 0."""
    rows, columns = np.triu_indices(blocks.shape[-1], 1)
    lengths = np.sqrt(np.diagonal(blocks, axis1=1, axis2=2))
    below = lengths[:, rows] * lengths[:, columns]
    inner = blocks[:, rows, columns]
    return np.divide(inner, below, out=np.full(inner.shape, math.nan), where=below > 0)


def _mean_of(cosines: np.ndarray) -> float:
    known = cosines[np.isfinite(cosines)]
    return float(known.mean()) if known.size else math.nan


def _share_negative(cosines: np.ndarray) -> float:
    return float((cosines < 0).mean()) if cosines.size else math.nan


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan


#: What is averaged over the batches, in words.
WORDS = {
    "clean_loss": "loss of the images",
    "adversarial_loss": "loss of their adversaries",
    "highest_loss": "highest loss known (strong attack)",
    "shortfall_share": "adversaries fall short of it by (share of the rise)",
    "near_share": f"adversaries within {NEAR:.0%} of it (share)",
    "spread_share": "spread between an image's adversaries (share of the rise)",
    "cosine_within_image": "cosine between an image's adversaries' gradients",
    "negative_within_image": "negative inner products among these (share)",
    "cosine_joint": "cosine between the batch's joint gradients",
    "negative_joint": "negative inner products among these (share)",
    "rho_coupled_over_mean_length": "min norm of the joint gradients / their mean length",
    "rho_product_over_mean_norm": "min norm over the product / length of the mean gradient",
}


@dataclass(frozen=True, eq=False, repr=False)
class AuditReport:
    """The audit of one network on some batches of images.

    Attributes
    ----------
    batches : tuple of BatchAudit
    m : int
        Adversaries an image.
    methods : tuple of str
        The first is the reference, a single gradient.
    steps : tuple of float
        Step lengths in the space of the parameters.
    settings : dict
        The attacks, the seed and the like, as plain data.
    notes : tuple of str
        What the reader should know, e.g. step lengths chosen by the audit.
    """

    batches: tuple[BatchAudit, ...]
    m: int
    methods: tuple[str, ...]
    steps: tuple[float, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def summary(self) -> dict[str, Mean]:
        """Return the means over the batches, with standard errors."""
        rows = [b.summary() for b in self.batches]
        return {key: mean([row[key] for row in rows]) for key in rows[0]}

    def decreases(self, method: str) -> list[Mean]:
        """Return the measured decrease of the robust loss, for each step length."""
        return [mean([b.decrease[method][k] for b in self.batches]) for k in range(len(self.steps))]

    def promises(self, method: str) -> list[Mean]:
        """Return the empirical derivative over the sampled product set, for each step length."""
        return [mean([b.promised[method][k] for b in self.batches]) for k in range(len(self.steps))]

    def gains(self) -> list[Gain]:
        """Return every method's paired difference to the reference, for each step length."""
        others = [m for m in self.methods if m != REFERENCE]
        count = len(others) * len(self.steps)
        return [
            gain(
                method, step,
                [b.decrease[method][k] for b in self.batches],
                [b.decrease[REFERENCE][k] for b in self.batches],
                count,
            )
            for method in others
            for k, step in enumerate(self.steps)
        ]  # fmt: skip

    @property
    def verdict(self) -> Verdict:
        """Whether DDi has anything to gain here: "gain", "no gain" or "cannot tell"."""
        return judge(self.gains(), self.summary(), len(self.batches), self.m)

    def explain(self) -> str:
        """Say in a few sentences what was found, and no more."""
        return self.verdict.text

    def to_dict(self) -> dict[str, Any]:
        """Return plain Python values, ready for JSON."""
        return {
            "settings": {
                "m": self.m,
                "methods": list(self.methods),
                "step_lengths": list(self.steps),
                "batches": len(self.batches),
                "batch_size": len(self.batches[0].clean),
                **self.settings,
            },
            "notes": list(self.notes),
            "summary": {k: v.to_dict() for k, v in self.summary().items()},
            "decrease": {m: [d.to_dict() for d in self.decreases(m)] for m in self.methods},
            "promised": {m: [d.to_dict() for d in self.promises(m)] for m in self.methods},
            "gains": [g.to_dict() for g in self.gains()],
            "verdict": self.verdict.kind,
            "sentence": self.explain(),
            "figure": self.figure_data(),
            "batches": [b.to_dict() for b in self.batches],
        }

    def figure_data(self) -> dict[str, Any]:
        """Return what the picture needs beside the means: the paper's Figure 2, and the cosines."""
        first = self.batches[0]
        within = np.concatenate([_pairs(b.blocks).ravel() for b in self.batches])
        joint = np.concatenate([_pairs(b.joint[None]).ravel() for b in self.batches])
        edges = np.linspace(-1, 1, 81)
        shown = min(9, len(first.clean))
        return {
            "distances": [row.tolist() for row in first.distances],
            "losses": first.losses[:, :shown].T.tolist(),
            "clean": first.clean[:shown].tolist(),
            "highest": first.highest[:shown].tolist(),
            "cosine_edges": edges.tolist(),
            "cosines_within_image": np.histogram(within[np.isfinite(within)], edges)[0].tolist(),
            "cosines_joint": np.histogram(joint[np.isfinite(joint)], edges)[0].tolist(),
        }

    def __repr__(self) -> str:
        return (
            f"AuditReport({self.verdict.kind}, {len(self.batches)} batches of "
            f"{len(self.batches[0].clean)}, m={self.m})"
        )
