"""Broken and hostile problem files: status 2, one message that names the key, nothing executed."""

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from danskin.cli import app

SECONDS = 5.0
CANARY = "danskin-canary"

GOOD = {
    "g": '"d*t1 + (1-d)*t2 + d*(d-1)"',
    "theta": '["t1", "t2"]',
    "names": '["d"]',
    "set": "interval = [0, 1]",
    "at": "[0, 0]",
    "more": "",
    "top": "",
}


def problem(**changes: str) -> str:
    """A good problem file with some of its parts replaced."""
    p = {**GOOD, **changes}
    return (
        f"g = {p['g']}\ntheta = {p['theta']}\n{p['top']}\n[delta]\nnames = {p['names']}\n"
        f"{p['set']}\n[query]\nat = {p['at']}\n{p['more']}\n"
    )


def expression(text: str) -> str:
    return problem(g=f"'''{text}'''")


# name -> (file, what the message must say). A word in capitals or dots is a key of the file.
HOSTILE = {
    # the file
    "empty": ("", "theta"),
    "not TOML": ("g = = 1", "TOML"),
    "a JSON file": ('{"g": "d*t"}', "TOML"),
    "a key twice": ('g = "d"\n' + problem(), "TOML"),
    "an unclosed text": ('g = "d*t1', "TOML"),
    "not UTF-8": (b'g = "\xff\xfe d*t"\n', "UTF-8"),
    "UTF-16": (problem().encode("utf-16"), "UTF-8"),
    "binary": (bytes(range(256)) * 40, "UTF-8"),
    "NUL bytes": (b"\x00" * 1000, "TOML"),
    "larger than 1 MB": ("# " + "x" * 1_000_001 + "\n" + problem(), "1 MB"),
    "arrays nested 5000 deep": ("theta = " + "[" * 5000 + "]" * 5000, "TOML"),
    "tables nested 3000 deep": ("[" + ".".join("a" * 3000) + "]\n" + problem(), "key"),
    # keys
    "no g": (problem().partition("\n")[2], "g: it is missing"),
    "no theta": (problem().replace("theta =", "thetas ="), "Did you mean 'theta'?"),
    "no delta": ('g = "t"\ntheta = ["t"]\n[query]\nat = [0]\n', "delta: it is missing"),
    "no at": (problem().replace("at =", "# at ="), "query.at: it is missing"),
    "a misspelt key of query": (problem(more='directon = "steepest"'), "Did you mean 'direction'?"),
    "a misspelt key of delta": (problem(set="simplx = true"), "Did you mean 'simplex'?"),
    "no set": (problem(set=""), "exactly one set"),
    "two sets": (problem(set="interval = [0, 1]\nsimplex = true"), "interval and simplex"),
    "no names": (problem().replace("names =", "# names ="), "delta.names"),
    "g and samples": (problem() + "[[sample]]\ng = 'd'\n", "unknown key"),
    "sample is text": ('theta = ["t"]\nsample = "all"\n', "sample"),
    "no sample": ('theta = ["t"]\nsample = []\n', "sample"),
    "a bad second sample": (
        'theta = ["t"]\n'
        + "[[sample]]\ng = 'd*t'\n[sample.delta]\nnames = ['d']\ninterval = [0, 1]\n"
        + "[[sample]]\ng = 'd*u'\n[sample.delta]\nnames = ['d']\ninterval = [0, 1]\n"
        + "[query]\nat = [0]\n",
        "sample[1].g",
    ),
    "lipschitz without epsilon": (problem(more="lipschitz = 1"), "query.epsilon"),
    "epsilon without lipschitz": (problem(more="epsilon = 1"), "query.lipschitz"),
    # types
    "g is a number": (problem(g="3"), "g: "),
    "g is a list": (problem(g='["d", "t1"]'), "g: "),
    "theta is text": (problem(theta='"t1"'), "theta"),
    "theta is empty": (problem(theta="[]", at="[]"), "theta"),
    "theta holds numbers": (problem(theta="[1, 2]"), "theta"),
    "delta is a list": ('g = "t"\ntheta = ["t"]\ndelta = [0, 1]\n', "delta"),
    "query is text": ('query = "steepest"\n' + problem().partition("[query]")[0], "query"),
    "parameters is a list": (problem(top="parameters = [1]"), "parameters"),
    "a parameter is a table": (problem(top="parameters = {c = {x = 1}}"), "parameters.c"),
    "the interval is text": (problem(set='interval = "unit"'), "delta.interval"),
    "the interval has three ends": (problem(set="interval = [0, 1, 2]"), "delta.interval"),
    "the box is a table": (problem(set="box = {lo = 0}"), "delta.box"),
    "the box is flat": (problem(set="box = [0, 1]"), "delta.box"),
    "the ball is a list": (problem(set="ball = [0, 1]"), "delta.ball"),
    "the ball has no radius": (problem(set="ball = {center = [0]}"), "radius"),
    "the ball has the norm 3": (problem(set="ball = {center=[0], radius=1, norm=3}"), "norm"),
    "the simplex is text": (problem(set='simplex = "yes"'), "delta.simplex"),
    "the simplex is false": (problem(set="simplex = false"), "delta.simplex"),
    "the points are text": (problem(set='points = "0 1"'), "delta.points"),
    "the points are ragged": (problem(set="points = [[0], [1, 2]]"), "delta.points"),
    "the product holds numbers": (problem(set="product = [1, 2]"), "delta.product"),
    "at is a table": (problem(at="{t1 = 0}"), "query.at"),
    "at holds lists": (problem(at="[[0], [0]]"), "query.at[0]"),
    "a date as a number": (problem(at="[1979-05-27, 0]"), "query.at[0]"),
    "a boolean as a number": (problem(at="[true, 0]"), "query.at[0]"),
    "a boolean in the set": (problem(set="interval = [false, true]"), "delta.interval"),
    "the direction is a number": (problem(more="direction = 1"), "query.direction"),
    "the direction is a word": (problem(more='direction = "downhill"'), "query.direction"),
    # numbers
    "nan": (problem(at="[nan, 0]"), "query.at[0]"),
    "inf in the set": (problem(set="interval = [0, inf]"), "delta.interval"),
    "inf as text": (problem(at='["inf", 0]'), "query.at[0]"),
    "a division by zero": (problem(at='["1/0", 0]'), "query.at[0]"),
    "a complex number": (problem(at='["sqrt(-1)", 0]'), "query.at[0]"),
    "an integer of 5000 digits": (problem(at="[" + "9" * 5000 + ", 0]"), "TOML"),
    "an integer of 4000 digits": (problem(at="[" + "9" * 4000 + ", 0]"), "query.at[0]"),
    "1e999999999": (problem(at="[1e999999999, 0]"), "query.at[0]"),
    "a number beyond float64": (problem(at='["10**400", 0]'), "query.at"),
    "lipschitz is nan": (problem(more="lipschitz = nan\nepsilon = 0"), "query.lipschitz"),
    "lipschitz is negative": (problem(more="lipschitz = -1\nepsilon = 0"), "query.lipschitz"),
    "epsilon is text": (problem(more='lipschitz = 1\nepsilon = "tiny"'), "query.epsilon"),
    # sets and shapes
    "lo > hi": (problem(set="interval = [1, 0]"), "empty"),
    "a negative radius": (problem(set="ball = {center = [0], radius = -1}"), "empty"),
    "no point": (problem(set="points = []"), "empty"),
    "no coordinate": (problem(set="box = []"), "delta.box"),
    "no factor": (problem(set="product = []"), "delta.product"),
    "the simplex of 0 entries": (problem(set="simplex = 0"), "delta.simplex"),
    "the simplex of 10^9 entries": (problem(set="simplex = 1000000000"), "names"),
    "more names than coordinates": (problem(names='["d", "e"]'), "2 names"),
    "fewer names than coordinates": (problem(set="box = [[0, 1], [0, 1]]"), "1 names"),
    "at is too short": (problem(at="[0]"), "query.at"),
    "the direction is too long": (problem(more="direction = [1, 0, 0]"), "query.direction"),
    "a zero direction": (problem(more="direction = [0, 0]"), "query.direction"),
    "a hidden zero direction": (
        problem(more='direction = ["sqrt(2)*sqrt(3) - sqrt(6)", 0]'),
        "query.direction",
    ),
    "single:99": (problem(more='direction = "single:99"'), "query.direction"),
    "single:-1": (problem(more='direction = "single:-1"'), "query.direction"),
    "single:huge": (problem(more=f'direction = "single:{"9" * 400}"'), "query.direction"),
    # names
    "a name twice in theta": (problem(theta='["t1", "t1"]'), "theta"),
    "a name in theta and delta": (problem(names='["t1"]'), "t1"),
    "a parameter named as theta": (problem(top="parameters = {t1 = 1}"), "parameters.t1"),
    "a keyword": (problem(theta='["lambda", "t2"]'), "theta"),
    "a function's name": (problem(theta='["sin", "t2"]'), "theta"),
    "a constant's name": (problem(names='["pi"]'), "pi"),
    "a name with a space": (problem(theta='["t 1", "t2"]'), "theta"),
    "an empty name": (problem(theta='["", "t2"]'), "theta"),
    "code as a name": (problem(theta='["print(1)", "t2"]'), "theta"),
    "control characters in a key": (problem(top='"\\u001b[31mred" = 1'), "unknown key"),
    # expressions
    "an import": (expression("__import__('os').system('touch danskin-canary')"), "g"),
    "open": (expression("open('danskin-canary', 'w')"), "g"),
    "eval": (expression('eval("1")*t1'), "g"),
    "an attribute": (expression("t1.__class__.__mro__"), "g"),
    "a subscript": (expression("t1[0]"), "g"),
    "a lambda": (expression("(lambda: t1)()"), "g"),
    "a comprehension": (expression("sum(t1 for _ in range(10**9))"), "g"),
    "a walrus": (expression("(x := t1)"), "g"),
    "an f-string": (expression('f"{t1}"'), "g"),
    "a starred call": (expression("sin(*[t1])"), "g"),
    "a keyword argument": (expression("sin(x=t1)"), "g"),
    "sin of two": (expression("sin(t1, t2)"), "g"),
    "a comparison": (expression("t1 < t2"), "g"),
    "a conditional": (expression("t1 if t2 else d"), "g"),
    "two statements": (expression("t1; t2"), "g"),
    "an assignment": (expression("t1 = 2"), "g"),
    "a bitwise xor": (expression("t1^2"), "g"),
    "a floor division": (expression("t1//2"), "g"),
    "an imaginary number": (expression("1j*t1"), "g"),
    "an unknown name": (expression("d*t3"), "t3"),
    "an unknown function": (expression("gamma(t1)"), "g"),
    "9**9**9**9": (expression("9**9**9**9"), "g"),
    "t**(10**10)": (expression("t1**(10**10)"), "g"),
    "a huge shift": (expression("1 << 10**9"), "g"),
    "1e10**1000": (expression("1e10**1000*t1"), "g"),
    "parentheses 2000 deep": (expression("(" * 2000 + "t1" + ")" * 2000), "g"),
    "minus signs 5000 deep": (expression("-" * 5000 + "t1"), "g"),
    "a sum of 10^5 terms": (expression("+".join(["t1"] * 100_000)), "g"),
    "an empty formula": (expression(" "), "g"),
    "a syntax error": (expression("t1 +* t2"), "g"),
    "a NUL in the formula": (problem(g='"t1 + \\u0000"'), "g"),
    "a full-width letter": (expression("d*t1 + ｅval(1)"), "g"),  # NFKC turns it into eval
    "1/0 in g": (expression("d*t1/0"), "g"),
    "log of a negative set": (expression("t1*log(d - 2)"), ""),
    "1/d over 0": (expression("t1 + 1/d"), ""),
    "not defined at theta": (expression("d*log(t1) + t2"), "query.at"),
    "code in a parameter": (problem(top='parameters = {c = "open(1)"}'), "parameters.c"),
    "code in a number": (problem(at='["exit()", 0]'), "query.at[0]"),
    "code in the set": (problem(set="interval = [\"__import__('os')\", 1]"), "delta.interval"),
}


def check(result, seconds: float, says: str) -> None:
    assert result.exit_code == 2, result.output
    assert says in result.stderr
    assert "Error: " in result.stderr
    assert "Traceback" not in result.output
    assert "\x1b" not in result.output
    assert len(result.stderr) < 2000
    assert result.stdout == ""
    assert seconds < SECONDS


@pytest.mark.parametrize("name", HOSTILE)
def test_refused_with_a_message(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, says = HOSTILE[name]
    path = tmp_path / "problem.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    start = time.monotonic()
    result = CliRunner().invoke(app, ["certify", str(path)])
    check(result, time.monotonic() - start, says)
    assert not Path(CANARY).exists()


def test_the_good_problem_is_good(tmp_path):
    path = tmp_path / "problem.toml"
    path.write_text(problem())
    assert CliRunner().invoke(app, ["certify", str(path)]).exit_code == 0


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("missing.toml", "does not exist"),
        (".", "not a regular file"),
        ("/dev/zero", "not a regular file"),
        ("missing/folder/problem.toml", "does not exist"),
        ("\x1b[31m.toml", "does not exist"),
        ("x" * 300, "too long"),
    ],
)
def test_paths_that_cannot_be_read(path, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    start = time.monotonic()
    result = CliRunner().invoke(app, ["certify", path])
    check(result, time.monotonic() - start, says)
