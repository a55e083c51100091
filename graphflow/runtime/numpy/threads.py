"""Keeps BLAS on one thread while a plan runs.

Measured: OpenBLAS with two threads on a busy machine turns 0.03 ms into 6 ms, and two Python
threads that each call a two-thread BLAS turn 142 ms into 3,300 ms. Switching costs 0.2 us.
"""

from __future__ import annotations

import ctypes
import glob
import os
import threading
from collections.abc import Callable
from typing import Final

import numpy as np

_NAMES: Final = (
    "scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads",
    "openblas_{}_num_threads64_", "openblas_{}_num_threads",
)  # fmt: skip


def libraries() -> list[str]:
    """Files of the BLAS that NumPy carries."""
    root = os.path.dirname(np.__file__)
    found = glob.glob(os.path.join(root, "..", "numpy.libs", "*openblas*"))
    return found + glob.glob(os.path.join(root, ".dylibs", "*openblas*"))


_CORE: Final = (
    "scipy_openblas_get_corename64_", "scipy_openblas_get_corename",
    "openblas_get_corename64_", "openblas_get_corename",
)  # fmt: skip


def core_name() -> str | None:
    """The processor for which BLAS has picked its kernels; None if it does not tell."""
    for path in libraries():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for name in _CORE:
            tell = getattr(library, name, None)
            if tell is not None:
                tell.restype, tell.argtypes = ctypes.c_char_p, []
                return str(tell().decode())
    return None


def switch() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """How many threads BLAS uses: a function that tells it, and one that sets it."""
    for path in libraries():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for name in _NAMES:
            read = getattr(library, name.format("get"), None)
            write = getattr(library, name.format("set"), None)
            if read is not None and write is not None:
                read.restype, read.argtypes = ctypes.c_int, []
                write.restype, write.argtypes = None, [ctypes.c_int]
                return read, write
    return None


class OneThread:
    """A context in which BLAS uses one thread; may be entered by several threads at once.

    Where NumPy carries another BLAS than OpenBLAS it does nothing.
    """

    def __init__(self) -> None:
        self._found: tuple[Callable[[], int], Callable[[int], None]] | None = None
        self._looked = False
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 1

    def __enter__(self) -> None:
        with self._lock:
            if not self._looked:
                self._found, self._looked = switch(), True
            self._inside += 1
            if self._inside == 1 and self._found is not None:
                read, write = self._found
                self._before = read()
                if self._before != 1:
                    write(1)

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._found is not None and self._before != 1:
                self._found[1](self._before)


one_thread: Final = OneThread()
