"""SparseTensor: the elements of a tensor that are not 0, their places, and the whole's shape."""

from __future__ import annotations

import functools
from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from graphflow.core import late, scopes
from graphflow.core.constant import constant_value, partial_value
from graphflow.core.convert import convert
from graphflow.core.dtypes import DType, as_dtype, int64
from graphflow.core.export import export, publish
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor

_F = TypeVar("_F", bound=Callable[..., Any])

SparseTensorValue = namedtuple("SparseTensorValue", ["indices", "values", "dense_shape"])
SparseTensorValue.__doc__ = """What a run returns for a SparseTensor, and what feeds one.

Args:
    indices: the places of the values, int64 [n, rank].
    values: the values, [n].
    dense_shape: the shape of the whole, int64 [rank].
"""
publish(SparseTensorValue, "SparseTensorValue")


@export("SparseTensor", "sparse.SparseTensor")
class SparseTensor:
    """A tensor given by its elements that are not 0: `dense[indices[i]] = values[i]`.

    Most operations want the places in row-major order; `tf.sparse.reorder` sorts them.

    Args:
        indices: the places of the values, int64 [n, rank].
        values: the values, [n], of any type.
        dense_shape: the shape of the whole, int64 [rank].

    Raises:
        ValueError: if the ranks or lengths of the three do not fit together.
    """

    __slots__ = ("__dict__", "__weakref__", "_dense_shape", "_indices", "_values")

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        with scopes.name_scope(None, "SparseTensor", [indices, values, dense_shape]):
            self._indices: Tensor = convert(indices, int64, "indices")
            self._values: Tensor = convert(values, name="values")
            self._dense_shape: Tensor = convert(dense_shape, int64, "dense_shape")
        places = self._indices.shape.with_rank(2)
        length = self._values.shape.with_rank(1)
        rank = self._dense_shape.shape.with_rank(1)
        places[0].merge_with(length[0])
        places[1].merge_with(rank[0])

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> SparseTensor:
        """Makes a SparseTensor of a SparseTensorValue, or of another SparseTensor's parts.

        Raises:
            TypeError: if it is neither.
        """
        value = sparse_tensor_value
        if not is_sparse(value):
            raise TypeError(f"Neither a SparseTensor nor SparseTensorValue: {value}.")
        return SparseTensor(value.indices, value.values, value.dense_shape)

    @property
    def indices(self) -> Tensor:
        """The places of the values, int64 [n, rank]."""
        return self._indices

    @property
    def values(self) -> Tensor:
        """The values, [n]."""
        return self._values

    @property
    def dense_shape(self) -> Tensor:
        """The shape of the whole as a tensor, int64 [rank]."""
        return self._dense_shape

    @property
    def shape(self) -> TensorShape:
        """The static shape of the whole, as far as it is known."""
        return shape_given_by(self._dense_shape)

    def get_shape(self) -> TensorShape:
        """The static shape of the whole, as far as it is known."""
        return self.shape

    @property
    def dtype(self) -> DType:
        """The type of the values."""
        return self._values.dtype

    @property
    def op(self) -> Operation:
        """The operation that makes the values."""
        return self._values.op

    @property
    def graph(self) -> Any:
        """The graph of the three tensors."""
        return self._indices.graph

    def consumers(self) -> list[Operation]:
        """The operations that take one of the three tensors."""
        return list(dict.fromkeys(op for t in self._parts() for op in t.consumers()))

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Runs the graph as far as this tensor needs and returns a SparseTensorValue.

        Args:
            feed_dict: as `Session.run` takes it.
            session: the session; None: the default one.

        Raises:
            ValueError: if there is no default session, or it has another graph.
        """
        return late.call("eval", self, feed_dict, session)

    def _parts(self) -> list[Tensor]:
        return [self._indices, self._values, self._dense_shape]

    def _fetch_parts(self) -> tuple[list[Tensor], Any]:
        """The tensors that stand for it in a run, and what makes the result of their values."""
        return self._parts(), SparseTensorValue

    def _with_parts(self, parts: Sequence[Any]) -> SparseTensor:
        """A SparseTensor of these three tensors."""
        return SparseTensor(*parts)

    def __mul__(self, other: Any) -> Any:
        return late.call("sparse_operator", "mul", self, other)

    def __truediv__(self, other: Any) -> Any:
        return late.call("sparse_operator", "truediv", self, other)

    def __div__(self, other: Any) -> Any:
        return late.call("sparse_operator", "div", self, other)

    def __str__(self) -> str:
        indices, values, dense_shape = self._parts()
        return f"SparseTensor(indices={indices}, values={values}, dense_shape={dense_shape})"


def maps_values(op_type: str) -> Callable[[_F], _F]:
    """Decorates a function `f(x, name=None)`: of a SparseTensor it maps the values.

    Args:
        op_type: what TensorFlow calls the node: it is tried on the whole tensor first, and that
            costs a name.
    """

    def wrap(function: _F) -> _F:
        @functools.wraps(function)
        def mapped(x: Any, name: str | None = None) -> Any:
            if not isinstance(x, SparseTensor):
                return function(x, name)
            x.graph.unique_name(op_type if name is None else name)
            return SparseTensor(x.indices, function(x.values, name), x.dense_shape)

        return mapped  # type: ignore[return-value]  # of the same form

    return wrap


_PLAIN: Final = (
    "Const", "Shape", "Size", "Rank", "Range", "Cast", "Concat", "ConcatV2", "ConcatOffset", "Pack",
    "Fill", "Equal", "NotEqual", "StridedSlice",
)  # fmt: skip
"""What TensorFlow's static shapes of sparse tensors look through."""


def _is_plain(sizes: Tensor, whole: bool = False) -> bool:
    """True where TensorFlow would look, too: which nodes a function makes depends on it.

    Args:
        sizes: a vector of sizes.
        whole: whether all of it must be known, as below a cast; else some parts may be.
    """
    op = sizes.op
    if op.type == "ConcatV2" and not whole:
        return True  # parts that are not known leave the others known
    if op.type not in _PLAIN or (whole and op.type == "StridedSlice"):
        return False
    below = whole or op.type != "StridedSlice"
    return op.type == "Shape" or all(_is_plain(t, below) for t in op.inputs)


def shape_given_by(sizes: Tensor) -> TensorShape:
    """The static shape that a vector of sizes describes, as far as it is known."""
    known = _sizes_in(sizes.op.inputs) if sizes.op.type == "Pack" else None
    if known is None and _is_plain(sizes):
        known = partial_value(sizes)
    if isinstance(known, list):
        return TensorShape([None if d is None or d < 0 else d for d in known])
    rank = None if sizes.dims is None else sizes.dims[0]
    return TensorShape(None if rank is None else [None] * rank)


def _sizes_in(parts: Sequence[Tensor]) -> list[int | None]:
    found = [constant_value(t) if _is_plain(t, whole=True) else None for t in parts]
    return [None if value is None or value.ndim else int(value) for value in found]


SPARSE: Final = (SparseTensor, SparseTensorValue)


def is_sparse(x: Any) -> bool:
    """True for a SparseTensor or a SparseTensorValue."""
    return isinstance(x, SPARSE)


def as_sparse_tensor(x: Any) -> SparseTensor:
    """Returns an argument that must be sparse as a SparseTensor.

    Raises:
        TypeError: if it is no SparseTensor and no SparseTensorValue.
    """
    if isinstance(x, SparseTensorValue):
        return SparseTensor.from_value(x)
    if not isinstance(x, SparseTensor):
        raise TypeError("Input must be a SparseTensor.")
    return x


@export("convert_to_tensor_or_sparse_tensor")
def convert_to_tensor_or_sparse_tensor(
    value: Any, dtype: Any = None, name: str | None = None
) -> Tensor | SparseTensor:
    """Returns a sparse value as a SparseTensor, and anything else as a tensor.

    Args:
        value: a SparseTensor, a SparseTensorValue, or what becomes a tensor.
        dtype: the type the elements must have.
        name: the name of a constant that has to be made.

    Raises:
        RuntimeError: if a sparse tensor has another type than `dtype`.
    """
    wanted = None if dtype is None else as_dtype(dtype)
    if isinstance(value, SparseTensorValue):
        value = SparseTensor.from_value(value)
    if isinstance(value, SparseTensor):
        if wanted is not None and not wanted.is_compatible_with(value.dtype):
            raise RuntimeError(
                f"Sparse dtype: requested = {wanted.name}, actual = {value.dtype.name}"
            )
        return value
    found: Tensor = convert(value, wanted, name)
    return found
