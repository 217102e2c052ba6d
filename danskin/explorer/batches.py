"""The view *Batches*: an attack couples the samples' maximizers, the batch's argmax set does not.

For a separable batch the maximizers are all combinations of the samples' (a product), and the
gradients' hull is the mean of the samples' hulls. Coupled DDi sees the combinations that the runs
of its attack returned: a part of the hull, so that what it promises may fail (Algorithm 1 on
batches; counterexample 5).
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np

from danskin.derivative import directional_derivative, gradient_rows
from danskin.direction import SteepestDescent, derivative_sectors, steepest_descent
from danskin.errors import InvalidInputError, LimitError
from danskin.exact import exact_vector
from danskin.explorer import scripts
from danskin.explorer.families import LIMITS
from danskin.explorer.payload import Fields, integer, is_exact, rows
from danskin.explorer.plane import (
    along,
    angles_around,
    floats_of,
    hull,
    min_norm,
    sector,
    single,
    steepest,
)
from danskin.limits import time_limit
from danskin.minnorm import product_min_norm
from danskin.plots.results import rates

__all__ = ["batch_view"]

_EXACT_SECONDS = 4.0


def batch_view(data: dict[str, Any]) -> dict[str, Any]:
    """Answer for two samples' gradients in the plane, and the runs of a coupled attack."""
    fields = Fields(data, ("samples", "runs"))
    samples = fields.read("samples", _samples)
    runs = fields.read("runs", functools.partial(_runs, samples=samples), None)
    fields.done()
    if runs is None:
        count = min(len(s) for s in samples)
        runs = [[i, i] for i in range(count)]
    answer = None
    if is_exact(samples):
        try:
            with time_limit(_EXACT_SECONDS, "exact arithmetic"):
                exact = [[exact_vector(g, "samples") for g in s] for s in samples]
                answer = {**_describe(exact, runs), "exact": True}
        except LimitError:
            answer = None
    if answer is None:
        answer = {**_describe([floats_of(s) for s in samples], runs), "exact": False}
    return {**answer, "runs": runs, "python": scripts.batch(samples, runs, answer["exact"])}


def _samples(value: Any, where: str) -> list[list[list[Any]]]:
    count: int = LIMITS["samples"]  # type: ignore[assignment]
    if not isinstance(value, list) or len(value) != count:
        raise InvalidInputError(where, f"it is not {count} lists of gradients", "Two samples.")
    low, high = LIMITS["per_sample"]  # type: ignore[misc]
    return [rows(s, f"{where}[{i}]", low, high) for i, s in enumerate(value)]


def _runs(value: Any, where: str, samples: Any) -> list[list[int]]:
    low, high = LIMITS["runs"]  # type: ignore[misc]
    if not isinstance(value, list) or not low <= len(value) <= high:
        raise InvalidInputError(where, f"it is not {low} to {high} pairs", "Such as [[0, 0]].")
    sizes = [len(s) for s in samples] if samples else [high, high]
    for i, pair in enumerate(value):
        if not isinstance(pair, list) or len(pair) != len(sizes):
            raise InvalidInputError(f"{where}[{i}]", "it is not a pair", "One index a sample.")
        for j, size in zip(pair, sizes, strict=True):
            integer(j, f"{where}[{i}]", 0, size - 1)
    return [list(p) for p in dict.fromkeys(map(tuple, value))]


def _describe(samples: list[Any], runs: list[list[int]]) -> dict[str, Any]:
    picks = [list(p) for p in itertools.product(*(range(len(s)) for s in samples))]
    joint = [_mean([s[i] for s, i in zip(samples, p, strict=True)]) for p in picks]
    seen = [joint[picks.index(p)] for p in runs]
    if isinstance(samples[0], np.ndarray):
        joint, seen = np.array(joint), np.array(seen)
    floats = gradient_rows(joint).floats
    of_samples = [gradient_rows(s).floats for s in samples]
    coupled, whole = steepest_descent(seen), steepest_descent(joint)
    sectors = derivative_sectors(joint)
    angles = angles_around(floats, sectors)
    curve = rates(joint, angles)
    product = product_min_norm(of_samples)
    names = [_name(p) for p in picks]
    told = _coupled(coupled, joint, names)
    return {
        "samples": [{"gradients": s, "hull": hull(s)} for s in of_samples],
        "joint": [
            {"pick": p, "gradient": g, "seen": p in runs}
            for p, g in zip(picks, floats, strict=True)
        ],
        "coupled": {"hull": hull(gradient_rows(seen).floats), **told},
        "product": {"hull": hull(floats), **_product(whole, product)},
        "curve": {"angles": angles, "D": curve, "coupled": rates(seen, angles)},
        "reach": float(np.abs(curve).max()),
        "sectors": [sector(s) for s in sectors],
        "singles": [{**single(joint, picks.index(p), names=names), "pick": p} for p in runs],
        "summary": _summary(coupled, whole, told, len(seen) < len(joint)),
    }


def _mean(gradients: list[Any]) -> Any:
    if isinstance(gradients[0], np.ndarray):
        return np.mean(gradients, axis=0)
    return [sum(column) / len(gradients) for column in zip(*gradients, strict=True)]


def _name(pick: list[int]) -> str:
    return "½(" + " + ".join(f"{'ab'[i]}{j + 1}" for i, j in enumerate(pick)) + ")"


def _coupled(found: SteepestDescent, joint: Any, names: list[str]) -> dict[str, Any]:
    """Return what the coupled runs promise, and what the batch's phi does along it."""
    plain = {"min_norm": min_norm(found), "steepest": steepest(found)}
    nothing = {"promised": None, "true": None, "true_sign": None, "verdict": None}
    if found.direction is None:
        return {**plain, **nothing, "text": f"Coupled DDi has no direction. {found.explain()}"}
    gamma = found.exact_direction or found.direction
    rate = directional_derivative(joint, gamma)
    true = along(joint, found.direction, rate, "coupled DDi", gamma, names=names)
    promise, gets = f"{found.derivative:+.4g}", f"{true['derivative']:+.4g}"
    return {
        **plain,
        "promised": found.derivative,
        "true": true["derivative"],
        "true_sign": true["sign"],
        "verdict": true["verdict"],
        "text": f"Coupled DDi promises the rate {promise}; the batch's φ changes at rate {gets}.",
    }


def _product(whole: SteepestDescent, product: Any) -> dict[str, Any]:
    """Return the steepest direction over the product, with one simplex of weights a sample."""
    sizes = {
        "point": product.point,
        "norm": product.norm,
        "lower_bound": product.lower_bound,
        "gap": product.gap,
        "weights": product.weights,
        "sizes": list(product.sizes),
        "support": list(product.support),
        "status": product.status,
        "explain": product.explain(),
    }
    if whole.direction is None:
        text, rate, verdict = whole.explain(), None, None
    else:
        rate, verdict = whole.derivative, "descent"
        text = f"Over all combinations the steepest direction descends at rate {rate:.4g}."
    return {
        "min_norm": sizes,
        "steepest": steepest(whole),
        "promised": rate,
        "true": rate,
        "true_sign": None if rate is None else -1,
        "verdict": verdict,
        "text": text,
    }


def _summary(
    coupled: SteepestDescent, whole: SteepestDescent, told: dict[str, Any], partly: bool
) -> dict[str, str]:
    if whole.stationary:
        tail = (
            " Coupled DDi sees a part of the hull, and steps all the same."
            if coupled.direction is not None
            else ""
        )
        return {
            "verdict": "stationary",
            "headline": "Stationary: no direction descends",
            "text": f"0 lies in the hull of the batch's gradients.{tail}",
        }
    if whole.direction is None or told["verdict"] == "undecided":
        return {"verdict": "undecided", "headline": "Undecided", "text": whole.explain()}
    rate = f"{whole.derivative:.4g}"
    if coupled.direction is None:
        return {
            "verdict": "holds",
            "headline": "The seen gradients have 0 in their hull",
            "text": "So has the whole hull then.",
        }
    if told["verdict"] == "descent":
        less = coupled.derivative < told["true"] - 1e-12
        how = told["text"]
        if less:
            how = f"It descends at rate {told['true']:.4g}, less than promised."
        return {
            "verdict": "holds",
            "headline": "Coupled DDi descends here",
            "text": f"{how} The best there is: {rate}.",
        }
    climbs = "climbs" if told["verdict"] == "ascent" else "does not descend"
    return {
        "verdict": "counterexample",
        "headline": f"Coupled DDi {climbs}",
        "text": (
            f"{told['text']} The combinations it did not see are maximizers as well. Over the "
            f"product of the samples' hulls a direction descends at rate {rate}."
        ),
    }
