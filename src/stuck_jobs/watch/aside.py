"""What may take long, such as telling a channel that does not answer, is done beside the checks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any


class Aside:
    """One thing at a time, in a thread that does not keep the process from ending."""

    def __init__(self) -> None:
        self._under_way: Future[Any] | None = None

    @property
    def is_free(self) -> bool:
        """Whether nothing is under way, and nothing that is done has not been asked for."""
        return self._under_way is None

    def begin(self, action: Callable[[], Any]) -> None:
        """Do something; `is_free` must be so.

        Args:
            action: what to do.
        """
        future: Future[Any] = Future()

        def run() -> None:
            try:
                future.set_result(action())
            except BaseException as error:
                future.set_exception(error)

        self._under_way = future
        threading.Thread(target=run, daemon=True).start()

    def done(self) -> Future[Any] | None:
        """What has been done since it was last asked for; None if nothing has."""
        if self._under_way is None or not self._under_way.done():
            return None
        future, self._under_way = self._under_way, None
        return future

    def finish(self, seconds: float) -> None:
        """Give what is under way some time to end.

        Args:
            seconds: how much.
        """
        if self._under_way is not None:
            with suppress(TimeoutError):
                self._under_way.exception(seconds)
