"""Values of variables from files of other versions of Keras, brought to this one's form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from graphflow.nets.keras_nodes import int_shape

_CONVOLUTIONS: Final = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D")
_Values = list[Any]


def converted_weights(
    layer: Any, weights: _Values, version: str | None = None, backend: str | None = None
) -> _Values:
    """Returns the values of a layer's variables as this version of Keras has them.

    Args:
        layer: the layer.
        weights: the values in the file.
        version: the version of the Keras that wrote them.
        backend: its backend, "theano" among them.

    Raises:
        ValueError: if they are those of another kind of layer.
    """
    kind = type(layer).__name__
    if kind == "Bidirectional":
        half = len(weights) // 2
        return converted_weights(
            layer.forward_layer, weights[:half], version, backend
        ) + converted_weights(layer.backward_layer, weights[half:], version, backend)
    if kind == "TimeDistributed":
        weights = converted_weights(layer.layer, weights, version, backend)
    elif kind in ("Model", "Sequential"):
        weights = _of_model(layer, weights, version, backend)
    if version == "1":
        weights = _from_version_1(kind, layer, weights)
    if kind in _CONVOLUTIONS:
        weights = _of_convolution(kind, layer, list(weights), backend)
    return _of_recurrence(kind, layer, weights)


def _of_model(model: Any, weights: _Values, version: Any, backend: Any) -> _Values:
    n = len(model.trainable_weights)
    moving, still = weights[:n], weights[n:]
    new_moving: _Values = []
    new_still: _Values = []
    for layer in model.layers:
        a, b = len(layer.trainable_weights), len(layer.non_trainable_weights)
        if a + b:
            found = converted_weights(layer, moving[:a] + still[:b], version, backend)
            new_moving += found[:a]
            new_still += found[a:]
            moving, still = moving[a:], still[b:]
    return new_moving + new_still


def _from_version_1(kind: str, layer: Any, weights: _Values) -> _Values:
    weights = list(weights)
    first = getattr(layer, "data_format", None) == "channels_first"
    if kind == "Conv1D":
        shape = weights[0].shape
        if shape[:2] != (layer.kernel_size[0], 1) or shape[3] != layer.filters:
            weights[0] = np.transpose(weights[0], (2, 3, 1, 0))
        weights[0] = weights[0][:, 0, :, :]
    elif kind == "Conv2D" and first:
        weights[0] = np.transpose(weights[0], (2, 3, 1, 0))
    elif kind == "Conv2DTranspose":
        weights[0] = np.transpose(weights[0], (2, 3, 0, 1) if first else (0, 1, 3, 2))
    elif kind == "Conv3D" and first:
        weights[0] = np.transpose(weights[0], (2, 3, 4, 1, 0))
    elif kind == "GRU" and len(weights) == 9:
        return [np.concatenate([weights[i + j] for j in (0, 3, 6)], axis=-1) for i in range(3)]
    elif kind in ("LSTM", "ConvLSTM2D") and len(weights) == 12:
        joined = [np.concatenate([weights[i + j] for j in (0, 6, 3, 9)], -1) for i in range(3)]
        if kind == "ConvLSTM2D" and first:
            joined[:2] = [np.transpose(w, (2, 3, 1, 0)) for w in joined[:2]]
        return joined
    return weights


def _of_convolution(kind: str, layer: Any, weights: _Values, backend: Any) -> _Values:
    kernels = 2 if kind == "ConvLSTM2D" else 1
    if backend == "theano":
        weights[:kernels] = [_turned(w) for w in weights[:kernels]]
    if int_shape(layer.weights[0]) != weights[0].shape:
        weights[:kernels] = [np.transpose(w, (3, 2, 0, 1)) for w in weights[:kernels]]
    return weights


def _turned(kernel: Any) -> Any:
    """A kernel turned around in space: convolution in place of correlation."""
    space = kernel.ndim - 2
    return kernel[(*[slice(None, None, -1)] * space, slice(None), slice(None))].copy()


# --- recurrent layers, with and without CuDNN ---
def _each(kernels: Any, function: Callable[[Any], Any], n: int) -> Any:
    return np.hstack([function(k) for k in np.hsplit(kernels, n)])


def _kernels(weights: _Values, n: int, from_cudnn: bool) -> _Values:
    order: Any = "F" if from_cudnn else "C"
    return [
        _each(weights[0], lambda k: k.T.reshape(k.shape, order=order), n),
        _each(weights[1], lambda k: k.T, n),
    ]


def _of_recurrence(kind: str, layer: Any, weights: _Values) -> _Values:
    if len(weights) == 3 and kind in ("LSTM", "CuDNNLSTM"):
        return _of_lstm(kind, weights)
    if len(weights) == 3 and kind in ("GRU", "CuDNNGRU"):
        return _of_gru(kind, layer, weights)
    return weights


def _of_lstm(kind: str, weights: _Values) -> _Values:
    size = weights[1].shape[0] * 4
    bias = weights[2]
    if bias.shape not in ((size,), (2 * size,)):
        raise ValueError(f"Invalid bias shape: {bias.shape}")
    from_cudnn = bias.shape == (2 * size,)
    if from_cudnn == (kind == "CuDNNLSTM"):
        return weights
    new = np.sum(np.split(bias, 2, axis=0), axis=0) if from_cudnn else np.tile(0.5 * bias, 2)
    return [*_kernels(weights, 4, from_cudnn), new]


def _of_gru(kind: str, layer: Any, weights: _Values) -> _Values:
    size = weights[1].shape[0] * 3
    sources = {
        (2 * size,): "CuDNNGRU",
        (2, size): "GRU(reset_after=True)",
        (size,): "GRU(reset_after=False)",
    }
    source = sources.get(weights[2].shape)
    if source is None:
        raise ValueError(f"Invalid bias shape: {weights[2].shape}")
    target = kind if kind == "CuDNNGRU" else f"GRU(reset_after={bool(layer.reset_after)})"
    if source == target:
        return weights
    if "GRU(reset_after=False)" in (source, target):
        raise ValueError(f"{source} is not compatible with {target}")
    from_cudnn = source == "CuDNNGRU"
    bias = np.array(weights[2]).reshape((2, -1) if from_cudnn else -1)
    return [*_kernels(weights, 3, from_cudnn), bias]
