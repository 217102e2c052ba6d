"""What the bridge's tests share: every device there is, attacks that return what they are told."""

import pytest
import torch


def pytest_collection_modifyitems(items):
    """Run each test on CUDA where there is one."""
    if torch.cuda.is_available():
        return
    skip = pytest.mark.skip(reason="no CUDA device here")
    for item in items:
        if item.get_closest_marker("cuda"):
            item.add_marker(skip)


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.cuda)])
def device(request):
    torch.manual_seed(0)
    return torch.device(request.param)


class Linear(torch.nn.Module):
    """g_i = <image_i, theta>: an adversary's image *is* its gradient."""

    def __init__(self, n, dtype=torch.float64):
        super().__init__()
        self.theta = torch.nn.Parameter(torch.zeros(n, dtype=dtype))

    def forward(self, images):
        return images @ self.theta


def its_output(logits, labels):
    """The loss of `Linear`: what it returns."""
    return logits


class Playback:
    """An attack that returns the given adversaries, one a call, over and over."""

    def __init__(self, *points):
        self.points = list(points)
        self.calls = 0

    def __call__(self, images, labels):
        self.calls += 1
        return self.points[(self.calls - 1) % len(self.points)].to(images)


@pytest.fixture
def linear(device):
    """A function: gradients (m, B, n) -> (model, attack, images, labels, loss)."""

    def make(gradients, dtype=torch.float64):
        points = torch.as_tensor(gradients, dtype=dtype, device=device)
        model = Linear(points.shape[2], dtype).to(device)
        labels = torch.zeros(points.shape[1], dtype=torch.long, device=device)
        return model, Playback(*points), torch.zeros_like(points[0]), labels, its_output

    return make


@pytest.fixture
def playback():
    return Playback


def small_net(dtype=torch.float32, *, norm=None, classes=3):
    """A convolutional net of a few hundred parameters on (3, 6, 6) images."""
    layers = [torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.CELU()]
    if norm == "batch":
        layers.insert(1, torch.nn.BatchNorm2d(4))
    elif norm == "group":
        layers.insert(1, torch.nn.GroupNorm(2, 4))
    layers += [
        torch.nn.Conv2d(4, 4, 3, stride=2),
        torch.nn.CELU(),
        torch.nn.Flatten(),
        torch.nn.Linear(16, classes),
    ]
    net = torch.nn.Sequential(*layers)
    return net if dtype == torch.float32 else net.to(dtype)


@pytest.fixture
def net():
    return small_net


@pytest.fixture
def batch(device):
    """A function: number of images -> images (B, 3, 6, 6) in [0, 1], labels."""

    def make(count=5, dtype=torch.float32, classes=3):
        source = torch.Generator().manual_seed(count)
        images = torch.rand(count, 3, 6, 6, generator=source).to(device, dtype)
        return images, torch.randint(0, classes, (count,), generator=source).to(device)

    return make
