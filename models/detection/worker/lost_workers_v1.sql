-- Jobs whose worker is gone: they are worked on, and nobody holds them. Those that fell silent within a minute of each
-- other crashed together.
with lost as (
    select
        worker_signals.job_id,
        worker_signals.jobspec_id,
        worker_signals.status,
        (
            select greatest(worker_signals.updated_at, max(executions.created_at), max(executions.completed_at))
            from {{ ref('stg_executions') }} as executions
            where executions.job_id = worker_signals.job_id
        ) as signal_at
    from {{ ref('int_worker_signals') }} as worker_signals
    where not worker_signals.is_held
),

signals as (
    select
        lost.*,
        {{ believable('signal_at') }} as last_signal_at,
        signal_at > lag(signal_at) over (order by signal_at) + interval '1 minute' as is_apart
    from lost
)

select
    'worker_lost' as accumulation_point,
    'job' as entity_type,
    job_id::text as entity_id,
    jobspec_id,
    status,
    last_signal_at as stuck_since,
    {{ seconds_since('last_signal_at') }} as age_seconds,
    0::bigint as threshold_seconds,
    'lock_gone' as cause,
    job_id::bigint as job_id,
    last_signal_at,
    case
        when last_signal_at is not null then 1 + count(*) filter (where is_apart) over (order by signal_at)
    end as crash_group
from signals
where 'worker_lost' in {{ enabled_points() }}
