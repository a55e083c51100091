"""Updates of rows of a variable where every batch has rows of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.fill import ones_like
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.state_scatter import scatter_nd_update


@export("batch_scatter_update")
def batch_scatter_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Any:
    """Replaces rows of each batch: `ref[b..., indices[b..., i]] = updates[b..., i]`.

    Args:
        ref: a variable, [b..., n, ...].
        indices: which rows, [b..., k].
        updates: the new rows, [b..., k, ...].
        use_locking: kept for TensorFlow's sake.
        name: a scope for the operations.

    Raises:
        ValueError: if the rank of `indices` is not known.
    """
    with scopes.name_scope(name):
        positions = convert_to_tensor(indices, name="indices")
        if positions.dims is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        rank = len(positions.dims)
        sizes = shape_of(positions)
        last = apply("ExpandDims", positions, np.array(-1, np.int32))
        parts = []
        for axis in range(rank - 1):
            form: list[Any] = [1] * (rank + 1)
            size = form[axis] = sizes[axis]
            zero, one = np.array(0, np.int32), np.array(1, np.int32)
            along = apply("Reshape", apply("Range", zero, size, one), form)
            parts.append(cast(along, last.dtype) * ones_like(last))
        return scatter_nd_update(ref, concat([*parts, last], axis=-1), updates, use_locking)
