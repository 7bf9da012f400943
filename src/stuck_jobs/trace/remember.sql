insert into {raw}.trace_sent (span_id, job_id, ended_at)
select
    span_id,
    job_id,
    case when end_ns is null then 'infinity' else timestamptz '1970-01-01 00:00:00+00' + end_ns / 1000 * interval '1 microsecond' end
from unnest(%(span_ids)s::text[], %(job_ids)s::bigint[], %(end_ns)s::bigint[]) as sent (span_id, job_id, end_ns)
on conflict (span_id) do update set ended_at = excluded.ended_at
