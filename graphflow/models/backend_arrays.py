"""tf.keras.backend: shapes, parts and products of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core.dtypes import as_dtype, int32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.models.backend_reduce import prod
from graphflow.models.backend_values import int_shape, is_sparse, ndim
from graphflow.nets.keras_state import image_data_format
from graphflow.ops import concat, fill
from graphflow.ops import gather as gathering
from graphflow.ops import one_hot as hot
from graphflow.ops import reshape as shapes
from graphflow.ops import reverse as reversing
from graphflow.ops import stack as stacking
from graphflow.ops import tile as tiling
from graphflow.ops import transpose as transposing
from graphflow.ops.arithmetic import multiply
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant
from graphflow.ops.matmul import matmul
from graphflow.ops.pad import pad
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.sparse_concat import sparse_concat
from graphflow.ops.sparse_matmul import sparse_tensor_dense_matmul
from graphflow.ops.sparse_to_dense import sparse_tensor_to_dense
from graphflow.ops.split import split


@export("keras.backend.to_dense")
def to_dense(tensor: Any) -> Any:
    """Returns a SparseTensor as a tensor, any other as it is."""
    return sparse_tensor_to_dense(tensor) if is_sparse(tensor) else tensor


# --- shapes ---
@export("keras.backend.shape")
def shape(x: Any) -> Tensor:
    """Returns the shape as a tensor."""
    return shape_of(x)


@export("keras.backend.count_params")
def count_params(x: Any) -> Any:
    """Returns the number of elements of a variable or tensor of known shape."""
    return np.prod(x.shape.as_list())


@export("keras.backend.reshape")
def reshape(x: Any, shape: Any) -> Tensor:
    """Returns the elements in another shape."""
    return shapes.reshape(x, shape)


@export("keras.backend.flatten")
def flatten(x: Any) -> Tensor:
    """Returns the elements as a vector."""
    return shapes.reshape(x, [-1])


@export("keras.backend.batch_flatten")
def batch_flatten(x: Any) -> Tensor:
    """Returns a matrix with a row for each example."""
    return shapes.reshape(x, stacking.stack([-1, prod(shape_of(x)[1:])]))


@export("keras.backend.expand_dims")
def expand_dims(x: Any, axis: int = -1) -> Any:
    """Returns a tensor with a further axis of size 1."""
    return shapes.expand_dims(x, axis)


@export("keras.backend.squeeze")
def squeeze(x: Any, axis: Any) -> Any:
    """Returns a tensor without an axis of size 1."""
    return shapes.squeeze(x, [axis])


@export("keras.backend.permute_dimensions")
def permute_dimensions(x: Any, pattern: Any) -> Tensor:
    """Returns a tensor with its axes in another order."""
    return transposing.transpose(x, perm=pattern)


@export("keras.backend.transpose")
def transpose(x: Any) -> Tensor:
    """Returns a tensor with its axes in reverse order."""
    return transposing.transpose(x)


@export("keras.backend.reverse")
def reverse(x: Any, axes: Any) -> Tensor:
    """Returns a tensor with its elements in reverse order along axes.

    Args:
        x: the tensor.
        axes: an axis or a list of them.
    """
    return reversing.reverse(x, [axes] if isinstance(axes, int) else axes)


# --- parts ---
@export("keras.backend.gather")
def gather(reference: Any, indices: Any) -> Tensor:
    """Returns the slices with some indices along the first axis."""
    return gathering.gather(reference, indices)


@export("keras.backend.one_hot")
def one_hot(indices: Any, num_classes: int) -> Tensor:
    """Returns vectors that are 1 at an index and 0 elsewhere."""
    return hot.one_hot(indices, depth=num_classes, axis=-1)


@export("keras.backend.stack")
def stack(x: Any, axis: int = 0) -> Tensor:
    """Returns a list of tensors as one with a further axis."""
    return stacking.stack(x, axis=axis)


@export("keras.backend.concatenate")
def concatenate(tensors: Sequence[Any], axis: int = -1) -> Any:
    """Returns tensors one after another along an axis.

    Args:
        tensors: them; SparseTensors if all are.
        axis: the axis.
    """
    if axis < 0:
        rank = ndim(tensors[0])
        axis = axis % rank if rank else 0
    if all(is_sparse(x) for x in tensors):
        return sparse_concat(axis, tensors)
    return concat.concat([to_dense(x) for x in tensors], axis)


@export("keras.backend.repeat_elements")
def repeat_elements(x: Any, rep: int, axis: int) -> Tensor:
    """Returns a tensor with each slice along an axis several times.

    Args:
        x: the tensor.
        rep: how often.
        axis: the axis.
    """
    sizes = x.shape.as_list()
    if sizes[axis] is not None:
        parts = split(value=x, num_or_size_splits=sizes[axis], axis=axis)
        found: Tensor = concatenate([part for part in parts for _ in range(rep)], axis)
        return found
    times = np.ones(len(sizes) + 1, np.int32)
    times[axis + 1] = rep
    tiled = tiling.tile(shapes.expand_dims(x, axis + 1), times)
    times = np.delete(times, axis + 1)
    times[axis] = rep
    made = shapes.reshape(tiled, shape_of(x) * constant(times, dtype=int32))
    made.set_shape(sizes)
    return made


@export("keras.backend.repeat")
def repeat(x: Any, n: Any) -> Tensor:
    """Returns each row of a matrix several times: [rows, n, columns].

    Args:
        x: the matrix.
        n: how often.
    """
    return tiling.tile(shapes.expand_dims(x, 1), stacking.stack([1, n, 1]))


@export("keras.backend.tile")
def tile(x: Any, n: Any) -> Tensor:
    """Returns a tensor several times along its axes.

    Args:
        x: the tensor.
        n: how often along each axis; a number stands for a list of one.
    """
    return tiling.tile(x, [n] if isinstance(n, int) else n)


@export("keras.backend.arange")
def arange(start: Any, stop: Any = None, step: Any = 1, dtype: str = "int32") -> Tensor:
    """Returns numbers with equal distances.

    Args:
        start: the first; if it is the only one, that after the last, and 0 is the first.
        stop: where it ends.
        step: the distance.
        dtype: the element type.
    """
    if stop is None and start < 0:
        start = 0
    found: Tensor = range_(start, limit=stop, delta=step, name="arange")
    return found if dtype == "int32" else cast(found, as_dtype(dtype))


# --- borders ---
@export("keras.backend.temporal_padding")
def temporal_padding(x: Any, padding: tuple[int, int] = (1, 1)) -> Tensor:
    """Returns [n, steps, ...] with zeros before the first and after the last step."""
    return pad(x, [[0, 0], list(padding), [0, 0]])


def _spatial(x: Any, padding: Any, data_format: str | None) -> Tensor:
    data_format = data_format or image_data_format()
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(f"Unknown data_format: {data_format}")
    space = [list(p) for p in padding]
    none = [[0, 0]]
    first = data_format == "channels_first"
    return pad(x, none + none + space if first else none + space + none)


@export("keras.backend.spatial_2d_padding")
def spatial_2d_padding(
    x: Any, padding: Any = ((1, 1), (1, 1)), data_format: str | None = None
) -> Tensor:
    """Returns images with zeros around them.

    Args:
        x: [n, h, w, c], or [n, c, h, w].
        padding: ((top, bottom), (left, right)).
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Raises:
        ValueError: if the format is neither.
    """
    return _spatial(x, padding, data_format)


@export("keras.backend.spatial_3d_padding")
def spatial_3d_padding(
    x: Any, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None
) -> Tensor:
    """Returns volumes with zeros around them; see `spatial_2d_padding`."""
    return _spatial(x, padding, data_format)


# --- products ---
def _known_sizes(x: Any) -> list[Any]:
    """The sizes: numbers where they are known, else scalars."""
    parts = stacking.unstack(shape_of(x))
    return [s if n is None else n for n, s in zip(int_shape(x), parts, strict=True)]


@export("keras.backend.dot")
def dot(x: Any, y: Any) -> Tensor:
    """Returns the product over the last axis of `x` and the last but one of `y`.

    Args:
        x: a tensor, maybe sparse.
        y: a tensor.
    """
    if ndim(x) is not None and ((ndim(x) or 0) > 2 or (ndim(y) or 0) > 2):
        x_sizes, y_sizes = _known_sizes(x), _known_sizes(y)
        order = list(range(len(y_sizes)))
        order = [order.pop(-2), *order]
        rows = shapes.reshape(x, [-1, x_sizes[-1]])
        columns = shapes.reshape(transposing.transpose(y, perm=order), [y_sizes[-2], -1])
        return shapes.reshape(matmul(rows, columns), [*x_sizes[:-1], *y_sizes[:-2], *y_sizes[-1:]])
    if is_sparse(x):
        found: Tensor = sparse_tensor_dense_matmul(x, y)
        return found
    return matmul(x, y)


@export("keras.backend.batch_dot")
def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """Returns the product of each example of one tensor with that of another.

    Args:
        x: [n, ...].
        y: [n, ...].
        axes: the axes that are summed over: one for both, or two.
    """
    if isinstance(axes, int):
        axes = (axes, axes)
    x_rank, y_rank = ndim(x) or 0, ndim(y) or 0
    if axes is None:
        axes = [x_rank - 1, y_rank - 2]
    more = abs(x_rank - y_rank)
    if x_rank > y_rank:
        y = shapes.reshape(y, concat.concat([shape_of(y), [1] * more], axis=0))
    elif y_rank > x_rank:
        x = shapes.reshape(x, concat.concat([shape_of(x), [1] * more], axis=0))
    if ndim(x) == 2 and ndim(y) == 2:
        left = x if axes[0] == axes[1] else transposing.transpose(x, [1, 0])
        made = reduce_sum(multiply(left, y), axes[0] if axes[0] == axes[1] else axes[1])
    else:
        made = matmul(x, y, adjoint_a=axes[0] != (ndim(x) or 0) - 1,
                      adjoint_b=axes[1] == (ndim(y) or 0) - 1)  # fmt: skip
    if more:
        at = x_rank + y_rank - 3 if x_rank > y_rank else x_rank - 1
        made = shapes.squeeze(made, list(range(at, at + more)))
    return shapes.expand_dims(made, 1) if ndim(made) == 1 else made


# --- of the shape of another ---
@export("keras.backend.zeros_like")
def zeros_like(x: Any, dtype: Any = None, name: Any = None) -> Tensor:
    """Returns zeros in the shape of a tensor.

    Args:
        x: the tensor.
        dtype: the element type; None: the tensor's.
        name: the node's name.
    """
    return fill.zeros_like(x, dtype=dtype, name=name)


@export("keras.backend.ones_like")
def ones_like(x: Any, dtype: Any = None, name: Any = None) -> Tensor:
    """Returns ones in the shape of a tensor; see `zeros_like`."""
    return fill.ones_like(x, dtype=dtype, name=name)
