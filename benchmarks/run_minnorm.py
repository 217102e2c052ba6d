"""Time `danskin.min_norm_point` against cvxpy with Clarabel: ``make bench``.

Median time of one call, and by how much the norm at the weights found exceeds danskin's certified
lower bound, relative to the longest gradient. Several families: what is easy for one solver is hard
for another.
"""

import time
from collections.abc import Callable

import cvxpy as cp
import numpy as np
from rich.console import Console
from rich.table import Table

import danskin as dk

SIZES = [(2, 10), (10, 100), (10, 10_000), (50, 100), (200, 50)]
REPEATS = 7


def gaussian(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Independent gradients (m, n)."""
    return rng.standard_normal((m, n))


def common_mean(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Gradients (m, n) that nearly agree, as adversaries' gradients do in practice."""
    return 10 * rng.standard_normal(n) + rng.standard_normal((m, n))


def scales(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Gradients (m, n) whose lengths differ by four orders of magnitude."""
    return rng.standard_normal((m, n)) * np.geomspace(1, 1e4, m)[:, None]


def by_danskin(gradients: np.ndarray) -> np.ndarray:
    """Weights (m,) by danskin."""
    return dk.min_norm_point(gradients).weights


def by_cvxpy(gradients: np.ndarray) -> np.ndarray:
    """Weights (m,) by cvxpy, modelling included, since that is what a user waits for."""
    alpha = cp.Variable(len(gradients), nonneg=True)
    # From the Gram matrix's factor (m rows at most), so that a large n does not slow the rival.
    factor = np.linalg.qr(gradients.T, mode="r")
    simplex = [cp.sum(alpha) == 1]
    objective = cp.Minimize(cp.sum_squares(factor @ alpha))
    # cvxpy's stubs type `==` as if it could be a bool.
    problem = cp.Problem(objective, simplex)  # pyright: ignore[reportArgumentType]
    problem.solve(solver=cp.CLARABEL)
    return np.asarray(alpha.value)


def median_seconds(solve: Callable[[np.ndarray], np.ndarray], gradients: np.ndarray) -> float:
    """Time `solve` after one call that compiles and warms up."""
    solve(gradients)
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        solve(gradients)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def excess(weights: np.ndarray, gradients: np.ndarray, lower_bound: float) -> float:
    """How far the norm at these weights, made feasible, lies above the lower bound."""
    feasible = np.maximum(weights, 0) / np.maximum(weights, 0).sum()
    longest = np.linalg.norm(gradients, axis=1).max()
    return float((np.linalg.norm(feasible @ gradients) - lower_bound) / longest)


def main() -> None:
    """Print one row per family and size."""
    table = Table("family", "m", "n", "danskin", "cvxpy", "faster by", "excess", "excess cvxpy")
    rng = np.random.default_rng(0)
    for family in (gaussian, common_mean, scales):
        for m, n in SIZES:
            gradients = family(rng, m, n)
            lower_bound = dk.min_norm_point(gradients).lower_bound
            ours, theirs = (median_seconds(s, gradients) for s in (by_danskin, by_cvxpy))
            table.add_row(
                family.__name__,
                str(m),
                str(n),
                f"{1e3 * ours:.2f} ms",
                f"{1e3 * theirs:.2f} ms",
                f"{theirs / ours:.1f}",
                f"{excess(by_danskin(gradients), gradients, lower_bound):.0e}",
                f"{excess(by_cvxpy(gradients), gradients, lower_bound):.0e}",
            )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
