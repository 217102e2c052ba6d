"""``danskin evaluate CHECKPOINT``: how many images a network gets right, also under attack."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from danskin.cli.progress import progress_bar
from danskin.cli.radius import number_list, radius
from danskin.cli.terminal import check_target, clean, console_for, guarded, write_json
from danskin.errors import InvalidInputError

if TYPE_CHECKING:
    from danskin.torch.evaluating import Evaluation

__all__ = ["evaluate"]

_ATTACKS = (
    "pgd-STEPS, pgd-STEPS-RESTARTS or autoattack; may be repeated. By default pgd-20, pgd-50-10."
)


@guarded
def evaluate(
    checkpoint: Path = typer.Argument(
        ..., metavar="CHECKPOINT",
        help="A run's folder (its best network), one of its checkpoints, or a safetensors file.",
    ),
    data: str | None = typer.Option(
        None, "--data", metavar="NAME|DIR",
        help="digits, cifar10, or a folder with CIFAR-10's files; a run's own by default.",
    ),
    split: str = typer.Option("test", "--split", metavar="train|test"),
    images: int = typer.Option(0, "--images", metavar="N", help="So many, at random; 0 is all."),
    attacks: list[str] | None = typer.Option(None, "--attack", metavar="NAME", help=_ATTACKS),
    eps: float | None = typer.Option(
        None, "--eps", metavar="X", parser=radius,
        help="Radius, e.g. 8/255; by default the run's, else 8/255, or 0.1 on the digits.",
    ),
    ball: str | None = typer.Option(
        None, "--ball", metavar="linf|l2", help="The run's by default, else linf."
    ),
    alpha: float | None = typer.Option(
        None, "--alpha", metavar="X", parser=radius, help="PGD's step; eps/4 by default."
    ),
    batch_size: int = typer.Option(250, "--batch-size", metavar="N"),
    seed: int = typer.Option(0, "--seed", metavar="N", help="Of the attacks and --images."),
    device: str = typer.Option("auto", "--device", metavar="NAME", help="auto, cpu or cuda."),
    arch: str | None = typer.Option(
        None, "--arch", metavar="NAME",
        help="mlp, resnet8, resnet20 or resnet18, where the file does not say it.",
    ),
    activation: str | None = typer.Option(None, "--activation", metavar="celu|relu"),
    norm: str | None = typer.Option(None, "--norm", metavar="group|batch"),
    mean: str | None = typer.Option(
        None, "--mean", metavar="X,..", help="Of the images, a number a channel, if not known."
    ),
    std: str | None = typer.Option(None, "--std", metavar="X,..", help="Likewise."),
    json_file: Path | None = typer.Option(
        None, "--json", metavar="FILE", help="Write everything as JSON ('-': to stdout)."
    ),
) -> None:  # fmt: skip
    """Count right answers: clean, under PGD-20, under PGD-50 with 10 restarts, per class.

    An image counts under an attack if it is right as it is and whatever the attack returned, from
    every restart, is still classified so. The last row, over all attacks, is an upper bound on the
    robust accuracy. --json begins with RobustBench's clean_acc and robust_acc, in per cent.
    AutoAttack needs the package pyautoattack and takes far longer.

    \b
    Examples:
      danskin evaluate runs/mine
      danskin evaluate runs/mine --attack pgd-20 --attack autoattack --images 1000
      danskin evaluate net.safetensors --arch resnet20 --data cifar-10-batches-bin --eps 8/255
    """  # noqa: D301 - \b keeps the lines apart
    check_target(json_file, "--json")
    moments = {"mean": number_list(mean, "--mean"), "std": number_list(std, "--std")}
    from danskin.torch import load_data
    from danskin.torch.evaluating import DEFAULT_ATTACKS
    from danskin.torch.evaluating import evaluate as count
    from danskin.torch.runtime import seeded_generator
    from danskin.torch.train import pick_device

    if not 0 <= seed < 2**32:
        raise InvalidInputError("--seed", f"is {seed}", "Give a number from 0 to 2^32 - 1.")
    config = _run_of(checkpoint)
    source = data or (config.data.source if config else "digits")
    named = load_data(source, split)
    if images < 0 or images > len(named):
        raise InvalidInputError(
            "--images", f"is {images}, and there are {len(named)}", f"Ask for 1 to {len(named)}."
        )
    chosen = named.take(images, seeded_generator(seed)) if images else named
    model = _network(checkpoint, arch, activation=activation, norm=norm, **moments)
    model = model.to(pick_device(device))
    shape = config.attack.norm if config else "linf"
    usual = config.evaluation.eps if config else 0.1 if source == "digits" else 8 / 255
    names = tuple(dict.fromkeys(attacks or DEFAULT_ATTACKS))
    pixels, labels = chosen.batch(slice(None))
    bar = progress_bar()
    with bar:
        tasks = {n: bar.add_task(n, total=len(labels)) for n in ("clean", *names)}
        found = count(
            model, pixels, labels, eps=usual if eps is None else eps, norm=ball or shape,
            alpha=alpha, attacks=names, batch_size=batch_size, seed=seed,
            tick=lambda name, done: bar.advance(tasks[name], done),
        )  # fmt: skip
    console = console_for(sys.stderr if str(json_file) == "-" else None)
    console.print(Text(clean(repr(chosen))), soft_wrap=True)
    _print(console, found)
    write_json(
        json_file,
        {**found.to_dict(), "checkpoint": str(checkpoint), "data": chosen.to_dict(), "seed": seed},
    )


def _run_of(checkpoint: Path) -> Any:
    """Return the configuration of the run that a checkpoint belongs to, or None."""
    from danskin.torch.train import is_run, read_config

    for folder in (checkpoint, checkpoint.parent, checkpoint.parent.parent):
        if folder.is_dir() and is_run(folder):
            return read_config(folder)
    return None


def _network(checkpoint: Path, arch: str | None, **choices: Any) -> Any:
    from danskin.torch import load_model
    from danskin.torch.train import read_network

    if arch is None and not any(choices.values()):
        return read_network(checkpoint)
    return load_model(checkpoint, arch, **choices)


def _print(console: Console, found: Evaluation) -> None:
    rows, classes = found.rows(), found.per_class()
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("right (standard error)")
    for name in rows:
        table.add_column(name, justify="right", no_wrap=True)
    for c, shares in classes.items():
        table.add_row(f"class {c}", *(str(shares[name]) for name in rows))
    table.add_section()
    table.add_row("all images", *(str(found.share(right)) for right in rows.values()), style="bold")
    console.print(table)
    console.print()
    console.print(Text(clean(found.explain()), style="bold"))
