"""Serialized examples as tensors: tf.parse_example and its kin."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, string
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.ops.checks import Assert
from graphflow.ops.constant import constant
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.parsing_example import PARSE_EXAMPLE, PARSE_SINGLE_EXAMPLE
from graphflow.ops.parsing_features import (
    Features,
    FixedLenFeature,
    FixedLenSequenceFeature,
    Parameters,
    SparseFeature,
    VarLenFeature,
    parameters,
    with_rows,
)
from graphflow.ops.parsing_sequence import PARSE_BATCH, PARSE_SINGLE
from graphflow.ops.reshape import expand_dims, squeeze
from graphflow.ops.shape_ops import rank
from graphflow.ops.sparse_rows import sparse_merge

_NO_NAME: Final = re.compile(r"[^A-Za-z0-9_.\-/]")
_EVERY_KIND: Final = (VarLenFeature, SparseFeature, FixedLenFeature, FixedLenSequenceFeature)


def _node(prefix: str, key: str) -> str:
    return prefix + _NO_NAME.sub("_", key)


# --- defaults ---
def _empty(dtype: DType) -> Tensor:
    return constant(np.zeros(0, dtype.as_numpy_dtype), dtype)


def _padding(key: str, dtype: DType, value: Any) -> Tensor:
    if value is None:
        return convert("" if dtype == string else 0, dtype)  # type: ignore[no-any-return]  # a tensor
    padding = convert(value, dtype, _node("padding_", key))
    found: Tensor = apply("Reshape", padding, [])
    return found


def _default(key: str, dtype: DType, value: Any, shape: Any) -> Tensor:
    """A default in the shape of its feature; an empty vector for none."""
    if value is None:
        return _empty(dtype)
    if isinstance(value, Tensor):
        return value
    found: Tensor = apply("Reshape", convert(value, dtype, _node("key_", key)), shape)
    return found


def _defaults(wanted: Parameters, shapes: list[TensorShape]) -> list[Tensor]:
    found = []
    for key, dtype, shape in zip(wanted.dense_keys, wanted.dense_types, shapes, strict=True):
        value = wanted.dense_defaults.get(key)
        has_rows = bool(shape.raw) and shape.raw[0] is None  # type: ignore[index]  # not empty
        found.append(
            _padding(key, dtype, value) if has_rows else _default(key, dtype, value, shape)
        )
    return found


# --- results ---
def _sparse_tensors(indices: Any, values: Any, shapes: Any) -> list[SparseTensor]:
    return [SparseTensor(*parts) for parts in zip(indices, values, shapes, strict=True)]


def _by_key(wanted: Parameters, outputs: Any) -> dict[str, Any]:
    indices, values, shapes, dense = outputs
    tensors = [*_sparse_tensors(indices, values, shapes), *dense]
    return dict(zip([*wanted.sparse_keys, *wanted.dense_keys], tensors, strict=True))


def _with_sparse_features(features: Features, found: dict[str, Any]) -> dict[str, Any]:
    """Makes the SparseFeatures of their parts, and leaves out parts that nobody asked for."""
    for key in sorted(features):
        feature = features[key]
        if isinstance(feature, SparseFeature):
            places = feature.index_key
            ids = found[places] if isinstance(places, str) else [found[k] for k in places]
            found[key] = sparse_merge(
                ids, found[feature.value_key], feature.size, already_sorted=feature.already_sorted
            )
    return {key: found[key] for key in found if key in features}


# --- parse_example ---
def _parse_batch(serialized: Any, names: Any, wanted: Parameters, name: str | None) -> Any:
    with scopes.name_scope(name, "ParseExample", [serialized, names]):
        wanted.check()
        shapes = [as_shape(shape) for shape in wanted.dense_shapes]
        defaults = _defaults(wanted, shapes)
        outputs = apply(
            PARSE_EXAMPLE,
            serialized,
            [] if names is None else names,
            wanted.sparse_keys,
            wanted.dense_keys,
            defaults,
            sparse_types=wanted.sparse_types,
            dense_shapes=shapes,
            name=name,
        )
        return _by_key(wanted, outputs)


@export("parse_example", "io.parse_example")
def parse_example(
    serialized: Any, features: Features, name: str | None = None, example_names: Any = None
) -> dict[str, Any]:
    """Returns the features of a batch of serialized `tf.train.Example` messages.

    Args:
        serialized: strings, [n].
        features: a FixedLenFeature, FixedLenSequenceFeature, VarLenFeature or SparseFeature for
            each name.
        name: the scope of the nodes.
        example_names: names for messages, [n].

    Returns:
        A tensor or SparseTensor for each name, with the batch as its first axis.

    Raises:
        ValueError: if a feature is incomplete.
        InvalidArgumentError: in the run, if a message is damaged, or a feature is missing or has
            another type or size.
    """
    if not features:
        raise ValueError(f"Missing: features was {features}.")
    features = with_rows(features)
    wanted = parameters(features, _EVERY_KIND)
    found = _parse_batch(serialized, example_names, wanted, name)
    return _with_sparse_features(features, found)


# --- parse_single_example ---
def _parse_one(serialized: Any, wanted: Parameters, name: str | None) -> Any:
    with scopes.name_scope(name, "ParseSingleExample", [serialized]):
        serialized = convert(serialized, name="serialized")
        wanted.check()
        shapes = [as_shape(shape) for shape in wanted.dense_shapes]
        defaults = _defaults(wanted, shapes)
        outputs = apply(
            PARSE_SINGLE_EXAMPLE,
            serialized,
            defaults,
            num_sparse=len(wanted.sparse_keys),
            sparse_keys=wanted.sparse_keys,
            sparse_types=wanted.sparse_types,
            dense_keys=wanted.dense_keys,
            dense_shapes=shapes,
            name=name,
        )
        return _by_key(wanted, outputs)


def _as_vector(value: Any, what: str, checked: str) -> Tensor:
    """A scalar as a vector of one; checked in the run where nobody knows that it is a scalar."""
    x = convert(value)
    problem = f"Input {what} must be a scalar"
    if x.dims is None:
        is_scalar = apply("Equal", rank(x), 0)
        check = Assert(is_scalar, [problem], name=f"{checked}IsScalar")
        x = with_dependencies([check], x, name=f"{checked}Dependencies")
    elif x.dims != ():
        raise ValueError(problem)
    found: Tensor = expand_dims(x, 0)
    return found


def _parse_named(serialized: Any, names: Any, wanted: Parameters, name: str | None) -> Any:
    """As TensorFlow does for an example with a name: a batch of one."""
    with scopes.name_scope(name, "ParseSingleExample", [serialized, names]):
        serialized = _as_vector(serialized, "serialized", "Serialized")
        names = _as_vector(names, "names", "Names")
        found = _parse_batch(serialized, names, wanted, name)
        for key in wanted.dense_keys:
            found[key] = squeeze(found[key], [0], name=_node("Squeeze_", key))
        for key in wanted.sparse_keys:
            whole = found[key]
            places = apply(
                "Slice", whole.indices, [0, 1], [-1, -1], name=_node("Slice_Indices_", key)
            )
            shape = apply("Slice", whole.dense_shape, [1], [-1], name=_node("Squeeze_Shape_", key))
            found[key] = SparseTensor(places, whole.values, shape)
        return found


@export("parse_single_example", "io.parse_single_example")
def parse_single_example(
    serialized: Any, features: Features, name: str | None = None, example_names: Any = None
) -> dict[str, Any]:
    """Returns the features of one serialized `tf.train.Example` message.

    Args:
        serialized: a string, a scalar.
        features: a FixedLenFeature, FixedLenSequenceFeature, VarLenFeature or SparseFeature for
            each name.
        name: the scope of the nodes.
        example_names: a name for messages, a scalar.

    Returns:
        A tensor or SparseTensor for each name.

    Raises:
        ValueError: if a feature is incomplete.
        InvalidArgumentError: in the run, if the message is damaged, or a feature is missing or
            has another type or size.
    """
    if not features:
        raise ValueError("Missing features.")
    features = with_rows(features)
    wanted = parameters(features, _EVERY_KIND)
    if example_names is None:
        found = _parse_one(serialized, wanted, name)
    else:
        found = _parse_named(serialized, example_names, wanted, name)
    return _with_sparse_features(features, found)


# --- sequence examples ---
class _Sequence:
    """What both functions of sequence examples make of their arguments."""

    __slots__ = ("assumed_empty", "context", "lists")

    def __init__(self, context: Features | None, lists: Features | None) -> None:
        if not (context or lists):
            raise ValueError("Missing features.")
        self.context = parameters(context, (VarLenFeature, FixedLenFeature))
        self.lists = parameters(lists, (VarLenFeature, FixedLenSequenceFeature))
        self.assumed_empty: list[str] = []

    def check(self) -> None:
        """Raises ValueError for a default in a list."""
        for key, value in self.lists.dense_defaults.items():
            if value is not None:
                raise ValueError(f"Value feature_list_dense_defaults[{key}] must be None")
            self.assumed_empty.append(key)

    @property
    def shapes(self) -> dict[str, Any]:
        """The attributes that both operations have."""
        return {
            "context_sparse_types": self.context.sparse_types,
            "context_dense_shapes": [as_shape(s) for s in self.context.dense_shapes],
            "feature_list_sparse_types": self.lists.sparse_types,
            "feature_list_dense_types": self.lists.dense_types,
            "feature_list_dense_shapes": [as_shape(s) for s in self.lists.dense_shapes],
        }

    def results(self, outputs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The tensors of the context and of the lists by name."""
        return _by_key(self.context, outputs[:4]), _by_key(self.lists, outputs[4:8])


@export("parse_single_sequence_example", "io.parse_single_sequence_example")
def parse_single_sequence_example(
    serialized: Any,
    context_features: Features | None = None,
    sequence_features: Features | None = None,
    example_name: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the features of one serialized `tf.train.SequenceExample` message.

    Args:
        serialized: a string, a scalar.
        context_features: a FixedLenFeature or VarLenFeature for each name in the context.
        sequence_features: a FixedLenSequenceFeature or VarLenFeature for each name of a list.
        example_name: a name for messages, a scalar.
        name: the scope of the nodes.

    Returns:
        The tensors of the context, and those of the lists, whose first axis is the list.

    Raises:
        ValueError: if a feature is incomplete.
        InvalidArgumentError: in the run, if the message is damaged, or a feature is missing or
            has another type or size.
    """
    asked = _Sequence(context_features, sequence_features)
    context, lists = asked.context, asked.lists
    with scopes.name_scope(name, "ParseSingleSequenceExample", [serialized]):
        asked.check()
        defaults = [
            _default(key, dtype, context.dense_defaults.get(key), shape)
            for key, dtype, shape in zip(
                context.dense_keys, context.dense_types, context.dense_shapes, strict=True
            )
        ]
        outputs = apply(
            PARSE_SINGLE,
            serialized,
            asked.assumed_empty,
            context.sparse_keys,
            context.dense_keys,
            lists.sparse_keys,
            lists.dense_keys,
            defaults,
            "" if example_name is None else example_name,
            **asked.shapes,
            name=name,
        )
        return asked.results(outputs)


@export("io.parse_sequence_example")
def parse_sequence_example(
    serialized: Any,
    context_features: Features | None = None,
    sequence_features: Features | None = None,
    example_names: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Tensor]]:
    """Returns the features of a batch of serialized `tf.train.SequenceExample` messages.

    Args:
        serialized: strings, [n].
        context_features: a FixedLenFeature or VarLenFeature for each name in the context.
        sequence_features: a FixedLenSequenceFeature or VarLenFeature for each name of a list.
        example_names: names for messages, [n].
        name: the scope of the nodes.

    Returns:
        The tensors of the context; those of the lists, [n, longest list, ...]; and the lengths of
        the lists of fixed shapes, [n].

    Raises:
        ValueError: if a feature is incomplete.
        InvalidArgumentError: in the run, if a message is damaged, or a feature is missing or has
            another type or size.
    """
    asked = _Sequence(context_features, sequence_features)
    context, lists = asked.context, asked.lists
    with scopes.name_scope(name, "ParseSequenceExample", [serialized]):
        asked.check()
        defaults = []
        for key, dtype in zip(context.dense_keys, context.dense_types, strict=True):
            value = context.dense_defaults.get(key)
            if value is None:
                defaults.append(_empty(dtype))
            else:
                defaults.append(convert(value, dtype, _node("key_", key)))
        outputs = apply(
            PARSE_BATCH,
            serialized,
            [] if example_names is None else example_names,
            defaults,
            Ncontext_sparse=len(context.sparse_keys),
            Ncontext_dense=len(context.dense_keys),
            Nfeature_list_sparse=len(lists.sparse_keys),
            Nfeature_list_dense=len(lists.dense_keys),
            context_sparse_keys=context.sparse_keys,
            context_dense_keys=context.dense_keys,
            feature_list_sparse_keys=lists.sparse_keys,
            feature_list_dense_keys=lists.dense_keys,
            feature_list_dense_missing_assumed_empty=asked.assumed_empty,
            **asked.shapes,
            name=name,
        )
        lengths = dict(zip(lists.dense_keys, outputs[8], strict=True))
        return (*asked.results(outputs), lengths)
