"""Our views against the analysis's own queries, wherever those can run."""

from __future__ import annotations

from datetime import UTC
from random import Random
from typing import Any

import psycopg
import pytest
from conftest import Warehouse
from hypothesis import HealthCheck, given, settings
from oracle import Pipeline
from pipelines import EPOCH, LISTED, Maker, begin, fetch, load, pipelines

COUNTERPARTS = {
    "analysis_created": "select jobspec_id from stale_jobs where accumulation_point = 'job_created'",
    "analysis_queued": "select jobspec_id from stale_jobs where accumulation_point = 'job_queued'",
    "analysis_processing": "select jobspec_id from stale_jobs where accumulation_point = 'job_processing'",
    "analysis_running": "select jobspec_id from stale_jobs where accumulation_point = 'job_running'",
    "analysis_running_unstarted": """
        select jobspec_id from stale_jobs where accumulation_point = 'job_running_unstarted'
    """,
    "analysis_missing_executions": """
        select jobspec_id, status, actual_executions, expected_executions from missing_executions_v1
    """,
    "analysis_stuck_executions": """
        select execution_id::bigint as id, job_id::bigint as job_id, region, model_id, status, started_at
        from stuck_executions where accumulation_point = 'execution_running'
    """,
}


@pytest.fixture(scope="module")
def analyses(built: Warehouse) -> dict[str, str]:
    outcome = built.run_dbt("compile", "--select", *COUNTERPARTS)
    assert outcome.exit_code == 0, outcome.output
    compiled = {
        path.stem: path.read_text()
        for path in built.scratch.glob("target*/compiled/stuck_jobs/analyses/*.sql")
    }
    assert not [name for name, text in compiled.items() if f'"{built.schema}"' in text], "reads our views"
    return compiled


def assert_parity(analyses: dict[str, str], connection: psycopg.Connection[Any], pipeline: Pipeline) -> None:
    now = begin(connection)
    load(connection, pipeline.shifted(now - EPOCH))
    for name, query in COUNTERPARTS.items():
        ours = fetch(connection, query)
        columns = list(ours[0]) if ours else []
        theirs = [
            tuple(_in_utc(row[column]) for column in columns) for row in fetch(connection, analyses[name])
        ]
        assert sorted(theirs, key=repr) == sorted((tuple(row.values()) for row in ours), key=repr), name


@given(pipeline=pipelines(arrays_only=True))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_views_hold_the_rows_of_the_analysis(
    analyses: dict[str, str], connection: psycopg.Connection[Any], pipeline: Pipeline
) -> None:
    assert_parity(analyses, connection, pipeline)


@pytest.mark.parametrize("seed", range(3))
def test_views_hold_the_rows_of_the_analysis_in_a_crowd(
    analyses: dict[str, str], connection: psycopg.Connection[Any], seed: int
) -> None:
    assert_parity(analyses, connection, Maker(Random(seed), LISTED, arrays_only=True).pipeline(size=800))


def _in_utc(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if hasattr(value, "tzinfo") and value.tzinfo is None else value


def test_every_query_of_the_analysis_finds_something(
    analyses: dict[str, str], connection: psycopg.Connection[Any]
) -> None:
    begin(connection)
    connection.execute(
        """
        insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at, started_at)
        select s, '{"constraints": {"regions": [1]}, "metadata": {"models": [1]}, "questions": [1]}',
            split_part(s, ' ', 1), now() - interval '1 day', now() - interval '1 day',
            case when s like '% started' then now() - interval '1 day' end
        from unnest(array['created', 'queued', 'processing', 'running', 'running started', 'failed']) as s
        """
    )
    connection.execute(
        """
        insert into executions (provider_id, region, status, started_at)
        values ('p', 'us-east', 'running', now() - interval '1 day')
        """
    )
    for name, query in COUNTERPARTS.items():
        assert len(fetch(connection, analyses[name])) == len(fetch(connection, query)) == 1, name
