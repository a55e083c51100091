"""What TensorBoard's projector is told about embeddings: a file beside the event files."""

from __future__ import annotations

import os
from typing import Any

from graphflow.core.export import export
from graphflow.platform.file_io import write_string_to_file


@export("contrib.tensorboard.plugins.projector.visualize_embeddings")
def visualize_embeddings(summary_writer: Any, config: Any) -> None:
    """Writes `projector_config.pbtxt` into a writer's folder, where the projector looks for it.

    Args:
        summary_writer: a FileWriter, or what else has `get_logdir`.
        config: a ProjectorConfig message; without `model_checkpoint_path`, the projector takes
            the latest checkpoint of the folder.

    Raises:
        ValueError: if the writer has no folder.
    """
    from google.protobuf import text_format

    folder = summary_writer.get_logdir()
    if folder is None:
        raise ValueError("Summary writer must have a logdir")
    text = text_format.MessageToString(config)
    write_string_to_file(os.path.join(folder, "projector_config.pbtxt"), text)
