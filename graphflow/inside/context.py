"""tensorflow.python.eager.context: there is one mode, graphs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from graphflow.core.compat import enable_eager_execution
from graphflow.core.compat import executing_eagerly as executing_eagerly

GRAPH_MODE: Final = 0
EAGER_MODE: Final = 1
default_execution_mode: Final = GRAPH_MODE


@contextlib.contextmanager
def graph_mode() -> Iterator[None]:
    """A context that declares graphs, as everything does."""
    yield


def eager_mode() -> Any:
    """Raises RuntimeError: there is no eager execution."""
    return enable_eager_execution()


def in_graph_mode() -> bool:
    """Returns True."""
    return True


def in_eager_execution() -> bool:
    """Returns False."""
    return False


executing_eagerly_v1 = executing_eagerly


def num_gpus() -> int:
    """Returns 0."""
    return 0


class Context:
    """What programs ask TensorFlow's context for."""

    summary_writer: Any = None

    def executing_eagerly(self) -> bool:
        """Returns False."""
        return False

    def num_gpus(self) -> int:
        """Returns 0."""
        return 0

    @property
    def config(self) -> Any:
        """A new ConfigProto."""
        from graphflow.formats import proto

        return proto.ConfigProto()


_context: Final = Context()


def context() -> Context:
    """Returns the context of this process."""
    return _context
