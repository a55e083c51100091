"""Models that start with variables of another one, as under TensorFlow 1.15.5.

The values were looked up with TensorFlow 1.15.5.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphflow as tf

OLD, NEW = "a b c d", "c x a y d z"
TABLE = np.arange(8.0, dtype=np.float32).reshape(4, 2)
both_kinds = pytest.mark.parametrize("use_resource", [False, True], ids=["reference", "resource"])


@pytest.fixture
def saved(tmp_path: pathlib.Path) -> str:
    for name, words in {"old": OLD, "new": NEW}.items():
        (tmp_path / name).write_text(words.replace(" ", "\n") + "\n")
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("table", initializer=TABLE)
        tf.get_variable("out", initializer=np.arange(8.0, dtype=np.float32).reshape(2, 4))
        tf.get_variable("w", initializer=[1.0, 2.0])
        tf.get_variable("fixed", initializer=7.0, trainable=False)
        session.run(tf.global_variables_initializer())
        return str(tf.train.Saver().save(session, str(tmp_path / "model")))


def started(declare: Callable[[], Any], *args: Any) -> dict[str, Any]:
    """Returns the values of the variables that `declare` makes, after a warm start."""
    with tf.Graph().as_default(), tf.Session() as session:
        declare()
        tf.train.warm_start(*args)
        session.run(tf.global_variables_initializer())
        return {v.op.name: session.run(v).tolist() for v in tf.global_variables()}


def both() -> None:
    tf.get_variable("w", initializer=[0.0, 0.0])
    tf.get_variable("fixed", initializer=0.0, trainable=False)


def vocabulary(saved: str, size: int, buckets: int, **more: Any) -> Any:
    folder = pathlib.Path(saved).parent
    return tf.train.VocabInfo(str(folder / "new"), size, buckets, str(folder / "old"), **more)


def counted(shape: Any, dtype: Any = None) -> Any:
    return tf.reshape(tf.range(100.0, 100.0 + float(np.prod(shape))), shape)


def test_variables_start_by_name(saved: str) -> None:
    assert started(both, saved) == {"w": [1.0, 2.0], "fixed": 0.0}
    assert started(both, saved, ["w", "fixed"]) == {"w": [1.0, 2.0], "fixed": 7.0}
    folder = str(pathlib.Path(saved).parent)
    assert started(both, folder, None) == {"w": [0.0, 0.0], "fixed": 0.0}
    renamed = started(lambda: tf.get_variable("q", [2]), saved, ".*", None, {"q": "w"})
    assert renamed == {"q": [1.0, 2.0]}


@both_kinds
def test_rows_start_by_word(saved: str, use_resource: bool) -> None:
    rows = {
        0: [[4, 5], [100, 101], [0, 1], [102, 103], [6, 7], [104, 105]],
        2: [[4, 5], [100, 101], [0, 1], [102, 103], [6, 7], [104, 105], [100, 101], [102, 103]],
    }
    for buckets, expected in rows.items():
        vocab = vocabulary(saved, 6, buckets, backup_initializer=counted)
        got = started(
            lambda n=6 + buckets: tf.get_variable("table", [n, 2], use_resource=use_resource),
            saved, ".*", {"table": vocab},
        )  # fmt: skip
        assert got == {"table": expected}
    vocab = vocabulary(saved, 5, 1, old_vocab_size=3)
    got = started(lambda: tf.get_variable("table", [6, 2]), saved, None, {"table": vocab})
    assert got == {"table": [[4, 5], [0, 0], [0, 1], [0, 0], [0, 0], [0, 0]]}


def test_parts_start_by_word(saved: str) -> None:
    vocab = vocabulary(saved, 6, 2, backup_initializer=counted)
    split = tf.fixed_size_partitioner(3)
    got = started(
        lambda: tf.get_variable("table", [8, 2], partitioner=split), saved, ".*", {"table": vocab}
    )
    assert got == {
        "table/part_0": [[4, 5], [100, 101], [0, 1]],
        "table/part_1": [[100, 101], [6, 7], [102, 103]],
        "table/part_2": [[100, 101], [102, 103]],
    }


def test_columns_start_by_word(saved: str) -> None:
    vocab = vocabulary(saved, 6, 1, axis=1, backup_initializer=counted)
    got = started(lambda: tf.get_variable("out", [2, 7]), saved, ".*", {"out": vocab})
    assert got == {"out": [[2, 100, 0, 101, 3, 102, 100], [6, 103, 4, 104, 7, 105, 101]]}


def test_mistakes_are_refused(saved: str) -> None:
    for says, args in {
        "var_name_to_prev_var_name that were not used": (".*", None, {"q": "w"}),
        "var_name_to_vocab_info that were not used": (".*", {"q": vocabulary(saved, 1, 0)}),
        "must be a `list` or `str`": (3,),
        "it must be all `Variable` or all `str`": (["w", 3],),
        "Only matrices have a vocabulary": (".*", {"w": vocabulary(saved, 2, 0)}),
    }.items():
        with pytest.raises(ValueError, match=says):
            started(both, saved, *args)
    with pytest.raises(ValueError, match="Tensor nope is not found"):
        started(lambda: tf.get_variable("nope", [2]), saved)
    for says, vocab in {
        "Invalid vocab_size in .*old: expected 9 but got 4": vocabulary(
            saved, 6, 0, old_vocab_size=9
        ),
        "6 words: 9 are wanted": vocabulary(saved, 9, 0),
    }.items():
        with pytest.raises(ValueError, match=says):
            started(lambda: tf.get_variable("table", [9, 2]), saved, ".*", {"table": vocab})
    with pytest.raises(ValueError, match="only supported values for the axis argument"):
        tf.train.VocabInfo("new", 1, 0, "old", axis=2)
