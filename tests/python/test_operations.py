"""What the project does to, and survives of, the database on which it runs."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conftest import Outcome, Warehouse
from oracle import REGISTRY, Execution, Job, OutboxMessage, Pipeline
from pipelines import load

from stuck_jobs import embedded

BUILD = ("build", "--exclude-resource-type", "unit_test")
SPEC = {"constraints": {"regions": ["US"]}, "metadata": {"models": ["m1"]}, "questions": ["q1"]}


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def job(status: str, minutes: float, identity: int = 1) -> Job:
    at = ago(minutes)
    return Job(identity, f"job-{identity}", SPEC, status, at, at, at, at if status == "completed" else None)


def execution(status: str, minutes: float) -> Execution:
    at = ago(minutes)
    return Execution(1, 1, "modal-us-east", "us-east", status, at, None, "m1", "q1", at)


def healthy() -> Pipeline:
    message = OutboxMessage(1, "jobs", {"id": "job-1"}, ago(60), ago(60))
    return Pipeline((job("completed", 60), job("created", 1, 2)), (execution("completed", 60),), (message,))


def fill(warehouse: Warehouse, pipeline: Pipeline) -> None:
    with warehouse.connect() as connection:
        load(connection, pipeline)


@pytest.fixture
def warehouse(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    return new_warehouse()


@pytest.fixture
def with_views(new_built_warehouse: Callable[[], Warehouse]) -> Warehouse:
    """A database of one's own in which the views were built once."""
    return new_built_warehouse()


def succeeded(outcome: Outcome) -> None:
    assert outcome.exit_code == 0, outcome.output


def failed(outcome: Outcome, *named: str) -> None:
    assert outcome.exit_code != 0, outcome.output
    missing = [word for word in named if word not in outcome.output]
    assert not missing, f"{missing} not in:\n{outcome.output}"
    assert "Traceback" not in outcome.output


# Rights


def fingerprint(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    """The rows of the source and the definition of everything in its schema."""
    tables = " union all ".join(
        f"select '{table}', md5(string_agg(t::text, '|' order by t.id)) from public.{table} as t"
        for table in ("jobs", "executions", "outbox")
    )
    catalog = """
        select c.relname || '.' || coalesce(a.attname, ''), md5(concat_ws('|',
            c.oid, c.relkind, c.relowner, c.relacl, c.relfilenode, c.relhastriggers, c.reloptions,
            a.attnum, a.atttypid, a.attnotnull, a.attacl))
        from pg_class as c
        left join pg_attribute as a on a.attrelid = c.oid
        where c.relnamespace = 'public'::regnamespace
    """
    routines = "select proname::text, oid::text from pg_proc where pronamespace = 'public'::regnamespace"
    return sorted(warehouse.rows(f"{tables} union all {catalog} union all {routines}"))


@pytest.mark.parametrize("may_create_schemas", [True, False])
def test_build_needs_to_read_three_tables_and_to_own_a_schema(
    warehouse: Warehouse, *, may_create_schemas: bool
) -> None:
    database = warehouse.libpq["PGDATABASE"]
    role = f"reader_of_{database}"
    fill(warehouse, healthy())
    warehouse.execute(
        f"create role {role} login",
        f"grant select on jobs, executions, outbox to {role}",
        f"grant create on database {database} to {role}"
        if may_create_schemas
        else f"create schema {warehouse.schema} authorization {role}",
    )
    schemas = "select nspname from pg_namespace where nspname !~ '^pg_'"
    before, schemas_before = fingerprint(warehouse), set(warehouse.rows(schemas))
    succeeded(warehouse.run_dbt(*BUILD, PGUSER=role))
    assert set(points(warehouse)) >= set(REGISTRY)
    succeeded(warehouse.run_dbt("run", PGUSER=role, variables={"redis_enabled": True}))
    assert fingerprint(warehouse) == before
    assert set(warehouse.rows(schemas)) - schemas_before <= {(warehouse.schema,), ("stuck_jobs_raw",)}


@pytest.mark.long
def test_healthy_build_has_no_warning_in_any_encoding(new_warehouse: Callable[[str], Warehouse]) -> None:
    """SQL_ASCII takes every text as it comes, and a profile of one's own does not say that ours is UTF-8.

    The unit tests pass there as well, in a session of any zone.
    """
    warehouse = new_warehouse("SQL_ASCII")
    example = (warehouse.scratch / "profiles.yml").read_text()
    (warehouse.scratch / "profiles.yml").write_text(re.sub(r"\n +search_path: .*", "", example))
    fill(warehouse, healthy())
    outcome = warehouse.run_dbt("build", own_process=True, PGTZ="America/New_York")
    succeeded(outcome)
    assert "[WARNING]" not in outcome.output
    assert "WARN=0 ERROR=0 SKIP=0" in outcome.output
    assert {state for state, *_ in points(warehouse).values()} == {"ok"}


# Replacement in place

READ = ("stg_jobs", "int_live_jobs", "stale_jobs", "stuck_items", "accumulation_points")


class Reader(threading.Thread):
    """Somebody's dashboard, which never stops asking."""

    def __init__(self, warehouse: Warehouse) -> None:
        super().__init__(daemon=True)
        self.warehouse = warehouse
        self.finished = threading.Event()
        self.reads = 0
        self.problems: list[object] = []

    def run(self) -> None:
        with self.warehouse.connect(autocommit=True) as connection:
            while not self.finished.is_set():
                try:
                    connection.execute("select * from stuck_items").fetchall()
                    connection.execute("select * from bi.stale").fetchall()
                    points = connection.execute("select * from accumulation_points").fetchall()
                except psycopg.Error as error:
                    self.problems.append(error)
                    return
                if not {name for name, *_ in points} >= set(REGISTRY):
                    self.problems.append(points)
                self.reads += 1

    def __enter__(self) -> Reader:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finished.set()
        self.join()


def test_readers_and_dependent_views_survive_rebuilds(with_views: Warehouse) -> None:
    warehouse = with_views
    fill(warehouse, Pipeline((job("created", 10),)))
    warehouse.execute(
        "create schema bi",
        "create view bi.stale as select * from stale_jobs",
        "create view bi.stale_v1 as select entity_id, cause from stale_jobs_v1",
        "create view bi.points as select p.* from accumulation_points as p join stuck_items using (level)",
    )
    views = "select viewname, definition from pg_views where schemaname in ('bi', 'stuck_jobs')"
    before = sorted(warehouse.rows(views))
    with Reader(warehouse) as reader:
        for selected in ([], ["--select", *READ], ["--select", *READ]):
            reads = reader.reads
            succeeded(warehouse.run_dbt("run", "--full-refresh", *selected))
            assert reader.is_alive()
            assert reader.reads > reads
    assert reader.problems == []
    assert sorted(warehouse.rows(views)) == before
    assert warehouse.rows("select entity_id, cause from bi.stale_v1") == [("1", "never_published")]


@pytest.mark.long
def test_a_view_is_replaced_only_where_it_is_not_as_its_model_says(with_views: Warehouse) -> None:
    warehouse = with_views
    versions = (
        "select relname, pg_rewrite.xmin::text from pg_rewrite join pg_class on pg_class.oid = ev_class"
        " where relnamespace = 'stuck_jobs'::regnamespace"
    )
    content = "select pg_get_viewdef('stale_jobs_v1'::regclass)"
    succeeded(warehouse.run_dbt("run"))  # in the copy, whose name is another than its template's
    before, [(definition,)] = dict(warehouse.rows(versions)), warehouse.rows(content)
    succeeded(warehouse.run_dbt("run"))
    assert dict(warehouse.rows(versions)) == before

    warehouse.execute(
        f"create or replace view stale_jobs_v1 as select * from ({definition.rstrip(';')}) as r where false"
    )
    succeeded(warehouse.run_dbt("run"))
    assert warehouse.rows(content) == [(definition,)]
    after = dict(warehouse.rows(versions))
    assert {name for name in before if after[name] != before[name]} == {"stale_jobs_v1"}

    of_it = ("run", "--select", "stale_jobs")
    succeeded(warehouse.run_dbt(*of_it, variables=LIMITS))
    assert warehouse.rows(content) != [(definition,)]
    succeeded(warehouse.run_dbt(*of_it, "--full-refresh"))
    assert warehouse.rows(content) == [(definition,)]


def test_a_view_of_all_columns_is_replaced_when_there_are_more(with_views: Warehouse) -> None:
    warehouse = with_views
    ((columns, definition),) = warehouse.rows(
        "select string_agg(attname, ', ' order by attnum), max(pg_get_viewdef(attrelid)) from pg_attribute"
        " where attrelid = 'stg_jobs'::regclass and attnum > 0"
    )
    rows = f"({definition.rstrip(';')}) as r"
    warehouse.execute(f"create or replace view stg_jobs as select {columns}, 1 as one_more from {rows}")
    succeeded(warehouse.run_dbt("run", "--select", "int_live_jobs"))
    assert warehouse.rows("select count(one_more) from int_live_jobs") == [(0,)]


@pytest.mark.parametrize(
    "definition",
    [
        "select 'x'::text as accumulation_point, 1 as surprise",
        "select 'x'::text as accumulation_point, 1 as entity_type",
    ],
    ids=["other names", "other type"],
)
def test_changed_column_set_is_refused_by_name(built: Warehouse, definition: str) -> None:
    other = built.in_schema("changed_columns")
    other.execute(
        "drop schema if exists changed_columns cascade",
        "create schema changed_columns",
        f"create view changed_columns.stale_jobs_v1 as {definition}",
    )
    before = other.rows("select * from changed_columns.stale_jobs_v1")
    column = definition.split()[-1]
    failed(other.run_dbt("run", "--select", "+stale_jobs"), "stale_jobs_v1", column)
    assert other.rows("select * from changed_columns.stale_jobs_v1") == before


@pytest.mark.parametrize("option", [["--empty"], ["--sample", "3 days"]], ids=" ".join)
def test_an_option_that_would_blind_the_views_is_refused(built: Warehouse, option: list[str]) -> None:
    definition = "select pg_get_viewdef('stg_outbox'::regclass)"
    before = built.rows(definition)
    failed(built.run_dbt("run", "--select", "stg_outbox", *option), option[0], "would leave views that see")
    assert built.rows(definition) == before
    succeeded(built.run_dbt("build", "--exclude", "package:stuck_jobs", *option))


def test_a_build_takes_no_right_away(with_views: Warehouse) -> None:
    with_views.execute(
        "create role analyst_of_ours", "grant select on stale_jobs, stg_jobs to analyst_of_ours"
    )
    succeeded(with_views.run_dbt("run", "--full-refresh", "--select", "stale_jobs", "stg_jobs"))
    for view in ("stale_jobs", "stg_jobs"):
        assert with_views.rows(f"select has_table_privilege('analyst_of_ours', '{view}', 'select')") == [
            (True,)
        ]


# Errors


def test_missing_table_is_one_clear_line(warehouse: Warehouse) -> None:
    warehouse.execute("drop table outbox")
    failed(warehouse.run_dbt(*BUILD, own_process=True), "public.outbox")


@pytest.mark.parametrize(
    ("table", "column"), [("jobs", "status"), ("executions", "region"), ("outbox", "published_at")]
)
def test_missing_required_column_is_named(warehouse: Warehouse, table: str, column: str) -> None:
    warehouse.execute(f"alter table {table} drop column {column}")
    outcome = warehouse.run_dbt("run")
    failed(outcome, f"the watched table public.{table} has no column '{column}'")


@pytest.fixture
def guarded(server: embedded.Postgres) -> Iterator[str]:
    """A role that has to know its password."""
    access = server.directory / "data" / "pg_hba.conf"
    before = access.read_text()
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("create role guarded login password 'right'")
        access.write_text("local all guarded scram-sha-256\n" + before)
        connection.execute("select pg_reload_conf()")
        yield "guarded"
        access.write_text(before)
        connection.execute("select pg_reload_conf()")
        connection.execute("drop role guarded")


def test_wrong_password_is_one_clear_line(built: Warehouse, guarded: str) -> None:
    outcome = built.run_dbt("run", PGUSER=guarded, PGPASSWORD="wrong")
    failed(outcome, 'password authentication failed for user "guarded"', built.libpq["PGHOST"])
    assert "wrong" not in outcome.output.replace("went wrong", "")


def test_unreachable_server_is_one_clear_line(built: Warehouse, tmp_path: Path) -> None:
    failed(built.run_dbt("run", PGHOST=str(tmp_path)), str(tmp_path))


def test_missing_right_is_one_clear_line(warehouse: Warehouse) -> None:
    database = warehouse.libpq["PGDATABASE"]
    role = f"blind_in_{database}"
    warehouse.execute(f"create role {role} login", f"grant create on database {database} to {role}")
    failed(warehouse.run_dbt("run", PGUSER=role), "public.jobs", f"the role '{role}' may not read it")


# The registry


@pytest.mark.parametrize(
    ("thresholds", "named"),
    [
        ({"job_crated": {"max_count": 1}}, ["job_crated"]),
        ({"job_created": {"max_age": 1}}, ["job_created", "max_age"]),
        ({"job_created": {"max_age_minutes": -1}}, ["job_created", "max_age_minutes", "-1"]),
        ({"job_created": {"max_age_minutes": "soon"}}, ["job_created", "max_age_minutes", "soon"]),
        ({"job_created": {"max_age_minutes": "5"}}, ["job_created", "max_age_minutes"]),
        ({"job_created": {"max_age_minutes": None}}, ["job_created", "max_age_minutes"]),
        ({"job_created": {"max_age_minutes": True}}, ["job_created", "max_age_minutes"]),
        ({"job_created": {"max_age_minutes": float("nan")}}, ["job_created", "max_age_minutes"]),
        ({"job_created": {"max_age_minutes": float("inf")}}, ["job_created", "max_age_minutes"]),
        ({"job_created": {"max_age_minutes": [5]}}, ["job_created", "max_age_minutes"]),
        ({"execution_running": {"max_count": -3}}, ["execution_running", "max_count", "-3"]),
        ({"execution_running": {"max_count": False}}, ["execution_running", "max_count"]),
        ({"provider_timeout": {"max_rate": 20}}, ["provider_timeout", "max_rate", "0.2 for 20 %", "'20'"]),
        ({"failure_burst": {"max_rate": 1.01}}, ["failure_burst", "max_rate", "from 0 to 1"]),
        ({"failure_burst": {"max_rate": -0.1}}, ["failure_burst", "max_rate", "from 0 to 1"]),
        ({"failure_burst": {"max_rate": None}}, ["failure_burst", "max_rate", "from 0 to 1"]),
        ({"execution_running": {"severity": "fatal"}}, ["execution_running", "severity", "fatal"]),
        ({"execution_running": {"enabled": "no way"}}, ["execution_running", "enabled"]),
        ({"execution_running": 5}, ["execution_running"]),
        (["job_created"], ["thresholds"]),
        ("job_created", ["thresholds"]),
    ],
    ids=str,
)
def test_wrong_threshold_is_a_compile_error_that_names_it(
    built: Warehouse, thresholds: Any, named: list[str]
) -> None:
    built.execute("drop schema if exists never_made cascade")
    never_made = built.in_schema("never_made")
    outcome = never_made.run_dbt("run", variables={"thresholds": thresholds}, parsed_anew=True)
    failed(outcome, "Compilation Error", *named)
    assert built.rows("select 1 from pg_namespace where nspname = 'never_made'") == []


@pytest.mark.parametrize("share", [50, 1.01])
def test_a_breaker_that_no_share_of_the_jobs_trips_is_refused(built: Warehouse, share: float) -> None:
    outcome = built.run_dbt("run", "--select", "stg_jobs", variables={"recovery_breaker_share": share})
    failed(outcome, "recovery_breaker_share must be a share from 0 to 1", f"'{share}'")


def test_the_greatest_shares_are_allowed(warehouse: Warehouse) -> None:
    chosen = {"recovery_breaker_share": 1, "thresholds": {"provider_timeout": {"max_rate": 1}}}
    succeeded(warehouse.run_dbt("run", "--select", "stg_jobs", variables=chosen))


def points(warehouse: Warehouse) -> dict[str, tuple[Any, ...]]:
    columns = "accumulation_point, state, stuck_count, max_count, severity"
    return {name: rest for name, *rest in warehouse.rows(f"select {columns} from accumulation_points")}


DISABLED = ("execution_running", "execution_missing", "job_not_closed", "job_running")
LIMITS = {
    "thresholds": {
        "job_created": {"max_age_minutes": 15},
        "job_queued": {"max_count": 1},
        "job_processing": {"max_count": 2, "max_age_minutes": 7},
        "outbox_unpublished": {"severity": "warn"},
        "job_running_unstarted": {"severity": "warn", "max_count": 2},
    }
    | {name: {"enabled": False} for name in DISABLED}
}


@pytest.fixture(scope="module")
def limited(new_built_warehouse: Callable[..., Warehouse]) -> Warehouse:
    """Two jobs or messages over each of some limits of one's own, and one of a point that is disabled."""
    warehouse = new_built_warehouse(**LIMITS)
    stuck = (
        ("created", 16),
        ("created", 17),
        ("queued", 6),
        ("queued", 6),
        ("processing", 8),
        ("processing", 8),
    )
    fresh = (("created", 14), ("processing", 6), ("running", 600))
    jobs = [job(status, minutes, number) for number, (status, minutes) in enumerate((*stuck, *fresh), 1)]
    messages = [OutboxMessage(number, "jobs", {"id": "job-x"}, ago(60), None) for number in (1, 2)]
    fill(warehouse, Pipeline(tuple(jobs), (execution("running", 600),), tuple(messages)))
    return warehouse


def test_overridden_field_keeps_the_others(limited: Warehouse) -> None:
    assert limited.rows(
        "select accumulation_point, job_id, threshold_seconds from stale_jobs order by job_id"
    ) == [
        ("job_created", "1", 900), ("job_created", "2", 900), ("job_queued", "3", 300),
        ("job_queued", "4", 300), ("job_processing", "5", 420), ("job_processing", "6", 420),
    ]  # fmt: skip
    found = points(limited)
    assert found["job_created"] == ["breached", 2, 0, "error"]
    assert found["job_queued"] == ["breached", 2, 1, "error"]
    assert found["job_processing"] == ["ok", 2, 2, "error"]
    assert found["outbox_unpublished"] == ["breached", 2, 0, "warn"]


def test_disabled_point_has_no_row_and_no_items(limited: Warehouse) -> None:
    assert set(points(limited)) & set(REGISTRY) == set(REGISTRY) - set(DISABLED)
    items = {name for (name,) in limited.rows("select distinct accumulation_point from stuck_items")}
    assert items
    assert not items & set(DISABLED)


def test_gate_keeps_to_its_limit_and_severity(limited: Warehouse) -> None:
    gates = limited.run_dbt("test", "--select", "tag:gate", variables=LIMITS)
    assert gates.exit_code == 1, gates.output
    told = {name: how for how, name in re.findall(r"(Failure|Warning) in test gate_(\w+)", gates.output)}
    expected = {
        name: "Warning" if severity == "warn" else "Failure"
        for name, (state, _, _, severity) in points(limited).items()
        if state != "ok"
    }
    assert told == expected
    assert {"job_created", "job_queued", "outbox_unpublished"} <= set(told)
    only = limited.run_dbt("test", "--select", "gate_outbox_unpublished", variables=LIMITS)
    assert only.exit_code == 0, only.output


@pytest.mark.long
@pytest.mark.parametrize("limit", [0, 0.5, 7], ids=str)
def test_every_age_can_be_overridden(built: Warehouse, limit: float) -> None:
    other = built.in_schema("overridden")
    aged = REGISTRY.keys() - {"failure_burst"}
    thresholds = {name: {"max_age_minutes": limit} for name in aged}
    succeeded(other.run_dbt("run", variables={"thresholds": thresholds}))
    with other.connect() as connection:
        at = [ago(limit + margin) for margin in (0.1, -0.1)]
        statuses = ("created", "queued", "processing", "running", "unstarted", "finalizing", "completed")
        jobs = [
            Job(
                id=number,
                jobspec_id=f"job-{number}",
                jobspec_data=SPEC,
                status="running" if status == "unstarted" else status,
                created_at=clock,
                updated_at=clock,
                started_at=None if status == "unstarted" else clock,
                completed_at=clock,
            )
            for number, (status, clock) in enumerate(((s, c) for s in statuses for c in at), 1)
        ]
        executions = [
            Execution(number, None, "p", "r", status, clock, None, None, None, clock)
            for number, (status, clock) in enumerate(
                ((s, c) for s in ("running", "pending", "paused") for c in at), 1
            )
        ]
        outbox = [OutboxMessage(number, "jobs", 1, clock, None) for number, clock in enumerate(at, 1)]
        load(connection, Pipeline(tuple(jobs), tuple(executions), tuple(outbox)))
        counts = connection.execute("select accumulation_point, stuck_count from accumulation_points")
        found = dict(counts.fetchall())
        connection.rollback()
    always = {"job_running_unstarted": 2} if limit == 0 else {}
    assert {name: found[name] for name in aged} == dict.fromkeys(aged, 1) | always


def test_a_point_without_evidence_may_have_a_limit_and_not_be_enabled(built: Warehouse) -> None:
    for fields, exit_code in (({"max_count": 5}, 0), ({"enabled": True}, 2)):
        outcome = built.run_dbt(
            "run", "--select", "stg_outbox", variables={"thresholds": {"job_blocked": fields}}
        )
        assert outcome.exit_code == exit_code, outcome.output
    failed(outcome, "vars: thresholds.job_blocked cannot be enabled: pipeline has no evidence for it")


# The history and the gate


def assert_history_has_runs(warehouse: Warehouse, runs: int) -> None:
    rows = warehouse.rows("select accumulation_point, count(*) from accumulation_history group by 1")
    assert dict(rows) == dict.fromkeys(points(warehouse), runs)


def test_history_has_a_row_per_point_and_run_and_is_pruned(with_views: Warehouse) -> None:
    warehouse = with_views
    again = ("run", "--select", "accumulation_history")
    assert_history_has_runs(warehouse, 1)
    for runs, arguments in ((2, again), (3, (*again, "--full-refresh"))):
        succeeded(warehouse.run_dbt(*arguments))
        assert_history_has_runs(warehouse, runs)
    warehouse.execute(
        """
        update accumulation_history set evidence_at = evidence_at - interval '31 days',
            observed_at = observed_at - interval '31 days'
        where observed_at = (select min(observed_at) from accumulation_history)
        """,
        """
        update accumulation_history set evidence_at = evidence_at - interval '9 days',
            observed_at = observed_at - interval '9 days'
        where observed_at = (select max(observed_at) from accumulation_history)
        """,
    )
    succeeded(warehouse.run_dbt(*again))
    assert_history_has_runs(warehouse, 3)
    succeeded(warehouse.run_dbt(*again, variables={"history_retention_days": 8}))
    assert_history_has_runs(warehouse, 3)


def test_a_build_passes_once_over_what_jobs_left_in_the_index(with_views: Warehouse) -> None:
    warehouse = with_views

    def pages() -> int:
        ((plan,),) = warehouse.rows(
            "explain (analyze, buffers, timing off, format json) select count(job_id) from int_live_jobs"
        )
        return int(plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"])

    warehouse.execute(
        "alter table jobs set (autovacuum_enabled = off)",
        "insert into jobs (jobspec_id, jobspec_data, status)"
        " select id, '{}', 'created' from generate_series(1, 20000) as ids (id)",
        "update jobs set status = 'completed'",
        "analyze jobs",
    )
    before = pages()
    succeeded(warehouse.run_dbt("run", "--select", "accumulation_history"))
    assert 4 * pages() < before


def test_gate_fails_the_build_by_name_and_the_history_keeps_it(warehouse: Warehouse) -> None:
    fill(warehouse, Pipeline((job("created", 6), job("created", 7, 2))))
    outcome = warehouse.run_dbt(*BUILD)
    failed(outcome, "gate_job_created")
    assert outcome.exit_code == 1
    assert "Failure in test gate_job_created" in outcome.output
    assert outcome.output.count("Failure in test") == 1
    assert warehouse.rows(
        "select stuck_count, state from accumulation_history where accumulation_point = 'job_created'"
    ) == [(2, "breached")]


def test_every_point_has_its_gate(built: Warehouse) -> None:
    outcome = built.run_dbt("ls", "--select", "tag:gate", "--output", "name", "--quiet", own_process=True)
    gates = outcome.output.split()
    assert len(gates) == len(set(gates))
    assert set(gates) >= {f"gate_{name}" for name in points(built)} >= {f"gate_{name}" for name in REGISTRY}
