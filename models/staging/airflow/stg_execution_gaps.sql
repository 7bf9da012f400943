-- The tasks that runs which ended of late should have had: the copies of a task that is mapped over what others
-- returned, and those about which nothing was ever decided. Airflow makes both, unless somebody deletes them.
{{ config(enabled=is_system('airflow')) }}
{% set begin = as_of() ~ ' - ' ~ minutes(var('given_up_window_minutes')) %}

with ended_runs as (
    select
        id,
        dag_id,
        run_id,
        state,
        coalesce(end_date, updated_at) as ended_at
    from {{ source('airflow', 'jobs') }}
    where state in ('success', 'failed') and coalesce(end_date, updated_at) >= {{ begin }}
),

mapped_tasks as (
    select
        tasks.dag_version_id,
        tasks.task_id,
        arguments.argument
    from {{ ref('base_airflow_tasks') }} as tasks
    cross join
        lateral jsonb_each(
            case
                when jsonb_typeof(tasks.mapped_over -> 'value' -> '__var') = 'object'
                    then tasks.mapped_over -> 'value' -> '__var'
            end
        ) as arguments (name, argument)
    where tasks.mapped_over ->> 'type' = 'dict-of-lists'
),

-- as many copies as the product of the lengths, if all of them are known
expected as (
    select
        runs.id,
        runs.dag_id,
        runs.run_id,
        mapped_tasks.task_id,
        case
            when count(*) = count(lengths.length)
                then round(exp(sum(ln(nullif(lengths.length, 0)))))::integer
        end as copies
    from ended_runs as runs
    inner join lateral (
        select tasks.dag_version_id
        from {{ source('airflow', 'executions') }} as tasks
        where tasks.dag_id = runs.dag_id and tasks.run_id = runs.run_id
        limit 1
    ) as version on true
    inner join mapped_tasks on version.dag_version_id = mapped_tasks.dag_version_id
    left join {{ source('airflow', 'lengths') }} as lengths
        on
            runs.dag_id = lengths.dag_id
            and runs.run_id = lengths.run_id
            and mapped_tasks.argument -> '__var' ->> 'task_id' = lengths.task_id
            and mapped_tasks.argument ->> '__type' = 'xcomref'
            and lengths.map_index = -1
    group by runs.id, runs.dag_id, runs.run_id, mapped_tasks.task_id
),

missing_copies as (
    select
        expected.id,
        expected.dag_id,
        expected.run_id,
        expected.task_id,
        copy.map_index,
        expected.copies,
        there.copies as copies_there
    from expected
    cross join
        lateral (
            select
                count(*) as copies,
                array_agg(tasks.map_index) as map_indexes,
                coalesce(bool_or(tasks.map_index = -1), false) as is_unexpanded
            from {{ source('airflow', 'executions') }} as tasks
            where tasks.dag_id = expected.dag_id and tasks.run_id = expected.run_id and tasks.task_id = expected.task_id
        ) as there
    cross join lateral generate_series(0, expected.copies - 1) as copy (map_index)
    where
        not there.is_unexpanded
        and there.copies < expected.copies
        and (copy.map_index = any(there.map_indexes)) is not true
)

select
    concat_ws('/', missing.dag_id, missing.run_id, missing.task_id, missing.map_index) as execution_id,
    missing.id as job_id,
    concat_ws('/', missing.dag_id, missing.run_id) as jobspec_id,
    runs.state::text as status,
    runs.ended_at as closed_at,
    concat_ws('.', missing.dag_id, missing.task_id) as job_kind,
    missing.map_index::text as part,
    missing.copies::bigint as expected_executions,
    missing.copies_there as actual_executions,
    'not_written' as cause
from missing_copies as missing
inner join ended_runs as runs on missing.id = runs.id
union all
select
    tasks.execution_id,
    tasks.job_id,
    tasks.jobspec_id,
    tasks.run_state::text as status,
    tasks.run_ended_at as closed_at,
    tasks.job_kind,
    case when tasks.map_index >= 0 then tasks.map_index::text end as part,
    null::bigint as expected_executions,
    null::bigint as actual_executions,
    'not_decided' as cause
from {{ ref('base_airflow_executions') }} as tasks
where tasks.state is null and tasks.run_state in ('success', 'failed') and tasks.run_ended_at >= {{ begin }}
