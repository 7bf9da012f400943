{% macro judgment_basis(sources) -%}
    {%- set rules = [var('source_time_zone'), var('region_aliases', {}) or {}] -%}
    {%- set files = [] -%}
    {%- for name, source in sources.items() -%}
        {%- do rules.append(stuck_jobs.source_table(name).types) -%}
        {%- do files.append(stuck_jobs.source_files(source)) -%}
    {%- endfor -%}
    concat_ws(' ', {{ files | join(', ') }}, '{{ local_md5(rules | string) }}')
{%- endmacro %}
