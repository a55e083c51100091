"""What the functions of tf.contrib.layers share: where results go, and what arguments mean."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from graphflow.core import scopes
from graphflow.core.constant import constant_value as constant_array
from graphflow.core.export import export, export_in
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets.choose import known_flag
from graphflow.nets.contrib_arg_scope import add_arg_scope
from graphflow.ops.flow_cond import cond
from graphflow.ops.partitioned_variables import PartitionedVariable
from graphflow.ops.variables import Variable

_F = TypeVar("_F", bound=Callable[..., Any])
_SPACES: Final = (
    "contrib.layers.utils",
    "contrib.slim.utils",
    "contrib.layers.python.layers.utils",
)
NamedOutputs = namedtuple("NamedOutputs", ["name", "outputs"])


def layers_and_slim(*names: str) -> list[str]:
    """The public names of a function of tf.contrib.layers, which tf.contrib.slim has too."""
    return [f"{space}.{name}" for name in names for space in ("contrib.layers", "contrib.slim")]


def scoped(*names: str) -> Callable[[_F], _F]:
    """Decorates a function of tf.contrib.layers that takes part in argument scopes."""

    def put(function: _F) -> _F:
        return export(*layers_and_slim(*names))(add_arg_scope(function))

    return put


def inside(*names: str) -> list[str]:
    """The public names of a function that is reached by the modules of tf.contrib only."""
    return [f"contrib.layers.python.layers.layers.{name}" for name in names]


_utility = export_in(*_SPACES)


# --- results in collections ---
@_utility
def collect_named_outputs(collections: Any, alias: str, outputs: Any) -> Any:
    """Adds a result to collections under a second name, and returns it.

    Args:
        collections: names of collections, or one; nothing is done for none.
        alias: the second name.
        outputs: the result.
    """
    if collections:
        append_tensor_alias(outputs, alias)
        scopes.add_to_collections(collections, outputs)
    return outputs


@_utility
def append_tensor_alias(tensor: Any, alias: str) -> Any:
    """Gives a tensor another name, and returns it.

    Args:
        tensor: the tensor.
        alias: the name; a slash at its end is taken off.
    """
    tensor.aliases = [*getattr(tensor, "aliases", ()), alias.removesuffix("/")]
    return tensor


@_utility
def get_tensor_aliases(tensor: Any) -> list[str]:
    """Returns the further names of a tensor; where it has none, its own.

    Args:
        tensor: the tensor.
    """
    found: list[str] = getattr(tensor, "aliases", [])
    return found or [tensor.name.removesuffix(":0")]


@_utility
def gather_tensors_aliases(tensors: Iterable[Any]) -> list[str]:
    """Returns the names of several tensors, as `get_tensor_aliases`.

    Args:
        tensors: the tensors.
    """
    return [name for tensor in tensors for name in get_tensor_aliases(tensor)]


@_utility
def convert_collection_to_dict(
    collection: str, clear_collection: bool = False
) -> OrderedDict[str, Any]:
    """Returns the tensors of a collection by their names, as `get_tensor_aliases`.

    Args:
        collection: the collection's name.
        clear_collection: whether to empty it.
    """
    tensors = scopes.get_collection(collection)
    found = OrderedDict((name, t) for t in tensors for name in get_tensor_aliases(t))
    if clear_collection:
        scopes.get_default_graph().clear_collection(collection)
    return found


@_utility
def get_variable_collections(variables_collections: Any, name: str) -> Any:
    """Returns the collections that a variable goes into.

    Args:
        variables_collections: a list for all variables, or a dict of lists by their names.
        name: the variable's name.
    """
    if isinstance(variables_collections, dict):
        return variables_collections.get(name)
    return variables_collections


def add_to_variable_collections(variable: Any, variables_collections: Any, name: str) -> None:
    """Adds a variable that is there to the collections that it goes into.

    Args:
        variable: the variable, whole or in parts.
        variables_collections: as in `get_variable_collections`.
        name: the variable's name.
    """
    parts = list(variable) if isinstance(variable, PartitionedVariable) else [variable]
    for collection in get_variable_collections(variables_collections, name) or ():
        for part in parts:
            if not any(part is held for held in scopes.get_collection(collection)):
                scopes.add_to_collection(collection, part)


# --- values known before a run ---
@_utility
def constant_value(value_or_tensor_or_var: Any, dtype: Any = None) -> Any:
    """Returns the value of a tensor if it is known before any run, else None.

    Args:
        value_or_tensor_or_var: a tensor; a variable, which is never known; another value is
            returned as it is.
        dtype: what a tensor's type must be; None: anything.

    Raises:
        ValueError: if it is None, or of another type.
    """
    value = value_or_tensor_or_var
    if value is None:
        raise ValueError("value_or_tensor_or_var cannot be None")
    if not isinstance(value, Tensor | Variable):
        return value
    if dtype and value.dtype != dtype:
        raise ValueError(f"It has the wrong type {value.dtype} instead of {dtype}")
    return None if isinstance(value, Variable) else constant_array(value)


@_utility
def static_cond(pred: Any, fn1: Callable[[], Any], fn2: Callable[[], Any]) -> Any:
    """Returns the result of one of two functions, by a Python value.

    Args:
        pred: the value.
        fn1: called if it is true.
        fn2: called if not.

    Raises:
        TypeError: if one is no function.
    """
    for name, function in (("fn1", fn1), ("fn2", fn2)):
        if not callable(function):
            raise TypeError(f"{name} must be callable.")
    return fn1() if pred else fn2()


@_utility
def smart_cond(
    pred: Any, fn1: Callable[[], Any], fn2: Callable[[], Any], name: str | None = None
) -> Any:
    """Returns the result of one of two functions; makes a `tf.cond` only where it must.

    Args:
        pred: a bool, or a scalar tensor.
        fn1: makes the result for True.
        fn2: makes the one for False.
        name: the name of the cond.
    """
    known = constant_value(pred)
    return cond(pred, fn1, fn2, name=name) if known is None else static_cond(known, fn1, fn2)


@export("contrib.framework.smart_cond")
def framework_smart_cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """Returns the result of one of two functions; makes a `tf.cond` only where it must.

    Args:
        pred: a bool, 0 or 1, or a scalar tensor.
        true_fn: makes the result for True.
        false_fn: makes the one for False.
        name: the name of the cond.

    Raises:
        TypeError: if a function is none, or `pred` is something else.
    """
    for argument, function in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(function):
            raise TypeError(f"`{argument}` must be callable.")
    known = known_flag(pred)
    if known is None:
        return cond(pred, true_fn, false_fn, name=name)
    return static_cond(known, true_fn, false_fn)  # type: ignore[arg-type]  # callable, as seen


# --- sizes ---
def _dimension(shape: TensorShape, index: int, min_rank: int) -> int:
    if shape.dims is None:
        raise ValueError("dims of shape must be known but is None")
    if len(shape.dims) < min_rank:
        raise ValueError(f"rank of shape must be at least {min_rank} not: {len(shape.dims)}")
    found: int | None = shape.dims[index].value
    if found is None:
        raise ValueError(f"dimension {index} of shape must be known but is None: {shape}")
    return found


@_utility
def channel_dimension(shape: TensorShape, data_format: str, min_rank: int = 1) -> int:
    """Returns the number of channels of a shape.

    Args:
        shape: the shape.
        data_format: "channels_first" (axis 1) or "channels_last".
        min_rank: the least rank.

    Raises:
        ValueError: if it is not known, or the rank is too small.
    """
    return _dimension(shape, 1 if data_format == "channels_first" else -1, min_rank)


@_utility
def last_dimension(shape: TensorShape, min_rank: int = 1) -> int:
    """Returns the last size of a shape.

    Args:
        shape: the shape.
        min_rank: the least rank.

    Raises:
        ValueError: if it is not known, or the rank is too small.
    """
    return _dimension(shape, -1, min_rank)


@_utility
def two_element_tuple(int_or_tuple: Any) -> tuple[Any, Any]:
    """Returns a pair: two numbers as they are, one number twice.

    Args:
        int_or_tuple: an int, or a list or shape of two.

    Raises:
        ValueError: if it is something else.
    """
    match int_or_tuple:
        case list() | tuple():
            if len(int_or_tuple) != 2:
                raise ValueError(f"Must be a list with 2 elements: {int_or_tuple}")
            return int(int_or_tuple[0]), int(int_or_tuple[1])
        case int():
            return int(int_or_tuple), int(int_or_tuple)
        case TensorShape() if len(int_or_tuple) == 2:
            return int_or_tuple[0], int_or_tuple[1]
    raise ValueError("Must be an int, a list with 2 elements or a TensorShape of length 2")


@_utility
def n_positive_integers(n: int, value: int | Sequence[int]) -> tuple[int, ...]:
    """Returns n numbers above 0: n numbers as they are, one number n times.

    Args:
        n: how many.
        value: a number, or n of them.

    Raises:
        ValueError: if there are not n, or one is below 1.
    """
    if int(n) < 1 or int(n) != n:
        raise ValueError("n must be a positive integer")
    try:
        values = (int(value),) * int(n)  # type: ignore[arg-type]  # else it is a sequence
    except (TypeError, ValueError):
        wrong = f"Expected sequence of {n} positive integers, but received {value!r}"
        if len(value) != n:  # type: ignore[arg-type]  # a sequence
            raise ValueError(wrong) from None
        try:
            values = tuple(map(int, value))  # type: ignore[arg-type]  # a sequence
        except (TypeError, ValueError):
            raise ValueError(wrong) from None
    for number in values:
        if number < 1:
            raise ValueError(f"expected positive integer, but received {number}")
    return values


# --- data formats ---
def check_format(data_format: Any, spatial: str = "HW") -> str:
    """Returns "channels_first" or "channels_last" for a format such as "NCHW".

    Args:
        data_format: the format.
        spatial: the letters of its sizes in space.

    Raises:
        ValueError: if it is another one.
    """
    first, last = f"NC{spatial}", f"N{spatial}C"
    if data_format not in (first, last):
        raise ValueError(f"data_format has to be either {first} or {last}.")
    return "channels_first" if data_format == first else "channels_last"
