"""Min-max objectives g(theta, delta) on a compact set: from formulas, callables, or a file.

``phi(theta) = max over delta in S of g(theta, delta)``. `MinMaxObjective` is one inner problem;
`BatchObjective` is the separable mean ``(1/B) sum_i g_i(theta, delta_i)`` over a product of sets.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import sympy

from danskin.argmax import ArgMax, maximize, numeric_argmax
from danskin.errors import ExpressionError, InvalidInputError
from danskin.exact import exact_number, exact_vector, to_float
from danskin.expression import (
    NumericFunction,
    check,
    check_size,
    parse,
    substitute,
    symbols_for,
    with_entropy,
)
from danskin.expression.bounded import SUBSTITUTED_BITS
from danskin.limits import time_limit
from danskin.problem import Problem, read_problem
from danskin.sets import CompactSet, FiniteSet, Product
from danskin.typeset import aligned, display, names, never_raises, set_latex, symbol_names

__all__ = ["BatchObjective", "MinMaxObjective", "as_floats"]

_DERIVATIVE_SECONDS = 10.0
#: A formula with more operations, and a batch with more samples, is not written out in a notebook.
_MAX_SHOWN_OPERATIONS, _MAX_SHOWN_SAMPLES = 150, 4


def as_floats(values: Any, argument: str, dim: int) -> np.ndarray:
    """Return `dim` finite float64 numbers from any real input (text and SymPy included).

    Raises
    ------
    InvalidInputError
        Wrong length, NaN, infinity, complex, or not numbers.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind == "f" and values.shape == (dim,):
        if not np.isfinite(values).all():
            raise InvalidInputError(argument, "it holds NaN or infinity", "Pass finite numbers.")
        return values.astype(float)
    try:
        return np.array([to_float(v) for v in exact_vector(values, argument, dim)])
    except ExpressionError as error:
        if error.argument != "number":
            raise
        raise InvalidInputError(argument, error.problem, error.remedy) from None


class MinMaxObjective:
    """``g(theta, delta)`` with delta in a compact set S.

    Parameters
    ----------
    value : callable (theta (n,), delta (k,)) -> float
    grad_theta : callable (theta (n,), delta (k,)) -> (n,)
        Gradient in theta, jointly continuous (Danskin's hypothesis, which is not checked;
        `taylor_check` compares it with `value`).
    domain : CompactSet
        S, with k coordinates.
    theta_dim : int
        n.
    grad_delta : callable (theta, delta) -> (k,), optional
        Gradient in delta, for the numeric search; finite differences otherwise.

    Raises
    ------
    InvalidInputError

    See Also
    --------
    MinMaxObjective.from_expression : exact, and so able to prove which points are maximizers.
    """

    def __init__(
        self,
        value: Callable[[np.ndarray, np.ndarray], float],
        grad_theta: Callable[[np.ndarray, np.ndarray], Any],
        domain: CompactSet,
        *,
        theta_dim: int,
        grad_delta: Callable[[np.ndarray, np.ndarray], Any] | None = None,
    ) -> None:
        for name, function in (("value", value), ("grad_theta", grad_theta)):
            if not callable(function):
                raise InvalidInputError(name, f"{function!r} is not callable", "Pass a function.")
        if grad_delta is not None and not callable(grad_delta):
            raise InvalidInputError("grad_delta", "it is not callable", "Pass a function or None.")
        _check_domain(domain)
        if isinstance(theta_dim, bool) or not isinstance(theta_dim, (int, np.integer)):
            raise InvalidInputError("theta_dim", f"{theta_dim!r} is not an integer", "Pass n >= 1.")
        if theta_dim < 1:
            raise InvalidInputError("theta_dim", f"{theta_dim} is not positive", "Pass n >= 1.")
        self._value = value
        self._grad_theta = grad_theta
        self._grad_delta = grad_delta
        self.domain = domain
        self.theta_dim = int(theta_dim)

    @classmethod
    def from_expression(
        cls,
        g: str | sympy.Expr,
        theta: Sequence[str | sympy.Symbol],
        delta: Sequence[str | sympy.Symbol],
        domain: CompactSet,
        parameters: Mapping[str, Any] | None = None,
    ) -> ExpressionObjective:
        """Build an exact objective from a formula.

        Parameters
        ----------
        g : str or sympy.Expr
            Text is parsed by a whitelist (see `danskin.expression`), never evaluated as code.
            ``d*log(d)`` is read as ``xlogx(d)``, its continuous extension by 0 at d = 0.
        theta, delta : lists of n and k names or Symbols
        domain : CompactSet
            With k coordinates.
        parameters : mapping, optional
            Named constants: numbers, or exact text that may use the constants before it.

        Raises
        ------
        ExpressionError, InvalidInputError
        """
        return ExpressionObjective(g, theta, delta, domain, parameters)

    @classmethod
    def from_problem(cls, problem: Problem) -> ExpressionObjective | BatchObjective:
        """Build the objective of a problem file already read."""
        parts = []
        for i, s in enumerate(problem.samples):
            try:
                parts.append(
                    ExpressionObjective(s.g, problem.theta, s.delta, s.domain, problem.parameters)
                )
            except InvalidInputError as error:
                if len(problem.samples) == 1:
                    raise
                argument = f"sample[{i}].{error.argument}"
                raise type(error)(argument, error.problem, error.remedy) from None
        return parts[0] if len(parts) == 1 else BatchObjective(parts)

    @classmethod
    def load(cls, path: str | Path) -> ExpressionObjective | BatchObjective:
        """Read the objective of a TOML problem file (see `danskin.problem`).

        Raises
        ------
        ProblemFileError, ExpressionError
        """
        return cls.from_problem(read_problem(path))

    @property
    def delta_dim(self) -> int:
        """k, the number of coordinates of delta."""
        return self.domain.dim

    def value(self, theta: Any, delta: Any) -> float:
        """Return g(theta, delta) for theta (n,) and delta (k,)."""
        t, d = self._floats(theta), as_floats(delta, "delta", self.delta_dim)
        return float(self.values(t, d[None])[0])

    def grad_theta(self, theta: Any, delta: Any) -> np.ndarray:
        """Return the gradient of g in theta, (n,), at theta (n,) and delta (k,)."""
        t, d = self._floats(theta), as_floats(delta, "delta", self.delta_dim)
        return self.gradients(t, d[None])[0]

    def robust_value(self, theta: Any) -> float:
        """Return phi(theta): the maximum over S; a lower bound where the search is numeric."""
        return self.argmax(theta).value

    def values(self, theta: np.ndarray, deltas: np.ndarray) -> np.ndarray:
        """Return g at theta (n,) and each row of deltas (m, k), as (m,)."""
        return np.array([self._call("value", self._value, theta, d, ()) for d in deltas])

    def gradients(self, theta: np.ndarray, deltas: np.ndarray) -> np.ndarray:
        """Return the theta-gradients at theta (n,) and each row of deltas (m, k), as (m, n)."""
        shape = (self.theta_dim,)
        rows = [self._call("grad_theta", self._grad_theta, theta, d, shape) for d in deltas]
        return np.array(rows).reshape(len(rows), self.theta_dim)

    def delta_gradients(self, theta: np.ndarray, deltas: np.ndarray) -> np.ndarray | None:
        """Return the delta-gradients (m, k), or None where only differences are at hand."""
        if self._grad_delta is None:
            return None
        shape = (self.delta_dim,)
        rows = [self._call("grad_delta", self._grad_delta, theta, d, shape) for d in deltas]
        return np.array(rows).reshape(len(rows), self.delta_dim)

    def argmax(self, theta: Any, rng: np.random.Generator | None = None) -> ArgMax:
        """Return the global maximizers of g(theta, .) over S."""
        t = self._floats(theta)
        if isinstance(self.domain, FiniteSet):
            return _argmax_of_points(self, t)
        gradient = None
        if self._grad_delta is not None:
            gradient = lambda d: self.delta_gradients(t, d)  # noqa: E731 - a closure over t
        rng = np.random.default_rng(0) if rng is None else rng
        return numeric_argmax(lambda d: self.values(t, d), gradient, None, self.domain, rng)  # type: ignore[arg-type]

    def _floats(self, theta: Any) -> np.ndarray:
        return as_floats(theta, "theta", self.theta_dim)

    def _call(
        self, name: str, function: Any, theta: np.ndarray, delta: np.ndarray, shape: tuple[int, ...]
    ) -> np.ndarray:
        result = function(theta.copy(), delta.copy())
        try:
            out = np.asarray(result)
            if out.dtype.kind not in "fiuO":
                raise TypeError
            out = out.astype(float)
        except (TypeError, ValueError):
            raise InvalidInputError(
                name, f"it returned {type(result).__name__}", "It must return real numbers."
            ) from None
        if shape == () and out.size == 1:
            out = out.reshape(())
        if out.shape != shape:
            raise InvalidInputError(
                name, f"it returned shape {out.shape}", f"It must return shape {shape}."
            )
        if not np.isfinite(out).all():
            raise InvalidInputError(
                name, f"it is not finite at theta = {theta}, delta = {delta}", "Check the inputs."
            )
        return out

    def __repr__(self) -> str:
        return f"MinMaxObjective(callables, n={self.theta_dim}, domain={self.domain!r})"

    def _latex_parts(self) -> tuple[str, str, str]:
        """Return as LaTeX: delta's name, g, and what the reader has to know about g."""
        known = rf"g \text{{ a Python function}},\ \theta \in \mathbb{{R}}^{{{self.theta_dim}}}"
        return r"\delta", r"g(\theta, \delta)", known

    @never_raises
    def _repr_latex_(self) -> str:
        delta, g, known = self._latex_parts()
        return display(
            rf"\varphi(\theta) = \max_{{{delta} \in S}} {g}",
            f"S = {set_latex(self.domain, delta)}",
            known,
        )


class ExpressionObjective(MinMaxObjective):
    """A `MinMaxObjective` given by a formula: exact at exact points. See `from_expression`.

    Attributes
    ----------
    expression : sympy.Expr
        g with the parameters put in.
    theta_symbols, delta_symbols : tuples of Symbols
    """

    def __init__(
        self,
        g: str | sympy.Expr,
        theta: Sequence[str | sympy.Symbol],
        delta: Sequence[str | sympy.Symbol],
        domain: CompactSet,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        _check_domain(domain)
        self.theta_symbols = symbols_for(theta, "theta")
        self.delta_symbols = symbols_for(delta, "delta")
        if not self.theta_symbols:
            raise ExpressionError("theta", "no name is given", 'Pass a list such as ["t"].')
        if len(self.delta_symbols) != domain.dim:
            raise InvalidInputError(
                "domain",
                f"it has {domain.dim} coordinates for {len(self.delta_symbols)} names in delta",
                "Give each coordinate one name.",
            )
        variables = (*self.theta_symbols, *self.delta_symbols)
        shared = set(self.theta_symbols) & set(self.delta_symbols)
        if shared:
            name = min(s.name for s in shared)
            raise ExpressionError("delta", f"{name!r} is also in theta", "Names must differ.")
        self.parameters = _parameters(parameters or {}, {s.name for s in variables})
        self._from_text = isinstance(g, str)
        if isinstance(g, str):
            self.text = g
            names: dict[str, sympy.Expr] = {**self.parameters, **{s.name: s for s in variables}}
            expression = parse(g, names, "g")
        else:
            check_size(g, "g")
            # A caller's Symbols may carry assumptions; ours are plain, matched by name.
            plain = {
                s: sympy.Symbol(s.name)
                for s in getattr(g, "free_symbols", ())
                if isinstance(s, sympy.Symbol)
            }
            constants = {sympy.Symbol(n): v for n, v in self.parameters.items()}
            number = isinstance(g, (numbers.Real, Decimal)) and not isinstance(g, sympy.Basic)
            expression: Any = exact_number(g, "g") if number else g
            if isinstance(expression, sympy.Expr):
                expression = substitute(expression.xreplace(plain), constants, "parameters")
            expression = check(expression, variables, "g")
            self.text = str(expression)
        self.expression = with_entropy(expression, self.delta_symbols)
        if self.expression != expression:
            self.text = str(self.expression)
        self.domain = domain
        self.theta_dim = len(self.theta_symbols)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the text and the names."""
        names = tuple(s.name for s in self.theta_symbols), tuple(s.name for s in self.delta_symbols)
        g = self.text if self._from_text else self.expression
        return (type(self), (g, *names, self.domain, self.parameters))

    @cached_property
    def gradient_expressions(self) -> tuple[sympy.Expr, ...]:
        """Partial derivatives in theta, (n,), exact."""
        with time_limit(_DERIVATIVE_SECONDS, "differentiating g"):
            return tuple(sympy.diff(self.expression, s) for s in self.theta_symbols)

    @cached_property
    def _variables(self) -> tuple[sympy.Symbol, ...]:
        return (*self.theta_symbols, *self.delta_symbols)

    def _compiled(self, expressions: Sequence[Any]) -> NumericFunction:
        try:
            return NumericFunction(expressions, self._variables, to_float)
        except ExpressionError as error:
            raise InvalidInputError(
                "g", f"a number in it: {error.problem}", "Rescale the problem."
            ) from None

    @cached_property
    def _compiled_value(self) -> NumericFunction:
        return self._compiled([self.expression])

    @cached_property
    def _compiled_grad_theta(self) -> NumericFunction:
        return self._compiled(self.gradient_expressions)

    @cached_property
    def _compiled_grad_delta(self) -> NumericFunction:
        with time_limit(_DERIVATIVE_SECONDS, "differentiating g"):
            slopes = [sympy.diff(self.expression, s) for s in self.delta_symbols]
        return self._compiled(slopes)

    def values(self, theta: np.ndarray, deltas: np.ndarray) -> np.ndarray:
        """See `MinMaxObjective.values`."""
        out = self._compiled_value(*theta, *deltas.T)[0]
        # A copy: a broadcast view is read-only.
        values = np.broadcast_to(out, len(deltas)).copy()
        return self._finite("g(theta, delta)", values, theta, deltas)

    def gradients(self, theta: np.ndarray, deltas: np.ndarray) -> np.ndarray:
        """See `MinMaxObjective.gradients`."""
        out = self._compiled_grad_theta(*theta, *deltas.T).T
        return self._finite("the gradient in theta", out, theta, deltas)

    def delta_gradients(self, theta: np.ndarray, deltas: np.ndarray) -> np.ndarray:
        """See `MinMaxObjective.delta_gradients`; infinite where xlogx meets 0."""
        return self._compiled_grad_delta(*theta, *deltas.T).T

    def exact_theta(self, theta: Any) -> tuple[sympy.Expr, ...]:
        """Return theta (n,) as exact numbers; a float means that very binary number."""
        return exact_vector(theta, "theta", self.theta_dim)

    def at(self, theta: Any) -> sympy.Expr:
        """Return g(theta, .) as an exact expression in delta.

        Raises
        ------
        InvalidInputError
            g is not defined at this theta.
        """
        return self._substitute(self.expression, theta)

    def gradient_at(self, theta: Any) -> tuple[sympy.Expr, ...]:
        """Return the gradient in theta, (n,), as exact expressions in delta."""
        return tuple(self._substitute(e, theta) for e in self.gradient_expressions)

    def argmax(self, theta: Any, rng: np.random.Generator | None = None) -> ArgMax:
        """See `MinMaxObjective.argmax`; exact and proved for the classes of `danskin.argmax`."""
        return maximize(self.at(theta), self.delta_symbols, self.domain, rng)

    def _substitute(self, expr: sympy.Expr, theta: Any) -> sympy.Expr:
        values = dict(zip(self.theta_symbols, self.exact_theta(theta), strict=True))
        try:
            put_in = substitute(expr, values, "theta")
            return check(put_in, self.delta_symbols, "theta", SUBSTITUTED_BITS)
        except ExpressionError as error:
            raise InvalidInputError(
                "theta", f"g cannot be evaluated there: {error.problem}", "Choose another theta."
            ) from None

    def _finite(
        self, what: str, out: np.ndarray, theta: np.ndarray, deltas: np.ndarray
    ) -> np.ndarray:
        bad = ~np.isfinite(out)
        if bad.any():
            row = int(np.argwhere(bad)[0][0])
            raise InvalidInputError(
                "theta, delta",
                f"{what} is not finite at theta = {theta}, delta = {deltas[row]}",
                "Stay where the formula is defined.",
            )
        return out

    def __repr__(self) -> str:
        names = ", ".join(s.name for s in self.theta_symbols)
        return f"MinMaxObjective({self.text!r}, theta=[{names}], domain={self.domain!r})"

    def _latex_parts(self) -> tuple[str, str, str]:
        """See `MinMaxObjective._latex_parts`; a long formula is not written out."""
        operations = int(self.expression.count_ops())
        if operations > _MAX_SHOWN_OPERATIONS:
            known = rf"g \text{{ a formula of {operations} operations}}"
            return r"\delta", r"g(\theta, \delta)", known
        known = symbol_names(self._variables)
        g = str(sympy.latex(self.expression, symbol_names=known))
        g = rf"\left[{g}\right]" if self.expression.is_Add else g
        return names(self.delta_symbols, known), g, ""

    @never_raises
    def _repr_latex_(self) -> str:
        delta, g, known = self._latex_parts()
        theta = names(self.theta_symbols, symbol_names(self._variables))
        theta = theta if len(self.theta_symbols) > 1 else f"({theta})"
        # Where delta is given by a condition, one letter stands for the vector.
        letter = delta if self.delta_dim == 1 else r"\delta"
        domain = set_latex(self.domain, letter)
        if self.delta_dim == 1 and len(domain) < 40:
            return display(rf"\varphi{theta} = \max_{{{delta} \in {domain}}} {g}", known)
        named = "" if letter == delta else rf"\delta = {delta} \in "
        where = f"{named}S = {domain}" if named else f"S = {domain}"
        return display(rf"\varphi{theta} = \max_{{{letter} \in S}} {g}", where, known)


class BatchObjective:
    """The separable mean ``(1/B) sum_i g_i(theta, delta_i)`` over ``S_1 x ... x S_B``.

    Its argmax set is the product of the samples' argmax sets. delta is the concatenation of the
    samples' deltas, in order.

    Parameters
    ----------
    samples : sequence of B `MinMaxObjective` with the same n
    """

    def __init__(self, samples: Sequence[MinMaxObjective]) -> None:
        if not isinstance(samples, Iterable):
            raise InvalidInputError(
                "samples", f"{samples!r} is not a list", "Pass a list of objectives."
            )
        self.samples = tuple(samples)
        if not self.samples:
            raise InvalidInputError("samples", "the batch is empty", "Pass one sample or more.")
        for i, f in enumerate(self.samples):
            if not isinstance(f, MinMaxObjective):
                raise InvalidInputError(
                    f"samples[{i}]", f"{f!r} is not a MinMaxObjective", "Pass objectives."
                )
            if f.theta_dim != self.samples[0].theta_dim:
                raise InvalidInputError(
                    f"samples[{i}]",
                    f"it has {f.theta_dim} parameters, the first has {self.samples[0].theta_dim}",
                    "All samples share theta.",
                )
        self.theta_dim = self.samples[0].theta_dim
        self.domain = Product(*(f.domain for f in self.samples))

    @property
    def delta_dim(self) -> int:
        """The number of coordinates of all deltas together."""
        return self.domain.dim

    def value(self, theta: Any, delta: Any) -> float:
        """Return the mean value at theta (n,) and the concatenated delta."""
        parts = self._split(as_floats(delta, "delta", self.delta_dim)[None])
        return float(np.mean([f.value(theta, d[0]) for f, d in parts]))

    def grad_theta(self, theta: Any, delta: Any) -> np.ndarray:
        """Return the mean gradient in theta, (n,)."""
        parts = self._split(as_floats(delta, "delta", self.delta_dim)[None])
        return np.mean([f.grad_theta(theta, d[0]) for f, d in parts], axis=0)

    def robust_value(self, theta: Any) -> float:
        """Return phi(theta), the mean of the samples' maxima."""
        return float(np.mean([f.robust_value(theta) for f in self.samples]))

    def values(self, theta: np.ndarray, deltas: np.ndarray) -> np.ndarray:
        """Return the mean values at theta (n,) and rows of deltas (m, k), as (m,)."""
        return np.mean([f.values(theta, d) for f, d in self._split(deltas)], axis=0)

    def gradients(self, theta: np.ndarray, deltas: np.ndarray) -> np.ndarray:
        """Return the mean theta-gradients at rows of deltas (m, k), as (m, n)."""
        return np.mean([f.gradients(theta, d) for f, d in self._split(deltas)], axis=0)

    def delta_gradients(self, theta: np.ndarray, deltas: np.ndarray) -> np.ndarray | None:
        """Return the delta-gradients (m, k), or None where a sample has none."""
        parts = [f.delta_gradients(theta, d) for f, d in self._split(deltas)]
        if any(p is None for p in parts):
            return None
        return np.concatenate(parts, axis=1) / len(self.samples)  # type: ignore[arg-type]

    def _split(self, deltas: np.ndarray) -> list[tuple[MinMaxObjective, np.ndarray]]:
        pairs = zip(self.samples, self.domain.slices, strict=True)
        return [(f, deltas[:, w]) for f, w in pairs]

    def __repr__(self) -> str:
        return f"BatchObjective({len(self.samples)} samples, n={self.theta_dim})"

    @never_raises
    def _repr_latex_(self) -> str:
        count = len(self.samples)
        rows = []
        for i, f in enumerate(self.samples[:_MAX_SHOWN_SAMPLES], 1):
            delta, g, known = f._latex_parts()
            letter = delta if f.delta_dim == 1 else r"\delta"
            named = rf"\delta_{{{i}}} = {delta} \in " if delta != r"\delta" else ""
            told = rf",\ {known}".replace("g ", f"g_{{{i}}} ", 1) if known else ""
            g = g.replace("g(", f"g_{{{i}}}(", 1) if known else g
            domain = set_latex(f.domain, letter)
            rows.append(rf"g_{{{i}}} = {g}, & {named}S_{{{i}}} = {domain}{told}")
        if count > _MAX_SHOWN_SAMPLES:
            rows.append(r"\vdots & \vdots")
        mean = "" if count == 1 else rf"\frac{{1}}{{{count}}} \sum_{{i=1}}^{{{count}}} "
        total = rf"\varphi(\theta) = {mean}\max_{{\delta_i \in S_i}} g_i(\theta, \delta_i)"
        return display(total, aligned(rows, "ll"))


def _check_domain(domain: Any) -> None:
    if not isinstance(domain, CompactSet):
        raise InvalidInputError(
            "domain", f"{domain!r} is not a set", "Pass dk.Interval(0, 1), dk.Box(lo, hi), ..."
        )


def _parameters(given: Mapping[str, Any], taken: set[str]) -> dict[str, sympy.Expr]:
    if not isinstance(given, Mapping):
        raise InvalidInputError("parameters", f"{given!r} is not a mapping", 'Pass {"c": "-1/2"}.')
    names = symbols_for(list(given), "parameters")
    values: dict[str, sympy.Expr] = {}
    for symbol, value in zip(names, given.values(), strict=True):
        argument = f"parameters.{symbol.name}"
        if symbol.name in taken:
            raise ExpressionError(
                argument, "the name is also in theta or delta", "Choose another name."
            )
        if isinstance(value, str):
            values[symbol.name] = parse(value, values, argument)
        else:
            values[symbol.name] = exact_number(value, argument)
    return values


def _argmax_of_points(f: MinMaxObjective, theta: np.ndarray) -> ArgMax:
    """Argmax of a callable over finitely many points: all are asked, values taken as returned."""
    points = f.domain.points  # type: ignore[attr-defined]
    values = f.values(theta, points)
    best = values.max()
    tied = values == best
    close = values >= best - 1e-12 * max(1.0, abs(best), float(np.ptp(values)))
    # A value just below the maximum may be a tie lost to rounding: then nothing is proved.
    complete = bool((tied == close).all())
    return ArgMax(
        value=float(best),
        exact_value=None,
        points=points[close],
        exact_points=None,
        faces=(),
        complete=complete,
        method="all points of the finite set compared"
        + ("" if complete else "; some values differ only by rounding"),
    )
