"""EagerTensor: a tensor that has its value, in a context where operations run as they are called.

It belongs to no graph and knows no operation: what made it is remembered by the tapes that watch.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn

import numpy as np

from graphflow.core import late, shape
from graphflow.core.dtypes import DType
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor

Array = np.ndarray[Any, Any]
CPU: Final = "/job:localhost/replica:0/task:0/device:CPU:0"
_numbers: Final = itertools.count()
_number: Final = _numbers.__next__


def _meaningless(name: str) -> Any:
    def refuse(self: Any) -> NoReturn:
        raise AttributeError(f"Tensor.{name} is meaningless when eager execution is enabled.")

    return property(refuse, doc="Belongs to graphs: raises AttributeError.")


def text_of(value: Any, *, is_repr: bool = False) -> str:
    """Returns an array as tensors and variables show it.

    Args:
        value: the value of a tensor.
        is_repr: whether it is shown as `repr` does.
    """
    if not isinstance(value, np.ndarray):
        return "<unprintable>"
    found = value if value.ndim else value[()]
    with np.printoptions(legacy="1.21"):
        text = repr(found) if is_repr else str(found)
    return f"\n{text}" if "\n" in text else text


class EagerTensor(Tensor):
    """A tensor that has its value: a number, an array or a text, as `numpy()` returns it."""

    __slots__ = ("_number", "_value")
    _value: Any

    def __init__(self, value: Any, dtype: Any = None, device: Any = None) -> None:
        if dtype.__class__ is not DType:  # a program has called it
            made = late.call("tensor_from_array", value, dtype)
            value, dtype = made._value, made._dtype
        self._value = value
        self._dtype = dtype
        self.dims = value.shape if value.__class__ is np.ndarray else ()
        self._number = _number()

    op = _meaningless("op")  # type: ignore[misc]  # of no use here
    graph = _meaningless("graph")
    name = _meaningless("name")
    value_index = _meaningless("value_index")  # type: ignore[misc]  # likewise

    @property
    def _tag(self) -> str:
        return ""

    @property
    def _node(self) -> str:
        return ""

    @property
    def _made_by(self) -> str:
        return "Const"

    def _known(self) -> Array | None:
        """The value of a tensor that is an array, for whoever asks before an operation runs."""
        value = self._value
        return value if value.__class__ is np.ndarray else None

    # --- its value ---
    def numpy(self) -> Any:
        """Returns the value: an array of the caller's own, of a scalar the number or the bytes."""
        value = self._value
        if not isinstance(value, np.ndarray):
            raise ValueError(
                f"Cannot convert a Tensor of dtype {self._dtype.name} to a NumPy array."
            )
        return value.copy() if value.ndim else value[()]

    def _numpy(self) -> Any:
        """The value itself: do not write to it."""
        return self._value

    @property
    def device(self) -> str:
        """The device that holds the value."""
        return CPU

    @property
    def backing_device(self) -> str:
        """The device whose memory holds the value."""
        return CPU

    @property
    def _id(self) -> int:
        return self._number

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.dims or ())

    def _rank(self) -> int:
        return len(self.dims or ())

    @property
    def _datatype_enum(self) -> Any:
        return self._dtype.as_datatype_enum

    def cpu(self) -> EagerTensor:
        """Returns the tensor itself: it is on the CPU."""
        return self

    def gpu(self, gpu_index: int = 0) -> EagerTensor:
        """Raises RuntimeError: there is no such device.

        Args:
            gpu_index: its number.
        """
        raise RuntimeError(f"GPU:{gpu_index} unknown device.")

    def set_shape(self, new_shape: Any) -> None:
        """Checks the shape.

        Raises:
            ValueError: if the value has another one.
        """
        if not TensorShape(self.dims).is_compatible_with(new_shape):
            raise ValueError(
                f"Tensor's shape {shape_text(self.dims)} is not compatible with supplied shape "
                f"{new_shape}"
            )

    # --- what belongs to graphs ---
    def eval(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotImplementedError: there is no session."""
        raise NotImplementedError(
            "eval is not supported when eager execution is enabled, is .numpy() what you're "
            "looking for?"
        )

    def consumers(self) -> NoReturn:
        """Raises NotImplementedError: nobody takes note of it."""
        raise NotImplementedError("consumers not supported with eager execution enabled")

    # --- as a Python object ---
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.numpy(), dtype)

    def __bool__(self) -> bool:
        if self._dtype.kind == "S":
            raise TypeError("Attempting to use a string tensor as a bool")
        if self._value.size != 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. "
                "Use a.any() or a.all()"
            )
        return bool(self._value.reshape(()))

    __nonzero__ = __bool__

    def _one(self) -> Any:
        if self._value.size != 1:
            raise TypeError("only size-1 arrays can be converted to Python scalars")
        return self._value.reshape(())[()]

    def __int__(self) -> int:
        return int(self._one())

    __long__ = __int__

    def __float__(self) -> float:
        return float(self._one())

    def __index__(self) -> int:
        return int(self._one())

    def __len__(self) -> int:
        if not self.dims:
            raise TypeError("Scalar tensor has no `len()`")
        return len(self._value)

    def __iter__(self) -> Iterator[Any]:
        if not self.dims:
            raise TypeError("Cannot iterate over a scalar tensor.")
        return iter([self[i] for i in range(len(self._value))])

    def __format__(self, spec: str) -> str:
        value = self._value
        if value.ndim and spec:
            raise TypeError("unsupported format string passed to numpy.ndarray.__format__")
        return format(value[()] if not value.ndim else value, spec)

    def __copy__(self) -> EagerTensor:
        return self

    def __deepcopy__(self, memo: Any) -> EagerTensor:
        return self

    def __reduce__(self) -> Any:
        return late.provided("tensor_from_array"), (self.numpy(),)

    def __str__(self) -> str:
        shown = text_of(self._value)
        return f"tf.Tensor({shown}, shape={shape_text(self.dims)}, dtype={self._dtype.name})"

    def __repr__(self) -> str:
        shown = text_of(self._value, is_repr=True)
        return (
            f"<tf.Tensor: id={self._number}, shape={shape_text(self.dims)}, "
            f"dtype={self._dtype.name}, numpy={shown}>"
        )

    __hash__ = Tensor.__hash__


def shape_text(dims: shape.Dims) -> str:
    """A shape as TensorFlow shows it, such as "(2,)"."""
    return str(TensorShape(dims))


class EagerOperation(Operation):
    """An operation that has run: what gradient and shape rules ask, and tapes remember.

    Its tensors do not know it, so all of it goes when the last tape does.
    """

    __slots__ = ()
    backward: Callable[..., Any] | None = None
    """What differentiates it in place of its type's rule; see `autodiff.eager_tape`."""
