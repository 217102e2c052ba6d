"""The peers, each as a function of the Gram matrix, set up as its own documentation recommends.

``prepare(m)`` builds what depends on m alone (constraints, bounds, settings) and returns
``solve(gram) -> (weights, said_solved)``. Tolerances are the ones each package ships with. SciPy's
nnls and cvxpy get the triangular factor of the gradients instead, which is the better-conditioned
form: ``min |R a|``. quadprog wants a positive definite matrix; where it refuses one, it is asked
again with 1e-12 of the mean diagonal added.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import cvxpy as cp
import daqp
import numpy as np
import osqp
import piqp
import quadprog
import torch
from scipy import sparse
from scipy.optimize import nnls
from torchjd.aggregation import MGDAWeighting

Answer = tuple[np.ndarray, bool]
Solve = Callable[[np.ndarray], Answer]

PACKAGES = ("daqp", "quadprog", "piqp", "proxsuite", "scipy", "clarabel", "osqp", "cvxpy")
PACKAGES += ("torch", "torchjd")
# Compiled modules without stubs.
clarabel: Any = importlib.import_module("clarabel")
proxqp: Any = importlib.import_module("proxsuite").proxqp


@dataclass(frozen=True)
class Peer:
    """A solver and what it takes: the Gram matrix, or the factor R with ``R'R = G``."""

    name: str
    prepare: Callable[[int], Solve]
    takes: Literal["gram", "factor"] = "gram"
    slow: bool = False


def by_daqp(m: int) -> Solve:
    """Dual active set (Arnström et al. 2022)."""
    zero, ones = np.zeros(m), np.ones((1, m))
    upper, lower = np.r_[np.full(m, 1e30), 1.0], np.r_[np.zeros(m), 1.0]
    sense = np.zeros(m + 1, dtype=np.int32)
    sense[m] = 5  # an equality

    def solve(gram: np.ndarray) -> Answer:
        x, _, flag, _ = daqp.solve(gram, zero, ones, upper, lower, sense)
        return x, flag == 1

    return solve


def by_quadprog(m: int) -> Solve:
    """Dual active set (Goldfarb & Idnani 1983)."""
    zero = np.zeros(m)
    constraints = np.hstack([np.ones((m, 1)), np.eye(m)])
    right = np.r_[1.0, zero]

    def solve(gram: np.ndarray) -> Answer:
        try:
            return quadprog.solve_qp(gram, zero, constraints, right, 1)[0], True
        except ValueError:
            pass
        try:
            shifted = gram + 1e-12 * gram.trace() / m * np.eye(m)
            return quadprog.solve_qp(shifted, zero, constraints, right, 1)[0], True
        except ValueError:
            return np.full(m, 1 / m), False

    return solve


def by_piqp(m: int) -> Solve:
    """Proximal interior point (Schwan et al. 2023), dense."""
    zero, ones, one = np.zeros(m), np.ones((1, m), order="F"), np.ones(1)

    def solve(gram: np.ndarray) -> Answer:
        solver = piqp.DenseSolver()
        solver.setup(np.asfortranarray(gram), zero, ones, one, x_l=zero)
        status = solver.solve()
        return np.array(solver.result.x), status == piqp.PIQP_SOLVED

    return solve


def by_proxqp(m: int) -> Solve:
    """Augmented Lagrangian (Bambade et al. 2022), dense, with box bounds."""
    zero, ones, one, far = np.zeros(m), np.ones((1, m)), np.ones(1), np.full(m, 1e20)

    def solve(gram: np.ndarray) -> Answer:
        result = proxqp.dense.solve(gram, zero, ones, one, l_box=zero, u_box=far)
        return np.array(result.x), result.info.status == proxqp.PROXQP_SOLVED

    return solve


def by_nnls(m: int) -> Solve:
    """Lawson-Hanson on ``|R y|^2 + c (1'y - 1)^2, y >= 0``, whose minimizer is a up to scale."""
    right = np.r_[np.zeros(m), 1.0]

    def solve(factor: np.ndarray) -> Answer:
        c = float(np.sqrt(np.square(factor).sum(axis=0).min()))
        try:
            y, _ = nnls(np.vstack([factor, np.full((1, m), c)]), c * right)
        except RuntimeError:
            return np.full(m, 1 / m), False
        total = y.sum()
        return (y / total, True) if total > 0 else (np.full(m, 1 / m), False)

    return solve


def by_clarabel(m: int) -> Solve:
    """Interior point (Goulart & Chen 2024), called directly."""
    zero = np.zeros(m)
    constraints = sparse.csc_matrix(np.vstack([np.ones((1, m)), -np.eye(m)]))
    right = np.r_[1.0, zero]
    cones = [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(m)]
    settings = clarabel.DefaultSettings()
    settings.verbose = False

    def solve(gram: np.ndarray) -> Answer:
        upper = sparse.csc_matrix(np.triu(gram))
        solver = clarabel.DefaultSolver(upper, zero, constraints, right, cones, settings)
        solution = solver.solve()
        return np.array(solution.x), solution.status == clarabel.SolverStatus.Solved

    return solve


def by_osqp(m: int) -> Solve:
    """Operator splitting (Stellato et al. 2020)."""
    zero = np.zeros(m)
    constraints = sparse.csc_matrix(np.vstack([np.ones((1, m)), np.eye(m)]))
    lower, upper = np.r_[1.0, zero], np.r_[1.0, np.full(m, np.inf)]

    def solve(gram: np.ndarray) -> Answer:
        solver = osqp.OSQP()
        quadratic = sparse.csc_matrix(np.triu(gram))
        solver.setup(P=quadratic, q=zero, A=constraints, l=lower, u=upper, verbose=False)
        result = solver.solve(raise_error=False)
        return np.array(result.x), result.info.status == "solved"

    return solve


def by_cvxpy(m: int) -> Solve:
    """Clarabel by way of cvxpy, modelling included, since that is what a user waits for."""

    def solve(factor: np.ndarray) -> Answer:
        alpha = cp.Variable(m, nonneg=True)
        simplex = [cp.sum(alpha) == 1]
        # cvxpy's stubs type `==` as if it could be a bool.
        problem = cp.Problem(
            cp.Minimize(cp.sum_squares(factor @ alpha)),
            simplex,  # pyright: ignore[reportArgumentType]
        )
        try:
            problem.solve(solver=cp.CLARABEL)
        except cp.SolverError:
            return np.full(m, 1 / m), False
        if alpha.value is None:
            return np.full(m, 1 / m), False
        return np.asarray(alpha.value), problem.status == "optimal"

    return solve


def by_the_paper(m: int) -> Solve:
    """100 accelerated projected gradient steps, the paper's choice, in torch."""
    count = torch.arange(1, m + 1, dtype=torch.float64)

    def project(v: torch.Tensor) -> torch.Tensor:
        descending = torch.sort(v, descending=True).values
        excess = (torch.cumsum(descending, 0) - 1) / count
        last = int((descending > excess).sum()) - 1
        return torch.clamp(v - excess[last], min=0.0)

    def solve(gram: np.ndarray) -> Answer:
        g = torch.from_numpy(gram)
        step = 1.0 / torch.linalg.matrix_norm(g, 2)
        weights = previous = torch.full((m,), 1.0 / m, dtype=torch.float64)
        for k in range(100):
            ahead = weights + k / (k + 3) * (weights - previous)
            previous, weights = weights, project(ahead - step * (g @ ahead))
        return weights.numpy(), True  # it has no stopping test, so it always claims success

    return solve


def by_mgda(m: int) -> Solve:
    """TorchJD's MGDA: Frank-Wolfe."""
    weighting = MGDAWeighting()

    def solve(gram: np.ndarray) -> Answer:
        return weighting(torch.from_numpy(gram)).numpy(), True

    return solve


PEERS = (
    Peer("DAQP", by_daqp),
    Peer("quadprog", by_quadprog),
    Peer("PIQP", by_piqp),
    Peer("ProxQP", by_proxqp),
    Peer("nnls on R", by_nnls, takes="factor"),
    Peer("Clarabel", by_clarabel),
    Peer("OSQP", by_osqp),
    Peer("cvxpy + Clarabel", by_cvxpy, takes="factor", slow=True),
    Peer("the paper, torch", by_the_paper, slow=True),
    Peer("TorchJD MGDA", by_mgda, slow=True),
)


def given(peer: Peer, gradients: np.ndarray) -> np.ndarray:
    """Return what the peer takes."""
    if peer.takes == "gram":
        return gradients @ gradients.T
    m = len(gradients)
    factor = np.zeros((m, m))
    upper: Any = np.linalg.qr(gradients.T, mode="r")
    factor[: len(upper)] = upper
    return factor
