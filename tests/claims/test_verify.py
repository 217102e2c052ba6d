"""The claims hold, and what `verify` returns is what the command line relies on."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache

import pytest

from danskin.claims import Claim, ClaimResult, VerifyReport, all_claims, verify
from danskin.errors import InvalidInputError
from danskin.verdict import Verdict

CLAIMS = all_claims()


@cache
def result_of(claim_id):
    """Run a claim once for all tests of its result."""
    return next(c for c in CLAIMS if c.id == claim_id).run()


METHODS = {
    "symbolic",
    "decision procedure",
    "exact arithmetic",
    "interval enclosures",
    "written argument",
    "numeric evidence",
}
KEYS = {
    "id",
    "title",
    "source",
    "statement",
    "verdict",
    "expected",
    "ok",
    "method",
    "evidence",
    "seconds",
    "note",
    "corrected",
    "kind",
}
KINDS = {
    "statement",
    "error as printed",
    "correction",
    "slip",
    "sharpening",
    "extraction artefact",
    "ours",
}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_claim_comes_out_as_expected(claim):
    result = result_of(claim.id)
    assert result.verdict is claim.expected, result.explain()
    assert result.ok
    assert result.note == ""
    assert result.evidence
    assert tuple(result.method.split(" + ")) == claim.methods
    assert set(claim.methods) <= METHODS


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_claim_is_well_formed(claim):
    assert isinstance(claim, Claim)
    assert claim.id == claim.id.lower().replace(" ", "-").replace("_", "-")
    assert claim.title
    assert claim.source
    assert claim.statement.count("{") == claim.statement.count("}")
    assert claim.corrected.count("{") == claim.corrected.count("}")
    assert claim.kind in KINDS
    if claim.kind in ("error as printed", "extraction artefact"):
        assert claim.expected is Verdict.REFUTED
        assert claim.corrected
    assert claim.objects
    assert claim.claimed
    assert repr(claim).startswith(f"Claim({claim.id}")


def test_ids_are_unique_and_ordered_as_the_paper():
    ids = [c.id for c in CLAIMS]
    assert len(set(ids)) == len(ids)
    firsts = ["corollary-c2", "counterexample-2-ascent", "theorem-2", "orabona-ascent"]
    assert [ids.index(i) for i in firsts] == sorted(ids.index(i) for i in firsts)
    assert all(c.kind == "ours" for c in CLAIMS[-5:])


def test_polynomial_claims_are_proved_twice():
    """A decision procedure never stands alone: the other proof is SymPy's."""
    for claim in CLAIMS:
        if "decision procedure" in claim.methods:
            assert "symbolic" in claim.methods


def test_claims_rest_on_proved_claims_without_a_circle():
    """A proof may use what other claims prove; nothing is used that is refuted, or in a circle."""
    by_id = {c.id: c for c in CLAIMS}

    def below(claim, path):
        assert claim.id not in path, f"circle: {' -> '.join([*path, claim.id])}"
        for name in claim.uses:
            assert by_id[name].expected is Verdict.PROVED
            below(by_id[name], [*path, claim.id])

    for claim in CLAIMS:
        below(claim, [])


def test_danskin_s_formula_is_named_where_it_is_used():
    """A claim about D rests on theorem-1, at first or at second hand."""
    by_id = {c.id: c for c in CLAIMS}

    def roots(claim):
        return {claim.id}.union(*(roots(by_id[name]) for name in claim.uses))

    about_d = [c for c in CLAIMS if "D(\\theta" in c.statement or "D(0;" in c.statement]
    assert len(about_d) > 20
    # The random objectives compare D with the theorem; they do not rest on it.
    assert {c.id for c in about_d if "theorem-1" not in roots(c)} == {"theorem-1-random"}


def test_written_steps_are_named_in_the_evidence():
    for claim in CLAIMS:
        lines = [line for line in result_of(claim.id).evidence if line.startswith("Written: ")]
        assert bool(lines) == ("written argument" in claim.methods)


def test_an_undecided_claim_states_its_reason():
    for claim in CLAIMS:
        for result in (result_of(claim.id), claim.run(**dict.fromkeys(claim.objects))):
            assert result.note or result.verdict is not Verdict.UNDECIDED
    silent = replace(CLAIMS[0], prove=lambda argument, claimed, **objects: None)
    assert silent.run().verdict is Verdict.UNDECIDED
    assert silent.run().note == "nothing was shown"


def test_report():
    seen = []
    report = verify(
        ["counterexample-1", "lemma-1"], progress=lambda c, r: seen.append((c.id, r and r.ok))
    )
    assert isinstance(report, VerifyReport)
    assert [r.id for r in report] == ["counterexample-1", "lemma-1"]
    assert seen == [
        ("counterexample-1", None),
        ("counterexample-1", True),
        ("lemma-1", None),
        ("lemma-1", True),
    ]
    assert len(report) == 2
    assert report.ok
    assert isinstance(report[0], ClaimResult)
    assert report[-1].id == "lemma-1"
    assert [r.id for r in report[:1]] == ["counterexample-1"]
    data = json.loads(json.dumps(report.to_dict()))
    assert all(set(c) == KEYS for c in data["claims"])
    assert data["claims"][0]["verdict"] == "proved"
    assert "2 proved" in repr(report)
    assert "<table>" in report._repr_html_()
    assert "<script" not in report._repr_html_()


def test_one_id_or_a_list():
    assert [r.id for r in verify("lemma-1")] == ["lemma-1"]
    assert [r.id for r in verify(("lemma-1", "lemma-1"))] == ["lemma-1"]
    assert len(verify([])) == 0


@pytest.mark.parametrize("ids", ["lema-1", ["lemma-1", "lema-1"]])
def test_unknown_id_names_the_nearest(ids):
    with pytest.raises(InvalidInputError, match=r"no claim is called 'lema-1'.*lemma-1"):
        verify(ids)


@pytest.mark.parametrize("ids", [3, [3], "zzzzzz"])
def test_bad_ids(ids):
    with pytest.raises(InvalidInputError) as caught:
        verify(ids)
    assert caught.value.argument == "ids"


def test_a_failing_claim_makes_the_report_fail():
    (claim,) = (c for c in CLAIMS if c.id == "counterexample-1")
    result = claim.run(claimed={"D": {"1": "2"}})
    assert not VerifyReport([result]).ok
    assert "is 1, not 2" in result.note
    assert "NOT all" in repr(VerifyReport([result]))


def test_overrides_must_exist():
    claim = CLAIMS[0]
    with pytest.raises(InvalidInputError, match="objects"):
        claim.run(nothing=1)
    with pytest.raises(InvalidInputError, match="claimed"):
        claim.run(claimed={"nothing": 1})


def test_a_proof_that_stops_is_undecided():
    (claim,) = (c for c in CLAIMS if c.id == "counterexample-1")
    result = claim.run(claimed={"S*": ("-1", "1/0")})
    assert result.verdict is Verdict.UNDECIDED
    assert result.note.startswith("The proof stopped")


def test_solvers_are_loaded_only_when_used():
    code = (
        "import sys, danskin.claims as c; c.all_claims(); print({'z3', 'cvxpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "set()"
