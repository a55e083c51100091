"""Rows for gradients of the user's own, gradient tapes and second derivatives."""

import itertools

from _rows import case, error, f, tf

NUMBERED = "gradients of the user's own are numbered through the whole process"
WALK = "the nodes are those of gradients"
NOT_SO = "it is not the derivative"
names = itertools.count()


@tf.custom_gradient
def log1pexp(x):
    """`log(1 + exp(x))` with a derivative that does not overflow."""
    e = tf.exp(x)
    return tf.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))


@tf.custom_gradient
def two(x, y):
    """Two results of two arguments, with a gradient that is none."""
    return [x * y, x + y], lambda a, b: [a * y + 7.0, b * 2 * x]


@tf.custom_gradient
def packed(x):
    """A structure as result."""
    return {"a": x, "b": (x * 2, x * 3)}, lambda *dys: dys[0] + dys[1] * dys[2]


def with_variable(grad_of, use_resource=True, use=True):
    """A function that reads a variable, in a scope."""

    def made(x):
        with tf.variable_scope("s", use_resource=use_resource):

            @tf.custom_gradient
            def scaled(x):
                v = tf.get_variable("v", initializer=2.0) if use else tf.constant(1.0)
                return x * v, grad_of(v)

            y = scaled(x)
            return [y, *tf.gradients(y, [x, *tf.trainable_variables()])]

    return made


def both(v):
    """Gradients for the argument and the variables."""

    def grad(dy, variables=None):
        return dy * v * 10, [tf.reduce_sum(dy) * 100 for _ in variables]

    return grad


case("IdentityN", log1pexp, f([-2.0, 0.0, 3.0]), nodes=NUMBERED)
case("IdentityN", log1pexp, f([100.0]), nodes=NUMBERED, numeric="the function overflows")
case("IdentityN", two, f(2, 3), f(2, 3), nodes=NUMBERED, numeric=NOT_SO)
case("IdentityN", packed, f(3), nodes=NUMBERED, numeric=NOT_SO)
case("IdentityN", lambda x: two(x, 3.0)[1], f(3), nodes=NUMBERED, numeric=NOT_SO, id="constant")
case("IdentityN", with_variable(both), f(3), nodes=NUMBERED, numeric=NOT_SO, id="variable")
case("IdentityN", lambda x: with_variable(lambda v: lambda dy: dy, use=False)(x)[0], f(3),
     nodes=NUMBERED, id="no-variable")  # fmt: skip
error("IdentityN", lambda: log1pexp(x=1.0), says="currently supports keywords arguments only when")
error(
    "IdentityN",
    with_variable(both, use_resource=False),
    f(3),
    error="TypeError",
    says="All variables used by a function wrapped with @custom_gradient",
    id="reference",
)
error("IdentityN", with_variable(lambda v: lambda dy: dy), f(3), error="TypeError", id="unnamed",
      says="then grad_fn must accept a keyword argument 'variables'.")  # fmt: skip
error("IdentityN", with_variable(both, use_resource=False, use=False), f(3), error="TypeError",
      says="the enclosing variable scope must have use_resource=True.", id="scope")  # fmt: skip
error("IdentityN", lambda x: tf.gradients(tf.custom_gradient(lambda x: (x, lambda dy: (dy, dy)))(x),
      x), f(3), says="Num gradients 3 generated for op", id="too-many")  # fmt: skip


def in_resource_scope(function):
    """A call in a scope whose variables are resources."""

    def made(*args):
        with tf.variable_scope("s", use_resource=True):
            return function(*args)

    return made


case("IdentityN", in_resource_scope(tf.recompute_grad(lambda x, y: tf.sin(x) * y)), f(3), f(3),
     nodes=NUMBERED, id="recompute")  # fmt: skip
case("IdentityN", in_resource_scope(tf.grad_pass_through(tf.round)), f(3), nodes=NUMBERED,
     numeric=NOT_SO, id="pass-through")  # fmt: skip


def overridden(x):
    """Two squares, one with a gradient of the user's own."""
    name = "RowGradient%d" % next(names)

    @tf.RegisterGradient(name)
    def _(op, dy):
        return dy * 100

    with tf.get_default_graph().gradient_override_map({"Square": name}):
        y = tf.square(x)
    return y + tf.square(x)


case("Square", overridden, f(3), nodes=NUMBERED, numeric=NOT_SO, id="overridden")


def twice(x):
    """Registers a name twice."""
    name = "RowGradient%d" % next(names)
    for _ in range(2):
        tf.RegisterGradient(name)(lambda op, dy: dy)


error(
    "Square", twice, f(), error="KeyError", says="Registering two gradient with name 'RowGradient"
)
error("Square", lambda x: tf.RegisterGradient(3), f(), error="TypeError", id="no-name",
      says="op_type must be a string")  # fmt: skip

# --- tapes ---


def taped(make, get, persistent=True, **options):
    """The gradients that `get(tape, y, x)` asks for, of `y = make(tape, x)`."""

    def made(x):
        with tf.GradientTape(persistent=persistent, **options) as tape:
            tape.watch(x)
            y = make(tape, x)
        return get(tape, y, x)

    return made


def partly(tape, x):
    """Has a detour that is off the tape."""
    y = x * x
    with tape.stop_recording():
        z = y * 2
    return z + y


def with_read(tape, x):
    """Reads a variable."""
    v = tf.get_variable("v", initializer=[2.0, 3.0, 4.0], use_resource=True)
    with_read.variable = v
    return tf.reduce_sum(v * v * x)


for number, made in enumerate((
    taped(lambda t, x: x * x * x, lambda t, y, x: t.gradient(y, x)),
    taped(lambda t, x: x * x * x, lambda t, y, x: t.gradient(y, x), persistent=False),
    taped(lambda t, x: x * x, lambda t, y, x: t.gradient({"a": y, "b": x}, [x, {"c": y}])),
    taped(lambda t, x: x * x, lambda t, y, x: t.gradient(y, x, output_gradients=x + 1)),
    taped(partly, lambda t, y, x: t.gradient(y, x)),
    taped(with_read, lambda t, y, x: t.gradient(y, [x, with_read.variable])),
    taped(with_read, lambda t, y, x: t.gradient(y, t.watched_variables())),
    taped(lambda t, x: [x * x, tf.sin(x)], lambda t, ys, x: t.gradient(ys, x)),
    taped(lambda t, x: x * 2, lambda t, y, x: t.gradient(
        y, [tf.constant(1.0), x], unconnected_gradients=tf.UnconnectedGradients.ZERO)),
)):  # fmt: skip
    case("Mul", made, f(3), nodes=WALK, grad="is one", id="tape-%d" % number)


def nested(x):
    """A second derivative by two tapes."""
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.exp(x)
        dx = inner.gradient(y, x)
    return [dx, outer.gradient(dx, x)]


case("Exp", nested, f(3), nodes=WALK, grad="is one", id="tape-nested")


def unwatched(x):
    """Which gradients are none."""
    v = tf.get_variable("v", initializer=2.0, use_resource=True)
    with tf.GradientTape(watch_accessed_variables=False, persistent=True) as tape:
        y = x * v
        tape.watch(x)
        z = x + v
    found = [tape.gradient(y, x), tape.gradient(z, v), tape.gradient(y, v)]
    return [tf.constant([g is None for g in found]), tape.gradient(z, x)]


case("AddV2", unwatched, f(3), nodes=WALK, grad="is one", id="tape-unwatched")
for number, use_pfor in enumerate((True, False)):
    case("Mul", taped(lambda t, x: tf.reduce_sum(x * x * x, 1), lambda t, y, x, use=use_pfor:
         t.jacobian(y, x, experimental_use_pfor=use)), f(2, 3), nodes=WALK, grad="is one",
         static="a loop's shapes", id="jacobian-%d" % number)  # fmt: skip
    case("Mul", taped(lambda t, x: tf.sin(x) * x, lambda t, y, x, use=use_pfor:
         t.batch_jacobian(y, x, experimental_use_pfor=use)), f(2, 3), nodes=WALK, grad="is one",
         static="a loop's shapes", id="batch-jacobian-%d" % number)  # fmt: skip


def used_up(x):
    """A second gradient of a tape that has one."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    tape.gradient(y, x)
    return tape.gradient(y, x)


def entered_twice(x):
    """A tape inside itself."""
    with tf.GradientTape() as tape, tape:
        return x


error("Mul", used_up, f(), error="RuntimeError", id="tape-used",
      says="GradientTape.gradient can only be called once on non-persistent tapes.")  # fmt: skip
error("Mul", entered_twice, f(), says="Tape is already recording.", id="tape-twice")
error("Mul", lambda x: tf.GradientTape().reset(), f(), says="Tape is not recording.", id="tape-off")
error("Mul", lambda x: tf.GradientTape().watch(x), f(), error="AttributeError", id="tape-not-on",
      says="'NoneType' object has no attribute '_tape'")  # fmt: skip
error("Mul", taped(lambda t, x: t.watch(3), None), f(), id="tape-watch",
      says="Passed in object of type <class 'int'>, not tf.Tensor")  # fmt: skip
error("Mul", taped(lambda t, x: t.batch_jacobian(tf.zeros([2, 3]), tf.zeros([3, 2])), None), f(),
      says="Need first dimension of target shape ((2, 3)) and source shape ((3, 2)) to match.",
      id="tape-batches")  # fmt: skip

# --- second derivatives ---
case(
    "Mul",
    lambda x, w: tf.hessians(tf.reduce_sum(x[:, None] * w * w * w) + x[0] * x[0] * x[1], [x, w]),
    f(2),
    f(2, 3),
    nodes=WALK,
    static="a loop's shapes",
    grad="is one",
    id="hessians",
)
case("Mul", lambda x: tf.hessians([x * x * x, tf.exp(x)], x), f(), nodes=WALK,
     static="a loop's shapes", grad="is one", id="hessians-scalar")  # fmt: skip
error("Mul", lambda x: tf.hessians(tf.constant(1.0), x), f(2), says="None values not supported.",
      id="hessians-none")  # fmt: skip
