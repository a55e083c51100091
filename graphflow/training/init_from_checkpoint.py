"""tf.train.init_from_checkpoint: variables whose initial values come from a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.ops.partitioned_variables import PartitionedVariable
from graphflow.ops.saving import restore_v2
from graphflow.ops.variable_store import VariableStore, graph_object
from graphflow.ops.variables import Variable
from graphflow.training.checkpoints import checkpoint_filename, load_checkpoint
from graphflow.training.saveables import op_list_to_dict, saveable_objects_for_op


@export("train.init_from_checkpoint")
def init_from_checkpoint(ckpt_dir_or_file: Any, assignment_map: dict[str, Any]) -> None:
    """Makes the initializers of variables read their values from a checkpoint.

    Args:
        ckpt_dir_or_file: what `Saver.save` returned, or a directory.
        assignment_map: by names in the checkpoint: a variable, the list of the parts of one, or
            the name of one; or by scope ("old/", "/" for all): the scope whose variables have the
            same names there.

    Raises:
        ValueError: if a variable or a tensor is not there, or has another shape.
    """
    shapes = load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map()
    path = checkpoint_filename(ckpt_dir_or_file)
    store: VariableStore = graph_object("__variable_store", VariableStore)
    for name, target in sorted(assignment_map.items()):
        for tensor, variable in _pairs(store._vars, name, target):
            if tensor not in shapes:
                raise ValueError(
                    f"Tensor {tensor} is not found in {ckpt_dir_or_file} checkpoint {shapes}"
                )
            if isinstance(variable, Variable) and not variable.shape.is_compatible_with(
                shapes[tensor]
            ):
                raise ValueError(
                    f"Shape of variable {variable.name} ({variable.shape}) doesn't match with "
                    f"shape of tensor {tensor} ({shapes[tensor]}) from checkpoint reader."
                )
            _initialize(variable, path, tensor)


def _pairs(known: dict[str, Any], name: str, target: Any) -> Iterator[tuple[str, Any]]:
    """Yields (name in the checkpoint, variable or list of parts)."""
    if isinstance(target, PartitionedVariable):
        yield name, list(target)
    elif not isinstance(target, str):
        yield name, target
    elif (variable := _named(known, target)) is not None:
        yield name, variable
    else:
        yield from _in_scope(known, name, target)


def _named(known: dict[str, Any], name: str) -> Any:
    if name in known:
        return known[name]
    parts: list[Any] = []
    while (part := known.get(f"{name}/part_{len(parts)}")) is not None:
        parts.append(part)
    return parts or None


def _in_scope(known: dict[str, Any], name: str, target: str) -> Iterator[tuple[str, Any]]:
    scope = target.rpartition("/")[0]
    if not name.endswith("/"):
        raise ValueError(
            f"Assignment map with scope only name {scope} should map to scope only {name}. "
            "Should be 'scope/': 'other_scope/'."
        )
    prefix = f"{scope}/" if scope else ""
    names = {n.partition("/part_")[0] for n in known if n.startswith(prefix)}
    for found in sorted(names):
        tensor = found.removeprefix(prefix)
        yield (tensor if name == "/" else name + tensor), _named(known, found)


def _initialize(variable: Any, path: Any, tensor: str) -> None:
    if isinstance(variable, list | tuple):
        names = {part._save_slice_info.full_name for part in variable}
        if len(names) > 1:
            raise ValueError(f"Slices must all be from the same tensor: {sorted(names)}")
        for part in variable:
            _set_initializer(part, path, tensor, part._save_slice_info.spec)
    else:
        _set_initializer(variable, path, tensor, "")


def _set_initializer(variable: Any, path: Any, tensor: str, spec: str) -> None:
    with scopes.device(variable.device), scopes.device("/cpu:0"):
        dtype = variable.dtype.base_dtype
        value = restore_v2(path, [tensor], [spec], [dtype], name="checkpoint_initializer")[0]
        named = op_list_to_dict([variable])
        [saveable] = [s for name, op in named.items() for s in saveable_objects_for_op(op, name)]
    assigned = saveable.restore([value], None)
    variable._initializer_op = getattr(assigned, "op", assigned)
    value.set_shape(variable.shape)
    variable._initial_value = value
