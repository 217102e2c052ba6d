"""``x log x``: products of u and log u are read as their continuous extension, and only these."""

import numpy as np
import pytest
import sympy

import danskin as dk
from danskin.expression import with_entropy, xlogx

d, u, t = sympy.symbols("d u t")
log = sympy.log

REWRITTEN = {
    "entropy": (-d * log(d), -xlogx(d)),
    "binary entropy": (d * log(d) + (1 - d) * log(1 - d), xlogx(d) + xlogx(1 - d)),
    "the other sign": ((d - 1) * log(1 - d), -xlogx(1 - d)),
    "relative entropy": (d * log(3 * d), xlogx(3 * d) / 3),
    "a square": (d**2 * log(d), d * xlogx(d)),
    "a root": (sympy.sqrt(d) * log(d), 2 * xlogx(sympy.sqrt(d))),
    "with theta": (t * d * log(d) + t, t * xlogx(d) + t),
    "in a sum": (d * (log(d) - t), xlogx(d) - t * d),
    "inside": (sympy.sin(d * log(d)), sympy.sin(xlogx(d))),
    "two": (d * u * log(d) * log(u), xlogx(d) * xlogx(u)),
}
LEFT = {
    "no factor": log(d),
    "a pole": log(d) / d,
    "another factor": u * log(d),
    "theta's": t * log(t),
    "mixed with theta": t * d * log(t * d),
    "shifted": d * log(d + 1),
    "a negative number": d * log(u - d),
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_rewritten(name):
    before, after = REWRITTEN[name]
    found = with_entropy(before, (d, u))
    assert sympy.expand(found - after) == 0
    # Where both are defined, nothing changed.
    at = {d: sympy.Rational(1, 3), u: sympy.Rational(2, 7), t: sympy.Rational(5, 3)}
    assert abs((found - before).subs(at).evalf(30)) < 1e-25


@pytest.mark.parametrize("name", LEFT)
def test_left_alone(name):
    assert with_entropy(LEFT[name], (d, u)) == LEFT[name]


def test_objectives_with_a_logarithm_are_decided_at_the_boundary(tmp_path):
    """Binary entropy, whose maximizers at t = 0 are the ends, where log is infinite."""
    g = "d*log(d) + (1-d)*log(1-d) + t*d"
    f = dk.MinMaxObjective.from_expression(g, ["t"], ["d"], dk.Interval(0, 1))
    assert f.values(np.zeros(1), np.array([[0.0], [1.0]])).tolist() == [0, 0]
    up = dk.prove_descent(f, [0], [1])
    assert up.ascent is dk.Verdict.PROVED
    assert up.exact_derivative == 1
    flat = dk.prove_descent(f, [0], [-1])
    assert (flat.verdict, flat.ascent) == (dk.Verdict.REFUTED, dk.Verdict.REFUTED)
    up.save(tmp_path / "p.json")
    assert dk.check_proof(tmp_path / "p.json").verified
