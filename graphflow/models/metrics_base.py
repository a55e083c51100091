"""The base of Keras' metrics: layers that gather a number over many batches."""

from __future__ import annotations

import functools
from typing import Any, Self

import numpy as np

from graphflow.core import scopes
from graphflow.core.dtypes import as_dtype
from graphflow.core.export import export
from graphflow.nets import keras_state
from graphflow.nets.keras_layer import Layer
from graphflow.ops.def_function import function
from graphflow.ops.identity import identity
from graphflow.ops.variables import VariableAggregation, VariableSynchronization


@export("keras.metrics.Metric")
class Metric(Layer):
    """What gathers a number over many batches.

    Subclasses make variables in `__init__` with `add_weight`, change them in `update_state` and
    compute the number from them in `result`. Called as a function, a metric does both.

    Args:
        name: the metric's name; None: that of the class, made unique.
        dtype: the element type of the result; None: `tf.keras.backend.floatx()`.
        **kwargs: as `Layer`.
    """

    def __init__(self, name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        self.stateful = True
        self.built = True
        self._dtype = keras_state.floatx() if dtype is None else as_dtype(dtype).name
        self._call_result: Any = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Makes the object, whose `update_state` and `result` note what they return."""
        made = super().__new__(cls)
        update = made.update_state
        if not cls.__module__.startswith("graphflow."):  # all that a program's own one does, counts
            update = function(update)
        vars(made)["update_state"] = functools.partial(_noted_update, made, update)
        vars(made)["result"] = functools.partial(_noted_result, made, made.result)
        return made

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Returns the result after an update.

        Args:
            *args: as `update_state` takes them.
            **kwargs: likewise.
        """
        update = self.update_state(*args, **kwargs)
        with scopes.control_dependencies([update]):
            found = self.result()
        found._metric_obj = self
        return found

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this metric again."""
        return {"name": self.name, "dtype": self.dtype}

    def reset_states(self) -> None:
        """Sets the variables to zero, in the session of Keras."""
        keras_state.batch_set_value([(v, np.zeros(v.shape.as_list())) for v in self.variables])

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Returns an operation that takes a batch into account; for subclasses to override.

        Args:
            *args: what the metric is about.
            **kwargs: likewise.
        """
        raise NotImplementedError("Must be implemented in subclasses.")

    def result(self) -> Any:
        """Returns the number, a tensor; for subclasses to override."""
        raise NotImplementedError("Must be implemented in subclasses.")

    def add_weight(  # type: ignore[override]  # fewer arguments, as in TensorFlow
        self,
        name: str,
        shape: Any = (),
        aggregation: Any = VariableAggregation.SUM,
        synchronization: Any = VariableSynchronization.ON_READ,
        initializer: Any = None,
        dtype: Any = None,
    ) -> Any:
        """Returns a new variable of the metric, which is in no collection.

        Args:
            name: its name in the open name scope.
            shape: the sizes.
            aggregation: kept for TensorFlow's sake.
            synchronization: kept for TensorFlow's sake.
            initializer: makes the first value: an initializer or its name.
            dtype: the element type; None: the metric's.
        """
        return super().add_weight(
            name=name,
            shape=shape,
            dtype=self._dtype if dtype is None else dtype,
            trainable=False,
            initializer=initializer,
            collections=[],
            synchronization=synchronization,
            aggregation=aggregation,
        )


def _noted_update(metric: Metric, update_state: Any, *args: Any, **kwargs: Any) -> Any:
    update = update_state(*args, **kwargs)
    if update is not None:
        metric.add_update(update)
    return update


def _noted_result(metric: Metric, result: Any, *args: Any) -> Any:
    metric._call_result = identity(result(*args))
    return metric._call_result
