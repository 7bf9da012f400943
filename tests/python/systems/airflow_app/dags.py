"""DAGs whose tasks end, fail, sleep, wait and are mapped; a file of Airflow's."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import DAG, task

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@task
def ends(secret: str = os.environ.get("SECRET", "")) -> str:
    """End at once."""
    return secret


@task
def fails() -> None:
    """Fail, with an error that nobody must see."""
    raise ValueError(f"no luck with {os.environ.get('SECRET')}")


@task
def sleeps() -> None:
    """Be at work for long."""
    time.sleep(3600)


@task
def lists() -> list[int]:
    """Say how many copies there will be."""
    return [1, 2, 3]


@task
def takes(number: int) -> int:
    """End at once."""
    return number


def dag(name: str, **settings: Any) -> DAG:
    """A DAG that nobody starts but by hand."""
    return DAG(name, **{"schedule": None, "start_date": START, "catchup": False, **settings})


with dag("quick"):
    ends()

with dag("failing"):
    fails()

with dag("retried"):
    fails.override(retries=3, retry_delay=HOUR)()

with dag("backing_off"):
    fails.override(retries=3, retry_delay=HOUR, retry_exponential_backoff=True)()

with dag("slow"):
    sleeps()

with dag("lost"):
    sleeps() >> ends()

with dag("pooled"):
    sleeps.override(task_id="holds", pool="of_one", priority_weight=9)()
    sleeps.override(task_id="waits", pool="of_one")()

with dag("one_task"):
    sleeps.override(max_active_tis_per_dag=1)()

with dag("one_run", max_active_runs=1):
    sleeps()

with dag("resting"):
    ends()

with dag("past"):
    fails.override(depends_on_past=True)()

with dag("poking"):
    PythonSensor(task_id="pokes", python_callable=lambda: False, mode="reschedule", poke_interval=3600)

with dag("deferring"):
    TimeDeltaSensor(task_id="defers", delta=HOUR, deferrable=True)

with dag("asking"):
    ApprovalOperator(task_id="asks", subject="May it go on?")

with dag("mapped"):
    takes.partial().expand(number=lists())

with dag("ticking", schedule="* * * * *"):
    ends()
