"""A checkpoint that was acknowledged survives the death of its writer, at any moment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
def test_the_last_acknowledged_checkpoint_or_a_newer_one_restores(tmp_path):
    script = Path(__file__).with_name("kill9.py")
    done = subprocess.run(
        [sys.executable, script, tmp_path, "50", "1"],
        env={**os.environ, "PYTHONPATH": str(script.parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "saves" in done.stdout
