"""Read everything that the page shows, of one moment and within bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

import psycopg

from stuck_jobs.profile import Profile, connect
from stuck_jobs.report.rows import (
    Day,
    Depth,
    ErrorGroup,
    Faults,
    Holder,
    ProviderRegion,
    Queue,
    Reading,
    ReportItem,
    Tie,
    Trend,
)
from stuck_jobs.session.patience import limit_statements, refusals
from stuck_jobs.session.reading import one_moment
from stuck_jobs.views.incidents import read_incidents
from stuck_jobs.views.query import read_rows
from stuck_jobs.views.summary import summary_of

Row = TypeVar("Row")
Found = TypeVar("Found")

MAX_LENGTH = 300
"""Of an id, in characters; a longer one is cut off."""

CUT = {"max_length": MAX_LENGTH + 1}

STEPS = 96
"""How many points a line over time has at most."""

MAX_LINES = 12
MAX_QUEUES = 60
MAX_PROVIDERS = 30
MAX_REGIONS = 15
MAX_DAYS = 31
MAX_INCIDENTS = 200
MAX_SEARCHED = 5000
MAX_TIED = 200_000
MAX_ERRORS = 20
MAX_HOLDERS = 30

ANALYTICS_SECONDS = 3.0
"""How long each of the analytics may take; the page does without the one that takes longer."""

INCIDENTS_SECONDS = 15.0
"""Likewise each question about incidents."""


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
    oldest = CUT | {"items": items, "searched": MAX_SEARCHED}
    worst = {"providers": MAX_PROVIDERS, "regions": MAX_REGIONS}
    with refusals(), connect(profile) as connection, one_moment(connection), ThreadPoolExecutor() as beside:
        ((read_at, snapshot),) = connection.execute("select now(), pg_export_snapshot()").fetchall()

        def beside_it(
            seconds: float, ask: Callable[[psycopg.Connection[Any]], Found]
        ) -> Future[Found | None]:
            return beside.submit(_in_time, profile, snapshot, seconds, ask)

        def analytics(query: str, row: type[Row], parameters: Mapping[str, Any]) -> Future[list[Row] | None]:
            return beside_it(
                ANALYTICS_SECONDS, lambda other: read_rows(other, schema, query, row, parameters)
            )

        faults = beside_it(INCIDENTS_SECONDS, lambda other: _faults(other, schema))
        rates = analytics("report/providers.sql", ProviderRegion, worst)
        days = analytics("report/durations.sql", Day, {"days": MAX_DAYS})
        return Reading(
            database=connection.info.dbname,
            read_at=read_at,
            summary=summary_of(connection, schema),
            items=read_rows(connection, schema, "report/items.sql", ReportItem, oldest),
            trends=read_rows(connection, schema, "report/trends.sql", Trend, over_time),
            queues=read_rows(connection, schema, "report/queues.sql", Queue, {"queues": MAX_QUEUES}),
            depths=read_rows(connection, schema, "report/depths.sql", Depth, fullest),
            holders=read_rows(
                connection, schema, "report/holders.sql", Holder, CUT | {"holders": MAX_HOLDERS}
            ),
            faults=faults.result(),
            providers=rates.result(),
            days=days.result(),
        )


def _faults(connection: psycopg.Connection[Any], schema: str) -> Faults:
    ties = read_rows(connection, schema, "report/item_incidents.sql", Tie, CUT | {"most": MAX_TIED})
    return Faults(
        incidents=read_incidents(connection, schema, MAX_INCIDENTS),
        ties={(tie.accumulation_point, tie.entity_id): tie for tie in ties},
        errors=read_rows(connection, schema, "report/errors.sql", ErrorGroup, CUT | {"errors": MAX_ERRORS}),
    )


def _in_time(
    profile: Profile, snapshot: str, seconds: float, ask: Callable[[psycopg.Connection[Any]], Found]
) -> Found | None:
    """The answer over a connection of its own, or None if a question takes longer than the page can wait."""
    with refusals(), connect(profile) as connection:
        try:
            with one_moment(connection, snapshot):
                limit_statements(connection, seconds)
                return ask(connection)
        except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
            return None
