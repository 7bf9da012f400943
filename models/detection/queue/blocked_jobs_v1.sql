-- Jobs that wait for another one which will never let go: it is dead, failed for good, gone, or itself stuck. What
-- waits for a healthy job, or for one that is due later, waits rightly.
with waits as (
    select * from {{ ref('stg_waits') }}
    where coalesce(since < {{ as_of() }} - {{ max_age('job_blocked') }}, true)
),

live_jobs as (
    select * from {{ ref('int_live_jobs') }}
),

jobs as (
    select * from {{ ref('stg_jobs') }}
),

heartbeats as (
    select distinct on (job_id) * from {{ ref('int_heartbeats') }}
),

-- found once, and not for each of those that wait
unserved_queues as materialized (
    select * from {{ ref('unserved_queues') }}
),

-- many may wait for the same one
wanted as (
    select distinct holder_job_id as job_id from waits
),

-- the live ones in one pass, since what one of them waits for may depend on all others; of the closed each by its key
holders as (
    select
        wanted.job_id as holder_job_id,
        coalesce(live_jobs.job_id, closed_job.job_id) as job_id,
        coalesce(live_jobs.status, closed_job.status) as status,
        live_jobs.queue_name,
        live_jobs.started_at,
        live_jobs.waits_for,
        coalesce(live_jobs.ready_since, live_jobs.created_at) as due_at
    from wanted
    left join live_jobs on wanted.job_id = live_jobs.job_id
    left join lateral (
        {{ closed_job('wanted.job_id') | indent(4) }}
    ) as closed_job on true
),

held as (
    select
        waits.*,
        holder.status as holder_status,
        holder.queue_name as holder_queue_name,
        heartbeats.evidence as heartbeat,
        heartbeats.suspicion,
        case
            when holder.job_id is null then 'missing'
            when holder.status in ('failed', 'cancelled') then holder.status
            when heartbeats.is_held is false or heartbeats.loss is not null then 'lost'
            when
                heartbeats.suspicion is not null and holder.started_at < {{ as_of() }} - {{ max_age('job_running') }}
                then 'stuck'
            when
                holder.status = 'queued' and holder.due_at <= {{ as_of() }}
                and exists (
                    select 1 from unserved_queues
                    where unserved_queues.queue_name is not distinct from holder.queue_name
                )
                then 'unserved'
            when
                holder.status = 'queued' and holder.waits_for is null
                and holder.due_at < {{ as_of() }} - {{ max_age('job_queued') }}
                then 'stuck'
        end as holder_state
    from waits
    left join holders as holder on waits.holder_job_id = holder.holder_job_id
    left join heartbeats on waits.holder_job_id = heartbeats.job_id
)

select
    'job_blocked' as accumulation_point,
    'job' as entity_type,
    job_id::text as entity_id,
    jobspec_id,
    'blocked' as status,
    since as stuck_since,
    {{ seconds_since('since') }} as age_seconds,
    extract(epoch from {{ max_age('job_blocked') }})::bigint as threshold_seconds,
    concat(waits_for, '_held_by_', holder_state, '_job') as cause,
    queue_name,
    job_kind,
    concat(
        'waits for the ', waits_for, ' of ', coalesce('job ' || holder_job_id, 'a job'), ', which is ',
        case holder_state
            when 'missing' then 'gone'
            when 'lost' then 'lost: ' || heartbeat
            when 'unserved'
                then concat('due in ', coalesce('the queue ' || holder_queue_name, 'a queue'), ', which nobody serves')
            when 'stuck' then coalesce('at work for too long, ' || suspicion, 'due and not taken')
            else holder_state
        end
    ) as evidence,
    job_id::text as job_id,
    waits_for,
    holder_job_id::text as holder_job_id,
    holder_status
from held
where holder_state is not null and 'job_blocked' in {{ enabled_points() }}
