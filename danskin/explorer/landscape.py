"""The view *Landscape*: contours of phi, what the maximizers say at a point, and runs from it."""

from __future__ import annotations

import functools
import math
import time
from typing import Any

import contourpy
import numpy as np

from danskin.descent import ProjectedAscent, descend
from danskin.errors import InvalidInputError, LimitError
from danskin.explorer import scripts
from danskin.explorer.families import LIMITS
from danskin.explorer.forms import Made, planar
from danskin.explorer.inner import inner_problems, runner_up
from danskin.explorer.payload import (
    MAX_COORDINATE,
    BadRequest,
    Fields,
    integer,
    number,
    numbers,
    problems_of,
    row,
    text,
)
from danskin.explorer.plane import describe
from danskin.limits import time_limit
from danskin.maximizers import BatchMaximizerSet, maximizers
from danskin.plots.contours import phi_title
from danskin.plots.sampled import is_exact as is_sampled_exactly
from danskin.plots.sampled import sampled_phi
from danskin.sets import FiniteSet

__all__ = ["RULE_TITLES", "contours", "point", "trajectories"]

RULE_TITLES = {
    "single": ("one gradient", "Minus the gradient at one of the attack's points."),
    "normalized_single": (
        "one gradient, unit length",
        "The same, as long as DDi's steps: only the direction differs.",
    ),
    "ddi": ("DDi", "The steepest direction over all the attack's points (Theorem 2)."),
    "step_aware": (
        "step-aware",
        "Least maximum of the points' linear models, for this step size: values count too.",
    ),
}
_MAX_LISTED = 64
_POINT_SECONDS, _RUNS_SECONDS = 5.0, 15.0
#: Where all maximizers of every iterate would take longer, the attack's points have to do.
_EVALUATION_SECONDS = 6.0
_ROUND = (1, 2, 2.5, 5, 10)


# --- contours ------------------------------------------------------------------------------------


def contours(data: dict[str, Any]) -> dict[str, Any]:
    """Answer with contour lines of phi over a window."""
    fields = Fields(data, ("objective", "window", "grid", "levels"))
    made = fields.read("objective", planar)
    window = fields.read("window", _window)
    most: int = LIMITS["grid"]  # type: ignore[assignment]
    grid = fields.read("grid", functools.partial(integer, low=11, high=most), 61)
    levels = fields.read("levels", functools.partial(integer, low=2, high=30), 14)
    fields.done()
    assert made is not None and window is not None  # noqa: PT018
    f = made.objective
    x, y = (np.linspace(lo, hi, grid) for lo, hi in window)
    X, Y = np.meshgrid(x, y)
    phi = sampled_phi(f, np.column_stack([X.ravel(), Y.ravel()])).reshape(X.shape)
    exact = is_sampled_exactly(f)
    found = phi.compressed()
    span = (float(found.min()), float(found.max())) if found.size else None
    lines = []
    if span is not None and span[0] < span[1]:
        generator = contourpy.contour_generator(x, y, phi, line_type="Separate")
        for level in _levels(*span, levels):
            lines.append({"value": level, "lines": generator.lines(level)})
    return {
        "window": window,
        "contours": lines,
        "range": span,
        "exact": exact,
        "label": phi_title(f),
        "python": scripts.contours(made.literal, window, grid, exact),
    }


def _window(value: Any, where: str) -> list[list[float]]:
    if not isinstance(value, list) or len(value) != 2:
        raise InvalidInputError(where, "it is not two ranges", "Send [[x0, x1], [y0, y1]].")
    window = []
    for i, side in enumerate(value):
        lo, hi = numbers(side, f"{where}[{i}]", 2)
        if isinstance(lo, str) or isinstance(hi, str) or not hi - lo > 1e-9 * max(abs(lo), abs(hi)):
            raise InvalidInputError(f"{where}[{i}]", f"{side} is no range", "Send numbers lo < hi.")
        window.append([float(lo), float(hi)])
    return window


def _levels(low: float, high: float, count: int) -> list[float]:
    """Return round numbers between two, about `count` of them."""
    raw = (high - low) / count
    size = 10.0 ** math.floor(math.log10(raw))
    step = size * next(r for r in _ROUND if r * size >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step), math.floor(high / step)
    return [i * step for i in range(first, last + 1)]


# --- one point -----------------------------------------------------------------------------------


def point(data: dict[str, Any]) -> dict[str, Any]:
    """Answer with the maximizers at theta, what their gradients say, and g over delta."""
    fields = Fields(data, ("objective", "theta"))
    made = fields.read("objective", planar)
    theta = fields.read("theta", row)
    fields.done()
    assert made is not None
    f = made.objective
    S = maximizers(f, theta)
    deltas, values, gradients = S.deltas, S.values, S.gradients
    inner = inner_problems(f, S)
    shown = min(len(deltas), _MAX_LISTED)
    exact = getattr(S, "exact_deltas", None)
    value = S.exact_value
    return {
        "theta": S.theta,
        "formula": [str(getattr(s, "text", "")) for s in getattr(f, "samples", (f,))],
        "value": S.value,
        "exact_value": None if value is None or len(str(value)) > 60 else str(value),
        "complete": S.complete,
        "method": S.method,
        "explain": _explain(S),
        "maximizers": [
            {
                "delta": deltas[i],
                "exact_delta": None if exact is None else [str(x) for x in exact[i]],
                "value": float(values[i]),
                "gradient": gradients[i],
            }
            for i in range(shown)
        ],
        "faces": [repr(face) for face in S.faces],
        **_gradients(S),
        "nearest": runner_up(inner, S) if len(inner) == 1 else {"gap": None, "text": ""},
        "inner": inner,
        "python": scripts.point(made.literal, theta),
    }


def _explain(S: Any) -> str:
    count = len(S)
    joint = "joint " if isinstance(S, BatchMaximizerSet) else ""
    if S.faces:
        what = "Infinitely many maximizers (" + ", ".join(map(repr, S.faces[:2])) + ")"
    else:
        what = f"{count} {joint}maximizer{'s' * (count != 1)}"
    return f"{what}, proved to be all." if S.complete else f"{what} found; others may exist."


def _gradients(S: Any) -> dict[str, Any]:
    if len(S) > _MAX_LISTED:
        return {"gradients": None, "why": f"{len(S)} joint maximizers are not drawn one by one."}
    if not S.spans:
        return {
            "gradients": None,
            "why": "The gradients over the faces are not the hull of finitely many.",
        }
    try:
        with time_limit(_POINT_SECONDS, "exact arithmetic"):
            return {"gradients": describe(S)}
    except LimitError:
        return {"gradients": describe(S.gradients, known=S.complete)}


# --- runs ----------------------------------------------------------------------------------------


def trajectories(data: dict[str, Any]) -> dict[str, Any]:
    """Answer with runs of the rules from one point, against the same attack."""
    fields = Fields(data, ("objective", "theta", "rules", "steps", "step_size", "adversary"))
    made = fields.read("objective", planar)
    theta = fields.read("theta", row)
    rules = fields.read("rules", _rules, list(RULE_TITLES))
    most: int = LIMITS["steps"]  # type: ignore[assignment]
    steps = fields.read("steps", functools.partial(integer, low=1, high=most), 30)
    size = fields.read("step_size", _step_size, "0.5/sqrt(k)")
    attack = fields.read("adversary", _adversary, "attack")
    fields.done()
    assert made is not None
    adversary, literal = _attack(made, attack)
    begun = time.perf_counter()
    maximizers(made.objective, theta)
    slow = (time.perf_counter() - begun) * steps * len(rules) > _EVALUATION_SECONDS
    evaluate = "adversary" if slow and adversary is not None else "maximizers"
    runs = []
    try:
        with time_limit(_RUNS_SECONDS, "the runs"):
            for rule in rules:
                runs.append(_run(made, theta, rule, steps, size, adversary, evaluate))
    except LimitError as error:
        raise BadRequest(503, problems_of(error, "steps")) from None
    script = scripts.trajectories(made.literal, theta, rules, steps, size, literal, evaluate)
    return {"runs": runs, "evaluate": evaluate, "python": script}


def _run(
    made: Made,
    theta: list[Any],
    rule: Any,
    steps: int,
    size: Any,
    adversary: Any,
    evaluate: Any,
) -> dict[str, Any]:
    run = descend(
        made.objective, theta, rule=rule, steps=steps, step_size=size, adversary=adversary,
        rng=np.random.default_rng(0), evaluate=evaluate,
    )  # fmt: skip
    return {
        "rule": rule,
        "title": RULE_TITLES[rule][0],
        "thetas": run.thetas,
        "values": run.values,
        "complete": run.complete,
        "derivatives": run.derivatives,
        "step_sizes": run.step_sizes,
        "rises": run.rises,
        "stop": run.stop,
        "explain": run.explain(),
    }


def _attack(made: Made, name: str) -> tuple[Any, str]:
    """Return the adversary, and its Python: the paper's attack, or all points of a finite set."""
    f = made.objective
    if name == "maximizers":
        return None, "None  # all maximizers, exactly where they can be known"
    if isinstance(f.domain, FiniteSet):
        return (lambda f, theta, rng: f.domain.points), (
            "lambda f, theta, rng: f.domain.points  # all there are"
        )
    return ProjectedAscent(), "dk.ProjectedAscent(steps=10, restarts=10)"


def _rules(value: Any, where: str) -> list[str]:
    known = list(RULE_TITLES)
    if not isinstance(value, list) or not value or any(v not in known for v in value):
        raise InvalidInputError(where, "an unknown rule", f"A list of {', '.join(known)}.")
    return list(dict.fromkeys(value))


def _step_size(value: Any, where: str) -> Any:
    """Read a number > 0, or a formula in k; `descend` parses it and checks every size."""
    if isinstance(value, str):
        return text(value, where, 100)
    number(value, where, MAX_COORDINATE)
    return value


def _adversary(value: Any, where: str) -> str:
    if value not in ("attack", "maximizers"):
        raise InvalidInputError(where, "unknown", 'Write "attack" or "maximizers".')
    return value
