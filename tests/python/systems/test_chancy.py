"""Real workers of Chancy, killed, drained, busy, absent: exactly what is stuck is found."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from conftest import Warehouse
from real_systems import SECRET, System, installed
from test_init import grants

from stuck_jobs import embedded

pytestmark = installed

MINUTES = "interval '6 minutes'"
HALF_AN_HOUR_AND_MORE = "interval '31 minutes'"
TICKS = {"lively": ("ok", "default"), "slow_tick": ("sleeps", "default"), "swallowed": ("ok", "tagged")}
TICKS |= {"tick_in_pause": ("ok", "paused"), "broken": ("ok", "default")}


@dataclass(frozen=True)
class Stories:
    """What was done, by the name of the story: the id of its job."""

    system: System
    ids: dict[str, str]


Job = tuple[str, str, int, int]
"""Function, queue, minutes until it is due, and attempts."""


def push(system: System, jobs: dict[str, Job]) -> dict[str, str]:
    """Push jobs, and say their ids by the names of their stories."""
    printed = system.run("python", "-m", "chancy_app", "push", SECRET, json.dumps(list(jobs.values())))
    return dict(zip(jobs, printed.split(), strict=True))


def is_now(job_id: str, state: str) -> str:
    """The condition that a job is in a state."""
    return f"(select state from chancy_jobs where id = '{job_id}') = '{state}'"


def age(system: System, by: str, *job_ids: str) -> None:
    """Have all that happened to some jobs be longer ago."""
    ids = ", ".join(f"'{job_id}'" for job_id in job_ids)
    columns = ", ".join(f"{name} = {name} - {by}" for name in ("created_at", "started_at", "completed_at"))
    due = f"case when scheduled_at <= now() then scheduled_at - {by} else scheduled_at end"
    system.warehouse.execute(f"update chancy_jobs set {columns}, scheduled_at = {due} where id in ({ids})")


TAKEN: dict[str, tuple[Job, str]] = {
    "ok": (("ok", "default", 0, 1), "succeeded"),
    "fails": (("fails", "default", 0, 1), "failed"),
    "retried": (("fails", "default", 0, 2), "failed"),
    "retried_later": (("fails", "default", 0, 9), "retrying"),
    "cancelled": (("sleeps", "default", 0, 1), "running"),
    "slow": (("sleeps", "default", 0, 1), "running"),
    "full": (("sleeps", "full", 0, 1), "running"),
    "limited": (("ok", "limited", 0, 1), "succeeded"),
}
"""What a worker takes, and what becomes of it."""

WAITING: dict[str, Job] = {
    "behind_full": ("ok", "full", 0, 1),
    "behind_limit": ("ok", "limited", 0, 1),
    "paused": ("ok", "paused", 0, 1),
    "unserved": ("ok", "tagged", 0, 1),
    "undeclared": ("ok", "nosuchqueue", 0, 1),
    "later": ("ok", "tagged", 60, 1),
    "never_fetched": ("ok", "default", 60, 1),
}
"""What nobody takes, rightly or not."""


@pytest.fixture(scope="module")
def stories(
    new_warehouse: Callable[[], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stories]:
    warehouse = new_warehouse()
    warehouse.execute("drop table jobs, executions, outbox")
    system = System(warehouse, "chancy", tmp_path_factory.mktemp("chancy"))
    system.run("python", "-m", "chancy_app", "prepare")

    def worker(stack: ExitStack, tag: str) -> int:
        """Start a worker of the queues without a tag, and of those with its own."""
        return stack.enter_context(system.process(tag, "python", "-m", "chancy_app", "work", tag)).pid

    with ExitStack() as stack:
        killed = ("fragile", "forgotten")
        ids = push(system, {queue: ("sleeps", queue, 0, 1) for queue in (*killed, "drained")})
        processes = {queue: worker(stack, queue) for queue in ids}
        for queue in processes:
            system.wait_for(is_now(ids[queue], "running"))
        for queue in killed:
            os.kill(processes[queue], signal.SIGKILL)
        os.kill(processes["drained"], signal.SIGTERM)
        # the row of a worker stays until it expires; the next beat of another one removes it then
        for queue, expires in (("fragile", "+ interval '1 hour'"), ("forgotten", f"- {MINUTES}")):
            system.warehouse.execute(
                f"""update chancy_workers
                set last_seen = last_seen - {MINUTES}, expires_at = expires_at {expires}
                where worker_id = (select taken_by from chancy_jobs where id = '{ids[queue]}')"""
            )
        system.run("python", "-m", "chancy_app", "schedule", SECRET, json.dumps(TICKS))
        # so that nobody has to wait for a minute to begin; and what nobody can reckon with is never made
        system.warehouse.execute(
            "update chancy_cron set next_run = now()",
            f"""update chancy_cron set next_run = now() - {MINUTES}, timezone = 'Nowhere/Never'
            where unique_key = 'broken'""",
        )
        worker(stack, "lives")
        ids |= push(system, {name: job for name, (job, _) in TAKEN.items()})
        for name, (_, state) in TAKEN.items():
            system.wait_for(is_now(ids[name], state))
        system.run("python", "-m", "chancy_app", "cancel", ids["cancelled"])
        ids |= push(system, WAITING)
        system.warehouse.execute(
            f"""update chancy_jobs set attempts = max_attempts, scheduled_at = created_at
            where id = '{ids["never_fetched"]}'"""
        )
        for key in TICKS:
            if key not in ("lively", "broken"):
                job = f"(select id from chancy_jobs where unique_key = '{key}')"
                system.wait_for(f"{job} is not null")
                ((ids[key],),) = system.warehouse.rows(f"select {job}::text")
        system.wait_for(is_now(ids["slow_tick"], "running"))
        system.wait_for("exists (select from chancy_workers where 'full' = any(queues))")
        system.wait_for(
            f"""not exists (select from chancy_workers
            where worker_id = (select taken_by from chancy_jobs where id = '{ids["forgotten"]}'))"""
        )
        age(system, HALF_AN_HOUR_AND_MORE, ids["fragile"])
        ticks = [ids[key] for key in ("swallowed", "slow_tick", "tick_in_pause")]
        age(system, "interval '9 minutes'", *ticks)
        age(system, MINUTES, *(ids[name] for name in ids if name != "fragile" and ids[name] not in ticks))
        system.build()
        yield Stories(system, ids)


def test_exactly_what_is_stuck_is_found(stories: Stories) -> None:
    ids = stories.ids
    assert stories.system.found() == {
        ("worker_lost", ids["fragile"], "heartbeat_stopped"),
        ("job_running", ids["fragile"], "worker_lost"),
        ("worker_lost", ids["forgotten"], "worker_gone"),
        ("job_queued", ids["unserved"], "not_taken"),
        ("job_queued", ids["swallowed"], "not_taken"),
        ("queue_unserved", "tagged", "no_living_worker"),
        ("schedule_missed", "swallowed", "previous_run_waiting"),
        ("job_queued", ids["undeclared"], "not_taken"),
        ("queue_unserved", "nosuchqueue", "no_living_worker"),
        ("job_queued", ids["never_fetched"], "retry_not_taken"),
        ("queue_dead_letter", ids["fails"], "permanent_failure"),
        ("queue_dead_letter", ids["retried"], "retries_exhausted"),
        ("schedule_missed", "broken", "never_ticked"),
    }


def test_what_cannot_be_proven_is_absent_and_nothing_else_is_unknown(stories: Stories) -> None:
    states = stories.system.states()
    absent = {"job_blocked", "job_expiring", "job_interrupted", "job_recovered_repeatedly", "conductor_dead"}
    assert absent.isdisjoint(states)
    assert set(states.values()) == {"ok", "breached"}


def test_no_argument_is_shown(stories: Stories) -> None:
    text = stories.system.public_text()
    assert SECRET not in text
    assert "ValueError" in text


def test_the_views_keep_their_promises(stories: Stories) -> None:
    stories.system.assert_promises_kept()


def test_the_plan_says_what_to_do_and_nothing_is_done(stories: Stories) -> None:
    system, ids = stories.system, stories.ids
    jobs = "select id, state, attempts, max_attempts from chancy_jobs where unique_key is null order by id"
    before = system.warehouse.rows(jobs)
    said = json.loads(system.ours("recover", "--apply", "--format", "json"))
    reasons = {item["entity_id"]: item["reason"] for item in said["items"]}
    assert {item["outcome"] for item in said["items"]} == {"refused"}
    assert set(reasons) == {ids[name] for name in ("fragile", "forgotten", "fails", "retried")}
    assert "chancy worker start" in reasons[ids["fragile"]]
    assert f"chancy.retry_jobs([Reference('{ids['fails']}')])" in reasons[ids["fails"]]
    assert system.warehouse.rows(jobs) == before


def test_a_standby_knows_nothing_of_the_workers_and_says_so(
    stories: Stories, server: embedded.Postgres
) -> None:
    directory = server.directory / "standby_of_chancy"
    data = f"{directory}/data"
    source = ["-h", str(server.directory), "-U", "postgres"]
    embedded._run(
        server.binaries / "pg_basebackup", *source, "-D", data, "--write-recovery-conf",
        "--checkpoint=fast", "--no-sync",
    )  # fmt: skip
    options = f"-c listen_addresses='' -c unix_socket_directories={directory}"
    embedded._run(
        server.binaries / "pg_ctl", "-D", data, "-l", f"{directory}/log", "-o", options, "-w", "start"
    )
    try:
        libpq = stories.system.warehouse.libpq | {"PGHOST": str(directory)}
        standby = Warehouse(libpq, stories.system.warehouse.scratch)
        points = standby.rows("select distinct state, evidence from accumulation_points")
        assert {state for state, _ in points} == {"unknown"}
        assert all("ask the primary" in evidence for _, evidence in points)
        assert "worker_lost" not in dict(standby.rows("select accumulation_point, 1 from stuck_items"))
    finally:
        embedded._run(server.binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def test_init_finds_it(stories: Stories) -> None:
    printed = stories.system.ours("init", "--print")
    assert 'job_system: "chancy"' in printed
    assert "kwargs" not in printed


def test_hidden_schedules_are_not_called_fine(stories: Stories) -> None:
    warehouse = stories.system.warehouse
    role = f"watcher_of_{warehouse.libpq['PGDATABASE']}"
    warehouse.execute(
        f"create role {role} login",
        f"create schema of_watcher authorization {role}",
        f"create schema of_watcher_raw authorization {role}",
    )
    granted = grants(stories.system.ours("init", "--print", "--role", role))
    warehouse.execute(*(grant for grant in granted if "create schema" not in grant))
    outcome = warehouse.in_schema("of_watcher").run_dbt(
        "run", variables={"job_system": "chancy"}, PGUSER=role, STUCK_JOBS_RAW_SCHEMA="of_watcher_raw"
    )
    assert outcome.exit_code == 0, outcome.output
    states = "select distinct state from of_watcher.accumulation_points"
    with warehouse.connect() as connection:
        connection.execute(f"set role {role}")
        assert {found for (found,) in connection.execute(states)} == {"ok", "breached"}
        connection.execute("reset role")
        connection.execute("alter table chancy_cron enable row level security")
        connection.execute(f"set role {role}")
        assert {found for (found,) in connection.execute(states)} == {"unknown"}
        connection.rollback()
    warehouse.execute("drop schema of_watcher cascade", "drop schema of_watcher_raw cascade")


def test_what_was_put_right_as_the_plan_says_is_no_item(stories: Stories) -> None:
    system, ids = stories.system, stories.ids
    with system.process("recovers", "python", "-m", "chancy_app", "work", "recovers"):
        for name in ("fragile", "forgotten"):
            system.wait_for(is_now(ids[name], "pending"))
        system.run("python", "-m", "chancy_app", "retry", ids["fails"])
        system.wait_for(f"(select attempts = 1 from chancy_jobs where id = '{ids['fails']}')")
    found = system.found()
    assert not {finding for finding in found if finding[0] == "worker_lost"}
    assert ("job_queued", ids["fragile"], "not_taken") in found


def test_when_everything_stands_still_it_is_said_and_not_while_something_may_be_at_work(
    stories: Stories,
) -> None:
    system = stories.system
    stalled = "select cause from stuck_items where accumulation_point = 'pipeline_stalled'"
    columns = ", ".join(
        f"{name} = least({name}, now()) - interval '11 minutes'"
        for name in ("created_at", "started_at", "completed_at", "scheduled_at")
    )
    with system.warehouse.connect() as connection:
        connection.execute(f"update chancy_jobs set {columns}")
        assert connection.execute(stalled).fetchall() == []
        connection.execute(f"update chancy_jobs set started_at = started_at - {HALF_AN_HOUR_AND_MORE}")
        assert connection.execute(stalled).fetchall() == [("nothing_written",)]
        connection.rollback()
