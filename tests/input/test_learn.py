"""Words, categories and tables of `tf.contrib.learn` are as in TensorFlow 1.15.5.

TensorFlow's side is recorded in tests/golden/input/learn.json (see record_learn.py there).
"""

from __future__ import annotations

import base64
import json
import pathlib
import pickle
from typing import Any

import pytest

import graphflow as tf
from graphflow.examples.tutorials.mnist import input_data
from graphflow.input import learn_vocabulary
from tests.input import learn_calls as calls

PATH = pathlib.Path(__file__).parents[1] / "golden" / "input" / "learn.json"
RECORDED: dict[str, Any] = json.loads(PATH.read_text())["calls"]
learn = tf.contrib.learn


def test_every_call_is_recorded() -> None:
    assert RECORDED.keys() == calls.CALLS.keys()


@pytest.mark.parametrize("name", list(calls.CALLS))
def test_calls_give_what_tensorflow_gives(name: str, tmp_path: pathlib.Path) -> None:
    found = calls.observed(tf, name, tmp_path)
    assert json.dumps(found, sort_keys=True) == json.dumps(RECORDED[name], sort_keys=True)


def test_a_file_of_tensorflow_can_be_read(tmp_path: pathlib.Path) -> None:
    rows, written = RECORDED["file_of_words"]
    (tmp_path / "vocab").write_bytes(base64.b64decode(written))
    made = learn.preprocessing.VocabularyProcessor.restore(str(tmp_path / "vocab"))
    assert type(made) is learn.preprocessing.VocabularyProcessor
    assert [row.tolist() for row in made.transform(calls.TEXTS)] == [row[1] for row in rows]


def test_a_tokenizer_without_a_module_cannot_be_saved(tmp_path: pathlib.Path) -> None:
    made = learn.preprocessing.VocabularyProcessor(3, tokenizer_fn=lambda texts: [])
    with pytest.raises((pickle.PicklingError, AttributeError)):
        made.save(str(tmp_path / "vocab"))
    with pytest.raises(tf.errors.NotFoundError):
        learn.preprocessing.VocabularyProcessor.restore(str(tmp_path / "nothing"))


def words(texts: Any) -> Any:
    return [text.split() for text in texts]


def test_a_file_that_names_other_functions_is_not_read(tmp_path: pathlib.Path) -> None:
    made = learn.preprocessing.VocabularyProcessor(3, tokenizer_fn=words)
    made.save(str(tmp_path / "vocab"))
    assert f"c{__name__}\nwords\n".encode() in (tmp_path / "vocab").read_bytes()
    with pytest.raises(ValueError, match=rf"calls {__name__}\.words is not read, since that could"):
        learn.preprocessing.VocabularyProcessor.restore(str(tmp_path / "vocab"))


def test_data_frames_are_rows() -> None:
    class Frame:
        def to_numpy(self) -> list[list[str]]:
            return [["a"], ["b"], ["a"]]

    made = learn.preprocessing.CategoricalProcessor()
    assert [row.tolist() for row in made.fit_transform(Frame())] == [[1], [2], [1]]


def test_names_lie_where_programs_import_them_from() -> None:
    inside = learn.python.learn
    assert inside.preprocessing.text.VocabularyProcessor is learn_vocabulary.VocabularyProcessor
    assert inside.preprocessing.text.TOKENIZER_RE is learn_vocabulary.TOKENIZER_RE
    assert inside.datasets.base.Dataset is learn.datasets.base.Dataset
    assert inside.datasets.mnist.read_data_sets is input_data.read_data_sets
    assert learn.datasets.mnist.DataSet is input_data.DataSet
    assert inside.ModeKeys is learn.ModeKeys


def test_a_file_is_fetched_once(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRAPHFLOW_OFFLINE", raising=False)
    (tmp_path / "there").write_text("hello")
    url = (tmp_path / "there").as_uri()
    for _ in range(2):
        path = learn.datasets.base.maybe_download("here", tmp_path / "new", url)
    assert pathlib.Path(path).read_text() == "hello"
    assert capsys.readouterr().out == "Successfully downloaded here 5 bytes.\n"
