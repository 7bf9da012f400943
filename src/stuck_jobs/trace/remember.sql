insert into {raw}.trace_sent (span_id, job_id, end_ns)
select
    span_id,
    job_id,
    end_ns
from unnest(%(span_ids)s::text[], %(job_ids)s::text[], %(end_ns)s::bigint[]) as sent (span_id, job_id, end_ns)
on conflict (span_id) do update set end_ns = excluded.end_ns
