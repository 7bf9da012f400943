"""Run a query that lies beside the code which asks it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import class_row

Row = TypeVar("Row")

SHARED = ("judged_columns", "item_columns", "incident_columns")
"""Columns that several queries select, each a file of this room."""


def monitoring_schema() -> str:
    """The schema that dbt builds into, unless a profile of the user's says otherwise."""
    return os.environ.get("STUCK_JOBS_SCHEMA") or "stuck_jobs"


def read_rows(
    connection: psycopg.Connection[Any],
    schema: str,
    query: str,
    row: type[Row],
    parameters: Mapping[str, Any] | None = None,
) -> list[Row]:
    """The rows of a query, each as a `row`.

    Args:
        connection: to the database.
        schema: of the views.
        query: its file, such as `views/points.sql`.
        row: a dataclass with the query's columns.
        parameters: of the query.
    """
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return cursor.execute(_composed(query, schema), parameters).fetchall()


def each_row(connection: psycopg.Connection[Any], schema: str, query: str, row: type[Row]) -> Iterator[Row]:
    """The rows one after the other, however many there are; inside a transaction.

    Args:
        connection: to the database.
        schema: of the views.
        query: its file.
        row: a dataclass with the query's columns.
    """
    with connection.cursor(name="each_row", row_factory=class_row(row)) as cursor:
        cursor.itersize = 1000
        yield from cursor.execute(_composed(query, schema))


@cache
def _composed(query: str, schema: str) -> sql.Composed:
    """A query that whoever asks again need not read again."""
    shared = {name: sql.SQL(_text(f"views/{name}.sql").rstrip()) for name in SHARED}
    return sql.SQL(_text(query)).format(schema=sql.Identifier(schema), **shared)


def _text(file: str) -> str:
    return files("stuck_jobs").joinpath(file).read_text(encoding="utf-8")
