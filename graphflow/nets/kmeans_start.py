"""The first centers of clusters, chosen from one batch of points or from several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.dtypes import int32, int64
from graphflow.ops.arithmetic import add_n, maximum, minimum
from graphflow.ops.asserts import assert_equal, assert_greater_equal, assert_positive
from graphflow.ops.cast import cast
from graphflow.ops.clustering import (
    kmc2_chain_initialization,
    kmeans_plus_plus_initialization,
    nearest_neighbors,
)
from graphflow.ops.comparison import equal, less
from graphflow.ops.concat import concat
from graphflow.ops.control_ops import no_op
from graphflow.ops.embedding import embedding_lookup
from graphflow.ops.flow_cond import cond
from graphflow.ops.flow_while import while_loop
from graphflow.ops.norm import l2_normalize
from graphflow.ops.random import random_uniform
from graphflow.ops.reshape import reshape, squeeze
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.state import assign

SQUARED_EUCLIDEAN_DISTANCE: Final = "squared_euclidean"
COSINE_DISTANCE: Final = "cosine"
RANDOM_INIT: Final = "random"
KMEANS_PLUS_PLUS_INIT: Final = "kmeans_plus_plus"
KMC2_INIT: Final = "kmc2"
INITIALIZERS: Final = (RANDOM_INIT, KMEANS_PLUS_PLUS_INIT, KMC2_INIT)


def normalized(x: Any) -> Any:
    """Returns rows of length one."""
    return l2_normalize(x, axis=1)


@dataclass(slots=True)
class Start:
    """Chooses first centers.

    Args:
        inputs: a list of `[n, size]`.
        number: how many centers, int32 scalar.
        given: the name of a way to choose, a function, or the centers.
        is_cosine: whether centers get length one.
        seed: the seed of the choice.
        retries: how many more points "kmeans_plus_plus" tries.
        chain: how many points "kmc2" looks at.
        centers: the variable that the centers go to.
        updated: the same one, or another one that they go to too.
        ready: the variable that says that all are chosen.
    """

    inputs: list[Any]
    number: Any
    given: Any
    is_cosine: bool
    seed: int
    retries: int
    chain: int
    centers: Any
    updated: Any
    ready: Any
    selected: Any = field(init=False)
    remaining: Any = field(init=False)
    points: Any = field(init=False)

    def __post_init__(self) -> None:
        self.selected = shape_of(self.centers)[0]
        self.remaining = self.number - self.selected
        self.points = add_n([shape_of(x)[0] for x in self.inputs])

    def op(self) -> Any:
        """The operation that chooses more centers; where all are chosen, it does nothing."""
        return cond(
            equal(self.remaining, 0), lambda: assert_equal(self.ready, True), self._initialize
        )

    def _initialize(self) -> Any:
        with scopes.control_dependencies([assert_positive(self.remaining)]):
            chained = isinstance(self.given, str) and self.given == KMC2_INIT
            left = self._chained() if chained else self._added()
            return cond(equal(left, 0), lambda: assign(self.ready, True), no_op)

    # --- centers of one batch at a time ---
    def _added(self) -> Any:
        new = self._chosen()
        if self.is_cosine:
            new = normalized(new)
        every = cond(equal(self.selected, 0), lambda: new, lambda: concat([self.centers, new], 0))
        return self.number - shape_of(self._assigned(every))[0]

    def _assigned(self, centers: Any) -> Any:
        made = assign(self.centers, centers, validate_shape=False)
        if self.updated is not self.centers:
            made = assign(self.updated, made, validate_shape=False)
        return made

    def _chosen(self) -> Any:
        if isinstance(self.given, str):
            if self.given == RANDOM_INIT:
                return self._all_or(self._random)
            return self._from_enough(self._plus_plus)
        if callable(self.given):
            return self.given(self.inputs, self.remaining)
        same = assert_equal(self.remaining, shape_of(self.given)[0])
        with scopes.control_dependencies([same]):
            return self.given

    def _all_or(self, choose: Callable[[], Any]) -> Any:
        """All points, if there are no more than are missing."""
        return cond(self.points <= self.remaining, lambda: concat(self.inputs, 0), choose)

    def _from_enough(self, choose: Callable[[], Any]) -> Any:
        enough = assert_greater_equal(self.points, self.remaining)
        with scopes.control_dependencies([enough]):
            return choose()

    def _random(self) -> Any:
        places = random_uniform(
            reshape(self.remaining, [-1]), minval=0, maxval=cast(self.points, int64),
            seed=self.seed, dtype=int64,
        )  # fmt: skip
        return embedding_lookup(self.inputs, places, partition_strategy="div")

    def _plus_plus(self) -> Any:
        x = self.inputs[0]
        if self.is_cosine:
            x = normalized(x)
        return kmeans_plus_plus_initialization(
            x, cast(self.remaining, int64), self.seed, self.retries
        )

    # --- chains ---
    def _chained(self) -> Any:
        """Takes a center for each chain of the batch; returns how many are missing then."""
        batch = shape_of(self.inputs[0])[0]
        most = cast(batch / self.chain, int32)
        number = maximum(minimum(self.remaining, most), 1)

        def step(i: Any, _: Any) -> Any:
            new = cond(equal(self.selected, 0), self._first, lambda: self._end_of_chain(i))
            return i + 1, self.number - shape_of(self._assigned(new))[0]

        _, left = while_loop(lambda i, _: less(i, number), step, [0, 0])
        return left

    def _first(self) -> Any:
        return self._row(self.inputs[0][0])

    def _row(self, point: Any) -> Any:
        row = reshape(point, [1, -1])
        return normalized(row) if self.is_cosine else row

    def _end_of_chain(self, i: Any) -> Any:
        start = i * self.chain
        chain = self.inputs[0][start : start + self.chain]
        _, distances = nearest_neighbors(chain, self.centers, 1)
        at = kmc2_chain_initialization(squeeze(distances), self.seed)
        return concat([self.centers, self._row(chain[at])], 0)
