-- What can be told neither way now: whether a scheduler that has been silent for very long drains, or was killed while
-- its tasks go on; and what DAGs say that are stored compressed.
{{ config(enabled=is_system('airflow')) }}

select
    'conductor_dead' as accumulation_point,
    concat(
        'whether the scheduler drains, or was killed and its tasks go on, is not known: it gave its last sign ',
        {{ ago('beat_at') }}, ', and its tasks beat'
    ) as problem
from {{ ref('base_airflow_conductors') }}
where is_draining and coalesce(beat_at < {{ as_of() }} - interval '30 minutes', true)
union all
select
    'execution_pending' as accumulation_point,
    concat(
        'when ', count(*), ' retries are due is not known: their DAGs are stored compressed'
    ) as problem
from {{ source('airflow', 'executions') }} as tasks
left join {{ source('airflow', 'definitions') }} as definitions on tasks.dag_version_id = definitions.dag_version_id
where
    tasks.state = 'up_for_retry'
    and tasks.retry_delay_override is null
    and definitions.data is null
    and tasks.end_date < {{ as_of() }} - {{ max_age('execution_pending') }}
having count(*) > 0
union all
select
    'execution_missing' as accumulation_point,
    concat(
        'how many copies mapped tasks of ', count(distinct runs.id),
        ' runs should have is not known: their DAGs are stored compressed'
    ) as problem
from {{ source('airflow', 'jobs') }} as runs
inner join {{ source('airflow', 'lengths') }} as lengths
    on runs.dag_id = lengths.dag_id and runs.run_id = lengths.run_id
inner join {{ source('airflow', 'executions') }} as tasks
    on
        lengths.dag_id = tasks.dag_id
        and lengths.task_id = tasks.task_id
        and lengths.run_id = tasks.run_id
        and lengths.map_index = tasks.map_index
left join {{ source('airflow', 'definitions') }} as definitions on tasks.dag_version_id = definitions.dag_version_id
where
    runs.state in ('success', 'failed')
    and runs.end_date >= {{ as_of() }} - {{ minutes(var('given_up_window_minutes')) }}
    and definitions.data is null
having count(*) > 0
