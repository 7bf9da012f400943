"""Write a snapshot into PostgreSQL, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import psycopg
from psycopg import sql

from stuck_jobs.collect.messages import moment
from stuck_jobs.collect.snapshot import AtWork, Listing, Snapshot
from stuck_jobs.collect.trust import UNTRUSTED, Memory, judge
from stuck_jobs.dbt_project import OWN_PROJECT
from stuck_jobs.errors import StuckJobsError

DDL_FILE = Path("macros", "raw", "raw_tables_ddl.sql")
COLUMNS = {
    "queue_snapshots": (
        "snapshot_id", "observed_at", "queue_name", "kind", "depth", "messages_read", "complete", "error",
        "oldest_message",
    ),
    "queue_messages": (
        "snapshot_id", "queue_name", "kind", "position", "message_id", "jobspec_id", "attempts",
        "max_attempts", "enqueued_at", "due_at", "error", "parsed", "size_bytes",
    ),
    "job_locks": ("snapshot_id", "jobspec_id", "expires_at"),
    "messages_in_flight": ("snapshot_id", "message_id"),
    "jobs_at_work": ("snapshot_id", "jobspec_id", "updated_at"),
    "queue_servers": ("snapshot_id", "server", "evicted", "is_known", "whole_since"),
}  # fmt: skip
ADDED_LATER = {"oldest_message"}
"""Columns that tables of an older version lack."""


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
        row = self.connection.execute(self._query("now.sql")).fetchone()
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
            self.create_tables(*COLUMNS, "queue_snapshot_ids")
            self._add_columns()
            snapshot_id = self._next_id()
            snapshot = self._trusted(
                snapshot, snapshot_id, observed_at, memory, knows_claims=claims is not None
            )
            self._copy("queue_snapshots", _snapshot_rows(snapshot, snapshot_id, observed_at))
            self._copy("queue_messages", _message_rows(snapshot, snapshot_id))
            self._copy("job_locks", _lock_rows(snapshot, snapshot_id, observed_at))
            self._copy("jobs_at_work", ((snapshot_id, *claim) for claim in claims or ()))
            self._copy("messages_in_flight", ((snapshot_id, message) for message in snapshot.in_flight))
            self.connection.execute(self._query("prune.sql"), {"kept_since": observed_at - retention})
        return snapshot_id, snapshot

    def _trusted(
        self, snapshot: Snapshot, snapshot_id: int, observed_at: datetime, memory: Memory, knows_claims: bool
    ) -> Snapshot:
        """Remember which server it is of, and distrust it if that is not the pipeline's, or not whole."""
        if snapshot.server is None:
            return snapshot
        seen, fault = judge(snapshot.server, memory.last(), observed_at, memory.traces(snapshot))
        row = (snapshot_id, seen.server, seen.evicted, seen.is_known, seen.whole_since)
        if knows_claims:
            self._copy("queue_servers", [row])
        return snapshot.distrusted(f"{UNTRUSTED}: {fault}") if fault else snapshot

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
        if not set(COLUMNS["queue_snapshots"]) <= self._columns("queue_snapshots"):
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
        """What the macro renders that dbt creates the tables with."""
        schema = sql.Identifier(self.schema).as_string()
        for root in (self.project, OWN_PROJECT):
            if (root / DDL_FILE).is_file():
                macro = (root / DDL_FILE).read_text(encoding="utf-8")
                return jinja2.Template(macro + "{{ raw_tables_ddl(schema) }}").render(schema=schema).encode()
        raise StuckJobsError(f"there is no {DDL_FILE} in {self.project}")

    def _next_id(self) -> int:
        sequence = sql.Identifier(self.schema, "queue_snapshot_ids").as_string()
        query = sql.SQL("select nextval({})").format(sequence)
        row = self.connection.execute(query).fetchone()
        assert row is not None  # noqa: S101
        return int(row[0])

    def _copy(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        lacking = ADDED_LATER - self._columns(table)
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
        )  # fmt: skip


def _lock_rows(snapshot: Snapshot, snapshot_id: int, at: datetime) -> Iterator[tuple[Any, ...]]:
    for job, milliseconds in snapshot.locks.items():
        expires_at = None if milliseconds is None else moment(at.timestamp() + milliseconds / 1000)
        yield snapshot_id, job, expires_at
