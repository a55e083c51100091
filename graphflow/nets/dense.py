"""The fully connected layer."""

from __future__ import annotations

from typing import Any

from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.nets import keras_layer
from graphflow.nets import layer_arguments as arguments
from graphflow.nets.initializers import Zeros
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.layer import Layer, channels_of
from graphflow.ops.bias import bias_add
from graphflow.ops.cast import cast
from graphflow.ops.contraction import tensordot

_ZEROS = Zeros()


class DenseLayer(keras_layer.Layer):
    """A layer that returns `activation(inputs @ kernel + bias)`.

    Args:
        units: the number of outputs of each example.
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        kernel_initializer: makes the first weights; None: the scope's, else glorot_uniform.
        bias_initializer: makes the first bias.
        kernel_regularizer: a function of the weights whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        kernel_constraint: applied to the weights after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        trainable: whether optimizers change the variables.
        name: the layer's name.
        **kwargs: as `Layer`.
    """

    CONFIG = (
        "units", "activation", "use_bias", "kernel_initializer", "bias_initializer",
        "kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint",
        "bias_constraint",
    )  # fmt: skip
    supports_masking = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs["activity_regularizer"] = arguments.regularizer(activity_regularizer)
        super().__init__(trainable=trainable, name=name, **kwargs)
        self.units = int(units)
        self.activation = arguments.activation(activation)
        self.use_bias = use_bias
        self.kernel_initializer = arguments.initializer(kernel_initializer)
        self.bias_initializer = arguments.initializer(bias_initializer)
        self.kernel_regularizer = arguments.regularizer(kernel_regularizer)
        self.bias_regularizer = arguments.regularizer(bias_regularizer)
        self.kernel_constraint = arguments.constraint(kernel_constraint)
        self.bias_constraint = arguments.constraint(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        """Makes the weights, [inputs, units], and the bias.

        Args:
            input_shape: the shape of the input, whose last size must be known.

        Raises:
            TypeError: if the element type is neither float nor complex.
            ValueError: if the last size is not known.
        """
        dtype = as_dtype(self.dtype or "float32")
        if not (dtype.is_floating or dtype.is_complex):
            raise TypeError(f"Unable to build `Dense` layer with non-floating point dtype {dtype}")
        inputs = channels_of(
            as_shape(input_shape),
            -1,
            "The last dimension of the inputs to `Dense` should be defined. Found `None`.",
        )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: inputs})
        self.kernel = self.add_weight(
            "kernel",
            [inputs, self.units],
            self.dtype,
            self.kernel_initializer,
            self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                [self.units],
                self.dtype,
                self.bias_initializer,
                self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Returns the result.

        Args:
            inputs: x: [n, ..., inputs].

        Returns:
            [n, ..., units].
        """
        rank = inputs.shape.ndims
        if rank > 2:
            outputs = tensordot(inputs, self.kernel, ([rank - 1], [0]))
            outputs.set_shape(self.compute_output_shape(inputs.shape))
        else:
            outputs = apply("MatMul", cast(inputs, self.dtype), self.kernel)
        if self.use_bias:
            outputs = bias_add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        return TensorShape([*as_shape(input_shape).as_list()[:-1], self.units])


@export("layers.Dense")
class Dense(DenseLayer, Layer):
    """A layer that returns `activation(inputs @ kernel + bias)`.

    Its arguments are those of `DenseLayer`.
    """


@export("layers.dense")
def dense(
    inputs: Any,
    units: int,
    activation: Any = None,
    use_bias: bool = True,
    kernel_initializer: Any = None,
    bias_initializer: Any = _ZEROS,
    kernel_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    kernel_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Tensor:
    """Returns `activation(inputs @ kernel + bias)` with variables of its own.

    Args:
        inputs: x: [n, ..., inputs].
        units: the number of outputs of each example.
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        kernel_initializer: makes the first weights; None: the scope's, else glorot_uniform.
        bias_initializer: makes the first bias.
        kernel_regularizer: a function of the weights whose value is a loss.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        kernel_constraint: applied to the weights after an optimizer's step.
        bias_constraint: applied to the bias after an optimizer's step.
        trainable: whether optimizers change the variables.
        name: the layer's name and variable scope; None: "dense", made unique.
        reuse: whether the variables of an earlier layer of that name are shared.

    Raises:
        ValueError: if the last size of the inputs is not known.
    """
    layer = Dense(
        units,
        activation,
        use_bias,
        kernel_initializer,
        bias_initializer,
        kernel_regularizer,
        bias_regularizer,
        activity_regularizer,
        kernel_constraint,
        bias_constraint,
        trainable,
        name,
        _scope=name,
        _reuse=reuse,
    )
    found: Tensor = layer.apply(inputs)
    return found
