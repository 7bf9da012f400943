"""One folder for all that a run of the tests makes, emptied in the end, however that comes about."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil


def open_nursery() -> Path:
    """Make the folder, and have this process and its children put everything temporary there."""
    folder = Path(tempfile.mkdtemp(prefix="sj-"))  # short: there are sockets deep in it
    folder.chmod(0o711)  # PostgreSQL runs as another user if we are root
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None
    return folder


def close_nursery(folder: Path) -> None:
    """End the servers that are still there, as after Ctrl-C, and remove the folder."""
    left = [process for process in psutil.process_iter() if _is_from(process, folder)]
    for number in (signal.SIGINT, signal.SIGKILL):  # with the first, a server takes what it shares with it
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        _, left = psutil.wait_procs(left, timeout=5)
    del os.environ["TMPDIR"]
    tempfile.tempdir = None
    shutil.rmtree(folder, ignore_errors=True)


def _is_from(process: psutil.Process, folder: Path) -> bool:
    """Whether it works in the folder; a server goes to its own."""
    try:
        return process.pid != os.getpid() and Path(process.cwd()).is_relative_to(folder)
    except psutil.Error:
        return False
