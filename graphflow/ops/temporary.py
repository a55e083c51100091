"""Variables that live as long as one run: TemporaryVariable and DestroyTemporaryVariable."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.errors import KernelError, NotFoundError
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.state import Cell, Store
from graphflow.ops.state import NOT_CONTINUOUS

Array = np.ndarray[Any, Any]

# --- TemporaryVariable ---
TEMPORARY_VARIABLE = define(
    "TemporaryVariable(*, shape: shape, dtype: type, var_name: string = '') -> ref: Ref(dtype),",
    stateful=True,
).no_gradient("has no input")


@TEMPORARY_VARIABLE.shape
def _(op: Operation) -> list[Dims]:
    return [op.attrs["shape"]]


@TEMPORARY_VARIABLE.numpy
def _(*, store: Store, name: str, var_name: str, dtype: DType, shape: tuple[int, ...]) -> Cell:
    def made() -> Cell:
        cell = Cell(var_name or name, dtype, shape)
        cell.value = np.zeros(shape, dtype.as_numpy_dtype)
        return cell

    return store.cell("", f"temporary/{name}", made)


# --- DestroyTemporaryVariable ---
DESTROY_TEMPORARY_VARIABLE = define(
    "DestroyTemporaryVariable(ref: Ref(T), *, var_name: string) -> value: T"
).no_gradient(NOT_CONTINUOUS, raises=True)


@DESTROY_TEMPORARY_VARIABLE.shape
def _(op: Operation) -> list[Dims]:
    return [op.inputs[0].dims]


@DESTROY_TEMPORARY_VARIABLE.numpy
def _(cell: Cell, *, var_name: str) -> Array:
    if cell.name != var_name:
        raise KernelError(f"Resource {var_name} does not exist: it is {cell.name}", NotFoundError)
    # The memory stays for the next run, which assigns it anew.
    return cell.read().copy()
