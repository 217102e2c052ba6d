"""A walk as a report: what was found, in the order of the road, and one sentence at the end."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any, cast

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from danskin.cli.answer import says
from danskin.cli.numbers import clip, decimal, describe_set, number, vector
from danskin.cli.terminal import clean
from danskin.cli.walk import Walk
from danskin.derivative import DirectionalDerivative
from danskin.maximizers import BatchMaximizerSet, MaximizerSet
from danskin.problem import Sample
from danskin.proof.result import bounds_text
from danskin.verdict import Verdict

__all__ = ["print_report"]

_MAX_ROWS = 24
_MAX_ENTRIES = 12
_LONG_TEXT = 600
_SHORT = 24
_FOOTNOTE = "(Digits that end in ... are rounded from exact numbers; --json FILE writes these out.)"
_SHORTENED = re.compile(r"\d\.\.\.")
_STYLES = {Verdict.PROVED: "green", Verdict.REFUTED: "magenta", Verdict.UNDECIDED: "yellow"}


def print_report(console: Console, walk: Walk) -> None:
    """Print what was found, and the answer."""
    _Report(console, walk).print()


class _Report:
    def __init__(self, console: Console, walk: Walk) -> None:
        self.console = console
        self.walk = walk
        self.S = walk.S
        self.names = walk.problem.theta
        self.shortened = False

    def print(self) -> None:
        self.problem()
        samples = self.S.samples if isinstance(self.S, BatchMaximizerSet) else (self.S,)
        for i, (sample, S) in enumerate(zip(self.walk.problem.samples, samples, strict=True)):
            self.maximizers(i, sample, S)
        self.phi()
        self.hull()
        self.singles()
        self.steepest()
        self.asked()
        self.theorem3()
        self.proof()
        for note in self.walk.notes:
            self.line(f"Note: {note}")
        answer = self.walk.answer
        self.line("")
        if self.shortened or _SHORTENED.search(answer.sentence):
            self.line(_FOOTNOTE, "dim")
        self.line(f"Answer: {answer.sentence}", f"bold {_STYLES[answer.verdict]}")

    # --- lines and tables ------------------------------------------------------------------------

    def line(self, text: str, style: str = "") -> None:
        self.shortened |= bool(_SHORTENED.search(text))
        # A pipe gets whole lines, a terminal wrapped ones.
        self.console.print(Text(clean(text), style=style), soft_wrap=not self.console.is_terminal)

    def head(self, text: str) -> None:
        self.line("")
        self.line(text, "bold")

    def fields(self, rows: Sequence[tuple[str, str]]) -> None:
        width = max(len(label) for label, _ in rows) + 4
        room = max(self.console.width - width, 20) if self.console.is_terminal else 10**6
        for label, text in rows:
            start = f"  {label}".ljust(width)
            for entry in clean(text).split("\n"):
                for part in textwrap.wrap(entry, room, break_on_hyphens=False) or [""]:
                    self.line(start + part)
                    start = " " * width

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
        for text in heads:
            table.add_column(text, overflow="fold")
        for row in rows:
            self.shortened |= any(_SHORTENED.search(cell) for cell in row)
            table.add_row(*(Text(clean(cell)) for cell in row))
        self.console.print(table)

    # --- the road --------------------------------------------------------------------------------

    def problem(self) -> None:
        problem = self.walk.problem
        self.line("Problem: phi(theta) = max over delta in S of g(theta, delta)", "bold")
        rows = []
        if len(problem.samples) == 1:
            sample = problem.samples[0]
            rows += [("g", clip(sample.g, _LONG_TEXT)), ("S", _set(sample))]
        else:
            count = len(problem.samples)
            rows.append(("batch", f"{count} samples; g is their mean, S the product of their sets"))
        if problem.parameters:
            texts = [f"{k} = {clip(str(v))}" for k, v in problem.parameters.items()]
            rows.append(("with", clip(", ".join(texts), _LONG_TEXT)))
        rows.append(("theta", _entries(self.names, problem.at, self.S.theta)))
        self.fields(rows)

    def maximizers(self, index: int, sample: Sample, S: MaximizerSet) -> None:
        batch = isinstance(self.S, BatchMaximizerSet)
        of = f"Sample {index}: maximizers" if batch else "Maximizers at theta"
        known = "all of them, proved" if S.complete else "found by a search; others may exist"
        self.head(f"{of} ({known})")
        if batch:
            self.fields([("g", clip(sample.g, _LONG_TEXT)), ("S", _set(sample))])
        rows = []
        for i in range(min(len(S), _MAX_ROWS)):
            delta = None if S.exact_deltas is None else S.exact_deltas[i]
            gradient = None if S.exact_gradients is None else S.exact_gradients[i]
            rows.append(
                (
                    str(i),
                    _cell(sample.delta, delta, S.deltas[i]),
                    decimal(float(S.values[i])),
                    _cell(self.names, gradient, S.gradients[i]),
                )
            )
        self.table(("#", "delta", "value", "gradient of g in theta"), rows)
        if len(S) > _MAX_ROWS:
            self.line(f"  ... {len(S)} rows in all; --json FILE has every one.")
        for face in S.faces:
            where = describe_set(face, sample.delta)
            self.line(f"  Infinitely many: every {where} is a maximizer.")
        if S.faces:
            self.line(
                "  The rows above are points of these sets"
                + (
                    " whose gradients span the hull of all gradients."
                    if S.spans
                    else "; their gradients do not span the hull of all gradients."
                )
            )
        self.fields([("complete", "yes" if S.complete else "no"), ("method", S.method)])

    def phi(self) -> None:
        S = self.S
        shown = number(S.exact_value, S.value)
        if S.complete:
            self.head(f"phi(theta) = {shown}" + (" exactly" if S.exact_value is not None else ""))
        else:
            self.head(f"phi(theta) is about {shown}: an estimate, the best value found")

    def hull(self) -> None:
        steepest, S = self.walk.steepest, self.S
        result = steepest.min_norm
        over = "" if S.complete else " found"
        self.head(f"Hull of the gradients{over} and its point of least norm, x*")
        weights = [float(w) for w in result.weights[:_MAX_ENTRIES]]
        more = f", ... {len(result.weights)} weights" if len(result.weights) > _MAX_ENTRIES else ""
        rows = [("weights", f"{vector(None, weights)}{more}")]
        zero = steepest.exact_derivative is not None and steepest.stationary
        if zero:
            rows.append(("x*", "0: theta is stationary" + ("" if S.complete else " over these")))
        elif steepest.exact_direction is not None and steepest.exact_derivative is not None:
            point = [steepest.exact_derivative * u for u in steepest.exact_direction]
            short = max(len(str(x)) for x in point) <= _SHORT
            rows.append(("x*", _entries(self.names, point if short else None, result.point)))
        else:
            rows.append(("x*", _entries(self.names, None, result.point)))
        lower, upper = self.walk.rho
        if steepest.exact_derivative is not None:
            rows.append(("rho = |x*|", f"{number(-steepest.exact_derivative, upper)} exactly"))
            rows.append(("solver", f"{_between(result.lower_bound, result.norm)} in float64"))
        else:
            between = _between(cast("float", lower), upper)
            rows.append(("rho = |x*|", f"{between} (gradients rounded to float64)"))
        self.fields(rows)

    def singles(self) -> None:
        if not self.walk.singles:
            return
        self.head("Minus a single gradient (the false corollary's descent direction)")
        known = self.S.complete
        singles = self.walk.singles
        rows = [(str(s.index), _value(s.derivative, known), says(s.derivative)) for s in singles]
        batch = isinstance(self.S, BatchMaximizerSet)
        self.table(("joint #" if batch else "#", "D along minus the gradient", "verdict"), rows)

    def steepest(self) -> None:
        d = self.walk.steepest
        over = "" if d.bound == "exact" else " over the maximizers found"
        self.head(f"Steepest direction{over}")
        if d.direction is None:
            exact = d.exact_derivative is not None
            rounding = "" if exact else " within rounding"
            none = f"none: 0 is in the hull of the gradients{rounding}"
            text = none if d.stationary else "none: rounding hides whether 0 is in the hull"
            self.line(f"  {text}")
            return
        rows = [("gamma", _entries(self.names, d.exact_direction, d.direction))]
        if self.walk.asked.text != "steepest":
            value = (
                DirectionalDerivative(d.exact_derivative, d.bound)
                if d.exact_derivative is not None
                else DirectionalDerivative(d.derivative, d.bound)
            )
            rows.append(("D", _value(value, self.S.complete)))
        self.fields(rows)

    def asked(self) -> None:
        asked = self.walk.asked
        if asked.derivative is None:
            return
        self.head(f"Asked: {asked.text}")
        d = asked.derivative
        bound = (
            "exact: the maximum is over all maximizers"
            if d.bound == "exact"
            else "an estimate: a lower bound if the points found are maximizers"
            if not self.S.complete
            else "a lower bound only: the maximum over the infinite set was searched"
        )
        rows = [("D", _value(d, self.S.complete)), ("bound", bound)]
        if asked.text != "steepest":
            exact = asked.gamma if isinstance(asked.gamma, tuple) else None
            rows.insert(0, ("gamma", _entries(self.names, exact, asked.floats)))
        self.fields(rows)

    def theorem3(self) -> None:
        certificate = self.walk.theorem3
        if certificate is None:
            return
        problem = self.walk.problem
        self.head("Theorem 3")
        rows = [
            ("L, epsilon", f"{number(problem.lipschitz)}, {number(problem.epsilon)} (given)"),
            ("verdict", str(certificate.verdict)),
            ("margin", decimal(certificate.margin)),
        ]
        rows += [("assuming", text) for text in certificate.assumptions]
        self.fields(rows)

    def proof(self) -> None:
        proof, step = self.walk.proof, self.walk.step
        self.head("Proof (enclosures and branch and bound over S; nothing assumed)")
        rows = [("verdict", str(proof.verdict))]
        if proof.direction is not None:
            rows.append(("D is in", bounds_text(proof.derivative)))
        if proof.rho is not None:
            rows.append(("rho is in", bounds_text(proof.rho)))
        rows += [
            ("phi is in", bounds_text(proof.value)),
            ("cells", f"{proof.boxes} in {proof.seconds:.2g} s"),
            ("how" if proof.verdict is not Verdict.UNDECIDED else "why", proof.reason),
        ]
        if step is not None:
            rows.append(("step", step.explain()))
        self.fields(rows)


def _set(sample: Sample) -> str:
    return describe_set(sample.domain, sample.delta)


def _entries(names: Sequence[str], exact: Any, values: Any) -> str:
    """Return named entries, one a line."""
    lines = []
    for i, name in enumerate(names[:_MAX_ENTRIES]):
        lines.append(f"{name} = {number(None if exact is None else exact[i], float(values[i]))}")
    if len(names) > _MAX_ENTRIES:
        lines.append(f"... {len(names)} entries in all; --json FILE has every one")
    return "\n".join(lines)


def _cell(names: Sequence[str], exact: Any, values: Any) -> str:
    if exact is not None and len(names) <= _MAX_ENTRIES:
        line = vector(exact)
        if len(names) > 1 and len(line) <= _SHORT and all(x.is_Rational for x in exact):
            return line
    return _entries(names, exact, values)


def _value(d: DirectionalDerivative | None, proved: bool) -> str:
    if d is None:
        return "-"
    shown = number(None if isinstance(d.value, float) else d.value, float(d))
    if d.bound == "exact":
        return shown
    return f">= {shown}" if proved else f"about {shown} (estimate)"


def _between(lower: float, upper: float) -> str:
    # All digits, since the bounds differ in the last ones only; repr loses none.
    return f"between {lower!r} and {upper!r}"
