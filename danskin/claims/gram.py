"""The Gram argument: one formula in features, all vectors in all dimensions at once.

A formula in features ``a_i = <theta - theta0, v_i>`` has its maximizers at theta0 whatever the v_i
are, since all features vanish there; its gradients are ``sum_i C[j, i] v_i`` by the chain rule. So
inner products of gradients and directions are entries of ``C G C'``, with G the Gram matrix of the
v_i, whose entries may be symbols: a proof for the symbols holds in every dimension.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from danskin.claims.argument import EXACT, SYMBOLIC, Argument, decided, equal, ordered
from danskin.claims.implication import Fact, Implication, prove_twice
from danskin.counterexamples.core import Row
from danskin.errors import InvalidInputError
from danskin.exact import exact_max
from danskin.expression import parse
from danskin.maximizers import MaximizerSet, maximizers
from danskin.verdict import Verdict

__all__ = [
    "Domain",
    "GradientGram",
    "as_sympy",
    "at_origin",
    "cases_are",
    "known_maximizers",
    "maximum_is",
    "number_is",
    "set_is",
]


@dataclass(frozen=True)
class Domain:
    """The admissible values of the parameters: hypotheses, and a sample point that meets them."""

    hypotheses: Mapping[str, str]
    sample: Mapping[str, str]

    @property
    def names(self) -> dict[str, sympy.Symbol]:
        """The parameters, by name."""
        return {name: sympy.Symbol(name) for name in self.sample}

    @property
    def point(self) -> dict[sympy.Symbol, sympy.Expr]:
        """The sample, by symbol."""
        return {s: parse(str(self.sample[n]), {}, "sample") for n, s in self.names.items()}

    def formula(self, text: str, argument: str = "claimed") -> sympy.Expr:
        """Read a formula in the parameters."""
        return parse(text, self.names, argument)

    def implies(
        self, conclusion: str, let: Mapping[str, sympy.Expr] | None = None, certificate: str = ""
    ) -> Implication:
        """Return "for all admissible parameters, the conclusion"."""
        return Implication.read(
            self.hypotheses, conclusion, sample=self.sample, certificate=certificate, let=let
        )

    def always(self, expr: sympy.Expr, relation: str, text: str) -> Implication:
        """Return "for all admissible parameters, ``expr relation 0``"."""
        bare = self.implies("0 >= 0")
        fact = Fact(sympy.expand(expr), relation, text)
        return Implication(bare.variables, bare.hypotheses, fact, bare.sample)

    def covers(self, argument: Argument, text: str, given: Mapping[str, str]) -> Verdict:
        """Add the lemma that no values of the statement are left out: `given` implies all of it."""
        return prove_twice(
            argument,
            text,
            [Implication.read(given, h, sample=self.sample) for h in self.hypotheses.values()],
            lemma=True,
        )

    def __str__(self) -> str:
        return ", ".join(self.hypotheses.values()) or f"real {', '.join(self.sample)}"


@dataclass(frozen=True)
class GradientGram:
    """The gradients of all maximizers as combinations of the v_i, with the Gram matrix of these.

    Attributes
    ----------
    deltas : tuple of exact points
        All maximizers (and vertices of faces), in the order of `rows`.
    rows : sympy.Matrix (m, p)
        C: gradient j is ``sum_i C[j, i] v_i``.
    gram : sympy.Matrix (p, p)
        G.
    isolated : bool
        The maximizers are these points and no others; False where they are vertices of faces.
    """

    deltas: tuple[Row, ...]
    # Any: SymPy's matrices have no useful types
    rows: Any
    gram: Any
    isolated: bool = True

    def products(self, direction: Any) -> list[sympy.Expr]:
        """Return ``<direction, gradient_j>`` for every j; the direction is a row (1, p)."""
        values = direction * self.gram * self.rows.T
        return [sympy.expand(v) for v in values]

    def square(self, direction: Any) -> sympy.Expr:
        """Return the squared length of a direction (1, p)."""
        return sympy.expand((direction * self.gram * direction.T)[0])

    def gradient(self, delta: Sequence[Any]) -> Any:
        """Return the gradient at one maximizer, as a row (1, p).

        Raises
        ------
        InvalidInputError
            `delta` is not one of the maximizers.
        """
        point = tuple(sympy.S(x) for x in delta)
        if point not in self.deltas:
            raise InvalidInputError(
                "delta", f"{point} is not a maximizer of this objective", "The claim fails here."
            )
        return self.rows[self.deltas.index(point), :]


def as_sympy(number: Any) -> Any:
    """Return an exact number, a Fraction for example, as SymPy's."""
    if isinstance(number, Fraction):
        return sympy.Rational(number.numerator, number.denominator)
    return number


def known_maximizers(formula: Any, theta: Sequence[Any]) -> MaximizerSet:
    """Return the maximizers at theta, if all of them are proved and exact.

    Raises
    ------
    InvalidInputError
        They are not, so that nothing can be proved from them.
    """
    S = maximizers(formula, list(theta))
    if not isinstance(S, MaximizerSet) or not S.complete or S.exact_gradients is None:
        raise InvalidInputError(
            "objective", "its maximizers are not all known exactly", "Use an exact class."
        )
    if not S.spans:
        raise InvalidInputError(
            "objective", "the gradients over its maximizers are not a known polytope", ""
        )
    return S


def at_origin(formula: Any, gram: sympy.Matrix) -> GradientGram:
    """Return the gradients at theta0, where every feature is 0, over a Gram matrix of the v_i."""
    S = known_maximizers(formula, [0] * formula.theta_dim)
    if gram.shape != (formula.theta_dim,) * 2:
        raise InvalidInputError("gram", f"it has shape {gram.shape}", "One row a feature.")
    rows = sympy.Matrix(S.exact_gradients)
    return GradientGram(S.exact_deltas or (), rows, gram, isolated=not S.faces)


def cases_are(argument: Argument, cases: Iterable[str], every: Iterable[str]) -> Verdict:
    """Add the part "these cases, each proved by itself, are all there are"."""
    listed, wanted = sorted(cases), sorted(every)
    return argument.part(
        f"The cases are {', '.join(listed)}: there are no others", decided(listed == wanted), EXACT
    )


def set_is(argument: Argument, text: str, point: GradientGram, claimed: Sequence[Any]) -> Verdict:
    """Add the part "the maximizers are this finite set"."""
    found = point.deltas
    wanted = {tuple(parse(str(x), {}, "claimed") for x in point) for point in claimed}
    shown = ", ".join("(" + ", ".join(map(str, p)) + ")" for p in found)
    same = decided(point.isolated and set(found) == wanted)
    return argument.part(f"{text} is {{{shown}}}", same, EXACT)


def maximum_is(
    argument: Argument,
    text: str,
    values: Sequence[sympy.Expr],
    claimed: sympy.Expr,
    domain: Domain,
) -> Verdict:
    """Add the part "the largest of these is the claimed expression, for all parameters".

    One of the values equals it identically, and it is at least each of the others.
    """
    shown = ", ".join(map(str, values))
    text = f"{text}: max({shown}) = {claimed} for all {domain}"
    if not any(sympy.expand(v - claimed) == 0 for v in values):
        at = domain.point
        at_sample: list[Any] = [v.xreplace(at) for v in values]
        best = exact_max(at_sample)
        same = Verdict.UNDECIDED if best is None else equal(best[0], claimed.xreplace(at))
        if same is Verdict.REFUTED:
            return argument.part(f"{text} (false at {domain.sample})", same, EXACT)
        return argument.part(f"{text} (none of them equals it)", Verdict.UNDECIDED, SYMBOLIC)
    rest = [v for v in dict.fromkeys(values) if sympy.expand(v - claimed) != 0]
    if not rest:
        return argument.part(f"{text}, identically", Verdict.PROVED, SYMBOLIC)
    statements = [domain.always(claimed - v, ">=", f"{claimed} >= {v}") for v in rest]
    return prove_twice(argument, text, statements)


def number_is(argument: Argument, text: str, found: Any, relation: str, claimed: Any) -> Verdict:
    """Add the part "this exact number stands in this relation to the claimed one"."""
    wanted = parse(str(claimed), {}, "claimed")
    verdict = ordered(found, relation, wanted)
    if relation != "==":
        shown = f"{text}: {found} {relation} {wanted}"
    elif verdict is Verdict.PROVED:
        shown = f"{text} = {found}"
    else:
        shown = f"{text} is {found}, not {wanted}"
    return argument.part(shown, verdict, EXACT)
