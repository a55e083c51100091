"""Rows for changes of the element type, and for complex numbers."""

import numpy as np
from _rows import LIMITS, b, c, case, d, error, f, h, i, s, t, tf, u8, z

NAN, INF = float("nan"), float("inf")
TYPES = (
    tf.float32, tf.float64, tf.float16, tf.bfloat16, tf.int8, tf.uint8, tf.int16, tf.uint16,
    tf.int32, tf.int64, tf.uint32, tf.uint64, tf.bool, tf.complex64, tf.complex128,
)  # fmt: skip
EVERY = "f d h bf i l i8 i16 u8 u16 u32 u64 b c z"
ROUGH = "steps"
for to in TYPES:
    case("Cast", lambda x, to=to: tf.cast(tf.cast(x, to), tf.complex64),
         t([[0, 1, 2, 100]]), dtypes=EVERY.replace(" c", "") if to == tf.complex64 else EVERY,
        numeric=ROUGH, id="Cast-" + to.name)  # fmt: skip
    for make in (f, d, h):
        wide = [300.7, -1.5, 3e9, -2.5e9, NAN, INF, 200, -0.0]
        if make is h:
            wide = [300.7, -1.5, 40000, -60000, NAN, INF, 200, -0.0]
        if to != {"f": tf.float32, "d": tf.float64, "h": tf.float16}[make.code]:
            case("Cast", tf.cast, make(wide), to, grad=LIMITS)
case("Cast", tf.cast, f([1.00390625, 1.005, 1.01171875, 3.4e38, 1e-40]), tf.bfloat16, grad=LIMITS)
case("Cast", tf.dtypes.cast, i([2**24 + 1, -(2**31), 2**31 - 1]), tf.float32)
case("Cast", tf.cast, [1, 2], tf.float32)
case("Cast", tf.cast, [1.7, -2.7], "int32")
case("Mul", lambda x: tf.cast(x, tf.float32) * 2, f(3), numeric="float32")
case("Cast", tf.cast, f(0, 3), tf.int32)
case("Cast", lambda x: tf.zeros(tf.cast(tf.cast(tf.shape(x), tf.int64), tf.int32)), f(2, 3))
for op, numbers in (
    (tf.to_float, i), (tf.to_double, f), (tf.to_int32, f), (tf.to_int64, f), (tf.to_bfloat16, f),
    (tf.to_complex64, f), (tf.to_complex128, d),
):  # fmt: skip
    case("Cast", op, numbers([1, -2, 3]), numeric=ROUGH)
    case("Cast", op, numbers([1, -2, 3]), name="named", numeric=ROUGH)
case("Cast", tf.saturate_cast, f([300.0, -5.0, 7.6, INF]), tf.uint8)
case("Cast", tf.saturate_cast, i([300, -5, 7]), tf.int8, name="named")
case("Cast", tf.saturate_cast, u8([3, 255]), tf.int32)
case("Cast", tf.saturate_cast, d([1e300, -1e300, 2]), tf.float32, grad=LIMITS)
error("Cast", tf.cast, s(2), tf.float32, at="run", error="UnimplementedError",
      says="Cast string to float is not supported")  # fmt: skip
error("Cast", tf.cast, f(2), tf.string, at="run", error="UnimplementedError",
      says="Cast float to string is not supported")  # fmt: skip
error("Cast", tf.cast, f(2), "rubbish", error="TypeError", says="Cannot convert value 'rubbish'",
      golden="TensorFlow says: data type 'rubbish' not understood")  # fmt: skip

for op_type, fn in (("Real", tf.real), ("Imag", tf.imag), ("Angle", tf.angle)):
    case(op_type, fn, t(2, 3), dtypes="c z")
    case(op_type, fn, c(0, 3))
    case(op_type, fn, z(2), name="named")
case("Angle", tf.math.angle, c([1, -1, 1j, -1j]))
case("Conj", tf.conj, t(2, 3), dtypes="c z")
case("Conj", tf.math.conj, [1 + 2j, 3])
case("Square", lambda x: tf.square(tf.conj(x)), f(3))
case("Neg", lambda x: -tf.real(x), f(3))
case("Neg", lambda x: -tf.imag(x), f(3), grad="TensorFlow has none")
case("Complex", tf.complex, t(2, 3), t(2, 3), dtypes="f d")
case("Complex", tf.dtypes.complex, f(2, 1), f(3), name="named")
case("Complex", tf.complex, f(0), f(0))
error("Complex", tf.complex, f(2), d(2), error="TypeError",
      says="real and imag have incorrect types: float32 float64")  # fmt: skip
error("Complex", tf.complex, f(2), f(3), at="run", says="Incompatible shapes: [2] vs. [3]")
error(
    "Conj", tf.conj, b(2), error="TypeError", says="Expected numeric or variant tensor, got dtype"
)
case("Cast", tf.cast, np.float64([1.5]), tf.float32)
