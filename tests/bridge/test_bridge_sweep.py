"""Sweeps: a table of presets and seeds, resumed where it stopped, summed up over the seeds."""

import json
import math
import subprocess
import sys
import time

import numpy as np
import pytest

from danskin.errors import InvalidInputError
from danskin.torch.train import RunConfig, Trainer, load_sets
from danskin.torch.train.sweep import SweepRun, run_sweep, summarize, table

TINY = {
    "epochs": 2, "batch_size": 64, "data.source": "digits", "data.limit": 128, "model.arch": "mlp",
    "model.norm": "none", "model.hidden": [8], "attack.eps": 0.1, "attack.alpha": 0.05,
    "attack.steps": 1, "evaluation.eps": 0.1, "evaluation.alpha": 0.05, "evaluation.steps": 2,
    "evaluation.images": 60, "augmentation.crop": 0, "augmentation.flip": False,
    "augmentation.rotation": 0, "method.m": 2,
}  # fmt: skip


def tiny(presets=("paper-pgd", "paper-ddi"), seeds=(0, 1), **changes):
    return table(presets, seeds, **(TINY | changes))


def test_the_table_goes_seed_by_seed():
    configs = tiny()
    assert [(c.name, c.seed) for c in configs] == [
        ("paper-pgd", 0), ("paper-ddi", 0), ("paper-pgd", 1), ("paper-ddi", 1),
    ]  # fmt: skip
    assert [c.method.m for c in configs] == [1, 2, 1, 2]
    assert {c.epochs for c in configs} == {2}


@pytest.mark.parametrize(
    ("presets", "seeds", "names"),
    [([], [0], "presets"), (["paper-pgd"] * 2, [0], "presets"), (["paper-pgd"], [0, 0], "seeds"),
     (["paper-pgd"], [], "seeds"), (["paper-pgs"], [0], "preset"), (["paper-pgd"], [-1], "seed")],
)  # fmt: skip
def test_bad_tables_are_named(presets, seeds, names):
    with pytest.raises(InvalidInputError) as caught:
        table(presets, seeds, **TINY)
    assert caught.value.argument == names


def test_each_run_is_what_it_would_be_alone(tmp_path):
    runs = list(run_sweep(tiny(), tmp_path))
    assert [r.folder.name for r in runs] == [
        "paper-pgd-seed0", "paper-ddi-seed0", "paper-pgd-seed1", "paper-ddi-seed1",
    ]  # fmt: skip
    assert all(r.ended and not r.note and len(r.rows) == 2 for r in runs)
    alone = Trainer(runs[3].config, load_sets(runs[3].config))
    rows = [record.to_dict() for record in alone.epochs()]
    for ours, theirs in zip(runs[3].rows, rows, strict=True):
        assert {**ours, "seconds": 0} == {**theirs, "seconds": 0}


def test_it_goes_on_where_it_stopped(tmp_path):
    whole = list(run_sweep(tiny(), tmp_path / "whole"))

    class Killed(BaseException):
        pass

    seen = []

    def kill(config, epoch, what, images):
        seen.append((config.name, epoch))
        if config.name == "paper-ddi" and epoch == 1:
            raise Killed

    with pytest.raises(Killed):
        list(run_sweep(tiny(), tmp_path / "cut", tick=kill))
    again: list[tuple[str, int, int]] = []
    rest = list(
        run_sweep(tiny(), tmp_path / "cut",
                  tick=lambda c, e, what, n: again.append((c.name, c.seed, e)))
    )  # fmt: skip
    assert ("paper-pgd", 0, 0) not in again  # it had ended: read, not trained
    assert ("paper-ddi", 0, 0) not in again  # its first epoch was saved
    assert ("paper-ddi", 0, 1) in again
    for a, b in zip(whole, rest, strict=True):
        assert [{**r, "seconds": 0} for r in a.rows] == [{**r, "seconds": 0} for r in b.rows]


def test_a_run_with_another_configuration_is_refused_before_anything_is_trained(tmp_path):
    list(run_sweep(tiny(seeds=[0]), tmp_path))
    ticks = []
    with pytest.raises(InvalidInputError, match=r"attack\.steps was 1 and is 3"):
        list(run_sweep(tiny(**{"attack.steps": 3}), tmp_path, tick=lambda *a: ticks.append(a)))
    assert not ticks


@pytest.mark.slow
def test_two_processes_find_the_same(tmp_path):
    here = {r.folder.name: r for r in run_sweep(tiny(seeds=[0]), tmp_path / "one")}
    there = {r.folder.name: r for r in run_sweep(tiny(seeds=[0]), tmp_path / "two", jobs=2)}
    assert here.keys() == there.keys()
    for name, run in here.items():
        a, b = run.rows[-1], there[name].rows[-1]
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-4)  # threads may differ


@pytest.mark.slow
def test_no_process_goes_on_when_the_sweep_is_killed(tmp_path):
    """kill -9 of the sweep: its workers notice after the step that they are at, save and stop."""
    code = f"""
from danskin.torch.train.sweep import run_sweep, table
configs = table(["paper-pgd"], [0, 1], **{TINY | {"epochs": 100_000}!r})
list(run_sweep(configs, "{tmp_path}", jobs=2))
"""
    sweep = subprocess.Popen([sys.executable, "-c", code])
    logs = [tmp_path / f"paper-pgd-seed{seed}" / "metrics.jsonl" for seed in (0, 1)]
    try:
        wait_for(lambda: all(log.is_file() and log.stat().st_size for log in logs))
    finally:
        sweep.kill()
        sweep.wait()
    wait_for(lambda: settled(logs))


def settled(logs) -> bool:
    before = [log.stat().st_size for log in logs]
    time.sleep(1)
    return before == [log.stat().st_size for log in logs]


def wait_for(condition, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_divergence_ends_a_run_and_not_the_sweep(tmp_path):
    configs = tiny(seeds=[0], **{"optimizer.lr": 1e30})
    runs = list(run_sweep(configs, tmp_path))
    assert len(runs) == 2
    assert all("diverged" in r.note and r.ended for r in runs)
    ticks = []
    again = list(run_sweep(configs, tmp_path, tick=lambda *a: ticks.append(a)))
    assert [r.note for r in again] == [r.note for r in runs]
    assert not ticks  # it would diverge again
    json.dumps(summarize(runs), allow_nan=True)


def row(epoch, clean, robust, steps=10):
    return {"epoch": epoch, "clean_accuracy": clean, "robust_accuracy": robust, "steps": steps,
            "attacks": 2 * steps, "seconds": 1.0, "step_length": 0.5, "note": ""}  # fmt: skip


def test_the_summary_is_mean_and_standard_deviation_over_the_seeds(tmp_path):
    config = RunConfig.from_preset("paper-pgd")
    runs = [
        SweepRun(config.override({"seed": s}), tmp_path, tuple(rows), True)
        for s, rows in enumerate([
            [row(1, 0.5, 0.2), row(2, 0.6, 0.4)],
            [row(1, 0.7, 0.3), row(2, 0.6, 0.2)],
            [row(1, 0.6, 0.1)],
        ])
    ]  # fmt: skip
    (two,) = summarize(runs[:2])
    assert two["epochs"] == [1, 2]
    np.testing.assert_allclose(two["robust"]["mean"], [0.25, 0.3])
    np.testing.assert_allclose(two["robust"]["spread"], [0.1 / math.sqrt(2), 0.2 / math.sqrt(2)])
    assert two["best_robust"]["mean"] == pytest.approx(0.35)
    assert two["attacks_a_step"] == 2
    (three,) = summarize(runs)
    assert three["epochs"] == [1]  # what every seed has
    (one,) = summarize(runs[:1])
    assert one["robust"]["spread"] is None


def test_the_picture_shows_every_preset_with_its_band():
    plots = pytest.importorskip("danskin.plots.sweep")
    entries = [
        {"name": name, "seeds": [0, 1], "epochs": [1, 2], "attacks_a_step": k + 1.0,
         "clean": {"mean": [0.5, 0.6], "spread": [0.1, 0.1]},
         "robust": {"mean": [0.2, 0.3 + k / 100], "spread": [0.05, 0.02]}}
        for k, name in enumerate(["paper-pgd", "paper-ddi"])
    ]  # fmt: skip
    figure = plots.plot_sweep(entries, "two presets")
    by_epoch, by_cost, clean = figure.axes
    assert [list(line.get_ydata()) for line in by_epoch.lines] == [[0.2, 0.3], [0.2, 0.31]]
    assert [list(line.get_xdata()) for line in by_cost.lines] == [[1, 2], [2, 4]]
    for ax in (by_epoch, by_cost, clean):
        assert len(ax.collections) == 2
    (legend,) = figure.legends
    assert [t.get_text() for t in legend.get_texts()] == [
        "paper-pgd (2 seeds)", "paper-ddi (2 seeds)",
    ]  # fmt: skip
