"""Tables that change: they belong to their session, and to its checkpoints."""

from pathlib import Path
from typing import Any

import numpy as np

import graphflow as tf


def tables() -> tuple[Any, Any]:
    words = tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1, name="words")
    dense = tf.lookup.experimental.DenseHashTable(
        tf.int64, tf.float32, [0.0, 0.0], 0, -1, 8, name="dense"
    )
    return words, dense


def test_a_checkpoint_holds_what_tables_held(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        words, dense = tables()
        filled = [words.insert(["a", "b"], [1, 2]), dense.insert([3, 4], [[1.0, 2.0], [3.0, 4.0]])]
        found = [words.lookup(["b", "c"]), words.size(), dense.lookup([4, 5]), dense.size()]
        saver = tf.train.Saver()
    with tf.Session(graph=graph) as session:
        session.run(filled)
        before = session.run(found)
        saver.save(session, str(tmp_path / "tables"))
    stored = {
        "dense-keys": [8, 1], "dense-values": [8, 2], "words-keys": [2], "words-values": [2],
    }  # fmt: skip
    assert dict(tf.train.list_variables(str(tmp_path / "tables"))) == stored
    with tf.Session(graph=graph) as session:
        session.run(words.insert(["c"], [9]))
        saver.restore(session, str(tmp_path / "tables"))
        after = session.run(found)
    np.testing.assert_equal(after, before)
    np.testing.assert_equal(after[0], [2, -1])


def test_a_table_lives_in_its_session() -> None:
    with tf.Graph().as_default() as graph:
        words, _ = tables()
        filled, size = words.insert(["a"], [1]), words.size()
    with tf.Session(graph=graph) as first, tf.Session(graph=graph) as second:
        first.run(filled)
        assert first.run(size) == 1
        assert second.run(size) == 0


def test_without_checkpoint_no_saver_sees_a_table() -> None:
    with tf.Graph().as_default():
        tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1, checkpoint=False)
        assert tf.get_collection(tf.GraphKeys.SAVEABLE_OBJECTS) == []


def test_files_of_vocabularies_are_assets(tmp_path: Path) -> None:
    path = tmp_path / "words"
    path.write_text("a\nb\n")
    with tf.Graph().as_default():
        table = tf.contrib.lookup.index_table_from_file(str(path))
        [asset] = tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS)
        assert asset.name == "string_to_index/hash_table/asset_path:0"
        assert tf.get_collection(tf.GraphKeys.TABLE_INITIALIZERS) == [table.initializer]
