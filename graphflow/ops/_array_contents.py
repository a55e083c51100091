"""What the operations on TensorArrays put in and take out, for the plan; see `OpDef.contents`.

And whose gradients an array of gradients holds.
"""

from __future__ import annotations

from typing import Any

from graphflow.core.contents import Contents
from graphflow.core.tensor import Tensor


def gradient(op: Any, contents: Contents) -> None:
    """TensorArrayGradV3."""
    op.outputs[0].contents = contents.gradient(op.attrs["source"])


def written(op: Any, contents: Contents) -> None:
    """TensorArrayWriteV3."""
    contents.put(op.inputs[2])


def read(op: Any, contents: Contents) -> None:
    """TensorArrayReadV3."""
    contents.take(op.outputs[0])


def gathered(op: Any, contents: Contents) -> None:
    """TensorArrayGatherV3."""
    indices = op.inputs[1].dims
    contents.take_rows(op.outputs[0], indices[0] if indices else None)


def scattered(op: Any, contents: Contents) -> None:
    """TensorArrayScatterV3."""
    contents.put_rows(op.inputs[2])


def concatenated(op: Any, contents: Contents) -> None:
    """TensorArrayConcatV3."""
    contents.take_pieces(op.outputs[0])


def split(op: Any, contents: Contents) -> None:
    """TensorArraySplitV3."""
    contents.put_pieces(op.inputs[1])


def unchanged(op: Any, contents: Contents) -> None:
    """TensorArraySizeV3, TensorArrayCloseV3."""


def gradient_source(tensor: Tensor) -> str:
    """Which call of `tf.gradients` a tensor belongs to: its scope up to "gradients".

    Raises:
        ValueError: if the gradient's scope has another name.
    """
    tokens = tensor.name.split("/")
    places = [i for i, x in enumerate(tokens) if x.startswith("gradients")]
    if not places:
        raise ValueError(
            "Expected op/tensor name to start with gradients (excluding scope), got: "
            f"{tensor.name}. This means that a tf.gradients op with this op in its dependency path "
            "has a custom name that does not start with 'gradients'. Please make sure all calls to "
            "tf.gradients that have non-empty 'name' arguments use names that start with "
            "'gradients'."
        )
    return "/".join(tokens[: places[-1] + 1])
