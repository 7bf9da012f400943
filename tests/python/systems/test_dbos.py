"""Real executors of DBOS, killed, busy, asleep, absent: exactly what is stuck is found."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest
from conftest import Warehouse
from real_systems import HERE, OLDEST, SECRET, Finding, System, installed

pytestmark = installed

SIX_MINUTES = "360000"
HALF_AN_HOUR_AND_MORE = "1860000"
LONG_AGO = (
    "sleeps_lost",
    "one_holder",
    "asleep_lost",
    "child",
    "parent",
    "awaits",
    "asleep",
    "received_lost",
)
"""Those that began more than half an hour ago; all others six minutes, but for the one that is just done."""


@dataclass(frozen=True)
class Stories:
    """What was found while executors lived, and when none lived any more."""

    system: System
    while_some_live: set[Finding]
    states: dict[str, str]
    problems: dict[str, str]
    planned: dict[str, str]
    when_none_lives: set[Finding]
    states_then: dict[str, str]


def is_status(workflow: str, status: str) -> str:
    """The condition that a workflow has a status."""
    return f"(select status from dbos.workflow_status where workflow_uuid = '{workflow}') = '{status}'"


def has_steps(workflow: str, steps: int) -> str:
    """The condition that steps of a workflow have ended, or were begun by what is written at once."""
    return f"(select count(*) from dbos.operation_outputs where workflow_uuid = '{workflow}') = {steps}"


def age(system: System) -> None:
    """Have all that happened, but for the ticks, be longer ago; what waits for the future goes on to."""
    by = f"case when workflow_uuid in {LONG_AGO} then {HALF_AN_HOUR_AND_MORE} else {SIX_MINUTES} end"
    system.warehouse.execute(
        f"""update dbos.workflow_status set
            created_at = created_at - {by}, updated_at = updated_at - {by},
            started_at_epoch_ms = started_at_epoch_ms - {by}, completed_at = completed_at - {by}
        where schedule_name is null and workflow_uuid <> 'ok'""",
        f"""update dbos.operation_outputs set
            started_at_epoch_ms = started_at_epoch_ms - {by},
            completed_at_epoch_ms = case
                when completed_at_epoch_ms > extract(epoch from now()) * 1000 then completed_at_epoch_ms
                else completed_at_epoch_ms - {by}
            end""",
    )


def planned(system: System) -> dict[str, str]:
    """What the plan says of each item."""
    said = json.loads(system.ours("recover", "--apply", "--format", "json"))
    assert {item["outcome"] for item in said["items"]} == {"refused"}
    return {item["entity_id"]: item["reason"] for item in said["items"]}


@pytest.fixture(scope="module", params=["the newest version", "the oldest version"])
def stories(
    request: pytest.FixtureRequest,
    new_warehouse: Callable[[], Warehouse],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stories]:
    warehouse = new_warehouse()
    warehouse.execute("drop table jobs, executions, outbox")
    packages = {"PYTHONPATH": f"{OLDEST}{os.pathsep}{HERE}"} if "oldest" in request.param else {}
    system = System(warehouse, "dbos", tmp_path_factory.mktemp("dbos"), packages | {"SECRET": SECRET})

    with ExitStack() as stack:

        def executor(name: str, *started: str, schedules: str = "") -> int:
            """Start an executor that starts some workflows."""
            variables = {"EXECUTOR": name, "START": " ".join(started), "SCHEDULES": schedules}
            program = replace(system, variables={**system.variables, **variables})
            return stack.enter_context(program.process(name, "python", "-m", "dbos_app", "work")).pid

        executor("poisoned", "poison")
        system.wait_until(lambda: dispatches(system, "poison") == 1, "poison is dispatched")
        for dispatch in (2, 3):
            executor("poisoned")
            system.wait_until(lambda n=dispatch: dispatches(system, "poison") == n, "poison is dispatched")  # type: ignore[misc]
        system.wait_for(is_status("poison", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"))
        stack.close()

        killed = executor("killed", "sleeps_lost", "asleep_lost", "received_lost")
        system.wait_for("(select count(*) from dbos.queues) = 4")
        system.run("python", "-m", "dbos_app", "enqueue", "one_holder/sleeps/one//0")
        for workflow, steps in (
            ("sleeps_lost", 1), ("asleep_lost", 2), ("received_lost", 3), ("one_holder", 1),
        ):  # fmt: skip
            system.wait_for(has_steps(workflow, steps))
        os.kill(killed, signal.SIGKILL)

        executor("living", "sleeps", "asleep", "awaits", "parent", schedules="yes")
        system.run(
            "python", "-m", "dbos_app", "enqueue", "ok/ok/served//0", "fails/fails/served//0",
            "cancelled/sleeps/served//0", "limited_holder/sleeps/limited//0",
        )  # fmt: skip
        for workflow, steps in (
            ("sleeps", 1), ("asleep", 2), ("awaits", 2), ("child", 2), ("limited_holder", 1),
            ("cancelled", 1),
        ):  # fmt: skip
            system.wait_for(has_steps(workflow, steps))
        system.run(
            "python", "-m", "dbos_app", "enqueue", "one_next/ok/one//0", "limited_next/ok/limited//0",
            "stranded/ok/served/v0/0", "unserved/ok/nobody//0", "later/ok/nobody//3600", "cancel/cancelled",
        )  # fmt: skip
        for workflow, status in ("ok", "SUCCESS"), ("fails", "ERROR"), ("cancelled", "CANCELLED"):
            system.wait_for(is_status(workflow, status))
        system.wait_for("(select count(*) from dbos.workflow_status where schedule_name = 'lively') >= 3")
        age(system)
        system.build()
        found, states = system.found(), system.states()
        problems = dict(warehouse.rows("select accumulation_point, evidence from accumulation_points"))
        plan = planned(system)
        stack.close()
        system.wait_for("not exists (select from pg_stat_activity where application_name = 'dbos_transact')")
        warehouse.execute(
            """update dbos.workflow_schedules
            set last_fired_at = to_json(last_fired_at::timestamptz - interval '6 minutes') #>> '{}'"""
        )
        yield Stories(system, found, states, problems, plan, system.found(), system.states())


def dispatches(system: System, workflow: str) -> int:
    """How often a workflow was dispatched."""
    if not system.warehouse.rows("select 1 from pg_tables where tablename = 'workflow_status'"):
        return 0
    query = f"select recovery_attempts from dbos.workflow_status where workflow_uuid = '{workflow}'"
    return sum(attempts for (attempts,) in system.warehouse.rows(query))


STUCK = {
    ("job_running", "sleeps_lost", "unknown"),
    ("job_running", "received_lost", "unknown"),
    ("job_running", "one_holder", "unknown"),
    ("job_queued", "stranded", "not_taken"),
    ("job_queued", "unserved", "not_taken"),
    ("queue_unserved", "nobody", "nothing_taken"),
    ("queue_dead_letter", "fails", "permanent_failure"),
    ("queue_dead_letter", "poison", "retries_exhausted"),
}


def test_exactly_what_is_stuck_is_found(stories: Stories) -> None:
    assert stories.while_some_live == STUCK


def test_whose_executor_died_is_unknown_while_another_one_lives(stories: Stories) -> None:
    unknown = {point for point, state in stories.states.items() if state == "unknown"}
    assert unknown == {"worker_lost", "schedule_missed"}
    assert "3 workflows" in stories.problems["worker_lost"]
    assert "yearly" in stories.problems["schedule_missed"]
    absent = {"job_blocked", "job_running_unstarted", "job_recovered_repeatedly", "conductor_dead"}
    assert absent.isdisjoint(stories.states)


def test_all_that_are_at_work_are_lost_when_no_executor_lives(stories: Stories) -> None:
    lost = ("sleeps_lost", "received_lost", "one_holder", "sleeps", "limited_holder")
    deserted = ("nobody", "served", "one", "limited")
    running = {
        (point, item, "worker_lost" if point == "job_running" else cause) for point, item, cause in STUCK
    }
    assert stories.when_none_lives == {finding for finding in running if finding[0] != "queue_unserved"} | {
        ("worker_lost", workflow, "nobody_listens") for workflow in lost
    } | {("queue_unserved", queue, "no_living_worker") for queue in deserted if queue != "served"} | {
        ("job_queued", "one_next", "not_taken"),
        ("job_queued", "limited_next", "not_taken"),
        ("schedule_missed", "lively", "not_ticked"),
    }
    assert stories.states_then["worker_lost"] == "breached"


def test_no_payload_is_shown(stories: Stories) -> None:
    text = stories.system.public_text()
    assert SECRET not in text
    assert "sleeps_lost" in text


def test_the_views_keep_their_promises(stories: Stories) -> None:
    stories.system.assert_promises_kept()


def test_the_plan_says_what_to_do_and_nothing_is_done(stories: Stories) -> None:
    assert "dbos workflow resume poison " in stories.planned["poison"]
    assert "dbos workflow fork stranded " in stories.planned["stranded"]
    system = stories.system
    before = system.warehouse.rows("select * from dbos.workflow_status order by workflow_uuid")
    assert "dbos workflow resume sleeps_lost," in planned(system)["sleeps_lost"]
    assert system.warehouse.rows("select * from dbos.workflow_status order by workflow_uuid") == before


def test_when_everything_stands_still_it_is_said(stories: Stories) -> None:
    assert "pipeline_stalled" not in {point for point, _, _ in stories.when_none_lives}
    with stories.system.warehouse.connect() as connection:
        long_ago = f"- {HALF_AN_HOUR_AND_MORE}"
        connection.execute(
            f"""update dbos.workflow_status set created_at = created_at {long_ago},
            started_at_epoch_ms = started_at_epoch_ms {long_ago}, completed_at = completed_at {long_ago}"""
        )
        connection.execute(
            f"update dbos.operation_outputs set completed_at_epoch_ms = completed_at_epoch_ms {long_ago}"
        )
        stalled = "select cause from stuck_items where accumulation_point = 'pipeline_stalled'"
        assert connection.execute(stalled).fetchall() == [("nothing_written",)]
        connection.rollback()


def test_init_finds_it(stories: Stories) -> None:
    printed = stories.system.ours("init", "--print")
    assert 'job_system: "dbos"' in printed
    assert re.search(r"\boutput\b", printed) is None
