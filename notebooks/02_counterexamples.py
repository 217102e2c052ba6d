# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Making, judging and finding counterexamples
#
# The first notebook met one objective at which minus the gradient at a maximizer points uphill.
# How special was it? Not at all. We shall make such objectives to order, see which orders cannot
# be filled and why, ask how bad it can get, find counterexamples in a formula that was not built
# to be one, and count how often random gradients are one.
#
# ## The order: a table of inner products
#
# Let $g_1, \dots, g_m$ be the gradients of all maximizers at $\theta_0$. The derivative along
# minus one of them is
#
# $$D(\theta_0; -g_i) = \max_j \frac{\langle -g_i, g_j \rangle}{\|g_i\|},$$
#
# which needs nothing but inner products. So everything is in the Gram matrix $G_{ij} = \langle
# g_i, g_j \rangle$: a negative entry in row $i$ says that $-g_i$ points uphill. And a descent
# direction exists exactly when $0$ is not in the convex hull of the gradients.
#
# Three unit gradients, neighbours at an obtuse angle:

# %%
import danskin as dk
from danskin.counterexamples import make_counterexample

gram = [["1", "-1/2", "1/4"], ["-1/2", "1", "-1/4"], ["1/4", "-1/4", "1"]]
made = make_counterexample(gram=gram)
print(made.explain())
display(made.objective)

# %% [markdown]
# That is an ordinary formula: a polynomial in $\delta$ on $[0, 1]$, linear in $\theta$. At
# $\theta_0 = 0$ its maximizers are three points of the interval, no more, and their gradients
# have exactly these inner products. Nothing of this has to be believed. `compare` computes all of
# it again from the formula alone and sets it beside what was ordered:

# %%
for line in made.compare():
    print(f"{line.verdict.value:8} {line.name}")

# %% [markdown]
# ## See it
#
# The prover's answers for the three single gradients and for the steepest direction
# (`prove_descent` knows nothing of how the objective was made), and $g(\theta_0, \cdot)$ with its
# maximizers lit.

# %%
from danskin import plots

S = dk.maximizers(made.objective, made.theta0)
_ = plots.plot_inner(made.objective, S)
for question in ["single:0", "single:1", "single:2", "steepest"]:
    proof = dk.prove_descent(made.objective, made.theta0, question)
    lo, hi = proof.derivative
    print(f"{question:9} a descent direction: {proof.verdict.value:8} D in [{lo:.6f}, {hi:.6f}]")

# %% [markdown]
# ## Orders that cannot be filled
#
# Three things can be wrong with a Gram matrix, and the refusal says which one it is: no vectors
# have these inner products; or the gradients hold $0$ in their hull, so that no direction
# descends at all; or some gradient has no partner at an obtuse angle, so that its corollary is
# true.

# %%
refused = {
    "no such vectors": [["1", "-9/10", "-9/10"], ["-9/10", "1", "-9/10"], ["-9/10", "-9/10", "1"]],
    "nothing descends": [["1", "-1/2", "-1/2"], ["-1/2", "1", "-1/2"], ["-1/2", "-1/2", "1"]],
    "no obtuse partner": [["1", "-1/2", "1/2"], ["-1/2", "1", "1/4"], ["1/2", "1/4", "1"]],
}
for name, matrix in refused.items():
    try:
        make_counterexample(gram=matrix)
    except dk.DanskinError as error:
        print(f"{name}: {error}\n")

# %% [markdown]
# ## How bad can it be?
#
# Let $\rho$ be the steepest rate, the distance of $0$ from the hull. If $\rho$ is large, all
# gradients point roughly the same way and nothing can go badly wrong. For unit gradients
#
# $$D(\theta; -g_i) \le 1 - 2\rho^2,$$
#
# so from $\rho = 1/\sqrt 2$ on every single gradient descends, and below it some objective
# attains the bound. A semidefinite program over all Gram matrices finds the worst one, and its
# answer is rounded to exact numbers that prove it.

# %%
from danskin.counterexamples.extremal import extremal_gram, extremal_table

worst = extremal_gram(3, "1/2", pattern="complete")
print(worst.explain())
table = extremal_table([2, 3, 5], ["1/5", "2/5", "3/5"])
_ = plots.plot_extremal(table)

# %% [markdown]
# ## Find one
#
# Here is a formula that nobody built for the purpose: a wave in $\delta$, mixed with two
# functions of $\theta$. Somewhere in the box two of its maxima tie. Is there a tie at which a
# single gradient points uphill although something descends? The search cuts random segments where
# the gradient of $\varphi$ jumps, walks along the kink that it found, makes the point exact and
# proves what it says.

# %%
from danskin.counterexamples import find_counterexamples

f = dk.MinMaxObjective.from_expression(
    "cos(2*pi*d)/10 + d*(t1 + t2) + (1 - d)*(t1**2 - 2*t2)",
    theta=["t1", "t2"],
    delta=["d"],
    domain=dk.Interval(0, 1),
)
result = find_counterexamples(f, [[-1, 1], [-1, 1]], starts=8, seed=0)
print(result.explain())

# %% [markdown]
# It says how much of the box it has looked at, and it would never say that there is none: a
# search that finds nothing shows nothing. What it found can be looked at. Around the kink, single
# gradients (squares) miss the cone of descent directions; and the prover agrees.

# %%
kink = result.counterexamples[0]
here = dk.maximizers(f, kink.exact_theta)
_ = plots.plot_phi(f, here)
for question in ["single:0", "single:1", dk.steepest_descent(here).direction]:
    print(dk.prove_descent(f, kink.exact_theta, question).explain())

# %% [markdown]
# ## How often?
#
# Draw $m$ random unit gradients in $\mathbb R^n$ with a given mean cosine between them. How often
# are they a counterexample? The more gradients there are, the more often; the more they have in
# common (a positive mean cosine), the less. The intervals are 95 % confidence.

# %%
from danskin.counterexamples.ensembles import phase_diagram

diagram = phase_diagram(
    ("cosine", [0.0, 0.1, 0.2, 0.4, 0.6]), ("m", [2, 4, 8]), n=10, draws=200, seed=0
)
_ = plots.plot_phase_diagram(diagram)

# %% [markdown]
# ## Where to go from here
#
# - `danskin explore` opens a page on which you drag the gradients yourself; *Landscape* takes
#   them over and shows the objective that was made for them.
# - `danskin search my_problem.toml` searches an objective of yours; a long sweep can be stopped
#   and resumed.
# - An exercise: order the Gram matrix `[[1, 0], [0, 1]]`. What is refused, and what does
#   `require="no descent"` change? Then move the $0$ to $-1/1000$.
