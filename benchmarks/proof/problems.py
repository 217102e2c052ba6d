"""The problems that the proof engine must decide, with the answers known beforehand.

Verdicts: "proved", "refuted" (D >= 0), "ascent" (refuted, D > 0), "zero" (refuted, D = 0).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import danskin as dk

__all__ = ["STEPS", "Decision", "Step", "decisions"]

I = dk.Interval(0, 1)  # noqa: E741
TWO = ["t1", "t2"]


@dataclass(frozen=True)
class Decision:
    """A direction at a point, and whether it descends; `seconds` is what it may take."""

    name: str
    f: Any
    theta: Any
    direction: Any
    answer: str
    seconds: float = 1.0
    point: bool = False


@dataclass(frozen=True)
class Step:
    """A descent direction, and how far one asks to go along it."""

    name: str
    f: Any
    theta: Any
    direction: Any
    longest: float


def formula(g: str, theta: Any, delta: Any, domain: Any, **parameters: Any) -> Any:
    """Return an objective."""
    return dk.MinMaxObjective.from_expression(g, theta, delta, domain, parameters)


def pair(c: str) -> Any:
    """Counterexample 2 with ``<u, v> = c``."""
    g = "d*t1 + (1-d)*(c*t1 + sqrt(1-c**2)*t2) + d*(d-1)"
    return formula(g, TWO, ["d"], I, c=c)


ABS = formula("t*d", ["t"], ["d"], dk.Interval(-1, 1))
ORABONA = formula("d*(t1**2+(t2+1)**2) + (1-d)*(t1**2+(t2-1)**2)", TWO, ["d"], I)
SIMPLEX = "d1*t1+d2*(-t1/2+sqrt(3)/2*t2)+d3*(a*t1+b*t2)+xlogx(d1)+xlogx(d2)+xlogx(d3)"
THREE = formula(SIMPLEX, TWO, ["d1", "d2", "d3"], dk.Simplex(3), a="-1/10", b="1/2")
TRIPLE = formula(SIMPLEX, TWO, ["d1", "d2", "d3"], dk.Simplex(3), a="-1/2", b="-sqrt(3)/2")
LOG = SIMPLEX.replace("xlogx(d1)", "d1*log(d1)").replace("xlogx(d2)", "d2*log(d2)")
LOGS = formula(
    LOG.replace("xlogx(d3)", "d3*log(d3)"), TWO, ["d1", "d2", "d3"], dk.Simplex(3), a="-1/10",
    b="1/2",
)  # fmt: skip
TRIG = formula("sin(3*d)*t1+cos(5*d)*t2-(d-1/2)**2", TWO, ["d"], I)
TRIG2 = formula(
    "t1*sin(3*d1+d2)+t2*cos(2*d2-d1)-d1**2/4", TWO, ["d1", "d2"], dk.Box([-1, -1], [1, 1])
)
TRIG3 = formula(
    "t1*sin(2*d1+d2)+t2*cos(d2-d3)+d3*d1/3", TWO, ["d1", "d2", "d3"], dk.Box([-1] * 3, [1] * 3)
)
EXP = formula("exp(t*d)+exp(-t*d)", ["t"], ["d"], dk.Interval(-1, 1))
EXP2 = formula("exp(t1*d1-d2)*t2-exp(d1*d2)/2", TWO, ["d1", "d2"], dk.Box([-1, -1], [1, 1]))
EXP3 = formula(
    "exp(t1*d1+t2*d2)-d3*exp(-d1)+t2*d3**2", TWO, ["d1", "d2", "d3"], dk.Box([-1] * 3, [1] * 3)
)
WAVE = formula("t1*sin(d)+t2*cos(d)+cos(4*d)", TWO, ["d"], dk.Interval(0, 2))
BALL2 = formula("t1*sin(2*d1)+t2*d2-d1*d2", TWO, ["d1", "d2"], dk.Ball([0, 0], 1))
BALL3 = formula("t1*d1+t2*d2*d3+sin(d1+d3)", TWO, ["d1", "d2", "d3"], dk.Ball([0, 0, 0], 1))
TANH2 = formula(
    "tanh(t1*d1-t2*d2+1/2)*t3 - tanh(d1+t1*d2)*t2",
    ["t1", "t2", "t3"],
    ["d1", "d2"],
    dk.Box([-1, -1], [1, 1]),
)


def tanh_network(k: int) -> Any:
    """Two tanh units on k inputs, with fixed first-layer weights spread by golden ratios."""
    deltas = [f"d{i + 1}" for i in range(k)]
    units = []
    for j in (1, 2):
        parts = [f"t{j}*({((7 * i + 5 * j) % 11) - 5})/5*{d}" for i, d in enumerate(deltas)]
        units.append(f"w{j}*tanh({'+'.join(parts)}+({j}-3/2)/3)")
    return formula("+".join(units), ["t1", "t2", "w1", "w2"], deltas, dk.Box([-1] * k, [1] * k))


def irrational_quartic() -> Any:
    """Return g with two maximizers at the irrational points ``+-sqrt(2)/2`` and tied values."""
    return formula("t1*d+t2*d**3-(d**2-1/2)**2", TWO, ["d"], dk.Interval(-1, 1))


def decisions() -> Iterator[Decision]:
    """Yield what has to be decided in under a second."""
    half = pair("-1/2")
    tie = ["sqrt(2)/20", "sqrt(6)/20"]  # sqrt(2)/10 (u + v)
    down, u, v = ["-1/2", "-sqrt(3)/2"], [-1, 0], ["1/2", "-sqrt(3)/2"]
    yield Decision("counterexample 1, +1", ABS, [0], [1], "ascent")
    yield Decision("counterexample 1, -1", ABS, [0], [-1], "ascent")
    yield Decision("counterexample 2, -(u+v)", half, [0, 0], down, "proved")
    yield Decision("counterexample 2, -u", half, [0, 0], u, "ascent")
    yield Decision("counterexample 2, -v", half, [0, 0], v, "ascent")
    yield Decision("counterexample 2, irrational kink, -(u+v)", half, tie, down, "proved")
    yield Decision("counterexample 2, irrational kink, -u", half, tie, u, "ascent")
    yield Decision("counterexample 2, irrational kink, -v", half, tie, v, "ascent")
    yield Decision("Orabona (1/2, 0), (-1, 0)", ORABONA, ["1/2", 0], [-1, 0], "proved")
    yield Decision("Orabona (1/2, 0), steepest", ORABONA, ["1/2", 0], "steepest", "proved")
    yield Decision("Orabona (1/2, 0), single:0", ORABONA, ["1/2", 0], "single:0", "ascent")
    yield Decision("Orabona (1/2, 0), single:1", ORABONA, ["1/2", 0], "single:1", "ascent")
    yield Decision("Orabona (-1, 0), (1, 1)", ORABONA, [-1, 0], [1, 1], "zero")
    yield Decision("Appendix A, -(1, 1)", THREE, [0, 0], [-1, -1], "proved")
    yield Decision("Appendix A, -v1", THREE, [0, 0], [-1, 0], "ascent")
    yield Decision("Appendix A at 120 degrees, steepest", TRIPLE, [0, 0], "steepest", "stationary")
    yield Decision("Appendix A with d*log(d), -(1, 1)", LOGS, [0, 0], [-1, -1], "proved")
    yield Decision("Appendix A with d*log(d), -v1", LOGS, [0, 0], [-1, 0], "ascent")
    at = ["1/3", "1/7"]
    yield Decision("trigonometric, k = 1, down", TRIG, at, [-1, 0], "proved", point=True)
    yield Decision("trigonometric, k = 1, up", TRIG, at, [1, 1], "ascent", point=True)
    yield Decision("trigonometric, k = 2, down", TRIG2, at, [-1, -1], "proved", point=True)
    yield Decision("trigonometric, k = 2, up", TRIG2, at, [1, 1], "ascent", point=True)
    yield Decision("trigonometric, k = 3, down", TRIG3, at, [-1, -1], "proved", point=True)
    yield Decision("trigonometric, k = 3, up", TRIG3, at, [1, 1], "ascent", point=True)
    yield Decision("exponential, k = 1, down", EXP, [1], [-1], "proved")
    yield Decision("exponential, k = 1, up", EXP, [1], [1], "ascent")
    yield Decision("exponential, k = 2, down", EXP2, at, [-1, -1], "proved", point=True)
    yield Decision("exponential, k = 2, up", EXP2, at, [1, 1], "ascent", point=True)
    yield Decision("exponential, k = 3, down", EXP3, at, [-1, -1], "proved", point=True)
    yield Decision("exponential, k = 3, up", EXP3, at, [1, 1], "ascent", point=True)
    yield Decision("tie at multiples of pi", WAVE, [0, 0], [1, -1], "ascent")
    yield Decision("tie at +-sqrt(2)/2, up", irrational_quartic(), [0, 0], [1, 0], "ascent")
    yield Decision("disc, down", BALL2, at, [-1, -1], "proved", point=True)
    yield Decision("disc, up", BALL2, at, [1, 1], "ascent", point=True)
    yield Decision("ball in R^3, down", BALL3, at, [-1, -1], "proved", point=True)
    yield Decision("ball in R^3, up", BALL3, at, [1, 1], "ascent", point=True)
    for k in (1, 2, 3, 4):
        net = tanh_network(k)
        where = ["1/2", "-1/3", 1, "3/4"]
        yield Decision(f"tanh network, k = {k}, down", net, where, [0, 0, -1, -1], "proved")
        yield Decision(f"tanh network, k = {k}, up", net, where, [0, 0, 1, 1], "ascent")


STEPS = (
    Step("counterexample 2, c = -1/10", pair("-1/10"), [0, 0], ["-9/10", "-sqrt(99)/10"], 4),
    Step("counterexample 2, c = -1/2", pair("-1/2"), [0, 0], ["-1/2", "-sqrt(3)/2"], 4),
    Step("counterexample 2, c = -9/10", pair("-9/10"), [0, 0], ["-1/10", "-sqrt(19)/10"], 4),
    Step("Orabona (1/2, 1/10)", ORABONA, ["1/2", "1/10"], [-1, "-11/5"], 2),
    Step("Orabona (1/2, 0)", ORABONA, ["1/2", 0], [-1, 0], 3),
    Step("trigonometric", TRIG, ["1/3", "1/7"], [-1, "-1/2"], 5),
    Step("exponential", EXP, [1], [-1], 5),
    Step("tanh network, k = 2", TANH2, [1, "1/2", 1], [-1, 0, -1], 5),
    Step("Appendix A", THREE, [0, 0], [-1, -1], 2),
)
