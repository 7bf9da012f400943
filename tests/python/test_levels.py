"""The views of the levels worker, portal and network hold what plain Python expects of random pipelines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import CLOSED, FUTURE_TOLERANCE, JUDGED, Execution, Job, Pipeline, Row
from pipelines import EPOCH, TIME_ZONES, begin, fetch, load
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[Any]

pytestmark = pytest.mark.parametrize("time_zone", TIME_ZONES)
shares_connection = settings(
    max_examples=min(50, settings().max_examples),
    suppress_health_check=[HealthCheck.function_scoped_fixture, *settings().suppress_health_check],
)

OPEN = ("pending", "running")
ENDED = ("completed", "failed", "cancelled", "timeout", "duplicate_skipped")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)

LIMITS = tuple(MINUTE * number for number in (2, 15, 60, 1, 0, -1))
EDGES = (timedelta(0), timedelta(microseconds=1), -timedelta(microseconds=1), SECOND, -SECOND)


@dataclass(frozen=True)
class Scenes:
    """Makes jobs whose executions often are what their specs ask for, or nearly so."""

    chance: Random

    def pipeline(self) -> Pipeline:
        jobs, executions = [], []
        for identity in range(1, self.chance.randint(1, 6) + 1):
            regions = self.chance.sample(["us-east", "eu-west", "asia-pacific"], self.chance.randint(0, 3))
            models = self.chance.sample(["m1", "m2"], self.chance.randint(1, 2))
            jobs.append(self.job(identity, regions, models))
            usual = self.chance.choice([ENDED, (*ENDED, *OPEN), (*ENDED, *OPEN, "retrying", "", None)])
            cells = [(region, model) for region in regions for model in models]
            again = self.chance.choices(cells, k=self.chance.randint(0, 2)) if cells else []
            for region, model in cells + again:
                if self.chance.random() < 0.9:
                    executions.append(self.execution(identity, region, model, self.chance.choice(usual)))
        numbered = (replace(execution, id=number) for number, execution in enumerate(executions, 1))
        return Pipeline(tuple(jobs), tuple(numbered))

    def time(self) -> datetime | None:
        if self.chance.random() < 0.1:
            return None
        if self.chance.random() < 0.5:
            return EPOCH - self.chance.choice(LIMITS) - self.chance.choice(EDGES)
        return EPOCH - timedelta(seconds=self.chance.randint(-120, 7200))

    def job(self, identity: int, regions: list[str], models: list[str]) -> Job:
        spec = {"constraints": {"regions": regions}, "metadata": {"models": models}}
        status = self.chance.choice(
            ["running", "processing", "completed", "failed", "cancelled", "created", None]
        )
        return Job(identity, f"job-{identity}", spec, status, *(self.time() for _ in range(4)))

    def execution(self, job: int, region: str, model: str, status: str | None) -> Execution:
        times = [self.time() for _ in range(3)]
        return Execution(0, job, "modal", region, status, times[0], times[1], model, None, times[2])


pipelines = st.randoms(use_true_random=False).map(lambda chance: Scenes(chance).pipeline())


def first(*values: datetime | None) -> datetime | None:
    return next((value for value in values if value is not None), None)


def latest(values: Iterable[datetime | None]) -> datetime | None:
    return max((value for value in values if value is not None), default=None)


@dataclass(frozen=True)
class Expected:
    """What is expected of a pipeline at a time, from the words of the points' pages."""

    pipeline: Pipeline
    now: datetime

    def of(self, job: Job) -> list[Execution]:
        return [execution for execution in self.pipeline.executions if execution.job_id == job.id]

    def plausible(self, at: datetime | None) -> datetime | None:
        return at if at and at <= self.now + FUTURE_TOLERANCE else None

    def closed_at(self, job: Job) -> datetime | None:
        return first(self.plausible(job.completed_at), self.plausible(job.updated_at))

    def regions(self, job: Job) -> dict[str, bool]:
        """Each region of the spec, and whether it is whole."""
        written = {(execution.region, execution.model_id) for execution in self.of(job)}
        models = job.jobspec_data["metadata"]["models"]
        return {
            region: all((region, model) in written for model in models)
            for region in job.jobspec_data["constraints"]["regions"]
        }

    def mismatches(self) -> Iterator[tuple[Any, ...]]:
        due = self.now - 2 * MINUTE
        for job in self.pipeline.jobs:
            executions = self.of(job)
            still_open = [execution for execution in executions if execution.status in OPEN]
            ended = [execution for execution in executions if execution.status in ENDED]
            last = latest(first(e.completed_at, e.started_at, e.created_at) for e in executions)
            facts = (len(still_open), len(ended), last)
            if job.status not in CLOSED:
                regions = self.regions(job)
                if (
                    last
                    and last < due
                    and len(ended) == len(executions)
                    and regions
                    and all(regions.values())
                ):
                    yield ("job_not_closed", str(job.id), last, *facts)
            elif job.status in JUDGED and still_open:
                began = (self.plausible(first(e.started_at, e.created_at)) for e in still_open)
                since = latest([self.closed_at(job), min((at for at in began if at), default=None)])
                if since is None or since < due:
                    yield ("job_closed_early", str(job.id), since, *facts)

    def was_closed_since(self, job: Job, instant: datetime) -> bool:
        """What cannot be dated was, if it was ever written."""
        closed_at = self.closed_at(job)
        if job.updated_at is not None and job.updated_at <= instant:
            return False
        return closed_at > instant if closed_at else job.updated_at is not None

    def interrupted(self) -> Iterator[tuple[Any, ...]]:
        for job in self.pipeline.jobs:
            since, cause = job.updated_at, "context_timeout"
            if job.status == "failed":
                since = self.closed_at(job)
                started = first(job.started_at, job.created_at)
                if since is None or started is None or since - started < 15 * MINUTE:
                    cause = "context_cancelled"
                if since and since >= self.now - MINUTE:
                    continue
            elif job.status != "processing" or since is None or since >= self.now - 15 * MINUTE:
                continue
            whole = list(self.regions(job).values())
            if 0 < sum(whole) < len(whole):
                yield (str(job.id), since, cause, sum(whole), len(whole) - sum(whole))


def arrange(connection: Connection, pipeline: Pipeline, time_zone: str) -> Expected:
    now = begin(connection, time_zone)
    moved = pipeline.shifted(now - EPOCH)
    load(connection, moved)
    return Expected(moved, now)


def rows(connection: Connection, columns: str, view: str) -> list[tuple[Any, ...]]:
    found = fetch(connection, f"select {columns} from {view}")
    return sorted((tuple(row.values()) for row in found), key=str)


@given(pipeline=pipelines)
@shares_connection
def test_status_mismatches(connection: Connection, pipeline: Pipeline, time_zone: str) -> None:
    expected = arrange(connection, pipeline, time_zone).mismatches()
    columns = (
        "accumulation_point, entity_id, stuck_since, executions_open, executions_finished, last_execution_at"
    )
    assert rows(connection, columns, "status_mismatches") == sorted(expected, key=str)


@given(pipeline=pipelines)
@shares_connection
def test_interrupted_jobs(connection: Connection, pipeline: Pipeline, time_zone: str) -> None:
    expected = arrange(connection, pipeline, time_zone).interrupted()
    columns = "entity_id, stuck_since, cause, regions_complete, regions_incomplete"
    assert rows(connection, columns, "interrupted_jobs") == sorted(expected, key=str)


@given(pipeline=pipelines)
@shares_connection
def test_job_status_adds_up(connection: Connection, pipeline: Pipeline, time_zone: str) -> None:
    expected = arrange(connection, pipeline, time_zone)
    shown = {row["job_id"]: row for row in fetch(connection, "select * from job_status")}
    hour_ago = expected.now - timedelta(hours=1)
    for job in expected.pipeline.jobs:
        assert (str(job.id) in shown) == (
            job.status not in CLOSED or expected.was_closed_since(job, hour_ago)
        )
    missing = fetch(
        connection, "select job_id, count(region) as cells from missing_executions group by job_id"
    )
    for row in missing:
        if row["job_id"] in shown:
            assert shown[row["job_id"]]["executions_missing"] == row["cells"]
    for row in shown.values():
        parts = [row[f"executions_{part}"] for part in ("finished", "pending", "missing")]
        assert min(parts) >= 0
        assert row["status"] == "cancelled" or sum(parts) == row["executions_expected"]
        assert row["display_status"]
        assert row["reason"]
    lacking = sum(row["executions_missing"] for row in shown.values())
    assert lacking == sum(row["cells"] for row in missing if row["job_id"] in shown)


@dataclass(frozen=True)
class Call:
    """An execution as the provider points see it; its times are ages."""

    provider: str
    region: str
    status: str | None
    began: timedelta | None
    waited: timedelta | None
    took: timedelta | None
    failure: str | None
    retries: int | None
    may_retry: int | None

    @property
    def timed_out(self) -> bool:
        return self.status == "timeout" or (self.status == "failed" and self.failure == "timeout")

    @property
    def slow(self) -> bool:
        return self.took is not None and self.took > 150 * SECOND

    @property
    def failed(self) -> bool:
        return self.status in ("failed", "timeout")

    @property
    def given_up(self) -> bool:
        enough = None not in (self.retries, self.may_retry) and self.retries >= self.may_retry  # type: ignore[operator]
        return self.failed and enough

    @property
    def region_name(self) -> str:
        return {"US": "us-east"}.get(self.region, self.region)


def make_calls(chance: Random) -> list[Call]:
    """Up to forty calls to two providers, of which a fifth or so time out."""
    pick = chance.choice
    share = pick([0.1, 0.2, 0.3, 1])
    calls = []
    for _ in range(chance.randint(1, 40)):
        bad = chance.random() < share
        calls.append(
            Call(
                provider=pick(["modal", "modal", "golem"]),
                region=pick(["us-east", "US"]),
                status=pick(["timeout", "failed", "completed"])
                if bad
                else pick(["completed", "cancelled", None]),
                began=pick(
                    [
                        None,
                        *(limit + edge for limit in (60 * MINUTE, 9 * MINUTE, -5 * MINUTE) for edge in EDGES),
                    ]
                ),
                waited=pick([None, timedelta(0), 10 * MINUTE]),
                took=pick([None, 150 * SECOND + pick(EDGES), 200 * SECOND if bad else SECOND]),
                failure=pick(["timeout", "refused", None]),
                retries=pick([None, 0, 2, 3]),
                may_retry=pick([None, 3, 3, 3]),
            )
        )
    return calls


def insert_calls(connection: Connection, calls: list[Call], now: datetime) -> None:
    for call in calls:
        created = None if call.began is None else (now - call.began).replace(tzinfo=None)
        started = None if created is None or call.waited is None else created + call.waited
        began = first(started, created)
        ended = None if began is None or call.took is None else began + call.took
        connection.execute(
            "insert into executions (provider_id, region, status, created_at, started_at, completed_at,"
            " output_data, retry_count, max_retries) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                call.provider, call.region, call.status, created, started, ended,
                Jsonb({"failure": {"type": call.failure}} if call.failure else pick_odd(call)),
                call.retries, call.may_retry,
            ],
        )  # fmt: skip


def pick_odd(call: Call) -> Any:
    """An output that tells of no failure, in one of several shapes."""
    return [None, "timeout", {"failure": "timeout"}, ["failure"]][(call.retries or 0) % 4]


def expected_failures(calls: list[Call], now: datetime) -> Iterator[tuple[Any, ...]]:
    groups: dict[tuple[str, str], list[Call]] = defaultdict(list)
    for call in calls:
        if call.began is not None and call.began < 60 * MINUTE:
            groups[call.provider, call.region_name].append(call)
    for (provider, region), group in groups.items():
        late = [call for call in group if call.timed_out or call.slow]
        given_up = [call for call in group if call.given_up]
        facts = (f"{provider}/{region}", len(group), sum(call.failed for call in group), len(late))

        def since(some: list[Call]) -> datetime | None:
            oldest = now - max(call.began for call in some if call.began is not None)
            return oldest if oldest <= now else None

        if len(late) >= 5 and len(late) * 5 > len(group):
            cold = sum(call.slow and not call.failed for call in late)
            yield (
                "provider_timeout",
                "cold_start" if cold * 2 > len(late) else "timed_out",
                since(late),
                *facts,
            )
        if given_up:
            yield ("provider_retries_exhausted", "retries_exhausted", since(given_up), *facts)


@given(calls=st.randoms(use_true_random=False).map(make_calls))
@shares_connection
def test_provider_failures(connection: Connection, calls: list[Call], time_zone: str) -> None:
    now = begin(connection, time_zone)
    insert_calls(connection, calls, now)
    columns = "accumulation_point, cause, stuck_since, entity_id, executions, failures, timeouts"
    found = rows(connection, columns, "provider_failures")
    assert found == sorted(expected_failures(calls, now), key=str)


@given(pipeline=pipelines)
@shares_connection
def test_every_item_is_in_the_list_once(connection: Connection, pipeline: Pipeline, time_zone: str) -> None:
    arrange(connection, pipeline, time_zone)
    views = ("interrupted_jobs", "status_mismatches", "provider_failures", "stalled_pipeline")
    union = " union all ".join(
        f"select accumulation_point, entity_id, stuck_since from {view}" for view in views
    )
    points = "'job_interrupted', 'job_not_closed', 'job_closed_early', 'provider_timeout',"
    points += " 'provider_retries_exhausted', 'pipeline_stalled'"
    items: list[Row] = fetch(
        connection,
        "select accumulation_point, entity_id, stuck_since from stuck_items"
        f" where accumulation_point in ({points})",
    )
    listed = sorted(map(str, fetch(connection, union)))
    assert listed == sorted(map(str, items))
    assert len(listed) == len(set(listed))
