-- What recovery would do about each stuck job and execution, or why it must not touch it. Age alone is never a reason:
-- whoever may still be at work is left alone.
{% set public_id = "case evidence.entity_type when 'job' then evidence.jobspec_id else evidence.entity_id end" %}
{% set needing_the_queue = "('republish', 'reset', 'timeout')" if has_queues() else "('reset', 'timeout')" %}
{% set default_topic = text_literal(var('recovery_topic')) %}

with evidence as (
    select * from {{ ref('int_recovery_evidence') }}
),

unknown_points as (
    select accumulation_point from {{ ref('accumulation_points') }}
    where state = 'unknown'
),

executions as not materialized (
    select * from {{ ref('stg_executions') }}
),

execution_cells as not materialized (
    select * from {{ ref('int_execution_cells') }}
),

judged as (
    select
        evidence.*,
        {{ remedy_command('evidence.entity_id', 'command', public_id) }} as remedy_command,
        {{ remedy_command('evidence.entity_id', 'command_if_dead', public_id) }} as command_if_dead,
        recoveries >= {{ var('recovery_max_attempts') }} as is_poison,
        last_recovered_at
        + {{ minutes(var('recovery_backoff_minutes')) }} * power(2, least(greatest(recoveries - 1, 0), 20))
            as next_recovery_at,
        case
            when remedy = 'close' then coalesce(
                (
                    select
                        count(*) filter (
                            where exists (
                                select 1 from executions
                                where
                                    executions.job_id = cells.job_id
                                    and executions.router_region = cells.region
                                    and (executions.model_id = cells.model_id or cells.model_id is null)
                                    and (executions.question_id = cells.question_id or cells.question_id is null)
                                    and executions.status = 'completed'
                            )
                        )::numeric / nullif(count(*), 0)
                    from execution_cells as cells
                    where cells.job_id = evidence.job_id
                ) >= coalesce(
                    -- named once, so that the spec is opened once
                    jsonb_path_query_first(spec_min_success_rate, 'strict $ ? (@.type() == "number")')::numeric, 0.67
                ),
                false
            )
        end as is_success
    from evidence
)

select
    accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    status,
    cause,
    queue_name,
    job_kind,
    evidence,
    stuck_since,
    age_seconds,
    case
        when entity_type = 'job' and is_poison and remedy in ('republish', 'reset') then 'fail'
        else remedy
    end as remedy,
    case
        when remedy = 'close' and is_success then 'completed'
        when remedy = 'reset' and not is_poison then 'created'
        when remedy = 'republish' and not is_poison then status
        when remedy in ('retry', 'requeue') then 'queued'
        else 'failed'
    end as new_status,
    coalesce(topic, {{ default_topic }}) as topic,
    recoveries,
    fingerprint,
    accumulation_point in {{ automatic_points() }} as is_automatic,
    case
        when accumulation_point in (select unknown_points.accumulation_point from unknown_points)
            then 'the evidence is missing or too old'
        when fingerprint is null then 'it is gone'
        when {{ has_moved_on() }} then 'it has moved on since the last check'
        when remedy_command is not null then 'put it right by ' || remedy_command
        when
            entity_type = 'job' and is_job_closed
            and (accumulation_point <> 'job_interrupted' or job_status <> 'failed')
            then 'the job is closed'
        when entity_type = 'job' and is_job_closed and is_poison
            then 'recovered ' || recoveries || ' times, left failed'
        when
            remedy = 'republish' and cause not in ('message_lost', 'never_published')
            and not (is_poison and cause = 'dead_lettered')
            then 'a message would not help: ' || cause
        when entity_type = 'execution' and cause = 'unknown' then 'nobody knows its job'
        when remedy in ('republish', 'reset', 'timeout') and is_queued then 'its message waits in the queue'
        when remedy in ('republish', 'reset', 'timeout') and is_unpublished then 'its message waits in the outbox'
        when remedy = 'retry' and is_held is null
            then concat('its worker is silent, and may be finishing its work', '; if it is dead: ' || command_if_dead)
        when remedy = 'retry' and is_held then 'its worker gives a sign of life'
        when remedy = 'retry' and no_remedy is not null then no_remedy
        when remedy = 'retry' and is_poison then 'recovered ' || recoveries || ' times, left alone'
        when is_held then 'its worker holds its lock'
        when remedy in ('reset', 'timeout', 'fail') and job_status in ('processing', 'running') and is_held is null
            then 'no snapshot shows whether its worker holds its lock'
        when remedy in {{ needing_the_queue }} and not is_queue_known
            then 'no snapshot shows whether a message waits for it'
        when entity_type = 'job' and next_recovery_at > {{ as_of() }}
            then
                'recovered a short time ago, again from '
                || to_char(next_recovery_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
    end as refusal
from judged
