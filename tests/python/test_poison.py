"""A value that PostgreSQL takes and then refuses, as json columns may hold, makes one item unevaluable."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from conftest import Outcome, Warehouse

from stuck_jobs import embedded
from stuck_jobs.cli import main

JSON = (
    "drop index idx_jobs_jobspec_data",
    "alter table jobs alter column jobspec_data type json",
    "alter table executions alter column output_data type json, alter column retry_count type numeric",
    "alter table outbox alter column payload type json",
)
SPEC = '{"constraints":{"regions":["US"]},"metadata":{"models":["m1"]}}'
POISON = {
    "nul": r"a\u0000b",
    "half of a pair": r"a\ud83db",
}
WITH_QUESTION = '{{"constraints":{{"regions":["US"]}},"metadata":{{"models":["m1"]}},"questions":["{}"]}}'
VIEWS = ("stuck_items", "accumulation_points", "job_status", "missing_executions_v1", "execution_reliability")


@pytest.fixture(scope="module")
def warehouse(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    found = new_warehouse()
    found.execute(*JSON)
    assert found.run_dbt("run").exit_code == 0
    return found


@pytest.fixture(autouse=True)
def empty(warehouse: Warehouse) -> None:
    warehouse.execute("truncate jobs, executions, outbox restart identity cascade")


def insert_job(warehouse: Warehouse, name: str, spec: str, status: str) -> None:
    with warehouse.connect(autocommit=True) as connection:
        connection.execute(
            "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
            " select %s, %s::json, %s, at, at from (select now() - interval '1 hour' as at) as clock",
            [name, spec, status],
        )


def run(warehouse: Warehouse, *arguments: str) -> Outcome:
    with embedded.redis_server() as server:
        variables = warehouse.libpq | {
            "DBT_PROFILES_DIR": str(warehouse.scratch), "REDIS_URL": server.url,
        }  # fmt: skip
        result = CliRunner().invoke(main, arguments, env=variables)
    return Outcome(result.exit_code, result.output)


def items(warehouse: Warehouse) -> set[tuple[str, str, str]]:
    rows = warehouse.rows(
        "select accumulation_point, jobspec_id, cause from stuck_items where jobspec_id > ''"
    )
    return set(rows)  # type: ignore[arg-type]


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
def test_a_poison_spec_is_one_item(warehouse: Warehouse, poison: str) -> None:
    healthy = WITH_QUESTION.format(r"\ud83d\ude00 and \\u0000")
    insert_job(warehouse, "poison", WITH_QUESTION.format(poison), "completed")
    insert_job(warehouse, "incomplete", healthy, "completed")
    insert_job(warehouse, "live", WITH_QUESTION.format(poison), "created")
    for view in VIEWS:
        warehouse.rows(f"select * from {view}")
    assert items(warehouse) == {
        ("execution_missing", "poison", "spec_unreadable"),
        ("execution_missing", "incomplete", "region_silent"),
        ("job_created", "live", "never_published"),
    }
    assert run(warehouse, "recover").exit_code == 0
    assert run(warehouse, "gate").exit_code == 1
    assert warehouse.run_dbt("run").exit_code == 0


def test_a_poison_failure_is_counted_and_breaks_nothing(warehouse: Warehouse) -> None:
    insert_job(warehouse, "whole", SPEC, "completed")
    warehouse.execute(
        "insert into executions (job_id, provider_id, region, model_id, status, output_data, retry_count,"
        " created_at, completed_at) select 1, 'p', 'us-east', 'm1', 'failed', output::json, 1e30,"
        " now() - interval '10 minutes', now() - interval '9 minutes' from (values"
        r""" ('{"failure":{"type":"timeout","message":"\u0000"}}'), ('{"failure":{"type":"timeout"}}'))"""
        " as outputs (output)"
    )
    for view in VIEWS:
        warehouse.rows(f"select * from {view}")
    types = "select failure_type, retry_count from stg_executions order by 1"
    assert warehouse.rows(types) == [("timeout", None), (None, None)]
    assert run(warehouse, "gate").exit_code == 0


def test_a_poison_message_is_still_its_jobs(warehouse: Warehouse) -> None:
    insert_job(warehouse, "told", SPEC, "created")
    insert_job(warehouse, "untold", SPEC, "created")
    payload = json.dumps({"id": "told", "note": "\0"})
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("insert into outbox (topic, payload) values ('jobs', %s::json)", [payload])
    causes = {name: cause for _, name, cause in items(warehouse)}
    assert causes == {"told": "outbox_unpublished", "untold": "never_published"}
    outcome = run(warehouse, "recover", "--apply")
    assert "failed" not in outcome.output.replace("0 failed", "")
    assert warehouse.rows("select count(*) from outbox where payload::text like '%told%'") == [(2,)]
