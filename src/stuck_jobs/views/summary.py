"""Read the summary, and refuse one that cannot be relied on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.profile import Profile, connect
from stuck_jobs.session.patience import impatient, refusals
from stuck_jobs.views.query import read_rows
from stuck_jobs.views.rows import LEVELS, SEVERITIES, STATES, JudgedPoint, LastRun


@dataclass(frozen=True)
class Summary:
    """The points, by level and name, and the run that built the views."""

    points: list[JudgedPoint]
    last_run: LastRun


def read_summary(profile: Profile) -> Summary:
    """Read the summary and the last run.

    Args:
        profile: says where they are.

    Raises:
        StuckJobsError: if there is no answer, or one that cannot be relied on.
    """
    with refusals(), connect(profile) as connection, impatient(connection):
        return summary_of(connection, profile.schema)


def summary_of(connection: psycopg.Connection[Any], schema: str) -> Summary:
    """The same over a connection that is open; `read_summary` says what it raises."""
    points = read_rows(connection, schema, "views/points.sql", JudgedPoint)
    (last_run,) = read_rows(connection, schema, "views/last_run.sql", LastRun)
    return trusted(points, last_run)


def trusted(points: list[JudgedPoint], last_run: LastRun) -> Summary:
    """The summary that was read, by level and name.

    Args:
        points: its rows.
        last_run: that wrote the history.

    Raises:
        StuckJobsError: if it cannot be relied on.
    """
    if found := [*_faults(points, last_run)]:
        raise StuckJobsError("accumulation_points cannot be relied on: " + "; ".join(found))
    return Summary(_ordered(points), last_run)


def read_points(connection: psycopg.Connection[Any], schema: str) -> list[JudgedPoint]:
    """All enabled points, by level and name, whether or not the summary can be relied on."""
    return _ordered(read_rows(connection, schema, "views/points.sql", JudgedPoint))


def _ordered(points: list[JudgedPoint]) -> list[JudgedPoint]:
    return sorted(points, key=lambda point: (LEVELS.index(point.level), point.accumulation_point))


def _faults(points: list[JudgedPoint], last_run: LastRun) -> Iterator[str]:
    """What is wrong with the relation itself, whatever it says of the pipeline."""
    rows = Counter(point.accumulation_point for point in points)
    if not rows:
        yield "it is empty, as while the views have stepped aside: run dbt build"
        return
    if last_run.points is None:
        yield "accumulation_history has no run to compare it with; run dbt build"
    for name in sorted(set(last_run.points or ()) - rows.keys()):
        yield f"{name} has no row"
    for name, count in rows.items():
        if count > 1:
            yield f"{name} has {count} rows"
    for point in points:
        if not _well_formed(point):
            yield f"the row of {point.accumulation_point} is malformed"


def _well_formed(point: JudgedPoint) -> bool:
    numbers = (point.stuck_count, point.max_count, point.oldest_age_seconds or 0)
    return (
        bool(point.accumulation_point)
        and point.level in LEVELS
        and point.state in STATES
        and point.severity in SEVERITIES
        and all(number is not None and number >= 0 for number in numbers)
    )
