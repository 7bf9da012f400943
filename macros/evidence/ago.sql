{% macro ago(timestamp) -%}
    case
        when {{ timestamp }} > {{ stuck_jobs.latest_plausible() }} then 'ahead of our clock'
        when {{ timestamp }} > {{ as_of() }} then '0 s ago'
        when isfinite({{ timestamp }}) then {{ stuck_jobs.lasting(as_of() ~ " - " ~ timestamp) }} || ' ago'
        else 'an unknown time'
    end
{%- endmacro %}
