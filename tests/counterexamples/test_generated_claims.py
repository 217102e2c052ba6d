"""The claims of counterexamples made to order: proved as made, and false values are refuted."""

import pytest

from danskin.claims.generated import generated_claims
from danskin.counterexamples.generate import make_counterexample
from danskin.errors import InvalidInputError
from danskin.objective import MinMaxObjective
from danskin.verdict import Verdict


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"gram": [[1, "-1/2"], ["-1/2", 1]]}, "generated-steepest"),
        ({"gram": [[1, "-sqrt(2)/2"], ["-sqrt(2)/2", 1]], "theta0": ["pi", "1/3"]},
         "generated-steepest"),
        ({"vectors": [[1, 0], ["-1/2", 1], ["-1/2", "sqrt(3)"]], "on": "simplex"},
         "generated-steepest"),
        ({"angles": [0, "2*pi/3", "4*pi/3"], "require": "nothing"}, "generated-stationary"),
        ({"vectors": [[0, 0], [1, 0]], "require": "nothing"}, "generated-stationary"),
    ],
)  # fmt: skip
def test_what_is_made_is_proved(given, expected):
    claims = generated_claims(make_counterexample(**given))
    assert [c.id for c in claims][:3] == [
        "generated-maximizers",
        "generated-gradients",
        "generated-rates",
    ]
    assert claims[3].id == expected
    for claim in claims:
        result = claim.run()
        assert result.verdict is Verdict.PROVED, result.explain()
        assert result.ok
        assert result.method == "exact arithmetic"
        assert any("g = " in line for line in result.evidence)


def claim_of(name, **options):
    member = make_counterexample(gram=[[1, "-1/2"], ["-1/2", 1]], **options)
    return next(c for c in generated_claims(member) if c.id == f"generated-{name}")


@pytest.mark.parametrize(
    ("name", "claimed"),
    [
        ("maximizers", {"S*": [[0], ["1/2"]]}),
        ("maximizers", {"S*": [[0]]}),
        ("gradients", {"gradients": [[1, 0], ["-1/2", "1/2"]]}),
        ("gradients", {"gram": [[1, "-1/2"], ["-1/2", "1 + 10**-30"]]}),
        ("rates", {"rates": {"D(-v1)": "1/2", "D(-v2)": "1/2 + 10**-30"}}),
        ("rates", {"rates": {"D(-v1)": "1/2 - 10**-30", "D(-v2)": "1/2"}}),
        ("steepest", {"weights": ["1/3", "2/3"]}),
        ("steepest", {"weights": ["-1", "2"]}),
        ("steepest", {"rho^2": "1/4 + 10**-30"}),
        ("steepest", {"gradients": [[1, 0], [0, 1]]}),
    ],
)
def test_false_values_are_refuted(name, claimed):
    result = claim_of(name).run(claimed=claimed)
    assert result.verdict is Verdict.REFUTED, result.explain()


def test_weights_that_are_optimal_over_some_gradients_only_are_refuted():
    """The min-norm point over v1 alone, on the simplex and of the right length."""
    result = claim_of("steepest").run(claimed={"weights": [1, 0], "rho^2": 1})
    assert result.verdict is Verdict.REFUTED
    assert "for the gradient g of every maximizer" in result.note


def test_another_objective_is_refuted():
    claim = claim_of("maximizers")
    other = MinMaxObjective.from_expression(
        "d*t1 - d*t2 - d**2",
        theta=["t1", "t2"],
        delta=["d"],
        domain=claim.objects["objective"].domain,
    )
    assert claim.run(objective=other).verdict is Verdict.REFUTED
    with pytest.raises(InvalidInputError, match="no such name"):
        claim.run(claimed={"rho": 1})


def test_only_what_was_made_to_order_has_these_claims():
    from danskin.counterexamples import obtuse_pair

    with pytest.raises(InvalidInputError, match="member"):
        generated_claims(obtuse_pair())
