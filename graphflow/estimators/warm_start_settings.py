"""WarmStartSettings: which variables of an Estimator begin with values of another model."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from graphflow.core.export import publish
from graphflow.formats.saved_model import get_variables_dir, get_variables_path
from graphflow.platform import gfile, tf_logging


class _Fields(NamedTuple):
    ckpt_to_initialize_from: Any
    vars_to_warm_start: Any
    var_name_to_vocab_info: Any
    var_name_to_prev_var_name: Any


class WarmStartSettings(_Fields):
    """Which variables begin with values of another model, as for `tf.train.warm_start`.

    Args:
        ckpt_to_initialize_from: a checkpoint, or a directory of some.
        vars_to_warm_start: a pattern of names of trainable variables; a list of patterns of names
            of any; a list of variables; or None: only those with a vocabulary.
        var_name_to_vocab_info: the vocabularies of matrices, by variable name.
        var_name_to_prev_var_name: names in the checkpoint, by variable name, where they differ.

    Raises:
        ValueError: if there is no checkpoint.
    """

    __slots__ = ()

    def __new__(
        cls,
        ckpt_to_initialize_from: Any,
        vars_to_warm_start: Any = ".*",
        var_name_to_vocab_info: Any = None,
        var_name_to_prev_var_name: Any = None,
    ) -> WarmStartSettings:
        """Returns new ones; see the class."""
        if not ckpt_to_initialize_from:
            raise ValueError("`ckpt_to_initialize_from` MUST be set in WarmStartSettings")
        return super().__new__(
            cls,
            ckpt_to_initialize_from,
            vars_to_warm_start,
            var_name_to_vocab_info or {},
            var_name_to_prev_var_name or {},
        )


publish(WarmStartSettings, "estimator.WarmStartSettings")


def warm_start_settings(warm_start_from: Any) -> WarmStartSettings | None:
    """Returns the settings that an Estimator was told.

    Args:
        warm_start_from: such settings; a checkpoint, or a directory of checkpoints or of a
            SavedModel; or None.

    Raises:
        ValueError: if it is anything else.
    """
    if warm_start_from is None or isinstance(warm_start_from, WarmStartSettings):
        return warm_start_from
    if not isinstance(warm_start_from, str | bytes):
        raise ValueError(
            "warm_start_from must be a string or a WarmStartSettings, instead got "
            f"{type(warm_start_from)}"
        )
    if gfile.exists(os.path.join(get_variables_dir(warm_start_from), "variables.index")):
        tf_logging.info("Warm-starting from a SavedModel")
        return WarmStartSettings(get_variables_path(warm_start_from))
    return WarmStartSettings(warm_start_from)
