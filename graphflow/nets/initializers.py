"""Initializers: objects that make the first value of a variable of a given shape.

An initializer is called as `initializer(shape, dtype=None, partition_info=None)`, and adds
TensorFlow's nodes to the graph; `get_config` and `from_config` write it down and read it back.
`partition_info` says which part of a larger variable is wanted (`full_shape`, `var_offset`).
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype, float32
from graphflow.core.export import export
from graphflow.core.late import provide
from graphflow.core.shape import dimension_value
from graphflow.core.tensor import Tensor
from graphflow.ops.constant import constant
from graphflow.ops.diag import eye
from graphflow.ops.fill import ones, zeros
from graphflow.ops.qr import qr
from graphflow.ops.random import random_normal, random_uniform, truncated_normal
from graphflow.ops.transpose import matrix_transpose

_TRUNCATED_STDDEV = 0.87962566103423978  # of a unit normal that is cut at two deviations


class Initializer:
    """What makes the first value of a variable.

    Subclasses set the attributes that `fields` lists; these are the configuration.
    """

    fields: ClassVar[tuple[str, ...]] = ("dtype",)
    dtype: DType

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Returns the value for a shape.

        Args:
            shape: the sizes.
            dtype: the element type; None: the initializer's own.
            partition_info: where the variable lies in a larger one, or None.
        """
        raise NotImplementedError

    def _dtype(self, dtype: Any) -> Any:
        return self.dtype if dtype is None else dtype

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this initializer again."""
        return {
            field: self.dtype.name if field == "dtype" else getattr(self, field)
            for field in self.fields
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Returns the initializer of a configuration."""
        return cls(**config)


def _float_type(dtype: Any) -> DType:
    found = as_dtype(dtype)
    if not found.is_floating:
        raise ValueError(f"Expected floating point type, got {found}.")
    return found


# --- constants ---
@export("zeros_initializer", "initializers.zeros")
class Zeros(Initializer):
    """Zeros.

    Args:
        dtype: the element type.
    """

    def __init__(self, dtype: Any = float32) -> None:
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Returns zeros of a shape."""
        return zeros(shape, self._dtype(dtype))


@export("ones_initializer", "initializers.ones")
class Ones(Initializer):
    """Ones.

    Args:
        dtype: the element type.
    """

    def __init__(self, dtype: Any = float32) -> None:
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Returns ones of a shape."""
        return ones(shape, self._dtype(dtype))


@export("constant_initializer", "initializers.constant")
class Constant(Initializer):
    """Given values.

    Args:
        value: a number, a list of numbers or an array; too short a list is continued with its
            last value.
        dtype: the element type.
        verify_shape: whether the value must have the variable's shape.

    Raises:
        TypeError: if the value is of another kind.
    """

    fields: ClassVar[tuple[str, ...]] = ("value", "dtype")

    def __init__(self, value: Any = 0, dtype: Any = float32, verify_shape: bool = False) -> None:
        if not (np.isscalar(value) or isinstance(value, list | tuple | np.ndarray)):
            raise TypeError(
                f"Invalid type for initial value: {type(value)} (expected Python scalar, list or "
                "tuple of values, or numpy.ndarray)."
            )
        self.value = value
        self.dtype = as_dtype(dtype)
        self._verify_shape = verify_shape

    def __call__(
        self,
        shape: Any,
        dtype: Any = None,
        partition_info: Any = None,
        verify_shape: bool | None = None,
    ) -> Tensor:
        """Returns the value in a shape."""
        check = self._verify_shape if verify_shape is None else verify_shape
        found: Tensor = constant(self.value, self._dtype(dtype), shape, verify_shape=check)
        return found


@export("initializers.identity")
class Identity(Initializer):
    """The identity matrix, times a number.

    Args:
        gain: the number on the diagonal.
        dtype: a float type.
    """

    fields: ClassVar[tuple[str, ...]] = ("gain", "dtype")

    def __init__(self, gain: Any = 1.0, dtype: Any = float32) -> None:
        self.gain = gain
        self.dtype = _float_type(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Returns the matrix; ValueError for a shape that is not one of a matrix."""
        full = [dimension_value(d) for d in _full_shape(shape, partition_info)]
        if len(full) != 2:
            raise ValueError("Identity matrix initializer can only be used for 2D matrices.")
        found: Tensor = eye(full[0], full[1], dtype=self._dtype(dtype))
        if partition_info is not None:
            found = apply("Slice", found, partition_info.var_offset, shape)
        return self.gain * found  # type: ignore[no-any-return]  # a tensor


def _full_shape(shape: Any, partition_info: Any) -> Any:
    return shape if partition_info is None else partition_info.full_shape


# --- random numbers ---
@export("random_uniform_initializer", "initializers.random_uniform")
class RandomUniform(Initializer):
    """Numbers that are equally likely in a range.

    Args:
        minval: the lower end.
        maxval: the upper end; None: 1, for floats.
        seed: see `tf.random_normal`.
        dtype: the element type.
    """

    fields: ClassVar[tuple[str, ...]] = ("minval", "maxval", "seed", "dtype")

    def __init__(
        self, minval: Any = 0, maxval: Any = None, seed: int | None = None, dtype: Any = float32
    ) -> None:
        self.minval, self.maxval, self.seed = minval, maxval, seed
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Returns random numbers of a shape."""
        return random_uniform(shape, self.minval, self.maxval, self._dtype(dtype), self.seed)


@export("random_normal_initializer", "initializers.random_normal")
class RandomNormal(Initializer):
    """Numbers from a normal distribution.

    Args:
        mean: the mean.
        stddev: the standard deviation.
        seed: see `tf.random_normal`.
        dtype: a float type.
    """

    fields: ClassVar[tuple[str, ...]] = ("mean", "stddev", "seed", "dtype")

    def __init__(
        self, mean: Any = 0.0, stddev: Any = 1.0, seed: int | None = None, dtype: Any = float32
    ) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed
        self.dtype = _float_type(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Returns random numbers of a shape."""
        return random_normal(shape, self.mean, self.stddev, self._dtype(dtype), self.seed)


@export("truncated_normal_initializer", "initializers.truncated_normal")
class TruncatedNormal(Initializer):
    """Numbers from a normal distribution, none further away than two deviations.

    Args:
        mean: the mean.
        stddev: the standard deviation before the distribution is cut.
        seed: see `tf.random_normal`.
        dtype: a float type.
    """

    fields: ClassVar[tuple[str, ...]] = ("mean", "stddev", "seed", "dtype")

    def __init__(
        self, mean: Any = 0.0, stddev: Any = 1.0, seed: int | None = None, dtype: Any = float32
    ) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed
        self.dtype = _float_type(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Returns random numbers of a shape."""
        return truncated_normal(shape, self.mean, self.stddev, self._dtype(dtype), self.seed)


@export("uniform_unit_scaling_initializer", "initializers.uniform_unit_scaling")
class UniformUnitScaling(Initializer):
    """Uniform numbers that keep the variance of the inputs of a layer.

    Args:
        factor: what they are multiplied with.
        seed: see `tf.random_normal`.
        dtype: a float type.

    Source:
        Sussillo and Abbott 2014, arXiv:1412.6558.
    """

    fields: ClassVar[tuple[str, ...]] = ("factor", "seed", "dtype")

    def __init__(self, factor: Any = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        self.factor, self.seed = factor, seed
        self.dtype = _float_type(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Returns random numbers of a shape."""
        size = 1.0
        for dim in _full_shape(shape, partition_info)[:-1]:
            size *= float(dimension_value(dim))
        limit = math.sqrt(3 / max(size, 1.0)) * self.factor
        return random_uniform(shape, -limit, limit, self._dtype(dtype), self.seed)


# --- scaled by the size of the layer ---
def _fans(shape: Any) -> tuple[int, int]:
    """How many inputs each output has, and how many outputs each input."""
    sizes = [int(dimension_value(d)) for d in shape]
    if len(sizes) < 2:
        fan = sizes[0] if sizes else 1
        return fan, fan
    field = math.prod(sizes[:-2])
    return sizes[-2] * field, sizes[-1] * field


@export("variance_scaling_initializer", "initializers.variance_scaling")
class VarianceScaling(Initializer):
    """Random numbers whose variance is `scale / n`, so that it is kept from layer to layer.

    Args:
        scale: a positive number.
        mode: what n is: "fan_in" (the inputs of the layer), "fan_out" or "fan_avg".
        distribution: "truncated_normal" (also "normal"), "untruncated_normal" or "uniform".
        seed: see `tf.random_normal`.
        dtype: a float type.

    Raises:
        ValueError: if an argument is another.

    Source:
        He et al. 2015, arXiv:1502.01852; Glorot and Bengio 2010.
    """

    fields: ClassVar[tuple[str, ...]] = ("scale", "mode", "distribution", "seed", "dtype")

    def __init__(
        self,
        scale: Any = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        dtype: Any = float32,
    ) -> None:
        if scale <= 0:
            raise ValueError("`scale` must be positive float.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError("Invalid `mode` argument:", mode)
        distribution = distribution.lower()
        if distribution not in ("normal", "uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError("Invalid `distribution` argument:", distribution)
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed
        self.dtype = _float_type(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Returns random numbers of a shape."""
        fan_in, fan_out = _fans(_full_shape(shape, partition_info))
        n = {"fan_in": fan_in, "fan_out": fan_out}.get(self.mode, (fan_in + fan_out) / 2)
        variance, dtype = self.scale / max(1.0, n), self._dtype(dtype)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random_uniform(shape, -limit, limit, dtype, self.seed)
        if self.distribution == "untruncated_normal":
            return random_normal(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        stddev = math.sqrt(variance) / _TRUNCATED_STDDEV
        return truncated_normal(shape, 0.0, stddev, dtype, self.seed)


@export("glorot_uniform_initializer", "initializers.glorot_uniform")
class GlorotUniform(VarianceScaling):
    """Glorot's (Xavier's) uniform numbers, in +-sqrt(6 / (inputs + outputs)).

    Args:
        seed: see `tf.random_normal`.
        dtype: without effect, as in TensorFlow: the variable's type counts, or float32.
    """

    fields: ClassVar[tuple[str, ...]] = ("seed", "dtype")

    def __init__(self, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


@export("glorot_normal_initializer", "initializers.glorot_normal")
class GlorotNormal(VarianceScaling):
    """Glorot's (Xavier's) normal numbers, of variance 2 / (inputs + outputs).

    Args:
        seed: see `tf.random_normal`.
        dtype: without effect, as in TensorFlow: the variable's type counts, or float32.
    """

    fields: ClassVar[tuple[str, ...]] = ("seed", "dtype")

    def __init__(self, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


@export("initializers.lecun_normal")
def lecun_normal(seed: int | None = None) -> VarianceScaling:
    """Returns LeCun's normal initializer: truncated, of variance 1 / inputs.

    Args:
        seed: see `tf.random_normal`.
    """
    return VarianceScaling(1.0, "fan_in", "truncated_normal", seed)


@export("initializers.lecun_uniform")
def lecun_uniform(seed: int | None = None) -> VarianceScaling:
    """Returns LeCun's uniform initializer, in +-sqrt(3 / inputs).

    Args:
        seed: see `tf.random_normal`.
    """
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


@export("initializers.he_normal")
def he_normal(seed: int | None = None) -> VarianceScaling:
    """Returns He's normal initializer: truncated, of variance 2 / inputs.

    Args:
        seed: see `tf.random_normal`.
    """
    return VarianceScaling(2.0, "fan_in", "truncated_normal", seed)


@export("initializers.he_uniform")
def he_uniform(seed: int | None = None) -> VarianceScaling:
    """Returns He's uniform initializer, in +-sqrt(6 / inputs).

    Args:
        seed: see `tf.random_normal`.
    """
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


@export("orthogonal_initializer", "initializers.orthogonal")
class Orthogonal(Initializer):
    """A random matrix with orthogonal rows or columns, whichever are fewer.

    Args:
        gain: what it is multiplied with.
        seed: see `tf.random_normal`.
        dtype: a float type.

    Source:
        Saxe et al. 2014, arXiv:1312.6120.
    """

    fields: ClassVar[tuple[str, ...]] = ("gain", "seed", "dtype")

    def __init__(self, gain: Any = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        self.gain, self.seed = gain, seed
        self.dtype = _float_type(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Returns the matrix, its first axes taken together; ValueError for fewer than two axes."""
        sizes = [int(dimension_value(d)) for d in shape]
        if len(sizes) < 2:
            raise ValueError("The tensor to initialize must be at least two-dimensional")
        rows, columns = math.prod(sizes[:-1]), sizes[-1]
        flat = (max(rows, columns), min(rows, columns))
        numbers = random_normal(flat, dtype=self._dtype(dtype), seed=self.seed)
        q, r = qr(numbers)
        # With the signs of the diagonal taken out, all orthogonal matrices are equally likely.
        q = q * apply("Sign", apply("DiagPart", r))
        if rows < columns:
            q = matrix_transpose(q)
        return self.gain * apply("Reshape", q, shape)  # type: ignore[no-any-return]  # a tensor


@provide("default_initializer")
def default_initializer(name: str, dtype: DType) -> Initializer:
    """Returns what `get_variable` takes where no initializer is given.

    Args:
        name: the variable's name, for the message.
        dtype: its element type.

    Raises:
        ValueError: if there is none for the type.
    """
    if dtype.is_floating:
        return GlorotUniform()
    if dtype.is_integer or dtype.is_bool or dtype.kind == "S":
        return Zeros()
    raise ValueError(f"An initializer for variable {name} of {dtype.base_dtype} is required")
