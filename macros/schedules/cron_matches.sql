{% macro cron_matches(field, number, lowest, highest) -%}
    exists (
        select 1
        from (
            select
                split_part(part, '/', 1) as span,
                nullif(split_part(part, '/', 2), '')::integer as step
            from regexp_split_to_table({{ field }}, ',') as part
        ) as parts
        cross join lateral (
            select
                case when span = '*' then {{ lowest }} else split_part(span, '-', 1)::integer end as first_number,
                case
                    when span like '%-%' then split_part(span, '-', 2)::integer
                    when span = '*' or step is not null then {{ highest }}
                    else span::integer
                end as last_number
        ) as bounds
        where
            {{ number }} between first_number and last_number
            and ({{ number }} - first_number) % coalesce(step, 1) = 0
    )
{%- endmacro %}
