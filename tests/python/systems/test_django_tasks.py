"""Real workers of Django tasks, killed, stopped once and twice, slow: exactly what is stuck is found."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest
from conftest import Warehouse
from real_systems import SECRET, System, installed

pytestmark = installed

TABLE = "django_tasks_database_dbtaskresult"
SETTINGS = {"DJANGO_SETTINGS_MODULE": "django_tasks_app"}


@dataclass(frozen=True)
class Stories:
    """What was done, by the name of the story: the id of its task."""

    system: System
    ids: dict[str, str]


def enqueue(
    system: System, task: str, queue: str, backend: str = "default", minutes: int = 0, **variables: str
) -> str:
    """Enqueue a task, and say its id."""
    program = replace(system, variables=SETTINGS | variables)
    return program.run("python", "-m", "django_tasks_app", task, queue, backend, str(minutes), SECRET).strip()


def age(system: System, by: str, *task_ids: str) -> None:
    """Have all that happened to some tasks have happened longer ago."""
    ids = ", ".join(f"'{task_id}'" for task_id in task_ids)
    columns = ", ".join(f"{name} = {name} - {by}" for name in ("enqueued_at", "started_at", "finished_at"))
    system.warehouse.execute(f"update {TABLE} set {columns} where id in ({ids})")


@pytest.fixture(scope="module")
def stories(
    new_warehouse: Callable[[], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stories]:
    warehouse = new_warehouse()
    warehouse.execute("drop table jobs, executions, outbox")
    system = System(warehouse, "django_tasks", tmp_path_factory.mktemp("django_tasks"), SETTINGS)
    system.run("django-admin", "migrate", "--verbosity", "0")

    def worker(stack: ExitStack, queue: str) -> int:
        """Start a worker of one queue."""
        process = stack.enter_context(
            system.process(
                queue,
                "django-admin",
                "db_worker",
                "--queue-name",
                queue,
                "--interval",
                "0.1",
                "--no-startup-delay",
            )
        )
        return process.pid

    def wait_for(name: str, status: str) -> None:
        system.wait_for(f"(select status from {TABLE} where id = '{ids[name]}') = '{status}'")

    with ExitStack() as stack:
        ids: dict[str, str] = {}
        for queue in ("fragile", "drained", "cut", "slow"):
            ids[queue] = enqueue(system, "sleeps", queue)
        processes = {queue: worker(stack, queue) for queue in ids}
        for name in list(ids):
            wait_for(name, "RUNNING")
        os.kill(processes["fragile"], signal.SIGKILL)
        os.kill(processes["drained"], signal.SIGTERM)
        os.kill(processes["cut"], signal.SIGTERM)
        system.wait_until(
            lambda: "gracefully" in (system.scratch / "cut.log").read_text(), "the first signal was heard"
        )
        os.kill(processes["cut"], signal.SIGTERM)
        wait_for("cut", "FAILED")
        for name in ("ok", "fails"):
            ids[name] = enqueue(system, name, "default")
        worker(stack, "default")
        wait_for("ok", "SUCCESSFUL")
        wait_for("fails", "FAILED")
        ids["unserved"] = enqueue(system, "ok", "nobody")
        ids["unserved, without USE_TZ"] = enqueue(system, "ok", "nobody", WITHOUT_TZ="1")
        ids["of a backend without a worker"] = enqueue(system, "ok", "default", backend="reports")
        ids["behind the slow one"] = enqueue(system, "ok", "slow")
        ids["later"] = enqueue(system, "ok", "nobody", minutes=30)
        ids["later, without USE_TZ"] = enqueue(system, "ok", "nobody", minutes=30, WITHOUT_TZ="1")
        age(system, "interval '31 minutes'", ids["fragile"])
        age(system, "interval '6 minutes'", *(ids[name] for name in ids if name != "fragile"))
        system.build()
        yield Stories(system, ids)


def test_exactly_what_is_stuck_is_found(stories: Stories) -> None:
    ids = stories.ids
    assert stories.system.found() == {
        ("job_running", ids["fragile"], "unknown"),
        ("job_queued", ids["unserved"], "not_taken"),
        ("job_queued", ids["unserved, without USE_TZ"], "not_taken"),
        ("job_queued", ids["of a backend without a worker"], "not_taken"),
        ("job_queued", ids["behind the slow one"], "not_taken"),
        ("queue_unserved", "nobody", "nothing_taken"),
        ("queue_unserved", "reports/default", "nothing_taken"),
        ("queue_dead_letter", ids["fails"], "permanent_failure"),
        ("job_interrupted", ids["cut"], "shutdown"),
    }


def test_what_cannot_be_proven_is_absent_and_nothing_else_is_unknown(stories: Stories) -> None:
    states = stories.system.states()
    assert {"worker_lost", "job_blocked", "schedule_missed", "conductor_dead"}.isdisjoint(states)
    assert set(states.values()) == {"ok", "breached"}


def test_no_argument_and_no_result_is_shown(stories: Stories) -> None:
    text = stories.system.public_text()
    assert SECRET not in text
    assert "builtins.ValueError" in text


def test_the_views_keep_their_promises(stories: Stories) -> None:
    stories.system.assert_promises_kept()


def test_when_everything_stands_still_it_is_said_and_not_while_something_may_be_at_work(
    stories: Stories,
) -> None:
    system, everything = stories.system, tuple(stories.ids.values())
    age(system, "interval '15 minutes'", *everything)
    assert "pipeline_stalled" not in {point for point, _, _ in system.found()}
    age(system, "interval '30 minutes'", *everything)
    assert "pipeline_stalled" in {point for point, _, _ in system.found()}
    assert system.states()["pipeline_stalled"] == "breached"
