"""First centers of clusters, and the nearest ones: what k-means is made of."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._simple_philox import SimplePhilox

Array = np.ndarray[Any, Any]
_BLOCK: Final = 1 << 19  # distances that are looked at together
_INSIDE: Final = "contrib.factorization.python.ops.clustering_ops"


def _need(**checks: tuple[Array, int]) -> None:
    kinds = {0: "scalar", 1: "vector", 2: "matrix"}
    for name, (array, rank) in checks.items():
        if array.ndim != rank:
            raise KernelError(f"Input {name} should be a {kinds[rank]}.")


def _half_norms(x: Array) -> Array:
    """Half the squared length of each row."""
    found: Array = np.einsum("ij,ij->i", x, x) * x.dtype.type(0.5)
    return found


# --- KmeansPlusPlusInitialization ---
PLUS_PLUS = define(
    "KmeansPlusPlusInitialization(points: float32, num_to_sample: int64, seed: int64, "
    "num_retries_per_sample: int64) -> samples: float32",
    blas=True,
    shape=lambda op: [None],
).no_gradient("TensorFlow has none: it picks points", raises=True)


@PLUS_PLUS.numpy
def _(points: Array, num_to_sample: Array, seed: Array, num_retries_per_sample: Array) -> Array:
    _need(
        points=(points, 2),
        num_to_sample=(num_to_sample, 0),
        seed=(seed, 0),
        num_retries_per_sample=(num_retries_per_sample, 0),
    )
    wanted, retries = int(num_to_sample), int(num_retries_per_sample)
    if not len(points):
        raise KernelError("Expected points.rows() > 0.")
    if wanted <= 0:
        raise KernelError("Expected num_to_sample > 0.")
    if wanted > len(points):
        raise KernelError(f"Expected num_to_sample <= points.rows(). {wanted} vs {len(points)}.")
    if retries < 0:
        retries = 2 + int(math.log(wanted))
    found: Array = points[_Picker(points, int(seed)).picked(wanted, 1 + retries)]
    return found


class _Picker:
    """Picks points, those far from all that were picked before with a higher probability."""

    def __init__(self, points: Array, seed: int) -> None:
        self.points = points
        self.half_norms = _half_norms(points)
        self.draws = SimplePhilox(seed)
        self.distances = np.full(len(points), np.inf, np.float32)
        """Half the squared distance of each point from the nearest one that was picked."""
        self.sums = self.distances
        self.taken: list[int] = []

    def picked(self, number: int, tries: int) -> list[int]:
        """The places of so many points; of several tries, the one that leaves least distance."""
        for _ in range(number):
            if self.taken:
                self.sums = np.cumsum(self.distances)
            best, least = 0, np.float32(np.inf)
            kept = self.distances
            for _ in range(tries):
                at = self._drawn()
                distances = np.minimum(self.distances, self._distances_to(at))
                left = distances.sum()
                if left < least or tries == 1:
                    best, least, kept = at, left, distances
            self.distances = kept
            self.taken.append(best)
        return self.taken

    def _drawn(self) -> int:
        n = len(self.points)
        if not self.taken:
            return self.draws.uniform64(n)
        while True:
            total = self.sums[-1]
            # TensorFlow reads behind its arrays, or never ends, where all other points are equal.
            if not total > 0 or not np.delete(self.distances, self.taken).any():
                at = self.draws.uniform64(n)
            else:
                place = np.searchsorted(self.sums, self.draws.rand_float() * total, side="right")
                at = min(int(place), n - 1)
            if at not in self.taken:
                return at

    def _distances_to(self, at: int) -> Array:
        found: Array = self.half_norms - self.points @ self.points[at] + self.half_norms[at]
        return found


@export(f"{_INSIDE}.kmeans_plus_plus_initialization")
def kmeans_plus_plus_initialization(
    points: Any,
    num_to_sample: Any,
    seed: Any,
    num_retries_per_sample: Any,
    name: str | None = None,
) -> Tensor:
    """Returns points that are picked one after the other, far ones with a higher probability.

    Args:
        points: `[n, size]`, float32.
        num_to_sample: int64 scalar, how many points.
        seed: int64 scalar; the same one always gives the same points.
        num_retries_per_sample: int64 scalar, how many more points are tried each time, of which
            the best one is taken; below 0: `2 + log(num_to_sample)`.
        name: the node's name.

    Returns:
        `[num_to_sample, size]`.

    Raises:
        InvalidArgumentError: (when run) if there are not so many points, or a rank is wrong.

    Source:
        Arthur, Vassilvitskii 2007.
    """
    found: Tensor = apply(PLUS_PLUS, points, num_to_sample, seed, num_retries_per_sample, name=name)
    return found


# --- KMC2ChainInitialization ---
CHAIN = define(
    "KMC2ChainInitialization(distances: float32, seed: int64) -> index: int64",
    shape=lambda op: [()],
).no_gradient("TensorFlow has none: it picks a point", raises=True)


@CHAIN.numpy
def _(distances: Array, seed: Array) -> Array:
    _need(distances=(distances, 1), seed=(seed, 0))
    if not len(distances):
        raise KernelError("Expected distances_tensor.size() > 0.")
    draws = SimplePhilox(int(seed))
    at, held = 0, distances[0]
    for i in range(1, len(distances)):
        if distances[i] > draws.rand_float() * held:
            at, held = i, distances[i]
    return np.array(at, np.int64)


@export(f"{_INSIDE}.kmc2_chain_initialization")
def kmc2_chain_initialization(distances: Any, seed: Any, name: str | None = None) -> Tensor:
    """Returns the place where a walk over points ends that prefers those far away.

    Args:
        distances: `[n]`, float32, from the nearest point that was picked before.
        seed: int64 scalar; the same one always gives the same place.
        name: the node's name.

    Returns:
        A scalar, int64.

    Raises:
        InvalidArgumentError: (when run) if there is no point, or a rank is wrong.

    Source:
        Bachem et al. 2016.
    """
    found: Tensor = apply(CHAIN, distances, seed, name=name)
    return found


# --- NearestNeighbors ---
NEAREST = define(
    "NearestNeighbors(points: float32, centers: float32, k: int64) "
    "-> nearest_center_indices: int64, nearest_center_distances: float32",
    blas=True,
).no_gradient("TensorFlow has none", raises=True)


@NEAREST.shape
def _(op: Operation) -> list[Dims]:
    return [None, None]


@NEAREST.numpy
def _(points: Array, centers: Array, k: Array) -> tuple[Array, Array]:
    _need(points=(points, 2), centers=(centers, 2), k=(k, 0))
    if not len(points):
        raise KernelError("Expected points.rows() > 0.")
    if points.shape[1] != centers.shape[1]:
        raise KernelError(
            f"Expected point_dimensions == center_dimensions: {points.shape[1]} vs "
            f"{centers.shape[1]}."
        )
    if k < 0:
        raise KernelError("Expected k >= 0.")
    number = min(int(k), len(centers))
    places = np.empty((len(points), number), np.int64)
    distances = np.empty((len(points), number), np.float32)
    norms, turned = _half_norms(centers), centers.T
    rows = max(_BLOCK // max(len(centers), 1), 16)
    for i in range(0, len(points) if number else 0, rows):
        part = slice(i, i + rows)
        partial = norms - points[part] @ turned
        places[part] = _least(partial, number)
        found = np.take_along_axis(partial, places[part], 1)
        distances[part] = 2 * (_half_norms(points[part])[:, np.newaxis] + found)
    return places, distances


def _least(rows: Array, number: int) -> Array:
    """The places of the least elements of each row, the least first, and of equal ones too."""
    found: Array
    if number == 1:
        found = np.argmin(rows, 1, keepdims=True)
    else:
        found = np.argsort(rows, 1, kind="stable")[:, :number]
    return found


@export(f"{_INSIDE}.nearest_neighbors")
def nearest_neighbors(points: Any, centers: Any, k: Any, name: str | None = None) -> Any:
    """Returns the nearest centers of each point.

    Args:
        points: `[n, size]`, float32.
        centers: `[m, size]`, float32.
        k: int64 scalar, how many centers.
        name: the node's name.

    Returns:
        `(nearest_center_indices, nearest_center_distances)`, both `[n, k]` (`[n, m]` if `k` is
        greater): places, int64, the nearest first, and squared distances, float32.

    Raises:
        InvalidArgumentError: (when run) if there is no point, `k` is negative, or sizes differ.
    """
    return apply(NEAREST, points, centers, k, name=name)
