-- Executions that began, or wait to, and never ended. To the letter: a row without the clock that judges it is left to
-- the points that judge its job.
with executions as not materialized (
    select * from {{ ref('stg_executions') }}
),

jobs as (
    select * from {{ ref('stg_jobs') }}
),

stuck as (
    select
        'execution_running' as accumulation_point,
        started_at as stuck_since,
        {{ max_age('execution_running') }} as max_age,
        executions.*
    from executions
    where status = 'running' and started_at < {{ as_of() }} - {{ max_age('execution_running') }}
    union all
    select
        'execution_pending' as accumulation_point,
        created_at as stuck_since,
        {{ max_age('execution_pending') }} as max_age,
        executions.*
    from executions
    where status = 'pending' and created_at < {{ as_of() }} - {{ max_age('execution_pending') }}
    union all
    select
        'execution_pending' as accumulation_point,
        created_at as stuck_since,
        {{ max_age('execution_pending') }} as max_age,
        executions.*
    from executions
    where status = 'retrying' and created_at < {{ as_of() }} - {{ max_age('execution_pending') }}
)

select
    stuck.accumulation_point,
    'execution' as entity_type,
    stuck.execution_id::text as entity_id,
    jobs.jobspec_id,
    stuck.status,
    stuck.stuck_since,
    {{ seconds_since('stuck.stuck_since') }} as age_seconds,
    extract(epoch from stuck.max_age)::bigint as threshold_seconds,
    case
        when jobs.job_id is null then 'unknown'
        when jobs.status in ('completed', 'failed', 'cancelled') then 'job_finished'
        else 'job_live'
    end as cause,
    stuck.execution_id::bigint as execution_id,
    stuck.job_id::bigint as job_id,
    stuck.region,
    stuck.provider_id,
    stuck.model_id,
    stuck.question_id,
    stuck.started_at
from stuck
left join jobs on stuck.job_id = jobs.job_id
where stuck.accumulation_point in {{ enabled_points() }}
