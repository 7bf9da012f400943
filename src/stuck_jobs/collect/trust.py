"""Whether what is not in Redis is gone: only if it is the pipeline's Redis, and was whole all the time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from stuck_jobs.collect.redis_url import Client
from stuck_jobs.collect.snapshot import Server, Snapshot

UNTRUSTED = "snapshot_untrusted"
"""What the error of a snapshot begins with that proves nothing."""

SAMPLE = 1000
SERVING = ("lpush", "rpush", "rpoplpush", "brpoplpush", "lmove", "blmove", "flushall", "flushdb")
"""What a server was told that has served queues."""
FEW_KEYS = 10
"""That may be left in a database when the work of its queues is done."""
REPLICA = "slave"
"""As servers still call it."""

DEFAULT_TABLES = ("public", "jobs", "outbox")
UNREADABLE = (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege)


@dataclass(frozen=True)
class Seen:
    """What is remembered of the server that was looked at last.

    Attributes:
        server: its identity.
        evicted: as it was.
        is_known: it held something of the pipeline's jobs.
        whole_since: from when on it was whole; None for ever, as far as anybody knows.
    """

    server: str
    evicted: int
    is_known: bool
    whole_since: datetime | None


def ask_server(client: Client) -> Server:
    """Ask who answers, over a client that is open."""
    infos = read_infos(client)
    database = getattr(client, "connection_pool", None)
    number = database.connection_kwargs.get("db", 0) if database else 0
    masters = [info for info in infos if info.get("role") != REPLICA] or infos
    return Server(
        identity=" ".join([*sorted(str(info.get("run_id")) for info in masters), f"/{number}"]),
        evicted=sum(int(info.get("evicted_keys", 0)) for info in infos),
        fault=next(filter(None, map(_fault, infos)), None),
        is_drained=all(_is_drained(info, number) for info in infos) and any(map(_has_served, infos)),
    )


def read_infos(client: Client) -> list[dict[str, Any]]:
    """What each server says of itself, over a client that is open."""
    found: dict[str, Any] = client.info("all")
    return [found] if "run_id" in found else list(found.values())


def keys_by_database(info: dict[str, Any]) -> dict[str, int]:
    """How many keys each database of a server holds, such as `db0`; of those that hold any."""
    return {
        name: int(found["keys"])
        for name, found in info.items()
        if name.removeprefix("db").isdigit() and isinstance(found, dict)
    }


def has_lost_master(info: dict[str, Any]) -> bool:
    """Whether a server is a replica that no longer hears its master."""
    return info.get("role") == REPLICA and info.get("master_link_status") != "up"


def _fault(info: dict[str, Any]) -> str | None:
    return "it is a replica whose link to its master is down" if has_lost_master(info) else None


def _is_drained(info: dict[str, Any], database: int) -> bool:
    keys = keys_by_database(info)
    return keys.pop(f"db{database}", 0) <= FEW_KEYS and not any(keys.values())


def _has_served(info: dict[str, Any]) -> bool:
    return any(info.get(f"cmdstat_{command}") for command in SERVING)


def judge(
    server: Server, before: Seen | None, now: datetime, traces: tuple[int, int]
) -> tuple[Seen, str | None]:
    """Say what to remember, and why the snapshot proves nothing.

    Args:
        server: that was looked at.
        before: what is remembered of the last look.
        now: since when PostgreSQL shows less than Redis did.
        traces: how many jobs must have left a trace in Redis, and how many traces are of the pipeline's jobs.

    Returns:
        What to remember, and the reason; None if what is missing is gone.
    """
    expected, found = traces
    same = before if before and before.server == server.identity else None
    is_other = before is not None and same is None
    is_known = found > 0 or (same is not None and same.is_known) or (server.is_drained and not is_other)
    has_lost_some = server.evicted > (same.evicted if same else 0)
    whole_since = before.whole_since if before else None
    if has_lost_some or is_other:
        whole_since = now
    fault = server.fault
    if fault is None and expected and not is_known:
        fault = (
            f"it holds nothing of the {expected:,} jobs that should have left something there:"
            " is it the right server, and the right database?"
        )
    return Seen(server.identity, server.evicted, is_known, whole_since), fault


@dataclass(frozen=True)
class Memory:
    """What is known of Redis from before, and of the pipeline from PostgreSQL.

    Attributes:
        connection: of somebody who may read the pipeline.
        schema: of the views.
        raw: of the raw tables.
    """

    connection: psycopg.Connection[Any]
    schema: str
    raw: str

    def claims(self) -> list[tuple[str, Any]] | None:
        """The jobs that workers have claimed, with the version of their rows; None before the first build."""
        query = self._query("claims.sql", schema=sql.Identifier(self.schema))
        try:
            with self.connection.transaction():
                return self.connection.execute(query).fetchall()
        except UNREADABLE:
            return None

    def last(self) -> Seen | None:
        """What the last look at a server has left; None before the first."""
        query = self._query("last_server.sql", raw=sql.Identifier(self.raw))
        with self.connection.cursor(row_factory=class_row(Seen)) as cursor:
            return cursor.execute(query).fetchone()

    def traces(self, snapshot: Snapshot) -> tuple[int, int]:
        """How many jobs must have left a trace in Redis, and how many of its traces are of jobs."""
        if snapshot.holdings:
            return self._used(), snapshot.holdings.traces
        schema, jobs, outbox = self._tables()
        names = list(_names(snapshot))[:SAMPLE]
        query = self._query(
            "traces.sql", jobs=sql.Identifier(schema, jobs), outbox=sql.Identifier(schema, outbox)
        )
        try:
            with self.connection.transaction():
                row = self.connection.execute(query, {"names": names, "sample": SAMPLE}).fetchone()
        except (*UNREADABLE, psycopg.errors.UndefinedColumn):
            return 0, 0
        return (0, 0) if row is None else (int(row[0]), int(row[1]))

    def _used(self) -> int:
        """How many jobs a broker was used for, of the first ones; none before the first build."""
        query = self._query("used.sql", schema=sql.Identifier(self.schema))
        try:
            with self.connection.transaction():
                row = self.connection.execute(query, {"sample": SAMPLE}).fetchone()
        except UNREADABLE:
            row = None
        return 0 if row is None else int(row[0])

    def _tables(self) -> tuple[str, str, str]:
        query = self._query("tables.sql", schema=sql.Identifier(self.schema))
        try:
            with self.connection.transaction():
                row = self.connection.execute(query).fetchone()
        except UNREADABLE:
            row = None
        return DEFAULT_TABLES if row is None else (row[0], row[1], row[2])

    def _query(self, name: str, **names: sql.Composable) -> sql.Composed:
        return sql.SQL(files("stuck_jobs.collect").joinpath(name).read_text(encoding="utf-8")).format(**names)


def _names(snapshot: Snapshot) -> Iterable[str]:
    """The jobs that a snapshot speaks of."""
    yield from snapshot.locks
    for message in snapshot.in_flight:
        yield message
        yield message.rpartition(":")[0]
    for listing in snapshot.listings:
        for entry in listing.entries:
            if entry.message.jobspec_id:
                yield entry.message.jobspec_id
