"""Bad sessions, checkpoints, summaries, Python functions and queues.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails, works

RUNS: list[Case] = [
    fails(
        40,
        "config of a wrong type",
        'tf.Session(config={"a": 1})',
        says="config must be a tf.ConfigProto, but got <class 'dict'>",
    ),
    works(
        175,
        "latest_checkpoint empty dir",
        "result = tf.train.latest_checkpoint(TMP)",
    ),
    works(
        176,
        "latest_checkpoint nonexistent dir",
        'result = tf.train.latest_checkpoint(TMP + "/none")',
    ),
    fails(
        177,
        "load_checkpoint missing",
        'tf.train.load_checkpoint(TMP + "/none")',
        says="Failed to find any matching files for $TMP/none",
    ),
    fails(
        178,
        "NewCheckpointReader get_tensor missing",
        """
v = tf.Variable(1.0, name="v")
with tf.Session() as s:
    s.run(v.initializer)
    p = tf.train.Saver().save(s, TMP + "/m")
tf.train.NewCheckpointReader(p).get_tensor("zz")
""",
        says="Key zz not found in checkpoint",
    ),
    fails(
        179,
        "add_summary bad type",
        """
w = tf.summary.FileWriter(TMP)
w.add_summary(3)
""",
        says="'int' object has no attribute 'value'",
    ),
    works(
        180,
        "FileWriter after close",
        """
import warnings
w = tf.summary.FileWriter(TMP)
w.close()
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    w.add_summary(b"")
result = [str(x.message) for x in said]
""",
    ),
    fails(
        181,
        "summary scalar of vector",
        """
y = tf.summary.scalar("a", tf.constant([1.0, 2.0]))
with tf.Session() as s:
    s.run(y)
""",
        says="tags and values not the same shape: [] != [2] (tag 'a')",
        names_line=True,
    ),
    fails(
        182,
        "summary histogram with nan",
        """
y = tf.summary.histogram("a", tf.constant([np.nan]))
with tf.Session() as s:
    s.run(y)
""",
        says="Nan in summary histogram for: a",
        names_line=True,
    ),
    works(
        183,
        "summary image wrong rank",
        'tf.summary.image("a", tf.zeros([2, 2]))',
    ),
    fails(
        184,
        "py_func raises",
        """
y = tf.py_func(lambda: 1 / 0, [], tf.float32)
with tf.Session() as s:
    s.run(y)
""",
        says="ZeroDivisionError: division by zero",
        names_line=True,
    ),
    fails(
        185,
        "py_func wrong dtype",
        """
y = tf.py_func(lambda: np.int64(1), [], tf.float32)
with tf.Session() as s:
    s.run(y)
""",
        says="is int64, but expects float",
        names_line=True,
    ),
    fails(
        186,
        "queue dequeue closed empty",
        """
q = tf.FIFOQueue(2, tf.float32)
d = q.dequeue()
c = q.close()
with tf.Session() as s:
    s.run(c)
    s.run(d)
""",
        says="is closed and has insufficient elements (requested 1, current size 0)",
        names_line=True,
    ),
    fails(
        187,
        "queue enqueue closed",
        """
q = tf.FIFOQueue(2, tf.float32)
e = q.enqueue(1.0)
c = q.close()
with tf.Session() as s:
    s.run(c)
    s.run(e)
""",
        says="_fifo_queue' is closed.",
        names_line=True,
    ),
    fails(
        188,
        "queue enqueue wrong dtype",
        """
q = tf.FIFOQueue(2, tf.float32)
q.enqueue(tf.constant(1))
""",
        says="Tensor conversion requested dtype float32 for Tensor with dtype int32",
    ),
    fails(
        189,
        "operation timeout",
        """
q = tf.FIFOQueue(2, tf.float32)
d = q.dequeue()
with tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=50)) as s:
    s.run(d)
""",
        says="Timed out waiting for notification",
    ),
    fails(
        195,
        "add_to_collection after finalize",
        """
g.finalize()
tf.add_to_collection("a", 1)
result = "ok"
""",
        says="Graph is finalized and cannot be modified.",
    ),
    fails(
        196,
        "a fetch that partial_run_setup did not name",
        """
a = tf.placeholder(tf.float32)
with tf.Session() as s:
    h = s.partial_run_setup([a * 1], [a])
    s.partial_run(h, a * 2)
""",
        says="The fetch mul_1:0 was not specified in partial_run_setup.",
    ),
    fails(
        201,
        "unknown attribute",
        "tf.no_such_symbol",
        says="has no attribute 'no_such_symbol'",
    ),
    fails(
        209,
        "MonitoredSession run after close",
        """
v = tf.train.get_or_create_global_step()
s = tf.train.MonitoredSession()
s.close()
s.run(v)
""",
        says="'NoneType' object has no attribute 'run'",
    ),
    fails(
        210,
        "MonitoredSession uninitialised extra var",
        """
v = tf.Variable(1.0, name="v", collections=["mine"])
with tf.train.MonitoredSession() as s:
    s.run(v)
""",
        says="Init operations did not make model ready.",
    ),
    fails(
        211,
        "add op to graph inside MonitoredSession",
        """
v = tf.train.get_or_create_global_step()
with tf.train.MonitoredSession() as s:
    tf.constant(1.0)
""",
        says="Graph is finalized and cannot be modified.",
    ),
]
