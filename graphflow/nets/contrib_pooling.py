"""tf.contrib.layers' pooling."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.export import export
from graphflow.nets.contrib_arg_scope import add_arg_scope
from graphflow.nets.contrib_collect import (
    check_format,
    collect_named_outputs,
    inside,
    n_positive_integers,
    scoped,
)
from graphflow.nets.pooling import (
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling2D,
    MaxPooling3D,
)
from graphflow.ops.pool_variants import pool as pool_op


def _pooled(default: str, layer_class: Any, spatial: str, given: dict[str, Any]) -> Any:
    """The pooling that a call of that layer's function means."""
    data_format = check_format(given["data_format"], spatial)
    inputs = given["inputs"]
    with scopes.name_scope(given["scope"], default, [inputs]) as sc:
        layer = layer_class(
            pool_size=given["kernel_size"],
            strides=given["stride"],
            padding=given["padding"],
            data_format=data_format,
            _scope=sc,
        )
        outputs = layer.apply(convert(inputs))
        return collect_named_outputs(given["outputs_collections"], sc, outputs)


@scoped("max_pool2d")
def max_pool2d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """Returns the largest element of each window of images.

    Args:
        inputs: a tensor [batch, height, width, channels].
        kernel_size: the window, a number or two.
        stride: its steps, likewise.
        padding: "SAME" or "VALID".
        data_format: "NHWC" or "NCHW".
        outputs_collections: collections for the result.
        scope: the name scope.

    Raises:
        ValueError: if the format is another one.
    """
    return _pooled("MaxPool2D", MaxPooling2D, "HW", dict(locals()))


@scoped("avg_pool2d")
def avg_pool2d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """Returns the mean of each window of images.

    Args:
        inputs: a tensor [batch, height, width, channels].
        kernel_size: the window, a number or two.
        stride: its steps, likewise.
        padding: "SAME" or "VALID".
        data_format: "NHWC" or "NCHW".
        outputs_collections: collections for the result.
        scope: the name scope.

    Raises:
        ValueError: if the format is another one.
    """
    return _pooled("AvgPool2D", AveragePooling2D, "HW", dict(locals()))


@scoped("max_pool3d")
def max_pool3d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NDHWC",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """Returns the largest element of each window of volumes.

    Args:
        inputs: a tensor [batch, depth, height, width, channels].
        kernel_size: the window, a number or three.
        stride: its steps, likewise.
        padding: "SAME" or "VALID".
        data_format: "NDHWC" or "NCDHW".
        outputs_collections: collections for the result.
        scope: the name scope.

    Raises:
        ValueError: if the format is another one.
    """
    return _pooled("MaxPool3D", MaxPooling3D, "DHW", dict(locals()))


@scoped("avg_pool3d")
def avg_pool3d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NDHWC",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """Returns the mean of each window of volumes.

    Args:
        inputs: a tensor [batch, depth, height, width, channels].
        kernel_size: the window, a number or three.
        stride: its steps, likewise.
        padding: "SAME" or "VALID".
        data_format: "NDHWC" or "NCDHW".
        outputs_collections: collections for the result.
        scope: the name scope.

    Raises:
        ValueError: if the format is another one.
    """
    return _pooled("AvgPool3D", AveragePooling3D, "DHW", dict(locals()))


@export("contrib.slim.pool", "contrib.layers.python.layers.pool", *inside("pool"))
@add_arg_scope
def pool(
    inputs: Any,
    kernel_size: Any,
    pooling_type: str,
    padding: str = "VALID",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    stride: Any = 1,
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """Returns the largest element or the mean of each window, as `tf.nn.pool`.

    Args:
        inputs: a tensor [batch, *sizes, channels].
        kernel_size: the window, a number or one for each axis.
        pooling_type: "MAX" or "AVG".
        padding: "SAME" or "VALID".
        data_format: such as "NHWC"; None: channels last.
        dilation_rate: the distance between elements that a window takes.
        stride: its steps.
        outputs_collections: collections for the result.
        scope: the name scope.

    Raises:
        ValueError: if the rank is not known or below 3.
    """
    with scopes.name_scope(scope, f"{pooling_type.lower()}_pool", [inputs]) as sc:
        inputs = convert(inputs)
        if inputs.shape.ndims is None:
            raise ValueError("Rank of inputs must be known")
        if inputs.shape.ndims < 3:
            raise ValueError("Rank of inputs must be >= 3")
        count = inputs.shape.ndims - 2
        outputs = pool_op(
            inputs,
            n_positive_integers(count, kernel_size),
            pooling_type,
            padding,
            data_format=data_format,
            dilation_rate=n_positive_integers(count, dilation_rate),
            strides=n_positive_integers(count, stride),
            name=sc,
        )
        return collect_named_outputs(outputs_collections, sc, outputs)
