"""Reads pickles, the files of Python's own objects, without ever running code.

A pickle is a program for a stack machine, which may call any function of any module. This
machine knows data only: numbers, texts, containers, NumPy's arrays, and the names in a table that
its caller gives. Whatever else a pickle names is refused, before anything is made of it. In come
bytes, out comes the value.
"""

from __future__ import annotations

import re
import struct
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from graphflow.core.errors import DataLossError
from graphflow.formats.pickled_known import (
    BUILTIN,
    Blank,
    Known,
    RefusedError,
    checked_key,
    instance,
)

__all__ = ["Known", "object_type", "read_pickle"]

_DAMAGED: Final = (
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    OverflowError,
    AttributeError,
    struct.error,
)
_COPIES: Final = 8  # calls may copy so often what the file holds; a hostile one repeats a big value
_DEPTH: Final = 100  # of what Python frees by recursion
_SIZED: Final = {bytes, bytearray, str, list, tuple, dict, OrderedDict, defaultdict, set}
_ESCAPE: Final = re.compile(rb"\\(x[0-9a-fA-F]{2}|.|$)", re.DOTALL)
_ESCAPES: Final = {b"\\": b"\\", b"'": b"'", b'"': b'"', b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def object_type(kind: type) -> Known:
    """Returns what makes objects of a class of one's own, by setting their attributes.

    Args:
        kind: the class; neither its `__init__` nor its `__setstate__` is called.
    """
    return instance(kind)


def read_pickle(
    data: bytes,
    known: Mapping[tuple[str, str], Known] | None = None,
    *,
    encoding: str = "ASCII",
    name: str = "pickle",
) -> Any:
    """Returns the value in a pickle of protocol 0 to 5.

    Args:
        data: the pickle; what follows its end is not looked at.
        known: what stands for further names, by module and name.
        encoding: how the byte strings of Python 2 become texts; "bytes": they stay bytes.
        name: what the error messages call the file.

    Raises:
        ValueError: if the pickle names anything else, or is of a kind that is not read: persistent
            ids, extensions, old-style classes, arrays that hold themselves.
        DataLossError: if it is damaged.
    """
    machine = _Machine(data, {**BUILTIN, **(known or {})}, encoding)
    try:
        return machine.run()
    except RefusedError as refused:
        raise ValueError(f"{name}: {refused}") from None
    except _DAMAGED as reason:
        what = "is cut off" if machine.at >= len(data) else f"is damaged at byte {machine.at}"
        raise DataLossError(
            None, None, f"{name}: the pickle {what} ({type(reason).__name__}: {reason})"
        ) from reason


class _Nesting:
    """How deep defaultdicts and arrays of objects lie in each other.

    Python frees them by recursion without an end, unlike other containers.
    """

    def __init__(self) -> None:
        self._depths: dict[int, int] = {}
        self._held: dict[int, Any] = {}

    def put(self, outer: Any, values: list[Any]) -> None:
        """Notes that values are put in a container."""
        inner = [value for value in values if type(value) in (defaultdict, np.ndarray)]
        if not inner:
            return
        for value in inner:
            self._held[id(value)] = value
        depth = 1 + max(self._depths.get(id(value), 0) for value in inner)
        if id(outer) in self._held:
            raise RefusedError("a pickle of containers that hold each other is not read")
        if depth > _DEPTH:
            raise RefusedError(
                f"a pickle of more than {_DEPTH} levels of such containers is not read"
            )
        self._depths[id(outer)] = max(depth, self._depths.get(id(outer), 0))


class _Machine:
    """The state of a pickle that is read."""

    def __init__(self, data: bytes, known: Mapping[tuple[str, str], Known], encoding: str) -> None:
        self.at = 0
        self._data = data
        self._encoding = encoding
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._known = known
        self._named: dict[int, Known] = {}
        self._builders: dict[type, Callable[[Any, Any], None]] = {}
        self._blanks = 0
        self._left = _COPIES * len(data) + 4096
        self._nesting = _Nesting()

    def run(self) -> Any:
        """The value, once STOP is met."""
        data, push, steps = self._data, self._stack.append, _STEPS
        while True:
            code = data[self.at]
            self.at += 1
            if code == 0x4B:  # BININT1: most of the numbers of words are short, so they are quick
                push(data[self.at])
                self.at += 1
            elif code == 0x4D:  # BININT2
                push(data[self.at] | data[self.at + 1] << 8)
                self.at += 2
            elif code == 0x2E:  # STOP
                return self._result()
            elif code in steps:
                steps[code](self)
            else:
                raise self._unknown(code)

    def _unknown(self, code: int) -> Exception:
        if code in _UNREAD:
            return RefusedError(f"a pickle with {_UNREAD[code]} is not read")
        return ValueError(f"no such instruction: {code:#04x}")

    def _result(self) -> Any:
        (value,) = self._stack
        if self._blanks:
            raise ValueError("an array or dtype without its values")
        return value

    # --- bytes ---
    def _take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self._data):
            left = len(self._data) - self.at
            self.at = len(self._data)
            raise IndexError(f"{size} bytes are wanted, {left} are there")
        piece = self._data[self.at : end]
        self.at = end
        return piece

    def _sized(self, width: int) -> bytes:
        return self._take(self._number(width))

    def _number(self, width: int) -> int:
        return int.from_bytes(self._take(width), "little")

    def _line(self) -> bytes:
        end = self._data.find(b"\n", self.at)
        if end < 0:
            self.at = len(self._data)
            raise IndexError("a line has no end")
        return self._take(end + 1 - self.at)[:-1]

    # --- values ---
    def push(self, value: Any) -> None:
        """Puts a value on the stack."""
        self._stack.append(value)

    def integer(self) -> None:
        """INT: a decimal number, or a bool."""
        line = self._line()
        self.push(line == b"01" if line in (b"00", b"01") else int(line))

    def long_line(self) -> None:
        """LONG: a decimal number of Python 2 with its L."""
        self.push(int(self._line().removesuffix(b"L")))

    def signed(self) -> None:
        """BININT: four bytes."""
        self.push(int.from_bytes(self._take(4), "little", signed=True))

    def long(self, width: int) -> None:
        """LONG1, LONG4: a number of any length."""
        self.push(int.from_bytes(self._sized(width), "little", signed=True))

    def real(self) -> None:
        """BINFLOAT: eight bytes."""
        self.push(struct.unpack(">d", self._take(8))[0])

    def real_line(self) -> None:
        """FLOAT: a number as text."""
        self.push(float(self._line()))

    def text(self, width: int) -> None:
        """BINUNICODE: UTF-8."""
        self.push(self._sized(width).decode("utf-8", "surrogatepass"))

    def text_line(self) -> None:
        """UNICODE: a line with escapes."""
        self.push(self._line().decode("raw-unicode-escape"))

    def raw(self, width: int) -> None:
        """BINBYTES."""
        self.push(self._sized(width))

    def raw_array(self) -> None:
        """BYTEARRAY8."""
        self.push(bytearray(self._sized(8)))

    def string(self, width: int) -> None:
        """BINSTRING: a byte string of Python 2."""
        self._push_string(self._sized(width))

    def string_line(self) -> None:
        """STRING: a byte string of Python 2, as its repr."""
        line = self._line().strip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
            raise ValueError("a string has no quotes")
        self._push_string(_ESCAPE.sub(_unescaped, line[1:-1]))

    def _push_string(self, value: bytes) -> None:
        keep = self._encoding == "bytes"
        self.push(value if keep else value.decode(self._encoding, "strict"))

    # --- containers ---
    def mark(self) -> None:
        """MARK: what follows belongs together."""
        self._marks.append(len(self._stack))

    def _marked(self) -> list[Any]:
        start = self._marks.pop()
        if start > len(self._stack):
            raise IndexError("a mark lies behind the stack")
        values = self._stack[start:]
        del self._stack[start:]
        return values

    def tuple_of(self, size: int) -> None:
        """TUPLE1 to TUPLE3."""
        values = tuple(self._stack.pop() for _ in range(size))
        self.push(values[::-1])

    def marked_tuple(self) -> None:
        """TUPLE."""
        self.push(tuple(self._marked()))

    def marked_list(self) -> None:
        """LIST."""
        self.push(self._marked())

    def marked_dict(self) -> None:
        """DICT."""
        values = self._marked()
        self.push({})
        self._set_items(values)

    def marked_set(self) -> None:
        """FROZENSET."""
        self.push(frozenset(map(checked_key, self._marked())))

    def append(self) -> None:
        """APPEND."""
        value = self._stack.pop()
        self._extend([value])

    def appends(self) -> None:
        """APPENDS."""
        self._extend(self._marked())

    def _extend(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise TypeError("only a list can be appended to")
        target.extend(values)

    def set_item(self) -> None:
        """SETITEM."""
        value, key = self._stack.pop(), self._stack.pop()
        self._set_items([key, value])

    def set_items(self) -> None:
        """SETITEMS."""
        self._set_items(self._marked())

    def _set_items(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) not in (dict, defaultdict, OrderedDict):
            raise TypeError("only a dict has items")
        if type(target) is defaultdict:
            self._nesting.put(target, values[1::2])
        target.update(zip(map(checked_key, values[::2]), values[1::2], strict=True))

    def add_items(self) -> None:
        """ADDITEMS."""
        values = self._marked()
        target = self._stack[-1]
        if type(target) is not set:
            raise TypeError("only a set can be added to")
        target.update(map(checked_key, values))

    # --- memo and stack ---
    def put(self, key: int) -> None:
        """PUT: remembers the top of the stack."""
        value = self._stack[-1]
        self._memo[key] = value
        if type(value) is Blank:
            value.keys.append(key)

    def put_line(self) -> None:
        """PUT with a decimal key."""
        self.put(int(self._line()))

    def memoize(self) -> None:
        """MEMOIZE: with the next key."""
        self.put(len(self._memo))

    def get(self, key: int) -> None:
        """GET: what was remembered."""
        self._repeat(self._memo[key])

    def get_line(self) -> None:
        """GET with a decimal key."""
        self.get(int(self._line()))

    def duplicate(self) -> None:
        """DUP."""
        self._repeat(self._stack[-1])

    def _repeat(self, value: Any) -> None:
        if type(value) is Blank:
            raise RefusedError("a pickle of an array that holds itself is not read")
        self.push(value)

    def pop(self) -> None:
        """POP: forgets a value or a mark."""
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self._stack.pop()

    def frame(self) -> None:
        """FRAME: says how much follows."""
        if self._number(8) > len(self._data) - self.at:
            self.at = len(self._data)
            raise IndexError("a frame ends behind the file")

    def protocol(self) -> None:
        """PROTO."""
        version = self._number(1)
        if version > 5:
            raise RefusedError(f"a pickle of protocol {version} is not read")

    # --- names and calls ---
    def name(self) -> None:
        """GLOBAL: something of a module."""
        module = self._line().decode()
        self._push_named(module, self._line().decode())

    def stack_name(self) -> None:
        """STACK_GLOBAL: something of a module, both texts on the stack."""
        name, module = self._stack.pop(), self._stack.pop()
        if type(name) is not str or type(module) is not str:
            raise TypeError("a name is a text")
        self._push_named(module, name)

    def _push_named(self, module: str, name: str) -> None:
        found = self._known.get((module, name))
        if found is None:
            what = f"{module}.{name}"
            raise RefusedError(
                f"a pickle that calls {what[:200]} is not read, since that could run any code"
            )
        self._named[id(found.value)] = found
        if found.build is not None:
            self._builders[found.makes] = found.build
        self.push(found.value)

    def call(self) -> None:
        """REDUCE and NEWOBJ: makes a value of arguments."""
        arguments, function = self._stack.pop(), self._stack.pop()
        if type(arguments) is not tuple:
            raise TypeError("arguments are a tuple")
        found = self._named.get(id(function))
        if found is None or found.value is not function:
            raise TypeError(f"a {type(function).__name__} cannot be called")
        if found.make is None:
            raise RefusedError(f"a pickle that calls {found.value.__name__} is not read")
        self._spend(arguments)
        value = found.make(*arguments)
        self._blanks += type(value) is Blank
        self.push(value)

    def build(self) -> None:
        """BUILD: gives an object its state."""
        state, target = self._stack.pop(), self._stack.pop()
        self._spend((state,) if type(state) is not tuple else state)
        if type(target) is Blank:
            self.push(self._filled(target, state))
            return
        if type(target) not in self._builders:
            raise RefusedError(f"a pickle of a {type(target).__name__} with a state is not read")
        self._builders[type(target)](target, state)
        self.push(target)

    def _filled(self, blank: Blank, state: Any) -> Any:
        value = blank.fill(blank, state)
        self._blanks -= 1
        for key in blank.keys:
            if self._memo[key] is blank:
                self._memo[key] = value
        if type(value) is np.ndarray and value.dtype.char == "O":
            self._nesting.put(value, state[4])
        return value

    def _spend(self, values: tuple[Any, ...]) -> None:
        self._left -= sum(len(value) for value in values if type(value) in _SIZED) + 1
        if self._left < 0:
            raise RefusedError("a pickle that repeats its values so often is not read")


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes.fromhex(code[1:].decode()) if len(code) == 3 else _ESCAPES[code]


def _with_number(method: Callable[[_Machine, int], None], width: int) -> Any:
    def step(machine: _Machine) -> None:
        method(machine, machine._number(width))

    return step


def _with(method: Callable[[_Machine, int], None], value: int) -> Any:
    return lambda machine: method(machine, value)


def _pushing(value: Any) -> Any:
    return lambda machine: machine.push(value)


_STEPS: Final[dict[int, Callable[[_Machine], None]]] = {
    ord(code): step
    for code, step in {
        "N": _pushing(None),
        "\x88": _pushing(True),
        "\x89": _pushing(False),
        ")": _pushing(()),
        "]": lambda machine: machine.push([]),
        "}": lambda machine: machine.push({}),
        "\x8f": lambda machine: machine.push(set()),
        "I": _Machine.integer,
        "L": _Machine.long_line,
        "J": _Machine.signed,
        "\x8a": _with(_Machine.long, 1),
        "\x8b": _with(_Machine.long, 4),
        "F": _Machine.real_line,
        "G": _Machine.real,
        "V": _Machine.text_line,
        "\x8c": _with(_Machine.text, 1),
        "X": _with(_Machine.text, 4),
        "\x8d": _with(_Machine.text, 8),
        "C": _with(_Machine.raw, 1),
        "B": _with(_Machine.raw, 4),
        "\x8e": _with(_Machine.raw, 8),
        "\x96": _Machine.raw_array,
        "S": _Machine.string_line,
        "U": _with(_Machine.string, 1),
        "T": _with(_Machine.string, 4),
        "(": _Machine.mark,
        "t": _Machine.marked_tuple,
        "\x85": _with(_Machine.tuple_of, 1),
        "\x86": _with(_Machine.tuple_of, 2),
        "\x87": _with(_Machine.tuple_of, 3),
        "l": _Machine.marked_list,
        "d": _Machine.marked_dict,
        "\x91": _Machine.marked_set,
        "a": _Machine.append,
        "e": _Machine.appends,
        "s": _Machine.set_item,
        "u": _Machine.set_items,
        "\x90": _Machine.add_items,
        "p": _Machine.put_line,
        "q": _with_number(_Machine.put, 1),
        "r": _with_number(_Machine.put, 4),
        "\x94": _Machine.memoize,
        "g": _Machine.get_line,
        "h": _with_number(_Machine.get, 1),
        "j": _with_number(_Machine.get, 4),
        "2": _Machine.duplicate,
        "0": _Machine.pop,
        "1": lambda machine: machine._marked().clear(),
        "\x80": _Machine.protocol,
        "\x95": _Machine.frame,
        "c": _Machine.name,
        "\x93": _Machine.stack_name,
        "R": _Machine.call,
        "\x81": _Machine.call,
        "b": _Machine.build,
    }.items()
}
_UNREAD: Final = {
    ord("P"): "persistent ids",
    ord("Q"): "persistent ids",
    ord("i"): "an object of an old-style class",
    ord("o"): "an object of an old-style class",
    0x82: "an extension",
    0x83: "an extension",
    0x84: "an extension",
    0x92: "keyword arguments of a class",
    0x97: "a buffer outside of it",
    0x98: "a buffer outside of it",
}
