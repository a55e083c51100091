"""What Keras does outside of graphs: arrays, sequences, texts, the progress bar."""

from __future__ import annotations

import contextlib
import io
import random
from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.models.observe import Made, mistake

CALLS: dict[str, Callable[[Any], Made]] = {}
ONLY_NUMBERS: tuple[str, ...] = ()


def arrays(tf: Any) -> Made:
    utils = tf.keras.utils
    one = utils.to_categorical([0, 2, 1])
    facts = [
        [one, str(one.dtype)],
        utils.to_categorical([[1], [0]], 4, dtype="int8"),
        utils.to_categorical([[1, 0], [3, 2]]),
        utils.to_categorical(3),
        utils.normalize(np.array([[3.0, 4.0], [0.0, 0.0]])),
        utils.normalize(np.array([[3.0, 4.0], [1.0, 1.0]]), axis=0, order=1),
    ]
    return Made(facts=facts)


def padded(tf: Any) -> Made:
    pad = tf.keras.preprocessing.sequence.pad_sequences
    lists = [[1, 2, 3], [4], []]
    found = pad(lists)
    facts = [
        [found, str(found.dtype)],
        pad(lists, maxlen=2),
        pad(lists, maxlen=2, padding="post", truncating="post", value=9),
        pad([[[1, 2]], [[3, 4], [5, 6]]], maxlen=3, dtype="float32"),
        pad([["a"], ["b", "c"]], dtype=object, value="-"),
        mistake(pad, 3),
        mistake(pad, [1, 2]),
        mistake(pad, lists, padding="none"),
        mistake(pad, lists, truncating="none"),
        mistake(pad, [["a"]], value="-")[:1],
        mistake(pad, [[[1, 2]], [[3]]]),
    ]
    return Made(facts=facts)


def skipgrams(tf: Any) -> Made:
    sequence = tf.keras.preprocessing.sequence
    random.seed(3)
    facts = [sequence.skipgrams([1, 2, 0, 3], 5, window_size=1, shuffle=False)]
    facts += [sequence.skipgrams([1, 2, 3, 4], 5, categorical=True, seed=5)]
    table = sequence.make_sampling_table(6, 0.1)
    facts += [table, sequence.skipgrams([1, 2, 3, 4], 5, negative_samples=0, sampling_table=table)]
    return Made(facts=facts)


def timeseries(tf: Any) -> Made:
    make = tf.keras.preprocessing.sequence.TimeseriesGenerator
    series = np.arange(20).reshape(10, 2)
    plain = make(series, np.arange(10), length=3, batch_size=2)
    other = make(
        series, np.arange(10), length=4, sampling_rate=2, stride=2, start_index=1, end_index=8,
        reverse=True, batch_size=3,
    )  # fmt: skip
    facts = [len(plain), [plain[i] for i in range(len(plain))], len(other), list(other[0])]
    facts += [plain.get_config(), plain.to_json(), isinstance(plain, tf.keras.utils.Sequence)]
    np.random.seed(3)  # noqa: NPY002 (as Keras does)
    facts += [list(make(series, np.arange(10), length=3, batch_size=4, shuffle=True)[0])]
    facts += [mistake(make, [1, 2], [1], length=1), mistake(make, [1, 2], [1, 2], length=5)]
    return Made(facts=facts)


TEXTS = ["The cat sat on the mat.", "The dog; the dog ate my cat!", "on and on"]


def tokenizer(tf: Any) -> Made:
    text = tf.keras.preprocessing.text
    plain = text.Tokenizer()
    plain.fit_on_texts(TEXTS)
    few = text.Tokenizer(num_words=4, oov_token="<other>")
    few.fit_on_texts(TEXTS)
    letters = text.Tokenizer(char_level=True, lower=False)
    letters.fit_on_texts(["Abba", "cab"])
    lists = text.Tokenizer()
    lists.fit_on_texts([["A", "b"], ["b"]])
    numbers = text.Tokenizer(num_words=5)
    numbers.fit_on_sequences([[1, 2, 2], [2, 4]])
    modes = ["binary", "count", "freq", "tfidf"]
    facts = {
        "index": [plain.word_index, few.word_index, letters.word_index, lists.word_index],
        "counts": [plain.word_counts, sorted(plain.word_docs.items()), plain.document_count],
        "docs": sorted(plain.index_docs.items()),
        "sequences": [t.texts_to_sequences([*TEXTS, "a new cat"]) for t in (plain, few)],
        "texts": [t.sequences_to_texts([[1, 3], [2, 99]]) for t in (plain, few)],
        "matrices": [plain.texts_to_matrix(TEXTS, mode) for mode in modes],
        "few": few.texts_to_matrix(TEXTS, "count"),
        "numbers": numbers.sequences_to_matrix([[1, 2, 2], []], "tfidf"),
        "config": {k: v for k, v in few.get_config().items() if not k.endswith("_docs")},
        "errors": [
            mistake(text.Tokenizer().sequences_to_matrix, [[1]]),
            mistake(text.Tokenizer(num_words=3).sequences_to_matrix, [[1]], "tfidf"),
            mistake(plain.texts_to_matrix, TEXTS, "none"),
            mistake(text.Tokenizer, words=3),
        ],
    }
    return Made(facts=facts)


def words(tf: Any) -> Made:
    text = tf.keras.preprocessing.text
    facts = [
        text.text_to_word_sequence("Hello, big-World!  a\tb"),
        text.text_to_word_sequence("a,b c", filters=" ", split=",", lower=False),
        text.hashing_trick("the cat sat", 100, "md5"),
        text.hashing_trick("the cat sat", 100, len),
        len(text.one_hot("the cat sat", 10)),
    ]
    return Made(facts=facts)


def progress(tf: Any) -> Made:
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        bar = tf.keras.utils.Progbar(12, verbose=2, stateful_metrics=["acc"])
        bar.update(5, [("loss", 3.0), ("acc", 0.25)])
        bar.add(3, [("loss", 1.0), ("acc", 0.5)])
        bar.add(4, [("loss", 0.00001), ("acc", 0.75), ("small", 1e-5)])
        silent = tf.keras.utils.Progbar(3, verbose=0)
        silent.update(3, [("loss", 1.0)])
    return Made(facts=[text.getvalue()])


for _function in (arrays, padded, skipgrams, timeseries, tokenizer, words, progress):
    CALLS[_function.__name__] = _function
