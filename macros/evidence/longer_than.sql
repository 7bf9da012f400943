{% macro longer_than(what, timestamp, max_age) -%}
    {{ what }} || ' ' || {{ stuck_jobs.ago(timestamp) }} || ', limit ' || {{ stuck_jobs.lasting(max_age) }}
{%- endmacro %}
