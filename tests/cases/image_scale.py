"""Rows for images scaled and moved by fractions of pixels."""

import importlib
import os

import numpy as np
from _rows import case, error, f, i, t, tf, u8


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = {port: inputs[n] for n, port in enumerate(ports.split())}
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        found = importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)
        return tuple(found) if isinstance(found, tuple) else found

    return made


SUMS = "sums are in float32"
PORTS = "images size scale translation"
move = raw("ScaleAndTranslate", PORTS)
for kernel in ("lanczos1", "lanczos3", "lanczos5", "gaussian", "box", "triangle", "keyscubic",
               "mitchellcubic"):  # fmt: skip
    for antialias in (True, False):
        moved = raw("ScaleAndTranslate", PORTS, kernel_type=kernel, antialias=antialias)
        name = "%s-%d" % (kernel, antialias)
        case("ScaleAndTranslate", moved, f(2, 6, 7, 2), [3, 4], [0.5, 0.7], [0.0, 0.0],
             numeric=SUMS, id="smaller-" + name, tol=2e-5)  # fmt: skip
        case("ScaleAndTranslate", moved, f(2, 6, 7, 2), i([9, 11]), f([1.7, 2.1]), f([0.3, -0.6]),
             numeric=SUMS, id="larger-" + name, tol=2e-5)  # fmt: skip
case("ScaleAndTranslate", move, t(1, 4, 5, 2), [3, 3], [1.0, 0.8], [0.3, 0.2], tol=1e-4,
     dtypes="f d h bf u8 i8 i16 u16 i l", numeric=SUMS, grad="float32 only")  # fmt: skip
case("ScaleAndTranslate", move, f(1, 4, 5, 2), [3, 3], [1.0, 1.0], [50.0, 50.0], numeric=SUMS)
case("ScaleAndTranslate", move, f(0, 4, 5, 2), [3, 3], [1.0, 1.0], [0.0, 0.0], numeric=SUMS)
grad = raw("ScaleAndTranslateGrad", "grads original_image scale translation")
case("ScaleAndTranslateGrad", grad, f(2, 3, 4, 2), f(2, 6, 7, 2), [0.5, 0.7], [0.3, 0.0],
     grad="linear", tol=2e-5)  # fmt: skip
x = f(1, 4, 5, 1)
for says, size, scale, place in (
    ("output dimensions must be positive", [0, 2], [1.0, 1.0], [0.0, 0.0]),
    ("Scale must be greater than zero.", [2, 2], [0.0, 1.0], [0.0, 0.0]),
    ("t must have two elements[3]", [2, 2], [1.0, 1.0, 1.0], [0.0, 0.0]),
    ("t must have two elements[1]", [2, 2], [1.0, 1.0], [0.0]),
):
    error("ScaleAndTranslate", move, x, size, scale, place, at="run", says=says)
error(
    "ScaleAndTranslate",
    raw("ScaleAndTranslate", PORTS, kernel_type="hat"),
    x,
    [2, 2],
    [1.0, 1.0],
    [0.0, 0.0],
    at="run",
    says="Unrecognized kernel type: hat",
    id="kernel-error",
)
error("ScaleAndTranslate", move, f(4, 5, 1), [2, 2], [1.0, 1.0], [0.0, 0.0],
      says="Shape must be rank 4 but is rank 3")  # fmt: skip

# --- QuantizedResizeBilinear ---
quantized = lambda images, size, low, high, dtype, **how: raw(
    "QuantizedResizeBilinear", "images size min max", **how)(
    tf.bitcast(images, dtype) if dtype else images, size, low, high)  # fmt: skip
as_bytes = lambda x, size, **how: tf.bitcast(
    quantized(x, size, 0.0, 255.0, tf.quint8, **how)[0], tf.uint8)  # fmt: skip
PIXELS = u8(np.arange(40).reshape(1, 4, 5, 2) * 6)
for size in ([3, 3], [7, 9], [2, 5]):
    name = "quantized-%dx%d" % tuple(size)
    case("QuantizedResizeBilinear", as_bytes, PIXELS, size, id=name)
    case("QuantizedResizeBilinear", lambda x, size=size: as_bytes(x, size, align_corners=True),
         PIXELS, id=name + "-aligned")  # fmt: skip
    case("QuantizedResizeBilinear", lambda x, size=size: as_bytes(x, size, half_pixel_centers=True),
         PIXELS, id=name + "-centers")  # fmt: skip
case("QuantizedResizeBilinear", lambda x: tf.bitcast(
    quantized(x, [3, 3], -10.0, 10.0, tf.qint32)[0], tf.int32), i(np.arange(40).reshape(1, 4, 5, 2)
     * 50000017 + 10**8), id="quantized-32", tol=1e-6)  # fmt: skip
case("QuantizedResizeBilinear", lambda x: tuple(quantized(x, [3, 3], -1.0, 2.0, None)),
     f(1, 4, 5, 2), id="quantized-float", grad="none")  # fmt: skip
error("QuantizedResizeBilinear", lambda x: quantized(x, [0, 3], 0.0, 1.0, None), x, at="run",
      says="output dimensions must be positive", id="quantized-size-error")  # fmt: skip
error("QuantizedResizeBilinear", lambda x: quantized(x, [3, 3], [0.0], 1.0, None), x,
      says="Shape must be rank 0 but is rank 1", id="quantized-range-error")  # fmt: skip
