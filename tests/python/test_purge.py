"""What is not kept is not missing: executions that were purged are no gaps, and a gap since then is found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Warehouse

SPEC = '{"constraints":{"regions":["US"]},"metadata":{"models":["m1"]}}'
JOBS = f"""
    insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at, completed_at)
    select 'job-' || number, '{SPEC}', 'completed', at, at + interval '5 minutes', at + interval '5 minutes'
    from generate_series(1, 3000) as number
    cross join lateral (select now() - interval '90 days' + number * interval '43 minutes' as at) as clock
"""
EXECUTIONS = """
    insert into executions (job_id, provider_id, region, model_id, status, created_at, completed_at)
    select id, 'p', 'us-east', 'm1', 'completed', created_at + interval '1 minute', updated_at from jobs
"""
JUDGED = ("--select", "int_known_gaps")
PURGE = "delete from executions where created_at < now() - interval '30 days'"
MISSING = "select jobspec_id from missing_executions order by 1"


@pytest.mark.parametrize("jobs", [200, 3000], ids=["short", "long"])
def test_a_purge_is_no_gap_and_a_gap_since_is_one(
    new_built_warehouse: Callable[..., Warehouse], jobs: int
) -> None:
    warehouse = new_built_warehouse()
    every = f" where number > 0 and number %% {3000 // jobs} = 0".replace("%%", "%")
    warehouse.execute(JOBS + every, EXECUTIONS, "analyze")
    assert warehouse.run_dbt("run", *JUDGED).exit_code == 0
    assert warehouse.rows(MISSING) == []
    last = warehouse.rows("select jobspec_id, id from jobs where updated_at < now() order by id desc limit 1")
    warehouse.execute(PURGE, f"delete from executions where job_id = {last[0][1]}", "vacuum full executions")
    outcome = warehouse.run_dbt("run", *JUDGED, "--full-refresh")
    assert outcome.exit_code == 0, outcome.output
    assert warehouse.rows(MISSING) == [(last[0][0],)]
    known = "select count(*) from int_known_gaps where job_id is not null"
    assert warehouse.rows(known)[0][0] <= 1


def test_a_true_gap_of_a_young_pipeline_is_found(new_built_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = new_built_warehouse()
    warehouse.execute(JOBS + " where number > 2900", EXECUTIONS, "delete from executions where job_id <= 9")
    assert warehouse.run_dbt("run", *JUDGED).exit_code == 0
    assert len(warehouse.rows(MISSING)) == 9


def test_a_setting_says_since_when(new_warehouse: Callable[[], Warehouse]) -> None:
    warehouse = new_warehouse()
    warehouse.execute(JOBS + " where number > 2900", "delete from executions")
    ((day, after),) = warehouse.rows(
        "select (max(created_at) - interval '1 day')::date::text, count(*) filter (where created_at >="
        " (select (max(created_at) - interval '1 day')::date from jobs)) from jobs"
    )
    outcome = warehouse.run_dbt(
        "run", "--select", "+missing_executions", variables={"completeness_since": day}
    )
    assert outcome.exit_code == 0, outcome.output
    assert len(warehouse.rows(MISSING)) == after > 0
    refused = warehouse.run_dbt("run", variables={"completeness_since": "soon"})
    assert refused.exit_code != 0
    assert "completeness_since" in refused.output
