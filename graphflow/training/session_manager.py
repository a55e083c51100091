"""SessionManager: makes sessions in which the model is ready: restored, or initialized."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.errors import DeadlineExceededError, FailedPreconditionError
from graphflow.core.export import export
from graphflow.formats.checkpoint_state import get_checkpoint_state
from graphflow.platform import tf_logging
from graphflow.runtime.session import Session

Ready = tuple[bool, str | None]
_YES: Ready = (True, None)


@export("train.SessionManager")
class SessionManager:
    """Makes sessions in which the model is ready.

    Args:
        local_init_op: runs in each new session.
        ready_op: the names of the variables that are not initialized; None: there is no check.
        ready_for_local_init_op: the same, before `local_init_op`.
        graph: the graph; None: the default one.
        recovery_wait_secs: seconds from one look for a checkpoint or a chief to the next.
        local_init_run_options: RunOptions for `local_init_op`.

    Raises:
        ValueError: if there is a check before no `local_init_op`.
    """

    def __init__(
        self,
        local_init_op: Any = None,
        ready_op: Any = None,
        ready_for_local_init_op: Any = None,
        graph: Any = None,
        recovery_wait_secs: float = 30,
        local_init_run_options: Any = None,
    ) -> None:
        self._local_init_op = local_init_op
        self._ready_op = ready_op
        self._ready_for_local_init_op = ready_for_local_init_op
        self._graph = scopes.get_default_graph() if graph is None else graph
        self._recovery_wait_secs = recovery_wait_secs
        self._target: Any = None
        self._local_init_run_options = local_init_run_options
        if ready_for_local_init_op is not None and local_init_op is None:
            raise ValueError(
                "If you pass a ready_for_local_init_op you must also pass a local_init_op , "
                f"ready_for_local_init_op [{ready_for_local_init_op}]"
            )

    # --- making sessions ---
    def prepare_session(
        self,
        master: Any,
        init_op: Any = None,
        saver: Any = None,
        checkpoint_dir: str | None = None,
        checkpoint_filename_with_path: str | None = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        config: Any = None,
        init_feed_dict: Any = None,
        init_fn: Callable[[Any], Any] | None = None,
    ) -> Any:
        """Returns a session in which the model is restored from a checkpoint, or initialized.

        Args:
            master: the target of the session.
            init_op: initializes, where there is no checkpoint.
            saver: restores.
            checkpoint_dir: where the checkpoints are.
            checkpoint_filename_with_path: or one checkpoint.
            wait_for_checkpoint: whether to wait until there is one.
            max_wait_secs: the most seconds to wait.
            config: a ConfigProto.
            init_feed_dict: feeds for `init_op`.
            init_fn: a function of the session, called after `init_op`.

        Raises:
            RuntimeError: if nothing can initialize the model, or it is not ready afterwards.
            ValueError: if both a directory and a checkpoint are given.
        """
        sess, restored = self._restore_checkpoint(
            master, saver, checkpoint_dir, checkpoint_filename_with_path, wait_for_checkpoint,
            max_wait_secs, config,
        )  # fmt: skip
        if not restored:
            if init_op is None and not init_fn and self._local_init_op is None:
                raise RuntimeError(
                    "Model is not initialized and no init_op or init_fn or local_init_op was given"
                )
            if init_op is not None:
                sess.run(init_op, feed_dict=init_feed_dict)
            if init_fn:
                init_fn(sess)
        ready, why = self._try_run_local_init_op(sess)
        if not ready:
            raise RuntimeError(
                "Init operations did not make model ready for local_init.  Init op: "
                f"{_name(init_op)}, init fn: {init_fn}, error: {why}"
            )
        ready, why = self._model_ready(sess)
        if not ready:
            raise RuntimeError(
                f"Init operations did not make model ready.  Init op: {_name(init_op)}, init fn: "
                f"{init_fn}, local_init_op: {self._local_init_op}, error: {why}"
            )
        return sess

    def recover_session(
        self,
        master: Any,
        saver: Any = None,
        checkpoint_dir: str | None = None,
        checkpoint_filename_with_path: str | None = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        config: Any = None,
    ) -> tuple[Any, bool]:
        """Returns a session, and whether the model in it is ready: restored from a checkpoint.

        Args:
            master: as in `prepare_session`.
            saver: as in `prepare_session`.
            checkpoint_dir: as in `prepare_session`.
            checkpoint_filename_with_path: as in `prepare_session`.
            wait_for_checkpoint: as in `prepare_session`.
            max_wait_secs: as in `prepare_session`.
            config: as in `prepare_session`.
        """
        sess, restored = self._restore_checkpoint(
            master, saver, checkpoint_dir, checkpoint_filename_with_path, wait_for_checkpoint,
            max_wait_secs, config,
        )  # fmt: skip
        locally_ready, why = self._try_run_local_init_op(sess)
        if not restored:
            return sess, False
        source = checkpoint_dir or checkpoint_filename_with_path
        text = "Restoring model from %s did not make model ready%s: %s"
        if not locally_ready:
            tf_logging.info(text, source, " for local init", why)
            return sess, False
        ready, why = self._model_ready(sess)
        if not ready:
            tf_logging.info(text, source, "", why)
            return sess, False
        tf_logging.info("Restored model from %s", source)
        return sess, True

    def wait_for_session(
        self, master: Any, config: Any = None, max_wait_secs: float | None = math.inf
    ) -> Any:
        """Returns a session once somebody else has made the model ready.

        Args:
            master: the target of the session.
            config: a ConfigProto.
            max_wait_secs: the most seconds to wait; None: any time.

        Raises:
            DeadlineExceededError: if it takes longer.
        """
        self._target = master
        most = math.inf if max_wait_secs is None else max_wait_secs
        start = time.time()
        while True:
            sess = Session(self._target, graph=self._graph, config=config)
            why = None
            locally_ready, local_why = self._try_run_local_init_op(sess)
            if locally_ready:
                ready, why = self._model_ready(sess)
                if ready:
                    return sess
            with contextlib.suppress(Exception):
                sess.close()
            if max(most - (time.time() - start), 0) - self._recovery_wait_secs < 0:
                raise DeadlineExceededError(
                    None, None, f"Session was not ready after waiting {most:.0f} secs."
                )
            text = "Waiting for model to be ready.  Ready_for_local_init_op:  %s, ready: %s"
            tf_logging.info(text, local_why, why)
            time.sleep(self._recovery_wait_secs)

    # --- steps on the way ---
    def _restore_checkpoint(
        self,
        master: Any,
        saver: Any,
        checkpoint_dir: str | None,
        checkpoint_filename_with_path: str | None,
        wait_for_checkpoint: bool,
        max_wait_secs: float,
        config: Any,
    ) -> tuple[Any, bool]:
        self._target = master
        sess = Session(self._target, graph=self._graph, config=config)
        if checkpoint_dir and checkpoint_filename_with_path:
            raise ValueError(
                "Can not provide both checkpoint_dir and checkpoint_filename_with_path."
            )
        if not saver or not (checkpoint_dir or checkpoint_filename_with_path):
            return sess, False
        if checkpoint_filename_with_path:
            saver.restore(sess, checkpoint_filename_with_path)
            return sess, True
        state = self._state(checkpoint_dir or "", max_wait_secs if wait_for_checkpoint else 0)
        if state is None:
            return sess, False
        saver.restore(sess, state.model_checkpoint_path)
        saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        return sess, True

    def _state(self, checkpoint_dir: str, most: float) -> Any:
        """The state of a directory once it has a checkpoint; None if that takes too long."""
        waited = 0.0
        while True:
            state = get_checkpoint_state(checkpoint_dir)
            if state and state.model_checkpoint_path:
                return state
            if waited >= most:
                return None
            tf_logging.info("Waiting for checkpoint to be available.")
            time.sleep(self._recovery_wait_secs)
            waited += self._recovery_wait_secs

    def _model_ready(self, sess: Any) -> Ready:
        return _ready(self._ready_op, sess, "Model not ready")

    def _model_ready_for_local_init(self, sess: Any) -> Ready:
        return _ready(self._ready_for_local_init_op, sess, "Model not ready for local init")

    def _try_run_local_init_op(self, sess: Any) -> Ready:
        if self._local_init_op is None:
            return _YES
        found = self._model_ready_for_local_init(sess)
        if found[0]:
            tf_logging.info("Running local_init_op.")
            sess.run(self._local_init_op, options=self._local_init_run_options)
            tf_logging.info("Done running local_init_op.")
            return _YES
        return found


def _name(obj: Any) -> str:
    if obj is None:
        return "None"
    return str(getattr(obj, "name", f"<no name for {type(obj)}>"))


def _ready(op: Any, sess: Any, message: str) -> Ready:
    """Whether a check finds nothing missing, and what it finds."""
    if op is None:
        return _YES
    try:
        missing = sess.run(op)
    except FailedPreconditionError as e:
        if "uninitialized" not in str(e):
            tf_logging.warning("%s : error [%s]", message, e)
            raise
        return False, str(e)
    if missing is None or missing.dtype == np.int32 or missing.size == 0:
        return _YES
    return False, "Variables not initialized: " + ", ".join([m.decode() for m in missing])
