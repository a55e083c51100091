"""Rows for comparisons, logic and bits."""

from _rows import b, binary_rows, case, error, f, i, l, s, t, tf, unary_rows

ORDERED = "f d h bf i l i8 i16 u8"
for op_type, fn in (
    ("Less", tf.less), ("LessEqual", tf.less_equal), ("Greater", tf.greater),
    ("GreaterEqual", tf.greater_equal),
):  # fmt: skip
    binary_rows(op_type, fn, ORDERED + " u32 u64")
    case(op_type, fn, f([1, 2, 3]), 2.0, name="named")
for op_type, fn in (("Equal", tf.equal), ("NotEqual", tf.not_equal)):
    binary_rows(op_type, fn, ORDERED + " c z b s")
    case(op_type, fn, f([1, 2, 3]), 2.0, name="named")
    case(op_type, fn, s(["a", "b"]), "a")
case("Less", tf.math.less, i([1, 2]), 2)
case("Equal", tf.math.equal, i([1, 2]), 2)
error("Less", tf.less, f(2), f(3), says="Dimensions must be equal, but are 2 and 3")
error("Equal", tf.equal, f(2), f(3), at="run", says="Incompatible shapes: [2] vs. [3]")
error("Less", tf.less, s(2), s(2), error="TypeError", says="not in list of allowed values")

for op_type, fn in (
    ("LogicalAnd", tf.logical_and), ("LogicalOr", tf.math.logical_or),
    ("LogicalAnd", tf.logical_xor),
):  # fmt: skip
    case(op_type, fn, b([True, True, False, False]), b([True, False, True, False]))
    case(op_type, fn, b(2, 1, 3), b(4, 1), name="named")
    case(op_type, fn, b(0, 3), b(1, 3))
    case(op_type, fn, b(3), True)
case("LogicalNot", tf.logical_not, b([True, False]))
case("LogicalNot", tf.math.logical_not, b(0, 3), name="named")
error("LogicalAnd", tf.logical_and, i(2), b(2), error="TypeError", says="expected type of bool")

BITS = "i l i8 i16 u8 u16 u32 u64"
bits = tf.bitwise
for op_type, fn in (
    ("BitwiseAnd", bits.bitwise_and), ("BitwiseOr", bits.bitwise_or),
    ("BitwiseXor", bits.bitwise_xor),
):  # fmt: skip
    binary_rows(op_type, fn, BITS)
unary_rows("Invert", bits.invert, BITS)
for op_type, fn in (("LeftShift", bits.left_shift), ("RightShift", bits.right_shift)):
    case(op_type, fn, t([[1], [5], [100]]), t([0, 1, 3]), dtypes=BITS)
    case(op_type, fn, t([[-1], [-8], [77]]), t([0, 1, 7]), dtypes="i l i8 i16")
    case(op_type, fn, i([1, 2, -1, 5]), i([31, 32, -1, 40]))
    case(op_type, fn, l(0, 3), l(3))
error("BitwiseAnd", bits.bitwise_and, f(2), f(2), error="TypeError", says="not in list of allowed")
