"""Both DAGs do what docs/scheduling.md says, in a real Airflow, on real servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import DAGS, Airflow, execute

PLAIN = "stuck_jobs"
COSMOS = "stuck_jobs_cosmos"
STEPS = ["collect", "gate", "alert", "heal", "outcome"]

DESCRIBE = """
import json
from airflow import settings
from airflow.dag_processing.dagbag import BundleDagBag

bag = BundleDagBag(bundle_path=settings.DAGS_FOLDER)
assert not bag.import_errors, bag.import_errors
print(json.dumps({
    name: {
        "max_active_runs": dag.max_active_runs,
        "catchup": dag.catchup,
        "dagrun_timeout": dag.dagrun_timeout.total_seconds(),
        "tasks": {
            task.task_id: {
                "retries": task.retries,
                "timeout": task.execution_timeout and task.execution_timeout.total_seconds(),
                "upstream": sorted(task.upstream_task_ids),
                "downstream": sorted(task.downstream_task_ids),
            }
            for task in dag.tasks
        },
    }
    for name, dag in bag.dags.items()
}))
"""

both = pytest.mark.parametrize("dag", [PLAIN, COSMOS])


def steps(tasks: dict[str, str | None]) -> dict[str, str | None]:
    return {name: tasks[name] for name in STEPS}


def build_states(tasks: dict[str, str | None]) -> set[str | None]:
    return {state for name, state in tasks.items() if name.split(".")[0] == "build"}


@both
@pytest.mark.usefixtures("healthy_pipeline")
def test_a_healthy_pipeline_makes_a_green_run(airflow: Airflow, dag: str) -> None:
    run = airflow.run(dag)

    assert (run.exit_code, run.state) == (0, "success"), run.output
    assert build_states(run.tasks) == {"success"}
    assert steps(run.tasks) == {
        "collect": "success",
        "gate": "success",
        "alert": "success",
        "heal": "skipped",
        "outcome": "success",
    }


@both
@pytest.mark.usefixtures("broken_pipeline")
def test_a_closed_gate_fails_the_run_at_the_gate_and_is_alerted(airflow: Airflow, dag: str) -> None:
    run = airflow.run(dag)

    assert (run.exit_code, run.state) == (1, "failed"), run.output
    assert build_states(run.tasks) == {"success"}
    assert steps(run.tasks) == {
        "collect": "success",
        "gate": "failed",
        "alert": "success",
        "heal": "skipped",
        "outcome": "upstream_failed",
    }


@pytest.mark.usefixtures("healthy_pipeline")
def test_a_snapshot_that_fails_is_tried_again_and_then_closes_the_gate(
    airflow: Airflow, tmp_path: Path
) -> None:
    run = airflow.run(PLAIN, {"heal": True}, REDIS_URL=f"unix://{tmp_path}/none.sock")

    assert run.state == "failed"
    assert run.output.count("starting task_id=collect ") == 3
    assert (run.tasks["collect"], run.tasks["build"], run.tasks["gate"]) == ("failed", "success", "failed")
    assert run.tasks["alert"] == "success"
    assert run.tasks["heal"] != "skipped"


@pytest.fixture
def pipeline_with_an_odd_outbox(healthy_pipeline: None) -> Iterator[None]:  # noqa: ARG001
    """All tables and columns are there, one of them of a type that is no time."""
    execute("alter table outbox rename to elsewhere")
    execute(
        "create view outbox as select id, topic, payload, created_at, true as published_at from elsewhere"
    )
    yield
    execute("drop view outbox cascade")
    execute("alter table elsewhere rename to outbox")


@pytest.mark.usefixtures("pipeline_with_an_odd_outbox")
def test_a_view_that_cannot_be_built_is_the_one_that_is_red_and_nothing_is_judged(airflow: Airflow) -> None:
    run = airflow.run(COSMOS)

    assert run.state == "failed", run.output
    assert {name for name, state in run.tasks.items() if state == "failed"} == {
        "build.dbt_producer_watcher",
        "build.stg_outbox_run",
    }
    assert run.tasks["build.stg_jobs_run"] == "success"
    assert run.tasks["gate"] == "upstream_failed"
    assert run.tasks["alert"] == "success"


def test_there_is_a_task_for_each_model(airflow: Airflow) -> None:
    listed = airflow.call("tasks", "list", COSMOS)
    manifest = json.loads((DAGS.parents[1] / "target" / "manifest.json").read_text())
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    missing = [node["alias"] for node in models if f"build.{node['alias']}_run" not in listed.stdout]

    assert listed.returncode == 0, listed.stdout
    assert models
    assert missing == []
    assert "build.stuck_jobs_test" in listed.stdout


@pytest.fixture(scope="session")
def parsed(airflow: Airflow) -> dict[str, dict[str, Any]]:
    """Both DAGs with their tasks, as Airflow has understood them."""
    return json.loads(airflow.python(DESCRIBE).splitlines()[-1])


@both
def test_runs_neither_overlap_nor_catch_up(parsed: dict[str, dict[str, Any]], dag: str) -> None:
    described = parsed[dag]
    assert (described["max_active_runs"], described["catchup"]) == (1, False)
    assert described["dagrun_timeout"] > max(task["timeout"] or 0 for task in described["tasks"].values())


@both
def test_every_command_has_a_time_limit(parsed: dict[str, dict[str, Any]], dag: str) -> None:
    unlimited = {name for name, task in parsed[dag]["tasks"].items() if task["timeout"] is None}
    assert unlimited <= {"snapshot_taken_or_not", "build.dbt_producer_watcher_done", "outcome"}


@both
def test_the_gate_and_the_recovery_are_not_tried_again(parsed: dict[str, dict[str, Any]], dag: str) -> None:
    tries = {name: task["retries"] for name, task in parsed[dag]["tasks"].items() if task["timeout"]}
    steps_alone = {name: count for name, count in tries.items() if not name.startswith("build.")}
    plain_build = {"build": 1} if dag == PLAIN else {}
    assert steps_alone == {"collect": 2, "gate": 0, "alert": 1, "heal": 0} | plain_build
    assert {count for name, count in tries.items() if name.startswith("build.")} <= {0}


@both
def test_only_the_outcome_decides(parsed: dict[str, dict[str, Any]], dag: str) -> None:
    tasks = parsed[dag]["tasks"]
    last = {name for name, task in tasks.items() if not task["downstream"]}
    assert last == {"outcome"}
    assert {"collect", "gate", "alert", "heal"} <= set(tasks["outcome"]["upstream"])
