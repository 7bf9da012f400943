"""The same pipeline, kept differently: every way in which a deployment's tables may deviate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psycopg
import pytest
from conftest import Warehouse
from hypothesis import HealthCheck, given, settings
from oracle import ALIASES, Oracle, Pipeline, comparable
from pipelines import EPOCH, Layout, Maker, begin, fetch, load, pipelines

TIMES = {
    "jobs": ("created_at", "updated_at", "started_at", "completed_at"),
    "executions": ("created_at", "started_at", "completed_at"),
    "outbox": ("created_at", "published_at"),
}
CELL_COLUMNS = frozenset({"model_id", "question_id"})


@dataclass(frozen=True)
class Variant:
    changes: tuple[str, ...] = ()
    layout: Layout = field(default_factory=Layout)
    variables: dict[str, Any] = field(default_factory=dict)
    time_zone: str = "UTC"
    aliases: dict[str, str] = field(default_factory=lambda: ALIASES)
    encoding: str = "UTF8"

    @property
    def cell_columns(self) -> frozenset[str]:
        return CELL_COLUMNS - {column for _, column in self.layout.dropped}


def lacking(**columns: tuple[str, ...]) -> tuple[tuple[str, ...], frozenset[tuple[str, str]]]:
    """What drops columns, and which."""
    dropped = [(table, column) for table, names in columns.items() for column in names]
    return tuple(f"alter table {table} drop column {column}" for table, column in dropped), frozenset(dropped)


TIMES_WITH_TIME_ZONE = tuple(
    f"alter table {table} alter column {column} type timestamptz using {column} at time zone 'UTC'"
    for table, columns in TIMES.items()
    for column in columns
)
PARTITIONED = (
    "alter table jobs rename to jobs_before",
    "alter table executions rename to executions_before",
    "alter table outbox rename to outbox_before",
    "create table jobs (like jobs_before including defaults) partition by hash (id)",
    "create table jobs_even partition of jobs for values with (modulus 2, remainder 0)",
    "create table jobs_odd partition of jobs for values with (modulus 2, remainder 1)",
    "create table executions (like executions_before including defaults) partition by range (created_at)",
    "create table executions_old partition of executions for values from (minvalue) to ('today')",
    "create table executions_new partition of executions for values from ('today') to (maxvalue)",
    "create table executions_undated partition of executions default",
    "create table outbox (like outbox_before including defaults) partition by list (topic)",
    "create table outbox_jobs partition of outbox for values in ('jobs')",
    "create table outbox_others partition of outbox default",
)
ANOTHER_SCHEMA_AND_OTHER_NAMES = (
    'create schema "The App"',
    'alter table jobs set schema "The App"',
    'alter table executions set schema "The App"',
    'alter table outbox set schema "The App"',
    'alter table "The App".jobs rename to "Job"',
    'alter table "The App".executions rename to "Job runs, all"',
    'alter table "The App".outbox rename to "order"',
)
OTHER_TYPES = (
    "drop index idx_jobs_jobspec_data",
    "create domain short_text as varchar(300)",
    "alter table jobs alter column id type bigint, alter column jobspec_id type short_text,"
    " alter column jobspec_data type json, alter column status type text",
    "alter table executions alter column id type bigint, alter column job_id type bigint,"
    " alter column region type short_text, alter column status type text,"
    " alter column output_data type json, alter column retry_count type smallint",
    "alter table outbox alter column id type integer, alter column topic type short_text,"
    " alter column payload type json",
)
VIEWS = tuple(
    statement
    for table in TIMES
    for statement in (
        f"alter table {table} rename to {table}_data",
        f"create view {table} as select * from {table}_data",
    )
)
NO_OPTIONAL_COLUMN, OPTIONAL_COLUMNS = lacking(
    jobs=("started_at", "completed_at"),
    executions=("retry_count", "max_retries", "original_error", "question_id", "model_id"),
)
NO_MODEL, MODEL = lacking(executions=("model_id",))
NO_QUESTION, QUESTION = lacking(executions=("question_id",))
OTHER_REGIONS = {"us": "us-east", "EU": "mars \"'\\é"}

# Several deviations in one, where none of them can hide what another one breaks: setting up takes the time.
VARIANTS = {
    "times with time zone, in partitioned tables of another schema and other names": Variant(
        changes=(*TIMES_WITH_TIME_ZONE, *PARTITIONED, *ANOTHER_SCHEMA_AND_OTHER_NAMES),
        layout=Layout(
            schema="The App", jobs="Job", executions="Job runs, all", outbox="order", zone_less=False
        ),
        variables={
            "source_schema": "The App",
            "jobs_table": "Job",
            "executions_table": "Job runs, all",
            "outbox_table": "order",
            "source_time_zone": "Asia/Tokyo",
        },
        time_zone="America/New_York",
    ),
    "zone-less times of another zone, other region aliases, question_id absent, in SQL_ASCII": Variant(
        changes=NO_QUESTION,
        layout=Layout(time_zone="Asia/Kolkata", dropped=QUESTION),
        variables={"source_time_zone": "Asia/Kolkata", "region_aliases": OTHER_REGIONS},
        time_zone="America/New_York",
        aliases=ALIASES | OTHER_REGIONS,
        encoding="SQL_ASCII",
    ),
    "all optional columns absent": Variant(
        changes=NO_OPTIONAL_COLUMN, layout=Layout(dropped=OPTIONAL_COLUMNS)
    ),
    "other types, model_id absent, views instead of tables": Variant(
        changes=(*OTHER_TYPES, *NO_MODEL, *VIEWS), layout=Layout(dropped=MODEL)
    ),
}


@pytest.fixture(scope="module", params=VARIANTS.values(), ids=VARIANTS.keys())
def variant(request: pytest.FixtureRequest) -> Variant:
    return request.param


@pytest.fixture(scope="module")
def connection(
    variant: Variant, new_warehouse: Callable[[str], Warehouse]
) -> Iterator[psycopg.Connection[Any]]:
    warehouse = new_warehouse(variant.encoding)
    warehouse.execute(*variant.changes)
    outcome = warehouse.run_dbt("run", variables=variant.variables)
    assert outcome.exit_code == 0, outcome.output
    with warehouse.connect(prepare_threshold=0) as connection:
        yield connection
        connection.rollback()


def assert_views_hold(connection: psycopg.Connection[Any], variant: Variant, pipeline: Pipeline) -> None:
    now = begin(connection, variant.time_zone)
    moved = pipeline.shifted(now - EPOCH)
    load(connection, moved, variant.layout)
    oracle = Oracle(moved.without(variant.layout.dropped), now, variant.aliases, variant.cell_columns)
    for view, expected in oracle.views().items():
        assert comparable(fetch(connection, f"select * from {view}")) == comparable(expected), view


@given(pipeline=pipelines())
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_views_hold_what_the_oracle_expects(
    connection: psycopg.Connection[Any], variant: Variant, pipeline: Pipeline
) -> None:
    assert_views_hold(connection, variant, pipeline)


def test_views_hold_what_the_oracle_expects_of_a_crowd(
    connection: psycopg.Connection[Any], variant: Variant
) -> None:
    assert_views_hold(connection, variant, Maker(Random(1)).pipeline(size=500))


def test_absent_columns_read_as_null(connection: psycopg.Connection[Any], variant: Variant) -> None:
    begin(connection)
    dropped = sorted(column for table, column in variant.layout.dropped if table == "executions")
    if not dropped:
        pytest.skip("this variant lacks no column of executions")
    connection.execute("insert into executions (provider_id, region) values ('p', 'r')")
    assert fetch(connection, f"select {', '.join(dropped)} from stg_executions") == [dict.fromkeys(dropped)]
