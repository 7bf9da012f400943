-- Executions that began, or wait to, and never ended; and every other open one that no rule can judge: a NULL, a future
-- date or a status that nobody has listed must not hide it, whatever became of its job. Where executions have signs of
-- their own, one that waits rightly is none, and each kind may have its own time.
{% set has_signs = not execute or not is_left_out('stg_execution_signs') %}

with open_executions as (
    select * from {{ ref('stg_executions') }}
    where {{ has_not_ended() }}
),

jobs as (
    select * from {{ ref('stg_jobs') }}
),

{% if has_signs %}
signs as (
    select
        execution_id,
        queue_name,
        waits_for,
        since,
        suspicion,
        evidence,
        lasts_at_most
    from {{ ref('stg_execution_signs') }}
),
{% endif %}

{% if has_signs %}
executions as (
    select
        open_executions.*,
        signs.queue_name,
        signs.since,
        signs.suspicion,
        signs.evidence,
        signs.lasts_at_most
    from open_executions
    left join signs on open_executions.execution_id = signs.execution_id
    where signs.waits_for is null
),
{% else %}
executions as (
    select
        open_executions.*,
        null::text as queue_name,
        null::timestamptz as since,
        null::text as suspicion,
        null::text as evidence,
        null::interval as lasts_at_most
    from open_executions
),
{% endif %}

ruled as (
    select
        executions.*,
        case
            when status = 'running' then 'execution_running'
            when status in ('pending', 'retrying') then 'execution_pending'
            else 'execution_unevaluable'
        end as rule
    from executions
    offset 0 -- so that the rule is found once per execution, and not once per use
),

timed as (
    select
        ruled.*,
        case rule
            when 'execution_running' then started_at
            when 'execution_pending' then coalesce(since, created_at)
            else coalesce(started_at, created_at)
        end as clock,
        case rule
            when 'execution_running' then greatest({{ max_age('execution_running') }}, lasts_at_most)
            when 'execution_pending' then {{ max_age('execution_pending') }}
            else {{ max_age('execution_unevaluable') }}
        end as max_age
    from ruled
),

judged as (
    select
        timed.*,
        case
            when clock < {{ as_of() }} - max_age then rule
            when clock <= {{ latest_of_a_job() }} then null
            else 'execution_unevaluable'
        end as accumulation_point,
        case
            when clock <= {{ as_of() }} then clock
            when started_at <= {{ as_of() }} then started_at
            when created_at <= {{ as_of() }} then created_at
        end as stuck_since
    from timed
),

stuck as (
    select * from judged
    where accumulation_point in {{ enabled_points() }}
)

select
    stuck.accumulation_point,
    'execution' as entity_type,
    stuck.execution_id::text as entity_id,
    jobs.jobspec_id,
    stuck.status,
    stuck.stuck_since,
    {{ seconds_since('stuck.stuck_since') }} as age_seconds,
    extract(epoch from case
        when stuck.accumulation_point = stuck.rule then stuck.max_age
        else {{ max_age('execution_unevaluable') }}
    end)::bigint as threshold_seconds,
    case
        when stuck.accumulation_point = 'execution_unevaluable' and stuck.clock > {{ latest_of_a_job() }}
            then 'clock_skew'
        when jobs.job_id is null then 'unknown'
        when jobs.status in ('completed', 'failed', 'cancelled') then 'job_finished'
        else coalesce(stuck.suspicion, 'job_live')
    end as cause,
    coalesce(stuck.queue_name, jobs.queue_name) as queue_name,
    stuck.model_id as job_kind,
    concat(
        'status ', coalesce(stuck.status, 'NULL'), {{ longer_than("' since'", 'stuck.stuck_since', 'stuck.max_age') }},
        ', ' || stuck.evidence
    ) as evidence,
    stuck.execution_id::text as execution_id,
    stuck.job_id::text as job_id,
    stuck.region,
    stuck.provider_id,
    stuck.model_id,
    stuck.question_id,
    stuck.started_at
from stuck
left join jobs on stuck.job_id = jobs.job_id
