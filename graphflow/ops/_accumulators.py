"""Conditional accumulators as objects: gradients add up until somebody takes their mean or sum.

A gradient that was computed for an older step than the accumulator's own is dropped. Whoever takes
waits until enough gradients came; the step grows by one then.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.errors import KernelError
from graphflow.core.shape import Dims, compatible, text
from graphflow.ops._queues import Attempt, Lines, reference_handle

Array = np.ndarray[Any, Any]
Slices = tuple[Array, Array, Array]


class Accumulator(Lines):
    """Adds up dense gradients.

    Args:
        name: the accumulator's name in its container.
        container: the container it lives in.
        dtype: the type of the gradients.
        dims: their shape, as far as it is known.
        mean: whether what is taken is divided by the number of gradients.
    """

    def __init__(self, name: str, container: str, dtype: DType, dims: Dims, mean: bool) -> None:
        super().__init__()
        self.name = name
        self.container = container
        self.dtype = dtype
        self.dims = dims
        self.mean = mean
        self.step = 0
        self.counter = 0
        self._sum: Any = None

    def read(self) -> Array:
        """The handle of a reference as a value: the container and the name."""
        return reference_handle(self.container, self.name)

    def set_step(self, step: int) -> None:
        """Sets the step: older gradients are dropped from now on."""
        with self._lock:
            self.step = step

    def apply(self, step: int, gradient: Any) -> None:
        """Adds a gradient, unless it is older than the accumulator's step.

        Args:
            step: the step that it was computed for.
            gradient: an array, or whatever the kind adds up.

        Raises:
            KernelError: if its shape does not fit.
        """
        with self._lock:
            if step < self.step:
                return
            self._check(gradient)
            if self.counter:
                self._add(gradient)
            else:
                self._begin(gradient)
            self.counter += 1
            self._serve()

    def take(self, n: int) -> Any:
        """Returns the mean or sum once `n` gradients are there, and starts anew.

        Raises:
            KernelError: if `n` is not above 0, or the run is cancelled.
        """
        if n <= 0:
            raise KernelError(f"Argument num_required must be positive, but was {n}")
        found: Any = None

        def step(attempt: Attempt) -> bool:
            nonlocal found
            if self.counter < n:
                return False
            self.step += 1
            found = self._result()
            self.counter, self._sum = 0, None
            attempt.done = True
            return True

        self._request(self._takers, Attempt(step), "TakeGrad operation was cancelled")
        return found

    # --- what the kinds differ in ---
    def _check(self, gradient: Any) -> None:
        wanted = self._sum.shape if self.counter else self.dims
        if not compatible(wanted, gradient.shape):
            raise KernelError(
                f"Shape mismatch: expected {text(wanted)}, got {text(gradient.shape)}"
            )

    def _begin(self, gradient: Any) -> None:
        self._sum = np.array(gradient)

    def _add(self, gradient: Any) -> None:
        np.add(self._sum, gradient, out=self._sum)

    def _result(self) -> Any:
        if self.mean:
            np.divide(self._sum, self._sum.dtype.type(self.counter), out=self._sum)
        return self._sum


class SparseAccumulator(Accumulator):
    """Adds up gradients of rows: each row has the mean over the gradients that hold it.

    The indices of a gradient are taken to be sorted, as in TensorFlow: equal ones meet then.
    """

    def _check(self, gradient: Any) -> None:
        indices, values, shape = gradient
        _check_parts(indices, values)
        if shape is not None:
            self._check_shape(shape)
        if self.counter:
            self._check_rows(values, self._sum[1].shape, exactly=True)
        elif self.dims is not None:
            self._check_rows(values, self.dims)
        rows = self.dims[0] if self.dims else None
        if rows:
            for i in np.flatnonzero(indices >= rows)[:1]:
                raise KernelError(
                    f"Shape mismatch: index of slice {i} exceeded limits of shape; index is "
                    f"{indices[i]} exceeded {rows}"
                )

    def _check_shape(self, shape: Array) -> None:
        given = shape.reshape(-1).tolist()
        wanted = self.dims or ()
        if len(wanted) > len(given):
            raise KernelError(
                f"Shape mismatch: expected shape rank at least {len(wanted)}, got {len(given)}"
            )
        for i, (d, n) in enumerate(zip(wanted, given, strict=False)):
            if d is not None and d != n:
                raise KernelError(f"Shape mismatch: expected shape dim {i} to be {d}, got {n}")

    @staticmethod
    def _check_rows(values: Array, wanted: Any, exactly: bool = False) -> None:
        if len(wanted) != values.ndim if exactly else len(wanted) > values.ndim:
            least = "" if exactly else "at least "
            raise KernelError(
                f"Shape mismatch: expected values rank {least}{len(wanted)}, got {values.ndim}"
            )
        for i in range(1, len(wanted)):
            if wanted[i] is not None and wanted[i] != values.shape[i]:
                raise KernelError(
                    f"Shape mismatch: expected values dim {i} to be {wanted[i]}, "
                    f"got {values.shape[i]}"
                )

    def _begin(self, gradient: Any) -> None:
        indices, values, _ = gradient
        self._sum = np.array(indices), np.array(values), np.ones(len(indices), np.int64)

    def _add(self, gradient: Any) -> None:
        indices, values, _ = gradient
        own, rows, counts = self._sum
        first, second, places = _merged(own, indices)
        n = int(places)
        merged = np.empty(n, np.int64)
        merged[first], merged[second] = own, indices
        summed = np.zeros((n, *rows.shape[1:]), rows.dtype)
        summed[first] = rows
        summed[second] += values
        times = np.zeros(n, np.int64)
        times[first] = counts
        times[second] += 1
        self._sum = merged, summed, times

    def _result(self) -> Slices:
        indices, values, counts = self._sum
        if self.mean:
            shape = (-1, *[1] * (values.ndim - 1))
            np.divide(values, counts.astype(values.dtype).reshape(shape), out=values)
        rows = (self.dims[0] if self.dims else None) or -1
        return indices, values, np.array([rows, *values.shape[1:]], np.int64)


def _check_parts(indices: Array, values: Array) -> None:
    if indices.ndim != 1:
        raise KernelError(
            f"Input indices should be vector but received shape: {text(indices.shape)}"
        )
    if not values.ndim:
        raise KernelError("Values cannot be 0-dimensional.")
    if len(indices) != len(values):
        raise KernelError(f"Expected {len(indices)} non-empty input values, got {len(values)}")


def _merged(a: Array, b: Array) -> tuple[Array, Array, int]:
    """Where the items of two sorted lists go in their union: (places of a, places of b, length).

    Equal items meet once each, as when both lists are walked side by side; that also says what
    happens to lists that are not sorted.
    """
    if np.all(a[1:] > a[:-1]) and np.all(b[1:] > b[:-1]):
        union = np.union1d(a, b)
        return np.searchsorted(union, a), np.searchsorted(union, b), len(union)
    of_a, of_b = np.empty(len(a), np.int64), np.empty(len(b), np.int64)
    i = j = n = 0
    while i < len(a) or j < len(b):
        takes_a = j == len(b) or (i < len(a) and a[i] <= b[j])
        takes_b = i == len(a) or (j < len(b) and b[j] <= a[i])
        if takes_a:
            of_a[i] = n
            i += 1
        if takes_b:
            of_b[j] = n
            j += 1
        n += 1
    return of_a, of_b, n
