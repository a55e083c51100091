"""Python's operators on tensors and variables, as the operations that TensorFlow makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphflow.core import convert, scopes
from graphflow.core.declare import apply, declare_named
from graphflow.core.dtypes import string
from graphflow.core.late import provide
from graphflow.core.tensor import Tensor
from graphflow.ops.arithmetic import add, add_v2, multiply, negative, subtract
from graphflow.ops.cast import is_sparse_tensor
from graphflow.ops.comparison import (
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
)
from graphflow.ops.complex import abs
from graphflow.ops.division import div, floordiv, floormod, truediv
from graphflow.ops.matmul import matmul
from graphflow.ops.powers import pow


def _plus(x: Tensor, y: Tensor, name: str) -> Any:
    return (add if x._dtype._base is string else add_v2)(x, y, name=name)


def _times(x: Tensor, y: Any, name: str) -> Any:
    if y.__class__ is Tensor or not is_sparse_tensor(y):
        return multiply(x, y, name=name)
    values = apply("SparseDenseCwiseMul", y.indices, y.values, y.dense_shape, x, name=name)
    return type(y)(y.indices, values, y.dense_shape)


_BINARY: Final[dict[str, Callable[..., Any]]] = {
    "add": _plus,
    "sub": subtract,
    "mul": _times,
    "div": div,
    "truediv": truediv,
    "floordiv": floordiv,
    "mod": floormod,
    "pow": pow,
    "and": logical_and,
    "or": logical_or,
    "xor": logical_xor,
    "matmul": matmul,
}
_COMPARISONS: Final[dict[str, Callable[..., Any]]] = {
    "lt": less,
    "le": less_equal,
    "gt": greater,
    "ge": greater_equal,
}
_UNARY: Final[dict[str, Callable[..., Any]]] = {
    "neg": negative,
    "abs": abs,
    "invert": logical_not,
}


_SINGLE: Final = {
    "add": add_v2.definition, "sub": subtract.definition, "mul": multiply.definition,
}  # fmt: skip
"""The operators that are one operation of two tensors, so that nothing else is named inside."""


def _value(x: Any) -> Any:
    """A tensor as it is; of a variable its value."""
    return x if isinstance(x, Tensor) else x.value()


@provide("operator")
def operator(name: str, x: Any, other: Any) -> Any:
    """Returns `x <operator> other`.

    Args:
        name: the operator, such as "add" for `+`.
        x: a tensor or variable.
        other: whatever stands on the right.

    Returns:
        A tensor; NotImplemented where `other` becomes no tensor and has an operator of its own.
    """
    x = _value(x)
    if name in _COMPARISONS:
        return _COMPARISONS[name](x, other)
    if other.__class__ is Tensor and name in _SINGLE and x._dtype._base is not string:
        graph = scopes.graph_from_inputs((x, other))
        return declare_named(graph, _SINGLE[name], (x, other), graph.enter_name(name)).outputs[0]
    with scopes.name_scope(None, name, (x, other)) as scope:
        if not isinstance(other, Tensor) and not is_sparse_tensor(other):
            try:
                other = convert.convert(other, name="y", preferred=x.dtype.base_dtype)
            except TypeError:
                if hasattr(type(other), f"__r{name}__"):
                    return NotImplemented
                raise
        return _BINARY[name](x, other, name=scope)


@provide("reverse_operator")
def reverse_operator(name: str, x: Any, other: Any) -> Any:
    """Returns `other <operator> x`, where `other` has no such operator for tensors.

    Args:
        name: the operator, such as "add" for `+`.
        x: a tensor or variable.
        other: whatever stands on the left; it becomes a tensor of the type of `x`.
    """
    x = _value(x)
    with scopes.name_scope(None, name, [other, x]) as scope:
        other = convert.convert(other, x.dtype.base_dtype, "x")
        return _BINARY[name](other, x, name=scope)


@provide("unary_operator")
def unary_operator(name: str, x: Any) -> Any:
    """Returns `-x`, `abs(x)` or `~x`.

    Args:
        name: "neg", "abs" or "invert".
        x: a tensor or variable.
    """
    return _UNARY[name](_value(x))
