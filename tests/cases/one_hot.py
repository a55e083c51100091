"""Rows of OneHot, and of masks."""

from __future__ import annotations

from _rows import b, case, error, f, i, t, tf, u8

case("OneHot", tf.one_hot, t([[1, 0], [2, -1]]), 3, dtypes="i l")
case("OneHot", tf.one_hot, u8([1, 0, 7]), 3)
case("OneHot", tf.one_hot, i([1, 5, -2]), 3)
case("OneHot", tf.one_hot, i([[1, 0, 2]]), 4, axis=0)
case("OneHot", tf.one_hot, i([[1, 0, 2]]), 4, axis=1)
case("OneHot", tf.one_hot, i([[1, 0, 2]]), 4, axis=-1, dtype=tf.float64)
case("OneHot", tf.one_hot, i([1, 0]), 2, on_value=5, off_value=-1)
case("OneHot", tf.one_hot, i([1, 0]), 2, on_value=5.0)
case("OneHot", tf.one_hot, i([1, 0]), 2, on_value=True, off_value=False)
case("OneHot", tf.one_hot, i([1, 0]), 2, dtype=tf.int64)
case("OneHot", tf.one_hot, i(value=1), 3)
case("OneHot", tf.one_hot, i(0), 3)
case("OneHot", tf.one_hot, i([1, 0]), i(value=3))
error("OneHot", tf.one_hot, i([1]), -2, says="must be non-negative but is -2")
error("OneHot", tf.one_hot, i([1]), [3], says="Input must be scalar but has rank 1")
error(
    "OneHot", tf.one_hot, f([1]), 3, error="TypeError", says="has DataType float32 not in list of"
)
error("OneHot", tf.one_hot, i([1]), 3, 1.0, 0, error="TypeError", says="does not match")
error(
    "OneHot", tf.one_hot, i([1]), i(value=-3), at="run", says="depth must be non-negative, got: -3"
)

case("Where", tf.boolean_mask, f(3, 2), [True, False, True])
case("Where", tf.boolean_mask, t(3, 2), b([True, False, True]), dtypes="f i s")
case("Where", tf.boolean_mask, f(2, 3, 2), b(2, 3))
case("Where", tf.boolean_mask, f(2, 3), b([True, False, True]), axis=1)
error("Where", tf.boolean_mask, f(2, 3), b(), says="mask cannot be scalar.")
error("Where", tf.boolean_mask, f(2, 3), b(3), says="are incompatible")

case("Less", tf.sequence_mask, t([1, 3, 0]), dtypes="i l")
case("Less", tf.sequence_mask, i([[1, 3], [2, 0]]), 4)
case("Less", tf.sequence_mask, i([1, 3, 0]), 5, tf.float32)
case("Less", tf.sequence_mask, i([1, 3, 0]), i(value=2))
