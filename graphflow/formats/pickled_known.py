"""The names that a pickle may have without harm: Python's types of data, and NumPy's arrays.

In comes what a pickle passes to a name, out comes a value. Nothing here trusts its arguments:
NumPy's own way, `__setstate__`, believes the flags in a file and could be led to read any memory.
"""

from __future__ import annotations

import math
import re
import sys
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

_KEY_PARTS: Final = 1000  # hashing a tuple in tuples takes Python's stack, and a time without end
_KEY_BITS: Final = 1 << 14
_DTYPE_DEPTH: Final = 16
_DTYPE_FIELDS: Final = 1 << 14
_SPEC: Final = re.compile(r"\?|[biufcSUVOMm]\d{0,10}")
_UNIT: Final = re.compile(r"[A-Za-z]{1,7}")
_ALIGNED: Final = 0x80  # the flag of a struct laid out as in C


class RefusedError(ValueError):
    """A pickle that asks for something which is not done."""


@dataclass(slots=True, eq=False)
class Blank:
    """An array or dtype whose values come later."""

    fill: Callable[[Blank, Any], Any]
    spec: str = ""
    keys: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Known:
    """What stands for a name in a pickle.

    Args:
        value: what the name itself is.
        make: what a call of it returns; None: it cannot be called.
        makes: the class of what is made, if that may have a state.
        build: gives a made object its state.
    """

    value: Any
    make: Callable[..., Any] | None = None
    makes: type = object
    build: Callable[[Any, Any], None] | None = None


def instance(kind: type) -> Known:
    """What makes objects of a class whose state is a dict of attributes."""
    return Known(kind, lambda: object.__new__(kind), kind, _set_attributes)


def _set_attributes(target: Any, state: Any) -> None:
    if type(state) is not dict or not all(type(key) is str for key in state):
        raise TypeError("attributes are a dict")
    vars(target).update({sys.intern(key): value for key, value in state.items()})


def checked_key(key: Any) -> Any:
    """A key of a dict or set, which is small."""
    left = [key]
    count = 0
    while left:
        part = left.pop()
        count += 1
        if isinstance(part, tuple | frozenset):
            count += len(part)
            if count > _KEY_PARTS:
                raise RefusedError(
                    f"a pickle with keys of more than {_KEY_PARTS} parts is not read"
                )
            left.extend(part)
        elif isinstance(part, int) and part.bit_length() > _KEY_BITS:
            raise RefusedError(f"a pickle with keys of more than {_KEY_BITS} bits is not read")
    return key


# --- Python's types ---
def _only(kind: type) -> Callable[..., Any]:
    """Makes an empty or a zero value."""

    def make(*arguments: Any) -> Any:
        if arguments:
            raise RefusedError(f"a pickle that calls {kind.__name__} with arguments is not read")
        return kind()

    return make


def _set(kind: type) -> Callable[..., Any]:
    def make(values: Any = ()) -> Any:
        if type(values) not in (list, tuple):
            raise TypeError("a set is made of a list")
        return kind(map(checked_key, values))

    return make


def _complex(real: Any, imaginary: Any) -> complex:
    if type(real) is not float or type(imaginary) is not float:
        raise TypeError("a complex number is made of two floats")
    return complex(real, imaginary)


def _encode(text: Any, encoding: Any) -> bytes:
    if type(text) is not str or encoding not in ("latin1", "latin-1", b"latin1"):
        raise RefusedError("a pickle that encodes otherwise than to latin1 is not read")
    return text.encode("latin1")


def _bytearray(data: Any = b"", encoding: Any = "latin-1") -> bytearray:
    return bytearray(data if type(data) is bytes else _encode(data, encoding))


def _ordered(pairs: Any = ()) -> OrderedDict[Any, Any]:
    if type(pairs) not in (list, tuple):
        raise TypeError("an OrderedDict is made of a list")
    return OrderedDict((checked_key(key), value) for key, value in pairs)


def _defaultdict(factory: Any = None) -> defaultdict[Any, Any]:
    return defaultdict(factory)


def _reconstructed(kind: Any, base: Any, state: Any) -> Any:
    if type(kind) is not type or base is not object or state is not None or kind in _PLAIN:
        raise RefusedError("a pickle of a class that extends a type of data is not read")
    return object.__new__(kind)


# --- NumPy ---
def _text(value: Any) -> str:
    """A text, which Python 2 wrote as bytes."""
    found = value.decode("ascii") if type(value) is bytes else value
    if type(found) is not str:
        raise TypeError("a text is wanted")
    return found


def _raw(value: Any) -> Any:
    """Bytes, which Python 2 wrote as a string that was decoded since."""
    found = value.encode("latin1") if type(value) is str else value
    if type(found) not in (bytes, bytearray):
        raise TypeError("the values of an array are bytes")
    return found


def _dtype(spec: Any, align: Any = False, copy: Any = True) -> Blank:
    found = _text(spec)
    if not _SPEC.fullmatch(found):
        raise RefusedError(f"a pickle of an array of {found[:100]!r} is not read")
    return Blank(_filled_dtype, "O" if found[0] == "O" else found)


def _filled_dtype(blank: Blank, state: Any) -> Any:
    version, order, subarray, names, fields, size, _, flags, *more = state
    if version not in (3, 4) or len(more) > 1:
        raise RefusedError(f"a pickle of dtypes of version {version!r:.20} is not read")
    if subarray is not None:
        base, shape = subarray
        found = np.dtype((_real(base), _shape(shape)))
    elif names is not None:
        found = _struct(tuple(map(_text, names)), fields, size, bool(flags & _ALIGNED))
    elif blank.spec[0] in "Mm":
        found = np.dtype(blank.spec + _unit(more[0] if more else None))
    else:
        found = np.dtype(blank.spec)
    depth, count = _extent(found)
    if depth > _DTYPE_DEPTH or count > _DTYPE_FIELDS:
        raise RefusedError("a pickle of an array with so many fields is not read")
    if found.fields is None and _text(order) == ">":
        return found.newbyteorder(">")
    return found.newbyteorder("<") if found.fields is None and _text(order) == "<" else found


def _unit(metadata: Any) -> str:
    """What a date counts, such as "[3D]"."""
    if metadata is None:
        return ""
    _, (unit, number, parts, _) = metadata
    name = _text(unit)
    if name == "generic":
        return ""
    if not _UNIT.fullmatch(name) or type(number) is not int or parts != 1:
        raise ValueError("a date counts an unknown unit")
    return f"[{number}{name}]"


def _struct(names: tuple[str, ...], fields: Any, size: Any, aligned: bool) -> Any:
    by_name = {_text(key): value for key, value in fields.items()}
    formats = [_real(by_name[name][0]) for name in names]
    offsets = [by_name[name][1] for name in names]
    titles = [by_name[name][2] if len(by_name[name]) > 2 else None for name in names]
    layout: Any = {"names": names, "formats": formats, "offsets": offsets, "itemsize": size}
    if any(titles):
        layout["titles"] = titles
    return np.dtype(layout, align=aligned)


def _real(dtype: Any) -> Any:
    if not isinstance(dtype, np.dtype):
        raise TypeError("a dtype is wanted")
    return dtype


def _extent(dtype: Any) -> tuple[int, int]:
    """How many levels of fields a dtype has, and how many fields in all."""
    if dtype.subdtype is not None:
        parts = [dtype.subdtype[0]]
    elif dtype.fields is not None:
        parts = [dtype.fields[name][0] for name in dtype.names]
    else:
        return 1, 1
    extents = [_extent(part) for part in parts]
    depth = max((depth for depth, _ in extents), default=0)
    return 1 + depth, 1 + sum(count for _, count in extents)


def _shape(shape: Any) -> tuple[int, ...]:
    sizes = shape if type(shape) is tuple else (shape,)
    if not all(type(size) is int and size >= 0 for size in sizes):
        raise TypeError("a shape is a tuple of sizes")
    return sizes


def _reconstruct(kind: Any, shape: Any, code: Any) -> Blank:
    if kind is not np.ndarray:
        raise RefusedError("a pickle of a class that extends arrays is not read")
    return Blank(_filled_array)


def _filled_array(blank: Blank, state: Any) -> Any:
    _, shape, dtype, in_fortran, data = state
    if _real(dtype).char == "O":
        return _objects(_shape(shape), bool(in_fortran), data)
    return _array(data, dtype, shape, "F" if in_fortran else "C")


def _objects(shape: tuple[int, ...], in_fortran: bool, values: Any) -> Any:
    if type(values) is not list or len(values) != math.prod(shape):
        raise ValueError(f"the values of an array of shape {shape} are not there")
    found = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        found[i] = value
    return np.asarray(found.reshape(shape), order="F" if in_fortran else "C")


def _array(data: Any, dtype: Any, shape: Any, order: Any) -> Any:
    raw, sizes = _raw(data), _shape(shape)
    if _real(dtype).hasobject:
        raise RefusedError("a pickle of an array of objects in fields is not read")
    count = math.prod(sizes)
    if len(raw) != count * dtype.itemsize or (count > 1 and not dtype.itemsize):
        raise ValueError(f"{len(raw)} bytes are not those of an array of shape {sizes}")
    if order not in ("C", "F"):
        raise ValueError("an array has an unknown order")
    return np.ndarray(sizes, dtype, bytes(raw), order=order).copy(order="K")


def _scalar(dtype: Any, data: Any = b"") -> Any:
    return _array(data, dtype, (), "C")[()]


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any, *axes: Any) -> Any:
    if axes and axes != (None,):
        raise RefusedError("a pickle of an array in an order of its own is not read")
    return _array(data, dtype, shape, order)


# --- the table ---
_PLAIN: Final[dict[type, Callable[..., Any]]] = {
    int: _only(int),
    float: _only(float),
    bool: _only(bool),
    str: _only(str),
    bytes: _only(bytes),
    list: _only(list),
    tuple: _only(tuple),
    dict: _only(dict),
    complex: _complex,
    bytearray: _bytearray,
    set: _set(set),
    frozenset: _set(frozenset),
    object: _only(object),
}


def _table() -> dict[tuple[str, str], Known]:
    found = {}
    for module in ("builtins", "__builtin__"):
        for kind, make in _PLAIN.items():
            found[module, kind.__name__] = Known(kind, make)
    found["__builtin__", "unicode"] = Known(str, _only(str))
    found["__builtin__", "long"] = Known(int, _only(int))
    for module in ("copyreg", "copy_reg"):
        found[module, "_reconstructor"] = Known(_reconstructed, _reconstructed)
    found["_codecs", "encode"] = Known(_encode, _encode)
    found["collections", "OrderedDict"] = Known(OrderedDict, _ordered)
    found["collections", "defaultdict"] = Known(defaultdict, _defaultdict)
    found["numpy", "ndarray"] = Known(np.ndarray)
    found["numpy", "dtype"] = Known(np.dtype, _dtype)
    for core in ("numpy.core", "numpy._core"):
        found[f"{core}.multiarray", "_reconstruct"] = Known(_reconstruct, _reconstruct)
        found[f"{core}.multiarray", "scalar"] = Known(_scalar, _scalar)
        found[f"{core}.numeric", "_frombuffer"] = Known(_from_buffer, _from_buffer)
    return found


BUILTIN: Final = _table()
"""What is known without a table of the caller's, by module and name."""
