"""rho, the least norm over the hull of all maximizers' gradients, enclosed from both sides."""

import numpy as np
import pytest

import danskin as dk
from danskin.errors import InvalidInputError
from danskin.proof import enclose_min_norm

I = dk.Interval(0, 1)  # noqa: E741


def formula(g, theta, delta, domain):
    return dk.MinMaxObjective.from_expression(g, theta, delta, domain)


def test_rho_is_enclosed_from_both_sides():
    """Exact where S* is proved, two-sided where it is one point known by its cells only."""
    orabona = formula("d*(t1**2+(t2+1)**2)+(1-d)*(t1**2+(t2-1)**2)", ["t1", "t2"], ["d"], I)
    exact = enclose_min_norm(orabona, ["1/2", 0])
    assert exact.exact == 1
    assert exact.lower <= 1 <= exact.upper
    wave = formula("sin(3*d)*t1 + cos(5*d)*t2 - (d-1/2)**2", ["t1", "t2"], ["d"], I)
    found = enclose_min_norm(wave, ["1/3", "1/7"])
    points = np.linspace(0, 1, 1_000_001)[:, None]
    at = np.array([1 / 3, 1 / 7])
    best = points[np.argmax(wave.values(at, points))]
    norm = np.linalg.norm(wave.gradients(at, best[None])[0])
    assert found.width <= 1e-6
    assert found.lower - 1e-5 <= norm <= found.upper + 1e-5
    # Two samples: the hull of their mean, whose least norm is that of the mean gradient.
    other = formula("t1*exp(d) - t2*d - d**2", ["t1", "t2"], ["d"], I)
    both = enclose_min_norm(dk.BatchObjective([wave, other]), ["1/3", "1/7"])
    best2 = points[np.argmax(other.values(at, points))]
    mean = (wave.gradients(at, best[None])[0] + other.gradients(at, best2[None])[0]) / 2
    assert both.width <= 1e-6
    assert both.lower - 1e-5 <= np.linalg.norm(mean) <= both.upper + 1e-5
    # The gradient vanishes wherever the maximizer is, which nothing names: stationary all the same.
    flat = formula("(t-1/3)**2*(2+sin(7*d)) - (exp(d)-3*d)**2", ["t"], ["d"], dk.Interval(-1, 1))
    zero = enclose_min_norm(flat, ["1/3"])
    assert (zero.lower, zero.upper) == (0, 0)
    p = dk.prove_descent(flat, ["1/3"], "steepest")
    assert p.stationary
    assert p.rho == (0, 0)
    beside = dk.prove_descent(flat, ["1/2"], "steepest")
    assert not beside.steepest
    assert "No direction descends faster" in beside.explain()
    assert beside.rho[0] <= -beside.derivative[0]
    assert beside.rho[1] >= -beside.derivative[1]


@pytest.mark.parametrize("call", [dk.prove_descent, dk.enclose_derivative, dk.prove_theorem3])
def test_numbers_beyond_float64_are_named_by_the_argument_they_came_in(call):
    f = formula("t*d", ["t"], ["d"], I)
    with pytest.raises(InvalidInputError, match=r"direction\[0\]"):
        call(f, [0], [10**400])
    with pytest.raises(InvalidInputError, match=r"theta\[0\]"):
        call(f, [10**400], [1])
    with pytest.raises(InvalidInputError, match="max_step"):
        dk.certified_step(f, [0], [-1], 10**400)


def test_undefined_beside_theta_is_said():
    """At t = 0 the formula is s d; beside it phi is infinite."""
    f = formula("t/(d-1/2) + s*d", ["t", "s"], ["d"], I)
    p = dk.prove_descent(f, [0, 1], [0, -1])
    assert not p.defined
    assert p.verdict is dk.Verdict.UNDECIDED
    assert dk.prove_descent(formula("s*d", ["s"], ["d"], I), [1], [-1]).defined
