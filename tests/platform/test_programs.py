"""Programs with flags and logging print and exit as they do with TensorFlow 1.15.5."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import graphflow as tf

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RECORDED = json.loads((HERE.parent / "golden/platform/platform_1_15_5.json").read_text())
_spec = importlib.util.spec_from_file_location("programs", HERE / "programs.py")
programs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(programs)


def without_frames(text):
    """Standard error without the lines of tracebacks that show code."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith(" ")]


@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_output_and_status_are_tensorflows(name, tmp_path):
    script, arguments = programs.PROGRAMS[name]
    (tmp_path / "prog.py").write_text(script)
    done = subprocess.run(
        [sys.executable, "-m", "graphflow", "run", "prog.py", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
        check=False,
        timeout=120,
    )
    stdout, stderr, status = RECORDED["programs"][name]
    assert (done.stdout, done.returncode) == (stdout, status)
    assert without_frames(done.stderr) == without_frames(stderr)


def test_import_leaves_absl_alone():
    code = "import sys, graphflow; print('absl' in sys.modules, 'logging' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split()[0] == "False"


def test_each_line_has_a_count_of_its_own(caplog):
    tf.get_logger().setLevel("INFO")
    for i in range(5):
        tf.logging.log_first_n(tf.logging.INFO, "first %d", 2, i)
        tf.logging.log_every_n(tf.logging.INFO, "every %d", 2, i)
    tf.get_logger().setLevel("NOTSET")
    assert caplog.messages == ["first 0", "every 0", "first 1", "every 2", "every 4"]
    assert {record.filename for record in caplog.records} == {"test_programs.py"}
