{% macro enabled_points() -%}
    {%- set enabled = [] -%}
    {%- for point, fields in stuck_jobs.registry().items() if fields.enabled -%}
        {%- do enabled.append("'" ~ point ~ "'") -%}
    {%- endfor -%}
    ({{ enabled | join(', ') or 'null' }})
{%- endmacro %}
