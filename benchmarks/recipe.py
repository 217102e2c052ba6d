"""What the full recipe costs, on paper: ``python benchmarks/recipe.py`` (--dry: print only).

One step of each preset is taken on four images with PyTorch's counter of floating-point operations,
so that attacks, gradients and whatever a method adds are counted and not estimated. The rest is
arithmetic: images of a batch, steps of an epoch, epochs, and the measurement after each. Hours need
a sustained rate, which was not measured here (no GPU); they are given for three.
"""

from __future__ import annotations

import argparse
from typing import Any

import torch
from recording import record, table
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from danskin.torch.data import Images
from danskin.torch.train import RunConfig, Sets, Trainer, measure

PRESETS = ("paper-pgd", "normalised-pgd", "paper-ddi", "comb", "decay", "decay-comb", "pgd-70",
           "pgd-max-10", "fast", "ddi-fast", "hybrid", "mean-10", "step-aware",
           "gated")  # fmt: skip
#: Training images of CIFAR-10 less the 20 % held out, and those.
TRAINING, HELD_OUT = 40_000, 10_000
FEW = 4
#: Sustained TFLOP/s of one GPU.
RATES = (25, 50, 100)
#: Share of that which eight GPUs keep, at 16 images each: an assumption.
SCALING = 0.6


class Operations(TorchDispatchMode):
    """Counts as PyTorch's FlopCounterMode does, whose hooks `torch.autograd.grad` does not bear."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and add what it takes."""
        out = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.total += count(*args, **(kwargs or {}), out_val=out)
        return out


def sets() -> Sets:
    """Return a few images of noise: the count of operations does not depend on them."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (FEW, 3, 32, 32), generator=generator, dtype=torch.uint8)
    images = Images("noise", "train", pixels, torch.arange(FEW), 10)
    return Sets(images, images, True)


def operations(name: str) -> tuple[float, float]:
    """Return operations an image of training, mean over first and last epoch, and of measuring."""
    config = RunConfig.from_preset(name, epochs=2, batch_size=FEW, **{"evaluation.batch_size": FEW})
    trainer = Trainer(config, sets())
    images, labels = trainer.sets.training.batch(slice(None))
    totals = []
    for epoch in range(2):
        trainer.parts.start_epoch(config, epoch)
        with Operations() as counter:
            trainer.parts.step(images, labels)
        totals.append(counter.total / FEW)
    with Operations() as counter:
        measure(config, trainer.model, trainer.sets.held_out, 0)
    return sum(totals) / 2, counter.total / FEW


def main() -> None:
    """Count, print, record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry", action="store_true", help="print, record nothing")
    dry = parser.parse_args().dry
    paper = RunConfig.from_preset("paper-pgd")
    seen = paper.epochs * (TRAINING // paper.batch_size) * paper.batch_size
    rows: list[list[str]] = []
    data: dict[str, dict[str, float]] = {}
    for name in PRESETS:
        step, measured = operations(name)
        training, measuring = step * seen, measured * HELD_OUT * paper.epochs
        total = training + measuring
        hours = {rate: total / (rate * 1e12) / 3600 for rate in RATES}
        data[name] = {"per_image": step, "training": training, "measuring": measuring}
        base = data["paper-pgd"]
        rows.append([
            name, f"{step / 1e9:.1f}", f"{training / base['training']:.2f}", f"{training:.2g}",
            f"{measuring:.2g}", *(f"{hours[rate]:.1f}" for rate in RATES),
            f"{hours[50] / (8 * SCALING):.1f}",
        ])  # fmt: skip
        print(rows[-1], flush=True)
    columns = ["preset", "GFLOP an image and step", "/ paper-pgd", "training, FLOP",
               "measuring, FLOP", *(f"h at {rate} TFLOP/s" for rate in RATES),
               "h on eight at 50"]  # fmt: skip
    text = (
        "### The full recipe, on paper\n\n"
        f"ResNet-18 with CELU and GroupNorm, {paper.epochs} epochs of {TRAINING:,} images in "
        f"batches of {paper.batch_size}, PGD-20 on {HELD_OUT:,} held-out images after each epoch. "
        "Operations are counted by PyTorch on one step of four images (gated: while its gate does "
        "what it does there); normalisation and activations are not among what it counts. "
        "Left out are the methods with a gradient for each image (pgd-min-10, product), whose "
        "count of operations says little about their time; the table above has measured ratios. "
        "Hours include measuring and follow from a sustained rate that is *assumed*; eight GPUs "
        f"are assumed to keep {SCALING:.0%} of it at 16 images each.\n\n" + table(columns, rows)
    )
    print(text)
    if not dry:
        record("recipe", text, data, ["torch"])


if __name__ == "__main__":
    main()
