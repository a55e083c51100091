"""Keras' plain layers: Dense, Activation, dropout, masking, and layers that change shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from graphflow.core.dtypes import as_dtype
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.models import layers_arguments as arguments
from graphflow.models.regularizers import L1L2
from graphflow.nets.core_layers import DropoutLayer, FlattenLayer
from graphflow.nets.dense import DenseLayer
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.keras_layer import Layer
from graphflow.ops.bias import bias_add
from graphflow.ops.cast import cast
from graphflow.ops.comparison import not_equal
from graphflow.ops.reduce import reduce_any
from graphflow.ops.reshape import expand_dims, reshape, squeeze
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.sparse_matmul import sparse_tensor_dense_matmul
from graphflow.ops.stack import stack
from graphflow.ops.tile import tile
from graphflow.ops.transpose import transpose


class SameShape(Layer):
    """A layer whose result has the shape of its input, and the mask too."""

    supports_masking = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the result: that of the input."""
        return input_shape


@export("keras.layers.Dense")
class Dense(DenseLayer):
    """A layer that returns `activation(inputs @ kernel + bias)`.

    Args:
        units: the number of outputs of each example.
        activation: a function of the result, or its name; None: none.
        use_bias: whether there is a bias.
        kernel_initializer: makes the first weights: an initializer or its name.
        bias_initializer: makes the first bias.
        kernel_regularizer: a function of the weights whose value is a loss, or its name.
        bias_regularizer: a function of the bias whose value is a loss.
        activity_regularizer: a function of the result whose value is a loss.
        kernel_constraint: applied to the weights after an optimizer's step, or its name.
        bias_constraint: applied to the bias after an optimizer's step.
        **kwargs: as `Layer`; `input_dim` is the number of inputs of each example.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        if "input_shape" not in kwargs and "input_dim" in kwargs:
            kwargs["input_shape"] = (kwargs.pop("input_dim"),)
        super().__init__(
            units,
            arguments.ACTIVATION(activation),
            use_bias,
            *arguments.of_kernel(
                kernel_initializer,
                bias_initializer,
                kernel_regularizer,
                bias_regularizer,
                activity_regularizer,
                kernel_constraint,
                bias_constraint,
            ),
            **kwargs,
        )

    def call(self, inputs: Any) -> Any:
        """Returns the result.

        Args:
            inputs: x: [n, ..., inputs]; also a SparseTensor [n, inputs].

        Returns:
            [n, ..., units].
        """
        if not isinstance(inputs, SparseTensor):
            return super().call(inputs)
        outputs = sparse_tensor_dense_matmul(cast(inputs, as_dtype(self.dtype)), self.kernel)
        if self.use_bias:
            outputs = bias_add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input.

        Raises:
            ValueError: if the last size is not known.
        """
        shape = as_shape(input_shape).with_rank_at_least(2)
        if shape.as_list()[-1] is None:
            raise ValueError(
                f"The innermost dimension of input_shape must be defined, but saw: {shape}"
            )
        return super().compute_output_shape(shape)


@export("keras.layers.Activation")
class Activation(SameShape):
    """A layer that applies a function.

    Args:
        activation: the function, or its name.
        **kwargs: as `Layer`.
    """

    CONFIG = ("activation",)

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = arguments.ACTIVATION(activation)

    def call(self, inputs: Any) -> Any:
        """Returns the result for a tensor."""
        return self.activation(inputs)


@export("keras.layers.ActivityRegularization")
class ActivityRegularization(SameShape):
    """A layer that returns its input and makes a loss of it.

    Args:
        l1: the factor of the sum of the absolute values.
        l2: the factor of the sum of the squares.
        **kwargs: as `Layer`.
    """

    CONFIG = ("l1", "l2")

    def __init__(self, l1: Any = 0.0, l2: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1=l1, l2=l2), **kwargs)
        self.l1 = l1
        self.l2 = l2


@export("keras.layers.Masking")
class Masking(SameShape):
    """A layer that masks the steps of a sequence all of whose features have one value.

    Args:
        mask_value: the value.
        **kwargs: as `Layer`.
    """

    CONFIG = ("mask_value",)
    _compute_output_and_mask_jointly = True

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def compute_mask(self, inputs: Any, mask: Any = None) -> Tensor:
        """Returns the mask of the result, [n, steps].

        Args:
            inputs: [n, steps, features].
            mask: not used.
        """
        found: Tensor = reduce_any(not_equal(inputs, self.mask_value), -1)
        return found

    def call(self, inputs: Any) -> Any:
        """Returns the input, with zeros where it is masked.

        Args:
            inputs: [n, steps, features].
        """
        kept = reduce_any(not_equal(inputs, self.mask_value), -1, True)
        outputs = inputs * cast(kept, inputs.dtype)
        outputs._keras_mask = squeeze(kept, axis=-1)
        return outputs


# --- dropout ---
@export("keras.layers.Dropout")
class Dropout(DropoutLayer):
    """A layer that leaves out elements at random while a network learns.

    Args:
        rate: the probability that an element goes.
        noise_shape: see `tf.nn.dropout`; None in it stands for the size of the input.
        seed: the seed of the random choices.
        **kwargs: as `Layer`.
    """

    def __init__(
        self, rate: Any, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, noise_shape, seed, **kwargs)

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Returns the result.

        Args:
            inputs: a tensor of floats.
            training: whether elements are left out; None: the learning phase.
        """
        return super().call(inputs, arguments.training(training))

    def _dropped_shape(self, inputs: Any, kept: Sequence[int]) -> tuple[Any, ...]:
        """The size of the input along some axes, 1 along the others."""
        sizes = shape_of(inputs)
        return tuple(sizes[i] if i in kept else 1 for i in range(inputs.shape.ndims))


@export("keras.layers.SpatialDropout1D")
class SpatialDropout1D(Dropout):
    """A layer that leaves out whole features of signals at random while a network learns.

    Args:
        rate: the probability that a feature goes.
        **kwargs: as `Layer`.
    """

    def __init__(self, rate: Any, **kwargs: Any) -> None:
        super().__init__(rate, **kwargs)
        self.input_spec = InputSpec(ndim=3)

    def _get_noise_shape(self, inputs: Any) -> Any:
        return self._dropped_shape(inputs, (0, 2))


class _SpatialDropout(Dropout):
    """What leaves out whole channels of images or volumes."""

    rank: int

    def __init__(self, rate: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(rate, **kwargs)
        self.data_format = arguments.data_format(data_format)
        if self.data_format not in ("channels_last", "channels_first"):
            raise ValueError('data_format must be in {"channels_last", "channels_first"}')
        self.input_spec = InputSpec(ndim=self.rank)

    def _get_noise_shape(self, inputs: Any) -> Any:
        last = self.data_format == "channels_last"
        return self._dropped_shape(inputs, (0, self.rank - 1 if last else 1))


@export("keras.layers.SpatialDropout2D")
class SpatialDropout2D(_SpatialDropout):
    """A layer that leaves out whole channels of images at random while a network learns.

    Args:
        rate: the probability that a channel goes.
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if the data format is not known.
    """

    rank = 4


@export("keras.layers.SpatialDropout3D")
class SpatialDropout3D(_SpatialDropout):
    """A layer that leaves out whole channels of volumes at random while a network learns.

    Args:
        rate: the probability that a channel goes.
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if the data format is not known.
    """

    rank = 5


# --- shapes ---
@export("keras.layers.Flatten")
class Flatten(FlattenLayer):
    """A layer that makes a vector of each example.

    Args:
        data_format: "channels_first": the channels are moved last first; None: as Keras was set
            to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if the data format is not known.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(arguments.data_format(data_format), **kwargs)


@export("keras.layers.Reshape")
class Reshape(Layer):
    """A layer that gives each example another shape.

    Args:
        target_shape: the shape, without the batch; one size may be -1: what remains.
        **kwargs: as `Layer`.
    """

    CONFIG = ("target_shape",)

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)

    def call(self, inputs: Any) -> Any:
        """Returns the result for [n, ...]."""
        return reshape(inputs, (shape_of(inputs)[0], *self.target_shape))

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input.

        Raises:
            ValueError: if the number of elements is another.
        """
        n, *sizes = as_shape(input_shape).as_list()
        if None in sizes:
            return TensorShape([n, *(None if s == -1 else s for s in self.target_shape)])
        return TensorShape([n, *self._fitted(math.prod(s or 0 for s in sizes))])

    def _fitted(self, number: int) -> list[int]:
        sizes = list(self.target_shape)
        free = [i for i, s in enumerate(sizes) if s < 0]
        if len(free) > 1:
            raise ValueError("Can only specify one unknown dimension.")
        known = math.prod(s for s in sizes if s >= 0)
        if free and known and number % known == 0:
            sizes[free[0]] = number // known
        elif free or number != known:
            raise ValueError("total size of new array must be unchanged")
        return sizes


@export("keras.layers.Permute")
class Permute(Layer):
    """A layer that brings the axes of each example into another order.

    Args:
        dims: the order; axes are counted from 1.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if that is no order of the axes.
    """

    CONFIG = ("dims",)

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(dims) != list(range(1, len(dims) + 1)):
            raise ValueError(
                f"Invalid permutation `dims` for Permute Layer: {dims}. The set of indices in "
                "`dims` must be consecutive and start from 1."
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        """Returns the result for [n, ...]."""
        return transpose(inputs, perm=(0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        sizes = as_shape(input_shape).as_list()
        return TensorShape([sizes[0], *(sizes[i] for i in self.dims)])


@export("keras.layers.RepeatVector")
class RepeatVector(Layer):
    """A layer that repeats each vector.

    Args:
        n: how many times.
        **kwargs: as `Layer`.
    """

    CONFIG = ("n",)

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = n
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        """Returns [batch, n, features] for [batch, features]."""
        return tile(expand_dims(inputs, 1), stack([1, self.n, 1]))

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        batch, features = as_shape(input_shape).as_list()
        return TensorShape([batch, self.n, features])
