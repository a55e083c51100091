"""tf.contrib.framework's variables: made by name, looked up by scope and by name."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.device import DeviceSpec
from graphflow.core.dtypes import float32
from graphflow.core.export import export_in
from graphflow.nets.contrib_arg_scope import add_arg_scope
from graphflow.ops.slice_info import checkpoint_name
from graphflow.ops.variable_scope import VariableScope, get_variable, get_variable_scope
from graphflow.ops.variables import Variable, VariableAggregation, VariableSynchronization

_SPACES: Final = ("contrib.framework", "contrib.slim", "contrib.framework.python.ops.variables")


_public = export_in(*_SPACES)


# --- making variables ---
@_public
@add_arg_scope
def variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Any = None,
    custom_getter: Any = None,
    use_resource: bool | None = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:
    """Returns the variable of that name, as `tf.get_variable`; an argument scope gives defaults.

    Args:
        name: the name inside the variable scope.
        shape: its shape.
        dtype: its type.
        initializer: makes its first value.
        regularizer: a function of it that is noted as a loss.
        trainable: whether optimizers change it.
        collections: names of collections it goes into; None: GLOBAL_VARIABLES.
        caching_device: a device where a copy is kept for readers.
        device: the device it lies on; or a function that says so for an operation.
        partitioner: cuts it into parts.
        custom_getter: called in place of `tf.get_variable`, with its arguments and `reuse`.
        use_resource: True for a resource variable.
        synchronization: kept for TensorFlow's sake.
        aggregation: kept for TensorFlow's sake.
    """
    chosen = [GraphKeys.GLOBAL_VARIABLES] if collections is None else collections
    getter = get_variable
    if custom_getter is not None:
        getter = functools.partial(custom_getter, reuse=get_variable_scope().reuse)
    with scopes.device(device or ""):
        return getter(
            name,
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
            collections=list(dict.fromkeys(chosen)),
            caching_device=caching_device,
            partitioner=partitioner,
            use_resource=use_resource,
            synchronization=synchronization,
            aggregation=aggregation,
        )


@_public
@add_arg_scope
def model_variable(
    name: str,
    shape: Any = None,
    dtype: Any = float32,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Any = None,
    custom_getter: Any = None,
    use_resource: bool | None = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:
    """Returns a variable that is noted in GLOBAL_VARIABLES and MODEL_VARIABLES.

    Args:
        name: the name inside the variable scope.
        shape: its shape.
        dtype: its type.
        initializer: makes its first value.
        regularizer: a function of it that is noted as a loss.
        trainable: whether optimizers change it.
        collections: names of further collections it goes into.
        caching_device: a device where a copy is kept for readers.
        device: the device it lies on; or a function that says so for an operation.
        partitioner: cuts it into parts.
        custom_getter: called in place of `tf.get_variable`, with its arguments and `reuse`.
        use_resource: True for a resource variable.
        synchronization: kept for TensorFlow's sake.
        aggregation: kept for TensorFlow's sake.
    """
    both = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES]
    return variable(
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=[*(collections or ()), *both],
        caching_device=caching_device,
        device=device,
        partitioner=partitioner,
        custom_getter=custom_getter,
        use_resource=use_resource,
        synchronization=synchronization,
        aggregation=aggregation,
    )


@_public
def local_variable(
    initial_value: Any,
    validate_shape: bool = True,
    name: str | None = None,
    use_resource: bool | None = None,
) -> Variable:
    """Returns a new variable in LOCAL_VARIABLES, which optimizers do not change.

    Args:
        initial_value: its first value.
        validate_shape: False allows a value of unknown shape.
        name: its name.
        use_resource: True for a resource variable.
    """
    return _plain(GraphKeys.LOCAL_VARIABLES, initial_value, validate_shape, name, use_resource)


@_public
def global_variable(
    initial_value: Any,
    validate_shape: bool = True,
    name: str | None = None,
    use_resource: bool | None = None,
) -> Variable:
    """Returns a new variable in GLOBAL_VARIABLES, which optimizers do not change.

    Args:
        initial_value: its first value.
        validate_shape: False allows a value of unknown shape.
        name: its name.
        use_resource: True for a resource variable.
    """
    return _plain(GraphKeys.GLOBAL_VARIABLES, initial_value, validate_shape, name, use_resource)


def _plain(
    collection: str, value: Any, validate_shape: bool, name: str | None, use_resource: bool | None
) -> Variable:
    return Variable(
        value,
        trainable=False,
        collections=[collection],
        validate_shape=validate_shape,
        name=name,
        use_resource=use_resource,
    )


@_public
def add_model_variable(var: Any) -> None:
    """Notes a variable in MODEL_VARIABLES, unless it is there.

    Args:
        var: the variable.
    """
    if not any(var is held for held in scopes.get_collection(GraphKeys.MODEL_VARIABLES)):
        scopes.add_to_collection(GraphKeys.MODEL_VARIABLES, var)


# --- finding variables ---
@_public
def get_variables(
    scope: Any = None, suffix: str | None = None, collection: str = GraphKeys.GLOBAL_VARIABLES
) -> list[Any]:
    """Returns the variables of a collection, by the beginning and the end of their names.

    Args:
        scope: a regular expression that the beginning must match, or a VariableScope; None: any.
        suffix: the end of the name.
        collection: the collection's name.
    """
    if isinstance(scope, VariableScope):
        scope = scope.name
    if suffix is not None:
        scope = f"{scope or ''}.*{suffix}" + ("" if ":" in suffix else ":")
    return scopes.get_collection(collection, scope)


@_public
def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """Returns the variables in MODEL_VARIABLES, as `get_variables`."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


@_public
def get_local_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """Returns the variables in LOCAL_VARIABLES, as `get_variables`."""
    return get_variables(scope, suffix, GraphKeys.LOCAL_VARIABLES)


@_public
def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """Returns the variables in TRAINABLE_VARIABLES, as `get_variables`."""
    return get_variables(scope, suffix, GraphKeys.TRAINABLE_VARIABLES)


def _of_scopes(name: str, given: Any) -> list[Any]:
    if not isinstance(given, list | tuple):
        raise TypeError(f"{name} is provided but is not a list or a tuple.")
    return [held for scope in given for held in get_variables(scope)]


@_public
def get_variables_to_restore(
    include: Sequence[Any] | None = None, exclude: Sequence[Any] | None = None
) -> list[Any]:
    """Returns the global variables of some scopes, less those of others.

    Args:
        include: the scopes; None: all variables.
        exclude: scopes to leave out.

    Raises:
        TypeError: if one is neither a list nor a tuple.
    """
    chosen = get_variables() if include is None else _of_scopes("include", include)
    without = set() if exclude is None else {id(v) for v in _of_scopes("exclude", exclude)}
    return [v for v in chosen if id(v) not in without]


@_public
def get_variables_by_suffix(suffix: str, scope: Any = None) -> list[Any]:
    """Returns the global variables whose names end so, as `get_variables`."""
    return get_variables(scope=scope, suffix=suffix)


@_public
def get_variables_by_name(given_name: str, scope: Any = None) -> list[Any]:
    """Returns the global variables of that name, in any scope.

    Args:
        given_name: the last part of the name.
        scope: the scope to look in.
    """
    return get_variables(scope=scope, suffix=f"/{given_name}:|^{given_name}:")


@_public
def get_unique_variable(var_op_name: str) -> Any:
    """Returns the global variable of that full name.

    Args:
        var_op_name: the name, without ":0".

    Raises:
        ValueError: if there is none.
    """
    found = get_variables(scope=var_op_name)
    if not found:
        raise ValueError(f"Couldn't find variable {var_op_name}")
    for candidate in found:
        if candidate.op.name == var_op_name:
            return candidate
    raise ValueError(f"Variable {var_op_name} does not uniquely identify a variable")


@_public
def get_variable_full_name(var: Any) -> str:
    """Returns the name that a variable has in checkpoints: a part of one has that of the whole.

    Args:
        var: the variable.
    """
    return checkpoint_name(var)


@_public
def filter_variables(
    var_list: Iterable[Any],
    include_patterns: Iterable[str] | None = None,
    exclude_patterns: Iterable[str] | None = None,
    reg_search: bool = True,
) -> list[Any]:
    """Returns the variables whose names match one of some patterns, and none of others.

    Args:
        var_list: the variables.
        include_patterns: regular expressions; None: all variables.
        exclude_patterns: regular expressions.
        reg_search: look anywhere in the name, not only at its beginning.
    """
    look = re.search if reg_search else re.match

    def matches(var: Any, patterns: Iterable[str]) -> bool:
        return any(look(pattern, var.name) for pattern in patterns)

    kept = [v for v in var_list if include_patterns is None or matches(v, include_patterns)]
    return [v for v in kept if exclude_patterns is None or not matches(v, exclude_patterns)]


@_public
class VariableDeviceChooser:
    """A device function that gives variables to the tasks of a job in turn.

    Args:
        num_tasks: the number of tasks; 0: the devices name none.
        job_name: the job.
        device_type: the kind of device.
        device_index: the device's number.
        replica: the replica's number.
    """

    def __init__(
        self,
        num_tasks: int = 0,
        job_name: str = "ps",
        device_type: str = "CPU",
        device_index: int = 0,
        replica: int | None = None,
    ) -> None:
        self._job_name = job_name
        self._device_type = device_type
        self._device_index = device_index
        self._replica = replica
        self._num_tasks = num_tasks
        self._next_task_id = 0

    def __call__(self, op: Any) -> str:
        """Returns the device of an operation."""
        job, task = None, None
        if self._num_tasks > 0:
            job, task = self._job_name, self._next_task_id
            self._next_task_id = (task + 1) % self._num_tasks
        spec = DeviceSpec(job, self._replica, task, self._device_type, self._device_index)
        found: str = spec.to_string()
        return found
