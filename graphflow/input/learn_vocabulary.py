"""Words as numbers: `tf.contrib.learn.preprocessing`."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np

from graphflow.core.export import publish, publish_from
from graphflow.formats.pickled import Known, object_type, read_pickle
from graphflow.formats.pickled_writer import write_pickle
from graphflow.platform.file_io import GFile

Array = np.ndarray[Any, Any]

TOKENIZER_RE: Final = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]+(?=[A-Z])|[\'\w\-]+", re.UNICODE)
"""What a word is: also each capital word of a text such as `CamelCase`."""


def tokenizer(iterator: Iterable[str]) -> Iterator[list[str]]:
    """Yields the words of each text.

    >>> list(tokenizer(["It's a HTMLParser."]))
    [["It's", 'a', 'HTML', 'Parser']]

    Args:
        iterator: texts.
    """
    for value in iterator:
        yield TOKENIZER_RE.findall(value)


class CategoricalVocabulary:
    """Numbers for categories, in the order in which they come; 0 is the unknown one.

    Args:
        unknown_token: what `reverse` returns for 0.
        support_reverse: whether `reverse` can be called.
    """

    def __init__(self, unknown_token: str = "<UNK>", support_reverse: bool = True) -> None:
        self._unknown_token = unknown_token
        self._mapping: dict[Any, int] = {unknown_token: 0}
        self._support_reverse = support_reverse
        if support_reverse:
            self._reverse_mapping: list[Any] = [unknown_token]
        self._freq: dict[Any, int] = defaultdict(int)
        self._freeze = False

    def __len__(self) -> int:
        return len(self._mapping)

    def freeze(self, freeze: bool = True) -> None:
        """Says whether new categories are unknown from now on; else they get numbers.

        Args:
            freeze: whether they are.
        """
        self._freeze = freeze

    def get(self, category: Any) -> int:
        """Returns the number of a category, a new one if there is none yet.

        Args:
            category: anything hashable.
        """
        if category not in self._mapping:
            if self._freeze:
                return 0
            self._mapping[category] = len(self._mapping)
            if self._support_reverse:
                self._reverse_mapping.append(category)
        return self._mapping[category]

    def add(self, category: Any, count: int = 1) -> None:
        """Counts a category; the unknown one is not counted.

        Args:
            category: anything hashable.
            count: how often it came.
        """
        if self.get(category) > 0:
            self._freq[category] += count

    def trim(self, min_frequency: int, max_frequency: int = -1) -> None:
        """Forgets rare categories; the others get new numbers, the most frequent ones first.

        Of equally frequent ones, strings come behind others, and each kind in its order.

        Args:
            min_frequency: categories that came so often, or less, are forgotten.
            max_frequency: those that came so often, or more, too; -1: none.
        """
        by_name = sorted(self._freq.items(), key=lambda x: (isinstance(x[0], str), x[0]))
        ranked = sorted(by_name, key=lambda x: x[1], reverse=True)
        self._mapping = {self._unknown_token: 0}
        if self._support_reverse:
            self._reverse_mapping = [self._unknown_token]
        number = 1
        for category, count in ranked:
            if 0 < max_frequency <= count:
                continue
            if count <= min_frequency:
                break
            self._mapping[category] = number
            number += 1
            if self._support_reverse:
                self._reverse_mapping.append(category)
        self._freq = dict(ranked[: number - 1])

    def reverse(self, class_id: int) -> Any:
        """Returns the category of a number.

        Args:
            class_id: the number.

        Raises:
            ValueError: if the vocabulary was made without `support_reverse`.
            IndexError: if there is no such number.
        """
        if not self._support_reverse:
            raise ValueError(
                "This vocabulary wasn't initialized with support_reverse to support reverse() "
                "function."
            )
        return self._reverse_mapping[class_id]


class ByteProcessor:
    """Texts as the bytes of their UTF-8, all equally long.

    Args:
        max_document_length: how many bytes; longer texts are cut, zeros follow on shorter ones.
    """

    def __init__(self, max_document_length: int) -> None:
        self.max_document_length = max_document_length

    def fit(self, x: Any) -> None:
        """Does nothing: there is nothing to learn.

        Args:
            x: texts.
        """

    def fit_transform(self, x: Iterable[Any]) -> Iterator[Array]:
        """Returns `transform(x)`.

        Args:
            x: texts, strings or bytes.
        """
        return self.transform(x)

    def reverse(self, x: Iterable[Array]) -> Iterator[str]:
        """Yields the text of each row; "" where it is no UTF-8.

        Args:
            x: rows of bytes.
        """
        for row in x:
            document = np.trim_zeros(row.astype(np.int8), trim="b").tobytes()
            try:
                yield document.decode("utf-8")
            except UnicodeDecodeError:
                yield ""

    def transform(self, x: Iterable[Any]) -> Iterator[Array]:
        """Yields the bytes of each text, `[max_document_length]` of uint8.

        Args:
            x: texts, strings or bytes.
        """
        length = self.max_document_length
        for document in x:
            text = document.encode("utf-8") if isinstance(document, str) else document
            row = np.frombuffer(memoryview(text)[:length], dtype=np.uint8)
            yield np.pad(row, (0, length - len(row)), "constant")


class VocabularyProcessor:
    """Texts as the numbers of their words, all equally long.

    Args:
        max_document_length: how many words; longer texts are cut, zeros follow on shorter ones.
        min_frequency: words that came so often, or less, are forgotten; 0: none.
        vocabulary: a CategoricalVocabulary; None: a new one.
        tokenizer_fn: yields the words of each of some texts; None: `tokenizer`.
    """

    def __init__(
        self,
        max_document_length: int,
        min_frequency: int = 0,
        vocabulary: CategoricalVocabulary | None = None,
        tokenizer_fn: Callable[[Any], Iterable[Any]] | None = None,
    ) -> None:
        self.max_document_length = max_document_length
        self.min_frequency = min_frequency
        self.vocabulary_ = vocabulary or CategoricalVocabulary()
        self._tokenizer = tokenizer_fn or tokenizer

    def fit(self, raw_documents: Iterable[str], unused_y: Any = None) -> VocabularyProcessor:
        """Learns the words of texts; from then on, others are unknown. Returns itself.

        Args:
            raw_documents: texts.
            unused_y: not used.
        """
        for tokens in self._tokenizer(raw_documents):
            for token in tokens:
                self.vocabulary_.add(token)
        if self.min_frequency > 0:
            self.vocabulary_.trim(self.min_frequency)
        self.vocabulary_.freeze()
        return self

    def fit_transform(self, raw_documents: Any, unused_y: Any = None) -> Iterator[Array]:
        """Learns the words of texts, and returns `transform` of them.

        Args:
            raw_documents: texts, a list: they are read twice.
            unused_y: not used.
        """
        self.fit(raw_documents)
        return self.transform(raw_documents)

    def transform(self, raw_documents: Iterable[str]) -> Iterator[Array]:
        """Yields the numbers of the words of each text, `[max_document_length]` of int64.

        Args:
            raw_documents: texts.
        """
        for tokens in self._tokenizer(raw_documents):
            row = np.zeros(self.max_document_length, np.int64)
            for i, token in zip(range(self.max_document_length), tokens, strict=False):
                row[i] = self.vocabulary_.get(token)
            yield row

    def reverse(self, documents: Iterable[Iterable[int]]) -> Iterator[str]:
        """Yields the words of each row of numbers, spaces between them.

        Args:
            documents: rows of numbers.
        """
        for row in documents:
            yield " ".join([self.vocabulary_.reverse(number) for number in row])

    def save(self, filename: str) -> None:
        """Writes the processor to a file, which TensorFlow 1.15.5 can read too.

        Args:
            filename: the file.

        Raises:
            AttributeError: if `tokenizer_fn` is no function of a module.
        """
        with GFile(filename, "wb") as f:
            f.write(write_pickle(self, _names()))

    @classmethod
    def restore(cls, filename: str) -> Any:
        """Returns the processor in a file, one that TensorFlow wrote too.

        Reading a file runs no code in it: only words, numbers and this module's classes are read.
        A processor with another `tokenizer_fn` than `tokenizer` is therefore not read: what its
        file holds is the name of a function, and a file could name any function there is.

        Args:
            filename: the file.

        Raises:
            NotFoundError: if there is no such file.
            ValueError: if the file names a function or class that is not this module's.
            DataLossError: if it is damaged.
        """
        with GFile(filename, "rb") as f:
            return read_pickle(f.read(), _known(), name=filename)


# --- files ---
_THEIRS: Final = "tensorflow.contrib.learn.python.learn.preprocessing"
_PLACES: Final = {
    "VocabularyProcessor": f"{_THEIRS}.text",
    "tokenizer": f"{_THEIRS}.text",
    "CategoricalVocabulary": f"{_THEIRS}.categorical_vocabulary",
}
"""The modules that TensorFlow has these names in."""


def _names() -> dict[tuple[str, str], tuple[str, str]]:
    """TensorFlow's names for those of this module."""
    return {(__name__, name): (module, name) for name, module in _PLACES.items()}


def _known() -> dict[tuple[str, str], Known]:
    """What the names in a file of TensorFlow stand for, in its early and its late versions."""
    things = {
        "VocabularyProcessor": object_type(VocabularyProcessor),
        "tokenizer": Known(tokenizer),
        "CategoricalVocabulary": object_type(CategoricalVocabulary),
    }
    return {
        (module, name): thing
        for name, thing in things.items()
        for module in (_PLACES[name], _PLACES[name].replace("tensorflow.", "tensorflow_core."))
    }


class CategoricalProcessor:
    """Rows of categories as rows of numbers; each column has its own vocabulary.

    Args:
        min_frequency: categories that came so often, or less, are forgotten; 0: none.
        share: whether all columns have the same vocabulary.
        vocabularies: a CategoricalVocabulary for each column; None: new ones.
    """

    def __init__(
        self, min_frequency: int = 0, share: bool = False, vocabularies: Any = None
    ) -> None:
        self.min_frequency = min_frequency
        self.share = share
        self.vocabularies_ = vocabularies

    def freeze(self, freeze: bool = True) -> None:
        """Says whether new categories are unknown from now on.

        Args:
            freeze: whether they are.
        """
        for vocabulary in self.vocabularies_:
            vocabulary.freeze(freeze)

    def fit(self, x: Any, unused_y: Any = None) -> CategoricalProcessor:
        """Learns the categories of rows. Returns itself.

        Args:
            x: rows, or a DataFrame; nan counts as unknown.
            unused_y: not used.
        """
        for row in _rows(x):
            if self.vocabularies_ is None:
                shared = CategoricalVocabulary()
                self.vocabularies_ = [
                    shared if self.share else CategoricalVocabulary() for _ in row
                ]
            for i, value in enumerate(row):
                if not _is_nan(value):
                    self.vocabularies_[i].add(value)
        if self.min_frequency > 0:
            for vocabulary in self.vocabularies_:
                vocabulary.trim(self.min_frequency)
        self.freeze()
        return self

    def fit_transform(self, x: Any, unused_y: Any = None) -> Iterator[Array]:
        """Learns the categories of rows, and returns `transform` of them.

        Args:
            x: rows, or a DataFrame.
            unused_y: not used.
        """
        self.fit(x)
        return self.transform(x)

    def transform(self, x: Any) -> Iterator[Array]:
        """Yields the numbers of each row, of int64.

        Args:
            x: rows, or a DataFrame.
        """
        self.freeze()
        for row in _rows(x):
            numbers = [
                0 if _is_nan(value) else self.vocabularies_[i].get(value)
                for i, value in enumerate(row)
            ]
            yield np.array(numbers, dtype=np.int64)


def _rows(x: Any) -> Any:
    return x.to_numpy() if hasattr(x, "to_numpy") else x


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


_HOMES: Final[dict[str, list[Any]]] = {
    "text": [tokenizer, ByteProcessor, VocabularyProcessor],
    "categorical_vocabulary": [CategoricalVocabulary],
    "categorical": [CategoricalProcessor],
}
"""The modules of TensorFlow that programs import them from."""
_INSIDE: Final = "contrib.learn.python.learn.preprocessing"
for _module, _things in _HOMES.items():
    for _thing in _things:
        for _space in ("contrib.learn.preprocessing", _INSIDE, f"{_INSIDE}.{_module}"):
            publish(_thing, f"{_space}.{_thing.__name__}")
publish(CategoricalVocabulary, f"{_INSIDE}.text.CategoricalVocabulary")
publish_from(__name__, f"{_INSIDE}.text", "TOKENIZER_RE")
