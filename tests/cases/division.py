"""Rows for divisions and remainders."""

from _rows import binary_rows, case, d, error, f, h, i, l, t, tf

NOT_ZERO = [[5, -5, 7, -7, 0, 6], [-3, 3, 2, -2, 4, 3]]
BOTH = "f d h bf i l"
FIRST = "beside an infinity TensorFlow's first gradient is nan, the exact one 0"


def whole(function, op_type, dtypes):
    """Rows of a division that integers have too."""
    binary_rows(op_type, function, "f d h bf", limits=False, numeric="it has jumps")
    x, y = NOT_ZERO
    for first, second in ((x, y), ([[9], [-9]], [4, -4, 3]), (x, [3]), (x, [-3])):
        case(op_type, function, t(first), t(second), dtypes=dtypes, numeric="it has jumps")
    case(op_type, function, i(0, 3), i([1, 2, 0]))
    case(op_type, function, f([5.5, -5.5, 5.5, -5.5, 0]), f([2, 2, -2, -2, 3]), numeric="has jumps")


binary_rows("RealDiv", tf.realdiv, "f d h bf c z", limits=False)
case(
    "RealDiv", tf.realdiv, f([1, -1, 0, 3, float("inf")]), f([0, 0, 0, float("inf"), 2]),
    grad="infinite",
)  # fmt: skip
case("RealDiv", tf.realdiv, t([7, -7, 9]), t([2, 2, -4]), dtypes="i l")

whole(tf.floordiv, "FloorDiv", "i l i8 i16")
whole(tf.floor_div, "FloorDiv", "i u8")
case("FloorDiv", tf.floordiv, f([1.0, -1.0, 1e30]), f([0.1, 0.1, 1e-30]))
case("FloorDiv", tf.floor_div, f([1, -1, 0]), f([0, 0, 0]))
whole(tf.floormod, "FloorMod", "i l")
case("FloorMod", tf.mod, f([5.5, -5.5]), 2.0, name="rest")
whole(tf.truncatediv, "TruncateDiv", "i l i8 i16 u8")
case("TruncateMod", tf.truncatemod, t(NOT_ZERO[0]), t(NOT_ZERO[1]), dtypes="i l f d h bf",
     grad="TensorFlow has none", numeric="it has jumps")  # fmt: skip
case("TruncateMod", tf.truncatemod, f(2, 1, 3), f(4, 1), grad="TensorFlow has none",
     numeric="it has jumps")  # fmt: skip

for fn, op_type in (
    (tf.floordiv, "FloorDiv"), (tf.floor_div, "FloorDiv"), (tf.floormod, "FloorMod"),
):  # fmt: skip
    error(op_type, fn, i([3, 4]), i([1, 0]), at="run", says="Integer division by zero")
    error(op_type, fn, l([3, 4]), l(value=0), at="run", says="Integer division by zero")
for fn, op_type in ((tf.truncatediv, "TruncateDiv"), (tf.truncatemod, "TruncateMod")):
    error(
        op_type, fn, i([3, 4]), i([1, 0]), at="run", says="Integer division by zero",
        golden="TensorFlow says: Unexpected error in binary operator",
    )  # fmt: skip

case("RealDiv", tf.truediv, t([7, -7, 9]), t([2, 2, -4]), dtypes="f d h bf c z i l i8 i16 u8 u16")
case("RealDiv", tf.truediv, i([7, 8]), 2, name="half")
case("RealDiv", tf.divide, f(2, 3), f(3))
case("RealDiv", tf.divide, f(2, 3), 2.0, name="half")
case("RealDiv", tf.divide, i(2, 3), 2)
case("RealDiv", tf.div, f(2, 3), f(3))
case("FloorDiv", tf.div, i([7, -7]), 2)
case("FloorDiv", tf.div, i([7, -7]), 2, name="halves")
error("RealDiv", tf.truediv, f(2), d(2), error="TypeError", says="x and y must have the same dtype")
error("RealDiv", tf.div, f(2), d(2), says="Tensor conversion requested dtype float32 for Tensor")

for fn, op_type, zero in (
    (tf.div_no_nan, "DivNoNan", 1), (tf.math.xdivy, "Xdivy", 0), (tf.math.xlogy, "Xlogy", 0),
):  # fmt: skip
    binary_rows(op_type, fn, "f d h c z" if zero else "f d h", low=0.5, high=3, limits=False)
    case(op_type, fn, f([1, 0, -1, float("nan")]), f([0, 0, 3, 0]), grad="jumps at 0")
    case(op_type, fn, d([0, 0, 0, 2]), d([float("nan"), float("inf"), -1, 0]), grad="jumps at 0")
case("Xdivy", tf.math.xdivy, t([1 + 2j, 0, 3j]), t([2j, 0, 1]), dtypes="c z", grad="jumps at 0")
case("Xlogy", tf.math.xlogy, t([1 + 2j, 0, 3j]), t([2j, 0, 1]), dtypes="c z", grad="jumps at 0")
case("DivNoNan", tf.math.reciprocal_no_nan, f([1, 0, -4]), grad="a jump at 0")
case("DivNoNan", tf.math.divide_no_nan, h([1, 0, -4]), h([0, 0, 2]), grad="a jump at 0")
