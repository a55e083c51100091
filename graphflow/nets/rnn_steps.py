"""What all kinds of recurrent networks share: the batch size, one step, the end of a sequence."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from graphflow.core import nest, scopes
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets.layer import Layer
from graphflow.nets.rnn_cells import RNNCell
from graphflow.ops.flow_cond import cond
from graphflow.ops.select import where
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.tensor_array import TensorArray
from graphflow.ops.variable_scope import VariableScope, variable_scope


@contextlib.contextmanager
def rnn_scope(scope: Any) -> Iterator[VariableScope]:
    """A variable scope, "rnn" by default, whose variables are read once outside of all loops."""
    with variable_scope(scope or "rnn") as opened:
        cache_outside_of_loops(opened)
        yield opened


def cache_outside_of_loops(opened: VariableScope) -> None:
    """Lets a scope's variables be read once, where it stands in no loop."""
    flow = scopes.get_default_graph()._flow
    in_loop = flow is not None and flow.while_context() is not None
    if not in_loop and opened.caching_device is None:
        opened.set_caching_device(lambda op: op.device)


def initial_state_of(cell: Any, given: Any, batch_size: Any, dtype: Any, missing: str) -> Any:
    """Returns the initial state that is given, or zeros.

    Args:
        cell: the cell.
        given: a state, or None.
        batch_size: an int or a scalar tensor.
        dtype: the element type of zeros.
        missing: what to say if there is neither a state nor a type.

    Raises:
        ValueError: with that message.
    """
    if given is not None:
        return given
    if not dtype:
        raise ValueError(missing)
    if getattr(cell, "get_initial_state", None) is not None:
        return cell.get_initial_state(inputs=None, batch_size=batch_size, dtype=dtype)
    return cell.zero_state(batch_size, dtype)


@export("contrib.rnn.best_effort_input_batch_size")
def batch_size_of(flat_input: Sequence[Any]) -> Any:
    """Returns the batch size of `[time, batch, ...]` inputs, an int where one of them tells it.

    Args:
        flat_input: a list of tensors.

    Raises:
        ValueError: if an input has less than two axes.
    """
    for x in flat_input:
        dims = x.dims
        if dims is None:
            continue
        if len(dims) < 2:
            raise ValueError(f"Expected input tensor {x} to have rank at least 2")
        if dims[1] is not None:
            return dims[1]
    return shape_of(flat_input[0])[1]


def is_listed(cell: Any) -> bool:
    """Whether a layer is used as a cell that keeps its state in a list, as those of Keras do."""
    return (
        not isinstance(cell, RNNCell)
        and isinstance(cell, Layer)
        and getattr(cell, "zero_state", None) is None
    )


def chosen(keep: Tensor, old: Any, new: Any) -> Any:
    """Returns the rows of `old` where `keep` is true, those of `new` elsewhere.

    TensorArrays and scalars have no rows: the new ones count.
    """
    if isinstance(old, TensorArray) or old.shape.rank == 0:
        return new
    with scopes.colocate_with(new):
        return where(keep, old, new)


def step(
    time: Any,
    sequence_length: Tensor,
    shortest: Tensor,
    longest: Tensor,
    zero_output: Any,
    state: Any,
    call_cell: Callable[[], Any],
    always: bool,
) -> tuple[Any, Any]:
    """Runs a cell once; rows whose sequence is over get zeros, and keep their state.

    Args:
        time: the step's number, an int or a scalar tensor.
        sequence_length: `[batch]`, int32.
        shortest: its least element.
        longest: its greatest element.
        zero_output: zeros in the structure of the outputs.
        state: the state before the step.
        call_cell: runs the cell, returns (output, next state).
        always: whether the cell runs and rows are chosen in any case; else only where need be.

    Returns:
        The output and the next state.

    Raises:
        ValueError: if the cell returns other structures.
    """
    flat_zeros, flat_state = nest.flatten(zero_output), nest.flatten(state)
    over = time >= sequence_length

    def called() -> list[Any]:
        output, new_state = call_cell()
        nest.assert_same_structure(zero_output, output)
        nest.assert_same_structure(state, new_state)
        return [*nest.flatten(output), *nest.flatten(new_state)]

    def selected(new: list[Any]) -> list[Any]:
        pairs = zip([*flat_zeros, *flat_state], new, strict=True)
        return [chosen(over, a, b) for a, b in pairs]

    def where_needed() -> Any:
        new = called()
        return cond(time < shortest, lambda: new, lambda: selected(new))

    if always:
        found = selected(called())
    else:
        found = cond(time >= longest, lambda: [*flat_zeros, *flat_state], where_needed)
    n = len(flat_zeros)
    _keep_shapes(found[:n], flat_zeros)
    _keep_shapes(found[n:], flat_state)
    return nest.pack_sequence_as(zero_output, found[:n]), nest.pack_sequence_as(state, found[n:])


def _keep_shapes(new: Sequence[Any], old: Sequence[Any]) -> None:
    for a, b in zip(new, old, strict=True):
        if not isinstance(a, TensorArray):
            a.set_shape(b.shape)


def depth_check(shapes: Sequence[TensorShape]) -> None:
    """Checks that inputs agree in time steps and batch size, and that their depths are known.

    Raises:
        ValueError: if not.
    """
    steps, batch = shapes[0].as_list()[:2]
    for shape in shapes:
        if not shape[2:].is_fully_defined():
            raise ValueError(
                "Input size (depth of inputs) must be accessible via shape inference, but saw "
                "value None."
            )
        if shape.as_list()[0] != steps:
            raise ValueError(
                "Time steps is not the same for all the elements in the input in a batch."
            )
        if shape.as_list()[1] != batch:
            raise ValueError("Batch_size is not the same for all the elements in the input.")
