"""What a training run is: one frozen `RunConfig`, resolved before it starts and saved beside it.

::

    config = RunConfig.from_preset("paper-ddi", **{"method.m": 4, "epochs": 30})
    config = RunConfig.from_dict({"epochs": 5, "method": {"name": "coupled"}})
    config = config.override({"attack.eps": "8/255"})  # dotted keys; `--set` of the command line
    config.to_dict()
    config.to_toml()
    RunConfig.from_toml(text)

Sections are frozen dataclasses of numbers, text and tuples, so two runs are the same run if their
configurations are equal. Every value is written out: nothing is left to defaults of elsewhere. The
dataclasses below are the only list of the keys; `reading` turns text into them and back.

A default of a field is the paper's (Section 5.3: CIFAR-10, CELU, GroupNorm, no momentum, PGD-7).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "AttackConfig",
    "AugmentationConfig",
    "CheckpointConfig",
    "ComputeConfig",
    "DataConfig",
    "EvaluationConfig",
    "FirstConfig",
    "MethodConfig",
    "ModelConfig",
    "OptimizerConfig",
    "RunConfig",
    "ScheduleConfig",
]


@dataclass(frozen=True)
class DataConfig:
    """Images.

    Attributes
    ----------
    source : str
        "digits", "cifar10", or a folder with CIFAR-10's files.
    validation : float
        Share of the training images that is held out, in [0, 1); the accuracies of every epoch are
        measured there, and the best network chosen. With 0 they are measured on the test images,
        and no network is chosen as best.
    split_seed : int
        Which images are held out. Not the run's seed: runs of several seeds share the split.
    limit : int
        Train on this many of the training images only, drawn by `split_seed`; 0 takes all.
    """

    source: str = "cifar10"
    validation: float = 0.2
    split_seed: int = 0
    limit: int = 0


@dataclass(frozen=True)
class ModelConfig:
    """The network, see `danskin.torch.models.architecture`.

    Attributes
    ----------
    arch : "resnet18", "resnet20", "resnet8" or "mlp"
    activation : "celu" or "relu"
    norm : "group", "batch", or "none" for the MLP
    hidden : tuple of int
        The MLP's widths.
    """

    arch: str = "resnet18"
    activation: str = "celu"
    norm: str = "group"
    hidden: tuple[int, ...] = (128, 128)


@dataclass(frozen=True)
class AttackConfig:
    """The attack in training: projected gradient ascent from a random start.

    FAST is one step of 10/255.

    Attributes
    ----------
    norm : "linf" or "l2"
    eps, alpha : float
        Radius and step, pixels in [0, 1]; written as a number or as "8/255".
    steps : int
    start : "uniform", "corner" or "image"
    decay_after : int
        k > 0: from step k on the step is ``alpha * k / t`` (the paper's 1/t decay). 0: never.
    mode : "eval", "train" or "keep"
        Of the network during the attack.
    """

    norm: Literal["linf", "l2"] = "linf"
    eps: float = 8 / 255
    alpha: float = 2 / 255
    steps: int = 7
    start: Literal["uniform", "corner", "image"] = "uniform"
    decay_after: int = 0
    mode: Literal["eval", "train", "keep"] = "eval"


@dataclass(frozen=True)
class FirstConfig:
    """Another attack in the first epochs, in place of ``[attack]`` (FAST first, PGD later).

    Attributes
    ----------
    share : float
        Of the epochs, in [0, 1]; 0 is never.
    alpha, steps, start, decay_after
        As in `AttackConfig`; ball and mode are those of ``[attack]``.
    """

    share: float = 0.0
    alpha: float = 10 / 255
    steps: int = 1
    start: Literal["uniform", "corner", "image"] = "uniform"
    decay_after: int = 0


@dataclass(frozen=True)
class MethodConfig:
    """Which adversaries a step looks at and how they are combined: `danskin.torch.DDi`.

    Attributes
    ----------
    name : str
        A method of `DDi`: single, mean, max, min, coupled, comb, product, step_aware, gated.
    m : int
        Adversaries a step.
    last_m : int
        Go from m to this many linearly over the training (the paper's decay); 0 keeps m.
    normalize : bool
        Steps of the learning rate's length (Algorithm 1); else times the gradient's length.
    gradients : "train", "eval"
        Mode of the network while its gradients are taken.
    per_sample : bool
        step_aware: one simplex an image.
    memory_budget : float
        product, step_aware: bytes for stored per-image gradients.
    tol, max_iterations : float, int
        product, step_aware: where the matrix-free solver stops.
    every, cosine, spread : int, float, float
        gated: see `danskin.torch.settings.Settings`.
    micro_batch : int
        Images in one pass; 0 is the whole batch.
    """

    name: str = "single"
    m: int = 1
    last_m: int = 0
    normalize: bool = False
    gradients: Literal["train", "eval"] = "train"
    per_sample: bool = False
    memory_budget: float = 2.0**30
    tol: float = 1e-3
    max_iterations: int = 20
    every: int = 10
    cosine: float = 0.9
    spread: float = 0.1
    micro_batch: int = 0


@dataclass(frozen=True)
class OptimizerConfig:
    """SGD.

    Attributes
    ----------
    lr, momentum : float
    nesterov : bool
    weight_decay : float
    decay : "decoupled" or "objective"
        Added after the direction is normalised (as the authors' code has it), or inside every
        gradient before they are combined. Both come before the momentum.
    """

    lr: float = 0.1
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 5e-4
    decay: Literal["decoupled", "objective"] = "decoupled"


@dataclass(frozen=True)
class ScheduleConfig:
    """The learning rate over the epochs.

    Attributes
    ----------
    milestones : tuple of float
        Shares of the epochs after which it is multiplied with gamma.
    gamma : float
    """

    milestones: tuple[float, ...] = (0.5, 0.75)
    gamma: float = 0.1


@dataclass(frozen=True)
class AugmentationConfig:
    """Random changes of the training images, new ones each epoch, before the attack.

    Attributes
    ----------
    crop : int
        Pad by so many black pixels and cut back to size at a random place.
    flip : bool
        Mirror left and right with probability 1/2.
    brightness, contrast, saturation : float
        Factors uniform in [1 - x, 1 + x].
    rotation : float
        Angle uniform in [-x, x] degrees.
    """

    crop: int = 4
    flip: bool = True
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    rotation: float = 0.0


@dataclass(frozen=True)
class EvaluationConfig:
    """The accuracies that are measured after an epoch: clean, and under PGD.

    Attributes
    ----------
    eps, alpha, steps, restarts
        Of the attack, whose norm is that of ``[attack]``; always float32, network in eval mode.
    every : int
        Epochs between two measurements; the last epoch is always measured.
    images : int
        Of the held-out ones, the first so many; 0 is all.
    batch_size : int
        In one pass; the attack draws its starts for each anew.
    """

    eps: float = 8 / 255
    alpha: float = 2 / 255
    steps: int = 20
    restarts: int = 1
    every: int = 1
    images: int = 0
    batch_size: int = 250


@dataclass(frozen=True)
class CheckpointConfig:
    """When the run is saved, besides the end of every epoch.

    Attributes
    ----------
    minutes : float
        So many minutes after the last time; 0 is never.
    steps : int
        After so many steps of an epoch; 0 is never.
    keep : int
        Checkpoints kept; 2 or more, so that a damaged one has a predecessor.
    """

    minutes: float = 10.0
    steps: int = 0
    keep: int = 2


@dataclass(frozen=True)
class ComputeConfig:
    """Where and how fast; the same training up to rounding.

    Attributes
    ----------
    device : str
        "auto" is CUDA where there is one, else "cpu".
    precision : "float32", "tf32" or "bfloat16"
        tf32: products in TF32 on CUDA. bfloat16: that, and attacks in bfloat16 autocast. Gradients
        and the evaluation are float32 otherwise.
    compile : bool
        torch.compile the network.
    channels_last : bool
    threads : int
        Of PyTorch on the CPU. 0: one for the MLP, on whose small tensors several mostly wait for
        each other; else as many as PyTorch takes.
    """

    device: str = "auto"
    precision: Literal["float32", "tf32", "bfloat16"] = "float32"
    compile: bool = False
    channels_last: bool = False
    threads: int = 0


@dataclass(frozen=True)
class RunConfig:
    """A training run.

    Attributes
    ----------
    name : str
        The preset's, or what the run is called in tables and pictures.
    epochs, batch_size, seed : int
        The batch is that of all processes together. The seed is of weights, order, augmentation
        and attacks.
    data, model, attack, first, method, optimizer, schedule, augmentation, evaluation, checkpoint,
    compute
        The sections.

    Raises
    ------
    InvalidInputError
        From every constructor: names the key, the value and the remedy.
    """

    name: str = "run"
    epochs: int = 200
    batch_size: int = 128
    seed: int = 0
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    attack: AttackConfig = field(default_factory=AttackConfig)
    first: FirstConfig = field(default_factory=FirstConfig)
    method: MethodConfig = field(default_factory=MethodConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    checkpoint: CheckpointConfig = field(default_factory=CheckpointConfig)
    compute: ComputeConfig = field(default_factory=ComputeConfig)

    def __post_init__(self) -> None:
        from danskin.torch.train.checks import check_config

        check_config(self)

    @classmethod
    def from_preset(cls, preset: str, **changes: Any) -> RunConfig:
        """Return a preset, with changes under dotted keys (``**{"method.m": 4}``)."""
        from danskin.torch.train.presets import load_preset

        return load_preset(preset).override(changes)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RunConfig:
        """Return the configuration of nested plain data; keys left out have their defaults."""
        return cls().override(data)

    @classmethod
    def from_toml(cls, text: str, where: str = "configuration") -> RunConfig:
        """Return the configuration that a TOML text holds; `where` names it in errors."""
        from danskin.torch.train.reading import parse_toml

        return cls.from_dict(parse_toml(text, where))

    def override(self, changes: Mapping[str, Any]) -> RunConfig:
        """Return a copy with changes: nested, or under dotted keys; text is read as the key's type.

        An unknown key or a value of another type is an error that names the key.
        """
        from danskin.torch.train.reading import replaced

        return replaced(self, changes)

    def to_dict(self) -> dict[str, Any]:
        """Return nested plain data, every key written out."""
        return dataclasses.asdict(self)

    def to_toml(self) -> str:
        """Return TOML that `from_toml` reads back to an equal configuration."""
        from danskin.torch.train.reading import format_toml

        return format_toml(self.to_dict())

    def factor(self, epoch: int) -> float:
        """Return what the learning rate is multiplied with in epoch 0, 1, ..."""
        passed = sum(epoch >= share * self.epochs for share in self.schedule.milestones)
        return self.schedule.gamma**passed

    def measured(self, epoch: int) -> bool:
        """Whether accuracies are measured after epoch 0, 1, ..."""
        return (epoch + 1) % self.evaluation.every == 0 or epoch + 1 == self.epochs
