"""Read everything that the page shows, of one moment and within bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import psycopg
from psycopg import sql

from stuck_jobs.profile import Profile, connect
from stuck_jobs.session.patience import refusals
from stuck_jobs.views.query import read_rows
from stuck_jobs.views.rows import Item
from stuck_jobs.views.summary import Summary, summary_of

Row = TypeVar("Row")

MAX_LENGTH = 300
"""Of an id, in characters; a longer one is cut off."""

STEPS = 96
"""How many points a line over time has at most."""

MAX_LINES = 12
MAX_QUEUES = 60
MAX_PROVIDERS = 30
MAX_REGIONS = 15
MAX_DAYS = 31

ANALYTICS_SECONDS = 3.0
"""How long each of the analytics may take; the page does without the one that takes longer."""


@dataclass(frozen=True)
class ReportItem(Item):
    """A stuck item.

    Attributes:
        threshold_seconds: the age from which it is stuck.
        remedy: of its point.
        cause_count: how many items of its point have its cause.
    """

    threshold_seconds: int
    remedy: str
    cause_count: int


@dataclass(frozen=True)
class Trend:
    """What a point held during a step of time.

    Attributes:
        accumulation_point: its name.
        observed_at: the beginning of the step.
        stuck_count: the most that was stuck.
        was_unknown: whether there was a run without an answer.
    """

    accumulation_point: str
    observed_at: datetime
    stuck_count: int
    was_unknown: bool


@dataclass(frozen=True)
class Depth:
    """How many messages a queue held during a step of time; `depth` is None if nobody knows."""

    queue_name: str
    kind: str
    observed_at: datetime
    depth: int | None


@dataclass(frozen=True)
class Queue:
    """A row of `queue_depths`.

    Attributes:
        queue_name: its name.
        kind: main, retry or dead.
        depth: how many messages it holds; None if Redis could not be read.
        oldest_seconds: the age of the oldest message.
        observed_seconds_ago: how old the snapshot is.
        complete: whether all of its messages were read.
        error: why Redis could not be read.
    """

    queue_name: str
    kind: str
    depth: int | None
    oldest_seconds: int | None
    observed_seconds_ago: int
    complete: bool
    error: str | None


@dataclass(frozen=True)
class ProviderRegion:
    """How a provider does in a region, over the look-back of the analytics.

    Attributes:
        provider_id: the provider.
        region: the region.
        executions: all of them but skipped duplicates.
        finished: those that are completed, failed or timed out.
        failed: those of them that are not completed.
        timed_out: those of them that timed out.
        failure_rate: failed by finished, from 0 to 1; None if none is finished.
        timeout_rate: timed_out by finished, likewise.
        is_failing: whether `provider_failures` lists it now.
        providers: how many providers there are, shown or not.
        regions: how many regions, likewise.
    """

    provider_id: str | None
    region: str | None
    executions: int
    finished: int
    failed: int
    timed_out: int
    failure_rate: float | None
    timeout_rate: float | None
    is_failing: bool
    providers: int
    regions: int


@dataclass(frozen=True)
class Day:
    """A row of `job_durations`; the percentiles are seconds, None where no job tells."""

    day: date
    jobs: int
    queue_wait_p50_seconds: float | None
    queue_wait_p95_seconds: float | None
    queue_wait_p99_seconds: float | None
    run_time_p50_seconds: float | None
    run_time_p95_seconds: float | None
    run_time_p99_seconds: float | None
    total_p50_seconds: float | None
    total_p95_seconds: float | None
    total_p99_seconds: float | None


@dataclass(frozen=True)
class Reading:
    """All that the page shows.

    Attributes:
        database: its name.
        read_at: by the database's clock.
        summary: the points, and dbt's last run.
        items: the oldest of each point and cause, the oldest first.
        trends: by point and time.
        queues: as they are now.
        depths: of the queues, by time.
        providers: by provider and region; None if that took too long.
        days: the latest first; None if that took too long.
    """

    database: str
    read_at: datetime
    summary: Summary
    items: list[ReportItem]
    trends: list[Trend]
    queues: list[Queue]
    depths: list[Depth]
    providers: list[ProviderRegion] | None
    days: list[Day] | None


def read(profile: Profile, items: int, window: timedelta) -> Reading:
    """Read the views, all as of the same moment; the analytics beside the rest, for they take the longest.

    Args:
        profile: says where they are.
        items: how many to read of each point.
        window: how far back lines over time reach.

    Raises:
        StuckJobsError: if there is no answer, or a summary that cannot be relied on.
    """
    schema = profile.schema
    over_time = {"window": window, "steps": STEPS}
    fullest = over_time | {"queues": MAX_LINES}
    oldest = {"items": items, "max_length": MAX_LENGTH + 1}
    worst = {"providers": MAX_PROVIDERS, "regions": MAX_REGIONS}
    with refusals(), connect(profile) as connection, _snapshot(connection), ThreadPoolExecutor() as beside:
        ((read_at, snapshot),) = connection.execute("select now(), pg_export_snapshot()").fetchall()
        rates = beside.submit(_in_time, profile, snapshot, "report/providers.sql", ProviderRegion, worst)
        days = beside.submit(_in_time, profile, snapshot, "report/durations.sql", Day, {"days": MAX_DAYS})
        return Reading(
            database=connection.info.dbname,
            read_at=read_at,
            summary=summary_of(connection, schema),
            items=read_rows(connection, schema, "report/items.sql", ReportItem, oldest),
            trends=read_rows(connection, schema, "report/trends.sql", Trend, over_time),
            queues=read_rows(connection, schema, "report/queues.sql", Queue, {"queues": MAX_QUEUES}),
            depths=read_rows(connection, schema, "report/depths.sql", Depth, fullest),
            providers=rates.result(),
            days=days.result(),
        )


@contextmanager
def _snapshot(connection: psycopg.Connection[Any], exported: str | None = None) -> Iterator[None]:
    """Read as of one moment for the length of a `with` block: an exported snapshot's, or the present."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        if exported:
            connection.execute(sql.SQL("set transaction snapshot {}").format(exported))
        connection.execute("set local jit = off")
        connection.execute("set local time zone 'UTC'")
        yield


def _in_time(
    profile: Profile, snapshot: str, query: str, row: type[Row], parameters: Mapping[str, Any]
) -> list[Row] | None:
    """The rows of a query over a connection of its own, or None if it takes longer than the page can wait."""
    with refusals(), connect(profile) as connection:
        try:
            with _snapshot(connection, snapshot):
                connection.execute(f"set local statement_timeout = '{ANALYTICS_SECONDS}s'".encode())
                return read_rows(connection, profile.schema, query, row, parameters)
        except psycopg.errors.QueryCanceled:
            return None
