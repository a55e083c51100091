"""Keras' pooling layers: the largest or average value of each window, or of all."""

from __future__ import annotations

from typing import Any, ClassVar

from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.models import layers_arguments as arguments
from graphflow.nets import keras_state, layer_arguments
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.keras_layer import Layer
from graphflow.nets.pooling import Pooling
from graphflow.ops.cast import cast
from graphflow.ops.reduce import reduce_max, reduce_mean, reduce_sum
from graphflow.ops.reshape import expand_dims, reshape, squeeze
from graphflow.ops.transpose import transpose


class _Pooling(Pooling):
    """Pooling whose step is the size of the window unless it is given."""

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        strides = pool_size if strides is None else strides
        data_format = arguments.data_format(data_format)
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


class _Pooling1D(_Pooling):
    """Pooling of signals."""

    spatial = 1

    def call(self, inputs: Any) -> Any:
        """Returns the result for signals, as `data_format` says."""
        if not self._first:
            return super().call(inputs)
        wide = transpose(expand_dims(inputs, 3), (0, 2, 3, 1))  # as TensorFlow on a CPU
        pooled = self._pooled(wide, (*self.pool_size, 1), (*self.strides, 1), first=False)
        return squeeze(transpose(pooled, (0, 3, 1, 2)), 3)


@export("keras.layers.MaxPool1D", "keras.layers.MaxPooling1D")
class MaxPooling1D(_Pooling1D):
    """A layer that returns the largest value of each window of signals.

    Args:
        pool_size: the size of the window.
        strides: the step of the window, likewise; None: its size.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    largest = True
    spatial = 1

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


@export("keras.layers.AvgPool1D", "keras.layers.AveragePooling1D")
class AveragePooling1D(_Pooling1D):
    """A layer that returns the average value of each window of signals.

    Args:
        pool_size: the size of the window.
        strides: the step of the window, likewise; None: its size.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    largest = False
    spatial = 1

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


@export("keras.layers.MaxPool2D", "keras.layers.MaxPooling2D")
class MaxPooling2D(_Pooling):
    """A layer that returns the largest value of each window of images.

    Args:
        pool_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise; None: its size.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    largest = True
    spatial = 2

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


@export("keras.layers.AvgPool2D", "keras.layers.AveragePooling2D")
class AveragePooling2D(_Pooling):
    """A layer that returns the average value of each window of images.

    Args:
        pool_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise; None: its size.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    largest = False
    spatial = 2

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


@export("keras.layers.MaxPool3D", "keras.layers.MaxPooling3D")
class MaxPooling3D(_Pooling):
    """A layer that returns the largest value of each window of volumes.

    Args:
        pool_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise; None: its size.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    largest = True
    spatial = 3

    def __init__(
        self,
        pool_size: Any = (2, 2, 2),
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


@export("keras.layers.AvgPool3D", "keras.layers.AveragePooling3D")
class AveragePooling3D(_Pooling):
    """A layer that returns the average value of each window of volumes.

    Args:
        pool_size: the size of the window, one or one for each spatial axis.
        strides: the step of the window, likewise; None: its size.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if an argument is not of its kind.
    """

    largest = False
    spatial = 3

    def __init__(
        self,
        pool_size: Any = (2, 2, 2),
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


# --- of all ---
class _GlobalPooling(Layer):
    """What keeps one value of each channel."""

    CONFIG = ("data_format",)
    largest: ClassVar[bool]
    spatial: ClassVar[int]

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = arguments.data_format(data_format)
        self._first = layer_arguments.channels_first(given)
        self.data_format = "channels_first" if self._first else "channels_last"
        self.input_spec = InputSpec(ndim=self.spatial + 2)

    def call(self, inputs: Any) -> Any:
        """Returns [n, channels] for signals, images or volumes, as `data_format` says."""
        start = 2 if self._first else 1
        axes: Any = list(range(start, start + self.spatial))
        if self.spatial == 1:
            axes = start
        return (reduce_max if self.largest else reduce_mean)(inputs, axes)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input."""
        sizes = as_shape(input_shape).as_list()
        return TensorShape([sizes[0], sizes[1 if self._first else -1]])


@export("keras.layers.GlobalAvgPool1D", "keras.layers.GlobalAveragePooling1D")
class GlobalAveragePooling1D(_GlobalPooling):
    """A layer that returns the average value of each channel of signals.

    Args:
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if the data format is not known.
    """

    largest = False
    spatial = 1
    supports_masking = True

    def __init__(self, data_format: str | None = "channels_last", **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the averages of the steps that are not masked.

        Args:
            inputs: signals, as `data_format` says.
            mask: [n, steps]; None: all count.
        """
        if mask is None:
            return super().call(inputs)
        axis = 2 if self._first else 1
        weights = cast(mask, keras_state.floatx())
        weights = reshape(weights, [-1, inputs.shape.as_list()[axis], 1])
        return reduce_sum(inputs * weights, axis) / reduce_sum(weights, axis=axis)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Returns None: the result has no steps."""
        return


@export("keras.layers.GlobalMaxPool1D", "keras.layers.GlobalMaxPooling1D")
class GlobalMaxPooling1D(_GlobalPooling):
    """A layer that returns the largest value of each channel of signals.

    Args:
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if the data format is not known.
    """

    largest = True
    spatial = 1

    def __init__(self, data_format: str | None = "channels_last", **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)


@export("keras.layers.GlobalAvgPool2D", "keras.layers.GlobalAveragePooling2D")
class GlobalAveragePooling2D(_GlobalPooling):
    """A layer that returns the average value of each channel of images.

    Args:
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if the data format is not known.
    """

    largest = False
    spatial = 2


@export("keras.layers.GlobalMaxPool2D", "keras.layers.GlobalMaxPooling2D")
class GlobalMaxPooling2D(_GlobalPooling):
    """A layer that returns the largest value of each channel of images.

    Args:
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if the data format is not known.
    """

    largest = True
    spatial = 2


@export("keras.layers.GlobalAvgPool3D", "keras.layers.GlobalAveragePooling3D")
class GlobalAveragePooling3D(_GlobalPooling):
    """A layer that returns the average value of each channel of volumes.

    Args:
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if the data format is not known.
    """

    largest = False
    spatial = 3


@export("keras.layers.GlobalMaxPool3D", "keras.layers.GlobalMaxPooling3D")
class GlobalMaxPooling3D(_GlobalPooling):
    """A layer that returns the largest value of each channel of volumes.

    Args:
        data_format: "channels_last" or "channels_first"; None: as Keras was set to.
        **kwargs: as `Layer`.

    Raises:
        ValueError: if the data format is not known.
    """

    largest = True
    spatial = 3
