"""Data sets: elements, graphs and errors as TensorFlow 1.15.5 gives them.

The programs are tests/golden/input/dataset_programs.py; record_datasets.py ran them there.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import graphflow as tf

GOLDEN = Path(__file__).parents[1] / "golden" / "input"


def _programs() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "dataset_programs", GOLDEN / "dataset_programs.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


P = _programs()
RECORDS: dict[str, Any] = json.loads(gzip.decompress((GOLDEN / "datasets.json.gz").read_bytes()))

OWN_MESSAGES = {
    "slices of different lengths",  # names the tensors
    "records damaged",  # names the file
}
_FLOW = "inside functions TensorFlow declares If and While"
OTHER_NODES = {
    "map cond": _FLOW,
    "map while": _FLOW,
    "bucket to boundary": _FLOW,
    "rejection_resample": _FLOW,
}
"""Pipelines whose functions hold other operations than TensorFlow's, and why."""
RACES = {"rejection_resample"}
"""What depends on TensorFlow's threads."""


@pytest.fixture(scope="module", autouse=True)
def _files(tmp_path_factory: pytest.TempPathFactory) -> None:
    P.FOLDER = str(tmp_path_factory.mktemp("data"))
    P.write_files(tf)


def jsonable(value: Any) -> Any:
    return json.loads(json.dumps(value))


def same(found: Any, wanted: Any) -> bool:
    """Equal; floats up to rounding."""
    if isinstance(wanted, float) and isinstance(found, float):
        return math.isclose(found, wanted, rel_tol=1e-6) or (found != found and wanted != wanted)
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(same(a, b) for a, b in zip(found, wanted, strict=True))
        )
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(same(found[k], wanted[k]) for k in wanted)
    return bool(found == wanted)


def without_function(text: str) -> str:
    """A message without TensorFlow's word on the function that failed."""
    while text.startswith("{{function_node"):
        text = text.partition("}}")[2].strip()
    return text


def messages(value: Any) -> Any:
    if isinstance(value, list):
        return [messages(v) for v in value]
    return without_function(value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def runs() -> dict[str, Any]:
    return {}


def run_of(runs: dict[str, Any], name: str) -> Any:
    if name not in runs:
        runs[name] = jsonable(P.run_pipeline(tf, name))
    return runs[name]


@pytest.mark.parametrize("name", [n for n in P.PIPELINES if n not in RACES])
@pytest.mark.parametrize("part", ["initializable", "again", "one shot", "types", "shapes"])
def test_elements_are_those_of_tensorflow(runs: dict[str, Any], name: str, part: str) -> None:
    found, wanted = run_of(runs, name)[part], messages(RECORDS["pipelines"][name][part])
    assert same(found, wanted), f"{found}\n{wanted}"


@pytest.mark.parametrize("name", list(P.PIPELINES))
@pytest.mark.parametrize("part", ["nodes initializable", "nodes one shot"])
def test_graphs_are_those_of_tensorflow(runs: dict[str, Any], name: str, part: str) -> None:
    found, wanted = run_of(runs, name)[part], RECORDS["pipelines"][name][part]
    assert found[0] == wanted[0]
    assert (found[1] == wanted[1]) != (name in OTHER_NODES)


@pytest.mark.parametrize("name", list(P.MISTAKES))
def test_mistakes_are_told_as_in_tensorflow(name: str) -> None:
    found, wanted = P.run_mistake(tf, name), messages(RECORDS["mistakes"][name])
    assert found[:2] == wanted[:2]
    if name not in OWN_MESSAGES:
        text = wanted[2].strip().replace("tensorflow.python.framework", "graphflow.core")
        assert found[2] == text


@pytest.mark.parametrize("name", list(P.PROGRAMS))
def test_programs_return_what_they_do_in_tensorflow(name: str) -> None:
    found = jsonable(P.run_program(tf, name))
    wanted = messages(RECORDS["programs"][name])
    assert same(found, wanted), f"{found}\n{wanted}"


# --- what has no recording ---
def test_a_one_shot_pipeline_survives_a_graph_file() -> None:
    with tf.Graph().as_default() as graph:
        dataset = tf.data.Dataset.from_tensor_slices([1, 2, 3]).map(lambda x: x * 10).repeat(2)
        dataset = dataset.flat_map(lambda x: tf.data.Dataset.from_tensors(x).repeat(2)).batch(4)
        tf.identity(dataset.make_one_shot_iterator().get_next(), name="out")
    data = graph.as_graph_def().SerializeToString()
    with tf.Graph().as_default(), tf.Session() as sess:
        message = tf.GraphDef.FromString(data)
        (out,) = tf.import_graph_def(message, return_elements=["out:0"], name="")
        assert sess.run(out).tolist() == [10, 10, 20, 20]
        assert sess.run(out).tolist() == [30, 30, 10, 10]


def test_elements_belong_to_the_user() -> None:
    data = np.arange(6.0)
    with tf.Graph().as_default(), tf.Session() as sess:
        element = (
            tf.data.Dataset.from_tensor_slices(data).batch(3).repeat().make_one_shot_iterator()
        )
        out = element.get_next()
        first = sess.run(out)
        first[:] = -1
        sess.run(out)
        assert sess.run(out).tolist() == [0.0, 1.0, 2.0]
        assert data[0] == 0.0


def test_cached_elements_are_not_changed_by_the_user() -> None:
    with tf.Graph().as_default(), tf.Session() as sess:
        dataset = tf.data.Dataset.range(2).map(lambda x: tf.fill([2], x)).cache().repeat()
        out = dataset.make_one_shot_iterator().get_next()
        for _ in range(2):
            sess.run(out)[:] = 9
            sess.run(out)
        assert sess.run(out).tolist() == [0, 0]


def test_a_variable_that_a_data_set_took_its_elements_from_may_change() -> None:
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable([1, 2, 3])
        iterator = tf.data.Dataset.from_tensor_slices(v).make_initializable_iterator()
        out = iterator.get_next()
        sess.run(v.initializer)
        sess.run(iterator.initializer)
        sess.run(v.assign([7, 7, 7]))
        assert sess.run([out]) == [1]


def test_the_users_line_is_in_an_error_inside_a_function() -> None:
    with tf.Graph().as_default(), tf.Session() as sess:
        dataset = tf.data.Dataset.range(1).map(
            lambda x: tf.floordiv(x, x)  # here
        )
        out = dataset.make_one_shot_iterator().get_next()
        with pytest.raises(tf.errors.InvalidArgumentError, match="# here"):
            sess.run(out)


def test_a_generator_is_closed_when_nobody_iterates_any_more() -> None:
    closed: list[bool] = []

    def numbers() -> Any:
        try:
            yield from range(10)
        finally:
            closed.append(True)

    with tf.Graph().as_default(), tf.Session() as sess:
        iterator = tf.data.Dataset.from_generator(
            numbers, tf.int32, []
        ).make_initializable_iterator()
        out = iterator.get_next()
        sess.run(iterator.initializer)
        sess.run(out)
        sess.run(iterator.initializer)
        assert closed == [True]
        assert sess.run(out) == 0


def test_iterators_may_be_used_by_several_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with tf.Graph().as_default(), tf.Session() as sess:
        out = tf.data.Dataset.range(400).map(lambda x: x * 2).make_one_shot_iterator().get_next()
        sess.run(tf.constant(0))
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: int(sess.run(out)), range(400)))
        assert sorted(found) == list(range(0, 800, 2))


def test_a_data_set_is_written_to_a_file_of_records(tmp_path: Path) -> None:
    path = str(tmp_path / "records")
    with tf.Graph().as_default(), tf.Session() as sess:
        words = tf.data.Dataset.from_tensor_slices(["a", "bc", ""])
        sess.run(tf.data.experimental.TFRecordWriter(path, "GZIP").write(words))
        out = tf.data.TFRecordDataset(path, "GZIP").batch(4).make_one_shot_iterator().get_next()
        assert sess.run(out).tolist() == [b"a", b"bc", b""]


def test_many_calls_of_get_next_are_warned_of() -> None:
    with tf.Graph().as_default():
        iterator = tf.data.Dataset.range(3).make_one_shot_iterator()
        for _ in range(32):
            iterator.get_next()
        with pytest.warns(UserWarning, match="unusually high number"):
            iterator.get_next()
