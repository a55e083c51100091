"""Keras' layers that normalize their inputs."""

from __future__ import annotations

from typing import Any

from graphflow.core.export import export
from graphflow.models import layers_arguments as arguments
from graphflow.models.layers_core import SameShape
from graphflow.nets.normalization import BatchNormalizationLayer
from graphflow.ops.batch_norm import batch_normalization
from graphflow.ops.norm import moments
from graphflow.ops.reshape import reshape
from graphflow.platform import tf_logging


@export("keras.layers.BatchNormalization")
class BatchNormalization(BatchNormalizationLayer):
    """A layer that takes mean and variance off its inputs, channel by channel.

    Args:
        axis: the axis of the channels, or a list of axes.
        momentum: how much of a moving average stays in each step.
        epsilon: added to the variance.
        center: whether there is a `beta` that is added.
        scale: whether there is a `gamma` that is multiplied.
        beta_initializer: makes the first beta: an initializer or its name.
        gamma_initializer: makes the first gamma.
        moving_mean_initializer: makes the first moving mean.
        moving_variance_initializer: makes the first moving variance.
        beta_regularizer: a function of beta whose value is a loss, or its name.
        gamma_regularizer: a function of gamma whose value is a loss.
        beta_constraint: applied to beta after an optimizer's step, or its name.
        gamma_constraint: applied to gamma after an optimizer's step.
        renorm: whether the statistics of a batch are drawn toward the moving ones in training.
        renorm_clipping: bounds of that correction: "rmax", "rmin" and "dmax".
        renorm_momentum: the momentum of the averages for it.
        fused: False forbids the fused operation, which serves images with channels on axis 1
            or 3; None and True allow it.
        trainable: whether optimizers change beta and gamma.
        virtual_batch_size: normalizes parts of the batch, of that size, each for itself.
        adjustment: a function of the shape of the inputs that returns a random factor and a
            random term, which are applied in training.
        name: the layer's name.
        **kwargs: as `Layer`.

    Raises:
        TypeError: if the axis is no number or list.
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
        epsilon: Any = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: Any = 0.99,
        fused: bool | None = None,
        trainable: bool = True,
        virtual_batch_size: int | None = None,
        adjustment: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            axis=axis,
            momentum=momentum,
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=arguments.INITIALIZER(beta_initializer),
            gamma_initializer=arguments.INITIALIZER(gamma_initializer),
            moving_mean_initializer=arguments.INITIALIZER(moving_mean_initializer),
            moving_variance_initializer=arguments.INITIALIZER(moving_variance_initializer),
            beta_regularizer=arguments.REGULARIZER(beta_regularizer),
            gamma_regularizer=arguments.REGULARIZER(gamma_regularizer),
            beta_constraint=arguments.CONSTRAINT(beta_constraint),
            gamma_constraint=arguments.CONSTRAINT(gamma_constraint),
            renorm=renorm,
            renorm_clipping=renorm_clipping,
            renorm_momentum=renorm_momentum,
            fused=fused,
            trainable=trainable,
            virtual_batch_size=virtual_batch_size,
            adjustment=adjustment,
            name=name,
            **kwargs,
        )
        self.renorm_clipping = renorm_clipping or {} if renorm else None
        self.renorm_momentum = renorm_momentum

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again; an `adjustment` is left out."""
        config = super().get_config()
        if self.renorm:
            config["renorm"] = True
            config["renorm_clipping"] = self.renorm_clipping
            config["renorm_momentum"] = self.renorm_momentum
        if self.virtual_batch_size is not None:
            config["virtual_batch_size"] = self.virtual_batch_size
        if self.adjustment is not None:
            tf_logging.warning(
                "The `adjustment` function of this `BatchNormalization` layer cannot be serialized "
                "and has been omitted from the layer config. It will not be included when "
                "re-creating the layer from the saved config."
            )
        return config

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Returns the normalized inputs.

        Args:
            inputs: a tensor of floats.
            training: whether the statistics are those of the batch, and update the moving ones;
                None: the learning phase.
        """
        return super().call(inputs, arguments.training(training))


@export("keras.layers.LayerNormalization")
class LayerNormalization(SameShape):
    """A layer that takes mean and variance off its inputs, example by example.

    Args:
        axis: the axis or axes that are normalized.
        epsilon: added to the variance.
        center: whether there is a `beta` that is added.
        scale: whether there is a `gamma` that is multiplied.
        beta_initializer: makes the first beta: an initializer or its name.
        gamma_initializer: makes the first gamma.
        beta_regularizer: a function of beta whose value is a loss, or its name.
        gamma_regularizer: a function of gamma whose value is a loss.
        beta_constraint: applied to beta after an optimizer's step, or its name.
        gamma_constraint: applied to gamma after an optimizer's step.
        trainable: whether optimizers change beta and gamma.
        name: the layer's name.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if the axis is neither a number nor a list of them.

    Source:
        Ba et al. 2016, arXiv:1607.06450.
    """

    CONFIG = (
        "axis", "epsilon", "center", "scale", "beta_initializer", "gamma_initializer",
        "beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint",
    )  # fmt: skip

    def __init__(
        self,
        axis: Any = -1,
        epsilon: Any = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, trainable=trainable, **kwargs)
        if not isinstance(axis, list | tuple | int):
            raise ValueError(
                "Expected an int or a list/tuple of ints for the argument 'axis', but received "
                f"instead: {axis}"
            )
        self.axis: Any = axis if isinstance(axis, int) else axis[:]
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = arguments.INITIALIZER(beta_initializer)
        self.gamma_initializer = arguments.INITIALIZER(gamma_initializer)
        self.beta_regularizer = arguments.REGULARIZER(beta_regularizer)
        self.gamma_regularizer = arguments.REGULARIZER(gamma_regularizer)
        self.beta_constraint = arguments.CONSTRAINT(beta_constraint)
        self.gamma_constraint = arguments.CONSTRAINT(gamma_constraint)
        self.gamma: Any = None
        self.beta: Any = None

    def build(self, input_shape: Any) -> None:
        """Makes gamma and beta, of the sizes of the normalized axes.

        Raises:
            ValueError: if an axis does not exist or comes twice.
        """
        sizes = input_shape.as_list()
        given = [self.axis] if isinstance(self.axis, int) else self.axis
        self.axis = [len(sizes) + axis if axis < 0 else axis for axis in given]
        for axis in self.axis:
            if not 0 <= axis < len(sizes):
                raise ValueError(f"Invalid axis: {axis}")
        if len(self.axis) != len(set(self.axis)):
            raise ValueError(f"Duplicate axis: {tuple(self.axis)}")
        shape = [sizes[axis] for axis in self.axis]
        for name, wanted in (("gamma", self.scale), ("beta", self.center)):
            if wanted:
                made = self.add_weight(
                    name,
                    shape,
                    None,
                    getattr(self, f"{name}_initializer"),
                    getattr(self, f"{name}_regularizer"),
                    constraint=getattr(self, f"{name}_constraint"),
                )
                setattr(self, name, made)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Returns the normalized inputs."""
        sizes = inputs.shape.as_list()
        mean, variance = moments(inputs, self.axis, keep_dims=True)
        beside = [sizes[i] if i in self.axis else 1 for i in range(len(sizes))]

        def fitted(weight: Any) -> Any:
            if weight is None or len(weight.shape) == len(sizes):
                return weight
            return weight if self.axis == [len(sizes) - 1] else reshape(weight, beside)

        scale, offset = fitted(self.gamma), fitted(self.beta)
        outputs = batch_normalization(inputs, mean, variance, offset, scale, self.epsilon)
        outputs.set_shape(inputs.shape)
        return outputs
