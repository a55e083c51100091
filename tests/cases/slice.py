"""Rows of Slice, StridedSlice and Python's indexing."""

from __future__ import annotations

import numpy as np
from _rows import b, case, error, f, i, l, t, tf

case("Slice", tf.slice, t(3, 4), [1, 0], [2, 3], dtypes="f d h bf i l b s c")
case("Slice", tf.slice, f(3, 4), [0, 1], [-1, 2])
case("Slice", tf.slice, f(3, 4), [3, 0], [-1, -1])
case("Slice", tf.slice, f(3, 4), [1, 1], [0, 2])
case("Slice", tf.slice, f(3, 4), i([1, 1]), i([2, -1]))
case("Slice", tf.slice, f(3, 4), l([1, 1]), [2, 3])
case("Slice", tf.slice, f(), i(0), i(0))
error(
    "Slice", tf.slice, f(5, 3), [6, 0], [-1, -1], says="Negative dimension size caused by subtract"
)
error("Slice", tf.slice, f(5, 3), [3], [5], says="Shape must be rank 1 but is rank 2")
error(
    "Slice", tf.slice, f(6), i([3]), i([5]), at="run", says="Expected size[0] in [0, 3], but got 5"
)
error(
    "Slice", tf.slice, f(6), i([7]), i([-1]), at="run", says="Expected begin[0] in [0, 6], but got"
)

index = lambda *what: lambda x: x[what if len(what) != 1 else what[0]]
for n, what in enumerate((
    (0,), (-1,), (slice(1, 3),), (slice(None),), (slice(None, None, 2),), (slice(None, None, -1),),
    (slice(-2, None),), (slice(3, 0, -2),), (slice(5, 2),), (Ellipsis,), (None,), (0, 1),
    (Ellipsis, 1), (slice(None), 1), (None, 0, None), (slice(None), None, slice(1, 2)),
    (Ellipsis, None), (0, Ellipsis, -1), (slice(1, None), slice(None, -1)), (slice(0, 100),),
    (np.int64(1),), (None, Ellipsis, None, 1), (),
)):  # fmt: skip
    case("StridedSlice", index(*what), f(4, 3), id="getitem-%d" % n)
case("StridedSlice", lambda x: x[1:, ..., ::2], t(3, 2, 4), dtypes="f d h bf i l b s c")
case("StridedSlice", lambda x: x[1], f(3))
case("StridedSlice", lambda x: x[..., 0, 1], f(2, 3, 4))
case("StridedSlice", lambda x: x[:0], f(3, 2))
case("StridedSlice", lambda x, n: x[n], f(3, 2), i(value=1), id="getitem-tensor")
case("StridedSlice", lambda x, n: x[n], f(3, 2), l(value=-1), id="getitem-int64")
case("StridedSlice", lambda x, n: x[n:, 1], f(3, 2), i(value=1), id="getitem-tensor-slice")
case("StridedSlice", lambda x, n: x[::n], f(5, 2), i(value=-2), id="getitem-tensor-step")
case("StridedSlice", lambda x: x[tf.Dimension(1)], f(3, 2), id="getitem-Dimension")
case("StridedSlice", lambda x: tf.shape(x)[0], f(3, 2), id="getitem-of-shape")
case("StridedSlice", lambda x: x[tf.newaxis, 1], f(3, 2), id="getitem-newaxis")
case("StridedSlice", tf.strided_slice, f(4, 3), [1, 0], [3, 2])
case("StridedSlice", tf.strided_slice, f(4, 3), [3, 0], [0, 2], [-1, 1], end_mask=1)
case("StridedSlice", tf.strided_slice, f(4, 3), [1, 9, 2], [2, 9, 3], [1, 1, 1],
     ellipsis_mask=2, shrink_axis_mask=4)  # fmt: skip
case("StridedSlice", tf.strided_slice, f(4, 3), [1, 0, 0], [3, 0, 1], [1, 1, 1],
     new_axis_mask=2, begin_mask=1)  # fmt: skip
case("StridedSlice", tf.strided_slice, f(4, 3), i([1, 0]), i([3, 2]), [1, 1])
case("Where", lambda x: x[np.array([True, False, True])], f(3, 2), id="getitem-mask")
case("Where", lambda x, m: x[m], f(3, 2), b([True, False, True]), id="getitem-fed-mask")
error("StridedSlice", lambda x: x[7], f(3), says="slice index 7 of dimension 0 out of bounds.")
error("StridedSlice", lambda x: x[-5], f(3), says="slice index -2 of dimension 0 out of bounds.")
error(
    "StridedSlice", lambda x: x[0, 0], f(3), says="Index out of range using input dim 1; input has"
)
error(
    "StridedSlice", lambda x: x[..., 0, ...], f(3), says="Multiple ellipses in slice spec not allow"
)
error("StridedSlice", lambda x: x[::0], f(3), says="strides[0] must be non-zero")
error("StridedSlice", lambda x: x[1.5], f(3), error="TypeError", says="Only integers, slices "
      "(`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors are valid "
      "indices, got 1.5")  # fmt: skip
error("StridedSlice", lambda x: x[7], f(3), at="run", says="slice index 7 of dimension 0 out of")
error(
    "StridedSlice", lambda x, n: x[n], f(3), i(value=-7), at="run", says="slice index -4 of dimensi"
)
error(
    "StridedSlice", lambda x, n: x[::n], f(3), i(value=0), at="run", says="strides[0] must be non-"
)
