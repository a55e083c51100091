"""Clusters of points: `tf.contrib.factorization.KMeans`, as a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import bool_, float32, int32, int64
from graphflow.core.export import export, publish_from
from graphflow.nets.kmeans_start import (
    COSINE_DISTANCE,
    INITIALIZERS,
    RANDOM_INIT,
    SQUARED_EUCLIDEAN_DISTANCE,
    Start,
    normalized,
)
from graphflow.ops.arithmetic import add_n
from graphflow.ops.cast import cast
from graphflow.ops.clustering import nearest_neighbors
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.control_ops import group, no_op
from graphflow.ops.fill import ones, ones_like, zeros, zeros_like
from graphflow.ops.flow_cond import cond
from graphflow.ops.gather import gather
from graphflow.ops.identity import identity
from graphflow.ops.matmul import matmul
from graphflow.ops.powers import reciprocal, square
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import reshape, squeeze
from graphflow.ops.segment import unsorted_segment_sum
from graphflow.ops.shape_ops import rank
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.shape_ops import size as size_of
from graphflow.ops.state import assign, assign_sub
from graphflow.ops.state_scatter import scatter_add
from graphflow.ops.transpose import transpose
from graphflow.ops.unique import unique
from graphflow.ops.variables import Variable

CLUSTERS_VAR_NAME: Final = "clusters"
_INSIDE: Final = "contrib.factorization.python.ops.clustering_ops"


class _Variables(NamedTuple):
    """The variables of a clustering.

    Args:
        centers: `[clusters, size]`.
        ready: whether all first centers are chosen.
        counts: `[clusters]`, how many points each center has seen, or None.
        updated: the centers that mini batches change: others than `centers` where these follow
            now and then only.
        left: how many mini batches are left until they follow, or None.
    """

    centers: Any
    ready: Any
    counts: Any
    updated: Any
    left: Any


def _beside(x: Any) -> Any:
    return scopes.colocate_with(x, ignore_existing=True)


@export("contrib.factorization.KMeans", f"{_INSIDE}.KMeans")
class KMeans:
    """Clusters of points: each point belongs to the center that is nearest to it.

    Args:
        inputs: `[n, size]` of float32, or a list of such tensors.
        num_clusters: how many clusters, an int or an int32 tensor.
        initial_clusters: how first centers are chosen: "random", "kmeans_plus_plus" or "kmc2"; or
            the centers; or a function of inputs and the number of centers that are missing.
        distance_metric: "squared_euclidean" or "cosine".
        use_mini_batch: whether each step is about a part of the points, and moves centers the
            less the more points they have seen; else about all, and centers become means.
        mini_batch_steps_per_iteration: after how many steps the centers follow that points are
            compared with; 1: at once.
        random_seed: the seed of the choice.
        kmeans_plus_plus_num_retries: how many more points "kmeans_plus_plus" tries for a center;
            below 0: a few more, the more centers there are.
        kmc2_chain_length: how many points "kmc2" looks at for a center.

    Raises:
        ValueError: if the choice, or the metric, is not known.
    """

    def __init__(
        self,
        inputs: Any,
        num_clusters: Any,
        initial_clusters: Any = RANDOM_INIT,
        distance_metric: str = SQUARED_EUCLIDEAN_DISTANCE,
        use_mini_batch: bool = False,
        mini_batch_steps_per_iteration: int = 1,
        random_seed: int = 0,
        kmeans_plus_plus_num_retries: int = 2,
        kmc2_chain_length: int = 200,
    ) -> None:
        if isinstance(initial_clusters, str) and initial_clusters not in INITIALIZERS:
            raise ValueError(f"Unsupported initialization algorithm '{initial_clusters}'")
        if distance_metric not in (SQUARED_EUCLIDEAN_DISTANCE, COSINE_DISTANCE):
            raise ValueError(f"Unsupported distance metric '{distance_metric}'")
        self._inputs: list[Any] = inputs if isinstance(inputs, list) else [inputs]
        self._num_clusters = num_clusters
        self._initial_clusters = initial_clusters
        self._is_cosine = distance_metric == COSINE_DISTANCE
        self._use_mini_batch = use_mini_batch
        self._steps = int(mini_batch_steps_per_iteration)
        self._random_seed = random_seed
        self._num_retries = kmeans_plus_plus_num_retries
        self._chain_length = kmc2_chain_length

    @property
    def _follows(self) -> bool:
        """Whether centers follow now and then only."""
        return self._use_mini_batch and self._steps > 1

    @property
    def _keeps_unit_length(self) -> bool:
        """Whether the centers have length one at all times."""
        return self._is_cosine and (not self._use_mini_batch or self._follows)

    def training_graph(self) -> tuple[Any, ...]:
        """Declares the operations that choose first centers and that make them better.

        Returns:
            `(all_scores, cluster_idx, scores, cluster_centers_initialized, init_op, train_op)`:
            the distances of all points from all centers, `[n, clusters]`, squared, or 1 - cosine;
            each point's cluster, `[n]` of int64; its distance from that center, `[n]`, likewise.
            These three are tuples, with a tensor for each of the inputs. Then a variable that says
            whether all first centers are chosen; what chooses more of them, to be run until they
            are; and one training step.

        Raises:
            InvalidArgumentError: (when run) by `init_op`, if there are fewer points than centers,
                where "kmeans_plus_plus" chooses.
        """
        given = self._initial_clusters
        if isinstance(given, str) or callable(given):
            number = convert(self._num_clusters)
        else:
            given = convert(given)
            number = shape_of(given)[0]
        variables = self._variables(number)
        start = Start(
            inputs=self._inputs, number=number, given=given, is_cosine=self._is_cosine,
            seed=self._random_seed, retries=self._num_retries, chain=self._chain_length,
            centers=variables.centers, updated=variables.updated, ready=variables.ready,
        )  # fmt: skip
        init_op = start.op()
        inputs, centers = self._inputs, variables.centers
        if self._is_cosine:
            inputs = [_normalized_beside(x, x) for x in inputs]
            if not self._keeps_unit_length:
                centers = normalized(centers)
        every, scores, places = self._inferred(inputs, centers)
        if self._use_mini_batch:
            with scopes.control_dependencies([self._follow(variables)]):
                train_op = self._mini_batch(inputs, places, variables)
        else:
            train_op = self._full_batch(inputs, places, number, variables.centers)
        return every, places, scores, variables.ready, init_op, train_op

    def _variables(self, number: Any) -> _Variables:
        empty = constant([], dtype=float32)
        centers = Variable(empty, name=CLUSTERS_VAR_NAME, validate_shape=False)
        ready = Variable(False, dtype=bool_, name="initialized")
        if not self._follows:
            counts = Variable(ones([number], dtype=int64)) if self._use_mini_batch else None
            return _Variables(centers, ready, counts, centers, None)
        updated = Variable(empty, name="clusters_updated", validate_shape=False)
        left = Variable(self._steps, dtype=int64, name="update_in_steps")
        counts = Variable(zeros([number], dtype=int64))
        return _Variables(centers, ready, counts, updated, left)

    # --- inference ---
    def _inferred(self, inputs: Sequence[Any], centers: Any) -> tuple[Any, ...]:
        """All distances, the least ones and their places: three tuples."""
        every = [self._distances(x, centers) for x in inputs]
        if self._is_cosine and not self._keeps_unit_length:
            centers = _normalized_beside(centers, centers)
        found = []
        for x, scores in zip(inputs, every, strict=True):
            with _beside(x):
                places, distances = nearest_neighbors(x, centers, 1)
                if self._is_cosine:
                    distances = distances * 0.5
                found.append((scores, squeeze(distances, [-1]), squeeze(places, [-1])))
        return tuple(zip(*found, strict=True))

    def _distances(self, x: Any, centers: Any) -> Any:
        with _beside(x):
            if self._is_cosine:
                return 1 - _products(x, centers)
            own: Any = reduce_sum(square(x), 1, keepdims=True)
            partly = own - 2 * _products(x, centers)
            return partly + transpose(reduce_sum(square(centers), 1, keepdims=True))

    # --- training ---
    def _follow(self, variables: _Variables) -> Any:
        """Sets the centers to the updated ones, if it is time."""
        if not self._follows:
            return no_op()
        left, updated = variables.left, variables.updated

        def now() -> Any:
            with scopes.control_dependencies([assign(left, self._steps - 1)]):
                with _beside(updated):
                    new = normalized(updated) if self._is_cosine else updated
                with _beside(variables.centers):
                    follows = assign(variables.centers, new)
                    with scopes.control_dependencies([follows]), _beside(None):
                        forgets = assign(variables.counts, zeros_like(variables.counts))
                        with scopes.control_dependencies([forgets]):
                            return identity(left)

        with _beside(left):
            return cond(left <= 0, now, lambda: assign_sub(left, 1))

    def _mini_batch(
        self, inputs: Sequence[Any], places: Sequence[Any], variables: _Variables
    ) -> Any:
        """Moves the centers of a batch's points towards their mean."""
        counts, centers = variables.counts, variables.updated
        updates = []
        for x, found in zip(inputs, places, strict=True):
            with _beside(x):
                ids, seen, moved = self._moves(x, reshape(found, [-1]), counts, centers)
            updates += [scatter_add(counts, ids, seen), scatter_add(centers, ids, moved)]
        return group(*updates)

    def _moves(self, x: Any, places: Any, counts: Any, centers: Any) -> tuple[Any, ...]:
        ids, own = unique(places)
        number = size_of(ids)
        with _beside(counts):
            before = gather(counts, ids)
        with _beside(centers):
            old = gather(centers, ids)
        seen = unsorted_segment_sum(ones_like(own, dtype=counts.dtype), own, number)
        moved: Any = unsorted_segment_sum(x, own, number)
        rows = reshape(number, [1])
        shape = concat([rows, ones(reshape(rank(x) - 1, [1]), dtype=int32)], 0)
        moved = moved - cast(reshape(seen, shape), x.dtype) * old
        rate = reshape(reciprocal(cast(before + seen, x.dtype)), shape)
        return ids, seen, moved * rate

    def _full_batch(
        self, inputs: Sequence[Any], places: Sequence[Any], number: Any, centers: Any
    ) -> Any:
        """Sets each center to the mean of its points."""
        sums, counts = [], []
        epsilon = constant(1e-6, dtype=inputs[0].dtype)  # a cluster may have no points
        for x, found in zip(inputs, places, strict=True):
            with _beside(x):
                sums.append(unsorted_segment_sum(x, found, number))
                each = reshape(ones(reshape(shape_of(x)[0], [-1])), [-1, 1])
                counts.append(unsorted_segment_sum(each, found, number))
        with _beside(centers):
            new: Any = add_n(sums) / (cast(add_n(counts), sums[0].dtype) + epsilon)
            if self._keeps_unit_length:
                new = normalized(new)
        return assign(centers, new)


def _products(x: Any, centers: Any) -> Any:
    return matmul(x, centers, transpose_b=True)


def _normalized_beside(x: Any, place: Any) -> Any:
    with _beside(place):
        return normalized(x)


publish_from(
    "graphflow.nets.kmeans_start", "contrib.factorization",
    "COSINE_DISTANCE", "KMEANS_PLUS_PLUS_INIT", "RANDOM_INIT", "SQUARED_EUCLIDEAN_DISTANCE",
)  # fmt: skip
publish_from(
    "graphflow.nets.kmeans_start", _INSIDE,
    "COSINE_DISTANCE", "KMC2_INIT", "KMEANS_PLUS_PLUS_INIT", "RANDOM_INIT",
    "SQUARED_EUCLIDEAN_DISTANCE",
)  # fmt: skip
publish_from(__name__, _INSIDE, "CLUSTERS_VAR_NAME")
