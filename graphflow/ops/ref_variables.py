"""The variables that TensorFlow 1 makes by default: their tensor is a reference."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype
from graphflow.core.names import name_from_scope_name
from graphflow.core.shape import as_shape
from graphflow.core.tensor import Tensor
from graphflow.ops import state
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.initial_value import (
    beside,
    check_initial_value,
    check_outside_of_flow,
    guard_initial_value,
)
from graphflow.ops.state_batch import batch_scatter_update
from graphflow.ops.variable_def import Loaded
from graphflow.ops.variables import Variable, checked_collections, checked_options
from graphflow.platform.tf_logging import WARN, log_first_n


def rows_of(sparse_delta: Any) -> IndexedSlices:
    """Returns the argument of a scatter method.

    Raises:
        TypeError: if it is no IndexedSlices.
    """
    if not isinstance(sparse_delta, IndexedSlices):
        raise TypeError(f"sparse_delta is not IndexedSlices: {sparse_delta}")
    return sparse_delta


class RefVariable(Variable):
    """A variable whose tensor is a reference: TensorFlow 1's default kind."""

    _variable: Tensor
    _snapshot: Tensor

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        expected_shape: Any = None,
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
        check_initial_value(initial_value, constraint)
        self._synchronization, self._aggregation, self._trainable = checked_options(
            synchronization, aggregation, trainable, name
        )
        names = checked_collections(collections, self._trainable)
        self._constraint = constraint
        self._caching_device = caching_device
        with scopes.init_scope():
            values = [] if callable(initial_value) else [initial_value]
            with scopes.name_scope(name, "Variable", values) as scope:
                self._declare(initial_value, dtype, scope, validate_shape, shape)
            scopes.add_to_collections(names, self)

    def _declare(
        self, initial_value: Any, dtype: Any, scope: str, validate_shape: bool, shape: Any
    ) -> None:
        wanted = None if dtype is None else as_dtype(dtype)
        if callable(initial_value):
            with beside(name_from_scope_name(scope)):
                with scopes.name_scope("Initializer"), scopes.device(None):
                    start = convert(initial_value(), wanted, "initial_value")
                self._variable = self._node(start, shape, validate_shape, scope)
        else:
            start = convert(initial_value, wanted, "initial_value")
            check_outside_of_flow(start, scope)
            self._variable = self._node(start, shape, validate_shape, scope)
        self._initial_value = start
        if validate_shape and not start.shape.is_fully_defined():
            raise ValueError(f"initial_value must have a shape specified: {start}")
        guarded = guard_initial_value(scope, start)
        self._initializer_op = state.assign(
            self._variable, guarded, validate_shape=validate_shape
        ).op
        cached = self._caching_device
        where = scopes.colocate_with(self) if cached is None else scopes.device(cached)
        with where:
            self._snapshot = apply("Identity", self._variable, name="read")

    @staticmethod
    def _node(start: Tensor, shape: Any, validate_shape: bool, scope: str) -> Tensor:
        if shape is None:
            shape = start.shape if validate_shape else None
        found: Tensor = apply(
            state.VARIABLE_V2, shape=as_shape(shape), dtype=start.dtype.base_dtype, name=scope
        )
        return found

    def _init_from_proto(self, variable_def: Any, import_scope: str | None) -> None:
        found = Loaded(variable_def, import_scope)
        self._variable = found.variable
        self._initializer_op = found.initializer
        self._initial_value = found.initial_value
        if found.snapshot is None:
            raise ValueError(f"the VariableDef of {self.name!r} names no snapshot")
        self._snapshot = found.snapshot
        self._synchronization, self._aggregation, self._trainable = checked_options(
            *found.options, self.name
        )
        self._save_slice_info = found.slice_info
        self._caching_device = None

    @property
    def _source(self) -> Tensor:
        return self._variable

    @property
    def _snapshot_name(self) -> str:
        return self._snapshot.name

    def _as_graph_element(self) -> Tensor:
        return self._variable

    def _ref(self) -> Tensor:
        return self._variable

    def value(self) -> Tensor:
        """The variable's value as a tensor: the node `<name>/read`."""
        return self._snapshot

    def read_value(self) -> Tensor:
        """The variable's value as a new tensor, read where the control dependencies say."""
        found: Tensor = apply("Identity", self._variable, name="read")
        return found

    def set_shape(self, shape: Any) -> None:
        """Adds what you know to the static shape."""
        self._variable.set_shape(shape)
        self._snapshot.set_shape(shape)

    # --- updates ---
    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Returns an operation's output that gives the variable a new value.

        Args:
            value: the new value.
            use_locking: kept for TensorFlow's sake.
            name: the node's name.
            read_value: False returns the operation instead of its output.
        """
        made = state.assign(self._variable, value, use_locking=use_locking, name=name)
        return made if read_value else made.op

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """As `assign`: adds `delta`."""
        made = state.assign_add(self._variable, delta, use_locking=use_locking, name=name)
        return made if read_value else made.op

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """As `assign`: subtracts `delta`."""
        made = state.assign_sub(self._variable, delta, use_locking=use_locking, name=name)
        return made if read_value else made.op

    def _scatter(self, op_type: str, delta: Any, use_locking: bool, name: str | None) -> Any:
        rows = rows_of(delta)
        return apply(
            op_type, self._variable, rows.indices, rows.values, use_locking=use_locking, name=name
        )

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Subtracts rows; `sparse_delta` is IndexedSlices."""
        return self._scatter("ScatterSub", sparse_delta, use_locking, name)

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Adds rows; `sparse_delta` is IndexedSlices."""
        return self._scatter("ScatterAdd", sparse_delta, use_locking, name)

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Raises rows to at least the given ones; `sparse_delta` is IndexedSlices."""
        return self._scatter("ScatterMax", sparse_delta, use_locking, name)

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Lowers rows to at most the given ones; `sparse_delta` is IndexedSlices."""
        return self._scatter("ScatterMin", sparse_delta, use_locking, name)

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Multiplies rows; `sparse_delta` is IndexedSlices."""
        return self._scatter("ScatterMul", sparse_delta, use_locking, name)

    def scatter_div(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Divides rows; `sparse_delta` is IndexedSlices."""
        return self._scatter("ScatterDiv", sparse_delta, use_locking, name)

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Replaces rows; `sparse_delta` is IndexedSlices."""
        return self._scatter("ScatterUpdate", sparse_delta, use_locking, name)

    def _scatter_nd(self, op_type: str, indices: Any, updates: Any, name: str | None) -> Any:
        return apply(op_type, self._variable, indices, updates, use_locking=True, name=name)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtracts from the parts that `indices` [..., depth] point at."""
        return self._scatter_nd("ScatterNdSub", indices, updates, name)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Adds to the parts that `indices` [..., depth] point at."""
        return self._scatter_nd("ScatterNdAdd", indices, updates, name)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Replaces the parts that `indices` [..., depth] point at."""
        return self._scatter_nd("ScatterNdUpdate", indices, updates, name)

    def _strided_slice_assign(
        self, begin: Any, end: Any, strides: Any, value: Any, name: str | None, **masks: Any
    ) -> Any:
        bounds = begin, end, strides
        return apply("StridedSliceAssign", self._variable, *bounds, value, name=name, **masks)

    def batch_scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: Any = None
    ) -> Any:
        """Replaces the rows of each batch; `sparse_delta` is IndexedSlices."""
        rows = rows_of(sparse_delta)
        return batch_scatter_update(self, rows.indices, rows.values, use_locking, name)

    def count_up_to(self, limit: int) -> Tensor:
        """Returns the value and increments the variable, until it reaches `limit`."""
        return state.count_up_to(self._variable, limit)


# --- operators that look like changes ---
def _logged(sign: str, method: str) -> Callable[[RefVariable, Any], Any]:
    """`variable += x` makes a new tensor, as without this method; the log says so, once."""
    binary = getattr(operator, method)

    def operation(self: RefVariable, other: Any) -> Any:
        change = f"`var.assign(var {sign} other)`"
        if sign in "+-":
            change = f"variable.assign_{method}"
        log_first_n(
            WARN,
            f"Variable {sign}= will be deprecated. Use {change} if you want assignment to the "
            f"variable value or `x = x {sign} y` if you want a new python Tensor object.",
            1,
        )
        return binary(self, other)

    return operation


for _sign, _method in (("+", "add"), ("-", "sub"), ("*", "mul"), ("/", "truediv"), ("**", "pow")):
    setattr(RefVariable, f"__i{_method}__", _logged(_sign, _method))
