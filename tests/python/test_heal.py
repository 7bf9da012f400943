"""A pipeline that is broken in every way that recovery knows is brought to its end, where policy allows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
import yaml
from click.testing import CliRunner
from conftest import Outcome, Warehouse
from pipeline import api
from pipeline.supervisor import Supervisor, move_retries, prepare, publish, work
from pipeline.work import LOCK_TTL, Fault, Servers, Work

from stuck_jobs import embedded
from stuck_jobs.cli import main

POINTS = (
    "job_created", "job_queued", "job_processing", "job_running", "job_running_unstarted", "worker_lost",
    "job_not_closed", "job_interrupted", "execution_running", "execution_pending",
)  # fmt: skip
SECOND = 1 / 60
VARIABLES = {
    "redis_enabled": True,
    "recovery_backoff_minutes": 2 * SECOND,
    "thresholds": {
        point: {"auto": True} | ({} if point == "worker_lost" else {"max_age_minutes": 2 * SECOND})
        for point in POINTS
    },
}
BROKEN = {
    "forgotten": Work(fault=Fault("forgotten", "")),
    "dropped": Work(fault=Fault("dropped", "")),
    "dropped-queued": Work(status="queued", fault=Fault("dropped", "")),
    "killed-claimed": Work(fault=Fault("claimed", "die")),
    "killed-started": Work(marks="running", fault=Fault("started", "die")),
    "killed-unstarted": Work(marks="unstarted", fault=Fault("started", "die")),
    "killed-opened": Work(opens=True, fault=Fault("opened", "die")),
    "killed-written": Work(regions=("US", "EU"), fault=Fault("written", "die", region="US")),
    "not-closed": Work(fault=Fault("closed", "skip")),
    "fine": Work(),
}


@pytest.fixture
def watched(new_warehouse: Callable[[], Warehouse]) -> Iterator[tuple[Warehouse, embedded.Redis]]:
    """A pipeline at work: its publisher, its workers, and its servers."""
    prepare()
    warehouse = new_warehouse()
    supervisor = Supervisor()
    with embedded.redis_server() as server:
        host, database = warehouse.libpq["PGHOST"], warehouse.libpq["PGDATABASE"]
        servers = Servers(f"host={host} port=5432 user=postgres dbname={database}", server.url)
        for service, count in ((publish, 1), (move_retries, 1), (work, 4)):
            supervisor.start(service, servers, count)
        try:
            yield warehouse, server
        finally:
            supervisor.stop()


def heal(warehouse: Warehouse, redis_url: str, *arguments: str, **changed: Any) -> Outcome:
    variables = yaml.safe_dump(VARIABLES | changed, default_flow_style=True)
    environment = warehouse.libpq | {
        "DBT_PROFILES_DIR": str(warehouse.scratch), "STUCK_JOBS_SCHEMA": "stuck_jobs",
        "REDIS_URL": redis_url,
    }  # fmt: skip
    result = CliRunner().invoke(main, ["heal", "--vars", variables, *arguments], env=environment)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.output)


def test_heal_brings_every_broken_job_to_its_end(watched: tuple[Warehouse, embedded.Redis]) -> None:
    warehouse, server = watched
    with warehouse.connect(autocommit=True) as connection:
        for name, job in BROKEN.items():
            api.submit(connection, name, job)
    time.sleep(LOCK_TTL + 1)  # a lock outlives the worker that is killed

    nobody = heal(warehouse, server.url, thresholds={})
    assert nobody.exit_code == 0, nobody.output
    assert "0 cured, 0 under way" in nobody.output
    assert warehouse.rows("select count(*) from stuck_jobs_raw.recovery_log") == [(0,)]

    open_jobs = "select jobspec_id, status from jobs where status <> 'completed' order by 1"
    outcomes = []
    deadline = time.monotonic() + 90
    while warehouse.rows(open_jobs) and time.monotonic() < deadline:
        outcome = heal(warehouse, server.url, "--format", "json")
        assert outcome.exit_code == 0, outcome.output
        outcomes.append(json.loads(outcome.output))
        time.sleep(1)

    assert warehouse.rows(open_jobs) == []
    recovered = {item["jobspec_id"] for outcome in outcomes for item in outcome["cured"] + outcome["pending"]}
    assert recovered == set(BROKEN) - {"fine"}
    assert warehouse.rows("select count(*) from recovery_log where outcome = 'failed'") == [(0,)]
    results = """
        select jobs.jobspec_id from jobs left join executions on executions.job_id = jobs.id
        and executions.status = 'completed'
        group by jobs.id having count(distinct (executions.region, executions.question_id))
        < 2 * jsonb_array_length(jobspec_data -> 'constraints' -> 'regions')
    """
    assert warehouse.rows(results) == []


def test_only_one_cycle_runs_at_a_time(built: Warehouse) -> None:
    with built.connect(autocommit=True) as other:
        other.execute("select pg_advisory_lock(hashtext('stuck_jobs heal'))")
        environment = built.libpq | {
            "DBT_PROFILES_DIR": str(built.scratch),
            "STUCK_JOBS_SCHEMA": "stuck_jobs",
        }
        result = CliRunner().invoke(main, ["heal"], env=environment)
    assert (result.exit_code, result.output.strip()) == (0, "another cycle is under way")


def test_a_redis_that_is_down_or_a_view_that_cannot_be_built_changes_nothing(
    new_warehouse: Callable[[], Warehouse],
) -> None:
    warehouse = new_warehouse()
    warehouse.execute(
        "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
        " select 'forgotten', '{}', 'created', at, at from (select now() - interval '1 hour' as at) as clock"
    )
    nowhere = f"unix://{warehouse.scratch}/none.sock"
    down = heal(warehouse, nowhere)
    assert down.exit_code == 2
    assert down.output.startswith("Error: Redis: ")
    warehouse.execute("alter table jobs rename column status to state")
    broken = heal(warehouse, nowhere, "--no-collect")
    assert broken.exit_code == 2
    assert "has no column 'status'" in broken.output
    warehouse.execute("alter table jobs rename column state to status")
    assert heal(warehouse, nowhere, "--no-collect", redis_enabled=False).exit_code == 0
    assert warehouse.rows("select count(*) from outbox") == [(1,)]


def test_dead_letters_are_put_back_where_policy_allows(new_warehouse: Callable[[], Warehouse]) -> None:
    warehouse = new_warehouse()
    warehouse.execute("insert into jobs (jobspec_id, jobspec_data, status) values ('dead', '{}', 'queued')")
    with embedded.redis_server() as server, redis.Redis.from_url(server.url) as client:
        client.lpush("jobs:dead", json.dumps({"id": "dead", "attempt": 3}))
        assert heal(warehouse, server.url).exit_code == 0
        assert client.llen("jobs") == 0
        allowed = VARIABLES["thresholds"] | {"queue_dead_letter": {"auto": True}}
        outcome = heal(warehouse, server.url, thresholds=allowed)
        assert "requeued: queue_dead_letter: dead" in outcome.output
        assert (client.llen("jobs"), client.llen("jobs:dead")) == (1, 0)


def test_a_pipeline_where_everything_is_stuck_is_left_alone(new_warehouse: Callable[[], Warehouse]) -> None:
    warehouse = new_warehouse()
    warehouse.execute(
        "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
        " select 'job-' || number, '{}', 'created', now() - interval '1 hour', now() - interval '1 hour'"
        " from generate_series(1, 60) as number"
    )
    with embedded.redis_server() as server:
        outcome = heal(warehouse, server.url)
        assert outcome.exit_code == 1
        assert "60 of 60 live jobs are stuck at once" in outcome.output
        assert warehouse.rows("select count(*) from outbox") == [(0,)]
        assert heal(warehouse, server.url, "--force").exit_code == 0
        assert warehouse.rows("select count(*) from outbox") == [(60,)]
