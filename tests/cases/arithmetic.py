"""Rows for sums, differences, products, larger and smaller ones, and sums of lists."""

from _rows import bf, binary_rows, c, case, d, error, f, h, i, l, s, t, tf, z

NUMBERS = "f d h bf i l i8 i16 u8 c z"
SIGNS = "values at the limits, where the sign of a zero is that of TensorFlow's vector registers"

binary_rows("Add", tf.add, NUMBERS)
case("Add", tf.add, s(["a", "", "c d"]), s([["x"], ["y"]]))
case("Add", tf.add, s(2, 3), "end")
case("Add", tf.add, f(2, 3), 1.5)
case("Add", tf.add, 2, i(2, 3))
error(
    "Add", tf.add, 2, f(2, 3), error="TypeError",
    says="has type float32 that does not match type int32 of argument 'x'",
)  # fmt: skip
binary_rows("Sub", tf.subtract, NUMBERS + " u16")
binary_rows("Mul", tf.multiply, NUMBERS + " u16")
case("Mul", lambda x: tf.multiply(x, x), f(2, 3))
case("Mul", lambda x: tf.multiply(x, x), c(2, 3))
case("Mul", tf.multiply, f(2, 3), [[2.0], [3.0]])
case("Mul", tf.scalar_mul, 2.5, f(2, 3))
case("Mul", tf.scalar_mul, 2, f(2, 3), name="twice")
case("Mul", lambda x: tf.scalar_mul(x[0], x), f(4))
error("Mul", lambda x: tf.scalar_mul(x, x), f(3), says="Only scalar multiply works, got shape (3,)")
error("Add", tf.add, f(2, 3), f(4), says="Dimensions must be equal, but are 3 and 4")
error("Add", tf.add, f(2, 3), f(4), at="run", says="Incompatible shapes: [2,3] vs. [4]")
error("Mul", tf.multiply, f(2), i(2), error="TypeError", says="that does not match type float32")
error("Neg", tf.negative, s(2), error="TypeError", says="not in list of allowed values")

binary_rows("MulNoNan", tf.math.multiply_no_nan, "f d h c z")
error(
    "MulNoNan",
    tf.math.multiply_no_nan,
    f(2),
    d(2),
    says="Tensor conversion requested dtype float32",
)
case(
    "MulNoNan", tf.math.multiply_no_nan, f([float("nan"), float("inf"), 0, 2]), f([0, 0, 3, 4]),
    grad="the factor 0 has a jump",
)  # fmt: skip

binary_rows("SquaredDifference", tf.squared_difference, "f d h bf i l")
case(
    "SquaredDifference", tf.squared_difference, t(2, 3), t(3), dtypes="c z",
    numeric="TensorFlow's gradient is that of (x - y)^2",
)  # fmt: skip
for name, fn in (("Maximum", tf.maximum), ("Minimum", tf.minimum)):
    binary_rows(name, fn, "f d h bf i l", limits=False)
    for make in (f, d, h, bf, i, l):
        values = make.extremes.value
        case(name, fn, make(values.reshape(-1, 1)), make(values), grad=SIGNS)
    case(name, fn, f([1, 2, 3]), f([1, 3, 2]), numeric="a tie has a jump")
    case(name, fn, f([[1, 2, 3]]), 2.0, numeric="a tie has a jump")
case("Neg", tf.negative, t(2, 3), dtypes="f d h bf i l c z")
case("Neg", tf.negative, f.empty)
for make in (f, d, h, bf, i, l):
    case("Neg", tf.negative, make.extremes, grad=SIGNS)

case("AddN", tf.add_n, [t(2, 3), t(2, 3), t(2, 3)], dtypes="f d h bf i l i8 u8 c z")
case("AddN", tf.add_n, [f(2, 3), f(2, 3)], name="total")
case("Identity", tf.add_n, [f(2, 3)], name="alone")
case("AddN", lambda x: tf.add_n([x, x, x]), f(4))
case("AddN", tf.add_n, [f(0, 3), f(0, 3)])
case("AddN", tf.add_n, [f(2), [1.0, 2.0]])
case("AddN", lambda *a: tf.add_n(list(a)), *[f(5) for _ in range(12)])
error("AddN", tf.add_n, [f(2), f(3)], says="Dimension 0 in both shapes must be equal, but are 2")
error("AddN", tf.add_n, [f(2), f(2, 1)], says="Shapes must be equal rank, but are 1 and 2")
error(
    "AddN", tf.add_n, [f(2), f(3)], at="run",
    says="Inputs to operation AddN of type AddN must have the same size and shape.  "
    "Input 0: [2] != input 1: [3]",
)  # fmt: skip
error("AddN", tf.add_n, [], says="inputs must be a list of at least one Tensor/IndexedSlices")
error("AddN", tf.add_n, [f(2), i(2)], error="TypeError", says="that don't all match")
case("AccumulateNV2", tf.accumulate_n, [t(2, 3), t(2, 3), t(2, 3)], dtypes="f d h bf i l c")
case("AccumulateNV2", tf.accumulate_n, [f(2), f(2)], shape=[2], tensor_dtype=tf.float32, name="s")
case("Identity", tf.accumulate_n, [f(2)], name="alone")
error("AccumulateNV2", tf.accumulate_n, [f(2), f(3)], says="Shapes (2,) and (3,) are not")
error(
    "AccumulateNV2", tf.accumulate_n, [f(2), f(2)], tensor_dtype=tf.int32, error="TypeError",
    says="tensor_dtype is <dtype: 'int32'>, but input is of type <dtype: 'float32'>",
)  # fmt: skip
error(
    "AccumulateNV2", tf.accumulate_n, [f(2), i(2)],
    says="inputs must be a list of at least one Tensor with the same dtype and shape",
)  # fmt: skip
case("Mul", tf.multiply, l(3), l(3))
case("Mul", tf.multiply, z(3), z(1))
