"""Gradients of what a py_function did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.autodiff.reverse import gradients
from graphflow.core.late import provide
from graphflow.core.tensor import Tensor


@provide("eager_gradients")
def eager_gradients(ys: Sequence[Tensor], xs: Sequence[Tensor], dys: Sequence[Tensor]) -> list[Any]:
    """Returns the gradients of tensors with values: operations that have run.

    Args:
        ys: what is differentiated.
        xs: by what.
        dys: the gradient that arrives at each y.

    Returns:
        For each x a tensor, an IndexedSlices, or None where no y depends on it.
    """
    return gradients(ys, xs, grad_ys=dys)
