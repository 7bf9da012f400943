-- What was tried within the window of the failure points: executions, through the index on created_at, or attempts at
-- jobs that have none. The newest executions alone if they are very many: a busier pipeline has a shorter window, and
-- not a dearer one.
{% set executions = source_table('executions') %}

(
    select
        execution_id::text as execution_id,
        job_id::text as job_id,
        provider_id,
        router_region as region,
        nullif(model_id, '') as job_kind,
        null::text as queue_name,
        status,
        created_at,
        coalesce(retry_count >= max_retries, false) as is_exhausted,
        coalesce(completed_at - {{ provider_timeout() }} > coalesce(started_at, created_at), false) as is_slow,
        {{ timed_out() }} as is_timed_out,
        coalesce(status in ('failed', 'timeout'), false) as is_failed,
        nullif(concat_ws(': ', failure_type, original_error), '') as error
    from {{ ref('stg_executions') }}
    where
        source_created_at
        > {{ source_instant(executions, 'created_at', as_of() ~ ' - ' ~ minutes(var('provider_window_minutes'))) }}
    order by source_created_at desc
    limit {{ var('provider_window_executions') }}
)
{% if not execute or not is_left_out('stg_attempts') %}
union all
select
    null::text as execution_id,
    job_id::text as job_id,
    null::text as provider_id,
    null::text as region,
    job_kind,
    queue_name,
    case when is_failed then 'failed' else 'completed' end as status,
    ended_at as created_at,
    false as is_exhausted,
    false as is_slow,
    false as is_timed_out,
    is_failed,
    error
from {{ ref('stg_attempts') }}
{% endif %}
