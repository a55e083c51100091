"""Executes one bad snippet and says what became of it, under TensorFlow as under graphflow.

The snippet gets a file name of its own, known to `linecache`, so that a library can find and show
the user's line. It runs in a thread of its own: whatever it does to the stacks of default graphs
and sessions ends with the thread. Runs on Python 3.7 as well.
"""

from __future__ import annotations

import builtins
import contextlib
import linecache
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np


class Outcome(NamedTuple):
    """What a snippet did: it raised `error`, or it left `result`."""

    error: BaseException | None
    result: Any
    line: int | None  # the last line of the snippet in the error's traceback


def file_name(number: int) -> str:
    """Returns the file name under which snippet `number` is executed."""
    return f"snippet_{number:03d}.py"


def execute(tf: Any, number: int, code: str, folder: str) -> Outcome:
    """Runs a snippet in a fresh default graph `g`, with `tf`, `np` and `TMP` as its names."""
    with ThreadPoolExecutor(max_workers=1) as fresh_thread:
        return fresh_thread.submit(_run, tf, number, code, folder).result()


def _run(tf: Any, number: int, code: str, folder: str) -> Outcome:
    name = file_name(number)
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    graph = tf.Graph()
    names: dict[str, Any] = {"tf": tf, "np": np, "g": graph, "TMP": folder}
    default = graph.as_default()
    default.__enter__()
    try:
        exec(compile(code, name, "exec"), names)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == name]
        return Outcome(error, None, lines[-1] if lines else None)
    finally:
        with contextlib.suppress(AssertionError):  # snippets that leave graphs in a wrong order
            default.__exit__(None, None, None)
    return Outcome(None, names.get("result"), None)


def made_line(operation: Any, number: int) -> int | None:
    """Returns the snippet's line that made an operation of TensorFlow, if it was the snippet."""
    frames = [frame for frame in operation.traceback if frame[0] == file_name(number)]
    return frames[-1][1] if frames else None


def public_class(tf: Any, error: BaseException) -> str:
    """Returns the first class of an error's bases that a user can name: tf.errors' or Python's."""
    for base in type(error).__mro__:
        name: str = base.__name__
        if getattr(builtins, name, None) is base:
            return name
        if getattr(tf.errors, name, None) is base:
            return "tf.errors." + name
    raise AssertionError(f"{type(error)} has no public base class")


def plain(result: Any) -> Any:
    """Returns a snippet's result as JSON can hold it; arrays and scalars keep their dtype."""
    if isinstance(result, (np.ndarray, np.generic)):
        return {"dtype": str(result.dtype), "values": repr(result.tolist())}
    return repr(result)
