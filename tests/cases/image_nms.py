"""Rows for non-maximum suppression."""

import importlib
import os

import numpy as np
from _rows import case, error, f, h, i, tf


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = {port: inputs[n] for n, port in enumerate(ports.split())}
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        found = importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)
        return tuple(found) if isinstance(found, tuple) else found

    return made


NONE = "indices"
PORTS = "boxes scores max_output_size iou_threshold"
BOXES = [[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 10, 1, 11], [0, 10.1, 1, 11.1],
         [0, 100, 1, 101]]  # fmt: skip
SCORES = [0.9, 0.75, 0.6, 0.95, 0.5, 0.3]
TIES = [0.5, 0.7, 0.5, 0.7, 0.5, 0.7]
FLIPPED = [[1, 1, 0, 0], [1, 0.1, 0, 1.1], [0, 0.9, 1, -0.1], [1, 10, 0, 11]]
POINT = [[0, 0, 1, 1], [2, 2, 2, 3], [0, 0.5, 1, 1.5]]
MANY = f(40, 4, low=0, high=1)
MARKS = f(40, distinct=True)

nms = tf.image.non_max_suppression
for boxes, scores, rest in (
    (BOXES, SCORES, (3,)), (BOXES, SCORES, (30,)), (BOXES, SCORES, (0,)), (BOXES, SCORES, (3, 0.0)),
    (BOXES, SCORES, (30, 1.0)), (BOXES, SCORES, (30, 0.5, 0.4)), (BOXES, TIES, (30, 0.5)),
    (FLIPPED, [0.9, 0.7, 0.6, 0.95], (3,)), (POINT, [0.5, 0.7, 0.6], (5, 0.5)),
    (BOXES, [np.nan, -np.inf, 0.5, np.inf, 0.5, -1.0], (9,)), (np.zeros((0, 4)), [], (3,)),
    (BOXES, SCORES, (-1,)),
):  # fmt: skip
    case("NonMaxSuppressionV3", nms, f(boxes), f(scores), *rest, grad=NONE)
for threshold in (0.2, 0.5, 0.8):
    case("NonMaxSuppressionV3", nms, MANY, MARKS, 20, threshold, grad=NONE)
    case("NonMaxSuppressionV3", nms, MANY, f(40, seed=3), 40, threshold, 0.1, grad=NONE)
case("NonMaxSuppressionV3", nms, f(BOXES), f(SCORES), i(value=3), f(value=0.5), f(value=0.1),
     grad=NONE)  # fmt: skip
case("NonMaxSuppressionV3", lambda x, y: nms(x, y, 3, name="best"), f(BOXES), f(SCORES), grad=NONE,
     id="nms-name")  # fmt: skip
case("NonMaxSuppressionV3", raw("NonMaxSuppressionV3", PORTS + " score_threshold"), h(BOXES),
     h(SCORES), 3, h(value=0.5), h(value=0.1), grad=NONE)  # fmt: skip
case("NonMaxSuppression", raw("NonMaxSuppression", "boxes scores max_output_size"), f(BOXES),
     f(SCORES), 3, grad=NONE)  # fmt: skip
case("NonMaxSuppression", raw("NonMaxSuppression", "boxes scores max_output_size",
     iou_threshold=0.9), f(BOXES), f(SCORES), 9, grad=NONE)  # fmt: skip
case("NonMaxSuppressionV2", raw("NonMaxSuppressionV2", PORTS), f(BOXES), f(SCORES), 3, 0.5,
     grad=NONE)  # fmt: skip
case("NonMaxSuppressionV2", raw("NonMaxSuppressionV2", PORTS), h(BOXES), h(SCORES), 9, h(value=0.2),
     grad=NONE)  # fmt: skip

padded = tf.image.non_max_suppression_padded
case("NonMaxSuppressionV4", padded, f(BOXES), f(SCORES), 5, grad=NONE)
case("NonMaxSuppressionV4", lambda x, y: padded(x, y, 5, pad_to_max_output_size=True), f(BOXES),
     f(SCORES), grad=NONE, id="padded")  # fmt: skip
case("NonMaxSuppressionV4", lambda x, y, n: padded(x, y, n, 0.5, 0.4, True), f(BOXES), f(SCORES),
     i(value=5), grad=NONE, id="padded-unknown")  # fmt: skip
with_scores = tf.image.non_max_suppression_with_scores
for sigma in (0.0, 0.1, 0.5, 2.0):
    case("NonMaxSuppressionV5", with_scores, f(BOXES), f(SCORES), 6, 1.0, 0.0, sigma, grad=NONE)
    case("NonMaxSuppressionV5", with_scores, f(BOXES), f(TIES), 9, 0.7, 0.0, sigma, grad=NONE)
    case("NonMaxSuppressionV5", with_scores, MANY, f(40, seed=3), 30, 0.8, -1.0, sigma, grad=NONE)
case("NonMaxSuppressionV5", raw("NonMaxSuppressionV5", PORTS + " score_threshold soft_nms_sigma",
     pad_to_max_output_size=True), f(BOXES), f(SCORES), 9, 0.5, 0.0, 0.5, grad=NONE)  # fmt: skip
case("NonMaxSuppressionV5", raw("NonMaxSuppressionV5", PORTS + " score_threshold soft_nms_sigma"),
     h(BOXES), h(SCORES), 9, h(value=1.0), h(value=0.0), h(value=0.5), grad=NONE)  # fmt: skip

overlaps = tf.image.non_max_suppression_overlaps
SHARED = [[1, 0.6, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]
for limit in (0.05, 0.2, 0.65, 1.0, 1.5):
    case("NonMaxSuppressionWithOverlaps", overlaps, f(SHARED), f([0.9, 0.75, 0.6]), 3, limit,
         grad=NONE)  # fmt: skip
case("NonMaxSuppressionWithOverlaps", lambda x, y: overlaps(x, y, 5, 0.7, 0.6, name="n"), f(SHARED),
     f([0.9, 0.75, 0.6]), grad=NONE, id="overlaps-name")  # fmt: skip

combined = tf.image.combined_non_max_suppression
BATCH = np.stack([BOXES[:4], np.multiply(BOXES[2:], 0.3)])[:, :, None]
CLASSES = [[[0.9, 0.1], [0.75, 0.8], [0.6, 0.35], [0.2, 0.3]],
           [[0.2, 0.1], [0.75, 0.85], [0.6, 0.95], [0.65, 0.5]]]  # fmt: skip
for rest in ((2, 3), (2, 8, 0.5, 0.3), (1, 8, 0.5, 0.0, True), (9, 9, 0.5, 0.0, True, False),
             (4, 2, 0.0), (0, 2)):  # fmt: skip
    case("CombinedNonMaxSuppression", combined, f(BATCH), f(CLASSES), *rest, grad=NONE)
case("CombinedNonMaxSuppression", combined, f(np.concatenate([BATCH, BATCH * 0.7], 2)), f(CLASSES),
     2, 4, grad=NONE)  # fmt: skip
case("CombinedNonMaxSuppression", combined, f(BATCH), f(CLASSES), i(value=2), i(value=3), grad=NONE)
case("CombinedNonMaxSuppression", combined, f(np.zeros((2, 0, 1, 4))), f(np.zeros((2, 0, 2))), 2, 3,
     grad=NONE)  # fmt: skip

# --- mistakes ---
x, y = f(BOXES), f(SCORES)
error("NonMaxSuppressionV3", nms, x, y, 3, 2.0, at="run", says="iou_threshold must be in [0, 1]")
error("NonMaxSuppressionV3", nms, f(4), y, 3, says="Shape must be rank 2 but is rank 1")
error("NonMaxSuppressionV3", nms, f(6, 5), y, 3, says="Dimension must be 4 but is 5")
error("NonMaxSuppressionV3", nms, x, f(2), 3, says="Dimensions must be equal, but are 6 and 2")
error("NonMaxSuppressionV3", nms, x, f(1, 6), 3, says="Shape must be rank 1 but is rank 2")
error("NonMaxSuppressionV3", nms, x, y, [3], says="Shape must be rank 0 but is rank 1")
error("NonMaxSuppressionV3", nms, x, y, 3, [0.5], says="Shape must be rank 0 but is rank 1")
error("NonMaxSuppressionV4", lambda x, y: padded(x, y, -5, pad_to_max_output_size=True), x, y,
      id="padded-negative-error",
      says="Dimension size, given by scalar input 2, must be non-negative but is -5")  # fmt: skip
error("NonMaxSuppressionV5", with_scores, x, y, 3, 0.5, 0.0, -1.0, at="run",
      says="soft_nms_sigma_val must be >= 0")  # fmt: skip
error("NonMaxSuppressionWithOverlaps", overlaps, f(2, 3), f(2), 3, at="run",
      says="overlaps must be square")  # fmt: skip
error("NonMaxSuppressionWithOverlaps", overlaps, f(3, 3), f(2), 3,
      says="Dimensions must be equal, but are 3 and 2")  # fmt: skip
many, marks = f(BATCH), f(CLASSES)
error("CombinedNonMaxSuppression", combined, f(4, 1, 4), marks, 2, 3,
      says="Shape must be rank 4 but is rank 3")  # fmt: skip
error("CombinedNonMaxSuppression", combined, f(2, 4, 3, 4), marks, 2, 3,
      says="third dimension of boxes must be either 1 or equal to the third dimension of "
      "scores")  # fmt: skip
error("CombinedNonMaxSuppression", combined, many, marks, 2, 3, 2.0, at="run",
      says="iou_threshold must be in [0, 1]")  # fmt: skip
error("CombinedNonMaxSuppression", combined, many, marks, -2, 3,
      says="Dimension size, given by scalar input 2, must be non-negative but is -2")  # fmt: skip
error("CombinedNonMaxSuppression", combined, many, marks, 2, 0,
      says="max_total_size should be > 0")  # fmt: skip
error("CombinedNonMaxSuppression", combined, many, marks, 2, i(value=-1), at="run",
      says="max_total_size must be > 0")  # fmt: skip
error("CombinedNonMaxSuppression", combined, f(1, 4, 1, 4), marks, 2, 3,
      says="Dimensions must be equal, but are 1 and 2")  # fmt: skip
