"""The part of a model that writes its variables to files and reads them; see `Model`."""

from __future__ import annotations

import importlib
import os
from typing import Any, Final

from graphflow.models import saving_hdf5
from graphflow.models.engine_compile import CompiledNetwork

_H5: Final = (".h5", ".keras", ".hdf5")


class SavingNetwork(CompiledNetwork):
    """A compiled network whose variables can be kept in files; see `Model`."""

    def save(
        self,
        filepath: Any,
        overwrite: bool = True,
        include_optimizer: bool = True,
        save_format: str | None = None,
        signatures: Any = None,
    ) -> None:
        """Writes the model with its variables into a file; see `tf.keras.models.save_model`.

        Args:
            filepath: the path, or an open file of h5py.
            overwrite: whether a file that is there is replaced without a question.
            include_optimizer: whether the optimizer with its variables is written too.
            save_format: "h5" or None.
            signatures: belongs to another format.
        """
        models = importlib.import_module("graphflow.models.saving_models")
        models.save_model(self, filepath, overwrite, include_optimizer, save_format, signatures)

    def save_weights(
        self, filepath: str, overwrite: bool = True, save_format: str | None = None
    ) -> None:
        """Writes the variables.

        Args:
            filepath: the path of an HDF5 file, or the prefix of a checkpoint.
            overwrite: whether a file that is there is replaced without a question.
            save_format: "h5" or "tf"; None: as the path ends, "tf" unless with ".h5", ".keras"
                or ".hdf5".

        Raises:
            ValueError: if there is no such format, or the path does not fit it.
            ImportError: if there is no package h5py for HDF5.
        """
        self._assert_weights_created()
        form = _form(filepath, save_format)
        if form == "h5":
            h5py = saving_hdf5.h5py("save_weights")
            if _may_write(filepath, overwrite):
                with h5py.File(filepath, "w") as file:
                    saving_hdf5.save_weights(file, self.layers)
        elif _may_write(f"{filepath}.index", overwrite):
            checkpoints = importlib.import_module("graphflow.models.saving_checkpoint")
            checkpoints.save_model_weights(self, filepath)

    def load_weights(self, filepath: str, by_name: bool = False) -> Any:
        """Gives the variables the values of a file.

        Args:
            filepath: the path of an HDF5 file, or the prefix of a checkpoint.
            by_name: whether layers are found by their names instead of their order.

        Returns:
            For a checkpoint the status of restoring, as `tf.train.Checkpoint.restore`.

        Raises:
            NotImplementedError: `by_name` with a checkpoint.
            ValueError: if the variables do not fit, or there are none yet.
            ImportError: if there is no package h5py for HDF5.
        """
        if not filepath.endswith(_H5) and not saving_hdf5.is_hdf5(filepath):
            if by_name:
                raise NotImplementedError(
                    "Weights may only be loaded based on topology into Models when loading "
                    "TensorFlow-formatted weights (got by_name=True to load_weights)."
                )
            checkpoints = importlib.import_module("graphflow.models.saving_checkpoint")
            return checkpoints.load_model_weights(self, filepath)
        h5py = saving_hdf5.h5py("load_weights")
        if not self.built:
            raise ValueError(
                "Unable to load weights saved in HDF5 format into a subclassed Model which has "
                "not created its variables yet. Call the Model first, then load the weights."
            )
        self._assert_weights_created()
        with h5py.File(filepath, "r") as file:
            inside = "layer_names" not in file.attrs and "model_weights" in file
            group = file["model_weights"] if inside else file
            load = saving_hdf5.load_weights_by_name if by_name else saving_hdf5.load_weights
            load(group, self.layers)
        return None


def _form(path: str, asked: str | None) -> str:
    """Which format is meant: "h5" or "tf"."""
    is_h5 = path.endswith(_H5)
    if asked is None:
        return "h5" if is_h5 else "tf"
    word = asked.lower().strip()
    if word in ("hdf5", "h5", "keras"):
        return "h5"
    if word not in ("tensorflow", "tf"):
        raise ValueError(f'Unknown format "{asked}". Was expecting one of {{"tf", "h5"}}.')
    if is_h5:
        raise ValueError(
            f'save_weights got save_format="tf"/"tensorflow", but the filepath ("{path}") looks '
            'like an HDF5 file. Omit the ".h5"/".keras" when saving in TensorFlow format.'
        )
    return "tf"


def _may_write(path: str, overwrite: bool) -> bool:
    if overwrite or not os.path.isfile(path):
        return True
    models = importlib.import_module("graphflow.models.saving_models")
    return bool(models.may_overwrite(path, overwrite))
