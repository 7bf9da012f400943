"""Real workers of pg-boss, killed, drained, slow: exactly what is stuck is found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from conftest import ROOT, Warehouse
from real_systems import SECRET, System, installed, node_installed
from test_init import grants

pytestmark = [installed, node_installed]

APP = "pg_boss_app.cjs"
A_WHILE = "interval '6 minutes'"
OVER_TIME = "interval '20 minutes'"
SUPERVISED = {
    True: "update pgboss.queue set monitor_on = now()",
    False: "update pgboss.version set maintained_on = now()",
}
"""What a supervisor writes, by whether the version is the newest."""


@dataclass
class Stories:
    """What was done, by the name of the story: the id of its job; and the process that serves and ticks."""

    system: System
    is_newest: bool
    ids: dict[str, str] = field(default_factory=dict)
    serving: int = 0

    def found(self) -> set[tuple[str, str, str]]:
        """Everything that the views call stuck, while somebody supervises."""
        self.system.warehouse.execute(SUPERVISED[self.is_newest])
        return self.system.found()

    def found_at(self, point: str) -> set[tuple[str, str, str]]:
        """What of it is stuck at a point."""
        return {finding for finding in self.found() if finding[0] == point}


def call(system: System, *calls: list[Any]) -> list[Any]:
    """Call methods of pg-boss; what each returned."""
    returned: list[Any] = json.loads(system.run("node", APP, "call", json.dumps(calls)))
    return returned


def send(system: System, queue: str, task: str, **options: Any) -> str:
    """Send a job, and say its id."""
    (job_id,) = call(system, ["send", queue, {"task": task, "secret": SECRET}, options])
    return str(job_id)


def state(system: System, job_id: str) -> str:
    """What the system itself says of a job."""
    ((found,),) = system.warehouse.rows(f"select state::text from pgboss.job where id = '{job_id}'")
    return str(found)


def listed(*texts: str) -> str:
    """Some texts as a list in SQL."""
    return "('" + "', '".join(texts) + "')"


def is_in(job_id: str, *states: str) -> str:
    """The condition that a job is in one of some states."""
    return f"(select state::text in {listed(*states)} from pgboss.job where id = '{job_id}')"


def age(system: System, by: str, *job_ids: str) -> None:
    """Have all that happened to some jobs be longer ago."""
    columns = ("created_on", "start_after", "started_on", "completed_on")
    assignments = ", ".join(f"{column} = {column} - {by}" for column in columns)
    system.warehouse.execute(f"update pgboss.job set {assignments} where id in {listed(*job_ids)}")


def end_the_dead(stories: Stories, *job_ids: str) -> None:
    """Have the last signs of life of dead processes, and those for some jobs, be longer ago."""
    stories.system.warehouse.execute(
        f"update pgboss.job set heartbeat_on = heartbeat_on - {A_WHILE} where id in {listed(*job_ids)}",
        f"""update pgboss.instance
        set heartbeat_on = heartbeat_on - {A_WHILE}, started_on = started_on - {A_WHILE}
        where stopped_on is null and heartbeat_on < now() - interval '3 seconds'""",
    )


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """Have a process stand still for the length of a `with` block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def work(stack: ExitStack, stories: Stories, name: str, *queues: str, **options: Any) -> int:
    """Start a worker of some queues."""
    # of processes without a name no more than twenty dead ones are remembered
    listing = {"instanceHeartbeatSeconds": 1, "instanceName": name} if stories.is_newest else {}
    given = json.dumps({"supervise": False, "schedule": False, **listing, **options})
    arguments = ("node", APP, "work", json.dumps(queues), given)
    return stack.enter_context(stories.system.process(name, *arguments)).pid


def make_queues(stories: Stories) -> None:
    """The queues of both versions, and what only the newest has."""
    names = (
        "default", "slow", "burst", "drained", "over_time", "over_for_good", "nobody", "ticks", "dead",
    )  # fmt: skip
    call(
        stories.system,
        *(["createQueue", name] for name in names),
        ["createQueue", "with_dead", {"deadLetter": "dead", "retryLimit": 0}],
        ["createQueue", "single", {"policy": "singleton"}],
        ["createQueue", "killed", {"policy": "singleton"}],
        ["schedule", "ticks", "* * * * *", {"task": "ok"}],
    )
    if stories.is_newest:
        call(
            stories.system,
            ["createQueue", "beats", {"heartbeatSeconds": 10}],
            ["createQueue", "beats_on", {"heartbeatSeconds": 10, "partition": True}],
            ["createQueue", "fifo", {"policy": "key_strict_fifo"}],
            ["createQueue", "flow"],
            ["createQueue", "flow_slow"],
        )


def kill_and_drain(stack: ExitStack, stories: Stories) -> None:
    """Jobs whose workers are killed, or told to stop."""
    system, ids = stories.system, stories.ids
    fragile = ["killed", "over_time", "over_for_good", *(["beats"] if stories.is_newest else [])]
    for queue in (*fragile, "drained"):
        limit = {"retryLimit": 0} if queue == "over_for_good" else {}
        ids[queue] = send(system, queue, "sleeps", **limit)
    killed = work(stack, stories, "fragile", *fragile)
    draining = work(stack, stories, "drained", "drained")
    for queue in (*fragile, "drained"):
        system.wait_for(is_in(ids[queue], "active"))
    os.kill(killed, signal.SIGKILL)
    os.kill(draining, signal.SIGTERM)
    ids["behind_killed"] = send(system, "killed", "ok")


def succeed_fail_and_wait(stories: Stories) -> None:
    """Jobs that end, fail, wait and are cancelled."""
    system, ids = stories.system, stories.ids
    ids["ok"] = send(system, "default", "ok")
    ids["fails"] = send(system, "default", "fails", retryLimit=0)
    ids["waits_for_retry"] = send(system, "default", "fails", retryLimit=3, retryDelay=3600)
    ids["with_dead"] = send(system, "with_dead", "fails")
    ids["slow"] = send(system, "slow", "sleeps")
    ids["single"] = send(system, "single", "sleeps")
    failing = ["send", "burst", {"task": "fails", "secret": SECRET}, {"retryLimit": 3, "retryDelay": 3600}]
    for number, job_id in enumerate(call(system, *([failing] * 10))):
        ids[f"burst {number}"] = job_id
    for name in ("ok", "fails", "with_dead", "slow", "single", "burst 9", "waits_for_retry"):
        system.wait_for(is_in(ids[name], "completed", "failed", "active", "retry"))
    system.wait_for(is_in(ids["fails"], "failed"))
    system.wait_for(is_in(ids["with_dead"], "failed"))
    ((ids["letter"],),) = system.warehouse.rows("select id::text from pgboss.job where name = 'dead'")
    ids["behind_single"] = send(system, "single", "ok")
    ids["later"] = send(system, "nobody", "ok", startAfter=3600)
    ids["unserved"] = send(system, "nobody", "ok")
    ids["cancelled"] = send(system, "nobody", "ok")
    call(system, ["cancel", "nobody", ids["cancelled"]])


def queue_up_and_flow(stories: Stories) -> None:
    """What only the newest version knows: keys in order, flows and heartbeats."""
    system, ids = stories.system, stories.ids
    ids["fifo head"] = send(system, "fifo", "fails", singletonKey="a", retryLimit=0)
    system.wait_for(is_in(ids["fifo head"], "failed"))
    ids["behind_fifo"] = send(system, "fifo", "ok", singletonKey="a")
    ids["fifo other"] = send(system, "fifo", "ok", singletonKey="b")
    ids["beats_on"] = send(system, "beats_on", "sleeps")
    for flow, queue, task in (
        ("failing", "flow", "fails"), ("slow", "flow_slow", "sleeps"), ("gone", "flow", "fails"),
    ):  # fmt: skip
        jobs = [
            {"ref": "parent", "name": queue, "data": {"task": task}, "options": {"retryLimit": 0}},
            {"ref": "child", "name": "flow", "dependsOn": ["parent"]},
            {"ref": "grandchild", "name": "flow", "dependsOn": ["child"]},
        ]
        (made,) = call(system, ["flow", jobs])
        ids |= {f"{flow} {ref}": job_id for ref, job_id in made.items()}
    for name in ("failing parent", "gone parent"):
        system.wait_for(is_in(ids[name], "failed"))
    call(system, ["deleteJob", "flow", ids["gone parent"]])
    for name in ("slow parent", "beats_on"):
        system.wait_for(is_in(ids[name], "active"))
    system.wait_for(is_in(ids["fifo other"], "completed"))


@pytest.fixture(scope="module", params=["the newest version", "the oldest version"])
def stories(
    request: pytest.FixtureRequest,
    new_warehouse: Callable[[], Warehouse],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stories]:
    warehouse = new_warehouse()
    warehouse.execute("drop table jobs, executions, outbox")
    is_newest = "newest" in request.param
    package = {"PG_BOSS": "pg-boss" if is_newest else "pg-boss-oldest"}
    system = System(warehouse, "pg_boss", tmp_path_factory.mktemp("pg_boss"), package)
    stories = Stories(system, is_newest)
    with ExitStack() as stack:
        make_queues(stories)
        kill_and_drain(stack, stories)
        served = ["default", "slow", "single", "burst", "with_dead", "ticks"]
        served += ["beats_on", "fifo", "flow", "flow_slow"] if is_newest else []
        ticking = {"schedule": True, "cronWorkerIntervalSeconds": 1}
        stories.serving = work(stack, stories, "serving", *served, **ticking)
        succeed_fail_and_wait(stories)
        if is_newest:
            queue_up_and_flow(stories)
            system.wait_for(
                "(select count(*) from pgboss.instance, jsonb_array_elements(workers) as w"
                " where w ->> 'queue' in ('slow', 'single', 'drained') and w ->> 'active' = '1') = 3"
            )
            system.wait_for(
                "(select count(*) from pgboss.instance where stopped_on is null"
                " and heartbeat_on < now() - interval '3 seconds') = 1"
            )
        system.wait_for(
            "exists (select from pgboss.job where name = '__pgboss__send-it' and state = 'completed')"
        )
        over_time = (stories.ids["over_time"], stories.ids["over_for_good"])
        others = (stories.ids[name] for name in stories.ids if not name.startswith(("over_", "burst")))
        age(system, A_WHILE, *others)
        age(system, OVER_TIME, *over_time)
        if is_newest:
            end_the_dead(stories, stories.ids["killed"], stories.ids["beats"])
        system.warehouse.execute(
            "update pgboss.job set keep_until = now() + interval '23 hours'"
            f" where id = '{stories.ids['unserved']}'"
        )
        system.build()
        yield stories


def test_exactly_what_is_stuck_is_found(stories: Stories) -> None:
    ids = stories.ids
    expected = {
        ("worker_lost", ids["over_time"], "worker_gone"),
        ("worker_lost", ids["over_for_good"], "worker_gone"),
        ("job_queued", ids["unserved"], "not_taken"),
        ("job_expiring", ids["unserved"], "retention"),
        ("queue_dead_letter", ids["fails"], "retries_exhausted"),
        ("queue_dead_letter", ids["letter"], "retries_exhausted" if stories.is_newest else "unknown"),
        ("queue_unserved", "nobody", "no_living_worker" if stories.is_newest else "nothing_taken"),
        ("failure_burst", "burst", "failing_often"),
    }
    if stories.is_newest:
        expected |= {
            ("worker_lost", ids["killed"], "heartbeat_stopped"),
            ("worker_lost", ids["beats"], "heartbeat_stopped"),
            ("job_blocked", ids["behind_killed"], "key_held_by_lost_job"),
            ("queue_dead_letter", ids["fifo head"], "retries_exhausted"),
            ("job_blocked", ids["behind_fifo"], "key_held_by_failed_job"),
            ("queue_dead_letter", ids["failing parent"], "retries_exhausted"),
            ("job_blocked", ids["failing child"], "parent_held_by_failed_job"),
            ("job_blocked", ids["failing grandchild"], "parent_held_by_failed_job"),
            ("job_blocked", ids["gone child"], "parent_held_by_missing_job"),
            ("job_blocked", ids["gone grandchild"], "parent_held_by_missing_job"),
        }
    assert stories.found() == expected


def test_what_cannot_be_proven_is_absent_and_nothing_else_is_unknown(stories: Stories) -> None:
    states = stories.system.states()
    assert {"execution_missing", "outbox_unpublished", "provider_timeout", "job_interrupted"}.isdisjoint(
        states
    )
    assert set(states.values()) == {"ok", "breached"}


def test_no_argument_and_no_result_is_shown(stories: Stories) -> None:
    text = stories.system.public_text()
    assert "TypeError" in text
    assert SECRET not in text
    assert "no luck" not in text
    assert "a secret result" not in text


def test_the_views_keep_their_promises(stories: Stories) -> None:
    stories.system.assert_promises_kept()


def test_a_tick_that_nobody_made_is_missed(stories: Stories) -> None:
    warehouse = stories.system.warehouse
    assert stories.found_at("schedule_missed") == set()
    assert stories.found_at("conductor_dead") == set()
    with standing_still(stories.serving):
        warehouse.execute(
            "update pgboss.job set singleton_on = singleton_on - interval '7 minutes'"
            " where name = '__pgboss__send-it'",
            "update pgboss.version set cron_on = cron_on - interval '7 minutes'",
        )
        assert stories.found_at("schedule_missed") == {("schedule_missed", "ticks", "not_ticked")}
        assert stories.found_at("conductor_dead") == {("conductor_dead", "scheduler", "heartbeat_stopped")}


def test_nobody_supervises(stories: Stories) -> None:
    stories.found()
    table, column = ("queue", "monitor_on") if stories.is_newest else ("version", "maintained_on")
    stories.system.warehouse.execute(f"update pgboss.{table} set {column} = now() - interval '7 minutes'")
    silent = {finding[1:] for finding in stories.system.found() if finding[0] == "conductor_dead"}
    assert ("supervisor", "heartbeat_stopped") in silent


def recover(system: System, *arguments: str, **variables: str) -> dict[str, str | None]:
    """What recovery says that it did or would do with each job: why it left it alone, or that it did not."""
    said = json.loads(system.ours("recover", "--format", "json", *arguments, **variables))
    return {item["entity_id"]: item["reason"] for item in said["items"]}


@pytest.fixture
def operator(stories: Stories) -> Iterator[str]:
    with stories.system.operator() as name:
        yield name
    stories.system.build()


def test_recovery_retries_what_is_given_up_and_nothing_that_a_process_may_have(
    stories: Stories, operator: str
) -> None:
    system, ids = stories.system, stories.ids
    given_up = [ids["over_time"], *([ids["beats"]] if stories.is_newest else [])]
    plan = recover(system, PGUSER=operator)
    assert {job_id for job_id, reason in plan.items() if reason is None} == set(given_up)
    assert "no attempt left" in str(plan[ids["over_for_good"]])
    if stories.is_newest:
        assert "a busy process is as silent" in str(plan[ids["killed"]])
    assert state(system, ids["over_time"]) == "active"
    done = recover(system, "--apply", PGUSER=operator)
    assert {job_id for job_id, reason in done.items() if reason is None} == set(given_up)
    for job_id in given_up:
        assert state(system, job_id) == "retry"
    for name in ("killed", "over_for_good", "slow", "drained"):
        assert state(system, ids[name]) == "active"
    log = "select entity_id, remedy, outcome from stuck_jobs_raw.recovery_log"
    assert set(system.warehouse.rows(log)) == {(job_id, "retry", "applied") for job_id in given_up}


def test_a_role_that_may_not_read_what_jobs_carry_is_enough(stories: Stories) -> None:
    warehouse = stories.system.warehouse
    role = f"watcher_of_{warehouse.libpq['PGDATABASE']}"
    warehouse.execute(
        f"create role {role} login",
        f"create schema of_watcher authorization {role}",
        f"create schema of_watcher_raw authorization {role}",
    )
    granted = grants(stories.system.ours("init", "--print", "--role", role))
    assert not any(column in grant for grant in granted for column in ('"data"', "output"))
    warehouse.execute(*(grant for grant in granted if "create schema" not in grant))
    outcome = warehouse.in_schema("of_watcher").run_dbt(
        "run", variables={"job_system": "pg_boss"}, PGUSER=role, STUCK_JOBS_RAW_SCHEMA="of_watcher_raw"
    )
    assert outcome.exit_code == 0, outcome.output
    with psycopg.connect(
        host=warehouse.libpq["PGHOST"], port=warehouse.libpq["PGPORT"], user=role,
        dbname=warehouse.libpq["PGDATABASE"], autocommit=True,
    ) as connection:  # fmt: skip
        states = "select distinct state from of_watcher.accumulation_points"
        assert {found for (found,) in connection.execute(states)} == {"ok", "breached"}
        warehouse.execute("alter table pgboss.job enable row level security")
        assert {found for (found,) in connection.execute(states)} == {"unknown"}
    warehouse.execute("alter table pgboss.job disable row level security", "drop schema of_watcher cascade")


def test_two_that_recover_at_once_share_what_the_killed_leave_behind(stories: Stories) -> None:
    if not stories.is_newest:
        pytest.skip("there are no heartbeats")
    system = stories.system
    call(system, ["createQueue", "storm", {"heartbeatSeconds": 10, "retryLimit": 9}])
    lost: dict[str, int] = {}
    with ExitStack() as stack:
        for number in range(2):
            before = {
                name: send(system, "storm", "sleeps") for name in (f"killed {number}", f"held {number}")
            }
            killed = work(stack, stories, f"killed {number}", "storm")
            system.wait_for(is_in(before[f"killed {number}"], "active"))
            work(stack, stories, f"held {number}", "storm")
            system.wait_for(is_in(before[f"held {number}"], "active"))
            os.kill(killed, signal.SIGKILL)
            job_id = before[f"killed {number}"]
            system.warehouse.execute(
                f"update pgboss.job set heartbeat_on = now() - interval '1 minute' where id = '{job_id}'"
            )
            # the lost one is not to be taken by whoever is busy
            with ThreadPoolExecutor() as pool:
                commands = [pool.submit(_recover_in_own_process, system) for _ in range(2)]
                outcomes = [outcome for command in commands for outcome in command.result()]
            lost[job_id] = outcomes.count((job_id, "applied"))
            assert {name for name, outcome in outcomes if outcome == "applied"} == {job_id}
            assert state(system, job_id) == "retry"
            assert state(system, before[f"held {number}"]) == "active"
            call(system, ["cancel", "storm", job_id])
    assert lost == dict.fromkeys(lost, 1)
    log = "select entity_id, count(*) from stuck_jobs_raw.recovery_log where outcome = 'applied' group by 1"
    audited = dict(system.warehouse.rows(log))
    assert {job_id: audited.get(job_id) for job_id in lost} == lost


def _recover_in_own_process(system: System) -> list[tuple[str, str]]:
    environment = system.environment | {
        "DBT_PROFILES_DIR": str(system.warehouse.scratch), "DBT_PROJECT_DIR": str(ROOT),
        "STUCK_JOBS_SCHEMA": system.warehouse.schema,
    }  # fmt: skip
    finished = subprocess.run(
        [ROOT / ".venv" / "bin" / "stuck-jobs", "recover", "--apply", "--format", "json"],
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return [(item["entity_id"], item["outcome"]) for item in json.loads(finished.stdout)["items"]]


def test_the_tables_may_lie_in_another_schema(stories: Stories) -> None:
    system, before = stories.system, stories.found()
    system.warehouse.execute("alter schema pgboss rename to elsewhere")
    system.build(source_schema="elsewhere")
    assert {finding[:2] for finding in before if finding[0] != "failure_burst"} <= {
        finding[:2] for finding in system.found()
    }
    system.warehouse.execute("alter type elsewhere.job_state add value 'snoozed'")
    outcome = system.warehouse.run_dbt(
        "run", variables={"job_system": "pg_boss", "source_schema": "elsewhere"}
    )
    assert outcome.exit_code != 0
    assert (
        "the watched type elsewhere.job_state has the unknown label 'snoozed': "
        "it is of another version of pg-boss than those that are known (10.4 to 12.38)"
    ) in outcome.output
