"""tf.contrib.layers' initializers: functions that choose the spread by a weight's shape."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from graphflow.core.dtypes import as_dtype, float32
from graphflow.core.export import export, publish
from graphflow.nets.contrib_collect import layers_and_slim
from graphflow.ops.random import random_uniform, truncated_normal

_SPACES = ("contrib.layers.python.layers.initializers", "contrib.slim.initializers")
_MODES = ("FAN_IN", "FAN_OUT", "FAN_AVG")


def _check_float(dtype: Any) -> None:
    if not as_dtype(dtype).is_floating:
        raise TypeError("Cannot create initializer for non-floating point type.")


def _fans(shape: Sequence[Any]) -> tuple[float, float]:
    """How many inputs and outputs each weight connects; a kernel's window counts for both."""
    if not shape:
        return 1.0, 1.0
    window = math.prod(float(size) for size in shape[:-2])
    inputs = shape[-2] if len(shape) > 1 else shape[-1]
    return float(inputs) * window, float(shape[-1]) * window


@export(*layers_and_slim("variance_scaling_initializer"))
def variance_scaling_initializer(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: int | None = None,
    dtype: Any = float32,
) -> Callable[..., Any]:
    """Returns an initializer whose values have the variance `factor / n`.

    Args:
        factor: the factor.
        mode: what n is: "FAN_IN", the inputs of a weight; "FAN_OUT", its outputs; "FAN_AVG",
            the mean of both.
        uniform: uniform numbers instead of normal ones, which are cut at two deviations.
        seed: the seed of the random numbers.
        dtype: the type where none is asked for.

    Raises:
        TypeError: if the type is no float, or the mode is not known.

    Source: He et al. 2015, "Delving deep into rectifiers" (the defaults); Glorot and Bengio 2010.
    """
    _check_float(dtype)
    if mode not in _MODES:
        raise TypeError(f"Unknown mode {mode} [FAN_IN, FAN_OUT, FAN_AVG]")

    def initializer(shape: Any, dtype: Any = dtype, partition_info: Any = None) -> Any:
        _check_float(dtype)
        fan_in, fan_out = _fans(shape)
        n = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2.0}[mode]
        if uniform:
            limit = math.sqrt(3.0 * factor / n)
            return random_uniform(shape, -limit, limit, dtype, seed=seed)
        # 1.3 makes up for the tails that are cut off.
        return truncated_normal(shape, 0.0, math.sqrt(1.3 * factor / n), dtype, seed=seed)

    return initializer


@export(*layers_and_slim("xavier_initializer", "xavier_initializer_conv2d"))
def xavier_initializer(
    uniform: bool = True, seed: int | None = None, dtype: Any = float32
) -> Callable[..., Any]:
    """Returns an initializer that keeps the spread of values and gradients equal in all layers.

    Args:
        uniform: uniform numbers instead of normal ones.
        seed: the seed of the random numbers.
        dtype: the type where none is asked for.

    Raises:
        TypeError: if the type is no float.

    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep networks".
    """
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


xavier_initializer_conv2d = xavier_initializer
for _space in _SPACES:
    publish(variance_scaling_initializer, f"{_space}.variance_scaling_initializer")
    for _name in ("xavier_initializer", "xavier_initializer_conv2d"):
        publish(xavier_initializer, f"{_space}.{_name}")
