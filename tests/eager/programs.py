"""Programs in eager execution, as functions of TensorFlow and of what notes their results.

The recorder runs them with TensorFlow 1.15.5, the tests with graphflow. `note(function)` keeps how
the function's result is shown, or the class and the words of its error.
"""

import copy
import os
import pickle
import tempfile

import numpy as np


def tensors(tf, note):
    scalar = tf.constant(2)
    matrix = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    for made in (scalar, matrix, tf.constant("abc"), tf.constant(["a", "b"]), tf.constant(0.1),
                 tf.constant(True), tf.constant([], tf.float32)):  # fmt: skip
        note(lambda made=made: made)
        note(lambda made=made: str(made))
    note(lambda: f"{tf.constant(1.5):.3f}")
    note(lambda: f"{scalar}")
    note(lambda: f"{matrix:.3f}")
    note(lambda: "%i" % scalar)  # noqa: UP031 (programs of 2018)
    for name in ("op", "graph", "name", "value_index", "device", "ndim"):
        note(lambda name=name: getattr(matrix, name))
    for call in (
        matrix.eval, lambda: matrix.set_shape([2, 2]), lambda: matrix.set_shape([3, 2]),
        lambda: bool(matrix), lambda: bool(tf.constant([0.0])), lambda: int(matrix),
        lambda: int(tf.constant(1.5)), lambda: float(tf.constant([2.0])), lambda: len(matrix),
        lambda: len(scalar), lambda: list(scalar), lambda: list(matrix), lambda: range(scalar),
        lambda: [1, 2, 3][scalar], lambda: scalar == 2, lambda: scalar == scalar,
        lambda: copy.copy(matrix), lambda: copy.deepcopy(matrix) is matrix,
        lambda: pickle.loads(pickle.dumps(matrix)), lambda: matrix.shape, matrix.get_shape,
        matrix.cpu, lambda: matrix.gpu(0), lambda: np.array(matrix),
        lambda: np.float32(1) * matrix, lambda: np.ones((2, 2), np.float32) + matrix,
        lambda: matrix.dtype, lambda: matrix[0].numpy(), lambda: scalar.numpy().dtype.name,
        lambda: tf.identity(matrix) is matrix, lambda: tf.constant(matrix) is matrix,
        lambda: isinstance(matrix, tf.Tensor), tf.executing_eagerly,
    ):  # fmt: skip
        note(call)


def operations(tf, note):
    x, matrix = tf.constant([1.0, 2.0]), tf.constant([[1.0, 2.0], [3.0, 4.0]])
    for call in (
        lambda: -x, lambda: abs(x), lambda: 2 - x, lambda: 1 / x, lambda: x**2, lambda: x > 1.5,
        lambda: x // 2, lambda: x % 2, lambda: np.array([1.0, 2.0]) * x, lambda: x[::-1],
        lambda: x[tf.newaxis, ...], lambda: matrix[:, 1], lambda: matrix @ matrix,
        lambda: tf.unique([1, 1, 2]), lambda: tf.split([1, 2, 3, 4], 2),
        lambda: tf.nn.top_k([1.0, 3.0, 2.0], 2), lambda: tf.unstack(matrix),
        lambda: tf.meshgrid([1, 2], [3]), lambda: tf.nn.moments(x, [0]),
        lambda: tf.clip_by_global_norm([x], 1.0), lambda: tf.where([True, False]),
        lambda: tf.one_hot([1], 2), lambda: tf.boolean_mask(x, [True, False]),
        lambda: tf.einsum("i,i->", x, x), lambda: tf.shape(x), lambda: tf.rank(x),
        lambda: tf.size(x), lambda: tf.as_string(x), lambda: tf.strings.join(["a", "b"]),
        lambda: tf.sparse.to_dense(tf.SparseTensor([[0, 1]], [1.0], [2, 2])),
        lambda: tf.reduce_mean(matrix, 1), lambda: tf.concat([matrix, matrix], 1),
        lambda: tf.pad(x, [[1, 0]]), lambda: tf.cast(x, tf.int32), lambda: tf.matmul([x], matrix),
        tf.no_op, lambda: tf.group(x), lambda: tf.tuple([x])[0], tf.global_variables,
        tf.global_variables_initializer,
    ):  # fmt: skip
        note(call)


def mistakes(tf, note):
    matrix = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.Graph().as_default():
        elsewhere = tf.Graph()
    for call in (
        lambda: matrix + tf.constant([1, 2]), lambda: matrix + tf.constant([1.0, 2.0, 3.0]),
        lambda: tf.matmul(matrix, tf.ones([3, 3])), lambda: matrix + "a",
        lambda: tf.constant([1, 2]) + 1.5, lambda: tf.reshape(matrix, [3]),
        lambda: tf.concat([matrix, tf.ones([3, 3])], 0),
        lambda: tf.gather(tf.constant([1, 2]), [5]), lambda: tf.squeeze(matrix, 0),
        lambda: tf.linalg.inv(tf.zeros([2, 2])), lambda: tf.placeholder(tf.float32),
        lambda: tf.gradients(matrix, matrix), lambda: tf.hessians(matrix, matrix),
        lambda: tf.assert_equal(1, 2), lambda: tf.assert_less(matrix, 2.0),
        lambda: tf.assert_equal(matrix, tf.add(matrix, [0.0, 1.0]), message="differ"),
        lambda: tf.assert_positive(-matrix), lambda: tf.Assert(False, [matrix]),
        lambda: tf.assert_rank(matrix, 1), lambda: tf.metrics.mean(matrix),
        lambda: tf.data.Dataset.range(2).make_initializable_iterator(),
    ):  # fmt: skip
        note(call)

    def captured():
        with elsewhere.as_default():
            return matrix + 1

    note(captured)


def variables(tf, note):
    v = tf.Variable(1.0)
    w = tf.Variable([1.0, 2.0], name="w")
    note(lambda: v)
    note(lambda: str(w))
    note(lambda: (v.name, v.trainable, v.dtype, v.shape, float(v.numpy()), v.device))
    note(lambda: tf.Variable([1.0, 2.0], name="w").name)
    note(lambda: tf.get_variable("x", [2], initializer=tf.zeros_initializer()))
    note(lambda: tf.get_variable("x", [2]) is tf.get_variable("x", [2]))
    for name in ("op", "graph", "initializer", "initial_value", "create", "constraint"):
        note(lambda name=name: getattr(w, name))
    for call in (
        lambda: w.assign([3.0, 4.0]), lambda: w.assign_add([3.0, 4.0]),
        lambda: w.assign_sub([3.0, 4.0], read_value=False), lambda: w.assign([1.0]),
        lambda: w.assign_add([1.0]), lambda: tf.assign(w, [0.0, 0.0]), w.eval,
        lambda: w.load([1.0, 1.0]), w.initialized_value, lambda: bool(v), lambda: int(v),
        lambda: copy.deepcopy(w), lambda: copy.copy(w) is w, lambda: w + 1, lambda: w[0],
        w.read_value, w.value, lambda: w.sparse_read([0]), w.is_initialized, lambda: list(w),
        lambda: pickle.loads(pickle.dumps(w)), w.to_proto,
        lambda: w.scatter_add(tf.IndexedSlices(tf.constant([5.0]), tf.constant([1]))),
        lambda: tf.scatter_update(w, [0], [9.0]), lambda: tf.Variable(1.0, use_resource=False),
        tf.Variable, lambda: tf.Variable(lambda: tf.ones([2])),
    ):  # fmt: skip
        note(call)
    with tf.variable_scope("s"):
        a, b = tf.get_variable("a", [1]), tf.get_variable("a", [1])
        note(lambda: (a.name, a is b, tf.Variable(1.0).name))
    for _ in range(2):
        with tf.name_scope("n") as scope:
            note(lambda: (scope, tf.Variable(1.0, name="q").name))
    before = w.read_value()
    w.assign([7.0, 7.0])
    note(lambda: before)
    note(tf.train.get_or_create_global_step)


def shared_variables(tf, note):
    store = tf.contrib.eager.EagerVariableStore()

    def called():
        with store.as_default():
            x = tf.layers.dense(
                tf.ones([1, 2]), 2, name="a", kernel_initializer=tf.ones_initializer()
            )
            return x, tf.get_variable("n", [1], trainable=False)

    first, second = called()[1], called()[1]
    note(lambda: first is second)
    note(lambda: [v.name for v in store.variables()])
    note(lambda: [v.name for v in store.trainable_variables()])
    note(lambda: [v.name for v in store.non_trainable_variables()])
    copied = store.copy()
    store.variables()[1].assign([[5.0, 5.0], [5.0, 5.0]])
    note(lambda: copied.variables()[1])
    note(lambda: tf.get_variable("n", [1]) is first)
    for call in (
        tf.train.Saver, lambda: tf.train.string_input_producer(["a"]),
        lambda: tf.train.batch([tf.ones([2])], 2),
    ):  # fmt: skip
        note(call)


def saved(tf, note):
    v, w = tf.Variable([1.0, 2.0], name="v"), tf.Variable(3, name="w")
    with tempfile.TemporaryDirectory() as folder:
        saver = tf.train.Saver([v, w], max_to_keep=1)
        note(lambda: os.path.basename(saver.save(None, folder + "/m", global_step=3)))
        v.assign([0.0, 0.0])
        note(lambda: saver.restore(None, folder + "/m-3"))
        note(lambda: (v, w, tf.train.list_variables(folder + "/m-3")))
        renamed = tf.contrib.eager.Saver({"a": v})
        note(lambda: os.path.basename(renamed.save(folder + "/q", w)))
        note(lambda: tf.train.list_variables(folder + "/q-3"))
        v.assign([0.0, 0.0])
        note(lambda: renamed.restore(folder + "/q-3"))
        note(lambda: v)
        note(lambda: os.path.basename(saver.save(None, folder + "/m", global_step=w)))
        saver.save(None, folder + "/m", global_step=4)
        note(lambda: sorted(os.listdir(folder)))
        for call in (
            lambda: type(tf.train.Saver([v, tf.Variable(1.0, name="v")])).__name__,
            lambda: type(tf.train.Saver([])).__name__,
            lambda: saver.restore(None, None), lambda: type(saver.saver_def).__name__,
        ):  # fmt: skip
            note(call)
    optimizer = tf.train.AdamOptimizer()
    optimizer.minimize(lambda: tf.reduce_sum(v * v))
    note(lambda: [x.name for x in tf.contrib.eager.get_optimizer_variables(optimizer)])


def random_numbers(tf, note):
    for _ in range(2):
        tf.set_random_seed(1)
        for seed in (None, None, 3, 3):
            note(lambda seed=seed: tf.random_uniform([2], seed=seed))
        note(lambda: tf.random_normal([3], seed=3))
        note(lambda: tf.random_shuffle(tf.range(5), seed=1))
        note(lambda: tf.random_shuffle(tf.range(5), seed=1))
    tf.set_random_seed(2)
    for seed in (None, None, 5):
        note(lambda seed=seed: tf.get_seed(seed))
    with tf.Graph().as_default():
        note(lambda: tf.get_seed(None))
        note(lambda: tf.get_seed(5))


def tapes(tf, note):
    x, v = tf.constant([1.0, 2.0]), tf.Variable(2.0, name="v")
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    note(lambda: tape.gradient(y, x))
    note(lambda: tape.gradient(y, x))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y
        with tape.stop_recording():
            off = x * x
    for call in (
        lambda: tape.gradient(z, x), lambda: tape.gradient(z, [x, y]),
        lambda: tape.gradient({"a": y}, {"q": x}), lambda: tape.gradient(off, x),
        lambda: tape.gradient(off, x, unconnected_gradients=tf.UnconnectedGradients.ZERO),
        lambda: tape.gradient(y, x, output_gradients=tf.constant([2.0, 3.0])),
        lambda: tape.watch(3.0), tape.watched_variables, lambda: tape.gradient(v, v),
        lambda: tape.jacobian(y, x),
    ):  # fmt: skip
        note(call)
    matrix = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(matrix)
        y = matrix * matrix
    note(lambda: tape.batch_jacobian(y, matrix))
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        y = v * v
    note(lambda: tape.gradient(y, v))
    with tf.GradientTape() as outer:
        with tf.GradientTape() as tape:
            y = v * v * v
        first = tape.gradient(y, v)
    note(lambda: (first, outer.gradient(first, v)))
    rows = tf.Variable(tf.ones([4, 2]))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.nn.embedding_lookup(rows, [1, 1, 3]))
    found = tape.gradient(y, rows)
    note(lambda: (type(found).__name__, found.values, found.indices))

    def differentiated(function):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return tape.gradient(y, x)

    for function in (
        lambda a: tf.map_fn(lambda row: row * row, a),
        lambda a: tf.scan(lambda s, row: s * row, a),
        lambda a: tf.foldl(lambda s, row: s * row, a),
        lambda a: tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s * a), [0, a])[1],
        lambda a: tf.cond(a[0] > 0, lambda: a * 2, lambda: a * 3),
        lambda a: tf.py_function(lambda b: b * b, [a], tf.float32),
        lambda a: a * tf.stop_gradient(a),
        lambda a: tf.svd(tf.reshape(tf.tile(a, [2]), [2, 2]))[0],
        tf.nn.relu,
        tf.nn.softmax,
    ):  # fmt: skip
        note(lambda function=function: differentiated(function))


def own_gradients(tf, note):
    x, v = tf.constant([1.0, 2.0]), tf.Variable(2.0, name="v")

    @tf.custom_gradient
    def tenfold(a):
        return tf.identity(a), lambda dy: dy * 10.0

    @tf.custom_gradient
    def scaled(a):
        def grad(dy, variables=None):
            return dy * v * 100.0, [dy * 7.0]

        return a * v, grad

    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = tf.reduce_sum(tenfold(x) * x), tf.reduce_sum(scaled(x))
    note(lambda: tape.gradient(y, x))
    note(lambda: tape.gradient(z, [x, v]))


def functions(tf, note):
    x, v = tf.constant([1.0, 2.0]), tf.Variable(2.0, name="v")

    @tf.contrib.eager.defun
    def squared(a):
        return a * a + v

    @tf.function
    def looped(n):
        start = [0, tf.constant(0.0)]
        return tf.while_loop(lambda i, s: i < n, lambda i, s: (i + 1, s + v), start)[1]

    @tf.contrib.eager.defun
    def updated():
        v.assign_add(1.0)
        return v.read_value()

    note(lambda: squared(x))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(squared(x))
    note(lambda: tape.gradient(y, [x, v]))
    note(lambda: looped(tf.constant(4)))
    note(updated)
    note(updated)
    note(lambda: v)


def contrib(tf, note):
    tfe = tf.contrib.eager
    w = tfe.Variable([7.0, 4.0], name="w")
    for call in (
        lambda: tfe.gradients_function(lambda x, y: x * x * y)(3.0, 2.0),
        lambda: tfe.gradients_function(lambda x, y: x * x * y, params=[1])(3.0, 2.0),
        lambda: tfe.gradients_function(lambda x, y: x * x * y, params=["x"])(3.0, 2.0),
        lambda: tfe.gradients_function(lambda x: x * x)(3.0, dy=2.0),
        lambda: tfe.value_and_gradients_function(lambda x, y: x * x * y)(3.0, 2.0),
        lambda: tfe.implicit_gradients(lambda: w * w)(),
        lambda: tfe.implicit_value_and_gradients(lambda: w * w)(),
        lambda: tfe.implicit_gradients(lambda: 3.0)(),
        lambda: tfe.implicit_gradients(lambda: None)(),
        tfe.num_gpus, tfe.in_eager_mode, tfe.executing_eagerly,
    ):  # fmt: skip
        note(call)


def flow(tf, note):
    yes = tf.constant(True)
    for call in (
        lambda: tf.cond(yes, lambda: 1, lambda: tf.constant(2)),
        lambda: tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0]),
        lambda: tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [tf.constant(0)]),
        lambda: tf.while_loop(lambda i: True, lambda i: i + 1, [0], maximum_iterations=4),
        lambda: tf.map_fn(lambda x: x * 2, tf.constant([1, 2])),
        lambda: tf.scan(lambda a, x: a + x, tf.constant([1, 2])),
        lambda: tf.case([(yes, lambda: tf.constant(1))], default=lambda: tf.constant(2)),
        lambda: tf.py_function(lambda x: x.numpy() + 1, [tf.constant(1)], tf.int32),
        lambda: tf.py_func(lambda x: [x, x], [tf.constant([1.0])], [tf.float32] * 2),
    ):
        note(call)
    array = tf.TensorArray(tf.float32, 2)
    array = array.write(0, [1.0]).write(1, [2.0])
    for call in (
        array.stack, array.concat, array.size, lambda: array.read(0), lambda: array.read(0),
        lambda: array.read(5), lambda: array.write(7, [1.0]), lambda: array.write(0, [1.0, 2.0]),
        lambda: array.unstack([[3.0], [4.0]]).gather([1, 0]),
        lambda: tf.TensorArray(tf.float32), lambda: array.write(0, [1]).stack(),
    ):  # fmt: skip
        note(call)

    def in_a_graph():
        with tf.Graph().as_default():
            y = tf.constant(3.0) * 2
            note(tf.executing_eagerly)
        with tf.Session(graph=y.graph) as session:
            return float(session.run(y))

    note(in_a_graph)


def datasets(tf, note):
    v = tf.Variable(3.0)
    numbers = tf.data.Dataset.range(3)
    note(lambda: list(numbers))
    iterator = tf.contrib.eager.Iterator(numbers.map(lambda x: (x, {"a": x + 1})))
    for call in (iterator.next, iterator.get_next, lambda: next(iterator), iterator.get_next):
        note(call)
    note(numbers.make_one_shot_iterator().get_next)
    pairs = tf.data.Dataset.from_tensor_slices((np.arange(6.0), np.arange(6)))
    pairs = pairs.map(lambda a, b: (a * 2, b + tf.cast(v, tf.int64)))
    note(lambda: list(pairs.shuffle(10, seed=3).batch(4).repeat(2)))
    made = tf.data.Dataset.from_generator(lambda: iter([1, 2]), tf.int32)
    note(lambda: list(made.map(lambda x: x * 2).prefetch(1)))


def networks(tf, note):
    tf.set_random_seed(7)
    image = tf.random_uniform([2, 8, 8, 3])
    layers = [
        tf.layers.Conv2D(4, 3, activation=tf.nn.relu), tf.layers.MaxPooling2D(2, 2),
        tf.layers.BatchNormalization(), tf.layers.Flatten(), tf.layers.Dropout(0.5),
        tf.layers.Dense(3),
    ]  # fmt: skip
    with tf.GradientTape() as tape:
        h = image
        for layer in layers:
            options = {"training": True} if "Nor" in str(layer) or "Drop" in str(layer) else {}
            h = layer(h, **options)
        loss = tf.losses.softmax_cross_entropy(tf.one_hot([0, 2], 3), h)
    weights = [w for layer in layers for w in layer.trainable_variables]
    note(lambda: [w.name for w in weights])
    note(lambda: [layer.name for layer in layers])
    note(lambda: (loss, layers[2].moving_mean))
    note(lambda: [tf.reduce_sum(g * g) for g in tape.gradient(loss, weights)])
    cell = tf.nn.rnn_cell.BasicLSTMCell(3)
    state = cell.zero_state(2, tf.float32)
    with tf.GradientTape() as tape:
        for _ in range(2):
            out, state = cell(tf.ones([2, 2]), state)
        loss = tf.reduce_sum(out)
    note(lambda: [loss, *tape.gradient(loss, cell.trainable_variables)])
    cells = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.GRUCell(n) for n in (3, 2)])
    note(lambda: tf.nn.dynamic_rnn(cells, tf.ones([2, 4, 2]), [2, 4], dtype=tf.float32)[0])
    for loss in (
        tf.losses.absolute_difference, tf.losses.sigmoid_cross_entropy, tf.losses.huber_loss,
        tf.losses.hinge_loss, tf.losses.mean_squared_error,
    ):  # fmt: skip
        note(lambda loss=loss: loss([1.0], [3.0]))
    note(tf.losses.get_losses)


def made_of_layers(tf, note):
    tfe = tf.contrib.eager

    class NeuralNet(tfe.Network):
        def __init__(self, name=None):
            super().__init__(name=name)
            self.a = self.track_layer(tf.layers.Dense(2))
            self.b = self.track_layer(tf.layers.Dense(3))
            self.c = self.track_layer(tf.layers.Dense(3, name="out"))

        def call(self, inputs):
            return self.c(self.b(self.a(inputs)))

    class Outer(tfe.Network):
        def __init__(self):
            super().__init__()
            self.first = self.track_layer(NeuralNet())
            self.second = self.track_layer(NeuralNet())

        def call(self, inputs):
            return self.second(self.first(inputs))

    def names(network):
        network(tf.ones([1, 2]))
        return network.name, [v.name for v in network.variables], [x.name for x in network.layers]

    nameless, named = NeuralNet(), NeuralNet(name="named")
    note(lambda: nameless.name)
    for network in (nameless, NeuralNet(), named, Outer()):
        note(lambda network=network: names(network))
    with tf.variable_scope("around"):
        note(lambda: names(NeuralNet()))
    row = tfe.Sequential([tf.layers.Dense(2), tf.nn.relu, tf.layers.Dense(1)])
    note(lambda: names(row))
    row.add(tf.layers.Dense(4))
    note(lambda: names(row))
    for call in (
        named.get_layer, lambda: named.get_layer("zz"), lambda: named.get_layer(index=9),
        lambda: named.get_layer("a", 1), lambda: named.get_layer(index=2) is named.c,
        lambda: names(NeuralNet(name="named")), lambda: NeuralNet(name="a/b"),
        lambda: named.track_layer(3), lambda: setattr(named, "trainable", False),
        lambda: named.add_variable("w", [1]), lambda: named.add_loss(1.0), lambda: named.losses,
        named.count_params, lambda: row.add(3),
    ):  # fmt: skip
        note(call)


def optimizers(tf, note):
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    rows = tf.Variable(tf.ones([4, 2]), name="e")

    def loss():
        return tf.reduce_sum(w * w - w) + tf.reduce_sum(tf.gather(rows, [0, 2]))

    for name in ("GradientDescent", "Adam", "Adagrad", "RMSProp", "Adadelta", "Ftrl",
                 "ProximalGradientDescent", "ProximalAdagrad"):  # fmt: skip
        optimizer = getattr(tf.train, f"{name}Optimizer")(0.1)
        for _ in range(2):
            note(lambda: optimizer.minimize(loss))  # noqa: B023 (called at once)
        note(lambda: (w, rows))
        note(lambda: [v.name for v in optimizer.variables()])  # noqa: B023 (as above)
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, step, 1, 0.5)
    momentum = tf.train.MomentumOptimizer(rate, 0.9)
    for _ in range(3):
        momentum.minimize(loss, global_step=step)
    note(lambda: (w, step, rate(), momentum.get_slot(w, "momentum")))
    note(lambda: momentum.minimize(w))
    note(lambda: momentum.apply_gradients([(None, w)]))
    note(lambda: momentum.compute_gradients(lambda: tf.reduce_sum(w * w)))
    average = tf.train.ExponentialMovingAverage(0.9)
    average.apply([w])
    w.assign(w * 2)
    average.apply([w])
    note(lambda: average.average(w))


def layers_of_keras(tf, note):
    """Layers and subclassed models of Keras, trained with a tape and Keras's optimizers."""
    tf.set_random_seed(7)
    keras, layers = tf.keras, tf.keras.layers
    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.a = layers.Dense(4, activation="relu", kernel_initializer="ones")
            self.b = layers.Dense(1, kernel_initializer="ones")

        def call(self, inputs):
            return self.b(self.a(inputs))

    net = Net()
    note(lambda: net(tf.constant(x)))
    note(lambda: [v.shape.as_list() for v in net.trainable_variables])
    note(lambda: net.count_params())

    def step(optimizer):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(tf.constant(x)) - 1.0))
        grads = tape.gradient(loss, net.trainable_variables)
        pairs = list(zip(grads, net.trainable_variables))  # noqa: B905 (runs on Python 3.7 too)
        note(lambda: optimizer.apply_gradients(pairs))
        return loss

    for optimizer in (
        keras.optimizers.SGD(0.1, momentum=0.9), keras.optimizers.Adam(0.1),
        keras.optimizers.RMSprop(0.01), keras.optimizers.RMSprop(0.01, centered=True),
        keras.optimizers.Nadam(0.01), keras.optimizers.Adamax(0.01), tf.train.AdamOptimizer(0.01),
    ):  # fmt: skip
        for _ in range(2):
            note(lambda optimizer=optimizer: step(optimizer))
    row = keras.Sequential(
        [
            layers.Dense(2, kernel_initializer="ones", name="first"),
            layers.BatchNormalization(name="second"),
            layers.Flatten(),
        ],
        name="row",
    )
    note(lambda: row(tf.constant(x), training=True))
    note(lambda: row(tf.constant(x)))
    note(lambda: row.get_weights())
    note(lambda: row.set_weights([w + 1 for w in row.get_weights()]) or row.weights[0])
    images = tf.reshape(tf.range(32.0), [1, 4, 4, 2])
    steps = tf.reshape(tf.range(12.0), [2, 3, 2]) / 12
    note(lambda: layers.Conv2D(2, 3, kernel_initializer="ones")(images))
    note(lambda: layers.MaxPooling2D()(images))
    for kind in (layers.SimpleRNN, layers.LSTM, layers.GRU):
        note(
            lambda kind=kind: kind(2, kernel_initializer="ones", recurrent_initializer="ones")(
                steps
            )
        )
    note(lambda: layers.Embedding(4, 2, embeddings_initializer="ones")(tf.constant([[1, 3]])))
    note(lambda: keras.losses.MeanSquaredError()(x, x + 1))
    note(lambda: keras.losses.categorical_crossentropy(x, tf.nn.softmax(x)))
    mean = keras.metrics.Mean()
    note(lambda: [mean(2.0), mean([4.0, 6.0]), mean.result()])
    note(lambda: float(keras.backend.get_value(mean.result())))


PROGRAMS = (
    tensors, operations, mistakes, variables, shared_variables, saved, random_numbers,
    tapes,
    own_gradients, functions, contrib, flow, datasets, networks, made_of_layers, optimizers,
    layers_of_keras,
)  # fmt: skip
