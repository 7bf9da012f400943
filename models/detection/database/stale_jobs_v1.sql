-- Every live job that has been in its status for too long, or that no rule can judge: a NULL, a future date or a
-- status that nobody has listed must not hide a job.
{% set has_hindrances = not execute or not is_left_out('stg_hindrances') %}
{% set has_executions = not execute or not is_left_out('stg_executions') %}

with job_clocks as (
    select * from {{ ref('int_job_clocks') }}
),

waiting_causes as (
    select * from {{ ref('int_waiting_causes') }}
),

-- distinct on tells the planner that a job has one, so that who only counts does not pay for it
worker_signals as (
    select distinct on (job_id) * from {{ ref('int_worker_signals') }}
    where status = 'processing' and updated_at < {{ as_of() }} - {{ max_age('job_processing') }}
),

heartbeats as (
    select distinct on (job_id) * from {{ ref('int_heartbeats') }}
),

{% if has_hindrances %}
hindrances as (
    select distinct on (job_id) * from {{ ref('stg_hindrances') }}
),
{% endif %}

{% if has_executions %}
running_causes as (
    select
        job_id,
        case
            when not has_executions then 'never_started'
            when has_open_executions then 'executions_open'
            when has_gaps then 'executions_missing'
            else 'executions_finished'
        end as cause
    from {{ ref('int_job_progress') }}
),
{% endif %}

judged as (
    select
        job_clocks.*,
        case
            when rule = 'job_running_unstarted' and max_age = interval '0' then rule
            when clock < {{ as_of() }} - max_age then rule
            when clock <= {{ latest_of_a_job() }} then null
            when rule = 'job_running_unstarted' then rule
            else 'job_unevaluable'
        end as accumulation_point,
        case
            when clock <= {{ as_of() }} then clock
            when updated_at <= {{ as_of() }} then updated_at
            when created_at <= {{ as_of() }} then created_at
        end as stuck_since
    from job_clocks
    offset 0 -- so that a job is judged once, and not once per use
),

{% if has_hindrances %}
stale as (
    select
        judged.*,
        hindrances.cause as hindrance
    from judged
    left join hindrances on judged.job_id = hindrances.job_id
    where judged.accumulation_point in {{ enabled_points() }}
)
{% else %}
stale as (
    select
        judged.*,
        null::text as hindrance
    from judged
    where judged.accumulation_point in {{ enabled_points() }}
)
{% endif %}

select
    stale.accumulation_point,
    'job' as entity_type,
    stale.job_id::text as entity_id,
    stale.jobspec_id,
    stale.status,
    stale.stuck_since,
    {{ seconds_since('stale.stuck_since') }} as age_seconds,
    date_part('epoch', case
        when stale.accumulation_point = stale.rule then stale.max_age
        else {{ max_age('job_unevaluable') }}
    end)::bigint as threshold_seconds,
    case
        when stale.accumulation_point in ('job_created', 'job_queued') and stale.hindrance is not null
            then stale.hindrance
        when stale.is_polled and stale.accumulation_point in ('job_created', 'job_queued')
            then case when stale.attempts > 0 then 'retry_not_taken' else 'not_taken' end
        when
            (stale.is_polled or heartbeats.job_id is not null)
            and stale.accumulation_point in ('job_processing', 'job_running')
            then coalesce(heartbeats.cause, 'unknown')
        when stale.accumulation_point in ('job_created', 'job_queued')
            then waiting_causes.cause
        when stale.accumulation_point = 'job_processing' and worker_signals.is_held
            then 'worker_holding'
        when stale.accumulation_point = 'job_processing' and not worker_signals.is_held
            then 'worker_lost'
        when stale.accumulation_point = 'job_processing' and worker_signals.is_proof_missing
            then 'snapshot_untrusted'
        when stale.accumulation_point = 'job_unevaluable' and stale.clock > {{ latest_of_a_job() }}
            then 'clock_skew'
        when stale.accumulation_point in ('job_running', 'job_running_unstarted')
            then coalesce(
                {% if has_executions %}
                (
                    select running_causes.cause from running_causes
                    where running_causes.job_id = stale.job_id
                ),
                {% endif %}
                'never_started'
            )
        else 'unknown'
    end as cause,
    coalesce(stale.queue_name, waiting_causes.queue_name) as queue_name,
    stale.job_kind,
    concat(
        'status ', coalesce(stale.status, 'NULL'), {{ longer_than("' since'", 'stale.stuck_since', 'stale.max_age') }},
        ', ' || heartbeats.evidence
    ) as evidence,
    stale.job_id::text as job_id,
    stale.created_at,
    stale.updated_at,
    stale.started_at
from stale
left join waiting_causes on stale.job_id = waiting_causes.job_id
left join worker_signals on stale.job_id = worker_signals.job_id
left join heartbeats on stale.job_id = heartbeats.job_id
