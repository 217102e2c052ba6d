"""The claims hold, and what `verify` returns is what the command line relies on."""

import json
import subprocess
import sys

import pytest

from danskin.claims import Claim, ClaimResult, VerifyReport, all_claims, verify
from danskin.errors import InvalidInputError
from danskin.verdict import Verdict

CLAIMS = all_claims()
METHODS = {"symbolic", "decision procedure", "exact arithmetic", "numeric evidence"}
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
    result = claim.run()
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
