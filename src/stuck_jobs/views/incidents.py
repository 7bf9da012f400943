"""Read what broke."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

import psycopg

from stuck_jobs.session.patience import in_time
from stuck_jobs.views.query import read_rows
from stuck_jobs.views.rows import Incident, IncidentItem


@dataclass(frozen=True)
class Incidents:
    """The worst incidents.

    Attributes:
        worst: those that fail the gate first, then those that reach the furthest.
        total: how many there are, of which `worst` may be a part.
    """

    worst: list[Incident]
    total: int

    @property
    def more(self) -> int:
        """How many there are beside these."""
        return self.total - len(self.worst)


@dataclass(frozen=True)
class _Ranked(Incident):
    """One of `total`."""

    total: int


def read_incidents(connection: psycopg.Connection[Any], schema: str, most: int) -> Incidents:
    """The worst incidents, the worst first.

    Args:
        connection: to the database.
        schema: of the views.
        most: how many to read.
    """
    rows = read_rows(connection, schema, "views/incidents.sql", _Ranked, {"most": most})
    names = [field.name for field in fields(Incident)]
    worst = [Incident(**{name: getattr(row, name) for name in names}) for row in rows]
    return Incidents(worst, rows[0].total if rows else 0)


def read_incidents_in_time(
    connection: psycopg.Connection[Any], schema: str, most: int, seconds: float
) -> Incidents | None:
    """The same, or None if it takes longer than that, or the views are not there yet.

    Args:
        connection: to the database, in autocommit mode.
        schema: of the views.
        most: how many to read.
        seconds: that it may take.
    """
    try:
        with in_time(connection, seconds):
            return read_incidents(connection, schema, most)
    except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable, psycopg.errors.UndefinedTable):
        return None


def read_incident_items(
    connection: psycopg.Connection[Any], schema: str, incidents: Collection[str] | None, most: int
) -> list[IncidentItem]:
    """The oldest items of incidents.

    Args:
        connection: to the database.
        schema: of the views.
        incidents: their ids; None means all.
        most: how many to read of each.
    """
    parameters = {"incidents": None if incidents is None else [*incidents], "most": most}
    return read_rows(connection, schema, "views/incident_items.sql", IncidentItem, parameters)
