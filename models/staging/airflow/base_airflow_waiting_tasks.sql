-- What each open task waits for that nobody runs, and since when it could go on.
{{ config(enabled=is_system('airflow')) }}

with scheduler as (
    select * from {{ ref('base_airflow_scheduler') }}
),

waiting as (
    select
        id,
        waits_for,
        since,
        suspicion
    from {{ ref('base_airflow_due_tasks') }}
    union all
    select
        id,
        waits_for,
        since,
        suspicion
    from {{ ref('base_airflow_resting_tasks') }}
    union all
    select
        sent.id,
        case when sent.state = 'awaiting_input' then 'message' end as waits_for,
        sent.queued_dttm as since,
        scheduler.suspicion
    from {{ source('airflow', 'executions') }} as sent
    cross join scheduler
    where sent.state in ('queued', 'awaiting_input')
)

select
    tasks.execution_id,
    tasks.job_id,
    tasks.jobspec_id,
    tasks.pool,
    tasks.job_kind,
    waiting.waits_for,
    waiting.since,
    coalesce(waiting.suspicion, case when tasks.try_number > 1 then 'retry_not_taken' else 'not_taken' end)
        as suspicion,
    concat(
        tasks.state, ' in pool ', tasks.pool, ', try ', tasks.try_number, ', the scheduler''s last beat ',
        {{ ago('scheduler.beat_at') }},
        case
            when scheduler.held_since is not null
                then concat(', an idle transaction with locks that it needs began ', {{ ago('scheduler.held_since') }})
        end
    ) as evidence
from waiting
inner join {{ ref('base_airflow_executions') }} as tasks on waiting.id = tasks.id
cross join scheduler
where
    tasks.state in ('scheduled', 'queued', 'up_for_retry', 'up_for_reschedule', 'deferred', 'awaiting_input')
