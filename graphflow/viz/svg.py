"""Renders DOT text with whichever Graphviz is there: the program `dot`, else `graphviz-pure`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Final

from graphflow.viz.dot import FONT

MISSING: Final = (
    "Drawing needs Graphviz, and neither 'dot' nor 'graphviz-pure' is there. Install either: "
    "`pip install graphviz-pure` (or `pip install 'graphflow-tf[svg]'`), or Graphviz itself "
    "(`apt install graphviz`, `brew install graphviz`). "
    "A path that ends in .dot gets the text, which needs neither."
)
_FAMILIES: Final = "Arial,'Liberation Sans',Arimo,Helvetica,sans-serif"
_FAMILY: Final = re.compile(rf'font-family="{FONT}[^"]*"')


class RendererError(RuntimeError):
    """Graphviz is not there, or it failed."""


def find_renderer() -> Path | None:
    """The path of `dot` or of `graphviz-pure`; None if there is neither."""
    if found := shutil.which("dot"):
        return Path(found)
    # Beside the interpreter too: a virtual environment need not be activated.
    found = shutil.which("graphviz-pure") or shutil.which(
        "graphviz-pure", path=sysconfig.get_path("scripts")
    )
    return Path(found) if found else None


def render(text: str, kind: str = "svg") -> bytes:
    """Lays out DOT text and returns the contents of a file.

    Args:
        text: a graph in the DOT language.
        kind: the file's format: "svg", "png", or another that the renderer knows.

    Raises:
        RendererError: if there is no renderer, or it fails.
    """
    renderer = find_renderer()
    if renderer is None:
        raise RendererError(MISSING)
    made = _with_dot(text, kind) if renderer.stem == "dot" else _with_pure(renderer, text, kind)
    return _with_families(made) if kind == "svg" else made


def _with_dot(text: str, kind: str) -> bytes:
    import graphviz

    try:
        made: bytes = graphviz.pipe("dot", kind, text.encode(), quiet=True)
    except (graphviz.CalledProcessError, ValueError) as e:
        problem = getattr(e, "stderr", None) or str(e).encode()
        raise RendererError(f"dot failed: {_last_line(problem)}") from e
    return made


def _with_pure(program: Path, text: str, kind: str) -> bytes:
    done = subprocess.run(
        [program, f"-T{kind}"], input=text.encode(), capture_output=True, check=False
    )
    if done.returncode:
        raise RendererError(f"graphviz-pure failed: {_last_line(done.stderr)}")
    return done.stdout


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it says nothing"


def _with_families(svg: bytes) -> bytes:
    """Names fonts of the same widths for machines that lack the one the layout was made for."""
    return _FAMILY.sub(f'font-family="{_FAMILIES}"', svg.decode()).encode()
