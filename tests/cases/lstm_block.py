"""Rows of the LSTM step as one operation."""

from __future__ import annotations

from _rows import case, error, f, tf

PORTS = ("x", "cs_prev", "h_prev", "w", "wci", "wcf", "wco", "b")
GRADIENT_PORTS = (*PORTS, "i", "cs", "f", "o", "ci", "co", "cs_grad", "h_grad")


def step(*arrays, **options):
    found = tf.raw_ops.LSTMBlockCell(**dict(zip(PORTS, arrays)), **options)  # noqa: B905 - 3.7
    return list(found)


def slope(*arrays, **options):
    found = tf.raw_ops.LSTMBlockCellGrad(**dict(zip(GRADIENT_PORTS, arrays)), **options)  # noqa: B905 - 3.7
    return list(found)


def sizes(batch=2, depth=3, n=4):
    return [(batch, depth), (batch, n), (batch, n), (depth + n, 4 * n), (n,), (n,), (n,), (4 * n,)]


once = {"numeric": "TensorFlow hands on the gradients of cs and h alone"}
row = [f(*size) for size in sizes()]
case("LSTMBlockCell", step, *row, **once)
case("LSTMBlockCell", step, *row, forget_bias=0.5, cell_clip=0.3, **once)
case("LSTMBlockCell", step, *row, use_peephole=True, cell_clip=-1.0, **once)
case("LSTMBlockCell", step, *[f(*size) for size in sizes(1, 1, 1)], **once)
case("LSTMBlockCell", step, *[f(*size) for size in sizes(0, 2, 3)], **once)
more = [f(2, 4) for _ in range(8)]
case("LSTMBlockCellGrad", slope, *row, *more, use_peephole=False)
case("LSTMBlockCellGrad", slope, *row, *more, use_peephole=True)
error("LSTMBlockCell", step, f(2, 3, 1), *row[1:], says="must be rank 2 but is rank 3")
for place, size, says in (
    (1, (3, 4), "cs_prev.dims(0) != batch_size: 3 vs. 2"),
    (2, (3, 4), "h_prev.dims(0) != batch_size: 3 vs. 2"),
    (2, (2, 5), "h_prev.dims(1) != cell_size: 5 vs. 4"),
    (3, (8, 16), "w.dim_size(0) != input_size + cell_size: 8 vs. 7"),
    (3, (7, 15), "w.dim_size(1) != cell_size * 4: 15 vs. 16"),
    (7, (15,), "b.dim_size(0) != cell_size * 4: 15 vs. 16"),
):
    wrong = [*row[:place], f(*size), *row[place + 1 :]]
    error("LSTMBlockCell", step, *wrong, at="run", says=says)
