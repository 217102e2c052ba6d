"""The methods: which adversaries a step looks at, and how their gradients are weighted."""

from danskin.torch.methods.gated import gated
from danskin.torch.methods.joint import comb, coupled, highest, mean, single, step_aware
from danskin.torch.methods.product import least_norm, product

#: Name -> function of a `Call` and m that returns a `Combination`.
METHODS = {
    "single": single,
    "mean": mean,
    "max": highest,
    "min": least_norm,
    "coupled": coupled,
    "comb": comb,
    "product": product,
    "step_aware": step_aware,
    "gated": gated,
}

__all__ = ["METHODS"]
