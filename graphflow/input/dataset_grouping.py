"""tf.data.experimental: elements grouped by keys, and drawn anew by classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert
from graphflow.core.dtypes import float32, int32, int64
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.core.tensor_spec import TensorSpec
from graphflow.input import data_nest, structure
from graphflow.input import dataset_transforms as made
from graphflow.input.dataset_experimental import Transformation, sample_from_datasets, scan
from graphflow.input.dataset_function import StructuredFunction
from graphflow.input.dataset_spec import DatasetSpec
from graphflow.input.dataset_transforms import Made
from graphflow.input.datasets import DatasetV1, DatasetV2
from graphflow.ops.asserts import assert_less
from graphflow.ops.cast import cast
from graphflow.ops.comparison import less, less_equal, logical_and
from graphflow.ops.division import truediv
from graphflow.ops.fill import fill
from graphflow.ops.flow_cond import cond
from graphflow.ops.gather import gather
from graphflow.ops.one_hot import one_hot
from graphflow.ops.printing import Print
from graphflow.ops.random import random_uniform
from graphflow.ops.reduce import reduce_max, reduce_min, reduce_sum
from graphflow.ops.reshape import expand_dims
from graphflow.ops.select import where
from graphflow.ops.shape_ops import shape
from graphflow.ops.tile import tile

_KEY = TensorSpec([], int64)


def _is_key(spec: Any) -> bool:
    return not data_nest.is_nested(spec) and bool(spec.is_compatible_with(_KEY))


# --- group_by_window ---
@export("data.experimental.group_by_window", "contrib.data.group_by_window")
def group_by_window(
    key_func: Callable[..., Any],
    reduce_func: Callable[..., Any],
    window_size: Any = None,
    window_size_func: Callable[..., Any] | None = None,
) -> Transformation:
    """Returns a transformation: the elements of data sets made of groups of elements of one key.

    Args:
        key_func: takes an element and returns an int64 scalar.
        reduce_func: takes a key and the data set of a group, returns a data set.
        window_size: how many elements a group has.
        window_size_func: takes a key and returns that number.

    Raises:
        ValueError: unless one of the last two is given; in use: if a function returns something
            else.
        TypeError: in use: if `reduce_func` returns no data set.
    """
    if (window_size is None) == (not window_size_func):
        raise ValueError("Must pass either window_size or window_size_func.")

    def size_of(key: Tensor) -> Tensor:
        size = window_size if window_size_func is None else window_size_func(key)
        found: Tensor = convert(size, int64)
        return found

    def key_of(*args: Any) -> Tensor:
        found: Tensor = convert(key_func(*args), int64)
        return found

    def applied(source: Any) -> DatasetV2:
        what = "tf.data.experimental.group_by_window()"
        key = StructuredFunction(key_of, what, source.element_spec)
        if not _is_key(key.output_structure):
            raise ValueError("`key_func` must return a single tf.int64 scalar tensor.")
        reduce = StructuredFunction(reduce_func, what, (_KEY, DatasetSpec(source.element_spec)))
        if not isinstance(reduce.output_structure, DatasetSpec):
            raise TypeError("`reduce_func` must return a `Dataset` object.")
        size = StructuredFunction(size_of, what, _KEY)
        if not _is_key(size.output_structure):
            raise ValueError("`window_size_func` must return a single tf.int64 scalar tensor.")
        spec = reduce.output_structure._element_spec
        known = made.other(
            "GroupByWindowDataset", source, spec, key.captured_inputs, reduce.captured_inputs,
            size.captured_inputs, key_func=key.name, reduce_func=reduce.name,
            window_size_func=size.name,
        )  # fmt: skip
        found: DatasetV2 = DatasetV2._of(Made(known.variant, spec, [source], [key, reduce, size]))
        return found

    return applied


# --- group_by_reducer ---
@export("data.experimental.Reducer", "contrib.data.Reducer")
class Reducer:
    """What `group_by_reducer` does with the elements of a key.

    Args:
        init_func: takes the key and returns a state.
        reduce_func: takes a state and an element and returns the next state.
        finalize_func: takes a state and returns the element that comes out.
    """

    def __init__(
        self,
        init_func: Callable[..., Any],
        reduce_func: Callable[..., Any],
        finalize_func: Callable[..., Any],
    ) -> None:
        self._functions = init_func, reduce_func, finalize_func

    @property
    def init_func(self) -> Callable[..., Any]:
        """Takes the key and returns a state."""
        return self._functions[0]

    @property
    def reduce_func(self) -> Callable[..., Any]:
        """Takes a state and an element and returns the next state."""
        return self._functions[1]

    @property
    def finalize_func(self) -> Callable[..., Any]:
        """Takes a state and returns the element that comes out."""
        return self._functions[2]


@export("data.experimental.group_by_reducer", "contrib.data.group_by_reducer")
def group_by_reducer(key_func: Callable[..., Any], reducer: Reducer) -> Transformation:
    """Returns a transformation: one element for each key.

    Args:
        key_func: takes an element and returns an int64 scalar.
        reducer: what is done with the elements of a key.

    Raises:
        ValueError: in use: if a key is something else.
    """

    def applied(source: Any) -> DatasetV2:
        what = "tf.data.experimental.group_by_reducer()"
        key = StructuredFunction(key_func, what, source.element_spec)
        if not _is_key(key.output_structure):
            types = structure.legacy_types(key.output_structure)
            shapes = structure.legacy_shapes(key.output_structure)
            raise ValueError(
                "`key_func` must return a single tf.int64 tensor. Got "
                f"type={types} and shape={shapes}"
            )
        init = StructuredFunction(reducer.init_func, what, _KEY)
        reduce, state = made.with_state(
            reducer.reduce_func, what, init.output_structure, source.element_spec
        )
        finalize = StructuredFunction(reducer.finalize_func, what, state)
        functions = [key, init, reduce, finalize]
        names = ("key_func", "init_func", "reduce_func", "finalize_func")
        known = made.other(
            "ExperimentalGroupByReducerDataset", source, finalize.output_structure,
            *[f.captured_inputs for f in functions],
            **{name: f.name for name, f in zip(names, functions, strict=True)},
        )  # fmt: skip
        found: DatasetV2 = DatasetV2._of(Made(known.variant, known.spec, [source], functions))
        return found

    return applied


# --- bucket_by_sequence_length ---
@export("data.experimental.bucket_by_sequence_length", "contrib.data.bucket_by_sequence_length")
def bucket_by_sequence_length(
    element_length_func: Callable[..., Any],
    bucket_boundaries: Sequence[int],
    bucket_batch_sizes: Sequence[int],
    padded_shapes: Any = None,
    padding_values: Any = None,
    pad_to_bucket_boundary: bool = False,
    no_padding: bool = False,
    drop_remainder: Any = False,
) -> Transformation:
    """Returns a transformation: batches of elements of similar length.

    Args:
        element_length_func: takes an element and returns its length, an int32 scalar.
        bucket_boundaries: the lengths at which buckets begin, ascending.
        bucket_batch_sizes: the size of the batches of each bucket, one more than boundaries.
        padded_shapes: as in `Dataset.padded_batch`; None: those of the elements.
        padding_values: as in `Dataset.padded_batch`.
        pad_to_bucket_boundary: whether unknown sizes become the bucket's largest length.
        no_padding: whether elements are not padded.
        drop_remainder: as in `Dataset.batch`.

    Raises:
        ValueError: if there are not as many sizes as buckets.
    """
    with scopes.name_scope("bucket_by_seq_length"):
        if len(bucket_batch_sizes) != len(bucket_boundaries) + 1:
            raise ValueError("len(bucket_batch_sizes) must equal len(bucket_boundaries) + 1")
        batch_sizes = convert(list(bucket_batch_sizes), int64)

    def element_to_bucket_id(*args: Any) -> Tensor:
        length = element_length_func(*args)
        least, most = np.iinfo(np.int32).min, np.iinfo(np.int32).max
        inside = logical_and(
            less_equal([least, *bucket_boundaries], length),
            less(length, [*bucket_boundaries, most]),
        )
        found: Tensor = reduce_min(where(inside))
        return found

    def window_size_fn(bucket_id: Tensor) -> Any:
        return batch_sizes[bucket_id]

    def filler(bucket_id: Tensor) -> Any:
        if not pad_to_bucket_boundary:
            return None
        check = assert_less(
            bucket_id, convert(len(bucket_batch_sizes) - 1, int64),
            message="When pad_to_bucket_boundary=True, elements must have length < "
            "max(bucket_boundaries).",
        )  # fmt: skip
        with scopes.control_dependencies([check]):
            return convert(list(bucket_boundaries), int64)[bucket_id] - 1

    def batching_fn(bucket_id: Tensor, grouped: Any) -> Any:
        size = window_size_fn(bucket_id)
        if no_padding:
            return grouped.batch(size, drop_remainder=drop_remainder)
        fill_with = filler(bucket_id)
        own = structure.legacy_shapes(grouped.element_spec)
        shapes = _filled(padded_shapes or own, fill_with)
        return grouped.padded_batch(size, shapes, padding_values, drop_remainder=drop_remainder)

    def applied(source: Any) -> Any:
        group = group_by_window(element_to_bucket_id, batching_fn, window_size_func=window_size_fn)
        return source.apply(group)

    return applied


def _filled(shapes: Any, filler: Any) -> Any:
    """A structure of shapes with something in the place of unknown sizes."""
    found = []
    for given in data_nest.flatten(shapes):
        sizes = TensorShape(given).as_list()
        found.append([filler if d is None else d for d in sizes])
    return data_nest.pack_sequence_as(shapes, found)


# --- rejection_resample ---
@export("data.experimental.rejection_resample", "contrib.data.rejection_resample")
def rejection_resample(
    class_func: Callable[..., Any], target_dist: Any, initial_dist: Any = None, seed: Any = None
) -> Transformation:
    """Returns a transformation to pairs of class and element, with the classes as often as asked.

    Args:
        class_func: takes an element and returns its class, an int32 scalar.
        target_dist: how often each class shall come, a vector of floats.
        initial_dist: how often it comes; None: estimated.
        seed: of the choice.
    """

    def applied(source: Any) -> Any:
        target = convert(target_dist, name="target_dist")
        classes = source.map(class_func)
        initial = None
        if initial_dist is None:
            first = _estimated(target, classes)
            both = first.map(lambda dist: _acceptance(dist, target))
            accept, original = both.map(lambda p, _: p), both.map(lambda _, p: p)
        else:
            initial = convert(initial_dist, name="initial_dist")
            parts = _acceptance(initial, target)
            first, accept, original = (
                DatasetV1.from_tensors(x).repeat() for x in (initial, *parts)
            )
        filtered = _accepted(source, accept, first, classes, seed).prefetch(3)
        known = None if initial is None else _share_kept(initial, target)
        pairs = DatasetV1.zip((classes, source))
        if known == 1:
            return pairs
        if known == 0:
            return filtered
        weights = original.map(lambda p: [(p, 1.0 - p)])
        return sample_from_datasets([pairs, filtered], weights=weights, seed=seed)

    return applied


def _share_kept(initial: Tensor, target: Tensor) -> Any:
    values = constant_value(initial), constant_value(target)
    if values[0] is None or values[1] is None:
        return None
    return np.min(values[1] / values[0])


def _acceptance(initial: Tensor, target: Tensor) -> tuple[Any, Any]:
    """How likely an element of each class is accepted, and the share that is taken as it comes."""
    tiny = np.finfo(initial.dtype.as_numpy_dtype).tiny
    ratio = target / (initial + tiny)
    most, least = reduce_max(ratio), reduce_min(ratio)
    return (ratio - least) / (most - least), least


def _accepted(source: Any, accept: Any, initial: Any, classes: Any, seed: Any) -> Any:
    def warned(share: Tensor, dist: Tensor) -> Any:
        rejected = reduce_sum((1 - share) * dist)
        return cond(
            less(rejected, 0.5),
            lambda: share,
            lambda: Print(
                share, [rejected, dist, share],
                message="Proportion of examples rejected by sampler is high: ", summarize=100,
                first_n=10,
            ),
        )  # fmt: skip

    shares = DatasetV1.zip((accept, initial)).map(warned)

    def gathered(cls: Tensor, share: Tensor, data: Any) -> Any:
        return cls, gather(share, cls), data

    current = DatasetV1.zip((classes, shares, source)).map(gathered)
    kept = current.filter(lambda _, p, __: random_uniform([], seed=seed) < p)
    return kept.map(lambda cls, _, data: (cls, data))


def _estimated(target: Tensor, classes: Any) -> Any:
    """A data set of estimates of how often each class comes, better and better."""
    rows, smoothing = 32, 10
    count = target.dims[0] if target.dims and target.dims[0] else shape(target)[0]
    start = fill([count], np.int64(smoothing))

    def update(seen: Tensor, batch: Tensor) -> tuple[Any, Any]:
        n = None if seen.dims is None else seen.dims[0]
        seen = seen + reduce_sum(one_hot(batch, n, dtype=int64), 0)
        dist = cast(truediv(seen, reduce_sum(seen)), float32)
        return seen, tile(expand_dims(dist, 0), convert([rows, 1], int32))

    return classes.batch(rows).apply(scan(start, update)).unbatch()
