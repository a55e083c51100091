"""Switches between TensorFlow 1's and 2's ways that programs of 1.15 know."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from graphflow.core import scopes, shape
from graphflow.core.compat import horizon
from graphflow.core.eager_switch import enable_eager_execution
from graphflow.core.export import export
from graphflow.platform import app


@export("enable_control_flow_v2")
def enable_control_flow_v2() -> None:
    """Does nothing: graphs with either kind of control flow run."""


@export("control_flow_v2_enabled")
def control_flow_v2_enabled() -> bool:
    """Returns False: what programs declare is TensorFlow 1's control flow."""
    return False


@export("enable_tensor_equality")
def enable_tensor_equality() -> None:
    """Does nothing: in graphs tensors compare by identity, as they do in TensorFlow 1.15."""


@export("enable_v2_tensorshape")
def enable_v2_tensorshape() -> None:
    """Lets the elements of a TensorShape be numbers and None from now on."""
    shape.v2_elements[0] = True


@export("disable_v2_tensorshape")
def disable_v2_tensorshape() -> None:
    """Lets the elements of a TensorShape be Dimensions, as they are from the start."""
    shape.v2_elements[0] = False


@export("enable_v2_behavior")
def enable_v2_behavior() -> None:
    """Turns on eager execution and TensorShapes of plain numbers; see `enable_eager_execution`."""
    enable_eager_execution()
    enable_v2_tensorshape()


@export("contrib.eager.run")
def eager_run(main: Any = None, argv: Any = None) -> None:
    """Turns on eager execution, parses the flags, calls `main` and exits with what it returns.

    Args:
        main: as for `tf.app.run`.
        argv: as for `tf.app.run`.
    """
    enable_eager_execution()
    app.run(main, argv)


@export("op_scope")
@contextlib.contextmanager
def op_scope(values: Any, name: str | None, default_name: str | None = None) -> Iterator[str]:
    """A context that puts a scope before the names of new operations: the aged `name_scope`.

    Args:
        values: tensors that the operations use.
        name: the scope; None: `default_name`.
        default_name: the scope where `name` is None.
    """
    with scopes.name_scope(name, default_name, values) as scope:
        yield scope


@export("compat.forward_compatibility_horizon")
@contextlib.contextmanager
def forward_compatibility_horizon(year: int, month: int, day: int) -> Iterator[None]:
    """A context in which `tf.compat.forward_compatible` answers as of another day.

    Args:
        year: of a day up to which TensorFlow's newer readers may be counted on.
        month: as above.
        day: as above.
    """
    horizon.append((year, month, day))
    try:
        yield
    finally:
        horizon.pop()


@export("experimental.function_executor_type")
@contextlib.contextmanager
def function_executor_type(executor_type: str | None) -> Iterator[None]:
    """A context that changes nothing: there is one way to run a function.

    Args:
        executor_type: the name of one of TensorFlow's ways.
    """
    yield


@export("experimental.output_all_intermediates")
def output_all_intermediates(state: bool | None) -> None:
    """Does nothing: gradients of control flow find what they need.

    Args:
        state: whether functions of control flow return what is inside them.
    """
