{% macro automatic_points() -%}
    {%- set automatic = [] -%}
    {%- for point, fields in stuck_jobs.registry().items() if fields.enabled and fields.auto -%}
        {%- do automatic.append("'" ~ point ~ "'") -%}
    {%- endfor -%}
    ({{ automatic | join(', ') or 'null' }})
{%- endmacro %}
