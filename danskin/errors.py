"""The errors danskin raises: each names the argument, what is wrong with it, and the remedy."""

from __future__ import annotations

__all__ = [
    "DanskinError",
    "ExpressionError",
    "InvalidInputError",
    "LimitError",
    "MissingExtraError",
    "ProblemFileError",
    "SolverError",
]


class DanskinError(Exception):
    """Base class of every error that danskin raises on purpose."""


class InvalidInputError(DanskinError, ValueError):
    """An argument cannot be used.

    Parameters
    ----------
    argument : str
        Name of the argument (or key of the problem file) at fault.
    problem : str
        What is wrong with it, with the offending value where it is short.
    remedy : str
        What the caller should write instead.
    """

    def __init__(self, argument: str, problem: str, remedy: str = "") -> None:
        self.argument = argument
        self.problem = problem
        self.remedy = remedy
        text = f"{argument}: {problem}"
        super().__init__(f"{text}. {remedy}" if remedy else text)

    def __reduce__(self) -> tuple[type[InvalidInputError], tuple[str, str, str]]:
        """Pickle by the three parts, since `args` holds only the joined message."""
        return (type(self), (self.argument, self.problem, self.remedy))


class ExpressionError(InvalidInputError):
    """A formula uses something outside the whitelist, or is too large."""


class ProblemFileError(InvalidInputError):
    """A problem file is not valid TOML, or a key of it is missing, unknown or wrong."""


class SolverError(DanskinError):
    """A solver could not produce a result that its own bounds support."""


class LimitError(DanskinError):
    """A computation was stopped at its time limit."""


class MissingExtraError(DanskinError, ImportError):
    """An optional dependency is not installed; the message holds the pip line."""

    def __init__(self, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(
            f"{package} is needed for this and is not installed. "
            f"Install it with: pip install 'danskin[{extra}]'"
        )

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        """Pickle by the two parts."""
        return (type(self), (self.package, self.extra))
