"""How data sets are declared: each function here adds the nodes that TensorFlow adds.

In go data sets (anything with `_variant_tensor` and `element_spec`) and arguments, out comes a
`Made`: the tensor of the new data set and what is known of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.constant import constant_value, partial_value
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import bool_, int32, int64, string, variant
from graphflow.core.seeds import get_seed
from graphflow.core.shape import Dimension, TensorShape, as_shape
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.core.tensor_spec import SparseTensorSpec, TensorSpec
from graphflow.input import data_nest, structure
from graphflow.input.dataset_function import StructuredFunction
from graphflow.input.dataset_spec import DatasetSpec
from graphflow.ops.comparison import equal, logical_and
from graphflow.ops.select import where


@dataclass(frozen=True, slots=True)
class Made:
    """A data set that has been declared.

    Attributes:
        variant: its tensor.
        spec: the structure of TypeSpecs of its elements.
        inputs: the data sets it is made of.
        functions: the functions it calls.
    """

    variant: Tensor
    spec: Any
    inputs: Sequence[Any] = ()
    functions: Sequence[StructuredFunction] = ()


def whole(value: Any, name: str) -> Tensor:
    """A number as an int64 tensor."""
    found: Tensor = convert(value, int64, name=name)
    return found


def flag(value: Any, name: str) -> Tensor:
    """A bool as a tensor."""
    found: Tensor = convert(value, bool_, name=name)
    return found


def same(op_type: str, source: Any, *inputs: Any, **attrs: Any) -> Made:
    """A data set whose elements have the structure of its input's."""
    spec = source.element_spec
    made = apply(op_type, source._variant_tensor, *inputs, **structure.flat_attrs(spec), **attrs)
    return Made(made, spec, [source])


def other(op_type: str, source: Any, spec: Any, *inputs: Any, **attrs: Any) -> Made:
    """A data set whose elements have another structure than its input's."""
    made = apply(op_type, source._variant_tensor, *inputs, **structure.flat_attrs(spec), **attrs)
    return Made(made, spec, [source])


# --- sources ---
def tensors(value: Any) -> Made:
    """One element."""
    element = structure.normalize_element(value)
    spec = structure.type_spec_from_value(element)
    given = structure.to_tensor_list(spec, element)
    made = apply("TensorDataset", given, output_shapes=structure.flat_shapes(spec))
    return Made(made, spec)


def tensor_slices(value: Any) -> Made:
    """The rows of tensors."""
    element = structure.normalize_element(value)
    batched = structure.type_spec_from_value(element)
    given = structure.to_batched_tensor_list(batched, element)
    spec = data_nest.map_structure(lambda s: s._unbatch(), batched)
    rows = [Dimension(None if t.dims is None else t.dims[0]) for t in given]
    for row in rows[1:]:
        rows[0].assert_is_compatible_with(row)
    made = apply("TensorSliceDataset", given, output_shapes=structure.flat_shapes(spec))
    return Made(made, spec)


def sparse_tensor_slices(value: Any) -> Made:
    """The rows of a sparse tensor, each as indices, values and shape."""
    if not isinstance(value, SparseTensor):
        raise TypeError(f"`sparse_tensor` must be a `tf.SparseTensor` object. Was {value}.")
    indices, shape = value.indices.shape, value.dense_shape.shape
    rank = (indices[1] - 1).merge_with(shape[0] - 1)
    spec = (
        TensorSpec([None, rank], int64),
        TensorSpec([None], value.dtype),
        TensorSpec([rank], int64),
    )
    made = apply("SparseTensorSliceDataset", value.indices, value.values, value.dense_shape)
    return Made(made, spec)


def numbers(*args: Any) -> Made:
    """A range of numbers."""
    forms: dict[int, tuple[Any, ...]] = {1: (0, *args, 1), 2: (*args, 1), 3: args}
    if len(args) not in forms:
        raise ValueError(f"Invalid arguments to RangeDataset: {args}")
    names = ("start", "stop", "step")
    given = [whole(x, name) for x, name in zip(forms[len(args)], names, strict=True)]
    spec = TensorSpec([], int64)
    return Made(apply("RangeDataset", *given, **structure.flat_attrs(spec)), spec)


def seeds(seed: Any) -> tuple[Tensor, Tensor]:
    """The two seeds of a data set as tensors; (0, 0) asks for fresh ones in each iteration."""
    first, second = get_seed(seed)
    left: Tensor = convert(first or 0, int64, name="seed")
    if second is None:
        return left, convert(0, int64, name="seed2")
    with scopes.name_scope("seed2") as scope:
        right = convert(second, int64)
        both = logical_and(equal(left, 0), equal(right, 0))
        right = where(both, convert(2**31 - 1, int64), right, name=scope)
    return left, right


def random_numbers(seed: Any) -> Made:
    """Random numbers without end."""
    spec = TensorSpec([], int64)
    return Made(apply("RandomDataset", *seeds(seed), **structure.flat_attrs(spec)), spec)


def check_datasets(datasets: Any, is_dataset: Callable[[Any], bool]) -> None:
    """Raises TypeError unless all leaves of a structure are data sets."""
    for d in data_nest.flatten(datasets):
        if not is_dataset(d):
            message = (
                "The argument to `Dataset.zip()` must be a nested structure of `Dataset` objects."
            )
            if isinstance(d, list):
                message += (
                    " Nested structures do not support Python lists; please use a tuple instead."
                )
            raise TypeError(message)


def zipped(datasets: Any) -> Made:
    """The elements of several data sets side by side."""
    flat = data_nest.flatten(datasets)
    spec = data_nest.pack_sequence_as(datasets, [d.element_spec for d in flat])
    given = [d._variant_tensor for d in flat]
    return Made(apply("ZipDataset", given, **structure.flat_attrs(spec)), spec, flat)


def common_spec(first: Any, rest: Sequence[Any], problem: Callable[[str, Any, Any], str]) -> Any:
    """The structure that covers those of several data sets.

    Raises:
        TypeError: if their types or classes differ.
    """
    types = structure.legacy_types(first.element_spec)
    classes = structure.legacy_classes(first.element_spec)
    shapes = structure.legacy_shapes(first.element_spec)
    for d in rest:
        for what, own, found in (
            ("types", types, structure.legacy_types(d.element_spec)),
            ("classes", classes, structure.legacy_classes(d.element_spec)),
        ):
            if own != found:
                raise TypeError(problem(what, own, found))
        pairs = zip(
            data_nest.flatten(shapes),
            data_nest.flatten(structure.legacy_shapes(d.element_spec)),
            strict=True,
        )
        merged = [a.most_specific_compatible_shape(b) for a, b in pairs]
        shapes = data_nest.pack_sequence_as(shapes, merged)
    return structure.convert_legacy_structure(types, shapes, classes)


def concatenated(first: Any, second: Any) -> Made:
    """The elements of one data set, then those of another."""

    def problem(what: str, own: Any, found: Any) -> str:
        return f"Two datasets to concatenate have different {what} {own} and {found}"

    spec = common_spec(first, [second], problem)
    made = other("ConcatenateDataset", first, spec, second._variant_tensor)
    return Made(made.variant, spec, [first, second])


# --- order and number ---
def repeated(source: Any, count: Any) -> Made:
    """The elements again and again."""
    return same("RepeatDataset", source, whole(-1 if count is None else count, "count"))


def shuffled(source: Any, size: Any, seed: Any, reshuffle: bool | None) -> Made:
    """The elements in random order."""
    given = whole(size, "buffer_size")
    return same(
        "ShuffleDataset", source, given, *seeds(seed),
        reshuffle_each_iteration=True if reshuffle is None else reshuffle,
    )  # fmt: skip


def prefetched(source: Any, size: Any) -> Made:
    """The elements, which TensorFlow makes ahead."""
    return same("PrefetchDataset", source, whole(-1 if size is None else size, "buffer_size"))


def cached(source: Any, filename: Any) -> Made:
    """The elements, kept."""
    return same("CacheDataset", source, convert(filename, string, name="filename"))


def sharded(source: Any, count: Any, index: Any) -> Made:
    """Every n-th element."""
    return same("ShardDataset", source, whole(count, "num_shards"), whole(index, "index"))


# --- stacking ---
def batched_spec(spec: Any, size: Tensor, drop: Tensor) -> Any:
    """The structure of batches of elements."""
    rows = None
    if constant_value(drop):
        value = constant_value(size)
        rows = None if value is None else int(value)
    return data_nest.map_structure(lambda s: s._batch(rows), spec)


def batched(source: Any, size: Any, drop_remainder: Any) -> Made:
    """Elements stacked, so many at a time."""
    given = whole(size, "batch_size"), flag(drop_remainder, "drop_remainder")
    return other("BatchDatasetV2", source, batched_spec(source.element_spec, *given), *given)


def _fits(padded: TensorShape, shape: TensorShape) -> bool:
    if padded.ndims is None or shape.ndims is None:
        return True
    if padded.ndims != shape.ndims:
        return False
    pairs = zip(padded.as_list(), shape.as_list(), strict=True)
    return all(p is None or n is None or p >= n for p, n in pairs)


def _shape_tensor(padded: Any, shape: TensorShape) -> Tensor:
    """A shape to pad to, as a tensor in which -1 is for the largest of a batch."""
    found: Tensor
    try:
        known = as_shape(padded)
        found = convert([-1 if d is None else d for d in known.as_list()], int64)
    except (TypeError, ValueError):
        found = convert(padded, preferred=int64)
        if found.dims is not None and len(found.dims) != 1:
            raise ValueError(
                f"Padded shape {padded} must be a 1-D tensor of tf.int64 values, but its shape "
                f"was {found.shape}."
            ) from None
        if found.dtype != int64:
            raise TypeError(
                f"Padded shape {padded} must be a 1-D tensor of tf.int64 values, but its element "
                f"type was {found.dtype.name}."
            ) from None
        known = _shape_of(found)
    if not _fits(known, shape):
        raise ValueError(
            f"The padded shape {known} is not compatible with the corresponding input component "
            f"shape {shape}."
        )
    return found


def _shape_of(tensor: Tensor) -> TensorShape:
    """The shape that a tensor holds, as far as it is known."""
    value = constant_value(tensor)
    sizes: Any = partial_value(tensor) if value is None else value.tolist()
    if sizes is None:
        return TensorShape([None] * tensor.dims[0] if tensor.dims and tensor.dims[0] else None)
    return TensorShape([None if d is None or d < 0 else d for d in sizes])


def _padding(value: Any, dtype: Any) -> Tensor:
    found: Tensor = convert(value, name="padding_value")
    if found.dims:
        raise ValueError(f"Padding value should be a scalar, but is not: {found}")
    if found.dtype != dtype:
        raise TypeError(f"Padding value tensor ({found}) does not match output type: {dtype}")
    return found


def _zero(dtype: Any) -> Any:
    if dtype.base_dtype == string:
        return ""
    if dtype.base_dtype == variant:
        raise TypeError(
            "Unable to create padding for field of type 'variant' because t.base_type == "
            f"dtypes.variant == {dtype.base_dtype}."
        )
    return np.zeros((), dtype.as_numpy_dtype)


def padded_batched(
    source: Any, size: Any, padded_shapes: Any, padding_values: Any, drop_remainder: Any
) -> Made:
    """Elements padded and stacked."""
    spec = source.element_spec
    if any(isinstance(s, SparseTensorSpec) for s in data_nest.flatten(spec)):
        raise TypeError("Batching of padded sparse tensors is not currently supported")
    rows = whole(size, "batch_size")
    types, shapes = structure.legacy_types(spec), structure.legacy_shapes(spec)
    if padding_values is None:
        padding_values = data_nest.map_structure(_zero, types)
    flat = zip(
        data_nest.flatten_up_to(shapes, padded_shapes), data_nest.flatten(shapes), strict=True
    )
    sizes = [_shape_tensor(p, s) for p, s in flat]
    fill = data_nest.map_structure_up_to(shapes, _padding, padding_values, types)
    drop = flag(drop_remainder, "drop_remainder")
    static = constant_value(rows) if constant_value(drop) else None
    lead = TensorShape([None if static is None else int(static)])
    after = [lead.concatenate(_shape_of(s)) for s in sizes]
    new = structure.convert_legacy_structure(
        types, data_nest.pack_sequence_as(shapes, after), structure.legacy_classes(spec)
    )
    made = apply(
        "PaddedBatchDatasetV2", source._variant_tensor, rows, sizes, data_nest.flatten(fill), drop,
        output_shapes=structure.flat_shapes(new),
    )  # fmt: skip
    return Made(made, new, [source])


def unbatched(source: Any) -> Made:
    """The rows of the elements; they must be given as plain tensors."""
    shapes = structure.flat_shapes(source.element_spec)
    if any(s.ndims == 0 for s in shapes):
        raise ValueError("Cannot unbatch an input with scalar components.")
    rows = Dimension(None)
    for s in shapes:
        try:
            rows = rows.merge_with(s[0] if s.ndims else None)
        except ValueError:
            raise ValueError(
                "Cannot unbatch an input whose components have different batch sizes."
            ) from None
    spec = data_nest.map_structure(lambda s: s._unbatch(), source.element_spec)
    return other("UnbatchDataset", source, spec)


def windowed(source: Any, size: Any, shift: Any, stride: Any, drop_remainder: Any) -> Made:
    """Data sets of neighbouring elements."""
    given = [whole(size, "size"), whole(shift, "shift"), whole(stride, "stride")]
    drop = flag(drop_remainder, "drop_remainder")
    spec = data_nest.map_structure(DatasetSpec, source.element_spec)
    return other("WindowDataset", source, spec, *given, drop)


# --- functions ---
def mapped(
    source: Any,
    function: Callable[..., Any],
    calls: Any = None,
    preserve: bool = False,
    legacy: bool = False,
    inter_op: bool = True,
) -> Made:
    """What a function makes of each element."""
    wrapped = StructuredFunction(function, "Dataset.map()", source.element_spec, legacy=legacy)
    given: list[Any] = [wrapped.captured_inputs]
    if calls is not None:
        given.append(convert(calls, int32, name="num_parallel_calls"))
    made = other(
        "MapDataset" if calls is None else "ParallelMapDataset",
        source, wrapped.output_structure, *given, f=wrapped.name,
        use_inter_op_parallelism=inter_op, preserve_cardinality=preserve,
    )  # fmt: skip
    return Made(made.variant, made.spec, [source], [wrapped])


def _nested(function: Callable[..., Any], what: str, source: Any) -> tuple[Any, Any]:
    """A function that makes data sets, and the structure of their elements."""
    wrapped = StructuredFunction(function, what, source.element_spec)
    found = wrapped.output_structure
    if not isinstance(found, DatasetSpec):
        raise TypeError(f"`map_func` must return a `Dataset` object. Got {type(found)}")
    return wrapped, found._element_spec


def flat_mapped(source: Any, function: Callable[..., Any]) -> Made:
    """The elements of the data sets that a function makes."""
    wrapped, spec = _nested(function, "Dataset.flat_map()", source)
    made = other("FlatMapDataset", source, spec, wrapped.captured_inputs, f=wrapped.name)
    return Made(made.variant, spec, [source], [wrapped])


def interleaved(
    source: Any, function: Callable[..., Any], cycle: Any, block: Any, calls: Any
) -> Made:
    """The elements of such data sets in turn."""
    wrapped, spec = _nested(function, "Dataset.interleave()", source)
    given = [whole(cycle, "cycle_length"), whole(block, "block_length")]
    op_type = "InterleaveDataset"
    if calls is not None:
        given.append(whole(calls, "num_parallel_calls"))
        op_type = "ParallelInterleaveDatasetV2"
    made = other(op_type, source, spec, wrapped.captured_inputs, *given, f=wrapped.name)
    return Made(made.variant, spec, [source], [wrapped])


def parallel_interleaved(
    source: Any,
    function: Callable[..., Any],
    cycle: Any,
    block: Any,
    sloppy: Any,
    outputs: Any,
    inputs: Any,
) -> Made:
    """The same, with the older operation."""
    what = "tf.data.experimental.parallel_interleave()"
    wrapped, spec = _nested(function, what, source)
    given = [
        whole(cycle, "cycle_length"),
        whole(block, "block_length"),
        flag(sloppy, "sloppy"),
        whole(2 * block if outputs is None else outputs, "buffer_output_elements"),
        whole(2 * cycle if inputs is None else inputs, "prefetch_input_elements"),
    ]
    made = other(
        "ParallelInterleaveDataset", source, spec, wrapped.captured_inputs, *given, f=wrapped.name
    )
    return Made(made.variant, spec, [source], [wrapped])


def filtered(source: Any, predicate: Callable[..., Any], legacy: bool = False) -> Made:
    """The elements of which a function says true."""
    what = "Dataset.filter()"
    wrapped = StructuredFunction(predicate, what, source.element_spec, legacy=legacy)
    found = wrapped.output_structure
    if data_nest.is_nested(found) or not found.is_compatible_with(TensorSpec([], bool_)):
        raise ValueError(
            f"`predicate` return type must be convertible to a scalar boolean tensor. Was {found}."
        )
    made = same("FilterDataset", source, wrapped.captured_inputs, predicate=wrapped.name)
    return Made(made.variant, made.spec, [source], [wrapped])


# --- functions with a state ---
def with_state(
    function: Callable[..., Any],
    what: str,
    state_spec: Any,
    element_spec: Any,
    new_state: Callable[[Any], Any] = lambda x: x,
) -> tuple[StructuredFunction, Any]:
    """A function of a state and an element, and the structure of the state it settles at.

    Args:
        function: takes a state and an element.
        what: what it is for.
        state_spec: of the first state.
        element_spec: of the elements.
        new_state: picks the new state out of the structure that the function returns.

    Raises:
        TypeError: if the new state has other classes or types than the first.
    """
    while True:
        wrapped = StructuredFunction(function, what, (state_spec, element_spec), add=False)
        after = new_state(wrapped.output_structure)
        classes = structure.legacy_classes(state_spec), structure.legacy_classes(after)
        pairs = zip(*[data_nest.flatten(c) for c in classes], strict=False)
        for old, new in pairs:
            if not (old is new or (isinstance(new, type) and issubclass(new, old))):
                raise TypeError(_state_problem("classes", *classes))
        types = structure.legacy_types(state_spec), structure.legacy_types(after)
        if data_nest.flatten(types[0]) != data_nest.flatten(types[1]):
            raise TypeError(_state_problem("types", *types))
        shapes = structure.legacy_shapes(state_spec)
        before = data_nest.flatten(shapes)
        flat = zip(before, data_nest.flatten(structure.legacy_shapes(after)), strict=True)
        weaker = [a.most_specific_compatible_shape(b) for a, b in flat]
        changed = zip(before, weaker, strict=True)
        if all(a.ndims is None or a.raw == b.raw for a, b in changed):
            wrapped.add_to_graph()
            return wrapped, state_spec
        state_spec = structure.convert_legacy_structure(
            types[0], data_nest.pack_sequence_as(shapes, weaker), classes[0]
        )


def _state_problem(what: str, old: Any, new: Any) -> str:
    return (
        f"The element {what} for the new state must match the initial state. Expected {old}; got "
        f"{new}."
    )


def reduced(source: Any, initial_state: Any, function: Callable[..., Any]) -> Any:
    """What a function makes of a state and all elements, as tensors."""
    with scopes.name_scope("initial_state"):
        state = structure.normalize_element(initial_state)
    first = structure.type_spec_from_value(state)
    wrapped, spec = with_state(function, "reduce()", first, source.element_spec)
    found = apply(
        "ReduceDataset", source._variant_tensor, structure.to_tensor_list(spec, state),
        wrapped.captured_inputs, f=wrapped.name, **structure.flat_attrs(spec),
    )  # fmt: skip
    return structure.from_compatible_tensor_list(spec, found)
