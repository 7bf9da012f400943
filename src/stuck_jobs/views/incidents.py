"""Read what broke."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import psycopg

from stuck_jobs.errors import refusal
from stuck_jobs.profile import Profile, connect
from stuck_jobs.session.patience import in_time
from stuck_jobs.views.query import read_rows
from stuck_jobs.views.rows import Incident, IncidentItem

Answer = TypeVar("Answer")

SECONDS = 3.0
"""How long those may wait who can do without."""


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


@dataclass(frozen=True)
class IncidentCount:
    """How many incidents of a kind and severity there are."""

    kind: str
    severity: str
    incidents: int


def read_incidents(
    connection: psycopg.Connection[Any], schema: str, most: int, points: Collection[str] | None = None
) -> Incidents:
    """The worst incidents, the worst first.

    Args:
        connection: to the database.
        schema: of the views.
        most: how many to read.
        points: only those that are at one of these; None means all.
    """
    parameters = {"most": most, "points": None if points is None else [*points]}
    rows = read_rows(connection, schema, "views/incidents.sql", _Ranked, parameters)
    names = [field.name for field in fields(Incident)]
    worst = [Incident(**{name: getattr(row, name) for name in names}) for row in rows]
    return Incidents(worst, rows[0].total if rows else 0)


def count_incidents(connection: psycopg.Connection[Any], schema: str) -> list[IncidentCount]:
    """How many there are of each kind and severity that there is."""
    return read_rows(connection, schema, "views/incident_counts.sql", IncidentCount)


def read_incident(connection: psycopg.Connection[Any], schema: str, incident: str) -> Incident | None:
    """One incident, or None if there is none of this id, or none any more.

    Args:
        connection: to the database.
        schema: of the views.
        incident: its id.
    """
    rows = read_rows(connection, schema, "views/incident.sql", Incident, {"incident": incident})
    return rows[0] if rows else None


def in_few_seconds(
    profile: Profile, read: Callable[[psycopg.Connection[Any], str], Answer]
) -> tuple[Answer | None, str | None]:
    """What is read of incidents over a connection of its own, or why not: they cost more than the summary.

    Args:
        profile: says where the views are.
        read: is given the connection and the schema of the views.
    """
    try:
        with connect(profile) as connection, in_time(connection, SECONDS):
            return read(connection, profile.schema), None
    except psycopg.errors.QueryCanceled:
        return None, f"that took more than {SECONDS:.0f} seconds"
    except psycopg.Error as error:
        return None, refusal(error)


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
