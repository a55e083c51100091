"""Decoding with several candidates a sequence: `tf.contrib.seq2seq.BeamSearchDecoder`."""

from __future__ import annotations

import logging
from typing import Any, Final, NamedTuple

import numpy as np

from graphflow.core import nest, scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert
from graphflow.core.dtypes import bool_, int32, int64
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.nets.layer_nodes import LayerNodes
from graphflow.nets.rnn_cells import assert_like_rnncell
from graphflow.nets.seq2seq_basic import check_layer, layer_output_size
from graphflow.nets.seq2seq_beam_step import (
    BeamSearchDecoderOutput,
    BeamSearchDecoderState,
    beam_search_step,
    check_ndims,
    get_attention_probs,
    known_value,
)
from graphflow.nets.seq2seq_decoder import Decoder
from graphflow.nets.seq2seq_helpers import lookup
from graphflow.ops.beam_search import gather_tree
from graphflow.ops.cast import cast
from graphflow.ops.checks import Assert
from graphflow.ops.comparison import equal, logical_and, logical_or
from graphflow.ops.concat import concat
from graphflow.ops.fill import zeros
from graphflow.ops.flow_cond import cond
from graphflow.ops.gather_nd import gather_nd
from graphflow.ops.mask import sequence_mask
from graphflow.ops.one_hot import one_hot
from graphflow.ops.reduce import reduce_all, reduce_max
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.select import where
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.shape_ops import size as size_of
from graphflow.ops.stack import stack
from graphflow.ops.tensor_array import TensorArray
from graphflow.ops.tile import tile
from graphflow.ops.transpose import transpose

_log = logging.getLogger("tensorflow")
_DISABLE: Final = (
    "Consider setting reorder_tensor_arrays to False to disable TensorArray reordering during the "
    "beam search."
)


@export("contrib.seq2seq.FinalBeamSearchDecoderOutput")
class FinalBeamSearchDecoderOutput(NamedTuple):
    """What `dynamic_decode` gives for a BeamSearchDecoder.

    Args:
        predicted_ids: `[batch, time, beam]`, the tokens of each beam, the best beam first.
        beam_search_decoder_output: the outputs of the steps.
    """

    predicted_ids: Any
    beam_search_decoder_output: Any


@export("contrib.seq2seq.tile_batch")
def tile_batch(t: Any, multiplier: int, name: str | None = None) -> Any:
    """Returns tensors with each row of the batch repeated, as beams need them.

    Args:
        t: `[batch, ...]`, or a nest of such tensors.
        multiplier: how often.
        name: a scope for the operations.

    Returns:
        `[batch * multiplier, ...]`, copies of a row next to each other.

    Raises:
        ValueError: if a rank is not known, or is zero.
    """
    flat = nest.flatten(t)
    with scopes.name_scope(name, "tile_batch", [*flat, multiplier]):
        return nest.map_structure(lambda x: _tiled(x, multiplier), t)


def _tiled(given: Any, multiplier: int) -> Tensor:
    t = convert(given, name="t")
    sizes: Any = shape_of(t)
    if not t.shape.ndims:
        raise ValueError("t must have statically known rank")
    tiling = [1] * (t.shape.ndims + 1)
    tiling[1] = multiplier
    rows = t.shape.as_list()[0]
    known = None if rows is None else rows * multiplier
    tiled = tile(expand_dims(t, 1), tiling)
    made: Tensor = reshape(tiled, concat(([sizes[0] * multiplier], sizes[1:]), 0))
    made.set_shape(TensorShape([known]).concatenate(t.shape[1:]))
    return made


def gather_tree_from_array(t: Any, parent_ids: Any, sequence_length: Any) -> Tensor:
    """Returns what stands in an array of steps, along the beams' ways.

    Args:
        t: `[time, batch, beam, ...]`, or `[time, batch * beam, ...]`.
        parent_ids: `[time, batch, beam]`, the beam of the step before that each continues.
        sequence_length: `[batch, beam]`, how many steps count; behind them, all stays in place.

    Returns:
        A tensor of the shape of `t`.
    """
    time, batch, width = [n or shape_of(parent_ids)[i] for i, n in _known_sizes(parent_ids)]
    beams = expand_dims(expand_dims(range_(width), 0), 0)
    beams = tile(beams, [time, batch, 1])
    lengths = cast(reduce_max(sequence_length, axis=1), int32)
    found = gather_tree(
        step_ids=beams, parent_ids=parent_ids, max_sequence_lengths=lengths, end_token=width + 1
    )
    inside = transpose(sequence_mask(sequence_length, maxlen=time), perm=[2, 0, 1])
    found = where(inside, x=found, y=beams)
    at_time = tile(reshape(range_(time), [-1, 1, 1]), [1, batch, width])
    at_row = tile(reshape(range_(batch), [-1, 1, 1]), [1, time, width])
    at_row = transpose(at_row, perm=[1, 0, 2])
    places = stack([at_time, at_row, found], -1)
    sizes = shape_of(t)
    ordered = gather_nd(reshape(t, [time, batch, width, -1]), places)
    made: Tensor = reshape(ordered, sizes)
    return made


def _known_sizes(x: Any) -> list[tuple[int, int | None]]:
    return list(enumerate(x.shape.as_list()))


def check_static_batch_beam_maybe(shape: TensorShape, batch_size: Any, beam_width: int) -> bool:
    """Whether a shape may be one of `[batch, beam, ...]` elements, as far as it is known.

    Args:
        shape: the shape of an element of a TensorArray.
        batch_size: the batch size, or None.
        beam_width: how many beams each sequence has.
    """
    first, *rest = shape.as_list()
    if batch_size is None or first is None:
        return True
    # TensorFlow wants an element whose second size is known to be of both forms at once.
    apart = not rest or rest[0] is None or (first == batch_size and rest[0] == beam_width)
    if first == batch_size * beam_width and apart:
        return True
    wanted = TensorShape([batch_size, beam_width, None])
    _log.warning(
        "TensorArray reordering expects elements to be reshapable to %s which is incompatible with "
        "the current shape %s. %s", wanted, shape, _DISABLE,
    )  # fmt: skip
    return False


def check_batch_beam(t: Any, batch_size: Any, beam_width: int) -> Any:
    """Returns an operation that fails unless elements are `[batch, beam, ...]`, or both in one.

    Args:
        t: `[time, ...]`, the elements.
        batch_size: an int or a scalar tensor.
        beam_width: how many beams each sequence has.
    """
    message = (
        "TensorArray reordering expects elements to be reshapable to [batch_size, beam_size, -1] "
        f"which is incompatible with the dynamic shape of {t.name} elements. {_DISABLE}"
    )
    sizes: Any = shape_of(t)
    joined = equal(sizes[1], batch_size * beam_width)
    if t.shape.ndims == 2:
        return Assert(joined, [message])
    apart = logical_and(equal(sizes[1], batch_size), equal(sizes[2], beam_width))
    return Assert(logical_or(joined, apart), [message])


@export("contrib.seq2seq.BeamSearchDecoder")
class BeamSearchDecoder(Decoder):
    """Keeps the best beginnings of each sequence: its beams.

    Memories and states must be tiled: see `tile_batch`.

    Args:
        cell: an RNNCell.
        embedding: a table `[classes, size]`, or a function from ids to embeddings.
        start_tokens: `[batch]`, int32: the ids that come first.
        end_token: int32 scalar, the id that ends a sequence.
        initial_state: the first state of the cell, `[batch * beam, ...]`.
        beam_width: how many beams each sequence has.
        output_layer: a layer behind the cell; None: there is none.
        length_penalty_weight: scores are divided by `((5 + length) / 6)` to this power; 0: not.
        coverage_penalty_weight: how much it counts that beams which are over have not looked at
            all of the memory; 0: nothing.
        reorder_tensor_arrays: whether TensorArrays in the final state are put in the order of the
            beams.

    Raises:
        TypeError: if cell or layer are of another kind.
        ValueError: if `start_tokens` is no vector, or `end_token` no scalar, or the state is not
            tiled.
    """

    def __init__(
        self,
        cell: Any,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        initial_state: Any,
        beam_width: int,
        output_layer: Any = None,
        length_penalty_weight: Any = 0.0,
        coverage_penalty_weight: Any = 0.0,
        reorder_tensor_arrays: bool = True,
    ) -> None:
        assert_like_rnncell("cell", cell)
        check_layer(output_layer, LayerNodes)  # TensorFlow takes any layer of Keras here
        self._cell = cell
        self._output_layer = output_layer
        self._reorder_tensor_arrays = reorder_tensor_arrays
        self._beam_width = beam_width
        self._length_penalty_weight = length_penalty_weight
        self._coverage_penalty_weight = coverage_penalty_weight
        self._embedding_fn = lookup(embedding)
        first: Any = convert(start_tokens, int32, "start_tokens")
        if first.shape.ndims != 1:
            raise ValueError("start_tokens must be a vector")
        self._end_token: Any = convert(end_token, int32, "end_token")
        if self._end_token.shape.ndims != 0:
            raise ValueError("end_token must be a scalar")
        self._batch_size: Any = size_of(start_tokens)
        self._initial_cell_state = nest.map_structure(
            self._split_if_rows, initial_state, cell.state_size
        )
        self._start_tokens = tile(expand_dims(first, 1), [1, beam_width])
        self._start_inputs = self._embedding_fn(self._start_tokens)
        # All beams of a sequence begin alike: only the first one counts at the first step.
        self._finished = one_hot(
            zeros([self._batch_size], dtype=int32), depth=beam_width, on_value=False,
            off_value=True, dtype=bool_,
        )  # fmt: skip

    @property
    def batch_size(self) -> Any:
        """The number of sequences."""
        return self._batch_size

    @property
    def tracks_own_finished(self) -> bool:
        """True: beams change places."""
        return True

    @property
    def output_size(self) -> BeamSearchDecoderOutput:
        """The number of beams, for each part of the outputs."""
        width = self._beam_width
        return BeamSearchDecoderOutput(*[TensorShape([width]) for _ in range(3)])

    @property
    def output_dtype(self) -> BeamSearchDecoderOutput:
        """The types of the outputs: scores have that of the first part of the state."""
        dtype = nest.flatten(self._initial_cell_state)[0].dtype
        size = layer_output_size(self._cell, self._output_layer)
        scores = nest.map_structure(lambda _: dtype, size)
        return BeamSearchDecoderOutput(scores=scores, predicted_ids=int32, parent_ids=int32)

    def initialize(self, name: str | None = None) -> Any:
        """Returns `(finished, first inputs, first state)`."""
        dtype = nest.flatten(self._initial_cell_state)[0].dtype
        log_probs = one_hot(
            zeros([self._batch_size], dtype=int32), depth=self._beam_width,
            on_value=convert(0.0, dtype=dtype), off_value=convert(-np.inf, dtype=dtype),
            dtype=dtype,
        )  # fmt: skip
        looked = get_attention_probs(self._initial_cell_state, self._coverage_penalty_weight)
        state = BeamSearchDecoderState(
            cell_state=self._initial_cell_state,
            log_probs=log_probs,
            finished=self._finished,
            lengths=zeros([self._batch_size, self._beam_width], dtype=int64),
            accumulated_attention_probs=() if looked is None else looked,
        )
        return self._finished, self._start_inputs, state

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        """Returns `(BeamSearchDecoderOutput, next state, next inputs, finished)` of a step.

        Args:
            time: int32 scalar, the number of the step.
            inputs: `[batch, beam, ...]`, the step's inputs.
            state: the state before, a BeamSearchDecoderState.
            name: a scope for the operations.

        Raises:
            ValueError: if there is a coverage penalty, but no attention.
        """
        with scopes.name_scope(name, "BeamSearchDecoderStep", (time, inputs, state)):
            inputs = nest.map_structure(lambda x: self._merged(x, x.shape[2:]), inputs)
            sizes = self._cell.state_size
            cell_state = nest.map_structure(self._merged_if_rows, state.cell_state, sizes)
            outputs, cell_state = self._cell(inputs, cell_state)
            outputs = nest.map_structure(lambda x: self._split(x, x.shape[1:]), outputs)
            cell_state = nest.map_structure(self._split_if_rows, cell_state, sizes)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            found, new_state = beam_search_step(
                time=time,
                logits=outputs,
                next_cell_state=cell_state,
                beam_state=state,
                batch_size=self._batch_size,
                beam_width=self._beam_width,
                end_token=self._end_token,
                length_penalty_weight=self._length_penalty_weight,
                coverage_penalty_weight=self._coverage_penalty_weight,
            )
            following = cond(
                reduce_all(new_state.finished),
                lambda: self._start_inputs,
                lambda: self._embedding_fn(found.predicted_ids),
            )
        return found, new_state, following, new_state.finished

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> Any:
        """Returns `(FinalBeamSearchDecoderOutput, state)`: each beam followed back from its end.

        Args:
            outputs: the outputs of all steps, time first.
            final_state: the state after the last step.
            sequence_lengths: not used: those of the beams are in the state.
        """
        lengths = cast(reduce_max(final_state.lengths, axis=1), int32)
        predicted = gather_tree(
            outputs.predicted_ids,
            outputs.parent_ids,
            max_sequence_lengths=lengths,
            end_token=self._end_token,
        )
        if self._reorder_tensor_arrays:
            cell_state = nest.map_structure(
                lambda t: self._in_order(t, outputs.parent_ids, final_state.lengths),
                final_state.cell_state,
            )
            final_state = final_state._replace(cell_state=cell_state)
        return FinalBeamSearchDecoderOutput(predicted, outputs), final_state

    # --- batch and beams as one axis, or as two ---
    def _merged(self, t: Any, s: Any = None) -> Any:
        """`[batch, beam, ...]` as `[batch * beam, ...]`; `s` is the size of the rest."""
        sizes: Any = shape_of(t)
        known = known_value(self._batch_size)
        rows = None if known is None else known * self._beam_width
        made: Any = reshape(t, concat(([self._batch_size * self._beam_width], sizes[2:]), 0))
        made.set_shape(TensorShape([rows]).concatenate(_as_size(s)))
        return made

    def _split(self, t: Any, s: Any = None) -> Any:
        """`[batch * beam, ...]` as `[batch, beam, ...]`; `s` is the size of the rest."""
        sizes: Any = shape_of(t)
        made = reshape(t, concat(([self._batch_size, self._beam_width], sizes[1:]), 0))
        known = known_value(self._batch_size)
        wanted = TensorShape([known, self._beam_width]).concatenate(_as_size(s))
        if not made.shape.is_compatible_with(wanted):
            raise ValueError(
                "Unexpected behavior when reshaping between beam width and batch size.  The "
                f"reshaped tensor has shape: {made.shape}.  We expected it to have shape "
                f"(batch_size, beam_width, depth) == {wanted}.  Perhaps you forgot to create a "
                "zero_state with batch_size=encoder_batch_size * beam_width?"
            )
        made.set_shape(wanted)
        return made

    def _split_if_rows(self, t: Any, s: Any) -> Any:
        if isinstance(t, TensorArray):
            return t
        check_ndims(t)
        return self._split(t, s) if t.shape.ndims >= 1 else t

    def _merged_if_rows(self, t: Any, s: Any) -> Any:
        if isinstance(t, TensorArray):
            return t
        check_ndims(t)
        return self._merged(t, s) if t.shape.ndims >= 2 else t

    def _in_order(self, t: Any, parent_ids: Any, lengths: Any) -> Any:
        """The elements of an array along the beams' ways; what is no such array, as it is."""
        if not isinstance(t, TensorArray):
            return t
        shape = t.element_shape
        if not shape.ndims:
            _log.warning(
                "The TensorArray %s in the cell state is not amenable to sorting based on the beam "
                "search result. For a TensorArray to be sorted, its elements shape must be defined "
                "and have at least a rank of 1, but saw shape: %s", t.handle.name, shape,
            )  # fmt: skip
            return t
        known = known_value(self._batch_size)
        if not check_static_batch_beam_maybe(shape, known, self._beam_width):
            return t
        steps = t.stack()
        checked = check_batch_beam(steps, self._batch_size, self._beam_width)
        with scopes.control_dependencies([checked]):
            return gather_tree_from_array(steps, parent_ids, lengths)


def _as_size(s: Any) -> TensorShape:
    return as_shape(constant_value(s)) if isinstance(s, Tensor) else TensorShape(s)
