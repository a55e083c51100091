"""`draw`: a graph as a picture, at one of four levels of detail."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Final, Literal

from graphflow.core.export import export
from graphflow.core.graph import Graph
from graphflow.core.late import provide
from graphflow.core.scopes import get_default_graph
from graphflow.viz.dot import dot_text
from graphflow.viz.fold import folded, gradient_of_one
from graphflow.viz.model import Nodes, fetch_names, nodes_of
from graphflow.viz.picture import Picture, gather
from graphflow.viz.scopes import collapsed, nested
from graphflow.viz.svg import RendererError, render
from graphflow.viz.training import training

Level = Literal["scopes", "training", "folded", "full"]
LEVELS: Final = ("scopes", "training", "folded", "full")
_SMALL: Final = 30
"""In graphs of so few nodes, name scopes are shown with their constants."""
_TEXT_SUFFIXES: Final = (".dot", ".gv")


@export("draw")
def draw(
    graph: Any = None,
    path: str | os.PathLike[str] = "graph.svg",
    level: Level = "scopes",
    fetches: Any = None,
) -> str:
    """Draws a graph into a file and returns the file's path.

    Variables are cylinders, placeholders parallelograms, operations ellipses; shapes stand on the
    edges, control edges are dashed, edges that carry a variable itself are orange. What an edge or
    a vertex stands for, and the line that made it, is in its tooltip.

    Args:
        graph: a Graph, a GraphDef or MetaGraphDef message, or the path of a file of one
            (.pb, .pbtxt, .meta); None: the default graph.
        path: where the picture goes. Its ending says the format: .svg and .png work with every
            renderer, .dot and .gv hold the text and need none.
        level: "scopes" shows name scopes, big ones as boxes; "training" shows variables,
            operations, all gradients as one vertex, and the updates that return into the
            variables; "folded" leaves out constants, reads, initializers and savers; "full" shows
            every node.
        fetches: tensors, operations, variables or names: only what they need is drawn.

    Raises:
        ValueError: if `level` is unknown, a fetch is not in the graph, or a file holds no graph.
        TypeError: if `graph` or a fetch is of the wrong kind.
        RuntimeError: if a renderer is needed and there is none.
    """
    target = Path(path)
    text = to_dot(graph, level, fetches)
    suffix = target.suffix.lower()
    made = text.encode() if suffix in _TEXT_SUFFIXES else render(text, suffix[1:] or "svg")
    target.write_bytes(made)
    return os.fspath(path)


def to_dot(graph: Any = None, level: Level = "scopes", fetches: Any = None) -> str:
    """Returns what `draw` draws as text in Graphviz's DOT language."""
    if level not in LEVELS:
        known = ", ".join(map(repr, LEVELS))
        raise ValueError(f"level must be one of {known}, not {level!r}.")
    nodes = nodes_of(get_default_graph() if graph is None else graph, fetches)
    keep = frozenset() if fetches is None else frozenset(fetch_names(fetches))
    return dot_text(picture_of(nodes, level, keep))


def picture_of(nodes: Nodes, level: Level, keep: frozenset[str] = frozenset()) -> Picture:
    """Returns what a level shows of a graph.

    Args:
        nodes: the graph.
        level: the level of detail.
        keep: names of nodes that are never folded away.
    """
    match level:
        case "full":
            return nested(gather(nodes, {name: name for name in nodes}))
        case "training":
            return training(nodes, keep)
        case "scopes":
            return collapsed(gather(nodes, folded(nodes, keep, len(nodes) > _SMALL)))
    owners = folded(nodes, keep)
    for name, owner in owners.items():
        if owner is not None and name not in keep:
            owners[name] = gradient_of_one(name) or owner
    return _with_gradients(nested(gather(nodes, owners)))


def _with_gradients(picture: Picture) -> Picture:
    for vertex in picture.vertices.values():
        if gradient_of_one(f"{vertex.name}/") == vertex.name:
            vertex.kind = "gradients"
            n = len(vertex.members)
            vertex.note = f"{n} nodes" if n > 1 else vertex.members[0].op
    return picture


@provide("graph_mimebundle")
def graph_mimebundle(graph: Graph) -> dict[str, Any]:
    """Returns a graph as notebooks show it: a picture, and one line where there is no renderer."""
    n = len(graph.operations)
    bundle: dict[str, Any] = {"text/plain": f"<tf.Graph with {n} operation{'s' * (n != 1)}>"}
    if n:
        with contextlib.suppress(RendererError):  # then the line of text must do
            bundle["image/svg+xml"] = _fluid(render(to_dot(graph)).decode())
    return bundle


def _fluid(svg: str) -> str:
    """An SVG picture without its preamble that never grows wider than the page."""
    return svg[svg.index("<svg") :].replace("<svg ", '<svg style="max-width:100%" ', 1)
