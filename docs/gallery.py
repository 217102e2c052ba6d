"""The gallery: every picture that `danskin.plots` draws, as a function whose body is shown.

`make_figures` runs the functions and copies their bodies into gallery.md, so that what a reader
sees is what was run. A docstring's first line is a heading, the rest says what to see.
"""

# ruff: noqa: D401 - a heading is no command

from __future__ import annotations

import numpy as np

import danskin as dk
from danskin import plots
from danskin.counterexamples import coupled_batch, obtuse_pair, simplex_family
from danskin.counterexamples.ensembles import phase_diagram
from danskin.counterexamples.extremal import extremal_table
from danskin.plots import Axes

# --- before the first picture -------------------------------------------------------------------
f = dk.MinMaxObjective.from_expression(
    "d*(t1**2 + (t2 + 1)**2) + (1 - d)*(t1**2 + (t2 - 1)**2)",
    theta=["t1", "t2"],
    delta=["d"],
    domain=dk.Interval(0, 1),
)
S = dk.maximizers(f, ["1/2", 0])
options = {"steps": 25, "step_size": "0.5/sqrt(k)"}
runs = {
    "one example": dk.descend(
        f,
        [1, 0],
        rule="normalized_single",
        adversary=dk.ProjectedAscent(restarts=1),
        rng=np.random.default_rng(0),
        **options,
    ),
    "DDi with 10 examples": dk.descend(
        f,
        [1, 0],
        rule="ddi",
        adversary=dk.ProjectedAscent(restarts=10),
        rng=np.random.default_rng(0),
        **options,
    ),
}
# --- the pictures -------------------------------------------------------------------------------


def phi() -> Axes:
    """The whole story on the contours of phi.

    On the kink the gradients of the maximizers (squares) point to both sides. Minus either of them
    leaves the cone of descent directions; minus the min-norm point of their hull, the steepest
    direction, runs along the kink.
    """
    return plots.plot_phi(f, S)


def derivative() -> Axes:
    """The directional derivative in every direction.

    The distance from the centre is D. Inside the dashed circle D < 0 and a direction descends; both
    single gradients lie outside.
    """
    return plots.plot_derivative(S)


def hull() -> Axes:
    """The gradients, their hull and its min-norm point.

    A direction descends if it makes an obtuse angle with the whole hull (Theorem 2). Here the three
    gradients 2 + (cos, sin) at 0, 120 and 240 degrees, and one direction that was asked for.
    """
    gradients = [[3, 0], ["3/2", "sqrt(3)/2"], ["3/2", "-sqrt(3)/2"]]
    return plots.plot_hull(gradients, direction=[-1, 1])


def inner_interval() -> Axes:
    """The inner problem over an interval: two maximizers.

    Counterexample 2: g is a parabola in delta whose two ends are equally high. An ascent method
    returns one of them, depending on where it starts.
    """
    pair = obtuse_pair(cosine="-1/2")
    return plots.plot_inner(pair.objective, pair.maximizer_set())


def inner_face() -> Axes:
    """The inner problem where infinitely many points are maximizers.

    Over a square, g is highest on the whole edge d1 = 1: a face, kept as the set that it is.
    """
    g = dk.MinMaxObjective.from_expression(
        "t*d1 + s*(d1 - 1)*d2", ["t", "s"], ["d1", "d2"], dk.Box([0, 0], [1, 1])
    )
    return plots.plot_inner(g, dk.maximizers(g, [1, "1/2"]))


def inner_simplex() -> Axes:
    """The inner problem over a simplex of three.

    Appendix A: minus the entropy is 0 at the three vertices and negative elsewhere.
    """
    family = simplex_family()
    return plots.plot_inner(family.objective, family.maximizer_set())


def inner_search() -> Axes:
    """The inner problem where maximizers are found by a search.

    Nothing proves that there are no others, and the legend says so.
    """
    g = dk.MinMaxObjective.from_expression(
        "cos(3*d1 + t)*cos(3*d2) + d1/5", ["t"], ["d1", "d2"], dk.Ball([0, 0], "3/2")
    )
    return plots.plot_inner(g, dk.maximizers(g, [0]))


def envelope() -> Axes:
    """The objective phi along a line, the upper envelope of g.

    Against a single gradient, g falls for the delta it belongs to, and phi rises: another delta
    takes over. The slopes at 0 are those of Danskin's theorem, one for each side.
    """
    return plots.plot_envelope(f, S, [-1, -2])


def gram() -> Axes:
    """The Gram matrix: which pairs are obtuse.

    The four joint gradients of the coupled batch. A framed entry is negative: minus one gradient of
    the pair goes uphill.
    """
    return plots.plot_gram(coupled_batch().maximizer_set())


def figure_1a() -> Axes:
    """Figure 1a of the paper.

    Section 5.2: 10 steps of projected ascent from random starts, outer steps of length 0.5/sqrt(k).
    One adversarial example jumps across the kink; Danskin's descent direction from ten stays on it.
    """
    return plots.plot_landscape(f, runs, xlim=(-0.45, 1.15), ylim=(-0.6, 0.6))


def figure_1b() -> Axes:
    """Figure 1b of the paper.

    phi at the iterates of the same two runs. The single example's direction raises phi again and
    again.
    """
    return plots.plot_values(runs)


def price() -> Axes:
    """The price of one adversary.

    How far uphill the worst single gradient points, for 600 random sets of unit gradients: never
    above 1 - 2 rho^2. Counterexample 2 (stars) attains it for every rho; above 1/sqrt(2) every
    single gradient descends.
    """
    stars = [obtuse_pair(cosine=c).maximizer_set().gradients for c in ("-9/10", "-1/2", "-1/10")]
    sets = plots.random_gradients(np.random.default_rng(0), 600)
    return plots.plot_price(sets, marked={"counterexample 2": stars})


def extremal() -> Axes:
    """How bad one adversary can be, pattern by pattern.

    The worst rate of a single gradient where steepest descent goes down at rate rho, from
    semidefinite programs over Gram matrices. A filled marker is proved by an exact matrix; nothing
    lies above the closed-form bound.
    """
    return plots.plot_extremal(extremal_table([2, 3], ["1/10", "3/10", "1/2", "3/5"]))


def phase() -> Axes:
    """How often random gradients are a counterexample.

    Random unit gradients in R^10 with a mean cosine (across) and in number m (down): the share of
    draws in which some single gradient points uphill while a descent direction exists.
    """
    diagram = phase_diagram(("cosine", [0, 0.1, 0.2, 0.3, 0.4]), ("m", [2, 4, 8]), draws=200)
    return plots.plot_phase_diagram(diagram)


def losses() -> Axes:
    """What each direction loses.

    The same random gradients, m = 4: by how much the rate of a single gradient, of their mean and
    of DDi over a part of them falls short of the steepest one, with intervals.
    """
    diagram = phase_diagram(("cosine", [0, 0.1, 0.2, 0.3, 0.4]), ("m", [4]), draws=200, ddi=2)
    return plots.plot_losses(diagram)


def proof_interval() -> Axes:
    """A proof as boxes, delta on a line.

    Boxes around the graph of g: what lies below the proved lower bound of phi holds no maximizer,
    nor does a box in which g keeps rising. On the one cell that is left the rate along the
    direction is negative: descent is proved.
    """
    g = dk.MinMaxObjective.from_expression(
        "sin(3*d)*t1 + cos(5*d)*t2 - (d - 1/2)**2", ["t1", "t2"], ["d"], dk.Interval(0, 1)
    )
    return plots.plot_cells(dk.prove_descent(g, ["1/3", "1/7"], [-1, 0]))


def proof_plane() -> Axes:
    """A proof as boxes, delta in a disc.

    The cells shrink towards the maximizer on the rim. Along (1, 1) the rate is positive there: the
    direction is proved to ascend.
    """
    g = dk.MinMaxObjective.from_expression(
        "t1*sin(2*d1) + t2*d2 - d1*d2", ["t1", "t2"], ["d1", "d2"], dk.Ball([0, 0], 1)
    )
    return plots.plot_cells(dk.prove_descent(g, ["1/3", "1/7"], [1, 1]))


def proof_bounds() -> Axes:
    """The bounds on D close in.

    The same proof, box by box: D lies in the shaded band at any time, and the question is decided
    as soon as the band leaves 0.
    """
    g = dk.MinMaxObjective.from_expression(
        "t1*sin(2*d1) + t2*d2 - d1*d2", ["t1", "t2"], ["d1", "d2"], dk.Ball([0, 0], 1)
    )
    return plots.plot_bounds(dk.prove_descent(g, ["1/3", "1/7"], [1, 1]))
