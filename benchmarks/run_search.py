"""How long `find_counterexamples` takes to the first kink, from random starts: one line a problem.

    python benchmarks/run_search.py [--seeds 3]

For each problem and seed: seconds of wall clock and of processor until the search, stopped after
`--starts` starts, has its answer; what it found there; whether it is proved.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from typing import Any

import danskin as dk
from danskin.counterexamples import all_families, find_counterexamples

E = dk.MinMaxObjective.from_expression


def problems() -> Iterator[tuple[str, Any, list[list[int]]]]:
    """Yield name, objective and box."""
    for family in all_families():
        f = family().objective
        yield family.name, f, [[-1, 2]] * f.theta_dim
    two, unit = ["t1", "t2"], dk.Interval(0, 1)
    yield (
        "pair",
        E("d*(t1**2 + t2) + (1-d)*(t2**2 - t1) + d*(d-1)", two, ["d"], unit),
        [[-1, 1]] * 2,
    )
    g = "cos(2*pi*d)/10 + d*(t1+t2) + (1-d)*(t1**2 - 2*t2)"
    yield "cosine", E(g, two, ["d"], unit), [[-1, 1]] * 2
    ball, deltas = dk.Ball([0, 0], "3/4", math.inf), ["d1", "d2"]
    margins = ["-(t1*(1/2+d1) + t2*(1/4+d2))", "t1*(-1/4+d1) + t2*(1/3+d2)"]
    for loss in ("{}", "log(1 + exp({}))"):
        parts = [E(loss.format(m), two, deltas, ball) for m in margins]
        name = "robust linear" if loss == "{}" else "robust logistic"
        yield name, dk.BatchObjective(parts), [[-2, 2]] * 2
    g = "d*((1-t1)**2 + 100*(t2-t1**2)**2) + (1-d)*((3/2-t1)**2 + 100*(t2-1/2-(t1-1/2)**2)**2)"
    yield "Rosenbrock", E(g, two, ["d"], unit), [[-2, 2]] * 2
    g = (
        "softplus(-(6/5*elu(w1*(1/2+d1) + w2*(d2-3/10) + 1/10)"
        " - 4/5*elu(-7/10*(1/2+d1) + 2/5*(d2-3/10) - 1/5)))"
    )
    yield "network", E(g, ["w1", "w2"], deltas, dk.Box([-1, -1], [1, 1])), [[-1, 1]] * 2


def main() -> None:
    """Print one line a problem and seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--starts", type=int, default=3)
    options = parser.parse_args()
    for name, f, box in problems():
        for seed in range(options.seeds):
            wall, processor = time.perf_counter(), time.process_time()
            r = find_counterexamples(f, box, starts=options.starts, seed=seed, proof_seconds=5)
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            best = r.kinks[0] if r.kinks else "nothing"
            print(f"{name:16} seed {seed}  {wall:5.1f} s  {processor:5.1f} s processor  {best}")


if __name__ == "__main__":
    main()
