"""W4: an LSTM over the 28 rows of an image, and the class from its last state; Adam.

`loop`: unrolled in the graph ("static"), or a loop that runs it ("while").
"""

from bench import data, optimizers
from bench.form import compiled, session, trained

RATE = 1e-3
STEPS = INPUTS = 28


def parameters(units):
    """The initial parameters: the cell's weights (gates i, j, f, o) and biases, the classes'."""
    kernel = data.normal((INPUTS + units, 4 * units))
    return [kernel, data.filled(4 * units, 0), data.normal((units, 10)), data.filled(10)]


# --- TensorFlow and graphflow ---


def tf_cell(tf, units):
    """`BasicLSTMCell`, or where there is none (TensorFlow with Keras 3) one that computes it."""
    try:
        return tf.nn.rnn_cell.BasicLSTMCell(units)
    except (AttributeError, ImportError):
        return Cell(tf, units)


class Cell:
    """What `BasicLSTMCell` computes, with what `static_rnn` and `dynamic_rnn` ask of a cell."""

    def __init__(self, tf, units):
        self._tf, self._units = tf, units
        self.state_size, self.output_size = (units, units), units

    def zero_state(self, batch_size, dtype):
        tf = self._tf
        return tuple(tf.zeros([batch_size, self._units], dtype) for _ in range(2))

    def get_initial_state(self, inputs=None, batch_size=None, dtype=None):
        return self.zero_state(batch_size, dtype)

    def __call__(self, x, state, scope=None):
        tf, (c, h) = self._tf, state
        with tf.variable_scope("basic_lstm_cell", reuse=tf.AUTO_REUSE):
            kernel = tf.get_variable("kernel", [INPUTS + self._units, 4 * self._units])
            bias = tf.get_variable("bias", [4 * self._units])
        gates = tf.nn.bias_add(tf.matmul(tf.concat([x, h], 1), kernel), bias)
        i, j, f, o = tf.split(gates, 4, 1)
        c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
        h = tf.tanh(c) * tf.sigmoid(o)
        return h, (c, h)


def in_tf(tf, batch, units, loop):
    x = tf.placeholder(tf.float32, [batch, 784])
    y_ = tf.placeholder(tf.float32, [batch, 10])
    rows = tf.reshape(x, [-1, STEPS, INPUTS])
    cell = tf_cell(tf, units)
    if loop == "static":
        outputs, _ = tf.nn.static_rnn(cell, tf.unstack(rows, STEPS, 1), dtype=tf.float32)
        last = outputs[-1]
    else:
        _, (_, last) = tf.nn.dynamic_rnn(cell, rows, dtype=tf.float32)
    *_, w, b = parameters(units)
    logits = tf.matmul(last, tf.Variable(w)) + tf.Variable(b)
    each = tf.nn.softmax_cross_entropy_with_logits_v2(labels=y_, logits=logits)
    loss = tf.reduce_mean(each)
    train = tf.train.AdamOptimizer(RATE).minimize(loss)
    sess = session(tf)
    for k, value in enumerate(parameters(units)):
        tf.trainable_variables()[k].load(value, sess)
    images, labels = data.images(batch)
    return trained(
        lambda: sess.run(train, feed_dict={x: images, y_: labels}),
        lambda: sess.run(loss, feed_dict={x: images, y_: labels}),
    )


# --- JAX ---


def in_jax(jax, batch, units, loop):
    jnp = jax.numpy

    def cell(held, x, c, h):
        gates = jnp.concatenate([x, h], 1) @ held[0] + held[1]
        i, j, f, o = jnp.split(gates, 4, 1)
        c = jax.nn.sigmoid(f + 1) * c + jax.nn.sigmoid(i) * jnp.tanh(j)
        return c, jax.nn.sigmoid(o) * jnp.tanh(c)

    def loss(held, x, y):
        rows = x.reshape(batch, STEPS, INPUTS).transpose(1, 0, 2)
        c = h = jnp.zeros((batch, units))
        if loop == "static":
            for t in range(STEPS):
                c, h = cell(held, rows[t], c, h)
        else:
            (c, h), _ = jax.lax.scan(lambda s, row: (cell(held, row, *s), None), (c, h), rows)
        return -(y * jax.nn.log_softmax(h @ held[2] + held[3])).sum(1).mean()

    training = optimizers.jax_adam(jax, loss, parameters(units), RATE)
    images, labels = data.images(batch)
    return trained(lambda: training.step(images, labels), lambda: training.loss(images, labels))


# --- torch ---


def in_torch(torch, batch, units, loop):
    functional, parameter = torch.nn.functional, optimizers.torch_parameter
    kernel, bias, w, b = parameters(units)
    order = [0, 2, 1, 3]  # torch's gates are i, f, j, o; the forget gate's 1 goes into its bias

    def gates(values):
        turned = values.reshape(-1, 4, units)[:, order].reshape(-1, 4 * units).T
        return data.np.ascontiguousarray(turned)

    shifted = bias.copy()
    shifted[2 * units : 3 * units] += 1
    lstm = torch.nn.LSTM(INPUTS, units, batch_first=True)
    held = [gates(kernel[:INPUTS]), gates(kernel[INPUTS:]), gates(shifted).reshape(-1)]
    with torch.no_grad():
        for into, value in zip(lstm.parameters(), [*held, data.filled(4 * units, 0)], strict=True):
            into.copy_(torch.from_numpy(value))
    lstm.bias_hh_l0.requires_grad_(False)  # BasicLSTMCell has one bias
    w, b = parameter(torch, w), parameter(torch, b)
    images, labels = (torch.from_numpy(a) for a in data.images(batch))

    def forward(x, y):
        outputs, _ = lstm(x.view(batch, STEPS, INPUTS))
        return functional.cross_entropy(torch.addmm(b, outputs[:, -1], w), y)

    loss = compiled(torch, forward)
    trainable = [p for p in [*lstm.parameters(), w, b] if p.requires_grad]
    adam = torch.optim.Adam(trainable, RATE, fused=True)
    step = optimizers.torch_training(torch, loss, adam)
    return trained(lambda: step(images, labels), lambda: loss(images, labels))


# --- PyTensor ---


def in_pytensor(pytensor, batch, units, loop):
    pt = pytensor.tensor
    x, y = pt.fmatrix(), pt.fmatrix()
    held = [optimizers.pytensor_shared(pytensor, value) for value in parameters(units)]
    kernel, bias, w, b = held
    rows = x.reshape((batch, STEPS, INPUTS)).transpose(1, 0, 2)
    zeros = pt.zeros((batch, units), dtype="float32")

    def cell(row, c, h, kernel, bias):
        gates = pt.concatenate([row, h], axis=1) @ kernel + bias
        i, j, f, o = (gates[:, k * units : (k + 1) * units] for k in range(4))
        c = pt.sigmoid(f + 1) * c + pt.sigmoid(i) * pt.tanh(j)
        return c, pt.sigmoid(o) * pt.tanh(c)

    # Scan in both rows: PyTensor takes minutes to compile the unrolled graph.
    _, outputs = pytensor.scan(
        cell,
        sequences=[rows],
        outputs_info=[zeros, zeros],
        non_sequences=[kernel, bias],
        return_updates=False,
    )
    value = -(y * pt.special.log_softmax(outputs[-1] @ w + b, axis=1)).sum(1).mean()
    updates = optimizers.pytensor_adam(pytensor, value, held, RATE)
    step = optimizers.pytensor_function(pytensor, [x, y], [], updates)
    loss = optimizers.pytensor_function(pytensor, [x, y], value)
    images, labels = data.images(batch)
    return trained(lambda: step(images, labels), lambda: loss(images, labels))


# --- NumPy ---


class NumpyLstm:
    """The cell over all steps with buffers; one product gives the gradient of the weights.

    Sigmoids are `0.5 * tanh(0.5 * x) + 0.5`, so the four gates are one tanh.
    """

    def __init__(self, np, batch, units):
        def empty(*shape):
            return np.empty(shape, np.float32)

        self._np, self._units = np, units
        self._inputs = np.zeros((STEPS, batch, INPUTS + units), np.float32)
        self._gates = empty(STEPS, batch, 4 * units)
        self._dgates = empty(STEPS, batch, 4 * units)
        self._c = np.zeros((STEPS + 1, batch, units), np.float32)
        self._tanh = empty(STEPS, batch, units)
        self._scratch = empty(batch, units)
        self._dc = empty(batch, units)
        self.h = empty(batch, units)

    def _parts(self, gates):
        n = self._units
        return [gates[:, k * n : (k + 1) * n] for k in range(4)]

    def forward(self, images, kernel, bias):
        """Returns the last output."""
        np, n, half = self._np, self._units, self._np.float32(0.5)
        self._inputs[:, :, :INPUTS] = images.reshape(-1, STEPS, INPUTS).transpose(1, 0, 2)
        shifted = bias.copy()
        shifted[2 * n : 3 * n] += 1
        for t in range(STEPS):
            gates, c, tanh = self._gates[t], self._c[t + 1], self._tanh[t]
            i, j, f, o = self._parts(gates)
            np.dot(self._inputs[t], kernel, gates)
            np.add(gates, shifted, gates)
            for part in (i, gates[:, 2 * n :]):
                np.multiply(part, half, part)
            np.tanh(gates, gates)
            for part in (i, gates[:, 2 * n :]):
                np.multiply(part, half, part)
                np.add(part, half, part)
            np.multiply(f, self._c[t], c)
            np.multiply(i, j, self._scratch)
            np.add(c, self._scratch, c)
            np.tanh(c, tanh)
            np.multiply(o, tanh, self._inputs[t + 1, :, INPUTS:] if t + 1 < STEPS else self.h)
        return self.h

    def backward(self, dh, kernel, dkernel, dbias):
        """Writes the gradients of weights and biases; `dh` is used up."""
        np, a, dc = self._np, self._scratch, self._dc
        dc[:] = 0
        for t in reversed(range(STEPS)):
            i, j, f, o = self._parts(self._gates[t])
            di, dj, df, do = self._parts(self._dgates[t])
            tanh = self._tanh[t]
            np.multiply(dh, o, a)  # dc += dh * o * (1 - tanh^2)
            np.add(dc, a, dc)
            np.multiply(a, tanh, a)
            np.multiply(a, tanh, a)
            np.subtract(dc, a, dc)
            np.multiply(dh, tanh, do)
            np.multiply(dc, j, di)
            np.multiply(dc, self._c[t], df)
            for d, gate in ((do, o), (di, i), (df, f)):  # times gate * (1 - gate)
                np.multiply(d, gate, d)
                np.multiply(d, gate, a)
                np.subtract(d, a, d)
            np.multiply(dc, i, dj)
            np.multiply(j, j, a)
            np.multiply(dj, a, a)
            np.subtract(dj, a, dj)
            np.multiply(dc, f, dc)
            if t:
                np.dot(self._dgates[t], kernel[INPUTS:].T, dh)
        dgates = self._dgates.reshape(-1, 4 * self._units)
        np.dot(self._inputs.reshape(len(dgates), -1).T, dgates, dkernel)
        np.add.reduce(dgates, 0, None, dbias)


def in_numpy(np, batch, units, loop):
    images, labels = data.images(batch)
    kernel, bias, w, b = held = parameters(units)
    dkernel, dbias, dw, db = gradients = [np.empty_like(p) for p in held]
    lstm = NumpyLstm(np, batch, units)
    logits, dh = np.empty((batch, 10), np.float32), np.empty((batch, units), np.float32)
    loss = optimizers.NumpySoftmaxLoss(batch, 10)
    adam = optimizers.NumpyAdam(held, gradients, RATE)

    def forward():
        np.dot(lstm.forward(images, kernel, bias), w, logits)
        return np.add(logits, b, logits)

    def step():
        dy = loss.backward(forward(), labels)
        np.dot(lstm.h.T, dy, dw)
        np.add.reduce(dy, 0, None, db)
        np.dot(dy, w.T, dh)
        lstm.backward(dh, kernel, dkernel, dbias)
        adam.step()

    return trained(step, lambda: loss.value(forward(), labels))
