"""What was sent already, in PostgreSQL."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from stuck_jobs.trace.spans import Span

OVERLAP = timedelta(minutes=30)
"""How far behind the bookmark is looked again: for transactions that commit late, and executions that end
after their job. Longer than a closed job may have an open execution before that is stuck, and thereby
remembered."""


@dataclass(frozen=True)
class Bookmark:
    """The tables `trace_bookmark` and `trace_sent`.

    Attributes:
        connection: in autocommit mode.
        schema: of the views.
        raw: of the tables.
    """

    connection: psycopg.Connection[Any]
    schema: str
    raw: str

    def now(self) -> datetime:
        """What time it is on PostgreSQL's clock."""
        at: datetime = self._one("select clock_timestamp()")
        return at

    def exported_until(self) -> datetime | None:
        """Up to when all was sent; None before the first time."""
        query = sql.SQL("select max(exported_until) from {}").format(
            sql.Identifier(self.raw, "trace_bookmark")
        )
        until: datetime | None = self._one(query)
        return until

    def unsent(self, since: datetime | None, started_at: datetime, batch: int) -> Iterator[Sequence[Span]]:
        """The spans that are to be sent, in batches, in the order in which the bookmark may advance.

        They are read at one moment and kept in a file, so that no transaction is open meanwhile.

        Args:
            since: when a closed job must have moved to be looked at; None for all.
            started_at: of this run.
            batch: how many at once, at most.
        """
        parameters = {"since": since, "started_at": started_at, "overlap": OVERLAP}
        with tempfile.TemporaryFile() as kept:
            batches = 0
            with (
                self.connection.transaction(),
                self.connection.cursor("spans", row_factory=class_row(Span)) as cursor,
            ):
                cursor.execute(self._query("spans.sql"), parameters)
                while spans := cursor.fetchmany(batch):
                    pickle.dump(spans, kept)
                    batches += 1
            kept.seek(0)
            for _ in range(batches):
                yield pickle.load(kept)  # noqa: S301

    def sent(self, spans: Sequence[Span]) -> None:
        """Remember that a batch was taken, and advance to it."""
        again = [span for span in spans if span.may_come_again]
        columns = {
            "span_ids": [span.span_id for span in again],
            "job_ids": [span.job_id for span in again],
            "end_ns": [span.end_ns for span in again],
        }
        with self.connection.transaction():
            self.connection.execute(self._query("remember.sql"), columns)
            self.connection.execute(self._query("advance.sql"), {"until": spans[-1].moved_at})

    def finished(self, started_at: datetime) -> None:
        """Advance to the start of a run that sent everything, and forget what no run will meet again."""
        with self.connection.transaction():
            self.connection.execute(self._query("advance.sql"), {"until": started_at})
            self.connection.execute(self._query("forget.sql"), {"since": started_at - OVERLAP})

    def _one(self, query: str | sql.Composed, parameters: Sequence[Any] = ()) -> Any:
        row = self.connection.execute(query, parameters).fetchone()
        return row[0] if row else None

    def _query(self, name: str) -> sql.Composed:
        text = files("stuck_jobs.trace").joinpath(name).read_text(encoding="utf-8")
        return sql.SQL(text).format(schema=sql.Identifier(self.schema), raw=sql.Identifier(self.raw))
