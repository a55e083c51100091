"""Gradient descent and Adam by hand, for the libraries that have none.

Adam is TensorFlow's: the step size holds both corrections, epsilon stands outside of them.
"""

import numpy as np

B1, B2, EPSILON = 0.9, 0.999, 1e-8


# --- JAX ---


class JaxTraining:
    """A jitted step with its parameters donated, and the loss of the parameters it holds."""

    def __init__(self, jax, loss, parameters, update, slots):
        def step(state, *arguments):
            return update(state, jax.grad(loss)(state[0], *arguments))

        self.parameters = jax.tree.map(jax.numpy.array, parameters)
        self._state = (self.parameters, *slots(self.parameters))
        self._step = jax.jit(step, donate_argnums=0)
        self._loss = jax.jit(loss)
        self._jax = jax

    def step(self, *arguments):
        self._state = self._step(self._state, *arguments)
        self._jax.block_until_ready(self._state)
        self.parameters = self._state[0]

    def loss(self, *arguments):
        return self._loss(self._state[0], *arguments)


def jax_descent(jax, loss, parameters, rate):
    """Gradient descent in JAX."""

    def update(state, gradient):
        return (jax.tree.map(lambda p, g: p - rate * g, state[0], gradient),)

    return JaxTraining(jax, loss, parameters, update, lambda p: ())


def jax_adam(jax, loss, parameters, rate):
    """Adam in JAX."""
    jnp = jax.numpy

    def update(state, gradient):
        parameters, m, v, t = state
        t = t + 1
        m = jax.tree.map(lambda m, g: B1 * m + (1 - B1) * g, m, gradient)
        v = jax.tree.map(lambda v, g: B2 * v + (1 - B2) * g * g, v, gradient)
        size = rate * jnp.sqrt(1 - B2**t) / (1 - B1**t)
        new = jax.tree.map(lambda p, m, v: p - size * m / (jnp.sqrt(v) + EPSILON), parameters, m, v)
        return new, m, v, t

    def slots(parameters):
        zeros = jax.tree.map(jnp.zeros_like, parameters)
        return zeros, jax.tree.map(jnp.zeros_like, parameters), jnp.float32(0)

    return JaxTraining(jax, loss, parameters, update, slots)


# --- torch ---


def torch_training(torch, loss, optimizer):
    """A step of torch's own optimizer; `loss(*arguments)` is the forward part."""

    def step(*arguments):
        optimizer.zero_grad(set_to_none=True)
        loss(*arguments).backward()
        optimizer.step()

    return step


def torch_parameter(torch, array):
    """A trainable tensor that owns a copy of an array."""
    return torch.nn.Parameter(torch.from_numpy(np.array(array)))


# --- PyTensor ---


def pytensor_shared(pytensor, array):
    """A shared variable that owns a copy of an array."""
    return pytensor.shared(np.array(array), borrow=True)


def pytensor_descent(pytensor, loss, parameters, rate):
    """The updates of gradient descent in PyTensor."""
    gradients = pytensor.grad(loss, parameters)
    return [(p, p - np.float32(rate) * g) for p, g in zip(parameters, gradients, strict=True)]


def pytensor_adam(pytensor, loss, parameters, rate):
    """The updates of Adam in PyTensor."""
    f32, pt = np.float32, pytensor.tensor
    t = pytensor_shared(pytensor, f32(0))
    size = f32(rate) * pt.sqrt(1 - f32(B2) ** (t + 1)) / (1 - f32(B1) ** (t + 1))
    updates = [(t, t + f32(1))]
    for p, g in zip(parameters, pytensor.grad(loss, parameters), strict=True):
        m, v = (pytensor_shared(pytensor, np.zeros_like(p.get_value())) for _ in range(2))
        new_m = f32(B1) * m + f32(1 - B1) * g
        new_v = f32(B2) * v + f32(1 - B2) * g * g
        step = size.astype("float32") * new_m / (pt.sqrt(new_v) + f32(EPSILON))
        updates += [(m, new_m), (v, new_v), (p, p - step)]
    return updates


def pytensor_function(pytensor, inputs, outputs, updates=()):
    """A compiled function that takes arrays of the right dtype as they are."""
    found = pytensor.function(inputs, outputs, updates=list(updates))
    found.trust_input = True
    return found


# --- NumPy ---


class NumpyAdam:
    """Adam in place, in blocks that stay in the cache.

    Args:
      parameters, gradients: lists of arrays; the same arrays every step.
    """

    BLOCK = 65536

    def __init__(self, parameters, gradients, rate):
        self._rate, self._t = rate, 0
        self._scratch = np.empty((2, self.BLOCK), np.float32)
        self._blocks = []
        for p, g in zip(parameters, gradients, strict=True):
            arrays = (p.ravel(), g.ravel(), np.zeros(p.size, p.dtype), np.zeros(p.size, p.dtype))
            for at in range(0, p.size, self.BLOCK):
                self._blocks.append([a[at : at + self.BLOCK] for a in arrays])

    def step(self):
        f32 = np.float32
        self._t += 1
        size = f32(self._rate * np.sqrt(1 - B2**self._t) / (1 - B1**self._t))
        for p, g, m, v in self._blocks:
            a, b = self._scratch[:, : p.size]
            np.multiply(m, f32(B1), m)
            np.multiply(g, f32(1 - B1), a)
            np.add(m, a, m)
            np.multiply(v, f32(B2), v)
            np.multiply(g, g, a)
            np.multiply(a, f32(1 - B2), a)
            np.add(v, a, v)
            np.sqrt(v, a)
            np.add(a, f32(EPSILON), a)
            np.divide(m, a, b)
            np.multiply(b, size, b)
            np.subtract(p, b, p)


class NumpySoftmaxLoss:
    """Mean cross entropy of softmax with its gradient, with buffers for one shape."""

    def __init__(self, rows, classes):
        self._line = np.empty((rows, 1), np.float32)
        self.gradient = np.empty((rows, classes), np.float32)

    def backward(self, logits, labels):
        """Returns the gradient at `logits`; labels are one-hot."""
        line, g = self._line, self.gradient
        np.maximum.reduce(logits, 1, None, line, True)
        np.subtract(logits, line, g)
        np.exp(g, g)
        np.add.reduce(g, 1, None, line, True)
        np.divide(g, line, g)
        np.subtract(g, labels, g)
        return np.multiply(g, np.float32(1 / len(g)), g)

    def value(self, logits, labels):
        """Returns the loss."""
        shifted = logits - logits.max(1, keepdims=True)
        log = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        return -(labels * log).sum(1).mean()
