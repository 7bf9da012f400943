-- The executions that began within the window of the provider points, through the index on created_at. The newest ones
-- alone if they are very many: a busier pipeline has a shorter window, and not a dearer one.
{% set executions = source_table('executions') %}

select
    execution_id,
    job_id,
    provider_id,
    router_region as region,
    status,
    created_at,
    coalesce(retry_count >= max_retries, false) as is_exhausted,
    coalesce(completed_at - {{ provider_timeout() }} > coalesce(started_at, created_at), false) as is_slow,
    {{ timed_out() }} as is_timed_out,
    coalesce(status in ('failed', 'timeout'), false) as is_failed
from {{ ref('stg_executions') }}
where
    source_created_at
    > {{ source_instant(executions, 'created_at', as_of() ~ ' - ' ~ minutes(var('provider_window_minutes'))) }}
order by source_created_at desc
limit {{ var('provider_window_executions') }}
