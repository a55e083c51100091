"""Iterators as operations: made, initialized, asked for elements, named by strings."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.errors import (
    FailedPreconditionError,
    KernelError,
    NotFoundError,
    OutOfRangeError,
)
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, compatible, text
from graphflow.core.state import Store
from graphflow.formats import proto
from graphflow.ops._datasets import Dataset, Element, Function, Place, owned, thing
from graphflow.ops._queues import private_name
from graphflow.ops.dataset_ops import SPEC, element_shapes
from graphflow.ops.queue_ops import resource, scalar_outputs

Array = np.ndarray[Any, Any]
_DEVICE: Final = "/job:localhost/replica:0/task:0/device:CPU:0"
_UNINITIALIZED: Final = (
    "GetNext() failed because the iterator has not been initialized. Ensure that you have run the "
    "initializer operation for this iterator before getting the next element."
)
_NAMES: Final = {"float32": "float", "float64": "double", "float16": "half"}
_STATE: Final = "what comes next depends on what came before"
_handles: Final = itertools.count()
_BOTH: Final[dict[str, Any]] = {"output_types": 1, "output_shapes": 1}


class IteratorResource:
    """Where a session is in a data set.

    Args:
        shown: its name.
        types: of an element's components.
        shapes: of them.
        source: makes the data set when the first element is asked for; None: somebody initializes.
    """

    def __init__(
        self,
        shown: str,
        types: Sequence[DType],
        shapes: Sequence[Dims],
        source: Callable[[], Dataset] | None = None,
    ) -> None:
        self.shown = shown
        self.types, self.shapes = list(types), list(shapes)
        self._source = source
        self._elements: Iterator[Element] | None = None
        self._lock = threading.Lock()

    def start(self, dataset: Dataset) -> None:
        """Begins with the first element of a data set."""
        elements = dataset.iterate(Place())
        with self._lock:
            self._elements = elements

    def next(self) -> list[Any]:
        """The next element, in arrays that nobody else has.

        Raises:
            KernelError: if it is not initialized, or there is no further element.
        """
        with self._lock:
            if self._elements is None:
                if self._source is None:
                    raise KernelError(_UNINITIALIZED, FailedPreconditionError)
                self._elements = self._source().iterate(Place())
            for element in self._elements:
                return [
                    x if x.__class__ is np.ndarray and x.flags.writeable else owned(x)
                    for x in element
                ]
            self._elements = iter(())
        raise KernelError("End of sequence", OutOfRangeError)

    def check(self, types: Sequence[DType], shapes: Sequence[Dims]) -> None:
        """Checks what somebody expects of the elements.

        Raises:
            KernelError: if the types or shapes are others.
        """
        if types and len(types) != len(self.types):
            raise KernelError(
                f"Number of components does not match: expected {len(types)} types but got "
                f"{len(self.types)}."
            )
        for i, (wanted, own) in enumerate(zip(types, self.types, strict=False)):
            if wanted != own:
                names = [_NAMES.get(t.name, t.name) for t in (wanted, own)]
                raise KernelError(
                    f"Data type mismatch at component {i}: expected {names[0]} but got {names[1]}."
                )
        for i, (dims, has) in enumerate(zip(shapes, self.shapes, strict=False)):
            if not compatible(dims, has):
                raise KernelError(
                    f"Incompatible shapes at component {i}: expected {text(dims)} but got "
                    f"{text(has)}."
                )


def _finish(new: OpDef) -> OpDef:
    if new.inputs and new.outputs:
        new.no_gradient(_STATE, raises=True)
    new.host_only("its elements are made one after the other")
    return new


# --- IteratorV2, Iterator, OneShotIterator ---
def _maker(op_type: str) -> OpDef:
    new = define(
        f"{op_type}(*, shared_name: string, container: string, {SPEC}) -> handle: resource",
        stateful=True,
        shape=scalar_outputs,
        **_BOTH,
    )

    def kernel(
        *,
        store: Store,
        name: str,
        shared_name: str,
        container: str,
        output_types: list[DType],
        output_shapes: list[Dims],
    ) -> IteratorResource:
        def made(shown: str) -> IteratorResource:
            return IteratorResource(shown, output_types, output_shapes)

        found: IteratorResource = resource(store, "iterator", container, shared_name, name, made)
        if shared_name:
            found.check(output_types, output_shapes)
        return found

    new.numpy(kernel)
    return _finish(new)


ITERATOR_V2 = _maker("IteratorV2")
ITERATOR = _maker("Iterator")
ONE_SHOT = _finish(
    define(
        f"OneShotIterator(*, dataset_factory: func, {SPEC}, container: string = '', "
        "shared_name: string = '') -> handle: resource",
        stateful=True,
        shape=scalar_outputs,
        **_BOTH,
    )
)


@ONE_SHOT.numpy
def _(
    *,
    store: Store,
    name: str,
    dataset_factory: Any,
    container: str,
    shared_name: str,
    output_types: list[DType],
    output_shapes: list[Dims],
) -> IteratorResource:
    def source() -> Dataset:
        found: Dataset = thing(Function(store, dataset_factory).call()()[0])
        return found

    def made(shown: str) -> IteratorResource:
        return IteratorResource(shown, output_types, output_shapes, source)

    found: IteratorResource = resource(store, "iterator", container, shared_name, name, made)
    return found


# --- AnonymousIterator ---
def _anonymous(
    *, output_types: list[DType], output_shapes: list[Dims], name: str
) -> IteratorResource:
    return IteratorResource(private_name("AnonymousIterator"), output_types, output_shapes)


ANONYMOUS = _finish(
    define(
        f"AnonymousIterator(*, {SPEC}) -> handle: resource",
        stateful=True,
        shape=scalar_outputs,
        **_BOTH,
    )
)
ANONYMOUS.numpy(_anonymous)
ANONYMOUS_V2 = _finish(
    define(
        f"AnonymousIteratorV2(*, {SPEC}) -> handle: resource, deleter: variant",
        stateful=True,
        shape=scalar_outputs,
        **_BOTH,
    )
)


@ANONYMOUS_V2.numpy
def _(*, output_types: list[DType], output_shapes: list[Dims], name: str) -> tuple[Any, Array]:
    made = _anonymous(output_types=output_types, output_shapes=output_shapes, name=name)
    return made, np.zeros((), object)


DELETE = _finish(define("DeleteIterator(handle: resource, deleter: variant)", stateful=True))


@DELETE.numpy
def _(handle: Any, deleter: Any) -> None:
    """The iterator goes when nobody holds it any more."""


# --- MakeIterator ---
MAKE = _finish(define("MakeIterator(dataset: variant, iterator: resource)", stateful=True))


@MAKE.numpy
def _(dataset: Any, iterator: Any) -> None:
    thing(iterator).start(thing(dataset))


# --- IteratorGetNext ---
def _get_next(op_type: str) -> OpDef:
    new = define(
        f"{op_type}(iterator: resource, *, {SPEC}) -> components: output_types...",
        stateful=True,
        shape=element_shapes,
        **_BOTH,
    )
    new.numpy(_next)
    return _finish(new)


def _next(iterator: Any) -> list[Any]:
    found: list[Any] = thing(iterator).next()
    return found


GET_NEXT = _get_next("IteratorGetNext")
GET_NEXT_SYNC = _get_next("IteratorGetNextSync")

# --- handles as strings ---
TO_STRING = _finish(
    define(
        "IteratorToStringHandle(resource_handle: resource) -> string_handle: string",
        stateful=True,
        shape=scalar_outputs,
    )
)


@TO_STRING.numpy
def _(iterator: Any, *, store: Store) -> Array:
    found: IteratorResource = thing(iterator)
    handle = proto.ResourceHandleProto(
        device=_DEVICE,
        container="localhost",
        name=found.shown,
        hash_code=np.uint64(id(type(found))).item(),
        maybe_type_name="N10tensorflow4data16IteratorResourceE",
    )
    store.cell("", f"iterator named {found.shown}", lambda: found)
    made = np.empty((), object)
    made[()] = handle.SerializeToString()
    return made


def _from_string(op_type: str) -> OpDef:
    new = define(
        f"{op_type}(string_handle: string, *, output_types: list(type) = [], "
        "output_shapes: list(shape) = []) -> resource_handle: resource",
        stateful=True,
        shape=_checked_scalar,
        output_types=0,
        output_shapes=0,
    )
    new.numpy(_named)
    return _finish(new)


def _checked_scalar(op: Operation) -> list[Dims]:
    return [()]


def _named(
    handle: Array, *, output_types: list[DType], output_shapes: list[Dims], store: Store
) -> IteratorResource:
    if handle.ndim:
        raise KernelError("string_handle must be a scalar")
    message = proto.ResourceHandleProto()
    try:
        message.ParseFromString(handle.item())
    except Exception:  # protobuf's DecodeError, without importing it
        message = None
    if message is None or not message.name:
        raise KernelError("Could not parse string_handle as a valid ResourceHandle")
    found: IteratorResource | None = store.find("", f"iterator named {message.name}")
    if found is None:
        place = message.container or "localhost"
        raise KernelError(
            f"Resource {place}/{message.name} does not exist. (Could not find resource: "
            f"{place}/{message.name})",
            NotFoundError,
        )
    found.check(output_types, output_shapes)
    return found


FROM_STRING_V2 = _from_string("IteratorFromStringHandleV2")
FROM_STRING = _from_string("IteratorFromStringHandle")
DEVICE = _finish(
    define(
        "IteratorGetDevice(resource: resource) -> device: string",
        stateful=True,
        shape=scalar_outputs,
    )
)


@DEVICE.numpy
def _(iterator: Any) -> Array:
    made = np.empty((), object)
    made[()] = _DEVICE.encode()
    return made


# --- Optional ---
class Optional:
    """An element, or none."""

    __slots__ = ("element",)

    def __init__(self, element: Sequence[Any] | None) -> None:
        self.element = element


NEXT_OPTIONAL = _finish(
    define(
        f"IteratorGetNextAsOptional(iterator: resource, *, {SPEC}) -> optional: variant",
        stateful=True,
        shape=scalar_outputs,
        **_BOTH,
    )
)


@NEXT_OPTIONAL.numpy
def _(iterator: Any) -> Optional:
    try:
        return Optional(thing(iterator).next())
    except KernelError as e:
        if e.error is not OutOfRangeError:
            raise
        return Optional(None)


OPTIONAL_FROM_VALUE = _finish(
    define(
        "OptionalFromValue(components: Toutput_types...) -> optional: variant",
        shape=scalar_outputs,
        Toutput_types=1,
    )
)


@OPTIONAL_FROM_VALUE.numpy
def _(components: Sequence[Any]) -> Optional:
    return Optional([np.array(x) if isinstance(x, np.ndarray) else x for x in components])


OPTIONAL_NONE = _finish(define("OptionalNone() -> optional: variant", shape=scalar_outputs))


@OPTIONAL_NONE.numpy
def _() -> Optional:
    return Optional(None)


OPTIONAL_HAS_VALUE = _finish(
    define("OptionalHasValue(optional: variant) -> has_value: bool", shape=scalar_outputs)
)


@OPTIONAL_HAS_VALUE.numpy
def _(optional: Any) -> Array:
    return np.array(thing(optional).element is not None)


OPTIONAL_GET_VALUE = _finish(
    define(
        f"OptionalGetValue(optional: variant, *, {SPEC}) -> components: output_types...",
        shape=element_shapes,
        **_BOTH,
    )
)


@OPTIONAL_GET_VALUE.numpy
def _(optional: Any) -> list[Any]:
    element = thing(optional).element
    if element is None:
        raise KernelError("The given optional does not have a value.")
    return [np.array(x) if isinstance(x, np.ndarray) else x for x in element]
