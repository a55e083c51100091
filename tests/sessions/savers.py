"""Savers, checkpoint readers and the checkpoint state, under either library.

label -> what came out, as text. Runs on Python 3.7 under TensorFlow 1.15.5 too.
"""

import glob
import os

from shown import contents, put


def _files(pattern="*"):
    return sorted(os.path.basename(p).split(".data")[0] for p in glob.glob(pattern))


def _variables(tf):
    a = tf.Variable([1.0, 2.0], name="a")
    b = tf.get_variable("b", initializer=3, use_resource=True)
    p = tf.get_variable(
        "p",
        [5, 2],
        initializer=tf.ones_initializer(),
        partitioner=tf.fixed_size_partitioner(2),
    )
    return a, b, p


def _nodes(tf):
    return [
        (op.name, op.type, [x.name for x in op.inputs])
        for op in tf.get_default_graph().get_operations()
        if op.name.startswith("save")
    ]


def forms(tf):
    """What var_list may be, and the nodes of each."""

    def made(choose, **kwargs):
        with tf.Graph().as_default():
            a, b, p = _variables(tf)
            chosen = choose(a, b, p)
            saver = (
                tf.train.Saver(chosen, **kwargs) if chosen != "none" else tf.train.Saver(**kwargs)
            )
            names = tf.get_default_graph().get_operations()
            tensors = [op for op in names if op.name.endswith("SaveV2/tensor_names")]
            with tf.Session() as sess:
                return (
                    type(saver).__name__,
                    [sess.run(op.outputs[0]).tolist() for op in tensors],
                    [
                        sess.run(op.outputs[0]).tolist()
                        for op in names
                        if op.name.endswith("SaveV2/shape_and_slices")
                    ],
                    _nodes(tf),
                )

    for label, choose in (
        ("default", lambda a, b, p: "none"),
        ("None", lambda a, b, p: None),
        ("list", lambda a, b, p: [a, b]),
        ("with partitioned", lambda a, b, p: [a, p]),
        ("dict", lambda a, b, p: {"x": a, "y": b}),
        ("dict of partitioned", lambda a, b, p: {"q": p}),
        ("dict of lists", lambda a, b, p: {"q": list(p)}),
        ("tuple", lambda a, b, p: (a, b)),
        ("empty list", lambda a, b, p: []),
        ("empty dict", lambda a, b, p: {}),
        ("variable", lambda a, b, p: a),
        ("names", lambda a, b, p: ["a"]),
        ("tensor", lambda a, b, p: [a.value()]),
        ("int", lambda a, b, p: [3]),
        ("twice", lambda a, b, p: [a, a]),
        ("two names", lambda a, b, p: {"x": a, "y": a}),
        ("int key", lambda a, b, p: {3: a}),
        ("dict of tensor", lambda a, b, p: {"x": a.value()}),
        ("dict of int", lambda a, b, p: {"x": 3}),
        ("ref", lambda a, b, p: {"x": a.op.outputs[0]}),
        ("iterator", lambda a, b, p: iter([a, b])),
        ("set", lambda a, b, p: {a}),
        ("lists in list", lambda a, b, p: [[a, b]]),
        ("dict of dict", lambda a, b, p: {"x": {"y": a}}),
        ("generator", lambda a, b, p: (v for v in (a, b))),
    ):
        yield label, lambda choose=choose: made(choose)
    for label, kwargs in (
        ("sharded", {"sharded": True}),
        ("reshape", {"reshape": True}),
        ("restore_sequentially", {"restore_sequentially": True}),
        ("name", {"name": "mine"}),
        ("filename", {"filename": "f"}),
        ("V1", {"write_version": tf.train.SaverDef.V1}),
        ("allow_empty", {"allow_empty": True}),
        ("defer", {"defer_build": True}),
        ("max_to_keep -1", {"max_to_keep": -1}),
        ("max_to_keep None", {"max_to_keep": None}),
        ("max_to_keep a", {"max_to_keep": "a"}),
        ("hours", {"keep_checkpoint_every_n_hours": "a"}),
        ("def", {"saver_def": tf.train.SaverDef()}),
        ("def 3", {"saver_def": 3}),
        ("def and defer", {"saver_def": tf.train.SaverDef(), "defer_build": True}),
        ("strange", {"nope": 3}),
    ):
        yield label, lambda kwargs=kwargs: made(lambda a, b, p: "none", **kwargs)
    yield "empty graph", lambda: _empty(tf)
    yield "empty graph allowed", lambda: _empty(tf, allow_empty=True)
    yield "table", lambda: _table(tf)
    yield "saveable", lambda: _saveable(tf)
    yield "sharded devices", lambda: _sharded(tf)
    yield "deferred", lambda: _deferred(tf)
    yield "builder", lambda: _builder(tf)


def _empty(tf, **kwargs):
    with tf.Graph().as_default():
        return type(tf.train.Saver(**kwargs)).__name__


def _table(tf):
    with tf.Graph().as_default(), tf.Session() as sess:
        table = tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1, name="t")
        other = tf.contrib.lookup.MutableHashTable(tf.int64, tf.float32, 0.0, name="u")
        saver = tf.train.Saver([table, other])
        sess.run([table.insert(["a", "b"], tf.constant([1, 2], tf.int64))])
        saver.save(sess, "./tables")
        sess.run(table.insert(["a"], tf.constant([7], tf.int64)))
        saver.restore(sess, "./tables")
        found = sess.run(table.lookup(tf.constant(["a", "b", "c"]))).tolist()
        return found, tf.train.list_variables("./tables"), _nodes(tf)


def _saveable(tf):
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable([1.0, 2.0], name="v")
        base = tf.train.Saver([v])._builder
        spec = base.SaveSpec(v.value() * 10.0, "", "ten")

        class Ten(base.SaveableObject):
            def restore(self, restored_tensors, restored_shapes):
                return tf.assign(v, restored_tensors[0] / 5.0)

        saver = tf.train.Saver([Ten(v, [spec], "ten")])
        sess.run(v.initializer)
        saver.save(sess, "./ten")
        saver.restore(sess, "./ten")
        return sess.run(v).tolist(), tf.train.list_variables("./ten")


def _sharded(tf):
    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as s:
        with tf.device("/cpu:0"):
            tf.Variable(1.0, name="a")
        with tf.device("/gpu:0"):
            tf.Variable(2.0, name="b")
        saver = tf.train.Saver(sharded=True)
        s.run(tf.global_variables_initializer())
        path = saver.save(s, "./sharded", global_step=2)
        return path, sorted(os.path.basename(p) for p in glob.glob("sharded*")), _nodes(tf)


def _deferred(tf):
    with tf.Graph().as_default(), tf.Session() as sess:
        saver = tf.train.Saver(defer_build=True)
        v = tf.Variable(1.0, name="late")
        sess.run(v.initializer)
        try:
            saver.save(sess, "./late")
        except RuntimeError as e:
            before = str(e)
        saver.build()
        return before, saver.save(sess, "./late"), tf.train.list_variables("./late")


def _builder(tf):
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(1.0, name="v")
        kind = type(tf.train.Saver([v], name="other")._builder)
        saver = tf.train.Saver([v], builder=kind())
        sess.run(v.initializer)
        return kind.__name__, saver.save(sess, "./built")


def saving(tf):
    """save and restore: paths, steps, states, mistakes."""
    _variables(tf)
    step = tf.Variable(7, name="step", dtype=tf.int64)
    saver = tf.train.Saver(max_to_keep=2)
    sess = tf.Session()
    yield "uninitialized", lambda: saver.save(sess, "./m").split("\n")[0]
    sess.run(tf.global_variables_initializer())
    yield "plain", lambda: (saver.save(sess, "./m"), _files("m*"))
    yield "no folder", lambda: (saver.save(sess, "m"), saver.last_checkpoints)
    yield "step", lambda: saver.save(sess, "./m", 3)
    yield "step variable", lambda: saver.save(sess, "./m", step)
    yield "step array", lambda: saver.save(sess, "./m", sess.run(step))
    yield "step float", lambda: saver.save(sess, "./m", 2.7)
    yield "step text", lambda: saver.save(sess, "./m", "a")
    yield "last", lambda: saver.last_checkpoints
    yield "state", lambda: contents("checkpoint")
    yield "new folder", lambda: saver.save(sess, "new/m")
    yield "nested folder", lambda: saver.save(sess, "new/er/deep/m")
    yield "folder", lambda: saver.save(sess, "new/")
    yield "empty", lambda: saver.save(sess, "")
    yield "bytes", lambda: saver.save(sess, b"./bytes")
    yield "int path", lambda: saver.save(sess, 3)
    yield "comma", lambda: saver.save(sess, "./a,b")
    yield "question", lambda: saver.save(sess, "./a?b")
    yield (
        "latest name",
        lambda: (saver.save(sess, "./l", latest_filename="mine"), os.path.exists("mine")),
    )
    yield "latest name in folder", lambda: saver.save(sess, "./l", latest_filename="x/mine")
    yield "same as state", lambda: saver.save(sess, "./l", latest_filename="l")
    yield "checkpoint", lambda: saver.save(sess, "./checkpoint")
    yield "suffix", lambda: (saver.save(sess, "./s", meta_graph_suffix="mg"), _files("s*"))
    yield "no meta", lambda: (saver.save(sess, "./n", write_meta_graph=False), _files("n.*"))
    yield "no state", lambda: (saver.save(sess, "./o", write_state=False), saver.last_checkpoints)
    yield "session", lambda: saver.save(None, "./m")
    yield "session int", lambda: saver.save(3, "./m")
    yield "restore", lambda: saver.restore(sess, "./m")
    yield "restore None", lambda: saver.restore(sess, None)
    yield "restore nothing", lambda: saver.restore(sess, "")
    yield "restore missing", lambda: saver.restore(sess, "./nope")
    yield "restore missing folder", lambda: saver.restore(sess, "./no/pe")
    yield "restore folder", lambda: saver.restore(sess, ".")
    yield "restore meta", lambda: saver.restore(sess, "./m.meta")
    yield "restore index", lambda: saver.restore(sess, "./m.index")
    yield "restore bytes", lambda: saver.restore(sess, b"./m")
    yield "restore int", lambda: saver.restore(sess, 3)
    yield "restore closed", lambda: _closed(tf, saver)
    yield "other shape", lambda: _other(tf, [1.0, 2.0, 3.0])
    yield "other shape, same size", lambda: _other(tf, [[1.0], [2.0]])
    yield "reshaped", lambda: _other(tf, [[1.0], [2.0]], reshape=True)
    yield "other type", lambda: _other(tf, [1, 2])
    yield "other name", lambda: _other(tf, [1.0, 2.0], name="nope")
    yield "two names", lambda: _other(tf, [1.0, 2.0], name="nope", more=True)
    yield "unpartitioned", lambda: _whole(tf)
    yield "repartitioned", lambda: _parts(tf, 3)
    yield "one part of other shape", lambda: _parts(tf, 2, [6, 2])
    yield "set last", lambda: (saver.set_last_checkpoints(["x"]), saver.last_checkpoints)
    yield "set last not a list", lambda: saver.set_last_checkpoints("x")
    yield (
        "set last with time",
        lambda: (saver.set_last_checkpoints_with_time([("y", 1.0)]), saver.last_checkpoints),
    )
    yield (
        "recover",
        lambda: (saver.recover_last_checkpoints(["./m", "./nope"]), saver.last_checkpoints),
    )
    yield "members", lambda: [n for n in dir(saver) if n[0] != "_"]
    yield "from proto", lambda: type(tf.train.Saver.from_proto(saver.to_proto())).__name__
    yield "to_proto scope", lambda: tf.train.Saver(name="s/x").to_proto("s").save_tensor_name
    yield "keep 0", lambda: _keep(tf, 0)
    yield "keep 1", lambda: _keep(tf, 1)
    yield "keep None", lambda: _keep(tf, None)
    yield "keep 3, same again", lambda: _keep(tf, 3, [1, 2, 1, 3, 4])
    yield "relative", lambda: _relative(tf)
    yield "pad", lambda: _pad(tf)
    yield "V1", lambda: _v1(tf)
    yield "finalized", lambda: _finalized(tf)


def _closed(tf, saver):
    sess = tf.Session()
    sess.close()
    saver.restore(sess, "./m")


def _other(tf, value, name="a", more=False, **kwargs):
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(value, name=name)
        if more:
            tf.Variable(value, name="neither")
        saver = tf.train.Saver(**kwargs)
        try:
            saver.restore(sess, "./m")
        except tf.errors.OpError as e:
            return type(e).__name__, e.message.split("\n")[0]
        return sess.run(v).tolist()


def _whole(tf):
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.get_variable("p", [5, 2])
        tf.train.Saver().restore(sess, "./m")
        return sess.run(v).tolist()


def _parts(tf, n, shape=(5, 2)):
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.get_variable("p", list(shape), partitioner=tf.fixed_size_partitioner(n))
        try:
            tf.train.Saver().restore(sess, "./m")
        except tf.errors.OpError as e:
            return type(e).__name__, e.message.split("\n")[0]
        return [sess.run(x).tolist() for x in v]


def _keep(tf, n, steps=(1, 2, 3, 4)):
    folder = f"keep{n}"
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(1.0, name="v")
        saver = tf.train.Saver(max_to_keep=n)
        sess.run(v.initializer)
        for i in steps:
            saver.save(sess, folder + "/m", i)
        return (_files(folder + "/m*"), saver.last_checkpoints, contents(folder + "/checkpoint"))


def _relative(tf):
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(1.0, name="v")
        saver = tf.train.Saver(save_relative_paths=True)
        sess.run(v.initializer)
        return (
            saver.save(sess, os.path.abspath("rel/m"), 1) and contents("rel/checkpoint"),
            tf.train.latest_checkpoint("rel"),
        )


def _pad(tf):
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(1.0, name="v")
        saver = tf.train.Saver(pad_step_number=True)
        sess.run(v.initializer)
        return saver.save(sess, "./pad", 12)


def _v1(tf):
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(1.5, name="v")
        saver = tf.train.Saver(write_version=tf.train.SaverDef.V1)
        sess.run(v.initializer)
        path = saver.save(sess, "./one", 1)
        sess.run(v.assign(0.0))
        saver.restore(sess, path)
        return (
            path,
            _files("one*"),
            sess.run(v),
            tf.train.checkpoint_exists(path),
            tf.train.latest_checkpoint("."),
            tf.train.list_variables(path),
        )


def _finalized(tf):
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        v = tf.Variable(1.5, name="v")
        saver = tf.train.Saver()
        sess.run(v.initializer)
        graph.finalize()
        return saver.save(sess, "./final"), saver.restore(sess, "./final")


def reading(tf):
    """Readers, states, initial values from checkpoints."""
    t = tf.train
    _variables(tf)
    tf.Variable([b"x", b"yz"], name="s")
    tf.Variable(2 + 1j, name="c")
    saver, sess = t.Saver(), tf.Session()
    sess.run(tf.global_variables_initializer())
    saver.save(sess, "./m", 1)
    saver.save(sess, "./m", 2)
    put("empty")
    for label, call in (
        ("latest", lambda: t.latest_checkpoint(".")),
        ("latest nope", lambda: t.latest_checkpoint("no")),
        ("latest name", lambda: t.latest_checkpoint(".", "nope")),
        ("latest None", lambda: t.latest_checkpoint(None)),
        ("latest file", lambda: t.latest_checkpoint("./m-1")),
        (
            "state",
            lambda: str(t.get_checkpoint_state(".")).split("all_model_checkpoint_timestamps")[0],
        ),
        ("state type", lambda: type(t.get_checkpoint_state(".")).__name__),
        ("state nope", lambda: t.get_checkpoint_state("no")),
        ("state of nothing", lambda: t.get_checkpoint_state(".", "empty")),
        (
            "exists",
            lambda: [t.checkpoint_exists(x) for x in ("./m-1", "./m", ".", "", "./m-1.index")],
        ),
        ("exists None", lambda: t.checkpoint_exists(None)),
        ("times", lambda: len(t.get_checkpoint_mtimes(["./m-1", "./m-2", "./nope"]))),
        ("list", lambda: t.list_variables("./m-1")),
        ("list folder", lambda: t.list_variables(".")),
        ("list nope", lambda: t.list_variables("./nope")),
        ("list empty folder", lambda: (os.mkdir("void"), t.list_variables("void"))),
        ("load", lambda: t.load_variable("./m-1", "a").tolist()),
        ("load port", lambda: t.load_variable(".", "a:0").tolist()),
        ("load strings", lambda: t.load_variable(".", "s").tolist()),
        ("load nope", lambda: t.load_variable(".", "nope")),
        ("load int", lambda: t.load_variable(".", 3)),
        ("load partitioned", lambda: t.load_variable(".", "p").tolist()),
        ("load scalar", lambda: t.load_variable(".", "b")),
        ("load complex", lambda: complex(t.load_variable(".", "c"))),
        ("reader", lambda: sorted(t.load_checkpoint(".").get_variable_to_shape_map().items())),
        ("new reader", lambda: sorted(t.NewCheckpointReader("./m-1").get_variable_to_dtype_map())),
        ("new reader nope", lambda: t.NewCheckpointReader("./nope")),
        ("new reader folder", lambda: t.NewCheckpointReader(".")),
        ("new reader int", lambda: t.NewCheckpointReader(3)),
        ("has", lambda: [t.load_checkpoint(".").has_tensor(x) for x in ("a", "a:0", "nope", "p")]),
        ("get", lambda: t.NewCheckpointReader("./m-1").get_tensor("b")),
        ("get nope", lambda: t.NewCheckpointReader("./m-1").get_tensor("nope")),
        ("debug", lambda: t.NewCheckpointReader("./m-1").debug_string()),
        ("remove", lambda: (t.remove_checkpoint("./m-1"), _files("m*"))),
        (
            "update",
            lambda: t.update_checkpoint_state(".", "x", ["y", "x"]) or contents("checkpoint"),
        ),
        (
            "update more",
            lambda: t.update_checkpoint_state(".", "x", ["y"]) or contents("checkpoint"),
        ),
        (
            "update times",
            lambda: t.update_checkpoint_state(
                ".", "x", ["y"], all_model_checkpoint_timestamps=[1.0]
            ),
        ),
        (
            "update name",
            lambda: t.update_checkpoint_state(".", "x", latest_filename="q") or contents("q"),
        ),
        ("generate", lambda: str(t.generate_checkpoint_state_proto("/d", "/d/x", ["/e/y"]))),
        ("generate relative", lambda: str(t.generate_checkpoint_state_proto("d", "x"))),
    ):
        yield label, call
    put("checkpoint", "nonsense {")
    yield "damaged state", lambda: t.get_checkpoint_state(".")
    yield "damaged latest", lambda: t.latest_checkpoint(".")
    put("checkpoint", 'model_checkpoint_path: "m-2"\nnew_field: 3\n')
    yield "newer state", lambda: t.latest_checkpoint(".")
    put("checkpoint", 'model_checkpoint_path: "gone"\n')
    yield "gone", lambda: t.latest_checkpoint(".")
    t.update_checkpoint_state(".", "./m-2")

    def initial(assignments, build=None, path="./m-2"):
        with tf.Graph().as_default(), tf.Session() as s:
            made = (build or _some)(tf)
            t.init_from_checkpoint(path, assignments)
            s.run(tf.global_variables_initializer())
            return [s.run(v).tolist() for v in made]

    for label, assignments in (
        ("all", {"/": "in/"}),
        ("root", {"/": "/"}),
        ("one", {"a": "in/a"}),
        ("nope", {"nope": "in/a"}),
        ("to nope", {"a": "nope"}),
        ("other shape", {"b": "in/a"}),
        ("scope", {"in/": "in/"}),
        ("no slash", {"/": "in"}),
        ("list", ["a"]),
        ("None", None),
        ("empty", {}),
        ("partitioned", {"p": "in/p"}),
        ("port", {"a:0": "in/a"}),
        ("missing scope", {"zzz/": "in/"}),
        ("to missing scope", {"/": "zzz/"}),
    ):
        yield "init " + label, lambda assignments=assignments: initial(assignments)
    yield "init with variable", lambda: _with_variable(tf)
    yield "init nowhere", lambda: initial({"/": "in/"}, path="./nowhere")
    yield "init folder", lambda: initial({"/": "in/"}, path=".")
    yield "iterator", lambda: list(t.checkpoints_iterator(".", timeout=0.01))


def _some(tf):
    with tf.variable_scope("in"):
        zero = tf.zeros_initializer()
        return [tf.get_variable(n, s, initializer=zero) for n, s in (("a", [2]), ("p", [5, 2]))]


def _with_variable(tf):
    with tf.Graph().as_default(), tf.Session() as s:
        a, p = _some(tf)
        tf.train.init_from_checkpoint("./m-2", {"a": a, "p": [p]})
        s.run(tf.global_variables_initializer())
        return [s.run(a).tolist(), s.run(p).tolist(), [op.name for op in a.initializer.inputs]]


SCENARIOS = {f.__name__: f for f in (forms, saving, reading)}
