"""One training run on the command line: its folder, its lines, its end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.text import Text

from danskin.cli.pictures import write_picture
from danskin.cli.terminal import DONE, FAILED, clean, console_for, write_json
from danskin.cli.train_progress import Meter
from danskin.errors import InvalidInputError

if TYPE_CHECKING:
    from danskin.cli.train import Asked
    from danskin.torch.train import EpochRecord, RunConfig, Sets, Trainer, Workers

__all__ = ["run_one"]


def run_one(asked: Asked) -> None:
    """Train a preset, a file's configuration, or the run in a folder."""
    from danskin.torch.train import is_run, joined, load_sets, pick_device, read_config

    config = asked.config()
    if config is None:
        assert asked.resume is not None  # or methods would train side by side
        config = read_config(asked.resume).override(asked.changes)
    with joined(pick_device(config.compute.device)) as workers:
        folder = asked.resume or asked.out
        if folder is None:
            folder = workers.share(_default_folder(config) if workers.first else None)
        elif workers.share(asked.resume is None and is_run(folder)):  # the first begins it soon
            raise InvalidInputError(
                "--out", f"{folder} holds the results of another run",
                f"Name a new folder, or say --resume {folder}.",
            )  # fmt: skip
        sets = load_sets(config)
        _train(asked, config, sets, folder, workers)


def _train(asked: Asked, config: RunConfig, sets: Sets, folder: Path, workers: Workers) -> None:
    from danskin.torch.train import Diverged, Interrupted, Trainer, catching

    status, note = DONE, ""
    with catching() as wish, Meter([config], sets, workers.first) as meter:
        trainer = Trainer(
            config, sets, folder, resume=asked.resume is not None, workers=workers, board=True,
            tick=meter.tick, wish=wish,
        )  # fmt: skip
        console = meter.above(_console(asked, workers))
        _say_begin(console, config, sets, trainer, folder)
        meter.resume([trainer])
        try:
            for record in trainer.epochs():
                _say_epoch(console, record, config)
        except Interrupted as stop:
            status, note = 128 + stop.number, f"Stopped ({stop}); go on with --resume {folder}"
        except Diverged as error:
            status, note = FAILED, str(error)
    if workers.first:
        _finish(asked, _console(asked, workers), config, trainer, folder, note)
    raise typer.Exit(status)


def _console(asked: Asked, workers: Workers) -> Console:
    console = console_for(sys.stderr if str(asked.json_file) == "-" else None)
    console.quiet = not workers.first
    return console


def _finish(
    asked: Asked,
    console: Console,
    config: RunConfig,
    trainer: Trainer,
    folder: Path,
    note: str,
) -> None:
    rows = [r.to_dict() for r in trainer.records]
    if rows:
        from danskin.plots.training import plot_run

        title = (
            f"{config.name}: {Path(config.data.source).name}, {config.model.arch}, "
            f"seed {config.seed}"
        )
        write_picture(plot_run(rows, title), folder / "curves.png", "--out")
    best = trainer.best
    if best is not None and best.accuracy is not None:
        console.print(
            f"Best on the validation images: epoch {best.epoch}, {_accuracies(best, config)}"
        )
    if note:
        console.print(Text(clean(note)), soft_wrap=True)
    console.print(Text(clean(f"Results in {folder}")), soft_wrap=True)
    write_json(
        asked.json_file,
        {
            "config": config.to_dict(), "folder": str(folder), "done": trainer.done, "note": note,
            "best": None if best is None else best.to_dict(), "metrics": rows,
        },
    )  # fmt: skip


def _default_folder(config: RunConfig) -> Path:
    from danskin.cli.train import free_folder

    return free_folder(Path("runs") / f"{config.name}-seed{config.seed}")


def _say_begin(
    console: Console, config: RunConfig, sets: Sets, trainer: Trainer, folder: Path
) -> None:
    kind = "held out of the training set" if sets.validation else "the test set"
    processes = f", {trainer.workers.size} processes" if trainer.workers.size > 1 else ""
    for text in (
        f"Trained on {sets.training!r}",
        f"Measured on {sets.held_out!r}, {kind}",
        f"On {trainer.device}{processes}; written to {folder}",
    ):
        console.print(Text(clean(text)), soft_wrap=True)
    at = trainer.at
    if at.total:
        where = "the end" if trainer.done else f"epoch {at.epoch + 1}, step {at.step}"
        console.print(Text(clean(f"{folder}: going on from {where}")), soft_wrap=True)


def _say_epoch(console: Console, record: EpochRecord, config: RunConfig) -> None:
    text = f"epoch {record.epoch:>3}/{config.epochs}  loss {record.loss:.4f}"
    if record.accuracy is not None:
        text += f"  {_accuracies(record, config)}"
    console.print(f"{text}  lr {record.learning_rate:.3g}  {record.seconds:.1f} s")


def _accuracies(record: Any, config: RunConfig) -> str:
    found = record.accuracy
    return (
        f"clean {found.clean / found.images:.1%}, PGD-{config.evaluation.steps} "
        f"{found.robust / found.images:.1%} ± {100 * found.error:.1f}"
    )
