"""Claimed values against enclosures: a wrong one is not confirmed, whichever way it is wrong."""

import pytest

from danskin.claims.argument import Argument
from danskin.claims.enclosed import (
    derivative_is_enclosed,
    min_norm_is_enclosed,
    quotient_is_near,
    theorem3_with_proved_constants,
)
from danskin.counterexamples import ABSOLUTE_VALUE, OBTUSE_PAIR, ORABONA, pull_back
from danskin.verdict import Verdict

PROVED, REFUTED, UNDECIDED = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED
LINE = ABSOLUTE_VALUE.formula
PAIR = pull_back(OBTUSE_PAIR.formula, [("1", "0"), ("-3/5", "4/5")])


@pytest.mark.parametrize(("value", "verdict"), [("1", PROVED), ("-1", REFUTED), ("2", REFUTED)])
def test_the_derivative_of_the_absolute_value(value, verdict):
    argument = Argument()
    assert derivative_is_enclosed(argument, "D", LINE, ["0"], ["-1"], value) is verdict
    assert argument.verdict is verdict


@pytest.mark.parametrize(
    ("value", "verdict"), [("sqrt(5)/5", PROVED), ("0", REFUTED), ("1/2", REFUTED)]
)
def test_the_distance_of_0_from_the_hull(value, verdict):
    assert min_norm_is_enclosed(Argument(), "rho", PAIR, ["0", "0"], value) is verdict


def test_a_distance_of_0_is_confirmed():
    assert min_norm_is_enclosed(Argument(), "rho", LINE, ["0"], "0") is PROVED


@pytest.mark.parametrize(
    ("gamma", "value", "verdict"),
    [(1, "1", PROVED), (-1, "1", PROVED), (-1, "-1", REFUTED), (1, "1001/1000", UNDECIDED)],
)
def test_difference_quotients(gamma, value, verdict):
    """Of |theta| at 0; the last value lies on the edge of what is within 1/1000."""
    assert quotient_is_near(LINE, "0", gamma, "1/100000", value, "1/1000") is verdict


def test_theorem_3_proves_no_ascent():
    orabona, kink = ORABONA.formula, ["1/2", "0"]
    apply = theorem3_with_proved_constants
    assert apply(Argument(), "down", orabona, kink, ["-1", "0"]) is PROVED
    assert apply(Argument(), "up", orabona, kink, ["-1", "-2"]) is UNDECIDED
