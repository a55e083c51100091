"""The inputs of Keras models: `Input` and the layer behind it."""

from __future__ import annotations

from typing import Any

from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.models.backend_values import placeholder
from graphflow.nets.keras_layer import Layer
from graphflow.nets.keras_nodes import KerasHistory, Node, int_shape
from graphflow.nets.keras_state import floatx, get_uid
from graphflow.ops.variables import Variable


@export("keras.layers.InputLayer")
class InputLayer(Layer):
    """The layer that stands for an input of a model: a placeholder or a tensor.

    Args:
        input_shape: the shape of one example; a tuple, a TensorShape or one size.
        batch_size: the number of examples; None: any.
        dtype: the element type; None: that of the tensor, else `tf.keras.backend.floatx()`.
        input_tensor: the tensor; None: a placeholder is made.
        sparse: whether the placeholder is sparse.
        name: the name, also of the placeholder; None: "input_1", "input_2" and so on.
        ragged: kept for TensorFlow's sake; there are no ragged tensors.
        **kwargs: `batch_input_shape`: shape and number of examples in one.

    Raises:
        ValueError: if the arguments do not fit together.
    """

    def __init__(
        self,
        input_shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        input_tensor: Any = None,
        sparse: bool = False,
        name: Any = None,
        ragged: bool = False,
        **kwargs: Any,
    ) -> None:
        if "batch_input_shape" in kwargs:
            whole = kwargs.pop("batch_input_shape")
            if input_shape and whole:
                raise ValueError(
                    "Only provide the input_shape OR batch_input_shape argument to InputLayer, "
                    "not both at the same time."
                )
            batch_size, input_shape = whole[0], whole[1:]
        if kwargs:
            raise ValueError("Unrecognized keyword arguments:", kwargs.keys())
        name = name or f"input_{get_uid('input')}"
        super().__init__(dtype=_dtype(dtype, input_tensor), name=name)
        self.built = True
        self.sparse = sparse
        self.ragged = ragged
        self.batch_size = batch_size
        self.supports_masking = True
        self.is_placeholder = input_tensor is None
        if input_tensor is None:
            self._batch_input_shape: Any = _batch_shape(input_shape, batch_size)
            input_tensor = placeholder(
                shape=self._batch_input_shape,
                dtype=self.dtype,
                name=self.name,
                sparse=sparse,
                ragged=ragged,
            )
        else:
            self._batch_input_shape = int_shape(input_tensor)
        input_tensor._keras_history = KerasHistory(self, 0, 0)
        input_tensor._keras_mask = None
        Node(self, [], [], [], [input_tensor], [input_tensor])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make such a layer again."""
        return {
            "batch_input_shape": self._batch_input_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "ragged": self.ragged,
            "name": self.name,
        }


def _batch_shape(input_shape: Any, batch_size: int | None) -> tuple[int | None, ...] | None:
    if isinstance(input_shape, TensorShape):
        input_shape = input_shape.as_list()
    elif isinstance(input_shape, int):
        input_shape = (input_shape,)
    return None if input_shape is None else (batch_size, *input_shape)


def _dtype(dtype: Any, tensor: Any) -> Any:
    if tensor is None:
        return dtype or floatx()
    if not isinstance(tensor, Tensor | Variable | SparseTensor):
        raise ValueError(
            "You should not pass an EagerTensor to `Input`. For example, instead of creating an "
            "InputLayer, you should instantiate your model and directly call it on your input."
        )
    if dtype and tensor.dtype != dtype:
        raise ValueError(f"`input_tensor.dtype` differs from `dtype`: {tensor.dtype!r} vs. {dtype}")
    return dtype or tensor.dtype.base_dtype.name


@export("keras.Input", "keras.layers.Input")
def Input(
    shape: Any = None,
    batch_size: int | None = None,
    name: Any = None,
    dtype: Any = None,
    sparse: bool = False,
    tensor: Any = None,
    ragged: bool = False,
    **kwargs: Any,
) -> Any:
    """Returns a tensor that stands for an input of a model.

    Args:
        shape: the shape of one example.
        batch_size: the number of examples; None: any.
        name: the name of the layer behind it and of the placeholder.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
        sparse: whether the placeholder is sparse.
        tensor: a tensor to use in place of a placeholder.
        ragged: kept for TensorFlow's sake; there are no ragged tensors.
        **kwargs: `batch_shape`: shape and number of examples in one.

    Raises:
        ValueError: if the arguments do not fit together.
    """
    if sparse and ragged:
        raise ValueError("Cannot set both sparse and ragged to True in a Keras input.")
    config = {
        "name": name, "dtype": dtype, "sparse": sparse, "ragged": ragged, "input_tensor": tensor,
    }  # fmt: skip
    whole = kwargs.pop("batch_input_shape", kwargs.pop("batch_shape", None))
    if shape and whole:
        raise ValueError(
            "Only provide the `shape` OR `batch_input_shape` argument to Input, not both at the "
            "same time."
        )
    if whole:
        config["batch_input_shape"] = whole
        shape = whole[1:]
    else:
        config |= {"batch_size": batch_size, "input_shape": shape}
    if kwargs:
        raise ValueError("Unrecognized keyword arguments:", kwargs.keys())
    if shape is None and tensor is None:
        raise ValueError(
            "Please provide to Input either a `shape` or a `tensor` argument. Note that `shape` "
            "does not include the batch dimension."
        )
    return InputLayer(**config)._inbound_nodes[0].output_tensors[0]
