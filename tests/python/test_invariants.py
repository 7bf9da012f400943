from __future__ import annotations

from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from oracle import JUDGED, REGISTRY, Oracle, Pipeline, comparable
from pipelines import EPOCH, LISTED, TIME_ZONES, UNLISTED, Maker, begin, fetch, load, pipelines

Connection = psycopg.Connection[Any]

pytestmark = pytest.mark.parametrize("time_zone", TIME_ZONES)
shares_connection = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, *settings().suppress_health_check]
)

# The clock of a live job by its status, and for how long it may be quiet; any other status: the last line.
CLOCKS = """
    case status when 'created' then created_at when 'queued' then created_at
                when 'running' then started_at else updated_at end
"""
LIMITS = """
    case status when 'created' then interval '5 min' when 'queued' then interval '5 min'
                when 'processing' then interval '10 min' else interval '30 min' end
"""


def arrange(connection: Connection, pipeline: Pipeline, time_zone: str) -> Oracle:
    now = begin(connection, time_zone)
    moved = pipeline.shifted(now - EPOCH)
    load(connection, moved)
    return Oracle(moved, now)


def assert_views_hold(connection: Connection, oracle: Oracle) -> None:
    for view, expected in oracle.views().items():
        assert comparable(fetch(connection, f"select * from {view}")) == comparable(expected), view


def rejects(connection: Connection, query: str) -> None:
    assert fetch(connection, query) == []


@given(pipeline=pipelines())
@shares_connection
def test_views_hold_what_the_oracle_expects(
    connection: Connection, pipeline: Pipeline, time_zone: str
) -> None:
    assert_views_hold(connection, arrange(connection, pipeline, time_zone))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("statuses", [LISTED + UNLISTED, (*JUDGED, "running")], ids=["any", "judged"])
def test_views_hold_what_the_oracle_expects_of_a_crowd(
    connection: Connection, time_zone: str, statuses: tuple[str | None, ...], seed: int
) -> None:
    crowd = Maker(Random(seed), statuses).pipeline(size=500)
    assert_views_hold(connection, arrange(connection, crowd, time_zone))


@pytest.mark.parametrize("seed", range(3))
def test_views_hold_what_the_oracle_expects_of_a_crowd_that_fails(
    connection: Connection, time_zone: str, seed: int
) -> None:
    crowd = Maker(Random(seed), execution_statuses=("failed", "timeout", "completed")).pipeline(size=200)
    oracle = arrange(connection, crowd, time_zone)
    assert oracle.failure_bursts()
    assert_views_hold(connection, oracle)


@given(pipeline=pipelines())
@shares_connection
def test_no_live_job_is_invisible_and_none_is_listed_twice(
    connection: Connection, pipeline: Pipeline, time_zone: str
) -> None:
    arrange(connection, pipeline, time_zone)
    rejects(
        connection,
        f"""
        select j.jobspec_id, j.status, l.listed
        from (select *, {CLOCKS} at time zone 'UTC' as clock, {LIMITS} as quiet from public.jobs) as j
        cross join lateral (select count(*) as listed from stale_jobs as s where s.job_id = j.id::text) as l
        where l.listed <> case
            when j.status in ('completed', 'failed', 'cancelled') then 0
            when j.clock between now() - j.quiet and now() + interval '5 min' then 0
            else 1
        end
        """,
    )


@given(pipeline=pipelines())
@shares_connection
def test_no_open_execution_is_invisible_and_none_is_listed_twice(
    connection: Connection, pipeline: Pipeline, time_zone: str
) -> None:
    arrange(connection, pipeline, time_zone)
    rejects(
        connection,
        """
        select e.id, e.status, l.listed
        from (
            select *, case status when 'running' then started_at when 'pending' then created_at
                when 'retrying' then created_at else coalesce(started_at, created_at) end
                at time zone 'UTC' as clock
            from public.executions
        ) as e
        cross join lateral (
            select count(*) as listed from stuck_executions as s where s.execution_id = e.id::text
        ) as l
        where l.listed <> case
            when e.status in ('completed', 'failed', 'cancelled', 'timeout', 'duplicate_skipped') then 0
            when e.clock between now() - interval '15 min' and now() + interval '5 min' then 0
            else 1
        end
        """,
    )


@given(pipeline=pipelines())
@shares_connection
def test_summary_counts_the_items_and_has_every_point_once(
    connection: Connection, pipeline: Pipeline, time_zone: str
) -> None:
    arrange(connection, pipeline, time_zone)
    points = fetch(connection, "select accumulation_point from accumulation_points")
    names = [point["accumulation_point"] for point in points]
    assert len(names) == len(set(names))
    assert set(names) >= set(REGISTRY)
    rejects(
        connection,
        """
        select p.accumulation_point, p.state, p.stuck_count, i.items
        from accumulation_points as p
        full join (
            select accumulation_point, count(*) as items, min(stuck_since) as oldest, max(age_seconds) as age
            from stuck_items group by accumulation_point
        ) as i using (accumulation_point)
        where p.stuck_count is distinct from coalesce(i.items, 0)
            or p.oldest_stuck_since is distinct from i.oldest
            or p.oldest_age_seconds is distinct from i.age
            or p.state <> case when p.stuck_count > p.max_count then 'breached' else 'ok' end
            or p.evidence_at <> now()
        """,
    )


@given(pipeline=pipelines())
@shares_connection
def test_items_are_unique_and_their_ages_make_sense(
    connection: Connection, pipeline: Pipeline, time_zone: str
) -> None:
    arrange(connection, pipeline, time_zone)
    rejects(
        connection,
        """
        select *
        from (
            select *, count(*) over (partition by accumulation_point, entity_id) as copies from stuck_items
        ) as items
        where copies > 1
            or stuck_since > now() or age_seconds < 0
            or (stuck_since is null) <> (age_seconds is null)
            or age_seconds <> floor(extract(epoch from now() - stuck_since))
            or num_nulls(accumulation_point, entity_type, entity_id, threshold_seconds, cause) > 0
            or num_nulls(level, severity, remedy) > 0
        """,
    )


@given(pipeline=pipelines(size=8))
@settings(shares_connection, max_examples=10)
def test_view_without_suffix_is_the_latest_version(
    connection: Connection, pipeline: Pipeline, time_zone: str
) -> None:
    arrange(connection, pipeline, time_zone)
    latest = {"missing_executions": 2}
    for view in (
        "stale_jobs", "unpublished_outbox", "missing_executions", "stuck_executions", "stuck_items",
        "accumulation_points",
    ):  # fmt: skip
        versioned = fetch(connection, f"select * from {view}_v{latest.get(view, 1)}")
        assert comparable(fetch(connection, f"select * from {view}")) == comparable(versioned)


@pytest.mark.parametrize("at", ["-infinity", "infinity", "4713-01-01 BC", "294276-12-31 23:59:59"])
def test_times_at_the_end_of_time_break_no_view_and_hide_no_job(
    connection: Connection, time_zone: str, at: str
) -> None:
    begin(connection, time_zone)
    connection.execute(
        """
        insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at, started_at, completed_at)
        select s, '{"constraints": {"regions": ["US"]}}', s, at, at, at, at
        from unnest(array['created', 'queued', 'processing', 'running', 'finalizing', 'completed']) as s,
            cast(%s as timestamp) as at
        """,
        [at],
    )
    connection.execute(
        """
        insert into executions (provider_id, region, status, started_at, created_at)
        select 'p', 'r', s, at, at from unnest(array['running', 'pending']) as s, cast(%s as timestamp) as at
        """,
        [at],
    )
    connection.execute("insert into outbox (topic, payload, created_at) values ('t', '1', %s)", [at])
    for view in ("unpublished_outbox", "stuck_executions", "missing_executions_v1", "missing_executions"):
        fetch(connection, f"select v::text from {view} as v")
    listed = fetch(connection, "select jobspec_id from stale_jobs order by jobspec_id")
    live = ["created", "finalizing", "processing", "queued", "running"]
    assert [row["jobspec_id"] for row in listed] == live
    points = fetch(connection, "select sum(stuck_count)::int as stuck from accumulation_points")
    assert points == fetch(connection, "select count(*)::int as stuck from stuck_items")
