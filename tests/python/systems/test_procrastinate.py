"""Real workers of Procrastinate, killed, drained, cut off, slow: exactly what is stuck is found."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from conftest import Outcome, Warehouse
from real_systems import HERE, OLDEST, SECRET, System, installed

pytestmark = installed

HALF_AN_HOUR_AND_MORE = "interval '31 minutes'"
APP = ("--app", "procrastinate_app.app")
SCHEDULES = {"ticks": {"every_minutes": 60}}
READ_COLUMNS = (
    "id, queue_name, task_name, priority, lock, queueing_lock, status, scheduled_at, attempts,"
    " abort_requested, worker_id"
)
ENDS = {
    "ok": "succeeded",
    "fails": "failed",
    "retried": "failed",
    "waits_for_retry": "todo",
    "nobody_knows": "failed",
    "slow": "doing",
    "stopped_by_wish": "aborted",
    "deaf": "doing",
    "collided": "doing",
}


@dataclass(frozen=True)
class Stories:
    """What was done, by the name of the story: the id of its job; and the process that makes the ticks."""

    system: System
    ids: dict[str, str]
    ticking: int


def defer(system: System, task: str, *options: str, **arguments: object) -> str:
    """Defer a job, and say its id."""
    system.run(
        "procrastinate",
        *APP,
        "defer",
        "--unknown",
        *options,
        task,
        json.dumps({"secret": SECRET, **arguments}),
    )
    ((job_id,),) = system.warehouse.rows("select max(id) from procrastinate_jobs where task_name <> 'ticks'")
    return str(job_id)


def status(system: System, job_id: str) -> str:
    """What the system itself says of a job."""
    ((found,),) = system.warehouse.rows(f"select status::text from procrastinate_jobs where id = {job_id}")
    return str(found)


def is_at_work(job_id: str) -> str:
    """The condition that a worker has a job."""
    return f"(select status from procrastinate_jobs where id = {job_id}) = 'doing'"


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Have a process stand still for the length of a `with` block, so that no minute begins for it."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def age(system: System, by: str, *job_ids: str, silent: str = "interval '15 seconds'") -> None:
    """Have all that happened to some jobs, and the heartbeats of their silent workers, be longer ago."""
    ids = ", ".join(job_ids)
    system.warehouse.execute(
        f"update procrastinate_events set at = at - {by} where job_id in ({ids})",
        f"""update procrastinate_workers set last_heartbeat = last_heartbeat - {by}
        where id in (select worker_id from procrastinate_jobs where id in ({ids}) and status = 'doing')
            and last_heartbeat < now() - {silent}""",
    )


@pytest.fixture(scope="module", params=["the newest version", "the oldest version"])
def stories(
    request: pytest.FixtureRequest,
    new_warehouse: Callable[[], Warehouse],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stories]:
    warehouse = new_warehouse()
    warehouse.execute("drop table jobs, executions, outbox")
    packages = {"PYTHONPATH": f"{OLDEST}{os.pathsep}{HERE}"} if "oldest" in request.param else {}
    system = System(warehouse, "procrastinate", tmp_path_factory.mktemp("procrastinate"), packages)
    system.run("procrastinate", *APP, "schema", "--apply")

    def worker(stack: ExitStack, queue: str, *options: str) -> int:
        """Start a worker of one queue."""
        arguments = [*APP, "worker", "--queues", queue, "--name", queue, "--concurrency", "20", *options]
        return stack.enter_context(system.process(queue, "procrastinate", *arguments)).pid

    with ExitStack() as stack:
        ids: dict[str, str] = {}
        for queue in ("forgotten", "fragile", "drained", "cut"):
            ids[queue] = defer(system, "sleeps", "--queue", queue, "--lock", queue)
        forgotten = worker(stack, "forgotten")
        system.wait_for(is_at_work(ids["forgotten"]))
        os.kill(forgotten, signal.SIGKILL)
        age(system, HALF_AN_HOUR_AND_MORE, ids["forgotten"], silent="interval '0'")
        # whoever starts removes the rows of the silent workers, and nobody starts after the others are killed
        ticking = worker(stack, "default")
        system.wait_for(f"(select worker_id is null from procrastinate_jobs where id = {ids['forgotten']})")
        fragile, drained = worker(stack, "fragile"), worker(stack, "drained")
        cut = worker(stack, "cut", "--shutdown-graceful-timeout", "1")
        for queue in ("fragile", "drained", "cut"):
            system.wait_for(is_at_work(ids[queue]))
        os.kill(fragile, signal.SIGKILL)
        os.kill(drained, signal.SIGTERM)
        os.kill(cut, signal.SIGTERM)
        system.wait_for(f"(select status from procrastinate_jobs where id = {ids['cut']}) = 'aborted'")

        for task in ("ok", "fails", "retried", "waits_for_retry", "nobody_knows"):
            ids[task] = defer(system, task, "--queue", "default")
        ids["slow"] = defer(system, "sleeps", "--queue", "default", "--lock", "slow")
        for name, task in (("stopped_by_wish", "sleeps"), ("deaf", "blocks")):
            ids[name] = defer(system, task, "--queue", "default")
            system.wait_for(is_at_work(ids[name]))
            system.warehouse.execute(f"select procrastinate_cancel_job_v1({ids[name]}, true, false)")
        twin = ("--queue", "default", "--queueing-lock", "twin", "--lock", "twin")
        ids["collided"] = defer(system, "collides", *twin, seconds=10)
        system.wait_for(is_at_work(ids["collided"]))
        ids["in_the_way"] = defer(system, "ok", *twin)
        system.wait_until(
            lambda: "procrastinate_jobs_queueing_lock_idx" in (system.scratch / "default.log").read_text(),
            "a retry was refused",
        )
        for task, end in ENDS.items():
            system.wait_for(
                f"(select status from procrastinate_jobs where id = {ids[task]}) = '{end}' and exists ("
                f"select from procrastinate_events where job_id = {ids[task]} and type = 'started')"
            )
        ids["behind_lost"] = defer(system, "sleeps", "--queue", "default", "--lock", "fragile")
        ids["behind_drained"] = defer(system, "sleeps", "--queue", "default", "--lock", "drained")
        ids["behind_slow"] = defer(system, "sleeps", "--queue", "default", "--lock", "slow")
        ids["later"] = defer(system, "sleeps", "--queue", "default", "--lock", "later", "--in", "3600")
        ids["behind_later"] = defer(system, "sleeps", "--queue", "default", "--lock", "later")
        ids["unserved"] = defer(system, "sleeps", "--queue", "nobody", "--lock", "unserved")
        ids["behind_unserved"] = defer(system, "sleeps", "--queue", "default", "--lock", "unserved")
        ids["cancelled"] = defer(system, "ok", "--queue", "nobody", "--in", "3600")
        system.warehouse.execute(f"select procrastinate_cancel_job_v1({ids['cancelled']}, false, false)")
        # silent for longer than a living worker is
        system.wait_for(
            "(select bool_and(w.last_heartbeat < now() - interval '16 seconds') from procrastinate_jobs as j"
            " join procrastinate_workers as w on j.worker_id = w.id"
            f" where j.id in ({ids['fragile']}, {ids['drained']}))"
        )
        old = ("forgotten", "fragile", "collided")
        age(system, HALF_AN_HOUR_AND_MORE, ids["fragile"], ids["collided"])
        age(system, "interval '6 minutes'", *(ids[name] for name in ids if name not in old))
        system.build(schedules=SCHEDULES)
        yield Stories(system, ids, ticking)


def test_exactly_what_is_stuck_is_found(stories: Stories) -> None:
    ids = stories.ids
    assert stories.system.found() == {
        ("worker_lost", ids["fragile"], "heartbeat_stopped"),
        ("job_running", ids["fragile"], "worker_lost"),
        ("job_blocked", ids["behind_lost"], "lock_held_by_lost_job"),
        ("worker_lost", ids["forgotten"], "worker_gone"),
        ("job_running", ids["forgotten"], "worker_lost"),
        ("job_running", ids["collided"], "retry_collided"),
        ("job_blocked", ids["in_the_way"], "lock_held_by_stuck_job"),
        ("job_queued", ids["unserved"], "not_taken"),
        ("queue_unserved", "nobody", "nothing_taken"),
        ("job_blocked", ids["behind_unserved"], "lock_held_by_unserved_job"),
        ("queue_dead_letter", ids["fails"], "unknown"),
        ("queue_dead_letter", ids["retried"], "unknown"),
        ("queue_dead_letter", ids["nobody_knows"], "unknown"),
        ("job_interrupted", ids["cut"], "shutdown"),
    }


def test_what_cannot_be_proven_is_absent_and_nothing_else_is_unknown(stories: Stories) -> None:
    states = stories.system.states()
    assert {"execution_missing", "outbox_unpublished", "provider_timeout", "conductor_dead"}.isdisjoint(
        states
    )
    assert set(states.values()) == {"ok", "breached"}


def test_no_argument_is_shown(stories: Stories) -> None:
    text = stories.system.public_text()
    assert "procrastinate" not in SECRET
    assert SECRET not in text
    assert "worker" in text


def test_the_views_keep_their_promises(stories: Stories) -> None:
    stories.system.assert_promises_kept()


def test_dates_for_which_jobs_were_scheduled_do_not_hide_what_happened_since(stories: Stories) -> None:
    system, before = stories.system, stories.system.found()
    system.warehouse.execute(
        f"""insert into procrastinate_events (job_id, type, at)
        select {stories.ids["ok"]}, 'scheduled', now() - interval '2 days' from generate_series(1, 1000)"""
    )
    assert system.found() == before


def test_a_tick_that_nobody_made_is_missed(stories: Stories) -> None:
    system = stories.system
    system.build(schedules=SCHEDULES | {"never_heard_of": {"every_minutes": 1}})
    missed = {finding for finding in system.found() if finding[0] == "schedule_missed"}
    assert missed == {("schedule_missed", "never_heard_of", "never_ticked")}
    with stopped(stories.ticking):
        system.warehouse.execute(
            "update procrastinate_jobs set status = 'succeeded'"
            " where task_name = 'ticks' and status = 'todo'",
            "update procrastinate_periodic_defers set defer_timestamp = defer_timestamp - 3600 - 360",
        )
        missed = {finding for finding in system.found() if finding[0] == "schedule_missed"}
        assert ("schedule_missed", "ticks", "not_ticked") in missed
        defer(system, "ticks", "--queue", "nobody", "--queueing-lock", "ticks")
        missed = {finding for finding in system.found() if finding[0] == "schedule_missed"}
        assert ("schedule_missed", "ticks", "previous_run_waiting") in missed
    # nobody says how often it ticks
    system.build()
    assert system.states()["schedule_missed"] == "unknown"


def recover(system: System, *arguments: str, **variables: str) -> dict[str, object]:
    """What recovery says that it did or would do."""
    said: dict[str, object] = json.loads(system.ours("recover", "--format", "json", *arguments, **variables))
    return said


@pytest.fixture
def operator(stories: Stories) -> Iterator[str]:
    with stories.system.operator() as name:
        yield name
    stories.system.build()


def test_recovery_retries_what_is_lost_and_nothing_that_may_be_draining(
    stories: Stories, operator: str
) -> None:
    system, ids = stories.system, stories.ids
    before = status(system, ids["fragile"])
    plan = recover(system, PGUSER=operator)
    lost = [ids["forgotten"], ids["fragile"]]
    assert sorted(item["entity_id"] for item in plan["items"]) == sorted(lost)  # type: ignore[attr-defined]
    assert status(system, ids["fragile"]) == before == "doing"
    done = recover(system, "--apply", PGUSER=operator)
    assert [item["outcome"] for item in done["items"]] == ["applied"] * 2  # type: ignore[attr-defined]
    assert status(system, ids["fragile"]) == "todo"
    assert status(system, ids["drained"]) == "doing"
    assert recover(system, "--apply", PGUSER=operator)["items"] == []
    log = "select entity_id, remedy, outcome from stuck_jobs_raw.recovery_log"
    assert set(system.warehouse.rows(log)) == {(job_id, "retry", "applied") for job_id in lost}


def test_a_role_that_may_not_read_the_arguments_is_enough(stories: Stories) -> None:
    warehouse = stories.system.warehouse
    role = f"watcher_of_{warehouse.libpq['PGDATABASE']}"

    def run() -> Outcome:
        return warehouse.in_schema("of_watcher").run_dbt(
            "run",
            variables={"job_system": "procrastinate", "schedules": SCHEDULES},
            PGUSER=role,
            STUCK_JOBS_RAW_SCHEMA="of_watcher_raw",
        )

    warehouse.execute(
        f"create role {role} login",
        f"create schema of_watcher authorization {role}",
        f"grant select ({READ_COLUMNS}) on procrastinate_jobs to {role}",
        f"grant select on procrastinate_workers, procrastinate_periodic_defers to {role}",
    )
    outcome = run()
    assert outcome.exit_code != 0
    assert "permission denied for table procrastinate_events" in outcome.output
    warehouse.execute(f"grant select on procrastinate_events to {role}")
    outcome = run()
    assert outcome.exit_code == 0, outcome.output
    with psycopg.connect(
        host=warehouse.libpq["PGHOST"], port=warehouse.libpq["PGPORT"], user=role,
        dbname=warehouse.libpq["PGDATABASE"], autocommit=True,
    ) as connection:  # fmt: skip
        states = "select distinct state from of_watcher.accumulation_points"
        assert {state for (state,) in connection.execute(states)} == {"ok", "breached"}
        warehouse.execute("alter table procrastinate_jobs enable row level security")
        assert {state for (state,) in connection.execute(states)} == {"unknown"}
    warehouse.execute(
        "alter table procrastinate_jobs disable row level security", "drop schema of_watcher cascade"
    )


def test_the_tables_may_lie_in_another_schema(stories: Stories) -> None:
    system, before = stories.system, stories.system.found()
    tables = ("jobs", "events", "workers", "periodic_defers")
    types = ("job_status", "job_event_type")
    system.warehouse.execute(
        "create schema elsewhere",
        *(f"alter table procrastinate_{name} set schema elsewhere" for name in tables),
        *(f"alter type procrastinate_{name} set schema elsewhere" for name in types),
    )
    system.build(source_schema="elsewhere")
    # but for the causes, since the workers have lost their tables
    assert {finding[:2] for finding in before} <= {finding[:2] for finding in system.found()}
    system.warehouse.execute("alter type elsewhere.procrastinate_job_status add value 'snoozed'")
    outcome = system.warehouse.run_dbt(
        "run", variables={"job_system": "procrastinate", "source_schema": "elsewhere"}
    )
    assert outcome.exit_code != 0
    assert (
        "the watched type elsewhere.procrastinate_job_status has the unknown label 'snoozed': "
        "it is of another version of Procrastinate than those that are known (3.4 to 3.10)"
    ) in outcome.output
