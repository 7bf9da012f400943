"""What is to be recovered: read from the views, which judge it, and narrowed down to what was asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from stuck_jobs.errors import StuckJobsError

PREFERENCE = ("close", "reset", "republish", "retry", "requeue", "timeout", "fail", "cancel")
"""Where a job is stuck at several points: what brings it furthest."""

WHOLE_NUMBER = "^[0-9]{1,18}$"
KEY_PATTERNS = {"uuid": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", "text": ""}
"""What a primary key looks like, by its type, so that a name that is none is not cast."""

CLOSED = ("completed", "failed", "cancelled")


@dataclass(frozen=True)
class Settings:
    """The row of `int_recovery_settings`.

    Attributes:
        schema: of the views.
        max_items: how many items a run may change.
        breaker_items: more items stuck at once are a systemic fault.
        breaker_share: a greater share of the live jobs likewise,
        breaker_min_jobs: from so many stuck jobs on.
        max_attempts: how often a job is recovered before it is failed.
        backoff_minutes: how long it is left alone after the first time.
        job_system: that is watched.
        redis_enabled: whether there is a Redis to ask for locks.
        source_time_zone: of the zone-less timestamps.
        source_schema: of the watched tables.
        jobs_table: its name.
        executions_table: its name.
        outbox_table: its name.
        automatic_requeues: the points at which heal may requeue.
    """

    schema: str
    max_items: int
    breaker_items: int
    breaker_share: float
    breaker_min_jobs: int
    max_attempts: int
    backoff_minutes: float
    job_system: str
    redis_enabled: bool
    source_time_zone: str
    source_schema: str
    jobs_table: str
    executions_table: str
    outbox_table: str
    automatic_requeues: list[str]

    @property
    def is_pipeline(self) -> bool:
        """Whether the watched system is the analysis's own, whose tables recovery writes itself."""
        return self.job_system == "pipeline"

    def refuse_unless_pipeline(self, what: str) -> None:
        """Keep what only the pipeline knows from another system's tables.

        Args:
            what: was asked for.

        Raises:
            StuckJobsError: if another system is watched.
        """
        if not self.is_pipeline:
            raise StuckJobsError(f"{what} is for the pipeline, and the watched system is {self.job_system}")

    @property
    def jobs(self) -> sql.Identifier:
        """The qualified name of the jobs."""
        return sql.Identifier(self.source_schema, self.jobs_table)

    @property
    def executions(self) -> sql.Identifier:
        """The qualified name of the executions."""
        return sql.Identifier(self.source_schema, self.executions_table)

    @property
    def outbox(self) -> sql.Identifier:
        """The qualified name of the outbox."""
        return sql.Identifier(self.source_schema, self.outbox_table)


@dataclass(frozen=True)
class Task:
    """A row of `int_recovery_plan`.

    Attributes:
        accumulation_point: where it is stuck; None for a job that somebody cancels.
        entity_type: job or execution.
        entity_id: its primary key.
        jobspec_id: the public id of its job; None for an orphan.
        status: in which it is stuck.
        cause: why.
        queue_name: the queue that it is in or for; None if that is not known.
        job_kind: what kind of work it is; None where the work has no kinds.
        evidence: the facts that speak for it; None if somebody chose it by hand.
        stuck_since: since when.
        age_seconds: for how long.
        remedy: what would be done.
        new_status: in which that leaves it.
        topic: where its message would go.
        recoveries: how often its job was recovered before.
        fingerprint: of its row, and of a job's executions; None if it is gone.
        is_automatic: whether heal may do it.
        refusal: why it must not be touched; None if it may be.
    """

    accumulation_point: str | None
    entity_type: str
    entity_id: str
    jobspec_id: str | None
    status: str | None
    cause: str
    queue_name: str | None
    job_kind: str | None
    evidence: str | None
    stuck_since: datetime | None
    age_seconds: int | None
    remedy: str
    new_status: str | None
    topic: str | None
    recoveries: int
    fingerprint: str | None
    is_automatic: bool
    refusal: str | None

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the thing that would be changed."""
        return self.entity_type, self.entity_id

    @property
    def name(self) -> str:
        """What it is and where it is stuck, for people."""
        item = self.jobspec_id or "(no job)"
        if self.entity_type != "job":
            item += f", {self.entity_type} {self.entity_id}"
        return f"{self.accumulation_point or '(by hand)'}: {item}"

    @property
    def publishes(self) -> bool:
        """Whether a message is written for it."""
        return self.remedy in ("republish", "reset")

    @property
    def is_given_up(self) -> bool:
        """Whether a job is failed because it was recovered too often."""
        return self.remedy == "fail" and self.entity_type == "job"

    @property
    def change(self) -> str:
        """What would be done, in words."""
        words = f"{self.status or 'no status'} \N{RIGHTWARDS ARROW} {self.new_status}"
        if self.remedy == "republish":
            words = f"message to {self.topic}"
        elif self.remedy in ("retry", "requeue"):
            words += ", by the system's own function or command"
        elif self.remedy == "reset":
            words += f", times cleared, message to {self.topic}"
        else:
            words += ", completed now"
        if self.is_given_up:
            words += f": recovered {self.recoveries} times"
        return words

    def as_row(self, outcome: str, reason: str | None = None) -> dict[str, object]:
        """The same for a program.

        Args:
            outcome: planned, refused, applied, skipped or failed.
            reason: why, if it was not done.
        """
        return {
            "accumulation_point": self.accumulation_point,
            "entity_type": self.entity_type,
            "entity_id": self.entity_id,
            "jobspec_id": self.jobspec_id,
            "cause": self.cause,
            "queue_name": self.queue_name,
            "job_kind": self.job_kind,
            "evidence": self.evidence,
            "age_seconds": self.age_seconds,
            "remedy": self.remedy,
            "change": self.change,
            "outcome": outcome,
            "reason": reason,
        }


@dataclass(frozen=True)
class Plan:
    """What is stuck, and what of it is to be put right.

    Attributes:
        tasks: that can be done, in their order, no more than the run may do.
        refused: those that must not be done; `refusal` says why.
        left: how many could be done, but are more than the run may do.
        tripped: why nothing at all should be done; None if nothing speaks against it.
    """

    tasks: list[Task]
    refused: list[Task]
    left: int
    tripped: str | None


def read_settings(connection: psycopg.Connection[Any], schema: str) -> Settings:
    """Read what recovery keeps to.

    Args:
        connection: of somebody who may read the views.
        schema: of the views.

    Raises:
        StuckJobsError: if the views are not there.
    """
    query = sql.SQL("select {}::text as schema, * from {}.int_recovery_settings").format(
        sql.Literal(schema), sql.Identifier(schema)
    )
    with connection.cursor(row_factory=class_row(Settings)) as cursor:
        row = cursor.execute(query).fetchone()
    if row is None:
        raise StuckJobsError(f"{schema}.int_recovery_settings is empty: run dbt build")
    return row


def read_tasks(
    connection: psycopg.Connection[Any], schema: str, jobs: Collection[str] | None = None
) -> list[Task]:
    """Everything that has a remedy, once for each point at which it is stuck.

    Args:
        connection: of somebody who may read the views.
        schema: of the views.
        jobs: only these and their executions, by public id; None for all.
    """
    parameters = {"jobs": None if jobs is None else [*jobs]}
    return _tasks(connection, read_query("plan.sql", schema=sql.Identifier(schema)), parameters)


def read_names(connection: psycopg.Connection[Any], schema: str, names: Collection[str]) -> set[str]:
    """The public ids of jobs.

    Args:
        connection: of somebody who may read the views.
        schema: of the views.
        names: the same, or primary keys; a number that is both is the public id.

    Raises:
        StuckJobsError: if there is no such job.
    """
    table = {"table": sql.Identifier(schema, "stg_jobs").as_string()}
    types = dict(connection.execute(read_query("column_types.sql"), table).fetchall())
    query = read_query(
        "named_jobs.sql",
        schema=sql.Identifier(schema),
        pattern=sql.Literal(KEY_PATTERNS.get(types["job_id"], WHOLE_NUMBER)),
        key_type=sql.SQL(types["job_id"]),
    )
    found = dict(connection.execute(query, {"names": list(names)}).fetchall())
    if unknown := sorted(name for name, jobspec_id in found.items() if jobspec_id is None):
        raise StuckJobsError(f"there is no job {', '.join(unknown)}")
    return set(found.values())


def read_cancellations(
    connection: psycopg.Connection[Any], schema: str, settings: Settings, jobs: Collection[str]
) -> list[Task]:
    """The jobs that somebody wants to cancel, stuck or not.

    Args:
        connection: of somebody who may read the views and the source.
        schema: of the views.
        settings: say where the source is.
        jobs: their public ids.
    """
    query = read_query(
        "cancellations.sql",
        schema=sql.Identifier(schema),
        fingerprint=fingerprint(settings, "job"),
    )
    return _tasks(connection, query, {"names": list(jobs)})


def choose(
    tasks: Iterable[Task], limit: int, points: Collection[str] = (), jobs: Collection[str] = ()
) -> Plan:
    """Narrow the tasks down, one for each job and execution: jobs first, each kind the oldest first.

    Args:
        tasks: all.
        limit: how many may be done.
        points: only what is stuck there; empty for everywhere.
        jobs: only these and their executions, by public id; empty for all.
    """
    chosen: dict[tuple[str, str], Task] = {}
    for task in tasks:
        if points and task.accumulation_point not in points:
            continue
        if jobs and task.jobspec_id not in jobs:
            continue
        other = chosen.get(task.key)
        if other is None or _rank(task) < _rank(other):
            chosen[task.key] = task
    ordered = sorted(chosen.values(), key=_order)
    possible = [task for task in ordered if task.refusal is None]
    refused = [task for task in ordered if task.refusal is not None]
    return Plan(possible[:limit], refused, max(0, len(possible) - limit), None)


def breaker(tasks: Collection[Task], settings: Settings, live_jobs: int, dead_letters: int = 0) -> str | None:
    """Why so much is stuck that no recovery of single items puts it right; None if it is not so much.

    Args:
        tasks: all.
        settings: say how much is too much.
        live_jobs: how many jobs are not closed.
        dead_letters: how many messages would be put back likewise.
    """
    items = len({task.key for task in tasks}) + dead_letters
    jobs = len({task.key for task in tasks if task.entity_type == "job" and task.status not in CLOSED})
    if items > settings.breaker_items:
        return f"{items} items are stuck at once, more than {settings.breaker_items} (recovery_breaker_items)"
    share = jobs / max(live_jobs, 1)
    if jobs >= settings.breaker_min_jobs and share > settings.breaker_share:
        limit = f"{settings.breaker_share:.0%} (recovery_breaker_share)"
        return f"{jobs} of {live_jobs} live jobs are stuck at once, more than {limit}"
    return None


def count_live_jobs(connection: psycopg.Connection[Any], schema: str) -> int:
    """How many jobs are not closed."""
    query = sql.SQL("select count(*) from {}.int_live_jobs").format(sql.Identifier(schema))
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def fingerprint(settings: Settings, entity_type: str) -> sql.Composable:
    """What must be unchanged since the plan, of a staging view's row; `int_recovery_evidence` has the same.

    A row of a table has its version in it, by which every change of any of its columns is known.

    Args:
        settings: say where the views are.
        entity_type: job or execution.
    """
    if entity_type == "job":
        return read_query("job_fingerprint.sql", schema=sql.Identifier(settings.schema))
    return sql.SQL("md5(source_rows::text)")


def read_query(name: str, **names: sql.Composable) -> sql.Composed:
    """One of the package's queries.

    Args:
        name: of its file.
        names: what to put in for its placeholders.
    """
    text = files("stuck_jobs.recover").joinpath(name).read_text(encoding="utf-8")
    return sql.SQL(text).format(**names)


def _tasks(
    connection: psycopg.Connection[Any], query: sql.Composed, parameters: dict[str, Any] | None = None
) -> list[Task]:
    with connection.cursor(row_factory=class_row(Task)) as cursor:
        return cursor.execute(query, parameters).fetchall()


def _order(task: Task) -> tuple[bool, int, tuple[str, str]]:
    """An execution that is changed is news of its job, which would then be left alone."""
    return task.entity_type != "job", -(task.age_seconds or 0), task.key


def _rank(task: Task) -> tuple[bool, int, str]:
    return task.refusal is not None, PREFERENCE.index(task.remedy), task.accumulation_point or ""
