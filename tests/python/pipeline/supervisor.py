"""Starts the pipeline's processes, starts a worker again when it dies, and leaves none behind."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import forkserver
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from pipeline.publisher import move_retries, publish
from pipeline.work import Servers
from pipeline.worker import work

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["__main__", "pipeline.publisher", "pipeline.worker"])

Service = Callable[[Servers], None]


def prepare() -> None:
    """Start the process from which the others fork, with everything imported, so that they start at once."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    try:
        forkserver.ensure_running()
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before


@dataclass
class Supervisor:
    """The processes of one pipeline.

    Attributes:
        restarts: whether who dies is started again.
    """

    restarts: bool = True
    _running: list[tuple[BaseProcess, Service, Servers]] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def start(self, service: Service, servers: Servers, count: int = 1) -> None:
        with self._lock:
            for _ in range(0 if self._stopped.is_set() else count):
                process = PROCESSES.Process(target=_run, args=(service, servers), daemon=True)
                process.start()
                self._running.append((process, service, servers))

    def signal(self, service: Service, number: int = signal.SIGKILL) -> None:
        """Send a signal to every process of a service; who is killed so is not started again."""
        with self._lock:
            for entry in [entry for entry in self._running if entry[1] is service]:
                if number == signal.SIGKILL:
                    self._running.remove(entry)
                assert entry[0].pid is not None
                os.kill(entry[0].pid, number)

    def stop(self) -> None:
        with self._lock:
            self._stopped.set()
            for process, *_ in self._running:
                process.kill()
        for process, *_ in self._running:
            process.join()

    def _watch(self) -> None:
        while not self._stopped.is_set():
            with self._lock:
                sentinels = [process.sentinel for process, *_ in self._running]
            if not sentinels or not wait(sentinels, timeout=0.2):
                self._stopped.wait(0.05)
                continue
            with self._lock:
                for entry in [entry for entry in self._running if not entry[0].is_alive()]:
                    self._running.remove(entry)
                    if self.restarts:
                        self.start(entry[1], entry[2])


def _run(service: Service, servers: Servers) -> None:
    """A process hears nothing of the terminal's Ctrl-C, and says nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    silence = os.open(os.environ.get("PIPELINE_LOG", os.devnull), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    service(servers)


def _end_with(parent: int) -> None:
    """So that nothing is left of a test run that was killed."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


__all__ = ["PROCESSES", "Servers", "Supervisor", "move_retries", "publish", "work"]
