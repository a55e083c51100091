"""What a TensorArray is in a run: its elements, one block of memory wherever that is possible."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.errors import InvalidArgumentError, KernelError, UnimplementedError
from graphflow.core.shape import Dims, compatible, merge, text

Array = np.ndarray[Any, Any]


class ArrayStore:
    """The elements of one TensorArray in one run.

    Args:
        name: what messages call it.
        dtype: the element type.
        size: how many elements there are.
        dims: the shape of each, as far as it is known.
        dynamic: whether a write may make it longer.
        clears: whether an element can be read only once.
        identical: whether all elements have the same shape.
        adds: whether a second write adds to the first (in arrays of gradients).
    """

    def __init__(
        self,
        name: str,
        dtype: DType,
        size: int,
        dims: Dims = None,
        dynamic: bool = False,
        clears: bool = True,
        identical: bool = False,
        adds: bool = False,
    ) -> None:
        self.name = name
        self.dtype = dtype
        self.dims = dims
        self.dynamic = dynamic
        self.clears = clears
        self.identical = identical
        self.adds = adds
        self.closed = False
        self.items: list[Any] = [None] * size
        self.cleared: set[int] = set()
        self.was_read: set[int] = set()
        self.block: Array | None = None
        """Memory that holds the elements in order, as long as all writes went there."""
        self.gradients: dict[str, ArrayStore] = {}

    def gradient(self, source: str, prepend: tuple[int, ...] = ()) -> ArrayStore:
        """The array of gradients that belongs to one call of `tf.gradients`."""
        found = self.gradients.get(source)
        if found is None:
            dims = None if self.dims is None else (*prepend, *self.dims)
            found = ArrayStore(
                f"{self.name}@{source}", self.dtype, len(self.items), dims,
                clears=self.clears, identical=self.identical, adds=True,
            )  # fmt: skip
            if not prepend and self.dims is None:
                found.shapes_from = self
            self.gradients[source] = found
        if self.dynamic and len(self.items) > len(found.items):
            found.items += [None] * (len(self.items) - len(found.items))
        return found

    shapes_from: ArrayStore | None = None
    """For gradients: the array whose elements' shapes those of unwritten gradients are."""

    # --- writing ---
    def write(self, index: int, value: Array) -> None:
        """Writes one element.

        Raises:
            KernelError: if the index, the shape or the state does not allow it.
        """
        self._check_open()
        n = len(self.items)
        if index < 0 or (index >= n and not self.dynamic):
            grown = "not " if not self.dynamic else ""
            self._fail(
                f"Tried to write to index {index} but array is {grown}resizeable and size is: {n}"
            )
        if index >= n:
            self.items += [None] * (index + 1 - n)
            self.block = None
        self._check_shape(value, index)
        old = self.items[index]
        if index in self.was_read and not self.adds:
            self._fail(
                f"Could not write to TensorArray index {index} because it has already been read."
            )
        if old is None:
            self._put(index, value)
        elif self.adds:
            if old.shape != value.shape:
                self._fail(
                    f"Could not aggregate to TensorArray index {index} because the existing shape "
                    f"is {text(old.shape)} but the new input shape is {text(value.shape)}."
                )
            self.items[index] = old + value
            self.block = None
        else:
            self._fail(
                f"Could not write to TensorArray index {index} because it has already been "
                "written to."
            )

    def _put(self, index: int, value: Array) -> None:
        whole = self._block_for(value)
        if whole is None:
            self.items[index] = value.copy()
            self.block = None
        else:
            whole[index] = value
            self.items[index] = whole[index : index + 1].reshape(value.shape)

    def _block_for(self, value: Array) -> Array | None:
        """The block that takes an element of this shape, made on the first write."""
        if self.block is not None:
            return self.block if self.block.shape[1:] == value.shape else None
        if self.dynamic or value.dtype == object or any(x is not None for x in self.items):
            return None
        self.block = np.empty((len(self.items), *value.shape), value.dtype)
        return self.block

    def _check_shape(self, value: Array, index: int) -> None:
        if not compatible(self.dims, value.shape):
            self._fail(
                f"Could not write to TensorArray index {index} because the value shape is "
                f"{text(value.shape)} which is incompatible with the TensorArray's inferred "
                f"element shape: {text(self.dims)} (consider setting infer_shape=False)."
            )
        if self.identical:
            found = merge(self.dims, value.shape)
            if found is not False:
                self.dims = found  # type: ignore[assignment]  # False was handled

    def write_all(self, indices: Array, value: Array) -> None:
        """Writes `value[i]` to element `indices[i]`, for all i."""
        n = len(self.items)
        count = len(indices)
        if count and self.dynamic and indices.max() >= n:
            self.items += [None] * (int(indices.max()) + 1 - n)
            self.block = None
            n = len(self.items)
        if count and not self.dynamic and indices.max() >= n:
            self._fail(f"Max scatter index must be < array size ({indices.max()} vs. {n})")
        in_order = count == n and not self.adds and bool((indices == np.arange(n)).all())
        if in_order and all(x is None for x in self.items) and value.dtype != object and n:
            self._check_open()
            self._check_shape(value[0], 0)
            self.block = value.copy()
            self.items = [self.block[i : i + 1].reshape(value.shape[1:]) for i in range(n)]
            return
        for i, x in zip(indices.tolist(), value, strict=True):
            self.write(i, np.asarray(x, value.dtype))

    # --- reading ---
    def read(self, index: int) -> Array:
        """Returns one element; a view of the array's own memory.

        Raises:
            KernelError: if there is no such element, or it was read before and is gone.
        """
        self._check_open()
        if not 0 <= index < len(self.items):
            self._fail(f"Tried to read from index {index} but array size is: {len(self.items)}")
        if index in self.cleared:
            self._fail(
                f"Could not read index {index} twice because it was cleared after a previous read "
                "(perhaps try setting clear_after_read = false?)."
            )
        value = self.items[index]
        if value is None:
            value = self._zeros(index)
        if self.clears:
            self.cleared.add(index)
            self.items[index] = None
        self.was_read.add(index)
        return value  # type: ignore[no-any-return]  # an array

    def _zeros(self, index: int) -> Array:
        dims: Any = self.dims
        if (dims is None or None in dims) and self.shapes_from is not None:
            other = self.shapes_from.shape_of(index)
            dims = other if other is not None else dims
        if dims is None or None in dims:
            self._fail(
                f"Could not read from TensorArray index {index}.  Furthermore, the element shape "
                f"is not fully defined: {text(self.dims)}. It is possible you are working with a "
                "resizeable TensorArray and stop_gradients is not allowing the gradients to be "
                "written.  If you set the full element_shape property on the forward TensorArray, "
                "the proper all-zeros tensor will be returned instead of incurring this error."
            )
        zeros: Array = np.zeros(dims, self.dtype.as_numpy_dtype)
        if zeros.dtype == object:
            zeros[...] = b""
        return zeros

    def shape_of(self, index: int) -> tuple[int, ...] | None:
        """The shape of an element, also of one that was read and is gone."""
        value = self.items[index] if index < len(self.items) else None
        if value is not None:
            return value.shape  # type: ignore[no-any-return]  # an array's
        return None if self.block is None else self.block.shape[1:]

    def read_all(self, indices: Array, dims: Dims) -> Array:
        """Returns the elements of these indices, stacked.

        Args:
            indices: a vector.
            dims: the shape of an element, as far as the operation says it.
        """
        self._check_open()
        if len(indices) == 0:
            known: Any = merge(self.dims, dims)
            if known is None or known is False or None in known:
                raise KernelError(
                    "TensorArray has size zero, but element shape "
                    f"{text(self.dims)} is not fully defined. Currently only static shapes are "
                    "supported when packing zero-size TensorArrays.",
                    UnimplementedError,
                )
            return np.zeros((0, *known), self.dtype.as_numpy_dtype)
        block, n = self.block, len(self.items)
        ordered = len(indices) == n and bool((indices == np.arange(n)).all())
        full = ordered and not any(x is None for x in self.items)
        found = [self.read(i) for i in indices.tolist()]
        if full and block is not None:
            return block
        first = found[0].shape
        for i, x in zip(indices.tolist(), found, strict=True):
            if x.shape != first:
                self._fail(
                    f"Concat argument: inconsistent shapes at index {i}: TensorArray has "
                    f"inconsistent shapes.  Index 0 has shape: {text(first)} but index {i} has "
                    f"shape: {text(x.shape)}"
                )
        return np.stack(found)

    def concat(self, dims: Dims) -> tuple[Array, Array]:
        """Returns the elements one behind the other, and their lengths."""
        self._check_open()
        if not self.items:
            known = dims
            if known is None or None in known:
                raise KernelError(
                    f"TensorArray has size zero, but element_shape_except0 {text(dims)} is not "
                    "fully defined. Currently only static shapes are supported when concatenating "
                    "zero-size TensorArrays.",
                    UnimplementedError,
                )
            whole = np.zeros((0, *[int(d or 0) for d in known]), self.dtype.as_numpy_dtype)
            return whole, np.zeros(0, np.int64)
        found = [self.read(i) for i in range(len(self.items))]
        for i, x in enumerate(found):
            if x.ndim == 0:
                self._fail("Concat saw a scalar shape at index {i} but requires at least vectors.")
            if x.shape[1:] != found[0].shape[1:]:
                self._fail(
                    "TensorArray has inconsistent shapes.  Index 0 has (excepting dimension 0) "
                    f"shape: {text(found[0].shape[1:])} but index {i} has (excepting dimension 0) "
                    f"shape: {text(x.shape[1:])}"
                )
        return np.concatenate(found), np.array([len(x) for x in found], np.int64)

    def close(self) -> None:
        """Lets all elements go."""
        self.items = []
        self.block = None
        self.closed = True

    def _check_open(self) -> None:
        if self.closed:
            self._fail("TensorArray has already been closed.")

    def _fail(self, problem: str) -> Any:
        raise KernelError(f"TensorArray {self.name}: {problem}", InvalidArgumentError)
