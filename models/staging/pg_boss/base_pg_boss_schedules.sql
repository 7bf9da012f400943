-- The schedules in one form, whatever the version, each with what its ticks are filed under.
{{ config(enabled=is_system('pg_boss')) }}

select
    name,
    {%- if 'key' in source_table('schedules').types or not execute %}
    concat_ws('/', name, nullif(key, '')) as schedule,
    concat(name, '__', key) as filed_under,
    {%- else %}
    name as schedule,
    name as filed_under,
    {%- endif %}
    lower(cron) as cron,
    coalesce(timezone, 'UTC') as zone,
    updated_on
from {{ source('pg_boss', 'schedules') }}
