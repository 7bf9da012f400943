{% macro ago(timestamp) -%}
    case
        when {{ timestamp }} > {{ stuck_jobs.latest_plausible() }} then 'ahead of our clock'
        when {{ timestamp }} > {{ as_of() }} then '0 s ago'
        else coalesce({{ stuck_jobs.lasting(stuck_jobs.seconds_since(timestamp)) }} || ' ago', 'an unknown time')
    end
{%- endmacro %}
