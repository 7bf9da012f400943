{% macro listening_sessions_body(pattern) %}
begin
    return query
    select
        coalesce(bool_or(query like {{ stuck_jobs.text_literal(pattern) }}), false) as is_any,
        case
            when pg_is_in_recovery() then 'a standby does not see the sessions of the workers'
            when bool_or(usesysid is not null and (query = '<insufficient privilege>' or state = 'disabled'))
                then concat('the role ', current_user, ' may not see what the sessions of others do: grant pg_read_all_stats to it')
        end as problem
    from pg_catalog.pg_stat_activity
    where datname = current_database();
end
{% endmacro %}
