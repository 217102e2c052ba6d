"""What an epoch is remembered by, and the running sums on the way there."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from danskin.torch.report import Report
from danskin.torch.train.evaluate import Accuracy

__all__ = ["EpochRecord", "Tally"]


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of one run.

    Attributes
    ----------
    name : str
        The run's.
    epoch : int
        From 1.
    steps, attacks : int
        Of this epoch; `attacks` counts runs of the attack on a batch.
    gradients : float
        Gradient passes over a batch.
    learning_rate : float
    loss : float
        Mean over the epoch of the highest loss seen of each image, at the weights of each step.
    step_length : float
        Mean length of a step in the space of the parameters, weight decay and momentum aside.
    conflict : float
        Mean share of negative inner products between the gradients of a step; NaN where there is
        one only.
    stationary : int
        Steps at which nothing was added.
    seconds : float
        Of training, evaluation not counted.
    accuracy : Accuracy or None
        On the held-out images, where this epoch is measured.
    note : str
        Why the run stopped, if it did.
    """

    name: str
    epoch: int
    steps: int
    attacks: int
    gradients: float
    learning_rate: float
    loss: float
    step_length: float
    conflict: float
    stationary: int
    seconds: float
    accuracy: Accuracy | None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; NaN is None."""
        plain = {k: v for k, v in vars(self).items() if k != "accuracy"}
        plain = {
            k: None if isinstance(v, float) and not math.isfinite(v) else v
            for k, v in plain.items()
        }
        return plain | (self.accuracy.to_dict() if self.accuracy else {})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EpochRecord:
        """Return the record that `to_dict` was taken of."""
        names = [f.name for f in dataclasses.fields(cls) if f.name != "accuracy"]
        plain: dict[str, Any] = {n: math.nan if data[n] is None else data[n] for n in names}
        return cls(**plain, accuracy=Accuracy.from_dict(data))


@dataclass
class Tally:
    """Sums over the steps of an epoch so far.

    Attributes
    ----------
    steps, attacks, stationary, several : int
        `several` counts steps with more than one gradient.
    gradients, loss, length, conflict, seconds : float
    """

    steps: int = 0
    attacks: int = 0
    stationary: int = 0
    several: int = 0
    gradients: float = 0.0
    loss: float = 0.0
    length: float = 0.0
    conflict: float = 0.0
    seconds: float = 0.0

    def add(self, report: Report, loss: float, rate: float, seconds: float) -> None:
        """Count a step; `loss` is that of all processes."""
        self.steps += 1
        self.attacks += report.attacks
        self.gradients += report.gradients
        self.loss += loss
        self.seconds += seconds
        self.stationary += report.stationary
        if not report.stationary:
            self.length += rate * (1.0 if report.normalized else report.norm)
        if report.m > 1 and not math.isnan(report.conflict):
            self.several += 1
            self.conflict += report.conflict

    def record(
        self, name: str, epoch: int, rate: float, accuracy: Accuracy | None, note: str = ""
    ) -> EpochRecord:
        """Return the record of epoch 0, 1, ..."""
        return EpochRecord(
            name, epoch + 1, self.steps, self.attacks, self.gradients, rate,
            _over(self.loss, self.steps), _over(self.length, self.steps - self.stationary),
            _over(self.conflict, self.several), self.stationary, self.seconds, accuracy, note,
        )  # fmt: skip


def _over(total: float, count: int) -> float:
    return total / count if count else math.nan
