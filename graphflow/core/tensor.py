"""Tensor: one output of an operation, a symbolic handle that never holds a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from graphflow.core import late, shape
from graphflow.core.dtypes import DType
from graphflow.core.errors import OperatorNotAllowedInGraphError
from graphflow.core.reference import Reference
from graphflow.core.shape import Dims, TensorShape

if TYPE_CHECKING:
    import numpy as np

    from graphflow.core.graph import Graph
    from graphflow.core.operation import Operation


class Tensor:
    """A symbolic handle to one output of an Operation.

    Fetch it with `Session.run` or `eval` to get its value, an array.
    """

    __slots__ = ("__dict__", "__weakref__", "_consumers", "_dtype", "dims", "op", "value_index")
    OVERLOADABLE_OPERATORS: Final = frozenset(
        f"__{prefix}{name}__"
        for prefix, names in (
            ("", "lt le gt ge ne eq getitem invert neg abs"),
            ("", "add sub mul div truediv floordiv mod and or xor pow matmul"),
            ("r", "add sub mul div truediv floordiv mod and or xor pow matmul"),
        )
        for name in names.split()
    )
    """The methods behind Python's operators; those of division are Python 2's as well."""
    __array_priority__: Final = 100  # so that `array + tensor` asks the tensor

    def __init__(self, op: Operation, value_index: int, dtype: DType, dims: Dims = None) -> None:
        self.op: Final = op
        self.value_index: Final = value_index
        self._dtype = dtype
        self.dims = dims
        """The static shape inside the package: a tuple, or None for an unknown rank."""
        self._consumers: list[Operation] | Operation | None = None
        """The operations that take it, each once; the only one of most stands here itself: a list
        of one would be a fifth of what the garbage collector has to look at."""

    @property
    def _tag(self) -> str:
        """The name in messages; empty where it has its value."""
        return self.name

    @property
    def _node(self) -> str:
        """The name of the operation that makes it; empty where it has its value."""
        return self.op.name

    @property
    def _made_by(self) -> str:
        """The type of the operation that makes it; "Const" where it has its value."""
        return self.op.definition.name

    def _known(self) -> np.ndarray[Any, Any] | None:
        """The value where a tensor has one, or None; see EagerTensor."""
        return None

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return self._dtype

    @property
    def name(self) -> str:
        """`"operation:index"`."""
        return f"{self.op.name}:{self.value_index}"

    @property
    def graph(self) -> Graph:
        """The graph the tensor belongs to."""
        return self.op.graph

    @property
    def device(self) -> str:
        """The device of the operation that makes the tensor."""
        return self.op.device

    @property
    def shape(self) -> TensorShape:
        """The static shape, as far as it is known."""
        return TensorShape.of(self.dims)

    def _shape_as_list(self) -> list[int | None] | None:
        return None if self.dims is None else list(self.dims)

    def get_shape(self) -> TensorShape:
        """The static shape, as far as it is known."""
        return TensorShape.of(self.dims)

    @property
    def _shape(self) -> TensorShape:
        return TensorShape.of(self.dims)

    def set_shape(self, new_shape: Any) -> None:
        """Adds what you know to the static shape.

        Raises:
            ValueError: if it contradicts what is known.
        """
        asked = shape.as_shape(new_shape)
        merged = shape.merge(self.dims, asked.raw)
        if merged is False:
            raise ValueError(f"{shape.clash(self.dims, asked.raw)} (set_shape of {self.name!r})")
        self.dims = merged  # type: ignore[assignment]  # False was handled above

    def _shape_tuple(self) -> Dims:
        return self.dims

    def _rank(self) -> int | None:
        return None if self.dims is None else len(self.dims)

    @property
    def _id(self) -> int:
        return id(self)

    def consumers(self) -> list[Operation]:
        """The operations that take this tensor as an input."""
        found = self._consumers
        if found is None:
            return []
        return list(found) if found.__class__ is list else [found]  # type: ignore[list-item]  # by its class

    def _add_consumer(self, op: Operation) -> None:
        found = self.consumers()
        self._consumers = [*found, op] if found else op

    def _drop_consumer(self, op: Operation) -> None:
        found = self._consumers
        if found.__class__ is not list:
            self._consumers = None if found is op else found
        elif found[-1] is op:
            found.pop()
        elif op in found:
            found.remove(op)
        if found == []:
            self._consumers = None

    def _as_node_def_input(self) -> str:
        return self.op.name if self.value_index == 0 else self.name

    def experimental_ref(self) -> Reference:
        """Returns a key for dicts and sets that stands for this very tensor."""
        return Reference(self)

    def eval(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the graph as far as this tensor needs and returns its value.

        The arguments are `eval(feed_dict=None, session=None)`; `eval(sess, feed_dict=...)`, as
        some tutorials print it, is understood too.

        Args:
            *args: `feed_dict` (as `Session.run` takes it), then `session`.
            **kwargs: the same by name; without a session the default one runs.

        Raises:
            TypeError: if there are other arguments.
            ValueError: if there is no default session, or it has another graph.
        """
        if args and hasattr(args[0], "run"):
            args, kwargs = args[1:], {"session": args[0], **kwargs}
        return late.call("eval", self, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<tf.Tensor {self.name!r} shape={self.shape} dtype={self._dtype.name}>"

    def __str__(self) -> str:
        place = "" if self.dims is None else f", shape={self.shape}"
        device = f", device={self.device}" if self.device else ""
        return f'Tensor("{self.name}"{place}, dtype={self._dtype.name}{device})'

    __hash__ = object.__hash__  # in C: plans are found by tensors, several times a run

    def __eq__(self, other: object) -> bool:
        return self is other

    def __copy__(self) -> Tensor:
        return self

    def __bool__(self) -> bool:
        raise OperatorNotAllowedInGraphError(
            f"using a `tf.Tensor` as a Python `bool` is not allowed: {self.name!r}. "
            "Use `if t is not None:` instead of `if t:` to test if a tensor is defined, and use "
            "TensorFlow ops such as tf.cond to execute subgraphs conditioned on the value of "
            "a tensor."
        )

    __nonzero__ = __bool__

    def __iter__(self) -> Any:
        raise OperatorNotAllowedInGraphError(
            f"iterating over `tf.Tensor` is not allowed: {self.name!r}. Tensor objects are only "
            "iterable when eager execution is enabled; use tf.map_fn, or tf.unstack for a list "
            "of its rows."
        )

    def __len__(self) -> int:
        raise TypeError(
            f"len is not well defined for symbolic Tensors. ({self.name}) "
            "Please call `x.shape` rather than `len(x)` for shape information."
        )

    if TYPE_CHECKING:  # what add_operators adds below

        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        def __getitem__(self, item: Any) -> Tensor: ...

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise NotImplementedError(
            f"Cannot convert a symbolic Tensor ({self.name}) to a numpy array. "
            "Run it in a session first."
        )


def _binary(name: str) -> tuple[Any, Any]:
    def forward(self: Any, other: Any) -> Any:
        return late.call("operator", name, self, other)

    def reverse(self: Any, other: Any) -> Any:
        return late.call("reverse_operator", name, self, other)

    forward.__name__, reverse.__name__ = f"__{name}__", f"__r{name}__"
    return forward, reverse


def _unary(name: str) -> Any:
    def operator(self: Any) -> Any:
        return late.call("unary_operator", name, self)

    operator.__name__ = f"__{name}__"
    return operator


def _getitem(self: Any, item: Any) -> Any:
    return late.call("getitem", self, item)


BINARY: Final = (
    "add", "sub", "mul", "div", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "matmul",
)  # fmt: skip
COMPARISONS: Final = ("lt", "le", "gt", "ge")
UNARY: Final = ("neg", "abs", "invert")


def add_operators(cls: type) -> None:
    """Gives a class Python's operators, each as the operation that TensorFlow makes of it."""
    for name in BINARY:
        forward, reverse = _binary(name)
        setattr(cls, f"__{name}__", forward)
        setattr(cls, f"__r{name}__", reverse)
    for name in COMPARISONS:
        setattr(cls, f"__{name}__", _binary(name)[0])
    for name in UNARY:
        setattr(cls, f"__{name}__", _unary(name))
    setattr(cls, "__getitem__", _getitem)  # noqa: B010 (any class, which has no such attribute yet)


add_operators(Tensor)
