"""How what only reads does so: over a connection that can write nothing, and as of one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from stuck_jobs.profile import Profile, connect
from stuck_jobs.session.patience import refusals


@contextmanager
def reading(profile: Profile) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose transactions the server lets write nothing; outside of one nothing is asked.

    Args:
        profile: says where to.

    Raises:
        StuckJobsError: if the server cannot be reached, or refuses what is asked.
    """
    with refusals(), connect(profile) as connection:
        connection.read_only = True
        yield connection


@contextmanager
def one_moment(connection: psycopg.Connection[Any], snapshot: str | None = None) -> Iterator[None]:
    """A transaction that changes nothing and sees one moment, in UTC.

    Args:
        connection: in autocommit mode.
        snapshot: that another one has exported; None for the present.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        if snapshot:
            connection.execute(sql.SQL("set transaction snapshot {}").format(snapshot))
        connection.execute("set local jit = off")
        connection.execute("set local time zone 'UTC'")
        yield
