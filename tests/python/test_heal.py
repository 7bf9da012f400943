"""A pipeline that is broken in every way that recovery knows is brought to its end, where policy allows."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import redis
import yaml
from click.testing import CliRunner
from conftest import Outcome, Warehouse, run_command
from pipeline import api
from pipeline.supervisor import Supervisor, move_retries, prepare, publish, work
from pipeline.work import Fault, Servers, Work
from pipeline.world import healthy
from summaries import COMMAND

from stuck_jobs import embedded
from stuck_jobs.cli import main

POINTS = (
    "job_created", "job_queued", "job_processing", "job_running", "job_running_unstarted", "worker_lost",
    "job_not_closed", "job_interrupted", "execution_running", "execution_pending", "queue_dead_letter",
)  # fmt: skip
WITHOUT_AGE = ("worker_lost", "queue_dead_letter")
SECOND = 1 / 60
VARIABLES = {
    "redis_enabled": True,
    "recovery_backoff_minutes": 2 * SECOND,
    "recovery_breaker_min_jobs": 50,
    "thresholds": {
        point: {"auto": True} | ({"max_age_minutes": 2 * SECOND} if point not in WITHOUT_AGE else {})
        for point in POINTS
    },
}
BROKEN = {
    "forgotten": Work(fault=Fault("forgotten", "")),
    "dropped": Work(fault=Fault("dropped", "")),
    "dropped-queued": Work(status="queued", fault=Fault("dropped", "")),
    "dead-lettered": Work(status="queued", fault=Fault("dropped", "")),
    "killed-popped": Work(fault=Fault("popped", "die")),
    "killed-claimed": Work(fault=Fault("claimed", "die")),
    "killed-started": Work(marks="running", fault=Fault("started", "die")),
    "killed-unstarted": Work(marks="unstarted", fault=Fault("started", "die")),
    "killed-opened": Work(opens=True, fault=Fault("opened", "die")),
    "killed-written": Work(regions=("US", "EU"), fault=Fault("written", "die", region="US")),
    "out-of-memory": Work(fault=Fault("calling", "exhaust")),
    "abandoned": Work(fault=Fault("calling", "abandon")),
    "not-closed": Work(fault=Fault("closed", "skip")),
    "close-failed": Work(marks="running", fault=Fault("closed", "break")),
}
FINE = {f"fine-{number}": healthy(number) for number in range(8)}


@dataclass(frozen=True)
class Watched:
    """A pipeline at work."""

    warehouse: Warehouse
    server: embedded.Redis
    supervisor: Supervisor
    servers: Servers


def until(condition: Callable[[], object]) -> None:
    """Wait for what the pipeline does, however slow the machine is."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.1)


@pytest.fixture
def watched(new_warehouse: Callable[[], Warehouse]) -> Iterator[Watched]:
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
            yield Watched(warehouse, server, supervisor, servers)
        finally:
            supervisor.stop()


def settings_of(warehouse: Warehouse, redis_url: str) -> dict[str, str]:
    return warehouse.libpq | {
        "DBT_PROFILES_DIR": str(warehouse.scratch), "STUCK_JOBS_SCHEMA": "stuck_jobs",
        "REDIS_URL": redis_url,
    }  # fmt: skip


def heal(warehouse: Warehouse, redis_url: str, *arguments: str, **changed: Any) -> Outcome:
    variables = yaml.safe_dump(VARIABLES | changed, default_flow_style=True)
    environment = settings_of(warehouse, redis_url)
    return run_command(["heal", "--vars", variables, *arguments], environment)


def kill_a_cycle(warehouse: Warehouse, redis_url: str) -> None:
    """Begin a cycle, and kill it as soon as it has changed something."""
    command = [COMMAND, "heal", "--vars", yaml.safe_dump(VARIABLES, default_flow_style=True)]
    with subprocess.Popen(
        command, env=os.environ | settings_of(warehouse, redis_url), stdout=subprocess.DEVNULL
    ) as process:
        is_changed = "select to_regclass('stuck_jobs_raw.recovery_log') is not null"
        while process.poll() is None:
            if warehouse.rows(is_changed) == [(True,)] and warehouse.rows(
                "select 1 from stuck_jobs_raw.recovery_log limit 1"
            ):
                process.kill()
            time.sleep(0.01)


def test_heal_brings_every_broken_job_to_its_end(watched: Watched) -> None:
    warehouse, server, supervisor = watched.warehouse, watched.server, watched.supervisor
    with warehouse.connect(autocommit=True) as connection, redis.Redis.from_url(server.url) as client:
        for name, job in (BROKEN | FINE).items():
            api.submit(connection, name, job)
        unfinished = "select jobspec_id, status from jobs where status <> 'completed' order by 1"
        until(lambda: {name for name, _ in warehouse.rows(unfinished)} == {*BROKEN})
        until(lambda: client.exists(*(f"fault:{name}" for name in BROKEN)) == len(BROKEN) - 1)
        for service in (publish, work):  # they are killed, and the locks of the dead end by themselves
            supervisor.signal(service)
        client.lpush("jobs:dead", json.dumps({"id": "dead-lettered", "attempt": 3}))
        until(lambda: not [*client.scan_iter("job:processing:*")])
        supervisor.start(publish, watched.servers)
        supervisor.start(work, watched.servers, 4)

        kill_a_cycle(warehouse, server.url)
        reports = []
        while warehouse.rows(unfinished) and len(reports) < 10:
            outcome = heal(warehouse, server.url, "--format", "json")
            assert outcome.exit_code == 0, outcome.output
            reports.append(json.loads(outcome.output.splitlines()[-1]))
            time.sleep(1)

    assert warehouse.rows(unfinished) == []
    log = "select distinct jobspec_id from recovery_log where outcome = 'applied'"
    assert {name for (name,) in warehouse.rows(log)} == {*BROKEN}
    assert warehouse.rows("select * from recovery_log where outcome = 'failed'") == []
    gaps = """
        select jobs.jobspec_id from jobs
        left join executions as runs on runs.job_id = jobs.id and runs.status = 'completed'
        group by jobs.id having count(distinct (runs.region, runs.model_id, runs.question_id)) < all (
            select jsonb_array_length(jobspec_data -> 'constraints' -> 'regions')
            * jsonb_array_length(jobspec_data -> 'metadata' -> 'models')
            * jsonb_array_length(jobspec_data -> 'questions')
        )
    """
    assert warehouse.rows(gaps) == []
    touched = """
        select jobspec_id from jobs join executions on job_id = jobs.id where jobspec_id like 'fine-%'
        group by 1, region, model_id, question_id having count(*) > 1
    """
    assert warehouse.rows(touched) == []
    messages = """
        select payload ->> 'id', count(*) from outbox group by 1
        except
        select
            jobspec_id,
            (jobspec_id <> 'forgotten')::int
            + count(*) filter (where remedy in ('republish', 'reset') and outcome = 'applied')
        from jobs left join recovery_log using (jobspec_id)
        group by jobspec_id
    """
    assert warehouse.rows(messages) == []


@pytest.mark.parametrize("shown_as", ["text", "json"])
def test_only_one_cycle_runs_at_a_time(built: Warehouse, shown_as: str) -> None:
    with built.connect(autocommit=True) as other:
        other.execute("select pg_advisory_lock(hashtext('stuck_jobs heal'))")
        result = CliRunner().invoke(main, ["heal", "--format", shown_as], env=settings_of(built, ""))
    told = json.loads(result.output)["skipped"] if shown_as == "json" else result.output.strip()
    assert (result.exit_code, told) == (0, "another cycle is under way")


@pytest.mark.long
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


@pytest.mark.long
def test_a_cycle_does_what_policy_allows_and_reports_all(new_warehouse: Callable[[], Warehouse]) -> None:
    warehouse = new_warehouse()
    warehouse.execute(
        """
        insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)
        select name, '{"constraints": {"regions": ["US"]}}', status, now() - age, now() - age
        from (values
            ('dead', 'queued', interval '1 min'), ('again', 'processing', '2 hours'),
            ('later', 'processing', '1 hour'), ('lately', 'created', '1 hour'), ('done', 'odd', '1 hour')
        ) as jobs (name, status, age);
        insert into executions (job_id, provider_id, region, status, created_at)
        select id, 'p', 'us-east', 'completed', created_at from jobs where jobspec_id = 'done'
        """
    )
    points = ("job_created", "job_processing", "worker_lost", "queue_dead_letter")
    allowed = {point: {"auto": True} for point in points}
    with embedded.redis_server() as server, redis.Redis.from_url(server.url) as client:
        client.lpush("jobs:dead", json.dumps({"id": "dead", "attempt": 3}))
        idle = heal(warehouse, server.url, thresholds={}).output
        assert idle.strip() == (
            "0 cured, 0 under way, 0 not cured, 0 stuck again, 0 left for the next cycle, "
            "4 left for stuck-jobs recover"
        )
        assert warehouse.rows("select 1 from stuck_jobs_raw.recovery_log") == []
        assert (client.llen("jobs"), client.llen("jobs:dead")) == (0, 1)

        warehouse.execute(
            "insert into stuck_jobs_raw.recovery_log (run_id, recovered_at, accumulation_point, entity_type,"
            " entity_id, jobspec_id, remedy, outcome)"
            " select gen_random_uuid(), now() - age, 'job_created', 'job', id::text, jobspec_id, 'republish',"
            " 'applied' from jobs join (values ('again', interval '3 hours'), ('lately', '1 min'))"
            " as earlier (name, age) on jobspec_id = name"
        )
        chosen = {"thresholds": allowed, "recovery_backoff_minutes": 10, "recovery_max_items": 1}
        report = json.loads(heal(warehouse, server.url, "--format", "json", **chosen).output.splitlines()[-1])
        assert (client.llen("jobs"), client.llen("jobs:dead")) == (1, 0)
    names = {
        title: [item["jobspec_id"] for item in report[title]]
        for title in ("cured", "pending", "not_cured", "restuck", "requeued")
    }
    assert names == {
        "cured": ["again"],
        "pending": [],
        "not_cured": ["lately"],
        "restuck": ["again"],
        "requeued": ["dead"],
    }
    assert (report["left"], report["by_hand"]) == (1, 1)
    assert report["not_cured"][0]["reason"].startswith("recovered a short time ago")


@pytest.mark.long
def test_a_pipeline_where_everything_is_stuck_is_left_alone(new_warehouse: Callable[[], Warehouse]) -> None:
    warehouse = new_warehouse()
    warehouse.execute(
        "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
        " select 'job-' || number, '{}', 'created', now() - interval '1 hour', now() - interval '1 hour'"
        " from generate_series(1, 60) as number"
    )
    with embedded.redis_server() as server, redis.Redis.from_url(server.url) as client:
        client.lpush("jobs:dead", json.dumps({"id": "job-1", "attempt": 3}))
        outcome = heal(warehouse, server.url, thresholds={"queue_dead_letter": {"auto": True}})
        assert outcome.exit_code == 1
        assert "60 of 60 live jobs are stuck at once" in outcome.output
        assert (client.llen("jobs"), client.llen("jobs:dead")) == (0, 1)
        assert heal(warehouse, server.url, "--force").exit_code == 0
        assert warehouse.rows("select count(*) from outbox") == [(59,)]
