-- set_config() tells how the server writes a value; what it sets is gone with the statement. What stands in the session
-- before we have set anything is somebody else's, who shares it.
with found as materialized (
    select name, current_setting(name) as value, source
    from pg_settings
    where lower(name) = any(%(names)s::text[])
),

asked_for as (
    select asked.name, set_config(asked.name, asked.value, true) as value
    from unnest(%(names)s::text[], %(values)s::text[]) as asked (name, value)
    where (select count(*) from found) >= 0 -- the settings as they are come first
)

select asked_for.name, coalesce(found.value, 'unknown') as value
from asked_for
left join found on asked_for.name = lower(found.name)
where found.value is distinct from asked_for.value or found.source = 'session'
order by asked_for.name
