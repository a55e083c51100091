"""Element types: TensorFlow's DType objects, each over one NumPy dtype."""

from __future__ import annotations

from typing import Any, Final

import ml_dtypes
import numpy as np

from graphflow.core.export import publish

_REF_OFFSET: Final = 100  # a reference type is its value type's enum plus this


class DType:
    """The type of a tensor's elements.

    Compares equal to anything that `as_dtype` turns into the same type: another DType, a NumPy
    dtype, a name or an enum number.
    """

    __slots__ = ("_base", "_enum", "_numpy", "_ref", "is_ref", "kind", "name")

    def __init__(self, type_enum: int | str | DType) -> None:
        found = as_dtype(type_enum)
        for slot in DType.__slots__:
            setattr(self, slot, getattr(found, slot))

    @classmethod
    def _make(cls, name: str, enum: int, scalar: Any, kind: str) -> DType:
        value, ref = object.__new__(cls), object.__new__(cls)
        for new, suffix, offset in ((value, "", 0), (ref, "_ref", _REF_OFFSET)):
            new.name = name + suffix
            new._enum = enum + offset
            new._numpy = scalar
            new.kind = kind
            new.is_ref = bool(offset)
            new._base, new._ref = value, ref
        return value

    # --- identity ---
    name: str
    kind: str
    is_ref: bool
    _enum: int
    _numpy: Any
    _base: DType
    _ref: DType

    @property
    def _is_ref_dtype(self) -> bool:
        return self.is_ref

    @property
    def _as_ref(self) -> DType:
        return self._ref

    @property
    def as_datatype_enum(self) -> int:
        """The number of this type in TensorFlow's DataType enumeration."""
        return self._enum

    @property
    def base_dtype(self) -> DType:
        """The value type of a reference type; itself for a value type."""
        return self._base

    @property
    def real_dtype(self) -> DType:
        """The type of the real part: float32 for complex64, itself for a real type."""
        real = {8: float32, 18: float64}.get(self._base._enum)
        return self if real is None else real

    @property
    def as_numpy_dtype(self) -> Any:
        """The NumPy scalar type that holds one element (`np.object_` for strings)."""
        return self._numpy

    # --- families ---
    @property
    def is_bool(self) -> bool:
        """True for bool."""
        return self.kind == "b"

    @property
    def is_integer(self) -> bool:
        """True for signed and unsigned integers, not for quantized ones."""
        return self.kind in "iu"

    @property
    def is_floating(self) -> bool:
        """True for float16, bfloat16, float32 and float64."""
        return self.kind == "f"

    @property
    def is_complex(self) -> bool:
        """True for complex64 and complex128."""
        return self.kind == "c"

    @property
    def is_quantized(self) -> bool:
        """True for qint8, quint8, qint16, quint16 and qint32."""
        return self.kind == "q"

    @property
    def is_unsigned(self) -> bool:
        """True for unsigned integers; False for everything else."""
        return self.kind == "u"

    @property
    def is_numpy_compatible(self) -> bool:
        """True where an array of this type exists in NumPy."""
        return self._base._enum not in (20, 21)

    # --- ranges ---
    @property
    def size(self) -> int:
        """Bytes of one element; 1 for string, resource and variant, as TensorFlow says."""
        return 1 if self.kind in "SR" else int(np.dtype(self._numpy).itemsize)

    @property
    def min(self) -> Any:
        """The smallest (most negative) number of this type.

        Raises:
            TypeError: if the type has no order (bool counts as having none only for quantized,
                complex and string types).
        """
        return self._bound("min")

    @property
    def max(self) -> Any:
        """The largest finite number of this type.

        Raises:
            TypeError: as `min`.
        """
        return self._bound("max")

    def _bound(self, which: str) -> Any:
        match self.kind:
            case "b":
                return which == "max"
            case "i" | "u":
                return getattr(np.iinfo(self._numpy), which)
            case "f":
                return getattr(ml_dtypes.finfo(self._numpy), which)  # type: ignore[no-untyped-call]  # no stubs
        raise TypeError(f"Cannot find {which}imum value of {self}.")

    @property
    def limits(self) -> tuple[Any, Any]:
        """(min, max) of the values an image of this type uses: (0, 1) for floats."""
        if self.kind == "f":
            return 0, 1
        return self.min, self.max

    def is_compatible_with(self, other: Any) -> bool:
        """True where a value of `other` can stand where this type is asked for.

        A reference can stand for a value, not the reverse.
        """
        other = as_dtype(other)
        return self._enum in (other._enum, other._base._enum)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if other is None:
            return False
        try:
            return as_dtype(other)._enum == self._enum
        except TypeError:
            return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return self._enum

    def __int__(self) -> int:
        return self._enum

    def __str__(self) -> str:
        return f"<dtype: {self.name!r}>"

    def __repr__(self) -> str:
        return "tf." + self.name

    def __reduce__(self) -> Any:
        return as_dtype, (self.name,)


float32 = DType._make("float32", 1, np.float32, "f")
float64 = DType._make("float64", 2, np.float64, "f")
int32 = DType._make("int32", 3, np.int32, "i")
uint8 = DType._make("uint8", 4, np.uint8, "u")
int16 = DType._make("int16", 5, np.int16, "i")
int8 = DType._make("int8", 6, np.int8, "i")
string = DType._make("string", 7, np.object_, "S")
complex64 = DType._make("complex64", 8, np.complex64, "c")
int64 = DType._make("int64", 9, np.int64, "i")
bool_ = DType._make("bool", 10, np.bool_, "b")
qint8 = DType._make("qint8", 11, np.dtype([("qint8", np.int8)]), "q")
quint8 = DType._make("quint8", 12, np.dtype([("quint8", np.uint8)]), "q")
qint32 = DType._make("qint32", 13, np.dtype([("qint32", np.int32)]), "q")
bfloat16 = DType._make("bfloat16", 14, ml_dtypes.bfloat16, "f")
qint16 = DType._make("qint16", 15, np.dtype([("qint16", np.int16)]), "q")
quint16 = DType._make("quint16", 16, np.dtype([("quint16", np.uint16)]), "q")
uint16 = DType._make("uint16", 17, np.uint16, "u")
complex128 = DType._make("complex128", 18, np.complex128, "c")
float16 = DType._make("float16", 19, np.float16, "f")
resource = DType._make("resource", 20, np.object_, "R")
variant = DType._make("variant", 21, np.object_, "R")
uint32 = DType._make("uint32", 22, np.uint32, "u")
uint64 = DType._make("uint64", 23, np.uint64, "u")

ALL: Final = (
    float32, float64, int32, uint8, int16, int8, string, complex64, int64, bool_, qint8, quint8,
    qint32, bfloat16, qint16, quint16, uint16, complex128, float16, resource, variant, uint32,
    uint64,
)  # fmt: skip

QUANTIZED: Final = frozenset({qint8, quint8, qint16, quint16, qint32})

_BY_KEY: dict[Any, DType] = {}
for _d in ALL:
    for _x in (_d, _d._ref):
        _BY_KEY[_x._enum] = _BY_KEY[_x.name] = _x
for _alias, _d in {"half": float16, "double": float64, "float": float32}.items():
    _BY_KEY[_alias], _BY_KEY[_alias + "_ref"] = _d, _d._ref
# Reversed, so that the plain type wins where several share one NumPy dtype (np.object_ is string).
_BY_NUMPY: Final[dict[np.dtype[Any], DType]] = {
    np.dtype(d._numpy): d for d in reversed(ALL) if d.kind != "R"
}
_PYTHON: Final[dict[Any, DType]] = {float: float32, bool: bool_, object: string}


def as_dtype(type_value: Any) -> DType:
    """Returns the DType that `type_value` stands for.

    Args:
        type_value: a DType, a name ("float32", "float", "int32_ref"), an enum number, a NumPy
            dtype or scalar type, or the Python types `float` (float32), `int` and `bool`.

    Raises:
        TypeError: if it stands for none.
    """
    if type_value.__class__ is DType:
        return type_value
    if type_value is not None:
        try:
            found = _PYTHON.get(type_value) or _BY_KEY.get(type_value)
        except TypeError:  # an unhashable value, such as a list
            found = None
        if found is not None:
            return found
        if isinstance(type_value, str) or any(type_value is t for t in (int, str, bytes)):
            # NumPy would say int64, and would read "U3"; TensorFlow says neither.
            raise TypeError(f"Cannot convert value {type_value!r} to a TensorFlow DType.")
        try:
            array_type = np.dtype(type_value)
        except (TypeError, ValueError):
            pass
        else:
            if array_type.kind in "SU":
                return string
            if (found := _BY_NUMPY.get(array_type.newbyteorder("="))) is not None:
                return found
    raise TypeError(f"Cannot convert value {type_value!r} to a TensorFlow DType.")


_SHORT: Final = {"float32": "float", "float64": "double", "float16": "half"}


def short_name(dtype: DType) -> str:
    """A type as TensorFlow's runtime writes it: "float", not "float32"."""
    name, ref = dtype._base.name, "_ref" if dtype.is_ref else ""
    return _SHORT.get(name, name) + ref


for _d in ALL:
    publish(_d, _d.name, f"dtypes.{_d.name}")
publish(float16, "half", "dtypes.half")
publish(float64, "double", "dtypes.double")
publish(as_dtype, "as_dtype", "dtypes.as_dtype")
publish(DType, "DType", "dtypes.DType")
