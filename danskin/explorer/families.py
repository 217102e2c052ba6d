"""The registered counterexamples as the page offers them, and presets for the views.

Objectives, points and gradients are `danskin.counterexamples`' own; what is written here is what to
look at. Presets of gradients and batches are read off the registered objects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from danskin import __version__
from danskin.counterexamples import (
    Counterexample,
    absolute_value,
    all_families,
    coupled_batch,
    obtuse_pair,
    orabona,
    simplex_family,
    symmetric_triple,
)
from danskin.errors import InvalidInputError
from danskin.explorer.domains import KINDS
from danskin.explorer.payload import MAX_COORDINATE, number, text
from danskin.expression import FUNCTIONS

__all__ = ["CARDS", "LIMITS", "Card", "meta"]

LIMITS = {
    "gradients": [2, 8],
    "samples": 2,
    "per_sample": [1, 4],
    "runs": [1, 16],
    "coordinate": MAX_COORDINATE,
    "steps": 200,
    "grid": 101,
    "budget": [0.5, 60],
    "formula": 2000,
    "theta": [1, 8],
    "delta": [1, 6],
}


@dataclass(frozen=True)
class Parameter:
    """A parameter of a family, as the page asks for it."""

    name: str
    default: str
    text: str
    read: Callable[[Any, str], Any] = number

    def to_dict(self) -> dict[str, str]:
        """Return plain data."""
        return {"name": self.name, "default": self.default, "text": self.text}


def _vectors(value: Any, where: str) -> list[list[str]]:
    """Read vectors of the plane from ``2, 1; -2, 1; -1, 1``."""
    rows = [[x.strip() for x in r.split(",")] for r in text(value, where, 400).split(";")]
    if any(len(r) != 2 for r in rows) or not 2 <= len(rows) <= 3:
        raise InvalidInputError(
            where, f"{value[:60]!r} is not 2 or 3 vectors of the plane", 'Write "2, 1; -2, 1".'
        )
    for i, r in enumerate(rows):
        for x in r:
            number(x, f"{where}[{i}]")
    return rows


@dataclass(frozen=True)
class Card:
    """A family in the plane, with where to start and what to see."""

    name: str
    text: str
    build: Callable[..., Counterexample]
    start: tuple[float, float]
    kink: tuple[str, str]
    window: tuple[tuple[float, float], tuple[float, float]]
    parameters: tuple[Parameter, ...] = ()
    step_size: Any = "0.5/sqrt(k)"
    defaults: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        family = next(f for f in all_families() if f.name == self.name)
        objective = self.build(**self.defaults).objective
        samples: Any = getattr(objective, "samples", (objective,))
        return {
            "name": self.name,
            "title": family.title,
            "source": family.source,
            "latex": family.latex,
            "text": self.text,
            "g": [s.text for s in samples],
            "theta": [str(s) for s in samples[0].theta_symbols],
            "delta": [[str(d) for d in s.delta_symbols] for s in samples],
            "parameters": [p.to_dict() for p in self.parameters],
            "start": self.start,
            "kink": self.kink,
            "window": self.window,
            "step_size": self.step_size,
            "steps": 30,
        }


_TRIANGLE = "2, 1; -2, 1; -1, 1"

CARDS = {
    card.name: card
    for card in (
        Card(
            "obtuse_pair",
            "Two planes meet at θ = 0 in a kink. Put θ there: two maximizers light up, and minus "
            "either gradient climbs the other plane.",
            obtuse_pair,
            (0.6, 0.5),
            ("0", "0"),
            ((-2, 2), (-2, 2)),
            (Parameter("cosine", "-1/2", "cosine of the angle between u and v, in (-1, 0)"),),
        ),
        Card(
            "orabona",
            "A valley along θ2 = 0 where every δ is a maximizer. Single gradients zigzag across "
            "it; the steepest direction runs along it to the minimum at 0.",
            orabona,
            (1.0, 0.5),
            ("1/2", "0"),
            ((-1.6, 1.6), (-1.6, 1.6)),
        ),
        Card(
            "simplex_family",
            "Any vectors become the gradients of the maximizers at θ = 0, the corners of a "
            "simplex. Move θ away and the corners go out one by one.",
            simplex_family,
            (0.4, -0.6),
            ("0", "0"),
            ((-2, 2), (-2, 2)),
            (Parameter("vectors", _TRIANGLE, "2 or 3 vectors, obtuse to one another", _vectors),),
            defaults={"vectors": _vectors(_TRIANGLE, "vectors")},
        ),
        Card(
            "coupled_batch",
            "Two samples with two maximizers each: four joint maximizers at θ = 0. See Batches for "
            "what happens when an attack finds only two of them.",
            coupled_batch,
            (0.5, 0.8),
            ("0", "0"),
            ((-2, 2), (-2, 2)),
            (Parameter("s", "1", "how far the samples' gradients leave their common line, not 0"),),
        ),
    )
}


def _gradients(member: Counterexample) -> list[list[str]]:
    """Return the gradients of a member in the plane; those of the line are put into it."""
    return [[str(x) for x in (*g, 0)[:2]] for g in member.gradients]


def _preset(name: str, title: str, source: str, text: str, rows: Any) -> dict[str, Any]:
    given = [[str(x) for x in r] for r in rows]
    return {"id": name, "title": title, "source": source, "text": text, "gradients": given}


def _gradient_presets() -> list[dict[str, Any]]:
    pair, plane = obtuse_pair(), orabona()
    return [
        _preset(
            "obtuse_pair", "The obtuse pair", "Counterexample 2",
            "Two maximizers whose gradients are at 120°. Minus either one points uphill; between "
            "them lies a sector of descent, and its middle is steepest.",
            _gradients(pair),
        ),
        _preset(
            "orabona", "Orabona's example", "Section 5.2, at θ = (1/2, 0)",
            "The end points of an interval of maximizers. The steepest direction runs along the "
            "kink, and no single gradient does.",
            _gradients(plane),
        ),
        _preset(
            "border", "The border: a right angle", "The price of one adversary",
            "Unit gradients at 90°, ρ = 1/√2. D = 0 along minus either: not uphill, and not a "
            "descent direction either. Turn one a little and the verdict changes.",
            [["1", "0"], ["0", "1"]],
        ),
        _preset(
            "acute", "Acute: the corollary holds", "Madry et al. 2018, C.2",
            "All pairs at acute angles: every single gradient descends, as the corollary says.",
            [["1", "0"], ["4/5", "3/5"]],
        ),
        _preset(
            "simplex", "Three gradients", "Appendix A",
            "Each has an obtuse partner, so that no single one descends; 0 is not in their hull, "
            "so that some direction does.",
            _vectors(_TRIANGLE, "vectors"),
        ),
        _preset(
            "triple", "120 degrees: stationary", "Appendix A",
            "Three unit gradients that add up to 0, which lies in their hull: no direction "
            "descends, and D is at least 1/2 everywhere.",
            symmetric_triple(),
        ),
        _preset(
            "absolute_value", "The absolute value", "Counterexample 1",
            "φ = |θ1| at 0, with gradients −1 and 1. Stationary: D = 1 both ways along θ1, and 0 "
            "across, where φ does not change.",
            _gradients(absolute_value()),
        ),
        _preset(
            "lengths", "Very different lengths", "Theorem 2",
            "The min-norm point is near the short gradient: it is not the mean, and the mean "
            "points uphill.",
            [["1/4", "0"], ["-3", "1"]],
        ),
        _preset(
            "eight", "Eight gradients", "Theorem 2",
            "Only the hull matters: of eight gradients, one or two carry the min-norm point.",
            [["2", "0"], ["3/2", "2"], ["1", "-1"], ["5/2", "1"], ["1/2", "3/2"], ["-1", "2"],
             ["3", "-1/2"], ["-1/2", "1"]],
        ),
    ]  # fmt: skip


def _batch_presets() -> list[dict[str, Any]]:
    member = coupled_batch()
    S: Any = member.maximizer_set()
    samples = [[[str(x) for x in g] for g in s.exact_gradients] for s in S.samples]
    # A sample's maximizers are listed with delta ascending, as `maximizers` does.
    runs = [[int(d) for d in run] for run in member.runs]
    everything = [[i, j] for i in (0, 1) for j in (0, 1)]
    told = (
        "The attack's two runs found a maximizer of each sample, and coupled them: both joint "
        "gradients are e, so that coupled DDi promises the rate −1 along −e. The batch's φ goes "
        "up at rate +1 there: the other two combinations are maximizers too."
    )
    return [
        {"id": "coupled_batch", "title": "Counterexample 5", "text": told, "samples": samples,
         "runs": runs},
        {"id": "all_runs", "title": "The same, all combinations seen",
         "text": "With all four joint gradients, coupled DDi and the product hull agree.",
         "samples": samples, "runs": everything},
        {"id": "agreeing", "title": "Samples that agree",
         "text": "Where the samples' gradients are alike, coupling them loses little.",
         "samples": [[["2", "1"], ["2", "-1"]], [["3", "1"], ["3", "-1"]]], "runs": runs},
    ]  # fmt: skip


_EXAMPLES = [
    {
        "id": "orabona",
        "title": "Orabona's example",
        "text": "All of [0, 1] are maximizers at (1/2, 0).",
        "objective": {
            "g": "d*(t1**2 + (t2+1)**2) + (1-d)*(t1**2 + (t2-1)**2)",
            "theta": "t1, t2", "delta": "d", "domain": "[0, 1]", "parameters": {},
            "at": "1/2, 0", "direction": "steepest",
        },
    },
    {
        "id": "single",
        "title": "A single gradient, refuted",
        "text": "Minus the gradient at the first maximizer, at a kink of two parabolas.",
        "objective": {
            "g": "d*(t1**2 + t2) + (1-d)*(t2**2 - t1 - t2) + d*(d-1)",
            "theta": "t1, t2", "delta": "d", "domain": "[0, 1]", "parameters": {},
            "at": "0, 0", "direction": "single:0",
        },
    },
    {
        "id": "wave",
        "title": "A wave with three tops",
        "text": "Which tops are maximizers turns with θ; here all three tie.",
        "objective": {
            "g": "cos(2*pi*d)/10 + t1*d + t2*(d - 1)**2", "theta": "t1, t2", "delta": "d",
            "domain": "[0, 2]", "parameters": {}, "at": "0, 0", "direction": "-1, -1",
        },
    },
    {
        "id": "classifier",
        "title": "A linear classifier in a box",
        "text": "One point, an l_inf attack of radius eps, logistic loss.",
        "objective": {
            "g": "softplus(-(t1*(2 + d1) + t2*(1 + d2)))", "theta": "t1, t2", "delta": "d1, d2",
            "domain": "ball 0, 0; 1/2 norm inf", "parameters": {}, "at": "1, 0",
            "direction": "steepest",
        },
    },
]  # fmt: skip


@lru_cache(maxsize=1)
def meta() -> dict[str, Any]:
    """Return what the page needs to know before it asks anything."""
    from danskin.explorer.landscape import RULE_TITLES

    return {
        "version": __version__,
        "api": 1,
        "limits": LIMITS,
        "gradients": {"presets": _gradient_presets()},
        "landscape": {
            "families": [card.to_dict() for card in CARDS.values()],
            "rules": [
                {"name": name, "title": title, "text": told}
                for name, (title, told) in RULE_TITLES.items()
            ],
        },
        "objective": {
            "examples": _EXAMPLES,
            "domains": list(KINDS),
            "functions": sorted(FUNCTIONS),
        },
        "batch": {"presets": _batch_presets()},
    }
