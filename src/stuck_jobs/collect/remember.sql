-- What is seen for the first time, or is another version, is there since now.
with seen as (
    select name, version
    from unnest(%(names)s::text[], %(versions)s::text[]) as seen (name, version)
    group by name, version
),

noted as (
    insert into {schema}.queue_sightings as sightings (kind, name, version, first_seen_at)
    select %(kind)s, seen.name, seen.version, %(at)s from seen
    on conflict (kind, name) do update set version = excluded.version, first_seen_at = excluded.first_seen_at
    where sightings.version is distinct from excluded.version
    returning name, first_seen_at
)

select name, first_seen_at from noted
union all
select sightings.name, sightings.first_seen_at
from {schema}.queue_sightings as sightings
inner join seen on sightings.name = seen.name
where sightings.kind = %(kind)s and sightings.name not in (select noted.name from noted)
