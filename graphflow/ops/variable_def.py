"""Variables as VariableDef messages, the form in which a meta graph keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphflow.core import scopes
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.slice_info import SaveSliceInfo, with_scope, without_scope

if TYPE_CHECKING:
    from graphflow.ops.variables import Variable


def to_proto(variable: Variable, export_scope: str | None) -> Any:
    """Implements `Variable.to_proto`; see there."""
    from graphflow.formats import proto

    source = variable._source
    if export_scope is not None and not source.name.startswith(export_scope):
        return None
    made = proto.VariableDef(
        variable_name=without_scope(source.name, export_scope),
        initializer_name=without_scope(variable.initializer.name, export_scope),
        snapshot_name=without_scope(variable._snapshot_name, export_scope),
        is_resource=variable._is_resource,
        trainable=variable.trainable,
        synchronization=variable.synchronization.value,
        aggregation=variable.aggregation.value,
    )
    if variable.initial_value is not None:
        made.initial_value_name = without_scope(variable.initial_value.name, export_scope)
    if variable._save_slice_info is not None:
        made.save_slice_info_def.MergeFrom(variable._save_slice_info.to_proto(export_scope))
    return made


class Loaded:
    """The nodes of the default graph that a VariableDef names.

    Args:
        variable_def: the message.
        import_scope: a name scope to put before its names.

    Raises:
        KeyError: if one is not in the graph.
    """

    def __init__(self, variable_def: Any, import_scope: str | None) -> None:
        graph = scopes.get_default_graph()

        def element(name: str) -> Any:
            return graph.as_graph_element(with_scope(name, import_scope))

        self.variable: Tensor = element(variable_def.variable_name)
        self.initializer: Operation = element(variable_def.initializer_name)
        start = variable_def.initial_value_name
        self.initial_value: Tensor | None = element(start) if start else None
        shown = variable_def.snapshot_name
        self.snapshot: Tensor | None = element(shown) if shown else None
        self.options = (
            variable_def.synchronization,
            variable_def.aggregation,
            variable_def.trainable,
        )
        self.slice_info: SaveSliceInfo | None = None
        if variable_def.HasField("save_slice_info_def"):
            self.slice_info = SaveSliceInfo(
                save_slice_info_def=variable_def.save_slice_info_def, import_scope=import_scope
            )
