"""The MNIST digits as TensorFlow's tutorials read them: `input_data.read_data_sets(directory)`.

In comes a directory with the four MNIST files, or none; out go three `DataSet`s that hand out
batches in the same order as TensorFlow 1.15.5's for the same seed.
"""

import os
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphflow.core import dtypes
from graphflow.core.seeds import get_seed
from graphflow.examples.tutorials.mnist import sources
from graphflow.examples.tutorials.mnist.sources import DEFAULT_SOURCE_URL, MnistArrays
from graphflow.formats.idx import read_idx

__all__ = [
    "DEFAULT_SOURCE_URL",
    "SOURCE_URL",
    "DataSet",
    "Datasets",
    "dense_to_one_hot",
    "extract_images",
    "extract_labels",
    "load_mnist",
    "maybe_download",
    "read_data_sets",
]

SOURCE_URL = DEFAULT_SOURCE_URL  # its name before TensorFlow 1.0
_IMAGES_MAGIC = 2051
_LABELS_MAGIC = 2049
_PIXELS = 784

Array: TypeAlias = NDArray[Any]
Source: TypeAlias = str | os.PathLike[str] | IO[bytes]


class _Rows:
    """Images and labels under one common order, which is applied to what is taken.

    Shuffling 55,000 images takes half a second while their new place in memory is touched for the
    first time; shuffling their numbers takes a millisecond, and a batch is soon gathered.
    """

    def __init__(self, images: Any, labels: Any) -> None:
        self._arrays = (images, labels)
        self._order: Array | None = None

    def shuffle(self, count: int) -> None:
        """Puts the first `count` rows into a new order and forgets any others."""
        order = np.arange(count)
        # The tutorials' batches are defined by the global generator.
        np.random.shuffle(order)  # noqa: NPY002
        self._order = order if self._order is None else self._order[order]

    def take(self, start: int, stop: int) -> tuple[Any, Any]:
        """Rows from `start` up to `stop`, or to the end."""
        rows = slice(start, stop) if self._order is None else self._order[start:stop]
        images, labels = self._arrays
        return images[rows], labels[rows]

    def whole(self) -> tuple[Any, Any]:
        """All rows, in their order; the same arrays until the next shuffle."""
        if self._order is not None:
            images, labels = self._arrays
            self._arrays = (images[self._order], labels[self._order])
            self._order = None
        return self._arrays


class DataSet:
    """Images with their labels, handed out in batches.

    Note:
        Order comes from NumPy's global generator, which every `DataSet` seeds when it is made, as
        in TensorFlow: the last one made decides, and other use of `np.random` shifts the order.
    """

    def __init__(
        self,
        images: Any,
        labels: Any,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = dtypes.float32,
        reshape: bool = True,
        seed: int | None = None,
    ) -> None:
        """Takes the examples over.

        Args:
            images: `[n, rows, columns, depth]`, values from 0 to 255.
            labels: `[n]`, or `[n, classes]`.
            fake_data: have no examples but claim 10,000, for `next_batch(..., fake_data=True)`.
            one_hot: what fake labels look like; not used for real ones.
            dtype: float32 scales the images to [0, 1], uint8 leaves them as they are.
            reshape: whether to flatten images to `[n, rows * columns]`; depth must then be 1.
            seed: the op-level seed of the order; None leaves it to the graph's seed, if any.

        Raises:
            TypeError: for another dtype.
            AssertionError: if images and labels differ in number, or depth is not 1.
        """
        graph_seed, op_seed = get_seed(seed)
        # The tutorials' batches are defined by the global generator.
        np.random.seed(graph_seed if seed is None else op_seed)  # noqa: NPY002
        kind = dtypes.as_dtype(dtype).base_dtype
        if kind not in (dtypes.uint8, dtypes.float32):
            raise TypeError(f"Invalid image dtype {kind!r}, expected uint8 or float32")
        self.one_hot = one_hot
        self._num_examples = 10000 if fake_data else _count(images, labels)
        self._rows = _Rows(images if fake_data else _prepared(images, kind, reshape), labels)
        self._epochs_completed = 0
        self._index_in_epoch = 0

    @property
    def images(self) -> Any:
        """All images, in the order of the current epoch."""
        return self._rows.whole()[0]

    @property
    def labels(self) -> Any:
        """All labels, in the order of the current epoch."""
        return self._rows.whole()[1]

    # Programs that normalize or filter the digits assign to these two.

    @property
    def _images(self) -> Any:
        return self.images

    @_images.setter
    def _images(self, images: Any) -> None:
        self._rows = _Rows(images, self.labels)

    @property
    def _labels(self) -> Any:
        return self.labels

    @_labels.setter
    def _labels(self, labels: Any) -> None:
        self._rows = _Rows(self.images, labels)

    @property
    def num_examples(self) -> int:
        """The number of examples."""
        return self._num_examples

    @property
    def epochs_completed(self) -> int:
        """How often `next_batch` has gone through all examples."""
        return self._epochs_completed

    def next_batch(
        self, batch_size: int, fake_data: bool = False, shuffle: bool = True
    ) -> tuple[Any, Any]:
        """The next `batch_size` examples as (images, labels).

        A batch that crosses the end of an epoch has the rest of the old order followed by the
        start of the new one.

        Args:
            batch_size: how many; above `num_examples` one gets the rest and one whole epoch.
            fake_data: give lists with white images of class 0 instead.
            shuffle: whether an epoch that starts here starts with a new order.
        """
        if fake_data:
            return self._fake_batch(batch_size)
        start = self._index_in_epoch
        if start == 0 and self._epochs_completed == 0 and shuffle:
            self._rows.shuffle(self._num_examples)
        stop = start + batch_size
        if stop <= self._num_examples:
            self._index_in_epoch = stop
            return self._rows.take(start, stop)
        return self._batch_across_epochs(start, stop - self._num_examples, shuffle)

    def _batch_across_epochs(self, start: int, wanted: int, shuffle: bool) -> tuple[Array, Array]:
        """The examples from `start` to the end, and `wanted` ones of the next epoch."""
        old = self._rows.take(start, self._num_examples)
        self._epochs_completed += 1
        if shuffle:
            self._rows.shuffle(self._num_examples)
        self._index_in_epoch = wanted
        new = self._rows.take(0, wanted)
        return np.concatenate((old[0], new[0])), np.concatenate((old[1], new[1]))

    def _fake_batch(self, batch_size: int) -> tuple[Any, Any]:
        image = [1] * _PIXELS
        label: Any = [1] + [0] * 9 if self.one_hot else 0
        return [image] * batch_size, [label] * batch_size


class Datasets(NamedTuple):
    """The three parts of MNIST."""

    train: DataSet
    validation: DataSet
    test: DataSet


def read_data_sets(
    train_dir: str | os.PathLike[str],
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = dtypes.float32,
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str = DEFAULT_SOURCE_URL,
) -> Datasets:
    """The MNIST training, validation and test sets: 55,000, 5,000 and 10,000 digits.

    The four IDX files, packed or not, are taken from `train_dir`, else from the user's cache
    ($GRAPHFLOW_CACHE), else from a mirror unless GRAPHFLOW_OFFLINE=1. If there is no way to them,
    a line on stderr says so and 5,000 genuine digits that come with graphflow stand in: 4,000 to
    train on, less a validation set smaller in proportion, and 1,000 to test.

    Args:
        train_dir: the directory with the files, to which fetched ones are copied.
        fake_data: return sets without examples; see `DataSet.next_batch`.
        one_hot: labels as rows `[n, 10]` of float64 instead of numbers `[n]` of uint8.
        dtype: float32 for images in [0, 1], uint8 for [0, 255].
        reshape: images as rows `[n, 784]` instead of `[n, 28, 28, 1]`.
        validation_size: how many of the first training examples are set apart.
        seed: of the order of the batches.
        source_url: where the files are, ending in a slash. With an address that is not known to
            be MNIST's neither cache nor bundled digits are used.

    Raises:
        ValueError: if a file is damaged or not what its name says, or if `validation_size` is
            out of range.
        TypeError: for a dtype other than the two.
        OSError: if the files are not at a `source_url` of the user's own.

    Source:
        tensorflow.examples.tutorials.mnist.input_data of TensorFlow 1.15.5.
    """
    options: dict[str, Any] = {"dtype": dtype, "seed": seed}
    if fake_data:
        parts = [DataSet([], [], fake_data=True, one_hot=one_hot, **options) for _ in range(3)]
        return Datasets(*parts)
    arrays, full_size = _load(train_dir, source_url)
    count = _validation_count(validation_size, full_size, len(arrays.train_labels))

    def part(images: Array, labels: Array) -> DataSet:
        labels = dense_to_one_hot(labels, 10) if one_hot else labels
        return DataSet(images, labels, reshape=reshape, **options)

    return Datasets(
        train=part(arrays.train_images[count:], arrays.train_labels[count:]),
        validation=part(arrays.train_images[:count], arrays.train_labels[:count]),
        test=part(arrays.test_images, arrays.test_labels),
    )


def load_mnist(train_dir: str | os.PathLike[str] = "MNIST-data") -> Datasets:
    """`read_data_sets(train_dir)` with all defaults."""
    return read_data_sets(train_dir)


def extract_images(f: Source) -> Array:
    """The images of an IDX file, gzipped or not, as uint8 `[n, rows, columns, 1]`.

    Args:
        f: a file open for reading bytes, or a path.

    Raises:
        ValueError: if its magic number is not 2051, or it is damaged.
    """
    return _extract(f, _IMAGES_MAGIC, "MNIST image")[..., None]


def extract_labels(f: Source, one_hot: bool = False, num_classes: int = 10) -> Array:
    """The labels of an IDX file, gzipped or not, as uint8 `[n]`.

    Args:
        f: a file open for reading bytes, or a path.
        one_hot: give float64 rows `[n, num_classes]` instead.
        num_classes: their length.

    Raises:
        ValueError: if its magic number is not 2049, or it is damaged.
    """
    labels = _extract(f, _LABELS_MAGIC, "MNIST label")
    return dense_to_one_hot(labels, num_classes) if one_hot else labels


def dense_to_one_hot(labels_dense: Array, num_classes: int) -> Array:
    """Rows `[n, num_classes]` of float64 with a 1 in the column each label names.

    Raises:
        IndexError: if a label is not below `num_classes`.
    """
    rows = np.zeros((labels_dense.shape[0], num_classes))
    rows[np.arange(labels_dense.shape[0]), labels_dense.ravel()] = 1
    return rows


def maybe_download(
    filename: str, work_directory: str | os.PathLike[str], source_url: str | None = None
) -> str:
    """The path of a file in `work_directory`, fetched if it is not there.

    Args:
        filename: its name.
        work_directory: its directory, made if need be.
        source_url: the file's whole address; None for a file of MNIST.

    Raises:
        OSError: if it cannot be fetched.
    """
    path = Path(work_directory, filename)
    if not path.exists():
        path = sources.obtain(filename, work_directory, source_url)
        print("Successfully downloaded", filename, path.stat().st_size, "bytes.")
    return str(path)


def _load(train_dir: str | os.PathLike[str], source_url: str) -> tuple[MnistArrays, int]:
    """The arrays, and the size of the training set that `validation_size` is relative to."""
    try:
        paths = sources.locate(train_dir, source_url)
    except OSError as error:
        if not sources.bases(source_url)[1]:
            raise
        return sources.bundled(str(error)), sources.FULL_TRAIN_SIZE
    arrays = MnistArrays(
        extract_images(paths[0]),
        extract_labels(paths[1]),
        extract_images(paths[2]),
        extract_labels(paths[3]),
    )
    _check_counts(paths[0], arrays.train_images, paths[1], arrays.train_labels)
    _check_counts(paths[2], arrays.test_images, paths[3], arrays.test_labels)
    return arrays, len(arrays.train_images)


def _check_counts(images_path: Path, images: Array, labels_path: Path, labels: Array) -> None:
    if len(images) != len(labels):
        raise ValueError(
            f"MNIST files do not belong together: {len(images)} images in {images_path} and "
            f"{len(labels)} labels in {labels_path}."
        )


def _validation_count(wanted: int, full_size: int, size: int) -> int:
    """How many of `size` training examples to set apart where `wanted` are of `full_size`."""
    if not 0 <= wanted <= full_size:
        raise ValueError(
            f"Validation size should be between 0 and {full_size}. Received: {wanted}."
        )
    return wanted if size == full_size else wanted * size // full_size


def _extract(f: Source, magic: int, what: str) -> Array:
    print("Extracting", _name(f))
    return read_idx(f, magic=magic, what=what)


def _name(f: Source) -> Any:
    return os.fspath(f) if isinstance(f, str | os.PathLike) else getattr(f, "name", "<stream>")


def _count(images: Array, labels: Array) -> int:
    if images.shape[0] != labels.shape[0]:
        raise AssertionError(f"images.shape: {images.shape} labels.shape: {labels.shape}")
    return int(images.shape[0])


def _prepared(images: Array, kind: dtypes.DType, reshape: bool) -> Array:
    if reshape:
        if images.shape[3] != 1:
            raise AssertionError(f"reshape needs images of depth 1, not {images.shape[3]}")
        images = images.reshape(images.shape[0], images.shape[1] * images.shape[2])
    if kind == dtypes.float32:
        images = images.astype(np.float32)
        images *= 1.0 / 255.0  # not a division: the last bit would differ
    return images
