"""The steps that the DAGs share: each is a command of the README, run where the dbt project is.

The connection is the worker's environment: libpq's variables, REDIS_URL, and what else the commands read.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import BaseOperator, Param, TaskGroup, TriggerRule, chain

PROJECT = Path(os.environ.get("DBT_PROJECT_DIR") or Path(__file__).resolve().parents[2])
PROGRAMS = Path(os.environ.get("STUCK_JOBS_BIN") or PROJECT / ".venv" / "bin")
SKIPPED = "exit 99"  # by which a BashOperator counts as skipped

DAG_SETTINGS: dict[str, Any] = {
    "schedule": os.environ.get("STUCK_JOBS_SCHEDULE", "*/4 * * * *"),
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "catchup": False,
    "max_active_runs": 1,
    "dagrun_timeout": timedelta(minutes=40),
    "tags": ["stuck-jobs"],
    "params": {
        "heal": Param(
            os.environ.get("STUCK_JOBS_HEAL", "false").lower() == "true",
            type="boolean",
            description="Whether to recover what policy allows, after the alert.",
        )
    },
}
"""What both DAGs have in common; a run that takes too long delays the next one and is never joined by it."""


def step(name: str, command: str, minutes: int, retries: int = 0, **options: Any) -> BashOperator:
    """A command as a task.

    Args:
        name: of the task.
        command: of the shell, in which the project's own programs come first.
        minutes: after which the task is stopped, and has failed.
        retries: whatever Airflow's own default is.
        **options: further ones of the operator.
    """
    return BashOperator(
        task_id=name,
        bash_command=f'PATH="{PROGRAMS}:$PATH"; {command}',
        cwd=str(PROJECT),
        execution_timeout=timedelta(minutes=minutes),
        retries=retries,
        retry_delay=timedelta(seconds=15),
        **options,
    )


def collect() -> BashOperator:
    """The snapshot of Redis. A failure is recorded too, so that the build calls its points unknown."""
    return step("collect", "stuck-jobs collect", 2, retries=2)


def judge_and_act(*done: BaseOperator | TaskGroup) -> None:
    """Append gate, alert and heal to a DAG, and its outcome.

    What comes after the gate runs whatever it said, so none of it may be what the run is judged by. That is
    `outcome`: it succeeds only if everything else has.

    Args:
        *done: what the DAG has done so far; the last of it has built the views.
    """
    gate = step("gate", "stuck-jobs gate", 2)
    alert = step("alert", "stuck-jobs alert", 5, trigger_rule=TriggerRule.ALL_DONE, retries=1)
    heal = step(
        "heal",
        "{% if params.heal %}stuck-jobs heal{% else %}" + SKIPPED + "{% endif %}",
        15,
        trigger_rule=TriggerRule.ALL_DONE,
    )
    outcome = EmptyOperator(task_id="outcome", trigger_rule=TriggerRule.NONE_FAILED)
    chain(done[-1], gate, alert, heal, outcome)
    chain([*done, gate, alert], outcome)
