"""Real workers of Celery, healthy, drained, killed, stopped cold: exactly what is stuck is found."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest
import redis
from conftest import Warehouse
from real_systems import SECRET, Finding, System, installed

from stuck_jobs import embedded

pytestmark = installed

ZONE = "Asia/Tokyo"
ASKING = "celery.chord_unlock"
IN_DJANGO = {"BACKEND": "django-db"}


@dataclass(frozen=True)
class Look:
    """What the views said at some time."""

    found: set[Finding]
    states: dict[str, str]


@dataclass(frozen=True)
class Stories:
    """What was found while a worker lived, while it ended its work, when it was killed, and after that."""

    system: System
    living: Look
    draining: Look
    killed: Look
    planned: dict[str, str]
    cut: Look
    stopped_cold: Look
    wrong_redis: Look
    in_django: Look
    dead_letter_age: int
    raw_text: str


@dataclass(frozen=True)
class Observer:
    """Looks again and again, and has it be minutes between two looks."""

    system: System
    redis_url: str

    def collect(self, *arguments: str, url: str | None = None, exit_code: int = 0) -> str:
        """Take a snapshot."""
        return self.system.ours("collect", *arguments, exit_code=exit_code, REDIS_URL=url or self.redis_url)

    def look(self) -> Look:
        """Take as many snapshots as show what lasts for seven minutes, and say what the views say."""
        for _ in range(3):
            self.collect()
            self.system.warehouse.execute(
                *(
                    f"update stuck_jobs_raw.{table} set {column} = {column} - interval '150 s'"
                    for table, column in (
                        ("queue_snapshots", "observed_at"), ("queue_sightings", "first_seen_at"),
                    )
                )
            )  # fmt: skip
        self.collect()
        return self.said()

    def said(self) -> Look:
        """What the views say; what asks for a chord has asked for long."""
        warehouse = self.system.warehouse
        warehouse.execute(
            *(
                f"update stuck_jobs_raw.{table} set attempts = attempts + 400 where members is not null"
                for table in ("queue_messages", "messages_in_flight")
            )
        )
        asking = {
            task for (task,) in warehouse.rows(f"select job_id from stg_jobs where job_kind = '{ASKING}'")
        }
        found = {
            (point, ASKING if item in asking else item, cause) for point, item, cause in self.system.found()
        }
        return Look(found, self.system.states())


def is_status(task: str, status: str, table: str = "celery_taskmeta") -> str:
    """The condition that a task has a status."""
    return f"(select status from {table} where task_id = '{task}') = '{status}'"


def kill(worker: subprocess.Popen[bytes]) -> None:
    """Kill a worker with its children, and wait for its end."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def kill_between_questions(system: System, worker: subprocess.Popen[bytes], redis_url: str) -> None:
    """Kill a worker when the task that asks for a chord has a message, which is lost while it asks."""
    with redis.Redis.from_url(redis_url) as client:

        def is_safe() -> bool:
            os.killpg(worker.pid, signal.SIGSTOP)
            messages = [*client.hvals("unacked"), *client.lrange("celery", 0, -1)]
            if any(ASKING.encode() in message for message in messages):
                return True
            os.killpg(worker.pid, signal.SIGCONT)
            return False

        system.wait_until(is_safe, "a chord is asked for later")
    kill(worker)


def planned(system: System) -> dict[str, str]:
    """What the plan says of each item."""
    said = json.loads(system.ours("recover", "--apply", "--format", "json"))
    assert {item["outcome"] for item in said["items"]} == {"refused"}
    return {item["entity_id"]: item["reason"] for item in said["items"]}


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with embedded.redis_server() as server:
        yield server.url


@pytest.fixture(scope="module")
def stories(
    new_warehouse: Callable[[], Warehouse],
    tmp_path_factory: pytest.TempPathFactory,
    redis_url: str,
) -> Iterator[Stories]:
    warehouse = new_warehouse()
    database = warehouse.libpq["PGDATABASE"]
    warehouse.execute(
        "drop table jobs, executions, outbox", f"alter database {database} set timezone to '{ZONE}'"
    )
    broker = redis_url.replace("unix://", "redis+socket://").partition("?")[0]
    variables = {"BROKER": broker, "SECRET": SECRET}
    system = System(warehouse, "celery", tmp_path_factory.mktemp("celery"), variables)
    observer = Observer(system, redis_url)

    def send(*tasks: str) -> None:
        system.run("python", "-m", "celery_app", "send", *tasks)

    with ExitStack() as stack:

        def worker(name: str, program: System = system) -> subprocess.Popen[bytes]:
            """Start a worker of the default queue."""
            options = ("-A", "celery_app", "worker", "-c", "3", "-n", f"{name}@here", "-l", "WARNING")
            return stack.enter_context(program.process(name, "celery", *options))

        first = worker("first")
        send("ok/ok//", "failed/fails//", "retried/retries//", "later/ok//600")
        send("unserved/ok/nobody/", "later_unserved/ok/nobody/600")
        system.wait_for("to_regclass('celery_taskmeta') is not null")
        system.wait_for(is_status("failed", "FAILURE"))
        system.wait_for(is_status("retried", "RETRY"))
        send("early/long//", "late/late//")
        system.wait_for(is_status("early", "STARTED"))
        system.wait_for(is_status("late", "STARTED"))
        system.run("python", "-m", "celery_app", "chord", "member", "ok:celery", "ok:nobody")
        system.wait_for(is_status("member_0", "SUCCESS"))
        system.build(redis_enabled=True, source_time_zone=ZONE)
        living = observer.look()
        ((age,),) = warehouse.rows("select age_seconds from stuck_items where entity_id = 'failed'")

        first.send_signal(signal.SIGTERM)
        draining = observer.look()
        assert first.poll() is None, "it has ended, and does not end its work any more"

        kill_between_questions(system, first, redis_url)
        killed, plan = observer.look(), planned(system)

        second = worker("second")
        send("stopped_cold/long//")
        system.wait_for(is_status("stopped_cold", "STARTED"))
        second.send_signal(signal.SIGQUIT)
        second.wait(30)
        system.wait_for(is_status("stopped_cold", "RETRY"))
        stopped_cold = observer.look()
        observer.collect("--limit", "0")
        cut = observer.said()
        observer.collect(url=f"{redis_url}?db=5", exit_code=2)
        wrong_redis = observer.said()

        django = replace(system, variables=variables | IN_DJANGO)
        django.run("python", "-m", "celery_app", "migrate")
        third = worker("third", django)
        send("ok_django/ok//", "failed_django/fails//", "early_django/long//")
        table = "django_celery_results_taskresult"
        system.wait_for(is_status("failed_django", "FAILURE", table))
        system.wait_for(is_status("early_django", "STARTED", table))
        system.assert_promises_kept(redis_enabled=True, source_time_zone=ZONE)
        kill(third)
        in_django = observer.look()
        raw = "queue_messages, messages_in_flight, queue_sightings, queue_snapshots, queue_servers"
        text = " ".join(
            str(warehouse.rows(f"select * from stuck_jobs_raw.{table}")) for table in raw.split(", ")
        )
        yield Stories(
            system, living, draining, killed, plan, cut, stopped_cold, wrong_redis, in_django, age, text
        )


STUCK = {
    ("queue_dead_letter", "failed", "permanent_failure"),
    ("job_queued", "unserved", "message_waiting"),
    ("job_queued", "member_1", "message_waiting"),
    ("queue_unserved", "nobody", "nothing_taken"),
    ("job_blocked", ASKING, "end_held_by_unserved_job"),
}
DESERTED = (STUCK - {("queue_unserved", "nobody", "nothing_taken")}) | {
    ("queue_unserved", "nobody", "no_living_worker"),
    ("worker_lost", "early", "nobody_listens"),
    ("worker_lost", "late", "nobody_listens"),
    ("worker_lost", ASKING, "nobody_listens"),
}


def test_exactly_what_is_stuck_is_found(stories: Stories) -> None:
    assert stories.living.found == STUCK
    assert "unknown" not in stories.living.states.values()


def test_a_worker_that_ends_its_work_is_not_lost(stories: Stories) -> None:
    assert {finding for finding in stories.draining.found if finding[0] == "worker_lost"} == set()
    assert stories.draining.states["worker_lost"] == "ok"


def test_what_it_had_is_lost_when_it_was_killed(stories: Stories) -> None:
    assert stories.killed.found == DESERTED


def test_what_a_cold_stop_forgot_is_lost(stories: Stories) -> None:
    assert ("worker_lost", "stopped_cold", "message_gone") in stories.stopped_cold.found
    assert ("worker_lost", "early", "nobody_listens") in stories.stopped_cold.found


def test_a_look_that_was_cut_proves_no_absence(stories: Stories) -> None:
    lost = {item for point, item, _ in stories.cut.found if point == "worker_lost"}
    assert lost == {"late", ASKING}, "only what is held is known to have a message"


def test_a_redis_that_was_never_used_proves_nothing(stories: Stories) -> None:
    unknown = {point for point, state in stories.wrong_redis.states.items() if state == "unknown"}
    assert unknown == {
        "job_queued", "job_running", "queue_depth", "queue_unserved", "job_blocked", "worker_lost",
        "pipeline_stalled",
    }  # fmt: skip


def test_results_in_django_are_the_same(stories: Stories) -> None:
    found = stories.in_django.found
    assert ("queue_dead_letter", "failed_django", "permanent_failure") in found
    assert ("worker_lost", "early_django", "nobody_listens") in found
    assert "ok_django" not in {item for _, item, _ in found}


def test_a_date_without_a_zone_is_of_the_sessions_zone(stories: Stories) -> None:
    assert 0 <= stories.dead_letter_age < 600


def test_no_payload_leaves_redis(stories: Stories) -> None:
    assert SECRET not in stories.system.public_text()
    assert "early" in stories.system.public_text()
    assert SECRET not in stories.raw_text
    assert "unserved" in stories.raw_text


def test_the_plan_says_what_to_do(stories: Stories) -> None:
    assert 'app.send_task(NAME, ARGS, KWARGS, task_id="early")' in stories.planned["early"]
    assert "celery -A APP worker -Q QUEUE" in stories.planned["unserved"]


def test_init_finds_it(stories: Stories) -> None:
    printed = stories.system.ours("init", "--print")
    assert 'job_system: "celery"' in printed
    assert re.search(r"\btraceback\b", printed) is None
