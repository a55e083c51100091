"""Variable scopes: names, defaults and sharing for `tf.get_variable`."""

from __future__ import annotations

import contextlib
import enum
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.dtypes import float32
from graphflow.core.export import export, publish
from graphflow.core.late import provide
from graphflow.ops import variable_store
from graphflow.ops.ref_variables import RefVariable
from graphflow.ops.resource_variables import ResourceVariable
from graphflow.ops.variable_store import VariableStore, graph_object
from graphflow.ops.variables import Variable, VariableAggregation, VariableSynchronization


class _ReuseMode(enum.Enum):
    AUTO_REUSE = 1


AUTO_REUSE: Final = _ReuseMode.AUTO_REUSE
"""For `reuse`: variables are shared where they exist, and made where they do not."""
publish(AUTO_REUSE, "AUTO_REUSE")
variable_store.AUTO_REUSE = AUTO_REUSE

# What a scope passes on to the scopes inside it and to `get_variable`.
_INHERITED: Final = (
    "initializer", "regularizer", "caching_device", "partitioner", "dtype", "use_resource",
)  # fmt: skip


@export("no_regularizer")
def no_regularizer(_: Any) -> None:
    """As a regularizer: none, where a scope around would give one."""
    return


@export("VariableScope")
class VariableScope:
    """A name and the defaults for variables made under it.

    Args:
        reuse: True: variables must exist; AUTO_REUSE: they may; False: they must not.
        name: the name that stands before those of its variables.
        initializer: the default initializer.
        regularizer: the default regularizer.
        caching_device: the default caching device.
        partitioner: the default partitioner.
        custom_getter: what is called in place of the usual getter.
        name_scope: the name scope that was opened with it.
        dtype: the default type.
        use_resource: whether its variables are resource variables.
        constraint: the default constraint.
    """

    def __init__(
        self,
        reuse: Any,
        name: str = "",
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Any = None,
        name_scope: str = "",
        dtype: Any = float32,
        use_resource: bool | None = None,
        constraint: Any = None,
    ) -> None:
        self._reuse = reuse
        self._name = name
        self._initializer = initializer
        self._regularizer = regularizer
        self._caching_device = caching_device
        self._partitioner = partitioner
        self._custom_getter = custom_getter
        self._name_scope = name_scope
        self._dtype = dtype
        self._use_resource: bool | None = (
            use_resource or scopes.get_default_graph().executes or None
        )
        self._constraint = constraint

    @property
    def name(self) -> str:
        """The name that stands before those of its variables."""
        return self._name

    @property
    def original_name_scope(self) -> str:
        """The name scope that was opened with it."""
        return self._name_scope

    @property
    def reuse(self) -> Any:
        """Whether variables are shared."""
        return self._reuse

    @property
    def initializer(self) -> Any:
        """The default initializer."""
        return self._initializer

    @property
    def dtype(self) -> Any:
        """The default type."""
        return self._dtype

    @property
    def use_resource(self) -> bool | None:
        """Whether its variables are resource variables."""
        return self._use_resource

    @property
    def regularizer(self) -> Any:
        """The default regularizer."""
        return self._regularizer

    @property
    def caching_device(self) -> Any:
        """The default caching device."""
        return self._caching_device

    @property
    def partitioner(self) -> Any:
        """The default partitioner."""
        return self._partitioner

    @property
    def custom_getter(self) -> Any:
        """What is called in place of the usual getter."""
        return self._custom_getter

    @property
    def constraint(self) -> Any:
        """The default constraint."""
        return self._constraint

    def reuse_variables(self) -> None:
        """From now on variables of this scope must exist already."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """Sets the default initializer."""
        self._initializer = initializer

    def set_dtype(self, dtype: Any) -> None:
        """Sets the default type."""
        self._dtype = dtype

    def set_use_resource(self, use_resource: bool | None) -> None:
        """Sets whether its variables are resource variables."""
        self._use_resource = use_resource

    def set_regularizer(self, regularizer: Any) -> None:
        """Sets the default regularizer."""
        self._regularizer = regularizer

    def set_caching_device(self, caching_device: Any) -> None:
        """Sets the default caching device."""
        self._caching_device = caching_device

    def set_partitioner(self, partitioner: Any) -> None:
        """Sets the default partitioner."""
        self._partitioner = partitioner

    def set_custom_getter(self, custom_getter: Any) -> None:
        """Sets what is called in place of the usual getter."""
        self._custom_getter = custom_getter

    def get_collection(self, name: str) -> list[Any]:
        """The items of a collection whose names lie under this scope."""
        return scopes.get_collection(name, f"{self._name}/" if self._name else "")

    def trainable_variables(self) -> list[Any]:
        """Its trainable variables."""
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self) -> list[Any]:
        """Its global variables."""
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list[Any]:
        """Its local variables."""
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def get_variable(
        self,
        var_store: VariableStore,
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
        custom_getter: Any = None,
        constraint: Any = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
    ) -> Any:
        """As `tf.get_variable`, from a given store; what is None is taken from the scope."""
        full_name = f"{self._name}/{name}" if self._name else name
        with scopes.name_scope(None):  # variables have the variable scope's name, not this one
            if dtype is not None and initializer is not None and not callable(initializer):
                found = convert(initializer).dtype.base_dtype
                if found != dtype:
                    raise ValueError(
                        f"Initializer type '{found}' and explicit dtype '{dtype}' don't match."
                    )
            return var_store.get_variable(
                full_name,
                shape=shape,
                dtype=_first(dtype, self._dtype),
                initializer=_first(initializer, self._initializer),
                regularizer=_first(regularizer, self._regularizer),
                reuse=_first(reuse, self._reuse),
                trainable=trainable,
                collections=collections,
                caching_device=_first(caching_device, self._caching_device),
                partitioner=_first(partitioner, self._partitioner),
                validate_shape=validate_shape,
                use_resource=_first(use_resource, self._use_resource),
                custom_getter=_first(custom_getter, self._custom_getter),
                constraint=_first(constraint, self._constraint),
                synchronization=synchronization,
                aggregation=aggregation,
            )


def _first(given: Any, otherwise: Any) -> Any:
    return otherwise if given is None else given


class _Scopes(threading.local):
    """The scope that is open in each thread, and how often each name was opened."""

    def __init__(self) -> None:
        self.current = VariableScope(False)
        self.counts: dict[str, int] = {}

    def opened(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def forget_inside(self, name: str) -> None:
        for key in self.counts:
            if key.startswith(f"{name}/"):
                self.counts[key] = 0

    def unique(self, prefix: str) -> str:
        """The first of prefix, prefix_1, ... that was not opened in the current scope."""
        outer = self.current.name
        name = f"{outer}/{prefix}" if outer else prefix
        if not self.counts.get(name):
            return prefix
        i = 1
        while self.counts.get(f"{name}_{i}"):
            i += 1
        return f"{prefix}_{i}"


def _scopes() -> _Scopes:
    found: _Scopes = graph_object("__varscope", _Scopes)
    return found


@export("get_variable_scope")
def get_variable_scope() -> VariableScope:
    """Returns the variable scope that is open now."""
    return _scopes().current


def _chained(custom_getter: Any, old_getter: Any) -> Any:
    """A scope's getter around that of the scope outside of it."""
    if old_getter is None:
        return custom_getter

    def getter(getter: Any, *args: Any, **kwargs: Any) -> Any:
        return custom_getter(functools.partial(old_getter, getter), *args, **kwargs)

    return getter


class _PureScope:
    """A variable scope without the name scope that usually opens with it."""

    def __init__(
        self, name_or_scope: Any, reuse: Any, old_name_scope: str | None, options: dict[str, Any]
    ) -> None:
        self._given = name_or_scope
        self._reuse = reuse
        self._old_name_scope = old_name_scope
        self._options = options
        self._store = _scopes()
        self._old: VariableScope | None = None
        self._last: VariableScope | None = None
        self._counts: dict[str, int] = {}

    def _derived(self, source: VariableScope, reuse: Any, name: str, name_scope: str) -> Any:
        values = {key: getattr(source, key) for key in _INHERITED}
        values.update((k, v) for k, v in self._options.items() if v is not None)
        getter = self._options["custom_getter"]
        values["custom_getter"] = (
            source.custom_getter if getter is None else _chained(getter, source.custom_getter)
        )
        values["constraint"] = self._options["constraint"]
        return VariableScope(reuse, name=name, name_scope=name_scope, **values)

    def __enter__(self) -> VariableScope:
        store = self._store
        old = self._old = store.current
        given = self._given
        if isinstance(given, VariableScope):
            store.opened(given.name)
            self._counts = dict(store.counts)
            new = self._last or self._derived(
                given, self._reuse or given.reuse, given.name, given.original_name_scope
            )
        else:
            name = f"{old.name}/{given}" if old.name else given
            name_scope = given if self._old_name_scope is None else self._old_name_scope
            self._reuse = self._reuse or old.reuse
            new = self._derived(old, self._reuse, name, name_scope)
            store.opened(name)
        store.current = self._last = new
        return new

    def check_innermost(self) -> None:
        """Raises RuntimeError unless this is the scope to be left next."""
        if self._store.current is not self._last or self._old is None:
            raise RuntimeError("Improper nesting of variable_scope.")

    def __exit__(self, *exc: Any) -> None:
        self.check_innermost()
        store, old = self._store, self._old
        assert old is not None  # for the type checker: it was entered
        if isinstance(self._given, VariableScope):
            store.counts = self._counts
        else:
            store.forget_inside(store.current.name)
        store.current = old


def pure_scope(name: str, custom_getter: Any = None) -> _PureScope:
    """A variable scope that opens no name scope.

    Args:
        name: its name inside the present scope.
        custom_getter: as in `variable_scope`.
    """
    options = dict.fromkeys((*_INHERITED, "constraint"))
    return _PureScope(name, None, None, {**options, "custom_getter": custom_getter})


def unique_scope(prefix: str) -> str:
    """The first of prefix, prefix_1, ... that was not opened in the present scope."""
    return _scopes().unique(prefix)


@export("variable_scope")
class variable_scope:  # noqa: N801 (TensorFlow's name)
    """A context for making or sharing variables with `tf.get_variable`.

    Args:
        name_or_scope: the name; or a VariableScope, to open that one again.
        default_name: the name where `name_or_scope` is None; made unique.
        values: tensors that the context's operations use: their graph becomes the default.
        initializer: the default initializer for variables in this scope.
        regularizer: the default regularizer.
        caching_device: the default caching device.
        partitioner: the default partitioner.
        custom_getter: called in place of the usual getter, with that as its first argument.
        reuse: True: variables must exist; AUTO_REUSE: they are made where they do not; None: as
            the scope around.
        dtype: the default type.
        use_resource: whether variables are resource variables.
        constraint: the default constraint.
        auxiliary_name_scope: False opens no name scope.

    Raises:
        TypeError: if there is no name.
        ValueError: if `reuse` is none of the above.
    """

    def __init__(
        self,
        name_or_scope: Any,
        default_name: str | None = None,
        values: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Any = None,
        reuse: Any = None,
        dtype: Any = None,
        use_resource: bool | None = None,
        constraint: Any = None,
        auxiliary_name_scope: bool = True,
    ) -> None:
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if not (reuse is None or reuse is False or reuse is True or reuse is AUTO_REUSE):
            raise ValueError("The reuse parameter must be True or False or None.")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(
                "The auxiliary_name_scope must be `True` or `False`, while get "
                f"{auxiliary_name_scope}"
            )
        self._given = name_or_scope
        self._default_name = default_name
        self._reuse = reuse or None
        self._graph = scopes.graph_from_inputs(values or [])
        self._auxiliary = auxiliary_name_scope
        self._options = {
            "initializer": initializer,
            "regularizer": regularizer,
            "caching_device": caching_device,
            "partitioner": partitioner,
            "custom_getter": custom_getter,
            "dtype": dtype,
            "use_resource": use_resource,
            "constraint": constraint,
        }
        self._pure: _PureScope | None = None
        self._name_scope: Any = None
        self._exits = contextlib.ExitStack()

    def __enter__(self) -> VariableScope:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._graph.as_default())
            found = self._enter(stack)
            self._exits = stack.pop_all()
        return found

    def _enter(self, stack: contextlib.ExitStack) -> VariableScope:
        if self._pure is not None:  # entered a second time
            if self._name_scope is not None:
                stack.enter_context(self._name_scope)
            return stack.enter_context(self._pure)
        given = self._given
        if given is None:
            if self._reuse:
                raise ValueError("reuse=True cannot be used without a name_or_scope")
            opened: str | None = self._open_name_scope(stack, self._default_name)
            unique = _scopes().unique(self._default_name or "")
            self._pure = _PureScope(unique, None, opened, self._options)
            return stack.enter_context(self._pure)
        if not isinstance(given, str | VariableScope):
            raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
        name = given if isinstance(given, str) else given.name.rpartition("/")[2]
        opened = None
        if name or not self._auxiliary:
            opened = self._open_name_scope(stack, name)
        self._pure = _PureScope(given, self._reuse, opened, self._options)
        return stack.enter_context(self._pure)

    def _open_name_scope(self, stack: contextlib.ExitStack, name: str | None) -> str:
        if not self._auxiliary:
            around = scopes.get_default_graph().get_name_scope()
            name = f"{around}/" if around else ""
        self._name_scope = scopes.name_scope(name)
        found: str = stack.enter_context(self._name_scope)
        return found

    def __exit__(self, *exc: Any) -> None:
        if self._pure is not None:
            self._pure.check_innermost()  # before anything is left: another try may succeed
        self._exits.__exit__(*exc)


@export("variable_op_scope")
@contextlib.contextmanager
def variable_op_scope(
    values: Any,
    name_or_scope: Any,
    default_name: str | None = None,
    initializer: Any = None,
    regularizer: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    custom_getter: Any = None,
    reuse: Any = None,
    dtype: Any = None,
    use_resource: bool | None = None,
    constraint: Any = None,
) -> Iterator[VariableScope]:
    """As `tf.variable_scope`, with `values` first: the form of TensorFlow 0.x."""
    with variable_scope(
        name_or_scope,
        default_name=default_name,
        values=values,
        initializer=initializer,
        regularizer=regularizer,
        caching_device=caching_device,
        partitioner=partitioner,
        custom_getter=custom_getter,
        reuse=reuse,
        dtype=dtype,
        use_resource=use_resource,
        constraint=constraint,
    ) as scope:
        yield scope


# --- get_variable ---
def store_of_graph() -> VariableStore:
    """The variables that `get_variable` has made in the default graph."""
    found: VariableStore = graph_object("__variable_store", VariableStore)
    return found


@export("get_variable")
def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool | None = None,
    collections: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Any = None,
    constraint: Any = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:
    """Returns the variable of that name in the current variable scope; makes it if need be.

    Args:
        name: the name inside the scope.
        shape: the shape, fully known unless the initializer is a value.
        dtype: the type; None: the scope's, which is float32.
        initializer: a function `f(shape, dtype, partition_info)`, such as the `tf.initializers`
            make, or a value; None: the scope's, else glorot_uniform for floats and zeros for
            integers, bools and strings.
        regularizer: a function of the variable; what it returns goes into REGULARIZATION_LOSSES.
        trainable: whether optimizers change it by default; None: True.
        collections: names of the collections it goes into; None: [GLOBAL_VARIABLES].
        caching_device: a device where a copy of the value is kept for readers.
        partitioner: a function `f(shape, dtype)` that returns the number of parts on each axis.
        validate_shape: False allows an initial value of unknown shape.
        use_resource: True for a resource variable; None: as the scope says.
        custom_getter: called in place of the usual getter, with that as its first argument.
        constraint: a function of the new value that is applied after an optimizer's step.
        synchronization: kept for TensorFlow's sake.
        aggregation: kept for TensorFlow's sake.

    Raises:
        ValueError: if it exists and the scope does not reuse, or the reverse; if its shape or
            type is another; if shape and initializer do not fit together.
    """
    return get_variable_scope().get_variable(
        store_of_graph(),
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=collections,
        caching_device=caching_device,
        partitioner=partitioner,
        validate_shape=validate_shape,
        use_resource=use_resource,
        custom_getter=custom_getter,
        constraint=constraint,
        synchronization=synchronization,
        aggregation=aggregation,
    )


@export("get_local_variable")
def get_local_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = False,
    collections: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Any = None,
    constraint: Any = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
) -> Any:
    """As `tf.get_variable`: in LOCAL_VARIABLES instead of GLOBAL_VARIABLES, and never trainable."""
    return get_variable(
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=False,
        collections=[*(collections or ()), GraphKeys.LOCAL_VARIABLES],
        caching_device=caching_device,
        partitioner=partitioner,
        validate_shape=validate_shape,
        use_resource=use_resource,
        custom_getter=custom_getter,
        constraint=constraint,
        synchronization=synchronization,
        aggregation=aggregation,
    )


# --- tf.Variable(...) ---
class _Default:
    use_resource = False


@export("enable_resource_variables")
def enable_resource_variables() -> None:
    """From now on variables are resource variables unless something else is asked for."""
    _Default.use_resource = True


@export("disable_resource_variables")
def disable_resource_variables() -> None:
    """From now on variables are reference variables unless something else is asked for."""
    _Default.use_resource = False


@export("resource_variables_enabled")
def resource_variables_enabled() -> bool:
    """Returns whether variables are resource variables unless something else is asked for."""
    return _Default.use_resource


def _creators() -> list[Callable[..., Any]]:
    found: list[Callable[..., Any]] = graph_object("__variable_creators", list)
    return found


@export("variable_creator_scope")
@contextlib.contextmanager
def variable_creator_scope(variable_creator: Callable[..., Any]) -> Iterator[None]:
    """A context in which `variable_creator(next_creator, **kwargs)` makes all variables.

    Args:
        variable_creator: a function that usually returns `next_creator(**kwargs)`.
    """
    stack = _creators()
    stack.append(variable_creator)
    try:
        yield
    finally:
        stack.remove(variable_creator)


@provide("make_variable")
def make_variable(**kwargs: Any) -> Variable:
    """Makes a variable as the arguments of `tf.Variable` and the open scopes say."""
    creator: Callable[..., Any] = _default_creator
    for outer in _creators():
        creator = functools.partial(outer, creator)
    made: Variable = creator(**kwargs)
    return made


def _default_creator(**kwargs: Any) -> Variable:
    use_resource = kwargs.pop("use_resource", None)
    if use_resource is None:
        use_resource = get_variable_scope().use_resource
    if use_resource is None:
        use_resource = _Default.use_resource
    if not use_resource and not scopes.get_default_graph().executes:
        return RefVariable(**kwargs)
    kwargs.pop("expected_shape", None)
    return ResourceVariable(**kwargs)
