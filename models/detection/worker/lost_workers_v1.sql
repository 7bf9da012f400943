-- Jobs whose worker is gone: they are worked on, and nobody holds them. Those that fell silent within half a minute
-- of each other crashed together. Where executions have workers of their own, each is lost by itself.
{% set has_signs = not execute or not is_left_out('stg_execution_signs') %}
{% set has_locks = not execute or (has_queues() and 'broker' not in job_system()) %}

with
{% if has_locks %}
unlocked as (
    select
        'job' as entity_type,
        worker_signals.job_id::text as entity_id,
        worker_signals.job_id::text as job_id,
        worker_signals.jobspec_id,
        worker_signals.status,
        'lock_gone' as cause,
        null::text as holder_id,
        null::text as queue_name,
        null::text as job_kind,
        'no lock on it in the last snapshot' as evidence,
        (
            select greatest(worker_signals.updated_at, max(executions.created_at), max(executions.completed_at))
            from {{ ref('stg_executions') }} as executions
            where executions.job_id = worker_signals.job_id
        ) as signal_at
    from {{ ref('int_worker_signals') }} as worker_signals
    where not worker_signals.is_held
),
{% endif %}

silent as (
    select
        'job' as entity_type,
        job_id::text as entity_id,
        job_id::text as job_id,
        jobspec_id,
        status,
        coalesce(loss, case when is_holder_gone then 'worker_gone' else 'heartbeat_stopped' end) as cause,
        holder_id::text as holder_id,
        queue_name,
        job_kind,
        evidence,
        signal_at
    from {{ ref('int_heartbeats') }}
    where not is_held or loss is not null
),

{% if has_signs %}
silent_executions as (
    select
        'execution' as entity_type,
        execution_id::text as entity_id,
        job_id::text as job_id,
        jobspec_id,
        'running' as status,
        loss as cause,
        null::text as holder_id,
        queue_name,
        job_kind,
        evidence,
        last_beat_at as signal_at
    from {{ ref('stg_execution_signs') }}
    where last_beat_at < {{ as_of() }} - greatest({{ max_age('worker_lost') }}, dead_after)
),
{% endif %}

lost as (
    select * from silent
    {% if has_locks %}
    union all
    select * from unlocked
    {% endif %}
    {% if has_signs %}
    union all
    select * from silent_executions
    {% endif %}
),

signals as (
    select
        lost.*,
        {{ believable('signal_at') }} as last_signal_at,
        signal_at > lag(signal_at) over (order by signal_at) + interval '30 seconds' as is_apart
    from lost
)

select
    'worker_lost' as accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    status,
    last_signal_at as stuck_since,
    {{ seconds_since('last_signal_at') }} as age_seconds,
    extract(epoch from {{ max_age('worker_lost') }})::bigint as threshold_seconds,
    cause,
    queue_name,
    job_kind,
    concat(evidence, ', last sign of it ', {{ ago('last_signal_at') }}) as evidence,
    job_id,
    last_signal_at,
    case
        when last_signal_at is not null then 1 + count(*) filter (where is_apart) over (order by signal_at)
    end as crash_group,
    holder_id
from signals
where 'worker_lost' in {{ enabled_points() }}
