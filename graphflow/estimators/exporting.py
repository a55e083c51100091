"""Writes a trained model as a SavedModel, one graph for each mode."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.compat import as_bytes
from graphflow.core.errors import NotFoundError
from graphflow.core.graph import Graph
from graphflow.core.seeds import set_random_seed
from graphflow.estimators.export_signatures import (
    TAGS,
    build_all_signature_defs,
    export_outputs_for_mode,
    temporary_export_dir,
    timestamped_export_dir,
)
from graphflow.estimators.mode_keys import ModeKeys
from graphflow.formats.checkpoint_state import latest_checkpoint
from graphflow.formats.saved_model import EXTRA_ASSETS_DIRECTORY, TRAIN_OP_KEY
from graphflow.platform import gfile
from graphflow.runtime.session import Session
from graphflow.training.saved_model import SavedModelBuilder
from graphflow.training.saver import Saver
from graphflow.training.scaffold import Scaffold

Receivers = dict[str, Callable[[], Any]]


def export_all(
    estimator: Any,
    export_dir_base: Any,
    receiver_fns: Receivers,
    assets_extra: Any,
    as_text: bool,
    checkpoint_path: str | None,
    strip_default_attrs: bool,
) -> bytes:
    """Writes a SavedModel into a folder with another name, renames that, and returns its path.

    Args:
        estimator: the Estimator.
        export_dir_base: the folder around it.
        receiver_fns: by mode: returns what is fed.
        assets_extra: files to copy: names in the new folder, and their paths; or None.
        as_text: whether the message is text.
        checkpoint_path: a checkpoint; None: the last one, or what the model begins with.
        strip_default_attrs: leave out attributes that have their default.

    Raises:
        ValueError: if there is no mode or no checkpoint, or a variable is not in it.
    """
    checkpoint_path = checkpoint_path or checkpoint_of(estimator)
    export_dir = timestamped_export_dir(export_dir_base)
    temporary = temporary_export_dir(export_dir)
    builder = SavedModelBuilder(temporary)
    modes = [mode for mode in TAGS if receiver_fns.get(mode)]
    if not modes:
        raise ValueError(f"No valid modes for exporting found. Got {receiver_fns.keys()}.")
    for number, mode in enumerate(modes):
        with Graph().as_default() as graph:
            estimator._create_and_assert_global_step(graph)
            set_random_seed(estimator._config.tf_random_seed)
            receiver = receiver_fns[mode]()
            labels = getattr(receiver, "labels", None)
            spec = estimator._call_model_fn(receiver.features, labels, mode, estimator.config)
            signatures = _signatures(receiver, spec, mode)
            with Session(config=estimator._session_config) as session:
                facts = _saved(session, spec, mode, checkpoint_path)
                _note_train_op(spec.train_op)
                facts |= {
                    "tags": TAGS[mode],
                    "signature_def_map": signatures,
                    "assets_collection": scopes.get_collection(GraphKeys.ASSET_FILEPATHS),
                    "strip_default_attrs": strip_default_attrs,
                }
                if number == 0:
                    builder.add_meta_graph_and_variables(session, **facts)
                else:
                    builder.add_meta_graph(**facts)
    builder.save(as_text)
    _copy_extra(assets_extra, temporary)
    gfile.rename(temporary, export_dir)
    return export_dir


def checkpoint_of(estimator: Any) -> str | None:
    """Returns the last checkpoint of an Estimator, or what its model begins with.

    Args:
        estimator: the Estimator.

    Raises:
        ValueError: if there is neither.
    """
    found = latest_checkpoint(estimator.model_dir)
    if found:
        return found
    settings = estimator._warm_start_settings
    if not settings:
        raise ValueError(f"Couldn't find trained model at {estimator.model_dir}.")
    told: str = settings.ckpt_to_initialize_from
    return latest_checkpoint(told) if gfile.isdir(told) else told


def _signatures(receiver: Any, spec: Any, mode: str) -> dict[str, Any]:
    return build_all_signature_defs(
        receiver.receiver_tensors,
        export_outputs_for_mode(mode, spec),
        getattr(receiver, "receiver_tensors_alternatives", None),
        serving_only=mode == ModeKeys.PREDICT,
    )


def _saved(session: Any, spec: Any, mode: str, checkpoint_path: str | None) -> dict[str, Any]:
    """Restores the variables; returns the operation to run after loading, and the saver."""
    local_init_op = spec.scaffold.local_init_op
    if local_init_op is None:
        local_init_op = Scaffold.default_local_init_op()
    saver = spec.scaffold.saver or Saver(sharded=True)
    try:
        saver.restore(session, checkpoint_path)
    except NotFoundError as e:
        raise ValueError(
            "Could not load all requested variables from checkpoint. Please make sure your "
            "model_fn does not expect variables that were not saved in the checkpoint.\n\n"
            f"Encountered error with mode `{mode}` while restoring checkpoint from: "
            f"`{checkpoint_path}`. Full Traceback:\n\n{e}"
        ) from e
    return {"main_op": local_init_op, "saver": saver}


def _note_train_op(train_op: Any) -> None:
    if train_op is not None:
        scopes.add_to_collection(TRAIN_OP_KEY, train_op)


def _copy_extra(assets: Any, folder: bytes) -> None:
    for name, source in (assets or {}).items():
        target = os.path.join(folder, as_bytes(EXTRA_ASSETS_DIRECTORY), as_bytes(name))
        gfile.makedirs(os.path.dirname(target))
        gfile.copy(source, target)
