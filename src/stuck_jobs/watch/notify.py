"""What systemd is told, where it has started this: that it is ready, and that it is alive."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress

LONGEST_REST = 10.0
"""Seconds between two signs of life, where systemd wants them less often."""


def notify(*lines: str) -> None:
    """Tell systemd, if it listens.

    Args:
        *lines: such as `READY=1`.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address or address[0] not in "/@":
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
        channel.sendall("\n".join(lines).encode())


def rest(until: float) -> None:
    """Sleep, with signs of life.

    Args:
        until: when to wake, by the monotonic clock.
    """
    step = LONGEST_REST
    if wanted := os.environ.get("WATCHDOG_USEC", ""):
        step = min(step, int(wanted) / 2e6) if wanted.isdigit() else step
    while True:
        notify("WATCHDOG=1")
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, step))
