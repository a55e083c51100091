"""Resource variables in eager execution: each holds its value, and has it from the start.

The value lives in a cell behind the variable's handle, and goes with the last of them. Reads share
the cell's array; the first change after a read works on a copy.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any, Final, NoReturn

import numpy as np

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.dtypes import as_dtype, resource
from graphflow.core.eager import recording
from graphflow.core.eager_tensor import CPU, EagerTensor, text_of
from graphflow.core.export import publish
from graphflow.core.late import provide
from graphflow.core.names import name_from_scope_name
from graphflow.core.shape import as_shape
from graphflow.core.state import Cell
from graphflow.core.tensor import Tensor
from graphflow.ops.initial_value import check_initial_value
from graphflow.ops.resource_variables import BaseResourceVariable, ResourceVariable
from graphflow.ops.variables import checked_collections, checked_options

Array = np.ndarray[Any, Any]
_numbers: Final = itertools.count()


class EagerCell(Cell):
    """A variable's value, whose array readers may keep: changes leave theirs as it is."""

    __slots__ = ("shared",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shared = False

    def write(self) -> Array:
        """Returns the variable's own array, for an update in place."""
        own = super().write()
        if self.shared:
            self.shared = False
            own = self.value = own.copy()
        return own

    def assign(self, value: Array, *, fresh: bool = False) -> None:
        """Makes a copy of `value` the variable's value."""
        if self.shared:
            self.shared, self.value = False, None
        super().assign(value, fresh=fresh)


class _Eager(BaseResourceVariable):
    """What a variable and what an update returns have in common."""

    _in_graph_mode = False
    _name: str

    @property
    def _cell(self) -> EagerCell:
        cell: EagerCell = self._handle._value  # type: ignore[attr-defined]  # an EagerTensor
        return cell

    # --- what belongs to graphs ---
    @property
    def name(self) -> str:
        """The name it was made under; another may have the same."""
        return f"{self._name}:0"

    @property
    def _handle_name(self) -> str:
        return f"{self._name}:0"

    @property
    def _shared_name(self) -> str:
        return self._name

    @property
    def device(self) -> str:
        """The device that holds the value."""
        return CPU

    @property
    def initializer(self) -> Any:
        """None: it has its value."""
        return None

    @property
    def create(self) -> NoReturn:
        """Raises RuntimeError: no operation does it."""
        raise RuntimeError("Calling create is not supported when eager execution is enabled.")

    @property
    def initial_value(self) -> NoReturn:
        """Raises RuntimeError: it is not kept."""
        raise RuntimeError("initial_value not supported in EAGER mode.")

    def initialized_value(self) -> Tensor:
        """The value."""
        return self.read_value()

    def is_initialized(self, name: str | None = None) -> Tensor:
        """A bool scalar: whether the variable has a value."""
        found: Tensor = convert(np.array(self._cell.initialized))
        return found

    def eval(self, session: Any = None) -> NoReturn:
        """Raises RuntimeError: `numpy` returns the value."""
        raise RuntimeError("Trying to eval in EAGER mode")

    def load(self, value: Any, session: Any = None) -> None:
        """Gives the variable a value."""
        self.assign(value)

    def to_proto(self, export_scope: str | None = None) -> NoReturn:
        """Raises RuntimeError: no graph holds it."""
        raise RuntimeError("to_proto not supported in EAGER mode.")

    # --- reading ---
    def _noted(self) -> None:
        if self._trainable:
            note_read(self)

    def _read(self) -> Tensor:
        self._noted()
        return super()._read()

    def value(self) -> Tensor:
        """The variable's value as a tensor."""
        return self._read()

    def read_value(self) -> Tensor:
        """The variable's value as a tensor."""
        return self._read()

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """The rows at `indices`, without reading the others."""
        self._noted()
        return super().sparse_read(indices, name)

    def gather_nd(self, indices: Any, name: str | None = None) -> Tensor:
        """The parts that `indices` [..., depth] point at, without reading the others."""
        self._noted()
        return super().gather_nd(indices, name)

    def numpy(self) -> Any:
        """Returns the value: an array of the caller's own, or the number.

        Raises:
            NotImplementedError: in the body of a function.
        """
        if not scopes.get_default_graph().executes:
            raise NotImplementedError("numpy() is only available when eager execution is enabled.")
        value = self._cell.read()
        return value.copy() if value.ndim else value[()]

    # --- as a Python object ---
    def __repr__(self) -> str:
        value = self._cell.value
        shown = "<uninitialized>" if value is None else text_of(value, is_repr=True)
        return (
            f"<tf.Variable {self._shown_name!r} shape={self._shape} dtype={self._dtype.name}, "
            f"numpy={shown}>"
        )

    @property
    def _shown_name(self) -> str:
        return self.name

    def __int__(self) -> int:
        if not self._dtype.is_integer:
            raise TypeError("Non-integer variable can't be converted to integer.")
        return int(self.numpy())

    __index__ = __int__

    def __float__(self) -> float:
        raise TypeError("float() argument must be a string or a number, not 'ResourceVariable'")

    def __deepcopy__(self, memo: Any) -> Any:
        made = EagerVariable(
            initial_value=self.read_value(),
            trainable=self._trainable,
            constraint=self._constraint,
            dtype=self._dtype,
            name=f"{self._name}_copy",
        )
        memo[id(self)] = made
        return made

    def __reduce__(self) -> Any:
        options = {
            "initial_value": self.numpy(),
            "trainable": self._trainable,
            "name": self._name,
            "dtype": self._dtype,
            "constraint": self._constraint,
        }
        return functools.partial(ResourceVariable, **options), ()


class EagerVariable(_Eager, ResourceVariable):
    """A variable that has its value as soon as it is made; see `tf.Variable`."""

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        dtype: Any = None,
        variable_def: Any = None,
        import_scope: str | None = None,
        constraint: Callable[[Any], Any] | None = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> None:
        if variable_def is not None:
            raise ValueError(
                "Creating ResourceVariable from variable_def is not supported when eager "
                "execution is enabled."
            )
        self._synchronization, self._aggregation, self._trainable = checked_options(
            synchronization, aggregation, trainable, name
        )
        check_initial_value(initial_value, constraint)
        names = checked_collections(collections, self._trainable)
        self._constraint = constraint
        self._initial_value = None
        with scopes.init_scope(), scopes.name_scope(name, "Variable") as scope:
            self._name = name_from_scope_name(scope)
            self._start(initial_value, dtype, shape)
        if GraphKeys.GLOBAL_STEP in names:
            scopes.add_to_collection(GraphKeys.GLOBAL_STEP, self)

    def _start(self, initial_value: Any, dtype: Any, shape: Any) -> None:
        wanted = None if dtype is None else as_dtype(dtype)
        with scopes.name_scope("Initializer"):
            start = initial_value() if callable(initial_value) else initial_value
            start = convert(start, wanted, "initial_value")
        if shape is not None and not start.shape.is_compatible_with(shape):
            raise ValueError(
                f"The initial value's shape ({start.shape}) is not compatible with the "
                f"explicitly supplied `shape` argument ({shape})."
            )
        self._shape = start.shape if shape is None else as_shape(shape)
        self._dtype = start.dtype.base_dtype
        self._unique_id = f"{self._name}_{next(_numbers)}"
        cell = EagerCell(self._unique_id, self._dtype, self._shape.raw, "", is_resource=True)
        cell.assign(start._value)
        self._handle = EagerTensor(cell, resource)

    @property
    def op(self) -> Any:
        """Raises AttributeError: no operation stands for it."""
        return self._handle.op

    def _lazy_read(self, op: Any) -> Any:
        return EagerUnread(self)


class EagerUnread(_Eager):
    """What an update returns: the variable under another name.

    Args:
        variable: what was updated.
    """

    def __init__(self, variable: Any) -> None:
        self._handle = variable._handle
        self._dtype = variable._dtype
        self._shape = variable._shape
        self._name = variable._name
        self._trainable = variable._trainable
        self._unique_id = variable._unique_id
        self._constraint = variable._constraint
        self._synchronization, self._aggregation, _ = checked_options(None, None, None, None)
        self._initial_value = None

    @property
    def name(self) -> str:
        """TensorFlow's word for all of them."""
        return "UnreadVariable"

    @property
    def op(self) -> Any:
        """None: the update is done."""
        return None

    def _lazy_read(self, op: Any) -> Any:
        return EagerUnread(self)


publish(ResourceVariable, "contrib.eager.Variable")


@provide("eager_variable")
def eager_variable() -> type[EagerVariable]:
    """Returns the class of variables in eager execution."""
    return EagerVariable


def note_read(variable: Any) -> None:
    """Tells the tapes that are on, and the function that is being declared, of a read."""
    for tape in recording.items:
        if tape.watches_variables:
            tape.watch_variable(variable)
    graph = scopes.get_default_graph()
    if graph.building_function:
        graph.__dict__.setdefault("read_variables", {})[id(variable)] = variable
