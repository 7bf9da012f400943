-- The runs that are not done, with what each waits for. A run that has begun is at work while one of its tasks is on
-- its way; while none is, somebody has to decide how it goes on, which a scheduler that lives does every few seconds.
{{ config(enabled=is_system('airflow')) }}

-- only a run that is queued waits for another: of no other DAG the runs that have ended are read
with running_of_dag as (
    select
        dag_id,
        coalesce(backfill_id, -1) as backfill_id,
        count(*) as runs
    from {{ source('airflow', 'jobs') }}
    where
        dag_id in (
            select queued.dag_id from {{ source('airflow', 'jobs') }} as queued
            where queued.state = 'queued'
        )
        -- a place that became free less than a minute ago counts as held
        and (
            state = 'running'
            or (
                state in ('success', 'failed')
                and end_date between {{ as_of() }} - interval '1 minute' and {{ latest_plausible() }}
            )
        )
    group by dag_id, coalesce(backfill_id, -1)
),

tasks_of_run as (
    select
        dag_id,
        run_id,
        bool_or(state in ('queued', 'running', 'restarting')) as is_any_taken,
        bool_or(state in ('scheduled', 'queued', 'running', 'restarting')) as is_any_due
    from {{ source('airflow', 'executions') }}
    where
        state in (
            'scheduled', 'queued', 'running', 'restarting', 'up_for_retry', 'up_for_reschedule', 'deferred',
            'awaiting_input'
        )
    group by dag_id, run_id
)

select
    runs.id,
    case
        when runs.state = 'queued' then 'created'
        when tasks_of_run.run_id is not null then 'running'
        else 'queued'
    end as status,
    case
        when runs.state = 'queued' and runs.run_after > {{ as_of() }} then 'due_time'
        when (dags.is_paused or backfills.is_paused) and tasks_of_run.is_any_taken is not true then 'pause'
        when runs.state = 'queued'
            then case
                when
                    (
                        select conductors.is_at_work
                        from {{ ref('base_airflow_conductors') }} as conductors
                        where conductors.conductor = 'scheduler'
                    )
                    and running_of_dag.runs >= coalesce(backfills.max_active_runs, dags.max_active_runs)
                    then 'limit'
            end
        when tasks_of_run.run_id is null
            then case
                when
                    runs.last_scheduling_decision
                    between {{ as_of() }} - {{ max_age('job_queued') }} and {{ latest_plausible() }}
                    then 'parent'
            end
        when not tasks_of_run.is_any_due then 'child'
    end as waits_for,
    case
        when runs.state = 'queued' then greatest(runs.run_after, runs.queued_at)
        when tasks_of_run.run_id is null then greatest(runs.last_scheduling_decision, runs.start_date)
    end as ready_since,
    coalesce(dags.is_stale, true) as is_dag_gone
from {{ source('airflow', 'jobs') }} as runs
left join {{ source('airflow', 'dags') }} as dags on runs.dag_id = dags.dag_id
left join {{ source('airflow', 'backfills') }} as backfills on runs.backfill_id = backfills.id
left join running_of_dag
    on runs.dag_id = running_of_dag.dag_id and coalesce(runs.backfill_id, -1) = running_of_dag.backfill_id
left join tasks_of_run on runs.dag_id = tasks_of_run.dag_id and runs.run_id = tasks_of_run.run_id
where runs.state in ('queued', 'running')
