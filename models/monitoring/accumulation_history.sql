-- What every run found, so that a trend can be told from a spike; old runs are pruned. The procedure `check`, which is
-- made after it, does the same between two builds.
-- depends_on: {{ ref('stg_jobs') }}, {{ ref('stg_judgment_basis') }}
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='append_new_columns',
        full_refresh=false,
        indexes=[{'columns': ['observed_at']}],
        pre_hook="{{ skip_dead_entries() if is_system('pipeline') and not is_distributed() else '' }}",
        post_hook=[
            "{{ stuck_jobs.prune_history(this) }}",
            "{{ stuck_jobs.create_check(compiled_code, stuck_jobs.live_entries() if is_system('pipeline') else none) }}",
            "{{ stuck_jobs.check_by_build() }}",
        ]
    )
}}

with accumulation_points as (
    select * from {{ ref('accumulation_points') }}
)

select
    '{{ invocation_id }}' as run_id,
    {{ as_of() }} as observed_at,
    accumulation_point,
    level,
    state,
    stuck_count,
    max_count,
    oldest_stuck_since,
    oldest_age_seconds,
    severity,
    remedy,
    evidence_at,
    evidence
from accumulation_points
{{ 'where false' if is_distributed() }}
