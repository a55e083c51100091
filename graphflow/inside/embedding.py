"""Names of tensorflow.python.ops.embedding_ops and parsing_ops that are TensorFlow 2's."""

from __future__ import annotations

from typing import Any

from graphflow.core.dtypes import float32
from graphflow.core.export import EXPORTS


def safe_embedding_lookup_sparse_v2(
    embedding_weights: Any,
    sparse_ids: Any,
    sparse_weights: Any = None,
    combiner: str = "mean",
    default_id: int | None = None,
    max_norm: float | None = None,
    name: str | None = None,
) -> Any:
    """As `tf.nn.safe_embedding_lookup_sparse`, with tables that are cut into even parts."""
    return EXPORTS["nn.safe_embedding_lookup_sparse"](
        embedding_weights, sparse_ids, sparse_weights, combiner, default_id, name, "div", max_norm
    )


def decode_raw(
    input_bytes: Any,
    out_type: Any = float32,
    little_endian: bool = True,
    fixed_length: Any = None,
    name: str | None = None,
) -> Any:
    """As `tf.io.decode_raw`; with `fixed_length` strings of other lengths are cut or filled."""
    from graphflow.core.generated import generated

    if fixed_length is not None:
        return generated("decode_padded_raw")(
            input_bytes, fixed_length, out_type=out_type, little_endian=little_endian, name=name
        )
    return EXPORTS["io.decode_raw"](input_bytes, out_type, little_endian=little_endian, name=name)
