-- Live work that the system itself will delete before long: nobody would ever know that it was there.
with live_jobs as (
    select * from {{ ref('int_live_jobs') }}
    where expires_at < {{ as_of() }} + {{ max_age('job_expiring') }}
)

select
    'job_expiring' as accumulation_point,
    'job' as entity_type,
    job_id::text as entity_id,
    jobspec_id,
    status,
    {{ believable('coalesce(ready_since, created_at)') }} as stuck_since,
    {{ seconds_since(believable('coalesce(ready_since, created_at)')) }} as age_seconds,
    extract(epoch from {{ max_age('job_expiring') }})::bigint as threshold_seconds,
    'retention' as cause,
    queue_name,
    job_kind,
    concat(
        'status ', coalesce(status, 'NULL'), ', will be deleted at ',
        to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
    ) as evidence,
    job_id::text as job_id,
    expires_at
from live_jobs
where 'job_expiring' in {{ enabled_points() }}
