"""The inputs of a model that are made from the first data it is given."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import nest
from graphflow.core.convert import convert
from graphflow.core.dtypes import as_dtype
from graphflow.core.tensor_spec import TensorSpec
from graphflow.models.backend_values import placeholder
from graphflow.nets.keras_state import floatx
from graphflow.ops.cast import cast


class ModelInputs:
    """Arrays, tensors or specifications of them, and placeholders that they can be fed to.

    Args:
        inputs: one, or a list, tuple or dict of them.
    """

    def __init__(self, inputs: Any) -> None:
        self.keys = sorted(inputs) if isinstance(inputs, dict) else None
        self.alone = not isinstance(inputs, list | tuple | dict)
        if self.keys is not None:
            self.flat = [inputs[key] for key in self.keys]
            self.names = self.keys
        else:
            self.flat = nest.flatten(inputs)
            self.names = [f"input_{i + 1}" for i in range(len(self.flat))]

    def get_symbolic_inputs(self, return_single_as_list: bool = False) -> Any:
        """Returns placeholders in place of all that is no tensor, in the inputs' structure.

        Args:
            return_single_as_list: whether a single one is in a list.
        """
        self.flat = [_symbolic(x, name) for x, name in zip(self.flat, self.names, strict=True)]
        if self.keys is not None:
            return dict(zip(self.keys, self.flat, strict=True))
        return self.flat[0] if self.alone and not return_single_as_list else self.flat


def _symbolic(x: Any, name: str) -> Any:
    if isinstance(x, list | float | int):
        x = np.asarray(x)
        if x.ndim == 1:
            x = np.expand_dims(x, 1)
    if isinstance(x, np.ndarray):
        dtype = as_dtype(x.dtype)
        kind: Any = floatx() if dtype.is_floating else dtype
        return placeholder(shape=(None, *x.shape[1:]) if x.ndim > 1 else (None, 1), name=name,
                           dtype=kind)  # fmt: skip
    if isinstance(x, TensorSpec):
        sizes = x.shape.as_list()
        shape = (None, *sizes[1:]) if len(sizes) > 1 else (None, 1)
        return placeholder(shape=shape, name=name, dtype=x.dtype)
    return x


def floats_cast(x: Any, dtype: Any = None) -> Any:
    """Returns a tensor of floats in the element type of new numbers; others as they are.

    Args:
        x: an array or a tensor.
        dtype: another element type.
    """
    tensor = convert(x) if isinstance(x, np.ndarray) else x
    return cast(tensor, as_dtype(dtype or floatx())) if tensor.dtype.is_floating else tensor


def cast_like(targets: Any, outputs: list[Any]) -> Any:
    """Returns targets of floats in the element types of the outputs.

    Args:
        targets: a tensor, or a list of arrays and tensors.
        outputs: the outputs.
    """
    if not isinstance(targets, list | tuple):
        return floats_cast(targets, outputs[0].dtype)
    found = []
    for target, output in zip(targets, outputs, strict=False):
        tensor = convert(target) if isinstance(target, np.ndarray) else target
        same = tensor.dtype == output.dtype
        found.append(tensor if same else floats_cast(tensor, output.dtype))
    return found
