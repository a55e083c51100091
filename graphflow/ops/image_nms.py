"""Non-maximum suppression: the best of boxes that overlap."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import convert, scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import float16, float32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import OpDef, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _image_nms
from graphflow.ops._shapes import need_rank, same_size, scalar_value

Array = np.ndarray[Any, Any]
_TYPES: Final = default((float16, float32), float32)
_INDICES: Final = "indices of boxes have no derivative"
_NONE: Final = "TensorFlow has none"
_INFINITE: Final = float("-inf")


# --- shapes ---
def _need_scalars(op: Operation, first: int) -> None:
    for port, t in list(zip(op.definition.inputs, op.inputs, strict=True))[first:]:
        need_rank(t.dims, 0, f"{port.name} must be 0-D, got shape {text(t.dims)}")


def _need_four(columns: int | None) -> None:
    if columns not in (None, 4):
        raise ShapeError(f"Dimension must be 4 but is {columns}", "boxes must have 4 columns")


def _checked(op: Operation) -> None:
    """Checks boxes [n, 4], scores [n] and the scalars behind them."""
    boxes, scores = op.inputs[0].dims, op.inputs[1].dims
    n, columns = need_rank(boxes, 2, f"boxes must be 2-D{text(boxes)}")
    (m,) = need_rank(scores, 1, f"scores must be 1-D{text(scores)}")
    _need_scalars(op, 2)
    same_size(n, m, "scores has incompatible shape")
    _need_four(columns)


def _chosen(op: Operation) -> list[Dims]:
    _checked(op)
    return [(None,)]


def _padded_size(op: Operation) -> int | None:
    _checked(op)
    if not op.attrs["pad_to_max_output_size"]:
        return None
    most = scalar_value(op, 2)
    if most is not None and most < 0:
        raise ShapeError(
            f"Dimension size, given by scalar input 2, must be non-negative but is {most}"
        )
    return most


# --- NonMaxSuppression, V2 to V5 ---
def _in_unit(value: Any, name: str = "iou_threshold") -> None:
    if not 0 <= value <= 1:
        raise KernelError(f"{name} must be in [0, 1]")


def _chosen_boxes(boxes: Array, scores: Array, most: Array, overlap: Any, least: Any) -> Array:
    _in_unit(overlap)
    return _image_nms.choose(scores, _image_nms.box_overlap(boxes), int(most), overlap, least)[0]


def _lowest(scores: Array) -> Any:
    return np.finfo(scores.dtype).min


NON_MAX_SUPPRESSION = define(
    "NonMaxSuppression(boxes: float32, scores: float32, max_output_size: int32, *, "
    "iou_threshold: float = 0.5) -> selected_indices: int32",
    shape=_chosen,
).no_gradient(_INDICES)


@NON_MAX_SUPPRESSION.numpy
def _(boxes: Array, scores: Array, most: Array, *, iou_threshold: float) -> Array:
    return _chosen_boxes(boxes, scores, most, np.float32(iou_threshold), _lowest(scores))


_PORTS: Final = "boxes: T, scores: T, max_output_size: int32, iou_threshold: T_threshold"
_KINDS: Final[dict[str, Any]] = {"T": _TYPES, "T_threshold": _TYPES}
_ATTRS: Final = "T: type = float32, T_threshold: type = float32"

NON_MAX_SUPPRESSION_V2 = define(
    f"NonMaxSuppressionV2({_PORTS}, *, {_ATTRS}) -> selected_indices: int32",
    shape=_chosen,
    **_KINDS,
).no_gradient(_INDICES)


@NON_MAX_SUPPRESSION_V2.numpy
def _(boxes: Array, scores: Array, most: Array, iou_threshold: Array) -> Array:
    return _chosen_boxes(boxes, scores, most, iou_threshold, _lowest(scores))


NON_MAX_SUPPRESSION_V3 = define(
    f"NonMaxSuppressionV3({_PORTS}, score_threshold: T_threshold, *, {_ATTRS})"
    " -> selected_indices: int32",
    shape=_chosen,
    **_KINDS,
).no_gradient(_INDICES)


@NON_MAX_SUPPRESSION_V3.numpy
def _(
    boxes: Array, scores: Array, most: Array, iou_threshold: Array, score_threshold: Array
) -> Array:
    return _chosen_boxes(boxes, scores, most, iou_threshold, score_threshold)


NON_MAX_SUPPRESSION_V4 = define(
    f"NonMaxSuppressionV4({_PORTS}, score_threshold: T_threshold, *, {_ATTRS}, "
    "pad_to_max_output_size: bool = False) -> selected_indices: int32, valid_outputs: int32",
    shape=lambda op: [(_padded_size(op),), ()],
    **_KINDS,
).no_gradient(_INDICES)


def _filled_up(found: Array, most: Array, pad: bool) -> Array:
    """The array, with zeros behind it up to a size."""
    more = max(0, int(most) - len(found)) if pad else 0
    return np.concatenate([found, np.zeros(more, found.dtype)])


@NON_MAX_SUPPRESSION_V4.numpy
def _(
    boxes: Array,
    scores: Array,
    most: Array,
    iou_threshold: Array,
    score_threshold: Array,
    *,
    pad_to_max_output_size: bool,
) -> tuple[Array, Array]:
    found = _chosen_boxes(boxes, scores, most, iou_threshold, score_threshold)
    count = np.array(len(found), np.int32)
    return _filled_up(found, most, pad_to_max_output_size), count


NON_MAX_SUPPRESSION_V5 = define(
    "NonMaxSuppressionV5(boxes: T, scores: T, max_output_size: int32, iou_threshold: T, "
    "score_threshold: T, soft_nms_sigma: T, *, T: type = float32, "
    "pad_to_max_output_size: bool = False)"
    " -> selected_indices: int32, selected_scores: T, valid_outputs: int32",
    shape=lambda op: [(size := _padded_size(op),), (size,), ()],
    T=_TYPES,
).no_gradient(_NONE, raises=True)


@NON_MAX_SUPPRESSION_V5.numpy
def _(
    boxes: Array,
    scores: Array,
    most: Array,
    iou_threshold: Array,
    score_threshold: Array,
    soft_nms_sigma: Array,
    *,
    pad_to_max_output_size: bool,
) -> tuple[Array, ...]:
    _in_unit(iou_threshold)
    if soft_nms_sigma < 0:
        raise KernelError("soft_nms_sigma_val must be >= 0")
    overlap = _image_nms.box_overlap(boxes)
    limits = int(most), iou_threshold, score_threshold
    found, kept = _image_nms.choose(scores, overlap, *limits, soft_nms_sigma)
    count = np.array(len(found), np.int32)
    pad = pad_to_max_output_size
    return _filled_up(found, most, pad), _filled_up(kept, most, pad), count


# --- NonMaxSuppressionWithOverlaps ---
WITH_OVERLAPS: OpDef = define(
    "NonMaxSuppressionWithOverlaps(overlaps: float32, scores: float32, max_output_size: int32, "
    "overlap_threshold: float32, score_threshold: float32) -> selected_indices: int32"
).no_gradient(_INDICES)


@WITH_OVERLAPS.shape
def _(op: Operation) -> list[Dims]:
    overlaps, scores = op.inputs[0].dims, op.inputs[1].dims
    n, columns = need_rank(overlaps, 2, f"overlaps must be 2-D{text(overlaps)}")
    (m,) = need_rank(scores, 1, f"scores must be 1-D{text(scores)}")
    _need_scalars(op, 2)
    same_size(n, m, "scores has incompatible shape")
    same_size(n, columns, "overlaps must be square")
    return [(None,)]


@WITH_OVERLAPS.numpy
def _(
    overlaps: Array, scores: Array, most: Array, overlap_threshold: Array, score_threshold: Array
) -> Array:
    def overlap(one: int, others: Array) -> Array:
        shares: Array = overlaps[others, one]
        return shares

    limits = int(most), overlap_threshold, score_threshold
    return _image_nms.choose(scores, overlap, *limits)[0]


# --- CombinedNonMaxSuppression ---
COMBINED: OpDef = define(
    "CombinedNonMaxSuppression(boxes: float32, scores: float32, max_output_size_per_class: int32, "
    "max_total_size: int32, iou_threshold: float32, score_threshold: float32, *, "
    "pad_per_class: bool = False, clip_boxes: bool = True) -> nmsed_boxes: float32, "
    "nmsed_scores: float32, nmsed_classes: float32, valid_detections: int32"
).no_gradient(_NONE, raises=True)


@COMBINED.shape
def _(op: Operation) -> list[Dims]:
    boxes, scores = op.inputs[0].dims, op.inputs[1].dims
    b, n, q, columns = need_rank(boxes, 4, f"boxes must be 4-D{text(boxes)}")
    batch, m, classes = need_rank(scores, 3, f"scores must be 3-D{text(scores)}")
    _need_scalars(op, 2)
    batch = same_size(b, batch, "boxes and scores must have same batch size")
    same_size(n, m, "scores has incompatible shape")
    _need_four(columns)
    if None not in (q, classes) and q not in (1, classes):
        raise ShapeError(
            "third dimension of boxes must be either 1 or equal to the third dimension of scores",
            "third dimension of boxes must be either 1 or num classes",
        )
    size = _total_size(op, classes)
    return [(batch, size, 4), (batch, size), (batch, size), (batch,)]


def _total_size(op: Operation, classes: int | None) -> int | None:
    of_class, total = scalar_value(op, 2), scalar_value(op, 3)
    for port, most in ((2, of_class), (3, total)):
        if most is not None and most < 0:
            raise ShapeError(
                f"Dimension size, given by scalar input {port}, must be non-negative but is {most}",
                "max_total_size must be > 0" if port == 3 else None,
            )
    if total == 0:
        raise ShapeError("max_total_size should be > 0 ", "max_total_size must be > 0")
    if not op.attrs["pad_per_class"] or total is None:
        return total
    return None if of_class is None or classes is None else min(total, of_class * classes)


@COMBINED.numpy
def _(
    boxes: Array,
    scores: Array,
    of_class: Array,
    total: Array,
    iou_threshold: Array,
    score_threshold: Array,
    *,
    pad_per_class: bool,
    clip_boxes: bool,
) -> tuple[Array, ...]:
    if total <= 0:
        raise KernelError("max_total_size must be > 0")
    _in_unit(iou_threshold)
    most, size = int(of_class), int(total)
    if pad_per_class:
        size = min(size, most * scores.shape[2])
    batch = len(boxes)
    found = np.zeros((batch, size, 4), np.float32)
    points, labels = (np.zeros((batch, size), np.float32) for _ in range(2))
    count = np.zeros(batch, np.int32)
    for i in range(batch):
        some = _image_nms.combined(boxes[i], scores[i], most, size, iou_threshold, score_threshold)
        count[i] = n = len(some[0])
        found[i, :n], points[i, :n], labels[i, :n] = some
    return np.clip(found, 0, 1) if clip_boxes else found, points, labels, count


# --- public functions ---
@export("image.non_max_suppression")
def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _INFINITE,
    name: str | None = None,
) -> Tensor:
    """Returns the indices of the best boxes that do not overlap each other much.

    Args:
        boxes: [n, 4], two opposite corners (y, x, y, x) of each.
        scores: [n].
        max_output_size: how many at most, an int32 scalar.
        iou_threshold: how much of what they cover together two may share, from 0 to 1.
        score_threshold: a box must have more.
        name: the name of the scope.

    Returns:
        int32 [m], the best first.

    Raises:
        ValueError: if the shapes do not fit.
    """
    with scopes.name_scope(name, "non_max_suppression"):
        overlap = convert.convert_to_tensor(iou_threshold, name="iou_threshold")
        least = convert.convert_to_tensor(score_threshold, name="score_threshold")
        found: Tensor = apply(
            NON_MAX_SUPPRESSION_V3, boxes, scores, max_output_size, overlap, least
        )
        return found


@export("image.non_max_suppression_with_scores")
def non_max_suppression_with_scores(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _INFINITE,
    soft_nms_sigma: Any = 0.0,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """As `non_max_suppression`, and overlapping boxes may lose some of their score instead.

    Args:
        boxes: [n, 4], two opposite corners (y, x, y, x) of each.
        scores: [n].
        max_output_size: how many at most, an int32 scalar.
        iou_threshold: how much of what they cover together two may share, from 0 to 1.
        score_threshold: a box must have more in the end.
        soft_nms_sigma: scores fall by `exp(-overlap**2 / (2 sigma))`; 0: boxes are left out.
        name: the name of the scope.

    Returns:
        int32 indices [m] and scores [m], the best first.

    Raises:
        ValueError: if the shapes do not fit.

    Source: Bodla et al., Soft-NMS, https://arxiv.org/abs/1704.04503.
    """
    with scopes.name_scope(name, "non_max_suppression_with_scores"):
        overlap = convert.convert_to_tensor(iou_threshold, name="iou_threshold")
        least = convert.convert_to_tensor(score_threshold, name="score_threshold")
        sigma = convert.convert_to_tensor(soft_nms_sigma, name="soft_nms_sigma")
        found = apply(
            NON_MAX_SUPPRESSION_V5, boxes, scores, max_output_size, overlap, least, sigma,
            pad_to_max_output_size=False,
        )  # fmt: skip
        return found.selected_indices, found.selected_scores


@export("image.non_max_suppression_padded")
def non_max_suppression_padded(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _INFINITE,
    pad_to_max_output_size: bool = False,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """As `non_max_suppression`, with zeros behind the indices.

    Args:
        boxes: [n, 4], two opposite corners (y, x, y, x) of each.
        scores: [n].
        max_output_size: how many at most, an int32 scalar.
        iou_threshold: how much of what they cover together two may share, from 0 to 1.
        score_threshold: a box must have more.
        pad_to_max_output_size: whether there are `max_output_size` indices in any case.
        name: the name of the scope.

    Returns:
        int32 indices, and how many of them are boxes.

    Raises:
        ValueError: if the shapes do not fit.
    """
    with scopes.name_scope(name, "non_max_suppression_padded"):
        overlap = convert.convert_to_tensor(iou_threshold, name="iou_threshold")
        least = convert.convert_to_tensor(score_threshold, name="score_threshold")
        found: tuple[Tensor, Tensor] = apply(
            NON_MAX_SUPPRESSION_V4, boxes, scores, max_output_size, overlap, least,
            pad_to_max_output_size=pad_to_max_output_size,
        )  # fmt: skip
        return found


@export("image.non_max_suppression_overlaps")
def non_max_suppression_overlaps(
    overlaps: Any,
    scores: Any,
    max_output_size: Any,
    overlap_threshold: Any = 0.5,
    score_threshold: Any = _INFINITE,
    name: str | None = None,
) -> Tensor:
    """As `non_max_suppression`, of things whose overlaps are known.

    Args:
        overlaps: [n, n].
        scores: [n].
        max_output_size: how many at most, an int32 scalar.
        overlap_threshold: the largest overlap that two may have.
        score_threshold: a thing must have more.
        name: the name of the scope.

    Returns:
        int32 [m], the best first.

    Raises:
        ValueError: if the shapes do not fit.
    """
    with scopes.name_scope(name, "non_max_suppression_overlaps"):
        overlap = convert.convert_to_tensor(overlap_threshold, name="overlap_threshold")
        found: Tensor = apply(
            WITH_OVERLAPS, overlaps, scores, max_output_size, overlap, score_threshold
        )
        return found


@export("image.combined_non_max_suppression")
def combined_non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size_per_class: Any,
    max_total_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _INFINITE,
    pad_per_class: bool = False,
    clip_boxes: bool = True,
    name: str | None = None,
) -> Any:
    """Returns the best boxes of each image, chosen class by class.

    Args:
        boxes: [b, n, q, 4], corners (y, x, y, x); q is 1, or the number of classes.
        scores: [b, n, classes].
        max_output_size_per_class: how many of a class at most, an int32 scalar.
        max_total_size: how many of an image at most, an int32 scalar.
        iou_threshold: how much of what they cover together two of a class may share.
        score_threshold: a box must have more.
        pad_per_class: whether the results are no longer than all classes can fill.
        clip_boxes: whether corners are kept within 0 and 1.
        name: the name of the scope.

    Returns:
        (boxes [b, m, 4], scores [b, m], classes [b, m] as floats, how many are valid [b]); behind
        those there are zeros.

    Raises:
        ValueError: if the shapes do not fit.
    """
    with scopes.name_scope(name, "combined_non_max_suppression"):
        overlap = convert.convert_to_tensor(iou_threshold, float32, "iou_threshold")
        least = convert.convert_to_tensor(score_threshold, float32, "score_threshold")
        return apply(
            COMBINED, boxes, scores, max_output_size_per_class, max_total_size, overlap, least,
            pad_per_class=pad_per_class, clip_boxes=clip_boxes,
        )  # fmt: skip
