"""Start runs of DAGs, each `dag/run` or `dag/run/logical date`: Airflow's own command starts one alone."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from airflow.api.common.trigger_dag import trigger_dag
from airflow.utils.types import DagRunTriggeredByType


def start(description: str) -> None:
    """Start a run, of a DAG that is paused too."""
    dag, run, *dates = description.split("/")
    logical_date = datetime.fromisoformat(dates[0]).replace(tzinfo=UTC) if dates else None
    trigger_dag(
        dag_id=dag, run_id=run, logical_date=logical_date, triggered_by=DagRunTriggeredByType.CLI
    )  # fmt: skip


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        start(argument)
