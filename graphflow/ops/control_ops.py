"""Operations that only say what waits for what: no_op, group, tuple, with_dependencies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.lowering import Call, Lowering
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.indexed_slices import IndexedSlices

# --- NoOp ---
NO_OP = define("NoOp()", shape=lambda op: []).no_gradient("has no input")


@NO_OP.compiled
def _(call: Call) -> Lowering:
    return Lowering("nothing")


@NO_OP.numpy
def _() -> None:
    return None


@export("no_op")
def no_op(name: str | None = None) -> Operation:
    """Returns an operation that does nothing: something to wait for.

    Args:
        name: the node's name.
    """
    made: Operation = apply(NO_OP, name=name)
    return made


# --- ControlTrigger ---
CONTROL_TRIGGER = define("ControlTrigger()", flow="trigger", shape=lambda op: []).no_gradient(
    "has no input"
)


@CONTROL_TRIGGER.numpy
def _() -> None:
    return None


# --- group, tuple, with_dependencies ---
def _flat(inputs: Any) -> Iterator[Any]:
    if isinstance(inputs, dict):
        for key in sorted(inputs):
            yield from _flat(inputs[key])
    elif isinstance(inputs, list | tuple):
        for item in inputs:
            yield from _flat(item)
    elif isinstance(inputs, IndexedSlices):
        yield from (t for t in (inputs.values, inputs.indices, inputs.dense_shape) if t is not None)
    elif hasattr(inputs, "dense_shape") and hasattr(inputs, "indices"):  # a SparseTensor
        yield from (inputs.indices, inputs.values, inputs.dense_shape)
    else:
        yield inputs


@export("group")
def group(*inputs: Any, **kwargs: Any) -> Operation:
    """Returns an operation that is done when all of `inputs` are done; None if they ran already.

    Args:
        *inputs: tensors, operations, variables, or nested lists of them.
        **kwargs: name: the node's name.

    Raises:
        TypeError: if an input is neither.
        ValueError: if a keyword is unknown.

    Note:
        Inputs on different devices get a NoOp for each device first, as in TensorFlow.
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise ValueError(f"Unknown keyword arguments: {', '.join(kwargs)}")
    if scopes.get_default_graph().executes:
        return None  # type: ignore[return-value]  # in eager execution it has run
    with scopes.name_scope(name, "group_deps", inputs) as scope:
        if not inputs:
            return no_op(name=scope)
        by_device: dict[str, list[Any]] = {}
        for item in _flat(inputs):
            if not hasattr(item, "device"):
                raise TypeError(
                    f"Expected tf.group() expected Tensor arguments not '{item}' "
                    f"with type '{type(item)}'"
                )
            by_device.setdefault(item.device, []).append(item)
        if len(by_device) == 1:
            [(device, items)] = by_device.items()
            return _group_on(device, items, scope)
        parts = [_group_on(device, by_device[device], None) for device in sorted(by_device)]
        with scopes.control_dependencies(parts):
            return no_op(name=scope)


def _group_on(device: str, items: list[Any], name: str | None) -> Operation:
    with scopes.control_dependencies(items), scopes.device(device):
        return no_op(name=name)


def with_dependencies(
    dependencies: Iterable[Any], output_tensor: Any, name: str | None = None
) -> Any:
    """Returns `output_tensor` as it is once `dependencies` are done.

    Args:
        dependencies: operations or tensors to wait for.
        output_tensor: a tensor, or IndexedSlices.
        name: the node's name.
    """
    waiting = list(dependencies)
    values = [*waiting, output_tensor]
    with (
        scopes.name_scope(name, "control_dependency", values) as scope,
        scopes.colocate_with(output_tensor),
        scopes.control_dependencies(waiting),
    ):
        if isinstance(output_tensor, IndexedSlices):
            rows = apply("Identity", output_tensor.values, name=scope)
            return IndexedSlices(rows, output_tensor.indices, output_tensor.dense_shape)
        tensor = convert(output_tensor)
        return apply("RefIdentity" if tensor.dtype.is_ref else "Identity", tensor, name=scope)


@export("tuple")
def tuple_(
    tensors: Iterable[Any], name: str | None = None, control_inputs: Iterable[Any] | None = None
) -> list[Any]:
    """Returns the tensors, each available only when all of them are.

    Args:
        tensors: tensors, IndexedSlices, operations, or None (stays None).
        name: a scope for the operations.
        control_inputs: further operations to wait for.

    Raises:
        ValueError: if there is nothing but None.
        TypeError: if a control input is neither an operation nor a tensor.
    """
    items = list(tensors)
    if scopes.get_default_graph().executes:
        return items
    with scopes.name_scope(name, "tuple", items):
        items = [x if _is_node(x) else convert(x) for x in items]
        waiting = [x if isinstance(x, Operation) else x.op for x in items if x is not None]
        for c in control_inputs or ():
            if not isinstance(c, Tensor | Operation):
                raise TypeError(f"Control input must be Operation or Tensor: {c}")
            waiting.append(getattr(c, "op", c))
        gates = sorted(set(waiting), key=lambda op: op._id)
        if not gates:
            raise ValueError(f"Must have at least one Tensor: {items}")
        gate = group(*gates)
        return [_gated(gate, x) for x in items]


def _is_node(x: Any) -> bool:
    return x is None or hasattr(x, "op") or isinstance(x, Operation)


def _gated(gate: Operation, item: Any) -> Any:
    if item is None:
        return None
    if isinstance(item, Operation):
        with scopes.control_dependencies([gate]):
            return group(item)
    return with_dependencies([gate], item)
