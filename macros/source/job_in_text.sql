{% macro job_in_text(table, column) -%}
    {%- if execute and table.types.get(column) == 'json' -%}
        coalesce(
            substring({{ column }}::text from '"jobspec_id"\s*:\s*"([^"\\]+)"'),
            substring({{ column }}::text from '"id"\s*:\s*"([^"\\]+)"')
        )
    {%- else -%}
        null
    {%- endif -%}
{%- endmacro %}
