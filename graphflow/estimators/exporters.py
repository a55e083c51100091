"""Exporters: what `train_and_evaluate` does with a model after an evaluation."""

from __future__ import annotations

import abc
import os
from collections.abc import Callable
from typing import Any

from graphflow.core.compat import as_str_any
from graphflow.core.errors import NotFoundError
from graphflow.core.export import export
from graphflow.core.function_arguments import fn_args
from graphflow.formats.events import read_events
from graphflow.platform import gfile, tf_logging

Receiver = Callable[[], Any] | None
Compare = Callable[..., bool]


@export("estimator.Exporter")
class Exporter:
    """Writes a model into a folder of its own, or decides not to; subclasses say when."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """The name of the folder below `model_dir/export`."""

    @abc.abstractmethod
    def export(
        self,
        estimator: Any,
        export_path: Any,
        checkpoint_path: str,
        eval_result: dict[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """Writes a model; returns the path of what it wrote, or None.

        Args:
            estimator: the Estimator.
            export_path: the folder.
            checkpoint_path: the checkpoint that was evaluated.
            eval_result: the metrics by name.
            is_the_final_export: whether the training has ended.
        """


class _SavedModelExporter(Exporter):
    """Writes a SavedModel each time.

    Args:
        name: the name of the folder.
        serving_input_receiver_fn: returns a ServingInputReceiver.
        assets_extra: files to copy: names in the new folder "assets.extra", and their paths.
        as_text: whether the message is text.
    """

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Receiver,
        assets_extra: Any = None,
        as_text: bool = False,
    ) -> None:
        self._name = name
        self._serving_input_receiver_fn = serving_input_receiver_fn
        self._assets_extra = assets_extra
        self._as_text = as_text

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self._name

    def _write(self, estimator: Any, export_path: Any, checkpoint_path: str) -> Any:
        return estimator.export_saved_model(
            export_path,
            self._serving_input_receiver_fn,
            assets_extra=self._assets_extra,
            as_text=self._as_text,
            checkpoint_path=checkpoint_path,
        )


def _keep_newest(folder: Any, count: int | None) -> None:
    """Deletes all but the newest exports; their folders' names are seconds, in ten digits."""
    if count is None:
        return
    names = [as_str_any(name).rstrip("/") for name in gfile.listdir(folder)]
    exports = sorted([name for name in names if len(name) == 10 and name.isdigit()], key=int)
    for name in exports[:-count]:
        path = os.path.join(as_str_any(folder), name)
        try:
            gfile.rmtree(path)
        except NotFoundError as e:
            tf_logging.warning("Can not delete %s recursively: %s", path, e)


# --- the last one, the newest ones ---
@export("estimator.FinalExporter")
class FinalExporter(_SavedModelExporter):
    """Writes a SavedModel once, when the training has ended.

    Args:
        name: the name of the folder below `model_dir/export`.
        serving_input_receiver_fn: returns a ServingInputReceiver.
        assets_extra: files to copy: names in the new folder "assets.extra", and their paths.
        as_text: whether the message is text.
    """

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Receiver,
        assets_extra: Any = None,
        as_text: bool = False,
    ) -> None:
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text)

    def export(
        self,
        estimator: Any,
        export_path: Any,
        checkpoint_path: str,
        eval_result: dict[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """Writes the model if it is the final one; see `Exporter`."""
        if not is_the_final_export:
            return None
        tf_logging.info("Performing the final export in the end of training.")
        return self._write(estimator, export_path, checkpoint_path)


@export("estimator.LatestExporter")
class LatestExporter(_SavedModelExporter):
    """Writes a SavedModel after each evaluation, and keeps the newest ones.

    Args:
        name: the name of the folder below `model_dir/export`.
        serving_input_receiver_fn: returns a ServingInputReceiver.
        assets_extra: files to copy: names in the new folder "assets.extra", and their paths.
        as_text: whether the message is text.
        exports_to_keep: how many are kept; None: all.

    Raises:
        ValueError: if that is not positive.
    """

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Receiver,
        assets_extra: Any = None,
        as_text: bool = False,
        exports_to_keep: int | None = 5,
    ) -> None:
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text)
        self._exports_to_keep = exports_to_keep
        if exports_to_keep is not None and exports_to_keep <= 0:
            raise ValueError("`exports_to_keep`, if provided, must be positive number")

    def export(
        self,
        estimator: Any,
        export_path: Any,
        checkpoint_path: str,
        eval_result: dict[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """Writes the model; see `Exporter`."""
        found = self._write(estimator, export_path, checkpoint_path)
        _keep_newest(export_path, self._exports_to_keep)
        return found


# --- the best ones ---
def _loss_smaller(best_eval_result: Any, current_eval_result: Any) -> bool:
    """Returns whether the current loss is smaller than the best one."""
    for name, result in (
        ("best_eval_result", best_eval_result),
        ("current_eval_result", current_eval_result),
    ):
        if not result or "loss" not in result:
            raise ValueError(f"{name} cannot be empty or no loss is found in it.")
    return bool(best_eval_result["loss"] > current_eval_result["loss"])


def _check_compare(compare_fn: Any) -> None:
    names = fn_args(compare_fn)
    wanted = ("best_eval_result", "current_eval_result")
    for name in wanted:
        if name not in names:
            raise ValueError(f"compare_fn ({compare_fn}) must include {name} argument.")
    others = [name for name in names if name not in wanted]
    if others:
        raise ValueError(f"compare_fn ({compare_fn}) has following not expected args: {others}")


@export("estimator.BestExporter")
class BestExporter(_SavedModelExporter):
    """Writes a SavedModel when an evaluation is better than all before, and keeps the newest ones.

    Args:
        name: the name of the folder below `model_dir/export`.
        serving_input_receiver_fn: returns a ServingInputReceiver.
        event_file_pattern: a pattern of event files in `model_dir`, whose best metrics count as
            those of an evaluation before; None: there was none.
        compare_fn: whether `current_eval_result` is better than `best_eval_result`, both metrics
            by name; by default a smaller "loss".
        assets_extra: files to copy: names in the new folder "assets.extra", and their paths.
        as_text: whether the message is text.
        exports_to_keep: how many are kept; None: all.

    Raises:
        ValueError: if the function takes other arguments, or `exports_to_keep` is not positive.
    """

    def __init__(
        self,
        name: str = "best_exporter",
        serving_input_receiver_fn: Receiver = None,
        event_file_pattern: str | None = "eval/*.tfevents.*",
        compare_fn: Any = _loss_smaller,
        assets_extra: Any = None,
        as_text: bool = False,
        exports_to_keep: int | None = 5,
    ) -> None:
        if compare_fn is None:
            raise ValueError("`compare_fn` must not be None.")
        _check_compare(compare_fn)
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text)
        self._compare_fn: Compare = compare_fn
        self._event_file_pattern = event_file_pattern
        self._model_dir: Any = None
        self._best_eval_result: Any = None
        self._exports_to_keep = exports_to_keep
        if exports_to_keep is not None and exports_to_keep <= 0:
            raise ValueError(
                f"`exports_to_keep`, if provided, must be a positive number. Got {exports_to_keep}"
            )

    def export(
        self,
        estimator: Any,
        export_path: Any,
        checkpoint_path: str,
        eval_result: dict[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """Writes the model if it is better; see `Exporter`."""
        if self._model_dir != estimator.model_dir and self._event_file_pattern:
            tf_logging.info("Loading best metric from event files.")
            self._model_dir = estimator.model_dir
            self._best_eval_result = self._best_written(
                os.path.join(self._model_dir, self._event_file_pattern)
            )
        best = self._best_eval_result
        if best is not None and not self._compare_fn(
            best_eval_result=best, current_eval_result=eval_result
        ):
            return None
        tf_logging.info("Performing best model export.")
        self._best_eval_result = eval_result
        found = self._write(estimator, export_path, checkpoint_path)
        _keep_newest(export_path, self._exports_to_keep)
        return found

    def _best_written(self, pattern: str) -> Any:
        """The best metrics in event files, or None."""
        best = None
        for path in gfile.glob(pattern):
            for event in read_events(path):
                found = written_metrics(event)
                if found and (best is None or self._compare_fn(best, found)):
                    best = found
        return best


def written_metrics(event: Any) -> dict[str, float]:
    """Returns the numbers of an Event by tag."""
    values = event.summary.value if event.HasField("summary") else ()
    return {v.tag: v.simple_value for v in values if v.HasField("simple_value")}
