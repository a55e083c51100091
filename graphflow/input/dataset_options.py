"""Options of data sets: what may be asked for besides the elements themselves.

Data sets run the same with all of them, one element after the other; they are kept, merged and
written into the graph as TensorFlow does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeVar

from graphflow.core.export import export

_T = TypeVar("_T", bound="OptionsBase")
_Option = tuple[type, Callable[[], Any]]


def _none() -> None:
    return None


class OptionsBase:
    """Named options of given types; others cannot be set."""

    _kinds: ClassVar[dict[str, _Option]] = {}

    def __init__(self) -> None:
        object.__setattr__(self, "_options", {})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._kinds)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = object.__hash__

    def __getattr__(self, name: str) -> Any:
        kinds = type(self)._kinds
        if name not in kinds:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        options = self.__dict__["_options"]
        if name not in options:
            options[name] = kinds[name][1]()
        return options[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._kinds:
            raise AttributeError(f"Cannot set the property {name} on {type(self).__name__}.")
        kind = self._kinds[name][0]
        if not isinstance(value, kind):
            raise TypeError(
                f'Property "{name}" must be of type {kind}, got: {value!r} (type: {type(value)})'
            )
        self.__dict__["_options"][name] = value

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._kinds]


def merged(first: _T, second: _T) -> _T:
    """The options of two objects of one class.

    Raises:
        TypeError: if their classes differ.
        ValueError: if both set an option, to different values.
    """
    if type(first) is not type(second):
        raise TypeError(f"Incompatible options type: {type(first)!r} vs {type(second)!r}")
    plain, made = type(first)(), type(first)()
    for options in (first, second):
        for name in options.__dict__["_options"]:
            this, that = getattr(made, name), getattr(options, name)
            if that == getattr(plain, name) or this == that:
                continue
            if this == getattr(plain, name):
                setattr(made, name, that)
            elif isinstance(this, OptionsBase):
                setattr(made, name, merged(this, that))
            else:
                raise ValueError(
                    f"Cannot merge incompatible values ({this!r} and {that!r}) of option: {name}"
                )
    return made


def _kinds(**kinds: Any) -> dict[str, _Option]:
    found: dict[str, _Option] = {}
    for name, kind in kinds.items():
        is_options = issubclass(kind, OptionsBase)
        found[name] = kind, (kind if is_options else _none)
    return found


@export("data.experimental.MapVectorizationOptions")
class MapVectorizationOptions(OptionsBase):
    """Options of vectorized mapping: `enabled`, `use_choose_fastest`."""

    _kinds: ClassVar[dict[str, _Option]] = _kinds(enabled=bool, use_choose_fastest=bool)

    def _static_optimizations(self) -> list[str]:
        return ["map_vectorization"] if self.enabled else []

    def _static_optimization_configs(self) -> list[str]:
        if self.use_choose_fastest is None:
            return []
        chosen = "true" if self.use_choose_fastest else "false"
        return [f"map_vectorization:use_choose_fastest:{chosen}"]


_OPTIMIZATIONS: Final = (
    "filter_fusion", "filter_with_random_uniform_fusion", "hoist_random_uniform",
    "map_and_batch_fusion", "map_and_filter_fusion", "map_parallelization", "map_fusion",
    "noop_elimination", "parallel_batch", "shuffle_and_repeat_fusion",
)  # fmt: skip
_BY_DEFAULT: Final = ("map_and_batch_fusion", "noop_elimination", "shuffle_and_repeat_fusion")


@export("data.experimental.OptimizationOptions")
class OptimizationOptions(OptionsBase):
    """Options of the rewriting of data sets, such as `apply_default_optimizations`."""

    _kinds: ClassVar = {
        **_kinds(
            apply_default_optimizations=bool, autotune=bool, autotune_algorithm=int,
            autotune_buffers=bool, autotune_cpu_budget=int,
            map_vectorization=MapVectorizationOptions,
        ),
        **_kinds(**dict.fromkeys(_OPTIMIZATIONS, bool)),
    }  # fmt: skip

    def _static_optimizations(self) -> list[str]:
        found = {name for name in _OPTIMIZATIONS if getattr(self, name)}
        if self.apply_default_optimizations is not False:
            found.update([name for name in _BY_DEFAULT if getattr(self, name) is not False])
        found.update(self.map_vectorization._static_optimizations())
        if self.autotune is not False and self.autotune_buffers:
            found.add("inject_prefetch")
        return sorted(found)

    def _static_optimization_configs(self) -> list[str]:
        found: list[str] = self.map_vectorization._static_optimization_configs()
        return found


@export("data.experimental.DistributeOptions")
class DistributeOptions(OptionsBase):
    """Options of distribution: `auto_shard`, `num_devices`."""

    _kinds: ClassVar[dict[str, _Option]] = _kinds(
        auto_shard=bool, num_devices=int, _make_stateless=bool
    )


@export("data.experimental.StatsOptions")
class StatsOptions(OptionsBase):
    """Options of statistics: `aggregator`, `prefix`, `counter_prefix`, `latency_all_edges`."""

    _kinds: ClassVar[dict[str, _Option]] = _kinds(
        aggregator=object, prefix=str, counter_prefix=str, latency_all_edges=bool
    )


@export("data.experimental.ThreadingOptions")
class ThreadingOptions(OptionsBase):
    """Options of threads: `max_intra_op_parallelism`, `private_threadpool_size`."""

    _kinds: ClassVar[dict[str, _Option]] = _kinds(
        max_intra_op_parallelism=int, private_threadpool_size=int
    )


@export("data.Options")
class Options(OptionsBase):
    """Options of a data set; see `Dataset.with_options`."""

    _kinds: ClassVar[dict[str, _Option]] = _kinds(
        experimental_deterministic=bool, experimental_distribute=DistributeOptions,
        experimental_optimization=OptimizationOptions, experimental_slack=bool,
        experimental_stats=StatsOptions, experimental_threading=ThreadingOptions,
        experimental_stateful_whitelist=list,
    )  # fmt: skip

    def _static_optimizations(self) -> list[str]:
        found: list[str] = list(self.experimental_optimization._static_optimizations())
        if self.experimental_deterministic is False:
            found.append("make_sloppy")
        if self.experimental_stats.latency_all_edges:
            found.append("latency_all_edges")
        if self.experimental_slack:
            found.append("slack")
        if self.experimental_distribute._make_stateless:
            found.append("make_stateless")
        return found

    def _static_optimization_configs(self) -> list[str]:
        found: list[str] = list(self.experimental_optimization._static_optimization_configs())
        if self.experimental_slack:
            n = self.experimental_distribute.num_devices or 1
            found.append(f"slack:slack_period:{n}")
        return found

    def merge(self, options: Options) -> Options:
        """Returns the options of this object and another one, whose word counts where they differ.

        Args:
            options: the other ones.
        """
        return merged(self, options)
