"""Several methods side by side on the command line: one folder, one table, one picture.

::

    config.json  metrics.jsonl  curves.png  METHOD.safetensors      what is compared
    METHOD/                                                         each method's own run
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from danskin.cli.pictures import write_picture
from danskin.cli.terminal import DONE, clean, console_for, write_bytes, write_json
from danskin.cli.train_progress import Meter
from danskin.errors import InvalidInputError

if TYPE_CHECKING:
    from danskin.cli.train import Asked
    from danskin.torch.train import EpochRecord, RunConfig, Sets, Trainer, Workers

__all__ = ["run_together"]


def run_together(asked: Asked) -> None:
    """Train the methods asked for, or go on with those of a folder."""
    from danskin.torch.train import joined, load_sets, pick_device

    configs = _configs(asked)
    one = next(iter(configs.values()))
    with joined(pick_device(one.compute.device)) as workers:
        sets = load_sets(one)
        folder = asked.resume or asked.out
        if workers.first:
            folder = _make_folder(asked, folder, configs)
        folder = workers.share(folder)
        _train(asked, configs, sets, folder, workers)


def _configs(asked: Asked) -> dict[str, RunConfig]:
    """Return the configurations of the methods asked for, or of those in the folder."""
    from danskin.torch.train import side_by_side

    changes = dict(asked.changes)
    if asked.resume is not None:
        if (asked.resume / "config.json").is_file():
            return _saved(asked, asked.resume)
        if not (changes or asked.methods):
            raise InvalidInputError(
                "--resume", f"{asked.resume} holds no run, and nothing says which to begin",
                "Name a run's folder, or add a preset or options.",
            )  # fmt: skip
    named: dict[str, Any] = {"methods": asked.methods} if asked.methods else {}
    return side_by_side(changes.pop("data.source", "digits"), **named, **changes)


def _saved(asked: Asked, folder: Path) -> dict[str, RunConfig]:
    from danskin.torch.train import RECIPES, RunConfig, refuse_changes

    file = folder / "config.json"
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))["runs"]
        saved = {str(name): RunConfig.from_dict(data) for name, data in plain.items()}
        if not saved or not set(saved) <= set(RECIPES):
            raise ValueError("no methods")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InvalidInputError(
            "--resume", f"{file} holds no configuration of a run", "Name a run's folder."
        ) from None
    if asked.methods and set(asked.methods) != set(saved):
        raise InvalidInputError(
            "--resume", f"the run in {folder} trains {', '.join(saved)}", "Leave --method out."
        )
    now = {}
    for name, config in saved.items():
        single = not RECIPES[name].several
        own = {
            k: v
            for k, v in asked.changes.items()
            if not (single and k in ("method.m", "method.last_m"))
        }
        now[name] = config.override(own)
        refuse_changes(folder, config, now[name])
    return now


def _make_folder(asked: Asked, folder: Path | None, configs: Mapping[str, RunConfig]) -> Path:
    """Make the folder; results that lie there already are never mixed with new ones."""
    from danskin.cli.train import free_folder
    from danskin.torch.train import is_run

    one = next(iter(configs.values()))
    if folder is None:
        name = Path(one.data.source).name or "data"
        folder = free_folder(Path("runs") / f"{name}-seed{one.seed}")
    elif asked.resume is None and (is_run(folder) or (folder / "config.json").exists()):
        raise InvalidInputError(
            "--out", f"{folder} holds the results of another run",
            f"Name a new folder, or say --resume {folder}.",
        )  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInputError(
            "--out", f"{folder} cannot be written: {error.strerror}", "Name another folder."
        ) from None
    if not (folder / "config.json").exists():
        write_json(folder / "config.json", _summary(configs), "--out")
    return folder


def _summary(configs: Mapping[str, RunConfig]) -> dict[str, Any]:
    from danskin.torch.runtime import use_threads

    one = next(iter(configs.values()))
    return {
        "data": one.data.source, "methods": list(configs), "epochs": one.epochs,
        "batch_size": one.batch_size, "m": max(c.method.m for c in configs.values()),
        "seed": one.seed, "arch": one.model.arch, "eps": one.attack.eps,
        "alpha": one.attack.alpha, "steps": one.attack.steps,
        "eval_steps": one.evaluation.steps, "learning_rate": one.optimizer.lr,
        "versions": use_threads(one.compute.threads or None),
        "runs": {name: config.to_dict() for name, config in configs.items()},
    }  # fmt: skip


def _train(
    asked: Asked, configs: Mapping[str, RunConfig], sets: Sets, folder: Path, workers: Workers
) -> None:
    from danskin.torch.train import Interrupted, Trainer, catching, train_together

    console = console_for(sys.stderr if str(asked.json_file) == "-" else None)
    console.quiet = not workers.first
    for images in (sets.training, sets.held_out):
        console.print(Text(clean(f"{images!r}")), soft_wrap=True)
    status, problems = DONE, []
    resumed = asked.resume is not None
    with catching() as wish, Meter(configs.values(), sets, workers.first) as meter:
        trainers = {
            name: Trainer(
                config, sets, folder / name, resume=resumed, workers=workers, tick=meter.tick,
                wish=wish,
            )
            for name, config in configs.items()
        }  # fmt: skip
        meter.resume(trainers.values())
        records = sorted(
            (r for t in trainers.values() for r in t.records),
            key=lambda r: (r.epoch, list(configs).index(r.name)),
        )
        _write_metrics(workers, folder, records)
        try:
            for record in train_together(trainers, lambda error: problems.append(str(error))):
                records.append(record)
                _write_metrics(workers, folder, records)
        except Interrupted as stop:
            status = 128 + stop.number
    if workers.first:
        _finish(asked, console, configs, sets, trainers, records, folder, status, problems)
    raise typer.Exit(status)


def _line(record: EpochRecord) -> dict[str, Any]:
    plain = record.to_dict()
    return {"method": plain.pop("name"), **plain}


def _write_metrics(workers: Workers, folder: Path, records: list[EpochRecord]) -> None:
    if workers.first:
        text = "".join(json.dumps(_line(r)) + "\n" for r in records)
        write_bytes(folder / "metrics.jsonl", text.encode(), "--out")


def _finish(
    asked: Asked,
    console: Console,
    configs: Mapping[str, RunConfig],
    sets: Sets,
    trainers: Mapping[str, Trainer],
    records: list[EpochRecord],
    folder: Path,
    status: int,
    problems: list[str],
) -> None:
    from danskin.torch.models import save_model

    one = next(iter(configs.values()))
    rows = [_line(r) for r in records]
    for name, trainer in trainers.items():
        save_model(folder / f"{name}.safetensors", trainer.model, trainer.parts.arch)
    if rows:
        from danskin.plots.training import plot_training

        title = (
            f"{Path(one.data.source).name}, {one.model.arch}, eps {one.attack.eps:.3g}, "
            f"seed {one.seed}"
        )
        write_picture(plot_training(rows, title), folder / "curves.png", "--out")
    _print_table(console, one, records)
    _print_end(console, folder, records, status, problems)
    write_json(
        asked.json_file,
        {
            "config": _summary(configs), "interrupted": status != DONE, "folder": str(folder),
            "methods": {r.name: _line(r) for r in _last(records).values()}, "metrics": rows,
        },
    )  # fmt: skip


def _last(records: list[EpochRecord]) -> dict[str, EpochRecord]:
    """Return each method's last record that has accuracies, or else its last."""
    found: dict[str, EpochRecord] = {}
    for r in records:
        if r.accuracy is not None or r.name not in found or r.note:
            found[r.name] = r
    return found


def _print_table(console: Console, config: RunConfig, records: list[EpochRecord]) -> None:
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("method", no_wrap=True)
    for name in ("epoch", "attacks/step", "loss", "clean", "robust", "conflict", "step", "s/epoch"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, last in _last(records).items():
        own = [r for r in records if r.name == name]
        seconds = sum(r.seconds for r in own) / len(own)
        found = last.accuracy
        clean_, robust = "-", "-"
        if found is not None:
            clean_ = f"{found.clean / found.images:.1%}"
            robust = f"{found.robust / found.images:.1%} ± {100 * found.error:.1f}"
        table.add_row(
            name, str(last.epoch), f"{last.attacks / max(last.steps, 1):.1f}", f"{last.loss:.3f}",
            clean_, robust, _share(last.conflict), f"{last.step_length:.2g}", f"{seconds:.2f}",
        )  # fmt: skip
    if records:
        console.print(table)
        console.print(Text(
            "loss: at the steps taken, under the training's attack; robust: held-out images under "
            f"PGD-{config.evaluation.steps}, ± one standard error; conflict: negative inner "
            "products between gradients; step: mean length."
        ))  # fmt: skip


def _share(value: float) -> str:
    return "-" if value != value else f"{value:.1%}"


def _print_end(
    console: Console, folder: Path, records: list[EpochRecord], status: int, problems: list[str]
) -> None:
    measured = {n: r.accuracy for n, r in _last(records).items() if r.accuracy is not None}
    if len(measured) > 1:
        shares = {n: a.robust / a.images for n, a in measured.items()}
        high, low = max(shares, key=lambda n: shares[n]), min(shares, key=lambda n: shares[n])
        error = 100 * max(a.error for a in measured.values())
        far = 100 * (shares[high] - shares[low])
        word = "more than" if far > 2 * error else "no more than"
        console.print(Text(
            f"Robust accuracies differ by up to {far:.1f} points ({high} over {low}), {word} two "
            f"standard errors of one of them. One seed says little: try others with --seed."
        ))  # fmt: skip
    for problem in problems:
        console.print(Text(clean(problem)))
    if status != DONE:
        console.print(
            Text(clean(f"Interrupted; what was done is kept. Go on with --resume {folder}")),
            soft_wrap=True,
        )
    console.print(Text(clean(f"Results in {folder}: config.json, metrics.jsonl, curves.png")))
