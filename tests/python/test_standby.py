"""A standby is good for everything that only reads; what writes says in one line that it cannot."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Outcome, Warehouse, run_command

from stuck_jobs import embedded

OLD_JOB = """
insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)
values ('job-1', '{}', 'created', now() - interval '1 day', now() - interval '1 day')
"""


@pytest.fixture(scope="module")
def standby(server: embedded.Postgres, built: Warehouse) -> Iterator[Warehouse]:
    """A physical standby of the server, which goes with the server's own directory."""
    directory = server.directory / "standby"
    data = f"{directory}/data"
    source = ["-h", str(server.directory), "-U", "postgres"]
    options = f"-c listen_addresses='' -c unix_socket_directories={directory}"
    backup = [*source, "-D", data, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
    start = ["-D", data, "-l", f"{directory}/log", "-o", options, "-w", "start"]
    embedded._run(server.binaries / "pg_basebackup", *backup)
    embedded._run(server.binaries / "pg_ctl", *start)
    yield Warehouse(built.libpq | {"PGHOST": str(directory)}, built.scratch)
    embedded._run(server.binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def run(warehouse: Warehouse, *arguments: str, **variables: str) -> Outcome:
    """A command in this process, which has no other connection than this one."""
    ours = ("PG", "DBT_", "STUCK_JOBS_", "REDIS_")
    cleared: dict[str, Any] = {name: None for name in os.environ if name.startswith(ours)}
    chosen = {"DBT_PROFILES_DIR": str(warehouse.scratch), "STUCK_JOBS_SCHEMA": warehouse.schema} | variables
    return run_command(arguments, cleared | warehouse.libpq | chosen)


def wait_for(standby: Warehouse, query: str, expected: object) -> None:
    deadline = time.monotonic() + 60
    while standby.rows(query) != [(expected,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_gate_follows_the_primary_and_nothing_is_recovered(built: Warehouse, standby: Warehouse) -> None:
    assert run(standby, "gate").exit_code == 0
    built.execute(OLD_JOB)
    try:
        wait_for(standby, "select count(*) from jobs", 1)
        gated = run(standby, "gate", "--point", "job_created")
        recovered = run(standby, "recover", "--apply")
    finally:
        built.execute("truncate jobs cascade")
    assert gated.exit_code == 1, gated.output
    assert recovered.exit_code == 2, recovered.output
    assert "read-only" in recovered.output
    wait_for(standby, "select count(*) from jobs", 0)


def test_every_view_can_be_read(standby: Warehouse) -> None:
    relations = standby.rows("select viewname from pg_views where schemaname = 'stuck_jobs'")
    assert relations
    for (name,) in relations:
        standby.rows(f"select * from {name}")


def test_the_expectations_are_validated(standby: Warehouse) -> None:
    outcome = run(standby, "validate")
    assert outcome.exit_code == 0, outcome.output
    assert "expectations of" in outcome.output


def test_recovery_says_what_it_would_do(standby: Warehouse) -> None:
    assert run(standby, "recover").exit_code == 0


def test_dbt_tests_the_gate(standby: Warehouse) -> None:
    outcome = standby.run_dbt("test", "--selector", "gate")
    assert outcome.exit_code == 0, outcome.output
    assert "PASS" in outcome.output


@pytest.mark.parametrize(
    "command",
    [["collect"], ["alert"], ["trace"], ["heal", "--no-collect", "--vars", "{redis_enabled: false}"]],
    ids=lambda command: command[0],
)
def test_what_writes_says_that_it_cannot(
    standby: Warehouse, redis: embedded.Redis, command: list[str]
) -> None:
    elsewhere = {"REDIS_URL": redis.url, "STUCK_JOBS_WEBHOOK_URL": "http://localhost:1"}
    outcome = run(standby, *command, **elsewhere)
    assert outcome.exit_code == 2
    assert "read-only" in outcome.output
    assert len(outcome.output.splitlines()) == 1, outcome.output


def test_dbt_does_not_begin_to_build(standby: Warehouse) -> None:
    outcome = standby.run_dbt("build", "--select", "stale_jobs")
    assert outcome.exit_code != 0
    assert "the database is read-only" in outcome.output
    assert "stale_jobs_v1" not in outcome.output


@pytest.fixture(scope="module")
def redis() -> Iterator[embedded.Redis]:
    with embedded.redis_server() as running:
        yield running


def test_the_doctor_names_it(standby: Warehouse) -> None:
    outcome = run(standby, "doctor", "--format", "json")
    assert outcome.exit_code == 1, outcome.output
    (server,) = (one for one in json.loads(outcome.output)["checks"] if one["check"] == "server")
    assert server["state"] == "to do"
    assert "is a standby, on which nothing can be built: name the primary" in server["says"]
