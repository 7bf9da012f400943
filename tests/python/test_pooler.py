"""Behind PgBouncer, which shares the server's sessions: what works, and what says why it does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pooler_support
import psycopg
import pytest
from conftest import ROOT, Outcome, Warehouse
from otlp import receiving

from stuck_jobs import embedded
from stuck_jobs.profile import ProfileOptions, load_profile
from stuck_jobs.session.exclusion import only_one

pytestmark = pytest.mark.skipif(pooler_support.binary() is None, reason="there is no pgbouncer")

SETTINGS = {
    "statement_timeout": "60s",
    "lock_timeout": "5s",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}
TRANSACTIONS = ("pool_mode = transaction", "default_pool_size = 4", "ignore_startup_parameters = options")
REFUSING = TRANSACTIONS[:2]
WITHOUT_REDIS = "{redis_enabled: false}"
JOBS = (
    "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
    " select 'forgotten-' || number, '{{}}', 'created', at, at"
    " from generate_series(1, {count}) as number, (select now() - interval '1 hour' as at) as clock"
)


@pytest.fixture(scope="module")
def pooled(new_built_warehouse: Callable[[], Warehouse]) -> Warehouse:
    """A database whose role has the settings, and whose profile asks for none, as the documentation says."""
    warehouse = new_built_warehouse()
    database = warehouse.libpq["PGDATABASE"]
    warehouse.execute(
        *(
            f"alter role postgres in database {database} set {name} = '{value}'"
            for name, value in SETTINGS.items()
        )
    )
    profiles = (ROOT / "profiles.example.yml").read_text().splitlines()
    kept = [line for line in profiles if not line.strip().startswith("search_path:")]
    (warehouse.scratch / "profiles.yml").write_text("\n".join(kept))
    return warehouse


@pytest.fixture(scope="module")
def through(pooled: Warehouse) -> Iterator[Warehouse]:
    with pooler_support.pooler(pooled.libpq, *REFUSING) as variables:
        yield Warehouse(variables, pooled.scratch)


@pytest.fixture(scope="module")
def redis() -> Iterator[embedded.Redis]:
    with embedded.redis_server() as server:
        yield server


@pytest.fixture
def asking(pooled: Warehouse, tmp_path: Path) -> Warehouse:
    """The same database, and the profile of the example, which asks for the settings."""
    (tmp_path / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
    return Warehouse(pooled.libpq, tmp_path)


def run(warehouse: Warehouse, *arguments: str, **extra: str) -> Outcome:
    command = [Path(sys.executable).with_name("stuck-jobs"), *arguments]
    variables = os.environ | warehouse.libpq | {"DBT_PROFILES_DIR": str(warehouse.scratch)} | extra
    finished = subprocess.run(
        command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    return Outcome(finished.returncode, finished.stdout + finished.stderr)


def leftovers(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """What a session of the pool holds that outlives a transaction."""
    query = """
        select 'advisory lock' from pg_locks where locktype = 'advisory'
        union all
        select name from pg_settings
        where
            source = 'session'
            and name !~ '^(transaction_.*|application_name|client_encoding|DateStyle|TimeZone)$'
    """
    with session_of(warehouse) as connection:
        return connection.execute(query.encode()).fetchall()


def diagnosis(warehouse: Warehouse) -> dict[str, tuple[str, str]]:
    outcome = run(warehouse, "doctor", "--format", "json")
    return {one["check"]: (one["state"], one["says"]) for one in json.loads(outcome.output)["checks"]}


def test_the_doctor_says_what_a_pooler_keeps(asking: Warehouse, through: Warehouse) -> None:
    found = diagnosis(through)
    assert found["pooler"] == ("ok", "one is in between; it keeps nothing of ours")
    assert found["settings"][0] == "ok"
    with pooler_support.pooler(asking.libpq, *TRANSACTIONS) as variables:
        dropping = diagnosis(Warehouse(variables, asking.scratch))
    assert dropping["pooler"][0] == "ok"
    assert diagnosis(asking)["pooler"] == ("ok", "none")


def test_what_is_asked_for_and_refused_is_one_line(asking: Warehouse) -> None:
    with pooler_support.pooler(asking.libpq, *REFUSING) as variables:
        for command in ("gate", "recover", "collect", "trace", "heal"):
            outcome = run(Warehouse(variables, asking.scratch), command)
            assert outcome.exit_code == 2, outcome.output
            assert outcome.output.count("\n") == 1, outcome.output
            assert "pooler" in outcome.output
            assert "deployment.md" in outcome.output


@pytest.mark.long
def test_what_is_asked_for_and_ignored_is_noticed(
    asking: Warehouse, new_warehouse: Callable[[], Warehouse]
) -> None:
    bare = Warehouse(new_warehouse().libpq, asking.scratch)
    with pooler_support.pooler(bare.libpq, *TRANSACTIONS) as variables:
        through = Warehouse(variables, asking.scratch)
        for outcome in (run(through, "gate"), through.run_dbt("build", own_process=True)):
            assert outcome.exit_code != 0
            assert "statement_timeout is 0, not 60s" in outcome.output, outcome.output
            assert "is there a pooler?" in outcome.output
        assert not bare.rows("select from pg_class where relnamespace = to_regnamespace('stuck_jobs')")


def test_settings_of_the_role_hold_though_the_pooler_ignores_the_profile(asking: Warehouse) -> None:
    with pooler_support.pooler(asking.libpq, *TRANSACTIONS) as variables:
        outcome = run(Warehouse(variables, asking.scratch), "gate")
    assert outcome.exit_code == 0, outcome.output


def test_what_somebody_else_has_set_in_a_shared_session_is_no_protection(
    asking: Warehouse, new_warehouse: Callable[[], Warehouse]
) -> None:
    bare = new_warehouse()
    one_session = (*TRANSACTIONS, "max_db_connections = 1")
    with pooler_support.pooler(bare.libpq, *one_session) as variables:
        through = Warehouse(variables, asking.scratch)
        with session_of(through) as connection:
            for name, value in SETTINGS.items():
                connection.execute(f"set {name} = '{value}'")
        outcome = run(through, "gate")
    assert outcome.exit_code == 2
    assert "do not hold" in outcome.output


@pytest.mark.long
def test_dbt_builds_through_a_pool(through: Warehouse) -> None:
    for command in (("build", "--full-refresh"), ("build", "--selector", "check")):
        outcome = through.run_dbt(*command, own_process=True)
        assert outcome.exit_code == 0, outcome.output


@pytest.mark.parametrize(
    "command",
    [
        ("gate",),
        ("metrics",),
        ("recover",),
        ("requeue", "--apply"),
        ("collect",),
        ("trace",),
        ("alert", "--webhook", "http://127.0.0.1:9/"),
        ("report",),
        ("heal",),
    ],
    ids=lambda command: command[0],
)
def test_a_command_works_through_a_pool_and_leaves_nothing_in_it(
    through: Warehouse, redis: embedded.Redis, tmp_path: Path, command: tuple[str, ...]
) -> None:
    output = ("--output", str(tmp_path / "report.html")) if command == ("report",) else ()
    for _ in range(2):
        with receiving() as receiver:
            outcome = run(
                through, *command, *output, REDIS_URL=redis.url, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url
            )
        assert outcome.exit_code == 0, outcome.output
    assert leftovers(through) == []


def test_validate_needs_a_session_and_says_so(through: Warehouse) -> None:
    outcome = run(through, "validate")
    assert outcome.exit_code == 2
    assert outcome.output.count("\n") == 1, outcome.output
    assert "validate needs a session" in outcome.output


def test_a_role_of_the_profile_needs_a_session_and_says_so(through: Warehouse, tmp_path: Path) -> None:
    profiles = (through.scratch / "profiles.yml").read_text()
    acting = profiles.replace("      threads: 2", "      threads: 2\n      role: pg_monitor")
    (tmp_path / "profiles.yml").write_text(acting)
    outcome = run(Warehouse(through.libpq, tmp_path), "gate")
    assert outcome.exit_code == 2
    assert "role needs a session" in outcome.output, outcome.output


@pytest.mark.long
def test_two_recoveries_at_once_through_a_pool_change_each_job_once(
    pooled: Warehouse, through: Warehouse, redis: embedded.Redis
) -> None:
    pooled.execute(JOBS.format(count=40))
    command = ("recover", "--apply", "--force", "--format", "json")
    try:
        assert run(through, "collect", REDIS_URL=redis.url).exit_code == 0
        with ThreadPoolExecutor() as together:
            outcomes = list(together.map(lambda _: run(through, *command, REDIS_URL=redis.url), range(2)))
        assert [outcome.exit_code for outcome in outcomes] == [0, 0], outcomes
        reports = [json.loads(outcome.output.splitlines()[0]) for outcome in outcomes]
        results = [item["outcome"] for report in reports for item in report["items"]]
        assert results.count("applied") == 40
        assert "failed" not in results
        assert pooled.rows("select count(*), count(distinct payload ->> 'id') from outbox") == [(40, 40)]
    finally:
        pooled.execute("truncate jobs, executions, outbox, stuck_jobs_raw.recovery_log cascade")


@pytest.mark.long
def test_only_one_cycle_runs_at_a_time_through_a_pool(through: Warehouse) -> None:
    profile = load_profile(ProfileOptions(ROOT, through.scratch))
    other = replace(profile, host=through.libpq["PGHOST"], port=int(through.libpq["PGPORT"]))
    other = replace(other, user="postgres", dbname=through.libpq["PGDATABASE"])
    with only_one(other, "stuck_jobs heal") as alone:
        assert alone
        assert "another cycle is under way" in run(through, "heal", "--no-collect").output
    assert "another cycle" not in run(through, "heal", "--no-collect", "--vars", WITHOUT_REDIS).output


def session_of(warehouse: Warehouse) -> psycopg.Connection[Any]:
    """A client of a pool that asks for nothing."""
    return psycopg.connect(
        host=warehouse.libpq["PGHOST"],
        port=warehouse.libpq["PGPORT"],
        user=warehouse.libpq["PGUSER"],
        dbname=warehouse.libpq["PGDATABASE"],
        autocommit=True,
        prepare_threshold=None,
    )
