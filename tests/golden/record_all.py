"""Records everything again with TensorFlow 1.15.5: `make golden`.

The Python that has it is named by GRAPHFLOW_TF_PYTHON, else looked for in .oracle/tf115.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RECORDERS = (
    "record_ops.py",
    "record_programs.py",
    "record_errors.py",
    "record_optimizers.py",
    "models/record_parts.py",
    "models/record_signatures.py",
    "models/record_engine.py",
    "record_pipelines.py",
    "training/record_contrib.py",
    "sessions/record.py",
    "formats/record.py",
    "input/record_mnist.py",
    "input/record_datasets.py",
    "kernels/record_kernels.py",
    "layers/record.py",
    "layers/record_contrib.py",
    "metrics/record.py",
    "distributions/record.py",
    "rnn/record.py",
    "record_linear_operators.py",
    "sparse/record.py",
    "interop/record.py",
    "platform/record.py",
    "platform/record_generated.py",
)


def main():
    given = os.environ.get("GRAPHFLOW_TF_PYTHON")
    python = Path(given) if given else ROOT / ".oracle" / "tf115" / "bin" / "python"
    if not python.exists():
        print(f"no TensorFlow 1.15.5: {python} is not there; set GRAPHFLOW_TF_PYTHON")
        return 1
    failed = []
    for name in RECORDERS:
        print(f"--- {name}", flush=True)
        env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [str(python), "-W", "ignore", str(ROOT / "tests" / "golden" / name)]
        if subprocess.run(command, cwd=ROOT, env=env, check=False).returncode:
            failed.append(name)
    print("failed: " + ", ".join(failed) if failed else "all recorded")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
