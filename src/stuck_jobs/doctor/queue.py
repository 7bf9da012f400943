"""Redis: whether it answers, is the right one, lets us do what a snapshot takes, and what it may lose."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import redis
from redis.exceptions import NoPermissionError, RedisClusterException

from stuck_jobs.collect.kombu import BINDING, Broker, read_broker
from stuck_jobs.collect.redis_reader import IN_FLIGHT, LOCK_PREFIX, MAX_HOLDS, read_snapshot
from stuck_jobs.collect.redis_url import Client, RedisAddress
from stuck_jobs.collect.store import Store
from stuck_jobs.collect.trust import (
    REPLICA,
    SAMPLE,
    UNREADABLE,
    Memory,
    Seen,
    has_lost_master,
    judge,
    keys_by_database,
    read_infos,
)
from stuck_jobs.doctor.finding import Finding, trouble
from stuck_jobs.doctor.server import clock

TIMEOUT = 5.0
"""For each answer, in seconds."""

NOTHING_EVICTED = "noeviction"
FAILURES = (redis.RedisError, RedisClusterException, OSError)
DEFAULT_USER = "default"


@dataclass(frozen=True)
class Probe:
    """A command of the collector's, in a form that costs nothing.

    Attributes:
        command: its name.
        key: that it is about, as an ACL has it; None if it is about none.
        run: it.
    """

    command: str
    key: str | None
    run: Callable[[], object]


def look_at_redis(
    address: RedisAddress,
    queues: Sequence[str],
    broker: Broker | None,
    store: Store | None,
    memory: Memory | None,
) -> Iterator[Finding]:
    """All of it, as far as it answers.

    Args:
        address: of Redis.
        queues: their names.
        broker: of the watched system; None if its queues are lists and no more.
        store: of the snapshots; None if PostgreSQL cannot be reached.
        memory: of the pipeline, likewise.
    """
    try:
        client = address.open(TIMEOUT)
        try:
            yield from _look(client, address, queues, broker, store, memory)
        finally:
            client.close()
    except FAILURES as error:
        yield trouble(
            "redis",
            f"{address.reason(error)}: set REDIS_URL, or redis_enabled: false in dbt_project.yml if there is"
            " none to watch",
        )


def _look(
    client: Client,
    address: RedisAddress,
    queues: Sequence[str],
    broker: Broker | None,
    store: Store | None,
    memory: Memory | None,
) -> Iterator[Finding]:
    lacking = _lacking(_probes_of_broker(client, broker) if broker else _probes(client, queues))
    before = time.time()
    infos = [] if "+info" in lacking else read_infos(client)
    here = (before + time.time()) / 2
    yield Finding("redis", _names(infos) or "it answers")
    if lacking:
        user = address.options.get("username") or DEFAULT_USER
        words = " ".join(map(shlex.quote, ["ACL", "SETUSER", user, *lacking]))
        yield trouble("redis user", f"{user} lacks rights; an administrator runs", f"redis-cli {words}")
    else:
        yield Finding("redis user", "may do what a snapshot takes")
    if infos:
        yield _eviction(infos)
        yield _replication(infos)
        yield from _clocks(infos, here)
    if store and memory and not lacking:
        yield _right_one(address, queues, broker, store, memory, infos)


def _lacking(probes: Iterable[Probe]) -> list[str]:
    """The commands and keys that the user lacks, as an ACL has them."""
    lacking: list[str] = []
    for probe in probes:
        try:
            probe.run()
        except NoPermissionError as error:
            is_key = probe.key is not None and "command" not in str(error)
            lacking.append(f"~{probe.key}" if is_key else f"+{probe.command}")
        except redis.ResponseError:
            continue  # the snapshot says what is wrong with a key
    return list(dict.fromkeys(lacking))


def _probes(client: Client, queues: Sequence[str]) -> Iterator[Probe]:
    for queue in queues:
        main, waiting, dead = queue, f"{queue}:retry", f"{queue}:dead"
        yield Probe("eval", main, partial(client.eval, "return 1", 1, main))
        for key in (main, waiting, dead):
            yield Probe("type", key, partial(client.type, key))
        yield Probe("llen", main, partial(client.llen, main))
        yield Probe("zcard", waiting, partial(client.zcard, waiting))
        yield Probe("lrange", main, partial(client.lrange, main, 1, 0))
        yield Probe("zrange", waiting, partial(client.zrange, waiting, 1, 0))
        held = f"{queue}{IN_FLIGHT}"
        yield Probe("exists", f"{held}*", partial(client.exists, f"{held}stuck-jobs-doctor"))
    lock = LOCK_PREFIX.decode()
    yield Probe("pttl", f"{lock}*", partial(client.pttl, f"{lock}stuck-jobs-doctor"))
    yield from _probes_of_server(client)


def _probes_of_broker(client: Client, broker: Broker) -> Iterator[Probe]:
    for queue in map(broker.key, broker.queues):
        yield Probe("eval", queue, partial(client.eval, "return 1", 1, queue))
        yield Probe("llen", f"{queue}*", partial(client.llen, queue))
        yield Probe("lrange", f"{queue}*", partial(client.lrange, queue, 1, 0))
    held, held_since = broker.held_keys
    yield Probe("hlen", held, partial(client.hlen, held))
    yield Probe("hscan", held, partial(client.hscan, held, 0, count=1))
    yield Probe("zscore", held_since, partial(client.zscore, held_since, "stuck-jobs-doctor"))
    bound = broker.key(BINDING)
    yield Probe("smembers", f"{bound}*", partial(client.smembers, f"{bound}stuck-jobs-doctor"))
    yield Probe("client|list", None, client.client_list)
    yield from _probes_of_server(client)


def _probes_of_server(client: Client) -> Iterator[Probe]:
    yield Probe("scan", None, partial(client.scan, 0, count=1))
    yield Probe("dbsize", None, client.dbsize)
    yield Probe("info", None, client.info)


def _names(infos: Sequence[dict[str, Any]]) -> str:
    names = [
        f"{str(info.get('server_name') or 'redis').capitalize()}"
        f" {info.get('valkey_version') or info.get('redis_version')}"
        for info in infos
    ]
    return ", ".join(dict.fromkeys(names))


def _eviction(infos: Sequence[dict[str, Any]]) -> Finding:
    """What is thrown out for lack of memory is gone for the pipeline too: messages, or the workers' locks."""
    policies = {str(info["maxmemory_policy"]) for info in infos if "maxmemory_policy" in info}
    limited = [info for info in infos if int(info.get("maxmemory", 0))]
    evicting = sorted(policies - {NOTHING_EVICTED})
    if evicting and limited:
        return trouble(
            "redis memory",
            f"it throws out keys when memory is short ({', '.join(evicting)}): messages and workers' locks"
            " get lost, and snapshots prove less",
            f"redis-cli CONFIG SET maxmemory-policy {NOTHING_EVICTED}",
        )
    if evicting:
        return Finding(
            "redis memory", f"{', '.join(evicting)}, and no maxmemory that would have it throw out keys"
        )
    return Finding("redis memory", ", ".join(sorted(policies)) or "the server does not tell of its policy")


def _replication(infos: Sequence[dict[str, Any]]) -> Finding:
    if any(map(has_lost_master, infos)):
        return trouble("redis role", "it is a replica whose link to its master is down: name the master")
    if all(info.get("role") == REPLICA for info in infos):
        return Finding("redis role", "a replica that follows its master; requeue needs the master itself")
    return Finding("redis role", "a master")


def _clocks(infos: Sequence[dict[str, Any]], here: float) -> Iterator[Finding]:
    times = [int(info["server_time_usec"]) / 1e6 for info in infos if "server_time_usec" in info]
    if times:
        yield clock("redis clock", "Redis's", here, max(times, key=lambda time: abs(time - here)))


def _right_one(
    address: RedisAddress,
    queues: Sequence[str],
    broker: Broker | None,
    store: Store,
    memory: Memory,
    infos: Sequence[dict[str, Any]],
) -> Finding:
    """Whether it holds what the watched jobs must have left there; nothing is written down."""
    if broker:
        snapshot = read_broker(address, broker, store.known_queues(), SAMPLE, TIMEOUT, store.now())
    else:
        at_work = store.at_work(memory.schema, MAX_HOLDS + 1)
        snapshot = read_snapshot(address, queues, SAMPLE, TIMEOUT, at_work)
    if snapshot.errors or snapshot.server is None:
        return trouble("redis queues", "; ".join(snapshot.errors))
    expected, found = memory.traces(snapshot)
    _, fault = judge(snapshot.server, _last(memory), store.now(), (expected, found))
    if fault:
        held = [f"{name} ({keys:,} keys)" for info in infos for name, keys in keys_by_database(info).items()]
        return trouble(
            "redis queues",
            f"{fault} Its databases with keys: {', '.join(held) or 'none'}. Set REDIS_URL, and --queue if"
            " the lists have other names",
        )
    depths = ", ".join(f"{one.queue} {one.kind} {one.depth:,}" for one in snapshot.listings)
    if not found:
        return Finding("redis queues", f"{depths}; no job is at work by which one could tell whose they are")
    return Finding("redis queues", f"{depths}; they are of the watched jobs")


def _last(memory: Memory) -> Seen | None:
    """What the last snapshot has left; None before the first, or if it may not be read."""
    try:
        return memory.last()
    except UNREADABLE:
        return None
