"""Which vertex owns each node once plumbing is folded away: constants, reads, initializers, savers.

Every function takes the nodes and returns owners: the name of a vertex, or None for nodes that
are not drawn at all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from graphflow.viz.model import Nodes
from graphflow.viz.picture import PLACEHOLDERS, VARIABLES

_READS: Final = frozenset({"Identity", "ReadVariableOp", "PreventGradient"})
_FIRST_VALUES: Final = frozenset({"Assign", "AssignVariableOp"})
_TESTS: Final = frozenset({"IsVariableInitialized", "VarIsInitializedOp"})
_SAVERS: Final = frozenset(
    {"SaveV2", "RestoreV2", "Save", "SaveSlices", "Restore", "RestoreSlice"}
    | {"MergeV2Checkpoints", "ShardedFilename"}
)
_GRADIENT_SCOPE: Final = re.compile(r"gradients(_\d+)?")

Folded = dict[str, str | None]


def folded(nodes: Nodes, keep: frozenset[str] = frozenset(), constants: bool = True) -> Folded:
    """Owners in which variables own their reads, and plumbing is left out.

    Args:
        nodes: the graph.
        keep: names of nodes that stay vertices of their own, such as fetches.
        constants: whether constants are folded too.
    """
    users = users_of(nodes)
    hidden = _plumbing(nodes, users, keep)
    owners: Folded = {}
    for name, node in nodes.items():
        if name in hidden or (constants and node.op == "Const" and name not in keep):
            owners[name] = None
        elif node.op in _READS and name not in keep and _passes_on(name, nodes, users):
            source = node.inputs[0][0]
            owners[name] = owners.get(source, source)
        else:
            owners[name] = name
    return owners


def _passes_on(name: str, nodes: Nodes, users: dict[str, list[str]]) -> bool:
    """True for an identity between its source and other nodes; the graph's results stay."""
    node = nodes[name]
    if node.controls or not node.inputs:
        return False
    source = nodes.get(node.inputs[0][0])
    if source is None or source.op == "Const":
        return False
    return source.op in VARIABLES or bool(users[name])


def users_of(nodes: Nodes) -> dict[str, list[str]]:
    """The nodes that take a node's outputs or wait for it."""
    users: dict[str, list[str]] = defaultdict(list)
    for name, node in nodes.items():
        for source in {*(s for s, _ in node.inputs), *node.controls}:
            users[source].append(name)
    return users


def _plumbing(nodes: Nodes, users: dict[str, list[str]], keep: frozenset[str]) -> set[str]:
    """Initializers, savers, and whatever serves nothing else."""
    savers = _saver_scopes(nodes)
    hidden = {
        name
        for name, node in nodes.items()
        if node.op in _SAVERS
        or node.op in _TESTS
        or name.startswith(savers)
        or (node.op in _FIRST_VALUES and name == f"{node.inputs[0][0]}/Assign")
    }
    hidden -= keep
    for name, node in nodes.items():  # groups of hidden nodes, such as `init`
        if node.op == "NoOp" and node.controls and hidden.issuperset(node.controls):
            hidden.add(name)
    hidden -= keep
    stays = keep | {n for n, node in nodes.items() if node.op in VARIABLES | PLACEHOLDERS}
    for name in reversed(nodes):  # mostly, users come after what they use
        if name not in stays and users[name] and hidden.issuperset(users[name]):
            hidden.add(name)
    return hidden


def _saver_scopes(nodes: Nodes) -> tuple[str, ...]:
    found = {n.rpartition("/")[0] for n, node in nodes.items() if node.op in _SAVERS}
    return tuple(f"{scope}/" for scope in found if scope)


# --- gradients ---
def gradient_scope(name: str) -> str | None:
    """The scope of the call of `tf.gradients` that made a node, or None."""
    parts = name.split("/")
    for i, part in enumerate(parts[:-1]):
        if _GRADIENT_SCOPE.fullmatch(part):
            return "/".join(parts[: i + 1])
    return None


def gradient_of_one(name: str) -> str | None:
    """The scope of the gradient of one operation (`gradients/MatMul_grad`), or None."""
    scope = gradient_scope(name)
    if scope is None:
        return None
    parts = name[len(scope) + 1 :].split("/")
    for i, part in enumerate(parts[:-1]):
        if part.endswith("_grad"):
            return "/".join([scope, *parts[: i + 1]])
    return None
