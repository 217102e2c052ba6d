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
from danskin.torch.call import Call
from danskin.torch.combination import (
    Combination,
    Rule,
    Weighed,
    check_finite,
    combine,
    min_norm,
)
from danskin.torch.methods.product import chosen, per_sample_step

__all__ = ["comb", "coupled", "highest", "mean", "single", "step_aware"]


def single(call: Call, m: int) -> Combination:
    """Take one adversary, as adversarial training does, whatever m is."""
    return _weighted(call, [call.adversary()], uniform)


def mean(call: Call, m: int) -> Combination:
    """Average the gradients of m adversaries."""
    return _weighted(call, call.adversaries(m), uniform)


def highest(call: Call, m: int) -> Combination:
    """For each sample take the adversary of highest loss (the paper's PGD-max)."""
    points = torch.stack(call.adversaries(m))
    losses = torch.stack([call.values(images) for images in points])
    check_finite(np.zeros((1, 1)), losses, call.team)
    return chosen(call, points, losses, losses.argmax(dim=0))


def coupled(call: Call, m: int) -> Combination:
    """Take the min-norm point of m joint gradients: Algorithm 1 of the paper."""
    return _weighted(call, call.adversaries(m), min_norm)


def comb(call: Call, m: int) -> Combination:
    """Take m joint adversaries that mix two runs sample by sample (the paper's B.4.1).

    The first two are the runs themselves; the mixtures are distinct. With several processes they
    are those of the whole batch, as the first process draws them.
    """
    runs = call.adversaries(min(2, m))
    whole, mine = call.team.rows(call.images.new_zeros(len(call.images)))
    drawn = mixtures(len(whole), m - 2, call.generator)
    if drawn:
        shape = (len(call.images),) + (1,) * (call.images.dim() - 1)
        agreed = call.team.agreed(torch.stack(drawn).numpy(), call.images.device)
        for bits in torch.from_numpy(agreed[:, mine]).bool().to(runs[0].device):
            runs.append(torch.where(bits.view(shape), runs[1], runs[0]))
    return _weighted(call, runs, min_norm)


def step_aware(call: Call, m: int) -> Combination:
    """Count each gradient by its loss, for steps of finite length (the prox-linear model)."""
    if call.settings.per_sample:
        return per_sample_step(call, m)
    return _weighted(call, call.adversaries(m), _step_aware(call))


def mixtures(count: int, wanted: int, generator: torch.Generator) -> list[Tensor]:
    """Draw distinct bit vectors (count,), neither all 0 nor all 1; fewer if there are fewer."""
    available = 2**count - 2 if count < 60 else max(wanted, 0)
    found: dict[bytes, Tensor] = {}
    while len(found) < min(wanted, available):
        bits = torch.rand(count, generator=generator, device=generator.device).cpu() < 0.5
        if bits.any() and not bits.all():
            found[bits.numpy().tobytes()] = bits
    return list(found.values())


def uniform(gram: np.ndarray, losses: Tensor) -> Weighed:
    """Weigh all gradients alike."""
    return Weighed(np.full(len(gram), 1 / len(gram)))


def _step_aware(call: Call) -> Rule:
    settings = call.settings

    def rule(gram: np.ndarray, losses: Tensor) -> Weighed:
        values = call.mean(losses).cpu().numpy()
        if settings.radius is None:
            result = step_aware_weights(gram, values, settings.eta())
            return Weighed(result.weights, result.status == "stationary")
        result = trust_region_weights(gram, values, settings.radius)
        # The optimizer's learning rate is the radius: its step is exactly d.
        scale = result.step / settings.radius
        return Weighed(result.weights, result.status == "stationary", scale)

    return rule


def _weighted(call: Call, points: list[Tensor], rule: Rule) -> Combination:
    losses, stack = call.stack(points)
    return combine(losses, stack, rule, call.clock, call.team)
