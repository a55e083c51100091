"""Decoders of `tf.contrib.legacy_seq2seq` that look back at what the encoder gave out."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from graphflow.core import nest
from graphflow.core.dtypes import float32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.legacy_seq2seq import (
    Decoded,
    LoopFunction,
    check_projection,
    embedded_argmax,
    in_either_case,
)
from graphflow.nets.rnn_linear import Linear
from graphflow.nets.rnn_projections import EmbeddingWrapper, OutputProjectionWrapper
from graphflow.nets.rnn_static import static_rnn
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.conv import conv2d
from graphflow.ops.embedding import embedding_lookup
from graphflow.ops.fill import zeros
from graphflow.ops.functions import tanh
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.softmax import softmax
from graphflow.ops.stack import stack
from graphflow.ops.variable_scope import get_variable, get_variable_scope, variable_scope


class _Attention:
    """Heads that each find a weighted mean of what they look back at."""

    def __init__(self, states: Any, num_heads: int, dtype: Any) -> None:
        self.size = states.shape.as_list()[2]
        self.dtype = dtype
        known = states.shape.as_list()[1]
        self.length = shape_of(states)[1] if known is None else known
        self.hidden = reshape(states, [-1, self.length, 1, self.size])
        self.features: list[Tensor] = []
        self.v: list[Any] = []
        for i in range(num_heads):
            k = get_variable(f"AttnW_{i}", [1, 1, self.size, self.size], dtype=dtype)
            self.features.append(conv2d(self.hidden, k, [1, 1, 1, 1], "SAME"))
            self.v.append(get_variable(f"AttnV_{i}", [self.size], dtype=dtype))

    def start(self, batch_size: Any) -> list[Tensor]:
        """What the heads have found before they look."""
        sizes = stack([batch_size, self.size])
        found = [zeros(sizes, dtype=self.dtype) for _ in self.v]
        for x in found:
            x.set_shape([None, self.size])
        return found

    def __call__(self, query: Any) -> list[Tensor]:
        """What the heads find for a state."""
        if nest.is_nested(query):
            parts = nest.flatten(query)
            for x in parts:
                if x.shape.ndims:
                    assert x.shape.ndims == 2, f"a state has {x.shape.ndims} axes, not 2"
            query = concat(parts, 1)
        return [self._found(i, query) for i in range(len(self.v))]

    def _found(self, i: int, query: Any) -> Tensor:
        with variable_scope(f"Attention_{i}"):
            y = Linear(query, self.size, True)(query)
            y = cast(reshape(y, [-1, 1, 1, self.size]), self.dtype)
            fits = reduce_sum(self.v[i] * tanh(self.features[i] + y), [2, 3])
            weights = cast(softmax(cast(fits, dtype=float32)), self.dtype)
            mean = reduce_sum(reshape(weights, [-1, self.length, 1, 1]) * self.hidden, [1, 2])
            return reshape(mean, [-1, self.size])


@export("contrib.legacy_seq2seq.attention_decoder")
def attention_decoder(
    decoder_inputs: Sequence[Any],
    initial_state: Any,
    attention_states: Any,
    cell: Any,
    output_size: int | None = None,
    num_heads: int = 1,
    loop_function: LoopFunction | None = None,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> Decoded:
    """As `rnn_decoder`, with inputs and outputs that heads of attention add to.

    Args:
        decoder_inputs: a list of `[batch, size]`.
        initial_state: the first state.
        attention_states: `[batch, length, size]`, what the heads look back at.
        cell: an RNNCell.
        output_size: the size of the outputs; None: the cell's.
        num_heads: the number of heads.
        loop_function: as in `rnn_decoder`.
        dtype: the element type; None: the scope's.
        scope: the variable scope; None: "attention_decoder".
        initial_state_attention: whether the heads look before the first step; else they find zeros.

    Returns:
        `(outputs, state)`.

    Raises:
        ValueError: if there are no inputs, no heads, or a size is not known.
    """
    if not decoder_inputs:
        raise ValueError("Must provide at least 1 input to attention decoder.")
    if num_heads < 1:
        raise ValueError("With less than 1 heads, use a non-attention decoder.")
    if attention_states.shape.as_list()[2] is None:
        raise ValueError(f"Shape[2] of attention_states must be known: {attention_states.shape}")
    size = cell.output_size if output_size is None else output_size
    with variable_scope(scope or "attention_decoder", dtype=dtype) as opened:
        batch_size = shape_of(decoder_inputs[0])[0]
        attention = _Attention(attention_states, num_heads, opened.dtype)
        found = attention.start(batch_size)
        if initial_state_attention:
            found = attention(initial_state)
        state = initial_state
        outputs: list[Any] = []
        for i, x in enumerate(decoder_inputs):
            if i > 0:
                get_variable_scope().reuse_variables()
            if loop_function is not None and outputs:
                with variable_scope("loop_function", reuse=True):
                    x = loop_function(outputs[-1], i)
            cell_output, state = cell(_joined(x, found, opened.dtype), state)
            if i == 0 and initial_state_attention:
                with variable_scope(get_variable_scope(), reuse=True):
                    found = attention(state)
            else:
                found = attention(state)
            with variable_scope("AttnOutputProjection"):
                parts = [cast(cell_output, opened.dtype), *found]
                outputs.append(Linear(parts, size, True)(parts))
    return outputs, state


def _joined(x: Any, found: list[Tensor], dtype: Any) -> Tensor:
    size = x.shape.with_rank(2).as_list()[1]
    if size is None:
        raise ValueError(f"Could not infer input size from input: {x.name}")
    parts = [cast(part, dtype) for part in [x, *found]]
    return Linear(parts, size, True)(parts)


@export("contrib.legacy_seq2seq.embedding_attention_decoder")
def embedding_attention_decoder(
    decoder_inputs: Sequence[Any],
    initial_state: Any,
    attention_states: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_size: int | None = None,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> Decoded:
    """As `attention_decoder`, over symbols.

    Args:
        decoder_inputs: a list of `[batch]` symbols.
        initial_state: the first state.
        attention_states: as in `attention_decoder`.
        cell: an RNNCell.
        num_symbols: how many symbols there are.
        embedding_size: the size of a symbol's vector.
        num_heads: as in `attention_decoder`.
        output_size: as in `attention_decoder`.
        output_projection: as in `embedding_rnn_decoder`.
        feed_previous: as in `embedding_rnn_decoder`.
        update_embedding_for_previous: as in `embedding_rnn_decoder`.
        dtype: as in `attention_decoder`.
        scope: the variable scope; None: "embedding_attention_decoder".
        initial_state_attention: as in `attention_decoder`.

    Returns:
        `(outputs, state)`.

    Raises:
        ValueError: as `attention_decoder`, or if the projection has other sizes.
    """
    size = cell.output_size if output_size is None else output_size
    check_projection(output_projection, num_symbols, dtype, weights=False)
    with variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        loop = None
        if feed_previous:
            loop = embedded_argmax(embedding, output_projection, update_embedding_for_previous)
        vectors = [embedding_lookup(embedding, i) for i in decoder_inputs]
        return attention_decoder(
            vectors, initial_state, attention_states, cell, output_size=size, num_heads=num_heads,
            loop_function=loop, initial_state_attention=initial_state_attention,
        )  # fmt: skip


@export("contrib.legacy_seq2seq.embedding_attention_seq2seq")
def embedding_attention_seq2seq(
    encoder_inputs: Sequence[Any],
    decoder_inputs: Sequence[Any],
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> Decoded:
    """As `embedding_rnn_seq2seq`, with attention to all outputs of the reading.

    Args:
        encoder_inputs: a list of `[batch]` symbols.
        decoder_inputs: a list of `[batch]` symbols.
        cell: an RNNCell.
        num_encoder_symbols: how many symbols are read.
        num_decoder_symbols: how many symbols are written.
        embedding_size: the size of a symbol's vector.
        num_heads: as in `attention_decoder`.
        output_projection: as in `embedding_rnn_seq2seq`.
        feed_previous: as in `embedding_rnn_seq2seq`.
        dtype: the element type; None: the scope's.
        scope: the variable scope; None: "embedding_attention_seq2seq".
        initial_state_attention: as in `attention_decoder`.

    Returns:
        `(outputs, state)` of the writing.

    Source:
        Bahdanau et al. 2015; Vinyals et al. 2015.
    """
    with variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype) as opened:
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        read, encoded = static_rnn(encoder, encoder_inputs, dtype=opened.dtype)
        seen = concat([reshape(e, [-1, 1, cell.output_size]) for e in read], 1)
        size = None
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
            size = num_decoder_symbols

        def decode(feeds: bool, update: bool = False) -> Decoded:
            return embedding_attention_decoder(
                decoder_inputs, encoded, seen, cell, num_decoder_symbols, embedding_size,
                num_heads=num_heads, output_size=size, output_projection=output_projection,
                feed_previous=feeds, update_embedding_for_previous=update,
                initial_state_attention=initial_state_attention,
            )  # fmt: skip

        if isinstance(feed_previous, bool):
            return decode(feed_previous, update=True)
        return in_either_case(feed_previous, decode, len(decoder_inputs), lambda: encoded)
