"""TensorArray in eager execution: a Python list of tensors, so that tapes see what is inside."""

from __future__ import annotations

from typing import Any, NoReturn

from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype
from graphflow.core.errors import InvalidArgumentError, OutOfRangeError
from graphflow.core.late import provide
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.ops.concat import concat
from graphflow.ops.fill import zeros
from graphflow.ops.split import split
from graphflow.ops.stack import stack, unstack
from graphflow.ops.tensor_array import TensorArray


class EagerTensorArray(TensorArray):
    """A list of tensors; see `tf.TensorArray`. Writes change it, and return it."""

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        if handle is not None:
            raise ValueError(
                "TensorArray handles are not supported when eager execution is enabled."
            )
        if size is None:
            raise ValueError(
                "Size must be declared for TensorArrays when eager execution is enabled."
            )
        self._handle = None
        self._flow = convert(0)
        self._dtype = as_dtype(dtype).base_dtype
        self._dynamic_size = bool(dynamic_size)
        self._infer_shape = infer_shape
        self._colocates = colocate_with_first_write_call
        self._clears = clear_after_read is None or clear_after_read
        self._shape = [as_shape(element_shape)]
        self._elements: list[Any] = [None] * int(size)
        self._read_once: set[int] = set()

    def identity(self) -> TensorArray:
        """Returns the array itself."""
        return self

    def grad(self, source: str, flow: Any = None, name: str | None = None) -> NoReturn:
        """Raises NotImplementedError: tapes need no array of gradients."""
        raise NotImplementedError(
            "TensorArray.grad is not supported when executing eagerly; eager's gradient "
            "implementation does not use/need this function to compute gradients of operations "
            "that use TensorArrays."
        )

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """Returns one element; zeros where none was written."""
        i, n = int(index), len(self._elements)
        if i < 0:
            raise OutOfRangeError(
                None, None, f"Reading from negative indices (index {i}) is not allowed."
            )
        if i >= n:
            raise OutOfRangeError(
                None, None, f"Tried to read from index {i} but array size is: {n}"
            )
        if self._elements[i] is None and i in self._read_once:
            raise InvalidArgumentError(
                None,
                None,
                f"Could not read index {i} twice because it was cleared after a previous read "
                "(perhaps try setting clear_after_read = false?)",
            )
        found = self._element(i)
        if self._clears:
            self._elements[i] = None
            self._read_once.add(i)
        return found

    def _element(self, i: int) -> Tensor:
        if self._elements[i] is None:
            self._elements[i] = zeros(self._shape[0], self._dtype)
        found: Tensor = self._elements[i]
        return found

    def _put(self, index: Any, value: Any) -> None:
        i, n = int(index), len(self._elements)
        if i < 0:
            raise OutOfRangeError(
                None, None, f"Writing to negative indices (index {i}) is not allowed."
            )
        if i >= n:
            if not self._dynamic_size:
                raise OutOfRangeError(
                    None,
                    None,
                    f"Tried to write to index {i} but array is not resizeable and size is: {n}",
                )
            self._elements += [None] * (i - n + 1)
        tensor = self._value(value)
        if tensor.dtype.base_dtype != self._dtype:
            raise InvalidArgumentError(
                None,
                None,
                f"TensorArray dtype is {self._dtype.name} but Op is trying to write dtype "
                f"{tensor.dtype.name}",
            )
        if not self._shape[0].is_compatible_with(tensor.shape):
            raise ValueError(
                f"Incompatible shape for value ({tensor.shape}), expected ({self._shape[0]})"
            )
        if self._infer_shape:
            self._shape[0] = self._shape[0].merge_with(tensor.shape)
        self._elements[i] = tensor

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Writes one element and returns the array."""
        self._put(index, value)
        return self

    def stack(self, name: str | None = None) -> Tensor:
        """Returns all elements, stacked along a new first axis."""
        if not self._elements:
            return zeros([0, *(self._shape[0].raw or ())], self._dtype)
        found: Tensor = stack([self._element(i) for i in range(len(self._elements))])
        return found

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """Returns some elements, stacked along a new first axis."""
        found: Tensor = stack([self._element(int(i)) for i in indices])
        return found

    def concat(self, name: str | None = None) -> Tensor:
        """Returns all elements one behind the other along their first axis."""
        items = [self._element(i) for i in range(len(self._elements))]
        for i, item in enumerate(items):
            if not item.dims:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"Concat saw a scalar shape at index {i} but requires at least vectors.",
                )
        found: Tensor = concat(items, 0, name=name or "concat")
        return found

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Makes the rows of `value` the elements, and returns the array."""
        rows = unstack(value)
        if len(rows) > len(self._elements) and not self._dynamic_size:
            raise ValueError(
                f"Cannot unstack {len(rows)} tensors into a TensorArray of static size "
                f"{len(self._elements)}"
            )
        self._elements = list(rows)
        return self

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Writes some elements and returns the array."""
        for index, row in zip(indices, unstack(value), strict=False):
            self._put(index, row)
        return self

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """Makes pieces of `value` the elements, and returns the array."""
        whole = self._value(value)
        sizes = convert(lengths)
        total = int(apply("Sum", sizes, 0)) if sizes.dims else 0
        problem = None
        if len(sizes.dims) != 1:
            problem = f"Expected lengths to be a vector, received shape: {list(sizes.dims)}"
        elif not whole.dims:
            problem = f"Expected value to be at least a vector, but received shape: {[]}"
        elif total != whole.dims[0]:
            problem = (
                "Expected sum of lengths to be equal to values.shape[0], but sum of lengths is "
                f"{total} and value's shape is: {list(whole.dims)} "
            )
        elif not self._dynamic_size and sizes.dims[0] != len(self._elements):
            problem = (
                "TensorArray's size is not equal to the size of lengths "
                f"({len(self._elements)} vs. {sizes.dims[0]}), and the TensorArray is not marked "
                "as dynamically resizeable"
            )
        if problem is not None:
            raise InvalidArgumentError(None, None, problem)
        self._elements = list(split(whole, sizes))
        return self

    def size(self, name: str | None = None) -> Tensor:
        """Returns the number of elements."""
        found: Tensor = convert(len(self._elements))
        return found

    def close(self, name: str | None = None) -> Any:
        """Forgets the elements, and returns None."""
        del self._elements[:]
        return None

    @property
    def element_shape(self) -> TensorShape:
        """The shape of an element, as far as it is known."""
        return self._shape[0]


@provide("eager_tensor_array")
def eager_tensor_array() -> type[EagerTensorArray]:
    """Returns the class of TensorArrays in eager execution."""
    return EagerTensorArray
