"""Tells what has changed, as `stuck-jobs alert` does, without keeping the next check waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stuck_jobs.alert.http import DeliveryError
from stuck_jobs.alert.run import Outcome, deliver, note_changes
from stuck_jobs.alert.store import AlertStore
from stuck_jobs.collect.store import raw_schema
from stuck_jobs.profile import Profile, connect
from stuck_jobs.watch.aside import Aside
from stuck_jobs.watch.rounds import LONGEST_PAUSE, SHARE
from stuck_jobs.watch.session import Session

if TYPE_CHECKING:
    from stuck_jobs.alert.look import Look
    from stuck_jobs.alert.telling import Telling
    from stuck_jobs.views.rows import JudgedPoint
    from stuck_jobs.views.summary import Summary
    from stuck_jobs.watch.voice import Voice

CHECK_IN_MINUTES = 5
MAX_PAUSE = 300.0
"""Seconds until a channel that could not be reached is tried again, at the longest."""


class Teller:
    """Notes changes, over the watch's connection where that is quick, and delivers them over one of its own.

    Args:
        profile: says where the database is.
        project: the dbt project.
        telling: whom to tell, by what, and how often; nothing is remembered if there is nobody.
        voice: says what could not be delivered.
    """

    def __init__(self, profile: Profile, project: Path, telling: Telling, voice: Voice) -> None:
        self._profile, self._project, self._voice = profile, project, voice
        self._recipients, self._rules = telling.recipients(), telling.rules
        self._way = telling.way(profile.schema)
        self._looking, self._delivering, self._lock = Aside(), Aside(), threading.Lock()
        self._look: Look | None = None
        self._states: dict[str, str] = {}
        self._next_look = 0.0
        self._connection: Any = None
        self._blind: str | None = None
        self._failure: str | None = None
        self._pause = 0.0
        self._next_try = 0.0
        self._next_check_in = 0.0

    def tell(self, session: Session, summary: Summary) -> None:
        """Note what has changed, and see to it that what is to be told is under way.

        Args:
            session: the watch's.
            summary: as it is.
        """
        if not self._recipients.channels:
            return
        self._hear()
        store = self._store(session)
        if not session.hold(f"{store.schema} alert"):
            self._voice.trouble("alert", "another run is under way")
            return
        self._notice(store, summary.points)
        is_due = time.monotonic() >= self._next_try and bool(store.pending())
        if is_due or self._checks_in():
            self._begin_delivery()
        self._voice.trouble("alert", self._blind or self._failure)
        self._voice.trouble("incidents", self._look.trouble if self._look else None)

    def finish(self, seconds: float) -> None:
        """Give what is being told some time to arrive.

        Args:
            seconds: how much.
        """
        self._looking.finish(seconds)
        self._delivering.finish(seconds)

    def _store(self, session: Session) -> AlertStore:
        """The tables, which are looked for once in each session."""
        connection = session.open()
        store = AlertStore(connection, raw_schema(), self._project)
        if connection is not self._connection:
            store.prepare()
            self._connection = connection
        return store

    def _notice(self, store: AlertStore, points: Sequence[JudgedPoint]) -> None:
        """Note what has changed: beside the checks where it takes reading, and then not all the time."""
        if not self._looking.is_free:
            return
        states = {point.accumulation_point: point.state for point in points}
        if self._way.is_quick(points):
            self._note(store, points)
        elif states != self._states or time.monotonic() >= self._next_look:
            self._looking.begin(lambda: self._note_beside(points))
        self._states = states

    def _note_beside(self, points: Sequence[JudgedPoint]) -> None:
        """Note what has changed, and have it told at once."""
        started = time.monotonic()
        with connect(self._profile) as connection:
            has_news = self._note(AlertStore(connection, raw_schema(), self._project), points)
        took = time.monotonic() - started
        self._next_look = started + min(SHARE * took, LONGEST_PAUSE)
        if has_news:
            self._begin_delivery()

    def _note(self, store: AlertStore, points: Sequence[JudgedPoint]) -> bool:
        """Note what has changed; whether there is something to tell."""
        look = self._way.look(store, points, store.now(), self._rules)
        has_news = bool(note_changes(store, self._way, look, self._recipients, self._rules))
        self._look = look
        if has_news:
            self._next_try = 0.0
        return has_news

    def _begin_delivery(self) -> None:
        """Deliver what is pending, unless that is under way; from any thread."""
        with self._lock:
            if self._delivering.is_free:
                self._delivering.begin(self._deliver)

    def _deliver(self) -> Outcome:
        with connect(self._profile) as connection:
            store = AlertStore(connection, raw_schema(), self._project)
            outcome = deliver(store, self._way, self._recipients.channels, self._look)
            store.prune(store.now())
        outcome.failures += self._check_in()
        return outcome

    def _checks_in(self) -> bool:
        """Whether Sentry's Cron monitor is to hear from us."""
        from stuck_jobs.alert.channels import monitor_of

        return time.monotonic() >= self._next_check_in and monitor_of(self._recipients.channels) is not None

    def _check_in(self) -> list[tuple[str, str]]:
        """Let the monitor know that somebody watches; returns who could not be told, and why."""
        from stuck_jobs.alert.channels import monitor_of

        monitor = monitor_of(self._recipients.channels)
        if monitor is None or not self._checks_in():
            return []
        self._next_check_in = time.monotonic() + 60 * CHECK_IN_MINUTES
        try:
            monitor.check_in("ok", every_minutes=CHECK_IN_MINUTES)
        except DeliveryError as error:
            return [(monitor.name, str(error))]
        return []

    def _hear(self) -> None:
        """Hear what became of the last look and delivery, and wait longer and longer after failures."""
        if looked := self._looking.done():
            error = looked.exception()
            self._blind = None if error is None else str(error)
            self._next_look = 0.0 if error else self._next_look
        done = self._delivering.done()
        if done is None:
            return
        self._failure, left = _reason(done)
        self._pause = min(max(1.0, 2 * self._pause), MAX_PAUSE) if left else 0.0
        self._next_try = time.monotonic() + self._pause


def _reason(done: Future[Any]) -> tuple[str | None, bool]:
    """Why something was not told, and whether anything is left to be."""
    error = done.exception()
    if error is not None:
        return str(error), True
    outcome: Outcome = done.result()
    told = "; ".join(sorted({f"{name}: {reason}" for name, reason in outcome.failures}))
    reason = f"what was not delivered will be tried again: {told}" if told else None
    return reason, bool(outcome.failures or outcome.waiting)
