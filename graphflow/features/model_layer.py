"""The base of the layers here that keep Keras's order of names: scope first, variables inside."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from graphflow.nets.keras_layer import Layer
from graphflow.ops.partitioned_variables import PartitionedVariable
from graphflow.ops.variable_store import graph_object


class ModelLayer(Layer):
    """A layer whose operations stand in the name scope of its name, as those of Keras do.

    Args:
        trainable: whether optimizers change its variables.
        name: the name; None: DEFAULT_NAME, made unique.
        **kwargs: as `tf.keras.layers.Layer`.
    """

    DEFAULT_NAME: ClassVar[str]

    def __init__(self, trainable: bool = True, name: Any = None, **kwargs: Any) -> None:
        name = name or _unique_name(self.DEFAULT_NAME)
        super().__init__(trainable=trainable, name=name, **kwargs)


def _unique_name(base: str) -> str:
    """A name as it is the first time in a graph; then with a number, from 1."""
    counts: Counter[str] = graph_object("__model_layer_names", Counter)
    counts[base] += 1
    return base if counts[base] == 1 else f"{base}_{counts[base] - 1}"


def parts_of(variable: Any) -> list[Any]:
    """Returns the parts of a variable that is cut into parts; else a list of it."""
    return list(variable) if isinstance(variable, PartitionedVariable) else [variable]
