"""What is told of: a point, or an incident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """How it is.

    Attributes:
        key: under which it is remembered.
        state: ok, breached or unknown.
        severity: error or warn.
        stuck_count: how many items are stuck for it.
        about: what is told of it, beside what has changed.
        points: that an incident has over their limit, of which each new one is news.
    """

    key: str
    state: str
    severity: str
    stuck_count: int
    about: dict[str, Any]
    points: tuple[str, ...] = ()
