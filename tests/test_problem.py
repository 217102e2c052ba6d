"""Problem files: read exactly, never executed, and refused by file and key."""

import time

import pytest
import sympy

from danskin.errors import DanskinError, ProblemFileError
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.problem import read_problem
from danskin.sets import Ball, Box, FiniteSet, Interval, Product, Simplex

BASE = 'g="t*d"\ntheta=["t"]\n[delta]\nnames=["d"]\nbox=[[0,1]]\n'


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "problem.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def with_set(names, kind):
    return f'g="t"\ntheta=["t"]\n[delta]\nnames={names}\n{kind}\n'


@pytest.mark.parametrize(
    ("names", "kind", "domain"),
    [
        ('["d"]', 'interval=["-sqrt(2)", 0.1]', Interval("-sqrt(2)", "0.1")),
        ('["a","b"]', "box=[[0,1],[-0.5,2]]", Box([0, "-1/2"], [1, 2])),
        ('["a","b","c"]', "simplex=true", Simplex(3)),
        ('["a","b"]', "simplex=2", Simplex(2)),
        ('["a","b"]', 'ball={center=[0,"pi"],radius=0.5}', Ball([0, "pi"], "1/2")),
        ('["a","b"]', 'ball={center=[0,0],radius=1,norm="inf"}', Ball([0, 0], 1, "inf")),
        ('["a","b"]', "ball={center=[0,0],radius=1,norm=1}", Ball([0, 0], 1, 1)),
        ('["a"]', 'points=[[0],["1/3"]]', FiniteSet([[0], ["1/3"]])),
        (
            '["a","b","c"]',
            "product=[{box=[[0,1]]},{simplex=2}]",
            Product(Box([0], [1]), Simplex(2)),
        ),
    ],
)
def test_every_set(write, names, kind, domain):
    problem = read_problem(write(with_set(names, kind)))
    assert problem.samples[0].domain == domain


def test_numbers_are_decimal_and_the_query_is_read(write):
    text = BASE + '[query]\nat=[0.1]\ndirection=["1/3"]\nlipschitz=2\nepsilon="sqrt(2)/10"\n'
    problem = read_problem(write(text))
    assert problem.at == (sympy.Rational(1, 10),)
    assert problem.direction == (sympy.Rational(1, 3),)
    assert problem.lipschitz == 2
    assert problem.epsilon == sympy.sqrt(2) / 10


def test_parameters_may_use_those_before_them(write):
    text = BASE.replace('"t*d"', '"c*t*d"').replace(
        "[delta]", '[parameters]\nb="sqrt(2)"\nc="b**2/3"\n[delta]'
    )
    f = MinMaxObjective.load(write(text))
    assert f.parameters["c"] == sympy.Rational(2, 3)


def test_batches_and_names_inside_products(write):
    sample = '[[sample]]\ng="t*d"\n[sample.delta]\nnames=["d"]\ninterval=[0,1]\n'
    batch = MinMaxObjective.load(write('theta=["t"]\n' + 2 * sample))
    assert isinstance(batch, BatchObjective)
    assert len(batch.samples) == 2
    one = read_problem(
        write(
            'g="a*b*t"\ntheta=["t"]\n[delta]\nproduct=[{names=["a"],interval=[0,1]},'
            '{names=["b"],points=[[0],[1]]}]\n'
        )
    )
    assert one.samples[0].delta == ("a", "b")


def change(old, new):
    assert old in BASE
    return BASE.replace(old, new)


BROKEN = {
    "empty": "",
    "no g": change('g="t*d"\n', ""),
    "not TOML": change('"t*d"', ""),
    "not UTF-8": b"\xff\xfe\x00",
    "NUL": "\0",
    "g number": change('"t*d"', "3"),
    "g unknown name": change('"t*d"', '"t*x"'),
    "g hostile": change('"t*d"', '"__import__(1)"'),
    "g hang": change('"t*d"', '"((10**300*t)**1000)**1000*d"'),
    "g tower": change('"t*d"', '"9**9**9**9"'),
    "unknown key": "foo=1\n" + BASE,
    "close key": change("theta", "thetas"),
    "no theta": change('theta=["t"]\n', ""),
    "theta text": change('["t"]', '"t"'),
    "theta empty": change('["t"]', "[]"),
    "theta numbers": change('["t"]', "[1]"),
    "theta keyword": change('["t"]', '["if"]'),
    "theta twice": change('["t"]', '["t","t"]'),
    "theta is delta": change('["t"]', '["d"]'),
    "no delta": 'g="t"\ntheta=["t"]\n',
    "delta list": 'g="t"\ntheta=["t"]\ndelta=[1]\n',
    "no set": change("box=[[0,1]]\n", ""),
    "two sets": BASE + "simplex=true\n",
    "no names": change('names=["d"]\n', ""),
    "names count": change('["d"]', '["d","e"]'),
    "names keyword": change('["d"]', '["lambda"]'),
    "box reversed": change("[[0,1]]", "[[1,0]]"),
    "box nan": change("[[0,1]]", "[[nan,1]]"),
    "box inf": change("[[0,1]]", "[[0,inf]]"),
    "box flat": change("[[0,1]]", "[0,1]"),
    "box text": change("[[0,1]]", '"x"'),
    "box triple": change("[[0,1]]", "[[0,1,2]]"),
    "box date": change("[[0,1]]", "[[1979-05-27,1]]"),
    "box bool": change("[[0,1]]", "[[false,true]]"),
    "box table": change("[[0,1]]", "[[{},1]]"),
    "box empty": change("[[0,1]]", "[]"),
    "box exponent": change("[[0,1]]", "[[0,1e999999999]]"),
    "box integer": change("[[0,1]]", "[[0," + "9" * 5000 + "]]"),
    "box digits": change("[[0,1]]", "[[0,0." + "9" * 200_000 + "]]"),
    "box expression": change("[[0,1]]", '[[0,"open(1)"]]'),
    "simplex false": change("box=[[0,1]]", "simplex=false"),
    "simplex large": change("box=[[0,1]]", "simplex=1000000000"),
    "ball number": change("box=[[0,1]]", "ball=1"),
    "ball radius": change("box=[[0,1]]", "ball={center=[0]}"),
    "ball negative": change("box=[[0,1]]", "ball={center=[0],radius=-1}"),
    "ball norm": change("box=[[0,1]]", "ball={center=[0],radius=1,norm=3}"),
    "ball norm list": change("box=[[0,1]]", "ball={center=[0],radius=1,norm=[1]}"),
    "ball key": change("box=[[0,1]]", "ball={center=[0],radius=1,size=2}"),
    "points empty": change("box=[[0,1]]", "points=[]"),
    "points ragged": change("box=[[0,1]]", "points=[[0],[0,1]]"),
    "product empty": change("box=[[0,1]]", "product=[]"),
    "product number": change("box=[[0,1]]", "product=[3]"),
    "product nested": change(
        "box=[[0,1]]", "product=" + "[{product=" * 200 + "[{box=[[0,1]]}]" + "}]" * 200
    ),
    "parameters list": change("[delta]", "parameters=[1]\n[delta]"),
    "parameter zero": change("[delta]", '[parameters]\nc="1/0"\n[delta]'),
    "parameter later": change("[delta]", '[parameters]\nc="e"\ne="1"\n[delta]'),
    "parameter is theta": change("[delta]", "[parameters]\nt=1\n[delta]"),
    "parameter is a function": change("[delta]", "[parameters]\nsin=1\n[delta]"),
    "at length": BASE + "[query]\nat=[0,1]\n",
    "at text": BASE + '[query]\nat="x"\n',
    "direction": BASE + '[query]\ndirection="up"\n',
    "direction length": BASE + "[query]\ndirection=[1,2]\n",
    "single": BASE + '[query]\ndirection="single:-1"\n',
    "query key": BASE + "[query]\nfrom=[0]\n",
    "query number": "query=3\n" + BASE,
    "epsilon": BASE + '[query]\nepsilon="x"\n',
    "sample and g": "[[sample]]\n" + BASE,
    "sample number": 'theta=["t"]\nsample=3\n',
    "sample empty": 'theta=["t"]\nsample=[]\n',
    "sample without g": 'theta=["t"]\n[[sample]]\n',
    "sample formula": 'theta=["t"]\n[[sample]]\ng="x"\n[sample.delta]\nnames=["d"]\nbox=[[0,1]]\n',
    "deep": "a=" + "[" * 5000 + "]" * 5000,
    "large": "#" + "x" * 2_000_000,
    "twice": BASE + BASE,
}


def test_there_are_enough_broken_files():
    assert len(BROKEN) >= 60


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_broken_files_are_refused_at_once(write, text):
    start = time.perf_counter()
    with pytest.raises(DanskinError) as caught:
        MinMaxObjective.load(write(text))
    assert time.perf_counter() - start < 4
    error = caught.value
    assert str(error).startswith(error.argument + ": ")
    assert error.remedy
    assert len(str(error)) < 900


def test_the_error_names_the_file_and_the_key(write):
    with pytest.raises(ProblemFileError, match=r"problem\.toml: delta\.box: hi\[0\]"):
        read_problem(write(BROKEN["box reversed"]))
    with pytest.raises(ProblemFileError, match="Did you mean 'theta'"):
        read_problem(write(BROKEN["close key"]))
    with pytest.raises(DanskinError, match=r"sample\[0\]\.g|^g"):
        MinMaxObjective.load(write(BROKEN["sample formula"]))


@pytest.mark.parametrize("path", ["/nonexistent.toml", ".", "", "a\0b", "/dev/zero", 5, None, b"x"])
def test_bad_paths(path):
    with pytest.raises(ProblemFileError):
        read_problem(path)
