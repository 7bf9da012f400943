"""Processes that die where nobody expects it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def survives(action: Callable[[], object], package: str, dies_at: int | None) -> bool:
    """Do something in a process of its own, which is killed before its n-th line of a package.

    Args:
        action: what to do; an exception fails the test.
        package: a part of the path of the files whose lines count.
        dies_at: n; None to let it live.

    Returns:
        Whether it came to its end.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if dies_at is not None:
                sys.settrace(_killer(package, dies_at))
            action()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return not os.WIFSIGNALED(status)


def _killer(package: str, lines: int) -> Callable[[FrameType, str, Any], Any]:
    left = lines

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if package not in frame.f_code.co_filename:
            return None
        left -= event == "line"
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace
