"""What the views must hold, computed in plain Python from the rows of the source and nothing else.

Written from the design alone and without a look at the SQL, so that the two can disagree. It knows the points
of REGISTRY, in a deployment without Redis; `comparable` leaves the others out of a view.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import product
from typing import Any

Json = Any
Row = dict[str, Any]
Cell = tuple[str, str | None, str | None]

LISTED_LIVE = ("created", "queued", "processing", "running")
CLOSED = ("completed", "failed", "cancelled")
JUDGED = ("completed", "failed")
OPEN_EXECUTION = ("pending", "running", "retrying")
ENDED_EXECUTION = ("completed", "failed", "cancelled", "timeout", "duplicate_skipped")
FUTURE_TOLERANCE = timedelta(minutes=1)
JOBS_TOLERANCE = timedelta(minutes=5)
ALIASES = {"US": "us-east", "EU": "eu-west", "APAC": "asia-pacific", "ASIA": "asia-pacific"}


@dataclass(frozen=True)
class Point:
    level: str
    minutes: int
    remedy: str

    @property
    def limit(self) -> timedelta:
        return timedelta(minutes=self.minutes)


REGISTRY = {
    "job_created": Point("database", 5, "republish"),
    "job_queued": Point("database", 5, "republish"),
    "job_processing": Point("database", 10, "reset"),
    "job_running": Point("database", 30, "timeout"),
    "job_running_unstarted": Point("database", 0, "reset"),
    "job_unevaluable": Point("database", 30, "none"),
    "outbox_unpublished": Point("database", 5, "none"),
    "execution_missing": Point("execution", 1, "none"),
    "execution_running": Point("execution", 15, "fail"),
    "execution_pending": Point("execution", 15, "fail"),
    "execution_unevaluable": Point("execution", 15, "none"),
    "failure_burst": Point("execution", 0, "none"),
}
FAILED_EXECUTION = ("failed", "timeout")
FAILURE_WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class Job:
    id: int
    jobspec_id: str
    jobspec_data: Json
    status: str | None
    created_at: datetime | None
    updated_at: datetime | None
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True)
class Execution:
    id: int
    job_id: int | None
    provider_id: str
    region: str
    status: str | None
    started_at: datetime | None
    completed_at: datetime | None
    model_id: str | None
    question_id: str | None
    created_at: datetime | None


@dataclass(frozen=True)
class OutboxMessage:
    id: int
    topic: str
    payload: Json
    created_at: datetime | None
    published_at: datetime | None


@dataclass(frozen=True)
class Pipeline:
    jobs: tuple[Job, ...] = ()
    executions: tuple[Execution, ...] = ()
    outbox: tuple[OutboxMessage, ...] = ()

    def shifted(self, delta: timedelta) -> Pipeline:
        """The same pipeline, with every time moved by `delta`."""
        return Pipeline(*(tuple(_shifted(row, delta) for row in rows) for rows in self.tables()))

    def without(self, dropped: frozenset[tuple[str, str]]) -> Pipeline:
        """The same pipeline where the given (table, column) pairs are NULL."""
        tables = zip(("jobs", "executions", "outbox"), self.tables(), strict=True)
        return Pipeline(
            *(
                tuple(
                    replace(row, **{f.name: None for f in fields(row) if (name, f.name) in dropped})
                    for row in rows
                )
                for name, rows in tables
            )
        )

    def tables(self) -> tuple[tuple[Any, ...], ...]:
        return self.jobs, self.executions, self.outbox


def _shifted(row: Any, delta: timedelta) -> Any:
    times = {f.name: getattr(row, f.name) for f in fields(row)}
    return replace(row, **{name: at + delta for name, at in times.items() if isinstance(at, datetime)})


@dataclass(frozen=True)
class Spec:
    """The expected executions of one `jobspec_data`.

    `models` holds an entry per usable element: its id, and the regions to which it is restricted (none: all).
    """

    regions: frozenset[str]
    models: tuple[tuple[str, frozenset[str]], ...]
    questions: frozenset[str]

    @classmethod
    def read(cls, data: Json, aliases: dict[str, str]) -> Spec:
        models = _models(_get(data, "metadata", "models"), aliases) or _models(_get(data, "models"), aliases)
        regions = _regions(_get(data, "constraints", "regions"), aliases)
        if not regions:
            regions = frozenset().union(*(restricted for _, restricted in models))
        return cls(regions, models, frozenset(_strings(_get(data, "questions"))))

    def cells(self) -> set[Cell]:
        entries: tuple[tuple[str | None, frozenset[str]], ...] = self.models or ((None, frozenset()),)
        questions: frozenset[str] | tuple[None] = self.questions or (None,)
        return {
            (region, model, question)
            for (model, restricted), region, question in product(entries, self.regions, questions)
            if not restricted or region in restricted
        }


def _get(value: Json, *path: str) -> Json:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _strings(value: Json) -> list[str]:
    return [element for element in value if isinstance(element, str)] if isinstance(value, list) else []


def _regions(value: Json, aliases: dict[str, str]) -> frozenset[str]:
    return frozenset(aliases.get(region, region) for region in _strings(value))


def _models(value: Json, aliases: dict[str, str]) -> tuple[tuple[str, frozenset[str]], ...]:
    entries: list[tuple[str, frozenset[str]]] = []
    for element in value if isinstance(value, list) else []:
        if isinstance(element, str):
            entries.append((element, frozenset()))
        elif isinstance(identity := _get(element, "id"), str):
            entries.append((identity, _regions(element.get("regions"), aliases)))
    return tuple(entries)


def _as_text(value: Json) -> str | None:
    """PostgreSQL's `->>`."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def payload_jobspec_id(payload: Json) -> str | None:
    named = _as_text(_get(payload, "jobspec_id"))
    return _as_text(_get(payload, "id")) if named is None else named


def comparable(rows: list[Row]) -> list[Row]:
    """The rows of the points in REGISTRY, in an order of their own and without the sentence of evidence."""
    known = [
        {column: value for column, value in row.items() if column != "evidence"}
        for row in rows
        if row["accumulation_point"] in REGISTRY
    ]
    return sorted(known, key=lambda row: (row["accumulation_point"], row.get("entity_id", "")))


@dataclass(frozen=True)
class Oracle:
    """The expected content of each view at the time `now`.

    `cell_columns` are those of model_id and question_id that the executions table has.
    """

    pipeline: Pipeline
    now: datetime
    aliases: dict[str, str] = field(default_factory=lambda: ALIASES)
    cell_columns: frozenset[str] = frozenset({"model_id", "question_id"})

    def views(self) -> dict[str, list[Row]]:
        return {
            "stale_jobs_v1": self.stale_jobs(),
            "unpublished_outbox_v1": self.unpublished_outbox(),
            "missing_executions_v1": self.missing_executions_v1(),
            "missing_executions_v2": self.missing_executions_v2(),
            "stuck_executions_v1": self.stuck_executions(),
            "failure_bursts_v1": self.failure_bursts(),
            "stuck_items_v1": self.stuck_items(),
            "accumulation_points_v1": self.accumulation_points(),
        }

    def stale_jobs(self) -> list[Row]:
        return [row for job in self.pipeline.jobs if (row := self._stale_job(job))]

    def unpublished_outbox(self) -> list[Row]:
        return [
            self._row(
                "outbox_unpublished",
                "outbox_message",
                message.id,
                payload_jobspec_id(message.payload),
                "unpublished",
                message.created_at,
                "unknown",
                message.topic,
                outbox_id=str(message.id),
                topic=message.topic,
            )
            for message in self.pipeline.outbox
            if message.published_at is None and self._older("outbox_unpublished", message.created_at)
        ]

    def stuck_executions(self) -> list[Row]:
        return [row for execution in self.pipeline.executions if (row := self._stuck_execution(execution))]

    def failure_bursts(self) -> list[Row]:
        """Per model and the last hour: at least ten executions failed, and more than half."""
        calls: dict[str | None, list[Execution]] = defaultdict(list)
        for execution in self.pipeline.executions:
            if execution.created_at and execution.created_at > self.now - FAILURE_WINDOW:
                kind = (execution.model_id or None) if "model_id" in self.cell_columns else None
                calls[kind].append(execution)
        rows = []
        for model, recent in calls.items():
            failed = [call.created_at for call in recent if call.status in FAILED_EXECUTION]
            if len(failed) >= 10 and 2 * len(failed) > len(recent):
                row = self._row(
                    "failure_burst",
                    "job_kind",
                    model or "",
                    None,
                    "failing",
                    self._first_past(min(at for at in failed if at)),
                    "failing_often",
                    kind=model,
                    executions=len(recent),
                    failures=len(failed),
                    failure_rate=round(Decimal(len(failed)) / len(recent), 4),
                    failed_since=min(at for at in failed if at),
                    last_failed_at=max(at for at in failed if at),
                )
                rows.append(row)
        return rows

    def missing_executions_v1(self) -> list[Row]:
        rows = []
        for job in self.pipeline.jobs:
            lists = (("constraints", "regions"), ("metadata", "models"), ("questions",))
            expected = 1
            for path in lists:
                value = _get(job.jobspec_data, *path)
                expected *= len(value) if isinstance(value, list) else 0
            actual = len(self._executions(job))
            if job.status in JUDGED and actual < expected:
                row = self._row(
                    "execution_missing",
                    "job",
                    job.id,
                    job.jobspec_id,
                    job.status,
                    self._first_past(job.completed_at, job.updated_at),
                    "unknown",
                    job_id=str(job.id),
                    expected_executions=expected,
                    actual_executions=actual,
                    missing_executions=expected - actual,
                )
                rows.append(row | {"threshold_seconds": 0})
        return rows

    def missing_executions_v2(self) -> list[Row]:
        return [row for job in self.pipeline.jobs for row in self._missing_of(job)]

    def stuck_items(self) -> list[Row]:
        common = list(self._row("job_created", "", 0, None, None, None, ""))
        return [
            {column: row[column] for column in common}
            | {
                "level": REGISTRY[row["accumulation_point"]].level,
                "severity": "error",
                "remedy": REGISTRY[row["accumulation_point"]].remedy,
            }
            for row in (
                *self.stale_jobs(),
                *self.unpublished_outbox(),
                *self.stuck_executions(),
                *self.failure_bursts(),
                *self.missing_executions_v2(),
            )
        ]

    def accumulation_points(self) -> list[Row]:
        since: dict[str, list[datetime | None]] = defaultdict(list)
        for item in self.stuck_items():
            since[item["accumulation_point"]].append(item["stuck_since"])
        rows = []
        for name, point in REGISTRY.items():
            oldest = min((at for at in since[name] if at), default=None)
            rows.append(
                {
                    "accumulation_point": name,
                    "level": point.level,
                    "state": "breached" if since[name] else "ok",
                    "stuck_count": len(since[name]),
                    "max_count": 0,
                    "oldest_stuck_since": oldest,
                    "oldest_age_seconds": self._age(oldest),
                    "severity": "error",
                    "remedy": point.remedy,
                    "evidence_at": self.now,
                }
            )
        return rows

    def _stale_job(self, job: Job) -> Row | None:
        if job.status in CLOSED:
            return None
        if job.status == "running" and job.started_at is None:
            since = self._first_past(job.updated_at, job.created_at)
            return self._job_row("job_running_unstarted", job, since, self._running_cause(job))
        clocks = {"processing": job.updated_at, "running": job.started_at}
        clock = clocks.get(job.status, job.created_at) if job.status in LISTED_LIVE else job.updated_at
        if clock is None or clock > self.now + JOBS_TOLERANCE:
            since = self._first_past(job.updated_at, job.created_at)
            return self._job_row("job_unevaluable", job, since, "clock_skew" if clock else "unknown")
        point = f"job_{job.status}" if job.status in LISTED_LIVE else "job_unevaluable"
        if not self._older(point, clock):
            return None
        cause = "unknown"
        if job.status in ("created", "queued"):
            cause = self._publication_cause(job)
        elif job.status == "running":
            cause = self._running_cause(job)
        return self._job_row(point, job, clock, cause)

    def _publication_cause(self, job: Job) -> str:
        messages = [
            message
            for message in self.pipeline.outbox
            if payload_jobspec_id(message.payload) == job.jobspec_id
        ]
        if any(message.published_at is None for message in messages):
            return "outbox_unpublished"
        return "unknown" if messages else "never_published"

    def _running_cause(self, job: Job) -> str:
        executions = self._executions(job)
        if not executions:
            return "never_started"
        if any(execution.status in OPEN_EXECUTION for execution in executions):
            return "executions_open"
        if any(not self._satisfied(cell, executions) for cell in self._cells(job)):
            return "executions_missing"
        return "executions_finished"

    def _stuck_execution(self, execution: Execution) -> Row | None:
        if execution.status in ENDED_EXECUTION:
            return None
        if execution.status == "running":
            point, clock = "execution_running", execution.started_at
        elif execution.status in ("pending", "retrying"):
            point, clock = "execution_pending", execution.created_at
        else:
            point, clock = "execution_unevaluable", execution.started_at or execution.created_at
        ahead = clock is not None and clock > self.now + JOBS_TOLERANCE
        if clock is None or ahead:
            point = "execution_unevaluable"
        elif not self._older(point, clock):
            return None
        job = next((job for job in self.pipeline.jobs if job.id == execution.job_id), None)
        cause = "unknown" if job is None else "job_finished" if job.status in CLOSED else "job_live"
        return self._row(
            point,
            "execution",
            execution.id,
            job.jobspec_id if job else None,
            execution.status,
            self._first_past(clock, execution.started_at, execution.created_at),
            "clock_skew" if ahead else cause,
            kind=execution.model_id if "model_id" in self.cell_columns else None,
            execution_id=str(execution.id),
            job_id=None if execution.job_id is None else str(execution.job_id),
            region=execution.region,
            provider_id=execution.provider_id,
            model_id=execution.model_id,
            question_id=execution.question_id,
            started_at=execution.started_at,
        )

    def _missing_of(self, job: Job) -> list[Row]:
        clocks = (job.completed_at, job.updated_at)
        closed = next((at for at in clocks if at and at <= self.now + FUTURE_TOLERANCE), None)
        if job.status not in JUDGED or (closed and not self._older("execution_missing", closed)):
            return []
        executions = self._executions(job)
        if not Spec.read(job.jobspec_data, self.aliases).regions:
            if job.status != "completed":
                return []
            return [self._cell_row(job, (None, None, None), closed, "spec_unreadable", None, len(executions))]
        cells = self._cells(job)
        missing = {cell for cell in cells if not self._satisfied(cell, executions)}
        heard = {self._region(execution) for execution in executions}
        return [
            self._cell_row(
                job,
                cell,
                closed,
                "not_written" if cell[0] in heard else "region_silent",
                len(cells),
                len(cells) - len(missing),
            )
            for cell in missing
        ]

    def _cells(self, job: Job) -> set[Cell]:
        return {
            (
                region,
                model if "model_id" in self.cell_columns else None,
                question if "question_id" in self.cell_columns else None,
            )
            for region, model, question in Spec.read(job.jobspec_data, self.aliases).cells()
        }

    def _satisfied(self, cell: Cell, executions: list[Execution]) -> bool:
        region, model, question = cell
        return any(
            self._region(execution) == region
            and model in (None, execution.model_id)
            and question in (None, execution.question_id)
            for execution in executions
        )

    def _region(self, execution: Execution) -> str:
        return self.aliases.get(execution.region, execution.region)

    def _executions(self, job: Job) -> list[Execution]:
        return self._executions_by_job[job.id]

    @cached_property
    def _executions_by_job(self) -> dict[int | None, list[Execution]]:
        grouped = defaultdict(list)
        for execution in self.pipeline.executions:
            grouped[execution.job_id].append(execution)
        return grouped

    def _older(self, point: str, clock: datetime | None) -> bool:
        return clock is not None and clock < self.now - REGISTRY[point].limit

    def _first_past(self, *clocks: datetime | None) -> datetime | None:
        return next((at for at in clocks if at and at <= self.now), None)

    def _age(self, since: datetime | None) -> int | None:
        return None if since is None else (self.now - since) // timedelta(seconds=1)

    def _cell_row(
        self,
        job: Job,
        cell: tuple[str | None, str | None, str | None],
        closed: datetime | None,
        cause: str,
        expected: int | None,
        actual: int,
    ) -> Row:
        region, model, question = cell
        entity = ":".join((str(job.id), region or "", model or "", question or ""))
        return self._row(
            "execution_missing",
            "missing_execution",
            entity,
            job.jobspec_id,
            job.status,
            closed,
            cause,
            kind=model,
            job_id=str(job.id),
            region=region,
            model_id=model,
            question_id=question,
            expected_executions=expected,
            actual_executions=actual,
        )

    def _job_row(self, point: str, job: Job, since: datetime | None, cause: str) -> Row:
        topics = [
            message.topic
            for message in self.pipeline.outbox
            if payload_jobspec_id(message.payload) == job.jobspec_id
        ]
        return self._row(
            point,
            "job",
            job.id,
            job.jobspec_id,
            job.status,
            since,
            cause,
            max(topics, default=None) if point in ("job_created", "job_queued") else None,
            job_id=str(job.id),
            created_at=job.created_at,
            updated_at=job.updated_at,
            started_at=job.started_at,
        )

    def _row(
        self,
        point: str,
        entity_type: str,
        entity_id: object,
        jobspec_id: str | None,
        status: str | None,
        since: datetime | None,
        cause: str,
        queue: str | None = None,
        kind: str | None = None,
        **own: Any,
    ) -> Row:
        return {
            "accumulation_point": point,
            "entity_type": entity_type,
            "entity_id": str(entity_id),
            "jobspec_id": jobspec_id,
            "status": status,
            "stuck_since": since,
            "age_seconds": self._age(since),
            "threshold_seconds": REGISTRY[point].minutes * 60,
            "cause": cause,
            "queue_name": queue,
            "job_kind": kind,
        } | own
