"""What a run costs, in passes: one pass is a forward and a backward pass of one image."""

from __future__ import annotations

from danskin.torch.train.config import RunConfig

__all__ = ["evaluation_passes", "training_passes"]

#: The product methods also take per-image gradients and derivatives; their solver is not counted.
_RUNS = {"single": lambda m: 1, "comb": lambda m: min(2, m), "gated": lambda m: 1}
_GRADIENTS = {"single": lambda m: 1, "max": lambda m: 1, "gated": lambda m: 1}


def training_passes(config: RunConfig, epoch: int) -> float:
    """Return the passes of a training image in epoch 0, 1, ...

    Attacks and gradients, each forward and backward; "max" and "min" count their choosing as a
    gradient; "gated" while its gate is closed.
    """
    method = config.method
    m = method.m
    if method.last_m and config.epochs > 1:
        m = m + (method.last_m - m) * epoch / (config.epochs - 1)
    steps = config.first.steps if epoch < config.first.share * config.epochs else 0
    steps = steps or config.attack.steps
    runs = _RUNS.get(method.name, lambda m: m)(m)
    extra = {"max": m / 3, "min": m}.get(method.name, 0)  # a forward pass is a third
    return runs * steps + _GRADIENTS.get(method.name, lambda m: m)(m) + extra


def evaluation_passes(config: RunConfig) -> float:
    """Return the passes of a held-out image, its two predictions a third each."""
    e = config.evaluation
    return e.steps * e.restarts + (3 if e.restarts > 1 else 2) / 3
