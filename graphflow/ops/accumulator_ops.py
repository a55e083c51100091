"""Conditional accumulators as operations: with a resource handle, and with a reference."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType, float16, float32, float64
from graphflow.core.errors import KernelError
from graphflow.core.opdef import NUMBERS, OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.state import Store
from graphflow.ops._accumulators import Accumulator, SparseAccumulator
from graphflow.ops._queues import type_names
from graphflow.ops.queue_ops import resource, scalar_outputs, thing, unknown_outputs

Array = np.ndarray[Any, Any]

_WHY: Final = "gradients come and go in time; nothing depends on them continuously"
_KERNELS: Final = (float16, float32, float64)
_OPTIONS: Final = (
    "*, dtype: type, shape: shape, container: string = '', shared_name: string = '', "
    "reduction_type: string = 'MEAN'"
)
_REDUCTIONS: Final = ("MEAN", "SUM")


def _two(op: Operation) -> list[Dims]:
    """The shape of a handle: TensorFlow says so of the resource as well."""
    return [(2,)]


def _made(kind: type[Accumulator]) -> Any:
    def run(
        *,
        store: Store,
        name: str,
        container: str,
        shared_name: str,
        dtype: DType,
        shape: Dims,
        reduction_type: str,
    ) -> Accumulator:
        if dtype not in _KERNELS:
            raise KernelError(
                f"No OpKernel was registered to support Op '{kind.__name__}' with dtype "
                f"{type_names([dtype])}: only half, float and double are"
            )

        def make(shown: str) -> Accumulator:
            return kind(shown, container, dtype, shape, reduction_type == "MEAN")

        found: Accumulator = resource(store, kind.__name__, container, shared_name, name, make)
        return found

    return run


def _each(name: str, signature: str, kernel: Any, **facets: Any) -> None:
    """Defines both forms of an operation on a dense accumulator."""
    for prefix, handle in (("Resource", "resource"), ("", "Ref(string)")):
        text_ = prefix + name + signature.replace("HANDLE", handle)
        new = define(text_, stateful=bool(prefix) or "-> handle" in signature, **facets)
        _finish(new, kernel)


def _finish(new: OpDef, kernel: Any) -> None:
    new.no_gradient(_WHY, raises=True).numpy(kernel)
    new.host_only("it waits for other threads")


# --- ConditionalAccumulator, SparseConditionalAccumulator ---
_each(
    "ConditionalAccumulator", f"({_OPTIONS}) -> handle: HANDLE,", _made(Accumulator), shape=_two,
    dtype=NUMBERS, reduction_type=_REDUCTIONS,
)  # fmt: skip
_finish(
    define(
        f"SparseConditionalAccumulator({_OPTIONS}) -> handle: Ref(string),", stateful=True,
        shape=_two, dtype=NUMBERS, reduction_type=_REDUCTIONS,
    ),
    _made(SparseAccumulator),
)  # fmt: skip


# --- AccumulatorApplyGradient, SparseAccumulatorApplyGradient ---
def _scalar(value: Array, port: str) -> int:
    if value.ndim:
        raise KernelError(f"Argument {port} must be scalar, but had bad shape {text(value.shape)}")
    return int(value)


def _checked(handle: Any, dtype: DType) -> Any:
    found = thing(handle)
    if found.dtype != dtype:
        raise KernelError(
            f"Signature mismatch: the accumulator holds {type_names([found.dtype])}, "
            f"not {type_names([dtype])}"
        )
    return found


def _apply(handle: Any, local_step: Array, gradient: Array, *, dtype: DType) -> None:
    _checked(handle, dtype).apply(_scalar(local_step, "local_step"), gradient)


def _apply_sparse(
    handle: Any,
    local_step: Array,
    indices: Array,
    values: Array,
    shape: Array,
    *,
    dtype: DType,
    has_known_shape: bool,
) -> None:
    parts = indices, values, shape if has_known_shape else None
    _checked(handle, dtype).apply(_scalar(local_step, "local_step"), parts)


_each(
    "AccumulatorApplyGradient", "(handle: HANDLE, local_step: int64, gradient: dtype)", _apply,
    dtype=NUMBERS, waits="give",
)  # fmt: skip
_finish(
    define(
        "SparseAccumulatorApplyGradient(handle: Ref(string), local_step: int64, "
        "gradient_indices: int64, gradient_values: dtype, gradient_shape: int64, *, "
        "has_known_shape: bool)",
        dtype=NUMBERS,
        waits="give",
    ),
    _apply_sparse,
)


# --- AccumulatorTakeGradient, SparseAccumulatorTakeGradient ---
def _take(handle: Any, num_required: Array, *, dtype: DType) -> Any:
    return _checked(handle, dtype).take(_scalar(num_required, "num_required"))


_each(
    "AccumulatorTakeGradient",
    "(handle: HANDLE, num_required: int32, *, dtype: type) -> average: dtype",
    _take,
    shape=unknown_outputs,
    dtype=NUMBERS,
    waits="take",
)
_finish(
    define(
        "SparseAccumulatorTakeGradient(handle: Ref(string), num_required: int32, *, dtype: type) "
        "-> indices: int64, values: dtype, shape: int64",
        shape=unknown_outputs,
        dtype=NUMBERS,
        waits="take",
    ),
    _take,
)


# --- AccumulatorNumAccumulated, AccumulatorSetGlobalStep ---
def _count(handle: Any) -> Array:
    return np.array(thing(handle).counter, np.int32)


def _set_step(handle: Any, new_global_step: Array) -> None:
    # TensorFlow's message names the port of another operation.
    thing(handle).set_step(_scalar(new_global_step, "num_required"))


_each(
    "AccumulatorNumAccumulated", "(handle: HANDLE) -> num_accumulated: int32", _count,
    shape=scalar_outputs,
)  # fmt: skip
_each("AccumulatorSetGlobalStep", "(handle: HANDLE, new_global_step: int64)", _set_step)
