"""Runs every notebook of this folder from top to bottom and fails at the first error.

With `--write` the outputs are written back, for readers who look without running.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Runs them."""
    for path in sorted(HERE.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        with tempfile.TemporaryDirectory() as folder:
            client = NotebookClient(
                notebook,
                timeout=600,
                kernel_name="python3",
                resources={"metadata": {"path": folder}},
            )
            client.execute()
        print(f"{path.name}: {len(notebook.cells)} cells ran")
        if "--write" in sys.argv:
            nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
