"""`prove_descent`: is gamma a descent direction of phi at theta? By branch and bound, exactly.

With R the largest rate ``<gamma, grad_theta g(theta, .)>`` over S*(theta), Danskin's formula reads
``D(theta; gamma) = R/|gamma|``; for a batch, R is the mean of the samples' (the argmax set is a
product). Cells that cover S* bound R from both sides. Descent, ``R < 0``, is an open condition and
ends as soon as the bounds show it. Its refutation at a kink takes a point that is *exactly* a
maximizer (`ties`). `attempt` holds the search, `sample` what is known of one inner problem.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from danskin.argmax.polynomial import polynomial_terms
from danskin.objective import ExpressionObjective
from danskin.proof.arguments import exact_point, expression_samples, read_seconds, require_width
from danskin.proof.attempt import Attempt, Tell, bounded_sum
from danskin.proof.cover import Cover
from danskin.proof.direction import Direction, read_direction
from danskin.proof.hull import bound_min_norm
from danskin.proof.interval import require_ieee
from danskin.proof.local import LocalProblem
from danskin.proof.result import DescentProof, bounds_text
from danskin.proof.sample import Sample
from danskin.proof.template import groups_of
from danskin.verdict import Verdict

__all__ = ["prove_descent"]

_TOLERANCE = 1e-6
#: What bounds on rho may take, and up to how many samples.
_RHO_SECONDS, _MANY = 3.0, 16


def prove_descent(
    f: Any,
    theta: Any,
    direction: Any,
    *,
    budget: float | None = None,
    tol: float = _TOLERANCE,
    tell: Tell | None = None,
) -> DescentProof:
    """Prove or refute that a direction descends: ``D(theta; gamma) < 0``.

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective, from formulas
        g must be continuous, with a continuous gradient in theta, around theta on all of S; the
        enclosures check it, and what they cannot see to be defined proves nothing.
    theta : (n,) numbers or exact text
        A float means that very binary number: ``0.1`` is not 1/10, ``"0.1"`` is.
    direction : (n,) numbers, "steepest", or "single:i"
        "single:i" is minus the gradient at the i-th of ``maximizers(f, theta)``.
    budget : float, optional
        Seconds; 30 by default. It is looked at between rounds.
    tol : float
        After the verdict, the enclosure of D is tightened to this width, where that is quick.
    tell : callable, optional
        Told the number of cells enclosed so far and the bounds on D, round by round.

    Returns
    -------
    DescentProof

    Raises
    ------
    InvalidInputError
        An objective of callables, a zero direction, wrong shapes, a theta where g is undefined.
    """
    start = time.monotonic()
    samples = expression_samples(f, "a proof")
    require_ieee()
    seconds = read_seconds(budget)
    require_width(tol)
    point = exact_point(theta, f.theta_dim)
    asked, S = read_direction(f, point, direction, seconds)
    if asked.gamma is None:
        return _without_direction(f, samples, point, asked, S, start, seconds, tol)
    deadline = start + seconds
    alone = [([i], None) for i in range(len(samples))]
    attempt = None
    for groups in (groups_of(samples) if _share(samples) else alone, alone):
        states = []
        for indices, shared in groups:
            s = samples[indices[0]]
            problem = LocalProblem(s, point, asked.gamma, shared)
            states.append(Sample(s, point, problem, Cover(problem), tuple(indices), shared))
        attempt = Attempt(states, asked, deadline, tol, tell)
        attempt.run()
        # With theta put in exactly, what cancels there may decide it.
        if attempt.decided or groups is alone or time.monotonic() > deadline:
            break
    assert attempt is not None
    proof = attempt.result(f, point, time.monotonic() - start)
    if asked.text == "steepest":
        rho = _rho(samples, point, asked, proof, deadline, tol)
        proof = replace(proof, rho=rho, seconds=time.monotonic() - start)
    return proof


def _rho(
    samples: Sequence[ExpressionObjective],
    theta: Any,
    asked: Direction,
    proof: DescentProof,
    deadline: float,
    tol: float,
) -> tuple[float, float] | None:
    """Bound rho, where the steepest direction was asked for."""
    if asked.steepest and proof.exact_derivative is not None:
        low, high = proof.derivative
        return max(-high, 0.0), -low
    left = deadline - time.monotonic()
    if len(samples) > _MANY or left <= 0 or not proof.defined:
        return None
    covers = [Cover(LocalProblem(s, theta)) for s in samples]
    end = time.monotonic() + min(left, _RHO_SECONDS)
    found = bound_min_norm(samples, theta, covers, [None] * len(covers), end, tol)
    # rho is at least the rate of any descent direction.
    return max(found.lower, -proof.derivative[1]), found.upper


def _share(samples: Sequence[ExpressionObjective]) -> bool:
    """Whether many samples may share tapes: polynomials are better with theta put in exactly."""
    first = samples[0]
    return len(samples) >= 3 and polynomial_terms(first.expression, first.delta_symbols) is None


def _without_direction(
    f: Any,
    samples: Sequence[ExpressionObjective],
    theta: Any,
    asked: Direction,
    S: Any,
    start: float,
    seconds: float,
    tol: float,
) -> DescentProof:
    """Answer where there is no direction: a stationary theta, a zero gradient, or no result."""
    covers = [Cover(LocalProblem(s, theta)) for s in samples]
    for c in covers:
        for _ in range(30):
            if c.defined or not c.refine(~c.ranges.defined):
                break
    defined = all(c.defined for c in covers)
    rho = None
    if defined and asked.text == "steepest" and not asked.stationary and len(samples) <= _MANY:
        end = start + min(seconds, _RHO_SECONDS)
        found = bound_min_norm(samples, theta, covers, [None] * len(covers), end, tol)
        rho = found.lower, found.upper
    # A least norm of 0 exactly: all gradients there can be are 0.
    nothing = rho is not None and rho[1] == 0
    stationary = (asked.stationary or nothing) and defined
    values = [(c.floor, c.ceiling) for c in covers]
    count = len(covers)
    value = (
        math.nextafter(bounded_sum([v[0] for v in values], -math.inf) / count, -math.inf),
        math.nextafter(bounded_sum([v[1] for v in values], math.inf) / count, math.inf),
    )
    reason = asked.note or "0 lies in the hull of the gradients, by exact weights."
    if nothing:
        reason = "The gradient is 0 wherever a maximizer can be."
    elif rho is not None:
        reason = f"{reason}; rho is in {bounds_text(rho)}, proved."
    if not stationary and asked.stationary:
        reason = "g is not seen to be defined and continuous around theta on all of S."
    # Points found by a search, or under a class that was not believed, are proved nothing of.
    proved = bool(getattr(S, "complete", False)) and all(c.defined for c in covers)
    known = tuple(getattr(S, "exact_deltas", None) or ()) if proved else ()
    return DescentProof(
        verdict=Verdict.REFUTED if stationary else Verdict.UNDECIDED,
        ascent=Verdict.UNDECIDED,
        derivative=(0.0 if stationary else -math.inf, math.inf),
        value=value,
        exact_derivative=None,
        direction=None,
        asked=asked.text,
        steepest=False,
        stationary=stationary,
        maximizers=known,
        maximizers_complete=proved and not getattr(S, "faces", ()),
        boxes=sum(c.evaluated for c in covers),
        seconds=time.monotonic() - start,
        reason=reason,
        theta=theta,
        rho=(0.0, 0.0) if stationary else rho,
        defined=defined,
        evidence=(f, covers),
    )
