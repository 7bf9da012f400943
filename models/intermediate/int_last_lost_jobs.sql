-- The job that was lost with the worker which served a queue last, by queue: no worker wrote anything after that one's
-- last sign of life. In one row, so that whoever asks for each of many queues has it found once.
{% set source_outbox = source_table('outbox') %}
{% set has_outbox = not execute or not is_left_out('stg_outbox') %}

with activity as (
    select last_work_at from {{ ref('stg_activity') }}
),

last_lost as (
    select
        jobspec_id,
        queue_name,
        last_signal_at
    from {{ ref('lost_workers') }}
    where entity_type = 'job' and last_signal_at >= (select activity.last_work_at from activity)
),

{% if has_outbox %}
jobs as (
    select * from {{ ref('stg_jobs') }}
),

-- a message is written with its job, so that no other payload need be opened
submitted as (
    select
        min(jobs.created_at) - interval '1 hour' as earliest,
        max(jobs.created_at) + interval '1 hour' as latest
    from jobs
    inner join last_lost on jobs.jobspec_id = last_lost.jobspec_id
),

messages as (
    select
        jobspec_id,
        topic
    from {{ ref('stg_outbox') }}
    where
        source_created_at between
        (select {{ source_instant(source_outbox, 'created_at', 'submitted.earliest') }} from submitted)
        and (select {{ source_instant(source_outbox, 'created_at', 'submitted.latest') }} from submitted)
    offset 0
),

taken as (
    select
        last_lost.jobspec_id,
        last_lost.last_signal_at,
        coalesce(last_lost.queue_name, messages.topic) as queue_name
    from last_lost
    left join messages on last_lost.jobspec_id = messages.jobspec_id
)
{% else %}
taken as (
    select * from last_lost
)
{% endif %}

select jsonb_object_agg(queue_name, jobspec_id order by last_signal_at) as jobs
from taken
where queue_name is not null and jobspec_id is not null
