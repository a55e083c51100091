"""Rows for the colours, brightness and contrast of images."""

import importlib
import os

import numpy as np
from _rows import case, d, error, f, i, t, tf, u8


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = {port: inputs[n] for n, port in enumerate(ports.split())}
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        found = importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)
        return tuple(found) if isinstance(found, tuple) else found

    return made


def single(function):
    """The function for float32 only, in which its sums are: for the test of its gradient."""

    def call(x, *args, **kwargs):
        if x.dtype == tf.float64:
            raise TypeError("sums are in float32")
        return function(x, *args, **kwargs)

    return call


NONE = "TensorFlow has none"
POSITIVE = {"low": 0.05, "high": 1.0}
CORNERS = [
    [0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1],
    [0.5, 0.5, 0.2], [0.5, 0.2, 0.5], [0.2, 0.5, 0.5], [-1, -2, -3], [2, -1, 3], [-0.0, 0, 0],
    [1.5, 0.5, 0.5], [0.3, 0.7, 0.1], [0.7, 0.3, 0.1], [0.1, 0.3, 0.7],
]  # fmt: skip
LIMITS = [[np.nan, 1, 2], [1, np.nan, 2], [1, 2, np.nan], [np.inf, 1, 2], [1e-38, 1e-39, 3e38]]

# --- types ---
NAMES = {"u8": "uint8", "i8": "int8", "u16": "uint16", "i16": "int16", "i": "int32", "l": "int64",
         "f": "float32", "h": "float16", "d": "float64"}  # fmt: skip
NEEDLESS = [("i8", tf.uint8), ("u16", tf.uint8), ("u16", tf.int16), ("i16", tf.uint8)]
for code in ["u8", "i8", "u16", "i16", "i", "l", "f", "h", "d"]:
    for wanted in (tf.uint8, tf.int16, tf.int32, tf.int64, tf.float16, tf.float32, tf.float64):
        for saturate in (False, True):
            if tf.as_dtype(wanted).name == NAMES[code] or (saturate and (code, wanted) in NEEDLESS):
                continue
            low, high = (None, None) if code[0] in "ui" else (-0.1, 0.9)
            low, high = (0, 0.99) if not saturate and low else (low, high)
            case("Cast", lambda x, wanted=wanted, saturate=saturate: tf.image.convert_image_dtype(
                x, wanted, saturate), t(2, 3, low=low, high=high).of(code=code), tol=1e-3,
                id="convert-%s-%s-%d" % (code, wanted.name, saturate), grad="linear")  # fmt: skip
case("Identity", single(lambda x: tf.image.convert_image_dtype(x, tf.float32, name="n")), f(2),
     id="convert-same")  # fmt: skip
case("Mul", lambda x: tf.image.convert_image_dtype(x, tf.float32, name="n"), u8(2),
     id="convert-name")  # fmt: skip
error("Cast", tf.image.convert_image_dtype, f(2), tf.string, error="AttributeError",
      says="dtype must be either floating point or integer")  # fmt: skip

# --- grey ---
case("MatMul", single(tf.image.rgb_to_grayscale), f(2, 3, 3))
case("MatMul", single(tf.image.rgb_to_grayscale), f(2, 3, 2, 3))
case("MatMul", tf.image.rgb_to_grayscale, t(2, 3, 3), dtypes="u8 i", numeric="integers")
case("MatMul", tf.image.rgb_to_grayscale, t(3, 3, low=0, high=1), dtypes="h d", tol=1e-3,
     numeric="sums are in float32")  # fmt: skip
case("MatMul", single(lambda x: tf.image.rgb_to_grayscale(x, name="grey")), f(2, 3), id="grey-name")
case("Tile", tf.image.grayscale_to_rgb, t(2, 3, 1), dtypes="f u8 i d h")
case("Tile", tf.image.grayscale_to_rgb, f(2, 2, 3, 1), name="rgb")
error("Tile", tf.image.grayscale_to_rgb, f(2, 3, 3),
      says="Last dimension of a grayscale image should be size 1.")  # fmt: skip
error("Tile", tf.image.grayscale_to_rgb, f(),
      says="A grayscale image must be at least two-dimensional.")  # fmt: skip

# --- HSV ---
case("RGBToHSV", tf.image.rgb_to_hsv, t(4, 5, 3, **POSITIVE), dtypes="f h bf", tol=1e-2,
     numeric="TensorFlow's own is of float32")  # fmt: skip
case("RGBToHSV", tf.image.rgb_to_hsv, f(4, 3, distinct=True, low=0.25))
case("RGBToHSV", tf.image.rgb_to_hsv, d(4, 5, 3, **POSITIVE), golden="its gradient fails there")
case("RGBToHSV", tf.image.rgb_to_hsv, f(CORNERS), numeric="corners")
case("RGBToHSV", tf.image.rgb_to_hsv, f(LIMITS), grad="limits")
case("RGBToHSV", tf.image.rgb_to_hsv, f(0, 3), grad="nothing")
case("RGBToHSV", tf.image.rgb_to_hsv, d(7, 3, **POSITIVE), name="hsv", grad="of float32 there")
case("HSVToRGB", tf.image.hsv_to_rgb, t(4, 5, 3, low=0, high=1), dtypes="f d h bf", grad=NONE)
case("HSVToRGB", tf.image.hsv_to_rgb, f(CORNERS), grad=NONE)
case("HSVToRGB", tf.image.hsv_to_rgb, f(LIMITS), grad=NONE)
case("HSVToRGB", tf.image.hsv_to_rgb, f(0, 3), grad=NONE)
for op_type, function in (("RGBToHSV", tf.image.rgb_to_hsv), ("HSVToRGB", tf.image.hsv_to_rgb)):
    error(op_type, function, f(2, 4), says="Dimension must be 3 but is 4")
    error(op_type, function, f(), says="Shape must be at least rank 1 but is rank 0")
    error(op_type, lambda x, n, function=function: function(tf.reshape(x, n)), f(2, 4),
          i([2, 2, 2]), at="run", error="FailedPreconditionError", id=op_type + "-run-error",
          says="input must have 3 channels but input only has 2 channels.")  # fmt: skip

# --- YIQ, YUV ---
for function in (
    tf.image.rgb_to_yiq, tf.image.yiq_to_rgb, tf.image.rgb_to_yuv, tf.image.yuv_to_rgb,
):  # fmt: skip
    case("MatMul", function, t(2, 3, 3), dtypes="f d")
    case("MatMul", function, f(2, 2, 2, 3))

# --- by a number ---
for op_type, function, factor in (
    ("Add", tf.image.adjust_brightness, 0.2),
    ("AdjustContrastv2", tf.image.adjust_contrast, 1.7),
    ("AdjustContrastv2", tf.image.adjust_contrast, -0.3),
    ("AdjustHue", tf.image.adjust_hue, 0.1),
    ("AdjustHue", tf.image.adjust_hue, -3.3),
    ("AdjustSaturation", tf.image.adjust_saturation, 0.5),
    ("AdjustSaturation", tf.image.adjust_saturation, 3.3),
    ("AdjustSaturation", tf.image.adjust_saturation, -1.0),
    ("Pow", tf.image.adjust_gamma, 0.5),
):
    grad = True if op_type in ("Add", "Pow") else NONE
    case(op_type, single(function), f(3, 4, 3, **POSITIVE), factor, grad=grad)
    case(op_type, single(function), f(2, 3, 4, 3, **POSITIVE), factor, grad=grad)
    case(op_type, function, t(3, 4, 3, **POSITIVE), factor, dtypes="d h bf", grad=NONE, tol=1e-2)
    case(op_type, function, u8(3, 4, 3, low=0, high=255), factor, grad=NONE)
    case(op_type, function, f(0, 2, 3), factor, grad=NONE)
    case(op_type, function, f(3, 4, 3, **POSITIVE), f(value=0.7), grad=NONE)
    if grad is NONE:
        case(op_type, function, f([CORNERS]), factor, grad=NONE)
        case(op_type, function, f([LIMITS[:3]]), factor, grad=NONE)
        error(op_type, function, f(2, 3), factor,
              says="Shape must be at least rank 3 but is rank 2")  # fmt: skip
case(
    "Pow", single(lambda x: tf.image.adjust_gamma(x, 2, 0.5)), f(2, 3, **POSITIVE), id="gamma-gain"
)
case("AdjustContrastv2", tf.image.adjust_contrast, f(2, 3, 2), 2.0, grad=NONE)
case("AdjustContrastv2", tf.image.adjust_contrast, f(40, 50, 2), 2.0, grad=NONE)
error("AdjustHue", tf.image.adjust_hue, f(2, 2, 4), 0.1, at="run",
      says="input must have 3 channels but instead has 4 channels.")  # fmt: skip
error("AdjustSaturation", tf.image.adjust_saturation, f(2, 2, 4), 0.1, at="run",
      says="input must have 3 channels but instead has 4 channels.")  # fmt: skip
error("AdjustHue", tf.image.adjust_hue, f(2, 2, 3), [0.1], at="run",
      says="delta must be scalar: [1]")  # fmt: skip
error("AdjustSaturation", tf.image.adjust_saturation, f(2, 2, 3), [0.1], at="run",
      says="scale must be scalar: [1]")  # fmt: skip
error("AdjustContrastv2", tf.image.adjust_contrast, f(2, 2, 3), [0.1],
      says="Shape must be rank 0 but is rank 1")  # fmt: skip
error("Pow", tf.image.adjust_gamma, f(2, 3), -1, says="Gamma should be a non-negative real number.")
error("Pow", tf.image.adjust_gamma, f(2, 3), f(value=-1), at="run",
      says="Gamma should be a non-negative real number.")  # fmt: skip

case("Rsqrt", single(tf.image.per_image_standardization), f(3, 4, 3))
case("Rsqrt", single(tf.image.per_image_standardization), f(2, 3, 4, 1))
case("Rsqrt", tf.image.per_image_standardization, f(np.ones((2, 3, 1))), grad="a jump")
case("Rsqrt", tf.image.per_image_standardization, u8(3, 4, 3, low=0, high=255))
case("Rsqrt", tf.image.per_image_standardization, t(3, 4, 3), dtypes="h", tol=1e-2, grad="rough")
error("Rsqrt", tf.image.per_image_standardization, f(3, 4),
      says="'image' must be at least three-dimensional.")  # fmt: skip
error("Rsqrt", tf.image.per_image_standardization, f(3, 0, 1),
      says="all dims of 'image.shape' must be > 0")  # fmt: skip

GONE = "graphs of TensorFlow 1.15 do not have it"
contrast = raw("AdjustContrast", "images contrast_factor min_value max_value")
case("AdjustContrast", contrast, t(2, 4, 3), 2.0, -1.0, 5.0, dtypes="f u8 i d", golden=GONE,
     grad=NONE)  # fmt: skip
error("AdjustContrast", contrast, f(4, 3), 2.0, -1.0, 5.0, golden=GONE,
      says="Shape must be at least rank 3 but is rank 2")  # fmt: skip

# --- by a random number ---
DRAWN = "drawn anew for each run"
for op_type, function, bounds in (
    ("Add", tf.image.random_brightness, (0.3,)),
    ("AdjustContrastv2", tf.image.random_contrast, (0.2, 1.8)),
    ("AdjustHue", tf.image.random_hue, (0.2,)),
    ("AdjustSaturation", tf.image.random_saturation, (0.2, 1.8)),
):
    case(op_type, function, f(3, 4, 3, **POSITIVE), *bounds, seed=4, grad=DRAWN)
    case(op_type, lambda x, function=function, bounds=bounds: function(x, *bounds, seed=9),
         u8(2, 3, 4, 3, low=0, high=255), seed=4, grad=DRAWN, id=op_type + "-op-seed")  # fmt: skip
    case(op_type, lambda x, function=function, bounds=bounds: function(x, *bounds, seed=9),
         f(2, 3, 3, low=0, high=1), grad=DRAWN, id=op_type + "-own-seed")  # fmt: skip
error("Add", tf.image.random_brightness, f(2, 3, 3), -0.1, says="max_delta must be non-negative.")
error("AdjustHue", tf.image.random_hue, f(2, 3, 3), -0.1, says="max_delta must be non-negative.")
error("AdjustHue", tf.image.random_hue, f(2, 3, 3), 0.6, says="max_delta must be <= 0.5.")
for op_type, function in (
    ("AdjustContrastv2", tf.image.random_contrast),
    ("AdjustSaturation", tf.image.random_saturation),
):
    error(op_type, function, f(2, 3, 3), 1.0, 1.0, says="upper must be > lower.")
    error(op_type, function, f(2, 3, 3), -1.0, 1.0, says="lower must be non-negative.")
