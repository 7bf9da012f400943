"""Write a snapshot into PostgreSQL, whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import psycopg
from psycopg import sql

from stuck_jobs.citus.nodes import is_spread
from stuck_jobs.collect.messages import moment
from stuck_jobs.collect.snapshot import AtWork, Holdings, Listing, Snapshot
from stuck_jobs.collect.trust import UNTRUSTED, Memory, judge
from stuck_jobs.dbt_project import OWN_PROJECT
from stuck_jobs.errors import StuckJobsError

DDL_FILES = (
    Path("macros", "raw", "raw_tables_ddl.sql"),
    Path("macros", "citus", "put_raw_tables_on_all_nodes.sql"),
)
COLUMNS = {
    "queue_snapshots": (
        "snapshot_id", "observed_at", "queue_name", "kind", "depth", "messages_read", "complete", "error",
        "oldest_message",
    ),
    "queue_messages": (
        "snapshot_id", "queue_name", "kind", "position", "message_id", "jobspec_id", "attempts",
        "max_attempts", "enqueued_at", "due_at", "error", "parsed", "size_bytes", "job_kind", "members",
    ),
    "job_locks": ("snapshot_id", "jobspec_id", "expires_at"),
    "messages_in_flight": (
        "snapshot_id", "message_id", "queue_name", "job_kind", "attempts", "due_at", "delivered_at",
        "members",
    ),
    "jobs_at_work": ("snapshot_id", "jobspec_id", "updated_at"),
    "queue_servers": ("snapshot_id", "server", "evicted", "is_known", "whole_since", "listeners"),
}  # fmt: skip
ADDED_LATER = {
    "queue_snapshots": {"oldest_message"},
    "queue_messages": {"job_kind", "members"},
    "messages_in_flight": {"queue_name", "job_kind", "attempts", "due_at", "delivered_at", "members"},
    "queue_servers": {"listeners"},
}
"""Columns that tables of an older version lack."""
SIGHTINGS = "queue_sightings"
NOW_OF_NODES = files("stuck_jobs.citus").joinpath("now.sql").read_bytes()


@dataclass(frozen=True)
class Store:
    """The raw tables.

    Attributes:
        connection: in autocommit mode.
        schema: of the tables.
        project: the dbt project, which has their DDL.
    """

    connection: psycopg.Connection[Any]
    schema: str
    project: Path

    def now(self) -> datetime:
        """Since when PostgreSQL is sure to show less than Redis will, on its own clock.

        That is now, or the start of a transaction which is still open: its changes bear that time, and may
        become visible only when Redis has been read.
        """
        query = NOW_OF_NODES if is_spread(self.connection) else self._query("now.sql")
        row = self.connection.execute(query).fetchone()
        assert row is not None  # noqa: S101
        at: datetime = row[0]
        return at

    def at_work(self, schema: str, limit: int) -> AtWork | None:
        """What workers may hold; None if the views do not tell, as before the first build.

        Args:
            schema: of the views.
            limit: how many jobs to name.
        """
        text = files("stuck_jobs.collect").joinpath("at_work.sql").read_text(encoding="utf-8")
        query = sql.SQL(text).format(schema=sql.Identifier(schema), raw=sql.Identifier(self.schema))
        try:
            row = self.connection.execute(query, {"limit": limit}).fetchone()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
            return None
        return None if row is None else AtWork(*row)

    def known_queues(self) -> list[str]:
        """The queues that held something in earlier snapshots."""
        try:
            return [name for (name,) in self.connection.execute(self._query("known_queues.sql"))]
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
            return []

    def asking(self) -> list[str]:
        """The tasks that waited for others when the last snapshot looked."""
        try:
            return [task for (task,) in self.connection.execute(self._query("asking.sql"))]
        except (
            psycopg.errors.UndefinedTable,
            psycopg.errors.UndefinedColumn,
            psycopg.errors.InsufficientPrivilege,
        ):
            return []

    def save(
        self,
        snapshot: Snapshot,
        observed_at: datetime,
        retention: timedelta,
        memory: Memory,
        claims: Sequence[tuple[str, Any]] | None,
    ) -> tuple[int, Snapshot]:
        """Write a snapshot and remove what it outdates, in one transaction.

        Args:
            snapshot: as it was read.
            observed_at: before it was read.
            retention: for how long the record of a snapshot is kept.
            memory: of the server, and of the pipeline.
            claims: the jobs that were claimed before Redis was read; None if that is not known.

        Returns:
            Its id, and the snapshot as it was written: with a reason, if it proves nothing.
        """
        with self.connection.transaction():
            self._lock()
            self.create_tables(*COLUMNS, "queue_snapshot_ids", *([SIGHTINGS] if snapshot.holdings else []))
            self._add_columns()
            snapshot_id = self._next_id()
            snapshot = self._trusted(
                snapshot, snapshot_id, observed_at, memory, knows_claims=claims is not None
            )
            self._copy("queue_snapshots", _snapshot_rows(snapshot, snapshot_id, observed_at))
            if snapshot.holdings and not snapshot.errors:
                snapshot = self._remember(snapshot, snapshot.holdings, observed_at, retention, claims)
            self._copy("queue_messages", _message_rows(snapshot, snapshot_id))
            self._copy("job_locks", _lock_rows(snapshot, snapshot_id, observed_at))
            if snapshot.holdings is None:
                self._copy("jobs_at_work", ((snapshot_id, *claim) for claim in claims or ()))
            self._copy("messages_in_flight", _in_flight_rows(snapshot, snapshot_id))
            self.connection.execute(self._query("prune.sql"), {"kept_since": observed_at - retention})
        return snapshot_id, snapshot

    def _trusted(
        self, snapshot: Snapshot, snapshot_id: int, observed_at: datetime, memory: Memory, knows_claims: bool
    ) -> Snapshot:
        """Remember which server it is of, and distrust it if that is not the pipeline's, or not whole."""
        if snapshot.server is None:
            return snapshot
        seen, fault = judge(snapshot.server, memory.last(), observed_at, memory.traces(snapshot))
        listeners = snapshot.holdings.listeners if snapshot.holdings else None
        row = (snapshot_id, seen.server, seen.evicted, seen.is_known, seen.whole_since, listeners)
        if knows_claims or snapshot.holdings:
            self._copy("queue_servers", [row])
        return snapshot.distrusted(f"{UNTRUSTED}: {fault}") if fault else snapshot

    def _remember(
        self,
        snapshot: Snapshot,
        holdings: Holdings,
        at: datetime,
        retention: timedelta,
        claims: Sequence[tuple[str, Any]] | None,
    ) -> Snapshot:
        """Keep since when a broker's messages wait, jobs at work have no message, and nobody listens.

        A message says no time at all, and what was looked for once may have been on its way.

        Returns:
            The snapshot, with the times at which its messages were first seen.
        """
        waiting = [
            name
            for listing in snapshot.listings
            for entry in listing.entries
            if (name := entry.message.message_id)
        ]
        with_a_message = snapshot.jobs_with_a_message
        seen = partial(self._see, at=at, kept_since=at - retention)
        first_seen = seen("message", dict.fromkeys(waiting), is_all=snapshot.complete)
        if claims is not None and snapshot.complete:
            missed = {
                job: None if version is None else str(version)
                for job, version in claims
                if job not in with_a_message
            }
            seen("no_message", missed, is_all=True)
        seen("deserted", {"": None} if holdings.listeners == 0 else {}, is_all=True)
        queues = [listing.queue for listing in snapshot.listings]
        self.connection.execute(self._query("gone_queues.sql"), {"queues": queues})
        return snapshot.dated(first_seen)

    def _see(
        self, kind: str, names: Mapping[str, str | None], *, is_all: bool, at: datetime, kept_since: datetime
    ) -> dict[str, datetime]:
        """Note what is there, and forget what no longer is; say since when each has been there."""
        parameters = {
            "kind": kind,
            "names": list(names),
            "versions": list(names.values()),
            "is_all": is_all,
            "at": at,
            "kept_since": kept_since,
        }
        self.connection.execute(self._query("forget.sql"), parameters)
        return dict(self.connection.execute(self._query("remember.sql"), parameters).fetchall())

    def create_tables(self, *required: str) -> None:
        """Create all tables if a required one is missing, so that otherwise no right to create is needed.

        Args:
            required: names of what the caller uses.

        Raises:
            StuckJobsError: if they may not be created.
        """
        schema = sql.Identifier(self.schema).as_string()
        parameters = {"schema": schema, "required": list(required)}
        row = self.connection.execute(self._query("missing.sql"), parameters).fetchone()
        if row == (0,):
            return
        try:
            self.connection.execute(self._ddl())
        except psycopg.errors.InsufficientPrivilege as error:
            raise StuckJobsError(
                f"the tables of schema {self.schema} are not there, and this role may not create them: "
                f"{error.diag.message_primary}"
            ) from None

    def add_column(self, table: str, column: str) -> None:
        """Give a table of an older version what it lacks.

        Args:
            table: its name.
            column: that the caller uses, which the DDL adds.

        Raises:
            StuckJobsError: if this role may not.
        """
        if column not in self._columns(table):
            self._complete()
        if column not in self._columns(table):
            raise StuckJobsError(
                f"{self.schema}.{table} is of an older version, without {column}: its owner must add it"
            )

    def _add_columns(self) -> None:
        """Give tables of an older version what they lack; what this role may not add is not written."""
        if any(not columns <= self._columns(table) for table, columns in ADDED_LATER.items()):
            self._complete()

    def _complete(self) -> None:
        """Add what is missing, if this role may."""
        with suppress(psycopg.errors.InsufficientPrivilege), self.connection.transaction():
            self.connection.execute(self._ddl())

    def _columns(self, table: str) -> set[str]:
        """The columns that a table has."""
        name = sql.Identifier(self.schema, table).as_string()
        return {column for (column,) in self.connection.execute(self._query("columns.sql"), {"table": name})}

    def _lock(self) -> None:
        """Let one collector write at a time; readers do not notice."""
        self.connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"{self.schema} collect"])

    def _ddl(self) -> bytes:
        """What the macros render that dbt creates the tables with."""
        schema = sql.Identifier(self.schema).as_string()
        for root in (self.project, OWN_PROJECT):
            if all((root / file).is_file() for file in DDL_FILES):
                macros = [(root / file).read_text(encoding="utf-8") for file in DDL_FILES]
                calls = [f"{{{{ {file.stem}(schema) }}}}" for file in DDL_FILES]
                return jinja2.Template("\n".join(macros + calls)).render(schema=schema).encode()
        raise StuckJobsError(f"there is no {DDL_FILES[0]} in {self.project}")

    def _next_id(self) -> int:
        sequence = sql.Identifier(self.schema, "queue_snapshot_ids").as_string()
        query = sql.SQL("select nextval({})").format(sequence)
        row = self.connection.execute(query).fetchone()
        assert row is not None  # noqa: S101
        return int(row[0])

    def _copy(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        lacking = ADDED_LATER[table] - self._columns(table) if table in ADDED_LATER else set()
        written = [(place, name) for place, name in enumerate(COLUMNS[table]) if name not in lacking]
        query = sql.SQL("copy {} ({}) from stdin").format(
            sql.Identifier(self.schema, table),
            sql.SQL(", ").join(sql.Identifier(name) for _, name in written),
        )
        with self.connection.cursor() as cursor, cursor.copy(query) as copy:
            for row in rows:
                copy.write_row([row[place] for place, _ in written])

    def _query(self, name: str) -> sql.Composed:
        text = files("stuck_jobs.collect").joinpath(name).read_text(encoding="utf-8")
        return sql.SQL(text).format(schema=sql.Identifier(self.schema))


def raw_schema() -> str:
    """The schema of the raw tables."""
    return os.environ.get("STUCK_JOBS_RAW_SCHEMA") or "stuck_jobs_raw"


def _snapshot_rows(snapshot: Snapshot, snapshot_id: int, at: datetime) -> Iterator[tuple[Any, ...]]:
    for found in snapshot.listings:
        read = len(found.entries)
        yield (
            snapshot_id, at, found.queue, found.kind, found.depth, read, found.complete, found.error,
            found.oldest,
        )  # fmt: skip


def _message_rows(snapshot: Snapshot, snapshot_id: int) -> Iterator[tuple[Any, ...]]:
    for listing in snapshot.listings:
        yield from _rows_of(listing, snapshot_id)


def _rows_of(listing: Listing, snapshot_id: int) -> Iterator[tuple[Any, ...]]:
    for position, entry in enumerate(listing.entries):
        message = entry.message
        yield (
            snapshot_id, listing.queue, listing.kind, position,
            message.message_id, message.jobspec_id, message.attempts, message.max_attempts,
            message.enqueued_at, entry.due_at, message.error, message.parsed, entry.size,
            message.job_kind, _json(message.members),
        )  # fmt: skip


def _in_flight_rows(snapshot: Snapshot, snapshot_id: int) -> Iterator[tuple[Any, ...]]:
    for name in snapshot.in_flight:
        yield snapshot_id, name, None, None, None, None, None, None
    for held in snapshot.holdings.held if snapshot.holdings else ():
        message = held.message
        yield (
            snapshot_id, message.message_id, held.queue, message.job_kind, message.attempts, held.due_at,
            held.delivered_at, _json(message.members),
        )  # fmt: skip


def _json(names: list[list[str]] | None) -> str | None:
    return None if names is None else json.dumps(names)


def _lock_rows(snapshot: Snapshot, snapshot_id: int, at: datetime) -> Iterator[tuple[Any, ...]]:
    for job, milliseconds in snapshot.locks.items():
        expires_at = None if milliseconds is None else moment(at.timestamp() + milliseconds / 1000)
        yield snapshot_id, job, expires_at
