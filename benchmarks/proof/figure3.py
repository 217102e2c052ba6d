"""The paper's Figure 3 network, trained for real and proved: 2-2-1, ELU, logistic loss, 100 points.

Section 5.2: standard Gaussian points in the plane, labels by the sign of the first coordinate,
perturbations in the square [-1, 1]^2, an attack of 10 ascent steps of length 0.1 from 10 random
starts, full batch, outer steps of length 0.01 along DDi's direction. At chosen iterations the true
robust loss ``phi(theta) = mean_i max_delta loss_i(theta, delta)`` is asked about: does it descend
along DDi's direction, and along minus each attack's gradient? The attacks' points need not be
maximizers; the proofs do not use them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import danskin as dk

__all__ = ["NAMES", "Network", "Proved", "certify", "robust_loss", "train"]

NAMES = ("w11", "w12", "w21", "w22", "b1", "b2", "v1", "v2", "c")
ATTACKS, ASCENT, LENGTH, STEP = 10, 10, 0.1, 0.01


@dataclass(frozen=True)
class Network:
    """Points (B, 2) with labels of +-1; theta is (w11, w12, w21, w22, b1, b2, v1, v2, c)."""

    points: np.ndarray
    labels: np.ndarray

    @classmethod
    def gaussian(cls, count: int, rng: np.random.Generator) -> Network:
        """Draw standard Gaussian points, labelled by the sign of the first coordinate."""
        points = rng.standard_normal((count, 2))
        return cls(points, np.where(points[:, 0] > 0, 1.0, -1.0))

    def gradients(self, theta: np.ndarray, deltas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the losses' gradients in theta and in delta, at deltas (..., B, 2)."""
        x = self.points + deltas
        W, b, v, c = theta[:4].reshape(2, 2), theta[4:6], theta[6:8], theta[8]
        z = x @ W.T + b
        slope = np.exp(np.minimum(z, 0))
        h = np.where(z > 0, z, np.expm1(np.minimum(z, 0)))
        margin = self.labels * (h @ v + c)
        # d softplus(-margin)/d(v h + c)
        outer = -self.labels / (1 + np.exp(margin))
        back = outer[..., None] * v * slope
        parts = [back[..., i, None] * x for i in (0, 1)] + [back, outer[..., None] * h]
        return np.concatenate([*parts, outer[..., None]], axis=-1), back @ W

    def attack(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return perturbations, (10, B, 2), by sign ascent from random starts."""
        deltas = rng.uniform(-1, 1, (ATTACKS, len(self.points), 2))
        for _ in range(ASCENT):
            uphill = self.gradients(theta, deltas)[1]
            deltas = np.clip(deltas + LENGTH * np.sign(uphill), -1, 1)
        return deltas

    def objective(self) -> dk.BatchObjective:
        """Return the batch of formulas that the proofs are about."""
        square = dk.Box([-1, -1], [1, 1])
        samples = []
        for (x, y), label in zip(self.points.tolist(), self.labels.tolist(), strict=True):
            units = [f"v{i}*elu(w{i}1*(x+p)+w{i}2*(y+q)+b{i})" for i in (1, 2)]
            g = f"softplus({-int(label)}*({'+'.join(units)}+c))"
            at = {"x": x, "y": y}
            samples.append(dk.MinMaxObjective.from_expression(g, NAMES, ["p", "q"], square, at))
        return dk.BatchObjective(samples)


def train(
    network: Network, steps: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield theta, the attacks' mean gradients (10, 9) and DDi's direction, step by step."""
    theta = rng.standard_normal(len(NAMES)) / 2
    for _ in range(steps + 1):
        deltas = network.attack(theta, rng)
        gradients = network.gradients(theta, deltas)[0].mean(axis=1)
        direction = dk.steepest_descent(gradients).direction
        if direction is None:
            return
        yield theta.copy(), gradients, direction
        theta = theta + STEP * direction


def robust_loss(network: Network, theta: np.ndarray, side: int = 41) -> float:
    """Return the mean over samples of the largest loss on a grid of perturbations."""
    grid = np.linspace(-1, 1, side)
    deltas = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 1, 2)
    z = (network.points + deltas) @ theta[:4].reshape(2, 2).T + theta[4:6]
    h = np.where(z > 0, z, np.expm1(np.minimum(z, 0)))
    return float(np.logaddexp(0, -network.labels * (h @ theta[6:8] + theta[8])).max(axis=0).mean())


@dataclass(frozen=True)
class Proved:
    """One question answered."""

    iteration: int
    direction: str
    verdict: str
    derivative: tuple[float, float]
    value: tuple[float, float]
    boxes: int
    seconds: float
    promised: float


def certify(
    network: Network,
    iterations: Sequence[int],
    rng: np.random.Generator,
    singles: int = 2,
    budget: float = 60.0,
) -> Iterator[Proved]:
    """Train, and at each of the iterations prove or refute DDi's and single gradients' descent."""
    F: Any = network.objective()
    for k, (theta, gradients, ddi) in enumerate(train(network, max(iterations), rng)):
        if k not in iterations:
            continue
        asked = [("DDi", ddi)]
        # The most obtuse pairs first: likeliest to fail.
        order = np.argsort((gradients @ gradients.T).min(axis=1))[:singles]
        asked += [(f"minus gradient {i}", -gradients[i]) for i in order.tolist()]
        for name, gamma in asked:
            begun = time.perf_counter()
            proof = dk.prove_descent(F, theta.tolist(), gamma.tolist(), budget=budget)
            yield Proved(
                iteration=k,
                direction=name,
                verdict=str(proof.verdict),
                derivative=proof.derivative,
                value=proof.value,
                boxes=proof.boxes,
                seconds=time.perf_counter() - begun,
                promised=float((gradients @ gamma).max() / np.linalg.norm(gamma)),
            )
