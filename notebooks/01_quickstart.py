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
# # From a false corollary to a direction that descends
#
# Adversarial training, robust optimisation and many games minimise a function with a maximum
# inside:
#
# $$\varphi(\theta) = \max_{\delta \in S} g(\theta, \delta).$$
#
# Everybody's step is the same: find *one* maximizer $\delta^*$, take the gradient of
# $g(\cdot, \delta^*)$ there, walk against it. The justification is usually given as a corollary of
# a theorem by Danskin (1966): *minus the gradient at a maximizer is a descent direction of
# $\varphi$*.
#
# The theorem is true. The corollary is not. In ten cells you will see it fail, see why, and
# compute the direction that really descends.
#
# ## The smallest honest example
#
# Two parameters, one adversarial number $\delta$ in $[0, 1]$ (an example of Francesco Orabona's):
# the adversary mixes the squared distances to the points $(0, -1)$ and $(0, 1)$. Formulas are
# text; danskin parses them, differentiates them, and keeps every number exact.

# %%
import danskin as dk

f = dk.MinMaxObjective.from_expression(
    "d*(t1**2 + (t2 + 1)**2) + (1 - d)*(t1**2 + (t2 - 1)**2)",
    theta=["t1", "t2"],
    delta=["d"],
    domain=dk.Interval(0, 1),
)
display(f)

# %% [markdown]
# ## All maximizers, not one
#
# We stand at $\theta = (1/2, 0)$, on the symmetry axis. There $g$ does not depend on $\delta$ at
# all: *every* $\delta \in [0, 1]$ is a maximizer. danskin returns that set as what it is, an
# interval, and not as a handful of samples; `complete=True` means that nothing is missing, and
# that this is proved.

# %%
S = dk.maximizers(f, ["1/2", 0])
print(S)
print("phi =", S.exact_value, "  gradients at the ends of the interval:", S.exact_gradients)

# %% [markdown]
# ## The corollary fails
#
# For a unit vector $\gamma$ the directional derivative is
#
# $$D(\theta; \gamma) = \lim_{t \downarrow 0} \frac{
# \varphi(\theta + t\gamma) - \varphi(\theta)}{t},$$
#
# and $\gamma$ is a descent direction when $D < 0$. Take minus the gradient at each end of the
# interval, two maximizers that a solver may well return. Both derivatives are **positive**: either
# step, however small, makes $\varphi$ larger.

# %%
for i in range(len(S)):
    one = dk.single_gradient(S, i)
    print(one.direction, " D =", one.derivative.value, "=", float(one.derivative))

# %% [markdown]
# Do not take a formula's word for it. Walk a little along the first of these directions and look
# at $\varphi$ itself. The quotients tend to the $D$ above.

# %%
uphill = dk.single_gradient(S, 0).direction
for t in [0.1, 0.01, 0.001]:
    change = f.robust_value(S.theta + t * uphill) - f.robust_value(S.theta)
    print(f"t = {t:<6} phi changes by {change:+.6f}, per unit length {change / t:+.4f}")

# %% [markdown]
# ## Where the proof goes wrong
#
# Danskin's theorem says that $D(\theta; \gamma)$ is a maximum over *all* maximizers:
#
# $$D(\theta; \gamma) = \max_{\delta^* \in S^*(\theta)} \langle \gamma,
# \nabla_\theta g(\theta, \delta^*) \rangle.$$
#
# The corollary's proof looks at $\gamma = +\nabla g$, finds $D > 0$, and concludes that
# $D(\theta; -\gamma) = -D(\theta; \gamma) < 0$. For a smooth function that is right. Here
# $\varphi$ has a kink: a maximum of slopes is not odd in $\gamma$, and the two-sided derivative
# that the proof uses does not exist. (Lemma 1 of the paper: if it exists,
# $D(\gamma) = -D(-\gamma)$.)

# %%
both = dk.two_sided_derivative(S, [1, 2])  # along the gradient at one end, and against it
print("D(gamma)  =", both.forward.value)
print("D(-gamma) =", both.backward.value)
print("a two-sided derivative exists:", both.exists.value)

# %% [markdown]
# ## The direction that descends
#
# To descend, $\gamma$ must have a negative product with the gradient of *every* maximizer. The
# best such $\gamma$ has a beautiful description (Theorem 2). Take the convex hull of all the
# gradients, let $x^*$ be its point closest to the origin and $\rho = \|x^*\|$. If $\rho > 0$,
#
# $$\gamma^* = -\frac{x^*}{\rho}, \qquad D(\theta; \gamma^*) = -\rho,$$
#
# and no direction does better. If $\rho = 0$, no direction descends to first order.

# %%
best = dk.steepest_descent(S)
print(best.explain())
print("direction", best.exact_direction, "  weights of the gradients", best.weights)

# %% [markdown]
# ## A result that checks itself
#
# A point $x$ of the hull is the closest to the origin exactly if
# $\langle x, g_i \rangle \ge \|x\|^2$ for every gradient $g_i$. That is easy to check without
# knowing how $x$ was found; and even where it fails a little,
# $\min_i \langle x, g_i \rangle / \|x\| \le \rho \le \|x\|$ encloses the truth.

# %%
x = best.min_norm.point
print("<x, g_i>  =", S.gradients @ x, "  |x|^2 =", x @ x)
print("rho lies between", best.min_norm.lower_bound, "and", best.min_norm.norm)

# %% [markdown]
# ## See it
#
# Left: $D$ as the distance from the centre, in every direction of the plane. Inside the dashed
# circle $D < 0$. The descent directions are a narrow cone; both single gradients miss it. Right:
# the same cone, from the gradients. Every direction in it makes an obtuse angle with the whole
# hull.

# %%
from danskin import plots

_ = plots.plot_certificate(f, S)
# %% [markdown]
# ## What it does to training
#
# Algorithm 1 of the paper (DDi) repeats this step. Compare it with the usual step, one gradient at
# a maximizer drawn at random, scaled to the same length so that only the directions differ. (Near
# the minimum both overshoot, since a step of fixed length does not know that it has arrived;
# `explain` tells steps in a wrong direction from steps that went too far.)

# %%
import numpy as np

options = {"steps": 25, "step_size": "0.5/sqrt(k)"}
runs = {
    "one gradient": dk.descend(
        f, [1, 0], rule="normalized_single", rng=np.random.default_rng(3), **options
    ),
    "steepest (DDi)": dk.descend(f, [1, 0], rule="ddi", **options),
}
for name, run in runs.items():
    print(f"{name}: {run.explain()}\n")
_ = plots.plot_landscape(f, runs)
_ = plots.plot_values(runs)
# %% [markdown]
# ## The small print
#
# Kinks are rare: at almost every $\theta$ there is one maximizer, and then the corollary is true,
# for a small enough step. But training takes steps of some length, and what is across the kink
# counts. At $(1/2, 1/100)$ the only maximizer is $\delta = 1$, and minus its gradient points
# downhill, for a hundredth or so; a step of 0.1 along it ends higher than it began. A *step-aware*
# direction uses the values and gradients at several points, maximizers or not, and knows how far
# it is going to go.

# %%
near = ["1/2", "1/100"]
rival = dk.maximizers(f, near)
print(rival, "  D against its gradient:", float(dk.single_gradient(rival).derivative))

theta, deltas = rival.theta, np.array([[0.0], [1.0]])
aware = dk.step_aware(f.gradients(theta, deltas), f.values(theta, deltas), radius=0.1)
for name, step in [
    ("one gradient", 0.1 * dk.single_gradient(rival).direction),
    ("step-aware", aware.displacement),
]:
    change = f.robust_value(theta + step) - f.robust_value(theta)
    print(f"{name:12} step {np.round(step, 4)}, length 0.1: phi changes by {change:+.4f}")

# %% [markdown]
# ## Where to go from here
#
# - `dk.theorem3` certifies a direction from a *finite* set of adversaries, if you know a Lipschitz
#   constant; `dk.verify()` proves the statements used here, by machine.
# - Write your own problem into a TOML file and run `danskin certify my_problem.toml`.
# - An exercise: three unit vectors at 120 degrees, `dk.steepest_descent([[1, 0], ...])`. What does
#   `explain()` say, and why is it right? (Write the coordinates as text, `"sqrt(3)/2"`, to get an
#   exact answer.)
