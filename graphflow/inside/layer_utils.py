"""What layers of programs take from `tensorflow.python.layers.utils`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core import nest
from graphflow.nets import layer_arguments
from graphflow.ops import flow_cond
from graphflow.ops.variables import Variable


def convert_data_format(data_format: str, ndim: int) -> str:
    """Returns an operation's layout ("NHWC", ...) for a layer's data format.

    Args:
        data_format: "channels_last" or "channels_first".
        ndim: the rank of the inputs: 3, 4 or 5.

    Raises:
        ValueError: if it is neither, or the rank is another.
    """
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError("Invalid data_format:", data_format)
    if ndim == 3:
        return "NCW" if data_format == "channels_first" else "NWC"
    if ndim not in (4, 5):
        raise ValueError("Input rank not supported:", ndim)
    return layer_arguments.layout(ndim - 2, data_format == "channels_first")


def normalize_tuple(value: Any, n: int, name: str) -> tuple[int, ...]:
    """Returns `n` integers from one or `n` of them; ValueError if it is neither."""
    return layer_arguments.sizes(value, n, name)


def normalize_data_format(value: str) -> str:
    """Returns "channels_first" or "channels_last"; ValueError if it is neither."""
    return "channels_first" if layer_arguments.channels_first(value) else "channels_last"


def normalize_padding(value: str) -> str:
    """Returns "valid" or "same"; ValueError if it is neither."""
    found = value.lower()
    if found not in ("valid", "same"):
        raise ValueError(
            f'The `padding` argument must be one of "valid", "same". Received: {found}'
        )
    return found


def conv_output_length(
    input_length: int | None, filter_size: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """Returns the length a convolution gives; None: not known.

    Args:
        input_length: of the input; None: not known.
        filter_size: of the filter.
        padding: "same", "valid" or "full".
        stride: the step of the filter.
        dilation: the step between the elements of the filter.
    """
    assert padding in ("same", "valid", "full")
    if input_length is None or padding != "full":
        return layer_arguments.window_count(input_length, filter_size, padding, stride, dilation)
    return (input_length + (filter_size - 1) * dilation + stride - 1) // stride


def conv_input_length(
    output_length: int | None, filter_size: int, padding: str, stride: int
) -> int | None:
    """Returns the length of the input that a convolution made an output of; None: not known."""
    assert output_length is None or padding in ("same", "valid", "full")
    if output_length is None:
        return None
    pad = {"same": filter_size // 2, "valid": 0, "full": filter_size - 1}[padding]
    return (output_length - 1) * stride - 2 * pad + filter_size


def deconv_output_length(
    input_length: int | None, filter_size: int, padding: str, stride: int
) -> int | None:
    """Returns the length a transposed convolution gives; None: not known."""
    if input_length is None:
        return None
    length = input_length * stride
    if padding == "valid":
        return length + max(filter_size - stride, 0)
    return length - (stride + filter_size - 2) if padding == "full" else length


def smart_cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """As `tf.cond`; where the predicate is known now, one function is called and nothing declared.

    Args:
        pred: a Python bool, 0, 1, a bool scalar tensor or a variable.
        true_fn: as in `tf.cond`.
        false_fn: as in `tf.cond`.
        name: as in `tf.cond`.

    Raises:
        TypeError: if a function cannot be called, or `pred` is none of these.
    """
    choose: Any = flow_cond.cond if isinstance(pred, Variable) else flow_cond.smart_cond
    return choose(pred, true_fn=true_fn, false_fn=false_fn, name=name)


def constant_value(pred: Any) -> bool | None:
    """Returns a predicate's value if it is known now; None for variables and other tensors."""
    return None if isinstance(pred, Variable) else flow_cond.smart_constant_value(pred)


def object_list_uid(object_list: Any) -> str:
    """Returns a text that tells which objects a structure holds."""
    return ", ".join(str(abs(id(x))) for x in nest.flatten(object_list))


def static_shape(x: Any) -> tuple[int | None, ...] | None:
    """Returns a tensor's static shape; None if its rank is not known, or for None."""
    if x is None or x.get_shape().rank is None:
        return None
    return tuple(x.get_shape().as_list())
