"""The `checkpoint` file: TensorFlow's text, and no damage that stops a program."""

import os
import random

import numpy as np
import pytest

from graphflow.formats.bundle_writer import write_bundle
from graphflow.formats.checkpoint_state import (
    checkpoint_exists,
    generate_checkpoint_state_proto,
    get_checkpoint_state,
    latest_checkpoint,
    update_checkpoint_state,
)
from tests.formats.golden import DIRECTORY, outcome
from tests.golden.formats import values


@pytest.mark.parametrize("name", values.STATES)
def test_the_text_is_tensorflows(name, tmp_path):
    latest, paths = values.STATES[name]
    update_checkpoint_state(tmp_path, latest, paths)
    assert (tmp_path / "checkpoint").read_bytes() == (DIRECTORY / "state" / name).read_bytes()
    assert os.listdir(tmp_path) == ["checkpoint"]


@pytest.mark.parametrize("name", values.STATES)
def test_recorded_files_read(name):
    latest, paths = values.STATES[name]
    state = get_checkpoint_state(DIRECTORY / "state", name)
    directory = str(DIRECTORY / "state")
    assert state.model_checkpoint_path == os.path.join(directory, latest)
    assert list(state.all_model_checkpoint_paths) == [os.path.join(directory, p) for p in paths]


def test_relative_directories_hold_relative_paths():
    state = generate_checkpoint_state_proto("a/b", "a/b/m-2", ["a/b/m-1"], [1.0, 2.0], 0.5)
    assert state.model_checkpoint_path == "m-2"
    assert list(state.all_model_checkpoint_paths) == ["m-1", "m-2"]
    assert list(state.all_model_checkpoint_timestamps) == [1, 2]
    assert state.last_preserved_timestamp == 0.5


def test_absolute_paths_can_be_made_relative(tmp_path):
    paths = [str(tmp_path / f"m-{i}") for i in range(2)]
    update_checkpoint_state(tmp_path, paths[1], paths, "state", save_relative_paths=True)
    assert (tmp_path / "state").read_text().splitlines()[0] == 'model_checkpoint_path: "m-1"'
    assert list(get_checkpoint_state(tmp_path, "state").all_model_checkpoint_paths) == paths


def test_the_callers_list_is_left_alone():
    paths = ["m-1"]
    generate_checkpoint_state_proto("/d", "m-2", paths)
    assert paths == ["m-1"]


def test_timestamps_must_match():
    with pytest.raises(ValueError, match="Checkpoint timestamps, if provided, must match"):
        generate_checkpoint_state_proto("/d", "m", ["m"], [1.0, 2.0])


def test_a_checkpoint_cannot_have_the_name_of_the_file(tmp_path):
    with pytest.raises(RuntimeError, match="conflicts with path used for checkpoint state"):
        update_checkpoint_state(tmp_path, str(tmp_path / "checkpoint"))


def test_the_latest_must_exist(tmp_path, caplog):
    assert latest_checkpoint(tmp_path) is None
    assert latest_checkpoint(tmp_path / "nowhere") is None
    update_checkpoint_state(tmp_path, str(tmp_path / "m-1"))
    assert latest_checkpoint(tmp_path) is None
    assert "Couldn't match files for checkpoint" in caplog.text
    write_bundle(tmp_path / "m-1", [("x", np.zeros(2), None)])
    assert checkpoint_exists(tmp_path / "m-1")
    assert latest_checkpoint(tmp_path) == str(tmp_path / "m-1")
    (tmp_path / "m-2").write_bytes(b"a V1 checkpoint")
    update_checkpoint_state(tmp_path, "m-2")
    assert latest_checkpoint(tmp_path) == str(tmp_path / "m-2")


def test_an_empty_file_is_an_error_as_in_tensorflow(tmp_path):
    (tmp_path / "checkpoint").write_bytes(b"")
    with pytest.raises(ValueError, match="Invalid checkpoint state loaded from"):
        latest_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "garbage", [b"\xff\xfe\x00garbage", b'model_checkpoint_path: "cut', b"}{", b"a {" * 5000]
)
def test_garbage_counts_as_no_file(garbage, tmp_path, caplog):
    (tmp_path / "checkpoint").write_bytes(garbage)
    assert latest_checkpoint(tmp_path) is None
    assert "Checkpoint ignored" in caplog.text


def test_unknown_fields_are_harmless(tmp_path):
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "m"\nnew_field: 3\n')
    assert get_checkpoint_state(tmp_path).model_checkpoint_path == str(tmp_path / "m")


@pytest.mark.filterwarnings("ignore:invalid escape sequence")  # protobuf's own
def test_mutated_files_end_in_an_answer(tmp_path):
    rng = random.Random(8)
    good = (DIRECTORY / "state" / "escaped").read_bytes()
    for _ in range(500):
        data = bytearray(good)
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        (tmp_path / "checkpoint").write_bytes(data[: rng.randrange(len(data) + 1)])
        result = outcome(get_checkpoint_state, tmp_path, kind=ValueError)
        assert not isinstance(result, ValueError) or "Invalid checkpoint state" in str(result)
