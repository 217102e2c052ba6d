"""What the bridge's methods cost, in PGD-7 training steps: ``python benchmarks/bridge.py``.

    --quick    three repeats in place of nine
    --paper    one paper step instead: ResNet-18, batch 128, m = 10 (minutes, and some GB)
    --dry      print, record nothing

With one thread (OMP_NUM_THREADS=1) processor time is taken, which a busy machine disturbs less.

A small CELU + GroupNorm ResNet, batches of 64; every figure is the median of interleaved repeats,
as a ratio to the PGD-7 step of the same run. With DANSKIN_DATA set the network is a trained one and
the images are CIFAR-10's; otherwise a fresh network and random images. Peak memory is that of a
fresh process for each case, above what it held before the step.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from recording import record, table
from torch import Tensor, nn
from torch.nn import functional

import danskin.torch as dkt

SEED = 0
BATCH = 64
ALONE = torch.get_num_threads() == 1
clock = time.process_time if ALONE else time.perf_counter
#: Case -> the most that it may cost, in PGD-7 steps.
TARGETS = {
    "torchattacks PGD-7 + backward": None,
    "single (PGD-7)": 1.0,
    "coupled, m = 10": 10.5,
    "comb, 2 attacks, 10 gradients": 3.3,
    "product, m = 2, stored": 2.3,
    "gated, adversaries agree": 1.15,
}


def small() -> tuple[nn.Module, Tensor, Tensor]:
    """Return the small network and a batch, trained and real where there is data."""
    torch.manual_seed(SEED)
    model = dkt.build_model("resnet8", activation="celu", norm="group")
    images = torch.rand(BATCH, 3, 32, 32)
    labels = torch.randint(0, 10, (BATCH,))
    if folder := os.environ.get("DANSKIN_DATA"):
        data = Path(folder)
        model = dkt.load_model(data / "models" / "small-celu-gn-std.safetensors", "resnet8")
        raw = np.fromfile(data / "cifar10" / "original-subset" / "data_batch_1.bin", np.uint8)
        raw = raw.reshape(-1, 3073)[:BATCH]
        images = torch.from_numpy(raw[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255)
        labels = torch.from_numpy(raw[:, 0].astype(np.int64))
    return model.train(), images, labels


def paper() -> tuple[nn.Module, Tensor, Tensor]:
    """Return the paper's network and a batch of its size."""
    torch.manual_seed(SEED)
    model = dkt.build_model("resnet18", activation="celu", norm="group")
    return model.train(), torch.rand(128, 3, 32, 32), torch.randint(0, 10, (128,))


def step(model: nn.Module, images: Tensor, labels: Tensor, **options: Any) -> Callable[[], Any]:
    """Return one training step of ours, optimizer left out."""
    cast, steps = options.pop("cast", None), options.pop("steps", 7)
    ddi = dkt.DDi(model, dkt.PGD(model, steps=steps), autocast=cast, **options)

    def run() -> dkt.Report:
        model.zero_grad()
        return ddi.backward(images, labels)

    return run


def theirs(model: nn.Module, images: Tensor, labels: Tensor) -> Callable[[], Any] | None:
    """Return torchattacks' PGD-7 and a plain backward pass, if it is installed."""
    try:
        import torchattacks
    except ImportError:
        return None
    attack = torchattacks.PGD(model, eps=8 / 255, alpha=2 / 255, steps=7)

    def run() -> None:
        model.zero_grad()
        functional.cross_entropy(model(attack(images, labels)), labels).backward()

    return run


def gradients(model: nn.Module, images: Tensor, labels: Tensor) -> dict[str, Callable[[], Any]]:
    """Return two ways to ten gradients of a batch: streamed backward passes, and torch.func."""
    points = torch.stack([images] * 10)
    params = {n: p.detach() for n, p in model.named_parameters()}

    def loss(values: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional.cross_entropy(torch.func.functional_call(model, values, (x,)), labels)

    def backward() -> None:
        for x in points:
            found = functional.cross_entropy(model(x), labels)
            torch.autograd.grad(found, list(model.parameters()))

    def batched() -> None:
        torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(params, points)

    return {"ten gradients, backward passes": backward, "ten gradients, torch.func": batched}


def interleaved(cases: dict[str, Callable[[], Any]], repeats: int) -> dict[str, dict[str, Any]]:
    """Time the cases in turn; return medians and the last answers."""
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    answers: dict[str, Any] = {}
    for name, run in cases.items():
        answers[name] = run()
    for turn in range(repeats):
        for name, run in cases.items():
            start = clock()
            answers[name] = run()
            seconds[name].append(clock() - start)
        print(f"repeat {turn + 1} of {repeats}", flush=True)
    return {
        name: {"seconds": statistics.median(found), "all": found, "answer": answers[name]}
        for name, found in seconds.items()
    }


def peak(which: str, case: str) -> float:
    """Return the MiB that one case's step takes beyond what was there, in a fresh process."""
    command = [sys.executable, __file__, "--peak", which, case]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def measure_peak(which: str, case: str) -> None:
    """Print the growth of the peak resident set over one step."""
    model, images, labels = small() if which == "small" else paper()
    m = {"single": 1, "coupled": 10}[case]
    # An attack of one step needs no less memory than one of seven.
    run = step(model, images, labels, method=case, m=m, steps=1)
    # Allocate what stays (thread pools, caches of the kernels) on a single image.
    step(model, images[:1], labels[:1], method=case, m=1)()
    # Not ru_maxrss: over fork and exec a process inherits its parent's. Writing 5 resets the peak.
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    run()
    print(resident("VmHWM") - before)


def resident(field: str) -> float:
    """Return a field of /proc/self/status in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(field))) / 1024


def small_table(repeats: int) -> tuple[str, dict[str, Any]]:
    """Measure the small network; return a table and the data."""
    model, images, labels = small()
    gated = step(model, images, labels, m=10, method="gated")
    gated()

    def ten() -> Any:
        return [gated() for _ in range(10)][-1]

    cases: dict[str, Callable[[], Any]] = {
        "single (PGD-7)": step(model, images, labels, method="single"),
        "single, attack in bfloat16": step(
            model, images, labels, method="single", cast=torch.bfloat16
        ),
        "coupled, m = 10": step(model, images, labels, m=10),
        "comb, 2 attacks, 10 gradients": step(model, images, labels, m=10, method="comb"),
        "product, m = 2, stored": step(model, images, labels, m=2, method="product"),
        "product, m = 2, matrix-free": step(
            model, images, labels, m=2, method="product", memory_budget=0
        ),
        "gated, adversaries agree": ten,
        **gradients(model, images, labels),
    }
    if rival := theirs(model, images, labels):
        cases = {"torchattacks PGD-7 + backward": rival, **cases}
    found = interleaved(cases, repeats)
    found["gated, adversaries agree"]["seconds"] /= 10
    unit = found["single (PGD-7)"]["seconds"]
    rows, data = [], {}
    for name, case in found.items():
        answer = case.pop("answer")
        ratio = case["seconds"] / unit
        target, remark = TARGETS.get(name), ""
        if name == "torchattacks PGD-7 + backward":
            remark = "ours should not be slower"
        if name == "product, m = 2, matrix-free":
            target = 1.8 + 0.7 * answer.iterations
            remark = f"{answer.iterations} iterations, relative gap {answer.gap / answer.norm:.1e}"
        if name == "gated, adversaries agree":
            remark = answer.note
        if isinstance(answer, dkt.Report) and answer.m > 1:
            share = answer.seconds["solve"] / sum(answer.seconds.values())
            remark = f"solve {share:.2%}" + (f"; {remark}" if remark else "")
            case["solve_share"] = share
        case["ratio"] = ratio
        data[name] = case
        limit = "" if target is None else f"{target:.2f}"
        rows.append([name, f"{1e3 * case['seconds']:.0f} ms", f"{ratio:.2f}", limit, remark])
    text = table(["step", "median", "in PGD-7 steps", "target", "remark"], rows)
    single, coupled = (peak("small", case) for case in ("single", "coupled"))
    size = sum(p.numel() for p in model.parameters()) * 4 / 2**20
    limit = 1.5 * single + 10 * size
    data["peak MiB"] = {"single": single, "coupled": coupled, "limit": limit}
    text += (
        f"\nPeak memory above the idle process: PGD-7 step {single:.0f} MiB, coupled m = 10 "
        f"{coupled:.0f} MiB (target: at most 1.5 times that and ten gradients, {limit:.0f} MiB).\n"
    )
    return text, data


def paper_text() -> tuple[str, dict[str, Any]]:
    """Measure one paper step and its PGD-7 step."""
    model, images, labels = paper()
    times = {}
    for case, m in (("single", 1), ("coupled", 10)):
        run = step(model, images, labels, method=case, m=m)
        start = clock()
        report = run()
        times[case] = clock() - start
        print(f"ResNet-18, {case}: {times[case]:.0f} s", flush=True)
    share = report.seconds["solve"] / sum(report.seconds.values())
    memory = {case: peak("paper", case) for case in ("single", "coupled")}
    text = (
        f"One paper step (ResNet-18 with CELU and GroupNorm, batch 128, m = 10): "
        f"{times['coupled']:.0f} s, {times['coupled'] / times['single']:.2f} times its PGD-7 step "
        f"({times['single']:.0f} s); solve {share:.3%}; peak memory {memory['coupled']:.0f} MiB "
        f"against {memory['single']:.0f} MiB (ten gradients are "
        f"{10 * sum(p.numel() for p in model.parameters()) * 4 / 2**20:.0f} MiB). One run each.\n"
    )
    return text, {"seconds": times, "peak MiB": memory, "solve_share": share}


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="three repeats in place of nine")
    parser.add_argument("--paper", action="store_true", help="one step of the paper's size instead")
    parser.add_argument("--dry", action="store_true", help="print, record nothing")
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        measure_peak(*options.peak)
        return
    threads = f"{torch.get_num_threads()} thread(s), {'processor' if ALONE else 'wall-clock'} time"
    if options.paper:
        name, (text, data) = "bridge-paper", paper_text()
        head = f"### The bridge: one step of the paper's size\n\n{threads}.\n\n"
    else:
        name, (text, data) = "bridge", small_table(3 if options.quick else 9)
        head = (
            "### The bridge: cost of a step\n\n"
            f"A small CELU + GroupNorm ResNet, batches of {BATCH}, PGD with 7 steps; medians of "
            f"interleaved repeats, {threads}.\n\n"
        )
    print(text)
    if not options.dry:
        record(name, head + text, data, packages=("torch", "torchattacks"))


if __name__ == "__main__":
    main()
