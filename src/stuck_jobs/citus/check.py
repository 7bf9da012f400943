"""One check of a database over several nodes: view by view, and confirmed by who has seen no notice."""

from __future__ import annotations

import time
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from stuck_jobs.citus.wholeness import NotWholeError
from stuck_jobs.errors import StuckJobsError

LONGEST_JUDGMENT = 30.0
"""Seconds after which a long history is left to the next check."""


def is_distributed(connection: psycopg.Connection[Any], schema: str) -> bool:
    """Whether the views were built for a pipeline on another node: then what a check found is kept.

    Args:
        connection: to the database.
        schema: of the views.
    """
    procedure = f"{sql.Identifier(schema).as_string()}.confirm(boolean)"
    row = connection.execute("select to_regprocedure(%s) is not null", [procedure]).fetchone()
    return row == (True,)


def keep(connection: psycopg.Connection[Any], schema: str) -> None:
    """Judge the history, and keep what each view finds; of a check under way beside it keep nothing.

    An answer that was not whole is not kept: all points are unknown then.

    Args:
        connection: in autocommit mode.
        schema: of the views.

    Raises:
        psycopg.Error: if the server refuses.
        StuckJobsError: if the history takes longer than a check may.
    """
    deadline = time.monotonic() + LONGEST_JUDGMENT
    try:
        while not _judge_and_keep(connection, schema):
            if time.monotonic() > deadline:
                raise StuckJobsError("the history is being judged: check again")
    except NotWholeError:
        _call(connection, schema, "confirm(false)")


def keep_if_allowed(connection: psycopg.Connection[Any], schema: str) -> None:
    """The same before something is done about it, unless this role may not check, or need not.

    Args:
        connection: in autocommit mode.
        schema: of the views.
    """
    if is_distributed(connection, schema):
        try:
            keep(connection, schema)
        except psycopg.errors.InsufficientPrivilege:
            return  # what was kept by others has its age


def _judge_and_keep(connection: psycopg.Connection[Any], schema: str) -> bool:
    """Judge a batch of the closed jobs, and keep what there is once none is left; False if one is."""
    with connection.transaction():
        is_judged = _call(connection, schema, "judge_step(null)")
        if is_judged and _call(connection, schema, '"check"(null)') is not None:
            _call(connection, schema, "confirm(true)")
    return is_judged is not False


def _call(connection: psycopg.Connection[Any], schema: str, procedure: LiteralString) -> Any:
    """What one of our procedures returns; None if nothing."""
    query = sql.SQL("call {}.{}").format(sql.Identifier(schema), sql.SQL(procedure))
    cursor = connection.execute(query)
    row = cursor.fetchone() if cursor.description else None
    return row and row[0]
