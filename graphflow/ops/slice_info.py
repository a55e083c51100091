"""Where a part of a partitioned variable lies in the whole, as checkpoints write it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class SaveSliceInfo:
    """The place of one part in the whole variable.

    Args:
        full_name: the name of the whole.
        full_shape: the shape of the whole.
        var_offset: where the part begins, one number an axis.
        var_shape: the shape of the part.
        save_slice_info_def: a SaveSliceInfoDef message, instead of all of the above.
        import_scope: a name scope to put before the message's name.
    """

    def __init__(
        self,
        full_name: str | None = None,
        full_shape: Sequence[int] | None = None,
        var_offset: Sequence[int] | None = None,
        var_shape: Sequence[int] | None = None,
        save_slice_info_def: Any = None,
        import_scope: str | None = None,
    ) -> None:
        if save_slice_info_def is not None:
            found = save_slice_info_def
            full_name = with_scope(found.full_name, import_scope)
            full_shape, var_offset, var_shape = found.full_shape, found.var_offset, found.var_shape
        self.full_name = full_name or ""
        self.full_shape = list(full_shape or ())
        self.var_offset = list(var_offset or ())
        self.var_shape = list(var_shape or ())

    @property
    def spec(self) -> str:
        """The slice as a checkpoint names it: "4 3 0,2:0,3"."""
        whole = " ".join(str(d) for d in self.full_shape)
        parts = zip(self.var_offset, self.var_shape, strict=True)
        return f"{whole} " + ":".join(f"{offset},{size}" for offset, size in parts)

    def to_proto(self, export_scope: str | None = None) -> Any:
        """Returns a SaveSliceInfoDef message; None if the variable lies outside of the scope.

        Args:
            export_scope: a name scope to leave out of the name.
        """
        from graphflow.formats import proto

        if export_scope is not None and not self.full_name.startswith(export_scope):
            return None
        return proto.SaveSliceInfoDef(
            full_name=without_scope(self.full_name, export_scope),
            full_shape=self.full_shape,
            var_offset=self.var_offset,
            var_shape=self.var_shape,
        )


def with_scope(name: str, scope: str | None) -> str:
    """Puts an import scope before a name; a control mark or group prefix stays in front."""
    if not scope:
        return name
    scope = scope.rstrip("/")
    return f"{scope}/{name}"


def without_scope(name: str, scope: str | None) -> str:
    """Takes an export scope off a name."""
    if not scope:
        return name
    prefix = scope.rstrip("/") + "/"
    return name.removeprefix(prefix)


def checkpoint_name(variable: Any) -> str:
    """The name that a variable has in checkpoints: a part of one has that of the whole."""
    part = getattr(variable, "_save_slice_info", None)
    name: str = part.full_name if part else variable.op.name
    return name
