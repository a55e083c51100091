"""tf.data.experimental: transformations for `Dataset.apply`, and data sets made of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, bool_, float32, float64, int32, int64, string
from graphflow.core.export import export, publish_from
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.core.tensor_spec import SparseTensorSpec, TensorSpec
from graphflow.input import data_nest, structure
from graphflow.input import dataset_transforms as made
from graphflow.input.dataset_function import StructuredFunction
from graphflow.input.dataset_options import Options
from graphflow.input.dataset_transforms import Made
from graphflow.input.datasets import DatasetV1, DatasetV1Adapter, DatasetV2
from graphflow.ops.functions import log
from graphflow.ops.reshape import expand_dims, squeeze

Transformation = Callable[[Any], Any]
AUTOTUNE: Final = -1
INFINITE: Final = -1
UNKNOWN: Final = -2
publish_from(
    __name__, "data.experimental", "AUTOTUNE", INFINITE_CARDINALITY="INFINITE",
    UNKNOWN_CARDINALITY="UNKNOWN",
)  # fmt: skip


def _of(known: Made) -> DatasetV2:
    found: DatasetV2 = DatasetV2._of(known)
    return found


# --- map_and_batch, unbatch, dense_to_sparse_batch ---
def _map_and_batch(
    function: Callable[..., Any],
    size: Any,
    batches: Any,
    drop_remainder: Any,
    calls: Any,
    legacy: bool,
) -> Transformation:
    if batches is not None and calls is not None:
        raise ValueError(
            "The `num_parallel_batches` and `num_parallel_calls` arguments are mutually exclusive."
        )
    if calls is None:
        calls = size if batches is None else size * batches

    def applied(source: Any) -> DatasetV2:
        what = "tf.data.experimental.map_and_batch()"
        wrapped = StructuredFunction(function, what, source.element_spec, legacy=legacy)
        rows = made.whole(size, "batch_size")
        number = made.whole(calls, "num_parallel_calls")
        drop: Tensor = convert(drop_remainder, bool_, name="drop_remainder")
        known = made.other(
            "MapAndBatchDataset", source, made.batched_spec(wrapped.output_structure, rows, drop),
            wrapped.captured_inputs, rows, number, drop, f=wrapped.name, preserve_cardinality=True,
        )  # fmt: skip
        return _of(Made(known.variant, known.spec, [source], [wrapped]))

    return applied


@export("data.experimental.map_and_batch", "contrib.data.map_and_batch")
def map_and_batch(
    map_func: Callable[..., Any],
    batch_size: Any,
    num_parallel_batches: Any = None,
    drop_remainder: Any = False,
    num_parallel_calls: Any = None,
) -> Transformation:
    """Returns a transformation: `map`, then `batch`.

    Args:
        map_func: as in `Dataset.map`.
        batch_size: as in `Dataset.batch`.
        num_parallel_batches: noted in the graph.
        drop_remainder: as in `Dataset.batch`.
        num_parallel_calls: noted in the graph.

    Raises:
        ValueError: if both numbers are given.
    """
    return _map_and_batch(
        map_func, batch_size, num_parallel_batches, drop_remainder, num_parallel_calls, False
    )


@export("data.experimental.map_and_batch_with_legacy_function")
def map_and_batch_with_legacy_function(
    map_func: Callable[..., Any],
    batch_size: Any,
    num_parallel_batches: Any = None,
    drop_remainder: Any = False,
    num_parallel_calls: Any = None,
) -> Transformation:
    """As `map_and_batch`; operations with state inside the function run in no particular order.

    Args:
        map_func: as in `map_and_batch`.
        batch_size: as in `map_and_batch`.
        num_parallel_batches: as in `map_and_batch`.
        drop_remainder: as in `map_and_batch`.
        num_parallel_calls: as in `map_and_batch`.
    """
    return _map_and_batch(
        map_func, batch_size, num_parallel_batches, drop_remainder, num_parallel_calls, True
    )


@export("data.experimental.unbatch", "contrib.data.unbatch")
def unbatch() -> Transformation:
    """Returns a transformation: `Dataset.unbatch`."""
    return lambda source: source.unbatch()


@export("data.experimental.dense_to_sparse_batch", "contrib.data.dense_to_sparse_batch")
def dense_to_sparse_batch(batch_size: Any, row_shape: Any) -> Transformation:
    """Returns a transformation that stacks elements of several shapes as sparse tensors.

    Args:
        batch_size: how many are stacked.
        row_shape: what all have room in; an unknown size is the largest of a batch.
    """

    def applied(source: Any) -> DatasetV2:
        types = structure.legacy_types(source.element_spec)
        if not isinstance(types, DType):
            raise TypeError(
                "DenseToSparseDataset requires an input whose elements have a single component, "
                f"whereas the input has {types!r}."
            )
        shape = as_shape(row_shape)
        spec = SparseTensorSpec(TensorShape([None]).concatenate(shape), types)
        sizes: Tensor = convert([-1 if d is None else d for d in shape.as_list()], int64)
        return _of(made.other("DenseToSparseBatchDataset", source, spec, batch_size, sizes))

    return applied


# --- parallel_interleave, shuffle_and_repeat, prefetch_to_device ---
@export("data.experimental.parallel_interleave", "contrib.data.parallel_interleave")
def parallel_interleave(
    map_func: Callable[..., Any],
    cycle_length: Any,
    block_length: Any = 1,
    sloppy: Any = False,
    buffer_output_elements: Any = None,
    prefetch_input_elements: Any = None,
) -> Transformation:
    """Returns a transformation: `Dataset.interleave`.

    Args:
        map_func: as in `Dataset.interleave`.
        cycle_length: as in `Dataset.interleave`.
        block_length: as in `Dataset.interleave`.
        sloppy: noted in the graph: the order is always the same.
        buffer_output_elements: noted in the graph.
        prefetch_input_elements: noted in the graph.
    """

    def applied(source: Any) -> DatasetV2:
        return _of(
            made.parallel_interleaved(
                source, map_func, cycle_length, block_length, sloppy, buffer_output_elements,
                prefetch_input_elements,
            )
        )  # fmt: skip

    return applied


@export("data.experimental.shuffle_and_repeat", "contrib.data.shuffle_and_repeat")
def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: Any = None) -> Transformation:
    """Returns a transformation: `shuffle` and `repeat`, in which the buffer is never empty.

    Args:
        buffer_size: as in `Dataset.shuffle`.
        count: as in `Dataset.repeat`.
        seed: as in `Dataset.shuffle`.
    """

    def applied(source: Any) -> DatasetV2:
        size = made.whole(buffer_size, "buffer_size")
        times = made.whole(-1 if count is None else count, "count")
        return _of(made.same("ShuffleAndRepeatDataset", source, size, *made.seeds(seed), times))

    return applied


@export("data.experimental.prefetch_to_device", "contrib.data.prefetch_to_device")
def prefetch_to_device(device: str, buffer_size: Any = None) -> Transformation:
    """Returns a transformation: `Dataset.prefetch`: there is one device.

    Args:
        device: noted nowhere.
        buffer_size: as in `Dataset.prefetch`.
    """
    return lambda source: source.apply(copy_to_device(device)).prefetch(buffer_size)


@export("data.experimental.copy_to_device")
def copy_to_device(target_device: str, source_device: str = "/cpu:0") -> Transformation:
    """Returns a transformation that keeps the elements: there is one device.

    Args:
        target_device: has no effect.
        source_device: has no effect.
    """

    def applied(source: Any) -> Any:
        options = Options()
        options.experimental_optimization.apply_default_optimizations = False
        options.experimental_optimization.autotune = False
        return source.with_options(options)

    return applied


# --- scan, take_while, ignore_errors, unique, enumerate_dataset ---
@export("data.experimental.scan", "contrib.data.scan")
def scan(initial_state: Any, scan_func: Callable[..., Any]) -> Transformation:
    """Returns a transformation: what a function makes of a state and each element.

    Args:
        initial_state: a tensor, or a structure of tensors.
        scan_func: takes a state and an element; returns the next state and what comes out.

    Raises:
        TypeError: in use: if it returns no pair, or the state changes its type.
    """

    def applied(source: Any) -> DatasetV2:
        state = structure.normalize_element(initial_state)

        def first(pair: Any) -> Any:
            if not (isinstance(pair, tuple) and len(pair) == 2):
                raise TypeError(
                    "The scan function must return a pair comprising the new state and the output "
                    "value."
                )
            return pair[0]

        wrapped, spec = made.with_state(
            scan_func, "tf.data.experimental.scan()", structure.type_spec_from_value(state),
            source.element_spec, first,
        )  # fmt: skip
        known = made.other(
            "ScanDataset", source, wrapped.output_structure[1],
            structure.to_tensor_list(spec, state), wrapped.captured_inputs, f=wrapped.name,
            preserve_cardinality=True,
        )  # fmt: skip
        return _of(Made(known.variant, known.spec, [source], [wrapped]))

    return applied


@export("data.experimental.take_while")
def take_while(predicate: Callable[..., Any]) -> Transformation:
    """Returns a transformation: the elements before the first of which a function says false.

    Args:
        predicate: takes an element and returns a bool scalar.

    Raises:
        ValueError: in use: if it returns something else.
    """

    def applied(source: Any) -> DatasetV2:
        what = "tf.data.experimental.take_while()"
        wrapped = StructuredFunction(predicate, what, source.element_spec)
        found = wrapped.output_structure
        if data_nest.is_nested(found) or not found.is_compatible_with(TensorSpec([], bool_)):
            raise ValueError("`predicate` must return a scalar boolean tensor.")
        known = made.same(
            "TakeWhileDataset", source, wrapped.captured_inputs, predicate=wrapped.name
        )
        return _of(Made(known.variant, known.spec, [source], [wrapped]))

    return applied


@export("data.experimental.ignore_errors", "contrib.data.ignore_errors")
def ignore_errors() -> Transformation:
    """Returns a transformation: the elements that can be made."""
    return lambda source: _of(made.same("IgnoreErrorsDataset", source))


@export("data.experimental.unique", "contrib.data.unique")
def unique() -> Transformation:
    """Returns a transformation: the elements that have not come before.

    Raises:
        TypeError: in use: if they are not single integers or strings.
    """

    def applied(source: Any) -> DatasetV2:
        if structure.legacy_types(source.element_spec) not in (int32, int64, string):
            raise TypeError(
                "`tf.data.experimental.unique()` only supports inputs with a single `tf.int32`, "
                "`tf.int64`, or `tf.string` component."
            )
        return _of(made.same("UniqueDataset", source))

    return applied


@export("data.experimental.enumerate_dataset", "contrib.data.enumerate_dataset")
def enumerate_dataset(start: Any = 0) -> Transformation:
    """Returns a transformation: `Dataset.enumerate`.

    Args:
        start: the first number.
    """
    return lambda source: source.enumerate(start)


@export("data.experimental.bytes_produced_stats")
def bytes_produced_stats(tag: Any) -> Transformation:
    """Returns a transformation that keeps the elements: statistics are not collected.

    Args:
        tag: noted in the graph.
    """
    return lambda source: _of(made.same("BytesProducedStatsDataset", source, tag))


@export("data.experimental.latency_stats", "contrib.data.latency_stats")
def latency_stats(tag: Any) -> Transformation:
    """Returns a transformation that keeps the elements: statistics are not collected.

    Args:
        tag: noted in the graph.
    """
    return lambda source: _of(made.same("LatencyStatsDataset", source, tag))


# --- what is no transformation ---
@export("data.experimental.Counter", "contrib.data.Counter")
def counter(start: Any = 0, step: Any = 1, dtype: Any = int64) -> Any:
    """Returns a data set that counts without end.

    Args:
        start: the first number.
        step: from one number to the next.
        dtype: of the numbers.
    """
    with scopes.name_scope("counter"):
        first, more = convert(start, dtype, name="start"), convert(step, dtype, name="step")
        return (
            DatasetV1.from_tensors(0)
            .repeat(None)
            .apply(scan(first, lambda state, _: (state + more, state)))
        )


@export("data.experimental.RandomDataset", "contrib.data.RandomDataset")
class RandomDataset(DatasetV1Adapter):
    """Random numbers without end: 32 bits as int64 scalars.

    Args:
        seed: the same seeds give the same numbers.
    """

    def __init__(self, seed: Any = None) -> None:
        super().__init__(_of(made.random_numbers(seed)))


@export("data.experimental.get_single_element", "contrib.data.get_single_element")
def get_single_element(dataset: Any) -> Any:
    """Returns the only element of a data set.

    Args:
        dataset: the data set.

    Raises:
        TypeError: if it is none.
        InvalidArgumentError: in the run: if it has no element, or more than one.
    """
    if not isinstance(dataset, DatasetV2):
        raise TypeError("`dataset` must be a `tf.data.Dataset` object.")
    found = apply(
        "DatasetToSingleElement",
        dataset._variant_tensor,
        **structure.flat_attrs(dataset.element_spec),
    )
    return structure.from_compatible_tensor_list(dataset.element_spec, found)


@export("data.experimental.cardinality")
def cardinality(dataset: Any) -> Tensor:
    """Returns the number of elements; INFINITE_CARDINALITY or UNKNOWN_CARDINALITY.

    Args:
        dataset: a data set.
    """
    found: Tensor = apply("DatasetCardinality", dataset._variant_tensor)
    return found


# --- several data sets ---
def _directed(selector: Any, datasets: Sequence[Any]) -> Any:
    spec = made.common_spec(
        datasets[0], datasets[1:], lambda *_: "All datasets must have the same type and class."
    )
    variant = apply(
        "DirectedInterleaveDataset", selector._variant_tensor,
        [d._variant_tensor for d in datasets], **structure.flat_attrs(spec),
    )  # fmt: skip
    return DatasetV1Adapter(_of(Made(variant, spec, [selector, *datasets])))


@export("data.experimental.sample_from_datasets", "contrib.data.sample_from_datasets")
def sample_from_datasets(datasets: Sequence[Any], weights: Any = None, seed: Any = None) -> Any:
    """Returns a data set of elements of several data sets, chosen at random.

    Args:
        datasets: elements of the same types.
        weights: how likely each is, a vector of floats or a data set of them; None: all equally.
        seed: of the choice.

    Raises:
        TypeError: if the types differ, or the weights are no floats.
        ValueError: if there are not as many weights as data sets.
    """
    count = len(datasets)
    logits: Any
    if isinstance(weights, DatasetV2):
        logits_of = weights.map(lambda *p: log(convert(list(p)), name="logits"))
        pairs = DatasetV1.zip((logits_of, _random(seed)))
        selector = _of(made.mapped(pairs, _chosen, inter_op=False))
        return _directed(selector, datasets)
    if weights is None:
        logits = [[1.0] * count]
    else:
        given = convert(weights, name="weights")
        if given.dtype not in (float32, float64):
            raise TypeError(
                "`weights` must be convertible to a tensor of `tf.float32` or `tf.float64` "
                "elements."
            )
        if not given.shape.is_compatible_with([count]):
            raise ValueError("`weights` must be a vector of length `len(datasets)`.")
        logits = expand_dims(log(given, name="logits"), 0)
    if count == 1:
        return DatasetV1Adapter(datasets[0])

    def select_dataset_constant_logits(seed: Tensor) -> Tensor:
        return _chosen(logits, seed)

    selector = _of(made.mapped(_random(seed), select_dataset_constant_logits, inter_op=False))
    return _directed(selector, datasets)


def _random(seed: Any) -> Any:
    return _of(made.random_numbers(seed)).batch(2)


def _chosen(logits: Any, seed: Tensor) -> Tensor:
    found: Tensor = squeeze(
        apply("StatelessMultinomial", logits, 1, seed, output_dtype=int64), axis=[0, 1]
    )
    return found


@export("data.experimental.choose_from_datasets", "contrib.data.choose_from_datasets")
def choose_from_datasets(datasets: Sequence[Any], choice_dataset: Any) -> Any:
    """Returns a data set of elements of several data sets, chosen by numbers.

    Args:
        datasets: elements of the same types.
        choice_dataset: a data set of int64 scalars: numbers of data sets.

    Raises:
        TypeError: if the choices are something else, or the types of the elements differ.
    """
    if not structure.are_compatible(choice_dataset.element_spec, TensorSpec([], int64)):
        raise TypeError("`choice_dataset` must be a dataset of scalar `tf.int64` tensors.")
    return _directed(choice_dataset, datasets)
