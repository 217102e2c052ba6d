"""The min-norm point over the product set of the batch, one simplex a sample.

For a mean of losses over independent samples the maximizers form a product set, and the steepest
descent direction is minus the min-norm point of ``(1/B) sum_i conv{g_i1, ..., g_im}``. With all mB
gradients at hand this is one quadratic program on their Gram matrix; without, see `matrix_free`.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from danskin.torch.call import Call
from danskin.torch.combination import Combination, check_finite
from danskin.torch.gram import Gradient, GradientStack
from danskin.torch.methods.matrix_free import matrix_free
from danskin.torch.methods.simplices import choose, one_hot, solve
from danskin.torch.persample import per_sample_gradients, refuse_coupling, used
from danskin.torch.settings import Settings

__all__ = ["chosen", "least_norm", "per_sample_step", "product"]


def product(call: Call, m: int) -> Combination:
    """Take the min-norm point over one simplex a sample."""
    return _over_product(call, m, None)


def per_sample_step(call: Call, m: int) -> Combination:
    """Take the step-aware direction over one simplex a sample."""
    return _over_product(call, m, call.settings)


def least_norm(call: Call, m: int) -> Combination:
    """For each sample take the adversary of least gradient norm (the paper's PGD-min)."""
    refuse_coupling(call.network)
    points = torch.stack(call.adversaries(m))
    losses, squares = [], []
    with call.clock("gradients"):
        for images in points:
            rows = per_sample_gradients(call.network, images, call.labels)
            found = [(values, _squares(gradients)) for _, values, gradients in rows]
            call.samples += len(images)
            losses.append(torch.cat([values for values, _ in found]))
            squares.append(torch.cat([square for _, square in found]))
    index = torch.stack(squares).argmin(dim=0)
    return chosen(call, points, torch.stack(losses), index)


def chosen(call: Call, points: Tensor, losses: Tensor, index: Tensor) -> Combination:
    """Take one adversary a sample: the gradient of the batch at these."""
    _, stack = call.stack([choose(points, index)])
    gram = stack.gram()
    check_finite(gram, losses, call.team)
    x = stack.combine(np.ones(1))
    norm = float(np.sqrt(gram[0, 0]))
    return Combination(
        x,
        one_hot(index, len(points)),
        losses,
        products=gram[0],
        least=float(gram[0, 0]),
        size=norm,
        rounding=0.0,
        gram=gram,
    )


def _squares(gradients: Gradient) -> Tensor:
    parts = [g.reshape(len(g), -1).double().square().sum(dim=1) for g in gradients if g is not None]
    return torch.stack(parts).sum(dim=0)


def _over_product(call: Call, m: int, steps: Settings | None) -> Combination:
    refuse_coupling(call.network)
    points = call.adversaries(m)
    row = sum(p.numel() * p.element_size() for p in call.network.params)
    if row * m * call.count <= call.settings.memory_budget:  # on each process
        return _stored(call, points, steps)
    return matrix_free(call, points, steps)


def _stored(call: Call, points: list[Tensor], steps: Settings | None) -> Combination:
    m, count = len(points), len(call.images)
    network = call.network
    stack = GradientStack(network.params, m * count)
    losses = []
    with call.clock("gradients"):
        for j, images in enumerate(points):
            found = []
            for part, values, gradients in per_sample_gradients(network, images, call.labels):
                rows = slice(part.start * m + j, (part.stop - 1) * m + j + 1, m)
                stack.put(rows, gradients)
                found.append(values)
            losses.append(torch.cat(found))
            call.samples += count
        table = torch.stack(losses)
        values, mine = _shared(call, stack, table, points[0])
        if call.decay:
            stack.shift(call.decay)
        gram = call.team.agreed(stack.gram(), table.device)
        check_finite(gram, table, call.team)
    total = len(values) // m
    with call.clock("solve"):
        weights, _, stationary, scale, iterations = solve(gram, values, [m] * total, steps)
        weights = call.team.agreed(weights, table.device)
    with call.clock("gradients"):
        x = stack.combine(weights / total)
        inner = stack.products(x).reshape(total, m)
    own = slice(mine.start * m, mine.stop * m)
    lengths = np.sqrt(gram.diagonal())
    return Combination(
        x,
        weights.reshape(total, m)[mine].T.copy(),
        table,
        products=inner[mine],
        least=float(inner.min(axis=1).mean()),
        size=float(weights @ lengths) / total,
        rounding=stack.rounding() * float(lengths.max()),
        gram=gram[own, own],
        stationary=stationary,
        scale=scale,
        iterations=iterations,
    )


def _shared(
    call: Call, stack: GradientStack, losses: Tensor, images: Tensor
) -> tuple[np.ndarray, slice]:
    """Let every process hold the gradients of all; return all losses, and which samples are ours.

    Losses come sample by sample, as the rows of the stack do.
    """
    team, m = call.team, len(losses)
    known = torch.tensor(used(call.network, images, call.labels), dtype=torch.float64)
    known = team.total(known.to(losses.device)).tolist()
    for k, part in enumerate(stack.parts):
        if part is not None:
            stack.parts[k], _ = team.rows(part)
    stack.forget([count > 0 for count in known])
    values, rows = team.rows(losses.T.double().reshape(-1))
    stack.rows = len(values)
    return values.cpu().numpy(), slice(rows.start // m, rows.stop // m)
