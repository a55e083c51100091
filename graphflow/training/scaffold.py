"""Scaffold: the pieces around a model that a monitored session needs, made where missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.export import export
from graphflow.ops.concat import concat
from graphflow.ops.control_ops import group
from graphflow.ops.lookup_base import tables_initializer
from graphflow.ops.resource_lists import (
    initialize_resources,
    local_resources,
    report_uninitialized_resources,
    shared_resources,
)
from graphflow.ops.summary import merge_all
from graphflow.ops.variable_lists import (
    global_variables,
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
)
from graphflow.platform import tf_logging
from graphflow.training.saver import get_saver_or_default

_PIECES = (
    "init_op", "init_feed_dict", "ready_op", "ready_for_local_init_op", "local_init_op",
    "summary_op", "saver",
)  # fmt: skip


@export("train.Scaffold")
class Scaffold:
    """The pieces around a model: initializers, checks, summaries, a saver.

    What is not given is taken from the graph's collections, or made, when the session is.

    Args:
        init_op: initializes the variables.
        init_feed_dict: feeds for it.
        init_fn: a function of (scaffold, session), called after it.
        ready_op: the names of the variables that are not initialized.
        ready_for_local_init_op: the same, before the local variables are initialized.
        local_init_op: initializes the local variables and the tables.
        summary_op: all summaries as one.
        saver: a Saver.
        copy_from_scaffold: a Scaffold: what is not given is taken from it.

    Raises:
        TypeError: if `copy_from_scaffold` is none.
    """

    def __init__(
        self,
        init_op: Any = None,
        init_feed_dict: Any = None,
        init_fn: Callable[[Any, Any], Any] | None = None,
        ready_op: Any = None,
        ready_for_local_init_op: Any = None,
        local_init_op: Any = None,
        summary_op: Any = None,
        saver: Any = None,
        copy_from_scaffold: Any = None,
    ) -> None:
        self._user_init_fn = init_fn
        self._init_op = init_op
        self._init_feed_dict = init_feed_dict
        self._ready_op = ready_op
        self._ready_for_local_init_op = ready_for_local_init_op
        self._local_init_op = local_init_op
        self._summary_op = summary_op
        self._saver = saver
        if copy_from_scaffold is not None:
            self._copy(copy_from_scaffold)
        own = self._user_init_fn
        self._init_fn = None if own is None else lambda sess: own(self, sess)

    def _copy(self, other: Any) -> None:
        if not isinstance(other, Scaffold):
            raise TypeError("copy_from_scaffold is not a Scaffold instance.")
        for name in (*_PIECES, "user_init_fn"):
            if getattr(self, f"_{name}") is None:
                setattr(self, f"_{name}", getattr(other, f"_{name}"))

    def finalize(self) -> Scaffold:
        """Makes what is missing, makes the graph read-only, and returns the scaffold itself."""
        self._find("init_op", GraphKeys.INIT_OP, _init_op)
        self._find("ready_op", GraphKeys.READY_OP, _ready_op)
        self._find(
            "ready_for_local_init_op", GraphKeys.READY_FOR_LOCAL_INIT_OP, _ready_for_local_init_op
        )
        self._find("local_init_op", GraphKeys.LOCAL_INIT_OP, Scaffold.default_local_init_op)
        self._find("summary_op", GraphKeys.SUMMARY_OP, merge_all)
        if self._saver is None:
            self._saver = get_saver_or_default()
        self._saver.build()
        scopes.get_default_graph().finalize()
        tf_logging.info("Graph was finalized.")
        return self

    def _find(self, name: str, key: str, make: Callable[[], Any]) -> None:
        if getattr(self, f"_{name}") is None:
            setattr(self, f"_{name}", Scaffold.get_or_default(name, key, make))

    # --- the pieces ---
    @property
    def init_fn(self) -> Any:
        """A function of the session that is called after `init_op`, or None."""
        return self._init_fn

    @property
    def init_op(self) -> Any:
        """Initializes the variables."""
        return self._init_op

    @property
    def ready_op(self) -> Any:
        """The names of the variables that are not initialized."""
        return self._ready_op

    @property
    def ready_for_local_init_op(self) -> Any:
        """The same, before the local variables are initialized."""
        return self._ready_for_local_init_op

    @property
    def local_init_op(self) -> Any:
        """Initializes the local variables and the tables."""
        return self._local_init_op

    @property
    def summary_op(self) -> Any:
        """All summaries as one, or None."""
        return self._summary_op

    @property
    def saver(self) -> Any:
        """The Saver."""
        return self._saver

    @property
    def init_feed_dict(self) -> Any:
        """Feeds for `init_op`."""
        return self._init_feed_dict

    @staticmethod
    def get_or_default(
        arg_name: str, collection_key: str, default_constructor: Callable[[], Any]
    ) -> Any:
        """Returns the one item of a collection; makes it if there is none.

        Args:
            arg_name: what the message calls it.
            collection_key: the collection.
            default_constructor: makes it; it may return None.

        Raises:
            RuntimeError: if there are several.
        """
        found = scopes.get_collection(collection_key)
        if len(found) > 1:
            raise RuntimeError(
                f'More than one item in the collection "{collection_key}". Please indicate which '
                f"one to use by passing it to the tf.Scaffold constructor as:  "
                f"tf.Scaffold({arg_name}=item to use)"
            )
        if found:
            return found[0]
        made = default_constructor()
        if made is not None:
            scopes.add_to_collection(collection_key, made)
        return made

    @staticmethod
    def default_local_init_op() -> Any:
        """Returns an operation that initializes local variables, tables and local resources."""
        return group(
            local_variables_initializer(),
            tables_initializer(),
            initialize_resources(local_resources()),
        )


def _init_op() -> Any:
    return group(global_variables_initializer(), initialize_resources(shared_resources()))


def _ready_op() -> Any:
    return concat([report_uninitialized_variables(), report_uninitialized_resources()], 0)


def _ready_for_local_init_op() -> Any:
    return concat(
        [
            report_uninitialized_variables(global_variables()),
            report_uninitialized_resources(shared_resources()),
        ],
        0,
    )
