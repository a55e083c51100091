"""Places for sparse values that a run feeds."""

from __future__ import annotations

from typing import Any

from graphflow.core.convert import convert
from graphflow.core.dtypes import int64
from graphflow.core.export import export
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.ops.constant import placeholder


@export("sparse_placeholder", "sparse.placeholder")
def sparse_placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> SparseTensor:
    """Returns a SparseTensor that every run must feed.

    Feed it with a SparseTensorValue or a tuple `(indices, values, dense_shape)`.

    Args:
        dtype: the type of the values.
        shape: the shape of the whole; None, or with sizes that are None: the run says it.
        name: what the names of the three placeholders start with.
    """
    prefix = None if name is None else f"{name}/"

    def named(part: str) -> str | None:
        return None if prefix is None else prefix + part

    rank = None
    if isinstance(shape, Tensor):
        rank = shape.shape[0]
    elif shape is not None:
        rank = len(shape)
    if shape is None or (not isinstance(shape, Tensor) and None in shape):
        sizes = placeholder(int64, [rank], named("shape"))
    else:
        sizes = convert(shape, int64, named("shape"))
    values = placeholder(dtype, [None], named("values"))
    indices = placeholder(int64, [None, rank], named("indices"))
    return SparseTensor(indices, values, sizes)
