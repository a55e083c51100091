"""Pooling layers: the largest or average value of each window of signals, images and volumes."""

from __future__ import annotations

from typing import Any, ClassVar

from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.nets import keras_layer
from graphflow.nets import layer_arguments as arguments
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.layer import Layer
from graphflow.ops.pool import avg_pool, max_pool
from graphflow.ops.pool3d import avg_pool3d, max_pool3d
from graphflow.ops.reshape import expand_dims, squeeze
from graphflow.ops.transpose import transpose


class Pooling(keras_layer.Layer):
    """The base of the pooling layers; subclasses say the function and the spatial rank.

    Args:
        pool_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        name: the layer's name.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if there are no strides.
    """

    CONFIG = ("pool_size", "strides", "padding", "data_format")
    largest: ClassVar[bool]
    spatial: ClassVar[int]

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        if strides is None:
            raise ValueError("Argument `strides` must not be None.")
        super().__init__(name=name, **kwargs)
        self.pool_size = arguments.sizes(pool_size, self.spatial, "pool_size")
        self.strides = arguments.sizes(strides, self.spatial, "strides")
        self.padding = arguments.padding(padding)
        self._first = arguments.channels_first(data_format)
        self.data_format = "channels_first" if self._first else "channels_last"
        self.input_spec = InputSpec(ndim=self.spatial + 2)

    def call(self, inputs: Any) -> Any:
        """Returns the result.

        Args:
            inputs: signals, images or volumes, as `data_format` says.
        """
        if self.spatial == 3:
            return self._volumes(inputs)
        if self.spatial == 2:
            return self._pooled(inputs, self.pool_size, self.strides, self._first)
        axis = 3 if self._first else 2
        window, strides = (*self.pool_size, 1), (*self.strides, 1)
        wide = self._pooled(expand_dims(inputs, axis), window, strides, self._first)
        return squeeze(wide, axis)

    def _pooled(
        self, images: Any, window: tuple[int, ...], strides: tuple[int, ...], first: bool
    ) -> Tensor:
        pool = max_pool if self.largest else avg_pool
        outer = ((1, 1), ()) if first else ((1,), (1,))
        found: Tensor = pool(
            images,
            (*outer[0], *window, *outer[1]),
            (*outer[0], *strides, *outer[1]),
            self.padding.upper(),
            "NCHW" if first else "NHWC",
        )
        return found

    def _volumes(self, inputs: Any) -> Tensor:
        """Volumes pooled with their channels last, as TensorFlow does whatever the format."""
        pool = max_pool3d if self.largest else avg_pool3d
        if self._first:
            inputs = transpose(inputs, (0, 2, 3, 4, 1))
        window, strides = (1, *self.pool_size, 1), (1, *self.strides, 1)
        outputs = pool(inputs, window, strides, self.padding.upper())
        return transpose(outputs, (0, 4, 1, 2, 3)) if self._first else outputs

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        sizes = as_shape(input_shape).as_list()
        for i in range(self.spatial):
            axis = i + 1 + self._first
            sizes[axis] = arguments.window_count(
                sizes[axis], self.pool_size[i], self.padding, self.strides[i]
            )
        return TensorShape(sizes)


@export("layers.MaxPooling1D")
class MaxPooling1D(Pooling, Layer):
    """A layer that returns the largest value of each window of signals.

    Its arguments are those of `Pooling`.
    """

    largest = True
    spatial = 1


@export("layers.AveragePooling1D")
class AveragePooling1D(Pooling, Layer):
    """A layer that returns the average of each window of signals.

    Its arguments are those of `Pooling`.
    """

    largest = False
    spatial = 1


@export("layers.MaxPooling2D")
class MaxPooling2D(Pooling, Layer):
    """A layer that returns the largest value of each window of images.

    Its arguments are those of `Pooling`.
    """

    largest = True
    spatial = 2


@export("layers.AveragePooling2D")
class AveragePooling2D(Pooling, Layer):
    """A layer that returns the average of each window of images.

    Its arguments are those of `Pooling`.
    """

    largest = False
    spatial = 2


@export("layers.MaxPooling3D")
class MaxPooling3D(Pooling, Layer):
    """A layer that returns the largest value of each window of volumes.

    Its arguments are those of `Pooling`.
    """

    largest = True
    spatial = 3


@export("layers.AveragePooling3D")
class AveragePooling3D(Pooling, Layer):
    """A layer that returns the average of each window of volumes.

    Its arguments are those of `Pooling`.
    """

    largest = False
    spatial = 3


@export("layers.max_pooling1d")
def max_pooling1d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str | None = "channels_last",
    name: Any = None,
) -> Tensor:
    """Returns the largest value of each window of signals.

    Args:
        inputs: x: [n, w, c], or [n, c, w] for channels_first.
        pool_size: the size of the window.
        strides: the step of the window.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        name: the layer's name.
    """
    found: Tensor = MaxPooling1D(pool_size, strides, padding, data_format, name).apply(inputs)
    return found


@export("layers.average_pooling1d")
def average_pooling1d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str | None = "channels_last",
    name: Any = None,
) -> Tensor:
    """Returns the average of each window of signals.

    Args:
        inputs: x: [n, w, c], or [n, c, w] for channels_first.
        pool_size: the size of the window.
        strides: the step of the window.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        name: the layer's name.
    """
    found: Tensor = AveragePooling1D(pool_size, strides, padding, data_format, name).apply(inputs)
    return found


@export("layers.max_pooling2d")
def max_pooling2d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str | None = "channels_last",
    name: Any = None,
) -> Tensor:
    """Returns the largest value of each window of images.

    Args:
        inputs: x: [n, h, w, c], or [n, c, h, w] for channels_first.
        pool_size: the size of the window, one or one for each axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        name: the layer's name.
    """
    found: Tensor = MaxPooling2D(pool_size, strides, padding, data_format, name).apply(inputs)
    return found


@export("layers.average_pooling2d")
def average_pooling2d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str | None = "channels_last",
    name: Any = None,
) -> Tensor:
    """Returns the average of each window of images.

    Args:
        inputs: x: [n, h, w, c], or [n, c, h, w] for channels_first.
        pool_size: the size of the window, one or one for each axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        name: the layer's name.
    """
    found: Tensor = AveragePooling2D(pool_size, strides, padding, data_format, name).apply(inputs)
    return found


@export("layers.max_pooling3d")
def max_pooling3d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str | None = "channels_last",
    name: Any = None,
) -> Tensor:
    """Returns the largest value of each window of volumes.

    Args:
        inputs: x: [n, d, h, w, c], or [n, c, d, h, w] for channels_first.
        pool_size: the size of the window, one or one for each axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        name: the layer's name.
    """
    found: Tensor = MaxPooling3D(pool_size, strides, padding, data_format, name).apply(inputs)
    return found


@export("layers.average_pooling3d")
def average_pooling3d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str | None = "channels_last",
    name: Any = None,
) -> Tensor:
    """Returns the average of each window of volumes.

    Args:
        inputs: x: [n, d, h, w, c], or [n, c, d, h, w] for channels_first.
        pool_size: the size of the window, one or one for each axis.
        strides: the step of the window, likewise.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        name: the layer's name.
    """
    found: Tensor = AveragePooling3D(pool_size, strides, padding, data_format, name).apply(inputs)
    return found
