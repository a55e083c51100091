"""A cell that looks at a memory after each step: `tf.contrib.seq2seq.AttentionWrapper`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from graphflow.core import nest, scopes
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape, dimension_value
from graphflow.core.tensor import Tensor
from graphflow.nets.dense import Dense
from graphflow.nets.rnn_cells import RNNCell, assert_like_rnncell
from graphflow.nets.rnn_sizes import zero_state_tensors
from graphflow.nets.seq2seq_mechanisms import AttentionMechanism, known_size
from graphflow.ops.asserts import assert_equal
from graphflow.ops.concat import concat
from graphflow.ops.fill import zeros
from graphflow.ops.identity import identity
from graphflow.ops.matmul import matmul
from graphflow.ops.reshape import expand_dims, squeeze
from graphflow.ops.tensor_array import TensorArray
from graphflow.ops.with_shape import with_same_shape

_BEAMS = "Are you using the BeamSearchDecoder?"
_TILE = "via the tf.contrib.seq2seq.tile_batch function with argument multiple=beam_width."


@export("contrib.seq2seq.AttentionWrapperState")
class AttentionWrapperState(NamedTuple):
    """The state of an AttentionWrapper.

    Args:
        cell_state: the state of the cell inside.
        attention: `[batch, size]`, what the mechanisms found at the step before.
        time: int32 scalar, the number of the step.
        alignments: `[batch, time]`, where they looked; of several mechanisms a tuple.
        alignment_history: a TensorArray of all alignments so far, or (); of several a tuple.
        attention_state: the state of the mechanism; of several a tuple.
    """

    cell_state: Any
    attention: Any
    time: Any
    alignments: Any
    alignment_history: Any
    attention_state: Any

    def clone(self, **kwargs: Any) -> AttentionWrapperState:
        """Returns a copy with other parts, which must have the shapes of those they replace.

        >>> import graphflow as tf
        >>> state = AttentionWrapperState(tf.zeros([2, 3]), *[()] * 5)
        >>> state.clone(cell_state=tf.ones([2, 3])).cell_state.name
        'ones:0'

        Args:
            **kwargs: the parts, by name.

        Raises:
            ValueError: if a shape differs, or a name is not known.
        """

        def alike(old: Any, new: Any) -> Any:
            tensors = isinstance(old, Tensor) and isinstance(new, Tensor)
            return with_same_shape(old, new) if tensors else new

        made: AttentionWrapperState = nest.map_structure(alike, self, self._replace(**kwargs))
        return made


def compute_attention(
    attention_mechanism: Any, cell_output: Tensor, attention_state: Any, attention_layer: Any
) -> tuple[Any, Any, Any]:
    """Returns what a mechanism finds for the output of a cell.

    Args:
        attention_mechanism: the mechanism.
        cell_output: `[batch, depth]`, the query.
        attention_state: its state before.
        attention_layer: a layer over cell output and context; None: there is none.

    Returns:
        `(attention, alignments, next state)`.
    """
    alignments, state = attention_mechanism(cell_output, state=attention_state)
    context = squeeze(matmul(expand_dims(alignments, 1), attention_mechanism.values), [1])
    if attention_layer is None:
        return context, alignments, state
    return attention_layer(concat([cell_output, context], 1)), alignments, state


def _joined(inputs: Any, attention: Any) -> Tensor:
    made: Tensor = concat([inputs, attention], -1)
    return made


@export("contrib.seq2seq.AttentionWrapper")
class AttentionWrapper(RNNCell):
    """A cell around a cell: after each step, what mechanisms find in their memories.

    Args:
        cell: the cell inside.
        attention_mechanism: a mechanism, or a list of them.
        attention_layer_size: the size of a layer over cell output and context, for each mechanism;
            None: what is found is the context itself.
        alignment_history: whether the state holds all alignments, in a TensorArray.
        cell_input_fn: makes the input of the cell of inputs and attention; None: both joined.
        output_attention: whether the output is what was found; else that of the cell.
        initial_cell_state: the state that `zero_state` gives the cell; None: zeros.
        name: the name, also of the variable scope.
        attention_layer: a layer, for each mechanism, instead of the size of one.
        attention_fn: computes `(attention, alignments, next state)` of mechanism, cell output,
            state and layer; None: see `compute_attention`.
        dtype: the element type of variables; None: that of the first input.

    Raises:
        TypeError: if something is not what it has to be.
        ValueError: if both size and layer are given, or not one for each mechanism.
    """

    def __init__(
        self,
        cell: Any,
        attention_mechanism: Any,
        attention_layer_size: Any = None,
        alignment_history: bool = False,
        cell_input_fn: Any = None,
        output_attention: bool = True,
        initial_cell_state: Any = None,
        name: Any = None,
        attention_layer: Any = None,
        attention_fn: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        assert_like_rnncell("cell", cell)
        self._is_multi = isinstance(attention_mechanism, list | tuple)
        self._attention_mechanisms = _mechanisms(attention_mechanism)
        if cell_input_fn is not None and not callable(cell_input_fn):
            kind = type(cell_input_fn).__name__
            raise TypeError(f"cell_input_fn must be callable, saw type: {kind}")
        self._cell = cell
        self._attention_layers = self._output_layers(attention_layer_size, attention_layer)
        self._attention_layer_size = self._size(attention_layer_size)
        self._attention_fn = attention_fn or compute_attention
        self._cell_input_fn = cell_input_fn or _joined
        self._output_attention = output_attention
        self._alignment_history = alignment_history
        with scopes.name_scope(name, "AttentionWrapperInit"):
            self._initial_cell_state = self._checked(initial_cell_state)

    def _output_layers(self, sizes: Any, layers: Any) -> tuple[Any, ...] | None:
        """The layer of each mechanism, or None."""
        if sizes is not None and layers is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        if sizes is not None:
            listed = self._one_each(sizes, "attention_layer_size", "integer")
            pairs = zip(listed, self._attention_mechanisms, strict=True)
            return tuple(
                [Dense(n, name="attention_layer", use_bias=False, dtype=m.dtype) for n, m in pairs]
            )
        if layers is None:
            return None
        return self._one_each(layers, "attention_layer", "layer")

    def _one_each(self, given: Any, what: str, kind: str) -> tuple[Any, ...]:
        listed = tuple(given) if isinstance(given, list | tuple) else (given,)
        if len(listed) != len(self._attention_mechanisms):
            raise ValueError(
                f"If provided, {what} must contain exactly one {kind} per attention_mechanism, "
                f"saw: {len(listed)} vs {len(self._attention_mechanisms)}"
            )
        return listed

    def _size(self, sizes: Any) -> Any:
        """The size of all that is found."""
        if sizes is not None:
            return sum(sizes) if isinstance(sizes, list | tuple) else sizes
        widths = [dimension_value(m.values.shape[-1]) for m in self._attention_mechanisms]
        if self._attention_layers is None:
            return sum(widths)
        return sum(
            dimension_value(layer.compute_output_shape([None, self._cell.output_size + n])[-1])
            for layer, n in zip(self._attention_layers, widths, strict=True)
        )

    def _checked(self, state: Any) -> Any:
        """The initial state of the cell, checked to have the batch size of the memories."""
        if state is None:
            return None
        last = nest.flatten(state)[-1]
        batch_size = known_size(last, 0)
        message = (
            f"When constructing AttentionWrapper {self._base_name}: Non-matching batch sizes "
            f"between the memory (encoder output) and initial_cell_state.  {_BEAMS}  You may need "
            f"to tile your initial state {_TILE}"
        )
        with scopes.control_dependencies(self._batch_size_checks(batch_size, message)):
            return nest.map_structure(lambda s: identity(s, name="check_initial_cell_state"), state)

    def _batch_size_checks(self, batch_size: Any, error_message: str) -> list[Operation]:
        return [
            assert_equal(batch_size, m.batch_size, message=error_message)
            for m in self._attention_mechanisms
        ]

    def _item_or_tuple(self, seq: Iterable[Any]) -> Any:
        """All of a sequence where there are several mechanisms, else its only element."""
        found = tuple(seq)
        return found if self._is_multi else found[0]

    @property
    def output_size(self) -> Any:
        """The size of what is found, or of the cell's output."""
        return self._attention_layer_size if self._output_attention else self._cell.output_size

    @property
    def state_size(self) -> Any:
        """The sizes of the state, an AttentionWrapperState."""
        every = self._attention_mechanisms
        history = [m.alignments_size if self._alignment_history else () for m in every]
        return AttentionWrapperState(
            cell_state=self._cell.state_size,
            time=TensorShape([]),
            attention=self._attention_layer_size,
            alignments=self._item_or_tuple(m.alignments_size for m in every),
            attention_state=self._item_or_tuple(m.state_size for m in every),
            alignment_history=self._item_or_tuple(history),
        )

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns the first state: zeros, but for the cell state that was given.

        Args:
            batch_size: an int or a scalar tensor; that of the memories.
            dtype: the element type.

        Raises:
            ValueError: if the batch size is known and another one.
            InvalidArgumentError: (when run) if it is another one.
        """
        every = self._attention_mechanisms
        with scopes.name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]):
            cell_state = self._initial_cell_state
            if cell_state is None:
                cell_state = self._cell.get_initial_state(batch_size=batch_size, dtype=dtype)
            message = (
                f"When calling zero_state of AttentionWrapper {self._base_name}: Non-matching "
                "batch sizes between the memory (encoder output) and the requested batch size.  "
                f"{_BEAMS}  If so, make sure your encoder output has been tiled to beam_width via "
                "tf.contrib.seq2seq.tile_batch, and the batch_size= argument passed to zero_state "
                "is batch_size * beam_width."
            )
            with scopes.control_dependencies(self._batch_size_checks(batch_size, message)):
                cell_state = nest.map_structure(
                    lambda s: identity(s, name="checked_cell_state"), cell_state
                )
            alignments = [m.initial_alignments(batch_size, dtype) for m in every]
            return AttentionWrapperState(
                cell_state=cell_state,
                time=zeros([], dtype=int32),
                attention=zero_state_tensors(self._attention_layer_size, batch_size, dtype),
                alignments=self._item_or_tuple(alignments),
                attention_state=self._item_or_tuple(
                    m.initial_state(batch_size, dtype) for m in every
                ),
                alignment_history=self._item_or_tuple(
                    self._history(dtype, a.shape) for a in alignments
                ),
            )

    def _history(self, dtype: Any, shape: TensorShape) -> Any:
        if not self._alignment_history:
            return ()
        return TensorArray(dtype, size=0, dynamic_size=True, element_shape=shape)

    def call(self, inputs: Any, state: Any) -> tuple[Any, AttentionWrapperState]:
        """Runs one step: the cell, then each mechanism with the cell's output as its query.

        Args:
            inputs: what `cell_input_fn` takes, `[batch, depth]`.
            state: an AttentionWrapperState.

        Returns:
            `(output, next state)`.

        Raises:
            TypeError: if the state is of another kind.
        """
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                "Expected state to be instance of AttentionWrapperState. Received type "
                f"{type(state)} instead."
            )
        cell_inputs = self._cell_input_fn(inputs, state.attention)
        output, cell_state = self._cell(cell_inputs, state.cell_state)
        output = self._checked_output(output)
        found = [self._look(i, output, state) for i in range(len(self._attention_mechanisms))]
        attentions, alignments, attention_states, histories = zip(*found, strict=True)
        attention = concat(list(attentions), 1)
        following = AttentionWrapperState(
            time=state.time + 1,
            cell_state=cell_state,
            attention=attention,
            attention_state=self._item_or_tuple(attention_states),
            alignments=self._item_or_tuple(alignments),
            alignment_history=self._item_or_tuple(histories),
        )
        return attention if self._output_attention else output, following

    def _checked_output(self, output: Tensor) -> Tensor:
        message = (
            f"When applying AttentionWrapper {self.name}: Non-matching batch sizes between the "
            f"memory (encoder output) and the query (decoder output).  {_BEAMS}  You may need to "
            f"tile your memory input {_TILE}"
        )
        checks = self._batch_size_checks(known_size(output, 0), message)
        with scopes.control_dependencies(checks):
            checked: Tensor = identity(output, name="checked_cell_output")
            return checked

    def _look(self, i: int, query: Tensor, state: AttentionWrapperState) -> tuple[Any, ...]:
        """What one mechanism finds: (attention, alignments, next state, history)."""
        own, history = state.attention_state, state.alignment_history
        if self._is_multi:
            own, history = own[i], history[i]
        layer = self._attention_layers[i] if self._attention_layers else None
        mechanism = self._attention_mechanisms[i]
        attention, alignments, following = self._attention_fn(mechanism, query, own, layer)
        written = history.write(state.time, alignments) if self._alignment_history else ()
        return attention, alignments, following, written


def _mechanisms(given: Any) -> Sequence[Any]:
    several = isinstance(given, list | tuple)
    wanted = (
        "contain only instances of AttentionMechanism"
        if several
        else "be an AttentionMechanism or list of multiple AttentionMechanism instances"
    )
    listed: Sequence[Any] = given if several else (given,)
    for mechanism in listed:
        if not isinstance(mechanism, AttentionMechanism):
            kind = type(mechanism).__name__
            raise TypeError(f"attention_mechanism must {wanted}, saw type: {kind}")
    return listed
