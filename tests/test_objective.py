"""Objectives: formulas and callables, values and gradients, pickling, and what is refused."""

import math
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import danskin as dk
from danskin.errors import DanskinError, ExpressionError, InvalidInputError
from danskin.objective import as_floats

I = dk.Interval(0, 1)  # noqa: E741
formula = dk.MinMaxObjective.from_expression
ORABONA = "d*(t1**2 + (t2+1)**2) + (1-d)*(t1**2 + (t2-1)**2)"


def orabona():
    return formula(ORABONA, ["t1", "t2"], ["d"], I)


def as_callables(f):
    return dk.MinMaxObjective(
        f.value,
        f.grad_theta,
        f.domain,
        theta_dim=f.theta_dim,
        grad_delta=lambda t, d: f.delta_gradients(t, d[None])[0],
    )


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=2), st.floats(0, 1))
def test_values_and_gradients_of_a_formula(theta, d):
    f = orabona()
    t1, t2 = theta
    assert f.value(theta, [d]) == pytest.approx(t1**2 + (t2 + 1) ** 2 * d + (t2 - 1) ** 2 * (1 - d))
    np.testing.assert_allclose(
        f.grad_theta(theta, d), [2 * t1, 2 * t2 + 2 * (2 * d - 1)], atol=1e-12
    )
    np.testing.assert_allclose(
        f.delta_gradients(np.array(theta), np.array([[d]])), [[4 * t2]], atol=1e-12
    )
    assert f.robust_value(theta) == pytest.approx(t1**2 + (abs(t2) + 1) ** 2)


def test_callables_agree_with_the_formula_they_wrap():
    f = orabona()
    g = as_callables(f)
    for theta in ([1.0, 0.5], [0.3, -2.0]):
        assert g.robust_value(theta) == pytest.approx(f.robust_value(theta), rel=1e-12)
        S = dk.maximizers(g, theta)
        assert not S.complete
        np.testing.assert_allclose(S.deltas, dk.maximizers(f, theta).deltas, atol=1e-9)
    np.testing.assert_array_equal(g.values(np.zeros(2), np.zeros((3, 1))), np.ones(3))


def test_numbers_of_every_kind_mean_the_same_point():
    f = orabona()
    expected = f.value([0.5, 0.25], [0.75])
    for theta in (
        ["1/2", "0.25"],
        [Fraction(1, 2), Decimal("0.25")],
        sympy.Matrix([0.5, 0.25]),
        np.array([0.5, 0.25]),
        (sympy.Rational(1, 2), sympy.Rational(1, 4)),
    ):
        assert f.value(theta, ["3/4"]) == expected


def test_sympy_formulas_symbols_and_parameters():
    t, d, c = sympy.symbols("t d c", positive=True)
    f = formula(c * t * d**2, [t], [d], I, {"c": "sqrt(2)"})
    assert f.value([1], [1]) == 2**0.5
    assert formula(3.5, ["t"], ["d"], I).value([0], [0]) == 3.5
    assert formula(Fraction(1, 4), ["t"], ["d"], I).value([0], [0]) == 0.25
    inner = formula("a*t*d", ["t"], ["d"], I, {"b": 2, "a": "b/3"})
    assert inner.value([3], [1]) == pytest.approx(2)


X = sympy.Symbol("x")
ROOT = sympy.CRootOf(X**5 - X - 1, 0)
PICKLED = {
    "text": lambda: orabona(),
    "parameters": lambda: formula("c*t*d", ["t"], ["d"], I, {"c": "sqrt(2)", "e": 0.1}),
    "sympy": lambda: formula(sympy.sin(sympy.Symbol("t")) * sympy.Symbol("d"), ["t"], ["d"], I),
    "cotangent": lambda: formula(
        sympy.tan(sympy.Symbol("t") + sympy.pi / 2) * sympy.Symbol("d"), ["t"], ["d"], I
    ),
    "root parameter": lambda: formula("c*t*d", ["t"], ["d"], I, {"c": ROOT}),
    "root": lambda: formula(ROOT * sympy.Symbol("t") * sympy.Symbol("d"), ["t"], ["d"], I),
    "batch": lambda: dk.BatchObjective([orabona(), orabona()]),
}


@pytest.mark.parametrize("make", PICKLED.values(), ids=PICKLED.keys())
def test_pickling(make):
    f = make()
    again = pickle.loads(pickle.dumps(f))
    theta, delta = [0.25] * f.theta_dim, [0.5] * f.delta_dim
    assert again.value(theta, delta) == f.value(theta, delta)
    assert again.domain == f.domain
    assert repr(again) == repr(f)


def test_a_long_gradient_is_not_mistaken_for_an_undefined_one():
    """The product of 80 factors has a gradient of more parts than a formula may have."""
    f = formula(
        "*".join(f"(2 + sin({i}*t + d))" for i in range(1, 81)),
        ["t"],
        ["d"],
        dk.FiniteSet([[0], [1]]),
    )
    S = dk.maximizers(f, [0.1])
    assert np.isfinite(S.gradients).all()


def test_callables_get_copies_and_their_answers_are_checked():
    def greedy(theta, delta):
        theta[:] = 7
        delta[:] = 7
        return 1.0

    theta = np.array([1.0])
    f = dk.MinMaxObjective(greedy, lambda t, d: t, I, theta_dim=1)
    deltas = np.array([[0.5]])
    f.values(theta, deltas)
    assert theta[0] == 1.0
    assert deltas[0, 0] == 0.5


@pytest.mark.parametrize(
    "answer",
    [math.nan, math.inf, 1j, np.array(1j), [1, 2], None, "1.0", {}, np.zeros((1, 2)), object()],
    ids=lambda v: type(v).__name__,
)
def test_bad_answers_of_callables_are_refused(answer):
    value = dk.MinMaxObjective(lambda t, d: answer, lambda t, d: t, I, theta_dim=1)
    with pytest.raises(InvalidInputError, match=r"^value"):
        value.value([0], [0])
    slope = dk.MinMaxObjective(lambda t, d: 0.0, lambda t, d: answer, I, theta_dim=3)
    with pytest.raises(InvalidInputError, match=r"^grad_theta"):
        slope.grad_theta([0, 0, 0], [0])


T, D = sympy.symbols("t d")
F1 = lambda: formula("t*d", ["t"], ["d"], I)  # noqa: E731
BAD = {
    "domain": lambda: formula("t*d", ["t"], ["d"], "interval"),
    "theta text": lambda: formula("t*d", "t", ["d"], I),
    "theta empty": lambda: formula("d", [], ["d"], I),
    "theta twice": lambda: formula("t*d", ["t", "t"], ["d"], I),
    "theta number": lambda: formula("t*d", [1], ["d"], I),
    "delta count": lambda: formula("t*d", ["t"], ["d", "e"], I),
    "shared": lambda: formula("t", ["t"], ["t"], I),
    "reserved": lambda: formula("t", ["sin"], ["d"], I),
    "parameters list": lambda: formula("t", ["t"], ["d"], I, [1]),
    "parameter nan": lambda: formula("t", ["t"], ["d"], I, {"c": math.nan}),
    "parameter clash": lambda: formula("t", ["t"], ["d"], I, {"t": 1}),
    "parameter text": lambda: formula("t", ["t"], ["d"], I, {"c": "1/0"}),
    "parameter key": lambda: formula("t", ["t"], ["d"], I, {1: 2}),
    "parameter object": lambda: formula("t", ["t"], ["d"], I, {"c": object()}),
    "g none": lambda: formula(None, ["t"], ["d"], I),
    "g bytes": lambda: formula(b"t", ["t"], ["d"], I),
    "g nan": lambda: formula(math.nan, ["t"], ["d"], I),
    "g complex": lambda: formula(sympy.I * T, ["t"], ["d"], I),
    "g abs": lambda: formula(sympy.Abs(T), ["t"], ["d"], I),
    "g equation": lambda: formula(sympy.Eq(T, 1), ["t"], ["d"], I),
    "g unknown": lambda: formula(T * X, ["t"], ["d"], I),
    "g beyond float64": lambda: formula("10**400*t*d", ["t"], ["d"], I).value([1], [1]),
    "value": lambda: dk.MinMaxObjective(1, F1().grad_theta, I, theta_dim=1),
    "grad_theta": lambda: dk.MinMaxObjective(F1().value, None, I, theta_dim=1),
    "grad_delta": lambda: dk.MinMaxObjective(
        F1().value, F1().grad_theta, I, theta_dim=1, grad_delta=3
    ),
    "theta_dim 0": lambda: dk.MinMaxObjective(F1().value, F1().grad_theta, I, theta_dim=0),
    "theta_dim 1.5": lambda: dk.MinMaxObjective(F1().value, F1().grad_theta, I, theta_dim=1.5),
    "theta_dim true": lambda: dk.MinMaxObjective(F1().value, F1().grad_theta, I, theta_dim=True),
    "batch empty": lambda: dk.BatchObjective([]),
    "batch number": lambda: dk.BatchObjective(5),
    "batch mixed": lambda: dk.BatchObjective([F1(), 1]),
    "batch theta": lambda: dk.BatchObjective([F1(), orabona()]),
    "theta length": lambda: F1().value([0, 1], [0]),
    "theta nan": lambda: F1().value([math.nan], [0]),
    "theta complex": lambda: F1().value([1j], [0]),
    "theta none": lambda: F1().value(None, [0]),
    "theta matrix": lambda: F1().value([[0]], [0]),
    "theta hostile": lambda: F1().value(["__import__('os')"], [0]),
    "theta huge": lambda: F1().value(["10**400"], [0]),
    "theta symbol": lambda: F1().value([T], [0]),
    "delta length": lambda: F1().value([0], [0, 1]),
    "delta infinite": lambda: F1().value([0], [math.inf]),
    "value undefined": lambda: formula("t/d", ["t"], ["d"], I).value([1], [0]),
    "at undefined": lambda: formula("d/t", ["t"], ["d"], I).at([0]),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_bad_objectives_are_refused(make):
    with pytest.raises(DanskinError) as caught:
        make()
    error = caught.value
    assert str(error).startswith(error.argument + ": ")
    assert error.remedy


def test_errors_name_the_argument_that_is_at_fault():
    for name, argument in [
        ("theta huge", "theta"),
        ("g beyond float64", "g"),
        ("shared", "delta"),
        ("parameter text", "parameters.c"),
        ("at undefined", "theta"),
    ]:
        with pytest.raises(DanskinError) as caught:
            BAD[name]()
        assert caught.value.argument == argument


def test_pickled_errors_keep_their_parts():
    with pytest.raises(ExpressionError) as caught:
        BAD["shared"]()
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.argument, str(again)) == (caught.value.argument, str(caught.value))


@given(st.integers(1, 3), st.floats(-2, 2))
def test_a_batch_is_the_mean_of_its_samples(b, t):
    parts = [formula(f"{i + 1}*t*d - d**2/{i + 2}", ["t"], ["d"], I) for i in range(b)]
    batch = dk.BatchObjective(parts)
    deltas = np.linspace(0, 1, b)
    assert batch.value([t], deltas) == pytest.approx(
        np.mean([p.value([t], [d]) for p, d in zip(parts, deltas, strict=True)])
    )
    assert batch.robust_value([t]) == pytest.approx(np.mean([p.robust_value([t]) for p in parts]))
    assert batch.grad_theta([t], deltas).shape == (1,)
    assert batch.delta_dim == b


def test_as_floats_returns_a_copy():
    x = np.array([1.0, 2.0])
    y = as_floats(x, "x", 2)
    y[0] = 5
    assert x[0] == 1.0
