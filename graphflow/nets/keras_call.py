"""Which layer is being called: what its inputs are, and whether it learns."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, Final


class CallContext(threading.local):
    """What is known while layers are called, of the innermost of them in this thread."""

    def __init__(self) -> None:
        self.layer: Any = None
        self.inputs: Any = None
        self.frozen = False
        """Whether the layer or one around it is not trainable."""
        self.in_call = False
        self.training: Any = None

    @contextlib.contextmanager
    def enter(self, layer: Any, inputs: Any, training: Any) -> Iterator[None]:
        """Opens the call of a layer.

        Args:
            layer: the layer.
            inputs: its inputs.
            training: the `training` argument, or None.
        """
        before = dict(vars(self))
        self.layer = layer
        self.inputs = inputs
        self.frozen = self.frozen or not layer.trainable
        self.in_call = True
        self.training = training
        try:
            yield
        finally:
            vars(self).update(before)


call_context: Final = CallContext()
