"""Read all that the views know of one job, as of one moment, and say what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import psycopg

from stuck_jobs.recover.plan import read_tasks
from stuck_jobs.session.patience import in_time
from stuck_jobs.session.reading import one_moment
from stuck_jobs.views.query import read_rows
from stuck_jobs.views.rows import Incident
from stuck_jobs.views.summary import read_points
from stuck_jobs.why.find import Key, find
from stuck_jobs.why.found import CONCERNS, Explanation, FoundItem, Holder, Job, Limit, Moment, Wait

Row = TypeVar("Row")

MOST = 50
"""Items, executions, attempts, messages and recoveries of a job at most."""

SECONDS = 10
"""How long each statement may take."""

SECONDS_OF_MORE = 3
"""How long the incidents may take, and what recovery would do, without which there is an answer as well."""


def explain(connection: psycopg.Connection[Any], schema: str, job: str) -> Explanation:
    """All that is known of a job.

    Args:
        connection: in autocommit mode.
        schema: of the views.
        job: its id, its public id, or a part of it.

    Raises:
        StuckJobsError: if there is no such job, or more than one.
        psycopg.Error: if the server refuses.
    """
    with one_moment(connection):
        connection.execute(f"set local statement_timeout = '{SECONDS}s'".encode())
        return _explain(connection, schema, find(connection, schema, job))


def _explain(connection: psycopg.Connection[Any], schema: str, key: Key) -> Explanation:
    by_key = {"key": key, "most": MOST}
    (job,) = read_rows(connection, schema, "why/job.sql", Job, by_key)
    timeline = read_rows(connection, schema, "why/moments.sql", Moment, by_key)
    queues = {job.queue_name, *(moment.queue_name for moment in timeline)} - {None}
    points = read_points(connection, schema)
    of_job = {
        "jobspec_id": job.jobspec_id,
        "job_id": job.job_id,
        "queues": [*queues],
        "points": [point.accumulation_point for point in points if point.stuck_count or point.state != "ok"],
        "most": MOST,
    }
    items = read_rows(connection, schema, "why/items.sql", FoundItem, of_job)
    own = [item for item in items if item.is_own]
    is_live = job.phase != "closed"
    return Explanation(
        job=job,
        timeline=timeline,
        holder=_only(read_rows(connection, schema, "why/holder.sql", Holder, by_key)) if is_live else None,
        limit=_only(read_rows(connection, schema, "why/limit.sql", Limit, by_key)) if is_live else None,
        wait=_only(read_rows(connection, schema, "why/waits.sql", Wait, by_key)) if is_live else None,
        items=own,
        around=[item for item in items if not item.is_own] if is_live else [],
        incidents=_in_time(connection, lambda: _incidents(connection, schema, of_job)) if own else [],
        tasks=_in_time(connection, lambda: read_tasks(connection, schema, [job.name])) if own else [],
        unknown=[
            point
            for point in points
            if point.state == "unknown" and point.accumulation_point in CONCERNS[job.phase]
        ],
    )


def _incidents(connection: psycopg.Connection[Any], schema: str, of_job: Mapping[str, Any]) -> list[Incident]:
    return read_rows(connection, schema, "why/incidents.sql", Incident, of_job)


def _in_time(connection: psycopg.Connection[Any], read: Callable[[], Row]) -> Row | None:
    """What is read, or None if it takes too long, as it may where very much is stuck."""
    try:
        with in_time(connection, SECONDS_OF_MORE):
            return read()
    except psycopg.errors.QueryCanceled:
        return None


def _only(rows: list[Any]) -> Any:
    return rows[0] if rows else None
