"""Whether a database has several nodes, and what is asked of all of them."""

from __future__ import annotations

from typing import Any

import psycopg


def has_citus(connection: psycopg.Connection[Any]) -> bool:
    """Whether a database can be spread over nodes by Citus.

    Args:
        connection: to it.
    """
    row = connection.execute("select to_regclass('pg_catalog.pg_dist_partition') is not null").fetchone()
    return row == (True,)
