"""What one snapshot of the queues holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
        is_cut: there may be more of it elsewhere, which was not read.
    """

    queue: str
    kind: str
    depth: int | None = None
    entries: list[Entry] = field(default_factory=list)
    error: str | None = None
    oldest: str | None = None
    is_cut: bool = False

    @property
    def complete(self) -> bool:
        """Every message was read, far enough to know which job it is for."""
        return (
            not self.is_cut
            and self.depth == len(self.entries)
            and not any(entry.message.may_hide_job for entry in self.entries)
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
class Held:
    """A message that a worker has taken from a broker and not yet settled.

    Attributes:
        message: what it says.
        queue: from which it was taken; None if that cannot be told.
        due_at: when its job may begin; None for at once.
        delivered_at: when it was taken, by the worker's clock.
    """

    message: Message
    queue: str | None
    due_at: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True)
class Holdings:
    """What a broker that keeps account of its workers knows beside its queues.

    Attributes:
        held: what workers have taken and not yet settled.
        listeners: how many connections workers listen by, also those that end their work; None if not known.
        traces: how much shows that it is a broker at all.
    """

    held: list[Held]
    listeners: int | None
    traces: int


@dataclass(frozen=True)
class Snapshot:
    """One look at Redis.

    Attributes:
        listings: three per queue.
        locks: the jobs that a worker holds, and for how many milliseconds more; None if for ever.
        in_flight: the ids of the messages that a worker has taken and not yet settled.
        server: who answered; None if nobody did.
        holdings: of a broker; None where the queues are lists and no more.
    """

    listings: list[Listing]
    locks: dict[str, int | None] = field(default_factory=dict)
    in_flight: set[str] = field(default_factory=set)
    server: Server | None = None
    holdings: Holdings | None = None

    @property
    def jobs_with_a_message(self) -> set[str]:
        """Those that some message names, wherever it is."""
        held = self.holdings.held if self.holdings else []
        messages = [entry.message for listing in self.listings for entry in listing.entries]
        messages += [one.message for one in held]
        return {message.jobspec_id for message in messages if message.jobspec_id}

    @property
    def complete(self) -> bool:
        """Whether nothing else is there."""
        return all(listing.complete for listing in self.listings)

    @property
    def errors(self) -> list[str]:
        """What went wrong, each once."""
        return list(dict.fromkeys(listing.error for listing in self.listings if listing.error))

    def with_held(self, later: Snapshot, jobs: Collection[str]) -> Snapshot:
        """The same, with what a later look found of some jobs, wherever it is, as held.

        Args:
            later: of the same broker.
            jobs: which had no message here.
        """
        if self.holdings is None or later.holdings is None:
            return self
        held = [one for one in later.holdings.held if one.message.jobspec_id in jobs]
        held += [
            Held(entry.message, listing.queue, entry.due_at, delivered_at=None)
            for listing in later.listings
            for entry in listing.entries
            if entry.message.jobspec_id in jobs
        ]
        each_once = {one.message.jobspec_id: one for one in reversed(held)}
        holdings = replace(self.holdings, held=[*self.holdings.held, *each_once.values()])
        return replace(self, holdings=holdings)

    def dated(self, first_seen: Mapping[str, datetime]) -> Snapshot:
        """The same, with when its messages were first seen as when they were sent.

        Args:
            first_seen: by the id of the message.
        """

        def date(entry: Entry) -> Entry:
            message = entry.message
            sent_at = first_seen.get(message.message_id or "")
            return replace(entry, message=replace(message, enqueued_at=sent_at))

        listings = [
            replace(listing, entries=[date(entry) for entry in listing.entries]) for listing in self.listings
        ]
        return replace(self, listings=listings)

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


def failed(queue: str, error: str, kinds: Sequence[str] = KINDS) -> list[Listing]:
    """The listings of a queue that could not be read.

    Args:
        queue: its name.
        error: why.
        kinds: that it has.
    """
    return [Listing(queue, kind, error=error) for kind in kinds]
