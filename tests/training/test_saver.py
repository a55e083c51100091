"""tf.train.Saver: what it writes, what it keeps, and what becomes of damaged files."""

from __future__ import annotations

import importlib
import logging
import os
import pathlib
import time
from pathlib import Path

import numpy as np
import pytest

import graphflow as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


@pytest.fixture
def prefix(tmp_path):
    return str(tmp_path / "m")


def two_variables():
    """One variable of each kind, `v` and `r`."""
    v = tf.Variable([1.0, 2.0], name="v")
    r = tf.get_variable("r", initializer=[[3, 4]], use_resource=True)
    return v, r


def initialized():
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    return sess


# --- nodes ---
NODES = """\
save/filename/input Const []
save/filename PlaceholderWithDefault ['save/filename/input']
save/Const PlaceholderWithDefault ['save/filename']
save/SaveV2/tensor_names Const []
save/SaveV2/shape_and_slices Const []
save/SaveV2 SaveV2 ['save/Const', 'save/SaveV2/tensor_names', 'save/SaveV2/shape_and_slices', \
'r/Read/ReadVariableOp', 'v']
save/control_dependency Identity ['save/Const', '^save/SaveV2']
save/RestoreV2/tensor_names Const []
save/RestoreV2/shape_and_slices Const []
save/RestoreV2 RestoreV2 ['save/Const', 'save/RestoreV2/tensor_names', \
'save/RestoreV2/shape_and_slices']
save/Identity Identity ['save/RestoreV2']
save/AssignVariableOp AssignVariableOp ['r', 'save/Identity']
save/Assign Assign ['v', 'save/RestoreV2:1']
save/restore_all NoOp ['^save/Assign', '^save/AssignVariableOp']"""
SHARDED = """\
save/StringJoin StringJoin ['save/Const', 'save/StringJoin/inputs_1']
save/num_shards Const []
save/ShardedFilename/shard Const []
save/ShardedFilename ShardedFilename ['save/StringJoin', 'save/ShardedFilename/shard', \
'save/num_shards']"""
MERGED = """\
save/MergeV2Checkpoints/checkpoint_prefixes Pack ['save/ShardedFilename', \
'^save/control_dependency']
save/MergeV2Checkpoints MergeV2Checkpoints ['save/MergeV2Checkpoints/checkpoint_prefixes', \
'save/Const']
save/Identity Identity ['save/Const', '^save/MergeV2Checkpoints', '^save/control_dependency']"""


def saver_nodes(graph):
    nodes = graph.as_graph_def().node
    return [f"{n.name} {n.op} {list(n.input)}" for n in nodes if n.name.startswith("save/")]


def test_nodes_are_those_of_tensorflow(graph):
    two_variables()
    saver = tf.train.Saver()
    assert saver_nodes(graph) == NODES.split("\n")
    assert graph.get_operation_by_name("save/RestoreV2").device == "/device:CPU:0"
    assert saver.saver_def == tf.train.SaverDef(
        filename_tensor_name="save/Const:0",
        save_tensor_name="save/control_dependency:0",
        restore_op_name="save/restore_all",
        max_to_keep=5,
        keep_checkpoint_every_n_hours=10000.0,
        version=tf.train.SaverDef.V2,
    )


def test_sharded_nodes_are_those_of_tensorflow(graph):
    two_variables()
    saver = tf.train.Saver(sharded=True)
    nodes = saver_nodes(graph)
    for wanted in (*SHARDED.split("\n"), *MERGED.split("\n")):
        assert wanted in nodes
    assert saver.saver_def.save_tensor_name == "save/Identity:0"


# --- round trips ---
@pytest.mark.parametrize(
    "arguments", [{}, {"sharded": True}, {"write_version": 1}, {"reshape": True}]
)
def test_saved_values_come_back(prefix, arguments):
    v, r = two_variables()
    words = tf.Variable([b"a", b"", b"\xff"], name="words", trainable=False)
    saver = tf.train.Saver(**arguments)
    with initialized() as sess:
        path = saver.save(sess, prefix, global_step=7)
        assert path == prefix + "-7"
        sess.run([v.assign([0, 0]), r.assign([[0, 0]]), words.assign([b""] * 3)])
        saver.restore(sess, path)
        assert [sess.run(x).tolist() for x in (v, r, words)] == [
            [1, 2],
            [[3, 4]],
            [b"a", b"", b"\xff"],
        ]


def test_restored_variables_need_no_initialization(prefix):
    v, r = two_variables()
    saver = tf.train.Saver()
    with initialized() as sess:
        saver.save(sess, prefix)
    with tf.Session() as sess:
        saver.restore(sess, prefix)
        assert sess.run(tf.report_uninitialized_variables()).size == 0
        assert sess.run([v, r])[1].tolist() == [[3, 4]]


def test_names_in_the_checkpoint_can_be_chosen(prefix):
    v, r = two_variables()
    with initialized() as sess:
        tf.train.Saver({"other": v}).save(sess, prefix)
        assert tf.train.list_variables(prefix) == [("other", [2])]
        tf.train.Saver([r]).save(sess, prefix)
        assert tf.train.list_variables(prefix) == [("r", [1, 2])]


def test_reshape_takes_another_shape_of_the_same_size(prefix):
    tf.Variable(tf.range(6), name="n")
    with initialized() as sess:
        tf.train.Saver().save(sess, prefix)
    with tf.Graph().as_default(), tf.Session() as sess:
        n = tf.Variable(tf.zeros([2, 3], tf.int32), name="n")
        tf.train.Saver(reshape=True).restore(sess, prefix)
        assert sess.run(n).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_partitioned_variable_is_saved_as_one(prefix):
    with tf.variable_scope("p", partitioner=lambda shape, dtype: [2, 1]):
        w = tf.get_variable("w", [5, 2])
    saver = tf.train.Saver()
    with initialized() as sess:
        saver.save(sess, prefix)
        want = sess.run(w.as_tensor()).tolist()
        sess.run([part.assign(part * 0) for part in w])
        saver.restore(sess, prefix)
        assert sess.run(w.as_tensor()).tolist() == want
    assert tf.train.list_variables(prefix) == [("p/w", [5, 2])]
    assert tf.train.load_variable(prefix, "p/w:0").tolist() == want
    with tf.Graph().as_default(), tf.Session() as sess:
        whole = tf.get_variable("p/w", [5, 2])
        tf.train.Saver().restore(sess, prefix)
        assert sess.run(whole).tolist() == want


def test_graph_and_values_come_back_without_the_program(prefix):
    v, r = two_variables()
    x = tf.placeholder(tf.float32, [2], name="x")
    tf.add(v * x, tf.cast(r[0], tf.float32), name="y")
    with initialized() as sess:
        tf.train.Saver().save(sess, prefix)
    for scope in (None, "inner"):
        with tf.Graph().as_default(), tf.Session() as sess:
            saver = tf.train.import_meta_graph(prefix + ".meta", import_scope=scope)
            saver.restore(sess, prefix)
            start = f"{scope}/" if scope else ""
            assert sess.run(start + "y:0", {start + "x:0": [1, 1]}).tolist() == [4, 6]
            assert [v.name for v in tf.global_variables()] == [start + "v:0", start + "r:0"]
            assert tf.global_variables() == tf.trainable_variables()


def test_exported_scope_imports_into_another():
    outside = tf.constant(2.0, name="outside")
    with tf.name_scope("part"):
        v = tf.Variable(3.0, name="v")
        tf.multiply(v, outside, name="y")
    message = tf.train.export_meta_graph(export_scope="part")
    assert {n.name for n in message.graph_def.node} >= {"v", "v/read", "y"}
    with tf.Graph().as_default(), tf.Session() as sess:
        with pytest.raises(ValueError, match="Graph contains unbound inputs"):
            tf.train.import_meta_graph(message)
        tf.train.import_meta_graph(
            message,
            import_scope="new",
            input_map={"$unbound_inputs_outside": tf.constant(5.0)},
        )
        sess.run(tf.global_variables_initializer())
        assert sess.run("new/y:0") == 15.0


def test_meta_graph_tells_what_tensorflow_tells():
    two_variables()
    tf.add_to_collection("sizes", 3)
    message = tf.train.export_meta_graph(strip_default_attrs=True)
    info = message.meta_info_def
    assert info.tensorflow_version == "1.15.5"
    assert "VariableV2" in [op.name for op in info.stripped_op_list.op]
    assert info.stripped_default_attrs
    [v] = [n for n in message.graph_def.node if n.name == "v"]
    assert set(v.attr) == {"shape", "dtype", "_output_shapes"}
    assert list(message.collection_def["sizes"].int64_list.value) == [3]
    stored = tf.train.export_meta_graph(clear_devices=True, collection_list=["sizes"])
    assert list(stored.collection_def) == ["sizes"]


def test_what_cannot_be_stored_is_left_out(caplog):
    tf.add_to_collection("things", object())
    with caplog.at_level(logging.WARNING):
        message = tf.train.export_meta_graph()
    assert "things" not in message.collection_def
    assert "things" in caplog.text


# --- which checkpoints are kept ---
def kept(folder):
    return sorted({name.partition(".")[0] for name in os.listdir(folder)} - {"checkpoint"})


def test_old_checkpoints_go(prefix, tmp_path):
    two_variables()
    saver = tf.train.Saver(max_to_keep=2)
    with initialized() as sess:
        for step in range(4):
            saver.save(sess, prefix, global_step=step)
    assert kept(tmp_path) == ["m-2", "m-3"]
    assert saver.last_checkpoints == [prefix + "-2", prefix + "-3"]
    assert tf.train.latest_checkpoint(str(tmp_path)) == prefix + "-3"
    state = tf.train.get_checkpoint_state(str(tmp_path))
    assert list(state.all_model_checkpoint_paths) == saver.last_checkpoints
    assert len(tf.train.get_checkpoint_mtimes(saver.last_checkpoints)) == 2
    tf.train.remove_checkpoint(prefix + "-3")
    assert kept(tmp_path) == ["m-2"]


def test_one_checkpoint_an_interval_is_kept_for_good(prefix, tmp_path):
    two_variables()
    saver = tf.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=1)
    saver._next_checkpoint_time = time.time() - 1  # as if the hour were over
    with initialized() as sess:
        for step in range(3):
            saver.save(sess, prefix, global_step=step)
    assert kept(tmp_path) == ["m-0", "m-2"]


def test_a_new_process_goes_on_with_the_list(prefix, tmp_path):
    two_variables()
    with initialized() as sess:
        first = tf.train.Saver(max_to_keep=2)
        for step in range(2):
            first.save(sess, prefix, global_step=step)
        second = tf.train.Saver(max_to_keep=2)
        second.recover_last_checkpoints([*first.last_checkpoints, prefix + "-99"])
        second.save(sess, prefix, global_step=2)
    assert kept(tmp_path) == ["m-1", "m-2"]


def test_steps_can_be_padded_and_come_from_a_variable(prefix):
    step = tf.train.get_or_create_global_step()
    saver = tf.train.Saver(pad_step_number=True)
    with initialized() as sess:
        sess.run(step.assign(12))
        assert saver.save(sess, prefix, global_step=step) == prefix + "-00000012"


def test_only_the_files_that_were_asked_for_are_written(prefix, tmp_path):
    two_variables()
    with initialized() as sess:
        saver = tf.train.Saver()
        saver.save(sess, prefix, write_meta_graph=False, write_state=False)
    assert sorted(os.listdir(tmp_path)) == ["m.data-00000-of-00001", "m.index"]
    assert saver.last_checkpoints == []


def test_relative_paths_survive_a_move(tmp_path):
    v, _ = two_variables()
    (tmp_path / "a").mkdir()
    saver = tf.train.Saver(save_relative_paths=True)
    with initialized() as sess:
        saver.save(sess, str(tmp_path / "a" / "m"))
        (tmp_path / "a").rename(tmp_path / "b")
        sess.run(v.assign([0, 0]))
        saver.restore(sess, tf.train.latest_checkpoint(str(tmp_path / "b")))
        assert sess.run(v).tolist() == [1, 2]


# --- mistakes ---
def test_empty_saver_does_nothing_where_it_may(prefix):
    saver = tf.train.Saver(allow_empty=True)
    tf.no_op()
    with tf.Session() as sess:
        assert saver.save(sess, prefix) is None
        saver.restore(sess, prefix)
    with pytest.raises(ValueError, match="No variables to save"):
        tf.train.Saver()


def test_build_can_wait(prefix):
    two_variables()
    saver = tf.train.Saver(defer_build=True)
    with initialized() as sess:
        with pytest.raises(RuntimeError, match="`build\\(\\)` should be called before save"):
            saver.save(sess, prefix)
        saver.build()
        assert saver.save(sess, prefix) == prefix
    with pytest.raises(ValueError, match="build cannot be deferred"):
        tf.train.Saver([1], defer_build=True)


def test_saving_what_has_no_value_blames_the_save(prefix):
    tf.Variable([1.0], name="v")
    with tf.Session() as sess, pytest.raises(tf.errors.FailedPreconditionError) as caught:
        tf.train.Saver().save(sess, prefix)
    assert caught.value.op.name == "save/SaveV2"
    assert "uninitialized value v" in str(caught.value)


def flip(path, position):
    with open(path, "r+b") as file:
        file.seek(position)
        byte = file.read(1)
        file.seek(position)
        file.write(bytes([byte[0] ^ 4]))


@pytest.mark.parametrize("suffix", ["data-00000-of-00001", "index"])
def test_damaged_checkpoint_is_data_loss_and_names_the_file(prefix, suffix):
    tf.Variable([1.0, 2.0], name="v")
    saver = tf.train.Saver()
    with initialized() as sess:
        saver.save(sess, prefix)
        flip(f"{prefix}.{suffix}", 5)
        with pytest.raises(tf.errors.DataLossError, match=f"m.{suffix}") as caught:
            saver.restore(sess, prefix)
        assert caught.value.op.name == "save/RestoreV2"
        if suffix.startswith("data"):
            assert "tensor v" in str(caught.value)


def test_cut_off_meta_graph_is_data_loss(prefix):
    two_variables()
    tf.constant(np.arange(500, dtype=np.float32))
    with initialized() as sess:
        tf.train.Saver().save(sess, prefix)
    contents = pathlib.Path(prefix + ".meta").read_bytes()
    for size in (0, len(contents) // 2, len(contents) - 1):
        pathlib.Path(prefix + ".meta").write_bytes(contents[:size])
        with tf.Graph().as_default(), pytest.raises(tf.errors.DataLossError, match=r"m\.meta"):
            tf.train.import_meta_graph(prefix + ".meta")


def test_unwritable_place_keeps_the_old_checkpoint(prefix, tmp_path):
    v, _ = two_variables()
    saver = tf.train.Saver()
    with initialized() as sess:
        saver.save(sess, prefix)
        os.mkdir(prefix + ".tmp")
        with pytest.raises(ValueError, match=r"Parent directory of .* doesn't exist, can't save"):
            saver.save(sess, str(tmp_path / "no" / "such" / "m"))
        saver.restore(sess, prefix)
        assert sess.run(v).tolist() == [1, 2]


# --- readers ---
def test_checkpoint_reader_tells_names_types_and_values(prefix):
    two_variables()
    with initialized() as sess:
        tf.train.Saver().save(sess, prefix)
    reader = tf.train.NewCheckpointReader(prefix)
    assert reader.get_variable_to_shape_map() == {"v": [2], "r": [1, 2]}
    assert reader.get_variable_to_dtype_map() == {"v": tf.float32, "r": tf.int32}
    assert reader.has_tensor("v")
    assert not reader.has_tensor("zz")
    assert reader.get_tensor("r").tolist() == [[3, 4]]
    assert b"v (DT_FLOAT) [2]" in reader.debug_string()
    with pytest.raises(tf.errors.NotFoundError, match="Key zz not found in checkpoint"):
        reader.get_tensor("zz")


def test_missing_checkpoints_are_told_apart(tmp_path):
    with pytest.raises(tf.errors.NotFoundError, match="Failed to find any matching files"):
        tf.train.load_checkpoint(str(tmp_path / "none"))
    with pytest.raises(ValueError, match="Couldn't find 'checkpoint' file or checkpoints"):
        tf.train.load_checkpoint(str(tmp_path))
    assert not tf.train.checkpoint_exists(str(tmp_path / "none"))


def test_iterator_yields_each_new_checkpoint(prefix, tmp_path):
    two_variables()
    saver = tf.train.Saver()
    found = []
    with initialized() as sess:
        saver.save(sess, prefix, global_step=0)
        for path in tf.train.checkpoints_iterator(str(tmp_path), timeout=0):
            found.append(path)
            if len(found) < 3:
                saver.save(sess, prefix, global_step=len(found))
    assert found == [f"{prefix}-{i}" for i in range(3)]


# --- init_from_checkpoint ---
def test_variables_start_with_values_of_a_checkpoint(prefix):
    with tf.variable_scope("old"):
        tf.get_variable("a", initializer=[1.0])
        tf.get_variable("b", initializer=[2.0])
    with initialized() as sess:
        tf.train.Saver().save(sess, prefix)
    with tf.Graph().as_default():
        with tf.variable_scope("new"):
            a = tf.get_variable("a", [1])
            b = tf.get_variable("b", [1], use_resource=True)
        c = tf.get_variable("c", [1])
        tf.train.init_from_checkpoint(prefix, {"old/": "new/", "old/b": c})
        with initialized() as sess:
            assert [sess.run(x).tolist() for x in (a, b, c)] == [[1], [2], [2]]
        with pytest.raises(ValueError, match="is not found in"):
            tf.train.init_from_checkpoint(prefix, {"zz": c})
        with pytest.raises(ValueError, match="doesn't match with"):
            tf.train.init_from_checkpoint(prefix, {"old/a": tf.get_variable("d", [3])})


def test_table_itself_may_be_saved(prefix):
    with tf.Graph().as_default(), tf.Session() as session:
        table = tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1, name="t")
        saver = tf.train.Saver({"other": table})
        session.run(table.insert(["a"], tf.constant([1], tf.int64)))
        saver.save(session, prefix)
        session.run(table.insert(["a"], tf.constant([7], tf.int64)))
        saver.restore(session, prefix)
        assert session.run(table.lookup(tf.constant(["a", "b"]))).tolist() == [1, -1]
        assert [name for name, _ in tf.train.list_variables(prefix)] == [
            "other_table-keys", "other_table-values",
        ]  # fmt: skip


def test_listed_checkpoint_has_its_graph_and_its_data(prefix, tmp_path, monkeypatch):
    saver_module = importlib.import_module("graphflow.training.saver")
    update, seen = saver_module.update_checkpoint_state, []

    def listing(folder, latest, paths, *args, **kwargs):
        files = {path.name.partition(".")[2][:5] for path in tmp_path.glob(Path(latest).name + "*")}
        seen.append((len(paths), sorted(files)))
        update(folder, latest, paths, *args, **kwargs)

    with tf.Graph().as_default(), tf.Session() as session:
        session.run(tf.Variable(1.0, name="v").initializer)
        saver = tf.train.Saver(max_to_keep=1)
        saver.save(session, prefix, 1)
        monkeypatch.setattr(saver_module, "update_checkpoint_state", listing)
        saver.save(session, prefix, 2)
    whole = ["data-", "index", "meta"]
    assert seen == [(2, whole), (1, whole)]  # the old one is listed until it is gone
