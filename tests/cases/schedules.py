"""Rows of learning rates that change with the step."""

from __future__ import annotations

from _rows import case, error, f, i, l, tf

train = tf.train


def steps(op_type, fn, *arguments, **kwargs):
    """Rows of one schedule at several steps."""
    words = fn.__name__ + "".join("-%s%s" % (k, v) for k, v in sorted(kwargs.items()))
    options = {k: kwargs.pop(k) for k in ("nodes", "static") if k in kwargs}
    for step in (0, 1, 3, 4, 7, 20):
        case(
            op_type,
            lambda x, **named: fn(0.5, x, *arguments, **named),
            i(value=step),
            id="%s-%d" % (words, step),
            grad="the step is whole",
            **dict(options, **kwargs)
        )  # fmt: skip


steps("Mul", train.exponential_decay, 3, 0.9)
steps("Mul", train.exponential_decay, 3, 0.9, staircase=True, name="rate")
steps("Mul", train.natural_exp_decay, 3, 0.9)
steps("Mul", train.natural_exp_decay, 3, 0.9, staircase=True)
steps("RealDiv", train.inverse_time_decay, 3, 0.9)
steps("RealDiv", train.inverse_time_decay, 3, 0.9, staircase=True, name="rate")
steps("Add", train.polynomial_decay, 4)
steps("Add", train.polynomial_decay, 4, end_learning_rate=0.01, power=0.5, name="rate")
steps("Add", train.polynomial_decay, 4, cycle=True)
steps("Mul", train.cosine_decay, 5)
steps("Mul", train.cosine_decay, 5, alpha=0.1, name="rate")
steps("Mul", train.cosine_decay_restarts, 2)
steps("Mul", train.cosine_decay_restarts, 2, t_mul=1.0, m_mul=0.8, alpha=0.1)  # fmt: skip
steps("Mul", train.linear_cosine_decay, 5)
steps("Mul", train.linear_cosine_decay, 5, num_periods=2, alpha=0.1, beta=0.2)
for step in (0, 3, 9):
    case(
        "Mul", lambda x: train.noisy_linear_cosine_decay(0.5, x, 5), i(value=step), seed=7,
        id="noisy_linear_cosine_decay-%d" % step, grad="the step is whole",
    )  # fmt: skip
    case(
        "Mul",
        lambda x, t_mul: train.cosine_decay_restarts(0.5, x, 2, t_mul=t_mul),
        i(value=step),
        f(value=1.0 + step % 2),
        id="cosine_decay_restarts-computed-%d" % step,
        grad="the step is whole",
        numeric="there are jumps",
    )
for step in (-1, 0, 2, 3, 5, 6):
    case(
        "Const", lambda x: train.piecewise_constant(x, [2, 5], [0.1, 0.2, 0.3]), l(value=step),
        id="piecewise_constant-%d" % step, grad="the step is whole",
    )  # fmt: skip
for at in (0.0, 2.0, 2.5, float("nan")):
    case(
        "Const", lambda x: train.piecewise_constant_decay(x, [2.0], [1, 2], name="rate"),
        f(value=at), id="piecewise_constant-float-%s" % at,
        grad="it has steps", numeric="it has steps",
    )  # fmt: skip
error("Const", lambda x: train.piecewise_constant(x, [2.0], [0.1, 0.2]), i(value=1),
      id="piecewise-types", says="must have the same dtype as x")  # fmt: skip
error("Const", lambda x: train.piecewise_constant(x, [2], [0.1, 2]), i(value=1),
      id="piecewise-values", says="Values must have elements all with the same dtype")  # fmt: skip
error("Const", lambda x: train.piecewise_constant(x, [2, 3], [0.1, 0.2]), i(value=1),
      id="piecewise-length", says="The length of boundaries should be 1 less")  # fmt: skip
