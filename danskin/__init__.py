"""danskin: descent directions for objectives with a maximum inside.

``phi(theta) = max over delta in S of g(theta, delta)`` is what adversarial training minimises. The
gradient at *one* maximizer need not be a descent direction; the derivative of phi along gamma is a
maximum over *all* maximizers (Danskin 1966). This package is that sentence, made computable::

    objective g, S -> maximizers at theta -> gradients -> min-norm point -> direction
                   -> certificate -> step

    import danskin as dk

    f = dk.MinMaxObjective.from_expression(             # objective.py
        "d*(t1**2 + (t2+1)**2) + (1-d)*(t1**2 + (t2-1)**2)",
        theta=["t1", "t2"], delta=["d"], domain=dk.Interval(0, 1))
    S = dk.maximizers(f, ["1/2", 0])                    # maximizers.py: all of them, if provable
    dk.single_gradient(S, 0).derivative                 # direction/, derivative.py: > 0, uphill
    d = dk.steepest_descent(S)                          # direction/: Theorem 2, downhill
    dk.theorem3(S, d.direction, lipschitz=4, epsilon=0) # certificate.py: Theorem 3
    dk.prove_descent(f, ["1/2", 0], [-1, 0])            # proof/: proved, nothing assumed
    dk.descend(f, [1, 0], rule="ddi", steps=50, step_size=0.1)     # descent/: Algorithm 1
    dk.verify()                                         # claims/: the paper, statement by statement

Names are loaded on first use, so that ``import danskin`` is instant.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Public name -> the module that defines it, in the order of the road.
_HOME = {
    "DanskinError": "danskin.errors",
    "Verdict": "danskin.verdict",
    "Interval": "danskin.sets",
    "Box": "danskin.sets",
    "Simplex": "danskin.sets",
    "Ball": "danskin.sets",
    "FiniteSet": "danskin.sets",
    "Product": "danskin.sets",
    "MinMaxObjective": "danskin.objective",
    "BatchObjective": "danskin.objective",
    "maximizers": "danskin.maximizers",
    "MaximizerSet": "danskin.maximizers",
    "directional_derivative": "danskin.derivative",
    "two_sided_derivative": "danskin.derivative",
    "taylor_check": "danskin.derivative",
    "min_norm_point": "danskin.minnorm",
    "min_norm_weights": "danskin.minnorm",
    "product_min_norm": "danskin.minnorm",
    "product_min_norm_weights": "danskin.minnorm",
    "exact_min_norm": "danskin.minnorm",
    "steepest_descent": "danskin.direction",
    "single_gradient": "danskin.direction",
    "step_aware": "danskin.direction",
    "theorem3": "danskin.certificate",
    "prove_descent": "danskin.proof",
    "certified_step": "danskin.proof",
    "prove_theorem3": "danskin.proof",
    "check_proof": "danskin.proof.checker",
    "enclose_robust_value": "danskin.proof",
    "enclose_derivative": "danskin.proof",
    "enclose_maximizers": "danskin.proof",
    "descend": "danskin.descent",
    "ProjectedAscent": "danskin.descent",
    "verify": "danskin.claims",
}

__all__ = ["__version__", *_HOME]

if TYPE_CHECKING:
    from danskin.certificate import theorem3
    from danskin.claims import verify
    from danskin.derivative import directional_derivative, taylor_check, two_sided_derivative
    from danskin.descent import ProjectedAscent, descend
    from danskin.direction import single_gradient, steepest_descent, step_aware
    from danskin.errors import DanskinError
    from danskin.maximizers import MaximizerSet, maximizers
    from danskin.minnorm import (
        exact_min_norm,
        min_norm_point,
        min_norm_weights,
        product_min_norm,
        product_min_norm_weights,
    )
    from danskin.objective import BatchObjective, MinMaxObjective
    from danskin.proof import (
        certified_step,
        enclose_derivative,
        enclose_maximizers,
        enclose_robust_value,
        prove_descent,
        prove_theorem3,
    )
    from danskin.proof.checker import check_proof
    from danskin.sets import Ball, Box, FiniteSet, Interval, Product, Simplex
    from danskin.verdict import Verdict


class _Package(ModuleType):
    """Keeps ``dk.maximizers`` the function, whoever imports its module, and whenever.

    Importing a submodule sets it as an attribute of its package, which would shadow the public
    function of the same name. (``from danskin.maximizers import ...`` does not ask the package.)
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and _HOME.get(name) == value.__name__:
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'danskin' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
