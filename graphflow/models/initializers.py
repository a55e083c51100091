"""Keras' initializers by name, and those whose defaults Keras chose otherwise."""

from __future__ import annotations

from typing import Any, Final

from graphflow.core.dtypes import float32
from graphflow.core.export import export, publish
from graphflow.models.utils_objects import deserialize_keras_object, serialize_keras_object
from graphflow.nets import initializers as nets
from graphflow.nets.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    Identity,
    Initializer,
    Ones,
    Orthogonal,
    VarianceScaling,
    Zeros,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
)


@export("keras.initializers.TruncatedNormal", "keras.initializers.truncated_normal")
class TruncatedNormal(nets.TruncatedNormal):
    """Numbers from a normal distribution, none further away than two deviations.

    Args:
        mean: the mean.
        stddev: the standard deviation before the distribution is cut.
        seed: see `tf.random_normal`.
        dtype: a float type.
    """

    def __init__(
        self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None, dtype: Any = float32
    ) -> None:
        super().__init__(mean, stddev, seed, dtype)


@export(
    "keras.initializers.RandomUniform",
    "keras.initializers.uniform",
    "keras.initializers.random_uniform",
)
class RandomUniform(nets.RandomUniform):
    """Numbers that are equally likely in a range.

    Args:
        minval: the lower end.
        maxval: the upper end.
        seed: see `tf.random_normal`.
        dtype: the element type.
    """

    def __init__(
        self,
        minval: Any = -0.05,
        maxval: Any = 0.05,
        seed: int | None = None,
        dtype: Any = float32,
    ) -> None:
        super().__init__(minval, maxval, seed, dtype)


@export(
    "keras.initializers.RandomNormal",
    "keras.initializers.normal",
    "keras.initializers.random_normal",
)
class RandomNormal(nets.RandomNormal):
    """Numbers from a normal distribution.

    Args:
        mean: the mean.
        stddev: the standard deviation.
        seed: see `tf.random_normal`.
        dtype: a float type.
    """

    def __init__(
        self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None, dtype: Any = float32
    ) -> None:
        super().__init__(mean, stddev, seed, dtype)


_SCALED: Final = {
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "lecun_normal": lecun_normal,
    "lecun_uniform": lecun_uniform,
}
"""Functions that return an initializer: their names are called, as those of classes are."""
_CLASSES: Final[dict[str, Any]] = {
    "Constant": Constant,
    "GlorotNormal": GlorotNormal,
    "GlorotUniform": GlorotUniform,
    "Identity": Identity,
    "Initializer": Initializer,
    "Ones": Ones,
    "Orthogonal": Orthogonal,
    "RandomNormal": RandomNormal,
    "RandomUniform": RandomUniform,
    "TruncatedNormal": TruncatedNormal,
    "VarianceScaling": VarianceScaling,
    "Zeros": Zeros,
    **_SCALED,
}
_SHORT: Final[dict[str, Any]] = {
    "constant": Constant,
    "glorot_normal": GlorotNormal,
    "glorot_uniform": GlorotUniform,
    "identity": Identity,
    "normal": RandomNormal,
    "one": Ones,
    "ones": Ones,
    "orthogonal": Orthogonal,
    "random_normal": RandomNormal,
    "random_uniform": RandomUniform,
    "truncated_normal": TruncatedNormal,
    "uniform": RandomUniform,
    "zero": Zeros,
    "zeros": Zeros,
}
for _name, _thing in _CLASSES.items():
    if _name not in ("GlorotNormal", "GlorotUniform"):  # public by their short names only
        publish(_thing, f"keras.initializers.{_name}")
for _name, _thing in _SHORT.items():
    if _name not in ("one", "zero"):
        publish(_thing, f"keras.initializers.{_name}")


@export("keras.initializers.serialize")
def serialize(initializer: Any) -> Any:
    """Returns an initializer in plain data: its class name and configuration.

    Raises:
        ValueError: if it has neither a configuration nor a name.
    """
    return serialize_keras_object(initializer)


@export("keras.initializers.deserialize")
def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Returns the initializer that plain data stands for.

    Args:
        config: a name, or a dict as `serialize` returns it.
        custom_objects: a dict of the program's own initializers by name.

    Raises:
        ValueError: if the name is not known.
    """
    return deserialize_keras_object(config, {**_CLASSES, **_SHORT}, custom_objects, "initializer")


@export("keras.initializers.get")
def get(identifier: Any) -> Any:
    """Returns an initializer: a function as it is, or one by its name or configuration.

    Args:
        identifier: a name, a dict as `serialize` returns it, a function, or None.

    Raises:
        ValueError: if it is none of these, or the name is not known.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        if identifier in _SCALED:
            return deserialize({"class_name": identifier, "config": {}})
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    raise ValueError(f"Could not interpret initializer identifier: {identifier}")
