"""Python functions as operations: py_func and numpy_function on arrays.

A graph keeps its functions alive; operations name them by tokens, as TensorFlow's do, so a graph
that is written to a file does not take its functions along.
"""

from __future__ import annotations

import itertools
import traceback
import types
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core import errors, nest, scopes
from graphflow.core.convert import convert
from graphflow.core.declare import declare
from graphflow.core.dtypes import DType, as_dtype, string
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims

Array = np.ndarray[Any, Any]

# --- functions by token ---


class Callback:
    """A Python function that operations call.

    Args:
        function: takes the arrays of a run; returns what is to become arrays.
    """

    __slots__ = ("__weakref__", "function")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, arrays: Sequence[Array]) -> Any:
        """Calls the function: 0-d arrays become scalars, texts bytes."""
        return self.function(*[np.array(x)[()] for x in arrays])


_callbacks: Final[weakref.WeakValueDictionary[str, Callback]] = weakref.WeakValueDictionary()
_numbers: Final = itertools.count()


def kept(callback: Callback) -> str:
    """Gives a callback a token; it lives as long as the default graph."""
    token = f"pyfunc_{next(_numbers)}"
    _callbacks[token] = callback
    graph: Any = scopes.get_default_graph()
    while getattr(graph, "outer_graph", None) is not None:
        graph = graph.outer_graph  # the body of a function may be gone before the program is
    graph.__dict__.setdefault("_py_funcs_used_in_graph", []).append(callback)
    return token


def find_callback(token: Any) -> Callback:
    """Returns the callback of a token.

    Raises:
        KernelError: if it is gone, or lived in another process.
    """
    text = token.decode() if isinstance(token, bytes) else token
    found = _callbacks.get(text)
    if found is None:
        raise KernelError(f"ValueError: callback {text} is not found")
    return found


# --- what a function raises and returns ---

_CLASSES: Final = (
    ((ValueError, TypeError), errors.InvalidArgumentError),
    ((StopIteration,), errors.OutOfRangeError),
    ((MemoryError,), errors.ResourceExhaustedError),
    ((NotImplementedError,), errors.UnimplementedError),
)


def called(token: Any, function: Callable[..., Any], *args: Any) -> Any:
    """Calls a user's function; what it raises becomes an error of the run.

    Raises:
        KernelError: of the class that fits the exception, with its traceback in the message.
    """
    try:
        return function(*args)
    except KernelError:
        raise
    except Exception as e:
        kind = next((k for kinds, k in _CLASSES if isinstance(e, kinds)), errors.UnknownError)
        trace = "".join(traceback.format_exception(type(e), e, _users_frames(e)))
        raise KernelError(f"{type(e).__name__}: {e}\n{trace}", kind) from e


def _users_frames(e: Exception) -> types.TracebackType | None:
    """The traceback from the user's own function on, where one raised."""
    frames = e.__traceback__
    for _ in range(2):  # ours: `called` and the callback
        if frames is not None and frames.tb_next is not None:
            frames = frames.tb_next
    return frames


def _texts(array: Array) -> Array:
    """An object array of bytes."""
    found = np.empty(array.shape, object)
    for i, x in np.ndenumerate(array):
        if not isinstance(x, bytes | str):
            raise KernelError(f"Unsupported object type {type(x).__name__}", errors.InternalError)
        found[i] = x.encode() if isinstance(x, str) else x
    return found


def as_result(value: Any) -> Array:
    """Returns one value of a user's function as an array of its own.

    Raises:
        KernelError: for what no tensor can hold.
    """
    result = np.asarray(value, order="C")
    if result.dtype.kind == "S" and result is not value:
        return _texts(np.asarray(value, dtype=object))
    if result.dtype.kind == "U":
        if result is not value:
            return _texts(result.astype(object))
        result = result.astype(np.bytes_)
    if result.dtype.kind in "OS":
        return _texts(result.astype(object))
    try:
        as_dtype(result.dtype)
    except TypeError:
        raise KernelError(
            f"Unsupported numpy type: {result.dtype.name}", errors.InternalError
        ) from None
    return np.array(result, result.dtype.newbyteorder("="))


def results(value: Any) -> list[Array]:
    """Returns all values of a user's function; None is no value."""
    if value is None:
        return []
    items = value if isinstance(value, tuple | list) else [value]
    return [called(None, as_result, x) for x in items]


def _type_name(dtype: DType) -> str:
    return {"float32": "float", "float64": "double"}.get(dtype.name, dtype.name)


def checked(token: Any, found: list[Array], wanted: Sequence[DType]) -> tuple[Array, ...]:
    """Returns the values if they are as many as, and of the types that, the operation says.

    Raises:
        KernelError: otherwise.
    """
    if len(found) != len(wanted):
        raise KernelError(
            f"{token} returns {len(found)} values, but expects to see {len(wanted)} values."
        )
    for i, (array, dtype) in enumerate(zip(found, wanted, strict=True)):
        own = string if array.dtype == object else as_dtype(array.dtype)
        if own != dtype:
            raise KernelError(
                f"{i}-th value returned by {token} is {_type_name(own)}, "
                f"but expects {_type_name(dtype)}"
            )
    return tuple(found)


# --- PyFunc, PyFuncStateless ---
def unknown_shapes(op: Operation) -> list[Dims]:
    """The shape rule of operations whose results only the run knows."""
    return [None] * len(op.outputs)


def _define(op_type: str, stateful: bool) -> OpDef:
    new = define(
        f"{op_type}(input: Tin..., *, token: string, Tout: list(type)) -> output: Tout...",
        stateful=stateful,
        shape=unknown_shapes,
        Tin=0,
        Tout=0,
    )
    new.no_gradient("Python functions on arrays have no derivative").host_only("it is Python")

    # The parameter `name` keeps the call out of plans and graph construction: it runs in runs.
    def run(values: list[Array], *, token: Any, Tout: list[DType], name: str) -> Any:  # noqa: N803
        found = called(token, find_callback(token), values)
        return checked(token, results(found), Tout)

    new.numpy(run)
    return new


PY_FUNC = _define("PyFunc", stateful=True)
PY_FUNC_STATELESS = _define("PyFuncStateless", stateful=False)


def declared(
    definition: OpDef, callback: Callback, inp: Any, output_types: Any, name: str | None
) -> Any:
    """Declares a call: its tensors where a list of types is asked for, its tensor, or itself."""
    many = isinstance(output_types, list | tuple)
    wanted = list(output_types) if many else [output_types]
    if scopes.get_default_graph().executes:
        return _called_at_once(callback, inp)
    op = declare(definition, [inp], name, {"token": kept(callback), "Tout": wanted})
    if not wanted:
        return op
    return list(op.outputs) if many else op.outputs[0]


def _called_at_once(callback: Callback, inp: Sequence[Any]) -> Any:
    """Calls a Python function in eager execution; what it raises passes through."""
    found = callback.function(*[convert(x).numpy() for x in inp])
    tensors = [x if x is None else convert(x) for x in nest.flatten(found)]
    return tensors[0] if len(tensors) == 1 else tensors


def check_callable(func: Any) -> None:
    """Raises ValueError if something cannot be called."""
    if not callable(func):
        raise ValueError(f"Expected func to be callable, got func of type {type(func)}")


@export("py_func")
def py_func(
    func: Callable[..., Any],
    inp: Sequence[Any],
    Tout: Any,  # noqa: N803  TensorFlow's name
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """Calls a Python function on arrays as an operation of the graph.

    Args:
        func: gets an array for each input (of a scalar the number, of a text the bytes) and
            returns an array or a list of arrays.
        inp: the inputs: a list of tensors.
        Tout: the type of the result, or a list of types.
        stateful: False says that equal inputs give equal results: calls may be merged.
        name: the node's name.

    Returns:
        A tensor, or a list of tensors where `Tout` is a list; their shapes are not known.

    Raises:
        ValueError: if `func` cannot be called.

    Note:
        What the function raises ends the run: ValueError and TypeError as InvalidArgumentError,
        StopIteration as OutOfRangeError, MemoryError as ResourceExhaustedError,
        NotImplementedError as UnimplementedError, all else as UnknownError.
    """
    check_callable(func)
    definition = PY_FUNC if stateful else PY_FUNC_STATELESS
    return declared(definition, Callback(func), inp, Tout, name)


@export("numpy_function")
def numpy_function(
    func: Callable[..., Any],
    inp: Sequence[Any],
    Tout: Any,  # noqa: N803  TensorFlow's name
    name: str | None = None,
) -> Any:
    """Calls a Python function on arrays as an operation of the graph; see `tf.py_func`.

    Args:
        func: gets an array for each input and returns an array or a list of arrays.
        inp: the inputs: a list of tensors.
        Tout: the type of the result, or a list of types.
        name: the node's name.
    """
    check_callable(func)
    return declared(PY_FUNC, Callback(func), inp, Tout, name)
