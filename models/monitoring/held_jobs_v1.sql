-- Who holds what now: each job that a worker is at, by the workers' own rows or by their locks in Redis.
with holders as (
    select * from {{ ref('stg_holders') }}
),

locks as (
    select * from {{ ref('int_current_locks') }}
),

jobs as (
    select * from {{ ref('stg_jobs') }}
)

select
    job_id::text as job_id,
    jobspec_id,
    status,
    queue_name,
    job_kind,
    holder_id,
    started_at as held_since,
    last_beat_at,
    null::timestamptz as lock_expires_at
from holders
union all
select
    jobs.job_id::text as job_id,
    locks.jobspec_id,
    jobs.status,
    jobs.queue_name,
    jobs.job_kind,
    null as holder_id,
    jobs.updated_at as held_since,
    null as last_beat_at,
    locks.expires_at as lock_expires_at
from locks
left join jobs on locks.jobspec_id = jobs.jobspec_id
