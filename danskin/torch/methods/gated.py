"""Pay for more adversaries only while they differ.

Where all adversaries of a batch have the same gradient, one of them is enough, and most batches of
a small robust network are like that. Two are looked at from time to time; while their gradients or
their losses disagree, every call looks at two and, if these disagree, takes all m.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from danskin.torch.call import Call
from danskin.torch.combination import Combination, check_finite, combine, min_norm
from danskin.torch.gram import GradientStack

__all__ = ["gated"]


def gated(call: Call, m: int) -> Combination:
    """Take one adversary; two in one call out of `every`; m while two disagree."""
    gate, settings = call.gate, call.settings
    if not gate.is_open and gate.since is not None and gate.since < settings.every - 1:
        losses, stack = call.stack([call.adversary()])
        found = combine(losses, stack, min_norm, call.clock, call.team)
        gate.since += 1
        found.note = f"Gate closed, last looked {gate.since} calls ago."
        return found
    looked = min(2, max(m, 1))
    stack = GradientStack(call.network.params, m)
    losses, _ = call.stack(call.adversaries(looked), stack)
    cosine, spread = _agreement(call, losses, stack.first(looked).gram())
    gate.is_open = cosine < settings.cosine or spread > settings.spread
    gate.since = 0
    note = f"Two adversaries: cosine {cosine:.4f}, loss spread {spread:.2%}; gate "
    if gate.is_open and m > looked:
        more, _ = call.stack(call.adversaries(m - looked), stack, looked)
        found = combine(torch.cat([losses, more]), stack, min_norm, call.clock, call.team)
    else:
        found = combine(losses, stack.first(looked), min_norm, call.clock, call.team)
    found.note = note + ("open." if gate.is_open else "closed.")
    return found


def _agreement(call: Call, losses: Tensor, gram: np.ndarray) -> tuple[float, float]:
    """Return the cosine of two gradients and the mean difference of their losses, relative."""
    check_finite(gram, losses, call.team)
    if len(losses) < 2:
        return 1.0, 0.0
    lengths = np.sqrt(gram[0, 0] * gram[1, 1])
    cosine = float(gram[0, 1] / lengths) if lengths > 0 else 1.0
    difference, total = (
        call.team.number(float(part.sum()), losses.device)
        for part in ((losses[0] - losses[1]).abs(), losses.abs().mean(dim=0))
    )
    return cosine, difference / total if total > 0 else 0.0
