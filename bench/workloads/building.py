"""W8: declares a long chain of operations and its gradient, and runs it once."""

import sys

import numpy as np

from bench.form import computed, session

X, W = 0.1, 1.0


def chain(z, x, w, nodes, tanh):
    """Returns the end of the chain, in any library."""
    for _ in range(nodes // 4):
        z = tanh(z * 1.0001 + w) - x
    return z


def in_tf(tf, nodes):
    def program():
        with tf.Graph().as_default():
            x = tf.placeholder(tf.float32, [])
            w = tf.Variable(W)
            z = chain(x, x, w, nodes, tf.tanh)
            (gradient,) = tf.gradients(z, [w])
            with session(tf) as sess:
                return sess.run([z, gradient], feed_dict={x: X})

    return computed(program)


def in_jax(jax, nodes):
    def function(w, x):
        return chain(x, x, w, nodes, jax.numpy.tanh)

    def program():
        run = jax.jit(lambda w, x: jax.value_and_grad(function)(w, x))  # nothing cached before
        return [np.asarray(value) for value in run(W, X)]

    return computed(program)


def in_torch(torch, nodes):
    def program():
        w = torch.tensor(W, requires_grad=True)
        x = torch.tensor(X)
        z = chain(x, x, w, nodes, torch.tanh)
        z.backward()
        return [z.item(), w.grad.item()]

    return computed(program)


def in_pytensor(pytensor, nodes):
    pt = pytensor.tensor
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 20 * nodes))

    def program():
        x, w = pt.fscalar(), pytensor.shared(np.float32(W))
        z = chain(x, x, w, nodes, pt.tanh)
        run = pytensor.function([x], [z, pytensor.grad(z, w)])
        return run(np.float32(X))

    return computed(program)


def in_numpy(np, nodes):
    def program():
        x, w, scale = np.float32(X), np.float32(W), np.float32(1.0001)
        values, z = [], x
        for _ in range(nodes // 4):
            t = np.tanh(z * scale + w)
            values.append(t)
            z = t - x
        gradient, dz = np.float32(0), np.float32(1)
        for t in reversed(values):
            d = dz * (1 - t * t)
            gradient += d
            dz = d * scale
        return [z, gradient]

    return computed(program)
