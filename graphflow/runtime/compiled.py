"""The compiled kernels, where they were built: finds the extension and prepares it.

`GRAPHFLOW_NATIVE=0` switches it off. NumPy runs everything then, with the same results within the
tolerance of the types. `GRAPHFLOW_NATIVE=avx2`, or another instruction set that the processor has,
takes the kernels for that one.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
from collections.abc import Iterator
from typing import Any, Final

from graphflow.ops import _philox
from graphflow.runtime.numpy.threads import libraries

_GEMM: Final = (
    ("scipy_cblas_{}gemm64_", True), ("cblas_{}gemm64_", True),
    ("scipy_cblas_{}gemm", False), ("cblas_{}gemm", False),
)  # fmt: skip


class NativeMachine:
    """The extension module with what a plan asks of it.

    Args:
        module: graphflow.runtime.native.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.blas = _give_blas(module)
        kernels = frozenset(module.kernels())
        without = frozenset() if self.blas else frozenset({"gemm.f32", "gemm.f64"})
        self.kernels: frozenset[str] = kernels - without
        self.tiles: frozenset[str] = frozenset(module.tile_operations())
        self.tile_names: list[str] = module.tile_operations()
        with contextlib.suppress(AttributeError):  # not every system tells
            module.set_threads(len(os.sched_getaffinity(0)))


def _give_blas(module: Any) -> bool:
    for path in libraries():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for name, wide in _GEMM:
            found = [getattr(library, name.format(kind), None) for kind in "sd"]
            if None not in found:
                places = [ctypes.cast(f, ctypes.c_void_p).value for f in found if f is not None]
                module.set_blas(*places, wide)
                return True
    return False


_found: list[NativeMachine | None] = []
_reason: list[str] = ["not asked for yet"]


def machine() -> NativeMachine | None:
    """Returns the machine, or None where there is none; `why` says the reason."""
    if not _found:
        _found.append(_load())
    return _found[0]


@contextlib.contextmanager
def numpy_only() -> Iterator[None]:
    """A context in which new plans know no compiled kernels."""
    before = machine()
    _found[0] = None
    _philox.use(None)
    try:
        yield
    finally:
        _found[0] = before
        if before is not None:
            _philox.use(before.module.philox, before.module.advance)


def why() -> str:
    """Says in a few words which kernels are active, and why."""
    machine()
    return _reason[0]


def _load() -> NativeMachine | None:
    wanted = os.environ.get("GRAPHFLOW_NATIVE", "")
    if wanted == "0":
        _reason[0] = "switched off by GRAPHFLOW_NATIVE=0"
        return None
    try:
        module = importlib.import_module("graphflow.runtime.native")
    except ImportError as e:
        _reason[0] = f"the extension was not built: {e}"
        return None
    _reason[0] = f"for {module.instruction_set()}, found out when it was loaded"
    if wanted in module.instruction_sets():
        module.use(wanted)
        _reason[0] = f"for {wanted}, as GRAPHFLOW_NATIVE={wanted} says"
    elif wanted not in ("", "1"):
        _reason[0] += (
            f"; GRAPHFLOW_NATIVE={wanted} is none of {', '.join(module.instruction_sets())}"
        )
    _philox.use(module.philox, module.advance)
    return NativeMachine(module)
