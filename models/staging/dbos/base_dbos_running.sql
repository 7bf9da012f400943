-- The workflows that run, or are said to, with what they wait for and since when their present step runs at most. A
-- step has a row when it has ended, but a sleep has one from its beginning, which ends in the future; so has a wait
-- for a message, as a sleep of no length, until the step before it has one.
{{ config(enabled=is_system('dbos')) }}
{% set output = source_column(source_table('steps'), 'output', 'text', required=false, may_be_withheld=true) %}
{% set now_ms = epoch_ms(as_of()) %}

select
    jobs.workflow_uuid,
    jobs.name,
    jobs.queue_name,
    jobs.executor_id,
    jobs.application_version,
    jobs.recovery_attempts,
    jobs.created_at,
    jobs.updated_at,
    greatest(
        coalesce({{ from_epoch_ms('jobs.started_at_epoch_ms') }}, {{ from_epoch_ms('jobs.created_at') }}),
        {{ from_epoch_ms('progress.ended_ms') }}
    ) as step_began_at,
    case
        when progress.is_asleep then 'due_time'
        when progress.has_live_child then 'child'
        when progress.awaits_message then 'message'
    end as waits_for
from {{ source('dbos', 'jobs') }} as jobs
left join lateral (
    select
        max(newest.ended_ms) filter (where newest.ended_ms <= {{ now_ms }}) as ended_ms,
        bool_or(newest.is_sleep and newest.completed_at_epoch_ms > {{ now_ms }}) as is_asleep,
        bool_or(children.status in ('PENDING', 'ENQUEUED', 'DELAYED')) as has_live_child,
        bool_or(
            newest.is_sleep
            and newest.completed_at_epoch_ms::numeric - newest.started_at_epoch_ms < 1000
            and coalesce(newest.wakes_ms > {{ now_ms }}, true)
            and not exists (
                select 1 from {{ source('dbos', 'steps') }} as waits
                where waits.workflow_uuid = newest.workflow_uuid and waits.function_id = newest.function_id - 1
            )
        ) as awaits_message
    from (
        select
            steps.*,
            greatest(steps.completed_at_epoch_ms, steps.wakes_ms) as ended_ms
        from (
            select
                steps.workflow_uuid,
                steps.function_id,
                steps.child_workflow_id,
                steps.started_at_epoch_ms,
                steps.completed_at_epoch_ms,
                steps.function_name = 'DBOS.sleep' as is_sleep,
                case
                    when steps.function_name = 'DBOS.sleep' and {{ output }} ~ '^[0-9]{1,12}([.][0-9]+)?$'
                        then {{ output }}::numeric * 1000
                end as wakes_ms
            from {{ source('dbos', 'steps') }} as steps
            where steps.workflow_uuid = jobs.workflow_uuid
            order by steps.function_id desc
            limit 100
        ) as steps
    ) as newest
    left join {{ source('dbos', 'jobs') }} as children on newest.child_workflow_id = children.workflow_uuid
) as progress on true
where jobs.status = 'PENDING'
