"""Read what the monitoring views say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import class_row

Row = TypeVar("Row")

LEVELS = ("database", "queue", "execution", "worker", "portal", "network")


@dataclass(frozen=True)
class Point:
    """A row of `accumulation_points`.

    Attributes:
        accumulation_point: its name.
        level: one of `LEVELS`.
        state: ok, breached or unknown.
        stuck_count: how many items are stuck there.
        max_count: how many may be.
        oldest_age_seconds: for how long the oldest is stuck; None if none is, or if nobody knows.
        severity: error or warn.
        remedy: the name of the recovery, or none.
        evidence: why the state is unknown, or the count a lower bound; None where both are known.
    """

    accumulation_point: str
    level: str
    state: str
    stuck_count: int
    max_count: int
    oldest_age_seconds: int | None
    severity: str
    remedy: str
    evidence: str | None


@dataclass(frozen=True)
class Item:
    """A row of `stuck_items`, without what its point says.

    Attributes:
        accumulation_point: where it is stuck.
        entity_type: job, outbox_message, message, queue, execution, missing_execution, provider_region,
            job_kind, schedule, conductor or pipeline.
        entity_id: its primary key.
        jobspec_id: the public id of its job; None for an orphan.
        status: of the item.
        age_seconds: for how long it is stuck; None if no clock tells.
        cause: why.
        queue_name: the queue that it is in or for; None if that is not known.
        job_kind: what kind of work it is; None where the work has no kinds.
        evidence: the facts that speak for it, in a sentence.
    """

    accumulation_point: str
    entity_type: str
    entity_id: str
    jobspec_id: str | None
    status: str | None
    age_seconds: int | None
    cause: str
    queue_name: str | None
    job_kind: str | None
    evidence: str | None


def monitoring_schema() -> str:
    """The schema that dbt builds into, unless a profile of the user's says otherwise."""
    return os.environ.get("STUCK_JOBS_SCHEMA") or "stuck_jobs"


def read_points(connection: psycopg.Connection[Any], schema: str) -> list[Point]:
    """All enabled points, by level and name."""
    points = read_rows(connection, schema, "points.sql", Point)
    return sorted(points, key=lambda point: (LEVELS.index(point.level), point.accumulation_point))


def read_items(connection: psycopg.Connection[Any], schema: str) -> list[Item]:
    """All stuck items, the oldest first."""
    return read_rows(connection, schema, "items.sql", Item)


def read_rows(
    connection: psycopg.Connection[Any],
    schema: str,
    query: str,
    row: type[Row],
    parameters: Mapping[str, Any] | None = None,
) -> list[Row]:
    """The rows of one of the package's queries, each as a `row`."""
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return cursor.execute(_composed(query, schema), parameters).fetchall()


@cache
def _composed(query: str, schema: str) -> sql.Composed:
    """One of the package's queries, which whoever asks again need not read again."""
    queries = files("stuck_jobs").joinpath("queries")
    text = queries.joinpath(query).read_text(encoding="utf-8")
    judged = queries.joinpath("judged_columns.sql").read_text(encoding="utf-8").rstrip()
    return sql.SQL(text).format(schema=sql.Identifier(schema), judged_columns=sql.SQL(judged))
