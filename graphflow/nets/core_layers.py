"""Layers without variables: dropout and flatten."""

from __future__ import annotations

import math
from typing import Any

from graphflow.core.convert import convert
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.nets import keras_layer
from graphflow.nets import layer_arguments as arguments
from graphflow.nets.choose import choose
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.layer import Layer
from graphflow.ops import dropout as dropout_op
from graphflow.ops.identity import identity
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.transpose import transpose


class DropoutLayer(keras_layer.Layer):
    """A layer that leaves out elements at random while a network learns.

    Args:
        rate: the probability that an element goes.
        noise_shape: see `tf.nn.dropout`; None in it stands for the size of the input.
        seed: the seed of the random choices.
        name: the layer's name.
        **kwargs: as `Layer`.
    """

    CONFIG = ("rate", "noise_shape", "seed")
    supports_masking = True

    def __init__(
        self,
        rate: Any = 0.5,
        noise_shape: Any = None,
        seed: int | None = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed

    def call(self, inputs: Any, training: Any = False) -> Any:
        """Returns the result.

        Args:
            inputs: a tensor of floats.
            training: whether elements are left out; a bool or a scalar tensor. None: False.

        Note:
            For a `training` that only a run can tell, both results are made and a Select node
            takes one.
        """
        return choose(bool(training) if training is None else training,
                      lambda: self._dropped(inputs), lambda: identity(inputs))  # fmt: skip

    def _dropped(self, inputs: Any) -> Tensor:
        noise_shape = self._get_noise_shape(inputs)
        return dropout_op.dropout(inputs, noise_shape=noise_shape, seed=self.seed, rate=self.rate)

    def _get_noise_shape(self, inputs: Any) -> Any:
        if self.noise_shape is None or isinstance(self.noise_shape, Tensor):
            return self.noise_shape
        sizes = shape_of(inputs)
        return convert([sizes[i] if n is None else n for i, n in enumerate(self.noise_shape)])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the result: that of the input."""
        return input_shape


@export("layers.Dropout")
class Dropout(DropoutLayer, Layer):
    """A layer that leaves out elements at random while a network learns.

    Its arguments are those of `DropoutLayer`.
    """


@export("layers.dropout")
def dropout(
    inputs: Any,
    rate: Any = 0.5,
    noise_shape: Any = None,
    seed: int | None = None,
    training: Any = False,
    name: Any = None,
) -> Tensor:
    """Returns the inputs with some elements set to zero and the others enlarged, in training.

    Args:
        inputs: a tensor of floats.
        rate: the probability that an element goes.
        noise_shape: see `tf.nn.dropout`; None in it stands for the size of the input.
        seed: the seed of the random choices.
        training: whether elements are left out; a bool or a scalar tensor.
        name: the layer's name.

    Note:
        For a `training` that only a run can tell, both results are made and a Select node takes
        one.
    """
    layer = Dropout(rate, noise_shape=noise_shape, seed=seed, name=name)
    found: Tensor = layer.apply(inputs, training=training)
    return found


class FlattenLayer(keras_layer.Layer):
    """A layer that makes a vector of each example.

    Args:
        data_format: "channels_last" or "channels_first": then the channels are moved last first.
        **kwargs: as `Layer`.
    """

    CONFIG = ("data_format",)

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._first = arguments.channels_first(data_format)
        self.data_format = "channels_first" if self._first else "channels_last"
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        """Returns the result.

        Args:
            inputs: x: [n, ...].

        Returns:
            [n, the product of the other sizes].
        """
        if self._first and inputs.shape.ndims > 1:
            inputs = transpose(inputs, [0, *range(2, inputs.shape.ndims), 1])
        n = inputs.shape.as_list()[0]
        outputs = reshape(inputs, (n or shape_of(inputs)[0], -1))
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return outputs

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        n, *others = as_shape(input_shape).as_list()
        return TensorShape([n, math.prod(others) if all(others) else None])


@export("layers.Flatten")
class Flatten(FlattenLayer, Layer):
    """A layer that makes a vector of each example.

    Its arguments are those of `FlattenLayer`.
    """


@export("layers.flatten")
def flatten(inputs: Any, name: Any = None, data_format: str | None = "channels_last") -> Tensor:
    """Returns each example as a vector.

    Args:
        inputs: x: [n, ...].
        name: the layer's name.
        data_format: "channels_last" or "channels_first": then the channels are moved last first.

    Returns:
        [n, the product of the other sizes].
    """
    found: Tensor = Flatten(name=name, data_format=data_format).apply(inputs)
    return found
