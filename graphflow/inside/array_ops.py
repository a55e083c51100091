"""Names of tensorflow.python.ops.array_ops that are not public."""

from __future__ import annotations

from typing import Any

from graphflow.core.export import EXPORTS


def shape_internal(
    input: Any,
    name: str | None = None,
    optimize: bool = True,
    out_type: Any = None,
) -> Any:
    """Returns the shape of a tensor; a constant where it is known and `optimize` says so."""
    from graphflow.core.dtypes import int32
    from graphflow.core.generated import generated
    from graphflow.ops.constant import constant

    kind = int32 if out_type is None else out_type
    known = getattr(input, "shape", None)
    if optimize and known is not None and known.is_fully_defined():
        return constant(known.as_list(), kind, name=name or "Shape")
    return generated("shape")(input, out_type=kind, name=name)


def placeholder_v2(dtype: Any, shape: Any = None, name: str | None = None) -> Any:
    """Returns a tensor that is fed: `tf.placeholder`."""
    return EXPORTS["placeholder"](dtype, shape, name)
