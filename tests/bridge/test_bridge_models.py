"""The networks and their files: published accuracy, gradients, every key and shape checked."""

import os
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from danskin.errors import InvalidInputError
from danskin.torch.data import read_cifar10
from danskin.torch.models import ARCHITECTURES, architecture, build_model, load_model, save_model

DATA = Path(os.environ.get("DANSKIN_DATA", "/nonexistent"))
SHAPES = [(name, (3, 32, 32)) for name in ARCHITECTURES] + [
    ("resnet8", (1, 8, 8)),
    ("mlp", (1, 8, 8)),
]


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


# --- the networks --------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "shape"), SHAPES)
@pytest.mark.parametrize("activation", ["celu", "relu"])
@pytest.mark.parametrize("norm", ["group", "batch"])
def test_every_choice_is_made_and_used(name, shape, activation, norm):
    choices = {} if name == "mlp" else {"norm": norm}
    model = build_model(name, activation=activation, shape=shape, classes=7, **choices)
    kinds = {type(m) for m in model.modules()}
    assert ({nn.CELU, nn.ReLU} & kinds) == {{"celu": nn.CELU, "relu": nn.ReLU}[activation]}
    if name != "mlp":
        wanted = {"group": nn.GroupNorm, "batch": nn.BatchNorm2d}[norm]
        assert ({nn.GroupNorm, nn.BatchNorm2d} & kinds) == {wanted}
    logits = model(torch.rand(3, *shape))
    assert logits.shape == (3, 7)
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_sizes_are_the_published_ones():
    # ResNet-20: 0.27 million (He et al. 2016, table 6); ResNet-18 on CIFAR: 11.17 million.
    assert parameters(build_model("resnet20")) == 269_722
    assert parameters(build_model("resnet18", norm="batch")) == 11_173_962
    assert parameters(build_model("resnet8")) == 78_042


@pytest.mark.parametrize("name", ["resnet8", "mlp"])
def test_the_normalisation_is_inside_and_exact(name):
    """On images shifted and scaled back the network with mean 0, std 1 agrees."""
    torch.manual_seed(0)
    mean, std = [0.5, 0.4, 0.3], [0.25, 0.2, 0.1]
    inside = build_model(name, mean=mean, std=std).double().eval()
    bare = build_model(name, mean=[0, 0, 0], std=[1, 1, 1]).double().eval()
    state = {k: v for k, v in inside.state_dict().items() if not k.startswith("normalize")}
    bare.load_state_dict(state, strict=False)
    images = torch.rand(4, 3, 32, 32, dtype=torch.float64)
    shifted = (images - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    assert torch.allclose(inside(images), bare(shifted), rtol=1e-5)  # mean is kept in float32
    assert not torch.allclose(inside(images), bare(images), rtol=1e-2)


@pytest.mark.parametrize("name", ["resnet20", "resnet8", "mlp"])
def test_gradients_agree_with_differences(name):
    torch.manual_seed(1)
    model = build_model(name, activation="celu", shape=(3, 8, 8)).double().eval()
    images = torch.rand(2, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(model, (images,), fast_mode=True)


def test_option_a_pads_with_zeros_and_keeps_every_second_pixel():
    block = build_model("resnet20").layer2[0].shortcut
    x = torch.rand(1, 16, 4, 4)
    out = block(x)
    assert out.shape == (1, 32, 2, 2)
    assert torch.equal(out[:, 8:24], x[:, :, ::2, ::2])
    assert not out[:, :8].any()
    assert not out[:, 24:].any()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"arch": "resnet50"}, "resnet18"),
        ({"arch": "resnet18", "activation": "gelu"}, "celu or relu"),
        ({"arch": "resnet18", "norm": "layer"}, "group or batch"),
        ({"arch": "mlp", "norm": "batch"}, "no normalisation layers"),
        ({"arch": "resnet8", "mean": [0.5], "std": [0.5, 0.5]}, "one number a channel"),
        ({"arch": "resnet8", "mean": [0.5], "std": [0.0]}, "positive"),
    ],
)
def test_wrong_choices_name_the_right_ones(arguments, word):
    with pytest.raises(InvalidInputError, match=word):
        build_model(**arguments)


def test_images_in_the_wrong_layout_are_refused():
    with pytest.raises(InvalidInputError, match="channels before pixels"):
        build_model("resnet8")(torch.rand(2, 32, 32, 3))
    with pytest.raises(InvalidInputError, match=r"\(B, 1, 8, 8\)"):
        build_model("mlp", shape=(1, 8, 8))(torch.rand(2, 3, 32, 32))


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(ARCHITECTURES)[1:])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_saved_network_comes_back(name, dtype, tmp_path):
    torch.manual_seed(2)
    arch = architecture(name, activation="relu", shape=(1, 8, 8), classes=5, hidden=(20, 30))
    model = build_model(arch, mean=[0.3], std=[0.2]).to(dtype)
    model(torch.rand(8, 1, 8, 8, dtype=dtype))  # running statistics that are not the initial ones
    save_model(tmp_path / "m.safetensors", model, arch)
    back = load_model(tmp_path / "m.safetensors")
    images = torch.rand(4, 1, 8, 8, dtype=dtype)
    assert not back.training
    assert torch.equal(back(images), model.eval()(images))


def small(tmp_path: Path, **changes: torch.Tensor | None) -> Path:
    """A network's file without metadata, some keys changed or (None) taken out."""
    state = build_model("resnet8").state_dict()
    for key, value in changes.items():
        key = key.replace("__", ".")
        if value is None:
            del state[key]
        else:
            state[key] = value
    path = tmp_path / "net.safetensors"
    save_file({k: v.contiguous() for k, v in state.items()}, path)
    return path


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"linear__bias": None}, "'linear.bias' is missing"),
        ({"conv1__weight": None}, "'conv1.weight' is missing"),
        ({"layer2__0__shortcut__0__weight": None}, "'layer2.0.shortcut.0.weight' is missing"),
        ({"layer1__0__conv1__weight": torch.zeros(16, 8, 3, 3)}, r"shape \(16, 8, 3, 3\)"),
        ({"linear__weight": torch.zeros(0, 64)}, r"shape \(0, 64\)"),
        ({"conv1__weight": torch.zeros(16)}, r"'conv1.weight' has shape \(16,\)"),
        ({"extra": torch.zeros(3)}, "'extra' is not in the network"),
        ({"bn1__weight": torch.full((16,), torch.nan)}, "'bn1.weight' holds a NaN"),
        ({"bn1__weight": torch.full((16,), torch.inf)}, "'bn1.weight' holds a NaN or an infinity"),
        ({"bn1__weight": torch.ones(16, dtype=torch.int64)}, "'bn1.weight' holds torch.int64"),
        ({"normalize__std": torch.zeros(1, 3, 1, 1)}, "'normalize.std' is not positive"),
        ({"normalize__mean": None}, "no mean of the images"),
    ],
)
def test_a_file_that_does_not_fit_is_named_with_its_key(changes, word, tmp_path):
    path = small(tmp_path, **changes)
    with pytest.raises(InvalidInputError, match=word) as caught:
        load_model(path, "resnet8")
    assert caught.value.argument == str(path)


def test_the_wrong_architecture_is_refused(tmp_path):
    path = small(tmp_path)
    for arch in ("resnet20", "resnet18", "mlp"):
        with pytest.raises(InvalidInputError, match="Check arch"):
            load_model(path, arch)
    with pytest.raises(InvalidInputError, match="running_mean"):
        load_model(path, "resnet8", norm="batch")
    with pytest.raises(InvalidInputError, match="does not say its architecture"):
        load_model(path)


@pytest.mark.parametrize(
    "metadata",
    [
        "{", "[]", "null", '{"name": "mlp"}', "[" * 100_000,
        '{"name": "mlp", "activation": "celu", "norm": "none", "shape": [1, 8], "classes": 10, '
        '"hidden": []}',
        '{"name": "mlp", "activation": "celu", "norm": "none", "shape": [1, 8, 1e9], "classes": 10,'
        ' "hidden": []}',
        '{"name": "os.system", "activation": "celu", "norm": "none", "shape": [1, 8, 8], '
        '"classes": 10, "hidden": []}',
    ],
)  # fmt: skip
def test_damaged_metadata_is_refused(metadata, tmp_path):
    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors", metadata={"danskin": metadata})
    with pytest.raises(InvalidInputError, match="metadata"):
        load_model(tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 4, b"\xff" * 100, b"PK\x03\x04" + b"\x00" * 100]
)
def test_a_file_that_is_not_safetensors_is_refused(content, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match="not a safetensors file"):
        load_model(path, "resnet8")


def test_a_pickled_checkpoint_is_never_opened(tmp_path):
    class Canary:
        def __reduce__(self):
            return (Path.write_text, (tmp_path / "ran", "x"))

    torch.save({"state": Canary()}, tmp_path / "model.pt")
    with pytest.raises(InvalidInputError, match="unpickles no checkpoint"):
        load_model(tmp_path / "model.pt", "resnet8")
    assert not (tmp_path / "ran").exists()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidInputError, match="no such file"):
        load_model(tmp_path / "nothing", "resnet8")
    with pytest.raises(InvalidInputError, match="no such file"):
        load_model(tmp_path, "resnet8")


def test_keys_of_data_parallel_and_mean_from_arguments(tmp_path):
    model = build_model("resnet8", mean=[0.1, 0.2, 0.3], std=[0.3, 0.2, 0.1]).eval()
    state = {f"module.{k}": v for k, v in model.state_dict().items() if "normalize" not in k}
    save_file(state, tmp_path / "m.safetensors")
    back = load_model(
        tmp_path / "m.safetensors", "resnet8", mean=[0.1, 0.2, 0.3], std=[0.3, 0.2, 0.1]
    )
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(back(images), model(images))
    with pytest.raises(InvalidInputError, match=r"'normalize.mean' has shape"):
        load_model(tmp_path / "m.safetensors", "resnet8", mean=[0.1], std=[0.1])


# --- the public networks -------------------------------------------------------------------------


@pytest.mark.cifar10
@pytest.mark.parametrize(
    ("file", "arch", "right"),
    [("resnet20-cifar10", "resnet20", 915), ("small-celu-gn-std", "resnet8", 579)],
)
def test_public_networks_have_their_accuracy(file, arch, right):
    """ResNet-20: 91.5 % of 1,000 original test images, where 91.7 % of all 10,000 are published."""
    model = load_model(DATA / "models" / f"{file}.safetensors", arch)
    images, labels = read_cifar10(DATA / "cifar10" / "original-subset", "test").batch(slice(None))
    with torch.no_grad():
        assert int((model(images).argmax(1) == labels).sum()) == right


@pytest.mark.cifar10
def test_public_network_survives_our_own_file(tmp_path):
    path = DATA / "models" / "small-celu-gn-std.safetensors"
    model = load_model(path, "resnet8")
    save_model(tmp_path / "m.safetensors", model, architecture("resnet8"))
    with safe_open(tmp_path / "m.safetensors", "pt") as file:
        assert "danskin" in file.metadata()
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(load_model(tmp_path / "m.safetensors")(images), model(images))
