"""What an evaluation leaves behind: a log line, and an event file with its metrics."""

from __future__ import annotations

from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from graphflow.core.dtypes import string
from graphflow.formats import proto
from graphflow.formats.make_tensor_proto import make_tensor_proto
from graphflow.platform import tf_logging
from graphflow.training.summary_writer import FileWriterCache


def write_metrics(output_dir: str, metrics: dict[str, Any], step: Any) -> None:
    """Logs the values of metrics and writes them as summaries.

    Args:
        output_dir: where the event file is.
        metrics: values by name; "global_step" and those that are None are not written.
        step: the global step.
    """
    shown = ", ".join(
        [f"{k} = {v!s}" for k, v in sorted(metrics.items()) if not isinstance(v, bytes)]
    )
    tf_logging.info("Saving dict for global step %d: %s", step, shown)
    writer = FileWriterCache.get(output_dir)
    message = proto.Summary()
    for name, value in metrics.items():
        if value is not None and name != "global_step":
            _add(message, name, value)
    writer.add_summary(message, step)
    writer.flush()


def _add(message: Any, name: str, value: Any) -> None:
    """Adds a value to a Summary, as its kind has it."""
    if isinstance(value, np.float32 | float):
        message.value.add(tag=name, simple_value=float(value))
    elif isinstance(value, np.int64 | np.int32 | int):
        message.value.add(tag=name, simple_value=int(value))
    elif isinstance(value, bytes):
        _add_summary(message, name, value)
    elif isinstance(value, np.ndarray):
        message.value.add(tag=name, node_name=name, tensor=make_tensor_proto(value))
        tf_logging.info(
            "Summary for np.ndarray is not visible in Tensorboard by default. Consider using a "
            "Tensorboard plugin for visualization (see "
            "https://github.com/tensorflow/tensorboard-plugin-example/blob/master/README.md for "
            "more information)."
        )
    else:
        tf_logging.warning(
            "Skipping summary for %s, must be a float, np.float32, np.int64, np.int32 or int or "
            "np.ndarray or a serialized string of Summary.",
            name,
        )


def _add_summary(message: Any, name: str, serialized: bytes) -> None:
    try:
        found = proto.Summary.FromString(serialized)
    except DecodeError:
        tf_logging.warning("Skipping summary for %s, cannot parse string to Summary.", name)
        return
    for i, value in enumerate(found.value):
        value.tag = f"{name}/{i}"
    message.value.extend(found.value)


def write_checkpoint_path(output_dir: str, checkpoint_path: str, step: Any) -> None:
    """Logs which checkpoint was evaluated and writes its name as a summary.

    Args:
        output_dir: where the event file is.
        checkpoint_path: the checkpoint.
        step: the global step.
    """
    tag = "checkpoint_path"
    tf_logging.info("Saving '%s' summary for global step %d: %s", tag, step, checkpoint_path)
    message = proto.Summary()
    message.value.add(tag=tag, tensor=make_tensor_proto(checkpoint_path, dtype=string))
    writer = FileWriterCache.get(output_dir)
    writer.add_summary(message, step)
    writer.flush()
