"""Both provers are sound: nothing false is proved, nothing true refuted, doubt is undecided."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from danskin.claims.argument import Argument, conjunction, equal, ordered
from danskin.claims.certificate import prove_by_sympy
from danskin.claims.decision import prove_by_z3
from danskin.claims.gram import Domain, maximum_is
from danskin.claims.implication import Implication, fact, prove_twice
from danskin.claims.roots import quotient_is
from danskin.errors import InvalidInputError
from danskin.verdict import Verdict

PROVED, REFUTED, UNDECIDED = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED
PROVERS = [prove_by_sympy, prove_by_z3]
OPEN = {"LO": "c > -1", "HI": "c < 0"}
CLOSED = {"LO": "c >= -1", "HI": "c <= 0"}
HALF = {"c": "-1/2"}


def verdicts(statement):
    return tuple(prove(statement)[0] for prove in PROVERS)


@pytest.mark.parametrize(
    ("hypotheses", "conclusion"),
    [
        (OPEN, "-c > 0"),
        (OPEN, "1 + c > 0"),
        (CLOSED, "c*(c + 1) <= 0"),
        (OPEN, "c*(c + 1) < 0"),
        (OPEN, "(c + 1/2)**2 >= 0"),
        (OPEN, "(c + 1)**2 == c**2 + 2*c + 1"),
        ({}, "c**2 + 1 > 0"),
        ({"A": "c >= 1", "B": "c >= 2"}, "c > 3/2"),
        (OPEN, "3 >= 2"),
    ],
)
def test_true_statements_in_one_variable_are_proved_twice(hypotheses, conclusion):
    sample = {"c": "3"} if "A" in hypotheses else HALF
    assert verdicts(Implication.read(hypotheses, conclusion, sample=sample)) == (PROVED, PROVED)


@pytest.mark.parametrize(
    ("hypotheses", "conclusion"),
    [
        (CLOSED, "-c > 0"),  # fails at the closed end only
        (CLOSED, "1 + c > 0"),
        (OPEN, "(c + 1/4)**2 > 0"),  # a double zero inside
        (OPEN, "c + 1/4 <= 0"),
        (OPEN, "(c**2 - 1/2)**2 > 0"),  # at an irrational point
        (OPEN, "c**3 - c >= 1/3"),
        ({}, "c <= 100"),
    ],
)
def test_false_statements_are_not_proved_and_z3_s_witness_is_exact(hypotheses, conclusion):
    statement = Implication.read(hypotheses, conclusion, sample=HALF)
    by_sympy, by_z3 = verdicts(statement)
    assert by_sympy is not PROVED
    assert by_z3 is REFUTED
    assert "confirmed in exact arithmetic" in prove_by_z3(statement)[1]


@pytest.mark.parametrize("prove", PROVERS)
def test_a_statement_about_nothing_is_not_proved(prove):
    """Contradictory hypotheses imply everything; a sample that meets them is asked for."""
    statement = Implication.read({"A": "c > 0", "B": "c < 0"}, "c > 5", sample={"c": 1})
    assert prove(statement)[0] is UNDECIDED


@given(
    roots=st.lists(st.fractions(-2, 2, max_denominator=4), min_size=1, max_size=4),
    ends=st.tuples(st.fractions(-2, 2, max_denominator=3), st.fractions(1, 3, max_denominator=3)),
    strict=st.booleans(),
    sign=st.sampled_from([1, -1]),
)
@settings(max_examples=60)
def test_provers_agree_with_the_known_zeros(roots, ends, strict, sign):
    """sign * prod (x - root) on an interval: the truth is known from the roots."""
    lo, hi = ends[0], ends[0] + ends[1]
    x = sympy.Symbol("x")
    p = sympy.expand(
        sign * sympy.prod([x - sympy.Rational(r.numerator, r.denominator) for r in roots])
    )
    relation = ">" if strict else ">="
    middle = (lo + hi) / 2
    statement = Implication.read(
        {"LO": f"x >= {lo}", "HI": f"x <= {hi}"},
        f"p {relation} 0",
        sample={"x": middle},
        let={"p": p},
    )
    points = sorted({lo, hi, *[r for r in roots if lo <= r <= hi]})
    points += [(a + b) / 2 for a, b in itertools.pairwise(points)]
    values = [sign * np.prod([Fraction(q) - r for r in roots]) for q in points]
    truth = all(v > 0 if strict else v >= 0 for v in values)
    by_sympy, by_z3 = verdicts(statement)
    assert by_z3 is (PROVED if truth else REFUTED)
    assert by_sympy is PROVED if truth else by_sympy is not PROVED


# --- certificates --------------------------------------------------------------------------------

SUM = {"A": "a >= 0", "B": "b > 0"}
SAMPLE = {"a": 1, "b": 1}


@pytest.mark.parametrize(
    "certificate",
    [
        "NOT",  # not identically zero
        "NOT + A",
        "NOT - A - B",  # a negative coefficient
        "NOT*0",
        "0",
        "A - A",
        "(NOT + A + B)*a",  # a variable of unknown sign
        "NOT + A + B - 1 + 1 - NOT",
        "a + b + NOT",  # variables are not hypotheses
        "NOT + A + C",  # an unknown name
        "NOT +",
        "sqrt(NOT + A + B)",
    ],
)
def test_bad_certificates_prove_nothing(certificate):
    statement = Implication.read(SUM, "a + b > 0", sample=SAMPLE, certificate=certificate)
    assert prove_by_sympy(statement)[0] is UNDECIDED
    assert prove_by_z3(statement)[0] is PROVED


def test_a_certificate_needs_a_strictly_positive_term():
    """a >= 0, b >= 0 do not give a + b > 0; the same certificate proves a + b >= 0."""
    weak = {"A": "a >= 0", "B": "b >= 0"}
    strict = Implication.read(weak, "a + b > 0", sample=SAMPLE, certificate="NOT + A + B")
    assert verdicts(strict) == (UNDECIDED, REFUTED)
    loose = Implication.read(weak, "a + b >= 0", sample=SAMPLE, certificate="NOT + A + B")
    assert verdicts(loose) == (PROVED, PROVED)


def test_certificates_may_multiply_equations_by_anything():
    statement = Implication.read(
        {"E": "a + b == 2", "P": "a*b == 1"},
        "(a - b)**2 <= 0",
        sample={"a": 1, "b": 1},
        certificate="NOT - E*(a + b) - 2*E + 4*P",
    )
    assert verdicts(statement) == (PROVED, PROVED)


def test_several_variables_without_a_certificate_stay_undecided():
    statement = Implication.read(SUM, "a + b > 0", sample=SAMPLE)
    assert prove_by_sympy(statement)[0] is UNDECIDED
    argument = Argument()
    assert prove_twice(argument, "sum", statement) is UNDECIDED
    assert argument.verdict is UNDECIDED


def test_z3_out_of_resources_is_undecided():
    names = "abcdef"
    left = " + ".join(f"{x}**4*{y}**3" for x, y in zip(names, names[1:] + names[0], strict=True))
    statement = Implication.read({}, f"{left} + a*b*c*d*e*f > -3", sample=dict.fromkeys(names, 1))
    verdict, why = prove_by_z3(statement, rlimit=1000)
    assert verdict is UNDECIDED
    assert "unknown" in why


def test_z3_does_not_depend_on_earlier_queries():
    statement = Implication.read(OPEN, "c*(c + 1) < 0", sample=HALF)
    assert len({prove_by_z3(statement) for _ in range(3)}) == 1


def test_provers_that_contradict_each_other_give_no_verdict(monkeypatch):
    from danskin.claims import certificate

    monkeypatch.setattr(certificate, "prove_by_sympy", lambda s: (PROVED, "so it is said"))
    statement = Implication.read({}, "c > 0", sample={"c": 1})
    assert prove_twice(Argument(), "false", statement) is UNDECIDED


@pytest.mark.parametrize("text", ["a", "a < b < 1", "a = b", "a != b", "a => b", "1 < x"])
def test_facts_that_are_none(text):
    symbols = {n: sympy.Symbol(n) for n in "ab"}
    with pytest.raises(InvalidInputError):
        fact(text, symbols)


# --- roots and maxima ----------------------------------------------------------------------------


def quotient(numerator, square, claimed, hypotheses=OPEN, sample=HALF):
    domain = Domain(hypotheses, sample)
    argument = Argument()
    parts = [domain.formula(x) for x in (numerator, square, claimed)]
    quotient_is(argument, "value", *parts, domain)
    return argument.verdict


@pytest.mark.parametrize(
    ("numerator", "square", "claimed", "verdict"),
    [
        ("-(1+c)", "2+2*c", "-sqrt((1+c)/2)", PROVED),
        ("-(1+c)", "2+2*c", "-sqrt(1+c)/sqrt(2)", PROVED),
        ("-(1+c)", "(1+c)**2", "-1", PROVED),
        ("-(1+c)", "2+2*c", "sqrt((1+c)/2)", REFUTED),
        ("-(1+c)", "2+2*c", "-sqrt((1+c)/3)", REFUTED),
        ("-(1+c)", "2+2*c", "-1/2", UNDECIDED),  # agrees at the sample point only
        ("c", "c**2", "-1", PROVED),
        ("c + 1/4", "(c + 1/4)**2", "-1", UNDECIDED),  # the numerator changes sign
        ("c", "1 + 3*c/2", "-1", UNDECIDED),  # the radicand is not positive throughout
    ],
)
def test_quotients_with_roots(numerator, square, claimed, verdict):
    assert quotient(numerator, square, claimed) is verdict


def test_quotient_with_the_absolute_value():
    for side, at in (("s > 0", "1"), ("s < 0", "-1")):
        arguments = ("-s**2", "s**4 + 4*s**2", "-sqrt(s**2)/sqrt(4 + s**2)", {"S": side}, {"s": at})
        assert quotient(*arguments) is PROVED


@pytest.mark.parametrize(
    ("values", "claimed", "verdict"),
    [
        (["-1", "-c"], "-c", PROVED),
        (["-c", "-c"], "-c", PROVED),
        (["-1", "-c"], "-1", REFUTED),
        (["c", "-1-c"], "c", REFUTED),  # c is the larger one for c > -1/2 only
        (["-1", "c**2 + c"], "-1/4", UNDECIDED),  # equal at the sample point
        (["-1", "-c"], "-2*c", REFUTED),
    ],
)
def test_maxima(values, claimed, verdict):
    domain = Domain(OPEN, HALF)
    argument = Argument()
    maximum_is(
        argument, "max", [domain.formula(v) for v in values], domain.formula(claimed), domain
    )
    assert argument.verdict is verdict


# --- arguments -----------------------------------------------------------------------------------


def test_argument_of_nothing_is_undecided():
    argument = Argument()
    assert argument.verdict is UNDECIDED
    argument.say("talk proves nothing")
    assert argument.verdict is UNDECIDED


def test_a_failing_lemma_is_never_a_refutation():
    argument = Argument()
    argument.part("part", PROVED, "symbolic")
    argument.lemma("lemma", REFUTED, "symbolic")
    assert argument.verdict is UNDECIDED
    argument.part("false part", REFUTED, "exact arithmetic")
    assert argument.verdict is REFUTED


def test_every_witness_has_to_hold():
    argument = Argument()
    argument.witness("good", [PROVED], REFUTED)
    assert argument.verdict is REFUTED
    argument.witness("bad", [PROVED], PROVED)
    assert argument.verdict is UNDECIDED
    assert "not a witness: bad" in argument.note


@pytest.mark.parametrize("hypothesis", [REFUTED, UNDECIDED])
def test_a_witness_needs_its_hypotheses(hypothesis):
    argument = Argument()
    argument.witness("w", [PROVED, hypothesis], REFUTED)
    assert argument.verdict is UNDECIDED


def test_a_witness_does_not_stand_on_a_failed_step():
    argument = Argument()
    argument.lemma("lemma", UNDECIDED, "symbolic")
    argument.witness("w", [PROVED], REFUTED)
    assert argument.verdict is UNDECIDED


def test_numeric_evidence_can_only_take_away():
    argument = Argument()
    argument.part("part", PROVED, "exact arithmetic")
    argument.evidence("agrees", agrees=True)
    assert argument.verdict is PROVED
    argument.evidence("disagrees", agrees=False)
    assert argument.verdict is UNDECIDED
    assert argument.methods == ("exact arithmetic", "numeric evidence")


def test_exact_comparisons():
    root = sympy.sqrt(2)
    assert equal(root * sympy.sqrt(3), sympy.sqrt(6)) is PROVED
    assert equal(root, 1.4142135623730951) is UNDECIDED  # a float may be rounded
    assert ordered(root, "<", sympy.Rational(3, 2)) is PROVED
    assert ordered(root, ">=", 2) is REFUTED
    assert ordered(None, "==", 1) is UNDECIDED
    assert conjunction([]) is PROVED
    assert conjunction([PROVED, UNDECIDED, REFUTED]) is REFUTED
