"""The named variables of a graph: made once by `tf.get_variable`, then shared."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from graphflow.core import late, scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.ops import partitioned_variables as parts
from graphflow.ops.fill import zeros
from graphflow.ops.resource_variables import ResourceVariable
from graphflow.ops.variables import Variable, checked_options

AUTO_REUSE: Any = None
"""Set by `variable_scope`, which owns it."""


def graph_object(key: str, make: Callable[[], Any]) -> Any:
    """Returns what the default graph keeps under a key; makes it on first use.

    The key of the collection is a tuple, which no list of collection names shows.
    """
    held: list[Any] = scopes.get_default_graph().get_collection_ref((key,))  # type: ignore[arg-type]  # as said above
    if not held:
        held.append(make())
    return held[0]


class VariableStore:
    """The variables that `tf.get_variable` has made in one graph, by name."""

    keeps_eagerly = False
    """Whether those of eager execution are kept too; see EagerVariableStore."""

    def __init__(self) -> None:
        self._vars: dict[str, Variable] = {}
        self._partitioned: dict[str, parts.PartitionedVariable] = {}

    def get_variable(self, name: str, *, custom_getter: Any = None, **options: Any) -> Any:
        """Returns the variable of a full name.

        Args:
            name: the full name.
            custom_getter: called in place of the usual getter, with that as `getter`.
            **options: as `tf.get_variable` and `reuse`.
        """
        if custom_getter is not None and not callable(custom_getter):
            raise ValueError(f"Passed a custom_getter which is not callable: {custom_getter}")
        options["dtype"] = getattr(options["dtype"], "base_dtype", options["dtype"])
        options["synchronization"], options["aggregation"], options["trainable"] = checked_options(
            options["synchronization"], options["aggregation"], options["trainable"], name
        )
        if custom_getter is None:
            return self._get(name, **options)
        if not _accepts(custom_getter, "constraint"):
            options.pop("constraint")
        return custom_getter(getter=self._get, name=name, **options)

    def _get(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Any = None,
        trainable: bool | None = None,
        collections: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        validate_shape: bool = True,
        use_resource: bool | None = None,
        constraint: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
    ) -> Any:
        options = {
            "regularizer": regularizer,
            "reuse": reuse,
            "trainable": trainable,
            "collections": collections,
            "caching_device": caching_device,
            "validate_shape": validate_shape,
            "use_resource": use_resource,
            "constraint": constraint,
            "synchronization": synchronization,
            "aggregation": aggregation,
        }
        dtype = as_dtype("float32" if dtype is None else dtype)
        is_scalar = isinstance(shape, Sequence) and not shape
        if partitioner is not None and not is_scalar:
            if not callable(partitioner):
                raise ValueError(f"Partitioner must be callable, but received: {partitioner}")
            with scopes.name_scope(None):
                return self._get_parts(name, partitioner, shape, dtype, initializer, options)
        if reuse is True and partitioner is None and name in self._partitioned:
            return self._get_parts(name, None, shape, dtype, initializer, options)
        if f"{name}/part_0" in self._vars:
            raise ValueError(
                "No partitioner was provided, but a partitioned version of the variable was "
                f"found: {name}/part_0. Perhaps a variable of the same name was already created "
                "with partitioning?"
            )
        return self._get_single(name, shape, dtype, initializer, **options)

    # --- whole variables ---
    def _get_single(
        self,
        name: str,
        shape: Any,
        dtype: DType,
        initializer: Any,
        regularizer: Any = None,
        reuse: Any = None,
        partition_info: Any = None,
        use_resource: bool | None = None,
        **options: Any,
    ) -> Variable:
        from_value = initializer is not None and not callable(initializer)
        if shape is not None and from_value:
            raise ValueError("If initializer is a constant, do not specify shape.")
        wanted = as_shape(shape)
        eager = scopes.get_default_graph().executes
        keeps = self.keeps_eagerly or not eager
        reuse = AUTO_REUSE if eager else reuse
        if name in self._vars and keeps:
            return self._shared(name, wanted, dtype, reuse)
        if reuse is True and keeps:
            raise ValueError(
                f"Variable {name} does not exist, or was not created with tf.get_variable(). "
                "Did you mean to set reuse=tf.AUTO_REUSE in VarScope?"
            )
        if initializer is None:
            initializer = late.call("default_initializer", name, dtype)
        with scopes.init_scope():
            start, start_dtype = _start(initializer, from_value, wanted, dtype, partition_info)
        made: Variable = Variable(
            initial_value=start, name=name, dtype=start_dtype, use_resource=use_resource, **options
        )
        if not keeps:  # in eager execution who asked for it has it alone
            return made
        self._vars[name] = made
        if regularizer is not None:
            _regularize(made, name, regularizer)
        return made

    def _shared(self, name: str, shape: TensorShape, dtype: DType, reuse: Any) -> Variable:
        found = self._vars[name]
        if reuse is False:
            raise ValueError(_exists(name, found))
        if not shape.is_compatible_with(found.get_shape()):
            raise ValueError(
                f"Trying to share variable {name}, but specified shape {shape} and found shape "
                f"{found.get_shape()}."
            )
        if not dtype.is_compatible_with(found.dtype):
            raise ValueError(
                f"Trying to share variable {name}, but specified dtype {dtype.name} and found "
                f"dtype {found.dtype.name}."
            )
        return found

    # --- variables in parts ---
    def _get_parts(
        self,
        name: str,
        partitioner: Any,
        shape: Any,
        dtype: DType,
        initializer: Any,
        options: dict[str, Any],
    ) -> parts.PartitionedVariable:
        if name in self._vars:
            raise ValueError(
                "A partitioner was provided, but an unpartitioned version of the variable was "
                f"found: {name}.  Perhaps a variable of the same name was already created "
                "without partitioning?"
            )
        whole = as_shape(shape)
        if isinstance(initializer, Tensor):
            whole = whole.merge_with(initializer.get_shape())
        reuse = options["reuse"]
        numbers = None
        if not reuse or partitioner is not None:
            numbers = parts.checked_partitions(partitioner, whole, dtype)
        if name in self._partitioned:
            found = self._partitioned[name]
            parts.check_shared(found, name, whole, dtype, numbers, reuse)
            return found
        if reuse is True or numbers is None:
            raise ValueError(
                f"PartitionedVariable {name} does not exist, or was not created with "
                "tf.get_variable(). Did you mean to set reuse=False or reuse=tf.AUTO_REUSE in "
                "VarScope?"
            )
        made = [
            self._part(name, place, dtype, initializer, options)
            for place in parts.places(whole, numbers)
        ]
        new = parts.PartitionedVariable(name, whole.as_list(), dtype, made, numbers)
        self._partitioned[name] = new
        return new

    def _part(
        self, name: str, place: parts.Place, dtype: DType, initializer: Any, options: dict[str, Any]
    ) -> Variable:
        node = f"{name}/part_{place.number}"
        with scopes.name_scope(f"{node}/PartitionedInitializer"):
            if initializer is None:
                initializer = late.call("default_initializer", name, dtype)
            start, shape, dtype = parts.part_initializer(initializer, place, dtype)
        with scopes.name_scope(None):
            made = self._get_single(node, shape, dtype, start, partition_info=place.info, **options)
        info = Variable.SaveSliceInfo(name, place.full_shape, place.offset, place.shape)
        made._set_save_slice_info(info)
        return made


def zeros_initializer(shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
    """Returns zeros, as an initializer is called."""
    found: Tensor = zeros(shape, dtype)
    return found


def _accepts(function: Any, argument: str) -> bool:
    parameters = inspect.signature(function).parameters
    return argument in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _exists(name: str, found: Variable) -> str:
    message = (
        f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or "
        "reuse=tf.AUTO_REUSE in VarScope?"
    )
    if isinstance(found, ResourceVariable) or found.op.site is None:
        return message
    return f"{message} Originally defined at:\n\n  {found.op.site}"


def _start(
    initializer: Any, from_value: bool, shape: TensorShape, dtype: DType, partition_info: Any
) -> tuple[Any, DType | None]:
    """The initial value (or what makes it) and the type it must have."""
    if from_value:
        return initializer, None
    if inspect.isclass(initializer):
        initializer = initializer()
    if shape.is_fully_defined():
        return lambda: _called(initializer, shape.as_list(), dtype, partition_info), dtype
    required = [
        p
        for p in inspect.signature(initializer).parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if not required:
        return initializer, None
    raise ValueError(
        "The initializer passed is not valid. It should be a callable with no arguments and the "
        "shape should not be provided or an instance of `tf.keras.initializers.*' and `shape` "
        "should be fully defined."
    )


def _called(initializer: Any, shape: list[Any], dtype: DType, partition_info: Any) -> Any:
    return initializer(shape, dtype=dtype, partition_info=partition_info)


def _regularize(variable: Variable, name: str, regularizer: Any) -> None:
    with (
        scopes.colocate_with(variable),
        scopes.name_scope(f"{name}/Regularizer/"),
        scopes.init_scope(),
    ):
        loss = regularizer(variable)
    if loss is not None:
        scopes.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
