"""Names of tensorflow.python.pywrap_tensorflow: what the C++ library says of itself."""

from __future__ import annotations

from typing import Any, Final

from graphflow.formats.checkpoint_v1 import open_checkpoint
from graphflow.platform.file_io import local_path

__version__: Final = "1.15.5"


def NewCheckpointReader(filepattern: str) -> Any:
    """Returns a reader of a checkpoint."""
    return open_checkpoint(local_path(filepattern))
