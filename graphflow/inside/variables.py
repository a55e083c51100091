"""Names of tensorflow.python.ops.variables: its `Variable` is that of TensorFlow 2."""

from __future__ import annotations

import enum
from typing import Any

from graphflow.core import late
from graphflow.ops.variables import Variable as VariableV1
from graphflow.ops.variables import VariableAggregation, VariableMeta


class _Meta(VariableMeta):
    """Makes `Variable(...)` return a resource variable; every variable is an instance of it."""

    def __call__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: str | None = None,
        constraint: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> Any:
        """Makes a variable."""
        return late.call(
            "make_variable",
            initial_value=initial_value,
            trainable=trainable,
            collections=None,
            validate_shape=validate_shape,
            caching_device=caching_device,
            name=name,
            variable_def=variable_def,
            dtype=dtype,
            expected_shape=None,
            import_scope=import_scope,
            constraint=constraint,
            use_resource=True,
            synchronization=synchronization,
            aggregation=aggregation,
            shape=shape,
        )

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, VariableV1)

    def __subclasscheck__(self, subclass: type) -> bool:
        return issubclass(subclass, VariableV1)


class Variable(VariableV1, metaclass=_Meta):
    """A resource variable, whatever the scope says: TensorFlow 2's class."""


class VariableAggregationV2(enum.Enum):
    """How the updates of several replicas become one: as TensorFlow 2 has it."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self) | VariableAggregation) and self.value == other.value
