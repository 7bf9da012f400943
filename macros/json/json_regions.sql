{% macro json_regions(json) -%}
    array(
        select {{ stuck_jobs.router_region("element #>> '{}'") }}
        from jsonb_array_elements({{ stuck_jobs.json_array(json) }}) as element
        where jsonb_typeof(element) = 'string'
    )
{%- endmacro %}
