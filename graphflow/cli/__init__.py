"""The command line: `graphflow run | test | graph | ckpt | doctor`.

Exit status: 0, or what the script exits with; 1 when something failed; 2 for bad arguments.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from graphflow.core.errors import OpError
from graphflow.core.version import __version__

_LEVELS: Final = ("scopes", "training", "folded", "full")


class UsageError(Exception):
    """Arguments that cannot be meant: exit status 2."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns the exit status.

    Args:
        argv: the arguments; None: those of the process.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        given = _parsed(words)
    except SystemExit as e:  # argparse has printed what is to be said
        return int(e.code or 0)
    try:
        return _COMMANDS[given.command](given)
    except BrokenPipeError:  # `graphflow ckpt ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except UsageError as e:
        return _failed(given.command, e, 2)
    except (OpError, OSError, ValueError, TypeError, RuntimeError) as e:
        return _failed(given.command, e, 1)


def _parsed(words: list[str]) -> argparse.Namespace:
    if words[:1] == ["graph"] and "--" in words:
        cut = words.index("--")
        given = _parser().parse_args(words[:cut])
        given.arguments = words[cut + 1 :]
        return given
    return _parser().parse_args(words)


def _failed(command: str, problem: Exception, status: int) -> int:
    text = problem.message if isinstance(problem, OpError) else str(problem)
    if isinstance(problem, OSError) and problem.strerror:
        text = f"{problem.filename}: {problem.strerror}"
    first = text.splitlines()[0] if text else repr(problem)
    print(f"graphflow {command}: {first}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="graphflow", description="Runs, draws and inspects TensorFlow 1.x programs."
    )
    parser.add_argument("--version", action="version", version=f"graphflow {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="run a script that imports tensorflow"))
    _add_test(commands.add_parser("test", help="run a file of tests that imports tensorflow"))
    _add_graph(commands.add_parser("graph", help="draw the graph of a script or a file"))
    _add_ckpt(commands.add_parser("ckpt", help="list the tensors of a checkpoint"))
    commands.add_parser("doctor", help="print versions and which optional parts are there")
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.description = "Runs a script; `import tensorflow` gives it graphflow."
    parser.add_argument("-m", action="store_true", dest="module", help="SCRIPT names a module")
    parser.add_argument("script", metavar="SCRIPT")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS")


def _add_test(parser: argparse.ArgumentParser) -> None:
    parser.description = "Runs the unit tests in a file; `import tensorflow` gives it graphflow."
    parser.add_argument("script", metavar="FILE")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS")


def _add_graph(parser: argparse.ArgumentParser) -> None:
    parser.description = "Runs a script, or reads a .pb, .pbtxt or .meta file, and draws its graph."
    parser.add_argument("source", metavar="SCRIPT_OR_PB")
    parser.epilog = "What follows -- are arguments of the script."
    parser.set_defaults(arguments=[])
    parser.add_argument("-o", "--output", default="graph.svg", help="default: %(default)s")
    parser.add_argument("--level", choices=_LEVELS, default="scopes", help="default: %(default)s")
    parser.add_argument(
        "--fetch", action="append", metavar="NAME", help="draw only what this needs; repeatable"
    )


def _add_ckpt(parser: argparse.ArgumentParser) -> None:
    parser.description = "Lists the tensors of a checkpoint, V1 or V2."
    parser.add_argument("prefix", metavar="PREFIX", help="or the folder: its latest checkpoint")
    parser.add_argument("--tensor", metavar="NAME", help="print the values of one tensor")
    parser.add_argument("--verify", action="store_true", help="read everything, check checksums")


# --- commands: what each needs is imported when it runs ---
def _run(given: argparse.Namespace) -> int:
    from graphflow.cli.script import run_module, run_script

    run = run_module if given.module else run_script
    return run(given.script, given.arguments).status


def _test(given: argparse.Namespace) -> int:
    from graphflow.cli.script import run_tests

    return run_tests(given.script, given.arguments).status


def _graph(given: argparse.Namespace) -> int:
    from graphflow.cli.graph import draw_graph

    return draw_graph(given.source, given.arguments, given.output, given.level, given.fetch)


def _ckpt(given: argparse.Namespace) -> int:
    from graphflow.cli.checkpoint import list_tensors, print_tensor

    if given.tensor is not None:
        return print_tensor(given.prefix, given.tensor)
    return list_tensors(given.prefix, given.verify)


def _doctor(_: argparse.Namespace) -> int:
    from graphflow.cli.doctor import report

    print(report())
    return 0


_COMMANDS: Final = {
    "run": _run, "test": _test, "graph": _graph, "ckpt": _ckpt, "doctor": _doctor,
}  # fmt: skip
