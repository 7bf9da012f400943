-- What can be seen of the pools of workers, in one row. Each keeps a session that listens; what the sessions of others
-- do is shown to who may read all statistics, and to whoever asks, not to the owner of this view. A standby has other
-- sessions.
{{ config(enabled=is_system('graphile_worker')) }}

with sessions as (
    select
        query like 'LISTEN "jobs:insert"%' as is_listening,
        usesysid is not null and (query = '<insufficient privilege>' or state = 'disabled') as is_hidden
    from pg_catalog.pg_stat_activity
    where datname = current_database()
)

select
    coalesce(bool_or(is_listening), false) as has_listener,
    case
        when pg_is_in_recovery() then 'a standby does not see the sessions of the workers'
        when bool_or(is_hidden)
            then concat(
                'the role ', current_user, ' may not see what the sessions of others do: grant pg_read_all_stats to it'
            )
    end as problem
from sessions
