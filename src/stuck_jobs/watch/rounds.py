"""One round after the other: collect, check, judge, tell, and keep the report current."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from stuck_jobs.errors import StuckJobsError, refusal
from stuck_jobs.output import say
from stuck_jobs.session.patience import refusals
from stuck_jobs.views.summary import Summary
from stuck_jobs.watch.aside import Aside
from stuck_jobs.watch.check import check, look
from stuck_jobs.watch.notify import notify

if TYPE_CHECKING:
    from stuck_jobs.collect.command import Collector
    from stuck_jobs.profile import Profile
    from stuck_jobs.report.command import Reporter
    from stuck_jobs.watch.board import Board
    from stuck_jobs.watch.session import Session
    from stuck_jobs.watch.teller import Teller
    from stuck_jobs.watch.voice import Voice

SHARE = 20
"""Snapshots take one part in so many of the time at most."""

LONGEST_PAUSE = 60.0
"""Seconds: between two snapshots at most, well before one counts as too old; between two reports at least."""


@dataclass
class Rounds:
    """What is done in each, and what is known from the one before.

    Attributes:
        profile: says where the database is.
        session: the connection to it.
        board: takes the answer, for whoever asks.
        voice: says what has changed.
        teller: tells it to others.
        collector: of snapshots; None if others take them.
        reporter: of the page; None if nobody asks for one.
    """

    profile: Profile
    session: Session
    board: Board
    voice: Voice
    teller: Teller
    collector: Collector | None
    reporter: Reporter | None
    _build: str | None = None
    _next_snapshot: float = 0.0
    _next_report: float = 0.0
    _page: Aside = field(default_factory=Aside)

    def run(self) -> None:
        """Do one round.

        Raises:
            StuckJobsError: if there is no answer.
        """
        with refusals():
            connection, schema = self.session.open(), self.profile.schema
            watched = look(connection, schema)
            self._notice(watched.build)
            if watched.has_queues:
                self._collect(connection)
            started = time.monotonic()
            summary = check(connection, schema)
            self.board.show(summary, started)
            status, has_changed = self.voice.note(summary)
            notify(f"STATUS={status}")
        self._tell(summary)
        self._report(has_changed)

    def _notice(self, build: str) -> None:
        """Say that dbt has replaced views, which are in use from this round on."""
        if self._build not in (None, build):
            say(f"dbt has built {self.profile.schema} anew: its views are in use")
        self._build = build

    def _collect(self, connection: psycopg.Connection[Any]) -> None:
        """Take a snapshot, unless the last one has taken so long that the next can wait."""
        started = time.monotonic()
        if self.collector is None or started < self._next_snapshot:
            return
        try:
            _, snapshot = self.collector.take(connection)
        except psycopg.Error as error:
            if connection.closed:
                raise
            self.voice.trouble("collect", f"{refusal(error)}; no snapshot was written")
        else:
            self.voice.trouble("collect", "; ".join(snapshot.errors) or None)
        took = time.monotonic() - started
        self._next_snapshot = started + min(SHARE * took, LONGEST_PAUSE)

    def _tell(self, summary: Summary) -> None:
        """Tell what has changed; whatever hinders that hinders no check."""
        try:
            with refusals():
                self.teller.tell(self.session, summary)
        except StuckJobsError as error:
            self.session.close()
            self.voice.trouble("alert", error.message)

    def _report(self, has_changed: bool) -> None:
        """Write the page beside the checks: when something has changed, and once a minute."""
        if self.reporter is None:
            return
        if done := self._page.done():
            error = done.exception()
            self.voice.trouble("report", None if error is None else str(error))
        if has_changed:
            self._next_report = 0.0
        started = time.monotonic()
        if self._page.is_free and started >= self._next_report:
            self._page.begin(self.reporter.run)
            self._next_report = started + LONGEST_PAUSE
