"""Discrete Fourier transforms of real numbers, and back: half of the spectrum says it all."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.constant import constant_value, partial_value
from graphflow.core.convert import convert, convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import complex64, float32, int32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import publish
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank, need_rank_at_least
from graphflow.ops.concat import concat
from graphflow.ops.fft import check_rank
from graphflow.ops.fill import ones, zeros, zeros_like
from graphflow.ops.pad import pad
from graphflow.ops.shape_ops import rank, shape
from graphflow.ops.stack import stack, unstack

Array = np.ndarray[Any, Any]


# --- operations ---
def _transform(axes: int, forward: bool) -> OpDef:
    name = ("RFFT" if forward else "IRFFT") + {1: "", 2: "2D", 3: "3D"}[axes]
    types = ("float32", "complex64") if forward else ("complex64", "float32")
    made = define(f"{name}(input: {types[0]}, fft_length: int32) -> output: {types[1]}")

    @made.shape
    def _(op: Operation) -> list[Dims]:
        return [_shape(op, axes, forward)]

    if axes == 3:
        made.no_gradient("TensorFlow registers none", raises=True)
    else:
        made.gradient(_forward_gradient(axes) if forward else _inverse_gradient(axes))
    made.numpy(_forward_kernel(axes) if forward else _inverse_kernel(axes))
    return made


def _shape(op: Operation, axes: int, forward: bool) -> Dims:
    dims = op.inputs[0].dims
    need_rank_at_least(dims, axes, f"Input must have rank of at least {axes} but got: {text(dims)}")
    run = f"fft_length must have shape [{axes}]"
    (count,) = need_rank(op.inputs[1].dims, 1, run)
    if count not in (None, axes):
        raise ShapeError(f"Dimension must be {axes} but is {count}", run)
    sizes = op.constant(1)
    if dims is None:
        return None
    if sizes is None:
        return (*dims[:-axes], *[None] * axes)
    asked = sizes.tolist()
    if forward and asked[-1]:
        asked[-1] = asked[-1] // 2 + 1
    return (*dims[:-axes], *asked)


def _check_sizes(x: Array, sizes: list[int], forward: bool) -> None:
    for i, n in enumerate(sizes):
        is_last = i == len(sizes) - 1
        least = (n // 2 + 1 if is_last and not forward else n) % (1 << 64)  # as C counts sizes
        axis = x.ndim - len(sizes) + i
        if 0 < x.shape[axis] < least:
            raise KernelError(
                f"Input dimension {axis} must have length of at least {least} but got: "
                f"{x.shape[axis]}"
            )


def _forward_kernel(axes: int) -> Any:
    last = tuple(range(-axes, 0))

    def kernel(x: Array, fft_length: Array) -> Array:
        check_rank(x, axes)
        sizes = fft_length.tolist()
        _check_sizes(x, sizes, True)
        outer = x.shape[: x.ndim - axes]
        made = (*outer, *sizes[:-1], sizes[-1] // 2 + 1 if sizes[-1] else 0)
        if not x.size or 0 in sizes:
            return np.zeros(made, np.complex64)
        return np.ascontiguousarray(np.fft.rfftn(x, sizes, last), np.complex64)

    return kernel


def _inverse_kernel(axes: int) -> Any:
    last = tuple(range(-axes, 0))

    def kernel(x: Array, fft_length: Array) -> Array:
        check_rank(x, axes)
        sizes = fft_length.tolist()
        _check_sizes(x, sizes, False)
        if not x.size or 0 in sizes:
            return np.zeros((*x.shape[: x.ndim - axes], *sizes), np.float32)
        return np.ascontiguousarray(np.fft.irfftn(x, sizes, last), np.float32)

    return kernel


# --- gradients ---
def _forward_gradient(axes: int) -> Any:
    # The adjoint is an inverse transform too: it counts twice what stands for its mirror image.
    def gradient(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
        length = op.inputs[1]
        weights = _times_count(_ends(dy, length, 0.5), length, 1)
        found = apply(IRFFT[axes], _weighted(dy, weights), length)
        return _as_large(found, op.inputs[0], axes), None

    return gradient


def _inverse_gradient(axes: int) -> Any:
    def gradient(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
        length = op.inputs[1]
        made = apply(RFFT[axes], dy, length)
        found = _weighted(made, _times_count(_ends(made, length, 2.0), length, -1))
        return _as_large(found, op.inputs[0], axes), None

    return gradient


def _weighted(x: Tensor, weights: Any) -> Tensor:
    found: Tensor = apply("Mul", x, apply("Cast", convert(weights, float32), DstT=complex64))
    return found


def _known(length: Tensor) -> list[int] | None:
    known = constant_value(length) if length._made_by == "Const" else None
    return None if known is None else known.tolist()


def _ends(spectrum: Tensor, length: Tensor, middle: float) -> Any:
    """A weight for each place of half a spectrum: 1 where it has no mirror image, else `middle`."""
    known = _known(length)
    if known is not None:
        n = known[-1]
        weights = np.full(n // 2 + 1, middle, np.float32)
        weights[0] = 1
        weights[n // 2 + n % 2 :] = 1
        return weights
    odd = apply("FloorMod", length[-1], 2)
    between = apply("Shape", spectrum)[-1] - 2 + odd
    inner = apply("Fill", stack([between]), np.float32(middle))
    return concat([[1.0], inner, ones(stack([1 - odd]))], 0)


def _times_count(weights: Any, length: Tensor, power: int) -> Any:
    """Weights times (power 1) or divided by (power -1) the number of elements of a signal."""
    known = _known(length)
    if known is not None:
        factor = np.float32(math.prod(known))
        return weights * factor if power > 0 else weights / factor
    total = apply("Cast", apply("Prod", length, [0]), DstT=float32)
    return apply("Mul" if power > 0 else "RealDiv", weights, total)


def _as_large(x: Tensor, like: Tensor, axes: int) -> Tensor:
    """A gradient in the shape of the input: what a transform left out gets zeros."""
    wanted, own = like.dims, x.dims
    if wanted is not None and own is not None and None not in (*wanted[-axes:], *own[-axes:]):
        if wanted[-axes:] == own[-axes:]:
            return x
        missing = [b - a for a, b in zip(own[-axes:], wanted[-axes:], strict=True)]  # type: ignore[operator]  # both known
        front = [[0, 0]] * (len(own) - axes)
        return apply("Pad", x, np.array([*front, *[[0, m] for m in missing]], np.int32))  # type: ignore[no-any-return]  # one output
    missing = apply("Sub", apply("Shape", like), apply("Shape", x))
    found: Tensor = apply("Pad", x, stack([zeros_like(missing), missing], axis=1))
    return found


RFFT = {axes: _transform(axes, True) for axes in (1, 2, 3)}
IRFFT = {axes: _transform(axes, False) for axes in (1, 2, 3)}


# --- public functions ---
def _default_length(x: Tensor, axes: int, forward: bool) -> Tensor:
    """The sizes of the signal as the input gives them away."""
    sizes = x.get_shape()[-axes:]
    if not sizes.is_fully_defined():
        if forward:
            return shape(x)[-axes:]
        unpacked = unstack(shape(x)[-axes:])
        unpacked[-1] = apply("Maximum", 0, 2 * (unpacked[-1] - 1))
        return stack(unpacked)
    known = sizes.as_list()
    if not forward and known:
        known[-1] = max(0, 2 * (known[-1] - 1))
    return convert_to_tensor(known, int32)


def _padded(x: Tensor, axes: int, length: Tensor, forward: bool) -> Tensor:
    """The input with zeros at the end of each axis that is shorter than asked for."""
    if x.dims is not None and 0 in x.dims:
        return x
    asked = _static_length(length)
    if asked is not None and x.dims is not None:
        own = [d for d in x.dims[-len(asked) :] if d is not None]
        if len(own) == min(len(asked), len(x.dims)):
            return _padded_by(x, own, asked, forward)
    input_rank = rank(x)
    own_sizes = shape(x)[-axes:]
    outer = apply("Maximum", 0, input_rank - axes)
    front = zeros([outer], length.dtype.base_dtype)
    if not forward:
        length = concat([length[:-1], length[-1:] // 2 + 1], 0)
    behind = concat([front, apply("Maximum", 0, length - own_sizes)], 0)
    return pad(x, stack([zeros_like(behind), behind], axis=1))


def _padded_by(x: Tensor, own: list[int], asked: list[int], forward: bool) -> Tensor:
    if not forward:
        asked = [*asked[:-1], asked[-1] // 2 + 1]
    missing = [[0, max(a - b, 0)] for a, b in zip(asked, own, strict=False)]
    if not any(behind for _, behind in missing):
        return x
    return pad(x, [[0, 0]] * max(len(x.dims or ()) - len(asked), 0) + missing)


def _static_length(length: Tensor) -> list[int] | None:
    found = partial_value(length)
    return None if found is None or None in found else found


_DOC = """Returns the {what} along the last {axes}.

    Args:
        input_tensor: {input}.
        fft_length: how many {count} along each of these axes; None: {default}.
            A shorter input gets zeros at its end, a longer one is cut.
        name: the name of the scope and the node.

    Raises:
        ValueError: if the input has too few axes.
    """


def _public(axes: int, forward: bool) -> Any:
    kind = "rfft" if forward else "irfft"
    name = kind + {1: "", 2: "2d", 3: "3d"}[axes]
    definition = (RFFT if forward else IRFFT)[axes]
    element = float32 if forward else complex64

    def transform(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
        with scopes.name_scope(name, default_name, [input_tensor, fft_length]) as scope:
            x = convert_to_tensor(input_tensor, element)
            x.get_shape().with_rank_at_least(axes)
            if fft_length is None:
                length = _default_length(x, axes, forward)
            else:
                length = convert_to_tensor(fft_length, int32)
            x = _padded(x, axes, length, forward)
            found: Tensor = apply(definition, x, length, name=scope)
        return found

    default_name = transform.__name__ = transform.__qualname__ = name
    transform.__doc__ = _describe(axes, forward)
    publish(transform, f"signal.{name}", f"spectral.{name}")
    return transform


def _describe(axes: int, forward: bool) -> str:
    words = {1: "axis", 2: "two axes", 3: "three axes"}[axes]
    sizes = ", ".join(["...", *["k", "m", "n"][3 - axes :]])
    if forward:
        return _DOC.format(
            what="first halves of the Fourier transforms of real numbers",
            axes=words,
            input=f"float32: [{sizes}]; n // 2 + 1 numbers come out along the last axis",
            count="numbers are transformed",
            default="all",
        )
    return _DOC.format(
        what="real numbers that have these halves of Fourier transforms",
        axes=words,
        input=f"complex64: [{sizes}]",
        count="numbers come out",
        default="2 * (n - 1) along the last one",
    )


rfft, rfft2d, rfft3d = (_public(axes, True) for axes in (1, 2, 3))
irfft, irfft2d, irfft3d = (_public(axes, False) for axes in (1, 2, 3))
