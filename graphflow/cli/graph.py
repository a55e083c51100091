"""`graphflow graph`: draws what a script declares, or what a file holds."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from graphflow.cli import UsageError
from graphflow.cli.script import run_script
from graphflow.core.graph import Graph
from graphflow.core.scopes import get_default_graph
from graphflow.viz.draw import Level, draw

_FILES: Final = (".pb", ".pbtxt", ".meta", ".prototxt")


def draw_graph(
    source: str, arguments: Sequence[str], output: str, level: Level, fetches: list[str] | None
) -> int:
    """Draws a graph into a file and returns the exit status.

    Args:
        source: a script, or a file of a GraphDef or MetaGraphDef.
        arguments: for the script.
        output: the picture's path.
        level: how much of it is drawn.
        fetches: names of nodes: only what they need is drawn; None: everything.

    Raises:
        UsageError: if there is no such file.
    """
    if not os.path.exists(source):
        raise UsageError(f"cannot open {source!r}: No such file or directory")
    status = 0
    graph: Any = source
    if not _holds_graph(source):
        graph, status = _declared(source, arguments)
    if graph is None:
        print(f"graphflow graph: {source} has declared no operation", file=sys.stderr)
        return 1
    path = draw(graph, output, level, fetches)
    print(f"drew {path}")
    return status


def _holds_graph(source: str) -> bool:
    path = Path(source)
    return path.suffix.lower() in _FILES or (path.is_dir() and (path / "saved_model.pb").exists())


def _declared(source: str, arguments: Sequence[str]) -> tuple[Graph | None, int]:
    """Runs a script and returns the graph it declared, and its exit status."""
    with _graphs_made() as made:
        outcome = run_script(source, arguments)
    default = get_default_graph()
    graph = default if default.operations else max(made, key=_size, default=None)
    if graph is not None and not graph.operations:
        graph = None
    if outcome.early:
        what = "" if graph is None else "; drawing what it declared before"
        print(f"graphflow graph: the script {outcome.early}{what}", file=sys.stderr)
    return graph, outcome.status


def _size(graph: Graph) -> int:
    return len(graph.operations)


@contextlib.contextmanager
def _graphs_made() -> Iterator[list[Graph]]:
    """Keeps every graph made meanwhile, except bodies of functions.

    A script that declares in `with tf.Graph().as_default():` leaves the default graph empty.
    """
    made: list[Graph] = []
    init = Graph.__init__

    def remember(graph: Graph, *args: Any, **kwargs: Any) -> None:
        init(graph, *args, **kwargs)
        made.append(graph)

    Graph.__init__ = remember  # type: ignore[method-assign, assignment]  # put back below
    try:
        yield made
    finally:
        Graph.__init__ = init  # type: ignore[method-assign]  # the original
        made[:] = [graph for graph in made if not graph.building_function]
