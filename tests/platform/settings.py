"""tf.config, specs, modules and other parts of the platform, under either library.

label -> what came out, as text. Runs on Python 3.7 under TensorFlow 1.15.5 too:
`tests/golden/platform/record.py`.
"""

import contextlib


def config(tf):
    """tf.config of a process with one CPU."""
    c, e = tf.config, tf.config.experimental
    devices = e.list_physical_devices("CPU")
    yield "CPU", lambda: devices
    yield "GPU", lambda: e.list_physical_devices("GPU")
    yield "fields", lambda: (devices[0].name, devices[0].device_type)
    yield "visible", e.get_visible_devices
    yield "growth", lambda: e.get_memory_growth(devices[0])
    yield "set growth", lambda: e.set_memory_growth(devices[0], True)
    yield "virtual", lambda: e.get_virtual_device_configuration(devices[0])
    for name in ("inter_op_parallelism_threads", "intra_op_parallelism_threads"):
        get, put = getattr(c.threading, "get_" + name), getattr(c.threading, "set_" + name)
        yield name, lambda get=get, put=put: (get(), put(3), get())
    yield "soft", lambda: (c.get_soft_device_placement(), c.set_soft_device_placement(True))
    yield "is soft", c.get_soft_device_placement
    yield "hard", lambda: c.set_soft_device_placement(False)
    yield "jit", lambda: (c.optimizer.get_jit(), c.optimizer.set_jit(True), c.optimizer.get_jit())
    yield "no jit", lambda: c.optimizer.set_jit(False)
    yield "options", lambda: sorted(c.optimizer.get_experimental_options().items())
    yield (
        "set options",
        lambda: c.optimizer.set_experimental_options(
            {"constant_folding": True, "nope": True, "disable_model_pruning": True}
        ),
    )
    yield "the options", lambda: sorted(c.optimizer.get_experimental_options().items())
    yield "policy", e.get_device_policy
    for policy in ("explicit", "silent", "x"):
        yield f"policy {policy}", lambda policy=policy: e.set_device_policy(policy)
    yield "synchronous", e.get_synchronous_execution
    yield "no GPU", lambda: e.set_visible_devices([], "GPU")
    yield "one CPU", lambda: e.set_visible_devices(devices[0], "CPU")
    yield "no device", lambda: e.set_visible_devices(["x"])
    two = [e.VirtualDeviceConfiguration(), e.VirtualDeviceConfiguration()]
    yield (
        "limited",
        lambda: e.set_virtual_device_configuration(
            devices[0], [e.VirtualDeviceConfiguration(memory_limit=3)]
        ),
    )
    yield "split", lambda: e.set_virtual_device_configuration(devices[0], two)
    yield "is split", lambda: e.get_virtual_device_configuration(devices[0])
    yield "logical", lambda: e.list_logical_devices("CPU")
    yield "logical GPU", lambda: e.list_logical_devices("GPU")
    for name in ("inter_op_parallelism_threads", "intra_op_parallelism_threads"):
        yield "late " + name, lambda n=name: getattr(c.threading, "set_" + n)(4)
    yield "late split", lambda: e.set_virtual_device_configuration(devices[0], [])
    yield "late no GPU", lambda: e.set_visible_devices([], "GPU")
    yield "late soft", lambda: c.set_soft_device_placement(False)


def rest(tf):
    """Plugins, static values, scopes, switches."""
    yield "library", lambda: tf.load_op_library("nope.so")
    yield "libraries", lambda: tf.load_library("nope.so")
    yield "file system", lambda: tf.load_file_system_library("nope.so")
    yield "fact", lambda: tf.user_ops.my_fact().name
    sparse = tf.SparseTensor([[0]], [1.0], [1])
    slices = tf.IndexedSlices(tf.constant([1.0]), tf.constant([0]))
    for label, thing in (
        ("tensor", tf.constant(1)), ("variable", tf.Variable(1)), ("number", 3), ("None", None),
        ("sparse", sparse), ("slices", slices), ("list", [tf.constant(1)]),
    ):  # fmt: skip
        yield f"is tensor, {label}", lambda thing=thing: (
            tf.is_tensor(thing), tf.contrib.framework.is_tensor(thing)
        )  # fmt: skip
    unknown = tf.placeholder(tf.int32, [])
    for label, tensor in (
        ("constant", tf.constant([1, 2])), ("shape", tf.shape(tf.zeros([2, 3]))), ("number", 3),
        ("placeholder", unknown), ("stack", tf.stack([1, unknown])), ("text", "a"),
        ("size", tf.size(tf.zeros([2, 3]))), ("rank", tf.rank(tf.zeros([2, 3]))),
        ("cast", tf.cast([1, 2], tf.float32)), ("fill", tf.fill([2], 3)), ("range", tf.range(3)),
    ):  # fmt: skip
        yield f"static value, {label}", lambda tensor=tensor: tf.get_static_value(tensor)
    yield "partly", lambda: tf.get_static_value(tf.stack([1, unknown]), partial=True).tolist()

    def scope(*args):
        with tf.op_scope(*args) as found:
            return found

    yield "op_scope", lambda: scope([tf.constant(1)], "name", "default")
    yield "op_scope, default", lambda: scope([], None, "default")
    for name in (
        "enable_control_flow_v2", "disable_control_flow_v2", "enable_tensor_equality",
        "disable_tensor_equality",
    ):  # fmt: skip
        yield name, getattr(tf, name)
    yield "numbers as sizes", lambda: (
        tf.enable_v2_tensorshape(), tf.TensorShape([1, None])[0], list(tf.TensorShape([1, None]))
    )  # fmt: skip
    yield "dimensions", lambda: (tf.disable_v2_tensorshape(), tf.TensorShape([1, None])[1])
    yield "not converted", lambda: tf.autograph.experimental.do_not_convert(lambda x: x + 1)(1)
    yield "decorator", lambda: tf.autograph.experimental.do_not_convert()(lambda x: x + 1)(1)

    def compiled():
        with tf.xla.experimental.jit_scope():
            a = tf.constant(1.0)
            with tf.xla.experimental.jit_scope(False, separate_compiled_gradients=True):
                b = tf.constant(2.0)
        with tf.xla.experimental.jit_scope(lambda node: node.op == "Neg"):
            c = tf.negative(a)
        names = ("_XlaCompile", "_XlaScope", "_XlaSeparateCompiledGradients")
        return [[x.op.get_attr(name) for name in names] for x in (a, b, c)]

    yield "jit_scope", compiled


def specs(tf):
    """TensorSpec and its like."""
    t, s, i = tf.TensorSpec, tf.SparseTensorSpec, tf.IndexedSlicesSpec
    all_specs = [
        t([1, None], tf.int32, "n"), t(None), t([]), t([1, 2]), t([3, 2]), t([1, 2], tf.int32),
        s([2, 3]), s(), s([2, None], tf.int32), i([2, 3]), i(),
        i([2, 3], dense_shape_dtype=tf.int32),
    ]  # fmt: skip
    for n, spec in enumerate(all_specs):
        yield f"repr {n}", lambda spec=spec: repr(spec)
        yield f"equal {n}", lambda spec=spec: [spec == other for other in all_specs]
        yield (
            f"compatible {n}",
            lambda spec=spec: [
                type(spec) is type(other) and spec.is_compatible_with(other) for other in all_specs
            ],
        )
        for m, other in enumerate(all_specs):
            if type(spec) is type(other):
                yield (
                    f"both {n} {m}",
                    lambda spec=spec, other=other: spec.most_specific_compatible_type(other),
                )
        yield f"parts {n}", lambda spec=spec: spec._component_specs
        yield f"value {n}", lambda spec=spec: spec.value_type.__name__
    yield "name matters", lambda: t([1], name="a") == t([1])
    yield "hash", lambda: hash(t([1], name="a")) == hash(t([1], name="a"))
    yield "of tensor", lambda: t.from_tensor(tf.zeros([2], name="z"))
    yield "of number", lambda: t.from_tensor(3)
    yield "of spec", lambda: t.from_spec(t([1]), name="q")
    yield "tensor fits", lambda: t([None]).is_compatible_with(tf.zeros([1]))
    yield "other type", lambda: t([None]).is_compatible_with(tf.zeros([1], tf.int32))
    yield "number fits", lambda: t([]).is_compatible_with(1.0)
    sparse = tf.SparseTensor([[0, 0]], [1.0], [2, 3])
    yield (
        "sparse fits",
        lambda: [s([2, 3]).is_compatible_with(sparse), s([1]).is_compatible_with(sparse)],
    )
    yield "of sparse", lambda: s.from_value(sparse)
    yield "of number as sparse", lambda: s.from_value(3)
    yield "bad type", lambda: t([1], "nope")
    yield "bad shape", lambda: t("x")


def modules(tf):
    """tf.Module finds its variables."""

    class Dense(tf.Module):
        def __init__(self):
            super().__init__()
            with self.name_scope:
                self.w = tf.Variable(1.0)
                self.z = [tf.Variable(2.0, trainable=False), {"k": tf.Variable(3.0)}]

        @tf.Module.with_name_scope
        def __call__(self, x):
            return tf.identity(x)

    class MLPNet2D(tf.Module):
        def __init__(self, name=None):
            super().__init__(name)
            self.d = [Dense(), Dense()]
            self.a = self.d[0]
            self.b = Dense()

    with tf.Graph().as_default():
        net = MLPNet2D()
        yield "name", lambda: net.name
        yield "variables", lambda: [v.name for v in net.variables]
        yield "trainable", lambda: [v.name for v in net.trainable_variables]
        yield "submodules", lambda: [m.name for m in net.submodules]
        yield (
            "paths",
            lambda: [path for path, _ in net._flatten(predicate=tf.is_tensor, with_path=True)],
        )
        yield "scope", lambda: net.d[1](1.0).name
        yield "given name", lambda: MLPNet2D("abc").name
        yield "bad name", lambda: MLPNet2D("1x")
        with contextlib.suppress(AttributeError):
            yield "no attribute", lambda: net.nothing


SETTINGS = {"config": config, "rest": rest, "specs": specs, "modules": modules}
