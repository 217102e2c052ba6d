"""Measure the proof engine on what it must reach: time, boxes, verdict, width, certified steps.

    python benchmarks/run_proof.py [--quick] [--part decisions steps files figure3]

Every answer is known beforehand (`proof.problems`); a wrong one ends the run with an error. A step
is compared with the first failure that a dense search finds. One thread; medians of three runs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np  # noqa: E402

import danskin as dk  # noqa: E402
from benchmarks.proof import figure3  # noqa: E402
from benchmarks.proof.problems import STEPS, Decision, Step, decisions  # noqa: E402
from benchmarks.recording import record, table  # noqa: E402
from danskin.exact import exact_vector, to_float  # noqa: E402

PARTS = ("decisions", "steps", "files", "figure3")
PACKAGES = ("sympy", "python-flint")


def answer_of(proof: Any) -> str:
    """Return what a proof says in the words of `Decision.answer`."""
    if proof.stationary:
        return "stationary"
    if proof.verdict is not dk.Verdict.REFUTED:
        return str(proof.verdict)
    return {"proved": "ascent", "refuted": "zero"}.get(str(proof.ascent), "refuted")


def _decide(d: Decision, repeats: int) -> tuple[Any, float]:
    seconds = []
    proof = None
    for _ in range(repeats):
        begun = time.process_time()
        proof = dk.prove_descent(d.f, d.theta, d.direction)
        seconds.append(time.process_time() - begun)
    found = answer_of(proof)
    if found not in (d.answer, "undecided"):
        raise AssertionError(f"{d.name}: {found}, known to be {d.answer}")
    return proof, statistics.median(seconds)


def run_decisions(repeats: int) -> tuple[str, dict[str, Any]]:
    """Decide every problem."""
    # Imports and caches that the first proof of a process pays for.
    dk.prove_descent(STEPS[3].f, STEPS[3].theta, STEPS[3].direction)
    rows, data, over = [], [], []
    for d in decisions():
        proof, seconds = _decide(d, repeats)
        lo, hi = proof.derivative
        width = "-" if proof.direction is None else f"{hi - lo:.1e}"
        rows.append((d.name, answer_of(proof), f"{seconds:.3f}", proof.boxes, width))
        data.append({"name": d.name, "seconds": seconds, "boxes": proof.boxes, "width": hi - lo})
        if seconds > d.seconds or answer_of(proof) != d.answer or (d.point and hi - lo > 1e-6):
            over.append(d.name)
    quick = sum(x["seconds"] < 0.1 for x in data)
    text = "### Decided: descent proved or refuted\n\nSeconds of processor time, one thread.\n\n"
    text += table(("problem", "answer", "seconds", "boxes", "width of D"), rows)
    text += (
        f"\n{quick} of {len(data)} under 0.1 s, slowest {max(x['seconds'] for x in data):.2f} s. "
    )
    text += f"Not reached (1 s, 1e-6 at a point): {', '.join(over) if over else 'none'}.\n"
    return text, {"decisions": data}


def first_failure(s: Step) -> float:
    """Return the first t at which phi, on a dense sample of S, is not below phi(theta)."""
    theta, gamma = (
        np.array([to_float(x) for x in exact_vector(v, "v", s.f.theta_dim)])
        for v in (s.theta, s.direction)
    )
    points = s.f.domain.sample(np.random.default_rng(0), 20_000)
    corners = s.f.domain.vertices()
    if corners:
        points = np.vstack([points, [[to_float(c) for c in p] for p in corners]])
    # The sampled maximum at theta, so that both sides miss the maximum by about the same.
    start = s.f.values(theta, points).max()
    for t in np.linspace(0, s.longest, 1001)[1:]:
        if s.f.values(theta + t * gamma, points).max() >= start:
            return float(t)
    return s.longest


def run_steps() -> tuple[str, dict[str, Any]]:
    """Certify every step and compare it with the first failure."""
    rows, data = [], []
    for s in STEPS:
        begun = time.process_time()
        found = dk.certified_step(s.f, s.theta, s.direction, s.longest)
        seconds = time.process_time() - begun
        failure = first_failure(s)
        factor = failure / found.step if found.step else float("inf")
        rows.append(
            (s.name, s.longest, f"{found.step:.4g}", f"{failure:.4g}", f"{factor:.2f}",
             found.boxes, f"{seconds:.2f}")
        )  # fmt: skip
        data.append({"name": s.name, "step": found.step, "failure": failure, "seconds": seconds})
    heads = ("problem", "asked", "certified", "first failure", "factor", "boxes", "seconds")
    worst = max(d["failure"] / d["step"] if d["step"] else float("inf") for d in data)
    text = "### Certified steps\n\nThe first failure is a search's; where there is none it is the "
    text += "length asked for.\n\n"
    text += table(heads, rows) + f"\nLargest factor {worst:.2f}; asked: 2.\n"
    return text, {"steps": data}


def run_files() -> tuple[str, dict[str, Any]]:
    """Save every proof that can be saved, and check it."""
    proofs, checks, sizes, refused, slower = [], [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for i, d in enumerate(decisions()):
            begun = time.process_time()
            proof = dk.prove_descent(d.f, d.theta, d.direction)
            middle = time.process_time()
            path = Path(folder) / f"{i}.json"
            try:
                proof.save(path)
            except dk.DanskinError as error:
                refused.append(f"{d.name} ({getattr(error, 'problem', error)})")
                continue
            begun_check = time.process_time()
            result = dk.check_proof(path)
            seconds = time.process_time() - begun_check
            if not result.verified:
                raise AssertionError(f"{d.name}: {result.explain()}")
            proofs.append(middle - begun)
            checks.append(seconds)
            sizes.append(path.stat().st_size)
            if seconds > middle - begun:
                slower.append(d.name)
    text = (
        "### Proof files\n\n"
        f"{len(checks)} of {len(checks) + len(refused)} proofs above saved, all verified by the "
        f"checker: {sum(checks):.1f} s for proofs that took {sum(proofs):.1f} s; largest file "
        f"{max(sizes) / 1024:.0f} KiB. Checked slower than proved: "
        f"{', '.join(slower) if slower else 'none'}. Not saved: "
        f"{'; '.join(refused) if refused else 'none'}.\n"
    )
    return text, {"files": {"proved": proofs, "checked": checks, "bytes": sizes}}


def run_figure3(points: int, iterations: list[int]) -> tuple[str, dict[str, Any]]:
    """Train the network and prove descent of its true robust loss."""
    network = figure3.Network.gaussian(points, np.random.default_rng(0))
    found = list(figure3.certify(network, iterations, np.random.default_rng(1)))
    rows = [
        (p.iteration, p.direction, p.verdict, f"[{p.derivative[0]:.6f}, {p.derivative[1]:.6f}]",
         f"{p.promised:.4f}", f"[{p.value[0]:.6f}, {p.value[1]:.6f}]", p.boxes, f"{p.seconds:.1f}")
        for p in found
    ]  # fmt: skip
    heads = (
        "iteration", "direction", "descent", "D is in", "rate over the attack's points",
        "robust loss is in", "boxes", "seconds",
    )  # fmt: skip
    text = f"### Figure 3's network on {points} points, trained with DDi\n\n"
    text += table(heads, rows)
    return text, {"figure3": [asdict(p) for p in found]}


def main() -> None:
    """Measure the parts asked for; record them all as one section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--quick", action="store_true", help="a trial run: records nothing")
    asked = parser.parse_args()
    points, iterations = (10, [0, 10]) if asked.quick else (100, [0, 10, 50, 200])
    runs: dict[str, Any] = {
        "decisions": lambda: run_decisions(1 if asked.quick else 3),
        "steps": run_steps,
        "files": run_files,
        "figure3": lambda: run_figure3(points, iterations),
    }
    for name in asked.part:
        markdown, data = runs[name]()
        print(markdown, flush=True)
        if not asked.quick:
            record(f"proof-{name}", markdown, data, PACKAGES)


if __name__ == "__main__":
    main()
