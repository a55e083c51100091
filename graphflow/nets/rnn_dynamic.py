"""`dynamic_rnn`: a cell run over the steps of its inputs in a loop; also in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core import nest, scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets import rnn_steps
from graphflow.nets.rnn_cells import assert_like_rnncell
from graphflow.nets.rnn_sizes import inferred_dtype, joined_sizes, known_sizes, static_sizes
from graphflow.ops.arithmetic import maximum, minimum
from graphflow.ops.cast import cast
from graphflow.ops.checks import Assert
from graphflow.ops.comparison import equal
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.fill import zeros
from graphflow.ops.flow_while import while_loop
from graphflow.ops.identity import identity
from graphflow.ops.reduce import reduce_all, reduce_max, reduce_min
from graphflow.ops.reverse import reverse, reverse_sequence
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.stack import stack
from graphflow.ops.tensor_array import TensorArray
from graphflow.ops.transpose import transpose
from graphflow.ops.variable_scope import variable_scope


@export("contrib.rnn.transpose_batch_time")
def transpose_batch_time(x: Any) -> Any:
    """Returns a tensor with its first two axes exchanged, or itself if it has less than two.

    Args:
        x: `[batch, time, ...]` or `[time, batch, ...]`.
    """
    known = x.shape
    if known.rank is not None and known.rank < 2:
        return x
    order = concat(([1, 0], range_(2, rank(x))), axis=0)
    swapped = transpose(x, order)
    swapped.set_shape(TensorShape([known.dims[1], known.dims[0]]).concatenate(known[2:]))
    return swapped


@export("nn.dynamic_rnn")
def dynamic_rnn(
    cell: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[Any, Any]:
    """Runs a cell over the steps of its inputs, in a loop.

    Args:
        cell: an RNNCell.
        inputs: `[batch, time, ...]`, or a nest of such tensors.
        sequence_length: `[batch]`, how many steps count of each row: outputs behind them are zeros,
            and the state stays. None: all.
        initial_state: the state before the first step; None: zeros.
        dtype: the element type of zeros and outputs; needed where there is no initial state, or
            its parts have several types.
        parallel_iterations: noted on the nodes; None: 32.
        swap_memory: noted for files.
        time_major: whether inputs and outputs are `[time, batch, ...]`.
        scope: the variable scope; None: "rnn".

    Returns:
        `(outputs, state)`: outputs `[batch, time, ...]` in the structure of `cell.output_size`,
        and the state after the last step.

    Raises:
        TypeError: if `cell` is no RNNCell.
        ValueError: if the depth of an input is not known, neither state nor type is given, or
            shapes do not agree.
    """
    assert_like_rnncell("cell", cell)
    with rnn_steps.rnn_scope(scope):
        flat: Sequence[Any] = nest.flatten(inputs)
        if not time_major:
            flat = [transpose_batch_time(x) for x in [convert(x) for x in flat]]
        if sequence_length is not None:
            sequence_length = _lengths(sequence_length)
        batch_size = rnn_steps.batch_size_of(flat)
        missing = "If there is no initial_state, you must give a dtype."
        state = rnn_steps.initial_state_of(cell, initial_state, batch_size, dtype, missing)
        if sequence_length is not None:
            with scopes.control_dependencies([_has_one_row_each(sequence_length, batch_size)]):
                sequence_length = identity(sequence_length, name="CheckSeqLen")
        loop = _Loop(cell, nest.pack_sequence_as(inputs, flat), state, sequence_length, dtype)
        outputs, state = loop.run(parallel_iterations or 32, swap_memory)
        if not time_major:
            outputs = nest.map_structure(transpose_batch_time, outputs)
        return outputs, state


def _lengths(given: Any) -> Tensor:
    lengths = cast(given, int32)
    if lengths.shape.rank not in (None, 1):
        raise ValueError(
            f"sequence_length must be a vector of length batch_size, but saw shape: {lengths.shape}"
        )
    return identity(lengths, name="sequence_length")


def _name_of(x: Tensor) -> str:
    return "" if scopes.get_default_graph().executes else x.name


def _has_one_row_each(x: Tensor, batch_size: Any) -> Any:
    found, wanted = shape_of(x), stack([batch_size])
    text = f"Expected shape for Tensor {_name_of(x)} is "
    same = reduce_all(equal(found, wanted))
    return Assert(same, [text, wanted, " but saw shape: ", found])


class _Loop:
    """The loop of a recurrent network over `[time, batch, ...]` inputs."""

    def __init__(self, cell: Any, inputs: Any, state: Any, lengths: Any, dtype: Any) -> None:
        self.cell = cell
        self.inputs = inputs
        self.state = state
        self.lengths = lengths
        self.dtype = dtype
        self.flat = nest.flatten(inputs)
        self.sizes = nest.flatten(cell.output_size)
        self.steps = shape_of(self.flat[0])[0]
        batch_size = rnn_steps.batch_size_of(self.flat)
        self.shapes = [x.shape.with_rank_at_least(3) for x in self.flat]
        rnn_steps.depth_check(self.shapes)
        self.known = self.shapes[0].as_list()[:2]
        zero = [self._zeros(batch_size, size) for size in self.sizes]
        self.zero_output = nest.pack_sequence_as(cell.output_size, zero)
        self.shortest: Any = None if lengths is None else reduce_min(lengths)
        self.longest: Any = self.steps if lengths is None else reduce_max(lengths)

    def _zeros(self, batch_size: Any, size: Any) -> Tensor:
        sizes = stack(joined_sizes(batch_size, size))
        return zeros(sizes, inferred_dtype(self.dtype, self.state))

    def run(self, parallel_iterations: int, swap_memory: bool) -> tuple[Any, Any]:
        """Declares the loop; returns outputs `[time, batch, ...]` and the last state."""
        time = constant(0, dtype=int32, name="time")
        with scopes.name_scope("dynamic_rnn") as base:
            pass
        outputs, self.arrays = self._output_arrays(base), self._input_arrays(base)
        most = minimum(self.steps, maximum(1, self.longest))
        _, outputs, state = while_loop(
            cond=lambda time, *_: time < most, body=self._step,
            loop_vars=(time, outputs, self.state), parallel_iterations=parallel_iterations,
            maximum_iterations=self.steps, swap_memory=swap_memory,
        )  # fmt: skip
        stacked = [array.stack() for array in outputs]
        for output, size in zip(stacked, self.sizes, strict=True):
            output.set_shape(static_sizes(self.known, size))
        return nest.pack_sequence_as(self.cell.output_size, stacked), state

    def _array(self, name: str, element_shape: TensorShape, dtype: Any) -> TensorArray:
        return TensorArray(
            dtype, size=self.steps, element_shape=element_shape, tensor_array_name=name
        )

    def _output_arrays(self, base: str) -> tuple[TensorArray, ...]:
        batch = TensorShape([self.known[1]])
        dtype = inferred_dtype(self.dtype, self.state)
        shapes = [batch.concatenate(known_sizes(size)) for size in self.sizes]
        return tuple([self._array(f"{base}output_{i}", s, dtype) for i, s in enumerate(shapes)])

    def _input_arrays(self, base: str) -> list[TensorArray]:
        arrays = [
            self._array(f"{base}input_{i}", x.shape[1:], x.dtype) for i, x in enumerate(self.flat)
        ]
        return [array.unstack(x) for array, x in zip(arrays, self.flat, strict=True)]

    def _step(self, time: Tensor, arrays: Any, state: Any) -> Any:
        read = [array.read(time) for array in self.arrays]
        for x, shape in zip(read, self.shapes, strict=True):
            x.set_shape(shape[1:])
        x = nest.pack_sequence_as(self.inputs, read)
        listed = rnn_steps.is_listed(self.cell)
        if listed and not nest.is_nested(state):
            state = [state]
        if self.lengths is None:
            output, new = self.cell(x, state)
        else:
            output, new = rnn_steps.step(
                time, self.lengths, self.shortest, self.longest, self.zero_output, state,
                lambda: self.cell(x, state), always=True,
            )  # fmt: skip
        if listed and len(new) == 1:
            new = new[0]
        pairs = zip(arrays, nest.flatten(output), strict=False)
        arrays = tuple([array.write(time, out) for array, out in pairs])
        return time + 1, arrays, new


@export("nn.bidirectional_dynamic_rnn")
def bidirectional_dynamic_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[Any, Any]:
    """Runs one cell over the inputs from first to last, and another from last to first.

    Args:
        cell_fw: an RNNCell for the way forward.
        cell_bw: an RNNCell for the way back.
        inputs: as in `dynamic_rnn`.
        sequence_length: as in `dynamic_rnn`; the way back starts at each row's own end.
        initial_state_fw: the first state of the way forward; None: zeros.
        initial_state_bw: the first state of the way back; None: zeros.
        dtype: as in `dynamic_rnn`.
        parallel_iterations: as in `dynamic_rnn`.
        swap_memory: as in `dynamic_rnn`.
        time_major: as in `dynamic_rnn`.
        scope: the variable scope; None: "bidirectional_rnn".

    Returns:
        `((outputs forward, outputs back), (state forward, state back))`; the outputs of the way
        back stand beside the inputs they belong to.

    Raises:
        TypeError: if a cell is no RNNCell.
        ValueError: as in `dynamic_rnn`.
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    batch_axis, time_axis = (1, 0) if time_major else (0, 1)

    def one_way(cell: Any, x: Any, state: Any, opened: Any) -> tuple[Any, Any]:
        return dynamic_rnn(
            cell=cell, inputs=x, sequence_length=sequence_length, initial_state=state, dtype=dtype,
            parallel_iterations=parallel_iterations, swap_memory=swap_memory,
            time_major=time_major, scope=opened,
        )  # fmt: skip

    def turned(x: Any) -> Any:
        if sequence_length is None:
            return reverse(x, axis=[time_axis])
        return reverse_sequence(
            input=x, seq_lengths=sequence_length, seq_axis=time_axis, batch_axis=batch_axis
        )

    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as fw:
            output_fw, state_fw = one_way(cell_fw, inputs, initial_state_fw, fw)
        with variable_scope("bw") as bw:
            backward = nest.map_structure(turned, inputs)
            output, state_bw = one_way(cell_bw, backward, initial_state_bw, bw)
    return (output_fw, turned(output)), (state_fw, state_bw)
