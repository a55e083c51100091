"""tf.saved_model.Builder: writes graphs, their variables and their files for others to serve."""

from __future__ import annotations

import filecmp
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graphflow.core import dtypes, scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.constant import constant_value
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.formats import proto
from graphflow.formats import saved_model as files
from graphflow.formats.durable import file_errors
from graphflow.formats.signature_def import (
    DEFAULT_SERVING_SIGNATURE_DEF_KEY,
    op_signature_def,
    predict_signature_def,
)
from graphflow.training.saveables import all_saveable_objects
from graphflow.training.saver import Saver

_log = logging.getLogger("tensorflow")
Signatures = Mapping[str, Any]


class _SavedModelBuilder:
    """What both builders do: one folder, one message, one set of variables.

    This one names the operations to run after loading and to train with in signatures, and assets
    in a field of their own; `SavedModelBuilder`, the public one, keeps all in collections.

    Args:
        export_dir: the folder, which is made; it must be empty.

    Raises:
        AssertionError: if there is something in it.
    """

    def __init__(self, export_dir: Any) -> None:
        self._saved_model = proto.SavedModel(
            saved_model_schema_version=files.SAVED_MODEL_SCHEMA_VERSION
        )
        self._export_dir = files.folder(export_dir)
        files.prepare_folder(self._export_dir)
        self._has_saved_variables = False

    # --- checks ---
    def _check_has_saved(self, wanted: bool) -> None:
        """Demands that the variables were saved already, or were not."""
        if self._has_saved_variables and not wanted:
            raise AssertionError(
                "Graph state including variables and assets has already been saved. "
                "Please invoke `add_meta_graph()` instead."
            )
        if wanted and not self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has not been saved yet. "
                "Please invoke `add_meta_graph_and_variables()` first."
            )

    def _validate_signature_def_map(self, signature_def_map: Signatures) -> None:
        for message in signature_def_map.values():
            for info in [*message.inputs.values(), *message.outputs.values()]:
                self._validate_tensor_info(info)
        for key, what in (
            (files.INIT_OP_SIGNATURE_KEY, "initialization"),
            (files.TRAIN_OP_SIGNATURE_KEY, "the train op"),
        ):
            if key in signature_def_map:
                raise KeyError(
                    f'SignatureDef map key "{key}" is reserved for {what}. '
                    "Please use a different key."
                )

    def _validate_tensor_info(self, tensor_info: Any) -> None:
        """Demands that a TensorInfo names something, and says its dtype."""
        every = "All TensorInfo protos used in the SignatureDefs must have"
        if tensor_info is None:
            raise AssertionError(f"{every} the name and dtype fields set.")
        encoding = tensor_info.WhichOneof("encoding")
        if encoding is None:
            raise AssertionError(
                f"{every} one of the 'encoding' fields (e.g., name or coo_sparse) set: "
                f"{tensor_info}"
            )
        if encoding == "composite_tensor":
            for component in tensor_info.composite_tensor.components:
                self._validate_tensor_info(component)
        elif not tensor_info.dtype:
            raise AssertionError(f"{every} the dtype field set: {tensor_info}")

    # --- parts of both ways of adding a graph ---
    def _maybe_create_saver(self, saver: Saver | None = None) -> Saver:
        if saver is not None:
            return saver
        return Saver(all_saveable_objects(), sharded=True, allow_empty=True)

    def _save_variables(self, sess: Any, saver: Saver | None) -> Saver:
        files.get_or_create_variables_dir(self._export_dir)
        saver = self._maybe_create_saver(saver)
        path = files.get_variables_path(self._export_dir)
        saver.save(sess, path, write_meta_graph=False, write_state=False)
        return saver

    def _copy_assets(
        self, assets: Iterable[Any] | None, add: Callable[[str, Tensor], None]
    ) -> None:
        """Copies the files that tensors name, and calls `add` with each name and tensor."""
        chosen: dict[str, str] = {}
        for tensor in assets or ():
            path = _asset_path_from_tensor(tensor)
            if not os.path.basename(path):
                raise ValueError(f"Invalid asset filepath tensor {tensor}")
            name = get_asset_filename_to_add(path, chosen)
            add(name, tensor)
            chosen[name] = path
        _log.info("Assets added to graph.")
        if not chosen:
            _log.info("No assets to write.")
            return
        files.copy_assets_to_destination_dir(chosen, self._export_dir)
        _log.info("Assets written to: %s", files.get_assets_dir(self._export_dir))

    def _tag_and_add_meta_graph(
        self, meta_graph_def: Any, tags: Iterable[str], signature_def_map: Signatures
    ) -> None:
        meta_graph_def.meta_info_def.tags.extend(tags)
        for key, message in signature_def_map.items():
            meta_graph_def.signature_def[key].CopyFrom(message)
        self._saved_model.meta_graphs.add().CopyFrom(meta_graph_def)

    def _add_with_fields(
        self,
        saver: Saver,
        tags: Iterable[str],
        signatures: Signatures,
        assets_list: Any,
        ops: tuple[Any, Any],
        clear_devices: bool,
        strip_default_attrs: bool,
    ) -> None:
        """Adds the default graph; assets are a field of it, and operations signatures."""
        message = saver.export_meta_graph(
            clear_devices=clear_devices, strip_default_attrs=strip_default_attrs
        )

        def add(name: str, tensor: Tensor) -> None:
            _fill_asset(message.asset_file_def.add(), name, tensor)

        self._copy_assets(assets_list, add)
        keys = (files.INIT_OP_SIGNATURE_KEY, files.TRAIN_OP_SIGNATURE_KEY)
        named = [(key, op) for key, op in zip(keys, ops, strict=True) if op is not None]
        signatures = {**signatures, **{key: op_signature_def(op, key) for key, op in named}}
        self._tag_and_add_meta_graph(message, tags, signatures)

    # --- adding graphs ---
    def add_meta_graph(
        self,
        tags: Iterable[str],
        signature_def_map: Signatures | None = None,
        assets_list: Any = None,
        clear_devices: bool = False,
        init_op: Any = None,
        train_op: Any = None,
        saver: Saver | None = None,
    ) -> None:
        """Adds the default graph to a SavedModel that has its variables.

        Args:
            tags: names to load it by.
            signature_def_map: SignatureDef messages by their names.
            assets_list: string constants that name files to copy.
            clear_devices: leave out the devices.
            init_op: an operation to run after loading.
            train_op: an operation to train with.
            saver: a saver for the variables; None: a new one.

        Raises:
            AssertionError: if `add_meta_graph_and_variables` was not called, or a signature's
                tensor has no name or dtype.
            KeyError: if a signature's name is reserved.
        """
        self._check_has_saved(True)
        signatures = signature_def_map or {}
        self._validate_signature_def_map(signatures)
        saver = self._maybe_create_saver(saver)
        ops = (init_op, train_op)
        self._add_with_fields(saver, tags, signatures, assets_list, ops, clear_devices, True)

    def add_meta_graph_and_variables(
        self,
        sess: Any,
        tags: Iterable[str],
        signature_def_map: Signatures | None = None,
        assets_list: Any = None,
        clear_devices: bool = False,
        init_op: Any = None,
        train_op: Any = None,
        strip_default_attrs: bool = False,
        saver: Saver | None = None,
    ) -> None:
        """Adds the default graph, the first of a SavedModel, and saves the variables.

        Args:
            sess: the session that has their values.
            tags: names to load the graph by.
            signature_def_map: SignatureDef messages by their names.
            assets_list: string constants that name files to copy.
            clear_devices: leave out the devices.
            init_op: an operation to run after loading.
            train_op: an operation to train with.
            strip_default_attrs: leave out attributes that have their default.
            saver: a saver for the variables; None: a new one.

        Raises:
            AssertionError: if that was done already, or a signature's tensor has no name or dtype.
            KeyError: if a signature's name is reserved.
        """
        self._check_has_saved(False)
        signatures = signature_def_map or {}
        self._validate_signature_def_map(signatures)
        saver = self._save_variables(sess, saver)
        ops = (init_op, train_op)
        self._add_with_fields(
            saver, tags, signatures, assets_list, ops, clear_devices, strip_default_attrs
        )
        self._has_saved_variables = True

    def save(self, as_text: bool = False) -> bytes:
        """Writes the SavedModel file, and returns its path.

        Args:
            as_text: whether it is text, `saved_model.pbtxt`.
        """
        path = files.write_saved_model(self._saved_model, self._export_dir, as_text)
        _log.info("SavedModel written to: %s", path)
        return os.fsencode(path)


@export("saved_model.Builder", "saved_model.builder.SavedModelBuilder")
class SavedModelBuilder(_SavedModelBuilder):
    """Writes a SavedModel: graphs with tags, that share variables and files.

        builder = tf.saved_model.Builder(folder)
        builder.add_meta_graph_and_variables(sess, ["serve"], {"serving_default": signature})
        builder.save()

    Args:
        export_dir: the folder, which is made; it must be empty.

    Raises:
        AssertionError: if there is something in it.
    """

    def add_meta_graph(  # type: ignore[override]  # as TensorFlow has it: other arguments
        self,
        tags: Iterable[str],
        signature_def_map: Signatures | None = None,
        assets_collection: Any = None,
        legacy_init_op: Operation | None = None,
        clear_devices: bool = False,
        main_op: Operation | None = None,
        strip_default_attrs: bool = False,
        saver: Saver | None = None,
    ) -> None:
        """Adds the default graph to a SavedModel that has its variables.

        Args:
            tags: names to load it by.
            signature_def_map: SignatureDef messages by their names.
            assets_collection: string constants that name files to copy.
            legacy_init_op: the old name of `main_op`.
            clear_devices: leave out the devices.
            main_op: an operation to run after loading.
            strip_default_attrs: leave out attributes that have their default.
            saver: a saver for the variables; None: a new one.

        Raises:
            AssertionError: if `add_meta_graph_and_variables` was not called, or a signature's
                tensor has no name or dtype.
            KeyError: if a signature's name is reserved.
            ValueError: if the graph has such an operation already.
        """
        self._check_has_saved(True)
        signatures = signature_def_map or {}
        self._validate_signature_def_map(signatures)
        self._add_collections(assets_collection, main_op or legacy_init_op)
        message = self._maybe_create_saver(saver).export_meta_graph(
            clear_devices=clear_devices, strip_default_attrs=strip_default_attrs
        )
        self._tag_and_add_meta_graph(message, tags, signatures)

    def add_meta_graph_and_variables(  # type: ignore[override]  # as above
        self,
        sess: Any,
        tags: Iterable[str],
        signature_def_map: Signatures | None = None,
        assets_collection: Any = None,
        legacy_init_op: Operation | None = None,
        clear_devices: bool = False,
        main_op: Operation | None = None,
        strip_default_attrs: bool = False,
        saver: Saver | None = None,
    ) -> None:
        """Adds the default graph, the first of a SavedModel, and saves the variables.

        Args:
            sess: the session that has their values.
            tags: names to load the graph by.
            signature_def_map: SignatureDef messages by their names.
            assets_collection: string constants that name files to copy.
            legacy_init_op: the old name of `main_op`.
            clear_devices: leave out the devices.
            main_op: an operation to run after loading.
            strip_default_attrs: leave out attributes that have their default.
            saver: a saver for the variables; None: a new one.

        Raises:
            AssertionError: if that was done already, or a signature's tensor has no name or dtype.
            KeyError: if a signature's name is reserved.
            ValueError: if the graph has such an operation already.
        """
        self._check_has_saved(False)
        signatures = signature_def_map or {}
        self._validate_signature_def_map(signatures)
        self._add_collections(assets_collection, main_op or legacy_init_op)
        message = self._save_variables(sess, saver).export_meta_graph(
            clear_devices=clear_devices, strip_default_attrs=strip_default_attrs
        )
        self._tag_and_add_meta_graph(message, tags, signatures)
        self._has_saved_variables = True

    def _add_collections(self, assets: Any, main_op: Operation | None) -> None:
        self._copy_assets(assets, _add_asset_to_collection)
        if main_op is None:
            return
        if not isinstance(main_op, Operation):
            raise TypeError(f"main_op needs to be an Operation: {main_op!r}")
        for key in (files.MAIN_OP_KEY, files.LEGACY_INIT_OP_KEY):
            if scopes.get_collection(key):
                raise ValueError(
                    f"Graph already contains one or more main ops under the collection {key}."
                )
        scopes.add_to_collection(files.MAIN_OP_KEY, main_op)


# --- assets ---
def _asset_path_from_tensor(path_tensor: Any) -> str:
    if not isinstance(path_tensor, Tensor):
        raise TypeError("Asset path tensor must be a Tensor.")
    if path_tensor.op.type != "Const":
        raise TypeError("Asset path tensor must be of type constant.")
    if path_tensor.dtype != dtypes.string:
        raise TypeError("Asset path tensor must be of dtype string.")
    value = constant_value(path_tensor)
    if value is None or value.size != 1:
        raise TypeError("Asset path tensor must be a scalar.")
    return os.fsdecode(value.reshape(-1)[0])


def get_asset_filename_to_add(asset_filepath: str, asset_filename_map: dict[str, str]) -> str:
    """Returns the name that a file gets among the assets: its own, unless another file has it.

    Args:
        asset_filepath: the file.
        asset_filename_map: the files that were chosen already, by their names.

    Raises:
        OpError: if a file cannot be read.
    """
    name = os.path.basename(asset_filepath)
    other = asset_filename_map.get(name)
    if other is None or other == asset_filepath:
        return name
    with file_errors(asset_filepath):
        if filecmp.cmp(asset_filepath, other, shallow=False):
            return name
    number, unique = 1, name
    while unique in asset_filename_map:
        unique = f"{name}_{number}"
        number += 1
    return unique


def _fill_asset(message: Any, name: str, tensor: Tensor) -> None:
    message.filename = name
    message.tensor_info.name = tensor.name


def _add_asset_to_collection(name: str, tensor: Tensor) -> None:
    asset = proto.AssetFileDef()
    _fill_asset(asset, name, tensor)
    packed = proto.CollectionDef.AnyList().value.add()
    packed.Pack(asset)
    scopes.add_to_collection(files.ASSETS_KEY, packed)


@export("saved_model.simple_save")
def simple_save(
    session: Any,
    export_dir: Any,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    legacy_init_op: Operation | None = None,
) -> None:
    """Writes a SavedModel of the default graph to predict with, under the tag "serve".

    Args:
        session: the session that has the values of the variables.
        export_dir: the folder, which is made.
        inputs: tensors to feed, by the names that callers use.
        outputs: tensors to fetch, likewise.
        legacy_init_op: an operation to run after loading.

    Raises:
        AssertionError: if there is something in the folder.
    """
    signature = predict_signature_def(inputs, outputs)
    builder = SavedModelBuilder(export_dir)
    builder.add_meta_graph_and_variables(
        session,
        tags=[files.SERVING],
        signature_def_map={DEFAULT_SERVING_SIGNATURE_DEF_KEY: signature},
        assets_collection=scopes.get_collection(GraphKeys.ASSET_FILEPATHS),
        main_op=legacy_init_op,
        clear_devices=True,
    )
    builder.save()
