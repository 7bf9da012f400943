{% macro stated_schedules() -%}
    {%- set rows = [] -%}
    {%- for name, stated in (var('schedules') or {}).items() -%}
        {%- do rows.append('(' ~ stuck_jobs.text_literal(name) ~ ', ' ~ stuck_jobs.minutes(stated.every_minutes) ~ ')') -%}
    {%- endfor -%}
    {%- if rows -%} values {{ rows | join(', ') }} {%- else -%} select null::text, null::interval where false {%- endif -%}
{%- endmacro %}
