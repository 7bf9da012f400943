"""Whatever hides rows of the watched tables from our role must not end in an open gate."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Warehouse, Warehouses

STUCK = """
insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)
select 'stuck', '{}', 'processing', at, at
from (select now() at time zone 'utc' - interval '1 day' as at) as yesterday
"""
SUMMARY = "select distinct state, evidence from accumulation_points where accumulation_point like 'job_proc%'"


@pytest.fixture(scope="module")
def role() -> str:
    return "watcher_of_jobs"


@pytest.fixture(scope="module")
def made(new_warehouse: Callable[[], Warehouse], role: str) -> Warehouse:
    """A pipeline in which a job is stuck, and views of a role that may read it."""
    warehouse = new_warehouse()
    warehouse.execute(
        STUCK,
        f"create role {role} login",
        f"grant select on jobs, executions, outbox to {role}",
        f"create schema {warehouse.schema} authorization {role}",
    )
    build_as(warehouse, role)
    return warehouse


@pytest.fixture
def watched(warehouses: Warehouses, made: Warehouse) -> Warehouse:
    return warehouses.copy(made)


def build_as(warehouse: Warehouse, role: str, **variables: str) -> None:
    outcome = warehouse.run_dbt(
        "run", "--select", "+accumulation_points", PGUSER=role, variables=dict(variables)
    )
    assert outcome.exit_code == 0, outcome.output


def assert_unknown(warehouse: Warehouse, *words: str) -> None:
    """The points are, and the evidence says why."""
    ((state, evidence),) = warehouse.rows(SUMMARY)
    assert state == "unknown"
    assert evidence
    assert all(word in evidence for word in words), evidence


def test_a_role_that_sees_all_rows_finds_what_is_stuck(watched: Warehouse) -> None:
    assert watched.rows(SUMMARY) == [("breached", None)]


def test_rows_that_row_level_security_hides_make_it_unknown(watched: Warehouse, role: str) -> None:
    def assert_hidden() -> None:
        assert_unknown(watched, "row level security hides rows of jobs", role)

    watched.execute("alter table jobs enable row level security")
    assert_hidden()
    watched.execute("create policy own on jobs using (jobspec_id = current_user)")
    assert_hidden()
    build_as(watched, role)
    assert_hidden()


def test_who_bypasses_row_level_security_sees_all(watched: Warehouse, role: str) -> None:
    watched.execute("alter table jobs enable row level security", f"alter role {role} bypassrls")
    try:
        assert watched.rows(SUMMARY) == [("breached", None)]
    finally:
        watched.execute(f"alter role {role} nobypassrls")


def test_another_tenants_view_is_unknown_and_our_own_is_not(watched: Warehouse, role: str) -> None:
    show = "create or replace view public.jobs_shown as select * from jobs where tenant ="
    watched.execute(
        "alter table jobs add column tenant text default 'a'",
        "analyze jobs",
        f"{show} 'a'",
        f"grant select on jobs_shown to {role}",
    )
    build_as(watched, role, jobs_table="jobs_shown")
    assert watched.rows(SUMMARY) == [("breached", None)]
    watched.execute(f"{show} 'b'")
    assert_unknown(watched, "jobs_shown shows no row")


def test_a_materialized_view_is_a_copy_of_the_past(watched: Warehouse, role: str) -> None:
    watched.execute(
        "create materialized view public.jobs_shown as select * from jobs",
        f"grant select on jobs_shown to {role}",
    )
    refused = watched.run_dbt("run", PGUSER=role, variables={"jobs_table": "jobs_shown"})
    assert refused.exit_code != 0
    assert "the watched table public.jobs_shown is a materialized view" in refused.output
    watched.execute(
        "alter materialized view public.jobs_shown rename to jobs_then",
        "create view public.jobs_shown as select * from jobs_then",
        f"grant select on jobs_shown to {role}",
    )
    build_as(watched, role, jobs_table="jobs_shown")
    assert_unknown(watched, "the view jobs_shown reads a materialized view")


def test_an_empty_copy_is_unknown_until_it_has_a_row(watched: Warehouse, role: str) -> None:
    watched.execute(
        "create schema copied",
        *(
            f"create table copied.{table} (like {table} including all)"
            for table in ("jobs", "executions", "outbox")
        ),
        f"grant usage on schema copied to {role}",
        f"grant select on all tables in schema copied to {role}",
    )
    build_as(watched, role, source_schema="copied")
    ((state, evidence),) = watched.rows(SUMMARY)
    assert (state, evidence) == (
        "unknown",
        "the schema copied holds no row, and the same tables in public do",
    )
    watched.execute(
        "insert into copied.jobs (jobspec_id, jobspec_data, status) values ('own', '{}', 'created')"
    )
    assert watched.rows(SUMMARY) == [("ok", None)]
    watched.execute("delete from copied.jobs", "drop table outbox cascade")
    assert watched.rows(SUMMARY) == [("ok", None)]
