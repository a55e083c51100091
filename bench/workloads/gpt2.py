"""W10: a GPT-2, forward with logits of every token, or a training step of a small one.

Parameters in turn: words [v, d], places [t, d], twelve of each block, the last norm's two, and
where it is trained the weights of the logits [d, v]; forward, as in GPT-2, the words again.
"""

import numpy as np

from bench import data, optimizers
from bench.form import Form, compiled, digest, session, trained
from bench.workloads import gpt2_numpy

RATE = 1e-4
PER_BLOCK = 12


def parameters(train, tokens, layers, width, words, **_):
    """The initial parameters."""
    d, found = width, [data.normal((words, width), 0.02), data.normal((tokens, width), 0.02)]
    for layer in range(layers):
        for shape in ((d, 3 * d), (d, d), (d, 4 * d), (4 * d, d)):
            if shape in ((d, 3 * d), (d, 4 * d)):
                found += [data.filled(d, 1), data.filled(d, 0)]
            found += [data.normal(shape, 0.02, layer), data.filled(shape[1], 0)]
    found += [data.filled(d, 1), data.filled(d, 0)]
    return found + ([data.normal((d, words), 0.02, 9)] if train else [])


def blocks(held, layers):
    """Splits parameters into (words, places), those of each block, and the rest."""
    end = 2 + PER_BLOCK * layers
    return held[:2], [held[k : k + PER_BLOCK] for k in range(2, end, PER_BLOCK)], held[end:]


def texts(batch, tokens, words, **_):
    """Words and the words that follow them."""
    found = data.ids(batch * (tokens + 1), words).reshape(batch, tokens + 1)
    return found[:, :-1].copy(), found[:, 1:].copy()


def mask(tokens):
    """What is added to the scores: nobody looks ahead."""
    return np.triu(np.full((tokens, tokens), -1e9, np.float32), 1)


# --- TensorFlow and graphflow ---


def tf_norm(tf, x, scale, offset):
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    return (x - mean) * tf.rsqrt(variance + 1e-5) * scale + offset


def tf_block(tf, x, held, heads, shape):
    batch, tokens, width = shape
    g1, c1, wq, bq, wo, bo, g2, c2, w1, b1, w2, b2 = held
    qkv = tf.matmul(tf_norm(tf, x, g1, c1), wq) + bq
    parts = tf.split(tf.reshape(qkv, [batch, tokens, 3, heads, width // heads]), 3, 2)
    q, k, v = [tf.transpose(tf.squeeze(part, [2]), [0, 2, 1, 3]) for part in parts]
    scores = tf.matmul(q, k, transpose_b=True) * (width // heads) ** -0.5 + mask(tokens)
    a = tf.matmul(tf.nn.softmax(scores), v)
    x += tf.matmul(tf.reshape(tf.transpose(a, [0, 2, 1, 3]), [-1, width]), wo) + bo
    h = tf.matmul(tf_norm(tf, x, g2, c2), w1) + b1
    h = 0.5 * h * (1 + tf.tanh(0.7978845608 * (h + 0.044715 * h * h * h)))
    return x + tf.matmul(h, w2) + b2


def in_tf(tf, batch, train, layers, heads, **sizes):
    sizes = dict(sizes, batch=batch, train=train, layers=layers)
    tokens, width = sizes["tokens"], sizes["width"]
    held = [tf.Variable(value) for value in parameters(**sizes)]
    (words, places), middle, (g, c, *head) = blocks(held, layers)
    ids = tf.placeholder(tf.int32, [batch, tokens])
    labels = tf.placeholder(tf.int32, [batch, tokens])
    x = tf.reshape(tf.nn.embedding_lookup(words, ids) + places, [-1, width])
    for part in middle:
        x = tf_block(tf, x, part, heads, (batch, tokens, width))
    x = tf_norm(tf, x, g, c)
    logits = tf.matmul(x, head[0]) if train else tf.matmul(x, words, transpose_b=True)
    text, following = texts(**sizes)
    if not train:
        sess = session(tf)
        return forward(lambda: sess.run(logits, feed_dict={ids: text}))
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.reshape(labels, [-1]), logits=logits
    )
    loss = tf.reduce_mean(each)
    minimize = tf.train.AdamOptimizer(RATE).minimize(loss)
    sess = session(tf)
    feed = {ids: text, labels: following}
    return trained(
        lambda: sess.run(minimize, feed_dict=feed), lambda: sess.run(loss, feed_dict=feed)
    )


def forward(step):
    """The program that only computes logits."""
    return Form(step, lambda: {"value": digest(step())})


# --- JAX ---


def jax_logits(jax, held, ids, heads, layers, train):
    jnp = jax.numpy

    def norm(x, scale, offset):
        mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * scale + offset

    (words, places), middle, (g, c, *head) = blocks(held, layers)
    x = words[ids] + places
    batch, tokens, width = x.shape
    for g1, c1, wq, bq, wo, bo, g2, c2, w1, b1, w2, b2 in middle:
        qkv = (norm(x, g1, c1) @ wq + bq).reshape(batch, tokens, 3, heads, -1)
        q, k, v = qkv.transpose(2, 0, 3, 1, 4)
        scores = q @ k.transpose(0, 1, 3, 2) * (width // heads) ** -0.5 + mask(tokens)
        a = (jax.nn.softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(x.shape)
        x = x + a @ wo + bo
        x = x + jax.nn.gelu(norm(x, g2, c2) @ w1 + b1) @ w2 + b2
    return jnp.matmul(norm(x, g, c), head[0] if train else words.T)


def in_jax(jax, train, layers, heads, **sizes):
    text, following = texts(**sizes)
    start = parameters(train=train, layers=layers, **sizes)
    if not train:
        held = jax.tree.map(jax.numpy.array, start)
        run = jax.jit(lambda held, ids: jax_logits(jax, held, ids, heads, layers, train))
        return forward(lambda: run(held, text).block_until_ready())

    def loss(held, ids, labels):
        log = jax.nn.log_softmax(jax_logits(jax, held, ids, heads, layers, train))
        return -jax.numpy.take_along_axis(log, labels[..., None], -1).mean()

    training = optimizers.jax_adam(jax, loss, start, RATE)
    return trained(lambda: training.step(text, following), lambda: training.loss(text, following))


# --- torch ---


def torch_logits(torch, held, ids, heads, layers, train):
    functional = torch.nn.functional
    (words, places), middle, (g, c, *head) = blocks(held, layers)
    x = functional.embedding(ids, words) + places
    batch, tokens, width = x.shape
    for g1, c1, wq, bq, wo, bo, g2, c2, w1, b1, w2, b2 in middle:
        qkv = functional.layer_norm(x, (width,), g1, c1) @ wq + bq
        q, k, v = qkv.view(batch, tokens, 3, heads, -1).permute(2, 0, 3, 1, 4)
        a = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + a.transpose(1, 2).reshape(x.shape) @ wo + bo
        h = functional.layer_norm(x, (width,), g2, c2) @ w1 + b1
        x = x + functional.gelu(h, approximate="tanh") @ w2 + b2
    x = functional.layer_norm(x, (width,), g, c)
    return x @ (head[0] if train else words.T)


def in_torch(torch, train, layers, heads, **sizes):
    text, following = (torch.from_numpy(a).long() for a in texts(**sizes))
    start = parameters(train=train, layers=layers, **sizes)
    held = [optimizers.torch_parameter(torch, value) for value in start]
    logits = compiled(torch, lambda ids: torch_logits(torch, held, ids, heads, layers, train))
    if not train:
        return forward(torch.inference_mode()(lambda: logits(text).numpy()))

    def loss(ids, labels):
        return torch.nn.functional.cross_entropy(logits(ids).flatten(0, 1), labels.flatten())

    step = optimizers.torch_training(torch, loss, torch.optim.Adam(held, RATE, fused=True))
    return trained(lambda: step(text, following), lambda: loss(text, following))


# --- PyTensor ---


def pytensor_logits(pytensor, held, ids, heads, layers, shape):
    pt, f32 = pytensor.tensor, np.float32
    batch, tokens, width = shape

    def norm(x, scale, offset):
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = pt.sqr(centred).mean(axis=-1, keepdims=True)
        return centred / pt.sqrt(variance + f32(1e-5)) * scale + offset

    (words, places), middle, (g, c, *head) = blocks(held, layers)
    x = (words[ids.flatten()].reshape((batch, tokens, width)) + places).reshape((-1, width))
    for g1, c1, wq, bq, wo, bo, g2, c2, w1, b1, w2, b2 in middle:
        qkv = (norm(x, g1, c1) @ wq + bq).reshape((batch, tokens, 3, heads, width // heads))
        q, k, v = (qkv[:, :, part].transpose((0, 2, 1, 3)) for part in range(3))
        scores = q @ k.transpose((0, 1, 3, 2)) * f32((width // heads) ** -0.5) + mask(tokens)
        a = pt.special.softmax(scores, axis=-1) @ v
        x = x + a.transpose((0, 2, 1, 3)).reshape((-1, width)) @ wo + bo
        h = norm(x, g2, c2) @ w1 + b1
        h = f32(0.5) * h * (1 + pt.tanh(f32(0.7978845608) * (h + f32(0.044715) * h * h * h)))
        x = x + h @ w2 + b2
    return norm(x, g, c) @ (head[0] if head else words.T)


def in_pytensor(pytensor, train, layers, heads, **sizes):
    pt = pytensor.tensor
    start = parameters(train=train, layers=layers, **sizes)
    held = [optimizers.pytensor_shared(pytensor, value) for value in start]
    text, following = (a.astype(np.int64) for a in texts(**sizes))
    ids, labels = pt.lmatrix(), pt.lmatrix()
    shape = (*text.shape, sizes["width"])
    logits = pytensor_logits(pytensor, held, ids, heads, layers, shape)
    if not train:
        run = optimizers.pytensor_function(pytensor, [ids], logits)
        return forward(lambda: run(text))
    log = pt.special.log_softmax(logits, axis=-1)
    value = -log[pt.arange(text.size), labels.flatten()].mean()
    updates = optimizers.pytensor_adam(pytensor, value, held, RATE)
    step = optimizers.pytensor_function(pytensor, [ids, labels], [], updates)
    loss = optimizers.pytensor_function(pytensor, [ids, labels], value)
    return trained(lambda: step(text, following), lambda: loss(text, following))


# --- NumPy ---


def in_numpy(np, train, layers, heads, **sizes):
    text, following = texts(**sizes)
    held = parameters(train=train, layers=layers, **sizes)
    network = gpt2_numpy.Network(held, layers, heads, text.shape)
    if not train:
        return forward(lambda: network.forward(text))
    labels = np.eye(sizes["words"], dtype=np.float32)[following.reshape(-1)]
    loss = optimizers.NumpySoftmaxLoss(*labels.shape)
    adam = optimizers.NumpyAdam(held, network.gradients, RATE)

    def step():
        network.backward(text, loss.backward(network.forward(text), labels))
        adam.step()

    return trained(step, lambda: loss.value(network.forward(text), labels))
