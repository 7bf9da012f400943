"""Real workers of PgQueuer, killed, drained, blocked, slow: exactly what is stuck is found."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest
from conftest import Warehouse
from real_systems import HERE, OLDEST, SECRET, System, installed

pytestmark = installed

MINUTES = "interval '6 minutes'"
HALF_AN_HOUR_AND_MORE = "interval '31 minutes'"
TAKEN = {
    "ok": "successful", "fails": "exception", "held": "failed", "retried": "failed",
    "again_in_an_hour": "picked", "slow": "picked", "limited": "picked", "cancelled": "picked",
}  # fmt: skip
"""What the living worker takes, by entrypoint, and what is logged of it then."""


@dataclass(frozen=True)
class Stories:
    """What was done, by the name of the story: the id of its job."""

    system: System
    ids: dict[str, str]


def enqueue(system: System, *entrypoints: str, minutes: int = 0) -> dict[str, str]:
    """Enqueue a job of each entrypoint, and say their ids by these."""
    printed = system.run("python", "-m", "pgqueuer_app", "enqueue", SECRET, str(minutes), *entrypoints)
    return dict(zip(entrypoints, printed.split(), strict=True))


def is_picked(job_id: str) -> str:
    """The condition that a worker has a job."""
    return f"(select status from pgqueuer where id = {job_id}) = 'picked'"


def logged(job_id: str, status: str, times: int = 1) -> str:
    """The condition that something happened to a job."""
    return f"(select count(*) from pgqueuer_log where job_id = {job_id} and status = '{status}') = {times}"


def age(system: System, by: str, *job_ids: str) -> None:
    """Have all that happened to some jobs be longer ago, but for their heartbeats."""
    ids = ", ".join(job_ids)
    system.warehouse.execute(
        f"""update pgqueuer set
            created = created - {by}, updated = updated - {by},
            execute_after = case when execute_after <= now() then execute_after - {by} else execute_after end
        where id in ({ids})""",
        f"update pgqueuer_log set created = created - {by} where job_id in ({ids})",
    )


def silence(system: System, *job_ids: str) -> None:
    """Have the heartbeats of some jobs be older than a living worker's are."""
    ids = ", ".join(job_ids)
    system.warehouse.execute(
        f"update pgqueuer set heartbeat = heartbeat - interval '31 seconds' where id in ({ids})"
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
    system = System(warehouse, "pgqueuer", tmp_path_factory.mktemp("pgqueuer"), packages)
    system.run("python", "-m", "pgqueuer", "install")

    def worker(stack: ExitStack, name: str, *served: str) -> int:
        """Start a worker of some entrypoints and schedules."""
        program = replace(system, variables={**system.variables, "SERVED": " ".join(served)})
        return stack.enter_context(program.process(name, "python", "-m", "pgqueuer_app", "work")).pid

    with ExitStack() as stack:
        fragile = ("lost", "limited_and_lost", "taken_over")
        ids = enqueue(system, *fragile, "drained", "blocks")
        schedules = ("quiet_tick", "dying_long", "working_long", "lively_tick")
        killed = worker(stack, "killed", *fragile, *schedules)
        drained = worker(stack, "drained", "drained")
        worker(stack, "blocks", "blocks")
        system.wait_for("(select count(*) from pgqueuer_schedules) = 4")
        for name in ids:
            system.wait_for(is_picked(ids[name]))
        os.kill(killed, signal.SIGKILL)
        os.kill(drained, signal.SIGTERM)
        # so that nobody has to wait for a minute to begin, nor is disturbed if one just did
        system.warehouse.execute(
            f"update pgqueuer_schedules set status = 'queued', next_run = now() - {MINUTES}"
        )
        scheduler = worker(stack, "scheduler", "dying_long")
        system.wait_for("(select status from pgqueuer_schedules where entrypoint = 'dying_long') = 'picked'")
        os.kill(scheduler, signal.SIGKILL)
        system.warehouse.execute(
            f"update pgqueuer_schedules set heartbeat = heartbeat - {MINUTES} where entrypoint = 'dying_long'"
        )

        silence(system, ids["taken_over"])
        ids |= enqueue(system, *TAKEN)
        worker(stack, "living", *TAKEN, "taken_over", "lively_tick", "working_long")
        for name, status in TAKEN.items():
            system.wait_for(logged(ids[name], status))
        system.wait_for(logged(ids["taken_over"], "picked", times=2))
        system.wait_for(logged(ids["again_in_an_hour"], "queued", times=2))
        system.wait_for(
            "(select status from pgqueuer_schedules where entrypoint = 'working_long') = 'picked'"
        )
        system.wait_for(
            "(select last_run is not null from pgqueuer_schedules where entrypoint = 'lively_tick')"
        )
        system.warehouse.execute(
            f"update pgqueuer_schedules set next_run = now() - {MINUTES} where entrypoint = 'working_long'"
        )
        system.run("python", "-m", "pgqueuer_app", "cancel", ids["cancelled"])
        system.wait_for(logged(ids["cancelled"], "canceled"))
        system.wait_for(f"(select heartbeat > updated from pgqueuer where id = {ids['drained']})")
        waiting = enqueue(system, "limited", "limited_and_lost", "nobody")
        ids["behind_limited"] = waiting["limited"]
        ids["behind_limited_and_lost"] = waiting["limited_and_lost"]
        ids["unserved"] = waiting["nobody"]
        ids["later"] = enqueue(system, "nobody", minutes=60)["nobody"]
        silence(system, ids["lost"], ids["limited_and_lost"], ids["blocks"])
        age(system, HALF_AN_HOUR_AND_MORE, ids["lost"])
        age(system, MINUTES, *(ids[name] for name in ids if name != "lost"))
        system.build()
        yield Stories(system, ids)


def test_exactly_what_is_stuck_is_found(stories: Stories) -> None:
    ids = stories.ids
    assert stories.system.found() == {
        ("worker_lost", ids["lost"], "heartbeat_stopped"),
        ("job_running", ids["lost"], "worker_lost"),
        ("worker_lost", ids["limited_and_lost"], "heartbeat_stopped"),
        ("worker_lost", ids["blocks"], "heartbeat_stopped"),
        ("job_queued", ids["behind_limited_and_lost"], "not_taken"),
        ("queue_unserved", "limited_and_lost", "nothing_taken"),
        ("job_queued", ids["unserved"], "not_taken"),
        ("queue_unserved", "nobody", "nothing_taken"),
        ("job_recovered_repeatedly", ids["taken_over"], "recovered_by_system"),
        ("queue_dead_letter", ids["fails"], "permanent_failure"),
        ("queue_dead_letter", ids["held"], "permanent_failure"),
        ("queue_dead_letter", ids["retried"], "retries_exhausted"),
        ("schedule_missed", "quiet_tick/* * * * *", "not_ticked_or_removed"),
        ("schedule_missed", "dying_long/* * * * *", "previous_run_died"),
        ("schedule_missed", "working_long/* * * * *", "previous_run_working"),
    }


def test_what_cannot_be_proven_is_absent_and_nothing_else_is_unknown(stories: Stories) -> None:
    states = stories.system.states()
    assert {"job_blocked", "job_interrupted", "job_expiring", "conductor_dead"}.isdisjoint(states)
    assert set(states.values()) == {"ok", "breached"}


def test_no_payload_is_shown(stories: Stories) -> None:
    text = stories.system.public_text()
    assert SECRET not in text
    assert "ValueError" in text


def test_the_views_keep_their_promises(stories: Stories) -> None:
    stories.system.assert_promises_kept()


def test_the_plan_says_what_to_do_and_nothing_is_done(stories: Stories) -> None:
    system, ids = stories.system, stories.ids
    before = system.warehouse.rows("select id, status, attempts from pgqueuer order by id")
    said = json.loads(system.ours("recover", "--apply", "--format", "json"))
    reasons = {item["entity_id"]: item["reason"] for item in said["items"]}
    assert {item["outcome"] for item in said["items"]} == {"refused"}
    assert reasons[ids["lost"]] == (
        "put it right by pgq run of a worker that serves its entrypoint,"
        f" which takes over job {ids['lost']} at once"
    )
    assert f"pgq requeue {ids['held']} " in reasons[ids["held"]]
    assert set(reasons) == {
        ids[name] for name in ("lost", "limited_and_lost", "blocks", "fails", "held", "retried")
    }
    assert system.warehouse.rows("select id, status, attempts from pgqueuer order by id") == before


def test_what_was_put_right_as_the_plan_says_is_no_item(stories: Stories) -> None:
    system, ids = stories.system, stories.ids
    system.run("python", "-m", "pgqueuer", "requeue", ids["held"])
    system.wait_for(logged(ids["held"], "failed", times=2))
    held = {finding for finding in system.found() if finding[1] == ids["held"]}
    assert held == {("queue_dead_letter", ids["held"], "permanent_failure")}


def test_many_failures_of_a_kind_are_a_burst(stories: Stories) -> None:
    system = stories.system
    system.warehouse.execute(
        """insert into pgqueuer_log (job_id, status, priority, entrypoint, traceback)
        select 10000 + n, 'exception', 0, 'burst', '{"exception_type": "OSError", "exception_message": "?"}'
        from generate_series(1, 10) as n"""
    )
    bursts = {finding for finding in system.found() if finding[0] == "failure_burst"}
    assert bursts == {("failure_burst", "burst", "failing_often")}


def test_when_everything_stands_still_it_is_said(stories: Stories) -> None:
    system = stories.system
    assert "pipeline_stalled" not in {point for point, _, _ in system.found()}
    with system.warehouse.connect() as connection:
        connection.execute("update pgqueuer_log set created = created - interval '11 minutes'")
        long_ago = "now() - interval '11 minutes'"
        connection.execute(f"update pgqueuer set heartbeat = {long_ago}, updated = {long_ago}")
        stalled = "select cause from stuck_items where accumulation_point = 'pipeline_stalled'"
        assert connection.execute(stalled).fetchall() == [("nothing_written",)]
        connection.rollback()


def test_init_finds_it(stories: Stories) -> None:
    printed = stories.system.ours("init", "--print")
    assert 'job_system: "pgqueuer"' in printed
    assert "payload" not in printed
