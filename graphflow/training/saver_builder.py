"""The nodes that a saver adds to a graph: `save/...`, named as TensorFlow names them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.device import DeviceSpec
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.constant import constant, placeholder_with_default
from graphflow.ops.control_ops import group, with_dependencies
from graphflow.ops.partitioned_variables import PartitionedVariable
from graphflow.ops.saving import restore_v2, save_v2
from graphflow.training.saveables import SaveableObject, SaveSpec, validate_and_slice_inputs

V1: Final = 1
V2: Final = 2
Saveable: TypeAlias = SaveableObject
Shards = list[tuple[str, list[Saveable]]]


def _on_cpu(device: str) -> str:
    """A device's name with its type replaced by the CPU's."""
    spec = DeviceSpec.from_string(device)
    spec.device_type, spec.device_index = "CPU", 0
    return spec.to_string()


class BaseSaverBuilder:
    """Adds the nodes of a saver; derive from it for others.

    Args:
        write_version: the format of checkpoints, `SaverDef.V1` or `SaverDef.V2`.
    """

    SaveSpec = SaveSpec
    SaveableObject = SaveableObject

    def __init__(self, write_version: int = V2) -> None:
        self._write_version = write_version

    # --- what derived classes may replace ---
    def save_op(self, filename_tensor: Tensor, saveables: Sequence[Saveable]) -> Operation:
        """Returns an operation that saves all tensors of `saveables` in one checkpoint."""
        specs = [spec for saveable in saveables for spec in saveable.specs]
        names = [spec.name for spec in specs]
        slices = [spec.slice_spec for spec in specs]
        tensors = [spec.tensor for spec in specs]
        if self._write_version == V2:
            return save_v2(filename_tensor, names, slices, tensors)
        if self._write_version != V1:
            raise RuntimeError(f"Unexpected write_version: {self._write_version}")
        made: Operation = apply("SaveSlices", filename_tensor, names, slices, tensors, name="save")
        return made

    def bulk_restore(
        self,
        filename_tensor: Tensor,
        saveables: Sequence[Saveable],
        preferred_shard: int,
        restore_sequentially: bool,
    ) -> list[Tensor]:
        """Returns the values of all tensors of `saveables`, each read by a node of its own."""
        found: list[Tensor] = []
        for saveable in saveables:
            with scopes.device(_on_cpu(saveable.device) if saveable.device else None):
                found += self.restore_op(filename_tensor, saveable, preferred_shard)
        return found

    def restore_op(
        self, filename_tensor: Tensor, saveable: Saveable, preferred_shard: int
    ) -> list[Tensor]:
        """Returns the values of the tensors of one savable."""
        return [
            restore_v2(filename_tensor, [s.name], [s.slice_spec], [s.dtype.base_dtype])[0]
            for s in saveable.specs
        ]

    def sharded_filename(self, filename_tensor: Tensor, shard: int, num_shards: Tensor) -> Tensor:
        """Returns the name of one shard."""
        found: Tensor = apply("ShardedFilename", filename_tensor, shard, num_shards)
        return found

    # --- saving ---
    def _add_save(self, filename_tensor: Tensor, saveables: Sequence[Saveable]) -> Tensor:
        saved = self.save_op(filename_tensor, saveables)
        found: Tensor = with_dependencies([saved], filename_tensor)
        return found

    def _add_sharded_save(self, prefix: Tensor, shards: Shards) -> Tensor:
        if self._write_version == V1:
            return self._add_sharded_save_v1(prefix, shards)
        # Each shard is a checkpoint in a directory of this saver's own; merging renames them.
        own = f"_temp_{uuid.uuid4().hex}/part"
        temporary = apply("StringJoin", [prefix, own])
        count = constant(len(shards), name="num_shards")
        saved: list[Tensor] = []
        prefixes: list[Tensor] = []
        device = ""
        for i, (device, saveables) in enumerate(shards):
            with scopes.device(_on_cpu(device)):
                prefixes.append(self.sharded_filename(temporary, i, count))
                saved.append(self._add_save(prefixes[-1], saveables))
        with scopes.control_dependencies(saved), scopes.device(_on_cpu(device)):
            merged = apply("MergeV2Checkpoints", prefixes, prefix, delete_old_dirs=True)
            with scopes.control_dependencies([merged]):
                found: Tensor = apply("Identity", prefix)
        return found

    def _add_sharded_save_v1(self, filename: Tensor, shards: Shards) -> Tensor:
        count = constant(len(shards), name="num_shards")
        saved = []
        for i, (device, saveables) in enumerate(shards):
            with scopes.device(device):
                saved.append(self._add_save(self.sharded_filename(filename, i, count), saveables))
        with scopes.control_dependencies(saved):
            found: Tensor = apply("ShardedFilespec", filename, count)
        return found

    # --- restoring ---
    def _add_restore(
        self,
        filename_tensor: Tensor,
        saveables: Sequence[Saveable],
        restore_sequentially: bool,
        reshape: bool,
        preferred_shard: int = -1,
        name: str = "restore_all",
    ) -> Operation:
        values = self.bulk_restore(
            filename_tensor, saveables, preferred_shard, restore_sequentially
        )
        assigned: list[Any] = []
        at = 0
        for saveable in saveables:
            shapes = [_full_shape(s.tensor) for s in saveable.specs] if reshape else None
            count = len(saveable.specs)
            assigned.append(saveable.restore(values[at : at + count], shapes))
            at += count
        return group(*assigned, name=name)

    def _add_sharded_restore(
        self, filename_tensor: Tensor, shards: Shards, restore_sequentially: bool, reshape: bool
    ) -> Operation:
        restored = []
        for i, (device, saveables) in enumerate(shards):
            with scopes.device(device):
                restored.append(
                    self._add_restore(
                        filename_tensor, saveables, restore_sequentially, reshape, i,
                        "restore_shard",
                    )
                )  # fmt: skip
        return group(*restored, name="restore_all")

    def _shards(self, saveables: Sequence[Saveable]) -> Shards:
        """The savables by their devices, sorted."""
        found: dict[str, list[Saveable]] = defaultdict(list)
        for saveable in saveables:
            devices = {DeviceSpec.from_string(s.tensor.device).to_string() for s in saveable.specs}
            if len(devices) != 1:
                raise ValueError(
                    f"All tensors of a saveable object must be on the same device: {saveable.name}"
                )
            found[devices.pop()].append(saveable)
        return sorted(found.items(), key=lambda item: item[0])

    def build(
        self,
        names_to_saveables: Any,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        filename: str | None = "model",
    ) -> Any:
        """Adds the nodes to the default graph and returns a SaverDef that names them.

        Args:
            names_to_saveables: as `var_list` of `tf.train.Saver`.
            reshape: as there.
            sharded: as there.
            max_to_keep: as there.
            keep_checkpoint_every_n_hours: as there.
            name: the scope; None: "save".
            restore_sequentially: as there.
            filename: what a run saves to that feeds no other name.
        """
        from graphflow.formats import proto

        saveables = validate_and_slice_inputs(names_to_saveables)
        with scopes.name_scope(name, "save", [s.op for s in saveables]):
            path = placeholder_with_default(filename or "model", (), "filename")
            path = placeholder_with_default(path, (), "Const")  # the name that files refer to
            if sharded:
                shards = self._shards(saveables)
                saved = self._add_sharded_save(path, shards)
                restored = self._add_sharded_restore(path, shards, restore_sequentially, reshape)
            else:
                saved = self._add_save(path, saveables)
                restored = self._add_restore(path, saveables, restore_sequentially, reshape)
        _join_partitioned()
        return proto.SaverDef(
            filename_tensor_name=path.name,
            save_tensor_name=saved.name,
            restore_op_name=restored.name,
            max_to_keep=max_to_keep or 0,
            sharded=sharded,
            keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
            version=self._write_version,
        )


class BulkSaverBuilder(BaseSaverBuilder):
    """The usual builder: one node reads all tensors."""

    def bulk_restore(
        self,
        filename_tensor: Tensor,
        saveables: Sequence[Saveable],
        preferred_shard: int,
        restore_sequentially: bool,
    ) -> list[Tensor]:
        """Returns the values of all tensors of `saveables`, read by one node."""
        specs = [spec for saveable in saveables for spec in saveable.specs]
        with scopes.device("cpu:0"):
            return restore_v2(
                filename_tensor,
                [s.name for s in specs],
                [s.slice_spec for s in specs],
                [s.dtype.base_dtype for s in specs],
            )


def _full_shape(tensor: Any) -> Any:
    shape = tensor.get_shape()
    return shape if shape.is_fully_defined() else apply("Shape", tensor)


def _join_partitioned() -> None:
    """Adds the node of the whole of each partitioned variable that a collection names."""
    graph = scopes.get_default_graph()
    for key in graph.get_all_collection_keys():
        for item in graph.get_collection(key):
            if isinstance(item, PartitionedVariable) and item.name not in graph._by_name:
                item.as_tensor()
