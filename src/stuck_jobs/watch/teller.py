"""Tells what has changed, as `stuck-jobs alert` does, without keeping the next check waiting."""

from __future__ import annotations

import time
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stuck_jobs.alert.http import DeliveryError
from stuck_jobs.alert.run import Current, Outcome, deliver, note_changes
from stuck_jobs.alert.store import AlertStore
from stuck_jobs.collect.store import raw_schema
from stuck_jobs.profile import Profile, connect
from stuck_jobs.views.rows import Point
from stuck_jobs.views.summary import Summary
from stuck_jobs.watch.aside import Aside
from stuck_jobs.watch.session import Session

if TYPE_CHECKING:
    from stuck_jobs.alert.changes import Rules
    from stuck_jobs.alert.channels import Channel
    from stuck_jobs.watch.voice import Voice

CHECK_IN_MINUTES = 5
MAX_PAUSE = 300.0
"""Seconds until a channel that could not be reached is tried again, at the longest."""


class Teller:
    """Notes changes over the watch's connection, and delivers them over one of its own.

    Args:
        profile: says where the database is.
        project: the dbt project.
        channels: where notices go; nothing is remembered if there are none.
        rules: how often to tell.
        voice: says what could not be delivered.
    """

    def __init__(
        self, profile: Profile, project: Path, channels: list[Channel], rules: Rules, voice: Voice
    ) -> None:
        self._profile, self._project = profile, project
        self._channels, self._rules, self._voice = channels, rules, voice
        self._aside = Aside()
        self._connection: Any = None
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
        if not self._channels:
            return
        self._hear()
        store = self._store(session)
        if not session.hold(f"{store.schema} alert"):
            self._voice.trouble("alert", "another run is under way")
            return
        now, points = store.now(), list[Point](summary.points)
        names = [channel.name for channel in self._channels]
        noted = note_changes(store, points, self._profile.schema, names, now, self._rules)
        if noted:
            self._next_try = 0.0
        is_due = time.monotonic() >= self._next_try and bool(store.pending())
        if self._aside.is_free and (is_due or self._checks_in()):
            muted = {mute.accumulation_point for mute in store.mutes(now)}
            by_name = {point.accumulation_point: point for point in points}
            current = Current(by_name, muted, self._profile.schema, now)
            self._aside.begin(lambda: self._deliver(current))
        self._voice.trouble("alert", self._failure)

    def finish(self, seconds: float) -> None:
        """Give what is being told some time to arrive.

        Args:
            seconds: how much.
        """
        self._aside.finish(seconds)

    def _store(self, session: Session) -> AlertStore:
        """The tables, which are looked for once in each session."""
        connection = session.open()
        store = AlertStore(connection, raw_schema(), self._project)
        if connection is not self._connection:
            store.prepare()
            self._connection = connection
        return store

    def _deliver(self, current: Current) -> Outcome:
        with connect(self._profile) as connection:
            store = AlertStore(connection, raw_schema(), self._project)
            outcome = deliver(store, self._channels, current)
            store.prune(current.now)
        outcome.failures += self._check_in()
        return outcome

    def _checks_in(self) -> bool:
        """Whether Sentry's Cron monitor is to hear from us."""
        from stuck_jobs.alert.channels import Sentry

        return time.monotonic() >= self._next_check_in and any(
            isinstance(channel, Sentry) for channel in self._channels
        )

    def _check_in(self) -> list[tuple[str, str]]:
        """Let the monitor know that somebody watches; returns who could not be told, and why."""
        from stuck_jobs.alert.channels import Sentry

        failures = []
        if self._checks_in():
            self._next_check_in = time.monotonic() + 60 * CHECK_IN_MINUTES
            for channel in self._channels:
                try:
                    if isinstance(channel, Sentry):
                        channel.check_in("ok", every_minutes=CHECK_IN_MINUTES)
                except DeliveryError as error:
                    failures.append((channel.name, str(error)))
        return failures

    def _hear(self) -> None:
        """Hear what became of the last delivery, and wait longer and longer after failures."""
        done = self._aside.done()
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
