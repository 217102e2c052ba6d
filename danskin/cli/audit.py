"""``danskin audit MODEL``: whether a network has conflicting adversaries, and DDi a gain."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from danskin.cli.pictures import check_picture, write_picture
from danskin.cli.progress import progress_bar
from danskin.cli.radius import number_list, radius
from danskin.cli.terminal import (
    DONE,
    UNDECIDED,
    check_target,
    clean,
    console_for,
    guarded,
    write_json,
)
from danskin.errors import InvalidInputError

if TYPE_CHECKING:
    from danskin.torch import AuditReport

__all__ = ["audit"]


@guarded
def audit(
    model_file: Path = typer.Argument(
        ..., metavar="MODEL", help="A safetensors file, e.g. of danskin train."
    ),
    arch: str | None = typer.Option(
        None, "--arch", metavar="NAME",
        help="mlp, resnet8, resnet20 or resnet18, where the file does not say it.",
    ),
    activation: str | None = typer.Option(None, "--activation", metavar="celu|relu"),
    norm: str | None = typer.Option(None, "--norm", metavar="group|batch"),
    mean: str | None = typer.Option(
        None, "--mean", metavar="X,..", help="Of the images, a number a channel, if not in MODEL."
    ),
    std: str | None = typer.Option(None, "--std", metavar="X,..", help="Likewise."),
    data: str = typer.Option(
        "digits", "--data", metavar="NAME|DIR",
        help="digits, cifar10, or a folder with CIFAR-10's files.",
    ),
    split: str = typer.Option("train", "--split", metavar="train|test"),
    batches: int = typer.Option(10, "--batches", metavar="N"),
    batch_size: int = typer.Option(16, "--batch-size", metavar="N"),
    m: int = typer.Option(10, "--m", metavar="M", help="Adversaries an image."),
    eps: float | None = typer.Option(
        None, "--eps", metavar="X", parser=radius,
        help="Radius (l_inf), e.g. 8/255 (the default), or 0.1 on the digits.",
    ),
    steps: str | None = typer.Option(
        None, "--steps", metavar="X,..",
        help="Step lengths in parameter space; by default those of SGD with rates .01, .03, .1.",
    ),
    seed: int = typer.Option(0, "--seed", metavar="N", help="Of the images and attacks."),
    json_file: Path | None = typer.Option(
        None, "--json", metavar="FILE", help="Write everything as JSON ('-': to stdout)."
    ),
    plot_file: Path | None = typer.Option(
        None, "--plot", metavar="FILE", help="Draw it (.png, .pdf or .svg)."
    ),
) -> None:  # fmt: skip
    """Measure whether a network's adversaries conflict, and what DDi would gain in a step.

    For each batch: m adversaries an image, how near they come to a stronger attack's losses,
    whether their gradients agree, the min norm beside the mean's; the derivative that each
    direction promises over these adversaries, and the decrease of the loss that is measured under
    a fresh stronger attack after a step, beside a single gradient's step of the same length.
    Differences are paired by batch and come with standard errors; the last sentence claims no more
    than they do.

    Exit status 0 if the audit found a gain or none, 3 if it cannot tell.

    \b
    Examples:
      danskin train --out runs/mine
      danskin audit runs/mine/pgd.safetensors --data digits --plot audit.png
      danskin audit net.safetensors --arch resnet20 --data cifar-10-batches-bin --json audit.json
    """  # noqa: D301 - \b keeps the lines apart
    check_target(json_file, "--json")
    check_picture(plot_file)
    lengths = None if steps is None else number_list(steps, "--steps")
    moments = {"mean": number_list(mean, "--mean"), "std": number_list(std, "--std")}
    from danskin.torch import audit as measure
    from danskin.torch import load_data, load_model
    from danskin.torch.runtime import seeded_generator

    if not 0 <= seed < 2**32:
        raise InvalidInputError("--seed", f"is {seed}", "Give a number from 0 to 2^32 - 1.")
    images = load_data(data, split)
    generator = seeded_generator(seed)
    wanted = _positive(batches, "--batches") * _positive(batch_size, "--batch-size")
    if wanted > len(images):
        raise InvalidInputError(
            "--batches", f"{batches} batches of {batch_size} are more than the "
            f"{len(images)} images of {data} {split}", "Ask for fewer or smaller ones.",
        )  # fmt: skip
    model = load_model(model_file, arch, activation=activation, norm=norm, **moments)
    pixels, labels = images.take(wanted, generator).batch(slice(None))
    bar = progress_bar()
    with bar:
        task = bar.add_task("audit", total=None)
        report = measure(
            model, pixels, labels,
            eps=(0.1 if data == "digits" else 8 / 255) if eps is None else eps,
            m=m, step_lengths=lengths, batches=batches, batch_size=batch_size, generator=generator,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    console = console_for(sys.stderr if str(json_file) == "-" else None)
    _print(console, report, [f"{images!r}", *report.notes])
    found = {"model": str(model_file), "data": images.to_dict(), "seed": seed, **report.to_dict()}
    write_json(json_file, found)
    if plot_file is not None:
        from danskin.plots.audit import plot_audit

        write_picture(plot_audit(found, f"{model_file.name} on {images.name}"), plot_file)
    raise typer.Exit(UNDECIDED if report.verdict.kind == "cannot tell" else DONE)


def _positive(value: int, option: str) -> int:
    if value < 1:
        raise InvalidInputError(option, f"is {value}", "Give a whole number, 1 or more.")
    return value


def _print(console: Console, report: AuditReport, notes: list[str]) -> None:
    from danskin.torch.auditing.report import WORDS

    for note in notes:
        console.print(Text(clean(note)), soft_wrap=True)
    facts = _table("over the batches", "mean", "standard error")
    summary = report.summary()
    for key, words in WORDS.items():
        if summary[key].value != summary[key].value:  # not known, e.g. of a rise of 0
            continue
        facts.add_row(words, f"{summary[key].value:.3g}", f"{summary[key].error:.1g}")
    console.print(facts)
    console.print()
    _print_steps(console, report)
    console.print()
    console.print(Text(clean(report.explain()), style="bold"))


def _print_steps(console: Console, report: AuditReport) -> None:
    names = [f"step {s:g}" for s in report.steps]
    table = _table("decrease of the robust loss", *names)
    single = report.decreases("single")
    table.add_row("single gradient", *(str(d) for d in single))
    gains = {(g.method, g.step): g for g in report.gains()}
    for method in report.methods[1:]:
        cells = [gains[method, step] for step in report.steps]
        table.add_row(f"  {method}", *(_gain(g.mean, g.error) for g in cells))
    promised = report.promises("single")
    table.add_row("promised derivative, single", *(str(d) for d in promised))
    for method in report.methods[1:]:
        own = report.promises(method)
        table.add_row(f"  {method}", *(str(d) for d in own))
    console.print(table)
    console.print(Text(
        "Below single: the difference to it in per cent of it, paired, with its standard error. "
        "Promised: over the sampled adversaries only (empirical)."
    ))  # fmt: skip


def _gain(mean: float, error: float) -> str:
    if mean != mean:
        return "no unit"
    return f"{100 * mean:+.1f} % ({100 * error:.1g})"


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column(columns[0])
    for name in columns[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    return table
