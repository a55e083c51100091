"""`static_rnn`: a cell run over a list of inputs, step by step in the graph; also both ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core import nest, scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.shape import Dimension, dimension_at_index, unknown_shape
from graphflow.core.tensor import Tensor
from graphflow.nets import rnn_steps
from graphflow.nets.rnn_cells import assert_like_rnncell
from graphflow.nets.rnn_sizes import inferred_dtype, joined_sizes, static_sizes
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.fill import zeros
from graphflow.ops.identity import identity
from graphflow.ops.reduce import reduce_max, reduce_min
from graphflow.ops.reverse import reverse_sequence
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.stack import stack, unstack
from graphflow.ops.variable_scope import variable_scope


@export("nn.static_rnn", "contrib.rnn.static_rnn")
def static_rnn(
    cell: Any,
    inputs: Any,
    initial_state: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """Runs a cell over a list of inputs; the graph has one copy of it for each.

    Args:
        cell: an RNNCell.
        inputs: a list of `[batch, ...]` tensors, or of nests of them; one for each step.
        initial_state: the state before the first step; None: zeros.
        dtype: the element type of zeros; needed where there is no initial state.
        sequence_length: `[batch]`, how many steps count of each row: outputs behind them are zeros,
            and the state stays. None: all.
        scope: the variable scope; None: "rnn".

    Returns:
        `(outputs, state)`: a list of outputs, and the state after the last step.

    Raises:
        TypeError: if `cell` is no RNNCell, or `inputs` no list.
        ValueError: if there are no inputs, their depth is not known, or neither state nor type is
            given.
    """
    assert_like_rnncell("cell", cell)
    _check_list(inputs)
    with rnn_steps.rnn_scope(scope) as opened:
        batch, first = _batch(inputs)
        batch_size = batch.value or shape_of(first)[0]
        missing = "If no initial_state is provided, dtype must be specified"
        state = rnn_steps.initial_state_of(cell, initial_state, batch_size, dtype, missing)
        ends = None
        if sequence_length is not None:
            ends = _Ends(sequence_length, cell, batch, batch_size, dtype, state)
        listed = rnn_steps.is_listed(cell)
        if listed and not nest.is_nested(state):
            state = [state]
        outputs = []
        for time, x in enumerate(inputs):
            if time > 0:
                opened.reuse_variables()
            output, state = cell(x, state) if ends is None else ends.step(time, cell, x, state)
            outputs.append(output)
        if listed and len(state) == 1:
            state = state[0]
        return outputs, state


def _check_list(inputs: Any) -> None:
    if not nest.is_nested(inputs):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")


def _batch(inputs: Any) -> tuple[Dimension, Any]:
    """The static batch size, and the first input."""
    first = inputs
    while nest.is_nested(first):
        first = first[0]
    if first.shape.rank == 1:
        return dimension_at_index(first.shape, 0), first
    batch = dimension_at_index(first.shape.with_rank_at_least(2), 0)
    for x in nest.flatten(inputs):
        shape = x.shape.with_rank_at_least(2)
        batch.merge_with(dimension_at_index(shape, 0))
        for i, size in enumerate(shape.as_list()[1:]):
            if size is None:
                raise ValueError(
                    f"Input size (dimension {i} of inputs) must be accessible via shape inference, "
                    "but saw value None."
                )
    return batch, first


class _Ends:
    """Where the sequence of each row ends."""

    def __init__(
        self, given: Any, cell: Any, batch: Dimension, batch_size: Any, dtype: Any, state: Any
    ) -> None:
        lengths = convert(given, name="sequence_length")
        if lengths.shape.rank not in (None, 1):
            raise ValueError("sequence_length must be a vector of length batch_size")

        def blank(size: Any) -> Tensor:
            sizes = stack(joined_sizes(batch_size, size))
            made = zeros(sizes, inferred_dtype(dtype, state))
            made.set_shape(static_sizes(batch.value, size))
            return made

        self.zero_output = nest.map_structure(blank, cell.output_size)
        self.lengths = cast(lengths, int32)
        self.shortest, self.longest = reduce_min(self.lengths), reduce_max(self.lengths)

    def step(self, time: int, cell: Any, x: Any, state: Any) -> tuple[Any, Any]:
        """Runs the cell for the rows that have this step."""
        return rnn_steps.step(
            time, self.lengths, self.shortest, self.longest, self.zero_output, state,
            lambda: cell(x, state), always=False,
        )  # fmt: skip


@export("nn.static_state_saving_rnn", "contrib.rnn.static_state_saving_rnn")
def static_state_saving_rnn(
    cell: Any,
    inputs: Any,
    state_saver: Any,
    state_name: Any,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """As `static_rnn`, with a state that is taken from an object, and handed back to it.

    Args:
        cell: an RNNCell.
        inputs: as in `static_rnn`.
        state_saver: has `state(name)`, which returns a tensor, and `save_state(name, value)`, which
            returns an operation.
        state_name: the name of the state, or a nest of names as `cell.state_size`.
        sequence_length: as in `static_rnn`.
        scope: as in `static_rnn`.

    Returns:
        `(outputs, state)` as `static_rnn`; the last output and the state wait for the saving.

    Raises:
        TypeError: if `cell` is no RNNCell.
        ValueError: if names and sizes have different structures.
    """
    sizes = cell.state_size
    if nest.is_nested(sizes) != nest.is_nested(state_name):
        raise ValueError(
            "state_name should be the same type as cell.state_size.  "
            f"state_name: {state_name}, cell.state_size: {sizes}"
        )
    names = nest.flatten(state_name)
    flat_sizes = nest.flatten(sizes)
    if len(names) != len(flat_sizes):
        raise ValueError(
            f"#elems(state_name) != #elems(state_size): {len(names)} vs. {len(flat_sizes)}"
        )
    start = nest.pack_sequence_as(sizes, [state_saver.state(name) for name in names])
    outputs, state = static_rnn(
        cell, inputs, initial_state=start, sequence_length=sequence_length, scope=scope
    )
    flat = nest.flatten(state)
    saved = [state_saver.save_state(name, x) for name, x in zip(names, flat, strict=False)]
    with scopes.control_dependencies(saved):
        outputs[-1] = nest.map_structure(identity, outputs[-1])
        return outputs, nest.map_structure(identity, state)


@export("nn.static_bidirectional_rnn", "contrib.rnn.static_bidirectional_rnn")
def static_bidirectional_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Any,
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[Any, Any, Any]:
    """Runs one cell over a list of inputs from first to last, and another from last to first.

    Args:
        cell_fw: an RNNCell for the way forward.
        cell_bw: an RNNCell for the way back.
        inputs: as in `static_rnn`.
        initial_state_fw: the first state of the way forward; None: zeros.
        initial_state_bw: the first state of the way back; None: zeros.
        dtype: as in `static_rnn`.
        sequence_length: as in `static_rnn`; the way back starts at each row's own end.
        scope: the variable scope; None: "bidirectional_rnn".

    Returns:
        `(outputs, state forward, state back)`: the outputs of both ways side by side,
        `[batch, forward + back]` for each step.

    Raises:
        TypeError: if a cell is no RNNCell, or `inputs` no list.
        ValueError: as in `static_rnn`.
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    _check_list(inputs)
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as fw:
            forward, state_fw = static_rnn(
                cell_fw, inputs, initial_state_fw, dtype, sequence_length, scope=fw
            )
        with variable_scope("bw") as bw:
            turned = _turned(inputs, sequence_length)
            back, state_bw = static_rnn(
                cell_bw, turned, initial_state_bw, dtype, sequence_length, scope=bw
            )
    back = _turned(back, sequence_length)
    pairs = zip(nest.flatten(forward), nest.flatten(back), strict=False)
    outputs = nest.pack_sequence_as(forward, [concat([f, b], 1) for f, b in pairs])
    return outputs, state_fw, state_bw


def _turned(steps: Sequence[Any], lengths: Any) -> list[Any]:
    """The steps from last to first; those of each row from its own end, where lengths are given."""
    if lengths is None:
        return list(reversed(steps))
    columns = [_turned_tensors(xs, lengths) for xs in zip(*map(nest.flatten, steps), strict=False)]
    rows = zip(*columns, strict=True)
    return [nest.pack_sequence_as(x, row) for x, row in zip(steps, rows, strict=True)]


def _turned_tensors(xs: Sequence[Any], lengths: Any) -> list[Tensor]:
    shape = unknown_shape(rank=xs[0].shape.rank)
    for x in xs:
        shape.merge_with(x.shape)
        x.set_shape(shape)
    found = unstack(reverse_sequence(stack(xs), lengths, 0, 1))
    for x in found:
        x.set_shape(shape)
    return found
