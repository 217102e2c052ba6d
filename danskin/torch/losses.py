"""m scalar losses of any origin: exact MGDA for multi-task learning, group DRO and the like.

``backward(losses)`` is ``loss.backward()`` for several losses at once: it adds to ``p.grad`` the
min-norm point of the hull of their gradients. Along minus that point all of them decrease; it is 0
exactly at Pareto stationary points (Desideri 2012).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from danskin.errors import InvalidInputError
from danskin.torch.arguments import refuse_ambient_half
from danskin.torch.clock import Clock
from danskin.torch.combination import combine, min_norm, summarise
from danskin.torch.gradients import dense, trainable
from danskin.torch.gram import GradientStack
from danskin.torch.processes import Team
from danskin.torch.report import Report
from danskin.torch.writing import accumulate

__all__ = ["backward"]


def backward(
    losses: Sequence[Tensor] | Tensor,
    params: Iterable[Tensor] | None = None,
    *,
    normalize: bool = False,
    process_group: Any = None,
) -> Report:
    """Add the min-norm point of the losses' gradients to ``p.grad``.

    Parameters
    ----------
    losses : sequence of m scalar tensors, or a tensor (m,)
        Each attached to a graph. What the last loss was computed by is freed, as by
        ``loss.backward()``; what only earlier ones were, together with these losses.
    params : iterable of Tensor, optional
        Leaves to differentiate for; by default all that the losses reach. Frozen ones are left
        alone, and a loss that reaches none of them has the gradient 0.
    normalize : bool
        Add the unit vector along it.
    process_group : torch.distributed.ProcessGroup, optional
        Processes that each have losses of their own: gradients and losses are averaged over them,
        as DistributedDataParallel does.

    Returns
    -------
    Report
        With one column of losses.

    Raises
    ------
    InvalidInputError
        If a loss is not a scalar with a graph, `params` holds anything but leaves or none that a
        loss reaches, or a loss or gradient is not finite; nothing is written then.
    """
    scalars = _scalars(losses)
    leaves = trainable(_leaves(scalars) if params is None else _given(params), "params")
    refuse_ambient_half(leaves[0].device.type)
    team, clock = Team(process_group), Clock()
    stack = GradientStack(leaves, len(scalars))
    with clock("gradients"):
        for j, loss in enumerate(scalars):
            found = torch.autograd.grad(
                loss, leaves, retain_graph=j < len(scalars) - 1, allow_unused=True
            )
            gradient = team.gradient(leaves, [None if g is None else dense(g) for g in found])
            stack.add(j, [None if g is None else g / team.size for g in gradient])
        if all(part is None for part in stack.parts):
            raise InvalidInputError(
                "params", "are reached by none of the losses", "Pass those of the losses' network."
            )
        values = torch.stack([loss.detach().double().to(leaves[0].device) for loss in scalars])
        values = team.total(values)[:, None] / team.size
    found = combine(values, stack, min_norm, clock, team)
    report = summarise("losses", found, clock, normalize=normalize, gradients=len(scalars))
    if not report.stationary:
        accumulate(leaves, found.x, 1 / report.norm if normalize else 1.0)
    return report


def _given(params: Any) -> list[Tensor]:
    remedy = "Pass model.parameters()."
    if isinstance(params, Tensor | nn.Module | dict) or not isinstance(params, Iterable):
        raise InvalidInputError("params", f"is a {type(params).__name__}, not a list", remedy)
    found = list(params)
    for k, p in enumerate(found):
        if not isinstance(p, Tensor):
            raise InvalidInputError(f"params[{k}]", f"is a {type(p).__name__}", remedy)
        if not p.is_leaf:
            raise InvalidInputError(
                f"params[{k}]",
                "is computed from other tensors, so p.grad would not reach an optimizer",
                remedy,
            )
    return found


def _scalars(losses: Any) -> list[Tensor]:
    try:
        found = list(losses)
    except TypeError as error:
        raise InvalidInputError("losses", "is not a list", "Pass m scalar tensors.") from error
    if not found:
        raise InvalidInputError("losses", "is empty", "Pass at least one scalar tensor.")
    for j, loss in enumerate(found):
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            what = tuple(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
            raise InvalidInputError(f"losses[{j}]", f"is {what}", "Each loss is one number.")
        if not loss.requires_grad:
            raise InvalidInputError(
                f"losses[{j}]", "does not require a gradient", "Do not detach it."
            )
    return [loss.reshape(()) for loss in found]


def _leaves(losses: Sequence[Tensor]) -> list[Tensor]:
    """Return the leaves that the losses' graphs end in."""
    found: dict[int, Tensor] = {}
    todo: list[Any] = [loss.grad_fn for loss in losses]
    seen = set()
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if type(node).__name__ == "AccumulateGrad":
            found[id(node.variable)] = node.variable
        todo.extend(parent for parent, _ in node.next_functions)
    return list(found.values())
