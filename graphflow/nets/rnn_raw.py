"""`raw_rnn`: a cell in a loop whose inputs and end a function of the user decides, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphflow.core import nest
from graphflow.core.convert import convert
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, dimension_at_index
from graphflow.core.tensor import Tensor
from graphflow.nets.rnn_cells import assert_like_rnncell
from graphflow.nets.rnn_sizes import joined_sizes, known_sizes
from graphflow.nets.rnn_steps import chosen, rnn_scope
from graphflow.ops.comparison import logical_not, logical_or
from graphflow.ops.constant import constant
from graphflow.ops.fill import zeros
from graphflow.ops.flow_while import while_loop
from graphflow.ops.reduce import reduce_all
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.tensor_array import TensorArray


@export("nn.raw_rnn")
def raw_rnn(
    cell: Any,
    loop_fn: Callable[..., Any],
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    scope: Any = None,
) -> tuple[Any, Any, Any]:
    """Runs a cell in a loop that a function steers.

    Args:
        cell: an RNNCell.
        loop_fn: takes (time, the cell's output, its state, loop state); returns (which rows are
            finished: `[batch]` of bool, the next input, the state to go on with, what to emit, the
            next loop state). It is called once before the loop with time 0 and None for the rest:
            then it returns the first of each, and for what to emit zeros of one row, or None for
            the form of `cell.output_size`.
        parallel_iterations: noted on the nodes; None: 32.
        swap_memory: noted for files.
        scope: the variable scope; None: "rnn".

    Returns:
        `(emit_ta, final_state, final_loop_state)`: TensorArrays of what was emitted, zeros for
        finished rows, and the states after the last step.

    Raises:
        TypeError: if `cell` is no RNNCell, or `loop_fn` cannot be called.
        ValueError: if the function returns other structures than before.
    """
    assert_like_rnncell("cell", cell)
    if not callable(loop_fn):
        raise TypeError("loop_fn must be a callable")
    with rnn_scope(scope):
        time = constant(0, dtype=int32)
        finished, first, state, emits, loop_state = loop_fn(time, None, None, None)
        has_loop_state = loop_state is not None
        if not has_loop_state:
            loop_state = constant(0, dtype=int32)
        known_batch, batch_size = _batch_size(nest.flatten(first))
        nest.assert_same_structure(state, cell.state_size)
        flat_state = [convert(s) for s in nest.flatten(state)]
        state = nest.pack_sequence_as(state, flat_state)
        form, sizes, dtypes = _emitted(cell, emits, flat_state)
        batch = TensorShape([known_batch])
        arrays = [
            TensorArray(
                dtype, size=0, dynamic_size=True, name=f"rnn_output_{i}",
                element_shape=batch.concatenate(known_sizes(size)),
            )
            for i, (size, dtype) in enumerate(zip(sizes, dtypes, strict=True))
        ]  # fmt: skip
        blank = [zeros(joined_sizes(batch_size, s), d) for s, d in zip(sizes, dtypes, strict=True)]
        body = _body(cell, loop_fn, nest.pack_sequence_as(form, blank))
        returned = while_loop(
            _unfinished, body,
            [time, finished, first, nest.pack_sequence_as(form, arrays), state, loop_state],
            parallel_iterations=parallel_iterations or 32, swap_memory=swap_memory,
        )  # fmt: skip
        arrays, state, loop_state = returned[-3:]
        return arrays, state, loop_state if has_loop_state else None


def _unfinished(_time: Any, finished: Any, *_: Any) -> Tensor:
    over: Tensor = logical_not(reduce_all(finished))
    return over


def _batch_size(inputs: Sequence[Any]) -> tuple[int | None, Any]:
    """The batch size as far as it is known now, and as an int or a tensor."""
    dims = [dimension_at_index(x.shape, 0) for x in inputs]
    for other in dims:
        dims[0].merge_with(other)
    known = dims[0].value
    return known, shape_of(inputs[0])[0] if known is None else known


def _emitted(
    cell: Any, given: Any, flat_state: Sequence[Tensor]
) -> tuple[Any, list[Any], list[Any]]:
    """The structure, the sizes of a row, and the types of what is emitted."""
    if given is None:
        flat = nest.flatten(cell.output_size)
        return cell.output_size, flat, [flat_state[0].dtype] * len(flat)
    flat = nest.flatten(given)
    sizes = [x.shape if x.shape.is_fully_defined() else shape_of(x) for x in flat]
    return given, sizes, [x.dtype for x in flat]


def _body(cell: Any, loop_fn: Callable[..., Any], blank: Any) -> Callable[..., Any]:
    def body(
        time: Any, finished: Any, current: Any, arrays: Any, state: Any, loop_state: Any
    ) -> tuple[Any, ...]:
        output, cell_state = cell(current, state)
        nest.assert_same_structure(state, cell_state)
        nest.assert_same_structure(cell.output_size, output)
        next_time = time + 1
        done, next_input, next_state, emit, next_loop = loop_fn(
            next_time, output, cell_state, loop_state
        )
        nest.assert_same_structure(state, next_state)
        nest.assert_same_structure(current, next_input)
        nest.assert_same_structure(arrays, emit)

        def kept(old: Any, new: Any) -> Any:
            return chosen(finished, old, new)

        emit = nest.map_structure(kept, blank, emit)
        next_state = nest.map_structure(kept, state, next_state)
        arrays = nest.map_structure(lambda array, x: array.write(time, x), arrays, emit)
        next_loop = loop_state if next_loop is None else next_loop
        return next_time, logical_or(finished, done), next_input, arrays, next_state, next_loop

    return body
