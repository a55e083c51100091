"""A file of tests as TensorFlow's own are written runs under `graphflow test`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLE = Path(__file__).with_name("sample.py")


def run(tmp_path, *arguments, **env):
    return subprocess.run(
        [sys.executable, "-m", "graphflow", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        check=False,
        timeout=300,
    )


def test_every_test_passes_or_is_skipped(tmp_path):
    done = run(tmp_path, "test", str(SAMPLE))
    assert done.returncode == 0, done.stderr
    assert "Ran 16 tests" in done.stderr
    assert done.stderr.endswith("OK (skipped=3)\n")


def test_one_test_can_be_chosen(tmp_path):
    done = run(tmp_path, "run", str(SAMPLE), "SampleTest.testValues")
    assert (done.returncode, "Ran 1 test" in done.stderr) == (0, True), done.stderr


def test_benchmarks_report(tmp_path):
    done = run(tmp_path, "test", str(SAMPLE), "--benchmarks=all")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('entry {\n  name: "SampleBenchmark.benchmarkConstant"\n')
    prefix = str(tmp_path / "found_")
    done = run(tmp_path, "test", str(SAMPLE), "--benchmarks=all", TEST_REPORT_FILE_PREFIX=prefix)
    assert (tmp_path / "found_SampleBenchmark.benchmarkConstant").read_bytes()


@pytest.mark.parametrize(("body", "status"), [("self.assertEqual(1, 1)", 0), ("self.fail()", 1)])
def test_files_without_a_call_of_main_run_too(tmp_path, body, status):
    (tmp_path / "t.py").write_text(
        "import tensorflow as tf\n\n\nclass T(tf.test.TestCase):\n"
        f"    def test_it(self):\n        {body}\n"
    )
    assert run(tmp_path, "test", "t.py").returncode == status
