"""The roles of the README and of docs/recovery.md do their work with what is granted there, no more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from conftest import ROOT, Warehouse
from test_recover import WITH_REDIS, Pipeline, fill

from stuck_jobs import embedded

OPERATED = WITH_REDIS | {"operator_roles": ["stuck_jobs_operator"], "recovery_breaker_min_jobs": 50}
GRANTED = re.compile(r"grant select \(([^)]+)\)\s+on public\.(\w+) to stuck_jobs;", re.DOTALL)


def statements(document: str) -> list[str]:
    """The SQL that an administrator runs."""
    text = (ROOT / document).read_text().split("```sql\n", 1)[1].split("```", 1)[0]
    return [part.strip() for part in text.split(";") if part.strip()]


def granted() -> list[tuple[str, str]]:
    """Each table and column that the README lets the role read."""
    found = GRANTED.findall((ROOT / "README.md").read_text())
    return [(table, column.strip()) for columns, table in found for column in columns.split(",")]


@pytest.fixture(scope="module")
def opened(new_warehouse: Callable[[], Warehouse]) -> Iterator[Pipeline]:
    """A pipeline whose views belong to the role of the README, on a server of its own."""
    with (
        embedded.postgres() as server,
        embedded.redis_server() as queue,
        redis.Redis.from_url(queue.url) as client,
    ):
        scratch = new_warehouse().scratch
        warehouse = Warehouse(server.environment, scratch)
        schema = (ROOT / "src" / "stuck_jobs" / "source_schema.sql").read_text()
        warehouse.execute(schema, *statements("README.md"), *statements("docs/recovery.md"))
        warehouse.execute(
            "alter table jobs add column error_message text",
            "grant update (error_message) on jobs to stuck_jobs_operator",
        )
        pipeline = Pipeline(warehouse, queue, client)
        assert pipeline.run("collect", PGUSER="stuck_jobs").exit_code == 0
        built = warehouse.run_dbt(
            "build", "--exclude", "test_type:unit", variables=OPERATED, PGUSER="stuck_jobs"
        )
        assert built.exit_code == 0, built.output
        yield pipeline


@pytest.fixture
def pipeline(opened: Pipeline) -> Pipeline:
    opened.clear()
    return opened


def connected(pipeline: Pipeline, user: str) -> closing[psycopg.Connection[Any]]:
    return closing(
        psycopg.connect(
            host=pipeline.warehouse.libpq["PGHOST"], user=user, dbname="postgres", autocommit=True
        )
    )


@pytest.mark.parametrize(
    "command",
    [
        ["collect"], ["gate"], ["recover"], ["requeue"], ["alert"], ["metrics"], ["validate"],
        ["report", "--output", "report.html"],
    ],
    ids=lambda command: command[0],
)  # fmt: skip
def test_the_role_of_the_readme_suffices(
    pipeline: Pipeline, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = pipeline.run(*command, PGUSER="stuck_jobs")
    assert outcome.exit_code == 0, outcome.output


def test_recover_shows_its_plan_and_names_what_it_needs_to_apply_it(pipeline: Pipeline) -> None:
    fill(pipeline)
    assert pipeline.run("collect", PGUSER="stuck_jobs").exit_code == 0
    assert "9 can be put right" in pipeline.run("recover", PGUSER="stuck_jobs").output
    refused = pipeline.run("recover", "--apply", PGUSER="stuck_jobs")
    assert (refused.exit_code, "permission denied" in refused.output) == (2, True)


@pytest.mark.parametrize(("table", "column"), granted(), ids=str)
def test_less_than_that_fails_clearly(opened: Pipeline, table: str, column: str) -> None:
    opened.sql(f"revoke select ({column}) on {table} from stuck_jobs")
    try:
        outcome = opened.warehouse.run_dbt(
            "compile", "--select", f"stg_{table}", variables=OPERATED, PGUSER="stuck_jobs"
        )
    finally:
        opened.sql(f"grant select ({column}) on {table} to stuck_jobs")
    assert outcome.exit_code != 0
    assert f"may not read the column '{column}' of the watched table public.{table}" in outcome.output


def test_it_cannot_read_what_nobody_needs(opened: Pipeline) -> None:
    with connected(opened, "stuck_jobs") as reader:
        for query in (
            "select output_data from executions", "select receipt_data from executions", "select * from jobs",
            "update jobs set status = 'created'", "delete from outbox",
            "insert into outbox (topic) values ('x')",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(query.encode())
        assert reader.execute("select pg_has_role('pg_read_all_stats', 'member')").fetchone() == (False,)


@pytest.mark.parametrize("sees_all", [False, True])
def test_a_snapshot_is_no_newer_than_a_transaction_that_is_open(pipeline: Pipeline, sees_all: bool) -> None:
    age = (
        "select round(extract(epoch from now() - observed_at)) from stuck_jobs_raw.queue_snapshots"
        " order by snapshot_id desc limit 1"
    )
    if sees_all:
        pipeline.sql("grant pg_read_all_stats to stuck_jobs")
    try:
        assert pipeline.run("collect", PGUSER="stuck_jobs").exit_code == 0
        assert pipeline.sql(age)[0][0] < 30
        with pipeline.warehouse.connect() as writer:
            writer.execute("update jobs set status = status")
            writer.execute("select pg_current_xact_id()")
            assert pipeline.run("collect", PGUSER="stuck_jobs").exit_code == 0
    finally:
        pipeline.sql("revoke pg_read_all_stats from stuck_jobs")
    assert (pipeline.sql(age)[0][0] >= 59) is not sees_all


def test_the_operator_recovers_and_does_nothing_else(pipeline: Pipeline) -> None:
    fill(pipeline)
    pipeline.job("buried", "queued")
    pipeline.client.lpush("jobs:dead", '{"id": "m", "jobspec_id": "buried", "attempts": 3}')
    assert pipeline.run("collect", PGUSER="stuck_jobs").exit_code == 0
    allowed = pipeline.run("recover", "--apply", "--format", "json", PGUSER="stuck_jobs_operator")
    assert (allowed.exit_code, allowed.output.count("applied: ")) == (0, 9), allowed.output
    cancelled = pipeline.run("recover", "--job", "odd", "--cancel", "--apply", PGUSER="stuck_jobs_operator")
    assert (cancelled.exit_code, pipeline.status("odd")) == (0, "cancelled"), cancelled.output
    assert "1 put back" in pipeline.run("requeue", "--apply", PGUSER="stuck_jobs_operator").output
    assert pipeline.sql("select distinct actor from stuck_jobs.recovery_log") == [("stuck_jobs_operator",)]

    with connected(pipeline, "stuck_jobs_operator") as operator:
        for forbidden in (
            "delete from jobs", "update jobs set jobspec_data = '{}'",
            "insert into jobs (jobspec_id) values ('x')",
            "select jobspec_data from jobs", "select * from stuck_jobs.stg_job_specs",
            "select payload from outbox",
            "delete from outbox", "update outbox set published_at = now()",
            "select output_data from executions",
            "update executions set output_data = '{}'", "delete from stuck_jobs_raw.recovery_log",
            "update stuck_jobs_raw.recovery_log set actor = 'x'",
            "insert into stuck_jobs_raw.recovery_log (actor) values ('x')",
            "insert into stuck_jobs_raw.recovery_log (recovered_at) values (now())",
            "select * from stuck_jobs_raw.queue_messages", "create table stuck_jobs.mine (x int)",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                operator.execute(forbidden.encode())


def test_nobody_signs_for_another(pipeline: Pipeline) -> None:
    row = (
        "(run_id, actor, entity_type, entity_id, remedy, outcome)"
        " values (gen_random_uuid(), 'boss', 'job', '1', 'fail', 'failed')"
    )
    with connected(pipeline, "stuck_jobs") as owner:
        owner.execute(f"insert into stuck_jobs_raw.recovery_log {row}".encode())
        owner.execute("update stuck_jobs_raw.recovery_log set actor = 'boss'")
    assert pipeline.sql("select actor from stuck_jobs_raw.recovery_log") == [("stuck_jobs",)]


def test_an_operators_grants_survive_an_upgrade(opened: Pipeline) -> None:
    opened.sql("drop view stuck_jobs.int_recovery_plan cascade")
    built = opened.warehouse.run_dbt("run", variables=OPERATED, PGUSER="stuck_jobs")
    assert built.exit_code == 0, built.output
    assert opened.run("recover", PGUSER="stuck_jobs_operator").exit_code == 0
