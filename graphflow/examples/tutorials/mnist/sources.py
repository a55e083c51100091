"""Finds the four MNIST files: where the user put them, in the cache, on a mirror, or bundled.

In come the user's directory and address; out go four arrays as `MnistArrays`. Only files that
claim to be the MNIST of the cache or a mirror are held to MNIST's checksums: a user's directory
may hold another data set in the same format, such as Fashion-MNIST.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from graphflow.formats.idx import idx_header, read_idx
from graphflow.input import download

__all__ = [
    "DEFAULT_SOURCE_URL",
    "FILES",
    "FULL_TRAIN_SIZE",
    "MIRRORS",
    "MnistArrays",
    "MnistFile",
    "bases",
    "bundled",
    "locate",
    "obtain",
]

DEFAULT_SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
MIRRORS = (DEFAULT_SOURCE_URL, "https://ossci-datasets.s3.amazonaws.com/mnist/")
# Addresses that mean MNIST; the last two are where it was first and is no more.
_KNOWN = (*MIRRORS, "http://yann.lecun.com/exdb/mnist/", "https://yann.lecun.com/exdb/mnist/")
FULL_TRAIN_SIZE = 60000
_BUNDLED_TRAIN_SIZE = 4000


@dataclass(frozen=True, slots=True)
class MnistFile:
    """One of the four files.

    Attributes:
        stem: its name without `.gz`.
        sha256: of the unpacked content; the packed files differ from mirror to mirror.
    """

    stem: str
    sha256: str

    @property
    def name(self) -> str:
        """The name the mirrors have it under."""
        return f"{self.stem}.gz"

    def find(self, directory: str | os.PathLike[str]) -> Path | None:
        """This file in `directory`, packed or not, with a dash or a dot before `idx`."""
        dotted = self.stem.replace("-idx", ".idx")
        for name in (self.name, self.stem, f"{dotted}.gz", dotted):
            path = Path(directory, name)
            if path.is_file():
                return path
        return None

    def verify(self, path: str | os.PathLike[str]) -> None:
        """Raises a ValueError that names `path` unless its content is MNIST's, byte for byte."""
        array = read_idx(path, what="MNIST")
        digest = hashlib.sha256(idx_header(array))
        digest.update(array.data)
        if digest.hexdigest() != self.sha256:
            raise ValueError(
                f"Wrong checksum of MNIST file: {os.fspath(path)}: its content has sha256 "
                f"{digest.hexdigest()} and {self.stem} has {self.sha256}."
            )


# Train images, train labels, test images, test labels.
FILES = (
    MnistFile(
        "train-images-idx3-ubyte",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    MnistFile(
        "train-labels-idx1-ubyte",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    MnistFile(
        "t10k-images-idx3-ubyte",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    MnistFile(
        "t10k-labels-idx1-ubyte",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)


@dataclass(frozen=True, slots=True)
class MnistArrays:
    """Images `[n, 28, 28, 1]` and labels `[n]`, all uint8, before any split or scaling."""

    train_images: NDArray[Any]
    train_labels: NDArray[Any]
    test_images: NDArray[Any]
    test_labels: NDArray[Any]


@dataclass
class _Network:
    """The addresses to fetch from; which of them answer is asked once, when first needed."""

    bases: tuple[str, ...]
    _answering: list[str] | None = field(default=None, init=False)

    def require(self, file: MnistFile) -> None:
        """Raises an OSError if no address answers a request for `file`."""
        if self._answering is None:
            self._answering = self._ask(file)

    def fetch(self, file: MnistFile, target: Path, check: Callable[[Path], object]) -> Path:
        """Fetches `file` to `target`, or raises an OSError."""
        self.require(file)
        urls = [base + file.name for base in self._answering or ()]
        return download.fetch(urls, target, check)

    def _ask(self, file: MnistFile) -> list[str]:
        download.require_online(file.name)
        found = download.answering([base + file.name for base in self.bases])
        if not found:
            tried = ", ".join(self.bases)
            raise OSError(f"{file.name} could not be downloaded, no answer from {tried}.")
        return [url.removesuffix(file.name) for url in found]


def bases(source_url: str) -> tuple[tuple[str, ...], bool]:
    """The addresses to try for a user's `source_url`, and whether they are MNIST itself.

    A known MNIST address brings all mirrors along, itself first; any other one stands alone, for
    it may be another data set under the same file names.
    """
    chosen = source_url or DEFAULT_SOURCE_URL
    chosen = chosen if chosen.endswith("/") else chosen + "/"
    if chosen not in (*MIRRORS, *_KNOWN):
        return (chosen,), False
    return tuple(sorted(MIRRORS, key=lambda mirror: mirror != chosen)), True


def locate(
    directory: str | os.PathLike[str],
    source_url: str = DEFAULT_SOURCE_URL,
    files: Sequence[MnistFile] | None = None,
) -> list[Path]:
    """The paths of `files`, or of all four: in `directory`, else from the cache or the network.

    What comes from the cache or the network is copied to `directory`, as TensorFlow does.

    Raises:
        OSError: if a file is nowhere to be had.
        ValueError: if a file in the cache is not MNIST's.
    """
    addresses, genuine = bases(source_url)
    network = _Network(addresses)
    paths = []
    for file in FILES if files is None else files:
        path = file.find(directory)
        if path is None:
            path = _obtain(file, Path(directory), network, genuine)
        paths.append(path)
    return paths


def obtain(filename: str, directory: str | os.PathLike[str], url: str | None = None) -> Path:
    """The path of one file by its name, fetched to `directory`.

    Args:
        filename: its name there.
        directory: is made if need be.
        url: its whole address; None for one of the four MNIST files.

    Raises:
        OSError: if it cannot be fetched.
        ValueError: if there is no address and it is none of the four.
    """
    known = [file for file in FILES if file.name == filename]
    if known and (url is None or url.endswith(f"/{filename}")):
        base = DEFAULT_SOURCE_URL if url is None else url.removesuffix(filename)
        return locate(directory, base, known)[0]
    if url is None:
        raise ValueError(f"{filename!r} is none of the MNIST files, and no address is given.")
    return download.fetch([url], Path(directory, filename))


def _obtain(file: MnistFile, directory: Path, network: _Network, genuine: bool) -> Path:
    if not genuine:
        return network.fetch(file, directory / file.name, _readable)
    cache = download.cache_dir("mnist")
    cached = file.find(cache)
    if cached is not None:
        file.verify(cached)
        return _copied(cached, directory)
    network.require(file)
    if not _writable(cache):
        return network.fetch(file, directory / file.name, file.verify)
    return _copied(network.fetch(file, cache / file.name, file.verify), directory)


def _writable(directory: Path) -> bool:
    """Whether files can be made in `directory`, which is made if need be."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(directory, os.W_OK)


def _readable(path: Path) -> None:
    read_idx(path, what="MNIST")


def _copied(source: Path, directory: Path) -> Path:
    """A copy of `source` in `directory`, or `source` itself where that cannot be written."""
    target = directory / source.name
    part = directory / f".{source.name}.{os.getpid()}.part"
    if not _writable(directory):
        return source
    try:
        shutil.copyfile(source, part)
        os.replace(part, target)
    except OSError:
        part.unlink(missing_ok=True)
        return source
    return target


def bundled(reason: str) -> MnistArrays:
    """The 5,000 MNIST digits that come with graphflow, with a loud line on stderr.

    Args:
        reason: why the full set is not used, for that line.
    """
    images, labels = (_bundled_array(name) for name in ("images.idx3", "labels.idx1"))
    size = _BUNDLED_TRAIN_SIZE
    print(
        f"graphflow: WARNING: NOT THE FULL MNIST: {reason} Using the bundled subset of "
        f"{len(labels):,} genuine MNIST digits ({size:,} train, {len(labels) - size:,} test); "
        "accuracies will be lower than on the 70,000.",
        file=sys.stderr,
    )
    images = images[..., None]
    return MnistArrays(images[:size], labels[:size], images[size:], labels[size:])


def _bundled_array(name: str) -> NDArray[Any]:
    place = resources.files(__package__).joinpath("data", f"digits5k-{name}.gz")
    with place.open("rb") as file:
        return read_idx(file, what="bundled digits")
