"""The steps of a recurrent layer: unrolled in the graph, or in a loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core import nest
from graphflow.core.dtypes import bool_, int32
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.comparison import less
from graphflow.ops.constant import constant
from graphflow.ops.fill import zeros_like
from graphflow.ops.flow_while import while_loop
from graphflow.ops.reshape import expand_dims
from graphflow.ops.reverse import reverse
from graphflow.ops.select import where
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.stack import stack, unstack
from graphflow.ops.tensor_array import TensorArray
from graphflow.ops.tile import tile
from graphflow.ops.transpose import transpose

Step = Callable[[Any, tuple[Any, ...]], tuple[Any, Any]]


def swapped(x: Any) -> Any:
    """Returns a tensor with its first two axes exchanged.

    Args:
        x: [a, b, ...].
    """
    return transpose(x, [1, 0, *range(2, x.shape.ndims)])


def widened(mask: Any, like: Any, fixed: int = 1) -> Any:
    """Returns a mask repeated along the last axes of a tensor.

    Args:
        mask: the mask; it gets as many axes as the tensor has.
        like: the tensor.
        fixed: how many of the first axes the mask has already.
    """
    for _ in range(like.shape.ndims - mask.shape.ndims):
        mask = expand_dims(mask, -1)
    return tile(mask, [1] * fixed + like.shape.as_list()[fixed:])


class Steps:
    """What all ways to make the steps of a recurrent layer have in common.

    Args:
        step: `step(input, states)` returns an output and new states.
        inputs: [steps, batch, ...], or a structure of such tensors.
        states: the first states.
        constants: further tensors for each step, behind the states.
        backwards: whether the last input comes first.
        mask: [steps, batch, 1], or None: where a step counts.
        zeros: whether outputs that do not count are zero; else they are those of the step before.
    """

    def __init__(
        self,
        step: Step,
        inputs: Any,
        states: tuple[Any, ...],
        constants: tuple[Any, ...],
        backwards: bool,
        mask: Any,
        zeros: bool,
    ) -> None:
        self.step = step
        self.inputs = inputs
        self.flat = nest.flatten(inputs)
        self.first_states = states
        self.constants = constants
        self.backwards = backwards
        self.mask = mask
        self.zeros = zeros

    def _made(self, inputs: Any, states: Any) -> tuple[Any, Any]:
        return self.step(inputs, (*states, *self.constants))

    # --- unrolled ---
    def _listed(self, x: Any) -> list[Any]:
        items: list[Any] = unstack(x)
        return items[::-1] if self.backwards else items

    def unrolled(self) -> tuple[Any, Any, Any]:
        """Returns the last output, all outputs and the last states, step by step in the graph.

        Raises:
            ValueError: if the number of steps is not known.
        """
        if not self.flat[0].shape.as_list()[0]:
            raise ValueError("Unrolling requires a fixed number of timesteps.")
        columns = [self._listed(x) for x in self.flat]
        rows = [nest.pack_sequence_as(self.inputs, list(row)) for row in zip(*columns, strict=True)]
        if self.mask is not None:
            return self._unrolled_masked(rows)
        states, outputs = self.first_states, []
        for row in rows:
            output, states = self._made(row, states)
            outputs.append(output)
        return outputs[-1], stack(outputs), states

    def _unrolled_masked(self, rows: list[Any]) -> tuple[Any, Any, Any]:
        masks = self._listed(self.mask)
        states: Any = self.first_states
        outputs: list[Any] = []
        for row, mask in zip(rows, masks, strict=True):
            output, new = self._made(row, states)
            wide = widened(mask, output)
            before = outputs[-1] if outputs else zeros_like(output)
            outputs.append(where(wide, output, before))
            states = [where(widened(mask, n), n, s) for s, n in zip(states, new, strict=False)]
        last, all_outputs = outputs[-1], stack(outputs)
        if self.zeros:
            last = where(widened(masks[-1], last), last, zeros_like(last))
            wide = widened(self.mask, all_outputs, fixed=2)
            all_outputs = where(wide, all_outputs, zeros_like(all_outputs))
        return last, all_outputs, states

    # --- in a loop ---
    def _array(self, x: Any, name: str, number: Tensor) -> TensorArray:
        made = TensorArray(x.dtype, size=number, tensor_array_name=name)
        return made.unstack(reverse(x, [0]) if self.backwards else x)

    def looped(self, number: Tensor, limit: Any) -> tuple[Any, Any, Any]:
        """Returns the last output, all outputs and the last states, from a loop.

        Args:
            number: the number of steps.
            limit: the largest number of steps, or None.

        Raises:
            ValueError: if there is a mask and there are no states.
        """
        arrays = [
            TensorArray(x.dtype, size=number, tensor_array_name=f"input_ta_{i}")
            for i, x in enumerate(self.flat)
        ]
        self._arrays = [
            array.unstack(reverse(x, [0]) if self.backwards else x)
            for array, x in zip(arrays, self.flat, strict=True)
        ]
        # One step outside of the loop tells the outputs' shapes, as in TensorFlow.
        first = nest.pack_sequence_as(self.inputs, [x[0] for x in self.flat])
        output, _ = self._made(first, self.first_states)
        made = tuple(
            TensorArray(x.dtype, size=number, element_shape=x.shape,
                        tensor_array_name=f"output_ta_{i}")
            for i, x in enumerate(nest.flatten(output))
        )  # fmt: skip
        time = constant(0, dtype=int32, name="time")
        loop = {
            "cond": lambda time, *_: less(time, number),
            "maximum_iterations": limit,
            "parallel_iterations": 32,
            "swap_memory": True,
        }
        if self.mask is None:
            ended = while_loop(body=self._body, loop_vars=(time, made, *self.first_states), **loop)
            states = ended[2:]
        else:
            if not self.first_states:
                raise ValueError(
                    "No initial states provided! When using masking in an RNN, you should provide "
                    "initial states (and your step function should return as its first state at "
                    "time `t` the output at time `t-1`)."
                )
            self._masks = self._array(self.mask, "mask_ta", number)
            self._nothing = tuple(zeros_like(x) for x in nest.flatten(output))
            ended = while_loop(
                body=self._masked_body,
                loop_vars=(time, made, self._nothing, *self.first_states),
                **loop,
            )
            states = ended[3:]
        outputs = [array.stack() for array in ended[1]]
        last = nest.pack_sequence_as(output, [x[-1] for x in outputs])
        return last, nest.pack_sequence_as(output, outputs), states

    def _at(self, time: Any, states: Any) -> tuple[Any, Any]:
        row = nest.pack_sequence_as(self.inputs, [array.read(time) for array in self._arrays])
        output, new = self._made(row, states)
        for old, x in zip(nest.flatten(states), nest.flatten(new), strict=False):
            if isinstance(x, Tensor):
                x.set_shape(old.shape)
        return output, new

    def _body(self, time: Any, arrays: Any, *states: Any) -> Any:
        output, new = self._at(time, states)
        written = tuple(
            array.write(time, x) for array, x in zip(arrays, nest.flatten(output), strict=True)
        )
        packed = nest.pack_sequence_as(self.first_states, nest.flatten(new))
        return (time + 1, written, *packed)

    def _masked_body(self, time: Any, arrays: Any, before: Any, *states: Any) -> Any:
        output, new = self._at(time, states)
        mask = self._masks.read(time)
        rest = self._nothing if self.zeros else before
        outputs = tuple(
            where(widened(mask, x), x, y) for x, y in zip(nest.flatten(output), rest, strict=True)
        )
        flat = [
            where(widened(mask, old), x, old)
            for old, x in zip(nest.flatten(states), nest.flatten(new), strict=True)
        ]
        packed = nest.pack_sequence_as(self.first_states, flat)
        written = tuple(array.write(time, x) for array, x in zip(arrays, outputs, strict=True))
        return (time + 1, written, outputs, *packed)


def rnn(
    step_function: Step,
    inputs: Any,
    initial_states: Any,
    go_backwards: bool = False,
    mask: Any = None,
    constants: Any = None,
    unroll: bool = False,
    input_length: Any = None,
    time_major: bool = False,
    zero_output_for_mask: bool = False,
) -> tuple[Any, Any, Any]:
    """Returns what a function makes of a sequence, step by step.

    Args:
        step_function: `step(input, states)` returns an output and new states.
        inputs: [batch, steps, ...], or a structure of such tensors.
        initial_states: the states before the first step.
        go_backwards: whether the last input comes first.
        mask: [batch, steps] or [batch, steps, 1]: where a step counts.
        constants: further tensors for each step, behind the states.
        unroll: whether the steps are made in the graph instead of a loop.
        input_length: the largest number of steps, or None.
        time_major: whether inputs and outputs are [steps, batch, ...].
        zero_output_for_mask: whether outputs of steps that do not count are zero; else they are
            those of the step before.

    Returns:
        The last output, all outputs [batch, steps, ...], and the last states.

    Raises:
        ValueError: if the number of steps of an unrolled sequence is not known, or there is a
            mask and there are no states.
    """
    if not time_major:
        inputs = nest.map_structure(swapped, inputs)
    first = nest.flatten(inputs)[0]
    steps, batch = first.shape.as_list()[:2]
    number = shape_of(first)[0]
    for x in nest.flatten(inputs):
        x.shape.with_rank_at_least(3)
    if mask is not None:
        mask = mask if mask.dtype == bool_ else cast(mask, bool_)
        mask = expand_dims(mask, -1) if mask.shape.ndims == 2 else mask
        mask = mask if time_major else swapped(mask)
    made = Steps(
        step_function,
        inputs,
        tuple(initial_states),
        tuple(constants or ()),
        go_backwards,
        mask,
        zero_output_for_mask,
    )
    last, outputs, states = made.unrolled() if unroll else made.looped(number, input_length)

    def settled(output: Any) -> Any:
        output.set_shape([steps, batch, *output.shape.as_list()[2:]])
        return output if time_major else swapped(output)

    return last, nest.map_structure(settled, outputs), states
