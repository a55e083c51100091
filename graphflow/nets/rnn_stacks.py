"""Stacks of layers that each run both ways over a sequence."""

from __future__ import annotations

from typing import Any

from graphflow.core.export import export
from graphflow.nets.rnn_dynamic import bidirectional_dynamic_rnn
from graphflow.nets.rnn_static import static_bidirectional_rnn
from graphflow.ops.concat import concat
from graphflow.ops.variable_scope import variable_scope


def _check(cells_fw: Any, cells_bw: Any, states_fw: Any, states_bw: Any) -> None:
    for cells, name in ((cells_fw, "fw"), (cells_bw, "bw")):
        if not cells:
            raise ValueError(f"Must specify at least one {name} cell for BidirectionalRNN.")
    for cells, name in ((cells_fw, "fw"), (cells_bw, "bw")):
        if not isinstance(cells, list):
            raise ValueError(f"cells_{name} must be a list of RNNCells (one per layer).")
    if len(cells_fw) != len(cells_bw):
        raise ValueError("Forward and Backward cells must have the same depth.")
    for states, name in ((states_fw, "fw"), (states_bw, "bw")):
        if states is not None and not (isinstance(states, list) and len(states) == len(cells_fw)):
            raise ValueError(
                f"initial_states_{name} must be a list of state tensors (one per layer)."
            )


@export("contrib.rnn.stack_bidirectional_rnn")
def stack_bidirectional_rnn(
    cells_fw: Any,
    cells_bw: Any,
    inputs: Any,
    initial_states_fw: Any = None,
    initial_states_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """Runs layers of `static_bidirectional_rnn`, each over the outputs of the one before.

    Args:
        cells_fw: a list of RNNCells for the way forward, one for each layer.
        cells_bw: a list of RNNCells for the way back.
        inputs: a list of `[batch, ...]` tensors.
        initial_states_fw: a list of first states of the way forward; None: zeros.
        initial_states_bw: a list of first states of the way back; None: zeros.
        dtype: the element type of zeros.
        sequence_length: `[batch]`, how many steps count of each row; None: all.
        scope: the variable scope; None: "stack_bidirectional_rnn".

    Returns:
        `(outputs, states forward, states back)`: the outputs of the last layer as a list, and
        tuples of the last states.

    Raises:
        ValueError: if there are no cells, or lists differ in length.
    """
    _check(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states_fw, states_bw = [], []
    x = inputs
    with variable_scope(scope or "stack_bidirectional_rnn"):
        for i, (forward, back) in enumerate(zip(cells_fw, cells_bw, strict=True)):
            with variable_scope(f"cell_{i}") as opened:
                x, state_fw, state_bw = static_bidirectional_rnn(
                    forward, back, x, dtype=dtype, sequence_length=sequence_length, scope=opened,
                    initial_state_fw=initial_states_fw[i] if initial_states_fw else None,
                    initial_state_bw=initial_states_bw[i] if initial_states_bw else None,
                )  # fmt: skip
            states_fw.append(state_fw)
            states_bw.append(state_bw)
    return x, tuple(states_fw), tuple(states_bw)


@export("contrib.rnn.stack_bidirectional_dynamic_rnn")
def stack_bidirectional_dynamic_rnn(
    cells_fw: Any,
    cells_bw: Any,
    inputs: Any,
    initial_states_fw: Any = None,
    initial_states_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    parallel_iterations: int | None = None,
    time_major: bool = False,
    scope: Any = None,
    swap_memory: bool = False,
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """Runs layers of `bidirectional_dynamic_rnn`, each over the outputs of the one before.

    Args:
        cells_fw: as in `stack_bidirectional_rnn`.
        cells_bw: as in `stack_bidirectional_rnn`.
        inputs: `[batch, time, ...]`.
        initial_states_fw: as in `stack_bidirectional_rnn`.
        initial_states_bw: as in `stack_bidirectional_rnn`.
        dtype: as in `stack_bidirectional_rnn`.
        sequence_length: as in `stack_bidirectional_rnn`.
        parallel_iterations: as in `dynamic_rnn`.
        time_major: as in `dynamic_rnn`.
        scope: as in `stack_bidirectional_rnn`.
        swap_memory: as in `dynamic_rnn`.

    Returns:
        `(outputs, states forward, states back)`: the outputs of the last layer,
        `[batch, time, forward + back]`, and tuples of the last states.

    Raises:
        ValueError: as `stack_bidirectional_rnn`.
    """
    _check(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states_fw, states_bw = [], []
    x = inputs
    with variable_scope(scope or "stack_bidirectional_rnn"):
        for i, (forward, back) in enumerate(zip(cells_fw, cells_bw, strict=True)):
            with variable_scope(f"cell_{i}"):
                outputs, (state_fw, state_bw) = bidirectional_dynamic_rnn(
                    forward, back, x, dtype=dtype, sequence_length=sequence_length,
                    initial_state_fw=initial_states_fw[i] if initial_states_fw else None,
                    initial_state_bw=initial_states_bw[i] if initial_states_bw else None,
                    parallel_iterations=parallel_iterations, swap_memory=swap_memory,
                    time_major=time_major,
                )  # fmt: skip
                x = concat(outputs, 2)
            states_fw.append(state_fw)
            states_bw.append(state_bw)
    return x, tuple(states_fw), tuple(states_bw)
