"""Clusterings have the graphs and the numbers of TensorFlow 1.15.5.

TensorFlow's side is recorded in tests/golden/layers (see record_kmeans.py there).
"""

from __future__ import annotations

import functools
import gzip
import json
import pathlib
from typing import Any

import numpy as np
import pytest

import graphflow as tf
from graphflow.ops import clustering
from graphflow.ops._simple_philox import SimplePhilox
from tests.nets import kmeans_calls as calls
from tests.programs import compare

PATH = pathlib.Path(__file__).parents[1] / "golden" / "layers" / "kmeans_1_15_5.json.gz"
RECORDED: dict[str, Any] = json.loads(gzip.decompress(PATH.read_bytes()))["calls"]
every_call = pytest.mark.parametrize("name", list(calls.CALLS))


@functools.cache
def observed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(calls.observed(tf, calls.CALLS[name])))
    return found


def close(got: Any, want: Any) -> None:
    assert [row[0] for row in got] == [row[0] for row in want]
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g[1:], w[1:], rtol=1e-4, atol=1e-4 * max(1.0, w[2]))


def test_every_call_is_recorded() -> None:
    assert RECORDED.keys() == calls.CALLS.keys()


@every_call
def test_nodes_are_those_of_tensorflow(name: str) -> None:
    differences = compare.node_differences(RECORDED[name]["nodes"], observed(name)["nodes"])
    assert not differences, "\n".join(differences)


@every_call
def test_variables_have_the_names_and_results_the_shapes_of_tensorflow(name: str) -> None:
    want, got = RECORDED[name], observed(name)
    assert not compare.collection_differences(want["collections"], got["collections"])
    assert got["shapes"] == want["shapes"]


@every_call
def test_first_centers_are_those_of_tensorflow(name: str) -> None:
    want, got = RECORDED[name], observed(name)
    assert got["starts"] == want["starts"]
    close(got["first"], want["first"])


@every_call
def test_training_goes_as_in_tensorflow(name: str) -> None:
    want, got = RECORDED[name], observed(name)
    for g, w in zip(got["steps"], want["steps"], strict=True):
        close(g, w)
    if want["last"]:  # else TensorFlow's steps differ from run to run
        close(observed(name)["last"], want["last"])


@pytest.fixture
def graph() -> Any:
    with tf.Graph().as_default() as made:
        yield made


def _kmeans(*args: Any, **options: Any) -> Any:
    return tf.contrib.factorization.KMeans(*args, **options)


@pytest.mark.usefixtures("graph")
def test_what_is_not_known_is_refused() -> None:
    x = tf.zeros([3, 2])
    with pytest.raises(ValueError, match="Unsupported initialization algorithm 'far'"):
        _kmeans(x, 2, "far")
    with pytest.raises(ValueError, match="Unsupported distance metric 'manhattan'"):
        _kmeans(x, 2, distance_metric="manhattan")


@pytest.mark.usefixtures("graph")
def test_centers_of_another_number_and_too_few_points_are_refused() -> None:
    x = tf.constant(calls.points(3))
    made = _kmeans(x, 4, "kmeans_plus_plus").training_graph()
    start = made[4]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="x >= y did not hold"):
            session.run(start)


def _trained(steps: int, **options: Any) -> tuple[Any, Any]:
    """Centers before and after some mini batches."""
    x = tf.placeholder(tf.float32, [None, 3])
    start = calls.points(4, 1)
    made = _kmeans(x, 4, start, use_mini_batch=True, **options).training_graph()
    centers = tf.global_variables()[0]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(made[4], {x: start})
        before = session.run(centers)
        for i in range(steps):
            session.run(made[5], {x: calls.points(20, i)})
        return before, session.run(centers)


def _moved(batch: Any, fixed: Any, centers: Any, counts: Any) -> None:
    """Moves each center to the mean of all the points it has seen, those of the batch added."""
    nearest = ((batch[:, np.newaxis] - fixed) ** 2).sum(2).argmin(1)
    for i in set(nearest.tolist()):
        own = batch[nearest == i]
        centers[i] += (own - centers[i]).sum(0) / (counts[i] + len(own))
        counts[i] += len(own)


@pytest.mark.usefixtures("graph")
def test_mini_batches_move_centers_to_the_mean_of_what_they_have_seen() -> None:
    before, after = _trained(5)
    centers, counts = before.copy(), np.ones(4)
    for i in range(5):
        _moved(calls.points(20, i), centers.copy(), centers, counts)
    np.testing.assert_allclose(after, centers, rtol=1e-5)


@pytest.mark.usefixtures("graph")
def test_centers_follow_after_so_many_mini_batches() -> None:
    before, after = _trained(7, mini_batch_steps_per_iteration=3)
    centers, updated, counts = before.copy(), before.copy(), np.zeros(4)
    for i in range(7):
        compared = centers  # a step that sets the centers compares with those before
        if i and i % 3 == 0:
            centers, counts = updated.copy(), np.zeros(4)
        _moved(calls.points(20, i), compared, updated, counts)
    np.testing.assert_allclose(after, centers, rtol=1e-5)


@pytest.mark.usefixtures("graph")
def test_centers_of_cosines_keep_length_one() -> None:
    before, after = _trained(4, distance_metric="cosine", mini_batch_steps_per_iteration=2)
    np.testing.assert_allclose(np.linalg.norm(before, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(after, axis=1), 1, rtol=1e-5)
    assert not np.allclose(before, after)


@pytest.mark.usefixtures("graph")
def test_several_chains_of_a_run_find_one_center() -> None:
    x = tf.constant(calls.points(60))
    made = _kmeans(x, 5, "kmc2", kmc2_chain_length=10).training_graph()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        # All chains of a run begin with the centers before it, and the last one's center stays.
        for ready in (False, False, False, False, True):
            session.run(made[4])
            assert session.run(made[3]) == ready
        centers = session.run(tf.global_variables()[0])
    found = {tuple(row) for row in centers.tolist()}
    assert len(found) == 5
    assert found <= {tuple(row) for row in calls.points(60).tolist()}


@pytest.mark.usefixtures("graph")
def test_a_negative_number_of_neighbors_is_refused() -> None:
    """TensorFlow 1.15.5 ends the process here."""
    found = clustering.nearest_neighbors(np.ones((3, 2), "f"), np.ones((2, 2), "f"), -1)
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="k >= 0"):
        session.run(found)


def test_equal_points_are_picked_once_each() -> None:
    """TensorFlow reads behind its arrays here."""
    same = np.full((4, 3), 0.1, np.float32)
    for seed in range(5):
        picker = clustering._Picker(same, seed)
        assert sorted(picker.picked(4, 1 + seed % 3)) == [0, 1, 2, 3]


def test_numbers_are_drawn_one_after_the_other() -> None:
    draws = SimplePhilox(3)
    first = [draws.rand32() for _ in range(600)]
    again = SimplePhilox(3)
    assert [again.rand64() for _ in range(300)] == [
        a | b << 32 for a, b in zip(first[::2], first[1::2], strict=True)
    ]
    third = SimplePhilox(3)
    assert third.uniform64(8) == (first[0] | first[1] << 32) % 8
    assert 0 <= third.uniform64(1000) < 1000
    assert all(0 <= third.rand_float() < 1 for _ in range(100))
