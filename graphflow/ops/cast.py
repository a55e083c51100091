"""Changes of the element type."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import convert, scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    DType,
    as_dtype,
    bfloat16,
    complex64,
    complex128,
    float32,
    float64,
    int32,
    int64,
    short_name,
)
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import KernelError, UnimplementedError
from graphflow.core.export import export
from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.indexed_slices import IndexedSlices

Array = np.ndarray[Any, Any]

# --- Cast ---
CAST = define("Cast(x: SrcT, *, DstT: type, Truncate: bool = False) -> y: DstT", shape=same_shape)


CAST.passes_rows = True


@CAST.gradient
def _(op: Operation, dy: Tensor) -> Tensor | None:
    before, after = op.attrs["SrcT"], dy.dtype.base_dtype
    smooth = all(t.is_floating or t.is_complex for t in (before, after))
    return cast(dy, before) if smooth else None


@CAST.partial
def _(op: Operation) -> Any:
    if not (op.attrs["SrcT"].is_integer and op.attrs["DstT"] in (int32, int64)):
        return None
    return op.partial(0)


@CAST.compiled
def _(call: Call) -> Lowering | None:
    before, after = call.suffix, SUFFIXES.get(call.attrs["DstT"].name)
    if before is None or after is None or call.attrs["Truncate"]:
        return None
    return Lowering(tile=f"cast_{before}_{after}")


@CAST.numpy
def _(x: Array, *, SrcT: DType, DstT: DType, Truncate: bool, out: Array | None = None) -> Array:  # noqa: N803 (TensorFlow's attributes)
    if not (SrcT.kind in _CASTS and DstT.kind in _CASTS):
        raise KernelError(
            f"Cast {short_name(SrcT)} to {short_name(DstT)} is not supported", UnimplementedError
        )
    if SrcT.kind == "c" and DstT.kind != "c":
        x = x.real
    if Truncate and SrcT.kind in "fc":
        x = _without_low_bits(x, DstT)
    x = _through(x, DstT)
    if out is None:
        return x.astype(DstT.as_numpy_dtype, order="C")
    np.copyto(out, x, casting="unsafe")
    return out


_CASTS: Final = "fciub"


def _through(x: Array, wanted: DType) -> Array:
    """A step between floats and integers where C leaves open what a float out of range becomes.

    TensorFlow's processors make int32 (for uint32: int64) first: 2^31 and nan become its smallest
    number, whose low bits are 0.
    """
    floats = x.dtype.kind in "fV"
    if floats and wanted.kind in "iu":
        if wanted.size < 4:
            return x.astype(np.float32 if x.dtype.itemsize == 2 else x.dtype).astype(np.int32)
        if wanted.name == "uint32":
            return x.astype(np.int64)
    return x


_MANTISSA: Final = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}


def _without_low_bits(x: Array, wanted: DType) -> Array:
    """Sets the bits of a mantissa to 0 that a narrower type has no room for."""
    if x.dtype.kind == "c":
        real = np.ascontiguousarray(x).view(x.real.dtype)
        return _without_low_bits(real, wanted.real_dtype).view(x.dtype).reshape(x.shape)
    source = as_dtype(x.dtype).name
    surplus = _MANTISSA[source] - _MANTISSA.get(wanted.real_dtype.name, 99)
    if surplus <= 0:
        return x
    kind = np.dtype(f"u{x.dtype.itemsize}")
    bits = np.ascontiguousarray(x).view(kind)
    kept: Array = (bits >> kind.type(surplus) << kind.type(surplus)).view(x.dtype)
    return kept.reshape(x.shape)


@export("cast", "dtypes.cast")
def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Returns `x` with another element type.

    Args:
        x: a tensor of numbers or bools; of a sparse tensor or indexed slices the values are cast.
        dtype: the new type.
        name: the node's name.

    Returns:
        `x` itself where it has that type already.

    Note:
        Floats are rounded toward zero on the way to integers; what an integer has no room for,
        nan included, gives what processors give, not an error. Of a complex number the real part
        is kept. Every number but 0 is True.
    """
    wanted = as_dtype(dtype).base_dtype
    in_parts = isinstance(x, IndexedSlices) or is_sparse_tensor(x)
    if not in_parts and hasattr(x, "graph") and x.dtype == wanted:  # a tensor, or resource variable
        return x
    with scopes.name_scope(name, "Cast", [x]) as scope:
        if in_parts:
            values = cast(x.values, wanted, name=scope)
            return _with_values(x, values)
        x = convert.convert(x, name="x")
        if x.dtype.base_dtype != wanted:
            x = apply(CAST, x, DstT=wanted, name=scope)
    return x


def is_sparse_tensor(x: Any) -> bool:
    """True for a SparseTensor, which is no tensor and becomes none."""
    return type(x).__name__ == "SparseTensor"  # by name: the class's own operators import this file


def _with_values(x: Any, values: Tensor) -> Any:
    if isinstance(x, IndexedSlices):
        return IndexedSlices(values, x.indices, x.dense_shape)
    return type(x)(x.indices, values, x.dense_shape)


@export("saturate_cast", "dtypes.saturate_cast")
def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Tensor:
    """Returns `value` with another element type; what is out of its range becomes its end.

    Args:
        value: a tensor of real numbers.
        dtype: the new type.
        name: the node's name.
    """
    with scopes.name_scope(name, "saturate_cast", [value]) as scope:
        value = convert.convert(value, name="value")
        wanted, found = as_dtype(dtype).base_dtype, value.dtype.base_dtype
        if float(found.min) < float(wanted.min):
            value = apply("Maximum", value, convert.convert(wanted.min, found, "min"))
        if float(found.max) > float(wanted.max):
            value = apply("Minimum", value, convert.convert(wanted.max, found, "max"))
        result: Tensor = cast(value, wanted, name=scope)
    return result


def _to(dtype: DType, public: str, default_name: str) -> Any:
    def convert_to(x: Any, name: str = default_name) -> Any:
        return cast(x, dtype, name=name)

    convert_to.__name__ = convert_to.__qualname__ = public
    convert_to.__doc__ = f"""Returns `x` cast to {dtype.name}, as `tf.cast` does.

    Args:
        x: a tensor of numbers or bools.
        name: the node's name.
    """
    return export(public)(convert_to)


to_float = _to(float32, "to_float", "ToFloat")
to_double = _to(float64, "to_double", "ToDouble")
to_int32 = _to(int32, "to_int32", "ToInt32")
to_int64 = _to(int64, "to_int64", "ToInt64")
to_bfloat16 = _to(bfloat16, "to_bfloat16", "ToBFloat16")
to_complex64 = _to(complex64, "to_complex64", "ToComplex64")
to_complex128 = _to(complex128, "to_complex128", "ToComplex128")
