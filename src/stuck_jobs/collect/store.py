"""Write a snapshot into PostgreSQL, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import psycopg
from psycopg import sql

from stuck_jobs.collect.messages import moment
from stuck_jobs.collect.snapshot import Listing, Snapshot
from stuck_jobs.dbt_project import REPOSITORY
from stuck_jobs.errors import StuckJobsError

DDL_FILE = Path("macros", "raw", "raw_tables_ddl.sql")
COLUMNS = {
    "queue_snapshots": (
        "snapshot_id", "observed_at", "queue_name", "kind", "depth", "messages_read", "complete", "error",
    ),
    "queue_messages": (
        "snapshot_id", "queue_name", "kind", "position", "message_id", "jobspec_id", "attempts",
        "max_attempts", "enqueued_at", "due_at", "error", "parsed", "size_bytes",
    ),
    "job_locks": ("snapshot_id", "jobspec_id", "expires_at"),
    "messages_in_flight": ("snapshot_id", "message_id"),
}  # fmt: skip


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

    def save(self, snapshot: Snapshot, observed_at: datetime, retention: timedelta) -> int:
        """Write a snapshot and remove what it outdates, in one transaction.

        Args:
            snapshot: as it was read.
            observed_at: before it was read.
            retention: for how long the record of a snapshot is kept.

        Returns:
            Its id.
        """
        with self.connection.transaction():
            self._lock()
            self.create_tables(*COLUMNS, "queue_snapshot_ids")
            snapshot_id = self._next_id()
            self._copy("queue_snapshots", _snapshot_rows(snapshot, snapshot_id, observed_at))
            self._copy("queue_messages", _message_rows(snapshot, snapshot_id))
            self._copy("job_locks", _lock_rows(snapshot, snapshot_id, observed_at))
            self._copy("messages_in_flight", ((snapshot_id, message) for message in snapshot.in_flight))
            self.connection.execute(self._query("prune.sql"), {"kept_since": observed_at - retention})
        return snapshot_id

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
        ddl = self._template().render(schema=schema)
        try:
            self.connection.execute(ddl.encode())
        except psycopg.errors.InsufficientPrivilege as error:
            raise StuckJobsError(
                f"the tables of schema {self.schema} are not there, and this role may not create them: "
                f"{error.diag.message_primary}"
            ) from None

    def _lock(self) -> None:
        """Let one collector write at a time; readers do not notice."""
        self.connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"{self.schema} collect"])

    def _template(self) -> jinja2.Template:
        """The macro that dbt creates the tables with, called."""
        for root in (self.project, REPOSITORY):
            if (root / DDL_FILE).is_file():
                macro = (root / DDL_FILE).read_text(encoding="utf-8")
                return jinja2.Template(macro + "{{ raw_tables_ddl(schema) }}")
        raise StuckJobsError(f"there is no {DDL_FILE} in {self.project}")

    def _next_id(self) -> int:
        sequence = sql.Identifier(self.schema, "queue_snapshot_ids").as_string()
        query = sql.SQL("select nextval({})").format(sequence)
        row = self.connection.execute(query).fetchone()
        assert row is not None  # noqa: S101
        return int(row[0])

    def _copy(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        query = sql.SQL("copy {} ({}) from stdin").format(
            sql.Identifier(self.schema, table), sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table]))
        )
        with self.connection.cursor() as cursor, cursor.copy(query) as copy:
            for row in rows:
                copy.write_row(row)

    def _query(self, name: str) -> sql.Composed:
        text = files("stuck_jobs.collect").joinpath(name).read_text(encoding="utf-8")
        return sql.SQL(text).format(schema=sql.Identifier(self.schema))


def raw_schema() -> str:
    """The schema of the raw tables."""
    return os.environ.get("STUCK_JOBS_RAW_SCHEMA") or "stuck_jobs_raw"


def _snapshot_rows(snapshot: Snapshot, snapshot_id: int, at: datetime) -> Iterator[tuple[Any, ...]]:
    for found in snapshot.listings:
        read = len(found.entries)
        yield snapshot_id, at, found.queue, found.kind, found.depth, read, found.complete, found.error


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
