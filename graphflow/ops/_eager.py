"""Operations that run as they are declared, for the functions that `tf.py_function` calls.

A Ledger is a graph whose operations are run at once; its tensors hold what came out. So a function
may compute with `tf` on values that it can look at, and what it did can be differentiated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from graphflow.core.convert import constant
from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.errors import InvalidArgumentError, KernelError, ShapeError, UnimplementedError
from graphflow.core.evaluate import grouped, kernel_keywords
from graphflow.core.graph import Graph
from graphflow.core.opdef import OpDef
from graphflow.core.operation import Operation
from graphflow.core.state import Store
from graphflow.core.tensor import Tensor

Array = np.ndarray[Any, Any]


class EagerTensor(Tensor):
    """A tensor that has its value: a number, an array or a text, as `numpy()` returns it."""

    __slots__ = ("_value",)
    _value: Any

    def numpy(self) -> Any:
        """Returns the value: an array of the caller's own, of a scalar the number or the bytes."""
        found = self._value.copy() if isinstance(self._value, np.ndarray) else self._value
        return found if getattr(found, "ndim", 0) else found[()]

    @property
    def device(self) -> str:
        """The device that holds the value."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self._value, dtype)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __int__(self) -> int:
        return int(self._value)

    def __float__(self) -> float:
        return float(self._value)

    def __index__(self) -> int:
        return int(self._value.__index__())

    def __len__(self) -> int:
        return len(self._value)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self._value)))

    def __format__(self, spec: str) -> str:
        return format(self._value[()], spec) if not self._value.ndim else str(self)

    def __str__(self) -> str:
        return f"tf.Tensor({self._value}, shape={self._value.shape}, dtype={self._dtype.name})"

    def __repr__(self) -> str:
        shape, kind = self._value.shape, self._dtype.name
        return f"<tf.Tensor: shape={shape}, dtype={kind}, numpy={self.numpy()!r}>"


class Ledger(Graph):
    """A graph that runs each operation when it is declared."""

    def __init__(self) -> None:
        super().__init__()
        self.executes = True
        self._store = Store()

    def add(
        self,
        definition: OpDef,
        inputs: Sequence[Tensor],
        attrs: Mapping[str, Any],
        name: str,
        dtypes: Iterable[DType],
    ) -> Operation:
        """Appends an operation, runs it, and gives its outputs their values.

        Raises:
            InvalidArgumentError: if the kernel finds a mistake; other classes as the kernel says.
            UnimplementedError: if no kernel can run the operation alone, as that of a loop.
        """
        op = super().add(definition, inputs, attrs, name, dtypes)
        values = self._run(op, [t._value for t in inputs])  # type: ignore[attr-defined]  # all of this graph are EagerTensors
        outputs = [EagerTensor(op, t.value_index, t.dtype) for t in op.outputs]
        for tensor, value in zip(outputs, values, strict=True):
            tensor._value = value
            tensor.dims = value.shape if isinstance(value, np.ndarray) else ()
        op.outputs = list(outputs)
        return op

    def _infer(self, op: Operation) -> None:
        """Infers shapes from values: a mistake is one of the run."""
        try:
            if op.definition.shape_rule is not None:
                op.definition.shape_rule(op)
        except ShapeError as e:
            raise e.error(None, op, e.run) from None

    def _run(self, op: Operation, values: list[Any]) -> list[Any]:
        definition = op.definition
        rule = definition.body or definition.kernel
        if rule is None:
            raise UnimplementedError(None, op, f"{op.type} cannot run in a py_function")
        args = grouped(definition, op.attrs, values)
        try:
            with np.errstate(all="ignore"):
                options = self._options(op, kernel_keywords(rule))
                made = rule(np, *args, **options) if definition.body else rule(*args, **options)
        except KernelError as e:
            raise e.error(None, op, str(e)) from e
        except (ValueError, TypeError, IndexError, ZeroDivisionError) as e:
            raise InvalidArgumentError(None, op, f"{op.type}: {e}") from e
        if not op.outputs:
            return []
        many = isinstance(made, tuple | list) and (len(op.outputs) > 1 or _lists(definition))
        kinds = [t.dtype.kind for t in op.outputs]
        found = list(made) if many else [made]
        return [x if k == "R" else np.asarray(x) for x, k in zip(found, kinds, strict=True)]

    def _options(self, op: Operation, wanted: tuple[str, ...]) -> dict[str, Any]:
        given: dict[str, Any] = {"out": None, "store": self._store, "name": op.name, **op.attrs}
        if "memory" in wanted:
            given["memory"] = self._store.memory(op.name)
        return {key: given[key] for key in wanted}


def _lists(definition: OpDef) -> bool:
    return any(port.is_list for port in definition.outputs)


def eager_constants(arrays: Iterable[Any]) -> list[Tensor]:
    """Returns arrays as tensors of the default graph."""
    return [constant(x, as_dtype(x.dtype)) for x in map(np.array, arrays)]
