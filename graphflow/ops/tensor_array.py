"""TensorArray: a list of tensors that loops write and read, element by element."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from graphflow.core import late, scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype, int64
from graphflow.core.errors import InvalidArgumentError, KernelError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, TensorShape, as_shape, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _array_contents
from graphflow.ops._array_store import ArrayStore
from graphflow.ops._shapes import need_rank, need_rank_at_least, same_size
from graphflow.ops.identity import identity
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import shape

Array = np.ndarray[Any, Any]
_FLOW = np.zeros((), np.float32)


def _scalar(op: Operation) -> list[Dims]:
    return [()]


def _handle_and_flow(op: Operation) -> list[Dims]:
    return [(2,), ()]


def _need_scalar(op: Operation, port: int, what: str) -> None:
    dims = op.inputs[port].dims
    need_rank(dims, 0, f"TensorArray {what} must be scalar, but had shape: {text(dims)}")


def _sized(op: Operation) -> list[Dims]:
    _need_scalar(op, 0, "size")
    return [(2,), ()]


def _written(op: Operation) -> list[Dims]:
    _need_scalar(op, 1, "index")
    return [()]


def _read(op: Operation) -> list[Dims]:
    _need_scalar(op, 1, "index")
    return [None]


def _scattered(op: Operation) -> list[Dims]:
    count, rows = op.inputs[1].dims, op.inputs[2].dims
    [n] = need_rank(count, 1, f"Expected indices to be a vector, but received shape: {text(count)}")
    need_rank_at_least(rows, 1, _OTHER_COUNT.format(n, 0))
    if rows is not None:
        same_size(rows[0], n, _OTHER_COUNT.format(n, rows[0]))
    return [()]


_OTHER_COUNT: Final = "Expected len(indices) == values.shape[0], but saw: {} vs. {}"


_NAMES: Final = {"float32": "float", "float64": "double", "float16": "half"}


def _check_type(store: ArrayStore, dtype: DType, what: str = "read") -> None:
    if store.dtype != dtype:
        raise KernelError(
            f"TensorArray dtype is {_NAMES.get(store.dtype.name, store.dtype.name)} but Op is "
            f"trying to {what} dtype {_NAMES.get(dtype.name, dtype.name)}.",
            InvalidArgumentError,
        )


# --- TensorArrayV3 ---
NEW = define(
    "TensorArrayV3(size: int32, *, dtype: type, element_shape: shape = None, "
    "dynamic_size: bool = False, clear_after_read: bool = True, "
    "identical_element_shapes: bool = False, tensor_array_name: string = '') "
    "-> handle: resource, flow: float32",
    stateful=True,
    shape=_sized,
    container=True,
).no_gradient("makes an empty array")


@NEW.numpy
def _(
    size: Array,
    *,
    dtype: DType,
    element_shape: Dims,
    dynamic_size: bool,
    clear_after_read: bool,
    identical_element_shapes: bool,
    tensor_array_name: str,
    name: str,
) -> tuple[ArrayStore, Array]:
    if size < 0:
        raise KernelError("Size should be >= 0.", InvalidArgumentError)
    store = ArrayStore(
        tensor_array_name or name, dtype, int(size), element_shape, dynamic_size,
        clear_after_read, identical_element_shapes,
    )  # fmt: skip
    return store, _FLOW


# --- TensorArrayGradV3 ---
GRAD = define(
    "TensorArrayGradV3(handle: resource, flow_in: float32, *, source: string) "
    "-> grad_handle: resource, flow_out: float32",
    stateful=True,
    shape=_handle_and_flow,
).no_gradient("names the array of gradients")


@GRAD.numpy
def _(handle: ArrayStore, flow_in: Array, *, source: str) -> tuple[ArrayStore, Array]:
    return handle.gradient(source), _FLOW


GRAD.contents(_array_contents.gradient)

GRAD_WITH_SHAPE = define(
    "TensorArrayGradWithShape(handle: resource, flow_in: float32, shape_to_prepend: int32, *, "
    "source: string) -> grad_handle: resource, flow_out: float32",
    stateful=True,
    shape=_handle_and_flow,
).no_gradient("names the array of gradients")


@GRAD_WITH_SHAPE.numpy
def _(
    handle: ArrayStore, flow_in: Array, prepend: Array, *, source: str
) -> tuple[ArrayStore, Array]:
    return handle.gradient(source, tuple(prepend.tolist())), _FLOW


# --- TensorArrayWriteV3 ---
WRITE = define(
    "TensorArrayWriteV3(handle: resource, index: int32, value: T, flow_in: float32) "
    "-> flow_out: float32",
    stateful=True,
    shape=_written,
)


@WRITE.gradient
def _(op: Operation, flow: Tensor) -> Any:
    return None, None, _gradients(op, op.attrs["T"], flow, flow).read(op.inputs[1]), flow


@WRITE.numpy
def _(handle: ArrayStore, index: Array, value: Array, flow_in: Array, *, T: DType) -> Array:  # noqa: N803 (TensorFlow's name)
    _check_type(handle, T, "write")
    handle.write(int(index), value)
    return _FLOW


WRITE.contents(_array_contents.written)


# --- TensorArrayReadV3 ---
READ = define(
    "TensorArrayReadV3(handle: resource, index: int32, flow_in: float32, *, dtype: type) "
    "-> value: dtype",
    stateful=True,
    effect="read",
    shape=_read,
    takes=True,
)


@READ.gradient
def _(op: Operation, dy: Tensor) -> Any:
    flow = op.inputs[2]
    return None, None, _gradients(op, op.attrs["dtype"], dy, flow).write(op.inputs[1], dy).flow


@READ.numpy
def _(handle: ArrayStore, index: Array, flow_in: Array, *, dtype: DType) -> Array:
    _check_type(handle, dtype)
    return handle.read(int(index))


READ.contents(_array_contents.read)


# --- TensorArrayGatherV3 ---
def _gathered(op: Operation) -> list[Dims]:
    dims = op.inputs[1].dims
    need_rank(dims, 1, f"Expected indices to be a vector, but received shape: {text(dims)}")
    inner: Dims = op.attrs["element_shape"]
    return [None if inner is None else (None, *inner)]


GATHER = define(
    "TensorArrayGatherV3(handle: resource, indices: int32, flow_in: float32, *, dtype: type, "
    "element_shape: shape = None) -> value: dtype",
    stateful=True,
    effect="read",
    shape=_gathered,
    takes=True,
)


@GATHER.gradient
def _(op: Operation, dy: Tensor) -> Any:
    flow = op.inputs[2]
    return None, None, _gradients(op, op.attrs["dtype"], dy, flow).scatter(op.inputs[1], dy).flow


@GATHER.numpy
def _(
    handle: ArrayStore, indices: Array, flow_in: Array, *, dtype: DType, element_shape: Dims
) -> Array:
    _check_type(handle, dtype)
    return handle.read_all(indices, element_shape)


GATHER.contents(_array_contents.gathered)


# --- TensorArrayScatterV3 ---
SCATTER = define(
    "TensorArrayScatterV3(handle: resource, indices: int32, value: T, flow_in: float32) "
    "-> flow_out: float32",
    stateful=True,
    shape=_scattered,
)


@SCATTER.gradient
def _(op: Operation, flow: Tensor) -> Any:
    return None, None, _gradients(op, op.attrs["T"], flow, flow).gather(op.inputs[1]), flow


@SCATTER.numpy
def _(handle: ArrayStore, indices: Array, value: Array, flow_in: Array, *, T: DType) -> Array:  # noqa: N803 (TensorFlow's name)
    _check_type(handle, T, "write")
    if value.ndim < 1 or len(indices) != len(value):
        raise KernelError(_OTHER_COUNT.format(len(indices), value.shape[0] if value.ndim else 0))
    handle.write_all(indices, value)
    return _FLOW


SCATTER.contents(_array_contents.scattered)


# --- TensorArrayConcatV3 ---
def _concatenated(op: Operation) -> list[Dims]:
    inner: Dims = op.attrs["element_shape_except0"]
    return [None if inner is None else (None, *inner), (None,)]


CONCAT = define(
    "TensorArrayConcatV3(handle: resource, flow_in: float32, *, dtype: type, "
    "element_shape_except0: shape = None) -> value: dtype, lengths: int64",
    stateful=True,
    shape=_concatenated,
)


@CONCAT.gradient
def _(op: Operation, dy: Tensor, _lengths: Any) -> Any:
    flow = op.inputs[1]
    made = _gradients(op, op.attrs["dtype"], dy, flow).split(dy, lengths=op.outputs[1])
    return None, made.flow


@CONCAT.numpy
def _(
    handle: ArrayStore, flow_in: Array, *, dtype: DType, element_shape_except0: Dims
) -> tuple[Array, Array]:
    _check_type(handle, dtype)
    return handle.concat(element_shape_except0)


# --- TensorArraySplitV3 ---
def _cut(op: Operation) -> list[Dims]:
    dims = op.inputs[2].dims
    need_rank(dims, 1, f"Expected lengths to be a vector, received shape: {text(dims)}")
    return [()]


SPLIT = define(
    "TensorArraySplitV3(handle: resource, value: T, lengths: int64, flow_in: float32) "
    "-> flow_out: float32",
    stateful=True,
    shape=_cut,
)


@SPLIT.gradient
def _(op: Operation, flow: Tensor) -> Any:
    return None, _gradients(op, op.attrs["T"], flow, flow).concat(), None, flow


@SPLIT.numpy
def _(handle: ArrayStore, value: Array, lengths: Array, flow_in: Array, *, T: DType) -> Array:  # noqa: N803 (TensorFlow's name)
    _check_type(handle, T, "write")
    if value.ndim < 1 or lengths.sum() != len(value):
        raise KernelError(
            f"Expected sum of lengths to be equal to values.shape[0], but sum of lengths is "
            f"{lengths.sum()} and value's shape is: {text(value.shape)}",
            InvalidArgumentError,
        )
    ends = np.cumsum(lengths)
    for i, (end, n) in enumerate(zip(ends.tolist(), lengths.tolist(), strict=True)):
        handle.write(i, value[end - n : end])
    return _FLOW


CONCAT.contents(_array_contents.concatenated)


SPLIT.contents(_array_contents.split)


# --- TensorArraySizeV3, TensorArrayCloseV3 ---
SIZE = define(
    "TensorArraySizeV3(handle: resource, flow_in: float32) -> size: int32",
    stateful=True,
    shape=_scalar,
).no_gradient("counts")


@SIZE.numpy
def _(handle: ArrayStore, flow_in: Array) -> Array:
    return np.array(len(handle.items), np.int32)


CLOSE = define(
    "TensorArrayCloseV3(handle: resource)", stateful=True, shape=lambda op: []
).no_gradient("has no output")


@CLOSE.numpy
def _(handle: ArrayStore) -> None:
    handle.close()


SIZE.contents(_array_contents.unchanged)
CLOSE.contents(_array_contents.unchanged)


# --- gradients ---
def _gradients(op: Operation, dtype: DType, arrived: Tensor, flow: Tensor) -> TensorArray:
    """The array of gradients that belongs to the array of an operation."""
    array = TensorArray(
        dtype=dtype, handle=op.inputs[0], flow=flow, colocate_with_first_write_call=False
    )
    return array.grad(source=_array_contents.gradient_source(arrived), flow=flow)


# --- TensorArray ---
@export("TensorArray")
class TensorArray:
    """A list of tensors for loops: write each element once, then read or stack them.

    Every write returns a new TensorArray; use that one from then on.

    Args:
        dtype: the element type.
        size: how many elements, an int or an integer scalar; needed without `handle`.
        dynamic_size: whether a write may make it longer.
        clear_after_read: whether each element can be read once only, so that its memory goes.
        tensor_array_name: its name in messages.
        handle: the handle of an array that exists.
        flow: the flow of an array that exists.
        infer_shape: whether all elements have one shape.
        element_shape: that shape, as far as it is known.
        colocate_with_first_write_call: whether writes are noted beside the first written value.
        name: a name for the operation.

    Raises:
        ValueError: if arguments contradict each other.
        TypeError: if `handle` is no tensor.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Makes an array of the kind that fits: in eager execution it is a list."""
        if cls is TensorArray and scopes.get_default_graph().executes:
            cls = late.provided("eager_tensor_array")()
        return super().__new__(cls)

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        _check_arguments(size, dynamic_size, clear_after_read, tensor_array_name, handle,
                         element_shape)  # fmt: skip
        self._dtype = as_dtype(dtype).base_dtype
        self._dynamic_size = bool(dynamic_size)
        self._infer_shape = infer_shape
        self._colocates = colocate_with_first_write_call
        self._beside: list[Any] = []
        self._shape = [as_shape(element_shape)]
        """In a list, because all arrays that come of this one's writes share what is learnt."""
        with scopes.name_scope(name, "TensorArray", [handle, size, flow]) as scope:
            if handle is not None:
                self._handle = handle
                if flow is None:
                    raise ValueError("flow must not be None if handle is not None.")
                self._flow = flow
                return
            with contextlib.ExitStack() as beside:
                if colocate_with_first_write_call:
                    beside.enter_context(scopes.device(None))
                    beside.enter_context(scopes.colocate_with(None, ignore_existing=True))
                self._handle, self._flow = apply(
                    NEW, size, dtype=self._dtype, element_shape=self._shape[0].raw,
                    identical_element_shapes=infer_shape, dynamic_size=self._dynamic_size,
                    clear_after_read=True if clear_after_read is None else clear_after_read,
                    tensor_array_name=tensor_array_name or "", name=scope,
                )  # fmt: skip

    # --- facts ---
    @property
    def flow(self) -> Tensor:
        """The tensor that orders the operations on the array."""
        return self._flow  # type: ignore[no-any-return]  # a Tensor

    @property
    def handle(self) -> Tensor:
        """The tensor that names the array."""
        return self._handle  # type: ignore[no-any-return]  # a Tensor

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @property
    def element_shape(self) -> TensorShape:
        """The shape of an element, as far as it is known."""
        return self._shape[0]

    @property
    def dynamic_size(self) -> bool:
        """Whether a write may make the array longer."""
        return self._dynamic_size

    @property
    def _implementation(self) -> TensorArray:
        return self

    def _learn(self, shape: TensorShape) -> None:
        if not shape.is_compatible_with(self.element_shape):
            raise ValueError(f"Inconsistent shapes: saw {shape} but expected {self.element_shape} ")
        if self._infer_shape:
            self._shape[0] = self.element_shape.merge_with(shape)

    @contextlib.contextmanager
    def _near(self, value: Tensor) -> Iterator[None]:
        if not self._colocates:
            yield
            return
        if not self._beside:
            self._beside.append(value)
        with scopes.colocate_with(self._beside[0]):
            yield

    def _value(self, value: Any) -> Tensor:
        # A wrong type is told by the run, as in TensorFlow.
        found: Tensor = convert(value, None, "value", preferred=self._dtype)
        return found

    # --- what it does ---
    def identity(self) -> TensorArray:
        """Returns the same array behind an Identity."""
        return build_ta_with_new_flow(self, identity(self._flow))

    def grad(self, source: str, flow: Any = None, name: str | None = None) -> TensorArray:
        """Returns the array of gradients of one call of `tf.gradients`.

        Args:
            source: which call.
            flow: the flow to start from; None: this array's.
            name: a scope for the operations.
        """
        flow = self._flow if flow is None else flow
        with (
            scopes.name_scope(name, "TensorArrayGrad", [self._handle]),
            scopes.colocate_with(self._handle),
        ):
            handle, _ = apply(GRAD, self._handle, flow, source=source, name=name)
            with scopes.control_dependencies([handle]):
                flow = identity(flow, name="gradient_flow")
            made = TensorArray(
                self._dtype, handle=handle, flow=flow, infer_shape=self._infer_shape,
                colocate_with_first_write_call=False,
            )  # fmt: skip
            made._shape = self._shape
            return made

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """Returns one element.

        Args:
            index: its place, an integer scalar.
            name: a name for the operation.
        """
        value: Tensor = apply(READ, self._handle, index, self._flow, dtype=self._dtype, name=name)
        value.set_shape(self.element_shape)
        return value

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Writes one element and returns the array to use from now on.

        Args:
            index: its place, an integer scalar.
            value: the element.
            name: a scope for the operations.

        Raises:
            ValueError: if its type or shape does not fit.
        """
        with scopes.name_scope(name, "TensorArrayWrite", [self._handle, index, value]):
            element = self._value(value)
            self._learn(element.shape)
            with self._near(element):
                flow = apply(WRITE, self._handle, index, element, self._flow, name=name)
            return build_ta_with_new_flow(self, flow)

    def stack(self, name: str | None = None) -> Tensor:
        """Returns all elements, stacked along a new first axis.

        Args:
            name: a scope for the operations.
        """
        with (
            scopes.colocate_with(self._handle),
            scopes.name_scope(name, "TensorArrayStack", [self._handle]),
        ):
            return self.gather(range_(0, self.size()), name=name)

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """Returns some elements, stacked along a new first axis.

        Args:
            indices: their places, an integer vector.
            name: a name for the operation.
        """
        value: Tensor = apply(
            GATHER, self._handle, indices, self._flow, dtype=self._dtype,
            element_shape=self.element_shape.raw, name=name,
        )  # fmt: skip
        if self.element_shape.raw is not None:
            value.set_shape([None, *self.element_shape.raw])
        return value

    def concat(self, name: str | None = None) -> Tensor:
        """Returns all elements one behind the other along their first axis.

        Args:
            name: a name for the operation.
        """
        inner = self.element_shape.raw
        value, _ = apply(
            CONCAT, self._handle, self._flow, dtype=self._dtype,
            element_shape_except0=None if inner is None else inner[1:], name=name,
        )  # fmt: skip
        if inner is not None:
            value.set_shape([None, *inner[1:]])
        return value  # type: ignore[no-any-return]  # a Tensor

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Writes all of `value`, row by row, and returns the array to use from now on.

        Args:
            value: `[n, ...]`.
            name: a scope for the operations.
        """
        with scopes.name_scope(name, "TensorArrayUnstack", [self._handle, value]):
            count = shape(value)[0]
            return self.scatter(range_(0, count), value, name=name)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Writes some elements and returns the array to use from now on.

        Args:
            indices: their places, an integer vector `[n]`.
            value: `[n, ...]`.
            name: a scope for the operations.

        Raises:
            ValueError: if the type or shape does not fit.
        """
        with scopes.name_scope(name, "TensorArrayScatter", [self._handle, value, indices]):
            elements = self._value(value)
            dims = elements.dims
            self._learn(TensorShape.of(None if dims is None else dims[1:]))
            with self._near(elements):
                flow = apply(SCATTER, self._handle, indices, elements, self._flow, name=name)
            return build_ta_with_new_flow(self, flow)

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """Writes pieces of `value` and returns the array to use from now on.

        Args:
            value: `[n, ...]`.
            lengths: the length of each piece along the first axis, an integer vector.
            name: a scope for the operations.
        """
        with scopes.name_scope(name, "TensorArraySplit", [self._handle, value, lengths]):
            whole: Tensor = convert(value, self._dtype, "value")
            with self._near(whole):
                sizes = lengths
                if not isinstance(lengths, Tensor) or lengths.dtype != int64:
                    sizes = apply("Cast", lengths, DstT=int64)
                known = constant_value(convert(sizes))
                parts = [] if known is None else known.reshape(-1).tolist()
                if whole.dims is not None and len(set(parts)) == 1:
                    self._learn(TensorShape((parts[0], *whole.dims[1:])))
                flow = apply(SPLIT, self._handle, whole, sizes, self._flow, name=name)
            return build_ta_with_new_flow(self, flow)

    def size(self, name: str | None = None) -> Tensor:
        """Returns the number of elements.

        Args:
            name: a name for the operation.
        """
        found: Tensor = apply(SIZE, self._handle, self._flow, name=name)
        return found

    def close(self, name: str | None = None) -> Operation:
        """Returns an operation that lets all elements go.

        Args:
            name: a name for the operation.
        """
        made: Operation = apply(CLOSE, self._handle, name=name)
        return made


def _check_arguments(
    size: Any, dynamic_size: Any, clears: Any, array_name: Any, handle: Any, shape: Any
) -> None:
    if handle is None:
        if size is None:
            raise ValueError("Size must be provided if handle is not provided")
        return
    if array_name:
        raise ValueError("Cannot construct with both handle and tensor_array_name")
    if not isinstance(handle, Tensor):
        raise TypeError("Handle must be a Tensor")
    for value, what in (
        (size, "size"),
        (shape, "element_shape"),
        (dynamic_size, "dynamic_size"),
        (clears, "clear_after_read"),
    ):
        if value is not None:
            raise ValueError(f"Cannot provide both a handle and {what} at the same time")


def build_ta_with_new_flow(old: TensorArray, flow: Tensor) -> TensorArray:
    """Returns the same array with another flow.

    Args:
        old: the array.
        flow: what orders it from now on.
    """
    made: TensorArray = TensorArray.__new__(TensorArray)
    made.__dict__.update(old.__dict__)
    made._flow = flow
    return made
