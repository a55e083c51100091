"""Checkpoints of variables in eager execution: what a saver runs there in place of a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.late import provide
from graphflow.formats import proto
from graphflow.ops.resource_variables import is_resource_variable
from graphflow.training.saver import Saver

FILE: Final = "file"
_SAVE: Final = "save"
_RESTORE: Final = "restore"
_V1: Final = 1


class EagerFiles:
    """Stands for the session of a saver: it writes and reads variables at once.

    Args:
        var_list: variables, or a dictionary of them by name.
        version: the format of checkpoints.

    Raises:
        TypeError: if something is no variable.
        ValueError: if two have one name.
    """

    graph = None

    def __init__(self, var_list: Any, version: int) -> None:
        self._version = version
        self._named = _by_name(var_list)

    def run(self, what: str, feeds: Mapping[str, Any]) -> Any:
        """Saves to the file that is fed, or restores from it."""
        path, names = feeds[FILE], sorted(self._named)
        variables = [self._named[n] for n in names]
        slices = [""] * len(names)
        if what == _SAVE:
            op_type = "SaveSlices" if self._version == _V1 else "SaveV2"
            apply(op_type, path, names, slices, [v.read_value() for v in variables])
            return path.encode(errors="surrogateescape")
        types = [v.dtype for v in variables]
        found = apply("RestoreV2", path, names, slices, dtypes=types)
        for variable, value in zip(variables, found, strict=True):
            variable.assign(value)
        return None

    def definition(self, max_to_keep: int | None, hours: float) -> Any:
        """Returns the SaverDef of the saver."""
        return proto.SaverDef(
            filename_tensor_name=FILE,
            save_tensor_name=_SAVE,
            restore_op_name=_RESTORE,
            max_to_keep=max_to_keep or 0,
            keep_checkpoint_every_n_hours=hours,
            version=self._version,
        )


@provide("eager_files")
def eager_files(var_list: Any, version: int) -> EagerFiles:
    """Returns what a saver of variables runs in eager execution."""
    return EagerFiles(var_list, version)


def _by_name(var_list: Any) -> dict[str, Any]:
    given: Iterable[tuple[Any, Any]]
    if isinstance(var_list, dict):
        given = var_list.items()
    else:
        given = [(getattr(v, "_shared_name", None), v) for v in var_list]
    found: dict[str, Any] = {}
    for name, v in given:
        if not is_resource_variable(v):
            raise TypeError(f"Can only save/restore ResourceVariables when executing eagerly: {v}")
        if name in found:
            raise ValueError(f"At least two variables have the same name: {name}")
        found[name] = v
    return found


@export("contrib.eager.Saver")
class EagerSaver:
    """Saves and restores variables; see `tf.train.Saver`.

    Args:
        var_list: variables, or a dictionary of them by name.
    """

    def __init__(self, var_list: Any) -> None:
        self._saver = Saver(var_list=var_list)

    def save(self, file_prefix: Any, global_step: Any = None) -> Any:
        """Writes a checkpoint, and returns its path.

        Args:
            file_prefix: the path, but for the step.
            global_step: a number to put behind it, or a variable of one.
        """
        return self._saver.save(None, file_prefix, write_meta_graph=False, global_step=global_step)

    def restore(self, file_prefix: Any) -> None:
        """Gives the variables the values of a checkpoint.

        Args:
            file_prefix: what `save` returned.
        """
        self._saver.restore(None, file_prefix)


@export("contrib.eager.get_optimizer_variables")
def get_optimizer_variables(optimizer: Any) -> list[Any]:
    """Returns the variables that an optimizer keeps.

    Args:
        optimizer: the optimizer.
    """
    found: list[Any] = optimizer.variables()
    return found
