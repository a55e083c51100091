"""Rows of Pack, Unpack and lists that hold tensors."""

from __future__ import annotations

from _rows import case, error, f, i, t, tf

case("Pack", tf.stack, [t(2, 3), t(2, 3)], dtypes="f d h bf i l b s c")
case("Pack", tf.stack, [f(2, 3), f(2, 3), f(2, 3)], 1)
case("Pack", tf.stack, [f(2, 3), f(2, 3)], axis=-1)
case("Pack", tf.stack, [f(2, 3)], 2)
case("Pack", tf.stack, [f(), f()])
case("Pack", tf.stack, [f(0, 3), f(0, 3)], 1)
case("Pack", tf.stack, [f(), 2.0, [1.0, 2.0][1]], id="Pack-with-numbers")
case("Pack", tf.stack, [f(2), [3.0, 4.0]], 1, id="Pack-with-list")
case("Pack", tf.convert_to_tensor, [[f(), 2.0], [3.0, 4.0]], id="nested")
case("Pack", tf.convert_to_tensor, [[f(), 2.0], [3.0, f()]], name="q", id="nested-named")
case("Pack", lambda x, y: tf.add(x, [y, 2.0]), f(2), f(), id="autopack-as-operand")
case(
    "Pack", lambda x: tf.convert_to_tensor([x, 2], dtype=tf.float32), i(value=1), id="autopack-cast"
)
error(
    "Pack",
    tf.stack,
    [f(2), f(3)],
    says="Dimension 0 in both shapes must be equal, but are 2 and 3. Shapes are [2] and [3].",
)
error("Pack", tf.stack, [f(2), f(2)], 3, says="axis = 3 not in [-2, 2)")
error("Pack", tf.stack, [f(2), i(2)], error="TypeError", says="that don't all match.")
error(
    "Pack",
    tf.stack,
    [f(1), f(2)],
    at="run",
    says="Shapes of all inputs must match: values[0].shape = [1] != values[1].shape = [2]",
)

case("Unpack", tf.unstack, t(2, 3), 2, dtypes="f d h bf i l b s c")
case("Unpack", tf.unstack, f(2, 3), 3, axis=1)
case("Unpack", tf.unstack, f(2, 3, 2), 3, axis=-2)
case("Unpack", tf.unstack, f(2, 0), 2)
case("Unpack", lambda x: tf.unstack(tf.ensure_shape(x, [2, None])), f(2, 3), id="Unpack-of-known")
case("Unpack", lambda x: tf.unstack(x, 3)[1], f(3, 2), id="Unpack-one-row-only")
error("Unpack", tf.unstack, f(2, 3), 3, says="Dimension must be 3 but is 2")
error("Unpack", tf.unstack, f(2, 3), axis=4, says="axis = 4 not in [-2, 2)")
error("Unpack", lambda x: tf.unstack(x, 3), f(2, 3), at="run",
      says="Input shape axis 0 must equal 3, got shape [2,3]")  # fmt: skip
