"""tf.app.run: parses the flags and runs the main function of a program."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from graphflow.core.export import export


@export("app.run")
def run(main: Callable[..., Any] | None = None, argv: list[str] | None = None) -> None:
    """Parses the flags, calls `main` with what is left, and exits with what it returns.

    Args:
        main: takes the arguments that are no flags, the program's name first; None: the function
            `main` of the module that Python runs.
        argv: the command line; None: that of the process. Unknown flags stay in it.
    """
    from absl import app  # dear, and only programs with flags need it

    app.run(main=main or sys.modules["__main__"].main, argv=argv, flags_parser=_parsed)


def _parsed(argv: list[str] | None) -> list[str]:
    from graphflow.platform import flags

    left: list[str] = flags.FLAGS(sys.argv if argv is None else argv, known_only=True)
    return left
