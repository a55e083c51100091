"""The decoder that samples from a cell's outputs: `tf.contrib.seq2seq.BasicDecoder`."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphflow.core import nest, scopes
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.nets.layer import Layer
from graphflow.nets.rnn_cells import assert_like_rnncell
from graphflow.nets.seq2seq_decoder import Decoder
from graphflow.nets.seq2seq_helpers import Helper


@export("contrib.seq2seq.BasicDecoderOutput")
class BasicDecoderOutput(NamedTuple):
    """What a BasicDecoder puts out.

    Args:
        rnn_output: `[batch, size]`, the output of the cell, or of the layer behind it.
        sample_id: `[batch]`, what the helper sampled.
    """

    rnn_output: Any
    sample_id: Any


def layer_output_size(cell: Any, output_layer: Any) -> Any:
    """The size of the outputs of a cell, or of a layer behind it."""
    size = cell.output_size
    if output_layer is None:
        return size
    whole = nest.map_structure(lambda s: TensorShape([None]).concatenate(s), size)
    return nest.map_structure(lambda s: s[1:], output_layer.compute_output_shape(whole))


def check_layer(output_layer: Any, kind: type = Layer) -> None:
    """Checks that the layer behind a cell is one.

    Args:
        output_layer: the layer, or None.
        kind: what it has to be: a layer of `tf.layers`, or a base of those.

    Raises:
        TypeError: if not.
    """
    if output_layer is not None and not isinstance(output_layer, kind):
        raise TypeError(f"output_layer must be a Layer, received: {type(output_layer)}")


@export("contrib.seq2seq.BasicDecoder")
class BasicDecoder(Decoder):
    """Runs a cell; a helper says what is sampled of its outputs, and what comes in next.

    Args:
        cell: an RNNCell.
        helper: a Helper.
        initial_state: the first state of the cell.
        output_layer: a layer behind the cell; None: there is none.

    Raises:
        TypeError: if one of them is of another kind.
    """

    def __init__(
        self, cell: Any, helper: Any, initial_state: Any, output_layer: Any = None
    ) -> None:
        assert_like_rnncell("cell", cell)
        if not isinstance(helper, Helper):
            raise TypeError(f"helper must be a Helper, received: {type(helper)}")
        check_layer(output_layer)
        self._cell = cell
        self._helper = helper
        self._initial_state = initial_state
        self._output_layer = output_layer

    @property
    def batch_size(self) -> Any:
        """That of the helper."""
        return self._helper.batch_size

    def _rnn_output_size(self) -> Any:
        return layer_output_size(self._cell, self._output_layer)

    @property
    def output_size(self) -> BasicDecoderOutput:
        """The size of the cell's or layer's output, and that of what is sampled."""
        return BasicDecoderOutput(
            rnn_output=self._rnn_output_size(), sample_id=self._helper.sample_ids_shape
        )

    @property
    def output_dtype(self) -> BasicDecoderOutput:
        """The type of the first part of the state, and that of what is sampled."""
        dtype = nest.flatten(self._initial_state)[0].dtype
        return BasicDecoderOutput(
            nest.map_structure(lambda _: dtype, self._rnn_output_size()),
            self._helper.sample_ids_dtype,
        )

    def initialize(self, name: str | None = None) -> Any:
        """Returns `(finished, first inputs, first state)`."""
        return (*self._helper.initialize(), self._initial_state)

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        """Returns `(BasicDecoderOutput, next state, next inputs, finished)` of a step.

        Args:
            time: int32 scalar, the number of the step.
            inputs: the step's inputs.
            state: the state before.
            name: a scope for the operations.
        """
        with scopes.name_scope(name, "BasicDecoderStep", (time, inputs, state)):
            outputs, new_state = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            sampled = self._helper.sample(time=time, outputs=outputs, state=new_state)
            finished, following, new_state = self._helper.next_inputs(
                time=time, outputs=outputs, state=new_state, sample_ids=sampled
            )
        return BasicDecoderOutput(outputs, sampled), new_state, following, finished
