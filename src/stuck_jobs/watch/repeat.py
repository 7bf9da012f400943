"""Do something again and again, as `--watch` asks for."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.output import say

SIGNALS = (signal.SIGTERM, signal.SIGINT)
MAX_PAUSE = 60
"""Seconds: so that a server that is back is noticed well before a snapshot counts as too old."""


@contextmanager
def until_a_signal() -> Iterator[Callable[[], bool]]:
    """Leave the block when SIGTERM or SIGINT comes, whatever is being done; yields whether one has come."""
    is_over = False

    def interrupt(signal_number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        """Leave whatever is being done, once: a second signal must not interrupt the clean-up."""
        nonlocal is_over
        is_over = True
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # a broken query is no news
        raise KeyboardInterrupt

    for number in SIGNALS:
        signal.signal(number, interrupt)
    try:
        yield lambda: is_over
    except KeyboardInterrupt:
        return
    except Exception:
        if not is_over:  # else it comes of being interrupted
            raise


def repeat(action: Callable[[], str], interval: float) -> None:
    """Do something every so often until a signal comes; after failures wait longer and longer.

    Args:
        action: returns what it did, in one line; a `StuckJobsError` of it is shown.
        interval: from one start to the next, in seconds.
    """
    pause = interval
    with until_a_signal() as is_over:
        while not is_over():
            started = time.monotonic()
            try:
                say(action())
                pause = interval
            except StuckJobsError as error:
                if is_over():
                    return
                error.show()
                pause = max(interval, min(2 * pause, MAX_PAUSE))
            time.sleep(max(0, started + pause - time.monotonic()))
