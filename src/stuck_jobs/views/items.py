"""Read what is stuck."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg

from stuck_jobs.views.query import read_rows
from stuck_jobs.views.rows import Item


def read_items(connection: psycopg.Connection[Any], schema: str) -> list[Item]:
    """All stuck items, the oldest first."""
    return read_rows(connection, schema, "views/items.sql", Item)


def read_oldest_items(
    connection: psycopg.Connection[Any], schema: str, points: Collection[str], most: int
) -> list[Item]:
    """The oldest items of points, the oldest of each first.

    Args:
        connection: to the database.
        schema: of the views.
        points: their names.
        most: how many to read of each.
    """
    parameters = {"points": [*points], "most": most}
    return read_rows(connection, schema, "views/oldest_items.sql", Item, parameters)
