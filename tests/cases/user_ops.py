"""Rows of tf.user_ops."""

from __future__ import annotations

from _rows import case, tf

case("Fact", tf.user_ops.my_fact)
