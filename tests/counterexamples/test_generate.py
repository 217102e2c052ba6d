"""Counterexamples to order: exact identities, the border of what is admissible, hostile input."""

import dataclasses
import itertools
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import danskin as dk
from danskin.counterexamples.generate import (
    check_gram,
    factor,
    hull_of,
    interval_formula,
    make_counterexample,
    read_gram,
)
from danskin.counterexamples.generate.field import field_of
from danskin.counterexamples.generate.gram import Indefinite, _minimizer, gram_of, slopes
from danskin.errors import DanskinError, InvalidInputError
from danskin.exact import sign
from danskin.verdict import Verdict

HALF = sympy.Rational(1, 2)


def equicorrelated(m, c):
    return [[1 if i == j else c for j in range(m)] for i in range(m)]


def quadratic(gram, w):
    return sympy.expand(sum(a * b * gram[i][j] for (i, a), (j, b) in
                            itertools.product(enumerate(w), repeat=2)))  # fmt: skip


rationals = st.fractions(-3, 3, max_denominator=5)


@st.composite
def vectors(draw, most=5):
    m, n = draw(st.integers(2, most)), draw(st.integers(1, most))
    return [[draw(rationals) for _ in range(n)] for _ in range(m)]


# --- the formula ---------------------------------------------------------------------------------


@pytest.mark.parametrize("m", [2, 3, 4, 5, 8, 12])
def test_interval_formula_interpolates_and_its_penalty_vanishes_at_the_nodes_only(m):
    """g(a, d_j) = a_j; at a = 0 the factors of -g are squares, d and 1 - d."""
    f = interval_formula(m)
    d = f.delta_symbols[0]
    nodes = [sympy.Rational(j, m - 1) for j in range(m)]
    for j, x in enumerate(nodes):
        assert sympy.expand(f.expression.subs(d, x) - f.theta_symbols[j]) == 0
    penalty = -f.expression.subs(dict.fromkeys(f.theta_symbols, 0))
    ends = sympy.cancel(penalty / (d * (1 - d) * sympy.Mul(*((d - x) ** 2 for x in nodes[1:-1]))))
    assert ends.is_positive
    middles = [(a + b) / 2 for a, b in itertools.pairwise(nodes)]
    assert min(penalty.subs(d, x) for x in middles) >= sympy.Rational(1, 4)


def test_two_on_an_interval_are_counterexample_2():
    made = make_counterexample(gram=[[1, -HALF], [-HALF, 1]])
    paper = dk.MinMaxObjective.from_expression(
        "d*a + (1-d)*b + d*(d-1)", ["b", "a"], ["d"], dk.Interval(0, 1)
    )
    assert sympy.expand(interval_formula(2).expression.subs({"a1": "b", "a2": "a"})
                        - paper.expression) == 0  # fmt: skip
    assert [d.value for d in made.derivatives] == [HALF, HALF]
    assert made.steepest.value == -HALF


# --- what is made has what was asked for ---------------------------------------------------------


@pytest.mark.parametrize("on", ["interval", "simplex"])
@pytest.mark.parametrize("m", [2, 3, 5, 8])
def test_gram_matrix_to_order_is_proved(m, on):
    c = sympy.Rational(-1, m)
    made = make_counterexample(gram=equicorrelated(m, c), dim=10, on=on)
    assert {x.verdict for x in made.compare()} == {Verdict.PROVED}
    S = dk.maximizers(made.objective, made.theta0)
    assert S.complete
    assert len(S) == m
    # rho^2 = (1 + (m-1)c)/m and D(-v) = -c, by hand.
    assert made.squared_norm == (1 + (m - 1) * c) / m
    assert all(d.value == -c for d in made.derivatives)


@given(rows=vectors())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_rational_vectors_become_gradients(rows):
    made = make_counterexample(rows, require="nothing", theta0=[1] * len(rows[0]))
    assert made.verdict is Verdict.PROVED
    S = dk.maximizers(made.objective, made.theta0)
    exact = [tuple(map(sympy.Rational, r)) for r in rows]
    assert sorted(map(str, S.exact_gradients)) == sorted(map(str, exact))


@given(rows=vectors(4))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_admissible_iff_the_definition_says_so(rows):
    """Against the definition, with the hull asked of an exact solver on the vectors themselves."""
    products = [[sum((a * b for a, b in zip(u, v, strict=True)), Fraction(0)) for v in rows]
                for u in rows]  # fmt: skip
    stationary = dk.exact_min_norm(rows).stationary
    alone = any(min(p) >= 0 for p in products)
    if stationary or alone:
        why = "0 is in the hull" if stationary else "no obtuse partner"
        with pytest.raises(InvalidInputError, match=why):
            make_counterexample(gram=products, on="simplex")
        return
    made = make_counterexample(gram=products, on="simplex")
    assert made.squared_norm == dk.exact_min_norm(rows).squared_norm
    assert all(sign(d.value) == 1 for d in made.derivatives)


def test_a_wrong_claim_is_refuted():
    made = make_counterexample(gram=equicorrelated(3, "-1/3"))
    for change in (
        {"weights": (HALF, HALF, sympy.Integer(0))},
        {"squared_norm": sympy.Rational(1, 8)},
        {"gram": read_gram(equicorrelated(3, "-1/4"))},
        {"steepest": None},
        {"gradients": made.gradients[::-1]},
    ):
        assert dataclasses.replace(made, **change).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    "gram",
    [
        equicorrelated(4, "-sqrt(2)/5"),
        [[1, "sqrt(2)-sqrt(3)"], ["sqrt(2)-sqrt(3)", 1]],
        [["sqrt(5)", "-1/pi"], ["-1/pi", 1]],
    ],
)
def test_irrational_gram_matrices(gram):
    made = make_counterexample(gram=gram)
    assert made.verdict is Verdict.PROVED


def test_angles():
    made = make_counterexample(angles=[0, "2*pi/3"], lengths=[1, 2])
    assert made.gradients == ((1, 0), (-1, sympy.sqrt(3)))
    assert made.gram == ((1, -1), (-1, 4))
    between = make_counterexample(angles=[[0, "2*pi/3"], ["2*pi/3", 0]], lengths=[1, 2])
    assert between.gram == made.gram
    assert between.squared_norm == made.squared_norm


def test_floats_mean_the_binary_number():
    made = make_counterexample(gram=np.array([[1.0, -0.1], [-0.1, 1.0]]))
    assert made.gram[0][1] == -sympy.Rational(*(0.1).as_integer_ratio())


# --- the border ----------------------------------------------------------------------------------


def test_min_norm_exactly_zero_is_refused_with_its_weights():
    with pytest.raises(InvalidInputError, match=r"weights \(1/3, 1/3, 1/3\)"):
        make_counterexample(gram=equicorrelated(3, -HALF))
    with pytest.raises(InvalidInputError, match=r"weights \(2 - sqrt\(2\), -1 \+ sqrt\(2\)\)"):
        make_counterexample(gram=[[1, "-sqrt(2)"], ["-sqrt(2)", 2]])
    stationary = make_counterexample(gram=equicorrelated(3, -HALF), require="nothing")
    assert stationary.verdict is Verdict.PROVED
    assert stationary.steepest is None


@pytest.mark.parametrize("tiny", ["1e-30", "1e-200"])
def test_a_hair_on_either_side_of_the_border(tiny):
    eps = sympy.Rational(tiny)
    check_gram([[1, -1 + eps], [-1 + eps, 1]])
    check_gram([[1, -eps], [-eps, 1]])
    with pytest.raises(InvalidInputError, match="0 is in the hull"):
        check_gram([[1, -1], [-1, 1]])
    with pytest.raises(InvalidInputError, match="not positive semidefinite"):
        check_gram([[1, -1 - eps], [-1 - eps, 1]])
    with pytest.raises(InvalidInputError, match="no obtuse partner"):
        check_gram([[1, eps], [eps, 1]])


def test_right_angle():
    right = [[1, 0], [0, 1]]
    with pytest.raises(InvalidInputError, match="right angle with gradient 1"):
        make_counterexample(gram=right)
    made = make_counterexample(gram=right, require="no descent")
    assert [d.value for d in made.derivatives] == [0, 0]
    assert made.verdict is Verdict.PROVED
    with pytest.raises(InvalidInputError, match=r"gram\[2\]: it has no obtuse partner"):
        make_counterexample(gram=[[1, "-1/2", 1], ["-1/2", 1, 1], [1, 1, 4]], require="no descent")


def test_equal_vectors_and_low_rank():
    made = make_counterexample([[1, 0], [1, 0], ["-1/2", 1]])
    assert made.verdict is Verdict.PROVED
    assert len(made.maximizers) == 3
    low = make_counterexample(gram=gram_of([(1, 0), (-1, 1), (-1, 1)]))
    assert len(low.theta0) == 2
    with pytest.raises(InvalidInputError, match="rank is 2"):
        make_counterexample(gram=gram_of([(1, 0), (-1, 1), (-1, 1)]), dim=1)


def test_zero_vector_is_in_the_hull():
    with pytest.raises(InvalidInputError, match=r"weights \(1, 0\)"):
        check_gram([[0, 0], [0, 1]])


@given(rows=st.integers(2, 5).flatmap(
    lambda m: st.lists(st.lists(rationals, min_size=m, max_size=m), min_size=m, max_size=m)
))  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_factor_or_witness(rows):
    """Either V V' = G with as many columns as the rank, or w' G w < 0: both checked by hand."""
    m = len(rows)
    gram = tuple(tuple(sympy.Rational(rows[max(i, j)][min(i, j)]) for j in range(m))
                 for i in range(m))  # fmt: skip
    found = factor(gram)
    if isinstance(found, Indefinite):
        assert quadratic(gram, found.witness) == found.value < 0
    else:
        assert gram_of(found) == gram
        assert len(found[0]) == sympy.Matrix(gram).rank()


@pytest.mark.parametrize(
    "gram",
    [
        [[0, 1], [1, 5]],
        [[0, 1], [1, 0]],
        [[-1, 0], [0, 1]],
        [[1, 0, 1], [0, 0, 0], [1, 0, "1-1e-40"]],
    ],
)
def test_witnesses_of_zero_and_negative_pivots(gram):
    read = read_gram(gram)
    found = factor(read)
    assert isinstance(found, Indefinite)
    assert quadratic(read, found.witness) == found.value < 0


@pytest.mark.parametrize("scale", [sympy.sqrt(2), sympy.sqrt(3) - 1, sympy.pi])
@pytest.mark.parametrize(
    "rows",
    [
        [[0, -1], [0, 1]],
        [[1, 0], [-1, 1], [-1, 1]],
        [[1, 2, 0], [-2, 1, 1], [0, -1, 3], [1, 1, 1]],
    ],
)
def test_hull_of_an_irrational_gram_matrix(rows, scale):
    """The first vector scaled by an irrational number: the optimality conditions, exactly."""

    def which(x):
        return sign(sympy.expand(sympy.cancel(sympy.together(x))))

    exact = [tuple(map(sympy.Integer, row)) for row in rows]
    exact[0] = tuple(scale * x for x in exact[0])
    gram = gram_of(exact)
    hull = hull_of(gram)
    assert which(sum(hull.weights) - 1) == 0
    assert all(which(w) >= 0 for w in hull.weights)
    assert all(which(s - hull.squared_norm) >= 0 for s in slopes(gram, hull.weights))
    assert which(quadratic(gram, hull.weights) - hull.squared_norm) == 0


def test_a_support_with_a_negative_weight_is_not_the_hull():
    """On the line through (1, 0) and (2, sqrt 2) the least norm lies outside the segment."""
    gram = gram_of([(sympy.Integer(1), sympy.Integer(0)), (sympy.Integer(2), sympy.sqrt(2))])
    field = field_of([x for row in gram for x in row])
    matrix = [[field.read(x) for x in row] for row in gram]
    assert _minimizer(field, matrix, (0, 1)) is None
    weights, square = _minimizer(field, matrix, (0,))
    assert [field.write(w) for w in weights] == [1, 0]
    assert field.write(square) == 1


# --- hostile input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"gram": [[1]], "vectors": [[1]]},
        {"gram": "abc"},
        {"gram": []},
        {"gram": [[1]]},
        {"gram": [[1, 2], 3]},
        {"gram": [[1, 2, 3], [2, 1, 1]]},
        {"gram": [[1, 2], [3, 1]]},
        {"gram": [[True, 0], [0, 1]]},
        {"gram": [[float("nan"), 0], [0, 1]]},
        {"gram": [[1j, 0], [0, 1]]},
        {"gram": [["__import__('os')", 0], [0, 1]]},
        {"gram": [["9**9**9", 0], [0, 1]]},
        {"gram": 7},
        {"gram": np.eye(70)},
        {"vectors": [[1, 0], [1]]},
        {"vectors": [[]]},
        {"vectors": [[1, 0]] * 30},
        {"vectors": [[1, 0], [-1, 1]], "dim": 1},
        {"vectors": [[1, 0], [-1, 1]], "dim": True},
        {"vectors": [[1, 0], [-1, 1]], "theta0": [0]},
        {"vectors": [[1, 0], [-1, 1]], "on": "circle"},
        {"vectors": [[1, 0], [-1, 1]], "require": "everything"},
        {"vectors": [[1, 0], [-1, 1]], "lengths": [1, 1]},
        {"angles": [0, "2*pi/3"], "lengths": [1, 0]},
        {"angles": [0, "2*pi/3"], "lengths": [1]},
        {"angles": [0, [1]]},
        {"angles": [[1, 2], [2, 0]]},
        {"angles": "pi"},
    ],
)
def test_bad_input_is_named(arguments):
    with pytest.raises(DanskinError) as caught:
        make_counterexample(**arguments)
    assert str(caught.value)
