"""JSON text as serialized tf.train.Example messages."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.tensor import Tensor
from graphflow.formats.example_json import example_from_json
from graphflow.ops._strings import mapped

Array = np.ndarray[Any, Any]

# --- DecodeJSONExample ---
DECODE_JSON_EXAMPLE = define(
    "DecodeJSONExample(json_examples: string) -> binary_examples: string", shape=same_shape
).no_gradient("is about text", raises=True)


def _binary(text: bytes) -> bytes:
    try:
        return example_from_json(text)
    except ValueError as e:
        raise KernelError(f"Error while parsing JSON: {e}") from None


@DECODE_JSON_EXAMPLE.numpy
def _(x: Array) -> Array:
    return mapped(_binary, x)


@export("decode_json_example", "io.decode_json_example")
def decode_json_example(json_examples: Any, name: str | None = None) -> Tensor:
    """Returns examples written as JSON in the binary form that `parse_example` reads.

    Args:
        json_examples: strings, each a `tf.train.Example` as protocol buffers write it in JSON.
        name: the node's name.

    Raises:
        InvalidArgumentError: in the run, if a string is no such text.
    """
    found: Tensor = apply(DECODE_JSON_EXAMPLE, json_examples, name=name)
    return found
