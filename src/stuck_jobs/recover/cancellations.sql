select
    null::text as accumulation_point,
    'job' as entity_type,
    source_rows.job_id::text as entity_id,
    source_rows.jobspec_id,
    source_rows.status,
    'chosen_by_hand' as cause,
    source_rows.queue_name,
    source_rows.job_kind,
    null::text as evidence,
    last_write.at as stuck_since,
    extract(epoch from clock_timestamp() - last_write.at)::bigint as age_seconds,
    'cancel' as remedy,
    'cancelled' as new_status,
    null::text as topic,
    0::bigint as recoveries,
    {fingerprint} as fingerprint,
    false as is_automatic,
    case when source_rows.status in ('completed', 'failed', 'cancelled') then 'the job is closed' end as refusal
from {schema}.stg_jobs as source_rows
cross join lateral (
    select case when source_rows.updated_at between '0002-01-01' and '9998-12-31' then source_rows.updated_at end as at
) as last_write
where source_rows.jobspec_id = any(%(names)s::text[])
