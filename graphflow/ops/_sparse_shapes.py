"""Shape rules that sparse operations share."""

from __future__ import annotations

from graphflow.core.errors import ShapeError
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.ops._shapes import as_dims, asked_sizes, need_rank


def sizes_given_by(op: Operation, index: int) -> Dims:
    """The shape that an input lists, as far as it is known.

    Raises:
        ShapeError: if a size is below -1.
    """
    try:
        return as_dims(asked_sizes(op, index))
    except ShapeError as e:
        wrong = str(e).rpartition(" ")[2]
        raise ShapeError(str(e), run=f"Dimension {wrong} must be >= 0") from None


def need_ranks(op: Operation, *wanted: tuple[int, str]) -> list[tuple[int | None, ...]]:
    """The shapes of the first inputs, which must have these ranks.

    Args:
        op: the operation.
        *wanted: for each input its rank, and what TensorFlow says in a run where it is another
            one ("{}" stands for the shape).

    Raises:
        ShapeError: if one has another rank.
    """
    return [
        need_rank(t.dims, rank, run.replace("{}", text(t.dims)))
        for t, (rank, run) in zip(op.inputs, wanted, strict=False)
    ]


SPARSE = (
    (2, "Input indices should be a matrix but received shape {}"),
    (1, "Input values should be a vector but received shape {}"),
    (1, "Input shape should be a vector but received shape {}"),
)
"""What `need_ranks` wants of the three parts of a sparse tensor."""


def length(dims: Dims, at: int = 0) -> int | None:
    """One size of a shape; None where it is not known."""
    return None if dims is None or len(dims) <= at else dims[at]
