"""Rows of Tile, tf.repeat, BroadcastTo, BroadcastArgs and tf.meshgrid."""

from __future__ import annotations

from _rows import case, error, f, i, l, t, tf

case("Tile", tf.tile, t(2, 3), [2, 1], dtypes="f d h i l b s c")
case("Tile", tf.tile, f(2, 3), [1, 3])
case("Tile", tf.tile, f(2, 3), [2, 0])
case("Tile", tf.tile, f(2, 3), i([2, 2]))
case("Tile", tf.tile, f(2, 3), l([1, 2]))
case("Tile", tf.tile, f(), [])
case("Tile", tf.tile, f(0, 3), [2, 2])
error("Tile", tf.tile, f(2, 3), [2], says="Shape must be rank 2 but is rank 1")
error("Tile", tf.tile, f(2, 3), i([2, -1]), at="run", says="Expected multiples[1] >= 0, but got -1")
error(
    "Tile", tf.tile, f(2, 3), i([2]), at="run", says="Expected multiples argument to be a vector of"
)

case("Tile", tf.repeat, f(2, 3), 2, axis=1)
case("Tile", tf.repeat, f(2, 3), 2)
case("Tile", tf.repeat, f(3, 2), [1, 0, 2], axis=0)
case("Tile", tf.repeat, f(2, 3), [1, 0, 2], axis=1)

case("BroadcastTo", tf.broadcast_to, t(3), [2, 3], dtypes="f d h i l b c")
case("BroadcastTo", tf.broadcast_to, f(2, 1, 3), [4, 2, 5, 3])
case("BroadcastTo", tf.broadcast_to, f(), [2, 2])
case("BroadcastTo", tf.broadcast_to, f(1, 3), i([2, 3]))
case("BroadcastTo", tf.broadcast_to, f(1, 3), [0, 3])
error(
    "BroadcastTo", tf.broadcast_to, f(3), [2, 4], says="Dimensions must be equal, but are 3 and 4"
)
error(
    "BroadcastTo", tf.broadcast_to, f(3, 3), [3], says="Shape must be at most rank 1 but is rank 2"
)
error("BroadcastTo", tf.broadcast_to, f(3), i([2, 4]), at="run",
      says="Incompatible shapes: [3] vs. [2,4]")  # fmt: skip

case("BroadcastArgs", tf.broadcast_dynamic_shape, t([2, 1, 3]), t([4, 1]), dtypes="i l")
case("BroadcastArgs", tf.broadcast_dynamic_shape, i([]), i([4, 1]))
error("BroadcastArgs", tf.broadcast_dynamic_shape, i([2, 3]), i([4, 3]), at="run",
      says="Incompatible shapes: [2,3] vs. [4,3]")  # fmt: skip

case("Mul", tf.meshgrid, f(2), f(3))
case("Mul", tf.meshgrid, f(2), f(3), f(2), indexing="ij")
case("Mul", tf.meshgrid, [1, 2], [3, 4])
