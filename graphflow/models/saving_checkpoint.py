"""tf.train.Checkpoint: variables in files by the objects that own them."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from graphflow.core.dtypes import int64
from graphflow.core.export import export
from graphflow.formats import proto
from graphflow.formats.bundle_writer import write_bundle
from graphflow.formats.checkpoint_state import update_checkpoint_state
from graphflow.formats.checkpoint_v1 import open_checkpoint
from graphflow.models.saving_objects import (
    ObjectGraph,
    Trackable,
    children,
    has_slots,
    is_trackable,
    object_graph,
    slot_of,
)
from graphflow.nets.keras_state import get_session
from graphflow.ops.resource_variables import ResourceVariable
from graphflow.ops.state import assign_add
from graphflow.ops.variables import Variable
from graphflow.training.object_checkpoint import OBJECT_GRAPH_KEY


def _session(session: Any) -> Any:
    return get_session() if session is None else session


# --- writing ---
def write_objects(root: Any, prefix: str, session: Any) -> str:
    """Writes the variables of an object and of those that belong to it.

    Args:
        root: the object.
        prefix: of the checkpoint's files.
        session: where the values are.

    Returns:
        The prefix.
    """
    graph = object_graph(root)
    keys = sorted(graph.keys)
    values = session.run([graph.keys[key] for key in keys]) if keys else []
    shape = np.empty((), object)
    shape[()] = graph.message.SerializeToString(deterministic=True)
    tensors: list[tuple[str, Any, str | None]] = [(OBJECT_GRAPH_KEY, shape, None)]
    tensors += [(key, value, None) for key, value in zip(keys, values, strict=True)]
    write_bundle(prefix, tensors)
    return prefix


# --- reading ---
class Restoration:
    """A checkpoint whose values go to objects as soon as both are known.

    Args:
        path: the prefix of the checkpoint's files.
        root: the object that was written.

    Raises:
        NotFoundError: if there is no checkpoint.
    """

    def __init__(self, path: str, root: Any) -> None:
        self.path = path
        self.root = root
        self.reader = open_checkpoint(path)
        self.message: Any = None
        if self.reader.has(OBJECT_GRAPH_KEY):
            data = self.reader.read(OBJECT_GRAPH_KEY).item()
            self.message = proto.TrackableObjectGraph.FromString(data)
        self.objects: dict[int, Any] = {}
        """The objects that were found, by their numbers in the checkpoint."""
        self.pending: list[tuple[Variable, str]] = []
        self.session: Any = None
        """Where values go at once when further variables are found; None: nowhere yet."""

    def advance(self) -> None:
        """Looks for objects that came since the last time."""
        if self.message is None:
            self._advance_by_names()
            return
        seen = {0}
        queue = [(0, self.root)]
        while queue:
            number, x = queue.pop(0)
            self._found(number, x)
            own = dict(children(x))
            for child in self.message.nodes[number].children:
                if child.local_name in own and child.node_id not in seen:
                    seen.add(child.node_id)
                    queue.append((child.node_id, own[child.local_name]))
        self._find_slots()
        if self.session is not None:
            self.run(self.session)

    def _advance_by_names(self) -> None:
        for variable in self._graph().keys.values():
            known = any(variable is v for v in self.objects.values())
            if not known and self.reader.has(variable.op.name):
                self.objects[len(self.objects) + 1] = variable
                self.pending.append((variable, variable.op.name))

    def _graph(self) -> ObjectGraph:
        return object_graph(self.root)

    def _found(self, number: int, x: Any) -> None:
        if number in self.objects:
            return
        self.objects[number] = x
        for attribute in self.message.nodes[number].attributes:
            if isinstance(x, Variable) and attribute.name == "VARIABLE_VALUE":
                self.pending.append((x, attribute.checkpoint_key))

    def _find_slots(self) -> None:
        for number, node in enumerate(self.message.nodes):
            optimizer = self.objects.get(number)
            if not has_slots(optimizer):
                continue
            for slot in node.slot_variables:
                variable = self.objects.get(slot.original_variable_node_id)
                if isinstance(variable, Variable):
                    held = slot_of(optimizer, variable, slot.slot_name)
                    if held is not None:
                        self._found(slot.slot_variable_node_id, held)

    def run(self, session: Any) -> None:
        """Gives the variables that were found their values."""
        pending, self.pending = self.pending, []
        for variable, key in pending:
            variable.load(self.reader.read(key), session)
            variable._keras_initialized = True  # type: ignore[attr-defined]  # see keras_state


class CheckpointLoadStatus:
    """What was found of a checkpoint, and the loading of values itself.

    Args:
        restoration: the checkpoint and the object.
    """

    def __init__(self, restoration: Restoration) -> None:
        self._restoration = restoration

    def assert_consumed(self) -> CheckpointLoadStatus:
        """Checks that all values of the checkpoint and all variables have found each other.

        Raises:
            AssertionError: if one has not.
        """
        held = self._restoration
        held.advance()
        if held.message is None:
            self.assert_existing_objects_matched()
            used = {v.op.name for v in held.objects.values()}
            unused = sorted(set(held.reader.names()) - used)
            if unused:
                raise AssertionError(f"Some objects were not restored: {unused}")
            return self
        for number, node in enumerate(held.message.nodes):
            if number not in held.objects:
                raise AssertionError(f"Unresolved object in checkpoint: {node}")
        return self.assert_existing_objects_matched()

    def assert_existing_objects_matched(self) -> CheckpointLoadStatus:
        """Checks that all variables of the object have found values.

        Raises:
            AssertionError: if one has not.
        """
        self._restoration.advance()
        found = {id(x) for x in self._restoration.objects.values()}
        for x in self._restoration._graph().objects:
            if isinstance(x, Variable) and id(x) not in found:
                raise AssertionError(f"Object not assigned a value from checkpoint: {x!r}")
        return self

    def assert_nontrivial_match(self) -> CheckpointLoadStatus:
        """Checks that something below the object itself was found.

        Raises:
            AssertionError: if nothing was.
        """
        held = self._restoration
        held.advance()
        if len(held.objects) <= 1:
            rest = [x for x in held._graph().objects if x is not held.root]
            if rest:
                raise AssertionError(
                    "Nothing except the root object matched a checkpointed value. Typically this "
                    "means that the checkpoint does not match the Python program. The following "
                    f"objects have no matching checkpointed value: {rest}"
                )
            raise AssertionError(
                f"Nothing to load. No dependencies have been added to {held.root} yet."
            )
        return self

    def expect_partial(self) -> CheckpointLoadStatus:
        """Says that not all values are expected to be used."""
        return self

    def run_restore_ops(self, session: Any = None) -> None:
        """Gives the variables that were found their values.

        Args:
            session: where; None: the default session, else that of Keras.
        """
        self._restoration.advance()
        self._restoration.run(_session(session))

    def initialize_or_restore(self, session: Any = None) -> None:
        """Gives all variables of the object values: those of the checkpoint, or their first ones.

        Args:
            session: where; None: the default session, else that of Keras.
        """
        session = _session(session)
        self._restoration.advance()
        found = {id(x) for x in self._restoration.objects.values()}
        fresh = [x for x in self._restoration._graph().keys.values() if id(x) not in found]
        if fresh:
            session.run([variable.initializer for variable in fresh])
        self._restoration.run(session)


class InitializationOnlyStatus:
    """What `Checkpoint.restore(None)` returns: there is nothing to restore.

    Args:
        root: the object.
    """

    _NOTHING = "No checkpoint specified (save_path=None); nothing is being restored."

    def __init__(self, root: Any) -> None:
        self._root = root

    def assert_consumed(self) -> InitializationOnlyStatus:
        """Refuses.

        Raises:
            AssertionError: always.
        """
        raise AssertionError(self._NOTHING)

    assert_existing_objects_matched = assert_consumed
    assert_nontrivial_match = assert_consumed

    def expect_partial(self) -> InitializationOnlyStatus:
        """Says that not all values are expected to be used."""
        return self

    def run_restore_ops(self, session: Any = None) -> None:
        """Refuses.

        Raises:
            AssertionError: always.
        """
        raise AssertionError(self._NOTHING)

    def initialize_or_restore(self, session: Any = None) -> None:
        """Gives all variables of the object their first values.

        Args:
            session: where; None: the default session, else that of Keras.
        """
        variables = list(object_graph(self._root).keys.values())
        if variables:
            _session(session).run([variable.initializer for variable in variables])


@export("train.Checkpoint")
class Checkpoint(Trackable):
    """Variables in files by the objects that own them: models, optimizers, lists, variables.

    Attributes that are set later belong to it as well.

    Args:
        **kwargs: the objects, by the names they are to have.

    Raises:
        ValueError: if an object cannot own variables.
    """

    def __init__(self, **kwargs: Any) -> None:
        self._save_counter: Any = None
        for name, value in sorted(kwargs.items()):
            if isinstance(value, list | dict) or not is_trackable(value):
                raise ValueError(
                    "`Checkpoint` was expecting a trackable object (an object derived from "
                    f"`TrackableBase`), got {value}. If you believe this object should be "
                    "trackable (i.e. it is part of the TensorFlow Python API and manages state), "
                    "please open an issue."
                )
            setattr(self, name, value)

    def tracked(self) -> Any:
        """Yields the objects by their names, the count of saves last."""
        yield from super().tracked()
        if self._save_counter is not None:
            yield "save_counter", self._save_counter

    @property
    def save_counter(self) -> Any:
        """The variable that counts how often `save` was called."""
        if self._save_counter is None:
            self._save_counter = ResourceVariable(
                0, trainable=False, name="save_counter", dtype=int64
            )
        return self._save_counter

    def write(self, file_prefix: str, session: Any = None) -> str:
        """Writes a checkpoint, without a number and without noting it in the directory.

        Args:
            file_prefix: what the names of the files begin with.
            session: where the values are; None: the default session, else that of Keras.

        Returns:
            The prefix.
        """
        self.save_counter  # noqa: B018  (made on first use)
        return write_objects(self, file_prefix, _session(session))

    def save(self, file_prefix: str, session: Any = None) -> str:
        """Writes a checkpoint with a number and notes it as the latest of its directory.

        Args:
            file_prefix: what the names of the files begin with, before the number.
            session: where the values are; None: the default session, else that of Keras.

        Returns:
            The prefix with the number.
        """
        session = _session(session)
        if self._save_counter is None:
            session.run(self.save_counter.initializer)
        if not hasattr(self, "_count"):
            self._count = assign_add(self.save_counter, 1)
        number = session.run(self._count)
        path = self.write(f"{file_prefix}-{number}", session)
        update_checkpoint_state(
            os.path.dirname(file_prefix), path, [path], save_relative_paths=True
        )
        return path

    def restore(self, save_path: str | None) -> Any:
        """Finds the values of a checkpoint for the objects; the status returned loads them.

        Objects that come later find theirs when the status is used.

        Args:
            save_path: the prefix of the checkpoint's files; None: there is none.

        Returns:
            A status: `assert_consumed()`, `assert_existing_objects_matched()`,
            `assert_nontrivial_match()` and `expect_partial()` return it again,
            `run_restore_ops(session)` and `initialize_or_restore(session)` load the values.

        Raises:
            NotFoundError: if there is no such checkpoint.
        """
        self.save_counter  # noqa: B018  (its value is restored too)
        if save_path is None:
            return InitializationOnlyStatus(self)
        restoration = Restoration(save_path, self)
        restoration.advance()
        return CheckpointLoadStatus(restoration)


# --- models ---
def save_model_weights(model: Any, path: str) -> None:
    """Writes the variables of a model and notes the checkpoint as the latest of its directory.

    Args:
        model: the model.
        path: the prefix of the checkpoint's files.
    """
    write_objects(model, path, get_session())
    update_checkpoint_state(os.path.dirname(path), path, [path], save_relative_paths=True)


def load_model_weights(model: Any, path: str) -> CheckpointLoadStatus:
    """Gives the variables of a model the values of a checkpoint, those that come later too.

    Args:
        model: the model.
        path: the prefix of the checkpoint's files.

    Raises:
        NotFoundError: if there is no checkpoint.
        AssertionError: if nothing in it fits the model.
    """
    restoration = Restoration(path, model)
    vars(model)["_restorations"] = [restoration]
    status = CheckpointLoadStatus(restoration)
    restoration.session = get_session()
    status.assert_nontrivial_match()
    return status
