"""Attacks: they stay in ball and box, climb, leave no trace in the network."""

import math
from itertools import pairwise

import pytest
import torch
from torch.nn import functional

import danskin.torch as dkt
from danskin.errors import InvalidInputError
from danskin.torch.attacks.ball import make_ball

EPS = 8 / 255
ATTACKS = {
    "pgd": lambda net, **k: dkt.PGD(net, EPS, 2 / 255, 5, **k),
    "pgd_l2": lambda net, **k: dkt.PGD(net, 0.5, 0.1, 5, norm="l2", **k),
    "pgd_corner": lambda net, **k: dkt.PGD(net, EPS, 2 / 255, 3, start="corner", **k),
    "fgsm": lambda net, **k: dkt.FGSM(net, EPS, **k),
    "fast": lambda net, **k: dkt.FAST(net, EPS, **k),
}


def losses(net, images, labels):
    with torch.no_grad():
        return functional.cross_entropy(net(images), labels, reduction="none")


def outside(found, images, attack):
    """By how much the images leave ball or box, exactly (in float64)."""
    offset = (found.double() - images.double()).flatten(1)
    length = offset.abs().amax(1) if "LInf" in type(attack.ball).__name__ else offset.norm(dim=1)
    return max(float((length - attack.eps).max()), float(-found.min()), float(found.max() - 1))


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("restarts", [1, 4])
def test_stays_in_ball_and_box_to_the_last_digit_and_climbs(device, net, batch, name, restarts):
    model = net().to(device)
    images, labels = batch(16)
    attack = ATTACKS[name](model, restarts=restarts)
    found = attack(images, labels)
    assert outside(found, images, attack) <= 0
    assert found.dtype == images.dtype
    assert not found.requires_grad
    assert losses(model, found, labels).mean() > losses(model, images, labels).mean()


def test_output_is_cut_whatever_the_inner_loop_did(device, net, batch):
    class Runaway(dkt.PGD):
        def _ascend(self, start, images, labels):
            wild = start + 7 * torch.randn_like(start)
            wild[0] = math.nan
            wild[1] = math.inf
            return wild

    images, labels = batch(4)
    for norm, eps in (("linf", EPS), ("l2", 0.3)):
        attack = Runaway(net().to(device), eps, norm=norm)
        found = attack(images, labels)
        assert outside(found, images, attack) <= 0
        assert torch.equal(found[0], images[0])


@pytest.mark.parametrize("name", ["pgd", "pgd_l2", "fast"])
def test_best_of_restarts_is_each_samples_best(device, net, batch, name):
    model = net().to(device)
    images, labels = batch(7)
    found = ATTACKS[name](model).search(images, labels, restarts=6)
    assert found.images.shape == (6, *images.shape)
    expected = torch.stack([losses(model, x, labels) for x in found.images])
    torch.testing.assert_close(found.losses, expected)
    torch.testing.assert_close(losses(model, found.best, labels), expected.max(dim=0).values)
    assert (found.losses.std(dim=0) > 0).all(), "the restarts are different runs"


def test_chunks_change_nothing(device, net, batch):
    """Restarts under a small memory budget run one by one, from the same starts."""
    model = net(torch.float64).to(device)
    images, labels = batch(3, torch.float64)
    seed = lambda: torch.Generator(device).manual_seed(5)  # noqa: E731
    together = dkt.PGD(model, generator=seed()).search(images, labels, 5)
    passes = []
    model.register_forward_hook(lambda m, i, o: passes.append(len(o)))
    apart = dkt.PGD(model, generator=seed(), memory_budget=1).search(images, labels, 5)
    assert max(passes) == 3
    torch.testing.assert_close(together.losses, apart.losses, rtol=1e-9, atol=0)


def test_restarts_run_as_one_batch(device, net, batch):
    model = net().to(device)
    images, labels = batch(3)
    passes = []
    model.register_forward_hook(lambda m, i, o: passes.append(len(o)))
    dkt.PGD(model, steps=2).search(images, labels, 5)
    assert passes.count(15) == 3  # two steps and the scoring
    assert max(passes) == 15


def test_one_over_t_decay_is_applied(net):
    """alpha up to step k, alpha k / t after: continuous at k, 1/t beyond."""
    attack = dkt.PGD(net(), alpha=0.1, steps=70, decay_after=8)
    lengths = [attack.step_length(t) for t in range(1, 71)]
    assert lengths[:8] == [0.1] * 8
    assert lengths[8:] == pytest.approx([0.8 / t for t in range(9, 71)])


def test_one_over_t_decay_moves_the_images(device, net, batch):
    """A decay that is declared and never applied would return the same images."""
    model = net(torch.float64).to(device)
    images, labels = batch(4, torch.float64)
    seed = lambda: torch.Generator(device).manual_seed(1)  # noqa: E731
    steps = []
    for after in (None, 2):
        attack = dkt.PGD(model, 0.3, 0.01, 6, start="image", decay_after=after, generator=seed())
        trail = [images]
        project = attack.ball.project
        attack.ball.project = lambda p, i, t=trail, f=project: t.append(f(p, i)) or t[-1]
        attack(images, labels)
        steps.append([float((b - a).abs().max()) for a, b in pairwise(trail[:7])])
    assert steps[0] == pytest.approx([0.01] * 6)
    assert steps[1] == pytest.approx([0.01, 0.01, 0.02 / 3, 0.005, 0.004, 0.02 / 6])


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_uniform_starts_fill_the_ball(device, norm):
    """l_inf: each pixel uniform; l_2: the length to the power k uniform, directions isotropic."""
    ball = make_ball(norm, 0.5)
    centre = torch.full((20_000, 3), 0.5, device=device)
    d = ball.random(centre, "uniform", torch.Generator(device).manual_seed(0))
    if norm == "linf":
        quantiles = (d / 0.5 + 1).flatten() / 2
    else:
        quantiles = (d.norm(dim=1) / 0.5) ** 3
        assert d.mean(dim=0).abs().max() < 0.01
    grid = torch.linspace(0.1, 0.9, 9, device=device)
    measured = torch.stack([(quantiles < q).float().mean() for q in grid])
    torch.testing.assert_close(measured, grid, atol=0.015, rtol=0)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_corner_starts_are_extreme(device, norm):
    d = make_ball(norm, 0.5).random(torch.zeros(50, 4, device=device), "corner", None)
    extreme = d.abs() if norm == "linf" else d.norm(dim=1)
    torch.testing.assert_close(extreme, torch.full_like(extreme, 0.5))


def test_image_start_and_fgsm(device, net, batch):
    """FGSM is one signed step of length eps from the image, cut by the box."""
    model = net(torch.float64).to(device)
    images, labels = batch(5, torch.float64)
    x = images.clone().requires_grad_()
    g = torch.autograd.grad(functional.cross_entropy(model(x), labels), x)[0]
    expected = (images + EPS * g.sign()).clamp(0, 1)
    torch.testing.assert_close(dkt.FGSM(model, EPS)(images, labels), expected)


def test_fast_is_one_long_step(net):
    attack = dkt.FAST(net())
    assert (attack.eps, attack.alpha, attack.steps) == (8 / 255, 10 / 255, 1)
    assert attack.start == "uniform"


def test_l2_ascent_survives_tiny_gradients(device):
    ball = make_ball("l2", 1.0)
    g = torch.tensor([[3e-30, 4e-30], [0.0, 0.0]], device=device)
    moved = ball.ascend(torch.zeros_like(g), g, 0.5)
    torch.testing.assert_close(moved, torch.tensor([[0.3, 0.4], [0.0, 0.0]], device=device))


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("mode", ["eval", "train", "keep"])
def test_the_network_is_left_as_it_was(device, net, batch, fails, mode):
    """Mode of every submodule, requires_grad, p.grad, buffers, hooks; exceptions included."""
    model = net(norm="batch").to(device).train()
    model[2].eval()
    model[0].weight.requires_grad_(False)
    model[0].bias.grad = torch.ones_like(model[0].bias)
    images, labels = batch()
    images.requires_grad_()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    modes = [m.training for m in model.modules()]
    asked = [p.requires_grad for p in model.parameters()]

    def loss(logits, labels):
        if fails:
            raise ArithmeticError
        return functional.cross_entropy(logits, labels, reduction="none")

    attack = dkt.PGD(model, steps=2, mode=mode, loss=loss, restarts=2)
    if fails:
        with pytest.raises(ArithmeticError):
            attack(images, labels)
    else:
        attack(images, labels)
    assert [m.training for m in model.modules()] == modes
    assert [p.requires_grad for p in model.parameters()] == asked
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert torch.equal(model[0].bias.grad, torch.ones_like(model[0].bias))
    assert all(p.grad is None for p in model.parameters() if p is not model[0].bias)
    assert images.requires_grad
    assert images.grad is None


def test_mode_is_what_the_network_sees(device, net, batch):
    seen = []
    model = net(norm="batch").to(device).train()
    model.register_forward_hook(lambda m, i, o: seen.append(m.training))
    for mode, expected in (("eval", False), ("train", True), ("keep", True)):
        seen.clear()
        dkt.PGD(model, steps=1, mode=mode)(*batch())
        assert set(seen) == {expected}


def test_restarts_in_train_mode_do_not_see_each_other(device, net, batch):
    """BatchNorm's statistics must be those of one batch, not of all restarts together."""
    model = net(norm="batch").to(device).train()
    sizes = []
    model.register_forward_hook(lambda m, i, o: sizes.append(len(o)))
    images, labels = batch(4)
    dkt.PGD(model, steps=1, mode="train").search(images, labels, 3)
    assert set(sizes) == {4}


def test_own_generator(device, net, batch):
    """Reproducible from the generator, or from torch's seed; the global stream is not consumed."""
    model = net().to(device)
    images, labels = batch()
    runs = [
        dkt.PGD(model, generator=torch.Generator(device).manual_seed(3))(images, labels)
        for _ in range(2)
    ]
    assert torch.equal(*runs)
    attack = dkt.PGD(model, generator=torch.Generator(device).manual_seed(3))
    assert not torch.equal(attack(images, labels), attack(images, labels))
    torch.manual_seed(7)
    attack = dkt.PGD(model)
    first = attack(images, labels)
    state = torch.get_rng_state()
    attack(images, labels)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(7)
    assert torch.equal(first, dkt.PGD(model)(images, labels))


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_works_where_gradients_are_off(device, net, batch, context):
    model = net().to(device)
    images, labels = batch()
    with context():
        found = dkt.PGD(model, steps=3, restarts=2)(images.clone(), labels.clone())
    assert losses(model, found, labels).mean() > losses(model, images, labels).mean()


def test_nothing_inside_waits_for_the_device(net):
    """Under fake tensors any look at a value raises, as it would stall a GPU."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        model = net()
        images, labels = torch.rand(4, 3, 6, 6), torch.randint(0, 3, (4,))
        for name, make in ATTACKS.items():
            attack = make(model, validate=False, generator=torch.Generator())
            assert attack.search(images, labels, 3).best.shape == images.shape, name


@pytest.mark.cuda
def test_nothing_inside_waits_for_the_gpu(net):
    model = net().cuda()
    images, labels = torch.rand(4, 3, 6, 6).cuda(), torch.randint(0, 3, (4,)).cuda()
    attack = dkt.PGD(model, validate=False)
    attack(images, labels)
    torch.cuda.set_sync_debug_mode("error")
    try:
        attack.search(images, labels, 3).best  # noqa: B018
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_bfloat16_autocast(device, net, batch):
    model = net().to(device)
    images, labels = batch(8)
    seen = []
    model[0].register_forward_hook(lambda m, i, o: seen.append(o.dtype))
    found = dkt.PGD(model, autocast=torch.bfloat16)(images, labels)
    assert set(seen) == {torch.bfloat16}
    assert found.dtype == torch.float32
    assert losses(model, found, labels).mean() > losses(model, images, labels).mean()


@pytest.mark.parametrize(
    ("spoil", "argument"),
    [
        (lambda i, y: (i * 3, y), "images"),
        (lambda i, y: (i - 0.5, y), "images"),
        (lambda i, y: (i * math.nan, y), "images"),
        (lambda i, y: ((i * 255).byte(), y), "images"),
        (lambda i, y: (i[:0], y[:0]), "images"),
        (lambda i, y: (i.cpu().numpy(), y), "images"),
        (lambda i, y: (i, y[:-1]), "labels"),
        (lambda i, y: (i, y - 5), "labels"),
        (lambda i, y: (i, y + 3), "labels"),
        (lambda i, y: (i, y.int()), "labels"),
        (lambda i, y: (i, y.tolist()), "labels"),
    ],
)
def test_bad_batches_are_named(device, net, batch, spoil, argument):
    images, labels = batch()
    with pytest.raises(InvalidInputError) as error:
        dkt.PGD(net().to(device))(*spoil(images, labels))
    assert error.value.argument == argument
    assert error.value.remedy


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"eps": -1}, "eps"),
        ({"eps": math.nan}, "eps"),
        ({"eps": 8}, "eps"),
        ({"alpha": 0}, "alpha"),
        ({"steps": 0}, "steps"),
        ({"steps": 2.5}, "steps"),
        ({"norm": "l1"}, "norm"),
        ({"restarts": 0}, "restarts"),
        ({"start": "middle"}, "start"),
        ({"mode": "test"}, "mode"),
        ({"generator": 3}, "generator"),
        ({"decay_after": 0}, "decay_after"),
        ({"autocast": torch.float16}, "autocast"),
    ],
)
def test_bad_options_are_named(net, options, argument):
    with pytest.raises(InvalidInputError) as error:
        dkt.PGD(net(), **options)
    assert error.value.argument == argument


def test_a_loss_that_is_not_per_sample_is_named(device, net, batch):
    with pytest.raises(InvalidInputError, match='reduction="none"'):
        dkt.PGD(net().to(device), loss=torch.nn.CrossEntropyLoss())(*batch())


def test_losses_and_input_gradients_before_the_first_run(device, net, batch):
    images, labels = batch()
    attack = dkt.PGD(net(norm="group").to(device))
    losses = attack.losses(images, labels)
    expected = torch.nn.functional.cross_entropy(attack.model(images), labels, reduction="none")
    torch.testing.assert_close(losses, expected)
    assert attack.input_gradient(images, labels).shape == images.shape
