"""What a counterexample is: an objective, a point, and the values claimed there.

A family whose statement depends on inner products only is written once, as a *formula in features*
``a_i = <theta - theta0, v_i>``: itself a min-max objective, on R^p. `pull_back` puts concrete
vectors in; by the chain rule its gradients are ``C V``, with C the formula's own gradients (one
row a maximizer) and the v_i as rows of V, so that all inner products come from the Gram matrix of
the v_i. The concrete objective in R^n and a proof for every dimension share that one formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy

from danskin.derivative import directional_derivative
from danskin.direction import steepest_descent
from danskin.errors import InvalidInputError
from danskin.exact import exact_vector, sign, tidy
from danskin.maximizers import BatchMaximizerSet, MaximizerSet, maximizers
from danskin.objective import BatchObjective, MinMaxObjective
from danskin.sets import CompactSet
from danskin.verdict import Verdict

__all__ = [
    "ClaimedDerivative",
    "Comparison",
    "Counterexample",
    "Family",
    "dot",
    "exact_rows",
    "pull_back",
]

Row = tuple[sympy.Expr, ...]


@dataclass(frozen=True)
class ClaimedDerivative:
    """A claimed value of the directional derivative.

    Attributes
    ----------
    name : str
        The direction in the family's letters, such as "-(u+v)".
    direction : exact numbers (n,)
        Need not have unit length.
    value : sympy.Expr
        ``D(theta0; direction)``, per unit length (Definition 1).
    """

    name: str
    direction: Row
    value: sympy.Expr


@dataclass(frozen=True)
class Comparison:
    """One claimed quantity beside what danskin computes from the objective."""

    name: str
    computed: str
    claimed: str
    verdict: Verdict


@dataclass(frozen=True, repr=False)
class Counterexample:
    """One member of a family: the objective, the point, and everything claimed there.

    Attributes
    ----------
    name, title, source, latex : str
        `latex` is the family's g.
    objective : MinMaxObjective or BatchObjective
    theta0 : exact numbers (n,)
    maximizers : tuple of exact points
        All isolated maximizers at theta0 (joint ones for a batch) and the vertices of the faces.
    faces : tuple of CompactSet
        Infinite pieces of the argmax set.
    gradients : tuple of exact rows
        The theta-gradients at `maximizers`, in that order.
    derivatives : tuple of `ClaimedDerivative`
    steepest : ClaimedDerivative, or None
        None where theta0 is stationary: 0 is in the hull of the gradients.
    parameters : dict
        What the member was made from.
    runs : tuple of exact points
        For the batch: the joint perturbations that the coupled attack is assumed to return.
    """

    name: str
    title: str
    source: str
    latex: str
    objective: MinMaxObjective | BatchObjective
    theta0: Row
    maximizers: tuple[Row, ...]
    faces: tuple[CompactSet, ...]
    gradients: tuple[Row, ...]
    derivatives: tuple[ClaimedDerivative, ...]
    steepest: ClaimedDerivative | None
    parameters: dict[str, Any] = field(default_factory=dict)
    runs: tuple[Row, ...] = ()

    def maximizer_set(self) -> MaximizerSet | BatchMaximizerSet:
        """Compute the maximizers at theta0 from the objective."""
        return maximizers(self.objective, self.theta0)

    def derivative(self, name: str) -> ClaimedDerivative:
        """Return the claimed derivative along the direction of that name.

        Raises
        ------
        InvalidInputError
            No derivative is claimed along it.
        """
        for claimed in self.derivatives:
            if claimed.name == name:
                return claimed
        names = ", ".join(d.name for d in self.derivatives)
        raise InvalidInputError("name", f"no direction is called {name!r}", f"Use one of {names}.")

    def compare(self) -> tuple[Comparison, ...]:
        """Compute everything that is claimed from the objective alone, and compare exactly."""
        S = self.maximizer_set()
        found = dict(zip(_exact_deltas(S), S.exact_gradients or (), strict=False))
        claimed = dict(zip(self.maximizers, self.gradients, strict=True))
        out = [
            Comparison("S*", _set_text(found), _set_text(claimed), _same_set(S, found, claimed)),
            Comparison(
                "faces of S*",
                str(sorted(map(repr, S.faces))),
                str(sorted(map(repr, self.faces))),
                _verdict(set(S.faces) == set(self.faces)),
            ),
        ]
        for delta, gradient in claimed.items():
            row = found.get(delta)
            same = None if row is None else _same_row(row, gradient)
            name = f"gradient at delta = {_text(delta)}"
            out.append(Comparison(name, str(row), _text(gradient), _verdict(same)))
        for d in self.derivatives:
            value = directional_derivative(S, d.direction).value
            out.append(Comparison(f"D({d.name})", str(value), str(d.value), _same(value, d.value)))
        out.append(self._compare_steepest(S))
        return tuple(out)

    def _compare_steepest(self, S: MaximizerSet | BatchMaximizerSet) -> Comparison:
        found = steepest_descent(S)
        if self.steepest is None or found.exact_direction is None:
            agree = found.stationary and self.steepest is None
            claimed = "stationary" if self.steepest is None else str(self.steepest.value)
            return Comparison("steepest", repr(found), claimed, _verdict(agree))
        unit = _unit(self.steepest.direction)
        verdicts = [_same(a, b) for a, b in zip(found.exact_direction, unit, strict=True)]
        verdicts.append(_same(found.exact_derivative, self.steepest.value))
        return Comparison(
            "steepest",
            f"{_text(found.exact_direction)} at rate {found.exact_derivative}",
            f"{_text(unit)} at rate {self.steepest.value}",
            _all(verdicts),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, exact numbers as text."""
        return {
            "name": self.name,
            "source": self.source,
            "latex": self.latex,
            "parameters": {k: str(v) for k, v in self.parameters.items()},
            "theta0": [str(x) for x in self.theta0],
            "maximizers": [[str(x) for x in d] for d in self.maximizers],
            "faces": [f.to_dict() for f in self.faces],
            "gradients": [[str(x) for x in g] for g in self.gradients],
            "derivatives": {d.name: str(d.value) for d in self.derivatives},
            "steepest": None if self.steepest is None else str(self.steepest.value),
        }

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex}$"

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={v}" for k, v in self.parameters.items())
        return f"Counterexample({self.name}: {given})"


@dataclass(frozen=True)
class Family:
    """A registered family of counterexamples.

    Attributes
    ----------
    name, title, source, latex : str
    formula : MinMaxObjective
        The one formula that all members share: in features for the families that a Gram matrix
        determines, in theta for the others. (For the simplex family: the one with 3 vectors.)
    build : callable
        Returns a member; without arguments, the default one.
    """

    name: str
    title: str
    source: str
    latex: str
    formula: MinMaxObjective
    build: Callable[..., Counterexample] = field(repr=False)

    def __call__(self, *args: Any, **parameters: Any) -> Counterexample:
        """Return a member of the family; see the parameters of `build`."""
        return self.build(*args, **parameters)


# --- putting vectors in --------------------------------------------------------------------------


def pull_back(formula: Any, vectors: Any, theta0: Any = None) -> MinMaxObjective:
    """Put concrete vectors into a formula in features ``a_i = <theta - theta0, v_i>``.

    Parameters
    ----------
    formula : MinMaxObjective from an expression
        Its p parameters are the features.
    vectors : p exact rows (n,)
    theta0 : (n,), optional
        0 by default.

    Raises
    ------
    InvalidInputError
        As many vectors as features are needed, all of one length.
    """
    rows = exact_rows(vectors, "vectors")
    if len(rows) != formula.theta_dim:
        raise InvalidInputError(
            "vectors",
            f"there are {len(rows)} for {formula.theta_dim} features",
            "Pass one vector a feature.",
        )
    n = len(rows[0])
    start = exact_vector([0] * n if theta0 is None else theta0, "theta0", n)
    taken = {s.name for s in formula.delta_symbols}
    prefix = next(p for p in ("t", "theta", "theta_") if not any(f"{p}1" == x for x in taken))
    theta = sympy.symbols([f"{prefix}{k + 1}" for k in range(n)])
    shifted = [t - x for t, x in zip(theta, start, strict=True)]
    features = {a: dot(shifted, v) for a, v in zip(formula.theta_symbols, rows, strict=True)}
    return MinMaxObjective.from_expression(
        formula.expression.subs(features, simultaneous=True),
        theta,
        formula.delta_symbols,
        formula.domain,
    )


def exact_rows(vectors: Any, argument: str) -> tuple[Row, ...]:
    """Read vectors (p, n) exactly.

    Raises
    ------
    InvalidInputError
        Not a list of rows of one length, or empty.
    """
    if isinstance(vectors, (str, dict)) or not hasattr(vectors, "__iter__"):
        raise InvalidInputError(
            argument, f"{vectors!r} is not a list of vectors", "Pass rows such as [[1, 0], [0, 1]]."
        )
    rows = tuple(exact_vector(v, f"{argument}[{i}]") for i, v in enumerate(vectors))
    if not rows or not rows[0] or len({len(r) for r in rows}) > 1:
        raise InvalidInputError(
            argument, "it is empty, or its vectors differ in length", "Pass (p, n) numbers."
        )
    return rows


def dot(a: Sequence[sympy.Expr], b: Sequence[sympy.Expr]) -> sympy.Expr:
    """Exact inner product, written out."""
    return sympy.expand(sympy.Add(*(x * y for x, y in zip(a, b, strict=True))))


# --- comparing -----------------------------------------------------------------------------------


def _unit(direction: Row) -> Row:
    length = sympy.sqrt(dot(direction, direction))
    return tuple(tidy(x / length) for x in direction)


def _exact_deltas(S: MaximizerSet | BatchMaximizerSet) -> tuple[Row, ...]:
    if isinstance(S, MaximizerSet):
        return S.exact_deltas or ()
    joint: list[Row] = [()]
    for sample in S.samples:
        joint = [a + b for a in joint for b in sample.exact_deltas or ()]
    return tuple(joint)


def _verdict(same: bool | None) -> Verdict:
    return Verdict.UNDECIDED if same is None else Verdict.PROVED if same else Verdict.REFUTED


def _all(verdicts: Sequence[Verdict]) -> Verdict:
    if Verdict.REFUTED in verdicts:
        return Verdict.REFUTED
    return Verdict.UNDECIDED if Verdict.UNDECIDED in verdicts else Verdict.PROVED


def _same(a: Any, b: Any) -> Verdict:
    if isinstance(a, float) or a is None:
        return Verdict.UNDECIDED
    which = sign(a - b)
    return _verdict(None if which is None else which == 0)


def _same_row(a: Row, b: Row) -> bool | None:
    verdicts = [_same(x, y) for x, y in zip(a, b, strict=True)]
    return None if Verdict.UNDECIDED in verdicts else Verdict.REFUTED not in verdicts


def _same_set(S: Any, found: dict[Row, Row], claimed: dict[Row, Row]) -> Verdict:
    if not S.complete:
        return Verdict.UNDECIDED
    return _verdict(found.keys() == claimed.keys())


def _text(row: Sequence[Any]) -> str:
    return "(" + ", ".join(map(str, row)) + ")"


def _set_text(points: Any) -> str:
    return "{" + ", ".join(sorted(_text(p) for p in points)) + "}"
