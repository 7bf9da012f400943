-- What is to be sent: spans that have ended, or are stuck, of jobs that moved since the last time, are live, or had a
-- stuck span; without those that were sent as they are. Times are in nanoseconds, as OTLP has them, which cannot write
-- those outside of its range. The jobs with a stuck span are an array, since with a subquery in its place PostgreSQL
-- would work out the whole view first.
with stuck_before as (
    select distinct job_id from {raw}.trace_sent
    where end_ns is null
),

spans as (
    select
        job_spans.*,
        (extract(epoch from start_at) * 1000000000)::bigint as start_ns,
        (extract(epoch from end_at) * 1000000000)::bigint as end_ns,
        job_id in (select job_id from stuck_before) as was_stuck,
        bool_or(end_at is null) over (partition by job_id) as is_stuck
    from {schema}.job_spans
    where
        (
            job_updated_at > coalesce(%(since)s::timestamptz, '-infinity')
            or not job_is_closed
            or job_id = any(array(select job_id from stuck_before))
        )
        and (end_at is not null or accumulation_point is not null)
        and start_at >= timestamptz '1970-01-01 00:00:00+00'
        and greatest(start_at, end_at) < timestamptz '2262-01-01 00:00:00+00'
)

select
    trace_id,
    span_id,
    parent_span_id,
    name,
    kind,
    start_ns,
    end_ns,
    status_code,
    attributes,
    job_id,
    least(job_updated_at, %(started_at)s::timestamptz) as moved_at,
    not job_is_closed
    or was_stuck
    or is_stuck
    or job_updated_at > %(started_at)s::timestamptz - %(overlap)s::interval as may_come_again
from spans
where
    not exists (
        select from {raw}.trace_sent
        where trace_sent.span_id = spans.span_id and trace_sent.end_ns is not distinct from spans.end_ns
    )
order by moved_at, job_id, start_ns, span_id
