"""Rows of ConcatV2, Split and SplitV."""

from __future__ import annotations

from _rows import case, error, f, i, l, t, tf

case("ConcatV2", tf.concat, [t(2, 3), t(2, 3)], 0, dtypes="f d h bf i l b s c")
case("ConcatV2", tf.concat, [f(2, 3), f(2, 1), f(2, 2)], 1)
case("ConcatV2", tf.concat, [f(2, 3), f(2, 3)], axis=-1)
case("ConcatV2", tf.concat, [f(2, 3, 1), f(2, 1, 1)], -2)
case("ConcatV2", tf.concat, [f(2), f(0), f(3)], 0)
case("ConcatV2", tf.concat, [f(0, 3), f(0, 3)], 0)
case("Identity", tf.concat, [f(2, 3)], 0, id="concat-of-one")
case("Identity", tf.concat, f(2, 3), 0, id="concat-of-no-list")
case("ConcatV2", tf.concat, [f(2, 3), [[1.0, 2.0, 3.0]]], 0, id="ConcatV2-with-constant")
case("ConcatV2", lambda x, y, a: tf.concat([x, y], a), f(2, 3), f(2, 3), i(value=1), id="fed-axis")
case("ConcatV2", lambda x, y, a: tf.concat([x, y], a), f(2, 3), f(2, 3), i(value=-1),
     id="fed-negative-axis")  # fmt: skip
case("ConcatV2", lambda x, y, a: tf.concat([x, y], a), f(2, 3), f(2, 3), l(value=0), id="fed-int64")
error(
    "ConcatV2",
    tf.concat,
    [f(2, 3), f(3, 4)],
    0,
    says="Dimension 0 in both shapes must be equal, but are 3 and 4. Shapes are [3] and [4].",
)
error("ConcatV2", tf.concat, [f(2), f(2)], i([0]), at="run",
      says="axis tensor should be a scalar integer, but got shape [1]")  # fmt: skip
error("ConcatV2", tf.concat, [f(2, 3), f(2, 3)], 5, says="Shape must be at least rank 6 but is")
error("ConcatV2", tf.concat, [f(2), f(2, 2)], 0, says="Shape must be rank 1 but is rank 2")
error("ConcatV2", tf.concat, [f(), f()], 0, says="Can't concatenate scalars (use tf.stack instead)")
error("ConcatV2", tf.concat, [f(2, 3), f(3, 3)], 1, at="run",
      says="Dimensions of inputs should match: shape[0] = [2,3] vs. shape[1] = [3,3]")  # fmt: skip
error("ConcatV2", lambda x, y, a: tf.concat([x, y], a), f(2), f(2), i(value=3), at="run",
      says="Expected concatenating dimensions in the range [-1, 1), but got 3")  # fmt: skip

case("Split", tf.split, t(4, 3), 2, dtypes="f d h i l b s c")
case("Split", tf.split, f(4, 6), 3, axis=1)
case("Split", tf.split, f(4, 6), 2, -1)
case("Split", tf.split, f(4, 6), 1)
case("Split", tf.split, f(0, 6), 2)
case("Split", lambda x: tf.split(x, 3, 1)[1], f(2, 6), id="Split-middle-only")
case("Split", lambda x, a: tf.split(x, 2, a), f(2, 6), i(value=1), id="Split-fed-axis")
error("Split", tf.split, f(4), 3,
      says="Number of ways to split should evenly divide the split dimension")  # fmt: skip
error("Split", tf.split, f(4), 2, i([0, 0]), at="run", says="split_dim must be a scalar but has")
error("SplitV", tf.split, f(4), [2, 2], i([0, 0]), at="run",
      says="split_dim_tensor must have exactly one element.")  # fmt: skip
error("Split", tf.split, f(5), 2, says="Dimension size must be evenly divisible by 2 but is 5")
error("Split", tf.split, f(4), 2, 4, says="must be in range [-1, 1)")
error("Split", tf.split, f(5), 2, at="run", says="Number of ways to split should evenly divide")

case("SplitV", tf.split, t(5, 3), [2, 3], dtypes="f d h i l b s")
case("SplitV", tf.split, f(5, 6), [1, -1, 2], axis=1)
case("SplitV", tf.split, f(5, 6), [5, 0])
case("SplitV", tf.split, f(5, 6), [5])
case("SplitV", lambda x, n: tf.split(x, n, num=2), f(5, 3), i([4, 1]), id="SplitV-fed-sizes")
case("SplitV", lambda x: tf.split(x, [1, 2, 2])[1], f(5, 3), id="SplitV-middle-only")
error(
    "SplitV", tf.split, f(5, 3), [2, 2], says="can't split axis of size 5 into pieces of size [2,"
)
error("SplitV", lambda x, n: tf.split(x, n, num=2), f(5), i([2, 2]), at="run",
      says="Determined shape must either match input shape along split_dim exactly")  # fmt: skip
error("SplitV", lambda x, n: tf.split(x, n, num=2), f(5), i([-1, -1]), at="run",
      says="There can only be one -1 in the input.")  # fmt: skip
