#!/usr/bin/env bash
# Airflow 3.3.2: what a DAG's stored form says of a task depends on whether the task is mapped. The retry delay and the
# limits of a plain task are numbers of its own, the default delay among them; those of a mapped task are in its
# partial_kwargs, the delay in an envelope, and a default delay is beside the DAG, in client_defaults.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    apache-airflow-core==3.3.2 apache-airflow-task-sdk==1.3.2 apache-airflow-providers-standard==1.21.0
export AIRFLOW_HOME="$work" AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY=7
"$work/venv/bin/python" - << 'PYTHON'
import json
from datetime import timedelta

from airflow.sdk import DAG, task
from airflow.serialization.serialized_objects import DagSerialization

with DAG("example", schedule=None) as dag:
    for is_mapped in (False, True):
        for settings in ({}, {"retry_delay": timedelta(minutes=1), "max_active_tis_per_dag": 1}):
            @task(task_id=f"{'mapped' if is_mapped else 'plain'}_{len(settings)}", retries=1, **settings)
            def work(number):
                return number

            work.expand(number=[1, 2]) if is_mapped else work(1)

stored = json.loads(json.dumps(DagSerialization.to_dict(dag)))
tasks = {element["__var"]["task_id"]: element["__var"] for element in stored["dag"]["tasks"]}
names = ("retry_delay", "max_active_tis_per_dag")
said = {name: [(task, task.get("partial_kwargs", {}))[by].get(key) for by in (0, 1) for key in names]
        for name, task in tasks.items()}
print(json.dumps(said), stored["client_defaults"])
assert said == {
    "plain_0": [7.0, None, None, None],
    "plain_2": [60.0, 1, None, None],
    "mapped_0": [None, None, None, None],
    "mapped_2": [None, None, {"__var": 60.0, "__type": "timedelta"}, 1],
}
assert stored["client_defaults"] == {"tasks": {"retry_delay": 7.0}}
PYTHON
