"""The pipeline's three tables and its queue while they are being written, as its programs write them.

Every time is zone-less UTC, as in the tables themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Literal, NamedTuple, TypeVar
from uuid import UUID

from stuck_jobs.demo.queue import QUEUE, Queue, draw_message, failed_message
from stuck_jobs.demo.specs import DEFAULT_MODEL, SHAPES_THAT_RUN, Cell, JsonObject, Shape, draw_spec

Option = TypeVar("Option")

OUTBOX_KEEPS = timedelta(days=3)
SPOTLESS = timedelta(hours=2)
"""Executions younger than this succeed, so that no provider looks broken now."""

REGION_LABELS = {"us-east": "US", "eu-west": "EU", "asia-pacific": "ASIA"}
FAILURES = (
    ("modal_error", "provider", "container exited with code 137"),
    ("rate_limited", "provider", "429 from the inference endpoint"),
    ("invalid_response", "parser", "the model answered with an empty body"),
)
COLD_START = ("timeout", "provider", "no answer within 150 s: cold start")

MODEL_BROKEN = ("model_error", "provider", "phi3-mini: shard 3 of 4 is missing")

Trouble = Literal["cold_start", "timed_out", "retries_exhausted", "model_broken"]
TROUBLE_TAKES: dict[Trouble, tuple[float, float]] = {
    "cold_start": (152, 180),
    "timed_out": (152, 180),
    "retries_exhausted": (20, 90),
    "model_broken": (2, 9),
}
"""How many seconds a call lasts that is in trouble."""


class Job(NamedTuple):
    """A row of `jobs`."""

    id: int
    jobspec_id: str
    jobspec_data: JsonObject
    status: str | None
    created_at: datetime | None
    updated_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None


class Execution(NamedTuple):
    """A row of `executions`."""

    id: int
    job_id: int | None
    provider_id: str
    region: str
    status: str | None
    started_at: datetime | None
    completed_at: datetime | None
    output_data: JsonObject | None
    receipt_data: JsonObject | None
    model_id: str
    question_id: str | None
    created_at: datetime
    retry_count: int = 0
    max_retries: int = 3
    last_retry_at: datetime | None = None
    original_error: str | None = None


class OutboxMessage(NamedTuple):
    """A row of `outbox`."""

    id: int
    topic: str
    payload: JsonObject
    created_at: datetime
    published_at: datetime | None


class Fault(NamedTuple):
    """Something that was broken on purpose, as `stuck_items` has to report it.

    Attributes:
        point: the accumulation point.
        entity: as in `entity_id`: the row's primary key, `<job>:<region>:<model>:<question>`, or
            `<queue>:<message>`.
        cause: why, as far as the tables and the queue tell.
    """

    point: str
    entity: str
    cause: str


class Recovery(NamedTuple):
    """A row of `recovery_log`: a change that recovery has made; one run for each."""

    recovered_at: datetime
    run_id: UUID
    accumulation_point: str
    entity_type: str
    entity_id: str
    jobspec_id: str
    cause: str
    remedy: str
    outcome: str
    before: JsonObject
    after: JsonObject


class Submission(NamedTuple):
    """A job that has been sent and whose row is not written yet.

    Attributes:
        id: the job's primary key.
        jobspec_id: its public id.
        document: the spec.
        cells: the executions that it asks for.
        sent_at: when it was sent.
        outbox_id: the primary key of its outbox row, or None.
        message: what the outbox carries.
    """

    id: int
    jobspec_id: str
    document: JsonObject
    cells: tuple[Cell, ...]
    sent_at: datetime
    outbox_id: int | None
    message: JsonObject


class Outcome(NamedTuple):
    """What came of running some cells: the end of the last execution, and the share that failed."""

    end: datetime
    failure_rate: float


@dataclass
class World:
    """The tables, the queue, and the list of what was broken in them.

    Attributes:
        now: the present, zone-less UTC.
        rng: decides everything that is left to chance.
        written: the cells of each job that have a row.
    """

    now: datetime
    rng: Random
    jobs: list[Job] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    outbox: list[OutboxMessage] = field(default_factory=list)
    recoveries: list[Recovery] = field(default_factory=list)
    queue: Queue = field(default_factory=Queue)
    faults: list[Fault] = field(default_factory=list)
    written: defaultdict[int | None, set[Cell]] = field(default_factory=lambda: defaultdict(set))
    last_stamp: int = 0
    turns: Counter[str] = field(default_factory=Counter)

    def in_turn(self, topic: str, options: Sequence[Option]) -> Option:
        """Take the next option of a topic: unlike drawing, this leaves none out."""
        self.turns[topic] += 1
        return options[(self.turns[topic] - 1) % len(options)]

    def submit(
        self,
        sent_at: datetime,
        shape: Shape | None = None,
        *,
        announced: bool = True,
        published: bool = True,
        queue: str = QUEUE,
    ) -> Submission:
        """Send a job: the outbox row is written; the job's own row is left to `leave`.

        Args:
            sent_at: not before that of the job before.
            shape: how the spec is written down; drawn if not given.
            announced: whether there is an outbox row at all. Rows older than three days have been deleted.
            published: whether the outbox says that the message has reached the queue.
            queue: which one that is.
        """
        if shape is None:
            (shape,) = self.rng.choices(list(SHAPES_THAT_RUN), list(SHAPES_THAT_RUN.values()))
        jobspec_id = self._new_jobspec_id(sent_at)
        spec = draw_spec(self.rng, jobspec_id, shape)
        message = draw_message(self.rng, jobspec_id, sent_at)
        outbox_id = None
        if announced and sent_at > self.now - OUTBOX_KEEPS:
            outbox_id = self._announce(message, sent_at, published, queue)
        return Submission(
            len(self.jobs) + 1, jobspec_id, spec.document, spec.cells, sent_at, outbox_id, message
        )

    def leave(
        self,
        job: Submission,
        status: str | None,
        *,
        updated: datetime | None,
        created: datetime | None,
        started: datetime | None = None,
        completed: datetime | None = None,
    ) -> None:
        """Write the job's row, in the state in which it is found now."""
        self.jobs.append(
            Job(job.id, job.jobspec_id, job.document, status, created, updated, started, completed)
        )

    def run(
        self,
        job: Submission,
        cells: Iterable[Cell],
        start: datetime,
        *,
        until: datetime | None = None,
        outage: str | None = None,
    ) -> Outcome:
        """Run cells, regions side by side, and write a row for each one that ends.

        Args:
            job: whose executions they are.
            cells: what to run.
            start: when the worker begins.
            until: when it stops; what has not ended by then is not written, and no call before then fails.
            outage: a region in which every call fails.
        """
        free_at: dict[str, datetime] = {}
        end, ran, failed = start, 0, 0
        for cell in cells:
            begin = free_at.get(cell.region, start)
            finish = begin + timedelta(seconds=self.rng.triangular(3, 45, 9))
            if until is not None and finish > until:
                continue
            provider = self._provider(cell.region)
            smooth = until is not None or begin > self.now - SPOTLESS
            broken = cell.region == outage
            succeeded = self._execute(job.id, cell, provider, begin, finish, smooth=smooth, broken=broken)
            ran, failed = ran + 1, failed + (not succeeded)
            free_at[cell.region] = finish
            end = max(end, finish)
        return Outcome(end, failed / max(ran, 1))

    def hang(
        self, job_id: int | None, cell: Cell, status: str | None, since: datetime, *, unstarted: bool = False
    ) -> int:
        """Write an execution that has not ended.

        Args:
            job_id: None for an orphan.
            cell: what it executes.
            status: pending, running or retrying, or one that nobody knows.
            since: when it was created, and also started unless it is pending.
            unstarted: whether its start was not noted.

        Returns:
            Its primary key.
        """
        row = self._row(job_id, cell, self._provider(cell.region), status, since)
        self.written[job_id].add(cell)
        retried = status == "retrying"
        self.executions.append(
            row._replace(
                started_at=None if status == "pending" or unstarted else since,
                retry_count=int(retried),
                last_retry_at=since if retried else None,
                original_error=COLD_START[2] if retried else None,
            )
        )
        return row.id

    def retry(self, job: Submission, cell: Cell, start: datetime, times: int) -> None:
        """Write further rows for a cell that has been executed already."""
        for count in range(1, times + 1):
            finish = start + timedelta(seconds=self.rng.triangular(3, 45, 9))
            row = self._row(job.id, cell, self._provider(cell.region), "completed", start)
            self.executions.append(
                self._succeeded(row, finish)._replace(retry_count=count, last_retry_at=start)
            )

    def call(self, job: Submission, cell: Cell, provider: str, start: datetime, trouble: Trouble) -> datetime:
        """Write an execution by a provider or of a model that is in trouble.

        Args:
            job: whose execution it is.
            cell: what it executes.
            provider: who runs it.
            start: when the call begins.
            trouble: how it ends.

        Returns:
            When it ended.
        """
        self.written[job.id].add(cell)
        finish = start + timedelta(seconds=self.rng.uniform(*TROUBLE_TAKES[trouble]))
        row = self._row(job.id, cell, provider, "completed", start)
        match trouble:
            case "cold_start":
                row = self._succeeded(row, finish)
            case "timed_out":
                row = self._failed(row, finish, COLD_START)._replace(status="timeout")
            case "retries_exhausted":
                row = self._failed(row, finish)._replace(retry_count=row.max_retries, last_retry_at=finish)
            case "model_broken":
                row = self._failed(row, finish, MODEL_BROKEN)
        self.executions.append(row)
        return finish

    def fail(self, job: Submission, attempts: int, error: str) -> JsonObject:
        """The message of a job that could not be run, as a worker writes it back."""
        return failed_message(self.rng, job.jobspec_id, job.sent_at, attempts, error)

    def recover(self, job: Submission, remedy: str, at: datetime) -> None:
        """Write down that a job which had lost its worker was recovered.

        Args:
            job: which one.
            remedy: reset, or fail when there were too many.
            at: when.
        """
        self.recoveries.append(
            Recovery(
                recovered_at=at,
                run_id=UUID(int=self.rng.getrandbits(128), version=4),
                accumulation_point="worker_lost",
                entity_type="job",
                entity_id=str(job.id),
                jobspec_id=job.jobspec_id,
                cause="lock_gone",
                remedy=remedy,
                outcome="applied",
                before={"status": "processing"},
                after={"status": "created" if remedy == "reset" else "failed"},
            )
        )

    def blame(self, point: str, entity: int | str | None, cause: str) -> None:
        """Remember what was broken; a second time changes nothing."""
        fault = Fault(point, str(entity), cause)
        if fault not in self.faults:
            self.faults.append(fault)

    def _new_jobspec_id(self, sent_at: datetime) -> str:
        """Such as bias-detection-1760458397970; the number is a Unix time in ms, and unique."""
        stamp = int((sent_at - datetime(1970, 1, 1)) / timedelta(milliseconds=1))  # noqa: DTZ001
        self.last_stamp = max(stamp, self.last_stamp + 1)
        prefix = self.rng.choice(("bias-detection", "bias-detection", "multi-region", "portal"))
        return f"{prefix}-{self.last_stamp}"

    def _announce(self, message: JsonObject, sent_at: datetime, published: bool, queue: str = QUEUE) -> int:
        """Write the outbox row."""
        published_at = sent_at + timedelta(seconds=self.rng.uniform(0.05, 1.5)) if published else None
        self.outbox.append(OutboxMessage(len(self.outbox) + 1, queue, message, sent_at, published_at))
        return len(self.outbox)

    def _provider(self, region: str) -> str:
        if self.rng.random() < 0.85:
            return f"modal-{region}"
        return f"golem-{region}-{self.rng.randint(1, 3):02}"

    def _execute(
        self,
        job_id: int,
        cell: Cell,
        provider: str,
        begin: datetime,
        finish: datetime,
        *,
        smooth: bool,
        broken: bool,
    ) -> bool:
        """Write a finished execution, and the failed attempts before it; False if the cell failed."""
        row = self._row(job_id, cell, provider, "completed", begin)
        self.written[job_id].add(cell)
        luck = 1.0 if smooth else self.rng.random()
        weak_spot = 0.12 if provider.startswith("golem-asia") else 0.0
        if broken or luck < 0.02 + weak_spot:
            self.executions.append(self._failed(row, finish)._replace(retry_count=row.max_retries))
            return False
        if luck < 0.035 + weak_spot:
            timed_out = self._failed(row, begin + timedelta(seconds=self.rng.uniform(150, 180)), COLD_START)
            self.executions.append(timed_out._replace(status="timeout"))
            return False
        if luck < 0.07 + weak_spot:
            attempt = self._failed(row, begin + (finish - begin) / 2)
            self.executions.append(attempt)
            row = self._row(job_id, cell, provider, "completed", begin)._replace(
                retry_count=1,
                last_retry_at=attempt.completed_at,
                original_error=FAILURES[0][2],
            )
        self.executions.append(self._succeeded(row, finish))
        if 0.07 + weak_spot < luck < 0.075 + weak_spot:
            self.executions.append(self._row(job_id, cell, provider, "duplicate_skipped", begin))
        return True

    def _row(
        self, job_id: int | None, cell: Cell, provider: str, status: str | None, at: datetime
    ) -> Execution:
        """A new row of `executions`, without a result; the region is in either spelling."""
        return Execution(
            id=len(self.executions) + 1,
            job_id=job_id,
            provider_id=provider,
            region=cell.region if self.rng.random() < 0.8 else REGION_LABELS[cell.region],
            status=status,
            started_at=at,
            completed_at=None,
            output_data=None,
            receipt_data=None,
            model_id=cell.model or DEFAULT_MODEL,
            question_id=cell.question or self.rng.choice((None, "")),
            created_at=at,
        )

    def _succeeded(self, row: Execution, finish: datetime) -> Execution:
        tokens = self.rng.randint(40, 400)
        return row._replace(
            completed_at=finish,
            output_data={"response": "Answer made up for the demo.", "tokens_generated": tokens},
            receipt_data={
                "schema_version": "v0.1.0",
                "provider": row.provider_id,
                "output_hash": f"sha256:{tokens:064x}",
                "signature": f"demo-signature-{row.id:064x}",
            },
        )

    def _failed(
        self, row: Execution, finish: datetime, failure: tuple[str, str, str] | None = None
    ) -> Execution:
        kind, component, message = failure or self.rng.choice(FAILURES)
        return row._replace(
            status="failed",
            completed_at=finish,
            output_data={"failure": {"type": kind, "component": component, "message": message}},
            original_error=message,
        )
