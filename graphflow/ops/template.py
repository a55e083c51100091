"""`make_template`: a function that makes its variables once and shares them in later calls."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.export import export
from graphflow.core.site import user_site
from graphflow.ops.variable_scope import VariableScope, pure_scope, unique_scope, variable_scope

_log = logging.getLogger("tensorflow")


class Template:
    """A function with a variable scope of its own.

    Args:
        name: the scope's name, made unique.
        func: the function.
        create_scope_now: whether the scope is opened now, not in the first call.
        unique_name: the scope's name, as it is.
        custom_getter: as in `variable_scope`.

    Raises:
        ValueError: if `name` is None.
    """

    def __init__(
        self,
        name: str,
        func: Callable[..., Any],
        create_scope_now: bool = False,
        unique_name: str | None = None,
        custom_getter: Any = None,
    ) -> None:
        if name is None:
            raise ValueError("name cannot be None.")
        self._name = name
        self._func = func
        self._unique_name = unique_name
        self._custom_getter = custom_getter
        self._site = user_site(2)
        self._variable_scope: VariableScope | None = None
        self._variables_created = False
        self._first_call = True
        if create_scope_now:
            opened = unique_name or unique_scope(name)
            with pure_scope(opened, custom_getter=custom_getter) as scope:
                self._variable_scope = scope

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function; its variables are made in the first call."""
        if self._variable_scope is not None:
            with variable_scope(self._variable_scope, reuse=not self._first_call):
                return self._call(args, kwargs)
        with variable_scope(
            self._unique_name, self._name, custom_getter=self._custom_getter
        ) as scope:
            self._variable_scope = scope
            return self._call(args, kwargs)

    def _call(self, args: Any, kwargs: Any) -> Any:
        try:
            if self._variables_created:
                return self._call_again(args, kwargs)
            self._first_call = False
            try:
                result = self._func(*args, **kwargs)
            except BaseException:
                self._first_call = True
                raise
            self._variables_created = True
        except Exception as e:
            if self._site is not None:
                e.add_note(f"  the template {self._name!r} was made at {self._site}")
            raise
        return result

    def _call_again(self, args: Any, kwargs: Any) -> Any:
        trainable = scopes.get_collection_ref(GraphKeys.TRAINABLE_VARIABLES)
        variables = scopes.get_collection_ref(GraphKeys.GLOBAL_VARIABLES)
        before = len(trainable), len(variables)
        result = self._func(*args, **kwargs)
        if len(trainable) != before[0]:
            raise ValueError(
                "Trainable variable created when calling a template after the first time, perhaps "
                f"you used tf.Variable when you meant tf.get_variable: {trainable[before[0] :]}"
            )
        if len(variables) != before[1]:
            _log.info(
                "New variables created when calling a template after the first time, perhaps you "
                "used tf.Variable when you meant tf.get_variable: %s",
                variables[before[1] :],
            )
        return result

    # --- what it is ---
    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    @property
    def func(self) -> Callable[..., Any]:
        """The function."""
        return self._func

    @property
    def variable_scope(self) -> VariableScope | None:
        """The variable scope; None before the first call."""
        return self._variable_scope

    @property
    def var_scope(self) -> VariableScope | None:
        """The aged name of `variable_scope`."""
        return self._variable_scope

    @property
    def variable_scope_name(self) -> str | None:
        """The scope's name with a slash at its end; None before the first call."""
        if self._variable_scope is None:
            return None
        name = self._variable_scope.name
        return name if not name or name.endswith("/") else f"{name}/"

    def _collected(self, key: str) -> list[Any]:
        if not self._variables_created:
            return []
        return scopes.get_collection(key, self.variable_scope_name)

    @property
    def trainable_variables(self) -> list[Any]:
        """The variables of the scope that optimizers change."""
        return self._collected(GraphKeys.TRAINABLE_VARIABLES)

    @property
    def global_variables(self) -> list[Any]:
        """The global variables of the scope."""
        return self._collected(GraphKeys.GLOBAL_VARIABLES)

    @property
    def local_variables(self) -> list[Any]:
        """The local variables of the scope."""
        return self._collected(GraphKeys.LOCAL_VARIABLES)

    @property
    def variables(self) -> list[Any]:
        """All variables of the scope."""
        return self.global_variables + self.local_variables

    @property
    def non_trainable_variables(self) -> list[Any]:
        """The global variables of the scope that optimizers leave alone."""
        trainable = self.trainable_variables
        return [v for v in self.global_variables if all(v is not t for t in trainable)]

    weights = variables
    trainable_weights = trainable_variables
    non_trainable_weights = non_trainable_variables


@export("make_template")
def make_template(
    name_: str,
    func_: Callable[..., Any],
    create_scope_now_: bool = False,
    unique_name_: str | None = None,
    custom_getter_: Any = None,
    **kwargs: Any,
) -> Template:
    """Returns a function that shares its variables among all its calls.

    Args:
        name_: a name for the variable scope, made unique.
        func_: the function; what it makes with `get_variable` is shared.
        create_scope_now_: whether the scope is opened now, not in the first call.
        unique_name_: the scope's name, as it is.
        custom_getter_: as in `variable_scope`.
        **kwargs: given to `func_` in every call.

    Raises:
        ValueError: if `name_` is None; in a later call, if a trainable variable is made.
    """
    if kwargs:
        func_ = functools.partial(func_, **kwargs)
    return Template(name_, func_, create_scope_now_, unique_name_, custom_getter_)
