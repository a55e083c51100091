"""Rows of first centers of clusters, and of nearest ones."""

from __future__ import annotations

import importlib
import os

from _rows import case, error, f, l


def of(name):
    """A function that lies inside of TensorFlow."""

    def called(*inputs):
        given = os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow"
        place = "tensorflow.python.ops.gen_clustering_ops" if given else "graphflow.ops.clustering"
        found = getattr(importlib.import_module(place), name)(*inputs)
        return list(found) if isinstance(found, tuple) else found

    return called


plus_plus, chain = of("kmeans_plus_plus_initialization"), of("kmc2_chain_initialization")
nearest = of("nearest_neighbors")
NO_GRADIENT = "TensorFlow has none either"


def n(value):
    return l(value=value)


for sizes, number, seed, retries in (
    ((12, 3), 3, 0, 0),
    ((12, 3), 5, 7, 2),
    ((40, 2), 8, -3, -1),
    ((7, 4), 7, 1 << 40, 1),
    ((64, 2), 1, 5, 0),
    ((2, 0), 1, 5, 0),
):
    case(
        "KmeansPlusPlusInitialization",
        plus_plus,
        f(*sizes),
        n(number),
        n(seed),
        n(retries),
        grad=NO_GRADIENT,
    )
for size, seed in ((9, 3), (200, 0), (1, 8)):
    case("KMC2ChainInitialization", chain, f(size, low=0, high=3), n(seed), grad=NO_GRADIENT)
case("KMC2ChainInitialization", chain, f([0, 0, 3, 0, 1, float("nan"), 2]), n(1), grad=NO_GRADIENT)
for points, centers, k in (
    ((12, 3), (5, 3), 1),
    ((12, 3), (5, 3), 3),
    ((12, 3), (5, 3), 9),
    ((3, 3), (5, 3), 0),
    ((3, 3), (0, 3), 2),
    ((4, 1), (1500, 1), 4),
    ((4, 2), (1500, 2), 1),
):
    case("NearestNeighbors", nearest, f(*points), f(*centers), n(k), tol=1e-4, grad=NO_GRADIENT)
ties = f([[0, 0], [1, 0], [-1, 0], [0, 1]])
case("NearestNeighbors", nearest, f([[0, 0], [2, 2]]), ties, n(3), grad=NO_GRADIENT)
case("NearestNeighbors", nearest, f([[0, 0.5], [2, 2]]), ties, n(1), grad=NO_GRADIENT)

for given, says in (
    ((f(3), n(1), n(0), n(0)), "Input points should be a matrix."),
    ((f(3, 2), l([1]), n(0), n(0)), "Input num_to_sample should be a scalar."),
    ((f(3, 2), n(1), l([0]), n(0)), "Input seed should be a scalar."),
    ((f(3, 2), n(1), n(0), l([0])), "Input num_retries_per_sample should be a scalar."),
    ((f(0, 2), n(1), n(0), n(0)), "Expected points.rows() > 0."),
    ((f(3, 2), n(0), n(0), n(0)), "Expected num_to_sample > 0."),
    ((f(3, 2), n(4), n(0), n(0)), "Expected num_to_sample <= points.rows(). 4 vs 3."),
):
    error("KmeansPlusPlusInitialization", plus_plus, *given, at="run", says=says)
for given, says in (
    ((f(3, 2), n(1)), "Input distances should be a vector."),
    ((f(3), l([1])), "Input seed should be a scalar."),
    ((f(0), n(1)), "Expected distances_tensor.size() > 0."),
):
    error("KMC2ChainInitialization", chain, *given, at="run", says=says)
for given, says in (
    ((f(3), f(3, 2), n(1)), "Input points should be a matrix."),
    ((f(3, 2), f(2), n(1)), "Input centers should be a matrix."),
    ((f(3, 2), f(2, 2), l([1])), "Input k should be a scalar."),
    ((f(0, 2), f(2, 2), n(1)), "Expected points.rows() > 0."),
    ((f(3, 2), f(2, 3), n(1)), "Expected point_dimensions == center_dimensions: 2 vs 3."),
):
    error("NearestNeighbors", nearest, *given, at="run", says=says)
