"""Fetches and feeds: from what the user writes to tensors, and back to the user's structure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core.errors import InaccessibleTensorError
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.core.values import string_array

Array = np.ndarray[Any, Any]

EMPTY_GRAPH: Final = (
    "The Session graph is empty.  Add operations to the graph before calling run()."
)


class Fetched:
    """What a fetch argument stands for.

    `tensors` are the distinct tensors whose values are wanted, `targets` the operations to run;
    `rebuild(values)` puts the values into the structure of the argument.
    """

    __slots__ = ("key", "rebuild", "special", "targets", "tensors")

    def __init__(self, graph: Any, fetches: Any) -> None:
        self.tensors: list[Tensor] = []
        self.targets: list[Operation] = []
        self.special: list[tuple[int, Tensor]] = []
        """Places and tensors whose operations say what a run returns for them."""
        places: dict[Tensor, int] = {}
        self.rebuild = self._structure(graph, fetches, places)
        self.key = (tuple(self.tensors), tuple(self.targets))
        """What is fetched, for looking up plans."""

    def _structure(
        self, graph: Any, fetch: Any, places: dict[Tensor, int]
    ) -> Callable[[list[Any]], Any]:
        if fetch is None:
            raise TypeError(f"Fetch argument {fetch!r} has invalid type {type(fetch)!r}")
        if isinstance(fetch, list | tuple):
            return self._sequence(graph, fetch, places)
        if isinstance(fetch, Mapping):
            parts = [(k, self._structure(graph, v, places)) for k, v in fetch.items()]
            kind = type(fetch) if isinstance(fetch, OrderedDict) else dict
            return lambda values: kind([(k, part(values)) for k, part in parts])
        if _is_attrs(fetch):
            names = [a.name for a in type(fetch).__attrs_attrs__]
            made = [self._structure(graph, getattr(fetch, n), places) for n in names]
            cls = type(fetch)
            return lambda values: cls(*[part(values) for part in made])
        parts_of = getattr(fetch, "_fetch_parts", None)
        if parts_of is not None:  # SparseTensor, IndexedSlices
            tensors, result = parts_of()
            made = [self._structure(graph, t, places) for t in tensors]
            return lambda values: result(*[part(values) for part in made])
        return self._element(graph, fetch, places)

    def _sequence(
        self, graph: Any, fetch: Sequence[Any], places: dict[Tensor, int]
    ) -> Callable[[list[Any]], Any]:
        made = [self._structure(graph, item, places) for item in fetch]
        if isinstance(fetch, tuple) and hasattr(fetch, "_fields"):
            cls = type(fetch)
            return lambda values: cls(*[part(values) for part in made])
        kind = list if isinstance(fetch, list) else tuple
        return lambda values: kind([part(values) for part in made])

    def _element(
        self, graph: Any, fetch: Any, places: dict[Tensor, int]
    ) -> Callable[[list[Any]], Any]:
        try:
            element = graph.as_graph_element(fetch, allow_tensor=True, allow_operation=True)
        except TypeError as e:
            raise TypeError(
                f"Fetch argument {fetch!r} has invalid type {type(fetch)!r}, "
                f"must be a string or Tensor. ({e})"
            ) from None
        except (ValueError, KeyError) as e:
            kind = "Tensor" if isinstance(e, KeyError) else type(fetch).__name__
            if isinstance(fetch, str | Tensor):
                kind = "Tensor"
            raise ValueError(
                f"Fetch argument {fetch!r} cannot be interpreted as a {kind}. ({e})"
            ) from None
        if not graph.is_fetchable(element):
            op = getattr(element, "op", element)
            raise InaccessibleTensorError(
                f"Operation {op.name!r} has been marked as not fetchable. Typically this happens "
                "when it is defined in another function or code block. Use return values, "
                "explicit Python locals or TensorFlow collections to access it."
            )
        if isinstance(element, Operation):
            self.targets.append(element)
            return lambda values: None
        place = places.get(element)
        if place is None:
            place = places[element] = len(self.tensors)
            self.tensors.append(element)
            if element.op.definition.fetched is not None:
                self.special.append((place, element))
        at = place
        return lambda values: values[at]


def _is_attrs(value: Any) -> bool:
    return hasattr(type(value), "__attrs_attrs__")


def feeds(graph: Any, feed_dict: Any) -> list[tuple[Tensor, Any]]:
    """Returns the tensors and arrays of a feed_dict.

    Raises:
        TypeError: if it is no dictionary, a key is no tensor of the graph, or a value is a tensor
            or an int that the type cannot hold.
        ValueError: if a value cannot become an array, or has another shape than the tensor.
    """
    if feed_dict.__class__ is not dict and not isinstance(feed_dict, Mapping):
        raise TypeError(f"feed_dict must be a dictionary, not {type(feed_dict).__name__}")
    found: list[tuple[Tensor, Any]] = []
    unfeedable = graph._unfeedable
    for key, value in feed_dict.items():
        if key.__class__ is Tensor and key.op.graph is graph and not unfeedable:
            found.append((key, array_of(key, value)))
            continue
        for tensor, part in _pairs(graph, key, value):
            if not graph.is_feedable(tensor):
                raise ValueError(f"Tensor {tensor} may not be fed.")
            found.append((tensor, array_of(tensor, part)))
    return found


def _pairs(graph: Any, key: Any, value: Any) -> list[tuple[Tensor, Any]]:
    parts_of = getattr(key, "_fetch_parts", None)
    if parts_of is not None:
        tensors, _ = parts_of()
        # As in TensorFlow a part may be left out: it is one that the run does not need.
        return list(zip(tensors, value, strict=False))
    if isinstance(key, tuple):
        if not isinstance(value, list | tuple) or len(value) != len(key):
            raise TypeError(f"The fed value {value!r} does not have the structure of {key!r}")
        return [p for k, v in zip(key, value, strict=True) for p in _pairs(graph, k, v)]
    return [(feed_key(graph, key), value)]


def feed_key(graph: Any, key: Any) -> Tensor:
    """Returns the tensor that a key of a feed_dict is or names.

    Raises:
        TypeError: if it is none.
    """
    try:
        found: Tensor = graph.as_graph_element(key, allow_operation=False)
    except Exception as e:
        text = e.args[0] if isinstance(e, KeyError) else e
        raise TypeError(f"Cannot interpret feed_dict key as Tensor: {text}") from None
    return found


def array_of(tensor: Tensor, value: Any) -> Any:
    """Returns a fed value as an array of the tensor's type; an array of that type as it is.

    Raises:
        TypeError: if the value is a tensor, or an int that the type cannot hold.
        ValueError: if it cannot become an array, or has another shape than the tensor.
    """
    dtype = tensor._dtype._base
    wanted = dtype.as_numpy_dtype
    if value.__class__ is np.ndarray and value.dtype == wanted and dtype.kind != "S":
        array = value
    elif value.__class__ is float and dtype.kind == "f":
        array = np.array(value, wanted)
    else:
        array = _converted(tensor, value, dtype, wanted)
    dims = tensor.dims
    if dims is not None and not _fits(array.shape, dims):
        raise ValueError(
            f"Cannot feed value of shape {array.shape!r} for Tensor {tensor.name!r}, "
            f"which has shape '{tensor.shape}'"
        )
    return array


def _fits(shape: tuple[int, ...], dims: tuple[int | None, ...]) -> bool:
    if len(shape) != len(dims):
        return False
    for n, d in zip(shape, dims, strict=True):  # noqa: SIM110 (a generator costs 0.5 us more)
        if d is not None and n != d:
            return False
    return True


def _converted(tensor: Tensor, value: Any, dtype: Any, wanted: Any) -> Array:
    kept = getattr(value, "_as_fed", None)
    if kept is not None:  # a TensorHandle: its value stays in the session
        value = kept()
    if isinstance(value, Tensor):
        raise TypeError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include "
            "Python scalars, strings, lists, numpy ndarrays, or TensorHandles. For reference, the "
            f"tensor object was {value} which was passed to the feed with key {tensor}."
        )
    if dtype.kind == "S":
        return string_array(value)
    is_int = isinstance(value, int) and not isinstance(value, bool)
    if is_int and dtype.kind in "iu" and not dtype.min <= value <= dtype.max:
        raise TypeError(
            f"Type of feed value {value} with type {type(value)} is not compatible with "
            f"Tensor type {wanted}. Try explicitly setting the type of the feed tensor to a "
            "larger type (e.g. int64)."
        )
    if isinstance(value, np.ndarray):
        return value.astype(wanted)
    if dtype.kind in "iu":
        # Python's own rule for lists of ints is an overflow error; TensorFlow's cast wraps.
        return np.asarray(value).astype(wanted)
    return np.asarray(value, wanted)


def own(value: Any) -> Any:
    """A fetched value as the user gets it: a NumPy scalar for a 0-d array."""
    if value.__class__ is np.ndarray:
        return value if value.ndim else value[()]
    return value
