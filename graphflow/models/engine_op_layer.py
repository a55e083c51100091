"""Layers that models make themselves: of operations, losses and measures outside of layers."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import json_format

from graphflow.core import late, nest
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.formats import proto
from graphflow.models.backend_function import function
from graphflow.models.engine_config import layer_class
from graphflow.nets.keras_layer import Layer
from graphflow.ops.constant import constant as constant_of

_PREFIX: Final = "tf_op_layer_"


@layer_class("TensorFlowOpLayer")
class TensorFlowOpLayer(Layer):
    """The layer of one operation that stands in a model between layers.

    Args:
        node_def: the operation's NodeDef: a message, its bytes, or it in plain data.
        name: the operation's name.
        constants: the values of inputs that no layer made, by their places.
        trainable: without effect: there are no variables.
        dtype: the element type.
    """

    def __init__(
        self,
        node_def: Any,
        name: str,
        constants: dict[Any, Any] | None = None,
        trainable: bool = True,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=_PREFIX + name, trainable=trainable, dtype=dtype, autocast=False)
        if isinstance(node_def, dict):
            self.node_def = json_format.ParseDict(node_def, proto.NodeDef())
        elif isinstance(node_def, str | bytes):
            data = node_def.encode() if isinstance(node_def, str) else node_def
            self.node_def = proto.NodeDef.FromString(data)
        else:
            self.node_def = node_def
        self.constants = {int(i): value for i, value in (constants or {}).items()}
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Makes the operation again and returns its result or results.

        Args:
            inputs: the tensors that are no constants.
        """
        tensors = nest.flatten(inputs)
        graph = tensors[0].graph
        with graph.as_default():
            for i in sorted(self.constants):
                name = self.node_def.input[i]
                tensors.insert(i, constant_of(self.constants[i], name=name.partition(":")[0]))
            attrs = dict(self.node_def.attr)
            op = graph.create_op(self.node_def.op, tensors, name=self.node_def.name, attrs=attrs)
        return op.outputs[0] if len(op.outputs) == 1 else op.outputs

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make such a layer again."""
        config = super().get_config()
        return {
            **config,
            "name": config["name"][len(_PREFIX) :],
            "node_def": json_format.MessageToDict(self.node_def),
            "constants": self.constants,
        }


@late.provide("keras_op_layer")
def layer_of(op: Operation, held: dict[int, Tensor]) -> TensorFlowOpLayer:
    """Returns the layer of an operation.

    Args:
        op: the operation.
        held: its inputs that no layer made, by their places; their values are kept.
    """
    places = sorted(held)
    constants = {i: function([], held[i])([]) for i in places}
    return TensorFlowOpLayer(op.node_def, op.name, constants)


@layer_class("AddLoss")
class AddLoss(Layer):
    """The layer that adds its input to the losses of a model.

    Args:
        unconditional: whether the loss does not depend on the model's inputs.
        **kwargs: as `Layer`.
    """

    CONFIG = ("unconditional",)

    def __init__(self, unconditional: bool, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "autocast": False})
        self.unconditional = unconditional

    def call(self, inputs: Any) -> Any:
        """Notes the loss and returns it.

        Args:
            inputs: the loss.
        """
        self.add_loss(inputs, inputs=not self.unconditional)
        return inputs


@layer_class("AddMetric")
class AddMetric(Layer):
    """The layer that adds its input to the measures of a model.

    Args:
        aggregation: see `add_metric`.
        metric_name: the measure's name.
        **kwargs: as `Layer`.
    """

    CONFIG = ("aggregation", "metric_name")

    def __init__(
        self, aggregation: str | None = None, metric_name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.aggregation = aggregation
        self.metric_name = metric_name

    def call(self, inputs: Any) -> Any:
        """Notes the measure and returns it.

        Args:
            inputs: the measured tensor.
        """
        self.add_metric(inputs, self.aggregation, self.metric_name)
        return inputs
