"""Kernels that work in parts give the same whatever the parts: tiny ones, or all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphflow.ops import _conv3d_kernels, _depthwise_kernels

Array = np.ndarray[Any, Any]
BLOCKS = (1, 700, 5_000, 1 << 24)
every_block = pytest.mark.parametrize("size", BLOCKS)
every_stride = pytest.mark.parametrize("stride", [1, 2, 3])
every_padding = pytest.mark.parametrize("padding", ["SAME", "VALID"])


def data(*sizes: int) -> Array:
    """Numbers that are the same in every run."""
    return np.random.RandomState(sum(sizes)).normal(size=sizes)


def windows(x: Array, w: Array, strides: list[int], padding: str, put: Callable[..., Any]) -> None:
    """Calls `put(position, window)` for each window of the padded input, one by one."""
    rank = x.ndim - 2
    outs, pads = [], []
    for i in range(rank):
        size, kernel, stride = x.shape[i + 1], w.shape[i], strides[i]
        out = -(-size // stride) if padding == "SAME" else (size - kernel) // stride + 1
        needed = max(0, (out - 1) * stride + kernel - size) if padding == "SAME" else 0
        outs.append(out)
        pads.append((needed // 2, needed - needed // 2))
    padded = np.pad(x, [(0, 0), *pads, (0, 0)])
    for at in np.ndindex(*outs):
        start = [a * s for a, s in zip(at, strides, strict=True)]
        part = [slice(b, b + k) for b, k in zip(start, w.shape, strict=False)]
        put(at, padded[(slice(None), *part)])


@every_block
@every_stride
@every_padding
def test_volumes_are_convolved_alike_in_any_tiles(
    monkeypatch: pytest.MonkeyPatch, size: int, stride: int, padding: str
) -> None:
    monkeypatch.setattr(_conv3d_kernels, "BLOCK_BYTES", size)
    x, w = data(3, 5, 6, 7, 2), data(2, 3, 2, 2, 4)
    attrs = {
        "strides": [1, stride, stride, stride, 1],
        "dilations": [1] * 5,
        "padding": padding,
        "data_format": "NDHWC",
    }
    y = _conv3d_kernels.conv3d(x, w, **attrs)
    wanted = np.zeros_like(y)

    def put(at: Any, part: Array) -> None:
        wanted[(slice(None), *at)] = np.tensordot(part, w, 4)

    windows(x, w, [stride] * 3, padding, put)
    np.testing.assert_allclose(y, wanted)
    dy = data(*y.shape)
    dx = _conv3d_kernels.conv3d_backprop_input(x.shape, w, dy, **attrs)
    dw = _conv3d_kernels.conv3d_backprop_filter(x, w.shape, dy, **attrs)
    # Both are adjoints of the convolution, which is linear in each.
    np.testing.assert_allclose((dx * x).sum(), (dy * y).sum())
    np.testing.assert_allclose((dw * w).sum(), (dy * y).sum())


@every_block
@every_stride
@every_padding
@pytest.mark.parametrize("channels", [3, 70])
@pytest.mark.parametrize("many", [1, 2])
def test_channels_are_convolved_alike_in_any_parts(
    monkeypatch: pytest.MonkeyPatch, size: int, stride: int, padding: str, channels: int, many: int
) -> None:
    monkeypatch.setattr(_depthwise_kernels, "BLOCK_BYTES", size)
    x, w = data(3, 7, 6, channels), data(3, 2, channels, many)
    y = _depthwise_kernels.depthwise(x, w, stride, padding)
    wanted = np.zeros_like(y)

    def put(at: Any, part: Array) -> None:
        wanted[(slice(None), *at)] = np.einsum("nhwc,hwcm->ncm", part, w).reshape(len(x), -1)

    windows(x, w, [stride] * 2, padding, put)
    np.testing.assert_allclose(y, wanted, atol=1e-12)
    dy = data(*y.shape)
    dx = _depthwise_kernels.depthwise_backprop_input(x.shape, w, dy, stride, padding)
    dw = _depthwise_kernels.depthwise_backprop_filter(x, w.shape, dy, stride, padding)
    np.testing.assert_allclose((dx * x).sum(), (dy * y).sum())
    np.testing.assert_allclose((dw * w).sum(), (dy * y).sum())
