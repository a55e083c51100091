"""Rows of the step of a gated recurrent unit as one operation."""

from __future__ import annotations

from _rows import case, error, f, tf

PORTS = ("x", "h_prev", "w_ru", "w_c", "b_ru", "b_c")
GRADIENT_PORTS = (*PORTS, "r", "u", "c", "d_h")


def step(*arrays):
    found = tf.raw_ops.GRUBlockCell(**dict(zip(PORTS, arrays)))  # noqa: B905 - 3.7
    return found[3]


def gates(*arrays):
    found = tf.raw_ops.GRUBlockCell(**dict(zip(PORTS, arrays)))  # noqa: B905 - 3.7
    return list(found)


def slope(*arrays):
    found = tf.raw_ops.GRUBlockCellGrad(**dict(zip(GRADIENT_PORTS, arrays)))  # noqa: B905 - 3.7
    return list(found)


def sizes(batch=2, depth=3, n=4):
    return [(batch, depth), (batch, n), (depth + n, 2 * n), (depth + n, n), (2 * n,), (n,)]


NOT_TWICE = "TensorFlow has no gradient of GRUBlockCellGrad"
ONCE = "TensorFlow hands on the gradient of h alone"
row = [f(*size) for size in sizes()]
case("GRUBlockCell", step, *row, second=NOT_TWICE)
case("GRUBlockCell", gates, *row, numeric=ONCE)
case("GRUBlockCell", step, *[f(*size) for size in sizes(1, 1, 1)], second=NOT_TWICE)
case("GRUBlockCell", step, *[f(*size) for size in sizes(0, 2, 3)], second=NOT_TWICE)
case("GRUBlockCellGrad", slope, *row, *[f(2, 4) for _ in range(4)], grad=NOT_TWICE)
error("GRUBlockCell", step, f(3), *row[1:], says="must be rank 2 but is rank 1")
error("GRUBlockCell", step, row[0], f(4), *row[2:], says="must be rank 2 but is rank 1")
for place, size, says in (
    (1, (3, 4), "h_prev.dims(0) != batch_size: 3 vs. 2"),
    (2, (6, 8), "w_ru.dim_size(0) != input_size + cell_size: 6 vs. 7"),
    (2, (7, 9), "w_ru.dim_size(1) != cell_size * 2: 9 vs. 8"),
    (3, (6, 4), "w_c.dim_size(0) != input_size + cell_size: 6 vs. 7"),
    (3, (7, 5), "w_c.dim_size(1) != cell_size: 5 vs. 4"),
    (4, (7,), "b_ru.dim_size(0) != cell_size * 2: 7 vs. 8"),
    (5, (3,), "b_c.dim_size(0) != cell_size: 3 vs. 4"),
):
    wrong = [*row[:place], f(*size), *row[place + 1 :]]
    error("GRUBlockCell", step, *wrong, at="run", says=says)
more = [f(2, 4) for _ in range(4)]
for place, size, says in (
    (0, (2, 5), "r.dims(1) != cell_size: 5 vs. 4"),
    (2, (3, 4), "c.dims(0) != batch_size: 3 vs. 2"),
    (3, (2, 5), "d_h.dims(1) != cell_size: 5 vs. 4"),
):
    wrong = [*row, *more[:place], f(*size), *more[place + 1 :]]
    error("GRUBlockCellGrad", slope, *wrong, at="run", says=says)
