"""Attention: what a decoder's query finds in a memory, after Luong and after Bahdanau."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphflow.core import nest, scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import as_dtype, float32, int32
from graphflow.core.export import export
from graphflow.core.shape import dimension_value
from graphflow.core.tensor import Tensor
from graphflow.nets.dense import Dense
from graphflow.nets.initializers import Constant, Ones, Zeros
from graphflow.nets.layer import Layer
from graphflow.nets.rnn_sizes import zero_state_tensors
from graphflow.ops.asserts import assert_positive
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.fill import ones, ones_like
from graphflow.ops.functions import tanh
from graphflow.ops.mask import sequence_mask
from graphflow.ops.matmul import matmul
from graphflow.ops.powers import rsqrt, square
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import expand_dims, reshape, squeeze
from graphflow.ops.select import where
from graphflow.ops.shape_ops import rank as rank_of
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.softmax import softmax
from graphflow.ops.variable_scope import get_variable, variable_scope

Found = tuple[Tensor, Any]
"""What a mechanism returns: alignments and its next state."""


@export("contrib.seq2seq.AttentionMechanism")
class AttentionMechanism:
    """The base of all mechanisms.

    A mechanism is called with `(query, state)` and returns `(alignments, next state)`. Beside the
    two sizes here, an AttentionWrapper needs its `values`, `batch_size`, `initial_alignments` and
    `initial_state`.
    """

    @property
    def alignments_size(self) -> Any:
        """How many places of the memory alignments are about."""
        raise NotImplementedError

    @property
    def state_size(self) -> Any:
        """The size of the state."""
        raise NotImplementedError


class BaseAttentionMechanism(AttentionMechanism):
    """A mechanism with a memory, and with layers for the memory and for the query.

    Args:
        query_layer: makes the query as wide as the keys, a layer; None: it is so already.
        memory: `[batch, time, ...]`, or a nest of such tensors.
        probability_fn: makes probabilities of scores and of the state before.
        memory_sequence_length: `[batch]`, how many places count of each row; None: all.
        memory_layer: makes keys of the memory, a layer.
        check_inner_dims_defined: whether the sizes behind batch and time must be known.
        score_mask_value: the score of places that do not count; None: minus infinity.
        custom_key_value_fn: a function of keys and values whose results are used instead of them.
        name: a scope for the operations.

    Raises:
        TypeError: if a layer is no layer, or `probability_fn` is no function.
        ValueError: if an inner size of the memory is not known.
    """

    def __init__(
        self,
        query_layer: Any,
        memory: Any,
        probability_fn: Callable[[Tensor, Any], Tensor],
        memory_sequence_length: Any = None,
        memory_layer: Any = None,
        check_inner_dims_defined: bool = True,
        score_mask_value: Any = None,
        custom_key_value_fn: Callable[[Any, Any], tuple[Any, Any]] | None = None,
        name: str | None = None,
    ) -> None:
        for what, layer in (("query_layer", query_layer), ("memory_layer", memory_layer)):
            if layer is not None and not isinstance(layer, Layer):
                raise TypeError(f"{what} is not a Layer: {type(layer).__name__}")
        self._query_layer = query_layer
        self._memory_layer = memory_layer
        self.dtype = memory_layer.dtype
        if not callable(probability_fn):
            kind = type(probability_fn).__name__
            raise TypeError(f"probability_fn must be callable, saw type: {kind}")
        if score_mask_value is None:
            score_mask_value = as_dtype(self.dtype).as_numpy_dtype(-np.inf)

        def probabilities(score: Tensor, state: Any) -> Tensor:
            masked = maybe_mask_score(
                score,
                memory_sequence_length=memory_sequence_length,
                score_mask_value=score_mask_value,
            )
            return probability_fn(masked, state)

        self._probability_fn = probabilities
        with scopes.name_scope(name, "BaseAttentionMechanismInit", nest.flatten(memory)):
            self._values: Any = prepare_memory(
                memory, memory_sequence_length, check_inner_dims_defined=check_inner_dims_defined
            )
            self._keys: Any = self.memory_layer(self._values)
            if custom_key_value_fn is not None:
                self._keys, self._values = custom_key_value_fn(self._keys, self._values)
            self._batch_size = known_size(self._keys, 0)
            self._alignments_size = known_size(self._keys, 1)

    @property
    def memory_layer(self) -> Any:
        """The layer that makes keys of the memory."""
        return self._memory_layer

    @property
    def query_layer(self) -> Any:
        """The layer that the query goes through; None: there is none."""
        return self._query_layer

    @property
    def values(self) -> Any:
        """The memory, `[batch, time, ...]`; zeros where it does not count."""
        return self._values

    @property
    def keys(self) -> Any:
        """What queries are compared with, `[batch, time, units]`."""
        return self._keys

    @property
    def batch_size(self) -> Any:
        """The batch size, an int where it is known."""
        return self._batch_size

    @property
    def alignments_size(self) -> Any:
        """The number of places in the memory, an int where it is known."""
        return self._alignments_size

    @property
    def state_size(self) -> Any:
        """The same: the state is the alignments of the step before."""
        return self._alignments_size

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Any:
        """Returns zeros `[batch, time]`.

        Args:
            batch_size: an int or a scalar tensor.
            dtype: the element type.
        """
        return zero_state_tensors(self._alignments_size, batch_size, dtype)

    def initial_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns the initial alignments.

        Args:
            batch_size: an int or a scalar tensor.
            dtype: the element type.
        """
        return self.initial_alignments(batch_size, dtype)


def known_size(x: Any, axis: int) -> Any:
    """The size of an axis: an int where it is known (and is not zero), else a scalar tensor."""
    return dimension_value(x.shape[axis]) or shape_of(x)[axis]


def key_layer(num_units: int, name: str, dtype: Any) -> Dense:
    """Returns the layer that makes keys, or queries, of `num_units` numbers each."""
    return Dense(num_units, name=name, use_bias=False, dtype=float32 if dtype is None else dtype)


# --- the memory ---
def prepare_memory(
    memory: Any,
    memory_sequence_length: Any = None,
    memory_mask: Any = None,
    check_inner_dims_defined: bool = True,
) -> Any:
    """Returns a memory with zeros where it does not count.

    Args:
        memory: `[batch, time, ...]`, or a nest of such tensors.
        memory_sequence_length: `[batch]`, how many places count of each row.
        memory_mask: `[batch, time]`, instead: whether each place counts.
        check_inner_dims_defined: whether the sizes behind batch and time must be known.

    Raises:
        ValueError: if one of them is not known, or both lengths and a mask are given.
    """
    memory = nest.map_structure(lambda m: convert(m, name="memory"), memory)
    _refuse_both(memory_sequence_length, memory_mask)
    if memory_sequence_length is not None:
        memory_sequence_length = convert(memory_sequence_length, name="memory_sequence_length")
    if check_inner_dims_defined:
        nest.map_structure(_check_inner_sizes, memory)
    if memory_sequence_length is None and memory_mask is None:
        return memory
    first = nest.flatten(memory)[0]
    if memory_sequence_length is not None:
        mask = sequence_mask(memory_sequence_length, shape_of(first)[1], first.dtype)
    else:
        mask = cast(memory_mask, first.dtype)
    return nest.map_structure(lambda m: _masked(m, mask), memory)


def _refuse_both(lengths: Any, mask: Any) -> None:
    if lengths is not None and mask is not None:
        raise ValueError("memory_sequence_length and memory_mask can't be provided at same time.")


def _check_inner_sizes(m: Tensor) -> None:
    if not m.shape[2:].is_fully_defined():
        raise ValueError(
            f"Expected memory {m.name} to have fully defined inner dims, but saw shape: {m.shape}"
        )


def _masked(m: Tensor, mask: Tensor) -> Any:
    rank = m.shape.ndims
    extra = ones((rank_of(m) if rank is None else rank) - 2, dtype=int32)
    return m * reshape(mask, concat((shape_of(mask), extra), 0))


def maybe_mask_score(
    score: Tensor,
    memory_sequence_length: Any = None,
    memory_mask: Any = None,
    score_mask_value: Any = None,
) -> Tensor:
    """Returns scores with `score_mask_value` at the places that do not count.

    Args:
        score: `[batch, time]`.
        memory_sequence_length: `[batch]`, how many places count of each row, at least one.
        memory_mask: `[batch, time]`, instead: whether each place counts.
        score_mask_value: the score of the others.

    Raises:
        ValueError: if both are given.
        InvalidArgumentError: (when run) if a length is not positive.
    """
    if memory_sequence_length is None and memory_mask is None:
        return score
    _refuse_both(memory_sequence_length, memory_mask)
    if memory_sequence_length is not None:
        message = "All values in memory_sequence_length must be greater than zero."
        positive = assert_positive(memory_sequence_length, message=message)
        with scopes.control_dependencies([positive]):
            memory_mask = sequence_mask(memory_sequence_length, maxlen=shape_of(score)[1])
    return where(memory_mask, score, score_mask_value * ones_like(score))


# --- Luong ---
def luong_score(query: Tensor, keys: Tensor, scale: Any) -> Any:
    """Returns the products of a query with all keys.

    Args:
        query: `[batch, units]`.
        keys: `[batch, time, units]`.
        scale: a factor, or None.

    Returns:
        `[batch, time]`.

    Raises:
        ValueError: if query and keys are known not to be equally wide.
    """
    depth, units = query.shape[-1], keys.shape[-1]
    if depth != units:
        raise ValueError(
            "Incompatible or unknown inner dimensions between query and keys.  "
            f"Query ({query}) has units: {depth}.  Keys ({keys}) have units: {units}.  "
            f"Perhaps you need to set num_units to the keys' dimension ({units})?"
        )
    score: Any = squeeze(matmul(expand_dims(query, 1), keys, transpose_b=True), [1])
    return score if scale is None else scale * score


def luong_scale(dtype: Any) -> Any:
    """Returns the variable that scales Luong's scores."""
    return get_variable("attention_g", dtype=dtype, initializer=Ones, shape=())


@export("contrib.seq2seq.LuongAttention")
class LuongAttention(BaseAttentionMechanism):
    """Attention by products: the score of a place is the product of the query with its key.

    Args:
        num_units: the size of a key, which must be that of the query.
        memory: `[batch, time, ...]`, mostly the outputs of an encoder.
        memory_sequence_length: `[batch]`, how many places count of each row; None: all.
        scale: whether the scores are scaled by a variable.
        probability_fn: makes probabilities of scores; None: softmax.
        score_mask_value: the score of places that do not count; None: minus infinity.
        dtype: the element type of the variables; None: float32.
        custom_key_value_fn: a function of keys and values whose results are used instead of them.
        name: a scope for the operations.

    Raises:
        ValueError: if an inner size of the memory is not known.

    Source:
        Luong, Pham, Manning 2015.
    """

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        probability_fn: Any = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Any = None,
        name: str = "LuongAttention",
    ) -> None:
        function = softmax if probability_fn is None else probability_fn
        super().__init__(
            query_layer=None,
            memory_layer=key_layer(num_units, "memory_layer", dtype),
            memory=memory,
            probability_fn=lambda score, _: function(score),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            custom_key_value_fn=custom_key_value_fn,
            name=name,
        )
        self._num_units = num_units
        self._scale = scale
        self._name = name

    def __call__(self, query: Any, state: Any) -> Found:
        """Returns the alignments of a query.

        Args:
            query: `[batch, units]`.
            state: the alignments of the step before, which do not matter here.

        Returns:
            `(alignments, next state)`, the same tensor twice, `[batch, time]`.

        Raises:
            ValueError: if query and keys are known not to be equally wide.
        """
        with variable_scope(None, "luong_attention", [query]):
            scale = luong_scale(query.dtype) if self._scale else None
            score = luong_score(query, self._keys, scale)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


# --- Bahdanau ---
def bahdanau_score(
    processed_query: Tensor,
    keys: Tensor,
    attention_v: Any,
    attention_g: Any = None,
    attention_b: Any = None,
) -> Any:
    """Returns `v tanh(keys + query)`, or with `v` normalized and a bias.

    Args:
        processed_query: `[batch, units]`.
        keys: `[batch, time, units]`.
        attention_v: `[units]`.
        attention_g: a scalar, the length of `v`, or None.
        attention_b: `[units]`, the bias, or None.

    Returns:
        `[batch, time]`.
    """
    query: Any = expand_dims(processed_query, 1)
    if attention_g is None or attention_b is None:
        return reduce_sum(attention_v * tanh(keys + query), [2])
    v = attention_g * attention_v * rsqrt(reduce_sum(square(attention_v)))
    return reduce_sum(v * tanh(keys + query + attention_b), [2])


class BahdanauScores(BaseAttentionMechanism):
    """What both of Bahdanau's mechanisms share: their variables and their scores."""

    _num_units: int
    _normalize: bool

    def _scores(self, query: Tensor) -> tuple[Any, Any]:
        """The scores, in the scope that is open, and the type of the query behind its layer."""
        processed = self.query_layer(query) if self.query_layer else query
        dtype, n = query.dtype, self._num_units
        v = get_variable("attention_v", [n], dtype=dtype)
        g = b = None
        if self._normalize:
            start = Constant(math.sqrt(1.0 / n))
            g = get_variable("attention_g", dtype=dtype, initializer=start, shape=())
            b = get_variable("attention_b", [n], dtype=dtype, initializer=Zeros())
        return bahdanau_score(processed, self._keys, v, g, b), processed.dtype


@export("contrib.seq2seq.BahdanauAttention")
class BahdanauAttention(BahdanauScores):
    """Attention by sums: the score of a place is `v tanh(key + query)`.

    Args:
        num_units: the size of keys and queries.
        memory: `[batch, time, ...]`, mostly the outputs of an encoder.
        memory_sequence_length: `[batch]`, how many places count of each row; None: all.
        normalize: whether `v` is normalized, with a length and a bias that are variables.
        probability_fn: makes probabilities of scores; None: softmax.
        score_mask_value: the score of places that do not count; None: minus infinity.
        dtype: the element type of the layers' variables; None: float32.
        custom_key_value_fn: a function of keys and values whose results are used instead of them.
        name: a scope for the operations.

    Raises:
        ValueError: if an inner size of the memory is not known.

    Source:
        Bahdanau, Cho, Bengio 2015; Salimans, Kingma 2016 for the normalized form.
    """

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        probability_fn: Any = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Any = None,
        name: str = "BahdanauAttention",
    ) -> None:
        function = softmax if probability_fn is None else probability_fn
        super().__init__(
            query_layer=key_layer(num_units, "query_layer", dtype),
            memory_layer=key_layer(num_units, "memory_layer", dtype),
            memory=memory,
            probability_fn=lambda score, _: function(score),
            custom_key_value_fn=custom_key_value_fn,
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            name=name,
        )
        self._num_units = num_units
        self._normalize = normalize
        self._name = name

    def __call__(self, query: Any, state: Any) -> Found:
        """Returns the alignments of a query.

        Args:
            query: `[batch, depth]`.
            state: the alignments of the step before, which do not matter here.

        Returns:
            `(alignments, next state)`, the same tensor twice, `[batch, time]`.
        """
        with variable_scope(None, "bahdanau_attention", [query]):
            score, _ = self._scores(query)
        alignments = self._probability_fn(score, state)
        return alignments, alignments
