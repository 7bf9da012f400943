-- The watched tables with what hides rows of them from our role: what is not seen must not be called fine. The tables
-- of the workers and of the rate limits are UNLOGGED, and a standby has none of their rows.
{{ config(enabled=is_system('chancy')) }}

{{ watched_tables([source('chancy', 'jobs'), source('chancy', 'queues')]) }}
{%- for source in [source('chancy', 'workers'), source('chancy', 'rate_limits')] %}
union all
select
    {{ text_literal(source.schema ~ '.' ~ source.identifier) }} as table_name,
    case
        when pg_is_in_recovery()
            then
                'this is a standby, which has no row of {{ source.identifier }}, since that is UNLOGGED;'
                || ' ask the primary, where all of it is known'
        when {{ hides_rows(source) }}
            then
                'row level security hides rows of {{ source.identifier }} from the role that built the views;'
                || ' only a role with the attribute bypassrls, or the owner of the table, sees all of them'
    end collate "default" as problem
{%- endfor %}
