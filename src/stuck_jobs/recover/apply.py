"""Do one task: a guarded change of a row, its message and its audit row, in one transaction or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.recover.locks import Locks
from stuck_jobs.recover.log import Entry, write
from stuck_jobs.recover.plan import Settings, Task, fingerprint, read_query

HOPELESS = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.UndefinedTable,
)
"""What the next task would meet as well."""


class Skipped(Exception):  # noqa: N818
    """The task must not be done any more; its message says why."""


@dataclass(frozen=True)
class Done:
    """What became of a task.

    Attributes:
        task: that was to be done.
        outcome: applied, skipped or failed.
        reason: why it was not applied; None if it was.
    """

    task: Task
    outcome: str
    reason: str | None = None


@dataclass
class Recoverer:
    """Changes the pipeline.

    Attributes:
        connection: in autocommit mode, of a role that may.
        settings: of the project.
        raw_schema: of the audit table.
        locks: of the workers.
        run_id: for the audit.
    """

    connection: psycopg.Connection[Any]
    settings: Settings
    raw_schema: str
    locks: Locks
    run_id: UUID = field(default_factory=uuid4)
    _types: dict[str, dict[str, str]] = field(default_factory=dict)

    def apply(self, task: Task) -> Done:
        """Do a task, unless its row has changed since the plan, or somebody is at it.

        Raises:
            StuckJobsError: if the role may not, or a server does not answer: then it would not go better with
                the next task.
        """
        done = Done(task, "applied")
        try:
            with self.connection.transaction():
                self._guard(task)
                self._update(task)
                if task.publishes:
                    self._publish(task)
                self._log(done)
                self._leave_to_worker(task)
            return done
        except Skipped as skipped:
            done = Done(task, "skipped", str(skipped))
        except psycopg.Error as error:
            if isinstance(error, HOPELESS) or self.connection.closed:
                raise StuckJobsError(f"{task.entity_type} {task.entity_id}: {_short(error)}") from error
            done = Done(task, "failed", _short(error))
        self._log(done)
        return done

    def _guard(self, task: Task) -> None:
        """Lock the row, if it is as it was, and nothing is under way for it.

        Raises:
            Skipped: if it is not so.
        """
        table, row = self._table(task), {"id": task.entity_id}
        is_locked = self.connection.execute(read_query("lock_row.sql", table=table), row).fetchone()
        query = read_query(
            "fingerprint.sql",
            schema=sql.Identifier(self.settings.schema),
            relation=sql.Identifier(f"stg_{task.entity_type}s"),
            key=sql.Identifier(f"{task.entity_type}_id"),
            fingerprint=fingerprint(self.settings, task.entity_type),
        )
        if is_locked is None or self.connection.execute(query, row).fetchone() != (task.fingerprint,):
            raise Skipped("it has changed since, or somebody is at it")
        if task.publishes and self._is_about_to_be_published(task):
            raise Skipped("its message waits in the outbox")
        # what the source's defaults and triggers write, they write by the session's clock
        self.connection.execute("select set_config('timezone', %s, true)", [self.settings.source_time_zone])

    def _leave_to_worker(self, task: Task) -> None:
        """Ask for the worker's lock, right before the end: the later, the less can happen since.

        Raises:
            Skipped: if a worker holds it.
        """
        if task.jobspec_id and self.locks.is_held(task.jobspec_id):
            raise Skipped("its worker holds its lock")

    def _update(self, task: Task) -> None:
        """Write the columns that the table has, of those that the remedy concerns."""
        table = self._table(task)
        types = self._columns(table)
        now = self._now()
        new: dict[str, sql.Composable] = {}
        if task.remedy != "republish":
            new["status"] = sql.Literal(task.new_status)
            ended = sql.NULL if task.remedy == "reset" else self._as_column(now, types.get("completed_at"))
            new["completed_at"] = ended
        if task.remedy == "reset":
            new["started_at"] = sql.NULL
        if task.entity_type == "job":
            new["updated_at"] = self._as_column(now, types.get("updated_at"))
        if task.new_status == "failed":
            error = f"stuck-jobs: {task.remedy}, {task.accumulation_point}, {task.cause}"
            if task.entity_type == "job":
                new["error_message"] = sql.Literal(error)
            else:
                new["original_error"] = sql.SQL("coalesce(original_error, {})").format(error)
        assignments = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(column), value)
            for column, value in new.items()
            if column in types
        )
        query = sql.SQL("update {} set {} where id = %(id)s").format(table, assignments)
        if self.connection.execute(query, {"id": task.entity_id}).rowcount != 1:
            raise psycopg.errors.RaiseException("the change did not reach its row")

    def _publish(self, task: Task) -> None:
        """Write a message into the outbox, as the API does."""
        enqueued_at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        envelope = {
            "id": task.jobspec_id, "enqueued_at": enqueued_at, "attempt": 0, "request_id": str(uuid4()),
        }  # fmt: skip
        created_at = self._as_column(self._now(), self._columns(self.settings.outbox).get("created_at"))
        query = sql.SQL("insert into {} (topic, payload, created_at) values (%s, %s, {})")
        self.connection.execute(
            query.format(self.settings.outbox, created_at), [task.topic, json.dumps(envelope)]
        )

    def _is_about_to_be_published(self, task: Task) -> bool:
        query = read_query("unpublished.sql", schema=sql.Identifier(self.settings.schema))
        return self.connection.execute(query, {"job": task.jobspec_id}).fetchone() is not None

    def _log(self, done: Done) -> None:
        task, is_applied = done.task, done.outcome == "applied"
        reason = done.reason
        if is_applied and task.is_given_up:
            reason = f"recovered {task.recoveries} times before"
        entry = Entry(
            run_id=self.run_id,
            accumulation_point=task.accumulation_point,
            entity_type=task.entity_type,
            entity_id=task.entity_id,
            jobspec_id=task.jobspec_id,
            cause=task.cause,
            remedy=task.remedy,
            outcome=done.outcome,
            reason=reason,
            before={"status": task.status, "stuck_since": task.stuck_since and task.stuck_since.isoformat()},
            after={"status": task.new_status, "published": task.publishes} if is_applied else None,
        )
        write(self.connection, self.raw_schema, entry)

    def _table(self, task: Task) -> sql.Identifier:
        return self.settings.jobs if task.entity_type == "job" else self.settings.executions

    def _columns(self, table: sql.Identifier) -> dict[str, str]:
        """The table's columns with their types."""
        name = table.as_string()
        if name not in self._types:
            rows = self.connection.execute(read_query("column_types.sql"), {"table": name})
            self._types[name] = dict(rows.fetchall())
        return self._types[name]

    def _now(self) -> datetime:
        """The present by the server's clock; asked for, since Citus lets no UPDATE do that."""
        row = self.connection.execute("select clock_timestamp()").fetchone()
        assert row is not None  # noqa: S101
        now: datetime = row[0]
        return now

    def _as_column(self, moment: datetime, column_type: str | None) -> sql.Composable:
        """A moment, as a column of a type has it."""
        if column_type == "timestamp without time zone":
            zone = sql.Literal(self.settings.source_time_zone)
            return sql.SQL("({} at time zone {})").format(moment, zone)
        return sql.Literal(moment)


def _short(error: psycopg.Error) -> str:
    """What the server says, without the row that it quotes."""
    return error.diag.message_primary or str(error)
