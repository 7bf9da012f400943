"""Yesterday's debt: what was stuck when the baseline was saved does not stop today's deployment."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.files import replace
from stuck_jobs.views.rows import JudgedPoint


@dataclass(frozen=True)
class Baseline:
    """How many items were stuck at each point that was over its limit."""

    breached: dict[str, int]

    @classmethod
    def of(cls, points: Iterable[JudgedPoint]) -> Baseline:
        """The baseline that has these points as they are."""
        return cls({point.accumulation_point: point.stuck_count for point in points if point.is_over_limit})

    @classmethod
    def load(cls, path: Path) -> Baseline:
        """Read a baseline that was saved.

        Raises:
            StuckJobsError: if the file is not there, or not a baseline.
        """
        try:
            breached = json.loads(path.read_text(encoding="utf-8"))["breached"]
        except OSError as error:
            raise StuckJobsError(f"the baseline {path} cannot be read: {error.strerror}") from None
        except (ValueError, TypeError, KeyError):
            breached = None
        if not isinstance(breached, dict) or not all(type(count) is int for count in breached.values()):
            raise StuckJobsError(f"{path} is not a baseline: save one with --save-baseline")
        return cls(breached)

    def save(self, path: Path) -> None:
        """Write it to a file, in place of the one before."""
        text = json.dumps({"breached": self.breached}, indent=2)
        replace(path, f"{text}\n".encode())

    def is_worse(self, point: JudgedPoint) -> bool:
        """Whether a point over its limit was within it then, or had fewer items stuck."""
        return point.stuck_count > self.breached.get(point.accumulation_point, -1)
