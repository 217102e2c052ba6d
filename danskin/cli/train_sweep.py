"""Several presets and seeds on the command line: one table of runs, its sums, its picture."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from danskin.cli.pictures import write_picture
from danskin.cli.progress import progress_bar
from danskin.cli.terminal import DONE, FAILED, clean, console_for, write_bytes, write_json
from danskin.errors import InvalidInputError

if TYPE_CHECKING:
    from danskin.torch.train.sweep import SweepRun

__all__ = ["presets_and_seeds", "run_table"]


def presets_and_seeds(
    words: Sequence[str], seeds: Sequence[str], seed: int | None
) -> tuple[list[str], list[int]]:
    """Tell presets from seeds: ``--seeds 0 1 2`` reaches us as the option 0 and the words 1, 2.

    Raises
    ------
    InvalidInputError
        A seed is no whole number, or --seed and --seeds are both given.
    """
    if not seeds:
        return list(words), [0 if seed is None else seed]
    if seed is not None:
        raise InvalidInputError("--seeds", "is given beside --seed", "Name the seeds once.")
    found = [part for text in seeds for part in text.split(",")]
    found += [word for word in words if word.isdecimal()]
    if not all(part.isdecimal() for part in found):
        raise InvalidInputError(
            "--seeds", f"{', '.join(found)[:80]!r} are no whole numbers", "Write: --seeds 0 1 2"
        )
    return [word for word in words if not word.isdecimal()], [int(part) for part in found]


def run_table(
    presets: list[str], seeds: list[int], folder: Path, jobs: int, changes: dict[str, Any],
    json_file: Path | None,
) -> None:  # fmt: skip
    """Train the table, or what is left of it in the folder; print, draw and write the sums."""
    from danskin.torch.train.sweep import run_sweep, summarize, table

    configs = table(presets, seeds, **changes)
    console = console_for(sys.stderr if str(json_file) == "-" else None)
    console.print(Text(clean(
        f"{len(presets)} presets x {len(seeds)} seeds, written to {folder}; the same command goes "
        "on with what is left"
    )), soft_wrap=True)  # fmt: skip
    runs: list[SweepRun] = []
    bar = progress_bar()
    with bar:
        task = bar.add_task("runs", total=len(configs))
        for run in run_sweep(
            configs, folder, jobs=jobs,
            tick=lambda config, epoch, what, images: bar.update(
                task, description=f"{config.name}, seed {config.seed}, epoch {epoch + 1}"
                f"/{config.epochs}{', measuring' if what == 'evaluate' else ''}",
            ),
        ):  # fmt: skip
            runs.append(run)
            bar.advance(task)
            console.print(Text(clean(_line(run))), soft_wrap=True)
    runs.sort(key=lambda run: configs.index(run.config))
    summary = summarize(runs)
    left = len(configs) - sum(run.ended for run in runs)
    found = {
        "presets": presets, "seeds": seeds, "changes": changes, "runs_left": left,
        "summary": summary,
    }  # fmt: skip
    write_json(folder / "sweep.json", found, "--out")
    write_bytes(folder / "sweep.md", _markdown(summary).encode(), "--out")
    if any(entry["epochs"] for entry in summary):
        from danskin.plots.sweep import plot_sweep

        write_picture(plot_sweep(summary), folder / "curves.png", "--out")
    _print(console, summary)
    console.print(Text(clean(
        "Accuracies of the last epoch that every seed has; spread: one standard deviation between "
        f"seeds. Results in {folder}"
    )), soft_wrap=True)  # fmt: skip
    write_json(json_file, found)
    signal = next((run.signal for run in runs if run.signal), 0)
    if signal:
        console.print(Text(f"Stopped; {left} runs left. The same command goes on."))
        raise typer.Exit(128 + signal)
    raise typer.Exit(FAILED if any(run.note for run in runs) else DONE)


def _line(run: SweepRun) -> str:
    text = f"{run.folder.name}: {len(run.rows)}/{run.config.epochs} epochs"
    measured = [r for r in run.rows if "robust_accuracy" in r]
    if measured:
        last = measured[-1]
        text += f", clean {last['clean_accuracy']:.1%}, robust {last['robust_accuracy']:.1%}"
    return text + (f"; {run.note}" if run.note else "")


_HEAD = ("preset", "seeds", "epoch", "clean", "robust", "best robust", "attacks a step",
         "s a step", "step length")  # fmt: skip


def _rows(summary: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    found = []
    for entry in summary:
        last = len(entry["epochs"]) - 1
        length, epoch = entry["step_length"], str(entry["epochs"][last]) if last >= 0 else "-"
        found.append((
            entry["name"], str(len(entry["seeds"])), epoch,
            _at(entry["clean"], last), _at(entry["robust"], last),
            _percent(entry["best_robust"]["mean"], entry["best_robust"]["spread"]),
            f"{entry['attacks_a_step']:.1f}", f"{entry['seconds_a_step']:.2f}",
            "-" if length is None else f"{length:.3g}",
        ))  # fmt: skip
    return found


def _at(values: dict[str, Any], index: int) -> str:
    if index < 0:
        return "-"
    spread = values["spread"]
    return _percent(values["mean"][index], None if spread is None else spread[index])


def _percent(mean: float, spread: float | None) -> str:
    if mean != mean:
        return "-"
    return f"{100 * mean:.1f} %" + ("" if spread is None else f" ± {100 * spread:.1f}")


def _print(console: Console, summary: list[dict[str, Any]]) -> None:
    shown = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for name in _HEAD:
        shown.add_column(name, justify="left" if name == "preset" else "right")
    for row in _rows(summary):
        shown.add_row(*row)
    console.print(shown)


def _markdown(summary: list[dict[str, Any]]) -> str:
    lines = [_HEAD, tuple("---" if k == 0 else "---:" for k in range(len(_HEAD)))]
    return "".join(f"| {' | '.join(row)} |\n" for row in [*lines, *_rows(summary)])
