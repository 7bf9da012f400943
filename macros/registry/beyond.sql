{% macro beyond(point, columns) -%}
    select
        '{{ point }}' as accumulation_point,
        'job' as entity_type,
        null::text as entity_id,
        null::text as jobspec_id,
        null::text as status,
        null::timestamptz as stuck_since,
        null::bigint as age_seconds,
        null::bigint as threshold_seconds,
        null::text as cause,
        null::text as queue_name,
        null::text as job_kind,
        null::text as evidence,
        {%- for column, type in columns.items() %}
        null::{{ type }} as {{ column }},
        {%- endfor %}
        true as is_beyond
{%- endmacro %}
