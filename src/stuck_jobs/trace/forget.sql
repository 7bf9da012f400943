-- Spans of jobs that will not be asked for any more need not be remembered.
delete from {raw}.trace_sent
where not exists (
    select from {schema}.job_spans
    where
        job_spans.name = 'job'
        and job_spans.job_id = trace_sent.job_id
        and (
            job_spans.job_updated_at > %(since)s::timestamptz
            or not job_spans.job_is_closed
            or trace_sent.ended_at = 'infinity'
        )
)
