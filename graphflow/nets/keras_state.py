"""What Keras keeps for a process and for a graph: settings, counts of names, the learning phase."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.dtypes import as_dtype
from graphflow.core.export import export
from graphflow.ops.constant import placeholder, placeholder_with_default
from graphflow.ops.variable_lists import is_variable_initialized, variables_initializer
from graphflow.ops.variable_store import graph_object
from graphflow.runtime.session import Session

LEARNING_PHASE: Final = "keras_learning_phase"
_FORMATS: Final = ("channels_last", "channels_first")


class _Settings:
    floatx = "float32"
    epsilon = 1e-7
    image_data_format = "channels_last"
    manual_initialization = False


class _Global(threading.local):
    """The session that Keras made for itself in this thread."""

    session: Any = None


_global: Final = _Global()


# --- settings ---
@export("keras.backend.floatx")
def floatx() -> str:
    """Returns the name of the element type of new numbers, "float32" unless it was set."""
    return _Settings.floatx


@export("keras.backend.set_floatx")
def set_floatx(value: str) -> None:
    """Sets the element type of new numbers.

    Args:
        value: "float16", "float32" or "float64".

    Raises:
        ValueError: if it is none of these.
    """
    if value not in ("float16", "float32", "float64"):
        raise ValueError(f"Unknown floatx type: {value}")
    _Settings.floatx = str(value)


@export("keras.backend.epsilon")
def epsilon() -> float:
    """Returns the small number that keeps divisions and logarithms finite, 1e-7 unless set."""
    return _Settings.epsilon


@export("keras.backend.set_epsilon")
def set_epsilon(value: float) -> None:
    """Sets the small number that keeps divisions and logarithms finite."""
    _Settings.epsilon = value


@export("keras.backend.image_data_format")
def image_data_format() -> str:
    """Returns where images have their channels unless a layer says it."""
    return _Settings.image_data_format


@export("keras.backend.set_image_data_format")
def set_image_data_format(data_format: str) -> None:
    """Sets where images have their channels unless a layer says it.

    Args:
        data_format: "channels_last" or "channels_first".

    Raises:
        ValueError: if it is neither.
    """
    if data_format not in _FORMATS:
        raise ValueError(f"Unknown data_format: {data_format}")
    _Settings.image_data_format = str(data_format)


@export("keras.backend.cast_to_floatx")
def cast_to_floatx(x: Any) -> Any:
    """Returns an array in the element type of new numbers.

    Args:
        x: an array or what NumPy makes one of.
    """
    return np.asarray(x, dtype=_Settings.floatx)


# --- names ---
def name_counts() -> defaultdict[tuple[str, str], int]:
    """Returns how often each name was used in the default graph, by (namespace, name)."""
    found: defaultdict[tuple[str, str], int] = graph_object(
        "__layer_names", lambda: defaultdict(int)
    )
    return found


def unique_object_name(name: str, zero_based: bool = False) -> str:
    """Returns a name with a number that no object of the default graph got before.

    Args:
        name: what the number is put after.
        zero_based: whether the first name has no number and the second number 1.
    """
    counts = name_counts()
    key = ("", name)
    number = counts[key] if zero_based else counts[key] + 1
    counts[key] += 1
    return f"{name}_{number}" if number else name


@export("keras.backend.get_uid")
def get_uid(prefix: str = "") -> int:
    """Returns how often this was called with the prefix in the default graph.

    Args:
        prefix: what is counted.
    """
    counts = name_counts()
    counts["uid", prefix] += 1
    return counts["uid", prefix]


@export("keras.backend.reset_uids")
def reset_uids() -> None:
    """Begins again with the numbers of names in the default graph."""
    name_counts().clear()


# --- the learning phase ---
def phase_of_graph() -> dict[str, Any]:
    """Returns the box with the default graph's learning phase, under "phase" once it is there."""
    found: dict[str, Any] = graph_object("__keras_learning_phase", dict)
    return found


@export("keras.backend.learning_phase")
def learning_phase() -> Any:
    """Returns whether the network learns: 0 or 1 where that was set, else a tensor to feed.

    Returns:
        A number, or a scalar of bools that is False unless it is fed.
    """
    held = phase_of_graph()
    if "phase" not in held:
        with scopes.name_scope(""):
            held["phase"] = placeholder_with_default(False, shape=(), name=LEARNING_PHASE)
    return held["phase"]


@export("keras.backend.set_learning_phase")
def set_learning_phase(value: int) -> None:
    """Sets whether networks that are made from now on learn.

    Args:
        value: 0 or 1.

    Raises:
        ValueError: if it is neither.
    """
    if value not in (0, 1):
        raise ValueError("Expected learning phase to be 0 or 1.")
    phase_of_graph()["phase"] = value


# --- the session ---
@export("keras.backend.manual_variable_initialization")
def manual_variable_initialization(value: bool) -> None:
    """Sets whether variables are left for the program to initialize."""
    _Settings.manual_initialization = value


def track_variable(variable: Any) -> None:
    """Notes a variable that `get_session` is to initialize."""
    graph_object("__keras_variables", dict).setdefault(id(variable), variable)


def track_optimizer(optimizer: Any) -> None:
    """Notes an optimizer of `tf.train` whose variables `get_session` is to initialize.

    Args:
        optimizer: what has it as `optimizer`.
    """
    graph_object("__keras_optimizers", list).append(optimizer)


def _session() -> Any:
    found = scopes.get_default_session()
    if found is not None:
        return found
    graph = scopes.get_default_graph()
    if _global.session is None or _global.session.graph is not graph:
        _global.session = Session(graph=graph)
    return _global.session


@export("keras.backend.get_session")
def get_session(op_input_list: Any = ()) -> Any:
    """Returns the session of Keras: the default one, else one of its own for the default graph.

    Variables that Keras made and that have no value yet get their first one.

    Args:
        op_input_list: without effect in graphs, as in TensorFlow.
    """
    session = _session()
    if not _Settings.manual_initialization:
        with session.graph.as_default():
            _initialize(session)
    return session


def _initialize(session: Any) -> None:
    held: dict[int, Any] = graph_object("__keras_variables", dict)
    for wrapper in graph_object("__keras_optimizers", list):
        held.update((id(v), v) for v in wrapper.optimizer.variables())
    fresh = [v for v in held.values() if not getattr(v, "_keras_initialized", False)]
    if not fresh:
        return
    known = session.run([is_variable_initialized(v) for v in fresh])
    empty = [v for v, has_value in zip(fresh, known, strict=True) if not has_value]
    for variable in fresh:
        variable._keras_initialized = True
    if empty:
        session.run(variables_initializer(empty))


@export("keras.backend.set_session")
def set_session(session: Any) -> None:
    """Sets the session of Keras.

    Args:
        session: a `tf.Session`.
    """
    _global.session = session


@export("keras.backend.clear_session")
def clear_session() -> None:
    """Forgets the default graph, the session of Keras, and all numbers of names."""
    scopes.reset_default_graph()
    reset_uids()
    _global.session = None
    phase_of_graph().clear()
    learning_phase()


# --- values ---
@export("keras.backend.get_value")
def get_value(x: Any) -> Any:
    """Returns the value of a variable or tensor, as an array.

    Args:
        x: the variable; anything else than a tensor is returned as it is.
    """
    if scopes.get_default_graph().executes:
        return x.numpy() if hasattr(x, "numpy") else x
    if not hasattr(x, "op"):
        return x
    return get_session((x,)).run(x)


@export("keras.backend.batch_get_value")
def batch_get_value(tensors: Any) -> list[Any]:
    """Returns the values of variables or tensors, as arrays.

    Args:
        tensors: a list of them.
    """
    if scopes.get_default_graph().executes:
        return [x.numpy() for x in tensors]
    return list(get_session(tensors).run(tensors)) if tensors else []


@export("keras.backend.set_value")
def set_value(x: Any, value: Any) -> None:
    """Sets the value of a variable.

    Args:
        x: the variable.
        value: an array of its shape.
    """
    batch_set_value([(x, value)])


@export("keras.backend.batch_set_value")
def batch_set_value(tuples: Any) -> None:
    """Sets the values of variables.

    Args:
        tuples: pairs of a variable and an array of its shape.
    """
    if scopes.get_default_graph().executes:
        for variable, value in tuples:
            variable.assign(np.asarray(value, as_dtype(variable.dtype).base_dtype.as_numpy_dtype))
        return
    if not tuples:
        return
    session = get_session()
    assignments, feeds = [], {}
    for variable, value in tuples:
        array = np.asarray(value, as_dtype(variable.dtype).base_dtype.as_numpy_dtype)
        assignments.append(_assignment(variable, array))
        feeds[variable._assign_placeholder] = array
    session.run(assignments, feed_dict=feeds)


def _assignment(variable: Any, value: Any) -> Any:
    """The operation that assigns what is fed; made once for a variable, as TensorFlow makes it."""
    if not hasattr(variable, "_assign_op"):
        dtype = as_dtype(variable.dtype).base_dtype
        variable._assign_placeholder = placeholder(dtype, shape=value.shape)
        variable._assign_op = variable.assign(variable._assign_placeholder)
    return variable._assign_op
