"""The report: nothing is lost, nothing from a claim acts as markup, nothing is loaded."""

import base64
import dataclasses
import datetime
import hashlib
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from danskin.claims import ClaimResult, VerifyReport
from danskin.claims.registry import all_claims
from danskin.cli import app
from danskin.errors import InvalidInputError
from danskin.report import to_html, to_markdown, write_html, write_markdown
from danskin.report.pictures import default_pictures
from danskin.typeset.mathml import to_mathml
from danskin.typeset.prose import Piece, evidence, statement
from danskin.verdict import Verdict

ROOT = Path(__file__).parents[1]
VOID = {"meta", "link", "img", "br", "hr", "input", "wbr"}
MATH = (
    {"math", "mrow", "mi", "mo", "mn", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub"}
    | {
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mtable",
        "mtr",
        "mtd",
        "mstyle",
        "mpadded",
    }
    | {"mphantom"}
)


class Page(HTMLParser):
    """Reads a page, and stops at the first tag that does not nest."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.texts = [], [], []
        self.attributes = []  # (tag, name, value)
        self.scripts = []
        self.math = []  # the source of each <math>
        self.feed(html)
        self.close()
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute twice in <{tag}>"
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag not in VOID
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())

    @property
    def ids(self):
        return [value for _, name, value in self.attributes if name == "id"]

    def values(self, attribute):
        return [value for _, name, value in self.attributes if name == attribute]


def result(**changes):
    given = {
        "id": "theorem-2",
        "title": "The min-norm point gives the steepest direction",
        "source": "Section 4, Theorem 2",
        "statement": r"\min_{\|\gamma\| = 1} D(\theta; \gamma) = -\rho",
        "verdict": Verdict.PROVED,
        "expected": Verdict.PROVED,
        "method": "symbolic + decision procedure",
        "evidence": ("a first step with $x^2 \\ge 0$", "a second step"),
        "seconds": 0.25,
        "note": "",
    }
    later = {name: changes.pop(name) for name in ("corrected", "kind") if name in changes}
    made = ClaimResult(**{**given, **changes})
    for name, value in later.items():
        object.__setattr__(made, name, value)
    return made


def page(*results, **options):
    html = to_html(VerifyReport(results), pictures=(), **options)
    assert html.encode("utf-8")
    return Page(html)


@pytest.fixture(scope="module")
def report():
    """Four real results: proved, refuted as expected, and two of changed statements."""
    claims = {c.id: c for c in all_claims()}
    first = claims["counterexample-1"]
    wrong = first.run(claimed={"D": {"1": "2", "-1": "1"}})
    return VerifyReport(
        [
            first.run(),
            claims["corollary-c2"].run(),
            dataclasses.replace(wrong, id="counterexample-1-mutated"),
            result(id="open", verdict=Verdict.UNDECIDED, note="The proof stopped: a limit."),
        ]
    )


# --- the page ------------------------------------------------------------------------------------


def test_every_claim_is_there_with_its_verdict(report):
    read = Page(to_html(report, pictures=()))
    assert read.tags.count("article") == len(report)
    for r in report:
        assert r.id in read.ids
        assert f"#{r.id}" in read.values("href")
        for text in (r.title, r.source, r.method, f"{r.seconds:.2f} s", r.note):
            assert text in read.text
        for line in r.evidence:
            if "$" not in line:  # a formula is told in other characters
                assert " ".join(line.replace("`", "").split()) in read.text
    assert "✓ proved as expected" in read.text
    assert "✗ refuted as expected" in read.text
    assert "? undecided not as expected: proved was expected" in read.text


def test_a_changed_statement_shows_at_the_top(report):
    assert report[2].verdict is Verdict.REFUTED, "the mutation has to bite"
    read = Page(to_html(report, pictures=()))
    assert "2 of 4 claims did not come out as expected." in read.text
    assert "✗ refuted not as expected: proved was expected" in read.text
    # At the top, in the contents, and at the claim: three ways there, and one from itself.
    assert read.values("href").count("#counterexample-1-mutated") == 3
    assert "2 of 4 claims did not come out as expected\\." not in to_markdown(report)
    assert "**2 of 4 claims did not come out as expected.**" in to_markdown(report)
    good = VerifyReport(report[:2])
    assert "All 2 claims came out as expected." in Page(to_html(good, pictures=())).text


def test_summary_counts(report):
    text = page(*report, date=datetime.date(2026, 11, 22), title="A title & more").text
    import danskin

    assert "1 ✓ proved 2 ✗ refuted 1 ? undecided" in text
    assert danskin.__version__ in text
    assert "2026-11-22" in text
    assert text.startswith("A title & more")
    total = sum(r.seconds for r in report)
    assert f"{total:.1f} s" in text


def test_the_page_loads_nothing(report):
    html = to_html(report)
    read = Page(html)
    assert all(v.startswith("#") for v in read.values("href"))
    assert all(v.startswith("data:image/svg+xml;base64,") for v in read.values("src"))
    assert {"link", "iframe", "object", "embed", "base", "form"}.isdisjoint(read.tags)
    assert not re.search(r"url\(|@import|https?://", html)
    assert not [name for _, name, _ in read.attributes if name.startswith("on")]


def test_only_our_own_script_may_run(report):
    read = Page(to_html(report, pictures=()))
    (script,) = read.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [v for v in read.values("content") if "default-src" in v]
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_links_lead_somewhere_and_anchors_are_unique(report):
    twice = [*report, *report, result(id="section-4"), result(id="Theorem 2!"), result(id="???")]
    read = page(*twice)
    assert len(read.ids) == len(set(read.ids))
    assert {v[1:] for v in read.values("href")} <= set(read.ids)
    markdown = to_markdown(VerifyReport(twice))
    anchors = re.findall(r'<a id="([^"]+)"></a>', markdown)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#([^)]+)\)", markdown)) <= set(anchors)


def test_sections_in_the_order_of_the_paper():
    sources = {
        "Ours; against Algorithm 1 (Section 4)": "Beyond the paper",
        "Appendix A, sharpened": "Appendix A: More on counterexamples",
        "Section 2, Lemma 1; Appendix E": "Section 2: The false corollary",
        "Theorem 3": "Section 4: Danskin’s descent direction",
        "Section 5.2": "Section 5: Experiments",
        "somewhere else": "Beyond the paper",
    }
    results = [result(id=f"claim-{i}", source=s) for i, s in enumerate(sources)]
    for text in (page(*results).text, to_markdown(VerifyReport(results))):
        headings = ["Section 2", "Section 4", "Section 5", "Appendix A", "Beyond the paper"]
        places = [text.index(h) for h in headings]
        assert places == sorted(places)
    for source, title in sources.items():
        assert title in page(result(source=source)).text


def test_kind_and_corrected_statement():
    made = result(corrected=r"0 \notin \operatorname{conv}\{g_i\}", kind="extraction artefact")
    read = page(made)
    assert "As printed" in read.text
    assert "Corrected" in read.text
    assert read.text.index("As printed") < read.text.index("conv")
    assert "extraction artefact" in read.text
    markdown = to_markdown(VerifyReport([made]))
    assert "**As printed**" in markdown
    assert "**Corrected**" in markdown
    assert "· extraction artefact ·" in markdown
    plain = page(result())
    assert "As printed" not in plain.text
    assert "Statement" in plain.text


def test_pictures_are_small_steady_and_closed():
    from danskin.plots import plt

    default_pictures.cache_clear()
    before = plt.get_fignums()
    first = default_pictures()
    assert plt.get_fignums() == before
    default_pictures.cache_clear()
    assert default_pictures() == first
    html = to_html(VerifyReport([result()]))
    assert len(html.encode()) < 1_000_000
    read = Page(html)
    assert read.tags.count("img") == len(first) == 4
    assert all(read.values("alt"))
    for picture in first:
        assert ET.fromstring(picture.svg).tag.endswith("svg")


def test_an_empty_report_is_a_page():
    assert "No claim was checked." in page().text
    assert "No claim was checked." in to_markdown(VerifyReport([]))


@pytest.mark.parametrize("function", [to_html, to_markdown])
def test_what_is_not_a_report(function):
    with pytest.raises(InvalidInputError, match="report: list is not a VerifyReport"):
        function([result()])


# --- hostile text --------------------------------------------------------------------------------

NASTY = st.text(
    st.sampled_from("<>&\"'$`\\|{}[]()#*_~!-^:;=a x1\n\u202e\x00\ud800é≤"),
    max_size=40,
) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "$<img src=x onerror=alert(1)>$",
        r"$\text{<script>alert(1)</script>}$",
        r"\href{javascript:alert(1)}{x}",
        r"$\style{position:fixed}{x}$",
        "</article></main>",
        '"><b id=x>',
        "]]> <!-- --> {{ 7*7 }} {% raw %}",
        "| a | b |\n| --- | --- |",
        "```\n# heading",
        "</details>",
        r"$\frac{a$ and $5",
    ]
)


@settings(max_examples=150)
@given(texts=st.tuples(*[NASTY] * 8))
def test_text_of_a_claim_is_inert(texts):
    hostile = result(
        id=texts[0],
        title=texts[1],
        source=texts[2],
        statement=texts[3],
        method=texts[4],
        evidence=(texts[5], texts[5]),
        note=texts[6],
        corrected=texts[7],
        kind=texts[7],
    )
    read = page(hostile, title=texts[1])
    ours = set(page(result(note="n", corrected="$x$", kind="k")).tags)
    assert set(read.tags) <= ours | MATH | {"code", "span", "wbr"}
    assert not [n for _, n, _ in read.attributes if n.startswith("on")]
    assert all(v.startswith("#") for v in read.values("href"))
    assert read.tags.count("script") == 1
    assert read.tags.count("article") == 1
    markdown = to_markdown(VerifyReport([hostile]), title=texts[1])
    check_markdown(markdown)
    assert markdown.encode("utf-8")


def test_what_was_written_can_be_read():
    shown = page(result(title="<b>bold</b> & {{ 7*7 }}", evidence=["a < b \x1b[31m \u202e"])).text
    assert "<b>bold</b> & {{ 7*7 }}" in shown
    assert r"a < b \x1b[31m \u202e" in shown


# --- formulas ------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", all_claims(), ids=lambda c: c.id)
def test_every_registered_statement_is_typeset(claim):
    texts = [claim.statement, getattr(claim, "corrected", "") or ""]
    pieces = [p for text in texts for p in statement(text)]
    for piece in pieces:
        assert "\\" not in piece.body or piece.kind in ("math", "display"), piece
        if piece.kind in ("math", "display"):
            assert to_mathml(piece.body, display=piece.kind == "display") is not None, piece.body
    title = [p for p in evidence(claim.title) if p.kind != "text"]
    assert all(to_mathml(p.body) is not None for p in title)


def tree(latex, display=False):
    markup = to_mathml(latex, display=display)
    assert markup is not None, latex
    return ET.fromstring(f"<all>{markup.replace('<wbr>', '')}</all>")


def tokens(root):
    return "".join(e.text or "" for e in root.iter() if e.tag in ("mi", "mo", "mn", "mtext"))


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"D(\theta; -\gamma) < 0", "D(θ;−γ)<0"),
        (r"\|x\|_2 = \lVert x\rVert", "‖x‖2=‖x‖"),
        (r"0 \notin \operatorname{conv}\{g_1, \dots, g_m\}", "0∉conv{g1,…,gm}"),
        (r"\arg\min_{x} f", "arg\u2006minxf"),
        (r"\operatorname*{arg\,max}_{x} f", "arg\u2006maxxf"),
        (r"\bigl\langle a, b\bigr\rangle", "⟨a,b⟩"),
        (r"\text{if $x < y$ or } z", "if\xa0x<y\xa0or\xa0z"),
        (r"\mathbb{R}^d \mathbb E \mathcal{L}", "ℝd𝔼ℒ"),
        (r"\gamma := -x", "γ≔−x"),
        (r"a \sim b, \pm 1, \mathrm{d}x", "a∼b,±1,dx"),
        (r"\begin{aligned}a &= b\\ c &= d\end{aligned}", "a=bc=d"),
    ],
)
def test_formulas(latex, shown):
    for display in (False, True):
        assert tokens(tree(latex, display)) == shown


def test_limits_go_below_in_display_only():
    latex = r"\max_{\delta \in S} g"
    assert tree(latex, display=True).find(".//munder/mo").text == "max"
    assert tree(latex).find(".//msub/mo").text == "max"
    assert tree(r"\lambda_{\max}", display=True).find(".//munder") is None
    assert tree(r"\operatorname{conv}_{i} g_i", display=True).find(".//munder") is None


def test_upright_and_sloped():
    (single,) = tree(r"\mathrm{d}").iter("mi")
    assert single.get("mathvariant") == "normal"
    (variable,) = tree("d").iter("mi")
    assert variable.get("mathvariant") is None


@pytest.mark.parametrize(
    "latex",
    [
        r"\weird{x} + 1",
        r"\frac{a",
        "",
        "  ",
        "x & y",
        r"\text{a $x b}",
        "x" * 20_000,
        r"\begin{a}",
        r"\fbox{x}",
        r"\tag{<b>x</b>}",
    ],
)
def test_what_cannot_be_typeset_is_shown_as_it_is_written(latex):
    assert to_mathml(latex) is None
    if latex.strip():
        html = to_html(VerifyReport([result(statement=f"Here: $${latex}$$")]), pictures=())
        assert '<code class="tex">' in html
        assert " ".join(latex.split()) in Page(html).text


def test_a_formula_brings_no_attributes_of_its_own():
    for latex in (
        r"\href{javascript:a}{x}",
        r"\style{color:red}{x}",
        r"\class{c}{x}",
        r"\color{red}x",
    ):
        markup = to_mathml(latex) or "<none/>"  # older releases of latex2mathml refuse \href
        names = {name for e in ET.fromstring(markup).iter() for name in e.attrib}
        assert names <= {"displaystyle"}, latex
    assert tokens(tree(r"\text{<script>alert(1)</script>}")) == "<script>alert(1)</script>"


def test_long_formulas_wrap():
    latex = r"\max_{x} |a, b| \le f(x, y) + 1 < 2 \implies A, \quad B = \{c, d\}"
    whole, cut = tree(latex), tree(latex, display=True)
    chunks = [tokens(m) for m in cut.iter("math")]
    assert tokens(whole) == "".join(chunks)
    assert chunks == ["maxx|a,b|≤", "f(x,y)+1<", "2⟹", "A,", "B=", "{c,d}"]


def test_lines_may_end_after_closing_fences_with_exponents_and_between_words():
    latex = r"\|x\|^2 \ge f(x)^{2}, \quad D = 0 \text{ on seeded rational instances}"
    whole, cut = tree(latex), tree(latex, display=True)
    chunks = [tokens(m) for m in cut.iter("math")]
    assert tokens(whole) == "".join(chunks)
    assert chunks == [
        "‖x‖2≥",
        "f(x)2,",
        "D=",
        "0\xa0on\xa0",
        "seeded\xa0",
        "rational\xa0",
        "instances",
    ]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (r"\max_x g < 0", ["display"]),
        ("D(0; 1) = 1", ["display"]),
        ("There is a descent direction.", ["text"]),
        (r"The \emph{false} corollary", ["text"]),
        (r"\emph{Not} true", ["text"]),
        (r"If $x < 0$ then $$y = 1$$", ["text", "math", "text", "display"]),
        (r"\(x\) and \[y\]", ["math", "text", "display"]),
        (r"x \text{ where $y$ is } z", ["display"]),
    ],
)
def test_statements_are_cut(text, kinds):
    assert [p.kind for p in statement(text)] == kinds


def test_evidence_is_cut():
    for text in ("costs $5 and $6", "between $5-$6", "one $ alone", "$$"):
        assert evidence(text) == [Piece("text", text)]
    assert evidence("at $x_1$: `a|b`") == [
        Piece("text", "at "),
        Piece("math", "x_1"),
        Piece("text", ": "),
        Piece("code", "a|b"),
    ]
    assert evidence("a\\b x_1 -> y") == [Piece("text", "a\\b x_1 -> y")]


@given(st.text(st.sampled_from("ab $\\`(){}<&"), max_size=30))
def test_cutting_loses_nothing(text):
    sides = {"text": ("", ""), "code": ("`", "`"), "math": ("$", "$"), "display": ("$$", "$$")}
    found = "".join(sides[p.kind][0] + p.body + sides[p.kind][1] for p in evidence(text))
    for opening in (r"\(", r"\)"):
        text, found = text.replace(opening, "$"), found.replace(opening, "$")
    assert found == text


# --- Markdown ------------------------------------------------------------------------------------


def check_markdown(markdown):
    """Tables have rows of one length; the only HTML is ours; formulas and code are closed."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown)
    width, cells = 0, 0
    for token in tokens:
        if token.type == "tr_open":
            cells = 0
        elif token.type in ("th_open", "td_open"):
            cells += 1
        elif token.type == "thead_close":
            width = cells
        elif token.type == "tr_close":
            assert not width or cells == width
        elif token.type == "table_close":
            width = 0
        elif token.type == "html_block":
            assert re.fullmatch(OURS, token.content.strip()), token.content
        elif token.type == "inline":
            for child in token.children or ():
                assert child.type != "image"
                if child.type == "html_inline":
                    assert re.fullmatch(OURS, child.content), child.content
                if child.type == "link_open":
                    assert child.attrs["href"].startswith("#")
    headings = [t.tag for t in tokens if t.type == "heading_open"]
    assert headings.count("h1") == 1
    html = " ".join(t.content for t in tokens if t.type == "html_block")
    assert headings.count("h3") == html.count("<details>") == html.count("</details>")
    return tokens


OURS = r'<a id="[a-z0-9-]+">(</a>)?|</a>|</?details>(<summary>Evidence: \d+ steps?</summary>)?'


def test_markdown_says_what_the_page_says(report):
    markdown = to_markdown(report, date="2026-11-22")
    tokens = check_markdown(markdown)
    headings = [
        tokens[i + 1].content
        for i, t in enumerate(tokens)
        if t.type == "heading_open" and t.tag == "h3"
    ]
    assert len(headings) == len(report)
    # Every row of a table has the cells that its head has (GitHub drops what is too much).
    for block in re.findall(r"(?:^\|.*\|\n)+", markdown, flags=re.MULTILINE):
        counts = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(counts) == 1
    for r in report:
        assert f'<a id="{r.id}"></a>' in markdown
        assert f"```math\n{r.statement}\n```" in markdown
    assert markdown.count("not as expected: proved was expected") == 4
    assert "2026-11-22" in markdown


def test_markdown_formulas():
    made = result(
        title="At $|x| < 1$ | a bar",
        evidence=(
            r"so $\|x\|$ and $\operatorname{conv}\{g\}$ and $x_1$",
            "1. not a list",
            "# no head",
        ),
    )
    markdown = to_markdown(VerifyReport([made]))
    check_markdown(markdown)
    assert r"At $`\vert x\vert  < 1`$ \| a bar" in markdown
    assert (
        r"1. so $\Vert x\Vert $ and $`\mathop{\mathrm{conv}}\nolimits\{g\}`$ and $x_1$" in markdown
    )
    assert "2. 1\\. not a list\n3. \\# no head" in markdown
    assert "operatorname" not in markdown


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("write", "make"), [(write_html, to_html), (write_markdown, to_markdown)])
def test_files_are_written_whole(tmp_path, write, make, monkeypatch):
    report = VerifyReport([result(note="≤ \ud800")])
    options = {"title": "T", "date": "today"} | ({"pictures": ()} if write is write_html else {})
    target = tmp_path / "report"
    write(report, target, **options)
    text = target.read_text(encoding="utf-8")
    assert text == make(report, **options)
    assert r"≤ \ud800" in text.replace("\\\\", "\\")
    # A failure half-way leaves the old file and nothing else.
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(InvalidInputError, match=r"path: .* cannot be written: No space left"):
        write(VerifyReport([]), str(target), **options)
    assert target.read_text(encoding="utf-8") == text
    assert [p.name for p in tmp_path.iterdir()] == ["report"]


def test_paths_that_cannot_be_written(tmp_path):
    report = VerifyReport([])
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "no" / "file", tmp_path / "file" / "x", "bad\0name"):
        with pytest.raises(InvalidInputError, match=r"path: .* cannot be written"):
            write_markdown(report, path)
    target = tmp_path / "there"
    (tmp_path / "link").symlink_to(target)
    write_markdown(report, tmp_path / "link")
    assert target.exists()
    assert (tmp_path / "link").is_symlink()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")
def test_the_package_is_not_ignored():
    """Hatch leaves out of the wheel what git ignores, and `report/` was once ignored anywhere."""
    files = [str(p) for p in (ROOT / "danskin" / "report").iterdir() if p.is_file()]
    command = ["git", "check-ignore", "--no-index", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (1, 128), done.stdout  # 1: none is; 128: no repository


# --- the command ---------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(app, ["verify", "--only", "corollary-c2", *map(str, arguments)])


def test_the_command_writes_both(tmp_path):
    html, markdown = tmp_path / "a.html", tmp_path / "a.md"
    done = run("--html", html, "--markdown", markdown)
    assert done.exit_code == 0, done.output
    read = Page(html.read_text(encoding="utf-8"))
    assert "corollary-c2" in read.ids
    assert read.tags.count("img") == 4
    assert datetime.date.today().isoformat() in read.text
    assert '<a id="corollary-c2"></a>' in markdown.read_text(encoding="utf-8")
    done = run("--markdown", "-")
    assert done.stdout.startswith("# ")
    assert "as expected." not in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("option", ["--html", "--markdown"])
def test_the_command_refuses_before_the_work(tmp_path, option):
    for arguments in (
        (option, tmp_path),
        (option, tmp_path / "no" / "file"),
        (option, tmp_path / "new", "--list"),
        (option, "-", "--json", "-"),
    ):
        done = run(*arguments)
        assert done.exit_code == 2, done.output
        assert option in done.stderr
    assert list(tmp_path.iterdir()) == []
