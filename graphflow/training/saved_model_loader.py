"""tf.saved_model.load: reads a graph of a SavedModel into a session, with its variables."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.core.graph import Graph
from graphflow.core.operation import Operation
from graphflow.formats import saved_model as files
from graphflow.formats.signature_def import load_op_from_signature_def
from graphflow.ops.control_ops import group
from graphflow.ops.lookup_base import tables_initializer
from graphflow.ops.variable_lists import global_variables_initializer, local_variables_initializer
from graphflow.training.saveables import all_saveable_objects
from graphflow.training.saver import Saver, import_meta_graph_with_return_elements

_log = logging.getLogger("tensorflow")


@export("saved_model.load", "saved_model.loader.load")
def load(
    sess: Any,
    tags: Iterable[str],
    export_dir: Any,
    import_scope: str | None = None,
    **saver_kwargs: Any,
) -> Any:
    """Adds a graph of a SavedModel to a session's graph, restores its variables and initializes it.

    Args:
        sess: the session.
        tags: the tags of the graph, all of them.
        export_dir: the SavedModel's folder.
        import_scope: a scope for the names; None: none.
        **saver_kwargs: what `tf.train.import_meta_graph` takes.

    Returns:
        The MetaGraphDef, with its signatures.

    Raises:
        OSError: if there is no SavedModel, or it is damaged.
        RuntimeError: if it has no graph with these tags.
    """
    return SavedModelLoader(export_dir).load(sess, tags, import_scope, **saver_kwargs)


class SavedModelLoader:
    """Loads graphs of a SavedModel.

    Args:
        export_dir: its folder.

    Raises:
        OSError: if there is no SavedModel, or it is damaged.
    """

    def __init__(self, export_dir: Any) -> None:
        self._export_dir = export_dir
        self._variables_path = files.get_variables_path(export_dir)
        self._saved_model = files.parse_saved_model(export_dir)

    @property
    def export_dir(self) -> Any:
        """The SavedModel's folder."""
        return self._export_dir

    @property
    def variables_path(self) -> str:
        """What the names of its checkpoint files begin with."""
        return self._variables_path

    @property
    def saved_model(self) -> Any:
        """The SavedModel message."""
        return self._saved_model

    def get_meta_graph_def_from_tags(self, tags: Iterable[str]) -> Any:
        """Returns the MetaGraphDef that has these tags and no others.

        Args:
            tags: the tags.

        Raises:
            RuntimeError: if there is none.
        """
        tags = tags if isinstance(tags, str | set | list) else list(tags)
        available = []
        for message in self._saved_model.meta_graphs:
            available.append(set(message.meta_info_def.tags))
            if available[-1] == set(tags):
                return message
        raise RuntimeError(
            f"MetaGraphDef associated with tags {str(tags).strip('[]')} could not be found in "
            "SavedModel. To inspect available tag-sets in the SavedModel, please use the "
            f"SavedModel CLI: `saved_model_cli`\navailable_tags: {available}"
        )

    def load_graph(
        self, graph: Graph, tags: Iterable[str], import_scope: str | None = None, **kwargs: Any
    ) -> tuple[Saver | None, list[Any] | None]:
        """Adds the graph with these tags to a graph.

        Args:
            graph: the graph that gets the nodes.
            tags: the tags.
            import_scope: a scope for the names; None: none.
            **kwargs: what `tf.train.import_meta_graph` takes.

        Returns:
            The saver of its variables, and what the argument `return_elements` names.
        """
        message = self.get_meta_graph_def_from_tags(tags)
        with graph.as_default():
            return import_meta_graph_with_return_elements(
                message, import_scope=import_scope, **kwargs
            )

    def restore_variables(
        self, sess: Any, saver: Saver | None, import_scope: str | None = None
    ) -> None:
        """Restores the variables of a graph that was loaded.

        Args:
            sess: the session.
            saver: what `load_graph` returned.
            import_scope: the scope that was loaded into.

        Raises:
            ValueError: if there are variables but no saver.
        """
        with sess.graph.as_default():
            if saver is None and not all_saveable_objects(scope=import_scope):
                _log.info("The specified SavedModel has no variables; none was restored.")
            elif isinstance(saver, Saver):
                saver.restore(sess, self._variables_path)
            else:
                raise ValueError(
                    "No tf.train.Saver object was passed to the function "
                    "SavedModelLoader.restore_variables. Since there are variables in the graph, "
                    "a saver is required."
                )

    def run_init_ops(self, sess: Any, tags: Iterable[str], import_scope: str | None = None) -> None:
        """Runs the operation that the graph wants run after loading, if it names one.

        Args:
            sess: the session.
            tags: the graph's tags.
            import_scope: the scope that it was loaded into.

        Raises:
            ValueError: if an asset lies outside of the SavedModel.
        """
        message = self.get_meta_graph_def_from_tags(tags)
        with sess.graph.as_default():
            assets = files.asset_paths(self._export_dir, message, import_scope)
            init_op = get_init_op(message, import_scope)
            if init_op is not None:
                sess.run(fetches=[init_op], feed_dict=assets)

    def load(
        self, sess: Any, tags: Iterable[str], import_scope: str | None = None, **saver_kwargs: Any
    ) -> Any:
        """Adds the graph with these tags to a session's graph, restores and initializes it.

        Args:
            sess: the session.
            tags: the tags.
            import_scope: a scope for the names; None: none.
            **saver_kwargs: what `tf.train.import_meta_graph` takes.

        Returns:
            The MetaGraphDef.
        """
        tags = list(tags) if not isinstance(tags, str | set | list) else tags
        with sess.graph.as_default():
            saver, _ = self.load_graph(sess.graph, tags, import_scope, **saver_kwargs)
            self.restore_variables(sess, saver, import_scope)
            self.run_init_ops(sess, tags, import_scope)
        return self.get_meta_graph_def_from_tags(tags)


# --- operations that a graph names ---
def get_init_op(meta_graph_def: Any, import_scope: str | None = None) -> Any:
    """Returns what a graph of the default graph wants run after loading; None for nothing.

    Raises:
        RuntimeError: if it names several operations.
        NotFoundError: if it names one that it does not have.
    """
    found = _signed(meta_graph_def, files.INIT_OP_SIGNATURE_KEY, import_scope)
    for key in (files.MAIN_OP_KEY, files.LEGACY_INIT_OP_KEY):
        found = _collected(meta_graph_def, key) if found is None else found
    return found


def get_train_op(meta_graph_def: Any, import_scope: str | None = None) -> Any:
    """Returns what a graph of the default graph trains with; None for nothing.

    Raises:
        RuntimeError: if it names several operations.
        NotFoundError: if it names one that it does not have.
    """
    found = _signed(meta_graph_def, files.TRAIN_OP_SIGNATURE_KEY, import_scope)
    return _collected(meta_graph_def, files.TRAIN_OP_KEY) if found is None else found


def _signed(meta_graph_def: Any, key: str, import_scope: str | None) -> Any:
    if key not in meta_graph_def.signature_def:
        return None
    return load_op_from_signature_def(meta_graph_def.signature_def[key], key, import_scope)


def _collected(meta_graph_def: Any, key: str) -> Any:
    if key not in meta_graph_def.collection_def:
        return None
    names = meta_graph_def.collection_def[key].node_list.value
    if len(names) != 1:
        raise RuntimeError(f"Expected exactly one SavedModel init op. Found: {list(names)}")
    return scopes.get_collection(key)[0]


@export("saved_model.main_op.main_op")
def main_op() -> Operation:
    """Returns an operation that initializes all variables and tables, for `main_op` arguments."""
    return group(
        global_variables_initializer(), local_variables_initializer(), tables_initializer()
    )


@export("saved_model.main_op_with_restore", "saved_model.main_op.main_op_with_restore")
def main_op_with_restore(restore_op_name: Any) -> Operation:
    """Returns an operation that initializes all variables and tables, then restores.

    Args:
        restore_op_name: the operation that restores.
    """
    with scopes.control_dependencies([main_op()]):
        return group(restore_op_name)
