"""Keras' layers that add noise while a network learns."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.models import layers_arguments as arguments
from graphflow.models.layers_core import SameShape
from graphflow.nets import keras_state
from graphflow.nets.choose import choose
from graphflow.ops.cast import cast
from graphflow.ops.comparison import greater_equal
from graphflow.ops.random import random_normal, random_uniform
from graphflow.ops.shape_ops import shape as shape_of

_SELU_ALPHA: Final = 1.6732632423543772848170429916717
_SELU_SCALE: Final = 1.0507009873554804934193349852946


def _in_training(noised: Callable[[], Any], inputs: Any, training: Any) -> Any:
    return choose(arguments.training(training), noised, lambda: inputs)


def numpy_seed(seed: int | None) -> int:
    """Returns a seed: the given one, else one that hangs on the seed of NumPy, as Keras does."""
    # As Keras does: a layer's noise hangs on NumPy's seed, not on the graph's.
    return int(np.random.randint(10000000)) if seed is None else seed  # noqa: NPY002


def _normal(inputs: Any, mean: float, stddev: Any) -> Tensor:
    return random_normal(shape_of(inputs), mean, stddev, keras_state.floatx(), numpy_seed(None))


@export("keras.layers.GaussianNoise")
class GaussianNoise(SameShape):
    """A layer that adds normal noise while a network learns.

    Args:
        stddev: the standard deviation of the noise.
        **kwargs: as `Layer`.
    """

    CONFIG = ("stddev",)

    def __init__(self, stddev: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = stddev

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Returns the result.

        Args:
            inputs: a tensor of floats.
            training: whether there is noise; None: the learning phase.
        """
        return _in_training(lambda: inputs + _normal(inputs, 0.0, self.stddev), inputs, training)


@export("keras.layers.GaussianDropout")
class GaussianDropout(SameShape):
    """A layer that multiplies with normal noise of mean 1 while a network learns.

    Args:
        rate: the variance of the noise is `rate / (1 - rate)`.
        **kwargs: as `Layer`.
    """

    CONFIG = ("rate",)

    def __init__(self, rate: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Returns the result.

        Args:
            inputs: a tensor of floats.
            training: whether there is noise; None: the learning phase.
        """
        if not 0 < self.rate < 1:
            return inputs
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        return _in_training(lambda: inputs * _normal(inputs, 1.0, stddev), inputs, training)


@export("keras.layers.AlphaDropout")
class AlphaDropout(SameShape):
    """Dropout that keeps mean and variance of what `selu` returns.

    Args:
        rate: the probability that an element goes.
        noise_shape: the shape of the random choices; None: that of the input.
        seed: the seed of the random choices.
        **kwargs: as `Layer`.

    Source:
        Klambauer et al. 2017, arXiv:1706.02515.
    """

    CONFIG = ("rate",)

    def __init__(
        self, rate: Any, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Returns the result.

        Args:
            inputs: a tensor of floats.
            training: whether elements are left out; None: the learning phase.
        """
        if not 0.0 < self.rate < 1.0:
            return inputs
        shape = self.noise_shape if self.noise_shape else shape_of(inputs)
        return _in_training(lambda: self._dropped(inputs, shape), inputs, training)

    def _dropped(self, inputs: Any, shape: Any) -> Any:
        rate, lowest = self.rate, -_SELU_ALPHA * _SELU_SCALE
        uniform = random_uniform(
            shape, 0.0, 1.0, dtype=keras_state.floatx(), seed=numpy_seed(self.seed)
        )
        kept = cast(greater_equal(uniform, rate), keras_state.floatx())
        factor = ((1 - rate) * (1 + rate * lowest**2)) ** -0.5
        x = inputs * kept + lowest * (1 - kept)
        return factor * x + -factor * lowest * rate
