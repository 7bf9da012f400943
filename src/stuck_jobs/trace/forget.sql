-- Spans of jobs that no run will look at any more need not be remembered.
with stuck_before as (
    select distinct job_id from {raw}.trace_sent
    where end_ns is null
)

delete from {raw}.trace_sent
where job_id not in (
    select job_id from {schema}.job_spans
    where
        name = 'job'
        and (
            job_updated_at > %(since)s::timestamptz
            or not job_is_closed
            or job_id = any(array(select job_id from stuck_before))
        )
)
