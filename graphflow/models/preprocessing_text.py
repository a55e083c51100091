"""Texts as numbers of words."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np

from graphflow.core.export import export

FILTERS: Final = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_MODES: Final = ("binary", "count", "tfidf", "freq")


@export("keras.preprocessing.text.text_to_word_sequence")
def text_to_word_sequence(
    text: str, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """Returns the words of a text.

    Args:
        text: the text.
        filters: characters that stand for a space.
        lower: whether the words are in lower case.
        split: what stands between words.
    """
    text = text.lower() if lower else text
    text = text.translate({ord(character): split for character in filters})
    return [word for word in text.split(split) if word]


@export("keras.preprocessing.text.one_hot")
def one_hot(
    text: str, n: int, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[int]:
    """Returns a number from 1 to `n - 1` for each word, by Python's hash.

    Args:
        text: the text.
        n: the number of numbers.
        filters: characters that stand for a space.
        lower: whether the words are in lower case.
        split: what stands between words.
    """
    return hashing_trick(text, n, hash, filters, lower, split)


@export("keras.preprocessing.text.hashing_trick")
def hashing_trick(
    text: str,
    n: int,
    hash_function: Callable[[str], int] | str | None = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
) -> list[int]:
    """Returns a number from 1 to `n - 1` for each word; several words may have one.

    Args:
        text: the text.
        n: the number of numbers.
        hash_function: a function of a word, "md5", or None: Python's hash, which is another in
            each process.
        filters: characters that stand for a space.
        lower: whether the words are in lower case.
        split: what stands between words.
    """
    if hash_function is None:
        hash_function = hash
    elif hash_function == "md5":
        hash_function = _md5
    words = text_to_word_sequence(text, filters, lower, split)
    return [hash_function(word) % (n - 1) + 1 for word in words]  # type: ignore[operator]  # no text now


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode()).hexdigest(), 16)


@export("keras.preprocessing.text.Tokenizer")
class Tokenizer:
    """Numbers the words of texts by how frequent they are, the most frequent one first.

    Args:
        num_words: only words with smaller numbers are kept; None: all.
        filters: characters that stand for a space.
        lower: whether the words are in lower case.
        split: what stands between words.
        char_level: whether each character counts as a word.
        oov_token: what stands for words that are not kept; it gets the number 1.
        document_count: the number of texts that were seen before.
        **kwargs: `nb_words`, the older name of `num_words`.

    Raises:
        TypeError: if a keyword is not known.
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: Any = None,
        document_count: int = 0,
        **kwargs: Any,
    ) -> None:
        if "nb_words" in kwargs:
            warnings.warn(
                "The `nb_words` argument in `Tokenizer` has been renamed `num_words`.",
                stacklevel=2,
            )
            num_words = kwargs.pop("nb_words")
        if kwargs:
            raise TypeError(f"Unrecognized keyword arguments: {kwargs}")
        self.word_counts: OrderedDict[Any, int] = OrderedDict()
        self.word_docs: defaultdict[Any, int] = defaultdict(int)
        self.filters = filters
        self.split = split
        self.lower = lower
        self.num_words = num_words
        self.document_count = document_count
        self.char_level = char_level
        self.oov_token = oov_token
        self.index_docs: defaultdict[int, int] = defaultdict(int)
        self.word_index: dict[Any, int] = {}
        self.index_word: dict[int, Any] = {}

    def _words(self, text: Any) -> Any:
        if not self.char_level and not isinstance(text, list):
            return text_to_word_sequence(text, self.filters, self.lower, self.split)
        if not self.lower:
            return text
        return [word.lower() for word in text] if isinstance(text, list) else text.lower()

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Counts the words of texts, and numbers all words that were counted so far.

        Args:
            texts: texts, or lists of words.
        """
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        ordered = sorted(self.word_counts.items(), key=lambda item: item[1], reverse=True)
        known = [] if self.oov_token is None else [self.oov_token]
        known += [word for word, _ in ordered]
        self.word_index = dict(zip(known, range(1, len(known) + 1), strict=True))
        self.index_word = {number: word for word, number in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Any) -> None:
        """Counts in how many sequences each number is, for `sequences_to_matrix`.

        Args:
            sequences: lists of numbers.
        """
        self.document_count += len(sequences)
        for sequence in sequences:
            for number in set(sequence):
                self.index_docs[number] += 1

    def _is_kept(self, number: int) -> bool:
        return not (self.num_words and number >= self.num_words)

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """Returns the numbers of the words of each text; words that are not kept are left out.

        Args:
            texts: texts, or lists of words.
        """
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """Yields the numbers of the words of each text; see `texts_to_sequences`.

        Args:
            texts: texts, or lists of words.
        """
        other: Any = self.word_index.get(self.oov_token)
        for text in texts:
            found = []
            for word in self._words(text):
                number = self.word_index.get(word)
                if number is not None and self._is_kept(number):
                    found.append(number)
                elif other is not None or (number is None and self.oov_token is not None):
                    found.append(other)
            yield found

    def sequences_to_texts(self, sequences: Iterable[Any]) -> list[str]:
        """Returns the words of numbers, with spaces between them.

        Args:
            sequences: lists of numbers.
        """
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Any]) -> Iterator[str]:
        """Yields the words of numbers, with spaces between them.

        Args:
            sequences: lists of numbers.
        """
        other = self.word_index.get(self.oov_token)
        for sequence in sequences:
            found = []
            for number in sequence:
                word = self.index_word.get(number)
                if word is not None and self._is_kept(number):
                    found.append(word)
                elif other is not None:
                    found.append(self.index_word[other])
            yield " ".join(found)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> Any:
        """Returns a row of numbers for each text, one for each word.

        Args:
            texts: texts, or lists of words.
            mode: see `sequences_to_matrix`.
        """
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Any, mode: str = "binary") -> Any:
        """Returns a row for each list of numbers, with an entry for each number.

        Args:
            sequences: lists of numbers.
            mode: the entry: "binary": 1 if the number is there; "count": how often; "freq": its
                part of the list; "tfidf": how often, less for numbers in many lists.

        Raises:
            ValueError: if the mode is not known, or nothing was counted that it needs.
        """
        if not self.num_words and not self.word_index:
            raise ValueError(
                "Specify a dimension (`num_words` argument), or fit on some text data first."
            )
        width = self.num_words or len(self.word_index) + 1
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Fit the Tokenizer on some data before using tfidf mode.")
        found = np.zeros((len(sequences), width))
        for i, sequence in enumerate(sequences):
            counts: defaultdict[int, int] = defaultdict(int)
            for number in sequence:
                if number < width:
                    counts[number] += 1
            for number, count in counts.items():
                found[i][number] = self._entry(number, count, len(sequence), mode)
        return found

    def _entry(self, number: int, count: int, length: int, mode: str) -> Any:
        if mode not in _MODES:
            raise ValueError("Unknown vectorization mode:", mode)
        if mode == "count":
            return count
        if mode == "freq":
            return count / length
        if mode == "binary":
            return 1
        seldom = np.log(1 + self.document_count / (1 + self.index_docs.get(number, 0)))
        return (1 + np.log(count)) * seldom

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments and the counts, the latter as JSON."""
        return {
            "num_words": self.num_words,
            "filters": self.filters,
            "lower": self.lower,
            "split": self.split,
            "char_level": self.char_level,
            "oov_token": self.oov_token,
            "document_count": self.document_count,
            "word_counts": json.dumps(self.word_counts),
            "word_docs": json.dumps(self.word_docs),
            "index_docs": json.dumps(self.index_docs),
            "index_word": json.dumps(self.index_word),
            "word_index": json.dumps(self.word_index),
        }

    def to_json(self, **kwargs: Any) -> str:
        """Returns class name and configuration as JSON.

        Args:
            **kwargs: as `json.dumps`.
        """
        config = {"class_name": type(self).__name__, "config": self.get_config()}
        return json.dumps(config, **kwargs)
