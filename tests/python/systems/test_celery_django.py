"""Celery with its results in Django, a prefix and priorities of its own: chords, schedules, retries."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from conftest import Warehouse
from real_systems import SECRET, Finding, System, installed
from test_celery import IN_DJANGO, Look, Observer, is_status, kill

from stuck_jobs import embedded

pytestmark = installed

TABLE = "django_celery_results_taskresult"
SCHEDULE = "every second"
TRANSPORT = {
    "global_keyprefix": "shop:", "sep": ":", "priority_steps": list(range(10)),
    "queue_order_strategy": "priority",
}  # fmt: skip
SETTINGS = {
    "redis_enabled": True,
    "broker_transport_options": {"global_keyprefix": "shop:", "sep": ":"},
    "schedules": {SCHEDULE: {"every_minutes": 0.1}},
}


@dataclass(frozen=True)
class Shop(Observer):
    """The same, of an application whose settings are in a project of its own."""

    project: Path

    def collect(self, *arguments: str, url: str | None = None, exit_code: int = 0) -> str:
        return self.system.ours(
            "collect", *arguments, exit_code=exit_code, REDIS_URL=url or self.redis_url,
            DBT_PROJECT_DIR=str(self.project),
        )  # fmt: skip

    def said(self) -> Look:
        """What the views say; a chord goes by the name of its members."""
        look = super().said()
        rows = self.system.warehouse.rows(
            "select group_id, sub_tasks from django_celery_results_chordcounter"
        )
        chords = {group: json.loads(members)[0][0][0].partition("_")[0] for group, members in rows}
        found = {(point, chords.get(item, item), cause) for point, item, cause in look.found}
        return Look(found, look.states)


@dataclass(frozen=True)
class Stories:
    """What was found while a worker lived, when it was killed, with a member gone, after a stop."""

    system: System
    living: Look
    killed: Look
    emptied: Look
    waiting_for_retry: Look
    retry_is_due: Look
    without_settings: Look


@pytest.fixture(scope="module")
def stories(
    new_warehouse: Callable[[], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stories]:
    warehouse = new_warehouse()
    warehouse.execute("drop table jobs, executions, outbox")
    project = tmp_path_factory.mktemp("project")
    (project / "dbt_project.yml").write_text(
        json.dumps({"profile": "stuck_jobs", "vars": {"job_system": "celery", **SETTINGS}})
    )
    with embedded.redis_server() as server, ExitStack() as stack:
        broker = server.url.replace("unix://", "redis+socket://").partition("?")[0]
        variables = {"BROKER": broker, "SECRET": SECRET, "TRANSPORT": json.dumps(TRANSPORT)} | IN_DJANGO
        system = System(warehouse, "celery", tmp_path_factory.mktemp("celery"), variables)
        client = stack.enter_context(redis.Redis.from_url(server.url))
        yield tell(system, Shop(system, server.url, project), client, stack)


def tell(system: System, observer: Shop, client: redis.Redis, stack: ExitStack) -> Stories:
    """Have it all happen."""

    def app(*arguments: str) -> None:
        system.run("python", "-m", "celery_app", *arguments)

    def program(name: str, *options: str) -> subprocess.Popen[bytes]:
        return stack.enter_context(
            system.process(name, "celery", "-A", "celery_app", *options, "-l", "WARNING")
        )

    app("migrate")
    first = program("first", "worker", "-c", "3", "-n", "first@here")
    beat = program("beat", "beat", "-s", str(system.scratch / "schedule"))
    system.wait_for(f"(select count(*) from {TABLE} where periodic_task_name = '{SCHEDULE}') > 1")
    kill(beat)
    app("chord", "unserved", "ok:celery", "ok:nobody")
    app("chord", "chained", "long:celery,ok:celery", "ok:celery")
    app("chord", "failing", "fails:celery", "ok:celery")
    app("send", "urgent/ok/nobody//9", "later/ok//600", "revoked/ok//600", "retried/retries//")
    for task, status in (
        ("unserved_0", "SUCCESS"), ("chained_0", "STARTED"), ("chained_1", "SUCCESS"),
        ("failing_ends", "FAILURE"), ("retried", "RETRY"),
    ):  # fmt: skip
        system.wait_for(is_status(task, status, TABLE))
    system.wait_until(lambda: client.hlen("shop:unacked") == 3, "what is not due is held")
    app("revoke", "revoked")
    system.wait_for(is_status("revoked", "REVOKED", TABLE))
    system.build(**SETTINGS)
    living = observer.look()

    kill(first)
    system.warehouse.execute(f"update {TABLE} set date_created = date_created - interval '6 minutes'")
    killed = observer.look()
    client.delete("shop:nobody", "shop:nobody:9")
    emptied = observer.look()

    second = program("second", "worker", "-c", "1", "-n", "second@here")
    app("send", "again/retries_soon//")
    system.wait_for(is_status("again", "RETRY", TABLE))
    second.send_signal(signal.SIGTERM)
    second.wait(30)
    waiting_for_retry = observer.look()
    time.sleep(15)
    observer.look()
    system.warehouse.execute(
        "update stuck_jobs_raw.queue_messages set due_at = due_at - interval '6 minutes'"
    )
    retry_is_due = observer.said()
    system.assert_promises_kept(**SETTINGS)
    system.ours("collect", exit_code=2, REDIS_URL=observer.redis_url)
    return Stories(system, living, killed, emptied, waiting_for_retry, retry_is_due, observer.said())


WAITS = {
    ("job_queued", "unserved_1", "message_waiting"),
    ("job_queued", "urgent", "message_waiting"),
    ("job_blocked", "unserved", "end_held_by_unserved_job"),
    ("queue_dead_letter", "failing_0", "permanent_failure"),
    ("queue_dead_letter", "failing_ends", "permanent_failure"),
}
SILENT: set[Finding] = {("schedule_missed", SCHEDULE, "not_ticked")}
LOST = {
    ("worker_lost", "chained_0", "nobody_listens"),
    ("job_blocked", "chained", "end_held_by_lost_job"),
}


def test_what_waits_rightly_is_no_item(stories: Stories) -> None:
    assert stories.living.found == WAITS | {("queue_unserved", "nobody", "nothing_taken")}
    assert "unknown" not in stories.living.states.values()


def test_a_chord_waits_for_a_chain_that_is_lost(stories: Stories) -> None:
    assert stories.killed.found == WAITS | LOST | SILENT | {("queue_unserved", "nobody", "no_living_worker")}


def test_a_member_that_is_nowhere_is_missing(stories: Stories) -> None:
    assert stories.emptied.found == LOST | SILENT | {
        ("job_blocked", "unserved", "end_held_by_missing_job"),
        ("queue_dead_letter", "failing_0", "permanent_failure"),
        ("queue_dead_letter", "failing_ends", "permanent_failure"),
    }


def test_a_retry_of_a_worker_that_was_stopped_waits_until_it_is_due(stories: Stories) -> None:
    assert "again" not in {item for _, item, _ in stories.waiting_for_retry.found}
    assert ("job_queued", "again", "message_waiting") in stories.retry_is_due.found
    assert ("worker_lost", "again", "message_gone") not in stories.retry_is_due.found


def test_a_look_past_the_applications_keys_proves_nothing(stories: Stories) -> None:
    unknown = {point for point, state in stories.without_settings.states.items() if state == "unknown"}
    assert {"job_queued", "worker_lost", "queue_depth", "job_blocked", "schedule_missed"} <= unknown


def test_no_payload_leaves_redis(stories: Stories) -> None:
    assert SECRET not in stories.system.public_text()
