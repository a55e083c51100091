"""W6: the cost of a run itself: two scalars, a variable, chains of operations on small arrays."""

from bench import data
from bench.form import compiled, computed, session
from bench.optimizers import pytensor_function, pytensor_shared


def chain(z, a, length, tanh):
    """Returns `length` elementwise operations in a row, in any library."""
    for i in range(length):
        if i % 3 == 0:
            z = z + a
        elif i % 3 == 1:
            z = z * 0.5
        else:
            z = tanh(z)
    return z


def in_tf(tf, what, length=0, size=0):
    if what == "variable":
        v = tf.Variable(1.0)
        sess = session(tf)
        return computed(lambda: sess.run(v))
    if what == "add":
        a = tf.placeholder(tf.float32, [])
        b = tf.placeholder(tf.float32, [])
        c = a + b
        sess = session(tf)
        return computed(lambda: sess.run(c, feed_dict={a: 1.0, b: 2.0}))
    a = tf.placeholder(tf.float32, [size, size])
    z = chain(a, a, length, tf.tanh)
    sess = session(tf)
    value = data.normal((size, size))
    return computed(lambda: sess.run(z, feed_dict={a: value}))


def in_jax(jax, what, length=0, size=0):
    np = data.np
    if what == "variable":
        v = jax.numpy.float32(1.0)
        return computed(lambda: np.array(v))
    if what == "add":
        add = jax.jit(lambda a, b: a + b)
        return computed(lambda: np.asarray(add(1.0, 2.0)))
    run = jax.jit(lambda a: chain(a, a, length, jax.numpy.tanh))
    value = data.normal((size, size))
    return computed(lambda: np.asarray(run(value)))


def in_torch(torch, what, length=0, size=0):
    if what == "variable":
        v = torch.nn.Parameter(torch.tensor(1.0))
        return computed(v.item)
    if what == "add":
        add = compiled(torch, lambda a, b: a + b)
        return computed(lambda: add(torch.tensor(1.0), torch.tensor(2.0)).item())
    value = torch.from_numpy(data.normal((size, size)))
    run = compiled(torch, lambda a: chain(a, a, length, torch.tanh))
    return computed(torch.inference_mode()(lambda: run(value).numpy()))


def in_pytensor(pytensor, what, length=0, size=0):
    pt = pytensor.tensor
    if what == "variable":
        v = pytensor_shared(pytensor, data.F32(1.0))
        return computed(v.get_value)
    if what == "add":
        a, b = pt.fscalar(), pt.fscalar()
        add = pytensor_function(pytensor, [a, b], a + b)
        one, two = data.np.asarray(data.F32(1.0)), data.np.asarray(data.F32(2.0))
        return computed(lambda: add(one, two))
    a = pt.fmatrix()
    run = pytensor_function(pytensor, [a], chain(a, a, length, pt.tanh))
    value = data.normal((size, size))
    return computed(lambda: run(value))


def in_numpy(np, what, length=0, size=0):
    if what == "variable":
        v = np.float32(1.0)
        return computed(lambda: v)
    if what == "add":
        one, two = np.float32(1.0), np.float32(2.0)
        return computed(lambda: np.add(one, two))
    value, half = data.normal((size, size)), np.float32(0.5)

    def run():
        z = np.empty_like(value)  # it goes to the caller
        source = value
        for i in range(length):
            if i % 3 == 0:
                np.add(source, value, z)
            elif i % 3 == 1:
                np.multiply(z, half, z)
            else:
                np.tanh(z, z)
            source = z
        return z

    return computed(run)
