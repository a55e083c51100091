"""Truth values that choose elements, and masks made of lengths."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype, bool_, int32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.gather import gather
from graphflow.ops.reshape import expand_dims, reshape, squeeze
from graphflow.ops.shape_ops import rank, shape


@export("boolean_mask")
def boolean_mask(
    tensor: Any, mask: Any, name: str | None = "boolean_mask", axis: int | None = None
) -> Tensor:
    """Returns the elements of a tensor where a mask is true, one behind the other.

    Args:
        tensor: a tensor.
        mask: truth values in the shape of one or more neighbouring axes of `tensor`.
        name: the name of the scope.
        axis: the first of these axes; None: the first of all.

    Raises:
        ValueError: if the mask is a scalar, of unknown rank, or does not fit.
    """
    with scopes.name_scope(name, None, [tensor, mask]):
        tensor = convert_to_tensor(tensor, name="tensor")
        mask = convert_to_tensor(mask, name="mask")
        if mask.dims == ():
            raise ValueError("mask cannot be scalar.")
        if mask.dims is None:
            raise ValueError(
                "Number of mask dimensions must be specified, even if some dimensions are None.  "
                "E.g. shape=[None] is ok, but shape=None is not."
            )
        first = 0 if axis is None else axis
        behind = first + len(mask.dims)
        whole: TensorShape = tensor.shape
        whole[first:behind].assert_is_compatible_with(mask.shape)
        flat = _flattened(tensor, first, behind)
        places = apply("Where", reshape(mask, [-1]))
        return gather(flat, squeeze(places, axis=[1]), axis=first)


def _flattened(tensor: Tensor, first: int, behind: int) -> Tensor:
    """The masked axes as one, node for node as TensorFlow."""
    whole = tensor.shape
    number = apply("Prod", shape(tensor)[first:behind], [0])
    sizes = concat([shape(tensor)[:first], [number], shape(tensor)[behind:]], 0)
    flat = reshape(tensor, sizes)
    known = [whole[first:behind].num_elements()]
    flat.set_shape(whole[:first].concatenate(known).concatenate(whole[behind:]))
    return flat


@export("sequence_mask")
def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = bool_, name: str | None = None
) -> Tensor:
    """Returns, for each length, a row that is true up to it: `row[j] = j < length`.

    Args:
        lengths: integers.
        maxlen: the length of the rows; None: the largest of the lengths.
        dtype: the element type.
        name: the name of the scope.

    Raises:
        ValueError: if `maxlen` is no scalar.
    """
    with scopes.name_scope(name, "SequenceMask", [lengths, maxlen]):
        lengths = convert_to_tensor(lengths)
        if maxlen is None:
            longest = apply("Max", lengths, every_axis(lengths))
            maxlen = apply("Maximum", constant(0, longest.dtype), longest)
        else:
            maxlen = convert_to_tensor(maxlen)
        if maxlen.dims:
            raise ValueError("maxlen must be scalar for sequence_mask")
        whole = maxlen.dtype.base_dtype
        row = apply("Range", constant(0, whole), maxlen, constant(1, whole))
        column = apply("Cast", expand_dims(lengths, -1), DstT=whole)
        found: Tensor = apply("Less", row, column)
        if dtype is None or as_dtype(dtype).base_dtype == bool_:
            return found
        return apply("Cast", found, DstT=dtype)  # type: ignore[no-any-return]  # one output


def every_axis(x: Tensor) -> Tensor:
    """All axes of a tensor, as TensorFlow's array functions write them down."""
    if x.dims is not None:
        return constant(np.arange(len(x.dims)), int32)
    found: Tensor = apply("Range", 0, rank(x), 1)
    return found
