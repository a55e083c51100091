"""The global step: a variable that counts training steps."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.dtypes import int64
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops import state
from graphflow.ops.variable_scope import get_variable
from graphflow.ops.variable_store import zeros_initializer
from graphflow.ops.variables import Variable, VariableAggregation

_READ: Any = "global_step_read_op_cache"


@export("train.global_step")
def global_step(sess: Any, global_step_tensor: Any) -> int:
    """Returns the value of the global step in a session.

    Args:
        sess: the session.
        global_step_tensor: the variable, or a tensor of it.
    """
    return int(sess.run(global_step_tensor))


@export("train.get_global_step")
def get_global_step(graph: Any = None) -> Any:
    """Returns the global step of a graph, or None.

    Args:
        graph: the graph; None: the default one.

    Raises:
        TypeError: if what is there is no integer scalar.
    """
    graph = graph or scopes.get_default_graph()
    found = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if len(found) > 1:
        return None  # TensorFlow logs an error and goes on without
    if found:
        step = found[0]
    else:
        try:
            step = graph.get_tensor_by_name("global_step:0")
        except KeyError:
            return None
    assert_global_step(step)
    return step


@export("train.create_global_step")
def create_global_step(graph: Any = None) -> Any:
    """Makes the global step of a graph: an int64 variable that is not trainable.

    Args:
        graph: the graph; None: the default one.

    Raises:
        ValueError: if there is one.
    """
    graph = graph or scopes.get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with graph.as_default(), graph.name_scope(None):
        return get_variable(
            GraphKeys.GLOBAL_STEP,
            shape=[],
            dtype=int64,
            initializer=zeros_initializer,
            trainable=False,
            aggregation=VariableAggregation.ONLY_FIRST_REPLICA,
            collections=[GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP],
        )


@export("train.get_or_create_global_step")
def get_or_create_global_step(graph: Any = None) -> Any:
    """Returns the global step of a graph; makes it if there is none.

    Args:
        graph: the graph; None: the default one.
    """
    graph = graph or scopes.get_default_graph()
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


@export("train.assert_global_step")
def assert_global_step(global_step_tensor: Any) -> None:
    """Raises TypeError unless the argument can be a global step: an integer scalar.

    Args:
        global_step_tensor: a variable or tensor.
    """
    step = global_step_tensor
    if not isinstance(step, Variable | Tensor):
        raise TypeError(f'Existing "global_step" must be a Variable or Tensor: {step}.')
    if not step.dtype.base_dtype.is_integer:
        raise TypeError(f'Existing "global_step" does not have integer type: {step.dtype}')
    shape = step.get_shape()
    if shape.ndims != 0 and shape.is_fully_defined():
        raise TypeError(f'Existing "global_step" is not scalar: {shape}')


# --- reads and steps that monitored sessions and estimators use ---
def get_or_create_global_step_read(graph: Any = None) -> Any:
    """Returns a tensor of the global step that is read before the step is incremented, or None.

    Args:
        graph: the graph; None: the default one.
    """
    graph = graph or scopes.get_default_graph()
    found = graph.get_collection(_READ)
    if found:
        return found[0]
    step = get_global_step(graph)
    if step is None:
        return None
    with graph.as_default(), graph.name_scope(None), graph.name_scope(f"{step.op.name}/"):
        value = step.initialized_value() if isinstance(step, Variable) else step
        read = value + 0
        scopes.add_to_collection(_READ, read)
    return read


def step_after_run(session: Any, step: Any, fetched: Any) -> Any:
    """Returns the global step as TensorFlow shows what a run fetched of the variable itself.

    A reference variable it shows as it is when the run has ended: after the first step it is 1. A
    resource variable it shows as it was when it was read.

    Args:
        session: the session of the run.
        step: the variable.
        fetched: what the run fetched, which here is the value before the step.
    """
    return session.run(step) if step.dtype._is_ref_dtype else fetched


def increment_global_step(increment: int, graph: Any = None) -> Any:
    """Returns an operation that adds to the global step after it has been read.

    Args:
        increment: how much.
        graph: the graph; None: the default one.

    Raises:
        ValueError: if there is no global step.
    """
    graph = graph or scopes.get_default_graph()
    step = get_global_step(graph)
    if step is None:
        raise ValueError(
            "Global step tensor should be created by tf.train.get_or_create_global_step before "
            "calling increment."
        )
    read = get_or_create_global_step_read(graph)
    with (
        graph.as_default(),
        graph.name_scope(None),
        graph.name_scope(f"{step.op.name}/"),
        scopes.control_dependencies([read]),
    ):
        return state.assign_add(step, increment)
