{% macro cron_fields(cron) -%}
    {%- set part = '([*]|[0-9]{1,2}(-[0-9]{1,2})?)(/[1-9][0-9]?)?' -%}
    {%- set shorthands = {
        '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0',
        '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@hourly': '0 * * * *',
    } -%}
    {%- set months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] -%}
    {%- set days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] -%}
    {%- set month = namespace(sql='field') -%}
    {%- for name in months -%} {%- set month.sql = "replace(" ~ month.sql ~ ", '" ~ name ~ "', '" ~ loop.index ~ "')" -%} {%- endfor -%}
    {%- set day = namespace(sql='field') -%}
    {%- for name in days -%} {%- set day.sql = "replace(" ~ day.sql ~ ", '" ~ name ~ "', '" ~ loop.index0 ~ "')" -%} {%- endfor -%}
    (
        select
            case
                when count(*) = 5 and bool_and(written.field ~ '^({{ part }})(,({{ part }}))*$')
                    then array_agg(written.field order by written.place)
            end
        from (
            select
                place,
                case place when 4 then {{ month.sql }} when 5 then {{ day.sql }} else field end as field
            from regexp_split_to_table(
                case btrim({{ cron }})
                    {%- for name, meaning in shorthands.items() %}
                    when '{{ name }}' then '{{ meaning }}'
                    {%- endfor %}
                    else btrim({{ cron }})
                end, '\s+'
            ) with ordinality as split (field, place)
        ) as written
    )
{%- endmacro %}
