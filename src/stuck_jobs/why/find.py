"""Find the job that somebody means by its id, its public id or a part of that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.output import legible
from stuck_jobs.views.query import read_rows

MOST_NAMES = 5
"""Of jobs among which somebody must choose."""

MOST_SHOWN = 200
"""Characters of what was asked for, in an answer that it is not there."""

SECONDS = 2.0
"""How long a part may be looked for."""

Key = int | str | UUID
"""The primary key of a job, in its own type, which its index needs."""


@dataclass(frozen=True)
class _Kind:
    """How jobs are named.

    Attributes:
        type: of their primary key.
        has_names: whether they have a public id beside it; None if the views have stepped aside.
    """

    type: str
    has_names: bool | None


@dataclass(frozen=True)
class _Found:
    key: Key


@dataclass(frozen=True)
class _Named:
    key: Key
    name: str
    is_exact: bool


def find(connection: psycopg.Connection[Any], schema: str, name: str) -> Key:
    """The primary key of a job; a number that is both is the public id.

    A part of a public id is looked for among the live jobs, and if none of them has it, among all.

    Args:
        connection: in autocommit mode.
        schema: of the views.
        name: the id, the public id or a part of it.

    Raises:
        StuckJobsError: if there is no such job, or more than one, or if the views have stepped aside.
    """
    if not name.strip():
        raise StuckJobsError("a job is named by its id, or a part of it")
    table = sql.Identifier(schema, "stg_jobs").as_string()
    (kind,) = read_rows(connection, schema, "why/key_type.sql", _Kind, {"table": table})
    if kind.has_names is None:
        raise StuckJobsError(f"{schema}.int_recovery_settings is empty: run dbt build")
    if kind.has_names and (found := read_rows(connection, schema, "why/named.sql", _Found, {"name": name})):
        return found[0].key
    key = _as_key(name, kind.type)
    if key is not None and (found := read_rows(connection, schema, "why/keyed.sql", _Found, {"key": key})):
        return found[0].key
    return by_part(connection, schema, name)


def _as_key(name: str, key_type: str) -> Key | None:
    """The name as a primary key; None if it cannot be one."""
    if key_type == "uuid":
        try:
            return UUID(name)
        except ValueError:
            return None
    if key_type in ("smallint", "integer", "bigint"):
        return int(name) if re.fullmatch("[0-9]{1,18}", name, re.ASCII) else None
    return name


@contextmanager
def _in_time(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Be patient for `SECONDS`, and for as long as before when that is done."""
    with connection.transaction(force_rollback=True):
        connection.execute(f"set local statement_timeout = '{SECONDS}s'".encode())
        yield


def by_part(connection: psycopg.Connection[Any], schema: str, part: str) -> Key:
    """The primary key of the job whose public id is this, or else of the only one whose public id has it.

    Args:
        connection: in autocommit mode.
        schema: of the views.
        part: of the public id, whatever the case of its letters.

    Raises:
        StuckJobsError: if there is no such job, or more than one.
    """
    shown = legible(part, MOST_SHOWN)
    named: list[_Named] = []
    parameters = {"part": part, "most": MOST_NAMES + 1}
    for query in ("why/live_parts.sql", "why/all_parts.sql"):
        try:
            with _in_time(connection):
                named = read_rows(connection, schema, query, _Named, parameters)
        except psycopg.errors.QueryCanceled:
            raise StuckJobsError(
                f"no live job has {shown} in its id, and to look among all takes too long: give the whole id"
            ) from None
        if named:
            break
    if not named:
        raise StuckJobsError(f"there is no job {shown}, and none with that in its id")
    if len(named) > 1 and not named[0].is_exact:
        names = ", ".join(found.name for found in named[:MOST_NAMES])
        more = " and others" if len(named) > MOST_NAMES else ""
        raise StuckJobsError(f"{shown} may be {names}{more}: give the whole id of one")
    return named[0].key
