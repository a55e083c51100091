"""Batch normalization as a layer, with moving averages of the mean and the variance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import as_dtype, bfloat16, float16, float32
from graphflow.core.export import export
from graphflow.core.shape import as_shape
from graphflow.core.tensor import Tensor
from graphflow.nets import keras_layer
from graphflow.nets import layer_arguments as arguments
from graphflow.nets.choose import choose, known_flag
from graphflow.nets.initializers import Ones, Zeros
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.layer import Layer
from graphflow.nets.renormalization import Renormalization
from graphflow.ops import batch_norm
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant
from graphflow.ops.fill import ones_like, zeros_like
from graphflow.ops.norm import moments
from graphflow.ops.reduce import reduce_mean
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.state import assign_sub
from graphflow.ops.variables import VariableAggregation, VariableSynchronization

_ZEROS: Final = Zeros()
_ONES: Final = Ones()


class BatchNormalizationLayer(keras_layer.Layer):
    """A layer that takes mean and variance off its inputs, channel by channel.

    Args:
        axis: the axis of the channels, or a list of axes.
        momentum: how much of a moving average stays in each step.
        epsilon: added to the variance.
        center: whether there is a `beta` that is added.
        scale: whether there is a `gamma` that is multiplied.
        beta_initializer: makes the first beta.
        gamma_initializer: makes the first gamma.
        moving_mean_initializer: makes the first moving mean.
        moving_variance_initializer: makes the first moving variance.
        beta_regularizer: a function of beta whose value is a loss.
        gamma_regularizer: a function of gamma whose value is a loss.
        beta_constraint: applied to beta after an optimizer's step.
        gamma_constraint: applied to gamma after an optimizer's step.
        renorm: whether the statistics of a batch are drawn toward the moving ones in training.
        renorm_clipping: bounds of that correction: "rmax", "rmin" and "dmax".
        renorm_momentum: the momentum of the averages for it.
        fused: False forbids the fused operation, which serves images with channels on axis 1
            or 3; None and True allow it.
        trainable: whether optimizers change beta and gamma.
        virtual_batch_size: normalizes parts of the batch, of that size, each for itself.
        adjustment: a function of the shape of the inputs that returns a random factor and a
            random term for the normalized values in training.
        name: the layer's name.
        **kwargs: as `Layer`.

    Raises:
        TypeError: if the axis is neither an int nor a list.
        ValueError: if `renorm_clipping` has another key.

    Source:
        Ioffe and Szegedy 2015; Ioffe 2017 for `renorm`.
    """

    CONFIG = (
        "axis", "momentum", "epsilon", "center", "scale", "beta_initializer", "gamma_initializer",
        "moving_mean_initializer", "moving_variance_initializer", "beta_regularizer",
        "gamma_regularizer", "beta_constraint", "gamma_constraint",
    )  # fmt: skip
    supports_masking = True

    def __init__(
        self,
        axis: Any = -1,
        momentum: Any = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = _ZEROS,
        gamma_initializer: Any = _ONES,
        moving_mean_initializer: Any = _ZEROS,
        moving_variance_initializer: Any = _ONES,
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: dict[str, Any] | None = None,
        renorm_momentum: Any = 0.99,
        fused: bool | None = None,
        trainable: bool = True,
        virtual_batch_size: int | None = None,
        adjustment: Callable[[Tensor], Any] | None = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable=trainable, name=name, **kwargs)
        if not isinstance(axis, int | list):
            raise TypeError(f"axis must be int or list, type given: {type(axis)}")
        self.axis: Any = list(axis) if isinstance(axis, list) else axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = arguments.initializer(beta_initializer)
        self.gamma_initializer = arguments.initializer(gamma_initializer)
        self.moving_mean_initializer = arguments.initializer(moving_mean_initializer)
        self.moving_variance_initializer = arguments.initializer(moving_variance_initializer)
        self.beta_regularizer = arguments.regularizer(beta_regularizer)
        self.gamma_regularizer = arguments.regularizer(gamma_regularizer)
        self.beta_constraint = arguments.constraint(beta_constraint)
        self.gamma_constraint = arguments.constraint(gamma_constraint)
        self.renorm = renorm
        self.virtual_batch_size = virtual_batch_size
        self.adjustment = adjustment
        self.fused = fused is None or fused
        self._renormalization = (
            Renormalization(self, renorm_clipping, renorm_momentum) if renorm else None
        )
        self.gamma: Any = None
        self.beta: Any = None
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    @property
    def param_dtype(self) -> Any:
        """The type of the variables: float32 for inputs of 16 bits."""
        dtype = as_dtype(self.dtype or float32)
        return float32 if dtype in (float16, bfloat16) else dtype

    # --- variables ---
    def build(self, input_shape: Any) -> None:
        """Makes gamma, beta and the moving averages.

        Args:
            input_shape: the shape of the input, whose number of channels must be known.

        Raises:
            ValueError: if the rank or the number of channels is not known, or an axis is none.
        """
        shape = as_shape(input_shape)
        if not shape.ndims:
            raise ValueError("Input has undefined rank:", shape)
        self._settle_axes(shape.ndims)
        self._check_virtual()
        self.fused = self.fused and shape.ndims == 4 and self._fused_can_be_used()
        channels = {axis: shape.as_list()[axis] for axis in self.axis}
        if None in channels.values():
            raise ValueError("Input has undefined `axis` dimension. Input shape: ", shape)
        self.input_spec = InputSpec(ndim=shape.ndims, axes=channels)
        self._make_variables(self._param_shape(channels, shape.ndims))
        self.built = True

    def _settle_axes(self, rank: int) -> None:
        given = [self.axis] if isinstance(self.axis, int) else self.axis
        self.axis = [rank + axis if axis < 0 else axis for axis in given]
        for axis in self.axis:
            if not 0 <= axis < rank:
                raise ValueError(f"Invalid axis: {axis}")
        if len(self.axis) != len(set(self.axis)):
            raise ValueError(f"Duplicate axis: {self.axis}")

    def _check_virtual(self) -> None:
        if self.virtual_batch_size is None:
            return
        if self.virtual_batch_size <= 0:
            raise ValueError(
                "virtual_batch_size must be a positive integer that divides the true batch size "
                "of the input Tensor"
            )
        if 0 in self.axis:
            raise ValueError(
                "When using virtual_batch_size, the batch dimension must be 0 and thus axis "
                "cannot include 0"
            )
        if self.adjustment is not None:
            raise ValueError("When using virtual_batch_size, adjustment cannot be specified")

    def _fused_can_be_used(self) -> bool:
        plain = not self.renorm and self.virtual_batch_size is None and self.adjustment is None
        return plain and self.axis in ([1], [3])

    def _param_shape(self, channels: dict[int, int], rank: int) -> list[int]:
        if len(channels) == 1 and self.virtual_batch_size is None:
            return list(channels.values())
        sizes = [channels.get(axis, 1) for axis in range(rank)]
        if self.virtual_batch_size is not None:  # the parts of the batch are a new axis
            sizes.insert(1, 1)
            self.axis = [axis + 1 for axis in self.axis]
        return sizes

    def _make_variables(self, shape: list[int]) -> None:
        if self.scale:
            self.gamma = self.add_weight(
                "gamma",
                shape,
                self.param_dtype,
                self.gamma_initializer,
                self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        elif self.fused:
            self._gamma_const = constant(1.0, self.param_dtype, shape)
        if self.center:
            self.beta = self.add_weight(
                "beta",
                shape,
                self.param_dtype,
                self.beta_initializer,
                self.beta_regularizer,
                constraint=self.beta_constraint,
            )
        elif self.fused:
            self._beta_const = constant(0.0, self.param_dtype, shape)
        scope = getattr(self, "_scope", None)  # layers of tf.layers have one
        partitioner = scope.partitioner if scope else None
        try:
            if scope:  # moving averages are whole
                scope.set_partitioner(None)
            self.moving_mean = self.add_average("moving_mean", shape, self.moving_mean_initializer)
            self.moving_variance = self.add_average(
                "moving_variance", shape, self.moving_variance_initializer
            )
            if self._renormalization:
                self._renormalization.build(shape)
        finally:
            if scope and partitioner:
                scope.set_partitioner(partitioner)

    def add_average(self, name: str, shape: list[int], initializer: Any) -> Any:
        """Returns a new variable that optimizers leave alone.

        Args:
            name: the name inside the layer's scope.
            shape: the sizes.
            initializer: makes the first value.
        """
        return self.add_weight(
            name,
            shape,
            self.param_dtype,
            initializer,
            trainable=False,
            synchronization=VariableSynchronization.ON_READ,
            aggregation=VariableAggregation.MEAN,
        )

    # --- the result ---
    def call(self, inputs: Any, training: Any = False) -> Any:
        """Returns the normalized inputs.

        Args:
            inputs: a tensor of floats.
            training: whether the statistics are those of the batch, and update the moving ones;
                a bool or a scalar tensor. None: False.
        """
        training = bool(training) if training is None else training
        if self.fused:
            return self._fused_result(inputs, training)
        if self.virtual_batch_size is None:
            return self._result_of_parts(inputs, training)
        sizes = [-1, *inputs.shape.as_list()[1:]]
        parts = reshape(inputs, [self.virtual_batch_size, -1, *sizes[1:]])
        return reshape(self._result_of_parts(parts, training), sizes)

    def assign_moving_average(self, variable: Any, value: Any, momentum: Any) -> Tensor:
        """Returns a moving average after a step toward a value.

        Args:
            variable: the moving average.
            value: the new value.
            momentum: how much of the old one stays.
        """
        with scopes.name_scope("AssignMovingAvg") as scope, scopes.colocate_with(variable):
            decay = convert(1.0 - momentum, name="decay")
            if decay.dtype != variable.dtype.base_dtype:
                decay = cast(decay, variable.dtype.base_dtype)
            step = (variable - cast(value, variable.dtype.base_dtype)) * decay
            found: Tensor = assign_sub(variable, step, name=scope)
        return found

    def _fused_result(self, inputs: Any, training: Any) -> Tensor:
        beta = self.beta if self.center else self._beta_const
        gamma = self.gamma if self.scale else self._gamma_const
        data_format = "NCHW" if self.axis == [1] else "NHWC"

        def of_batch() -> Any:
            return batch_norm.fused_batch_norm(
                inputs, gamma, beta, epsilon=self.epsilon, data_format=data_format
            )

        def of_averages() -> Any:
            return batch_norm.fused_batch_norm(
                inputs,
                gamma,
                beta,
                self.moving_mean,
                self.moving_variance,
                self.epsilon,
                data_format,
                is_training=False,
            )

        output, mean, variance = choose(training, of_batch, of_averages)
        if known_flag(training) is None:
            momentum = choose(training, lambda: self.momentum, lambda: 1.0)
        else:
            momentum = convert(self.momentum)
        if known_flag(training) is not False:
            for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                self.add_update(self.assign_moving_average(average, value, momentum))
        return output  # type: ignore[no-any-return]  # a tensor

    def _result_of_parts(self, inputs: Any, training: Any) -> Tensor:
        """The result by single operations."""
        dims = inputs.shape
        around = [axis for axis in range(len(dims)) if axis not in self.axis]
        if self.virtual_batch_size is not None:
            del around[1]  # the parts of the batch stay apart

        def beside(vector: Any) -> Any:
            """Numbers of the channels, in a shape that broadcasts against the inputs."""
            if vector is None or len(vector.shape) == len(dims):
                return vector
            if around == list(range(len(dims) - 1)):
                return vector
            sizes = [1] * len(dims)
            sizes[self.axis[0]] = dims.as_list()[self.axis[0]]
            return reshape(vector, sizes)

        scale, offset = beside(self.gamma), beside(self.beta)
        if known_flag(training) is False:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            if self.adjustment:
                scale, offset = self._adjusted(inputs, training, scale, offset)
            mean, variance = self._statistics(inputs, around, training)
            new_mean, new_variance = mean, variance
            if self.virtual_batch_size is not None:
                new_mean = reduce_mean(mean, 1, keepdims=True)
                new_variance = reduce_mean(variance, 1, keepdims=True)
            if self._renormalization:
                r, d, new_mean, new_variance = self._renormalization.correction(
                    new_mean, new_variance, training
                )
                scale, offset = _composed(beside(r), beside(d), scale, offset)
            self._update_averages(new_mean, new_variance, training)
        mean, variance = cast(mean, inputs.dtype), cast(variance, inputs.dtype)
        outputs = batch_norm.batch_normalization(
            inputs,
            beside(mean),
            beside(variance),
            None if offset is None else cast(offset, inputs.dtype),
            None if scale is None else cast(scale, inputs.dtype),
            self.epsilon,
        )
        outputs.set_shape(dims)
        return outputs

    def _adjusted(self, inputs: Any, training: Any, scale: Any, offset: Any) -> tuple[Any, Any]:
        factor, term = self.adjustment(shape_of(inputs))  # type: ignore[misc]  # the caller saw it
        factor = choose(training, lambda: factor, lambda: ones_like(factor))
        term = choose(training, lambda: term, lambda: zeros_like(term))
        return _composed(factor, term, scale, offset)

    def _statistics(self, inputs: Any, around: list[int], training: Any) -> tuple[Any, Any]:
        keepdims = self.virtual_batch_size is not None or len(self.axis) > 1
        mean, variance = moments(cast(inputs, self.param_dtype), around, keep_dims=keepdims)
        return (
            choose(training, lambda: mean, lambda: convert(self.moving_mean)),
            choose(training, lambda: variance, lambda: convert(self.moving_variance)),
        )

    def _update_averages(self, mean: Any, variance: Any, training: Any) -> None:
        averages = self.moving_mean, self.moving_variance
        renormalization = self._renormalization

        def variance_after() -> Any:
            if renormalization:
                return renormalization.update_variance(variance, self.momentum)
            return self.assign_moving_average(averages[1], variance, self.momentum)

        self.add_update(
            choose(
                training,
                lambda: self.assign_moving_average(averages[0], mean, self.momentum),
                lambda: averages[0],
            )
        )
        self.add_update(choose(training, variance_after, lambda: averages[1]))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the result: that of the input."""
        return input_shape


@export("layers.BatchNormalization")
class BatchNormalization(BatchNormalizationLayer, Layer):
    """A layer that takes mean and variance off its inputs, channel by channel.

    Its arguments are those of `BatchNormalizationLayer`.
    """


def _composed(scale: Any, offset: Any, then_scale: Any, then_offset: Any) -> tuple[Any, Any]:
    """One factor and one term in place of two of each."""
    if then_scale is not None:
        scale *= then_scale
        offset *= then_scale
    if then_offset is not None:
        offset += then_offset
    return scale, offset


@export("layers.batch_normalization")
def batch_normalization(
    inputs: Any,
    axis: Any = -1,
    momentum: Any = 0.99,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    beta_initializer: Any = _ZEROS,
    gamma_initializer: Any = _ONES,
    moving_mean_initializer: Any = _ZEROS,
    moving_variance_initializer: Any = _ONES,
    beta_regularizer: Any = None,
    gamma_regularizer: Any = None,
    beta_constraint: Any = None,
    gamma_constraint: Any = None,
    training: Any = False,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
    renorm: bool = False,
    renorm_clipping: dict[str, Any] | None = None,
    renorm_momentum: Any = 0.99,
    fused: bool | None = None,
    virtual_batch_size: int | None = None,
    adjustment: Callable[[Tensor], Any] | None = None,
) -> Tensor:
    """Returns the inputs less their mean, over their deviation, channel by channel.

    The updates of the moving averages go into the collection UPDATE_OPS: a training step has to
    run them.

    Args:
        inputs: a tensor of floats.
        axis: the axis of the channels, or a list of axes.
        momentum: how much of a moving average stays in each step.
        epsilon: added to the variance.
        center: whether there is a `beta` that is added.
        scale: whether there is a `gamma` that is multiplied.
        beta_initializer: makes the first beta.
        gamma_initializer: makes the first gamma.
        moving_mean_initializer: makes the first moving mean.
        moving_variance_initializer: makes the first moving variance.
        beta_regularizer: a function of beta whose value is a loss.
        gamma_regularizer: a function of gamma whose value is a loss.
        beta_constraint: applied to beta after an optimizer's step.
        gamma_constraint: applied to gamma after an optimizer's step.
        training: whether the statistics are those of the batch; a bool or a scalar tensor.
        trainable: whether optimizers change beta and gamma.
        name: the layer's name and variable scope; None: "batch_normalization", made unique.
        reuse: whether the variables of an earlier layer of that name are shared.
        renorm: see `BatchNormalization`, and so the others.
        renorm_clipping: bounds of that correction.
        renorm_momentum: the momentum of the averages for it.
        fused: False forbids the fused operation.
        virtual_batch_size: normalizes parts of the batch, of that size.
        adjustment: a function that returns a random factor and term.
    """
    layer = BatchNormalization(
        axis,
        momentum,
        epsilon,
        center,
        scale,
        beta_initializer,
        gamma_initializer,
        moving_mean_initializer,
        moving_variance_initializer,
        beta_regularizer,
        gamma_regularizer,
        beta_constraint,
        gamma_constraint,
        renorm,
        renorm_clipping,
        renorm_momentum,
        fused,
        trainable,
        virtual_batch_size,
        adjustment,
        name,
        _reuse=reuse,
        _scope=name,
    )
    found: Tensor = layer.apply(inputs, training=training)
    return found
