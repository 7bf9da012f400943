"""An application on DBOS whose executors are killed; libpq's variables say where it is."""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, SetWorkflowID

EVERY_SECOND = "* * * * * *"
EVERY_YEAR = "0 0 1 1 *"
QUEUES = {"one": 1, "limited": 1, "served": None, "quiet": None}
"""Their limits."""


def url() -> str:
    """Our database, which is the system database as well."""
    user, secret = os.environ["PGUSER"], os.environ.get("PGPASSWORD", "")
    host, port = os.environ["PGHOST"], os.environ["PGPORT"]
    return f"postgresql://{user}:{secret}@/{os.environ['PGDATABASE']}?host={host}&port={port}"


@DBOS.step()
def quick(secret: str) -> str:
    """End at once, with an output."""
    return secret


@DBOS.step()
def long(secret: str) -> None:  # noqa: ARG001
    """Be at work for long."""
    time.sleep(600)


@DBOS.step()
def failing(secret: str) -> None:
    """Fail for good."""
    raise ValueError(f"no luck with {secret}")


@DBOS.workflow()
def ok(secret: str) -> str:
    """End at once."""
    return quick(secret)


@DBOS.workflow()
def fails(secret: str) -> None:
    """Fail for good."""
    failing(secret)


@DBOS.workflow()
def sleeps(secret: str) -> None:
    """Be at work for long, after a step that has ended."""
    quick(secret)
    long(secret)


@DBOS.workflow()
def received(secret: str) -> None:
    """Be at work for long, with a message that came before its time."""
    DBOS.send(str(DBOS.workflow_id), secret, "topic")
    DBOS.recv("topic", timeout_seconds=3600)
    long(secret)


@DBOS.workflow()
def asleep(secret: str) -> None:
    """Sleep for long."""
    quick(secret)
    DBOS.sleep(3600)


@DBOS.workflow()
def awaits(secret: str) -> None:
    """Wait for a message for long."""
    quick(secret)
    DBOS.recv("topic", timeout_seconds=3600)


@DBOS.workflow()
def parent(secret: str) -> None:
    """Wait for another one for long."""
    with SetWorkflowID("child"):
        handle = DBOS.start_workflow(asleep, secret)
    handle.get_result()


@DBOS.workflow(max_recovery_attempts=1)
def poison(secret: str) -> None:  # noqa: ARG001
    """Kill its executor each time."""
    os._exit(1)


@DBOS.workflow()
def tick(_due: datetime, _context: Any) -> None:
    """Do what is to be done every second."""


def work() -> None:
    """Be an executor until killed, which starts the workflows that START names."""
    config: DBOSConfig = {
        "name": "app",
        "system_database_url": url(),
        "executor_id": os.environ["EXECUTOR"],
        "application_version": "v1",
        "scheduler_polling_interval_sec": 1,
    }
    DBOS(config=config)
    DBOS.launch()
    for queue, limit in QUEUES.items():
        DBOS.register_queue(queue, global_concurrency=limit)
    if os.environ.get("SCHEDULES"):
        for name, schedule in ("lively", EVERY_SECOND), ("paused", EVERY_SECOND), ("yearly", EVERY_YEAR):
            DBOS.create_schedule(schedule_name=name, workflow_fn=tick, schedule=schedule)
        DBOS.pause_schedule("paused")
    for name in os.environ.get("START", "").split():
        kind = name.partition("_")[0]
        with SetWorkflowID(name):
            DBOS.start_workflow(globals()[kind], os.environ["SECRET"])
    while True:
        time.sleep(1)


def enqueue(client: DBOSClient, workflow_id: str, kind: str, queue: str, version: str, seconds: str) -> None:
    """Enqueue a workflow."""
    options: dict[str, Any] = {"workflow_name": kind, "queue_name": queue, "workflow_id": workflow_id}
    if version:
        options["app_version"] = version
    if float(seconds):
        options["delay_seconds"] = float(seconds)
    client.enqueue(options, os.environ["SECRET"])  # type: ignore[arg-type]


def enqueue_all(*descriptions: str) -> None:
    """Enqueue workflows, each described by its id, kind, queue, version and delay, with slashes in between.

    Or cancel one, by the word and its id.
    """
    client = DBOSClient(system_database_url=url())
    for description in descriptions:
        if description.startswith("cancel/"):
            client.cancel_workflow(description.removeprefix("cancel/"))
        else:
            enqueue(client, *description.split("/"))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"work": work, "enqueue": enqueue_all}[command](*arguments)
