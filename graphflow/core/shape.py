"""Static shapes: TensorFlow's TensorShape and Dimension over plain tuples.

Inside the package a shape is `Dims`: a tuple of int or None (unknown size), or None (unknown
rank). TensorShape and Dimension are what users see.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

from graphflow.core import late

Dims = tuple[int | None, ...] | None
"""A static shape inside the package: sizes, None for an unknown size; None: unknown rank."""


class Dimension:
    """The size of one axis: an int, or unknown.

    Arithmetic with an unknown size gives an unknown size; comparison with one gives None.
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        if value is None:
            self._value: int | None = None
        elif isinstance(value, Dimension):
            self._value = value._value
        else:
            try:
                self._value = int(value.__index__())
            except AttributeError:
                try:
                    self._value = int(value)
                except (TypeError, ValueError):
                    raise TypeError(f"Cannot convert {value!r} to Dimension") from None
                if not isinstance(value, str | bytes) and self._value != value:
                    raise ValueError(f"Ambiguous dimension: {value}") from None
            if self._value < 0:
                raise ValueError(f"Dimension {self._value} must be >= 0")

    @property
    def value(self) -> int | None:
        """The size, or None."""
        return self._value

    def __repr__(self) -> str:
        return f"Dimension({self._value!r})"

    def __str__(self) -> str:
        return "?" if self._value is None else str(self._value)

    def __eq__(self, other: object) -> bool | None:  # type: ignore[override]  # None: TF's third answer
        try:
            right = Dimension(other)._value
        except (TypeError, ValueError):
            return NotImplemented
        return None if self._value is None or right is None else self._value == right

    def __ne__(self, other: object) -> bool | None:  # type: ignore[override]  # None: TF's third answer
        equal = self.__eq__(other)
        return equal if equal is None or equal is NotImplemented else not equal

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __int__(self) -> int:
        return self._value  # type: ignore[return-value]  # int(None) raises Python's own TypeError

    def __index__(self) -> int:
        return self._value  # type: ignore[return-value]  # as __int__

    def is_compatible_with(self, other: Any) -> bool:
        """True if both could be the same size."""
        right = Dimension(other)._value
        return self._value is None or right is None or self._value == right

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raises ValueError if the two sizes cannot be equal."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {Dimension(other)} are not compatible")

    def merge_with(self, other: Any) -> Dimension:
        """Returns the size that both agree on.

        Raises:
            ValueError: if they are known and differ.
        """
        self.assert_is_compatible_with(other)
        return Dimension(self._value if self._value is not None else Dimension(other)._value)

    def _combine(self, other: Any, function: Any) -> Any:
        try:
            right = Dimension(other)._value
        except (TypeError, ValueError):
            return NotImplemented
        if self._value is None or right is None:
            return Dimension(None)
        return Dimension(function(self._value, right))

    def _compare(self, other: Any, function: Any) -> Any:
        right = Dimension(other)._value
        return None if self._value is None or right is None else function(self._value, right)

    def __add__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: a + b)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: b - a)

    def __mul__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: a // b)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: b // a)

    def __div__(self, other: Any) -> Any:
        return self // other

    def __truediv__(self, other: Any) -> Any:
        raise TypeError(
            f"unsupported operand type(s) for /: 'Dimension' and '{type(other).__name__}', "
            "please use // instead"
        )

    def __rtruediv__(self, other: Any) -> Any:
        raise TypeError(
            f"unsupported operand type(s) for /: '{type(other).__name__}' and 'Dimension', "
            "please use // instead"
        )

    def __mod__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: a % b)

    def __rmod__(self, other: Any) -> Any:
        return self._combine(other, lambda a, b: b % a)

    def __lt__(self, other: Any) -> Any:
        return self._compare(other, lambda a, b: a < b)

    def __le__(self, other: Any) -> Any:
        return self._compare(other, lambda a, b: a <= b)

    def __gt__(self, other: Any) -> Any:
        return self._compare(other, lambda a, b: a > b)

    def __ge__(self, other: Any) -> Any:
        return self._compare(other, lambda a, b: a >= b)

    def __reduce__(self) -> Any:
        return Dimension, (self._value,)


class TensorShape:
    """A static shape: sizes that may be unknown, or an unknown rank.

    Args:
        dims: None (unknown rank), an int, a list of sizes, a TensorShape or a TensorShapeProto.
    """

    __slots__ = ("_raw",)

    def __init__(self, dims: Any) -> None:
        self._raw: Dims = _raw_dims(dims)

    @classmethod
    def of(cls, raw: Dims) -> TensorShape:
        """Wraps a raw shape without checking it."""
        new = object.__new__(cls)
        new._raw = raw
        return new

    @property
    def _v2_behavior(self) -> bool:
        return v2_elements[0]

    @property
    def raw(self) -> Dims:
        """The shape as a plain tuple; None when the rank is unknown."""
        return self._raw

    @property
    def dims(self) -> list[Dimension] | None:
        """The sizes as Dimensions, or None."""
        return None if self._raw is None else [Dimension(d) for d in self._raw]

    @property
    def _dims(self) -> list[Dimension] | None:
        return self.dims

    @property
    def rank(self) -> int | None:
        """The number of axes, or None."""
        return None if self._raw is None else len(self._raw)

    @property
    def ndims(self) -> int | None:
        """The number of axes, or None (the old name of `rank`)."""
        return self.rank

    def num_elements(self) -> int | None:
        """The number of elements, or None where a size is unknown."""
        return count(self._raw)

    def is_fully_defined(self) -> bool:
        """True if every size is known."""
        return self._raw is not None and None not in self._raw

    def assert_is_fully_defined(self) -> None:
        """Raises ValueError unless every size is known."""
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    def as_list(self) -> list[int | None]:
        """The sizes as a list with None for unknown ones.

        Raises:
            ValueError: if the rank is unknown.
        """
        if self._raw is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._raw)

    def is_compatible_with(self, other: Any) -> bool:
        """True if one tensor could have both shapes."""
        return compatible(self._raw, _raw_dims(other))

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raises ValueError if no tensor can have both shapes."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {as_shape(other)} are incompatible")

    def merge_with(self, other: Any) -> TensorShape:
        """Returns the shape that knows what either knows.

        Raises:
            ValueError: if the two contradict each other.
        """
        merged = merge(self._raw, _raw_dims(other))
        if merged is False:
            raise ValueError(f"Shapes {self} and {as_shape(other)} are not compatible")
        return TensorShape.of(merged)  # type: ignore[arg-type]  # False was handled above

    def concatenate(self, other: Any) -> TensorShape:
        """Returns the shape of self's axes followed by other's."""
        right = _raw_dims(other)
        if self._raw is None or right is None:
            return TensorShape.of(None)
        return TensorShape.of(self._raw + right)

    def assert_has_rank(self, rank: int) -> None:
        """Raises ValueError if the rank is known and is not `rank`."""
        if self.rank not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")

    def assert_same_rank(self, other: Any) -> None:
        """Raises ValueError if both ranks are known and differ."""
        right = as_shape(other)
        if self.rank is not None and right.rank is not None and self.rank != right.rank:
            raise ValueError(f"Shapes {self} and {right} must have the same rank")

    def with_rank(self, rank: int) -> TensorShape:
        """Returns the shape with that rank known.

        Raises:
            ValueError: if the rank is another.
        """
        if self._raw is None:
            return unknown_shape(rank)
        self.assert_has_rank(rank)
        return self

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """Returns the shape; ValueError if its rank is below `rank`."""
        if self.rank is not None and self.rank < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """Returns the shape; ValueError if its rank is above `rank`."""
        if self.rank is not None and self.rank > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """Returns the sharpest shape that covers both."""
        right = _raw_dims(other)
        if self._raw is None or right is None or len(self._raw) != len(right):
            return TensorShape.of(None)
        same = tuple(a if a == b else None for a, b in zip(self._raw, right, strict=True))
        return TensorShape.of(same)

    def as_proto(self) -> Any:
        """Returns the shape as a TensorShapeProto."""
        return late.call("shape_proto", self._raw)

    def __len__(self) -> int:
        if self._raw is None:
            raise ValueError("Cannot take the length of shape with unknown rank.")
        return len(self._raw)

    def __bool__(self) -> bool:
        return self._raw is not None

    def __iter__(self) -> Iterator[Any]:
        if self._raw is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return map(_element_type(), self._raw)

    def __getitem__(self, key: Any) -> Any:
        if self._raw is not None:
            if isinstance(key, slice):
                return TensorShape.of(self._raw[key])
            return _element_type()(self._raw[key])
        if not isinstance(key, slice):
            return _element_type()(None)
        start, stop = key.start or 0, key.stop
        if key.step is not None or start < 0 or stop is None or stop < 0:
            return TensorShape.of(None)
        return unknown_shape(max(stop - start, 0))

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return as_shape(other).concatenate(self)

    def __eq__(self, other: object) -> bool:
        try:
            return self._raw == _raw_dims(other)
        except (TypeError, ValueError):
            return NotImplemented

    def __ne__(self, other: object) -> bool:
        right = as_shape(other)
        if self._raw is None or right._raw is None:
            raise ValueError("The inequality of unknown TensorShapes is undefined.")
        return self._raw != right._raw

    def __hash__(self) -> int:
        return hash(self._raw)

    def __str__(self) -> str:
        if self._raw is None:
            return "<unknown>"
        inner = ", ".join("?" if d is None else str(d) for d in self._raw)
        return f"({inner},)" if len(self._raw) == 1 else f"({inner})"

    def __repr__(self) -> str:
        return f"TensorShape({self.dims!r})"

    def __reduce__(self) -> Any:
        return TensorShape, (None if self._raw is None else list(self._raw),)


v2_elements: Final = [False]
"""Whether a shape's elements are plain numbers, as `tf.enable_v2_tensorshape` asks for."""


def _element_type() -> Any:
    """What makes an element for who asks for one; our own code counts on Dimensions."""
    if v2_elements[0]:
        caller = str(sys._getframe(2).f_globals.get("__name__"))
        if not caller.startswith("graphflow."):
            return lambda size: size
    return Dimension


def _raw_dims(dims: Any) -> Dims:
    if dims is None:
        return None
    if isinstance(dims, TensorShape):
        return dims._raw
    if dims.__class__ is tuple or dims.__class__ is list:
        return tuple([_size(d) for d in dims])
    if hasattr(dims, "unknown_rank"):  # a TensorShapeProto
        if dims.unknown_rank:
            return None
        return tuple([None if d.size == -1 else d.size for d in dims.dim])
    if isinstance(dims, Dimension):
        return (dims._value,)
    if isinstance(dims, str | bytes):
        raise TypeError(
            "A string has ambiguous TensorShape, please wrap in a list or convert to an int: "
            f"{dims!s}"
        )
    if isinstance(dims, Iterable):
        return tuple([_size(d) for d in dims])
    return (_size(dims),)


def _size(value: Any) -> int | None:
    if value is None:
        return None
    if value.__class__ is int and value >= 0:
        return value
    return Dimension(value)._value


def as_shape(shape: Any) -> TensorShape:
    """Returns `shape` as a TensorShape."""
    return shape if isinstance(shape, TensorShape) else TensorShape(shape)


def unknown_shape(rank: int | None = None, **kwargs: Any) -> TensorShape:
    """Returns a shape of unknown sizes, and of unknown rank unless one is given."""
    if rank is None and "ndims" in kwargs:
        rank = kwargs.pop("ndims")
    return TensorShape.of(None if rank is None else (None,) * rank)


def scalar() -> TensorShape:
    """Returns the shape of a scalar."""
    return TensorShape.of(())


def vector(length: Any) -> TensorShape:
    """Returns the shape of a vector."""
    return TensorShape([length])


def matrix(rows: Any, cols: Any) -> TensorShape:
    """Returns the shape of a matrix."""
    return TensorShape([rows, cols])


def dimension_value(dimension: Any) -> Any:
    """Returns the int (or None) of a Dimension; anything else as it is."""
    return dimension.value if isinstance(dimension, Dimension) else dimension


def dimension_at_index(shape: TensorShape, index: int) -> Dimension:
    """Returns one size of a shape as a Dimension; unknown where the rank is."""
    return Dimension(None) if shape.raw is None else Dimension(shape.raw[index])


# --- algebra on raw shapes ---


def count(dims: Dims) -> int | None:
    """The number of elements, or None where it is not known."""
    if dims is None:
        return None
    n = 1
    for d in dims:
        if d is None:
            return None
        n *= d
    return n


def compatible(a: Dims, b: Dims) -> bool:
    """True if one array could have both shapes."""
    if a is None or b is None:
        return True
    return len(a) == len(b) and all(
        x is None or y is None or x == y for x, y in zip(a, b, strict=True)
    )


def merge(a: Dims, b: Dims) -> Dims | bool:
    """What both shapes know together; False where they contradict each other."""
    if a is None:
        return b
    if b is None or a == b:
        return a
    if not compatible(a, b):
        return False
    return tuple([y if x is None else x for x, y in zip(a, b, strict=True)])


def clash(a: Dims, b: Dims) -> str:
    """Says in TensorFlow's words why no array can have both shapes."""
    if a is None or b is None or compatible(a, b):
        return ""
    if len(a) != len(b):
        return (
            f"Shapes must be equal rank, but are {len(a)} and {len(b)}. "
            f"Shapes are {text(a)} and {text(b)}."
        )
    at = next(i for i, (x, y) in enumerate(zip(a, b, strict=True)) if not compatible((x,), (y,)))
    return (
        f"Dimension {at} in both shapes must be equal, but are {a[at]} and {b[at]}. "
        f"Shapes are {text(a)} and {text(b)}."
    )


def text(dims: Dims) -> str:
    """A shape as TensorFlow's messages write it: `[?,784]`, `<unknown>`."""
    if dims is None:
        return "<unknown>"
    return "[" + ",".join("?" if d is None else str(d) for d in dims) + "]"
