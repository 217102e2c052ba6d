"""Figure 3's network, trained on few points: what is proved of its robust loss is true."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def figure3():
    sys.path.insert(0, str(ROOT))
    try:
        yield importlib.import_module("benchmarks.proof.figure3")
    finally:
        sys.path.remove(str(ROOT))


def test_the_vectorised_network_is_the_batch_of_formulas(figure3):
    network = figure3.Network.gaussian(4, np.random.default_rng(0))
    F = network.objective()
    rng = np.random.default_rng(1)
    theta, deltas = rng.standard_normal(9), rng.uniform(-1, 1, (3, 4, 2))
    found = network.gradients(theta, deltas)[0].mean(axis=1)
    np.testing.assert_allclose(found, F.gradients(theta, deltas.reshape(3, 8)), rtol=1e-12)
    # The batch's mean has 1/B of each sample's slope.
    slopes = network.gradients(theta, deltas)[1].reshape(3, 8) / 4
    np.testing.assert_allclose(slopes, F.delta_gradients(theta, deltas.reshape(3, 8)), rtol=1e-12)


def test_training_descends_and_every_proof_agrees_with_the_robust_loss(figure3):
    network = figure3.Network.gaussian(6, np.random.default_rng(2))
    path = list(figure3.train(network, 40, np.random.default_rng(3)))
    losses = [figure3.robust_loss(network, theta) for theta, _, _ in path]
    assert losses[-1] < losses[0]
    rows = list(figure3.certify(network, [0, 40], np.random.default_rng(3), singles=1))
    assert [r.iteration for r in rows] == [0, 0, 40, 40]
    for row in rows:
        theta, gradients, ddi = path[row.iteration]
        gamma = ddi
        if row.direction != "DDi":
            gamma = -gradients[int(row.direction.split()[-1])]
        gamma = gamma / np.linalg.norm(gamma)
        here, beside = (figure3.robust_loss(network, theta + t * gamma) for t in (0.0, 1e-6))
        assert row.value[0] - 1e-3 <= here <= row.value[1] + 1e-12
        assert row.verdict == ("proved" if row.derivative[1] < 0 else "refuted")
        assert row.derivative[0] - 1e-3 <= (beside - here) / 1e-6 <= row.derivative[1] + 1e-3
