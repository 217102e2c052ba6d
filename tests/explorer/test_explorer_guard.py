"""Hostile requests: from other pages, too large, not what they say, and formulas that are code."""

import ast
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danskin.errors import InvalidInputError, MissingExtraError

httpx = pytest.importorskip("httpx")
for needed in ("pebble", "starlette", "uvicorn"):
    pytest.importorskip(needed, reason="the extra 'explorer' is not installed")

ROOT = Path(__file__).parents[2]
PAIR = {"gradients": [[1.0, 0.5], [-0.5, 0.9]]}
FORM = {"g": "d*t1 + (1-d)*t2 + d*(d-1)", "theta": "t1, t2", "delta": "d", "domain": "[0, 1]",
        "at": "0, 0"}  # fmt: skip


@pytest.fixture(scope="module")
def client(explorer_url):
    with httpx.Client(base_url=explorer_url, timeout=60) as client:
        yield client


def refused(answer, status):
    assert answer.status_code == status, answer.text
    (error, *_) = answer.json()["errors"]
    assert error["problem"]
    assert "Traceback" not in answer.text
    return error


def pack(data):
    return json.dumps(data).encode()


def post(client, body, path="/api/gradients", **headers):
    given = {"content-type": "application/json"} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    return client.post(path, content=body, headers=given)


# --- who asks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/static/index.html", "/api/meta", "/nowhere"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1",
             "127.0.0.1.evil:{port}", "localhost.evil:{port}", "0.0.0.0:{port}", "",
             "127.0.0.1:{port}@evil", "[::]:{port}"],
)  # fmt: skip
def test_a_name_that_was_rebound_is_refused(client, path, host):
    answer = client.get(path, headers={"host": host.format(port=client.base_url.port)})
    refused(answer, 403)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_the_loopback_s_names_are_let_in(client, name):
    host = f"{name}:{client.base_url.port}"
    assert client.get("/api/meta", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1",
               "http://127.0.0.1", "http://localhost:{port}", "file://", "http://127.0.0.1:{port}.evil"],
)  # fmt: skip
def test_other_origins_are_refused(client, origin):
    origin = origin.format(port=client.base_url.port)
    refused(post(client, pack(PAIR), origin=origin), 403)
    refused(client.get("/api/meta", headers={"origin": origin}), 403)


def test_the_page_s_own_origin_is_let_in(client):
    own = f"http://127.0.0.1:{client.base_url.port}"
    answer = post(client, pack(PAIR), origin=own, sec_fetch_site="same-origin")
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
    assert client.get("/api/meta", headers={"sec-fetch-site": "none"}).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "nonsense", ""])
def test_other_sites_are_refused(client, site):
    refused(post(client, pack(PAIR), sec_fetch_site=site), 403)


def test_a_preflight_gets_no_permission(client):
    headers = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = client.options("/api/gradients", headers=headers)
    assert answer.status_code == 403
    assert not any(h.startswith("access-control") for h in answer.headers)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
             "", "application/json; charset=utf-16", "application/jsonp",
             "text/plain; application/json"],
)  # fmt: skip
def test_what_a_form_can_send_is_refused(client, kind):
    refused(post(client, pack(PAIR), content_type=kind), 415)


def test_headers_given_twice_are_refused(client):
    port = client.base_url.port
    lines = f"POST /api/gradients HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    twice = "Content-Type: application/json\r\nContent-Type: text/plain\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
        raw.sendall(f"{lines}{twice}Content-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "path", ["/", "/static/page.js", "/api/meta", "/nowhere", "/api/gradients"]
)
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == ("no-store" if path.startswith("/api") else "no-cache")
    assert "server" not in headers


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py",
             "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/", "/static/.",
             "/static/page.css%00.js", "/app.py", "/static/views",
             "/static/\\..\\app.py", "/api", "/api/", "/api/../app.py", "/docs"],
)  # fmt: skip
def test_no_other_file_is_served(client, path):
    port = client.base_url.port
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
        line = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        raw.sendall(line.encode())
        answer = b""
        while part := raw.recv(65536):
            answer += part
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400", b"HTTP/1.1 307"))
    assert b"import" not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE", "HEAD"])
def test_other_methods_are_refused(client, method):
    answer = client.request(method, "/api/gradients")
    assert answer.status_code == 405


# --- how much ------------------------------------------------------------------------------------


def test_large_bodies_are_refused(client):
    refused(post(client, b" " * 70_000), 413)
    refused(post(client, (b" " * 10_000 for _ in range(10))), 413)  # chunked, no length given
    refused(post(client, pack(PAIR), content_encoding="gzip"), 415)
    assert post(client, pack(PAIR).ljust(60_000)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"3", b"null", b'"text"', b"\xff\xfe", b"{}{}", b"{'a': 1}",
        b'{"gradients": [[NaN, 0], [1, 0]]}',
        b'{"gradients": [[Infinity, 0], [1, 0]]}',
        b'{"gradients": [[-Infinity, 0], [1, 0]]}',
        b'{"gradients": [[1e999, 0], [1, 0]]}',
        b'{"gradients": [[1, 0], [0, 1]], "gradients": [[1, 0], [0, 1]]}',
        b'{"gradients": ' + b"[" * 9 + b"]" * 9 + b"}",
        b"[" * 30_000 + b"]" * 30_000,
        b'{"a":' * 9_000 + b"1" + b"}" * 9_000,
        b'{"gradients": [[' + b"9" * 5000 + b", 0], [1, 0]]}",
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused(client, body):
    refused(post(client, body), 400)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "gradients"),
        ({"gradients": None}, "gradients"),
        ({"gradients": "x"}, "gradients"),
        ({"gradients": []}, "gradients"),
        ({"gradients": [[1, 0]]}, "gradients"),
        ({"gradients": [[1, 0]] * 9}, "gradients"),
        ({"gradients": [[1, 0], [1]]}, "gradients[1]"),
        ({"gradients": [[1, 0], [1, 2, 3]]}, "gradients[1]"),
        ({"gradients": [[1, 0], [1, None]]}, "gradients[1][1]"),
        ({"gradients": [[1, 0], [1, True]]}, "gradients[1][1]"),
        ({"gradients": [[1, 0], [1, {}]]}, "gradients[1][1]"),
        ({"gradients": [[1, 0], [1, [2]]]}, "gradients[1][1]"),
        ({"gradients": [[1, 0], [1, "x"]]}, "gradients[1][1]"),
        ({"gradients": [[1, 0], [1, ""]]}, "gradients[1][1]"),
        ({"gradients": [[1, 0], [1, "1/0"]]}, "gradients[1][1]"),
        ({"gradients": [[1, 0], [1, "sqrt(-1)"]]}, "gradients[1][1]"),
        ({"gradients": [[1, 0], [1, "9**9**9**9"]]}, "gradients[1][1]"),
        ({"gradients": [[1, 0], [1, "__import__('os').abort()"]]}, "gradients[1][1]"),
        ({"gradients": [[1, 0], [1, "1+" * 50 + "1"]]}, "gradients[1][1]"),
        ({"gradients": [[1, 0], [1, 1e7]]}, "gradients[1][1]"),
        ({"gradients": [[1, 0], [1, "10**300"]]}, "gradients[1][1]"),
        ({**PAIR, "direction": [0, 0]}, "direction"),
        ({**PAIR, "direction": [1]}, "direction"),
        ({**PAIR, "evil": 1}, "evil"),
        ({**PAIR, "x" * 1000: 1}, "x" * 60),
        ({"gradients": [[1, 0], [0, "1e400"]]}, "gradients[1][1]"),
        ({"gradients": [["-2**1000*2**999", 0], [0, 1]]}, "gradients[0][0]"),
    ],
)
def test_gradients_that_are_refused(client, data, field):
    assert refused(post(client, pack(data)), 422)["field"] == field


@pytest.mark.parametrize(
    ("path", "data", "field"),
    [
        ("landscape/point", {"objective": {"family": "obtuse_pair"}}, "theta"),
        ("landscape/point", {"objective": {"family": "../x"}, "theta": [0, 0]}, "family"),
        ("landscape/point", {"objective": {"family": ["x"]}, "theta": [0, 0]}, "family"),
        ("landscape/point", {"objective": "obtuse_pair", "theta": [0, 0]}, "objective"),
        ("landscape/point", {"objective": {"make": [[1, 0]]}, "theta": [0, 0]}, "make"),
        ("landscape/point", {"objective": {**FORM, "theta": "t1, t2, t3"}, "theta": [0, 0]}, "at"),
        ("landscape/contours", {"objective": {"family": "orabona"}, "window": [[0, 1]]}, "window"),
        ("landscape/contours", {"objective": {"family": "orabona"}, "window": [[0, 1], [1, 1]]},
         "window[1]"),
        ("landscape/contours", {"objective": {"family": "orabona"}, "window": [[0, 1], [0, 1]],
                                "grid": 100_000}, "grid"),
        ("landscape/trajectories", {"objective": {"family": "orabona"}, "theta": [0, 0],
                                    "steps": 10**9}, "steps"),
        ("landscape/trajectories", {"objective": {"family": "orabona"}, "theta": [0, 0],
                                    "rules": ["single", "__class__"]}, "rules"),
        ("landscape/trajectories", {"objective": {"family": "orabona"}, "theta": [0, 0],
                                    "step_size": "open('x')"}, "step_size"),
        ("landscape/trajectories", {"objective": {"family": "orabona"}, "theta": [0, 0],
                                    "step_size": -1}, "step_size"),
        ("batch", {"samples": [[[1, 0]]]}, "samples"),
        ("batch", {"samples": [[[1, 0]], [[1, 0]] * 5]}, "samples[1]"),
        ("batch", {"samples": [[[1, 0]], [[1, 0]]], "runs": [[0, 1]]}, "runs[0]"),
        ("batch", {"samples": [[[1, 0]], [[1, 0]]], "runs": [[0, -1]]}, "runs[0]"),
        ("batch", {"samples": [[[1, 0]], [[1, 0]]], "runs": []}, "runs"),
        ("batch", {"samples": [[[1, 0]], [[1, 0]]], "runs": [[0, True]]}, "runs[0]"),
    ],
)  # fmt: skip
def test_other_questions_that_are_refused(client, path, data, field):
    assert refused(post(client, pack(data), f"/api/{path}"), 422)["field"] == field


# --- formulas ------------------------------------------------------------------------------------


def hostile_problems():
    """The hostile problem files of the command line, as far as they can be put into a form."""
    path = ROOT / "tests" / "cli" / "test_hostile.py"
    spec = importlib.util.spec_from_file_location("hostile_problem_files", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cases = {}
    for name, (content, _) in module.HOSTILE.items():
        if len(content) > 1_000_000:
            continue  # about the size of a file
        try:
            data = tomllib.loads(content, parse_float=Decimal)
            form = {k: data[k] for k in ("g", "theta", "parameters") if k in data}
            delta = dict(data["delta"])
            form["delta"] = delta.pop("names")
            form |= {"domain": delta, "at": data["query"]["at"]}
            if "direction" in data["query"]:
                form["direction"] = data["query"]["direction"]
            if set(data["query"]) - {"at", "direction"} or set(data) - set(form) - {"query"}:
                continue  # about keys that a form has not
            cases[name] = json.dumps(form, default=decimal)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            continue  # no TOML, or a table that is missing
    return cases


def decimal(value):
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError


HOSTILE = hostile_problems()


def test_there_are_many_hostile_forms():
    assert len(HOSTILE) > 70
    assert {"an import", "eval", "9**9**9**9", "code in a parameter", "nan"} <= set(HOSTILE)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_forms_are_refused(client, name, tmp_path, monkeypatch):
    """Refused at once, or by the proof; nothing is executed, nothing hangs, no traceback."""
    monkeypatch.chdir(tmp_path)
    body = HOSTILE[name].encode()
    answer = post(client, body, "/api/objective/proof")
    if answer.status_code == 202:
        job = answer.json()["job"]
        state = answer.json()
        end = time.monotonic() + 30
        while state["state"] in ("queued", "running") and time.monotonic() < end:
            time.sleep(0.05)
            state = client.get(f"/api/jobs/{job}").json()
        # What is not defined everywhere is refused, or left undecided; never proved.
        assert state["state"] in ("failed", "done")
        assert state["errors"] or state["result"]["verdict"] == "undecided", state
    else:
        assert answer.status_code in (400, 413, 422), answer.text
        assert answer.json()["errors"]
    assert "Traceback" not in answer.text
    assert not (ROOT / "danskin-canary").exists()
    assert not Path("danskin-canary").exists()


@given(st.text(max_size=40), st.text(max_size=10), st.floats(allow_nan=False, allow_infinity=False))
def test_scripts_hold_text_as_literals_only(text, name, number):
    """Whatever was typed, the script's statements are ours: it comes back as a constant."""
    from danskin.explorer import scripts

    def build(g, n, x):
        return scripts.proof(
            {"g": g, "theta": [n], "delta": ["d"], "domain": {"interval": [g, x]},
             "parameters": {n: g}}, [g, x], [n], 1.0,
        )  # fmt: skip

    script = build(text, name, number)
    assert script.isascii()
    tree, plain = ast.parse(script), ast.parse(build("g", "t", 1.0))
    constants = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    assert constants.count(text) >= 4
    shapes = [Counter(type(n).__name__ for n in ast.walk(t)) for t in (tree, plain)]
    for shape in shapes:
        del shape["UnaryOp"], shape["USub"]  # of negative numbers
    assert shapes[0] == shapes[1]


def test_scripts_take_plain_data_only():
    from danskin.explorer.scripts import gradients

    class Sly(str):
        def __repr__(self):
            return "__import__('os')"

    for bad in (Sly("1"), object(), Decimal(1)):
        with pytest.raises(TypeError, match="plain"):
            gradients([[bad, 1], [1, 2]], None)


# --- the port ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.0.1", "example.org", "", "127.0.0.1.evil"]
)
def test_only_the_loopback_is_served(host):
    from danskin.explorer.serve import listen

    with pytest.raises(InvalidInputError, match="loopback"):
        listen(0, host)


def test_a_port_in_use_is_said(explorer_url):
    from danskin.explorer.serve import listen

    port = int(explorer_url.rsplit(":", 1)[1].strip("/"))
    with pytest.raises(InvalidInputError, match="in use"):
        listen(port)
    for bad in (-1, 65536, "80", True):
        with pytest.raises(InvalidInputError, match="port"):
            listen(bad)


def test_nobody_else_can_connect(explorer_url):
    """The socket is bound to 127.0.0.1 alone."""
    port = int(explorer_url.rsplit(":", 1)[1].strip("/"))
    with pytest.raises(OSError, match=r"refused|timed out|unreachable|assign"):
        socket.create_connection(("127.0.0.2", port), timeout=2)


def group_lives(leader):
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to a process there")
def test_the_command_serves_until_ctrl_c():
    command = [sys.executable, "-m", "danskin", "explore", "--no-browser"]
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=ROOT,
        start_new_session=True,
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        assert line.startswith("The explorer is at http://127.0.0.1:")
        url = line.split()[-1]
        assert httpx.post(f"{url}api/gradients", json=PAIR, timeout=60).status_code == 200
        hard = {**FORM, "g": "sin(40*d*t1) + cos(37*d*t2) + sin(d**2)/9", "at": "1/3, 1/7",
                "direction": "single:0", "budget": 60}  # fmt: skip
        begun = httpx.post(f"{url}api/objective/proof", json=hard, timeout=60)
        assert begun.status_code == 202
        end = time.monotonic() + 60  # a process killed while it starts complains on its way out
        while httpx.get(f"{url}api/jobs/{begun.json()['job']}").json()["stage"] != "proving":
            assert time.monotonic() < end
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does, to children too
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0, err
        assert "The explorer has ended." in out
        assert err == ""
        end = time.monotonic() + 10  # the last children end a moment later
        while group_lives(process.pid) and time.monotonic() < end:
            time.sleep(0.05)
        assert not group_lives(process.pid)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def test_the_command_refuses_other_hosts(capsys):
    from typer.testing import CliRunner

    from danskin.cli import app

    result = CliRunner().invoke(app, ["explore", "--host", "0.0.0.0", "--no-browser"])
    assert result.exit_code == 2
    assert "loopback" in result.stderr


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "pebble"])
def test_a_missing_extra_is_named(missing):
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from danskin.errors import MissingExtraError\n"
        "try:\n    import danskin.explorer.serve, danskin.explorer.work\n"
        "except MissingExtraError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert "pip install 'danskin[explorer]'" in done.stdout
    assert missing in done.stdout
    assert issubclass(MissingExtraError, ImportError)
