"""Audit two public networks on original CIFAR-10 pixels, and record what was found.

    DANSKIN_DATA=... python benchmarks/audit.py [--batches 16] [--batch-size 32] [--only NAME]

The networks were trained without attacks. Each batch takes a minute or so on one core; what is
done is kept in ``results/audit.json``, so that one network can be measured without the other.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import torch
from recording import RESULTS, record, table

import danskin.torch as dkt
from danskin.torch.auditing.report import WORDS
from danskin.torch.auditing.statistics import Gain, Mean
from danskin.torch.auditing.verdict import judge

#: Name -> file, architecture, step lengths.
NETWORKS = {
    "small CELU + GroupNorm ResNet": ("small-celu-gn-std", "resnet8", (0.02, 0.1, 0.3)),
    "ResNet-20 (ReLU, BatchNorm)": ("resnet20-cifar10", "resnet20", (0.02, 0.1)),
}
SEED = 0


def measure(name: str, data: Path, batches: int, batch_size: int) -> dict[str, Any]:
    """Audit one network on images drawn from the training set."""
    file, arch, steps = NETWORKS[name]
    model = dkt.load_model(data / "models" / f"{file}.safetensors", arch)
    generator = torch.Generator().manual_seed(SEED)
    images = dkt.load_data(data / "cifar10" / "original-subset", "train")
    pixels, labels = images.take(batches * batch_size, generator).batch(slice(None))

    def progress(done: int, total: int) -> None:
        if done % 20 == 0:
            print(f"{name}: {done} of {total}", flush=True)

    report = dkt.audit(
        model, pixels, labels, batches=batches, batch_size=batch_size, step_lengths=steps,
        generator=generator, progress=progress,
    )  # fmt: skip
    found = report.to_dict()
    del found["figure"]
    return found


def section(name: str, found: dict[str, Any]) -> str:
    """Write one network's results as Markdown."""
    # The sentence is made anew, so that it is the present one on figures of whatever day.
    gains_found = [
        Gain(g["method"], g["step"], g["mean"], g["standard_error"], g["low"], g["high"],
             g["batches"])
        for g in found["gains"]
    ]  # fmt: skip
    summary = {k: Mean(v["mean"], v["standard_error"]) for k, v in found["summary"].items()}
    batches, m = found["settings"]["batches"], found["settings"]["m"]
    found["sentence"] = judge(gains_found, summary, batches, m).text
    said = found["settings"]
    facts = [(words, _number(found["summary"][key])) for key, words in WORDS.items()]
    gains = {(g["method"], g["step"]): g for g in found["gains"]}
    steps = said["step_lengths"]
    rows = [["single (the unit)"] + [_number(d) for d in found["decrease"]["single"]]]
    for method in said["methods"][1:]:
        rows.append([method, *(_gain(gains[method, step]) for step in steps)])
    return "\n".join([
        f"### {name}",
        "",
        f"{said['batches']} batches of {said['batch_size']} training images, m = {said['m']}. "
        f"Attack: {said['attack']}; strong: {said['strong']}; decrease measured under a fresh "
        f"{said['fresh']}. Mean over batches (standard error).",
        "",
        f"> {found['sentence']}",
        "",
        table(["per batch", "mean (standard error)"], facts),
        "Decrease of the robust loss by one step: absolute for a single gradient, for the others "
        "the difference to it in per cent of it, paired batch by batch (standard error).",
        "",
        table(["direction", *(f"step {step:g}" for step in steps)], rows),
    ])  # fmt: skip


def _number(mean: dict[str, float]) -> str:
    return f"{mean['mean']:.3g} ({mean['standard_error']:.1g})"


def _gain(gain: dict[str, float]) -> str:
    if gain["mean"] is None or gain["mean"] != gain["mean"]:
        return "no unit"
    return f"{100 * gain['mean']:+.1f} ({100 * gain['standard_error']:.1f}) %"


def main() -> None:
    """Measure, and write the section of the README."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--batches", type=int, default=16)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--only", choices=list(NETWORKS), help="keep the other's last results")
    parser.add_argument("--write-only", action="store_true", help="from the last results")
    arguments = parser.parse_args()
    if "DANSKIN_DATA" not in os.environ:
        parser.error("set DANSKIN_DATA to the folder that holds models/ and cifar10/")
    data = Path(os.environ["DANSKIN_DATA"])
    kept = RESULTS / "audit.json"
    networks = json.loads(kept.read_text())["networks"] if kept.exists() else {}
    names = [arguments.only] if arguments.only else list(NETWORKS)
    for name in names:
        if not arguments.write_only:
            networks[name] = measure(name, data, arguments.batches, arguments.batch_size)
        parts = [section(n, networks[n]) for n in NETWORKS if n in networks]
        text = "## Does DDi have anything to gain on these networks?\n\n" + "\n\n".join(parts)
        record("audit", text, {"networks": networks}, packages=("torch",))
        print(networks[name]["sentence"])


if __name__ == "__main__":
    main()
