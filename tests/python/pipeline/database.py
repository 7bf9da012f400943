"""A connection that is opened again after it was lost, as the drivers of the source do."""

from __future__ import annotations

import threading
from typing import Any

import psycopg


class Database:
    """One connection for all threads of a process."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.connection: psycopg.Connection[Any] | None = None
        self.lock = threading.Lock()

    def execute(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run one statement.

        Raises:
            psycopg.Error: also if there is no connection to be had; the next statement tries again.
        """
        with self.lock:
            if self.connection is None or self.connection.closed:
                self.connection = psycopg.connect(self.dsn, autocommit=True, connect_timeout=2)
            cursor = self.connection.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description else []
