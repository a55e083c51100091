"""Cells that run over all steps at once: `tf.contrib.rnn.FusedRNNCell`, and ways to make them."""

from __future__ import annotations

import abc
from typing import Any

from graphflow.core.export import export
from graphflow.nets.rnn_dynamic import dynamic_rnn
from graphflow.nets.rnn_static import static_rnn
from graphflow.ops.reverse import reverse, reverse_sequence
from graphflow.ops.stack import stack, unstack


@export("contrib.rnn.FusedRNNCell")
class FusedRNNCell(metaclass=abc.ABCMeta):
    """The base of cells that take the inputs of all steps, and give the outputs of all."""

    @abc.abstractmethod
    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> Any:
        """Runs over all steps.

        Args:
            inputs: `[time, batch, depth]`, or a list of `[batch, depth]`.
            initial_state: the state before the first step; None: zeros.
            dtype: the element type of zeros; needed without an initial state.
            sequence_length: `[batch]`, how many steps count of each row; None: all.
            scope: the variable scope.

        Returns:
            `(outputs, state)`: the outputs of all steps, as the inputs are given, and the state
            after the last one.
        """


@export("contrib.rnn.FusedRNNCellAdaptor")
class FusedRNNCellAdaptor(FusedRNNCell):
    """A cell that is run step by step.

    Args:
        cell: an RNNCell.
        use_dynamic_rnn: whether the steps are a loop; else they are declared one by one.
    """

    def __init__(self, cell: Any, use_dynamic_rnn: bool = False) -> None:
        self._cell = cell
        self._use_dynamic_rnn = use_dynamic_rnn

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> Any:
        """Runs over all steps; see `FusedRNNCell`."""
        listed = isinstance(inputs, list)
        options = {
            "initial_state": initial_state,
            "dtype": dtype,
            "sequence_length": sequence_length,
            "scope": scope,
        }
        if self._use_dynamic_rnn:
            steps = stack(inputs) if listed else inputs
            outputs, state = dynamic_rnn(self._cell, steps, time_major=True, **options)
            return unstack(outputs) if listed else outputs, state
        steps = inputs if listed else unstack(inputs)
        made, state = static_rnn(self._cell, steps, **options)
        return made if listed else stack(made), state


@export("contrib.rnn.TimeReversedFusedRNN")
class TimeReversedFusedRNN(FusedRNNCell):
    """A cell that runs from the last step to the first; outputs stand beside their inputs.

    Args:
        cell: a FusedRNNCell.
    """

    def __init__(self, cell: Any) -> None:
        self._cell = cell

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> Any:
        """Runs over all steps; see `FusedRNNCell`. Each row begins at its own end."""
        outputs, state = self._cell(
            _turned(inputs, sequence_length),
            initial_state=initial_state,
            dtype=dtype,
            sequence_length=sequence_length,
            scope=scope,
        )
        return _turned(outputs, sequence_length), state


def _turned(x: Any, lengths: Any) -> Any:
    if isinstance(x, list):
        return x[::-1]
    if lengths is None:
        return reverse(x, [0])
    return reverse_sequence(x, lengths, 0, 1)
