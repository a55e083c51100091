"""Loops and branches in MetaGraph files: their contexts, read back after their operations."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.late import provide
from graphflow.core.tensor import Tensor
from graphflow.formats.meta_graph_collections import Registration, prepend_scope
from graphflow.ops.flow_context import CondContext, FlowContext
from graphflow.ops.flow_while import WhileContext


def _begun(made: Any, message: Any, scope: str | None) -> Any:
    """Fills in what all contexts have; their name is the file's, not a new one."""
    FlowContext.__init__(made, prepend_scope(message.context_name, scope))
    return made


def _element(name: str, scope: str | None) -> Any:
    return scopes.get_default_graph().as_graph_element(prepend_scope(name, scope))


def cond_from_proto(message: Any, import_scope: str | None = None) -> CondContext:
    """Returns a branch as a CondContextDef message describes it.

    Args:
        message: the message.
        import_scope: the scope that its operations were imported into.
    """
    made: CondContext = _begun(CondContext.__new__(CondContext), message, import_scope)
    made.pred = _element(message.pred_name, import_scope)
    made.pivot = _element(message.pivot_name, import_scope)
    made.branch = message.branch
    return _finished(made, message, import_scope)  # type: ignore[no-any-return]  # as given


def while_from_proto(message: Any, import_scope: str | None = None) -> WhileContext:
    """Returns a loop as a WhileContextDef message describes it.

    Args:
        message: the message.
        import_scope: the scope that its operations were imported into.
    """
    made: WhileContext = _begun(WhileContext.__new__(WhileContext), message, import_scope)

    def tensor(name: str) -> Tensor:
        found: Tensor = _element(name, import_scope)
        return found

    most = message.maximum_iterations_name
    made.maximum_iterations = tensor(most) if most else None
    made.parallel_iterations = message.parallel_iterations
    made.back_prop = message.back_prop
    made.swap_memory = message.swap_memory
    made._grad_state = None
    made.pivot_for_pred = tensor(message.pivot_for_pred_name)
    made.pivot_for_body = tensor(message.pivot_for_body_name)
    made.pivot = tensor(message.pivot_name)
    made.loop_exits = [tensor(name) for name in message.loop_exit_names]
    made.loop_enters = [tensor(name) for name in message.loop_enter_names]
    _finished(made, message, import_scope)
    if import_scope:
        for t in made.values:  # the frame is named after the loop
            if t.op.definition.flow == "enter":
                t.op.put_attr("frame_name", made.name)
    return made


def _finished(made: Any, message: Any, scope: str | None) -> Any:
    made.values_from_proto(message.values_def, scope)
    with made:
        for part in message.nested_contexts:
            if part.WhichOneof("ctxt") == "while_ctxt":
                while_from_proto(part.while_ctxt, scope)
            else:
                cond_from_proto(part.cond_ctxt, scope)
    return made


def _to_proto(context: Any, export_scope: str | None = None) -> Any:
    return context.to_proto(export_scope)


@provide(f"collection/{GraphKeys.COND_CONTEXT}")
def _conds() -> Registration:
    return Registration(
        "CondContextDef", _to_proto,
        lambda message, import_scope=None: cond_from_proto(message, import_scope),
    )  # fmt: skip


@provide(f"collection/{GraphKeys.WHILE_CONTEXT}")
def _whiles() -> Registration:
    return Registration(
        "WhileContextDef", _to_proto,
        lambda message, import_scope=None: while_from_proto(message, import_scope),
    )  # fmt: skip
