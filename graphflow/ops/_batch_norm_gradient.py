"""The gradient of the gradient of batch normalization, in plain operations.

With the normal images `h = (x - mean) * r`, `r = rsqrt(variance + epsilon)` and means over all but
the channels, the first gradient is

    dx = scale * r * (dy - mean(dy) - h * mean(dy * h)),  dscale = sum(dy * h),  doffset = sum(dy)

Its own gradient follows from `L = sum(a * dx) + sum(b * dscale) + sum(c * doffset)`, where `a`, `b`
and `c` are what arrives. The statistics are computed again from the images, so that the result can
be differentiated once more.
"""

from __future__ import annotations

from typing import Any

from graphflow.core.declare import apply
from graphflow.core.dtypes import float32
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.split import known_dys

Gradients = tuple[Tensor, Tensor, Tensor]
"""By the first gradient `dy`, the images and the scale."""


def second_gradient(op: Operation, dys: tuple[Tensor | None, ...]) -> Gradients:
    """Returns the gradients by `y_backprop`, `x` and `scale` of a FusedBatchNormGrad.

    Args:
        op: the operation, of any version.
        dys: the gradients of its outputs; None: none.
    """
    a, b, c = known_dys(op, dys)[:3]
    dy, x, scale = op.inputs[:3]
    layout = _Layout(op.attrs["data_format"] == "NCHW")
    wide = [cast(t, float32) for t in (a, dy, x)]
    vectors = [layout.beside(t) for t in (b, c, scale)]
    epsilon = op.attrs["epsilon"]
    if op.attrs["is_training"]:
        by_dy, by_x, by_scale = _of_batch(layout, wide, vectors, epsilon)
    else:
        statistics = [layout.beside(t) for t in op.inputs[3:5]]
        by_dy, by_x, by_scale = _of_constants(layout, wide, vectors, statistics, epsilon)
    return cast(by_dy, x.dtype), cast(by_x, x.dtype), apply("Reshape", by_scale, [-1])


class _Layout:
    """Where the channels are, and what broadcasts against the images."""

    def __init__(self, first: bool) -> None:
        self.first = first
        self.axes = [0, 2, 3] if first else [0, 1, 2]

    def beside(self, vector: Tensor) -> Any:
        """Numbers of the channels, in a shape that broadcasts."""
        return apply("Reshape", vector, [1, -1, 1, 1]) if self.first else vector

    def mean(self, x: Any) -> Any:
        """The mean of each channel."""
        return apply("Mean", x, self.axes, keep_dims=True)

    def sum(self, x: Any) -> Any:
        """The sum of each channel."""
        return apply("Sum", x, self.axes, keep_dims=True)


def _of_batch(layout: _Layout, images: list[Any], vectors: list[Any], epsilon: float) -> Gradients:
    """The gradients where mean and variance are those of the batch."""
    (a, dy, x), (b, c, scale) = images, vectors
    mean = layout.mean
    centered = x - mean(x)
    r = apply("Rsqrt", mean(apply("Square", centered)) + epsilon)
    h = centered * r
    of_a, of_dy = mean(a * h), mean(dy * h)
    by_dy = scale * r * (a - mean(a) - h * of_a) + b * h + c
    shared = a * (dy - mean(dy) - h * of_dy)  # its sum, times the scale, is the part of dx in L
    # By h, and by r, which both depend on the images.
    by_h = b * dy - scale * r * (of_dy * a + of_a * dy)
    by_x = r * (by_h - mean(by_h) - h * (mean(by_h * h) + scale * r * mean(shared)))
    return by_dy, by_x, r * layout.sum(shared)


def _of_constants(
    layout: _Layout, images: list[Any], vectors: list[Any], statistics: list[Any], epsilon: float
) -> Gradients:
    """The gradients where mean and variance were given."""
    (a, dy, x), (b, c, scale) = images, vectors
    r = apply("Rsqrt", statistics[1] + epsilon)
    by_dy = scale * r * a + b * r * (x - statistics[0]) + c
    return by_dy, b * r * dy, r * layout.sum(a * dy)
