select
    null::text as accumulation_point,
    'job' as entity_type,
    jobs.job_id::text as entity_id,
    jobs.jobspec_id,
    jobs.status,
    'chosen_by_hand' as cause,
    jobs.updated_at as stuck_since,
    extract(epoch from clock_timestamp() - jobs.updated_at)::bigint as age_seconds,
    'cancel' as remedy,
    'cancelled' as new_status,
    null::text as topic,
    0::bigint as recoveries,
    {fingerprint} as fingerprint,
    false as is_automatic,
    case when jobs.status in ('completed', 'failed', 'cancelled') then 'the job is closed' end as refusal
from {schema}.stg_jobs as jobs
inner join {jobs} as source_rows on source_rows.id = jobs.job_id
where jobs.jobspec_id = any(%(names)s::text[])
