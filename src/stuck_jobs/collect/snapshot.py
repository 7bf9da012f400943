"""What one snapshot of the queues holds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
        oldest: which message of a main list a worker takes next, as a hash; None if none was read.
    """

    queue: str
    kind: str
    depth: int | None = None
    entries: list[Entry] = field(default_factory=list)
    error: str | None = None
    oldest: str | None = None

    @property
    def complete(self) -> bool:
        """Every message was read, far enough to know which job it is for."""
        return self.depth == len(self.entries) and not any(
            entry.message.may_hide_job for entry in self.entries
        )


@dataclass(frozen=True)
class Server:
    """Who answered.

    Attributes:
        identity: of the servers that hold the data, and the number of the database.
        evicted: how many keys they have thrown out for lack of memory, since they were started.
        fault: why nothing that it lacks is known to be gone; None if nothing speaks against it.
        is_drained: it has served queues, and holds next to nothing now, in no other database either.
    """

    identity: str
    evicted: int
    fault: str | None
    is_drained: bool


@dataclass(frozen=True)
class Snapshot:
    """One look at Redis.

    Attributes:
        listings: three per queue.
        locks: the jobs that a worker holds, and for how many milliseconds more; None if for ever.
        in_flight: the ids of the messages that a worker has taken and not yet settled.
        server: who answered; None if nobody did.
    """

    listings: list[Listing]
    locks: dict[str, int | None] = field(default_factory=dict)
    in_flight: set[str] = field(default_factory=set)
    server: Server | None = None

    @property
    def errors(self) -> list[str]:
        """What went wrong, each once."""
        return list(dict.fromkeys(listing.error for listing in self.listings if listing.error))

    def distrusted(self, reason: str) -> Snapshot:
        """The same, as one that proves nothing.

        Args:
            reason: why.
        """
        listings = [replace(listing, error=listing.error or reason) for listing in self.listings]
        return replace(self, listings=listings)


@dataclass(frozen=True)
class AtWork:
    """What workers may hold, by PostgreSQL.

    Attributes:
        jobs: those that are not closed, by public id.
        messages: the ids of messages for them.
    """

    jobs: list[str]
    messages: list[str]


def failed(queue: str, error: str) -> list[Listing]:
    """The listings of a queue that could not be read.

    Args:
        queue: its name.
        error: why.
    """
    return [Listing(queue, kind, error=error) for kind in KINDS]
