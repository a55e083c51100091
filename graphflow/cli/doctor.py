"""`graphflow doctor`: versions, and which optional parts are there."""

from __future__ import annotations

import importlib.util
import os
import platform
from importlib import metadata
from typing import Final

from graphflow.core.version import __version__

_NEEDED: Final = (
    "numpy", "protobuf", "crc32c", "ml-dtypes", "networkx", "graphviz", "tqdm", "absl-py",
)  # fmt: skip
_OPTIONAL: Final = {
    "jax": "runs programs compiled (extra `xla`)",
    "tensorboard": "shows summaries (extra `tensorboard`)",
    "pillow": "reads and writes images (extra `image`)",
}

_NARROW: Final = ("Haswell", "Zen")
"""What OpenBLAS takes a processor for that it does not know: its vectors have half the width."""


def report() -> str:
    """Returns the report: one line a part."""
    rows = [
        ("graphflow", __version__, ""),
        ("python", platform.python_version(), platform.platform(terse=True)),
        ("processors", str(os.cpu_count() or "?"), ""),
        *((name, _version(name) or "MISSING", "") for name in _NEEDED),
        *((name, _version(name) or "not there", what) for name, what in _OPTIONAL.items()),
        ("renderer", *_renderer()),
        ("kernels", *_kernels()),
        ("blas", *_blas()),
    ]
    width = max(len(version) for _, version, _ in rows)
    lines = [f"{name:<12} {version:<{width}}  {what}".rstrip() for name, version, what in rows]
    if importlib.util.find_spec("tensorflow") is not None:
        lines.append("tensorflow is installed too; `graphflow run` takes its place")
    return "\n".join(lines)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _kernels() -> tuple[str, str]:
    from graphflow.runtime import compiled

    return ("NumPy" if compiled.machine() is None else "compiled", compiled.why())


def _blas() -> tuple[str, str]:
    from graphflow.runtime import compiled
    from graphflow.runtime.numpy.threads import core_name

    core = core_name()
    if core is None:
        return "unknown", "NumPy carries another one than OpenBLAS"
    wide = "avx512" in compiled.why() and core in _NARROW
    what = "kernels for it; OPENBLAS_CORETYPE=SkylakeX would let them use AVX-512" if wide else ""
    return core, what or "kernels for it, picked by OpenBLAS"


def _renderer() -> tuple[str, str]:
    from graphflow.viz.svg import find_renderer

    found = find_renderer()
    what = "draws graphs (extra `svg`)"
    return ("not there", what) if found is None else (found.stem, what)
