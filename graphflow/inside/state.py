"""Names of tensorflow.python.ops.state_ops that are not public."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.tensor import Tensor
from graphflow.ops.state import assign


def variable_op_v2(
    shape: Any, dtype: Any, name: str = "Variable", container: str = "", shared_name: str = ""
) -> Tensor:
    """Returns the reference to a new variable that nothing initializes.

    Args:
        shape: its shape.
        dtype: its type.
        name: the node's name.
        container: the container of its value.
        shared_name: the name of its value there; "": the node's name.
    """
    made: Tensor = apply(
        "VariableV2",
        shape=shape,
        dtype=dtype,
        name=name,
        container=container,
        shared_name=shared_name,
    )
    return made


def variable_op(
    shape: Any,
    dtype: Any,
    name: str = "Variable",
    set_shape: bool = True,
    container: str = "",
    shared_name: str = "",
) -> Tensor:
    """As `variable_op_v2`; without `set_shape` the shape of the result is unknown."""
    return variable_op_v2(shape if set_shape else None, dtype, name, container, shared_name)


def init_variable(v: Any, init: Any, name: str = "init") -> Any:
    """Returns an operation that gives a variable its first value.

    Args:
        v: a variable or its reference.
        init: a value, a tensor, or a function of (shape, dtype).
        name: follows the variable's name in the node's.
    """
    with (
        scopes.name_scope(None, f"{v.op.name}/", [v, init]),
        scopes.name_scope(name) as scope,
        scopes.colocate_with(v),
    ):
        value = init(v.get_shape().as_list(), v.dtype.base_dtype)[0] if callable(init) else init
        return assign(v, value, name=scope)
