"""Variables as operations: declared, read, assigned, counted; by reference and as resources."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType
from graphflow.core.errors import KernelError, OutOfRangeError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import INDEX, NUMBERS, OpDef, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, compatible, merge, text
from graphflow.core.state import Cell, Store
from graphflow.core.tensor import Tensor

Array = np.ndarray[Any, Any]
NOT_CONTINUOUS: Final = "an update of a variable is a step in time, not a function of its inputs"
NO_VALUE: Final = "its result does not depend on values continuously"


_OTHER_SHAPE: Final = (
    "Cannot assign a value of shape {} to variable '{}' of shape {}: shapes must be equal."
)
_KERNEL_NAMES: Final = {"float32": "float", "float64": "double", "float16": "half"}


# --- what the shape rules share ---
def handle_dims(op: Operation) -> Dims:
    """The declared shape of the resource variable at the first port; None where unknown.

    Raises:
        ShapeError: if the operation takes it for a variable of another type.
    """
    source = getattr(op.inputs[0], "op", None)
    if source is None or source.type != "VarHandleOp":
        return None
    held, wanted = source.attrs["dtype"], op.attrs.get("dtype", source.attrs["dtype"])
    if held.base_dtype != wanted.base_dtype:
        names = [_KERNEL_NAMES.get(d.name, d.name) for d in (held, wanted)]
        raise ShapeError(
            f"Trying to read variable with wrong dtype. Expected {names[0]} got {names[1]}"
        )
    dims: Dims = source.attrs["shape"]
    return dims


def equal_shapes(a: Dims, b: Dims, run: str) -> Dims:
    """What two shapes that must be equal know together.

    Args:
        a: one shape.
        b: the other.
        run: TensorFlow's words for a mistake that only the run finds.

    Raises:
        ShapeError: if they cannot be equal.
    """
    merged = merge(a, b)
    if merged is not False:
        return merged  # type: ignore[return-value]  # False was handled
    left, right = a or (), b or ()
    if len(left) != len(right):
        raise ShapeError(
            f"Shapes must be equal rank, but are {len(left)} and {len(right)}", run=run
        )
    i = next(i for i, (x, y) in enumerate(zip(left, right, strict=True)) if {x, y} - {None, x})
    raise ShapeError(
        f"Dimension {i} in both shapes must be equal, but are {left[i]} and {right[i]}. "
        f"Shapes are {text(a)} and {text(b)}.",
        run=run,
    )


def no_outputs(op: Operation) -> list[Dims]:
    """The shape rule of an operation without outputs."""
    return []


def scalar_output(op: Operation) -> list[Dims]:
    """The shape rule of an operation with one scalar output."""
    return [()]


def _declared(op: Operation) -> list[Dims]:
    return [op.attrs["shape"]]


# --- Variable, VariableV2, VarHandleOp ---
_OPTIONS: Final = "*, shape: shape, dtype: type, container: string = '', shared_name: string = ''"
VARIABLE = define(f"Variable({_OPTIONS}) -> ref: Ref(dtype),", stateful=True, shape=_declared)
VARIABLE_V2 = define(f"VariableV2({_OPTIONS}) -> ref: Ref(dtype),", stateful=True, shape=_declared)
VAR_HANDLE = define(f"VarHandleOp({_OPTIONS}) -> resource: resource", stateful=True)


def _reference(
    *, store: Store, name: str, container: str, shared_name: str, dtype: DType, shape: Dims
) -> Cell:
    return store.cell(container, shared_name or name, lambda: Cell(name, dtype, shape, container))


def _resource(
    *, store: Store, name: str, container: str, shared_name: str, dtype: DType, shape: Dims
) -> Cell:
    key = shared_name or name
    return store.cell(container, key, lambda: Cell(key, dtype, shape, container, is_resource=True))


VARIABLE.no_gradient("has no input").numpy(_reference)
VARIABLE_V2.no_gradient("has no input").numpy(_reference)
VAR_HANDLE.shape(scalar_output)
VAR_HANDLE.no_gradient("has no input").numpy(_resource)


# --- RefIdentity ---
REF_IDENTITY = define("RefIdentity(input: Ref(T)) -> output: Ref(T),", effect="read")


@REF_IDENTITY.shape
def _(op: Operation) -> list[Dims]:
    return [op.inputs[0].dims]


REF_IDENTITY.passes_rows = True


@REF_IDENTITY.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return dy


@REF_IDENTITY.numpy
def _(cell: Cell) -> Cell:
    return cell


# --- ReadVariableOp ---
READ_VARIABLE = define(
    "ReadVariableOp(resource: resource, *, dtype: type) -> value: dtype",
    stateful=True,
    effect="read",
)


@READ_VARIABLE.shape
def _(op: Operation) -> list[Dims]:
    return [handle_dims(op)]


READ_VARIABLE.passes_rows = True


@READ_VARIABLE.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return dy


@READ_VARIABLE.compiled
def _(call: Call) -> Lowering:
    return Lowering("alias")


@READ_VARIABLE.numpy
def _(cell: Cell) -> Array:
    return cell.read()


# --- IsVariableInitialized, VarIsInitializedOp ---
IS_VARIABLE_INITIALIZED = define(
    "IsVariableInitialized(ref: Ref(dtype)) -> is_initialized: bool",
    effect="read",
    shape=scalar_output,
).no_gradient(NO_VALUE)
VAR_IS_INITIALIZED = define(
    "VarIsInitializedOp(resource: resource) -> is_initialized: bool",
    stateful=True,
    effect="read",
    shape=scalar_output,
).no_gradient(NO_VALUE)


@IS_VARIABLE_INITIALIZED.numpy
@VAR_IS_INITIALIZED.numpy
def _(cell: Cell) -> Array:
    return np.array(cell.initialized)


def is_variable_initialized(ref: Any, name: str | None = None) -> Tensor:
    """Returns a bool scalar: whether a variable has a value.

    Args:
        ref: a variable, or the reference tensor of one.
        name: the node's name.
    """
    if ref.dtype.is_ref:
        found: Tensor = apply(IS_VARIABLE_INITIALIZED, ref, name=name)
    else:
        found = ref.is_initialized(name=name)
    return found


# --- VariableShape ---
VARIABLE_SHAPE = define(
    "VariableShape(input: resource, *, out_type: type) -> output: out_type",
    stateful=True,
    effect="read",
    out_type=default(INDEX, INDEX[0]),
).no_gradient(NO_VALUE)


@VARIABLE_SHAPE.shape
def _(op: Operation) -> list[Dims]:
    dims = handle_dims(op)
    return [(None if dims is None else len(dims),)]


@VARIABLE_SHAPE.partial
def _(op: Operation) -> list[int | None] | None:
    dims = handle_dims(op)
    return None if dims is None else list(dims)


@VARIABLE_SHAPE.numpy
def _(cell: Cell, *, out_type: DType) -> Array:
    return np.array(cell.write().shape, out_type.as_numpy_dtype)


# --- Assign ---
def _copied_over(call: Call) -> Lowering | None:
    """A copy into the variable's own array, where it has one of that size."""
    variable, value = call.shapes
    if variable != value or call.dtypes[1].name not in SUFFIXES:
        return None
    return Lowering("copy_bytes", (math.prod(value) * call.dtypes[1].size,), inputs=(1, 0))


ASSIGN = define(
    "Assign(ref: Ref(T), value: T, *, validate_shape: bool = True, use_locking: bool = True) "
    "-> output_ref: Ref(T),",
    effect="update",
).no_gradient(NOT_CONTINUOUS)


@ASSIGN.shape
def _(op: Operation) -> list[Dims]:
    ref, value = op.inputs
    if not op.attrs["validate_shape"]:
        return [value.dims]
    run = (
        "Assign requires shapes of both tensors to match. "
        f"lhs shape= {text(ref.dims)} rhs shape= {text(value.dims)}"
    )
    return [equal_shapes(ref.dims, value.dims, run)]


@ASSIGN.compiled
def _(call: Call) -> Lowering | None:
    return _copied_over(call)


@ASSIGN.numpy
def _(cell: Cell, value: Array, *, validate_shape: bool) -> Cell:
    if validate_shape and not cell.accepts(value.shape):
        raise KernelError(
            "Assign requires shapes of both tensors to match. "
            f"lhs shape= {cell.shape_text()} rhs shape= {text(value.shape)}"
        )
    cell.assign(value)
    return cell


@export("assign")
def assign(
    ref: Any,
    value: Any,
    validate_shape: bool | None = None,
    use_locking: bool | None = None,
    name: str | None = None,
) -> Any:
    """Returns an operation's output that gives a variable a new value when it runs.

    Args:
        ref: a variable.
        value: the new value, of the variable's type.
        validate_shape: False allows a value of another shape, which the variable then takes on.
        use_locking: kept for TensorFlow's sake; updates of one run never overlap here.
        name: the node's name.

    Returns:
        The variable's reference; whoever takes it as an input sees the new value.
    """
    if not ref.dtype.is_ref:
        return ref.assign(value, name=name)
    options = {"validate_shape": validate_shape, "use_locking": use_locking}
    return apply(ASSIGN, ref, value, name=name, **options)


# --- AssignVariableOp ---
ASSIGN_VARIABLE = define(
    "AssignVariableOp(resource: resource, value: dtype)", stateful=True, effect="update"
).no_gradient(NOT_CONTINUOUS)


@ASSIGN_VARIABLE.shape
def _(op: Operation) -> list[Dims]:
    own, value = handle_dims(op), op.inputs[1].dims
    if own is not None and value is not None:
        name = op.inputs[0].op.name
        equal_shapes(own, value, _OTHER_SHAPE.format(text(value), name, text(own)))
    return []


@ASSIGN_VARIABLE.compiled
def _(call: Call) -> Lowering | None:
    return _copied_over(call)


@ASSIGN_VARIABLE.numpy
def _(cell: Cell, value: Array) -> None:
    # TensorFlow 1.15 lets the variable take on any shape; its readers' static shapes then lie.
    if not compatible(cell.dims, value.shape):
        raise KernelError(_OTHER_SHAPE.format(text(value.shape), cell.name, text(cell.dims)))
    cell.assign(value)


# --- AssignAdd, AssignSub and their resource twins ---
def _added(ufunc: np.ufunc) -> Callable[[Cell, Array], Cell]:
    def kernel(cell: Cell, value: Array) -> Cell:
        own = cell.write()
        if own.shape != value.shape:
            raise KernelError("Parameters and update must be the same size")
        ufunc(own, value, out=own)
        return cell

    return kernel


def _resource_added(ufunc: np.ufunc) -> Callable[[Cell, Array], None]:
    def kernel(cell: Cell, value: Array) -> None:
        own = cell.write()
        if own.shape != value.shape:
            raise KernelError(
                f"Cannot update variable with shape {text(own.shape)} using a Tensor with shape "
                f"{text(value.shape)}, shapes must be equal."
            )
        ufunc(own, value, out=own)

    return kernel


def _added_shape(op: Operation) -> list[Dims]:
    ref, value = op.inputs
    return [equal_shapes(ref.dims, value.dims, "Parameters and update must be the same size")]


def _resource_added_shape(op: Operation) -> list[Dims]:
    own, value = handle_dims(op), op.inputs[1].dims
    run = (
        f"Cannot update variable with shape {text(own)} using a Tensor with shape {text(value)}, "
        "shapes must be equal."
    )
    equal_shapes(own, value, run)
    return []


def _compiled_added(ufunc: np.ufunc) -> Callable[[Call], Lowering | None]:
    def rule(call: Call) -> Lowering | None:
        own, value = call.shapes
        kind = SUFFIXES.get(call.dtypes[1].name)
        if own != value or kind in (None, "u8"):
            return None
        return Lowering(f"assign_{ufunc.__name__}.{kind}", (math.prod(own),))

    return rule


def _define_added(name: str, ufunc: np.ufunc) -> tuple[OpDef, OpDef]:
    by_reference = define(
        f"{name}(ref: Ref(T), value: T, *, use_locking: bool = False) -> output_ref: Ref(T),",
        effect="update",
        shape=_added_shape,
        T=NUMBERS,
    ).no_gradient(NOT_CONTINUOUS)
    by_reference.numpy(_added(ufunc))
    by_reference.compiled(_compiled_added(ufunc))
    resource = define(
        f"{name}VariableOp(resource: resource, value: dtype)",
        stateful=True,
        effect="update",
    ).no_gradient(NOT_CONTINUOUS)
    resource.shape(_resource_added_shape)
    resource.numpy(_resource_added(ufunc))
    resource.compiled(_compiled_added(ufunc))
    return by_reference, resource


ASSIGN_ADD, ASSIGN_ADD_VARIABLE = _define_added("AssignAdd", np.add)
ASSIGN_SUB, ASSIGN_SUB_VARIABLE = _define_added("AssignSub", np.subtract)


@export("assign_add")
def assign_add(
    ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None
) -> Any:
    """Returns an operation's output that adds `value` to a variable when it runs.

    Args:
        ref: a variable.
        value: of the variable's type and shape.
        use_locking: kept for TensorFlow's sake.
        name: the node's name.
    """
    if not ref.dtype.is_ref:
        return ref.assign_add(value)
    return apply(ASSIGN_ADD, ref, value, use_locking=use_locking, name=name)


@export("assign_sub")
def assign_sub(
    ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None
) -> Any:
    """Returns an operation's output that subtracts `value` from a variable when it runs.

    Args:
        ref: a variable.
        value: of the variable's type and shape.
        use_locking: kept for TensorFlow's sake.
        name: the node's name.
    """
    if not ref.dtype.is_ref:
        return ref.assign_sub(value)
    return apply(ASSIGN_SUB, ref, value, use_locking=use_locking, name=name)


# --- CountUpTo, ResourceCountUpTo ---
COUNT_UP_TO = define(
    "CountUpTo(ref: Ref(T), *, limit: int) -> output: T",
    effect="update",
    shape=scalar_output,
    T=INDEX,
).no_gradient("is about integers")
RESOURCE_COUNT_UP_TO = define(
    "ResourceCountUpTo(resource: resource, *, limit: int, T: type) -> output: T",
    stateful=True,
    effect="update",
    shape=scalar_output,
    T=INDEX,
).no_gradient("is about integers")


@COUNT_UP_TO.numpy
@RESOURCE_COUNT_UP_TO.numpy
def _(cell: Cell, *, limit: int) -> Array:
    with cell.lock:
        own = cell.write()
        if own >= limit:
            raise KernelError(f"Reached limit of {limit}", OutOfRangeError)
        before = own.copy()
        np.add(own, 1, out=own)
    return before


@export("count_up_to")
def count_up_to(ref: Any, limit: int, name: str | None = None) -> Tensor:
    """Returns a variable's value, and increments the variable, until it reaches `limit`.

    Args:
        ref: a scalar variable of integers.
        limit: at this value the run raises OutOfRangeError.
        name: the node's name.
    """
    if ref.dtype.is_ref:
        found: Tensor = apply(COUNT_UP_TO, ref, limit=limit, name=name)
    else:
        found = apply(RESOURCE_COUNT_UP_TO, ref.handle, limit=limit, T=ref.dtype, name=name)
    return found


# --- DestroyResourceOp ---
DESTROY_RESOURCE = define(
    "DestroyResourceOp(resource: resource, *, ignore_lookup_error: bool = True)",
    stateful=True,
    effect="update",
).no_gradient(NOT_CONTINUOUS)
DESTROY_RESOURCE.shape(no_outputs)


@DESTROY_RESOURCE.numpy
def _(cell: Cell, *, ignore_lookup_error: bool) -> None:
    if not ignore_lookup_error:
        cell.write()  # raises where there is nothing to destroy
    cell.clear()
