"""A line per minute of what the tests are at, and one when a test fails: dots tell little."""

from __future__ import annotations

import threading
import time

import pytest

INTERVAL_SECONDS = 60
REASON_LENGTH = 200


class Progress:
    """Told by pytest, in the process that reports, what begins and ends."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter
        self._started = time.monotonic()
        self._running: dict[str, float] = {}
        self._finished = 0
        self._stopped = threading.Event()

    def pytest_sessionstart(self) -> None:
        threading.Thread(target=self._tell, daemon=True).start()

    def pytest_sessionfinish(self) -> None:
        self._stopped.set()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._running[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._running.pop(nodeid, None)
        self._finished += 1

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            reason = report.longreprtext.rstrip().rpartition("\nE  ")[2].partition("\n")[0]
            self._reporter.write_line(f"\nfailed: {report.nodeid}: {reason[:REASON_LENGTH].strip()}")

    def _tell(self) -> None:
        while not self._stopped.wait(INTERVAL_SECONDS):
            self._reporter.write_line(f"\n{self.line()}")

    def line(self) -> str:
        """How far it is."""
        now = time.monotonic()
        at = ", ".join(
            f"{nodeid.rpartition('/')[2]} ({now - since:.0f} s)" for nodeid, since in self._running.items()
        )
        return f"{(now - self._started) / 60:.0f} min, {self._finished} done; now {at or 'nothing'}"
