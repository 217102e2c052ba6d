"""`danskin certify`: right answers, never stronger than proved, and every exit status."""

import json
import math
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import danskin.plots
from danskin.cli import app
from danskin.errors import InvalidInputError

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def certify(*args: object, **env: str):
    return CliRunner().invoke(app, ["certify", *map(str, args)], env=env)


def answer(*args: object) -> dict:
    """The JSON of a run, its status checked."""
    result = certify(*args, "--json", "-")
    data = json.loads(result.stdout)
    assert data["status"] == result.exit_code, result.stderr
    assert f"Answer: {data['answer']}" in result.stderr
    return data


def write(folder: Path, g: str, delta: str, query: str, theta: str = '["t1", "t2"]') -> Path:
    path = folder / "problem.toml"
    path.write_text(f"g = '{g}'\ntheta = {theta}\n[delta]\n{delta}\n[query]\n{query}\n")
    return path


# Its gradients are (-2c, c^2) and (2c, c^2) with c^4 = 1/5: D = (4 c^2 - c^4) / sqrt(4 c^2 + c^4).
C2 = 5**-0.5

# name -> status, word of the answer, D along the direction of the file (None: no direction)
EXPECTED = {
    "absolute_value": (1, "refuted", 1),
    "ball": (0, "proved", -math.sqrt(0.7**2 + 1.6**2)),
    "coupled_batch": (0, "proved", -1 / math.sqrt(5)),
    "irrational_polynomial": (1, "refuted", (4 * C2 - C2**2) / math.sqrt(4 * C2 + C2**2)),
    "obtuse_pair": (0, "proved", -math.sqrt((1 - math.sqrt(0.5)) / 2)),
    "orabona": (0, "proved", -1),
    "simplex_entropy": (0, "proved", -1 / math.sqrt(10)),
    "stationary_points": (0, "proved", None),
    "trigonometric": (0, "proved", -1),
    "undecided": (3, "undecided", 0.8241323123025225),
}


def test_every_example_is_expected():
    assert {p.stem for p in EXAMPLES.glob("*.toml")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_example(name):
    status, verdict, value = EXPECTED[name]
    data = answer(EXAMPLES / f"{name}.toml")
    assert data["status"] == status
    assert data["verdict"] == verdict
    found = data["direction"]["derivative"]
    if value is None:
        assert found is None
    else:
        assert found["value"] == pytest.approx(value, rel=1e-12)


# --- what may be said -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("example", "direction", "status"),
    [
        ("orabona", "steepest", 0),
        ("orabona", "single:0", 1),
        ("orabona", "single:1", 1),
        ("orabona", "-1,0", 0),
        ("orabona", "0,1", 1),
        ("coupled_batch", "-1,0", 1),
        ("stationary_points", "-1,0", 1),
        ("ball", "3,4", 0),
        (
            "obtuse_pair",
            "-3 + sqrt(2), -1",
            1,
        ),  # downhill for the gradient (1, 0), uphill for the other
        ("undecided", "single:0", 3),
        ("undecided", "1,1", 3),  # uphill over the points found, which proves nothing
        ("undecided", "0,-1", 0),  # downhill over all cells that remain, tie or not
    ],
)
def test_direction_option(example, direction, status):
    data = answer(EXAMPLES / f"{example}.toml", "--direction", direction)
    assert data["status"] == status
    assert data["direction"]["asked"].replace(" ", "").strip("()") == direction.replace(" ", "")


def test_at_option_moves_the_point():
    data = answer(EXAMPLES / "orabona.toml", "--at", "2,0", "--direction", "single:0")
    assert data["objective"]["at"] == ["2", "0"]
    assert data["status"] == 0  # for |theta1| > 1 a single gradient descends


def test_flat_is_not_descent():
    # At |theta1| = 1, D = 0 exactly, and phi still rises.
    data = answer(EXAMPLES / "orabona.toml", "--at", "1,0", "--direction", "single:0")
    assert data["status"] == 1
    assert data["direction"]["derivative"]["exact"] == "0"
    assert "= 0 exactly" in data["answer"]


def test_search_gives_an_estimate_and_says_so():
    result = certify(EXAMPLES / "undecided.toml")
    assert result.exit_code == 3
    text = " ".join(result.stdout.split())
    assert "found by a search; others may exist" in text
    assert "phi(theta) is about" in text
    assert "an estimate: a lower bound if the points found are maximizers" in text
    assert "(estimate)" in text
    answered = text[text.index("Answer:") :]
    assert answered.startswith("Answer: undecided")
    for word in ("proved", "exactly", "descends", "ascends"):
        found, answered = text[: text.index("Proof")], text[text.index("Answer:") :]
        assert word not in (found + answered).replace("not proved", "")


def test_theorem3_proves_under_its_assumptions():
    data = answer(EXAMPLES / "trigonometric.toml")
    assert data["complete"] is False
    assert data["phi"]["bound"] == "estimate"
    assert [g["says"] for g in data["single_gradients"]] == ["undecided; seems to descend"]
    assert data["theorem3"]["verdict"] == "proved"
    # The proof assumes nothing, and is what the answer rests on.
    assert "provided" not in data["answer"]
    assert data["proof"]["verdict"] == "proved"
    assert any("not checked" in text for text in data["theorem3"]["assumptions"])


def test_given_constants_do_not_decide_what_the_proof_can(tmp_path):
    text = (EXAMPLES / "undecided.toml").read_text() + "lipschitz = 0\nepsilon = 0\n"
    path = tmp_path / "given.toml"
    path.write_text(text.replace("[1, 0]", "[-1, 0]").replace("t1*d", "t1*(1 + d/2)"))
    data = answer(path)
    assert data["status"] == 0  # both rates are negative: proved without the constants
    assert "cells" in data["answer"]
    path.write_text(text.replace("[1, 0]", "[-1, 0]"))
    assert answer(path)["status"] == 3  # a rate of +0.82 at the other maximizer


def test_theorem3_with_coarse_constants_is_undecided(tmp_path):
    text = (EXAMPLES / "trigonometric.toml").read_text().replace('"1/1000"', "2")
    path = tmp_path / "coarse.toml"
    path.write_text(text)
    data = answer(path)
    assert data["theorem3"]["verdict"] == "undecided"
    assert data["proof"]["verdict"] == "proved"
    assert data["status"] == 0


def test_false_constants_do_not_outweigh_an_exact_answer(tmp_path):
    """With all maximizers proved, D >= 0 refutes whatever constants are claimed."""
    text = (
        (EXAMPLES / "orabona.toml")
        .read_text()
        .replace('direction = "steepest"', 'direction = "single:0"\nlipschitz = 0\nepsilon = 0')
    )
    path = tmp_path / "orabona.toml"
    path.write_text(text)
    data = answer(path)
    assert data["status"] == 1
    assert data["theorem3"]["verdict"] == "refuted"


def test_stationarity_over_an_infinite_set_is_proved(tmp_path):
    # phi = |theta|: at 0 every d of the disc is a maximizer, and its gradients are d itself.
    path = write(
        tmp_path, "t1*d1 + t2*d2", 'names = ["d1", "d2"]\nball = {center = [0, 0], radius = 1}',
        "at = [0, 0]",
    )  # fmt: skip
    data = answer(path)
    assert (data["status"], data["verdict"]) == (0, "proved")
    assert "stationary" in data["statement"]
    assert answer(path, "--direction", "1,1")["direction"]["derivative"]["exact"] == "1"


def test_proved_maximizers_refute_where_the_derivative_is_a_lower_bound(tmp_path):
    path = write(
        tmp_path, "t1*sin(d1 + 3) + t2*d2**2*d1",
        'names = ["d1", "d2"]\nball = {center = [2, 0], radius = 1}', "at = [0, 0]",
    )  # fmt: skip
    refuted = answer(path, "--direction", "-1,-1")
    assert refuted["direction"]["derivative"]["bound"] == "lower"
    assert refuted["status"] == 1
    # Downhill over the points listed, and the maximum over the disc was searched: by the proof.
    down = answer(path, "--direction", "1,0")
    assert down["proof"]["verdict"] == down["verdict"]


def test_zero_gradient_has_no_direction(tmp_path):
    path = write(tmp_path, "d*t1**2 + t2*0", 'names = ["d"]\ninterval = [0, 1]', "at = [0, 0]")
    data = answer(path, "--direction", "single:0")
    assert data["status"] == 1
    assert "gradient at that maximizer is 0" in data["answer"]


def test_stationarity_where_only_the_proof_knows_the_maximizers(tmp_path):
    # cos(4d) has the maximizers 0, pi/2, pi, ... with gradients at right angles.
    path = write(
        tmp_path, "t1*sin(d) + t2*cos(d) + cos(4*d)", 'names = ["d"]\ninterval = [0, 7]',
        "at = [0, 0]",
    )  # fmt: skip
    data = answer(path)
    assert (data["status"], data["verdict"]) == (0, "proved")
    assert data["direction"]["derivative"] is None
    assert data["proof"]["stationary"]
    assert data["proof"]["maximizers_complete"]


def test_theta_cubed_is_stationary(tmp_path):
    path = write(tmp_path, "t**3 + 0*d", 'names = ["d"]\ninterval = [0, 1]', "at = [0]", '["t"]')
    data = answer(path)
    assert (data["status"], data["verdict"]) == (0, "proved")
    assert "stationary" in data["answer"]


def test_bounds_on_rho_enclose_it():
    for name, value in (
        ("obtuse_pair", math.sqrt((1 - 0.5**0.5) / 2)),
        ("coupled_batch", 0.2**0.5),
    ):
        rho = answer(EXAMPLES / f"{name}.toml")["rho"]
        assert rho["lower"] <= value * (1 + 1e-15)
        assert rho["upper"] >= value * (1 - 1e-15)


def test_time_limit_is_undecided(tmp_path):
    product = "*".join(f"(t1 + t2 + d + {i})" for i in range(400))
    path = write(tmp_path, product, 'names = ["d"]\ninterval = [0, 1]', "at = [0, 0]")
    result = certify(path, "--limit", 2)
    assert result.exit_code == 3
    assert "--limit" in result.stderr
    assert result.stdout == ""


# --- what is printed --------------------------------------------------------------------------


def untimed(text):
    return re.sub(r"(\d+) in \S+ s\n", r"\1\n", text)


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("width", [80, 140])
def test_numbers_are_never_cut(name, width):
    """A narrow report holds the same numbers as a wide one, each of them whole."""
    text = untimed(certify(EXAMPLES / f"{name}.toml", COLUMNS=str(width)).stdout)
    assert "…" not in text
    wide = untimed(certify(EXAMPLES / f"{name}.toml", COLUMNS="400").stdout)
    decimals = re.compile(r"-?\d+\.\d+(?:e-\d+)?")
    assert decimals.findall(wide)
    assert sorted(decimals.findall(text)) == sorted(decimals.findall(wide))


def test_tables_fold_and_never_cut(tmp_path):
    theta = [f"a_parameter_with_a_long_name_{i}" for i in (1, 2)]
    delta = [f"a_perturbation_with_a_long_name_{i}" for i in (1, 2)]
    path = write(
        tmp_path, f"({theta[0]}*{delta[0]} + {theta[1]}*{delta[1]})*sqrt(2)/3",
        f"names = {delta}\nball = {{center = [0, 0], radius = 1}}", "at = [1, 2]", str(theta),
    )  # fmt: skip
    text = certify(path, COLUMNS="60").stdout
    assert "…" not in text
    head = text.index("gradient of g")
    table = "".join(text[head : text.index("complete", head)].split())
    for number in ("0.4472135955", "0.894427191", "0.2108185107", "0.4216370214"):
        assert number in table


def test_the_report_of_orabona():
    text = certify(EXAMPLES / "orabona.toml").stdout
    for part in (
        "d in [0, 1]",
        "t1 = 1/2 (0.5)",
        "all of them, proved",
        "(1, -2)",
        "(1, 2)",
        "every d in [0, 1] is a maximizer",
        "phi(theta) = 5/4 (1.25) exactly",
        "rho = |x*|  1 exactly",
        "3*sqrt(5)/5 (1.341640786)",
        "ascends",
        "Answer: D(theta; gamma) = -1 exactly: the steepest descent direction",
    ):
        assert part in text


def test_batches_print_each_sample_and_the_joint_direction():
    text = certify(EXAMPLES / "coupled_batch.toml").stdout
    assert "Sample 0: maximizers (all of them, proved)" in text
    assert "Sample 1: maximizers (all of them, proved)" in text
    assert "t2 = 2*sqrt(5)/5 (0.894427191)" in text


def test_many_maximizers_are_summarised(tmp_path):
    points = [[i, 30 - i] for i in range(31)]
    path = write(tmp_path, "a*t1 + b*t2", f'names = ["a", "b"]\npoints = {points}', "at = [0, 0]")
    result = certify(path)
    assert "31 rows in all" in result.stdout
    assert "the first 12 of 31 were followed" in result.stdout
    assert result.exit_code == 0


def test_a_long_exact_number_is_shown_by_its_decimals(tmp_path):
    path = write(
        tmp_path, "t1*(sqrt(2)*d/10 - d**4/4) + t2*(d**4/3 - d**2)",
        'names = ["d"]\ninterval = [-1, 1]', "at = [1, 1]\ndirection = [0, -1]",
    )  # fmt: skip
    result = certify(path)
    assert "0.07076975149..." in result.stdout
    assert "rounded from exact numbers" in result.stdout
    data = answer(path)
    assert "CRootOf" in data["maximizers"]["exact_deltas"][0][0]


# --- proofs -----------------------------------------------------------------------------------


def test_the_proof_says_what_it_took():
    text = certify(EXAMPLES / "trigonometric.toml").stdout
    proof = text[text.index("Proof") :]
    assert re.search(r"verdict +proved", proof)
    assert re.search(r"D is in +\[-1\.0000\d*, -0\.99999\d*\]", proof)
    assert re.search(r"cells +\d+ in \S+ s", proof)


def test_step_and_save(tmp_path):
    path = tmp_path / "proof.json"
    result = certify(EXAMPLES / "orabona.toml", "--step", "2", "--save", path)
    assert result.exit_code == 0
    # phi = theta1^2 + 1 along (-1, 0): lower until t = 1.
    step = float(re.search(r"all t in \(0, (\S+)\]", result.stdout)[1])
    assert 0.5 <= step < 1
    saved = json.loads(path.read_text())
    assert float.fromhex(saved["step"]["length"]) == step
    assert certify(EXAMPLES / "undecided.toml", "--save", tmp_path / "no.json").exit_code == 3
    assert not (tmp_path / "no.json").exists()
    assert certify(EXAMPLES / "orabona.toml", "--step", "-1").exit_code == 2
    assert certify(EXAMPLES / "orabona.toml", "--budget", "5").exit_code == 0


# --- files ------------------------------------------------------------------------------------


def test_json_file_is_complete_and_strict(tmp_path):
    path = tmp_path / "out.json"
    result = certify(EXAMPLES / "orabona.toml", "--json", path)
    assert "Answer:" in result.stdout
    data = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert set(data) == {
        "problem", "objective", "phi", "complete", "method", "maximizers", "rho",
        "single_gradients", "steepest", "direction", "theorem3", "proof", "step", "notes",
        "statement", "verdict", "answer", "status",
    }  # fmt: skip
    assert data["phi"] == {"value": 1.25, "exact": "5/4", "bound": "exact"}
    assert data["maximizers"]["gradients"] == [[1, -2], [1, 2]]
    assert data["steepest"]["exact_direction"] == ["-1", "0"]
    assert [s["says"] for s in data["single_gradients"]] == ["ascends", "ascends"]


def test_json_is_strict_where_a_margin_is_infinite(tmp_path, monkeypatch):
    from danskin.certificate import Theorem3Certificate
    from danskin.verdict import Verdict

    nothing = Theorem3Certificate(Verdict.UNDECIDED, -math.inf, ())
    monkeypatch.setattr("danskin.cli.walk.theorem3", lambda *_, **__: nothing)
    result = certify(EXAMPLES / "trigonometric.toml", "--json", "-")
    assert json.loads(result.stdout, parse_constant=pytest.fail)["theorem3"]["margin"] is None


MAGIC = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}


@pytest.mark.parametrize("suffix", [*MAGIC, ".PNG"])
def test_plot(suffix, tmp_path):
    path = tmp_path / f"plot{suffix}"
    result = certify(EXAMPLES / "orabona.toml", "--plot", path)
    assert result.exit_code == 0, result.stderr
    assert path.read_bytes().startswith(MAGIC[suffix.lower()])
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("name", EXPECTED)
def test_every_example_can_be_drawn(name, tmp_path):
    result = certify(EXAMPLES / f"{name}.toml", "--plot", tmp_path / "plot.png")
    assert result.exit_code == EXPECTED[name][0], result.stderr


@pytest.mark.parametrize("name", ["plot", "plot.jpg", "plot.png.exe", ".png"])
def test_plot_of_unknown_kind(name, tmp_path):
    result = certify(EXAMPLES / "orabona.toml", "--plot", tmp_path / name)
    assert result.exit_code == 2
    assert "--plot" in result.stderr
    assert ".png, .pdf, .svg" in result.stderr
    assert result.stdout == ""


def test_plot_that_cannot_be_drawn(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise InvalidInputError("S", "it has no picture", "Take another.")

    monkeypatch.setattr(danskin.plots, "plot_certificate", refuse)
    path = tmp_path / "plot.png"
    result = certify(EXAMPLES / "orabona.toml", "--plot", path)
    assert result.exit_code == 2
    assert "--plot: cannot be drawn: S: it has no picture. Take another." in result.stderr
    assert not path.exists()


@pytest.mark.parametrize("option", ["--json", "--plot"])
def test_unwritable_file_is_refused_before_the_work(option, tmp_path):
    for target in (tmp_path / "none" / "file.png", tmp_path):
        if option == "--plot" and target == tmp_path:
            continue
        result = certify(EXAMPLES / "orabona.toml", option, target)
        assert result.exit_code == 2
        assert f"Error: {option}: {target}" in result.stderr
        assert re.search("there is no folder|it is a folder", result.stderr)
        assert result.stdout == ""


# --- options ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--direction", "downhill", "--direction"),
        ("--direction", "1", "--direction: it has 1 entry, not 2"),
        ("--direction", "0,0", "zero"),
        ("--direction", "single:9", "does not name one of 2"),
        ("--direction", "__import__('os'),1", "--direction[0]"),
        ("--direction", "", "--direction"),
        ("--at", "1", "--at: it has 1 entry"),
        ("--at", "nan,0", "--at[0]"),
        ("--at", "9**9**9**9,0", "--at[0]"),
        ("--limit", "soon", "--limit"),
        ("--limit", "-1", "--limit"),
    ],
)
def test_bad_options(option, value, says):
    result = certify(EXAMPLES / "orabona.toml", option, value)
    assert result.exit_code == 2, result.output
    assert says in result.stderr
    assert "Traceback" not in result.output
