"""Dropout: units are left out at random while a network learns."""

from __future__ import annotations

import logging
import numbers
from typing import Any

from graphflow.core import scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.random import random_uniform
from graphflow.ops.shape_ops import shape

_log = logging.getLogger("graphflow")
_warnings_left = iter(range(5))
"""A rate above 1/2 is worth a few words, not a line for each layer of a deep network."""


def _noise_shape(x: Tensor, noise_shape: Any) -> Any:
    """The shape of the random numbers: the one given, with unknown sizes taken from `x`."""
    if noise_shape is None:
        return shape(x)
    try:
        asked = as_shape(noise_shape).raw
    except (TypeError, ValueError):
        return noise_shape  # a tensor, say: the operation sees to it
    if x.dims is None or asked is None or len(x.dims) != len(asked):
        return noise_shape
    return TensorShape(
        [own if wanted is None else wanted for own, wanted in zip(x.dims, asked, strict=True)]
    )


def _rate(keep_prob: Any, rate: Any) -> Any:
    """The probability to leave out, from either argument."""
    try:
        left_out = None if keep_prob is None else 1.0 - keep_prob
    except TypeError:
        raise ValueError(
            f"keep_prob must be a floating point number or Tensor (got {keep_prob!r})"
        ) from None
    if left_out is not None and rate is not None:
        raise ValueError("Cannot specify both 'rate' and 'keep_prob'")
    rate = left_out if rate is None else rate
    if rate is None:
        raise ValueError("You must provide a rate to dropout.")
    return rate


@export("nn.dropout")
def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
    rate: Any = None,
) -> Tensor:
    """Returns `x` with some elements set to zero and the others enlarged, so that sums stay.

    Args:
        x: a tensor of floats.
        keep_prob: the probability that an element stays; a number or a scalar tensor.
        noise_shape: the shape of the random choices, which broadcasts against `x`: elements
            along an axis of size 1 stay or go together. None: each for itself.
        seed: see `random_normal`.
        name: the name of the scope.
        rate: the probability that an element goes: `1 - keep_prob`.

    Returns:
        A tensor of the shape of `x`: `x` itself for a rate that is known to be 0.

    Raises:
        ValueError: if `x` has no float type, or the rate is not in [0, 1).
    """
    rate = _rate(keep_prob, rate)
    with scopes.name_scope(name, "dropout", [x]):
        x = convert(x, name="x")
        if not x.dtype.is_floating:
            raise ValueError(
                "x has to be a floating point tensor since it's going to be scaled. "
                f"Got a {x.dtype} tensor instead."
            )
        if isinstance(rate, numbers.Real):
            _check_number(rate)
            if rate == 0:
                return x  # type: ignore[no-any-return]  # converted above
        rate = convert(rate, x.dtype.base_dtype, "rate")
        rate.shape.assert_has_rank(0)
        # Only a Const: TensorFlow does not look through other nodes, and seeds count nodes.
        if rate._made_by == "Const" and constant_value(rate) == 0:
            return x  # type: ignore[no-any-return]  # converted above
        sizes = _noise_shape(x, noise_shape)
        numbers_ = random_uniform(sizes, seed=seed, dtype=x.dtype.base_dtype)
        scale = 1 / (1 - rate)
        # A number equal to the rate stays: uniform numbers are multiples of 2**-23.
        mask = numbers_ >= rate
        found: Tensor = x * scale * cast(mask, x.dtype.base_dtype)
        found.set_shape(x.dims)
    return found


def _check_number(rate: Any) -> None:
    if not 0 <= rate < 1:
        raise ValueError(
            f"rate must be a scalar tensor or a float in the range [0, 1), got {rate:g}"
        )
    if rate > 0.5 and next(_warnings_left, None) is not None:
        _log.warning(
            "Large dropout rate: %g (>0.5). It is the probability to leave an element out; "
            "keep_prob was the probability to keep it.",
            rate,
        )
