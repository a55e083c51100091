"""Keras' layers that are an activation with a parameter."""

from __future__ import annotations

from typing import Any

from graphflow.core.export import export
from graphflow.models import activations
from graphflow.models import layers_arguments as arguments
from graphflow.models.layers_core import SameShape
from graphflow.nets import keras_state
from graphflow.nets.input_spec import InputSpec
from graphflow.ops.cast import cast
from graphflow.ops.comparison import greater
from graphflow.ops.softmax import softmax


class _OfNumber(SameShape):
    """A layer with one number, which the configuration holds as a float."""

    NUMBER: str

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again."""
        return {**super().get_config(), self.NUMBER: float(getattr(self, self.NUMBER))}


@export("keras.layers.LeakyReLU")
class LeakyReLU(_OfNumber):
    """A layer that returns `x` where it is positive, `alpha * x` elsewhere.

    Args:
        alpha: the factor.
        **kwargs: as `Layer`.
    """

    NUMBER = "alpha"

    def __init__(self, alpha: Any = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = keras_state.cast_to_floatx(alpha)

    def call(self, inputs: Any) -> Any:
        """Returns the result for a tensor."""
        return activations.relu(inputs, alpha=self.alpha)


@export("keras.layers.ELU")
class ELU(_OfNumber):
    """A layer that returns `x` where it is positive, `alpha * (exp(x) - 1)` elsewhere.

    Args:
        alpha: the factor.
        **kwargs: as `Layer`.
    """

    NUMBER = "alpha"

    def __init__(self, alpha: Any = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = keras_state.cast_to_floatx(alpha)

    def call(self, inputs: Any) -> Any:
        """Returns the result for a tensor."""
        return activations.elu(inputs, self.alpha)


@export("keras.layers.ThresholdedReLU")
class ThresholdedReLU(_OfNumber):
    """A layer that returns `x` where it is above a threshold, 0 elsewhere.

    Args:
        theta: the threshold.
        **kwargs: as `Layer`.
    """

    NUMBER = "theta"

    def __init__(self, theta: Any = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.theta = keras_state.cast_to_floatx(theta)

    def call(self, inputs: Any) -> Any:
        """Returns the result for a tensor."""
        return inputs * cast(greater(inputs, self.theta), keras_state.floatx())


@export("keras.layers.Softmax")
class Softmax(SameShape):
    """A layer that returns `exp(x)` over its sum along an axis.

    Args:
        axis: the axis.
        **kwargs: as `Layer`.
    """

    CONFIG = ("axis",)

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        """Returns the result for a tensor."""
        return softmax(inputs, axis=self.axis)


@export("keras.layers.ReLU")
class ReLU(SameShape):
    """A layer that returns `x` from a threshold on, and a line below it.

    Args:
        max_value: the largest result; None: any.
        negative_slope: the slope below the threshold.
        threshold: below it, values are cut.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if one of the first two is negative.
    """

    CONFIG = ("max_value", "negative_slope", "threshold")
    supports_masking = False  # TensorFlow 1.15.5 writes the attribute's name wrong

    def __init__(
        self,
        max_value: Any = None,
        negative_slope: Any = 0,
        threshold: Any = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if max_value is not None and max_value < 0.0:
            raise ValueError(f"max_value of Relu layer cannot be negative value: {max_value}")
        if negative_slope < 0.0:
            raise ValueError(
                f"negative_slope of Relu layer cannot be negative value: {negative_slope}"
            )
        self.max_value = None if max_value is None else keras_state.cast_to_floatx(max_value)
        self.negative_slope = keras_state.cast_to_floatx(negative_slope)
        self.threshold = keras_state.cast_to_floatx(threshold)

    def call(self, inputs: Any) -> Any:
        """Returns the result for a tensor."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


@export("keras.layers.PReLU")
class PReLU(SameShape):
    """A layer that returns `x` where it is positive, `alpha * x` with a variable elsewhere.

    Args:
        alpha_initializer: makes the first alpha: an initializer or its name.
        alpha_regularizer: a function of alpha whose value is a loss, or its name.
        alpha_constraint: applied to alpha after an optimizer's step, or its name.
        shared_axes: the axes, counted from 1, along which there is one alpha.
        **kwargs: as `Layer`.
    """

    CONFIG = ("alpha_initializer", "alpha_regularizer", "alpha_constraint", "shared_axes")

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = arguments.INITIALIZER(alpha_initializer)
        self.alpha_regularizer = arguments.REGULARIZER(alpha_regularizer)
        self.alpha_constraint = arguments.CONSTRAINT(alpha_constraint)
        if shared_axes is not None and not isinstance(shared_axes, list | tuple):
            shared_axes = [shared_axes]
        self.shared_axes = None if shared_axes is None else list(shared_axes)

    def build(self, input_shape: Any) -> None:
        """Makes alpha, of the shape of an example with 1 for the shared axes."""
        sizes = list(input_shape.as_list())
        shared = self.shared_axes or []
        self.alpha = self.add_weight(
            "alpha",
            [1 if i in shared else n for i, n in enumerate(sizes)][1:],
            None,
            self.alpha_initializer,
            self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        fixed = {i: sizes[i] for i in range(1, len(sizes)) if i not in shared} if shared else {}
        self.input_spec = InputSpec(ndim=len(sizes), axes=fixed)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Returns the result for a tensor."""
        above = activations.relu(inputs)
        return above + -self.alpha * activations.relu(-inputs)
