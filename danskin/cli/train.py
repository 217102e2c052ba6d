"""``danskin train``: a preset, a configuration file, or several methods side by side."""

from __future__ import annotations

import itertools
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from danskin.cli.radius import radius
from danskin.cli.terminal import check_target, console_for, guarded
from danskin.cli.train_sweep import presets_and_seeds, run_table
from danskin.errors import InvalidInputError

if TYPE_CHECKING:
    from danskin.torch.train import RunConfig

__all__ = ["Asked", "free_folder", "train"]


@guarded
def train(
    preset: list[str] = typer.Argument(
        None, metavar="[PRESET]...",
        help="What to train, see --list; several make a sweep; without, methods side by side.",
    ),
    show: bool = typer.Option(False, "--list", help="List the presets and leave."),
    setting: list[str] = typer.Option(
        [], "--set", metavar="KEY=VALUE",
        help="Change any value of the configuration, e.g. method.m=4; may be repeated.",
    ),
    config_file: Path | None = typer.Option(
        None, "--config", metavar="FILE", help="A configuration in TOML in place of a preset."
    ),
    epochs: int | None = typer.Option(
        None, "--epochs", metavar="N", help="Epochs; without preset 30 on the digits, else 10."
    ),
    out: Path | None = typer.Option(
        None, "--out", metavar="DIR", help="New folder for the results; by default runs/NAME-seedN."
    ),
    resume: Path | None = typer.Option(
        None, "--resume", metavar="DIR",
        help="Go on with the run in this folder, after a kill or an interruption; begin it where "
        "there is none yet and the other options say which.",
    ),
    method: list[str] = typer.Option(
        [], "--method", metavar="NAME",
        help="Without preset: train with this method; may be repeated. One of: pgd, "
        "pgd_normalized, ddi, step_aware (these four by default), coupled, mean, max, min, comb, "
        "product, gated.",
    ),
    data: str | None = typer.Option(
        None, "--data", metavar="NAME|DIR",
        help="digits (the default without preset), cifar10, or a folder with CIFAR-10's files.",
    ),
    seed: int | None = typer.Option(
        None, "--seed", metavar="N", help="Of weights, order and attacks; 0 by default."
    ),
    seeds: list[str] = typer.Option(
        [], "--seeds", metavar="N N ...", help="Sweep: train each preset with each of these seeds."
    ),
    jobs: int = typer.Option(1, "--jobs", metavar="N", help="Sweep: so many runs at a time."),
    m: int | None = typer.Option(
        None, "--m", metavar="M",
        help="Adversaries a step, where the method takes several; under torchrun, which takes it "
        "for its own, write --set method.m=M.",
    ),
    batch_size: int | None = typer.Option(None, "--batch-size", metavar="N"),
    eps: float | None = typer.Option(
        None, "--eps", metavar="X", parser=radius,
        help="Radius of the attack in training and in measuring (pixels in [0, 1]), e.g. 8/255.",
    ),
    arch: str | None = typer.Option(
        None, "--arch", metavar="NAME", help="mlp, resnet8, resnet20 or resnet18."
    ),
    device: str | None = typer.Option(
        None, "--device", metavar="NAME", help="cpu, cuda, cuda:1; by default CUDA if it is there."
    ),
    json_file: Path | None = typer.Option(
        None, "--json", metavar="FILE", help="Write configuration and results ('-': to stdout)."
    ),
) -> None:  # fmt: skip
    """Train a network against attacks.

    With a PRESET: one run, for instance the paper's recipe (paper-ddi) or its baseline (paper-pgd),
    measured after every epoch on images held out of the training set, under PGD.

    With several presets or --seeds: all of them, each in a folder of its own, with mean and spread
    over the seeds; the same command goes on where it stopped.

    Without: several methods side by side on a small network, epoch by epoch, from the same weights,
    on the same images in the same order; on scikit-learn's digits in about two minutes.

    The folder gets the resolved configuration, metrics.jsonl (a line an epoch), curves.png, the
    networks and checkpoints. A run that was killed goes on with --resume DIR, and on a CPU ends at
    the very weights of an uninterrupted one. Ctrl-C and SIGTERM save first. Robust accuracy under
    PGD is an upper bound: stronger attacks would leave less.

    \b
    Examples:
      danskin train
      danskin train --method pgd --method ddi --epochs 10 --seed 1 --out runs/mine
      danskin train --data cifar-10-batches-bin --arch resnet8 --epochs 5
      danskin train --list
      danskin train paper-ddi --data cifar-10-batches-bin --set method.m=4
      danskin train --resume runs/paper-ddi-seed0
      danskin train paper-pgd normalised-pgd paper-ddi --seeds 0 1 2 --out runs/sweep
      torchrun --nproc-per-node 2 -m danskin train paper-ddi --out runs/two
    """  # noqa: D301 - \b keeps the lines apart
    check_target(json_file, "--json")
    if show:
        _list()
        return
    words, all_seeds = presets_and_seeds(preset or [], seeds, seed)
    changes = _changes(setting, epochs=epochs, seed=seed, data=data, m=m, batch_size=batch_size,
                       eps=eps, arch=arch, device=device)  # fmt: skip
    keys = frozenset(text.partition("=")[0].strip() for text in setting)
    asked = Asked(tuple(words), config_file, tuple(method), out, resume, json_file, changes, keys)
    from danskin.cli.train_run import run_one
    from danskin.cli.train_together import run_together
    from danskin.torch.train import is_run

    with named_options(asked):
        if seeds or len(words) > 1:
            folder = asked.sweep_folder()
            run_table(words, all_seeds, folder, jobs, changes, json_file)
        elif asked.side_by_side(is_run):
            run_together(asked)
        else:
            run_one(asked)


@dataclass(frozen=True)
class Asked:
    """What the command line asks for.

    Attributes
    ----------
    presets, methods : tuple of str
    config_file, out, resume, json_file : Path or None
    changes : dict
        Dotted keys; "method.m" and the like, as text or numbers.
    keys : frozenset of str
        Those of them that --set names.
    """

    presets: tuple[str, ...]
    config_file: Path | None
    methods: tuple[str, ...]
    out: Path | None
    resume: Path | None
    json_file: Path | None
    changes: dict[str, Any]
    keys: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.out is not None and self.resume is not None and self.out != self.resume:
            raise InvalidInputError("--out", "is given beside --resume", "Name the folder once.")
        if self.presets and self.config_file:
            raise InvalidInputError("--config", "is given beside a preset", "Name one of them.")
        if self.methods and (self.presets or self.config_file):
            raise InvalidInputError(
                "--method", "is for training without preset",
                "With a preset say, for instance, --set method.name=coupled.",
            )  # fmt: skip

    def side_by_side(self, is_run: Any) -> bool:
        """Whether methods are trained side by side; else it is one run."""
        if self.presets or self.config_file:
            return False
        return not (self.resume is not None and is_run(self.resume))

    def sweep_folder(self) -> Path:
        """Return the folder of a sweep, which is the same each time it is asked for so."""
        for option, given in (("--config", self.config_file), ("--method", self.methods)):
            if given:
                raise InvalidInputError(option, "is for one run", "Sweep over presets.")
        if not self.presets:
            raise InvalidInputError("PRESET", "there is none", "Name presets, see --list.")
        name = "+".join(self.presets)
        return self.resume or self.out or Path("runs") / f"sweep-{name[:100]}"

    def config(self) -> RunConfig | None:
        """Return the configuration of one run; None if only its folder is named."""
        from danskin.torch.train import RunConfig

        if self.presets:
            return RunConfig.from_preset(self.presets[0], **self.changes)
        if self.config_file:
            try:
                text = self.config_file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "it is no text"
                raise InvalidInputError(
                    "--config", f"{self.config_file} cannot be read: {reason}", "Name a TOML file."
                ) from None
            return RunConfig.from_toml(text, str(self.config_file)).override(self.changes)
        return None


def _changes(settings: list[str], **options: Any) -> dict[str, Any]:
    """Return what the options change, under the configuration's dotted keys."""
    given = {k: v for k, v in options.items() if v is not None}
    changes: dict[str, Any] = {}
    for name, value in given.items():
        if name == "eps":
            changes |= {"attack.eps": value, "evaluation.eps": value}
        elif name == "arch":
            changes |= {"model.arch": value} | ({"model.norm": "none"} if value == "mlp" else {})
        else:
            changes[_KEYS[name]] = value
    if settings:
        from danskin.torch.train.reading import read_setting

        for text in settings:
            key, value = read_setting(text)
            changes[key] = value
    return changes


_KEYS = {
    "epochs": "epochs", "seed": "seed", "data": "data.source", "m": "method.m",
    "batch_size": "batch_size", "device": "compute.device",
}  # fmt: skip
_OPTIONS = {v: "--" + k.replace("_", "-") for k, v in _KEYS.items()} | {
    "attack.eps": "--eps", "model.arch": "--arch", "model.activation": "--arch",
    "data": "--data", "method": "--method", "folder": "--out", "preset": "PRESET",
}  # fmt: skip


class named_options(AbstractContextManager[None]):  # noqa: N801 - a context manager
    """Let errors speak of options where the library speaks of keys.

    Parameters
    ----------
    asked : Asked
    """

    def __init__(self, asked: Asked) -> None:
        self.asked = asked

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """Raise the error again under the option's name."""
        if not isinstance(error, InvalidInputError):
            return
        name = _OPTIONS.get(error.argument)
        if error.argument in self.asked.keys:
            name = f"--set {error.argument}"
        if name is not None:
            raise InvalidInputError(name, error.problem, error.remedy) from None


def free_folder(base: Path) -> Path:
    """Return the first of base, base-2, base-3, ... that does not exist."""
    names = itertools.chain([base], (base.with_name(f"{base.name}-{k}")
                                     for k in itertools.count(2)))  # fmt: skip
    return next(path for path in names if not path.exists())


def _list() -> None:
    from danskin.torch.train import list_presets

    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    table.add_column("preset", no_wrap=True)
    table.add_column("what it is")
    for name, preset in list_presets().items():
        table.add_row(name, Text(preset.says))
    console = console_for()
    console.print(table)
    console.print("danskin train PRESET --set KEY=VALUE changes any value of one.")
