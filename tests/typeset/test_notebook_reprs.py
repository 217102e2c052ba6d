"""What a notebook shows: valid markup, exact numbers, the bound always said, nothing executed."""

import dataclasses
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import danskin as dk
from danskin.claims import VerifyReport
from danskin.claims.core import Claim
from danskin.claims.registry import all_claims
from danskin.counterexamples import coupled_batch, obtuse_pair, simplex_family
from danskin.typeset.mathml import to_mathml
from danskin.verdict import Verdict

make = dk.MinMaxObjective.from_expression
KINK = make(
    "d*(t1**2 + (t2+1)**2) + (1-d)*(t1**2 + (t2-1)**2)", ["t1", "t2"], ["d"], dk.Interval(0, 1)
)
S = dk.maximizers(KINK, ["1/2", 0])
CALLED = dk.MinMaxObjective(lambda t, d: t @ d, lambda t, d: d, dk.Ball([0, 0], 1), theta_dim=2)
FOUND = dk.maximizers(CALLED, [1, 0.5])
BATCH = coupled_batch()
LARGE = dk.BatchObjective([make("d*(x+y)", ["x", "y"], ["d"], dk.Interval(-1, 1))] * 40)
ROOT = make("t*(d**5/5 - d**2/2 - d)", ["t"], ["d"], dk.Interval(-1, "1/2"))
LONG = "+".join(f"sin({i}*d)*t**{i}" for i in range(1, 90))

LATEX = {
    "objective": KINK,
    "objective of 1 parameter": make("t*d", ["t"], ["d"], dk.FiniteSet([[0], [1]])),
    "objective over a box": make("t*a*b", ["t"], ["a", "b"], dk.Box([0, 0], [1, "1/3"])),
    "objective over a simplex": simplex_family().objective,
    "objective of strange names": make("é_1*_x + é1__", ["é_1", "é1__"], ["_x"], dk.Interval(0, 1)),
    "long objective": make(LONG, ["t"], ["d"], dk.Interval(0, 1)),
    "called objective": CALLED,
    "batch": BATCH.objective,
    "large batch": LARGE,
    "mixed batch": dk.BatchObjective([CALLED, KINK]),
    "maximizers": S,
    "maximizers found": FOUND,
    "maximizers of a simplex": simplex_family().maximizer_set(),
    "maximizers at a root": dk.maximizers(ROOT, [1]),
    "maximizers of a batch": BATCH.maximizer_set(),
    "maximizers of a large batch": dk.maximizers(LARGE, [0, 0]),
    "derivative": dk.directional_derivative(S, [-1, -2]),
    "float derivative": dk.directional_derivative(S, [0.3, 0.7]),
    "lower derivative": dk.directional_derivative(FOUND, [1, 1]),
    "two-sided": dk.two_sided_derivative(S, [1, 0]),
    "not two-sided": dk.two_sided_derivative(S, [1, 2]),
    "two-sided, undecided": dk.two_sided_derivative(FOUND, [1, 0]),
    "steepest": dk.steepest_descent(S),
    "steepest of floats": dk.steepest_descent(np.array([[1.0, 0.25], [0.5, -3]])),
    "steepest of those found": dk.steepest_descent(FOUND),
    "stationary": dk.steepest_descent([[1, 0], [-1, 0]]),
    "stationary floats": dk.steepest_descent(np.array([[1.0, 0], [-1, 0]])),
    "single": dk.single_gradient(S, 1),
    "single of those found": dk.single_gradient(FOUND, 0),
    "zero gradient": dk.single_gradient([[0, 0]], 0),
    "step-aware": dk.step_aware([[1, 2], [1, -2]], [1, 0.9], step=0.1),
    "step-aware, stationary": dk.step_aware([[1, 0], [-1, 0]], [1, 1], step=0.1),
}


@pytest.mark.parametrize("name", LATEX)
def test_the_formula_is_valid(name):
    text = LATEX[name]._repr_latex_()
    assert text.startswith(r"$\displaystyle ")
    assert text.endswith("$")
    assert "$" not in text[1:-1]
    assert len(text) < 6000
    bare = re.sub(r"\\[{}]", "", text)
    depth = 0
    for c in bare:
        depth += {"{": 1, "}": -1}.get(c, 0)
        assert depth >= 0
    assert depth == 0
    assert text.count(r"\left") - text.count(r"\leftarrow") == text.count(r"\right")
    assert to_mathml(text[1:-1], display=True) is not None
    assert "CRootOf" not in text


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("objective", [r"\varphi(t_{1}, t_{2}) = \max_{d \in [0, 1]} \left["]),
        ("objective over a box", [r"\delta = (a, b) \in S = [0, 1] \times [0, \frac{1}{3}]"]),
        ("long objective", [r"g \text{ a formula of "]),
        ("called objective", [r"g \text{ a Python function}", r"\mathbb{R}^{2}"]),
        ("batch", [r"\frac{1}{2} \sum_{i=1}^{2} \max_{\delta_i \in S_i}", "g_{2} ="]),
        ("large batch", [r"\sum_{i=1}^{40}", r"\vdots"]),
        ("maximizers", [r"= \frac{5}{4}", r"\text{all, proved}", r"\text{ with all of } [0, 1]"]),
        ("maximizers found", [r"\varphi(\theta) \g", r"\text{found by a search; there may be"]),
        ("maximizers at a root", [r"\ldots", r"\text{all, proved}"]),
        ("maximizers of a large batch", [r"\cdots \times S_{40}^\star", r"\vdots"]),
        ("derivative", [r"D(\theta; \gamma) = \frac{3 \sqrt{5}}{5}"]),
        ("float derivative", [r"\approx 2.2"]),
        ("lower derivative", [r"\text{over the maximizers found}"]),
        ("two-sided", ["the two-sided derivative exists (proved)"]),
        ("not two-sided", [r"= \sqrt{5}", "there is no two-sided derivative (proved)"]),
        ("two-sided, undecided", ["undecided whether", "over the maximizers found"]),
        ("steepest", [r"\left(-1, 0\right)", r"D(\theta; \gamma^\star) = -1"]),
        ("steepest of those found", [r"\text{over the maximizers found}"]),
        ("stationary", [r"\text{stationary, no direction descends"]),
        ("stationary floats", [r"\text{stationary within rounding"]),
        ("single", [r"= \frac{3 \sqrt{5}}{5}:\ \ \text{uphill}", r"\delta^\star_{1}"]),
        ("zero gradient", [r"= 0:\ \ \text{no direction}"]),
        ("step-aware", [r"\text{the model over 2 points", r"(not a statement about }\varphi"]),
        ("step-aware, stationary", ["d = 0"]),
    ],
)
def test_the_formula_says_what_is_known(name, parts):
    text = LATEX[name]._repr_latex_()
    for part in parts:
        assert part in text


def test_a_lower_bound_below_zero_is_not_called_descent():
    text = LATEX["single of those found"]._repr_latex_()
    assert "descends" not in text
    assert r"\g" in text


def test_an_unsettled_direction_says_so():
    best = dk.steepest_descent(np.array([[1.0, 0.25], [0.5, -3]]))
    open_ = dataclasses.replace(best, min_norm=Undecided())
    assert r"\text{not settled that it is the steepest}" in open_._repr_latex_()
    none = dataclasses.replace(best, direction=None)
    assert r"\text{undecided whether }" in none._repr_latex_()


class Undecided:
    status = "undecided"


# --- HTML ----------------------------------------------------------------------------------------

MATH = "math mrow mi mo mn mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover"
KNOWN = set(
    f"{MATH} mtable mtr mtd mstyle mpadded mphantom table thead tbody tr th td caption sub div b i "
    "br p ul ol li span code details summary wbr".split()
)


class Markup(HTMLParser):
    """Reads HTML and stops where it does not nest or brings what is not known."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.text = [], [], ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in KNOWN
        assert not [n for n, _ in attrs if n.startswith("on") or n in ("href", "src")]
        self.tags.append(tag)
        if tag not in ("br", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def run(**options):
    rng = np.random.default_rng(0)
    return dk.descend(KINK, [1, 0], step_size="0.5/sqrt(k)", rng=rng, **options)


def test_a_trace_is_a_table():
    page = Markup(run(rule="normalized_single", steps=3)._repr_html_())
    assert page.tags.count("tr") == 1 + 4
    assert "Rule 'normalized_single'" in page.text
    assert "more" not in page.text
    assert "≥" not in page.text


def test_a_long_trace_is_cut_in_the_middle():
    trace = run(rule="normalized_single", steps=200)
    page = Markup(trace._repr_html_())
    assert page.tags.count("tr") == 1 + 12 + 1 + 6
    assert "… 183 more …" in page.text
    assert f"{trace.values[-1]:.8g}" in page.text
    assert len(Markup(run(rule="ddi", steps=18)._repr_html_()).text) > 0
    exact = Markup(run(rule="normalized_single", steps=17)._repr_html_())
    assert "more" not in exact.text
    assert exact.tags.count("tr") == 1 + 18


def test_a_trace_says_what_its_numbers_are():
    trace = run(rule="ddi", steps=2, adversary=dk.ProjectedAscent(3), evaluate="adversary")
    page = Markup(trace._repr_html_())
    assert "(empirical)" in page.text
    assert "≥ 2" in page.text
    lower = dataclasses.replace(trace, bounds=("lower", "none"), derivatives=np.array([-1 / 3, 0]))
    text = Markup(lower._repr_html_()).text
    assert "≳ -0.33333333" in text or "≥ -0.33333333" in text
    assert "skipped" in text


def test_a_trace_of_many_parameters_names_the_first():
    g = "d*(" + "+".join(f"x{i}**2" for i in range(7)) + ")"
    f = make(g, [f"x{i}" for i in range(7)], ["d"], dk.Interval(1, 2))
    page = Markup(dk.descend(f, [1] * 7, steps=2, step_size=0.1)._repr_html_())
    assert "the first 4 of 7 coordinates" in page.text
    assert page.tags.count("th") == 1 + 4 + 3


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (
            {"epsilon": "1/10"},
            ["proved", "Given:", "L = 4 (given, not checked)", "so that D(θ;γ)<0"],
        ),
        ({"epsilon": 1}, ["undecided", "says nothing about γ"]),
    ],
)
def test_a_certificate_shows_what_it_rests_on(options, parts):
    page = Markup(dk.theorem3(S, [-1, 0], lipschitz=4, **options)._repr_html_())
    for part in parts:
        assert part in page.text
    assert "math" in page.tags
    assert page.tags.count("li") == 3


def test_a_refuted_certificate_rests_on_a_maximizer():
    P = obtuse_pair().maximizer_set()
    page = Markup(dk.theorem3(P, [1, 0], lipschitz=1, epsilon=1)._repr_html_())
    assert "refuted" in page.text
    assert "at a proved maximizer" in page.text


@pytest.mark.parametrize("claim", all_claims(), ids=lambda c: c.id)
def test_every_claim_is_shown(claim):
    page = Markup(claim._repr_html_())
    assert "(expected; not run)" in page.text
    assert claim.id in page.text
    assert "\\" not in page.text
    assert ("As printed:" in page.text) == bool(claim.corrected)


def test_results_fold_their_evidence():
    report = dk.verify(["counterexample-1", "corollary-c2"])
    page = Markup(report._repr_html_())
    assert page.tags.count("details") == 2
    assert page.tags.count("tr") == 3
    assert "✓ proved" in page.text
    assert "not as expected" not in page.text
    odd = dataclasses.replace(report[0], verdict=Verdict.UNDECIDED, note="Because $x_1 < 2$.")
    page = Markup(odd._repr_html_())
    assert "not as expected (proved)" in page.text
    assert "Because x1<2." in page.text


# --- hostile text --------------------------------------------------------------------------------

NASTY = st.text(
    st.sampled_from("<>&\"'$`\\|{}[]()#*_~!-^:;=a x1\n\u202e\x00\ud800é≤"), max_size=30
) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "`<img src=x onerror=alert(1)>`",
        "$<img src=x onerror=alert(1)>$",
        r"$\text{<script>alert(1)</script>}$",
        r"\href{javascript:alert(1)}{x}",
        r"$\style{position:fixed}{x}$",
        "</td></table>",
        r"$\frac{a$ and $5",
        "{} {0} %s",
    ]
)


@settings(max_examples=100)
@given(texts=st.tuples(*[NASTY] * 7))
def test_text_of_a_claim_is_inert(texts):
    report = dk.verify(["counterexample-1"])
    fields = ("id", "title", "source", "statement", "method", "note", "corrected")
    hostile = dataclasses.replace(
        report[0], evidence=texts[:2], **dict(zip(fields, texts, strict=True))
    )
    page = Markup(VerifyReport([hostile])._repr_html_())
    assert page.tags.count("td") == 5
    claim = Claim(
        id=texts[0], title=texts[1], source=texts[2], statement=texts[3], corrected=texts[6],
        expected=Verdict.PROVED, methods=(texts[4],), objects={}, claimed={}, prove=print,
    )  # fmt: skip
    assert Markup(claim._repr_html_()).tags.count("td") == 5


@settings(max_examples=50)
@given(text=NASTY)
def test_text_of_a_trace_and_of_a_certificate_is_inert(text):
    trace = dataclasses.replace(TRACE, rule=text, reason=text, skipped=((0, text),))
    assert Markup(trace._repr_html_()).tags.count("tr") == 4
    certificate = dataclasses.replace(PROVED, assumptions=(text, text))
    page = Markup(certificate._repr_html_())
    assert page.tags.count("li") == 2


TRACE = run(rule="ddi", steps=2)
PROVED = dk.theorem3(S, [-1, 0], lipschitz=4, epsilon="1/10")


def test_names_of_a_formula_bring_no_commands():
    """Names are identifiers, so that nothing in them can be a LaTeX command."""
    with pytest.raises(dk.DanskinError):
        make(r"x", ["x"], [r"\href"], dk.Interval(0, 1))
    g = sympy.Symbol(r"\href{javascript:alert(1)}{x}") * sympy.Symbol("d")
    with pytest.raises(dk.DanskinError):
        make(g, ["x"], ["d"], dk.Interval(0, 1))


# --- never raises --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LATEX)
def test_a_printer_that_fails_leaves_the_plain_repr(name, monkeypatch):
    def broken(*_, **__):
        raise RecursionError

    monkeypatch.setattr(sympy, "latex", broken)
    LATEX[name]._repr_latex_()  # None, or a formula without symbols; no exception
    assert repr(LATEX[name])
