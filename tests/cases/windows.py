"""Rows for grayscale morphology and for patches of images and volumes."""

import importlib
import os

from _rows import case, d, error, f, t, u8, tf

ONES = [1, 1, 1, 1]
NAN, INF = float("nan"), float("inf")
STEPS = "where the largest sum stands is held fixed, and ties are broken"
ONCE = "TensorFlow has no second derivative"


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = dict(zip(ports.split(), inputs))  # noqa: B905 (Python 3.7)
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        return importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)

    return made


# --- Dilation2D ---
dilate = tf.nn.dilation2d
case("Dilation2D", dilate, t(2, 5, 6, 3, distinct=True), t(2, 3, 3), ONES, ONES, "SAME",
     dtypes="f d h i l i8 i16 u8 u16", numeric=STEPS, id="Dilation2D")  # fmt: skip
case("Dilation2D", dilate, f(1, 7, 6, 3), f(3, 2, 3), [1, 2, 1, 1], ONES, "VALID", name="d",
     numeric=STEPS)  # fmt: skip
case("Dilation2D", dilate, f(2, 9, 8, 2), filters=f(3, 2, 2), strides=[1, 2, 2, 1],
     dilations=[1, 2, 3, 1], padding="SAME", numeric=STEPS)  # fmt: skip
case("Dilation2D", dilate, f(0, 5, 6, 3), f(2, 3, 3), ONES, ONES, "SAME", numeric=STEPS)
case("Dilation2D", dilate, f(1, 5, 6, 3), f(6, 1, 3), ONES, ONES, "VALID", numeric=STEPS,
     id="no window")  # fmt: skip
case("Dilation2D", dilate, f([[[[5.0], [5.0]], [[5.0], [5.0]]]]), f([[[0.0], [0.0]]]), ONES, ONES,
     "SAME", numeric=STEPS, id="ties")  # fmt: skip
case("Dilation2D", dilate, f([[[[NAN], [1.0]], [[-INF], [NAN]]]]), f([[[0.5], [0.25]]]), ONES, ONES,
     "SAME", numeric=STEPS, id="nan")  # fmt: skip
case("Dilation2D", dilate, u8([[[[200], [255]]]]), u8([[[100]]]), ONES, ONES, "SAME", id="wraps")
case("Dilation2D", tf.nn.erosion2d, f(2, 5, 6, 3), f(2, 3, 3), ONES, ONES, "SAME", numeric=STEPS)
case("Dilation2D", tf.nn.erosion2d, d(1, 5, 6, 2), d(2, 2, 2), ONES, [1, 2, 1, 1], "VALID",
     name="e", numeric=STEPS)  # fmt: skip
error("Dilation2D", dilate, f(1, 5, 6, 3), f(7, 7, 3), ONES, ONES, "VALID",
      says="Computed output size would be negative: -1 [input_size: 5, effective_fil")  # fmt: skip
error("Dilation2D", dilate, f(1, 5, 6, 3), f(2, 3, 3), [2, 1, 1, 1], ONES, "SAME", at="run",
      error="UnimplementedError", says="Stride is only supported across spatial dimen")  # fmt: skip
error("Dilation2D", dilate, f(1, 5, 6, 3), f(2, 3, 3), ONES, [1, 1, 1, 2], "SAME", at="run",
      error="UnimplementedError", says="Rate is only supported across spatial dimensi")  # fmt: skip
error("Dilation2D", dilate, f(1, 5, 6, 3), f(2, 3, 3), [1, 1, 1], ONES, "SAME",
      says="Attr 'strides' of 'Dilation2D' Op passed list of length 3 less than mini")  # fmt: skip
error("Dilation2D", dilate, f(1, 5, 6, 3), f(2, 3, 3), [1, 0, 1, 1], ONES, "SAME",
      says="Stride must be > 0, but got 0")  # fmt: skip
error("Dilation2D", dilate, f(1, 5, 6, 3), f(2, 3, 4), ONES, ONES, "SAME",
      says="Dimensions must be equal, but are 3 and 4")  # fmt: skip
error("Dilation2D", dilate, f(1, 5, 6, 3), f(2, 3, 4), ONES, ONES, "SAME", at="run",
      says="input and filter must have the same depth: 3 vs 4")  # fmt: skip
error("Dilation2D", dilate, f(5, 6, 3), f(2, 3, 3), ONES, ONES, "SAME",
      says="Shape must be rank 4 but is rank 3")  # fmt: skip
error("Dilation2D", dilate, f(1, 5, 6, 3), f(2, 3, 3, 1), ONES, ONES, "SAME",
      says="Shape must be rank 3 but is rank 4")  # fmt: skip
PORTS, ATTRS = "input filter out_backprop", {"strides": ONES, "rates": ONES, "padding": "SAME"}
for op_type in ("Dilation2DBackpropInput", "Dilation2DBackpropFilter"):
    case(op_type, raw(op_type, PORTS, **ATTRS), d(2, 5, 6, 3), d(2, 3, 3), d(2, 5, 6, 3),
         id=op_type, grad=ONCE)  # fmt: skip
    error(op_type, raw(op_type, PORTS, **ATTRS), f(1, 5, 6, 3), f(2, 3, 3), f(1, 5, 5, 3), at="run",
          says="out_backprop has incompatible size.")  # fmt: skip

# --- ExtractImagePatches ---
patches = tf.extract_image_patches
case("ExtractImagePatches", patches, t(2, 5, 6, 3), [1, 2, 3, 1], ONES, ONES, "SAME",
     dtypes="f d h i l i8 i16 u8 u16", id="ExtractImagePatches")  # fmt: skip
case("ExtractImagePatches", patches, f(1, 5, 6, 3), [1, 2, 3, 1], [1, 2, 1, 1], [1, 1, 2, 1],
     "VALID", name="e")  # fmt: skip
case("ExtractImagePatches", tf.image.extract_image_patches, f(2, 9, 8, 2), sizes=[1, 3, 2, 1],
     strides=[1, 2, 3, 1], rates=[1, 2, 3, 1], padding="SAME")  # fmt: skip
case("ExtractImagePatches", tf.image.extract_patches, f(2, 4, 4, 1), [1, 4, 4, 1], [1, 4, 4, 1],
     ONES, "VALID")  # fmt: skip
case("ExtractImagePatches", patches, f(0, 5, 6, 3), [1, 2, 3, 1], ONES, ONES, "SAME")
case("ExtractImagePatches", patches, f(1, 5, 6, 3), [1, 6, 1, 1], ONES, ONES, "VALID")
error("ExtractImagePatches", patches, f(1, 5, 6, 3), [1, 7, 7, 1], ONES, ONES, "VALID",
      says="Computed output size would be negative: -1 [input_size: 5, effective_fil")  # fmt: skip
error("ExtractImagePatches", patches, f(1, 5, 6, 3), [2, 2, 3, 1], ONES, ONES, "SAME", at="run",
      error="UnimplementedError", says="Only support ksizes across space.")  # fmt: skip
error("ExtractImagePatches", patches, f(1, 5, 6, 3), [1, 2, 3, 1], [2, 1, 1, 1], ONES, "SAME",
      at="run", error="UnimplementedError", says="Only support strides across space.")  # fmt: skip
error("ExtractImagePatches", patches, f(1, 5, 6, 3), [1, 2, 3, 1], ONES, [2, 1, 1, 1], "SAME",
      at="run", error="UnimplementedError", says="Only support rates across space.")  # fmt: skip
error("ExtractImagePatches", patches, f(1, 5, 6, 3), [1, 0, 3, 1], ONES, ONES, "SAME", at="run",
      error="OutOfRangeError", says="ksizes is out of range.")  # fmt: skip
error("ExtractImagePatches", patches, f(1, 5, 6, 3), [1, 2, 3, 1], [1, 0, 1, 1], ONES, "SAME",
      says="Stride must be > 0, but got 0")  # fmt: skip
error("ExtractImagePatches", patches, f(1, 5, 6, 3), [1, 2, 3], ONES, ONES, "SAME",
      says="Attr 'ksizes' of 'ExtractImagePatches' Op passed list of length 3 less")  # fmt: skip
error("ExtractImagePatches", patches, f(1, 5, 6, 3), [1, 2, 3, 1, 1], ONES, ONES, "SAME",
      says="ExtractImagePatches requires the ksizes attribute to contain 4 values, b")  # fmt: skip
error("ExtractImagePatches", patches, f(5, 6, 3), [1, 2, 3, 1], ONES, ONES, "SAME",
      says="Shape must be rank 4 but is rank 3")  # fmt: skip

# --- ExtractVolumePatches ---
RANK_4 = "where sizes are not known, TensorFlow says rank 4 and makes rank 5"
volumes = tf.extract_volume_patches
case("ExtractVolumePatches", volumes, t(2, 3, 4, 5, 2), [1, 2, 2, 3, 1], [1] * 5, "SAME",
     dtypes="f d h i", id="ExtractVolumePatches", static=RANK_4)  # fmt: skip
case("ExtractVolumePatches", volumes, f(1, 3, 4, 5, 2), [1, 2, 2, 3, 1], [1, 2, 1, 2, 1], "VALID",
     name="v", static=RANK_4)  # fmt: skip
error("ExtractVolumePatches", volumes, f(1, 3, 4, 5, 2), [1, 7, 7, 1, 1], [1] * 5, "VALID",
      says="Computed output size would be negative: -3 [input_size: 3, effective_fil")  # fmt: skip
error("ExtractVolumePatches", volumes, f(1, 3, 4, 5, 2), [2, 2, 2, 3, 1], [1] * 5, "SAME", at="run",
      error="UnimplementedError", says="Only support ksizes across space.")  # fmt: skip
error("ExtractVolumePatches", volumes, f(1, 3, 4, 5, 2), [1, 2, 2, 3, 1], [1] * 6, "SAME",
      says="ExtractVolumePatches requires the stride attribute to contain 5 values")  # fmt: skip
error("ExtractVolumePatches", volumes, f(3, 4, 5, 2), [1, 2, 2, 3, 1], [1] * 5, "SAME",
      says="Shape must be rank 5 but is rank 4")  # fmt: skip
