"""TensorArrays as loop variables and results of branches: only their flow goes through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core.tensor import Tensor
from graphflow.ops.tensor_array import TensorArray, build_ta_with_new_flow


def to_flow(x: Any) -> Any:
    """The flow of a TensorArray; anything else as it is."""
    return x.flow if isinstance(x, TensorArray) else x


def flows_to_arrays(originals: Sequence[Any], flows: Sequence[Tensor]) -> list[Any]:
    """Puts a TensorArray with the new flow where `originals` has one."""
    return [
        build_ta_with_new_flow(old, flow) if isinstance(old, TensorArray) else flow
        for old, flow in zip(originals, flows, strict=True)
    ]
