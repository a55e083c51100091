"""Slots: the variables that an optimizer keeps beside each variable it changes."""

from __future__ import annotations

import contextlib
from typing import Any

from graphflow.core import scopes
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.ops.fill import zeros
from graphflow.ops.ref_variables import RefVariable
from graphflow.ops.resource_variables import is_resource_variable
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.variable_scope import get_variable, get_variable_scope, variable_scope
from graphflow.ops.variable_store import zeros_initializer
from graphflow.ops.variables import Variable


def _make(primary: Any, start: Any, validate_shape: bool, shape: Any, dtype: Any) -> Any:
    scope = get_variable_scope()
    partitioner = scope.partitioner
    scope.set_partitioner(None)  # the slot of a part is as large as the part
    use_resource = None
    if is_resource_variable(primary):
        use_resource = True
    elif isinstance(primary, RefVariable):
        use_resource = False
    slot = get_variable(
        "",
        initializer=start,
        trainable=False,
        use_resource=use_resource,
        shape=shape if callable(start) else None,
        dtype=dtype,
        validate_shape=validate_shape,
    )
    scope.set_partitioner(partitioner)
    info = getattr(primary, "_save_slice_info", None)
    if info is not None:
        # In a variable scope the slot's name is longer at its front, and what is left here is not
        # its last part; checkpoints have that name all the same.
        real_name = slot.op.name[len(_name_of(primary)) + 1 :]
        slot._set_save_slice_info(
            Variable.SaveSliceInfo(
                f"{info.full_name}/{real_name}", info.full_shape, info.var_offset, info.var_shape
            )
        )
    return slot


def _name_of(primary: Any) -> str:
    """The name of a variable, or of a tensor's operation."""
    found: str = primary._shared_name if isinstance(primary, Variable) else primary.op.name
    return found


def _placed(primary: Any, wanted: bool) -> contextlib.AbstractContextManager[Any]:
    return scopes.colocate_with(primary) if wanted else contextlib.nullcontext()


def create_slot(primary: Any, val: Tensor, name: str, colocate_with_primary: bool = True) -> Any:
    """Returns a new slot that starts with a value.

    Args:
        primary: the variable it belongs to.
        val: the initial value.
        name: the slot's name; the variable's stands before it.
        colocate_with_primary: whether it notes that it belongs beside the variable.
    """
    known = val.get_shape().is_fully_defined()
    with (
        variable_scope(None, f"{_name_of(primary)}/{name}"),
        _placed(primary, colocate_with_primary),
    ):
        return _make(primary, val, known, None, None)


def create_slot_with_initializer(
    primary: Any,
    initializer: Any,
    shape: TensorShape,
    dtype: Any,
    name: str,
    colocate_with_primary: bool = True,
) -> Any:
    """Returns a new slot that starts with what an initializer makes.

    Args:
        primary: the variable it belongs to.
        initializer: as `tf.get_variable` takes it.
        shape: the slot's shape.
        dtype: the slot's type.
        name: the slot's name; the variable's stands before it.
        colocate_with_primary: whether it notes that it belongs beside the variable.
    """
    with (
        variable_scope(None, f"{_name_of(primary)}/{name}"),
        _placed(primary, colocate_with_primary),
    ):
        return _make(primary, initializer, shape.is_fully_defined(), shape, dtype)


def create_zeros_slot(
    primary: Any, name: str, dtype: Any = None, colocate_with_primary: bool = True
) -> Any:
    """Returns a new slot that starts with zeros, of the variable's shape.

    Args:
        primary: the variable it belongs to.
        name: the slot's name; the variable's stands before it.
        dtype: the slot's type; None: the variable's.
        colocate_with_primary: whether it notes that it belongs beside the variable.
    """
    dtype = primary.dtype if dtype is None else dtype
    shape = primary.get_shape()
    if shape.is_fully_defined():
        return create_slot_with_initializer(
            primary, zeros_initializer, shape, dtype.base_dtype, name, colocate_with_primary
        )
    source = primary.initialized_value() if isinstance(primary, Variable) else primary
    val = zeros(shape_of(source), dtype=dtype.base_dtype)
    return create_slot(primary, val, name, colocate_with_primary)
