"""Keras' layers that look values up by how well keys fit a query."""

from __future__ import annotations

from typing import Any, ClassVar

from graphflow.core.convert import convert
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.shape import as_shape
from graphflow.nets import keras_state
from graphflow.nets.initializers import GlorotUniform, Ones
from graphflow.nets.keras_layer import Layer
from graphflow.ops.cast import cast
from graphflow.ops.comparison import greater_equal, logical_and, logical_not
from graphflow.ops.concat import concat
from graphflow.ops.fill import ones, ones_like
from graphflow.ops.functions import tanh
from graphflow.ops.matmul import matmul
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import expand_dims
from graphflow.ops.scan import cumsum
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.softmax import softmax


class BaseDenseAttention(Layer):
    """The base of the attention layers; subclasses say how well a key fits.

    Args:
        causal: whether a step of the query sees only values up to that step.
        **kwargs: as `Layer`.
    """

    CONFIG: ClassVar[tuple[str, ...]] = ("causal",)
    supports_masking = True

    def __init__(self, causal: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.causal = causal

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        raise NotImplementedError

    def _apply_scores(self, scores: Any, value: Any, scores_mask: Any = None) -> Any:
        if scores_mask is not None:
            hidden = logical_not(scores_mask)
            scores -= 1.0e9 * cast(hidden, keras_state.floatx())
        return matmul(softmax(scores), value)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the values, weighted by how well their keys fit.

        Args:
            inputs: a list of the query [batch, steps, size], the value [batch, items, size], and
                perhaps the keys (else the values are).
            mask: a list of the masks [batch, steps] of the query and [batch, items] of the value.

        Raises:
            ValueError: if an argument is no such list.
        """
        self._check(inputs, mask)
        query, value = inputs[:2]
        key = inputs[2] if len(inputs) > 2 else value
        query_mask, value_mask = mask or (None, None)
        scores = self._calculate_scores(query, key)
        if value_mask is not None:
            value_mask = expand_dims(value_mask, axis=-2)
        seen = _before(scores) if self.causal else None
        found = self._apply_scores(scores, value, _both(value_mask, seen))
        if query_mask is not None:
            found *= cast(expand_dims(query_mask, axis=-1), found.dtype)
        return found

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the mask of the result: that of the query.

        Args:
            inputs: as `call`.
            mask: likewise.

        Raises:
            ValueError: if an argument is no such list.
        """
        self._check(inputs, mask)
        return convert(mask[0]) if mask and mask[0] is not None else None

    def _check(self, inputs: Any, mask: Any) -> None:
        name = type(self).__name__
        if not isinstance(inputs, list):
            raise ValueError(
                f"{name} layer must be called on a list of inputs, namely [query, value] or "
                "[query, value, key]."
            )
        if not 2 <= len(inputs) <= 3:
            raise ValueError(
                f"{name} layer accepts inputs list of length 2 or 3, namely [query, value] or "
                f"[query, value, key]. Given length: {len(inputs)}"
            )
        if mask and not isinstance(mask, list):
            raise ValueError(f"{name} layer mask must be a list, namely [query_mask, value_mask].")
        if mask and len(mask) != 2:
            raise ValueError(
                f"{name} layer mask must be a list of length 2, namely [query_mask, value_mask]. "
                f"Given length: {len(mask)}"
            )


def _before(scores: Any) -> Any:
    """A mask of the items up to each step."""
    sizes = shape_of(scores)
    shape = concat([ones_like(sizes[:-2]), sizes[-2:]], axis=0)
    steps = cumsum(ones(shape, int32), axis=-2)
    return greater_equal(steps, cumsum(ones(shape, int32), axis=-1))


def _both(x: Any, y: Any) -> Any:
    if x is None or y is None:
        return y if x is None else x
    return logical_and(x, y)


@export("keras.layers.Attention")
class Attention(BaseDenseAttention):
    """A layer that weights values by the products of query and keys.

    Args:
        use_scale: whether the products are multiplied with a variable.
        **kwargs: as `Layer`; `causal`: whether a step of the query sees only values up to it.

    Source:
        Luong et al. 2015, arXiv:1508.04025.
    """

    CONFIG = ("causal", "use_scale")

    def __init__(self, use_scale: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_scale = use_scale
        self.scale: Any = None

    def build(self, input_shape: Any) -> None:
        """Makes the scale."""
        if self.use_scale:
            self.scale = self.add_weight("scale", (), self.dtype, Ones())
        self.built = True

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        scores = matmul(query, key, transpose_b=True)
        return scores if self.scale is None else scores * self.scale


@export("keras.layers.AdditiveAttention")
class AdditiveAttention(BaseDenseAttention):
    """A layer that weights values by `tanh(query + key)`, summed with a variable as weights.

    Args:
        use_scale: whether there is such a variable; else the sum is plain.
        **kwargs: as `Layer`; `causal`: whether a step of the query sees only values up to it.

    Source:
        Bahdanau et al. 2014, arXiv:1409.0473.
    """

    CONFIG = ("causal", "use_scale")

    def __init__(self, use_scale: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_scale = use_scale
        self.scale: Any = None

    def build(self, input_shape: Any) -> None:
        """Makes the scale, of the size of a value."""
        if self.use_scale:
            size = as_shape(input_shape[1]).as_list()[-1]
            self.scale = self.add_weight("scale", [size], self.dtype, GlorotUniform())
        self.built = True

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        each = tanh(expand_dims(query, axis=-2) + expand_dims(key, axis=-3))
        scale = self.scale if self.use_scale else 1.0
        return reduce_sum(scale * each, axis=-1)
