"""Read the summary, and refuse one that cannot be relied on."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from stuck_jobs.errors import StuckJobsError, refusal
from stuck_jobs.profile import Profile, ProfileOptions, connect, load_profile
from stuck_jobs.summary import LEVELS, Point, read_rows

CONNECT_TIMEOUT = 5
"""In seconds; a deployment that waits wants its answer soon."""


STATES = ("ok", "breached", "unknown")
SEVERITIES = ("warn", "error")


@dataclass(frozen=True)
class JudgedPoint(Point):
    """A row of `accumulation_points` with all that the gate goes by.

    Attributes:
        oldest_stuck_since: when the oldest item became stuck.
        evidence_at: how fresh the evidence is; None if there is none.
        evidence_age: the same in seconds, by the database's clock.
    """

    oldest_stuck_since: datetime | None
    evidence_at: datetime | None
    evidence_age: float | None

    @property
    def is_over_limit(self) -> bool:
        """Whether it says so, or its numbers do."""
        return self.state == "breached" or self.stuck_count > self.max_count


@dataclass(frozen=True)
class LastRun:
    """What `accumulation_history` says of dbt's last run.

    Attributes:
        observed_at: when it was; None if there was none.
        age: the same in seconds, by the database's clock.
        points: the points that were enabled.
    """

    observed_at: datetime | None
    age: float | None
    points: list[str] | None


@dataclass(frozen=True)
class Summary:
    """The points, by level and name, and the run that built the views."""

    points: list[JudgedPoint]
    last_run: LastRun


def prompt_profile(options: ProfileOptions) -> Profile:
    """The dbt profile, with a short patience for a server that does not answer.

    Args:
        options: of the command line.
    """
    profile = load_profile(options)
    timeout = min(profile.connect_timeout or CONNECT_TIMEOUT, CONNECT_TIMEOUT)
    return dataclasses.replace(profile, connect_timeout=timeout)


@contextmanager
def refusals() -> Iterator[None]:
    """Make an error of the server's one short line.

    Raises:
        StuckJobsError: if the server cannot be reached, or refuses what is done inside.
    """
    try:
        yield
    except psycopg.Error as error:
        raise StuckJobsError(refusal(error)) from error


@contextmanager
def impatient(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """A transaction that does not wait for long for a relation which somebody has locked."""
    with connection.transaction():
        connection.execute(f"set local lock_timeout = '{CONNECT_TIMEOUT}s'".encode())
        yield


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
    points = read_rows(connection, schema, "gate_points.sql", JudgedPoint)
    (last_run,) = read_rows(connection, schema, "gate_last_run.sql", LastRun)
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
    points.sort(key=lambda point: (LEVELS.index(point.level), point.accumulation_point))
    return Summary(points, last_run)


def _faults(points: list[JudgedPoint], last_run: LastRun) -> Iterator[str]:
    """What is wrong with the relation itself, whatever it says of the pipeline."""
    rows = Counter(point.accumulation_point for point in points)
    if not rows:
        yield "it is empty"
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
