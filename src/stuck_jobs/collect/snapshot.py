"""What one snapshot of the queues holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from stuck_jobs.collect.messages import Message

KINDS = ("main", "retry", "dead")


@dataclass(frozen=True)
class Entry:
    """A message in its place.

    Attributes:
        message: what it says.
        size: its bytes.
        due_at: when it is to be retried; of the retry set alone.
    """

    message: Message
    size: int
    due_at: datetime | None = None


@dataclass(frozen=True)
class Listing:
    """What one queue holds of one kind.

    Attributes:
        queue: its name.
        kind: main, retry or dead.
        depth: how many messages there are; None if that could not be read.
        entries: those that were read: the oldest first, or the first due.
        error: why it could not be read.
    """

    queue: str
    kind: str
    depth: int | None = None
    entries: list[Entry] = field(default_factory=list)
    error: str | None = None

    @property
    def complete(self) -> bool:
        """Every message was read, far enough to know which job it is for."""
        return self.depth == len(self.entries) and not any(
            entry.message.may_hide_job for entry in self.entries
        )


@dataclass(frozen=True)
class Snapshot:
    """One look at Redis.

    Attributes:
        listings: three per queue.
        locks: the jobs that a worker holds, and for how many milliseconds more; None if for ever.
        in_flight: the ids of the messages that a worker has taken and not yet settled.
    """

    listings: list[Listing]
    locks: dict[str, int | None] = field(default_factory=dict)
    in_flight: set[str] = field(default_factory=set)

    @property
    def errors(self) -> list[str]:
        """What went wrong, each once."""
        return list(dict.fromkeys(listing.error for listing in self.listings if listing.error))


def failed(queue: str, error: str) -> list[Listing]:
    """The listings of a queue that could not be read.

    Args:
        queue: its name.
        error: why.
    """
    return [Listing(queue, kind, error=error) for kind in KINDS]
