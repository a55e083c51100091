"""Binds chains of steps on images: NumPy runs all of them on some images, then on the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from graphflow.plan.blocks import Blocked
from graphflow.plan.record import Literal, Step, Steps

Array = np.ndarray[Any, Any]


def bound_blocks(chain: Blocked, steps: Steps, arrays: Mapping[int, Array]) -> Callable[..., Any]:
    """Returns the function of a chain: it takes what all parts read, and returns the last result.

    Args:
        chain: the chain.
        steps: the plan it belongs to.
        arrays: the buffers of this run, by slot.
    """
    parts, images = chain.step.parts, chain.images
    slot = chain.step.outputs[0]
    n, *_ = shape = _sizes(steps, slot)
    reads = chain.step.args
    buffers = _buffers(parts, steps, images)
    source = parts[0].args[0]

    def run(*inputs: Any) -> Any:
        values = dict(zip(reads, inputs, strict=True))
        images_in = values[source]
        out = arrays.get(slot)
        if out is None:
            out = np.empty(shape, _kind(steps, slot))
        for start in range(0, n, images):
            stop = min(start + images, n)
            values[source] = images_in[start:stop]
            for part in parts:
                made = part.outputs[0]
                place = out[start:stop] if made == slot else buffers[made][: stop - start]
                args = [a.value if a.__class__ is Literal else values[a] for a in part.args]
                values[made] = part.function(*args, out=place, **part.options)
        return out

    return run


def _sizes(steps: Steps, slot: int) -> tuple[int, ...]:
    return tuple([int(d or 0) for d in steps.dims[slot] or ()])


def _kind(steps: Steps, slot: int) -> Any:
    dtype = steps.dtypes[slot]
    assert dtype is not None  # the pass has looked
    return np.dtype(dtype.as_numpy_dtype)


def _buffers(parts: tuple[Step, ...], steps: Steps, images: int) -> dict[int, Array]:
    """Arrays for the values inside; elementwise steps write over what they read."""
    found: dict[int, Array] = {}
    for part in parts[:-1]:
        made = part.outputs[0]
        before = next((found[a] for a in part.args if a in part.in_place and a in found), None)
        if before is None:
            before = np.empty((images, *_sizes(steps, made)[1:]), _kind(steps, made))
        found[made] = before
    return found
