"""The dead letters in Redis: read without harm, moved back without loss."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, cast

import redis
from redis.crc import key_slot
from redis.exceptions import RedisClusterException

from stuck_jobs.collect.messages import MAX_MESSAGE_BYTES, Message, members_with_places, parse_message
from stuck_jobs.collect.redis_reader import read_snapshot
from stuck_jobs.collect.redis_url import Client, RedisAddress
from stuck_jobs.collect.snapshot import AtWork
from stuck_jobs.errors import StuckJobsError

PAGE = 100
MARK_SECONDS = 7 * 86400
"""For how long Redis remembers that a message was moved."""

MESSAGES_READ = 100_000
"""Of each list; where there are more nobody knows what waits."""

_PAGE = files("stuck_jobs.requeue").joinpath("page.lua").read_text(encoding="utf-8")
_MOVE = files("stuck_jobs.requeue").joinpath("move.lua").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Letter:
    """A message in a dead list.

    Attributes:
        queue: the main list that it belongs to.
        content: its bytes; cut off if it is too large to be read.
        message: what it says.
    """

    queue: str
    content: bytes
    message: Message

    @property
    def entity_id(self) -> str:
        """As in `dead_letters`, where it is the only one of its id."""
        return f"{self.queue}:{self.message.message_id or 'unparsed'}"

    @property
    def job_name(self) -> str:
        """Of its job, for people."""
        return self.message.jobspec_id or "(unknown)"


@dataclass(frozen=True)
class Waiting:
    """The jobs that need no further message.

    Attributes:
        queued: those with a message in a main list or a retry set.
        locked: those that a worker holds.
    """

    queued: frozenset[str]
    locked: frozenset[str]


class DeadLetters:
    """The dead lists of some queues."""

    def __init__(self, address: RedisAddress, queues: Sequence[str], timeout: float) -> None:
        """Connect on first use.

        Args:
            address: of Redis.
            queues: their names.
            timeout: for each answer, in seconds.
        """
        self._address = address
        self._queues = list(dict.fromkeys(queues))
        self._timeout = timeout
        self._opened: Client | None = None

    def read(self) -> list[Letter]:
        """All of them, the oldest of each queue first.

        Raises:
            StuckJobsError: if Redis does not answer.
        """
        with self._errors():
            return [letter for queue in self._queues for letter in self._read(queue)]

    def waiting(self, jobs: Sequence[str]) -> Waiting:
        """What a message need not be put back for, as Redis is now.

        Args:
            jobs: those that have letters.

        Raises:
            StuckJobsError: if Redis does not answer, or not everything could be read.
        """
        at_work = AtWork(list(jobs), [])
        snapshot = read_snapshot(self._address, self._queues, MESSAGES_READ, self._timeout, at_work)
        if snapshot.errors:
            raise StuckJobsError(f"Redis: {'; '.join(snapshot.errors)}")
        queues = [listing for listing in snapshot.listings if listing.kind != "dead"]
        if cut := [f"{listing.queue} ({listing.kind})" for listing in queues if not listing.complete]:
            raise StuckJobsError(
                f"{', '.join(cut)} cannot be read whole, to see for which jobs a message waits"
            )
        messages = (entry.message for listing in queues for entry in listing.entries)
        queued = frozenset(message.jobspec_id for message in messages if message.jobspec_id)
        return Waiting(queued, frozenset(snapshot.locks))

    def is_held(self, jobspec_id: str) -> bool:
        """Whether a worker holds its lock on a job.

        Raises:
            StuckJobsError: if Redis does not answer.
        """
        with self._errors():
            return bool(self._client().exists(f"job:processing:{jobspec_id}"))

    def move(self, letter: Letter, mark: str) -> bool:
        """Put a letter back into its queue, with its attempts forgotten.

        Args:
            letter: as it was read.
            mark: a key that is set with it.

        Returns:
            Whether it was there.

        Raises:
            StuckJobsError: if Redis does not answer; whether it was moved, the mark says.
        """
        keys = (f"{letter.queue}:dead", letter.queue, mark)
        with self._errors():
            client = self._client()
            if isinstance(client, redis.RedisCluster) and len({key_slot(key.encode()) for key in keys}) > 1:
                name = letter.queue
                raise StuckJobsError(f"in a cluster a queue's keys must share a slot: {{{name}}}")
            moved = client.eval(_MOVE, 3, *keys, letter.content, renewed(letter.content), MARK_SECONDS)
        return bool(moved)

    def was_moved(self, mark: str) -> bool:
        """Whether a mark was set.

        Raises:
            StuckJobsError: if Redis does not answer.
        """
        with self._errors():
            return bool(self._client().exists(mark))

    def _client(self) -> Client:
        if self._opened is None:
            self._opened = self._address.open(self._timeout)
        return self._opened

    def _read(self, queue: str) -> Iterator[Letter]:
        """From the old end on, whose places do not move when a letter is added."""
        seen = 0
        while True:
            answer = self._client().eval(
                _PAGE, 1, f"{queue}:dead", -seen - PAGE, -seen - 1, MAX_MESSAGE_BYTES + 1
            )
            found = cast("list[Any]", answer)
            pairs = list(zip(found[::2], found[1::2], strict=True))
            for size, content in reversed(pairs):
                yield Letter(queue, content, parse_message(content, size))
            seen += len(pairs)
            if len(pairs) < PAGE:
                return

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (redis.RedisError, RedisClusterException, OSError) as error:
            raise StuckJobsError(f"Redis: {self._address.reason(error)}") from None


def renewed(content: bytes) -> bytes:
    """A message as if it were sent now for the first time; every other byte of it stays as it is.

    Args:
        content: of a message that is parsed.
    """
    text = content.decode()
    now = json.dumps(datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"))
    new = {"attempts": "0", "attempt": "0", "enqueued_at": now}
    for key, _, start, end in reversed(list(members_with_places(text))):
        if key in new:
            text = text[:start] + new[key] + text[end:]
    return text.encode()
