-- Whether the system as a whole has fallen silent: work is live and nothing is written any more, as when the workers
-- are dead or have lost the database. Where a job that runs writes nothing, silence says nothing while one may be at
-- work; one that began in the future is unevaluable, and says nothing either.
with live_jobs as (
    select * from {{ ref('int_live_jobs') }}
    where waits_for is null
),

-- once, though it is asked for in several places
activity as materialized (
    select
        last_write_at,
        running_jobs_write
    from {{ ref('stg_activity') }}
),

-- the id, which the index on status and created_at lacks: else the whole of that index is read
stalled as (
    select
        last_write_at,
        (
            select count(live_jobs.job_id) from live_jobs
            where activity.running_jobs_write or live_jobs.status in ('created', 'queued')
        ) as live_jobs
    from activity
    where
        last_write_at < {{ as_of() }} - {{ max_age('pipeline_stalled') }}
        and (
            activity.running_jobs_write
            or not exists (
                select 1 from live_jobs
                where
                    live_jobs.status = 'running'
                    and live_jobs.started_at
                    between {{ as_of() }} - {{ max_age('job_running') }} and {{ latest_of_a_job() }}
            )
        )
    offset 0 -- so that the live jobs are counted only then
)

select
    'pipeline_stalled' as accumulation_point,
    'pipeline' as entity_type,
    'pipeline' as entity_id,
    null::text as jobspec_id,
    'stalled' as status,
    last_write_at as stuck_since,
    {{ seconds_since('last_write_at') }} as age_seconds,
    extract(epoch from {{ max_age('pipeline_stalled') }})::bigint as threshold_seconds,
    'nothing_written' as cause,
    null::text as queue_name,
    null::text as job_kind,
    concat(live_jobs, ' jobs are live, and nothing was written since ', {{ ago('last_write_at') }}) as evidence,
    live_jobs,
    last_write_at
from stalled
where live_jobs > 0 and 'pipeline_stalled' in {{ enabled_points() }}
