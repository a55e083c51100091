"""Further public names under tf.contrib.slim, tf.contrib.framework and their inner modules.

Old programs reach the same functions by several ways; here are those ways.
"""

from __future__ import annotations

from graphflow.core.export import EXPORTS, publish
from graphflow.nets import (
    contrib_batch_norm,
    contrib_conv,
    contrib_dense,
    contrib_embedding,
    contrib_images,
    contrib_norms,
    contrib_plain,
    contrib_pooling,
    contrib_separable,
    contrib_summaries,
    regularizers,
)

MODULES = (
    contrib_batch_norm, contrib_conv, contrib_dense, contrib_embedding, contrib_images,
    contrib_norms, contrib_plain, contrib_pooling, contrib_separable, contrib_summaries,
)  # fmt: skip
"""The modules whose functions are the layers."""

_REGULARIZERS = (
    "l1_regularizer", "l2_regularizer", "l1_l2_regularizer", "sum_regularizer",
    "apply_regularization",
)  # fmt: skip
for _name in _REGULARIZERS:
    for _space in ("slim", "slim.regularizers", "layers.python.layers.regularizers"):
        publish(getattr(regularizers, _name), f"contrib.{_space}.{_name}")

_inner = "contrib.layers.python.layers"
for _name, _thing in list(EXPORTS.items()):
    _space, _, _last = _name.rpartition(".")
    if _space == "contrib.layers":
        publish(_thing, f"{_inner}.{_last}")
        if _name.rpartition(".")[2] not in _REGULARIZERS:
            publish(_thing, f"{_inner}.layers.{_last}")
