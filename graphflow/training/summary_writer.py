"""tf.summary.FileWriter: writes summaries and graphs to the event files that TensorBoard reads."""

from __future__ import annotations

import os
import threading
import time
import warnings
import weakref
from typing import Any, ClassVar

from graphflow.core import scopes
from graphflow.core.export import export, publish
from graphflow.core.graph import Graph
from graphflow.formats import proto
from graphflow.formats.events import EventsWriter, read_events
from graphflow.formats.meta_graph import export_scoped_meta_graph

publish(read_events, "train.summary_iterator")


@export("summary.FileWriter")
class FileWriter:
    """Writes an event file into a directory, from any number of threads.

    Args:
        logdir: the directory, which is made if need be.
        graph: a graph to write at once.
        max_queue: kept for TensorFlow's sake: nothing is queued.
        flush_secs: what is written becomes visible to readers at least every so many seconds,
            as long as more comes.
        graph_def: a GraphDef to write instead of `graph`; the old way.
        filename_suffix: what the file's name ends with.
        session: kept for TensorFlow's sake.

    Raises:
        OpError: of the class that fits, if the file cannot be written.
    """

    def __init__(
        self,
        logdir: Any,
        graph: Any = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        graph_def: Any = None,
        filename_suffix: str | None = None,
        session: Any = None,
    ) -> None:
        self._logdir: str = os.fspath(logdir)
        self._flush_secs = flush_secs
        self._suffix = filename_suffix or ""
        self._lock = threading.Lock()
        self._seen_tags: set[str] = set()
        self._run_tags: set[str] = set()
        self._open()
        if graph is not None or graph_def is not None:
            self.add_graph(graph, graph_def=graph_def)
            declared = graph if isinstance(graph, Graph) else graph_def
            nodes = None if isinstance(declared, Graph) else (graph_def or graph)
            source = declared if isinstance(declared, Graph) else None
            self.add_meta_graph(export_scoped_meta_graph(graph=source, graph_def=nodes)[0])

    def _open(self) -> None:
        self._closed = False
        self._events = EventsWriter(self._logdir, self._suffix)
        self._next_flush = 0.0
        # A program that ends without `close` leaves a complete file all the same.
        self._finalizer = weakref.finalize(self, self._events.close)

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def get_logdir(self) -> str:
        """The directory."""
        return self._logdir

    # --- events ---
    def add_event(self, event: Any) -> None:
        """Appends an Event message; warns and does nothing if the writer is closed.

        Args:
            event: the message.
        """
        if self._warn_if_closed():
            return
        with self._lock:
            self._events.write(event)
            now = time.monotonic()
            if now >= self._next_flush:
                self._events.flush()
                self._next_flush = now + self._flush_secs

    def _add(self, event: Any, step: Any) -> None:
        event.wall_time = time.time()
        if step is not None:
            event.step = int(step)
        self.add_event(event)

    def _warn_if_closed(self) -> bool:
        if self._closed:
            warnings.warn(
                "Attempting to use a closed FileWriter. The operation will be a noop unless the "
                "FileWriter is explicitly reopened.",
                stacklevel=3,
            )
        return self._closed

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Appends a summary.

        Args:
            summary: a Summary message, or the bytes of one as a run returns them.
            global_step: the step it belongs to.
        """
        if isinstance(summary, bytes):
            summary = proto.Summary.FromString(summary)
        for value in summary.value:
            if not value.HasField("metadata"):
                continue
            if value.tag in self._seen_tags:
                value.ClearField("metadata")  # said once for each tag
            self._seen_tags.add(value.tag)
        self._add(proto.Event(summary=summary), global_step)

    def add_session_log(self, session_log: Any, global_step: Any = None) -> None:
        """Appends a SessionLog message.

        Args:
            session_log: the message.
            global_step: the step it belongs to.
        """
        self._add(proto.Event(session_log=session_log), global_step)

    def add_graph(self, graph: Any, global_step: Any = None, graph_def: Any = None) -> None:
        """Appends a graph, with the static shapes of its tensors.

        Args:
            graph: the Graph.
            global_step: the step it belongs to.
            graph_def: a GraphDef instead; the old way.

        Raises:
            ValueError: if both are given.
            TypeError: if neither is a graph.
        """
        if graph is not None and graph_def is not None:
            raise ValueError("Please pass only graph, or graph_def (deprecated), but not both.")
        given = graph_def if graph is None else graph
        if isinstance(given, Graph):
            given = given.as_graph_def(add_shapes=True)
        elif not isinstance(given, proto.GraphDef):
            raise TypeError(
                "The passed graph must be an instance of `Graph` or the deprecated `GraphDef`"
            )
        self._add(proto.Event(graph_def=given.SerializeToString(deterministic=True)), global_step)

    def add_meta_graph(self, meta_graph_def: Any, global_step: Any = None) -> None:
        """Appends a MetaGraphDef message.

        Args:
            meta_graph_def: the message.
            global_step: the step it belongs to.

        Raises:
            TypeError: if it is another message.
        """
        if not isinstance(meta_graph_def, proto.MetaGraphDef):
            raise TypeError(
                f"meta_graph_def must be type MetaGraphDef, saw type: {type(meta_graph_def)}"
            )
        data = meta_graph_def.SerializeToString(deterministic=True)
        self._add(proto.Event(meta_graph_def=data), global_step)

    def add_run_metadata(self, run_metadata: Any, tag: str, global_step: Any = None) -> None:
        """Appends what a run has told of itself.

        Args:
            run_metadata: a RunMetadata message.
            tag: its name, a new one each time.
            global_step: the step it belongs to.

        Raises:
            ValueError: if the tag was used before.
        """
        if tag in self._run_tags:
            raise ValueError("The provided tag was already used for this event type")
        self._run_tags.add(tag)
        data = run_metadata.SerializeToString(deterministic=True)
        event = proto.Event(tagged_run_metadata=proto.TaggedRunMetadata(tag=tag, run_metadata=data))
        self._add(event, global_step)

    # --- the file ---
    def flush(self) -> None:
        """Makes what was written visible to readers."""
        if not self._warn_if_closed():
            self._events.flush()

    def close(self) -> None:
        """Writes what is left and closes the file."""
        with self._lock:
            self._closed = True
            self._finalizer()

    def reopen(self) -> None:
        """Begins a new file after `close`; does nothing if the writer is open."""
        if self._closed:
            self._open()


@export("summary.FileWriterCache")
class FileWriterCache:
    """One FileWriter for each directory."""

    _cache: ClassVar[dict[str, FileWriter]] = {}
    _lock: ClassVar[Any] = threading.RLock()

    @staticmethod
    def get(logdir: Any) -> FileWriter:
        """Returns the writer of a directory, which has written the default graph.

        Args:
            logdir: the directory.
        """
        path = os.fspath(logdir)
        with FileWriterCache._lock:
            if path not in FileWriterCache._cache:
                graph = scopes.get_default_graph()
                FileWriterCache._cache[path] = FileWriter(path, graph=graph)
            return FileWriterCache._cache[path]

    @staticmethod
    def clear() -> None:
        """Closes all writers and forgets them."""
        with FileWriterCache._lock:
            for writer in FileWriterCache._cache.values():
                writer.close()
            FileWriterCache._cache.clear()
