"""`danskin verify`: the table, the files and every exit status, on claims with known outcomes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from danskin import claims
from danskin.claims.core import Claim, ClaimResult, VerifyReport
from danskin.cli import app
from danskin.errors import DanskinError
from danskin.verdict import Verdict

ROOT = Path(__file__).parents[2]
KEYS = {"id", "source", "verdict", "expected", "ok", "method", "seconds", "evidence", "statement"}


def claim(name: str, expected: Verdict) -> Claim:
    return Claim(
        name, f"The title of {name}", "Section 2, eq. (9)", r"$\varphi \ge 0$", expected,
        ("symbolic",), {}, {}, lambda *_: None,
    )  # fmt: skip


PROVED, REFUTED, UNDECIDED = Verdict.PROVED, Verdict.REFUTED, Verdict.UNDECIDED
# id -> (expected, found)
OUTCOMES = {
    "lemma-1": (PROVED, PROVED),
    "corollary-c2": (REFUTED, REFUTED),
    "wrongly-refuted": (PROVED, REFUTED),
    "wrongly-proved": (REFUTED, PROVED),
    "open-question": (PROVED, UNDECIDED),
}
CLAIMS = {name: claim(name, expected) for name, (expected, _) in OUTCOMES.items()}


def outcome(name: str) -> ClaimResult:
    c = CLAIMS[name]
    return ClaimResult(
        c.id, c.title, c.source, c.statement, c.expected, c.expected, "symbolic",
        ("first step [red]not markup[/red]", "δ* = −1"), 0.25,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def stub(monkeypatch):
    """Claims whose outcomes are known, run by the real interface."""
    told = []

    def verify(ids=None, *, progress=None):
        results = []
        for name in ids or CLAIMS:
            c, found = CLAIMS[name], OUTCOMES[name][1]
            told.append((name, "before"))
            progress(c, None)
            good = outcome(name)
            note = "" if found is good.expected else "The proof stopped: a reason."
            result = ClaimResult(**{**good.__dict__, "verdict": found, "note": note})
            progress(c, result)
            results.append(result)
        return VerifyReport(results)

    monkeypatch.setattr(claims, "all_claims", lambda: tuple(CLAIMS.values()))
    monkeypatch.setattr(claims, "verify", verify)
    return told


def verify(*args: object, **env: str):
    return CliRunner().invoke(app, ["verify", *map(str, args)], env=env)


def only(*names: str) -> list[str]:
    return [part for name in names for part in ("--only", name)]


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (["lemma-1"], 0),
        (["lemma-1", "corollary-c2"], 0),
        (["wrongly-refuted"], 1),
        (["wrongly-proved"], 1),
        (["lemma-1", "open-question"], 3),
        (["wrongly-proved", "open-question"], 1),
        ([], 1),
    ],
)
def test_exit_status(names, status):
    assert verify(*only(*names)).exit_code == status


@pytest.mark.parametrize("width", [80, 140])
def test_table_has_words_for_every_verdict(width):
    result = verify(COLUMNS=str(width))
    lines = result.stdout.splitlines()
    for name, (expected, found) in OUTCOMES.items():
        at = next(i for i, line in enumerate(lines) if line.startswith(f"{name} "))
        row = lines[at]
        assert (f" {found} " if expected is found else f" {found} (!) ") in row
        assert f" {expected} " in row
        assert "0.25" in row
        assert "symbolic" in (row if width > 100 else lines[at + 2])
        assert "Section 2, eq. (9)" in (row if width > 100 else lines[at + 1])
    assert (
        "5 claims in 1.2 s: 2 proved, 2 refuted, 1 undecided; 3 not as expected." in result.stdout
    )
    assert "open-question: undecided, where proved was expected." in result.stdout
    assert "a reason" in result.stdout
    table = lines[: next(i for i, line in enumerate(lines) if ": refuted, where" in line)]
    assert max(map(len, table)) <= width


def test_only_takes_each_claim_once_and_in_the_order_given(stub):
    verify(*only("corollary-c2", "lemma-1", "corollary-c2"))
    assert [name for name, _ in stub] == ["corollary-c2", "lemma-1"]


@pytest.mark.parametrize(
    ("name", "hint"), [("corolary-c2", "Did you mean corollary-c2"), ("zzz", "verify --list")]
)
def test_unknown_claim(name, hint, stub):
    result = verify(*only("lemma-1", name))
    assert result.exit_code == 2
    assert f"--only: '{name}' is not a claim" in result.stderr
    assert hint in result.stderr
    assert stub == []


def test_list_runs_nothing(stub, tmp_path):
    result = verify("--list", "--json", tmp_path / "list.json")
    assert result.exit_code == 0
    for name in CLAIMS:
        assert name in result.stdout
    assert stub == []
    listed = json.loads((tmp_path / "list.json").read_text())["claims"]
    assert [c["id"] for c in listed] == list(CLAIMS)
    assert listed[1]["expected"] == "refuted"


def test_json(tmp_path):
    path = tmp_path / "verify.json"
    path.write_text("old")
    result = verify("--json", path)
    assert result.exit_code == 1  # written whatever the outcome
    data = json.loads(path.read_text())
    assert list(data) == ["claims"]
    assert [c["id"] for c in data["claims"]] == list(OUTCOMES)
    for c in data["claims"]:
        assert set(c) >= KEYS
        assert (c["expected"], c["verdict"]) == tuple(v.value for v in OUTCOMES[c["id"]])
    assert os.listdir(tmp_path) == ["verify.json"]


def test_json_to_stdout_moves_the_table_to_stderr():
    result = verify("--json", "-")
    assert len(json.loads(result.stdout)["claims"]) == 5
    assert "5 claims" in result.stderr


@pytest.mark.parametrize("target", ["none/verify.json", "."])
def test_unwritable_json_is_refused_before_the_work(target, tmp_path, monkeypatch, stub):
    monkeypatch.chdir(tmp_path)
    result = verify("--json", target)
    assert result.exit_code == 2
    assert f"--json: {target} cannot be written" in result.stderr
    assert stub == []


def test_evidence():
    assert "first step" not in verify().stdout
    text = verify("--evidence", *only("open-question")).stdout
    assert "The title of open-question" in text
    assert r"$\varphi \ge 0$" in text
    assert "first step [red]not markup[/red]" in text
    assert "δ* = −1" in text


def test_errors_of_a_proof_are_reported(monkeypatch):
    def fail(*_, **__):
        raise DanskinError("the oracle is silent")

    monkeypatch.setattr(claims, "verify", fail)
    result = verify()
    assert result.exit_code == 2
    assert "Error: the oracle is silent" in result.stderr


# A shell that starts the tests in the background hands down that SIGINT is ignored.
SLOW = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from danskin import claims
claims.all_claims = lambda: ()
def verify(ids, progress):
    print("started", file=sys.stderr, flush=True)
    time.sleep(60)
claims.verify = verify
from danskin.cli import main
sys.argv = ["danskin", "verify", "--json", sys.argv[1]]
main()
"""


def test_interrupt_is_clean(tmp_path):
    path = tmp_path / "verify.json"
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, path], cwd=ROOT, stderr=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stderr.readline() == "started\n"
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - start < 10
    assert process.returncode == 130
    assert err.strip() == "Interrupted before the end; nothing was written."
    assert out == ""
    assert not path.exists()


def test_progress_bar_is_for_terminals_only():
    assert verify().stderr == ""
