"""The checker of proof files: what is tampered with is rejected, each with its reason."""

import ast
import copy
import gzip
import json
import math
import os
import random
import re
from pathlib import Path

import flint
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import danskin as dk
from danskin.cli import app
from danskin.errors import InvalidInputError
from danskin.exact import exact_number, sign
from danskin.exact.enclosure import enclose_at, working_precision
from danskin.expression import parse
from danskin.proof.checker.intervals import BITS
from danskin.proof.checker.program import Program
from danskin.proof.checker.verify import check_data
from danskin.proof.saving import proof_data, step_data

T, D2, D3 = ["t1", "t2"], ["d1", "d2"], ["d1", "d2", "d3"]


def formula(g, theta, delta, domain, **parameters):
    return dk.MinMaxObjective.from_expression(g, theta, delta, domain, parameters)


I = dk.Interval(0, 1)  # noqa: E741
PAIR = formula(
    "d*(t1*u1+t2*u2)+(1-d)*(t1*v1+t2*v2)+d*(d-1)", T, ["d"], I, u1=1, u2=0, v1="-1/2", v2="7/8"
)
TRIG = formula("sin(3*d)*t1+cos(5*d)*t2-(d-1/2)**2", T, ["d"], I)
EXP = formula("exp(t*d)+exp(-t*d)", ["t"], ["d"], dk.Interval(-1, 1))
BALL = formula("t1*d1+t2*d2+sin(d1*d2)", T, D2, dk.Ball(["1/3", 0], 1))
SIMPLEX = formula("t1*d1+t2*d2-xlogx(d1)-xlogx(d2)/2+d3*d1", T, D3, dk.Simplex(3))
POINTS = formula("t1*d1+t2*d2", T, D2, dk.FiniteSet([[1, 0], [0, 1], [-1, -1]]))


def proved(f, theta, direction):
    return proof_data(dk.prove_descent(f, theta, direction))


#: A tie of two corners, many small cells, a sphere, a simplex, single points, a batch.
ORIGINALS = {
    "tie": proved(PAIR, [0, 0], [-1, 0]),
    "cells": proved(TRIG, ["1/3", "1/7"], [-1, 0]),
    "ball": proved(BALL, ["1/2", "1/3"], [1, 2]),
    "simplex": proved(SIMPLEX, ["1/2", "1/3"], [-1, "-1/3"]),
    "points": proved(POINTS, [0, 0], [1, 0]),
    "batch": proved(dk.BatchObjective([PAIR, TRIG]), ["1/3", "1/7"], [-1, 0]),
}


def test_the_originals_are_verified():
    for name, data in ORIGINALS.items():
        checked = check_data(data)
        assert checked.verified, (name, checked.reason)


def tampered(name, change):
    data = copy.deepcopy(ORIGINALS[name])
    change(data, data["samples"][0], data["problem"]["samples"][0])
    assert data != ORIGINALS[name]
    return check_data(data)


def up(text, by=1):
    """A hexadecimal float, some units further up."""
    x = float.fromhex(text)
    for _ in range(abs(by)):
        x = math.nextafter(x, math.copysign(math.inf, by))
    return x.hex()


def cut_at(steps, word):
    return next(i for i, s in enumerate(steps) if s == word or (word == "open" and s[0] == "open"))


def removed(_, sample, __):
    del sample["cells"][cut_at(sample["cells"], "open")]


def added(_, sample, __):
    sample["cells"].append("below")


def dropped(_, sample, __):
    sample["cells"][cut_at(sample["cells"], "open")] = "below"


def excluded(_, sample, __):
    sample["cells"][cut_at(sample["cells"], "open")] = "first-order"


def rechristened(_, sample, __):
    sample["cells"][cut_at(sample["cells"], "below")] = "first-order"


def uncut(_, sample, __):
    sample["cells"] = ["below"]


def axis(_, sample, __):
    step = next(s for s in sample["cells"] if s[0] == "split")
    step[1] = 7


def floor_raised(_, sample, __):
    floor = float.fromhex(sample["floor"])
    sample["floor"] = (floor + 1e-9 * max(1, abs(floor))).hex()


def floor_point_outside(_, sample, __):
    sample["point"] = ["40"] * len(sample["point"])


def ceiling_lowered(_, sample, __):
    sample["ceiling"] = up(sample["ceiling"], -8)


def rate_raised(_, sample, __):
    sample["rate"][0] = up(sample["rate"][0], 8)


def rate_lowered(_, sample, __):
    sample["rate"][1] = up(sample["rate"][1], -8)


def verdict(data, _, __):
    claim = data["claim"]
    other = {"proved": ("refuted", "proved"), "refuted": ("proved", "refuted")}
    claim["verdict"], claim["ascent"] = other[claim["verdict"]]


def narrowed(data, _, __):
    lo, hi = data["claim"]["derivative"]
    data["claim"]["derivative"] = [up(lo, 64), hi]


def narrowed_above(data, _, __):
    lo, hi = data["claim"]["derivative"]
    data["claim"]["derivative"] = [lo, up(hi, -64)]


def value_narrowed(data, _, __):
    lo, hi = data["claim"]["value"]
    data["claim"]["value"] = [lo, up(hi, -64)]


def value_raised(data, _, __):
    lo, hi = data["claim"]["value"]
    data["claim"]["value"] = [up(lo, 64), hi]


def turned(data, _, __):
    data["problem"]["direction"] = [
        str(-exact_number(c, "c")) for c in data["problem"]["direction"]
    ]


def zero(data, _, __):
    data["problem"]["direction"] = ["0"] * len(data["problem"]["direction"])


def moved(data, _, __):
    data["problem"]["at"][0] += "+1/10"


def widened(_, __, problem):
    problem["set"] = {"box": [["0", "3"]]}


def other_objective(_, __, problem):
    problem["g"] += "+3*d"


def other_parameter(_, __, problem):
    problem["parameters"]["u1"] = "-1"


ANY = [*ORIGINALS]
TAMPERED = [
    (removed, ANY, "missing|more cells|group|no cell is left|cell"),
    (added, ANY, "more cells"),
    (dropped, ANY, "not seen to be below the floor"),
    (excluded, ANY, "may hold a maximizer"),
    (uncut, ANY, "below the floor|more cells|missing"),
    (axis, ["cells", "ball", "simplex"], "not an integer from 0"),
    (floor_raised, ANY, "does not reach the lower bound"),
    (floor_point_outside, ANY, "not seen to be in S"),
    (ceiling_lowered, ANY, "upper bound of the maximum|below its bound|upper bound claimed"),
    (rate_raised, ANY, "above its lower bound"),
    (rate_lowered, ANY, "below its upper bound"),
    (verdict, ANY, "does not follow"),
    (narrowed, ANY, "lower bound claimed of the derivative"),
    (narrowed_above, ANY, "upper bound claimed of the derivative"),
    (value_narrowed, ["cells", "ball", "points"], "upper bound claimed of the value"),
    (value_raised, ["cells", "ball", "points"], "lower bound claimed of the value"),
    (turned, [n for n in ANY if n != "points"], "rate|does not follow"),
    (zero, ANY, "direction is zero"),
    (moved, ANY, "written out|said to be|does not reach|bound"),
    (widened, ["cells"], "cell|maximizer|bound|point"),
    (other_objective, ["tie", "cells"], "g is not seen to be what it is written out as"),
    (other_parameter, ["tie"], "not seen to be what it is written out as"),
]


def test_another_problem_is_rejected_where_nothing_is_written_out():
    for change in (moved, other_objective):
        data = copy.deepcopy(ORIGINALS["tie"])
        data["samples"][0]["written"] = {"g": None, "rate": None}
        assert check_data(data).verified
        change(data, None, data["problem"]["samples"][0])
        assert re.search("said to be|does not reach|bound|below", check_data(data).reason)


@pytest.mark.parametrize(
    ("change", "name", "reason"),
    [pytest.param(c, n, why, id=f"{c.__name__} {n}") for c, names, why in TAMPERED for n in names],
)
def test_what_is_tampered_with_is_rejected(change, name, reason):
    checked = tampered(name, change)
    assert not checked.verified
    assert re.search(reason, checked.reason), checked.reason
    assert not checked.claim
    assert checked.explain().startswith("Rejected")


# --- faces, groups and points --------------------------------------------------------------------


def by_hand(g, domain, cells, *, maximizers=None, at="0", direction="1", claim=None, **bounds):
    """A file with one theta and one delta, bounds as given."""
    sample = {
        "form": "written out",
        "written": {"g": None, "rate": None},
        "floor": None,
        "point": None,
        "ceiling": None,
        "rate": [None, None],
        "cells": cells,
        "maps": [],
        "points": None,
        "tops": None,
        "excess": None,
        **(maximizers or {}),
    }
    told = {"verdict": "refuted", "ascent": "proved", "exact_derivative": None, "weights": None}
    return {
        "format": "danskin-proof",
        "version": 3,
        "roots": {},
        "problem": {
            "theta": ["t"],
            "at": [at],
            "direction": [direction],
            "samples": [{"g": g, "parameters": {}, "delta": ["d"], "set": domain}],
        },
        "claim": {**told, "derivative": [None, None], "value": [None, None], **(claim or {})},
        "samples": [{**sample, **bounds}],
    }


UNIT = {"box": [["0", "1"]]}
AWAY = {"box": [["-1", "1"]]}


def hexed(x):
    return float(x).hex()


def test_a_proof_by_hand_is_verified():
    # g rises strictly in d, so that S* = {1}; there the rate is 1.
    data = by_hand("(1+t)*d", UNIT, [["face", [0, 1]], "open"], rate=[hexed(1), None])
    assert check_data(data).verified


@pytest.mark.parametrize(
    ("g", "cells"),
    [
        # Monotone on either half only: both halves would go, and the maximizer 0 with them.
        ("t*d - d**2", [["face", [0, 1]], "open"]),
        ("t*d - d**2", [["split", 0, 0, 1], "first-order", "first-order"]),
        # The wrong end; not strictly; a face that is none.
        ("(1+t)*d", [["face", [0, 0]], "open"]),
        ("t*d", [["face", [0, 1]], "open"]),
        ("(1+t)*d", [["split", 0, 0, 1], ["face", [0, 1]], "open", "open"]),
        ("(1+t)*d", [["face", [0, "sphere"]], "open"]),
        ("(1+t)*d", [["face", [0]], "open"]),
        ("(1+t)*d", [["face", [1, "up"]], "open"]),
        ("(1+t)*d", [["face", "up"], "open"]),
        ("(1+t)*d", [["face", [0, 1]], ["split", 0, 0, 1], "open", "open"]),
    ],
)
def test_faces_without_reason_are_rejected(g, cells):
    checked = check_data(by_hand(g, AWAY, cells, rate=[hexed(-1), None]))
    assert not checked.verified


@pytest.mark.parametrize(
    "g",
    [
        "log(d) + t",  # minus infinity in S
        "t/d",
        "t*log(d)",  # at t = 0 the singularity is gone, around it not
        "sqrt(t + d**2)",  # not smooth in theta where d = 0
        "xlogx(t*d)",
        "tan(2*d + t)",
        "t*sqrt(d - 1/10)",
    ],
)
def test_where_g_is_not_defined_around_theta_nothing_is_verified(g):
    cells = [["split", 0, 0, 1], "open", "open"]
    checked = check_data(by_hand(g, UNIT, cells, claim={"ascent": "undecided"}))
    assert not checked.verified
    assert "defined" in checked.reason


def test_a_gradient_that_may_jump_is_rejected():
    data = by_hand("t*d", UNIT, ["open"], rate=[hexed(0), None])
    data["problem"]["samples"][0]["g"] = "elu_slope(t*d)"
    assert not check_data(data).verified


TOP = {"points": [["0"]], "tops": [["0"]]}
GROUP = [["open", 0]]


@pytest.mark.parametrize(
    ("g", "maximizers", "cells"),
    [
        ("t*(1+d) + d**2", TOP, GROUP),  # a minimum
        ("t*(1+d) - d**2*(d**2-1/2)", TOP, GROUP),  # concave at 0 only
        ("t*(1+d) - (d-1/9)**2", TOP, GROUP),  # not where it says
        ("t*(1+d) - d**4", TOP, GROUP),  # a maximum, not seen to be one
        ("t*(1+d) - d**2", {"points": [["1/2"]], "tops": [["0"]]}, GROUP),
        ("t*(1+d) - d**2", {"points": [["1"]], "tops": [["0"], ["1"]]}, GROUP),
        ("t*(1+d) - d**2", TOP, ["open"]),
        ("t*(1+d) - d**2", TOP, [["open", 1]]),
        ("t*(1+d) - (d-2)**2", {"points": [["2"]], "tops": [["2"]]}, GROUP),  # not in S
    ],
)
def test_tops_that_are_none_are_rejected(g, maximizers, cells):
    assert not check_data(by_hand(g, AWAY, cells, maximizers=maximizers)).verified


def test_a_top_is_verified_and_its_rate_counts():
    claim = {"derivative": [hexed(1), hexed(1)], "exact_derivative": "1"}
    data = by_hand("t*(1+d) - d**2", AWAY, GROUP, maximizers=TOP, claim=claim)
    assert check_data(data).verified
    data["claim"]["exact_derivative"] = "1+1/10**30"
    assert "exact value" in check_data(data).reason


def test_a_tie_broken_far_behind_the_comma_is_no_tie():
    # g(0, 0) = 0 and g(0, 1) = -1e-40: only d = 0 is a maximizer, with rate 0.
    g = "d*(d-1) - d/10**40 + t*d"
    tops = {"points": [["0"], ["1"]], "tops": [["0"], ["1"]]}
    cells = [
        *(["split", 0, 0, 1], ["split", 0, 0, 1], ["face", [0, 0]], ["open", 0], "below"),
        *(["split", 0, 0, 1], "below", ["face", [0, 1]], ["open", 1]),
    ]
    floor = {"floor": hexed(-1e-9), "point": ["0"]}
    data = by_hand(g, UNIT, cells, maximizers=tops, **floor)
    assert "said to be a maximizer" in check_data(data).reason
    data["problem"]["samples"][0]["g"] = "d*(d-1) + t*d"
    assert check_data(data).verified, check_data(data).reason


def test_a_rate_that_depends_on_a_flat_coordinate_is_not_complete():
    # g(0, .) = 0 on all of S; the rate is d, at the point named 0, at most 1.
    claim = {"ascent": "undecided", "derivative": [hexed(0), hexed(1)]}
    data = by_hand("t*d", UNIT, GROUP, maximizers=TOP, rate=[None, hexed(1)], claim=claim)
    assert check_data(data).verified, check_data(data).reason
    data["claim"]["derivative"] = [hexed(0), hexed(0.5)]
    assert not check_data(data).verified
    data["claim"].update(verdict="refuted", ascent="refuted", derivative=[None, None])
    assert not check_data(data).verified


# --- certified steps -----------------------------------------------------------------------------

#: phi(theta) = 2 cosh(theta) falls from 1 to 0 and is back where it was at t = 2.
STEP = step_data(dk.certified_step(EXP, [1], [-1], 3))
MOVES = step_data(dk.certified_step(TRIG, ["1/3", "1/7"], [-1, 0], "1/4"))


def stepped(data, change):
    data = copy.deepcopy(data)
    change(data["step"])
    return check_data(data)


def longer(step):
    step["length"] = up(step["length"], 1)


def longer_slice(step):
    step["length"] = step["slices"][-1]["end"] = hexed(2.5)


def bound_lowered(step):
    sample = step["slices"][0]["samples"][0]
    sample["bound"] = hexed(float.fromhex(sample["bound"]) - 1)


def bound_raised(step):
    step["slices"][0]["samples"][0]["bound"] = hexed(0)


def no_slices(step):
    step["slices"] = []


def slice_twice(step):
    step["slices"] *= 2


def cell_lost(step):
    step["slices"][0]["samples"][0]["cells"].pop()


def cell_dropped(step):
    cells = step["slices"][0]["samples"][0]["cells"]
    cells[cells.index("open")] = "first-order"


def cell_below(step):
    cells = step["slices"][0]["samples"][0]["cells"]
    cells[cells.index("open")] = "below"


def time_shrunk(step):
    step["slices"][0]["samples"][0]["cells"].insert(0, ["face", [0, 1]])


def no_step(step):
    step["length"] = hexed(0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (longer, "beyond what was proved"),
        (longer_slice, "quotient|first order|may hold"),
        (bound_lowered, "quotient"),
        (bound_raised, "does not follow"),
        (no_slices, "beyond what was proved"),
        (slice_twice, "does not follow the one before"),
        (cell_lost, "missing"),
        (cell_dropped, "may hold a maximizer"),
        (cell_below, "not known here"),
        (time_shrunk, "shrinks to a face"),
        (no_step, "not positive"),
    ],
)
def test_steps_that_are_tampered_with_are_rejected(change, reason):
    assert check_data(STEP).verified
    checked = stepped(STEP, change)
    assert not checked.verified
    assert re.search(reason, checked.reason), checked.reason


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.booleans(), st.integers(0, 10**9))
def test_a_mutated_step_is_rejected_or_still_true(which, seed):
    data = copy.deepcopy(STEP if which else MOVES)
    mutate(data["step"], random.Random(seed))
    if not check_data(data).verified:
        return
    length = float.fromhex(data["step"]["length"])
    if which:
        assert 0 < length <= 2
    grid = np.linspace(0, 1, 20001)[:, None]

    def phi(t):
        return TRIG.values(np.array([1 / 3 - t, 1 / 7]), grid).max()

    if not which:
        assert all(phi(t) < phi(0) for t in np.linspace(0, length, 20)[1:])


# --- facts that do not hold ----------------------------------------------------------------------

#: g(0, .) = 0 on [-1, 1]: at -1 and 1 the gradients cancel.
FLAT = {"points": [["-1"], ["1"]], "tops": None}
STILL = {
    "verdict": "refuted",
    "ascent": "undecided",
    "derivative": [None, None],
    "exact_derivative": None,
    "value": [None, None],
    "weights": [["1/2", "1/2"]],
}


def still(g="t*d", *, weights=("1/2", "1/2"), **changes):
    known = {**FLAT, **changes.pop("known", {})}
    claim = {**STILL, "weights": [list(weights)], **changes.pop("claim", {})}
    data = by_hand(g, AWAY, ["open"], maximizers=known, ceiling=hexed(0), claim=claim)
    data["problem"]["direction"] = changes.pop("direction", None)
    data["problem"]["at"] = [changes.pop("at", "0")]
    return check_data(data)


def test_a_stationary_point_by_hand_is_verified():
    assert still().verified, still().reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"weights": ("1", "0")}, "0 lies in the hull"),
        ({"weights": ("1/2+1/10**40", "1/2-1/10**40")}, "0 lies in the hull"),
        ({"weights": ("0", "0")}, "not in a simplex"),
        ({"weights": ("2", "-1")}, "not in a simplex"),
        ({"weights": ("1/2", "1/2+1/10**40")}, "not in a simplex"),
        ({"weights": ("1/2",)}, "not 2 numbers"),
        ({"claim": {"weights": None}}, "0 lies in the hull"),
        ({"claim": {"weights": []}}, "not weights for each sample"),
        ({"claim": {"verdict": "proved", "ascent": "refuted"}}, "only that theta is stationary"),
        ({"claim": {"ascent": "proved"}}, "only that theta is stationary"),
        ({"claim": {"derivative": [hexed(0), None]}}, "only that theta is stationary"),
        ({"known": {"points": None}}, "not known to be maximizers"),
        ({"known": {"points": [["-1"], ["2"]]}}, "not seen to be in S"),
        ({"g": "t*d - (1-d)/10**40"}, "below its bound|upper bound"),
        ({"g": "t*d + t**2/10**40", "at": "1/10**30"}, "upper bound of the maximum"),
        ({"direction": ["1"]}, "does not follow|does not point"),
    ],
)
def test_stationary_points_that_are_none_are_rejected(changes, reason):
    checked = still(**changes)
    assert not checked.verified
    assert re.search(reason, checked.reason), checked.reason


STEEP = proved(PAIR, [0, 0], "steepest")


@pytest.mark.parametrize(
    ("gamma", "weights", "reason"),
    [
        (None, ["1", "0"], "does not point"),
        (["-1", "0"], None, "rate|does not"),
        (["1", "1"], None, "rate|does not"),
        (None, ["-1", "2"], "not in a simplex"),
    ],
)
def test_steepest_directions_that_are_none_are_rejected(gamma, weights, reason):
    assert "the steepest" in check_data(STEEP).claim
    data = copy.deepcopy(STEEP)
    data["samples"][0]["written"]["rate"] = None
    data["problem"]["direction"] = gamma or data["problem"]["direction"]
    data["claim"]["weights"] = [weights] if weights else data["claim"]["weights"]
    checked = check_data(data)
    assert not checked.verified
    assert re.search(reason, checked.reason), checked.reason


def test_a_descent_direction_that_is_not_the_steepest_cannot_claim_to_be():
    data = proved(PAIR, [0, 0], ["-1/2", "-3/5"])
    data["samples"][0].update({k: STEEP["samples"][0][k] for k in ("points", "tops", "cells")})
    data["samples"][0].update({k: STEEP["samples"][0][k] for k in ("floor", "point", "ceiling")})
    data["samples"][0]["rate"] = [None, None]
    data["claim"].update(derivative=[None, None], exact_derivative=None, value=[None, None])
    assert check_data(data).verified, check_data(data).reason
    data["claim"]["weights"] = STEEP["claim"]["weights"]
    assert "does not point" in check_data(data).reason


EVEN = formula("exp(-(d1**2-1/3)**2)+d1**4/5+t1*d1+t2*d2-d2**2", T, D2, dk.Box([-1, -1], [1, 1]))
MIRRORED = proved(EVEN, [0, 0], [1, 0])


@pytest.mark.parametrize(
    ("maps", "change", "reason"),
    [
        ([], None, "above its lower bound"),
        ([[1, 2]], None, "above its lower bound"),
        ([[2, 1]], None, "stay the same"),
        ([[1, -2]], None, "above its lower bound"),
        ([[-1, 1]], None, "no permutation"),
        ([[-1, 3]], None, "no permutation"),
        ([[0, 2]], None, "no permutation"),
        ([[-1]], None, "one integer a coordinate"),
        ([[-1, True]], None, "one integer a coordinate"),
        ([["-1", "2"]], None, "one integer a coordinate"),
        (None, "g", "written out|stay the same"),
        (None, "set", "stay the same|written|cell|S"),
    ],
)
def test_symmetries_that_are_none_are_rejected(maps, change, reason):
    assert MIRRORED["samples"][0]["maps"]
    assert check_data(MIRRORED).verified
    data = copy.deepcopy(MIRRORED)
    told = data["problem"]["samples"][0]
    if maps is not None:
        data["samples"][0]["maps"] = maps
    elif change == "g":
        told["g"] += "+d1/10**40"
    else:
        told["set"] = {"box": [["-1", "2"], ["-1", "1"]]}
    checked = check_data(data)
    assert not checked.verified
    assert re.search(reason, checked.reason), checked.reason


@pytest.mark.parametrize(
    ("domain", "maps", "reason"),
    [
        ({"box": [["-1", "1"], ["-1", "2"]]}, [[2, 1]], "place of another kind"),
        ({"simplex": 2}, [[-1, 2]], "moves or reflects"),
        ({"points": [["1", "0"], ["0", "2"]]}, [[2, 1]], "moves or reflects"),
        (
            {"product": [{"simplex": 2}, {"ball": {"center": ["0"], "radius": "1", "norm": 2}}]},
            [[3, 2, 1]],
            "place of another kind",
        ),
    ],
)
def test_maps_that_do_not_take_s_to_itself_are_rejected(domain, maps, reason):
    data = by_hand("t", domain, ["open"], rate=[hexed(1), None])
    data["problem"]["samples"][0]["delta"] = [f"d{i}" for i in range(len(maps[0]))]
    if "points" in domain:
        data["samples"][0]["cells"] = ["open", "open"]
    assert check_data(data).verified, check_data(data).reason
    data["samples"][0]["maps"] = maps
    assert reason in check_data(data).reason


SHARED = proved(
    dk.BatchObjective(
        [
            formula(f"softplus(-({x}+d)*t1-t2)/(d+{y})", T, ["d"], I)
            for x, y in [("1/3", 3), ("-1/5", 4), ("2/3", 5)]
        ]
    ),
    ["1/3", "1/5"],
    [1, 1],
)


@pytest.mark.parametrize(
    ("sample", "value", "reason"),
    [(0, "1/2", "floor|bound"), (1, "-9", "bound|defined|floor"), (2, "0", "not positive")],
)
def test_numbers_of_samples_that_share_a_form_count(sample, value, reason):
    assert {s["form"] for s in SHARED["samples"]} == {"shared"}
    assert check_data(SHARED).verified
    data = copy.deepcopy(SHARED)
    parameters = data["problem"]["samples"][sample]["parameters"]
    parameters[min(parameters)] = value
    assert re.search(reason, check_data(data).reason)


def test_what_cancels_in_a_shared_form_must_be_defined():
    data = by_hand("c/c*(1+t)*d", UNIT, [["face", [0, 1]], "open"], rate=[hexed(1), None])
    data["samples"][0].update(form="shared", written=None)
    data["problem"]["samples"][0]["parameters"] = {"c": "3"}
    assert check_data(data).verified, check_data(data).reason
    data["problem"]["samples"][0]["parameters"] = {"c": "0"}
    assert not check_data(data).verified


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        ({"polynomial": ["1", "0", "-2"], "in": ["-2", "2"]}, "exactly one root"),
        ({"polynomial": ["1", "0", "-2"], "in": ["2", "3"]}, "exactly one root"),
        ({"polynomial": ["1", "0", "-2"], "in": ["2", "1"]}, "exactly one root"),
        ({"polynomial": ["1", "0", "2"], "in": ["-2", "2"]}, "exactly one root"),
        ({"polynomial": ["1", "-2", "1"], "in": ["0", "2"]}, "multiple"),
        ({"polynomial": ["0", "1", "-2"], "in": ["0", "3"]}, "multiple"),
        ({"polynomial": ["1", "0", "-1"], "in": ["1", "2"]}, "end of its interval"),
        ({"polynomial": ["1", "0", "-1/2"], "in": ["0", "2"]}, "integer coefficients"),
        ({"polynomial": ["1", "sqrt(2)", "0"], "in": ["0", "2"]}, "integer coefficients"),
        ({"polynomial": ["1"] * 100, "in": ["-2", "2"]}, "integer coefficients"),
        ({"polynomial": ["1", "-2"], "in": ["0", "3"]}, "integer coefficients"),
        ({"polynomial": ["1", "0", "-2"], "in": ["0"]}, "not 2 numbers"),
        ({"polynomial": ["1", "0", "-2"]}, "keys"),
    ],
)
def test_roots_that_are_none_are_rejected(root, reason):
    data = by_hand("(1+t)*d", UNIT, [["face", [0, 1]], "open"], rate=[hexed(1), None])
    data["roots"] = {"r": {"polynomial": ["1", "0", "-2"], "in": ["1", "2"]}}
    data["problem"]["at"] = ["r-sqrt(2)"]
    assert check_data(data).verified, check_data(data).reason
    data["roots"]["r"] = root
    checked = check_data(data)
    assert not checked.verified
    assert re.search(reason, checked.reason), checked.reason


@pytest.mark.parametrize(
    ("place", "name"),
    [
        *((p, n) for p in ("theta", "delta", "parameters", "roots") for n in ("sin", "pi", "E")),
        *((p, n) for p in ("theta", "delta", "parameters") for n in ("", "a b", "ﬁ", "lambda")),
        *(("delta", n) for n in ("t", "p", "r")),
        *(("parameters", n) for n in ("t", "d", "r")),
        *(("roots", n) for n in ("t", "d", "p")),
        *(("step", n) for n in ("t", "d", "p", "r", "sin", "", 7)),
    ],
)
def test_names_stand_for_one_thing(place, name):
    data = copy.deepcopy(STEP)
    told = data["problem"]["samples"][0]
    told["parameters"] = {"p": "0"}
    data["roots"] = {"r": {"polynomial": ["1", "0", "-2"], "in": ["1", "2"]}}
    assert check_data(data).verified, check_data(data).reason
    if place == "theta":
        data["problem"]["theta"] = [name]
    elif place == "delta":
        told["delta"] = [name]
    elif place == "parameters":
        told["parameters"] = {name: "0"}
    elif place == "roots":
        data["roots"] = {name: data["roots"]["r"]}
    else:
        data["step"]["name"] = name
    checked = check_data(data)
    assert not checked.verified
    assert re.search("twice|name|means|keyword", checked.reason), checked.reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d["step"]["paths"][0].update(g="exp((1-t_0)*d)"), "the path is not seen"),
        (lambda d: d["step"]["paths"][0].update(quotient="0"), "the quotient is not seen"),
        (lambda d: d["step"]["paths"][0].update(quotient="t_0"), "the quotient is not seen"),
        (lambda d: d["step"].update(paths=[]), "one path for each"),
        (lambda d: d["samples"][0]["written"].update(g="2*exp(d)"), "g is not seen"),
        (lambda d: d["samples"][0]["written"].update(rate="0"), "the rate is not seen"),
        (lambda d: d["samples"][0]["written"].update(rate="t"), "unknown name"),
    ],
)
def test_what_is_written_out_otherwise_is_rejected(change, reason):
    data = copy.deepcopy(STEP)
    change(data)
    assert reason in check_data(data).reason


# --- any change at all ---------------------------------------------------------------------------


def paths(data, at=()):
    if isinstance(data, dict):
        for k, v in data.items():
            yield from paths(v, (*at, k))
    elif isinstance(data, list):
        yield at
        for i, v in enumerate(data):
            yield from paths(v, (*at, i))
    else:
        yield at


def mutate(data, rng):
    """Change one thing: drop, double or swap entries of a list, or replace a leaf."""
    path = rng.choice(list(paths(data)))
    place = data
    for step in path[:-1]:
        place = place[step]
    old = place[path[-1]]
    if isinstance(old, list):
        new = list(old)
        kind = rng.randrange(3)
        if new and kind == 0:
            del new[rng.randrange(len(new))]
        elif new and kind == 1:
            new.insert(rng.randrange(len(new) + 1), copy.deepcopy(rng.choice(new)))
        else:
            rng.shuffle(new)
    elif isinstance(old, int):
        new = old + rng.choice([-1, 1])
    elif isinstance(old, str) and "0x" in old:
        x = float.fromhex(old)
        new = rng.choice([-x, x + 0.25, x - 0.25, x * 1.001, up(old, 1), 0.0])
        new = new if isinstance(new, str) else new.hex()
    elif isinstance(old, str):
        words = ["open", "below", "first-order", "proved", "refuted", "undecided", "0", "1", "-1"]
        new = rng.choice([*words, f"-({old})", f"{old}+1/10", "shared", "written out", ""])
    else:
        new = rng.choice([None, "0", hexed(0)])
    place[path[-1]] = new


def rebuilt(problem):
    """The problem that a file is about, and the answer of another road: values on a dense grid."""
    samples = []
    for s in problem["samples"]:
        (kind, value), *_ = s["set"].items()
        domain = {
            "box": lambda v: dk.Box([r[0] for r in v], [r[1] for r in v]),
            "points": dk.FiniteSet,
            "simplex": dk.Simplex,
            "ball": lambda v: dk.Ball(v["center"], v["radius"], v["norm"]),
        }[kind](value)
        samples.append(formula(s["g"], problem["theta"], s["delta"], domain, **s["parameters"]))
    return dk.BatchObjective(samples)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.sampled_from(ANY), st.integers(0, 10**9), st.integers(1, 2))
def test_a_mutated_file_is_rejected_or_still_true(name, seed, times):
    data = copy.deepcopy(ORIGINALS[name])
    rng = random.Random(seed)
    for _ in range(times):
        mutate(data, rng)
    checked = check_data(data)
    if not checked.verified:
        assert checked.reason
        return
    problem, claim = data["problem"], data["claim"]
    p = dk.prove_descent(rebuilt(problem), problem["at"], problem["direction"], budget=5)
    assert claim["verdict"] == p.verdict.value
    ends = [None if x is None else float.fromhex(x) for x in claim["derivative"]]
    assert ends[0] is None or ends[0] <= p.derivative[1]
    assert ends[1] is None or p.derivative[0] <= ends[1]
    value = [None if x is None else float.fromhex(x) for x in claim["value"]]
    assert value[0] is None or value[0] <= p.value[1]
    assert value[1] is None or p.value[0] <= value[1]
    if claim["exact_derivative"] is not None and p.exact_derivative is not None:
        assert sign(exact_number(claim["exact_derivative"], "D") - p.exact_derivative) == 0


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.sampled_from(["tie", "simplex"]), st.integers(0, 10**9))
def test_bytes_changed_anywhere_end_in_an_error_or_a_verdict(name, seed):
    rng = random.Random(seed)
    text = bytearray(json.dumps(ORIGINALS[name]).encode())
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text))
        text[at : at + rng.randrange(2)] = bytes(
            [rng.choice(b'0123456789abcx+-*/"[]{},.: e\\\x00\xff')]
        )
    path = Path(FOLDER) / "mutated.json"
    path.write_bytes(bytes(text))
    try:
        checked = dk.check_proof(path)
    except InvalidInputError:
        return
    assert checked.verified or checked.reason


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    global FOLDER
    FOLDER = tmp_path_factory.mktemp("proofs")


# --- files that are none -------------------------------------------------------------------------

GOOD = json.dumps(ORIGINALS["tie"])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"format": "danskin-proof"}',
        GOOD.replace('"version": 3', '"version": 1'),
        GOOD.replace('"version": 3', '"version": true'),
        GOOD.replace('"version": 3', '"version": 3.0'),
        GOOD.replace('"version": 3', '"version": 3, "version": 3'),
        GOOD.replace('"version": 3', '"version": NaN'),
        GOOD.replace('["split", 0, 0, 1]', '["split", 1e3]'),
        GOOD.replace('["split", 0, 0, 1]', '["split", 12345678901234567890]'),
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 50_000,
        GOOD[:-20],
        "\x00" + GOOD,
    ],
)
def test_what_is_no_proof_file_is_an_error(content, tmp_path):
    path = tmp_path / "p.json"
    path.write_text(content)
    with pytest.raises(InvalidInputError, match="path"):
        dk.check_proof(path)


def test_files_that_cannot_be_read_are_errors(tmp_path):
    with pytest.raises(InvalidInputError, match="not a file"):
        dk.check_proof(tmp_path / "nothing.json")
    with pytest.raises(InvalidInputError, match="not a file"):
        dk.check_proof(tmp_path)
    (tmp_path / "big.json").write_bytes(b" " * 64_000_001)
    with pytest.raises(InvalidInputError, match="64 MB"):
        dk.check_proof(tmp_path / "big.json")
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(InvalidInputError, match="not a file"):
        dk.check_proof(tmp_path / "pipe.json")
    (tmp_path / "packed.json").write_bytes(gzip.compress(GOOD.encode()))
    with pytest.raises(InvalidInputError, match="not a proof file"):
        dk.check_proof(tmp_path / "packed.json")
    (tmp_path / "good.json").write_text(GOOD)
    (tmp_path / "link.json").symlink_to(tmp_path / "good.json")
    assert dk.check_proof(tmp_path / "link.json").verified
    (tmp_path / "latin.json").write_bytes(b'{"format": "\xe9"}')
    with pytest.raises(InvalidInputError, match="not a proof file"):
        dk.check_proof(tmp_path / "latin.json")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "9**9**9",
        "t.__class__",
        "(" * 500 + "1" + ")" * 500,
        "1/0",
        "1" * 20_000,
        "sqrt(-1)",
        "factorial(10**9)",
        "exp(exp(exp(100)))",
        "1e999999",
        "1e-999999",
        "10**400000",
        "2**2**2**2**2**2",
        "\u0661",
        "ехр(1)",
    ],
)
@pytest.mark.parametrize("where", ["g", "at", "direction", "parameter", "point", "set"])
def test_hostile_text_is_rejected(text, where):
    data = copy.deepcopy(ORIGINALS["tie"])
    problem = data["problem"]
    if where in ("at", "direction"):
        problem[where][0] = text
    elif where == "parameter":
        problem["samples"][0]["parameters"]["u1"] = text
    elif where == "point":
        data["samples"][0]["point"] = [text]
    elif where == "set":
        problem["samples"][0]["set"] = {"box": [["0", text]]}
    else:
        problem["samples"][0]["g"] = text
    checked = check_data(data, 20.0)
    assert not checked.verified
    assert checked.seconds < 20


@pytest.mark.parametrize(
    "domain",
    [
        {"box": [["1", "0"]]},
        {"box": []},
        {"box": [["0"]]},
        {"simplex": 0},
        {"simplex": True},
        {"simplex": 10**8},
        {"ball": {"center": ["0"], "radius": "-1", "norm": 2}},
        {"ball": {"center": [], "radius": "1", "norm": 2}},
        {"ball": {"center": ["0"], "radius": "1", "norm": 3}},
        {"ball": {"center": ["0"] * 20, "radius": "1", "norm": 1}},
        {"points": []},
        {"points": [["0"], ["0", "1"]]},
        {"hull": [["0"], ["1"]]},
        {"product": [{"product": [{"product": [{"box": [["0", "1"]]}]}]}, {"box": [["0", "1"]]}]},
        {"box": [["0", "1"]], "points": [["0"]]},
        [],
        None,
    ],
)
def test_sets_that_are_none_are_rejected(domain):
    data = copy.deepcopy(ORIGINALS["cells"])
    data["problem"]["samples"][0]["set"] = domain
    assert not check_data(data).verified


# --- enclosures ----------------------------------------------------------------------------------

FORMULAS = [
    "x*y - x**2 + y**3/7",
    "sin(5*x)*cos(3*y) + tan(x/3)",
    "exp(x - y) + log(2 + x) + xlogx(1 + x/2)",
    "sqrt(2 + x + y)*tanh(x*y) + (3 + x)**(1/3)",
    "elu(x + y) + softplus(x*4) + atan(y)",
    "cosh(x*2) - sinh(y) + 1/(3 + x*y)",
    "x**4 - y**6 + 2**x + (x - y)**2*(x + y)**3",
    "(x**2 + y**2 + 1/9)**(-3/2) + xlogx((x - y)**2)",
]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.sampled_from(FORMULAS),
    st.tuples(*[st.integers(-64, 64)] * 4),
    st.lists(st.tuples(st.integers(0, 64), st.integers(0, 64)), min_size=1, max_size=4),
)
def test_enclosures_contain_the_values(text, ends, inside):
    x, y = sympy.symbols("x y")
    g = parse(text, [x, y])
    # The checker's derivatives against SymPy's.
    program = Program(g, (x, y))
    along = [{x: 1}, {y: 1}, {x: 2, y: sympy.sqrt(2)}]
    for move in along:
        program.differentiate(0, move)
    program.differentiate(1, {y: -1})
    outputs = [g, *(sum(c * sympy.diff(g, s) for s, c in m.items()) for m in along)]
    outputs.append(-sympy.diff(g, x, y))
    box = [sorted(ends[:2]), sorted(ends[2:])]
    with working_precision(BITS):
        ranges = [tuple(flint.arb(e) / 64 for e in pair) for pair in box]
        values = program.on(program.bind({}), ranges)
        for i, output in enumerate(outputs):
            lo, hi = program.value(i, values)
            for place in inside:
                at = {
                    s: flint.arb(a * 64 + (b - a) * p) / 4096
                    for s, (a, b), p in zip((x, y), box, place, strict=True)
                }
                try:
                    exact = enclose_at(output, at, 256)
                except dk.DanskinError:
                    continue
                assert not exact < lo
                assert not exact > hi


# --- what the checker may know -------------------------------------------------------------------

FOLDER_OF_CHECKER = Path(dk.__file__).parent / "proof" / "checker"
ALLOWED = (
    "danskin.errors",
    "danskin.exact",
    "danskin.expression",
    "danskin.limits",
    "danskin.proof.checker",
)


def test_the_checker_shares_nothing_with_the_prover():
    for path in FOLDER_OF_CHECKER.glob("*.py"):
        source = path.read_text()
        for node in ast.walk(ast.parse(source)):
            names = []
            if isinstance(node, ast.Import):
                names = [a.name for a in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                head = name.partition(".")[0]
                ok = name.startswith(ALLOWED) if head == "danskin" else True
                assert ok, f"{path.name} imports {name}"
                assert head not in ("numpy", "scipy", "pickle", "marshal"), (path.name, name)
            called = getattr(getattr(node, "func", None), "id", "")
            assert called not in ("eval", "exec", "compile", "sympify", "lambdify")


# --- command line --------------------------------------------------------------------------------


def run(*args):
    from typer.testing import CliRunner

    return CliRunner().invoke(app, list(args))


def test_danskin_check(tmp_path):
    good, bad, none = (tmp_path / n for n in ("good.json", "bad.json", "none.json"))
    good.write_text(json.dumps(ORIGINALS["tie"]))
    data = copy.deepcopy(ORIGINALS["tie"])
    data["claim"]["verdict"], data["claim"]["ascent"] = "proved", "refuted"
    bad.write_text(json.dumps(data))
    none.write_text("{}")
    found = run("check", str(good), "--json", str(tmp_path / "out.json"))
    assert found.exit_code == 0
    assert "Verified" in found.output
    assert "D(theta; gamma) > 0" in found.output
    assert json.loads((tmp_path / "out.json").read_text())["verified"] is True
    found = run("check", str(bad))
    assert found.exit_code == 1
    assert "does not follow" in found.output
    assert run("check", str(none)).exit_code == 2
    assert run("check", str(tmp_path / "missing.json")).exit_code == 2
    assert "Examples" in run("check", "--help").output
