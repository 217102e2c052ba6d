"""Random gradients: exact probabilities (Wendel, obtuse pairs), reproducibility, hostile input."""

import json
import math

import numpy as np
import pytest
from scipy import stats

from danskin.counterexamples.ensembles import (
    Mean,
    Share,
    phase_diagram,
    random_cell,
    unit_gradients,
)
from danskin.errors import InvalidInputError
from danskin.plots import plot_losses, plot_phase_diagram


def strict(hits, draws, probability):
    """Whether a share is credible for a probability, at one in a million."""
    return stats.binomtest(hits, draws, probability).pvalue > 1e-6


@pytest.mark.parametrize(("m", "n"), [(2, 2), (3, 2), (5, 3), (6, 2), (8, 4)])
def test_stationary_share_is_wendels(m, n):
    """Symmetric directions: P(0 not in the hull) = 2^(1-m) sum_{k<n} C(m-1, k) (Wendel 1962)."""
    cell = random_cell(m, n, 0.0, draws=500)
    outside = sum(math.comb(m - 1, k) for k in range(n)) / 2 ** (m - 1)
    assert strict(cell.stationary.hits, cell.stationary.draws, 1 - outside)


def test_two_directions_are_obtuse_half_the_time():
    """m = 2: a counterexample iff the angle is obtuse, at cosine 0 with probability 1/2."""
    cell = random_cell(2, 3, 0.0, draws=800)
    assert strict(cell.counterexample.hits, 800, 0.5)
    # Both or none of an obtuse pair point uphill.
    # Two gradients of one draw say the same, so they are no more evidence than one.
    assert cell.uphill == cell.counterexample


def test_losses_of_a_pair_in_closed_form():
    """m = 2: rho = sqrt((1+c)/2), D(-g) = -c, and the mean is the min-norm point."""
    rng = np.random.default_rng(3)
    sets = unit_gradients(np.random.default_rng(3), 200, 2, 4, 0.3)
    c = np.einsum("dn,dn->d", sets[:, 0], sets[:, 1])
    rho = np.sqrt((1 + c) / 2)
    cell = random_cell(2, 4, 0.3, draws=200, rng=rng)
    assert cell.loss["single"].value == pytest.approx(np.mean(rho - c), rel=1e-9)
    assert cell.loss["mean"].value == pytest.approx(0, abs=1e-9)
    assert cell.loss["ddi"].value == pytest.approx(0, abs=1e-9)
    assert cell.rho.value == pytest.approx(rho.mean(), rel=1e-9)


def test_ddi_over_all_gradients_is_the_steepest_and_over_some_is_not():
    whole = random_cell(6, 8, 0.2, draws=60)
    some = random_cell(6, 8, 0.2, draws=60, ddi=2)
    one = random_cell(6, 8, 0.2, draws=60, ddi=1)
    assert abs(whole.loss["ddi"].value) < 1e-8
    assert some.loss["ddi"].low > 0.1
    # The first gradient alone is "single".
    assert one.loss["ddi"].value == pytest.approx(one.loss["single"].value, rel=1e-9)


def test_gradients_have_the_cosine_asked_for():
    sets = unit_gradients(np.random.default_rng(0), 50, 4, 5000, 0.3)
    assert np.allclose(np.linalg.norm(sets, axis=2), 1)
    products = (sets @ sets.transpose(0, 2, 1))[
        :, np.triu_indices(4, 1)[0], np.triu_indices(4, 1)[1]
    ]
    assert products.mean() == pytest.approx(0.3, abs=0.005)


def test_intervals():
    """Clopper and Pearson by the beta distribution; Student's by hand."""
    share = Share.of(3, 20, 0.9)
    assert share.low == pytest.approx(stats.beta.ppf(0.05, 3, 18))
    assert share.high == pytest.approx(stats.beta.ppf(0.95, 4, 17))
    assert (Share.of(0, 9, 0.95).low, Share.of(9, 9, 0.95).high) == (0, 1)
    mean = Mean.of(np.array([1.0, 2.0, 3.0]), 0.95)
    assert mean.high - mean.value == pytest.approx(stats.t.ppf(0.975, 2) / math.sqrt(3))
    assert math.isnan(Mean.of(np.array([]), 0.95).value)


def test_reproducible_and_independent_of_the_grid():
    axes = {"across": ("n", [2, 5]), "down": ("cosine", [0.0, 0.3])}
    one = phase_diagram(**axes, m=3, draws=40, seed=7)
    assert one.to_dict() == phase_diagram(**axes, m=3, draws=40, seed=7).to_dict()
    assert one.to_dict() != phase_diagram(**axes, m=3, draws=40, seed=8).to_dict()
    wider = phase_diagram(("n", [2, 5, 9]), axes["down"], m=3, draws=40, seed=7)
    assert wider.cells[1][1] == one.cells[1][1]
    json.dumps(one.to_dict(), allow_nan=False)
    assert "4 ensembles of 40 draws" in one.explain()


@pytest.mark.slow
def test_parallel_equals_sequential():
    axes = {"across": ("n", [2, 5]), "down": ("m", [2, 3])}
    one = phase_diagram(**axes, draws=40)
    assert one.to_dict() == phase_diagram(**axes, draws=40, jobs=2).to_dict()


def test_always_stationary_has_no_losses():
    """n = 1, many gradients: both signs occur, 0 is in the hull, and nothing can be lost."""
    cell = random_cell(40, 1, 0.0, draws=20)
    assert cell.stationary.hits == 20
    assert cell.counterexample.hits == 0
    assert math.isnan(cell.loss["single"].value)


@pytest.mark.parametrize(
    "arguments",
    [
        {"m": 1},
        {"m": 2.0},
        {"m": True},
        {"n": 0},
        {"cosine": 1.0},
        {"cosine": -0.1},
        {"cosine": float("nan")},
        {"cosine": "0.1"},
        {"draws": 0},
        {"draws": 10**7, "m": 4096},
        {"ddi": 0},
        {"ddi": 4},
        {"level": 1.0},
        {"level": 95},
        {"rng": 3},
    ],
)
def test_bad_input_is_named(arguments):
    with pytest.raises(InvalidInputError) as caught:
        random_cell(**{"m": 3, "n": 4, "cosine": 0.1, "draws": 5, **arguments})
    assert caught.value.argument in arguments


@pytest.mark.parametrize(
    "axes",
    [
        {"across": ("n", [2]), "down": ("n", [2])},
        {"across": ("k", [2]), "down": ("n", [2])},
        {"across": ("m", []), "down": ("n", [2])},
        {"across": ["m", [2]], "down": ("n", [2])},
        {"across": ("m", [1]), "down": ("n", [2])},
        {"across": ("m", [2]), "down": ("n", [2]), "seed": -1},
        {"across": ("m", [2]), "down": ("n", [2]), "jobs": 0},
    ],
)
def test_bad_grids_are_named(axes):
    with pytest.raises(InvalidInputError):
        phase_diagram(**axes, draws=5)


def test_pictures_show_the_numbers():
    diagram = phase_diagram(("n", [1, 4]), ("m", [2, 30]), draws=30)
    shares = plot_phase_diagram(diagram)
    shown = [t.get_text().split("\n")[0] for t in shares.texts]
    assert shown == [f"{x:.2f}" for x in diagram.shares().ravel()]
    losses = plot_phase_diagram(diagram, "single")
    assert "none" in [t.get_text() for t in losses.texts]
    line = plot_losses(diagram, 0)
    assert len(line.containers) == 3
    for call in (
        lambda: plot_phase_diagram(diagram, "mood"),
        lambda: plot_losses(diagram, 2),
        lambda: diagram.losses("mood"),
    ):
        with pytest.raises(InvalidInputError):
            call()
