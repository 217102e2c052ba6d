"""The command line as a program: help, versions, odd terminals, files, errors nobody expected."""

import json
import os
import re
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import danskin
from danskin.cli import app, terminal
from danskin.errors import InvalidInputError, LimitError, MissingExtraError, SolverError

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "orabona.toml"
HELP_SECONDS = 1.0


def run(*args: str, **env: str) -> subprocess.CompletedProcess:
    """Run `python -m danskin` as a shell would."""
    return subprocess.run(
        [sys.executable, "-m", "danskin", *args], cwd=ROOT, capture_output=True, timeout=120,
        env={**os.environ, **env},
    )  # fmt: skip


def invoke(*args: str):
    return CliRunner().invoke(app, list(args))


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", [[], ["verify"], ["certify"]])
def test_help_has_an_example(command, flag):
    result = invoke(*command, flag)
    assert result.exit_code == 0
    assert re.search(rf"Examples:\n +danskin {' '.join(command)}", result.stdout)
    assert "Exit status: 0 done, 1 a claim or proof failed, 2 bad input, 3 undecided" in (
        result.stdout
    )


def test_help_is_quick_and_loads_nothing_heavy():
    # Processor time, which other work on the machine cannot lengthen.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run("--help").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < HELP_SECONDS
    heavy = {"sympy", "numpy", "flint", "matplotlib", "z3", "cvxpy", "numba", "scipy"}
    code = "import sys, danskin.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert heavy.isdisjoint(done.stdout.split())


def test_version():
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.decode().strip() == f"danskin {danskin.__version__}"


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["certfy"],
        ["certify"],
        ["certify", "a.toml", "b.toml"],
        ["certify", "--colour", "a.toml"],
        ["verify", "--only"],
        ["verify", "claim"],
        ["--nonsense"],
    ],
)
def test_wrong_usage(args):
    result = invoke(*args)
    assert result.exit_code == 2
    assert re.search("Usage: |Error: ", result.output)
    assert "Traceback" not in result.output


def test_verify_for_real(tmp_path):
    path = tmp_path / "verify.json"
    done = run("verify", "--only", "corollary-c2", "--only", "lemma-1", "--json", str(path))
    assert done.returncode == 0, done.stderr
    assert b"2 claims in" in done.stdout
    found = {c["id"]: c["verdict"] for c in json.loads(path.read_text())["claims"]}
    assert found == {"corollary-c2": "refuted", "lemma-1": "proved"}


# --- odd terminals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"COLUMNS": "1"},
        {"COLUMNS": "wide", "TERM": "dumb"},
    ],
    ids=str,
)
def test_every_locale_and_width(env, tmp_path):
    """Unicode names, in the file's name and in the file, on terminals that have none."""
    path = tmp_path / "problème-δ.toml"
    path.write_text(EXAMPLE.read_text().replace("t1", "τ"), encoding="utf-8")
    done = run("certify", str(path), **env)
    assert done.returncode == 0, done.stderr
    assert b"Answer:" in done.stdout
    assert b"\x1b" not in done.stdout
    assert done.stderr == b""


def test_errors_name_files_in_every_locale(tmp_path):
    done = run("certify", str(tmp_path / "fehlt-δ.toml"), PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert b"fehlt-\\u03b4.toml: does not exist" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_closed_pipe_is_no_crash():
    command = f"{sys.executable} -m danskin certify examples/orabona.toml | head -1"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("Problem")
    assert done.stderr == ""


def test_control_characters_are_written_out():
    assert terminal.clean("a\x1b[31mb\nc\x9b\u202ed") == "a\\x1b[31mb\nc\\x9b\\u202ed"


# --- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (InvalidInputError("theta", "it is odd", "Even it."), 2, "Error: theta: it is odd. Even"),
        (MissingExtraError("torch", "torch"), 2, "pip install 'danskin[torch]'"),
        (LimitError("it took too long"), 3, "Undecided: it took too long"),
        (SolverError("no bound"), 3, "Undecided: no bound"),
        (ZeroDivisionError("oops"), 70, "Unexpected ZeroDivisionError: oops"),
        (MemoryError(), 70, "Unexpected MemoryError"),
        (RecursionError("deep"), 70, "DANSKIN_DEBUG=1"),
        (KeyboardInterrupt(), 130, "Interrupted"),
        (InvalidInputError("x", "y" * 10**6), 2, "[...]"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
@pytest.mark.parametrize("debug", ["", "0", "1"])
def test_every_error_is_one_message_and_a_status(error, status, says, debug, monkeypatch):
    def fail(*_):
        raise error

    monkeypatch.setenv("DANSKIN_DEBUG", debug)
    monkeypatch.setattr("danskin.problem.read_problem", fail)
    result = invoke("certify", "problem.toml")
    assert result.exit_code == status
    assert says in result.stderr
    assert result.stdout == ""
    if debug == "1":
        assert "Traceback" in result.stderr
    else:
        assert "Traceback" not in result.stderr
        assert len(result.stderr) < 1200


# --- files --------------------------------------------------------------------------------------


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "out.json"
    path.write_text("old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InvalidInputError, match=r"--json: .*No space left"):
        terminal.write_json(path, {})
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.json"]


def test_devices_are_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
    terminal.write_json(pipe, {"a": 1})
    assert json.loads(reader.communicate(timeout=30)[0]) == {"a": 1}
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_keeps_pointing_to_the_file(tmp_path):
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    link.symlink_to(target)
    terminal.write_json(link, {})
    assert link.is_symlink()
    assert target.read_text() == "{}\n"


def test_the_umask_decides_who_may_read(tmp_path):
    old = os.umask(0o027)
    try:
        terminal.write_json(tmp_path / "out.json", {})
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "out.json").stat().st_mode) == 0o640


def test_what_json_cannot_hold(tmp_path):
    path = tmp_path / "out.json"
    data = {"nan": float("nan"), "inf": [float("inf")], 1: (True, None), "s": "\udc80δ"}
    terminal.write_json(path, data)
    read = json.loads(path.read_bytes(), parse_constant=pytest.fail)
    assert read == {"nan": None, "inf": [None], "1": [True, None], "s": "\udc80δ"}
