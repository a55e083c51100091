"""Moving averages of variables, which many models are evaluated with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import bfloat16, float16, float32, float64
from graphflow.core.export import export
from graphflow.core.late import provide
from graphflow.core.operation import Operation
from graphflow.ops import state
from graphflow.ops.cast import cast
from graphflow.ops.control_ops import group
from graphflow.ops.powers import pow as power_of
from graphflow.ops.variable_lists import (
    global_variables,
    moving_average_variables,
    trainable_variables,
)
from graphflow.ops.variable_scope import get_variable, get_variable_scope, variable_scope
from graphflow.ops.variable_store import zeros_initializer
from graphflow.ops.variables import Variable
from graphflow.training import slots

_FLOATS = (bfloat16, float16, float32, float64)
_VARIABLE_TYPES = ("Variable", "VariableV2", "VarHandleOp")


@provide("assign_moving_average")
def assign_moving_average(
    variable: Any, value: Any, decay: Any, zero_debias: bool = True, name: str | None = None
) -> Any:
    """Moves a variable toward a value: `variable -= (variable - value) * (1 - decay)`.

    Args:
        variable: the average, a variable.
        value: the new value, of the variable's shape.
        decay: how much of the old average stays, a number below 1.
        zero_debias: whether the average started at 0 and is to be divided by the weight that it
            has collected; two more variables, `biased` and `local_step`, hold what is needed.
        name: the name of the scope.

    Returns:
        The variable after the update.

    Source: Kingma and Ba, Adam: a method for stochastic optimization (for the division).
    """
    with scopes.name_scope(name, "AssignMovingAvg", [variable, value, decay]) as scope:
        dtype = variable.dtype.base_dtype
        rate = convert(1.0 - decay, name="decay")
        rate = cast(rate, dtype)
        if zero_debias:
            return _debiased(variable, value, rate)
        return state.assign_sub(variable, (variable - value) * rate, name=scope)


def _debiased(variable: Any, value: Any, rate: Any) -> Any:
    dtype = variable.dtype.base_dtype
    with (
        variable_scope(variable.op.name, values=[variable, value, rate]),
        scopes.colocate_with(variable),
    ):
        biased = get_variable(
            _free_name("biased"),
            initializer=zeros_initializer,
            shape=variable.get_shape(),
            dtype=dtype,
            trainable=False,
        )
        steps = get_variable(
            _free_name("local_step"),
            shape=[],
            dtype=dtype,
            initializer=zeros_initializer,
            trainable=False,
        )
    total = state.assign_sub(biased, (biased - value) * rate)
    count = steps.assign_add(1)
    weight = 1 - power_of(1.0 - rate, count)
    scope = scopes.get_default_graph().get_name_scope()
    return state.assign(variable, total / weight, name=f"{scope}/")


def _free_name(name: str) -> str:
    """A name that no variable of the variable scope has, unless it is to be shared."""
    scope = get_variable_scope()
    if scope.reuse:
        return name
    taken = {v.op.name for v in scope.global_variables()}
    number, found = 0, name
    while f"{scope.name}/{found}" in taken:
        number += 1
        found = f"{name}_{number}"
    return found


@export("train.ExponentialMovingAverage")
class ExponentialMovingAverage:
    """Keeps averages of variables, in which older values count less and less.

    Each is a variable of its own, named `<variable>/<name>`; an update makes it
    `decay * average + (1 - decay) * variable`.

    Args:
        decay: near 1: 0.999 averages over some thousand updates.
        num_updates: the number of updates so far, a tensor or variable; the decay is at most
            `(1 + num_updates) / (10 + num_updates)`, so that the average follows sooner at the
            start; None: the decay as it is.
        zero_debias: whether averages of tensors that are no variables, which start at 0, are
            divided by the weight they have collected.
        name: ends the names of the averages.
    """

    def __init__(
        self,
        decay: Any,
        num_updates: Any = None,
        zero_debias: bool = False,
        name: str = "ExponentialMovingAverage",
    ) -> None:
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias
        self._name = name
        self._averages: dict[Any, Any] = {}

    @property
    def name(self) -> str:
        """What the names of the averages end with."""
        return self._name

    def apply(self, var_list: Iterable[Any] | None = None) -> Operation:
        """Makes the averages that do not exist yet, and returns an operation that updates them.

        Args:
            var_list: variables and tensors of floats; None: the trainable variables.

        Raises:
            TypeError: if one of them holds no floats.
        """
        kept = list(trainable_variables() if var_list is None else var_list)
        debiased = set()
        for var in kept:
            if var.dtype.base_dtype not in _FLOATS:
                raise TypeError(f"The variables must be half, float, or double: {var.name}")
            if id(var) not in self._averages:
                average = self._make(var)
                self._averages[id(var)] = (var, average)
                if self._zero_debias and not isinstance(var, Variable):
                    debiased.add(id(var))
        with scopes.name_scope(self._name) as scope:
            decay = self._decay_now()
            updates = [
                assign_moving_average(self.average(var), var, decay, id(var) in debiased)
                for var in kept
            ]
            return group(*updates, name=scope)

    def _make(self, var: Any) -> Any:
        with scopes.init_scope():
            if isinstance(var, Variable):
                average = slots.create_slot(var, var.initialized_value(), self._name)
                scopes.add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, var)
                return average
            beside = var.op.type in _VARIABLE_TYPES
            return slots.create_zeros_slot(var, self._name, colocate_with_primary=beside)

    def _decay_now(self) -> Any:
        decay = convert(self._decay, name="decay")
        if self._num_updates is None:
            return decay
        updates = cast(self._num_updates, float32, name="num_updates")
        return apply("Minimum", decay, (1.0 + updates) / (10.0 + updates))

    def average(self, var: Any) -> Any:
        """Returns the variable that holds the average of `var`, or None if there is none.

        Args:
            var: a variable, or a tensor, that `apply` got.
        """
        found = self._averages.get(id(var))
        return None if found is None else found[1]

    def average_name(self, var: Any) -> str:
        """Returns the name of the average of `var`: the one it has, or would get.

        Args:
            var: a variable or a tensor.
        """
        average = self.average(var)
        if average is not None:
            return str(average.op.name)
        graph = scopes.get_default_graph()
        return str(graph.unique_name(f"{var.op.name}/{self._name}", mark_as_used=False))

    def variables_to_restore(
        self, moving_avg_variables: Iterable[Any] | None = None
    ) -> dict[str, Any]:
        """Returns variables by the names under which a Saver finds what they should hold.

        A variable that is averaged has the name of its average, so that a model restored with
        `tf.train.Saver(ema.variables_to_restore())` computes with the averages.

        Args:
            moving_avg_variables: what is averaged; None: the trainable variables and those that
                `apply` got.
        """
        if moving_avg_variables is None:
            moving_avg_variables = [*trainable_variables(), *moving_average_variables()]
        averaged = list(dict.fromkeys(moving_avg_variables))
        found = {self.average_name(v): v for v in averaged}
        names = {v.name for v in averaged}
        for v in dict.fromkeys(global_variables()):
            if v.name not in names and v.op.name not in found:
                found[v.op.name] = v
        return found
