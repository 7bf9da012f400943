"""The DAG `stuck_jobs`: collect, dbt build, gate, alert, heal; one command each."""

from __future__ import annotations

from airflow.sdk import DAG, TriggerRule
from stuck_jobs_steps import DAG_SETTINGS, collect, judge_and_act, step

with DAG(
    "stuck_jobs", description="Finds where the pipeline's work piles up, with plain dbt.", **DAG_SETTINGS
):
    collected = collect()
    built = step("build", "dbt build --selector build", 10, trigger_rule=TriggerRule.ALL_DONE, retries=1)
    collected >> built
    judge_and_act(collected, built)
