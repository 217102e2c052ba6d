"""The explorer's answers: what the library says, reproduced by the Python that comes with them."""

import contextlib
import io
import itertools
import json
import math
import time

import numpy as np
import pytest

import danskin as dk
from danskin.counterexamples import all_families, coupled_batch
from danskin.direction import derivative_sectors
from danskin.exact import to_float

httpx = pytest.importorskip("httpx")
for needed in ("pebble", "starlette", "uvicorn"):
    pytest.importorskip(needed, reason="the extra 'explorer' is not installed")

TOL = 1e-9


@pytest.fixture(scope="module")
def client(explorer_url):
    with httpx.Client(base_url=explorer_url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def meta(client):
    return client.get("/api/meta").json()


def ask(client, address, **data):
    answer = client.post(f"/api/{address}", json=data)
    assert answer.status_code == 200, answer.text
    return answer.json()


def run(script):
    """Execute a script of ours; return what it leaves behind and what it prints."""
    names = {"__name__": "__main__"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(script, "<the page's Python>", "exec"), names)  # noqa: S102 - ours
    return names, printed.getvalue()


def fields_of(answer, status=422):
    assert answer.status_code == status, answer.text
    errors = answer.json()["errors"]
    assert errors
    assert all(set(e) == {"field", "problem", "remedy"} and e["problem"] for e in errors)
    return [e["field"] for e in errors]


# --- gradients -----------------------------------------------------------------------------------


def random_gradients(seed, m):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(m, 2)) + rng.normal(size=2)).tolist()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("m", [2, 5, 8])
def test_gradients_are_answered_by_the_library(client, seed, m):
    rows = random_gradients(seed, m)
    a = ask(client, "gradients", gradients=rows, direction=[1.0, -2.0])
    G = np.array(rows)
    best = dk.steepest_descent(G)
    assert a["gradients"] == rows
    assert a["steepest"]["stationary"] == best.stationary
    assert a["min_norm"]["weights"] == best.weights.tolist()
    assert a["min_norm"]["lower_bound"] <= a["min_norm"]["norm"]
    if best.direction is not None:
        assert a["steepest"]["direction"] == best.direction.tolist()
    for i, single in enumerate(a["singles"]):
        true = (-(G @ G[i]) / np.linalg.norm(G[i])).max()
        assert single["derivative"] == pytest.approx(true, abs=TOL)
        assert single["sign"] == np.sign(true)
        assert single["verdict"] == ("ascent" if true > 0 else "descent")
        assert (G[single["culprit"]] @ -G[i]) == pytest.approx(true * np.linalg.norm(G[i]), abs=TOL)
    u = np.array([1, -2]) / math.sqrt(5)
    assert a["asked"]["derivative"] == pytest.approx((G @ u).max(), abs=TOL)
    # The curve is Danskin's formula, and its sign that of the sectors.
    angles, D = np.array(a["curve"]["angles"]), np.array(a["curve"]["D"])
    assert (np.diff(angles) > 0).all()
    assert (angles[0], angles[-1]) == (-math.pi, math.pi)
    units = np.stack([np.cos(angles), np.sin(angles)])
    np.testing.assert_allclose(D, (G @ units).max(axis=0), atol=1e-12)
    assert a["reach"] == np.abs(D).max()
    for angle, d in zip(angles, D, strict=True):
        kinds = {s["kind"] for s in a["sectors"] if (angle - s["from"]) % math.tau <= s["width"]}
        if abs(d) > TOL:
            assert kinds == {"descent" if d < 0 else "ascent"}
    assert sum(s["width"] for s in a["sectors"]) == pytest.approx(math.tau)


@pytest.mark.parametrize("seed", range(5))
def test_the_hull_is_convex_and_counterclockwise_and_holds_all(client, seed):
    rows = random_gradients(seed, 8)
    hull = ask(client, "gradients", gradients=[*rows[:7], rows[0]])["hull"]
    P = np.array(hull["points"])
    assert hull["points"] == [[*rows[:7], rows[0]][i] for i in hull["indices"]]
    assert len(set(map(tuple, hull["points"]))) == len(P)
    for a, b in zip(P, np.roll(P, -1, axis=0), strict=True):
        for c in rows[:7]:
            assert (b - a)[0] * (c - a)[1] - (b - a)[1] * (c - a)[0] >= -1e-12


def test_hulls_that_are_segments_and_points(client):
    hull = ask(client, "gradients", gradients=[[0, 0], [2, 2], [1, 1]])["hull"]
    assert sorted(hull["indices"]) == [0, 1]
    assert ask(client, "gradients", gradients=[[1, 2], [1, 2]])["hull"]["points"] == [[1, 2]]


def test_exact_numbers_are_answered_exactly(client):
    a = ask(client, "gradients", gradients=[["1", "0"], ["-1/2", "sqrt(3)/2"]])
    assert a["exact"]
    assert a["exact_gradients"] == [["1", "0"], ["-1/2", "sqrt(3)/2"]]
    assert a["steepest"]["exact_derivative"] == "-1/2"
    assert [s["exact_derivative"] for s in a["singles"]] == ["1/2", "1/2"]
    assert a["sectors"][0]["exact_ends"] == [["-sqrt(3)/2", "-1/2"], ["0", "-1"]]
    assert a["price"]["bound"] == 0.5
    assert a["summary"]["verdict"] == "counterexample"
    floats = ask(client, "gradients", gradients=[[1.0, 0.5], [-0.5, 0.87]])
    assert not floats["exact"]
    assert floats["exact_gradients"] is None


def test_at_the_border_no_descent_is_promised(client):
    """At a right angle D = 0 exactly: not uphill, not descent; the bound must not say descent."""
    for rows in ([["1", "0"], ["0", "1"]], [[1.0, 0.0], [0.0, 1.0]], [[0.6, 0.8], [0.8, -0.6]]):
        a = ask(client, "gradients", gradients=rows)
        assert {s["verdict"] for s in a["singles"]} == {"flat"}
        assert a["summary"]["verdict"] == "counterexample"
        assert a["summary"]["uphill"] == []
        assert "every single gradient" not in a["price"]["text"]
    inside = ask(client, "gradients", gradients=[["1", "0"], ["3/5", "4/5"]])
    assert inside["price"]["bound"] == pytest.approx(-0.6)
    assert "every single gradient descends" in inside["price"]["text"]
    assert inside["summary"]["verdict"] == "holds"


def test_every_preset_says_what_it_is_for(client, meta):
    wanted = {
        "obtuse_pair": "counterexample",
        "orabona": "counterexample",
        "border": "counterexample",
        "acute": "holds",
        "simplex": "counterexample",
        "triple": "stationary",
        "absolute_value": "stationary",
        "lengths": "counterexample",
        "eight": "counterexample",
    }
    found = {}
    for preset in meta["gradients"]["presets"]:
        a = ask(client, "gradients", gradients=preset["gradients"])
        found[preset["id"]] = a["summary"]["verdict"]
        assert a["exact"]
        names, _ = run(a["python"])
        assert names["steepest"].derivative == a["steepest"]["derivative"]
        assert [s.derivative.sign for s in names["singles"]] == [s["sign"] for s in a["singles"]]
        assert len(names["sectors"]) == len(a["sectors"])
    assert found == wanted


@pytest.mark.parametrize("seed", range(3))
def test_the_python_of_dragged_gradients_reproduces_them(client, seed):
    rows = random_gradients(seed, 6)
    a = ask(client, "gradients", gradients=rows, direction=[0.25, 3])
    names, printed = run(a["python"])
    assert names["gradients"] == rows
    assert names["steepest"].derivative == a["steepest"]["derivative"]
    assert [float(s.derivative) for s in names["singles"]] == [
        s["derivative"] for s in a["singles"]
    ]
    assert [s.to_dict()["from"] for s in names["sectors"]] == [s["from"] for s in a["sectors"]]
    assert float(names["asked"]) == a["asked"]["derivative"]
    assert a["steepest"]["explain"] in printed


def test_stationary_points_have_no_direction(client):
    a = ask(client, "gradients", gradients=[[1, 0], [-1, 0]])
    assert a["steepest"]["direction"] is None
    assert a["steepest"]["stationary"]
    assert [s["kind"] for s in a["sectors"]] == ["flat", "ascent", "flat", "ascent"]
    zero = ask(client, "gradients", gradients=[[0, 0], [0, 0]])
    assert [s["verdict"] for s in zero["singles"]] == ["zero", "zero"]
    assert (zero["reach"], zero["summary"]["verdict"]) == (0, "stationary")


# --- landscapes ----------------------------------------------------------------------------------


def test_the_families_are_the_registry_s(meta):
    plane = {f.name: f for f in all_families() if f().objective.theta_dim == 2}
    offered = {f["name"]: f for f in meta["landscape"]["families"]}
    assert set(plane) <= set(offered)
    for name, card in offered.items():
        family = next(f for f in all_families() if f.name == name)
        assert (card["title"], card["latex"]) == (family.title, family.latex)


@pytest.mark.parametrize("index", range(4))
def test_the_kink_of_every_family(client, meta, index):
    card = meta["landscape"]["families"][index]
    a = ask(client, "landscape/point", objective={"family": card["name"]}, theta=card["kink"])
    assert a["complete"]
    assert a["nearest"]["gap"] in (0, None)
    assert len(a["maximizers"]) > 1
    assert a["gradients"]["summary"]["verdict"] == "counterexample"
    assert len(a["inner"]) == len(card["g"])
    for inner in a["inner"]:
        highest = max(v for v in np.ravel(inner["g"]) if v is not None)
        assert highest <= inner["value"] + TOL
        assert len(inner["lit"]) >= 2
    names, _ = run(a["python"])
    assert names["S"].deltas.tolist() == [m["delta"] for m in a["maximizers"]]
    assert names["S"].gradients.tolist() == [m["gradient"] for m in a["maximizers"]]


def test_parameters_of_a_family(client):
    given = {"family": "obtuse_pair", "parameters": {"cosine": "-3/5"}}
    a = ask(client, "landscape/point", objective=given, theta=["0", "0"])
    assert [s["exact_derivative"] for s in a["gradients"]["singles"]] == ["3/5", "3/5"]
    assert a["formula"] == ["d*t1 + d*(d - 1) + (1 - d)*(-3*t1/5 + 4*t2/5)"]
    for bad, field in (("1/2", "parameters.cosine"), ("-1", "parameters.cosine")):
        given = {"family": "obtuse_pair", "parameters": {"cosine": bad}}
        answer = client.post("/api/landscape/point", json={"objective": given, "theta": [0, 0]})
        assert fields_of(answer) == [field]


def test_gradients_to_order_become_an_objective(client):
    rows = [["2", "1"], ["-2", "1"], ["-1", "1"]]
    a = ask(client, "landscape/point", objective={"make": rows}, theta=["0", "0"])
    assert a["complete"]
    assert sorted(m["gradient"] for m in a["maximizers"]) == [[-2, 1], [-1, 1], [2, 1]]
    names, _ = run(a["python"])
    assert len(names["S"]) == 3


FORM = {
    "g": "d*(t1**2 + t2) + (1-d)*(t2**2 - t1 - t2) + d*(d-1)",
    "theta": "t1, t2",
    "delta": "d",
    "domain": "[0, 1]",
}


def phi(theta):
    """phi of FORM: g is convex in d, so that the ends decide."""
    t1, t2 = theta
    return max(t1**2 + t2, t2**2 - t1 - t2)


def test_contours_lie_where_phi_has_their_value(client):
    window = [[-1.5, 1.0], [-1.0, 2.0]]
    a = ask(client, "landscape/contours", objective=FORM, window=window, grid=81)
    assert len(a["contours"]) > 5
    step = 3 / 80
    for contour in a["contours"]:
        for line in contour["lines"]:
            for theta in line:
                # Linear interpolation: the error is at most a second difference, or a kink's jump.
                assert phi(theta) == pytest.approx(contour["value"], abs=4 * step**2 + 1.2 * step)
    near = [abs(phi(t) - c["value"]) for c in a["contours"] for line in c["lines"] for t in line]
    assert np.median(near) < 2 * step**2
    names, _ = run(a["python"].replace("plt.show()", "plt.close()"))
    assert names["phi"].max() == pytest.approx(a["range"][1])


def test_the_runs_are_the_library_s(client):
    theta = [0.3, 0.4]
    a = ask(client, "landscape/trajectories", objective=FORM, theta=theta, steps=12, step_size=0.1)
    assert [r["rule"] for r in a["runs"]] == ["single", "normalized_single", "ddi", "step_aware"]
    names, _ = run(a["python"])
    for shown in a["runs"]:
        own = names["runs"][shown["rule"]]
        assert shown["thetas"] == own.thetas.tolist()
        assert shown["values"] == own.values.tolist()
        assert shown["derivatives"] == [float(d) for d in own.derivatives]
        assert len(shown["thetas"]) == len(shown["derivatives"]) + 1
        for t, v in zip(shown["thetas"], shown["values"], strict=True):
            assert v == pytest.approx(phi(t))


def test_a_finite_set_and_a_slow_objective(client):
    finite = {**FORM, "g": "d*t1 + (1-d)*t2", "domain": "{0, 1/2, 1}"}
    a = ask(client, "landscape/trajectories", objective=finite, theta=[1, 0.5], steps=5)
    assert a["runs"][2]["values"][-1] < a["runs"][2]["values"][0]
    run(a["python"])
    inner = ask(client, "landscape/point", objective=finite, theta=[1, 1])["inner"][0]
    assert inner["finite"]
    assert inner["delta"] == [0, 0.5, 1]


def test_maximizers_that_were_only_found_promise_nothing(client):
    """Outside the classes with a proof, a single gradient is never said to descend."""
    found = {**FORM, "g": "t1*sin(5*d1 + d2*t2) + t2*cos(d1*d2 + t1)", "delta": "d1, d2",
             "domain": "[0, 1] x [0, 1]"}  # fmt: skip
    a = ask(client, "landscape/point", objective=found, theta=[0.3, 0.7])
    assert not a["complete"]
    assert "others may exist" in a["explain"]
    assert {s["verdict"] for s in a["gradients"]["singles"]} <= {"ascent", "undecided"}
    assert a["gradients"]["summary"]["verdict"] in ("undecided", "counterexample")
    assert a["inner"][0]["kind"] == "map"
    assert len(a["inner"][0]["g"]) == len(a["inner"][0]["y"])


# --- an objective of one's own -------------------------------------------------------------------


def test_every_field_has_its_own_errors(client):
    answer = client.post(
        "/api/objective/check",
        json={"g": "d*t3", "theta": "t1, t2", "delta": "d", "domain": "[1, 0]", "at": "1, x",
              "direction": "downhill", "parameters": {"a": "open(1)"}},
    )  # fmt: skip
    assert set(fields_of(answer)) == {"domain", "parameters.a", "at[1]", "direction"}
    answer = client.post("/api/objective/check", json={})
    assert fields_of(answer) == ["g", "theta", "delta", "domain"]
    answer = client.post("/api/objective/check", json={**FORM, "g": "d*t3", "domain": "[1, 0]"})
    assert fields_of(answer) == ["domain", "g"]
    for zero in ("0, 0", [0, 0.0], ["sqrt(2)*sqrt(3) - sqrt(6)", 0]):
        answer = client.post("/api/objective/check", json={**FORM, "direction": zero})
        assert fields_of(answer) == ["direction"]
    answer = client.post("/api/objective/check", json={**FORM, "at": "1, 2, 3"})
    assert fields_of(answer) == ["at"]


@pytest.mark.parametrize(
    ("domain", "delta", "shown"),
    [
        ("[0, 1]", "d", "Interval(0, 1)"),
        (" [ -1/2 , sqrt(2) ] ", "d", "Interval(-1/2, sqrt(2))"),
        ("[0, 1] x [-1, 1]", "d, e", "Box([0, -1], [1, 1])"),
        ("[0,1]×[0,1]*[0,2]", "d, e, f", "Box([0, 0, 0], [1, 1, 2])"),
        ("simplex", "d, e", "Simplex(2)"),
        ("ball 0, 0; 1", "d, e", "Ball([0, 0], 1)"),
        ("Ball 0, 1/2; 1/3 norm inf", "d, e", "Ball([0, 1/2], 1/3, norm=inf)"),
        ("{0, 1/2, 1}", "d", "FiniteSet([[0], [1/2], [1]])"),
        ("{(0, 0), (1, sqrt(2)*(1 + 1))}", "d, e", "FiniteSet([[0, 0], [1, 2*sqrt(2)]])"),
        ({"box": [["0", "1"], [0, 0.5]]}, "d, e", "Box([0, 0], [1, 1/2])"),
        ({"simplex": True}, "d, e", "Simplex(2)"),
        ({"ball": {"center": ["0"], "radius": "2"}}, "d", "Ball([0], 2)"),
    ],
)
def test_sets_as_a_person_types_them(client, domain, delta, shown):
    a = ask(client, "objective/check", g="t1*d + t2", theta="t1, t2", delta=delta, domain=domain)
    assert a["text"]["domain"] == shown
    names, _ = run(a["python"])
    assert repr(names["f"].domain) == shown
    again = ask(client, "objective/check", **a["objective"])
    assert again["text"] == a["text"]


@pytest.mark.parametrize(
    "domain",
    ["", "[0, 1", "[0]", "[0, 1] y [0, 1]", "[0, 1] x", "(0, 1)", "ball", "ball 0", "ball 0;", "{}",
     "{0,}", "{(0, 0), 1}", "[0, inf]", "[nan, 1]", "ball 0; -1", "ball 0; 1 norm 3", "simplex 3",
     {}, {"interval": [0, 1], "box": []}, {"cone": 1}, {"interval": "01"}, {"points": [[]]},
     {"points": [[0]] * 300}, {"ball": [0, 1]}, 3, True, [0, 1], "[0, 1]" * 200],
)  # fmt: skip
def test_sets_that_are_none(client, domain):
    answer = client.post(
        "/api/objective/check", json={"g": "t1*d", "theta": "t1", "delta": "d", "domain": domain}
    )
    assert fields_of(answer) == ["domain"]


def finished(client, job, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = client.get(f"/api/jobs/{job}").json()
        if state["state"] not in ("queued", "running"):
            return state
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def start(client, **data):
    answer = client.post("/api/objective/proof", json=data)
    assert answer.status_code == 202, answer.text
    return answer.json()["job"]


def test_the_examples_are_proved(client, meta):
    verdicts = {}
    for example in meta["objective"]["examples"]:
        state = finished(client, start(client, **example["objective"]))
        assert state["state"] == "done", state
        result = state["result"]
        verdicts[example["id"]] = result["verdict"], result["ascent"]
        lo, hi = result["derivative"]
        names, _ = run(result["python"])
        assert names["proof"].verdict.value == result["verdict"]
        assert names["proof"].derivative[0] <= hi
        assert lo <= names["proof"].derivative[1]
        cover = result["cover"]
        f = names["f"]
        theta = [to_float(x) for x in names["proof"].theta]
        rng = np.random.default_rng(0)
        for cell in rng.choice(cover["cells"], 12):
            # Every box tells the truth about g inside it.
            inside = rng.uniform(cell["lo"], cell["hi"], size=(20, f.delta_dim))
            values = f.values(np.array(theta), inside)
            assert cell["g"][0] - TOL <= values.min()
            assert values.max() <= cell["g"][1] + TOL
            if cell["fate"] == "value":
                assert cell["g"][1] < cover["floor"]
    assert verdicts["orabona"] == ("proved", "refuted")
    assert verdicts["single"] == ("refuted", "proved")
    assert verdicts["wave"] == ("proved", "refuted")
    assert verdicts["classifier"][0] == "proved"


def test_boxes_of_a_line_cover_it(client):
    state = finished(client, start(client, g="cos(9*d)*t1 + sin(11*d)*t2", theta="t1, t2",
                                   delta="d", domain="[0, 2]", at="1/3, 1/7"))  # fmt: skip
    cells = state["result"]["cover"]["cells"]
    assert len(cells) > 8
    assert {c["fate"] for c in cells} >= {"kept", "value"}
    # Cells that first-order conditions shrank to a face leave their inside uncovered: what is
    # drawn lies in the set, and no two boxes overlap.
    ends = sorted((c["lo"][0], c["hi"][0]) for c in cells)
    assert ends[0][0] >= 0
    assert ends[-1][1] <= 2
    assert all(a[1] <= b[0] + 1e-12 for a, b in itertools.pairwise(ends))


def test_a_stationary_point(client):
    state = finished(
        client, start(client, g="t1*d", theta="t1", delta="d", domain="[-1, 1]", at="0")
    )
    assert state["result"]["stationary"]
    assert state["result"]["headline"].startswith("Refuted")
    assert state["result"]["derivative"][1] is None  # infinity


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"at": "0, 0", "direction": "single:9"}, "direction"),
        ({"g": "d*log(t1) + t2", "at": "-1, 0"}, "at"),
    ],
)
def test_questions_that_only_the_proof_finds_wrong(client, change, field):
    state = finished(client, start(client, **{**FORM, **change}))
    assert state["state"] == "failed"
    assert [e["field"] for e in state["errors"]] == [field]
    assert state["result"] is None


HARD = {
    "g": "sin(40*d1*d3)*cos(37*d2)*t1 + sin(31*d1*d2)*t2 + exp(-d1*d2*d3)*t1*t2/10",
    "theta": "t1, t2",
    "delta": "d1, d2, d3",
    "domain": "[-1, 1] x [-1, 1] x [-1, 1]",
    "at": "1/3, 1/7",
    "direction": "1, 7",
    "budget": 60,
}


def test_a_proof_is_cancelled_and_its_process_goes(client):
    job = start(client, **HARD)
    end = time.monotonic() + 40
    state = {"boxes": 0}
    while state["boxes"] < 10 and time.monotonic() < end:
        time.sleep(0.05)
        state = client.get(f"/api/jobs/{job}").json()
    assert state["state"] == "running"
    assert state["boxes"] >= 10
    assert len(state["bounds"]) == 2
    client.post(f"/api/jobs/{job}/cancel", json={})
    state = finished(client, job)
    assert state["state"] == "cancelled"
    assert state["result"] is None
    boxes = state["boxes"]
    time.sleep(0.3)
    assert client.get(f"/api/jobs/{job}").json()["boxes"] == boxes
    easy = start(client, **FORM, at="0, 0", direction="-1, 0")
    assert finished(client, easy, 30)["state"] == "done"


def test_no_more_proofs_than_there_is_room_for(client):
    jobs = []
    try:
        answers = [client.post("/api/objective/proof", json=HARD) for _ in range(8)]
        jobs = [a.json()["job"] for a in answers if a.status_code == 202]
        assert len(jobs) == 6
        assert {a.status_code for a in answers} == {202, 429}
        assert fields_of(answers[-1], 429) == [""]
        # The page answers beside them.
        ask(client, "gradients", gradients=[[1.0, 0.5], [-0.5, 0.9]])
    finally:
        for job in jobs:
            client.post(f"/api/jobs/{job}/cancel", json={})
    assert {finished(client, job)["state"] for job in jobs} == {"cancelled"}


def test_budgets_and_jobs_that_are_refused(client):
    for budget in (0, 0.1, 61, 1e9, -1, "10", True):
        answer = client.post("/api/objective/proof", json={**HARD, "budget": budget})
        assert fields_of(answer) == ["budget"]
    assert fields_of(client.get("/api/jobs/none"), 404) == [""]
    assert fields_of(client.post("/api/jobs/none/cancel", json={}), 404) == [""]
    assert fields_of(client.post("/api/objective/proof", json=FORM)) == ["at"]


# --- batches -------------------------------------------------------------------------------------


def test_counterexample_5(client, meta):
    """Promised -1, true +1; the product's rate is -|s|/sqrt(4 + s^2), here with s = 1."""
    preset = meta["batch"]["presets"][0]
    a = ask(client, "batch", samples=preset["samples"], runs=preset["runs"])
    assert (a["coupled"]["promised"], a["coupled"]["true"]) == (-1, 1)
    assert a["product"]["promised"] == pytest.approx(-1 / math.sqrt(5))
    assert a["summary"]["verdict"] == "counterexample"
    S = coupled_batch().maximizer_set()
    assert sorted(j["gradient"] for j in a["joint"]) == sorted(S.gradients.tolist())
    assert [j["seen"] for j in a["joint"]].count(True) == 2
    weights = a["product"]["min_norm"]["weights"]
    assert a["product"]["min_norm"]["sizes"] == [2, 2]
    assert [sum(weights[:2]), sum(weights[2:])] == pytest.approx([1, 1])
    names, _ = run(a["python"])
    assert names["coupled"].derivative == a["coupled"]["promised"]
    assert float(names["true"]) == a["coupled"]["true"]
    assert names["best"].derivative == pytest.approx(a["product"]["promised"])
    everything = meta["batch"]["presets"][1]
    b = ask(client, "batch", samples=everything["samples"], runs=everything["runs"])
    assert b["summary"]["verdict"] == "holds"
    assert b["coupled"]["promised"] == pytest.approx(b["product"]["promised"])


@pytest.mark.parametrize("seed", range(5))
def test_batches_by_brute_force(client, seed):
    rng = np.random.default_rng(seed)
    samples = [(rng.normal(size=(m, 2)) + np.array([1, 0])).tolist() for m in rng.integers(1, 5, 2)]
    runs = [[int(rng.integers(len(s))) for s in samples] for _ in range(3)]
    a = ask(client, "batch", samples=samples, runs=runs)
    A, B = (np.array(s) for s in samples)
    seen = np.array([(A[i] + B[j]) / 2 for i, j in runs])
    angles = np.array(a["curve"]["angles"])
    units = np.stack([np.cos(angles), np.sin(angles)])
    # D of the batch is the mean of the samples' maxima.
    true = ((A @ units).max(axis=0) + (B @ units).max(axis=0)) / 2
    np.testing.assert_allclose(a["curve"]["D"], true, atol=1e-12)
    np.testing.assert_allclose(a["curve"]["coupled"], (seen @ units).max(axis=0), atol=1e-12)
    if a["coupled"]["steepest"]["direction"] is not None:
        u = np.array(a["coupled"]["steepest"]["direction"])
        assert a["coupled"]["promised"] == pytest.approx((seen @ u).max(), abs=TOL)
        assert a["coupled"]["true"] == pytest.approx(((A @ u).max() + (B @ u).max()) / 2, abs=TOL)
        assert a["coupled"]["true"] >= a["coupled"]["promised"] - TOL
    names, _ = run(a["python"])
    assert names["best"].derivative == pytest.approx(a["product"]["promised"] or 0, abs=TOL)
    joint = np.array([j["gradient"] for j in a["joint"]])
    assert [s["kind"] for s in a["sectors"]] == [s.kind for s in derivative_sectors(joint)]


def test_everything_is_json_without_nan(client, meta):
    text = json.dumps(meta)
    assert "NaN" not in text
    assert "Infinity" not in text
