"""The losses, updates and measures of a layer."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from graphflow.core import late, nest, scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import as_dtype
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.nets.keras_call import call_context
from graphflow.nets.keras_state import floatx
from graphflow.nets.layer_tracking import LayerTracking


def depends(result: Any, inputs: list[Any]) -> bool:
    """Whether a tensor or operation is computed from one of some tensors.

    Args:
        result: the tensor or operation.
        inputs: the tensors.
    """
    wanted = {id(getattr(x, "op", x)) for x in inputs}
    pending = [getattr(result, "op", result)]
    seen: set[int] = set()
    while pending:
        op = pending.pop()
        if id(op) in wanted:
            return True
        if id(op) not in seen:
            seen.add(id(op))
            pending += [t.op for t in op.inputs]
            pending += op.control_inputs
    return False


class LayerLosses(LayerTracking):
    """The part of a layer that keeps losses, updates and measures; see `Layer`."""

    @property
    def trainable(self) -> bool:
        """Whether optimizers change its variables."""
        raise NotImplementedError

    stateful: bool
    _losses: list[Any]
    _callable_losses: list[Callable[[], Any]]
    _updates: list[Any]
    _metrics: list[Any]
    _inbound_nodes: list[Any]

    # --- losses ---
    @property
    def losses(self) -> list[Any]:
        """The losses; those of variables are built anew each time, as in TensorFlow."""
        made = [function() for function in self._callable_losses]
        own = self._losses + [loss for loss in made if loss is not None]
        return own + self._gathered_from_children("losses")

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Notes losses.

        Args:
            losses: a tensor, a number, a function that makes one, or a list of them.
            inputs: anything but None says that the losses depend on the layer's inputs.
        """
        for loss in nest.flatten(losses):
            if callable(loss):
                function = functools.partial(self._tagged_loss, loss, inputs is None)
                self._callable_losses.append(function)
            elif loss is not None:
                self._add_tensor_loss(self._tagged_loss(loss, inputs is None))

    def _tagged_loss(self, loss: Any, unconditional: bool) -> Any:
        if callable(loss):
            loss = loss()
        if loss is None:
            return None
        if not isinstance(loss, Tensor):
            loss = convert(loss, as_dtype(floatx()))
        loss._unconditional_loss = unconditional
        return loss

    def _add_tensor_loss(self, loss: Any) -> None:
        self._losses.append(loss)

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Returns the losses that depend on inputs; for None: those that depend on none.

        Args:
            inputs: a tensor, a list of them, or None.
        """
        if inputs is None:
            return [loss for loss in self.losses if loss._unconditional_loss]
        held = [loss for loss in self.losses if not loss._unconditional_loss]
        return [loss for loss in held if depends(loss, nest.flatten(inputs))]

    # --- updates ---
    @property
    def updates(self) -> list[Any]:
        """The operations that update its variables; none if the layer is not trainable."""
        if not self.trainable and not self.stateful:
            return []
        return self._updates + self._gathered_from_children("updates")

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Notes operations that update variables.

        Args:
            updates: an operation, a tensor, a function that makes one, or a list of them.
            inputs: without effect, as in TensorFlow.
        """
        if scopes.get_default_graph().executes:
            return  # they ran
        if call_context.in_call:
            relevant = nest.flatten(call_context.inputs)
        else:
            relevant = nest.flatten([node.input_tensors for node in self._inbound_nodes])
        for update in updates if isinstance(updates, list | tuple) else [updates]:
            made = update() if callable(update) else update
            if not isinstance(made, Operation):
                made = made.op if hasattr(made, "op") else convert(made)
            made._unconditional_update = not depends(made, relevant)
            self._updates.append(made)

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Returns the updates that depend on inputs; for None: those that depend on none.

        Args:
            inputs: a tensor, a list of them, or None.
        """
        if inputs is None:
            return [u for u in self.updates if u._unconditional_update]
        held = [u for u in self.updates if not u._unconditional_update]
        return [u for u in held if depends(u, nest.flatten(inputs))]

    # --- measures ---
    @property
    def metrics(self) -> list[Any]:
        """The measures that were added with `add_metric`, here and in the layers inside."""
        return self._metrics + self._gathered_from_children("metrics")

    def add_metric(self, value: Any, aggregation: str | None = None, name: Any = None) -> None:
        """Adds a measure that a model shows beside its loss.

        Args:
            value: the measured tensor, or the result of a `tf.keras.metrics.Metric`.
            aggregation: "mean": the mean over an epoch; None: `value` is such a result.
            name: the measure's name.

        Raises:
            ValueError: if the arguments do not fit together.
        """
        if aggregation is not None and aggregation != "mean":
            raise ValueError(
                "We currently support only `mean` sample-wise metric aggregation. "
                f"You provided aggregation=`{aggregation}`"
            )
        measure = getattr(value, "_metric_obj", None)
        if name is None and measure is None:
            raise ValueError(
                "Please provide a name for your metric like "
                "`self.add_metric(tf.reduce_sum(inputs), name='mean_activation', "
                "aggregation='mean')`"
            )
        name = name if measure is None else measure.name
        if not call_context.in_call and not isinstance(value, Tensor):
            raise ValueError(f"Expected a symbolic Tensor for the metric value, received: {value}")
        self._add_measure(value, aggregation, name)

    def _add_measure(self, value: Any, aggregation: str | None, name: str) -> None:
        held = [m for m in self._metrics if m.name == name]
        if len(held) > 1:
            raise ValueError(
                "Please provide different names for the metrics you have added. We found "
                f'{len(held)} metrics with the name: "{name}"'
            )
        measure = getattr(value, "_metric_obj", None)
        if aggregation is not None:
            if held:
                held[0](value)
            else:
                self._metrics.append(mean_metric(value, name))
        elif not held:
            if measure is None:
                raise ValueError(_NO_AGGREGATION)
            self._metrics.append(measure)


_NO_AGGREGATION = (
    "We do not support adding an aggregated metric result tensor that is not the output of a "
    "`tf.keras.metrics.Metric` metric instance. Without having access to the metric instance we "
    "cannot reset the state of a metric after every epoch during training. You can create a "
    "`tf.keras.metrics.Metric` instance and pass the result here or pass an un-aggregated result "
    "with `aggregation` parameter set as `mean`. For example: "
    "`self.add_metric(tf.reduce_sum(inputs), name='mean_activation', aggregation='mean')`"
)


def mean_metric(value: Any, name: str) -> Any:
    """Returns a new measure, the mean of a tensor, that was called with it once.

    Args:
        value: the tensor.
        name: the measure's name.
    """
    measure = late.call("keras_mean_metric", name=name)
    measure(value)
    return measure
