"""Read what is stuck."""

from __future__ import annotations

from typing import Any

import psycopg

from stuck_jobs.views.query import read_rows
from stuck_jobs.views.rows import Item


def read_items(connection: psycopg.Connection[Any], schema: str) -> list[Item]:
    """All stuck items, the oldest first."""
    return read_rows(connection, schema, "views/items.sql", Item)
