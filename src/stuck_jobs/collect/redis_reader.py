"""Read the queues and the workers' locks out of Redis, without a write and without keeping it busy."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
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
MAX_LOCKS = 100_000
MAX_REASON_LENGTH = 200
LOCK_PREFIX = b"job:processing:"
LOCKS_PER_STEP = 1000
NEVER_EXPIRES = -1
GONE = -2

_SCRIPT = files("stuck_jobs.collect").joinpath("snapshot.lua").read_text(encoding="utf-8")


class _UnreadableError(Exception):
    """What is there cannot be read whole; the message says why."""


def read_snapshot(address: RedisAddress, queues: Sequence[str], limit: int, timeout: float) -> Snapshot:
    """Look at Redis once. A Redis that cannot be read gives a snapshot that says so.

    A worker pops a message first and locks its job then; so the locks are read last, and no job on its way
    is seen in neither place.

    Args:
        address: of Redis.
        queues: their names.
        limit: how many messages to read of each list.
        timeout: for each answer, in seconds.
    """
    try:
        client = address.open(timeout)
        try:
            listings = [listing for queue in queues for listing in _read_queue(client, address, queue, limit)]
            all_failed = all(listing.error for listing in listings)
            return Snapshot(listings, {} if all_failed else _read_locks(client))
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
    limits = (limit, MAX_MESSAGE_BYTES, MAX_BYTES_PER_SCRIPT, MAX_MICROSECONDS_PER_SCRIPT)
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


def _read_locks(client: Client) -> dict[str, int | None]:
    """Find the jobs that are locked, and how long each lock still lasts."""
    locks: dict[str, int | None] = {}
    keys = cast("Iterator[bytes]", client.scan_iter(match=LOCK_PREFIX + b"*", count=LOCKS_PER_STEP))
    while step := list(islice(keys, LOCKS_PER_STEP)):
        with client.pipeline(transaction=False) as pipeline:
            for key in step:
                pipeline.pttl(key)
            remaining = cast("list[int]", pipeline.execute())
        for key, milliseconds in zip(step, remaining, strict=True):
            job = clean_text(key.removeprefix(LOCK_PREFIX).decode(errors="replace"), MAX_ID_LENGTH)
            if job and milliseconds != GONE:
                locks[job] = None if milliseconds == NEVER_EXPIRES else milliseconds
        if len(locks) > MAX_LOCKS:
            raise _UnreadableError(f"there are more than {MAX_LOCKS:,} locks {LOCK_PREFIX.decode()}*")
    return locks


def _reason(address: RedisAddress, error: Exception) -> str:
    """Say in one short line what went wrong, without credentials."""
    text = " ".join(str(error).split()) or type(error).__name__
    return clean_text(address.without_secrets(text), MAX_REASON_LENGTH) or type(error).__name__
