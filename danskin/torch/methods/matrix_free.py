"""The product methods where one gradient a sample does not fit into memory.

Only joint gradients are ever held. Each pass needs all ``<x, g_ij>`` (one forward-mode derivative
along x, which brings the losses too); the adversaries that minimise them, sample by sample, are the
product's vertex furthest downhill (Frank-Wolfe's linear minimisation), whose gradient is one
backward pass. x is then the min-norm point of *all* vertices so far (fully corrective), and the gap
``|x|^2 - (1/B) sum_i min_j <x, g_ij>`` bounds its distance from the best.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from danskin.errors import InvalidInputError
from danskin.minnorm import min_norm_weights
from danskin.torch.call import Call
from danskin.torch.combination import Combination, check_finite
from danskin.torch.gram import Gradient, dot, length, weighted_sum
from danskin.torch.methods.simplices import choose, solve
from danskin.torch.persample import products
from danskin.torch.settings import Settings

__all__ = ["matrix_free"]


class _Vertices:
    """Joint gradients seen so far, their Gram matrix, their mean losses, which adversaries."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.gradients: list[Gradient] = []
        self.picks: list[np.ndarray] = []
        self.gram = np.zeros((0, 0))
        self.first_losses: Tensor | None = None

    def add(self, points: Tensor, index: Tensor) -> None:
        """Compute the gradient at one adversary a sample."""
        losses, gradient = self.call.gradient(choose(points, index))
        self.first_losses = losses if self.first_losses is None else self.first_losses
        with self.call.clock("gradients"):
            row = np.array([dot(gradient, other) for other in [*self.gradients, gradient]])
        k = len(row)
        gram = np.empty((k, k))
        gram[:-1, :-1] = self.gram
        gram[-1], gram[:, -1] = row, row
        check_finite(gram, losses[None], self.call.team)
        self.gram = gram
        self.gradients.append(gradient)
        self.picks.append(index.cpu().numpy())

    def has(self, index: Tensor) -> bool:
        """Whether this vertex is among them, on all processes."""
        mine = any(np.array_equal(pick, index.cpu().numpy()) for pick in self.picks)
        return self.call.team.number(float(not mine), index.device) == 0

    def check_same_function(self, losses: Tensor) -> None:
        """Raise if forward mode sees other losses (B,) than the first vertex's gradient did."""
        assert self.first_losses is not None
        gap = (losses - self.first_losses).abs() - 1e-2 * self.first_losses.abs()
        if self.call.team.number(float((gap > 1e-2).sum()), losses.device) > 0:
            raise InvalidInputError(
                "model",
                "draws other random numbers in forward mode (dropout), so its losses differ",
                'Take modes=Modes(gradients="eval"), or a memory_budget for stored gradients.',
            )

    def values(self, losses: Tensor) -> np.ndarray:
        """Return the mean loss of each vertex (k,) from the losses (m, B)."""
        picks = torch.as_tensor(np.stack(self.picks), device=losses.device)
        rows = losses.gather(0, picks)
        return self.call.mean(rows).cpu().numpy()

    def drop(self, weights: np.ndarray) -> np.ndarray:
        """Forget the vertices without weight; return the weights of the others."""
        keep = np.flatnonzero(weights > 0)
        self.gradients = [self.gradients[k] for k in keep]
        self.picks = [self.picks[k] for k in keep]
        self.gram = self.gram[np.ix_(keep, keep)]
        return weights[keep]

    def weights(self, weights: np.ndarray, m: int) -> np.ndarray:
        """Return the weights (m, B) of single samples."""
        total = np.zeros((m, len(self.picks[0])))
        columns = np.arange(total.shape[1])
        for weight, pick in zip(weights, self.picks, strict=True):
            total[pick, columns] += weight
        return total


def matrix_free(call: Call, adversaries: list[Tensor], steps: Settings | None) -> Combination:
    """Combine without holding a sample's gradient; step-aware where `steps` is given."""
    m, settings, network = len(adversaries), call.settings, call.network
    points = torch.stack(adversaries)
    vertices = _Vertices(call)
    vertices.add(points, torch.zeros(points.shape[1], dtype=torch.long, device=points.device))
    weights, scale, stationary, eta = np.ones(1), 1.0, False, math.inf
    eps = max(torch.finfo(p.dtype).eps for p in network.params)
    iteration = 0
    while True:
        iteration += 1
        with call.clock("gradients"):
            x = weighted_sum(vertices.gradients, weights)
            losses, slopes = _slopes(call, points, x)
            vertices.check_same_function(losses[0])
            square = dot(x, x)
            heights = slopes if math.isinf(eta) else slopes - losses.double() / eta
            # <x, x> less the value term: what the present weights achieve of the linear program.
            mine = square
            if steps is not None:
                values = vertices.values(losses)
                mine -= 0.0 if math.isinf(eta) else float(weights @ values) / eta
            best = float(call.mean(heights.min(dim=0, keepdim=True).values))
            least = float(call.mean(slopes.min(dim=0, keepdim=True).values))
            noise = 64 * eps * float(call.mean(slopes.abs().max(dim=0, keepdim=True).values))
            size = float(call.mean(losses.abs().max(dim=0, keepdim=True).values))
            resolution = 0.0 if math.isinf(eta) else 8 * eps * size / eta
        fresh = steps is not None and iteration == 1  # eta is not known before the first solve
        if square == 0 and steps is None:
            break
        if not fresh and mine - best <= max(settings.tol * square, noise + resolution):
            break
        if iteration >= settings.max_iterations:
            break
        # First the vertex of highest losses: with it the model's maximum at 0 is the true one.
        pick = losses.argmax(dim=0) if fresh else heights.argmin(dim=0)
        if vertices.has(pick):
            if not fresh:
                break
        else:
            vertices.add(points, pick)
        with call.clock("solve"):
            k = len(vertices.gradients)
            if steps is None:
                solved = min_norm_weights(vertices.gram)
                weights, stationary = solved.weights, solved.status == "stationary"
            else:
                weights, eta, stationary, scale, _ = solve(
                    vertices.gram, vertices.values(losses), [k], steps
                )
            weights = call.team.agreed(weights, points.device)
            weights = vertices.drop(weights)
        if stationary:
            x = weighted_sum(vertices.gradients, weights)
            break
    norms = np.sqrt(vertices.gram.diagonal())
    return Combination(
        x,
        vertices.weights(weights, m),
        losses,
        products=slopes.T.cpu().numpy(),
        least=least,
        size=float(weights @ norms),
        rounding=noise / max(length(x), np.finfo(float).tiny),
        gram=None,
        stationary=stationary,
        scale=scale,
        iterations=iteration,
        note="Matrix-free: the Gram matrix of the samples was never formed.",
    )


def _slopes(call: Call, points: Tensor, x: Gradient) -> tuple[Tensor, Tensor]:
    """Return the losses (m, B) and ``<x, g_ij>`` (m, B), weight decay included."""
    found = [products(call.network, images, call.labels, x) for images in points]
    losses = torch.stack([value for value, _ in found])
    slopes = torch.stack([slope for _, slope in found]).double()
    if call.decay:
        params: Gradient = [
            None if g is None else p.detach() for p, g in zip(call.network.params, x, strict=True)
        ]
        slopes += call.decay * dot(params, x)
    check_finite(slopes.cpu().numpy(), losses, call.team)
    return losses, slopes
