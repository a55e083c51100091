"""The variables of a graph as lists, and the operations that initialize or examine all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core import convert, scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.declare import apply
from graphflow.core.dtypes import string
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops import state
from graphflow.ops.control_ops import group, no_op
from graphflow.ops.mask import boolean_mask


@export("global_variables")
def global_variables(scope: str | None = None) -> list[Any]:
    """Returns the variables of the default graph that are not local.

    Args:
        scope: a regular expression that the start of a variable's name must match.
    """
    return scopes.get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


@export("all_variables")
def all_variables() -> list[Any]:
    """Returns `tf.global_variables()`: the name that TensorFlow 0.x had for it."""
    return global_variables()


@export("local_variables")
def local_variables(scope: str | None = None) -> list[Any]:
    """Returns the variables in the collection LOCAL_VARIABLES, such as those of metrics.

    Args:
        scope: a regular expression that the start of a variable's name must match.
    """
    return scopes.get_collection(GraphKeys.LOCAL_VARIABLES, scope)


@export("model_variables")
def model_variables(scope: str | None = None) -> list[Any]:
    """Returns the variables in the collection MODEL_VARIABLES.

    Args:
        scope: a regular expression that the start of a variable's name must match.
    """
    return scopes.get_collection(GraphKeys.MODEL_VARIABLES, scope)


@export("trainable_variables")
def trainable_variables(scope: str | None = None) -> list[Any]:
    """Returns the variables that optimizers change by default.

    Args:
        scope: a regular expression that the start of a variable's name must match.
    """
    return scopes.get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


@export("moving_average_variables")
def moving_average_variables(scope: str | None = None) -> list[Any]:
    """Returns the variables that have moving averages.

    Args:
        scope: a regular expression that the start of a variable's name must match.
    """
    return scopes.get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


@export("variables_initializer", "initializers.variables")
def variables_initializer(var_list: Sequence[Any], name: str = "init") -> Operation:
    """Returns an operation that gives each variable its initial value.

    Args:
        var_list: the variables.
        name: the node's name.
    """
    if var_list:
        return group(*[v.initializer for v in var_list], name=name)
    return no_op(name=name)


@export("initialize_variables")
def initialize_variables(var_list: Sequence[Any], name: str = "init") -> Operation:
    """Returns `tf.variables_initializer(var_list)`: its name before TensorFlow 0.12."""
    return variables_initializer(var_list, name=name)


@export("global_variables_initializer", "initializers.global_variables")
def global_variables_initializer() -> Operation:
    """Returns an operation that gives all global variables their initial values."""
    return variables_initializer(global_variables())


@export("initialize_all_variables")
def initialize_all_variables() -> Operation:
    """Returns `tf.global_variables_initializer()`: its name before TensorFlow 0.12."""
    return global_variables_initializer()


@export("local_variables_initializer", "initializers.local_variables")
def local_variables_initializer() -> Operation:
    """Returns an operation that gives all local variables their initial values."""
    return variables_initializer(local_variables())


@export("initialize_local_variables")
def initialize_local_variables() -> Operation:
    """Returns `tf.local_variables_initializer()`: its name before TensorFlow 0.12."""
    return local_variables_initializer()


@export("is_variable_initialized")
def is_variable_initialized(variable: Any) -> Tensor:
    """Returns a bool scalar: whether a variable has a value.

    Args:
        variable: the variable.
    """
    return state.is_variable_initialized(variable)


def _known_variables() -> list[Any]:
    """Global and local variables; where a graph has none in its collections, their tensors."""
    found = global_variables() + local_variables()
    if found:
        return found
    return [
        op.outputs[0]
        for op in scopes.get_default_graph().get_operations()
        if op.type in ("Variable", "VariableV2")
    ]


@export("assert_variables_initialized")
def assert_variables_initialized(var_list: Sequence[Any] | None = None) -> Tensor | None:
    """Returns a tensor whose run fails unless all variables have values.

    Args:
        var_list: the variables; None: global and local ones. Where there are none: the graph's
            reference variables, wherever they are listed.

    Returns:
        The ranks of the variables, or None if there are no variables.
    """
    found = _known_variables() if var_list is None else list(var_list)
    if not found:
        operations = scopes.get_default_graph().get_operations()
        found = [op.outputs[0] for op in operations if op.type in ("Variable", "VariableV2")]
    if not found:
        return None
    ranks = []
    for var in found:
        with scopes.colocate_with(var):
            ranks.append(apply("Rank", var))
    stacked: Tensor = ranks[0] if len(ranks) == 1 else apply("Pack", ranks, name="stack")
    return stacked


@export("report_uninitialized_variables")
def report_uninitialized_variables(
    var_list: Sequence[Any] | None = None, name: str = "report_uninitialized_variables"
) -> Tensor:
    """Returns the names of the variables without a value, a vector of strings.

    Args:
        var_list: the variables; None: global and local ones.
        name: a scope for the operations.
    """
    found = _known_variables() if var_list is None else list(var_list)
    with scopes.name_scope(name):
        checks = [state.is_variable_initialized(v) for v in found]
        with scopes.device("/cpu:0"):
            if not found:
                return convert.constant(np.array([], object), string, "Const")
            missing = apply("LogicalNot", apply("Pack", checks, name="stack"))
            names = convert.convert([v.op.name for v in found], string)
            selected: Tensor = boolean_mask(names, missing)
            return selected
