"""One check, by the procedure that dbt left in the database, and what it said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from stuck_jobs.citus.check import is_distributed, keep
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.views.query import read_rows
from stuck_jobs.views.rows import JudgedPoint, LastRun
from stuck_jobs.views.summary import Summary, summary_of, trusted


@dataclass(frozen=True)
class Checked:
    """What the procedure returned.

    Attributes:
        run_id: of its rows in the history; None if another check was under way, to which it was left.
    """

    run_id: str | None


@dataclass(frozen=True)
class Watched:
    """What was built.

    Attributes:
        has_queues: whether there are queues in Redis to look at.
        build: a mark that another build has, if it has changed anything.
    """

    has_queues: bool
    build: str


def check(connection: psycopg.Connection[Any], schema: str) -> Summary:
    """Judge, and write the history, as a scheduled build does; of a check under way beside it read the views.

    Args:
        connection: in autocommit mode.
        schema: of the views.

    Raises:
        psycopg.Error: if the server refuses.
        StuckJobsError: if there is no such procedure, or a summary that cannot be relied on.
    """
    if is_distributed(connection, schema):
        keep(connection, schema)
        return summary_of(connection, schema)
    try:
        (checked,) = read_rows(connection, schema, "watch/check.sql", Checked)
    except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName):
        raise StuckJobsError(f"there is no procedure {schema}.check: run dbt build first") from None
    if checked.run_id is None:
        return summary_of(connection, schema)
    this_run = {"run_id": checked.run_id}
    points = read_rows(connection, schema, "watch/checked_points.sql", JudgedPoint, this_run)
    (last_run,) = read_rows(connection, schema, "watch/checked_run.sql", LastRun, this_run)
    return trusted(points, last_run)


def look(connection: psycopg.Connection[Any], schema: str) -> Watched:
    """What is watched, by the views that there are; `check` says what it raises."""
    name = sql.Identifier(schema).as_string()
    try:
        (watched,) = read_rows(connection, schema, "watch/watched.sql", Watched, {"schema": name})
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise StuckJobsError(f"there are no views in {schema}: run dbt build first") from None
    return watched
