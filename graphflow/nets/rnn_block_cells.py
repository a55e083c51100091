"""Cells whose step is a single operation."""

from __future__ import annotations

from typing import Any

from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.initializers import Constant
from graphflow.nets.input_spec import InputSpec
from graphflow.nets.rnn_cells import BIAS, KERNEL, LayerRNNCell
from graphflow.nets.rnn_lstm import LSTMStateTuple
from graphflow.ops.fill import zeros


@export("contrib.rnn.LSTMBlockCell")
class LSTMBlockCell(LayerRNNCell):
    """The LSTM cell as one operation a step, which takes less time.

    Its variables are those of `LSTMCell`.

    Args:
        num_units: the size of `c` and `h`.
        forget_bias: added to the forget gate, so that it starts out open.
        cell_clip: a bound of `c`; None: none.
        use_peephole: whether the gates see `c` too.
        dtype: the element type of the variables.
        reuse: whether the variables of an earlier cell of that name are shared.
        name: the name, also of the variable scope.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        dtype: Any = None,
        reuse: Any = None,
        name: str = "lstm_cell",
    ) -> None:
        super().__init__(_reuse=reuse, dtype=dtype, name=name)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._use_peephole = use_peephole
        self._cell_clip = -1 if cell_clip is None else cell_clip
        self.input_spec = InputSpec(ndim=2)

    @property
    def state_size(self) -> Any:
        """The sizes of `c` and `h`."""
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        """Makes the weights of the gates and of the peepholes, and the bias."""
        depth = inputs_shape.as_list()[1]
        if not depth:
            raise ValueError(f"Expecting inputs_shape[1] to be set: {inputs_shape}")
        n = self._num_units
        self._kernel = self.add_variable(KERNEL, [depth + n, n * 4])
        self._bias = self.add_variable(BIAS, [n * 4], initializer=Constant(0.0))
        if self._use_peephole:
            self._diagonals = [self.add_variable(f"w_{gate}_diag", [n]) for gate in "ifo"]
        self.built = True

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        """Returns `h` and the next state."""
        if len(state) != 2:
            raise ValueError("Expecting state to be a tuple with length 2.")
        c, h = state
        if self._use_peephole:
            diagonals = self._diagonals
        else:
            diagonals = [zeros([self._num_units], dtype=self.dtype)] * 3
        made = apply(
            "LSTMBlockCell", inputs, c, h, self._kernel, *diagonals, self._bias,
            forget_bias=self._forget_bias, cell_clip=self._cell_clip,
            use_peephole=self._use_peephole,
        )  # fmt: skip
        return made[6], LSTMStateTuple(made[1], made[6])


@export("contrib.rnn.GRUBlockCell")
class GRUBlockCell(LayerRNNCell):
    """The gated recurrent unit as one operation a step, which takes less time.

    Args:
        num_units: the size of state and output.
        cell_size: its old name.
        reuse: whether the variables of an earlier cell of that name are shared.
        name: the name, also of the variable scope.

    Raises:
        ValueError: if none, or both, of `num_units` and `cell_size` are given.
    """

    NAMES: tuple[str, ...] = ("w_ru", "b_ru", "w_c", "b_c")

    def __init__(
        self,
        num_units: int | None = None,
        cell_size: int | None = None,
        reuse: Any = None,
        name: str = "gru_cell",
    ) -> None:
        super().__init__(_reuse=reuse, name=name)
        if (cell_size is None) == (num_units is None):
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        self._cell_size = cell_size if num_units is None else num_units
        self.input_spec = InputSpec(ndim=2)

    @property
    def state_size(self) -> Any:
        """The number of units."""
        return self._cell_size

    @property
    def output_size(self) -> Any:
        """The number of units."""
        return self._cell_size

    def build(self, input_shape: Any) -> None:
        """Makes weights and biases of the gates and of the candidate."""
        depth = input_shape.as_list()[1]
        if depth is None:
            raise ValueError("Expecting input_size to be set.")
        n: Any = self._cell_size
        w_ru, b_ru, w_c, b_c = self.NAMES
        self._gate_kernel = self.add_variable(w_ru, [depth + n, n * 2])
        self._gate_bias = self.add_variable(b_ru, [n * 2], initializer=Constant(1.0))
        self._candidate_kernel = self.add_variable(w_c, [depth + n, n])
        self._candidate_bias = self.add_variable(b_c, [n], initializer=Constant(0.0))
        self.built = True

    def call(self, inputs: Any, h_prev: Any) -> tuple[Tensor, Tensor]:
        """Returns the output, which is the next state too.

        Raises:
            ValueError: if the state has another size.
        """
        size = h_prev.shape.with_rank(2)[1]
        if size != self._cell_size:
            raise ValueError(f"Shape of h_prev[1] incorrect: cell_size {self._cell_size} vs {size}")
        made = apply(
            "GRUBlockCell", inputs, h_prev, self._gate_kernel, self._candidate_kernel,
            self._gate_bias, self._candidate_bias,
        )  # fmt: skip
        return made.h, made.h


@export("contrib.rnn.GRUBlockCellV2")
class GRUBlockCellV2(GRUBlockCell):
    """As `GRUBlockCell`; its variables are those of `GRUCell`.

    Args:
        num_units: the size of state and output.
        cell_size: its old name.
        reuse: whether the variables of an earlier cell of that name are shared.
        name: the name, also of the variable scope.

    Raises:
        ValueError: if none, or both, of `num_units` and `cell_size` are given.
    """

    NAMES = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")
