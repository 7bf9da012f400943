"""The analytics against numpy and plain Python, over the same rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np
import psycopg
import pytest
from conftest import Warehouse
from psycopg.rows import dict_row

from stuck_jobs.demo.generator import Pipeline, generate
from stuck_jobs.demo.load import load
from stuck_jobs.demo.world import Execution

PERCENTS = (50, 95, 99)
ALIASES = {"US": "us-east", "EU": "eu-west", "APAC": "asia-pacific", "ASIA": "asia-pacific"}
NOW = datetime.now(UTC)
SINCE = (NOW - timedelta(days=7)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
CLOSED = ("completed", "failed", "cancelled")

VIEWS = (
    "job_durations", "execution_reliability", "throughput_hourly", "region_coverage", "threshold_advice",
    "job_spans",
)  # fmt: skip

LONG_AGO = (
    "insert into jobs (id, jobspec_id, jobspec_data, status, created_at, updated_at)"
    " select 1000000 + n, 'old-' || n, '{}', 'completed', at, at"
    " from generate_series(1, 20000) as n, lateral (select now() - n * interval '20 minutes' as at) as old"
    " where at < now() - interval '10 days'",
    "insert into executions (id, job_id, provider_id, region, status, created_at, completed_at)"
    " select id * 4 + n, id, 'old', 'us-east', 'completed', created_at, created_at"
    " from jobs, generate_series(1, 4) as n where jobspec_id like 'old-%'",
    "analyze jobs, executions",
)
"""Many more jobs than the look-back has, all of them before it."""

Row = dict[str, Any]


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return generate(NOW, seed=11, jobs=600)


@pytest.fixture(scope="module")
def analytics(new_warehouse: Callable[[], Warehouse], pipeline: Pipeline) -> psycopg.Connection[Row]:
    """A session far from UTC, over the views of a pipeline that ran for two weeks."""
    warehouse = new_warehouse()
    with warehouse.connect() as connection:
        load(connection, pipeline)
    outcome = warehouse.run_dbt(
        "run", "--select", "+tag:analytics", "+missing_executions", variables={"analytics_days": 7}
    )
    assert outcome.exit_code == 0, outcome.output
    connection = warehouse.connect(row_factory=dict_row, autocommit=True)
    connection.execute("set time zone 'Pacific/Kiritimati'")
    return connection


def rows(connection: psycopg.Connection[Row], view: str) -> list[Row]:
    return connection.execute(f"select * from {view}").fetchall()


def percentiles(seconds: Iterable[float | None], prefix: str = "") -> Row:
    known = [value for value in seconds if value is not None]
    found = np.percentile(known, PERCENTS) if known else [None] * len(PERCENTS)
    return {f"{prefix}p{percent}_seconds": value for percent, value in zip(PERCENTS, found, strict=True)}


def between(earlier: datetime | None, later: datetime | None) -> float | None:
    if earlier is None or later is None or later < earlier:
        return None
    return (later - earlier) / timedelta(seconds=1)


def assert_same(found: list[Row], expected: list[Row], *key: str) -> None:
    def ordered(unordered: list[Row]) -> list[Row]:
        return sorted(unordered, key=lambda row: [str(row[column]) for column in key])

    assert len(expected) > 0
    assert [[row[column] for column in key] for row in ordered(found)] == [
        [row[column] for column in key] for row in ordered(expected)
    ]
    for ours, theirs in zip(ordered(found), ordered(expected), strict=True):
        for column, value in theirs.items():
            wanted = pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
            assert ours[column] == wanted, (column, ours, theirs)


def by_job(pipeline: Pipeline) -> dict[int | None, list[Execution]]:
    executions: dict[int | None, list[Execution]] = defaultdict(list)
    for execution in pipeline.executions:
        executions[execution.job_id].append(execution)
    return executions


def lifecycles(pipeline: Pipeline) -> list[Row]:
    """The closed jobs within the look-back, with what they took."""
    found = []
    executions = by_job(pipeline)
    for job in pipeline.jobs:
        closed = job.completed_at or job.updated_at
        if job.status not in CLOSED or not closed or max(closed, job.updated_at or closed) < SINCE:
            continue
        starts = [execution.started_at or execution.created_at for execution in executions[job.id]]
        ends = [execution.completed_at for execution in executions[job.id] if execution.completed_at]
        began, ended = job.started_at or min(starts, default=None), max(ends, default=None)
        found.append({
            "status": job.status,
            "day": closed.date(),
            "queue_wait": between(job.created_at, began),
            "run_time": between(began, closed),
            "total": between(job.created_at, closed),
            "final_write": between(min(ended, closed), closed) if ended else None,
            "late_work": between(closed, max(ended, closed)) if ended else None,
        })  # fmt: skip
    return found


def recent(pipeline: Pipeline) -> list[Execution]:
    return [execution for execution in pipeline.executions if execution.created_at >= SINCE]


def test_durations_of_a_day_equal_numpy(analytics: psycopg.Connection[Row], pipeline: Pipeline) -> None:
    jobs = [job for job in lifecycles(pipeline) if job["status"] != "cancelled"]
    expected = []
    for day in {job["day"] for job in jobs}:
        of_day = [job for job in jobs if job["day"] == day]
        row: Row = {"day": day, "jobs": len(of_day)}
        for measure in ("queue_wait", "run_time", "total"):
            row |= percentiles((job[measure] for job in of_day), f"{measure}_")
        expected.append(row)
    assert len(expected) > 5
    assert_same(rows(analytics, "job_durations"), expected, "day")


def timed_out(execution: Execution) -> bool:
    failure = (execution.output_data or {}).get("failure", {}).get("type", "")
    return execution.status == "timeout" or (execution.status == "failed" and "timeout" in failure)


def test_reliability_equals_numpy(analytics: psycopg.Connection[Row], pipeline: Pipeline) -> None:
    def key(execution: Execution) -> tuple[str, str, str]:
        region = ALIASES.get(execution.region, execution.region)
        return execution.provider_id, region, execution.model_id or ""

    ran = [execution for execution in recent(pipeline) if execution.status != "duplicate_skipped"]
    expected = []
    for (provider, region, model), group in groupby(sorted(ran, key=key), key):
        executions = list(group)
        finished = [one for one in executions if one.status in ("completed", "failed", "timeout")]
        timeouts = sum(map(timed_out, executions))
        retried = sum((one.retry_count or 0) > 0 for one in executions)
        row: Row = {
            "provider_id": provider,
            "region": region,
            "model_id": model,
            "executions": len(executions),
            "finished": len(finished),
            "timed_out": timeouts,
            "retried": retried,
        }
        row |= percentiles(between(one.started_at or one.created_at, one.completed_at) for one in finished)
        expected.append(row)
    found = rows(analytics, "execution_reliability")
    assert_same(found, expected, "provider_id", "region", "model_id")
    for row in found:
        for rate, part, whole in (
            ("success_rate", "completed", "finished"),
            ("timeout_rate", "timed_out", "finished"),
            ("retry_rate", "retried", "executions"),
        ):
            share = row[part] / row[whole] if row[whole] else None
            found_rate = None if row[rate] is None else float(row[rate])
            assert found_rate == (None if share is None else pytest.approx(share, abs=5.1e-5))


def test_throughput_counts_every_hour(analytics: psycopg.Connection[Row], pipeline: Pipeline) -> None:
    hours = [SINCE + timedelta(hours=number) for number in range(7 * 24 + NOW.hour + 1)]
    counts = {
        hour: dict.fromkeys(("created", "closed", "completed", "failed", "executions"), 0) for hour in hours
    }

    def count(at: datetime | None, *names: str) -> None:
        hour = at and at.replace(minute=0, second=0, microsecond=0)
        for name in names if hour in counts else ():
            counts[hour][name] += 1

    for job in pipeline.jobs:
        count(job.created_at, "created")
        if job.status in CLOSED:
            names = {"completed", "failed"} & {job.status}
            count(job.completed_at or job.updated_at, "closed", *names)
    for execution in pipeline.executions:
        count(execution.created_at, "executions")
    expected = [{"hour": hour.replace(tzinfo=UTC)} | counted for hour, counted in counts.items()]
    found = [row for row in rows(analytics, "throughput_hourly") if row["hour"] <= NOW]
    for row in found:
        row["hour"] = row["hour"].astimezone(UTC)
    assert sum(row["closed"] for row in expected) > 200
    assert_same(found, expected, "hour")


def test_coverage_agrees_with_what_is_missing(analytics: psycopg.Connection[Row]) -> None:
    missing = analytics.execute(
        "select region, count(distinct m.job_id) as jobs from missing_executions as m"
        " inner join stg_jobs as j on j.job_id::text = m.job_id"
        " where j.source_updated_at >= %s and coalesce(j.completed_at, j.updated_at) >= %s"
        " and region is not null group by region",
        [SINCE, SINCE.replace(tzinfo=UTC)],
    ).fetchall()
    found = rows(analytics, "region_coverage")
    assert {row["region"] for row in found} == set(ALIASES.values())
    gaps = {row["region"]: row["jobs_expecting"] - row["jobs_complete"] for row in found}
    assert gaps == dict.fromkeys(gaps, 0) | {row["region"]: row["jobs"] for row in missing}
    assert sum(gaps.values()) > 0
    for row in found:
        assert float(row["coverage_rate"]) == pytest.approx(
            row["jobs_complete"] / row["jobs_expecting"], abs=5.1e-5
        )


def test_advice_equals_numpy(analytics: psycopg.Connection[Row], pipeline: Pipeline) -> None:
    jobs = [job for job in lifecycles(pipeline) if job["status"] == "completed"]
    executions = [execution for execution in recent(pipeline) if execution.status == "completed"]
    observed = {
        name: [job[name] for job in jobs] for name in ("queue_wait", "run_time", "final_write", "late_work")
    }
    observed["execution_run"] = [
        between(one.started_at or one.created_at, one.completed_at) for one in executions
    ]
    observed["execution_total"] = [between(one.created_at, one.completed_at) for one in executions]
    observed["outbox_wait"] = [
        between(message.created_at, message.published_at)
        for message in pipeline.outbox
        if message.created_at >= SINCE
    ]
    found = rows(analytics, "threshold_advice")
    assert {row["observed"] for row in found} == {*observed, "nothing"}
    for row in found:
        known = [value for value in observed.get(row["observed"], []) if value is not None]
        beyond = sum(value > row["limit_seconds"] for value in known)
        expected = percentiles(known) | {"samples": len(known)}
        expected["share_beyond_limit"] = beyond / len(known) if known else None
        if not known:
            expected["advice"] = "no_data"
        elif beyond / len(known) > 0.01:
            expected["advice"] = "too_tight"
        else:
            loose = row["limit_seconds"] > 10 * expected["p99_seconds"]
            expected["advice"] = "too_loose" if loose else "fits"
        assert_same(
            [row], [expected | {"accumulation_point": row["accumulation_point"]}], "accumulation_point"
        )


def scans(node: Row) -> Iterator[Row]:
    """The nodes of a plan that read the history."""
    if node.get("Relation Name") in ("jobs", "executions"):
        yield node
    for child in node.get("Plans", []):
        yield from scans(child)


def test_what_was_before_the_look_back_is_not_read(analytics: psycopg.Connection[Row]) -> None:
    with analytics.transaction(force_rollback=True):
        before = {view: len(rows(analytics, view)) for view in VIEWS}
        for statement in LONG_AGO:
            analytics.execute(statement)
        for view in VIEWS:
            (found,) = analytics.execute(f"explain (analyze, format json) select * from {view}").fetchall()
            plan = found["QUERY PLAN"][0]["Plan"]
            assert plan["Actual Rows"] == before[view]
            assert [*scans(plan)]
            for scan in scans(plan):
                assert scan["Node Type"] != "Seq Scan", (view, scan)
                removed = scan.get("Rows Removed by Filter", 0) + scan.get("Rows Removed by Index Recheck", 0)
                assert scan["Actual Rows"] + removed < 5000, (view, scan)


def test_a_look_back_that_is_none_is_refused(new_warehouse: Callable[[], Warehouse]) -> None:
    outcome = new_warehouse().run_dbt("run", "--select", "job_durations", variables={"analytics_days": -1})
    assert outcome.exit_code != 0
    assert "vars: analytics_days must be a number from 0 to" in outcome.output
