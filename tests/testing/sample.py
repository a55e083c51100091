"""A file of tests as TensorFlow's own are written; runs under TensorFlow 1.15.5 too.

`graphflow test tests/testing/sample.py`, or with a Python that has TensorFlow.
"""

import os
import sys

import numpy as np
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.client import session
from tensorflow.python.framework import (
    constant_op,
    dtypes,
    errors_impl,
    ops,
    random_seed,
    tensor_shape,
    test_util,
)
from tensorflow.python.ops import (
    array_ops,
    gen_array_ops,
    gen_math_ops,
    gradient_checker,
    gradient_checker_v2,
    math_ops,
    nn_ops,
    random_ops,
    variables,
)
from tensorflow.python.platform import test


class SampleTest(test.TestCase):
    @test_util.run_deprecated_v1
    def testValues(self):
        with self.cached_session(use_gpu=True):
            x = constant_op.constant([[1.0, 2.0]])
            self.assertAllClose([[5.0]], math_ops.matmul(x, x, transpose_b=True).eval())
            self.assertAllEqual(self.evaluate(x), np.array([[1, 2]], np.float32))
            self.assertAllEqual([[3]], gen_math_ops._sum(x, 1, keep_dims=True))
            self.assertAllEqual([1, 2], gen_array_ops.shape(x))
            self.assertShapeEqual(np.zeros([1, 2]), x)
            self.assertEqual(types_pb2.DT_FLOAT, dtypes.float32.as_datatype_enum)

    @test_util.run_in_graph_and_eager_modes
    def testBothModes(self):
        self.assertAllEqual([2.0, 4.0], self.evaluate(constant_op.constant([1.0, 2.0]) * 2))

    @test_util.run_deprecated_v1
    def testVariables(self):
        with self.session() as sess:
            v = variables.Variable([1.0, 2.0])
            sess.run(variables.global_variables_initializer())
            self.assertAllEqual([1.0, 2.0], v.eval())

    @test_util.run_deprecated_v1
    def testGradients(self):
        with self.cached_session():
            x = constant_op.constant(np.random.rand(3, 4), dtype=dtypes.float64)
            y = nn_ops.softmax(x)
            error = gradient_checker.compute_gradient_error(x, [3, 4], y, [3, 4])
            self.assertLess(error, 1e-4)
            z = constant_op.constant([1 + 2j, 2.0], dtypes.complex128)
            jacobians = gradient_checker.compute_gradient(z, [2], math_ops.square(z), [2])
            self.assertEqual([(4, 4), (4, 4)], [j.shape for j in jacobians])
            self.assertAllClose(*jacobians, atol=1e-4)
            first, second = gradient_checker.compute_gradient(
                [x, y], [[3, 4], [3, 4]], x * y, [3, 4]
            )
            self.assertAllClose(*first, atol=1e-4)
            self.assertAllClose(*second, atol=1e-4)
            rows = array_ops.gather(x, [0, 2, 2])
            self.assertAllClose(
                *gradient_checker.compute_gradient(x, [3, 4], rows, [3, 4]), atol=1e-4
            )
            empty = constant_op.constant(np.zeros([0, 3]))
            jacobian = gradient_checker.compute_gradient(empty, [0, 3], empty * 2, [0, 3])[0]
            self.assertEqual((0, 0), jacobian.shape)
            error = gradient_checker_v2.max_error(
                *gradient_checker_v2.compute_gradient(math_ops.tanh, [np.float64([0.5, 1.0])])
            )
            self.assertLess(error, 1e-4)

    @test_util.run_deprecated_v1
    def testErrors(self):
        with self.session():
            x = array_ops.placeholder(dtypes.float32)
            with self.assertRaisesOpError("must feed"):
                array_ops.identity(x).eval()
            with self.assertRaisesRegex(ValueError, "imensions"):
                math_ops.matmul(array_ops.zeros([2, 3]), array_ops.zeros([2, 3]))
            with self.assertRaisesWithPredicateMatch(
                errors_impl.InvalidArgumentError, lambda e: e.op.name == x.op.name
            ):
                array_ops.identity(x).eval()

    def testThreads(self):
        got = []
        thread = self.checkedThread(target=got.append, args=(1,))
        thread.start()
        thread.join()
        self.assertEqual(got, [1])

    @test_util.run_v2_only
    def testOfTheOtherVersion(self):
        self.fail("never")

    @test_util.run_gpu_only
    def testOfAGpu(self):
        self.fail("never")

    @test_util.run_v1_only("b/1")
    def testOfThisVersion(self):
        self.assertEqual("", test_util.gpu_device_name())
        self.assertFalse(test.is_built_with_cuda())

    @test_util.disable_xla("b/1")
    def testDevices(self):
        with self.cached_session():
            self.assertDeviceEqual(constant_op.constant(1).device, "/cpu:0")
        with self.cached_session(use_gpu=True):
            self.assertEqual("", constant_op.constant(1).device)

    def testSessions(self):
        with self.cached_session() as first:
            with self.cached_session() as second:
                self.assertIs(first, second)
            with self.assertRaisesRegex(ValueError, "The graph used to get"):
                with self.cached_session(graph=ops.Graph()):
                    pass
            with self.assertRaisesRegex(ValueError, "The config used to get"):
                with self.cached_session(config=config_pb2.ConfigProto()):
                    pass
        with self.test_session(graph=ops.Graph()) as other:
            self.assertIsNot(first, other)
            self.assertIs(ops.get_default_graph(), other.graph)

    def testSeeds(self):
        self.assertEqual(random_seed.DEFAULT_GRAPH_SEED, ops.get_default_graph().seed)
        with self.session():
            self.assertAllInRange(random_ops.random_uniform([100]), 0.0, 1.0)
        self.assertNear(0.6394, float(np.random.RandomState(87654321).rand()), 1.0)
        self.assertAllClose(np.random.RandomState(87654321).rand(3), np.random.rand(3))

    def testFolders(self):
        self.assertEqual(self.get_temp_dir(), self.get_temp_dir())
        self.assertStartsWith(self.get_temp_dir(), test.get_temp_dir())
        self.assertTrue(os.path.isdir(self.get_temp_dir()))

    def testStubs(self):
        with test.StubOutForTesting() as stubs:
            stubs.Set(os, "getcwd", lambda: "x")
            stubs.SmartSet(tensor_shape.TensorShape, "as_list", lambda self: "y")
            self.assertEqual("x", os.getcwd())
            self.assertEqual("y", tensor_shape.TensorShape([1]).as_list())
        self.assertNotEqual("x", os.getcwd())
        self.assertEqual([1], tensor_shape.TensorShape([1]).as_list())

    def testStreams(self):
        with self.captureWritesToStream(sys.stderr) as captured:
            os.write(2, b"written")
        self.assertEqual("written", captured.contents())


class SampleBenchmark(test.Benchmark):
    def benchmarkConstant(self):
        with ops.Graph().as_default(), session.Session() as sess:
            x = constant_op.constant(1.0)
            self.run_op_benchmark(sess, x.op, min_iters=3, mbs=1, store_memory_usage=False)


if __name__ == "__main__":
    test.main()
