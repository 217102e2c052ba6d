"""Each preset trains two steps; it differs from paper-pgd in what its name says, nothing else."""

from dataclasses import dataclass, field

import pytest
import torch
from torch import nn

from danskin.torch.attacks import PGD
from danskin.torch.data import Images
from danskin.torch.report import Report
from danskin.torch.train import RunConfig, Sets, Trainer, list_presets
from danskin.torch.train.build import Parts
from danskin.torch.train.reading import differences, flat

#: Small enough to be quick; what makes a preset what it is stays.
SMALL = {
    "epochs": 2, "batch_size": 4, "model.arch": "resnet8", "evaluation.images": 2,
    "evaluation.steps": 1, "compute.threads": 1,
}  # fmt: skip


def sets() -> Sets:
    generator = torch.Generator().manual_seed(0)

    def some(count: int) -> Images:
        pixels = torch.randint(0, 256, (count, 3, 8, 8), generator=generator, dtype=torch.uint8)
        return Images("noise", "train", pixels, torch.arange(count) % 10, 10)

    return Sets(some(4), some(2), True)


@dataclass
class Seen:
    """What two steps showed."""

    config: RunConfig
    model: nn.Module
    reports: list[Report] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)
    lengths: list[tuple[float, ...]] = field(default_factory=list)
    eps: set[float] = field(default_factory=set)
    buffers: int = 0

    @property
    def attacks(self) -> list[int]:
        return [r.attacks for r in self.reports]


@pytest.fixture(scope="module")
def trained():
    """Presets after two steps, each trained once."""
    done: dict[str, Seen] = {}

    def run(name: str) -> Seen:
        if name not in done:
            done[name] = _train(name)
        return done[name]

    return run


def _train(name: str) -> Seen:
    config = RunConfig.from_preset(name, **SMALL)
    trainer = Trainer(config, sets())
    seen = Seen(config, trainer.model)
    ascend, step = PGD._ascend, Parts.step

    def spied_ascend(self, start, images, labels):
        if trainer.model.training is False and len(images) != 4:
            return ascend(self, start, images, labels)  # the evaluation's
        seen.lengths.append(tuple(self.step_length(t) for t in range(1, self.steps + 1)))
        seen.eps.add(self.eps)
        return ascend(self, start, images, labels)

    def spied_step(self, images, labels):
        before = torch.cat([p.detach().flatten() for p in self.model.parameters()])
        report = step(self, images, labels)
        after = torch.cat([p.detach().flatten() for p in self.model.parameters()])
        # Decay of the weights is no part of the direction.
        rate = self.optimizer.param_groups[0]["lr"]
        decayed = before * (1 - rate * config.optimizer.weight_decay)
        seen.reports.append(report)
        seen.moved.append(float((after - decayed).norm()) / rate)
        return report

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PGD, "_ascend", spied_ascend)
        patch.setattr(Parts, "step", spied_step)
        assert len(list(trainer.epochs())) == 2
    assert len(seen.reports) == 2
    seen.buffers = sum("momentum_buffer" in s for s in trainer.parts.optimizer.state.values()
                       if s.get("momentum_buffer") is not None)  # fmt: skip
    return seen


def kinds(model: nn.Module, kind: type) -> int:
    return sum(isinstance(module, kind) for module in model.modules())


PGD_7 = (0.00797,) * 7
FAST = (10 / 255,)
#: Preset -> the keys in which it differs from paper-pgd.
DIFFERS = {
    "paper-pgd": set(),
    "paper-pgd-bn": {"model.norm"},
    "paper-pgd-relu": {"model.activation"},
    "paper-pgd-momentum": {"optimizer.momentum"},
    "paper-ddi": {"method.name", "method.m", "method.normalize"},
    "paper-ddi-bn": {"method.name", "method.m", "method.normalize", "model.norm"},
    "paper-ddi-relu": {"method.name", "method.m", "method.normalize", "model.activation"},
    "paper-ddi-momentum": {"method.name", "method.m", "method.normalize", "optimizer.momentum"},
    "pgd-70": {"attack.steps"},
    "pgd-70-1t": {"attack.steps", "attack.decay_after"},
    "pgd-max-10": {"method.name", "method.m"},
    "pgd-min-10": {"method.name", "method.m"},
    "fast": {"attack.eps", "attack.alpha", "attack.steps"},
    "ddi-fast": {"attack.eps", "attack.alpha", "attack.steps", "method.name", "method.m",
                 "method.normalize"},
    "fast-max-10": {"attack.eps", "attack.alpha", "attack.steps", "method.name", "method.m"},
    "decay": {"method.name", "method.m", "method.normalize", "method.last_m"},
    "comb": {"method.name", "method.m", "method.normalize"},
    "decay-comb": {"method.name", "method.m", "method.normalize", "method.last_m"},
    "fast-decay": {"attack.eps", "attack.alpha", "attack.steps", "method.name", "method.m",
                   "method.normalize", "method.last_m"},
    "fast-comb": {"attack.eps", "attack.alpha", "attack.steps", "method.name", "method.m",
                  "method.normalize"},
    "fast-decay-comb": {"attack.eps", "attack.alpha", "attack.steps", "method.name", "method.m",
                        "method.normalize", "method.last_m"},
    "hybrid": {"method.name", "method.m", "method.normalize", "first.share"},
    "normalised-pgd": {"method.normalize"},
    "mean-10": {"method.name", "method.m"},
    "step-aware": {"method.name", "method.m"},
    "product": {"method.name", "method.m", "method.normalize"},
    "gated": {"method.name", "method.m"},
}  # fmt: skip


@pytest.mark.parametrize("name", list_presets())
def test_it_differs_in_these_keys_only(name):
    found = differences(RunConfig.from_preset("paper-pgd"), RunConfig.from_preset(name))
    assert set(found) - {"name"} == DIFFERS[name]


def test_paper_pgd_is_the_paper(trained):
    """Section 5.3, with eps, alpha, split and colours of the authors' code."""
    config = flat(RunConfig.from_preset("paper-pgd").to_dict())
    for key, value in {
        "epochs": 200, "batch_size": 128, "data.validation": 0.2, "model.arch": "resnet18",
        "model.activation": "celu", "model.norm": "group", "attack.eps": 0.031,
        "attack.alpha": 0.00797, "attack.steps": 7, "attack.start": "uniform", "method.m": 1,
        "optimizer.lr": 0.1, "optimizer.momentum": 0.0, "optimizer.weight_decay": 5e-4,
        "optimizer.decay": "decoupled", "schedule.gamma": 0.1, "evaluation.steps": 20,
        "augmentation.crop": 4, "augmentation.flip": True, "augmentation.brightness": 0.25,
        "augmentation.contrast": 0.25, "augmentation.saturation": 0.25,
        "augmentation.rotation": 2.0,
    }.items():  # fmt: skip
        assert config[key] == value, key
    assert list(config["schedule.milestones"]) == [0.5, 0.75]
    seen = trained("paper-pgd")
    assert seen.attacks == [1, 1]
    assert seen.lengths == [PGD_7] * 2
    assert seen.eps == {0.031}
    assert kinds(seen.model, nn.CELU) > 0
    assert kinds(seen.model, nn.GroupNorm) > 0
    assert kinds(seen.model, nn.ReLU) == kinds(seen.model, nn.BatchNorm2d) == 0
    for report, moved in zip(seen.reports, seen.moved, strict=True):
        assert moved == pytest.approx(report.norm, rel=1e-3)  # the gradient's own length
        assert abs(report.norm - 1) > 0.05


@pytest.mark.parametrize(
    "name",
    ["paper-ddi", "paper-ddi-bn", "paper-ddi-relu", "decay", "comb", "decay-comb", "ddi-fast",
     "fast-decay", "fast-comb", "fast-decay-comb", "hybrid", "product", "normalised-pgd"],
)  # fmt: skip
def test_directions_of_length_one(name, trained):
    seen = trained(name)
    for report, moved in zip(seen.reports, seen.moved, strict=True):
        assert report.normalized
        assert moved == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("name", ["mean-10", "pgd-max-10", "pgd-min-10", "step-aware", "gated"])
def test_directions_of_their_own_length(name, trained):
    seen = trained(name)
    for report, moved in zip(seen.reports, seen.moved, strict=True):
        assert not report.normalized
        assert moved == pytest.approx(report.norm, rel=1e-3)


@pytest.mark.parametrize("base", ["paper-pgd", "paper-ddi"])
def test_ablations(base, trained):
    bn, relu, momentum = (trained(f"{base}-{x}") for x in ("bn", "relu", "momentum"))
    assert kinds(bn.model, nn.BatchNorm2d) > 0
    assert kinds(bn.model, nn.GroupNorm) == 0
    assert kinds(relu.model, nn.ReLU) > 0
    assert kinds(relu.model, nn.CELU) == 0
    assert momentum.buffers > 0
    assert trained(base).buffers == 0


@pytest.mark.parametrize("name", ["paper-ddi", "product", "mean-10", "step-aware"])
def test_ten_adversaries(name, trained):
    seen = trained(name)
    assert seen.attacks == [10, 10]
    assert seen.lengths == [PGD_7] * 20
    weights = seen.reports[0].weights
    assert len(weights) == 10
    torch.testing.assert_close(weights.sum(0), torch.ones_like(weights.sum(0)))
    if name == "mean-10":
        assert bool((weights == 0.1).all())
    assert weights.shape == ((10, 4) if name == "product" else (10,))


def test_ddi_takes_the_min_norm_point(trained):
    cvxpy = pytest.importorskip("cvxpy")
    report = trained("paper-ddi").reports[0]
    alpha = cvxpy.Variable(10, nonneg=True)
    gram = cvxpy.psd_wrap(report.gram.numpy())
    problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.quad_form(alpha, gram)), [cvxpy.sum(alpha) == 1])
    problem.solve(solver="CLARABEL")
    assert report.norm**2 == pytest.approx(problem.value, rel=1e-6)


def test_longer_attacks(trained):
    assert trained("pgd-70").lengths == [(0.00797,) * 70] * 2
    for lengths in trained("pgd-70-1t").lengths:
        assert lengths[:8] == (0.00797,) * 8
        assert lengths[8:] == pytest.approx([0.00797 * 8 / t for t in range(9, 71)])


def test_chosen_by_image(trained):
    highest, least = trained("pgd-max-10"), trained("pgd-min-10")
    for seen in (highest, least):
        assert seen.attacks == [10, 10]
        weights = seen.reports[0].weights  # one adversary an image
        assert weights.shape == (10, 4)
        assert bool(((weights == 0) | (weights == 1)).all())
    report = highest.reports[0]
    assert torch.equal(report.weights.argmax(0), report.losses.argmax(0))
    assert not torch.equal(least.reports[0].weights, report.weights)


@pytest.mark.parametrize("name", [n for n in list_presets() if n.startswith(("fast", "ddi-fast"))])
def test_fast_is_one_long_step(name, trained):
    seen = trained(name)
    assert set(seen.lengths) == {FAST}
    assert seen.eps == {8 / 255}
    assert seen.attacks == {"fast": [1, 1], "ddi-fast": [10, 10], "fast-max-10": [10, 10],
                            "fast-decay": [10, 1], "fast-comb": [2, 2],
                            "fast-decay-comb": [2, 1]}[name]  # fmt: skip


@pytest.mark.parametrize("name", ["decay", "comb", "decay-comb"])
def test_cheaper_ddi(name, trained):
    seen = trained(name)
    assert set(seen.lengths) == {PGD_7}
    assert seen.attacks == {"decay": [10, 1], "comb": [2, 2], "decay-comb": [2, 1]}[name]
    assert [r.m for r in seen.reports] == ([10, 10] if name == "comb" else [10, 1])


def test_hybrid_is_fast_first_and_pgd_later(trained):
    seen = trained("hybrid")
    assert seen.lengths == [FAST] * 10 + [PGD_7] * 10
    assert seen.eps == {0.031}


def test_gated_looks_at_two_and_takes_one_while_they_agree(trained):
    seen = trained("gated")
    assert seen.reports[0].method == "gated"
    assert seen.attacks[0] in (2, 10)
    assert "gate" in seen.reports[0].note


def test_step_aware_is_told_the_learning_rate(trained):
    """At eta = lr its weights solve the prox-linear dual; the mean's would not."""
    cvxpy = pytest.importorskip("cvxpy")
    seen = trained("step-aware")
    report = seen.reports[0]
    values = report.losses.double().mean(dim=1).numpy()
    alpha = cvxpy.Variable(10, nonneg=True)
    gain = values @ alpha - 0.05 * cvxpy.quad_form(alpha, cvxpy.psd_wrap(report.gram.numpy()))
    problem = cvxpy.Problem(cvxpy.Maximize(gain), [cvxpy.sum(alpha) == 1])
    problem.solve(solver="CLARABEL")
    w = report.weights.numpy()
    ours = values @ w - 0.05 * w @ report.gram.numpy() @ w
    assert ours == pytest.approx(problem.value, abs=1e-6)


def test_normalised_pgd_goes_where_pgd_goes(trained):
    """Same network, same images, same adversary: the first steps differ in length only."""
    plain, unit = trained("paper-pgd").reports[0], trained("normalised-pgd").reports[0]
    torch.testing.assert_close(plain.losses, unit.losses)
    assert plain.norm == pytest.approx(unit.norm, rel=1e-6)
    assert unit.normalized
    assert not plain.normalized
