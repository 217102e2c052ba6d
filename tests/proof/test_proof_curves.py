"""Curved argmax sets: one exact maximizer with a positive rate refutes descent, and near misses."""

import copy
import math

import pytest

import danskin as dk
from danskin.exact import enclose
from danskin.proof import prove_descent
from danskin.proof.checker.verify import check_data
from danskin.proof.saving import proof_data

PROVED, REFUTED = dk.Verdict.PROVED, dk.Verdict.REFUTED
T, T3 = ["t1", "t2"], ["t1", "t2", "t3"]
D2, D3 = ["d1", "d2"], ["d1", "d2", "d3"]
SQUARE = dk.Box([-1, -1], [1, 1])
TILT = "t1*d1+t2*d2"


def formula(g, theta, delta, domain):
    return dk.MinMaxObjective.from_expression(g, theta, delta, domain)


CIRCLE = f"{TILT}-(d1**2+d2**2-1/2)**2"
#: objective, direction, and D by hand: the largest <gamma, delta>/|gamma| over the curve.
CURVES = {
    "circle in a box": (formula(CIRCLE, T, D2, SQUARE), [1, -2], math.sqrt(0.5)),
    "circle in a ball": (formula(CIRCLE, T, D2, dk.Ball([0, 0], 1)), [1, -2], math.sqrt(0.5)),
    "off the middle": (
        formula(f"{TILT}-((d1-1/5)**2+(d2+1/7)**2-1/9)**2", T, D2, SQUARE),
        [1, -2],
        (1 / 5 + 2 / 7) / math.sqrt(5) + 1 / 3,
    ),
    "at a value that no float is": (
        formula(f"{TILT}+1/3-(d1**2+d2**2-1/2)**2", T, D2, SQUARE),
        [3, 1],
        math.sqrt(0.5),
    ),
    "multiplied out": (
        formula(f"{TILT}-(d1-1/9)**4-2*(d1-1/9)**2*d2**2-d2**4+(d1-1/9)**2+d2**2", T, D2, SQUARE),
        [1, 0],
        1 / 9 + math.sqrt(0.5),
    ),
    "sphere": (
        formula("t1*d1+t2*d2+t3*d3-(d1**2+d2**2+d3**2-1/2)**2", T3, D3, dk.Ball([0, 0, 0], 1)),
        [1, -2, 1],
        math.sqrt(0.5),
    ),
    "an irrational line": (
        formula(f"{TILT}-(d1+sqrt(2)*d2-1/2)**2", T, D2, SQUARE),
        [1, -2],
        (1 - 2 * (1 / 2 - 1) / math.sqrt(2)) / math.sqrt(5),
    ),
    "circle, and a coordinate that g does not see": (
        formula("t1*d1+t2*d2+t3*d3-(d1**2+d2**2-1/2)**2", T3, D3, dk.Box([-1] * 3, [1] * 3)),
        [0, 0, 1],
        1.0,
    ),
    "edge of a ball of the 1-norm": (
        formula(f"{TILT}+d1+d2", T, D2, dk.Ball([0, 0], 1, 1)),
        [1, -1],
        math.sqrt(0.5),
    ),
    "circles of a wave": (
        formula(f"{TILT}+sin(d1**2+2*d2**2)", T, D2, dk.Ball([0, 0], 2)),
        [1, 0],
        math.sqrt(math.pi / 2),
    ),
}


@pytest.mark.parametrize("name", CURVES)
def test_one_maximizer_on_a_curve_is_enough(name):
    f, gamma, value = CURVES[name]
    p = prove_descent(f, [0] * len(gamma), gamma)
    assert (p.verdict, p.ascent) == (REFUTED, PROVED), p.explain()
    assert p.derivative[0] <= value + 1e-12
    assert p.derivative[1] >= value - 1e-12
    assert p.derivative[0] > 0
    checked = check_data(proof_data(p))
    assert checked.verified, checked.reason
    # A point named a maximizer is one: the curve is where g has its largest value.
    for point in p.maximizers:
        at = dict(zip(f.delta_symbols, point, strict=True))
        reached = float(enclose(f.at([0] * len(gamma)).xreplace(at), 64).mid())
        assert abs(reached - p.value[1]) < 1e-12


@pytest.mark.parametrize(
    ("g", "delta", "domain"),
    [
        ("t*(d1**2+d2**2-1)+d1**2+d2**2", D2, dk.Ball([0, 0], 1)),
        ("t*(d1+d2-1/2)-(d1+d2-1/2)**2", D2, SQUARE),
        ("t*(d1**2+d2**2+d3**2-1)+d1**2+d2**2+d3**2", D3, dk.Ball([0, 0, 0], 1)),
    ],
)
def test_a_rate_that_is_zero_on_all_of_a_curve(g, delta, domain):
    p = prove_descent(formula(g, ["t"], delta, domain), [0], [1])
    assert p.verdict is REFUTED
    assert p.ascent is not PROVED
    assert p.derivative[0] <= 0 <= p.derivative[1]
    checked = check_data(proof_data(p))
    assert checked.verified, checked.reason


def test_multipliers_that_are_none_are_rejected():
    """On the ball |delta| <= 1, g = |delta|^2 is 1 + (|delta|^2 - 1), and 1 - |delta|^2 >= 0."""
    f = formula("t*d1+d1", ["t"], D2, dk.Ball([0, 0], 1))
    good = proof_data(prove_descent(f, [0], [1]))
    good["problem"]["samples"][0]["g"] = "t*(d1**2+d2**2-1)+d1**2+d2**2"
    good["claim"] |= {"verdict": "refuted", "ascent": "undecided", "exact_derivative": None}
    good["claim"] |= {"derivative": [float(0).hex(), None], "value": [None, None]}
    nothing = dict.fromkeys(["floor", "point", "ceiling", "tops"])
    good["samples"][0] |= {"written": {"g": None, "rate": None}, "rate": [None, None], **nothing}
    good["samples"][0] |= {"cells": ["open"], "maps": [], "points": [["1", "0"]]}
    good["samples"][0]["excess"] = ["0", [0, 0, "1"]]
    assert check_data(good).verified, check_data(good).reason

    def reason(*excess):
        data = copy.deepcopy(good)
        data["samples"][0]["excess"] = list(excess)
        checked = check_data(data)
        assert not checked.verified
        return checked.reason

    assert "at least 0" in reason("2*(d1**2+d2**2-1)", [0, 0, "-1"])
    assert "nowhere above" in reason("(d1**2+d2**2-1)/2", [0, 0, "1/2"])
    assert "written out as" in reason("0", [0, 0, "2"])
    assert "written out as" in reason("0")
    assert "piece" in reason("0", [0, 1, "1"])
    assert "factor" in reason("0", [1, 0, "1"])
    assert "multiplier" in reason("0", [0, 0])
    assert "multiplier" in reason("0", 7)
    assert reason()


@pytest.mark.parametrize("tilt", ["1/10**15", "1/10**30", "1/10**60"])
def test_a_circle_tilted_by_next_to_nothing_has_one_maximizer(tilt):
    """With a tilt towards d1 > 0 the only maximizer is near (sqrt(1/2), 0)."""
    f = formula(f"{CIRCLE}+d1*{tilt}", T, D2, SQUARE)
    assert prove_descent(f, [0, 0], [-1, 0], budget=2).verdict is not REFUTED
    assert prove_descent(f, [0, 0], [0, 1], budget=2).ascent is not PROVED


def test_a_maximizer_that_is_none_is_rejected():
    good = proof_data(prove_descent(CURVES["at a value that no float is"][0], [0, 0], [3, 1]))
    sample = good["samples"][0]
    assert sample["excess"] is not None
    assert sample["points"] is not None
    assert check_data(good).verified

    def reason(**changes):
        data = copy.deepcopy(good)
        data["samples"][0] |= changes
        checked = check_data(data)
        assert not checked.verified
        return checked.reason

    assert "written out as" in reason(excess=["-(d1**2+d2**2-1/2)**2 - 1/10**40"])
    assert "written out as" in reason(excess=["-(d1**2+d2**2-1/2)**4"])
    assert "nowhere above" in reason(excess=["-d1**4-2*d1**2*d2**2-d2**4+d1**2+d2**2-1/4"])
    assert "written out as" in reason(points=[["0", "0"]])
    assert "said to be" in reason(points=[sample["points"][0], ["1/2", "0"]])
    assert reason(excess=None)
