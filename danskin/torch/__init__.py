"""The bridge to PyTorch: the min-norm point of network gradients, in ``p.grad``.

The road of the package, with a network for the objective and an attack for the maximizer::

    images, labels -> attack, m times -> m gradients -> Gram matrix -> weights -> p.grad

    import danskin.torch as dkt

    attack = dkt.PGD(model, eps=8/255, alpha=2/255, steps=7)     # attacks/
    ddi = dkt.DDi(model, attack, m=10)                           # ddi.py
    for images, labels in loader:
        optimizer.zero_grad()
        report = ddi.backward(images, labels)                    # instead of loss.backward()
        optimizer.step()

    dkt.backward([loss_1, loss_2], model.parameters())           # losses.py: any m scalar losses
    torchjd.aggregation ... dkt.MinNormWeighting()               # weighting.py
    dkt.min_norm_weights(grams)                                  # batched.py: many (m, m) at once

Names are loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from danskin.errors import MissingExtraError

try:
    import torch as _torch
except ImportError as error:
    if error.name not in (None, "torch"):  # torch is there, and broken: its own message is better
        raise
    raise MissingExtraError("torch", "torch") from error

#: Public name -> the module that defines it, in the order of the road.
_HOME = {
    "PGD": "danskin.torch.attacks",
    "FGSM": "danskin.torch.attacks",
    "FAST": "danskin.torch.attacks",
    "Attack": "danskin.torch.attacks",
    "Adversaries": "danskin.torch.attacks",
    "Modes": "danskin.torch.modes",
    "linear_decay": "danskin.torch.schedule",
    "DDi": "danskin.torch.ddi",
    "METHODS": "danskin.torch.ddi",
    "Report": "danskin.torch.report",
    "backward": "danskin.torch.losses",
    "MinNormWeighting": "danskin.torch.weighting",
    "audit": "danskin.torch.auditing",
    "AuditReport": "danskin.torch.auditing",
    "evaluate": "danskin.torch.evaluating",
    "Evaluation": "danskin.torch.evaluating",
    "build_model": "danskin.torch.models",
    "load_model": "danskin.torch.models",
    "load_data": "danskin.torch.data",
    "min_norm_weights": "danskin.torch.batched",
}

__all__ = [*_HOME]  # pyright: ignore[reportUnsupportedDunderAll]

if TYPE_CHECKING:
    from danskin.torch.attacks import FAST, FGSM, PGD, Adversaries, Attack
    from danskin.torch.auditing import AuditReport, audit
    from danskin.torch.batched import min_norm_weights
    from danskin.torch.data import load_data
    from danskin.torch.ddi import METHODS, DDi
    from danskin.torch.evaluating import Evaluation, evaluate
    from danskin.torch.losses import backward
    from danskin.torch.models import build_model, load_model
    from danskin.torch.modes import Modes
    from danskin.torch.report import Report
    from danskin.torch.schedule import linear_decay
    from danskin.torch.weighting import MinNormWeighting


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'danskin.torch' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
