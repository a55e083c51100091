"""Whole programs with flags and logging: name -> (script, arguments).

The same text runs under TensorFlow 1.15.5 and under `graphflow run`; standard output, standard
error and exit status must be equal. Runs on Python 3.7 too.
"""

_QUIET = """
import logging, sys
logging.getLogger("tensorflow").setLevel("ERROR")  # not TensorFlow's own talk of aged names
import tensorflow as tf
"""

FLAGS = (
    _QUIET
    + """
flags = tf.app.flags
FLAGS = flags.FLAGS
flags.DEFINE_string("name", "someone", "whom to greet")
flags.DEFINE_string(flag_name="aged", default_value="old", docstring="an aged definition")
flags.DEFINE_integer("n", 3, "how many", lower_bound=0)
flags.DEFINE_float("rate", 0.1, "how fast")
flags.DEFINE_boolean("on", False, "a switch")
flags.DEFINE_bool("off", True, "another")
tf.flags.DEFINE_list("items", ["a"], "some")
tf.flags.DEFINE_enum("kind", "x", ["x", "y"], "which")
tf.flags.DEFINE_multi_integer("many", [1], "repeated")
tf.flags.DEFINE_multi_string("words", None, "repeated")
tf.flags.register_validator("n", lambda n: n != 13, message="n must not be 13")


def main(argv):
    print(argv)
    print(FLAGS.name, FLAGS.aged, FLAGS.n, FLAGS.rate, FLAGS.on, FLAGS.off, FLAGS.items)
    print(FLAGS.kind, FLAGS.many, FLAGS.words)
    print(FLAGS["n"].default, FLAGS["n"].help, "n" in FLAGS, "zz" in FLAGS, FLAGS.is_parsed())
    print(FLAGS.flag_values_dict()["name"], FLAGS.get_flag_value("zz", 7), hasattr(FLAGS, "zz"))
    print(sorted(k for k in getattr(FLAGS, "__flags") if k in ("n", "rate", "on")))
    FLAGS.n = 99
    print(FLAGS.n, flags.FLAGS is FLAGS, tf.flags.FLAGS is FLAGS)
    for key_flag in FLAGS.get_key_flags_for_module(sys.argv[0]):
        print(key_flag.name)
    return 3


if __name__ == "__main__":
    tf.app.run()
"""
)

UNPARSED = (
    _QUIET
    + """
tf.flags.DEFINE_integer("n", 3, "how many")
tf.flags.DEFINE_string("must", None, "required")
if "--check" in sys.argv:
    sys.argv.remove("--check")
    tf.flags.mark_flag_as_required("must")
try:
    print(tf.flags.FLAGS.n, tf.flags.FLAGS.must)
    print(tf.flags.FLAGS.zz)
except AttributeError as e:
    print(type(e).__name__, e)
except tf.flags.Error as e:
    print(type(e).__name__, e)
"""
)

MAIN = (
    _QUIET
    + """
tf.flags.DEFINE_integer("n", 3, "how many")


def begin(argv):
    print("begin", argv, tf.flags.FLAGS.n)


try:
    tf.app.run(main=begin, argv=["prog", "--n=5", "rest", "--unknown=1"])
except SystemExit as e:
    print("exit", e.code)
try:
    tf.app.run(begin)
except SystemExit as e:
    print("exit", e.code)
"""
)

LOGGING = """
import tensorflow as tf
tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.INFO)
log = tf.compat.v1.logging
log.debug("hidden %d", 1)
log.info("shown %d", 2)
log.warn("a warning %s", "x")
log.warning("another")
log.error("an error")
log.fatal("fatal, and on we go")
log.log(log.WARN, "by level %d", 3)
log.vlog(log.DEBUG, "hidden")
log.vlog(log.INFO, "vlog")
log.log_if(log.INFO, "if", True)
log.log_if(log.INFO, "not", False)
log.TaskLevelStatusMessage("task")
print(log.get_verbosity(), log.INFO, log.DEBUG, log.WARN, log.ERROR, log.FATAL)
log.set_verbosity("ERROR")
log.info("hidden")
print(log.get_verbosity(), tf.get_logger().name, tf.get_logger().propagate)
try:
    log.flush()
except NotImplementedError as e:
    print("no flush")
try:
    1 / 0
except ZeroDivisionError:
    log.error("with its cause", exc_info=True)
"""

CONFIGURED = """
import logging, sys
logging.basicConfig(stream=sys.stdout, format="%(levelname)s/%(name)s/%(filename)s/%(message)s")
import tensorflow as tf
tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.INFO)
tf.compat.v1.logging.info("in the layout of the program")
"""

PROGRAMS = {
    "flags": (FLAGS, []),
    "flags, given": (
        FLAGS,
        ["--name=you", "--n", "5", "--rate=1e-3", "--on", "--nooff", "--items=a,b", "--kind=y",
         "--many=4", "--many=5", "--words", "w", "rest", "--unknown", "--", "--n=2"],
    ),
    "flags, illegal": (FLAGS, ["--n=x"]),
    "flags, too small": (FLAGS, ["--n=-1"]),
    "flags, not valid": (FLAGS, ["--n=13"]),
    "flags, enum": (FLAGS, ["--kind=z"]),
    "flags, help": (FLAGS, ["--help"]),
    "unparsed": (UNPARSED, ["--n=7"]),
    "unparsed, unknown": (UNPARSED, ["--nothing=7"]),
    "unparsed, required": (UNPARSED, ["--check"]),
    "main": (MAIN, ["--n=8", "--undefok=zz", "--zz=3"]),
    "logging": (LOGGING, []),
    "configured": (CONFIGURED, []),
}  # fmt: skip
