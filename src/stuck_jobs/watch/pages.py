"""The report live, with a page for each incident and each job, and all items: read when somebody looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psycopg

from stuck_jobs.errors import StuckJobsError, refusal
from stuck_jobs.profile import Profile
from stuck_jobs.session.reading import one_moment, reading
from stuck_jobs.views.incidents import IncidentCount, count_incidents, in_few_seconds
from stuck_jobs.watch.answer import HTML, PLAIN, Answer

REFRESH = 15.0
"""Seconds after which an open report asks again; until then all see the same one, and the same counts."""

READERS = 2
"""So many pages are read at a time; others wait."""

WAIT = 10.0
"""Seconds for which they do."""

PATIENCE = 30.0
"""Seconds that a statement may take."""

ITEMS = 3
WINDOW = timedelta(hours=24)
"""Of the report, as the command's defaults."""

MOST_ITEMS = 500
"""Of an incident on its page."""

LISTINGS = {"items.csv": "text/csv; charset=utf-8", "items.json": "application/json"}


@dataclass
class Pages:
    """What there is to be seen.

    Attributes:
        profile: says where the views are.
        project: the dbt project, which has the pages of the points.
        runbooks: where else these are; None for the project's own.
    """

    profile: Profile
    project: Path
    runbooks: str | None
    _report: bytes = b""
    _read_at: float = float("-inf")
    _one: threading.Lock = field(default_factory=threading.Lock)
    _counts: list[IncidentCount] | None = None
    _counted_at: float = float("-inf")
    _counting: threading.Lock = field(default_factory=threading.Lock)
    _readers: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(READERS))

    def answer(self, path: str) -> Answer | None:
        """What there is at a path; None if there is nothing.

        Args:
            path: as it was asked for, without what follows a question mark.
        """
        folder, _, name = path.removeprefix("/").rpartition("/")
        if "\0" in unquote(name):  # which PostgreSQL has in no text
            return None
        try:
            match folder, unquote(name):
                case "", "":
                    return Answer(200, HTML, self._whole())
                case "", ("items.csv" | "items.json") as listing:
                    return Answer(200, LISTINGS[listing], _begun(self._items(listing)))
                case "incidents", incident if incident:
                    return self._incident(incident)
                case "jobs", job if job:
                    return self._job(job)
                case "runbooks", page:
                    return self._runbook(page)
        except psycopg.Error as error:
            return Answer.of_words(503, refusal(error))
        except StuckJobsError as error:
            return Answer.of_words(503, error.message)
        return None

    def incident_counts(self) -> list[IncidentCount] | None:
        """How many incidents there are, for Prometheus; None if nobody knows in time."""
        with self._counting:
            if time.monotonic() - self._counted_at > REFRESH:
                self._counts, _ = in_few_seconds(self.profile, count_incidents)
                self._counted_at = time.monotonic()
            return self._counts

    def _whole(self) -> bytes:
        """The report, which is read once for all who look at it."""
        from stuck_jobs.report.page import render
        from stuck_jobs.report.reading import read

        with self._one:
            if time.monotonic() - self._read_at > REFRESH:
                with self._turn():
                    found = read(self.profile, ITEMS, WINDOW)
                self._report = render(found, self.runbooks or "runbooks", REFRESH, live=True).encode()
                self._read_at = time.monotonic()
            return self._report

    def _incident(self, incident: str) -> Answer:
        from stuck_jobs.report.detail import incident_page
        from stuck_jobs.views.incidents import read_incident, read_incident_items

        with self._reading() as connection, one_moment(connection):
            found = read_incident(connection, self.profile.schema, incident)
            if found is None:
                return Answer.of_words(404, f"there is no incident {incident}, or not any more")
            items = read_incident_items(connection, self.profile.schema, [incident], MOST_ITEMS)
        return Answer(200, HTML, incident_page(found, items, self._from_below()).encode())

    def _job(self, job: str) -> Answer:
        from stuck_jobs.report.detail import job_page
        from stuck_jobs.why.reading import explain
        from stuck_jobs.why.words import as_json

        with self._reading() as connection:
            try:
                found = explain(connection, self.profile.schema, job)
            except StuckJobsError as error:
                return Answer.of_words(404, error.message)
        return Answer(200, HTML, job_page(as_json(found), self._from_below()).encode())

    def _items(self, listing: str) -> Iterator[bytes]:
        from stuck_jobs.views.query import each_row
        from stuck_jobs.views.rows import IncidentItem
        from stuck_jobs.views.summary import summary_of
        from stuck_jobs.watch.listing import as_csv, as_json

        with self._reading() as connection, one_moment(connection):
            summary_of(connection, self.profile.schema)  # an error where an empty list would be a lie
            items = each_row(connection, self.profile.schema, "watch/all_items.sql", IncidentItem)
            oldest = [*islice(items, 1)]
            yield from (as_csv if listing == "items.csv" else as_json)(chain(oldest, items))

    def _runbook(self, page: str) -> Answer | None:
        """The project's page of a point, as it is."""
        folder = self.project / "docs" / "points"
        known = {path.name: path for path in folder.glob("*.md")}
        return Answer(200, PLAIN, known[page].read_bytes()) if page in known else None

    def _from_below(self) -> str:
        return self.runbooks or "../runbooks"

    @contextmanager
    def _reading(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection that can change nothing, when it is our turn."""
        with self._turn(), reading(self.profile) as connection:
            connection.execute(f"set statement_timeout = '{PATIENCE}s'".encode())
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._readers.acquire(timeout=WAIT):
            raise StuckJobsError("too many are looking at once: try again")
        try:
            yield
        finally:
            self._readers.release()


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same with the first one read: an error then has a status of its own, and is no empty list."""
    return chain([next(pieces)], pieces)
