-- The executions that began within the look-back of the analytics, through the index on created_at.
{% set executions = source_table('executions') %}

select
    execution_id,
    provider_id,
    router_region as region,
    model_id,
    status,
    created_at,
    coalesce(retry_count > 0, false) as is_retried,
    coalesce(status in ('completed', 'failed', 'timeout'), false) as is_finished,
    {{ timed_out() }} as is_timed_out,
    {{ seconds_between('coalesce(started_at, created_at)', 'completed_at') }} as run_seconds,
    {{ seconds_between('created_at', 'completed_at') }} as total_seconds
from {{ ref('stg_executions') }}
where source_created_at >= {{ source_instant(executions, 'created_at', analysed_since()) }}
