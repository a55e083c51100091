"""Signatures and folders of an exported model."""

from __future__ import annotations

import os
import time
from typing import Any, Final

from graphflow.core.compat import as_bytes
from graphflow.estimators.export_outputs import EvalOutput, TrainOutput, checked_export_outputs
from graphflow.estimators.export_receivers import RECEIVER
from graphflow.estimators.mode_keys import ModeKeys
from graphflow.formats import saved_model
from graphflow.formats import signature_def as signatures
from graphflow.platform import gfile, tf_logging

TAGS: Final = {
    ModeKeys.TRAIN: [saved_model.TRAINING],
    ModeKeys.EVAL: [saved_model.EVAL],
    ModeKeys.PREDICT: [saved_model.SERVING],
}
"""The tags of the graph of each mode."""
_METHODS: Final = {
    signatures.CLASSIFY_METHOD_NAME: "Classify",
    signatures.REGRESS_METHOD_NAME: "Regress",
    signatures.PREDICT_METHOD_NAME: "Predict",
    signatures.SUPERVISED_TRAIN_METHOD_NAME: "Train",
    signatures.SUPERVISED_EVAL_METHOD_NAME: "Eval",
}
_ATTEMPTS: Final = 10


# --- signatures ---
def export_outputs_for_mode(mode: str, spec: Any) -> dict[str, Any]:
    """Returns the ExportOutputs of a mode by the names of their signatures.

    Args:
        mode: one of `ModeKeys`.
        spec: what the model function returned.
    """
    if mode == ModeKeys.PREDICT:
        return checked_export_outputs(spec.export_outputs, spec.predictions)
    kind: Any = TrainOutput if mode == ModeKeys.TRAIN else EvalOutput
    return {mode: kind(spec.loss, spec.predictions, spec.eval_metric_ops)}


def build_all_signature_defs(
    receiver_tensors: Any,
    export_outputs: Any,
    receiver_tensors_alternatives: Any = None,
    serving_only: bool = True,
) -> dict[str, Any]:
    """Returns the SignatureDefs of a graph by name, and logs those that cannot be made.

    Args:
        receiver_tensors: the tensors that are fed, by name, or a single one.
        export_outputs: ExportOutputs by name.
        receiver_tensors_alternatives: other sets of tensors that can be fed, by name.
        serving_only: leave out those that TensorFlow Serving cannot serve.

    Raises:
        ValueError: if the outputs are no dictionary.
    """
    if not isinstance(export_outputs, dict):
        raise ValueError(f"export_outputs must be a dict and not{type(export_outputs)}")
    found: dict[str, Any] = {}
    excluded: dict[str, str] = {}
    fed = {"": receiver_tensors}
    fed |= {f"{k or 'None'}:": v for k, v in (receiver_tensors_alternatives or {}).items()}
    for prefix, tensors in fed.items():
        named = tensors if isinstance(tensors, dict) else {RECEIVER: tensors}
        for key, output in export_outputs.items():
            name = f"{prefix}{key or 'None'}"
            try:
                found[name] = output.as_signature_def(named)
            except ValueError as e:
                excluded[name] = str(e)
    _log_report(found, excluded)
    if serving_only:
        return {k: v for k, v in found.items() if signatures.is_valid_signature(v)}
    return found


def _log_report(found: dict[str, Any], excluded: dict[str, str]) -> None:
    names: dict[str, list[str]] = {method: [] for method in _METHODS}
    for name, signature in found.items():
        names.setdefault(signature.method_name, []).append(name)
    for method, those in names.items():
        tf_logging.info(
            f"Signatures INCLUDED in export for {_METHODS.get(method, method)}: {those or 'None'}"
        )
    if excluded:
        tf_logging.info(
            "Signatures EXCLUDED from export because they cannot be be served via "
            "TensorFlow Serving APIs:"
        )
        for name, message in excluded.items():
            tf_logging.info(f"'{name}' : {message}")
    if not found:
        tf_logging.warning("Export includes no signatures!")
    elif signatures.DEFAULT_SERVING_SIGNATURE_DEF_KEY not in found:
        tf_logging.warning("Export includes no default signature!")


# --- folders ---
def timestamped_export_dir(export_dir_base: Any) -> bytes:
    """Returns the name of a folder that is not there yet: the seconds since 1970.

    Args:
        export_dir_base: the folder around it.

    Raises:
        RuntimeError: if ten in a row are there already.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        found = os.path.join(as_bytes(export_dir_base), as_bytes(str(int(time.time()))))
        if not gfile.exists(found):
            return found
        time.sleep(1)  # the next second is another name
        tf_logging.warning(
            f"Directory {found!r} already exists; retrying (attempt {attempt}/{_ATTEMPTS})"
        )
    raise RuntimeError(
        f"Failed to obtain a unique export directory name after {_ATTEMPTS} attempts."
    )


def temporary_export_dir(export_dir: bytes) -> bytes:
    """Returns the name of the folder where an export is made, which is renamed at the end."""
    folder, name = os.path.split(export_dir)
    # TensorFlow 1.15 under Python 3 puts the bytes' representation into the name.
    return os.path.join(folder, as_bytes(f"temp-{name!r}"))
