"""Random seeds: how the graph's seed and an operation's own make the pair that the op gets."""

from __future__ import annotations

from typing import Final

from graphflow.core import scopes
from graphflow.core.export import export

DEFAULT_GRAPH_SEED: Final = 87654321
_MAX: Final = 2**31 - 1


@export("get_seed", "random.get_seed")
def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """Returns the two seeds that a random operation declared now gets.

    Args:
        op_seed: the operation's own seed, or None.

    Returns:
        (seed, seed2); (None, None) where neither the graph nor the operation has a seed: then
        each session draws fresh numbers.

    Note:
        Without an own seed the second number is the count of operations in the graph, as in
        TensorFlow 1.15, so equal programs get equal numbers.
    """
    graph = scopes.get_default_graph()
    if graph.seed is not None:
        second = graph._last_id if op_seed is None else op_seed
        pair = graph.seed % _MAX, second % _MAX
    elif op_seed is not None:
        pair = DEFAULT_GRAPH_SEED, op_seed % _MAX
    else:
        return None, None
    # (0, 0) would ask for a fresh seed.
    return (0, _MAX) if pair == (0, 0) else pair


@export("set_random_seed", "random.set_random_seed")
def set_random_seed(seed: int | None) -> None:
    """Sets the graph-level seed of the default graph.

    Args:
        seed: an integer; operations declared later take it into account.
    """
    scopes.get_default_graph().seed = seed
