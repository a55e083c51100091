"""Rows of Shape, ShapeN, Size and Rank, and of what hands its input on."""

from __future__ import annotations

from _rows import case, error, f, i, t, tf, u8

of_any_shape = lambda x: tf.placeholder_with_default(x, None)
for op, fn in (("Shape", tf.shape), ("Size", tf.size), ("Rank", tf.rank)):
    case("Const", fn, t(2, 3), dtypes="f i b s", id=op)
    case("Const", fn, f(), id=op + "-of-scalar")
    case("Const", fn, f(0, 3), id=op + "-of-nothing")
    case("Const", fn, [[1, 2], [3, 4]], id=op + "-of-list")
    case(op, lambda x, fn=fn: fn(of_any_shape(x)), t(2, 3), dtypes="f i b s", id=op + "-unknown")
case("Const", tf.shape, f(2, 3), out_type=tf.int64)
case("Const", tf.size, f(2, 3), "number", tf.int64)
case("Size", lambda x: tf.size(of_any_shape(x), out_type=tf.int64), f(2, 3))
case("ShapeN", tf.shape_n, [f(2, 3), f(4)])
case("ShapeN", tf.shape_n, [f(2, 3)], out_type=tf.int64)

case("Identity", tf.identity, t(2, 3), dtypes="f d h bf i l b s c")
case("Identity", tf.identity, [f(), f()], id="Identity-of-list")
case("IdentityN", tf.identity_n, [f(2, 3), i(2)])
case("IdentityN", lambda x, y: tf.identity_n([x, y])[0], f(2), f(3), id="IdentityN-one-only")
case("StopGradient", tf.stop_gradient, t(2, 3), dtypes="f i b s",
     numeric="its purpose is that no gradient passes")  # fmt: skip
case(
    "StopGradient", lambda x: x * tf.stop_gradient(x), f(3), numeric="no gradient passes", id="held"
)
case("EnsureShape", tf.ensure_shape, f(2, 3), [None, 3])
error(
    "EnsureShape",
    tf.ensure_shape,
    f(2, 3),
    [4, 3],
    says="Dimension 0 in both shapes must be equal, but are 4 and 2. Shapes are [4,3] and [2,3].",
)
error("EnsureShape", tf.ensure_shape, f(2, 3), [4], says="Shape must be rank 1 but is rank 2")
error("EnsureShape", tf.ensure_shape, f(2, 3), [3, None], at="run",
      says="[2,3] is not compatible with expected shape [3,?].")  # fmt: skip

case("Bitcast", tf.bitcast, f(2, 3), tf.int32)
case("Bitcast", tf.bitcast, f(2, 3), tf.uint8)
case("Bitcast", tf.bitcast, u8(2, 4), tf.float32)
case("Bitcast", tf.bitcast, u8(4), tf.int32)
error(
    "Bitcast",
    tf.bitcast,
    u8(2, 3),
    tf.float32,
    says="Cannot bitcast due to shape. 3 does not match",
)
