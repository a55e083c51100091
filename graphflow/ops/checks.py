"""Conditions that a run must meet: Assert, CheckNumerics, and what is built from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import convert, late, scopes
from graphflow.core.constant import constant_value
from graphflow.core.declare import apply
from graphflow.core.dtypes import bfloat16, float16, float32, float64, int32, string
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import InvalidArgumentError, KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops import eager_asserts
from graphflow.ops._summaries import short_text
from graphflow.ops.control_ops import group, with_dependencies

Array = np.ndarray[Any, Any]

# --- Assert ---
ASSERT = define(
    "Assert(condition: bool, data: T..., *, summarize: int = 3)", stateful=True, T=1
).no_gradient("has no output")


@ASSERT.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    if dims:
        raise ShapeError(f"Shape must be rank 0 but is rank {len(dims)}", run="cond not scalar")
    return []


@ASSERT.numpy
def _(condition: Array, data: list[Array], *, summarize: int) -> None:
    if not condition:
        shown = " ".join(f"[{short_text(a, summarize)}]" for a in data)
        raise KernelError(f"assertion failed: {shown}")


@export("Assert", "debugging.Assert")
def Assert(
    condition: Any, data: Any, summarize: int | None = None, name: str | None = None
) -> Operation:
    """Returns an operation that fails when it runs unless `condition` is True.

    Args:
        condition: a bool scalar.
        data: a list of tensors to show in the error.
        summarize: how many elements of each; None: 3.
        name: a scope for the operation.

    Note:
        As in TensorFlow the check stands in a branch of `cond` where `data` is neither text nor
        int32, and the operation that is returned is the end of that `cond`.
    """

    def check() -> Operation:
        made: Operation = apply(ASSERT, condition, data, summarize=summarize, name="Assert")
        return made

    if scopes.get_default_graph().executes:
        eager_asserts.check(condition, data, summarize)
        return None  # type: ignore[return-value]  # in eager execution it has run
    with scopes.name_scope(name, "Assert", [condition, data]):
        shown = convert.convert_n_to_tensor(data)
        if all(x.dtype.base_dtype in (string, int32) for x in shown):
            return check()
        condition = convert.convert(condition, name="Condition")
        found: Operation = late.call(
            "cond", condition, lambda: apply("NoOp"), check, name="AssertGuard"
        ).op
    return found


# --- CheckNumerics ---
CHECK_NUMERICS = define(
    "CheckNumerics(tensor: T, *, message: string) -> output: T",
    stateful=True,
    view=True,
    shape=same_shape,
    T=(bfloat16, float16, float32, float64),
)


@CHECK_NUMERICS.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return check_numerics(
        dy,
        "Not a number (NaN) or infinity (Inf) values detected in gradient. "
        + str(op.attrs["message"]),
    )


@CHECK_NUMERICS.numpy
def _(x: Array, *, message: str) -> Array:
    if not np.isfinite(x).all():
        found = [
            word for word, test in (("Inf", np.isinf), ("NaN", np.isnan)) if bool(test(x).any())
        ]
        raise KernelError(f"{message} : Tensor had {' and '.join(found)} values")
    return x


@export("check_numerics", "debugging.check_numerics")
def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """Returns `tensor`; the run fails if it holds nan or infinity.

    Args:
        tensor: floats.
        message: text before the error's.
        name: the node's name.
    """
    found: Tensor = apply(CHECK_NUMERICS, tensor, message=message, name=name)
    return found


@export("verify_tensor_all_finite", "debugging.assert_all_finite")
def verify_tensor_all_finite(
    t: Any = None,
    msg: str | None = None,
    name: str | None = None,
    x: Any = None,
    message: str | None = None,
) -> Tensor:
    """Returns the tensor; the run fails if it holds nan or infinity.

    Args:
        t: floats.
        msg: text before the error's.
        name: a scope for the operations.
        x: the newer name of `t`.
        message: the newer name of `msg`.

    Raises:
        ValueError: if an argument comes under both names.
    """
    if t is not None and x is not None:
        raise ValueError("Cannot specify both 't' and 'x'")
    if msg is not None and message is not None:
        raise ValueError("Cannot specify both 'msg' and 'message'")
    given, text = (t if x is None else x), (msg if message is None else message)
    with scopes.name_scope(name, "VerifyFinite", [given]):
        tensor = convert.convert_to_tensor(given, name="x")
        with scopes.colocate_with(tensor):
            checked = check_numerics(tensor, text or "")
            found: Tensor = with_dependencies([checked], tensor)
    return found


@export("add_check_numerics_ops")
def add_check_numerics_ops() -> Operation:
    """Returns an operation that fails if any float tensor of the graph holds nan or infinity.

    Raises:
        ValueError: if a float tensor belongs to a branch or a loop.

    Note:
        The tensors are looked at in the order of the graph, so the first bad one is named.
    """
    last: list[Tensor] = []
    for op in scopes.get_default_graph().get_operations():
        for t in op.outputs:
            if t.dtype in (float16, float32, float64):
                if op._get_control_flow_context() is not None:
                    raise ValueError(
                        "`tf.add_check_numerics_ops() is not compatible with TensorFlow control "
                        "flow operations such as `tf.cond()` or `tf.while_loop()`."
                    )
                with scopes.control_dependencies(last):
                    last = [check_numerics(t, f"{op.name}:{t.value_index}")]
    return group(*last)


def static_failure(condition: Any, data: list[Any]) -> None:
    """Raises InvalidArgumentError if a condition that is known before any run is False.

    Args:
        condition: the condition.
        data: what to show: text and tensors.
    """
    if condition:
        return
    lines = []
    for item in data:
        known = item._made_by == "Const" if isinstance(item, Tensor) else False
        lines.append(str(constant_value(item) if known else item))
    raise InvalidArgumentError(None, None, "\n".join(lines))
