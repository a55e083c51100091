"""Cells around a cell: dropout, a residual connection, a device."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from graphflow.core import nest, nest_shallow, scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets.rnn_cells import RNNCell, assert_like_rnncell
from graphflow.nets.rnn_lstm import LSTMStateTuple
from graphflow.ops.concat import concat
from graphflow.ops.division import div
from graphflow.ops.dropout import dropout
from graphflow.ops.random import random_uniform
from graphflow.ops.rounding import floor
from graphflow.ops.tensor_array import TensorArray


class CellWrapper(RNNCell):
    """A cell around a cell: sizes and zero states are those of the cell inside.

    Args:
        cell: the cell inside.
        **kwargs: as in `tf.layers.Layer`.

    Raises:
        TypeError: if `cell` is no RNNCell.
    """

    def __init__(self, cell: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        assert_like_rnncell("cell", cell)
        self.cell = cell

    @property
    def state_size(self) -> Any:
        """The state size of the cell inside."""
        return self.cell.state_size

    @property
    def output_size(self) -> Any:
        """The output size of the cell inside."""
        return self.cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns a state of zeros of the cell inside."""
        with scopes.name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]):
            return self.cell.zero_state(batch_size, dtype)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """Runs one step of the cell inside; see `RNNCell`."""
        return self._around(inputs, state, scope)

    def _around(self, inputs: Any, state: Any, scope: Any) -> Any:
        return self.cell(inputs, state, scope=scope)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make such a cell again, that of the cell inside among them.

        Raises:
            NotImplementedError: for a function of the user's own, which is no plain data.
        """
        inside = {"class_name": type(self.cell).__name__, "config": self.cell.get_config()}
        return {"cell": inside, **super().get_config()}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Returns a new wrapper.

        Args:
            config: what `get_config` returned, but with a cell as "cell".
            custom_objects: not used.

        Raises:
            ValueError: if there is no cell in it.
        """
        try:
            return cls(**config)
        except TypeError:
            raise ValueError(
                "RNNCellWrapper cannot reconstruct the wrapped cell. Please overwrite the cell in "
                "the config with a RNNCell instance."
            ) from None


def _default_filter(substate: Any) -> Any:
    """What dropout touches of a state: not what an LSTM remembers, and no TensorArrays."""
    if isinstance(substate, LSTMStateTuple):
        return LSTMStateTuple(c=False, h=True)
    return not isinstance(substate, TensorArray)


def _numbered(form: Any, function: Callable[..., Any], *structures: Any) -> Any:
    """As `map_structure_up_to`, with the leaf's number as first argument."""
    count = iter(range(1 << 31))
    return nest_shallow.map_structure_up_to(
        form, lambda *leaves: function(next(count), *leaves), *structures
    )


@export("nn.rnn_cell.DropoutWrapper", "contrib.rnn.DropoutWrapper")
class DropoutWrapper(CellWrapper):
    """A cell with dropout of its inputs, its outputs and its state.

    Args:
        cell: the cell inside.
        input_keep_prob: the share of the inputs that stays: a number or a scalar tensor.
        output_keep_prob: the same of the outputs.
        state_keep_prob: the same of the next state.
        variational_recurrent: whether one mask is drawn for all steps and rows of a run.
        input_size: the TensorShapes of the inputs without the batch; needed for such masks of them.
        dtype: the element type; needed for such masks.
        seed: the random seed; None: the graph's.
        dropout_state_filter_visitor: a function of any level of the state that says with bools
            which parts dropout touches; None: all but the `c` of LSTMStateTuples and TensorArrays.
        **kwargs: as in `tf.layers.Layer`.

    Raises:
        TypeError: if `cell` is no RNNCell, or the filter cannot be called.
        ValueError: if a share is not in [0, 1], or what masks need is missing.

    Source:
        Zaremba et al. 2014; Gal and Ghahramani 2016 for masks of all steps.
    """

    CONFIG = (
        "input_keep_prob", "output_keep_prob", "state_keep_prob", "variational_recurrent",
        "input_size", "seed",
    )  # fmt: skip

    def __init__(
        self,
        cell: Any,
        input_keep_prob: Any = 1.0,
        output_keep_prob: Any = 1.0,
        state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False,
        input_size: Any = None,
        dtype: Any = None,
        seed: int | None = None,
        dropout_state_filter_visitor: Callable[[Any], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cell, dtype=dtype, **kwargs)
        visitor = dropout_state_filter_visitor
        if visitor is not None and not callable(visitor):
            raise TypeError("dropout_state_filter_visitor must be callable")
        self._filter = visitor or _default_filter
        with scopes.name_scope("DropoutWrapperInit"):
            self._input_keep_prob = _share(input_keep_prob, "input_keep_prob")
            self._state_keep_prob = _share(state_keep_prob, "state_keep_prob")
            self._output_keep_prob = _share(output_keep_prob, "output_keep_prob")
        self._variational_recurrent = variational_recurrent
        self._input_size = input_size
        self._seed = seed
        self._input_noise = self._state_noise = self._output_noise = None
        if variational_recurrent:
            self._draw(cell, input_size, dtype)

    @property
    def wrapped_cell(self) -> Any:
        """The cell inside."""
        return self.cell

    def _draw(self, cell: Any, input_size: Any, dtype: Any) -> None:
        """Makes the random numbers of the masks."""
        if dtype is None:
            raise ValueError("When variational_recurrent=True, dtype must be provided")

        def drawn(sizes: Any, salt: str) -> Any:
            def one(i: int, size: Any) -> Tensor:
                shape = concat(([1], TensorShape(size).as_list()), 0)  # one row for the whole batch
                return random_uniform(shape, seed=self._seed_of(salt, i), dtype=dtype)

            return _numbered(sizes, one, sizes)

        if _drops(self._input_keep_prob):
            if input_size is None:
                raise ValueError(
                    "When variational_recurrent=True and input_keep_prob < 1.0 or is unknown, "
                    "input_size must be provided"
                )
            self._input_noise = drawn(input_size, "input")
        self._state_noise = drawn(cell.state_size, "state")
        self._output_noise = drawn(cell.output_size, "output")

    def _seed_of(self, salt: str, index: int) -> int | None:
        if self._seed is None:
            return None
        text = f"{self._seed}{salt}_{index}".encode()
        return int(hashlib.md5(text, usedforsecurity=False).hexdigest()[:8], 16) & 0x7FFFFFFF

    def _dropped(self, values: Any, salt: str, noise: Any, keep: Any, form: Any = None) -> Any:
        """Dropout of the leaves; those of which `form` says False stay as they are."""
        form = values if form is None else form

        def fresh(i: int, wanted: Any, x: Any) -> Any:
            if isinstance(wanted, bool) and not wanted:
                return x
            return dropout(x, rate=1.0 - keep, seed=self._seed_of(salt, i))

        def masked(i: int, wanted: Any, x: Any, u: Any) -> Any:
            if isinstance(wanted, bool) and not wanted:
                return x
            mask = floor(keep + u)
            found = div(x, keep) * mask
            found.set_shape(x.shape)
            return found

        if self._variational_recurrent:
            return _numbered(form, masked, form, values, noise)
        return _numbered(form, fresh, form, values)

    def _around(self, inputs: Any, state: Any, scope: Any) -> Any:
        if _drops(self._input_keep_prob):
            inputs = self._dropped(inputs, "input", self._input_noise, self._input_keep_prob)
        output, new = self.cell(inputs, state, scope=scope)
        if _drops(self._state_keep_prob):
            form = nest_shallow.get_traverse_shallow_structure(self._filter, new)
            new = self._dropped(new, "state", self._state_noise, self._state_keep_prob, form)
        if _drops(self._output_keep_prob):
            output = self._dropped(output, "output", self._output_noise, self._output_keep_prob)
        return output, new


def _share(given: Any, name: str) -> Any:
    tensor = convert(given)
    value = constant_value(tensor)
    if value is None:
        return tensor
    if value < 0 or value > 1:
        raise ValueError(f"Parameter {name} must be between 0 and 1: {int(value)}")
    return float(value)


def _drops(keep: Any) -> bool:
    return not isinstance(keep, float) or keep < 1


@export("nn.rnn_cell.ResidualWrapper", "contrib.rnn.ResidualWrapper")
class ResidualWrapper(CellWrapper):
    """A cell whose inputs are added to its outputs.

    Args:
        cell: the cell inside.
        residual_fn: a function of inputs and outputs to use instead of their sum.
        **kwargs: as in `tf.layers.Layer`.

    Raises:
        TypeError: if `cell` is no RNNCell.
    """

    def __init__(self, cell: Any, residual_fn: Any = None, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self._residual_fn = residual_fn

    def _around(self, inputs: Any, state: Any, scope: Any) -> Any:
        outputs, new = self.cell(inputs, state, scope=scope)
        return (self._residual_fn or _sums)(inputs, outputs), new


def _sums(inputs: Any, outputs: Any) -> Any:
    nest.assert_same_structure(inputs, outputs)
    nest.map_structure(lambda x, y: x.shape.assert_is_compatible_with(y.shape), inputs, outputs)
    return nest.map_structure(lambda x, y: x + y, inputs, outputs)


@export("nn.rnn_cell.DeviceWrapper", "contrib.rnn.DeviceWrapper")
class DeviceWrapper(CellWrapper):
    """A cell whose operations are noted for a device.

    Args:
        cell: the cell inside.
        device: a name, or a function of an operation.
        **kwargs: as in `tf.layers.Layer`.

    Raises:
        TypeError: if `cell` is no RNNCell.
    """

    CONFIG = ("device",)

    def __init__(self, cell: Any, device: Any, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self._device = device

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns a state of zeros of the cell inside, on the device."""
        with (
            scopes.name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]),
            scopes.device(self._device),
        ):
            return self.cell.zero_state(batch_size, dtype)

    def _around(self, inputs: Any, state: Any, scope: Any) -> Any:
        with scopes.device(self._device):
            return self.cell(inputs, state, scope=scope)
