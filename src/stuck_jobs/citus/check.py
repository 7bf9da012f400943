"""One check of a database over several nodes: view by view, and confirmed by who has seen no notice."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from stuck_jobs.citus.wholeness import NotWholeError
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.views.query import read_rows

LONGEST_JUDGMENT = 30.0
"""Seconds after which a long history is left to the next check."""


@dataclass(frozen=True)
class _Distributed:
    is_distributed: bool


@dataclass(frozen=True)
class _Step:
    is_done: bool


@dataclass(frozen=True)
class _Kept:
    run_id: str | None


def is_distributed(connection: psycopg.Connection[Any], schema: str) -> bool:
    """Whether the views were built for a pipeline on another node: then what a check found is kept.

    Args:
        connection: to the database.
        schema: of the views.
    """
    name = {"procedure": f"{sql.Identifier(schema).as_string()}.confirm(boolean)"}
    (found,) = read_rows(connection, schema, "citus/is_distributed.sql", _Distributed, name)
    return found.is_distributed


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
    try:
        _judge(connection, schema)
        with connection.transaction():
            (kept,) = read_rows(connection, schema, "watch/check.sql", _Kept)
            if kept.run_id is not None:
                _confirm(connection, schema, is_whole=True)
    except NotWholeError:
        _confirm(connection, schema, is_whole=False)


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


def _judge(connection: psycopg.Connection[Any], schema: str) -> None:
    """Judge the closed jobs that nobody has judged yet, batch by batch."""
    deadline = time.monotonic() + LONGEST_JUDGMENT
    while True:
        (step,) = read_rows(connection, schema, "citus/judge_step.sql", _Step)
        if step.is_done:
            return
        if time.monotonic() > deadline:
            raise StuckJobsError("the history is being judged: check again")


def _confirm(connection: psycopg.Connection[Any], schema: str, *, is_whole: bool) -> None:
    query = sql.SQL("call {}.confirm({})").format(sql.Identifier(schema), is_whole)
    connection.execute(query)
