"""Embeddings: rows of a table, or of a table in parts, looked up by number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.shape import Dims, TensorShape
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.clip import clip_by_norm
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.dynamic import dynamic_partition
from graphflow.ops.gather import gather
from graphflow.ops.identity import identity
from graphflow.ops.indexed_slices import convert_to_tensor_or_indexed_slices
from graphflow.ops.partitioned_variables import PartitionedVariable
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.resource_variables import is_resource_variable
from graphflow.ops.select import where
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank, shape, size
from graphflow.ops.stack import stack

Transform = Callable[[Any], Any]


@export("nn.embedding_lookup")
def embedding_lookup(
    params: Any,
    ids: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    validate_indices: bool = True,
    max_norm: Any = None,
) -> Tensor:
    """Returns the rows of a table that `ids` name: shape(ids) + shape(params)[1:].

    Args:
        params: the table, [n, ...]; a list of its parts, or a PartitionedVariable.
        ids: the numbers of the rows, int32 or int64, of any shape.
        partition_strategy: where row `i` of a table in `p` parts stands: "mod": in part `i % p`;
            "div": the parts are consecutive ranges, the first `n % p` of them longer by one.
        name: the name of the scope.
        validate_indices: has no effect: indices are always looked at.
        max_norm: rows whose Euclidean norm is larger are scaled down to it; None: none are.

    Raises:
        ValueError: if there are no parts, or the strategy is unknown.

    Note:
        The gradient of a table is an `IndexedSlices` of the rows that were looked up, and of a
        resource variable only those rows are read.
    """
    return lookup(params, ids, partition_strategy, name, max_norm)


def lookup(
    params: Any,
    ids: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    max_norm: Any = None,
    transform: Transform | None = None,
) -> Tensor:
    """As `embedding_lookup`, and applies a function to the rows of each part beside the part.

    Args:
        params: the table, or its parts.
        ids: the numbers of the rows.
        partition_strategy: "mod" or "div".
        name: the name of the scope.
        max_norm: the largest norm of a row.
        transform: a function of rows [m, ...] that returns as many.
    """
    parts = _parts_of(params)
    with scopes.name_scope(name, "embedding_lookup", [*parts, ids]) as scope:
        # A resource variable stays one, so that only the rows asked for are read.
        if not any(is_resource_variable(p) for p in parts):
            parts = [
                convert_to_tensor_or_indexed_slices(p, name=f"params_{i}")
                for i, p in enumerate(parts)
            ]
        ids = convert(ids, name="ids")
        if len(parts) == 1 and (transform is None or len(ids.dims or ()) == 1):
            with scopes.colocate_with(parts[0]):
                rows = _clip(gather(parts[0], ids, name=scope), ids, max_norm)
                if transform is not None:
                    rows = transform(rows)
            return identity(rows)
        return _from_parts(parts, ids, partition_strategy, scope, max_norm, transform)


def _parts_of(params: Any) -> list[Any]:
    if params is None:
        raise ValueError("params must be specified")
    if isinstance(params, list | tuple) and not params:
        raise ValueError("Need at least one param")
    if isinstance(params, list | PartitionedVariable):
        return list(params)
    return [params]


def _rank(x: Any) -> Any:
    """The rank, an int where it is known and not 0."""
    tensor = convert(x)
    return len(tensor.dims) if tensor.dims else rank(tensor)


def _clip(rows: Any, ids: Any, max_norm: Any) -> Any:
    """Scales rows down to the norm; the axes behind those of `ids` make a row."""
    if max_norm is None:
        return rows
    first, last = _rank(ids), _rank(rows)
    both = isinstance(first, int) and isinstance(last, int)
    axes = list(range(first, last)) if both else range_(first, last)
    return clip_by_norm(rows, max_norm, axes=axes)


def _from_parts(
    parts: list[Any],
    ids: Tensor,
    strategy: str,
    scope: str,
    max_norm: Any,
    transform: Transform | None,
) -> Tensor:
    """Looks rows up in each part and puts them where their numbers stand."""
    flat = reshape(ids, [-1])
    places = range_(size(flat))
    which, local = _assigned(parts, flat, strategy)
    # TensorFlow's DynamicPartition takes int32 only; nobody has 2^31 parts.
    which = cast(which, int32)
    wanted = dynamic_partition(local, which, len(parts))
    positions = dynamic_partition(places, which, len(parts))
    found = []
    for part, numbers in zip(parts, wanted, strict=True):
        with scopes.colocate_with(part):
            rows = gather(part, numbers)
            if transform is not None:
                rows = transform(_clip(rows, numbers, max_norm))
        found.append(rows)
    stitched: Tensor = apply("ParallelDynamicStitch", positions, found, name=scope)
    element, element_now = _element_shape(parts, stitched, transform)
    rows = reshape(stitched, concat([shape(ids), element_now], 0))
    rows.set_shape(ids.get_shape().concatenate(TensorShape.of(element)))
    return rows if transform is not None else _clip(rows, ids, max_norm)


def _element_shape(parts: list[Any], stitched: Tensor, transform: Transform | None) -> Any:
    """The shape of one row, as far as it is known, and as a value."""
    if transform is not None:
        known: Dims = None if stitched.dims is None else stitched.dims[1:]
    else:
        merged = parts[0].get_shape()[1:]
        for part in parts[1:]:
            merged = merged.merge_with(part.get_shape()[1:])
        known = merged.raw
    if known is not None and None not in known:
        return known, TensorShape.of(known)
    if transform is not None:
        return known, shape(stitched)[1:]
    with scopes.colocate_with(parts[0]):
        whole = shape(parts[0])
    return known, whole[1:]


# --- which part a row stands in ---
def _assigned(parts: list[Any], flat: Tensor, strategy: str) -> tuple[Any, Any]:
    """For each id: the number of its part, and its row in that part."""
    n = len(parts)
    if strategy == "mod":
        return flat % n, flat // n
    if strategy != "div":
        raise ValueError(f"Unrecognized partition strategy: {strategy}")
    total = _number_of_rows(parts, flat)
    each = total // n
    extras = total % n
    which = apply("Maximum", flat // (each + 1), (flat - extras) // each)
    # Both rows are computed, and the right one chosen: ids are many, parts few.
    return which, where(which < extras, flat % (each + 1), (flat - extras) % each)


def _number_of_rows(parts: list[Any], flat: Tensor) -> Tensor:
    sizes = [part.get_shape()[0].value for part in parts]
    dtype = flat.dtype.base_dtype
    if None not in sizes and sum(sizes):
        return constant(sum(sizes), dtype)
    found = []
    for part, n in zip(parts, sizes, strict=True):
        if n is not None:
            found.append(n)
            continue
        with scopes.colocate_with(part):
            found.append(shape(part)[0])
    counts = cast(stack(found), dtype)
    return reduce_sum(counts)  # type: ignore[no-any-return]  # `renamed` hides the type
