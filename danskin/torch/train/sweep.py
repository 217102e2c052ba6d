"""A table of runs, presets by seeds: trained one after another or side by side, and summed up.

    configs = table(["paper-pgd", "paper-ddi"], seeds=[0, 1, 2], epochs=5)
    for run in run_sweep(configs, "runs/sweep"):
        print(run)
    summarize(runs)

Each run has a folder of its own in the sweep's, so a killed sweep goes on where it stopped:
runs that ended are read, the one that was cut off resumes, the rest begin.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from danskin.errors import InvalidInputError
from danskin.torch.schedule import check_count
from danskin.torch.train.build import Diverged
from danskin.torch.train.config import RunConfig
from danskin.torch.train.folder import is_run, read_config, refuse_changes
from danskin.torch.train.loop import Trainer
from danskin.torch.train.metrics import read_metrics
from danskin.torch.train.presets import load_preset
from danskin.torch.train.sets import Sets, load_sets
from danskin.torch.train.signals import Interrupted, catching

__all__ = ["SweepRun", "run_sweep", "summarize", "table"]


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep, as far as it came.

    Attributes
    ----------
    config : RunConfig
    folder : Path
    rows : tuple of dict
        Its epochs, as in ``metrics.jsonl``.
    ended : bool
        Whether there is nothing left to train.
    note : str
        Why it stopped early, if it did.
    signal : int
        The signal that stopped it, or 0.
    """

    config: RunConfig
    folder: Path
    rows: tuple[dict[str, Any], ...]
    ended: bool
    note: str = ""
    signal: int = 0

    def __repr__(self) -> str:
        last = next((r for r in reversed(self.rows) if "robust_accuracy" in r), None)
        robust = "" if last is None else f", robust {last['robust_accuracy']:.1%}"
        return (
            f"SweepRun({self.folder.name}: {len(self.rows)} of {self.config.epochs} epochs{robust}"
            f"{', ' + self.note if self.note else ''})"
        )


def table(presets: Sequence[str], seeds: Sequence[int], **changes: Any) -> list[RunConfig]:
    """Return the configurations, seed by seed, so that a sweep cut short still compares.

    Parameters
    ----------
    presets : sequence of str
    seeds : sequence of int
    **changes
        For all of them, under dotted keys (``**{"method.m": 4}``). A preset that does not look at
        what changes (``method.m`` of paper-pgd, which takes one adversary) keeps its own value.

    Raises
    ------
    InvalidInputError
        Names the preset, the seed or the key.
    """
    for argument, given in (("presets", presets), ("seeds", seeds)):
        if not given or len(set(given)) < len(given):
            raise InvalidInputError(argument, f"are {list(given)}", "Name each one once.")
    wanted = {k: v for k, v in changes.items() if k != "seed"}
    return [_changed(name, wanted | {"seed": seed}) for seed in seeds for name in presets]


def _changed(name: str, changes: dict[str, Any]) -> RunConfig:
    config = load_preset(name)
    if config.method.name == "single":
        changes = {k: v for k, v in changes.items() if k not in ("method.m", "method.last_m")}
    return config.override(changes)


def run_sweep(
    configs: Sequence[RunConfig],
    folder: str | Path,
    *,
    jobs: int = 1,
    tick: Callable[[RunConfig, int, str, int], None] = lambda config, epoch, what, images: None,
) -> Iterator[SweepRun]:
    """Train what is left to train; yield each run as it ends.

    Parameters
    ----------
    configs : sequence of RunConfig
        Their names and seeds have to differ: they name the folders.
    folder : path
        Of the sweep.
    jobs : int
        So many runs at a time, each in a process of joblib's. Each then takes its share of the
        cores, unless ``compute.threads`` says otherwise.
    tick : callable
        Told after each batch what `Trainer` tells, the configuration first; with one job only.

    Yields
    ------
    SweepRun
        In the order of the table with one job, else as they end. After one with a signal nothing
        more is begun.

    Raises
    ------
    InvalidInputError
        Two runs would share a folder, or one holds a run with another configuration.
    """
    jobs = check_count(jobs, "jobs")
    places = {config: Path(folder) / f"{config.name}-seed{config.seed}" for config in configs}
    if len(set(places.values())) < len(configs):
        raise InvalidInputError("configs", "share a name and a seed", "Let each differ.")
    for config, place in places.items():  # before hours are spent on the others
        if is_run(place):
            refuse_changes(place, read_config(place), config)
    if jobs == 1:
        yield from _in_turn(places, tick)
        return
    import joblib

    threads, parent = max(1, (os.cpu_count() or 1) // jobs), os.getpid()
    work: Any = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    yield from work(joblib.delayed(_in_process)(c, p, threads, parent) for c, p in places.items())


def _in_turn(
    places: dict[RunConfig, Path], tick: Callable[[RunConfig, int, str, int], None]
) -> Iterator[SweepRun]:
    read: dict[Any, Sets] = {}
    with catching() as wish:
        for config, place in places.items():
            run = _ended(config, place)
            if run is None:
                key = (config.data, config.evaluation.images)
                if key not in read:
                    read = {key: load_sets(config)}
                run = _train(config, place, read[key], wish, tick)
            yield run
            if run.signal:
                return


def _in_process(config: RunConfig, place: Path, threads: int, parent: int) -> SweepRun:
    if not config.compute.threads:
        torch.set_num_threads(threads)
    with catching() as wish:

        def stop() -> int:
            # A sweep that was killed must not go on behind the back of whoever killed it.
            return wish() or (0 if os.getppid() == parent else signal.SIGTERM)

        return _ended(config, place) or _train(config, place, load_sets(config), stop)


def _ended(config: RunConfig, place: Path) -> SweepRun | None:
    """Return the run in a folder if nothing is left to train."""
    if not is_run(place) or not (place / "metrics.jsonl").is_file():
        return None
    rows = read_metrics(place / "metrics.jsonl")
    note = rows[-1]["note"] if rows else ""
    if note or ((place / "model.safetensors").is_file() and len(rows) == config.epochs):
        return SweepRun(config, place, tuple(rows), True, note)
    return None


def _train(
    config: RunConfig,
    place: Path,
    sets: Sets,
    wish: Callable[[], int],
    tick: Callable[[RunConfig, int, str, int], None] = lambda config, epoch, what, images: None,
) -> SweepRun:
    trainer = Trainer(
        config, sets, place, resume=True, wish=wish,
        tick=lambda name, epoch, what, images: tick(config, epoch, what, images),
    )  # fmt: skip
    rows = [r.to_dict() for r in trainer.records]
    note, number = "", 0
    try:
        rows += [record.to_dict() for record in trainer.epochs()]
    except Diverged:
        rows = read_metrics(place / "metrics.jsonl")
        note = rows[-1]["note"]
    except Interrupted as stop:
        rows = [r.to_dict() for r in trainer.records]
        note, number = str(stop), stop.number
    return SweepRun(config, place, tuple(rows), not number, note, number)


def summarize(runs: Sequence[SweepRun]) -> list[dict[str, Any]]:
    """Return for each preset its accuracies over the epochs, mean and spread over the seeds.

    Returns
    -------
    list of dict
        ``name``, ``seeds``, ``epochs`` (those measured by every seed's run), and for "clean" and
        "robust" the ``mean`` and the ``spread`` (standard deviation between seeds, ddof 1; None
        with one seed) at these epochs; of the last one and of each seed's best epoch too. Runs
        that stopped early are named under ``stopped`` and count as far as they came.
    """
    found = []
    for name in dict.fromkeys(run.config.name for run in runs):
        own = [run for run in runs if run.config.name == name]
        rows = [{r["epoch"]: r for r in run.rows if "robust_accuracy" in r} for run in own]
        epochs = sorted(set.intersection(*(set(r) for r in rows)))
        entry: dict[str, Any] = {
            "name": name,
            "seeds": [run.config.seed for run in own],
            "stopped": {run.config.seed: run.note for run in own if run.note},
            "epochs": epochs,
        }
        for what in ("clean", "robust"):
            values = np.array([[r[e][f"{what}_accuracy"] for e in epochs] for r in rows])
            entry[what] = {"mean": values.mean(axis=0).tolist(), "spread": _spread(values)}
        best = [max((r["robust_accuracy"] for r in seed.values()), default=np.nan) for seed in rows]
        entry["best_robust"] = {"mean": float(np.mean(best)), "spread": _spread(np.array(best))}
        trained = [r for run in own for r in run.rows if r["steps"]]
        steps = sum(r["steps"] for r in trained)
        entry["attacks_a_step"] = sum(r["attacks"] for r in trained) / max(steps, 1)
        entry["seconds_a_step"] = sum(r["seconds"] for r in trained) / max(steps, 1)
        lengths = [r["step_length"] for r in trained if r["step_length"] is not None]
        entry["step_length"] = float(np.mean(lengths)) if lengths else None
        found.append(entry)
    return found


def _spread(values: np.ndarray) -> Any:
    return values.std(axis=0, ddof=1).tolist() if len(values) > 1 else None
