"""Data sets as operations: tensors' slices, ranges, and what is made of others without functions.

Each makes a variant: the description of a data set (`_datasets`), which an iterator runs through.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from graphflow.core.errors import KernelError
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.ops import _dataset_keep as keep
from graphflow.ops import _dataset_order as order
from graphflow.ops import _dataset_stacks as stacks
from graphflow.ops import _datasets as base
from graphflow.ops._dataset_files import string_of
from graphflow.ops.queue_ops import scalar_outputs

Array = np.ndarray[Any, Any]
SPEC: Final = "output_types: list(type), output_shapes: list(shape)"
"""The attributes of most: the types and shapes of an element's components."""
_OUT: Final = "-> handle: variant"


def dataset(text: str, *, stateful: bool = False, **facets: Any) -> OpDef:
    """Defines an operation that makes a data set.

    Args:
        text: its name, inputs and attributes, without output.
        stateful: as in `define`.
        **facets: as in `define`.
    """
    lists = dict.fromkeys(("output_types", "output_shapes"), 1)
    facets.update({k: v for k, v in lists.items() if f"{k}:" in text})
    output = "" if "->" in text else f" {_OUT}"
    new = define(text + output, stateful=stateful, shape=scalar_outputs, **facets)
    new.no_gradient("a data set is no number", raises=True)
    new.host_only("its elements are made one after the other")
    new.module = sys._getframe(1).f_globals["__name__"]
    return new


# --- sources ---
TENSOR = dataset(
    "TensorDataset(components: Toutput_types..., *, output_shapes: list(shape))",
    stateful=True,
    Toutput_types=1,
)


@TENSOR.numpy
def _(components: Sequence[Any]) -> base.Dataset:
    return base.Single(components)


TENSOR_SLICE = dataset(
    "TensorSliceDataset(components: Toutput_types..., *, output_shapes: list(shape))",
    stateful=True,
    Toutput_types=1,
)


@TENSOR_SLICE.numpy
def _(components: Sequence[Array]) -> base.Dataset:
    for i, x in enumerate(components):
        if not x.ndim:
            raise KernelError(f"All components must have at least one dimension: {i} has none")
        if len(x) != len(components[0]):
            raise KernelError(
                f"All components must have the same size in the 0th dimension: component {i} has "
                f"shape {text(x.shape)}, component 0 {text(components[0].shape)}"
            )
    return base.Dataset(base.ArrayTable([base.kept(x) for x in components]), natural=True)


SPARSE_TENSOR_SLICE = dataset(
    "SparseTensorSliceDataset(indices: int64, values: Tvalues, dense_shape: int64)", stateful=True
)


@SPARSE_TENSOR_SLICE.numpy
def _(indices: Array, values: Array, dense_shape: Array) -> base.Dataset:
    if not dense_shape.size:
        raise KernelError("Input tensor must have at least one dimension")
    first = indices[:, 0]
    if (first[1:] < first[:-1]).any():
        raise KernelError("The SparseTensor must be ordered in the batch dimension")
    bounds = np.searchsorted(first, np.arange(int(dense_shape[0]) + 1)).tolist()
    rest = dense_shape[1:]
    return base.Elements(
        [[indices[a:b, 1:].copy(), values[a:b].copy(), rest.copy()] for a, b in pairwise(bounds)]
    )


RANGE = dataset(f"RangeDataset(start: int64, stop: int64, step: int64, *, {SPEC})", stateful=True)


@RANGE.numpy
def _(start: Array, stop: Array, step: Array) -> base.Dataset:
    if step == 0:
        raise KernelError("step must be a non-zero integer.")
    numbers = range(int(start), int(stop), int(step))
    return base.Dataset(base.RangeTable(numbers), natural=True)


RANDOM = dataset(f"RandomDataset(seed: int64, seed2: int64, *, {SPEC})", stateful=True)


@RANDOM.numpy
def _(seed: Array, seed2: Array) -> base.Dataset:
    return order.Random(seed, seed2)


# --- several together ---
ZIP = dataset(f"ZipDataset(input_datasets: N*variant, *, {SPEC})", N=1)


@ZIP.numpy
def _(inputs: Sequence[Any]) -> base.Dataset:
    return base.Zip(inputs)


CONCATENATE = dataset(
    f"ConcatenateDataset(input_dataset: variant, another_dataset: variant, *, {SPEC})"
)


@CONCATENATE.numpy
def _(first: Any, second: Any) -> base.Dataset:
    return base.Concatenated(first, second)


DIRECTED_INTERLEAVE = dataset(
    "DirectedInterleaveDataset(selector_input_dataset: variant, data_input_datasets: N*variant, "
    f"*, {SPEC})",
    N=1,
)


@DIRECTED_INTERLEAVE.numpy
def _(selector: Any, inputs: Sequence[Any]) -> base.Dataset:
    return order.DirectedInterleave(selector, inputs)


# --- order and number ---
SHUFFLE = dataset(
    "ShuffleDataset(input_dataset: variant, buffer_size: int64, seed: int64, seed2: int64, *, "
    f"reshuffle_each_iteration: bool = True, {SPEC})"
)


@SHUFFLE.numpy
def _(
    source: Any, size: Array, seed: Array, seed2: Array, *, reshuffle_each_iteration: bool
) -> base.Dataset:
    return order.Shuffle(source, size, seed, seed2, reshuffle_each_iteration)


SHUFFLE_AND_REPEAT = dataset(
    "ShuffleAndRepeatDataset(input_dataset: variant, buffer_size: int64, seed: int64, "
    f"seed2: int64, count: int64, *, {SPEC})"
)


@SHUFFLE_AND_REPEAT.numpy
def _(source: Any, size: Array, seed: Array, seed2: Array, count: Array) -> base.Dataset:
    return order.ShuffleAndRepeat(source, size, seed, seed2, count)


REPEAT = dataset(f"RepeatDataset(input_dataset: variant, count: int64, *, {SPEC})")


@REPEAT.numpy
def _(source: Any, count: Array) -> base.Dataset:
    return order.Repeat(source, count)


TAKE = dataset(f"TakeDataset(input_dataset: variant, count: int64, *, {SPEC})")


@TAKE.numpy
def _(source: Any, count: Array) -> base.Dataset:
    return order.Take(source, count)


SKIP = dataset(f"SkipDataset(input_dataset: variant, count: int64, *, {SPEC})")


@SKIP.numpy
def _(source: Any, count: Array) -> base.Dataset:
    return order.Skip(source, count)


SHARD = dataset(
    "ShardDataset(input_dataset: variant, num_shards: int64, index: int64, *, "
    f"require_non_empty: bool = False, {SPEC})"
)


@SHARD.numpy
def _(source: Any, count: Array, index: Array, *, require_non_empty: bool) -> base.Dataset:
    return order.Shard(source, count, index, require_non_empty)


# --- stacking ---
BATCH = dataset(f"BatchDataset(input_dataset: variant, batch_size: int64, *, {SPEC})")


@BATCH.numpy
def _(source: Any, size: Array) -> base.Dataset:
    return stacks.Batch(source, size, False)


BATCH_V2 = dataset(
    "BatchDatasetV2(input_dataset: variant, batch_size: int64, drop_remainder: bool, *, "
    f"parallel_copy: bool = False, {SPEC})"
)


@BATCH_V2.numpy
def _(source: Any, size: Array, drop: Array) -> base.Dataset:
    return stacks.Batch(source, size, drop)


PADDED_BATCH = dataset(
    "PaddedBatchDataset(input_dataset: variant, batch_size: int64, padded_shapes: N*int64, "
    "padding_values: Toutput_types..., *, output_shapes: list(shape))",
    Toutput_types=1,
    N=1,
)


@PADDED_BATCH.numpy
def _(source: Any, size: Array, shapes: Sequence[Array], values: Sequence[Array]) -> base.Dataset:
    return stacks.PaddedBatch(source, size, shapes, values, False)


PADDED_BATCH_V2 = dataset(
    "PaddedBatchDatasetV2(input_dataset: variant, batch_size: int64, padded_shapes: N*int64, "
    "padding_values: Toutput_types..., drop_remainder: bool, *, parallel_copy: bool = False, "
    "output_shapes: list(shape))",
    Toutput_types=1,
    N=1,
)


@PADDED_BATCH_V2.numpy
def _(
    source: Any, size: Array, shapes: Sequence[Array], values: Sequence[Array], drop: Array
) -> base.Dataset:
    return stacks.PaddedBatch(source, size, shapes, values, drop)


UNBATCH = dataset(f"UnbatchDataset(input_dataset: variant, *, {SPEC})")


@UNBATCH.numpy
def _(source: Any) -> base.Dataset:
    return stacks.Unbatch(source)


DENSE_TO_SPARSE_BATCH = dataset(
    "DenseToSparseBatchDataset(input_dataset: variant, batch_size: int64, row_shape: int64, *, "
    f"{SPEC})"
)


@DENSE_TO_SPARSE_BATCH.numpy
def _(source: Any, size: Array, shape: Array) -> base.Dataset:
    return stacks.DenseToSparse(source, size, shape)


WINDOW = dataset(
    "WindowDataset(input_dataset: variant, size: int64, shift: int64, stride: int64, "
    f"drop_remainder: bool, *, {SPEC})"
)


@WINDOW.numpy
def _(source: Any, size: Array, shift: Array, stride: Array, drop: Array) -> base.Dataset:
    return stacks.Window(source, size, shift, stride, drop)


# --- keeping ---
CACHE = dataset(f"CacheDataset(input_dataset: variant, filename: string, *, {SPEC})")


@CACHE.numpy
def _(source: Any, path: Array) -> base.Dataset:
    return keep.Cache(source, string_of(path))


PREFETCH = dataset(
    "PrefetchDataset(input_dataset: variant, buffer_size: int64, *, slack_period: int = 0, "
    f"legacy_autotune: bool = True, {SPEC})"
)


@PREFETCH.numpy
def _(source: Any, size: Array) -> base.Dataset:
    if size < -1:
        raise KernelError("buffer_size must be >= 0 or set buffer_size to be -1 for auto-tuning")
    return base.Same(source)


# --- the same elements ---
OPTIMIZE = dataset(
    "OptimizeDataset(input_dataset: variant, optimizations: string, *, "
    f"optimization_configs: list(string) = [], {SPEC})"
)


@OPTIMIZE.numpy
def _(source: Any, optimizations: Array) -> base.Dataset:
    return base.Optimized(source, optimizations.tolist())


def _same(text: str, **facets: Any) -> OpDef:
    new = dataset(text, **facets)
    new.module = __name__

    def kernel(source: Any, *_: Any) -> base.Dataset:
        return base.Same(source)

    new.numpy(kernel)
    return new


MODEL = _same(
    f"ModelDataset(input_dataset: variant, *, algorithm: int = 0, cpu_budget: int = 0, {SPEC})"
)
MAX_INTRA_OP_PARALLELISM = _same(
    "MaxIntraOpParallelismDataset(input_dataset: variant, max_intra_op_parallelism: int64, *, "
    f"{SPEC})"
)
PRIVATE_THREAD_POOL = _same(
    f"PrivateThreadPoolDataset(input_dataset: variant, num_threads: int64, *, {SPEC})"
)
ASSERT_NEXT = _same(
    f"AssertNextDataset(input_dataset: variant, transformations: string, *, {SPEC})"
)
NON_SERIALIZABLE = _same(f"NonSerializableDataset(input_dataset: variant, *, {SPEC})")
BYTES_PRODUCED = _same(f"BytesProducedStatsDataset(input_dataset: variant, tag: string, *, {SPEC})")
LATENCY = _same(f"LatencyStatsDataset(input_dataset: variant, tag: string, *, {SPEC})")
WRAP = _same("WrapDatasetVariant(input_handle: variant) -> output_handle: variant")
UNWRAP = _same("UnwrapDatasetVariant(input_handle: variant) -> output_handle: variant")
IGNORE_ERRORS = dataset(f"IgnoreErrorsDataset(input_dataset: variant, *, {SPEC})")


@IGNORE_ERRORS.numpy
def _(source: Any) -> base.Dataset:
    return keep.IgnoreErrors(source)


UNIQUE = dataset(f"UniqueDataset(input_dataset: variant, *, {SPEC})")


@UNIQUE.numpy
def _(source: Any) -> base.Dataset:
    return keep.Unique(source)


# --- DatasetCardinality ---
CARDINALITY = dataset("DatasetCardinality(input_dataset: variant) -> cardinality: int64")


@CARDINALITY.numpy
def _(source: Any) -> Array:
    return np.array(base.thing(source).cardinality(), np.int64)


def element_shapes(op: Operation) -> list[Dims]:
    """The shape rule of operations that return an element."""
    return list(op.attrs["output_shapes"])
