"""W3: the convolutional walkthrough, two 5x5 convolutions with pools, dropout, Adam."""

import numpy as np

from bench import data, optimizers
from bench.form import compiled, computed, session, trained
from bench.workloads import convnet_numpy

RATE = 1e-4
KEEP = 0.5
SHAPES = ((5, 5, 1, 32), (5, 5, 32, 64), (3136, 1024), (1024, 10))


def parameters():
    """The initial parameters: weights and biases of the four layers, in turn."""
    found = []
    for shape in SHAPES:
        found += [data.normal(shape), data.filled(shape[-1])]
    return found


# --- TensorFlow and graphflow ---


def tf_network(tf, x, keep):
    """Returns the logits."""

    def convolution(t, w, b):
        t = tf.nn.relu(tf.nn.conv2d(t, w, strides=[1, 1, 1, 1], padding="SAME") + b)
        return tf.nn.max_pool(t, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")

    w1, b1, w2, b2, w3, b3, w4, b4 = [tf.Variable(value) for value in parameters()]
    h = convolution(convolution(tf.reshape(x, [-1, 28, 28, 1]), w1, b1), w2, b2)
    h = tf.nn.relu(tf.matmul(tf.reshape(h, [-1, 7 * 7 * 64]), w3) + b3)
    return tf.matmul(tf.nn.dropout(h, keep_prob=keep), w4) + b4


def in_tf(tf, batch, train):
    x = tf.placeholder(tf.float32, [None, 784])
    y_ = tf.placeholder(tf.float32, [None, 10])
    keep = tf.placeholder(tf.float32)
    logits = tf_network(tf, x, keep)
    each = tf.nn.softmax_cross_entropy_with_logits_v2(labels=y_, logits=logits)
    loss = tf.reduce_mean(each)
    minimize = tf.train.AdamOptimizer(RATE).minimize(loss) if train else None
    sess = session(tf)
    images, labels = data.images(batch)
    if not train:
        return computed(lambda: sess.run(logits, feed_dict={x: images, keep: 1.0}))

    def run(what, kept):
        return sess.run(what, feed_dict={x: images, y_: labels, keep: kept})

    return trained(lambda: run(minimize, KEEP), lambda: run(loss, 1.0), lambda: run(minimize, 1.0))


# --- JAX ---


def jax_network(jax, held, x, key):
    """Returns the logits; without a key nothing is dropped."""
    w1, b1, w2, b2, w3, b3, w4, b4 = held

    def convolution(t, w, b):
        names = ("NHWC", "HWIO", "NHWC")
        t = jax.lax.conv_general_dilated(t, w, (1, 1), "SAME", dimension_numbers=names)
        n, height, width, channels = t.shape  # this maximum's gradient is faster than a window's
        parts = jax.nn.relu(t + b).reshape(n, height // 2, 2, width // 2, 2, channels)
        return parts.max((2, 4))

    h = convolution(convolution(x.reshape(-1, 28, 28, 1), w1, b1), w2, b2)
    h = jax.nn.relu(h.reshape(-1, 3136) @ w3 + b3)
    if key is not None:
        h = jax.numpy.where(jax.random.bernoulli(key, KEEP, h.shape), h / KEEP, 0)
    return h @ w4 + b4


def in_jax(jax, batch, train):
    images, labels = data.images(batch)
    if not train:
        held = jax.tree.map(jax.numpy.array, parameters())
        infer = jax.jit(lambda held, x: jax_network(jax, held, x, None))
        return computed(lambda: infer(held, images).block_until_ready())

    def loss(held, x, y, key):
        logits = jax_network(jax, held, x, key)
        return -(y * jax.nn.log_softmax(logits)).sum(1).mean()

    training = optimizers.jax_adam(jax, loss, parameters(), RATE)
    key = jax.random.key(0)
    return trained(
        lambda: training.step(images, labels, key),
        lambda: training.loss(images, labels, None),
        lambda: training.step(images, labels, None),
    )


# --- torch ---


def torch_parameters(torch):
    """The parameters, filters and the first dense layer's rows in torch's order, channels last."""
    found = []
    for value in parameters():
        held = torch.from_numpy(value)
        if held.ndim == 4:
            held = held.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
        found.append(torch.nn.Parameter(held))
    return found


def torch_network(torch, held, x, keep):
    """Returns the logits."""
    functional = torch.nn.functional
    w1, b1, w2, b2, w3, b3, w4, b4 = held
    h = x.view(-1, 1, 28, 28).contiguous(memory_format=torch.channels_last)
    h = functional.max_pool2d(torch.relu(functional.conv2d(h, w1, b1, padding=2)), 2)
    h = functional.max_pool2d(torch.relu(functional.conv2d(h, w2, b2, padding=2)), 2)
    h = h.permute(0, 2, 3, 1).reshape(-1, 3136)  # as it lies in memory
    h = torch.relu(torch.addmm(b3, h, w3))
    if keep < 1:
        h = functional.dropout(h, 1 - keep)
    return torch.addmm(b4, h, w4)


def in_torch(torch, batch, train):
    held = torch_parameters(torch)
    images, labels = (torch.from_numpy(a) for a in data.images(batch))
    network = compiled(torch, lambda x, keep: torch_network(torch, held, x, keep))
    if not train:
        inferring = torch.inference_mode()
        return computed(inferring(lambda: network(images, 1.0).numpy()))
    adam = torch.optim.Adam(held, RATE, fused=True)

    def loss(x, y, keep):
        return torch.nn.functional.cross_entropy(network(x, keep), y)

    step = optimizers.torch_training(torch, loss, adam)
    return trained(
        lambda: step(images, labels, KEEP),
        lambda: loss(images, labels, 1.0),
        lambda: step(images, labels, 1.0),
    )


# --- PyTensor ---


def tap_rows(n, size):
    """Where the 25 neighbours of every place lie, among the rows (places) of padded images."""
    wide = size + 4
    places = np.arange(n * wide * wide).reshape(n, wide, wide)
    taps = [places[:, i : i + size, j : j + size] for i in range(5) for j in range(5)]
    return np.stack(taps, axis=-1).reshape(-1)


def pytensor_network(pytensor, held, x, mask, n):
    """Returns the logits; PyTensor has no convolution: the neighbours are taken, then one product.

    A sum of 25 products of shifted images takes PyTensor minutes to compile.
    """
    pt = pytensor.tensor
    w1, b1, w2, b2, w3, b3, w4, b4 = held

    def convolution(t, w, b, size, inputs, outputs):
        padded = pt.zeros((n, size + 4, size + 4, inputs), dtype="float32")
        padded = pt.set_subtensor(padded[:, 2:-2, 2:-2, :], t).reshape((-1, inputs))
        columns = padded[tap_rows(n, size)].reshape((n * size * size, 25 * inputs))
        t = columns @ w.reshape((25 * inputs, outputs)) + b
        half = size // 2
        t = pt.maximum(t, 0).reshape((n, half, 2, half, 2, outputs))
        t = pt.maximum(t[:, :, 0], t[:, :, 1])
        return pt.maximum(t[:, :, :, 0], t[:, :, :, 1])

    h = convolution(x.reshape((n, 28, 28, 1)), w1, b1, 28, 1, 32)
    h = convolution(h, w2, b2, 14, 32, 64)
    h = pt.maximum(h.reshape((n, 3136)) @ w3 + b3, 0)
    return (h if mask is None else h * mask) @ w4 + b4


def in_pytensor(pytensor, batch, train):
    pt = pytensor.tensor
    held = [optimizers.pytensor_shared(pytensor, value) for value in parameters()]
    images, labels = data.images(batch)
    x, y = pt.fmatrix(), pt.fmatrix()
    plain = pytensor_network(pytensor, held, x, None, batch)
    if not train:
        infer = optimizers.pytensor_function(pytensor, [x], plain)
        return computed(lambda: infer(images))

    def training(logits):
        value = -(y * pt.special.log_softmax(logits, axis=1)).sum(1).mean()
        return value, optimizers.pytensor_adam(pytensor, value, held, RATE)

    stream = pt.random.utils.RandomStream(seed=1)
    kept = stream.uniform(size=(batch, 1024), dtype="float32") < KEEP
    mask = kept.astype("float32") * data.F32(1 / KEEP)
    _, updates = training(pytensor_network(pytensor, held, x, mask, batch))
    value, checked = training(plain)
    step = optimizers.pytensor_function(pytensor, [x, y], [], [*updates, *stream.updates()])
    check = optimizers.pytensor_function(pytensor, [x, y], [], checked)
    loss = optimizers.pytensor_function(pytensor, [x, y], value)
    return trained(
        lambda: step(images, labels), lambda: loss(images, labels), lambda: check(images, labels)
    )


# --- NumPy ---


def in_numpy(np, batch, train):
    images, labels = data.images(batch)
    network = convnet_numpy.Network(parameters(), batch)
    if not train:
        return computed(lambda: network.forward(images).copy())
    loss = optimizers.NumpySoftmaxLoss(batch, 10)
    adam = optimizers.NumpyAdam(network.parameters, network.gradients, RATE)

    def step(keep):
        network.backward(loss.backward(network.forward(images, keep), labels))
        adam.step()

    return trained(
        lambda: step(KEEP),
        lambda: loss.value(network.forward(images), labels),
        lambda: step(1.0),
    )
