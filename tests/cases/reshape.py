"""Rows of Reshape, Squeeze and ExpandDims."""

from __future__ import annotations

from _rows import case, error, f, i, l, t, tf

case("Reshape", tf.reshape, t(2, 6), [3, 4], dtypes="f d h bf i l b s c")
case("Reshape", tf.reshape, f(2, 6), [-1])
case("Reshape", tf.reshape, f(2, 6), [3, -1, 2])
case("Reshape", tf.reshape, f(1), [])
case("Reshape", tf.reshape, f(), [1, 1])
case("Reshape", tf.reshape, f(0, 3), [3, 0])
case("Reshape", tf.reshape, f(0, 3), [-1, 3])
case("Reshape", tf.reshape, f(2, 6), i([4, -1]))
case("Reshape", tf.reshape, f(2, 6), l([3, 4]))
case("Reshape", lambda x: tf.reshape(x, [-1, tf.shape(x)[1]]), f(2, 6), id="Reshape-packed")
case("Reshape", lambda x, y: tf.reshape(x, tf.shape(y)), f(2, 6), f(3, 4), id="Reshape-like")
case("Reshape", lambda x, y: tf.reshape(x, tf.concat([tf.shape(y)[:1], [-1]], 0)), f(2, 6), f(3, 4),
     id="Reshape-concat")  # fmt: skip
case("Reshape", lambda x: tf.reshape(x, [tf.size(x)]), f(2, 6), id="Reshape-size")
error("Reshape", tf.reshape, f(6), [4], says="Cannot reshape a tensor with 6 elements to shape [4]")
error("Reshape", tf.reshape, f(6), [-1, 4], says="Dimension size must be evenly divisible by 4 but")
error("Reshape", tf.reshape, f(6), [[6]], says="Shape must be rank 1 but is rank 2")
error("Reshape", tf.reshape, f(6), i([4]), at="run",
      says="Input to reshape is a tensor with 6 values, but the requested shape has 4")  # fmt: skip
error("Reshape", tf.reshape, f(6), i([-1, 4]), at="run", says="requires a multiple of 4")
error("Reshape", tf.reshape, f(6), i([-1, -1]), at="run", says="Only one input size may be -1")
error("Reshape", tf.reshape, f(6), i([-2, 3]), at="run", says="Size 0 must be non-negative, not -2")
case("Reshape", tf.reshape, f(0, 6), [0, -1, 3])
case("Reshape", tf.reshape, f(0, 6), i([0, -1]))
case("Reshape", lambda x, n: tf.reshape(x, [n, 2]), f(6), i(value=3), id="Reshape-a-size-known")

case("Squeeze", tf.squeeze, t(1, 3, 1, 2), dtypes="f i b s")
case("Squeeze", tf.squeeze, f(1, 3, 1), [0])
case("Squeeze", tf.squeeze, f(1, 3, 1), axis=-1)
case("Squeeze", tf.squeeze, f(1, 3, 1), squeeze_dims=[0, 2])
case("Squeeze", tf.squeeze, f(1, 1))
case("Squeeze", tf.squeeze, f())
case("Squeeze", tf.squeeze, f(1, 0))
error("Squeeze", tf.squeeze, f(2, 3), [0],
      says="Can not squeeze dim[0], expected a dimension of 1, got 2")  # fmt: skip
error("Squeeze", tf.squeeze, f(2, 3), [5], says="squeeze_dims[0] not in [-2,2).")
error("Squeeze", tf.squeeze, f(2, 3), [1], at="run", says="Can not squeeze dim[1], expected a")

case("ExpandDims", tf.expand_dims, t(2, 3), 0, dtypes="f i b s")
case("ExpandDims", tf.expand_dims, f(2, 3), 1)
case("ExpandDims", tf.expand_dims, f(2, 3), axis=-1)
case("ExpandDims", tf.expand_dims, f(2, 3), dim=2)
case("ExpandDims", tf.expand_dims, f(), -1)
case("ExpandDims", tf.expand_dims, f(0, 3), 1)
case("ExpandDims", tf.expand_dims, f(2, 3), i(value=1))
error("ExpandDims", tf.expand_dims, f(2), 5, says="dim 5 not in the interval [-2, 1]")
error("ExpandDims", tf.expand_dims, f(2), [0, 1], says="'dim' input must be a tensor with a single")
error("ExpandDims", tf.expand_dims, f(2), i(value=5), at="run",
      says="Tried to expand dim index 5 for tensor with 1 dimensions")  # fmt: skip
