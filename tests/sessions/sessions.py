"""Sessions, their options, devices, timeouts and partial runs, under either library.

label -> what came out, as text. Runs on Python 3.7 under TensorFlow 1.15.5 too:
`tests/golden/sessions/record.py`.
"""

import threading


def graph(tf):
    x = tf.placeholder(tf.float32, [2], name="x")
    y = tf.add(x * 2.0, 1.0, name="y")
    return x, y


def configs(tf):
    """ConfigProto and its parts: fields, mistakes, what a session takes."""
    c = tf.ConfigProto
    yield "soft", lambda: c(allow_soft_placement=True).allow_soft_placement
    yield "text", lambda: str(c(log_device_placement=True, inter_op_parallelism_threads=2))
    yield "count", lambda: sorted(c(device_count={"GPU": 0, "CPU": 3}).device_count.items())
    yield "nope", lambda: c(nope=True)
    yield "wrong type", lambda: c(inter_op_parallelism_threads="a")
    yield "gpu", lambda: str(tf.GPUOptions(per_process_gpu_memory_fraction=0.5, allow_growth=True))
    yield "in it", lambda: str(c(gpu_options=tf.GPUOptions(visible_device_list="0,1")))
    yield (
        "optimizer",
        lambda: str(
            c(
                graph_options=tf.GraphOptions(
                    optimizer_options=tf.OptimizerOptions(
                        opt_level=tf.OptimizerOptions.L0,
                        global_jit_level=tf.OptimizerOptions.ON_1,
                    )
                )
            )
        ),
    )
    yield "levels", lambda: (tf.OptimizerOptions.L1, tf.OptimizerOptions.OFF)
    yield "trace", lambda: (tf.RunOptions.NO_TRACE, tf.RunOptions.FULL_TRACE)
    yield "levels of trace", lambda: sorted(tf.RunOptions.TraceLevel.items())
    yield (
        "options",
        lambda: str(tf.RunOptions(trace_level=tf.RunOptions.HARDWARE_TRACE, timeout_in_ms=5)),
    )
    yield "partition graphs", lambda: str(tf.RunOptions(output_partition_graphs=True))
    yield "oom", lambda: str(tf.RunOptions(report_tensor_allocations_upon_oom=True))
    yield "growth", lambda: _grown(c)
    for value in (
        None, 3, "a", tf.GPUOptions(), c(), tf.RunOptions(), {"allow_soft_placement": True},
    ):  # fmt: skip
        yield (
            f"config {value!r}"[:40],
            lambda value=value: type(tf.Session(config=value)).__name__,
        )
    for target in (3, b"", "nowhere", "grpc:/x", None):
        yield f"target {target!r}", lambda t=target: type(tf.Session(t)).__name__
    for g in (3, tf.GraphDef(), tf.Graph()):
        yield f"graph {type(g).__name__}", lambda g=g: type(tf.Session(graph=g)).__name__
    yield "reset", lambda: tf.Session.reset("")
    yield "reset containers", lambda: tf.Session.reset("", ["a"])
    yield "interactive", lambda: _interactive(tf)
    yield "members", lambda: tf.Session(config=c(intra_op_parallelism_threads=1)).sess_str


def _interactive(tf):
    made = tf.InteractiveSession("", None, tf.ConfigProto())
    made.close()
    return type(made).__name__


def _grown(c):
    config = c()
    config.gpu_options.allow_growth = True
    config.gpu_options.per_process_gpu_memory_fraction = 0.25
    config.graph_options.rewrite_options.constant_folding = 2
    config.experimental.executor_type = "x"
    return c.FromString(config.SerializeToString()) == config and str(config)


def options(tf):
    """Options and metadata of a run."""
    x, y = graph(tf)
    sess = tf.Session()
    o, m = tf.RunOptions, tf.RunMetadata
    feed = {x: [1, 2]}
    for label, kwargs in (
        ("none", {}), ("dict", {"options": {"trace_level": 3}}), ("int", {"options": 3}),
        ("config", {"options": tf.ConfigProto()}), ("metadata int", {"run_metadata": 3}),
        ("metadata dict", {"run_metadata": {}}), ("metadata is options", {"run_metadata": o()}),
        ("options is metadata", {"options": m()}), ("metadata alone", {"run_metadata": m()}),
        ("options alone", {"options": o()}), ("false", {"options": False, "run_metadata": 0}),
        ("timeout", {"options": o(timeout_in_ms=10000)}),
        ("negative timeout", {"options": o(timeout_in_ms=-1)}),
        ("pool", {"options": o(inter_op_thread_pool=-1)}),
        ("pool 7", {"options": o(inter_op_thread_pool=7)}),
        ("both", {"options": o(trace_level=3), "run_metadata": m()}),
    ):  # fmt: skip
        yield label, lambda kwargs=kwargs: sess.run(y, feed, **kwargs).tolist()
    for level in (0, 1, 2, 3):
        yield (
            f"traced {level}",
            lambda level=level: _traced(tf, sess, y, feed, o(trace_level=level)),
        )
    yield "graphs", lambda: _graphs(tf, sess, y, feed, o(output_partition_graphs=True))
    yield (
        "graphs and steps",
        lambda: _graphs(tf, sess, y, feed, o(output_partition_graphs=True, trace_level=3)),
    )
    yield "used again", lambda: _again(tf, sess, y, feed)
    f = sess.make_callable(y, [x], accept_options=True)
    yield "callable", lambda: f([1, 2], options=o(trace_level=3), run_metadata=m()).tolist()
    yield "callable, no options", lambda: f([1, 2]).tolist()
    yield "callable, dict", lambda: f([1, 2], options={}).tolist()
    yield "callable, nothing", lambda: f()
    yield "callable, keyword", lambda: sess.make_callable(y, [x])([1, 2], options=o())
    yield "callable, bad list", lambda: sess.make_callable(y, x)
    yield "callable, bad feed", lambda: sess.make_callable(y, [3])
    yield "callable, dict of results", lambda: sorted(sess.make_callable({"a": y}, [x])([1, 2]))
    yield "callable, op", lambda: sess.make_callable(y.op, [x])([1, 2])
    yield "callable, wrong shape", lambda: f([1, 2, 3])
    yield "callable, name", lambda: sess.make_callable("y:0", ["x:0"])([1, 2]).tolist()


def _traced(tf, sess, y, feed, options):
    metadata = tf.RunMetadata()
    sess.run(y, feed, options=options, run_metadata=metadata)
    found = metadata.step_stats.dev_stats
    devices = [d.device for d in found if d.device != "/host:CPU"]  # its own threads
    nodes = {n.node_name for d in metadata.step_stats.dev_stats for n in d.node_stats}
    return devices, sorted(nodes & {"x", "y", "mul"}), len(metadata.partition_graphs)


def _graphs(tf, sess, y, feed, options):
    metadata = tf.RunMetadata()
    sess.run(y, feed, options=options, run_metadata=metadata)
    names = {n.name for g in metadata.partition_graphs for n in g.node}
    devices = {n.device for g in metadata.partition_graphs for n in g.node}
    return (
        len(metadata.partition_graphs), sorted(names & {"x", "y", "mul", "mul/y"}),
        sorted(devices), bool(metadata.step_stats.dev_stats),
    )  # fmt: skip


def _again(tf, sess, y, feed):
    metadata = tf.RunMetadata()
    full = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
    sess.run(y, feed, options=full, run_metadata=metadata)
    before = len(metadata.step_stats.dev_stats) > 0
    sess.run(y, feed, run_metadata=metadata)
    return before, len(metadata.step_stats.dev_stats)


def partial(tf):
    """Partial runs: order, mistakes."""
    a, b = (tf.placeholder(tf.float32, name=n) for n in "ab")
    s, p = tf.add(a, b, name="s"), tf.multiply(a, 3.0, name="p")
    q = tf.multiply(s, 2.0, name="q")
    sess = tf.Session()
    h = sess.partial_run_setup([s, p, q], [a, b])
    yield "first", lambda: sess.partial_run(h, p, {a: 1.0})
    yield "fed again", lambda: sess.partial_run(h, p, {a: 1.0})
    yield "too early", lambda: sess.partial_run(h, s)
    yield "second", lambda: sess.partial_run(h, [s, q], {b: 2.0})
    yield "over", lambda: sess.partial_run(h, q)
    yield "nothing to fetch", lambda: sess.partial_run_setup([], [a])
    yield "no feeds", lambda: type(sess.partial_run_setup([tf.constant(1)])).__name__
    yield "wrong feed", lambda: sess.partial_run_setup([s], [3])
    yield "not a list", lambda: type(sess.partial_run_setup([s], a)).__name__
    yield "no handle", lambda: sess.partial_run("nope", s, {a: 1.0})
    yield "handle None", lambda: sess.partial_run(None, s, {a: 1.0})
    other = sess.partial_run_setup([s], [a, b])
    yield "not named", lambda: sess.partial_run(other, p, {a: 1.0})
    yield "feed not named", lambda: sess.partial_run(other, s, {p: 1.0})
    yield "operation", lambda: sess.partial_run(other, s.op, {a: 1.0, b: 2.0})
    third = sess.partial_run_setup([s, p.op], [a, b])
    yield "all", lambda: sess.partial_run(third, s, {a: 1.0, b: 2.0})
    last = sess.partial_run_setup({"k": s, "l": [p]}, [a, b])
    yield "dict", lambda: sorted(sess.partial_run(last, {"k": s, "l": [p]}, {a: 1.0, b: 2.0}))
    closed = tf.Session()
    closed.close()
    yield "closed setup", lambda: closed.partial_run_setup([s], [a])
    yield "closed", lambda: closed.partial_run(h, [s])


def waiting(tf):
    """Timeouts, cancellation, closed sessions."""
    queue = tf.FIFOQueue(2, tf.float32, name="queue")
    get, put, shut = queue.dequeue(), queue.enqueue(1.0), queue.close()
    sess = tf.Session()
    soon = tf.RunOptions(timeout_in_ms=50)
    yield "timeout", lambda: sess.run(get, options=soon)
    yield "usable", lambda: sess.run(queue.size())
    yield "full", lambda: [sess.run(put), sess.run(put), sess.run(put, options=soon)]
    yield "in order", lambda: [float(sess.run(get)), float(sess.run(get))]
    yield (
        "limit of the session",
        lambda: tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=50)).run(get),
    )
    yield "callable", lambda: sess.make_callable(get, accept_options=True)(options=soon)
    yield "closed while waiting", lambda: _closed(tf, queue, get)
    yield "queue closed", lambda: [sess.run(shut), sess.run(get)]
    yield "put into closed", lambda: sess.run(put)
    yield "closed twice", lambda: [sess.close(), sess.close()]
    yield "closed", lambda: sess.run(get)
    yield "partition", lambda: tf.Session().list_devices()[0].name
    yield "device", lambda: tf.Session().list_devices()[0].device_type


def _closed(tf, queue, get):
    sess, found = tf.Session(), []

    def wait():
        try:
            sess.run(get)
        except tf.errors.OpError as e:
            found.append(type(e).__name__)

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join(0.3)
    sess.close()
    thread.join(10)
    return found, thread.is_alive()


def devices(tf):
    """tf.device takes any string; what nodes then have; when a session minds."""

    def made(*specs):
        with tf.Graph().as_default():
            return _within(tf, list(specs))

    for spec in (
        "/cpu:0", "/device:CPU:0", "/gpu:0", "/GPU:1", "/device:GPU:*", "/job:ps/task:3",
        "/job:worker/replica:1/task:2/cpu:0", "cpu:0", "/CPU", "gpu", "nonsense", "/nope:0", "",
        "/job:a/job:b", "/device:TPU:0", "/device:XLA_CPU:0", "/tpu:0", "/task:a", " /cpu:0",
        "/cpu:x", "/job:", None, 3, "/cpu:0/gpu:1", "/device:cpu:0",
    ):  # fmt: skip
        yield f"device {spec!r}", lambda spec=spec: made(spec)
    yield "merged", lambda: made("/job:a", "/cpu:0")
    yield "overridden", lambda: made("/job:a/cpu:0", "/gpu:1")
    yield "none inside", lambda: made("/job:a/cpu:0", None)
    yield "empty inside", lambda: made("/job:a/cpu:0", "")
    yield "function", lambda: made(lambda op: "/cpu:0" if op.type == "Const" else "/gpu:0")
    yield "function below", lambda: made("/job:a", lambda op: op.device + "/gpu:1")
    yield "spec", lambda: made(tf.DeviceSpec(job="ps", device_type="CPU", device_index=0))
    yield "graph's", lambda: _by_graph(tf)
    yield "colocated", lambda: _colocated(tf)
    yield "with None", lambda: tf.device(None).__class__.__name__ is not None
    for spec in ("/gpu:0", "/cpu:0", "/device:TPU:0", "/job:localhost"):
        for soft in (False, True):
            yield (
                "run on {}{}".format(spec, " softly" if soft else ""),
                lambda spec=spec, soft=soft: _run_on(tf, spec, soft),
            )
    d = tf.DeviceSpec
    yield "parsed", lambda: d.from_string("/job:a/replica:1/task:2/gpu:3").to_string()
    yield "parsed parts", lambda: _parts(d.from_string("/job:a/task:2/device:GPU:*"))
    yield "equal", lambda: d.from_string("/cpu:0") == d(device_type="CPU", device_index=0)
    yield "hash", lambda: hash(d(job="a")) == hash(d(job="a"))
    yield "merge", lambda: _merged(d)
    yield "merged spec", lambda: d(job="a").make_merged_spec(d(task=1)).to_string()
    yield "replace", lambda: d(job="a").replace(task=3, job="b").to_string()
    yield "replace job", lambda: d(job="a").replace(nope="b")
    yield "parse_from_string", lambda: d().parse_from_string("/job:a/gpu:1").to_string()
    yield "bad", lambda: d.from_string("/nope:1").to_string()


def _parts(spec):
    return spec.job, spec.replica, spec.task, spec.device_type, spec.device_index


def _merged(d):
    spec = d(job="a", task=1)
    spec.merge_from(d(job="b", device_type="GPU"))
    return spec.to_string()


def _within(tf, specs):
    if specs:
        with tf.device(specs[0]):
            return _within(tf, specs[1:])
    return [(tf.constant(1.0) + 1.0).device, tf.Variable(1.0).device]


def _by_graph(tf):
    with tf.Graph().as_default() as g, g.device("/job:x"):
        return tf.no_op().device


def _colocated(tf):
    with tf.Graph().as_default():
        with tf.device("/job:ps"):
            a = tf.constant(1.0, name="a")
        with tf.colocate_with(a), tf.device("/gpu:0"):
            b = tf.constant(2.0)
        return b.device, b.op.colocation_groups()


def _run_on(tf, spec, soft):
    with tf.Graph().as_default(), tf.device(spec):
        x = tf.constant([1.0, 2.0]) * 2.0
        with tf.Session(config=tf.ConfigProto(allow_soft_placement=soft)) as sess:
            return sess.run(x).tolist()


def testing(tf):
    """tf.test: gradients by differences, folders, session decorators."""
    x = tf.Variable([1.0, 2.0], name="x")
    y = tf.square(x) * [1.0, 3.0]
    c, e = tf.test.compute_gradient, tf.test.compute_gradient_error
    yield (
        "gradient",
        lambda: _rounded(
            _in(tf, lambda: c(x, [2], y, [2], x_init_value=_f(tf, [1.0, 2.0]), delta=0.01))
        ),
    )
    yield "error", lambda: bool(_in(tf, lambda: e(x, [2], y, [2])) < 1e-2)
    yield "lists", lambda: _rounded(_in(tf, lambda: c([x], [[2]], y, [2], delta=0.01)[0])) and "ok"
    yield "no session", lambda: c(x, [2], y, [2])
    yield "wrong shape", lambda: _in(tf, lambda: c(x, [3], y, [2], x_init_value=_f(tf, [1.0] * 3)))
    yield "integer", lambda: _in(tf, lambda: c(tf.constant([1]), [1], tf.constant([1]), [1]))
    hidden = ("Any", "TYPE_CHECKING")
    yield "names", lambda: sorted({n for n in dir(tf.test) if n[0] != "_" and n not in hidden})
    yield "gpu", lambda: (tf.test.is_gpu_available(), tf.test.gpu_device_name())
    yield "built", lambda: (tf.test.is_built_with_cuda(), tf.test.is_built_with_rocm())


def _f(tf, values):
    import numpy as np

    return np.array(values, "f")


def _in(tf, call):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return call()


def _rounded(pair):
    return [[[round(float(v), 2) for v in row] for row in part] for part in pair]


SCENARIOS = {f.__name__: f for f in (configs, options, partial, waiting, devices, testing)}
