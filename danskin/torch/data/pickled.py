"""Arrays and plain containers out of a pickle, without unpickling it.

A pickle is a program for a stack machine, and unpickling runs it. Here ``pickletools`` takes the
file apart into operations, and the few that build dictionaries, lists, tuples, numbers, text, bytes
and NumPy arrays are carried out by this module; the first other one ends the reading. No name in
the file is ever imported and nothing it names is ever called: the names that NumPy arrays need are
compared as text. Everything built is bounded by the file's size and by a number of operations.
"""

from __future__ import annotations

import io
import math
import pickletools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from danskin.errors import InvalidInputError

__all__ = ["read_plain_pickle"]

MAX_BYTES = 64_000_000
#: CIFAR-10's own batches take some 40,000 operations.
MAX_OPERATIONS = 200_000
_DTYPES = frozenset({"u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"})
_LARGEST_NUMBER = 10**40
#: Whole numbers as keys can be chosen to collide; a few of them do no harm.
_MAX_KEYS = 1000


class _Refused(Exception):
    """Why the file is not read."""


@dataclass(frozen=True)
class _Name:
    """A global of the file: a module and a name, as text."""

    module: str
    name: str


@dataclass(frozen=True)
class _DType:
    code: str


@dataclass
class _Array:
    """An array before its state is known."""

    value: np.ndarray | None = None


class _Mark:
    pass


_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_RECONSTRUCT = frozenset(_Name(m, "_reconstruct") for m in _MULTIARRAY)
_FROMBUFFER = frozenset(_Name(m, "_frombuffer") for m in ("numpy.core.numeric",
                                                          "numpy._core.numeric"))  # fmt: skip
_NDARRAY, _DTYPE = _Name("numpy", "ndarray"), _Name("numpy", "dtype")
_ENCODE = _Name("_codecs", "encode")
#: How protocol 2 writes no bytes at all.
_BYTES = frozenset(_Name(m, "bytes") for m in ("__builtin__", "builtins"))
_KNOWN = _BYTES | _RECONSTRUCT | _FROMBUFFER | {_NDARRAY, _DTYPE, _ENCODE}


def read_plain_pickle(path: str | Path) -> Any:
    """Return what a pickle file holds, if that is arrays and plain containers only.

    Parameters
    ----------
    path : path
        A pickle of any protocol.

    Returns
    -------
    object
        dict, list, tuple, int, float, bool, None, str, bytes and `numpy.ndarray` of numbers. Text
        of Python 2 comes as bytes.

    Raises
    ------
    InvalidInputError
        Names the file and what stands in it: anything that would have to be imported or called,
        a truncated file, more than 64 MB or 200,000 operations.
    """
    path = Path(path)
    remedy = "Only arrays and plain containers are read from a pickle; danskin runs none."
    try:
        if not path.is_file():
            raise _Refused("it is not a regular file")
        if path.stat().st_size > MAX_BYTES:
            raise _Refused(f"it is larger than {MAX_BYTES // 1_000_000} MB")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # an odd backslash in protocol 0
            return _Machine().run(path.read_bytes())
    except _Refused as refused:
        problem = str(refused)
    except OSError as error:
        problem = f"it cannot be read: {error.strerror}"
    raise InvalidInputError(str(path), problem, remedy)


class _Machine:
    """The stack machine of pickle, with the harmless operations only."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.copied = 0

    def run(self, data: bytes) -> Any:
        """Return the object on top of the stack at STOP."""
        stream = io.BytesIO(data)
        operations = pickletools.genops(stream)
        for count in range(MAX_OPERATIONS + 1):
            try:
                opcode, argument, _ = next(operations)
            except (StopIteration, ValueError, OverflowError, MemoryError, UnicodeError) as error:
                raise _Refused("it is truncated, or not a pickle") from error
            if count == MAX_OPERATIONS:
                break
            if opcode.name == "STOP":
                rest = len(data) - stream.tell()
                if rest:
                    raise _Refused(f"it is too large: {rest:,} bytes follow the end of its data")
                return self.finished()
            step = _STEPS.get(opcode.name)
            if step is None:
                raise _Refused(f"it holds the operation {opcode.name}, which plain data does not")
            step(self, argument)
        raise _Refused(f"it holds more than {MAX_OPERATIONS:,} operations")

    def finished(self) -> Any:
        value = self.pop()
        if self.stack:
            raise _Refused("it leaves more than one object")
        value = _plain(value)
        if not _is_plain(value):
            raise _Refused("it holds a name or half an array, which plain data does not")
        return value

    # --- the stack -----------------------------------------------------------------------------

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        if not self.stack or self.stack[-1] is _Mark:
            raise _Refused("it takes from an empty stack")
        return self.stack.pop()

    def top(self, kind: type) -> Any:
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise _Refused(f"it adds to something that is not a {kind.__name__}")
        return self.stack[-1]

    def to_mark(self) -> list[Any]:
        for i in range(len(self.stack) - 1, -1, -1):
            if self.stack[i] is _Mark:
                items = self.stack[i + 1 :]
                del self.stack[i:]
                return items
        raise _Refused("a mark is missing")

    # --- containers ----------------------------------------------------------------------------

    def tuple_of(self, count: int) -> None:
        items = [self.pop() for _ in range(count)]
        self.push(tuple(_plain(v) for v in reversed(items)))

    def extend(self, items: list[Any]) -> None:
        self.top(list).extend(_plain(v) for v in items)

    def update(self, items: list[Any]) -> None:
        if len(items) % 2:
            raise _Refused("a key has no value")
        target = self.top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in (str, bytes, int):
                raise _Refused("a key is neither text nor a number")
            target[key] = _plain(value)
        if len(target) > _MAX_KEYS:
            raise _Refused(f"it holds a dictionary of more than {_MAX_KEYS:,} keys")

    def dictionary(self) -> None:
        items = self.to_mark()
        self.push({})
        self.update(items)

    def one(self, add: Callable[[list[Any]], None], count: int) -> None:
        items = [self.pop() for _ in range(count)]
        add(items[::-1])

    # --- memo ----------------------------------------------------------------------------------

    def remember(self, index: int | None) -> None:
        if not self.stack or self.stack[-1] is _Mark:
            raise _Refused("it takes from an empty stack")
        self.memo[len(self.memo) if index is None else index] = self.stack[-1]

    def recall(self, index: int) -> None:
        if index not in self.memo:
            raise _Refused("it refers to something that is not there")
        self.push(self.memo[index])

    # --- what stands for NumPy -----------------------------------------------------------------

    def named(self, module: Any, name: Any) -> None:
        known = _Name(str(module), str(name))
        if known not in _KNOWN:
            raise _Refused(f"it asks for {f'{module}.{name}'[:80]}, which is not plain data")
        self.push(known)

    def reduce(self) -> None:
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, _Name) or not isinstance(arguments, tuple):
            raise _Refused("it calls something that is not plain data")
        if function == _DTYPE:
            code = _text(arguments[0]).lstrip("|<") if arguments else ""
            if code not in _DTYPES or not all(type(v) in (bool, int) for v in arguments[1:]):
                raise _Refused(f"it holds an array of type {code[:20]!r}")
            self.push(_DType(code))
        elif function in _RECONSTRUCT:
            # The shape and type given here are placeholders; the state has the real ones.
            if len(arguments) != 3 or arguments[0] != _NDARRAY:
                raise _Refused("it holds something that is not a plain array")
            self.push(_Array())
        elif function in _FROMBUFFER and len(arguments) == 4:
            raw, dtype, shape, order = arguments
            self.push(_Array(_array(shape, dtype, _text(order) == "F", raw)))
        elif function == _ENCODE and len(arguments) == 2:
            self.push(self.encoded(*arguments))
        elif function in _BYTES and not arguments:
            self.push(b"")
        else:
            raise _Refused("it calls something that is not plain data")

    def encoded(self, text: Any, encoding: Any) -> bytes:
        """Bytes as Python 3 writes them in protocol 2: text, and the name of an encoding."""
        if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
            raise _Refused("it encodes something that is not bytes")
        self.copied += len(text)
        if self.copied > MAX_BYTES:  # one text, recalled many times
            raise _Refused("it unfolds to more than it holds")
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            raise _Refused("it encodes something that is not bytes") from None

    def build(self) -> None:
        state = self.pop()
        if not self.stack:
            raise _Refused("it takes from an empty stack")
        target = self.stack[-1]
        if isinstance(target, _DType):
            # (3, "<", None, None, None, -1, -1, 0): the byte order; ours is little or irrelevant.
            if not isinstance(state, tuple) or len(state) < 2 or _text(state[1]) not in ("<", "|"):
                raise _Refused("it holds an array that is not little-endian")
            if any(v is not None and type(v) is not int for v in state[2:]):
                raise _Refused("it holds an array of a structured type")
        elif isinstance(target, _Array) and isinstance(state, tuple) and len(state) == 5:
            _, shape, dtype, fortran, raw = state
            target.value = _array(shape, dtype, bool(fortran), raw)
        else:
            raise _Refused("it sets the state of something that is not an array")


def _array(shape: Any, dtype: Any, fortran: bool, raw: Any) -> np.ndarray:
    if not isinstance(dtype, _DType) or not isinstance(raw, bytes):
        raise _Refused("it holds an array of objects")
    good = isinstance(shape, tuple) and len(shape) <= 8
    if not good or not all(type(s) is int and 0 <= s <= MAX_BYTES for s in shape):
        raise _Refused("it holds an array with an impossible shape")
    code = np.dtype(f"<{dtype.code}")
    if math.prod(shape) * code.itemsize != len(raw):
        raise _Refused(f"it holds an array of shape {shape} with {len(raw):,} bytes")
    return np.frombuffer(raw, dtype=code).reshape(shape, order="F" if fortran else "C")


def _plain(value: Any) -> Any:
    """Let an array be itself; names and types stay, since NumPy's tuples hold them."""
    if isinstance(value, _Array):
        return value if value.value is None else value.value
    return value


def _is_plain(value: Any) -> bool:
    """Whether nothing of this module's own is left inside; no recursion, each object once."""
    waiting, seen = [value], set()
    while waiting:
        item = waiting.pop()
        if isinstance(item, (_Name, _DType, _Array)):
            return False
        if isinstance(item, (dict, list, tuple)) and id(item) not in seen:
            seen.add(id(item))
            waiting.extend(item.values() if isinstance(item, dict) else item)
    return True


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value[:100].decode("latin-1")
    return value[:100] if isinstance(value, str) else ""


def _number(machine: _Machine, value: int) -> None:
    if abs(value) >= _LARGEST_NUMBER:
        raise _Refused("it holds a number of more than 40 digits")
    machine.push(value)


def _bytes_of_text(machine: _Machine, value: str | bytes) -> None:
    # Python 2's str: pickletools decodes it as latin-1, losing nothing.
    machine.push(value if isinstance(value, bytes) else value.encode("latin-1"))


def _global(machine: _Machine, argument: str) -> None:
    machine.named(*argument.split(" ", 1))


def _stack_global(machine: _Machine) -> None:
    name, module = machine.pop(), machine.pop()
    if type(name) is not str or type(module) is not str:
        raise _Refused("it names something that is not text")
    machine.named(module, name)


def _push(machine: _Machine, value: Any) -> None:
    machine.push(value)


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME"), lambda m, a: None),
    "MARK": lambda m, a: m.push(_Mark),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1"), _number),
    **dict.fromkeys(("FLOAT", "BINFLOAT"), _push),
    **dict.fromkeys(("BINUNICODE", "SHORT_BINUNICODE", "UNICODE", "BINUNICODE8"), _push),
    **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"), _push),
    "BYTEARRAY8": lambda m, a: m.push(bytes(a)),
    **dict.fromkeys(("BINSTRING", "SHORT_BINSTRING", "STRING"), _bytes_of_text),
    "NONE": lambda m, a: m.push(None),
    "NEWTRUE": lambda m, a: m.push(True),
    "NEWFALSE": lambda m, a: m.push(False),
    "EMPTY_DICT": lambda m, a: m.push({}),
    "EMPTY_LIST": lambda m, a: m.push([]),
    "EMPTY_TUPLE": lambda m, a: m.push(()),
    "LIST": lambda m, a: m.push([_plain(v) for v in m.to_mark()]),
    "TUPLE": lambda m, a: m.push(tuple(_plain(v) for v in m.to_mark())),
    "TUPLE1": lambda m, a: m.tuple_of(1),
    "TUPLE2": lambda m, a: m.tuple_of(2),
    "TUPLE3": lambda m, a: m.tuple_of(3),
    "DICT": lambda m, a: m.dictionary(),
    "APPEND": lambda m, a: m.one(m.extend, 1),
    "APPENDS": lambda m, a: m.extend(m.to_mark()),
    "SETITEM": lambda m, a: m.one(m.update, 2),
    "SETITEMS": lambda m, a: m.update(m.to_mark()),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), lambda m, a: m.remember(a)),
    "MEMOIZE": lambda m, a: m.remember(None),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda m, a: m.recall(a)),
    "GLOBAL": _global,
    "STACK_GLOBAL": lambda m, a: _stack_global(m),
    "REDUCE": lambda m, a: m.reduce(),
    "BUILD": lambda m, a: m.build(),
}
