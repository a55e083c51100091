"""tf.test.Benchmark: methods that measure, run by `--benchmarks=<regular expression>`."""

from __future__ import annotations

import inspect
import numbers
import os
import re
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.formats import proto
from graphflow.platform import app, gfile
from graphflow.platform import tf_logging as logging
from graphflow.platform.file_io import GFile

GLOBAL_BENCHMARK_REGISTRY: Final[set[type]] = set()
TEST_REPORTER_TEST_ENV: Final = "TEST_REPORT_FILE_PREFIX"
_FLAG: Final = re.compile("--?benchmarks=")
_SHOWN: Final = (
    "Benchmark [%s] iters: %d, wall_time: %g, cpu_time: %g,throughput: %g, extras: %s, metrics: %s"
)


class Benchmark:
    """The base of classes whose methods `benchmark...` measure something; each is registered."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.is_abstract():
            GLOBAL_BENCHMARK_REGISTRY.add(cls)

    @classmethod
    def is_abstract(cls) -> bool:
        """True for the classes of this module."""
        return cls.__module__ == __name__

    def _get_name(self, overwrite_name: str | None = None) -> str:
        """Class and method that report: the outermost method of a benchmark on the stack."""
        for frame in reversed(inspect.stack()):
            owner = frame.frame.f_locals.get("self")
            if isinstance(owner, Benchmark):
                return f"{type(owner).__name__}.{overwrite_name or frame.function}"
        raise ValueError("Unable to determine calling Benchmark class.")

    def report_benchmark(
        self,
        iters: int | None = None,
        cpu_time: float | None = None,
        wall_time: float | None = None,
        throughput: float | None = None,
        extras: dict[str, Any] | None = None,
        name: str | None = None,
        metrics: list[dict[str, Any]] | None = None,
    ) -> None:
        """Reports what was measured: printed, or in a file where TEST_REPORT_FILE_PREFIX says so.

        Args:
            iters: how many runs.
            cpu_time: seconds of the processor, as a rule a median.
            wall_time: seconds.
            throughput: megabytes a second.
            extras: other numbers and texts.
            name: the method's name, if another than that of who calls.
            metrics: dicts with "name" and "value", perhaps "min_value" and "max_value".

        Raises:
            OSError: if the file is there already.
            TypeError: if `extras` or `metrics` are something else.
        """
        timing = {"iters": iters, "cpu_time": cpu_time, "wall_time": wall_time}
        full = self._get_name(overwrite_name=name)
        _report(full, {**timing, "throughput": throughput}, extras, metrics)


def _report(name: str, numbers_: dict[str, Any], extras: Any, metrics: Any) -> None:
    shown = {key: -1 if value is None else value for key, value in numbers_.items()}
    logging.info(
        _SHOWN, name, shown["iters"], shown["wall_time"], shown["cpu_time"], shown["throughput"],
        str(extras) if extras else "None", str(metrics) if metrics else "None",
    )  # fmt: skip
    entries = proto.BenchmarkEntries()
    entry = entries.entry.add(name=name)
    for key, value in numbers_.items():
        if value is not None:
            setattr(entry, key, value)
    _add_extras(entry, extras)
    _add_metrics(entry, metrics)
    prefix = os.environ.get(TEST_REPORTER_TEST_ENV)
    if prefix is None:
        print(entries)
        return
    path = prefix + name.replace("/", "__")
    if gfile.exists(path):
        raise OSError(f"File already exists: {path}")
    with GFile(path, "wb") as file:
        file.write(entries.SerializeToString())


def _add_extras(entry: Any, extras: Any) -> None:
    if extras is not None and not isinstance(extras, dict):
        raise TypeError("extras must be a dict")
    for key, value in (extras or {}).items():
        if isinstance(value, numbers.Number):
            entry.extras[key].double_value = value
        else:
            entry.extras[key].string_value = str(value)


def _add_metrics(entry: Any, metrics: Any) -> None:
    if metrics is not None and not isinstance(metrics, list):
        raise TypeError("metrics must be a list")
    for metric in metrics or ():
        for key in ("name", "value"):
            if key not in metric:
                raise TypeError(f"metric must has a '{key}' field")
        added = entry.metrics.add(name=metric["name"], value=metric["value"])
        for key in ("min_value", "max_value"):
            if key in metric:
                getattr(added, key).value = metric[key]


@export("test.benchmark_config")
def benchmark_config() -> Any:
    """Returns a ConfigProto that leaves out one of TensorFlow's graph rewriters."""
    config = proto.ConfigProto()
    config.graph_options.rewrite_options.dependency_optimization = proto.RewriterConfig.OFF
    return config


@export("test.Benchmark")
class TensorFlowBenchmark(Benchmark):
    """The base of classes whose methods `benchmark...` measure operations."""

    def run_op_benchmark(
        self,
        sess: Any,
        op_or_tensor: Any,
        feed_dict: Any = None,
        burn_iters: int = 2,
        min_iters: int = 10,
        store_trace: bool = False,
        store_memory_usage: bool = True,
        name: str | None = None,
        extras: dict[str, Any] | None = None,
        mbs: float = 0,
    ) -> dict[str, Any]:
        """Runs an operation again and again and reports the median time.

        Args:
            sess: the session.
            op_or_tensor: what is fetched.
            feed_dict: what is fed at each run.
            burn_iters: so many runs first that do not count.
            min_iters: so many runs.
            store_trace: accepted; graphflow keeps no trace of a run.
            store_memory_usage: accepted, as above.
            name: the method's name, if another than that of who calls.
            extras: other numbers and texts.
            mbs: how many megabytes the operation moves.

        Returns:
            What was reported.
        """
        for _ in range(burn_iters):
            sess.run(op_or_tensor, feed_dict=feed_dict)
        seconds = []
        for _ in range(min_iters):
            start = time.perf_counter()
            sess.run(op_or_tensor, feed_dict=feed_dict)
            seconds.append(time.perf_counter() - start)
        median = statistics.median(seconds) if seconds else -1.0
        found = {
            "iters": min_iters,
            "wall_time": median,
            "extras": {} if extras is None else extras,
            "name": name,
            "throughput": mbs / median,
        }
        self.report_benchmark(**found)  # type: ignore[arg-type]  # its arguments by name
        return found

    def evaluate(self, tensors: Any) -> Any:
        """Returns the values of tensors from the default session."""
        return scopes.get_default_session().run(tensors)


def _run_benchmarks(regex: str) -> None:
    for cls in list(GLOBAL_BENCHMARK_REGISTRY):
        made = None
        for attribute in dir(cls):
            full = f"{cls.__module__}.{cls.__name__}.{attribute}"
            if not attribute.startswith("benchmark") or not callable(getattr(cls, attribute)):
                continue
            if regex == "all" or re.search(regex, full):
                made = made or cls()
                getattr(made, attribute)()


def benchmarks_main(true_main: Callable[[], Any], argv: list[str] | None = None) -> None:
    """Runs the benchmarks that the command line asks for, else `true_main`.

    Args:
        true_main: what runs where no benchmarks are asked for.
        argv: the command line; None: that of the process.
    """
    given = sys.argv if argv is None else argv
    asked = next((word for word in given if _FLAG.match(word)), None)
    if asked is None:
        true_main()
        return
    given.remove(asked)
    app.run(lambda _: _run_benchmarks(asked.partition("=")[2]), argv=given)
