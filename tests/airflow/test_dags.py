"""Both DAGs do what docs/scheduling.md says, in a real Airflow, on real servers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import DAGS, Airflow

PLAIN = "stuck_jobs"
COSMOS = "stuck_jobs_cosmos"
STEPS = ["collect", "gate", "alert", "heal", "outcome"]

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
    assert run.output.count("cannot be reached") + run.output.count("exited with return code 2") >= 3
    assert (run.tasks["collect"], run.tasks["build"], run.tasks["gate"]) == ("failed", "success", "failed")
    assert run.tasks["alert"] == "success"
    assert run.tasks["heal"] != "skipped"


def test_there_is_a_task_for_each_model(airflow: Airflow) -> None:
    listed = airflow.call("tasks", "list", COSMOS)
    manifest = json.loads((DAGS.parents[1] / "target" / "manifest.json").read_text())
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    missing = [node["alias"] for node in models if f"build.{node['alias']}_run" not in listed.stdout]

    assert listed.returncode == 0, listed.stdout
    assert models
    assert missing == []


@both
def test_runs_neither_overlap_nor_catch_up_and_every_command_ends(airflow: Airflow, dag: str) -> None:
    shown = airflow.call("dags", "details", dag, "--output", "json")
    details = {row["property_name"]: row["property_value"] for row in json.loads(shown.stdout[shown.stdout.index("[\n") if "[\n" in shown.stdout else shown.stdout.index("["):])}

    assert details["max_active_runs"] == "1"
