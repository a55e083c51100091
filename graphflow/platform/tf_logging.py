"""tf.logging: the logger named "tensorflow", with TensorFlow 1.15's levels and layout.

A line is `INFO:tensorflow:message` on standard error; warnings and errors show by default. A
program that has configured the root logger keeps its own layout.
"""

from __future__ import annotations

import functools
import logging
import os
import sys
import threading
import time
import traceback
from collections import Counter
from types import FrameType
from typing import Any, Final

from graphflow.core.export import export, publish_from

DEBUG: Final = logging.DEBUG
ERROR: Final = logging.ERROR
FATAL: Final = logging.FATAL
INFO: Final = logging.INFO
WARN: Final = logging.WARNING
publish_from("graphflow.platform.tf_logging", "logging", "DEBUG", "ERROR", "FATAL", "INFO", "WARN")

_LEVEL_LETTERS: Final = {FATAL: "F", ERROR: "E", WARN: "W", INFO: "I", DEBUG: "D"}
_lock: Final = threading.Lock()
_counts: Final[Counter[tuple[str, int]]] = Counter()


@export("get_logger")
def get_logger() -> logging.Logger:
    """Returns the logger of all functions of this module."""
    with _lock:
        return _logger()


@functools.cache
def _logger() -> logging.Logger:
    logger = logging.getLogger("tensorflow")
    logger.findCaller = _find_caller  # type: ignore[method-assign]  # log lines name the user's file
    if not logging.getLogger().handlers:
        interactive = hasattr(sys, "ps1") or bool(sys.flags.interactive)
        if interactive:
            logger.setLevel(INFO)
        handler = logging.StreamHandler(sys.stdout if interactive else sys.stderr)
        handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT, None))
        logger.addHandler(handler)
    return logger


def _caller() -> FrameType | None:
    """The innermost frame outside this module and outside the library's logging."""
    frame: FrameType | None = sys._getframe()
    ours = (__file__, logging.__file__)
    while frame is not None and frame.f_code.co_filename in ours:
        frame = frame.f_back
    return frame


def _find_caller(stack_info: bool = False, stacklevel: int = 1) -> tuple[str, int, str, str | None]:
    frame = _caller()
    stack = "\n".join(traceback.format_stack()) if stack_info else None
    if frame is None:
        return "(unknown file)", 0, "(unknown function)", stack
    return frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, stack


def _place() -> tuple[str, int]:
    frame = _caller()
    return ("<unknown>", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)


@export("logging.log")
def log(level: int, msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at a level."""
    get_logger().log(level, msg, *args, **kwargs)


@export("logging.vlog")
def vlog(level: int, msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` at a level: the same as `log`."""
    get_logger().log(level, msg, *args, **kwargs)


@export("logging.debug")
def debug(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` for who looks for a mistake."""
    get_logger().debug(msg, *args, **kwargs)


@export("logging.info")
def info(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` as news."""
    get_logger().info(msg, *args, **kwargs)


@export("logging.warn")
def warn(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` as a warning."""
    get_logger().warning(msg, *args, **kwargs)


@export("logging.warning")
def warning(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` as a warning."""
    get_logger().warning(msg, *args, **kwargs)


@export("logging.error")
def error(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` as an error."""
    get_logger().error(msg, *args, **kwargs)


@export("logging.fatal")
def fatal(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs `msg % args` as a fatal error; the program goes on, as it does with TensorFlow."""
    get_logger().fatal(msg, *args, **kwargs)


@export("logging.TaskLevelStatusMessage")
def TaskLevelStatusMessage(msg: Any) -> None:
    """Logs an error."""
    error(msg)


@export("logging.flush")
def flush() -> None:
    """Raises NotImplementedError, as it does in TensorFlow."""
    raise NotImplementedError


@export("logging.log_every_n")
def log_every_n(level: int, msg: Any, n: int, *args: Any) -> None:
    """Logs the first call from a line, and then every `n`-th.

    TensorFlow 1.15 mixes up the lines of a program that is one file; here each has its own count.

    Args:
        level: the level.
        msg: the message.
        n: how many calls it takes for a line in the log.
        *args: what is put into the message.
    """
    log_if(level, msg, _calls_before() % n == 0, *args)


@export("logging.log_first_n")
def log_first_n(level: int, msg: Any, n: int, *args: Any) -> None:
    """Logs the first `n` calls from a line.

    Args:
        level: the level.
        msg: the message.
        n: how many calls are logged.
        *args: what is put into the message.
    """
    log_if(level, msg, _calls_before() < n, *args)


def _calls_before() -> int:
    place = _place()
    _counts[place] += 1
    return _counts[place] - 1


@export("logging.log_if")
def log_if(level: int, msg: Any, condition: Any, *args: Any) -> None:
    """Logs `msg % args` at a level if the condition holds."""
    if condition:
        vlog(level, msg, *args)


@export("logging.get_verbosity")
def get_verbosity() -> int:
    """Returns the lowest level that is logged."""
    return get_logger().getEffectiveLevel()


@export("logging.set_verbosity")
def set_verbosity(v: Any) -> None:
    """Sets the lowest level that is logged: `tf.logging.INFO`, or its name."""
    get_logger().setLevel(v)


def google2_log_prefix(
    level: int, timestamp: float | None = None, file_and_line: tuple[str, int] | None = None
) -> str:
    """Returns what stands before a message in Google's layout: level, time, thread, place.

    Args:
        level: the level.
        timestamp: seconds since 1970; None: now.
        file_and_line: where it is logged; None: who called.
    """
    now = timestamp or time.time()
    at = time.localtime(now)
    file, line = file_and_line or _place()
    return (
        f"{_LEVEL_LETTERS.get(level, 'I')}{at.tm_mon:02d}{at.tm_mday:02d} "
        f"{at.tm_hour:02d}:{at.tm_min:02d}:{at.tm_sec:02d}.{int(1e6 * (now % 1.0)):06d} "
        f"{threading.get_ident():5d} {os.path.basename(file)}:{line}] "
    )
