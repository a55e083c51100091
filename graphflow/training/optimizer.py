"""The base of all optimizers: gradients of a loss, and one update for each variable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from graphflow.autodiff.reverse import gradients
from graphflow.autodiff.tape import GradientTape
from graphflow.core import convert, scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, bfloat16, float16, float32, float64
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops import state
from graphflow.ops.cast import cast
from graphflow.ops.control_ops import group, tuple_
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.resource_variables import BaseResourceVariable, is_resource_variable
from graphflow.ops.variables import Variable
from graphflow.training import slots


@export("train.Optimizer")
class Optimizer:
    """Changes variables so that a loss gets smaller.

    A subclass says how one variable is changed: `_apply_dense` and `_apply_sparse` for reference
    variables, `_resource_apply_dense` and `_resource_apply_sparse` for resource variables,
    `_create_slots` and `_prepare` before, `_finish` after.

    Args:
        use_locking: kept for TensorFlow's sake; updates of one run never overlap here.
        name: the name scope of the updates.

    Raises:
        ValueError: if the name is empty.
    """

    GATE_NONE: Final = 0
    GATE_OP: Final = 1
    GATE_GRAPH: Final = 2

    def __init__(self, use_locking: bool, name: str) -> None:
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking = use_locking
        self._name = name
        self._slots: dict[str, dict[Any, Any]] = {}
        self._non_slot_dict: dict[Any, Any] = {}

    def get_name(self) -> str:
        """Returns the name scope of the updates."""
        return self._name

    # --- the two halves of a step ---
    def minimize(
        self,
        loss: Any,
        global_step: Any = None,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
    ) -> Any:
        """Returns an operation that changes the variables once, so that `loss` gets smaller.

        Args:
            loss: what should get smaller.
            global_step: a variable to increment after the step.
            var_list: the variables; None: all trainable ones.
            gate_gradients: GATE_NONE, GATE_OP or GATE_GRAPH.
            aggregation_method: one of `tf.AggregationMethod`.
            colocate_gradients_with_ops: whether gradients note that they belong beside their op.
            name: the operation's name; None: the optimizer's.
            grad_loss: the gradient that arrives at `loss`; None: ones.

        Raises:
            ValueError: if the loss does not depend on any variable.
        """
        pairs = self.compute_gradients(
            loss,
            var_list=var_list,
            gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
            grad_loss=grad_loss,
        )
        if all(g is None for g, _ in pairs):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not "
                f"support gradients, between variables {[str(v) for _, v in pairs]} and loss "
                f"{loss}."
            )
        return self.apply_gradients(pairs, global_step=global_step, name=name)

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:
        """Returns (gradient, variable) for each variable; the gradient may be None.

        Args:
            loss: what should get smaller; or a function that makes it: then only var_list and
                grad_loss count, and gradients are those of a GradientTape.
            var_list: the variables; None: all trainable ones, of a function the resource variables
                that it reads.
            gate_gradients: with GATE_GRAPH all gradients are there before one is used.
            aggregation_method: one of `tf.AggregationMethod`.
            colocate_gradients_with_ops: whether gradients note that they belong beside their op.
            grad_loss: the gradient that arrives at `loss`; None: ones.

        Raises:
            ValueError: if there are no variables, or a type has no gradient.
            NotImplementedError: if something in `var_list` is no variable or tensor.
        """
        if callable(loss):
            return _of_function(loss, var_list, grad_loss)
        if scopes.get_default_graph().executes:
            raise RuntimeError(
                "`loss` passed to Optimizer.compute_gradients should be a function when eager "
                "execution is enabled."
            )
        if gate_gradients not in (self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH):
            raise ValueError(
                "gate_gradients must be one of: Optimizer.GATE_NONE, Optimizer.GATE_OP, "
                f"Optimizer.GATE_GRAPH.  Not {gate_gradients}"
            )
        self._assert_valid_dtypes([loss] if grad_loss is None else [loss, grad_loss])
        if var_list is None:
            variables = scopes.get_collection(GraphKeys.TRAINABLE_VARIABLES)
            variables += scopes.get_collection(GraphKeys.TRAINABLE_RESOURCE_VARIABLES)
        else:
            variables = _flat(var_list)
        variables += scopes.get_collection(GraphKeys._STREAMING_MODEL_PORTS)
        targets = [_target(v) for v in variables]
        if not variables:
            raise ValueError("No variables to optimize.")
        found = gradients(
            loss,
            targets,
            grad_ys=grad_loss,
            gate_gradients=gate_gradients == self.GATE_OP,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        if gate_gradients == self.GATE_GRAPH:
            found = tuple_(found)
        pairs = list(zip(found, variables, strict=True))
        self._assert_valid_dtypes([v for g, v in pairs if g is not None and v.dtype.kind != "R"])
        return pairs

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[Any, Any]], global_step: Any = None, name: Any = None
    ) -> Any:
        """Returns an operation that changes each variable by its gradient.

        Args:
            grads_and_vars: pairs as `compute_gradients` returns them.
            global_step: a variable to increment after the step.
            name: the operation's name; None: the optimizer's.

        Raises:
            ValueError: if there are no pairs, or none with a gradient.
            TypeError: if a gradient is no tensor.
        """
        pairs = [(_as_gradient(g), v) for g, v in grads_and_vars]
        if not pairs:
            raise ValueError("No variables provided.")
        changed = [v for g, v in pairs if g is not None]
        if not changed:
            raise ValueError(
                f"No gradients provided for any variable: {[str(v) for _, v in pairs]}."
            )
        with scopes.init_scope():
            self._create_slots(changed)
        with scopes.name_scope(name, self._name) as scope:
            self._prepare()
            updates = []
            for grad, var in pairs:
                if grad is None:
                    continue
                with scopes.name_scope(_update_name(var)), scopes.colocate_with(var):
                    updates.append(self._update(grad, var))
            if global_step is None:
                step = self._finish(updates, scope)
            else:
                with scopes.control_dependencies([self._finish(updates, "update")]):
                    step = _increment(global_step, scope)
        if scopes.get_default_graph().executes:
            return None
        made = step.op if isinstance(step, Tensor) else step
        train_ops = scopes.get_collection_ref(GraphKeys.TRAIN_OP)
        if made not in train_ops:
            train_ops.append(made)
        return made

    def _update(self, grad: Any, var: Any) -> Any:
        sparse = isinstance(grad, IndexedSlices)
        if sparse and var.constraint is not None:
            raise RuntimeError("Cannot use a constraint function on a sparse variable.")
        if isinstance(var, BaseResourceVariable):
            if sparse:
                return self._resource_apply_sparse_duplicate_indices(grad.values, var, grad.indices)
            update = self._resource_apply_dense(grad, var)
        elif isinstance(var, Variable):
            if sparse:
                return self._apply_sparse_duplicate_indices(grad, var)
            update = self._apply_dense(grad, var)
        else:
            raise NotImplementedError("Trying to update a Tensor ", var)
        if var.constraint is None:
            return update
        with scopes.control_dependencies([update]):
            return var.assign(var.constraint(var))

    # --- slots ---
    def get_slot(self, var: Any, name: str) -> Any:
        """Returns the variable that the optimizer keeps beside `var`, or None.

        Args:
            var: a variable that the optimizer changes.
            name: the slot, one of `get_slot_names()`.
        """
        return self._slots.get(name, {}).get(_key(var))

    def get_slot_names(self) -> list[str]:
        """Returns the names of the slots that were made."""
        return sorted(self._slots)

    def variables(self) -> list[Any]:
        """Returns the variables that the optimizer keeps in the default graph."""
        graph = scopes.get_default_graph()
        kept = list(self._non_slot_dict.values())
        kept += [slot for named in self._slots.values() for slot in named.values()]
        return sorted((v for v in kept if _graph_of(v) is graph), key=lambda v: v.name)

    def _create_non_slot_variable(self, initial_value: Any, name: str, colocate_with: Any) -> Any:
        key = (name, _graph_of(colocate_with))
        if key not in self._non_slot_dict:
            with scopes.colocate_with(colocate_with):
                self._non_slot_dict[key] = Variable(
                    initial_value,
                    name=name,
                    trainable=False,
                    use_resource=is_resource_variable(colocate_with),
                )
        return self._non_slot_dict[key]

    def _get_non_slot_variable(self, name: str, graph: Any = None) -> Any:
        return self._non_slot_dict.get((name, graph))

    def _non_slot_variables(self) -> Any:
        return self._non_slot_dict.values()

    def _slot_dict(self, slot_name: str) -> dict[Any, Any]:
        return self._slots.setdefault(slot_name, {})

    def _get_or_make_slot(self, var: Any, val: Tensor, slot_name: str, op_name: str) -> Any:
        return self._made(var, slot_name, lambda: slots.create_slot(var, val, op_name))

    def _get_or_make_slot_with_initializer(
        self, var: Any, initializer: Any, shape: Any, dtype: Any, slot_name: str, op_name: str
    ) -> Any:
        def make() -> Any:
            return slots.create_slot_with_initializer(var, initializer, shape, dtype, op_name)

        return self._made(var, slot_name, make)

    def _zeros_slot(self, var: Any, slot_name: str, op_name: str) -> Any:
        return self._made(var, slot_name, lambda: slots.create_zeros_slot(var, op_name))

    def _made(self, var: Any, slot_name: str, make: Callable[[], Any]) -> Any:
        named = self._slot_dict(slot_name)
        if _key(var) not in named:
            named[_key(var)] = make()
        return named[_key(var)]

    # --- what subclasses say ---
    def _valid_dtypes(self) -> set[DType]:
        return {float16, bfloat16, float32, float64}

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        """Makes the slots of the variables, before anything else."""

    def _prepare(self) -> None:
        """Makes the tensors of the optimizer's parameters."""

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        raise NotImplementedError

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        raise NotImplementedError

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        raise NotImplementedError

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        raise NotImplementedError

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Any:
        values, indices = _summed(grad.values, grad.indices)
        return self._apply_sparse(IndexedSlices(values, indices, grad.dense_shape), var)

    def _resource_apply_sparse_duplicate_indices(
        self, grad: Tensor, handle: Any, indices: Tensor
    ) -> Any:
        values, unique = _summed(grad, indices)
        return self._resource_apply_sparse(values, handle, unique)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        return group(*update_ops, name=name_scope)

    def _call_if_callable(self, param: Any) -> Any:
        return param() if callable(param) else param

    def _assert_valid_dtypes(self, tensors: Iterable[Any]) -> None:
        valid = self._valid_dtypes()
        for t in tensors:
            dtype = t.dtype.base_dtype
            if dtype not in valid:
                raise ValueError(f"Invalid type {dtype!r} for {t.name}, expected: {list(valid)}.")


def parameter(value: Any, name: str) -> Tensor:
    """An optimizer's parameter as a tensor: a number, a tensor, or a function that returns one."""
    return convert.convert_to_tensor(value() if callable(value) else value, name=name)


def cast_to(values: Sequence[Any], dtype: DType) -> list[Tensor]:
    """Each of the values in the type `dtype`."""
    return [cast(v, dtype.base_dtype) for v in values]


def _flat(var_list: Any) -> list[Any]:
    if isinstance(var_list, dict):
        return [v for key in sorted(var_list) for v in _flat(var_list[key])]
    if isinstance(var_list, Variable | Tensor):
        return [var_list]
    if not hasattr(var_list, "__iter__"):
        return [var_list]
    return [v for item in var_list for v in _flat(item)]


def _target(v: Any) -> Any:
    """What the gradient is taken with respect to."""
    if isinstance(v, BaseResourceVariable | Tensor):
        return v
    if isinstance(v, Variable):
        return v._ref()
    raise NotImplementedError("Trying to optimize unsupported type ", v)


def _as_gradient(g: Any) -> Any:
    if g is None or isinstance(g, IndexedSlices):
        return g
    try:
        return convert.convert(g)
    except TypeError:
        raise TypeError(
            f"Gradient must be convertible to a Tensor or IndexedSlices, or None: {g}"
        ) from None


def _increment(global_step: Any, name: str) -> Any:
    with scopes.colocate_with(global_step):
        if isinstance(global_step, BaseResourceVariable):
            one = convert.convert(1, global_step.dtype)
            made: Operation = apply(state.ASSIGN_ADD_VARIABLE, global_step.handle, one, name=name)
            return made
        return state.assign_add(global_step, 1, name=name)


def _summed(values: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
    """Adds up the rows of equal indices: (sums, each index once)."""
    unique = apply("Unique", indices)
    size = apply("Shape", unique[0])
    first = size[0]
    return apply("UnsortedSegmentSum", values, unique[1], first), unique[0]


def _key(var: Any) -> Any:
    return (var.op.graph, var.op.name) if hasattr(var, "op") else var._unique_id


def _graph_of(var: Any) -> Any:
    """The graph of a variable; in eager execution, where it has none, the default one."""
    return var.graph if hasattr(var, "graph") else scopes.get_default_graph()


def _update_name(var: Any) -> str:
    return f"update_{var.op.name if hasattr(var, 'op') else var._shared_name}"


def _of_function(loss: Callable[[], Any], var_list: Any, grad_loss: Any) -> list[tuple[Any, Any]]:
    with GradientTape() as tape:
        if var_list is not None:
            tape.watch(var_list)
        value = loss()
    variables = tape.watched_variables() if var_list is None else var_list
    with scopes.control_dependencies([value]):
        found = tape.gradient(value, variables, grad_loss)
    return list(zip(found, variables, strict=True))
