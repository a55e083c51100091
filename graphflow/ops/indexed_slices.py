"""IndexedSlices: a few rows of a larger tensor, such as the gradient of a look-up."""

from __future__ import annotations

import warnings
from collections import namedtuple
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from graphflow.core.constant import constant_value, partial_value
from graphflow.core.convert import convert, register_tensor_conversion_function
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.scopes import graph_from_inputs
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor

_LARGE: Final = 100_000_000
"""From so many elements on, a dense copy is worth a warning."""


IndexedSlicesValue = namedtuple(
    "IndexedSlicesValue", ["values", "indices", "dense_shape"], defaults=[None]
)
IndexedSlicesValue.__doc__ = """What a run returns for IndexedSlices, and what feeds them."""


@export("IndexedSlices")
class IndexedSlices:
    """Rows of a tensor: `dense[indices[i]]` is the sum of all `values[i]`, else 0.

    Args:
        values: the rows, a tensor [n, ...].
        indices: which rows they are, an integer tensor [n]; may repeat.
        dense_shape: the shape of the whole, an integer vector; None: not known.
    """

    __slots__ = ("_dense_shape", "_indices", "_values")

    def __init__(self, values: Tensor, indices: Tensor, dense_shape: Tensor | None = None) -> None:
        graph_from_inputs([values, indices, dense_shape])
        self._values = values
        self._indices = indices
        self._dense_shape = dense_shape

    @property
    def values(self) -> Tensor:
        """The rows."""
        return self._values

    @property
    def indices(self) -> Tensor:
        """Which rows they are."""
        return self._indices

    @property
    def dense_shape(self) -> Tensor | None:
        """The shape of the whole tensor, or None."""
        return self._dense_shape

    @property
    def shape(self) -> TensorShape:
        """The static shape of the whole tensor, as far as it is known."""
        if self._dense_shape is not None:
            sizes = partial_value(self._dense_shape)
            if sizes is not None:
                return TensorShape([None if d == -1 else d for d in sizes])
        dims = self._values.dims
        return TensorShape.of(None if dims is None else (None, *dims[1:]))

    def get_shape(self) -> TensorShape:
        """The static shape of the whole tensor, as far as it is known."""
        return self.shape

    @property
    def name(self) -> str:
        """The name of `values`."""
        return self._values.name

    @property
    def device(self) -> str:
        """The device of `values`."""
        return self._values.device

    @property
    def op(self) -> Operation:
        """The operation that makes `values`."""
        return self._values.op

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return self._values.dtype

    @property
    def graph(self) -> Any:
        """The graph of the tensors."""
        return self._values.graph

    def consumers(self) -> list[Operation]:
        """The operations that take one of the tensors."""
        return [op for t in self._parts() for op in t.consumers()]

    def _parts(self) -> list[Tensor]:
        parts = [self._values, self._indices, self._dense_shape]
        return [t for t in parts if t is not None]

    def _fetch_parts(self) -> tuple[list[Tensor], Any]:
        """The tensors that stand for it in a run, and what makes the result of their values."""
        return self._parts(), IndexedSlicesValue

    def _with_parts(self, parts: Sequence[Any]) -> IndexedSlices:
        """IndexedSlices of these tensors."""
        return IndexedSlices(*parts)

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self._values, self._indices, self._dense_shape)

    def __str__(self) -> str:
        whole = "" if self._dense_shape is None else f", dense_shape={self._dense_shape}"
        return f"IndexedSlices(indices={self._indices}, values={self._values}{whole})"

    __repr__ = __str__


def _to_dense(
    value: IndexedSlices, dtype: Any = None, name: Any = None, as_ref: bool = False
) -> Any:
    """Converts to a dense tensor; large and unknown sizes get TensorFlow's warning."""
    if dtype is not None and not dtype.is_compatible_with(value.dtype):
        raise ValueError(
            f"Tensor conversion requested dtype {dtype.name} for IndexedSlices with dtype "
            f"{value.dtype.name}"
        )
    if value.dense_shape is None:
        raise ValueError(
            f"Tensor conversion requested for IndexedSlices without dense_shape: {value}"
        )
    shape = constant_value(value.dense_shape)
    size = None if shape is None else int(np.prod(shape, dtype=np.int64))
    if size is None:
        # The first size decides how large the copy is; the others are those of `values`.
        warnings.warn(
            "Converting sparse IndexedSlices to a dense Tensor of unknown shape. "
            "This may consume a large amount of memory.",
            stacklevel=2,
        )
    elif size >= _LARGE:
        warnings.warn(
            f"Converting sparse IndexedSlices to a dense Tensor with {size} elements. "
            "This may consume a large amount of memory.",
            stacklevel=2,
        )
    rows: Any = value.dense_shape[0] if shape is None else shape[0]
    return apply("UnsortedSegmentSum", value.values, value.indices, rows, name=name)


register_tensor_conversion_function(IndexedSlices, _to_dense, 100)


@export("convert_to_tensor_or_indexed_slices")
def convert_to_tensor_or_indexed_slices(
    value: Any, dtype: Any = None, name: str | None = None
) -> Tensor | IndexedSlices:
    """Returns a value as a tensor; tensors, IndexedSlices and sparse tensors as they are.

    Args:
        value: anything that becomes a tensor.
        dtype: the element type it must have.
        name: the name of a constant that has to be made.

    Raises:
        ValueError: if it has another type.
    """
    wanted = None if dtype is None else as_dtype(dtype)
    if isinstance(value, Tensor | IndexedSlices) or hasattr(value, "dense_shape"):
        if wanted is not None and not wanted.is_compatible_with(value.dtype):
            raise ValueError(
                f"Tensor conversion requested dtype {wanted.name} for Tensor with dtype "
                f"{value.dtype.name}: {str(value)!r}"
            )
        return value  # type: ignore[no-any-return]  # one of the kinds named above
    found: Tensor = convert(value, wanted, name)
    return found
