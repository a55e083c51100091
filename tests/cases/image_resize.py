"""Rows for images in another size."""

import importlib
import os

import numpy as np
from _rows import case, error, f, h, i, t, tf


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


SUMS = "sums are in float32"
TYPES = "f d h u8 i8 i16 u16 i l"
KINDS = (
    ("ResizeBilinear", tf.image.resize_bilinear),
    ("ResizeBicubic", tf.image.resize_bicubic),
    ("ResizeNearestNeighbor", tf.image.resize_nearest_neighbor),
)
SIZES = ([3, 7], [7, 3], [1, 1], [4, 5], [9, 11], [2, 13])

# --- the three with all options ---
for op_type, function in KINDS:
    one = single(function)
    for size in SIZES:
        name = "%s-%dx%d" % (op_type, size[0], size[1])
        case(op_type, one, f(2, 4, 5, 3), size, id=name)
        case(op_type, lambda x, one=one, size=size: one(x, size, align_corners=True),
             f(2, 4, 5, 3), id=name + "-aligned")  # fmt: skip
        case(op_type, lambda x, one=one, size=size: one(x, size, half_pixel_centers=True),
             f(2, 4, 5, 3), id=name + "-centers")  # fmt: skip
    case(op_type, one, f(1, 1, 1, 2), [3, 2])
    case(op_type, lambda x, one=one: one(x, [3, 1], align_corners=True), f(1, 1, 4, 2),
         id=op_type + "-one-row")  # fmt: skip
    case(op_type, one, f(0, 2, 3, 1), [4, 4], numeric="nothing")
    case(op_type, one, f(1, 30, 20, 1), [4, 3])
    case(op_type, one, f(1, 7, 20, 2), [33, 5])
    case(op_type, function, t(1, 3, 4, 2), [5, 2], dtypes=TYPES.replace("h ", ""), numeric=SUMS,
         tol=1e-5)  # fmt: skip
    case(op_type, function, h(1, 3, 4, 2), [5, 2], numeric=SUMS)
    case(op_type, one, f(1, 3, 4, 2), i([2, 6]))
    case(op_type, function, f([[[[np.inf], [1.0]], [[np.nan], [-0.0]]]]), [3, 3], grad="limits")
    case(op_type, function, f([[[[np.inf], [1.0]], [[np.nan], [-0.0]]]]), [2, 2], grad="limits")
    case(op_type, lambda x, function=function: function(x, [2, 2], name="small"), f(1, 3, 3, 1),
         id=op_type + "-name", numeric=SUMS)  # fmt: skip
case("ResizeBilinear", tf.image.resize_bilinear, t(1, 3, 4, 2), [5, 2], dtypes="bf",
     grad="TensorFlow has no kernel")  # fmt: skip

case("ResizeArea", tf.image.resize_area, t(1, 3, 4, 2), [2, 6], dtypes=TYPES, grad="none")
for size in SIZES:
    case("ResizeArea", tf.image.resize_area, f(2, 4, 5, 3), size, grad="none")
    case("ResizeArea", tf.image.resize_area, f(2, 4, 5, 3), size, align_corners=True, grad="none")
case("ResizeArea", tf.image.resize_area, f(1, 28, 30, 2), [7, 10], grad="none")
case("ResizeArea", tf.image.resize_area, f(1, 29, 31, 3), [7, 10], grad="none")
case("ResizeArea", tf.image.resize_area, f(0, 2, 3, 1), [4, 4], grad="none")
case("ResizeArea", tf.image.resize_area, f([[[[np.inf], [1.0], [2.0]]]]), [1, 2], grad="none")

# --- gradients as operations ---
for op_type, codes in (("ResizeBilinearGrad", "f d h"), ("ResizeBicubicGrad", "f d")):
    grad = raw(op_type, "grads original_image")
    case(op_type, grad, f(2, 3, 5, 2), t(2, 4, 4, 2), dtypes=codes, grad="linear", tol=2e-3)
    case(op_type, raw(op_type, "grads original_image", half_pixel_centers=True), f(1, 9, 2, 1),
         f(1, 4, 5, 1), grad="linear")  # fmt: skip
    error(op_type, grad, f(2, 3, 2), f(2, 4, 4, 2), golden="checked in the run there",
          says="Shape must be rank 4 but is rank 3")  # fmt: skip
nearest_grad = raw("ResizeNearestNeighborGrad", "grads size")
case("ResizeNearestNeighborGrad", nearest_grad, t(2, 5, 3, 2), [3, 7], dtypes="f d h u8 i8 i",
     grad="linear")  # fmt: skip
case("ResizeNearestNeighborGrad",
     raw("ResizeNearestNeighborGrad", "grads size", align_corners=True), f(2, 5, 3, 2), i([3, 7]),
     grad="linear")  # fmt: skip
error("ResizeNearestNeighborGrad", nearest_grad, f(1, 2, 2, 1), [0, 2], at="run",
      says="shape_t's elements must be positive")  # fmt: skip
error("ResizeNearestNeighborGrad", nearest_grad, f(1, 2, 2, 1), [2, 2, 2],
      says="Dimension must be 2 but is 3")  # fmt: skip

# --- mistakes ---
LATE = "said when the static shape is asked for"
for op_type, function in (*KINDS, ("ResizeArea", tf.image.resize_area)):
    x = f(1, 3, 3, 2)
    error(op_type, function, x, [-2, 3], says="Dimension -2 must be >= 0", golden=LATE)
    error(op_type, function, x, i([-2, 3]), at="run", says="output dimensions must be positive")
    error(op_type, function, x, [0, 3], at="run", says="output dimensions must be positive")
    error(op_type, function, x, [1, 2, 3], says="Dimension must be 2 but is 3")
    error(op_type, function, x, 3, says="Shape must be rank 1 but is rank 0")
    error(op_type, function, f(3, 3, 2), [2, 2], says="Shape must be rank 4 but is rank 3")
    error(op_type, function, f(1, 0, 3, 2), [2, 2], at="run",
          says="input image must be of non-zero size")  # fmt: skip
    error(op_type, function, f(1, 3, 3, 0), [2, 2], at="run",
          says="image must have at least one channel")  # fmt: skip
    error(op_type, function, x, [2.0, 2.0], error="TypeError",
          says="Expected int32 passed to parameter 'size'")  # fmt: skip
for op_type, function in KINDS:
    error(op_type, lambda x, function=function: function(
        x, [2, 2], align_corners=True, half_pixel_centers=True), f(1, 3, 3, 2), at="run",
        id=op_type + "-both-error",
        says="If half_pixel_centers is True, align_corners must be False.")  # fmt: skip

# --- resize_images ---
NEW = "the gradient's shape is that of the images"
for method, op_type in (
    (0, "ResizeBilinear"), (1, "ResizeNearestNeighbor"), (2, "ResizeBicubic"), (3, "ResizeArea"),
    ("bilinear", "ResizeBilinear"), ("nearest", "ResizeNearestNeighbor"),
    ("bicubic", "ResizeBicubic"), ("area", "ResizeArea"),
):  # fmt: skip
    grad = "none" if op_type == "ResizeArea" else True
    resize = lambda x, method=method: tf.image.resize_images(x, [5, 4], method)
    case(op_type, single(resize), f(2, 3, 4, 2), id="resize_images-%s" % method, grad=grad)
    case(op_type, single(resize), f(3, 4, 2), id="resize_images-%s-one" % method, grad=grad)
case("ResizeBilinear", single(tf.image.resize_images), f(2, 3, 4, 1), i([2, 2]))
case("ResizeBilinear", single(lambda x: tf.image.resize(x, (2, tf.constant(3)), align_corners=True,
     name="again")), f(2, 3, 4, 1), id="resize-name")  # fmt: skip
case("Squeeze", tf.image.resize_images, f(3, 4, 1), [3, 4])
case("Const", lambda: tf.image.resize_images(tf.ones([1, 3, 4, 1], tf.int32), [3, 4]),
     id="same-size")  # fmt: skip
for size in ([6, 6], [2, 9], [9, 2]):
    case("ResizeBilinear", single(
        lambda x, size=size: tf.image.resize_images(x, size, preserve_aspect_ratio=True)),
        f(2, 4, 6, 1), id="ratio-%dx%d" % tuple(size))  # fmt: skip
error("ResizeBilinear", tf.image.resize_images, f(3, 4), [2, 2],
      says="'images' must have either 3 or 4 dimensions.")  # fmt: skip
error("ResizeBilinear", lambda: tf.image.resize_images(tf.placeholder(tf.float32), [2, 2]),
      id="unknown-rank-error", says="'images' contains no shape.")  # fmt: skip
error("ResizeBilinear", tf.image.resize_images, f(3, 4, 1), [2, 2, 2],
      says="'size' must be a 1-D Tensor of 2 elements: new_height, new_width")  # fmt: skip
error("ResizeBilinear", tf.image.resize_images, f(3, 4, 1), [2.0, 2.0],
      says="'size' must be a 1-D int32 Tensor")  # fmt: skip
error("ResizeBilinear", tf.image.resize_images, f(3, 4, 1), [2, 2], 7,
      says="Resize method is not implemented.")  # fmt: skip
error("ResizeBilinear", tf.image.resize_images, f(3, 4, 1), [-2, 2],
      says="Dimension -2 must be >= 0", golden=LATE)  # fmt: skip

# --- to a size, with zeros ---
for size in ([6, 6], [2, 9], [9, 2], [4, 6]):
    case("ResizeBilinear", single(
        lambda x, size=size: tf.image.resize_image_with_pad(x, size[0], size[1])),
        f(2, 4, 6, 1), id="with_pad-%dx%d" % tuple(size))  # fmt: skip
case("ResizeNearestNeighbor", single(tf.image.resize_image_with_pad), f(4, 3, 2), 5, 9, 1)
case("ResizeBilinear", single(lambda x: tf.image.resize_image_with_pad(
    x, 7, 5, align_corners=True)), f(4, 3, 2), id="with_pad-aligned")  # fmt: skip
error("ResizeBilinear", tf.image.resize_image_with_pad, f(4, 3, 2), 0, 3,
      says="target_height must be > 0.")  # fmt: skip
error("ResizeBilinear", tf.image.resize_image_with_pad, f(4, 3), 2, 3,
      says="'image' must have either 3 or 4 dimensions.")  # fmt: skip
