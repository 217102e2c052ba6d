"""Joint perturbations of the whole batch: one gradient each, one simplex for all.

Each run of the attack perturbs every sample of the batch; its gradient is that of the batch's mean
loss. m such gradients are points of the (product) set of the batch, not all of it, so a direction
that descends for all of them need not descend for their mixtures.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from danskin.minnorm import step_aware_weights, trust_region_weights
from danskin.torch.call import Call, Settings
from danskin.torch.combination import Combination, Rule, Weighed, combine, min_norm

__all__ = ["comb", "coupled", "highest", "mean", "single", "step_aware"]


def single(call: Call, m: int) -> Combination:
    """Take one adversary, as adversarial training does, whatever m is."""
    return _weighted(call, [call.adversary()], _uniform)


def mean(call: Call, m: int) -> Combination:
    """Average the gradients of m adversaries."""
    return _weighted(call, call.adversaries(m), _uniform)


def highest(call: Call, m: int) -> Combination:
    """For each sample take the adversary of highest loss (the paper's PGD-max)."""
    points = torch.stack(call.adversaries(m))
    losses = torch.stack([call.values(p) for p in points])
    chosen = choose(points, losses.argmax(dim=0))
    found = _weighted(call, [chosen], _uniform)
    found.losses = losses
    found.weights = one_hot(losses.argmax(dim=0), m)
    return found


def coupled(call: Call, m: int) -> Combination:
    """Take the min-norm point of m joint gradients: Algorithm 1 of the paper."""
    return _weighted(call, call.adversaries(m), min_norm)


def comb(call: Call, m: int) -> Combination:
    """Take m joint adversaries that mix two runs sample by sample (the paper's B.4.1).

    The first two are the runs themselves; the mixtures are distinct while there are enough.
    """
    runs = call.adversaries(min(2, m))
    if m > 2:
        bits = mixtures(len(call.images), m - 2, call.images.device)
        shape = (len(call.images),) + (1,) * (call.images.dim() - 1)
        runs += [torch.where(b.view(shape), runs[1], runs[0]) for b in bits]
    return _weighted(call, runs, min_norm)


def step_aware(call: Call, m: int) -> Combination:
    """Count each gradient by its loss, for steps of finite length (the prox-linear model)."""
    return _weighted(call, call.adversaries(m), _step_aware(call.settings))


def mixtures(count: int, wanted: int, device: torch.device) -> list[Tensor]:
    """Draw distinct bit vectors (count,), neither all 0 nor all 1, from torch's generator."""
    available = 2**count - 2 if count < 60 else wanted
    found: dict[bytes, Tensor] = {}
    while len(found) < min(wanted, available):
        bits = torch.rand(count) < 0.5
        if bits.any() and not bits.all():
            found[bits.numpy().tobytes()] = bits
    return [bits.to(device) for bits in found.values()]


def choose(points: Tensor, index: Tensor) -> Tensor:
    """Return ``points[index[i], i]`` for each sample i."""
    return points[index, torch.arange(points.shape[1], device=points.device)]


def one_hot(index: Tensor, m: int) -> np.ndarray:
    """Return the weights (m, B) of a choice of one adversary a sample."""
    chosen = index.cpu().numpy()
    weights = np.zeros((m, len(chosen)))
    weights[chosen, np.arange(len(chosen))] = 1.0
    return weights


def _uniform(gram: np.ndarray, losses: Tensor) -> Weighed:
    return Weighed(np.full(len(gram), 1 / len(gram)))


def _step_aware(settings: Settings) -> Rule:
    def rule(gram: np.ndarray, losses: Tensor) -> Weighed:
        values = losses.double().mean(dim=1).cpu().numpy()
        if settings.radius is None:
            result = step_aware_weights(gram, values, settings.step)
            return Weighed(result.weights, result.status == "stationary")
        result = trust_region_weights(gram, values, settings.radius)
        # The optimizer's learning rate is the radius: its step is exactly d.
        scale = result.step / settings.radius
        return Weighed(result.weights, result.status == "stationary", scale)

    return rule


def _weighted(call: Call, points: list[Tensor], rule: Rule) -> Combination:
    losses, stack = call.stack(points)
    return combine(losses, stack, rule, call.clock)
