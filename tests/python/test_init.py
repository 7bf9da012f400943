"""`stuck-jobs init`: what it finds, what it says that it cannot see, and whether what it writes works."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path

import pytest
import yaml
from conftest import SOURCE_SCHEMA, Outcome, Warehouse, environment, run_command, run_in_this_process
from psycopg import sql

TASKS = """create table {schema}.django_tasks_database_dbtaskresult (
    id uuid primary key, status text, enqueued_at timestamptz, started_at timestamptz,
    finished_at timestamptz, run_after timestamptz, queue_name text,
    backend_name text, task_path text, worker_ids jsonb,
    exception_class_path text, args_kwargs jsonb, traceback text
)"""
STUCK = """insert into django_tasks_database_dbtaskresult values (
    '00000000-0000-0000-0000-000000000001', 'READY', now() - interval '8 minutes', null, null,
    '9999-01-01 00:00+00',
    'mails', 'default', 'shop.tasks.send_mail', '[]', '', '{"args": ["hunter2"]}', 'hunter2'
)"""


@pytest.fixture
def warehouse(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    made = new_warehouse()
    made.execute("drop table jobs, executions, outbox")
    return made


@pytest.fixture
def role(warehouse: Warehouse) -> Iterator[str]:
    """A role without rights, which goes with its database."""
    name = f"watcher of {warehouse.libpq['PGDATABASE']}"
    warehouse.execute(f'create role "{name}" login')
    yield name
    warehouse.execute(f'drop owned by "{name}" cascade', f'drop role "{name}"')


def run(warehouse: Warehouse, directory: Path, *command: str, **variables: str) -> Outcome:
    """Run `stuck-jobs` or `dbt` in a directory, in this process."""
    program, *arguments = command
    ours = ("PG", "DBT_", "STUCK_JOBS_", "REDIS_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    chosen = inherited | {"HOME": str(directory)} | warehouse.libpq | variables
    if program == "dbt":
        here = ["--project-dir", str(directory), "--profiles-dir", str(directory)]
        return run_in_this_process([*arguments, *here], chosen)[0]
    with chdir(directory), environment(chosen):
        return run_command(arguments)


def settings(project: Path) -> dict[str, object]:
    return dict(yaml.safe_load((project / "dbt_project.yml").read_text())["vars"])


def grants(output: str) -> list[str]:
    return re.findall(r"^  ((?:grant|create) .*);$", output, re.MULTILINE)


def last_line(outcome: Outcome) -> str:
    return outcome.output.splitlines()[-1]


def test_init_build_and_gate_with_no_more_rights_than_those_it_names(
    warehouse: Warehouse, role: str, tmp_path: Path
) -> None:
    warehouse.execute(TASKS.format(schema="public"), STUCK)
    outcome = run(warehouse, tmp_path, "stuck-jobs", "init", "mine", "--role", role, PGUSER=role)
    assert outcome.exit_code == 0, outcome.output
    assert "not seen: the role may not read django_tasks_database_dbtaskresult (id, " in outcome.output
    assert settings(tmp_path / "mine")["job_system"] == "django_tasks"
    assert settings(tmp_path / "mine")["redis_enabled"] is False
    warehouse.execute(*grants(outcome.output))
    ((allowed,),) = warehouse.rows(
        "select array_agg(column_name::text) from information_schema.column_privileges"
        f" where grantee = '{role}' and table_name like 'django%'"
    )
    assert set(allowed).isdisjoint({"args_kwargs", "traceback"})
    again = run(warehouse, tmp_path, "stuck-jobs", "init", "--print", "--role", role, PGUSER=role)
    assert "not seen" not in again.output
    mine = tmp_path / "mine"
    built = run(warehouse, mine, "dbt", "build", "--exclude", "test_type:unit", PGUSER=role)
    assert set(re.findall(r"Failure in test (\w+)", built.output)) == {
        "gate_job_queued",
        "gate_queue_unserved",
    }
    gate = run(warehouse, mine, "stuck-jobs", "gate", PGUSER=role)
    assert gate.exit_code == 1
    assert "job_queued is over its limit" in gate.output


def test_the_pipeline_is_found_built_and_gated(warehouse: Warehouse, role: str, tmp_path: Path) -> None:
    warehouse.execute('create schema "Our Äpp"', f'set search_path to "Our Äpp"; {SOURCE_SCHEMA}')
    outcome = run(warehouse, tmp_path, "stuck-jobs", "init", "my own", "--role", role)
    assert outcome.exit_code == 0, outcome.output
    assert settings(tmp_path / "my own")["source_schema"] == "Our Äpp"
    warehouse.execute(*grants(outcome.output))
    for command in (("dbt", "run"), ("stuck-jobs", "gate")):
        done = run(warehouse, tmp_path / "my own", *command, PGUSER=role)
        assert done.exit_code == 0, done.output


def test_the_operators_grants_fit_the_tables_and_are_what_recovery_takes(
    warehouse: Warehouse, role: str, tmp_path: Path
) -> None:
    warehouse.execute(
        SOURCE_SCHEMA,
        "alter table jobs add column error_message text",
        "create sequence ids",
        "alter table outbox alter column id set default nextval('ids')",
    )
    operator = f"fixer of {warehouse.libpq['PGDATABASE']}"
    outcome = run(warehouse, tmp_path, "stuck-jobs", "init", "mine", "--role", role, "--operator", operator)
    assert outcome.exit_code == 0, outcome.output
    assert f'operator_roles: ["{operator}"]' in outcome.output
    statements = grants(outcome.output)
    assert any('"error_message"' in statement for statement in statements)
    warehouse.execute(*statements)
    mine = tmp_path / "mine"
    try:
        built = run(
            warehouse, mine, "dbt", "run", "--vars",
            f'{{operator_roles: ["{operator}"], recovery_breaker_min_jobs: 9}}', PGUSER=role,
        )  # fmt: skip
        assert built.exit_code == 0, built.output
        warehouse.execute(
            "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
            " values ('late', '{}', 'created', now() - interval '1 day', now() - interval '1 day')"
        )
        done = run(warehouse, mine, "stuck-jobs", "recover", "--apply", PGUSER=operator)
        assert done.exit_code == 0, done.output
        assert "1 applied" in done.output
        cancelled = run(
            warehouse, mine, "stuck-jobs", "recover", "--job", "late", "--cancel", "--apply", PGUSER=operator
        )
        assert cancelled.exit_code == 0, cancelled.output
    finally:
        warehouse.execute(f'drop owned by "{operator}" cascade', f'drop role "{operator}"')


def test_a_system_that_nothing_is_recovered_in_has_no_operator(warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse.execute(TASKS.format(schema="public"))
    outcome = run(warehouse, tmp_path, "stuck-jobs", "init", "--print", "--operator", "fixer")
    assert outcome.exit_code == 2
    assert last_line(outcome) == "Error: nothing is recovered in django_tasks: leave out --operator"


def test_a_system_whose_jobs_wait_in_a_broker_is_not_watched_without_it(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.execute(
        "create table django_celery_results_taskresult (task_id text, status text, result text,"
        " task_name text, date_done timestamptz, traceback text)",
        "create table django_celery_results_chordcounter (group_id text, sub_tasks text, count integer)",
    )
    outcome = run(warehouse, tmp_path, "stuck-jobs", "init", "mine")
    assert outcome.exit_code == 0, outcome.output
    assert settings(tmp_path / "mine")["redis_enabled"] is True
    rights = [right for right in grants(outcome.output) if "django_celery_results" in right]
    assert ['"group_id", "sub_tasks", "count"' in right for right in rights] == [False, True]
    assert "traceback" not in "".join(rights)


def test_one_of_several_is_to_be_chosen(warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse.execute(SOURCE_SCHEMA, "create schema other")
    warehouse.execute(*(TASKS.format(schema=schema) for schema in ("public", "other")))
    outcome = run(warehouse, tmp_path, "stuck-jobs", "init")
    assert outcome.exit_code == 2
    assert last_line(outcome) == (
        "Error: there is more than one job system; choose one: --system django_tasks --source-schema other,"
        " --system django_tasks --source-schema public, --system pipeline --source-schema public"
    )
    chosen = run(
        warehouse, tmp_path, "stuck-jobs", "init", "--system", "django_tasks", "--source-schema", "other",
        REDIS_URL="redis://localhost",
    )  # fmt: skip
    assert chosen.exit_code == 0, chosen.output
    made = settings(tmp_path / "my-stuck-jobs")
    assert (made["job_system"], made["source_schema"]) == ("django_tasks", "other")
    assert made["redis_enabled"] is False
    pipeline = ("--system", "pipeline", "--source-schema", "public")
    chosen = run(warehouse, tmp_path, "stuck-jobs", "init", "piped", *pipeline, REDIS_URL="redis://localhost")
    assert chosen.exit_code == 0, chosen.output
    assert settings(tmp_path / "piped")["redis_enabled"] is True


def test_a_redis_says_nothing_of_a_system_that_has_nothing_there(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.execute(
        TASKS.format(schema="public"),
        "insert into django_tasks_database_dbtaskresult (id, status, enqueued_at, queue_name, task_path)"
        " select gen_random_uuid(), 'READY', now(), 'mails', 'shop.tasks.send_mail'"
        " from generate_series(1, 1001)",
    )
    assert run(warehouse, tmp_path, "stuck-jobs", "init", "mine").exit_code == 0
    mine, refusal = tmp_path / "mine", "the watched system is django_tasks, which has no queues in Redis"
    for built in (False, True):
        if built:
            watched = {"job_system": "django_tasks", "redis_enabled": True}
            outcome = warehouse.run_dbt("run", "--select", "+accumulation_points", variables=watched)
            assert outcome.exit_code == 0, outcome.output
        collected = run(warehouse, mine, "stuck-jobs", "collect", REDIS_URL="redis://localhost:1")
        assert (collected.exit_code, last_line(collected)) == (2, f"Error: {refusal}")
    warehouse.execute(
        "insert into stuck_jobs_raw.queue_snapshots"
        " select 1, now() - interval '1 hour', 'jobs', kind, 0, 0, true, null"
        " from unnest(array['main', 'retry', 'dead']) as kind"
    )
    seen = "select state, stuck_count from stuck_jobs.accumulation_points where accumulation_point ="
    assert warehouse.rows(f"{seen} 'queue_depth'") == [("breached", 1)]


def test_nothing_is_said_in_one_line_that_says_what_was_looked_for(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.execute("create table jobs ()", "create table executions ()")
    outcome = run(warehouse, tmp_path, "stuck-jobs", "init")
    assert outcome.exit_code == 2
    assert len(outcome.output.splitlines()) == 1
    assert "pipeline (jobs, executions, outbox)" in outcome.output
    assert warehouse.libpq["PGDATABASE"] in outcome.output
    assert list(tmp_path.iterdir()) == []
    unknown = run(warehouse, tmp_path, "stuck-jobs", "init", "--system", "sidekiq")
    assert unknown.exit_code == 2
    assert unknown.output.startswith("Error: there is no job system sidekiq; known: ")


def test_another_version_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse.execute(
        TASKS.format(schema="public"), "alter table django_tasks_database_dbtaskresult drop column run_after"
    )
    outcome = run(warehouse, tmp_path, "stuck-jobs", "init")
    assert outcome.exit_code == 2
    assert last_line(outcome) == (
        "Error: what was found is of a version that is not known: django_tasks in the schema public:"
        " django_tasks_database_dbtaskresult has no column run_after"
    )


def test_what_hides_rows_or_cannot_be_reached_is_said(
    warehouse: Warehouse, role: str, tmp_path: Path
) -> None:
    warehouse.execute(
        "create schema closed",
        TASKS.format(schema="closed"),
        "alter table closed.django_tasks_database_dbtaskresult enable row level security",
    )
    outcome = run(warehouse, tmp_path, "stuck-jobs", "init", "--print", PGUSER=role)
    assert outcome.exit_code == 0, outcome.output
    assert "not seen: the role may not use the schema closed" in outcome.output
    assert "not seen: row level security hides rows" in outcome.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("schema", ["{{ env_var('HOME') }}", 'quo"te', "o'clock", "yes", "# x: [y"])
def test_the_name_of_a_schema_is_kept_or_refused(warehouse: Warehouse, tmp_path: Path, schema: str) -> None:
    quoted = sql.Identifier(schema).as_string()
    warehouse.execute(f"create schema {quoted}", TASKS.format(schema=quoted))
    outcome = run(warehouse, tmp_path, "stuck-jobs", "init", "mine")
    if "'" in schema or '"' in schema:
        assert outcome.exit_code == 2
        assert "a schema that has a quote in its name" in last_line(outcome)
        assert list(tmp_path.iterdir()) == []
    else:
        assert outcome.exit_code == 0, outcome.output
        assert settings(tmp_path / "mine")["source_schema"] == schema
        built = run(warehouse, tmp_path / "mine", "dbt", "run", "--select", "+stg_jobs")
        assert built.exit_code == 0, built.output


def test_a_file_that_is_there_is_kept_unless_it_is_to_be_replaced(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.execute(TASKS.format(schema="public"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "profiles.yml").write_text("of mine")
    outcome = run(warehouse, tmp_path, "stuck-jobs", "init", "mine")
    assert outcome.exit_code == 2
    assert last_line(outcome).startswith("Error: mine/profiles.yml is there already")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["profiles.yml"]
    assert (tmp_path / "mine" / "profiles.yml").read_text() == "of mine"
    assert run(warehouse, tmp_path, "stuck-jobs", "init", "mine", "--force").exit_code == 0
    assert "stuck_jobs:" in (tmp_path / "mine" / "profiles.yml").read_text()


def test_a_dsn_is_kept_without_its_password(warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse.execute(TASKS.format(schema="public"))
    dsn = " ".join(
        f"{key}={warehouse.libpq[name]}"
        for key, name in (
            ("host", "PGHOST"),
            ("port", "PGPORT"),
            ("user", "PGUSER"),
            ("dbname", "PGDATABASE"),
        )
    )
    elsewhere = Warehouse(dict.fromkeys(warehouse.libpq, ""), warehouse.scratch)
    outcome = run(elsewhere, tmp_path, "stuck-jobs", "init", "mine", "--dsn", f"{dsn} password=hunter2")
    assert outcome.exit_code == 0, outcome.output
    assert "hunter2" not in outcome.output + (tmp_path / "mine" / "profiles.yml").read_text()
    without = {name: warehouse.libpq[name] for name in ("PGPASSWORD",) if name in warehouse.libpq}
    built = run(
        Warehouse(without, warehouse.scratch), tmp_path / "mine", "dbt", "run", "--select", "+stg_jobs"
    )
    assert built.exit_code == 0, built.output
    wrong = run(elsewhere, tmp_path, "stuck-jobs", "init", "--dsn", "password=hunter2 nonsense")
    assert wrong.output == "Error: --dsn is not a connection string of libpq's\n"
