"""Keras' layers that pad, crop or enlarge signals, images and volumes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.models import layers_arguments as arguments
from graphflow.nets import layer_arguments
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.keras_layer import Layer
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.pad import pad
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.split import split
from graphflow.ops.tile import tile
from graphflow.ops.transpose import transpose

Amounts = tuple[tuple[int, int], ...]


class _Spatial(Layer):
    """A layer of images or volumes with one setting for each spatial axis."""

    spatial: ClassVar[int]
    data_format: str

    def _settle(self, data_format: str | None) -> None:
        given = arguments.data_format(data_format)
        self._first = layer_arguments.channels_first(given)
        self.data_format = "channels_first" if self._first else "channels_last"
        self.input_spec = InputSpec(ndim=self.spatial + 2)

    def _axes(self) -> range:
        start = 2 if self._first else 1
        return range(start, start + self.spatial)


def _ends(given: Any, n: int, name: str, short: str) -> Amounts:
    """An amount before and one after along each of `n` axes."""
    if isinstance(given, int):
        return ((given, given),) * n
    if not hasattr(given, "__len__"):
        raise ValueError(_kinds(given, n, name, short))
    if len(given) != n:
        number = "two" if n == 2 else n
        raise ValueError(f"`{name}` should have {number} elements. Found: {given}")
    found = [
        layer_arguments.sizes(entry, 2, f"{place} entry of {name}")
        for entry, place in zip(given, ("1st", "2nd", "3rd"), strict=False)
    ]
    return tuple((first, last) for first, last in found)


def _kinds(given: Any, n: int, name: str, short: str) -> str:
    if n == 2:
        symmetric = f"symmetric_height_{short}, symmetric_width_{short}"
        ends = f"(top_{short}, bottom_{short}), (left_{short}, right_{short})"
    else:
        symmetric = ", ".join(f"symmetric_dim{i}_{short}" for i in (1, 2, 3))
        # The last name is TensorFlow's own slip.
        ends = ", ".join(f"(left_dim{i}_{short}, right_dim{min(i, 2)}_{short})" for i in (1, 2, 3))
    return (
        f"`{name}` should be either an int, a tuple of {n} ints ({symmetric}), or a tuple of {n} "
        f"tuples of 2 ints ({ends}). Found: {given}"
    )


# --- padding ---
@export("keras.layers.ZeroPadding1D")
class ZeroPadding1D(Layer):
    """A layer that puts zeros before and after signals.

    Args:
        padding: how many: one number, or one before and one after.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if it is neither.
    """

    CONFIG = ("padding",)

    def __init__(self, padding: Any = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = layer_arguments.sizes(padding, 2, "padding")
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        """Returns the result for [n, steps, features]."""
        return pad(inputs, [[0, 0], list(self.padding), [0, 0]])

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        n, steps, features = as_shape(input_shape).as_list()
        return TensorShape([n, None if steps is None else steps + sum(self.padding), features])


class _ZeroPadding(_Spatial):
    """What puts zeros around images or volumes."""

    CONFIG = ("padding", "data_format")
    padding: Amounts

    def call(self, inputs: Any) -> Any:
        """Returns the result for images or volumes."""
        around = [list(amounts) for amounts in self.padding]
        return pad(inputs, [[0, 0], [0, 0], *around] if self._first else [[0, 0], *around, [0, 0]])

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        sizes = as_shape(input_shape).as_list()
        for axis, amounts in zip(self._axes(), self.padding, strict=True):
            size = sizes[axis]
            sizes[axis] = None if size is None else size + sum(amounts)
        return TensorShape(sizes)


@export("keras.layers.ZeroPadding2D")
class ZeroPadding2D(_ZeroPadding):
    """A layer that puts zeros around images.

    Args:
        padding: how many: one number, one for height and one for width, or for each of them one
            before and one after.
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    spatial = 2

    def __init__(
        self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._settle(data_format)
        self.padding = _ends(padding, 2, "padding", "pad")


@export("keras.layers.ZeroPadding3D")
class ZeroPadding3D(_ZeroPadding):
    """A layer that puts zeros around volumes.

    Args:
        padding: how many: one number, one for each axis, or for each axis one before and one
            after.
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    spatial = 3

    def __init__(
        self, padding: Any = (1, 1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._settle(data_format)
        self.padding = _ends(padding, 3, "padding", "pad")


# --- cropping ---
@export("keras.layers.Cropping1D")
class Cropping1D(Layer):
    """A layer that cuts off the ends of signals.

    Args:
        cropping: how much: one number, or one before and one after.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if it is neither.
    """

    CONFIG = ("cropping",)

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = layer_arguments.sizes(cropping, 2, "cropping")
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        """Returns the result for [n, steps, features]."""
        return inputs[:, _inside(self.cropping), :]

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        n, steps, features = as_shape(input_shape).as_list()
        return TensorShape([n, None if steps is None else steps - sum(self.cropping), features])


def _inside(amounts: Any) -> slice:
    first, last = amounts
    return slice(first, -last if last else None)


class _Cropping(_Spatial):
    """What cuts off the borders of images or volumes."""

    CONFIG = ("cropping", "data_format")
    cropping: Amounts

    def call(self, inputs: Any) -> Any:
        """Returns the result for images or volumes."""
        kept = [_inside(amounts) for amounts in self.cropping]
        whole = slice(None)
        return inputs[(whole, whole, *kept) if self._first else (whole, *kept, whole)]

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        sizes = as_shape(input_shape).as_list()
        for axis, amounts in zip(self._axes(), self.cropping, strict=True):
            size = sizes[axis]
            sizes[axis] = None if size is None else size - sum(amounts)
        return TensorShape(sizes)


@export("keras.layers.Cropping2D")
class Cropping2D(_Cropping):
    """A layer that cuts off the borders of images.

    Args:
        cropping: how much: one number, one for height and one for width, or for each of them one
            before and one after.
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    spatial = 2

    def __init__(
        self,
        cropping: Any = ((0, 0), (0, 0)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._settle(data_format)
        self.cropping = _ends(cropping, 2, "cropping", "crop")


@export("keras.layers.Cropping3D")
class Cropping3D(_Cropping):
    """A layer that cuts off the borders of volumes.

    Args:
        cropping: how much: one number, one for each axis, or for each axis one before and one
            after.
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    spatial = 3

    def __init__(
        self,
        cropping: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._settle(data_format)
        self.cropping = _ends(cropping, 3, "cropping", "crop")


# --- enlarging ---
def repeated(x: Any, times: int, axis: int) -> Tensor:
    """Returns a tensor with each slice along an axis repeated.

    Args:
        x: the tensor.
        times: how often.
        axis: the axis.
    """
    sizes = x.shape.as_list()
    if sizes[axis] is not None:
        parts = split(x, sizes[axis], axis=axis)
        found: Tensor = concat([part for part in parts for _ in range(times)], axis)
        return found
    shape = shape_of(x)
    beside = np.ones(len(sizes) + 1)
    beside[axis + 1] = times
    wide = tile(expand_dims(x, axis + 1), beside)
    factors = np.ones(len(sizes))
    factors[axis] = times
    found = reshape(wide, shape * constant(factors, int32))
    found.set_shape(sizes)
    return found


@export("keras.layers.UpSampling1D")
class UpSampling1D(Layer):
    """A layer that repeats each step of signals.

    Args:
        size: how often.
        **kwargs: as `Layer`.
    """

    CONFIG = ("size",)

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = int(size)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        """Returns the result for [n, steps, features]."""
        return repeated(inputs, self.size, 1)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        n, steps, features = as_shape(input_shape).as_list()
        return TensorShape([n, None if steps is None else steps * self.size, features])


class _UpSampling(_Spatial):
    """What enlarges images or volumes."""

    size: tuple[int, ...]

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        sizes = as_shape(input_shape).as_list()
        for axis, factor in zip(self._axes(), self.size, strict=True):
            size = sizes[axis]
            sizes[axis] = None if size is None else size * factor
        return TensorShape(sizes)


@export("keras.layers.UpSampling2D")
class UpSampling2D(_UpSampling):
    """A layer that enlarges images.

    Args:
        size: how many times, one number or one for height and one for width.
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        interpolation: "nearest" or "bilinear".
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    CONFIG = ("size", "data_format", "interpolation")
    spatial = 2

    def __init__(
        self,
        size: Any = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._settle(data_format)
        self.size = layer_arguments.sizes(size, 2, "size")
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError(
                '`interpolation` argument should be one of `"nearest"` or `"bilinear"`.'
            )
        self.interpolation = interpolation

    def call(self, inputs: Any) -> Any:
        """Returns the result for images."""
        before = inputs.shape.as_list()
        start = 2 if self._first else 1
        wanted = shape_of(inputs)[start : start + 2]
        wanted *= constant(np.array(self.size, np.int32))
        images = transpose(inputs, (0, 2, 3, 1)) if self._first else inputs
        kind = "ResizeBilinear" if self.interpolation == "bilinear" else "ResizeNearestNeighbor"
        with scopes.name_scope("resize"):
            outputs = apply(kind, images, wanted, half_pixel_centers=True)
        if self._first:
            outputs = transpose(outputs, (0, 3, 1, 2))
        known = self.compute_output_shape(before).as_list()[start : start + 2]
        outputs.set_shape([None, None, *known] if self._first else [None, *known, None])
        return outputs


@export("keras.layers.UpSampling3D")
class UpSampling3D(_UpSampling):
    """A layer that repeats the elements of volumes along each axis.

    Args:
        size: how often, one number or one for each axis.
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    CONFIG = ("size", "data_format")
    spatial = 3

    def __init__(
        self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._settle(data_format)
        self.size = layer_arguments.sizes(size, 3, "size")

    def call(self, inputs: Any) -> Any:
        """Returns the result for volumes."""
        outputs = inputs
        for axis, times in zip(self._axes(), self.size, strict=True):
            outputs = repeated(outputs, times, axis)
        return outputs
