"""What the tools answer, of one moment each, from the same views as every command."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.gate.formats import last_line
from stuck_jobs.gate.verdict import Rules, judge
from stuck_jobs.recover.plan import breaker, choose, count_live_jobs, read_names, read_settings, read_tasks
from stuck_jobs.session.patience import in_time
from stuck_jobs.views.incidents import read_incident, read_incidents
from stuck_jobs.views.query import read_rows
from stuck_jobs.views.rows import Item, JudgedPoint
from stuck_jobs.views.summary import summary_of
from stuck_jobs.why.reading import explain
from stuck_jobs.why.words import as_json

MOST = 100
"""Rows of an answer."""

SECONDS = 10.0
"""How long each statement may take."""


@dataclass(frozen=True)
class _Counted(Item):
    """One of `total` stuck items."""

    total: int


def summary(connection: psycopg.Connection[Any], schema: str) -> dict[str, Any]:
    """What the gate says, and of each point."""
    with in_time(connection, SECONDS):
        found = summary_of(connection, schema)
    title, words = last_line(judge(found, Rules()))
    return {"verdict": f"{title}: {words}", "points": [asdict(point) for point in found.points]}


def incidents(connection: psycopg.Connection[Any], schema: str, limit: int) -> dict[str, Any]:
    """The worst incidents, how many there are, and the points at which there may be more."""
    with in_time(connection, SECONDS):
        points = summary_of(connection, schema).points
        found = read_incidents(connection, schema, _rows(limit))
    unknown = {point.accumulation_point: point.evidence for point in points if point.state == "unknown"}
    worst = [asdict(incident) for incident in found.worst]
    return {"total": found.total, "unknown": unknown, "incidents": worst}


def items(
    connection: psycopg.Connection[Any], schema: str, incident: str | None, point: str | None, limit: int
) -> dict[str, Any]:
    """The oldest items of an incident or a point, or of both together, and how many there are.

    With those of a point goes its row: an unknown one may list nothing, and that is no good news.
    """
    if incident is None and point is None:
        raise StuckJobsError("name an incident or a point: the tools incidents and summary list them")
    query = "mcp/point_items.sql" if incident is None else "mcp/incident_items.sql"
    with in_time(connection, SECONDS):
        about = {} if point is None else {"point": asdict(_enabled(connection, schema, point))}
        parameters = {"incident": incident, "point": point, "most": _rows(limit)}
        found = read_rows(connection, schema, query, _Counted, parameters)
        if incident is not None and not found and read_incident(connection, schema, incident) is None:
            raise StuckJobsError(f"there is no incident {incident}, or not any more")
    total = found[0].total if found else 0
    return about | {"total": total, "items": [_without_total(item) for item in found]}


def why(connection: psycopg.Connection[Any], schema: str, job: str) -> dict[str, Any]:
    """All that is known of a job."""
    return as_json(explain(connection, schema, job))


def plan(
    connection: psycopg.Connection[Any], schema: str, job: str | None, point: str | None, limit: int
) -> dict[str, Any]:
    """What recovery would do, what it would leave alone and why, and whether the circuit breaker speaks."""
    with in_time(connection, SECONDS):
        if point is not None:
            _enabled(connection, schema, point)
        tasks = read_tasks(connection, schema)
        jobs = () if job is None else read_names(connection, schema, [job])
        settings = read_settings(connection, schema)
        tripped = breaker(tasks, settings, count_live_jobs(connection, schema))
    found = choose(tasks, settings.max_items, () if point is None else [point], jobs)
    rows = [task.as_row("planned") for task in found.tasks]
    rows += [task.as_row("refused", task.refusal) for task in found.refused]
    return {
        "applied": False,
        "tripped": tripped,
        "total": len(rows) + found.left,
        "items": rows[: _rows(limit)],
    }


def _enabled(connection: psycopg.Connection[Any], schema: str, name: str) -> JudgedPoint:
    """A point; one that does not exist has nothing stuck either, which is no answer."""
    points = {point.accumulation_point: point for point in summary_of(connection, schema).points}
    if name not in points:
        raise StuckJobsError(f"there is no enabled point {name}; there are {', '.join(points)}")
    return points[name]


def _rows(limit: int) -> int:
    """As many rows as were asked for, within bounds."""
    return max(1, min(limit, MOST))


def _without_total(item: _Counted) -> dict[str, Any]:
    return {name: value for name, value in asdict(item).items() if name != "total"}
