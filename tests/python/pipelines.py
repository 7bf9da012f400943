"""Random pipelines, and the way into and out of a real database."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from hypothesis import strategies as st
from oracle import Execution, Job, Json, OutboxMessage, Pipeline, Row
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
TIME_ZONES = ("UTC", "Asia/Kolkata", "America/New_York")

LISTED = ("created", "queued", "processing", "running", "completed", "failed", "cancelled")
UNLISTED = (None, "", "finalizing", "CREATED", "Completed", "failed ", " running", "paused", "créé")
EXECUTION_STATUSES = (
    "pending", "running", "retrying", "completed", "failed", "cancelled", "timeout", "duplicate_skipped",
    "RUNNING", "", None,
)  # fmt: skip
REGIONS = ("US", "us-east", "EU", "eu-west", "ASIA", "APAC", "asia-pacific", "us", "mars \"'\\é", "")
MODELS = ("m1", "m2", "m\"3'", "")
QUESTIONS = ("q1", "q2", "q 3", "")
SCALARS: tuple[Json, ...] = (
    None,
    "US",
    "",
    5,
    0,
    1.5,
    True,
    {},
    {"0": "US"},
    {"id": "m1", "regions": ["US"]},
)

# Ages at which a rule may change its mind.
THRESHOLDS = tuple(timedelta(minutes=minutes) for minutes in (-5, -1, 0, 1, 5, 10, 15, 30))
EDGES = tuple(timedelta(microseconds=us) for us in (0, 1, -1, 1_000_000, -1_000_000))


@dataclass(frozen=True)
class Maker:
    """Makes pipelines as of EPOCH out of a source of chance: hypothesis's, which can shrink, or a seed's.

    The first of several possibilities is always the plainest.
    """

    chance: Random
    statuses: tuple[str | None, ...] = LISTED + LISTED + UNLISTED
    execution_statuses: tuple[str | None, ...] = EXECUTION_STATUSES
    arrays_only: bool = False

    def pipeline(self, size: int | None = None) -> Pipeline:
        executions, messages = (size or 0) * 3, size or 0
        if size is None:
            size = self.chance.randint(1, 8)
            executions = self.chance.randint(0, size * 3 + 3)
            messages = self.chance.randint(0, size + 3)
        identities = range(1, size + 1)
        return Pipeline(
            tuple(self._job(identity) for identity in identities),
            tuple(self._execution(identity, size) for identity in range(1, executions + 1)),
            tuple(self._message(identity, size) for identity in range(1, messages + 1)),
        )

    def _pick(self, *options: Any) -> Any:
        return self.chance.choice(options)

    def _one_in(self, number: int) -> bool:
        return self.chance.randrange(number) == number - 1

    def _time(self) -> datetime:
        if self._one_in(2):
            return EPOCH - self._pick(*THRESHOLDS) - self._pick(*EDGES)
        return EPOCH - timedelta(seconds=self.chance.randint(-7200, 7200) * self._pick(1, 1, 100))

    def _time_or_none(self) -> datetime | None:
        return None if self._one_in(5) else self._time()

    def _job(self, identity: int) -> Job:
        return Job(
            identity,
            f"job-{identity}",
            self._spec(),
            self._pick(*self.statuses),
            *(self._time_or_none() for _ in range(4)),
        )

    def _execution(self, identity: int, jobs: int) -> Execution:
        return Execution(
            id=identity,
            job_id=self._pick(None, 999) if self._one_in(8) else self.chance.randint(1, jobs),
            provider_id=self._pick("modal-us-east", "golem-1"),
            region=self._region(),
            status=self._pick(*self.execution_statuses),
            started_at=self._time_or_none(),
            completed_at=self._time_or_none(),
            model_id=None if self._one_in(5) else self._model(),
            question_id=None if self._one_in(5) else self._question(),
            created_at=self._time_or_none(),
        )

    def _message(self, identity: int, jobs: int) -> OutboxMessage:
        name = "job-unknown" if self._one_in(8) else f"job-{self.chance.randint(1, jobs)}"
        envelope = {"id": name, "enqueued_at": "2025-01-01T00:00:00Z", "attempt": 0}
        queued = {"id": f"{name}:17", "jobspec_id": name, "attempts": 2, "payload": {}}
        odd = (envelope | {"jobspec_id": ""}, queued | {"jobspec_id": [name]}, name, [name], *SCALARS)
        payload = self._pick(envelope, queued, envelope | {"jobspec_id": None}, self._pick(*odd))
        published = self._time() if self._one_in(2) else None
        return OutboxMessage(identity, self._pick("jobs", "other"), payload, self._time_or_none(), published)

    # Specs: a few values in most places, so that executions often meet the cells that are expected of them.

    def _region(self) -> str:
        return self._pick("US", "us-east", "EU", self._pick(*REGIONS))

    def _model(self) -> str:
        return self._pick("m1", self._pick(*MODELS))

    def _question(self) -> str:
        return self._pick("q1", self._pick(*QUESTIONS))

    def _spec(self) -> Json:
        if self.arrays_only:
            return self._spec_of_arrays()
        # Odd in one place at a time, where an error shows best, or anywhere.
        odd = self._pick(
            (), ("regions",), ("models",), ("questions",), ("regions", "models", "questions", "all")
        )
        spec = {
            "constraints": {"regions": self._list(self._region, odd="regions" in odd)},
            "metadata": {"models": self._list(self._model_entry, odd="models" in odd)},
            "questions": self._list(self._question, odd="questions" in odd),
        }
        if "models" in odd and self._one_in(2):
            spec["models"] = self._list(self._model_entry, odd=True)
        if "all" not in odd:
            return spec
        if self._one_in(8):
            return self._scalar()
        return {
            key: self._scalar() if self._one_in(6) else value
            for key, value in spec.items()
            if not self._one_in(4)
        }

    def _model_entry(self) -> Json:
        entry = {"id": self._model(), "regions": self._list(self._region, odd=False)}
        return self._pick(entry["id"], entry)

    def _list(self, element: Callable[[], Json], *, odd: bool) -> Json:
        """One of the three lists: some elements, or every other shape in which it was seen."""
        plain = [element() for _ in range(self.chance.randint(1, 3))]
        if not odd:
            return plain
        strange = [self._scalar() for _ in range(self.chance.randint(0, 3))]
        return self._pick(
            plain + plain,
            plain + strange,
            strange + plain,
            strange,
            [{"id": entry, "regions": strange + plain} for entry in plain],
            [{"id": entry, "regions": self._scalar()} for entry in plain],
            [{"id": self._scalar(), "regions": plain}, *plain],
            self._scalar(),
        )

    def _scalar(self) -> Json:
        return self._pick(*SCALARS, [], ["US"])

    def _spec_of_arrays(self) -> Json:
        """What the analysis's own missing-executions query can read: arrays, or nothing at all."""
        regions, models, questions = (
            [self._scalar() for _ in range(self.chance.randint(0 if self._one_in(4) else 1, 3))]
            for _ in range(3)
        )
        spec = {
            "constraints": {"regions": regions},
            "metadata": {"models": models},
            "questions": questions,
        }
        return {key: value for key, value in spec.items() if not self._one_in(10)}


def pipelines(size: int | None = None, **options: Any) -> st.SearchStrategy[Pipeline]:
    """A strategy for pipelines as of EPOCH; `options` are those of `Maker`."""
    return st.randoms(use_true_random=False).map(lambda chance: Maker(chance, **options).pipeline(size))


@dataclass(frozen=True)
class Layout:
    """Where the source's tables are, and how a time is written there."""

    schema: str = "public"
    jobs: str = "jobs"
    executions: str = "executions"
    outbox: str = "outbox"
    time_zone: str = "UTC"
    zone_less: bool = True
    dropped: frozenset[tuple[str, str]] = frozenset()

    def write(self, value: Any) -> Any:
        if not isinstance(value, datetime) or not self.zone_less:
            return value
        return value.astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)


def load(connection: psycopg.Connection[Any], pipeline: Pipeline, layout: Layout | None = None) -> None:
    """Insert the rows, with their own ids."""
    layout = layout or Layout()
    json_columns = ("jobspec_data", "payload")
    dumps = partial(json.dumps, ensure_ascii=False)  # a database in SQL_ASCII reads no escapes
    for name, rows in zip(("jobs", "executions", "outbox"), pipeline.tables(), strict=True):
        if not rows:
            continue
        columns = [f.name for f in fields(rows[0]) if (name, f.name) not in layout.dropped]
        statement = sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(layout.schema, getattr(layout, name)),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(sql.Placeholder() * len(columns)),
        )
        values = [
            [
                Jsonb(getattr(row, column), dumps=dumps)
                if column in json_columns
                else layout.write(getattr(row, column))
                for column in columns
            ]
            for row in rows
        ]
        with connection.cursor() as cursor:
            cursor.executemany(statement, values)


def roll_back(connection: psycopg.Connection[Any]) -> None:
    """Undo what the transaction did, and keep what is prepared.

    psycopg's own rollback gives that up: findings/psycopg-rollback-plans-anew.sh.
    """
    connection.pgconn.exec_(b"rollback")


def begin(connection: psycopg.Connection[Any], time_zone: str = "UTC") -> datetime:
    """Start a transaction in a session's time zone; its time is the clock of every view."""
    roll_back(connection)
    connection.execute(sql.SQL("set local time zone {}").format(time_zone))
    return fetch(connection, "select now() as now")[0]["now"]


def fetch(connection: psycopg.Connection[Any], query: str) -> list[Row]:
    """The rows of a query, with every time in UTC."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query).fetchall()
    return [
        {k: v.astimezone(UTC) if isinstance(v, datetime) and v.tzinfo else v for k, v in row.items()}
        for row in rows
    ]
