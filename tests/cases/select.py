"""Rows for choices between tensors, places, and clipping."""

from _rows import b, case, d, error, f, h, i, s, t, tf

NAN, INF = float("nan"), float("inf")
EVERY = "f d h bf i l i8 u8 b c z s"
MASK = [[True, False, True], [False, False, True]]
case("Select", tf.where, b(MASK), t(2, 3), t(2, 3), dtypes=EVERY)
case("Select", tf.where, b([True, False]), t(2, 3), t(2, 3), dtypes=EVERY)
case("Select", tf.where, b(value=True), f(2, 3), f(2, 3), name="named")
case("Select", tf.where, b(value=False), f(), f())
case("Select", tf.where, b([True, False]), f(2, 3, 2), f(2, 3, 2))
case("Select", tf.where, b([True, False]), f([NAN, NAN]), f([1, INF]), numeric="nan")
case("Select", tf.where, b(0), f(0, 3), f(0, 3))
case("Select", tf.where, [True, False], [1.0, 2.0], [3.0, 4.0])
case("Select", lambda c, x: tf.where(c, x, x), b(3), f(3))
STATE = "Dimension 0 in both shapes must be equal, but are 2 and 3. Shapes are [2] and [3]."
error("Select", tf.where, b(2), f(3), f(3), says=STATE)
error("Select", tf.where, b(2), f(3, 2), f(3, 2), says=STATE)
error("Select", tf.where, b(2), f(2), f(3), says=STATE)
error("Select", tf.where, b(2, 2), f(2), f(2), says="Shapes must be equal rank, but are 1 and 2")
error("Select", tf.where, b(1), f(), f(), says="Shapes must be equal rank, but are 0 and 1")
SAME = "Inputs to operation Select of type Select must have the same size and shape.  Input 0: "
error("Select", tf.where, b(2), f(3), f(3), at="run", says=SAME + "[2] != input 1: [3]")
error("Select", tf.where, b(2), f(2), f(3), at="run", says=SAME + "[2] != input 2: [3]")
error("Select", tf.where, b(1, 2), f(2), f(2), at="run", says=SAME + "[1,2] != input 1: [2]")
error("Select", tf.where, b(1), f(), f(), at="run", says="'then' must be at least a vector, but")
error("Select", tf.where, b(2), f(3, 2), f(3, 2), at="run",
      says="Number of batches of 'then' must match size of 'cond', but saw: 3 vs. 2")  # fmt: skip
error("Select", tf.where, b(2), f(2), says="x and y must both be non-None or both be None.")
error("Select", tf.where, b(2), f(2), i(2), error="TypeError", says="that does not match type")

case("SelectV2", tf.where_v2, b(MASK), t(2, 3), t(2, 3), dtypes="f d h i b c s")
case("SelectV2", tf.where_v2, b([True, False, True]), f(2, 1), 0.0)
case("SelectV2", tf.where_v2, b([[True], [False]]), f(3), f(2, 1), name="named")
error(
    "SelectV2", tf.where_v2, b(4), f(2, 1), f(3), says="Dimensions must be equal, but are 4 and 3"
)
error("SelectV2", tf.where_v2, b(2), f(3), f(3), at="run",
      says="condition [2], then [3], and else [3] must be broadcastable")  # fmt: skip

case("Where", tf.where, b(MASK))
case("Where", tf.where, t([[1, 0, 2], [0, 0, 3]]), dtypes="f d i l i8 u8 c z bf")
case("Where", tf.where, h([1, 0]), golden="TensorFlow stops: no WhereOp for half on CPU")
case("Where", tf.where, f([NAN, 0, -0.0, INF]))
case("Where", tf.where, b(0, 3))
case("Where", tf.where, b(2, 2, 2), name="named")
case("Where", tf.where, [True, False, True])
case("Where", tf.where_v2, b(MASK))

case("Maximum", tf.clip_by_value, t([-3, -1, 0, 1, 3]), -1, 2, dtypes="i l")
case("Maximum", tf.clip_by_value, t([-3, -1, 0, 2, 3, 7]), -1.0, 2.0, dtypes="f d h bf",
     numeric="ties have jumps")  # fmt: skip
case("Maximum", tf.clip_by_value, f(2, 3), f([-0.5]), f([[0.5], [0.7]]), name="named")
case("Maximum", tf.clip_by_value, f([NAN, 5, -INF]), -1.0, 2.0, grad="nan")
error("Maximum", tf.clip_by_value, f(3), f(2, 3), 1.0, says="are not compatible")
case("Identity", tf.clip_by_norm, t(2, 3), 1.5, dtypes="f d", tol=1e-5)
case("Identity", tf.clip_by_norm, f(2, 3), 0.1, axes=[1], name="named")
case("Identity", tf.clip_by_norm, f(2, 3), f(value=100.0), axes=0)
case("Identity", tf.clip_by_norm, f([[0, 0]]), 1.0)
error("Identity", tf.clip_by_norm, f(3), f(2, 3), says="are not compatible")
case("L2Loss", tf.global_norm, [f(2, 3), f(4), None])
case("L2Loss", tf.linalg.global_norm, [d(2, 3), d(4)], name="named")
case("L2Loss", tf.clip_by_global_norm, [f(2, 3), f(4), None], 1.0)
case("L2Loss", tf.clip_by_global_norm, [f(2, 3), f(4)], f(value=100.0), name="named")
case("Identity", tf.clip_by_global_norm, [f(2, 3), f(4)], 1.0, use_norm=f(value=3.0))
case("L2Loss", tf.clip_by_global_norm, [f([1, INF])], 1.0, grad="nan")
error("L2Loss", tf.clip_by_global_norm, 3, 1.0, error="TypeError", says="t_list should be a seq")
error("L2Loss", tf.global_norm, "ab", error="TypeError", says="t_list should be a sequence")
case("Identity", tf.clip_by_average_norm, f(2, 3), 0.1)
case("Identity", tf.clip_by_average_norm, f(4), 10.0, name="named")
case("Select", tf.where, s(["a", ""]).of(code="b", literal=[True, False]), s(2), s(2))
