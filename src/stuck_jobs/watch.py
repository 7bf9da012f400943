"""Do something again and again, as `--watch` asks for."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType

import click

from stuck_jobs.errors import StuckJobsError

MAX_PAUSE = 60
"""Seconds: so that a server that is back is noticed well before a snapshot counts as too old."""


def repeat(action: Callable[[], str], interval: float) -> None:
    """Do something every so often until a signal comes; after failures wait longer and longer.

    Args:
        action: returns what it did, in one line; a `StuckJobsError` of it is shown.
        interval: from one start to the next, in seconds.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    pause = interval
    try:
        while True:
            started = time.monotonic()
            try:
                click.echo(action())
                pause = interval
            except StuckJobsError as error:
                error.show()
                pause = max(interval, min(2 * pause, MAX_PAUSE))
            time.sleep(max(0, started + pause - time.monotonic()))
    except KeyboardInterrupt:
        return


def _interrupt(signal_number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Leave whatever is being done, once: a second signal must not interrupt the clean-up."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
