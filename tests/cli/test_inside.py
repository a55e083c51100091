"""The modules of TensorFlow's inside resolve to graphflow's own things."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import graphflow as tf
from graphflow.inside.names import public_names, table
from graphflow.inside.virtual import find

ROOT = Path(__file__).parents[2]

COMMON = {
    "framework.ops": "Graph Tensor convert_to_tensor device name_scope control_dependencies "
    "get_gradient_function RegisterGradient GraphKeys IndexedSlices NotDifferentiable "
    "internal_convert_to_tensor _default_graph_stack reset_default_graph op_scope uid",
    "framework.constant_op": "constant constant_v1",
    "framework.dtypes": "float32 int32_ref as_dtype DType bool_ref QUANTIZED_DTYPES",
    "framework.errors": "INVALID_ARGUMENT NotFoundError OpError",
    "framework.errors_impl": "InvalidArgumentError OutOfRangeError",
    "framework.tensor_shape": "TensorShape Dimension unknown_shape scalar vector as_shape "
    "as_dimension",
    "framework.tensor_util": "constant_value constant_value_as_shape make_tensor_proto MakeNdarray",
    "framework.random_seed": "set_random_seed get_seed DEFAULT_GRAPH_SEED",
    "framework.importer": "import_graph_def",
    "framework.versions": "GRAPH_DEF_VERSION __version__ VERSION",
    "framework.test_util": "TensorFlowTestCase run_deprecated_v1 run_v1_only use_gpu IsMklEnabled "
    "run_in_graph_and_eager_modes disable_xla deprecated_graph_mode_only gpu_device_name "
    "build_as_function_and_v1_graph enable_control_flow_v2 run_all_in_graph_and_eager_modes "
    "assert_equal_graph_def NHWCToNCHW assert_ops_in_graph force_cpu create_local_cluster",
    "ops.array_ops": "shape placeholder zeros concat reshape squeeze where gather identity "
    "shape_internal strided_slice stack unstack gather_v2",
    "ops.math_ops": "add matmul reduce_sum range cast div add_v2 mul sub argmax to_float sigmoid",
    "ops.gen_math_ops": "add _sum mat_mul _range add_v2 cast",
    "ops.gen_array_ops": "reshape strided_slice_grad gather_v2 concat_v2",
    "ops.gen_nn_ops": "relu conv2d bias_add_grad max_pool_grad",
    "ops.control_flow_ops": "group no_op tuple with_dependencies",
    "ops.gradient_checker": "compute_gradient compute_gradient_error",
    "ops.gradients_impl": "gradients",
    "ops.init_ops": "Zeros zeros_initializer constant_initializer glorot_uniform_initializer",
    "ops.nn_ops": "conv2d max_pool relu softmax bias_add xw_plus_b conv2d_backprop_input",
    "ops.resource_variable_ops": "ResourceVariable var_handle_op assign_variable_op",
    "ops.state_ops": "assign variable_op variable_op_v2 init_variable scatter_add",
    "ops.variables": "Variable VariableV1 RefVariable PartitionedVariable variables_initializer",
    "ops.variable_scope": "get_variable variable_scope VariableScope",
    "ops.random_ops": "random_normal random_uniform truncated_normal",
    "ops.losses.losses": "mean_squared_error softmax_cross_entropy",
    "platform.test": "TestCase main mock is_gpu_available get_temp_dir Benchmark",
    "platform.googletest": "TestCase main GetTempDir StubOutForTesting",
    "platform.gfile": "GFile FastGFile Exists MakeDirs Open",
    "platform.tf_logging": "info INFO set_verbosity warn log_first_n",
    "platform.flags": "FLAGS DEFINE_string",
    "platform.resource_loader": "get_path_to_datafile get_data_files_path",
    "training.adam": "AdamOptimizer",
    "training.saver": "Saver latest_checkpoint",
    "util.compat": "as_bytes as_str as_text",
    "util.nest": "flatten is_sequence map_structure pack_sequence_as",
    "util.tf_inspect": "getfullargspec getargspec isfunction ismethod",
    "util.tf_decorator": "make_decorator unwrap",
    "util.deprecation": "deprecated deprecated_args _PRINT_DEPRECATION_WARNINGS",
    "eager.context": "executing_eagerly graph_mode eager_mode context num_gpus",
    "client.session": "Session InteractiveSession BaseSession",
    "client.device_lib": "list_local_devices",
    "lib.io.file_io": "FileIO file_exists get_matching_files read_file_to_string is_directory",
    "lib.io.tf_record": "TFRecordWriter TFRecordOptions tf_record_iterator",
    "pywrap_tensorflow": "NewCheckpointReader",
}


def module(inside):
    spec = find(f"tensorflow.python.{inside}", f"python.{inside}")
    return spec.loader.create_module(spec)


@pytest.mark.parametrize("inside", COMMON)
def test_common_names_are_found(inside):
    found = module(inside)
    assert [name for name in COMMON[inside].split() if not hasattr(found, name)] == []


def test_public_objects_are_the_public_ones():
    assert module("ops.math_ops").matmul is tf.matmul
    assert module("framework.ops").Graph is tf.Graph
    assert module("ops.nn").relu is tf.nn.relu
    assert module("training.training").Saver is tf.train.Saver
    assert module("framework.test_util").TensorFlowTestCase is tf.test.TestCase
    assert module("platform.googletest").TestCase is not tf.test.TestCase


def test_every_module_can_be_made():
    for inside in table():
        assert module(inside).__name__ == f"tensorflow.python.{inside}"
    assert public_names("ops.standard_ops")["matmul"] == "matmul"


def test_unknown_names_and_modules_are_named():
    script = """
import sys
import graphflow.python
from graphflow.python.ops import math_ops
for line in (
    "from graphflow.python.ops.math_ops import nonsense",
    "from graphflow.python.ops import nonsense_ops",
    "import graphflow.python.nonsense",
    "import graphflow.python.compiler",
):
    try:
        exec(line)
    except ImportError as e:
        print(type(e).__name__, e)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ImportError cannot import name 'nonsense' from ")
    assert lines[1].startswith("ImportError cannot import name 'nonsense_ops' from ")
    assert lines[2].endswith("No module named 'graphflow.python.nonsense': graphflow has no "
                             "python.nonsense")  # fmt: skip
    assert lines[3].startswith("ModuleNotFoundError")


def test_both_ways_of_importing_give_one_module(tmp_path):
    (tmp_path / "a.py").write_text(
        "from tensorflow.python.ops import nn\n"
        "from graphflow.python.ops import nn as other\n"
        "import tensorflow.python.ops.nn as third\n"
        "from tensorflow.core.framework import types_pb2, graph_pb2\n"
        "from tensorflow.python.ops.clip_ops import *\n"
        "assert nn is other is third\n"
        "print(types_pb2.DT_FLOAT, types_pb2.DataType.Name(1), len(graph_pb2.GraphDef().node))\n"
        "print(clip_by_value.__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "graphflow", "run", "a.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.stdout, done.stderr) == ("1 DT_FLOAT 0\nclip_by_value\n", "")


def test_private_names_of_contrib_are_found_in_its_homes(tmp_path):
    (tmp_path / "a.py").write_text(
        "import tensorflow as tf\n"
        "from tensorflow.contrib.seq2seq.python.ops import attention_wrapper as wrapper, helper\n"
        "from tensorflow.contrib.seq2seq.python.ops.attention_wrapper import (\n"
        "    _BaseAttentionMechanism, _bahdanau_score, _compute_attention, _maybe_mask_score,\n"
        "    _zero_state_tensors, AttentionWrapper, BahdanauAttention, hardmax)\n"
        "from tensorflow.contrib.seq2seq.python.ops.beam_search_decoder import _beam_search_step\n"
        "assert issubclass(BahdanauAttention, _BaseAttentionMechanism)\n"
        "assert wrapper.AttentionWrapper is tf.contrib.seq2seq.AttentionWrapper\n"
        "assert helper.categorical_sample and helper._transpose_batch_time\n"
        "helper._nothing\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "graphflow", "run", "a.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    says = "AttributeError: graphflow has no tensorflow.contrib.seq2seq.python.ops.helper._nothing"
    assert done.stderr.rstrip().endswith(says)


def test_old_names_of_numpy_come_back():
    code = (
        "import numpy as np; own = np.sum; from graphflow.cli import numpy_names; "
        "numpy_names.restore(); print(np.float, np.product([2, 3]), np.asscalar(np.array([3])), "
        "np.sum is own, np.NINF, np.in1d([1, 2], [2]), np.array([[1], [2, 3]]).dtype)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "<class 'float'> 6 3 True -inf [False  True] object\n"


def test_numbers_are_printed_as_of_old(tmp_path):
    (tmp_path / "a.py").write_text("import numpy as np\nprint([np.float32(0.9), np.int64(3)])\n")
    done = subprocess.run(
        [sys.executable, "-m", "graphflow", "run", "a.py"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout == "[0.9, 3]\n"


def test_modules_of_keras_have_their_names(tmp_path):
    (tmp_path / "a.py").write_text(
        "import tensorflow as tf\n"
        "from tensorflow.python.keras import backend as K\n"
        "from tensorflow.python.keras.layers import Dense\n"
        "from tensorflow.python.keras.layers.recurrent import LSTMCell\n"
        "from tensorflow.python.keras.models import Sequential\n"
        "from tensorflow.python.keras.engine.base_layer import Layer\n"
        "from tensorflow.keras.utils import to_categorical\n"
        "assert Dense is tf.keras.layers.Dense and Layer is tf.keras.layers.Layer\n"
        "assert Sequential is tf.keras.Sequential and LSTMCell is tf.keras.layers.LSTMCell\n"
        "print(tf.keras.__version__, K.epsilon(), to_categorical([1, 0]).tolist())\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "graphflow", "run", "a.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("2.2.4-tf 1e-07 [[0.0, 1.0], [1.0, 0.0]]\n", "")


@pytest.mark.skipif(importlib.util.find_spec("keras") is not None, reason="Keras is installed")
def test_keras_stands_in_for_the_package_of_that_name(tmp_path):
    (tmp_path / "a.py").write_text(
        "import keras, tensorflow as tf\n"
        "from keras.models import Sequential\n"
        "from keras.layers import Dense\n"
        "from keras.layers.core import Dropout\n"
        "from keras.utils import np_utils\n"
        "from keras.utils.np_utils import to_categorical\n"
        "import keras.backend as K\n"
        "assert keras is tf.keras and Dense is tf.keras.layers.Dense and K is tf.keras.backend\n"
        "assert np_utils.to_categorical is tf.keras.utils.to_categorical is to_categorical\n"
        "model = Sequential([Dense(3, input_dim=2), Dropout(0.5)])\n"
        "print(model.output_shape)\n"
        "try:\n"
        "    import keras.nonsense\n"
        "except ModuleNotFoundError as e:\n"
        "    print(e)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "graphflow", "run", "a.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stderr == "graphflow: keras is not installed, tf.keras stands in for it\n"
    assert done.stdout == (
        "(None, 3)\nNo module named 'keras.nonsense': graphflow has no python.keras.nonsense\n"
    )


def test_the_inside_of_contrib_has_the_names_of_its_part(tmp_path):
    (tmp_path / "a.py").write_text(
        "from tensorflow.contrib.util.python.deep import constant_value\n"
        "from tensorflow.contrib.layers.python.layers import layers\n"
        "import tensorflow as tf\n"
        "assert constant_value is tf.get_static_value\n"
        "import tensorflow.contrib.nothing.python.ops\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "graphflow", "run", "a.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stderr.endswith(
        "No module named 'tensorflow.contrib.nothing': graphflow has no contrib.nothing\n"
    )


LAYER_UTILS = [
    "NWC NCW NHWC NCHW NDHWC NCDHW channels_last same (3, 3)",
    "6 21 22",
    "4 23 23",
    "8 19 19",
    "None True True",
    "1 cond/Merge:0",
    "(None, 3) None None",
    'The `padding` argument must be one of "valid", "same". Received: full',
    "('Input rank not supported:', 2)",
]


def test_layers_of_programs_find_their_helpers(tmp_path):
    """Values are those of TensorFlow 1.15.5."""
    (tmp_path / "a.py").write_text(
        "import tensorflow as tf\n"
        "from tensorflow.python.layers import utils\n"
        "formats = [utils.convert_data_format(f, n) for n in (3, 4, 5)\n"
        "           for f in ('channels_last', 'channels_first')]\n"
        "print(*formats, utils.normalize_data_format('Channels_Last'),\n"
        "      utils.normalize_padding('SAME'), utils.normalize_tuple(3, 2, 'x'))\n"
        "for padding in ('same', 'valid', 'full'):\n"
        "    print(utils.conv_output_length(11, 3, padding, 2, 2),\n"
        "          utils.conv_input_length(11, 3, padding, 2),\n"
        "          utils.deconv_output_length(11, 3, padding, 2))\n"
        "v = tf.Variable(True)\n"
        "known = tf.constant(True)\n"
        "print(utils.constant_value(v), utils.constant_value(1), utils.constant_value(known))\n"
        "print(utils.smart_cond(known, lambda: 1, lambda: 2),\n"
        "      utils.smart_cond(v, lambda: 1, lambda: 2).name)\n"
        "print(utils.static_shape(tf.placeholder(tf.float32, [None, 3])),\n"
        "      utils.static_shape(tf.placeholder(tf.float32)), utils.static_shape(None))\n"
        "for wrong in (lambda: utils.normalize_padding('full'),\n"
        "              lambda: utils.convert_data_format('channels_last', 2)):\n"
        "    try:\n"
        "        wrong()\n"
        "    except ValueError as e:\n"
        "        print(e)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "graphflow", "run", "a.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.splitlines() == LAYER_UTILS
