"""Programs that make, train and describe models; each returns what it saw as plain data.

They run with TensorFlow 1.15.5 (golden/models/record_engine.py) and with graphflow alike, so the
code is that of Python 3.7. What a program prints is part of what it saw.
"""

import contextlib
import io
import re

import numpy as np

TIME = re.compile(r"\d+s( \d+[mu]?s/\w+)?")


def data(n=60, seed=0):
    """Returns inputs of four numbers and classes of three."""
    random = np.random.RandomState(seed)
    return random.randn(n, 4).astype("float32"), random.randint(0, 3, n)


def plain(x):
    """Returns numbers and arrays as lists."""
    if isinstance(x, dict):
        return {str(k): plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    if isinstance(x, (np.ndarray, np.generic)):
        return np.asarray(x, float).tolist()
    return x


def lines(function):
    """Returns what a call prints, without times and without bars that are drawn over."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        function()
    text = [line.rpartition("\r")[2] for line in out.getvalue().split("\n")]
    return [TIME.sub("TIME", line).rstrip() for line in text]


def summary(model):
    found = []
    model.summary(print_fn=found.append)
    return found


def names(model):
    return [w.name for w in model.weights]


def nodes(tf):
    """Returns the nodes of the graph: operation types, names and inputs."""
    graph = tf.get_default_graph().as_graph_def()
    return [[n.op, n.name, sorted(n.input)] for n in graph.node]


def mlp(tf, name=None):
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [layers.Dense(8, "relu", input_shape=(4,)), layers.Dense(3, "softmax")], name=name
    )


# --- programs ---
def sequential(tf):
    x, y = data()
    model = mlp(tf)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    made = nodes(tf)
    history = model.fit(x, y, epochs=4, batch_size=16, validation_split=0.25, verbose=0)
    return {
        "nodes": made,
        "history": plain(history.history),
        "epoch": history.epoch,
        "weights": names(model),
        "optimizer": [w.name for w in model.optimizer.weights],
        "values": plain(model.get_weights()),
        "evaluate": plain(model.evaluate(x, y, verbose=0)),
        "predict": plain(model.predict(x[:5])),
        "metrics_names": model.metrics_names,
        "summary": summary(model),
        "json": model.to_json(),
    }


def convolution(tf):
    layers = tf.keras.layers
    random = np.random.RandomState(0)
    x = random.randn(40, 8, 8, 2).astype("float32")
    y = random.randint(0, 2, (40, 1))
    model = tf.keras.Sequential(
        [
            layers.Conv2D(4, 3, activation="relu", input_shape=(8, 8, 2)),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(
                1, activation="sigmoid", kernel_regularizer=tf.keras.regularizers.l2(0.01)
            ),
        ]
    )
    model.compile(tf.keras.optimizers.SGD(0.1, 0.9), "binary_crossentropy", metrics=["acc"])
    history = model.fit(x, y, epochs=3, batch_size=10, verbose=0, validation_data=(x, y))
    return {
        "history": plain(history.history),
        "weights": names(model),
        "trainable": len(model.trainable_weights),
        "updates": len(model.updates),
        "losses": len(model.losses),
        "evaluate": plain(model.evaluate(x, y, verbose=0)),
        "predict": plain(model.predict(x[:3])),
        "summary": summary(model),
    }


def functional(tf):
    keras = tf.keras
    x, y = data()
    a = keras.Input((4,), name="a")
    b = keras.Input((4,), name="b")
    shared = keras.layers.Dense(5, "tanh", name="shared")
    joined = keras.layers.concatenate([shared(a), shared(b)])
    inner = mlp(tf, name="inner")
    first = keras.layers.Dense(3, "softmax", name="first")(joined)
    second = keras.layers.Dense(1, name="second")(inner(a))
    model = keras.Model([a, b], [first, second])
    model.compile(
        keras.optimizers.RMSprop(0.01),
        {"first": "sparse_categorical_crossentropy", "second": "mse"},
        metrics={"first": ["accuracy"], "second": ["mae"]},
        loss_weights={"first": 1.0, "second": 0.5},
    )
    made = nodes(tf)
    target = x.sum(axis=1, keepdims=True)
    history = model.fit(
        {"a": x, "b": -x}, {"first": y, "second": target}, epochs=3, batch_size=20, verbose=0
    )
    return {
        "nodes": made,
        "history": plain(history.history),
        "weights": names(model),
        "layers": [layer.name for layer in model.layers],
        "shapes": [plain(layer.output_shape) for layer in model.layers if layer is not shared],
        "summary": summary(model),
        "json": model.to_json(),
        "predict": plain(model.predict([x[:2], x[2:4]])),
        "batch": plain(model.train_on_batch([x, x], [y, target])),
        "test": plain(model.test_on_batch([x, x], [y, target])),
    }


def operations(tf):
    x, _ = data()
    a = tf.keras.Input((4,))
    b = tf.keras.layers.Dense(3)(a)
    c = tf.nn.relu(b) * 2.0 + tf.ones([3])
    model = tf.keras.Model(a, c)
    model.add_loss(tf.reduce_mean(tf.square(b)))
    model.add_metric(tf.reduce_sum(c), name="total", aggregation="mean")
    model.compile("sgd", "mse")
    history = model.fit(x, x[:, :3], epochs=2, verbose=0)
    return {
        "history": plain(history.history),
        "layers": [layer.name for layer in model.layers],
        "summary": summary(model),
    }


def subclassed(tf):
    class Net(tf.keras.Model):
        def __init__(self):
            super().__init__(name="net")
            self.blocks = [tf.keras.layers.Dense(4, "relu"), tf.keras.layers.Dense(4, "relu")]
            self.last = tf.keras.layers.Dense(3)
            self.drop = tf.keras.layers.Dropout(0.5)

        def call(self, inputs, training=None):
            for block in self.blocks:
                inputs = block(inputs)
            return self.last(self.drop(inputs, training=training))

    x, y = data()
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = Net()
    model.compile(tf.train.AdamOptimizer(0.01), loss)
    history = model.fit(x, y, epochs=2, batch_size=20, verbose=0)
    return {
        "history": plain(history.history),
        "weights": names(model),
        "summary": summary(model),
        "layers": [layer.name for layer in model.layers],
        "predict": plain(model.predict(x[:3])),
        "outputs": model.output_names,
    }


def deferred(tf):
    x, y = data()
    model = tf.keras.Sequential([tf.keras.layers.Dense(4), tf.keras.layers.Dense(1)])
    before = model.built
    model.compile("sgd", "mse", weighted_metrics=["mae"])
    history = model.fit(
        x, y, epochs=2, verbose=0, sample_weight=np.linspace(0, 1, 60), shuffle=False
    )
    return {
        "before": before,
        "history": plain(history.history),
        "weights": names(model),
        "summary": summary(model),
        "config": plain(model.get_config()["build_input_shape"]),
    }


def weighted(tf):
    x, y = data()
    model = mlp(tf)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
    history = model.fit(x, y, epochs=3, verbose=0, class_weight={0: 1.0, 1: 2.0, 2: 0.5})
    return {
        "history": plain(history.history),
        "evaluate": plain(model.evaluate(x, y, sample_weight=np.arange(60.0), verbose=0)),
    }


def datasets(tf):
    x, y = data()
    model = mlp(tf)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
    batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(10)
    printed = lines(lambda: model.fit(batches, epochs=2, verbose=2, validation_data=batches))
    history = model.fit(batches.repeat(), steps_per_epoch=4, epochs=2, verbose=0)
    return {
        "printed": printed,
        "history": plain(history.history),
        "evaluate": plain(model.evaluate(batches, verbose=0)),
        "predict": plain(model.predict(batches)[:3]),
    }


def generators(tf):
    x, y = data()

    def batches():
        while True:
            for i in range(0, 60, 20):
                yield x[i : i + 20], y[i : i + 20]

    class Batches(tf.keras.utils.Sequence):
        def __len__(self):
            return 3

        def __getitem__(self, i):
            return x[20 * i : 20 * i + 20], y[20 * i : 20 * i + 20]

    model = mlp(tf)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
    printed = lines(
        lambda: model.fit_generator(
            batches(), 3, epochs=2, verbose=2, validation_data=(x, y), workers=0
        )
    )
    history = model.fit(Batches(), epochs=2, verbose=0, shuffle=False)
    return {
        "printed": printed,
        "history": plain(history.history),
        "evaluate": plain(model.evaluate_generator(batches(), 3)),
        "predict": plain(model.predict_generator(Batches())[:3]),
    }


def printing(tf):
    x, y = data()
    model = mlp(tf)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
    return {
        "bar": lines(lambda: model.fit(x, y, epochs=2, shuffle=False)),
        "lines": lines(
            lambda: model.fit(x, y, epochs=2, verbose=2, validation_data=(x, y), shuffle=False)
        ),
        "evaluate": lines(lambda: model.evaluate(x, y)),
        "predict": lines(lambda: model.predict(x, verbose=1)),
    }


def callbacks(tf):
    x, y = data()
    seen = []

    class Seen(tf.keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(["train begin", sorted(self.params), plain(self.params["metrics"])])

        def on_epoch_end(self, epoch, logs=None):
            seen.append(["epoch end", epoch, sorted(logs)])

        def on_train_batch_end(self, batch, logs=None):
            seen.append(["batch end", batch, sorted(logs)])

        def on_test_begin(self, logs=None):
            seen.append(["test begin"])

        def on_predict_batch_end(self, batch, logs=None):
            seen.append(["predict batch end", batch, sorted(logs)])

    kinds = tf.keras.callbacks
    model = mlp(tf)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
    held = [
        Seen(),
        kinds.LearningRateScheduler(lambda epoch, lr: lr * 0.5, verbose=1),
        kinds.ReduceLROnPlateau("loss", patience=1, min_delta=10.0, verbose=1),
        kinds.EarlyStopping("loss", patience=3, min_delta=10.0, verbose=1),
    ]
    histories = []
    printed = lines(
        lambda: histories.append(
            model.fit(x, y, epochs=9, verbose=2, callbacks=held, validation_split=0.2)
        )
    )
    model.predict(x[:3], callbacks=held[:1])
    return {
        "seen": seen,
        "printed": printed,
        "epochs": histories[0].epoch,
        "history": plain(histories[0].history),
    }


def freezing(tf):
    x, y = data()
    model = mlp(tf)
    model.layers[0].trainable = False
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    after = model.get_weights()
    copy = tf.keras.models.clone_model(model)
    copy.set_weights(after)
    return {
        "changed": [bool((before[i] != after[i]).any()) for i in range(4)],
        "trainable": [w.name for w in model.trainable_weights],
        "summary": summary(model),
        "copy": names(copy),
        "same": bool((copy.predict(x) == model.predict(x)).all()),
        "again": [layer.name for layer in tf.keras.models.model_from_json(model.to_json()).layers],
    }


def steps(tf):
    """Classes of steps, [n, steps], are targets of outputs [n, steps, classes]."""
    random = np.random.RandomState(0)
    x, y = random.randn(20, 3, 4).astype("float32"), random.randint(0, 5, (20, 3))
    layers = tf.keras.layers
    model = tf.keras.Sequential([layers.Dense(2, input_shape=(3, 4)), layers.Dense(5, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    history = model.fit(x, y, batch_size=5, epochs=2, verbose=0)
    return {"history": plain(history.history), "evaluate": plain(model.evaluate(x, y, verbose=0))}


PROGRAMS = {
    f.__name__: f
    for f in (
        sequential, convolution, functional, operations, subclassed, deferred, weighted, datasets,
        generators, printing, callbacks, freezing, steps,
    )
}  # fmt: skip


# --- checkpoints ---
def compiled(tf):
    model = mlp(tf)
    model.compile(tf.keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model


def objects(tf):
    """Returns a Checkpoint of variables, a list and an optimizer, and all variables."""
    v = tf.Variable(3.0, name="v")
    u = tf.Variable([1.0, 2.0], use_resource=True, name="u")
    optimizer = tf.train.AdamOptimizer(0.1)
    step = optimizer.minimize(tf.reduce_sum(u * v), var_list=[u])
    checkpoint = tf.train.Checkpoint(v=v, optimizer=optimizer)
    checkpoint.held = [u, v]
    slots = [optimizer.get_slot(u, name) for name in optimizer.get_slot_names()]
    checkpoint_step[0] = step
    return checkpoint, [v, u, *slots]


checkpoint_step = [None]


def write_checkpoints(tf, directory):
    """Writes two checkpoints and returns their prefixes by name."""
    x, y = data()
    model = compiled(tf)
    model.fit(x, y, shuffle=False, verbose=0)
    model.save_weights(directory + "/weights")
    with tf.Graph().as_default(), tf.Session() as session:
        checkpoint, _ = objects(tf)
        session.run(tf.global_variables_initializer())
        session.run(checkpoint_step[0])
        path = checkpoint.save(directory + "/objects", session=session)
    return {"weights": directory + "/weights", "objects-1": path}


# --- mistakes ---
def _model(tf):
    model = mlp(tf)
    model.compile("sgd", "mse")
    return model


def _outputs(tf):
    a = tf.keras.Input((4,))
    return a, tf.keras.layers.Dense(2)(a)


MISTAKES = {
    "fit before compile": lambda tf: mlp(tf).fit(np.ones((2, 4)), np.ones(2)),
    "shape of the input": lambda tf: _model(tf).fit(np.ones((2, 5)), np.ones((2, 3))),
    "rank of the input": lambda tf: _model(tf).fit(np.ones((2, 4, 1)), np.ones((2, 3))),
    "shape of the target": lambda tf: _model(tf).fit(np.ones((2, 4)), np.ones((2, 2))),
    "numbers of examples": lambda tf: _model(tf).fit(np.ones((2, 4)), np.ones((3, 3))),
    "two inputs": lambda tf: _model(tf).fit([np.ones((2, 4))] * 2, np.ones((2, 3))),
    "keyword": lambda tf: _model(tf).fit(np.ones((2, 4)), np.ones((2, 3)), no=1),
    "loss": lambda tf: mlp(tf).compile("sgd", "no_such_loss"),
    "losses": lambda tf: mlp(tf).compile("sgd", ["mse", "mse"]),
    "loss of no output": lambda tf: mlp(tf).compile("sgd", {"no": "mse"}),
    "loss weights": lambda tf: mlp(tf).compile("sgd", "mse", loss_weights=[1.0, 2.0]),
    "metrics": lambda tf: mlp(tf).compile("sgd", "mse", metrics="mae"),
    "no loss": lambda tf: mlp(tf).compile("sgd"),
    "optimizer": lambda tf: mlp(tf).compile("no_such_optimizer", "mse"),
    "layer": lambda tf: mlp(tf).get_layer("no"),
    "index": lambda tf: mlp(tf).get_layer(index=9),
    "neither": lambda tf: mlp(tf).get_layer(),
    "layer of tf.layers": lambda tf: tf.keras.Sequential([tf.layers.Dense(2)]),
    "no layer": lambda tf: tf.keras.Sequential([1]),
    "pop": lambda tf: tf.keras.Sequential().pop(),
    "summary": lambda tf: tf.keras.Sequential([tf.keras.layers.Dense(2)]).summary(),
    "disconnected": lambda tf: tf.keras.Model(tf.keras.Input((4,)), _outputs(tf)[1]),
    "twice": lambda tf: tf.keras.Model([_outputs(tf)[0]] * 2, _outputs(tf)[1]),
    "no input": lambda tf: tf.keras.Input(),
    "input keyword": lambda tf: tf.keras.Input((2,), no=1),
    "weights": lambda tf: mlp(tf).set_weights([np.ones(2)]),
    "weight shape": lambda tf: mlp(tf).set_weights([np.ones(2)] * 4),
    "class weight": lambda tf: _model(tf).fit(
        np.ones((2, 4)), np.eye(3)[:2], class_weight={0: 1.0}
    ),
    "sample weight": lambda tf: _model(tf).fit(
        np.ones((2, 4)), np.eye(3)[:2], sample_weight=np.ones((2, 3))
    ),
    "split": lambda tf: _model(tf).fit((i for i in ()), steps_per_epoch=1, validation_split=0.5),
    "steps": lambda tf: _model(tf).fit(i for i in ()),
    "names": lambda tf: tf.keras.Model(
        _outputs(tf)[0], tf.keras.layers.Dense(2, name="x")(_outputs(tf)[1])
    ),
    "config": lambda tf: tf.keras.models.model_from_config([]),
    "phase": lambda tf: tf.keras.backend.set_learning_phase(3),
    "floatx": lambda tf: tf.keras.backend.set_floatx("float31"),
    "input of a layer": lambda tf: tf.keras.layers.Dense(2).input,
    "output shape": lambda tf: tf.keras.layers.Dense(2).output_shape,
    "get_input_at": lambda tf: tf.keras.layers.Dense(2).get_input_at(0),
    "call": lambda tf: tf.keras.Model()(np.ones((1, 2))),
    "attribute": lambda tf: setattr(mlp(tf), "weights", 1),
}


def mistake(tf, name):
    """Returns class and words of an error, without addresses."""
    try:
        MISTAKES[name](tf)
    except Exception as problem:
        words = re.sub(r" at 0x[0-9a-f]+", "", str(problem).split("\n")[0])
        return [type(problem).__name__, words]
    return ["nothing", ""]
