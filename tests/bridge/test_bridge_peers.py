"""Other people's libraries: their attacks inside `DDi`, our weights inside TorchJD."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import danskin as dk
import danskin.torch as dkt

EPS = 8 / 255


def accuracy(model, images, labels):
    with torch.no_grad():
        return float((model(images).argmax(1) == labels).float().mean())


@pytest.mark.parametrize("name", ["PGD", "FGSM", "FFGSM", "PGDL2", "MIFGSM"])
def test_torchattacks_attacks_fit(device, net, batch, name):
    torchattacks = pytest.importorskip("torchattacks", reason="torchattacks is not installed")
    model = net(norm="batch").to(device).train()
    images, labels = batch()
    attack = getattr(torchattacks, name)(model)
    report = dkt.DDi(model, attack, m=3).backward(images, labels)
    assert report.m == 3
    assert all(p.grad is not None for p in model.parameters())
    assert model.training


def test_foolbox_attacks_fit(device, net, batch):
    foolbox = pytest.importorskip("foolbox", reason="foolbox (with gitpython) is not installed")
    model = net().to(device).eval()
    images, labels = batch()
    wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device=device)
    linf = foolbox.attacks.LinfPGD(steps=5)
    attack = lambda x, y: linf(wrapped, x, y, epsilons=EPS)[1]  # noqa: E731
    report = dkt.DDi(model, attack, m=2, method="product").backward(images, labels)
    assert report.losses.shape == (2, 5)
    assert all(p.grad is not None for p in model.parameters())


def test_our_pgd_is_theirs_from_the_same_start(device, net, batch):
    """Without a random start both are deterministic: the same images."""
    torchattacks = pytest.importorskip("torchattacks", reason="torchattacks is not installed")
    model = net(torch.float64).to(device).eval()
    images, labels = batch(8, torch.float64)
    theirs = torchattacks.PGD(model, EPS, 2 / 255, 7, random_start=False)(images, labels)
    ours = dkt.PGD(model, EPS, 2 / 255, 7, start="image")(images, labels)
    torch.testing.assert_close(ours, theirs)
    theirs = torchattacks.PGDL2(model, 0.5, 0.1, 7, random_start=False)(images, labels)
    ours = dkt.PGD(model, 0.5, 0.1, 7, norm="l2", start="image")(images, labels)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)


def resnet20(folder):
    """The CIFAR ResNet-20 with parameter-free shortcuts, normalisation inside."""
    load_file = pytest.importorskip("safetensors.torch").load_file

    class Block(nn.Module):
        def __init__(self, a, b, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(a, b, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(b)
            self.conv2 = nn.Conv2d(b, b, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(b)
            self.stride, self.more = stride, b - a

        def forward(self, x):
            h = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
            x = x[:, :, :: self.stride, :: self.stride]
            return functional.relu(
                h + functional.pad(x, (0, 0, 0, 0, self.more // 2, self.more // 2))
            )

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(16)
            widths = [(16, 16, 1), (16, 32, 2), (32, 64, 2)]
            for k, (a, b, s) in enumerate(widths, 1):
                layers = [Block(a, b, s), Block(b, b, 1), Block(b, b, 1)]
                setattr(self, f"layer{k}", nn.Sequential(*layers))
            self.linear = nn.Linear(64, 10)

        def forward(self, x):
            mean = x.new_tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
            std = x.new_tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
            x = functional.relu(self.bn1(self.conv1((x - mean) / std)))
            x = self.layer3(self.layer2(self.layer1(x)))
            return self.linear(x.mean(dim=(2, 3)))

    net = Net()
    net.load_state_dict(load_file(folder / "models" / "resnet20-cifar10.safetensors"))
    return net.eval()


@pytest.mark.slow
@pytest.mark.cifar10
def test_as_strong_as_torchattacks_at_equal_steps(device):
    """On a pretrained ResNet-20: within two standard errors of the paired difference."""
    torchattacks = pytest.importorskip("torchattacks", reason="torchattacks is not installed")
    folder = Path(os.environ["DANSKIN_DATA"])
    torch.manual_seed(0)
    model = resnet20(folder).to(device)
    raw = np.fromfile(folder / "cifar10" / "original-subset" / "test_batch.bin", np.uint8)
    raw = raw.reshape(-1, 3073)[:128]
    images = torch.from_numpy(raw[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255)
    images, labels = images.to(device), torch.from_numpy(raw[:, 0].astype(np.int64)).to(device)
    assert accuracy(model, images, labels) > 0.85
    # A ball in which the attacks do not simply win on every image.
    eps, alpha, steps = 1 / 255, 0.25 / 255, 7
    theirs = torchattacks.PGD(model, eps, alpha, steps)(images, labels)
    ours = dkt.PGD(model, eps, alpha, steps).search(images, labels, restarts=2)
    with torch.no_grad():
        rivals = functional.cross_entropy(model(theirs), labels, reduction="none")
    difference = ours.losses[0] - rivals
    assert difference.mean() > -2 * difference.std() / len(labels) ** 0.5
    assert accuracy(model, ours.images[0], labels) <= accuracy(model, theirs, labels) + 0.025
    assert accuracy(model, ours.best, labels) <= accuracy(model, theirs, labels) + 0.01
    assert (ours.losses.max(dim=0).values - rivals).mean() > 0


@pytest.fixture
def aggregation():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("torchjd.aggregation", reason="torchjd is not installed")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [(1, 4), (2, 2), (3, 10), (10, 3), (8, 50)])
def test_weights_inside_torchjd(device, aggregation, seed, shape):
    source = torch.Generator().manual_seed(seed)
    matrix = torch.randn(shape, generator=source, dtype=torch.float64)
    matrix += torch.randn(shape[1], generator=source, dtype=torch.float64)
    matrix = matrix.to(device)
    aggregator = aggregation.GramianWeightedAggregator(dkt.MinNormWeighting())
    found = aggregator(matrix)
    expected = dk.min_norm_point(matrix.cpu().numpy())
    np.testing.assert_allclose(found.cpu(), expected.point, atol=1e-6 * max(1, expected.norm))
    # TorchJD's own properties: non-conflicting, permutation invariant, in the row span.
    scale = float(matrix.norm())
    assert (matrix @ found).min() >= -1e-7 * scale**2
    order = torch.randperm(shape[0], generator=source).to(device)
    torch.testing.assert_close(aggregator(matrix[order]), found, rtol=1e-6, atol=1e-6 * scale)
    torch.testing.assert_close(aggregator(4 * matrix), 4 * found, rtol=1e-6, atol=1e-6 * scale)
    theirs = aggregation.MGDA(epsilon=1e-9, max_iters=20_000)(matrix)
    assert found.norm() <= theirs.norm() * (1 + 1e-7) + 1e-9


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_weighting_keeps_dtype_and_device(device, dtype):
    weighting = dkt.MinNormWeighting()
    rows = torch.randn(5, 7, dtype=dtype, device=device)
    weights = weighting(rows @ rows.T)
    assert (weights.dtype, weights.device) == (dtype, rows.device)
    assert float(weights.sum()) == pytest.approx(1, abs=1e-6)
    assert weighting.result is not None


def test_same_losses_as_torchjd(device, aggregation, net, batch):
    """`dkt.backward` and TorchJD's ``backward`` with our weighting leave the same gradients."""
    autojac = pytest.importorskip("torchjd.autojac")
    model = net(torch.float64).to(device)
    images, labels = batch(6, torch.float64)

    def losses():
        per_sample = functional.cross_entropy(model(images), labels, reduction="none")
        return [per_sample[:2].mean(), per_sample[2:4].mean(), per_sample[4:].mean()]

    dkt.backward(losses())
    ours = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    autojac.backward(losses())
    aggregator = aggregation.GramianWeightedAggregator(dkt.MinNormWeighting())
    autojac.jac_to_grad(model.parameters(), aggregator)
    theirs = [p.grad for p in model.parameters()]
    torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-9)
