"""tf.train.Saver: writes the variables of a session to checkpoints, and reads them back."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from graphflow.core import late, scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    OpError,
)
from graphflow.core.export import export
from graphflow.core.late import provide
from graphflow.formats.checkpoint_state import checkpoint_exists, update_checkpoint_state
from graphflow.formats.meta_graph import (
    export_scoped_meta_graph,
    import_scoped_meta_graph,
    read_meta_graph_file,
)
from graphflow.formats.meta_graph_collections import (
    Registration,
    prepend_scope,
    strip_scope,
)
from graphflow.training.checkpoints import meta_graph_filename, remove_checkpoint
from graphflow.training.global_step import global_step as read_global_step
from graphflow.training.object_checkpoint import saver_variables
from graphflow.training.saveables import all_saveable_objects
from graphflow.training.saver_builder import V2, BulkSaverBuilder

_log = logging.getLogger("tensorflow")
_HOUR: Final = 3600
_NAMES: Final = ("filename_tensor_name", "save_tensor_name", "restore_op_name")


@export("train.Saver")
class Saver:
    """Writes variables to checkpoints, and reads them back.

    A checkpoint replaces its predecessor in one step: a program that is killed while it saves
    leaves the old checkpoint or the new one, never a mixture. Reading verifies checksums.

    Args:
        var_list: the variables: a list, or a dict by their names in checkpoints; None: all global
            variables and whatever else can be saved.
        reshape: restore values of another shape but the same size.
        sharded: write a file for each device.
        max_to_keep: so many checkpoints are kept, older ones removed; None or 0: all.
        keep_checkpoint_every_n_hours: one checkpoint per so many hours is kept for good.
        name: the scope of the saver's nodes; None: "save".
        restore_sequentially: kept for TensorFlow's sake; reading is sequential anyway.
        saver_def: a SaverDef message of nodes that are there already, instead of new ones.
        builder: what adds the nodes; None: a BulkSaverBuilder.
        defer_build: add no nodes before `build` is called.
        allow_empty: be a saver of nothing where there are no variables, instead of raising.
        write_version: the format of checkpoints, `SaverDef.V1` or `SaverDef.V2`.
        pad_step_number: write steps with at least eight digits.
        save_relative_paths: write paths relative to its directory into the `checkpoint` file.
        filename: what a run of the saver's nodes saves to that feeds no other name.

    Raises:
        TypeError: if something in `var_list` cannot be saved.
        ValueError: if there is nothing to save, or two things have one name.
    """

    def __init__(
        self,
        var_list: Any = None,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        saver_def: Any = None,
        builder: Any = None,
        defer_build: bool = False,
        allow_empty: bool = False,
        write_version: int = V2,
        pad_step_number: bool = False,
        save_relative_paths: bool = False,
        filename: str | None = None,
    ) -> None:
        if var_list is None and scopes.get_default_graph().executes:
            raise RuntimeError(
                "When eager execution is enabled, `var_list` must specify a list or dict of "
                "variables to save"
            )
        if defer_build and var_list:
            raise ValueError(
                "If `var_list` is provided then build cannot be deferred. "
                "Either set defer_build=False or var_list=None."
            )
        self._var_list = var_list
        self._reshape = reshape
        self._sharded = sharded
        self._max_to_keep = max_to_keep
        self._keep_checkpoint_every_n_hours = keep_checkpoint_every_n_hours
        self._name = name
        self._restore_sequentially = restore_sequentially
        self.saver_def = saver_def
        self._builder = builder
        self._allow_empty = allow_empty
        self._write_version = write_version
        self._pad_step_number = pad_step_number
        self._save_relative_paths = save_relative_paths
        self._filename = filename
        self._is_built = False
        self._is_empty = False
        self._last_checkpoints: list[tuple[str, float]] = []
        self._checkpoints_to_be_deleted: list[tuple[str, float]] = []
        self._next_checkpoint_time = math.inf
        self._object_saver: Saver | None = None
        self._files: Any = None
        """What runs in place of a session in eager execution; see training/eager_saving."""
        if not defer_build and not scopes.get_default_graph().executes:
            self.build()
        if self.saver_def is not None:
            self._check_saver_def()
            self._write_version = self.saver_def.version

    # --- nodes ---
    def build(self) -> None:
        """Adds the saver's nodes to the default graph; does so once.

        Raises:
            ValueError: if there is nothing to save.
            RuntimeError: in eager execution, which has no nodes.
        """
        if scopes.get_default_graph().executes:
            raise RuntimeError("Use save/restore instead of build in eager mode.")
        self._build()

    def _build(self) -> None:
        if self._is_built:
            return
        self._is_built = True
        if self.saver_def is None:
            if self._var_list is None:
                self._var_list = all_saveable_objects()
            if not self._var_list:
                if not self._allow_empty:
                    raise ValueError("No variables to save")
                self._is_empty = True
                return
            if scopes.get_default_graph().executes:
                self._files = late.call("eager_files", self._var_list, self._write_version)
                self.saver_def = self._files.definition(
                    self._max_to_keep, self._keep_checkpoint_every_n_hours
                )
            else:
                self.saver_def = self._new_saver_def()
        elif self._name:
            self._check_saver_def()
            self.saver_def = _renamed(self.saver_def, lambda n: prepend_scope(n, self._name))
        self._check_saver_def()
        hours = self.saver_def.keep_checkpoint_every_n_hours
        self._next_checkpoint_time = time.time() + hours * _HOUR

    def _new_saver_def(self) -> Any:
        if self._builder is None:
            self._builder = BulkSaverBuilder(self._write_version)
        return self._builder.build(
            self._var_list,
            reshape=self._reshape,
            sharded=self._sharded,
            max_to_keep=self._max_to_keep,
            keep_checkpoint_every_n_hours=self._keep_checkpoint_every_n_hours,
            name=self._name,
            restore_sequentially=self._restore_sequentially,
            filename=self._filename,
        )

    def _check_saver_def(self) -> None:
        from graphflow.formats import proto

        if not isinstance(self.saver_def, proto.SaverDef):
            raise ValueError(f"saver_def must be a saver_pb2.SaverDef: {self.saver_def}")
        for field in ("save_tensor_name", "restore_op_name"):
            if not getattr(self.saver_def, field):
                raise ValueError(f"saver_def must specify the {field}: {self.saver_def}")

    # --- as a message ---
    def as_saver_def(self) -> Any:
        """Returns the SaverDef that names the saver's nodes."""
        return self.saver_def

    def to_proto(self, export_scope: str | None = None) -> Any:
        """Returns the saver as a SaverDef; None if its nodes lie outside of the scope.

        Args:
            export_scope: a name scope to leave out of the names.
        """
        if export_scope is None:
            return self.saver_def
        if not all(getattr(self.saver_def, f).startswith(export_scope) for f in _NAMES):
            return None
        return _renamed(self.saver_def, lambda name: strip_scope(name, export_scope))

    @staticmethod
    def from_proto(saver_def: Any, import_scope: str | None = None) -> Saver:
        """Returns the saver that a SaverDef describes; its nodes must be there.

        Args:
            saver_def: the message.
            import_scope: a name scope to put before the names.
        """
        return Saver(saver_def=saver_def, name=import_scope)

    # --- the checkpoints it has written ---
    @property
    def last_checkpoints(self) -> list[str]:
        """The checkpoints that were not removed yet, oldest first."""
        return [path for path, _ in self._last_checkpoints]

    def set_last_checkpoints(self, last_checkpoints: list[str]) -> None:
        """Sets `last_checkpoints`.

        Args:
            last_checkpoints: paths, oldest first.
        """
        assert isinstance(last_checkpoints, list)
        self._last_checkpoints = [(path, np.inf) for path in last_checkpoints]

    def set_last_checkpoints_with_time(
        self, last_checkpoints_with_time: list[tuple[str, float]]
    ) -> None:
        """Sets `last_checkpoints`.

        Args:
            last_checkpoints_with_time: (path, seconds since 1970), oldest first.
        """
        assert isinstance(last_checkpoints_with_time, list)
        self._last_checkpoints = last_checkpoints_with_time

    def recover_last_checkpoints(self, checkpoint_paths: Iterable[str]) -> None:
        """Sets `last_checkpoints` after a restart, with the times of the files.

        Args:
            checkpoint_paths: paths; those without files are left out.
        """
        from graphflow.training.checkpoints import get_checkpoint_mtimes

        found = [(path, get_checkpoint_mtimes([path])) for path in checkpoint_paths]
        self.set_last_checkpoints_with_time([(path, t[0]) for path, t in found if t])

    def _record(self, path: str) -> None:
        """Notes a new checkpoint, and which one has to go for it."""
        limit = self.saver_def.max_to_keep
        if not limit:
            return
        self._last_checkpoints = [c for c in self._last_checkpoints if c[0] != path]
        self._last_checkpoints.append((path, time.time()))
        # One more than the new one makes too many: that which a killed program was removing.
        for _ in range(min(2, len(self._last_checkpoints) - limit)):
            self._checkpoints_to_be_deleted.append(self._last_checkpoints.pop(0))

    def _remove_old(self, meta_graph_suffix: str) -> None:
        path, made = self._checkpoints_to_be_deleted.pop(0)
        if made > self._next_checkpoint_time:  # this one is kept for good
            hours = self.saver_def.keep_checkpoint_every_n_hours
            self._next_checkpoint_time += hours * _HOUR
            return
        try:
            remove_checkpoint(path, self.saver_def.version, meta_graph_suffix)
        except (OSError, OpError) as e:
            _log.warning("Ignoring: %s", e)

    # --- saving ---
    def save(
        self,
        sess: Any,
        save_path: Any,
        global_step: Any = None,
        latest_filename: str | None = None,
        meta_graph_suffix: str = "meta",
        write_meta_graph: bool = True,
        write_state: bool = True,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> str | None:
        """Writes a checkpoint.

        Args:
            sess: the session that holds the values.
            save_path: what the file names begin with.
            global_step: an int, or a tensor or its name: a number that is appended to the path.
            latest_filename: the name of the file that lists the checkpoints of the directory;
                None: "checkpoint".
            meta_graph_suffix: the ending of the file with the graph.
            write_meta_graph: whether to write that file.
            write_state: whether to write the list of checkpoints, and to remove old ones.
            strip_default_attrs: leave attributes out of the graph that have their default.
            save_debug_info: not used; a graph's lines of code are not stored.

        Returns:
            The path for `restore`; None if the saver saves nothing.

        Raises:
            RuntimeError: if `build` was not called yet, or the session is closed.
            TypeError: if `sess` is no session.
            ValueError: if there is no such directory, or a name collides.
            FailedPreconditionError: if a variable has no value yet.
        """
        if scopes.get_default_graph().executes:
            self._build()
        if not self._is_built:
            raise RuntimeError("`build()` should be called before save if defer_build==True")
        if self._files is not None:
            sess, write_meta_graph = self._files, False
        prefix = os.fspath(save_path)
        latest = "checkpoint" if latest_filename is None else latest_filename
        path = self._checkpoint_path(sess, prefix, global_step, latest)
        if not hasattr(sess, "run") or not hasattr(sess, "graph"):
            raise TypeError(f"'sess' must be a Session; {sess}")
        written = None
        if not self._is_empty:
            written = self._write(sess, prefix, path)
        if write_meta_graph:  # before the checkpoint is listed: what is listed is complete
            with sess.graph.as_default():
                self.export_meta_graph(
                    meta_graph_filename(path, meta_graph_suffix),
                    strip_default_attrs=strip_default_attrs,
                )
        if written is not None and write_state:
            self._record(written)
            going = [path for path, _ in self._checkpoints_to_be_deleted]
            self._list(written, prefix, latest, going)
            while self._checkpoints_to_be_deleted:
                self._remove_old(meta_graph_suffix)
            if going:
                self._list(written, prefix, latest, [])
        return written

    def _list(self, written: str, prefix: str, latest: str, going: list[str]) -> None:
        """Writes the list of checkpoints.

        What is `going` to be removed stays in it until it is gone: a program that is killed in
        between finds it there when it starts again.
        """
        update_checkpoint_state(
            os.path.dirname(prefix),
            written,
            going + self.last_checkpoints,
            latest,
            save_relative_paths=self._save_relative_paths,
        )

    def _checkpoint_path(self, sess: Any, prefix: str, global_step: Any, latest: str) -> str:
        if os.path.split(latest)[0]:
            raise ValueError("'latest_filename' must not contain path components")
        if not prefix:
            raise ValueError("no path specified")
        if global_step is None:
            if os.path.basename(prefix) == latest and not self._sharded:
                raise ValueError(
                    f"'latest_filename' collides with 'save_path': '{latest}' and '{prefix}'"
                )
            return prefix
        if self._files is not None:
            global_step = int(global_step)
        elif not isinstance(global_step, int | np.integer):
            global_step = read_global_step(sess, global_step)
        return f"{prefix}-{global_step:0{8 if self._pad_step_number else 0}d}"

    def _write(self, sess: Any, prefix: str, path: str) -> str:
        try:
            found: bytes = sess.run(
                self.saver_def.save_tensor_name, {self.saver_def.filename_tensor_name: path}
            )
        except (FailedPreconditionError, NotFoundError):
            parent = os.path.dirname(prefix)
            if parent and not os.path.isdir(parent):
                raise ValueError(
                    f"Parent directory of {prefix} doesn't exist, can't save."
                ) from None
            raise
        return found.decode(errors="surrogateescape")

    def export_meta_graph(
        self,
        filename: str | None = None,
        collection_list: Iterable[str] | None = None,
        as_text: bool = False,
        export_scope: str | None = None,
        clear_devices: bool = False,
        clear_extraneous_savers: bool = False,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> Any:
        """Returns the default graph, with its collections and this saver, as a MetaGraphDef.

        Args:
            filename: a file to write it to.
            collection_list: which collections; None: all.
            as_text: whether the file is text.
            export_scope: only the nodes of this scope, whose name is taken off.
            clear_devices: leave out the devices.
            clear_extraneous_savers: leave out the nodes of other savers.
            strip_default_attrs: leave out attributes that have their default.
            save_debug_info: not used; a graph's lines of code are not stored.
        """
        return export_meta_graph(
            filename=filename,
            saver_def=self.saver_def,
            collection_list=collection_list,
            as_text=as_text,
            export_scope=export_scope,
            clear_devices=clear_devices,
            clear_extraneous_savers=clear_extraneous_savers,
            strip_default_attrs=strip_default_attrs,
        )

    # --- restoring ---
    def restore(self, sess: Any, save_path: Any) -> None:
        """Gives the variables the values of a checkpoint; they need no initialization then.

        Args:
            sess: the session.
            save_path: what `save` returned.

        Raises:
            ValueError: if it is None or no checkpoint.
            NotFoundError: if a variable is not in the checkpoint.
            InvalidArgumentError: if one has another shape or type there.
            DataLossError: if the checkpoint is damaged; names the tensor and the file.
        """
        if scopes.get_default_graph().executes:
            self._build()
        if self._is_empty:
            return
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        sess = self._files or sess
        run = sess.run
        path = os.fspath(save_path)
        path = path.decode() if isinstance(path, bytes) else path
        if not checkpoint_exists(path):
            raise ValueError(f"The passed save_path is not a valid checkpoint: {path}")
        _log.info("Restoring parameters from %s", path)
        names = self.saver_def
        try:
            run(names.restore_op_name, {names.filename_tensor_name: path})
        except NotFoundError as e:
            if self._files is not None or not self._restore_by_object(sess, path):
                raise _explained(e, "a Variable name or other graph key that is missing") from e
        except InvalidArgumentError as e:
            raise _explained(e, "a mismatch between the current graph and the graph") from e

    def _restore_by_object(self, sess: Any, path: str) -> bool:
        """Restores a checkpoint of `tf.train.Checkpoint`; returns whether it is one."""
        if self._object_saver is None:
            with sess.graph.as_default():
                var_list = saver_variables(path, self._var_list or all_saveable_objects())
                if var_list is None:
                    return False
                self._object_saver = Saver(var_list)
        self._object_saver.restore(sess, path)
        return True


def _renamed(saver_def: Any, rename: Any) -> Any:
    new = type(saver_def)()
    new.CopyFrom(saver_def)
    for field in _NAMES:
        setattr(new, field, rename(getattr(new, field)))
    return new


def _explained(error: OpError, reason: str) -> OpError:
    return type(error)(
        None,
        error.op,
        f"Restoring from checkpoint failed. This is most likely due to {reason} from the "
        "checkpoint. Please ensure that you have not altered the graph expected based on the "
        f"checkpoint. Original error:\n\n{error.message}",
    )


@provide("collection/savers")
def _savers() -> Registration:
    return Registration("SaverDef", Saver.to_proto, Saver.from_proto)


# --- meta graphs ---
@export("train.export_meta_graph")
def export_meta_graph(
    filename: str | None = None,
    meta_info_def: Any = None,
    graph_def: Any = None,
    saver_def: Any = None,
    collection_list: Iterable[str] | None = None,
    as_text: bool = False,
    graph: Any = None,
    export_scope: str | None = None,
    clear_devices: bool = False,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
    save_debug_info: bool = False,
    **kwargs: Any,
) -> Any:
    """Returns a graph with its collections as a MetaGraphDef.

    Args:
        filename: a file to write it to.
        meta_info_def: further facts for the message.
        graph_def: its nodes; None: those of the graph.
        saver_def: the saver that the message names.
        collection_list: which collections; None: all.
        as_text: whether the file is text.
        graph: the graph; None: the default graph.
        export_scope: only the nodes of this scope, whose name is taken off.
        clear_devices: leave out the devices.
        clear_extraneous_savers: leave out the nodes of other savers.
        strip_default_attrs: leave out attributes that have their default.
        save_debug_info: not used; a graph's lines of code are not stored.
        **kwargs: `unbound_inputs_col_name`: the collection that gets the names of inputs from
            outside of the scope.

    Raises:
        ValueError: if the message would be too large.
    """
    return export_scoped_meta_graph(
        filename=filename,
        meta_info_def=meta_info_def,
        graph_def=graph_def,
        saver_def=saver_def,
        collection_list=collection_list,
        as_text=as_text,
        graph=graph,
        export_scope=export_scope,
        clear_devices=clear_devices,
        clear_extraneous_savers=clear_extraneous_savers,
        strip_default_attrs=strip_default_attrs,
        **kwargs,
    )[0]


@export("train.import_meta_graph")
def import_meta_graph(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    import_scope: str | None = None,
    **kwargs: Any,
) -> Saver | None:
    """Adds a graph with its collections to the default graph, and returns its saver.

    Args:
        meta_graph_or_file: a MetaGraphDef, or the name of a `.meta` file.
        clear_devices: leave out the devices.
        import_scope: a scope for the names; None: none.
        **kwargs: `input_map`, `return_elements` and others of `import_scoped_meta_graph`.

    Returns:
        None if the graph has no variables.

    Raises:
        OSError: if the file is missing, or is no MetaGraphDef.
        DataLossError: if it is damaged.
    """
    return import_meta_graph_with_return_elements(
        meta_graph_or_file, clear_devices, import_scope, **kwargs
    )[0]


def import_meta_graph_with_return_elements(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    import_scope: str | None = None,
    return_elements: Iterable[str] | None = None,
    **kwargs: Any,
) -> tuple[Saver | None, list[Any] | None]:
    """Does as `import_meta_graph`; returns the saver, and what `return_elements` names."""
    message = read_meta_graph_file(meta_graph_or_file)
    variables, found = import_scoped_meta_graph(
        message,
        clear_devices=clear_devices,
        import_scope=import_scope,
        return_elements=return_elements,
        **kwargs,
    )
    return _saver_of(message, import_scope, variables), found


def _saver_of(message: Any, import_scope: str | None, variables: dict[str, Any]) -> Saver | None:
    if message.HasField("saver_def"):
        scope = import_scope
        for key, variable in variables.items():
            scope = variable.name[: -len(key)]  # the scope's name may have been taken
            break
        return Saver(saver_def=message.saver_def, name=scope)
    return Saver() if all_saveable_objects(import_scope) else None


def get_saver_or_default() -> Saver:
    """Returns the saver in the collection SAVERS; makes one if there is none.

    Raises:
        RuntimeError: if there are several.
    """
    found = scopes.get_collection(GraphKeys.SAVERS)
    if len(found) > 1:
        raise RuntimeError(
            f"More than one item in collection {GraphKeys.SAVERS}. "
            "Please indicate which one to use by passing it to the constructor."
        )
    if not found:
        found.append(Saver(sharded=True, allow_empty=True))
        scopes.add_to_collection(GraphKeys.SAVERS, found[0])
    saver: Saver = found[0]
    return saver
