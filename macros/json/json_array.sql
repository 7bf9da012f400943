{% macro json_array(json) -%}
    (case jsonb_typeof({{ json }}) when 'array' then {{ json }} else '[]'::jsonb end)
{%- endmacro %}
