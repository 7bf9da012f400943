"""Read the queues and the workers' locks out of Redis, without a write and without keeping it busy."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import md5
from importlib.resources import files
from itertools import islice, takewhile, zip_longest
from typing import Any, cast

import redis
from redis.crc import key_slot
from redis.exceptions import RedisClusterException

from stuck_jobs.collect.messages import MAX_ID_LENGTH, MAX_MESSAGE_BYTES, clean_text, moment, parse_message
from stuck_jobs.collect.redis_url import Client, RedisAddress
from stuck_jobs.collect.snapshot import KINDS, AtWork, Entry, Listing, Snapshot, failed
from stuck_jobs.collect.trust import ask_server

MAX_BYTES_PER_SCRIPT = 20_000_000
MAX_MICROSECONDS_PER_SCRIPT = 30_000
SURE_BYTES_PER_SCRIPT = 6_000_000
MAX_HOLDS = 100_000
MAX_KEYS = 30_000
"""Of a Redis with more keys than this nothing is searched for: what workers may hold is asked for by name."""
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


def read_snapshot(
    address: RedisAddress, queues: Sequence[str], limit: int, timeout: float, at_work: AtWork | None = None
) -> Snapshot:
    """Look at Redis once. A Redis that cannot be read gives a snapshot that says so.

    A worker pops a message before it locks the job, and puts it back before it lets the job go; so the locks
    are read after the queues and before them, and no job on its way is seen in neither place.

    Args:
        address: of Redis.
        queues: their names.
        limit: how many messages to read of each list.
        timeout: for each answer, in seconds.
        at_work: what workers may hold; None if that is not known.
    """
    try:
        client = address.open(timeout)
        try:
            before = _read_holds(client, queues, at_work)
            listings = [listing for queue in queues for listing in _read_queue(client, address, queue, limit)]
            after = _read_holds(client, queues, at_work)
            held, in_flight = before.locks | after.locks, before.in_flight | after.in_flight
            server = None if all(listing.error for listing in listings) else ask_server(client)
            return Snapshot(listings, held, in_flight, server)
        finally:
            client.close()
    except (redis.RedisError, RedisClusterException, OSError, _UnreadableError) as error:
        reason = reason_of(address, error)
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
        return failed(queue, reason_of(address, error))
    return [
        Listing(queue, kind, found[0], list(_entries(*found[1:])), oldest=_oldest_of(kind, *found[1:4]))
        for kind, found in zip(KINDS, answer, strict=True)
    ]


def _unpack(packs: list[bytes], lengths: list[int]) -> Iterator[bytes]:
    packed = io.BytesIO(b"".join(packs))
    return (packed.read(length) for length in lengths)


def _entries(packs: list[bytes], lengths: list[int], cut: list[int], scores: list[bytes]) -> Iterator[Entry]:
    """Unpack what the script says about one key."""
    sizes = dict(zip(cut[::2], cut[1::2], strict=True))
    for place, (content, score) in enumerate(zip_longest(_unpack(packs, lengths), scores)):
        size = sizes.get(place, len(content))
        yield Entry(parse_message(content, size), size, moment(float(score)) if score else None)


def _oldest_of(kind: str, packs: list[bytes], lengths: list[int], cut: list[int]) -> str | None:
    """Which message of the main list is taken next: a hash of what was read, and how many copies follow.

    Their number shows that one was taken.
    """
    if kind != "main" or not lengths:
        return None
    messages = _unpack(packs, lengths)
    first = next(messages)
    copies = sum(1 for _ in takewhile(first.__eq__, messages))
    size = cut[1] if cut[:1] == [0] else len(first)
    return md5(first + f" {size} {copies}".encode(), usedforsecurity=False).hexdigest()


def _read_holds(client: Client, queues: Sequence[str], at_work: AtWork | None) -> _Holds:
    """Find what the workers hold, and how long each lock still lasts."""
    keys = client.dbsize()
    if keys <= MAX_KEYS:
        return _search_holds(client, queues)
    if at_work is None:
        raise _UnreadableError(f"it has {keys:,} keys, and no view names the jobs at work: run dbt build")
    return _ask_for_holds(client, queues, at_work)


def _ask_for_holds(client: Client, queues: Sequence[str], at_work: AtWork) -> _Holds:
    """Ask by name, among millions of keys that are none of ours."""
    if len(at_work.jobs) > MAX_HOLDS:
        raise _UnreadableError(f"there are more than {MAX_HOLDS:,} jobs at work")
    holds, names, messages = _Holds(), iter(at_work.jobs), iter(at_work.messages)
    while step := list(islice(names, KEYS_PER_STEP)):
        holds.locks.update(_read_locks(client, [LOCK_PREFIX + name.encode() for name in step]))
    while step := list(islice(messages, KEYS_PER_STEP)):
        asked = [(name, f"{queue}{IN_FLIGHT}{name}") for name in step for queue in queues]
        with client.pipeline(transaction=False) as pipeline:
            for _, key in asked:
                pipeline.exists(key)
            found = cast("list[int]", pipeline.execute())
        holds.in_flight.update(name for (name, _), is_there in zip(asked, found, strict=True) if is_there)
    return holds


def _search_holds(client: Client, queues: Sequence[str]) -> _Holds:
    """Look through the keys, of which there are few."""
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


def reason_of(address: RedisAddress, error: Exception) -> str:
    """Say in one short line what went wrong, without credentials."""
    return clean_text(address.reason(error), MAX_REASON_LENGTH) or type(error).__name__
