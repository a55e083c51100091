"""W5: a step of word2vec: noise-contrastive loss over sampled words, sparse gradient descent.

The timed step draws its own log-uniform negative words: distinct ones in TensorFlow, graphflow and
NumPy; JAX, torch and PyTensor, which have no such sampler, may repeat a word, which costs them
less. The answer's steps are given the words, since no two libraries draw the same.
"""

import numpy as np

from bench import data, optimizers
from bench.form import compiled, session, trained

RATE = 1.0


def tables(vocabulary, dimension):
    """The initial embeddings, and the weights and biases of the loss."""
    weights = data.normal((vocabulary, dimension), 1 / np.sqrt(dimension))
    return [data.uniform((vocabulary, dimension)), weights, data.filled(vocabulary, 0)]


def words(vocabulary, batch, sampled):
    """The words of a batch, their labels, and negative words for the answer."""
    negative = np.unique(data.ids(4 * sampled, vocabulary, 7))[:sampled]
    negative = np.resize(negative, sampled).astype(np.int32)
    return data.ids(batch, vocabulary, 5), data.ids(batch, vocabulary, 6), negative


def expected(found, vocabulary, sampled):
    """How often each word is drawn among `sampled` log-uniform draws."""
    found = found.astype(np.float64)
    probability = np.log((found + 2) / (found + 1)) / np.log(vocabulary + 1)
    return (sampled * probability).astype(np.float32)


def in_tf(tf, vocabulary, dimension, batch, sampled):
    inputs = tf.placeholder(tf.int32, [batch])
    labels = tf.placeholder(tf.int64, [batch, 1])
    given = (
        tf.placeholder(tf.int64, [sampled]),
        tf.placeholder(tf.float32, [batch, 1]),
        tf.placeholder(tf.float32, [sampled]),
    )
    embeddings, weights, biases = map(tf.Variable, tables(vocabulary, dimension))
    embedded = tf.nn.embedding_lookup(embeddings, inputs)

    def training(samples):
        each = tf.nn.nce_loss(
            weights=weights,
            biases=biases,
            labels=labels,
            inputs=embedded,
            num_sampled=sampled,
            num_classes=vocabulary,
            sampled_values=samples,
        )
        loss = tf.reduce_mean(each)
        return loss, tf.train.GradientDescentOptimizer(RATE).minimize(loss)

    _, train = training(None)
    loss, checked = training(given)
    sess = session(tf)
    centre, context, negative = words(vocabulary, batch, sampled)
    feed = {inputs: centre, labels: context[:, None].astype(np.int64)}
    counts = expected(context, vocabulary, sampled), expected(negative, vocabulary, sampled)
    full = {
        **feed,
        given[0]: negative.astype(np.int64),
        given[1]: counts[0][:, None],
        given[2]: counts[1],
    }
    return trained(
        lambda: sess.run(train, feed_dict=feed),
        lambda: sess.run(loss, feed_dict=full),
        lambda: sess.run(checked, feed_dict=full),
    )


def in_jax(jax, vocabulary, dimension, batch, sampled):
    jnp = jax.numpy
    log_range = np.log(vocabulary + 1)

    def loss(e, w, b, log_counts):
        true = (e * w[:batch]).sum(1) + b[:batch] - log_counts[:batch]
        false = e @ w[batch:].T + (b - log_counts)[batch:]
        return (jax.nn.softplus(-true) + jax.nn.softplus(false).sum(1)).mean()

    def parts(held, centre, chosen):
        embeddings, weights, biases = held
        found = chosen.astype(jnp.float32)
        probability = jnp.log((found + 2) / (found + 1)) / log_range
        log_counts = jnp.log(sampled * probability)
        return embeddings[centre], weights[chosen], biases[chosen], log_counts

    def step(held, centre, context, negative):
        chosen = jnp.concatenate([context, negative])
        de, dw, db = jax.grad(loss, (0, 1, 2))(*parts(held, centre, chosen))
        embeddings, weights, biases = held
        return (
            embeddings.at[centre].add(-RATE * de),
            weights.at[chosen].add(-RATE * dw),
            biases.at[chosen].add(-RATE * db),
        )

    def drawing(state, centre, context):
        held, key = state
        key, own = jax.random.split(key)
        drawn = jnp.expm1(jax.random.uniform(own, (sampled,)) * log_range)
        negative = jnp.clip(drawn.astype(jnp.int32), 0, vocabulary - 1)
        return step(held, centre, context, negative), key

    centre, context, negative = words(vocabulary, batch, sampled)
    drawing, given = jax.jit(drawing, donate_argnums=0), jax.jit(step)
    value = jax.jit(lambda held: loss(*parts(held, centre, jnp.concatenate([context, negative]))))
    state = [(tuple(map(jnp.array, tables(vocabulary, dimension))), jax.random.key(0))]

    def timed():
        state[0] = jax.block_until_ready(drawing(state[0], centre, context))

    def checked():
        state[0] = (given(state[0][0], centre, context, negative), state[0][1])

    return trained(timed, lambda: value(state[0][0]), checked)


def in_torch(torch, vocabulary, dimension, batch, sampled):
    functional = torch.nn.functional
    centre, context, negative = (
        torch.from_numpy(a).long() for a in words(vocabulary, batch, sampled)
    )
    held = [optimizers.torch_parameter(torch, t) for t in tables(vocabulary, dimension)]
    embeddings, weights = held[:2]
    biases = torch.nn.Parameter(held[2].detach().reshape(-1, 1))
    log_range = float(np.log(vocabulary + 1))

    def logits(e, w, b, log_counts):
        true = (e * w[:batch]).sum(1) + b[:batch] - log_counts[:batch]
        false = torch.addmm((b - log_counts)[batch:], e, w[batch:].T)
        return (functional.softplus(-true) + functional.softplus(false).sum(1)).mean()

    logits = compiled(torch, logits)

    def loss(negative):
        chosen = torch.cat([context, negative])
        found = chosen.double()
        log_counts = torch.log(sampled * torch.log((found + 2) / (found + 1)) / log_range).float()
        e = functional.embedding(centre, embeddings, sparse=True)
        w = functional.embedding(chosen, weights, sparse=True)
        b = functional.embedding(chosen, biases, sparse=True)[:, 0]
        return logits(e, w, b, log_counts)

    def draw():
        drawn = torch.expm1(torch.rand(sampled, dtype=torch.float64) * log_range)
        return drawn.long().clamp_(max=vocabulary - 1)

    descent = torch.optim.SGD([embeddings, weights, biases], RATE)
    step = optimizers.torch_training(torch, loss, descent)
    return trained(lambda: step(draw()), lambda: loss(negative), lambda: step(negative))


def in_pytensor(pytensor, vocabulary, dimension, batch, sampled):
    pt = pytensor.tensor
    centre, context, negative = (pt.lvector() for _ in range(3))
    held = [optimizers.pytensor_shared(pytensor, t) for t in tables(vocabulary, dimension)]
    embeddings, weights, biases = held
    log_range = np.log(vocabulary + 1)

    def training(negative):
        chosen = pt.concatenate([context, negative])
        found = chosen.astype("float64")
        counts = sampled * pt.log((found + 2) / (found + 1)) / log_range
        log_counts = pt.log(counts).astype("float32")
        e, w, b = embeddings[centre], weights[chosen], biases[chosen]
        true = (e * w[:batch]).sum(1) + b[:batch] - log_counts[:batch]
        false = e @ w[batch:].T + (b - log_counts)[batch:]
        loss = (pt.softplus(-true) + pt.softplus(false).sum(1)).mean()
        de, dw, db = pytensor.grad(loss, [e, w, b])
        rate = data.F32(-RATE)
        return loss, [
            (embeddings, pt.inc_subtensor(e, rate * de)),
            (weights, pt.inc_subtensor(w, rate * dw)),
            (biases, pt.inc_subtensor(b, rate * db)),
        ]

    stream = pt.random.utils.RandomStream(seed=1)
    drawn = pt.expm1(stream.uniform(size=(sampled,), dtype="float64") * log_range)
    _, updates = training(pt.minimum(drawn.astype("int64"), vocabulary - 1))
    value, checked = training(negative)
    function = optimizers.pytensor_function
    step = function(pytensor, [centre, context], [], [*updates, *stream.updates()])
    check = function(pytensor, [centre, context, negative], [], checked)
    loss = function(pytensor, [centre, context, negative], value)
    given = [a.astype(np.int64) for a in words(vocabulary, batch, sampled)]
    return trained(lambda: step(*given[:2]), lambda: loss(*given), lambda: check(*given))


def in_numpy(np, vocabulary, dimension, batch, sampled):
    centre, context, given = words(vocabulary, batch, sampled)
    embeddings, weights, biases = tables(vocabulary, dimension)
    rng, log_range = np.random.default_rng(0), np.log(vocabulary + 1)

    def draw():
        drawn = np.expm1(rng.random(2 * sampled) * log_range).astype(np.int32)
        distinct = np.unique(drawn)
        rng.shuffle(distinct)
        return np.resize(distinct, sampled)

    def forward(negative):
        chosen = np.concatenate([context, negative])
        e, w = embeddings.take(centre, 0), weights.take(chosen, 0)
        b = biases.take(chosen) - np.log(expected(chosen, vocabulary, sampled))
        true = np.einsum("ij,ij->i", e, w[:batch]) + b[:batch]
        return chosen, e, w, true, np.dot(e, w[batch:].T) + b[batch:]

    def descend(table, rows, gradient):
        """Sums the gradients of equal rows, then changes each row once."""
        order = np.argsort(rows, kind="stable")
        ordered = rows[order]
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        table[ordered[starts]] -= RATE * np.add.reduceat(gradient[order], starts, 0)

    def step(negative):
        chosen, e, w, true, false = forward(negative)
        dtrue = (-1 / (1 + np.exp(true)) / batch).astype(np.float32)
        dfalse = (1 / (1 + np.exp(-false)) / batch).astype(np.float32)
        dw = np.empty_like(w)
        np.multiply(e, dtrue[:, None], dw[:batch])
        np.dot(dfalse.T, e, dw[batch:])
        descend(embeddings, centre, w[:batch] * dtrue[:, None] + np.dot(dfalse, w[batch:]))
        descend(weights, chosen, dw)
        np.subtract.at(biases, chosen, RATE * np.concatenate([dtrue, dfalse.sum(0)]))

    def loss():
        *_, true, false = forward(given)
        return (np.logaddexp(0, -true) + np.logaddexp(0, false).sum(1)).mean()

    return trained(lambda: step(draw()), loss, lambda: step(given))
