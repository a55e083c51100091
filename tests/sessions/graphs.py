"""Graphs as files: export, import, meta graphs, graph_util, and what each mistake raises.

label -> what came out, as text. Runs on Python 3.7 under TensorFlow 1.15.5 too.
"""

import os

from shown import contents


def _small(tf):
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2], name="x")
        tf.multiply(x, 2.0, name="y")
        tf.add(tf.identity(x, name="z"), 1.0, name="w")
    return graph.as_graph_def()


def _into(tf, definition, *args, **kwargs):
    with tf.Graph().as_default() as graph:
        found = tf.import_graph_def(definition, *args, **kwargs)
        names = [op.name for op in graph.get_operations()]
    return found and [getattr(x, "name", x) for x in found], names


def imports(tf):
    """import_graph_def: names, input_map, return_elements, mistakes."""
    d = _small(tf)

    def go(*args, **kwargs):
        return _into(tf, d, *args, **kwargs)

    yield "plain", go
    yield "no name", lambda: go(name="")
    yield "named", lambda: go(name="a/b")
    yield "slash", lambda: go(name="a/")
    yield "bad name", lambda: go(name="?")
    yield "int name", lambda: go(name=3)
    for elements in (
        ["y"], ["y:0"], ["x", "w:0"], [], ["nope"], ["nope:0"], ["y:1"], ["y:a"], ["y:0:1"],
        "y", "y:0", [3], [None], 3, ("y", "z"), ["^y"], [""], {"y": 1},
    ):  # fmt: skip
        yield (
            f"return {elements!r}",
            lambda elements=elements: go(return_elements=elements, name=""),
        )
    for mapped in (
        {"x": 1.0}, {"x:0": [1.0, 2.0]}, {"x": [1, 2]}, {"nope:0": 1.0}, {"nope": 1.0},
        {"^x": 1.0}, {"x:1": 1.0}, {3: 1.0}, {"y:0": [1.0, 1.0]}, [1], 3, {"x:0": None},
        {"x:0": "a"}, {"x:0": [1.0, 2.0, 3.0]},
    ):  # fmt: skip
        yield f"map {mapped!r}", lambda mapped=mapped: go(mapped, name="i")
    yield "map, no name", lambda: go({"x:0": [1.0, 1.0]}, name="")
    yield "map, default name", lambda: go({"x:0": [1.0, 1.0]})
    yield "map tensor, no name", lambda: _mapped(tf, d, "")
    yield "map tensor", lambda: _mapped(tf, d, "q")
    yield "twice", lambda: _twice(tf, d, "q")
    yield "twice, no name", lambda: _twice(tf, d, "")
    yield "in a scope", lambda: _scoped(tf, d)
    for what in (None, 3, "a", b"", d.SerializeToString(), tf.MetaGraphDef(), [d], tf.GraphDef()):
        yield f"definition {what!r}"[:40], lambda what=what: _into(tf, what)
    for label, change in (
        ("no such input", lambda n: n.input.append("nope")),
        ("no such port", lambda n: n.input.__setitem__(0, "x:3")),
        ("own output", lambda n: n.input.__setitem__(0, n.name)),
        ("too many inputs", lambda n: n.input.append("x")),
        ("too few inputs", lambda n: n.input.pop()),
        ("control nope", lambda n: n.input.append("^nope")),
        ("control first", lambda n: n.input.insert(0, "^x")),
        ("control", lambda n: n.input.append("^z")),
        ("unknown op", lambda n: setattr(n, "op", "Nope")),
        ("no op", lambda n: setattr(n, "op", "")),
        ("no attribute", lambda n: n.attr.clear()),
        ("wrong type", lambda n: setattr(n.attr["T"], "type", 3)),
        ("wrong attribute", lambda n: setattr(n.attr["T"], "i", 3)),
        ("more attributes", lambda n: setattr(n.attr["_mine"], "i", 3)),
        ("strange attribute", lambda n: setattr(n.attr["mine"], "i", 3)),
        ("device", lambda n: setattr(n, "device", "/gpu:3")),
        ("bad device", lambda n: setattr(n, "device", "gpu")),
        ("bad name", lambda n: setattr(n, "name", "a b")),
        ("name twice", lambda n: setattr(n, "name", "x")),
        ("no name", lambda n: setattr(n, "name", "")),
        ("class", lambda n: n.attr["_class"].list.s.append(b"loc:@z")),
        ("class nope", lambda n: n.attr["_class"].list.s.append(b"loc:@nope")),
        ("empty input", lambda n: n.input.append("")),
    ):  # fmt: skip
        yield label, lambda change=change: _changed(tf, d, change)
    for field in ("producer", "min_consumer"):
        for value in (0, 1, 20, 134, 10**6):
            yield (
                f"{field} {value}",
                lambda field=field, value=value: _versions(tf, d, field, value),
            )
    yield "producer ops", lambda: go(producer_op_list=3)
    yield "ops", lambda: go(op_dict={}, name="")


def _mapped(tf, d, name):
    with tf.Graph().as_default() as graph:
        own = tf.constant([1.0, 2.0], name="own")
        [y] = tf.import_graph_def(d, {"x": own}, ["y:0"], name=name)
        return y.name, y.op.inputs[0].name, [op.name for op in graph.get_operations()]


def _twice(tf, d, name):
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(d, name=name)
        tf.import_graph_def(d, name=name)
        return [op.name for op in graph.get_operations()]


def _scoped(tf, d):
    with tf.Graph().as_default() as graph, tf.name_scope("out"), tf.device("/job:a"):
        tf.import_graph_def(d)
        return [(op.name, op.device) for op in graph.get_operations()]


def _changed(tf, d, change):
    d = tf.GraphDef.FromString(d.SerializeToString())
    change(next(n for n in d.node if n.name == "y"))
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(d, name="")
        y = graph.get_operations()[-1]
        return (
            [op.name for op in graph.get_operations()],
            [c.name for c in y.control_inputs], sorted(y.node_def.attr), y.device,
        )  # fmt: skip


def _versions(tf, d, field, value):
    d = tf.GraphDef.FromString(d.SerializeToString())
    setattr(d.versions, field, value)
    return _into(tf, d)[1]


def exports(tf):
    """as_graph_def, write_graph, text_format, the messages' names."""
    from google.protobuf import text_format

    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.multiply(x, 2.0, name="y")
    graph = x.graph
    yield "shapes", lambda: str(graph.as_graph_def(add_shapes=True).node[0].attr["_output_shapes"])
    yield "version", lambda: (graph.version, str(graph.graph_def_versions))
    yield "write", lambda: tf.train.write_graph(graph, ".", "g.pbtxt")
    yield "written", lambda: contents("g.pbtxt")
    yield "binary", lambda: tf.train.write_graph(graph.as_graph_def(), "new/er", "g.pb", False)
    yield (
        "written binary",
        lambda: len(tf.GraphDef.FromString(contents("new/er/g.pb", "rb")).node),
    )
    yield "tf.io", lambda: tf.io.write_graph(graph, ".", "h.pb", as_text=False)
    yield "write nothing", lambda: tf.train.write_graph(3, ".", "g.pb")
    yield "write text", lambda: tf.train.write_graph("a", ".", "g.pb")
    yield (
        "parsed",
        lambda: text_format.Parse(contents("g.pbtxt"), tf.GraphDef()) == (graph.as_graph_def()),
    )
    yield (
        "merged",
        lambda: text_format.Merge('node { name: "a" op: "NoOp" }', tf.GraphDef()).node[0].op,
    )
    yield "bad text", lambda: text_format.Parse("node {", tf.GraphDef())
    yield "full name", lambda: [
        m.DESCRIPTOR.full_name
        for m in (
            tf.GraphDef, tf.NodeDef, tf.AttrValue, tf.MetaGraphDef, tf.Summary, tf.Event,
            tf.ConfigProto, tf.GPUOptions, tf.RunMetadata, tf.RunOptions, tf.train.SaverDef,
            tf.train.Example, tf.train.SequenceExample, tf.HistogramProto, tf.SummaryMetadata,
            tf.Summary.Value, tf.Summary.Image, tf.Summary.Audio, tf.TensorInfo, tf.NameAttrList,
            tf.summary.TaggedRunMetadata, tf.summary.SummaryDescription, tf.SessionLog,
            tf.LogMessage, tf.train.ServerDef, tf.train.ClusterDef, tf.train.JobDef,
        )
    ]  # fmt: skip
    yield "node", lambda: str(y.op.node_def)
    yield "op def", lambda: y.op.op_def.name
    yield "to proto", lambda: str(tf.TensorShape([None, 2]).as_proto())
    yield "attr", lambda: str(tf.AttrValue(s=b"\xff\x00"))


def _model(tf):
    with tf.variable_scope("model"):
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        w = tf.get_variable("w", [2, 2], initializer=tf.ones_initializer())
        r = tf.get_variable("r", [2], initializer=tf.zeros_initializer(), use_resource=True)
        y = tf.add(tf.matmul(x, w), r, name="y")
        tf.nn.dropout(y, 0.5, seed=1)
        z = tf.identity(tf.check_numerics(tf.identity(y), "bad"), name="z")
    return x, y, z


def freezing(tf):
    """graph_util."""
    u = tf.graph_util
    x, _y, _z = _model(tf)
    graph, sess = x.graph, tf.Session()
    d = graph.as_graph_def()
    yield "uninitialized", lambda: u.convert_variables_to_constants(sess, d, ["model/z"])
    sess.run(tf.global_variables_initializer())

    def frozen(*args, **kwargs):
        found = u.convert_variables_to_constants(sess, d, *args, **kwargs)
        return [(n.name, n.op) for n in found.node]

    yield "frozen", lambda: frozen(["model/z"])
    yield "tensor name", lambda: frozen(["model/z:0"])
    yield "nothing", lambda: frozen([])
    yield "text", lambda: frozen("model/z")
    yield "nope", lambda: frozen(["nope"])
    yield "only w", lambda: frozen(["model/y"], variable_names_whitelist=["model/w"])
    yield "not w", lambda: frozen(["model/y"], variable_names_blacklist=["model/w"])
    yield (
        "both",
        lambda: frozen(
            ["model/y"], variable_names_whitelist=["model/w"], variable_names_blacklist=["model/w"]
        ),
    )
    yield "extracted", lambda: [n.name for n in u.extract_sub_graph(d, ["model/y"]).node]
    yield "extract nope", lambda: u.extract_sub_graph(d, ["nope"])
    yield "extract text", lambda: u.extract_sub_graph(d, "model/y")
    yield "extract bytes", lambda: u.extract_sub_graph(d.SerializeToString(), ["model/y"])
    yield "extract None", lambda: u.extract_sub_graph(None, ["model/y"])
    yield "inference", lambda: [
        (n.name, list(n.input)) for n in u.remove_training_nodes(
            u.extract_sub_graph(d, ["model/y"])).node
    ]  # fmt: skip
    yield "protected", lambda: [
        n.name for n in u.remove_training_nodes(
            u.extract_sub_graph(d, ["model/y"]), ["model/w/read"]).node
    ]  # fmt: skip
    yield "must run on cpu", lambda: u.must_run_on_cpu(graph.get_operation_by_name("model/x"))
    yield "on cpu", lambda: [
        op.name for op in graph.get_operations() if u.must_run_on_cpu(op)
    ]  # fmt: skip
    yield "shape of node", lambda: u.tensor_shape_from_node_def_name(graph, "model/x:0")
    yield "shape", lambda: u.tensor_shape_from_node_def_name(graph, "model/w")
    yield "names", lambda: sorted({n for n in dir(u) if n.islower() and n[0] != "_" and n != "sys"})
    yield "computes", lambda: _frozen_result(tf, sess, d)


def _frozen_result(tf, sess, d):
    found = tf.graph_util.convert_variables_to_constants(sess, d, ["model/z"])
    with tf.Graph().as_default() as graph, tf.Session() as inner:
        x, z = tf.import_graph_def(found, return_elements=["model/x:0", "model/z:0"])
        return inner.run(z, {x: [[1.0, 2.0]]}).tolist(), graph.get_operations()[0].name


def meta_graphs(tf):
    """export_meta_graph, import_meta_graph: collections, scopes, devices."""
    with tf.device("/job:ps/cpu:0"):
        x, _, z = _model(tf)
    other = tf.Variable(3.0, name="other")
    tf.add_to_collection("mine", z)
    tf.add_to_collection("ops", z.op)
    tf.add_to_collection("numbers", 3)
    tf.add_to_collection("floats", 0.5)
    tf.add_to_collection("words", "abc")
    tf.add_to_collection("bytes", b"bytes")
    tf.add_to_collection("bools", True)
    saver = tf.train.Saver()
    e, i = tf.train.export_meta_graph, tf.train.import_meta_graph

    def fields(m):
        return (
            sorted(m.collection_def), len(m.graph_def.node), m.HasField("saver_def"),
            sorted(str(o.name) for o in m.meta_info_def.stripped_op_list.op),
            m.meta_info_def.tensorflow_version[:2], list(m.meta_info_def.tags),
        )  # fmt: skip

    yield "all", lambda: fields(e("all.meta"))
    yield "collection", lambda: str(e().collection_def["trainable_variables"])
    yield "mine", lambda: [str(e().collection_def[k]) for k in ("mine", "ops", "numbers", "floats")]
    yield "words", lambda: [str(e().collection_def[k]) for k in ("words", "bytes", "bools")]
    yield "saver", lambda: fields(saver.export_meta_graph("saver.meta"))
    yield "saver def", lambda: str(saver.as_saver_def()).replace("00.0", "00")
    yield "list", lambda: fields(e(collection_list=["mine"]))
    yield "empty list", lambda: fields(e(collection_list=[]))
    yield "nope", lambda: fields(e(collection_list=["nope"]))
    yield "text", lambda: contents("t.meta")[:20] if e("t.meta", as_text=True) else None
    yield "devices", lambda: sorted({n.device for n in e(clear_devices=True).graph_def.node})
    yield "kept devices", lambda: sorted({n.device for n in e().graph_def.node})
    yield "scope", lambda: fields(e("scope.meta", export_scope="model"))
    yield "scope nodes", lambda: [n.name for n in e(export_scope="model").graph_def.node]
    yield "scope nope", lambda: fields(e(export_scope="nope"))
    yield "no saver", lambda: fields(e(clear_extraneous_savers=True))
    yield (
        "stripped",
        lambda: [
            sorted(n.attr) for n in e(strip_default_attrs=True).graph_def.node if n.op == "MatMul"
        ],
    )
    yield "folder", lambda: fields(e("nope/dir/a.meta"))
    yield "graph_def", lambda: fields(e(graph_def=tf.GraphDef()))
    yield "meta info", lambda: fields(e(meta_info_def=tf.MetaGraphDef.MetaInfoDef(tags=["a"])))
    yield "strange", lambda: e("x.meta", nope=3)

    def into(*args, **kwargs):
        with tf.Graph().as_default() as graph:
            found = i(*args, **kwargs)
            keys = sorted(k for k in graph.get_all_collection_keys() if isinstance(k, str))
            return (
                type(found).__name__, [op.name for op in graph.get_operations()][:4], keys,
                [v.name for v in tf.global_variables()],
                [getattr(v, "name", v) for v in tf.get_collection("mine")],
                tf.get_collection("numbers"), tf.get_collection("words"),
                sorted({op.device for op in graph.get_operations()}),
            )  # fmt: skip

    yield "import all", lambda: into("all.meta")
    yield "import saver", lambda: into("saver.meta")
    yield "import message", lambda: into(e())
    yield "clear", lambda: into("all.meta", clear_devices=True)
    yield "import scope", lambda: into("saver.meta", import_scope="s")
    yield "scoped", lambda: into("scope.meta")
    yield "scoped into", lambda: into("scope.meta", import_scope="s/t")
    yield "text file", lambda: into("t.meta")
    yield "missing", lambda: into("nope.meta")
    yield "folder as file", lambda: into(os.getcwd())
    yield "mapped", lambda: into("saver.meta", input_map={"model/x": x.graph and 1.0})
    yield "int", lambda: into(3)
    yield "strange keyword", lambda: into("saver.meta", nope=3)
    yield "return", lambda: into("saver.meta", return_elements=["model/z:0"])
    yield "empty", lambda: into(tf.MetaGraphDef())
    yield "no variables", lambda: _no_variables(tf)
    yield "other", lambda: other.to_proto().variable_name
    yield "proto", lambda: str(other.to_proto())
    yield "scope proto", lambda: tf.global_variables()[0].to_proto("model").variable_name
    yield "from proto", lambda: tf.Variable.from_proto(other.to_proto()).name
    yield "resource proto", lambda: tf.global_variables()[1].to_proto().is_resource
    yield "get_tensor", lambda: tf.get_default_graph().get_tensor_by_name("model/z:0").name
    yield "queue runner", lambda: _runner(tf)


def _no_variables(tf):
    with tf.Graph().as_default():
        tf.constant(1.0)
        m = tf.train.export_meta_graph()
    with tf.Graph().as_default():
        return tf.train.import_meta_graph(m)


def _runner(tf):
    with tf.Graph().as_default():
        queue = tf.FIFOQueue(1, tf.float32, name="q")
        runner = tf.train.QueueRunner(queue, [queue.enqueue(1.0)] * 2)
        tf.train.add_queue_runner(runner)
        text = str(runner.to_proto())
        m = tf.train.export_meta_graph()
    with tf.Graph().as_default():
        tf.train.import_meta_graph(m)
        [again] = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
        return text, again.name, len(again.enqueue_ops), again.queue.name


SCENARIOS = {f.__name__: f for f in (imports, exports, freezing, meta_graphs)}
