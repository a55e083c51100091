"""Cells around a cell: projections of its inputs or outputs, embeddings, highways, attention."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

from graphflow.core import nest, scopes
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.initializers import Constant, RandomUniform
from graphflow.nets.rnn_cells import RNNCell, assert_like_rnncell
from graphflow.nets.rnn_linear import Linear
from graphflow.ops.bias import xw_plus_b
from graphflow.ops.concat import concat
from graphflow.ops.conv import conv2d
from graphflow.ops.embedding import embedding_lookup
from graphflow.ops.functions import sigmoid, tanh
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.slice import slice_
from graphflow.ops.softmax import softmax
from graphflow.ops.variable_scope import get_variable, get_variable_scope, variable_scope

_log = logging.getLogger("tensorflow")


class _Around(RNNCell):
    """A cell around a cell that makes its own variables, in its own scope."""

    def __init__(self, cell: Any, reuse: Any = None) -> None:
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        self._cell = cell

    @property
    def state_size(self) -> Any:
        """The state size of the cell inside."""
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        """The output size of the cell inside."""
        return self._cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns a state of zeros of the cell inside."""
        with scopes.name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]):
            return self._cell.zero_state(batch_size, dtype)


def _warn_of_input_size(cell: Any, input_size: Any) -> None:
    if input_size is not None:
        _log.warning("%s: The input_size parameter is deprecated.", cell)


@export("contrib.rnn.EmbeddingWrapper")
class EmbeddingWrapper(_Around):
    """A cell that takes ids, which it looks up in an embedding.

    Args:
        cell: the cell inside.
        embedding_classes: how many ids there are.
        embedding_size: the size of a vector.
        initializer: makes the first vectors; None: the scope's, else uniform within sqrt(3).
        reuse: whether the variables of an earlier cell of that name are shared.

    Raises:
        TypeError: if `cell` is no RNNCell.
        ValueError: if a number is not positive.
    """

    def __init__(
        self,
        cell: Any,
        embedding_classes: int,
        embedding_size: int,
        initializer: Any = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(cell, reuse)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError(
                "Both embedding_classes and embedding_size must be > 0: "
                f"{embedding_classes}, {embedding_size}."
            )
        self._embedding_classes = embedding_classes
        self._embedding_size = embedding_size
        self._initializer = initializer

    def call(self, inputs: Any, state: Any) -> Any:
        """Returns what the cell inside makes of the vectors of some ids."""
        with scopes.device("/cpu:0"):
            bound = math.sqrt(3)  # the variance is 1
            start = self._initializer or get_variable_scope().initializer
            embedding = get_variable(
                "embedding",
                [self._embedding_classes, self._embedding_size],
                initializer=start or RandomUniform(-bound, bound),
                dtype=(state[0] if isinstance(state, tuple) else state).dtype,
            )
            return self._cell(embedding_lookup(embedding, reshape(inputs, [-1])), state)


@export("contrib.rnn.InputProjectionWrapper")
class InputProjectionWrapper(_Around):
    """A cell whose inputs are projected first.

    Args:
        cell: the cell inside.
        num_proj: the size that inputs are projected to.
        activation: a function of the projected inputs; None: none.
        input_size: not used.
        reuse: whether the variables of an earlier cell of that name are shared.

    Raises:
        TypeError: if `cell` is no RNNCell.
    """

    def __init__(
        self,
        cell: Any,
        num_proj: int,
        activation: Callable[[Any], Any] | None = None,
        input_size: Any = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(cell, reuse)
        _warn_of_input_size(self, input_size)
        self._num_proj = num_proj
        self._activation = activation
        self._linear: Linear | None = None

    def call(self, inputs: Any, state: Any) -> Any:
        """Returns what the cell inside makes of the projected inputs."""
        self._linear = self._linear or Linear(inputs, self._num_proj, True)
        projected = self._linear(inputs)
        if self._activation:
            projected = self._activation(projected)
        return self._cell(projected, state)


@export("contrib.rnn.OutputProjectionWrapper")
class OutputProjectionWrapper(_Around):
    """A cell whose outputs are projected.

    Args:
        cell: the cell inside.
        output_size: the size that outputs are projected to.
        activation: a function of the projected outputs; None: none.
        reuse: whether the variables of an earlier cell of that name are shared.

    Raises:
        TypeError: if `cell` is no RNNCell.
        ValueError: if the size is not positive.
    """

    def __init__(
        self,
        cell: Any,
        output_size: int,
        activation: Callable[[Any], Any] | None = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(cell, reuse)
        if output_size < 1:
            raise ValueError(f"Parameter output_size must be > 0: {output_size}.")
        self._output_size = output_size
        self._activation = activation
        self._linear: Linear | None = None

    @property
    def output_size(self) -> int:
        """The size that outputs are projected to."""
        return self._output_size

    def call(self, inputs: Any, state: Any) -> Any:
        """Returns the projected output and the next state."""
        output, new = self._cell(inputs, state)
        self._linear = self._linear or Linear(output, self._output_size, True)
        projected = self._linear(output)
        return (self._activation(projected) if self._activation else projected), new


@export("contrib.rnn.HighwayWrapper")
class HighwayWrapper(_Around):
    """A cell whose inputs and outputs are mixed, as gates that are learnt say.

    Args:
        cell: the cell inside; its outputs have the size of its inputs.
        couple_carry_transform_gates: whether outputs count as far as inputs do not.
        carry_bias_init: the first bias of the gate of the inputs.

    Source:
        Srivastava et al. 2015.
    """

    def __init__(
        self, cell: Any, couple_carry_transform_gates: bool = True, carry_bias_init: float = 1.0
    ) -> None:
        super().__init__(cell)
        self._coupled = couple_carry_transform_gates
        self._carry_bias = carry_bias_init

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """Runs one step; see `RNNCell`."""
        outputs, new = self._cell(inputs, state, scope=scope)
        nest.assert_same_structure(inputs, outputs)
        nest.map_structure(lambda x, y: x.shape.assert_is_compatible_with(y.shape), inputs, outputs)
        return nest.map_structure(self._mixed, inputs, outputs), new

    def _gate(self, name: str, x: Any, bias: float) -> Tensor:
        n = x.shape.with_rank(2).as_list()[1]
        w = get_variable(f"{name}_w", [n, n])
        b = get_variable(f"{name}_b", [n], initializer=Constant(bias))
        return sigmoid(xw_plus_b(x, w, b))

    def _mixed(self, x: Any, y: Any) -> Any:
        carry = self._gate("carry", x, self._carry_bias)
        if self._coupled:
            transform: Any = 1 - carry
        else:
            transform = self._gate("transform", x, -self._carry_bias)
        return x * carry + y * transform


@export("contrib.rnn.AttentionCellWrapper")
class AttentionCellWrapper(RNNCell):
    """A cell that looks back at its own latest outputs, weighted by how well they fit its state.

    Args:
        cell: the cell inside.
        attn_length: how many outputs it looks back at.
        attn_size: their size; None: the cell's output size.
        attn_vec_size: the size of what is compared; None: `attn_size`.
        input_size: the size that inputs are projected to; None: that of the inputs.
        state_is_tuple: whether the state is a tuple; else it is one tensor.
        reuse: whether the variables of an earlier cell of that name are shared.

    Raises:
        TypeError: if `cell` is no RNNCell.
        ValueError: if the cell has a tuple for a state while `state_is_tuple` is False, or the
            length is not positive.

    Source:
        Bahdanau et al. 2015.
    """

    def __init__(
        self,
        cell: Any,
        attn_length: int,
        attn_size: int | None = None,
        attn_vec_size: int | None = None,
        input_size: int | None = None,
        state_is_tuple: bool = True,
        reuse: Any = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        if nest.is_nested(cell.state_size) and not state_is_tuple:
            raise ValueError(
                "Cell returns tuple of states, but the flag state_is_tuple is not set. State size "
                f"is: {cell.state_size}"
            )
        if attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {attn_length}")
        if not state_is_tuple:
            _log.warning(
                "%s: Using a concatenated state is slower and will soon be deprecated.  "
                "Use state_is_tuple=True.",
                self,
            )
        self._cell = cell
        self._state_is_tuple = state_is_tuple
        self._attn_size = cell.output_size if attn_size is None else attn_size
        self._attn_vec_size = self._attn_size if attn_vec_size is None else attn_vec_size
        self._attn_length = attn_length
        self._input_size = input_size
        self._linears: dict[str, Linear] = {}

    @property
    def state_size(self) -> Any:
        """The sizes of the cell's state, of what attention found, and of the outputs it keeps."""
        kept = self._attn_size * self._attn_length
        sizes = self._cell.state_size, self._attn_size, kept
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> int:
        """The size of the outputs that attention looks at."""
        return self._attn_size

    def _linear(self, name: str, args: Any, size: int) -> Tensor:
        if name not in self._linears:
            self._linears[name] = Linear(args, size, True)
        return self._linears[name](args)

    def _parts(self, state: Any) -> Any:
        if self._state_is_tuple:
            return state
        own, n = self._cell.state_size, self._attn_size
        sizes = (0, own), (own, n), (own + n, n * self._attn_length)
        return [slice_(state, [0, start], [-1, size]) for start, size in sizes]

    def call(self, inputs: Any, state: Any) -> Any:
        """Returns the output and the next state."""
        state, attended, kept = self._parts(state)
        kept = reshape(kept, [-1, self._attn_length, self._attn_size])
        size = self._input_size
        size = inputs.shape.as_list()[1] if size is None else size
        inputs = self._linear("inputs", [inputs, attended], size)
        cell_output, new = self._cell(inputs, state)
        query = concat(nest.flatten(new), 1) if self._state_is_tuple else new
        attended, kept = self._attention(query, kept)
        with variable_scope("attn_output_projection"):
            output = self._linear("output", [cell_output, attended], self._attn_size)
        kept = concat([kept, expand_dims(output, 1)], 1)
        kept = reshape(kept, [-1, self._attn_length * self._attn_size])
        parts = (new, attended, kept)
        return output, parts if self._state_is_tuple else concat(list(parts), 1)

    def _attention(self, query: Any, kept: Any) -> tuple[Tensor, Tensor]:
        n, length, wide = self._attn_size, self._attn_length, self._attn_vec_size
        with variable_scope("attention"):
            w = get_variable("attn_w", [1, 1, n, wide])
            v = get_variable("attn_v", [wide])
            hidden = reshape(kept, [-1, length, 1, n])
            features = conv2d(hidden, w, [1, 1, 1, 1], "SAME")
            y = reshape(self._linear("query", query, wide), [-1, 1, 1, wide])
            weights = softmax(reduce_sum(v * tanh(features + y), [2, 3]))
            found = reduce_sum(reshape(weights, [-1, length, 1, 1]) * hidden, [1, 2])
            return reshape(found, [-1, n]), slice_(kept, [0, 1, 0], [-1, -1, -1])
