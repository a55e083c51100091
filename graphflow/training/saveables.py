"""What a saver saves: each variable as a list of named tensors, and how they are assigned back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops import state
from graphflow.ops.partitioned_variables import PartitionedVariable
from graphflow.ops.resource_variables import BaseResourceVariable
from graphflow.ops.variables import Variable

_REFERENCES: Final = frozenset({"Variable", "VariableV2"})
_VARIABLE_OPS: Final = _REFERENCES | {"VarHandleOp", "ReadVariableOp"}


class SaveSpec:
    """One tensor of a checkpoint.

    Args:
        tensor: the tensor to save, or a function that makes it.
        slice_spec: which part of a larger tensor it is, "" for a whole one.
        name: its name in the checkpoint.
        dtype: its type; None: the tensor's.
        device: where it is; None: the tensor's device.
    """

    def __init__(
        self,
        tensor: Any,
        slice_spec: str,
        name: str,
        dtype: DType | None = None,
        device: str | None = None,
    ) -> None:
        self._tensor = tensor
        self.slice_spec = slice_spec
        self.name = name
        found: DType = tensor.dtype if dtype is None else dtype
        self.dtype = found
        self.device: str = tensor.device if device is None else device

    @property
    def tensor(self) -> Any:
        """The tensor to save; a new one each time where a function makes it."""
        return self._tensor() if callable(self._tensor) else self._tensor


class SaveableObject:
    """Something that a saver saves and restores; derive from it to save what is no variable.

    Args:
        op: what is saved; no two savables of a saver may have the same.
        specs: its tensors.
        name: its name.
    """

    def __init__(self, op: Any, specs: Sequence[SaveSpec], name: str) -> None:
        self.op = op
        self.specs = specs
        self.name = name

    @property
    def device(self) -> str:
        """The device of its tensors."""
        return self.specs[0].device

    def restore(self, restored_tensors: Sequence[Tensor], restored_shapes: Any) -> Any:
        """Returns an operation that takes over what a checkpoint holds.

        Args:
            restored_tensors: the values, one for each spec.
            restored_shapes: shapes to give them; None: their own.
        """
        raise NotImplementedError("Calling an abstract method.")


def _reshaped(tensors: Sequence[Tensor], shapes: Any) -> Tensor:
    if shapes is None:
        return tensors[0]
    found: Tensor = apply("Reshape", tensors[0], shapes[0])
    return found


class ReferenceVariableSaveable(SaveableObject):
    """A variable whose tensor is a reference."""

    def __init__(self, var: Any, slice_spec: str, name: str) -> None:
        super().__init__(var, [SaveSpec(var, slice_spec, name, dtype=var.dtype)], name)

    def restore(self, restored_tensors: Sequence[Tensor], restored_shapes: Any) -> Any:
        """As `SaveableObject.restore`."""
        value = _reshaped(restored_tensors, restored_shapes)
        checked = restored_shapes is None and self.op.get_shape().is_fully_defined()
        return state.assign(self.op, value, validate_shape=checked)


class ResourceVariableSaveable(SaveableObject):
    """A resource variable, or a read of one."""

    def __init__(self, var: Any, slice_spec: str, name: str) -> None:
        self._device = var.device
        self._shape = var.shape
        if isinstance(var, Tensor):
            self.handle_op = var.op.inputs[0]
            tensor: Any = var
        elif isinstance(var, BaseResourceVariable):
            self.handle_op = var.handle
            tensor = _reader(var)
        else:
            raise ValueError(
                f"Saveable is neither a resource variable nor a read operation. Got: {var!r}"
            )
        spec = SaveSpec(tensor, slice_spec, name, dtype=var.dtype, device=var.device)
        super().__init__(var, [spec], name)

    def restore(self, restored_tensors: Sequence[Tensor], restored_shapes: Any) -> Any:
        """As `SaveableObject.restore`."""
        value = _reshaped(restored_tensors, restored_shapes)
        with scopes.device(self._device):
            value = apply("Identity", value)
            self._shape.assert_is_compatible_with(value.shape)
            return apply("AssignVariableOp", self.handle_op, value)


def _reader(variable: BaseResourceVariable) -> Callable[[], Tensor]:
    def read() -> Tensor:
        with scopes.device(variable.device):
            value = variable.read_value()
            with scopes.device("/device:CPU:0"):
                found: Tensor = apply("Identity", value)
        return found

    return read


# --- from what users pass ---
def all_saveable_objects(scope: str | None = None) -> list[Any]:
    """Returns what a saver saves where nobody says what: all global variables, and more.

    Args:
        scope: a regular expression that the start of a name must match.
    """
    graph = scopes.get_default_graph()
    return graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope) + graph.get_collection(
        GraphKeys.SAVEABLE_OBJECTS, scope
    )


def op_list_to_dict(op_list: Iterable[Any]) -> dict[str, Any]:
    """Returns variables and other savables by the names they have in a checkpoint.

    Args:
        op_list: a list, tuple or set; the parts of a partitioned variable share one name.

    Raises:
        TypeError: if it is none, or an item cannot be saved.
        ValueError: if two items have the same name.
    """
    if not isinstance(op_list, list | tuple | set):
        raise TypeError(f"Variables to save should be passed in a dict or a list: {op_list}")
    found: dict[str, Any] = {}
    for var in sorted(op_list, key=lambda x: x.name):
        info = getattr(var, "_save_slice_info", None)
        gather = getattr(var, "_gather_saveables_for_checkpoint", None)
        if isinstance(var, SaveableObject):
            found[var.name] = var
        elif gather is not None:
            found.update(op_list_to_dict([make() for make in gather().values()]))
        elif isinstance(var, Variable) and info is not None:
            parts = found.setdefault(info.full_name, [])
            if not isinstance(parts, list):
                raise ValueError(
                    f"Mixing slices and non-slices with the same name: {info.full_name}"
                )
            parts.append(var)
        else:
            if not isinstance(var, PartitionedVariable):
                var = _variable_tensor(var, "Variable to save is not a Variable")
            name = _name_of(var)
            if name in found:
                raise ValueError(f"At least two variables have the same name: {name}")
            found[name] = var
    return found


def _name_of(var: Any) -> str:
    if isinstance(var, PartitionedVariable):
        return var.name
    op: Operation = var.op
    return op.inputs[0].op.name if op.type == "ReadVariableOp" else op.name


def _variable_tensor(var: Any, problem: str) -> Tensor:
    """The tensor that stands for a variable: its reference, or a read of it."""
    if isinstance(var, BaseResourceVariable):
        return var._graph_element
    tensor = convert(var, as_ref=True)
    if not isinstance(tensor, Tensor) or tensor.op.type not in _VARIABLE_OPS:
        raise TypeError(f"{problem}: {tensor}")
    return tensor


def saveable_objects_for_op(op: Any, name: str) -> Iterator[SaveableObject]:
    """Yields the savables of one thing.

    Args:
        op: a variable, a tensor of one, the parts of one, a SaveableObject, or a lookup table.
        name: its name in the checkpoint.

    Raises:
        TypeError: if the name is none, or the thing cannot be saved.
        ValueError: if parts do not belong together.
    """
    if not isinstance(name, str):
        raise TypeError(
            "names_to_saveables must be a dict mapping string names to trackable operations. "
            f"Name is not a string: {name}"
        )
    gather = getattr(op, "_gather_saveables_for_checkpoint", None)
    if isinstance(op, SaveableObject):
        yield op
    elif gather is not None:
        yield from (make(f"{name}_{part}") for part, make in gather().items())
    elif isinstance(op, list | tuple | PartitionedVariable):
        yield from _parts(list(op), name)
    else:
        tensor = _variable_tensor(
            op,
            "names_to_saveables must be a dict mapping string names to Tensors/Variables. "
            "Not a variable",
        )
        is_reference = tensor.op.type in _REFERENCES
        kind = ReferenceVariableSaveable if is_reference else ResourceVariableSaveable
        yield kind(tensor, "", name)


def _parts(variables: list[Any], name: str) -> Iterator[SaveableObject]:
    full_name = None
    for variable in variables:
        if not isinstance(variable, Variable):
            raise ValueError(f"Slices must all be Variables: {variable}")
        info = variable._save_slice_info
        if info is None:
            raise ValueError(f"Slices must all be slices: {variable}")
        if full_name not in (None, info.full_name):
            raise ValueError(
                f"Slices must all be from the same tensor: {full_name} != {info.full_name}"
            )
        full_name = info.full_name
        is_reference = variable.op.type in _REFERENCES
        kind = ReferenceVariableSaveable if is_reference else ResourceVariableSaveable
        yield kind(variable, info.spec, name)


def validate_and_slice_inputs(names_to_saveables: Any) -> list[SaveableObject]:
    """Returns the savables of a saver's `var_list`, sorted by name.

    Args:
        names_to_saveables: a list, or a dict by names in the checkpoint.

    Raises:
        TypeError: if something in it cannot be saved.
        ValueError: if one thing is there under two names.
    """
    named = names_to_saveables
    if not isinstance(named, dict):
        named = op_list_to_dict(named)
    found: list[SaveableObject] = []
    seen: set[int] = set()
    for name in sorted(named):
        for saveable in saveable_objects_for_op(named[name], name):
            if id(saveable.op) in seen:
                raise ValueError(
                    f"The same saveable will be restored with two names: {saveable.name}"
                )
            seen.add(id(saveable.op))
            found.append(saveable)
    return found
