"""Rows for parts of images."""

import importlib
import os

import numpy as np
from _rows import case, error, f, i, t, tf


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = {port: inputs[n] for n, port in enumerate(ports.split())}
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        found = importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)
        return tuple(found) if isinstance(found, tuple) else found

    return made


ROUGH = "the second gradient by boxes is in no operation of TensorFlow"
BOXES = [[0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9], [1, 1, 0, 0], [-0.3, 0.1, 0.6, 1.4], [2, 2, 3, 3],
         [0.4, 0.4, 0.4, 0.4]]  # fmt: skip
WHICH = [0, 1, 1, 0, 1, 0]
crop = tf.image.crop_and_resize
for method in ("bilinear", "nearest"):
    for size in ([3, 4], [1, 1], [2, 9], [7, 1]):
        case("CropAndResize", crop, f(2, 5, 6, 3), f(BOXES), i(WHICH), size, method, numeric=ROUGH,
             tol=2e-5)  # fmt: skip
    case("CropAndResize", crop, t(2, 5, 6, 3), f(BOXES), i(WHICH), [3, 4], method, numeric=ROUGH,
         dtypes="f d h u8 u16 i8 i16 i l", tol=2e-3)  # fmt: skip
case("CropAndResize", lambda x, y: crop(x, y, box_indices=[0, 1], crop_size=[2, 2], name="parts",
     extrapolation_value=-7.5), f(2, 3, 3, 1), f([[-1, 0, 1, 1], [0, 0, 0.5, 2]]), id="crop-names",
     numeric=ROUGH)  # fmt: skip
case("CropAndResize", crop, f(2, 5, 6, 3), f(BOXES), i(WHICH), i([3, 4]), numeric=ROUGH, tol=2e-5)
case("CropAndResize", crop, f(2, 5, 6, 3), f(0, 4), i(value=np.zeros(0)), [3, 4], numeric=ROUGH)


def of_image(x):
    """By the image only, whose gradients can be differentiated again."""
    if x.dtype == tf.float64:
        raise TypeError("sums are in float32")
    return crop(x, BOXES, WHICH, [3, 4])


case("CropAndResize", of_image, f(2, 5, 6, 3), id="crop-image")
grad_image = raw("CropAndResizeGradImage", "grads boxes box_ind image_size", T=tf.float32)
case("CropAndResizeGradImage", grad_image, f(6, 3, 4, 2), f(BOXES), i(WHICH), [2, 5, 6, 2],
     grad="linear")  # fmt: skip
case("CropAndResizeGradImage", raw("CropAndResizeGradImage", "grads boxes box_ind image_size",
     T=tf.float64, method="nearest"), f(6, 3, 4, 2), f(BOXES), i(WHICH), i([2, 5, 6, 2]),
     grad="linear")  # fmt: skip
grad_boxes = raw("CropAndResizeGradBoxes", "grads image boxes box_ind")
case("CropAndResizeGradBoxes", grad_boxes, f(6, 3, 4, 2), t(2, 5, 6, 2), f(BOXES), i(WHICH),
     grad="none", dtypes="f d u8", tol=1e-4)  # fmt: skip
case("CropAndResizeGradBoxes", grad_boxes, f(6, 1, 1, 2), f(2, 5, 6, 2), f(BOXES), i(WHICH),
     grad="none")  # fmt: skip

# --- mistakes ---
x, boxes, which = f(2, 4, 5, 1), f([[0, 0, 1, 1]]), i([0])
error("CropAndResize", crop, x, boxes, i([2]), [2, 2], at="run", error="OutOfRangeError",
      says="box_index has values outside [0, batch_size)")  # fmt: skip
error("CropAndResize", crop, x, boxes, i([-1]), [2, 2], at="run", error="OutOfRangeError",
      says="box_index has values outside [0, batch_size)")  # fmt: skip
error("CropAndResize", crop, x, boxes, which, [0, 2], at="run",
      says="crop dimensions must be positive")  # fmt: skip
error("CropAndResize", crop, x, boxes, which, i([2, -1]), at="run",
      says="crop dimensions must be positive")  # fmt: skip
error("CropAndResize", crop, x, boxes, which, [2, 2, 2], says="Dimension must be 2 but is 3")
error("CropAndResize", crop, f(4, 5, 1), boxes, which, [2, 2],
      says="Shape must be rank 4 but is rank 3")  # fmt: skip
error("CropAndResize", crop, x, f(4), which, [2, 2], says="Shape must be rank 2 but is rank 1")
error("CropAndResize", crop, x, f(1, 5), which, [2, 2], says="Dimension must be 4 but is 5")
error("CropAndResize", crop, x, boxes, i([0, 1]), [2, 2],
      says="Dimensions must be equal, but are 1 and 2")  # fmt: skip
error("CropAndResize", crop, f(1, 0, 4, 1), boxes, which, [2, 2], at="run",
      says="image dimensions must be positive")  # fmt: skip
error("CropAndResize", crop, x, boxes, which, [2, 2], "cubic",
      says="""Attr 'method' of 'CropAndResize' Op passed string 'cubic' not in""")  # fmt: skip
error("CropAndResize", lambda x, b, n: crop(x, b, n, [2, 2], box_indices=n), x, boxes, which,
      id="crop-twice-error", says="Cannot specify both 'box_ind' and 'box_indices'")  # fmt: skip
error("CropAndResizeGradImage", grad_image, f(1, 2, 2, 1), boxes, which, [1, 3, 3, 2], at="run",
      says="image_size and grads are incompatible")  # fmt: skip
error("CropAndResizeGradImage", grad_image, f(1, 2, 2, 1), boxes, which, [1, 3, 3],
      says="Shape must be rank 4 but is rank 3")  # fmt: skip
error("CropAndResizeGradImage", grad_image, f(2, 2, 2, 1), boxes, which, [1, 3, 3, 1], at="run",
      says="boxes and grads have incompatible shape")  # fmt: skip
error("CropAndResizeGradBoxes", grad_boxes, f(1, 2, 2, 2), x, boxes, which, at="run",
      says="image, grads depth differ")  # fmt: skip

# --- glimpses ---
NONE = "TensorFlow has none"
glimpse = tf.image.extract_glimpse
OFFSETS = f([[0, 0], [0.1, -0.1]])
for centered in (True, False):
    for normalized in (True, False):
        offsets = OFFSETS if centered else f([[0.4, 0.4], [0.5, 0.6]])
        offsets = f([[0, 1], [-1, 2]]) if centered and not normalized else offsets
        offsets = f([[3, 3], [4.5, 2.2]]) if not centered and not normalized else offsets
        case("ExtractGlimpse", glimpse, f(2, 8, 7, 2), [3, 4], offsets, centered, normalized,
             grad=NONE)  # fmt: skip
case("ExtractGlimpse", glimpse, f(2, 8, 7, 2), i([3, 4]), OFFSETS, name="look", grad=NONE)
case("ExtractGlimpse", glimpse, f(2, 8, 7, 2), [0, 4], OFFSETS, grad=NONE)
case("ExtractGlimpse", glimpse, f(2, 3, 4, 1), [3, 4], f(2, 2, low=0, high=0.01), grad=NONE)
case("ExtractGlimpse", raw("ExtractGlimpse", "input size offsets", uniform_noise=False,
     noise="zero"), f(2, 8, 7, 2), [5, 4], f([[-1, -0.9], [1.2, 0.4]]), grad=NONE)  # fmt: skip
error("ExtractGlimpse", glimpse, f(8, 7, 2), [3, 4], OFFSETS,
      says="Shape must be rank 4 but is rank 3")  # fmt: skip
error("ExtractGlimpse", glimpse, f(2, 8, 7, 2), [3, 4, 5], OFFSETS,
      says="Dimension must be 2 but is 3")  # fmt: skip
error("ExtractGlimpse", glimpse, f(3, 8, 7, 2), [3, 4], OFFSETS,
      says="Dimensions must be equal, but are 3 and 2")  # fmt: skip
error("ExtractGlimpse", glimpse, f(2, 8, 7, 2), [3, 4], f(2, 3),
      says="Dimension must be 2 but is 3")  # fmt: skip
error("ExtractGlimpse", raw("ExtractGlimpse", "input size offsets", noise="zero"), f(2, 8, 7, 2),
      [3, 4], OFFSETS, id="two-noises-error",
      says="The uniform_noise and noise should not be specified at the same time")  # fmt: skip
error("ExtractGlimpse", raw("ExtractGlimpse", "input size offsets", uniform_noise=False,
      noise="pink"), f(2, 8, 7, 2), [3, 4], OFFSETS, at="run", id="unknown-noise-error",
      says="The noise could only be uniform, gaussian, or zero")  # fmt: skip
