"""Keras style: layers that keep their variables to themselves instead of in a variable scope."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

from graphflow.core.dtypes import DType, bool_
from graphflow.core.export import export
from graphflow.nets.initializers import GlorotUniform, Zeros
from graphflow.ops.variable_scope import make_variable
from graphflow.ops.variables import Variable


class _Style:
    on = False


def is_on() -> bool:
    """Whether layers that are made now are in Keras style."""
    return _Style.on


@export("layers.experimental.keras_style_scope")
@contextlib.contextmanager
def keras_style_scope() -> Iterator[None]:
    """A context whose layers and cells are in Keras style.

    Such a layer makes resource variables of its own, named below the name scope of its first call;
    it shares none by name, and leaves UPDATE_OPS alone.
    """
    before = _Style.on
    _Style.on = True
    try:
        yield
    finally:
        _Style.on = before


@export("layers.experimental.set_keras_style")
def set_keras_style() -> None:
    """Makes all layers and cells from now on in Keras style; see `keras_style_scope`."""
    _Style.on = True


def refuse(argument: str, given: Any) -> None:
    """Checks that nobody asks a layer in Keras style for a variable scope.

    Args:
        argument: "scope" or "reuse".
        given: what was given for it.

    Raises:
        ValueError: if that is not None.
    """
    if given is not None:
        raise ValueError(
            f"{argument} argument not allowed when keras style layers are enabled, but saw: {given}"
        )


def variable(
    name: str | None,
    shape: Any,
    dtype: DType,
    initializer: Any,
    use_resource: bool | None,
    **options: Any,
) -> Variable:
    """Returns a new variable of a layer in Keras style.

    Args:
        name: the name below the open name scope.
        shape: the sizes.
        dtype: the element type.
        initializer: makes the first value; None: glorot_uniform, zeros for integers and bools.
        use_resource: False for a reference variable.
        **options: further arguments of `tf.Variable`.

    Raises:
        ValueError: if there is no initializer and none for the element type.
    """
    if initializer is None:
        initializer = default_initializer(name, dtype)
    elif isinstance(initializer, type):
        initializer = initializer()
    made: Variable = make_variable(
        initial_value=functools.partial(initializer, shape, dtype=dtype),
        name=name,
        dtype=dtype,
        use_resource=use_resource is None or use_resource,
        validate_shape=True,
        **options,
    )
    return made


def default_initializer(name: str | None, dtype: DType) -> Any:
    """Returns what makes the first value of a variable that says nothing about it.

    Args:
        name: the variable's name, for the message.
        dtype: its element type.

    Raises:
        ValueError: if there is nothing for the element type.
    """
    if dtype.is_floating:
        return GlorotUniform()
    if dtype.is_integer or dtype == bool_:
        return Zeros()
    raise ValueError(
        f"An initializer for variable {name} of type {dtype.base_dtype} is required for layer"
    )
