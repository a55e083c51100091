"""The performance suite is complete, computes the same in its forms, and writes its report."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import graphflow as tf
from bench import report, run, targets
from bench.peers import PEERS, environment, python_of
from bench.table import ROWS, chosen

RECORD = Path(__file__).with_name("record.json")
LANGUAGES = sorted({peer.language for peer in PEERS.values()})


def form(row, language, library):
    module = importlib.import_module(f"bench.workloads.{row.module}")
    return getattr(module, f"in_{language}")(library, **row.tiny)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("module", sorted({row.module for row in ROWS.values()}))
def test_every_family_is_written_for_every_peer(module, language):
    assert callable(getattr(importlib.import_module(f"bench.workloads.{module}"), f"in_{language}"))


@pytest.mark.parametrize("name", ROWS)
def test_graphflow_agrees_with_numpy_by_hand(name):
    row = ROWS[name]
    with tf.Graph().as_default():
        ours = form(row, "tf", tf)
        answer = {k: v.reshape(-1).tolist() for k, v in ours.answer().items()}
        ours.step()
    by_hand = form(row, "numpy", np)
    wanted = {k: v.reshape(-1).tolist() for k, v in by_hand.answer().items()}
    by_hand.step()
    assert run.difference(answer, wanted) <= row.tolerance


def test_difference_sees_what_is_wrong():
    assert run.difference({"a": [1.0, 2.0]}, {"a": [1.0, 2.5]}) == pytest.approx(0.2)
    assert run.difference({"a": [float("nan")]}, {"a": [1.0]}) == float("inf")
    assert run.difference({"a": [1.0]}, {"a": [1.0, 1.0]}) == float("inf")
    assert run.difference({"b": [1.0]}, {"a": [1.0]}) == float("inf")


def test_rows_are_chosen_by_name_and_by_family():
    assert [row.name for row in chosen(["w6 add", "W8"])] == ["W6 add", "W8"]
    assert all(row.name.startswith("W3") for row in chosen(["W3"]))
    assert len(chosen([])) == len(ROWS)
    with pytest.raises(ValueError, match="No such workload: W99"):
        chosen(["W99"])


def test_names_are_split_at_commas_and_blanks():
    assert run.names("W1 W2") == run.names("W1, W2") == ["W1", "W2"]
    assert run.names("w6 add") == ["w6 add"]
    assert run.names("W6 add,W3 train") == ["W6 add", "W3 train"]
    assert run.names("") == []


def test_targets_and_reasons_name_rows():
    assert {*targets.BEST, *targets.TF2, *targets.REASONS, *targets.NUMPY_ONLY} <= {*ROWS}


def test_a_peer_is_found_through_its_variable(monkeypatch):
    monkeypatch.setenv("GRAPHFLOW_BENCH_TORCH_COMPILE_PYTHON", sys.executable)
    assert python_of(PEERS["torch-compile"], "own") == sys.executable
    monkeypatch.setenv("GRAPHFLOW_BENCH_TORCH_COMPILE_PYTHON", "/nowhere/python")
    assert python_of(PEERS["torch-compile"], "own") is None
    assert python_of(PEERS["numpy"], "own") == "own"


def test_one_thread_is_asked_of_every_library():
    assert environment(1)["OMP_NUM_THREADS"] == "1"
    assert "GRAPHFLOW_NATIVE" not in environment(1)
    assert environment(2, avx2=True)["GRAPHFLOW_NATIVE"] == "avx2"


def test_report_comes_from_a_record():
    record = json.loads(RECORD.read_text())
    text = report.markdown(record)
    assert "| W1: softmax walkthrough" in text
    assert "| W1 | JAX | 2.00x | 1.6x | 4.00x | 5x |" in text  # NumPy is faster and does not count
    assert "* **W1**, 5x of TF 2.21.0 compat.v1: 4.00x." in text
    assert "* W6 add, torch: not there" in text
    assert "graphflow: Python 3.11.7, numpy 2.4.6; NumPy only" in text
    assert "Not installed: PyTensor" in text


def test_report_says_where_numpy_alone_is_slower():
    record = json.loads(RECORD.read_text())
    theirs = record["rows"]["W1"]["times"]["tf2"]
    record["rows"]["W1"]["times"]["graphflow-numpy"] = [
        {what: 2 * value for what, value in times.items()} for times in theirs
    ]
    assert ("W1", 0.5) in report.slower(record)
    assert "* **NumPy only**, 1x of TF 2.21.0 compat.v1: W1 0.50x" in report.markdown(record)
    record["rows"]["W1"]["times"]["graphflow-numpy"] = theirs
    assert report.slower(record) == []


def test_each_kind_of_run_has_its_page_and_time():
    record = json.loads(RECORD.read_text())
    assert report.place(record) == "performance.md"
    record["avx2"] = True
    assert report.place(record) == "performance_avx2.md"
    assert "held to AVX2" in report.markdown(record).splitlines()[0]
    assert "performance.md" in report.markdown(record)  # where the reasons are
    record["threads"], record["avx2"] = 2, False
    assert report.place(record) == "performance_threads.md"
    times = record["rows"]["W1"]["times"]
    for found in times["tf2"]:
        found["wall"] = 7 * times["graphflow"][0]["wall"]
    for found in times["graphflow"]:
        found["wall"] = times["graphflow"][0]["wall"]
    assert report.ratios("W1", record)["tf2"] == pytest.approx(7)
    assert "Medians of wall time" in report.markdown(record)


def test_report_counts_only_what_was_measured():
    record = json.loads(RECORD.read_text())
    record["rows"]["W1"]["times"] = {}
    assert report.best("W1", record) == (None, None)
    assert "| W1 | - | - | 1.6x | - | 5x |" in report.markdown(record)
