"""A real Airflow with a LocalExecutor, drained, killed, blocked, restarted: what is stuck is found."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from conftest import ROOT, Warehouse
from real_systems import HERE, SECRET, Finding, System

ENVIRONMENT = ROOT / ".venv-airflow"

pytestmark = pytest.mark.skipif(
    not (ENVIRONMENT / ".installed").exists(), reason="make test-systems installs Airflow"
)

RUNS = (
    "slow/r1", "lost/r1", "pooled/r1", "one_task/r1", "one_task/r2", "one_run/r1", "one_run/r2", "failing/r1",
    "retried/r1", "backing_off/r1", "poking/r1", "deferring/r1", "asking/r1", "mapped/r1", "resting/r1",
    "past/y0/2026-01-02", "past/y1/2026-01-03",
)  # fmt: skip
REACHED = {
    "slow": ["running"], "lost": [None, "running"], "pooled": ["running", "scheduled"],
    "one_task": ["running", "scheduled"], "one_run": [None, "running"], "failing": ["failed"],
    "retried": ["up_for_retry"], "backing_off": ["up_for_retry"], "poking": ["up_for_reschedule"],
    "deferring": ["deferred"], "asking": ["awaiting_input"], "mapped": ["success"] * 4, "resting": [None],
    "past": [None, "failed"],
}  # fmt: skip
"""The states of the tasks of each DAG when all have come as far as they can."""

AGE = "interval '6 minutes'"
FAILED = {("queue_dead_letter", run, "retries_exhausted") for run in ("failing/r1", "past/y0")}
LOST_AND_FOUND = {("queue_dead_letter", "lost/r1", "retries_exhausted")}


@dataclass(frozen=True)
class Stories:
    """What was found: while all live, with a lock in the way, in a drain, after a crash, after a restart, and
    while the triggerer stood still."""

    system: System
    healthy: set[Finding]
    just_killed: set[Finding]
    blocked: set[Finding]
    draining: set[Finding]
    crashed: set[Finding]
    incidents: list[tuple[str, str]]
    planned: dict[str, str]
    promises_kept: bool
    repaired: set[Finding]
    without_a_triggerer: set[Finding]
    waiter: str
    """The run of one_task that waits for the other one."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def variables(warehouse: Warehouse, home: Path) -> dict[str, str]:
    """What Airflow is told: it lives in our database, and is small."""
    libpq = warehouse.libpq
    port = free_port()
    place = f"host={libpq['PGHOST']}&port={libpq['PGPORT']}"
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN":
            f"postgresql+psycopg2://{libpq['PGUSER']}@/{libpq['PGDATABASE']}?{place}",
        "AIRFLOW__CORE__DAGS_FOLDER": str(HERE / "airflow_app"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "12",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": "of-this-test-alone" * 4,
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "DO_NOT_TRACK": "true",
        "SCARF_ANALYTICS": "false",
        "SECRET": SECRET,
    }  # fmt: skip


def states(system: System) -> dict[str, list[str | None]]:
    """The states of the tasks of each DAG, in order."""
    query = """select dag_id, array_agg(state::text order by state nulls first) from task_instance
        where dag_id <> 'ticking' group by dag_id"""
    return dict(system.warehouse.rows(query))


def pids(system: System, condition: str) -> list[int]:
    """The processes of tasks."""
    rows = system.warehouse.rows(f"select pid from task_instance where pid is not null and {condition}")
    return [pid for (pid,) in rows]


def parent(pid: int) -> int:
    """Whose child a process is."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def kill(*processes: int) -> None:
    """Kill processes, some of which may be gone."""
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def found(system: System) -> set[Finding]:
    """Everything that the views call stuck, a run by its public id."""
    runs = dict(system.warehouse.rows("select id::text, concat_ws('/', dag_id, run_id) from dag_run"))
    return {(point, runs.get(item, item), cause) for point, item, cause in system.found()}


def age(system: System) -> None:
    """Have what was done by hand be longer ago, but for the signs of life."""
    system.warehouse.execute(
        f"""update task_instance set
            scheduled_dttm = scheduled_dttm - {AGE}, queued_dttm = queued_dttm - {AGE},
            start_date = start_date - {AGE}, end_date = end_date - {AGE}
        where dag_id <> 'ticking'""",
        f"""update dag_run set
            queued_at = queued_at - {AGE}, run_after = run_after - {AGE}, start_date = start_date - {AGE},
            end_date = end_date - {AGE}
        where dag_id <> 'ticking'""",
    )


def age_signs_of_life(system: System) -> None:
    """Have the last signs of life of the scheduler, the triggerer and the tasks be longer ago."""
    system.warehouse.execute(
        f"""update job set latest_heartbeat = latest_heartbeat - {AGE}
        where job_type in ('SchedulerJob', 'TriggererJob') and state = 'running'""",
        f"""update task_instance set last_heartbeat_at = last_heartbeat_at - {AGE}
        where state = 'running' or dag_id = 'ticking'""",
        f"""update dag_run set last_scheduling_decision = last_scheduling_decision - {AGE}
        where state = 'running'""",
        """update dag_run set
            run_after = run_after - interval '8 minutes', logical_date = logical_date - interval '8 minutes'
        where dag_id = 'ticking'""",
        """update dag set next_dagrun_create_after = next_dagrun_create_after - interval '8 minutes'
        where dag_id = 'ticking'""",
        """update serialized_dag set
            created_at = created_at - interval '8 minutes',
            last_updated = last_updated - interval '8 minutes'""",
    )


def planned(system: System) -> dict[str, str]:
    """What the plan says of each item."""
    said = json.loads(system.ours("recover", "--apply", "--format", "json"))
    assert {item["outcome"] for item in said["items"]} == {"refused"}
    return {item["entity_id"]: item["reason"] for item in said["items"]}


@pytest.fixture(scope="module")
def stories(
    new_warehouse: Callable[[], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stories]:
    warehouse = new_warehouse()
    warehouse.execute("drop table jobs, executions, outbox")
    scratch = tmp_path_factory.mktemp("airflow")
    system = System(warehouse, "airflow", scratch, variables(warehouse, scratch), ENVIRONMENT)
    system.run("airflow", "db", "migrate")
    with ExitStack() as stack:
        stack.callback(lambda: kill(*pids(system, "dag_id <> 'ticking'")))
        yield tell(system, stack)


def tell(system: System, stack: ExitStack) -> Stories:
    """Have it all happen."""
    warehouse = system.warehouse

    def program(name: str, number: int = 1) -> int:
        return stack.enter_context(system.process(f"{name}-{number}", "airflow", name)).pid

    program("api-server")
    program("dag-processor")
    system.wait_for("(select count(*) from dag) = 16", 300)
    warehouse.execute(
        "insert into slot_pool (pool, slots, include_deferred) values ('of_one', 1, false)",
        "update dag set is_paused = true where dag_id = 'resting'",
    )
    system.build()
    port = int(system.variables["AIRFLOW__API__PORT"])
    system.wait_until(lambda: listens(port), "the API server listens", 300)
    scheduler, triggerer = program("scheduler"), program("triggerer")
    system.run("python", "airflow_app/runs.py", *RUNS)
    system.wait_until(lambda: states(system) == REACHED, "all tasks are as far as they can be", 300)
    system.wait_for("exists (select from dag_run where dag_id = 'ticking' and state = 'success')", 300)
    # before that, ticks went by without a scheduler
    warehouse.execute("update serialized_dag set created_at = now(), last_updated = now()")
    (waiter,) = [
        run for (run,) in warehouse.rows(
            "select run_id from task_instance where dag_id = 'one_task' and state = 'scheduled'"
        )
    ]  # fmt: skip
    age(system)
    healthy = found(system)

    (task,) = pids(system, "dag_id = 'lost' and state = 'running'")
    kill(parent(task))
    just_killed = found(system)
    warehouse.execute(
        f"update task_instance set last_heartbeat_at = last_heartbeat_at - {AGE} where dag_id = 'lost'"
    )
    system.wait_for("(select state from dag_run where dag_id = 'lost') = 'failed'")
    kill(task)

    with warehouse.connect() as blocker:
        blocker.execute("select from slot_pool for update")
        system.run("python", "airflow_app/runs.py", "quick/r1")
        system.wait_for("exists (select from task_instance where dag_id = 'quick' and state = 'scheduled')")
        warehouse.execute(
            f"update task_instance set scheduled_dttm = scheduled_dttm - {AGE} where dag_id = 'quick'"
        )
        time.sleep(10)
        blocked = found(system)
        blocker.rollback()
    system.wait_for("(select state from dag_run where dag_id = 'quick') = 'success'")

    os.kill(scheduler, signal.SIGTERM)
    time.sleep(1)
    warehouse.execute(
        f"update job set latest_heartbeat = latest_heartbeat - {AGE} where job_type = 'SchedulerJob'"
    )
    draining = found(system)

    os.killpg(scheduler, signal.SIGKILL)
    os.killpg(triggerer, signal.SIGKILL)
    kill(*pids(system, "state in ('running', 'deferred')"))
    age_signs_of_life(system)
    crashed = found(system)
    incidents = warehouse.rows("select kind, scope from incidents")
    plan = planned(system)
    system.assert_promises_kept()

    program("scheduler", 2)
    triggerer = program("triggerer", 2)
    system.wait_until(lambda: not found(system) - FAILED - LOST_AND_FOUND - SKIPPED, "all goes on", 300)
    repaired = found(system)

    system.wait_for("(select state from task_instance where dag_id = 'deferring') = 'deferred'")
    os.killpg(triggerer, signal.SIGSTOP)
    warehouse.execute(
        f"""update job set latest_heartbeat = latest_heartbeat - {AGE}
        where job_type = 'TriggererJob' and state = 'running'"""
    )
    without_a_triggerer = found(system)
    os.killpg(triggerer, signal.SIGCONT)
    system.wait_until(lambda: found(system) == repaired, "the triggerer goes on")
    return Stories(
        system, healthy, just_killed, blocked, draining, crashed, incidents, plan, True, repaired,
        without_a_triggerer, waiter,
    )  # fmt: skip


def listens(port: int) -> bool:
    """Whether somebody listens on a port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


SKIPPED = {("schedule_missed", "ticking", "tick_skipped")}


def test_what_waits_rightly_is_no_item(stories: Stories) -> None:
    assert stories.healthy == FAILED


def test_a_task_is_not_lost_before_its_time(stories: Stories) -> None:
    assert stories.just_killed == FAILED


def test_a_lock_on_the_pools_is_told(stories: Stories) -> None:
    assert stories.blocked == FAILED | LOST_AND_FOUND | {
        ("execution_pending", "quick/r1/ends", "executor_blocked")
    }


def test_a_drain_is_no_death(stories: Stories) -> None:
    assert stories.draining == FAILED | LOST_AND_FOUND


def test_exactly_what_is_stuck_is_found_after_a_crash(stories: Stories) -> None:
    holder = {"r1": "r2", "r2": "r1"}[stories.waiter]
    assert stories.crashed == FAILED | LOST_AND_FOUND | {
        ("conductor_dead", "scheduler", "heartbeat_stopped"),
        ("conductor_dead", "triggerer", "heartbeat_stopped"),
        ("worker_lost", "slow/r1/sleeps", "all_silent"),
        ("worker_lost", "pooled/r1/holds", "all_silent"),
        ("worker_lost", f"one_task/{holder}/sleeps", "all_silent"),
        ("worker_lost", "one_run/r1/sleeps", "all_silent"),
        ("execution_pending", "pooled/r1/waits", "scheduler_dead"),
        ("execution_pending", f"one_task/{stories.waiter}/sleeps", "scheduler_dead"),
        ("execution_pending", "deferring/r1/defers", "triggerer_dead"),
        ("job_created", "one_run/r2", "scheduler_dead"),
        ("job_queued", "past/y1", "scheduler_dead"),
        ("schedule_missed", "ticking", "not_ticked"),
    }


def test_a_crash_is_few_incidents(stories: Stories) -> None:
    dead = {scope for kind, scope in stories.incidents if kind == "conductor_dead"}
    assert {"scheduler", "triggerer"} <= dead
    assert sum(kind == "worker_crash" for kind, _ in stories.incidents) == 1


def test_the_plan_says_what_to_do_and_nothing_is_done(stories: Stories) -> None:
    assert "airflow scheduler" in stories.planned["slow/r1/sleeps"]
    assert "airflow tasks clear slow --task-regex '^sleeps$'" in stories.planned["slow/r1/sleeps"]
    assert "airflow triggerer" in stories.planned["deferring/r1/defers"]


def test_nothing_is_stuck_after_a_restart(stories: Stories) -> None:
    assert stories.repaired == FAILED | LOST_AND_FOUND | SKIPPED


def test_what_is_deferred_waits_for_a_triggerer_that_stands_still(stories: Stories) -> None:
    assert stories.without_a_triggerer == stories.repaired | {
        ("conductor_dead", "triggerer", "heartbeat_stopped"),
        ("execution_pending", "deferring/r1/defers", "triggerer_dead"),
    }


def test_no_payload_is_shown(stories: Stories) -> None:
    text = stories.system.public_text()
    assert SECRET not in text
    assert "failing/r1" in text


def test_init_finds_it(stories: Stories) -> None:
    printed = stories.system.ours("init", "--print")
    assert 'job_system: "airflow"' in printed
    assert "conf" not in printed


@pytest.fixture
def changed(stories: Stories) -> Iterator[psycopg.Connection[tuple[str, ...]]]:
    """What is changed in it is undone."""
    with stories.system.warehouse.connect() as connection:
        yield connection
        connection.rollback()


def items(connection: psycopg.Connection[tuple[str, ...]], point: str) -> list[tuple[str, ...]]:
    """What is stuck at a point."""
    query = "select entity_id, cause from stuck_items where accumulation_point = %s"
    return connection.execute(query, [point]).fetchall()


def test_who_reads_needs_no_right_where_the_tables_are(
    stories: Stories, changed: psycopg.Connection[tuple[str, ...]]
) -> None:
    schema = stories.system.warehouse.schema
    found_by_us = {point: items(changed, point) for point in ("queue_dead_letter", "execution_pending")}
    for statement in (
        "create role reads_airflow",
        f"grant usage on schema {schema} to reads_airflow",
        f"grant select on {schema}.stuck_items to reads_airflow",
        "revoke usage on schema public from public",
        "set local role reads_airflow",
    ):
        changed.execute(statement.encode())
    assert {point: items(changed, point) for point in found_by_us} == found_by_us


def test_a_copy_that_is_gone_is_missing(changed: psycopg.Connection[tuple[str, ...]]) -> None:
    assert items(changed, "execution_missing") == []
    changed.execute("delete from task_instance where dag_id = 'mapped' and map_index = 1")
    assert items(changed, "execution_missing") == [("mapped/r1/takes/1", "not_written")]


def test_a_task_may_run_as_long_as_its_past_says(changed: psycopg.Connection[tuple[str, ...]]) -> None:
    changed.execute(
        """update task_instance set state = 'running', start_date = now() - interval '23 hours',
            last_heartbeat_at = now() where dag_id = 'slow'"""
    )
    assert items(changed, "execution_running") == []
    changed.execute("update task_instance set start_date = now() - interval '25 hours' where dag_id = 'slow'")
    assert items(changed, "execution_running") == [("slow/r1/sleeps", "worker_holding")]


def test_when_everything_stands_still_it_is_said(changed: psycopg.Connection[tuple[str, ...]]) -> None:
    assert items(changed, "pipeline_stalled") == []
    changed.execute(
        """update task_instance set last_heartbeat_at = last_heartbeat_at - interval '1 hour',
            start_date = start_date - interval '1 hour', end_date = end_date - interval '1 hour'"""
    )
    changed.execute(
        """update dag_run set queued_at = queued_at - interval '1 hour',
            start_date = start_date - interval '1 hour', end_date = end_date - interval '1 hour'"""
    )
    assert items(changed, "pipeline_stalled") == [("pipeline", "nothing_written")]
