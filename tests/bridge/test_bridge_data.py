"""Image files, good, damaged and hostile: what is read is right, and nothing in a file is run."""

import contextlib
import gzip
import hashlib
import io
import os
import pickle
import pickletools
import socket
import struct
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from danskin.errors import DanskinError, InvalidInputError, MissingExtraError
from danskin.torch.data import download as download_module
from danskin.torch.data import download_cifar10, load_data, read_cifar10, read_plain_pickle
from danskin.torch.data.cifar10 import BINARY_FILES

DATA = Path(os.environ.get("DANSKIN_DATA", "/nonexistent"))
RECORD = 3073


def records(count: int, seed: int = 0) -> np.ndarray:
    """Random records (count, 3073) with valid labels."""
    rng = np.random.default_rng(seed)
    out = rng.integers(0, 256, (count, RECORD), dtype=np.uint8)
    out[:, 0] = rng.integers(0, 10, count)
    return out


def folder(tmp_path: Path, **files: np.ndarray | bytes) -> Path:
    place = tmp_path / "cifar-10-batches-bin"
    place.mkdir(exist_ok=True)
    for name, content in files.items():
        data = content.tobytes() if isinstance(content, np.ndarray) else content
        (place / f"{name}.bin").write_bytes(data)
    return place


# --- digits --------------------------------------------------------------------------------------


def test_digits_are_split_once_and_for_all():
    train, test = load_data("digits", "train"), load_data("digits", "test")
    assert (len(train), len(test)) == (1347, 450)
    assert train.shape == (1, 8, 8)
    both = torch.cat([train.pixels, test.pixels]).flatten(1)
    assert both.max() == 16
    from sklearn.datasets import load_digits

    theirs = {tuple(v) for v in load_digits().images.reshape(-1, 64).astype(int).tolist()}
    assert {tuple(v) for v in both.tolist()} == theirs
    assert set(train.labels.tolist()) == set(test.labels.tolist()) == set(range(10))
    again = load_data("digits", "test")
    torch.rand(1)
    assert torch.equal(test.pixels, again.pixels)


def test_batches_cover_each_image_once_in_the_unit_interval():
    test = load_data("digits", "test")
    seen = [labels for _, labels in test.batches(64, torch.Generator().manual_seed(0))]
    assert sorted(torch.cat(seen).tolist()) == sorted(test.labels.tolist())
    assert not torch.equal(torch.cat(seen), test.labels)
    images, _ = test.batch(slice(0, 450))
    assert images.min() == 0
    assert images.max() == 1
    assert len(list(test.batches(64, drop_last=True))) == 450 // 64
    assert torch.equal(test.take(5).labels, test.labels[:5])
    with pytest.raises(InvalidInputError, match="1 to 450"):
        test.take(451)


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'danskin\[torch\]'"):
        load_data("digits", "train")
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'danskin\[torch\]'"):
        download_cifar10()


# --- binary files --------------------------------------------------------------------------------


def test_binary_records_are_read_as_they_stand(tmp_path):
    first, second = records(7), records(4, seed=1)
    images = read_cifar10(folder(tmp_path, data_batch_1=first, data_batch_3=second), "train")
    both = np.concatenate([first, second])
    assert images.labels.tolist() == both[:, 0].tolist()
    # Channel-major: 1,024 red bytes, then green, then blue; rows of 32.
    assert int(images.pixels[8, 2, 5, 6]) == second[1, 1 + 2 * 1024 + 5 * 32 + 6]
    floats, labels = images.batch(torch.tensor([3]))
    assert float(floats[0, 1, 0, 0]) == pytest.approx(first[3, 1 + 1024] / 255)
    assert labels.dtype == torch.int64
    assert "data_batch_1.bin is partial: 7 of 10000" in images.notes[0]
    assert "missing: data_batch_2, data_batch_4, data_batch_5" in images.notes[-1]
    assert "partial" in repr(images)


def test_a_canonical_set_has_no_notes(tmp_path):
    place = folder(tmp_path, test_batch=records(10_000))
    images = read_cifar10(tmp_path, "test")  # the folder around it
    assert len(images) == 10_000
    assert images.notes == ()
    assert torch.equal(images.pixels, read_cifar10(place, "test").pixels)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"x", "truncated: 1 bytes are 0 records and 1 bytes"),
        (records(3).tobytes()[:-1], "truncated: 9,218 bytes are 2 records"),
        (records(3).tobytes() + b"\x00", "truncated: 9,220 bytes are 3 records and 1 bytes"),
        (records(10_001).tobytes(), "too large"),
        (np.full((5, RECORD), 10, np.uint8).tobytes(), "record 0 has label 10 .5 of 5"),
        (np.where(np.arange(5)[:, None] == 3, 255, records(5)).astype(np.uint8).tobytes(),
         "record 3 has label 255 .1 of 5"),
    ],
)  # fmt: skip
def test_damaged_binary_files_are_named(tmp_path, content, words):
    place = folder(tmp_path, data_batch_1=records(2), data_batch_2=content)
    with pytest.raises(InvalidInputError, match=words) as caught:
        read_cifar10(place, "train")
    assert caught.value.argument == str(place / "data_batch_2.bin")


def test_a_huge_file_is_refused_without_reading_it(tmp_path):
    place = folder(tmp_path)
    with (place / "test_batch.bin").open("wb") as file:
        file.truncate(RECORD * 10**9)  # sparse: three terabytes
    with pytest.raises(InvalidInputError, match="too large"):
        read_cifar10(place, "test")


def test_what_is_not_a_file_is_refused(tmp_path):
    place = folder(tmp_path)
    os.mkfifo(place / "test_batch.bin")  # opening it would wait for ever
    with pytest.raises(InvalidInputError, match="not a regular file"):
        read_cifar10(place, "test")
    (place / "data_batch_1.bin").symlink_to("/dev/zero")
    with pytest.raises(InvalidInputError, match="not a regular file"):
        read_cifar10(place, "train")


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda p: p / "nowhere", "neither digits nor cifar10 nor a folder"),
        (lambda p: p, "no batches of CIFAR-10"),
        (lambda p: folder(p, test_batch=records(2)), "no train batch"),
    ],
)
def test_folders_without_data_are_named(tmp_path, make, word):
    with pytest.raises(InvalidInputError, match=word):
        load_data(make(tmp_path), "train")


@pytest.mark.cifar10
def test_original_images_are_read():
    place = DATA / "cifar10" / "original-subset"
    train, test = read_cifar10(place, "train"), read_cifar10(place, "test")
    assert (len(train), len(test)) == (4000, 1000)
    assert "partial: 4000 of 10000" in train.notes[0]
    assert train.labels[:5].tolist() == [6, 9, 9, 4, 1]  # frog, truck, truck, deer, automobile


# --- pickles: what is good -----------------------------------------------------------------------


def batch(count: int = 20, seed: int = 0) -> dict:
    rows = records(count, seed)
    return {
        b"batch_label": b"training batch 1 of 5",
        b"labels": rows[:, 0].tolist(),
        b"data": rows[:, 1:].copy(),
        b"filenames": [b"x_%d.png" % i for i in range(count)],
    }


def python2_pickle(rows: np.ndarray) -> bytes:
    """The opcodes of the published files: protocol 2 of Python 2, NumPy 1."""

    def text(s: bytes) -> bytes:
        return b"U" + bytes([len(s)]) + s

    def small(i: int) -> bytes:
        return b"K" + bytes([i])

    pixels = rows[:, 1:].tobytes()
    return (
        b"\x80\x02}q\x01(" + text(b"batch_label") + b"q\x02" + text(b"testing batch 1 of 1")
        + b"q\x03" + text(b"labels") + b"q\x04]q\x05("
        + b"".join(small(int(v)) for v in rows[:, 0]) + b"e"
        + text(b"data") + b"q\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08"
        + small(0) + b"\x85q\x09" + text(b"b") + b"\x87q\x0aRq\x0b("
        + small(1) + b"M" + struct.pack("<H", len(rows)) + b"M" + struct.pack("<H", 3072)
        + b"\x86q\x0ccnumpy\ndtype\nq\x0d" + text(b"u1") + small(0) + small(1) + b"\x87q\x0eRq\x0f("
        + small(3) + text(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff" + small(0)
        + b"tb\x89T" + struct.pack("<i", len(pixels)) + pixels + b"tb"
        + text(b"filenames") + b"]q\x10(" + b"".join(text(b"%d.png" % i) for i in range(len(rows)))
        + b"eu."
    )  # fmt: skip


def test_the_published_layout_is_read(tmp_path):
    rows = records(30)
    content = python2_pickle(rows)
    theirs = pickle.loads(content, encoding="bytes")  # what the reference reader makes of it
    assert np.array_equal(theirs[b"data"], rows[:, 1:])
    (tmp_path / "test_batch").write_bytes(content)
    ours = read_plain_pickle(tmp_path / "test_batch")
    assert ours[b"labels"] == theirs[b"labels"]
    assert np.array_equal(ours[b"data"], theirs[b"data"])
    assert ours[b"filenames"] == theirs[b"filenames"]
    images = read_cifar10(tmp_path, "test")
    assert images.labels.tolist() == rows[:, 0].tolist()
    assert np.array_equal(images.pixels.flatten(1).numpy(), rows[:, 1:])
    assert "test_batch is partial: 30 of 10000" in images.notes[0]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_gives_what_pickle_gives(tmp_path, protocol):
    value = batch()
    value["more"] = [(1, 2.5, None, True, False, -3, 2**70, "é"), [], {}, (), {"k": ("v",)}]
    value["arrays"] = [np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3)),
                       np.float32([1.5]), np.zeros((0, 3), np.int32)]  # fmt: skip
    path = tmp_path / "x"
    path.write_bytes(pickle.dumps(value, protocol))
    ours = read_plain_pickle(path)
    assert ours.keys() == value.keys()
    assert ours["more"] == value["more"]
    assert [type(v) for v in ours["more"][0]] == [type(v) for v in value["more"][0]]
    assert ours[b"labels"] == value[b"labels"]
    for mine, theirs in zip(ours["arrays"], value["arrays"], strict=True):
        assert mine.dtype == theirs.dtype
        assert np.array_equal(mine, theirs)
    assert np.array_equal(ours[b"data"], value[b"data"])


@pytest.mark.parametrize("array", [
    np.zeros(1, ">f8"), np.array(["a"]), np.array([b"a"]), np.array([1j]),
    np.array([object()], dtype=object), np.zeros(1, [("a", "u1")]), np.array(["2020"], "M8[D]"),
    np.float64(1.0),
], ids=lambda array: array.dtype.str)  # fmt: skip
def test_arrays_of_anything_but_numbers_are_refused(tmp_path, array):
    path = tmp_path / "x"
    for protocol in (2, 4):
        path.write_bytes(pickle.dumps({"a": array}, protocol))
        with pytest.raises(InvalidInputError, match="danskin runs none"):
            read_plain_pickle(path)


# --- pickles: damaged batches --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ([1, 2], "holds a list"),
        (batch() | {b"data": None}, "its data is no array"),
        (batch() | {b"data": np.zeros((20, 3072))}, "its data is float64"),
        (batch() | {b"data": np.zeros((20, 1024), np.uint8)}, r"\(20, 1024\)"),
        (batch() | {b"data": np.array(3, np.uint8)}, r"of shape \(\)"),
        (batch() | {b"labels": [0] * 19}, "20 images and 19 labels"),
        (batch() | {b"labels": [0] * 19 + [10]}, "record 19 has label 10"),
        (batch() | {b"labels": [0] * 19 + [-1]}, "record 19 has label -1"),
        (batch() | {b"labels": [2**64] + [0] * 19}, "record 0 has label 18446744073709551616"),
        (batch() | {b"labels": ["0"] * 20}, "not a list of whole numbers"),
        (batch() | {b"labels": [True] * 20}, "not a list of whole numbers"),
        (batch() | {b"labels": None}, "not a list of whole numbers"),
        ({k: v for k, v in batch().items() if k != b"labels"}, "not a list of whole numbers"),
        ({b"data": np.zeros((0, 3072), np.uint8), b"labels": []}, "0 images"),
        (batch() | {b"fine_labels": [1] * 20}, "CIFAR-100"),
    ],
)  # fmt: skip
def test_damaged_batches_are_named(tmp_path, value, word):
    path = tmp_path / "test_batch"
    path.write_bytes(pickle.dumps(value, 2))
    with pytest.raises(InvalidInputError, match=word) as caught:
        read_cifar10(tmp_path, "test")
    assert caught.value.argument == str(path)


def test_bytes_after_a_pickle_are_named(tmp_path):
    (tmp_path / "test_batch").write_bytes(pickle.dumps(batch(), 2) + b"more")
    with pytest.raises(InvalidInputError, match="too large: 4 bytes follow"):
        read_cifar10(tmp_path, "test")


def test_too_many_records_are_named(tmp_path):
    value = {b"data": np.zeros((10_001, 3072), np.uint8), b"labels": [0] * 10_001}
    (tmp_path / "test_batch").write_bytes(pickle.dumps(value, 2))
    with pytest.raises(InvalidInputError, match="10,001 images"):
        read_cifar10(tmp_path, "test")


# --- pickles: hostile ----------------------------------------------------------------------------


class Runs:
    """Pickles to a call of a function with arguments."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def text(s: str) -> bytes:
    raw = s.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


CANARY = "danskin-canary"
LOW, HIGH = b"\x80\x02", b"\x80\x04"
#: An array about to get its state, and the end of the state of a dtype.
ARRAY = LOW + b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t" + text("b") + b"tR"
STATE = b"K\x00K\x01tR(K\x03" + text("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
HOSTILE = {
    "os.system": pickle.dumps(Runs(os.system, f"touch {CANARY}")),
    "os.system by protocol 0": pickle.dumps(Runs(os.system, f"touch {CANARY}"), 0),
    "eval": pickle.dumps(Runs(eval, f"open({CANARY!r}, 'w')")),
    "exec": pickle.dumps(Runs(exec, f"open({CANARY!r}, 'w')")),
    "open": pickle.dumps(Runs(open, CANARY, "w")),
    "getattr":
        LOW + b"cbuiltins\ngetattr\n(cnumpy\nndarray\n" + text("__class__") + b"tR.",
    "a dotted name": HIGH + text("numpy") + text("ndarray.__subclasses__") + b"\x93)R.",
    "numpy's own loader": LOW + b"cnumpy\nload\n(" + text(CANARY) + b"tR.",
    "numpy's file reader": LOW + b"cnumpy\nfromfile\n(" + text("/etc/passwd") + b"tR.",
    "numpy's memory map": LOW + b"cnumpy\nmemmap\n(" + text(CANARY) + b"tR.",
    "numpy.testing's runner": LOW + b"cnumpy.testing._private.utils\nrunstring\n("
        + text("open('" + CANARY + "','w')") + b"}tR.",
    "distutils": LOW + b"cnumpy.distutils.exec_command\nexec_command\n(" + text("x") + b"tR.",
    "a scalar of objects": LOW + b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(" + text("O8")
        + b"K\x00K\x01tR" + text("x") + b"tR.",
    "a half array": LOW + b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t"
        + text("b") + b"tR.",
    "a reconstruction of another class": LOW
        + b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\ndtype\n(K\x00t" + text("b") + b"tR.",
    "an array of a terabyte": ARRAY + b"(K\x01(\x8a\x06\x00\x00\x00\x00\x00\x01tcnumpy\ndtype\n("
        + text("u1") + STATE + b"\x89C\x01xtb.",
    "an array of pointers": ARRAY + b"(K\x01(K\x01tcnumpy\ndtype\n(" + text("O8") + STATE
        + b"\x89]K\x01atb.",
    "a dtype alone": LOW + b"cnumpy\ndtype\n(" + text("u1") + b"K\x00K\x01tR.",
    "a name alone": LOW + b"cnumpy\nndarray\n.",
    "a name in a dictionary": LOW + b"}" + text("x") + b"cnumpy\nndarray\ns.",
    "a call of an array": LOW + b"cnumpy\nndarray\n(K\x01tR.",
    "state of a name": LOW + b"cnumpy\nndarray\n}" + text("__reduce__") + b"K\x01sb.",
    "state of a dictionary": LOW + b"}}" + text("__class__") + b"K\x01sb.",
    "state of a list": LOW + b"]}" + text("append") + b"K\x01sb.",
    "an instance": b"(ios\nsystem\n.",
    "an object": b"(cos\nsystem\no.",
    "a new object": LOW + b"cnumpy\nndarray\n(K\x05t\x81.",
    "a new object with names": HIGH + text("numpy") + text("ndarray") + b"\x93(K\x05t}\x92.",
    "a registered extension": LOW + b"\x82\x01.",
    "a persistent id": LOW + text("x") + b"Q.",
    "a set": HIGH + b"\x8f.",
    "an out-of-band buffer": b"\x80\x05\x97.",
    "a codec that runs": LOW + b"c_codecs\ndecode\n(" + text("x") + text("rot13") + b"tR.",
    "an encoding of one's own": LOW + b"c_codecs\nencode\n(" + text("x") + text("zlib") + b"tR.",
    "a text unfolded a thousand times": LOW + b"X" + struct.pack("<I", 10**6) + b"a" * 10**6
        + b"q\x000]" + b"(" + b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R" * 1000 + b"e.",
    "an index of two billion": LOW + b"K\x01r\xff\xff\xff\x7fj\xff\xff\xff\x7f\x860.",
    "a string of four gigabytes": LOW + b"X\xff\xff\xff\xffabc.",
    "bytes of exabytes": HIGH + b"\x8e" + b"\xff" * 7 + b"\x7fabc.",
    "a frame of exabytes": HIGH + b"\x95" + b"\xff" * 7 + b"\x7f.",
    "a number of a million digits": b"L" + b"9" * 1_000_000 + b"L\n.",
    "a number of 200 bytes": LOW + b"\x8a\xc8" + b"\x7f" * 200 + b".",
    "colliding keys": LOW + b"}(" + b"".join(
        b"\x8a\x0a" + (i * (2**61 - 1)).to_bytes(10, "little") + b"K\x01" for i in range(1, 5000)
    ) + b"u.",
    "a list as a key": LOW + b"}]K\x01s.",
    "a tuple as a key": LOW + b"})K\x01s.",
    "a key without value": LOW + b"}(K\x01u.",
    "a million empty tuples": LOW + b"(" + b")" * 1_000_000 + b"l.",
    "a million marks": LOW + b"(" * 1_000_000 + b".",
    "nested a million deep": LOW + b"]" * 1_000_000 + b"a" * 999_999 + b".",
    "an empty stack": LOW + b".",
    "a mark on top": LOW + b"(.",
    "tuples from nothing": LOW + b"\x87.",
    "a mark that is missing": LOW + b"K\x01e.",
    "appending to a number": LOW + b"K\x01K\x02a.",
    "two objects": LOW + b"K\x01K\x02.",
    "a memo that is not there": LOW + b"h\x07.",
    "a mark in the memo": LOW + b"(q\x00.",
    "reduce of nothing": LOW + b"R.",
    "build of nothing": LOW + b"b.",
    "no STOP": LOW + b"K\x01",
    "an empty file": b"",
    "not a pickle": bytes(range(256)),
    "zeros": b"\x00" * 1000,
    "gzip": gzip.compress(b"x"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles_are_refused_and_nothing_is_run(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "test_batch"
    path.write_bytes(HOSTILE[name])
    before = time.perf_counter()
    with pytest.raises(InvalidInputError) as caught:
        read_cifar10(tmp_path, "test")
    assert caught.value.argument == str(path)
    assert len(str(caught.value)) < 1000
    assert not (tmp_path / CANARY).exists()
    assert time.perf_counter() - before < 20  # a bomb would take hours, or all memory
    with pytest.raises(InvalidInputError):
        read_plain_pickle(path)


def test_a_foreign_name_is_refused_where_it_stands(tmp_path):
    """Before anything is done with it, and with its name in the message."""
    for content in (HOSTILE["os.system"], HOSTILE["os.system by protocol 0"]):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(InvalidInputError, match=r"it asks for posix.system"):
            read_plain_pickle(tmp_path / "x")


def test_sharing_and_nesting_cost_no_more_than_the_file(tmp_path):
    """A billion laughs: lists of the same list; and nesting that recursion could not follow."""
    laughs = LOW + b"]q\x00" + b"".join(
        b"](" + b"h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]) for i in range(60)
    )  # fmt: skip
    # 61 lists on the stack: gather them in a tuple
    laughs = LOW + b"(" + laughs[2:] + b"t."
    path = tmp_path / "x"
    path.write_bytes(laughs)
    assert len(read_plain_pickle(path)) == 61
    path.write_bytes(LOW + b"]" * 50_000 + b"a" * 49_999 + b".")
    value = read_plain_pickle(path)
    depth = 0
    while value:
        value, depth = value[0], depth + 1
    assert depth == 49_999
    path.write_bytes(LOW + b"]q\x00h\x00a.")  # a list that holds itself
    value = read_plain_pickle(path)
    assert value[0] is value


@pytest.mark.parametrize("seed", range(20))
def test_mutated_pickles_are_read_or_refused_cleanly(tmp_path, seed):
    """A few bytes of a good file changed: plain data or an error that names the file."""
    rng = np.random.default_rng(seed)
    path = tmp_path / "x"
    for protocol in (0, 2, 4, 5):
        good = pickle.dumps(batch(3) | {"t": (1, "a", 2.5)}, protocol)
        for _ in range(40):
            bad = bytearray(good)
            head = min(len(bad), 400)
            for _ in range(int(rng.integers(1, 4))):
                bad[
                    int(rng.integers(head)) if rng.random() < 0.8 else -int(rng.integers(1, head))
                ] = int(rng.integers(256))
            path.write_bytes(bytes(bad))
            with contextlib.suppress(InvalidInputError):
                read_plain_pickle(path)


def test_nothing_else_unpickles():
    """The reader is the only place that knows pickle, and it knows how to take it apart only."""
    source = Path(download_module.__file__).parents[1]
    for path in source.rglob("*.py"):
        code = path.read_text()
        for word in ("import pickle\n", "from pickle ", "torch.load(", "np.load(", "joblib.load"):
            assert word not in code, path
        if path.name != "sweep.py":  # its processes talk by pickles of their own making
            assert "joblib" not in code, path
    assert hasattr(pickletools, "genops")


# --- the download --------------------------------------------------------------------------------


def archive(path: Path, members: dict[str, bytes | tarfile.TarInfo]) -> str:
    """Write a tar.gz and return its SHA-256."""
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


WHOLE = np.zeros((10_000, RECORD), np.uint8).tobytes()
GOOD = {f"cifar-10-batches-bin/{name}": WHOLE for name in BINARY_FILES}


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*arguments, **options):
        raise OSError("no network in the tests")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def served(monkeypatch, source: Path, sha256: str | None = None):
    """A downloader of pooch's kind that hands out a local file; returns the list of its calls."""
    if sha256 is not None:
        monkeypatch.setattr(download_module, "ARCHIVE_SHA256", sha256)
    calls = []

    def downloader(url, output_file, pooch):
        calls.append(url)
        Path(output_file).write_bytes(source.read_bytes())

    return downloader, calls


def test_the_canonical_hash_and_place():
    assert download_module.ARCHIVE_SHA256 == (
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
    )
    assert download_module.ARCHIVE_URL.startswith("https://www.cs.toronto.edu/~kriz/")


def test_fetch_check_unpack_and_not_again(tmp_path, monkeypatch, no_network):
    extra = {"cifar-10-batches-bin/readme.html": b"x", "../evil": b"x", "/tmp/evil-danskin": b"x",
             "cifar-10-batches-bin/../../evil2": b"x"}  # fmt: skip
    sha = archive(tmp_path / "a.tar.gz", {**extra, **GOOD})
    downloader, calls = served(monkeypatch, tmp_path / "a.tar.gz", sha)
    place = download_cifar10(tmp_path / "out", downloader=downloader)
    assert sorted(p.name for p in place.iterdir()) == sorted(BINARY_FILES)
    assert len(load_data(tmp_path / "out", "train")) == 50_000
    # Nothing beside it but the archive; what the archive calls ../evil was never written.
    assert not any(p.name.startswith("evil") for p in tmp_path.rglob("*"))
    assert not Path("/tmp/evil-danskin").exists()
    assert download_cifar10(tmp_path / "out", downloader=downloader) == place
    assert len(calls) == 1
    assert calls[0] == download_module.ARCHIVE_URL


def test_an_archive_at_hand_is_checked_too(tmp_path, monkeypatch, no_network):
    sha = archive(tmp_path / "a.tar.gz", GOOD)
    with pytest.raises(DanskinError, match="is not CIFAR-10's binary archive"):
        download_cifar10(tmp_path / "out", archive=tmp_path / "a.tar.gz")
    assert not (tmp_path / "out" / "cifar-10-batches-bin").exists()
    monkeypatch.setattr(download_module, "ARCHIVE_SHA256", sha)
    assert download_cifar10(tmp_path / "out", archive=tmp_path / "a.tar.gz").is_dir()
    with pytest.raises(InvalidInputError, match="no such file"):
        download_cifar10(tmp_path / "other", archive=tmp_path / "nothing")


def test_another_file_than_meant_is_not_kept(tmp_path, monkeypatch, no_network):
    (tmp_path / "a").write_bytes(b"<html>moved</html>")
    downloader, _ = served(monkeypatch, tmp_path / "a")
    with pytest.raises(DanskinError, match="not the archive that was meant"):
        download_cifar10(tmp_path / "out", downloader=downloader)
    assert not list((tmp_path / "out").iterdir())


def test_without_network_the_remedy_is_named(tmp_path, no_network):
    with pytest.raises(DanskinError, match=r"cannot be fetched.*--archive FILE.*digits"):
        download_cifar10(tmp_path / "out")


@pytest.mark.parametrize(
    ("members", "word"),
    [
        ({}, "lacks"),
        ({k: v for k, v in GOOD.items() if "test" not in k}, "lacks test_batch.bin"),
        ({**GOOD, "cifar-10-batches-bin/test_batch.bin": b"short"}, "is not 30,730,000 bytes"),
        ({**GOOD, "cifar-10-batches-bin/test_batch.bin": b"\x0a" + WHOLE[1:]}, "label 10"),
    ],
)
def test_archives_that_are_not_whole(tmp_path, monkeypatch, no_network, members, word):
    sha = archive(tmp_path / "a.tar.gz", members)
    downloader, _ = served(monkeypatch, tmp_path / "a.tar.gz", sha)
    with pytest.raises(InvalidInputError, match=word):
        download_cifar10(tmp_path / "out", downloader=downloader)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE]
)
def test_a_link_in_the_place_of_a_batch_is_refused(tmp_path, monkeypatch, no_network, kind):
    link = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
    link.type, link.linkname = kind, "/etc/passwd"
    sha = archive(tmp_path / "a.tar.gz", {"x": link})
    downloader, _ = served(monkeypatch, tmp_path / "a.tar.gz", sha)
    with pytest.raises(InvalidInputError, match="is not 30,730,000 bytes"):
        download_cifar10(tmp_path / "out", downloader=downloader)


@pytest.mark.parametrize("content", [b"", b"not a tar", gzip.compress(b"not a tar", mtime=0)])
def test_what_is_no_archive_is_refused(tmp_path, monkeypatch, no_network, content):
    (tmp_path / "a").write_bytes(content)
    downloader, _ = served(monkeypatch, tmp_path / "a", hashlib.sha256(content).hexdigest())
    with pytest.raises(InvalidInputError, match=r"not a whole tar.gz|lacks"):
        download_cifar10(tmp_path / "out", downloader=downloader)


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch, no_network):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidInputError, match="cannot be written"):
        download_cifar10(tmp_path / "file" / "out")


def test_cifar10_by_name_before_it_was_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(InvalidInputError, match="danskin data cifar10"):
        load_data("cifar10", "train")
