"""W2: a step of a network of two hidden layers, 784-width-width-10, Adam."""

from bench import data, optimizers
from bench.form import compiled, session, trained

RATE = 1e-3


def parameters(width):
    """The initial parameters: weights and biases of the three layers, in turn."""
    found = []
    for shape in ((784, width), (width, width), (width, 10)):
        found += [data.normal(shape, 0.05), data.filled(shape[1])]
    return found


def in_tf(tf, batch, width):
    x = tf.placeholder(tf.float32, [None, 784])
    y_ = tf.placeholder(tf.float32, [None, 10])
    w1, b1, w2, b2, w3, b3 = [tf.Variable(value) for value in parameters(width)]
    h = tf.nn.relu(tf.matmul(x, w1) + b1)
    h = tf.nn.relu(tf.matmul(h, w2) + b2)
    logits = tf.matmul(h, w3) + b3
    each = tf.nn.softmax_cross_entropy_with_logits_v2(labels=y_, logits=logits)
    loss = tf.reduce_mean(each)
    train = tf.train.AdamOptimizer(RATE).minimize(loss)
    sess = session(tf)
    images, labels = data.images(batch)
    return trained(
        lambda: sess.run(train, feed_dict={x: images, y_: labels}),
        lambda: sess.run(loss, feed_dict={x: images, y_: labels}),
    )


def in_jax(jax, batch, width):
    def loss(parameters, x, y):
        w1, b1, w2, b2, w3, b3 = parameters
        h = jax.nn.relu(x @ w1 + b1)
        h = jax.nn.relu(h @ w2 + b2)
        return -(y * jax.nn.log_softmax(h @ w3 + b3)).sum(1).mean()

    training = optimizers.jax_adam(jax, loss, parameters(width), RATE)
    images, labels = data.images(batch)
    return trained(lambda: training.step(images, labels), lambda: training.loss(images, labels))


def in_torch(torch, batch, width):
    held = [optimizers.torch_parameter(torch, value) for value in parameters(width)]
    w1, b1, w2, b2, w3, b3 = held
    images, labels = (torch.from_numpy(a) for a in data.images(batch))

    def forward(x, y):
        h = torch.relu(torch.addmm(b1, x, w1))
        h = torch.relu(torch.addmm(b2, h, w2))
        return torch.nn.functional.cross_entropy(torch.addmm(b3, h, w3), y)

    loss = compiled(torch, forward)
    adam = torch.optim.Adam(held, RATE, fused=True)
    step = optimizers.torch_training(torch, loss, adam)
    return trained(lambda: step(images, labels), lambda: loss(images, labels))


def in_pytensor(pytensor, batch, width):
    pt = pytensor.tensor
    x, y = pt.fmatrix(), pt.fmatrix()
    held = [optimizers.pytensor_shared(pytensor, value) for value in parameters(width)]
    w1, b1, w2, b2, w3, b3 = held
    h = pt.maximum(x @ w1 + b1, 0)
    h = pt.maximum(h @ w2 + b2, 0)
    value = -(y * pt.special.log_softmax(h @ w3 + b3, axis=1)).sum(1).mean()
    updates = optimizers.pytensor_adam(pytensor, value, held, RATE)
    step = optimizers.pytensor_function(pytensor, [x, y], [], updates)
    loss = optimizers.pytensor_function(pytensor, [x, y], value)
    images, labels = data.images(batch)
    return trained(lambda: step(images, labels), lambda: loss(images, labels))


def in_numpy(np, batch, width):
    x, labels = data.images(batch)
    w1, b1, w2, b2, w3, b3 = held = parameters(width)
    dw1, db1, dw2, db2, dw3, db3 = gradients = [np.empty_like(p) for p in held]
    h1, h2, d1, d2 = (np.empty((batch, width), np.float32) for _ in range(4))
    logits, positive = np.empty((batch, 10), np.float32), np.empty((batch, width), bool)
    loss = optimizers.NumpySoftmaxLoss(batch, 10)
    adam = optimizers.NumpyAdam(held, gradients, RATE)

    def dense(x, w, b, y):
        np.dot(x, w, y)
        return np.add(y, b, y)

    def forward():
        np.maximum(dense(x, w1, b1, h1), 0, out=h1)
        np.maximum(dense(h1, w2, b2, h2), 0, out=h2)
        return dense(h2, w3, b3, logits)

    def weights(x, dy, dw, db):
        np.dot(x.T, dy, dw)
        np.add.reduce(dy, 0, None, db)

    def inputs(dy, w, h, dh):
        np.dot(dy, w.T, dh)
        return np.multiply(dh, np.greater(h, 0, positive), dh)

    def step():
        d3 = loss.backward(forward(), labels)
        weights(h2, d3, dw3, db3)
        weights(h1, inputs(d3, w3, h2, d2), dw2, db2)
        weights(x, inputs(d2, w2, h1, d1), dw1, db1)
        adam.step()

    return trained(step, lambda: loss.value(forward(), labels))
