"""`dynamic_decode`: a decoder run step by step in a loop, until all of its sequences are over."""

from __future__ import annotations

import abc
import contextlib
from typing import Any

from graphflow.core import nest
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets.rnn_dynamic import transpose_batch_time
from graphflow.nets.rnn_sizes import zero_state_tensors
from graphflow.nets.rnn_steps import cache_outside_of_loops
from graphflow.ops.comparison import logical_not, logical_or
from graphflow.ops.constant import constant
from graphflow.ops.fill import fill, zeros_like
from graphflow.ops.flow_while import while_loop
from graphflow.ops.reduce import reduce_all
from graphflow.ops.select import where
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.tensor_array import TensorArray
from graphflow.ops.variable_scope import variable_scope


@export("contrib.seq2seq.Decoder")
class Decoder(metaclass=abc.ABCMeta):
    """The base of decoders, which say what happens at each step; see `dynamic_decode`."""

    @property
    def batch_size(self) -> Any:
        """The number of sequences, an int or a scalar tensor."""
        raise NotImplementedError

    @property
    def output_size(self) -> Any:
        """The sizes of a step's outputs: ints or TensorShapes, in the structure of the outputs."""
        raise NotImplementedError

    @property
    def output_dtype(self) -> Any:
        """The element types of a step's outputs, in the same structure."""
        raise NotImplementedError

    @abc.abstractmethod
    def initialize(self, name: str | None = None) -> Any:
        """Returns `(finished, first inputs, first state)`.

        Args:
            name: a scope for the operations.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        """Returns `(outputs, next state, next inputs, finished)` of a step.

        Args:
            time: int32 scalar, the number of the step.
            inputs: the step's inputs.
            state: the state before.
            name: a scope for the operations.
        """
        raise NotImplementedError

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> Any:
        """Returns what `dynamic_decode` gives instead of outputs and state.

        Args:
            outputs: the outputs of all steps, time first.
            final_state: the state after the last step.
            sequence_lengths: `[batch]`, int32.

        Raises:
            NotImplementedError: if the decoder leaves both as they are.
        """
        raise NotImplementedError

    @property
    def tracks_own_finished(self) -> bool:
        """Whether a sequence that is over may go on: `finished` is what the step says alone.

        Beams change places: one that is over may stand at the place of another.
        """
        return False


@export("contrib.seq2seq.dynamic_decode")
def dynamic_decode(
    decoder: Any,
    output_time_major: bool = False,
    impute_finished: bool = False,
    maximum_iterations: Any = None,
    parallel_iterations: int = 32,
    swap_memory: bool = False,
    scope: Any = None,
    **kwargs: Any,
) -> tuple[Any, Any, Any]:
    """Runs a decoder in a loop, until all of its sequences are over.

    Args:
        decoder: a Decoder.
        output_time_major: whether outputs are `[time, batch, ...]`.
        impute_finished: whether sequences that are over put out zeros and keep their state.
        maximum_iterations: int32 scalar, after how many steps the loop ends; None: never.
        parallel_iterations: noted on the nodes.
        swap_memory: noted for files.
        scope: the variable scope; None: "decoder", made unique.
        **kwargs: not used.

    Returns:
        `(outputs, state, lengths)`: outputs `[batch, time, ...]` in the structure of the decoder's
        `output_size`, the state after the last step, and how long each sequence is, `[batch]` of
        int32. The decoder's `finalize` may have changed outputs and state.

    Raises:
        TypeError: if `decoder` is no Decoder, or a step returns other structures.
        ValueError: if `maximum_iterations` is no scalar.
    """
    if not isinstance(decoder, Decoder):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder)}")
    with variable_scope(scope, "decoder") as opened:
        cache_outside_of_loops(opened)
        if maximum_iterations is not None:
            maximum_iterations = convert(maximum_iterations, int32, "maximum_iterations")
            if maximum_iterations.shape.ndims != 0:
                raise ValueError("maximum_iterations must be a scalar")
        loop = _Loop(decoder, impute_finished)
        found = while_loop(
            loop.goes_on, loop.step, loop_vars=loop.start(maximum_iterations),
            parallel_iterations=parallel_iterations, maximum_iterations=maximum_iterations,
            swap_memory=swap_memory,
        )  # fmt: skip
        _, arrays, state, _, _, lengths = found
        outputs = nest.map_structure(lambda array: array.stack(), arrays)
        with contextlib.suppress(NotImplementedError):
            outputs, state = decoder.finalize(outputs, state, lengths)
        if not output_time_major:
            outputs = nest.map_structure(transpose_batch_time, outputs)
    return outputs, state, lengths


class _Loop:
    """The loop over a decoder's steps."""

    def __init__(self, decoder: Decoder, impute_finished: bool) -> None:
        self.decoder = decoder
        self.impute_finished = impute_finished

    def start(self, maximum_iterations: Any) -> tuple[Any, ...]:
        """The first loop variables: time, outputs, state, inputs, finished, lengths."""
        decoder = self.decoder
        finished, inputs, state = decoder.initialize()
        self.zero_outputs = nest.map_structure(
            lambda size, dtype: zero_state_tensors(size, decoder.batch_size, dtype),
            decoder.output_size,
            decoder.output_dtype,
        )
        if maximum_iterations is not None:
            finished = logical_or(finished, 0 >= maximum_iterations)  # noqa: SIM300 - TF's order
        lengths = zeros_like(finished, dtype=int32)
        time = constant(0, dtype=int32)
        arrays = nest.map_structure(self._array, decoder.output_size, decoder.output_dtype)
        return time, arrays, state, inputs, finished, lengths

    def _array(self, size: Any, dtype: Any) -> TensorArray:
        shape = None
        if isinstance(size, TensorShape) and size.ndims != 0:
            batch = convert(self.decoder.batch_size, name="batch_size")
            # TensorFlow does not look through the slice of a shape; the node says what is known.
            known = None if batch.op.type == "StridedSlice" else constant_value(batch)
            shape = TensorShape([known]).concatenate(size)
        return TensorArray(dtype, size=0, dynamic_size=True, element_shape=shape)

    def goes_on(self, _time: Any, _arrays: Any, _state: Any, _inputs: Any, *rest: Any) -> Any:
        """Whether a sequence is not over yet."""
        return logical_not(reduce_all(rest[0]))

    def step(
        self, time: Any, arrays: Any, state: Any, inputs: Any, finished: Tensor, lengths: Tensor
    ) -> tuple[Any, ...]:
        """One step: the next loop variables."""
        outputs, new_state, new_inputs, over = self.decoder.step(time, inputs, state)
        if not self.decoder.tracks_own_finished:
            over = logical_or(over, finished)
        counted = fill(shape_of(lengths), time + 1)
        lengths = where(logical_not(finished), counted, lengths)
        nest.assert_same_structure(state, new_state)
        nest.assert_same_structure(arrays, outputs)
        nest.assert_same_structure(inputs, new_inputs)
        if self.impute_finished:
            outputs = nest.map_structure(
                lambda out, zero: where(finished, zero, out), outputs, self.zero_outputs
            )
            new_state = nest.map_structure(
                lambda new, old: _kept_where(finished, new, old), new_state, state
            )
        arrays = nest.map_structure(lambda array, out: array.write(time, out), arrays, outputs)
        return time + 1, arrays, new_state, new_inputs, over, lengths


def _kept_where(finished: Tensor, new: Any, old: Any) -> Any:
    """The new state; the old rows of sequences that are over. Scalars and arrays have no rows."""
    if isinstance(old, TensorArray):
        return new
    new.set_shape(old.shape)
    return new if new.shape.ndims == 0 else where(finished, old, new)
