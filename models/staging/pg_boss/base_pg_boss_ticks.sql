-- The ticks of the schedules that were sent on to their queues: jobs of a queue that pg-boss keeps for itself, filed
-- under the schedule and the minute, in UTC. What they carry is not read. Versions that have an archive move them
-- there.
{{ config(enabled=is_system('pg_boss')) }}

select
    singleton_key,
    singleton_on at time zone interval '0' as ticked_at
from {{ source('pg_boss', 'jobs') }}
where name = '__pgboss__send-it' and state = 'completed'
{%- if source_table('archive').types or not execute %}
union all
select
    singleton_key,
    singleton_on at time zone interval '0' as ticked_at
from {{ source('pg_boss', 'archive') }}
where name = '__pgboss__send-it' and state = 'completed'
{%- endif %}
