"""W7: operations on a large square: ten elementwise ones fetched or summed, reductions, softmax."""

import os

from bench import data, optimizers
from bench.form import Form, compiled, computed, digest, session


def arrays(size):
    """The two squares."""
    return data.normal((size, size)), data.normal((size, size), 0.1, 2)


def chain(a, b, tanh, exp):
    """Ten elementwise operations, in any library."""
    z = tanh(a * b + 1.0)
    z = exp(-z) * a
    z = tanh(z + b) * 0.5
    return z * z + a


def fetched(step):
    """A program that returns a large array."""
    return computed(step, digest)


def in_tf(tf, what, size):
    va, vb = arrays(size)
    a, b = tf.Variable(va), tf.Variable(vb)
    if what == "fetched":
        fed = tf.placeholder(tf.float32, [size, size])
        z = chain(fed, b, tf.tanh, tf.exp)
        sess = session(tf)
        return fetched(lambda: sess.run(z, feed_dict={fed: va}))
    result = {
        "summed": lambda: tf.reduce_sum(chain(a, b, tf.tanh, tf.exp)),
        "sum": lambda: tf.reduce_sum(a),
        "sum axis 0": lambda: tf.reduce_sum(a, axis=0),
        "sum axis 1": lambda: tf.reduce_sum(a, axis=1),
        "max axis 1": lambda: tf.reduce_max(a, axis=1),
        "softmax": lambda: tf.nn.softmax(a),
    }[what]()
    sess = session(tf)
    # The softmax is computed and not fetched: what comes out would be measured, not the operation.
    if what == "softmax":
        return Form(lambda: sess.run(result.op), lambda: {"value": digest(sess.run(result))})
    return computed(lambda: sess.run(result))


def in_jax(jax, what, size):
    jnp = jax.numpy
    a, b = map(jnp.array, arrays(size))
    function = {
        "fetched": lambda a, b: chain(a, b, jnp.tanh, jnp.exp),
        "summed": lambda a, b: chain(a, b, jnp.tanh, jnp.exp).sum(),
        "sum": lambda a, b: a.sum(),
        "sum axis 0": lambda a, b: a.sum(0),
        "sum axis 1": lambda a, b: a.sum(1),
        "max axis 1": lambda a, b: a.max(1),
        "softmax": lambda a, b: jax.nn.softmax(a, 1),
    }[what]
    run = jax.jit(function)
    value = digest if what in ("fetched", "softmax") else None
    return computed(lambda: run(a, b).block_until_ready(), value)


def torch_chain(torch, a, b):
    """The chain in place: a fresh square for every operation costs more than the operation."""
    if os.environ.get("GRAPHFLOW_BENCH_COMPILE"):
        return chain(a, b, torch.tanh, torch.exp)
    z = torch.mul(a, b).add_(1.0).tanh_().neg_().exp_().mul_(a)
    z = z.add_(b).tanh_().mul_(0.5)
    return z.mul_(z).add_(a)


def in_torch(torch, what, size):
    a, b = map(torch.from_numpy, arrays(size))
    function = {
        "fetched": lambda a, b: torch_chain(torch, a, b),
        "summed": lambda a, b: torch_chain(torch, a, b).sum(),
        "sum": lambda a, b: a.sum(),
        "sum axis 0": lambda a, b: a.sum(0),
        "sum axis 1": lambda a, b: a.sum(1),
        "max axis 1": lambda a, b: a.amax(1),
        "softmax": lambda a, b: torch.softmax(a, 1),
    }[what]
    run = compiled(torch, function)
    value = digest if what in ("fetched", "softmax") else None
    return computed(torch.inference_mode()(lambda: run(a, b).numpy()), value)


def in_pytensor(pytensor, what, size):
    pt = pytensor.tensor
    va, vb = arrays(size)
    a, b = (optimizers.pytensor_shared(pytensor, value) for value in (va, vb))
    inputs, given = ([pt.fmatrix()], (va,)) if what == "fetched" else ([], ())
    result = {
        "fetched": lambda: chain(inputs[0], b, pt.tanh, pt.exp),
        "summed": lambda: chain(a, b, pt.tanh, pt.exp).sum(),
        "sum": lambda: a.sum(),
        "sum axis 0": lambda: a.sum(axis=0),
        "sum axis 1": lambda: a.sum(axis=1),
        "max axis 1": lambda: a.max(axis=1),
        "softmax": lambda: pt.special.softmax(a, axis=1),
    }[what]()
    run = optimizers.pytensor_function(pytensor, inputs, result)
    value = digest if what in ("fetched", "softmax") else None
    return computed(lambda: run(*given), value)


def in_numpy(np, what, size):
    a, b = arrays(size)
    one, half = np.float32(1), np.float32(0.5)
    rows = max(1, min(size, 16384 // size))  # blocks that stay in the cache

    def write(a, b, z):
        np.multiply(a, b, z)
        np.add(z, one, z)
        np.tanh(z, z)
        np.negative(z, z)
        np.exp(z, z)
        np.multiply(z, a, z)
        np.add(z, b, z)
        np.tanh(z, z)
        np.multiply(z, half, z)
        np.multiply(z, z, z)
        np.add(z, a, z)
        return z

    blocks = [slice(at, at + rows) for at in range(0, size, rows)]

    def everything():
        z = np.empty_like(a)
        for block in blocks:
            write(a[block], b[block], z[block])
        return z

    def total():
        z = np.empty_like(a[:rows])
        return sum(write(a[k], b[k], z[: len(a[k])]).sum(dtype=np.float32) for k in blocks)

    def softmax():
        z = np.empty_like(a)
        for k in blocks:
            np.subtract(a[k], a[k].max(1, keepdims=True), z[k])
            np.exp(z[k], z[k])
            np.divide(z[k], z[k].sum(1, keepdims=True), z[k])
        return z

    step = {
        "fetched": everything,
        "summed": total,
        "sum": a.sum,
        "sum axis 0": lambda: a.sum(0),
        "sum axis 1": lambda: a.sum(1),
        "max axis 1": lambda: a.max(1),
        "softmax": softmax,
    }[what]
    return fetched(step) if what in ("fetched", "softmax") else computed(step)
