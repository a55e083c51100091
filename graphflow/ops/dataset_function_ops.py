"""Data sets made with functions of the graph's library, and what runs through them at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core.errors import KernelError
from graphflow.core.opdef import OpDef, define
from graphflow.core.state import Store
from graphflow.ops import _dataset_calls as made
from graphflow.ops import _datasets as base
from graphflow.ops.dataset_ops import SPEC, dataset, element_shapes

Array = np.ndarray[Any, Any]
Others = Sequence[Any]
_CALL = f"f: func, {SPEC}"

# --- Map ---
MAP = dataset(
    f"MapDataset(input_dataset: variant, other_arguments: Targuments..., *, {_CALL}, "
    "use_inter_op_parallelism: bool = True, preserve_cardinality: bool = False)",
    Targuments=0,
)


@MAP.numpy
def _(source: Any, others: Others, *, f: Any, preserve_cardinality: bool, store: Store) -> Any:
    return made.Map(source, base.Function(store, f, others), preserve_cardinality)


PARALLEL_MAP = dataset(
    "ParallelMapDataset(input_dataset: variant, other_arguments: Targuments..., "
    f"num_parallel_calls: int32, *, {_CALL}, use_inter_op_parallelism: bool = True, "
    "sloppy: bool = False, preserve_cardinality: bool = False)",
    Targuments=0,
)


@PARALLEL_MAP.numpy
def _(
    source: Any, others: Others, calls: Array, *, f: Any, preserve_cardinality: bool, store: Store
) -> Any:
    if calls <= 0 and calls != -1:
        raise KernelError("num_parallel_calls must be greater than zero.")
    return made.Map(source, base.Function(store, f, others), preserve_cardinality)


MAP_AND_BATCH = dataset(
    "MapAndBatchDataset(input_dataset: variant, other_arguments: Targuments..., "
    f"batch_size: int64, num_parallel_calls: int64, drop_remainder: bool, *, {_CALL}, "
    "preserve_cardinality: bool = False)",
    Targuments=0,
)


@MAP_AND_BATCH.numpy
def _(
    source: Any,
    others: Others,
    size: Array,
    calls: Array,
    drop: Array,
    *,
    f: Any,
    preserve_cardinality: bool,
    store: Store,
) -> Any:
    if calls <= 0 and calls != -1:
        raise KernelError("num_parallel_calls must be greater than zero.")
    function = base.Function(store, f, others)
    return made.MapAndBatch(source, function, preserve_cardinality, size, drop)


# --- Filter, TakeWhile ---
FILTER = dataset(
    "FilterDataset(input_dataset: variant, other_arguments: Targuments..., *, predicate: func, "
    f"{SPEC})",
    Targuments=0,
)


@FILTER.numpy
def _(source: Any, others: Others, *, predicate: Any, store: Store) -> Any:
    return made.Filter(source, base.Function(store, predicate, others))


TAKE_WHILE = dataset(
    "TakeWhileDataset(input_dataset: variant, other_arguments: Targuments..., *, "
    f"predicate: func, {SPEC})",
    Targuments=0,
)


@TAKE_WHILE.numpy
def _(source: Any, others: Others, *, predicate: Any, store: Store) -> Any:
    return made.TakeWhile(source, base.Function(store, predicate, others))


FILTER_BY_LAST = dataset(
    f"FilterByLastComponentDataset(input_dataset: variant, *, {SPEC}) -> output: variant"
)


@FILTER_BY_LAST.numpy
def _(source: Any) -> Any:
    return made.FilterByLast(source)


# --- FlatMap, Interleave ---
FLAT_MAP = dataset(
    f"FlatMapDataset(input_dataset: variant, other_arguments: Targuments..., *, {_CALL})",
    Targuments=0,
)


@FLAT_MAP.numpy
def _(source: Any, others: Others, *, f: Any, store: Store) -> Any:
    return made.FlatMap(source, base.Function(store, f, others))


INTERLEAVE = dataset(
    "InterleaveDataset(input_dataset: variant, other_arguments: Targuments..., "
    f"cycle_length: int64, block_length: int64, *, {_CALL})",
    Targuments=0,
)


@INTERLEAVE.numpy
def _(source: Any, others: Others, cycle: Array, block: Array, *, f: Any, store: Store) -> Any:
    return made.Interleave(source, base.Function(store, f, others), cycle, block)


PARALLEL_INTERLEAVE_V2 = dataset(
    "ParallelInterleaveDatasetV2(input_dataset: variant, other_arguments: Targuments..., "
    f"cycle_length: int64, block_length: int64, num_parallel_calls: int64, *, {_CALL}, "
    "sloppy: bool = False)",
    Targuments=0,
)


@PARALLEL_INTERLEAVE_V2.numpy
def _(
    source: Any,
    others: Others,
    cycle: Array,
    block: Array,
    calls: Array,
    *,
    f: Any,
    store: Store,
) -> Any:
    if calls <= 0 and calls != -1:
        raise KernelError("num_parallel_calls must be greater than zero.")
    if cycle != -1 and calls > cycle:
        raise KernelError("num_parallel_calls must less than or equal to cycle_length.")
    return made.Interleave(source, base.Function(store, f, others), cycle, block)


PARALLEL_INTERLEAVE = dataset(
    "ParallelInterleaveDataset(input_dataset: variant, other_arguments: Targuments..., "
    "cycle_length: int64, block_length: int64, sloppy: bool, buffer_output_elements: int64, "
    f"prefetch_input_elements: int64, *, {_CALL})",
    Targuments=0,
)


@PARALLEL_INTERLEAVE.numpy
def _(
    source: Any,
    others: Others,
    cycle: Array,
    block: Array,
    sloppy: Array,
    outputs: Array,
    inputs: Array,
    *,
    f: Any,
    store: Store,
) -> Any:
    if cycle <= 0:
        raise KernelError("`cycle_length` must be > 0")
    if block <= 0:
        raise KernelError("`block_length` must be > 0")
    if outputs <= 0:
        raise KernelError("`buffer_output_elements` must be > 0")
    if inputs < 0:
        raise KernelError("`prefetch_input_elements` must be >= 0")
    return made.Interleave(source, base.Function(store, f, others), cycle, block)


# --- Scan ---
SCAN = dataset(
    "ScanDataset(input_dataset: variant, initial_state: Tstate..., "
    f"other_arguments: Targuments..., *, {_CALL}, preserve_cardinality: bool = False)",
    Tstate=1,
    Targuments=0,
)


@SCAN.numpy
def _(
    source: Any, state: Others, others: Others, *, f: Any, preserve_cardinality: bool, store: Store
) -> Any:
    return made.Scan(source, state, base.Function(store, f, others), preserve_cardinality)


# --- groups ---
GROUP_BY_WINDOW = dataset(
    "GroupByWindowDataset(input_dataset: variant, "
    "key_func_other_arguments: Tkey_func_other_arguments..., "
    "reduce_func_other_arguments: Treduce_func_other_arguments..., "
    "window_size_func_other_arguments: Twindow_size_func_other_arguments..., *, "
    f"key_func: func, reduce_func: func, window_size_func: func, {SPEC})",
    Tkey_func_other_arguments=0,
    Treduce_func_other_arguments=0,
    Twindow_size_func_other_arguments=0,
)


@GROUP_BY_WINDOW.numpy
def _(
    source: Any,
    key: Others,
    reduce: Others,
    size: Others,
    *,
    key_func: Any,
    reduce_func: Any,
    window_size_func: Any,
    store: Store,
) -> Any:
    functions = ((key_func, key), (reduce_func, reduce), (window_size_func, size))
    return made.GroupByWindow(source, *[base.Function(store, f, x) for f, x in functions])


def _group_by_reducer(name: str) -> OpDef:
    parts = ("key_func", "init_func", "reduce_func", "finalize_func")
    new = dataset(
        f"{name}(input_dataset: variant, "
        + ", ".join([f"{p}_other_arguments: T{p}_other_arguments..." for p in parts])
        + ", *, "
        + ", ".join([f"{p}: func" for p in parts])
        + f", {SPEC})",
        stateful=True,
        **{f"T{p}_other_arguments": 0 for p in parts},
    )
    new.module = __name__

    def kernel(
        source: Any,
        *others: Others,
        key_func: Any,
        init_func: Any,
        reduce_func: Any,
        finalize_func: Any,
        store: Store,
    ) -> Any:
        names = key_func, init_func, reduce_func, finalize_func
        functions = [base.Function(store, f, x) for f, x in zip(names, others, strict=True)]
        return made.GroupByReducer(source, *functions)

    new.numpy(kernel)
    return new


GROUP_BY_REDUCER = _group_by_reducer("GroupByReducerDataset")
EXPERIMENTAL_GROUP_BY_REDUCER = _group_by_reducer("ExperimentalGroupByReducerDataset")

# --- Generator ---
GENERATOR = dataset(
    "GeneratorDataset(init_func_other_args: Tinit_func_args..., "
    "next_func_other_args: Tnext_func_args..., "
    "finalize_func_other_args: Tfinalize_func_args..., *, init_func: func, next_func: func, "
    f"finalize_func: func, {SPEC})",
    stateful=True,
    Tinit_func_args=0,
    Tnext_func_args=0,
    Tfinalize_func_args=0,
)


@GENERATOR.numpy
def _(
    init: Others,
    step: Others,
    finalize: Others,
    *,
    init_func: Any,
    next_func: Any,
    finalize_func: Any,
    store: Store,
) -> Any:
    functions = ((init_func, init), (next_func, step), (finalize_func, finalize))
    return made.Generator(*[base.Function(store, f, x) for f, x in functions])


# --- all elements at once ---
REDUCE = define(
    "ReduceDataset(input_dataset: variant, initial_state: Tstate..., "
    f"other_arguments: Targuments..., *, {_CALL}, use_inter_op_parallelism: bool = True) "
    "-> components: output_types...",
    stateful=True,
    shape=element_shapes,
    Tstate=1,
    Targuments=0,
    output_types=1,
    output_shapes=1,
)
REDUCE.no_gradient("TensorFlow has none")
REDUCE.host_only("its elements are made one after the other")


@REDUCE.numpy
def _(source: Any, state: Others, others: Others, *, f: Any, store: Store) -> list[Any]:
    function = base.Function(store, f, others)
    found = made.reduced(base.thing(source), state, function, base.Place())
    return [np.array(x) if isinstance(x, np.ndarray) else x for x in found]


SINGLE = define(
    f"DatasetToSingleElement(dataset: variant, *, {SPEC}) -> components: output_types...",
    stateful=True,
    shape=element_shapes,
    output_types=1,
    output_shapes=1,
).no_gradient("a data set is no number", raises=True)
SINGLE.host_only("its elements are made one after the other")


@SINGLE.numpy
def _(source: Any) -> list[Any]:
    return [base.owned(x) for x in made.single(base.thing(source))]
