"""``danskin train``: adversarial training, several methods side by side."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from danskin.cli.pictures import write_picture
from danskin.cli.progress import progress_bar
from danskin.cli.radius import radius
from danskin.cli.terminal import DONE, check_target, clean, console_for, guarded, write_json
from danskin.errors import InvalidInputError

if TYPE_CHECKING:
    from danskin.torch.train import EpochRecord, Run, TrainConfig

__all__ = ["train"]

_INTERRUPTED = 130


@guarded
def train(
    epochs: int | None = typer.Option(
        None, "--epochs", metavar="N", help="Epochs; 30 on the digits, else 10."
    ),
    out: Path | None = typer.Option(
        None, "--out", metavar="DIR", help="New folder for the results; by default runs/DATA-seedN."
    ),
    method: list[str] = typer.Option(
        [], "--method", metavar="NAME",
        help="Train with this method only; may be repeated. One of: pgd, pgd_normalized, ddi, "
        "step_aware (these four by default), coupled, mean, max, min, comb, product, gated.",
    ),
    data: str = typer.Option(
        "digits", "--data", metavar="NAME|DIR",
        help="digits, cifar10, or a folder with CIFAR-10's files.",
    ),
    seed: int = typer.Option(0, "--seed", metavar="N", help="Of weights, order and attacks."),
    m: int | None = typer.Option(
        None, "--m", metavar="M", help="Adversaries a step, where the method takes several."
    ),
    batch_size: int | None = typer.Option(None, "--batch-size", metavar="N"),
    eps: float | None = typer.Option(
        None, "--eps", metavar="X", parser=radius,
        help="Radius of the attack (l_inf, pixels in [0, 1]), e.g. 8/255.",
    ),
    arch: str | None = typer.Option(
        None, "--arch", metavar="NAME", help="mlp, resnet8, resnet20 or resnet18."
    ),
    json_file: Path | None = typer.Option(
        None, "--json", metavar="FILE", help="Write configuration and results ('-': to stdout)."
    ),
) -> None:  # fmt: skip
    """Train a small network against attacks, with several methods side by side.

    Without arguments: one adversarial gradient (pgd), the same normalised, the paper's DDi and the
    step-aware direction, on scikit-learn's digits, in about two minutes. All start from the same
    weights and see the same images in the same order under the same attack. Robust accuracy is
    measured on held-out images under 20 steps of PGD, which a stronger attack would lower.

    The folder gets config.json, metrics.jsonl (one line an epoch and method, as it ends),
    curves.png and METHOD.safetensors. After Ctrl-C it holds what was done.

    \b
    Examples:
      danskin train
      danskin train --method pgd --method ddi --epochs 10 --seed 1 --out runs/mine
      danskin train --data cifar-10-batches-bin --arch resnet8 --epochs 5
    """  # noqa: D301 - \b keeps the lines apart
    check_target(json_file, "--json")
    from danskin.torch.data import load_data
    from danskin.torch.train import check_size, resolve

    with _options_named():
        chosen = {"methods": tuple(method)} if method else {}
        shape: dict[str, Any] = {} if arch is None else _for_arch(arch)
        config = resolve(
            data, epochs=epochs, seed=seed, m=m, batch_size=batch_size, eps=eps, **chosen, **shape
        )
        sets = load_data(data, "train"), load_data(data, "test")
        check_size(config, sets[0])
    folder = _make_folder(out, config)
    console = console_for(sys.stderr if str(json_file) == "-" else None)
    for images in sets:
        console.print(Text(clean(f"{images!r}")), soft_wrap=True)
    records, runs, interrupted = _run(config, sets, folder)
    result = _finish(config, folder, records, runs, interrupted)
    _print_table(console, config, records, sets[1])
    _print_end(console, folder, records, interrupted)
    write_json(json_file, result)
    raise typer.Exit(_INTERRUPTED if interrupted else DONE)


class _options_named:  # noqa: N801 - a context manager
    """Let errors speak of options where the library speaks of arguments."""

    _NAMES = ("epochs", "seed", "m", "batch_size", "eps", "arch", "data", "method")

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, InvalidInputError) and error.argument in self._NAMES:
            option = "--" + error.argument.replace("_", "-")
            raise InvalidInputError(option, error.problem, error.remedy) from None


def _for_arch(arch: str) -> dict[str, Any]:
    from danskin.torch.models import architecture

    chosen = architecture(arch)
    return {"arch": arch, "activation": "celu", "norm": "none" if arch == "mlp" else "group",
            "hidden": chosen.hidden}  # fmt: skip


def _make_folder(out: Path | None, config: TrainConfig) -> Path:
    """Make the folder; results that lie there already are never mixed with new ones."""
    if out is None:
        name = Path(config.data).name or "data"
        base = Path("runs") / f"{name}-seed{config.seed}"
        names = itertools.chain([base], (base.with_name(f"{base.name}-{k}")
                                         for k in itertools.count(2)))  # fmt: skip
        out = next(path for path in names if not path.exists())
    elif (out / "config.json").exists():
        raise InvalidInputError(
            "--out", f"{out} holds the results of another run", "Name a new folder."
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "metrics.jsonl").touch()
    except OSError as error:
        raise InvalidInputError(
            "--out", f"{out} cannot be written: {error.strerror}", "Name another folder."
        ) from None
    return out


def _run(
    config: TrainConfig, sets: tuple[Any, Any], folder: Path
) -> tuple[list[EpochRecord], list[Run], bool]:
    from danskin.torch.runtime import use_threads
    from danskin.torch.train import train as run_epochs

    about = use_threads(config.threads)
    write_json(folder / "config.json", {**config.to_dict(), "versions": about}, "--out")
    records: list[EpochRecord] = []
    runs: list[Run] = []
    steps = len(sets[0]) // config.batch_size
    bar = progress_bar()
    try:
        with bar, (folder / "metrics.jsonl").open("a", encoding="utf-8") as metrics:
            task = bar.add_task("train", total=config.epochs * len(config.methods) * steps)

            def tick(method: str, epoch: int) -> None:
                text = f"epoch {epoch + 1}/{config.epochs} {method}"
                bar.update(task, advance=1, description=f"{text:<30}")

            for record in run_epochs(config, *sets, started=runs.extend, tick=tick):
                records.append(record)
                metrics.write(json.dumps(record.to_dict()) + "\n")
                metrics.flush()
    except KeyboardInterrupt:
        return records, runs, True
    return records, runs, False


def _finish(
    config: TrainConfig,
    folder: Path,
    records: list[EpochRecord],
    runs: list[Run],
    interrupted: bool,
) -> dict[str, Any]:
    from danskin.torch.models import save_model

    rows = [r.to_dict() for r in records]
    for run in runs:
        save_model(folder / f"{run.method}.safetensors", run.model, run.arch)
    if rows:
        from danskin.plots.training import plot_training

        title = f"{Path(config.data).name}, {config.arch}, eps {config.eps:.3g}, seed {config.seed}"
        write_picture(plot_training(rows, title), folder / "curves.png", "--out")
    result = {
        "config": config.to_dict(), "interrupted": interrupted, "folder": str(folder),
        "methods": {r.method: r.to_dict() for r in _last(records).values()}, "metrics": rows,
    }  # fmt: skip
    return result


def _last(records: list[EpochRecord]) -> dict[str, EpochRecord]:
    """Return each method's last record that has accuracies, or else its last."""
    found: dict[str, EpochRecord] = {}
    for r in records:
        if r.accuracy is not None or r.method not in found or r.note:
            found[r.method] = r
    return found


def _print_table(
    console: Console, config: TrainConfig, records: list[EpochRecord], held_out: Any
) -> None:
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("method", no_wrap=True)
    for name in ("epoch", "attacks/step", "loss", "clean", "robust", "conflict", "step", "s/epoch"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, last in _last(records).items():
        own = [r for r in records if r.method == name]
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
            f"PGD-{config.eval_steps}, ± one standard error; conflict: negative inner products "
            "between gradients; step: mean length."
        ))  # fmt: skip


def _share(value: float) -> str:
    return "-" if value != value else f"{value:.1%}"


def _print_end(
    console: Console, folder: Path, records: list[EpochRecord], interrupted: bool
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
    for r in records:
        if r.note:
            console.print(Text(clean(f"{r.method} stopped in epoch {r.epoch}: {r.note}")))
    if interrupted:
        console.print(Text("Interrupted; what was done is kept."))
    console.print(Text(clean(f"Results in {folder}: config.json, metrics.jsonl, curves.png")))
