"""A real run, small and honest: ``python benchmarks/training.py DATA [--out DIR] [--jpeg DATA]``.

DATA is a folder with original CIFAR-10 images (``cifar-10-batches-bin``, or fewer records). Six
methods, three seeds, a small CELU and GroupNorm ResNet, four adversaries where a method takes
several; three of the methods once more with ten; with --jpeg these three on more images of another
copy. The same command goes on where it stopped; finished runs are read. Robust accuracy is measured
on images held out of the training set.

    --jobs N   so many runs at a time (2)
    --dry      print, record nothing
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from recording import record, table

from danskin.plots.sweep import plot_sweep
from danskin.torch.train.sweep import SweepRun, run_sweep, summarize
from danskin.torch.train.sweep import table as runs_of

FIGURES = Path(__file__).parent.parent / "docs" / "figures"
PRESETS = ("paper-pgd", "normalised-pgd", "paper-ddi", "step-aware", "product", "gated")
SEEDS = (0, 1, 2)
CHANGES: dict[str, Any] = {
    "model.arch": "resnet8", "epochs": 5, "batch_size": 64, "method.m": 4, "data.limit": 1600,
    "compute.precision": "bfloat16", "compute.threads": 1, "evaluation.images": 256,
}  # fmt: skip
FEW = ("paper-pgd", "normalised-pgd", "paper-ddi")
TEN = CHANGES | {"method.m": 10}
LONGER_CHANGES = CHANGES | {"data.limit": 3200, "epochs": 4, "evaluation.images": 512}
#: Epochs that count as early.
EARLY = 3


def main() -> None:
    """Train what is left, print, record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs") / "benchmark-training")
    parser.add_argument("--jpeg", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--dry", action="store_true", help="print, record nothing")
    asked = parser.parse_args()
    small = _trained(PRESETS, SEEDS, CHANGES | {"data.source": str(asked.data)}, asked, "small")
    text = "### A real run: original CIFAR-10 images, three seeds\n\n" + _report(
        small, "training-small"
    )
    data = {"small": summarize(small), "pairs": _pairs(small)}
    ten = _trained(FEW, SEEDS, TEN | {"data.source": str(asked.data)}, asked, "ten")
    text += "\n#### The same with ten adversaries\n\n" + _report(ten, "training-ten")
    data |= {"ten": summarize(ten), "ten pairs": _pairs(ten)}
    if asked.jpeg:
        changes = LONGER_CHANGES | {"data.source": str(asked.jpeg)}
        longer = _trained(FEW, (0,), changes, asked, "jpeg")
        text += "\n#### More images, JPEG copies, one seed\n\n" + _report(longer, "training-jpeg")
        data["jpeg"] = summarize(longer)
    print(text)
    if not asked.dry:
        record("training", text, data, ["torch"])


def _trained(
    presets: tuple[str, ...], seeds: tuple[int, ...], changes: dict[str, Any], asked: Any, name: str
) -> list[SweepRun]:
    configs = runs_of(presets, seeds, **changes)
    found = []
    for run in run_sweep(configs, asked.out / name, jobs=asked.jobs):
        print(run, flush=True)
        found.append(run)
    return sorted(found, key=lambda run: configs.index(run.config))


def _report(runs: list[SweepRun], picture: str) -> str:
    config, summary = runs[0].config, summarize(runs)
    plot_sweep(summary).savefig(FIGURES / f"{picture}.png", dpi=110)
    steps = runs[0].rows[0]["steps"]
    held_out = runs[0].rows[-1]["evaluated_images"]
    seeds = len(summary[0]["seeds"])
    several = (
        f"Mean ± standard deviation between {seeds} seeds." if seeds > 1 else "One seed: no spread."
    )
    most = max(run.config.method.m for run in runs)
    text = (
        f"{config.model.arch} with CELU and GroupNorm (78,042 parameters), {config.epochs} "
        f"epochs of {steps} steps, batches of {config.batch_size}, rate 0.1 and a tenth from half "
        f"and from three quarters on, PGD-7, m = {most}, attacks in bfloat16; "
        f"PGD-20 in "
        f"float32 on {held_out} held-out images (one standard error of a single accuracy is about "
        f"{100 * (0.15 * 0.85 / held_out) ** 0.5:.0f} points). {several}\n\n"
    )
    columns = ["preset", *(f"robust, epoch {e}" for e in summary[0]["epochs"]), "clean at the end",
               "mean step, first epoch", "attacks a step"]  # fmt: skip
    rows = [
        [
            entry["name"],
            *(_percent(entry["robust"], k) for k in range(len(entry["epochs"]))),
            _percent(entry["clean"], -1),
            f"{_first_step(runs, entry['name']):.3f}",
            f"{entry['attacks_a_step']:.2f}",
        ]
        for entry in summary
    ]
    text += table(columns, rows)
    pairs = _pairs(runs)
    if seeds > 1:
        text += (
            f"\nRobust accuracy over the first {EARLY} epochs, differences in points, paired by "
            "seed (mean, and standard error over the seeds):\n\n"
            + table(
                ["", "points"],
                [[k, f"{v['mean']:+.2f} ({v['error']:.2f})"] for k, v in pairs.items()],
            )
            + _reading(runs, pairs)
        )
    return text + f"\n![curves](../docs/figures/{picture}.png)\n"


def _reading(runs: list[SweepRun], pairs: dict[str, dict[str, float]]) -> str:
    """Say what the figures answer; every sentence holds by them or is left out."""
    rise, unit, rest = (
        pairs[key]
        for key in ("paper-ddi less paper-pgd", "normalised-pgd less paper-pgd",
                    "paper-ddi less normalised-pgd")
    )  # fmt: skip
    conflicts = [r["conflict"] for run in runs for r in run.rows if r["conflict"] is not None]
    text = (
        "\nThe paper's early rise "
        + ("appears" if rise["mean"] > 2 * rise["error"] else "cannot be told from noise")
        + f" (DDi less PGD: {rise['mean']:+.2f} points)"
    )
    if rise["mean"] > 2 * rise["error"]:
        text += (
            f"; PGD with steps of the same length has {unit['mean']:+.2f} of it, and what is left "
            f"for DDi's direction is {rest['mean']:+.2f} ({rest['error']:.2f})"
        )
    if max(conflicts) == 0:
        text += ". No two gradients of any step had a negative inner product"
    steps = len(runs[0].rows) * runs[0].rows[0]["steps"]
    return text + (
        f". This is the very beginning of a training ({steps} steps of a small network); it says "
        "nothing about what happens later.\n"
    )


def _pairs(runs: list[SweepRun]) -> dict[str, dict[str, float]]:
    """Return early differences between presets, each seed against itself."""
    early = {
        (run.config.name, run.config.seed): float(
            np.mean([r["robust_accuracy"] for r in run.rows[:EARLY]])
        )
        for run in runs
    }
    seeds = sorted({seed for _, seed in early})
    names = {name for name, _ in early}
    found = {}
    for a, b in (("paper-ddi", "paper-pgd"), ("normalised-pgd", "paper-pgd"),
                 ("paper-ddi", "normalised-pgd"), ("product", "normalised-pgd"),
                 ("step-aware", "paper-pgd"), ("gated", "paper-pgd")):  # fmt: skip
        if {a, b} <= names:
            d = 100 * np.array([early[a, s] - early[b, s] for s in seeds])
            error = float(d.std(ddof=1) / len(d) ** 0.5) if len(d) > 1 else float("nan")
            found[f"{a} less {b}"] = {"mean": float(d.mean()), "error": error}
    return found


def _first_step(runs: list[SweepRun], name: str) -> float:
    return float(np.mean([r.rows[0]["step_length"] for r in runs if r.config.name == name]))


def _percent(values: dict[str, Any], k: int) -> str:
    spread = values["spread"]
    return f"{100 * values['mean'][k]:.1f}" + (f" ± {100 * spread[k]:.1f}" if spread else "")


if __name__ == "__main__":
    main()
