"""Rows for Python's operators on tensors, and for operations without a public function."""

import importlib

from _rows import LIMITS, b, c, case, d, error, f, i, l, s, t, tf, u8


def raw(op_type):
    """A function that makes one operation from its ports and attributes, given by name."""

    def make(**given):
        try:
            ours = importlib.import_module("graphflow.core.declare")
        except ImportError:
            return getattr(tf.raw_ops, op_type)(**given)
        ports = importlib.import_module("graphflow.core.opdef").REGISTRY[op_type].inputs
        return ours.apply(op_type, *[given.pop(p.name) for p in ports], **given)

    make.__name__ = op_type
    return make


# --- operators ---
PLUS = [
    ("AddV2", lambda x, y: x + y), ("Sub", lambda x, y: x - y), ("Mul", lambda x, y: x * y),
    ("RealDiv", lambda x, y: x / y),
]  # fmt: skip
for op_type, fn in PLUS:
    case(op_type, fn, t(2, 3), t(2, 3, positive=True), dtypes="f d h bf i l i8 u8 c z", id=op_type)
    case(op_type, fn, f(2, 1, 3), f(4, 1, positive=True), id=op_type + "-broadcast")
    case(op_type, lambda x, fn=fn: fn(x, 2), f(2), id=op_type + "-2")
    case(op_type, lambda x, fn=fn: fn(2, x), f(2, positive=True), id="2-" + op_type)
    case(op_type, lambda x, fn=fn: fn(x, 2), i(2), id=op_type + "-int")
    case(op_type, lambda x, fn=fn: fn([1.0, 2.0], x), f(2, positive=True), id="list-" + op_type)
    case(op_type, lambda x, fn=fn: fn(fn(x, 2.5), x), f(2, positive=True), id=op_type + "-twice")
ROUND = [("FloorDiv", lambda x, y: x // y), ("FloorMod", lambda x, y: x % y)]
for op_type, fn in ROUND:
    case(op_type, fn, t([7, -7, 9]), t([2, 2, -4]), dtypes="f d i l", id=op_type, numeric="jumps")
    case(op_type, lambda x, fn=fn: fn(x, 2), i(2), id=op_type + "-2")
    case(op_type, lambda x, fn=fn: fn(7, x), i([2, -3]), id="7-" + op_type)
case("Pow", lambda x: x**2, f(3))
case("Pow", lambda x: 2**x, f(3))
case("Pow", lambda x: x**3, i(3))
case("Add", lambda x: x + "y", s(["a", "b"]))
case("Add", lambda x: "y" + x, s(["a", "b"]))
case("MatMul", lambda x, y: x @ y, f(2, 3), f(3, 4))
case("BatchMatMulV2", lambda x, y: x @ y, f(5, 2, 3), f(3, 4))
case("Neg", lambda x: -x, t(2, 3), dtypes="f i c")
case("Abs", lambda x: abs(x), t(2, 3), dtypes="f i")
case("ComplexAbs", lambda x: abs(x), c(2, 3))
case("LogicalNot", lambda x: ~x, b(3))
for op_type, fn in (
    ("LogicalAnd", lambda x, y: x & y), ("LogicalOr", lambda x, y: x | y),
    ("LogicalAnd", lambda x, y: x ^ y), ("LogicalAnd", lambda x, y: True & x),
):  # fmt: skip
    case(op_type, fn, b([True, True, False]), b([True, False, False]))
for op_type, fn in (
    ("Less", lambda x, y: x < y), ("LessEqual", lambda x, y: x <= y),
    ("Greater", lambda x, y: x > y), ("GreaterEqual", lambda x, y: x >= y),
    ("Greater", lambda x, y: x > 1), ("LessEqual", lambda x, y: x <= 1.0),
):  # fmt: skip
    case(op_type, fn, f([1, 2, 3]), f([3, 2, 1]))
error("AddV2", lambda x: x + None, f(2), says="None values not supported.")
error("AddV2", lambda x: x + "a", f(2), error="TypeError", says="'AddV2' Op has type string that",
      golden="TensorFlow has the same words with other marks")  # fmt: skip
error("AddV2", lambda x, y: x + y, f(2), i(2), error="TypeError", says="that does not match type")
error("FloorDiv", lambda x, y: x // y, i([1]), i([0]), at="run", says="Integer division by zero")
error("FloorMod", lambda x, y: x % y, i([1]), i([0]), at="run", says="Integer division by zero")

# --- variables ---
for resource in (False, True):
    made = lambda use=resource: tf.Variable([1.5, -2.0], name="v", use_resource=use)
    kind = "-resource" if resource else "-ref"
    case("AddV2", lambda x, v=made: v() + x, f(2), id="variable+x" + kind)
    case("AddV2", lambda x, v=made: x + v(), f(2), id="x+variable" + kind)
    case("Mul", lambda x, v=made: (2 * v()) * x, f(2), id="2*variable" + kind)
    case("Less", lambda x, v=made: v() < x, f(2), id="variable<x" + kind)
    case("Neg", lambda x, v=made: -v() + abs(v()) + x, f(2), id="-variable" + kind)
    case("Pow", lambda x, v=made: v() ** 2 / x, f(2, positive=True), id="variable**2" + kind)
    case("Cast", lambda x, v=made: tf.cast(v(), tf.float64), f(2), id="cast-variable" + kind)
    case("Identity", lambda x, v=made: tf.clip_by_norm(v(), 1.0), f(2), id="clip-variable" + kind)

# --- operations without a public function ---
WHOLE = [[7, -7, 0, 9], [2, 2, 5, -4]]
case(
    "Div", lambda x, y: raw("Div")(x=x, y=y), t(WHOLE[0]), t(WHOLE[1]), dtypes="f d h bf i l i8 u8"
)
error("Div", lambda x, y: raw("Div")(x=x, y=y), i([3]), i([0]), at="run",
      says="Integer division by zero")  # fmt: skip
case("Mod", lambda x, y: raw("Mod")(x=x, y=y), t(WHOLE[0]), t(WHOLE[1]), dtypes="f d h bf i l",
     grad="TensorFlow has none", numeric="jumps")  # fmt: skip
case("Inv", lambda x: raw("Inv")(x=x), t(2, 3, positive=True), dtypes="f d h bf c z")
for op_type in ("ReciprocalGrad", "SqrtGrad", "RsqrtGrad", "TanhGrad", "SigmoidGrad", "InvGrad"):
    numeric = "a complex chain of TensorFlow's own"
    case(op_type, lambda y, dy, op=op_type: raw(op)(y=y, dy=dy), t(2, 3, positive=True), t(2, 3),
         dtypes="f d h" if op_type == "InvGrad" else "f d h bf", id=op_type)  # fmt: skip
    case(op_type, lambda y, dy, op=op_type: raw(op)(y=y, dy=dy), t(2, 3, positive=True), t(2, 3),
         dtypes="c z", numeric=numeric, id=op_type + "-complex")  # fmt: skip
    case(op_type, lambda y, dy, op=op_type: raw(op)(y=y, dy=dy), f([0, 0, 2]), f([0, 1, 3]),
         grad="at 0", id=op_type + "-zero")  # fmt: skip
case("ClipByValue", lambda x: raw("ClipByValue")(t=x, clip_value_min=1, clip_value_max=3),
     i([0, 1, 2, 3, 4]))  # fmt: skip
case("ClipByValue", lambda x, y, z: raw("ClipByValue")(t=x, clip_value_min=y, clip_value_max=z),
     f([0, 1.5, 4]), f([1, 1, 1]), f(value=3.0), grad="TensorFlow has none")  # fmt: skip
error(
    "ClipByValue",
    lambda x, y, z: raw("ClipByValue")(t=x, clip_value_min=y, clip_value_max=z),
    f(3),
    f(1, 3),
    f(value=2.0),
    at="run",
    says="must be either of the same shape as input, or a scalar. input shape: [3]clip_value_min",
)
for op_type in ("Equal", "NotEqual"):
    fn = lambda x, y, op=op_type: raw(op)(x=x, y=y, incompatible_shape_error=False)
    case(op_type, fn, f(2), f(3), id=op_type + "-shapes")
    case(op_type, fn, f([1, 2]), f([1, 3]), id=op_type + "-same")
near = lambda x, y: raw("ApproximateEqual")(x=x, y=y)
case("ApproximateEqual", near, t([1, 1, 5]), t([1.000001, 1.1, 5]), dtypes="f d h bf")
case("ApproximateEqual", near, t([1, 2]), t([1, 3]), dtypes="i l i8 c")
case("ApproximateEqual", lambda x, y: raw("ApproximateEqual")(x=x, y=y, tolerance=2.0),
     i([1, 2, 3]), i([1, 3, 9]))  # fmt: skip
error("ApproximateEqual", near, f(2), f(1), says="Dimension 0 in both shapes must be equal, but")
case("PopulationCount", lambda x: raw("PopulationCount")(x=x), t([0, 1, 7, 100]),
     dtypes="i l i8 i16 u8 u16")  # fmt: skip
case("PopulationCount", lambda x: raw("PopulationCount")(x=x), i([-1, -2]))
product = lambda x, y, **k: raw("BatchMatMul")(x=x, y=y, **k)
for x in (False, True):
    for y in (False, True):
        case("BatchMatMul", product, t(5, 3, 3), t(5, 3, 3),
             dtypes="f d bf i l c z", adj_x=x, adj_y=y)  # fmt: skip
case("BatchMatMul", product, f(2, 3), f(3, 4))
error("BatchMatMul", product, f(2, 2, 3), f(3, 3, 4),
      says="Dimension 0 in both shapes must be equal, but are 2 and 3")  # fmt: skip
error("BatchMatMul", product, f(2, 2, 3), f(3, 3, 4), at="run",
      says="In[0].dim(0) and In[1].dim(0) must be the same: [2,2,3] vs [3,3,4]")  # fmt: skip
error("BatchMatMul", product, f(2, 3), f(3, 3, 4), at="run",
      says="In[0] and In[1] has different ndims: [2,3] vs. [3,3,4]")  # fmt: skip
error("BatchMatMul", product, f(3), f(3), at="run", says="In[0] and In[1] ndims must be >= 2: 1")
cut = lambda x, to: raw("Cast")(x=x, DstT=to, Truncate=True)
case("Cast", cut, f([1.005, 1.01171875, 3.4e38, -2.3]), tf.bfloat16, grad=LIMITS)
case("Cast", cut, f([1.0009, 65519.0, 1e6, 1.1]), tf.float16, grad=LIMITS)
case("Cast", cut, d([1.1, 1e300, -1.3]), tf.float32, grad=LIMITS)
case("Cast", cut, i([2**24 + 1]), tf.float32)
case("Cast", lambda x: raw("Cast")(x=x, DstT=tf.int64), u8([1, 255]))
case("Mul", lambda x: x * l([3]).value, l(2))
