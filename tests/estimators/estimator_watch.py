"""Looks at an Estimator at work: losses, log lines, files, events, nodes; under either library.

Runs on Python 3.7 under TensorFlow 1.15.5 too.
"""

import glob
import logging
import os
import re

import numpy as np

_CHANGING = (
    (r"\(\d+\.\d+ sec\)", "(N sec)"),
    (r"(global_step|examples)/sec: [\d.e+]+", r"\1/sec: N"),
    (r"\d{4}-\d\d-\d\d[T-]\d\d:\d\d:\d\dZ?", "TIME"),
    (r"<[\w.]*ClusterSpec object at 0x\w+>", "<ClusterSpec>"),
    (r" at 0x[0-9a-f]+", ""),
    (r"\b1[0-9]{9}\b", "SECONDS"),
    (r"tensorflow[\w.]*\.(?=\w)|graphflow[\w.]*\.(?=\w)", ""),
)
_ONLY_THEIRS = (
    "deprecated",
    "Instructions for updating",
    "Issue encountered when serializing",
    "cannot be stored",
    "The TensorFlow contrib module",
    "rapezoidal rule",
    "already exists; retrying",
    "It seems that global step",
)
"""Log lines about what TensorFlow takes away, what does not go into files, and about races."""


def plain(text, folder):
    """A text without times, addresses and the name of a folder."""
    text = text.replace(folder, "$DIR") if folder else text
    for pattern, kept in _CHANGING:
        text = re.sub(pattern, kept, text)
    return text


class Log(logging.Handler):
    """Keeps the lines that the library logs."""

    def __init__(self, folder):
        logging.Handler.__init__(self)
        self.folder, self.lines = folder, []

    def emit(self, record):
        """Notes a line."""
        text = plain(record.getMessage(), self.folder)
        if not any(words in text for words in _ONLY_THEIRS):
            self.lines.append("%s: %s" % (record.levelname, text))  # noqa: UP031 (Python 3.7)

    def __enter__(self):
        logger = logging.getLogger("tensorflow")
        self.before = logger.level, logger.propagate, logger.handlers
        logger.handlers = [self]
        logger.propagate = False
        logger.setLevel(logging.INFO)
        return self

    def __exit__(self, *exc):
        logger = logging.getLogger("tensorflow")
        level, logger.propagate, logger.handlers = self.before
        logger.setLevel(level)


def loss_hook(tf, found):
    """A hook that notes the losses of all steps, and the nodes of the graph."""

    class Losses(tf.train.SessionRunHook):
        def after_create_session(self, session, coord):
            nodes = session.graph.as_graph_def().node
            found["nodes"] = sorted(
                [n.name, n.op, n.device] for n in nodes if "gradients/" not in n.name
            )
            losses = session.graph.get_collection("losses")
            self.loss = losses[-1] if losses else None
            found.setdefault("losses", [])

        def before_run(self, run_context):
            return None if self.loss is None else tf.train.SessionRunArgs(self.loss)

        def after_run(self, run_context, run_values):
            if self.loss is not None:
                found["losses"].append(float(run_values.results))

    return Losses()


def files(folder):
    """The names of all files below a folder; event files without their times."""
    found = []
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.relpath(os.path.join(where, name), folder)
            path = re.sub(r"tfevents\..*", "tfevents", plain(path, folder))
            # A checkpoint that is written again gets other names of data files here.
            found.append(re.sub(r"data-\d+-of-\d+", "data", path))
    return sorted(set(found))


def events(tf, folder):
    """[folder, step, kind, tags] of all events below a folder."""
    tf.summary.FileWriterCache.clear()  # what is written is in the files
    found = []
    for path in sorted(glob.glob(os.path.join(folder, "**/*tfevents*"), recursive=True)):
        where = os.path.relpath(os.path.dirname(path), folder)
        for e in tf.train.summary_iterator(path):
            what = e.WhichOneof("what")
            if what not in ("file_version", "graph_def", "meta_graph_def"):
                tags = sorted(v.tag for v in e.summary.value)
                found.append([where, e.step, what, tags])
            elif what != "file_version":
                found.append([where, e.step, what, []])
    return sorted(found)


def checkpoint(tf, folder):
    """[name, shape] of all that the last checkpoint holds."""
    path = tf.train.latest_checkpoint(folder)
    return [[name, list(shape)] for name, shape in tf.train.list_variables(path)]


def values(found):
    """Anything with arrays in it, as JSON can have it."""
    if isinstance(found, dict):
        return {str(k): values(v) for k, v in found.items()}
    if isinstance(found, (list, tuple)):
        return [values(v) for v in found]
    if isinstance(found, bytes):
        return found.decode("latin-1")
    if isinstance(found, np.ndarray):
        return values(found.tolist())
    return found.item() if isinstance(found, np.generic) else found


def outcome(call, folder=""):
    """The class and words of the error that a call raises, or the text of what it returns."""
    try:
        found = repr(values(call()))
    except Exception as e:
        words = plain(str(e).split("\n\t [[")[0], folder)  # where the node was made is told apart
        return "!%s: %s" % (type(e).__name__, words)  # noqa: UP031 (Python 3.7)
    return plain(found, folder)
