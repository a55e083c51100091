"""tf.contrib.framework's assignment of values and checkpoints to variables."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.export import export_in, publish
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.constant import placeholder
from graphflow.ops.control_ops import group
from graphflow.ops.slice_info import checkpoint_name
from graphflow.training import global_step
from graphflow.training.checkpoints import (
    NewCheckpointReader,
    list_variables,
    load_checkpoint,
    load_variable,
)
from graphflow.training.init_from_checkpoint import init_from_checkpoint
from graphflow.training.saver import Saver

_log = logging.getLogger("graphflow")
_SPACES: Final = ("contrib.framework", "contrib.slim", "contrib.framework.python.ops.variables")
_public = export_in(*_SPACES)
_V1: Final = 1
Feeds = dict[Tensor, np.ndarray[Any, Any]]


for _name in (
    "assert_global_step",
    "get_global_step",
    "create_global_step",
    "get_or_create_global_step",
):
    for _space in _SPACES:
        publish(getattr(global_step, _name), f"{_space}.{_name}")

for _reader in (list_variables, load_checkpoint, load_variable, init_from_checkpoint):
    publish(_reader, f"contrib.framework.{_reader.__name__}")


@_public
def assert_or_get_global_step(graph: Any = None, global_step_tensor: Any = None) -> Any:
    """Returns a global step: the one that is given, which is checked, or the graph's.

    Args:
        graph: the graph; None: the default graph.
        global_step_tensor: the step.

    Raises:
        TypeError: if it is no integer scalar.
    """
    if global_step_tensor is None:
        return global_step.get_global_step(graph)
    global_step.assert_global_step(global_step_tensor)
    return global_step_tensor


def _assignment(variable: Any) -> tuple[Any, Tensor]:
    """What assigns a variable, and the placeholder that takes its value."""
    value = placeholder(
        variable.dtype.base_dtype, variable.get_shape(), f"placeholder/{variable.op.name}"
    )
    return variable.assign(value), value


# --- values ---
@_public
def assign_from_values(
    var_names_to_values: Mapping[str, np.ndarray[Any, Any]],
) -> tuple[Operation, Feeds]:
    """Returns an operation that gives variables values, and what to feed it with.

    Args:
        var_names_to_values: arrays by the names of global variables.

    Raises:
        ValueError: if there is no such variable, or several.
    """
    assigned, feeds = [], {}
    for name, array in var_names_to_values.items():
        variable = _of_name(name)
        op, value = _assignment(variable)
        assigned.append(op)
        feeds[value] = array.reshape(variable.get_shape().as_list())
    return group(*assigned), feeds


def _of_name(name: str) -> Any:
    found = scopes.get_collection(GraphKeys.GLOBAL_VARIABLES, name)
    if not found:
        raise ValueError(f"Variable {name} wasn't found")
    if len(found) == 1:
        return found[0]
    for variable in found:
        if variable.op.name == name:
            return variable
    raise ValueError(f"Variable {name} doesn't uniquely identify a variable")


@_public
def assign_from_values_fn(
    var_names_to_values: Mapping[str, np.ndarray[Any, Any]],
) -> Callable[[Any], Any]:
    """Returns a function of a session that gives variables values.

    Args:
        var_names_to_values: arrays by the names of global variables.

    Raises:
        ValueError: if there is no such variable, or several.
    """
    assign, feeds = assign_from_values(var_names_to_values)

    def callback(session: Any) -> Any:
        return session.run(assign, feeds)

    return callback


# --- checkpoints ---
def _grouped(var_list: Any) -> dict[str, list[Any]]:
    """The variables that get each tensor of a checkpoint; parts of a variable share one."""
    found: dict[str, list[Any]] = {}
    if isinstance(var_list, tuple | list):
        for variable in var_list:
            found.setdefault(checkpoint_name(variable), []).append(variable)
    else:
        for name, value in var_list.items():
            found[name] = list(value) if isinstance(value, tuple | list) else [value]
    return found


@_public
def assign_from_checkpoint(
    model_path: Any, var_list: Any, ignore_missing_vars: bool = False
) -> tuple[Operation, Feeds]:
    """Returns an operation that gives variables the values of a checkpoint, and what to feed it.

    Args:
        model_path: the checkpoint.
        var_list: the variables; or a dict of variables, or lists of their parts, by the names
            that they have in the checkpoint.
        ignore_missing_vars: leave out what the checkpoint does not have.

    Raises:
        ValueError: if something is missing, or has another shape.
    """
    reader = NewCheckpointReader(os.fspath(model_path))
    assigned, feeds = [], {}
    for name, variables in _grouped(var_list).items():
        if not reader.has_tensor(name):
            if not ignore_missing_vars:
                raise ValueError(f"Checkpoint is missing variable [{name}]")
            _log.warning("Checkpoint is missing variable [%s]", name)
            continue
        array = reader.get_tensor(name)
        for variable in variables:
            op, value = _assignment(variable)
            assigned.append(op)
            feeds[value] = _part(name, variable, array)
    return group(*assigned), feeds


def _part(name: str, variable: Any, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    part = getattr(variable, "_save_slice_info", None)
    if part:
        pairs = zip(part.var_offset, part.var_shape, strict=True)
        index = tuple(slice(start, start + size) for start, size in pairs)
        return array[index].reshape(part.var_shape)
    if variable.get_shape().as_list() != list(array.shape):
        raise ValueError(
            f"Total size of new array must be unchanged for {name} "
            f"lh_shape: [{array.shape}], rh_shape: [{variable.get_shape()}]"
        )
    return array


@_public
def assign_from_checkpoint_fn(
    model_path: Any,
    var_list: Any,
    ignore_missing_vars: bool = False,
    reshape_variables: bool = False,
) -> Callable[[Any], None] | None:
    """Returns a function of a session that restores variables from a checkpoint.

    Args:
        model_path: the checkpoint.
        var_list: the variables, or a dict of them by the names that they have there.
        ignore_missing_vars: leave out what the checkpoint does not have.
        reshape_variables: take values of another shape but the same size.

    Returns:
        None if there is nothing to restore.

    Raises:
        ValueError: if the list is empty.
    """
    if not var_list:
        raise ValueError("var_list cannot be empty")
    if ignore_missing_vars:
        var_list = _available(os.fspath(model_path), var_list)
    if not var_list:
        _log.warning("No Variables to restore")
        return None
    saver = Saver(var_list, reshape=reshape_variables, write_version=_V1)

    def callback(session: Any) -> None:
        saver.restore(session, model_path)

    return callback


def _available(path: str, var_list: dict[str, Any] | Sequence[Any]) -> dict[str, Any]:
    reader = NewCheckpointReader(path)
    named = var_list if isinstance(var_list, dict) else {v.op.name: v for v in var_list}
    for name in [name for name in named if not reader.has_tensor(name)]:
        _log.warning("Variable %s missing in checkpoint %s", name, path)
    return {name: variable for name, variable in named.items() if reader.has_tensor(name)}
