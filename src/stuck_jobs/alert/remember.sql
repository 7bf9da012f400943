insert into {schema}.alert_state (
    accumulation_point, seen_state, changed_at, flapping, told_state, told_count, told_severity, told_at, reached, about
)
values (
    %(key)s, %(seen_state)s, %(changed_at)s, %(flapping)s,
    %(told_state)s, %(told_count)s, %(told_severity)s, %(told_at)s, %(reached)s, %(about)s
)
on conflict (accumulation_point) do update set
    seen_state = excluded.seen_state,
    changed_at = excluded.changed_at,
    flapping = excluded.flapping,
    told_state = excluded.told_state,
    told_count = excluded.told_count,
    told_severity = excluded.told_severity,
    told_at = excluded.told_at,
    reached = excluded.reached,
    about = excluded.about
