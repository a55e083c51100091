"""Variables behind a resource handle: every read is an operation of its own, in a known place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from graphflow.core import late, scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.names import name_from_scope_name
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.ops import state
from graphflow.ops.initial_value import (
    beside,
    check_initial_value,
    check_outside_of_flow,
    guard_initial_value,
)
from graphflow.ops.ref_variables import rows_of
from graphflow.ops.state_batch import batch_scatter_update
from graphflow.ops.variable_def import Loaded
from graphflow.ops.variables import Variable, checked_collections, checked_options


class BaseResourceVariable(Variable):
    """What a resource variable and the value behind an update of one have in common."""

    _is_resource = True

    _handle: Tensor
    _dtype: DType
    _shape: TensorShape
    _graph_element: Tensor
    _cached_value: Tensor | None = None

    @property
    def _source(self) -> Tensor:
        return self._handle

    @property
    def _snapshot_name(self) -> str:
        cached = self._cached_value
        return self._graph_element.name if cached is None else cached.name

    def _as_graph_element(self) -> Tensor:
        return self._graph_element

    def _ref(self) -> Tensor:
        return self.value()  # no reference: whoever needs one says so

    @property
    def handle(self) -> Tensor:
        """The resource that operations on the variable take."""
        return self._handle

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        """The static shape."""
        return self._shape

    @property
    def create(self) -> Operation:
        """The operation that gives the variable its initial value."""
        return self._initializer_op

    # --- reading ---
    def _read(self) -> Tensor:
        found: Tensor = apply(state.READ_VARIABLE, self._handle, dtype=self._dtype)
        if found.dims is None:
            found.dims = self._shape.raw
        return found

    def value(self) -> Tensor:
        """The variable's value as a new tensor, or the copy that `caching_device` keeps."""
        if self._cached_value is not None:
            return self._cached_value
        with scopes.colocate_with(None, ignore_existing=True), scopes.device(self._handle.device):
            return self._read()

    def read_value(self) -> Tensor:
        """The variable's value as a new tensor, read where the control dependencies say."""
        with scopes.name_scope("Read"), scopes.device(self._handle.device):
            value = self._read()
        found: Tensor = apply("Identity", value)
        return found

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """The rows at `indices`, without reading the others.

        Args:
            indices: positions along the first axis, any shape.
            name: a scope for the operations.
        """
        with scopes.name_scope("Gather" if name is None else name) as scope:
            rows = apply("ResourceGather", self._handle, indices, dtype=self._dtype, name=scope)
        found: Tensor = apply("Identity", rows)
        return found

    def gather_nd(self, indices: Any, name: str | None = None) -> Tensor:
        """The parts that `indices` [..., depth] point at, without reading the others."""
        with scopes.name_scope("GatherNd" if name is None else name) as scope:
            parts = apply("ResourceGatherNd", self._handle, indices, dtype=self._dtype, name=scope)
        found: Tensor = apply("Identity", parts)
        return found

    def is_initialized(self, name: str | None = None) -> Tensor:
        """A bool scalar: whether the variable has a value."""
        found: Tensor = apply(state.VAR_IS_INITIALIZED, self._handle, name=name)
        return found

    def set_shape(self, shape: Any) -> NoReturn:
        """Resource variables cannot: their handle knows the shape."""
        raise NotImplementedError("ResourceVariable does not implement set_shape()")

    # --- updates ---
    def _lazy_read(self, op: Operation) -> UnreadVariable:
        return UnreadVariable(self, op)

    @contextlib.contextmanager
    def _after_cached_value(self) -> Iterator[None]:
        waiting = [] if self._cached_value is None else [self._cached_value]
        graph = scopes.graph_from_inputs([self._handle])
        with graph.as_default(), scopes.control_dependencies(waiting):
            yield

    def assign(
        self,
        value: Any,
        use_locking: bool | None = None,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Returns what gives the variable a new value when it runs.

        Args:
            value: the new value.
            use_locking: kept for TensorFlow's sake.
            name: the node's name.
            read_value: False returns the operation, instead of the variable as it is after it.

        Raises:
            ValueError: if the shapes are known to differ.
        """
        with scopes.graph_from_inputs([self._handle]).as_default():
            tensor = convert(value, self._dtype)
            self._shape.assert_is_compatible_with(tensor.shape)
            made = apply(state.ASSIGN_VARIABLE, self._handle, tensor, name=name)
            return self._lazy_read(made) if read_value else made

    def assign_add(
        self,
        delta: Any,
        use_locking: bool | None = None,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """As `assign`: adds `delta`."""
        with self._after_cached_value():
            tensor = convert(delta, self._dtype)
            made = apply(state.ASSIGN_ADD_VARIABLE, self._handle, tensor, name=name)
        return self._lazy_read(made) if read_value else made

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool | None = None,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """As `assign`: subtracts `delta`."""
        with self._after_cached_value():
            tensor = convert(delta, self._dtype)
            made = apply(state.ASSIGN_SUB_VARIABLE, self._handle, tensor, name=name)
        return self._lazy_read(made) if read_value else made

    def _scatter(self, op_type: str, delta: Any, name: str | None) -> UnreadVariable:
        rows = rows_of(delta)
        values = convert(rows.values, self._dtype)
        return self._lazy_read(apply(op_type, self._handle, rows.indices, values, name=name))

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Subtracts rows; `sparse_delta` is IndexedSlices."""
        return self._scatter("ResourceScatterSub", sparse_delta, name)

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Adds rows; `sparse_delta` is IndexedSlices."""
        return self._scatter("ResourceScatterAdd", sparse_delta, name)

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Raises rows to at least the given ones; `sparse_delta` is IndexedSlices."""
        return self._scatter("ResourceScatterMax", sparse_delta, name)

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Lowers rows to at most the given ones; `sparse_delta` is IndexedSlices."""
        return self._scatter("ResourceScatterMin", sparse_delta, name)

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Multiplies rows; `sparse_delta` is IndexedSlices."""
        return self._scatter("ResourceScatterMul", sparse_delta, name)

    def scatter_div(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Divides rows; `sparse_delta` is IndexedSlices."""
        return self._scatter("ResourceScatterDiv", sparse_delta, name)

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Replaces rows; `sparse_delta` is IndexedSlices."""
        return self._scatter("ResourceScatterUpdate", sparse_delta, name)

    def _scatter_nd(self, op_type: str, indices: Any, updates: Any, name: Any) -> UnreadVariable:
        values = convert(updates, self._dtype)
        return self._lazy_read(apply(op_type, self._handle, indices, values, name=name))

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtracts from the parts that `indices` [..., depth] point at."""
        return self._scatter_nd("ResourceScatterNdSub", indices, updates, name)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Adds to the parts that `indices` [..., depth] point at."""
        return self._scatter_nd("ResourceScatterNdAdd", indices, updates, name)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Replaces the parts that `indices` [..., depth] point at."""
        return self._scatter_nd("ResourceScatterNdUpdate", indices, updates, name)

    def _strided_slice_assign(
        self, begin: Any, end: Any, strides: Any, value: Any, name: str | None, **masks: Any
    ) -> UnreadVariable:
        inputs = self._handle, begin, end, strides, convert(value, self._dtype)
        return self._lazy_read(apply("ResourceStridedSliceAssign", *inputs, name=name, **masks))

    def batch_scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: Any = None
    ) -> Any:
        """Replaces the rows of each batch; `sparse_delta` is IndexedSlices."""
        rows = rows_of(sparse_delta)
        return batch_scatter_update(self, rows.indices, rows.values, use_locking, name)

    def count_up_to(self, limit: int) -> Tensor:
        """Returns the value and increments the variable, until it reaches `limit`."""
        return state.count_up_to(self, limit)

    # --- as a Python object ---
    def numpy(self) -> NoReturn:
        """TensorFlow has the value at hand in eager execution only.

        Raises:
            NotImplementedError: always; `eval` returns the value.
        """
        raise NotImplementedError("numpy() is only available when eager execution is enabled.")

    def __bool__(self) -> bool:
        return bool(self.read_value())

    def __deepcopy__(self, memo: Any) -> NoReturn:
        raise NotImplementedError(
            "__deepcopy__() is only available when eager execution is enabled."
        )


def _refused(sign: str, advice: str) -> Callable[[Any, Any], NoReturn]:
    def operator(self: BaseResourceVariable, other: Any) -> NoReturn:
        raise RuntimeError(
            f"Variable {sign}= value not supported. Use {advice} to get a new Tensor object."
        )

    return operator


for _name, _sign in (("iadd", "+"), ("isub", "-")):
    _advice = (
        f"variable.assign_{_name[1:]}(value) to modify the variable value and "
        f"variable = variable {_sign} value"
    )
    setattr(BaseResourceVariable, f"__{_name}__", _refused(_sign, _advice))
for _name, _sign in (("imul", "*"), ("idiv", "/"), ("itruediv", "/"), ("ipow", "**")):
    _advice = f"`var.assign(var {_sign} value)` to modify the variable or `var = var {_sign} value`"
    setattr(BaseResourceVariable, f"__{_name}__", _refused(_sign, _advice))


class ResourceVariable(BaseResourceVariable):
    """A variable that operations reach through a handle (`use_resource=True`)."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Makes a variable of the kind that fits: in eager execution it has its value at once."""
        if cls is ResourceVariable and scopes.get_default_graph().executes:
            cls = late.provided("eager_variable")()
        return super().__new__(cls)

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        dtype: Any = None,
        variable_def: Any = None,
        import_scope: str | None = None,
        constraint: Callable[[Any], Any] | None = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> None:
        if variable_def is not None:
            if initial_value is not None:
                raise ValueError("variable_def and initial_value are mutually exclusive.")
            self._init_from_proto(variable_def, import_scope)
            return
        self._synchronization, self._aggregation, self._trainable = checked_options(
            synchronization, aggregation, trainable, name
        )
        check_initial_value(initial_value, constraint)
        names = checked_collections(collections, self._trainable)
        self._constraint = constraint
        with scopes.init_scope():
            values = [] if callable(initial_value) else [initial_value]
            with scopes.name_scope(name, "Variable", values) as scope:
                self._declare_value(initial_value, dtype, shape, scope)
                self._declare_initializer(scope)
                self._declare_read(caching_device)
            scopes.add_to_collections(names, self)

    def _declare_value(self, initial_value: Any, dtype: Any, shape: Any, scope: str) -> None:
        node = name_from_scope_name(scope)
        wanted = None if dtype is None else as_dtype(dtype)
        with beside(node):
            with scopes.name_scope("Initializer"), scopes.device(None):
                start = initial_value() if callable(initial_value) else initial_value
                start = convert(start, wanted, "initial_value")
            if shape is not None and not start.shape.is_compatible_with(shape):
                raise ValueError(
                    f"The initial value's shape ({start.shape}) is not compatible with the "
                    f"explicitly supplied `shape` argument ({shape})."
                )
            self._initial_value = start
            self._shape = start.shape if shape is None else as_shape(shape)
            self._dtype = start.dtype.base_dtype
            self._handle = apply(
                state.VAR_HANDLE,
                shape=self._shape,
                dtype=self._dtype,
                shared_name=node,
                name=scope,
            )
        check_outside_of_flow(start, scope)

    def _declare_initializer(self, scope: str) -> None:
        start = self._initial_value
        assert start is not None  # for the type checker: _declare_value has set it
        with scopes.name_scope("IsInitialized"):
            self._is_initialized_op = self.is_initialized()
        with (
            scopes.name_scope("Assign") as name,
            scopes.colocate_with(None, ignore_existing=True),
            scopes.device(self._handle.device),
        ):
            value = guard_initial_value(scope, start)
            self._initializer_op = apply(state.ASSIGN_VARIABLE, self._handle, value, name=name)

    def _declare_read(self, caching_device: Any) -> None:
        with scopes.name_scope("Read"):
            with scopes.device(self._handle.device):
                self._graph_element = self._read()
            if caching_device is not None:
                with (
                    scopes.colocate_with(None, ignore_existing=True),
                    scopes.device(caching_device),
                ):
                    self._cached_value = apply("Identity", self._graph_element)

    def _init_from_proto(self, variable_def: Any, import_scope: str | None) -> None:
        if not variable_def.is_resource:
            raise ValueError("Trying to restore Variable as ResourceVariable.")
        found = Loaded(variable_def, import_scope)
        self._handle = found.variable
        self._shape = TensorShape.of(self._handle.op.attrs["shape"])
        self._dtype = self._handle.op.attrs["dtype"]
        self._initializer_op = found.initializer
        self._initial_value = found.initial_value
        self._synchronization, self._aggregation, self._trainable = checked_options(
            *found.options, self.name
        )
        shown = found.snapshot
        if shown is None:
            graph = self._handle.graph
            shown = graph.get_tensor_by_name(f"{self._handle.op.name}/Read/ReadVariableOp:0")
        elif shown.op.type != "ReadVariableOp":
            self._cached_value = shown
        while shown.op.type != "ReadVariableOp":
            shown = shown.op.inputs[0]
        self._graph_element = shown
        self._save_slice_info = found.slice_info


class UnreadVariable(BaseResourceVariable):
    """A resource variable as it is after an update: each read of it waits for the update.

    Args:
        variable: the variable.
        parent_op: the update.
    """

    def __init__(self, variable: BaseResourceVariable, parent_op: Operation) -> None:
        self._handle = variable._handle
        self._dtype = variable._dtype
        self._shape = variable._shape
        self._trainable = True
        self._synchronization, self._aggregation, _ = checked_options(None, None, None, None)
        self._initial_value = None
        self._parent_op = parent_op
        self._graph_element = self._read()

    @property
    def name(self) -> str:
        """The name of the update."""
        return self._parent_op.name

    @property
    def op(self) -> Operation:
        """The update."""
        return self._parent_op

    def _read(self) -> Tensor:
        with scopes.control_dependencies([self._parent_op]):
            return super()._read()

    def value(self) -> Tensor:
        """The value after the update."""
        return self._read()

    def read_value(self) -> Tensor:
        """The value after the update."""
        return self._read()


def is_resource_variable(var: Any) -> bool:
    """True for a variable behind a resource handle."""
    return isinstance(var, BaseResourceVariable)
