{% macro last_event(job_id, types) -%}
    (
        select max(events.at) from {{ source(var('job_system'), 'events') }} as events
        where events.job_id = {{ job_id }} and events.type in ('{{ types | join("', '") }}')
    )
{%- endmacro %}
