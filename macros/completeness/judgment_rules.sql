{% macro judgment_rules(sources) -%}
    {%- set rules = [var('source_time_zone'), var('region_aliases', {}) or {}] -%}
    {%- for name in sources -%}
        {%- do rules.append(stuck_jobs.source_table(name).types) -%}
    {%- endfor -%}
    '{{ local_md5(rules | string) }}'
{%- endmacro %}
