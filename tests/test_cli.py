"""The command line: scripts run as Python runs them, graphs and checkpoints are shown."""

import os
import pathlib
import subprocess
import sys

import pytest

from graphflow.cli import main
from graphflow.cli.checkpoint import human
from graphflow.core.version import __version__
from graphflow.runtime.numpy.threads import core_name
from graphflow.viz.svg import find_renderer

ROOT = pathlib.Path(__file__).parent.parent
FORMATS = ROOT / "tests" / "golden" / "formats"


@pytest.fixture
def run(tmp_path):
    """Runs `python -m graphflow` in a folder with the scripts that were written."""

    def call(*arguments, **scripts):
        for name, text in scripts.items():
            (tmp_path / f"{name}.py").write_text(text)
        return subprocess.run(
            [sys.executable, "-m", "graphflow", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return call


# --- run ---
def test_tensorflow_is_graphflow_under_all_its_names(run):
    script = """
import sys
import tensorflow as tf
import tensorflow.compat.v1 as v1
import tensorflow.nn
import tensorflow.compat.v1.train
from tensorflow.compat import v1 as other
from tensorflow.examples.tutorials.mnist import input_data
from tensorflow.python.framework import ops
from tensorflow.python.ops import math_ops, array_ops
from tensorflow.core.framework import graph_pb2
import graphflow, graphflow.nn, graphflow.examples.tutorials.mnist.input_data as data
assert tf is v1 is other is graphflow and tf.compat.v1 is tf
assert sys.modules["tensorflow.nn"] is graphflow.nn and tf.nn is graphflow.nn
assert graphflow.nn.__spec__.name == "graphflow.nn"
assert input_data is data
assert ops.Graph is tf.Graph and math_ops.matmul is tf.matmul and array_ops.reshape is tf.reshape
assert graph_pb2.GraphDef().node is not None
v1.disable_v2_behavior()
print("fine")
"""
    done = run("run", "a.py", a=script)
    assert (done.stdout, done.stderr, done.returncode) == ("fine\n", "", 0)


def test_scripts_see_what_python_gives_them(run, tmp_path):
    script = "import sys, near; print(sys.argv, __name__, sys.path[0], __file__, near.x)"
    done = run("run", "a.py", "-x", "--y", a=script, near="x = 1")
    assert done.stdout.split() == [
        "['a.py',", "'-x',", "'--y']", "__main__", str(tmp_path), str(tmp_path / "a.py"), "1"
    ]  # fmt: skip


def test_modules_run_too(run, tmp_path):
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").touch()
    (tmp_path / "pack" / "__main__.py").write_text(
        "import sys; print(sys.argv[1:], __package__, __spec__.name)"
    )
    assert run("run", "-m", "pack", "-v").stdout == "['-v'] pack pack.__main__\n"
    assert run("run", "-m", "mod", mod="print(__name__)").stdout == "__main__\n"


def test_modules_that_tensorflow_imports_are_there(run):
    script = """
import multiprocessing, sys, urllib, xml
assert "urllib.request" not in sys.modules
print(urllib.request.urlopen.__name__, xml.dom.__name__)
print(multiprocessing.pool.ThreadPool.__name__, hasattr(urllib, "nothing"))
"""
    done = run("run", "a.py", a=script)
    assert (done.stdout, done.stderr) == ("urlopen xml.dom\nThreadPool False\n", "")


def test_the_gpu_of_old_programs_is_the_cpu(run):
    script = """
import tensorflow as tf
with tf.device("/gpu:0"):
    a = tf.constant(2.0)
    print(tf.Session().run(a))
"""
    assert run("run", "a.py", a=script).stdout == "2.0\n"


def test_tracebacks_start_in_the_script(run):
    done = run("run", "a.py", a="def f():\n    1 / 0\nf()\n")
    files = [line for line in done.stderr.splitlines() if "File" in line]
    assert len(files) == 2
    assert all("a.py" in line for line in files)
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert done.returncode == 1


def test_errors_name_the_line_of_the_script(run):
    script = "import tensorflow as tf\nx = tf.zeros([2, 3])\ntf.matmul(x, x)\n"
    assert "made at a.py:3:  tf.matmul(x, x)" in run("run", "a.py", a=script).stderr


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [("", 0, ""), ("3", 3, ""), ("None", 0, ""), ("'bye'", 1, "bye\n")],
)
def test_exit_status_is_the_scripts(run, code, status, said):
    done = run("run", "a.py", a=f"import sys\nsys.exit({code})")
    assert (done.returncode, done.stderr) == (status, said)


def test_syntax_errors_are_shown_as_python_does(run):
    done = run("run", "a.py", a="x = (\n")
    assert done.stderr.startswith('  File "')
    assert "was never closed" in done.stderr


def test_unknown_parts_of_tensorflow_are_named(run):
    done = run("run", "a.py", a="import tensorflow.lite")
    assert done.stderr.endswith(
        "ModuleNotFoundError: No module named 'tensorflow.lite': graphflow has no lite\n"
    )
    done = run("run", "a.py", a="import tensorflow.ops.matmul")
    assert "No module named 'tensorflow.ops'" in done.stderr


def test_eager_execution_is_turned_on(run):
    lines = "import tensorflow as tf; tf.enable_eager_execution(); print(tf.add(1, 2).numpy())"
    assert run("run", "a.py", a=lines).stdout == "3\n"


def test_missing_scripts_are_bad_arguments(run):
    done = run("run", "nope.py")
    assert done.returncode == 2
    assert done.stderr == "graphflow run: cannot open 'nope.py': No such file or directory\n"
    assert run("run", "-m", "nope").returncode == 2


# --- graph ---
DECLARE = "import sys\nimport tensorflow as tf\ntf.zeros([2, 3], name='made')\n"


def test_graph_draws_what_a_script_declares(run, tmp_path):
    done = run("graph", "a.py", "-o", "g.dot", "--level", "full", a=DECLARE)
    assert (done.returncode, done.stdout) == (0, "drew g.dot\n")
    assert "made" in (tmp_path / "g.dot").read_text()


def test_graph_finds_a_graph_that_is_no_longer_the_default(run, tmp_path):
    script = (
        "import tensorflow as tf\nwith tf.Graph().as_default():\n    tf.zeros([2], name='in')\n"
    )
    assert run("graph", "a.py", "-o", "g.dot", a=script).returncode == 0
    assert "in (Const)" in (tmp_path / "g.dot").read_text()


@pytest.mark.parametrize(
    ("end", "status", "said"),
    [("sys.exit(0)", 0, "called sys.exit"), ("[][0]", 1, "raised IndexError")],
)
def test_graph_says_that_a_script_ended_early(run, end, status, said):
    done = run("graph", "a.py", "-o", "g.dot", a=DECLARE + end)
    assert (done.returncode, done.stdout) == (status, "drew g.dot\n")
    assert done.stderr.endswith(
        f"graphflow graph: the script {said}; drawing what it declared before\n"
    )


def test_graph_passes_arguments_on(run):
    script = DECLARE + "print(sys.argv[1:])"
    assert "['-q', 'b']" in run("graph", "a.py", "-o", "g.dot", "--", "-q", "b", a=script).stdout


def test_graph_without_operations_is_a_failure(run):
    done = run("graph", "a.py", a="")
    assert (done.returncode, done.stderr) == (
        1, "graphflow graph: a.py has declared no operation\n"
    )  # fmt: skip


@pytest.mark.skipif(find_renderer() is None, reason="no dot and no graphviz-pure here")
def test_graph_reads_files(tmp_path, capsys):
    from tests.viz.drawn import softmax

    (tmp_path / "g.pb").write_bytes(softmax().SerializeToString())
    out = tmp_path / "g.svg"
    assert main(["graph", str(tmp_path / "g.pb"), "-o", str(out), "--fetch", "MatMul"]) == 0
    assert "<svg" in out.read_text()
    assert main(["graph", str(tmp_path / "g.pb"), "-o", str(out), "--fetch", "no"]) == 1
    assert capsys.readouterr().err == "graphflow graph: The graph has no node 'no' to draw.\n"


# --- ckpt ---
@pytest.mark.parametrize("name", ["all_types", "all_types.index", "v1"])
def test_ckpt_lists_both_formats(capsys, name):
    assert main(["ckpt", str(FORMATS / name)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["tensor", "dtype", "shape", "size"]
    row = next(line for line in lines if line.startswith("float32 "))
    assert row.split()[1] == "float32"
    assert row.split()[-1] in ("B", "KiB")
    assert lines[-1].startswith(f"{len(lines) - 2} tensors, ")


def test_ckpt_prints_one_tensor(capsys):
    assert main(["ckpt", str(FORMATS / "all_types"), "--tensor", "float32"]) == 0
    assert capsys.readouterr().out.startswith("float32  float32  [")
    assert main(["ckpt", str(FORMATS / "all_types"), "--tensor", "zz"]) == 1
    assert "has no tensor 'zz'" in capsys.readouterr().err


def test_ckpt_verifies(capsys, tmp_path):
    for file in FORMATS.glob("all_types.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert main(["ckpt", str(tmp_path / "all_types"), "--verify"]) == 0
    assert capsys.readouterr().out.endswith("all verified\n")
    data = tmp_path / "all_types.data-00000-of-00001"
    changed = bytearray(data.read_bytes())
    changed[len(changed) // 2] ^= 1
    data.write_bytes(changed)
    assert main(["ckpt", str(tmp_path / "all_types"), "--verify"]) == 1
    captured = capsys.readouterr()
    assert captured.out.endswith("1 damaged\n")
    assert captured.err.count("\n") == 1


def test_ckpt_of_nothing_is_one_line(capsys, tmp_path):
    assert main(["ckpt", str(tmp_path / "nope")]) == 1
    assert capsys.readouterr().err == f"graphflow ckpt: no checkpoint {tmp_path / 'nope'}\n"
    assert main(["ckpt", str(tmp_path)]) == 1


def test_sizes_are_for_humans():
    assert [human(n) for n in (0, 1023, 1024, 1536, 5 << 20, 3 << 40)] == [
        "0 B", "1023 B", "1.0 KiB", "1.5 KiB", "5.0 MiB", "3.0 TiB"
    ]  # fmt: skip


# --- the rest ---
def test_doctor_names_versions_and_parts(capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert f"graphflow    {__version__}" in out
    assert "numpy" in out
    assert "renderer" in out
    assert f"blas         {core_name() or 'unknown'}" in out


def test_version_and_bad_arguments(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"graphflow {__version__}\n"
    assert main([]) == 2
    assert main(["graph", "x.py", "--level", "deep"]) == 2
    assert main(["graph", "nope.py"]) == 2
    assert "cannot open 'nope.py'" in capsys.readouterr().err
