"""W1: one step of the softmax walkthrough, 784 inputs and 10 classes, gradient descent."""

from bench import data, optimizers
from bench.form import compiled, session, trained

RATE = 0.5


def in_tf(tf, batch):
    x = tf.placeholder(tf.float32, [None, 784])
    y_ = tf.placeholder(tf.float32, [None, 10])
    w = tf.Variable(tf.zeros([784, 10]))
    b = tf.Variable(tf.zeros([10]))
    y = tf.nn.softmax(tf.matmul(x, w) + b)
    loss = tf.reduce_mean(-tf.reduce_sum(y_ * tf.log(y), axis=[1]))
    train = tf.train.GradientDescentOptimizer(RATE).minimize(loss)
    sess = session(tf)
    images, labels = data.images(batch)
    return trained(
        lambda: sess.run(train, feed_dict={x: images, y_: labels}),
        lambda: sess.run(loss, feed_dict={x: images, y_: labels}),
    )


def in_jax(jax, batch):
    def loss(parameters, x, y):
        w, b = parameters
        return -(y * jax.numpy.log(jax.nn.softmax(x @ w + b))).sum(1).mean()

    start = [data.filled((784, 10), 0), data.filled(10, 0)]
    training = optimizers.jax_descent(jax, loss, start, RATE)
    images, labels = data.images(batch)
    return trained(lambda: training.step(images, labels), lambda: training.loss(images, labels))


def in_torch(torch, batch):
    w = optimizers.torch_parameter(torch, data.filled((784, 10), 0))
    b = optimizers.torch_parameter(torch, data.filled(10, 0))
    images, labels = (torch.from_numpy(a) for a in data.images(batch))

    def forward(x, y):
        return -(y * torch.log(torch.softmax(torch.addmm(b, x, w), 1))).sum(1).mean()

    loss = compiled(torch, forward)
    step = optimizers.torch_training(torch, loss, torch.optim.SGD([w, b], RATE))
    return trained(lambda: step(images, labels), lambda: loss(images, labels))


def in_pytensor(pytensor, batch):
    pt = pytensor.tensor
    x, y = pt.fmatrix(), pt.fmatrix()
    w = optimizers.pytensor_shared(pytensor, data.filled((784, 10), 0))
    b = optimizers.pytensor_shared(pytensor, data.filled(10, 0))
    value = -(y * pt.log(pt.special.softmax(x @ w + b, axis=1))).sum(1).mean()
    updates = optimizers.pytensor_descent(pytensor, value, [w, b], RATE)
    step = optimizers.pytensor_function(pytensor, [x, y], [], updates)
    loss = optimizers.pytensor_function(pytensor, [x, y], value)
    images, labels = data.images(batch)
    return trained(lambda: step(images, labels), lambda: loss(images, labels))


def in_numpy(np, batch):
    images, labels = data.images(batch)
    w, b = data.filled((784, 10), 0), data.filled(10, 0)
    y, dw, db = np.empty((batch, 10), np.float32), np.empty_like(w), np.empty_like(b)
    line, size = np.empty((batch, 1), np.float32), np.float32(RATE / batch)

    def softmax():
        np.dot(images, w, y)
        np.add(y, b, y)
        np.maximum.reduce(y, 1, None, line, True)
        np.subtract(y, line, y)
        np.exp(y, y)
        np.add.reduce(y, 1, None, line, True)
        return np.divide(y, line, y)

    def step():
        softmax()
        np.subtract(y, labels, y)
        np.multiply(y, size, y)
        np.dot(images.T, y, dw)
        np.subtract(w, dw, w)
        np.add.reduce(y, 0, None, db)
        np.subtract(b, db, b)

    return trained(step, lambda: -(labels * np.log(softmax())).sum(1).mean())
