"""The last answer, for whoever asks over HTTP: none is better than one that is too old."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

from stuck_jobs.views.rows import JudgedPoint
from stuck_jobs.views.summary import Summary

ROUNDS = 3
SPARE_SECONDS = 5.0
"""An answer holds for so many rounds, and so many seconds more."""


@dataclass
class Board:
    """What is known.

    Attributes:
        every: how often to check, in seconds.
        took: how long the last check took, likewise.
        summary: the last one; None if there was none yet.
        checked_at: when it was read, by the monotonic clock.
        trouble: why there is no newer one; None if there is nothing to say.
    """

    every: float
    took: float = 0.0
    summary: Summary | None = None
    checked_at: float = 0.0
    trouble: str | None = None

    def show(self, summary: Summary, started: float) -> None:
        """Take a new answer.

        Args:
            summary: that was found.
            started: when the check began, by the monotonic clock.
        """
        self.took, self.summary, self.checked_at = time.monotonic() - started, summary, started
        self.trouble = None

    def answer(self) -> Summary | None:
        """The summary with the ages of this moment; None if it is too old."""
        summary, age = self.summary, time.monotonic() - self.checked_at
        if summary is None or age > ROUNDS * max(self.every, self.took) + SPARE_SECONDS:
            return None
        last_run = dataclasses.replace(summary.last_run, age=_older(summary.last_run.age, age))
        return Summary([_aged(point, age) for point in summary.points], last_run)

    def health(self) -> tuple[bool, str]:
        """Whether there is an answer, and when it was found or why there is none."""
        trouble = self.trouble
        if self.answer() is None:
            return False, f"no answer: {trouble or 'nothing has been checked yet'}"
        age = time.monotonic() - self.checked_at
        return True, f"checked {age:.1f} seconds ago" + (f", now: {trouble}" if trouble else "")


def _aged(point: JudgedPoint, seconds: float) -> JudgedPoint:
    oldest = point.oldest_age_seconds
    return dataclasses.replace(
        point,
        evidence_age=_older(point.evidence_age, seconds),
        oldest_age_seconds=None if oldest is None else oldest + int(seconds),
    )


def _older(age: float | None, seconds: float) -> float | None:
    return None if age is None else age + seconds
