"""`tensor[...]`: Python's indexing as a StridedSlice."""

from __future__ import annotations

import sys
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype, bool_, int32, int64
from graphflow.core.eager_tensor import EagerTensor
from graphflow.core.export import publish
from graphflow.core.late import provide
from graphflow.core.shape import Dimension
from graphflow.core.tensor import Tensor
from graphflow.ops._strided import MASKS
from graphflow.ops.constant import constant
from graphflow.ops.mask import boolean_mask
from graphflow.ops.slice import strided_slice
from graphflow.ops.stack import stack

newaxis: Final = None
publish(newaxis, "newaxis")

_WRONG: Final = (
    "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
    "tf.int32/tf.int64 tensors are valid indices"
)


def _check(index: Any) -> None:
    if isinstance(index, int | Dimension):
        return
    dtype = getattr(index, "dtype", None)
    if (
        dtype is None
        or as_dtype(dtype).base_dtype not in (int32, int64)
        or (index.shape and len(index.shape) == 1)
    ):
        raise TypeError(f"{_WRONG}, got {index!r}")


class _Spec:
    """The vectors and masks of a StridedSlice, filled index by index."""

    def __init__(self) -> None:
        self.begin: list[Any] = []
        self.end: list[Any] = []
        self.strides: list[Any] = []
        self.masks = dict.fromkeys(MASKS, 0)

    def _mark(self, mask: str) -> None:
        self.masks[mask] |= 1 << len(self.begin)

    def _put(self, begin: Any, end: Any, step: Any) -> None:
        self.begin.append(begin)
        self.end.append(end)
        self.strides.append(step)

    def add(self, index: Any) -> None:
        """Adds one index."""
        if isinstance(index, slice):
            self._add_slice(index)
        elif index is Ellipsis:
            self._mark("ellipsis_mask")
            self._put(0, 0, 1)
        elif index is newaxis:
            self._mark("new_axis_mask")
            self._put(0, 0, 1)
        else:
            _check(index)
            end = index + 1
            self._mark("shrink_axis_mask")
            self._put(index, end, 1)

    def _add_slice(self, index: slice) -> None:
        bounds: list[Any] = []
        for bound, mask in ((index.start, "begin_mask"), (index.stop, "end_mask")):
            if bound is not None and (isinstance(bound, Tensor) or bound != sys.maxsize):
                _check(bound)
                bounds.append(bound)
            else:
                bounds.append(0)
                self._mark(mask)
        if index.step is not None:
            _check(index.step)
        self._put(bounds[0], bounds[1], 1 if index.step is None else index.step)


def _is_mask(item: Any) -> bool:
    if isinstance(item, bool):
        return True
    if isinstance(item, Tensor):
        return item.dtype.base_dtype == bool_
    return isinstance(item, np.ndarray) and item.dtype == bool


def _are_numbers(vectors: Any) -> bool:
    return all(x.__class__ is int and abs(x) < 2**31 for v in vectors for x in v)


@provide("getitem")
def getitem(tensor: Any, item: Any, var: Any = None) -> Tensor:
    """Returns part of a tensor.

    Args:
        tensor: the tensor.
        item: integers, slices, `...`, `tf.newaxis`, scalar integer tensors, a tuple or list of
            them; or a boolean mask.
        var: the variable that `tensor` is the value of.

    Raises:
        TypeError: if an index is none of these.
        ValueError: if there are more indices than axes, or a position does not exist.
    """
    if _is_mask(item):
        return boolean_mask(tensor=tensor, mask=item)
    spec = _Spec()
    for index in item if isinstance(item, list | tuple) else [item]:
        spec.add(index)
    vectors = (spec.begin, spec.end, spec.strides)
    if tensor.__class__ is EagerTensor and _are_numbers(vectors):
        begin, end, strides = [EagerTensor(np.array(v, np.int32), int32) for v in vectors]
        given: dict[str, Any] = {**spec.masks, "var": var}
        return strided_slice(tensor, begin, end, strides, **given)
    with scopes.name_scope(None, "strided_slice", [tensor, *(x for v in vectors for x in v)]) as s:
        if spec.begin:
            packed = [stack(vector) for vector in vectors]
            if any(t.dtype == int64 for t in packed):
                packed = [t if t.dtype == int64 else apply("Cast", t, DstT=int64) for t in packed]
        else:
            packed = [constant([], int32)] * 3
        masks: dict[str, Any] = {**spec.masks, "var": var, "name": s}
        return strided_slice(tensor, packed[0], packed[1], packed[2], **masks)
