"""Collections: named lists that a graph carries beside its operations."""

from __future__ import annotations

import re
from typing import Any, Final


class GraphKeys:
    """The names of the collections that the library itself uses."""

    GLOBAL_VARIABLES: Final = "variables"
    LOCAL_VARIABLES: Final = "local_variables"
    METRIC_VARIABLES: Final = "metric_variables"
    MODEL_VARIABLES: Final = "model_variables"
    TRAINABLE_VARIABLES: Final = "trainable_variables"
    TRAINABLE_RESOURCE_VARIABLES: Final = "trainable_resource_variables"
    SUMMARIES: Final = "summaries"
    QUEUE_RUNNERS: Final = "queue_runners"
    TABLE_INITIALIZERS: Final = "table_initializer"
    ASSET_FILEPATHS: Final = "asset_filepaths"
    MOVING_AVERAGE_VARIABLES: Final = "moving_average_variables"
    REGULARIZATION_LOSSES: Final = "regularization_losses"
    CONCATENATED_VARIABLES: Final = "concatenated_variables"
    SAVERS: Final = "savers"
    WEIGHTS: Final = "weights"
    BIASES: Final = "biases"
    ACTIVATIONS: Final = "activations"
    UPDATE_OPS: Final = "update_ops"
    LOSSES: Final = "losses"
    SAVEABLE_OBJECTS: Final = "saveable_objects"
    RESOURCES: Final = "resources"
    LOCAL_RESOURCES: Final = "local_resources"
    INIT_OP: Final = "init_op"
    LOCAL_INIT_OP: Final = "local_init_op"
    READY_OP: Final = "ready_op"
    READY_FOR_LOCAL_INIT_OP: Final = "ready_for_local_init_op"
    SUMMARY_OP: Final = "summary_op"
    GLOBAL_STEP: Final = "global_step"
    EVAL_STEP: Final = "eval_step"
    TRAIN_OP: Final = "train_op"
    COND_CONTEXT: Final = "cond_context"
    WHILE_CONTEXT: Final = "while_context"
    _SUMMARY_COLLECTION: Final = "_SUMMARY_V2"
    _VARIABLE_COLLECTIONS: Final = (
        "variables", "local_variables", "metric_variables", "model_variables",
        "trainable_variables", "moving_average_variables",
    )  # fmt: skip
    _STREAMING_MODEL_PORTS: Final = "streaming_model_ports"
    VARIABLES: Final = "variables"
    """The old name of GLOBAL_VARIABLES."""


class Collections:
    """The collections of one graph."""

    __slots__ = ("_lists",)

    def __init__(self) -> None:
        self._lists: dict[str, list[Any]] = {}

    def add(self, name: str, value: Any) -> None:
        """Appends a value to a collection."""
        self._lists.setdefault(name, []).append(value)

    def live(self, name: str) -> list[Any]:
        """Returns the list itself: what is appended to it is in the collection."""
        return self._lists.setdefault(name, [])

    def get(self, name: str, scope: str | None = None) -> list[Any]:
        """Returns a copy of a collection.

        Args:
            name: the collection.
            scope: a regular expression that the start of an item's name must match; items
                without a name are left out then.
        """
        found = self._lists.get(name, [])
        if scope is None:
            return list(found)
        matches = re.compile(scope).match
        return [item for item in found if hasattr(item, "name") and matches(item.name)]

    def keys(self) -> list[str]:
        """The names of the collections that were touched."""
        return [name for name in self._lists if isinstance(name, str)]

    def clear(self, name: str) -> None:
        """Forgets a collection."""
        self._lists.pop(name, None)
