"""Random draws of the decoders' helpers, in TensorFlow's order of random numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import int32, int64
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal, less
from graphflow.ops.concat import concat
from graphflow.ops.functions import sigmoid
from graphflow.ops.pad import pad
from graphflow.ops.random import multinomial, random_uniform
from graphflow.ops.reduce import reduce_prod
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import rank
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.transpose import transpose


def bernoulli_sample(
    probs: Any = None,
    logits: Any = None,
    dtype: Any = int32,
    sample_shape: Any = (),
    seed: int | None = None,
) -> Any:
    """Returns draws that are 1 with given probabilities, else 0.

    Args:
        probs: the probabilities.
        logits: their logits, instead.
        dtype: the element type of the draws.
        sample_shape: the shape of draws for each probability.
        seed: the operation's seed.

    Returns:
        `sample_shape` and then the shape of `probs`.
    """
    if probs is None:
        p: Any = sigmoid(logits, name="probs")
    else:
        p = convert(probs, name="probs")
    inner = shape_of(p)

    def drawn(n: Any) -> Any:
        sizes = concat([[n], inner], 0)
        uniform: Any = random_uniform(sizes, seed=seed, dtype=p.dtype)
        return cast(less(uniform, p), dtype)

    return _shaped(drawn, sample_shape)


def categorical_sample(
    logits: Any, dtype: Any = int32, sample_shape: Any = (), seed: int | None = None
) -> Any:
    """Returns classes that are drawn.

    Args:
        logits: `[..., classes]`.
        dtype: the element type of the draws.
        sample_shape: the shape of draws for each row.
        seed: the operation's seed.

    Returns:
        `sample_shape` and then the shape of `logits` without its last axis.
    """
    logits = convert(logits, name="logits")
    classes = shape_of(logits)[-1]
    inner = shape_of(logits)[:-1]

    def drawn(n: Any) -> Any:
        rows = logits if logits.shape.ndims == 2 else reshape(logits, [-1, classes])
        kind = int64 if logits.dtype.size > 4 else int32
        draws: Any = multinomial(rows, n, seed=seed, output_dtype=kind)
        return cast(reshape(transpose(draws), concat([[n], inner], 0)), dtype)

    return _shaped(drawn, sample_shape)


def _shaped(drawn: Callable[[Any], Any], sample_shape: Any) -> Any:
    """Draws as many as a shape has elements, and gives them that shape."""
    with scopes.name_scope(None, "call_sampler", values=[sample_shape]):
        shape: Any = convert(sample_shape, int32, "sample_shape")
        missing = cast(equal(rank(shape), 0), int32)
        shape = reshape(shape, pad(shape_of(shape), paddings=[[missing, 0]], constant_values=1))
        samples = drawn(reduce_prod(shape))
        return reshape(samples, concat([shape, shape_of(samples)[1:]], 0))
