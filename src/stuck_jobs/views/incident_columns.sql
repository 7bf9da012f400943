incident_id,
    kind,
    case when started_at between '0002-01-01' and '9998-12-31' then started_at end as started_at,
    extract(
        epoch from last_seen_at - case when started_at between '0002-01-01' and '9998-12-31' then started_at end
    )::bigint as age_seconds,
    severity,
    points,
    items,
    jobs,
    left(scope, 500) as scope,
    left(title, 500) as title,
    left(evidence, 500) as evidence,
    first_step
