"""Algorithm 1 (DDi) and its rivals, on any objective: adversary -> direction -> step, T times.

``theta_{k+1} = theta_k + beta_k v_k``, k = 0..T-1. Only `v_k` differs between the rules: minus one
maximizer's gradient (the false corollary), or the unit steepest direction over all points of the
adversary (Theorem 2). phi may rise all the same: a step is longer than a derivative can see, and
an adversary that is not exact may miss the maximizers that matter. The trace records both the
derivative that the adversary's points promise and the one that the maximizers give.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import sympy

from danskin.argmax.numeric import _differences, projected_ascent
from danskin.derivative import directional_derivative
from danskin.direction import steepest_descent, step_aware
from danskin.errors import DanskinError, InvalidInputError, MissingExtraError
from danskin.exact import exact_number, to_float
from danskin.expression import NumericFunction, parse, symbols_for
from danskin.maximizers import BatchMaximizerSet, MaximizerSet, maximizers
from danskin.minnorm import product_min_norm
from danskin.objective import BatchObjective, MinMaxObjective, as_floats
from danskin.sets import FiniteSet

__all__ = ["Adversary", "ProjectedAscent", "Trace", "descend"]

Objective = MinMaxObjective | BatchObjective
Adversary = Callable[[Objective, np.ndarray, np.random.Generator], Any]
"""``adversary(f, theta (n,), rng) -> deltas (m, k)``, every row a point of S."""

Rule = Literal[
    "single",
    "normalized_single",
    "mean",
    "max",
    "ddi",
    "product",
    "step_aware",
    "trust_region",
]
Evaluate = Literal["maximizers", "adversary"]
Stop = Literal["steps", "stationary", "undecided", "diverged"]

_MAX_PAIRS = 1024
_OUTSIDE = 1e-9


# --- adversaries -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProjectedAscent:
    """Projected gradient ascent in delta from random starts: the paper's heuristic maximizer.

    Parameters
    ----------
    steps : int
        Ascent steps, at least 0; the paper takes 10.
    step_size : number, optional
        Every step is ``delta <- project(delta + step_size * grad_delta g)``. By default the length
        is adapted to the set and to what increases g.
    restarts : int
        m, the number of random starts, uniform on S, and of points returned.

    Notes
    -----
    The points need not be maximizers: on a kink where ``grad_delta g`` vanishes they are their
    random starts. For a batch every sample is attacked on its own, and run j of all samples makes
    the joint perturbation j: m joint points out of up to ``m**B`` (the paper's coupling).
    """

    steps: int = 10
    step_size: float | None = None
    restarts: int = 10

    def __post_init__(self) -> None:
        _integer("steps", self.steps, 0)
        _integer("restarts", self.restarts, 1)
        if self.step_size is not None:
            object.__setattr__(self, "step_size", _constant(self.step_size))

    def __call__(self, f: Objective, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return m points of S, (m, k), for theta (n,)."""
        if isinstance(f, BatchObjective):
            return np.concatenate([self(s, theta, rng) for s in f.samples], axis=1)
        domain = f.domain
        if any(isinstance(s, FiniteSet) for s in getattr(domain, "sets", (domain,))):
            raise InvalidInputError(
                "adversary",
                "projected ascent cannot move between the points of a finite set",
                "Use adversary=None, which compares all of them.",
            )

        def value(deltas: np.ndarray) -> np.ndarray:
            return f.values(theta, deltas)

        differences = _differences(value, domain)

        def slope(deltas: np.ndarray) -> np.ndarray:
            found = f.delta_gradients(theta, deltas)
            found = differences(deltas) if found is None else found
            # Infinite at the simplex's boundary for entropies: a long step, then projected.
            return np.nan_to_num(found, posinf=1e9, neginf=-1e9)

        points = domain.sample(rng, self.restarts)
        if self.step_size is None:
            return projected_ascent(value, slope, points, domain, self.steps)
        for _ in range(self.steps):
            points = domain.project(points + self.step_size * slope(points))
        return points


@dataclass(frozen=True)
class _Sight:
    """What a rule sees: one block of gradients (m_b, n) and values (m_b,), or one a sample.

    A joint gradient is the mean over the blocks of one row of each.
    """

    gradients: tuple[np.ndarray, ...]
    values: tuple[np.ndarray, ...]
    exact: MaximizerSet | BatchMaximizerSet | None = None

    @property
    def points(self) -> int:
        return math.prod(len(g) for g in self.gradients)

    @property
    def value(self) -> float:
        return math.fsum(float(v.max()) for v in self.values) / len(self.values)

    def along(self, v: np.ndarray) -> float:
        """Largest ``<v/|v|, gradient>`` over the joint gradients."""
        if self.exact is not None:
            return float(directional_derivative(self.exact, v))
        each = [float(directional_derivative(g, v)) for g in self.gradients]
        return math.fsum(each) / len(each)

    def conflict(self) -> float | None:
        """Share of pairs of joint gradients with a negative inner product."""
        if self.points < 2:
            return 0.0
        if self.points > _MAX_PAIRS:
            return None
        rows = self.gradients[0]
        for block in self.gradients[1:]:
            rows = (rows[:, None] + block[None]).reshape(-1, rows.shape[1])
        # Signs do not change when a row is scaled, and nothing overflows.
        size = np.abs(rows).max(axis=1, keepdims=True)
        rows = rows / np.where(size > 0, size, 1.0)
        above = np.triu_indices(len(rows), 1)
        return float(np.mean((rows @ rows.T)[above] < 0))


def _sight_of(S: MaximizerSet | BatchMaximizerSet) -> _Sight:
    parts = S.samples if isinstance(S, BatchMaximizerSet) else (S,)
    return _Sight(tuple(s.gradients for s in parts), tuple(s.values for s in parts), S)


def _ask(
    adversary: Adversary, f: Objective, theta: np.ndarray, rng: np.random.Generator, rule: Rule
) -> _Sight:
    deltas = adversary(f, theta.copy(), rng)
    try:
        points = np.array(deltas, dtype=float)
    except (TypeError, ValueError):
        points = np.zeros(0)
    if points.ndim != 2 or points.shape[1] != f.delta_dim or not len(points):
        got = f"shape {points.shape}" if points.size else type(deltas).__name__
        raise InvalidInputError(
            "adversary", f"it returned {got}", f"It must return (m, {f.delta_dim}) points of S."
        )
    if not np.isfinite(points).all():
        raise InvalidInputError("adversary", "it returned NaN or infinity", "Return points of S.")
    off = np.abs(f.domain.project(points) - points).max(axis=1)
    worst = int(np.argmax(off))
    if off[worst] > _OUTSIDE * max(1.0, float(np.abs(points[worst]).max())):
        raise InvalidInputError(
            "adversary",
            f"it returned a point outside S: {points[worst]}",
            "Return f.domain.project(deltas).",
        )
    if rule == "product":
        pairs = list(zip(f.samples, f.domain.slices, strict=True))  # type: ignore[union-attr]
        return _Sight(
            tuple(s.gradients(theta, points[:, w]) for s, w in pairs),
            tuple(s.values(theta, points[:, w]) for s, w in pairs),
        )
    return _Sight((f.gradients(theta, points),), (f.values(theta, points),))


# --- rules -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Move:
    """v, to be multiplied by the step size, or None with the reason; and the weights behind it."""

    v: np.ndarray | None
    weights: np.ndarray
    stop: Stop = "stationary"
    why: str = ""


def _one_gradient(sight: _Sight, chosen: Sequence[int], *, unit: bool = False) -> _Move:
    weights = np.concatenate([np.eye(len(g))[i] for g, i in zip(sight.gradients, chosen)])  # noqa: B905
    v = -np.mean([g[i] for g, i in zip(sight.gradients, chosen, strict=True)], axis=0)
    if not v.any():
        return _Move(None, weights, why="the gradient at the chosen point is 0")
    return _Move(_unit(v) if unit else v, weights)


def _move(rule: Rule, sight: _Sight, size: float, rng: np.random.Generator | None) -> _Move:
    """Return the rule's v from what it sees; the step is ``size * v``."""
    if rule in ("single", "normalized_single"):
        counts = [len(g) for g in sight.gradients]
        chosen = [0 if rng is None else int(rng.integers(m)) for m in counts]
        return _one_gradient(sight, chosen, unit=rule == "normalized_single")
    if rule == "max":
        return _one_gradient(sight, [int(np.argmax(v)) for v in sight.values])
    if rule == "mean":
        weights = np.concatenate([np.full(len(g), 1 / len(g)) for g in sight.gradients])
        v = -np.mean([g.mean(axis=0) for g in sight.gradients], axis=0)
        return _Move(v, weights) if v.any() else _Move(None, weights, why="the mean gradient is 0")
    if rule in ("step_aware", "trust_region") and sight.exact is None:
        return _step_aware(rule, sight, size)
    if sight.exact is None and len(sight.gradients) > 1:
        result = product_min_norm(list(sight.gradients))
        direction = None
        if result.status != "stationary" and result.lower_bound > 0:
            direction = -_unit(result.point)
        stationary = result.status == "stationary"
    else:
        found = steepest_descent(sight.gradients[0] if sight.exact is None else sight.exact)
        result, direction, stationary = found.min_norm, found.direction, found.stationary
    if direction is None:
        return _Move(
            None, result.weights, "stationary" if stationary else "undecided", result.explain()
        )
    # Over maximizers, all tied at phi, the step-aware step is the min-norm point times its length.
    unnormalised = rule == "step_aware"
    return _Move(-result.point if unnormalised else direction, result.weights)


def _step_aware(rule: Rule, sight: _Sight, size: float) -> _Move:
    how = {"step": size} if rule == "step_aware" else {"radius": size}
    found = step_aware(sight.gradients[0], sight.values[0], **how)
    v = found.displacement / size
    if not v.any():
        settled = found.stationary or found.solution.status == "optimal"
        return _Move(
            None, found.weights, "stationary" if settled else "undecided", found.explain()
        )
    return _Move(v, found.weights)


# --- the loop --------------------------------------------------------------------------------------


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
        What is done with the gradients at the adversary's points. Steps of the first three are
        ``step_size`` times a gradient, of "normalized_single", "ddi", "product" and
        "trust_region" at most ``step_size`` long:

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
    rule = _one_of("rule", rule, get_args(Rule))
    evaluate = _one_of("evaluate", evaluate, get_args(Evaluate))
    if rule == "product" and not isinstance(f, BatchObjective):
        raise InvalidInputError("rule", '"product" needs a BatchObjective', 'Use "ddi".')
    steps = _integer("steps", steps, 0)
    sizes = _step_sizes(step_size, steps)
    if adversary is not None and not callable(adversary):
        raise InvalidInputError(
            "adversary", f"{adversary!r} is not callable", "Pass None or dk.ProjectedAscent()."
        )
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise InvalidInputError(
            "rng", f"{rng!r} is not a Generator", "Pass numpy.random.default_rng(seed)."
        )
    draw = np.random.default_rng(0) if rng is None else rng

    def look(at: Any, theta: np.ndarray) -> tuple[MaximizerSet | BatchMaximizerSet | None, _Sight]:
        if adversary is None:
            S = maximizers(f, at, rng=rng)
            return S, _sight_of(S)
        S = maximizers(f, at) if evaluate == "maximizers" else None
        return S, _ask(adversary, f, theta, draw, rule)

    log = _Log(rule, steps)
    theta = start
    S, sight = look(theta0, theta)
    log.at(theta, S, sight)
    for k in range(steps):
        size = float(sizes[k])
        move = _move(rule, sight, size, rng)
        if move.v is None and adversary is None and (rng is None or "single" not in rule):
            return log.close(move.stop, f"after {_count(k)}: {move.why}")
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
    return log.close("steps", f"all {_count(steps)} done")


@dataclass
class _Log:
    """Collects a run, step by step."""

    rule: Rule
    asked: int
    rows: dict[str, list[Any]] = field(default_factory=dict)
    skipped: list[tuple[int, str]] = field(default_factory=list)

    def at(
        self, theta: np.ndarray, S: MaximizerSet | BatchMaximizerSet | None, sight: _Sight
    ) -> None:
        self._add(
            thetas=theta,
            values=sight.value if S is None else S.value,
            complete=False if S is None else S.complete,
        )

    def step(
        self,
        k: int,
        move: _Move,
        size: float,
        S: MaximizerSet | BatchMaximizerSet | None,
        sight: _Sight,
    ) -> None:
        derivative, bound, promised = 0.0, "none", 0.0
        if move.v is None:
            self.skipped.append((k, move.why))
        else:
            promised = sight.along(move.v)
            derivative, bound = promised, "empirical"
            if S is not None:
                true = directional_derivative(S, move.v)
                derivative, bound = float(true), true.bound
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
            points=np.array(r.get("points", []), dtype=int),
            weights=tuple(r.get("weights", [])),
            conflict=tuple(r.get("conflict", [])),
            skipped=tuple(self.skipped),
            stop=stop,
            reason=reason,
            asked=self.asked,
        )


# --- the result ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """A run of Algorithm 1: T steps, T + 1 iterates.

    Attributes
    ----------
    rule : str
    thetas : ndarray (T+1, n)
        ``thetas[k+1] = thetas[k] + step_sizes[k] * directions[k]``.
    values : ndarray (T+1,)
        phi at the iterates, exact to rounding where `complete`, else a lower bound.
    complete : ndarray (T+1,) of bool
        Whether the maximizers behind `values` are proved to be all.
    directions : ndarray (T, n)
        v, unit for the normalised rules; zeros where the step was skipped.
    step_sizes : ndarray (T,)
    derivatives : ndarray (T,)
        ``D(theta_k; v_k)`` per unit length over the maximizers of phi; 0 where skipped.
    bounds : tuple of T texts
        What `derivatives` are: "exact", "lower" (not all maximizers known), "empirical" (over the
        adversary's points, which need not be maximizers), "none" (skipped).
    promised : ndarray (T,)
        The same maximum over the adversary's points: what the rule believes.
    points : ndarray (T,) of int
        How many points the adversary gave; for exact maximizers of a batch, the joint ones.
    weights : tuple of T ndarrays (m,)
        Of the gradients in the direction; one simplex a sample where samples are separate.
    conflict : tuple of T floats or None
        Share of the pairs of gradients with a negative inner product; None past 1024 joint points.
    skipped : tuple of (k, reason)
        Steps that were not taken.
    stop : "steps", "stationary", "undecided" or "diverged"
    reason : str
    asked : int
        The number of steps that was asked for.
    """

    rule: str
    thetas: np.ndarray
    values: np.ndarray
    complete: np.ndarray
    directions: np.ndarray
    step_sizes: np.ndarray
    derivatives: np.ndarray
    bounds: tuple[str, ...]
    promised: np.ndarray
    points: np.ndarray
    weights: tuple[np.ndarray, ...]
    conflict: tuple[float | None, ...]
    skipped: tuple[tuple[int, str], ...]
    stop: Stop
    reason: str
    asked: int

    def __post_init__(self) -> None:
        for array in (v for v in vars(self).values() if isinstance(v, np.ndarray)):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.step_sizes)

    @property
    def rises(self) -> np.ndarray:
        """The steps k after which phi is higher, ``values[k+1] > values[k]``."""
        return np.flatnonzero(np.diff(self.values) > 0)

    def explain(self) -> str:
        """Say in a few sentences what happened, and what to try next."""
        known = "" if self.complete.all() else " (lower bounds: not all maximizers are proved)"
        text = [
            f"Rule {self.rule!r}: phi went from {self.values[0]:.6g} to {self.values[-1]:.6g}, "
            f"lowest {self.values.min():.6g}, in {_count(len(self))}{known}."
        ]
        if self.rises.size:
            uphill = self.derivatives[self.rises] >= 0
            text.append(
                f"It rose on {_count(self.rises.size)}: on {int(uphill.sum())} the direction was no "
                f"descent direction, on {int((~uphill).sum())} the step went too far."
            )
            broken = (self.promised < 0) & (self.derivatives >= 0)
            if broken.any():
                text.append(
                    f"On {_count(int(broken.sum()))} the adversary's points promised descent and the "
                    "maximizers deny it; more restarts, or adversary=None, would show why."
                )
            elif uphill.any() and self.rule in ("single", "normalized_single", "mean", "max"):
                text.append('Try rule="ddi".')
            elif self.rule != "step_aware":
                text.append('Try a smaller or a decreasing step_size, or rule="step_aware".')
        if self.skipped:
            k, why = self.skipped[0]
            text.append(f"Skipped {_count(len(self.skipped))}, the first at k = {k}: {why}")
        text.append(f"Stopped ({self.stop}): {self.reason}")
        return " ".join(t if t.endswith(".") else f"{t}." for t in text)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        plain: dict[str, Any] = {}
        for name, value in vars(self).items():
            plain[name] = value.tolist() if isinstance(value, np.ndarray) else value
        plain["weights"] = [w.tolist() for w in self.weights]
        plain["bounds"], plain["conflict"] = list(self.bounds), list(self.conflict)
        plain["skipped"] = [list(s) for s in self.skipped]
        return plain

    def to_frame(self) -> Any:
        """Return a pandas DataFrame, one row an iterate; a step's columns are NA in the last row.

        Raises
        ------
        MissingExtraError
            pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtraError("pandas", "notebooks") from None
        columns: dict[str, Any] = {f"theta_{i}": c for i, c in enumerate(self.thetas.T)}
        columns |= {"phi": self.values, "complete": self.complete}
        steps = {
            "step_size": (self.step_sizes, "Float64"),
            "derivative": (self.derivatives, "Float64"),
            "bound": (self.bounds, "string"),
            "promised": (self.promised, "Float64"),
            "points": (self.points, "Int64"),
            "conflict": (self.conflict, "Float64"),
        }
        for name, (values, dtype) in steps.items():
            listed = [pd.NA if v is None else v for v in [*values, None]]
            columns[name] = pd.array(listed, dtype=dtype)
        return pd.DataFrame(columns, index=pd.RangeIndex(len(self.values), name="k"))

    def __repr__(self) -> str:
        few = len(self) < self.asked
        steps = f"{len(self)} of {_count(self.asked)}" if few else _count(len(self))
        relation = "" if self.complete.all() else ", lower bounds"
        stop = "" if self.stop == "steps" else f", stopped: {self.stop}"
        return (
            f"Trace({self.rule}, {steps}, phi {self.values[0]:.6g} -> {self.values[-1]:.6g}"
            f"{relation}{stop})"
        )


# --- arguments -------------------------------------------------------------------------------------


def _unit(v: np.ndarray) -> np.ndarray:
    # Scaled first: squares of 1e-200 underflow.
    scaled = v / np.abs(v).max()
    return scaled / np.linalg.norm(scaled)


def _count(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"


def _one_of(argument: str, value: Any, allowed: Sequence[str]) -> Any:
    if isinstance(value, str) and value in allowed:
        return value
    close = difflib.get_close_matches(str(value), allowed, n=1)
    remedy = f"Did you mean {close[0]!r}? " if close else ""
    names = ", ".join(map(repr, allowed))
    raise InvalidInputError(argument, f"{value!r} is unknown", f"{remedy}Use one of {names}.")


def _integer(argument: str, value: Any, least: int) -> int:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise InvalidInputError(
            argument, f"{value!r} is not an integer", f"Pass an integer >= {least}."
        )
    if value < least:
        raise InvalidInputError(
            argument, f"{value} is less than {least}", f"Pass an integer >= {least}."
        )
    return int(value)


def _positive(value: float, argument: str, where: str) -> float:
    if not (math.isfinite(value) and value > 0):
        raise InvalidInputError(
            argument, f"{where} is {value}", "Step sizes are positive finite numbers."
        )
    return value


def _step_sizes(step_size: Any, steps: int) -> np.ndarray:
    """Return the sizes of steps k = 1..T, (T,), each checked."""
    ks = np.arange(1, steps + 1)
    if isinstance(step_size, str):
        (k,) = symbols_for(["k"], "step_size")
        schedule = parse(step_size, [k], "step_size")
        with np.errstate(all="ignore"):
            found = NumericFunction([schedule], [k], to_float)(ks.astype(float))[0]
        sizes = np.broadcast_to(found, ks.shape)
    elif callable(step_size) and not isinstance(step_size, sympy.Basic):
        sizes = np.array([_number(step_size(int(k)), f"step_size({k})") for k in ks])
    else:
        return np.full(ks.shape, _constant(step_size))
    for k, size in zip(ks, sizes, strict=True):
        _positive(float(size), "step_size", f"the size of step k = {k}")
    return np.asarray(sizes, dtype=float)


def _constant(value: Any) -> float:
    number = exact_number(value, "step_size")
    try:
        size = to_float(number)
    except InvalidInputError as error:
        raise InvalidInputError("step_size", error.problem, error.remedy) from None
    return _positive(size, "step_size", "it")


def _number(value: Any, what: str) -> float:
    try:
        if isinstance(value, (bool, str)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInputError(
            "step_size", f"{what} is {value!r}", "The callable must return a number."
        ) from None
