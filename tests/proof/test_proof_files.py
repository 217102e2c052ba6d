"""Proof files: every proof that can be saved is verified, and says no more than was proved."""

import json

import numpy as np
import pytest
import sympy

import danskin as dk
from danskin.errors import InvalidInputError
from danskin.exact import exact_number, sign
from danskin.proof.checker.verify import check_data
from danskin.proof.saving import proof_data

PROVED, REFUTED = dk.Verdict.PROVED, dk.Verdict.REFUTED


def formula(g, theta, delta, domain, **parameters):
    return dk.MinMaxObjective.from_expression(g, theta, delta, domain, parameters)


I = dk.Interval(0, 1)  # noqa: E741
PAIR = "d*(t1*u1+t2*u2)+(1-d)*(t1*v1+t2*v2)+d*(d-1)"
OBTUSE = formula(PAIR, ["t1", "t2"], ["d"], I, u1=1, u2=0, v1="-1/2", v2="sqrt(3)/2")
ORABONA = formula("d*(t1**2+(t2+1)**2) + (1-d)*(t1**2+(t2-1)**2)", ["t1", "t2"], ["d"], I)
ENTROPY = "d1*t1+d2*(-t1/2+sqrt(3)/2*t2)+d3*(a*t1+b*t2)+xlogx(d1)+xlogx(d2)+xlogx(d3)"
TRIG = formula("sin(3*d)*t1+cos(5*d)*t2-(d-1/2)**2", ["t1", "t2"], ["d"], I)
TIE = ["sqrt(2)/20", "sqrt(6)/20"]
TRIANGLE = dk.FiniteSet([[1, 0], ["-1/2", "sqrt(3)/2"], ["-1/2", "-sqrt(3)/2"]])
T = ["t1", "t2"]
T3 = ["t1", "t2", "t3"]
D2 = ["d1", "d2"]
D3 = ["d1", "d2", "d3"]
QUARTER = ["1/2", "1/3", "1/4"]

#: objective, theta, direction
CASES = {
    "absolute value": (formula("t*d", ["t"], ["d"], dk.Interval(-1, 1)), [0], [1]),
    "pair down": (OBTUSE, [0, 0], ["-1/2", "-sqrt(3)/2"]),
    "pair single": (OBTUSE, [0, 0], [-1, 0]),
    "irrational tie down": (OBTUSE, TIE, ["-1/2", "-sqrt(3)/2"]),
    "irrational tie single": (OBTUSE, TIE, [-1, 0]),
    "orabona": (ORABONA, ["1/2", 0], [-1, 0]),
    "orabona single": (ORABONA, ["1/2", 0], [-1, -2]),
    "orabona, D = 0": (ORABONA, [-1, 0], [1, 1]),
    "simplex": (formula(ENTROPY, T, D3, dk.Simplex(3), a="-1/10", b="1/2"), [0, 0], [-1, -1]),
    "simplex, three vertices": (
        formula(ENTROPY, T, D3, dk.Simplex(3), a="-1/2", b="-sqrt(3)/2"),
        [0, 0],
        [-1, 0],
    ),
    "entropy inside": (
        formula("t1*d1+t2*d2-xlogx(d1)-xlogx(d2)-xlogx(d3)", T, D3, dk.Simplex(3)),
        ["1/2", 1],
        [-1, "1/3"],
    ),
    "entropy on an interval": (
        formula("t1*d-xlogx(d)-xlogx(1-d)*t2", T, ["d"], I),
        ["1/2", 1],
        [-1, "1/3"],
    ),
    "trigonometric": (TRIG, ["1/3", "1/7"], [-1, 0]),
    "trigonometric, floats": (TRIG, [0.3, 0.1], [-0.1, 0.7]),
    "cosine, exact tie": (
        formula("t1*sin(d)+t2*cos(d)+cos(4*d)", T, ["d"], dk.Interval(0, 2)),
        [0, 0],
        [1, -1],
    ),
    "exponential": (formula("exp(t*d)+exp(-t*d)", ["t"], ["d"], dk.Interval(-1, 1)), [1], [-1]),
    "ball": (
        formula("t1*d1+t2*d2-(d1-1/3)**2*t3+sin(d1*d2)", T3, D2, dk.Ball(["1/3", 0], 1)),
        QUARTER,
        [1, 2, -1],
    ),
    "ball in space": (
        formula("t1*d1+t2*d2+t3*d3+d1*d2", T3, D3, dk.Ball([0, 0, 0], "sqrt(2)")),
        QUARTER,
        [-1, -2, -1],
    ),
    "ball, maximizer inside": (
        formula("t1*d1+t2*d2-d1**2-2*d2**2", T, D2, dk.Ball([0, 0], 1)),
        ["1/2", "1/3"],
        [-1, 1],
    ),
    "ball of the 1-norm": (
        formula("t1*d1+t2*d2-(d1-1/3)**2*t3+cos(d2)", T3, D2, dk.Ball(["1/3", 0], 1, 1)),
        QUARTER,
        [1, 2, -1],
    ),
    "ball of the max norm": (
        formula("t1*d1+t2*d2+d1*d2*t3", T3, D2, dk.Ball(["1/3", 0], 1, "inf")),
        QUARTER,
        [-1, -2, -1],
    ),
    "points": (formula("t1*d1+t2*d2", T, D2, TRIANGLE), [0, 0], [1, 0]),
    "product": (
        formula("t1*d1+t2*d2*d1+t1*d3-exp(d3)*d2", T, D3, dk.Product(I, dk.Simplex(2))),
        ["1/2", "1/7"],
        [-1, "1/3"],
    ),
    "tanh": (
        formula("tanh(t1*d1+t2*d2)-d1**2-tanh(d2*t1)**2", T, D2, dk.Box([-1, -1], [1, 1])),
        ["1/2", "1/7"],
        [-1, "1/3"],
    ),
    "logarithm and root": (formula("log(1+t1*d)+t2*sqrt(d)", T, ["d"], I), ["1/2", 1], [-1, 0]),
    "elu": (
        formula("elu(t1*d+t2)-d**2", T, ["d"], dk.Interval(-1, 1)),
        ["1/2", "-1/8"],
        [-1, 1],
    ),
    "softplus, cube root, powers of 2": (
        formula("softplus(t1*d)+t2*(1+d)**(1/3)+2**(-d)", T, ["d"], dk.Interval(-1, 1)),
        ["1/2", 1],
        [-1, "1/3"],
    ),
    "rational, tan, atan, cosh, sinh": (
        formula("t1*tan(d)/(2+d)+atan(d)*t2+sinh(d)-cosh(t2*d)", T, ["d"], dk.Interval(-1, 1)),
        ["1/2", 1],
        [-1, "1/3"],
    ),
}


def batch():
    parts = [
        formula(f"softplus(-({x}+d1)*t1-({y}+d2)*t2)", T, D2, dk.Box(["-1/10"] * 2, ["1/10"] * 2))
        for x, y in [("1/3", "1/2"), ("-1/5", "1/7"), ("2/3", "-1/9"), ("1/4", 1)]
    ]
    return dk.BatchObjective(parts)


# Sums of transcendental numbers: as written, D cannot be decided to be what it is.
CASES["entropies of numbers"] = (
    formula(
        "t1*(1/9+d1**2)+t2*sqrt(1/9+atan(2)**2)+tanh(xlogx(9/4)*4/3*t1)",
        T,
        D2,
        dk.FiniteSet([["-4/5", "1/5"], ["-1/5", -1], ["1/5", "-4/5"], [0, "4/5"]]),
    ),
    [0, 0],
    ["sqrt(3)", -1],
)
# The maximizer is a vertex that several orthants share.
CASES["ball of the 1-norm, a vertex"] = (
    formula("t1+t2*2*d2**3+d1*tanh(d2)+5/2*t2*d2**2", T, D3, dk.Ball([0, 0, 0], "2/3", 1)),
    [0, "1/2"],
    ["1/2", -1],
)
CASES["batch"] = (batch(), ["1/3", "1/5"], [1, 1])
CASES["batch, two kinds of samples"] = (
    dk.BatchObjective([OBTUSE, ORABONA]),
    [0, 0],
    [-1, 0],
)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("sign_of", [1, -1])
def test_what_is_saved_is_verified(name, sign_of, tmp_path):
    f, theta, direction = CASES[name]
    direction = [sign_of * exact_number(c, "direction") for c in direction]
    p = dk.prove_descent(f, theta, direction)
    assert p.verdict in (PROVED, REFUTED), p
    path = tmp_path / "proof.json"
    p.save(path)
    checked = dk.check_proof(path)
    assert checked.verified, checked.reason
    claim = json.loads(path.read_text())["claim"]
    assert claim["verdict"] == p.verdict.value
    # Of ascent a file may say less, never something else.
    assert claim["ascent"] in (p.ascent.value, "undecided")
    if p.ascent is PROVED:
        assert "rises" in checked.claim
    low, high = (float.fromhex(x) for x in claim["derivative"])
    assert low <= p.derivative[1]
    assert p.derivative[0] <= high
    assert high - low <= 1e-5 + 2 * (p.derivative[1] - p.derivative[0])
    if claim["exact_derivative"] is not None:
        said = exact_number(claim["exact_derivative"], "D")
        if p.exact_derivative is not None and name != "entropies of numbers":
            assert sign(said - p.exact_derivative) == 0
        for end, side in zip(p.derivative, (1, -1), strict=True):
            assert sign(said - sympy.Rational(*end.as_integer_ratio())) in (0, side)


def test_an_exact_derivative_is_saved_as_one(tmp_path):
    p = dk.prove_descent(OBTUSE, TIE, [-1, 0])
    p.save(tmp_path / "p.json")
    assert "D(theta; gamma) = 1/2." in dk.check_proof(tmp_path / "p.json").claim


def test_what_is_not_decided_is_not_saved(tmp_path):
    f = formula("t1*sin(d)+t2*cos(sqrt(2)*d)+cos(4*d)", T, ["d"], dk.Interval(0, 2))
    p = dk.prove_descent(f, [1e-17, 0], [1, -1], budget=0.2)
    if p.verdict is not dk.Verdict.UNDECIDED:
        pytest.skip("it is decided by now")
    with pytest.raises(InvalidInputError, match="undecided"):
        p.save(tmp_path / "p.json")
    assert not list(tmp_path.iterdir())


ROOT = sympy.CRootOf(sympy.Symbol("x") ** 5 - sympy.Symbol("x") - 1, 0)
THREE = CASES["simplex, three vertices"][0]

#: Stationary points: objective, theta, and what is asked for.
STATIONARY = {
    "absolute value": (CASES["absolute value"][0], [0], "steepest"),
    "orabona": (ORABONA, [0, 0], "steepest"),
    "three vertices": (THREE, [0, 0], "steepest"),
    "points": (CASES["points"][0], [0, 0], "steepest"),
    "a gradient that is 0": (formula("t**2*d", ["t"], ["d"], I), [0], "single:0"),
    "ball": (formula("t1*d1+t2*d2", T, D2, dk.Ball([0, 0], 1)), [0, 0], "steepest"),
    "batch": (dk.BatchObjective([ORABONA, THREE]), [0, 0], "steepest"),
    "a root": (formula("t*d*r", ["t"], ["d"], dk.Interval(-1, 1), r=ROOT), [0], "steepest"),
}


@pytest.mark.parametrize("name", STATIONARY)
def test_a_stationary_point_is_saved(name, tmp_path):
    f, theta, direction = STATIONARY[name]
    p = dk.prove_descent(f, theta, direction)
    assert p.stationary
    p.save(tmp_path / "p.json")
    checked = dk.check_proof(tmp_path / "p.json")
    assert checked.verified, checked.reason
    assert "theta is stationary" in checked.claim
    data = json.loads((tmp_path / "p.json").read_text())
    # The same maximizers prove nothing of the kind away from theta.
    data["problem"]["at"][0] = "1/10"
    assert not check_data(data).verified


STEEPEST = {
    "pair": (OBTUSE, [0, 0]),
    "irrational tie": (OBTUSE, TIE),
    "orabona": (ORABONA, ["1/2", 0]),
    "simplex": (CASES["simplex"][0], [0, 0]),
    "corners": (formula("exp(t1*d)+t2*d", T, ["d"], I), [1, 1]),
}


@pytest.mark.parametrize("name", STEEPEST)
def test_the_steepest_direction_is_saved_as_one(name, tmp_path):
    p = dk.prove_descent(*STEEPEST[name], "steepest")
    assert p.verdict is PROVED
    p.save(tmp_path / "p.json")
    claim = dk.check_proof(tmp_path / "p.json").claim
    assert ("the steepest" in claim) == p.steepest


#: What rests on symmetries, and what has numbers that are no square roots and the like.
FURTHER = {
    "even, transcendental tops": (
        formula("exp(-(d**2-1/3)**2)+t*d+d**4/5", ["t"], ["d"], dk.Interval(-1, 1)),
        [0],
        [1],
    ),
    "exchange on a ball": (
        formula("t1*d1+t2*d2+sin(d1*d2)", T, D2, dk.Ball([0, 0], 1)),
        [0, 0],
        [1, 0],
    ),
    "circle of maximizers": (
        formula("(1+t1)*(d1**2+d2**2)+t2*d1", T, D2, dk.Ball([0, 0], 1)),
        [0, 0],
        [0, 1],
    ),
    "a root as a maximizer": (
        formula("t1*d1-d1**2+t2*d2-d2**4", T, D2, dk.Box([-1, -1], [1, 1])),
        ["1/3", "1/5"],
        [1, 1],
    ),
    "a root as a parameter": (
        formula("r*d*t+(1-d)*t", ["t"], ["d"], I, r=ROOT),
        [0],
        [1],
    ),
    "a root in theta": (
        formula("d*t1+(1-d)*t2+d*(d-1)", T, ["d"], I),
        [ROOT, ROOT],
        [1, -1],
    ),
    "a root in S": (formula("t*d-d**2", ["t"], ["d"], dk.Interval(0, ROOT)), [3], [-1]),
}


@pytest.mark.parametrize("name", FURTHER)
def test_symmetries_and_roots_are_saved(name, tmp_path):
    p = dk.prove_descent(*FURTHER[name])
    assert p.verdict in (PROVED, REFUTED)
    p.save(tmp_path / "p.json")
    checked = dk.check_proof(tmp_path / "p.json")
    assert checked.verified, checked.reason
    assert json.loads((tmp_path / "p.json").read_text())["claim"]["ascent"] == p.ascent.value


def test_a_folder_that_is_not_there_is_named(tmp_path):
    p = dk.prove_descent(ORABONA, ["1/2", 0], [-1, 0])
    with pytest.raises(InvalidInputError, match="cannot be written"):
        p.save(tmp_path / "no" / "p.json")


def test_numbers_in_the_file_are_exact():
    theta = [0.1, np.float32(0.3)]
    data = proof_data(dk.prove_descent(TRIG, theta, [-0.1, 0.7]))
    at = [exact_number(x, "at") for x in data["problem"]["at"]]
    assert at == [sympy.Rational(*float(x).as_integer_ratio()) for x in theta]


STEPS = {
    "pair": (OBTUSE, [0, 0], ["-1/2", "-sqrt(3)/2"], 10),
    "orabona": (ORABONA, ["1/2", "1/10"], [-1, "-1/5"], 5),
    "orabona at the kink": (ORABONA, ["1/2", 0], [-1, 0], 5),
    "trigonometric": (TRIG, ["1/3", "1/7"], [-1, 0], 5),
    "exponential": (*CASES["exponential"], 3),
    "simplex": (*CASES["simplex"], 3),
    "tanh": (CASES["tanh"][0], ["1/2", "1/7"], [-1, "1/3"], "1/25"),
    "ball": (
        formula("t1*d1+t2*d2+sin(d1*d2)", T, D2, dk.Ball([0, 0], 1)),
        ["1/2", "1/7"],
        [-1, "1/3"],
        2,
    ),
    "batch": (batch(), ["1/3", "1/5"], [1, 1], "1/2"),
}


@pytest.mark.parametrize("name", STEPS)
def test_certified_steps_are_verified(name, tmp_path):
    f, theta, direction, longest = STEPS[name]
    step = dk.certified_step(f, theta, direction, longest)
    assert step.verdict is PROVED
    step.save(tmp_path / "step.json")
    checked = dk.check_proof(tmp_path / "step.json")
    assert checked.verified, checked.reason
    assert f"for all t in (0, {step.step!r}]" in checked.claim


def test_a_step_that_is_not_proved_is_not_saved(tmp_path):
    step = dk.certified_step(ORABONA, ["1/2", 0], [-1, -2], 1)
    with pytest.raises(InvalidInputError, match="none is proved"):
        step.save(tmp_path / "step.json")
