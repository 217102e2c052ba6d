"""Theorem 2's program for thousands of small Gram matrices at once, on their own device.

    minimise  a' G a  over the simplex,  for every G of a batch in lockstep

Each round makes, for all problems together, a pairwise step (weight from the point of the support
that gains most to the point of least ``w = G a``) and a Newton step on the face of the support:
the minimizer of ``a' G a`` over ``sum a = 1`` solves a system with ``G + c 1 1'``, masked to the
support and scaled to unit diagonal, through `torch.linalg.cholesky_ex`. A step that leaves the
simplex is cut at its boundary, or clipped where that is lower. Every step is one of descent,
whatever the support's rank: a proximal term of the size of rounding keeps the factorisation
regular, and since each round starts from the weights it has, the term is forgotten.

The batch never leaves its device. What the host reads is single truth values: whether the input is
valid, and from time to time whether all problems are done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from danskin.errors import InvalidInputError

__all__ = ["BatchedMinNorm", "min_norm_weights"]

EPS = 2.0**-52
NOT_SYMMETRIC = 1e-6
# Rounds between two looks at whether all are done, where looking means waiting for the device.
LOOK = 4
# Rounds without headway after which a problem is left as it is.
PATIENCE = 3


@dataclass(frozen=True, eq=False, repr=False)
class BatchedMinNorm:
    """Min-norm weights of a batch, each problem with its two-sided bounds.

    Attributes
    ----------
    weights : Tensor (..., m), float64
        On the simplex, within rounding.
    norm, lower_bound : Tensor (...), float64
        ``lower_bound <= rho <= norm`` for the matrix as given, rounding included.
    stationary : Tensor (...), bool
        `norm` is at most the length below which the Gram matrix, in the precision it was given in,
        cannot tell the point from 0.
    optimal : Tensor (...), bool
        Not stationary, and ``norm - lower_bound <= tol * norm``. Where neither mask holds the
        problem is undecided.
    tol : float
    """

    weights: Tensor
    norm: Tensor
    lower_bound: Tensor
    stationary: Tensor
    optimal: Tensor
    tol: float

    @property
    def gap(self) -> Tensor:
        """``norm - lower_bound`` (...): the most by which `norm` can exceed rho."""
        return self.norm - self.lower_bound

    @property
    def undecided(self) -> Tensor:
        """Mask (...) of the problems that are neither optimal nor stationary."""
        return ~(self.optimal | self.stationary)

    def _counts(self) -> tuple[int, int, int, int]:
        total = self.optimal.numel()
        optimal, stationary = int(self.optimal.sum()), int(self.stationary.sum())
        return total, optimal, stationary, total - optimal - stationary

    def explain(self) -> str:
        """Say in a sentence what was found, and what to try next."""
        total, optimal, stationary, undecided = self._counts()
        found = (
            f"Of {total} problems {optimal} are optimal (relative gap at most {self.tol:.2g}) and "
            f"{stationary} stationary (0 in the hull, up to the rounding of the Gram matrix); "
        )
        if not undecided:
            return found + "none is undecided."
        return found + (
            f"{undecided} are undecided: their bounds stand, and are further apart. Give "
            "danskin.min_norm_point the gradients themselves, or allow a larger tol."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain Python values, ready for JSON."""
        return {
            "weights": self.weights.tolist(),
            "norm": self.norm.tolist(),
            "lower_bound": self.lower_bound.tolist(),
            "stationary": self.stationary.tolist(),
            "optimal": self.optimal.tolist(),
            "tol": self.tol,
        }

    def __repr__(self) -> str:
        total, optimal, stationary, undecided = self._counts()
        return (
            f"BatchedMinNorm({total} of m={self.weights.shape[-1]}: {optimal} optimal, "
            f"{stationary} stationary, {undecided} undecided)"
        )


@torch.no_grad()
def min_norm_weights(grams: Tensor, *, tol: float = 1e-9) -> BatchedMinNorm:
    """Return the min-norm weights for each Gram matrix of a batch (Theorem 2, eq. (14)).

    Parameters
    ----------
    grams : Tensor (..., m, m)
        ``gradients @ gradients.mT``, symmetric and positive semidefinite up to rounding, on any
        device that computes in float64.
    tol : float
        Relative gap between the bounds up to which a problem counts as optimal.

    Returns
    -------
    BatchedMinNorm
        On the device of `grams`, in float64, without a graph.

    Raises
    ------
    InvalidInputError
        If `grams` is not a floating-point tensor of square matrices, or holds NaN, infinity, a
        negative diagonal entry, or a matrix that is not symmetric or not positive semidefinite.
    """
    if not (isinstance(tol, (int, float)) and not isinstance(tol, bool) and 0 < tol < float("inf")):
        raise InvalidInputError("tol", f"is {tol!r}", "Pass a positive finite number.")
    _check_form(grams)
    unit = max(EPS, torch.finfo(grams.dtype).eps)
    shape = grams.shape[:-1]
    m = shape[-1]
    given = grams.detach().reshape(-1, m, m).to(torch.float64)
    _check_entries(given, grams.dtype)
    # Powers of four: exact, and the weights do not change.
    exponent = (torch.frexp(given.abs().amax((1, 2))).exponent + 1) // 2
    gram = torch.ldexp(given, -2 * exponent[:, None, None])
    gram = 0.5 * (gram + gram.mT)
    weights = _minimise(gram, unit, look=1 if gram.device.type == "cpu" else LOOK)
    norm, lower, size = _bounds(gram, weights)
    rounding = ((m + 8) * unit) ** 0.5 * size
    stationary = norm <= rounding
    optimal = ~stationary & (norm - lower <= tol * norm)
    return BatchedMinNorm(
        weights.reshape(shape),
        _outward(norm, exponent, float("inf")).reshape(shape[:-1]),
        _outward(lower, exponent, 0.0).reshape(shape[:-1]),
        stationary.reshape(shape[:-1]),
        optimal.reshape(shape[:-1]),
        float(tol),
    )


def _check_form(grams: Tensor) -> None:
    remedy = "Pass a floating-point tensor (..., m, m) of Gram matrices, m >= 1."
    if not isinstance(grams, Tensor):
        raise InvalidInputError("grams", f"is a {type(grams).__name__}, not a tensor", remedy)
    if not grams.is_floating_point():
        raise InvalidInputError("grams", f"holds entries of type {grams.dtype}", remedy)
    if grams.dim() < 2 or grams.shape[-1] != grams.shape[-2] or grams.shape[-1] == 0:
        raise InvalidInputError("grams", f"has shape {tuple(grams.shape)}", remedy)
    if grams.device.type == "mps":
        raise InvalidInputError(
            "grams", "is on a device without float64", "Pass grams.cpu(); the result is small."
        )


def _check_entries(grams: Tensor, dtype: torch.dtype) -> None:
    """Read one truth value; look closer only if it is bad news."""
    if grams.shape[0] == 0:
        return
    diagonal = grams.diagonal(dim1=1, dim2=2)
    lengths = diagonal.clamp(min=0.0).sqrt()
    slack = max(NOT_SYMMETRIC, 8 * torch.finfo(dtype).eps)
    if bool(_is_plain(grams, lengths, slack)):
        return
    bound = lengths[:, :, None] * lengths[:, None, :]
    tiny = torch.finfo(dtype).tiny
    finite = grams.isfinite().all()
    nonnegative = (diagonal >= 0).all()
    symmetric = ((grams - grams.mT).abs() <= slack * bound + tiny).all()
    # Normalised to unit diagonal, with a little added; a gradient of length 0 is checked by itself.
    semidefinite = (grams.abs() <= (1 + slack) * bound + tiny).all()
    inverse = torch.where(lengths > 0, lengths, torch.ones_like(lengths)).reciprocal()
    normalised = grams * inverse[:, :, None] * inverse[:, None, :]
    normalised.diagonal(dim1=1, dim2=2).fill_(1.0 + slack)
    semidefinite &= (torch.linalg.cholesky_ex(normalised.nan_to_num()).info == 0).all()
    if bool(finite & nonnegative & symmetric & semidefinite):
        return
    if not bool(finite):
        raise InvalidInputError(
            "grams", "holds NaN or infinity", "Every entry must be a finite number."
        )
    problem = (
        "holds a negative diagonal entry"
        if not bool(nonnegative)
        else "holds a matrix that is not symmetric"
        if not bool(symmetric)
        else "holds a matrix that is not positive semidefinite"
    )
    raise InvalidInputError("grams", problem, "Pass gradients @ gradients.mT.")


def _is_plain(grams: Tensor, lengths: Tensor, slack: float) -> Tensor:
    """Whether all is well, no length is 0 and nothing underflows: in few passes over the batch."""
    inverse = lengths.reciprocal()
    normalised = grams * inverse[:, :, None] * inverse[:, None, :]
    # NaN and infinity, also those of a division by 0, come through and compare false.
    possible = torch.linalg.vector_norm(normalised, torch.inf) <= 1 + slack
    symmetric = torch.linalg.vector_norm(normalised - normalised.mT, torch.inf) <= slack
    normalised.diagonal(dim1=1, dim2=2).fill_(1.0 + slack)
    factorised = torch.linalg.cholesky_ex(normalised).info == 0
    return possible & symmetric & factorised.all()


def _minimise(gram: Tensor, unit: float, look: int) -> Tensor:
    """Return the weights (b, m) for scaled Gram matrices (b, m, m).

    Every `look` rounds the host asks whether all are done; if looking costs nothing (1), problems
    that are done leave the batch at once.
    """
    b, m, _ = gram.shape
    diagonal = gram.diagonal(dim1=1, dim2=2).contiguous()
    root = diagonal.sqrt()
    c = diagonal.amin(1)
    c = torch.where(c > 0, c, torch.ones_like(c))
    scale = (diagonal + c[:, None]).rsqrt()
    matrix = (gram + c[:, None, None]) * scale[:, :, None] * scale[:, None, :]
    weights = torch.zeros_like(diagonal).scatter_(1, diagonal.argmin(1, keepdim=True), 1.0)
    w = (gram @ weights[:, :, None])[:, :, 0]
    for _ in range(m):
        weights, w = _pairwise_step(gram, diagonal, weights, w)
    best, least = weights.clone(), torch.full_like(c, float("inf"))
    lowest, patience = least.clone(), torch.full_like(c, PATIENCE)
    live = torch.arange(b, device=gram.device)
    for turn in range(10 + 4 * m):
        weights = _newton_step(gram, matrix, scale, weights, w, unit)
        w = (gram @ weights[:, :, None])[:, :, 0]
        square = (weights * w).sum(1)
        gap = square - w.amin(1)
        size = (weights * root).sum(1)
        rounding = 0.25 * EPS * size * size
        before = least[live]
        headway = (gap < 0.5 * before) | (square < lowest - 4 * rounding)
        patience = torch.where(headway, PATIENCE, patience - 1)
        lowest = torch.minimum(lowest, square)
        better = gap < before
        best[live] = torch.where(better[:, None], weights, best[live])
        least[live] = torch.where(better, gap, before)
        # Below 8 roundings the point is stationary for certain, and digits mean nothing.
        going = (gap > torch.maximum(1e-15 * square, rounding)) & (patience > 0)
        going &= square > 8 * rounding
        if turn % look == look - 1:
            if not bool(going.any()):
                break
            if look == 1:
                kept = going.nonzero()[:, 0]
                if kept.numel() < live.numel():
                    live, lowest, patience = live[kept], lowest[kept], patience[kept]
                    gram, matrix, diagonal = gram[kept], matrix[kept], diagonal[kept]
                    root, scale, weights, w = root[kept], scale[kept], weights[kept], w[kept]
        weights, w = _pairwise_step(gram, diagonal, weights, w)
    return best


def _pairwise_step(
    gram: Tensor, diagonal: Tensor, weights: Tensor, w: Tensor
) -> tuple[Tensor, Tensor]:
    """Move weight to the point of least w from the one that then gains most, exactly."""
    to = w.argmin(1, keepdim=True)
    row = gram.gather(1, to[:, :, None].expand(-1, -1, gram.shape[2]))[:, 0]
    drop = w - w.gather(1, to)
    curvature = diagonal + diagonal.gather(1, to) - 2.0 * row
    free = drop / curvature.clamp(min=1e-300)
    length = torch.minimum(weights, free)
    gain = length * (drop - 0.5 * curvature * length)
    away = gain.argmax(1, keepdim=True)
    step = length.gather(1, away).clamp(min=0.0)
    other = gram.gather(1, away[:, :, None].expand(-1, -1, gram.shape[2]))[:, 0]
    # A step of the whole weight leaves exactly 0.
    weights = weights.scatter_add(1, away, -step).scatter_add(1, to, step)
    return weights, w + step * (row - other)


def _newton_step(
    gram: Tensor, matrix: Tensor, scale: Tensor, weights: Tensor, w: Tensor, unit: float
) -> Tensor:
    """Step to the minimizer over the affine hull of the support, or as far as is feasible."""
    m = weights.shape[1]
    inside = (weights > 0).to(weights.dtype)
    masked = matrix * inside[:, :, None] * inside[:, None, :]
    masked.diagonal(dim1=1, dim2=2).fill_(1.0 + 16 * m * unit)
    factor, failed = torch.linalg.cholesky_ex(masked)
    # Centred, since only differences of w count and a common part would drown them.
    square = (weights * w).sum(1, keepdim=True)
    rows = inside * scale
    right = torch.stack(((w - square) * rows, rows), 2)
    minus, ones = torch.cholesky_solve(right, factor).unbind(2)
    minus, ones = minus * rows, ones * rows
    step = ones * (minus.sum(1, keepdim=True) / ones.sum(1, keepdim=True)) - minus
    usable = (failed == 0)[:, None] & step.isfinite()
    step = torch.where(usable, step, torch.zeros_like(step))
    falling = step < 0
    ratio = torch.where(falling, weights / -step, torch.inf)
    length = ratio.amin(1, keepdim=True).clamp(max=1.0)
    cut = (weights + length * step).clamp(min=0.0)
    cut = torch.where(ratio <= length, torch.zeros_like(cut), cut)
    clipped = (weights + step).clamp(min=0.0)
    clipped = clipped / clipped.sum(1, keepdim=True)
    # On the way to its minimizer the square falls like 2 t - t^2.
    lower = square + (2.0 * length - length * length) * (step * w).sum(1, keepdim=True)
    value = (clipped * (gram @ clipped[:, :, None])[:, :, 0]).sum(1, keepdim=True)
    chosen = torch.where(value < lower, clipped, cut)
    return chosen / chosen.sum(1, keepdim=True)


def _bounds(gram: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return ``norm >= rho >= lower`` for scaled matrices, and ``sum a_i |g_i|``.

    ``min_i <u, g_i> <= rho <= |x|`` with u along x, all from the Gram matrix. A sum of m terms in
    any order errs by at most m eps times the sum of its absolute terms.
    """
    m = weights.shape[1]
    tiny = 2.0**-1000
    size = (weights * gram.diagonal(dim1=1, dim2=2).sqrt()).sum(1)
    inner = (gram @ weights[:, :, None])[:, :, 0]
    error = (m + 4) * EPS * (gram.abs() @ weights[:, :, None])[:, :, 0] + tiny
    square = (weights * inner).sum(1)
    square_error = (weights * (error + (m + 4) * EPS * inner.abs())).sum(1) + tiny
    defect = (weights.sum(1) - 1.0).abs() + (m + 8) * EPS
    length = (square.clamp(min=0.0) + square_error).sqrt() * (1 + 4 * EPS)
    upper = length * (1 + 2 * defect)
    lower = (inner - error).amin(1).clamp(min=0.0) / length * (1 - 2 * defect)
    exact = size == 0.0  # all the weight on zero gradients: x is exactly 0
    zero = torch.zeros_like(upper)
    return torch.where(exact, zero, upper), torch.where(exact, zero, lower), size


def _outward(value: Tensor, exponent: Tensor, away: float) -> Tensor:
    """Return ``value * 2**exponent``, one place further `away` where that is not exact."""
    result = torch.ldexp(value, exponent)
    exact = torch.ldexp(result, -exponent) == value
    return torch.where(exact, result, torch.nextafter(result, torch.full_like(result, away)))
