"""The audit trail of recovery: one row per change, written in the transaction that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb


@dataclass(frozen=True)
class Entry:
    """A row of `recovery_log`.

    Attributes:
        run_id: one for all that a run did.
        accumulation_point: where it was stuck; None if somebody chose it by hand.
        entity_type: as in `stuck_items`.
        entity_id: its primary key.
        jobspec_id: the public id of its job, if that is known.
        cause: why it was stuck.
        remedy: republish, reset, timeout, close, fail, cancel or requeue.
        outcome: applied, skipped or failed.
        reason: for anything but the plain remedy.
        before: statuses and times; never specs or payloads.
        after: likewise.
    """

    run_id: UUID
    accumulation_point: str | None
    entity_type: str
    entity_id: str
    jobspec_id: str | None
    cause: str | None
    remedy: str
    outcome: str
    reason: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


def write(connection: psycopg.Connection[Any], raw_schema: str, entry: Entry) -> int:
    """Add a row in the caller's transaction.

    Returns:
        Its primary key.

    Raises:
        psycopg.Error: the table is missing, or the role may not insert into it.
    """
    columns = {
        **vars(entry),
        "before": None if entry.before is None else Jsonb(entry.before),
        "after": None if entry.after is None else Jsonb(entry.after),
    }
    statement = sql.SQL("insert into {} ({}) values ({}) returning recovery_id").format(
        sql.Identifier(raw_schema, "recovery_log"),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(map(sql.Placeholder, columns)),
    )
    row = connection.execute(statement, columns).fetchone()
    assert row is not None  # noqa: S101
    return int(row[0])
