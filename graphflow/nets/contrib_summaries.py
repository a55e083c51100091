"""tf.contrib.layers' summaries of tensors and of whole collections."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.dtypes import bool_, string
from graphflow.core.export import export
from graphflow.nets.contrib_collect import layers_and_slim
from graphflow.ops import summary
from graphflow.ops.cast import cast, to_float
from graphflow.ops.comparison import greater, less
from graphflow.ops.reduce import reduce_mean


def _names(name: str) -> list[str]:
    return [*layers_and_slim(name), f"contrib.layers.summaries.{name}"]


def _scalar(tensor: Any, tag: str | None = None) -> Any:
    tensor.shape.assert_has_rank(0)
    return summary.scalar(tag or f"{tensor.op.name}_summary", tensor)


def _histogram(tensor: Any, tag: str | None = None) -> Any:
    return summary.histogram(tag or f"{tensor.op.name}_summary", tensor)


@export(*_names("summarize_activation"))
def summarize_activation(op: Any) -> Any:
    """Summarizes a layer's result: a histogram, and how many elements an activation cut off.

    Args:
        op: the tensor.
    """
    before: Any = op.op.inputs[0] if op.op.inputs else None
    if op.op.type in ("Relu", "Softplus", "Relu6"):
        cut = less(before, cast(0.0, before.dtype))
        _scalar(reduce_mean(to_float(cut)), f"{op.op.name}/zeros")
    if op.op.type == "Relu6":
        cut = greater(before, cast(6.0, before.dtype))
        _scalar(reduce_mean(to_float(cut)), f"{op.op.name}/sixes")
    return _histogram(op, f"{op.op.name}/activation")


@export(*_names("summarize_tensor"))
def summarize_tensor(tensor: Any, tag: str | None = None) -> Any:
    """Summarizes a tensor: a scalar, or a histogram; None for strings and bools.

    Args:
        tensor: the tensor.
        tag: the summary's name; None: after the tensor.
    """
    if tensor.dtype.is_compatible_with(string) or tensor.dtype.base_dtype == bool_:
        return None
    make = _scalar if tensor.shape.ndims == 0 else _histogram
    return make(tensor, tag)


@export(*_names("summarize_tensors"))
def summarize_tensors(
    tensors: Iterable[Any], summarizer: Callable[[Any], Any] = summarize_tensor
) -> list[Any]:
    """Returns the summaries of several tensors.

    Args:
        tensors: the tensors.
        summarizer: makes the summary of one.
    """
    return [summarizer(tensor) for tensor in tensors]


@export(*_names("summarize_collection"))
def summarize_collection(
    collection: str,
    name_filter: str | None = None,
    summarizer: Callable[[Any], Any] = summarize_tensor,
) -> list[Any]:
    """Returns the summaries of the tensors of a collection.

    Args:
        collection: its name.
        name_filter: a regular expression that the beginnings of names must match.
        summarizer: makes the summary of one.
    """
    held = scopes.get_collection(collection)
    chosen = [t for t in held if name_filter is None or re.match(name_filter, t.op.name)]
    return summarize_tensors(chosen, summarizer)


summarize_variables = functools.partial(summarize_collection, GraphKeys.GLOBAL_VARIABLES)
summarize_weights = functools.partial(summarize_collection, GraphKeys.WEIGHTS)
summarize_biases = functools.partial(summarize_collection, GraphKeys.BIASES)
export(*_names("summarize_variables"))(summarize_variables)
export(*_names("summarize_weights"))(summarize_weights)
export(*_names("summarize_biases"))(summarize_biases)


@export(*_names("summarize_activations"))
def summarize_activations(
    name_filter: str | None = None, summarizer: Callable[[Any], Any] = summarize_activation
) -> list[Any]:
    """Returns the summaries of the collection ACTIVATIONS, as `summarize_collection`."""
    return summarize_collection(GraphKeys.ACTIVATIONS, name_filter, summarizer)
