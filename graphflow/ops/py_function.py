"""Python functions on tensors that have values: py_function, which can be differentiated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from graphflow.core import late, scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.eager import eager_mode
from graphflow.core.eager_tensor import EagerTensor
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.py_func import (
    Callback,
    called,
    check_callable,
    checked,
    declared,
    find_callback,
    kept,
    unknown_shapes,
)
from graphflow.ops.resource_variables import is_resource_variable

Array = np.ndarray[Any, Any]


def _as_eager(value: Any, dtype: DType) -> EagerTensor:
    if is_resource_variable(value):
        raise RuntimeError(
            "Attempting to return a variable from an eagerly executed py_func. Only numeric data "
            "structures like Tensors or NumPy arrays should be returned; to return the value of a "
            "variable, make sure to obtain the Tensor backing it by calling `.read_value()` on "
            f"the variable in question: {value}"
        )
    found: EagerTensor = convert(value, dtype)
    return found


def _value(tensor: Any) -> Any:
    """The value of a tensor whose operation has run."""
    return tensor._value


def eager_constants(arrays: Iterable[Any]) -> list[EagerTensor]:
    """Returns arrays as tensors with values."""
    return [EagerTensor(x, as_dtype(x.dtype)) for x in map(np.array, arrays)]


class EagerCallback(Callback):
    """A Python function on tensors with values, and what its last call did.

    Args:
        function: takes EagerTensors; returns what becomes EagerTensors.
        types: of the results.
    """

    __slots__ = ("inputs", "outputs", "record", "types")

    def __init__(self, function: Callable[..., Any], types: Sequence[DType]) -> None:
        super().__init__(function)
        self.types = types
        self.inputs: list[EagerTensor] = []
        self.outputs: list[EagerTensor] = []
        self.record: Any = None

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        """Calls the function in eager execution, and remembers what it does."""
        with eager_mode():
            inputs = eager_constants(arrays)
            record = late.call("eager_record", inputs)
            try:
                outputs = self.called(inputs)
            finally:
                record.stop()
        self.inputs, self.outputs, self.record = inputs, outputs, record
        return [np.array(_value(t)) for t in outputs]

    def called(self, inputs: Sequence[Any]) -> list[EagerTensor]:
        """Calls the function, and returns its results as tensors of the types asked for."""
        found = self.function(*inputs)
        if found is None:
            return []
        if isinstance(found, tuple | list):
            return [_as_eager(x, t) for x, t in zip(found, self.types, strict=False)]
        return [_as_eager(found, self.types[0])]


class _Backward(Callback):
    """Differentiates what the last call of an EagerCallback did.

    Args:
        callback: whose call.
        positions: the outputs that gradients arrive at.
    """

    __slots__ = ("callback", "positions")

    def __init__(self, callback: EagerCallback, positions: Sequence[int]) -> None:
        super().__init__(callback)
        self.callback, self.positions = callback, positions

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        """Returns a gradient for each input, zeros for those that none reaches."""
        inputs, outputs = self.callback.inputs, self.callback.outputs
        if not inputs:
            return []
        with eager_mode():
            dys = eager_constants(arrays)
            ys = [outputs[i] for i in self.positions]
            found = self.callback.record.gradients(ys, inputs, dys)
            dense = [None if g is None else _value(convert(g)) for g in found]
        return [
            np.zeros_like(_value(x)) if g is None else np.array(g)
            for x, g in zip(inputs, dense, strict=True)
        ]


# --- EagerPyFunc ---
EAGER_PY_FUNC = define(
    "EagerPyFunc(input: Tin..., *, token: string, Tout: list(type), is_async: bool = False) "
    "-> output: Tout...",
    stateful=True,
    shape=unknown_shapes,
    Tin=0,
    Tout=0,
).host_only("it is Python")


@EAGER_PY_FUNC.gradient
def _(op: Operation, *dys: Tensor | None) -> list[Tensor]:
    callback = find_callback(op.attrs["token"])
    if not isinstance(callback, EagerCallback):
        raise LookupError(f"No gradient defined for the gradient of a py_function, '{op.name}'")
    positions = [i for i, dy in enumerate(dys) if dy is not None]
    token = kept(_Backward(callback, positions))
    types = [t.dtype.base_dtype for t in op.inputs]
    given = [dy for dy in dys if dy is not None]
    with op.graph.control_dependencies([op]):
        found: list[Tensor] = apply(EAGER_PY_FUNC, given, token=token, Tout=types)
    return found


@EAGER_PY_FUNC.numpy
def _(values: list[Array], *, token: Any, Tout: list[DType]) -> Any:  # noqa: N803
    found = called(token, find_callback(token), values)
    return checked(token, found, Tout)


@export("py_function", "contrib.eager.py_func")
def py_function(
    func: Callable[..., Any],
    inp: Sequence[Any],
    Tout: Any,  # noqa: N803  TensorFlow's name
    name: str | None = None,
) -> Any:
    """Calls a Python function on tensors that have values, as an operation of the graph.

    Inside, every operation of `tf` runs at once: a tensor has `numpy()`, and can decide an `if`.
    What the function does with operations of `tf` is differentiated.

    Args:
        func: gets a tensor for each input and returns what converts to the types asked for.
        inp: the inputs: a list of tensors.
        Tout: the type of the result, or a list of types.
        name: the node's name.

    Returns:
        A tensor, or a list of tensors where `Tout` is a list; their shapes are not known.

    Raises:
        ValueError: if `func` cannot be called.

    Note:
        Errors are told as those of `tf.py_func`. A gradient belongs to the function's last call
        before it, as in TensorFlow.
    """
    check_callable(func)
    many = isinstance(Tout, list | tuple)
    callback = EagerCallback(func, [as_dtype(t) for t in (Tout if many else [Tout])])
    if scopes.get_default_graph().executes:
        found = callback.called([convert(x) for x in inp])
        return found if many else (found[0] if found else None)
    return declared(EAGER_PY_FUNC, callback, inp, Tout, name)
