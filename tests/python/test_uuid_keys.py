"""A pipeline whose tables have uuids for keys: everything works on it, and other keys are refused at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from conftest import ROOT, Warehouse

from stuck_jobs.cli import main

SPEC = json.dumps({"constraints": {"regions": ["US"]}, "metadata": {"models": ["m"]}, "questions": ["q"]})
ALTERATIONS = (
    "alter table jobs alter column id drop default, alter column id type uuid using gen_random_uuid()",
    "alter table executions alter column id drop default, alter column id type uuid using gen_random_uuid(),"
    " alter column job_id type uuid using null",
    "alter table outbox alter column id drop default, alter column id type uuid using gen_random_uuid(),"
    " alter column id set default gen_random_uuid()",
)
WALK = {"completeness_batch_jobs": 1}


@pytest.fixture(scope="module")
def warehouse(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    made = new_warehouse()
    made.execute(*ALTERATIONS)
    return made


def add_job(warehouse: Warehouse, name: str, status: str, minutes: int, *, is_written: bool = False) -> str:
    """Insert a job that last changed so many minutes ago, and say its id."""
    key = str(uuid4())
    at = f"now() at time zone 'utc' - interval '{minutes} minutes'"
    with warehouse.connect(autocommit=True) as connection:
        connection.execute(
            "insert into jobs (id, jobspec_id, jobspec_data, status, created_at, updated_at)"
            f" values (%s, %s, %s, %s, {at}, {at})",  # type: ignore[arg-type]
            [key, name, SPEC, status],
        )
        if is_written:
            connection.execute(
                "insert into executions (id, job_id, provider_id, region, status, model_id, question_id)"
                " values (%s, %s, 'p', 'US', 'completed', 'm', 'q')",
                [uuid4(), key],
            )
    return key


def missing(warehouse: Warehouse) -> set[str]:
    """The jobs that lack executions."""
    return {key for (key,) in warehouse.rows("select job_id from missing_executions")}


def recover(warehouse: Warehouse, *arguments: str) -> dict[str, Any]:
    environment = warehouse.libpq | {
        "DBT_PROFILES_DIR": str(warehouse.scratch), "DBT_PROJECT_DIR": str(ROOT),
        "STUCK_JOBS_SCHEMA": warehouse.schema,
    }  # fmt: skip
    result = CliRunner().invoke(main, ["recover", "--format", "json", *arguments], env=environment)
    assert result.exit_code == 0, result.output
    said: dict[str, Any] = json.loads(result.stdout)
    return said


def test_a_pipeline_of_uuids_is_judged_and_recovered(warehouse: Warehouse) -> None:
    for number in range(3):
        add_job(warehouse, f"whole-{number}", "completed", 60 + number, is_written=True)
    gaps = {add_job(warehouse, f"gap-{number}", "completed", 70 + number) for number in range(3)}
    stuck = add_job(warehouse, "never-published", "created", 30)
    outcome = warehouse.run_dbt("run", variables=WALK)
    assert outcome.exit_code == 0, outcome.output
    assert missing(warehouse) == gaps
    found = "select entity_id, cause from stuck_items where accumulation_point = 'job_created'"
    assert warehouse.rows(found) == [(stuck, "never_published")]

    later = add_job(warehouse, "gap-later", "failed", 5)
    assert missing(warehouse) == gaps | {later}
    outcome = warehouse.run_dbt("run", "--select", "int_known_gaps", variables=WALK)
    assert outcome.exit_code == 0, outcome.output
    assert missing(warehouse) == gaps | {later}

    warehouse.execute("update int_known_gaps set basis = 'another' where job_id is null")
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("call stuck_jobs.check()")
    assert missing(warehouse) == gaps | {later}
    marks = "select judged_until is not null, walked_to is null from int_known_gaps where job_id is null"
    assert warehouse.rows(marks) == [(True, True)]

    assert [item["entity_id"] for item in recover(warehouse, "--job", stuck)["items"]] == [stuck]
    done = recover(warehouse, "--job", "never-published", "--apply")
    assert [(item["entity_id"], item["outcome"]) for item in done["items"]] == [(stuck, "applied")]
    assert warehouse.rows("select payload ->> 'id' from outbox") == [("never-published",)]


def test_a_key_of_another_type_is_refused_before_anything_is_built(
    new_warehouse: Callable[[], Warehouse],
) -> None:
    warehouse = new_warehouse()
    warehouse.execute("alter table jobs alter column id drop default, alter column id type text")
    outcome = warehouse.run_dbt("run", variables=WALK)
    assert outcome.exit_code != 0
    assert "public.jobs.id must be an integer or a uuid, and is of type text" in outcome.output
    assert warehouse.rows("select to_regclass('stuck_jobs.stg_jobs')") == [(None,)]
