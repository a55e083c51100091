"""What the kernels of sparse operations share: checks, orders and groups of index rows.

A row of `indices` [n, rank] is the place of one value. `ranks` gives each row one number that
sorts as the rows do, so that everything else is work on vectors.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from graphflow.core.errors import KernelError
from graphflow.core.shape import text

Array = np.ndarray[Any, Any]
_LARGEST: Final = 1 << 62
_MANY: Final = 64
"""A sum of more rows than this is made by itself."""


def ranks(*sets: Array) -> list[Array]:
    """Numbers of the rows of some index sets of one rank: they sort as the rows do, row-major."""
    whole = sets[0] if len(sets) == 1 else np.concatenate(sets)
    if not whole.size:
        return [np.zeros(len(s), np.int64) for s in sets]
    low = whole.min(0)
    extents = [int(x) + 1 for x in whole.max(0) - low]
    if math.prod(extents) < _LARGEST:
        found = np.zeros(len(whole), np.int64)
        for axis, extent in enumerate(extents):
            found *= extent
            found += whole[:, axis] - low[axis]
    else:  # too far apart for one number: their places among all different rows
        found = np.unique(whole, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return np.split(found, np.cumsum([len(s) for s in sets])[:-1])


def is_sorted(keys: Array) -> bool:
    """True if numbers do not decrease."""
    return bool((keys[1:] >= keys[:-1]).all())


def increases(keys: Array) -> bool:
    """True if each number is larger than the one before."""
    return bool((keys[1:] > keys[:-1]).all())


def sums_of_runs(values: Array, starts: Array, how: Any = np.add) -> Array:
    """Combines runs of values, each from one start to the next; half types by way of float32."""
    short = values.dtype.itemsize == 2 and values.dtype.kind not in "iu"
    wide = values.astype(np.float32) if short else values
    found: Array = how.reduceat(wide, starts, 0, dtype=wide.dtype) if len(starts) else wide[:0]
    return found.astype(values.dtype, copy=False)


def weighted_rows(
    source: Array, picks: Array, weights: Array | None, ids: Array, number: int
) -> Array:
    """Sums of chosen rows: `out[ids[i]] += weights[i] * source[picks[i]]`.

    Args:
        source: [n, width].
        picks: which rows of it, [m].
        weights: their factors, [m]; None: all 1.
        ids: which sum each belongs to, [m], in increasing order.
        number: how many sums there are.
    """
    short = source.dtype.itemsize == 2 and source.dtype.kind not in "iu"
    kind = np.dtype(np.float32) if short else source.dtype
    out = np.zeros((number, source.shape[1]), kind)
    starts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]])[: len(ids)])
    counts = np.diff(np.append(starts, len(ids)))
    factors = None if weights is None else weights.astype(kind, copy=False)
    for k in np.flatnonzero(counts > _MANY):
        chosen = slice(starts[k], starts[k] + counts[k])
        rows = source[picks[chosen]].astype(kind, copy=False)
        out[ids[starts[k]]] = rows.sum(0) if factors is None else factors[chosen] @ rows
    light = np.flatnonzero(counts <= _MANY)
    light = light[np.argsort(-counts[light], kind="stable")]
    places = _in_layers(source, picks, factors, starts[light], counts[light], kind)
    into = ids[starts[light]]
    if len(into) == number and increases(into):  # all of them, in their order
        out = places
    else:
        out[into] = places
    return out.astype(source.dtype, copy=False)


def _in_layers(
    source: Array, picks: Array, factors: Array | None, starts: Array, counts: Array, kind: Any
) -> Array:
    """Adds the first rows of all sums, then the second rows of those that have one, ..."""
    out = np.zeros((len(starts), source.shape[1]), kind)
    for layer in range(int(counts[0]) if len(counts) else 0):
        n = int(np.searchsorted(-counts, -layer))  # the first n have more rows than this
        at = starts[:n] + layer
        rows = source.take(picks[at], 0).astype(kind, copy=False)  # a copy of its own already
        if factors is not None:
            rows *= factors[at, None]
        if layer:
            out[:n] += rows
        else:
            out = rows  # each has one row at least
    return out


# --- checks ---
def check_parts(indices: Array, values: Array, shape: Array) -> None:
    """Raises KernelError unless three arrays have the ranks of a sparse tensor's parts."""
    if indices.ndim != 2:
        raise KernelError(
            f"Input indices should be a matrix but received shape {text(indices.shape)}"
        )
    if values.ndim != 1:
        raise KernelError(
            f"Input values should be a vector but received shape {text(values.shape)}"
        )
    if shape.ndim != 1:
        raise KernelError(f"Input shape should be a vector but received shape {text(shape.shape)}")


def check_rows(indices: Array, values: Array, shape: Array | None = None) -> None:
    """Raises KernelError if the lengths of a sparse tensor's parts do not fit together."""
    if len(indices) != len(values):
        raise KernelError(
            "indices and values rows (indexing dimension) must match. "
            f"(indices = {len(indices)}, values = {len(values)})"
        )
    if shape is not None and indices.shape[1] != len(shape):
        raise KernelError("Order length must be SparseTensor rank.")


def check_valid(indices: Array, shape: Array) -> None:
    """Raises KernelError unless all rows lie inside, in row-major order, none twice."""
    if not len(indices):
        return
    outside = np.any((indices < 0) | (indices >= shape), axis=1)
    keys = ranks(indices)[0]
    steps = np.concatenate([[1], np.diff(keys)])
    wrong = outside | (steps <= 0)
    if not wrong.any():
        return
    n = int(np.argmax(wrong))
    listed = ",".join(map(str, indices[n].tolist()))
    where = f"indices[{n}] = [{listed}]"
    if outside[n]:
        sizes = ",".join(map(str, shape.tolist()))
        raise KernelError(f"{where} is out of bounds: need 0 <= index < [{sizes}]")
    if steps[n] == 0:
        raise KernelError(f"{where} is repeated")
    raise KernelError(
        f"{where} is out of order. Many sparse ops require sorted indices.\n"
        "    Use `tf.sparse.reorder` to create a correctly ordered copy.\n\n"
    )


def check_same_shape(a: Array, b: Array) -> None:
    """Raises KernelError if two sparse operands have different shapes."""
    if len(a) != len(b):
        first, second = (" ".join(map(str, s.tolist())) for s in (a, b))
        raise KernelError(f"Operands do not have the same ranks; got shapes: {first} and {second}")
    for i, (x, y) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        if x != y:
            raise KernelError(f"Operands' shapes do not match: got {x} and {y} for dimension {i}")


# --- orders ---
def in_order(indices: Array, values: Array) -> tuple[Array, Array]:
    """The rows and their values in row-major order; equal rows stay as they stand."""
    keys = ranks(indices)[0]
    if is_sorted(keys):
        return indices, values
    order = np.argsort(keys, kind="stable")
    return indices[order], values[order]


def flat_places(indices: Array, shape: Any) -> Array:
    """The rows as positions in an array of that shape laid flat; nothing is checked."""
    found = np.zeros(len(indices), np.int64)
    for axis, size in enumerate(shape):
        found *= int(size)
        found += indices[:, axis]
    return found


def merged_pairs(a: Array, b: Array) -> tuple[Array, Array]:
    """Two lists of rows merged as sorted lists are: equal rows of both make one pair.

    Args:
        a: rows [n, rank].
        b: rows [m, rank].

    Returns:
        For each row of the union: where in `a` and where in `b` it stands, -1 for nowhere.
    """
    first, second = ranks(a, b)
    if increases(first) and increases(second):
        return _pairs_of_sorted(first, second)
    return _pairs_one_by_one(first.tolist(), second.tolist())


def _pairs_of_sorted(a: Array, b: Array) -> tuple[Array, Array]:
    near = np.minimum(np.searchsorted(a, b), max(len(a) - 1, 0))
    shared = a[near] == b if len(a) else np.zeros(len(b), bool)
    alone = np.flatnonzero(~shared)  # of b
    of_a = np.arange(len(a)) + np.searchsorted(b[alone], a)
    of_alone = np.arange(len(alone)) + np.searchsorted(a, b[alone])
    in_a, in_b = np.full((2, len(a) + len(alone)), -1, np.int64)
    in_a[of_a] = np.arange(len(a))
    in_b[of_alone] = alone
    in_b[of_a[near[shared]]] = np.flatnonzero(shared)
    return in_a, in_b


def _pairs_one_by_one(a: list[int], b: list[int]) -> tuple[Array, Array]:
    """As TensorFlow's merge treats lists that are not sorted."""
    found: list[tuple[int, int]] = []
    i = j = 0
    while i < len(a) and j < len(b):
        x, y = a[i], b[j]
        found.append((i if x <= y else -1, j if y <= x else -1))
        i, j = i + (x <= y), j + (y <= x)
    found += [(k, -1) for k in range(i, len(a))] + [(-1, k) for k in range(j, len(b))]
    both = np.array(found, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def merged_rows(a: Array, b: Array, in_a: Array, in_b: Array) -> Array:
    """The rows of a union that `merged_pairs` found."""
    if not len(in_a):
        return a[:0]
    return np.where(in_a[:, None] >= 0, _at(a, in_a), _at(b, in_b))


def merged_values(values: Array, where: Array) -> Array:
    """The value of each row of a union; 0 where the list has none."""
    found = np.zeros(len(where), values.dtype)
    there = where >= 0
    found[there] = values[where[there]]
    return found


def _at(rows: Array, where: Array) -> Array:
    """The rows at some places; anything where there are none."""
    if not len(rows):
        return np.zeros((len(where), rows.shape[1]), rows.dtype)
    return rows[where]
