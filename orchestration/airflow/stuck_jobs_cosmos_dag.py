"""The DAG `stuck_jobs_cosmos`: the same steps, in which Astronomer Cosmos makes each dbt model a task.

There is still one `dbt build` for all of them, whose progress the tasks watch: a dbt per model would need
minutes. Cosmos reads the models from `target/manifest.json`, which `dbt parse` writes.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TriggerRule
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, InvocationMode, LoadMode, TestBehavior
from stuck_jobs_steps import DAG_SETTINGS, PROGRAMS, PROJECT, collect, judge_and_act

PROFILES = Path(os.environ.get("DBT_PROFILES_DIR") or PROJECT)

with DAG("stuck_jobs_cosmos", description="The same, with a task for each dbt model.", **DAG_SETTINGS):
    collected = collect()
    # The group has several first tasks, none of which may wait for a snapshot that succeeded.
    snapshot_taken_or_not = EmptyOperator(task_id="snapshot_taken_or_not", trigger_rule=TriggerRule.ALL_DONE)
    built = DbtTaskGroup(
        group_id="build",
        project_config=ProjectConfig(
            project_name="stuck_jobs",
            manifest_path=PROJECT / "target" / "manifest.json",
            install_dbt_deps=False,
        ),
        profile_config=ProfileConfig(
            profile_name="stuck_jobs",
            target_name=os.environ.get("STUCK_JOBS_TARGET", "dev"),
            profiles_yml_filepath=PROFILES / "profiles.yml",
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            exclude=["tag:gate"],
            test_behavior=TestBehavior.AFTER_ALL,
            emit_datasets=False,
        ),
        execution_config=ExecutionConfig(
            dbt_project_path=PROJECT,
            execution_mode=ExecutionMode.WATCHER,
            invocation_mode=InvocationMode.SUBPROCESS,
            dbt_executable_path=PROGRAMS / "dbt",
        ),
        default_args={"execution_timeout": timedelta(minutes=10), "retries": 0},
    )
    # The tasks that watch wait until the build has ended, lest they take the slots that it needs. They run
    # whatever became of it, so that the one whose model failed is the one that is red.
    dbt_build = built.get_child_by_label("dbt_producer_watcher")
    for watching in [task for task in built.roots if task is not dbt_build]:
        watching.trigger_rule = TriggerRule.ALL_DONE
        dbt_build >> watching

    collected >> snapshot_taken_or_not >> built
    judge_and_act(collected, built)
