"""``danskin evaluate``: a network's counts, from a file, a run and its checkpoints."""

import json

import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")

import danskin.torch as dkt  # noqa: E402
from danskin.cli import app  # noqa: E402
from danskin.torch.models import architecture, save_model  # noqa: E402


def run(*words: object):
    return CliRunner().invoke(app, ["evaluate", *map(str, words)])


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    torch.manual_seed(0)
    arch = architecture("mlp", shape=(1, 8, 8), classes=10, hidden=(16,), norm="none")
    model = dkt.build_model(arch)
    images, labels = dkt.load_data("digits", "train").take(300).batch(slice(None))
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(80):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    path = tmp_path_factory.mktemp("networks") / "net.safetensors"
    save_model(path, model, arch)
    return path


def test_the_json_is_what_the_library_counts(network, tmp_path):
    done = run(network, "--attack", "pgd-3", "--attack", "pgd-2-2", "--images", 60, "--eps", "1/10",
               "--seed", 3, "--json", tmp_path / "out.json")  # fmt: skip
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "out.json").read_text())
    images = dkt.load_data("digits", "test").take(60, torch.Generator().manual_seed(3))
    said = dkt.evaluate(
        dkt.load_model(network), *images.batch(slice(None)), eps=0.1, attacks=["pgd-3", "pgd-2-2"],
        seed=3,
    )  # fmt: skip
    assert found["clean_acc"] == 100 * said.clean.mean()
    assert found["robust_acc"] == 100 * said.robust.mean() < found["clean_acc"]
    assert found["data"]["split"] == "test"
    assert "all attacks" in done.output
    assert "class 9" in done.output
    assert "bounds the robust accuracy" in " ".join(done.output.split())


def test_defaults_are_pgd_20_and_pgd_50_with_10_restarts(network):
    done = run(network, "--images", 10, "--json", "-")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["attacks"] == ["pgd-20", "pgd-50-10"]
    assert found["eps"] == 0.1


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--images", 451], "--images"), (["--seed", -1], "--seed"),
        (["--attack", "pgd"], "attacks"), (["--eps", "8"], "eps"), (["--ball", "l1"], "norm"),
        (["--split", "dev"], "split"),
        (["--data", "nowhere"], "data"), (["--device", "tpu"], "device"),
        (["--mean", "x"], "--mean"), (["--batch-size", 0], "batch_size"),
    ],
)  # fmt: skip
def test_bad_input_is_named(network, words, names):
    done = run(network, *words)
    assert done.exit_code == 2
    assert names in done.output


def test_a_missing_file(tmp_path):
    done = run(tmp_path / "no.safetensors")
    assert done.exit_code == 2
    assert "no.safetensors" in done.output


def test_a_run_brings_its_data_and_radius(tmp_path):
    from danskin.torch.train import RunConfig, Trainer, load_sets

    config = RunConfig.from_dict({
        "name": "tiny", "epochs": 1, "batch_size": 64, "data": {"source": "digits", "limit": 128},
        "model": {"arch": "mlp", "norm": "none", "hidden": [8]},
        "attack": {"steps": 1, "eps": 0.05, "norm": "l2"},
        "evaluation": {"steps": 1, "eps": 0.07, "images": 50},
        "augmentation": {"crop": 0, "flip": False},
    })  # fmt: skip
    for _ in Trainer(config, load_sets(config), tmp_path / "run").epochs():
        pass
    folder = tmp_path / "run"
    saved = sorted((folder / "checkpoints").glob("*.safetensors"))
    for place in (folder, saved[-1], folder / "best.safetensors"):
        done = run(place, "--images", 20, "--attack", "pgd-1", "--json", "-")
        assert done.exit_code == 0, done.output
        found = json.loads(done.stdout)
        assert (found["eps"], found["norm"]) == (0.07, "l2")
        assert found["data"]["name"] == "digits"
