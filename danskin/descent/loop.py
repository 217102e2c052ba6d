"""The loop of Algorithm 1, with its log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from danskin.derivative import directional_derivative
from danskin.descent.adversaries import Adversary, Objective, Sight, ask, sight_of
from danskin.descent.arguments import integer, one_of, step_sizes
from danskin.descent.rules import RULES, Move, Rule, choose_move
from danskin.descent.trace import Stop, Trace, count_steps
from danskin.errors import DanskinError, InvalidInputError
from danskin.maximizers import BatchMaximizerSet, MaximizerSet, maximizers
from danskin.objective import BatchObjective, MinMaxObjective, as_floats

__all__ = ["descend"]

Evaluate = Literal["maximizers", "adversary"]


def descend(
    f: Objective,
    theta0: Any,
    *,
    rule: Rule = "ddi",
    steps: int,
    step_size: Any,
    adversary: Adversary | None = None,
    rng: np.random.Generator | None = None,
    evaluate: Evaluate = "maximizers",
) -> Trace:
    """Run Algorithm 1, or a rival of it, and keep everything.

    Parameters
    ----------
    f : MinMaxObjective or BatchObjective
    theta0 : (n,) numbers or exact text
        Taken exactly in the first step where it is exact; later iterates are float64.
    rule : str
        What is done with the gradients at the adversary's points. The steps of "single", "mean",
        "max" and "step_aware" are ``step_size`` times a mean of gradients; the others' are
        ``step_size`` long (of "trust_region", at most):

        - "single": minus the gradient at one point, the first or, with `rng`, a random one (the
          false corollary says that any will do);
        - "mean", "max": minus the mean gradient, or the gradient at the highest value (PGD-max);
        - "normalized_single": "single", scaled to unit length;
        - "ddi": the unit steepest direction over all the points (Theorem 2);
        - "product": "ddi" over all combinations of the samples' points; batches only;
        - "step_aware": the minimizer of ``max_j (g_j + <grad g_j, d>) + |d|^2 / (2 step_size)``;
        - "trust_region": the minimizer of that maximum over ``|d| <= step_size``.
    steps : int
        T >= 0.
    step_size : number, callable or text
        A number, a callable of k = 1, 2, ..., or a formula in k such as ``"0.5/sqrt(k)"`` (parsed,
        never evaluated as code). All T sizes are computed, and checked, before the first step.
    adversary : callable ``(f, theta, rng) -> deltas (m, k)``, optional
        By default `danskin.maximizers`, which is exact where it can be; else `ProjectedAscent` or
        any function that returns points of S.
    rng : numpy.random.Generator, optional
        For the adversary and for "single"; by default the adversary gets a fixed seed.
    evaluate : "maximizers" or "adversary"
        Where phi and the true derivatives come from: `danskin.maximizers` at every iterate, or the
        adversary's own points (cheap; then phi is a lower bound, the derivative is empirical).

    Returns
    -------
    Trace
        Where no direction is found the run stops, or, with an adversary or a choice that may turn
        out otherwise next time, skips the step; either way the reason is recorded. A run that
        diverges stops at its last finite iterate.

    Raises
    ------
    InvalidInputError
        A bad argument, or an adversary that returns something else than points of S.

    Examples
    --------
    >>> import danskin as dk
    >>> f = dk.MinMaxObjective.from_expression(
    ...     "theta*delta", theta=["theta"], delta=["delta"], domain=dk.Interval(-1, 1)
    ... )
    >>> dk.descend(f, [1], steps=3, step_size="1/2")
    Trace(ddi, 2 of 3 steps, phi 1 -> 0, stopped: stationary)
    """
    if not isinstance(f, (MinMaxObjective, BatchObjective)):
        raise InvalidInputError(
            "f", f"{f!r} is not an objective", "Pass a MinMaxObjective or a BatchObjective."
        )
    start = as_floats(theta0, "theta0", f.theta_dim)
    rule = one_of("rule", rule, RULES)
    evaluate = one_of("evaluate", evaluate, get_args(Evaluate))
    if rule == "product" and not isinstance(f, BatchObjective):
        raise InvalidInputError("rule", '"product" needs a BatchObjective', 'Use "ddi".')
    count = integer("steps", steps, 0)
    sizes = step_sizes(step_size, count)
    if adversary is not None and not callable(adversary):
        raise InvalidInputError(
            "adversary", f"{adversary!r} is not callable", "Pass None or dk.ProjectedAscent()."
        )
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise InvalidInputError(
            "rng", f"{rng!r} is not a Generator", "Pass numpy.random.default_rng(seed)."
        )
    draw = np.random.default_rng(0) if rng is None else rng

    def look(at: Any, theta: np.ndarray) -> tuple[MaximizerSet | BatchMaximizerSet | None, Sight]:
        if adversary is None:
            S = maximizers(f, at, rng=rng)
            return S, sight_of(S)
        S = maximizers(f, at) if evaluate == "maximizers" else None
        return S, ask(adversary, f, theta, draw, separate=rule == "product")

    log = Log(rule, count)
    theta = start
    S, sight = look(theta0, theta)
    log.at(theta, S, sight)
    for k in range(count):
        size = float(sizes[k])
        move = choose_move(rule, sight, size, rng)
        if move.v is None and adversary is None and (rng is None or "single" not in rule):
            return log.close(move.stop, f"after {count_steps(k)}: {move.why}")
        with np.errstate(over="ignore", invalid="ignore"):
            after = theta if move.v is None else theta + size * move.v
        if not np.isfinite(after).all():
            return log.close("diverged", f"step {k + 1} leaves the range of float64: {after}")
        try:
            following = look(after, after)
        except DanskinError as error:
            if getattr(error, "argument", "") == "adversary":
                raise
            return log.close("diverged", f"step {k + 1} leads to theta = {after}, where {error}")
        log.step(k, move, size, S, sight)
        theta, (S, sight) = after, following
        log.at(theta, S, sight)
    return log.close("steps", f"all {count_steps(count)} done")


@dataclass
class Log:
    """Collects a run, step by step."""

    rule: Rule
    asked: int
    rows: dict[str, list[Any]] = field(default_factory=dict)
    skipped: list[tuple[int, str]] = field(default_factory=list)

    def at(
        self, theta: np.ndarray, S: MaximizerSet | BatchMaximizerSet | None, sight: Sight
    ) -> None:
        self._add(
            thetas=theta,
            values=sight.value if S is None else S.value,
            complete=False if S is None else S.complete,
        )

    def step(
        self,
        k: int,
        move: Move,
        size: float,
        S: MaximizerSet | BatchMaximizerSet | None,
        sight: Sight,
    ) -> None:
        derivative, bound, promised = 0.0, "none", 0.0
        if move.v is None:
            self.skipped.append((k, move.why))
        else:
            if S is not None:
                true = directional_derivative(S, move.v)
                derivative, bound = float(true), true.bound
            promised = derivative if sight.exact is not None else sight.along(move.v)
            if S is None:
                derivative, bound = promised, "empirical"
        self._add(
            directions=np.zeros(self.rows["thetas"][0].size) if move.v is None else move.v,
            step_sizes=size,
            derivatives=derivative,
            bounds=bound,
            promised=promised,
            points=sight.points,
            weights=move.weights,
            conflict=sight.conflict(),
        )

    def _add(self, **values: Any) -> None:
        for name, value in values.items():
            self.rows.setdefault(name, []).append(value)

    def close(self, stop: Stop, reason: str) -> Trace:
        r = self.rows
        n = r["thetas"][0].size
        return Trace(
            rule=self.rule,
            thetas=np.array(r["thetas"]),
            values=np.array(r["values"]),
            complete=np.array(r["complete"], dtype=bool),
            directions=np.array(r.get("directions", [])).reshape(-1, n),
            step_sizes=np.array(r.get("step_sizes", [])),
            derivatives=np.array(r.get("derivatives", [])),
            bounds=tuple(r.get("bounds", [])),
            promised=np.array(r.get("promised", [])),
            points=tuple(r.get("points", [])),
            weights=tuple(r.get("weights", [])),
            conflict=tuple(r.get("conflict", [])),
            skipped=tuple(self.skipped),
            stop=stop,
            reason=reason,
            asked=self.asked,
        )
