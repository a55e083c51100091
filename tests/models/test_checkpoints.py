"""tf.train.Checkpoint and the files of models keep variables by their owners, as TensorFlow's do.

The files in tests/golden/models/checkpoints are TensorFlow 1.15.5's (see record_engine.py there).
"""

from __future__ import annotations

import gzip
import json
import pathlib
from typing import Any

import numpy as np
import pytest

import graphflow as tf
from tests.models import engine_programs as programs

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "models"
FILES = GOLDEN / "checkpoints"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    tf.keras.backend.clear_session()
    tf.set_random_seed(7)
    np.random.seed(7)  # noqa: NPY002  (Keras shuffles with NumPy's global numbers)


def recorded() -> Any:
    text = gzip.decompress((GOLDEN / "engine_1_15_5.json.gz").read_bytes())
    return json.loads(text)["checkpoints"]


def keys(prefix: Any) -> list[Any]:
    return [[name, list(shape)] for name, shape in tf.train.list_variables(str(prefix))]


def test_keys_are_those_of_tensorflow(tmp_path: pathlib.Path) -> None:
    paths = programs.write_checkpoints(tf, str(tmp_path))
    assert {name: keys(path) for name, path in paths.items()} == recorded()["keys"]


def test_object_graph_is_that_of_tensorflow(tmp_path: pathlib.Path) -> None:
    name = "_CHECKPOINTABLE_OBJECT_GRAPH"
    paths = programs.write_checkpoints(tf, str(tmp_path))
    for file, path in paths.items():
        got = tf.train.load_checkpoint(path).get_tensor(name)
        want = tf.train.load_checkpoint(str(FILES / file)).get_tensor(name)
        assert got == want


def test_model_loads_the_variables_and_the_optimizer_of_tensorflow_s_file() -> None:
    x, y = programs.data()
    model = programs.compiled(tf)
    model.load_weights(str(FILES / "weights"))
    want = recorded()
    np.testing.assert_allclose(model.predict(x[:3]), want["predict"], rtol=1e-4)
    history = model.fit(x, y, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], want["loss"], rtol=1e-4)
    assert tf.keras.backend.get_value(model.optimizer.iterations) == want["iterations"]


def test_model_without_variables_loads_them_when_it_is_built() -> None:
    saved = programs.compiled(tf)
    model = tf.keras.Sequential([tf.keras.layers.Dense(8, "relu")])
    model.build((None, 4))
    model.load_weights(str(FILES / "weights"))
    saved.load_weights(str(FILES / "weights"))
    with pytest.raises(AssertionError, match="Nothing except the root object matched"):
        model.load_weights(str(FILES / "objects-1"))
    for got, want in zip(model.get_weights(), saved.get_weights()[:2], strict=True):
        np.testing.assert_array_equal(got, want)


def test_objects_find_their_values_in_tensorflow_s_file() -> None:
    with tf.Session() as session:
        checkpoint, variables = programs.objects(tf)
        status = checkpoint.restore(str(FILES / "objects-1"))
        status.assert_consumed().run_restore_ops(session)
        found = [np.asarray(v, float).tolist() for v in session.run(variables)]
    assert found == recorded()["values"]


def test_objects_that_come_later_find_theirs_too(tmp_path: pathlib.Path) -> None:
    v = tf.Variable(2.0, name="v")
    with tf.Session() as session:
        session.run(v.initializer)
        path = tf.train.Checkpoint(v=v).save(str(tmp_path / "a"))
        later = tf.train.Checkpoint()
        status = later.restore(path)
        with pytest.raises(AssertionError, match="Unresolved object in checkpoint"):
            status.assert_consumed()
        later.v = tf.Variable(5.0, name="w")
        later.other = tf.Variable(7.0, name="x")
        with pytest.raises(AssertionError, match="Object not assigned a value"):
            status.assert_existing_objects_matched()
        status.assert_nontrivial_match().initialize_or_restore(session)
        assert session.run([later.v, later.other]) == [2.0, 7.0]


def test_without_a_path_variables_get_their_first_values() -> None:
    checkpoint = tf.train.Checkpoint(v=tf.Variable(3.0))
    status = checkpoint.restore(None)
    with pytest.raises(AssertionError, match="nothing is being restored"):
        status.assert_consumed()
    with tf.Session() as session:
        status.initialize_or_restore(session)
        assert session.run(checkpoint.v) == 3.0


def test_what_owns_no_variables_is_refused() -> None:
    with pytest.raises(ValueError, match="was expecting a trackable object"):
        tf.train.Checkpoint(v=1)


def test_manager_keeps_the_last_checkpoints(tmp_path: pathlib.Path) -> None:
    checkpoint = tf.train.Checkpoint(v=tf.Variable(3.0))
    with tf.Session() as session:
        session.run(checkpoint.v.initializer)
        manager = tf.train.CheckpointManager(checkpoint, str(tmp_path), max_to_keep=2)
        for _ in range(4):
            manager.save()
        manager.save(checkpoint_number=9)
    names = [pathlib.Path(path).name for path in manager.checkpoints]
    assert names == ["ckpt-4", "ckpt-9"]
    assert manager.latest_checkpoint == tf.train.latest_checkpoint(str(tmp_path))
    assert sorted(p.name for p in tmp_path.glob("*.index")) == ["ckpt-4.index", "ckpt-9.index"]
    again = tf.train.CheckpointManager(checkpoint, str(tmp_path), max_to_keep=2)
    assert again.checkpoints == manager.checkpoints
    with pytest.raises(ValueError, match="positive integer"):
        tf.train.CheckpointManager(checkpoint, str(tmp_path), max_to_keep=0)


def test_best_variables_are_kept_by_model_checkpoint(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x, y = programs.data()
    model = programs.compiled(tf)
    path = str(tmp_path / "best-{epoch}")
    keep = tf.keras.callbacks.ModelCheckpoint(
        path, monitor="loss", verbose=1, save_best_only=True, save_weights_only=True
    )
    model.fit(x, y, epochs=2, verbose=0, callbacks=[keep])
    printed = capsys.readouterr().out
    assert "Epoch 00001: loss improved from inf to" in printed
    before = model.get_weights()
    model.set_weights([0 * w for w in before])
    model.load_weights(tf.train.latest_checkpoint(str(tmp_path)))
    for got, want in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, want)


def test_model_goes_through_an_hdf5_file(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("h5py", reason="the package h5py is an extra")
    x, y = programs.data()
    model = programs.compiled(tf)
    model.fit(x, y, verbose=0)
    path = str(tmp_path / "model.h5")
    model.save(path)
    found = tf.keras.models.load_model(path)
    np.testing.assert_array_equal(found.predict(x), model.predict(x))
    assert len(found.optimizer.get_weights()) == len(model.optimizer.get_weights())
    model.save_weights(path)
    found.load_weights(path, by_name=True)


def test_without_h5py_the_error_says_so(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(ImportError, match="requires h5py"):
        programs.compiled(tf).save_weights(str(tmp_path / "w.h5"))
