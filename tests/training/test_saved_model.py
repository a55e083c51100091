"""tf.saved_model: what the builder and the loader refuse, and how assets are named."""

from __future__ import annotations

import os
import pathlib

import pytest

import graphflow as tf
from graphflow.formats import proto
from graphflow.formats import saved_model as files
from graphflow.formats import signature_def as signatures
from graphflow.training import saved_model as building
from graphflow.training import saved_model_loader as loading


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "model")


def save(folder, as_text=False, **arguments):
    """Writes a graph with the variable `v`, 42."""
    builder = tf.saved_model.Builder(folder)
    with tf.Session() as sess:
        tf.Variable(42, name="v")
        sess.run(tf.global_variables_initializer())
        builder.add_meta_graph_and_variables(sess, ["a", "b"], **arguments)
    builder.save(as_text)
    return builder


def load(folder, tags=("a", "b"), **arguments):
    """Loads a graph into a new session; returns the session and the message."""
    sess = tf.Session(graph=tf.Graph())
    return sess, tf.saved_model.load(sess, list(tags), folder, **arguments)


def x_and_y():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    return {"x": x}, {"y": tf.multiply(x, 2.0, name="y")}


# --- the folder ---
def test_there_is_a_saved_model_where_one_of_its_files_is(folder):
    assert not tf.saved_model.contains_saved_model(folder)
    save(folder, as_text=True)
    assert tf.saved_model.loader.maybe_saved_model_directory(folder)
    names = {path.name for path in pathlib.Path(folder, "variables").iterdir()}
    assert names == {"variables.index", "variables.data-00000-of-00001"}


def test_save_returns_the_path_as_bytes(tmp_path):
    builder = tf.saved_model.builder.SavedModelBuilder(tmp_path / "m")
    assert builder.save() == os.fsencode(tmp_path / "m" / "saved_model.pb")
    assert builder.save(as_text=True) == os.fsencode(tmp_path / "m" / "saved_model.pbtxt")


def test_folder_with_something_in_it_is_refused(tmp_path):
    tf.saved_model.Builder(str(tmp_path))
    (tmp_path / "f").touch()
    with pytest.raises(AssertionError, match="Export directory already exists, and isn't empty"):
        tf.saved_model.Builder(str(tmp_path))
    with pytest.raises(tf.errors.OpError):
        tf.saved_model.Builder(str(tmp_path / "f"))


def test_missing_or_damaged_file_is_an_os_error(folder):
    with pytest.raises(OSError, match="SavedModel file does not exist at: "):
        load(folder)
    pathlib.Path(folder).mkdir()
    for name, data in (
        ("saved_model.pbtxt", b"nonsense {"),
        ("saved_model.pbtxt", b"\xff\xfe"),
        ("saved_model.pb", b"\x12\xff nonsense"),
    ):
        pathlib.Path(folder, name).write_bytes(data)
        with pytest.raises(OSError, match=f"Cannot parse file .*{name}"):
            load(folder)


def test_tags_must_be_all_of_a_graphs_tags(folder):
    save(folder)
    says = "MetaGraphDef associated with tags 'a' could not be found in SavedModel"
    with pytest.raises(RuntimeError, match=says):
        load(folder, ["a"])


# --- what the builder refuses ---
def test_variables_are_saved_once_and_first(folder):
    builder = tf.saved_model.Builder(folder)
    with pytest.raises(AssertionError, match="has not been saved yet"):
        builder.add_meta_graph(["a"])
    with tf.Session() as sess:
        builder.add_meta_graph_and_variables(sess, ["a"])
        with pytest.raises(AssertionError, match="has already been saved"):
            builder.add_meta_graph_and_variables(sess, ["b"])


def test_signature_without_name_or_dtype_is_refused(folder):
    for info, says in (
        (proto.TensorInfo(dtype=1), "one of the 'encoding' fields"),
        (proto.TensorInfo(name="x:0"), "the dtype field set"),
    ):
        made = tf.saved_model.build_signature_def({"x": info}, {}, "m")
        with pytest.raises(AssertionError, match=says):
            tf.saved_model.Builder(folder).add_meta_graph_and_variables(None, ["a"], {"k": made})


@pytest.mark.parametrize("key", ["__saved_model_init_op", "__saved_model_train_op"])
def test_reserved_signature_names_are_refused(folder, key):
    made = tf.saved_model.build_signature_def()
    with pytest.raises(KeyError, match="is reserved for"):
        tf.saved_model.Builder(folder).add_meta_graph_and_variables(None, ["a"], {key: made})


def test_main_op_is_one_operation(folder):
    builder = tf.saved_model.Builder(folder)
    with tf.Session() as sess:
        with pytest.raises(TypeError, match="main_op needs to be an Operation"):
            builder.add_meta_graph_and_variables(sess, ["a"], main_op="x")
        tf.add_to_collection("legacy_init_op", tf.no_op())
        with pytest.raises(ValueError, match="already contains one or more main ops under"):
            builder.add_meta_graph_and_variables(sess, ["a"], main_op=tf.no_op())


# --- assets ---
def test_asset_is_a_string_constant_of_one_element(folder):
    builder = tf.saved_model.Builder(folder)
    for asset, error in (
        ("f", TypeError),
        (tf.placeholder(tf.string), TypeError),
        (tf.constant(1), TypeError),
        (tf.constant(["a", "b"]), TypeError),
        (tf.constant(""), ValueError),
        (tf.constant("folder/"), ValueError),
    ):
        with pytest.raises(error, match=r"[Aa]sset"):
            builder.add_meta_graph_and_variables(None, ["a"], assets_collection=[asset])


def test_assets_of_one_name_are_told_apart_by_their_contents(folder, tmp_path):
    paths = [tmp_path / name / "f.txt" for name in "abcd"]
    for path, text in zip(paths, ["1", "2", "1", "3"], strict=True):
        path.parent.mkdir()
        path.write_text(text)
    assets = [tf.constant(str(path), name=f"asset_{i}") for i, path in enumerate(paths)]
    save(folder, assets_collection=assets)
    found = {p.name: p.read_text() for p in pathlib.Path(folder, "assets").iterdir()}
    assert found == {"f.txt": "1", "f.txt_1": "2", "f.txt_2": "3"}


def test_missing_asset_is_an_error(folder):
    with pytest.raises(tf.errors.NotFoundError):
        save(folder, assets_collection=[tf.constant("/no/such/file")])


def test_asset_is_fed_to_the_main_op(folder, tmp_path):
    path = tmp_path / "f.txt"
    path.write_text("contents")
    asset = tf.constant(str(path), name="asset")
    text = tf.Variable("", name="text")
    read = text.assign(tf.read_file(asset)).op
    save(folder, assets_collection=[asset], main_op=read)
    path.unlink()
    for scope in (None, "inner"):
        sess, _ = load(folder, import_scope=scope)
        assert sess.run("inner/text:0" if scope else "text:0") == b"contents"


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", "..\\b", "c:\\b", ""])
def test_asset_outside_of_the_saved_model_is_refused(folder, name):
    save(folder)
    message = files.parse_saved_model(folder)
    message.meta_graphs[0].asset_file_def.add(filename=name).tensor_info.name = "x:0"
    files.write_saved_model(message, folder, as_text=False)
    with pytest.raises(ValueError, match="leads out of the SavedModel's assets folder"):
        load(folder)


def test_asset_that_is_another_message_is_refused(folder):
    save(folder)
    message = files.parse_saved_model(folder)
    values = message.meta_graphs[0].collection_def["saved_model_assets"].any_list.value
    values.add().Pack(proto.VersionDef(producer=3))
    files.write_saved_model(message, folder, as_text=False)
    with pytest.raises(ValueError, match=r"holds a 'type.googleapis.com/tensorflow.VersionDef'"):
        load(folder)


# --- loading ---
def test_scope_and_options_reach_the_import(folder):
    save(folder)
    sess, message = load(folder, import_scope="inner", clear_devices=True)
    assert sess.run("inner/v:0") == 42
    assert message.meta_info_def.tags == ["a", "b"]


def test_graph_without_variables_has_no_checkpoint(folder):
    inputs, outputs = x_and_y()
    with tf.Session() as sess:
        tf.saved_model.simple_save(sess, folder, inputs, outputs)
    assert os.listdir(folder + "/variables") == []
    sess, message = load(folder, ["serve"])
    made = message.signature_def["serving_default"]
    y = tf.saved_model.get_tensor_from_tensor_info(made.outputs["y"], sess.graph)
    assert sess.run(y, {made.inputs["x"].name: [[1, 2]]}).tolist() == [[2, 4]]


def test_main_op_initializes_all(folder):
    local = tf.get_local_variable("local", initializer=7)
    save(folder, main_op=tf.saved_model.main_op.main_op())
    sess, _ = load(folder)
    assert sess.run(["v:0", local.name]) == [42, 7]


def test_restoring_main_op_restores_after_it_initialized():
    assigned = tf.Variable(1, name="v").assign(5).op
    op = tf.saved_model.main_op_with_restore(assigned)
    with tf.Session() as sess:
        sess.run(op)
        assert sess.run("v:0") == 5


def test_operations_in_signatures_and_assets_in_fields_load(folder, tmp_path):
    (tmp_path / "f").write_text("contents")
    asset = tf.constant(str(tmp_path / "f"))
    text = tf.Variable("", name="text")
    builder = building._SavedModelBuilder(folder)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        builder.add_meta_graph_and_variables(
            sess, ["a"], assets_list=[asset], init_op=text.assign(tf.read_file(asset)).op,
            train_op=tf.no_op("train"),
        )  # fmt: skip
    builder.add_meta_graph(["b"], init_op=text.initializer)
    builder.save()
    sess, message = load(folder, ["a"])
    assert sess.run("text:0") == b"contents"
    with sess.graph.as_default():
        assert loading.get_train_op(message).name == "train"
    sess, _ = load(folder, ["b"])
    assert sess.run("text:0") == b""


def test_several_main_operations_are_refused(folder):
    for name in ("one", "two"):
        tf.add_to_collection("saved_model_main_op", tf.no_op(name))
    save(folder)
    with pytest.raises(RuntimeError, match=r"Expected exactly one SavedModel init op. Found: "):
        load(folder)


def test_operation_that_is_missing_is_not_found(folder):
    save(folder)
    message = files.parse_saved_model(folder)
    made = message.meta_graphs[0].signature_def["__saved_model_init_op"]
    made.outputs["__saved_model_init_op"].name = "gone"
    files.write_saved_model(message, folder, as_text=False)
    with pytest.raises(tf.errors.NotFoundError, match="could not be found in the graph"):
        load(folder)


# --- signatures ---
def test_signatures_are_checked():
    text = tf.placeholder(tf.string, [None], name="text")
    number = tf.placeholder(tf.float32, [None], name="number")
    for make, says in (
        (lambda: tf.saved_model.regression_signature_def(None, number), "cannot be None"),
        (lambda: tf.saved_model.regression_signature_def("x", number), "must be a string Tensor"),
        (lambda: tf.saved_model.regression_signature_def(text, None), "predictions cannot be None"),
        (lambda: tf.saved_model.regression_signature_def(number, number), "must be a string"),
        (lambda: tf.saved_model.regression_signature_def(text, text), "output must be a float"),
        (lambda: tf.saved_model.classification_signature_def(None, text, None), "cannot be None"),
        (lambda: tf.saved_model.classification_signature_def(text, None, None), "cannot both be"),
        (lambda: tf.saved_model.classification_signature_def(text, number, None), "be a string"),
        (lambda: tf.saved_model.classification_signature_def(text, None, text), "be a float"),
        (lambda: tf.saved_model.predict_signature_def({}, {"y": text}), "inputs cannot be None or"),
        (lambda: tf.saved_model.predict_signature_def({"x": text}, None), "outputs cannot be None"),
        (lambda: signatures.supervised_eval_signature_def({}, {"l": number}), "inputs cannot be"),
    ):
        with pytest.raises(ValueError, match=says):
            make()


def test_valid_signatures_are_those_a_server_serves():
    text = tf.placeholder(tf.string, [None], name="text")
    number = tf.placeholder(tf.float32, [None], name="number")
    spaces = tf.saved_model.signature_def_utils
    valid = [
        spaces.predict_signature_def({"a": number}, {"b": text}),
        spaces.regression_signature_def(text, number),
        spaces.classification_signature_def(text, text, None),
        spaces.classification_signature_def(text, text, number),
    ]
    assert all(map(spaces.is_valid_signature, valid))
    assert not spaces.is_valid_signature(None)
    for made in valid:
        for change in (
            lambda m: m.inputs.clear(),
            lambda m: m.outputs.clear(),
            lambda m: setattr(m, "method_name", "other"),
        ):
            copy = type(made).FromString(made.SerializeToString())
            change(copy)
            assert not spaces.is_valid_signature(copy)
    for made in valid[1:]:
        next(iter(made.outputs.values())).dtype = 9
        assert not spaces.is_valid_signature(made)


def test_supervised_signature_has_all_results():
    number = tf.placeholder(tf.float32, name="number")
    made = signatures.supervised_train_signature_def(
        {"x": number}, {"loss": number}, {"p": number}, {"m": number}
    )
    assert made.method_name == "tensorflow/supervised/training"
    assert set(made.outputs) == {"loss", "p", "m"}


def test_tensor_info_without_a_name_is_refused(graph):
    with pytest.raises(ValueError, match=r"Invalid TensorInfo.encoding: None"):
        tf.saved_model.get_tensor_from_tensor_info(proto.TensorInfo())
    with pytest.raises(KeyError):
        tf.saved_model.get_tensor_from_tensor_info(proto.TensorInfo(name="gone:0"), graph)


def test_constants_have_tensorflows_values():
    space = tf.saved_model
    assert (space.SERVING, space.TRAINING, space.tag_constants.GPU) == ("serve", "train", "gpu")
    assert space.constants.SAVED_MODEL_SCHEMA_VERSION == 1
    assert space.signature_constants.REGRESS_METHOD_NAME == "tensorflow/serving/regress"
