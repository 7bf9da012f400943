"""Read the queues and the workers' locks out of Redis, without a write and without keeping it busy."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import islice, zip_longest
from typing import Any, cast

import redis
from redis.crc import key_slot
from redis.exceptions import RedisClusterException

from stuck_jobs.collect.messages import MAX_ID_LENGTH, MAX_MESSAGE_BYTES, clean_text, moment, parse_message
from stuck_jobs.collect.redis_url import Client, RedisAddress
from stuck_jobs.collect.snapshot import KINDS, Entry, Listing, Snapshot, failed

MAX_BYTES_PER_SCRIPT = 20_000_000
MAX_MICROSECONDS_PER_SCRIPT = 30_000
SURE_BYTES_PER_SCRIPT = 6_000_000
MAX_HOLDS = 100_000
MAX_REASON_LENGTH = 200
LOCK_PREFIX = b"job:processing:"
IN_FLIGHT = ":processing:"
KEYS_PER_STEP = 1000
NEVER_EXPIRES = -1
GONE = -2

_SCRIPT = files("stuck_jobs.collect").joinpath("snapshot.lua").read_text(encoding="utf-8")


class _UnreadableError(Exception):
    """What is there cannot be read whole; the message says why."""


@dataclass(frozen=True)
class _Holds:
    """What the workers hold; as in a `Snapshot`."""

    locks: dict[str, int | None] = field(default_factory=dict)
    in_flight: set[str] = field(default_factory=set)


def read_snapshot(address: RedisAddress, queues: Sequence[str], limit: int, timeout: float) -> Snapshot:
    """Look at Redis once. A Redis that cannot be read gives a snapshot that says so.

    A worker pops a message before it locks the job, and puts it back before it lets the job go; so the locks
    are read after the queues and before them, and no job on its way is seen in neither place.

    Args:
        address: of Redis.
        queues: their names.
        limit: how many messages to read of each list.
        timeout: for each answer, in seconds.
    """
    try:
        client = address.open(timeout)
        try:
            before = _read_holds(client, queues)
            listings = [listing for queue in queues for listing in _read_queue(client, address, queue, limit)]
            after = _read_holds(client, queues)
            return Snapshot(listings, before.locks | after.locks, before.in_flight | after.in_flight)
        finally:
            client.close()
    except (redis.RedisError, RedisClusterException, OSError, _UnreadableError) as error:
        reason = _reason(address, error)
        return Snapshot([listing for queue in queues for listing in failed(queue, reason)])


def _read_queue(client: Client, address: RedisAddress, queue: str, limit: int) -> list[Listing]:
    """Read one queue; what is wrong with it alone does not stop the others."""
    keys = (queue, f"{queue}:retry", f"{queue}:dead")
    if isinstance(client, redis.RedisCluster) and len({key_slot(key.encode()) for key in keys}) > 1:
        return failed(queue, f"in a cluster a queue's keys must share a slot: {{{queue}}} instead of {queue}")
    limits = (
        limit,
        MAX_MESSAGE_BYTES,
        MAX_BYTES_PER_SCRIPT,
        MAX_MICROSECONDS_PER_SCRIPT,
        SURE_BYTES_PER_SCRIPT,
    )
    try:
        answer = cast("list[list[Any]]", client.eval(_SCRIPT, len(keys), *keys, *limits))
    except redis.ResponseError as error:
        return failed(queue, _reason(address, error))
    return [
        Listing(queue, kind, found[0], list(_entries(*found[1:])))
        for kind, found in zip(KINDS, answer, strict=True)
    ]


def _entries(packs: list[bytes], lengths: list[int], cut: list[int], scores: list[bytes]) -> Iterator[Entry]:
    """Unpack what the script says about one key."""
    sizes = dict(zip(cut[::2], cut[1::2], strict=True))
    packed = io.BytesIO(b"".join(packs))
    for place, (length, score) in enumerate(zip_longest(lengths, scores)):
        content = packed.read(length)
        size = sizes.get(place, len(content))
        yield Entry(parse_message(content, size), size, moment(float(score)) if score else None)


def _read_holds(client: Client, queues: Sequence[str]) -> _Holds:
    """Find what the workers hold, and how long each lock still lasts."""
    holds = _Holds()
    prefixes = tuple(f"{queue}{IN_FLIGHT}".encode() for queue in queues)
    pattern = f"*{IN_FLIGHT}*"
    keys = cast("Iterator[bytes]", client.scan_iter(match=pattern, count=KEYS_PER_STEP))
    while step := list(islice(keys, KEYS_PER_STEP)):
        holds.in_flight.update(_names_after(prefixes, step))
        holds.locks.update(_read_locks(client, [key for key in step if key.startswith(LOCK_PREFIX)]))
        if len(holds.locks) + len(holds.in_flight) > MAX_HOLDS:
            raise _UnreadableError(f"there are more than {MAX_HOLDS:,} keys {pattern}")
    return holds


def _read_locks(client: Client, keys: list[bytes]) -> Iterator[tuple[str, int | None]]:
    with client.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.pttl(key)
        remaining = cast("list[int]", pipeline.execute())
    for key, milliseconds in zip(keys, remaining, strict=True):
        for job in _names_after((LOCK_PREFIX,), [key]):
            if milliseconds != GONE:
                yield job, None if milliseconds == NEVER_EXPIRES else milliseconds


def _names_after(prefixes: tuple[bytes, ...], keys: Iterable[bytes]) -> Iterator[str]:
    """What keys are about, by what they begin with."""
    for key in keys:
        for prefix in prefixes:
            name = clean_text(key.removeprefix(prefix).decode(errors="replace"), MAX_ID_LENGTH)
            if name and key.startswith(prefix):
                yield name


def _reason(address: RedisAddress, error: Exception) -> str:
    """Say in one short line what went wrong, without credentials."""
    text = " ".join(str(error).split()) or type(error).__name__
    return clean_text(address.without_secrets(text), MAX_REASON_LENGTH) or type(error).__name__
