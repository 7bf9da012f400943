{% macro role_names(variable) -%}
    {%- set names = [] -%}
    {%- for role in var(variable) or [none] -%}
        {%- do names.append('null' if role is none else stuck_jobs.text_literal(role)) -%}
    {%- endfor -%}
    ({{ names | join(', ') }})
{%- endmacro %}
