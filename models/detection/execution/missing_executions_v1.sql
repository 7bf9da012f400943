-- The analysis's own formula, kept for comparison: the product of the three array lengths against every execution row.
-- It takes models limited to regions for gaps, and duplicates of retries for executions; v2 does neither.
with jobs as (
    select * from {{ ref('stg_jobs') }}
),

specs as (
    select * from {{ ref('stg_job_specs') }}
),

executions as (
    select * from {{ ref('stg_executions') }}
),

execution_counts as (
    select
        job_id,
        count(*) as actual_executions
    from executions
    group by job_id
),

closed_jobs as (
    select
        jobs.job_id,
        jobs.jobspec_id,
        jobs.status,
        case
            when jobs.completed_at <= {{ as_of() }} then jobs.completed_at
            when jobs.updated_at <= {{ as_of() }} then jobs.updated_at
        end as closed_at,
        jsonb_array_length({{ json_array('specs.spec_regions') }})::bigint
        * jsonb_array_length({{ json_array('specs.spec_metadata_models') }})
        * jsonb_array_length({{ json_array('specs.spec_questions') }}) as expected_executions,
        coalesce(execution_counts.actual_executions, 0) as actual_executions
    from jobs
    inner join specs on jobs.job_id = specs.job_id
    left join execution_counts on jobs.job_id = execution_counts.job_id
    where jobs.status in ('completed', 'failed')
)

select
    'execution_missing' as accumulation_point,
    'job' as entity_type,
    job_id::text as entity_id,
    jobspec_id,
    status,
    closed_at as stuck_since,
    {{ seconds_since('closed_at') }} as age_seconds,
    0::bigint as threshold_seconds,
    'unknown' as cause,
    null::text as queue_name,
    null::text as job_kind,
    concat(actual_executions, ' of ', expected_executions, ' executions are there') as evidence,
    job_id::text as job_id,
    expected_executions,
    actual_executions,
    expected_executions - actual_executions as missing_executions
from closed_jobs
where actual_executions < expected_executions
