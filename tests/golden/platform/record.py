"""Records what TensorFlow 1.15.5 does with files and records; run by Python 3.7 that has it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "platform"))
sys.path.insert(0, str(ROOT / "tests" / "testing"))


def ran(script, arguments):
    """[standard output, standard error, exit status] of a program."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "prog.py").write_text(script)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "prog.py", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "COLUMNS": "80"},
            check=False,
        )
    # Not the lines of tracebacks that show code: they name this machine's folders.
    stderr = [line for line in done.stderr.splitlines() if not line.startswith(" ")]
    return [done.stdout, "\n".join(stderr), done.returncode]


def main():
    import assertions
    import programs
    import scenarios
    import settings
    import tensorflow as tf

    tf.compat.v1.logging.set_verbosity("ERROR")
    found = {}
    for name in scenarios.SCENARIOS:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            found[name] = scenarios.outcomes(tf, name)
            os.chdir(str(ROOT))
    for name, calls in settings.SETTINGS.items():
        found[name] = [[label, scenarios.shown(call)] for label, call in calls(tf)]
    found["programs"] = {
        name: ran(script, arguments) for name, (script, arguments) in programs.PROGRAMS.items()
    }
    found["assertions"] = [
        [label, assertions.shown(call)] for label, call in assertions.assertions(tf)
    ]
    out = Path(__file__).with_name("platform_1_15_5.json")
    out.write_text(json.dumps(found, indent=0) + "\n")
    print(sum(map(len, found.values())), "outcomes in", out.name)


if __name__ == "__main__":
    main()
