-- What a check has just written; the time is there for the index.
select
    accumulation_point,
    level,
    state,
    stuck_count,
    max_count,
    oldest_age_seconds,
    severity,
    remedy,
    evidence,
    case when oldest_stuck_since between '0002-01-01' and '9998-12-31' then oldest_stuck_since end as oldest_stuck_since,
    evidence_at,
    extract(epoch from now() - evidence_at)::float8 as evidence_age
from {schema}.accumulation_history
where run_id = %(run_id)s and observed_at > now() - interval '1 hour'
