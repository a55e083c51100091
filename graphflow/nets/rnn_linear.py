"""A linear map whose variables stand in the current variable scope, for cells and decoders."""

from __future__ import annotations

from typing import Any

from graphflow.core import nest
from graphflow.core.dtypes import int32
from graphflow.core.tensor import Tensor
from graphflow.nets.initializers import Constant
from graphflow.ops.bias import bias_add
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.matmul import matmul
from graphflow.ops.variable_scope import get_variable, get_variable_scope, variable_scope


class Linear:
    """`[args] W + b`; the variables are made at once, and used at each call.

    Args:
        args: `[batch, n]`, or a list of such tensors.
        output_size: the size of the result.
        build_bias: whether there is a bias.
        bias_initializer: makes the first bias; None: zeros.
        kernel_initializer: makes the first weights.

    Raises:
        ValueError: if there are no arguments, or they are no matrices of known width.
    """

    def __init__(
        self,
        args: Any,
        output_size: Any,
        build_bias: bool,
        bias_initializer: Any = None,
        kernel_initializer: Any = None,
    ) -> None:
        if args is None or (nest.is_nested(args) and not args):
            raise ValueError("`args` must be specified")
        self._is_list = nest.is_nested(args)
        tensors = args if self._is_list else [args]
        dtype = tensors[0].dtype
        self._bias: Any = None
        with variable_scope(get_variable_scope()) as outer:
            self._weights = get_variable(
                "kernel", [_width(tensors), output_size], dtype=dtype,
                initializer=kernel_initializer,
            )  # fmt: skip
            if build_bias:
                start = bias_initializer
                with variable_scope(outer) as inner:
                    inner.set_partitioner(None)
                    if start is None:
                        start = Constant(0.0, dtype=dtype)
                    self._bias = get_variable("bias", [output_size], dtype=dtype, initializer=start)

    def __call__(self, args: Any) -> Tensor:
        """Returns the result for arguments of the widths it was made for.

        Args:
            args: as at first.
        """
        args = args if self._is_list else [args]
        if len(args) == 1:
            found = matmul(args[0], self._weights)
        else:
            found = matmul(concat(args, constant(1, dtype=int32)), self._weights)
        return found if self._bias is None else bias_add(found, self._bias)


def _width(args: Any) -> int:
    shapes = [a.shape for a in args]
    total = 0
    for shape in shapes:
        if shape.ndims != 2:
            raise ValueError(f"linear is expecting 2D arguments: {shapes}")
        size = shape.as_list()[1]
        if size is None:
            raise ValueError(
                f"linear expects shape[1] to be provided for shape {shape}, but saw {shape[1]}"
            )
        total += size
    return total
