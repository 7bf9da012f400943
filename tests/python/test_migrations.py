"""The pipeline's own migrations are not held up by our views, and letting go of its tables loses nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import psycopg
import pytest
from conftest import ROOT, Outcome, Warehouse, run_command

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.mcp.answers import incidents, items
from stuck_jobs.profile import Profile
from stuck_jobs.watch.pages import Pages

MIGRATIONS = (
    "alter table jobs alter column id type bigint",
    "alter table executions alter column job_id type bigint",
    "alter table jobs alter column status type text",
    "alter table jobs drop column started_at",
)
SPEC = '{"constraints":{"regions":["US"]},"metadata":{"models":["m1"]}}'
LONG_HISTORY = {"completeness_batch_jobs": 1}
"""So that two jobs are enough to have their gaps kept in a table."""

KEPT = (
    "select count(*) from accumulation_history",
    "select job_id from int_known_gaps where job_id is not null order by 1",
    "select relname, oid from pg_class where relkind = 'v' and relnamespace = 'stuck_jobs'::regnamespace"
    " and relname ~ '_v1$' order by 1",
    "select relname, grantee::regrole, privilege_type from pg_class cross join lateral aclexplode(relacl)"
    " where relnamespace = 'stuck_jobs'::regnamespace and relkind = 'v' order by 1, 2, 3",
    "select accumulation_point, jobspec_id, cause from reports.mine order by 1, 2",
    "select job_id, jobspec_id, status from stg_jobs order by 1",
)


def run(warehouse: Warehouse, *arguments: str) -> Outcome:
    variables = warehouse.libpq | {"DBT_PROFILES_DIR": str(warehouse.scratch)}
    return run_command(arguments, variables)


@pytest.mark.long
def test_a_migration_goes_through_and_a_build_comes_back(new_warehouse: Callable[[], Warehouse]) -> None:
    warehouse = new_warehouse()
    warehouse.execute(
        "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at, completed_at)"
        f" select 'incomplete-' || job, '{SPEC}', 'completed', at, at, at"
        " from (select now() - interval '1 hour' as at) as clock cross join generate_series(1, 2) as job"
    )
    assert warehouse.run_dbt("run", variables=LONG_HISTORY).exit_code == 0
    warehouse.execute(
        "create role migration_reader",
        "create role migration_analyst",
        "grant usage on schema stuck_jobs to migration_reader, migration_analyst",
        "grant select on all tables in schema stuck_jobs to migration_reader, migration_analyst",
        "create schema reports authorization migration_analyst",
        "set role migration_analyst; create view reports.mine as select * from stuck_jobs.stuck_items",
    )
    before = [warehouse.rows(query) for query in KEPT]
    assert before[1] == [(1,), (2,)]
    assert before[4] == [("execution_missing", f"incomplete-{job}", "region_silent") for job in (1, 2)]
    for migration in MIGRATIONS:
        with pytest.raises((psycopg.errors.FeatureNotSupported, psycopg.errors.DependentObjectsStillExist)):
            warehouse.execute(migration)
    outcome = run(warehouse, "step-aside")
    assert outcome.exit_code == 0, outcome.output
    assert warehouse.rows("select * from reports.mine") == []
    assert run(warehouse, "gate").exit_code == 2
    warehouse.execute(*MIGRATIONS)
    assert warehouse.run_dbt("run", variables=LONG_HISTORY).exit_code == 0
    after = [warehouse.rows(query) for query in KEPT]
    assert after[0][0][0] > before[0][0][0]
    assert after[1:] == before[1:]
    assert run(warehouse, "step-aside").exit_code == 0
    warehouse.execute("drop table outbox")
    gone = warehouse.run_dbt("run", variables=LONG_HISTORY)
    assert gone.exit_code != 0
    assert "there is no table public.outbox" in gone.output


def test_while_views_have_stepped_aside_there_is_no_answer_and_no_good_news(
    new_built_warehouse: Callable[..., Warehouse],
) -> None:
    warehouse = new_built_warehouse()
    assert re.match(r"[1-9]\d+ views of stuck_jobs: ", run(warehouse, "step-aside").output)
    assert run(warehouse, "step-aside").output.startswith("no further view of stuck_jobs: ")
    for command in (["gate"], ["metrics"], ["alert"], ["why", "1"], ["recover"]):
        outcome = run(warehouse, *command)
        assert (outcome.exit_code, outcome.output.count("\n")) == (2, 1), outcome.output
        assert outcome.output.endswith("run dbt build\n")
    host, port, database = (warehouse.libpq[name] for name in ("PGHOST", "PGPORT", "PGDATABASE"))
    pages = Pages(Profile(host, int(port), "postgres", database, "stuck_jobs"), ROOT, None)
    for path in ("/", "/items.csv", "/items.json"):
        answer = pages.answer(path)
        assert answer is not None
        assert (answer.status, str(answer.body).count("run dbt build")) == (503, 1)
    with warehouse.connect(autocommit=True) as connection:
        for ask in (
            lambda: incidents(connection, "stuck_jobs", 10),
            lambda: items(connection, "stuck_jobs", None, "job_created", 1),
        ):
            with pytest.raises(StuckJobsError, match="run dbt build"):
                ask()


def test_whoever_does_not_own_the_views_is_told(built: Warehouse) -> None:
    built.execute("create role migration_stranger login")
    stranger = Warehouse(built.libpq | {"PGUSER": "migration_stranger"}, built.scratch)
    outcome = run(stranger, "step-aside")
    assert outcome.exit_code == 2
    assert outcome.output.count("\n") == 1
