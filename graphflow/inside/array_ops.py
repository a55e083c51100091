"""Names of tensorflow.python.ops.array_ops and math_ops that are not public."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.constant import constant_value
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.generated import generated
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant, placeholder
from graphflow.ops.fill import fill
from graphflow.ops.gather_nd import gather_nd
from graphflow.ops.reshape import squeeze
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank, size
from graphflow.ops.shape_ops import shape as shape_of

_SLICE_TYPE_ERROR: Final = (
    "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
    "tf.int32/tf.int64 tensors are valid indices"
)


def shape_internal(
    input: Any,
    name: str | None = None,
    optimize: bool = True,
    out_type: Any = None,
) -> Any:
    """Returns the shape of a tensor; a constant where it is known and `optimize` says so."""
    kind = int32 if out_type is None else out_type
    known = getattr(input, "shape", None)
    if optimize and known is not None and known.is_fully_defined():
        return constant(known.as_list(), kind, name=name or "Shape")
    return generated("shape")(input, out_type=kind, name=name)


def rank_internal(input: Any, name: str | None = None, optimize: bool = True) -> Any:
    """Returns the rank of a tensor; a constant where it is known and `optimize` says so."""
    if optimize:
        return rank(input, name=name)
    return generated("rank")(input, name=name)


def placeholder_v2(dtype: Any, shape: Any = None, name: str | None = None) -> Any:
    """Returns a tensor that is fed: `tf.placeholder`."""
    return placeholder(dtype, shape, name)


def squeeze_v2(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """Returns a tensor without its axes of one element: `tf.squeeze`."""
    return squeeze(input, axis, name)


def batch_gather_nd(params: Any, indices: Any, batch_dims: Any, name: str | None = None) -> Any:
    """Returns slices at positions, for each place of the leading axes: `tf.gather_nd`."""
    return gather_nd(params, indices, name=name, batch_dims=batch_dims)


def reduced_shape(input_shape: Any, axes: Any) -> Any:
    """Returns what a shape becomes where the given axes shrink to one element.

    Args:
        input_shape: sizes, [rank].
        axes: which axes; negative ones count from the end.
    """
    sizes, where = constant_value(input_shape), constant_value(axes)
    if sizes is not None and where is not None:
        found = np.array(sizes, np.int32)
        found[where] = 1
        return found
    input_shape = cast(input_shape, int32)
    axes = cast(axes, int32)
    count = size(input_shape)
    ones = fill(shape_of(axes), 1)
    order = [range_(count), (axes + count) % count]
    return apply("DynamicStitch", order, [input_shape, ones])
