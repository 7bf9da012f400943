"""A notice that says an answer is not whole is no answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from psycopg.rows import Row

from stuck_jobs.errors import StuckJobsError

LOST = "CIINF"
"""What Citus warns with where a part of an answer was not found, which it then takes for empty."""

HARMLESS = "could not start maintenance background worker"
"""What a node warns of that has more databases than background workers; it says nothing of an answer."""


class NotWholeError(StuckJobsError):
    """A part of an answer was lost between the nodes."""


class WholeConnection(psycopg.Connection[Row]):
    """A connection whose answers are whole, or errors."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """As psycopg's."""
        super().__init__(*arguments, **options)
        self.cursor_factory = WholeCursor
        self.server_cursor_factory = WholeServerCursor
        self._lost: str | None = None
        self.add_notice_handler(self._hear)

    def refuse_parts(self) -> None:
        """Be silent about an answer that is whole.

        Raises:
            NotWholeError: if a notice said that it is not.
        """
        lost, self._lost = self._lost, None
        if lost is not None:
            raise NotWholeError(f"a part of the answer was lost between the nodes: {lost}")

    def _hear(self, notice: psycopg.errors.Diagnostic) -> None:
        if notice.sqlstate == LOST:
            self._lost = notice.message_primary or LOST


class WholeCursor(psycopg.Cursor[Row]):
    """Of such a connection."""

    def execute(self, *arguments: Any, **options: Any) -> Self:
        """As psycopg's, which it refuses if the answer is not whole."""
        with _whole(self.connection):
            super().execute(*arguments, **options)
        return self

    def executemany(self, *arguments: Any, **options: Any) -> None:
        """Likewise."""
        with _whole(self.connection):
            super().executemany(*arguments, **options)


class WholeServerCursor(psycopg.ServerCursor[Row]):
    """The same for an answer that comes piece by piece."""

    def execute(self, *arguments: Any, **options: Any) -> Self:
        """As psycopg's, which it refuses if the answer is not whole."""
        with _whole(self.connection):
            super().execute(*arguments, **options)
        return self

    def __next__(self) -> Row:
        """The next row, unless a notice has come before it, or before the end."""
        try:
            return super().__next__()
        finally:
            _refuse_parts(self.connection)


@contextmanager
def _whole(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Refuse a part of an answer, which Citus makes an error of where a node has told it."""
    try:
        yield
    except psycopg.Error as error:
        if error.diag.sqlstate == LOST:
            raise NotWholeError(f"a part of the answer was lost between the nodes: {error}") from error
        raise
    _refuse_parts(connection)


def _refuse_parts(connection: psycopg.Connection[Any]) -> None:
    if isinstance(connection, WholeConnection):
        connection.refuse_parts()
