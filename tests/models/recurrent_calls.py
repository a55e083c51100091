"""Small graphs with Keras' recurrent layers and wrappers."""

from __future__ import annotations

from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.models.layer_calls import facts_of
from tests.models.observe import Made, data, fed, mistake

CALLS: dict[str, Callable[[Any], Made]] = {}
SHAPE = (2, 4, 3)
LAYERS: dict[str, Any] = {
    "simple": ("SimpleRNN", (5,), {}),
    "simple_sequences": ("SimpleRNN", (5,), {"return_sequences": True, "go_backwards": True}),
    "simple_all": (
        "SimpleRNN",
        (5,),
        {
            "kernel_regularizer": "l2", "recurrent_constraint": "max_norm", "use_bias": False,
            "activity_regularizer": "l1", "unroll": True, "return_state": True,
        },
    ),
    "gru": ("GRU", (5,), {}),
    "gru_fused": ("GRU", (5,), {"implementation": 2, "unroll": True}),
    "gru_after": ("GRU", (5,), {"reset_after": True, "return_state": True}),
    "gru_after_fused": ("GRU", (5,), {"reset_after": True, "implementation": 2, "unroll": True}),
    "gru_plain": ("GRU", (5,), {"use_bias": False, "reset_after": True, "unroll": True}),
    "lstm": ("LSTM", (5,), {"return_sequences": True, "return_state": True}),
    "lstm_fused": ("LSTM", (5,), {"implementation": 2, "unroll": True}),
    "lstm_unrolled": ("LSTM", (5,), {"unroll": True, "return_sequences": True}),
    "lstm_backwards": ("LSTM", (5,), {"go_backwards": True, "unroll": True}),
    "lstm_plain": ("LSTM", (5,), {"unit_forget_bias": False, "activation": "relu"}),
    "lstm_time_major": ("LSTM", (5,), {"time_major": True, "return_sequences": True}),
}  # fmt: skip


def _layer_call(kind: str, args: Any, options: Any) -> Callable[[Any], Made]:
    def call(tf: Any) -> Made:
        layer = getattr(tf.keras.layers, kind)(*args, **options)
        x, feeds = fed(tf, *SHAPE)
        outputs = layer(x)
        listed = outputs if isinstance(outputs, list) else [outputs]
        facts = facts_of(tf, layer, [SHAPE]) if len(listed) == 1 else [layer.get_config()]
        return Made([*listed, *layer.losses], feeds, facts=facts)

    return call


for _name, _what in LAYERS.items():
    CALLS[_name] = _layer_call(*_what)


def masked(tf: Any) -> Made:
    layers = tf.keras.layers
    x, feeds = fed(tf, *SHAPE)
    feeds[x][0, 2:] = 0.0
    feeds[x][1, 0] = 0.0
    y = layers.Masking()(x)
    results = [
        layers.LSTM(5)(y),
        layers.GRU(5, return_sequences=True)(y),
        layers.SimpleRNN(5, unroll=True, return_sequences=True)(y),
        layers.LSTM(5, unroll=True, zero_output_for_mask=True, return_sequences=True)(y),
        layers.LSTM(5, zero_output_for_mask=True, return_sequences=True)(y),
        layers.GRU(5, go_backwards=True)(y),
    ]
    return Made([*results, results[1]._keras_mask], feeds)


def states_given(tf: Any) -> Made:
    layers = tf.keras.layers
    x, feeds = fed(tf, *SHAPE)
    state = tf.constant(data(2, 5))
    lstm = layers.LSTM(5, return_state=True)
    results = [*lstm(x, initial_state=[state, state * 2])]
    results += [layers.GRU(5)([x, state])]
    facts = [
        mistake(layers.LSTM(5), x, initial_state=[state])[:1],
        mistake(layers.GRU(4), x, initial_state=[state])[:1],
    ]
    return Made(results, feeds, facts=facts)


def stateful(tf: Any) -> Made:
    layer = tf.keras.layers.LSTM(5, stateful=True)
    x = tf.constant(data(*SHAPE))
    y = layer(x)
    session = tf.keras.backend.get_session()
    session.run(tf.global_variables_initializer())
    facts = [len(layer.updates), len(layer.states), layer.get_config()["stateful"]]
    facts += [mistake(tf.keras.layers.LSTM(5).reset_states)]
    facts += [
        mistake(tf.keras.layers.LSTM(5, stateful=True), tf.placeholder(tf.float32, [None, 4, 3]))
    ]
    facts += [mistake(layer.reset_states, [np.zeros([2, 5])])[:1]]
    return Made([y], steps=[layer.updates], facts=facts, slopes=False)


def cells(tf: Any) -> Made:
    layers = tf.keras.layers
    x, feeds = fed(tf, *SHAPE)
    stacked = layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)], return_state=True)
    outputs = stacked(x)
    single = layers.RNN(layers.SimpleRNNCell(4), unroll=True, return_sequences=True)
    again = layers.RNN.from_config(stacked.get_config())
    facts = {
        "config": stacked.get_config(),
        "again": again.get_config() == stacked.get_config(),
        "weights": [w.name for w in stacked.weights],
        "states": str(stacked.cell.state_size),
        "output": stacked.cell.output_size,
        "cell": layers.LSTMCell(4).get_config(),
    }
    return Made([outputs[0], single(x)], feeds, facts=facts)


def own_cell(tf: Any) -> Made:
    class Sums(tf.keras.layers.AbstractRNNCell):  # type: ignore[misc,name-defined]  # of either library
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight("scale", (input_shape[-1],), initializer="ones")
            self.built = True

        @property
        def state_size(self) -> int:
            return 3

        @property
        def output_size(self) -> int:
            return 3

        def call(self, inputs: Any, states: Any) -> Any:
            total = states[0] + inputs * self.scale
            return total * 2, [total]

    x, feeds = fed(tf, *SHAPE)
    layer = tf.keras.layers.RNN(Sums(), return_sequences=True, return_state=True)
    return Made(layer(x), feeds, facts=[w.name for w in layer.weights])


def dropped(tf: Any) -> Made:
    layers = tf.keras.layers
    x, feeds = fed(tf, *SHAPE)
    np.random.seed(3)  # noqa: NPY002 (dropout of Keras' cells hangs on NumPy's seed)
    results = [
        layers.LSTM(5, dropout=0.5, recurrent_dropout=0.2, unroll=True)(x, training=True),
        layers.GRU(5, dropout=0.5, recurrent_dropout=0.2)(x, training=True),
        layers.SimpleRNN(5, dropout=0.5, unroll=True)(x, training=True),
        layers.LSTM(5, dropout=0.5, implementation=2)(x),
    ]
    return Made(results, feeds)


def mistakes(tf: Any) -> Made:
    layers = tf.keras.layers
    unknown = tf.placeholder(tf.float32, [2, None, 3])
    facts = [
        mistake(layers.RNN, 3),
        mistake(layers.StackedRNNCells, [3])[:1],
        mistake(layers.LSTM(3), tf.ones([2, 3])),
        mistake(layers.LSTM(3, unroll=True), unknown),
        mistake(layers.LSTM, 3, activation="none"),
    ]
    return Made(facts=facts)


# --- wrappers and Lambda ---
def distributed(tf: Any) -> Made:
    layers = tf.keras.layers
    x, feeds = fed(tf, None, 4, 3)
    y, more = fed(tf, 2, None, 3)
    feeds.update(more)
    dense = layers.TimeDistributed(layers.Dense(5))
    nested = layers.TimeDistributed(layers.LSTM(2, unroll=True))
    deep = tf.constant(data(2, 3, 4, 3))
    facts = [dense.layer.units]
    facts += [mistake(layers.TimeDistributed, 3), mistake(dense.build, [2, 3])]
    results = [dense(x), dense(y), nested(deep)]
    facts += [facts_of(tf, dense, [(None, 4, 3)]), [w.name for w in nested.weights]]
    return Made(results, feeds, facts=facts)


def distributed_masked(tf: Any) -> Made:
    layers = tf.keras.layers
    x, feeds = fed(tf, None, 4, 3)
    feeds[x][:, 2:] = 0.0
    y = layers.TimeDistributed(layers.Dense(2))(layers.Masking()(x))
    return Made([y, y._keras_mask], feeds)


def distributed_own(tf: Any) -> Made:
    class Twice(tf.keras.layers.Layer):  # type: ignore[misc,name-defined]  # of either library
        def call(self, inputs: Any) -> Any:
            return inputs * 2

        def compute_output_shape(self, input_shape: Any) -> Any:
            return input_shape

    x, feeds = fed(tf, 2, 4, 3)
    return Made([tf.keras.layers.TimeDistributed(Twice())(x)], feeds)


MERGES = ("concat", "sum", "mul", "ave", None)


def _bidirectional_call(mode: Any) -> Callable[[Any], Made]:
    def call(tf: Any) -> Made:
        layers = tf.keras.layers
        x, feeds = fed(tf, *SHAPE)
        inner = layers.LSTM(3, return_sequences=mode != "sum", unroll=True)
        layer = layers.Bidirectional(inner, merge_mode=mode)
        found = layer(x)
        facts = {
            "config": layer.get_config(),
            "weights": [w.name for w in layer.weights],
            "layers": [layer.forward_layer.name, layer.backward_layer.name, layer.name],
            "again": type(layer).from_config(layer.get_config()).get_config(),
        }
        facts["again"] = facts["again"]["merge_mode"]
        return Made(found if isinstance(found, list) else [found], feeds, facts=facts)

    return call


for _mode in MERGES:
    CALLS["bidirectional_" + str(_mode).lower()] = _bidirectional_call(_mode)


def bidirectional_more(tf: Any) -> Made:
    layers = tf.keras.layers
    x, feeds = fed(tf, *SHAPE)
    feeds[x][0, 2:] = 0.0
    masked = layers.Masking()(x)
    states = layers.Bidirectional(layers.GRU(2, return_state=True))
    own = layers.Bidirectional(
        layers.LSTM(2), backward_layer=layers.LSTM(2, go_backwards=True, name="back")
    )
    cells = layers.Bidirectional(layers.RNN([layers.GRUCell(2), layers.LSTMCell(2)]))
    start = tf.constant(data(2, 2))
    results = [
        *states(x), own(masked), cells(x),
        layers.Bidirectional(layers.LSTM(2, return_sequences=True))(masked),
        layers.Bidirectional(layers.GRU(2))(x, initial_state=[start, start * 2]),
    ]  # fmt: skip
    facts = [
        own.get_config(),
        mistake(layers.Bidirectional, 3)[:1],
        mistake(layers.Bidirectional, layers.GRU(2), merge_mode="none"),
        mistake(layers.Bidirectional, layers.GRU(2), backward_layer=layers.GRU(2)),
        mistake(
            layers.Bidirectional, layers.GRU(2),
            backward_layer=layers.GRU(2, go_backwards=True, return_state=True),
        ),
    ]  # fmt: skip
    return Made(results, feeds, facts=facts)


def convolutional(tf: Any) -> Made:
    layers = tf.keras.layers
    shape = (2, 3, 5, 5, 2)
    x, feeds = fed(tf, *shape)
    plain = layers.ConvLSTM2D(3, 3)
    other = layers.ConvLSTM2D(
        2, (2, 3), strides=2, padding="same", return_sequences=True, use_bias=False,
        go_backwards=True, kernel_regularizer="l2", activation="relu",
    )  # fmt: skip
    kept = layers.ConvLSTM2D(2, 2, stateful=True)
    fixed = tf.constant(data(*shape))
    results = [plain(x), other(x), kept(fixed)]
    facts = [facts_of(tf, layer, [shape]) for layer in (plain, other)]
    facts += [
        len(kept.updates),
        mistake(layers.ConvLSTM2D, 2, 2, unroll=True),
        mistake(layers.ConvLSTM2D(2, 2), tf.placeholder(tf.float32, [2, 3, 5, 5, None])),
        mistake(layers.ConvLSTM2D(2, 2), tf.ones([2, 3, 5, 5])),
    ]
    return Made(results, feeds, facts=facts)


def convolutional_first(tf: Any) -> Made:
    # TensorFlow looks for devices here and thereby draws first weights, so they are no random ones.
    layer = tf.keras.layers.ConvLSTM2D(
        2, 3, data_format="channels_first", return_state=True, kernel_initializer="ones",
        recurrent_initializer="ones",
    )  # fmt: skip
    return Made(layer(tf.constant(data(2, 3, 2, 5, 5) / 9)))


def scaled(x: Any, factor: float = 3.0) -> Any:
    """A function for Lambda layers."""
    return x * factor


def lambdas(tf: Any) -> Made:
    layers = tf.keras.layers
    x, feeds = fed(tf, None, 5)
    plain = layers.Lambda(lambda v: v * 2)
    options = layers.Lambda(scaled, arguments={"factor": 4.0}, output_shape=(5,))
    masked = layers.Lambda(lambda v, mask=None: v, mask=lambda v, m: tf.cast(v[:, 0], tf.bool))
    trained = layers.Lambda(lambda v, training=None: v if training else -v)
    with_weight = layers.Lambda(lambda v: v * tf.Variable(3.0, name="scale"))
    results = [plain(x), options(x), masked(x), trained(x), trained(x, training=True)]
    results += [layers.Lambda.from_config(plain.get_config())(x), with_weight(x)]
    again = layers.Lambda.from_config(options.get_config(), {"scaled": scaled})
    results += [again(x)]
    config = options.get_config()
    config.pop("module")
    lambda_config = plain.get_config()
    facts = {
        "keys": sorted(lambda_config),
        "types": [lambda_config["function_type"], config["function_type"]],
        "shapes": [str(tuple(options.compute_output_shape((3, 5)))[1:])],
        "arguments": again.get_config()["arguments"],
        "weights": [w.name for w in with_weight.weights],
    }
    facts["shapes"] = [tf.TensorShape(options.compute_output_shape((3, 5))).as_list()]
    return Made(results, feeds, facts=facts)


for _function in (
    masked, states_given, stateful, cells, own_cell, dropped, mistakes, distributed,
    distributed_masked, distributed_own, bidirectional_more, lambdas, convolutional,
    convolutional_first,
):  # fmt: skip
    CALLS[_function.__name__] = _function
SAME_NODES = ("distributed_masked", "lambdas")


def _loops(name: str) -> bool:
    if name in SAME_NODES or (name.startswith("bidirectional_") and name != "bidirectional_more"):
        return False
    return "unroll" not in LAYERS.get(name, ("", "", {}))[2]


ONLY_NUMBERS = tuple(name for name in CALLS if _loops(name))
"""Calls whose nodes differ from TensorFlow's on purpose: those with loops."""
