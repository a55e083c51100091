"""Second derivatives."""

from __future__ import annotations

from typing import Any

from graphflow.autodiff.reverse import gradients
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.flow_while import while_loop
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape, size
from graphflow.ops.tensor_array import TensorArray


@export("hessians")
def hessians(
    ys: Any,
    xs: Any,
    name: str = "hessians",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
) -> list[Tensor]:
    """Returns the second derivatives of the sum of `ys` by each of `xs` with itself.

    Args:
        ys: a tensor or a list of them.
        xs: a tensor or variable, or a list of them.
        name: has no effect, as in TensorFlow.
        colocate_gradients_with_ops: as in `tf.gradients`.
        gate_gradients: as in `tf.gradients`.
        aggregation_method: as in `tf.gradients`.

    Returns:
        For each x a tensor of shape x.shape + x.shape.

    Raises:
        LookupError: if an operation on the way has no gradient.
        ValueError: if the ys do not depend on an x.

    Note:
        A loop takes the rows one by one.
    """
    xs = list(xs) if isinstance(xs, list | tuple) else [xs]
    first = gradients(
        ys,
        xs,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
    )
    return [_hessian(dx, x) for dx, x in zip(first, xs, strict=True)]


def _hessian(gradient: Any, x: Any) -> Tensor:
    flat = reshape(gradient, [-1])
    n = size(x)

    def row(j: Tensor, rows: TensorArray) -> tuple[Tensor, TensorArray]:
        return j + 1, rows.write(j, gradients(flat[j], x)[0])

    start = [constant(0), TensorArray(x.dtype.base_dtype, n)]
    _, rows = while_loop(lambda j, _: j < n, row, start)
    sizes = shape(x)
    return reshape(rows.stack(), concat((sizes, sizes), 0))
