"""What worker processes do, by name; see `danskin.explorer.work`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from danskin.explorer import batches, landscape, plane, proofs
from danskin.minnorm import min_norm_point

__all__ = ["TASKS", "warm_up"]

TASKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "gradients": plane.gradients_view,
    "batch": batches.batch_view,
    "contours": landscape.contours,
    "point": landscape.point,
    "trajectories": landscape.trajectories,
    "check": proofs.check,
    "question": proofs.question,
}


_EIGHT = [[1.0, 0.1 * i] for i in range(8)]


def warm_up() -> None:
    """Compile, or load from the cache, what every answer needs."""
    plane.gradients_view({"gradients": _EIGHT})
    for method in ("double-double", "exact"):  # where float64 does not tell
        min_norm_point(_EIGHT, method=method)
    landscape.point({"objective": {"family": "obtuse_pair"}, "theta": [0.5, 0.25]})
