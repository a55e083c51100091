"""Sequences as arrays: padded, as pairs of words, or cut out of a series."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence as Items
from typing import Any

import numpy as np

from graphflow.core.export import export
from graphflow.models.engine_sequence import Sequence


@export("keras.preprocessing.sequence.pad_sequences")
def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> Any:
    """Returns sequences in one array, cut or filled up to one length.

    Args:
        sequences: a list of sequences.
        maxlen: the length; None: that of the longest.
        dtype: the element type; `object` for texts of any length.
        padding: "pre" fills at the beginning, "post" at the end.
        truncating: "pre" cuts at the beginning, "post" at the end.
        value: what is filled in.

    Returns:
        [sequences, maxlen, ...].

    Raises:
        ValueError: if the sequences are none, differ in the shape of their items, or an argument
            is not of its kind.
    """
    if not hasattr(sequences, "__len__"):
        raise ValueError("`sequences` must be iterable.")
    lengths, shape = _lengths(sequences)
    length = max(lengths) if maxlen is None else maxlen
    is_text = np.issubdtype(dtype, np.str_)
    if isinstance(value, str) and dtype is not object and not is_text:
        raise ValueError(
            f"`dtype` {dtype} is not compatible with `value`'s type: {type(value)}\n"
            "You should set `dtype=object` for variable length strings."
        )
    found = np.full((len(sequences), length, *shape), value, dtype=dtype)
    for i, sequence in enumerate(sequences):
        if not len(sequence):
            continue
        kept = np.asarray(_cut(sequence, length, truncating), dtype=dtype)
        if kept.shape[1:] != shape:
            raise ValueError(
                f"Shape of sample {kept.shape[1:]} of sequence at position {i} is different from "
                f"expected shape {shape}"
            )
        if padding == "post":
            found[i, : len(kept)] = kept
        elif padding == "pre":
            found[i, -len(kept) :] = kept
        else:
            raise ValueError(f'Padding type "{padding}" not understood')
    return found


def _lengths(sequences: Any) -> tuple[list[int], tuple[int, ...]]:
    """The lengths, and the shape of the items of the first that has any."""
    lengths: list[int] = []
    shape: tuple[int, ...] | None = None
    for x in sequences:
        try:
            lengths.append(len(x))
        except TypeError:
            raise ValueError(
                f"`sequences` must be a list of iterables. Found non-iterable: {x}"
            ) from None
        if shape is None and len(x):
            shape = np.asarray(x).shape[1:]
    return lengths, shape or ()


def _cut(sequence: Any, length: int, truncating: str) -> Any:
    if truncating == "pre":
        return sequence[-length:]
    if truncating == "post":
        return sequence[:length]
    raise ValueError(f'Truncating type "{truncating}" not understood')


@export("keras.preprocessing.sequence.make_sampling_table")
def make_sampling_table(size: int, sampling_factor: float = 1e-05) -> Any:
    """Returns for each rank of a word how likely it is to be kept: frequent words are less so.

    Args:
        size: the number of ranks.
        sampling_factor: the smaller, the fewer words are kept.

    Source:
        Mikolov et al. 2013, arXiv:1310.4546; word frequencies after Zipf's law.
    """
    euler = 0.577
    rank = np.arange(size)
    rank[0] = 1
    inverse = rank * (np.log(rank) + euler) + 0.5 - 1.0 / (12.0 * rank)
    scaled = sampling_factor * inverse
    return np.minimum(1.0, scaled / np.sqrt(scaled))


@export("keras.preprocessing.sequence.skipgrams")
def skipgrams(
    sequence: Items[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Returns pairs of words: of those near each other, and of random ones.

    Args:
        sequence: the numbers of the words; 0 stands for none.
        vocabulary_size: one more than the largest number.
        window_size: how far apart two words of a pair may be.
        negative_samples: how many random pairs there are for each other one.
        shuffle: whether the pairs come in a random order.
        categorical: whether labels are [0, 1] and [1, 0] in the place of 1 and 0.
        sampling_table: how likely each word is kept; None: all are.
        seed: of the order.

    Returns:
        The pairs, and their labels: 1 for words near each other.
    """
    couples: list[list[int]] = []
    for i, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        near = range(max(0, i - window_size), min(len(sequence), i + window_size + 1))
        couples += [[word, sequence[j]] for j in near if j != i and sequence[j]]
    labels: list[Any] = [[0, 1] if categorical else 1 for _ in couples]
    if negative_samples > 0:
        number = int(len(labels) * negative_samples)
        words = [couple[0] for couple in couples]
        random.shuffle(words)
        couples += [
            [words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(number)
        ]
        labels += [[1, 0] if categorical else 0] * number
    if shuffle:
        seed = random.randint(0, 10_000_000) if seed is None else seed
        for items in (couples, labels):
            random.seed(seed)
            random.shuffle(items)
    return couples, labels


@export("keras.preprocessing.sequence.TimeseriesGenerator")
class TimeseriesGenerator(Sequence):
    """Batches of pieces of a series, and of what comes after each.

    Args:
        data: the series, one item for each step.
        targets: what belongs to each step; as long as the data.
        length: the length of the pieces, in steps.
        sampling_rate: the distance of the steps in a piece.
        stride: the distance of the pieces.
        start_index: the first step that is used.
        end_index: the last one; None: the end.
        shuffle: whether the pieces are random ones.
        reverse: whether the pieces come backwards.
        batch_size: the number of pieces in a batch.

    Raises:
        ValueError: if data and targets differ in length, or no piece fits.
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
    ) -> None:
        if len(data) != len(targets):
            raise ValueError(
                f"Data and targets have to be of same length. Data length is {len(data)} while "
                f"target length is {len(targets)}"
            )
        self.data = data
        self.targets = targets
        self.length = length
        self.sampling_rate = sampling_rate
        self.stride = stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle = shuffle
        self.reverse = reverse
        self.batch_size = batch_size
        if self.start_index > self.end_index:
            raise ValueError(
                f"`start_index+length={self.start_index} > end_index={self.end_index}` is "
                "disallowed, as no part of the sequence would be left to be used as current step."
            )

    def __len__(self) -> int:
        """The number of batches."""
        width = self.batch_size * self.stride
        return (self.end_index - self.start_index + width) // width

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """Returns a batch: pieces [n, length, ...] and targets [n, ...].

        Args:
            index: its number.
        """
        end = self.end_index + 1
        if self.shuffle:
            # As Keras, from NumPy's global generator.
            rows = np.random.randint(self.start_index, end, size=self.batch_size)  # noqa: NPY002
        else:
            first = self.start_index + self.batch_size * self.stride * index
            rows = np.arange(first, min(first + self.batch_size * self.stride, end), self.stride)
        pieces = [self.data[row - self.length : row : self.sampling_rate] for row in rows]
        samples = np.array(pieces)
        targets = np.array([self.targets[row] for row in rows])
        return (samples[:, ::-1, ...] if self.reverse else samples), targets

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this object again, data and targets as JSON.

        Raises:
            TypeError: if data or targets cannot be written as JSON.
        """
        return {
            "data": _json(self.data, "Data"),
            "targets": _json(self.targets, "Targets"),
            "length": self.length,
            "sampling_rate": self.sampling_rate,
            "stride": self.stride,
            "start_index": self.start_index,
            "end_index": self.end_index,
            "shuffle": self.shuffle,
            "reverse": self.reverse,
            "batch_size": self.batch_size,
        }

    def to_json(self, **kwargs: Any) -> str:
        """Returns class name and configuration as JSON.

        Args:
            **kwargs: as `json.dumps`.
        """
        config = {"class_name": type(self).__name__, "config": self.get_config()}
        return json.dumps(config, **kwargs)


def _json(values: Any, what: str) -> str:
    plain = values.tolist() if isinstance(values, np.ndarray | np.generic) else values
    try:
        return json.dumps(plain)
    except TypeError:
        raise TypeError(f"{what} not JSON Serializable:", values) from None
