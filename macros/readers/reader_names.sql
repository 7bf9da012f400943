{% macro reader_names() -%}
    {%- set names = [] -%}
    {%- for role in var('reader_roles') -%}
        {%- do names.append(stuck_jobs.text_literal(role)) -%}
    {%- endfor -%}
    ({{ names | join(', ') }})
{%- endmacro %}
