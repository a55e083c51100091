"""tf.Variable: the class that users construct, and what its kinds have in common."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from graphflow.core import late, scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import register_tensor_conversion_function
from graphflow.core.dtypes import DType
from graphflow.core.export import export, publish
from graphflow.core.operation import Operation
from graphflow.core.reference import Reference
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import BINARY, COMPARISONS, UNARY, Tensor
from graphflow.ops import slice_info, state
from graphflow.ops.variable_def import to_proto


@export("VariableSynchronization")
class VariableSynchronization(enum.Enum):
    """When a distributed variable would be synchronized; graphflow runs in one process."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


@export("VariableAggregation")
class VariableAggregation(enum.Enum):
    """How updates of a distributed variable would be added up; graphflow runs in one process."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3
    ONLY_FIRST_TOWER = 3  # noqa: PIE796 (the older name of the same)


def checked_options(
    synchronization: Any, aggregation: Any, trainable: bool | None, name: str | None
) -> tuple[VariableSynchronization, VariableAggregation, bool]:
    """Returns the three options with their defaults filled in.

    Raises:
        ValueError: if one has no such value.
    """
    try:
        aggregation = VariableAggregation(0 if aggregation is None else _number(aggregation))
    except ValueError:
        raise ValueError(
            f"Invalid variable aggregation mode: {aggregation} for variable: {name}"
        ) from None
    try:
        synchronization = VariableSynchronization(
            0 if synchronization is None else _number(synchronization)
        )
    except ValueError:
        raise ValueError(
            f"Invalid variable synchronization mode: {synchronization} for variable: {name}"
        ) from None
    if trainable is None:
        trainable = synchronization is not VariableSynchronization.ON_READ
    return synchronization, aggregation, trainable


def _number(option: Any) -> Any:
    return option.value if isinstance(option, enum.Enum) else option


def checked_collections(collections: Any, trainable: bool) -> list[str]:
    """Returns the collections that a new variable goes into.

    Raises:
        ValueError: if they are no list, tuple or set.
    """
    if collections is None:
        collections = [GraphKeys.GLOBAL_VARIABLES]
    if not isinstance(collections, list | tuple | set):
        raise ValueError(
            "collections argument to Variable constructor must be a list, tuple, or set. "
            f"Got {collections} of type {type(collections)}"
        )
    found = list(collections)
    if trainable and GraphKeys.TRAINABLE_VARIABLES not in found:
        found.append(GraphKeys.TRAINABLE_VARIABLES)
    return found


class VariableMeta(type):
    """Makes `tf.Variable(...)` return a variable of the kind that was asked for."""

    @property
    def __signature__(cls) -> inspect.Signature:
        """The constructor's arguments, for `help` and tools; not those of `__call__`."""
        _, *arguments = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]  # of a class
        return inspect.Signature(arguments)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Makes a variable."""
        if cls is not Variable:
            return super().__call__(*args, **kwargs)
        return late.call("make_variable", **_named_arguments(args, kwargs))


_ARGUMENTS: Final = (
    "initial_value", "trainable", "collections", "validate_shape", "caching_device", "name",
    "variable_def", "dtype", "expected_shape", "import_scope", "constraint", "use_resource",
    "synchronization", "aggregation", "shape",
)  # fmt: skip


def _named_arguments(args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    if len(args) > len(_ARGUMENTS):
        raise TypeError(f"Variable takes at most {len(_ARGUMENTS)} arguments, not {len(args)}")
    found = dict(zip(_ARGUMENTS, args, strict=False))
    for key, value in kwargs.items():
        if key in found:
            raise TypeError(f"Variable got multiple values for argument '{key}'")
        if key not in _ARGUMENTS:
            raise TypeError(f"Variable got an unexpected keyword argument '{key}'")
        found[key] = value
    return {"validate_shape": True, **dict.fromkeys(set(_ARGUMENTS) - {"validate_shape"}), **found}


@export("Variable")
class Variable(metaclass=VariableMeta):
    """A value that stays from one run to the next, until an operation changes it.

    Args:
        initial_value: the value it starts with, and from which type and shape follow: a tensor, a
            Python value, or a function without arguments that returns one.
        trainable: whether optimizers change it by default; None: True.
        collections: names of the collections it goes into; None: [GLOBAL_VARIABLES].
        validate_shape: False allows an initial value of unknown shape.
        caching_device: a device where a copy of the value is kept for readers.
        name: the node's name.
        variable_def: a VariableDef message of nodes that are there already, instead of all else.
        dtype: the type; None: that of the initial value.
        expected_shape: not used.
        import_scope: a prefix for the names in `variable_def`.
        constraint: a function of the new value that is applied after an optimizer's step.
        use_resource: True for a resource variable; None: as the variable scope says, else False.
        synchronization: kept for TensorFlow's sake.
        aggregation: kept for TensorFlow's sake.
        shape: the shape, where it should be less definite than the initial value's.

    Raises:
        ValueError: if there is no initial value, or its shape is not known.
    """

    SaveSliceInfo = slice_info.SaveSliceInfo
    __array_priority__: Final = 100

    _initial_value: Tensor | None
    _initializer_op: Operation
    _trainable: bool
    _synchronization: VariableSynchronization
    _aggregation: VariableAggregation
    _save_slice_info: slice_info.SaveSliceInfo | None = None
    _constraint: Callable[[Any], Any] | None = None
    _is_resource = False
    _in_graph_mode = True

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        expected_shape: Any = None,
        import_scope: str | None = None,
        constraint: Callable[[Any], Any] | None = None,
        use_resource: bool | None = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
        shape: Any = None,
    ) -> None:
        raise NotImplementedError  # for the signature; each kind has a constructor of its own

    # --- the node behind it: each kind says what it is ---
    @property
    def _source(self) -> Tensor:
        """The output of the node that stands for the variable: its reference, or its handle."""
        raise NotImplementedError

    @property
    def _snapshot_name(self) -> str:
        raise NotImplementedError

    def _as_graph_element(self) -> Any:
        raise NotImplementedError

    def _ref(self) -> Tensor:
        raise NotImplementedError

    def value(self) -> Tensor:
        """The variable's value as a tensor; reads of one variable may share it."""
        raise NotImplementedError

    def read_value(self) -> Tensor:
        """The variable's value as a new tensor, read where the control dependencies say."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The name of the tensor that stands for the variable."""
        return self._source.name

    @property
    def _shared_name(self) -> str:
        return self.name.partition(":")[0]

    @property
    def op(self) -> Operation:
        """The operation that stands for the variable."""
        return self._source.op

    @property
    def graph(self) -> Any:
        """The graph of the variable."""
        return self._source.graph

    @property
    def device(self) -> str:
        """The device the user asked for."""
        return self._source.device

    @property
    def dtype(self) -> DType:
        """The element type; a reference type for the 1.x default kind."""
        return self._source.dtype

    @property
    def shape(self) -> TensorShape:
        """The static shape."""
        return self._source.shape

    def get_shape(self) -> TensorShape:
        """The static shape."""
        return self.shape

    @property
    def initializer(self) -> Operation:
        """The operation that gives the variable its initial value."""
        return self._initializer_op

    @property
    def initial_value(self) -> Tensor | None:
        """The tensor that the variable starts with."""
        return self._initial_value

    @property
    def trainable(self) -> bool:
        """Whether optimizers change it by default."""
        return self._trainable

    @property
    def synchronization(self) -> VariableSynchronization:
        """As given to the constructor."""
        return self._synchronization

    @property
    def aggregation(self) -> VariableAggregation:
        """As given to the constructor."""
        return self._aggregation

    @property
    def constraint(self) -> Callable[[Any], Any] | None:
        """The function that is applied after an optimizer's step, or None."""
        return self._constraint

    @property
    def _distribute_strategy(self) -> None:
        return None

    def initialized_value(self) -> Tensor:
        """The value if the variable has one when the run gets there, else the initial value."""
        with scopes.init_scope():
            found: Tensor = late.call(
                "cond",
                state.is_variable_initialized(self),
                self.read_value,
                lambda: self.initial_value,
            )
        return found

    def experimental_ref(self) -> Reference:
        """Returns a key for dicts and sets that stands for this very variable."""
        return Reference(self)

    def eval(self, session: Any = None) -> Any:
        """Runs the graph as far as needed and returns the variable's value, an array.

        Args:
            session: the session; None: the default one.
        """
        return self._as_graph_element().eval(session=session)

    def load(self, value: Any, session: Any = None) -> None:
        """Gives the variable a value, outside of the graph.

        Args:
            value: the value.
            session: the session; None: the default one.

        Raises:
            ValueError: if there is no session, or the value has another shape.
        """
        session = session or scopes.get_default_session()
        if session is None:
            raise ValueError(
                "Either session argument should be provided or default session should be "
                "established"
            )
        session.run(self.initializer, {self.initializer.inputs[1]: value})

    # --- what changes it: each kind says how ---
    def set_shape(self, shape: Any) -> Any:
        """Overrides the static shape; only reference variables do."""
        raise NotImplementedError

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Changes the variable to a value; see the same function of tf."""
        raise NotImplementedError

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Changes the variable by adding a value; see the same function of tf."""
        raise NotImplementedError

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Changes the variable by taking a value off; see the same function of tf."""
        raise NotImplementedError

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Takes the values of the slices off the rows that they name."""
        raise NotImplementedError

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Adds the values of the slices to the rows that they name."""
        raise NotImplementedError

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Keeps the larger of row and slice."""
        raise NotImplementedError

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Keeps the smaller of row and slice."""
        raise NotImplementedError

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Multiplies the rows by the slices."""
        raise NotImplementedError

    def scatter_div(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Divides the rows by the slices."""
        raise NotImplementedError

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Sets the rows to the slices."""
        raise NotImplementedError

    def batch_scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: Any = None
    ) -> Any:
        """Sets rows inside each entry of the first axes."""
        raise NotImplementedError

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Takes updates off the parts that the indices name."""
        raise NotImplementedError

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Adds updates to the parts that the indices name."""
        raise NotImplementedError

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Sets the parts that the indices name."""
        raise NotImplementedError

    def count_up_to(self, limit: int) -> Any:
        """Adds one, and returns the value before; stops with OutOfRangeError at the limit."""
        raise NotImplementedError

    def sparse_read(self, indices: Any, name: str | None = None) -> Any:
        """Returns some rows; only resource variables do."""
        raise AttributeError

    def gather_nd(self, indices: Any, name: str | None = None) -> Any:
        """Returns some parts; only resource variables do."""
        raise AttributeError

    # --- files ---
    def to_proto(self, export_scope: str | None = None) -> Any:
        """Returns the variable as a VariableDef message; None if it lies outside of the scope.

        Args:
            export_scope: a name scope to leave out of the names.
        """
        return to_proto(self, export_scope)

    @staticmethod
    def from_proto(variable_def: Any, import_scope: str | None = None) -> Variable:
        """Returns the variable that a VariableDef message describes; its nodes must be there.

        Args:
            variable_def: the message.
            import_scope: a name scope to put before the names.
        """
        made: Variable = late.call(
            "make_variable",
            variable_def=variable_def,
            import_scope=import_scope,
            use_resource=variable_def.is_resource,
        )
        return made

    def _set_save_slice_info(self, save_slice_info: slice_info.SaveSliceInfo) -> None:
        self._save_slice_info = save_slice_info

    def _get_save_slice_info(self) -> slice_info.SaveSliceInfo | None:
        return self._save_slice_info

    # --- as a Python object ---
    def __repr__(self) -> str:
        return f"<tf.Variable {self.name!r} shape={self.shape} dtype={self.dtype.name}>"

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __iter__(self) -> NoReturn:
        raise TypeError("'Variable' object is not iterable.")

    def __copy__(self) -> Variable:
        return self

    def __getitem__(self, item: Any) -> Any:
        return late.call("getitem", self.value(), item, self)


publish(Variable, "VariableV1")


def _operator(name: str) -> Callable[..., Any]:
    of_tensor = getattr(Tensor, name)

    def operator(self: Variable, *args: Any) -> Any:
        return of_tensor(self.value(), *args)

    operator.__name__ = name
    return operator


for _name in (*BINARY, *(f"r{n}" for n in BINARY), *COMPARISONS, *UNARY):
    setattr(Variable, f"__{_name}__", _operator(f"__{_name}__"))


# --- variables as tensors ---
def _as_tensor(
    variable: Variable, dtype: DType | None = None, name: str | None = None, as_ref: bool = False
) -> Tensor:
    if dtype is not None and not dtype.is_compatible_with(variable.dtype.base_dtype):
        raise ValueError(
            f"Incompatible type conversion requested to type '{dtype.name}' for variable of type "
            f"'{variable.dtype.name}'"
        )
    return variable._ref() if as_ref else variable.value()


register_tensor_conversion_function(Variable, _as_tensor, 50)
