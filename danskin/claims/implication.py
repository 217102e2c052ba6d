"""Polynomial statements "for all reals: hypotheses imply the conclusion", and their two proofs.

`prove_twice` asks SymPy (a certificate or Sturm's theorem, `danskin.claims.certificate`) and z3
(`danskin.claims.decision`) independently. Proved means proved by both; refuted means that an exact
point satisfies every hypothesis and not the conclusion; anything else is undecided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sympy

from danskin.claims.argument import (
    DECISION,
    SYMBOLIC,
    Argument,
    conjunction,
    ordered,
)
from danskin.errors import InvalidInputError
from danskin.expression import parse
from danskin.verdict import Verdict

__all__ = ["Fact", "Implication", "fact", "prove_twice"]

_RELATION = re.compile(r"(<=|>=|==|<|>)")


@dataclass(frozen=True)
class Fact:
    """``expr relation 0``, with relation one of > >= ==.

    Attributes
    ----------
    expr : sympy.Expr
        A polynomial.
    relation : str
    text : str
        As it was written.
    """

    expr: sympy.Expr
    relation: str
    text: str

    def holds_at(self, point: Mapping[sympy.Symbol, Any]) -> Verdict:
        """Decide the fact at a point, exactly."""
        return ordered(self.expr.xreplace(dict(point)), self.relation, 0)

    def __str__(self) -> str:
        return self.text


def fact(text: str, names: Mapping[str, sympy.Expr], argument: str = "fact") -> Fact:
    """Read "left relation right", both sides formulas in `names`.

    Raises
    ------
    InvalidInputError
        No relation or more than one, or a side is not a formula.
    """
    parts = _RELATION.split(text)
    if len(parts) != 3:
        raise InvalidInputError(
            argument, f"{text!r} is not one relation", "Write for example a*b >= r**2."
        )
    left, relation, right = (p.strip() for p in parts)
    difference = parse(left, names, argument) - parse(right, names, argument)
    if relation.startswith("<"):
        difference, relation = -difference, relation.replace("<", ">")
    return Fact(sympy.expand(difference), relation, text)


def _with_meaning(f: Fact, let: Mapping[str, sympy.Expr], others: Iterable[str]) -> Fact:
    """Say what the abbreviations stand for; a name that abbreviates itself needs no word."""
    text = " ".join([f.text, *others])
    used = {k: v for k, v in let.items() if re.search(rf"\b{k}\b", text) and str(v) != k}
    told = ", ".join(f"{k} = {v}" for k, v in used.items())
    return replace(f, text=f"{f.text} [{told}]") if told else f


@dataclass(frozen=True)
class Implication:
    """For all real values of the variables: the hypotheses imply the conclusion.

    Attributes
    ----------
    variables : tuple of Symbols
    hypotheses : dict, name -> Fact
        Names are used by the certificate.
    conclusion : Fact
    sample : dict, Symbol -> exact number
        A point at which all hypotheses hold: the statement is not about nothing.
    certificate : str
        Proof for SymPy (see `danskin.claims.certificate`); empty: Sturm's theorem, one variable.
    """

    variables: tuple[sympy.Symbol, ...]
    hypotheses: Mapping[str, Fact]
    conclusion: Fact
    sample: Mapping[sympy.Symbol, Any] = field(default_factory=dict)
    certificate: str = ""

    @classmethod
    def read(
        cls,
        hypotheses: Mapping[str, str],
        conclusion: str,
        *,
        sample: Mapping[str, Any],
        certificate: str = "",
        let: Mapping[str, sympy.Expr] | None = None,
    ) -> Implication:
        """Build from text; the variables are the names of the sample.

        Parameters
        ----------
        hypotheses : dict, name -> text
        conclusion : str
        sample : dict, variable's name -> exact number or text
        certificate : str
        let : dict, name -> polynomial in the variables, optional
            Abbreviations, such as expressions derived from an objective.
        """
        variables = {name: sympy.Symbol(name) for name in sample}
        names: dict[str, sympy.Expr] = {**variables, **(let or {})}
        return cls(
            tuple(variables.values()),
            {k: fact(text, names, f"hypothesis {k}") for k, text in hypotheses.items()},
            _with_meaning(fact(conclusion, names, "conclusion"), let or {}, hypotheses.values()),
            {variables[k]: parse(str(v), {}, "sample") for k, v in sample.items()},
            certificate,
        )

    def halves(self) -> tuple[Implication, ...]:
        """Split an equality into two inequalities."""
        if self.conclusion.relation != "==":
            return (self,)
        c = self.conclusion
        return tuple(
            replace(self, conclusion=Fact(s * c.expr, ">=", f"{c.text} ({word})"))
            for s, word in ((1, "at least"), (-1, "at most"))
        )

    def refuted_at(self, point: Mapping[sympy.Symbol, Any]) -> bool:
        """Whether the point is an exact counterexample."""
        if conjunction([h.holds_at(point) for h in self.hypotheses.values()]) is not Verdict.PROVED:
            return False
        return self.conclusion.holds_at(point) is Verdict.REFUTED

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two statements the same."""
        facts = [*self.hypotheses.values(), self.conclusion]
        return (tuple((f.expr, f.relation) for f in facts), self.certificate)

    def __str__(self) -> str:
        # The certificate speaks of the hypotheses by their names.
        given = ", ".join(
            f"({name}) {h.text}" if re.search(rf"\b{name}\b", self.certificate) else h.text
            for name, h in self.hypotheses.items()
        )
        return f"{given} => {self.conclusion.text}" if given else self.conclusion.text


def prove_twice(
    argument: Argument,
    text: str,
    statements: Implication | Iterable[Implication],
    *,
    lemma: bool = False,
) -> Verdict:
    """Prove one or several implications by SymPy and by z3, and add the step to the argument.

    Parameters
    ----------
    argument : Argument
    text : str
        What the step says.
    statements : Implication or iterable of them
    lemma : bool
        See `Argument.lemma`.
    """
    from danskin.claims.certificate import prove_by_sympy
    from danskin.claims.decision import prove_by_z3

    listed = [statements] if isinstance(statements, Implication) else list(statements)
    verdicts: list[Verdict] = []
    told: dict[str, None] = {}
    outcomes: dict[Any, str] = {}
    for statement in listed:
        # The same polynomials under two names are proved once, and told twice.
        if statement.key not in outcomes:
            by_sympy, why_sympy = prove_by_sympy(statement)
            by_z3, why_z3 = prove_by_z3(statement)
            verdicts.append(_joined(by_sympy, by_z3))
            outcomes[statement.key] = f"SymPy: {why_sympy}; z3: {why_z3}"
        told[f"    {statement}: {outcomes[statement.key]}"] = None
    verdict = conjunction(verdicts)
    add = argument.lemma if lemma else argument.part
    add(text, verdict, SYMBOLIC)
    argument.used(DECISION)
    for line in told:
        argument.say(line)
    return verdict


def _joined(by_sympy: Verdict, by_z3: Verdict) -> Verdict:
    if by_sympy is by_z3:
        return by_sympy
    found = {by_sympy, by_z3}
    # One proof and one witness contradict each other: a defect of ours, certainly no verdict.
    if Verdict.REFUTED in found and Verdict.PROVED not in found:
        return Verdict.REFUTED
    return Verdict.UNDECIDED
