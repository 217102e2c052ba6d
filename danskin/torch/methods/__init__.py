"""The methods: which adversaries a step looks at, and how their gradients are weighted."""

from danskin.torch.methods.joint import comb, coupled, highest, mean, single, step_aware

#: Name -> function of a `Call` and m that returns a `Combination`.
METHODS = {
    "single": single,
    "mean": mean,
    "max": highest,
    "coupled": coupled,
    "comb": comb,
    "step_aware": step_aware,
}

__all__ = ["METHODS"]
