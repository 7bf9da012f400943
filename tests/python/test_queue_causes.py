"""Every waiting job's cause is what was done to it, in whatever order steps and snapshots fall."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import redis
from conftest import ROOT, Warehouse
from hypothesis import given, settings
from hypothesis import strategies as st
from redis_support import introduce

from stuck_jobs import embedded
from stuck_jobs.collect.command import Collector
from stuck_jobs.collect.redis_url import parse_redis_url
from stuck_jobs.profile import Profile

PLACES = {"main": "message_waiting", "retry": "retry_scheduled", "dead": "dead_lettered"}


@dataclass
class Job:
    """What is true of a job, as against what the views say."""

    number: int
    place: str | None = None
    outbox: str | None = None
    locked: bool = False
    in_flight: bool = False
    seen: tuple[Any, ...] | None = None

    @property
    def jobspec_id(self) -> str:
        return f"job-{self.number}"

    @property
    def message(self) -> bytes:
        if self.number % 2:
            return json.dumps({"id": self.jobspec_id, "attempt": 0}).encode()
        return json.dumps(
            {"id": f"{self.jobspec_id}:1", "jobspec_id": self.jobspec_id, "payload": {}}
        ).encode()

    @property
    def cause(self) -> str:
        """The cause that a snapshot of this moment proves."""
        if self.place in ("main", "retry"):
            return PLACES[self.place]
        if self.outbox == "unpublished":
            return "outbox_unpublished"
        if self.place == "dead":
            return "dead_lettered"
        if self.outbox is None:
            return "never_published"
        return "unknown" if self.locked or self.in_flight else "message_lost"

    @property
    def state(self) -> tuple[Any, ...]:
        return (self.place, self.outbox, self.locked, self.in_flight)


@dataclass
class Pipeline:
    """The steps of a real pipeline, and the accidents between them."""

    connection: psycopg.Connection[Any]
    client: redis.Redis
    collector: Collector
    jobs: dict[int, Job] = field(default_factory=dict)

    def clear(self) -> None:
        self.client.flushall()
        self.connection.execute("truncate jobs, executions, outbox")
        self.connection.execute("truncate stuck_jobs_raw.queue_snapshots")
        self.jobs.clear()

    def step(self, name: str, number: int) -> None:
        job = self.jobs.get(number)
        if job is None and name == "create":
            self.jobs[number] = self._create(number)
        elif job is not None and name != "create":
            getattr(self, f"_{name}")(job)

    def snapshot(self) -> None:
        self.collector.run()
        for job in self.jobs.values():
            job.seen = job.state

    def causes(self) -> dict[str, str]:
        rows = self.connection.execute("select jobspec_id, cause from stuck_jobs.stale_jobs").fetchall()
        return dict(rows)

    def _create(self, number: int) -> Job:
        job = Job(number)
        self.connection.execute(
            "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
            " values (%s, '{}', %s, now() - interval '1 hour', clock_timestamp())",
            [job.jobspec_id, "created" if number % 3 else "queued"],
        )
        return job

    def _write_outbox(self, job: Job) -> None:
        if job.outbox is None:
            self.connection.execute(
                "insert into outbox (topic, payload) values ('jobs', %s::jsonb)", [job.message.decode()]
            )
            job.outbox = "unpublished"

    def _push(self, job: Job) -> None:
        if job.outbox == "unpublished" and job.place is None:
            self.client.lpush("jobs", job.message)
            job.place = "main"

    def _mark(self, job: Job) -> None:
        if job.outbox == "unpublished" and job.place is not None:
            self.connection.execute(
                "update outbox set published_at = clock_timestamp()"
                " where coalesce(payload ->> 'jobspec_id', payload ->> 'id') = %s",
                [job.jobspec_id],
            )
            job.outbox = "published"

    def _lose(self, job: Job) -> None:
        self._take(job)

    def _retry(self, job: Job) -> None:
        if self._take(job):
            self.client.zadd("jobs:retry", {job.message: 4_000_000_000})
            job.place = "retry"

    def _dead_letter(self, job: Job) -> None:
        if self._take(job):
            self.client.lpush("jobs:dead", job.message)
            job.place = "dead"

    def _requeue(self, job: Job) -> None:
        if job.place in ("retry", "dead") and self._take(job):
            self.client.lpush("jobs", job.message)
            job.place = "main"

    def _duplicate(self, job: Job) -> None:
        if job.place == "main":
            self.client.lpush("jobs", job.message)

    def _corrupt(self, job: Job) -> None:
        if self._take(job):
            self.client.lpush("jobs", b"\xff\x00" + job.message[4:])

    def _lock(self, job: Job) -> None:
        self.client.set(f"job:processing:{job.jobspec_id}", "worker", ex=900)
        job.locked = True

    def _unlock(self, job: Job) -> None:
        self.client.delete(f"job:processing:{job.jobspec_id}")
        job.locked = False

    def _take_off(self, job: Job) -> None:
        self.client.set(f"jobs:processing:{json.loads(job.message)['id']}", "worker", ex=600)
        job.in_flight = True

    def _land(self, job: Job) -> None:
        self.client.delete(f"jobs:processing:{json.loads(job.message)['id']}")
        job.in_flight = False

    def _take(self, job: Job) -> bool:
        """Take a job's message from where it is; whether there was one."""
        with self.client.pipeline() as batch:
            batch.lrem("jobs", 0, job.message)
            batch.zrem("jobs:retry", job.message)
            batch.lrem("jobs:dead", 0, job.message)
            taken = any(batch.execute())
        job.place = None
        return taken


@pytest.fixture(scope="module")
def pipeline(new_built_warehouse: Callable[..., Warehouse]) -> Iterator[Pipeline]:
    warehouse = new_built_warehouse(redis_enabled=True)
    with embedded.redis_server() as server:
        profile = Profile(
            host=warehouse.libpq["PGHOST"], port=int(warehouse.libpq["PGPORT"]), user="postgres",
            password="", dbname=warehouse.libpq["PGDATABASE"], schema="stuck_jobs",
        )  # fmt: skip
        collector = Collector(
            profile, ROOT, parse_redis_url(server.url), ["jobs"], 10_000, timedelta(days=1), timeout=5
        )
        with warehouse.connect(autocommit=True) as connection, redis.Redis.from_url(server.url) as client:
            introduce(warehouse, client, collector.run)
            yield Pipeline(connection, client, collector)


STEPS = [
    "create", "create", "write_outbox", "write_outbox", "push", "push", "mark", "mark", "lose", "retry",
    "dead_letter", "requeue", "duplicate", "corrupt", "lock", "unlock",
    "take_off", "land",
]  # fmt: skip
interleavings = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(STEPS), st.integers(1, 6)),
        st.just(("snapshot", 0)),
    ),
    min_size=10,
    max_size=60,
)


@settings(max_examples=80)
@given(steps=interleavings)
def test_a_cause_is_what_was_done(pipeline: Pipeline, steps: list[tuple[str, int]]) -> None:
    pipeline.clear()
    for name, number in steps:
        if name == "snapshot":
            pipeline.snapshot()
        else:
            pipeline.step(name, number)
    told_before = pipeline.causes()
    for job in pipeline.jobs.values():
        if told_before[job.jobspec_id] == "message_lost":
            assert job.seen is not None
            assert job.seen[0] is None
            assert job.seen[1:] == ("published", False, False)
    pipeline.snapshot()
    assert pipeline.causes() == {job.jobspec_id: job.cause for job in pipeline.jobs.values()}


def test_what_is_pushed_in_a_transaction_is_not_lost_before_it_ends(pipeline: Pipeline) -> None:
    """The message comes after the snapshot, and `published_at` before it: a transaction has one time."""
    pipeline.clear()
    for step in ("create", "write_outbox"):
        pipeline.step(step, 1)
    job = pipeline.jobs[1]
    with psycopg.connect(pipeline.connection.info.dsn) as publisher:
        publisher.execute("select from outbox where published_at is null for update")
        pipeline.snapshot()
        pipeline.client.lpush("jobs", job.message)
        publisher.execute("update outbox set published_at = now()")
    assert pipeline.causes() == {"job-1": "unknown"}
    pipeline.snapshot()
    assert pipeline.causes() == {"job-1": "message_waiting"}


def test_a_queue_that_nobody_read_proves_no_loss(pipeline: Pipeline) -> None:
    pipeline.clear()
    for step in ("create", "write_outbox", "push", "mark", "lose"):
        pipeline.step(step, 1)
    pipeline.connection.execute("update outbox set topic = 'urgent'")
    pipeline.snapshot()
    assert pipeline.causes() == {"job-1": "unknown"}


def test_a_clock_that_was_put_back_loses_nothing(pipeline: Pipeline) -> None:
    pipeline.clear()
    for step in ("create", "write_outbox", "push", "mark"):
        pipeline.step(step, 1)
    pipeline.snapshot()
    pipeline.connection.execute(
        "update stuck_jobs_raw.queue_snapshots set observed_at = observed_at + interval '1 hour'"
    )
    assert pipeline.causes() == {"job-1": "unknown"}
    pipeline.snapshot()
    assert pipeline.causes() == {"job-1": "message_waiting"}
