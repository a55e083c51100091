"""Words, bytes, categories and tables of `tf.contrib.learn`, as both libraries make them."""

from __future__ import annotations

import base64
import pathlib
from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

TEXTS = [
    "It's the HTMLParser of the well-known IOError, the end.",
    "the End of 3 ends",
    "",
    "na\u00efve \u4e2d\u6587 caf\u00e9s of _x_ CamelCaseWords",
]
TABLE = "3,2,a,b\n1.5,2,0\n-3,4e1,1\n0,6,2\n"


def _plain(x: Any) -> Any:
    """Arrays as nested lists, with their types."""
    if isinstance(x, np.ndarray):
        return [str(x.dtype), x.tolist()]
    if isinstance(x, (list, tuple)):
        return [_plain(y) for y in x]
    return x


def tokens(tf: Any, folder: pathlib.Path) -> Any:
    return list(tf.contrib.learn.preprocessing.tokenizer(TEXTS))


def words(tf: Any, folder: pathlib.Path) -> Any:
    made = tf.contrib.learn.preprocessing.VocabularyProcessor(6)
    rows = list(made.fit_transform(TEXTS))
    later = list(made.transform(["the unknown ends", "of"]))
    return [rows, later, list(made.reverse(rows)), len(made.vocabulary_)]


def frequent_words(tf: Any, folder: pathlib.Path) -> Any:
    made = tf.contrib.learn.preprocessing.VocabularyProcessor(4, min_frequency=1)
    found = made.fit(TEXTS * 2 + ["end of"], None)
    assert found is made
    return [list(made.transform(TEXTS)), made.vocabulary_._mapping, made.vocabulary_._freq]


def own_words(tf: Any, folder: pathlib.Path) -> Any:
    learn = tf.contrib.learn.preprocessing
    vocabulary = learn.CategoricalVocabulary("?", support_reverse=False)
    vocabulary.add("of", 3)
    made = learn.VocabularyProcessor(
        5, vocabulary=vocabulary, tokenizer_fn=lambda texts: (t.split() for t in texts)
    )
    rows = list(made.fit_transform(TEXTS))
    try:
        vocabulary.reverse(1)
    except ValueError as e:
        return [rows, str(e)]
    return rows


def trimmed(tf: Any, folder: pathlib.Path) -> Any:
    made = tf.contrib.learn.preprocessing.CategoricalVocabulary()
    for category in ["b", "a", 3, "a", 1, 1, 3, 3, 3, "<UNK>", "c", "a"]:
        made.add(category)
    first = [made.get("b"), made.get(3), made.get("new"), len(made)]
    made.trim(1, 4)
    made.freeze()
    second = [made.get("a"), made.get(1), made.get(3), made.get("b"), len(made)]
    made.freeze(False)
    return [first, second, made.get("b"), [made.reverse(i) for i in range(len(made))]]


def file_of_words(tf: Any, folder: pathlib.Path) -> Any:
    learn = tf.contrib.learn.preprocessing
    made = learn.VocabularyProcessor(6, 1)
    made.fit(TEXTS * 2)
    made.save(str(folder / "vocab"))
    again = learn.VocabularyProcessor.restore(str(folder / "vocab"))
    written = base64.b64encode((folder / "vocab").read_bytes()).decode()
    return [list(again.transform(TEXTS)), written]


def text_bytes(tf: Any, folder: pathlib.Path) -> Any:
    made = tf.contrib.learn.preprocessing.ByteProcessor(12)
    assert made.fit(TEXTS) is None
    rows = list(made.fit_transform([*TEXTS, b"\xff\x00ab"]))
    return [rows, list(made.reverse(rows))]


def categories(tf: Any, folder: pathlib.Path) -> Any:
    learn = tf.contrib.learn.preprocessing
    rows = [["a", 1], ["b", float("nan")], ["a", "a"], ["c", 1]]
    apart, shared = learn.CategoricalProcessor(), learn.CategoricalProcessor(1, share=True)
    found = [list(apart.fit_transform(rows)), list(shared.fit_transform(rows))]
    return [*found, list(apart.transform([["d", "a"]]))]


def table(tf: Any, folder: pathlib.Path) -> Any:
    base = tf.contrib.learn.datasets.base
    (folder / "t.csv").write_text(TABLE)
    (folder / "plain.csv").write_text(TABLE.split("\n", 1)[1])
    first = base.load_csv_with_header(str(folder / "t.csv"), np.int32, np.float32)
    second = base.load_csv_without_header(str(folder / "plain.csv"), np.float32, np.float64, 1)
    base.shrink_csv(str(folder / "plain.csv"), 2)
    three = base.Datasets(first, second, None)
    small = (folder / "plain_small.csv").read_bytes().decode()
    return [three.train.data, first.target, second.data, second.target, small, second._fields]


def modes(tf: Any, folder: pathlib.Path) -> Any:
    keys = tf.contrib.learn.ModeKeys
    keys.validate("infer")
    try:
        keys.validate("predict")
    except ValueError as e:
        return [keys.TRAIN, keys.EVAL, keys.INFER, str(e)]
    return None


CALLS: dict[str, Callable[[Any, pathlib.Path], Any]] = {
    f.__name__: f
    for f in (
        tokens,
        words,
        frequent_words,
        own_words,
        trimmed,
        file_of_words,
        text_bytes,
        categories,
        table,
        modes,
    )
}


def observed(tf: Any, name: str, folder: pathlib.Path) -> Any:
    """Returns what a call gives, as data that JSON can hold."""
    return _plain(CALLS[name](tf, folder))
