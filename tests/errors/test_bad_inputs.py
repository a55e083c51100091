"""571 bad inputs (541 errors, 30 that are none) end as they do in TensorFlow 1.15.5.

TensorFlow's side is recorded in tests/golden/errors (see tests/golden/record_errors.py). Of the
text only the phrase that people search for has to agree; the rest of a message is graphflow's own.
"""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any

import pytest

import graphflow as tf
from tests.errors import harness
from tests.errors.table import CASES

PATH = pathlib.Path(__file__).parents[1] / "golden" / "errors" / "errors_1_15_5.json"
RECORDS: list[dict[str, Any]] = json.loads(PATH.read_text())["cases"]
ERRORS = [record for record in RECORDS if record["class"] is not None]
NO_ERRORS = [record for record in RECORDS if record["class"] is None]
MADE_AT = re.compile(r"made at (\S+):(\d+):")


def title(record: dict[str, Any]) -> str:
    return f"{record['id']:03d} {record['title']}"


def test_recording_is_that_of_the_table() -> None:
    assert len(CASES) == 571
    assert len(ERRORS) == 541
    recorded = [(r["id"], r["title"], r["code"], r["phrase"], r["names_line"]) for r in RECORDS]
    table = [(c.number, c.title, c.code, c.says, bool(c.names_line)) for c in CASES]
    assert recorded == table, "record the table again: tests/golden/record_errors.py"


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)  # some snippets write into the current folder
    return str(tmp_path)


@pytest.mark.parametrize("record", ERRORS, ids=title)
def test_error_is_that_of_tensorflow(record: dict[str, Any], folder: str) -> None:
    error = harness.execute(tf, record["id"], record["code"], folder).error
    assert error is not None, f"nothing was raised; TensorFlow says: {record['message']}"
    text = full_text(error)
    assert harness.public_class(tf, error) == record["class"], text
    assert record["phrase"].replace("$TMP", folder) in text
    if record["op"] is not None:
        operation = getattr(error, "op", None)
        assert operation is not None, "the error does not say which operation failed"
        assert operation.name == record["op"]
    check_user_line(record, text)


@pytest.mark.parametrize("record", NO_ERRORS, ids=title)
def test_unusual_input_is_no_error(record: dict[str, Any], folder: str) -> None:
    outcome = harness.execute(tf, record["id"], record["code"], folder)
    assert outcome.error is None, full_text(outcome.error)
    assert harness.plain(outcome.result) == record["result"]


def full_text(error: BaseException | None) -> str:
    """Returns an error's message with the notes that were added to it."""
    return "\n".join([str(error), *getattr(error, "__notes__", [])])


def check_user_line(record: dict[str, Any], text: str) -> None:
    """Checks that a node's error shows the one line of the snippet that made the node."""
    places = MADE_AT.findall(text)
    if not record["names_line"]:
        assert len(places) <= 1, text
        return
    assert len(places) == 1, f"exactly one user line is wanted:\n{text}"
    (path, line), code = places[0], record["code"].splitlines()
    assert path.endswith(harness.file_name(record["id"])), text
    assert int(line) == record["line"], text
    assert code[record["line"] - 1].strip() in text, "the source of the line is not shown"
