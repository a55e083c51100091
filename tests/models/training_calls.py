"""Small graphs with Keras' optimizers, schedules, losses, constraints and activations."""

from __future__ import annotations

from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.models.observe import Made, data, fed, mistake

CALLS: dict[str, Callable[[Any], Made]] = {}


# --- optimizers ---
def _trained(tf: Any, optimizer: Any, sparse: bool) -> Made:
    w = tf.Variable(data(4, 3), name="w", use_resource=True)
    b = tf.Variable(data(3), name="b", use_resource=True)
    x, feeds = fed(tf, 5, 4)
    rows = tf.gather(w, tf.constant([2, 0, 2])) if sparse else tf.matmul(x, w)
    loss = tf.reduce_sum(tf.tanh(rows + b) ** 2)
    with tf.name_scope("training"):
        update = optimizer.get_updates(loss, [w, b])
    weights = optimizer.weights
    facts = {"names": [v.name for v in weights], "slots": optimizer.get_slot_names()}
    return Made(weights, feeds, [update] * 3, facts, slopes=False)


OPTIMIZERS = {
    "sgd": ("SGD", {}),
    "sgd_momentum": ("SGD", {"momentum": 0.9, "learning_rate": 0.1}),
    "sgd_nesterov": ("SGD", {"momentum": 0.9, "nesterov": True, "decay": 0.1}),
    "sgd_clipnorm": ("SGD", {"lr": 0.1, "clipnorm": 0.5}),
    "sgd_clipvalue": ("SGD", {"clipvalue": 0.01}),
    "adam": ("Adam", {"learning_rate": 0.01}),
    "adam_amsgrad": ("Adam", {"amsgrad": True, "decay": 0.01}),
    "adagrad": ("Adagrad", {"learning_rate": 0.1}),
    "adadelta": ("Adadelta", {"learning_rate": 0.5}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop_centered": ("RMSprop", {"centered": True}),
    "rmsprop_momentum": ("RMSprop", {"momentum": 0.5}),
    "rmsprop_all": ("RMSprop", {"momentum": 0.5, "centered": True}),
    "adamax": ("Adamax", {"learning_rate": 0.1}),
    "nadam": ("Nadam", {"learning_rate": 0.1}),
    "ftrl": ("Ftrl", {"learning_rate": 0.1, "l1_regularization_strength": 0.01}),
    "ftrl_shrinkage": ("Ftrl", {"l2_shrinkage_regularization_strength": 0.1}),
}


def _optimizer_call(kind: str, options: Any, sparse: bool) -> Callable[[Any], Made]:
    def call(tf: Any) -> Made:
        return _trained(tf, getattr(tf.keras.optimizers, kind)(**options), sparse)

    return call


for _name, (_kind, _options) in OPTIMIZERS.items():
    CALLS["optimizer_" + _name] = _optimizer_call(_kind, _options, sparse=False)
    if "clip" not in _name:
        CALLS["sparse_" + _name] = _optimizer_call(_kind, _options, sparse=True)


def optimizer_minimize(tf: Any) -> Made:
    w = tf.Variable(data(3), name="w", use_resource=True, constraint=lambda x: x * 0.5)
    optimizer = tf.keras.optimizers.SGD(tf.constant(0.5), name="Down")
    update = optimizer.minimize(lambda: tf.reduce_sum(w * w), [w])
    return Made([w, optimizer.iterations], steps=[update] * 2, slopes=False)


def optimizer_schedule(tf: Any) -> Made:
    schedule = tf.keras.optimizers.schedules.ExponentialDecay(0.5, 2, 0.1)
    return _trained(tf, tf.keras.optimizers.SGD(schedule), sparse=False)


def optimizer_hypers(tf: Any) -> Made:
    optimizer = tf.keras.optimizers.Adam(lr=0.5, clipnorm=2.0)
    facts = {"before": optimizer.get_config(), "lr": optimizer.learning_rate.name}
    optimizer.lr = 0.25
    facts["after"] = optimizer.get_config()
    facts["again"] = type(optimizer).from_config(optimizer.get_config()).get_config()
    facts["serialized"] = tf.keras.optimizers.serialize(optimizer)
    facts["empty"] = optimizer.get_weights()
    return Made([optimizer.lr, optimizer.beta_1], facts=facts, slopes=False)


def optimizer_weights(tf: Any) -> Made:
    w = tf.Variable(data(3), name="w", use_resource=True)
    optimizer = tf.keras.optimizers.RMSprop(momentum=0.5)
    update = optimizer.get_updates(tf.reduce_sum(w * w), [w])
    tf.keras.backend.get_session().run(tf.global_variables_initializer())
    optimizer.set_weights([np.array(5), data(3), data(3)])
    facts = {
        "values": optimizer.get_weights(),
        "number": mistake(optimizer.set_weights, [1]),
        "shape": mistake(optimizer.set_weights, [np.array(5), data(4), data(3)]),
    }
    return Made([w], steps=[update], facts=facts, slopes=False)


def optimizer_get(tf: Any) -> Made:
    optimizers = tf.keras.optimizers
    names = ["SGD", "sgd", "Adam", "adam", "RMSprop", "rmsprop", "adagrad", "Adadelta", "adamax"]
    names += ["nadam", "ftrl", "Ftrl"]
    facts = {name: optimizers.serialize(optimizers.get(name)) for name in names}
    facts["wrapped"] = type(optimizers.get(tf.train.GradientDescentOptimizer(0.1))).__name__
    facts["errors"] = [
        mistake(optimizers.get, "none"),
        mistake(optimizers.get, 3),
        mistake(optimizers.SGD, momentum=2),
        mistake(optimizers.SGD, momentum=-1),
        mistake(optimizers.SGD, clipnorm=-1),
        mistake(optimizers.Adam, rate=3),
        mistake(optimizers.Adagrad, initial_accumulator_value=-1),
        mistake(optimizers.Ftrl, learning_rate_power=1.0),
        mistake(optimizers.Ftrl, l1_regularization_strength=-1.0),
        mistake(optimizers.Nadam, optimizers.schedules.PolynomialDecay(1.0, 2)),
        mistake(optimizers.SGD(0.1).get_updates, tf.constant(1.0), [tf.Variable(1.0)]),
        mistake(optimizers.SGD(0.1).apply_gradients, [(None, tf.Variable(1.0))]),
    ]
    return Made(facts=facts)


def optimizer_two_types(tf: Any) -> Made:
    w = tf.Variable(data(3), name="w", use_resource=True)
    d = tf.Variable(data(3).astype(np.float64), name="d", use_resource=True)
    loss = tf.reduce_sum(w * w) + tf.cast(tf.reduce_sum(d * d), tf.float32)
    optimizer = tf.keras.optimizers.Adam(0.1)
    update = optimizer.get_updates(loss, [w, d])
    return Made([w, d, *optimizer.weights], steps=[update], slopes=False)


def optimizer_wrapped(tf: Any) -> Made:
    w = tf.Variable(data(3), name="w", use_resource=True)
    optimizer = tf.keras.optimizers.get(tf.train.MomentumOptimizer(0.1, 0.9))
    update = optimizer.get_updates(tf.reduce_sum(w * w), [w])
    return Made([w, optimizer.iterations], steps=[update], slopes=False)


# --- schedules ---
SCHEDULES = {
    "exponential": ("optimizers.schedules.ExponentialDecay", (0.5, 3, 0.3), {}),
    "exponential_stairs": ("optimizers.schedules.ExponentialDecay", (0.5, 3, 0.3, True), {}),
    "inverse_time": ("optimizers.schedules.InverseTimeDecay", (0.5, 3, 0.3), {}),
    "inverse_time_stairs": ("optimizers.schedules.InverseTimeDecay", (0.5, 3, 0.3, True), {}),
    "piecewise": ("optimizers.schedules.PiecewiseConstantDecay", ([2, 5], [1.0, 0.5, 0.1]), {}),
    "polynomial": ("optimizers.schedules.PolynomialDecay", (0.5, 5), {"power": 2.0}),
    "polynomial_cycle": ("optimizers.schedules.PolynomialDecay", (0.5, 3), {"cycle": True}),
    "cosine": ("experimental.CosineDecay", (0.5, 5), {"alpha": 0.1}),
    "cosine_restarts": ("experimental.CosineDecayRestarts", (0.5, 2), {"m_mul": 0.8}),
    "cosine_equal": ("experimental.CosineDecayRestarts", (0.5, 2), {"t_mul": 1.0}),
    "linear_cosine": ("experimental.LinearCosineDecay", (0.5, 5), {}),
    "noisy_cosine": ("experimental.NoisyLinearCosineDecay", (0.5, 5), {"name": "noisy"}),
}
ONLY_NUMBERS = ("schedule_piecewise", "schedule_polynomial_cycle", "schedule_cosine_restarts",
                "schedule_cosine_equal")  # fmt: skip
"""Calls whose nodes differ from TensorFlow's on purpose: those with `tf.cond`."""


def _schedule_call(path: str, args: Any, options: Any) -> Callable[[Any], Made]:
    def call(tf: Any) -> Made:
        space, _, kind = path.rpartition(".")
        cls = getattr(eval("tf.keras." + space), kind)
        schedule = cls(*args, **options)
        steps = [0, 1, 4] if "Piecewise" in kind or "cycle" in options else [0.0, 1.0, 4.0, 9.0]
        again = cls.from_config(schedule.get_config())
        facts = {"config": schedule.get_config()}
        if space == "optimizers.schedules":
            facts["serialized"] = tf.keras.optimizers.schedules.serialize(again)
        rates = [again(tf.constant(step)) for step in steps]
        return Made(rates, facts=facts, slopes=False)

    return call


for _name, _what in SCHEDULES.items():
    CALLS["schedule_" + _name] = _schedule_call(*_what)


# --- losses ---
LOSSES = {
    "MeanSquaredError": {},
    "MeanAbsoluteError": {},
    "MeanAbsolutePercentageError": {},
    "MeanSquaredLogarithmicError": {},
    "BinaryCrossentropy": {},
    "CategoricalCrossentropy": {},
    "Hinge": {},
    "SquaredHinge": {},
    "CategoricalHinge": {},
    "Poisson": {},
    "LogCosh": {},
    "KLDivergence": {},
    "Huber": {"delta": 0.5},
    "CosineSimilarity": {"axis": 1},
}


def _probabilities(*sizes: int) -> Any:
    x = np.exp(data(*sizes))
    return np.round(x / x.sum(-1, keepdims=True), 4)  # exp differs between processors


def _loss_call(kind: str, options: Any) -> Callable[[Any], Made]:
    def call(tf: Any) -> Made:
        true = tf.constant(np.eye(4, dtype=np.float32)[[0, 2, 3]])
        pred = tf.constant(_probabilities(3, 4))
        loss = getattr(tf.keras.losses, kind)(**options)
        each = getattr(tf.keras.losses, kind)(reduction="none", name="each", **options)
        total = getattr(tf.keras.losses, kind)(reduction="sum", name=None, **options)
        weights = tf.constant([0.5, 0.0, 2.0])
        results = [loss(true, pred), loss(true, pred, weights), each(true, pred, weights)]
        results += [total(true, pred, sample_weight=3.0)]
        facts = {
            "config": loss.get_config(),
            "serialized": tf.keras.losses.serialize(loss),
            "again": tf.keras.losses.get(tf.keras.losses.serialize(each)).get_config(),
        }
        return Made(results, facts=facts)

    return call


for _name, _options in LOSSES.items():
    CALLS["loss_" + _name] = _loss_call(_name, _options)


def loss_sparse(tf: Any) -> Made:
    losses = tf.keras.losses
    pred = tf.constant(_probabilities(3, 4))
    loss = losses.SparseCategoricalCrossentropy()
    logits = losses.SparseCategoricalCrossentropy(from_logits=True)
    deep = tf.constant(_probabilities(2, 3, 4))
    function = losses.sparse_categorical_crossentropy
    results = [
        loss(tf.constant([0, 3, 1]), pred),
        loss(tf.constant([[0.0], [3.0], [1.0]]), pred, tf.constant([1.0, 2.0, 0.0])),
        logits(tf.constant([0, 3, 1]), pred),
        function(tf.constant([0, 3, 1]), tf.nn.softmax(pred)),
        function(tf.constant([[[0], [3], [1]], [[1], [1], [2]]]), deep),
        function(tf.constant([[0, 3, 1], [1, 1, 2]]), deep),
        function(tf.constant([[0, 2, 1, 0], [1, 1, 2, 0]]), deep, axis=1),
    ]
    return Made(results, facts=loss.get_config())


def loss_options(tf: Any) -> Made:
    losses = tf.keras.losses
    true = tf.constant(np.eye(4, dtype=np.float32)[[0, 2, 3]])
    logits = tf.constant(data(3, 4))
    results = [
        losses.BinaryCrossentropy(from_logits=True)(true, logits),
        losses.BinaryCrossentropy(label_smoothing=0.2)(true, tf.sigmoid(logits)),
        losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)(true, logits),
        losses.categorical_crossentropy(true, tf.nn.softmax(logits)),
        losses.binary_crossentropy(true, tf.sigmoid(logits)),
        losses.mse(tf.constant([[1, 2]]), tf.constant([[1.0, 4.0]])),
    ]
    return Made(results, facts=losses.CategoricalCrossentropy(True, 0.1).get_config())


def loss_wrong(tf: Any) -> Made:
    losses = tf.keras.losses
    x = tf.constant(data(3, 4))
    facts = [
        mistake(losses.get, "none"),
        mistake(losses.get, 3),
        mistake(losses.MeanSquaredError, reduction="mean"),
        mistake(losses.MeanSquaredError(), x, x, tf.constant(data(5))),
        [losses.get(name).__name__ for name in ("mse", "MAE", "kld", "cosine_similarity")],
    ]
    return Made(facts=facts)


# --- constraints, regularizers, activations, initializers ---
def constraints(tf: Any) -> Made:
    kinds = tf.keras.constraints
    w = tf.constant(data(3, 3, 2, 2))
    m = tf.constant(data(4, 3))
    made = [
        kinds.MaxNorm(0.5), kinds.NonNeg(), kinds.UnitNorm(1), kinds.MinMaxNorm(1.0, 2.0, 0.5),
        kinds.MinMaxNorm(axis=[0, 1]),
    ]  # fmt: skip
    facts = {
        "configs": [kinds.serialize(c) for c in made],
        "names": [
            kinds.serialize(kinds.get(n))
            for n in ("max_norm", "MaxNorm", "non_neg", "nonneg", "unit_norm", "min_max_norm")
        ],
        "errors": [mistake(kinds.get, "none"), mistake(kinds.get, 3)],
        "flat": mistake(kinds.RadialConstraint(), m),
    }  # fmt: skip
    return Made([c(m) for c in made] + [made[-1](w)], facts=facts)


def constraint_radial(tf: Any) -> Made:
    radial = tf.keras.constraints.RadialConstraint()
    even, odd = tf.constant(data(4, 4, 2, 2)), tf.constant(data(5, 5, 1, 2))
    return Made([radial(even), radial(odd)], slopes=False)


def regularizers(tf: Any) -> Made:
    kinds = tf.keras.regularizers
    m = tf.constant(data(4, 3))
    made = [kinds.l1(), kinds.l2(0.1), kinds.l1_l2(l1=0.3), kinds.L1L2()]
    facts = {
        "configs": [kinds.serialize(r) for r in made],
        "names": [kinds.serialize(kinds.get(n)) for n in ("l1", "l2", "l1_l2", "L1L2")],
        "errors": [mistake(kinds.get, "none"), mistake(kinds.get, 3)],
        "base": kinds.Regularizer()(m),
    }
    return Made([r(m) for r in made], facts=facts)


def activations(tf: Any) -> Made:
    kinds = tf.keras.activations
    m, deep = tf.constant(data(4, 3)), tf.constant(data(2, 4, 3))
    names = ["softmax", "elu", "selu", "softplus", "softsign", "relu", "tanh", "sigmoid"]
    names += ["exponential", "hard_sigmoid", "linear"]
    results = [kinds.get(name)(m) for name in names]
    results += [kinds.softmax(deep), kinds.softmax(deep, axis=1), kinds.elu(m, 0.5)]
    results += [kinds.relu(m, alpha=0.1), kinds.relu(m, max_value=6), kinds.relu(m, 0.2, 1.0, 0.1)]
    results += [kinds.relu(m, 0.2, 1.0), kinds.relu(m, threshold=0.5)]
    facts = {
        "names": [kinds.serialize(kinds.get(name)) for name in names],
        "more": [kinds.serialize(kinds.get(None)), kinds.serialize(tf.nn.softmax)],
        "errors": [
            mistake(kinds.get, "none"),
            mistake(kinds.get, 3),
            mistake(kinds.softmax, tf.constant([1.0]))[0],
        ],
    }
    return Made(results, facts=facts)


def initializers(tf: Any) -> Made:
    kinds = tf.keras.initializers
    names = ["zeros", "ones", "constant", "uniform", "normal", "truncated_normal", "identity"]
    names += ["orthogonal", "glorot_uniform", "glorot_normal", "he_normal", "he_uniform"]
    names += ["lecun_normal", "lecun_uniform", "random_uniform", "random_normal", "one", "zero"]
    names += ["VarianceScaling", "RandomUniform", "Zeros", "GlorotUniform", "TruncatedNormal"]
    made = [kinds.get(name) for name in names]
    facts = {
        "configs": [kinds.serialize(i) for i in made],
        "again": [kinds.get(kinds.serialize(i)).get_config() for i in made],
        "errors": [mistake(kinds.get, "none"), mistake(kinds.get, 3)],
    }
    return Made([i([4, 4], tf.float32) for i in made], facts=facts)


def custom_objects(tf: Any) -> Made:
    utils = tf.keras.utils

    def triple(x: Any) -> Any:
        return 3 * x

    facts = [mistake(tf.keras.activations.get, "triple")]
    with utils.custom_object_scope({"triple": triple}):
        facts += [tf.keras.activations.get("triple")(2), sorted(utils.get_custom_objects())]
    facts += [sorted(utils.get_custom_objects())]
    facts += [tf.keras.activations.deserialize("triple", {"triple": triple})(3)]
    facts += [utils.serialize_keras_object(triple), utils.serialize_keras_object(None)]
    facts += [mistake(utils.serialize_keras_object, 3), utils.deserialize_keras_object(None)]
    facts += [mistake(utils.deserialize_keras_object, {"class_name": "x"})]
    return Made(facts=facts)


for _function in (
    optimizer_minimize, optimizer_schedule, optimizer_hypers, optimizer_weights, optimizer_get,
    optimizer_two_types, optimizer_wrapped, loss_sparse, loss_options, loss_wrong, constraints,
    constraint_radial, regularizers, activations, initializers, custom_objects,
):  # fmt: skip
    CALLS[_function.__name__] = _function
ONLY_NUMBERS += (
    "constraint_radial", "loss_Hinge", "loss_SquaredHinge", "optimizer_get",
    # TensorFlow keeps variables in a set without order, and has fewer scopes around gradients.
    "optimizer_hypers", "optimizer_weights", "optimizer_minimize",
)  # fmt: skip
