"""Writes values as pickles of protocol 3, byte for byte as Python 3.7 does.

In comes a value, out come bytes that `read_pickle` or Python itself reads. Classes and functions
are written as the names that they are found by.
"""

from __future__ import annotations

import copyreg
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

__all__ = ["write_pickle"]

_BATCH: Final = 1000
_SMALL: Final = 256
_PROTOCOL: Final = 3
_OBJECT_MAKER: Final = "__newobj__"


def write_pickle(
    value: Any, names: Mapping[tuple[str, str], tuple[str, str]] | None = None
) -> bytes:
    """Returns a pickle of a value.

    Args:
        value: numbers, texts, containers, or an object that Python can pickle.
        names: other modules and names for those that things here have.

    Raises:
        AttributeError: if a class or function is not what its module has by its name.
        TypeError: if an object cannot be pickled.
    """
    writer = _Writer(names or {})
    writer.save(value)
    return b"".join([b"\x80\x03", *writer.out, b"."])


class _Writer:
    def __init__(self, names: Mapping[tuple[str, str], tuple[str, str]]) -> None:
        self.out: list[bytes] = []
        self._names = names
        self._memo: dict[int, tuple[int, Any]] = {}

    def save(self, value: Any) -> None:
        """Writes a value, or that it came before."""
        plain = _PLAIN.get(type(value))
        if plain is not None:
            self.out.append(plain(value))
        elif id(value) in self._memo:
            self._again(value)
        elif type(value) in (str, bytes):
            self.out.append(_text(value) if type(value) is str else _raw(value))
            self._remember(value)
        elif type(value) is tuple:
            self._tuple(value)
        elif type(value) in (list, dict):
            self._container(value)
        elif isinstance(value, type) or type(value) is type(_text):
            self._name(value, value.__qualname__)
        else:
            self._reduced(value)

    def _again(self, value: Any) -> None:
        self.out.append(_numbered(b"h", b"j", self._memo[id(value)][0]))

    def _remember(self, value: Any) -> None:
        at = len(self._memo)
        self._memo[id(value)] = (at, value)
        self.out.append(_numbered(b"q", b"r", at))

    def _tuple(self, value: tuple[Any, ...]) -> None:
        if not value:
            self.out.append(b")")
            return
        if len(value) > 3:
            self.out.append(b"(")
        for part in value:
            self.save(part)
        if id(value) in self._memo:  # it holds itself: what was just written is dropped
            self.out.append(b"0" * len(value) if len(value) <= 3 else b"1")
            self._again(value)
            return
        self.out.append({1: b"\x85", 2: b"\x86", 3: b"\x87"}.get(len(value), b"t"))
        self._remember(value)

    def _container(self, value: Any) -> None:
        """A list or dict; unlike those of classes, a last item alone has a mark too."""
        self.out.append(b"]" if type(value) is list else b"}")
        self._remember(value)
        one, many = (b"a", b"e") if type(value) is list else (b"s", b"u")
        items = ((part,) for part in value) if type(value) is list else iter(value.items())
        if len(value) == 1:
            self._save_all(next(iter(items)))
            self.out.append(one)
            return
        for batch in _batches(items):
            self._marked(batch, many)

    def _marked(self, batch: list[tuple[Any, ...]], code: bytes) -> None:
        self.out.append(b"(")
        for item in batch:
            self._save_all(item)
        self.out.append(code)

    def _save_all(self, values: Iterable[Any]) -> None:
        for value in values:
            self.save(value)

    def _items(self, items: Iterable[tuple[Any, ...]], one: bytes, many: bytes) -> None:
        for batch in _batches(items):
            if len(batch) > 1:
                self._marked(batch, many)
            else:
                self._save_all(batch[0])
                self.out.append(one)

    def _name(self, value: Any, name: str) -> None:
        """A class, function or such, which must be what its module has by its name."""
        module = value.__module__
        if "<locals>" in name:
            raise AttributeError(f"Can't pickle local object '{name}'")
        found: Any = sys.modules.get(module)
        holder = None
        for part in name.split("."):
            holder, found = found, getattr(found, part, None)
        if found is not value:
            raise AttributeError(
                f"Can't pickle {value!r}: attribute lookup {name} on {module} failed"
            )
        if "." in name:
            self._call(getattr, (holder, name.rpartition(".")[2]), value)
            return
        module, name = self._names.get((module, name), (module, name))
        # All NumPys can read the names that NumPy 1 had.
        module = module.replace("numpy._core.", "numpy.core.")
        self.out.append(f"c{module}\n{name}\n".encode())
        self._remember(value)

    def _reduced(self, value: Any) -> None:
        """Any other object: the call that makes it, and its state."""
        if type(value) in copyreg.dispatch_table:
            reduced = copyreg.dispatch_table[type(value)](value)
        else:
            reduced = value.__reduce_ex__(_PROTOCOL)
        if isinstance(reduced, str):
            self._name(value, reduced)
            return
        function, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        self._call(function, arguments, value)
        if items is not None:
            self._items(((item,) for item in items), b"a", b"e")
        if pairs is not None:
            self._items(pairs, b"s", b"u")
        if state is not None:
            self.save(state)
            self.out.append(b"b")

    def _call(self, function: Callable[..., Any], arguments: Any, value: Any) -> None:
        if getattr(function, "__name__", "") == _OBJECT_MAKER:
            self.save(arguments[0])
            self.save(arguments[1:])
            self.out.append(b"\x81")
        else:
            self.save(function)
            self.save(arguments)
            self.out.append(b"R")
        self._remember(value)


def _batches(items: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    left = iter(items)
    while batch := list(islice(left, _BATCH)):
        yield batch


def _numbered(short: bytes, long: bytes, number: int) -> bytes:
    return short + bytes([number]) if number < _SMALL else long + struct.pack("<I", number)


def _integer(value: int) -> bytes:
    if 0 <= value < 1 << 8:
        return b"K" + bytes([value])
    if 0 <= value < 1 << 16:
        return b"M" + value.to_bytes(2, "little")
    if -(1 << 31) <= value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    size = value.bit_length() // 8 + 1
    data = value.to_bytes(size, "little", signed=True)
    if value < 0 and size > 1 and data[-1] == 0xFF and data[-2] & 0x80:
        data = data[:-1]
    if len(data) < _SMALL:
        return b"\x8a" + bytes([len(data)]) + data
    return b"\x8b" + struct.pack("<i", len(data)) + data


def _text(value: str) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


def _raw(value: bytes) -> bytes:
    if len(value) < _SMALL:
        return b"C" + bytes([len(value)]) + value
    return b"B" + struct.pack("<I", len(value)) + value


_PLAIN: Final[dict[type, Callable[[Any], bytes]]] = {
    type(None): lambda value: b"N",
    bool: lambda value: b"\x88" if value else b"\x89",
    int: _integer,
    float: lambda value: b"G" + struct.pack(">d", value),
}
