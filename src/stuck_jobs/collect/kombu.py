"""Read a broker of kombu's in one look: its queues, what workers hold, and whether any of them listens.

A queue is a list for each priority. What a worker has taken is in a hash until the worker settles it, also
while it waits for its time. Where nobody has taken anything and nobody listens, nobody is at work.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import md5
from importlib.resources import files
from itertools import islice
from typing import Any, cast

import redis
from redis.exceptions import RedisClusterException

from stuck_jobs.collect.messages import MAX_ID_LENGTH, MAX_MESSAGE_BYTES, Message, clean_text, moment
from stuck_jobs.collect.redis_reader import KEYS_PER_STEP, MAX_KEYS, reason_of
from stuck_jobs.collect.redis_url import RedisAddress
from stuck_jobs.collect.snapshot import Entry, Held, Holdings, Listing, Snapshot, failed
from stuck_jobs.collect.trust import ask_server
from stuck_jobs.errors import StuckJobsError

BINDING = "_kombu.binding."
SEPARATOR = "\x06\x16"
HELD, HELD_SINCE = "unacked", "unacked_index"
BINDING_PARTS = 3
PRIORITIES = range(10)
"""Those that a message can have, in the order in which they are served; an application may use fewer."""

KINDS = ("main", "retry")
"""Due, and not due yet."""

MAX_QUEUES = 1000
MAX_HASHES = 100
"""Of others, among which what workers hold is looked for."""

MAX_MICROSECONDS = 30_000
SURE_MESSAGES = 2_000
ASKING_SECONDS = 0.5
"""For how long a task that waits for others is at asking for them."""

SUBSCRIBED = ("sub", "psub")
WAITING = ("brpop",)
"""What a worker's connection has done last, also while the worker has no room, or ends its work."""

_SCRIPT = files("stuck_jobs.collect").joinpath("kombu.lua").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Broker:
    """What a job system says of its broker, in its entry.

    Attributes:
        queues: that are there unless somebody names others.
        not_queues: endings of exchanges whose lists are no queues of jobs.
        waiting_task: the name of the task that waits for others.
        prefix: of all of its keys; None if nobody said, so that there must not be several.
        separator: within the names of lists, and within bindings.
        held: the hash of what workers hold; None if nobody said, so that it may be another one than usual.
        held_since: the set of since when they do.
    """

    queues: tuple[str, ...]
    not_queues: tuple[str, ...]
    waiting_task: str
    prefix: str | None = None
    separator: str = SEPARATOR
    held: str | None = None
    held_since: str = HELD_SINCE

    def key(self, name: str) -> str:
        """A key of the application's, as it is in Redis."""
        return f"{self.prefix or ''}{name}"

    @property
    def held_keys(self) -> list[str]:
        """The keys of what workers hold, and of since when."""
        return [self.key(self.held or HELD), self.key(self.held_since)]

    def lists_of(self, queue: str) -> list[str]:
        """The keys of a queue's lists, in the order in which they are served."""
        return [
            self.key(f"{queue}{self.separator}{priority}" if priority else queue) for priority in PRIORITIES
        ]


@dataclass(frozen=True)
class _Queues:
    """Those that there are.

    Attributes:
        names: in order.
        routes: the queue of each exchange and routing key.
        bindings: how many exchanges have any.
        is_searched: whether they, and what workers hold, were searched for, so that there is nothing else.
    """

    names: list[str]
    routes: Mapping[tuple[str, str], str]
    bindings: int
    is_searched: bool


def read_broker(
    address: RedisAddress, broker: Broker, known: Iterable[str], limit: int, timeout: float, now: datetime
) -> Snapshot:
    """Look at a broker once. One that cannot be read gives a snapshot that says so.

    Args:
        address: of Redis.
        broker: what is known of it.
        known: names of queues, which may be gone.
        limit: how many messages to read of each list.
        timeout: for each answer, in seconds.
        now: which messages are due.
    """
    names = list(dict.fromkeys([*broker.queues, *known]))
    try:
        client = address.open(timeout)
        try:
            if isinstance(client, redis.RedisCluster):
                raise StuckJobsError("a cluster cannot be read in one look")
            return _look(client, broker, names, limit, now)
        finally:
            client.close()
    except (redis.RedisError, RedisClusterException, OSError, StuckJobsError) as error:
        reason = error.message if isinstance(error, StuckJobsError) else reason_of(address, error)
        return Snapshot([listing for name in names for listing in failed(name, reason, KINDS)])


def look_for_asking(
    read: Callable[[], Snapshot], asking: Collection[str], pause: Callable[[float], None] = time.sleep
) -> Snapshot:
    """Look at a broker, and once more for a task that waits for others: while it asks it has no message.

    Args:
        read: takes one look.
        asking: those that had a message in the look before.
        pause: waits for some seconds.

    Returns:
        The look, with those that have a message again as held.
    """
    first = read()
    absent = set(asking) - first.jobs_with_a_message
    if first.errors or not absent:
        return first
    pause(ASKING_SECONDS)
    return first.with_held(read(), absent)


def _look(client: redis.Redis, broker: Broker, names: list[str], limit: int, now: datetime) -> Snapshot:
    queues = _find_queues(client, broker, names)
    if len(queues.names) > MAX_QUEUES:
        raise StuckJobsError(f"there are more than {MAX_QUEUES:,} queues")
    lists = [key for name in queues.names for key in broker.lists_of(name)]
    arguments = (limit, MAX_MESSAGE_BYTES, MAX_MICROSECONDS, SURE_MESSAGES, broker.waiting_task)
    answer, clients = _ask(client, [*broker.held_keys, *lists], arguments)
    held_answer, *list_answers = answer
    held, are_all_read = _held(held_answer, queues)
    steps = iter(list_answers)
    listings = [
        listing
        for name in queues.names
        for listing in _listings(name, list(islice(steps, len(PRIORITIES))), now)
    ]
    if not (are_all_read and queues.is_searched):
        listings = [replace(listing, is_cut=True) for listing in listings]
    traces = queues.bindings + len(held) + sum(len(listing.entries) for listing in listings)
    holdings = Holdings(held, _listeners(client, clients), traces)
    return Snapshot(listings, server=ask_server(client), holdings=holdings)


def _ask(
    client: redis.Redis, keys: Sequence[str], arguments: Sequence[Any]
) -> tuple[list[list[Any]], list[dict[str, str]] | None]:
    """What there is and who is connected, at one moment; without the latter where that may not be asked."""
    with client.pipeline(transaction=True) as pipeline:
        pipeline.eval(_SCRIPT, len(keys), *keys, *arguments)
        pipeline.client_list()
        try:
            answer, clients = pipeline.execute(raise_on_error=False)
        except redis.exceptions.NoPermissionError:
            answer, clients = client.eval(_SCRIPT, len(keys), *keys, *arguments), None
    if isinstance(answer, redis.RedisError):
        raise answer
    return cast("list[list[Any]]", answer), clients


def _find_queues(client: redis.Redis, broker: Broker, names: list[str]) -> _Queues:
    """The queues that are known, and those that exchanges are bound to, looked for among few keys alone."""
    own = broker.key(BINDING)
    is_searched = client.dbsize() <= MAX_KEYS
    if is_searched:
        keys, others = _search_bindings(client, broker)
        is_searched = broker.held is not None or _is_held_as_usual(client, broker, others)
    else:
        keys = [f"{own}{name}" for name in names]
    routes: dict[tuple[str, str], str] = {}
    bindings = 0
    for key, members in _read_bindings(client, keys):
        exchange = key.removeprefix(own)
        bindings += bool(members)
        if exchange.endswith(broker.not_queues):
            continue
        for member in members:
            parts = member.split(broker.separator)
            if len(parts) != BINDING_PARTS:
                raise StuckJobsError(
                    "the parts of its bindings are separated in another way: say how the application does it,"
                    " in vars: broker_transport_options: {sep: ...}"
                )
            routes[exchange, parts[0]] = parts[-1]
    found = [name for queue in routes.values() if (name := clean_text(queue, MAX_ID_LENGTH))]
    return _Queues(list(dict.fromkeys([*names, *sorted(found)])), routes, bindings, is_searched)


def _search_bindings(client: redis.Redis, broker: Broker) -> tuple[list[str], set[str]]:
    """The keys of the exchanges of our application, and the prefixes of others.

    Raises:
        StuckJobsError: if there are those of others, which may be ours.
    """
    found = cast("Iterator[bytes]", client.scan_iter(match=f"*{BINDING}*", count=KEYS_PER_STEP))
    keys = [key.decode(errors="replace") for key in found]
    ours = [key for key in keys if key.startswith(broker.key(BINDING))]
    others = {key.partition(BINDING)[0] for key in keys} - {broker.prefix or ""}
    if others and (not ours or broker.prefix is None):
        prefix = clean_text(min(others), MAX_ID_LENGTH) or ""
        raise StuckJobsError(
            f'{"some of " if ours else ""}its keys have the prefix "{prefix}": say which that of the'
            " application is, in vars: broker_transport_options: {global_keyprefix: ...}"
        )
    return ours, others


def _is_held_as_usual(client: redis.Redis, broker: Broker, others: Iterable[str]) -> bool:
    """Whether no other hash than the usual one may be what workers hold.

    Raises:
        StuckJobsError: if one is.
    """
    usual = broker.held_keys[0]
    foreign = tuple(other for other in others if other)
    found = cast("Iterator[bytes]", client.scan_iter(count=KEYS_PER_STEP, _type="hash"))
    keys = [key.decode(errors="replace") for key in found]
    hashes = [
        key for key in keys if key.startswith(broker.key("")) and key != usual and not key.startswith(foreign)
    ]
    for key in hashes[:MAX_HASHES]:
        try:
            _, fields = cast("tuple[int, dict[bytes, bytes]]", client.hscan(key, count=1))
        except redis.exceptions.NoPermissionError:
            return False
        if any(map(_is_delivery, fields.values())):
            name = clean_text(key, MAX_ID_LENGTH)
            raise StuckJobsError(
                f'what workers hold is in "{name}": if that is the application\'s, say so in'
                " vars: broker_transport_options: {unacked_key: ..., unacked_index_key: ...}"
            )
    return len(hashes) <= MAX_HASHES


def _is_delivery(value: bytes) -> bool:
    """Whether a value is a message that a worker has taken: the message, its exchange and its routing key."""
    try:
        message, _, _ = json.loads(value)
        return bool({"headers", "properties"} <= message.keys())
    except (ValueError, TypeError, AttributeError):
        return False


def _read_bindings(client: redis.Redis, keys: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """What is bound to each exchange."""
    names = iter(keys)
    while step := list(islice(names, KEYS_PER_STEP)):
        with client.pipeline(transaction=False) as pipeline:
            for key in step:
                pipeline.smembers(key)
            bound = cast("list[set[bytes]]", pipeline.execute())
        for key, members in zip(step, bound, strict=True):
            yield key, [member.decode(errors="replace") for member in members]


def _listeners(client: redis.Redis, clients: list[dict[str, str]] | None) -> int | None:
    """How many connections to this database are subscribed to what workers are told, or wait for messages."""
    if clients is None:
        return None
    database = str(client.connection_pool.connection_kwargs.get("db") or 0)
    return sum(
        one["db"] == database
        and (any(one.get(kind, "0") != "0" for kind in SUBSCRIBED) or one.get("cmd") in WAITING)
        for one in clients
    )


def _held(answer: list[Any], queues: _Queues) -> tuple[list[Held], bool]:
    """What workers hold, each job once, as it was last delivered; and whether that is all."""
    _, found, is_whole = answer
    held: dict[str, Held] = {}
    read = [(_message(members), members) for members in map(json.loads, found)]
    for message, members in read:
        if message.jobspec_id is None:
            continue
        routing_key = clean_text(members.get("queue"), MAX_ID_LENGTH)
        one = Held(
            message,
            next((queue for (_, key), queue in queues.routes.items() if key == routing_key), routing_key),
            _instant(members.get("eta")),
            moment(float(members["delivered_at"])) if members.get("delivered_at") else None,
        )
        held[message.jobspec_id] = max(held.get(message.jobspec_id, one), one, key=_delivery)
    return list(held.values()), bool(is_whole) and all(message.parsed for message, _ in read)


def _delivery(one: Held) -> float:
    return one.delivered_at.timestamp() if one.delivered_at else 0.0


def _listings(queue: str, lists: list[list[Any]], now: datetime) -> Iterator[Listing]:
    """What a queue holds that is due, and what is not due yet."""
    texts = [text for _, found, _ in lists for text in found]
    entries = [
        Entry(_message(members), int(members.get("size", 0)), _instant(members.get("eta")))
        for members in map(json.loads, texts)
    ]
    later = [entry for entry in entries if entry.due_at and entry.due_at > now]
    due = [entry for entry in entries if not (entry.due_at and entry.due_at > now)]
    is_cut = not all(is_whole for _, _, is_whole in lists)
    depth = sum(length for length, _, _ in lists)
    oldest = None
    if due:
        first = f"{due[0].message.message_id} {due[0].message.attempts}"
        oldest = md5(first.encode(), usedforsecurity=False).hexdigest()
    yield Listing(queue, "main", depth - len(later), due, oldest=oldest, is_cut=is_cut)
    yield Listing(queue, "retry", len(later), later, is_cut=is_cut)


def _message(members: dict[str, Any]) -> Message:
    job = clean_text(members.get("id"), MAX_ID_LENGTH)
    if job is None:
        return Message(error="cannot be read", may_hide_job=True)
    retries = members.get("retries")
    awaited = [
        [name for one in ids if (name := clean_text(one, MAX_ID_LENGTH))]
        for ids in members.get("members") or ()
    ]
    return Message(
        message_id=job,
        jobspec_id=job,
        attempts=int(retries) if isinstance(retries, int | float) else None,
        parsed=True,
        job_kind=clean_text(members.get("task"), MAX_ID_LENGTH),
        members=[ids for ids in awaited if ids] or None,
    )


def _instant(text: object) -> datetime | None:
    """A time, of UTC if it has no zone; None if it is none."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC) if found else None
