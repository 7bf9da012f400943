"""Which dead letters may be put back; each move is in the audit trail, whatever is killed when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.recover.log import Entry, write
from stuck_jobs.recover.plan import CLOSED, Settings
from stuck_jobs.requeue.letters import DeadLetters, Letter, Waiting

IN_DOUBT = "in doubt: the move was begun"


@dataclass(frozen=True)
class Job:
    """What is known of a letter's job.

    Attributes:
        jobspec_id: its public id.
        exists: whether there is such a job.
        status: as the pipeline wrote it.
        recoveries: how often it was recovered before.
        was_just_recovered: whether that was so short a time ago that it has to wait.
        is_unpublished: whether a message for it waits in the outbox.
        fingerprint: of its row.
    """

    jobspec_id: str
    exists: bool
    status: str | None
    recoveries: int
    was_just_recovered: bool
    is_unpublished: bool
    fingerprint: str | None


@dataclass(frozen=True)
class Verdict:
    """A letter, and why it must stay; None if it may be put back.

    Attributes:
        letter: the message.
        job: that it is for; None if it names none.
        refusal: why it stays.
    """

    letter: Letter
    job: Job | None
    refusal: str | None


@dataclass(frozen=True)
class Moved:
    """What became of a letter: applied, or skipped for a reason."""

    letter: Letter
    outcome: str
    reason: str | None


@dataclass
class Requeuer:
    """Puts letters back.

    Attributes:
        connection: in autocommit mode, of a role that may.
        settings: of the project.
        raw_schema: of the audit table.
        letters: in Redis.
        includes_failed: whether a failed job may get its message back.
    """

    connection: psycopg.Connection[Any]
    settings: Settings
    raw_schema: str
    letters: DeadLetters
    includes_failed: bool = False

    def judge(self, jobs: Collection[str] = ()) -> list[Verdict]:
        """Look at every dead letter.

        Args:
            jobs: only the letters of these; empty for all.

        Raises:
            StuckJobsError: if Redis does not answer.
        """
        letters = [letter for letter in self.letters.read() if not jobs or letter.message.jobspec_id in jobs]
        if not letters:
            return []
        known = self._jobs(letter.message.jobspec_id for letter in letters)
        waiting = self.letters.waiting(list(known))
        verdicts, taken = [], set[str]()
        for letter in letters:
            job = known.get(letter.message.jobspec_id or "")
            refusal = self._refusal(letter, job, waiting)
            if refusal is None and job and job.jobspec_id in taken:
                refusal = "another dead letter of its job goes first"
            if refusal is None and job:
                taken.add(job.jobspec_id)
            verdicts.append(Verdict(letter, job, refusal))
        return verdicts

    def move(self, verdicts: Iterable[Verdict], cause: str = "dead_lettered") -> Iterator[Moved]:
        """Put the letters back that may be, one when it is asked for; each is in the audit trail first.

        Args:
            verdicts: of `judge`.
            cause: for the audit trail.

        Raises:
            StuckJobsError: if a server does not answer; `settle` finds out what became of the last one.
        """
        run_id = uuid4()
        for verdict in verdicts:
            if verdict.refusal is None:
                yield self._move(verdict, run_id, cause)

    def settle(self) -> None:
        """Find out what became of the moves whose end was not written down; only one process may be at it."""
        rows = self.connection.execute(self._query("in_doubt.sql"), {"reason": IN_DOUBT}).fetchall()
        for recovery_id, mark in rows:
            was_moved = self.letters.was_moved(mark)
            self._settle(
                recovery_id, "applied" if was_moved else "failed", None if was_moved else "not moved"
            )

    def _move(self, verdict: Verdict, run_id: UUID, cause: str) -> Moved:
        letter, job = verdict.letter, verdict.job
        assert job is not None  # noqa: S101
        mark = f"{letter.queue}:requeued:{uuid4()}"
        entry = Entry(
            run_id=run_id,
            accumulation_point="queue_dead_letter",
            entity_type="message",
            entity_id=letter.entity_id,
            jobspec_id=job.jobspec_id,
            cause=cause,
            remedy="requeue",
            outcome="failed",
            reason=IN_DOUBT,
            before={"queue": letter.queue, "attempts": letter.message.attempts, "mark": mark},
        )
        recovery_id = write(self.connection, self.raw_schema, entry)
        with self.connection.transaction():
            reason = self._obstacle(job)
            if reason is None and not self.letters.move(letter, mark):
                reason = "it is no longer there"
            outcome = "skipped" if reason else "applied"
            self._settle(recovery_id, outcome, reason)
        return Moved(letter, outcome, reason)

    def _obstacle(self, job: Job) -> str | None:
        """Lock a job's row; or say why its letter has to stay after all."""
        parameters = {"job": job.jobspec_id}
        is_locked = self.connection.execute(self._query("lock_job.sql"), parameters).fetchone()
        if is_locked is None or self._jobs([job.jobspec_id]).get(job.jobspec_id) != job:
            return "its job has changed since, or somebody is at it"
        return "a worker holds the lock of its job" if self.letters.is_held(job.jobspec_id) else None

    def _refusal(self, letter: Letter, job: Job | None, waiting: Waiting) -> str | None:
        message = letter.message
        if not message.parsed or job is None:
            return f"unparsable: {message.error or 'it names no job'}"
        if not job.exists:
            return "there is no such job"
        if job.status in CLOSED and not (job.status == "failed" and self.includes_failed):
            return f"its job is {job.status}"
        if job.jobspec_id in waiting.queued:
            return "a message for its job waits in a queue"
        if job.is_unpublished:
            return "a message for its job waits in the outbox"
        if job.jobspec_id in waiting.locked:
            return "a worker holds the lock of its job"
        if job.recoveries >= self.settings.max_attempts:
            return f"its job was recovered {job.recoveries} times"
        if job.was_just_recovered:
            return "its job was recovered a short time ago"
        return None

    def _jobs(self, names: Iterable[str | None]) -> dict[str, Job]:
        parameters = {
            "jobs": [name for name in names if name],
            "backoff": float(self.settings.backoff_minutes),
        }
        with self.connection.cursor(row_factory=class_row(Job)) as cursor:
            jobs = cursor.execute(self._query("jobs.sql"), parameters).fetchall()
        return {job.jobspec_id: job for job in jobs}

    def _settle(self, recovery_id: int, outcome: str, reason: str | None) -> None:
        after = Jsonb({"attempts": 0}) if outcome == "applied" else None
        parameters = {"id": recovery_id, "outcome": outcome, "reason": reason, "after": after}
        if self.connection.execute(self._query("settle.sql"), parameters).rowcount != 1:
            raise StuckJobsError(f"row {recovery_id} of recovery_log is gone")

    def _query(self, name: str) -> sql.Composed:
        text = files("stuck_jobs.requeue").joinpath(name).read_text(encoding="utf-8")
        return sql.SQL(text).format(
            log=sql.Identifier(self.raw_schema, "recovery_log"),
            schema=sql.Identifier(self.settings.schema),
            jobs=self.settings.jobs,
        )
