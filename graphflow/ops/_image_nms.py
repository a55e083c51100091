"""Boxes chosen by score, without those that overlap better ones.

Boxes are [n, 4], two opposite corners (y, x, y, x) in any order. Candidates are taken from the best
score on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphflow.ops._tied_heap import TiedHeap

Array = np.ndarray[Any, Any]
Overlap = Callable[[int, Array], Array]


def corners(boxes: Array) -> Array:
    """Boxes as [n, 4] with the lower corner first."""
    first, second = boxes[:, :2], boxes[:, 2:]
    return np.concatenate([np.minimum(first, second), np.maximum(first, second)], 1)


def box_overlap(boxes: Array) -> Overlap:
    """A function of a box and others: the shared part of what each pair covers together."""
    sides = corners(boxes)
    areas = (sides[:, 2] - sides[:, 0]) * (sides[:, 3] - sides[:, 1])

    def overlap(one: int, others: Array) -> Array:
        near, far = sides[others], sides[one]
        low = np.maximum(near[:, :2], far[:2])
        high = np.minimum(near[:, 2:], far[2:])
        size = np.maximum(high - low, 0)
        shared = size[:, 0] * size[:, 1]
        with np.errstate(all="ignore"):
            found = shared / (areas[one] + areas[others] - shared)
        # A box without an area overlaps nothing.
        some = (areas[others] > 0) & (areas[one] > 0)
        shares: Array = np.where(some, found, found.dtype.type(0))
        return shares

    return overlap


def _candidates(scores: Array, threshold: Any) -> Array:
    """The indices of scores above a threshold, the best first."""
    found = np.flatnonzero(scores > threshold)
    order: Array = found[np.argsort(-scores[found], kind="stable")]
    return order


def greedy(
    scores: Array, overlap: Overlap, most: int, overlap_threshold: Any, score_threshold: Any
) -> Array:
    """Returns the indices of the boxes that are chosen.

    Args:
        scores: [n].
        overlap: how far one box overlaps others.
        most: how many to choose; negative: as many as there are.
        overlap_threshold: a box that overlaps a chosen one so much, or more, is left out.
        score_threshold: a box must have more.

    Note:
        TensorFlow 1.15 looks at a chosen box once more, and leaves it out for overlapping itself.
        One that does not (it has no area, say) is chosen again and again until there are enough.
    """
    left = _candidates(scores, score_threshold)
    chosen: list[int] = []
    while left.size and len(chosen) != most:
        best = left[0]
        near = overlap(int(best), left)
        chosen.append(int(best))
        if not near[0] >= overlap_threshold:
            chosen += [int(best)] * (most - len(chosen))
            break
        left = left[~(near >= overlap_threshold)]
    return np.array(chosen, np.int32)


def looked_through(
    scores: Array,
    overlap: Overlap,
    most: int,
    overlap_threshold: Any,
    score_threshold: Any,
    sigma: Any,
) -> tuple[Array, Array]:
    """Returns the indices of the boxes that are chosen, and their scores, one box after the other.

    A box that overlaps a chosen one less than the threshold is not left out: its score falls by
    `exp(-overlap**2 / (2 sigma))`.

    Args:
        scores: [n].
        overlap: how far one box overlaps others.
        most: how many to choose; negative: as many as there are.
        overlap_threshold: a box that overlaps a chosen one so much, or more, is left out.
        score_threshold: a box must have more, after all.
        sigma: 0: scores do not fall.

    Note: chosen boxes are looked at once more, as in `greedy`.
    """
    kind = scores.dtype.type
    scale = kind(-0.5) / kind(sigma) if sigma > 0 else kind(0)
    most = len(scores) if most < 0 else most
    heap = _heap(scores, score_threshold)
    chosen: list[int] = []
    kept: list[Any] = []
    while heap and len(chosen) < most:
        score, box, seen = heap.pop()
        near = overlap(box, np.array(chosen[seen:][::-1], np.intp))
        lower, here = score, len(chosen)
        for share in near:
            lower = kind(
                lower * (np.exp(scale * share * share) if share <= overlap_threshold else 0)
            )
            if share >= overlap_threshold or lower <= score_threshold:
                break
        else:
            if lower == score:
                chosen.append(box)
                kept.append(lower)
            heap.push((lower, box, here))
    return np.array(chosen, np.int32), np.array(kept, scores.dtype)


def _heap(scores: Array, threshold: Any) -> TiedHeap:
    heap = TiedHeap()
    for i in np.flatnonzero(scores > threshold).tolist():
        heap.push((scores[i], i, 0))
    return heap


def choose(
    scores: Array,
    overlap: Overlap,
    most: int,
    overlap_threshold: Any,
    score_threshold: Any,
    sigma: Any = 0,
) -> tuple[Array, Array]:
    """As `looked_through`; by `greedy`, which is fast, where the two agree."""
    limits = most, overlap_threshold, score_threshold
    if sigma > 0 or _has_ties(scores):
        return looked_through(scores, overlap, *limits, sigma)
    found = greedy(scores, overlap, *limits)
    return found, scores[found]


def _has_ties(scores: Array) -> bool:
    return np.unique(scores).size < scores.size


def _of_class(
    scores: Array, overlap: Overlap, most: int, overlap_threshold: Any, score_threshold: Any
) -> Array:
    """As `greedy`; a box is left out for more overlap than the threshold, and chosen once."""
    left = _candidates(scores, score_threshold)
    chosen: list[int] = []
    while left.size and len(chosen) != most:
        best, left = int(left[0]), left[1:]
        chosen.append(best)
        left = left[~(overlap(best, left) > overlap_threshold)]
    return np.array(chosen, np.intp)


def combined(
    boxes: Array,
    scores: Array,
    most_of_class: int,
    most: int,
    overlap_threshold: Any,
    score_threshold: Any,
) -> tuple[Array, Array, Array]:
    """Returns the boxes chosen among all classes of one image, their scores and their classes.

    Args:
        boxes: [n, q, 4]; q is 1, or the number of classes.
        scores: [n, classes].
        most_of_class: how many to choose of a class; negative: as many as there are.
        most: how many to choose in all.
        overlap_threshold: a box that overlaps a chosen one of its class by more is left out.
        score_threshold: a box must have more.

    Note: of more than 16 boxes with equal scores TensorFlow's order is that of C++'s unstable sort;
    here it is that of the classes.
    """
    parts = []
    for label in range(scores.shape[1]):
        own = boxes[:, label if boxes.shape[1] > 1 else 0]
        points = np.ascontiguousarray(scores[:, label])
        limits = most_of_class, overlap_threshold, score_threshold
        found = _of_class(points, box_overlap(own), *limits)
        parts.append((own[found], points[found], np.full(len(found), label, np.float32)))
    if not parts:
        return np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.float32)
    all_boxes, points, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(-points, kind="stable")[:most]
    return all_boxes[order], points[order], labels[order]
