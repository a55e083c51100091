"""Rows for boxes on images: drawn, and chosen at random."""

import importlib
import os

from _rows import case, error, f, h, i, l, t, tf


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = {port: inputs[n] for n, port in enumerate(ports.split())}
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        found = importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)
        return tuple(found) if isinstance(found, tuple) else found

    return made


NONE = "TensorFlow has none"
draw = tf.image.draw_bounding_boxes
PLACES = [
    [0.1, 0.2, 0.8, 0.9], [-0.5, -0.5, 0.5, 0.5], [0.5, 0.5, 1.5, 1.5], [1.2, 1.2, 1.5, 1.5],
    [0.8, 0.9, 0.1, 0.2], [0, 0, 1, 1], [0.5, 0.5, 0.5, 0.5], [-0.5, 0.1, -0.2, 0.4],
    [0, -0.5, 0.5, -0.2], [-0.1, -0.1, 1.1, 1.1], [0.3, 0.2, 0.9, 1.4], [0.2, 0.1, 0.4, 0.6],
]  # fmt: skip
for channels in (1, 3, 4):
    case("DrawBoundingBoxes", draw, f(2, 9, 7, channels), f([PLACES, PLACES[::-1]]), grad=NONE)
    for place in PLACES[:7]:
        case("DrawBoundingBoxes", draw, f(1, 6, 8, channels), f([[place]]), grad=NONE)
case("DrawBoundingBoxes", draw, f(1, 5, 6, 3), f(1, 0, 4), name="boxes", grad=NONE)
case("DrawBoundingBoxes", draw, f(0, 5, 6, 3), f(0, 1, 4), grad=NONE)
color = lambda images, boxes, colors: draw(images, boxes, colors=colors)
case("DrawBoundingBoxesV2", color, f(1, 9, 7, 3), f([PLACES]), f(2, 3), grad=NONE)
case("DrawBoundingBoxesV2", color, f(1, 9, 7, 1), f([PLACES]), f(3, 4), grad=NONE)
if os.environ.get("GRAPHFLOW_ROWS_TF") != "tensorflow":  # which stops the process for float16
    case("DrawBoundingBoxes", draw, h(1, 5, 6, 3), f([PLACES]), grad=NONE, golden="stops")
    case("DrawBoundingBoxesV2", color, h(1, 9, 7, 3), f([PLACES]), f(3, 4), grad=NONE,
         golden="stops")  # fmt: skip
case("DrawBoundingBoxesV2", color, f(1, 9, 7, 4), f([PLACES]), f(0, 4), grad=NONE)
boxes = f([PLACES])
error("DrawBoundingBoxes", draw, f(1, 5, 6, 2), boxes, says="Channel depth should be either 1")
error("DrawBoundingBoxes", draw, f(5, 6, 3), boxes, says="Shape must be rank 4 but is rank 3")
error("DrawBoundingBoxes", draw, f(1, 5, 6, 3), f(2, 4), says="Shape must be rank 3 but is rank 2")
error("DrawBoundingBoxes", draw, f(1, 5, 6, 3), f(1, 2, 5), says="Dimension must be 4 but is 5")
error("DrawBoundingBoxes", draw, f(2, 5, 6, 3), boxes, at="run",
      says="The batch sizes should be the same")  # fmt: skip
error("DrawBoundingBoxesV2", color, f(1, 5, 6, 3), boxes, f(2, 2), at="run",
      says="colors must have equal or more channels than the image provided: [2,2]")  # fmt: skip
error("DrawBoundingBoxesV2", color, f(1, 5, 6, 3), boxes, f(3), at="run",
      says="colors must be a 2-D matrix[3]")  # fmt: skip

# --- random parts ---
sample = tf.image.sample_distorted_bounding_box
OBJECTS = f([[[0.1, 0.2, 0.8, 0.9], [0.5, 0.5, 0.7, 0.6]]])
for n in range(12):
    case("SampleDistortedBoundingBoxV2", lambda size, objects, n=n: sample(
        size, objects, seed=n + 1, seed2=7), i([40 + n, 61, 3]), OBJECTS,
        id="sample-%d" % n, grad=NONE)  # fmt: skip
for n, options in enumerate((
    {"min_object_covered": 0.9}, {"min_object_covered": 2.0}, {"aspect_ratio_range": [0.3, 3.0]},
    {"area_range": [0.5, 0.9]}, {"max_attempts": 1}, {"aspect_ratio_range": (2.0, 1.0)},
    {"area_range": [0.9, 0.2]}, {"use_image_if_no_bounding_boxes": True, "name": "s"},
)):  # fmt: skip
    case("SampleDistortedBoundingBoxV2", lambda size, objects, options=options: sample(
        size, objects, seed=3, **options), i([50, 40, 1]), OBJECTS,
        id="sample-options-%d" % n, grad=NONE)  # fmt: skip
case("SampleDistortedBoundingBoxV2", lambda size, objects, share: sample(
    size, objects, 5, 6, share), t([50, 40, 1]), OBJECTS, f(value=0.4), id="sample-types",
    dtypes="i l u8 i8 i16", grad=NONE)  # fmt: skip
case("SampleDistortedBoundingBoxV2", lambda size, objects: sample(
    size, objects, 5, use_image_if_no_bounding_boxes=True), i([50, 40, 1]), f(1, 0, 4),
    id="sample-none", grad=NONE)  # fmt: skip
case("SampleDistortedBoundingBoxV2", lambda size, objects: sample(size, objects, 5, 6),
     i([0, 40, 1]), OBJECTS, id="sample-empty", grad=NONE)  # fmt: skip
case("SampleDistortedBoundingBox", raw("SampleDistortedBoundingBox", "image_size bounding_boxes",
     seed=5, seed2=6, min_object_covered=0.5), i([50, 40, 1]), OBJECTS, grad=NONE)  # fmt: skip


def wrong(says, objects=OBJECTS, size=(50, 40, 3), **options):
    error("SampleDistortedBoundingBoxV2", lambda s, b: sample(s, b, 1, 2, **options), i(list(size)),
          objects, at="run", says=says, id="sample-" + says[:30].replace(" ", "-"))  # fmt: skip


wrong("No bounding boxes provided as input.", f(1, 0, 4))
wrong("All bounding box coordinates must be in [0.0, 1.0]: 1.6", f([[[0.1, 0.2, 1.6, 0.9]]]))
wrong("image height cannot be >= int32 max", size=(-2, 3, 3))
wrong("Max attempts must be non-negative: 0", max_attempts=0)
wrong("Min object covered must be non-negative: -1", min_object_covered=-1.0)
wrong("Aspect ratio range field must specify 2 dimensions", aspect_ratio_range=[1.0])
wrong("Aspect ratio range must be non-negative: [0, 1]", aspect_ratio_range=[0.0, 1.0])
wrong("Area range field must specify 2 dimensions", area_range=[0.5])
wrong("Area range must be non-negative: [0, 0.5]", area_range=[0.0, 0.5])
wrong("Area range must be less then or equal to 1.0: [0.5, 2]", area_range=[0.5, 2.0])
error("SampleDistortedBoundingBoxV2", sample, i([2, 3]), OBJECTS,
      says="Dimension must be 3 but is 2")  # fmt: skip
error("SampleDistortedBoundingBoxV2", sample, i([2, 3, 1]), f(2, 4),
      says="Shape must be rank 3 but is rank 2")  # fmt: skip
error("SampleDistortedBoundingBoxV2", sample, i([2, 3, 1]), f(1, 2, 5),
      says="Dimension must be 4 but is 5")  # fmt: skip

GONE = "graphs of TensorFlow 1.15 do not have it"
old_crop = raw("RandomCrop", "image size", seed=5, seed2=6)
case("RandomCrop", old_crop, t(7, 9, 2), l([3, 4]), dtypes="f u8 i", grad=NONE, golden=GONE)
error("RandomCrop", old_crop, f(7, 9, 2), l([8, 4]), at="run", golden=GONE,
      says="height must be >= target_height: height = 7, target_height = 8")  # fmt: skip
error("RandomCrop", old_crop, f(7, 9), l([8, 4]), golden=GONE,
      says="Shape must be rank 3 but is rank 2")  # fmt: skip
