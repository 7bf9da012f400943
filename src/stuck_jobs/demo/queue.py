"""The pipeline's keys in Redis while they are being written, and the messages in them.

Every time is zone-less UTC, as in the tables.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from stuck_jobs.demo.specs import JsonObject

QUEUE = "jobs"
UNSERVED = "bulk"
"""A second queue, which no worker reads."""
MAX_ATTEMPTS = 3
LOCK_LASTS = timedelta(minutes=15)
"""For how long a worker may hold a job; it does not renew its lock."""


class Entry(NamedTuple):
    """Something that waits in one of the three places.

    Attributes:
        content: the message as it is written there.
        at: since when it is there; in the retry set, when it is due.
    """

    content: str
    at: datetime


@dataclass
class Queue:
    """What Redis holds.

    Attributes:
        main: what waits for a worker.
        unserved: what waits in the queue that none reads.
        retry: what has failed and is to be tried again.
        dead: what has been given up.
        locks: the jobs that a worker holds, and when each lock expires.
    """

    main: list[Entry] = field(default_factory=list)
    unserved: list[Entry] = field(default_factory=list)
    retry: list[Entry] = field(default_factory=list)
    dead: list[Entry] = field(default_factory=list)
    locks: dict[str, datetime] = field(default_factory=dict)

    def publish(self, message: JsonObject, at: datetime) -> str:
        """Let a message wait for a worker; return its name in the views, like the next three."""
        return _add(self.main, message, at)

    def strand(self, message: JsonObject, at: datetime) -> str:
        """Let a message wait for nobody."""
        return _add(self.unserved, message, at, UNSERVED)

    def postpone(self, message: JsonObject, due_at: datetime) -> str:
        """Schedule a retry."""
        return _add(self.retry, message, due_at)

    def bury(self, message: JsonObject, at: datetime) -> str:
        """Give a message up."""
        return _add(self.dead, message, at)

    def lock(self, jobspec_id: str, at: datetime) -> None:
        """Let a worker take a job."""
        self.locks[jobspec_id] = at + LOCK_LASTS


def draw_message(rng: Random, jobspec_id: str, sent_at: datetime) -> JsonObject:
    """What the outbox carries: mostly an envelope, sometimes a whole queue message.

    Args:
        rng: decides.
        jobspec_id: of the job.
        sent_at: when it was sent.
    """
    if rng.random() < 0.3:
        return _queue_message(rng, jobspec_id, sent_at)
    return {
        "id": jobspec_id,
        "enqueued_at": _rfc_3339(sent_at),
        "attempt": 0,
        "request_id": f"req-{rng.getrandbits(48):012x}",
    }


def failed_message(rng: Random, jobspec_id: str, sent_at: datetime, attempts: int, error: str) -> JsonObject:
    """What a worker writes back when it could not run a job.

    Args:
        rng: gives the message its number.
        jobspec_id: of the job.
        sent_at: when it was sent.
        attempts: how often it was tried; ten seconds each.
        error: of the last attempt.
    """
    last_attempt = sent_at + attempts * timedelta(seconds=10)
    return _queue_message(rng, jobspec_id, sent_at) | {
        "attempts": attempts,
        "last_attempt": _rfc_3339(last_attempt),
        "error": error,
    }


def _queue_message(rng: Random, jobspec_id: str, sent_at: datetime) -> JsonObject:
    return {
        "id": f"{jobspec_id}:{rng.randrange(10**9)}",
        "jobspec_id": jobspec_id,
        "action": "execute",
        "payload": {},
        "attempts": 0,
        "max_retries": MAX_ATTEMPTS,
        "enqueued_at": _rfc_3339(sent_at),
    }


def _add(entries: list[Entry], message: JsonObject, at: datetime, queue: str = QUEUE) -> str:
    entries.append(Entry(json.dumps(message), at))
    return f"{queue}:{message['id']}"


def _rfc_3339(at: datetime) -> str:
    return f"{at.isoformat(timespec='milliseconds')}Z"
