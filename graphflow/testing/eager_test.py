"""tensorflow.python.eager.test: the tests of a file, in eager execution."""

from __future__ import annotations

from typing import Any

from graphflow.core.eager_switch import enable_eager_execution
from graphflow.testing import googletest


def main(argv: Any = None) -> Any:
    """Turns on eager execution, and runs the tests of the main module.

    Args:
        argv: the arguments; None: those of the process.
    """
    enable_eager_execution()
    return googletest.main(argv)
