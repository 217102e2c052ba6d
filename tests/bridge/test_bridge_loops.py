"""Ordinary training loops: accumulation, clipping, bfloat16, Lightning, several processes."""

import sys
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

import danskin.torch as dkt
from danskin.errors import InvalidInputError


def test_training_brings_the_robust_loss_down(device, net, batch):
    images, labels = batch(12)
    torch.manual_seed(1)
    start = net().to(device)
    for method in ("coupled", "product", "step_aware"):
        model = net().to(device)
        model.load_state_dict(start.state_dict())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        attack = dkt.PGD(model, steps=3)
        ddi = dkt.DDi(model, attack, m=2, method=method)
        losses = []
        for _ in range(15):
            optimizer.zero_grad()
            losses.append(ddi.backward(images, labels).loss)
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
        assert losses[-1] < 0.8 * losses[0], method


def test_accumulation_over_two_batches(device, net, batch):
    """Two calls add two directions, as two ``loss.backward()`` add two gradients."""
    model = net(torch.float64).to(device)
    one, two = batch(4, torch.float64), batch(6, torch.float64)
    ddi = dkt.DDi(model, lambda i, y: i, m=2)
    parts = []
    for data in (one, two):
        model.zero_grad()
        ddi.backward(*data)
        parts.append([p.grad.clone() for p in model.parameters()])
    model.zero_grad()
    ddi.backward(*one)
    ddi.backward(*two)
    both = [a + b for a, b in zip(*parts, strict=True)]
    torch.testing.assert_close([p.grad for p in model.parameters()], both)


def test_inside_a_bfloat16_autocast_gradients_stay_float32(device, net, batch):
    """The attack follows the autocast around the call; gradients and Gram matrix do not."""
    model = net().to(device)
    images, labels = batch(6)
    seen = []
    model[0].register_forward_hook(lambda m, i, o: seen.append((i[0].requires_grad, o.dtype)))
    ddi = dkt.DDi(model, dkt.PGD(model, steps=1), m=2)
    with torch.autocast(device.type, torch.bfloat16):
        report = ddi.backward(images, labels)
    assert set(seen) == {(True, torch.bfloat16), (False, torch.float32)}
    assert all(p.grad.dtype == torch.float32 for p in model.parameters())
    assert report.gram.dtype == torch.float64
    seen.clear()
    dkt.DDi(model, dkt.PGD(model, steps=1), m=1, autocast=torch.bfloat16).backward(images, labels)
    assert set(seen) == {(True, torch.bfloat16), (False, torch.float32)}


def test_gradients_do_not_depend_on_the_autocast(device, net, batch):
    model = net().to(device)
    images, labels = batch(6)
    found = []
    for on in (False, True):
        model.zero_grad()
        with torch.autocast(device.type, torch.bfloat16, enabled=on):
            dkt.DDi(model, lambda i, y: i, m=2).backward(images, labels)
        found.append([p.grad for p in model.parameters()])
    torch.testing.assert_close(*found, rtol=0, atol=0)


def test_float16_is_refused_with_the_remedy(device, net, batch):
    model = net().to(device)
    with pytest.raises(InvalidInputError, match="bfloat16"):
        dkt.DDi(model, dkt.PGD(model), autocast=torch.float16)
    ddi = dkt.DDi(model, lambda i, y: i)
    with (
        torch.autocast(device.type, torch.float16),
        pytest.raises(InvalidInputError, match="bfloat16") as error,
    ):
        ddi.backward(*batch())
    assert "GradScaler" in str(error.value)


def test_a_grad_scaler_is_refused_with_the_remedy(device, net, batch):
    """However it is handed in: as autocast, or by scaled losses."""
    model = net().to(device)
    scaler = torch.amp.GradScaler(device.type, init_scale=4.0)
    with pytest.raises(InvalidInputError, match="bfloat16"):
        dkt.DDi(model, dkt.PGD(model), autocast=scaler)
    images, labels = batch()
    loss = functional.cross_entropy(model(images), labels)
    with (
        torch.autocast(device.type, torch.float16),
        pytest.raises(InvalidInputError, match="bfloat16"),
    ):
        dkt.backward([scaler.scale(loss)])


def test_no_grad_and_inference_mode_around_the_call(device, net, batch):
    model = net().to(device)
    images, labels = batch()
    for context in (torch.no_grad, torch.inference_mode):
        model.zero_grad()
        with context():
            dkt.DDi(model, dkt.PGD(model), m=2).backward(images.clone(), labels.clone())
        assert all(p.grad is not None for p in model.parameters())
        assert not any(p.grad.is_inference() for p in model.parameters())


def test_a_closure_optimizer(device, net, batch):
    """LBFGS calls back: each call writes a fresh direction."""
    model = net().to(device)
    images, labels = batch(8)
    ddi = dkt.DDi(model, dkt.FGSM(model), m=1, method="single")
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=5)

    def closure():
        optimizer.zero_grad()
        return torch.tensor(ddi.backward(images, labels).loss)

    first = float(optimizer.step(closure))
    assert ddi.backward(images, labels).loss < first


def test_data_parallel_wrappers_and_compiled_names(device, net, batch):
    """A module inside a wrapper: the gradients land in the inner parameters."""
    inner = net().to(device)
    wrapper = nn.Sequential(inner)
    dkt.DDi(wrapper, dkt.PGD(wrapper), m=2).backward(*batch())
    assert all(p.grad is not None for p in inner.parameters())


def test_soft_labels_and_a_loss_of_ones_own(device, net, batch):
    model = net().to(device)
    images, labels = batch()
    soft = functional.one_hot(labels, 3).float() * 0.9 + 0.1 / 3
    report = dkt.DDi(model, dkt.PGD(model), m=2).backward(images, soft)
    assert report.losses.shape == (2, 5)

    def margin(logits, labels):
        return functional.multi_margin_loss(logits, labels, reduction="none")

    attack = dkt.PGD(model, loss=margin)
    report = dkt.DDi(model, attack, m=2, loss=margin).backward(images, labels)
    with torch.no_grad():
        assert report.losses.min() >= 0


@pytest.mark.slow
def test_lightning_manual_optimization(net, batch, tmp_path):
    lightning = pytest.importorskip("pytorch_lightning", reason="Lightning is not installed")
    from torch.utils.data import DataLoader, TensorDataset

    images = torch.rand(16, 3, 6, 6)
    labels = torch.randint(0, 3, (16,))

    class Robust(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.automatic_optimization = False
            self.net = net(norm="batch")
            self.ddi = dkt.DDi(self.net, dkt.PGD(self.net, steps=2), m=2)
            self.seen = []

        def training_step(self, batch, index):
            optimizer = self.optimizers()
            optimizer.zero_grad()
            report = self.ddi.backward(*batch)
            optimizer.step()
            self.seen.append(report.loss)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.2)

    module = Robust()
    before = [p.clone() for p in module.net.parameters()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = lightning.Trainer(
            max_epochs=6,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=tmp_path,
        )
        trainer.fit(module, DataLoader(TensorDataset(images, labels), batch_size=8))
    assert len(module.seen) == 12
    assert sum(module.seen[-2:]) < sum(module.seen[:2])
    after = list(module.net.parameters())
    assert all(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


WORKER = """
import sys, torch
import torch.distributed as dist
from torch import nn
import danskin.torch as dkt
rank, port, method = int(sys.argv[1]), sys.argv[2], sys.argv[3]
free = {"tol": 1e-12, "max_iterations": 50, "memory_budget": 0}
method, settings = {
    "matrix_free": ("product", free), "per_sample": ("step_aware", {"per_sample": True}),
}.get(method, (method, {}))
dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
torch.manual_seed(0)
net = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.CELU(), nn.Linear(8, 3)).double()
unused = nn.Linear(2, 2); net.add_module("unused", nn.Identity()); net.unused.extra = unused
images, labels = torch.rand(7, 3, 2, 2).double(), torch.randint(0, 3, (7,))
points = [torch.rand_like(images) for _ in range(3)]
mine = slice(0, 3) if rank == 0 else slice(3, 7)          # uneven parts

def run(model, part, seed):
    queue = iter(points)
    ddi = dkt.DDi(model, lambda i, y: next(queue)[part], m=6 if method == "comb" else 3,
                  method=method, generator=torch.Generator().manual_seed(seed), **settings)
    return ddi.backward(images[part], labels[part])

shared = run(nn.parallel.DistributedDataParallel(net), mine, rank)  # the first one's mixtures
found = [None if p.grad is None else p.grad.clone() for p in net.parameters()]
net.zero_grad()
whole = run(net, slice(0, 7), 0)
for a, p in zip(found, net.parameters()):
    assert (a is None) == (p.grad is None)
    if a is not None:
        torch.testing.assert_close(a, p.grad, rtol=1e-6, atol=1e-9)
assert abs(shared.norm - whole.norm) < 1e-9
assert shared.losses.shape[1] == mine.stop - mine.start
if method == "product" and not settings:
    assert torch.allclose(shared.weights, whole.weights[:, mine], atol=1e-7)
    assert shared.gram.shape == (3 * shared.losses.shape[1],) * 2
assert abs(shared.empirical_derivative - whole.empirical_derivative) < 1e-6
# Attacks built on the wrapped module run on the bare one.
ddp = nn.parallel.DistributedDataParallel(net)
for _ in range(2):
    dkt.DDi(ddp, dkt.PGD(ddp, steps=2), m=2, method=method).backward(images[mine], labels[mine])
# A NaN on one process raises on both, and nobody waits for ever.
try:
    ddi = dkt.DDi(nn.parallel.DistributedDataParallel(net),
                  lambda i, y: i * (float("nan") if rank else 1.0), m=2, method=method)
    ddi.backward(images[mine], labels[mine])
    raise SystemExit("no error")
except ValueError:
    pass
import os
sys.stderr.flush()
os._exit(0)  # not gloo's teardown, which may abort and is not what is tested
"""


@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch without distributed")
@pytest.mark.parametrize(
    "method",
    ["single", "coupled", "comb", "step_aware", "gated", "product", "matrix_free", "per_sample",
     "max", "min", "mean"],
)  # fmt: skip
def test_two_processes_are_one_with_the_whole_batch(method, tmp_path):
    import socket
    import subprocess

    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    workers = [
        subprocess.Popen(
            [sys.executable, str(script), str(rank), str(port), method],
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for worker in workers:
        _, err = worker.communicate(timeout=120)
        assert worker.returncode == 0, err
