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
# # From one adversary to a batch, from a batch to CIFAR-10
#
# A batch of $B$ images has an adversary *for each image*:
#
# $$\varphi(\theta) = \max_{\delta \in S_0^B}\; \frac1B \sum_{i=1}^B L(\theta, x_i + \delta_i, y_i)
# = \frac1B \sum_{i=1}^B \max_{\delta_i \in S_0} L(\theta, x_i + \delta_i, y_i).$$
#
# The joint maximizers are all combinations: if each of 128 images has two, the batch has
# $2^{128}$. The paper's Algorithm 1 looks at $m = 10$ of them, the ones that ten runs of an attack
# on the whole batch return, and treats these as *the* maximizers. What does that cost? We start in
# the plane, where everything can be proved, and end at networks, where it has to be measured.
# (It needs the `torch` extra from the sixth cell on.)
#
# ## Two samples, four joint maximizers
#
# Counterexample 5 of this package: $e \perp f$ unit vectors, $w = 2e + f$. Sample 1 has two
# maximizers with the gradients $e \pm w$, sample 2 two with the gradients $e \mp w$.

# %%
import danskin as dk
from danskin.counterexamples import RUNS, coupled_batch

case = coupled_batch()
f = case.objective
S = dk.maximizers(f, case.theta0)
print(S)
for i, sample in enumerate(S.samples, 1):
    print(f"sample {i}: gradients", [[str(x) for x in row] for row in sample.exact_gradients])

# %% [markdown]
# Suppose that an attack with two runs finds *both* maximizers of both samples, but coupled: run 1
# returns $\delta = (1, 1)$, run 2 returns $(0, 0)$. Each joint gradient is the mean of one gradient
# a sample, and the $w$ cancel: both are $e$. Algorithm 1 is given the gradients $e$ and $e$, and
# promises descent along $-e$ at the rate 1.

# %%
import numpy as np

joint = {tuple(int(x) for x in d.ravel()): g for d, g in zip(S.deltas, S.gradients, strict=True)}
seen = np.array([joint[tuple(run)] for run in RUNS])
print("gradients of the runs:", seen.tolist())
promise = dk.steepest_descent(seen)
print(promise.explain())

# %% [markdown]
# Danskin's formula over *all* joint maximizers says something else: along $-e$ the robust loss
# **rises**, at the rate 1. The runs have missed $(1, 0)$ and $(0, 1)$, which mix what each sample
# found on its own.

# %%
truth = dk.directional_derivative(S, [-1, 0])
print(truth.explain())
for t in [0.1, 0.01]:
    change = f.robust_value(np.array([-t, 0.0])) - f.robust_value(np.zeros(2))
    print(f"a step of {t} along -e: phi changes by {change:+.4f}")

# %% [markdown]
# ## One simplex a sample
#
# The gradients of all joint maximizers form the *Minkowski mean* of the samples' sets, and the hull
# of a Minkowski sum is the sum of the hulls. So there is no need to list $2^B$ points: give each
# sample weights $\alpha_i$ of its own,
#
# $$\min_{\alpha_1, \dots, \alpha_B \in \Delta}\; \Big\| \frac1B \sum_i \sum_j \alpha_{ij}\, g_{ij}
# \Big\|.$$
#
# That is the *product* problem, with $Bm$ unknowns. Minus its solution descends, provably.

# %%
best = dk.steepest_descent(S)
print(best.explain())
print("direction", [str(x) for x in best.exact_direction])
print(dk.prove_descent(f, case.theta0, best.exact_direction))
print(dk.prove_descent(f, case.theta0, [-1, 0]))

# %% [markdown]
# Left the hull that the two runs see, a single point; right the hull of the batch, with the cone
# of its descent directions.

# %%
import matplotlib.pyplot as plt

from danskin import plots

figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 5.4), layout="constrained")
plots.plot_hull(seen, left, direction=[-1, 0])
left.set_title("what the coupled runs see")
plots.plot_hull(S, right, direction=[-1, 0])
_ = right.set_title("all joint maximizers")

# %% [markdown]
# Is that bad luck? Let $m$ independent runs pick each sample's maximizer with a fair coin. The
# coupled hull misses $(1, 0)$ or $(0, 1)$ less often as $m$ grows; let us count how often
# the coupled direction does not descend, and compare with the exact probability,
# $(3/4)^m + (1/4)^m$. (`danskin verify --only coupled-batch-probability --evidence` has the
# proof.)

# %%
rng = np.random.default_rng(0)
draws = 400
for m in [1, 2, 4, 8]:
    rises = 0
    for _ in range(draws):
        runs = {tuple(run) for run in rng.integers(0, 2, size=(m, 2))}
        direction = dk.steepest_descent(np.array([joint[run] for run in sorted(runs)])).direction
        rises += direction is None or float(dk.directional_derivative(S, direction)) >= 0
    print(f"m = {m}: uphill or nothing in {rises / draws:.3f}, exactly {0.75**m + 0.25**m:.3f}")

# %% [markdown]
# ## A tiny network
#
# Now a real loss: scikit-learn's digits, a network of two layers, perturbations of each pixel by up
# to 0.1. From here on maximizers are what an attack finds, and every statement is an *empirical*
# one. A few epochs of plain adversarial training first.

# %%
import torch

import danskin.torch as dkt

torch.set_num_threads(1)
torch.manual_seed(0)
training, held_out = dkt.load_data("digits", "train"), dkt.load_data("digits", "test")
model = dkt.build_model("mlp", shape=training.shape, classes=10, hidden=(32,), activation="celu")
attack = dkt.PGD(model, eps=0.1, alpha=0.025, steps=7)
optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
plain = dkt.DDi(model, attack, m=1, method="single")
order = torch.Generator().manual_seed(0)
for epoch in range(4):
    for images, labels in training.batches(64, order):
        optimizer.zero_grad()
        report = plain.backward(images, labels)
        optimizer.step()
    print(f"epoch {epoch + 1}: adversarial loss of the last batch {report.loss:.3f}")

# %% [markdown]
# The two directions on one batch, with four adversaries an image. `norm` is the length of the
# min-norm point, `conflict` the share of pairs of gradients with a negative product.

# %%
images, labels = held_out.batch(slice(0, 64))
for method in ["single", "coupled", "product"]:
    starts = torch.Generator().manual_seed(1)  # the same adversaries for all three
    same = dkt.PGD(model, eps=0.1, alpha=0.025, steps=7, generator=starts)
    ddi = dkt.DDi(model, same, m=1 if method == "single" else 4, method=method)
    optimizer.zero_grad()
    report = ddi.backward(images, labels)
    print(f"{method:8} norm {report.norm:.5f}   {report.explain()}\n")
optimizer.zero_grad()

# %% [markdown]
# The product's point is never longer than the coupled one: it is the nearest point of a larger
# hull. Whether the *shorter* point is the *better* direction is another question: of the
# adversaries that an attack found, most are no maximizers, and the min-norm point leans on the
# weak ones. That is what the audit measures: take a step along each direction, attack afresh,
# compare.

# %%
report = dkt.audit(
    model, *held_out.batch(slice(0, 192)), eps=0.1, m=4, batch_size=32, step_lengths=[0.05, 0.2]
)
print(report.explain())

# %%
from danskin.plots.audit import plot_audit

_ = plot_audit(report.to_dict(), "a small network on digits")

# %% [markdown]
# Read the lower right panel: each direction's decrease of the robust loss against a single
# gradient's, with intervals: a fraction of a percent here, for four times the attacks. The
# gradients of an image's adversaries are nearly parallel. The counterexamples are true, and so is
# this.
#
# ## To CIFAR-10
#
# The full recipe is a command. `danskin train --list` shows the paper's settings and the controls
# that the paper lacks. Above all *normalised* PGD: DDi's step has length one times the rate, a PGD
# step the length of its gradient, and a comparison without it confounds the direction with the
# length.
#
# ```
# danskin train --list
# danskin train paper-pgd --data cifar-10-batches-bin
# danskin train paper-ddi --data cifar-10-batches-bin
# ```
#
# An exercise: in counterexample 5, which *two* runs make the coupled hull as good as the product's?
# Which two are the worst?
