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


def is_spread(connection: psycopg.Connection[Any]) -> bool:
    """Whether any table of a database is on other nodes, or known to them.

    Args:
        connection: to it.
    """
    if not has_citus(connection):
        return False
    row = connection.execute("select exists (select 1 from pg_catalog.pg_dist_partition)").fetchone()
    return row == (True,)
