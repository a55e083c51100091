"""Rows of queues and readers: each fills a queue and takes out of it in one run.

What several runs or threads do is in tests/training/test_queues.py.
"""

from __future__ import annotations

import importlib
import os
import tempfile

import numpy as np

from _rows import b, case, d, error, f, h, i, l, s, t, tf

TIME = "elements come and go in time"


def raw(op_type, named, **attrs):
    """Declares an operation that has no public function; `named` are its inputs by port."""
    if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
        for module in ("gen_data_flow_ops", "gen_io_ops", "gen_sparse_ops"):
            library = importlib.import_module("tensorflow.python.ops." + module)._op_def_lib
            if op_type in library._ops:
                given = dict(_defaults(library._ops[op_type].op_def), **named)
                return library.apply_op(op_type, **dict(given, **attrs))
    apply = importlib.import_module("graphflow.core.declare").apply
    return apply(op_type, *named.values(), **attrs)


def _defaults(op_def):
    fields = {"int": "i", "string": "s", "bool": "b", "float": "f"}
    declared = [a for a in op_def.attr if a.HasField("default_value")]
    return {a.name: getattr(a.default_value, fields[a.type]) if a.type in fields else []
            for a in declared}  # fmt: skip


def through(queue, values, take, many=True):
    """What `take(queue)` returns after the values were put into the queue."""
    put = queue.enqueue_many if many else queue.enqueue
    with tf.control_dependencies([put(values)]):
        return take(queue)


def _in_turn(first, second):
    """What two functions declare, one after the other in the run as well."""
    before = first()
    with tf.control_dependencies(before if isinstance(before, list) else [before]):
        return [before, second()]


def fifo(*values, **options):
    """A FIFOQueue for rows of these tensors."""
    types = [v.dtype for v in values]
    shapes = options.pop("shapes", [v.shape[1:] for v in values])
    return tf.FIFOQueue(20, types, shapes=shapes, **options)


# --- FIFOQueueV2 and the operations on queues ---
case("FIFOQueueV2", lambda x: through(fifo(x), [x], lambda q: q.dequeue_many(3)), t(3, 2),
     dtypes="f d h bf i l i8 u8 u16 b c z s", grad=TIME)  # fmt: skip
case("QueueEnqueueV2", lambda x, y: through(tf.FIFOQueue(3, [tf.float32, tf.int32]), [x, y],
     lambda q: q.dequeue(), many=False), f(2, 3), i(value=7), grad=TIME)  # fmt: skip
case("QueueEnqueueV2", lambda x, y: through(
     tf.FIFOQueue(3, [tf.float32, tf.string], names=["a", "b"], shapes=[[2], []]),
     {"a": x, "b": y}, lambda q: q.dequeue(), many=False), f(2), s("text"), grad=TIME)  # fmt: skip
case("QueueDequeueV2", lambda x: through(fifo(x), x, lambda q: [q.dequeue(), q.dequeue()]),
     f([1, 1]), grad=TIME)  # fmt: skip
case("QueueDequeueV2", lambda x: through(tf.FIFOQueue(3, tf.float32), x, lambda q: q.dequeue()),
     f(1, 2, 3), grad=TIME, id="QueueDequeueV2-unknown-shape")  # fmt: skip
case("QueueEnqueueManyV2", lambda x, y: through(fifo(x, y), (x, y), lambda q: q.dequeue_many(4)),
     f(4, 2), l(4), grad=TIME)  # fmt: skip
case("QueueEnqueueManyV2", lambda x: through(fifo(x), x, lambda q: q.size()), f.empty, grad=TIME)
case("QueueDequeueManyV2", lambda x: through(fifo(x), x, lambda q: [q.dequeue_many(0),
     q.dequeue_many(2)]), f(2, 3), grad=TIME)  # fmt: skip
case("QueueDequeueManyV2", lambda x, n: through(fifo(x), x, lambda q: q.dequeue_many(n)), s(2, 2),
     i(value=2), grad=TIME)  # fmt: skip
case("QueueDequeueUpToV2", lambda x: through(fifo(x), x, lambda q: q.dequeue_up_to(2)), f(2, 3),
     grad=TIME)  # fmt: skip
case("QueueDequeueUpToV2", lambda x, n: through(fifo(x), x, lambda q: q.dequeue_up_to(n)), b(3),
     i(value=3), grad=TIME)  # fmt: skip
case("QueueSizeV2", lambda: [fifo(tf.zeros([3, 2])).size()])
case("QueueIsClosedV2", lambda: [fifo(tf.zeros([3, 2])).is_closed()])


def _closed(queue):
    with tf.control_dependencies([queue.close(cancel_pending_enqueues=True)]):
        return queue.is_closed()


case("QueueCloseV2", lambda: _closed(fifo(tf.zeros([3, 2]))))
case("QueueEnqueueManyV2", lambda x, k: through(
     tf.QueueBase.from_list(k, [fifo(x, name="a"), fifo(x, name="b")]), x,
     lambda q: q.dequeue_many(2)), f(2, 3), i(value=1), grad=TIME, id="from_list")  # fmt: skip

error("FIFOQueueV2", lambda: tf.FIFOQueue(3, [tf.float32], shapes=[[1], [2]]),
      says="Queue shapes must have the same length as dtypes")  # fmt: skip
error("FIFOQueueV2", lambda: tf.FIFOQueue(3, [tf.float32], shapes=[[None]]),
      says="All shapes must be fully defined:")  # fmt: skip
error("FIFOQueueV2", lambda: tf.FIFOQueue(3, [tf.float32], names=["a", "b"]),
      says="List of names must have the same length as the list of dtypes")  # fmt: skip
error("FIFOQueueV2", lambda: tf.FIFOQueue(3, [tf.float32], shapes=3), error="TypeError",
      says="shapes must be a TensorShape or a list or tuple of TensorShapes.")  # fmt: skip
error("QueueEnqueueV2", lambda x: tf.FIFOQueue(3, tf.float32, shapes=[[2]]).enqueue([x]), f(3),
      says="Shapes (3,) and (2,) are incompatible")  # fmt: skip
error("QueueEnqueueV2", lambda x: tf.FIFOQueue(3, tf.float32, shapes=[[2]]).enqueue([x]), f(3),
      at="run", says="Shape mismatch in tuple component 0. Expected [2], got [3]")  # fmt: skip
error("QueueEnqueueV2", lambda x: tf.FIFOQueue(3, tf.float32).enqueue({"a": x}), f(3),
      says="Queue must have names to enqueue a dictionary")  # fmt: skip
error("QueueEnqueueV2", lambda x: tf.FIFOQueue(3, tf.float32, names=["b"]).enqueue(x), f(3),
      says="You must enqueue a dictionary in a Queue with names")  # fmt: skip
error("QueueEnqueueV2", lambda x: tf.FIFOQueue(3, tf.float32, names=["b"]).enqueue({"a": x}), f(3),
      says="Keys in dictionary to enqueue do not match names of Queue.")  # fmt: skip
error("QueueEnqueueV2", lambda x: tf.FIFOQueue(3, tf.float32).enqueue(x), i(3),
      says="Tensor conversion requested dtype float32 for Tensor with dtype int32")  # fmt: skip
error("QueueEnqueueV2",
      lambda x: raw("QueueEnqueueV2", {"handle": tf.FIFOQueue(3, tf.int32).queue_ref,
                                       "components": [x]}), f(3), at="run",
      says="Signature mismatch, have: resource, float-> expected: resource, int32->")  # fmt: skip
error("QueueEnqueueManyV2", lambda x: tf.FIFOQueue(3, tf.float32, shapes=[[2]]).enqueue_many([x]),
      f(4, 3), at="run", says="Shape mismatch in tuple component 0. Expected [4,2], got [4,3]",
      )  # fmt: skip
error("QueueEnqueueManyV2", lambda x, y: tf.FIFOQueue(3, [tf.float32] * 2).enqueue_many([x, y]),
      f(4), f(3), at="run",
      says="All input tensors must have the same size in the 0th dimension. Component 1 has 3, "
      "and should have 4")  # fmt: skip
error("QueueEnqueueManyV2", lambda x, y: tf.FIFOQueue(3, [tf.float32] * 2).enqueue_many([x, y]),
      f(4), f(3), says="Dimensions 4 and 3 are not compatible")  # fmt: skip
error("QueueDequeueManyV2", lambda: tf.FIFOQueue(3, tf.float32, shapes=[[2]]).dequeue_many(-1),
      says="Input 'n' must be >= 0, but is -1")  # fmt: skip
error("QueueDequeueManyV2", lambda n: tf.FIFOQueue(3, tf.int32, shapes=[[2]]).dequeue_many(n),
      i(value=-1), at="run", says="DequeueManyOp requested -1 < 0 elements")  # fmt: skip
error("QueueDequeueUpToV2", lambda n: tf.FIFOQueue(3, tf.int32, shapes=[[2]]).dequeue_up_to(n),
      i(value=-1), at="run", says="DequeueUpToOp requested -1 < 0 elements")  # fmt: skip
error("QueueDequeueManyV2", lambda n: tf.FIFOQueue(3, tf.int32).dequeue_many(n), i(value=1),
      at="run",
      says="FIFOQueue's DequeueMany and DequeueUpTo require the components to have specified "
      "shapes.")  # fmt: skip
error("QueueDequeueV2",
      lambda n: raw("QueueDequeueV2", {"handle": tf.FIFOQueue(3, tf.int32).queue_ref},
                    component_types=[tf.float32, tf.int32]), i(value=1), at="run",
      says="Signature mismatch, have: resource->float, int32 expected: resource->int32",
      )  # fmt: skip

# --- PaddingFIFOQueueV2, PriorityQueueV2, RandomShuffleQueueV2 ---


def _padded(x, y, take):
    queue = tf.PaddingFIFOQueue(9, [x.dtype], shapes=[[None] * x.shape.ndims])
    with tf.control_dependencies([queue.enqueue([x])]):
        second = queue.enqueue([y])
    with tf.control_dependencies([second]):
        return take(queue)


case("PaddingFIFOQueueV2", lambda x, y: _padded(x, y, lambda q: q.dequeue_many(2)), t(3, 1),
     t(1, 2), dtypes="f i b s c", grad=TIME)  # fmt: skip
case("PaddingFIFOQueueV2", lambda x, y: _padded(x, y, lambda q: _in_turn(
     lambda: q.dequeue_up_to(1), q.dequeue)), f(3, 1), f(0, 2), grad=TIME,
     id="padding-one-by-one")  # fmt: skip
case("PaddingFIFOQueueV2", lambda x: through(tf.PaddingFIFOQueue(9, [x.dtype], [[None]]), x,
     lambda q: [q.dequeue_many(0), q.dequeue_many(2)]), f(2, 3), grad=TIME)  # fmt: skip
case("PaddingFIFOQueueV2", lambda x: through(tf.PaddingFIFOQueue(9, [x.dtype], [[]]), x,
     lambda q: q.dequeue_many(3)), t(3), dtypes="f s", grad=TIME)  # fmt: skip
error("PaddingFIFOQueueV2", lambda: tf.PaddingFIFOQueue(9, [tf.float32], shapes=None),
      says="When providing partial shapes, a list of shapes must be provided.")  # fmt: skip
error("PaddingFIFOQueueV2", lambda: tf.PaddingFIFOQueue(9, [tf.float32], shapes=[[1], [2]]),
      says="Shapes must be provided for all components, but received 1 dtypes and 2 shapes.",
      )  # fmt: skip
error("PaddingFIFOQueueV2",
      lambda x: tf.PaddingFIFOQueue(9, [tf.float32], shapes=[[None, 2]]).enqueue(x), f(2, 3),
      at="run", says="Shape mismatch in tuple component 0. Expected [?,2], got [2,3]",
      )  # fmt: skip

_PRIORITIES = l([3, 1, 2, 1, -5, 3, 1, 3, 2, 1, 1])


def _by_priority(x, y, take):
    return through(tf.PriorityQueue(20, [y.dtype], shapes=[y.shape[1:]]), [x, y], take)


case("PriorityQueueV2", lambda x, y: _by_priority(x, y, lambda q: q.dequeue_many(11)),
     _PRIORITIES, i(list(range(11))), grad=TIME)  # fmt: skip
case("PriorityQueueV2", lambda x, y: _by_priority(x, y, lambda q: _in_turn(
     lambda: q.dequeue_many(3), lambda: q.dequeue_many(8))), _PRIORITIES, t(11, 2),
     dtypes="f s", grad=TIME, id="PriorityQueueV2-twice")  # fmt: skip
error("PriorityQueueV2", lambda: tf.PriorityQueue(9, [tf.float32]), error="TypeError",
      says="Expected list for 'shapes' argument to 'priority_queue_v2' Op, not None.",
      )  # fmt: skip


def _shuffled(x, take, least=0, **options):
    queue = tf.RandomShuffleQueue(40, least, [x.dtype], shapes=[x.shape[1:]], **options)
    with tf.control_dependencies([queue.enqueue_many(x)]):
        return take(queue)


case("RandomShuffleQueueV2", lambda x: _shuffled(x, lambda q: q.dequeue_many(20), seed=7),
     i(list(range(20))), grad=TIME)  # fmt: skip
case("RandomShuffleQueueV2", lambda x: _shuffled(x, lambda q: q.dequeue_up_to(5)),
     t(5, 2), dtypes="f s", grad=TIME, seed=3)  # fmt: skip
case("RandomShuffleQueueV2", lambda x: _shuffled(x, lambda q: q.dequeue_many(5), shared_name="a"),
     f(5, 2), grad=TIME, seed=3, id="RandomShuffleQueueV2-shared")  # fmt: skip
error("RandomShuffleQueueV2", lambda: tf.RandomShuffleQueue(5, 5, tf.float32).size(), at="run",
      says="min_after_dequeue 5 must be < capacity 5")  # fmt: skip
error("RandomShuffleQueueV2", lambda: tf.RandomShuffleQueue(5, -1, tf.float32).size(), at="run",
      says="min_after_dequeue -1 must be >= 0")  # fmt: skip
error("RandomShuffleQueueV2", lambda n: tf.RandomShuffleQueue(5, 0, tf.int32).dequeue_many(n),
      i(value=1), at="run",
      says="RandomShuffleQueue's DequeueMany and DequeueUpTo require the components to have "
    "specified shapes.",
      )  # fmt: skip


# --- the older forms with references ---
GONE = "graphs of TensorFlow 1.15 have the form V2 only"


def _old(op_type, x, many=True, close=False, **attrs):
    handle = raw(op_type, {}, **attrs)
    put = raw("QueueEnqueueMany" if many else "QueueEnqueue",
              {"handle": handle, "components": x})  # fmt: skip
    types = [v.dtype for v in x]
    with tf.control_dependencies([put]):
        ask = {"handle": handle}
        some = {"handle": handle, "n": 2}
        found = [raw("QueueSize", ask), raw("QueueIsClosed", ask)]
    with tf.control_dependencies(found):
        if not many:
            return [*found, *raw("QueueDequeue", ask, component_types=types)]
        first = raw("QueueDequeueMany", some, component_types=types)
    with tf.control_dependencies(first):
        second = raw("QueueDequeueUpTo", some, component_types=types)
    with tf.control_dependencies(second):
        done = raw("QueueClose", ask) if close else tf.no_op()
    return [*found, *first, *second, done]


_F2 = {"component_types": [tf.float32], "shapes": [[2]], "capacity": 9}
case("FIFOQueue", lambda x: _old("FIFOQueue", [x], **_F2), f(4, 2), grad=TIME)
case("QueueEnqueueMany", lambda x: _old("FIFOQueue", [x], **_F2), f(4, 2), grad=TIME)
case("QueueEnqueue", lambda x: _old("FIFOQueue", [x], many=False, **_F2), f(2), grad=TIME)
case("QueueDequeue", lambda x: _old("FIFOQueue", [x], many=False, **_F2), f(2), grad=TIME)
case("QueueDequeueMany", lambda x: _old("PaddingFIFOQueue", [x], **_F2), f(4, 2), grad=TIME)
case("QueueDequeueUpTo", lambda x: _old("FIFOQueue", [x], **_F2), f(4, 2), grad=TIME)
case("QueueSize", lambda x: _old("FIFOQueue", [x], **_F2), f(4, 2), grad=TIME)
case("QueueIsClosed", lambda x: _old("FIFOQueue", [x], **_F2), f(4, 2), grad=TIME)
case("QueueClose", lambda: raw("QueueClose", {"handle": raw("FIFOQueue", {}, **_F2)},
     cancel_pending_enqueues=True))  # fmt: skip
case("PaddingFIFOQueue", lambda x: _old("PaddingFIFOQueue", [x], **_F2), f(4, 2), grad=TIME)
case("RandomShuffleQueue", lambda x: _old("RandomShuffleQueue", [x], seed=3, seed2=4, **_F2),
     f(4, 2), grad=TIME)  # fmt: skip
case("PriorityQueue", lambda x, y: _old("PriorityQueue", [x, y], **_F2), l([3, 1, 2, 1]), f(4, 2),
     grad=TIME)  # fmt: skip


# --- readers ---
def _read(reader, names, upto=None):
    queue = tf.FIFOQueue(20, tf.string, shapes=[[]])
    with tf.control_dependencies([queue.enqueue_many([names])]):
        record = reader.read(queue) if upto is None else reader.read_up_to(queue, upto)
    with tf.control_dependencies(list(record)):
        counts = [reader.num_records_produced(), reader.num_work_units_completed()]
    with tf.control_dependencies(counts):
        return [*record, *counts, reader.reset()]


case("IdentityReaderV2", lambda x: _read(tf.IdentityReader(), x), s(["a"]))
case("ReaderReadV2", lambda x: _read(tf.IdentityReader(), x), s(["a"]))
case("ReaderReadUpToV2", lambda x: _read(tf.IdentityReader(), x, 3), s(["a"]))
case("ReaderNumRecordsProducedV2", lambda x: _read(tf.IdentityReader(), x), s(["a"]))
case("ReaderNumWorkUnitsCompletedV2", lambda x: _read(tf.IdentityReader(), x), s(["a"]))
case("ReaderResetV2", lambda x: _read(tf.IdentityReader(), x), s(["a"]))


def _state(reader, state):
    with tf.control_dependencies([reader.restore_state(state)]):
        return reader.serialize_state()


_STATE = b'\x08\x01\x10\x01\x18\x02"\x01x'
case("ReaderSerializeStateV2", lambda x: _state(tf.IdentityReader(), x), s(_STATE))
case("ReaderRestoreStateV2", lambda x: _state(tf.WholeFileReader(), x), s(_STATE))
error("ReaderRestoreStateV2", lambda x: tf.IdentityReader(name="r").restore_state(x), s("bad"),
      at="run", says="Could not parse state for IdentityReader 'r': bad")  # fmt: skip
error("ReaderRestoreStateV2", lambda x: tf.TFRecordReader().restore_state(x), s("bad"), at="run",
      error="UnimplementedError", says="Reader RestoreState")  # fmt: skip
error("ReaderSerializeStateV2", lambda: tf.TextLineReader().serialize_state(), at="run",
      error="UnimplementedError", says="Reader SerializeState")  # fmt: skip


_NODES = "the file is another one in each process"
_PATH = os.path.join(tempfile.gettempdir(), "graphflow_queue_rows_%d.bin" % os.getpid())


def _file(reader, content, upto=None):
    """What a reader finds in a file with that content; without the keys, which name the file."""
    with tf.control_dependencies([tf.write_file(_PATH, content)]):
        names = tf.identity([_PATH])
    return _read(reader(), names, upto)[1:]


_TEXT = s("one\ntwo\r\nth\rree\n\nlast")
case("WholeFileReaderV2", lambda x: _file(tf.WholeFileReader, x), s("a\x00b"), nodes=_NODES)
case("WholeFileReaderV2", lambda x: _file(tf.WholeFileReader, x), s(""), nodes=_NODES)
case("TextLineReaderV2", lambda x: _file(tf.TextLineReader, x), _TEXT, nodes=_NODES)
case("TextLineReaderV2", lambda x: _file(tf.TextLineReader, x, 9), _TEXT, id="lines",
     nodes=_NODES)  # fmt: skip
case("TextLineReaderV2", lambda x: _file(lambda: tf.TextLineReader(2), x, 2), _TEXT, id="header",
     nodes=_NODES)  # fmt: skip
_PIECES = s("HHabcdefghijkFFF")
for _n, _sizes in enumerate(
    ((5, 2, 3), (5, 2, 3, 2), (2, 2, 3, 4), (5,), (3, 0, 1), (1, 15), (4, 2, 3, 4))
):
    case("FixedLengthRecordReaderV2",
         lambda x, sizes=_sizes: _file(lambda: tf.FixedLengthRecordReader(*sizes), x, 20), _PIECES,
         id="pieces-%d" % _n, nodes=_NODES)  # fmt: skip
error("FixedLengthRecordReaderV2",
      lambda: tf.FixedLengthRecordReader(5, -1).num_records_produced(), at="run",
      says="header_bytes must be >= 0 not -1")  # fmt: skip
error("FixedLengthRecordReaderV2",
      lambda: tf.FixedLengthRecordReader(5, hop_bytes=-1).num_records_produced(), at="run",
      says="hop_bytes must be >= 0 not -1")  # fmt: skip
error("FixedLengthRecordReaderV2", lambda x: _file(lambda: tf.FixedLengthRecordReader(1, 99), x),
      _PIECES, at="run", error="OutOfRangeError", says="reached end of file")  # fmt: skip


def _framed(make):
    """What a reader finds in a file of framed records, without the keys."""
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "two.tfrecord")
    with tf.python_io.TFRecordWriter(path) as writer:
        writer.write(b"first")
        writer.write(b"")
    return make([path])[1:]


case("TFRecordReaderV2", lambda: _framed(lambda names: _read(tf.TFRecordReader(), names, 9)),
     nodes=_NODES)  # fmt: skip
case("LMDBReader", lambda: tf.LMDBReader().num_records_produced())
error("TFRecordReaderV2", lambda x: _file(tf.TFRecordReader, x), s("no records at all"), at="run",
      error="DataLossError", says="corrupted record at 0")  # fmt: skip
error("ReaderReadV2", lambda x: _read(tf.WholeFileReader(), x), s(["/not/there"]), at="run",
      error="NotFoundError", says="/not/there; No such file or directory")  # fmt: skip


def _from(queue, *values):
    with tf.control_dependencies([queue.enqueue(values)]):
        return list(tf.IdentityReader().read(queue))


error("ReaderReadV2", lambda x: _from(tf.FIFOQueue(3, [tf.string] * 2), x, x), s("a"), at="run",
      says="Expected single component queue")  # fmt: skip
error("ReaderReadV2", lambda x: _from(tf.FIFOQueue(3, tf.int32), x), i(value=3), at="run",
      says="Expected queue with single string component")  # fmt: skip
error("ReaderReadV2", lambda x: _from(tf.FIFOQueue(3, tf.string), x), s(["a", "b"]), at="run",
      says="Expected to dequeue a one-element string tensor")  # fmt: skip


def _old_reader(op_type, names, upto=None, **attrs):
    reader = raw(op_type, {}, **attrs)
    queue = tf.FIFOQueue(20, tf.string, shapes=[[]])
    with tf.control_dependencies([queue.enqueue_many([names])]):
        fake = raw("FakeQueue", {"resource": queue.queue_ref})
        ports = {"reader_handle": reader, "queue_handle": fake}
        if upto is None:
            record = raw("ReaderRead", ports)
        else:
            record = raw("ReaderReadUpTo", dict(ports, num_records=upto))
    ask = {"reader_handle": reader}
    with tf.control_dependencies(list(record)):
        counts = [raw("ReaderNumRecordsProduced", ask), raw("ReaderNumWorkUnitsCompleted", ask)]
    with tf.control_dependencies(counts):
        return [*record, *counts, raw("ReaderReset", ask)]


for _type in (
    "IdentityReader", "FakeQueue", "ReaderRead", "ReaderNumRecordsProduced",
    "ReaderNumWorkUnitsCompleted", "ReaderReset",
):  # fmt: skip
    case(
        _type, lambda x: _old_reader("IdentityReader", x), s(["a"]), id="old-" + _type, golden=GONE
    )
case("ReaderReadUpTo", lambda x: _old_reader("IdentityReader", x, np.int64(2)), s(["a"]),
     golden=GONE)  # fmt: skip


def _old_state(op_type, state):
    reader = {"reader_handle": raw(op_type, {})}
    with tf.control_dependencies([raw("ReaderRestoreState", dict(reader, state=state))]):
        return raw("ReaderSerializeState", reader)


case("ReaderSerializeState", lambda x: _old_state("IdentityReader", x), s(_STATE), golden=GONE)
case("ReaderRestoreState", lambda x: _old_state("WholeFileReader", x), s(_STATE), golden=GONE)


def _old_file(op_type, content, **attrs):
    with tf.control_dependencies([tf.write_file(_PATH, content)]):
        names = tf.identity([_PATH])
    return _old_reader(op_type, names, np.int64(9), **attrs)[1:]


case("WholeFileReader", lambda x: _old_file("WholeFileReader", x), s("ab"), golden=GONE)
case("TextLineReader", lambda x: _old_file("TextLineReader", x, skip_header_lines=1), _TEXT,
     golden=GONE)  # fmt: skip
case("FixedLengthRecordReader", lambda x: _old_file("FixedLengthRecordReader", x, record_bytes=5,
     hop_bytes=3), _PIECES, golden=GONE)  # fmt: skip
case("TFRecordReader", lambda: _framed(lambda names: _old_reader("TFRecordReader", names,
     np.int64(9))), golden=GONE)  # fmt: skip


# --- sparse tensors kept aside ---
def _kept(sparse, many):
    op_type = "AddManySparseToTensorsMap" if many else "AddSparseToTensorsMap"
    ports = {
        "sparse_indices": sparse.indices, "sparse_values": sparse.values,
        "sparse_shape": sparse.dense_shape,
    }  # fmt: skip
    number = raw(op_type, ports, shared_name="kept")
    numbers = number if many else tf.stack([number])
    taken = raw("TakeManySparseFromTensorsMap", {"sparse_handles": numbers},
                dtype=sparse.dtype, shared_name="kept")  # fmt: skip
    return list(taken)


def _sparse(indices, values, shape):
    return tf.SparseTensor(indices, values, tf.constant(shape, tf.int64))


_PLACES = l([[0, 1], [0, 3], [2, 0]])
for _many, _type in ((True, "AddManySparseToTensorsMap"), (False, "AddSparseToTensorsMap")):
    case(_type, lambda x, y, many=_many: _kept(_sparse(x, y, [3, 4]), many), _PLACES, t(3),
         dtypes="f i s", grad=TIME)  # fmt: skip
    case(_type, lambda x, y, many=_many: _kept(_sparse(x, y, [2, 4]), many), l(0, 2), f(0),
         grad=TIME, id=_type + "-empty")  # fmt: skip
case("TakeManySparseFromTensorsMap", lambda x, y: _kept(_sparse(x, y, [3, 4]), True), _PLACES, f(3),
     grad=TIME)  # fmt: skip
error("TakeManySparseFromTensorsMap", lambda x: raw("TakeManySparseFromTensorsMap",
      {"sparse_handles": x}, dtype=tf.float32, shared_name="other"), l([5]), at="run",
      says="Unable to find SparseTensor: 5 in map: other")  # fmt: skip
error("AddManySparseToTensorsMap", lambda x, y: _kept(_sparse(x, y, [3]), True), l([[1]]), f(1),
      at="run", says="Rank of input SparseTensor should be > 1, but saw rank: 1")  # fmt: skip


# --- accumulators ---
def _raw_accumulator(x, prefix, least=1):
    shape = tf.TensorShape(x.shape)
    handle = raw(prefix + "ConditionalAccumulator", {}, dtype=x.dtype, shape=shape)
    ports = {"handle": handle, "new_global_step": np.int64(2)}
    with tf.control_dependencies([raw(prefix + "AccumulatorSetGlobalStep", ports)]):
        step = {"handle": handle, "local_step": np.int64(9**9), "gradient": x}
        added = raw(prefix + "AccumulatorApplyGradient", step)
    with tf.control_dependencies([added]):
        count = raw(prefix + "AccumulatorNumAccumulated", {"handle": handle})
    with tf.control_dependencies([count]):
        taken = raw(prefix + "AccumulatorTakeGradient", {"handle": handle, "num_required": least},
                    dtype=x.dtype)  # fmt: skip
    return [count, taken]


for _prefix in ("Resource", ""):
    for _type in (
        "ConditionalAccumulator", "AccumulatorSetGlobalStep", "AccumulatorApplyGradient",
        "AccumulatorNumAccumulated", "AccumulatorTakeGradient",
    ):  # fmt: skip
        case(_prefix + _type, lambda x, prefix=_prefix: _raw_accumulator(x, prefix), f(2, 3),
             grad=TIME)  # fmt: skip
    case(_prefix + "AccumulatorTakeGradient",
         lambda x, prefix=_prefix: _raw_accumulator(x, prefix), t(4), dtypes="f d h", grad=TIME,
         id=_prefix + "accumulator-types")  # fmt: skip


def _summed(x, y, step=0, **options):
    accumulator = tf.ConditionalAccumulator(x.dtype, shape=x.shape, **options)
    with tf.control_dependencies([accumulator.set_global_step(0)]):
        added = [accumulator.apply_grad(x), accumulator.apply_grad(y, local_step=step)]
    with tf.control_dependencies(added):
        return accumulator.take_grad(2)


case("ResourceConditionalAccumulator", _summed, f(3), f(3), grad=TIME)
case("ResourceConditionalAccumulator", lambda x, y: _summed(x, y, 5, reduction_type="SUM"), d(3),
     d(3), grad=TIME, id="accumulator-sum")  # fmt: skip
error("ResourceAccumulatorApplyGradient",
      lambda x: tf.ConditionalAccumulator(tf.float32, shape=[2]).apply_grad(x), f(3),
      says="Shapes (3,) and (2,) are incompatible")  # fmt: skip
error("ResourceAccumulatorApplyGradient",
      lambda x: tf.ConditionalAccumulator(tf.float32, shape=[2]).apply_grad(x), f(3), at="run",
      says="Shape mismatch: expected [2], got [3]")  # fmt: skip
error("ResourceAccumulatorTakeGradient",
      lambda n: tf.ConditionalAccumulator(tf.float32, shape=[2]).take_grad(n), i(value=0), at="run",
      says="Argument num_required must be positive, but was 0")  # fmt: skip
error("ResourceConditionalAccumulator",
      lambda: tf.ConditionalAccumulator(tf.float32, reduction_type="BAD"),
      says="passed string 'BAD' not in: \"MEAN\", \"SUM\".")  # fmt: skip


def _rows(x, first, second, take="take_grad", **options):
    accumulator = tf.SparseConditionalAccumulator(x.dtype, **options)
    n = len(first)
    with tf.control_dependencies([accumulator.set_global_step(0)]):
        before = accumulator.apply_grad(first, x[:n])
    with tf.control_dependencies([before]):
        added = accumulator.apply_grad(second, x[n:], options.get("shape"))
    with tf.control_dependencies([added]):
        count = accumulator.num_accumulated()
    with tf.control_dependencies([count]):
        taken = getattr(accumulator, take)(2)
    parts = list(taken) if isinstance(taken, tuple) else taken
    return [count, parts]


case("SparseConditionalAccumulator", lambda x: _rows(x, [0, 2], [0, 1, 5]), f(5, 2), grad=TIME)
case("SparseAccumulatorApplyGradient", lambda x: _rows(x, [3, 1], [2, 1, 0]), f(5, 2), grad=TIME)
case("SparseAccumulatorTakeGradient", lambda x: _rows(x, [1, 1], [0, 1, 1]), d(5), grad=TIME)
case("SparseAccumulatorTakeGradient",
     lambda x: _rows(x, [0, 2], [0, 1, 5], shape=[6, 2], reduction_type="SUM"), h(5, 2), grad=TIME,
     id="sparse-sum")  # fmt: skip
case("SparseAccumulatorTakeGradient",
     lambda x: _rows(x, [0, 2], [2], "take_indexed_slices_grad"), f(3, 2), grad=TIME,
     id="sparse-slices")  # fmt: skip


def _add_rows(x, indices, whole=None, **options):
    return tf.SparseConditionalAccumulator(x.dtype, **options).apply_grad(indices, x, whole)


for _n, (_indices, _shape, _options, _says) in enumerate([
    ([[0]], None, {}, "Input indices should be vector but received shape: [1,1]"),
    ([0], None, {}, "Expected 1 non-empty input values, got 2"),
    ([0, 9], None, {"shape": [4, 3]}, "index is 9 exceeded 4"),
    ([0, 1], [5, 3], {"shape": [4, 3]}, "Shape mismatch: expected shape dim 0 to be 4, got 5"),
    ([0, 1], None, {"shape": [4, 2]}, "Shape mismatch: expected values dim 1 to be 2, got 3"),
    ([0, 1], None, {"shape": [4, 3, 2]}, "Shape mismatch: expected values rank at least 3, got 2"),
    ([0, 1], [4], {"shape": [4, 3]}, "Shape mismatch: expected shape rank at least 2, got 1"),
]):  # fmt: skip
    error("SparseAccumulatorApplyGradient",
          lambda x, a=_indices, b=_shape, c=_options: _add_rows(x, a, b, **c), f(2, 3), at="run",
          says=_says, id="sparse-%d" % _n)  # fmt: skip


# --- what stays in the session ---
def _kept_value(x):
    held, wanted = tf.get_session_handle(x), x.dtype
    return raw("GetSessionTensor", {"handle": tf.identity(held)}, dtype=wanted)


LATER = "TensorFlow keeps the value when the run is over, and not before"
case("GetSessionHandle", _kept_value, t(2, 3), dtypes="f i b s c", grad=TIME, golden=LATER)
case("GetSessionTensor", _kept_value, f.empty, grad=TIME, golden=LATER)
case("DeleteSessionTensor",
     lambda x: raw("DeleteSessionTensor", {"handle": tf.identity(tf.get_session_handle(x))}), f(3),
     grad=TIME, golden=LATER)  # fmt: skip


def _with_resource(x):
    handle = raw("GetSessionHandleV2", {"value": x})
    with tf.control_dependencies([handle.op]):
        return tf.identity(x)


case("GetSessionHandleV2", _with_resource, f(3), grad=TIME)
error("GetSessionTensor", lambda x: raw("GetSessionTensor", {"handle": x}, dtype=tf.float32),
      s("nothing;0"), at="run",
      says="The tensor with handle 'nothing;0' is not in the session store.")  # fmt: skip
error("DeleteSessionTensor", lambda x: raw("DeleteSessionTensor", {"handle": x}), s("nothing;0"),
      at="run", says="Failed to delete a tensor with handle 'nothing;0' in the session store.",
      )  # fmt: skip


# --- barriers ---
def _matched(x, y, n=2, **options):
    handle = raw("Barrier", {}, component_types=[x.dtype, y.dtype], **options)
    keys = tf.constant(["a", "b"])
    first = raw("BarrierInsertMany", {"handle": handle, "keys": keys, "values": x},
                component_index=0)  # fmt: skip
    with tf.control_dependencies([first]):
        waiting = raw("BarrierIncompleteSize", {"handle": handle})
    with tf.control_dependencies([waiting]):
        second = raw("BarrierInsertMany", {"handle": handle, "keys": keys[::-1], "values": y},
                     component_index=1)  # fmt: skip
    with tf.control_dependencies([second]):
        ready = raw("BarrierReadySize", {"handle": handle})
    with tf.control_dependencies([ready]):
        taken = raw("BarrierTakeMany", {"handle": handle, "num_elements": n},
                    component_types=[x.dtype, y.dtype])  # fmt: skip
    return [waiting, ready, taken[1], *taken[2]]


_SHAPES = {"shapes": [tf.TensorShape([]), tf.TensorShape([3])]}
for _type in (
    "Barrier", "BarrierInsertMany", "BarrierTakeMany", "BarrierReadySize", "BarrierIncompleteSize",
):  # fmt: skip
    case(_type, lambda x, y: _matched(x, y, **_SHAPES), f(2), i(2, 3), grad=TIME)
_FLAT = {"shapes": [tf.TensorShape([])] * 2}
case("BarrierTakeMany", lambda x, y: _matched(x, y, **_FLAT), s(2), t(2), dtypes="f i b", grad=TIME)
case("BarrierClose", lambda: raw("BarrierClose", {"handle": raw("Barrier", {},
     component_types=[tf.float32], shapes=[tf.TensorShape([])])}, cancel_pending_enqueues=True),
     )  # fmt: skip
error("BarrierReadySize", lambda: raw("BarrierReadySize", {"handle": raw("Barrier", {},
      component_types=[tf.float32])}), at="run",
      says="All of the component shapes must be specified")  # fmt: skip
error("BarrierInsertMany",
      lambda x: raw("BarrierInsertMany", {"handle": raw("Barrier", {}, component_types=[x.dtype],
                    shapes=[tf.TensorShape([2])]), "keys": tf.constant(["a"]), "values": x},
                    component_index=0), f(1, 3), at="run",
      says="Shape mismatch in tuple component 2. Expected [2], got [3]")  # fmt: skip


# --- staging areas ---
def _staged(x, y, **options):
    types, shared = [x.dtype, y.dtype], dict(options, shared_name="area")
    put = raw("Stage", {"values": [x, y]}, **shared)
    with tf.control_dependencies([put]):
        seen = raw("StagePeek", {"index": 0}, dtypes=types, **shared)
        size = raw("StageSize", {}, dtypes=types, **shared)
    with tf.control_dependencies([*seen, size]):
        taken = raw("Unstage", {}, dtypes=types, **shared)
    with tf.control_dependencies(list(taken)):
        gone = raw("StageClear", {}, dtypes=types, **shared)
    return [size, *seen, *taken, gone]


for _type in ("Stage", "StagePeek", "StageSize", "Unstage", "StageClear"):
    case(_type, _staged, t(2, 3), i(2), dtypes="f s", grad=TIME)
case("Stage", lambda x, y: _staged(x, y, capacity=1, memory_limit=64), f(2), i(2), grad=TIME)
error("Stage", lambda x: raw("Stage", {"values": [x]}, memory_limit=4), f(2), at="run",
      error="ResourceExhaustedError", golden="TensorFlow stops the run with another class",
      says="with a memory limit of '4'")  # fmt: skip


def _staged_by_key(x, y, prefix):
    types = [x.dtype, y.dtype]
    all_parts, shared = np.arange(2, dtype="i"), {"shared_name": prefix + "map"}

    def put(key):
        ports = {"key": np.int64(key), "indices": all_parts, "values": [x, y]}
        return raw(prefix + "MapStage", ports, dtypes=types, **shared)

    with tf.control_dependencies([put(7), put(5)]):
        size = raw(prefix + "MapSize", {}, dtypes=types, **shared)
        missing = raw(prefix + "MapIncompleteSize", {}, dtypes=types, **shared)
        where = {"key": np.int64(5), "indices": all_parts}
        seen = raw(prefix + "MapPeek", where, dtypes=types, **shared)
    with tf.control_dependencies([size, missing, *seen]):
        taken = raw(prefix + "MapUnstage", where, dtypes=types, **shared)
    with tf.control_dependencies(list(taken)):
        last = raw(prefix + "MapUnstageNoKey", {"indices": all_parts}, dtypes=types, **shared)
    with tf.control_dependencies([last[0]]):
        gone = raw(prefix + "MapClear", {}, dtypes=types, **shared)
    return [size, missing, *seen, *taken, last[0], *last[1], gone]


for _prefix in ("", "Ordered"):
    for _type in (
        "MapStage", "MapSize", "MapIncompleteSize", "MapPeek", "MapUnstage", "MapUnstageNoKey",
        "MapClear",
    ):  # fmt: skip
        case(_prefix + _type, lambda x, y, prefix=_prefix: _staged_by_key(x, y, prefix), f(2), i(2),
             grad=TIME)  # fmt: skip


# --- RecordInput ---
def _records():
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "one.tfrecord")
    with tf.python_io.TFRecordWriter(path) as writer:
        writer.write(b"same")
    return raw("RecordInput", {}, file_pattern=path, batch_size=3, file_buffer_size=2)


case("RecordInput", _records, nodes=_NODES)
error("RecordInput", lambda: raw("RecordInput", {}, file_pattern="/not/there*"), at="run",
      error="NotFoundError", says="Found no files at /not/there*")  # fmt: skip
