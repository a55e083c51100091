"""Keras' data sets of numbers and texts, fetched once and kept below ~/.keras."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np

from graphflow.core.export import export
from graphflow.formats.npz import read_npz
from graphflow.models.utils_files import get_file
from graphflow.platform import tf_logging

ORIGIN: Final = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
Split = tuple[tuple[Any, Any], tuple[Any, Any]]


def _shuffled(seed: int, *arrays: Any) -> list[Any]:
    """Arrays in one new order."""
    # The order is defined by NumPy's global generator.
    np.random.seed(seed)  # noqa: NPY002
    return _in_new_order(*arrays)


def _in_new_order(*arrays: Any) -> list[Any]:
    order = np.arange(len(arrays[0]))
    np.random.shuffle(order)  # noqa: NPY002
    return [array[order] for array in arrays]


@export("keras.datasets.boston_housing.load_data")
def load_boston_housing(
    path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> Split:
    """Returns prices of houses: 13 numbers for each district, and the median price.

    Args:
        path: the name of the file below ~/.keras/datasets.
        test_split: the part that is for tests.
        seed: of the order.

    Returns:
        (x_train, y_train), (x_test, y_test).
    """
    if not 0 <= test_split < 1:
        raise AssertionError
    path = get_file(
        path,
        origin=f"{ORIGIN}boston_housing.npz",
        file_hash="f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
    )
    with np.load(path) as file:
        x, y = _shuffled(seed, file["x"], file["y"])
    end = int(len(x) * (1 - test_split))
    return (x[:end], y[:end]), (x[end:], y[end:])


# --- texts as numbers of words ---
class _Words:
    """How texts are read: which words are kept, and what stands for others."""

    def __init__(
        self, num_words: Any, skip_top: int, start_char: Any, oov_char: Any, index_from: int
    ) -> None:
        self.num_words = num_words
        self.skip_top = skip_top
        self.start_char = start_char
        self.oov_char = oov_char
        self.index_from = index_from

    def marked(self, texts: Any) -> Any:
        """Texts with the numbers moved up and a start in front."""
        if self.start_char is not None:
            return [[self.start_char, *(w + self.index_from for w in text)] for text in texts]
        if self.index_from:
            return [[w + self.index_from for w in text] for text in texts]
        return texts

    def kept(self, texts: Any) -> list[list[int]]:
        """Texts without the words that are too frequent or too rare."""
        end = self.num_words or max(max(text) for text in texts)

        def inside(word: int) -> bool:
            return bool(self.skip_top <= word < end)

        if self.oov_char is None:
            return [[w for w in text if inside(w)] for text in texts]
        return [[w if inside(w) else self.oov_char for w in text] for text in texts]


def _renamed(num_words: Any, kwargs: dict[str, Any]) -> Any:
    if "nb_words" in kwargs:
        tf_logging.warning("The `nb_words` argument in `load_data` has been renamed `num_words`.")
        num_words = kwargs.pop("nb_words")
    if kwargs:
        raise TypeError(f"Unrecognized keyword arguments: {kwargs}")
    return num_words


def _shorter(maxlen: int, texts: Any, labels: Any) -> tuple[list[Any], list[Any]]:
    pairs = [(x, y) for x, y in zip(texts, labels, strict=True) if len(x) < maxlen]
    return [x for x, _ in pairs], [y for _, y in pairs]


def _rows(texts: list[list[int]]) -> Any:
    """An array of lists; of numbers where all lists are equally long."""
    if len({len(text) for text in texts}) == 1:
        return np.array(texts)
    found = np.empty(len(texts), dtype=object)
    found[:] = texts
    return found


@export("keras.datasets.imdb.load_data")
def load_imdb(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> Split:
    """Returns reviews of films as numbers of words, by how frequent they are, and 1 for good ones.

    Args:
        path: the name of the file below ~/.keras/datasets.
        num_words: only words below this number are kept; None: all.
        skip_top: only words from this number on are kept.
        maxlen: longer reviews are left out.
        seed: of the order.
        start_char: put in front of each review; None: nothing.
        oov_char: put in the place of words that are not kept; None: they are left out.
        index_from: added to all numbers.
        **kwargs: `nb_words`, the older name of `num_words`.

    Returns:
        (x_train, y_train), (x_test, y_test).

    Raises:
        TypeError: if a keyword is not known.
        ValueError: if no review is short enough.
    """
    words = _Words(_renamed(num_words, kwargs), skip_top, start_char, oov_char, index_from)
    path = get_file(
        path,
        origin=f"{ORIGIN}imdb.npz",
        file_hash="69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    )
    held = read_npz(path)
    x_train, y_train = _shuffled(seed, held["x_train"], held["y_train"])
    x_test, y_test = _in_new_order(held["x_test"], held["y_test"])
    texts = words.marked(np.concatenate([x_train, x_test]))
    labels: Any = np.concatenate([y_train, y_test])
    if maxlen:
        texts, labels = _shorter(maxlen, texts, labels)
        if not texts:
            raise ValueError(
                f"After filtering for sequences shorter than maxlen={maxlen}, no sequence was "
                "kept. Increase maxlen."
            )
    kept, end = words.kept(texts), len(x_train)
    train = _rows(kept[:end]), np.array(labels[:end])
    return train, (_rows(kept[end:]), np.array(labels[end:]))


@export("keras.datasets.reuters.load_data")
def load_reuters(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> Split:
    """Returns news as numbers of words, by how frequent they are, and their topics.

    Args:
        path: the name of the file below ~/.keras/datasets.
        num_words: only words below this number are kept; None: all.
        skip_top: only words from this number on are kept.
        maxlen: longer news are left out.
        test_split: the part that is for tests.
        seed: of the order.
        start_char: put in front of each text; None: nothing.
        oov_char: put in the place of words that are not kept; None: they are left out.
        index_from: added to all numbers.
        **kwargs: `nb_words`, the older name of `num_words`.

    Returns:
        (x_train, y_train), (x_test, y_test).

    Raises:
        TypeError: if a keyword is not known.
    """
    words = _Words(_renamed(num_words, kwargs), skip_top, start_char, oov_char, index_from)
    path = get_file(
        path,
        origin=f"{ORIGIN}reuters.npz",
        file_hash="d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
    )
    held = read_npz(path)
    texts, labels = _shuffled(seed, held["x"], held["y"])
    texts = words.marked(texts)
    if maxlen:
        texts, labels = _shorter(maxlen, texts, labels)
    kept = words.kept(texts)
    end = int(len(kept) * (1 - test_split))
    train = _rows(kept[:end]), np.array(labels[:end])
    return train, (_rows(kept[end:]), np.array(labels[end:]))


def _word_index(path: str, name: str, file_hash: str) -> dict[str, int]:
    path = get_file(path, origin=f"{ORIGIN}{name}", file_hash=file_hash)
    with open(path) as file:
        found: dict[str, int] = json.load(file)
    return found


@export("keras.datasets.imdb.get_word_index")
def imdb_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Returns the number of each word of the film reviews.

    Args:
        path: the name of the file below ~/.keras/datasets.
    """
    return _word_index(path, "imdb_word_index.json", "bfafd718b763782e994055a2d397834f")


@export("keras.datasets.reuters.get_word_index")
def reuters_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """Returns the number of each word of the news.

    Args:
        path: the name of the file below ~/.keras/datasets.
    """
    return _word_index(path, "reuters_word_index.json", "4d44cc38712099c9e383dc6e5f11a921")
