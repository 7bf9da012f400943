{% macro judgment_basis(sources) -%}
    {%- set files = [] -%}
    {%- for source in sources.values() -%}
        {%- do files.append(stuck_jobs.source_files(source)) -%}
    {%- endfor -%}
    concat_ws(' ', {{ files | join(', ') }}, {{ stuck_jobs.judgment_rules(sources) }})
{%- endmacro %}
