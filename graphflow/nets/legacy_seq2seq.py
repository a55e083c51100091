"""Decoders and models of `tf.contrib.legacy_seq2seq`, step by step in the graph."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from graphflow.core import nest
from graphflow.core.convert import convert
from graphflow.core.dtypes import float32
from graphflow.core.export import export
from graphflow.core.shape import dimension_at_index
from graphflow.nets.rnn_cells import RNNCell
from graphflow.nets.rnn_projections import EmbeddingWrapper, OutputProjectionWrapper
from graphflow.nets.rnn_static import static_rnn
from graphflow.ops.argmax import argmax
from graphflow.ops.bias import xw_plus_b
from graphflow.ops.embedding import embedding_lookup
from graphflow.ops.flow_cond import cond
from graphflow.ops.identity import stop_gradient
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.variable_scope import get_variable, get_variable_scope, variable_scope

LoopFunction = Callable[[Any, int], Any]
Decoded = tuple[list[Any], Any]


def embedded_argmax(embedding: Any, projection: Any = None, update: bool = True) -> LoopFunction:
    """Returns a function that makes the next input: the vector of the most likely symbol.

    Args:
        embedding: the vectors.
        projection: (weights, biases) of the outputs; None: they are logits already.
        update: whether gradients reach the embedding through it.
    """

    def following(previous: Any, _: int) -> Any:
        if projection is not None:
            previous = xw_plus_b(previous, projection[0], projection[1])
        found = embedding_lookup(embedding, argmax(previous, 1))
        return found if update else stop_gradient(found)

    return following


def check_projection(projection: Any, n: int, dtype: Any, weights: bool = True) -> None:
    """Checks the sizes of a projection of outputs to `n` symbols, if there is one.

    Raises:
        ValueError: if they are wrong.
    """
    if projection is None:
        return
    if weights:
        convert(projection[0], dtype).shape.assert_is_compatible_with([None, n])
    convert(projection[1], dtype).shape.assert_is_compatible_with([n])


def in_either_case(
    feed_previous: Any, decode: Callable[[bool], Decoded], n: int, form: Callable[[], Any]
) -> Decoded:
    """Decodes with a tensor that says whether outputs are fed back.

    Args:
        feed_previous: a bool scalar tensor.
        decode: takes that as a bool, returns outputs and state.
        n: the number of outputs.
        form: returns something in the structure of the state.
    """

    def branch(feeds: bool) -> list[Any]:
        with variable_scope(get_variable_scope(), reuse=None if feeds else True):
            outputs, state = decode(feeds)
            return [*outputs, *nest.flatten(state)]

    found = cond(feed_previous, lambda: branch(True), lambda: branch(False))
    state = form()
    packed = nest.pack_sequence_as(state, found[n:]) if nest.is_nested(state) else found[n]
    return found[:n], packed


@export("contrib.legacy_seq2seq.rnn_decoder")
def rnn_decoder(
    decoder_inputs: Iterable[Any],
    initial_state: Any,
    cell: Any,
    loop_function: LoopFunction | None = None,
    scope: Any = None,
) -> Decoded:
    """Runs a cell over inputs, or over what a function makes of its outputs.

    Args:
        decoder_inputs: `[batch, size]` tensors, one for each step.
        initial_state: the first state.
        cell: an RNNCell.
        loop_function: takes the last output and the step; returns the input to use instead, from
            the second step on.
        scope: the variable scope; None: "rnn_decoder".

    Returns:
        `(outputs, state)`: a list, and the last state.
    """
    with variable_scope(scope or "rnn_decoder"):
        state = initial_state
        outputs: list[Any] = []
        for i, x in enumerate(decoder_inputs):
            if loop_function is not None and outputs:
                with variable_scope("loop_function", reuse=True):
                    x = loop_function(outputs[-1], i)
            if i > 0:
                get_variable_scope().reuse_variables()
            output, state = cell(x, state)
            outputs.append(output)
    return outputs, state


@export("contrib.legacy_seq2seq.basic_rnn_seq2seq")
def basic_rnn_seq2seq(
    encoder_inputs: Sequence[Any],
    decoder_inputs: Sequence[Any],
    cell: Any,
    dtype: Any = float32,
    scope: Any = None,
) -> Decoded:
    """Reads a sequence with a copy of a cell, and writes one with the cell.

    Args:
        encoder_inputs: a list of `[batch, size]`.
        decoder_inputs: a list of `[batch, size]`.
        cell: an RNNCell.
        dtype: the element type of the first state.
        scope: the variable scope; None: "basic_rnn_seq2seq".

    Returns:
        `(outputs, state)` of the writing.
    """
    with variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


@export("contrib.legacy_seq2seq.tied_rnn_seq2seq")
def tied_rnn_seq2seq(
    encoder_inputs: Sequence[Any],
    decoder_inputs: Sequence[Any],
    cell: Any,
    loop_function: LoopFunction | None = None,
    dtype: Any = float32,
    scope: Any = None,
) -> Decoded:
    """Reads a sequence with a cell, and writes one with the same variables.

    Args:
        encoder_inputs: as in `basic_rnn_seq2seq`.
        decoder_inputs: as in `basic_rnn_seq2seq`.
        cell: an RNNCell.
        loop_function: as in `rnn_decoder`.
        dtype: as in `basic_rnn_seq2seq`.
        scope: the variable scope; None: "tied_rnn_seq2seq".

    Returns:
        `(outputs, state)` of the writing.
    """
    with variable_scope("combined_tied_rnn_seq2seq"):
        scope = scope or "tied_rnn_seq2seq"
        _, state = static_rnn(cell, encoder_inputs, dtype=dtype, scope=scope)
        get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function=loop_function, scope=scope)


@export("contrib.legacy_seq2seq.embedding_rnn_decoder")
def embedding_rnn_decoder(
    decoder_inputs: Sequence[Any],
    initial_state: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    scope: Any = None,
) -> Decoded:
    """As `rnn_decoder`, over symbols.

    Args:
        decoder_inputs: a list of `[batch]` symbols.
        initial_state: the first state.
        cell: an RNNCell.
        num_symbols: how many symbols there are.
        embedding_size: the size of a symbol's vector.
        output_projection: (weights, biases) that turn outputs into logits; None: they are.
        feed_previous: whether the most likely symbol of each step is the next input.
        update_embedding_for_previous: whether gradients then reach the embedding.
        scope: the variable scope; None: "embedding_rnn_decoder".

    Returns:
        `(outputs, state)`.

    Raises:
        ValueError: if the projection has other sizes.
    """
    with variable_scope(scope or "embedding_rnn_decoder") as opened:
        check_projection(output_projection, num_symbols, opened.dtype)
        embedding = get_variable("embedding", [num_symbols, embedding_size])
        loop = None
        if feed_previous:
            loop = embedded_argmax(embedding, output_projection, update_embedding_for_previous)
        # Looked up one by one: their nodes stand in the decoder's scope, as in TensorFlow.
        vectors = (embedding_lookup(embedding, i) for i in decoder_inputs)
        return rnn_decoder(vectors, initial_state, cell, loop_function=loop)


@export("contrib.legacy_seq2seq.embedding_rnn_seq2seq")
def embedding_rnn_seq2seq(
    encoder_inputs: Sequence[Any],
    decoder_inputs: Sequence[Any],
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> Decoded:
    """As `basic_rnn_seq2seq`, over symbols.

    Args:
        encoder_inputs: a list of `[batch]` symbols.
        decoder_inputs: a list of `[batch]` symbols.
        cell: an RNNCell.
        num_encoder_symbols: how many symbols are read.
        num_decoder_symbols: how many symbols are written.
        embedding_size: the size of a symbol's vector.
        output_projection: as in `embedding_rnn_decoder`; None: outputs are projected here.
        feed_previous: as in `embedding_rnn_decoder`; may be a bool scalar tensor.
        dtype: the element type of the first state.
        scope: the variable scope; None: "embedding_rnn_seq2seq".

    Returns:
        `(outputs, state)` of the writing.
    """
    with variable_scope(scope or "embedding_rnn_seq2seq") as opened:
        if dtype is not None:
            opened.set_dtype(dtype)
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        _, encoded = static_rnn(encoder, encoder_inputs, dtype=opened.dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)

        def decode(feeds: bool, update: bool = False) -> Decoded:
            return embedding_rnn_decoder(
                decoder_inputs, encoded, cell, num_decoder_symbols, embedding_size,
                output_projection=output_projection, feed_previous=feeds,
                update_embedding_for_previous=update,
            )  # fmt: skip

        if isinstance(feed_previous, bool):
            return decode(feed_previous, update=True)
        return in_either_case(feed_previous, decode, len(decoder_inputs), lambda: encoded)


@export("contrib.legacy_seq2seq.embedding_tied_rnn_seq2seq")
def embedding_tied_rnn_seq2seq(
    encoder_inputs: Sequence[Any],
    decoder_inputs: Sequence[Any],
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_decoder_symbols: int | None = None,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> Decoded:
    """As `tied_rnn_seq2seq`, over symbols with one embedding for both ends.

    Args:
        encoder_inputs: a list of `[batch]` symbols.
        decoder_inputs: a list of `[batch]` symbols.
        cell: an RNNCell.
        num_symbols: how many symbols there are.
        embedding_size: the size of a symbol's vector.
        num_decoder_symbols: how many symbols are written; None: all.
        output_projection: as in `embedding_rnn_seq2seq`.
        feed_previous: as in `embedding_rnn_seq2seq`.
        dtype: the element type.
        scope: the variable scope; None: "embedding_tied_rnn_seq2seq".

    Returns:
        `(outputs, state)` of the writing.
    """
    with variable_scope(scope or "embedding_tied_rnn_seq2seq", dtype=dtype) as opened:
        dtype = opened.dtype
        check_projection(output_projection, num_symbols, dtype)
        embedding = get_variable("embedding", [num_symbols, embedding_size], dtype=dtype)
        read = [embedding_lookup(embedding, x) for x in encoder_inputs]
        written = [embedding_lookup(embedding, x) for x in decoder_inputs]
        if output_projection is None:
            n = num_symbols if num_decoder_symbols is None else num_decoder_symbols
            cell = OutputProjectionWrapper(cell, n)

        def decode(feeds: bool, update: bool = False) -> Decoded:
            loop = embedded_argmax(embedding, output_projection, update) if feeds else None
            return tied_rnn_seq2seq(read, written, cell, loop_function=loop, dtype=dtype)

        def form() -> Any:
            return cell.zero_state(_batch_size(encoder_inputs), dtype)

        if isinstance(feed_previous, bool):
            return decode(feed_previous, update=True)
        return in_either_case(feed_previous, decode, len(decoder_inputs), form)


def _batch_size(inputs: Sequence[Any]) -> Any:
    known = dimension_at_index(inputs[0].shape, 0)
    for x in inputs[1:]:
        known.merge_with(dimension_at_index(x.shape, 0))
    return shape_of(inputs[0])[0] if known.value is None else known.value


@export("contrib.legacy_seq2seq.one2many_rnn_seq2seq")
def one2many_rnn_seq2seq(
    encoder_inputs: Sequence[Any],
    decoder_inputs_dict: dict[Any, Sequence[Any]],
    enc_cell: Any,
    dec_cells_dict: dict[Any, Any],
    num_encoder_symbols: int,
    num_decoder_symbols_dict: dict[Any, int],
    embedding_size: int,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """As `embedding_rnn_seq2seq`, with several sequences written from one that is read.

    Args:
        encoder_inputs: a list of `[batch]` symbols.
        decoder_inputs_dict: lists of `[batch]` symbols by name.
        enc_cell: an RNNCell for the reading.
        dec_cells_dict: RNNCells for the writing, by name.
        num_encoder_symbols: how many symbols are read.
        num_decoder_symbols_dict: how many symbols are written, by name.
        embedding_size: the size of a symbol's vector.
        feed_previous: as in `embedding_rnn_seq2seq`.
        dtype: the element type.
        scope: the variable scope; None: "one2many_rnn_seq2seq".

    Returns:
        `(outputs, states)` by name.

    Raises:
        TypeError: if a cell is no RNNCell.
        ValueError: if the dicts have different names.
    """
    if not isinstance(enc_cell, RNNCell):
        raise TypeError(f"enc_cell is not an RNNCell: {type(enc_cell)}")
    if set(dec_cells_dict) != set(decoder_inputs_dict):
        raise ValueError("keys of dec_cells_dict != keys of decodre_inputs_dict")
    for cell in dec_cells_dict.values():
        if not isinstance(cell, RNNCell):
            raise TypeError(f"dec_cell is not an RNNCell: {type(cell)}")
    outputs, states = {}, {}
    with variable_scope(scope or "one2many_rnn_seq2seq", dtype=dtype) as opened:
        encoder = EmbeddingWrapper(enc_cell, num_encoder_symbols, embedding_size)
        _, encoded = static_rnn(encoder, encoder_inputs, dtype=opened.dtype)
        for name, inputs in decoder_inputs_dict.items():
            with variable_scope(f"one2many_decoder_{name}"):
                outputs[name], states[name] = _one_of_many(
                    inputs, encoded, dec_cells_dict[name], num_decoder_symbols_dict[name],
                    embedding_size, feed_previous,
                )  # fmt: skip
    return outputs, states


def _one_of_many(
    inputs: Sequence[Any], encoded: Any, cell: Any, n: int, size: int, feed_previous: Any
) -> Decoded:
    projected = OutputProjectionWrapper(cell, n)

    def decode(feeds: bool) -> Decoded:
        return embedding_rnn_decoder(inputs, encoded, projected, n, size, feed_previous=feeds)

    if isinstance(feed_previous, bool):
        return decode(feed_previous)
    return in_either_case(feed_previous, decode, len(inputs), lambda: encoded)
