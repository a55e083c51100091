"""Rows for quantized types and fake quantization."""

import importlib
import os

from _rows import bf, case, d, error, f, h, i, tf

INF, NAN = float("inf"), float("nan")
ONCE = "TensorFlow has no second derivative"
JUMPS = "integers have no derivative"
VALUES = [-3.0, -1.0, -0.0, 0.0117, 0.5, 1.5, 2.5, 4.999, 5.0, 9.0, 1e-8, 2.2352941]
PLAIN = {"quint8": "uint8", "qint8": "int8", "qint16": "int16", "quint16": "uint16",
         "qint32": "int32"}  # fmt: skip
PORTS = {
    "QuantizeAndDequantize": "input",
    "QuantizeAndDequantizeV3": "input input_min input_max num_bits",
    "QuantizeDownAndShrinkRange": "input input_min input_max",
    "QuantizedBiasAdd": "input bias min_input max_input min_bias max_bias",
    "QuantizedMatMul": "a b min_a max_a min_b max_b",
    "QuantizedRelu": "features min_features max_features",
    "QuantizedRelu6": "features min_features max_features",
    "QuantizedReshape": "tensor shape input_min input_max",
    "RequantizationRange": "input input_min input_max",
    "Requantize": "input input_min input_max requested_output_min requested_output_max",
}


def raw(op_type, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = dict(zip(PORTS[op_type].split(), inputs))  # noqa: B905 - Python 3.7
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        return importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)

    return made


def bits(result):
    """A result with its quantized tensor as plain integers."""
    first, *rest = result if isinstance(result, (tuple, list)) else [result]
    return [tf.bitcast(first, getattr(tf, PLAIN[first.dtype.name])), *rest]


def quantized(kind, low=-1.0, high=5.0, mode="MIN_COMBINED", **options):
    """Quantizes, for rows that look at the integers."""
    return lambda x: bits(tf.quantize(x, low, high, kind, mode, **options))


KINDS = (tf.quint8, tf.qint8, tf.quint16, tf.qint16, tf.qint32)
for kind in KINDS:
    for mode in ("MIN_COMBINED", "MIN_FIRST", "SCALED"):
        name = "%s-%s" % (kind.name, mode)
        case("QuantizeV2", quantized(kind, mode=mode), f(VALUES), grad=JUMPS, id="Quantize-" + name)
        case("QuantizeV2", quantized(kind, -6.3, 0.7, mode), f(40, low=-7, high=1), grad=JUMPS,
             id="Quantize-more-" + name)  # fmt: skip
        case("Dequantize", lambda x, kind=kind, mode=mode: tf.dequantize(
             tf.quantize(x, -1.0, 5.0, kind, mode).output, -1.0, 5.0, mode), f(VALUES), grad=JUMPS,
             id="Dequantize-" + name)  # fmt: skip
case("QuantizeV2", quantized(tf.quint8, 0.0, 0.0), f(VALUES), grad=JUMPS, id="point")
case("QuantizeV2", quantized(tf.quint8, 3.0, 4.0), f(VALUES), grad=JUMPS, id="above-zero")
case("QuantizeV2", quantized(tf.qint8, -4.0, -3.0), f(VALUES), grad=JUMPS, id="below-zero")
case("QuantizeV2", quantized(tf.quint8), f([INF, -INF]), grad=JUMPS, id="infinite")
case("QuantizeV2", quantized(tf.qint8), f(0, 3), grad=JUMPS, id="empty")
case("QuantizeV2", quantized(tf.qint8, mode="SCALED", round_mode="HALF_TO_EVEN", name="q"),
     f(VALUES), grad=JUMPS, id="to-even")  # fmt: skip
case("QuantizeV2", lambda x: bits(tf.quantization.quantize(x, -1.0, 5.0, tf.quint8)), f(2, 3),
     grad=JUMPS, id="alias")  # fmt: skip
case("QuantizeV2", lambda x: bits(tf.quantize_v2(x, -1.0, 5.0, tf.quint8, "SCALED", "v2")), f(2, 3),
     grad=JUMPS, id="v2")  # fmt: skip
case("QuantizeV2", lambda x, y, z: bits(tf.quantize(x, y, z, tf.quint8)), f(2, 3), f(-0.7), f(1.2),
     grad=JUMPS, id="fed-range")  # fmt: skip
case("Dequantize", lambda x: tf.quantization.dequantize(tf.quantize(x, 0.0, 1.0, tf.quint8).output,
     5.0, -1.0, name="d"), f(2, 3), grad=JUMPS, id="turned")  # fmt: skip
Q = tf.quantize
error("QuantizeV2", Q, f(3), 5.0, 1.0, tf.quint8, at="run",
      says="input_max_range must be larger than input_min_range.")  # fmt: skip
error("QuantizeV2", Q, f(3), f([0.0]), 1.0, tf.quint8, says="Shape must be rank 0 but is rank 1")
error("QuantizeV2", Q, f(3), 0.0, 1.0, tf.int8, error="TypeError",
      says="has DataType int8 not in list of allowed values")  # fmt: skip
error("QuantizeV2", Q, f(3), 0.0, 1.0, tf.quint8, "OTHER", id="mode",
      says="Attr 'mode' of 'QuantizeV2' Op passed string 'OTHER' not in")  # fmt: skip
error(
    "QuantizeV2",
    Q,
    f(3),
    0.0,
    1.0,
    tf.quint8,
    round_mode="HALF_TO_EVEN",
    at="run",
    id="even",
    says="Round mode 'HALF_TO_EVEN' only supported for mode 'SCALED', but mode is 'MIN_COMBINED'.",
)
error("QuantizeV2", Q, d(3), 0.0, 1.0, tf.quint8, error="TypeError",
      says="type float64 that does not match expected type of float32")  # fmt: skip
error("Dequantize", lambda x: tf.dequantize(Q(x, 0.0, 1.0, tf.quint8).output, [0.0], 1.0), f(3),
      says="Shape must be rank 0 but is rank 1", id="dequantize-range")  # fmt: skip
error("Dequantize", tf.dequantize, f(3), 0.0, 1.0, error="TypeError",
      says="has DataType float32 not in list of allowed values")  # fmt: skip

# --- quantize_and_dequantize ---
QD = tf.quantization.quantize_and_dequantize
for number, options in enumerate((
    {}, {"range_given": True}, {"signed_input": False, "range_given": True},
    {"signed_input": False}, {"num_bits": 4, "range_given": True, "narrow_range": True},
    {"num_bits": 3, "round_mode": "HALF_UP"}, {"num_bits": 5, "narrow_range": True, "name": "qd"},
    {"num_bits": 1, "signed_input": False, "range_given": True}, {"num_bits": 16},
    {"round_mode": "HALF_UP", "range_given": True, "num_bits": 6},
)):  # fmt: skip
    for code in (f, d, h) if number < 3 else (f,):
        case("QuantizeAndDequantizeV2", lambda x, options=options: QD(x, -1.0, 5.0, **options),
             code(VALUES), tol=1e-7 if code is f else None, numeric="it passes the gradient on",
             id="QuantizeAndDequantize-%d-%s" % (number, code.code))  # fmt: skip
case("QuantizeAndDequantizeV2", lambda x: QD(x, -1.0, 5.0, range_given=True), bf([0.3, 1.0, 7.0]),
     numeric="it passes the gradient on", id="QuantizeAndDequantize-bf")  # fmt: skip
case("QuantizeAndDequantizeV2", QD, f(0, 3), 0.0, 1.0, numeric="it passes the gradient on")
case("QuantizeAndDequantizeV2", QD, f([0.0, 0.0]), 0.0, 1.0, numeric="it passes the gradient on")
case("QuantizeAndDequantizeV2", QD, f(5), f(-0.5), f(0.9), range_given=True,
     numeric="it passes the gradient on")  # fmt: skip
for number, (given, signed) in enumerate(((True, True), (False, False))):
    case("QuantizeAndDequantizeV3", raw("QuantizeAndDequantizeV3", range_given=given,
         signed_input=signed), f(VALUES), f(-1.0), f(5.0), i(value=5),
         numeric="it passes the gradient on", id="QuantizeAndDequantizeV3-%d" % number)  # fmt: skip
case(
    "QuantizeAndDequantize",
    raw("QuantizeAndDequantize"),
    f(5),
    numeric="it passes the gradient on",
    golden="TensorFlow knows it in older graphs only",
)
error("QuantizeAndDequantizeV2", QD, f(3), 0.0, 1.0, num_bits=0, at="run",
      says="num_bits is out of range: 0 with signed_input_ 1")  # fmt: skip
error("QuantizeAndDequantizeV2", QD, f(3), 0.0, 1.0, num_bits=64, at="run",
      says="num_bits is out of range: 64 with signed_input_ 1")  # fmt: skip
error("QuantizeAndDequantizeV2", QD, f(3), 3.0, 1.0, range_given=True, at="run",
      says="Invalid range: input_min 3")  # fmt: skip
error("QuantizeAndDequantizeV2", QD, f(3), [3.0], 1.0, says="Shape must be rank 0 but is rank 1")
error("QuantizeAndDequantizeV3", raw("QuantizeAndDequantizeV3"), f(3), 0.0, 1.0, [3, 4],
      says="Shape must be rank 0 but is rank 1")  # fmt: skip

# --- fake quantization ---
ARGS, VARS = tf.fake_quant_with_min_max_args, tf.fake_quant_with_min_max_vars
CHANNELS = tf.fake_quant_with_min_max_vars_per_channel
STEPS = "a gradient across steps"
for number, options in enumerate((
    {}, {"min": -1.0, "max": 5.0}, {"min": 1.0, "max": 3.0}, {"min": -3.0, "max": -1.0},
    {"num_bits": 2}, {"num_bits": 16, "narrow_range": True}, {"narrow_range": True, "name": "fq"},
    {"min": -0.1, "max": 7.3, "num_bits": 5},
)):  # fmt: skip
    case("FakeQuantWithMinMaxArgs", lambda x, options=options: ARGS(x, **options), f(VALUES),
         tol=1e-7, numeric=STEPS, id="args-%d" % number)  # fmt: skip
    limits = options.get("min", -6.0), options.get("max", 6.0)
    rest = {k: v for k, v in options.items() if k not in ("min", "max")}
    case("FakeQuantWithMinMaxVars", lambda x, y, z, rest=rest: VARS(x, y, z, **rest), f(VALUES),
         f(limits[0]), f(limits[1]), tol=1e-7, numeric=STEPS, id="vars-%d" % number)  # fmt: skip
    case("FakeQuantWithMinMaxVarsPerChannel", lambda x, y, z, rest=rest: CHANNELS(x, y, z, **rest),
         f(3, 4, 2, low=-7, high=7), f([limits[0], -0.5]), f([limits[1], 2.0]), tol=1e-7,
         numeric=STEPS, id="channels-%d" % number)  # fmt: skip
case("FakeQuantWithMinMaxArgs", ARGS, f([INF, -INF]), grad=STEPS)
case(
    "FakeQuantWithMinMaxArgs", tf.quantization.fake_quant_with_min_max_args, f(0, 3), numeric=STEPS
)
case("FakeQuantWithMinMaxVars", VARS, f(VALUES), f(0.0), f(0.0), numeric=STEPS)
case("FakeQuantWithMinMaxVars", VARS, f(VALUES), f(3.0), f(1.0), numeric=STEPS)
case("FakeQuantWithMinMaxVarsPerChannel", CHANNELS, f(3), f(3, high=-0.1), f(3, low=0.1),
     numeric=STEPS)  # fmt: skip
case("FakeQuantWithMinMaxVarsPerChannel", CHANNELS, f(0, 2), f([-1.0, -2.0]), f([1.0, 2.0]),
     numeric=STEPS)  # fmt: skip
NONE = "TensorFlow registers none"
case("FakeQuantWithMinMaxArgsGradient", tf.fake_quant_with_min_max_args_gradient, f(12), f(VALUES),
     -1.0, 5.0, 4, True, grad=NONE)  # fmt: skip
case("FakeQuantWithMinMaxVarsGradient", tf.fake_quant_with_min_max_vars_gradient, f(12), f(VALUES),
     f(-1.0), f(2.0), grad=NONE)  # fmt: skip
case("FakeQuantWithMinMaxVarsGradient", tf.fake_quant_with_min_max_vars_gradient, f(12), f(VALUES),
     f(0.0), f(0.0), 3, True, grad=NONE)  # fmt: skip
case("FakeQuantWithMinMaxVarsPerChannelGradient",
     tf.fake_quant_with_min_max_vars_per_channel_gradient, f(2, 3, 2), f(2, 3, 2), f([-1.0, -0.5]),
     f([1.0, 0.3]), grad=NONE)  # fmt: skip
error("FakeQuantWithMinMaxArgs", ARGS, f(3), 3.0, 1.0, at="run",
      says="min has to be smaller than max, was: 3 >= 1")  # fmt: skip
for n in (1, 17):
    says = "num_bits must be between 2 and 16, inclusive"
    error("FakeQuantWithMinMaxArgs", ARGS, f(3), num_bits=n, at="run", says=says)
    error("FakeQuantWithMinMaxVars", VARS, f(3), 0.0, 1.0, num_bits=n, at="run", says=says)
error("FakeQuantWithMinMaxVars", VARS, f(3), [0.0], 1.0, says="Shape must be rank 0 but is rank 1")
error("FakeQuantWithMinMaxVarsPerChannel", CHANNELS, f(2), f([1.0]), f(2),
      says="Dimensions must be equal, but are 2 and 1")  # fmt: skip
error("FakeQuantWithMinMaxVarsPerChannel", CHANNELS, f(2), f([1.0]), f(2), at="run",
      says="min has incorrect size, expected 2 was 1")  # fmt: skip
error("FakeQuantWithMinMaxVarsPerChannel", CHANNELS, f(2), f(2), f([1.0]), at="run",
      says="max has incorrect size, expected 2 was 1")  # fmt: skip
error("FakeQuantWithMinMaxVarsPerChannel", CHANNELS, f(), f(1), f(1),
      says="Shape must be at least rank 1 but is rank 0")  # fmt: skip
error("FakeQuantWithMinMaxVarsPerChannel", CHANNELS, f(2), f(), f(2),
      says="Shape must be rank 1 but is rank 0")  # fmt: skip
error(
    "FakeQuantWithMinMaxArgsGradient",
    tf.fake_quant_with_min_max_args_gradient,
    f(2),
    f(1),
    at="run",
    says="must have the same size and shape.  Input 0: [2] != input 1: [1]",
)
error(
    "FakeQuantWithMinMaxVarsGradient",
    tf.fake_quant_with_min_max_vars_gradient,
    f(2),
    f(1),
    0.0,
    1.0,
    says="Dimension 0 in both shapes must be equal, but are 2 and 1. Shapes are [2] and [1]",
)
error("FakeQuantWithMinMaxVarsGradient", tf.fake_quant_with_min_max_vars_gradient, f(2), f(1), 0.0,
      1.0, at="run", says="gradient and input must be the same size")  # fmt: skip
error("FakeQuantWithMinMaxVarsPerChannelGradient",
      tf.fake_quant_with_min_max_vars_per_channel_gradient, f(1, 1, 1, 1, 2), f(1, 1, 1, 1, 2),
      f(2), f(2), says="Shape must be at most rank 4 but is rank 5")  # fmt: skip
error("FakeQuantWithMinMaxArgs", lambda x: tf.gradients(tf.gradients(ARGS(x), x, x)[0], x), f(3),
      error="LookupError", says="No gradient defined for operation", id="args-twice")  # fmt: skip

# --- arithmetic ---
WHOLE = [[0.0, 1.0, 2.0], [-1.0, 0.3, 1.7]]


def first_of(x, low=-1.0, high=2.0, kind=tf.quint8):
    """A quantized input."""
    return tf.quantize(x, low, high, kind, "MIN_FIRST").output


def concat(kind, axis, *ranges):
    """Joins quantized tensors of these ranges."""

    def made(*xs):
        parts = [tf.quantize(x, *r, kind, "MIN_FIRST") for x, r in zip(xs, ranges)]  # noqa: B905
        return bits(tf.quantized_concat(axis, *[[p[n] for p in parts] for n in range(3)]))

    return made


for kind in (tf.quint8, tf.qint32):
    for axis, ranges in ((0, ((0.0, 2.0), (-1.0, 5.0))), (1, ((-1.0, 2.0), (-1.0, 2.0)))):
        case("QuantizedConcat", concat(kind, axis, *ranges), f(2, 3), f(2, 3), grad=JUMPS,
             id="concat-%s-%d" % (kind.name, axis))  # fmt: skip
case("QuantizedConcat", concat(tf.quint8, 0, (0.0, 2.0), (-1.0, 5.0), (-3.0, 0.5)), f(2), f(3),
     f(1), grad=JUMPS, id="concat-three")  # fmt: skip
RAGGED = concat(tf.quint8, 0, (0.0, 2.0), (-1.0, 5.0))
error("QuantizedConcat", RAGGED, f(1, 3), f(1, 2), id="concat-ragged",
      says="Dimension 0 in both shapes must be equal, but are 3 and 2")  # fmt: skip
error(
    "QuantizedConcat",
    RAGGED,
    f(1, 3),
    f(1, 2),
    id="concat-ragged-run",
    at="run",
    says="ConcatOp : Dimensions of inputs should match: shape[0] = [1,3] vs. shape[1] = [1,2]",
)
error("QuantizedConcat", concat(tf.quint8, -1, (0.0, 2.0), (-1.0, 5.0)), f(1, 3), f(1, 2), at="run",
      says="ConcatOp : Expected concatenating dimensions in the range [0, 2), but got -1",
      id="concat-axis")  # fmt: skip
for kind in (tf.quint8, tf.qint32):
    case(
        "QuantizedRelu",
        lambda x, kind=kind: bits(
            raw("QuantizedRelu", out_type=kind)(first_of(x, kind=kind), -1.0, 2.0)
        ),
        f(WHOLE),
        grad=JUMPS,
        id="relu-" + kind.name,
    )
    case("QuantizedReshape", lambda x, kind=kind: bits(raw("QuantizedReshape")(
         first_of(x, kind=kind), [3, -1], -1.0, 2.0)), f(WHOLE), grad=JUMPS,
         id="reshape-" + kind.name)  # fmt: skip
case("QuantizedRelu6", lambda x: bits(raw("QuantizedRelu6")(first_of(x, -1.0, 9.0), -1.0, 9.0)),
     f([[-1.0, 3.0, 8.0]]), grad=JUMPS)  # fmt: skip
for number, options in enumerate(({}, {"transpose_a": True}, {"transpose_b": True})):
    shape = (2, 3) if options.get("transpose_b") else (3, 2)
    left = (3, 4) if options.get("transpose_a") else (4, 3)
    case("QuantizedMatMul", lambda x, y, options=options: bits(raw("QuantizedMatMul", **options)(
         first_of(x), first_of(y, -3.0, 2.0), -1.0, 2.0, -3.0, 2.0)), f(*left), f(*shape),
         grad=JUMPS, id="matmul-%d" % number)  # fmt: skip
case("QuantizedMul", lambda x, y: bits(importlib.import_module("graphflow.core.declare").apply(
     "QuantizedMul", first_of(x), first_of(y, -3.0, 2.0), -1.0, 2.0, -3.0, 2.0)
     if os.environ.get("GRAPHFLOW_ROWS_TF") != "tensorflow" else tf.raw_ops.QuantizedMul(
     x=first_of(x), y=first_of(y, -3.0, 2.0), min_x=-1.0, max_x=2.0, min_y=-3.0, max_y=2.0)),
     f(WHOLE), f(3), grad=JUMPS)  # fmt: skip
for kind in (tf.quint8, tf.qint8):
    case("QuantizedBiasAdd", lambda x, y, kind=kind: bits(raw("QuantizedBiasAdd",
         out_type=tf.qint32)(first_of(x, kind=kind), first_of(y, -3.0, 2.0, kind), -1.0, 2.0, -3.0,
         2.0)), f(WHOLE), f(3), grad=JUMPS, id="bias-" + kind.name)  # fmt: skip
WIDE = lambda x: first_of(x, kind=tf.qint32)
for kind in (tf.quint8, tf.qint8):
    case(
        "Requantize",
        lambda x, kind=kind: bits(raw("Requantize", out_type=kind)(WIDE(x), -1.0, 2.0, -1.0, 3.0)),
        f(WHOLE),
        grad=JUMPS,
        id="requantize-" + kind.name,
    )
case("RequantizationRange", lambda x: raw("RequantizationRange")(WIDE(x), -1.0, 2.0), f(WHOLE),
     grad=JUMPS)  # fmt: skip
case("RequantizationRange", lambda x: raw("RequantizationRange")(WIDE(x), -1.0, 2.0), f([0.5, 1.0]),
     grad=JUMPS)  # fmt: skip
case("QuantizeDownAndShrinkRange", lambda x: bits(raw("QuantizeDownAndShrinkRange",
     out_type=tf.quint8)(WIDE(x), -1.0, 2.0)), f([[0.0, 1.0, 2.0]]), grad=JUMPS)  # fmt: skip
error("QuantizedMatMul", lambda x, y: raw("QuantizedMatMul")(first_of(x), first_of(y), -1.0, 2.0,
      -3.0, 2.0), f(2, 3), f(2, 3), says="Dimensions must be equal, but are 3 and 2")  # fmt: skip
error("Requantize", lambda x: raw("Requantize", out_type=tf.quint8)(WIDE(x), -1.0, 2.0, 1.0, 3.0),
      f(2), at="run", says="requested_output_min must be <= 0, but got 1")  # fmt: skip
error("Requantize", lambda x: raw("Requantize", out_type=tf.quint8)(WIDE(x), -1.0, 2.0, -1.0, -3.0),
      f(2), at="run", says="requested_output_max must be >= requested_output_min, but got -3 and",
      id="requantize-range")  # fmt: skip
