-- The schedules. Each tick pushes a job under a key, and does nothing as long as the job of an earlier one is live: the
-- schedule goes on, and says nothing of it. The ticks that a healthy job swallows are none that anybody misses. A date
-- that nobody can reckon with counts as not there.
{{ config(enabled=is_system('chancy')) }}
{% set cron = source_table('cron') %}
{% if execute and not cron.types %}
{{ no_rows({
    'schedule': 'text',
    'queue_name': 'text',
    'job_kind': 'text',
    'last_tick_at': 'timestamptz',
    'next_tick_at': 'timestamptz',
    'is_paused': 'boolean',
    'blocked_by_job': 'text',
    'suspicion': 'text',
}) }}
{% else %}
with live_jobs as (
    select
        jobs.id,
        jobs.queue,
        jobs.func,
        jobs.unique_key,
        {{ reckonable('jobs.created_at') | indent }} as created_at,
        case
            when jobs.state = 'running'
                then
                    workers.is_alive is not true
                    or jobs.started_at < {{ as_of() }} - {{ max_age('job_running') }}
            else staged.waits_for is null
        end as is_stuck
    from {{ source('chancy', 'jobs') }} as jobs
    left join {{ ref('base_chancy_workers') }} as workers on jobs.taken_by = workers.worker_id
    left join {{ ref('stg_jobs') }} as staged on jobs.id = staged.job_id and staged.status = 'queued'
    where jobs.unique_key is not null and jobs.state not in ('succeeded', 'failed')
),

ticks as (
    select
        unique_key,
        {{ reckonable('last_run') | indent }} as last_run,
        {{ reckonable('next_run') | indent }} as next_run
    from {{ source('chancy', 'cron') }}
),

schedules as (
    select
        ticks.unique_key,
        ticks.last_run,
        ticks.next_run,
        live_jobs.id,
        live_jobs.queue,
        live_jobs.func,
        -- a tick is made within some seconds of the job that it pushes
        coalesce(live_jobs.is_stuck and ticks.last_run > live_jobs.created_at + interval '20 seconds', false)
            as is_swallowed,
        least(live_jobs.created_at + greatest(ticks.next_run - ticks.last_run, interval '0'), ticks.last_run)
            as swallowed_since
    from ticks
    left join live_jobs on ticks.unique_key = live_jobs.unique_key
)

select
    unique_key as schedule,
    queue as queue_name,
    func as job_kind,
    last_run as last_tick_at,
    case when is_swallowed then least(next_run, swallowed_since) else next_run end as next_tick_at,
    false as is_paused,
    case when is_swallowed then id::text end as blocked_by_job,
    null::text as suspicion
from schedules
{% endif %}
