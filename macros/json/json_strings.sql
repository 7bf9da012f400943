{% macro json_strings(json) -%}
    array(
        select element #>> '{}'
        from jsonb_array_elements({{ stuck_jobs.json_array(json) }}) as element
        where jsonb_typeof(element) = 'string'
    )
{%- endmacro %}
