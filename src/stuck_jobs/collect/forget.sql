-- What is not seen any more was there no longer than until now; where a look was cut, it may be in the part that nobody saw.
delete from {schema}.queue_sightings
where
    kind = %(kind)s
    and (%(is_all)s or first_seen_at < %(kept_since)s)
    and not (name = any(%(names)s::text[]))
